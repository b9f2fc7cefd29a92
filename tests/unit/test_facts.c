// SPDX-License-Identifier: Apache-2.0
/*
 * What the disk and the processes add to an event: two plain directories that a mount table calls the layers
 * of an overlay, a volume at /data, and a fake host whose /proc has process 7.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/facts.h"
#include "image/rootfs.h"
#include "image/script.h"

#define HOUR 3600000000000ll

struct fixture {
	char top[64]; /* the working directory of every test */
	char host[80];
	struct container container;
	struct facts_source source;
	struct facts_room room;
	struct facts facts;
	struct facts_wait wait;
};

struct item {
	const char *path;
	char kind; /* d directory, f file, x executable, l link */
	const char *text;
};

static const struct item items[] = {
	{ "image", 'd', NULL },
	{ "image/usr", 'd', NULL },
	{ "image/usr/bin", 'd', NULL },
	{ "image/usr/bin/id", 'x', "\177ELF id" },
	{ "image/usr/bin/modified", 'x', "\177ELF as shipped" },
	{ "image/usr/bin/copied", 'x', "\177ELF the same" },
	{ "image/bin", 'l', "usr/bin" },
	{ "image/etc", 'd', NULL },
	{ "image/etc/passwd", 'f', "root\n" },
	{ "image/etc/volume", 'l', "../data/x" },
	{ "image/etc/a", 'f', "a\n" },
	{ "image/data", 'd', NULL },
	{ "upper", 'd', NULL },
	{ "upper/usr", 'd', NULL },
	{ "upper/usr/bin", 'd', NULL },
	{ "upper/usr/bin/modified", 'x', "\177ELF as evil..." },
	{ "upper/usr/bin/copied", 'x', "\177ELF the same" },
	{ "upper/etc", 'd', NULL },
	{ "upper/etc/passwd", 'f', "evil\n" },
	{ "upper/etc/motd", 'f', "hello\n" },
	{ "upper/etc/run.sh", 'f', "#!/bin/sh\n" },
	{ "upper/etc/link", 'l', "passwd" },
	{ "upper/tmp", 'd', NULL },
	{ "upper/tmp/new", 'x', "\177ELF new" },
	{ "upper/tmp/script", 'x', "#!/bin/sh\n" },
	{ "host", 'd', NULL },
	{ "host/proc", 'd', NULL },
	{ "host/proc/7", 'd', NULL },
	{ "host/proc/7/exe", 'l', "/usr/bin/live" },
};

static void make_item(const struct item *item)
{
	_cleanup_close_ int fd = -EBADF;

	if (item->kind == 'd') {
		assert_int_equal(mkdir(item->path, 0755), 0);
		return;
	}
	if (item->kind == 'l') {
		assert_int_equal(symlink(item->text, item->path), 0);
		return;
	}
	fd = open(item->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, item->text, strlen(item->text)), strlen(item->text));
	assert_int_equal(fchmod(fd, item->kind == 'x' ? 0755 : 0644), 0);
}

static int open_rootfs(struct fixture *fixture)
{
	char text[512];
	struct rootfs_source source = { .mountinfo = text };

	source.size = (size_t)snprintf(text, sizeof(text),
				       "60 50 0:40 / / rw - overlay overlay rw,lowerdir=%s/image,upperdir=%s/upper\n"
				       "62 60 8:1 /v /data rw - ext4 /dev/a rw\n",
				       fixture->top, fixture->top);
	return rootfs_from_mountinfo(&source, &fixture->container.rootfs);
}

/* Every test looks an hour after the files were made: a claim that the disk does not bear out is a NO. */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	(void)strcpy(fixture->top, "/tmp/plimsoll-facts-XXXXXX");
	if (!mkdtemp(fixture->top) || chdir(fixture->top) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		make_item(&items[i]);
	(void)snprintf(fixture->host, sizeof(fixture->host), "%s/host", fixture->top);
	fixture->container.cgroup = 42;
	fixture->container.root_device = 40;
	fixture->source = (struct facts_source){
		.container = &fixture->container,
		.processes = processes_new(8),
		.host_root = fixture->host,
		.boot_offset = (int64_t)time(NULL) * 1000000000 + HOUR,
	};
	if (digests_new(false, &fixture->source.digests) < 0 || !fixture->source.processes)
		return -1;
	return open_rootfs(fixture);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", fixture->top);
	rootfs_free(fixture->container.rootfs);
	processes_free(fixture->source.processes);
	digests_free(fixture->source.digests);
	free(fixture);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static const struct facts *gather(struct fixture *fixture, struct event *event)
{
	memset(&fixture->room, 'x', sizeof(fixture->room)); /* of another event */
	memset(&fixture->facts, 0xff, sizeof(fixture->facts));
	facts_gather(&fixture->source, event, &fixture->room, &fixture->facts, &fixture->wait);
	return &fixture->facts;
}

static void is_string(const char *actual, const char *expected)
{
	if (!expected)
		assert_null(actual);
	else
		assert_string_equal(actual, expected);
}

/* As the kernel side has it of an upper file. */
static void upper_fill(struct plm_file *file, const char *path)
{
	char upper[128];
	struct stat st;

	(void)snprintf(upper, sizeof(upper), "upper%s", path);
	if (lstat(upper, &st) < 0)
		return;
	file->inode = file->upper_inode = st.st_ino;
	file->upper_device = major(st.st_dev) << 20 | minor(st.st_dev);
	file->mode = st.st_mode;
	file->size = (uint64_t)st.st_size;
	file->ctime = (uint64_t)(st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec);
}

static struct event exec_of(uint32_t pid, uint32_t parent, enum plm_layer layer, const char *path)
{
	struct event event = { .kind = PLM_EXEC, .container = 42, .path = path };

	event.task.pid = pid;
	event.task.start = pid * 10ull;
	event.task.parent_pid = parent;
	event.task.parent_start = parent * 10ull;
	event.file.layer = layer;
	if (layer == PLM_LAYER_UPPER && path && path[0] == '/')
		upper_fill(&event.file, path);
	return event;
}

static const struct {
	enum plm_layer layer;
	const char *path;
	enum answer in_image;
	bool metadata_only, image_program;
} programs[] = {
	{ PLM_LAYER_IMAGE, "/usr/bin/id", ANSWER_YES, false, true },
	{ PLM_LAYER_IMAGE, NULL, ANSWER_YES, false, false },
	{ PLM_LAYER_UPPER, "/tmp/new", ANSWER_NO, false, false },
	{ PLM_LAYER_UPPER, "/usr/bin/modified", ANSWER_YES, false, false },
	{ PLM_LAYER_UPPER, "/usr/bin/copied", ANSWER_YES, true, true },
	{ PLM_LAYER_UPPER, "/bin/copied", ANSWER_NO, false, false }, /* no walk of the kernel's gives a link */
	{ PLM_LAYER_UPPER, "not/clean", ANSWER_UNKNOWN, false, false },
	{ PLM_LAYER_UPPER, NULL, ANSWER_UNKNOWN, false, false },
	{ PLM_LAYER_MEMORY, "/usr/bin/id", ANSWER_UNKNOWN, false, false },
	{ PLM_LAYER_VOLUME, "/usr/bin/copied", ANSWER_UNKNOWN, false, false },
	{ PLM_LAYER_OTHER_ROOT, "/usr/bin/copied", ANSWER_UNKNOWN, false, false },
	{ PLM_LAYER_UNKNOWN, "/usr/bin/id", ANSWER_UNKNOWN, false, false },
};

static void program_and_image(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct event event = exec_of(100 + (uint32_t)i, 1, programs[i].layer, programs[i].path);
		const struct facts *facts = gather(fixture, &event);

		assert_int_equal(facts->in_image, programs[i].in_image);
		assert_int_equal(facts->metadata_only, programs[i].metadata_only);
		assert_true(facts->code);
		is_string(facts->executable, programs[i].path);
		assert_null(facts->script_path);
		assert_int_equal(facts->script_in_image, ANSWER_UNKNOWN);

		/* what it does from then on, it does as that program */
		event.kind = PLM_IDENTITY;
		facts = gather(fixture, &event);
		is_string(facts->executable, programs[i].path);
		assert_int_equal(facts->executable_in_image, programs[i].image_program);
	}
}

static void mapped_code(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct event event = exec_of(7, 1, programs[i].layer, programs[i].path);
		const struct facts *facts;

		event.kind = PLM_MAPPING;
		facts = gather(fixture, &event);
		assert_int_equal(facts->in_image, programs[i].in_image);
		assert_int_equal(facts->metadata_only, programs[i].metadata_only);
		assert_true(facts->code);
		is_string(facts->executable, "/usr/bin/live"); /* mapping is no exec */
	}
}

/* Its own exec, else its parent's, else what /proc still shows; and never by a pid alone. */
static void who_did_it(void **state)
{
	static const struct {
		uint32_t pid;
		uint64_t start;
		uint32_t parent;
		uint64_t parent_start;
		const char *executable, *parent_executable;
		bool in_image;
	} rows[] = {
		{ 3, 30, 2, 20, "/usr/bin/id", "/tmp/new", true },
		{ 4, 40, 3, 30, "/usr/bin/id", "/usr/bin/id", true },
		{ 5, 50, 2, 20, "/tmp/new", "/tmp/new", false },
		{ 3, 31, 2, 21, NULL, NULL, false },
		{ 7, 70, 6, 60, "/usr/bin/live", NULL, false },
		{ 7, 70, 2, 20, "/tmp/new", "/tmp/new", false },
		{ 8, 80, 6, 60, NULL, NULL, false },
	};
	static const enum plm_kind kinds[] = { PLM_CHANGE, PLM_IDENTITY, PLM_MAPPING, PLM_LEAVE, PLM_BLIND };
	struct fixture *fixture = *state;
	struct event event = exec_of(2, 1, PLM_LAYER_UPPER, "/tmp/new");

	is_string(gather(fixture, &event)->parent_executable, NULL);
	event = exec_of(3, 2, PLM_LAYER_IMAGE, "/usr/bin/id");
	is_string(gather(fixture, &event)->parent_executable, "/tmp/new");
	for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(kinds); i++) {
		size_t row = i / ARRAY_SIZE(kinds);
		const struct facts *facts;

		event = (struct event){ .kind = kinds[i % ARRAY_SIZE(kinds)] };
		event.task.pid = rows[row].pid;
		event.task.start = rows[row].start;
		event.task.parent_pid = rows[row].parent;
		event.task.parent_start = rows[row].parent_start;
		facts = gather(fixture, &event);
		is_string(facts->executable, rows[row].executable);
		is_string(facts->parent_executable, rows[row].parent_executable);
		assert_int_equal(facts->executable_in_image, rows[row].in_image);
	}
}

/* ---- changes ---- */

static void changes_by_name(void **state)
{
	static const struct {
		enum plm_op op;
		const char *root, *base, *name;
		bool nofollow;
		uint64_t value;
		const char *path; /* NULL: none */
		enum answer confirmed, in_image;
		bool code, metadata_only;
	} rows[] = {
		{ PLM_OP_CHMOD, NULL, "/etc", "motd", false, 0644, "/etc/motd", ANSWER_YES, ANSWER_NO, false, true },
		{ PLM_OP_CHMOD, NULL, "/etc", "motd", false, 0755, "/etc/motd", ANSWER_NO, ANSWER_NO, false, true },
		{ PLM_OP_CHMOD, NULL, "/tmp", "../etc/./passwd", false, 0644, "/etc/passwd", ANSWER_YES, ANSWER_YES,
		  false, true },
		/* through links, on the way and at the end */
		{ PLM_OP_CHMOD, NULL, NULL, "/bin/copied", false, 0755, "/usr/bin/copied", ANSWER_YES, ANSWER_YES, true,
		  true },
		{ PLM_OP_CHMOD, NULL, "/etc", "link", false, 0644, "/etc/passwd", ANSWER_YES, ANSWER_YES, false, true },
		{ PLM_OP_CHOWN, NULL, "/etc", "link", true, UINT64_MAX, "/etc/link", ANSWER_YES, ANSWER_NO, false,
		  true },
		{ PLM_OP_CREATE, NULL, "/etc", "run.sh", false, 0, "/etc/run.sh", ANSWER_YES, ANSWER_NO, true, false },
		{ PLM_OP_CREATE, NULL, "/etc", "none", false, 0, "/etc/none", ANSWER_NO, ANSWER_NO, false, false },
		{ PLM_OP_UNLINK, NULL, "/etc", "a", false, 0, "/etc/a", ANSWER_NO, ANSWER_YES, false, false },
		{ PLM_OP_UNLINK, NULL, "/etc", "none", false, 0, "/etc/none", ANSWER_YES, ANSWER_NO, false, false },
		{ PLM_OP_MOUNT, NULL, NULL, "/etc", false, 0, "/etc", ANSWER_YES, ANSWER_YES, false, false },
		/* where the caller's root is another */
		{ PLM_OP_CHMOD, "/etc", NULL, "/motd", false, 0644, "/etc/motd", ANSWER_YES, ANSWER_NO, false, true },
		{ PLM_OP_CHMOD, "/etc", "/etc", "../motd", false, 0644, "/etc/motd", ANSWER_YES, ANSWER_NO, false,
		  true },
		/* off the root overlay */
		{ PLM_OP_CREATE, NULL, "/data", "x", false, 0, NULL, ANSWER_NO, ANSWER_UNKNOWN, false, false },
		{ PLM_OP_CREATE, NULL, NULL, "/data/x", true, 0, NULL, ANSWER_NO, ANSWER_UNKNOWN, false, false },
		{ PLM_OP_CHMOD, NULL, "/etc", "volume", false, 0644, NULL, ANSWER_NO, ANSWER_UNKNOWN, false, false },
		{ PLM_OP_CHMOD, NULL, "/data", "../etc/motd", false, 0644, "/etc/motd", ANSWER_YES, ANSWER_NO, false,
		  true },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = { .kind = PLM_CHANGE, .root = rows[i].root };
		const struct facts *facts;

		event.change.op = rows[i].op;
		event.change.flags = PLM_CHANGE_HINT | (rows[i].nofollow ? PLM_CHANGE_NOFOLLOW : 0);
		event.change.base = rows[i].base;
		event.change.name = rows[i].name;
		event.change.value = rows[i].value;
		facts = gather(fixture, &event);
		is_string(event.path, rows[i].path);
		assert_int_equal(facts->confirmed, rows[i].confirmed);
		assert_int_equal(facts->in_image, rows[i].in_image);
		assert_int_equal(facts->code, rows[i].code);
		assert_int_equal(facts->metadata_only, rows[i].metadata_only);
		assert_null(event.change.from);
	}
}

/* The record had names only: the file is what lies in the upper layer now. */
static void the_file_behind_a_name(void **state)
{
	struct fixture *fixture = *state;
	struct event event = { .kind = PLM_CHANGE };
	struct stat st;

	event.change.op = PLM_OP_CHMOD;
	event.change.flags = PLM_CHANGE_HINT;
	event.change.name = "/etc/link";
	(void)gather(fixture, &event);
	assert_int_equal(stat("upper/etc/passwd", &st), 0);
	assert_int_equal(event.file.layer, PLM_LAYER_UPPER);
	assert_int_equal(event.file.inode, st.st_ino);
	assert_int_equal(event.file.upper_inode, st.st_ino);
	assert_int_equal(event.file.upper_device, major(st.st_dev) << 20 | minor(st.st_dev));
	assert_int_equal(event.file.device, 40);
	assert_int_equal(event.file.mode, S_IFREG | 0644);
	assert_int_equal(event.file.size, 5);
	assert_int_equal(event.file.uid, st.st_uid);
	assert_int_equal(event.file.mtime, st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);

	event = (struct event){ .kind = PLM_CHANGE };
	event.change.op = PLM_OP_CHMOD;
	event.change.flags = PLM_CHANGE_HINT;
	event.change.name = "/etc/a"; /* the image's alone */
	(void)gather(fixture, &event);
	assert_int_equal(event.file.layer, PLM_LAYER_UNKNOWN);
	assert_int_equal(event.file.inode, 0);
}

static void two_names(void **state)
{
	static const struct {
		enum plm_op op;
		const char *from_base, *from_name, *from;
		enum answer from_in_image, confirmed;
	} rows[] = {
		{ PLM_OP_RENAME, "/tmp", "gone", "/tmp/gone", ANSWER_NO, ANSWER_YES },
		{ PLM_OP_RENAME, NULL, "/bin/id", "/usr/bin/id", ANSWER_YES, ANSWER_UNKNOWN }, /* still there */
		{ PLM_OP_EXCHANGE, NULL, "/bin/id", "/usr/bin/id", ANSWER_YES, ANSWER_YES },
		{ PLM_OP_LINK, "/data", "x", NULL, ANSWER_UNKNOWN, ANSWER_YES },
		{ PLM_OP_SYMLINK, NULL, "../usr/bin/id", "../usr/bin/id", ANSWER_UNKNOWN, ANSWER_NO },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = { .kind = PLM_CHANGE };
		const struct facts *facts;

		event.change.op = rows[i].op;
		event.change.flags = PLM_CHANGE_HINT | PLM_CHANGE_NOFOLLOW;
		event.change.base = "/etc";
		event.change.name = "passwd";
		event.change.from_base = rows[i].from_base;
		event.change.from_name = rows[i].from_name;
		facts = gather(fixture, &event);
		assert_string_equal(event.path, "/etc/passwd");
		is_string(event.change.from, rows[i].from);
		assert_int_equal(facts->from_in_image, rows[i].from_in_image);
		assert_int_equal(facts->confirmed, rows[i].confirmed);
	}
}

/* Told by its file: the record's path stands, and off the root the image is not asked. */
static void changes_by_file(void **state)
{
	static const struct {
		enum plm_layer layer;
		const char *path;
		enum plm_op op;
		uint32_t mode;
		enum answer in_image;
		bool code, metadata_only;
	} rows[] = {
		{ PLM_LAYER_UPPER, "/etc/passwd", PLM_OP_MODIFY, S_IFREG | 0644, ANSWER_YES, false, false },
		{ PLM_LAYER_UPPER, "/etc/motd", PLM_OP_CREATE, S_IFREG | 0644, ANSWER_NO, false, false },
		{ PLM_LAYER_UPPER, "/etc/motd", PLM_OP_CREATE, S_IFREG | 0755, ANSWER_NO, true, false },
		{ PLM_LAYER_UPPER, "/tmp/unseen", PLM_OP_CREATE, S_IFREG | 0010, ANSWER_NO, true, false },
		{ PLM_LAYER_UPPER, "/tmp", PLM_OP_MKDIR, S_IFDIR | 0755, ANSWER_NO, false, false },
		{ PLM_LAYER_UPPER, "/etc/run.sh", PLM_OP_MODIFY, S_IFREG | 0644, ANSWER_NO, true, false },
		{ PLM_LAYER_UPPER, "/etc/passwd", PLM_OP_SETXATTR, S_IFREG | 0644, ANSWER_YES, false, true },
		{ PLM_LAYER_UPPER, "/etc/passwd", PLM_OP_UTIMES, S_IFREG | 0644, ANSWER_YES, false, true },
		{ PLM_LAYER_CONTROL, "/etc/passwd", PLM_OP_MODIFY, S_IFREG | 0755, ANSWER_UNKNOWN, false, false },
		{ PLM_LAYER_OTHER_ROOT, "/etc/passwd", PLM_OP_MODIFY, S_IFREG | 0755, ANSWER_UNKNOWN, false, false },
		{ PLM_LAYER_UPPER, NULL, PLM_OP_MODIFY, S_IFREG | 0755, ANSWER_UNKNOWN, false, false },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = { .kind = PLM_CHANGE, .path = rows[i].path };
		const struct facts *facts;

		event.change.op = rows[i].op;
		event.file.layer = rows[i].layer;
		event.file.mode = rows[i].mode;
		event.file.inode = 5;
		facts = gather(fixture, &event);
		is_string(event.path, rows[i].path);
		assert_int_equal(event.file.inode, 5);
		assert_int_equal(facts->confirmed, ANSWER_UNKNOWN); /* not asked: the kernel saw it */
		assert_int_equal(facts->in_image, rows[i].in_image);
		assert_int_equal(facts->code, rows[i].code);
		assert_int_equal(facts->metadata_only, rows[i].metadata_only);
	}
}

/* ---- scripts ---- */

static struct event script_of(uint32_t pid, const char *cwd, const char *name)
{
	struct event event = exec_of(pid, 1, PLM_LAYER_IMAGE, "/usr/bin/id");

	event.exec.flags = PLM_EXEC_SCRIPT;
	event.exec.cwd = cwd;
	event.exec.name = name;
	return event;
}

static void script_of_a_process_that_is_gone(void **state)
{
	static const struct {
		const char *root, *cwd, *name, *path;
		enum plm_layer layer;
		enum answer in_image;
		bool metadata_only;
	} rows[] = {
		{ NULL, "/", "/tmp/script", "/tmp/script", PLM_LAYER_UPPER, ANSWER_NO, false },
		{ NULL, "/tmp", "./script", "/tmp/script", PLM_LAYER_UPPER, ANSWER_NO, false },
		{ NULL, NULL, "/bin/id", "/usr/bin/id", PLM_LAYER_IMAGE, ANSWER_YES, false },
		{ NULL, "/", "bin/copied", "/usr/bin/copied", PLM_LAYER_UPPER, ANSWER_YES, true },
		{ NULL, "/etc", "/usr/bin/modified", "/usr/bin/modified", PLM_LAYER_UPPER, ANSWER_YES, false },
		{ "/tmp", "/", "/script", "/tmp/script", PLM_LAYER_UPPER, ANSWER_NO, false },
		{ NULL, "/data", "run", "/data/run", PLM_LAYER_VOLUME, ANSWER_UNKNOWN, false },
		/* it removed itself: never the image's */
		{ NULL, "/", "/tmp/dropped", "/tmp/dropped", PLM_LAYER_UPPER, ANSWER_NO, false },
		{ NULL, "/tmp", "a/../dropped", "/tmp/dropped", PLM_LAYER_UPPER, ANSWER_NO, false },
		{ NULL, "/etc", NULL, NULL, PLM_LAYER_UNKNOWN, ANSWER_UNKNOWN, false },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = script_of(8, rows[i].cwd, rows[i].name);
		const struct facts *facts;

		event.root = rows[i].root;
		facts = gather(fixture, &event);
		assert_int_equal(facts->script.layer, rows[i].layer);
		is_string(facts->script_path, rows[i].path);
		assert_int_equal(facts->script_in_image, rows[i].in_image);
		assert_int_equal(facts->script_metadata_only, rows[i].metadata_only);
		assert_int_equal(facts->in_image, ANSWER_YES); /* the interpreter */
		is_string(facts->executable, "/usr/bin/id");
	}
}

/* The back end saw the file: nothing is looked up by name. */
static void script_that_the_kernel_saw(void **state)
{
	struct fixture *fixture = *state;
	struct event event = script_of(8, "/", "/usr/bin/id");
	const struct facts *facts;

	event.exec.script_path = "/tmp/script";
	event.exec.script = (struct plm_file){ .layer = PLM_LAYER_UPPER, .inode = 77 };
	facts = gather(fixture, &event);
	is_string(facts->script_path, "/tmp/script");
	assert_int_equal(facts->script.inode, 77);
	assert_int_equal(facts->script_in_image, ANSWER_NO);
}

/* As the process itself would find it: below its own root, which links do not leave. */
static void script_of_a_process_that_lives(void **state)
{
	struct fixture *fixture = *state;
	struct event event = script_of(7, "/work", "run");
	char path[PATH_MAX] = "", expected[PATH_MAX];
	struct plm_file file = { 0 };
	struct stat st;

	assert_int_equal(mkdir("live", 0755) | mkdir("live/work", 0755), 0);
	make_item(&(struct item){ "live/work/real", 'x', "#!/bin/sh\n" });
	assert_int_equal(symlink("/work/real", "live/work/run") | symlink("../../../live", "host/proc/7/root"), 0);
	assert_int_equal(script_find(NULL, fixture->host, &event, event.exec.name, &file, path), 0);
	(void)snprintf(expected, sizeof(expected), "%s/live/work/real", fixture->top);
	assert_string_equal(path, expected);
	assert_int_equal(stat("live/work/real", &st), 0);
	assert_int_equal(file.inode, st.st_ino);
	assert_int_equal(file.device, major(st.st_dev) << 20 | minor(st.st_dev));
	assert_int_equal(file.mode, S_IFREG | 0755);
	assert_int_equal(file.size, 10);
	assert_int_not_equal(file.layer, PLM_LAYER_UNKNOWN);
}

/* Nothing leads to the file: where it is said to be is told all the same, and the room stays whole. */
static void script_that_is_nowhere(void **state)
{
	struct fixture *fixture = *state;
	char path[PATH_MAX] = "before", name[PATH_MAX];
	struct event event = script_of(8, "/gone", "sub/run");
	struct plm_file file = { .inode = 5 };

	assert_int_equal(script_find(fixture->container.rootfs, fixture->host, &event, event.exec.name, &file, path),
			 0);
	assert_string_equal(path, "/gone/sub/run");
	assert_int_equal(file.layer, PLM_LAYER_UPPER);
	file.inode = 5;
	assert_int_equal(script_find(NULL, fixture->host, &event, event.exec.name, &file, path), -ENOENT);
	assert_string_equal(path, "/gone/sub/run");
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	event.exec.name = name;
	assert_int_equal(script_find(NULL, fixture->host, &event, event.exec.name, &file, path), -ENAMETOOLONG);
	assert_string_equal(path, "");
	event.exec.name = NULL;
	assert_int_equal(script_find(NULL, fixture->host, &event, event.exec.name, &file, path), -ENOENT);
	assert_string_equal(path, "");
	assert_int_equal(file.inode, 5);
}

/* ---- little or nothing is known ---- */

static void age(void **state)
{
	static const struct {
		uint64_t started, time, expected;
	} rows[] = {
		{ 0, 500, UINT64_MAX },
		{ 300, 500, 200 },
		{ 500, 500, 0 },
		{ 600, 500, UINT64_MAX },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = { .kind = PLM_LEAVE, .time = rows[i].time };

		fixture->container.started = rows[i].started;
		assert_int_equal(gather(fixture, &event)->container_age, rows[i].expected);
	}
}

/* A root that is no overlay, a record with nothing in it: every kind, every operation. */
static void nothing_known(void **state)
{
	struct fixture *fixture = *state;

	rootfs_free(take_ptr(fixture->container.rootfs));
	for (unsigned i = 0; i < PLM_KINDS * PLM_OPS * 2; i++) {
		struct event event = { .kind = i % PLM_KINDS };
		const struct facts *facts;

		event.file.layer = i % 2 ? PLM_LAYER_UPPER : PLM_LAYER_UNKNOWN;
		event.exec.flags = PLM_EXEC_SCRIPT;
		event.change.op = i / PLM_KINDS % PLM_OPS;
		event.change.flags = i % 2 ? PLM_CHANGE_HINT : 0;
		facts = gather(fixture, &event);
		assert_int_equal(facts->in_image, ANSWER_UNKNOWN);
		assert_int_equal(facts->from_in_image, ANSWER_UNKNOWN);
		assert_int_equal(facts->confirmed, ANSWER_UNKNOWN);
		assert_int_equal(facts->script_in_image, ANSWER_UNKNOWN);
		assert_int_equal(facts->script.layer, PLM_LAYER_UNKNOWN);
		assert_false(facts->metadata_only || facts->script_metadata_only || facts->executable_in_image);
		assert_int_equal(facts->container_age, UINT64_MAX);
		is_string(facts->executable, NULL);
		is_string(facts->parent_executable, NULL);
		is_string(facts->script_path, NULL);
		is_string(event.path, NULL);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(program_and_image),
		TEST(mapped_code),
		TEST(who_did_it),
		TEST(changes_by_name),
		TEST(the_file_behind_a_name),
		TEST(two_names),
		TEST(changes_by_file),
		TEST(script_of_a_process_that_is_gone),
		TEST(script_that_the_kernel_saw),
		TEST(script_of_a_process_that_lives),
		TEST(script_that_is_nowhere),
		TEST(age),
		TEST(nothing_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
