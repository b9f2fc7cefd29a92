/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a copied-up file still, byte for byte, what the image has at that path? Size and times do not tell: a container
 * can set them. Contents are compared, once for each change (upper inode and its change time), and the answer is
 * kept: SAME_MAX answers, the oldest goes.
 */
#ifndef PLM_IMAGE_SAME_H
#define PLM_IMAGE_SAME_H

#include <stdbool.h>
#include <stdint.h>

#include "image/rootfs.h"

#define SAME_MAX       256
#define SAME_BYTES_MAX (32u << 20) /* of a larger file it is not known: false */

struct same;

struct same *same_new(void);       /* NULL when out of memory */
void same_free(struct same *same); /* takes NULL */

/*
 * True where upper and image both have a regular file at `path`, with equal contents. False also where that cannot be
 * known. `now`: realtime ns; an answer about a file that changed a moment before is not kept, for it may change again
 * within one tick of its file system's clock.
 */
bool same_as_image(struct same *same, const struct rootfs *rootfs, const char *path, int64_t now);

#endif
