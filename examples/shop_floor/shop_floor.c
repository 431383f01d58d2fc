/* A shop floor: a machine reports parts, a tablet confirms complete orders, a dashboard counts.
 * Each is a process with a folder of its own:
 *
 *     shop_floor dashboard FOLDER
 *     shop_floor machine FOLDER INVITE
 *     shop_floor tablet FOLDER INVITE
 *
 * The dashboard founds the swarm, prints the invite for the other two, and goes on until somebody
 * stops it. The same program is there in the other languages, and any can be any of the three.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <swarmlet.h>

#define FIRST_ORDER 4711
#define ORDERS 3
#define PARTS 4
#define PATIENCE_MS 60000
#define ROWS_MAX 256

/* What is known of an order. */
typedef struct {
    unsigned parts;
    bool is_confirmed;
} order;

static void must(swarmlet_status status, const char *what) {
    if (status != SWARMLET_STATUS_OK) {
        fprintf(stderr, "cannot %s: %s\n", what, swarmlet_last_error_message());
        exit(1);
    }
}

static swarmlet_node *opened(const char *folder, const char *app_id) {
    swarmlet_options options = swarmlet_options_init();
    swarmlet_node *node = NULL;
    options.app_id = swarmlet_text_of(app_id);
    must(swarmlet_node_open(swarmlet_text_of(folder), &options, &node), "open");
    return node;
}

static void closed(swarmlet_node *node) {
    must(swarmlet_swarm_wait_in_sync(node, PATIENCE_MS), "get in sync");
    must(swarmlet_node_close(node, PATIENCE_MS), "close");
    swarmlet_node_free(node);
}

static void join(const swarmlet_node *node, const char *invite, const char *name) {
    swarmlet_text token = swarmlet_text_of(invite);
    must(swarmlet_swarm_join(node, token, swarmlet_text_of(name), PATIENCE_MS), "join");
}

static void publish(const swarmlet_node *node, const swarmlet_text *tags, size_t tag_count,
                    const char *json) {
    swarmlet_new_event event = {tags, tag_count, SWARMLET_PAYLOAD_FORMAT_JSON,
                                swarmlet_bytes_of(json)};
    must(swarmlet_node_publish(node, &event, 1, NULL), "publish");
}

static bool has_tag(const swarmlet_output *row, const char *wanted) {
    for (size_t index = 0; index < row->tag_count; index++) {
        if (strcmp(row->tags[index].data, wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* The order that a row is about. */
static order *order_of(order *orders, const swarmlet_batch *batch, size_t index,
                       unsigned long *number) {
    swarmlet_text json;
    must(swarmlet_batch_json(batch, index, &json), "read");
    *number = strtoul(json.data, NULL, 10);
    if (*number < FIRST_ORDER || *number >= FIRST_ORDER + ORDERS) {
        fprintf(stderr, "nobody ordered %s\n", json.data);
        exit(1);
    }
    return &orders[*number - FIRST_ORDER];
}

/* Counts parts, and shows each order that has all of them and is confirmed. */
static void count(const char *folder) {
    swarmlet_node *node = opened(folder, "com.example.dashboard");
    swarmlet_founded *founded = NULL;
    swarmlet_terms terms = swarmlet_terms_init();
    char *invite = NULL;
    terms.uses = 2;
    must(swarmlet_swarm_create(node, swarmlet_text_of("shop floor"), swarmlet_text_of("dashboard"),
                               &founded),
         "found a swarm");
    swarmlet_founded_free(founded);
    must(swarmlet_swarm_invite(node, &terms, &invite), "invite");
    printf("invite: %s\n", invite);
    fflush(stdout);
    swarmlet_string_free(invite);

    /* The two devices need not be heard in the order in which they did things. */
    order orders[ORDERS] = {{0, false}};
    swarmlet_text aql = swarmlet_text_of("FROM 'part' | 'confirmed' SELECT _.order");
    swarmlet_cursor *rows = NULL;
    const swarmlet_batch *batch = NULL;
    must(swarmlet_node_subscribe(node, aql, NULL, &rows), "subscribe");
    swarmlet_status status = SWARMLET_STATUS_OK;
    while ((status = swarmlet_cursor_next(rows, ROWS_MAX, -1, &batch)) == SWARMLET_STATUS_OK) {
        for (size_t index = 0; index < batch->count; index++) {
            unsigned long number = 0;
            order *known = order_of(orders, batch, index, &number);
            if (has_tag(&batch->items[index], "part")) {
                known->parts++;
            } else {
                known->is_confirmed = true;
            }
            if (known->parts == PARTS && known->is_confirmed) {
                printf("order %lu: %u parts, confirmed\n", number, known->parts);
                fflush(stdout);
            }
        }
        swarmlet_batch_free(batch);
    }
    if (status != SWARMLET_STATUS_END) {
        must(status, "read");
    }
    swarmlet_cursor_free(rows);
    swarmlet_node_free(node);
}

/* Makes the parts of all orders. Offline, it would report all the same. */
static void report(const char *folder, const char *invite) {
    swarmlet_node *node = opened(folder, "com.example.press");
    join(node, invite, "press-7");
    for (int number = FIRST_ORDER; number < FIRST_ORDER + ORDERS; number++) {
        for (int part = 1; part <= PARTS; part++) {
            char tag[32];
            char json[64];
            snprintf(tag, sizeof tag, "order:%d", number);
            snprintf(json, sizeof json, "{\"order\":%d,\"number\":%d}", number, part);
            swarmlet_text tags[] = {swarmlet_text_of("part"), swarmlet_text_of("press:7"),
                                    swarmlet_text_of(tag)};
            publish(node, tags, 3, json);
        }
    }
    closed(node);
}

/* Confirms each order when all its parts have been reported. */
static void confirm(const char *folder, const char *invite) {
    swarmlet_node *node = opened(folder, "com.example.tablet");
    join(node, invite, "tablet-1");
    order orders[ORDERS] = {{0, false}};
    unsigned missing = ORDERS;
    swarmlet_cursor *parts = NULL;
    swarmlet_text aql = swarmlet_text_of("FROM 'part' SELECT _.order");
    must(swarmlet_node_subscribe(node, aql, NULL, &parts), "subscribe");
    while (missing > 0) {
        const swarmlet_batch *batch = NULL;
        must(swarmlet_cursor_next(parts, ROWS_MAX, PATIENCE_MS, &batch), "wait for parts");
        for (size_t index = 0; index < batch->count; index++) {
            unsigned long number = 0;
            if (++order_of(orders, batch, index, &number)->parts == PARTS) {
                char tag[32];
                char json[64];
                snprintf(tag, sizeof tag, "order:%lu", number);
                snprintf(json, sizeof json, "{\"order\":%lu,\"parts\":%d}", number, PARTS);
                swarmlet_text tags[] = {swarmlet_text_of("confirmed"), swarmlet_text_of(tag)};
                publish(node, tags, 2, json);
                missing--;
            }
        }
        swarmlet_batch_free(batch);
    }
    swarmlet_cursor_free(parts);
    closed(node);
}

int main(int words, char **arguments) {
    if (words == 3 && strcmp(arguments[1], "dashboard") == 0) {
        count(arguments[2]);
    } else if (words == 4 && strcmp(arguments[1], "machine") == 0) {
        report(arguments[2], arguments[3]);
    } else if (words == 4 && strcmp(arguments[1], "tablet") == 0) {
        confirm(arguments[2], arguments[3]);
    } else {
        fprintf(stderr, "say `dashboard FOLDER`, `machine FOLDER INVITE` or "
                        "`tablet FOLDER INVITE`\n");
        return 1;
    }
    return 0;
}
