// SPDX-License-Identifier: Apache-2.0
#include "image/plain.h"

#include <fcntl.h>
#include <string.h>

#include "image/rootfs_internal.h"

DEFINE_CLEANUP(struct rootfs *, rootfs_free)

/* Is this the directory that the kernel sees? What is mounted over it on the host shows another. */
static bool is_directory(const struct layers *layers, const struct rootfs_source *source)
{
	_cleanup_close_ int fd = source->upper ? layers_open_host(layers->host_root, source->upper) : -EBADF;
	struct stat stat;

	return fd >= 0 && fstat(fd, &stat) == 0 && (!source->upper_inode || stat.st_ino == source->upper_inode);
}

static int add_directory(struct rootfs *rootfs, const struct rootfs_source *source)
{
	struct layers *layers = &rootfs->layers;

	if (!is_directory(layers, source))
		return 0;
	layers->directory = calloc(1, sizeof(char *));
	if (!layers->directory || !(layers->directory[0] = strdup(source->upper)))
		return -ENOMEM;
	layers->count = rootfs->image = 1;
	rootfs->has_upper = true;
	return 0;
}

int rootfs_from_plain(const struct rootfs_source *source, struct rootfs **ret_rootfs)
{
	_cleanup_(rootfs_freep) struct rootfs *rootfs = calloc(1, sizeof(*rootfs));
	int r;

	if (!rootfs)
		return -ENOMEM;
	rootfs->root_device = source->root_device;
	if (source->host_root && !(rootfs->layers.host_root = strdup(source->host_root)))
		return -ENOMEM;
	r = rootfs_set_mounts(rootfs, source->mountinfo, source->size);
	if (r == 0 && !rootfs_is_plain(rootfs))
		r = -EINVAL;
	if (r == 0)
		r = add_directory(rootfs, source);
	if (r == 0)
		*ret_rootfs = take_ptr(rootfs);
	return r;
}

bool rootfs_is_plain(const struct rootfs *rootfs)
{
	return rootfs && strcmp(rootfs->root->fstype, "overlay") != 0;
}

enum answer rootfs_plain_was_there(const struct rootfs *rootfs, const char *path, uint64_t inode, int64_t since)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	int64_t born;

	if (rootfs_look_upper(rootfs, path, &entry) < 0 || entry.says != LAYER_HAS || entry.stat.st_ino != inode)
		return ANSWER_UNKNOWN;
	born = rootfs_born(&entry);
	return !born ? ANSWER_UNKNOWN : born < since ? ANSWER_YES : ANSWER_NO;
}
