/* The arguments of a request, each taken as the type that the library wants. */

#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "call.h"

/* The argument of that name, NULL if it was not given. */
const json_t *given(const call *call, const char *name);

/* The name of a handle: a text without zeros. */
const char *name_argument(call *call, const char *name);

swarmlet_text text_argument(call *call, const char *name);
uint64_t number_argument(call *call, const char *name);
/* Bytes, which the notation has as digits. */
swarmlet_bytes bytes_argument(call *call, const char *name);
/* A time to wait, in milliseconds. */
int64_t timeout_argument(call *call);

/* A value as a type of C; a refusal if it is of another. */
swarmlet_text text_of(call *call, const json_t *value);
uint64_t number_of(call *call, const json_t *value);

/* The events of `publish_many`. */
const swarmlet_new_event *events_argument(call *call, size_t *count);
/* The event of `publish`. */
swarmlet_new_event event_argument(call *call);

swarmlet_options options_argument(call *call);
swarmlet_query_options query_argument(call *call);
swarmlet_subscribe_options subscribe_argument(call *call);
swarmlet_put_options put_argument(call *call);
swarmlet_terms terms_argument(call *call);

#endif
