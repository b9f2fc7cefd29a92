/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a container's root file system differs from its image, read from the upper directory, which is the net record of
 * what was changed: an entry at a time, so that a large one costs its reader little at any moment.
 *
 * A difference is: an entry that the image does not hold (added); one of another type or content (modified), or with
 * the same content and other permissions, owner, set-id bits or file capabilities (metadata); a whiteout, or an opaque
 * directory over one of the image (removed: that directory's own path). Not one: what was copied up and is as the image
 * has it (times do not count), a directory that is there only for what lies in it, and what a mount of the container
 * covers. The rules of overlayfs, and that all below a layer is hostile, are layers.h's.
 *
 * Bounds: DIFFERENCE_DEPTH levels (what lies deeper is counted as unseen), content compared up to
 * DIFFERENCE_CONTENT_MAX bytes (above: modified). Between two steps a descriptor a level is kept open.
 */
#ifndef PLM_IMAGE_DIFFERENCE_H
#define PLM_IMAGE_DIFFERENCE_H

#include "image/rootfs.h"

#define DIFFERENCE_DEPTH       64
#define DIFFERENCE_CONTENT_MAX (32ull << 20)

enum difference_kind {
	DIFFERENCE_ADDED = 1,
	DIFFERENCE_MODIFIED,
	DIFFERENCE_METADATA,
	DIFFERENCE_REMOVED,
};

struct difference_entry {
	enum difference_kind kind;
	const char *path;        /* the container's; valid during the call */
	struct rootfs_stat stat; /* of the upper entry; for REMOVED the whiteout's own (or opaque directory's) times */
};

struct difference;

/* Begins a comparison. The rootfs outlives it. 0; -ENOENT: it has no upper directory; -ENOMEM; or the errno of opening
 * it. */
int difference_new(const struct rootfs *rootfs, struct difference **ret_difference);
void difference_free(struct difference *difference); /* takes NULL */

/*
 * Looks at up to `limit` further entries of the upper directory and gives each difference to `call`. 1: there is more;
 * 0: that was all; -ENOMEM. What cannot be read is passed over and counted. An upper directory that changes meanwhile
 * is seen partly as it was.
 */
int difference_step(struct difference *difference, size_t limit,
		    void (*call)(const struct difference_entry *entry, void *data), void *data);

struct difference_counts {
	uint64_t entries; /* looked at */
	uint64_t unseen;  /* too deep, or not to be read */
};
struct difference_counts difference_counts(const struct difference *difference);

#endif
