#include "line.h"

#include <ctype.h>
#include <errno.h>
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

/* Whether snprintf, which says how long a text is, had the room for all of it. */
static bool is_whole(int written, size_t size) {
    return written >= 0 && (size_t)written < size;
}

static bool read_part(const char *value, report *out) {
    char *end = NULL;
    errno = 0;
    unsigned long number = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)*value) || *end != '\0' || errno == ERANGE) {
        return false;
    }
    out->kind = "part";
    int written = snprintf(out->json, sizeof out->json, "{\"number\":%lu}", number);
    return is_whole(written, sizeof out->json);
}

static bool read_temperature(const char *value, report *out) {
    char *end = NULL;
    double degrees = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(degrees)) {
        return false;
    }
    out->kind = "temperature";
    int written = snprintf(out->json, sizeof out->json, "{\"degrees\":%.3f}", degrees);
    return is_whole(written, sizeof out->json);
}

static bool read_stopped(const char *value, report *out) {
    if (!is_word(value)) {
        return false;
    }
    out->kind = "stopped";
    int written = snprintf(out->json, sizeof out->json, "{\"reason\":\"%s\"}", value);
    return is_whole(written, sizeof out->json);
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
    int written = snprintf(out->machine, sizeof out->machine, "machine:%s", machine);
    if (!is_whole(written, sizeof out->machine)) {
        return false;
    }
    if (strcmp(kind, "part") == 0) {
        return read_part(value, out);
    }
    if (strcmp(kind, "temperature") == 0) {
        return read_temperature(value, out);
    }
    return strcmp(kind, "stopped") == 0 && read_stopped(value, out);
}
