/* Payloads as the library gives them, in the notation of the protocol. */

#ifndef DECODE_H
#define DECODE_H

#include <jansson.h>

#include "swarmlet.h"

/* What CBOR says; NULL if it cannot be understood. */
json_t *decode(swarmlet_bytes cbor);

#endif
