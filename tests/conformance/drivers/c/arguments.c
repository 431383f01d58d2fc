/* Takes the arguments of requests apart. */

#include "arguments.h"

#include <stdlib.h>
#include <string.h>

#include "encode.h"

/* jansson iterates over what it does not change, and has no words for that. */
static json_t *iterable(const json_t *value) {
    return (json_t *)(uintptr_t)value;
}

const json_t *given(const call *call, const char *name) {
    return json_object_get(call->args, name);
}

static const json_t *needed(call *call, const char *name) {
    const json_t *value = given(call, name);
    if (value == NULL) {
        break_off(call, "there is no argument", name);
    }
    return value;
}

const char *name_argument(call *call, const char *name) {
    const char *text = json_string_value(needed(call, name));
    if (text == NULL) {
        break_off(call, "no name", name);
    }
    return text;
}

swarmlet_text text_of(call *call, const json_t *value) {
    swarmlet_text text = {json_string_value(value), json_string_length(value)};
    if (text.data == NULL) {
        refuse(call, "a text", value);
    }
    return text;
}

uint64_t number_of(call *call, const json_t *value) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        refuse(call, "a number without sign", value);
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

/* A number where zero says nothing, so it cannot be said. */
static uint64_t positive_of(call *call, const json_t *value) {
    uint64_t number = number_of(call, value);
    if (number == 0) {
        refuse(call, "a number from 1", value);
    }
    return number;
}

swarmlet_text text_argument(call *call, const char *name) {
    const json_t *value = needed(call, name);
    return value == NULL ? swarmlet_text_of(NULL) : text_of(call, value);
}

static swarmlet_text text_if_given(call *call, const char *name) {
    const json_t *value = given(call, name);
    return value == NULL ? swarmlet_text_of(NULL) : text_of(call, value);
}

uint64_t number_argument(call *call, const char *name) {
    const json_t *value = needed(call, name);
    return value == NULL ? 0 : number_of(call, value);
}

static uint64_t positive_if_given(call *call, const char *name) {
    const json_t *value = given(call, name);
    return value == NULL ? 0 : positive_of(call, value);
}

int64_t timeout_argument(call *call) {
    return (int64_t)number_argument(call, "timeout_ms");
}

/* How many items a list or an object has; none, and a refusal, if it is something else. */
static size_t size_of(call *call, const json_t *value, json_type type) {
    if (value == NULL || json_typeof(value) != type) {
        refuse(call, type == JSON_ARRAY ? "a list" : "names with values", value);
        return 0;
    }
    return type == JSON_ARRAY ? json_array_size(value) : json_object_size(value);
}

/* Likewise, and none where nothing is given. */
static size_t size_if_given(call *call, const json_t *value, json_type type) {
    return value == NULL ? 0 : size_of(call, value, type);
}

/* A list of texts. */
static const swarmlet_text *texts_of(call *call, const json_t *list, size_t *count) {
    *count = size_of(call, list, JSON_ARRAY);
    swarmlet_text *texts = allot(call, *count, sizeof *texts);
    for (size_t index = 0; index < *count; index++) {
        texts[index] = text_of(call, json_array_get(list, index));
    }
    return texts;
}

static swarmlet_new_event event_of(call *call, const json_t *tags, const json_t *value) {
    swarmlet_new_event event = {NULL, 0, SWARMLET_PAYLOAD_FORMAT_JSON, {NULL, 0}};
    event.tags = texts_of(call, tags, &event.tag_count);
    if (value != NULL) {
        payload payload = encode(call, value);
        event.format = payload.format;
        event.payload = payload.bytes;
    }
    return event;
}

swarmlet_new_event event_argument(call *call) {
    return event_of(call, needed(call, "tags"), given(call, "payload"));
}

static bool is_pair(call *call, const json_t *value) {
    if (size_of(call, value, JSON_ARRAY) != 2) {
        refuse(call, "a pair", value);
    }
    return is_fine(call);
}

const swarmlet_new_event *events_argument(call *call, size_t *count) {
    const json_t *list = needed(call, "events");
    *count = size_of(call, list, JSON_ARRAY);
    swarmlet_new_event *events = allot(call, *count, sizeof *events);
    for (size_t index = 0; index < *count; index++) {
        const json_t *pair = json_array_get(list, index);
        if (!is_pair(call, pair)) {
            break;
        }
        events[index] = event_of(call, json_array_get(pair, 0), json_array_get(pair, 1));
    }
    return events;
}

/* Which of some words it is; their order is that of an enumeration. */
static uint32_t word_of(call *call, const json_t *value, const char *const *words, size_t count) {
    for (size_t index = 0; index < count; index++) {
        const char *word = json_string_value(value);
        if (word != NULL && strcmp(word, words[index]) == 0) {
            return (uint32_t)index;
        }
    }
    refuse(call, "one of an enumeration", value);
    return 0;
}

static swarmlet_stream stream_of(call *call, const char *name, const json_t *kept) {
    swarmlet_stream stream = {swarmlet_text_of(name), 0, 0, 0};
    const struct {
        const char *name;
        uint64_t *place;
    } limits[] = {
        {"events_max", &stream.events_max},
        {"bytes_max", &stream.bytes_max},
        {"age_max_ms", &stream.age_max_ms},
    };
    /* Null says that all is kept, as does an object that says nothing. */
    if (!json_is_null(kept)) {
        size_of(call, kept, JSON_OBJECT);
    }
    for (size_t index = 0; index < sizeof limits / sizeof *limits; index++) {
        const json_t *limit = json_object_get(kept, limits[index].name);
        if (limit != NULL) {
            *limits[index].place = positive_of(call, limit);
        }
    }
    return stream;
}

static void take_streams(call *call, const json_t *streams, swarmlet_options *options) {
    size_t count = size_of(call, streams, JSON_OBJECT);
    swarmlet_stream *taken = allot(call, count, sizeof *taken);
    const char *name;
    json_t *kept;
    json_object_foreach(iterable(streams), name, kept) {
        taken[options->stream_count++] = stream_of(call, name, kept);
    }
    options->streams = taken;
}

static void take_routes(call *call, const json_t *routes, swarmlet_options *options) {
    options->route_count = size_of(call, routes, JSON_ARRAY);
    swarmlet_route *taken = allot(call, options->route_count, sizeof *taken);
    for (size_t index = 0; index < options->route_count; index++) {
        const json_t *route = json_array_get(routes, index);
        if (!is_pair(call, route)) {
            break;
        }
        taken[index].tags = text_of(call, json_array_get(route, 0));
        taken[index].stream = text_of(call, json_array_get(route, 1));
    }
    options->routes = taken;
}

static uint32_t switch_of(call *call, const json_t *value) {
    if (value == NULL) {
        return SWARMLET_SWITCH_UNSET;
    }
    if (!json_is_boolean(value)) {
        refuse(call, "a swarmlet_switch", value);
    }
    return json_is_true(value) ? SWARMLET_SWITCH_ON : SWARMLET_SWITCH_OFF;
}

static const swarmlet_network *network_of(call *call, const json_t *given) {
    swarmlet_network *network = allot(call, 1, sizeof *network);
    *network = swarmlet_network_init();
    const struct {
        const char *name;
        const swarmlet_text **place;
        size_t *count;
    } lists[] = {
        {"listen", &network->listen, &network->listen_count},
        {"announce", &network->announce, &network->announce_count},
        {"peers", &network->peers, &network->peer_count},
        {"holds", &network->holds, &network->hold_count},
    };
    size_of(call, given, JSON_OBJECT);
    for (size_t index = 0; index < sizeof lists / sizeof *lists; index++) {
        const json_t *list = json_object_get(given, lists[index].name);
        if (list != NULL) {
            *lists[index].place = texts_of(call, list, lists[index].count);
        }
    }
    network->discovery = switch_of(call, json_object_get(given, "discovery"));
    network->address_exchange = switch_of(call, json_object_get(given, "address_exchange"));
    const json_t *connections = json_object_get(given, "connections_max");
    if (connections != NULL) {
        network->connections_max = positive_of(call, connections);
    }
    return network;
}

swarmlet_options options_argument(call *call) {
    static const char *const durabilities[] = {"synced", "buffered"};
    swarmlet_options options = swarmlet_options_init();
    options.app_id = text_if_given(call, "app_id");
    if (given(call, "streams") != NULL) {
        take_streams(call, given(call, "streams"), &options);
    }
    if (given(call, "routes") != NULL) {
        take_routes(call, given(call, "routes"), &options);
    }
    if (given(call, "durability") != NULL) {
        options.durability = word_of(call, given(call, "durability"), durabilities, 2);
    }
    options.cache_bytes = positive_if_given(call, "cache_bytes");
    if (given(call, "network") != NULL) {
        options.network = network_of(call, given(call, "network"));
    }
    return options;
}

static const swarmlet_offsets *offsets_if_given(call *call, const char *name) {
    const json_t *value = given(call, name);
    if (value == NULL) {
        return NULL;
    }
    size_of(call, value, JSON_OBJECT);
    const swarmlet_offsets *offsets = allot_offsets(call);
    const char *stream;
    json_t *last;
    json_object_foreach(iterable(value), stream, last) {
        uint64_t offset = number_of(call, last);
        if (is_fine(call)) {
            swarmlet_text id = swarmlet_text_of(stream);
            made(call, "offsets.set", swarmlet_offsets_set(offsets, id, offset));
        }
    }
    return offsets;
}

static swarmlet_parameter parameter_of(call *call, const char *name, const json_t *value) {
    swarmlet_parameter parameter = {swarmlet_text_of(name), 0, {NULL, 0}, 0};
    const json_t *time = json_object_get(value, "$time");
    if (json_is_integer(time)) {
        parameter.kind = SWARMLET_PARAMETER_KIND_TIME;
        parameter.time = json_integer_value(time);
        return parameter;
    }
    payload payload = encode(call, value);
    bool is_json = payload.format == SWARMLET_PAYLOAD_FORMAT_JSON;
    parameter.kind = is_json ? SWARMLET_PARAMETER_KIND_JSON : SWARMLET_PARAMETER_KIND_CBOR;
    parameter.value = payload.bytes;
    return parameter;
}

static const swarmlet_parameter *parameters_if_given(call *call, size_t *count) {
    const json_t *value = given(call, "parameters");
    *count = 0;
    size_t given_count = size_if_given(call, value, JSON_OBJECT);
    swarmlet_parameter *parameters = allot(call, given_count, sizeof *parameters);
    const char *name;
    json_t *each;
    json_object_foreach(iterable(value), name, each) {
        parameters[(*count)++] = parameter_of(call, name, each);
    }
    return parameters;
}

swarmlet_query_options query_argument(call *call) {
    static const char *const orders[] = {"asc", "desc", "stream"};
    swarmlet_query_options options = swarmlet_query_options_init();
    options.lower = offsets_if_given(call, "lower");
    options.upper = offsets_if_given(call, "upper");
    if (given(call, "order") != NULL) {
        options.order = word_of(call, given(call, "order"), orders, 3);
    }
    options.parameters = parameters_if_given(call, &options.parameter_count);
    return options;
}

swarmlet_subscribe_options subscribe_argument(call *call) {
    swarmlet_subscribe_options options = swarmlet_subscribe_options_init();
    options.from = offsets_if_given(call, "from");
    options.parameters = parameters_if_given(call, &options.parameter_count);
    return options;
}

swarmlet_terms terms_argument(call *call) {
    swarmlet_terms terms = swarmlet_terms_init();
    terms.capabilities = text_if_given(call, "capabilities");
    terms.name = text_if_given(call, "name");
    terms.uses = positive_if_given(call, "uses");
    terms.valid_ms = positive_if_given(call, "valid_ms");
    const json_t *given_labels = given(call, "labels");
    size_t label_count = size_if_given(call, given_labels, JSON_OBJECT);
    swarmlet_label *labels = allot(call, label_count, sizeof *labels);
    const char *name;
    json_t *value;
    json_object_foreach(iterable(given_labels), name, value) {
        swarmlet_label label = {swarmlet_text_of(name), text_of(call, value)};
        labels[terms.label_count++] = label;
    }
    terms.labels = labels;
    return terms;
}

static uint8_t digit_of(char digit) {
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

swarmlet_bytes bytes_argument(call *call, const char *name) {
    const json_t *value = needed(call, name);
    const json_t *digits = json_object_get(value, "$bytes");
    swarmlet_bytes bytes = {NULL, 0};
    if (!json_is_string(digits)) {
        refuse(call, "bytes", value);
        return bytes;
    }
    const char *text = json_string_value(digits);
    size_t len = json_string_length(digits) / 2;
    uint8_t *data = allot(call, len + 1, 1);
    for (size_t index = 0; index < len; index++) {
        data[index] = (uint8_t)(digit_of(text[2 * index]) << 4 | digit_of(text[2 * index + 1]));
    }
    bytes.data = data;
    bytes.len = len;
    return bytes;
}

/* A policy as JSON. */
static swarmlet_text policy_if_given(call *call, const char *name) {
    const json_t *value = given(call, name);
    if (value == NULL) {
        return swarmlet_text_of(NULL);
    }
    char *text = checked(json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT));
    size_t len = strlen(text);
    char *kept = allot(call, len + 1, 1);
    memcpy(kept, text, len);
    free(text);
    return swarmlet_text_of(kept);
}

swarmlet_put_options put_argument(call *call) {
    swarmlet_put_options options = swarmlet_put_options_init();
    const json_t *tags = given(call, "tags");
    options.name = text_if_given(call, "name");
    options.media_type = text_if_given(call, "media_type");
    if (tags != NULL) {
        options.tags = texts_of(call, tags, &options.tag_count);
    }
    options.hold = policy_if_given(call, "hold");
    options.keep = policy_if_given(call, "keep");
    return options;
}
