/* Writes JSON or CBOR (RFC 8949). */

#include "encode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UNSIGNED = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, LIST = 4, MAP = 5 };
enum { NO = 0xf4, YES = 0xf5, NOTHING = 0xf6, DOUBLE = 0xfb };

/* CBOR as far as it is written. */
typedef struct {
    call *call;
    uint8_t *data;
    size_t len;
    size_t room;
} writer;

static void put(writer *out, const void *data, size_t len) {
    if (out->room - out->len < len) {
        out->room = 2 * (out->len + len) + 64;
        out->data = checked(realloc(out->data, out->room));
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void put_byte(writer *out, uint8_t byte) {
    put(out, &byte, 1);
}

/* A number in so many bytes, the highest first. */
static void put_big_endian(writer *out, uint64_t number, unsigned bytes) {
    while (bytes-- > 0) {
        put_byte(out, (uint8_t)(number >> (8 * bytes)));
    }
}

static void put_head(writer *out, unsigned major, uint64_t number) {
    uint8_t kind = (uint8_t)(major << 5);
    if (number < 24) {
        put_byte(out, (uint8_t)(kind | number));
    } else if (number <= UINT8_MAX) {
        put_byte(out, kind | 24);
        put_big_endian(out, number, 1);
    } else if (number <= UINT16_MAX) {
        put_byte(out, kind | 25);
        put_big_endian(out, number, 2);
    } else if (number <= UINT32_MAX) {
        put_byte(out, kind | 26);
        put_big_endian(out, number, 4);
    } else {
        put_byte(out, kind | 27);
        put_big_endian(out, number, 8);
    }
}

static void put_text(writer *out, const char *text, size_t len) {
    put_head(out, TEXT, len);
    put(out, text, len);
}

static void put_double(writer *out, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put_byte(out, DOUBLE);
    put_big_endian(out, bits, 8);
}

/* Every integer that CBOR has, so that the library says which it takes. */
static void put_integer(writer *out, const json_t *value) {
    const char *text = json_string_value(value);
    bool is_negative = text != NULL && *text == '-';
    char *end = NULL;
    errno = 0;
    uint64_t size = text == NULL ? 0 : strtoull(text + is_negative, &end, 10);
    if (text == NULL || end == text + is_negative || *end != '\0') {
        break_off(out->call, "no integer", "$int");
    } else if (errno == ERANGE || (is_negative && size == 0)) {
        refuse(out->call, "an integer of 64 bits", value);
    } else {
        put_head(out, is_negative ? NEGATIVE : UNSIGNED, is_negative ? size - 1 : size);
    }
}

static void put_float(writer *out, const json_t *value) {
    const char *text = json_string_value(value);
    char *end = NULL;
    double number = text == NULL ? 0 : strtod(text, &end);
    if (text == NULL || end == text || *end != '\0') {
        break_off(out->call, "no number", "$float");
    } else {
        put_double(out, number);
    }
}

static int digit(char letter) {
    const char *digits = "0123456789abcdef";
    const char *found = letter == '\0' ? NULL : strchr(digits, letter);
    return found == NULL ? -1 : (int)(found - digits);
}

static void put_hexadecimal(writer *out, const json_t *value) {
    const char *text = json_string_value(value);
    size_t len = text == NULL ? 1 : json_string_length(value);
    if (len % 2 != 0) {
        break_off(out->call, "no bytes", "$bytes");
        return;
    }
    put_head(out, BYTES, len / 2);
    for (size_t index = 0; index < len; index += 2) {
        int high = digit(text[index]);
        int low = digit(text[index + 1]);
        if (high < 0 || low < 0) {
            break_off(out->call, "no bytes", "$bytes");
            return;
        }
        put_byte(out, (uint8_t)(high * 16 + low));
    }
}

static void put_value(writer *out, const json_t *value);

static void put_pairs(writer *out, const json_t *pairs) {
    if (!json_is_array(pairs)) {
        break_off(out->call, "no pairs", "$map");
        return;
    }
    put_head(out, MAP, json_array_size(pairs));
    for (size_t index = 0; index < json_array_size(pairs); index++) {
        const json_t *pair = json_array_get(pairs, index);
        const json_t *key = json_array_get(pair, 0);
        if (!json_is_string(key) || json_array_size(pair) != 2) {
            break_off(out->call, "no pair", "$map");
            return;
        }
        put_text(out, json_string_value(key), json_string_length(key));
        put_value(out, json_array_get(pair, 1));
    }
}

/* An object of one key that begins with `$`. */
static void put_noted(writer *out, const char *name, const json_t *value) {
    if (strcmp(name, "$int") == 0) {
        put_integer(out, value);
    } else if (strcmp(name, "$float") == 0) {
        put_float(out, value);
    } else if (strcmp(name, "$bytes") == 0) {
        put_hexadecimal(out, value);
    } else if (strcmp(name, "$map") == 0) {
        put_pairs(out, value);
    } else {
        refuse(out->call, "a payload", value);
    }
}

/* The key, if it is an object with one that begins with `$`. */
static const char *notation(const json_t *value) {
    const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)value));
    return key != NULL && *key == '$' ? key : NULL;
}

static void put_object(writer *out, const json_t *value) {
    const char *noted = notation(value);
    if (noted != NULL) {
        put_noted(out, noted, json_object_get(value, noted));
        return;
    }
    put_head(out, MAP, json_object_size(value));
    const char *key;
    json_t *item;
    json_object_foreach((json_t *)(uintptr_t)value, key, item) {
        put_text(out, key, strlen(key));
        put_value(out, item);
    }
}

static void put_list(writer *out, const json_t *value) {
    put_head(out, LIST, json_array_size(value));
    for (size_t index = 0; index < json_array_size(value); index++) {
        put_value(out, json_array_get(value, index));
    }
}

static void put_value(writer *out, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, value);
        break;
    case JSON_ARRAY:
        put_list(out, value);
        break;
    case JSON_STRING:
        put_text(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER: {
        json_int_t number = json_integer_value(value);
        bool is_negative = number < 0;
        put_head(out, is_negative, (uint64_t)(is_negative ? -(number + 1) : number));
        break;
    }
    case JSON_REAL:
        put_double(out, json_real_value(value));
        break;
    case JSON_TRUE:
        put_byte(out, YES);
        break;
    case JSON_FALSE:
        put_byte(out, NO);
        break;
    case JSON_NULL:
        put_byte(out, NOTHING);
        break;
    }
}

/* Whether nothing in it is written with a `$`. */
static bool is_plain(const json_t *value) {
    if (json_is_object(value)) {
        const char *key;
        json_t *item;
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
            if (*key == '$' || !is_plain(item)) {
                return false;
            }
        }
    }
    for (size_t index = 0; index < json_array_size(value); index++) {
        if (!is_plain(json_array_get(value, index))) {
            return false;
        }
    }
    return true;
}

/* Moves bytes to where they live as long as the call. */
static swarmlet_bytes owned(call *call, void *data, size_t len) {
    uint8_t *kept = allot(call, len, 1);
    if (len > 0) {
        memcpy(kept, data, len);
    }
    free(data);
    swarmlet_bytes bytes = {kept, len};
    return bytes;
}

swarmlet_bytes encode_cbor(call *call, const json_t *value) {
    writer out = {call, NULL, 0, 0};
    put_value(&out, value);
    return owned(call, out.data, out.len);
}

payload encode(call *call, const json_t *value) {
    if (is_plain(value)) {
        char *text = checked(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
        payload json = {SWARMLET_PAYLOAD_FORMAT_JSON, owned(call, text, strlen(text))};
        return json;
    }
    payload cbor = {SWARMLET_PAYLOAD_FORMAT_CBOR, encode_cbor(call, value)};
    return cbor;
}
