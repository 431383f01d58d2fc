/* Rates of the C library: what crosses the boundary in a second, and the CPU time of it.
 *
 *     rates --events N --folder FOLDER
 *
 * Opens a node in the folder and writes a JSON object for each work, one a line, with its events,
 * its seconds and its CPU seconds. `cargo xtask bench bindings` starts it beside the other
 * languages, and says in `tests/bench/src/bin/bindings/program.rs` what is measured. Payloads are
 * JSON texts, as programs in C have them.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <pthread.h>
#include <swarmlet.h>

#define CALL_EVENTS 4096
#define IN_FLIGHT 64
#define ROWS_MAX 256
#define CLOSE_MS 30000

/* An event of a shop floor, and the texts that it points to. */
typedef struct {
    char machine[16];
    char order[16];
    char json[128];
    swarmlet_text tags[3];
} reading;

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, swarmlet_last_error_message());
    exit(1);
}

static void must(swarmlet_status status, const char *what) {
    if (status != SWARMLET_STATUS_OK) {
        fail(what);
    }
}

static void *made(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (memory == NULL) {
        perror("readings");
        exit(1);
    }
    return memory;
}

static swarmlet_new_event event_of(reading *made, size_t index) {
    snprintf(made->machine, sizeof made->machine, "machine:%zu", index % 40);
    snprintf(made->order, sizeof made->order, "order:%zu", index % 1000);
    snprintf(made->json, sizeof made->json,
             "{\"seq\":%zu,\"state\":\"running\",\"speed\":%zu.5,\"ok\":true,"
             "\"operator\":\"shift-b\",\"part\":\"part-%zu\"}",
             index, 12 + index % 7, index);
    made->tags[0] = swarmlet_text_of("machine");
    made->tags[1] = swarmlet_text_of(made->machine);
    made->tags[2] = swarmlet_text_of(made->order);
    swarmlet_new_event event = {made->tags, 3, SWARMLET_PAYLOAD_FORMAT_JSON,
                                swarmlet_bytes_of(made->json)};
    return event;
}

static void publish_batches(const swarmlet_node *node, const swarmlet_new_event *events,
                            size_t count) {
    for (size_t first = 0; first < count; first += CALL_EVENTS) {
        size_t rest = count - first;
        size_t size = rest < CALL_EVENTS ? rest : CALL_EVENTS;
        must(swarmlet_node_publish(node, events + first, size, NULL), "publish");
    }
}

static void subscribe(const swarmlet_node *node, size_t count, bool is_read) {
    swarmlet_cursor *cursor = NULL;
    const swarmlet_batch *batch = NULL;
    size_t seen = 0;
    swarmlet_text aql = swarmlet_text_of("FROM allEvents");
    must(swarmlet_node_subscribe(node, aql, NULL, &cursor), "subscribe");
    while (seen < count) {
        must(swarmlet_cursor_next(cursor, ROWS_MAX, -1, &batch), "next");
        for (size_t index = 0; is_read && index < batch->count; index++) {
            swarmlet_text json;
            must(swarmlet_batch_json(batch, index, &json), "json");
            if (strstr(json.data, "\"ok\":true") == NULL) {
                fprintf(stderr, "not what was written: %s\n", json.data);
                exit(1);
            }
        }
        seen += batch->count;
        swarmlet_batch_free(batch);
    }
    swarmlet_cursor_free(cursor);
}

/* What callbacks and the caller share: how many calls are not answered yet. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    size_t open;
} calls;

static void on_published(void *user, swarmlet_status status, const swarmlet_receipts *receipts) {
    calls *open = user;
    (void)receipts;
    must(status, "publish");
    pthread_mutex_lock(&open->lock);
    open->open--;
    pthread_cond_signal(&open->answered);
    pthread_mutex_unlock(&open->lock);
}

/* Waits until fewer calls than that are open. */
static void wait_for(calls *open, size_t limit) {
    pthread_mutex_lock(&open->lock);
    while (open->open >= limit) {
        pthread_cond_wait(&open->answered, &open->lock);
    }
    pthread_mutex_unlock(&open->lock);
}

static void publish(const swarmlet_node *node, const swarmlet_new_event *events, size_t count,
                    size_t in_flight) {
    calls open = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
    for (size_t index = 0; index < count; index++) {
        wait_for(&open, in_flight);
        pthread_mutex_lock(&open.lock);
        open.open++;
        pthread_mutex_unlock(&open.lock);
        must(swarmlet_node_publish_async(node, events + index, 1, on_published, &open), "publish");
    }
    wait_for(&open, 1);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
           + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

typedef struct {
    const char *name;
    size_t events;
    double start;
    double computed;
} work;

static work begun(const char *name, size_t events) {
    work at = {name, events, seconds(), cpu_seconds()};
    return at;
}

static void ended(work at) {
    double lasted = seconds() - at.start;
    printf("{\"work\": \"%s\", \"events\": %zu, \"seconds\": %f, \"cpu_seconds\": %f}\n", at.name,
           at.events, lasted, cpu_seconds() - at.computed);
    fflush(stdout);
}

static void measure(const swarmlet_node *node, const swarmlet_new_event *events, size_t count) {
    size_t few = count / 20;
    work at = begun("publish_batches", count);
    publish_batches(node, events, count);
    ended(at);
    at = begun("subscribe_batches", count);
    subscribe(node, count, false);
    ended(at);
    at = begun("subscribe_rows", count);
    subscribe(node, count, true);
    ended(at);
    at = begun("publish_in_flight", few);
    publish(node, events, few, IN_FLIGHT);
    ended(at);
    at = begun("publish_singly", few / 10);
    publish(node, events, few / 10, 1);
    ended(at);
}

int main(int words, char **arguments) {
    if (words != 5 || strcmp(arguments[1], "--events") != 0
        || strcmp(arguments[3], "--folder") != 0) {
        fprintf(stderr, "say: rates --events N --folder FOLDER\n");
        return 2;
    }
    size_t count = strtoul(arguments[2], NULL, 10);
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/node", arguments[4]);
    reading *readings = made(count, sizeof *readings);
    swarmlet_new_event *events = made(count, sizeof *events);
    for (size_t index = 0; index < count; index++) {
        events[index] = event_of(&readings[index], index);
    }
    swarmlet_node *node = NULL;
    must(swarmlet_node_open(swarmlet_text_of(folder), NULL, &node), "open");
    measure(node, events, count);
    must(swarmlet_node_close(node, CLOSE_MS), "close");
    swarmlet_node_free(node);
    free(events);
    free(readings);
    return 0;
}
