/* The start of the README: publish, query, subscribe.
 *
 *     cc press.c $(pkg-config --cflags --libs swarmlet) && ./a.out
 */

#include <stdio.h>
#include <swarmlet.h>

static int failed(void) {
    fprintf(stderr, "%s\n", swarmlet_last_error_message());
    return 1;
}

int main(void) {
    swarmlet_options options = swarmlet_options_init();
    options.app_id = swarmlet_text_of("com.example.press");
    swarmlet_node *node = NULL;
    if (swarmlet_node_open(swarmlet_text_of("press-7"), &options, &node) != SWARMLET_STATUS_OK) {
        return failed();
    }

    /* The event is on the disk, synced, when this returns. */
    swarmlet_text tags[] = {swarmlet_text_of("press:7"), swarmlet_text_of("stopped")};
    swarmlet_new_event event = {tags, 2, SWARMLET_PAYLOAD_FORMAT_JSON,
                                swarmlet_bytes_of("{\"reason\": \"jam\"}")};
    if (swarmlet_node_publish(node, &event, 1, NULL) != SWARMLET_STATUS_OK) {
        return failed();
    }

    /* What has happened so far. */
    swarmlet_text aql = swarmlet_text_of("FROM 'press:7' & 'stopped'");
    swarmlet_cursor *past = NULL;
    const swarmlet_batch *rows = NULL;
    if (swarmlet_node_query(node, aql, NULL, &past) != SWARMLET_STATUS_OK) {
        return failed();
    }
    while (swarmlet_cursor_next(past, 256, -1, &rows) == SWARMLET_STATUS_OK) {
        for (size_t index = 0; index < rows->count; index++) {
            swarmlet_text json;
            if (swarmlet_batch_json(rows, index, &json) == SWARMLET_STATUS_OK) {
                printf("stopped: %s\n", json.data);
            }
        }
        swarmlet_batch_free(rows);
    }
    swarmlet_cursor_free(past);

    /* What has happened and then what happens: nothing is missed in between. */
    swarmlet_cursor *live = NULL;
    if (swarmlet_node_subscribe(node, aql, NULL, &live) != SWARMLET_STATUS_OK) {
        return failed();
    }
    if (swarmlet_cursor_next(live, 256, 10000, &rows) == SWARMLET_STATUS_OK) {
        printf("%zu events\n", rows->count);
        swarmlet_batch_free(rows);
    }
    swarmlet_cursor_free(live);

    swarmlet_status status = swarmlet_node_close(node, -1);
    swarmlet_node_free(node);
    return status == SWARMLET_STATUS_OK ? 0 : failed();
}
