// SPDX-License-Identifier: Apache-2.0
/*
 * Upper directories made by hand, with what has to be told of each; and random changes made through the kernel's own
 * overlay, where what is told has to be what a plain comparison of the merged tree with the image finds. Needs root for
 * device nodes and trusted attributes, and a mount namespace for the second half; skips with the reason where it has not.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/difference.h"
#include "image/layers.h"

DEFINE_CLEANUP(struct rootfs *, rootfs_free)
DEFINE_CLEANUP(struct difference *, difference_free)
#define _cleanup_rootfs_     _cleanup_(rootfs_freep)
#define _cleanup_difference_ _cleanup_(difference_freep)

#define UPPER "ID/diff"
#define INIT  "ID-init/diff"
#define TOP   "B1"
#define BASE  "B2"

static char top[64]; /* the working directory of every test; empty without root */
static bool may_mount;

static int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int shell(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command);
}

static int set_up(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	(void)strcpy(top, "/tmp/plimsoll-difference-XXXXXX");
	if (!mkdtemp(top) || chdir(top) < 0)
		return -1;
	(void)umask(022);
	may_mount = unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)umount2("before", MNT_DETACH); /* where a test failed */
	(void)umount2("after", MNT_DETACH);
	return top[0] && (chdir("/") < 0 || shell("rm -rf --one-file-system '%s'", top) != 0) ? -1 : 0;
}

static void need_root(void)
{
	if (top[0])
		return;
	print_message("# needs root: device nodes and trusted attributes\n");
	skip();
}

/* ---- what is built, and what is told ---- */

struct item {
	const char *layer, *path;
	char kind; /* d directory, f file, l link, w whiteout, o opaque directory, p FIFO, z device 1:3; and of what is
		    * there: m its mode, u its owner */
	const char *text;
};

static void make_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void make_item(const struct item *item)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s%s", item->layer, item->path);
	if (strchr("od", item->kind))
		assert_int_equal(mkdir(path, 0755), 0);
	if (item->kind == 'o')
		assert_int_equal(setxattr(path, "trusted.overlay.opaque", "y", 1, 0), 0);
	if (item->kind == 'f')
		make_file(path, item->text);
	if (item->kind == 'l')
		assert_int_equal(symlink(item->text, path), 0);
	if (strchr("wz", item->kind))
		assert_int_equal(mknod(path, S_IFCHR | 0644, item->kind == 'w' ? makedev(0, 0) : makedev(1, 3)), 0);
	if (item->kind == 'p')
		assert_int_equal(mkfifo(path, 0644), 0);
	if (item->kind == 'm')
		assert_int_equal(chmod(path, (mode_t)strtoul(item->text, NULL, 8)), 0);
	if (item->kind == 'u')
		assert_int_equal(lchown(path, (uid_t)atoi(item->text), 0), 0);
}

static void make_layers(const struct item *items, size_t count)
{
	assert_int_equal(shell("rm -rf ID ID-init B1 B2; mkdir -p %s ID/work %s %s %s", UPPER, INIT, TOP, BASE), 0);
	for (size_t i = 0; i < count; i++)
		make_item(&items[i]);
}

static struct rootfs *open_rootfs(const char *more)
{
	struct rootfs *rootfs = NULL;
	char text[1024];
	struct rootfs_source source = { .mountinfo = text };

	source.size = (size_t)snprintf(text, sizeof(text),
				       "60 50 0:40 / / rw - overlay o rw,lowerdir=%1$s/%2$s:%1$s/%3$s:%1$s/%4$s,"
				       "upperdir=%1$s/%5$s\n%6$s",
				       top, INIT, TOP, BASE, UPPER, more);
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	return rootfs;
}

struct told {
	enum difference_kind kind;
	char *path, *from; /* from: "" none */
	struct rootfs_stat stat;
	bool expected;
};

struct tale {
	struct told *told;
	size_t count, room;
};

static void note(const struct difference_entry *entry, void *data)
{
	struct tale *tale = data;
	struct told *told;

	if (tale->count == tale->room) {
		tale->room = tale->room ? tale->room * 2 : 64;
		tale->told = realloc(tale->told, tale->room * sizeof(*tale->told));
		assert_non_null(tale->told);
	}
	told = &tale->told[tale->count++];
	*told = (struct told){ .kind = entry->kind, .stat = entry->stat };
	told->path = strdup(entry->path);
	told->from = strdup(entry->from ?: "");
	assert_true(told->path && told->from);
}

static void tale_clear(struct tale *tale)
{
	for (size_t i = 0; i < tale->count; i++) {
		free(tale->told[i].path);
		free(tale->told[i].from);
	}
	free(tale->told);
	*tale = (struct tale){ 0 };
}

#define _cleanup_tale_ _cleanup_(tale_clear)

/* Compares the whole tree, `limit` entries a step. */
static struct difference_counts compare(const struct rootfs *rootfs, size_t limit, struct tale *tale)
{
	_cleanup_difference_ struct difference *difference = NULL;

	assert_int_equal(difference_new(rootfs, &difference), 0);
	while (difference_step(difference, limit, note, tale) == 1)
		;
	assert_int_equal(difference_step(difference, limit, note, tale), 0);
	return difference_counts(difference);
}

static const char *const kinds[] = { "", "added", "modified", "metadata", "removed" };

/* One that is not yet expected is from now on. */
static bool tale_has(struct tale *tale, enum difference_kind kind, const char *path, const char *from)
{
	for (size_t i = 0; i < tale->count; i++) {
		struct told *told = &tale->told[i];

		if (told->expected || told->kind != kind || strcmp(told->path, path) || strcmp(told->from, from ?: ""))
			continue;
		return told->expected = true;
	}
	return false;
}

struct expected {
	enum difference_kind kind;
	const char *path, *from;
};

static void expect_tale(struct tale *tale, const struct expected *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!tale_has(tale, rows[i].kind, rows[i].path, rows[i].from))
			fail_msg("not told: %s %s", kinds[rows[i].kind], rows[i].path);
	for (size_t i = 0; i < tale->count; i++)
		if (!tale->told[i].expected)
			fail_msg("told: %s %s", kinds[tale->told[i].kind], tale->told[i].path);
}

/* ---- by hand ---- */

static const struct item image_items[] = {
	{ BASE, "/etc", 'd', NULL },
	{ BASE, "/etc/same", 'f', "same" },
	{ BASE, "/etc/text", 'f', "text" },
	{ BASE, "/etc/size", 'f', "text" },
	{ BASE, "/etc/mode", 'f', "text" },
	{ BASE, "/etc/owner", 'f', "text" },
	{ BASE, "/etc/gone", 'f', "text" },
	{ BASE, "/etc/type", 'f', "text" },
	{ BASE, "/etc/cap", 'f', "text" },
	{ BASE, "/etc/empty", 'f', "" },
	{ BASE, "/etc/deleted", 'f', "" },
	{ BASE, "/link", 'l', "etc/same" },
	{ BASE, "/turned", 'l', "etc/same" },
	{ BASE, "/owned", 'l', "etc/same" },
	{ BASE, "/pipe", 'p', NULL },
	{ BASE, "/device", 'z', NULL },
	{ BASE, "/dir", 'd', NULL },
	{ BASE, "/dir/x", 'f', "x" },
	{ BASE, "/again", 'd', NULL },
	{ BASE, "/again/x", 'f', "x" },
	{ BASE, "/again/y", 'f', "y" },
	{ BASE, "/whole", 'd', NULL },
	{ BASE, "/whole/x", 'f', "x" },
	{ BASE, "/whole/gone", 'f', "x" },
	{ BASE, "/nest", 'd', NULL },
	{ BASE, "/nest/in", 'd', NULL },
	{ BASE, "/nest/in/x", 'f', "x" },
	{ BASE, "/modes", 'd', NULL },
	{ BASE, "/a", 'd', NULL },
	{ BASE, "/a/x", 'f', "x" },
	{ BASE, "/a/y", 'f', "y" },
	{ BASE, "/b", 'd', NULL },
	{ BASE, "/by", 'd', NULL },
	{ BASE, "/by/x", 'f', "" },
	{ BASE, "/by/y", 'f', "" },
	{ TOP, "/etc", 'd', NULL },
	{ TOP, "/etc/deleted", 'w', NULL },
	{ TOP, "/etc/text", 'f', "newer text" },
	{ TOP, "/whole", 'd', NULL },
	{ TOP, "/whole/gone", 'w', NULL },
	{ INIT, "/etc", 'd', NULL },
	{ INIT, "/etc/hosts", 'f', "" },
	{ INIT, "/.dockerenv", 'f', "" },
	{ INIT, "/dev", 'd', NULL },
};

static const struct item upper_items[] = {
	/* as the image has it */
	{ UPPER, "/etc", 'd', NULL },
	{ UPPER, "/etc/same", 'f', "same" },
	{ UPPER, "/etc/empty", 'f', "" },
	{ UPPER, "/link", 'l', "etc/same" },
	{ UPPER, "/pipe", 'p', NULL },
	{ UPPER, "/device", 'z', NULL },
	{ UPPER, "/whole", 'o', NULL },
	{ UPPER, "/whole/x", 'f', "x" },
	/* as the runtime's layer has it; and what the image has not is not removed */
	{ UPPER, "/dev", 'd', NULL },
	{ UPPER, "/.dockerenv", 'f', "" },
	{ UPPER, "/etc/deleted", 'w', NULL },
	{ UPPER, "/nothing", 'w', NULL },
	/* differences */
	{ UPPER, "/etc/text", 'f', "other text" },
	{ UPPER, "/etc/size", 'f', "texts" },
	{ UPPER, "/etc/mode", 'f', "text" },
	{ UPPER, "/etc/mode", 'm', "4755" },
	{ UPPER, "/etc/owner", 'f', "text" },
	{ UPPER, "/etc/owner", 'u', "7" },
	{ UPPER, "/etc/gone", 'w', NULL },
	{ UPPER, "/etc/type", 'd', NULL },
	{ UPPER, "/etc/type/in", 'f', "" },
	{ UPPER, "/etc/cap", 'f', "text" },
	{ UPPER, "/etc/hosts", 'f', "changed" },
	{ UPPER, "/turned", 'l', "etc/text" },
	{ UPPER, "/owned", 'l', "etc/same" },
	{ UPPER, "/owned", 'u', "7" },
	{ UPPER, "/dir", 'f', "no more" },
	{ UPPER, "/again", 'o', NULL },
	{ UPPER, "/again", 'm', "700" },
	{ UPPER, "/again/x", 'f', "x" },
	{ UPPER, "/again/y", 'w', NULL }, /* nothing shows through there anyway */
	{ UPPER, "/again/z", 'f', "z" },
	{ UPPER, "/nest", 'o', NULL },
	{ UPPER, "/nest/in", 'd', NULL },
	{ UPPER, "/modes", 'd', NULL },
	{ UPPER, "/modes", 'm', "1777" },
	{ UPPER, "/new", 'd', NULL },
	{ UPPER, "/new/new\nline", 'd', NULL },
	{ UPPER, "/new/new\nline/\377", 'f', "" },
	{ UPPER, "/new/pipe", 'p', NULL },
	{ UPPER, "/new/device", 'z', NULL },
	{ UPPER, "/new/white", 'w', NULL },
	{ UPPER, "/new/out", 'l', "../../../../../.." },
};

static const struct expected upper_rows[] = {
	{ DIFFERENCE_MODIFIED, "/etc/text", NULL },   { DIFFERENCE_MODIFIED, "/etc/size", NULL },
	{ DIFFERENCE_METADATA, "/etc/mode", NULL },   { DIFFERENCE_METADATA, "/etc/owner", NULL },
	{ DIFFERENCE_REMOVED, "/etc/gone", NULL },    { DIFFERENCE_MODIFIED, "/etc/type", NULL },
	{ DIFFERENCE_ADDED, "/etc/type/in", NULL },   { DIFFERENCE_METADATA, "/etc/cap", NULL },
	{ DIFFERENCE_ADDED, "/etc/hosts", NULL },     { DIFFERENCE_MODIFIED, "/turned", NULL },
	{ DIFFERENCE_METADATA, "/owned", NULL },      { DIFFERENCE_MODIFIED, "/dir", NULL },
	{ DIFFERENCE_METADATA, "/again", NULL },      { DIFFERENCE_REMOVED, "/again", NULL },
	{ DIFFERENCE_ADDED, "/again/z", NULL },       { DIFFERENCE_REMOVED, "/nest/in", NULL },
	{ DIFFERENCE_METADATA, "/modes", NULL },      { DIFFERENCE_ADDED, "/new", NULL },
	{ DIFFERENCE_ADDED, "/new/new\nline", NULL }, { DIFFERENCE_ADDED, "/new/new\nline/\377", NULL },
	{ DIFFERENCE_ADDED, "/new/pipe", NULL },      { DIFFERENCE_ADDED, "/new/device", NULL },
	{ DIFFERENCE_ADDED, "/new/out", NULL },
};

/* vfs_cap_data, version 2: cap_setuid, effective */
static const char capability[20] = { 1, 0, 0, 2, 0x80 };

static void make_upper(void)
{
	make_layers(image_items, ARRAY_SIZE(image_items));
	for (size_t i = 0; i < ARRAY_SIZE(upper_items); i++)
		make_item(&upper_items[i]);
	assert_int_equal(setxattr(UPPER "/etc/cap", "security.capability", capability, sizeof(capability), 0), 0);
}

static void by_hand(void **state)
{
	static const size_t limits[] = { 1, 3, SIZE_MAX };

	(void)state;
	need_root();
	make_upper();
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		_cleanup_rootfs_ struct rootfs *rootfs = open_rootfs("");
		_cleanup_tale_ struct tale tale = { 0 };
		struct difference_counts counts = compare(rootfs, limits[i], &tale);

		expect_tale(&tale, upper_rows, ARRAY_SIZE(upper_rows));
		assert_int_equal(counts.entries, ARRAY_SIZE(upper_items) - 5); /* 5 rows are of what was there */
		assert_int_equal(counts.unseen, 0);
	}
}

/* What is told of an entry is what stat shows of it. */
static void entries(void **state)
{
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };

	(void)state;
	need_root();
	make_upper();
	rootfs = open_rootfs("");
	(void)compare(rootfs, SIZE_MAX, &tale);
	for (size_t i = 0; i < tale.count; i++) {
		const struct told *told = &tale.told[i];
		struct rootfs_stat expected;
		char path[PATH_MAX];
		struct stat stat;

		(void)snprintf(path, sizeof(path), UPPER "%s", told->path);
		assert_int_equal(lstat(path, &stat), 0);
		assert_int_equal(told->stat.inode, stat.st_ino);
		assert_int_equal(told->stat.ctime, stat.st_ctim.tv_sec * 1000000000ll + stat.st_ctim.tv_nsec);
		assert_int_equal(rootfs_upper_stat(rootfs, told->path, &expected), 0);
		assert_int_equal(told->stat.state, expected.state);
		if (expected.state == ROOTFS_UPPER_ENTRY)
			assert_int_equal(told->stat.mode, expected.mode);
	}
}

static void renamed(void **state)
{
	static const struct item items[] = {
		{ UPPER, "/a", 'w', NULL },    { UPPER, "/new", 'd', NULL }, /* was /a */
		{ UPPER, "/new/x", 'f', "x" }, { UPPER, "/new/y", 'w', NULL },
		{ UPPER, "/new/z", 'f', "z" }, { UPPER, "/b", 'd', NULL },     /* was /dir, over one of the image */
		{ UPPER, "/dir", 'w', NULL },  { UPPER, "/modes", 'd', NULL }, /* went and came back */
	};
	static const struct expected rows[] = {
		{ DIFFERENCE_REMOVED, "/a", NULL },     { DIFFERENCE_ADDED, "/new", "/a" },
		{ DIFFERENCE_REMOVED, "/new/y", NULL }, { DIFFERENCE_ADDED, "/new/z", NULL },
		{ DIFFERENCE_MODIFIED, "/b", "/dir" },  { DIFFERENCE_REMOVED, "/dir", NULL },
	};
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };

	(void)state;
	need_root();
	make_layers(image_items, ARRAY_SIZE(image_items));
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		make_item(&items[i]);
	assert_int_equal(setxattr(UPPER "/new", "trusted.overlay.redirect", "a", 1, 0), 0);
	assert_int_equal(setxattr(UPPER "/b", "trusted.overlay.redirect", "/dir", 4, 0), 0);
	assert_int_equal(setxattr(UPPER "/modes", "trusted.overlay.redirect", "/modes", 6, 0), 0);
	rootfs = open_rootfs("");
	assert_int_equal(compare(rootfs, SIZE_MAX, &tale).unseen, 0);
	expect_tale(&tale, rows, ARRAY_SIZE(rows));
}

/* Whiteouts by attribute count where their directory is marked; a redirect that no kernel wrote is not followed. */
static void attributes(void **state)
{
	static const struct item items[] = {
		{ UPPER, "/by", 'd', NULL },      { UPPER, "/by/x", 'f', "" },  { UPPER, "/etc", 'd', NULL },
		{ UPPER, "/etc/empty", 'f', "" }, { UPPER, "/bad", 'd', NULL },
	};
	static const struct expected rows[] = { { DIFFERENCE_REMOVED, "/by/x", NULL } };
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };

	(void)state;
	need_root();
	make_layers(image_items, ARRAY_SIZE(image_items));
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		make_item(&items[i]);
	assert_int_equal(setxattr(UPPER "/by", "trusted.overlay.opaque", "x", 1, 0), 0);
	assert_int_equal(setxattr(UPPER "/by/x", "trusted.overlay.whiteout", "", 0, 0), 0);
	assert_int_equal(setxattr(UPPER "/etc/empty", "trusted.overlay.whiteout", "", 0, 0), 0);
	assert_int_equal(setxattr(UPPER "/bad", "trusted.overlay.redirect", "/../etc", 7, 0), 0);
	rootfs = open_rootfs("");
	assert_int_equal(compare(rootfs, SIZE_MAX, &tale).unseen, 1);
	expect_tale(&tale, rows, ARRAY_SIZE(rows));
}

/* What a runtime makes to mount on is not told; what else is there is. */
static void mount_points(void **state)
{
	static const struct item items[] = {
		{ UPPER, "/vol", 'd', NULL },
		{ UPPER, "/vol/deep", 'd', NULL },
		{ UPPER, "/vol/deep/data", 'd', NULL },
		{ UPPER, "/vol/deep/beside", 'd', NULL },
		{ UPPER, "/vol-2", 'd', NULL },
		{ UPPER, "/vol/deep/data/below", 'f', "" },
		{ UPPER, "/etc", 'd', NULL },
		{ UPPER, "/etc/empty-file", 'f', "" },
		{ UPPER, "/etc/file", 'f', "not empty" },
		{ UPPER, "/etc/other", 'd', NULL },
		{ UPPER, "/etc/text", 'f', "changed, then covered" },
	};
	static const struct expected rows[] = {
		{ DIFFERENCE_ADDED, "/vol/deep/beside", NULL }, { DIFFERENCE_ADDED, "/vol-2", NULL },
		{ DIFFERENCE_ADDED, "/etc/file", NULL },        { DIFFERENCE_MODIFIED, "/etc/text", NULL },
		{ DIFFERENCE_ADDED, "/etc/other", NULL },       { DIFFERENCE_ADDED, "/vol/deep/data/below", NULL },
	};
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_difference_ struct difference *difference = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	static const char bare[] = "60 50 0:40 / / rw - overlay o rw,lowerdir=/x\n";

	(void)state;
	need_root();
	make_layers(image_items, ARRAY_SIZE(image_items));
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		make_item(&items[i]);
	rootfs = open_rootfs("70 60 8:1 /v /vol/deep/data rw - ext4 d rw\n"
			     "71 60 8:1 /f /etc/empty-file rw - ext4 d rw\n"
			     "72 60 8:1 /f /etc/file rw - ext4 d rw\n"
			     "73 60 8:1 /f /etc/text rw - ext4 d rw\n"
			     "74 70 0:50 / /etc/other rw - tmpfs t rw\n" /* not on the root's overlay */
			     "75 70 0:50 / /vol/deep/data/x rw - tmpfs t rw\n");
	assert_int_equal(difference_new(rootfs, &difference), 0);
	assert_int_equal(rootfs_set_mounts(rootfs, bare, strlen(bare)), 0); /* those of the beginning count */
	while (difference_step(difference, 2, note, &tale) == 1)
		;
	expect_tale(&tale, rows, ARRAY_SIZE(rows));
}

/* ---- bounds ---- */

static void no_upper(void **state)
{
	static const char text[] = "60 50 0:40 / / ro - overlay o ro,lowerdir=/tmp:/\n";
	struct rootfs_source source = { .mountinfo = text, .size = strlen(text) };
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	struct difference *difference = NULL;

	(void)state;
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	assert_int_equal(difference_new(rootfs, &difference), -ENOENT);
	assert_null(difference);
	difference_free(NULL);
}

static void too_deep(void **state)
{
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	struct difference_counts counts;
	char path[PATH_MAX] = UPPER;

	(void)state;
	need_root();
	make_layers(NULL, 0);
	for (size_t i = 0; i < DIFFERENCE_DEPTH + 5; i++) {
		(void)strcat(path, "/d");
		assert_int_equal(mkdir(path, 0755), 0);
	}
	rootfs = open_rootfs("");
	counts = compare(rootfs, 10, &tale);
	assert_int_equal(tale.count, DIFFERENCE_DEPTH);
	assert_int_equal(counts.entries, DIFFERENCE_DEPTH);
	assert_int_equal(counts.unseen, 1);
}

static void too_long(void **state)
{
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	char name[251];

	(void)state;
	need_root();
	make_layers(NULL, 0);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(chdir(UPPER), 0);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(mkdir(name, 0755) | chdir(name), 0);
	assert_int_equal(chdir(top), 0);
	rootfs = open_rootfs("");
	assert_int_equal(compare(rootfs, 10, &tale).unseen, 1);
	assert_int_equal(tale.count, (PATH_MAX - 1) / 251);
}

/* A directory of 20,000 entries, and that a step looks at no more than it was asked to. */
static void wide(void **state)
{
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_difference_ struct difference *difference = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	size_t steps = 0;

	(void)state;
	need_root();
	make_layers(NULL, 0);
	assert_int_equal(mkdir(UPPER "/wide", 0755), 0);
	for (size_t i = 1; i < 20000; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), UPPER "/wide/%zu", i);
		assert_int_equal(mknod(path, S_IFIFO | 0600, 0), 0);
	}
	rootfs = open_rootfs("");
	assert_int_equal(difference_new(rootfs, &difference), 0);
	for (int more = 1; more; steps++) {
		more = difference_step(difference, 1000, note, &tale);
		assert_true(difference_counts(difference).entries <= 1000 * (steps + 1));
	}
	assert_int_equal(tale.count, 20000);
	assert_true(steps >= 20 && steps <= 21);
}

/* More layers have a directory than are held open at a time. */
static void many_layers(void **state)
{
	static const struct expected rows[] = { { DIFFERENCE_MODIFIED, "/etc/1", NULL },
						{ DIFFERENCE_REMOVED, "/etc/20", NULL },
						{ DIFFERENCE_ADDED, "/etc/21", NULL } };
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	char text[2048] = "60 50 0:40 / / rw - overlay o rw,upperdir=";
	struct rootfs_source source = { .mountinfo = text };

	(void)state;
	need_root();
	make_layers(NULL, 0);
	assert_int_equal(shell("cd " BASE " && for i in $(seq 20); do mkdir -p $i/etc; echo $i >$i/etc/$i; done"), 0);
	assert_int_equal(shell("cp -r " BASE "/20/etc " UPPER " && cd " UPPER "/etc && echo x | tee 1 21 >/dev/null &&"
			       "rm 20 && mknod 20 c 0 0"),
			 0);
	(void)snprintf(text + strlen(text), 256, "%s/" UPPER ",lowerdir=", top);
	for (int i = 1; i <= 20; i++)
		(void)snprintf(text + strlen(text), 80, "%s%s/" BASE "/%d", i > 1 ? ":" : "", top, i);
	source.size = strlen(text);
	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	assert_true(rootfs_image_layers(rootfs) > LAYER_PLACES_MAX);
	assert_int_equal(compare(rootfs, 10, &tale).unseen, 0);
	expect_tale(&tale, rows, ARRAY_SIZE(rows));
}

static int next_descriptor(void)
{
	int fd = dup(0);

	(void)close(fd);
	return fd;
}

/* Content is compared a piece at a time; given up half-way, nothing stays open. */
static void large(void **state)
{
	static const struct expected rows[] = { { DIFFERENCE_MODIFIED, "/end", NULL },
						{ DIFFERENCE_MODIFIED, "/above", NULL },
						{ DIFFERENCE_METADATA, "/max", NULL } };
	static const char make[] = "for d in %s %s; do truncate -s 20M $d/equal $d/end; truncate -s 32M $d/max;"
				   "truncate -s 33M $d/above; done; echo x >>%s/end; echo y >>%s/end; chmod 600 %s/max";
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	struct difference *difference = NULL;
	size_t steps = 1;
	int before;

	(void)state;
	need_root();
	make_layers(NULL, 0);
	assert_int_equal(shell(make, BASE, UPPER, BASE, UPPER, UPPER), 0);
	rootfs = open_rootfs("");
	before = next_descriptor();
	assert_int_equal(difference_new(rootfs, &difference), 0);
	while (difference_step(difference, SIZE_MAX, note, &tale) == 1)
		steps++;
	difference_free(difference);
	assert_true(steps >= 9 && steps <= 13); /* 72 MiB */
	expect_tale(&tale, rows, ARRAY_SIZE(rows));

	assert_int_equal(difference_new(rootfs, &difference), 0);
	assert_int_equal(difference_step(difference, SIZE_MAX, note, &tale), 1);
	difference_free(difference);
	assert_int_equal(next_descriptor(), before);
}

/* Between any two steps the container does what it likes: nothing outside is looked at, and the walk ends. */
static void changes_meanwhile(void **state)
{
	static const char *const acts[] = {
		"mv new gone; ln -s /etc new",
		"rm -rf new; mkfifo new",
		"rm -rf new",
		"mv new/sub/sub moved; rm -rf new",
		"mkdir -p zz; mv new zz/new",
		"rm -rf new/sub; ln -s ../../../.. new/sub",
		"rm new/sub/file; mkfifo new/sub/file",
	};

	(void)state;
	need_root();
	for (size_t i = 0; i < ARRAY_SIZE(acts) * 6; i++) {
		_cleanup_rootfs_ struct rootfs *rootfs = NULL;
		_cleanup_difference_ struct difference *difference = NULL;
		_cleanup_tale_ struct tale tale = { 0 };
		size_t steps = 0;

		make_layers(image_items, ARRAY_SIZE(image_items));
		assert_int_equal(shell("cd " UPPER " && mkdir -p new/sub/sub etc && echo a | tee new/sub/file "
				       "new/sub/sub/file new/file etc/passwd >/dev/null"),
				 0);
		rootfs = open_rootfs("");
		assert_int_equal(difference_new(rootfs, &difference), 0);
		(void)alarm(10);
		while (difference_step(difference, 1, note, &tale) == 1)
			if (steps++ == i / ARRAY_SIZE(acts) + 1)
				assert_int_equal(shell("cd " UPPER " && %s", acts[i % ARRAY_SIZE(acts)]), 0);
		(void)alarm(0);
		assert_true(steps < 30);
		for (size_t j = 0; j < tale.count; j++)
			assert_null(strstr(tale.told[j].path, "shadow"));
	}
}

static void other_file_system(void **state)
{
	static const struct expected rows[] = { { DIFFERENCE_ADDED, "/new", NULL } };
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	int error;

	(void)state;
	need_root();
	make_layers(NULL, 0);
	assert_int_equal(shell("mkdir -p %s/new/other", UPPER), 0);
	if (!may_mount || mount("tmpfs", UPPER "/new/other", "tmpfs", 0, NULL) < 0) {
		print_message("# no mount is permitted here\n");
		skip();
	}
	make_file(UPPER "/new/other/file", "");
	rootfs = open_rootfs("");
	error = (int)compare(rootfs, 10, &tale).unseen;
	assert_int_equal(umount(UPPER "/new/other"), 0);
	assert_int_equal(error, 1);
	expect_tale(&tale, rows, ARRAY_SIZE(rows));
}

/* ---- random changes through the kernel's overlay ---- */

static uint64_t random_state;

static unsigned below(unsigned bound) /* xorshift */
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)((random_state * 0x2545f4914f6cdd1dull) >> 33) % bound;
}

/* Up to three components of five names, so that most operations meet something. */
static const char *random_path(const char *where)
{
	static char room[4][64];
	static size_t next;
	char *path = room[next++ % 4];
	size_t length = (size_t)snprintf(path, sizeof(room[0]), "%s", where);

	for (unsigned i = 0, depth = 1 + below(3); i < depth; i++)
		length += (size_t)snprintf(path + length, sizeof(room[0]) - length, "/%c", 'a' + (int)below(5));
	return path;
}

static void act_write(const char *where)
{
	static const char *const texts[] = { "", "one", "two", "#!/bin/sh\n" };
	_cleanup_close_ int fd = open(random_path(where), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK, 0644);
	const char *text = texts[below(4)];

	if (fd >= 0)
		assert_true(write(fd, text, strlen(text)) >= -1);
}

static void act_append(const char *where)
{
	_cleanup_close_ int fd = open(random_path(where), O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0)
		assert_true(write(fd, "x", below(2)) >= -1);
}

static void act_mkdir(const char *where)
{
	(void)mkdir(random_path(where), below(4) ? 0755 : 0700);
}

static void act_unlink(const char *where)
{
	(void)unlink(random_path(where));
}

static void act_remove_tree(const char *where)
{
	(void)shell("rm -rf %s 2>/dev/null", random_path(where)); /* fails below a link to itself */
}

static void act_rename(const char *where)
{
	const char *from = random_path(where);

	(void)renameat2(AT_FDCWD, from, AT_FDCWD, random_path(where), below(3) ? 0 : RENAME_EXCHANGE);
}

static void act_link(const char *where)
{
	const char *from = random_path(where);

	(void)link(from, random_path(where));
}

static void act_symlink(const char *where)
{
	static const char *const targets[] = { "a", "b/c", "nowhere" }; /* none leads out of the tree */

	(void)!symlink(targets[below(3)], random_path(where));
}

static void act_mode(const char *where)
{
	static const mode_t modes[] = { 0644, 0755, 0700, 04755 };

	(void)fchmodat(AT_FDCWD, random_path(where), modes[below(4)], 0);
}

static void act_owner(const char *where)
{
	(void)lchown(random_path(where), below(3), below(3));
}

static void act_times(const char *where)
{
	(void)utimensat(AT_FDCWD, random_path(where), NULL, AT_SYMLINK_NOFOLLOW);
}

static void act_capability(const char *where)
{
	if (below(2))
		(void)lsetxattr(random_path(where), "security.capability", capability, sizeof(capability), 0);
	else
		(void)lremovexattr(random_path(where), "security.capability");
}

static void act_mknod(const char *where)
{
	(void)mknod(random_path(where), below(2) ? S_IFIFO | 0644 : S_IFCHR | 0644, makedev(1, 3 + below(2)));
}

/* The first MAKERS take nothing away; the last makes hard links. */
#define MAKERS 9
static void (*const acts_random[])(const char *where) = {
	act_write, act_write,  act_mkdir, act_mkdir,       act_symlink, act_mode,   act_owner,  act_capability,
	act_mknod, act_append, act_times, act_remove_tree, act_unlink,  act_rename, act_rename, act_link,
};

static void act(const char *where, size_t times, size_t kinds_of_act)
{
	while (times-- > 0)
		acts_random[below((unsigned)kinds_of_act)](where);
}

/* The same tree below "before", the layers without the upper one, and below "after". */
struct reference {
	struct tale *told, found;
};

static void found(struct reference *reference, enum difference_kind kind, const char *path)
{
	note(&(struct difference_entry){ .kind = kind, .path = path }, &reference->found);
}

static bool same_content(const char *before, const char *after, const struct stat *stat)
{
	char a[256] = "", b[256] = "";

	if (S_ISLNK(stat->st_mode))
		return readlink(before, a, sizeof(a) - 1) == readlink(after, b, sizeof(b) - 1) && strcmp(a, b) == 0;
	if (S_ISREG(stat->st_mode)) {
		_cleanup_close_ int fd_a = open(before, O_RDONLY | O_CLOEXEC), fd_b = open(after, O_RDONLY | O_CLOEXEC);

		return read(fd_a, a, sizeof(a)) == read(fd_b, b, sizeof(b)) && memcmp(a, b, sizeof(a)) == 0;
	}
	return true;
}

static bool same_metadata(const char *before, const char *after, const struct stat *a, const struct stat *b)
{
	char value_a[64] = "", value_b[64] = "";

	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       lgetxattr(before, "security.capability", value_a, sizeof(value_a)) ==
		       lgetxattr(after, "security.capability", value_b, sizeof(value_b)) &&
	       memcmp(value_a, value_b, sizeof(value_a)) == 0;
}

/* Where a directory was told to come from; NULL: from nowhere. Only that is taken on trust: what lies in it has to be
 * what differs from there. */
static const char *moved_from(const struct tale *told, const char *path)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->told[i].path, path) == 0 && told->told[i].from[0])
			return told->told[i].from;
	return NULL;
}

static void walk(struct reference *reference, const char *before, const char *after);

static void walk_entry(struct reference *reference, const char *before, const char *after)
{
	const char *path = after + strlen("after"), *from = moved_from(reference->told, path);
	struct stat a, b;
	bool had = lstat(before, &a) == 0, has = lstat(after, &b) == 0;
	char origin[PATH_MAX];

	if (!has)
		return had ? found(reference, DIFFERENCE_REMOVED, path) : (void)0;
	if (from) {
		assert_true(S_ISDIR(b.st_mode));
		found(reference, had ? DIFFERENCE_MODIFIED : DIFFERENCE_ADDED, path);
		(void)snprintf(origin, sizeof(origin), "before%s", from);
		return walk(reference, origin, after);
	}
	if (!had)
		found(reference, DIFFERENCE_ADDED, path);
	else if ((a.st_mode ^ b.st_mode) & S_IFMT || a.st_rdev != b.st_rdev || !same_content(before, after, &b))
		found(reference, DIFFERENCE_MODIFIED, path);
	else if (!same_metadata(before, after, &a, &b))
		found(reference, DIFFERENCE_METADATA, path);
	if (S_ISDIR(b.st_mode))
		walk(reference, had && S_ISDIR(a.st_mode) ? before : "nothing", after);
}

static void walk(struct reference *reference, const char *before, const char *after)
{
	const char *const sides[] = { before, after };

	for (size_t side = 0; side < 2; side++) {
		_cleanup_closedir_ DIR *dir = opendir(sides[side]);
		const struct dirent *item;

		while (dir && (item = readdir(dir))) {
			char a[PATH_MAX], b[PATH_MAX];
			struct stat stat;

			(void)snprintf(a, sizeof(a), "%s/%s", before, item->d_name);
			(void)snprintf(b, sizeof(b), "%s/%s", after, item->d_name);
			if (item->d_name[0] != '.' && (side == 0 || lstat(a, &stat) < 0))
				walk_entry(reference, a, b);
		}
	}
}

static bool is_parent(const char *parent, const char *path)
{
	size_t length = strlen(parent);

	return strncmp(parent, path, length) == 0 && path[length] == '/' && !strchr(path + length + 1, '/');
}

/* What was removed is told itself, or by the directory that hides it, which for its part has to hide something. */
static void expect_reference(struct tale *told, struct tale *reference, uint64_t seed, const char *options)
{
	for (size_t i = 0; i < reference->count; i++) {
		struct told *row = &reference->told[i];

		row->expected = tale_has(told, row->kind, row->path, moved_from(told, row->path));
		for (size_t j = 0; row->kind == DIFFERENCE_REMOVED && !row->expected && j < told->count; j++)
			if (told->told[j].kind == DIFFERENCE_REMOVED && is_parent(told->told[j].path, row->path))
				row->expected = told->told[j].expected = true;
		if (!row->expected)
			fail_msg("seed %lu, %s: not told: %s %s", seed, options, kinds[row->kind], row->path);
	}
	for (size_t i = 0; i < told->count; i++)
		if (!told->told[i].expected)
			fail_msg("seed %lu, %s: told: %s %s", seed, options, kinds[told->told[i].kind],
				 told->told[i].path);
}

/* How often each kind was told; [0]: of a directory that was renamed whole. */
typedef size_t tally[DIFFERENCE_REMOVED + 1];

static void random_round(uint64_t seed, const char *options, tally told)
{
	_cleanup_rootfs_ struct rootfs *rootfs = NULL;
	_cleanup_tale_ struct tale tale = { 0 };
	struct reference reference = { .told = &tale };
	struct difference_counts counts;
	char mount_options[512];

	random_state = seed * 0x9e3779b97f4a7c15ull;
	make_layers(NULL, 0);
	assert_int_equal(shell("cd " BASE " && mkdir -p a/a a/b b/a b/c c/b c/c"), 0);
	act(BASE, 60, MAKERS);
	(void)snprintf(mount_options, sizeof(mount_options), "%s,lowerdir=" BASE ",upperdir=" TOP ",workdir=ID/work",
		       options);
	assert_int_equal(mount("overlay", "after", "overlay", 0, mount_options), 0);
	/* with an index a hard link of the image changes under all its names, and the upper directory tells one */
	act("after", 20, ARRAY_SIZE(acts_random) - (strstr(options, "index=on") != NULL));
	assert_int_equal(umount("after"), 0);
	assert_int_equal(shell("rm -rf ID/work; mkdir ID/work"), 0);
	(void)snprintf(mount_options, sizeof(mount_options), "%s,lowerdir=" TOP ":" BASE, options);
	assert_int_equal(mount("overlay", "before", "overlay", MS_RDONLY, mount_options), 0);
	(void)snprintf(mount_options, sizeof(mount_options),
		       "%s,lowerdir=" INIT ":" TOP ":" BASE ",upperdir=" UPPER ",workdir=ID/work", options);
	assert_int_equal(mount("overlay", "after", "overlay", 0, mount_options), 0);
	act("after", 40, ARRAY_SIZE(acts_random));

	rootfs = open_rootfs("");
	counts = compare(rootfs, 1 + below(20), &tale);
	walk(&reference, "before", "after");
	assert_int_equal(umount("before") | umount("after"), 0);
	expect_reference(&tale, &reference.found, seed, options);
	assert_int_equal(counts.unseen, 0);
	tale_clear(&reference.found);
	for (size_t i = 0; i < tale.count; i++) {
		told[tale.told[i].kind]++;
		told[0] += tale.told[i].from[0] != '\0';
	}
}

static void random_changes(const char *options)
{
	const char *rounds = getenv("ROUNDS");
	uint64_t seeds = rounds ? strtoull(rounds, NULL, 10) : 25;
	bool redirect = strstr(options, "redirect_dir=on");
	tally told = { 0 };

	need_root();
	make_layers(NULL, 0);
	(void)mkdir("before", 0755);
	(void)mkdir("after", 0755);
	if (!may_mount ||
	    mount("overlay", "after", "overlay", 0, "lowerdir=" BASE ",upperdir=" UPPER ",workdir=ID/work") < 0) {
		print_message("# no mount of an overlay is permitted here\n");
		skip();
	}
	assert_int_equal(umount("after"), 0);
	for (uint64_t seed = 1; seed <= seeds; seed++)
		random_round(seed, options, told);
	for (size_t kind = DIFFERENCE_ADDED; kind <= DIFFERENCE_REMOVED; kind++)
		assert_true(told[kind] > seeds / 4);
	assert_int_equal(told[0] > 0, redirect);
}

static void random_plain(void **state)
{
	(void)state;
	random_changes("index=off,metacopy=off,redirect_dir=off");
}

static void random_redirect(void **state)
{
	(void)state;
	random_changes("index=off,metacopy=on,redirect_dir=on");
}

static void random_index(void **state)
{
	(void)state;
	random_changes("index=on,metacopy=off,redirect_dir=on");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(entries),
		cmocka_unit_test(renamed),
		cmocka_unit_test(attributes),
		cmocka_unit_test(mount_points),
		cmocka_unit_test(no_upper),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(too_long),
		cmocka_unit_test(wide),
		cmocka_unit_test(large),
		cmocka_unit_test(many_layers),
		cmocka_unit_test(changes_meanwhile),
		cmocka_unit_test(other_file_system),
		cmocka_unit_test(random_plain),
		cmocka_unit_test(random_redirect),
		cmocka_unit_test(random_index),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
