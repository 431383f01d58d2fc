/* Operations on nodes. */

#ifndef NODES_H
#define NODES_H

#include "call.h"

/* The answer, or NULL with trouble. */
json_t *perform_node(call *call);

#endif
