// SPDX-License-Identifier: Apache-2.0
#include "image/script.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/layers.h"

int script_open(const char *host_root, const struct event *event, const char *name)
{
	_cleanup_close_ int root = -EBADF;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/proc/%u/root", host_root, event->task.pid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	return open_in_root(root, name, O_PATH, RESOLVE_NO_MAGICLINKS);
}

static int64_t nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void file_from_stat(const struct stat *st, struct plm_file *ret_file)
{
	*ret_file = (struct plm_file){
		.inode = st->st_ino,
		.device = major(st->st_dev) << 20 | minor(st->st_dev),
		.size = (uint64_t)st->st_size,
		.ctime = (uint64_t)nanoseconds(st->st_ctim),
		.mtime = (uint64_t)nanoseconds(st->st_mtim),
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.nlink = (uint32_t)st->st_nlink,
	};
}

/*
 * Upper or image, for a path of the root overlay. What is gone by now was in the upper layer, or was the image's and
 * is hidden by a whiteout: which of the two can no longer be known, and the image's word is taken only for what it
 * still shows.
 */
static enum plm_layer root_layer(const struct rootfs *rootfs, const char *path, struct plm_file *file)
{
	struct rootfs_stat upper;

	if (rootfs_upper_stat(rootfs, path, &upper))
		return PLM_LAYER_UPPER;
	if (upper.state == ROOTFS_UPPER_ABSENT && rootfs_in_image(rootfs, path) == ANSWER_YES)
		return PLM_LAYER_IMAGE;
	file->upper_inode = upper.inode;
	file->upper_device = upper.device;
	if (!file->inode) { /* it is known by the layers alone */
		file->mode = upper.mode;
		file->size = upper.size;
		file->ctime = (uint64_t)upper.ctime;
		file->mtime = (uint64_t)upper.mtime;
	}
	return PLM_LAYER_UPPER;
}

static enum plm_layer layer_of(const struct rootfs *rootfs, const char *path, const struct statfs *fs,
			       struct plm_file *file)
{
	char canonical[PATH_MAX];
	bool on_root = false;

	if (fs->f_type == OVERLAYFS_SUPER_MAGIC && rootfs &&
	    rootfs_resolve(rootfs, NULL, path, true, canonical, &on_root) == 0 && on_root)
		return root_layer(rootfs, path, file);
	return fs->f_type == TMPFS_MAGIC || fs->f_type == RAMFS_MAGIC ? PLM_LAYER_MEMORY : PLM_LAYER_VOLUME;
}

static int find_live(const struct rootfs *rootfs, const char *host_root, const struct event *event, const char *name,
		     struct plm_file *ret_file, char ret_path[static PATH_MAX])
{
	_cleanup_close_ int fd = script_open(host_root, event, name);
	char link[64], path[PATH_MAX];
	struct statfs fs;
	struct stat st;
	ssize_t length;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || fstatfs(fd, &fs))
		return -errno;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0 || path[0] != '/')
		return -ENOENT;
	path[length] = '\0';
	file_from_stat(&st, ret_file);
	ret_file->magic = (uint32_t)fs.f_type;
	ret_file->layer = layer_of(rootfs, path, &fs, ret_file);
	if (fs.f_flags & ST_RDONLY)
		ret_file->flags |= PLM_FILE_READ_ONLY;
	memcpy(ret_path, path, (size_t)length + 1);
	return 0;
}

/* The process or the file is gone: where the name leads in the layers, or would have led. */
static int find_layers(const struct rootfs *rootfs, const struct event *event, const char *name,
		       struct plm_file *ret_file, char ret_path[static PATH_MAX])
{
	const char *root = event->root ?: "/";
	struct plm_file file = { .layer = PLM_LAYER_UNKNOWN };
	enum plm_layer layer;
	bool on_root = false;
	int r;

	if (!rootfs)
		return -ENOENT;
	r = rootfs_resolve_in(rootfs, root, event->exec.cwd, name, false, ret_path, &on_root);
	if (r < 0 || !on_root) {
		r = rootfs_resolve_text(rootfs, root, event->exec.cwd, name, ret_path, &layer);
		if (r < 0)
			return r;
		on_root = layer == PLM_LAYER_UNKNOWN;
		file.layer = layer;
	}
	if (on_root)
		file.layer = root_layer(rootfs, ret_path, &file);
	*ret_file = file;
	return 0;
}

int script_find(const struct rootfs *rootfs, const char *host_root, const struct event *event, const char *name,
		struct plm_file *ret_file, char ret_path[static PATH_MAX])
{
	const char *cwd = event->exec.cwd ?: "/";
	char whole[PATH_MAX];
	int r;

	ret_path[0] = '\0';
	if (!name)
		return -ENOENT;
	if (name[0] == '/')
		r = snprintf(whole, sizeof(whole), "%s", name);
	else
		r = snprintf(whole, sizeof(whole), "%s/%s", cwd, name);
	if (r >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	r = find_live(rootfs, host_root, event, whole, ret_file, ret_path);
	if (r < 0)
		r = find_layers(rootfs, event, name, ret_file, ret_path);
	if (r < 0 && !ret_path[0])
		memcpy(ret_path, whole, strlen(whole) + 1);
	return r;
}
