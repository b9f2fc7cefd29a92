/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files that read Docker's data root share (storage_docker.c says how it is laid out). */
#ifndef PLM_RUNTIME_STORAGE_DOCKER_H
#define PLM_RUNTIME_STORAGE_DOCKER_H

#include "runtime/storage.h"

#define DOCKER_IMAGES       "image/overlay2/imagedb/content/sha256"
#define DOCKER_REPOSITORIES "image/overlay2/repositories.json"
#define DOCKER_LINE_SIZE    256

/* The configuration of an image, by "sha256:...". As store_json; -ENOENT for what is no id. */
int docker_config_read(int root, const char *id, json_t **ret_config);

/* A file of one line about the layers of that chain id: "diff", "parent", "cache-id". 0, -EBADMSG where the line is longer,
 * or as store_text. */
int docker_layer_read(int root, const char *hex, const char *what, char ret_line[static DOCKER_LINE_SIZE]);

/* What is known of the image of that id; a name only where there is none yet, and one alone. 0, -ENOMEM or -ECANCELED. */
int docker_image_fill(int root, const char *id, struct container_facts *facts);

/* store_ops.image */
int docker_image_find(const struct store_place *place, const char *word, struct stored_image *image);

#endif
