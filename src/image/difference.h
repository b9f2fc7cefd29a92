/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a container's root file system differs from its image, read from the upper directory, which is the net record of
 * what was changed: an entry at a time, so that a large one costs its reader little at any moment.
 *
 * A difference is: an entry that the image does not hold (added); one of another type, link target, device or content
 * (modified), or with the same and other permissions, ACLs, owner, set-id bits or file capabilities (metadata); a
 * whiteout of what the image holds, or a directory that hides the image's by that name and lacks something that it had
 * (removed: that directory's own path, told beside a difference of metadata). A directory that was renamed whole
 * (overlay.redirect) is one difference, with `from`: added, or modified where the image has that name; what lies in it
 * is compared with what it was renamed from, which itself is removed.
 *
 * Not one: what was copied up and is as the image has it (times do not count), a directory that is there only for what
 * lies in it, and what is as the runtime's own layer has it (rootfs.h). Nor what a runtime makes to mount on: added
 * directories that are mount points or lead to one, and added empty files that are one; what else is below a mount
 * point is told, though nobody in the container sees it at present. What a runtime puts into the upper directory itself
 * cannot be known from here: it is older than the entry point (ctime). "/" is not compared: its owner and permissions
 * are whoever's who made the upper directory.
 *
 * Where the overlay has an index (index=on), a change through one hard link of the image shows under its other names
 * too; it is told under the one that was copied up.
 *
 * The rules of overlayfs, and that all below a layer is hostile, are layers.h's. Nothing of the walk follows a link or
 * crosses into another file system, and a directory is listed by the descriptor that it was looked at with.
 *
 * Bounds: DIFFERENCE_DEPTH levels and DIFFERENCE_ENTRIES_MAX entries (what lies deeper or behind is counted as unseen),
 * content compared up to DIFFERENCE_CONTENT_MAX bytes (above: modified), DIFFERENCE_LOST_MAX names looked for in a
 * directory that hides the image's (above: removed). Between two steps a descriptor a level is kept open, up to
 * LAYER_PLACES_MAX of the image's, and two of a file whose content is being compared.
 */
#ifndef PLM_IMAGE_DIFFERENCE_H
#define PLM_IMAGE_DIFFERENCE_H

#include "image/rootfs.h"

#define DIFFERENCE_DEPTH       64
#define DIFFERENCE_ENTRIES_MAX (1u << 20)
#define DIFFERENCE_CONTENT_MAX (32ull << 20)
#define DIFFERENCE_LOST_MAX    1024
#define DIFFERENCE_STEP_BYTES  (8ull << 20) /* content that one step compares, of each of the two files */

enum difference_kind {
	DIFFERENCE_ADDED = 1,
	DIFFERENCE_MODIFIED,
	DIFFERENCE_METADATA,
	DIFFERENCE_REMOVED,
};

/*
 * Strings are valid during the call. `stat` is of the upper entry; for REMOVED the hiding directory's, or the
 * whiteout's. All whiteouts of an overlay may be one inode: its ctime is that of the removal or of a later one.
 */
struct difference_entry {
	enum difference_kind kind;
	const char *path; /* the container's */
	const char *from; /* of a directory that was renamed whole: its path in the image; else NULL */
	struct rootfs_stat stat;
};

struct difference;

/* Begins a comparison, with the mounts that are known now. The rootfs outlives it. 0; -ENOENT: it has no upper
 * directory; -ENOMEM; or the errno of opening it. */
int difference_new(const struct rootfs *rootfs, struct difference **ret_difference);
void difference_free(struct difference *difference); /* takes NULL */

/*
 * Looks at up to `limit` further entries of the upper directory, fewer where their content takes long to compare, and
 * gives each difference to `call`. 1: there is more; 0: that was all. What cannot be read is passed over and counted. An
 * upper directory that changes meanwhile is seen partly as it was.
 */
int difference_step(struct difference *difference, size_t limit,
		    void (*call)(const struct difference_entry *entry, void *data), void *data);

struct difference_counts {
	uint64_t entries; /* looked at */
	uint64_t unseen;  /* too deep, too many, not to be read, or no memory for it: a directory counts once */
};
struct difference_counts difference_counts(const struct difference *difference);

#endif
