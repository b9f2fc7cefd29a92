// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "image/contents.h"
#include "image/rootfs_internal.h"

DEFINE_CLEANUP(struct mounts *, mounts_free)

void rootfs_free(struct rootfs *rootfs)
{
	if (!rootfs)
		return;
	layers_clear(&rootfs->layers);
	mounts_free(rootfs->mounts);
	free(rootfs);
}

DEFINE_CLEANUP(struct rootfs *, rootfs_free)

const char *rootfs_upper(const struct rootfs *rootfs)
{
	return rootfs->has_upper ? rootfs->layers.directory[0] : NULL;
}

size_t rootfs_image_layers(const struct rootfs *rootfs)
{
	return rootfs->layers.count - rootfs->image;
}

const char *rootfs_image_layer(const struct rootfs *rootfs, size_t number)
{
	return rootfs->layers.directory[rootfs->image + number];
}

bool rootfs_userxattr(const struct rootfs *rootfs)
{
	return rootfs->layers.userxattr;
}

/* ---- from the options of a mount to directories of the host ---- */

static int join(const char *base, size_t length, const char *name, char **ret_path)
{
	return asprintf(ret_path, "%.*s/%s", (int)length, base, name) < 0 ? -ENOMEM : 0;
}

static int host_stat(const struct layers *layers, const char *path, struct stat *ret_stat)
{
	_cleanup_close_ int fd = layers_open_host(layers->host_root, path);

	if (fd < 0)
		return fd;
	return fstat(fd, ret_stat) < 0 ? -errno : 0;
}

/* What a directory of the host is really called: links resolved. The same for all that share a host_root. */
static int host_real_path(const struct layers *layers, const char *path, char ret_real[static PATH_MAX])
{
	_cleanup_close_ int fd = layers_open_host(layers->host_root, path);
	char proc[64], real[PATH_MAX];
	ssize_t length;

	if (fd < 0)
		return fd;
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	length = readlink(proc, real, sizeof(real) - 1);
	if (length < 0)
		return -errno;
	real[length] = '\0';
	memcpy(ret_real, real, (size_t)length + 1);
	return 0;
}

/* 0 where `path` is the upper directory that the kernel sees. Only the inode is compared: what stat calls the
 * device of a btrfs subvolume is not what the kernel calls it. */
static int check_upper(const struct layers *layers, const char *path, uint64_t inode)
{
	struct stat stat;
	int error;

	if (!path || path[0] != '/')
		return -ENOENT;
	error = host_stat(layers, path, &stat);
	if (error)
		return error;
	return inode && stat.st_ino != inode ? -ESTALE : 0;
}

/* The upper directory: as the mount's options name it, else as the kernel's walk does. */
static int find_upper(const struct layers *layers, const char *option, const struct rootfs_source *source,
		      const char **ret_upper)
{
	int error = check_upper(layers, option, source->upper_inode);

	if (error == 0) {
		*ret_upper = option;
		return 0;
	}
	if (check_upper(layers, source->upper, source->upper_inode) != 0)
		return error;
	*ret_upper = source->upper;
	return 0;
}

/*
 * Runtimes shorten long options by mounting from a common directory (Docker: "l/ABC:l/DEF" from its overlay2;
 * containerd: "12/fs:11/fs" from its snapshots). The table does not say from which, but the upper directory
 * lies below it: the nearest directory above it that holds the layer is the one.
 */
static int locate_lower(const struct layers *layers, const char *upper, const char *lower, char **ret_path)
{
	size_t length = upper ? strlen(upper) : 0;

	if (lower[0] == '/')
		return (*ret_path = strdup(lower)) ? 0 : -ENOMEM;
	while (length > 0) {
		_cleanup_free_ char *path = NULL;
		struct stat stat;
		int error;

		while (length > 0 && upper[--length] != '/')
			;
		error = join(upper, length, lower, &path);
		if (error)
			return error;
		if (host_stat(layers, path, &stat) == 0) {
			*ret_path = take_ptr(path);
			return 0;
		}
	}
	return -ENOENT;
}

static int add_upper(struct rootfs *rootfs, const struct overlay_options *options, const struct rootfs_source *source)
{
	struct layers *layers = &rootfs->layers;
	const char *upper = NULL;
	int error;

	if (!options->upper)
		return 0;
	error = find_upper(layers, options->upper, source, &upper);
	if (error)
		return error;
	layers->directory[0] = strdup(upper);
	if (!layers->directory[0])
		return -ENOMEM;
	layers->count = 1;
	rootfs->has_upper = true;
	return 0;
}

static int add_lowers(struct rootfs *rootfs, const struct overlay_options *options)
{
	struct layers *layers = &rootfs->layers;
	struct stat stat;
	int error = 0;

	for (size_t i = 0; !error && i < options->lowers; i++) {
		error = locate_lower(layers, rootfs_upper(rootfs), options->lower[i],
				     &layers->directory[layers->count]);
		if (!error)
			error = host_stat(layers, layers->directory[layers->count++], &stat);
	}
	return error;
}

/* "/x/ID/diff" and "/x/ID-init/diff" */
static bool is_init_of(const char *lower, const char *upper)
{
	const char *leaf = strrchr(upper, '/');
	size_t length = leaf ? (size_t)(leaf - upper) : 0;

	return length > 0 && strncmp(lower, upper, length) == 0 && strncmp(lower + length, "-init", 5) == 0 &&
	       strcmp(lower + length + 5, leaf) == 0;
}

static int mark_runtime_layer(struct rootfs *rootfs)
{
	char upper[PATH_MAX], lower[PATH_MAX];
	int error;

	rootfs->image = rootfs->has_upper ? 1 : 0;
	if (!rootfs->has_upper)
		return 0;
	error = host_real_path(&rootfs->layers, rootfs->layers.directory[0], upper)
			?: host_real_path(&rootfs->layers, rootfs->layers.directory[1], lower);
	if (!error && is_init_of(lower, upper))
		rootfs->image++;
	return error;
}

static int rootfs_add_layers(struct rootfs *rootfs, const struct rootfs_source *source)
{
	_cleanup_(overlay_options_clear) struct overlay_options options = { 0 };
	int error = overlay_options_parse(rootfs->root->super, &options);

	if (error)
		return error;
	rootfs->layers.userxattr = options.userxattr;
	rootfs->layers.directory = calloc(options.lowers + 1, sizeof(char *));
	if (!rootfs->layers.directory)
		return -ENOMEM;
	return add_upper(rootfs, &options, source) ?: add_lowers(rootfs, &options) ?: mark_runtime_layer(rootfs);
}

int rootfs_set_mounts(struct rootfs *rootfs, const char *mountinfo, size_t size)
{
	_cleanup_(mounts_freep) struct mounts *mounts = NULL;
	const struct mount_entry *root;
	int error = mounts_parse(mountinfo, size, &mounts);

	if (error)
		return error;
	root = mounts_root(mounts, rootfs->root_device);
	if (!root)
		return -ENOENT;
	mounts_free(rootfs->mounts);
	rootfs->mounts = take_ptr(mounts);
	rootfs->root = root;
	rootfs->root_device = root->device;
	return 0;
}

int rootfs_from_mountinfo(const struct rootfs_source *source, struct rootfs **ret_rootfs)
{
	_cleanup_(rootfs_freep) struct rootfs *rootfs = calloc(1, sizeof(*rootfs));
	int error;

	if (!rootfs)
		return -ENOMEM;
	rootfs->root_device = source->root_device;
	if (source->host_root && !(rootfs->layers.host_root = strdup(source->host_root)))
		return -ENOMEM;
	error = rootfs_set_mounts(rootfs, source->mountinfo, source->size);
	if (!error && strcmp(rootfs->root->fstype, "overlay") != 0)
		error = -EOPNOTSUPP;
	if (!error)
		error = rootfs_add_layers(rootfs, source);
	if (!error)
		*ret_rootfs = take_ptr(rootfs);
	return error;
}

/* ---- questions about one path ---- */

int rootfs_find_merged(const struct rootfs *rootfs, const char *path, struct layer_entry *ret_entry)
{
	return layers_find(&rootfs->layers, 0, rootfs->layers.count, path, ret_entry);
}

int rootfs_find_image(const struct rootfs *rootfs, const char *path, struct layer_entry *ret_entry)
{
	return layers_find(&rootfs->layers, rootfs->image, rootfs->layers.count, path, ret_entry);
}

static enum answer found(int error)
{
	if (error == -ENOENT)
		return ANSWER_NO;
	return error ? ANSWER_UNKNOWN : ANSWER_YES;
}

enum answer rootfs_in_image(const struct rootfs *rootfs, const char *path)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;

	return found(rootfs_find_image(rootfs, path, &entry));
}

int rootfs_look_upper(const struct rootfs *rootfs, const char *path, struct layer_entry *ret_entry)
{
	if (rootfs->has_upper)
		return layers_look(&rootfs->layers, 0, path, ret_entry);
	return path_is_clean(path) ? 0 : -EINVAL;
}

static int64_t nanoseconds(const struct timespec *time)
{
	return time->tv_sec * 1000000000ll + time->tv_nsec;
}

void rootfs_stat_fill(struct rootfs_stat *stat, const struct layer_entry *entry)
{
	stat->metacopy = entry->metacopy;
	stat->mode = entry->stat.st_mode;
	stat->uid = entry->stat.st_uid;
	stat->gid = entry->stat.st_gid;
	stat->device = major(entry->stat.st_dev) << 20 | minor(entry->stat.st_dev);
	stat->inode = entry->stat.st_ino;
	stat->size = (uint64_t)entry->stat.st_size;
	stat->ctime = nanoseconds(&entry->stat.st_ctim);
	stat->mtime = nanoseconds(&entry->stat.st_mtim);
}

int rootfs_upper_stat(const struct rootfs *rootfs, const char *path, struct rootfs_stat *ret_stat)
{
	static const enum rootfs_upper_state states[] = {
		[LAYER_ABSENT] = ROOTFS_UPPER_ABSENT,
		[LAYER_WHITEOUT] = ROOTFS_UPPER_WHITEOUT,
		[LAYER_BLOCKED] = ROOTFS_UPPER_WHITEOUT,
		[LAYER_HAS] = ROOTFS_UPPER_ENTRY,
	};
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	struct rootfs_stat stat = { 0 };
	int error = rootfs_look_upper(rootfs, path, &entry);

	if (error)
		return error;
	stat.state = states[entry.says];
	stat.opaque = entry.opaque || stat.state == ROOTFS_UPPER_WHITEOUT;
	if (stat.state == ROOTFS_UPPER_ENTRY)
		rootfs_stat_fill(&stat, &entry);
	*ret_stat = stat;
	return 0;
}

int64_t rootfs_born(const struct layer_entry *entry)
{
	struct statx stat;

	if (statx(entry->fd, "", AT_EMPTY_PATH, STATX_BTIME, &stat) < 0 || !(stat.stx_mask & STATX_BTIME))
		return 0;
	return stat.stx_btime.tv_sec * 1000000000ll + stat.stx_btime.tv_nsec;
}

int64_t rootfs_upper_born(const struct rootfs *rootfs)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;

	return rootfs_look_upper(rootfs, "/", &entry) == 0 && entry.says == LAYER_HAS ? rootfs_born(&entry) : 0;
}

/* Takes the entry. `error`: of finding it. */
static int entry_read(const struct rootfs *rootfs, int error, struct layer_entry *entry)
{
	int fd = error ?: entry->says == LAYER_HAS ? layers_read(&rootfs->layers, entry) : -ENOENT;

	layer_entry_close(entry);
	return fd;
}

int rootfs_upper_read(const struct rootfs *rootfs, const char *path)
{
	struct layer_entry entry = LAYER_ENTRY_EMPTY;

	return entry_read(rootfs, rootfs_look_upper(rootfs, path, &entry), &entry);
}

int rootfs_image_read(const struct rootfs *rootfs, const char *path)
{
	struct layer_entry entry = LAYER_ENTRY_EMPTY;

	return entry_read(rootfs, rootfs_find_image(rootfs, path, &entry), &entry);
}

static bool begins_as_code(const struct rootfs *rootfs, const struct layer_entry *entry)
{
	_cleanup_close_ int fd = layers_read(&rootfs->layers, entry);
	char magic[4] = "";
	ssize_t length = fd < 0 ? -1 : pread(fd, magic, sizeof(magic), 0);

	return (length >= 2 && memcmp(magic, "#!", 2) == 0) || (length == 4 && memcmp(magic, "\177ELF", 4) == 0);
}

bool rootfs_is_code(const struct rootfs *rootfs, const char *path)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;

	if (rootfs_find_merged(rootfs, path, &entry) < 0 || !S_ISREG(entry.stat.st_mode))
		return false;
	return entry.stat.st_mode & 0111 || begins_as_code(rootfs, &entry);
}
