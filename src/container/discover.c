// SPDX-License-Identifier: Apache-2.0
#include "container/discover.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
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

int discover_cgroup_of(const char *host_root, uint32_t pid, char **ret_path)
{
	_cleanup_free_ char *text = NULL;
	const char *line, *end;
	char *path;
	size_t size;
	int r = discover_proc(host_root, pid, "cgroup", 1 << 20, &text, &size);

	if (r < 0)
		return r;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line = strchr(line + (*line == '\n'), '/');
	if (!line)
		return -ENOENT;
	end = strchrnul(line, '\n');
	path = strndup(line, (size_t)(end - line));
	if (!path)
		return -ENOMEM;
	*ret_path = path;
	return 0;
}
