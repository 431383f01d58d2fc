/* Makes JSON of structs. */

#include "shapes.h"

#include <stdbool.h>
#include <stdlib.h>

#include "decode.h"

json_t *text_shape(swarmlet_text text) {
    return text.data == NULL ? json_null() : json_stringn(text.data, text.len);
}

json_t *string_shape(char *text) {
    json_t *shape = text == NULL ? json_null() : json_string(text);
    swarmlet_string_free(text);
    return shape;
}

static json_t *texts_shape(const swarmlet_text *texts, size_t count) {
    json_t *shape = json_array();
    for (size_t index = 0; index < count; index++) {
        json_array_append_new(shape, text_shape(texts[index]));
    }
    return shape;
}

static json_t *number_shape(uint64_t number) {
    return json_integer((json_int_t)number);
}

/* An entry of a map, whatever its key. */
static void enter(json_t *map, swarmlet_text key, json_t *value) {
    json_object_setn_new(map, key.data, key.len, value);
}

json_t *error_shape(const swarmlet_error *error, swarmlet_text operation) {
    json_t *details = json_object();
    for (size_t index = 0; index < error->detail_count; index++) {
        enter(details, error->details[index].name, text_shape(error->details[index].value));
    }
    return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o}",
                     "code", swarmlet_status_name(error->status),
                     "number", (int)error->status,
                     "advice", swarmlet_advice_name(error->advice),
                     "operation", text_shape(operation),
                     "message", text_shape(error->message),
                     "details", details);
}

json_t *offsets_shape(const swarmlet_offsets *offsets) {
    char *text = NULL;
    if (swarmlet_offsets_to_json(offsets, &text) != SWARMLET_STATUS_OK) {
        return NULL;
    }
    json_t *shape = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    swarmlet_string_free(text);
    return shape;
}

static json_t *counts_shape(const swarmlet_stream_count *counts, size_t count) {
    json_t *shape = json_object();
    for (size_t index = 0; index < count; index++) {
        enter(shape, counts[index].stream, number_shape(counts[index].events));
    }
    return shape;
}

json_t *offsets_state_shape(const swarmlet_offsets_state *state) {
    return json_pack("{s:o, s:o}",
                     "present", offsets_shape(state->present),
                     "to_replicate", counts_shape(state->to_replicate, state->to_replicate_count));
}

static json_t *key_shape(const swarmlet_event_key *key) {
    return json_pack("{s:o, s:o, s:o}",
                     "lamport", number_shape(key->lamport),
                     "stream", text_shape(key->stream),
                     "offset", number_shape(key->offset));
}

json_t *published_shape(const swarmlet_published *published) {
    return json_pack("{s:o, s:I}",
                     "key", key_shape(&published->key),
                     "timestamp", (json_int_t)published->timestamp);
}

json_t *row_shape(const swarmlet_output *output) {
    json_t *payload = decode(output->payload);
    switch (output->origin) {
    case SWARMLET_ORIGIN_SYNTHETIC:
        return json_pack("{s:o, s:s}", "payload", payload, "origin", "synthetic");
    case SWARMLET_ORIGIN_EVENT:
        return json_pack("{s:o, s:s, s:o, s:I, s:o, s:o}",
                         "payload", payload,
                         "origin", "event",
                         "key", key_shape(&output->key),
                         "timestamp", (json_int_t)output->timestamp,
                         "app_id", text_shape(output->app_id),
                         "tags", texts_shape(output->tags, output->tag_count));
    case SWARMLET_ORIGIN_RANGE:
        return json_pack("{s:o, s:s, s:[o, o], s:[I, I]}",
                         "payload", payload,
                         "origin", "range",
                         "key_range", key_shape(&output->key), key_shape(&output->key_to),
                         "time_range", (json_int_t)output->timestamp,
                         (json_int_t)output->timestamp_to);
    }
    json_decref(payload);
    return NULL;
}

static const char *severity_word(swarmlet_severity severity) {
    switch (severity) {
    case SWARMLET_SEVERITY_WARNING:
        return "warning";
    case SWARMLET_SEVERITY_ERROR:
        return "error";
    default:
        return "of another sort";
    }
}

json_t *output_shape(const swarmlet_output *output) {
    switch (output->kind) {
    case SWARMLET_OUTPUT_KIND_ROW:
        return json_pack("{s:o}", "row", row_shape(output));
    case SWARMLET_OUTPUT_KIND_ANTI_ROW:
        return json_pack("{s:o}", "anti_row", row_shape(output));
    case SWARMLET_OUTPUT_KIND_DIAGNOSTIC:
        return json_pack("{s:{s:s, s:o}}", "diagnostic",
                         "severity", severity_word(output->severity),
                         "message", text_shape(output->message));
    case SWARMLET_OUTPUT_KIND_CAUGHT_UP:
        return json_pack("{s:o}", "caught_up", offsets_shape(output->offsets));
    case SWARMLET_OUTPUT_KIND_TIME_TRAVEL:
        return json_pack("{s:o}", "time_travel", key_shape(&output->key));
    case SWARMLET_OUTPUT_KIND_OTHER:
        return NULL;
    }
    return NULL;
}

static const char *order_word(swarmlet_order order) {
    switch (order) {
    case SWARMLET_ORDER_ASC:
        return "asc";
    case SWARMLET_ORDER_DESC:
        return "desc";
    case SWARMLET_ORDER_STREAM:
        return "stream";
    }
    return "of another sort";
}

json_t *explanation_shape(const swarmlet_explanation *explanation) {
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}",
                     "query", text_shape(explanation->query),
                     "selection", text_shape(explanation->selection),
                     "order", order_word(explanation->order),
                     "stages", texts_shape(explanation->stages, explanation->stage_count),
                     "events_read", number_shape(explanation->events_read),
                     "rows", number_shape(explanation->rows),
                     "diagnostics", number_shape(explanation->diagnostics));
}

json_t *streams_shape(const swarmlet_streams *streams) {
    json_t *shape = json_array();
    for (size_t index = 0; index < streams->count; index++) {
        const swarmlet_stream_info *info = &streams->items[index];
        json_t *item = json_pack("{s:o, s:o, s:o, s:o}",
                                 "id", text_shape(info->id),
                                 "name", text_shape(info->name),
                                 "first", number_shape(info->first),
                                 "last", number_shape(info->last));
        json_array_append_new(shape, item);
    }
    return shape;
}

json_t *metrics_shape(const swarmlet_metrics *metrics) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "events_committed", number_shape(metrics->log.events_committed),
                     "events_stored", number_shape(metrics->log.events_stored),
                     "publishes", number_shape(metrics->publish.count),
                     "publish_failures", number_shape(metrics->publish_failures),
                     "query_failures", number_shape(metrics->query_failures),
                     "results_open", number_shape(metrics->results_open),
                     "subscriptions_open", number_shape(metrics->subscriptions_open));
}

static json_t *peers_shape(const swarmlet_swarm_status *status) {
    json_t *shape = json_array();
    for (size_t index = 0; index < status->peer_count; index++) {
        const swarmlet_peer *peer = &status->peers[index];
        int64_t trip = peer->round_trip_us;
        json_t *item = json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}",
                                 "node", text_shape(peer->node),
                                 "address", text_shape(peer->address),
                                 "is_in_sync", peer->is_in_sync,
                                 "behind", number_shape(peer->behind),
                                 "ahead", number_shape(peer->ahead),
                                 "lag_s", number_shape(peer->lag_ms / 1000),
                                 "round_trip", trip < 0 ? json_null() : json_integer(trip));
        json_array_append_new(shape, item);
    }
    return shape;
}

json_t *status_shape(const swarmlet_swarm_status *status) {
    json_t *refused = json_array();
    for (size_t index = 0; index < status->refused_count; index++) {
        json_t *pair = json_pack("[o, o]", text_shape(status->refused[index].whom),
                                 text_shape(status->refused[index].why));
        json_array_append_new(refused, pair);
    }
    return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}",
                     "listening", texts_shape(status->listening, status->listening_count),
                     "is_in_sync", status->is_in_sync,
                     "to_replicate",
                     counts_shape(status->to_replicate, status->to_replicate_count),
                     "refused", refused,
                     "incidents", texts_shape(status->incidents, status->incident_count),
                     "peers", peers_shape(status));
}

json_t *pending_shape(const swarmlet_pending *pending) {
    json_t *shape = json_array();
    for (size_t index = 0; index < pending->count; index++) {
        const swarmlet_pending_device *device = &pending->items[index];
        json_t *item = json_pack("{s:o, s:o, s:o, s:o}",
                                 "device", text_shape(device->device),
                                 "name", text_shape(device->name),
                                 "code", text_shape(device->code),
                                 "since_s", number_shape(device->since));
        json_array_append_new(shape, item);
    }
    return shape;
}

static json_t *labels_shape(const swarmlet_member *member) {
    json_t *shape = json_object();
    for (size_t index = 0; index < member->label_count; index++) {
        enter(shape, member->labels[index].name, text_shape(member->labels[index].value));
    }
    return shape;
}

json_t *members_shape(const swarmlet_members *members) {
    json_t *shape = json_array();
    for (size_t index = 0; index < members->count; index++) {
        const swarmlet_member *member = &members->items[index];
        json_t *item = json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:o}",
                                 "node", text_shape(member->node),
                                 "name", text_shape(member->name),
                                 "capabilities", text_shape(member->capabilities),
                                 "labels", labels_shape(member),
                                 "is_issuer", member->is_issuer,
                                 "is_revoked", member->is_revoked,
                                 "not_after_s", number_shape(member->not_after));
        json_array_append_new(shape, item);
    }
    return shape;
}

json_t *bytes_shape(const uint8_t *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(2 * len + 1);
    for (size_t index = 0; text != NULL && index < len; index++) {
        text[2 * index] = digits[bytes[index] >> 4];
        text[2 * index + 1] = digits[bytes[index] & 15];
    }
    json_t *shape = text == NULL ? NULL : json_pack("{s:s%}", "$bytes", text, 2 * len);
    free(text);
    return shape;
}

/* A policy, which is JSON already. */
static json_t *policy_shape(swarmlet_text policy) {
    return json_loadb(policy.data, policy.len, JSON_DECODE_ANY, NULL);
}

json_t *blob_shape(const swarmlet_blob_info *info) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}",
                     "id", text_shape(info->id),
                     "size", number_shape(info->size),
                     "name", text_shape(info->name),
                     "media_type", text_shape(info->media_type),
                     "hold", policy_shape(info->hold),
                     "keep", policy_shape(info->keep),
                     "tags", texts_shape(info->tags, info->tag_count),
                     "key", key_shape(&info->key),
                     "timestamp", (json_int_t)info->timestamp,
                     "app_id", text_shape(info->app_id),
                     "collection", text_shape(info->collection));
}

json_t *blob_stat_shape(const swarmlet_blob_stat *stat) {
    static const char *const kinds[] = {"absent", "part", "here"};
    bool is_absent = stat->state.kind == SWARMLET_BLOB_STATE_KIND_ABSENT;
    json_t *records = json_array();
    for (size_t index = 0; index < stat->record_count; index++) {
        json_array_append_new(records, blob_shape(&stat->records[index]));
    }
    return json_pack("{s:{s:s, s:o}, s:b, s:o}",
                     "state", "kind", kinds[stat->state.kind],
                     "size", is_absent ? json_null() : number_shape(stat->state.size),
                     "is_pinned", (int)stat->is_pinned,
                     "records", records);
}
