/* What the tests share: claims that end the program with their place, folders, and a deadline. */

#ifndef CHECK_H
#define CHECK_H

#include <ftw.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swarmlet.h"

/* Nothing in these tests takes longer unless it hangs. */
#define LIMIT_MS 120000
#define LIMIT_SECONDS 300

#define CHECK(claim)                                                                               \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim);                    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#define CHECK_STATUS(expected, call)                                                               \
    do {                                                                                           \
        swarmlet_status status_ = (call);                                                          \
        if (status_ != (expected)) {                                                               \
            fprintf(stderr, "%s:%d: %s is %s: %s\n", __FILE__, __LINE__, #call,                    \
                    swarmlet_status_name(status_), swarmlet_last_error_message());                 \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

#define OK(call) CHECK_STATUS(SWARMLET_STATUS_OK, call)

/* A test by its name. */
typedef struct {
    const char *name;
    void (*run)(const char *folder);
} test;

static int removed(const char *path, const struct stat *about, int kind, struct FTW *place) {
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

/* A path below the folder; the buffer is used again at the next call on another line. */
static inline swarmlet_text below(char *buffer, size_t size, const char *folder, const char *name) {
    int written = snprintf(buffer, size, "%s/%s", folder, name);
    CHECK(written > 0 && (size_t)written < size);
    return swarmlet_text_of(buffer);
}

/* Runs each test with a new folder, which is then gone. */
static inline void run_tests(const test *tests, size_t count) {
    const char *place = getenv("TMPDIR");
    if (place == NULL || *place == '\0') {
        place = "/tmp";
    }
    for (size_t index = 0; index < count; index++) {
        char folder[256];
        below(folder, sizeof folder, place, "swarmlet-c-XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
        fprintf(stderr, "%s\n", tests[index].name);
        alarm(LIMIT_SECONDS);
        tests[index].run(folder);
        alarm(0);
        CHECK(nftw(folder, removed, 16, FTW_DEPTH | FTW_PHYS) == 0);
    }
}

/* Starts a program, which ends no later than a test; what it says comes through the file. */
static inline pid_t started(const char *const *arguments, FILE **out) {
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        alarm(LIMIT_SECONDS);
        execv(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    close(pipes[1]);
    *out = fdopen(pipes[0], "r");
    CHECK(*out != NULL);
    return child;
}

/* Opens a node that does not wait for the disk: these tests are about something else. */
static inline swarmlet_node *opened(const char *folder, const char *name) {
    char path[256];
    swarmlet_options options = swarmlet_options_init();
    swarmlet_node *node = NULL;
    options.durability = SWARMLET_DURABILITY_BUFFERED;
    OK(swarmlet_node_open(below(path, sizeof path, folder, name), &options, &node));
    CHECK(node != NULL);
    return node;
}

/* A node that is found by nobody but those who know its address. */
static inline swarmlet_node *reachable(const char *folder, const char *name) {
    char path[256];
    swarmlet_text address = swarmlet_text_of("tcp://127.0.0.1:0");
    swarmlet_network network = swarmlet_network_init();
    swarmlet_options options = swarmlet_options_init();
    swarmlet_node *node = NULL;
    network.listen = &address;
    network.listen_count = 1;
    network.discovery = SWARMLET_SWITCH_OFF;
    options.durability = SWARMLET_DURABILITY_BUFFERED;
    options.network = &network;
    OK(swarmlet_node_open(below(path, sizeof path, folder, name), &options, &node));
    return node;
}

static inline void closed(swarmlet_node *node) {
    OK(swarmlet_node_close(node, LIMIT_MS));
    swarmlet_node_free(node);
}

/* Publishes the numbers from first to last under the tag n, each an event, together. */
static inline void publish_numbers(const swarmlet_node *node, unsigned first, unsigned last) {
    size_t count = last - first + 1;
    swarmlet_text tag = swarmlet_text_of("n");
    swarmlet_new_event *events = (swarmlet_new_event *)calloc(count, sizeof *events);
    char(*numbers)[16] = (char(*)[16])calloc(count, sizeof *numbers);
    CHECK(events != NULL && numbers != NULL);
    for (size_t index = 0; index < count; index++) {
        snprintf(numbers[index], sizeof numbers[index], "%u", first + (unsigned)index);
        events[index].tags = &tag;
        events[index].tag_count = 1;
        events[index].payload = swarmlet_bytes_of(numbers[index]);
    }
    OK(swarmlet_node_publish(node, events, count, NULL));
    free(numbers);
    free(events);
}

/* The number that a row is. */
static inline unsigned number_at(const swarmlet_batch *batch, size_t index) {
    swarmlet_text json = {NULL, 0};
    OK(swarmlet_batch_json(batch, index, &json));
    return (unsigned)strtoul(json.data, NULL, 10);
}

static inline swarmlet_cursor *queried(const swarmlet_node *node, const char *aql) {
    swarmlet_cursor *cursor = NULL;
    OK(swarmlet_node_query(node, swarmlet_text_of(aql), NULL, &cursor));
    return cursor;
}

static inline swarmlet_cursor *subscribed(const swarmlet_node *node, const char *aql) {
    swarmlet_cursor *cursor = NULL;
    OK(swarmlet_node_subscribe(node, swarmlet_text_of(aql), NULL, &cursor));
    return cursor;
}

/* Takes rows until the number is there: they come in order, without gap. */
static inline void expect_numbers(const swarmlet_cursor *cursor, unsigned first, unsigned last) {
    while (first <= last) {
        const swarmlet_batch *batch = NULL;
        OK(swarmlet_cursor_next(cursor, last - first + 1, LIMIT_MS, &batch));
        CHECK(batch->count > 0);
        for (size_t index = 0; index < batch->count; index++) {
            CHECK(number_at(batch, index) == first++);
        }
        swarmlet_batch_free(batch);
    }
}

/* Waits at a descriptor; whether it can be read. */
static inline int is_readable(int descriptor, int timeout_ms) {
    struct pollfd one = {descriptor, POLLIN, 0};
    int count = poll(&one, 1, timeout_ms);
    CHECK(count >= 0);
    return count == 1;
}

static inline int text_is(swarmlet_text text, const char *expected) {
    return text.data != NULL && text.len == strlen(expected)
           && memcmp(text.data, expected, text.len + 1) == 0;
}

#endif
