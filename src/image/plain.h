/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root that is no overlay (a directory of the host's own, btrfs, zfs, a FUSE mount): one layer, in which nothing tells
 * what the image shipped from what came later. Names are resolved and confirmed there as in an upper directory
 * (rootfs.h); that the image holds a path, or does not, it never says.
 */
#ifndef PLM_IMAGE_PLAIN_H
#define PLM_IMAGE_PLAIN_H

#include "image/rootfs.h"

/*
 * source->upper and upper_inode are the root directory's own. Where it is seen nowhere on the host, or is another by
 * now, only the mounts are known: names are resolved by their text, and nothing is confirmed.
 *
 * 0: *ret_rootfs is the caller's, for rootfs_free. -ENOENT: no root mount in the text; -EINVAL: an overlay;
 * -EBADMSG, -E2BIG: as mounts_parse. -ENOMEM.
 */
int rootfs_from_plain(const struct rootfs_source *source, struct rootfs **ret_rootfs);

bool rootfs_is_plain(const struct rootfs *rootfs); /* takes NULL: false */

/*
 * Was `inode`, which has changed, born before `since` (ns since the epoch)? NO: it is new. UNKNOWN: another file is at
 * the path, or the file system does not keep when its files are born (statx(2)).
 */
enum answer rootfs_plain_was_there(const struct rootfs *rootfs, const char *path, uint64_t inode, int64_t since);

#endif
