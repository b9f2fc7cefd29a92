// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "inventory_root.h"

/* ---- open and read ---- */

static void socket_make(struct root *root, const char *name)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%.64s/%.16s", root->path, name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static void chain_make(struct root *root, const char *name, int links)
{
	char from[32], to[32];

	for (int i = 0; i < links; i++) {
		(void)snprintf(from, sizeof(from), "%s%d", name, i);
		(void)snprintf(to, sizeof(to), i + 1 < links ? "%s%d" : "file", name, i + 1);
		root_link(root, from, to);
	}
}

static void open_rows(void **state)
{
	static const struct {
		const char *path;
		int expected;
	} rows[] = {
		{ "/file", 0 },
		{ "/d/file", 0 },
		{ "/absolute", 0 },    /* -> /d/file, of the tree */
		{ "/up", 0 },          /* -> ../../../../file */
		{ "/linked/file", 0 }, /* -> d */
		{ "/d/back", 0 },      /* -> ../file */
		{ "/short39", 0 },     /* through one link */
		{ "/short0", 0 },      /* through forty */
		{ "/long0", -ELOOP },  /* one more */
		{ "/self", -ELOOP },
		{ "/a", -ELOOP },
		{ "/out", -ENOENT }, /* -> /plimsoll-outside-..., which is there outside */
		{ "/dangling", -ENOENT },
		{ "/none", -ENOENT },
		{ "/none/file", -ENOENT },
		{ "/file/file", -ENOTDIR },
		{ "/", -EBADMSG },
		{ "/d", -EBADMSG },
		{ "/linked", -EBADMSG },
		{ "/fifo", -EBADMSG },
		{ "/to-fifo", -EBADMSG },
		{ "/socket", -EBADMSG },
		{ "/name\x1b[2J\n\xff", 0 },
		{ "", -EINVAL },
		{ "file", -EINVAL },
		{ "/d/../file", -EINVAL },
		{ "/./file", -EINVAL },
		{ "//file", -EINVAL },
		{ "/file/", -EINVAL },
	};
	struct root *root = *state;
	char outside[] = "/tmp/plimsoll-outside-XXXXXX";
	_cleanup_close_ int fd = mkstemp(outside);

	assert_true(fd >= 0);
	root_file(root, "file", "content");
	root_file(root, "d/file", "content");
	root_file(root, "name\x1b[2J\n\xff", "content");
	root_link(root, "absolute", "/d/file");
	root_link(root, "up", "../../../../file");
	root_link(root, "linked", "d");
	root_link(root, "d/back", "../file");
	root_link(root, "self", "self");
	root_link(root, "a", "b");
	root_link(root, "b", "a");
	root_link(root, "out", outside);
	root_link(root, "dangling", "nowhere");
	root_link(root, "to-fifo", "fifo");
	root_fifo(root, "fifo");
	socket_make(root, "socket");
	chain_make(root, "short", TREE_LINKS_MAX);
	chain_make(root, "long", TREE_LINKS_MAX + 1);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		char text[16] = "";

		assert_int_equal(tree_open(root->tree, rows[i].path, &file), rows[i].expected);
		assert_int_equal(file.fd >= 0, rows[i].expected == 0);
		if (rows[i].expected < 0)
			continue;
		assert_int_equal(file.size, 7);
		assert_int_equal(tree_pread(&file, text, sizeof(text), 0), 7);
		assert_string_equal(text, "content");
	}
	assert_int_equal(unlink(outside), 0);
}

/* To open one can do something: a tape is wound back. */
static void no_device(void **state)
{
	struct root *root = *state;
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;

	if (mknodat(root->fd, "null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		skip(); /* not root */
	assert_int_equal(mknodat(root->fd, "block", S_IFBLK | 0666, makedev(7, 0)), 0);
	root_link(root, "to-null", "/null");
	assert_int_equal(tree_open(root->tree, "/null", &file), -EBADMSG);
	assert_int_equal(tree_open(root->tree, "/block", &file), -EBADMSG);
	assert_int_equal(tree_open(root->tree, "/to-null", &file), -EBADMSG);
	assert_int_equal(file.fd, -EBADF);
}

static void parts(void **state)
{
	struct root *root = *state;
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	struct tree_file part;
	char text[16] = "";

	root_file(root, "file", "0123456789");
	assert_int_equal(tree_open(root->tree, "/file", &file), 0);
	assert_int_equal(tree_pread(&file, text, 4, 3), 4);
	assert_memory_equal(text, "3456", 4);
	assert_int_equal(tree_pread(&file, text, 4, 8), 2);
	assert_int_equal(tree_pread(&file, text, 4, 10), 0);
	assert_int_equal(tree_pread(&file, text, 4, UINT64_MAX), 0);
	part = (struct tree_file){ .fd = file.fd, .offset = 2, .size = 3 };
	assert_int_equal(tree_pread(&part, text, sizeof(text), 1), 2);
	assert_memory_equal(text, "34", 2);
	tree_close(&part); /* not its own */
	assert_int_equal(part.fd, -EBADF);
	assert_int_equal(tree_pread(&file, text, 1, 0), 1);
}

static void whole_texts(void **state)
{
	struct root *root = *state;
	_cleanup_free_ char *text = NULL, *none = NULL;
	size_t size = 77;

	root_bytes(root, "text", "a\0b\n", 4);
	root_file(root, "empty", "");
	assert_int_equal(tree_read(root->tree, "/text", 3, &none, &size), -EFBIG);
	assert_int_equal(tree_read(root->tree, "/none", 3, &none, &size), -ENOENT);
	assert_int_equal(tree_read(root->tree, "/", 3, &none, &size), -EBADMSG);
	assert_null(none);
	assert_int_equal(size, 77);
	assert_int_equal(tree_read(root->tree, "/text", 4, &text, &size), 0);
	assert_int_equal(size, 4);
	assert_memory_equal(text, "a\0b\n", 5);
	assert_int_equal(tree_read(root->tree, "/empty", 0, &none, &size), 0);
	assert_int_equal(size, 0);
	assert_string_equal(none, "");
}

/* A sparse file is as large as it says. */
static void gigantic(void **state)
{
	struct root *root = *state;
	char *text = NULL;
	size_t size;

	root_file(root, "large", "x");
	{
		_cleanup_close_ int fd = openat(root->fd, "large", O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	}
	assert_int_equal(tree_read(root->tree, "/large", SIZE_MAX, &text, &size), -EFBIG);
	assert_null(text);
}

/* ---- canonical ---- */

static void canonical_rows(void **state)
{
	static const struct {
		const char *path, *expected;
		int error;
	} rows[] = {
		{ "/", "/", 0 },
		{ "/usr", "/usr", 0 },
		{ "/bin", "/bin", 0 }, /* a link, left as it is */
		{ "/bin/ls", "/usr/bin/ls", 0 },
		{ "/bin/cat", "/usr/bin/cat", 0 }, /* of the same directory */
		{ "/usr/bin/ls", "/usr/bin/ls", 0 },
		{ "/usr/bin/none", "/usr/bin/none", 0 },
		{ "/none/at/all", "/none/at/all", 0 },
		{ "/usr/bin/ls/x", "/usr/bin/ls/x", 0 }, /* below a file */
		{ "/lib/x/y", "/usr/lib/x/y", 0 },       /* -> /usr/lib */
		{ "/usr/up/bin/a", "/usr/bin/a", 0 },    /* -> .. */
		{ "/over/bin/a", "/usr/bin/a", 0 },      /* -> ../../../usr/./lib/.. */
		{ "/dangling/a", "/nowhere/a", 0 },
		{ "/two/a", "/usr/bin/a", 0 }, /* -> bin -> usr/bin */
		{ "/self/a", NULL, -ELOOP },
		{ "/self", "/self", 0 },
		{ "usr", NULL, -EINVAL },
		{ "/usr/", NULL, -EINVAL },
		{ "/usr/../bin", NULL, -EINVAL },
	};
	struct root *root = *state;

	root_file(root, "usr/bin/ls", "x");
	root_directory(root, "usr/lib");
	root_link(root, "bin", "usr/bin");
	root_link(root, "two", "bin");
	root_link(root, "lib", "/usr/lib");
	root_link(root, "usr/up", "../usr");
	root_link(root, "over", "../../../usr/./lib/..");
	root_link(root, "dangling", "nowhere");
	root_link(root, "self", "self/self");
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) { /* also what another was asked before */
		size_t row = i < ARRAY_SIZE(rows) ? i : 2 * ARRAY_SIZE(rows) - 1 - i;
		char path[PATH_MAX] = "untouched";

		assert_int_equal(tree_canonical(root->tree, rows[row].path, path), rows[row].error);
		assert_string_equal(path, rows[row].expected ? rows[row].expected : "untouched");
	}
}

static void canonical_too_long(void **state)
{
	struct root *root = *state;
	char target[PATH_MAX - 8], path[PATH_MAX];

	for (size_t i = 0; i < sizeof(target) - 1; i++)
		target[i] = i % 200 ? 'a' : '/';
	target[sizeof(target) - 1] = '\0';
	root_link(root, "long", target);
	assert_int_equal(tree_canonical(root->tree, "/long/a", path), 0);
	assert_int_equal(tree_canonical(root->tree, "/long/abcdefghi", path), -ENAMETOOLONG);
	assert_int_equal(tree_canonical(root->tree, "/long/abcdefghi/k", path), -ENAMETOOLONG);
}

/* ---- list ---- */

struct listing {
	char text[512];
	const char *last; /* ends there */
};

static int listing_add(const char *name, enum tree_type type, void *data)
{
	static const char *const types[] = {
		[TREE_OTHER] = "?", [TREE_FILE] = "", [TREE_DIRECTORY] = "/", [TREE_LINK] = "@"
	};
	struct listing *listing = data;
	size_t at = strlen(listing->text);

	(void)snprintf(listing->text + at, sizeof(listing->text) - at, "%s%s,", name, types[type]);
	return listing->last && !strcmp(listing->last, name) ? 5 : 0;
}

static void list_rows(void **state)
{
	static const struct {
		const char *path, *last, *expected;
		int answer;
	} rows[] = {
		{ "/", NULL, "\n,\x1b,A,b/,c?,l@,z/,", 0 },
		{ "/", "b", "\n,\x1b,A,b/,", 5 },
		{ "/b", NULL, "", 0 },
		{ "/l", NULL, "10,2,", 0 },
		{ "/z", NULL, "10,2,", 0 },
		{ "/A", NULL, "", -ENOTDIR },
		{ "/c", NULL, "", -ENOTDIR },
		{ "/none", NULL, "", -ENOENT },
		{ "/l/../b", NULL, "", -EINVAL },
	};
	struct root *root = *state;

	root_file(root, "\n", "");
	root_file(root, "\x1b", "");
	root_file(root, "A", "");
	root_directory(root, "b");
	root_fifo(root, "c");
	root_link(root, "l", "/z");
	root_file(root, "z/10", "");
	root_file(root, "z/2", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listing listing = { .last = rows[i].last };

		assert_int_equal(tree_list(root->tree, rows[i].path, listing_add, &listing), rows[i].answer);
		assert_string_equal(listing.text, rows[i].expected);
	}
}

/* ---- walk ---- */

struct walked {
	char text[1024];
	size_t entries, longest, deepest;
	const char *last;
};

static int walked_add(const struct tree_entry *entry, void *data)
{
	static const char letters[] = {
		[TREE_OTHER] = '?', [TREE_FILE] = 'f', [TREE_DIRECTORY] = 'd', [TREE_LINK] = 'l'
	};
	struct walked *walked = data;
	size_t at = strlen(walked->text), deep = 0;

	for (const char *slash = entry->path; (slash = strchr(slash, '/')); slash++)
		deep++;
	walked->deepest = deep > walked->deepest ? deep : walked->deepest;
	walked->longest = strlen(entry->path) > walked->longest ? strlen(entry->path) : walked->longest;
	walked->entries++;
	(void)snprintf(walked->text + at, sizeof(walked->text) - at, "%s %c %o %d\n", entry->path, letters[entry->type],
		       entry->mode, (int)entry->size);
	return walked->last && !strcmp(walked->last, entry->path) ? 7 : 0;
}

static bool is_x(const char *path, void *data)
{
	(void)data;
	return strcmp(path, "/b/x") == 0;
}

static void walk_order(void **state)
{
	struct root *root = *state;
	struct walked walked = { 0 }, ended = { .last = "/b" };

	root_file(root, "b/y/file", "four");
	root_file(root, "b/x", "");
	root_file(root, "b.c", "");
	root_link(root, "a", "b");
	root_link(root, "up", "..");
	root_fifo(root, "fifo");
	root_file(root, "\x1b[0m", "");
	assert_int_equal(fchmodat(root->fd, "b/x", 04755, 0), 0);
	assert_int_equal(fchmodat(root->fd, "b", 0750, 0), 0);
	assert_int_equal(tree_walk(root->tree, NULL, walked_add, &walked), 0);
	assert_string_equal(walked.text, "/\x1b[0m f 644 0\n"
					 "/a l 0 0\n"
					 "/b d 750 0\n"
					 "/b/x f 4755 0\n"
					 "/b/y d 755 0\n"
					 "/b/y/file f 644 4\n"
					 "/b.c f 644 0\n"
					 "/fifo ? 0 0\n"
					 "/up l 0 0\n");
	assert_int_equal(tree_walk(root->tree, NULL, walked_add, &ended), 7);
	assert_int_equal(ended.entries, 3);
	memset(&walked, 0, sizeof(walked));
	assert_int_equal(tree_walk(root->tree, is_x, walked_add, &walked), 0);
	assert_non_null(strstr(walked.text, "/b/x f 0 0\n/b/y d 755 0\n/b/y/file f 644 4\n"));
}

/* A chain of directories: each name's length, and how many. */
static void nest(struct root *root, int length, int count)
{
	int at = fcntl(root->fd, F_DUPFD_CLOEXEC, 0);
	char name[256];

	memset(name, 'n', sizeof(name));
	name[length] = '\0';
	for (int i = 0; i < count; i++) {
		int next;

		assert_int_equal(mkdirat(at, name, 0755), 0);
		next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(at);
		at = next;
	}
	(void)close(at);
}

static void nest_drop(struct root *root)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %.64s/n*", root->path);
	assert_int_equal(system(command), 0);
}

static void walk_bounds(void **state)
{
	static const struct {
		int length, count, answer;
		size_t entries;
	} rows[] = {
		{ 1, TREE_DEPTH_MAX, 0, TREE_DEPTH_MAX },
		{ 1, TREE_DEPTH_MAX + 1, -E2BIG, TREE_DEPTH_MAX },
		{ 1, 3 * TREE_DEPTH_MAX, -E2BIG, TREE_DEPTH_MAX },
		{ 255, 15, 0, 15 },
		{ 255, 20, -E2BIG, 15 }, /* longer than a path can be */
	};
	struct root *root = *state;

	root_file(root, "z", ""); /* what comes behind is not passed over with it */
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct walked walked = { 0 };

		nest(root, rows[i].length, rows[i].count);
		assert_int_equal(tree_walk(root->tree, NULL, walked_add, &walked), rows[i].answer);
		assert_int_equal(walked.entries, rows[i].entries + 1);
		assert_true(walked.longest < PATH_MAX && walked.deepest <= TREE_DEPTH_MAX);
		nest_drop(root);
	}
}

static void walk_one_file_system(void **state)
{
	struct root *root = *state;
	struct walked walked = { 0 };
	char place[128];

	(void)snprintf(place, sizeof(place), "%.64s/mounted", root->path);
	root_file(root, "mounted/hidden", "");
	root_file(root, "z", "");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();        /* not root */
	(void)close(root->fd); /* of the other namespace */
	root->fd = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	tree_free(root->tree);
	assert_int_equal(tree_disk_new(fcntl(root->fd, F_DUPFD_CLOEXEC, 0), &root->tree), 0);
	assert_int_equal(mount("none", place, "tmpfs", 0, "size=64k"), 0);
	root_file(root, "mounted/inside", "");
	assert_int_equal(tree_walk(root->tree, NULL, walked_add, &walked), 0);
	assert_int_equal(walked.entries, 2);
	assert_null(strstr(walked.text, "inside"));
	assert_int_equal(umount(place), 0);
}

static void none(void **state)
{
	struct tree *tree = NULL;

	(void)state;
	assert_int_equal(tree_disk_new(-EBADF, &tree), -EBADF);
	assert_null(tree);
	tree_free(tree);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_rows),
		TEST(no_device),
		TEST(parts),
		TEST(whole_texts),
		TEST(gigantic),
		TEST(canonical_rows),
		TEST(canonical_too_long),
		TEST(list_rows),
		TEST(walk_order),
		TEST(walk_bounds),
		TEST(walk_one_file_system),
		cmocka_unit_test(none),
	};

	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
