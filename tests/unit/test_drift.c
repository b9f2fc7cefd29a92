// SPDX-License-Identifier: Apache-2.0
/* The parts of a drift: what was the runtime's, whose a file is, who wrote it, and its digests. */
#include "drift/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "container/process.h"
#include "drift/setup.h"
#include "inventory_made.h"

#define SECOND 1000000000ll
#define BORN   (1700000000 * SECOND)

DEFINE_CLEANUP(struct rootfs *, rootfs_free)

/* ---- what the runtime made ---- */

static void until_when_it_was_the_runtime(void **state)
{
	static const struct {
		int64_t born, started, until;
	} rows[] = {
		{ BORN, BORN + SECOND, BORN + SECOND + PROCESS_SETUP_TIME },
		{ BORN, BORN + 3600 * SECOND, BORN + SETUP_WINDOW }, /* created and started later, or restarted */
		{ BORN, BORN + SETUP_WINDOW, BORN + SETUP_WINDOW },
		{ 0, BORN, 0 },
		{ BORN, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(setup_until(rows[i].born, rows[i].started), rows[i].until);
}

static void what_the_runtime_made(void **state)
{
	static const struct {
		bool made;
		enum difference_kind kind;
		const char *from;
		mode_t mode;
		uint64_t size;
		int64_t ctime;
	} rows[] = {
		{ true, DIFFERENCE_ADDED, NULL, S_IFDIR | 0755, 4096, BORN },
		{ true, DIFFERENCE_ADDED, NULL, S_IFLNK | 0777, 12, BORN },
		{ true, DIFFERENCE_ADDED, NULL, S_IFREG | 0644, 0, BORN },
		{ false, DIFFERENCE_ADDED, NULL, S_IFREG | 0644, 1, BORN },
		{ false, DIFFERENCE_ADDED, NULL, S_IFIFO | 0644, 0, BORN },
		{ false, DIFFERENCE_ADDED, NULL, S_IFCHR | 0644, 0, BORN },
		{ false, DIFFERENCE_ADDED, NULL, S_IFDIR | 0755, 4096, BORN + SECOND },
		{ false, DIFFERENCE_ADDED, "/renamed", S_IFDIR | 0755, 4096, BORN },
		{ false, DIFFERENCE_MODIFIED, NULL, S_IFREG | 0644, 0, BORN },
		{ false, DIFFERENCE_METADATA, NULL, S_IFDIR | 0755, 4096, BORN },
		{ false, DIFFERENCE_REMOVED, NULL, S_IFDIR | 0755, 4096, BORN },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct difference_entry entry = {
			.kind = rows[i].kind,
			.path = "/x",
			.from = rows[i].from,
			.stat = { .mode = rows[i].mode, .size = rows[i].size, .ctime = rows[i].ctime },
		};

		if (setup_made(BORN + SECOND, &entry) != rows[i].made)
			fail_msg("row %zu", i);
		assert_false(setup_made(0, &entry));
	}
}

static void when_a_process_was_started(void **state)
{
	int64_t before = process_started_ns((uint32_t)getpid());
	struct timespec now;

	(void)state;
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	assert_true(before > (now.tv_sec - 3600) * SECOND && before <= now.tv_sec * SECOND + now.tv_nsec);
	assert_in_range(process_started((uint32_t)getpid()), before / SECOND - 1, before / SECOND + 1);
	assert_int_equal(process_started_ns(UINT32_MAX), 0);
}

/* ---- whose a file is ---- */

static void whose_a_file_is(void **state)
{
	static const struct {
		enum difference_kind kind;
		const char *path, *package; /* "name version type" */
		size_t owned;
	} rows[] = {
		{ DIFFERENCE_MODIFIED, "/a/one", "base 1 deb", 0 },
		{ DIFFERENCE_METADATA, "/a/one", "base 1 deb", 0 },
		{ DIFFERENCE_REMOVED, "/a/one", "base 1 deb", 0 },
		{ DIFFERENCE_ADDED, "/a/one", "base 2 deb", 0 }, /* of what is there now */
		{ DIFFERENCE_ADDED, "/a/new", "base 2 deb", 0 },
		{ DIFFERENCE_MODIFIED, "/a/new", NULL, 0 },
		{ DIFFERENCE_REMOVED, "/a", NULL, 4 },
		{ DIFFERENCE_REMOVED, "/a/b", NULL, 2 },
		{ DIFFERENCE_REMOVED, "/a-b", NULL, 1 },
		{ DIFFERENCE_REMOVED, "/a0", NULL, 1 },
		{ DIFFERENCE_REMOVED, "/z", NULL, 1 },
		{ DIFFERENCE_REMOVED, "/a/b/c", NULL, 1 },
		{ DIFFERENCE_REMOVED, "/a/bb", NULL, 0 },
		{ DIFFERENCE_REMOVED, "/zz", NULL, 0 },
		{ DIFFERENCE_MODIFIED, "/a", NULL, 0 },
	};
	_cleanup_inventory_ struct inventory *image =
		inventory_of("deb base 1 all /s /a/one /a/two /a/b/three /a/b/c/four "
			     "/a-b/five /a0/six /z/seven /eight");
	_cleanup_inventory_ struct inventory *present = inventory_of("deb base 2 all /s /a/one /a/new");
	struct drift_file file;
	struct drift drift = { .files = &file, .count = 1, .image = image, .present = present };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char package[64] = "";

		file = (struct drift_file){ .kind = rows[i].kind, .path = (char *)rows[i].path };
		drift_owners(&drift);
		if (file.package.name)
			(void)snprintf(package, sizeof(package), "%s %s %s", file.package.name, file.package.version,
				       file.package.type);
		if (strcmp(package, rows[i].package ?: "") != 0 || file.owned != rows[i].owned)
			fail_msg("row %zu, %s: '%s', %zu", i, rows[i].path, package, file.owned);
	}
	file = (struct drift_file){ .kind = DIFFERENCE_REMOVED, .path = (char *)"/a" };
	drift_owners(&(struct drift){ .files = &file, .count = 1 });
	assert_int_equal(file.owned, 0);
}

/* ---- who wrote it ---- */

#define WRITER(inode, device, pid, more) "{\"inode\":" inode ",\"device\":" device ",\"pid\":" pid more "}"
#define WRITERS(list)                    "{\"writers\":[" list "]}"

static void who_wrote_a_file(void **state)
{
	static const struct {
		const char *answer;
		uint64_t pids[5];
	} rows[] = {
		{ WRITERS(WRITER("7", "1", "70", "")),
		  { 0, 0, 70, 70, 0 } }, /* two names of one inode; one was removed */
		{ WRITERS(WRITER("9223372036854775807", "1", "5", "")), { 5, 0, 0, 0, 0 } },
		{ WRITERS(WRITER("3", "2", "5", "") "," WRITER("3", "2", "6", "")), { 0, 5, 0, 0, 0 } },
		{ WRITERS(WRITER("3", "1", "5", "")), { 0, 0, 0, 0, 0 } },
		{ WRITERS(WRITER("3", "2", "0", "")), { 0, 0, 0, 0, 0 } },
		{ WRITERS(WRITER("3", "2", "-1", "")), { 0, 0, 0, 0, 0 } },
		{ WRITERS(WRITER("\"3\"", "2", "5", "")), { 0, 0, 0, 0, 0 } },
		{ WRITERS("3,null,[],\"\""), { 0, 0, 0, 0, 0 } },
		{ WRITERS(""), { 0, 0, 0, 0, 0 } },
		{ "{\"writers\":7}", { 0, 0, 0, 0, 0 } },
		{ "{}", { 0, 0, 0, 0, 0 } },
		{ "[]", { 0, 0, 0, 0, 0 } },
		{ "", { 0, 0, 0, 0, 0 } },
		{ "{\"writers\":[", { 0, 0, 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drift_file files[5] = {
			{ .kind = DIFFERENCE_ADDED, .stat = { .inode = INT64_MAX, .device = 1 } },
			{ .kind = DIFFERENCE_ADDED, .stat = { .inode = 3, .device = 2 } },
			{ .kind = DIFFERENCE_MODIFIED, .stat = { .inode = 7, .device = 1 } },
			{ .kind = DIFFERENCE_METADATA, .stat = { .inode = 7, .device = 1 } },
			{ .kind = DIFFERENCE_REMOVED, .stat = { .inode = 7, .device = 1 } },
		};
		struct drift drift = { .files = files, .count = 5 };

		drift_writers(&drift, rows[i].answer);
		for (size_t f = 0; f < 5; f++)
			if (files[f].writer.pid != rows[i].pids[f])
				fail_msg("row %zu, file %zu: %llu", i, f, (unsigned long long)files[f].writer.pid);
	}
	drift_writers(&(struct drift){ 0 }, rows[0].answer);
}

static void what_is_known_of_a_writer(void **state)
{
	struct drift drift = { .files = calloc(1, sizeof(struct drift_file)), .count = 1 };

	(void)state;
	assert_non_null(drift.files);
	drift.files[0] = (struct drift_file){ .kind = DIFFERENCE_ADDED, .stat = { .inode = 3, .device = 2 } };
	drift_writers(&drift,
		      WRITERS(WRITER("3", "2", "5", ",\"executable\":\"/bin/sh\",\"session\":\"1f\",\"time\":7")));
	assert_string_equal(drift.files[0].writer.executable, "/bin/sh");
	assert_string_equal(drift.files[0].writer.session, "1f");
	assert_null(drift.files[0].writer.time);
	drift_clear(&drift);
	assert_null(drift.files);
}

/* ---- digests ---- */

static char top[] = "/tmp/plimsoll-drift-XXXXXX";

static void path_make(char path[static 256], const char *layer, const char *name)
{
	(void)snprintf(path, 256, "%s/%s/%s", top, layer, name);
}

static void file_make(const char *layer, const char *name, const char *text, off_t size)
{
	char path[256];
	int fd;

	path_make(path, layer, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(ftruncate(fd, size), 0);
	assert_int_equal(close(fd), 0);
}

static int tree_make(void **state)
{
	static const char *const layers[] = { "upper", "image" };
	char path[256];

	(void)state;
	if (!mkdtemp(top))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", top, layers[i]);
		if (mkdir(path, 0755) < 0)
			return -1;
	}
	return 0;
}

static int tree_drop(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command) == 0 ? 0 : -1;
}

static struct rootfs *rootfs_make(void)
{
	struct rootfs *rootfs = NULL;
	char text[512];
	const struct rootfs_source source = {
		.mountinfo = text,
		.size = (size_t)snprintf(text, sizeof(text),
					 "60 50 0:40 / / rw - overlay o rw,lowerdir=%s/image,upperdir=%s/upper\n", top,
					 top),
	};

	assert_int_equal(rootfs_from_mountinfo(&source, &rootfs), 0);
	return rootfs;
}

static const char *text_of(const struct digest *digest, char room[static DIGEST_TEXT_MAX])
{
	if (digest->kind == DIGEST_NONE)
		return "";
	digest_text(digest, room);
	return room;
}

#define OF_NEW   "7aa7a5359173d05b63cfd682e3c38487f3cb4f7f1d60659fe59fab1505977d4c" /* "new\n" */
#define OF_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void digests_of_both_sides(void **state)
{
	static const struct {
		enum difference_kind kind;
		const char *path, *digest, *expected;
	} rows[] = {
		{ DIFFERENCE_MODIFIED, "/changed", OF_NEW, OF_EMPTY },
		{ DIFFERENCE_METADATA, "/changed", OF_NEW, OF_EMPTY },
		{ DIFFERENCE_ADDED, "/changed", OF_NEW, "" },
		{ DIFFERENCE_REMOVED, "/changed", "", OF_EMPTY },
		{ DIFFERENCE_ADDED, "/link", "", "" },
		{ DIFFERENCE_ADDED, "/directory", "", "" },
		{ DIFFERENCE_MODIFIED, "/gone", "", "" },
	};
	_cleanup_(rootfs_freep) struct rootfs *rootfs = NULL;
	char path[256], room[DIGEST_TEXT_MAX];

	(void)state;
	file_make("upper", "changed", "new\n", 4);
	file_make("image", "changed", "", 0);
	path_make(path, "upper", "link");
	assert_int_equal(symlink("changed", path), 0);
	path_make(path, "upper", "directory");
	assert_int_equal(mkdir(path, 0755), 0);
	rootfs = rootfs_make();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct drift_file file = { .kind = rows[i].kind, .path = (char *)rows[i].path };
		struct drift drift = { .files = &file, .count = 1 };

		drift_digests(rootfs, &(struct drift_options){ 0 }, &drift);
		if (strcmp(text_of(&file.digest, room), rows[i].digest) != 0)
			fail_msg("row %zu: %s", i, room);
		if (strcmp(text_of(&file.expected, room), rows[i].expected) != 0)
			fail_msg("row %zu: %s expected", i, room);
		assert_int_equal(drift.unhashed, 0);
	}
}

struct shown {
	uint64_t done, total;
	unsigned times;
};

static void show(uint64_t done, uint64_t total, void *data)
{
	struct shown *shown = data;

	assert_true(done < total && (!shown->times || done > shown->done));
	*shown = (struct shown){ done, total, shown->times + 1 };
}

/* A sparse file is as large as somebody likes. */
static void what_is_too_large_has_no_digest(void **state)
{
	struct drift_file files[] = {
		{ .kind = DIFFERENCE_ADDED, .path = (char *)"/sparse", .stat.size = DRIFT_FILE_MAX + 1 },
		{ .kind = DIFFERENCE_MODIFIED, .path = (char *)"/both", .stat.size = 4 },
	};
	struct drift drift = { .files = files, .count = 2 };
	struct shown shown = { 0 };
	_cleanup_(rootfs_freep) struct rootfs *rootfs = NULL;
	char room[DIGEST_TEXT_MAX];

	(void)state;
	file_make("upper", "sparse", "", (off_t)DRIFT_FILE_MAX + 1);
	file_make("upper", "both", "new\n", 4);
	file_make("image", "both", "", (off_t)DRIFT_FILE_MAX + 1);
	rootfs = rootfs_make();
	drift_digests(rootfs, &(struct drift_options){ .progress = show, .data = &shown }, &drift);
	assert_string_equal(files[0].path, "/both"); /* the small ones first */
	assert_string_equal(text_of(&files[0].digest, room), OF_NEW);
	assert_int_equal(files[0].expected.kind, DIGEST_NONE);
	assert_int_equal(files[1].digest.kind, DIGEST_NONE);
	assert_int_equal(drift.unhashed, 2);
	assert_int_equal(shown.times, 1);
	assert_int_equal(shown.total, 2);
}

static void when_an_upper_was_made(void **state)
{
	_cleanup_(rootfs_freep) struct rootfs *rootfs = rootfs_make();
	int64_t born = rootfs_upper_born(rootfs);
	struct stat stat;

	(void)state;
	if (!born) {
		print_message("# this file system does not keep when its files are born\n");
		skip();
	}
	assert_int_equal(lstat(top, &stat), 0);
	assert_true(born <= stat.st_mtim.tv_sec * SECOND + stat.st_mtim.tv_nsec &&
		    born > stat.st_mtim.tv_sec * SECOND - 3600 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(until_when_it_was_the_runtime),
		cmocka_unit_test(what_the_runtime_made),
		cmocka_unit_test(when_a_process_was_started),
		cmocka_unit_test(whose_a_file_is),
		cmocka_unit_test(who_wrote_a_file),
		cmocka_unit_test(what_is_known_of_a_writer),
		cmocka_unit_test(digests_of_both_sides),
		cmocka_unit_test(what_is_too_large_has_no_digest),
		cmocka_unit_test(when_an_upper_was_made),
	};

	return cmocka_run_group_tests(tests, tree_make, tree_drop);
}
