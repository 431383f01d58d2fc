/* One request while it is worked on: its arguments, what became of it, and what it has to free. */

#ifndef CALL_H
#define CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "swarmlet.h"

struct handle;

/* Why there is no answer; the first reason stays. */
typedef enum {
    TROUBLE_NONE,
    /* The library refused, with an error. */
    TROUBLE_ERROR,
    /* The types of C do not allow to say this. */
    TROUBLE_REFUSED,
    /* The driver does not know what to do. */
    TROUBLE_BROKEN,
} trouble_kind;

typedef struct {
    const char *op;
    const json_t *args;
    trouble_kind kind;
    /* An error as the protocol has it, or a text. */
    json_t *trouble;
    /* What this call uses, given back at its end. */
    struct handle *borrowed;
    /* Memory that lives until its end, and offsets. */
    void **blocks;
    size_t block_count;
    swarmlet_offsets *offsets[3];
    size_t offsets_count;
} call;

/* Zeroed memory that is freed at the end of the call. */
void *allot(call *call, size_t count, size_t size);

/* Offsets that are freed at the end of the call. */
swarmlet_offsets *allot_offsets(call *call);

/* Whether all went well so far. */
static inline bool is_fine(const call *call) {
    return call->kind == TROUBLE_NONE;
}

/* Notes what the last error of this thread says, unless the status is good. */
bool done(call *call, swarmlet_status status);

/* Likewise, where a value was made for the operation, and not the operation called: the error has
 * to name the call that makes it, and is one of the operation that it was made for. */
bool made(call *call, const char *maker, swarmlet_status status);

/* A value that C cannot give to the library. */
void refuse(call *call, const char *wanted, const json_t *found);

/* Something that the driver does not understand. */
void break_off(call *call, const char *why, const char *what);

/* Frees everything that belongs to the call. */
void finish(call *call);

/* Memory, or the end of the program. */
void *checked(void *memory);

#endif
