/* Opens nodes, publishes, and asks. */

#include "nodes.h"

#include <string.h>

#include "arguments.h"
#include "decode.h"
#include "encode.h"
#include "handles.h"
#include "rows.h"
#include "shapes.h"

static json_t *info(call *call, const swarmlet_node *node) {
    char *id = NULL;
    char *app_id = NULL;
    if (!done(call, swarmlet_node_id(node, &id))
        || !done(call, swarmlet_node_app_id(node, &app_id))) {
        swarmlet_string_free(id);
        return NULL;
    }
    return json_pack("{s:o, s:o}", "id", string_shape(id), "app_id", string_shape(app_id));
}

/* Keeps a node that was just made. */
static json_t *kept(call *call, swarmlet_node *node) {
    json_t *answer = info(call, node);
    handle made = {.sort = SORT_NODE, .node = node};
    keep(call, made);
    return answer;
}

static json_t *open_node(call *call) {
    swarmlet_text folder = text_argument(call, "folder");
    swarmlet_options options = options_argument(call);
    swarmlet_node *node = NULL;
    if (!is_fine(call) || !done(call, swarmlet_node_open(folder, &options, &node))) {
        return NULL;
    }
    return kept(call, node);
}

static json_t *scoped(call *call, const swarmlet_node *node) {
    swarmlet_text app_id = text_argument(call, "app_id");
    swarmlet_node *scoped = NULL;
    if (!is_fine(call) || !done(call, swarmlet_node_scoped(node, app_id, &scoped))) {
        return NULL;
    }
    return kept(call, scoped);
}

static json_t *close_node(call *call, const swarmlet_node *node) {
    return done(call, swarmlet_node_close(node, -1)) ? json_null() : NULL;
}

static json_t *publish(call *call, const swarmlet_node *node) {
    swarmlet_new_event event = event_argument(call);
    swarmlet_receipts *receipts = NULL;
    if (!is_fine(call) || !done(call, swarmlet_node_publish(node, &event, 1, &receipts))) {
        return NULL;
    }
    json_t *answer = published_shape(&receipts->items[0]);
    swarmlet_receipts_free(receipts);
    return answer;
}

static json_t *publish_many(call *call, const swarmlet_node *node) {
    size_t count;
    const swarmlet_new_event *events = events_argument(call, &count);
    swarmlet_receipts *receipts = NULL;
    if (!is_fine(call) || !done(call, swarmlet_node_publish(node, events, count, &receipts))) {
        return NULL;
    }
    json_t *answer = json_array();
    for (size_t index = 0; index < receipts->count; index++) {
        json_array_append_new(answer, published_shape(&receipts->items[index]));
    }
    swarmlet_receipts_free(receipts);
    return answer;
}

/* Starts a query; NULL with trouble. */
static swarmlet_cursor *begun(call *call, const swarmlet_node *node) {
    swarmlet_text aql = text_argument(call, "aql");
    swarmlet_query_options options = query_argument(call);
    swarmlet_cursor *cursor = NULL;
    if (!is_fine(call) || !done(call, swarmlet_node_query(node, aql, &options, &cursor))) {
        return NULL;
    }
    return cursor;
}

static json_t *query(call *call, const swarmlet_node *node) {
    swarmlet_cursor *cursor = begun(call, node);
    return cursor == NULL ? NULL : read_all(call, cursor, false);
}

static json_t *query_outputs(call *call, const swarmlet_node *node) {
    swarmlet_cursor *cursor = begun(call, node);
    return cursor == NULL ? NULL : read_all(call, cursor, true);
}

static json_t *kept_stream(call *call, swarmlet_cursor *cursor) {
    handle made = {.sort = SORT_STREAM, .cursor = cursor};
    keep(call, made);
    return json_null();
}

static json_t *query_open(call *call, const swarmlet_node *node) {
    swarmlet_cursor *cursor = begun(call, node);
    return cursor == NULL ? NULL : kept_stream(call, cursor);
}

static json_t *explain(call *call, const swarmlet_node *node) {
    swarmlet_text aql = text_argument(call, "aql");
    swarmlet_query_options options = query_argument(call);
    swarmlet_explanation *explanation = NULL;
    if (!is_fine(call) || !done(call, swarmlet_node_explain(node, aql, &options, &explanation))) {
        return NULL;
    }
    json_t *answer = explanation_shape(explanation);
    swarmlet_explanation_free(explanation);
    return answer;
}

typedef swarmlet_status subscribing(const swarmlet_node *, swarmlet_text,
                                    const swarmlet_subscribe_options *, swarmlet_cursor **);

static subscribing *way_to_follow(call *call) {
    static const struct {
        const char *name;
        subscribing *way;
    } ways[] = {
        {"all", swarmlet_node_subscribe},
        {"monotonic", swarmlet_node_subscribe_monotonic},
        {"latest", swarmlet_node_observe_latest},
        {"earliest", swarmlet_node_observe_earliest},
    };
    if (given(call, "follow") == NULL) {
        return swarmlet_node_subscribe;
    }
    const char *name = name_argument(call, "follow");
    for (size_t index = 0; name != NULL && index < sizeof ways / sizeof *ways; index++) {
        if (strcmp(ways[index].name, name) == 0) {
            return ways[index].way;
        }
    }
    break_off(call, "nothing follows", name == NULL ? "that" : name);
    return NULL;
}

static json_t *subscribe(call *call, const swarmlet_node *node) {
    swarmlet_text aql = text_argument(call, "aql");
    swarmlet_subscribe_options options = subscribe_argument(call);
    subscribing *way = way_to_follow(call);
    swarmlet_cursor *cursor = NULL;
    if (!is_fine(call) || !done(call, way(node, aql, &options, &cursor))) {
        return NULL;
    }
    return kept_stream(call, cursor);
}

/* The payload that is waited for, written as answers are, where one value is written in one way;
 * NULL if any will do, or with trouble. */
static json_t *wanted_argument(call *call) {
    const json_t *equals = given(call, "equals");
    if (equals == NULL) {
        return NULL;
    }
    swarmlet_bytes cbor = encode_cbor(call, equals);
    json_t *wanted = is_fine(call) ? decode(cbor) : NULL;
    if (wanted == NULL) {
        break_off(call, "nothing can be", "equals");
    }
    return wanted;
}

/* Whether the payload is the one that is waited for. */
static bool is_wanted(void *user, const swarmlet_batch *row) {
    json_t *payload = decode(row->items[0].payload);
    bool is_equal = json_equal(payload, (const json_t *)user);
    json_decref(payload);
    return is_equal;
}

static json_t *wait_for(call *call, const swarmlet_node *node) {
    swarmlet_text aql = text_argument(call, "aql");
    swarmlet_subscribe_options options = subscribe_argument(call);
    int64_t timeout_ms = timeout_argument(call);
    json_t *wanted = wanted_argument(call);
    const swarmlet_batch *batch = NULL;
    bool is_met = is_fine(call)
                  && done(call, swarmlet_node_wait_for(node, aql, &options,
                                                       wanted == NULL ? NULL : is_wanted, wanted,
                                                       timeout_ms, &batch));
    json_decref(wanted);
    if (!is_met) {
        return NULL;
    }
    json_t *answer = row_shape(&batch->items[0]);
    swarmlet_batch_free(batch);
    return answer;
}

static json_t *offsets(call *call, const swarmlet_node *node) {
    swarmlet_offsets_state *state = NULL;
    if (!done(call, swarmlet_node_offsets(node, &state))) {
        return NULL;
    }
    json_t *answer = offsets_state_shape(state);
    swarmlet_offsets_state_free(state);
    return answer;
}

static json_t *streams(call *call, const swarmlet_node *node) {
    swarmlet_streams *streams = NULL;
    if (!done(call, swarmlet_node_streams(node, &streams))) {
        return NULL;
    }
    json_t *answer = streams_shape(streams);
    swarmlet_streams_free(streams);
    return answer;
}

static json_t *metrics(call *call, const swarmlet_node *node) {
    swarmlet_metrics *metrics = NULL;
    if (!done(call, swarmlet_node_metrics(node, &metrics))) {
        return NULL;
    }
    json_t *answer = metrics_shape(metrics);
    swarmlet_metrics_free(metrics);
    return answer;
}

static const node_operation OPERATIONS[] = {
    {"info", info},
    {"scoped", scoped},
    {"close", close_node},
    {"publish", publish},
    {"publish_many", publish_many},
    {"query", query},
    {"query_outputs", query_outputs},
    {"query_open", query_open},
    {"explain", explain},
    {"subscribe", subscribe},
    {"wait_for", wait_for},
    {"offsets", offsets},
    {"streams", streams},
    {"metrics", metrics},
};

json_t *perform_node(call *call) {
    if (strcmp(call->op, "open") == 0) {
        return open_node(call);
    }
    return perform_on_node(call, OPERATIONS, sizeof OPERATIONS / sizeof *OPERATIONS);
}
