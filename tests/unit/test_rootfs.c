// SPDX-License-Identifier: Apache-2.0
/*
 * Layers in a temporary directory, as Docker's overlay2 lays them out, and the same merged by the kernel:
 * what rootfs says of them has to be what the kernel shows. Needs root for device nodes and trusted
 * attributes, and a mount namespace for the merged half; skips with the reason where it has not.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/layers.h"
#include "image/content.h"
#include "image/rootfs.h"

/* Of the upper file at that path, an hour after it changed: is its content the image's? */
static bool same_as_image(const struct rootfs *rootfs, const char *path)
{
	struct content_source source = { .rootfs = rootfs, .host_root = "" };
	const struct event event = { .kind = PLM_CHANGE };
	struct plm_file file = { .layer = PLM_LAYER_UPPER };
	struct object object = { .file = &file, .path = path };
	struct content content;
	struct content_ask ask;
	struct rootfs_stat stat;
	char room[CONTENT_ROOM];
	bool same = false;

	if (rootfs_upper_stat(rootfs, path, &stat) < 0 || stat.state != ROOTFS_UPPER_ENTRY)
		return false;
	file.upper_inode = stat.inode;
	file.upper_device = stat.device;
	file.mode = stat.mode;
	file.size = stat.size;
	file.ctime = (uint64_t)stat.ctime;
	object.when = stat.ctime + 3600000000000ll;
	assert_int_equal(digests_new(false, &source.digests), 0);
	content_ask(&source, &event, &object, rootfs_in_image(rootfs, path), &ask, &content);
	assert_false(content_answer(source.digests, NULL, &ask, room, &content, &same));
	digests_free(source.digests);
	return same;
}

DEFINE_CLEANUP(struct rootfs *, rootfs_free)
#define _cleanup_rootfs_ _cleanup_(rootfs_freep)

#define UPPER "ID/diff"
#define INIT  "ID-init/diff"
#define TOP   "B1/diff"
#define BASE  "B2/diff"

static const char skip_mount[] = "no mount of an overlay is permitted here";

struct fixture {
	char top[64]; /* the working directory of every test: overlay2 */
	bool merged;  /* ./merged is the overlay, ./lower the image's layers alone */
};

/* ---- what layers are built from: rows of {layer, path, kind, text} ---- */

struct item {
	const char *layer, *path;
	char kind; /* d directory, f file, x executable, l link, w whiteout, o opaque directory, p FIFO */
	const char *text;
};

static void make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static void make_item(const struct item *item)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s", item->layer, item->path);
	switch (item->kind) {
	case 'o':
	case 'd':
		assert_int_equal(mkdir(path, 0755), 0);
		if (item->kind == 'o')
			assert_int_equal(setxattr(path, "trusted.overlay.opaque", "y", 1, 0), 0);
		break;
	case 'f':
		make_file(path, item->text, 0644);
		break;
	case 'x':
		make_file(path, item->text, 0755);
		break;
	case 'l':
		assert_int_equal(symlink(item->text, path), 0);
		break;
	case 'w':
		assert_int_equal(mknod(path, S_IFCHR, makedev(0, 0)), 0);
		break;
	case 'p':
		assert_int_equal(mkfifo(path, 0666), 0);
		break;
	}
}

static const struct item items[] = {
	{ "ID", "", 'd', NULL },
	{ "ID/work", "", 'd', NULL },
	{ UPPER, "", 'd', NULL },
	{ "ID-init", "", 'd', NULL },
	{ INIT, "", 'd', NULL },
	{ "B1", "", 'd', NULL },
	{ TOP, "", 'd', NULL },
	{ "B2", "", 'd', NULL },
	{ BASE, "", 'd', NULL },
	{ "l", "", 'd', NULL },
	{ "l", "/I", 'l', "../" INIT },
	{ "l", "/1", 'l', "../" TOP },
	{ "l", "/2", 'l', "../" BASE },
	{ "merged", "", 'd', NULL },
	{ "lower", "", 'd', NULL },

	{ BASE, "/usr", 'd', NULL },
	{ BASE, "/usr/bin", 'd', NULL },
	{ BASE, "/usr/bin/id", 'x', "\177ELF..." },
	{ BASE, "/usr/bin/script", 'f', "#!/bin/sh\n" },
	{ BASE, "/bin", 'l', "usr/bin" },
	{ BASE, "/etc", 'd', NULL },
	{ BASE, "/etc/passwd", 'f', "root\n" },
	{ BASE, "/etc/old", 'f', "old\n" },
	{ BASE, "/etc/gone", 'd', NULL },
	{ BASE, "/etc/gone/file", 'f', "x" },
	{ BASE, "/opq", 'd', NULL },
	{ BASE, "/opq/low", 'f', "x" },
	{ BASE, "/was-dir", 'd', NULL },
	{ BASE, "/was-dir/x", 'f', "x" },
	{ BASE, "/was-file", 'f', "x" },
	{ BASE, "/again", 'd', NULL },
	{ BASE, "/again/x", 'f', "x" },
	{ BASE, "/fifo", 'p', NULL },
	{ BASE, "/data", 'd', NULL },
	{ BASE, "/proc", 'd', NULL },
	{ BASE, "/move", 'd', NULL },
	{ BASE, "/move/inner", 'f', "x" },

	{ TOP, "/etc", 'd', NULL },
	{ TOP, "/etc/gone", 'w', NULL },
	{ TOP, "/etc/old", 'w', NULL },
	{ TOP, "/etc/new", 'f', "x" },
	{ TOP, "/opq", 'o', NULL },
	{ TOP, "/opq/high", 'f', "x" },
	{ TOP, "/was-dir", 'f', "x" },
	{ TOP, "/was-file", 'd', NULL },
	{ TOP, "/was-file/x", 'f', "x" },
	{ TOP, "/again", 'o', NULL },
	{ TOP, "/again/y", 'f', "y" },
	{ TOP, "/shadow", 'l', "/etc/shadow" },
	{ TOP, "/out", 'l', "../../../../../../../etc/shadow" },
	{ TOP, "/up", 'l', "../../.." },
	{ TOP, "/loop1", 'l', "loop2" },
	{ TOP, "/loop2", 'l', "loop1" },
	{ TOP, "/self", 'l', "self" },
	{ TOP, "/tobin", 'l', "/usr/bin" },
	{ TOP, "/etc/tobin", 'l', "../bin/" },
	{ TOP, "/dangling", 'l', "etc/nothing" },
	{ TOP, "/tovolume", 'l', "/data/x" },

	{ INIT, "/etc", 'd', NULL },
	{ INIT, "/etc/hosts", 'f', "" },
	{ INIT, "/.dockerenv", 'f', "" },
};

static const char overlay_options[] =
	"index=off,metacopy=off,redirect_dir=off,lowerdir=l/I:l/1:l/2,upperdir=" UPPER ",workdir=ID/work";

static bool mount_overlays(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	return mount("overlay", "lower", "overlay", MS_RDONLY, "lowerdir=l/1:l/2") == 0 &&
	       mount("overlay", "merged", "overlay", 0, overlay_options) == 0;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || geteuid() != 0)
		return *state = fixture, 0;
	(void)strcpy(fixture->top, "/tmp/plimsoll-rootfs-XXXXXX");
	if (!mkdtemp(fixture->top) || chdir(fixture->top) < 0)
		return -1;
	(void)umask(022);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		make_item(&items[i]);
	fixture->merged = mount_overlays();
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	if (fixture->top[0]) {
		if (fixture->merged && (umount("merged") < 0 || umount("lower") < 0))
			return -1;
		(void)snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", fixture->top);
		if (chdir("/") < 0 || system(command) != 0)
			return -1;
	}
	free(fixture);
	return 0;
}

static void need_root(struct fixture *fixture)
{
	if (fixture->top[0])
		return;
	print_message("# needs root: device nodes and trusted attributes\n");
	skip();
}

static void need_merged(struct fixture *fixture)
{
	need_root(fixture);
	if (fixture->merged)
		return;
	print_message("# %s\n", skip_mount);
	skip();
}

static int open_rootfs(const struct fixture *fixture, const char *lower, const char *more, struct rootfs **ret_rootfs)
{
	char text[1024];
	struct rootfs_source source = { .mountinfo = text };

	source.size = (size_t)snprintf(text, sizeof(text),
				       "60 50 0:40 / / rw - overlay overlay rw,lowerdir=%s,upperdir=%s/" UPPER "%s\n"
				       "61 60 0:41 / /proc rw - proc proc rw\n"
				       "62 60 8:1 /v /data rw - ext4 /dev/a rw\n",
				       lower, fixture->top, more);
	return rootfs_from_mountinfo(&source, ret_rootfs);
}

static struct rootfs *open_sound(const struct fixture *fixture)
{
	struct rootfs *rootfs = NULL;

	assert_int_equal(open_rootfs(fixture, "l/I:l/1:l/2", "", &rootfs), 0);
	return rootfs;
}

/* ---- the tests ---- */

static void sources(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	char text[512], hint[128];
	struct stat stat_upper;
	struct rootfs_source source = { .mountinfo = text };

	need_root(fixture);
	assert_int_equal(open_rootfs(fixture, "l/I:l/none", "", &rootfs), -ENOENT);
	assert_int_equal(open_rootfs(fixture, "/nowhere", "", &rootfs), -ENOENT);
	assert_null(rootfs);
	assert_int_equal(open_rootfs(fixture, "l/I:l/1:l/2", "", &rootfs), 0);
	assert_int_equal(rootfs_image_layers(rootfs), 2); /* without the runtime's */
	rootfs_free(take_ptr(rootfs));
	assert_int_equal(open_rootfs(fixture, "l/1:l/2", "", &rootfs), 0);
	assert_int_equal(rootfs_image_layers(rootfs), 2);
	rootfs_free(take_ptr(rootfs));

	/* the upper directory relative too: only the kernel's walk tells where; and it must be the one */
	source.size =
		(size_t)snprintf(text, sizeof(text), "60 50 0:40 / / rw - overlay overlay rw,%s\n", overlay_options);
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), -ENOENT);
	(void)snprintf(hint, sizeof(hint), "%s/" UPPER, fixture->top);
	source.upper = hint;
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	assert_string_equal(rootfs_upper(rootfs), hint);
	rootfs_free(take_ptr(rootfs));
	assert_int_equal(stat(UPPER, &stat_upper), 0);
	source.upper_inode = stat_upper.st_ino + 1;
	assert_true(rootfs_from_mountinfo(&source, &rootfs) < 0);
	source.upper_inode--;
	source.host_root = "/";
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	rootfs_free(take_ptr(rootfs));
	source.root_device = 41;
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), -ENOENT);

	source = (struct rootfs_source){ .mountinfo = "60 50 8:1 / / rw - ext4 /dev/a rw\n", .size = 34 };
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), -EOPNOTSUPP);
	assert_null(rootfs);
}

/* --host-root: the same layers seen below another directory, their links included. */
static void host_root(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	static const char text[] = "60 50 0:40 / / rw - overlay overlay rw,lowerdir=l/I:/l/1:l/2,upperdir=/" UPPER "\n";
	struct rootfs_source source = { .mountinfo = text, .size = strlen(text), .host_root = fixture->top };

	need_root(fixture);
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	assert_int_equal(rootfs_image_layers(rootfs), 2);
	assert_int_equal(rootfs_in_image(rootfs, "/usr/bin/id"), ANSWER_YES);
	assert_int_equal(rootfs_in_image(rootfs, "/etc/hosts"), ANSWER_NO);
}

static const char *const paths[] = {
	"/",          "/usr",           "/usr/bin/id", "/bin",        "/bin/id",  "/etc/passwd", "/etc/old",
	"/etc/gone",  "/etc/gone/file", "/etc/new",    "/opq",        "/opq/low", "/opq/high",   "/was-dir",
	"/was-dir/x", "/was-file",      "/was-file/x", "/again/x",    "/again/y", "/shadow",     "/out",
	"/shadow/x",  "/loop1",         "/fifo",       "/fifo/x",     "/nothing", "/nothing/x",  "/usr/bin/id/x",
	"/etc/hosts", "/.dockerenv",    "/dangling",   "/etc/shadow",
};

static void in_image(void **state)
{
	static const struct {
		const char *path;
		enum answer expected;
	} rows[] = {
		{ "/", ANSWER_YES },          { "/usr/bin/id", ANSWER_YES }, { "/bin", ANSWER_YES },
		{ "/bin/id", ANSWER_NO },     { "/etc/old", ANSWER_NO },     { "/etc/gone/file", ANSWER_NO },
		{ "/opq/low", ANSWER_NO },    { "/opq/high", ANSWER_YES },   { "/was-dir", ANSWER_YES },
		{ "/was-dir/x", ANSWER_NO },  { "/was-file/x", ANSWER_YES }, { "/etc/hosts", ANSWER_NO },
		{ "/.dockerenv", ANSWER_NO }, { "/shadow", ANSWER_YES },     { "/up/etc/shadow", ANSWER_NO },
		{ "/etc/shadow", ANSWER_NO }, { "", ANSWER_UNKNOWN },        { "etc/passwd", ANSWER_UNKNOWN },
		{ "//etc", ANSWER_UNKNOWN },  { "/etc/", ANSWER_UNKNOWN },   { "/etc/../etc/passwd", ANSWER_UNKNOWN },
		{ "/./etc", ANSWER_UNKNOWN }, { "/..", ANSWER_UNKNOWN },     { "/...", ANSWER_NO },
		{ "/fifo", ANSWER_YES },
	};
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;

	need_root(fixture);
	rootfs = open_sound(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(rootfs_in_image(rootfs, rows[i].path), rows[i].expected);
}

/* openat2 below `directory`, as a process of the container would see it. */
static int kernel_open(const char *directory, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC, .resolve = resolve };
	_cleanup_close_ int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	long fd;

	do
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN); /* something, somewhere, was renamed */
	return fd < 0 ? -errno : (int)fd;
}

static void in_image_as_kernel(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;

	need_merged(fixture);
	rootfs = open_sound(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int fd = kernel_open("lower", paths[i], O_NOFOLLOW, RESOLVE_IN_ROOT);
		char real[PATH_MAX] = "", proc[64], expected[PATH_MAX];

		/* the kernel follows links on the way: only what it finds under the same name counts */
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		(void)snprintf(expected, sizeof(expected), "%s/lower%s", fixture->top, paths[i][1] ? paths[i] : "");
		if (fd >= 0)
			assert_true(readlink(proc, real, sizeof(real) - 1) > 0);
		assert_int_equal(rootfs_in_image(rootfs, paths[i]),
				 strcmp(real, expected) == 0 ? ANSWER_YES : ANSWER_NO);
	}
}

static void resolve_rows(void **state)
{
	static const struct {
		const char *root, *base, *name;
		bool nofollow;
		int expected;
		const char *path;
		bool on_root;
	} rows[] = {
		{ "/", "/etc", "passwd", true, 0, "/etc/passwd", true },
		{ "/", "/", "passwd", true, 0, "/passwd", true },
		{ "/", NULL, "/bin/id", true, 0, "/usr/bin/id", true },
		{ "/", NULL, "/bin", true, 0, "/bin", true },
		{ "/", NULL, "/bin/", true, 0, "/usr/bin", true },
		{ "/", NULL, "/bin", false, 0, "/usr/bin", true },
		{ "/", NULL, "/etc/tobin/id", false, 0, "/usr/bin/id", true },
		{ "/", NULL, "/tobin/../new", true, 0, "/usr/new", true },
		{ "/", "/etc", "./.././etc//passwd", true, 0, "/etc/passwd", true },
		{ "/", "/etc", "..", true, 0, "/", true },
		{ "/", "/", "../../..", true, 0, "/", true },
		{ "/", "/etc", "../../../../etc/shadow", true, 0, "/etc/shadow", true },
		{ "/", NULL, "/shadow", false, 0, "/etc/shadow", true },
		{ "/", NULL, "/out", false, 0, "/etc/shadow", true },
		{ "/", NULL, "/up/etc/passwd", false, 0, "/etc/passwd", true },
		{ "/", NULL, "/dangling", false, 0, "/etc/nothing", true },
		{ "/", NULL, "/etc/hosts", false, 0, "/etc/hosts", true },
		{ "/", NULL, "/loop1", true, 0, "/loop1", true },
		{ "/", NULL, "/loop1", false, -ELOOP, NULL, false },
		{ "/", NULL, "/self/x", false, -ELOOP, NULL, false },
		{ "/", NULL, "/nothing/x", true, -ENOENT, NULL, false },
		{ "/", NULL, "/etc/gone/file", true, -ENOENT, NULL, false },
		{ "/", NULL, "/was-dir/x", true, -ENOTDIR, NULL, false },
		{ "/", NULL, "/fifo/x", true, -ENOTDIR, NULL, false },
		{ "/", NULL, "relative", true, -EINVAL, NULL, false },
		{ "/", "etc", "relative", true, -EINVAL, NULL, false },
		{ "/", "/etc/..", "relative", true, -EINVAL, NULL, false },
		{ "/", "/", "", true, -ENOENT, NULL, false },
		{ "/", NULL, "/data", true, 0, "/data", false },
		{ "/", NULL, "/data/x", true, 0, "/data/x", false },
		{ "/", NULL, "/data/../etc/passwd", true, 0, "/etc/passwd", true },
		{ "/", NULL, "/data/x", false, -EXDEV, NULL, false },
		{ "/", NULL, "/data/x/y", true, -EXDEV, NULL, false },
		{ "/", NULL, "/tovolume", false, -EXDEV, NULL, false },
		{ "/", NULL, "/proc/self/root/etc/passwd", true, -EXDEV, NULL, false },
		{ "/", "/proc/1", "fd", true, 0, "/proc/1/fd", false },
		{ "/usr", NULL, "/bin/id", true, 0, "/usr/bin/id", true },
		{ "/usr", "/usr/bin", "../../../x", true, 0, "/usr/x", true },
		{ "/usr", "/etc", "../x", true, 0, "/x", true },
		{ "/etc", NULL, "/tobin", false, 0, "/etc/bin", true },
		{ "usr", NULL, "/x", true, -EINVAL, NULL, false },
	};
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;

	need_root(fixture);
	rootfs = open_sound(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[PATH_MAX] = "untouched";
		bool on_root = false;

		assert_int_equal(rootfs_resolve_in(rootfs, rows[i].root, rows[i].base, rows[i].name, rows[i].nofollow,
						   path, &on_root),
				 rows[i].expected);
		assert_string_equal(path, rows[i].path ?: "untouched");
		assert_int_equal(on_root, rows[i].on_root);
	}
}

/* Whatever the kernel resolves in the merged tree, rootfs resolves to the same, and refuses what it refuses.
 */
static void resolve_as_kernel(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;

	need_merged(fixture);
	rootfs = open_sound(fixture);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(paths); i++) {
		const char *name = paths[i / 2];
		bool nofollow = i % 2, on_root;
		_cleanup_close_ int fd = kernel_open("merged", name, nofollow ? O_NOFOLLOW : 0, RESOLVE_IN_ROOT);
		char path[PATH_MAX], expected[PATH_MAX] = "", proc[64];
		int error = rootfs_resolve(rootfs, NULL, name, nofollow, path, &on_root);
		size_t prefix = strlen(fixture->top) + strlen("/merged");

		if (fd == -ENOENT) /* the last component may be missing */
			assert_true(error == 0 || error == -ENOENT);
		else if (fd < 0)
			assert_int_equal(error, fd);
		if (fd < 0)
			continue;
		(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		assert_true(readlink(proc, expected, sizeof(expected) - 1) > 0);
		assert_int_equal(error, 0);
		assert_string_equal(path, expected[prefix] ? expected + prefix : "/");
	}
}

static void long_names(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	char name[2 * PATH_MAX], path[PATH_MAX] = "untouched";
	struct rootfs_stat stat;
	bool on_root;

	need_root(fixture);
	rootfs = open_sound(fixture);
	memset(name, 'a', sizeof(name));
	name[0] = '/';
	name[300] = '\0';
	assert_int_equal(rootfs_in_image(rootfs, name), ANSWER_NO);
	assert_int_equal(rootfs_resolve(rootfs, NULL, name, true, path, &on_root), -ENAMETOOLONG);
	name[300] = 'a';
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(rootfs_in_image(rootfs, name), ANSWER_UNKNOWN);
	assert_int_equal(rootfs_upper_stat(rootfs, name, &stat), -EINVAL);
	assert_int_equal(rootfs_resolve(rootfs, "/etc", name, true, path, &on_root), -ENAMETOOLONG);
	for (size_t i = 0; i < PATH_MAX - 1; i += 2)
		memcpy(name + i, "/a", 2);
	name[PATH_MAX - 1] = '\0'; /* the longest clean path, but for its end */
	name[PATH_MAX - 2] = 'b';
	assert_int_equal(rootfs_in_image(rootfs, name), ANSWER_NO);
	assert_int_equal(rootfs_resolve(rootfs, "/etc", name, true, path, &on_root), -ENOENT);
	for (size_t i = 0; i < PATH_MAX - 1; i += 3)
		memcpy(name + i, "../", 3);
	name[PATH_MAX - 1] = '\0';
	assert_int_equal(rootfs_resolve(rootfs, "/etc", name, true, path, &on_root), 0);
	assert_string_equal(path, "/");
}

/* What cannot be read must not be waited for, nor opened. */
static void not_files(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = UPPER "/socket" };
	_cleanup_close_ int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	need_root(fixture);
	rootfs = open_sound(fixture);
	assert_int_equal(bind(socket_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(mknod(UPPER "/tape", S_IFCHR | 0777, makedev(9, 128)), 0);
	assert_int_equal(mkfifo(UPPER "/pipe", 0777), 0);
	(void)alarm(10);
	assert_false(rootfs_is_code(rootfs, "/pipe"));
	assert_false(rootfs_is_code(rootfs, "/fifo"));
	assert_false(rootfs_is_code(rootfs, "/socket"));
	assert_false(rootfs_is_code(rootfs, "/tape"));
	assert_false(rootfs_is_code(rootfs, "/shadow"));
	assert_false(rootfs_is_code(rootfs, "/usr"));
	assert_false(rootfs_is_code(rootfs, "/nothing"));
	assert_false(rootfs_is_code(rootfs, "/etc/passwd"));
	assert_false(rootfs_is_code(rootfs, "/../etc/passwd"));
	assert_true(rootfs_is_code(rootfs, "/usr/bin/id"));
	assert_true(rootfs_is_code(rootfs, "/usr/bin/script"));
	assert_false(same_as_image(rootfs, "/pipe"));
	(void)alarm(0);
	assert_int_equal(unlink(UPPER "/socket") | unlink(UPPER "/tape") | unlink(UPPER "/pipe"), 0);
}

/* Whiteouts by attribute count only in a directory marked for them, and user.* only with userxattr. */
static void attributes(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *trusted = NULL, *user = NULL;
	static const struct item more[] = {
		{ "A", "", 'd', NULL },       { "A/x", "", 'd', NULL },     { "A/x/t", "", 'f', "" },
		{ "A/x/u", "", 'f', "" },     { "A/x/full", "", 'f', "x" }, { "A/plain", "", 'd', NULL },
		{ "A/plain/t", "", 'f', "" }, { "A/uo", "", 'd', NULL },    { "Z", "", 'd', NULL },
		{ "Z/x", "", 'd', NULL },     { "Z/uo", "", 'd', NULL },    { "Z/uo/low", "", 'f', "x" },
	};

	need_root(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		make_item(&more[i]);
	assert_int_equal(setxattr("A/x", "trusted.overlay.opaque", "x", 1, 0), 0);
	assert_int_equal(setxattr("A/x/t", "trusted.overlay.whiteout", "", 0, 0), 0);
	assert_int_equal(setxattr("A/x/full", "trusted.overlay.whiteout", "", 0, 0), 0);
	assert_int_equal(setxattr("A/plain/t", "trusted.overlay.whiteout", "", 0, 0), 0);
	if (setxattr("A/x", "user.overlay.opaque", "x", 1, 0) < 0) {
		print_message("# this file system has no user attributes\n");
		skip();
	}
	assert_int_equal(setxattr("A/x/u", "user.overlay.whiteout", "", 0, 0), 0);
	assert_int_equal(setxattr("A/uo", "user.overlay.opaque", "y", 1, 0), 0);

	assert_int_equal(open_rootfs(fixture, "A:Z", "", &trusted), 0);
	assert_int_equal(rootfs_in_image(trusted, "/x/t"), ANSWER_NO);
	assert_int_equal(rootfs_in_image(trusted, "/x/u"), ANSWER_YES);
	assert_int_equal(rootfs_in_image(trusted, "/x/full"), ANSWER_YES);
	assert_int_equal(rootfs_in_image(trusted, "/plain/t"), ANSWER_YES);
	assert_int_equal(rootfs_in_image(trusted, "/uo/low"), ANSWER_YES);

	assert_int_equal(open_rootfs(fixture, "A:Z", ",userxattr", &user), 0);
	assert_int_equal(rootfs_in_image(user, "/x/t"), ANSWER_YES);
	assert_int_equal(rootfs_in_image(user, "/x/u"), ANSWER_NO);
	assert_int_equal(rootfs_in_image(user, "/uo/low"), ANSWER_NO);
}

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

#define LATER (now_ns() + 3600000000000ll)

static enum answer confirm(const struct rootfs *rootfs, enum plm_op op, const char *path, const char *from,
			   uint64_t value, int64_t when)
{
	struct rootfs_claim claim = { .op = op, .path = path, .from = from, .value = value, .when = when };

	return rootfs_confirm(rootfs, &claim);
}

/* Nothing of this was done: the disk says so, where an hour passed without a change. */
static void confirm_refuses(void **state)
{
	static const struct {
		enum plm_op op;
		const char *path;
		enum answer expected;
	} rows[] = {
		{ PLM_OP_UNLINK, "/etc/passwd", ANSWER_NO }, { PLM_OP_UNLINK, "/nothing", ANSWER_YES },
		{ PLM_OP_CREATE, "/nothing", ANSWER_NO },    { PLM_OP_MKDIR, "/usr/made", ANSWER_NO },
		{ PLM_OP_SYMLINK, "/etc/l", ANSWER_NO },     { PLM_OP_RENAME, "/etc/passwd", ANSWER_NO },
		{ PLM_OP_CHMOD, "/etc/passwd", ANSWER_NO },  { PLM_OP_CHOWN, "/etc/passwd", ANSWER_NO },
		{ PLM_OP_UTIMES, "/etc/passwd", ANSWER_NO }, { PLM_OP_TRUNCATE, "/etc/passwd", ANSWER_NO },
		{ PLM_OP_MOUNT, "/etc", ANSWER_UNKNOWN },    { PLM_OP_TMPFILE, "/etc", ANSWER_UNKNOWN },
		{ PLM_OP_NONE, "/etc", ANSWER_UNKNOWN },     { PLM_OPS, "/etc", ANSWER_UNKNOWN },
		{ PLM_OP_UNLINK, "/../x", ANSWER_UNKNOWN },
	};
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;

	need_root(fixture);
	rootfs = open_sound(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(confirm(rootfs, rows[i].op, rows[i].path, NULL, 0, LATER), rows[i].expected);
	assert_int_equal(confirm(rootfs, PLM_OP_CREATE, "/nothing", NULL, 0, 0), ANSWER_UNKNOWN);
	assert_int_equal(confirm(rootfs, PLM_OP_CREATE, "/nothing", NULL, 0, 1), ANSWER_UNKNOWN);
}

static void upper_state(const struct rootfs *rootfs, const char *path, enum rootfs_upper_state expected)
{
	struct rootfs_stat stat;

	assert_int_equal(rootfs_upper_stat(rootfs, path, &stat), 0);
	assert_int_equal(stat.state, expected);
}

/* Real changes through the kernel's overlay. */
static void confirm_bears_out(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	struct rootfs_stat stat;
	struct stat seen;
	int64_t when = now_ns(); /* before any of it: however slow the machine, all has changed since */

	need_merged(fixture);
	rootfs = open_sound(fixture);
	upper_state(rootfs, "/etc/new", ROOTFS_UPPER_ABSENT);
	assert_int_equal(unlink("merged/etc/new"), 0);
	upper_state(rootfs, "/etc/new", ROOTFS_UPPER_WHITEOUT);
	assert_int_equal(confirm(rootfs, PLM_OP_UNLINK, "/etc/new", NULL, 0, when), ANSWER_YES);
	assert_int_equal(confirm(rootfs, PLM_OP_CREATE, "/etc/new", NULL, 0, when), ANSWER_UNKNOWN);

	assert_int_equal(mkdir("merged/made", 0755), 0);
	assert_int_equal(confirm(rootfs, PLM_OP_MKDIR, "/made", NULL, 0, when), ANSWER_YES);
	assert_int_equal(confirm(rootfs, PLM_OP_CREATE, "/made", NULL, 0, LATER), ANSWER_NO);
	assert_int_equal(confirm(rootfs, PLM_OP_RMDIR, "/made", NULL, 0, LATER), ANSWER_NO);
	assert_int_equal(confirm(rootfs, PLM_OP_RMDIR, "/made", NULL, 0, when), ANSWER_UNKNOWN);
	assert_int_equal(rmdir("merged/made"), 0);
	assert_int_equal(confirm(rootfs, PLM_OP_RMDIR, "/made", NULL, 0, when), ANSWER_YES);

	assert_int_equal(rename("merged/was-dir", "merged/renamed"), 0);
	assert_int_equal(confirm(rootfs, PLM_OP_RENAME, "/renamed", "/was-dir", 0, when), ANSWER_YES);
	assert_int_equal(confirm(rootfs, PLM_OP_RENAME, "/renamed", "/etc/passwd", 0, when), ANSWER_UNKNOWN);
	assert_int_equal(confirm(rootfs, PLM_OP_EXCHANGE, "/renamed", "/etc/passwd", 0, when), ANSWER_YES);

	assert_false(same_as_image(rootfs, "/usr/bin/id"));
	assert_int_equal(chmod("merged/usr/bin/id", 04711), 0);
	assert_int_equal(confirm(rootfs, PLM_OP_CHMOD, "/usr/bin/id", NULL, 04711, LATER), ANSWER_YES);
	assert_int_equal(confirm(rootfs, PLM_OP_CHMOD, "/usr/bin/id", NULL, 0755, LATER), ANSWER_NO);
	assert_int_equal(confirm(rootfs, PLM_OP_CHMOD, "/usr/bin/id", NULL, 0755, when), ANSWER_UNKNOWN);
	assert_true(same_as_image(rootfs, "/usr/bin/id"));
	assert_int_equal(rootfs_upper_stat(rootfs, "/usr/bin/id", &stat), 0);
	assert_int_equal(stat.mode, S_IFREG | 04711);
	assert_int_equal(stat.state, ROOTFS_UPPER_ENTRY);
	assert_int_equal(lstat(UPPER "/usr/bin/id", &seen), 0);
	assert_int_equal(stat.inode, seen.st_ino);
	assert_int_equal(stat.size, seen.st_size);
	assert_int_equal(stat.mtime, seen.st_mtim.tv_sec * 1000000000ll + seen.st_mtim.tv_nsec);

	assert_int_equal(chown("merged/usr/bin/id", 12, -1), 0);
	assert_int_equal(confirm(rootfs, PLM_OP_CHOWN, "/usr/bin/id", NULL, 12 | 0xffffffffull << 32, LATER),
			 ANSWER_YES);
	assert_int_equal(confirm(rootfs, PLM_OP_CHOWN, "/usr/bin/id", NULL, 12 | 7ull << 32, LATER), ANSWER_NO);
	make_file("merged/usr/bin/id", "other content", 0755);
	assert_false(same_as_image(rootfs, "/usr/bin/id"));
	assert_int_equal(truncate("merged/usr/bin/id", 5), 0);
	assert_int_equal(confirm(rootfs, PLM_OP_TRUNCATE, "/usr/bin/id", NULL, 5, LATER), ANSWER_YES);
	assert_int_equal(confirm(rootfs, PLM_OP_TRUNCATE, "/usr/bin/id", NULL, 6, LATER), ANSWER_NO);
	assert_int_equal(rootfs_in_image(rootfs, "/usr/bin/id"), ANSWER_YES);
}

/* metacopy and redirect_dir: an upper entry with lower data, a directory whose lower part has another name.
 */
static void metacopy_and_redirect(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	struct rootfs_stat stat;
	char path[PATH_MAX], text[256];
	bool on_root;
	struct rootfs_source source = { .mountinfo = text };
	static const struct timespec past[2] = { { 1, 2 }, { 3, 4 } };

	need_merged(fixture);
	assert_int_equal(mkdir("U", 0755) | mkdir("W", 0755) | mkdir("M", 0755), 0);
	assert_int_equal(mount("overlay", "M", "overlay", 0,
			       "metacopy=on,redirect_dir=on,lowerdir=B2/diff,upperdir=U,workdir=W"),
			 0);
	source.size = (size_t)snprintf(text, sizeof(text),
				       "1 0 0:1 / / rw - overlay o rw,lowerdir=B2/diff,upperdir=%s/U\n", fixture->top);
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);

	assert_int_equal(chmod("M/usr/bin/script", 0600), 0);
	assert_int_equal(rootfs_upper_stat(rootfs, "/usr/bin/script", &stat), 0);
	assert_true(stat.metacopy);
	assert_true(rootfs_is_code(rootfs, "/usr/bin/script")); /* "#!" is in the image's data */
	assert_true(same_as_image(rootfs, "/usr/bin/script"));
	assert_int_equal(utimensat(AT_FDCWD, "M/usr/bin/script", past, 0), 0);
	assert_true(same_as_image(rootfs, "/usr/bin/script")); /* other mtime, and still the image's data */
	assert_int_equal(rename("M/usr/bin/script", "M/usr/bin/moved"), 0);
	assert_true(rootfs_is_code(rootfs, "/usr/bin/moved"));
	assert_int_equal(rename("M/move", "M/etc/moved"), 0);
	assert_int_equal(rootfs_resolve(rootfs, NULL, "/etc/moved/inner/x", false, path, &on_root), -ENOTDIR);
	assert_int_equal(rootfs_resolve(rootfs, NULL, "/move/inner/x", false, path, &on_root), -ENOENT);
	assert_int_equal(rootfs_in_image(rootfs, "/move/inner"), ANSWER_YES);
	assert_int_equal(rootfs_in_image(rootfs, "/etc/moved/inner"), ANSWER_NO);
	assert_int_equal(mkdir("M/fresh", 0755) | rename("M/etc/moved", "M/fresh/moved"),
			 0); /* opaque, and in it not */
	assert_int_equal(rootfs_resolve(rootfs, NULL, "/fresh/moved/inner/x", false, path, &on_root), -ENOTDIR);
	assert_int_equal(umount("M"), 0);

	/* an image whose own layers are made so: its data is where its metacopy points */
	rootfs_free(take_ptr(rootfs));
	assert_int_equal(mkdir("C", 0755) | mkdir("C/usr", 0755) | mkdir("C/usr/bin", 0755), 0);
	make_file("C/usr/bin/moved", "#!/bin/sh\n", 0600);
	source.size = (size_t)snprintf(text, sizeof(text),
				       "1 0 0:1 / / rw - overlay o rw,lowerdir=%1$s/U:%1$s/B2/diff,upperdir=%1$s/C\n",
				       fixture->top);
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	assert_true(same_as_image(rootfs, "/usr/bin/moved"));
	make_file("C/usr/bin/moved", "#!/bin/ch\n", 0600);
	assert_false(same_as_image(rootfs, "/usr/bin/moved"));
}

static void descriptors(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	int before, after;
	char path[PATH_MAX];
	bool on_root;

	need_root(fixture);
	before = dup(0);
	(void)close(before);
	rootfs = open_sound(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		(void)rootfs_in_image(rootfs, paths[i]);
		(void)rootfs_is_code(rootfs, paths[i]);
		(void)same_as_image(rootfs, paths[i]);
		(void)rootfs_resolve(rootfs, NULL, paths[i], false, path, &on_root);
		(void)confirm(rootfs, PLM_OP_RENAME, paths[i], "/etc", 0, LATER);
	}
	after = dup(0);
	(void)close(after);
	assert_int_equal(before, after);
}

/* Renames anywhere on the machine make the kernel refuse ".." for a moment: no answer may suffer from it. */
static void busy_machine(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	size_t unknown = 0;
	pid_t child;

	need_root(fixture);
	rootfs = open_sound(fixture);
	assert_int_equal(mkdir("r1", 0755) | mkdir("r1/a", 0755) | mkdir("r2", 0755), 0);
	child = fork();
	if (child == 0)
		for (;;)
			if (rename("r1/a", "r2/a") | rename("r2/a", "r1/a"))
				_exit(1);
	for (size_t i = 0; i < 5000; i++)
		unknown += rootfs_in_image(rootfs, "/usr/bin/id") != ANSWER_YES;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(unknown, 0);
}

static void new_mounts(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	static const char text[] = "60 50 0:40 / / rw - overlay overlay rw,lowerdir=/x\n"
				   "63 60 0:50 / /etc rw - tmpfs t rw\n";
	char path[PATH_MAX];
	bool on_root = true;

	need_root(fixture);
	rootfs = open_sound(fixture);
	assert_int_equal(rootfs_set_mounts(rootfs, "rubbish", 7), -EBADMSG);
	assert_int_equal(rootfs_set_mounts(rootfs, "", 0), -ENOENT);
	assert_int_equal(rootfs_resolve(rootfs, NULL, "/etc/passwd", true, path, &on_root), 0);
	assert_true(on_root);
	assert_int_equal(rootfs_set_mounts(rootfs, text, strlen(text)), 0);
	assert_int_equal(rootfs_resolve(rootfs, NULL, "/etc/passwd", true, path, &on_root), 0);
	assert_false(on_root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources),
		cmocka_unit_test(host_root),
		cmocka_unit_test(in_image),
		cmocka_unit_test(in_image_as_kernel),
		cmocka_unit_test(resolve_rows),
		cmocka_unit_test(resolve_as_kernel),
		cmocka_unit_test(long_names),
		cmocka_unit_test(not_files),
		cmocka_unit_test(attributes),
		cmocka_unit_test(confirm_refuses),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(new_mounts),
		cmocka_unit_test(confirm_bears_out),
		cmocka_unit_test(busy_machine),
		cmocka_unit_test(metacopy_and_redirect),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
