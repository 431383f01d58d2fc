/* What the library answers, as the protocol has it. NULL is no answer, for what has no shape. */

#ifndef SHAPES_H
#define SHAPES_H

#include <jansson.h>

#include "swarmlet.h"

json_t *text_shape(swarmlet_text text);
/* Frees the text. */
json_t *string_shape(char *text);
json_t *error_shape(const swarmlet_error *error, swarmlet_text operation);
json_t *offsets_shape(const swarmlet_offsets *offsets);
json_t *offsets_state_shape(const swarmlet_offsets_state *state);
json_t *published_shape(const swarmlet_published *published);
json_t *row_shape(const swarmlet_output *output);
json_t *output_shape(const swarmlet_output *output);
json_t *explanation_shape(const swarmlet_explanation *explanation);
json_t *streams_shape(const swarmlet_streams *streams);
json_t *metrics_shape(const swarmlet_metrics *metrics);
json_t *status_shape(const swarmlet_swarm_status *status);
json_t *pending_shape(const swarmlet_pending *pending);
json_t *bytes_shape(const uint8_t *bytes, size_t len);
json_t *blob_shape(const swarmlet_blob_info *info);
json_t *blob_stat_shape(const swarmlet_blob_stat *stat);
json_t *members_shape(const swarmlet_members *members);

#endif
