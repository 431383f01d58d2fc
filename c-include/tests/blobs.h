/* What the tests of blobs share: a film, which they store and read. */

#ifndef BLOBS_H
#define BLOBS_H

#include "check.h"

#define FILM_BYTES 300000

/* What b3sum prints of nothing. */
#define NOTHING "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"

static uint8_t film[FILM_BYTES];

static inline swarmlet_bytes film_from(size_t start) {
    swarmlet_bytes bytes = {film + start, sizeof film - start};
    return bytes;
}

static inline swarmlet_blob_info *stored(const swarmlet_node *node,
                                         const swarmlet_put_options *options) {
    swarmlet_blob_info *info = NULL;
    OK(swarmlet_blobs_put(node, film_from(0), options, &info));
    CHECK(info->size == sizeof film && info->id.len == 64);
    return info;
}

static inline swarmlet_blob_reader *reader_of(const swarmlet_node *node, swarmlet_text id) {
    swarmlet_blob_reader *reader = NULL;
    OK(swarmlet_blobs_get(node, id, 0, 0, &reader));
    return reader;
}

/* To be called first. */
static inline void make_film(void) {
    for (size_t index = 0; index < sizeof film; index++) {
        film[index] = (uint8_t)(index * 7919 >> 5);
    }
}

#endif
