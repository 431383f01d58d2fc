#include "line.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names and reasons are letters, digits and a few marks: nothing that JSON or a tag would mind. */
static bool is_word(const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_.", *at) == NULL) {
            return false;
        }
    }
    return *text != '\0';
}

static bool read_part(const char *value, report *out) {
    char *end = NULL;
    unsigned long number = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end != '\0') {
        return false;
    }
    out->kind = "part";
    snprintf(out->json, sizeof out->json, "{\"number\":%lu}", number);
    return true;
}

static bool read_temperature(const char *value, report *out) {
    char *end = NULL;
    double degrees = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(degrees)) {
        return false;
    }
    out->kind = "temperature";
    snprintf(out->json, sizeof out->json, "{\"degrees\":%.3f}", degrees);
    return true;
}

static bool read_stopped(const char *value, report *out) {
    if (!is_word(value)) {
        return false;
    }
    out->kind = "stopped";
    snprintf(out->json, sizeof out->json, "{\"reason\":\"%s\"}", value);
    return true;
}

bool read_report(const char *line, size_t len, report *out) {
    char text[LINE_BYTES_MAX + 1];
    if (len > LINE_BYTES_MAX || memchr(line, '\0', len) != NULL) {
        return false;
    }
    memcpy(text, line, len);
    text[len] = '\0';
    char *rest = NULL;
    const char *machine = strtok_r(text, " ", &rest);
    const char *kind = strtok_r(NULL, " ", &rest);
    const char *value = strtok_r(NULL, " ", &rest);
    if (value == NULL || strtok_r(NULL, " ", &rest) != NULL || !is_word(machine)) {
        return false;
    }
    snprintf(out->machine, sizeof out->machine, "machine:%s", machine);
    if (strcmp(kind, "part") == 0) {
        return read_part(value, out);
    }
    if (strcmp(kind, "temperature") == 0) {
        return read_temperature(value, out);
    }
    return strcmp(kind, "stopped") == 0 && read_stopped(value, out);
}
