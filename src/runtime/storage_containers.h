/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files that read the data root of containers/storage share (storage_containers.c says how it is laid out). */
#ifndef PLM_RUNTIME_STORAGE_CONTAINERS_H
#define PLM_RUNTIME_STORAGE_CONTAINERS_H

#include "runtime/storage.h"

#define CONTAINERS_IMAGES "overlay-images"
#define CONTAINERS_LAYERS "overlay-layers"

/* What is known of an image, an entry of images.json; a name only where there is none yet, and one alone. 0 or -ENOMEM. */
int containers_image_fill(int root, const json_t *image, struct container_facts *facts);

/* store_ops.image */
int containers_image_find(const struct store_place *place, const char *word, struct stored_image *image);

#endif
