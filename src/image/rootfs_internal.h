/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that implement rootfs.h share. Nobody else includes it. */
#ifndef PLM_IMAGE_ROOTFS_INTERNAL_H
#define PLM_IMAGE_ROOTFS_INTERNAL_H

#include "base/cleanup.h"
#include "image/layers.h"
#include "image/mounts.h"
#include "image/rootfs.h"

struct rootfs {
	struct layers layers; /* upper, runtime's, image's: from the top down */
	bool has_upper;       /* then it is layer 0 */
	size_t image;         /* the first layer of the image */
	struct mounts *mounts;
	const struct mount_entry *root;
	uint32_t root_device;
};

#define _cleanup_entry_ _cleanup_(layer_entry_close)

/* As layers_find, over all layers. */
int rootfs_find_merged(const struct rootfs *rootfs, const char *path, struct layer_entry *ret_entry);

/* As layers_find, over the image's layers. */
int rootfs_find_image(const struct rootfs *rootfs, const char *path, struct layer_entry *ret_entry);

/* As layers_look, at the upper layer; without one everything is LAYER_ABSENT. */
int rootfs_look_upper(const struct rootfs *rootfs, const char *path, struct layer_entry *ret_entry);

/* When the file that was found was born, ns since the epoch; 0: its file system does not keep that. */
int64_t rootfs_born(const struct layer_entry *entry);

/* All but .state and .opaque, which are left as they are. */
void rootfs_stat_fill(struct rootfs_stat *stat, const struct layer_entry *entry);

#endif
