/* SPDX-License-Identifier: Apache-2.0 */
/* An alert as interfaces.md promises it: one JSON object a line. */
#ifndef PLM_OUTPUT_JSON_H
#define PLM_OUTPUT_JSON_H

#include "output/alert.h"
#include "output/buffer.h"

/* What is the same for every alert. Strings belong to the caller; NULL: unknown. */
struct output_context {
	const char *host_name;
	const char *cluster_name;
};

/*
 * Appends the object and an end of line. 0, or the buffer's error (-ENOMEM, -EMSGSIZE): then the buffer is as
 * it was before.
 */
int alert_to_json(const struct alert *alert, const struct output_context *context, struct buffer *line);

/* The paths of its fields, by number: NULL behind the last. */
const char *alert_field(size_t index);

#endif
