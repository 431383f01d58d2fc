/* What is open, by the names that the suite gives. */

#ifndef HANDLES_H
#define HANDLES_H

#include "call.h"

/* Each sort has names of its own. */
typedef enum { SORT_NODE, SORT_STREAM, SORT_CHANGES } sort;

/* Something open. It is freed when neither a name nor a call has it any more. */
typedef struct handle {
    struct handle *next;
    sort sort;
    /* NULL if another one has the name now. */
    char *name;
    size_t owners;
    /* The one that is meant by the sort; the others are NULL. */
    swarmlet_node *node;
    swarmlet_cursor *cursor;
    swarmlet_changes *changes;
    /* Whether outputs of all sorts were asked for. */
    bool shows_all;
} handle;

/* Keeps a handle under the name that is the argument `as`, in place of what had it. */
void keep(call *call, handle made);

/* The handle that is named by an argument, or NULL with trouble; the call gives it back. */
handle *borrow(call *call, sort sort);

void give_back(handle *handle);

/* An operation of the suite on a node. */
typedef struct {
    const char *name;
    json_t *(*work)(call *call, const swarmlet_node *node);
} node_operation;

/* Does the operation that the request names, with the node that it names. */
json_t *perform_on_node(call *call, const node_operation *operations, size_t count);

/* Has outputs of all sorts come from a stream, once. */
void show_all(call *call, handle *handle);

/* Closes everything and forgets it. */
void reset(void);

#endif
