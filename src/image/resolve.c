// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/rootfs_internal.h"

/* A name on its way to a path. out holds the canonical part, without a slash at its end: "" is the root. */
struct resolver {
	const struct rootfs *rootfs;
	const char *root; /* as out: "" or the chroot's directory */
	char out[PATH_MAX];
	size_t length; /* of out */
	char todo[2 * PATH_MAX];
	const char *at; /* in todo */
	unsigned links;
	bool nofollow;
	bool by_text; /* ask no disk */
};

static int out_push(struct resolver *resolver, const char *name, size_t length)
{
	if (length > NAME_MAX || resolver->length + 1 + length >= sizeof(resolver->out))
		return -ENAMETOOLONG;
	resolver->out[resolver->length++] = '/';
	memcpy(resolver->out + resolver->length, name, length);
	resolver->length += length;
	resolver->out[resolver->length] = '\0';
	return 0;
}

static void out_pop(struct resolver *resolver)
{
	while (resolver->length > 0 && resolver->out[--resolver->length] != '/')
		;
	resolver->out[resolver->length] = '\0';
}

static int out_set(struct resolver *resolver, const char *path)
{
	if (!path || (*path && !path_is_clean(path)))
		return -EINVAL;
	resolver->length = strcmp(path, "/") == 0 ? 0 : strlen(path);
	memcpy(resolver->out, path, resolver->length);
	resolver->out[resolver->length] = '\0';
	return 0;
}

/* Puts a link's target in place of the link, before what is still to be walked. */
static int follow_link(struct resolver *resolver, int fd)
{
	char target[2 * PATH_MAX];
	ssize_t length = readlinkat(fd, "", target, PATH_MAX);
	size_t rest = strlen(resolver->at);

	if (length < 0)
		return -errno;
	if (++resolver->links > ROOTFS_LINKS_MAX)
		return -ELOOP;
	if (length == 0)
		return -ENOENT;
	if (length >= PATH_MAX || (size_t)length + rest >= sizeof(target))
		return -ENAMETOOLONG;
	memcpy(target + length, resolver->at, rest + 1);
	memcpy(resolver->todo, target, (size_t)length + rest + 1);
	resolver->at = resolver->todo;
	if (target[0] == '/')
		return out_set(resolver, resolver->root);
	out_pop(resolver);
	return 0;
}

/* Looks at what out names. 0 to go on from there. */
static int examine(struct resolver *resolver, bool last)
{
	const struct rootfs *rootfs = resolver->rootfs;
	const struct mount_entry *mount = mounts_find(rootfs->mounts, rootfs->root, resolver->out);
	_cleanup_entry_ struct layer_entry entry = LAYER_ENTRY_EMPTY;
	int error;

	if (mount != rootfs->root) /* a mount point is no link; what is below one cannot be seen from here */
		return strcmp(mount->point, resolver->out) == 0 ? 0 : -EXDEV;
	error = rootfs_find_merged(rootfs, resolver->out, &entry);
	if (error)
		return error == -ENOENT && last ? 0 : error;
	if (S_ISLNK(entry.stat.st_mode))
		return follow_link(resolver, entry.fd);
	return S_ISDIR(entry.stat.st_mode) || last ? 0 : -ENOTDIR;
}

static int resolve_step(struct resolver *resolver)
{
	const char *name = resolver->at;
	size_t length = strcspn(name, "/"), slashes = strspn(name + length, "/");
	bool last = name[length + slashes] == '\0';
	int error;

	resolver->at = name + length; /* the slashes stay: they part a link's target from what follows it */
	if (length == 1 && name[0] == '.')
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.') {
		if (strcmp(resolver->out, resolver->root) != 0)
			out_pop(resolver);
		return 0;
	}
	error = out_push(resolver, name, length);
	if (error || resolver->by_text || (last && resolver->nofollow && slashes == 0))
		return error;
	return examine(resolver, last);
}

static int resolve_begin(struct resolver *resolver, const char *base, const char *name)
{
	size_t length = strnlen(name, PATH_MAX);

	if (length == 0)
		return -ENOENT;
	if (length == PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(resolver->todo, name, length + 1);
	resolver->at = resolver->todo;
	return out_set(resolver, *name == '/' ? resolver->root : base);
}

static int resolve_all(struct resolver *resolver, const char *root, const char *base, const char *name)
{
	int error;

	if (!root || !path_is_clean(root))
		return -EINVAL;
	resolver->root = strcmp(root, "/") == 0 ? "" : root;
	error = resolve_begin(resolver, base, name);
	while (!error) {
		resolver->at += strspn(resolver->at, "/");
		if (!*resolver->at)
			break;
		error = resolve_step(resolver);
	}
	if (!error && resolver->length == 0)
		(void)out_push(resolver, "", 0);
	return error;
}

int rootfs_resolve_text(const struct rootfs *rootfs, const char *root, const char *base, const char *name,
			char ret_path[static PATH_MAX], enum plm_layer *ret_layer)
{
	struct resolver resolver = { .rootfs = rootfs, .by_text = true };
	int error = resolve_all(&resolver, root, base, name);
	const struct mount_entry *mount;

	if (error)
		return error;
	mount = mounts_find(rootfs->mounts, rootfs->root, resolver.out);
	*ret_layer = PLM_LAYER_VOLUME;
	if (mount == rootfs->root)
		*ret_layer = PLM_LAYER_UNKNOWN;
	else if (mount && (strcmp(mount->fstype, "tmpfs") == 0 || strcmp(mount->fstype, "ramfs") == 0))
		*ret_layer = PLM_LAYER_MEMORY;
	memcpy(ret_path, resolver.out, resolver.length + 1);
	return 0;
}

int rootfs_resolve_in(const struct rootfs *rootfs, const char *root, const char *base, const char *name, bool nofollow,
		      char ret_path[static PATH_MAX], bool *ret_on_root)
{
	struct resolver resolver = { .rootfs = rootfs, .nofollow = nofollow };
	int error = resolve_all(&resolver, root, base, name);

	if (error)
		return error;
	*ret_on_root = mounts_find(rootfs->mounts, rootfs->root, resolver.out) == rootfs->root;
	memcpy(ret_path, resolver.out, resolver.length + 1);
	return 0;
}

int rootfs_resolve(const struct rootfs *rootfs, const char *base, const char *name, bool nofollow,
		   char ret_path[static PATH_MAX], bool *ret_on_root)
{
	return rootfs_resolve_in(rootfs, "/", base, name, nofollow, ret_path, ret_on_root);
}
