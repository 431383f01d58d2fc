/* Two devices in one swarm, each a process with a folder of its own.
 *
 * The first one founds the swarm, prints an invite, and counts the parts that the other one
 * reports:
 *
 *     two_devices found FOLDER
 *     two_devices join FOLDER INVITE
 *
 * Started again without an invite (`join FOLDER`), the second one goes on where it was. The same
 * program is there in Rust and Python: each can be either of the two.
 */

#include <stdio.h>
#include <string.h>
#include <swarmlet.h>

#define WAIT_MS 30000

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, swarmlet_last_error_message());
    return 1;
}

static swarmlet_node *opened(const char *folder, const char *app_id) {
    swarmlet_options options = swarmlet_options_init();
    swarmlet_node *node = NULL;
    options.app_id = swarmlet_text_of(app_id);
    if (swarmlet_node_open(swarmlet_text_of(folder), &options, &node) != SWARMLET_STATUS_OK) {
        failed("cannot open the node");
    }
    return node;
}

/* Founds the swarm unless this node is in one, and shows what the other device needs. */
static int found(const swarmlet_node *node) {
    char *swarm = NULL;
    if (swarmlet_swarm_id(node, &swarm) != SWARMLET_STATUS_OK) {
        return failed("cannot ask for the swarm");
    }
    if (swarm != NULL) {
        swarmlet_string_free(swarm);
        return 0;
    }
    swarmlet_founded *founded = NULL;
    char *invite = NULL;
    if (swarmlet_swarm_create(node, swarmlet_text_of("plant"), swarmlet_text_of("dashboard"),
                              &founded) != SWARMLET_STATUS_OK) {
        return failed("cannot found a swarm");
    }
    printf("root key, for the safe: %s\n", founded->root_key.data);
    swarmlet_founded_free(founded);
    if (swarmlet_swarm_invite(node, NULL, &invite) != SWARMLET_STATUS_OK) {
        return failed("cannot invite");
    }
    printf("invite: %s\n", invite);
    fflush(stdout);
    swarmlet_string_free(invite);
    return 0;
}

/* The first device: lets the other one in, and follows what it reports. */
static int count_parts(const swarmlet_node *node) {
    swarmlet_text aql = swarmlet_text_of("FROM 'part' SELECT _.number");
    swarmlet_cursor *parts = NULL;
    const swarmlet_batch *batch = NULL;
    swarmlet_status status = SWARMLET_STATUS_OK;
    if (found(node) != 0) {
        return 1;
    }
    if (swarmlet_node_subscribe(node, aql, NULL, &parts) != SWARMLET_STATUS_OK) {
        return failed("cannot follow the parts");
    }
    while ((status = swarmlet_cursor_next(parts, 256, -1, &batch)) == SWARMLET_STATUS_OK) {
        for (size_t index = 0; index < batch->count; index++) {
            swarmlet_text number;
            if (swarmlet_batch_json(batch, index, &number) == SWARMLET_STATUS_OK) {
                printf("part %s\n", number.data);
            }
        }
        fflush(stdout);
        swarmlet_batch_free(batch);
    }
    swarmlet_cursor_free(parts);
    return status == SWARMLET_STATUS_END ? 0 : failed("cannot follow the parts");
}

/* The second device: joins, and reports ten parts. Offline, it would publish all the same. */
static int report_parts(const swarmlet_node *node, const char *invite) {
    swarmlet_text tags[] = {swarmlet_text_of("part"), swarmlet_text_of("press:7")};
    char json[32];
    if (invite != NULL
        && swarmlet_swarm_join(node, swarmlet_text_of(invite), swarmlet_text_of("press-7"), WAIT_MS)
               != SWARMLET_STATUS_OK) {
        return failed("cannot join");
    }
    for (int number = 1; number <= 10; number++) {
        snprintf(json, sizeof json, "{\"number\":%d}", number);
        swarmlet_new_event part = {tags, 2, SWARMLET_PAYLOAD_FORMAT_JSON, swarmlet_bytes_of(json)};
        if (swarmlet_node_publish(node, &part, 1, NULL) != SWARMLET_STATUS_OK) {
            return failed("cannot publish");
        }
    }
    swarmlet_swarm_status *status = NULL;
    if (swarmlet_swarm_wait_in_sync(node, WAIT_MS) != SWARMLET_STATUS_OK
        || swarmlet_swarm_status_now(node, &status) != SWARMLET_STATUS_OK) {
        return failed("not in sync");
    }
    for (size_t index = 0; index < status->peer_count; index++) {
        const swarmlet_peer *peer = &status->peers[index];
        printf("in sync with %s at %s\n", peer->node.data, peer->address.data);
    }
    swarmlet_swarm_status_free(status);
    return 0;
}

int main(int count, char **arguments) {
    int is_first = count == 3 && strcmp(arguments[1], "found") == 0;
    int is_second = (count == 3 || count == 4) && strcmp(arguments[1], "join") == 0;
    if (!is_first && !is_second) {
        fprintf(stderr, "say `found FOLDER` or `join FOLDER [INVITE]`\n");
        return 2;
    }
    const char *app_id = is_first ? "com.example.dashboard" : "com.example.press";
    swarmlet_node *node = opened(arguments[2], app_id);
    if (node == NULL) {
        return 1;
    }
    const char *invite = count == 4 ? arguments[3] : NULL;
    int result = is_first ? count_parts(node) : report_parts(node, invite);
    if (swarmlet_node_close(node, -1) != SWARMLET_STATUS_OK) {
        result = failed("cannot close the node");
    }
    swarmlet_node_free(node);
    return result;
}
