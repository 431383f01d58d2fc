/* The list of what is open. */

#include "handles.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

/* The argument that names a handle of each sort. */
static const char *const ARGUMENT[] = {"node", "stream", "changes"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static handle *all;

/* The place in the list where the named handle is; the lock is held. */
static handle **find(sort sort, const char *name) {
    handle **place = &all;
    while (*place != NULL) {
        handle *found = *place;
        if (found->sort == sort && found->name != NULL && strcmp(found->name, name) == 0) {
            break;
        }
        place = &found->next;
    }
    return place;
}

void keep(call *call, handle made) {
    const char *name = name_argument(call, "as");
    handle *kept = checked(malloc(sizeof *kept));
    handle *replaced = NULL;
    *kept = made;
    kept->owners = 1;
    /* Without a name it is kept until all is closed. */
    kept->name = name == NULL ? NULL : checked(strdup(name));
    pthread_mutex_lock(&lock);
    handle **place = name == NULL ? NULL : find(made.sort, name);
    if (place != NULL && *place != NULL) {
        replaced = *place;
        free(replaced->name);
        replaced->name = NULL;
        /* Nodes are closed at the end, as an app would. */
        if (made.sort == SORT_NODE) {
            replaced = NULL;
        } else {
            *place = replaced->next;
        }
    }
    kept->next = all;
    all = kept;
    pthread_mutex_unlock(&lock);
    if (replaced != NULL) {
        give_back(replaced);
    }
}

handle *borrow(call *call, sort sort) {
    const char *name = name_argument(call, ARGUMENT[sort]);
    if (name == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&lock);
    handle *found = *find(sort, name);
    if (found != NULL) {
        found->owners++;
    }
    pthread_mutex_unlock(&lock);
    if (found == NULL) {
        break_off(call, "nothing is open as", name);
    }
    call->borrowed = found;
    return found;
}

void give_back(handle *handle) {
    pthread_mutex_lock(&lock);
    bool is_last = --handle->owners == 0;
    pthread_mutex_unlock(&lock);
    if (is_last) {
        swarmlet_cursor_free(handle->cursor);
        swarmlet_changes_free(handle->changes);
        swarmlet_node_free(handle->node);
        free(handle->name);
        free(handle);
    }
}

json_t *perform_on_node(call *call, const node_operation *operations, size_t count) {
    for (size_t index = 0; index < count; index++) {
        if (strcmp(operations[index].name, call->op) == 0) {
            const handle *node = borrow(call, SORT_NODE);
            return node == NULL ? NULL : operations[index].work(call, node->node);
        }
    }
    break_off(call, "there is no operation", call->op);
    return NULL;
}

void show_all(call *call, handle *handle) {
    pthread_mutex_lock(&lock);
    bool is_first = !handle->shows_all;
    handle->shows_all = true;
    swarmlet_status status = SWARMLET_STATUS_OK;
    if (is_first) {
        status = swarmlet_cursor_show_all(handle->cursor);
    }
    pthread_mutex_unlock(&lock);
    done(call, status);
}

void reset(void) {
    pthread_mutex_lock(&lock);
    handle *open = all;
    all = NULL;
    pthread_mutex_unlock(&lock);
    for (handle *each = open; each != NULL; each = each->next) {
        if (each->sort == SORT_STREAM) {
            swarmlet_cursor_cancel(each->cursor);
        } else if (each->sort == SORT_CHANGES) {
            swarmlet_changes_cancel(each->changes);
        }
    }
    for (handle *each = open; each != NULL; each = each->next) {
        if (each->sort == SORT_NODE && swarmlet_node_close(each->node, -1) != SWARMLET_STATUS_OK) {
            /* What closing fails with was a matter of the scenario. */
            fprintf(stderr, "%s\n", swarmlet_last_error_message());
        }
    }
    while (open != NULL) {
        handle *next = open->next;
        give_back(open);
        open = next;
    }
}
