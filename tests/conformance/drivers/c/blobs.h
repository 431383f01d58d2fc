/* Operations on blobs. */

#ifndef BLOBS_H
#define BLOBS_H

#include "call.h"

/* The answer, or NULL with trouble. */
json_t *perform_blobs(call *call);

#endif
