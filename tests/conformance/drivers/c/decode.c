/* Reads CBOR (RFC 8949), as far as payloads have it. */

#include "decode.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

/* Deeper than any payload. */
#define DEPTH_MAX 256
/* The largest integer that every reader of JSON keeps. */
#define SAFE_MAX ((UINT64_C(1) << 53) - 1)

enum { UNSIGNED = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, LIST = 4, MAP = 5, SIMPLE = 7 };
enum { NO = 20, YES = 21, NOTHING = 22, HALF = 25, SINGLE = 26, DOUBLE = 27, OPEN = 31 };

/* CBOR that is read. */
typedef struct {
    const uint8_t *next;
    const uint8_t *end;
    unsigned depth;
} reader;

/* The first byte of a value, and the number that follows. */
typedef struct {
    unsigned major;
    unsigned more;
    uint64_t number;
} head;

static bool read_head(reader *in, head *out) {
    if (in->next == in->end) {
        return false;
    }
    uint8_t first = *in->next++;
    out->major = first >> 5;
    out->more = first & 31;
    out->number = out->more;
    if (out->more < 24 || out->more == OPEN) {
        return true;
    }
    if (out->more > 27) {
        return false;
    }
    size_t bytes = (size_t)1 << (out->more - 24);
    if ((size_t)(in->end - in->next) < bytes) {
        return false;
    }
    out->number = 0;
    while (bytes-- > 0) {
        out->number = out->number << 8 | *in->next++;
    }
    return true;
}

static json_t *noted(const char *name, json_t *value) {
    json_t *made = checked(json_object());
    json_object_set_new(made, name, value);
    return made;
}

static json_t *integer_shape(bool is_negative, uint64_t number) {
    /* Of negative ones CBOR has -1 - number. */
    if (number < SAFE_MAX || (number == SAFE_MAX && !is_negative)) {
        return json_integer(is_negative ? -1 - (json_int_t)number : (json_int_t)number);
    }
    if (!is_negative) {
        return noted("$int", json_sprintf("%llu", (unsigned long long)number));
    }
    if (number == UINT64_MAX) {
        return NULL;
    }
    return noted("$int", json_sprintf("-%llu", (unsigned long long)number + 1));
}

static json_t *float_shape(double number) {
    if (isfinite(number) && floor(number) != number) {
        return json_real(number);
    }
    char text[32];
    if (isnan(number)) {
        snprintf(text, sizeof text, "nan");
    } else {
        snprintf(text, sizeof text, "%.17g", number);
    }
    return noted("$float", json_string(text));
}

static double half(uint64_t bits) {
    int exponent = (int)(bits >> 10) & 31;
    double fraction = (double)(bits & 1023);
    double size;
    if (exponent == 0) {
        size = ldexp(fraction, -24);
    } else if (exponent == 31) {
        size = fraction == 0 ? INFINITY : NAN;
    } else {
        size = ldexp(fraction + 1024, exponent - 25);
    }
    return bits >> 15 == 0 ? size : -size;
}

static json_t *simple_shape(head head) {
    switch (head.more) {
    case NO:
        return json_false();
    case YES:
        return json_true();
    case NOTHING:
        return json_null();
    case HALF:
        return float_shape(half(head.number));
    case SINGLE: {
        uint32_t bits = (uint32_t)head.number;
        float number;
        memcpy(&number, &bits, sizeof number);
        return float_shape(number);
    }
    case DOUBLE: {
        double number;
        memcpy(&number, &head.number, sizeof number);
        return float_shape(number);
    }
    default:
        return NULL;
    }
}

static bool read_bytes(reader *in, head head, const uint8_t **data) {
    if (head.more == OPEN || head.number > (uint64_t)(in->end - in->next)) {
        return false;
    }
    *data = in->next;
    in->next += head.number;
    return true;
}

static json_t *bytes_shape(const uint8_t *data, size_t len) {
    char *digits = checked(malloc(2 * len + 1));
    for (size_t index = 0; index < len; index++) {
        snprintf(digits + 2 * index, 3, "%02x", data[index]);
    }
    json_t *made = noted("$bytes", json_stringn(digits, 2 * len));
    free(digits);
    return made;
}

static json_t *read_value(reader *in);

/* Whether there is another item, of so many or up to the end that is marked. */
static bool has_next(reader *in, head head, uint64_t index) {
    if (head.more != OPEN) {
        return index < head.number;
    }
    if (in->next < in->end && *in->next == 0xff) {
        in->next++;
        return false;
    }
    return true;
}

static json_t *read_list(reader *in, head head) {
    json_t *list = checked(json_array());
    for (uint64_t index = 0; has_next(in, head, index); index++) {
        if (json_array_append_new(list, read_value(in)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* As pairs: only then it is known how the map is written. */
static json_t *read_pairs(reader *in, head head, bool *is_plain) {
    json_t *pairs = checked(json_array());
    *is_plain = true;
    for (uint64_t index = 0; has_next(in, head, index); index++) {
        json_t *pair = checked(json_array());
        json_array_append_new(pairs, pair);
        json_t *key = read_value(in);
        json_array_append_new(pair, key);
        if (!json_is_string(key) || json_array_append_new(pair, read_value(in)) != 0) {
            json_decref(pairs);
            return NULL;
        }
        *is_plain = *is_plain && json_string_value(key)[0] != '$';
    }
    return pairs;
}

static json_t *read_map(reader *in, head head) {
    bool is_plain;
    json_t *pairs = read_pairs(in, head, &is_plain);
    if (pairs == NULL || !is_plain) {
        return pairs == NULL ? NULL : noted("$map", pairs);
    }
    json_t *map = checked(json_object());
    size_t index;
    json_t *pair;
    json_array_foreach(pairs, index, pair) {
        json_t *key = json_array_get(pair, 0);
        json_object_setn(map, json_string_value(key), json_string_length(key),
                         json_array_get(pair, 1));
    }
    json_decref(pairs);
    return map;
}

static json_t *read_value(reader *in) {
    head head;
    const uint8_t *data;
    if (in->depth == DEPTH_MAX || !read_head(in, &head)) {
        return NULL;
    }
    in->depth++;
    json_t *value = NULL;
    switch (head.major) {
    case UNSIGNED:
    case NEGATIVE:
        value = integer_shape(head.major == NEGATIVE, head.number);
        break;
    case BYTES:
        value = read_bytes(in, head, &data) ? bytes_shape(data, head.number) : NULL;
        break;
    case TEXT:
        value = read_bytes(in, head, &data) ? json_stringn((const char *)data, head.number) : NULL;
        break;
    case LIST:
        value = read_list(in, head);
        break;
    case MAP:
        value = read_map(in, head);
        break;
    case SIMPLE:
        value = simple_shape(head);
        break;
    }
    in->depth--;
    return value;
}

json_t *decode(swarmlet_bytes cbor) {
    reader in = {cbor.data, cbor.data + cbor.len, 0};
    json_t *value = read_value(&in);
    if (in.next != in.end) {
        json_decref(value);
        return NULL;
    }
    return value;
}
