/* Operations on swarms, and on changes of their status. */

#ifndef SWARMS_H
#define SWARMS_H

#include "call.h"

/* The answer, or NULL with trouble. */
json_t *perform_swarm(call *call);
json_t *perform_changes(call *call);

#endif
