/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an image says of itself, as JSON: the configuration of OCI's image specification (config.md: `created`,
 * `config`, `history`), and what Docker and Podman make of it in ImageInspect (the same, in other letters). Pure; what
 * is missing or of another type than it should be stays unknown.
 */
#ifndef PLM_RUNTIME_IMAGE_CONFIG_H
#define PLM_RUNTIME_IMAGE_CONFIG_H

#include <jansson.h>

#include "container/facts.h"

/* Adds user, entry point and command, ports, labels, time and history. 0 or -ENOMEM. */
int image_config_fill(const json_t *document, struct image_facts *image);

/* Adds what each layer was made by, of a list in either order; long ones are cut to FACT_MAX. 0 or -ENOMEM. */
int image_history_fill(const json_t *history, bool newest_first, struct image_facts *image);

/* Adds every string of an object by its key. 0 or -ENOMEM. */
int labels_add_json(struct label_list *labels, const json_t *object);

#endif
