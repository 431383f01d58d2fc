/* Stores blobs, reads them, and says what is known of them. */

#include "blobs.h"

#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "encode.h"
#include "handles.h"
#include "shapes.h"

#define BYTES_MAX (1024 * 1024)

static json_t *put(call *call, const swarmlet_node *node) {
    swarmlet_bytes content = bytes_argument(call, "content");
    swarmlet_put_options options = put_argument(call);
    swarmlet_blob_info *info = NULL;
    if (!is_fine(call) || !done(call, swarmlet_blobs_put(node, content, &options, &info))) {
        return NULL;
    }
    json_t *answer = blob_shape(info);
    swarmlet_blob_info_free(info);
    return answer;
}

static json_t *get(call *call, const swarmlet_node *node) {
    swarmlet_text id = text_argument(call, "id");
    uint64_t start = given(call, "start") == NULL ? 0 : number_argument(call, "start");
    uint64_t end = given(call, "end") == NULL ? 0 : number_argument(call, "end");
    int64_t timeout = timeout_argument(call);
    uint8_t *buffer = allot(call, BYTES_MAX, 1);
    swarmlet_blob_reader *reader = NULL;
    size_t len = 0;
    if (!is_fine(call) || !done(call, swarmlet_blobs_get(node, id, start, end, &reader))) {
        return NULL;
    }
    bool is_read
        = done(call, swarmlet_blob_reader_read(reader, buffer, BYTES_MAX, timeout, &len));
    swarmlet_blob_reader_free(reader);
    return is_read ? bytes_shape(buffer, len) : NULL;
}

static json_t *stat_of(call *call, const swarmlet_node *node) {
    swarmlet_text id = text_argument(call, "id");
    swarmlet_blob_stat *stat = NULL;
    if (!is_fine(call) || !done(call, swarmlet_blobs_stat(node, id, &stat))) {
        return NULL;
    }
    json_t *answer = blob_stat_shape(stat);
    swarmlet_blob_stat_free(stat);
    return answer;
}

static json_t *list(call *call, const swarmlet_node *node) {
    swarmlet_blob_records *records = NULL;
    swarmlet_blob_batch *batch = NULL;
    if (!done(call, swarmlet_blobs_list(node, &records))) {
        return NULL;
    }
    json_t *answer = json_array();
    swarmlet_status status;
    while ((status = swarmlet_blob_records_next(records, 256, -1, &batch)) == SWARMLET_STATUS_OK) {
        for (size_t index = 0; index < batch->count; index++) {
            json_array_append_new(answer, blob_shape(batch->items[index].info));
        }
        swarmlet_blob_batch_free(batch);
    }
    bool is_whole = status == SWARMLET_STATUS_END || done(call, status);
    swarmlet_blob_records_free(records);
    if (!is_whole) {
        json_decref(answer);
        return NULL;
    }
    return answer;
}

static json_t *delete_blob(call *call, const swarmlet_node *node) {
    swarmlet_text id = text_argument(call, "id");
    uint64_t left = 0;
    if (!is_fine(call) || !done(call, swarmlet_blobs_delete(node, id, &left))) {
        return NULL;
    }
    return json_integer((json_int_t)left);
}

json_t *perform_blobs(call *call) {
    static const node_operation operations[] = {
        {"blobs.put", put},
        {"blobs.get", get},
        {"blobs.stat", stat_of},
        {"blobs.list", list},
        {"blobs.delete", delete_blob},
    };
    return perform_on_node(call, operations, sizeof operations / sizeof *operations);
}
