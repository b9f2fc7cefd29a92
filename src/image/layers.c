// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "image/layers.h"

#define OPEN_TRIES  1000
#define PROC_FD_MAX sizeof("/proc/self/fd/-2147483648")

void layers_clear(struct layers *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		free(layers->directory[i]);
	free(layers->directory);
	free(layers->host_root);
	*layers = (struct layers){ 0 };
}

void layer_entry_close(struct layer_entry *entry)
{
	if (entry->fd >= 0)
		(void)close(entry->fd);
	entry->fd = -EBADF;
}

bool path_is_clean(const char *path)
{
	size_t length = strnlen(path, PATH_MAX);

	if (path[0] != '/' || length == PATH_MAX)
		return false;
	if (length == 1)
		return true;
	for (const char *at = path; *at;) {
		size_t name = strcspn(++at, "/");

		if (name == 0 || (name == 1 && at[0] == '.') || (name == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += name;
	}
	return true;
}

int open_in_root(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | resolve };
	long fd = -1;

	for (size_t tries = 0; tries < OPEN_TRIES && (tries == 0 || (fd < 0 && errno == EAGAIN)); tries++)
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : (int)fd;
}

int layers_open_host(const char *host_root, const char *path)
{
	_cleanup_close_ int root = open(host_root ?: "/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? -errno : open_in_root(root, path, O_PATH | O_DIRECTORY, 0);
}

/* ---- overlayfs's attributes ---- */

static void proc_fd(char text[static PROC_FD_MAX], int fd)
{
	(void)snprintf(text, PROC_FD_MAX, "/proc/self/fd/%d", fd);
}

/* fgetxattr refuses an O_PATH descriptor; its name in /proc leads to the same inode, links included. */
static ssize_t overlay_attribute(const struct layers *layers, int fd, const char *name, char *value, size_t size)
{
	char path[PROC_FD_MAX], full[64];

	proc_fd(path, fd);
	(void)snprintf(full, sizeof(full), "%s.overlay.%s", layers->userxattr ? "user" : "trusted", name);
	return getxattr(path, full, value, size);
}

static char opaque_of(const struct layers *layers, int fd)
{
	char value = '\0';

	return overlay_attribute(layers, fd, "opaque", &value, 1) == 1 ? value : '\0';
}

static bool is_whiteout(const struct layers *layers, int fd, const struct stat *stat, bool by_attribute)
{
	if (S_ISCHR(stat->st_mode))
		return stat->st_rdev == makedev(0, 0);
	return by_attribute && S_ISREG(stat->st_mode) && stat->st_size == 0 &&
	       overlay_attribute(layers, fd, "whiteout", NULL, 0) >= 0;
}

/* ---- a walk down one layer ---- */

struct walk {
	const struct layers *layers;
	int fd;          /* where it stands */
	bool xwhiteouts; /* the directory it stands in has whiteouts by attribute */
	size_t below;    /* length of entry->below */
	struct layer_entry *entry;
};

static int below_set(struct walk *walk, size_t length, const char *text, size_t count)
{
	if (length + count >= sizeof(walk->entry->below))
		return -ENAMETOOLONG;
	memcpy(walk->entry->below + length, text, count);
	walk->below = length + count;
	walk->entry->below[walk->below] = '\0';
	return 0;
}

/* A redirect names the place below absolutely, or anew within the same directory. */
static int below_redirect(struct walk *walk, size_t parent, int fd)
{
	char value[PATH_MAX + 1];
	ssize_t length = overlay_attribute(walk->layers, fd, "redirect", value + 1, sizeof(value) - 2);

	if (length <= 0)
		return 0;
	value[length + 1] = '\0';
	if (value[1] == '/') {
		walk->entry->opaque = false; /* also where a directory above it is */
		return path_is_clean(value + 1) ? below_set(walk, 0, value + 1, (size_t)length) : -EBADMSG;
	}
	value[0] = '/';
	if (!path_is_clean(value) || strchr(value + 1, '/'))
		return -EBADMSG;
	return below_set(walk, parent, value, (size_t)length + 1);
}

static int walk_into_directory(struct walk *walk, int *fd, const struct stat *stat)
{
	char opaque = opaque_of(walk->layers, *fd);

	if (opaque == 'y')
		walk->entry->opaque = true;
	walk->xwhiteouts = opaque == 'x';
	walk->entry->parent = *stat;
	(void)close(walk->fd);
	walk->fd = take_fd(fd);
	return 0;
}

static int walk_found(struct walk *walk, int *fd, const struct stat *stat)
{
	struct layer_entry *entry = walk->entry;
	char opaque = S_ISDIR(stat->st_mode) ? opaque_of(walk->layers, *fd) : 'y';

	entry->says = LAYER_HAS;
	entry->stat = *stat;
	entry->opaque |= opaque == 'y';
	entry->xwhiteouts = opaque == 'x';
	if (S_ISREG(stat->st_mode))
		entry->metacopy = overlay_attribute(walk->layers, *fd, "metacopy", NULL, 0) >= 0;
	entry->fd = take_fd(fd);
	return 0;
}

/* One component. 0 to go on; 1 when the layer has said what it has to say. */
static int walk_step(struct walk *walk, const char *name, bool last)
{
	_cleanup_close_ int fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	size_t parent = walk->below;
	struct stat stat;
	int error;

	if (fd < 0 && errno != ENOENT && errno != ENAMETOOLONG)
		return -errno;
	error = below_set(walk, parent, "/", 1) ?: below_set(walk, parent + 1, name, strlen(name));
	if (error || fd < 0)
		return error ?: 1;
	if (fstat(fd, &stat) < 0)
		return -errno;

	if (is_whiteout(walk->layers, fd, &stat, walk->xwhiteouts)) {
		walk->entry->says = LAYER_WHITEOUT;
		walk->entry->stat = stat;
		return 1;
	}
	if (S_ISDIR(stat.st_mode) || S_ISREG(stat.st_mode))
		error = below_redirect(walk, parent, fd);
	if (error)
		return error;
	if (last)
		return walk_found(walk, &fd, &stat) ?: 1;
	if (S_ISDIR(stat.st_mode))
		return walk_into_directory(walk, &fd, &stat);
	walk->entry->says = LAYER_BLOCKED;
	return 1;
}

static int walk_root(struct walk *walk, const char *directory, bool last)
{
	_cleanup_close_ int fd = layers_open_host(walk->layers->host_root, directory);
	struct stat stat;

	if (fd < 0)
		return fd;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!last)
		return walk_into_directory(walk, &fd, &stat);
	walk->entry->parent = stat;
	return walk_found(walk, &fd, &stat);
}

static int walk_path(struct walk *walk, const char *directory, const char *path)
{
	char name[NAME_MAX + 2]; /* one more than a name can have: the kernel then says ENAMETOOLONG */
	int done = walk_root(walk, directory, path[1] == '\0');

	for (const char *at = path + 1; done == 0 && *at;) {
		size_t length = strcspn(at, "/");
		size_t copied = length < sizeof(name) ? length : sizeof(name) - 1;

		memcpy(name, at, copied);
		name[copied] = '\0';
		at += length;
		done = walk_step(walk, name, *at == '\0');
		if (done == 1 && *at)
			return below_set(walk, walk->below, at, strlen(at));
		at += *at == '/';
	}
	return done < 0 ? done : 0;
}

int layers_look(const struct layers *layers, size_t index, const char *path, struct layer_entry *ret_entry)
{
	_cleanup_(layer_entry_close) struct layer_entry entry = LAYER_ENTRY_EMPTY;
	struct walk walk = { .layers = layers, .fd = -EBADF, .entry = &entry };
	int error;

	if (!path_is_clean(path) || index >= layers->count)
		return -EINVAL;
	entry.layer = index;
	error = walk_path(&walk, layers->directory[index], path);
	cleanup_closep(&walk.fd);
	if (error)
		return error;
	if (path[1] == '\0')
		(void)strcpy(entry.below, "/");
	*ret_entry = entry;
	entry.fd = -EBADF;
	return 0;
}

int layers_look_in(const struct layers *layers, const struct layer_place *place, const char *name,
		   struct layer_entry *ret_entry)
{
	_cleanup_(layer_entry_close) struct layer_entry entry = LAYER_ENTRY_EMPTY;
	struct walk walk = { .layers = layers, .fd = place->fd, .xwhiteouts = place->xwhiteouts, .entry = &entry };
	int done = below_set(&walk, 0, place->below, strlen(place->below)) ?: walk_step(&walk, name, true);

	if (done < 0)
		return done;
	*ret_entry = entry;
	entry.fd = -EBADF;
	return 0;
}

static bool ends_search(const struct layer_entry *entry)
{
	return entry->says != LAYER_ABSENT || entry->opaque;
}

int layers_find(const struct layers *layers, size_t first, size_t end, const char *path, struct layer_entry *ret_entry)
{
	struct layer_entry entry = LAYER_ENTRY_EMPTY;
	char at[PATH_MAX];

	if (!path_is_clean(path))
		return -EINVAL;
	(void)strcpy(at, path);
	for (size_t i = first; i < end; i++) {
		int error = layers_look(layers, i, at, &entry);

		if (error)
			return error;
		if (ends_search(&entry))
			break;
		(void)strcpy(at, entry.below);
	}
	if (entry.says != LAYER_HAS)
		return -ENOENT;
	*ret_entry = entry;
	return 0;
}

void layer_places_close(struct layer_places *places)
{
	while (places->count > 0)
		layer_entry_close(&places->entries[--places->count]);
}

/* One layer's part of the directory. 0 to go on; 1 when no layer below has one. */
static int places_add(const struct layers *layers, size_t index, char at[static PATH_MAX], struct layer_places *places)
{
	_cleanup_(layer_entry_close) struct layer_entry entry = LAYER_ENTRY_EMPTY;
	int error = layers_look(layers, index, at, &entry);

	if (error)
		return error;
	(void)strcpy(at, entry.below);
	if (entry.says == LAYER_ABSENT)
		return entry.opaque;
	if (entry.says != LAYER_HAS || !S_ISDIR(entry.stat.st_mode))
		return 1;
	if (places->count == LAYER_PLACES_MAX)
		return -E2BIG;
	places->entries[places->count++] = entry;
	entry.fd = -EBADF;
	return entry.opaque;
}

int layers_open_places(const struct layers *layers, size_t first, size_t end, const char *path,
		       struct layer_places *ret_places)
{
	char at[PATH_MAX];
	int done = 0;

	if (!path_is_clean(path))
		return -EINVAL;
	(void)strcpy(at, path);
	ret_places->count = 0;
	for (size_t i = first; !done && i < end; i++)
		done = places_add(layers, i, at, ret_places);
	if (done < 0)
		layer_places_close(ret_places);
	return done < 0 ? done : 0;
}

int layers_find_in(const struct layers *layers, const struct layer_places *places, size_t first, const char *name,
		   struct layer_entry *ret_entry)
{
	struct layer_entry entry = LAYER_ENTRY_EMPTY;

	for (size_t i = 0; i < places->count && entry.says == LAYER_ABSENT; i++) {
		const struct layer_entry *at = &places->entries[i];
		struct layer_place place = { .fd = at->fd, .xwhiteouts = at->xwhiteouts };
		int error;

		if (at->layer < first)
			continue;
		place.below = strcmp(at->below, "/") == 0 ? "" : at->below;
		error = layers_look_in(layers, &place, name, &entry);
		if (error)
			return error;
		entry.layer = at->layer;
		entry.opaque |= at->opaque;
	}
	if (entry.says != LAYER_HAS)
		return -ENOENT;
	*ret_entry = entry;
	return 0;
}

/* Only an owner, or CAP_FOWNER, may leave the access time alone. */
static int open_quietly(int at, const char *path, int flags)
{
	int fd = openat(at, path, flags | O_NOATIME | O_CLOEXEC);

	if (fd < 0 && errno == EPERM)
		fd = openat(at, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int entry_read(const struct layer_entry *entry)
{
	char path[PROC_FD_MAX];

	if (!S_ISREG(entry->stat.st_mode))
		return -EINVAL;
	proc_fd(path, entry->fd);
	return open_quietly(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

int layers_read(const struct layers *layers, const struct layer_entry *entry)
{
	_cleanup_(layer_entry_close) struct layer_entry data = LAYER_ENTRY_EMPTY;

	while (entry->metacopy) { /* a layer further down each time */
		struct layer_entry below = LAYER_ENTRY_EMPTY;
		int error = layers_find(layers, entry->layer + 1, layers->count, entry->below, &below);

		if (error)
			return error;
		layer_entry_close(&data);
		data = below;
		entry = &data;
	}
	return entry_read(entry);
}

int layer_entry_list(const struct layer_entry *entry)
{
	return open_quietly(entry->fd, ".", O_RDONLY | O_DIRECTORY);
}

static ssize_t entry_attribute(const struct layer_entry *entry, const char *attribute, char *value)
{
	char path[PROC_FD_MAX];

	proc_fd(path, entry->fd);
	return getxattr(path, attribute, value, LAYER_ATTRIBUTE_MAX);
}

bool layer_entries_share(const struct layer_entry *a, const struct layer_entry *b, const char *attribute)
{
	char value_a[LAYER_ATTRIBUTE_MAX], value_b[LAYER_ATTRIBUTE_MAX];
	ssize_t length_a = entry_attribute(a, attribute, value_a), length_b = entry_attribute(b, attribute, value_b);

	if (length_a < 0 || length_b < 0)
		return length_a < 0 && length_b < 0;
	return length_a == length_b && memcmp(value_a, value_b, (size_t)length_a) == 0;
}
