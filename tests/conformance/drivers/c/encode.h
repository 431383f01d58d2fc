/* Payloads in the notation of the protocol, as the library takes them. */

#ifndef ENCODE_H
#define ENCODE_H

#include "call.h"

/* A payload in a format that can say it: JSON where that is enough, so that both are used. */
typedef struct {
    swarmlet_payload_format format;
    swarmlet_bytes bytes;
} payload;

payload encode(call *call, const json_t *value);

/* Any payload in CBOR. */
swarmlet_bytes encode_cbor(call *call, const json_t *value);

#endif
