// SPDX-License-Identifier: Apache-2.0
/* The tree of a directory: the kernel resolves, within that root (openat2(2), RESOLVE_IN_ROOT). */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "image/layers.h"
#include "inventory/pool.h"
#include "inventory/tree.h"

struct tree_disk {
	struct tree tree; /* first: one is the other */
	int root;
	dev_t device;
	bool no_devices; /* its mount has none that can be opened, as far as is known */
	/* The directory that was asked for last, and what it is. */
	char asked[PATH_MAX], canonical[PATH_MAX];
	struct pool plain; /* directories in which, and on whose way, no component is a link */
};

#define PLAIN_MAX (16u << 20) /* bytes; beyond it they are looked at each time */

static struct tree_disk *disk_of(struct tree *tree)
{
	return (struct tree_disk *)tree;
}

static int open_below(const struct tree_disk *disk, const char *path, uint64_t flags)
{
	return open_in_root(disk->root, path, flags, RESOLVE_NO_MAGICLINKS);
}

/* ---- open ---- */

#define READING (O_RDONLY | O_NONBLOCK | O_NOCTTY)

/* Looked at before it is opened: to open a device can do something. */
static int open_carefully(const struct tree_disk *disk, const char *path)
{
	_cleanup_close_ int looked = open_below(disk, path, O_PATH);
	struct stat stat;

	if (looked < 0)
		return looked;
	if (fstat(looked, &stat) < 0)
		return -errno;
	return S_ISREG(stat.st_mode) ? open_below(disk, path, READING) : -EBADMSG;
}

/* No device can be opened of a mount that allows none: half as many calls, for each of thousands of files. */
static int open_reading(const struct tree_disk *disk, const char *path)
{
	int fd = -EBADF;

	if (disk->no_devices)
		fd = open_in_root(disk->root, path, READING, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	return fd >= 0 || fd == -ENOENT ? fd : open_carefully(disk, path);
}

static int disk_open(struct tree *tree, const char *path, struct tree_file *ret_file)
{
	_cleanup_close_ int fd = open_reading(disk_of(tree), path);
	struct stat stat;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EBADMSG;
	*ret_file = (struct tree_file){ .fd = take_fd(&fd), .size = (uint64_t)stat.st_size, .owned = true };
	return 0;
}

/* ---- canonical ---- */

/* A way that is being walked: `done` is canonical, `rest` is still to go. */
struct way {
	struct tree_disk *disk;
	char done[PATH_MAX];
	char rest[PATH_MAX];
	size_t length; /* of done; 0: "/" */
	unsigned links;
};

/* `length`: of done with the component that is to be looked at. 1: it was a link, whose target is ahead now. */
static int way_link(struct way *way, size_t length, const char *after)
{
	char target[PATH_MAX], rest[PATH_MAX];
	uint32_t remembered;
	ssize_t size;

	if (pool_find(&way->disk->plain, way->done, length))
		return 0;
	size = readlinkat(way->disk->root, way->done + 1, target, sizeof(target) - 1);
	if (size < 0) { /* no link, or nothing there: taken as it is */
		(void)pool_put(&way->disk->plain, way->done, length, &remembered);
		return 0;
	}
	target[size] = '\0';
	if (++way->links > TREE_LINKS_MAX)
		return -ELOOP;
	if (snprintf(rest, sizeof(rest), "%s/%s", target, after) >= (int)sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(way->rest, rest, strlen(rest) + 1);
	way->length = target[0] == '/' ? 0 : (size_t)(strrchr(way->done, '/') - way->done);
	way->done[way->length] = '\0';
	return 1;
}

static void way_up(struct way *way)
{
	char *slash = strrchr(way->done, '/');

	way->length = slash ? (size_t)(slash - way->done) : 0;
	way->done[way->length] = '\0';
}

static int way_step(struct way *way)
{
	const char *at = way->rest + strspn(way->rest, "/");
	size_t size = strcspn(at, "/");
	char after[PATH_MAX];
	int r;

	(void)snprintf(after, sizeof(after), "%s", at + size);
	if (size == 0 || (size == 1 && at[0] == '.')) {
		r = 0;
	} else if (size == 2 && at[0] == '.' && at[1] == '.') {
		way_up(way);
		r = 0;
	} else {
		if (way->length + size + 2 > sizeof(way->done))
			return -ENAMETOOLONG;
		way->done[way->length] = '/';
		memcpy(way->done + way->length + 1, at, size);
		way->done[way->length + 1 + size] = '\0';
		r = way_link(way, way->length + 1 + size, after);
		if (r == 0)
			way->length += 1 + size;
	}
	if (r == 0)
		memcpy(way->rest, after, strlen(after) + 1);
	return r < 0 ? r : 0;
}

/* Component by component, of which each costs one call, once, unless it is a link. */
static int directory_resolve(struct tree_disk *disk, const char *path, char ret_path[static PATH_MAX])
{
	struct way way = { .disk = disk };
	int r = 0;

	memcpy(way.rest, path, strlen(path) + 1);
	while (r == 0 && way.rest[strspn(way.rest, "/")])
		r = way_step(&way);
	if (r < 0)
		return r;
	memcpy(ret_path, way.length ? way.done : "/", (way.length ?: 1) + 1);
	return 0;
}

static int disk_canonical(struct tree *tree, const char *path, char ret_path[static PATH_MAX])
{
	struct tree_disk *disk = disk_of(tree);
	const char *slash = strrchr(path, '/');
	size_t length = slash == path ? 1 : (size_t)(slash - path);
	char asked[PATH_MAX];
	int r = 0;

	memcpy(asked, path, length);
	asked[length] = '\0';
	if (strcmp(asked, disk->asked) != 0) {
		if (pool_find(&disk->plain, asked, length))
			memcpy(disk->canonical, asked, length + 1);
		else
			r = directory_resolve(disk, asked, disk->canonical);
		memcpy(disk->asked, r < 0 ? "" : asked, r < 0 ? 1 : length + 1);
		if (r < 0)
			return r;
	}
	if (snprintf(ret_path, PATH_MAX, "%s/%s", disk->canonical[1] ? disk->canonical : "", slash + 1) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (slash[1] == '\0') /* "/" itself */
		memcpy(ret_path, "/", 2);
	return 0;
}

/* ---- list and walk ---- */

struct name {
	char *text;
	enum tree_type type;
};

struct names {
	struct name *items;
	size_t count;
};

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i].text);
	free(names->items);
}

static enum tree_type type_of(mode_t mode)
{
	return S_ISREG(mode) ? TREE_FILE : S_ISDIR(mode) ? TREE_DIRECTORY : S_ISLNK(mode) ? TREE_LINK : TREE_OTHER;
}

static enum tree_type type_of_entry(int directory, const struct dirent64 *entry)
{
	struct stat stat;

	if (entry->d_type != DT_UNKNOWN)
		return type_of(DTTOIF(entry->d_type));
	return fstatat(directory, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ? TREE_OTHER : type_of(stat.st_mode);
}

static int names_add(struct names *names, const char *text, enum tree_type type)
{
	if ((names->count & (names->count - 1)) == 0) {
		struct name *items = reallocarray(names->items, names->count ? 2 * names->count : 1, sizeof(*items));

		if (!items)
			return -ENOMEM;
		names->items = items;
	}
	names->items[names->count].text = strdup(text);
	if (!names->items[names->count].text)
		return -ENOMEM;
	names->items[names->count++].type = type;
	return 0;
}

static int name_order(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static int entry_take(int directory, const struct dirent64 *entry, struct names *names)
{
	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return 0;
	if (names->count >= TREE_ENTRIES_MAX)
		return -E2BIG;
	return names_add(names, entry->d_name, type_of_entry(directory, entry));
}

/* Of a descriptor that stands at its directory's beginning. A DIR would cost four more calls for each directory. */
static int names_read(int fd, struct names *names)
{
	_Alignas(struct dirent64) char room[32768];
	ssize_t size;
	int r = 0;

	while (r == 0 && (size = getdents64(fd, room, sizeof(room))) != 0) {
		if (size < 0)
			r = -errno;
		for (ssize_t at = 0; r == 0 && at < size;) {
			const struct dirent64 *entry = (const struct dirent64 *)(room + at);

			r = entry_take(fd, entry, names);
			at += entry->d_reclen;
		}
	}
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), name_order);
	return r;
}

static int disk_list(struct tree *tree, const char *path,
		     int (*call)(const char *name, enum tree_type type, void *data), void *data)
{
	_cleanup_close_ int fd = open_below(disk_of(tree), path, O_RDONLY | O_DIRECTORY);
	_cleanup_(names_clear) struct names names = { 0 };
	int r = fd < 0 ? fd : names_read(fd, &names);

	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = call(names.items[i].text, names.items[i].type, data);
	return r;
}

struct walk {
	dev_t device;
	bool (*known)(const char *path, void *data);
	int (*call)(const struct tree_entry *entry, void *data);
	void *data;
	char path[PATH_MAX];
	uint64_t entries;
	bool cut; /* something was too deep */
};

/* `depth`: of its entries, from 1. */
static int walk_directory(struct walk *walk, int fd, size_t length, unsigned depth);

/* What lies below one entry. */
static int walk_below(struct walk *walk, int parent, const char *name, size_t length, unsigned depth)
{
	_cleanup_close_ int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) < 0 || stat.st_dev != walk->device)
		return 0; /* not to be read: passed over */
	return walk_directory(walk, fd, length, depth + 1);
}

static bool is_known(const struct walk *walk, const struct name *name)
{
	return name->type == TREE_FILE && walk->known && walk->known(walk->path, walk->data);
}

static int walk_entry(struct walk *walk, int fd, const struct name *name, size_t length, unsigned depth)
{
	size_t size = strlen(name->text);
	struct tree_entry entry = { .path = walk->path, .type = name->type };
	struct stat stat;
	int r;

	if (depth > TREE_DEPTH_MAX || length + size + 2 > sizeof(walk->path)) {
		walk->cut = true;
		return 0;
	}
	walk->path[length] = '/';
	memcpy(walk->path + length + 1, name->text, size + 1);
	if ((name->type == TREE_FILE || name->type == TREE_DIRECTORY) && !is_known(walk, name)) {
		if (fstatat(fd, name->text, &stat, AT_SYMLINK_NOFOLLOW) < 0)
			return 0; /* gone */
		entry.type = type_of(stat.st_mode);
		entry.mode = stat.st_mode & 07777;
		entry.size = S_ISREG(stat.st_mode) ? (uint64_t)stat.st_size : 0;
	}
	if (++walk->entries > TREE_ENTRIES_MAX)
		return -E2BIG;
	r = walk->call(&entry, walk->data);
	return r == 0 && entry.type == TREE_DIRECTORY ? walk_below(walk, fd, name->text, length + 1 + size, depth) : r;
}

static int walk_directory(struct walk *walk, int fd, size_t length, unsigned depth)
{
	_cleanup_(names_clear) struct names names = { 0 };
	int r = names_read(fd, &names);

	if (r == -E2BIG || r == -ENOMEM)
		return r;
	r = 0;
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = walk_entry(walk, fd, &names.items[i], length, depth);
	return r;
}

static int disk_walk(struct tree *tree, bool (*known)(const char *path, void *data),
		     int (*call)(const struct tree_entry *entry, void *data), void *data)
{
	const struct tree_disk *disk = disk_of(tree);
	_cleanup_close_ int fd = openat(disk->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk walk = { .device = disk->device, .known = known, .call = call, .data = data };
	int r = fd < 0 ? -errno : walk_directory(&walk, fd, 0, 1);

	return r == 0 && walk.cut ? -E2BIG : r;
}

/* ---- begin and end ---- */

static void disk_free(struct tree *tree)
{
	struct tree_disk *disk = disk_of(tree);

	(void)close(disk->root);
	pool_clear(&disk->plain);
	free(disk);
}

static const struct tree_ops disk_ops = {
	.open = disk_open,
	.canonical = disk_canonical,
	.list = disk_list,
	.walk = disk_walk,
	.free = disk_free,
};

int tree_disk_new(int root, struct tree **ret_tree)
{
	_cleanup_close_ int taken = root;
	struct tree_disk *disk;
	struct statvfs mount;
	struct stat stat;

	if (fstat(taken, &stat) < 0)
		return -errno;
	disk = calloc(1, sizeof(*disk));
	if (!disk)
		return -ENOMEM;
	if (pool_init(&disk->plain, PLAIN_MAX) < 0) {
		free(disk);
		return -ENOMEM;
	}
	disk->tree.ops = &disk_ops;
	disk->root = take_fd(&taken);
	disk->device = stat.st_dev;
	disk->no_devices = fstatvfs(disk->root, &mount) == 0 && mount.f_flag & ST_NODEV;
	*ret_tree = &disk->tree;
	return 0;
}
