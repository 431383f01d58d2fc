/* Callbacks and descriptors: one thread, no lock, the last call is told of. */

#include <pthread.h>

#include "check.h"

/* What callbacks leave behind, and who waits for it. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const swarmlet_node *node;
    swarmlet_cursor *cursor;
    pthread_t thread;
    unsigned numbers;
    unsigned calls;
    unsigned answers;
    unsigned drops;
    swarmlet_status last;
} seen;

#define SEEN {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, NULL, 0, 0, 0, 0, 0, 0}

static void enter(seen *seen) { CHECK(pthread_mutex_lock(&seen->lock) == 0); }

static void leave(seen *seen) {
    CHECK(pthread_cond_broadcast(&seen->changed) == 0);
    CHECK(pthread_mutex_unlock(&seen->lock) == 0);
}

/* The alarm of the harness is the deadline. */
#define WAIT_UNTIL(seen, claim)                                                                    \
    do {                                                                                           \
        enter(seen);                                                                               \
        while (!(claim)) {                                                                         \
            CHECK(pthread_cond_wait(&(seen)->changed, &(seen)->lock) == 0);                        \
        }                                                                                          \
        leave(seen);                                                                               \
    } while (0)

static void count_batch(void *user, swarmlet_status status, const swarmlet_batch *batch) {
    seen *here = user;
    enter(here);
    CHECK(here->drops == 0);
    CHECK((status == SWARMLET_STATUS_OK) == (batch != NULL));
    CHECK(here->calls == 0 || pthread_equal(here->thread, pthread_self()));
    here->thread = pthread_self();
    here->calls++;
    here->last = status;
    for (size_t index = 0; batch != NULL && index < batch->count; index++) {
        CHECK(number_at(batch, index) == ++here->numbers);
    }
    leave(here);
}

static void count_drop(void *user) {
    seen *here = user;
    enter(here);
    here->drops++;
    leave(here);
}

static void a_callback_is_told_of_everything_in_order(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    seen seen = SEEN;
    publish_numbers(node, 1, 500);
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    OK(swarmlet_cursor_on_batch(cursor, 64, count_batch, &seen, count_drop));
    CHECK_STATUS(SWARMLET_STATUS_ALREADY_EXISTS,
                 swarmlet_cursor_on_batch(cursor, 64, count_batch, &seen, count_drop));
    WAIT_UNTIL(&seen, seen.numbers == 500);
    publish_numbers(node, 501, 600);
    WAIT_UNTIL(&seen, seen.numbers == 600);
    CHECK(seen.calls >= 600 / 64 && seen.drops == 0);
    OK(swarmlet_cursor_cancel(cursor));
    WAIT_UNTIL(&seen, seen.drops == 1);
    CHECK(seen.last == SWARMLET_STATUS_END);
    swarmlet_cursor_free(cursor);
    CHECK(seen.drops == 1);
    closed(node);
}

static void freeing_waits_for_the_callback(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    publish_numbers(node, 1, 100);
    for (unsigned round = 0; round < 50; round++) {
        seen seen = SEEN;
        swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
        OK(swarmlet_cursor_on_batch(cursor, 1, count_batch, &seen, count_drop));
        if (round % 2 == 0) {
            WAIT_UNTIL(&seen, seen.numbers > 0);
        }
        swarmlet_cursor_free(cursor);
        /* Nobody calls any more, so nobody locks. */
        CHECK(seen.drops == 1);
    }
    closed(node);
}

static void the_end_of_the_node_is_told(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    seen seen = SEEN;
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    OK(swarmlet_cursor_on_batch(cursor, 64, count_batch, &seen, count_drop));
    OK(swarmlet_node_close(node, LIMIT_MS));
    WAIT_UNTIL(&seen, seen.drops == 1);
    CHECK(seen.last == SWARMLET_STATUS_CLOSED);
    swarmlet_cursor_free(cursor);
    swarmlet_node_free(node);
}

static void free_own_cursor(void *user, swarmlet_status status, const swarmlet_batch *batch) {
    seen *here = user;
    swarmlet_cursor *cursor = NULL;
    CHECK(status == SWARMLET_STATUS_OK && batch->count == 1);
    enter(here);
    CHECK(here->calls == 0);
    here->calls++;
    cursor = here->cursor;
    leave(here);
    /* Everything may be called here: another node is asked, and this very cursor goes. */
    publish_numbers(here->node, 2, 2);
    swarmlet_cursor_free(cursor);
    CHECK(here->drops == 0);
}

static void a_callback_may_free_its_own_cursor(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    seen seen = SEEN;
    seen.node = node;
    seen.cursor = subscribed(node, "FROM 'n'");
    OK(swarmlet_cursor_on_batch(seen.cursor, 1, free_own_cursor, &seen, count_drop));
    publish_numbers(node, 1, 1);
    WAIT_UNTIL(&seen, seen.drops == 1);
    CHECK(seen.calls == 1);
    closed(node);
}

static void cancel_own_cursor(void *user, swarmlet_status status, const swarmlet_batch *batch) {
    seen *here = user;
    enter(here);
    here->calls++;
    here->last = status;
    CHECK((batch != NULL) == (here->calls == 1));
    leave(here);
    OK(swarmlet_cursor_cancel(here->cursor));
}

static void a_callback_may_cancel_its_own_cursor(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    seen seen = SEEN;
    publish_numbers(node, 1, 100);
    seen.cursor = subscribed(node, "FROM 'n'");
    OK(swarmlet_cursor_on_batch(seen.cursor, 1, cancel_own_cursor, &seen, count_drop));
    WAIT_UNTIL(&seen, seen.drops == 1);
    CHECK(seen.calls == 2 && seen.last == SWARMLET_STATUS_END);
    swarmlet_cursor_free(seen.cursor);
    closed(node);
}

static void count_answer(void *user, swarmlet_status status, const swarmlet_receipts *receipts) {
    seen *here = user;
    enter(here);
    if (status == SWARMLET_STATUS_OK) {
        CHECK(receipts->count == 1 && receipts->items[0].key.stream.len > 43);
        here->numbers++;
    } else {
        CHECK(receipts == NULL && swarmlet_last_error()->status == status);
    }
    here->answers++;
    here->last = status;
    leave(here);
}

static void publishes_are_answered_and_keep_their_order(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    seen seen = SEEN;
    swarmlet_text tag = swarmlet_text_of("n");
    char number[16];
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, {NULL, 0}};
    for (unsigned count = 1; count <= 1000; count++) {
        snprintf(number, sizeof number, "%u", count);
        event.payload = swarmlet_bytes_of(number);
        OK(swarmlet_node_publish_async(node, &event, 1, count_answer, &seen));
    }
    WAIT_UNTIL(&seen, seen.answers == 1000);
    CHECK(seen.numbers == 1000);
    swarmlet_cursor *cursor = queried(node, "FROM 'n'");
    expect_numbers(cursor, 1, 1000);
    swarmlet_cursor_free(cursor);
    OK(swarmlet_node_close(node, LIMIT_MS));
    OK(swarmlet_node_publish_async(node, &event, 1, count_answer, &seen));
    WAIT_UNTIL(&seen, seen.answers == 1001);
    CHECK(seen.last == SWARMLET_STATUS_CLOSED);
    swarmlet_node_free(node);
}

/* Holds the thread of callbacks until the test lets it go. */
static void hold(void *user, swarmlet_status status, const swarmlet_receipts *receipts) {
    (void)status;
    (void)receipts;
    seen *here = user;
    enter(here);
    here->calls++;
    CHECK(pthread_cond_broadcast(&here->changed) == 0);
    while (here->drops == 0) {
        CHECK(pthread_cond_wait(&here->changed, &here->lock) == 0);
    }
    here->answers++;
    leave(here);
}

static void more_publishes_than_can_wait_are_refused(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    seen seen = SEEN;
    swarmlet_text tag = swarmlet_text_of("n");
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of("1")};
    OK(swarmlet_node_publish_async(node, &event, 1, hold, &seen));
    WAIT_UNTIL(&seen, seen.calls == 1);
    unsigned accepted = 1;
    swarmlet_status status = SWARMLET_STATUS_OK;
    while (accepted <= 5000) {
        status = swarmlet_node_publish_async(node, &event, 1, hold, &seen);
        if (status != SWARMLET_STATUS_OK) {
            break;
        }
        accepted++;
    }
    CHECK(status == SWARMLET_STATUS_OVERLOADED && accepted >= 4096);
    enter(&seen);
    seen.drops = 1;
    leave(&seen);
    WAIT_UNTIL(&seen, seen.answers == accepted);
    OK(swarmlet_node_publish_async(node, &event, 1, hold, &seen));
    WAIT_UNTIL(&seen, seen.answers == accepted + 1);
    closed(node);
}

static void a_descriptor_shows_when_there_is_something(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    const swarmlet_batch *batch = NULL;
    int descriptor = -1;
    int same = -1;
    OK(swarmlet_cursor_fd(cursor, &descriptor));
    OK(swarmlet_cursor_fd(cursor, &same));
    CHECK(descriptor >= 0 && descriptor == same);
    CHECK(!is_readable(descriptor, 0));
    unsigned taken = 0;
    for (unsigned number = 1; number <= 20; number++) {
        publish_numbers(node, number, number);
        CHECK(is_readable(descriptor, LIMIT_MS));
        swarmlet_status status = SWARMLET_STATUS_OK;
        while ((status = swarmlet_cursor_next(cursor, 1, 0, &batch)) == SWARMLET_STATUS_OK) {
            CHECK(number_at(batch, 0) == ++taken);
            swarmlet_batch_free(batch);
        }
        CHECK(status == SWARMLET_STATUS_TIMEOUT);
        CHECK(!is_readable(descriptor, 0));
    }
    CHECK(taken == 20);
    publish_numbers(node, 21, 22);
    CHECK(is_readable(descriptor, LIMIT_MS));
    expect_numbers(cursor, 21, 21);
    CHECK(is_readable(descriptor, LIMIT_MS));
    expect_numbers(cursor, 22, 22);
    OK(swarmlet_node_close(node, LIMIT_MS));
    CHECK(is_readable(descriptor, LIMIT_MS));
    CHECK_STATUS(SWARMLET_STATUS_CLOSED, swarmlet_cursor_next(cursor, 1, 0, &batch));
    CHECK(is_readable(descriptor, 0));
    swarmlet_cursor_free(cursor);
    swarmlet_node_free(node);
}

static void count_record(void *user, swarmlet_severity severity, swarmlet_text target,
                         swarmlet_text message) {
    seen *here = user;
    enter(here);
    CHECK(severity >= SWARMLET_SEVERITY_TRACE && target.len > 0 && message.len > 0);
    here->calls++;
    leave(here);
}

static void what_the_node_says_is_passed_on(const char *folder) {
    seen seen = SEEN;
    seen.node = NULL;
    OK(swarmlet_set_logger(SWARMLET_SEVERITY_TRACE, count_record, &seen, count_drop));
    closed(opened(folder, "node"));
    WAIT_UNTIL(&seen, seen.calls > 0);
    OK(swarmlet_set_logger(SWARMLET_SEVERITY_ERROR, NULL, NULL, NULL));
    WAIT_UNTIL(&seen, seen.drops == 1);
}

int main(void) {
    static const test tests[] = {
        {"a_callback_is_told_of_everything_in_order", a_callback_is_told_of_everything_in_order},
        {"freeing_waits_for_the_callback", freeing_waits_for_the_callback},
        {"the_end_of_the_node_is_told", the_end_of_the_node_is_told},
        {"a_callback_may_free_its_own_cursor", a_callback_may_free_its_own_cursor},
        {"a_callback_may_cancel_its_own_cursor", a_callback_may_cancel_its_own_cursor},
        {"publishes_are_answered_and_keep_their_order",
         publishes_are_answered_and_keep_their_order},
        {"more_publishes_than_can_wait_are_refused", more_publishes_than_can_wait_are_refused},
        {"a_descriptor_shows_when_there_is_something", a_descriptor_shows_when_there_is_something},
        {"what_the_node_says_is_passed_on", what_the_node_says_is_passed_on},
    };
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
