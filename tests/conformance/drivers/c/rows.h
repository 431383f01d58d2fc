/* Operations on streams of results. */

#ifndef ROWS_H
#define ROWS_H

#include "call.h"

/* The answer, or NULL with trouble. */
json_t *perform_stream(call *call);

/* All rows of a cursor to its end, or all outputs; frees the cursor. */
json_t *read_all(call *call, swarmlet_cursor *cursor, bool shows_all);

#endif
