/* Errors: a status, its text, its details; and everything that a caller can get wrong. */

#include "check.h"

static const char *detail(const char *name) {
    const swarmlet_error *last = swarmlet_last_error();
    for (size_t index = 0; index < last->detail_count; index++) {
        if (text_is(last->details[index].name, name)) {
            return last->details[index].value.data;
        }
    }
    return NULL;
}

static void an_error_says_what_where_and_what_to_do(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_cursor *cursor = NULL;
    swarmlet_text aql = swarmlet_text_of("FROM 'press:7' AND 'stopped'");
    CHECK_STATUS(SWARMLET_STATUS_INVALID_QUERY, swarmlet_node_query(node, aql, NULL, &cursor));
    CHECK(cursor == NULL);
    const swarmlet_error *last = swarmlet_last_error();
    CHECK(last->status == SWARMLET_STATUS_INVALID_QUERY);
    CHECK(last->advice == SWARMLET_ADVICE_FIX_CALL);
    CHECK(text_is(last->operation, "query"));
    CHECK(strcmp(swarmlet_last_error_message(), last->message.data) == 0);
    CHECK(strcmp(detail("column"), "16") == 0);
    CHECK(strchr(detail("view"), '^') != NULL);
    CHECK(strcmp(swarmlet_advice_name(last->advice), "fix_call") == 0);
    closed(node);
    /* What succeeds in between changes nothing. */
    CHECK(swarmlet_last_error()->status == SWARMLET_STATUS_INVALID_QUERY);
}

static void a_folder_in_use_is_locked(const char *folder) {
    char path[256];
    swarmlet_node *node = opened(folder, "node");
    swarmlet_node *second = NULL;
    swarmlet_text same = below(path, sizeof path, folder, "node");
    CHECK_STATUS(SWARMLET_STATUS_LOCKED, swarmlet_node_open(same, NULL, &second));
    CHECK(second == NULL && swarmlet_last_error()->advice == SWARMLET_ADVICE_RETRY_LATER);
    closed(node);
    OK(swarmlet_node_open(same, NULL, &second));
    closed(second);
}

static swarmlet_status publish(const swarmlet_node *node, swarmlet_text tag, uint32_t format,
                               swarmlet_bytes payload) {
    swarmlet_new_event event = {&tag, 1, format, payload};
    return swarmlet_node_publish(node, &event, 1, NULL);
}

static void payloads_that_are_none_are_refused(const char *folder) {
    static const uint8_t torn[] = {0xa1, 0x61};
    /* -2^63 - 1, of which most languages can make no value. */
    static const uint8_t low[] = {0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0};
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text tag = swarmlet_text_of("n");
    const char *wrong[] = {"",     "{",           "NaN", "Infinity",   "-Infinity", "1e999",
                           "[1,]", "{\"a\" 1}", "'a'", "\"\xff\"", "1 2"};
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                     publish(node, tag, SWARMLET_PAYLOAD_FORMAT_JSON,
                             swarmlet_bytes_of(wrong[index])));
        CHECK(swarmlet_last_error()->detail_count == 0);
    }
    swarmlet_bytes cut = {torn, sizeof torn};
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, tag, SWARMLET_PAYLOAD_FORMAT_CBOR, cut));
    swarmlet_bytes too_low = {low, sizeof low};
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, tag, SWARMLET_PAYLOAD_FORMAT_CBOR, too_low));
    CHECK(strstr(swarmlet_last_error_message(), "below -2^63") != NULL);
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, publish(node, tag, 7, swarmlet_bytes_of("1")));
    swarmlet_new_event events[] = {
        {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of("1")},
        {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of("nul")},
    };
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_node_publish(node, events, 2, NULL));
    CHECK(strcmp(detail("event"), "1") == 0);

    char deep[2 * 129];
    memset(deep, '[', sizeof deep / 2);
    memset(deep + sizeof deep / 2, ']', sizeof deep / 2);
    swarmlet_bytes nested = {(const uint8_t *)deep, sizeof deep};
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, tag, SWARMLET_PAYLOAD_FORMAT_JSON, nested));
    swarmlet_text other = swarmlet_text_of("deep");
    swarmlet_bytes deepest = {(const uint8_t *)deep + 1, sizeof deep - 2};
    OK(publish(node, other, SWARMLET_PAYLOAD_FORMAT_JSON, deepest));

    size_t size = 1024 * 1024 + 16;
    char *large = malloc(size);
    CHECK(large != NULL);
    memset(large, 'x', size);
    large[0] = large[size - 1] = '"';
    swarmlet_bytes too_large = {(const uint8_t *)large, size};
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, tag, SWARMLET_PAYLOAD_FORMAT_JSON, too_large));
    free(large);

    /* Beyond 64 bits a number is a floating point number. */
    OK(publish(node, tag, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of("18446744073709551616")));
    OK(publish(node, tag, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of("18446744073709551615")));
    swarmlet_cursor *cursor = queried(node, "FROM 'n'");
    const swarmlet_batch *batch = NULL;
    swarmlet_text json = {NULL, 0};
    OK(swarmlet_cursor_next(cursor, 2, LIMIT_MS, &batch));
    CHECK(batch->count == 2);
    OK(swarmlet_batch_json(batch, 0, &json));
    CHECK(strchr(json.data, 'e') != NULL || strchr(json.data, '.') != NULL);
    OK(swarmlet_batch_json(batch, 1, &json));
    CHECK(text_is(json, "18446744073709551615"));
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);
    closed(node);
}

static void texts_that_are_no_utf8_are_refused(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text bad = swarmlet_text_of("a\xc3(");
    swarmlet_text none = {NULL, 0};
    swarmlet_text hole = {NULL, 3};
    swarmlet_bytes one = swarmlet_bytes_of("1");
    swarmlet_cursor *cursor = NULL;
    swarmlet_node *other = NULL;
    char *string = NULL;
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, bad, SWARMLET_PAYLOAD_FORMAT_JSON, one));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, none, SWARMLET_PAYLOAD_FORMAT_JSON, one));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, hole, SWARMLET_PAYLOAD_FORMAT_JSON, one));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 publish(node, swarmlet_text_of(""), SWARMLET_PAYLOAD_FORMAT_JSON, one));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_node_query(node, bad, NULL, &cursor));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_node_query(node, none, NULL, &cursor));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_node_open(bad, NULL, &other));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_node_scoped(node, bad, &other));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_node_scoped(node, swarmlet_text_of("NO SPACES"), &other));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_swarm_join(node, bad, bad, 0));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_swarm_join(node, swarmlet_text_of("none"), swarmlet_text_of("a"), 0));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_qr_svg(bad, &string));
    /* A slice of a text is as good as one with a NUL behind it. */
    swarmlet_text part = {"nothing", 1};
    OK(publish(node, part, SWARMLET_PAYLOAD_FORMAT_JSON, one));
    cursor = queried(node, "FROM 'n'");
    expect_numbers(cursor, 1, 1);
    swarmlet_cursor_free(cursor);
    closed(node);
}

#define REFUSED(call) CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, call)

static void null_is_an_error_everywhere(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    swarmlet_text some = swarmlet_text_of("some");
    const swarmlet_batch *batch = NULL;
    swarmlet_text text = {NULL, 0};
    REFUSED(swarmlet_node_open(some, NULL, NULL));
    REFUSED(swarmlet_node_id(NULL, NULL));
    REFUSED(swarmlet_node_id(node, NULL));
    REFUSED(swarmlet_node_app_id(NULL, NULL));
    REFUSED(swarmlet_node_scoped(NULL, some, NULL));
    REFUSED(swarmlet_node_publish(NULL, NULL, 0, NULL));
    REFUSED(swarmlet_node_publish(node, NULL, 1, NULL));
    REFUSED(swarmlet_node_publish_async(node, NULL, 0, NULL, NULL));
    REFUSED(swarmlet_node_query(NULL, some, NULL, NULL));
    REFUSED(swarmlet_node_query(node, some, NULL, NULL));
    REFUSED(swarmlet_node_subscribe(NULL, some, NULL, NULL));
    REFUSED(swarmlet_node_subscribe_monotonic(NULL, some, NULL, NULL));
    REFUSED(swarmlet_node_wait_for(NULL, some, NULL, NULL, NULL, 0, NULL));
    REFUSED(swarmlet_node_observe_latest(NULL, some, NULL, NULL));
    REFUSED(swarmlet_node_observe_earliest(NULL, some, NULL, NULL));
    REFUSED(swarmlet_node_explain(NULL, some, NULL, NULL));
    REFUSED(swarmlet_node_offsets(NULL, NULL));
    REFUSED(swarmlet_node_streams(NULL, NULL));
    REFUSED(swarmlet_node_metrics(NULL, NULL));
    REFUSED(swarmlet_node_close(NULL, 0));
    REFUSED(swarmlet_cursor_show_all(NULL));
    REFUSED(swarmlet_cursor_next(NULL, 1, 0, &batch));
    REFUSED(swarmlet_cursor_next(cursor, 1, 0, NULL));
    REFUSED(swarmlet_cursor_next(cursor, 0, 0, &batch));
    REFUSED(swarmlet_cursor_fd(NULL, NULL));
    REFUSED(swarmlet_cursor_on_batch(cursor, 1, NULL, NULL, NULL));
    REFUSED(swarmlet_cursor_offsets(cursor, NULL));
    REFUSED(swarmlet_cursor_skipped(NULL, NULL));
    REFUSED(swarmlet_cursor_cancel(NULL));
    REFUSED(swarmlet_batch_json(NULL, 0, &text));
    REFUSED(swarmlet_offsets_set(NULL, some, 1));
    REFUSED(swarmlet_offsets_last(NULL, some, NULL));
    REFUSED(swarmlet_offsets_to_json(NULL, NULL));
    REFUSED(swarmlet_offsets_of_json(some, NULL));
    REFUSED(swarmlet_swarm_id(NULL, NULL));
    REFUSED(swarmlet_swarm_create(NULL, some, some, NULL));
    REFUSED(swarmlet_swarm_become_issuer(NULL, some));
    REFUSED(swarmlet_swarm_invite(NULL, NULL, NULL));
    REFUSED(swarmlet_swarm_withdraw(NULL, some, NULL));
    REFUSED(swarmlet_swarm_join(NULL, some, some, 0));
    REFUSED(swarmlet_swarm_ask(NULL, some, some, 0, NULL));
    REFUSED(swarmlet_swarm_wait_joined(NULL, 0));
    REFUSED(swarmlet_swarm_wait_in_sync(NULL, 0));
    REFUSED(swarmlet_swarm_pending(NULL, NULL));
    REFUSED(swarmlet_swarm_approve(NULL, some, NULL));
    REFUSED(swarmlet_swarm_preauthorise(NULL, some, NULL));
    REFUSED(swarmlet_swarm_reject(NULL, some));
    REFUSED(swarmlet_swarm_members(NULL, NULL));
    REFUSED(swarmlet_swarm_revoke(NULL, some, some));
    REFUSED(swarmlet_swarm_renew(NULL, some));
    REFUSED(swarmlet_swarm_status_now(NULL, NULL));
    REFUSED(swarmlet_swarm_changes(NULL, NULL));
    REFUSED(swarmlet_swarm_network_changed(NULL));
    REFUSED(swarmlet_changes_next(NULL, 0, NULL));
    REFUSED(swarmlet_changes_fd(NULL, NULL));
    REFUSED(swarmlet_changes_on_change(NULL, NULL, NULL, NULL));
    REFUSED(swarmlet_changes_cancel(NULL));
    REFUSED(swarmlet_qr_svg(some, NULL));
    REFUSED(swarmlet_qr_terminal(some, NULL));
    REFUSED(swarmlet_set_logger(0, NULL, NULL, NULL));
    CHECK(swarmlet_offsets_count(NULL) == 0);
    swarmlet_cursor_free(cursor);
    closed(node);
}

/* Everything else is there, so it is the place that is missed. */
#define NO_PLACE(call)                                                                             \
    do {                                                                                           \
        REFUSED(call);                                                                             \
        CHECK(strstr(swarmlet_last_error_message(), "out must not be NULL") != NULL);              \
    } while (0)

static void an_answer_needs_a_place(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text some = swarmlet_text_of("some");
    swarmlet_text aql = swarmlet_text_of("FROM 'n'");
    publish_numbers(node, 1, 1);
    NO_PLACE(swarmlet_node_id(node, NULL));
    NO_PLACE(swarmlet_node_app_id(node, NULL));
    NO_PLACE(swarmlet_node_scoped(node, some, NULL));
    NO_PLACE(swarmlet_node_query(node, aql, NULL, NULL));
    NO_PLACE(swarmlet_node_subscribe(node, aql, NULL, NULL));
    NO_PLACE(swarmlet_node_subscribe_monotonic(node, aql, NULL, NULL));
    NO_PLACE(swarmlet_node_wait_for(node, aql, NULL, NULL, NULL, 0, NULL));
    NO_PLACE(swarmlet_node_observe_latest(node, aql, NULL, NULL));
    NO_PLACE(swarmlet_node_observe_earliest(node, aql, NULL, NULL));
    NO_PLACE(swarmlet_node_explain(node, aql, NULL, NULL));
    NO_PLACE(swarmlet_node_offsets(node, NULL));
    NO_PLACE(swarmlet_node_streams(node, NULL));
    NO_PLACE(swarmlet_node_metrics(node, NULL));
    NO_PLACE(swarmlet_swarm_id(node, NULL));
    NO_PLACE(swarmlet_swarm_create(node, some, some, NULL));
    NO_PLACE(swarmlet_swarm_invite(node, NULL, NULL));
    NO_PLACE(swarmlet_swarm_ask(node, some, some, 0, NULL));
    NO_PLACE(swarmlet_swarm_pending(node, NULL));
    NO_PLACE(swarmlet_swarm_members(node, NULL));
    NO_PLACE(swarmlet_swarm_status_now(node, NULL));
    NO_PLACE(swarmlet_swarm_changes(node, NULL));

    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    const swarmlet_batch *batch = NULL;
    NO_PLACE(swarmlet_cursor_next(cursor, 1, 0, NULL));
    NO_PLACE(swarmlet_cursor_fd(cursor, NULL));
    NO_PLACE(swarmlet_cursor_offsets(cursor, NULL));
    NO_PLACE(swarmlet_cursor_skipped(cursor, NULL));
    OK(swarmlet_cursor_next(cursor, 1, LIMIT_MS, &batch));
    NO_PLACE(swarmlet_batch_json(batch, 0, NULL));
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);

    swarmlet_changes *changes = NULL;
    OK(swarmlet_swarm_changes(node, &changes));
    NO_PLACE(swarmlet_changes_next(changes, 0, NULL));
    NO_PLACE(swarmlet_changes_fd(changes, NULL));
    swarmlet_changes_free(changes);

    swarmlet_offsets *offsets = swarmlet_offsets_new();
    NO_PLACE(swarmlet_offsets_last(offsets, some, NULL));
    NO_PLACE(swarmlet_offsets_to_json(offsets, NULL));
    swarmlet_offsets_free(offsets);
    closed(node);
}

static void freeing_null_is_fine(const char *folder) {
    (void)folder;
    CHECK(swarmlet_batch_retain(NULL) == NULL);
    swarmlet_batch_free(NULL);
    swarmlet_changes_free(NULL);
    swarmlet_cursor_free(NULL);
    swarmlet_explanation_free(NULL);
    swarmlet_founded_free(NULL);
    swarmlet_members_free(NULL);
    swarmlet_metrics_free(NULL);
    swarmlet_node_free(NULL);
    swarmlet_offsets_free(NULL);
    swarmlet_offsets_state_free(NULL);
    swarmlet_pending_free(NULL);
    swarmlet_receipts_free(NULL);
    swarmlet_streams_free(NULL);
    swarmlet_string_free(NULL);
    swarmlet_swarm_status_free(NULL);
}

static void options_are_checked(const char *folder) {
    char path[256];
    swarmlet_text place = below(path, sizeof path, folder, "node");
    swarmlet_node *node = NULL;
    swarmlet_options options = swarmlet_options_init();
    options.size = 0;
    REFUSED(swarmlet_node_open(place, &options, &node));
    CHECK(strstr(swarmlet_last_error_message(), "swarmlet_options") != NULL);
    options = swarmlet_options_init();
    options.durability = 9;
    REFUSED(swarmlet_node_open(place, &options, &node));
    options = swarmlet_options_init();
    options.stream_count = 3;
    REFUSED(swarmlet_node_open(place, &options, &node));
    options = swarmlet_options_init();
    options.cache_bytes = 1;
    REFUSED(swarmlet_node_open(place, &options, &node));
    swarmlet_network network = swarmlet_network_init();
    swarmlet_text address = swarmlet_text_of("nowhere");
    network.listen = &address;
    network.listen_count = 1;
    options = swarmlet_options_init();
    options.network = &network;
    REFUSED(swarmlet_node_open(place, &options, &node));
    network = swarmlet_network_init();
    network.discovery = 5;
    REFUSED(swarmlet_node_open(place, &options, &node));
    CHECK(node == NULL);

    node = opened(folder, "node");
    swarmlet_cursor *cursor = NULL;
    swarmlet_query_options query = swarmlet_query_options_init();
    query.order = 3;
    REFUSED(swarmlet_node_query(node, swarmlet_text_of("FROM 'n'"), &query, &cursor));
    swarmlet_parameter parameter = {swarmlet_text_of("a"), 8, {NULL, 0}, 0};
    query = swarmlet_query_options_init();
    query.parameters = &parameter;
    query.parameter_count = 1;
    REFUSED(swarmlet_node_query(node, swarmlet_text_of("FROM 'n'"), &query, &cursor));
    swarmlet_offsets *offsets = swarmlet_offsets_new();
    REFUSED(swarmlet_offsets_set(offsets, swarmlet_text_of("no stream"), 1));
    swarmlet_offsets_free(offsets);
    offsets = NULL;
    REFUSED(swarmlet_offsets_of_json(swarmlet_text_of("[1]"), &offsets));
    REFUSED(swarmlet_offsets_of_json(swarmlet_text_of("{\"a\": -1}"), &offsets));
    CHECK(offsets == NULL);
    closed(node);
}

static void names_are_those_of_all_languages(const char *folder) {
    (void)folder;
    CHECK(strcmp(swarmlet_status_name(SWARMLET_STATUS_OK), "ok") == 0);
    CHECK(strcmp(swarmlet_status_name(SWARMLET_STATUS_END), "end") == 0);
    CHECK(strcmp(swarmlet_status_name(SWARMLET_STATUS_DISK_FULL), "disk_full") == 0);
    CHECK(strcmp(swarmlet_status_name(4711), "internal") == 0);
    CHECK(strcmp(swarmlet_advice_name(4711), "") == 0);
    CHECK(strchr(swarmlet_version(), '.') != NULL);
}

int main(void) {
    static const test tests[] = {
        {"an_error_says_what_where_and_what_to_do", an_error_says_what_where_and_what_to_do},
        {"a_folder_in_use_is_locked", a_folder_in_use_is_locked},
        {"payloads_that_are_none_are_refused", payloads_that_are_none_are_refused},
        {"texts_that_are_no_utf8_are_refused", texts_that_are_no_utf8_are_refused},
        {"null_is_an_error_everywhere", null_is_an_error_everywhere},
        {"an_answer_needs_a_place", an_answer_needs_a_place},
        {"freeing_null_is_fine", freeing_null_is_fine},
        {"options_are_checked", options_are_checked},
        {"names_are_those_of_all_languages", names_are_those_of_all_languages},
    };
    CHECK(swarmlet_last_error() == NULL);
    CHECK(strcmp(swarmlet_last_error_message(), "") == 0);
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
