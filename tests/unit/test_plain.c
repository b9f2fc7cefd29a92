// SPDX-License-Identifier: Apache-2.0
/* A root that is no overlay: a directory with a volume at /data, and a host that may or may not see it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/facts.h"
#include "image/plain.h"
#include "image/rootfs.h"

#define SECOND 1000000000ll

static const char table[] = "60 50 8:1 /bundle / rw - ext4 /dev/a rw\n"
			    "62 60 8:1 /v /data rw - ext4 /dev/a rw\n";

struct fixture {
	char top[64]; /* the working directory of every test, and the root */
	struct stat root;
	struct rootfs *rootfs;
	int64_t began; /* between what was there and what is new */
};

static void make_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static int64_t now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static int64_t ctime_of(const char *path)
{
	struct stat stat;

	assert_int_equal(lstat(path, &stat), 0);
	return stat.st_ctim.tv_sec * SECOND + stat.st_ctim.tv_nsec;
}

/* Until the file system's clock has gone on: what is made from here on is younger. */
static int64_t moment(void)
{
	int64_t before;

	make_file("tick", "");
	before = ctime_of("tick");
	while (ctime_of("tick") == before)
		make_file("tick", "x");
	return ctime_of("tick");
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct rootfs_source source = { .mountinfo = table, .size = sizeof(table) - 1, .root_device = 8 << 20 | 1 };

	if (!fixture)
		return -1;
	*state = fixture;
	(void)strcpy(fixture->top, "/tmp/plimsoll-plain-XXXXXX");
	if (!mkdtemp(fixture->top) || chdir(fixture->top) < 0 || stat(".", &fixture->root) < 0)
		return -1;
	make_file("old", "\177ELF");
	make_file("changed", "\177ELF");
	make_file("script", "#!/bin/sh\n");
	fixture->began = moment();
	make_file("changed", "\177ELF otherwise");
	make_file("new", "\177ELF");
	source.upper = fixture->top;
	source.upper_inode = fixture->root.st_ino;
	return rootfs_from_plain(&source, &fixture->rootfs);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", fixture->top);
	rootfs_free(fixture->rootfs);
	free(fixture);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static void names(void **state)
{
	struct fixture *fixture = *state;
	struct rootfs_claim claim = { .op = PLM_OP_CREATE, .path = "/new", .when = now() };
	char path[PATH_MAX];
	bool on_root = false;

	assert_true(rootfs_is_plain(fixture->rootfs));
	assert_false(rootfs_is_plain(NULL));
	assert_int_equal(rootfs_image_layers(fixture->rootfs), 0);
	assert_int_equal(rootfs_resolve(fixture->rootfs, "/", "./new", false, path, &on_root), 0);
	assert_string_equal(path, "/new");
	assert_true(on_root);
	assert_int_equal(rootfs_resolve(fixture->rootfs, "/data", "x", false, path, &on_root), -EXDEV);
	assert_true(rootfs_is_code(fixture->rootfs, "/new"));
	assert_int_equal(rootfs_confirm(fixture->rootfs, &claim), ANSWER_YES);
	claim.op = PLM_OP_UNLINK;
	claim.path = "/gone";
	assert_int_equal(rootfs_confirm(fixture->rootfs, &claim), ANSWER_YES);
	claim.path = "/old";
	claim.when += 3600 * SECOND;
	assert_int_equal(rootfs_confirm(fixture->rootfs, &claim), ANSWER_NO);
}

static void births(void **state)
{
	static const struct {
		const char *path;
		enum answer expected;
	} rows[] = {
		{ "/old", ANSWER_YES },      { "/changed", ANSWER_YES },    { "/new", ANSWER_NO },
		{ "/gone", ANSWER_UNKNOWN }, { "/../new", ANSWER_UNKNOWN },
	};
	struct fixture *fixture = *state;
	struct stat stat = { 0 };
	struct statx born;

	if (statx(AT_FDCWD, "new", 0, STATX_BTIME, &born) < 0 || !(born.stx_mask & STATX_BTIME))
		skip(); /* this file system does not keep it */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)lstat(rows[i].path + 1, &stat);
		assert_int_equal(rootfs_plain_was_there(fixture->rootfs, rows[i].path, stat.st_ino, fixture->began),
				 rows[i].expected);
		assert_int_equal(rootfs_plain_was_there(fixture->rootfs, rows[i].path, 1, fixture->began),
				 ANSWER_UNKNOWN);
	}
}

static void refusals(void **state)
{
	static const char overlay[] = "60 50 0:40 / / rw - overlay overlay rw,lowerdir=/a,upperdir=/b\n";
	static const struct {
		const char *text;
		uint32_t device;
		int expected;
	} rows[] = {
		{ overlay, 40, -EINVAL },
		{ table, 40, -ENOENT },
		{ "60 50 8:1\n", 0, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rootfs_source source = { .mountinfo = rows[i].text, .size = strlen(rows[i].text) };
		struct rootfs *rootfs = NULL;

		source.root_device = rows[i].device;
		assert_int_equal(rootfs_from_plain(&source, &rootfs), rows[i].expected);
		assert_null(rootfs);
	}
}

/* Where the host does not see the directory, or sees another one there, names go by their text and nothing is borne out. */
static void unseen(void **state)
{
	struct fixture *fixture = *state;
	struct rootfs_source source = { .mountinfo = table, .size = sizeof(table) - 1 };
	const struct {
		const char *upper;
		uint64_t inode;
	} rows[] = {
		{ NULL, 0 },
		{ "/nowhere/at/all", 0 },
		{ "/dev", fixture->root.st_ino },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rootfs_claim claim = { .op = PLM_OP_UNLINK, .path = "/old", .when = now() };
		enum plm_layer layer = PLM_LAYER_CONTROL;
		struct rootfs *rootfs = NULL;
		char path[PATH_MAX];

		source.upper = rows[i].upper;
		source.upper_inode = rows[i].inode;
		assert_int_equal(rootfs_from_plain(&source, &rootfs), 0);
		assert_int_equal(rootfs_resolve_text(rootfs, "/", "/etc", "../a", path, &layer), 0);
		assert_string_equal(path, "/a");
		assert_int_equal(layer, PLM_LAYER_UNKNOWN);
		assert_int_equal(rootfs_confirm(rootfs, &claim), ANSWER_UNKNOWN);
		assert_int_equal(rootfs_plain_was_there(rootfs, "/old", 1, now()), ANSWER_UNKNOWN);
		rootfs_free(rootfs);
	}
}

/* What facts.c makes of it: by file, by name, and a script that nobody but the disk knows. */
static void facts_of_a_plain_root(void **state)
{
	struct fixture *fixture = *state;
	struct container container = { .rootfs = fixture->rootfs, .root_device = 8 << 20 | 1, .started = 1 };
	struct facts_source source = { .container = &container,
				       .processes = processes_new(8),
				       .host_root = fixture->top,
				       .boot_offset = fixture->began + 20000000 - 1 };
	struct event exec = { .kind = PLM_EXEC,
			      .path = "/bin/sh",
			      .task = { .pid = 7 },
			      .file = { .layer = PLM_LAYER_PLAIN },
			      .exec = { .flags = PLM_EXEC_SCRIPT, .name = "/script", .cwd = "/" } };
	struct event change = { .kind = PLM_CHANGE,
				.time = 2,
				.change = {
					.op = PLM_OP_UNLINK, .flags = PLM_CHANGE_HINT, .base = "/", .name = "gone" } };
	struct facts_room room;
	struct facts_wait wait;
	struct facts facts;

	facts_gather(&source, &exec, &room, &facts, &wait);
	assert_int_equal(facts.in_image, ANSWER_UNKNOWN);
	assert_int_equal(facts.script.layer, PLM_LAYER_PLAIN);
	assert_int_equal(facts.script.flags & PLM_FILE_CHANGED, 0);
	exec.exec.name = "/new";
	facts_gather(&source, &exec, &room, &facts, &wait);
	assert_int_equal(facts.script.layer, PLM_LAYER_PLAIN);
	assert_int_equal(facts.script.flags & PLM_FILE_CHANGED, PLM_FILE_CHANGED);
	exec.exec.name = "/data/x";
	facts_gather(&source, &exec, &room, &facts, &wait);
	assert_int_equal(facts.script.layer, PLM_LAYER_VOLUME);
	facts_gather(&source, &change, &room, &facts, &wait);
	assert_string_equal(change.path, "/gone");
	assert_int_equal(facts.confirmed, ANSWER_YES);
	assert_int_equal(facts.in_image, ANSWER_UNKNOWN);
	assert_int_equal(change.file.layer, PLM_LAYER_PLAIN);
	change.change.name = "data/x";
	facts_gather(&source, &change, &room, &facts, &wait);
	assert_int_equal(facts.confirmed, ANSWER_NO); /* a volume */
	processes_free(source.processes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(births, set_up, tear_down),
		cmocka_unit_test(refusals),
		cmocka_unit_test_setup_teardown(unseen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(facts_of_a_plain_root, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
