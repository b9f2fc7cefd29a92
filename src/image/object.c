// SPDX-License-Identifier: Apache-2.0
#include "image/object.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "image/rootfs_internal.h"
#include "image/script.h"

#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

/* One way to it. */
struct way {
	const struct object *object;
	const struct event *event;
	const struct rootfs *rootfs;
	const char *host_root;
};

static uint64_t nanoseconds(const struct timespec *time)
{
	return (uint64_t)(time->tv_sec * 1000000000ll + time->tv_nsec);
}

/* The inode as the container sees it. */
static bool is_it(const struct way *way, int fd)
{
	const struct plm_file *file = way->object->file;
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_ino == file->inode &&
	       (uint64_t)stat.st_size == file->size && nanoseconds(&stat.st_ctim) == file->ctime;
}

static int open_path(const char *path)
{
	int fd = open(path, OPEN_FLAGS | O_NOATIME);

	if (fd < 0 && errno == EPERM) /* somebody else's: without CAP_FOWNER */
		fd = open(path, OPEN_FLAGS);
	return fd < 0 ? -errno : fd;
}

static int open_link(const struct way *way, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int open_link(const struct way *way, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	int length = snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/", way->host_root, way->event->task.pid);

	if (length >= (int)sizeof(path))
		return -ENAMETOOLONG;
	va_start(args, format);
	length = vsnprintf(path + length, sizeof(path) - (size_t)length, format, args);
	va_end(args);
	return open_path(path);
}

static int open_program(const struct way *way)
{
	return open_link(way, "exe");
}

static int open_input(const struct way *way)
{
	return open_link(way, "fd/0");
}

/* The name of the mapping that holds an address (proc_pid_maps(5)). */
static int open_mapping(const struct way *way)
{
	_cleanup_fclose_ FILE *maps = NULL;
	unsigned long start, end;
	char path[PATH_MAX], line[PATH_MAX + 128];

	(void)snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/maps", way->host_root, way->event->task.pid);
	maps = fopen(path, "re");
	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2 && start <= way->event->mapping.address &&
		    way->event->mapping.address < end)
			return open_link(way, "map_files/%lx-%lx", start, end);
	return -ENOENT;
}

static int open_name(const struct way *way)
{
	_cleanup_close_ int fd = script_open(way->host_root, way->event, way->object->name);
	char path[64];

	if (fd < 0)
		return fd;
	if (!is_it(way, fd)) /* a FIFO must not be opened */
		return -ESTALE;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_path(path);
}

/* ---- by the layers ---- */

/* When the inode was made, ns since the epoch; 0 where its file system does not say. */
static int64_t born(int fd)
{
	struct statx stat;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stat) || !(stat.stx_mask & STATX_BTIME))
		return 0;
	return stat.stx_btime.tv_sec * 1000000000ll + stat.stx_btime.tv_nsec;
}

static bool is_settled(const struct object *object, int fd)
{
	if (object->when - (int64_t)object->file->ctime > OBJECT_SETTLED || object->unwritten == OBJECT_EVER)
		return true;
	return object->unwritten && born(fd) > object->unwritten;
}

static bool is_upper(const struct plm_file *file, const struct stat *stat)
{
	return stat->st_ino == file->upper_inode &&
	       (major(stat->st_dev) << 20 | minor(stat->st_dev)) == file->upper_device;
}

static int open_layers(const struct way *way)
{
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	const struct object *object = way->object;
	const struct plm_file *file = object->file;
	bool upper = file->layer == PLM_LAYER_UPPER;
	int r;

	if (!way->rootfs || !object->path || (!upper && file->layer != PLM_LAYER_IMAGE))
		return -ENOENT;
	r = upper ? rootfs_look_upper(way->rootfs, object->path, &entry)
		  : rootfs_find_image(way->rootfs, object->path, &entry);
	if (r < 0)
		return r;
	if (entry.says != LAYER_HAS || !S_ISREG(entry.stat.st_mode) || (upper && !is_upper(file, &entry.stat)) ||
	    nanoseconds(&entry.stat.st_ctim) != file->ctime ||
	    (!entry.metacopy && (uint64_t)entry.stat.st_size != file->size) || !is_settled(object, entry.fd))
		return -ESTALE;
	return layers_read(&way->rootfs->layers, &entry);
}

int object_open(const struct object *object, const struct event *event, const struct rootfs *rootfs,
		const char *host_root)
{
	static int (*const links[])(const struct way *way) = {
		[OBJECT_PROGRAM] = open_program,
		[OBJECT_MAPPING] = open_mapping,
		[OBJECT_INPUT] = open_input,
		[OBJECT_NAME] = open_name,
	};
	const struct way way = { object, event, rootfs, host_root };
	_cleanup_close_ int fd = -EBADF;

	if (object->file->mode && !S_ISREG(object->file->mode))
		return -EBADMSG;
	if (links[object->link])
		fd = links[object->link](&way);
	if (fd >= 0 && is_it(&way, fd) && (object->link == OBJECT_PROGRAM || is_settled(object, fd)))
		return take_fd(&fd);
	return open_layers(&way);
}
