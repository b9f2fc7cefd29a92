// SPDX-License-Identifier: Apache-2.0
#include "container/discover.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/cleanup.h"

int discover_cgroup_root(const char *host_root, char *ret_path, size_t size)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char path[PATH_MAX];
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int length = snprintf(path, sizeof(path), "%s%s", host_root, places[i]);

		if (length >= (int)sizeof(path) || (size_t)length >= size)
			return -ENAMETOOLONG;
		if (statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
			memcpy(ret_path, path, (size_t)length + 1);
			return 0;
		}
	}
	return -ENOENT;
}

struct walk {
	discover_cgroup call;
	void *data;
	char path[PATH_MAX]; /* of where the walk is; "" at the root */
	size_t length;
};

/* kernfs shows a cgroup's id as its directory's inode (kernfs_node.id, with 64-bit inodes). */
static void walk_cgroup(struct walk *walk, int fd, uint64_t parent, unsigned depth)
{
	_cleanup_closedir_ DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	size_t length = walk->length;

	if (!dir) {
		(void)close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		struct stat st;
		int child;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    length + 1 + strlen(entry->d_name) >= sizeof(walk->path))
			continue;
		child = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child < 0 || fstat(child, &st)) {
			if (child >= 0)
				(void)close(child);
			continue;
		}
		walk->length = length + (size_t)sprintf(walk->path + length, "/%s", entry->d_name);
		walk->call(st.st_ino, parent, walk->path, walk->data);
		if (depth < DISCOVER_DEPTH)
			walk_cgroup(walk, child, st.st_ino, depth + 1);
		else
			(void)close(child);
		walk->length = length;
		walk->path[length] = '\0';
	}
}

int discover_cgroups(const char *cgroup_root, discover_cgroup call, void *data)
{
	int fd = open(cgroup_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct walk walk = { .call = call, .data = data };
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	walk_cgroup(&walk, fd, st.st_ino, 0);
	return 0;
}

int discover_proc(const char *host_root, uint32_t pid, const char *name, size_t max, char **ret_text, size_t *ret_size)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 0;
	char path[PATH_MAX];
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/proc/%u/%s", host_root, pid, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		if (room - size < 4096) {
			char *more;

			room = room ? room * 2 : 16384;
			more = realloc(text, room + 1);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(fd, text + size, room - size);
		if (n < 0)
			return -errno;
		size += (size_t)n;
		if (size > max)
			return -EFBIG;
	} while (n > 0);
	text[size] = '\0';
	*ret_text = take_ptr(text);
	*ret_size = size;
	return 0;
}

/* ---- hierarchies ---- */

/* A line of /proc/PID/cgroup: "ID:CONTROLLERS:PATH". */
struct membership {
	uint32_t id;
	const char *controllers, *path;
	size_t controllers_length, path_length;
};

/* Controllers never hold a slash, a name= can hold a colon. False: not such a line. */
static bool membership_read(const char *line, struct membership *ret_membership)
{
	const char *end = strchrnul(line, '\n'), *path;
	struct membership membership;
	char *rest;

	if (*line < '0' || *line > '9')
		return false;
	membership.id = (uint32_t)strtoul(line, &rest, 10);
	if (*rest != ':')
		return false;
	membership.controllers = rest + 1;
	path = memmem(rest, (size_t)(end - rest), ":/", 2);
	if (!path || path < membership.controllers)
		return false;
	membership.controllers_length = (size_t)(path - membership.controllers);
	membership.path = path + 1;
	membership.path_length = (size_t)(end - membership.path);
	*ret_membership = membership;
	return true;
}

/* The line behind this one; NULL behind the last. */
static const char *line_next(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

int discover_cgroup_in(const char *host_root, uint32_t pid, uint32_t hierarchy, char **ret_path)
{
	_cleanup_free_ char *text = NULL;
	struct membership membership;
	size_t size;
	int r = discover_proc(host_root, pid, "cgroup", 1 << 20, &text, &size);

	if (r < 0)
		return r;
	for (const char *line = text; line; line = line_next(line)) {
		char *path;

		if (!membership_read(line, &membership) || membership.id != hierarchy)
			continue;
		path = strndup(membership.path, membership.path_length);
		if (!path)
			return -ENOMEM;
		*ret_path = path;
		return 0;
	}
	return -ENOENT;
}

/* Is `word` one of a list with commas? */
static bool list_has(const char *list, size_t length, const char *word, size_t word_length)
{
	for (const char *end = list + length; list < end;) {
		const char *comma = memchr(list, ',', (size_t)(end - list)) ?: end;

		if ((size_t)(comma - list) == word_length && memcmp(list, word, word_length) == 0)
			return true;
		list = comma + 1;
	}
	return false;
}

/*
 * A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)): where, if it is a v1 hierarchy with that controller below
 * /sys/fs/cgroup. False: not that.
 */
static bool mount_fits(const char *line, const struct membership *membership, char *ret_place, size_t size)
{
	static const char below[] = "/sys/fs/cgroup/", type[] = " - cgroup ";
	const char *end = strchrnul(line, '\n'), *place = line, *rest;
	size_t length;

	for (int field = 1; field < 5; field++) {
		place = memchr(place, ' ', (size_t)(end - place));
		if (!place++)
			return false;
	}
	rest = memmem(place, (size_t)(end - place), type, strlen(type));
	length = strcspn(place, " \n");
	if (!rest || strncmp(place, below, strlen(below)) != 0 || length >= size || memchr(place, '\\', length))
		return false;
	rest = memchr(rest + strlen(type), ' ', (size_t)(end - rest) - strlen(type)); /* behind the source: options */
	if (!rest++)
		return false;
	if (!list_has(rest, (size_t)(end - rest), membership->controllers, strcspn(membership->controllers, ",:")))
		return false;
	memcpy(ret_place, place, length);
	ret_place[length] = '\0';
	return true;
}

/* Mounted for process 1, and there to be seen. 0, -ENOENT or -ENAMETOOLONG. */
static int hierarchy_locate(const char *host_root, const char *mountinfo, const struct membership *membership,
			    struct discovered_hierarchy *hierarchy)
{
	char place[PATH_MAX], file[PATH_MAX];

	for (const char *line = mountinfo; line; line = line_next(line)) {
		if (!mount_fits(line, membership, place, sizeof(place)))
			continue;
		if (snprintf(file, sizeof(file), "%s%s/cgroup.procs", host_root, place) >= (int)sizeof(file))
			return -ENAMETOOLONG;
		if (access(file, F_OK) != 0)
			continue;
		(void)snprintf(hierarchy->path, sizeof(hierarchy->path), "%s%s", host_root, place);
		hierarchy->id = membership->id;
		return 0;
	}
	return -ENOENT;
}

/* The first v1 hierarchy with that controller, or, for NULL, with any. */
static int hierarchy_choose(const char *host_root, const char *cgroup, const char *mountinfo, const char *controller,
			    struct discovered_hierarchy *hierarchy)
{
	struct membership membership;
	int r = -ENOENT;

	for (const char *line = cgroup; line && r == -ENOENT; line = line_next(line)) {
		if (!membership_read(line, &membership) || membership.id == 0)
			continue;
		if (controller &&
		    !list_has(membership.controllers, membership.controllers_length, controller, strlen(controller)))
			continue;
		r = hierarchy_locate(host_root, mountinfo, &membership, hierarchy);
		if (r == 0 && !controller)
			(void)snprintf(hierarchy->controller, sizeof(hierarchy->controller), "%.*s",
				       (int)membership.controllers_length, membership.controllers);
		else if (r == 0)
			(void)snprintf(hierarchy->controller, sizeof(hierarchy->controller), "%s", controller);
	}
	return r;
}

int discover_hierarchy(const char *host_root, struct discovered_hierarchy *ret_hierarchy)
{
	/* Every runtime joins the first two; systemd's own is there wherever systemd is. */
	static const char *const preferred[] = { "pids", "memory", "devices", "cpu", "name=systemd", NULL };
	_cleanup_free_ char *cgroup = NULL, *mountinfo = NULL;
	struct discovered_hierarchy hierarchy = { .id = 0 };
	size_t size;
	int r = discover_cgroup_root(host_root, hierarchy.path, sizeof(hierarchy.path));

	if (r == -ENOENT)
		r = discover_proc(host_root, 1, "cgroup", 1 << 20, &cgroup, &size);
	if (r == 0 && cgroup)
		r = discover_proc(host_root, 1, "mountinfo", 4 << 20, &mountinfo, &size);
	for (size_t i = 0; mountinfo && i < ARRAY_SIZE(preferred); i++) {
		r = hierarchy_choose(host_root, cgroup, mountinfo, preferred[i], &hierarchy);
		if (r != -ENOENT)
			break;
	}
	if (r == 0)
		*ret_hierarchy = hierarchy;
	return r;
}
