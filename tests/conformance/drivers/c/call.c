/* What became of a call, and what belongs to it. */

#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handles.h"
#include "shapes.h"

void *checked(void *memory) {
    if (memory == NULL) {
        fputs("no memory\n", stderr);
        abort();
    }
    return memory;
}

void *allot(call *call, size_t count, size_t size) {
    void *block = checked(calloc(count == 0 ? 1 : count, size));
    size_t bytes = (call->block_count + 1) * sizeof *call->blocks;
    call->blocks = checked(realloc(call->blocks, bytes));
    call->blocks[call->block_count++] = block;
    return block;
}

swarmlet_offsets *allot_offsets(call *call) {
    if (call->offsets_count == sizeof call->offsets / sizeof *call->offsets) {
        break_off(call, "more offsets than a call takes", call->op);
        return NULL;
    }
    swarmlet_offsets *offsets = checked(swarmlet_offsets_new());
    call->offsets[call->offsets_count++] = offsets;
    return offsets;
}

static void note(call *call, trouble_kind kind, json_t *trouble) {
    if (is_fine(call)) {
        call->kind = kind;
        call->trouble = trouble;
    } else {
        json_decref(trouble);
    }
}

/* The error that belongs to a status; NULL, with trouble, if the library has none. */
static const swarmlet_error *error_of(call *call, swarmlet_status status) {
    const swarmlet_error *error = swarmlet_last_error();
    if (error == NULL || error->status != status) {
        break_off(call, "a status without its error", swarmlet_status_name(status));
        return NULL;
    }
    return error;
}

static bool is_named(swarmlet_text text, const char *name) {
    return text.len == strlen(name) && memcmp(text.data, name, text.len) == 0;
}

bool done(call *call, swarmlet_status status) {
    const swarmlet_error *error = status == SWARMLET_STATUS_OK ? NULL : error_of(call, status);
    if (error != NULL) {
        note(call, TROUBLE_ERROR, error_shape(error, error->operation));
    }
    return is_fine(call);
}

bool made(call *call, const char *maker, swarmlet_status status) {
    const swarmlet_error *error = status == SWARMLET_STATUS_OK ? NULL : error_of(call, status);
    if (error != NULL && !is_named(error->operation, maker)) {
        break_off(call, "an error of another operation than", maker);
    } else if (error != NULL) {
        note(call, TROUBLE_ERROR, error_shape(error, swarmlet_text_of(call->op)));
    }
    return is_fine(call);
}

void refuse(call *call, const char *wanted, const json_t *found) {
    char why[200];
    char *text = found == NULL ? NULL : json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY);
    /* Only as much as is plain, so that no character is cut. */
    size_t len = 0;
    while (text != NULL && len < 80 && text[len] >= ' ' && text[len] <= '~') {
        len++;
    }
    snprintf(why, sizeof why, "C takes %s, not %.*s", wanted, (int)len, text == NULL ? "" : text);
    free(text);
    note(call, TROUBLE_REFUSED, json_string(why));
}

void break_off(call *call, const char *why, const char *what) {
    note(call, TROUBLE_BROKEN, json_sprintf("%s: %s", why, what));
}

void finish(call *call) {
    if (call->borrowed != NULL) {
        give_back(call->borrowed);
    }
    for (size_t index = 0; index < call->offsets_count; index++) {
        swarmlet_offsets_free(call->offsets[index]);
    }
    for (size_t index = 0; index < call->block_count; index++) {
        free(call->blocks[index]);
    }
    free(call->blocks);
    json_decref(call->trouble);
}
