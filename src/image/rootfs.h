/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of one container's root file system, an overlay: its upper directory (what changed since the
 * container was made), the image's lower directories, the layer that the runtime puts between them, and the
 * mounts inside the container. Every call asks the disk as it is now; nothing is cached, no descriptor is
 * kept, and nothing that the image or the container holds can lead a call out of it (layers.h).
 *
 * Paths are the container's: absolute and clean (no ".", "..", empty component), shorter than PATH_MAX.
 * Others are refused, also where they come out of a record.
 *
 * A layer between image and upper is the runtime's where it is the topmost lower layer and its directory is
 * named as the upper's neighbour with "-init": ".../ID-init/diff" beside ".../ID/diff", as Docker's overlay2
 * makes it. It holds /etc/hosts, /.dockerenv and the like, and is not evidence of the image.
 */
#ifndef PLM_IMAGE_ROOTFS_H
#define PLM_IMAGE_ROOTFS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/detect.h" /* enum answer */
#include "plimsoll/event.h"

struct rootfs;

/* All that a rootfs is made from. Copied: nothing of it is kept. */
struct rootfs_source {
	const char *mountinfo; /* text of /proc/PID/mountinfo of a process in the container, at its root */
	size_t size;
	const char *host_root; /* --host-root; NULL or "/": the agent's own */
	uint32_t root_device;  /* of struct plm_start: which mount at "/" is meant; 0: the last */
	const char *upper;     /* where the kernel's walk found the upper directory, as a path of the host
				* (mounts_locate on the host's table); NULL unknown */
	uint64_t upper_inode;  /* of struct plm_start; 0: not verified */
};

/*
 * 0: *ret_rootfs is the caller's, for rootfs_free.
 * -EOPNOTSUPP: the root mount is no overlay (nothing here can tell image from change).
 * -ENOENT: no root mount in the text, or relative layers that no directory above the upper one holds.
 * -ESTALE: the upper directory found is not upper_inode (a runtime in another mount namespace).
 * -EBADMSG, -E2BIG: as mounts_parse and overlay_options_parse. -ENOMEM; or the errno of opening a layer.
 */
int rootfs_from_mountinfo(const struct rootfs_source *source, struct rootfs **ret_rootfs);
void rootfs_free(struct rootfs *rootfs); /* takes NULL */

/* Replaces the mounts inside the container by a newer text. As mounts_parse; -ENOENT where the root is gone
 * from it. On failure the old ones stay. */
int rootfs_set_mounts(struct rootfs *rootfs, const char *mountinfo, size_t size);

/* The upper directory, a path below host_root; NULL for a read-only overlay. And how many layers the image
 * has. */
const char *rootfs_upper(const struct rootfs *rootfs);
size_t rootfs_image_layers(const struct rootfs *rootfs);

/* The directory of one of them, a path below host_root, by number from the top down; and whether overlayfs's attributes
 * in them are user.overlay.* (layers.h). */
const char *rootfs_image_layer(const struct rootfs *rootfs, size_t number);
bool rootfs_userxattr(const struct rootfs *rootfs);

/* Do the image's layers, merged, hold this path? A path through a symbolic link is not held: the kernel's
 * walk never gives one. UNKNOWN: not clean, or a layer could not be read. */
enum answer rootfs_in_image(const struct rootfs *rootfs, const char *path);

enum rootfs_upper_state {
	ROOTFS_UPPER_ABSENT,   /* the upper directory says nothing of it */
	ROOTFS_UPPER_WHITEOUT, /* the image's entry, or one above it, was deleted or replaced by no directory
				*/
	ROOTFS_UPPER_ENTRY,
};

/* All but `state` and `opaque` is 0 without an entry. */
struct rootfs_stat {
	enum rootfs_upper_state state;
	bool opaque;       /* nothing of the image shows through here */
	bool metacopy;     /* metadata is the upper's, the data still the image's */
	uint32_t mode;     /* type and permissions */
	uint32_t uid, gid; /* of the host */
	uint32_t device;   /* major << 20 | minor, of the upper file system */
	uint64_t inode;
	uint64_t size;
	int64_t ctime, mtime; /* ns since the epoch */
};

/* What the upper directory alone has at `path`. 0; -EINVAL: not clean; or the errno of reading. */
int rootfs_upper_stat(const struct rootfs *rootfs, const char *path, struct rootfs_stat *ret_stat);

/* When the upper directory was made, and the container with it: ns since the epoch. 0: there is none, or its file system
 * does not keep that (statx(2)). */
int64_t rootfs_upper_born(const struct rootfs *rootfs);

/* Opens for reading what the upper directory, or the image, has at `path`: a descriptor; -ENOENT: it has nothing there;
 * -EINVAL: no regular file, or not clean; or the errno of reading. */
int rootfs_upper_read(const struct rootfs *rootfs, const char *path);
int rootfs_image_read(const struct rootfs *rootfs, const char *path);

#define ROOTFS_LINKS_MAX 40 /* symbolic links on one way, as the kernel */

/*
 * The path that `name` means, from directory `base` (clean, as the kernel's walk gave it; may be NULL where
 * name is absolute), in the merged view as it is now. Links are followed inside the container only; ".." at
 * the root stays there. With `nofollow` a link at the very end is itself the answer, unless a slash is behind
 * it. The last component need not exist.
 *
 * 0: ret_path is canonical, and *ret_on_root says whether it lies on the root overlay and below no other
 * mount. -EXDEV: the way leads through another mount (a volume, /proc) and what links there mean cannot be
 * known from here. -ENOENT, -ENOTDIR: a directory on the way is not there (any more). -ELOOP. -ENAMETOOLONG.
 * -EINVAL: base is missing or not clean. Or the errno of reading a layer.
 */
int rootfs_resolve(const struct rootfs *rootfs, const char *base, const char *name, bool nofollow,
		   char ret_path[static PATH_MAX], bool *ret_on_root);

/* The same for a process whose root is `root` (PLM_TASK_CHROOT; clean): where "/" is and ".." stays. */
int rootfs_resolve_in(const struct rootfs *rootfs, const char *root, const char *base, const char *name, bool nofollow,
		      char ret_path[static PATH_MAX], bool *ret_on_root);

/*
 * The same by its text alone, for what is no longer there to be followed: no disk is asked, and a symbolic link on the
 * way is not seen. *ret_layer is UNKNOWN on the root overlay, else MEMORY or VOLUME, by the mount that holds it.
 * 0, -EINVAL, -ENOENT (an empty name), -ENAMETOOLONG.
 */
int rootfs_resolve_text(const struct rootfs *rootfs, const char *root, const char *base, const char *name,
			char ret_path[static PATH_MAX], enum plm_layer *ret_layer);

/* A change that was told by name only. */
struct rootfs_claim {
	enum plm_op op;
	const char *path; /* resolved */
	const char *from; /* the old path of a rename, exchange or link, resolved; NULL unknown */
	uint64_t value;   /* chmod: the mode; chown: uid | gid << 32, 0xffffffff leaves one as it is; truncate:
			   size */
	int64_t when;     /* of the event, ns since the epoch; 0 unknown: a NO that hangs on time becomes UNKNOWN */
};

/*
 * Does the upper directory bear the claim out? YES: what is there now is what the change would have left. NO:
 * it is not, and nothing has changed there since. UNKNOWN: it is not, but something changed at or after that
 * moment (ctime, which a container cannot set back), or it could not be read, or the operation leaves no
 * trace by name (mount, O_TMPFILE). A YES does not say that this change made it so.
 */
enum answer rootfs_confirm(const struct rootfs *rootfs, const struct rootfs_claim *claim);

/* Is what the path shows (upper, else runtime's or image's layer) a regular file with an execute bit, or one
 * that begins with "\177ELF" or "#!"? false also where it cannot be read. */
bool rootfs_is_code(const struct rootfs *rootfs, const char *path);

#endif
