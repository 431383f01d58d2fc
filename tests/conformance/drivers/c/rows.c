/* Reads cursors. */

#include "rows.h"

#include <string.h>
#include <time.h>

#include "arguments.h"
#include "handles.h"
#include "shapes.h"

/* Rows that are asked for at once, where all are wanted. */
#define CHUNK 256

/* What is read for one answer. */
typedef struct {
    json_t *found;
    bool shows_all;
    bool is_ended;
    json_int_t given_up;
} harvest;

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes a batch in and frees it. */
static void take(call *call, harvest *harvest, const swarmlet_batch *batch) {
    for (size_t index = 0; index < batch->count; index++) {
        const swarmlet_output *output = &batch->items[index];
        json_t *shape = harvest->shows_all ? output_shape(output) : row_shape(output);
        if (shape == NULL) {
            break_off(call, "this output has no shape", call->op);
        } else {
            json_array_append_new(harvest->found, shape);
        }
    }
    swarmlet_batch_free(batch);
}

/* One wait for at most so many; false if nothing came in time. */
static bool pull(call *call, harvest *harvest, const swarmlet_cursor *cursor, size_t max,
                 int64_t timeout_ms) {
    const swarmlet_batch *batch;
    swarmlet_status status = swarmlet_cursor_next(cursor, max, timeout_ms, &batch);
    switch (status) {
    case SWARMLET_STATUS_OK:
        take(call, harvest, batch);
        return true;
    case SWARMLET_STATUS_END:
        harvest->is_ended = true;
        return true;
    case SWARMLET_STATUS_TIMEOUT:
        return false;
    default:
        return done(call, status);
    }
}

/* Up to so many, until the time is over; each single wait is given up after the patience. */
static void gather(call *call, harvest *harvest, const swarmlet_cursor *cursor, size_t count,
                   int64_t patience_ms) {
    int64_t deadline = now_ms() + timeout_argument(call);
    while (is_fine(call) && !harvest->is_ended && json_array_size(harvest->found) < count) {
        int64_t left = deadline - now_ms();
        left = left < 0 ? 0 : left;
        /* Outputs that come at once are taken at once, rows one by one. */
        size_t max = harvest->shows_all ? count - json_array_size(harvest->found) : 1;
        if (!pull(call, harvest, cursor, max, left < patience_ms ? left : patience_ms)) {
            harvest->given_up++;
            /* Only an impatient wait is begun anew: one that ends early is not covered up. */
            if (patience_ms == INT64_MAX || now_ms() >= deadline) {
                break;
            }
        }
    }
}

static json_t *answer(call *call, harvest *harvest) {
    if (!is_fine(call)) {
        json_decref(harvest->found);
        return NULL;
    }
    json_t *answer = json_pack("{s:o, s:b}", harvest->shows_all ? "outputs" : "rows",
                               harvest->found, "is_ended", harvest->is_ended);
    if (strcmp(call->op, "next_impatient") == 0) {
        json_object_set_new(answer, "given_up", json_integer(harvest->given_up));
    }
    return answer;
}

static json_t *read_some(call *call, handle *stream) {
    harvest harvest = {json_array(), false, false, 0};
    if (strcmp(call->op, "batch") == 0) {
        size_t max = number_argument(call, "max");
        if (is_fine(call)) {
            pull(call, &harvest, stream->cursor, max, timeout_argument(call));
        }
        return answer(call, &harvest);
    }
    int64_t patience_ms = INT64_MAX;
    if (strcmp(call->op, "next_impatient") == 0) {
        patience_ms = (int64_t)number_argument(call, "patience_ms");
    }
    if (strcmp(call->op, "outputs") == 0) {
        harvest.shows_all = true;
        show_all(call, stream);
    }
    size_t count = number_argument(call, "count");
    gather(call, &harvest, stream->cursor, count, patience_ms);
    return answer(call, &harvest);
}

static json_t *position(call *call, const swarmlet_cursor *cursor) {
    swarmlet_offsets *offsets = NULL;
    swarmlet_offsets *skipped = NULL;
    json_t *answer = NULL;
    if (done(call, swarmlet_cursor_offsets(cursor, &offsets))
        && done(call, swarmlet_cursor_skipped(cursor, &skipped))) {
        answer = json_pack("{s:o, s:o}", "offsets", offsets_shape(offsets), "skipped",
                           offsets_shape(skipped));
    }
    swarmlet_offsets_free(offsets);
    swarmlet_offsets_free(skipped);
    return answer;
}

json_t *perform_stream(call *call) {
    handle *stream = borrow(call, SORT_STREAM);
    if (stream == NULL) {
        return NULL;
    }
    if (strcmp(call->op, "position") == 0) {
        return position(call, stream->cursor);
    }
    if (strcmp(call->op, "cancel") == 0) {
        return done(call, swarmlet_cursor_cancel(stream->cursor)) ? json_null() : NULL;
    }
    return read_some(call, stream);
}

json_t *read_all(call *call, swarmlet_cursor *cursor, bool shows_all) {
    harvest harvest = {json_array(), shows_all, false, 0};
    if (!shows_all || done(call, swarmlet_cursor_show_all(cursor))) {
        while (is_fine(call) && !harvest.is_ended) {
            pull(call, &harvest, cursor, CHUNK, -1);
        }
    }
    swarmlet_cursor_free(cursor);
    if (!is_fine(call)) {
        json_decref(harvest.found);
        return NULL;
    }
    return harvest.found;
}
