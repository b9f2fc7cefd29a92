/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of the containers that run, each once however many run it, and their inventories: asked for when the first
 * container of an image is named, read elsewhere (inventory/reader.h), by a few threads so that a bad image delays no other,
 * and kept on disk. Everything here is for the one owning thread.
 *
 * An image is known by its layers' directories, not by what a runtime calls it: two names that claim one digest share
 * nothing.
 *
 * Bounds: IMAGES_MAX, more have no inventory (counted); IMAGES_LANES are read at a time.
 */
#ifndef PLM_IMAGE_IMAGES_H
#define PLM_IMAGE_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/rule.h"
#include "image/rootfs.h"
#include "inventory/inventory.h"
#include "inventory/reader.h"

#define IMAGES_MAX     1024
#define IMAGES_LANES   2
#define IMAGE_ONCE_MAX 4096

struct images;
struct image;

/* `dir`: the state directory, below which inventories are kept; NULL: they are not. 0, -ENOMEM, or the errno of making a
 * descriptor. */
int images_new(const char *dir, struct images **ret_images);
void images_free(struct images *images); /* takes NULL; what is being read is given up. No image is held any more */

/* The image of a root that is an overlay, for images_drop. `digest`: "sha256:...", by which its inventory is kept; NULL
 * unknown. NULL: at the bound, or out of memory. */
struct image *images_hold(struct images *images, const struct rootfs *rootfs, const char *digest);
void images_drop(struct images *images, struct image *image); /* takes NULL */

/* Tells images apart; never 0. */
uint64_t image_number(const struct image *image);

/* NULL: not read (yet). As long as the image is held. */
const struct inventory *image_inventory(const struct image *image);

/* Is it being read? */
bool image_is_pending(const struct image *image);

/* True the first time for this rule and path, and when IMAGE_ONCE_MAX are remembered. */
bool image_once(struct image *image, enum rule rule, const char *path);

/*
 * Reads what a container's own root holds now, by the mount namespace that is open as `ns` (taken, also on failure); the
 * answer carries `token`, which is not 0. 0, -ENOMEM, or the error of beginning a thread.
 */
int images_ask_root(struct images *images, int ns, uint64_t token);

/* Becomes readable when one was read, or could not be. The images' own. */
int images_fd(const struct images *images);

struct images_answer {
	struct image *image; /* that has its inventory from here on; NULL: nobody holds it any more, or of a root */
	uint64_t token;      /* of images_ask_root, else 0 */
	struct inventory *inventory;   /* of a root: the caller's; NULL: it could not be read */
	struct reader_failure failure; /* why not; "" where it was read */
};

/* False: there is none for now. */
bool images_take(struct images *images, struct images_answer *ret_answer);

uint64_t images_refused(const struct images *images); /* above the bound */

#endif
