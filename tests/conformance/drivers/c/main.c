/*
 * The conformance driver of C: does with libswarmlet what the suite says, as an app would.
 * tests/conformance/README.md describes what is spoken.
 *
 * Calls block, so each request has a thread of its own.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blobs.h"
#include "call.h"
#include "handles.h"
#include "nodes.h"
#include "rows.h"
#include "swarms.h"

/* As requests are read; integers of 64 bits, zeros in texts, and nothing twice. */
#define READING (JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES)

static pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER;

static json_t *hello(void) {
    return json_pack("{s:i, s:s, s:s, s:[]}", "protocol", 1, "language", "c", "version",
                     swarmlet_version(), "merges");
}

static bool is_one_of(const char *op, const char *const *words) {
    while (*words != NULL) {
        if (strcmp(op, *words++) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *perform(call *call) {
    static const char *const on_streams[]
        = {"next", "next_impatient", "batch", "outputs", "position", "cancel", NULL};
    static const char *const on_changes[] = {"next_change", "cancel_changes", NULL};
    if (strcmp(call->op, "hello") == 0) {
        return hello();
    }
    if (strcmp(call->op, "reset") == 0) {
        reset();
        return json_null();
    }
    if (is_one_of(call->op, on_streams)) {
        return perform_stream(call);
    }
    if (is_one_of(call->op, on_changes)) {
        return perform_changes(call);
    }
    if (strncmp(call->op, "blobs.", 6) == 0) {
        return perform_blobs(call);
    }
    return strncmp(call->op, "swarm.", 6) == 0 ? perform_swarm(call) : perform_node(call);
}

/* One line, if somebody listens. */
static void say(const json_t *id, const char *outcome, json_t *what) {
    json_t *line = json_pack("{s:O, s:o}", "id", id, outcome, what);
    char *text = line == NULL ? NULL : json_dumps(line, JSON_COMPACT);
    pthread_mutex_lock(&speaking);
    if (text == NULL) {
        printf("{\"id\":%lld,\"broken\":\"the answer is no JSON\"}\n",
               (long long)json_integer_value(id));
    } else {
        puts(text);
    }
    fflush(stdout);
    pthread_mutex_unlock(&speaking);
    free(text);
    json_decref(line);
}

static void *work(void *given) {
    static const char *const outcomes[] = {"ok", "error", "refused", "broken"};
    json_t *request = given;
    const json_t *id = json_object_get(request, "id");
    call call = {
        .op = json_string_value(json_object_get(request, "op")),
        .args = json_object_get(request, "args"),
    };
    json_t *answer = perform(&call);
    if (answer == NULL && is_fine(&call)) {
        break_off(&call, "there is no answer", call.op);
    }
    if (!is_fine(&call)) {
        json_decref(answer);
        answer = json_incref(call.trouble);
    }
    /* Whatever the call used is given back before the next request can come. */
    trouble_kind kind = call.kind;
    finish(&call);
    say(id, outcomes[kind], answer);
    json_decref(request);
    return NULL;
}

/* A request, or the end of the program. */
static json_t *parsed(const char *line, size_t len) {
    json_error_t error;
    json_t *request = json_loadb(line, len, READING, &error);
    if (request == NULL || !json_is_string(json_object_get(request, "op"))) {
        fprintf(stderr, "no request: %s\n", request == NULL ? error.text : "it has no op");
        exit(1);
    }
    return request;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    pthread_attr_t detached;
    json_object_seed(0);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while ((len = getline(&line, &room, stdin)) > 0) {
        json_t *request = parsed(line, (size_t)len);
        if (strcmp(json_string_value(json_object_get(request, "op")), "exit") == 0) {
            /* What is open stays open. */
            json_decref(request);
            free(line);
            return 0;
        }
        pthread_t thread;
        if (pthread_create(&thread, &detached, work, request) != 0) {
            fputs("no thread\n", stderr);
            exit(1);
        }
    }
    reset();
    pthread_attr_destroy(&detached);
    free(line);
    return 0;
}
