// SPDX-License-Identifier: Apache-2.0
#include "inventory/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "inventory/blob.h"

#define FOLDER "inventory"

static bool name_make(const char *key, char ret_name[static NAME_MAX + 1])
{
	static const char taken[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:._-";
	size_t length = key ? strspn(key, taken) : 0;

	return length && !key[length] && key[0] != '.' &&
	       snprintf(ret_name, NAME_MAX + 1, "%s.%d", key, BLOB_VERSION) <= NAME_MAX;
}

/* The folder, ours alone; a descriptor, or a negative errno. */
static int folder_open(const char *dir)
{
	_cleanup_close_ int above = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
	struct stat stat;

	if (above < 0)
		return -errno;
	if (mkdirat(above, FOLDER, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(above, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat) < 0)
		return -errno;
	return stat.st_uid == geteuid() && !(stat.st_mode & 022) ? take_fd(&fd) : -EPERM;
}

/* What has the name and is none makes room for one. */
static int find(int folder, const char *name, struct inventory **ret_inventory)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : inventory_open(fd, ret_inventory);

	if (r == 0)
		(void)utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW); /* used now */
	else if (r == -EBADMSG || r == -EPROTONOSUPPORT || r == -EFBIG || r == -ELOOP)
		(void)unlinkat(folder, name, 0);
	return r;
}

/* ---- room ---- */

struct kept {
	char name[NAME_MAX + 1];
	struct timespec used;
	uint64_t size;
};

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct kept *)a)->used, *y = &((const struct kept *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

/* Up to twice what is kept: more comes at the next time. */
static size_t kept_list(int folder, struct kept *kept, size_t max)
{
	_cleanup_close_ int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	struct stat stat;
	size_t count = 0;

	if (dir)
		(void)take_fd(&copy);
	while (dir && count < max && (entry = readdir(dir))) {
		if (fstatat(folder, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(stat.st_mode))
			continue;
		(void)snprintf(kept[count].name, sizeof(kept[count].name), "%s", entry->d_name);
		kept[count].used = stat.st_mtim;
		kept[count++].size = (uint64_t)stat.st_size;
	}
	return count;
}

static void room_make(int folder)
{
	_cleanup_free_ struct kept *kept = calloc(2 * CACHE_FILES, sizeof(*kept));
	size_t count = kept ? kept_list(folder, kept, 2 * CACHE_FILES) : 0;
	uint64_t bytes = 0;

	if (count)
		qsort(kept, count, sizeof(*kept), by_use);
	for (size_t i = 0; i < count; i++) {
		bytes += kept[i].size;
		if (i >= CACHE_FILES || bytes > CACHE_BYTES)
			(void)unlinkat(folder, kept[i].name, 0);
	}
}

/* ---- keeping ---- */

/* It is on the disk before it has a name: after a power failure what is there is whole. */
static void keep(int folder, const char *name, int fd)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fdatasync(fd) == 0 && linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0)
		room_make(folder);
}

/* In the folder, without a name; else in memory, and then not to be kept. */
static int room_open(int folder, bool *ret_kept)
{
	int fd = folder < 0 ? -1 : openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	*ret_kept = fd >= 0;
	if (fd < 0)
		fd = memfd_create("plimsoll-inventory", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cache_get(const char *dir, const char *key, const struct reader_request *request, struct inventory **ret_inventory,
	      struct reader_failure *ret_failure)
{
	char name[NAME_MAX + 1];
	bool keeps = dir && !request->verify && name_make(key, name), kept;
	_cleanup_close_ int folder = keeps ? folder_open(dir) : -EBADF, fd = -EBADF;
	int r;

	ret_failure->text[0] = '\0';
	if (folder >= 0 && find(folder, name, ret_inventory) == 0)
		return 0;
	fd = room_open(folder, &kept);
	if (fd < 0) {
		(void)snprintf(ret_failure->text, sizeof(ret_failure->text), "has no room for an answer: %s",
			       strerror(-fd));
		return fd;
	}
	r = reader_run(request, fd, ret_inventory, ret_failure);
	if (r == 0 && kept)
		keep(folder, name, fd);
	return r;
}
