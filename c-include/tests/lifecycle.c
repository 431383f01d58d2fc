/* Beginning and end: closing, ending in the middle, falling behind, forking. */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "check.h"

/* How often a process ends; an instrumented one takes its time. */
#ifndef ENDINGS
#define ENDINGS 50
#endif

static const char *program;

static void closing_twice_is_fine(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    OK(swarmlet_node_close(node, LIMIT_MS));
    OK(swarmlet_node_close(node, LIMIT_MS));
    OK(swarmlet_node_close(node, -1));
    swarmlet_node_free(node);
}

static void what_is_closed_says_so(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    publish_numbers(node, 1, 3);
    swarmlet_cursor *before = subscribed(node, "FROM 'n'");
    expect_numbers(before, 1, 3);
    OK(swarmlet_node_close(node, LIMIT_MS));
    const swarmlet_batch *batch = NULL;
    CHECK_STATUS(SWARMLET_STATUS_CLOSED, swarmlet_cursor_next(before, 1, LIMIT_MS, &batch));
    CHECK(batch == NULL);
    swarmlet_text tag = swarmlet_text_of("n");
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, {NULL, 0}};
    CHECK_STATUS(SWARMLET_STATUS_CLOSED, swarmlet_node_publish(node, &event, 1, NULL));
    CHECK(swarmlet_last_error()->advice == SWARMLET_ADVICE_REOPEN);
    swarmlet_cursor *cursor = NULL;
    swarmlet_text aql = swarmlet_text_of("FROM 'n'");
    CHECK_STATUS(SWARMLET_STATUS_CLOSED, swarmlet_node_query(node, aql, NULL, &cursor));
    CHECK_STATUS(SWARMLET_STATUS_CLOSED, swarmlet_node_subscribe(node, aql, NULL, &cursor));
    swarmlet_offsets_state *state = NULL;
    CHECK_STATUS(SWARMLET_STATUS_CLOSED, swarmlet_node_offsets(node, &state));
    CHECK(cursor == NULL && state == NULL);
    OK(swarmlet_cursor_cancel(before));
    OK(swarmlet_cursor_cancel(before));
    swarmlet_cursor_free(before);
    swarmlet_node_free(node);
}

static void a_node_that_is_only_freed_is_closed(const char *folder) {
    char path[256];
    swarmlet_text place = below(path, sizeof path, folder, "node");
    swarmlet_node_free(opened(folder, "node"));
    swarmlet_node *again = NULL;
    swarmlet_status status = SWARMLET_STATUS_LOCKED;
    while (status == SWARMLET_STATUS_LOCKED) {
        status = swarmlet_node_open(place, NULL, &again);
    }
    OK(status);
    closed(again);
}

typedef struct {
    swarmlet_cursor *cursor;
    atomic_uint timeouts;
    unsigned taken;
} reader;

/* Gives up again and again, in waits of a millisecond, until it has read 300 numbers. */
static void *read_in_short_waits(void *given) {
    reader *reader = given;
    while (reader->taken < 300) {
        const swarmlet_batch *batch = NULL;
        swarmlet_status status = swarmlet_cursor_next(reader->cursor, 7, 1, &batch);
        if (status == SWARMLET_STATUS_TIMEOUT) {
            atomic_fetch_add(&reader->timeouts, 1);
            continue;
        }
        OK(status);
        for (size_t index = 0; index < batch->count; index++) {
            CHECK(number_at(batch, index) == ++reader->taken);
        }
        swarmlet_batch_free(batch);
    }
    return NULL;
}

/* The alarm of the harness is the deadline. */
static void wait_for_a_timeout(reader *reader) {
    unsigned before = atomic_load(&reader->timeouts);
    while (atomic_load(&reader->timeouts) == before) {
        sched_yield();
    }
}

static void a_wait_that_is_given_up_loses_nothing(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    reader reader = {subscribed(node, "FROM 'n'"), 0, 0};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, read_in_short_waits, &reader) == 0);
    for (unsigned number = 1; number <= 300; number++) {
        if (number % 10 == 0) {
            wait_for_a_timeout(&reader);
        }
        publish_numbers(node, number, number);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(reader.taken == 300 && atomic_load(&reader.timeouts) >= 30);
    swarmlet_cursor_free(reader.cursor);
    closed(node);
}

static void *wait_for_ever(void *given) {
    reader *reader = given;
    const swarmlet_batch *batch = NULL;
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_cursor_next(reader->cursor, 1, -1, &batch));
    return NULL;
}

static void cancelling_ends_a_wait_in_another_thread(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    reader reader = {subscribed(node, "FROM 'n'"), 0, 0};
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_for_ever, &reader) == 0);
    /* It does not matter whether the wait has begun; here it mostly has. */
    usleep(20000);
    OK(swarmlet_cursor_cancel(reader.cursor));
    CHECK(pthread_join(thread, NULL) == 0);
    swarmlet_cursor_free(reader.cursor);
    closed(node);
}

static long resident_kib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL);
    CHECK(fscanf(file, "%*s %ld", &pages) == 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Under an instrument memory says nothing, and time is short. */
#ifdef INSTRUMENTED
#define LARGE_EVENTS 40
#else
#define LARGE_EVENTS 640
#endif

/* 40 MiB pass by a cursor that nobody reads. */
static void a_slow_consumer_costs_no_memory(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    static char large[64 * 1024];
    memset(large, 'x', sizeof large);
    large[0] = large[sizeof large - 1] = '"';
    swarmlet_text tag = swarmlet_text_of("large");
    swarmlet_bytes payload = {(const uint8_t *)large, sizeof large};
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, payload};
    swarmlet_cursor *cursor = subscribed(node, "FROM 'large'");
    OK(swarmlet_node_publish(node, &event, 1, NULL));
    long before = resident_kib();
    for (unsigned count = 1; count < LARGE_EVENTS; count++) {
        OK(swarmlet_node_publish(node, &event, 1, NULL));
    }
    long grown = resident_kib() - before;
    fprintf(stderr, "  %ld KiB for %d KiB that nobody reads\n", grown, LARGE_EVENTS * 64);
#ifndef INSTRUMENTED
    CHECK(grown < 32 * 1024);
#endif
    unsigned taken = 0;
    while (taken < LARGE_EVENTS) {
        const swarmlet_batch *batch = NULL;
        OK(swarmlet_cursor_next(cursor, 256, LIMIT_MS, &batch));
        taken += (unsigned)batch->count;
        swarmlet_batch_free(batch);
    }
    CHECK(taken == LARGE_EVENTS);
    swarmlet_cursor_free(cursor);
    closed(node);
}

static void two_nodes_live_in_one_process(const char *folder) {
    swarmlet_node *first = opened(folder, "first");
    swarmlet_node *second = opened(folder, "second");
    char *ids[2] = {NULL, NULL};
    OK(swarmlet_node_id(first, &ids[0]));
    OK(swarmlet_node_id(second, &ids[1]));
    CHECK(strcmp(ids[0], ids[1]) != 0);
    swarmlet_string_free(ids[0]);
    swarmlet_string_free(ids[1]);
    publish_numbers(first, 1, 1);
    closed(first);
    publish_numbers(second, 1, 2);
    swarmlet_cursor *cursor = queried(second, "FROM 'n'");
    expect_numbers(cursor, 1, 2);
    swarmlet_cursor_free(cursor);
    closed(second);
}

static void ignore_batch(void *user, swarmlet_status status, const swarmlet_batch *batch) {
    (void)user;
    (void)status;
    (void)batch;
}

static void ignore_change(void *user, swarmlet_status status,
                          const swarmlet_swarm_status *standing) {
    (void)user;
    (void)status;
    (void)standing;
}

static void count_drop(void *user) {
    atomic_fetch_add((atomic_uint *)user, 1);
}

static void a_forked_child_is_told_so(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_cursor *cursor = subscribed(node, "FROM 'n'");
    int descriptor = -1;
    OK(swarmlet_cursor_fd(cursor, &descriptor));
    atomic_uint drops = 0;
    swarmlet_cursor *heard = subscribed(node, "FROM 'n'");
    swarmlet_changes *changes = NULL;
    OK(swarmlet_cursor_on_batch(heard, 1, ignore_batch, &drops, count_drop));
    OK(swarmlet_swarm_changes(node, &changes));
    OK(swarmlet_changes_on_change(changes, ignore_change, &drops, count_drop));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char *id = NULL;
        const swarmlet_batch *batch = NULL;
        alarm(LIMIT_SECONDS);
        CHECK_STATUS(SWARMLET_STATUS_FORKED, swarmlet_node_id(node, &id));
        CHECK_STATUS(SWARMLET_STATUS_FORKED, swarmlet_cursor_next(cursor, 1, -1, &batch));
        CHECK_STATUS(SWARMLET_STATUS_FORKED, swarmlet_cursor_fd(cursor, &descriptor));
        CHECK_STATUS(SWARMLET_STATUS_FORKED,
                     swarmlet_node_wait_for(node, swarmlet_text_of("FROM 'n'"), NULL, NULL, NULL,
                                            -1, &batch));
        CHECK_STATUS(SWARMLET_STATUS_FORKED, swarmlet_node_close(node, -1));
        swarmlet_cursor_free(cursor);
        swarmlet_cursor_free(heard);
        swarmlet_changes_free(changes);
        CHECK(atomic_load(&drops) == 0);
        swarmlet_node_free(node);
        swarmlet_node *own = opened(folder, "child");
        publish_numbers(own, 1, 1);
        closed(own);
        /* Not an end of this program: what the parent opened is left alone, not freed. */
        execlp("true", "true", (char *)NULL);
        _exit(127);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    publish_numbers(node, 1, 1);
    expect_numbers(cursor, 1, 1);
    swarmlet_cursor_free(cursor);
    CHECK(atomic_load(&drops) == 0);
    swarmlet_cursor_free(heard);
    swarmlet_changes_free(changes);
    CHECK(atomic_load(&drops) == 2);
    closed(node);
}

static void ignore_answer(void *user, swarmlet_status status, const swarmlet_receipts *receipts) {
    (void)user;
    (void)status;
    (void)receipts;
}

/* What the process does that ends in the middle of everything. What is open is static, and kept
 * there: it is not lost, only not closed. */
static int end_in_the_middle(const char *folder) {
    static reader waiting;
    static swarmlet_node *volatile node;
    static swarmlet_cursor *volatile heard;
    node = opened(folder, "ending");
    heard = subscribed(node, "FROM 'n'");
    OK(swarmlet_cursor_on_batch(heard, 16, ignore_batch, NULL, NULL));
    waiting.cursor = subscribed(node, "FROM 'other'");
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, wait_for_ever, &waiting) == 0);
    swarmlet_text tag = swarmlet_text_of("n");
    swarmlet_new_event event = {&tag, 1, SWARMLET_PAYLOAD_FORMAT_JSON, {NULL, 0}};
    for (unsigned count = 0; count < 100; count++) {
        OK(swarmlet_node_publish_async(node, &event, 1, ignore_answer, NULL));
    }
    return 0;
}

/* Runs this program anew in one of its other ways. */
static void run_itself(const char *way, const char *folder) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(LIMIT_SECONDS);
        execl(program, program, way, folder, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void a_process_may_end_with_everything_open(const char *folder) {
    for (unsigned round = 0; round < ENDINGS; round++) {
        run_itself("end", folder);
    }
}

/* What the process does in which the library panics. */
static int panic_inside(const char *folder) {
    swarmlet_node *node = opened(folder, "panicking");
    swarmlet_offsets_state *state = NULL;
    CHECK_STATUS(SWARMLET_STATUS_INTERNAL, swarmlet_node_offsets(node, &state));
    CHECK(swarmlet_last_error()->advice == SWARMLET_ADVICE_REPORT_BUG);
    swarmlet_explanation *explanation = NULL;
    swarmlet_text aql = swarmlet_text_of("FROM 'n'");
    CHECK_STATUS(SWARMLET_STATUS_INTERNAL, swarmlet_node_explain(node, aql, NULL, &explanation));
    CHECK(state == NULL && explanation == NULL);
    publish_numbers(node, 1, 1);
    closed(node);
    return 0;
}

#ifdef PANICS
static void a_panic_inside_becomes_an_error(const char *folder) {
    CHECK(setenv("SWARMLET_PANIC_IN", "explain,offsets", 1) == 0);
    run_itself("panic", folder);
    CHECK(unsetenv("SWARMLET_PANIC_IN") == 0);
}
#endif

int main(int count, char **arguments) {
    static const test tests[] = {
        {"closing_twice_is_fine", closing_twice_is_fine},
        {"what_is_closed_says_so", what_is_closed_says_so},
        {"a_node_that_is_only_freed_is_closed", a_node_that_is_only_freed_is_closed},
        {"a_wait_that_is_given_up_loses_nothing", a_wait_that_is_given_up_loses_nothing},
        {"cancelling_ends_a_wait_in_another_thread", cancelling_ends_a_wait_in_another_thread},
        {"a_slow_consumer_costs_no_memory", a_slow_consumer_costs_no_memory},
        {"two_nodes_live_in_one_process", two_nodes_live_in_one_process},
        {"a_forked_child_is_told_so", a_forked_child_is_told_so},
        {"a_process_may_end_with_everything_open", a_process_may_end_with_everything_open},
#ifdef PANICS
        {"a_panic_inside_becomes_an_error", a_panic_inside_becomes_an_error},
#endif
    };
    if (count == 3 && strcmp(arguments[1], "end") == 0) {
        return end_in_the_middle(arguments[2]);
    }
    if (count == 3 && strcmp(arguments[1], "panic") == 0) {
        return panic_inside(arguments[2]);
    }
    program = arguments[0];
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
