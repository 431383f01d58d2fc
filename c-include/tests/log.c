/* The log: open, publish, query, subscribe, offsets, streams, metrics. */

#include "check.h"

static void what_is_published_is_found(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text tags[] = {swarmlet_text_of("press:7"), swarmlet_text_of("stopped")};
    swarmlet_bytes payload = swarmlet_bytes_of("{\"reason\": \"jam\", \"parts\": [1, -2, 0.5]}");
    swarmlet_new_event event = {tags, 2, SWARMLET_PAYLOAD_FORMAT_JSON, payload};
    swarmlet_receipts *receipts = NULL;
    OK(swarmlet_node_publish(node, &event, 1, &receipts));
    CHECK(receipts->count == 1);

    swarmlet_cursor *cursor = queried(node, "FROM 'press:7' & 'stopped'");
    const swarmlet_batch *batch = NULL;
    OK(swarmlet_cursor_next(cursor, 256, LIMIT_MS, &batch));
    CHECK(batch->count == 1);
    const swarmlet_output *row = &batch->items[0];
    CHECK(row->kind == SWARMLET_OUTPUT_KIND_ROW);
    CHECK(row->origin == SWARMLET_ORIGIN_EVENT);
    CHECK(text_is(row->app_id, "com.example.app"));
    CHECK(row->tag_count == 2);
    CHECK(text_is(row->tags[0], "press:7"));
    CHECK(text_is(row->tags[1], "stopped"));
    CHECK(row->key.lamport == receipts->items[0].key.lamport);
    CHECK(row->key.offset == receipts->items[0].key.offset);
    CHECK(text_is(row->key.stream, receipts->items[0].key.stream.data));
    CHECK(row->timestamp == receipts->items[0].timestamp && row->timestamp > 0);
    CHECK(row->payload.len > 0);
    swarmlet_text json = {NULL, 0};
    OK(swarmlet_batch_json(batch, 0, &json));
    CHECK(text_is(json, "{\"reason\":\"jam\",\"parts\":[1,-2,0.5]}"));
    CHECK_STATUS(SWARMLET_STATUS_NOT_FOUND, swarmlet_batch_json(batch, 1, &json));

    const swarmlet_batch *again = swarmlet_batch_retain(batch);
    swarmlet_batch_free(batch);
    CHECK(text_is(again->items[0].tags[1], "stopped"));
    swarmlet_batch_free(again);
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_cursor_next(cursor, 256, LIMIT_MS, &batch));
    CHECK(batch == NULL);
    swarmlet_cursor_free(cursor);
    swarmlet_receipts_free(receipts);
    closed(node);
}

static void cbor_goes_through_unchanged(const char *folder) {
    /* {"b": h'00ff', "n": NaN} */
    static const uint8_t cbor[] = {0xa2, 0x61, 'b', 0x42, 0x00, 0xff, 0x61, 'n', 0xf9, 0x7e, 0x00};
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text tag = swarmlet_text_of("raw");
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_CBOR, {cbor, sizeof cbor}};
    OK(swarmlet_node_publish(node, &event, 1, NULL));
    swarmlet_cursor *cursor = queried(node, "FROM 'raw'");
    const swarmlet_batch *batch = NULL;
    swarmlet_text json = {NULL, 0};
    OK(swarmlet_cursor_next(cursor, 1, LIMIT_MS, &batch));
    CHECK(batch->items[0].payload.len == sizeof cbor);
    CHECK(memcmp(batch->items[0].payload.data, cbor, sizeof cbor) == 0);
    OK(swarmlet_batch_json(batch, 0, &json));
    CHECK(text_is(json, "{\"b\":\"AP8=\",\"n\":null}"));
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);
    closed(node);
}

static void an_event_without_payload_is_null(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text tag = swarmlet_text_of("n");
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, {NULL, 0}};
    OK(swarmlet_node_publish(node, &event, 1, NULL));
    swarmlet_cursor *cursor = queried(node, "FROM 'n'");
    const swarmlet_batch *batch = NULL;
    swarmlet_text json = {NULL, 0};
    OK(swarmlet_cursor_next(cursor, 1, LIMIT_MS, &batch));
    OK(swarmlet_batch_json(batch, 0, &json));
    CHECK(text_is(json, "null"));
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);
    closed(node);
}

static void a_subscription_goes_on_at_its_offsets(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    publish_numbers(node, 1, 300);
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    expect_numbers(cursor, 1, 250);
    swarmlet_offsets *offsets = NULL;
    char *stored = NULL;
    OK(swarmlet_cursor_offsets(cursor, &offsets));
    OK(swarmlet_offsets_to_json(offsets, &stored));
    swarmlet_offsets_free(offsets);
    swarmlet_cursor_free(cursor);
    closed(node);

    node = opened(folder, "node");
    swarmlet_subscribe_options options = swarmlet_subscribe_options_init();
    swarmlet_offsets *from = NULL;
    OK(swarmlet_offsets_of_json(swarmlet_text_of(stored), &from));
    CHECK(swarmlet_offsets_count(from) == 1);
    options.from = from;
    OK(swarmlet_node_subscribe(node, swarmlet_text_of("FROM 'n'"), &options, &cursor));
    swarmlet_offsets_free(from);
    expect_numbers(cursor, 251, 300);
    publish_numbers(node, 301, 400);
    expect_numbers(cursor, 301, 400);
    swarmlet_string_free(stored);
    swarmlet_cursor_free(cursor);
    closed(node);
}

static void queries_have_bounds_order_and_parameters(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    publish_numbers(node, 1, 10);
    swarmlet_offsets_state *state = NULL;
    swarmlet_streams *streams = NULL;
    uint64_t last = 0;
    OK(swarmlet_node_streams(node, &streams));
    CHECK(streams->count == 1 && text_is(streams->items[0].name, "default"));
    CHECK(streams->items[0].last - streams->items[0].first == 9);
    OK(swarmlet_node_offsets(node, &state));
    CHECK(state->to_replicate_count == 0);
    OK(swarmlet_offsets_last(state->present, streams->items[0].id, &last));
    CHECK(last == streams->items[0].last);

    swarmlet_parameter parameters[] = {
        {swarmlet_text_of("least"), SWARMLET_PARAMETER_KIND_JSON, swarmlet_bytes_of("3"), 0},
        {swarmlet_text_of("since"), SWARMLET_PARAMETER_KIND_TIME, {NULL, 0}, 0},
    };
    swarmlet_query_options options = swarmlet_query_options_init();
    swarmlet_offsets *lower = swarmlet_offsets_new();
    OK(swarmlet_offsets_set(lower, streams->items[0].id, streams->items[0].first));
    options.lower = lower;
    options.upper = state->present;
    options.order = SWARMLET_ORDER_DESC;
    options.parameters = parameters;
    options.parameter_count = 2;
    swarmlet_cursor *cursor = NULL;
    const swarmlet_batch *batch = NULL;
    swarmlet_text aql = swarmlet_text_of("FROM 'n' & TIME > $since FILTER _ > $least");
    OK(swarmlet_node_query(node, aql, &options, &cursor));
    OK(swarmlet_cursor_next(cursor, 256, LIMIT_MS, &batch));
    CHECK(batch->count == 7);
    CHECK(number_at(batch, 0) == 10 && number_at(batch, 6) == 4);
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);

    swarmlet_explanation *explanation = NULL;
    OK(swarmlet_node_explain(node, aql, &options, &explanation));
    CHECK(explanation->rows == 7 && explanation->order == SWARMLET_ORDER_DESC);
    CHECK(explanation->source_count > 0 && explanation->sources[0].term_count > 0);
    CHECK(explanation->stage_count == 1 && explanation->text.len > 0);
    swarmlet_explanation_free(explanation);
    swarmlet_offsets_free(lower);
    swarmlet_offsets_state_free(state);
    swarmlet_streams_free(streams);
    closed(node);
}

static void all_sorts_of_outputs_are_shown_when_asked_for(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    publish_numbers(node, 1, 2);
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n' AGGREGATE SUM(_)");
    OK(swarmlet_cursor_show_all(cursor));
    unsigned sums[2] = {0, 0};
    int has_caught_up = 0;
    int taken_back = 0;
    while (sums[1] == 0) {
        const swarmlet_batch *batch = NULL;
        OK(swarmlet_cursor_next(cursor, 256, LIMIT_MS, &batch));
        for (size_t index = 0; index < batch->count; index++) {
            const swarmlet_output *output = &batch->items[index];
            switch (output->kind) {
            case SWARMLET_OUTPUT_KIND_ROW:
                CHECK(output->origin == SWARMLET_ORIGIN_RANGE);
                CHECK(output->key.offset < output->key_to.offset);
                sums[has_caught_up] = number_at(batch, index);
                break;
            case SWARMLET_OUTPUT_KIND_ANTI_ROW:
                CHECK(number_at(batch, index) == 3);
                taken_back++;
                break;
            case SWARMLET_OUTPUT_KIND_CAUGHT_UP:
                CHECK(swarmlet_offsets_count(output->offsets) == 1);
                has_caught_up = 1;
                publish_numbers(node, 3, 3);
                break;
            default:
                CHECK(!"nothing else comes here");
            }
        }
        swarmlet_batch_free(batch);
    }
    CHECK(sums[0] == 3 && sums[1] == 6 && taken_back == 1);
    swarmlet_cursor_free(cursor);

    cursor = queried(node, "FROM 'n' SELECT _.a");
    OK(swarmlet_cursor_show_all(cursor));
    const swarmlet_batch *batch = NULL;
    OK(swarmlet_cursor_next(cursor, 1, LIMIT_MS, &batch));
    CHECK(batch->items[0].kind == SWARMLET_OUTPUT_KIND_DIAGNOSTIC);
    CHECK(batch->items[0].severity == SWARMLET_SEVERITY_WARNING);
    CHECK(batch->items[0].message.len > 0);
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);
    closed(node);
}

static void the_latest_and_the_earliest_are_observed(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text aql = swarmlet_text_of("FROM 'n'");
    swarmlet_cursor *latest = NULL;
    swarmlet_cursor *earliest = NULL;
    swarmlet_cursor *monotonic = NULL;
    publish_numbers(node, 1, 20);
    OK(swarmlet_node_observe_latest(node, aql, NULL, &latest));
    OK(swarmlet_node_observe_earliest(node, aql, NULL, &earliest));
    OK(swarmlet_node_subscribe_monotonic(node, aql, NULL, &monotonic));
    expect_numbers(latest, 20, 20);
    expect_numbers(earliest, 1, 1);
    expect_numbers(monotonic, 1, 20);
    publish_numbers(node, 21, 21);
    expect_numbers(latest, 21, 21);
    expect_numbers(monotonic, 21, 21);
    swarmlet_cursor_free(latest);
    swarmlet_cursor_free(earliest);
    swarmlet_cursor_free(monotonic);
    closed(node);
}

/* Whether the row is the number that is looked for; counts how often it is asked. */
typedef struct {
    unsigned wanted;
    unsigned asked;
} search;

static bool is_wanted(void *user, const swarmlet_batch *row) {
    search *given = (search *)user;
    CHECK(row->count == 1);
    given->asked++;
    return number_at(row, 0) == given->wanted;
}

static void one_row_is_waited_for(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text aql = swarmlet_text_of("FROM 'n'");
    const swarmlet_batch *row = NULL;
    search search = {2, 0};
    publish_numbers(node, 1, 3);
    OK(swarmlet_node_wait_for(node, aql, NULL, NULL, NULL, LIMIT_MS, &row));
    CHECK(row->count == 1 && number_at(row, 0) == 1);
    swarmlet_batch_free(row);
    OK(swarmlet_node_wait_for(node, aql, NULL, is_wanted, &search, -1, &row));
    CHECK(row->count == 1 && number_at(row, 0) == 2 && search.asked == 2);
    swarmlet_batch_free(row);

    search.wanted = 7;
    row = NULL;
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT,
                 swarmlet_node_wait_for(node, aql, NULL, is_wanted, &search, 20, &row));
    CHECK(row == NULL && text_is(swarmlet_last_error()->operation, "wait_for"));
    aql = swarmlet_text_of("FROM 'n' LIMIT 3");
    CHECK_STATUS(SWARMLET_STATUS_CANCELLED,
                 swarmlet_node_wait_for(node, aql, NULL, is_wanted, &search, LIMIT_MS, &row));
    CHECK(row == NULL && text_is(swarmlet_last_error()->operation, "wait_for"));
    CHECK(swarmlet_last_error()->advice == SWARMLET_ADVICE_GIVE_UP);
    aql = swarmlet_text_of("FROM");
    CHECK_STATUS(SWARMLET_STATUS_INVALID_QUERY,
                 swarmlet_node_wait_for(node, aql, NULL, NULL, NULL, LIMIT_MS, &row));
    closed(node);
}

static void streams_routes_and_apps_are_taken_from_the_options(const char *folder) {
    char path[256];
    swarmlet_stream streams[] = {{swarmlet_text_of("sensors"), 1000, 0, 60000}};
    swarmlet_route routes[] = {{swarmlet_text_of("'sensor'"), swarmlet_text_of("sensors")}};
    swarmlet_options options = swarmlet_options_init();
    options.app_id = swarmlet_text_of("com.example.press");
    options.streams = streams;
    options.stream_count = 1;
    options.routes = routes;
    options.route_count = 1;
    options.cache_bytes = 2 * 1024 * 1024;
    swarmlet_node *node = NULL;
    swarmlet_node *packing = NULL;
    OK(swarmlet_node_open(below(path, sizeof path, folder, "node"), &options, &node));
    OK(swarmlet_node_scoped(node, swarmlet_text_of("com.example.packing"), &packing));
    char *id = NULL;
    char *same = NULL;
    char *app_id = NULL;
    OK(swarmlet_node_id(node, &id));
    OK(swarmlet_node_id(packing, &same));
    OK(swarmlet_node_app_id(packing, &app_id));
    CHECK(strlen(id) == 43 && strcmp(id, same) == 0);
    CHECK(strcmp(app_id, "com.example.packing") == 0);
    swarmlet_string_free(id);
    swarmlet_string_free(same);
    swarmlet_string_free(app_id);

    swarmlet_text tag = swarmlet_text_of("sensor");
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of("1")};
    OK(swarmlet_node_publish(packing, &event, 1, NULL));
    swarmlet_streams *there = NULL;
    OK(swarmlet_node_streams(node, &there));
    CHECK(there->count == 1 && text_is(there->items[0].name, "sensors"));
    swarmlet_streams_free(there);
    swarmlet_cursor *cursor = queried(node, "FROM appId(com.example.packing)");
    expect_numbers(cursor, 1, 1);
    swarmlet_cursor_free(cursor);
    swarmlet_node_free(packing);
    closed(node);
}

static void the_node_counts(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_metrics *metrics = NULL;
    publish_numbers(node, 1, 5);
    OK(swarmlet_node_metrics(node, &metrics));
    CHECK(metrics->log.events_committed == 5);
    CHECK(metrics->publish.count == 1 && metrics->publish.sum_seconds > 0);
    uint64_t counted = 0;
    for (size_t index = 0; index < metrics->publish.bucket_count; index++) {
        counted += metrics->publish.buckets[index].count;
    }
    CHECK(counted == 1);
    CHECK(metrics->maintenance_error.data == NULL);
    swarmlet_metrics_free(metrics);
    closed(node);
}

int main(void) {
    static const test tests[] = {
        {"what_is_published_is_found", what_is_published_is_found},
        {"cbor_goes_through_unchanged", cbor_goes_through_unchanged},
        {"an_event_without_payload_is_null", an_event_without_payload_is_null},
        {"a_subscription_goes_on_at_its_offsets", a_subscription_goes_on_at_its_offsets},
        {"queries_have_bounds_order_and_parameters", queries_have_bounds_order_and_parameters},
        {"all_sorts_of_outputs_are_shown_when_asked_for",
         all_sorts_of_outputs_are_shown_when_asked_for},
        {"the_latest_and_the_earliest_are_observed", the_latest_and_the_earliest_are_observed},
        {"one_row_is_waited_for", one_row_is_waited_for},
        {"streams_routes_and_apps_are_taken_from_the_options",
         streams_routes_and_apps_are_taken_from_the_options},
        {"the_node_counts", the_node_counts},
    };
    CHECK(swarmlet_abi_version() == SWARMLET_ABI_VERSION);
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
