// SPDX-License-Identifier: Apache-2.0
/*
 * Ways through a root: where they lead, and what is opened at their end. On a mount that allows devices, and on one
 * that does not, where files are opened without a look before.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "inventory_root.h"

static void fill(struct root *root)
{
	root_file(root, "usr/bin/ls", "ls\n");
	root_directory(root, "usr/lib/deep/er");
	root_directory(root, "etc");
	root_link(root, "bin", "usr/bin");
	root_link(root, "lib", "/usr/lib");
	root_link(root, "up", "../../../usr");
	root_link(root, "usr/lib/link", "../../lib/deep");
	root_link(root, "usr/twice", "../bin");
	root_link(root, "ring", "ring");
	root_link(root, "a", "b");
	root_link(root, "b", "a/c");
	root_link(root, "gone", "nowhere");
	root_link(root, "out", "/etc/passwd");
	root_link(root, "outside", "../../../../../../etc/passwd");
	root_link(root, "file", "usr/bin/ls");
	root_fifo(root, "fifo");
}

static const struct {
	const char *path;
	int status;
	const char *canonical;
} ways[] = {
	{ "/usr/bin/ls", 0, "/usr/bin/ls" },
	{ "/bin/ls", 0, "/usr/bin/ls" },
	{ "/bin", 0, "/bin" },
	{ "/", 0, "/" },
	{ "/lib/deep/er/x", 0, "/usr/lib/deep/er/x" },
	{ "/lib/link/er/x", 0, "/usr/lib/deep/er/x" },
	{ "/up/lib/link/x", 0, "/usr/lib/deep/x" },
	{ "/usr/twice/ls", 0, "/usr/bin/ls" },
	{ "/not/there/x", 0, "/not/there/x" },
	{ "/lib/not/there", 0, "/usr/lib/not/there" },
	{ "/gone/x", 0, "/nowhere/x" },
	{ "/usr/bin/ls/x", 0, "/usr/bin/ls/x" },
	{ "/ring/x", -ELOOP, NULL },
	{ "/ring", 0, "/ring" },
	{ "/a/x", -ELOOP, NULL },
	{ "/usr/../x", -EINVAL, NULL },
	{ "usr/x", -EINVAL, NULL },
	{ "/usr//x", -EINVAL, NULL },
};

/* Twice, and then in another order: what is remembered answers as what is looked at. */
static void ways_lead(struct root *root)
{
	for (size_t i = 0; i < 5 * ARRAY_SIZE(ways); i++) {
		size_t row = (i < 2 * ARRAY_SIZE(ways) ? i : 7 * i) % ARRAY_SIZE(ways);
		char canonical[PATH_MAX] = "";
		int r = tree_canonical(root->tree, ways[row].path, canonical);

		if (r != ways[row].status || (r == 0 && strcmp(canonical, ways[row].canonical) != 0))
			fail_msg("%s: %d %s", ways[row].path, r, canonical);
	}
}

static const struct {
	const char *path;
	int status;
} opened[] = {
	{ "/usr/bin/ls", 0 },          { "/bin/ls", 0 },         { "/file", 0 },          { "/usr/bin/cat", -ENOENT },
	{ "/usr/bin/ls/x", -ENOTDIR }, { "/usr/bin", -EBADMSG }, { "/bin", -EBADMSG },    { "/fifo", -EBADMSG },
	{ "/ring", -ELOOP },           { "/out", -ENOENT },      { "/outside", -ENOENT }, { "/usr/../fifo", -EINVAL },
};

static void files_open(struct root *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(opened); i++) {
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		int r = tree_open(root->tree, opened[i].path, &file);

		if (r != opened[i].status || (r == 0 && file.size != 3))
			fail_msg("%s: %s", opened[i].path, strerror(-r));
	}
}

static int count_one(const char *name, enum tree_type type, void *data)
{
	(void)name;
	assert_int_equal(type, TREE_FILE);
	++*(size_t *)data;
	return 0;
}

/* More names than one call gives. */
static void large_directories(struct root *root)
{
	size_t count = 0;
	char path[64];

	for (int i = 0; i < 3000; i++) {
		(void)sprintf(path, "large/a-name-that-takes-some-room-%d", i);
		root_file(root, path, "");
	}
	assert_int_equal(tree_list(root->tree, "/large", count_one, &count), 0);
	assert_int_equal(count, 3000);
}

static void on(const char *where)
{
	struct root *root = root_make(where);
	void *state = root;

	fill(root);
	ways_lead(root);
	files_open(root);
	large_directories(root);
	(void)root_teardown(&state);
}

static void with_devices(void **state)
{
	(void)state;
	on("/tmp");
}

static void without_devices(void **state)
{
	char place[] = "/tmp/plimsoll-mount-XXXXXX";

	(void)state;
	if (unshare(CLONE_NEWNS) < 0)
		skip();
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_non_null(mkdtemp(place));
	assert_int_equal(mount("none", place, "tmpfs", MS_NODEV | MS_NOSUID, NULL), 0);
	on(place);
	assert_int_equal(umount(place), 0);
	assert_int_equal(rmdir(place), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_devices),
		cmocka_unit_test(without_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
