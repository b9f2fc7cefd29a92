// SPDX-License-Identifier: Apache-2.0
/* A host's /proc and cgroups, made of plain files and directories below a temporary one. */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "container/discover.h"

#define MEBIBYTE (1u << 20)

static int set_up(void **state)
{
	static char top[64]; /* the working directory of every test */

	(void)strcpy(top, "/tmp/plimsoll-discover-XXXXXX");
	*state = top;
	return mkdtemp(top) && chdir(top) == 0 && mkdir("proc", 0755) == 0 && mkdir("proc/7", 0755) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", (const char *)*state);
	return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void put(const char *path, const char *bytes, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
}

/* ---- a process's own tables ---- */

static void cgroup_of(void **state)
{
	static const struct {
		const char *text, *expected; /* NULL: -ENOENT */
	} rows[] = {
		{ "0::/docker/0123\n", "/docker/0123" }, /* v2 alone */
		{ "0::/\n", "/" },
		{ "0::/a:b/c d\n", "/a:b/c d" },
		{ "0::/no/end", "/no/end" },
		{ "12:pids:/v1\n1:name=systemd:/v1\n0::/hybrid\n", "/hybrid" },
		{ "0::/first\n1:name=systemd:/v1\n", "/first" },
		{ "12:pids:/v1\n10::/ten\n0::/zero\n", "/zero" },
		{ "1:name=0::/v1:/name\n0::/real\n", "/real" },
		{ "12:pids:/docker/0123\n1:name=systemd:/docker/0123\n", NULL }, /* v1 alone */
		{ "", NULL },
		{ "0::", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *path = NULL;
		int r;

		put("proc/7/cgroup", rows[i].text, strlen(rows[i].text));
		r = discover_cgroup_in(*state, 7, 0, &path);
		assert_int_equal(r, rows[i].expected ? 0 : -ENOENT);
		if (rows[i].expected)
			assert_string_equal(path, rows[i].expected);
		else
			assert_null(path);
	}
}

static void no_such_process(void **state)
{
	char *path = NULL, deep[PATH_MAX + 1] = "";
	size_t size = 1;

	assert_int_equal(discover_cgroup_in(*state, 8, 0, &path), -ENOENT);
	assert_int_equal(discover_proc(*state, 7, "mountinfo", MEBIBYTE, &path, &size), -ENOENT);
	assert_int_equal(mkdir("proc/7/fd", 0755), 0);
	assert_int_equal(discover_proc(*state, 7, "fd", MEBIBYTE, &path, &size), -EISDIR);
	memset(deep, '/', sizeof(deep) - 1);
	assert_int_equal(discover_proc(deep, 7, "mountinfo", MEBIBYTE, &path, &size), -ENAMETOOLONG);
	assert_null(path);
	assert_int_equal(size, 1);
}

/* The text whole, and a NUL behind it that does not count; also where it has NULs of its own. */
static void text_is_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 12288, 12289, 16384, 16385, 100000, MEBIBYTE };
	char *bytes = malloc(MEBIBYTE);

	assert_non_null(bytes);
	for (size_t i = 0; i < MEBIBYTE; i++)
		bytes[i] = (char)(i * 7 + (i >> 10));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_free_ char *text = NULL;
		size_t size = 0;

		put("proc/7/environ", bytes, sizes[i]);
		assert_int_equal(discover_proc(*state, 7, "environ", MEBIBYTE, &text, &size), 0);
		assert_int_equal(size, sizes[i]);
		if (size)
			assert_memory_equal(text, bytes, size);
		assert_int_equal(text[size], 0);
	}
	free(bytes);
}

/* A container may mount as often as it likes. */
static void text_has_a_bound(void **state)
{
	size_t room = 5 * MEBIBYTE, length = 0, size = 1;
	char *bytes = malloc(room), *text = NULL;

	assert_non_null(bytes);
	while (length + 128 < room)
		length += (size_t)sprintf(bytes + length, "%zu 50 0:41 / /mnt/%zu rw - tmpfs t rw\n", length, length);
	put("proc/7/mountinfo", bytes, length);
	free(bytes);
	assert_int_equal(discover_proc(*state, 7, "mountinfo", MEBIBYTE, &text, &size), -EFBIG);
	assert_null(text);
	assert_int_equal(size, 1);
	assert_int_equal(discover_proc(*state, 7, "mountinfo", 8 * MEBIBYTE, &text, &size), 0);
	assert_int_equal(size, length);
	free(text);
}

/* ---- cgroups ---- */

#define SEEN_MAX 64

struct seen {
	struct {
		uint64_t id, parent;
		char path[256];
	} cgroups[SEEN_MAX];
	size_t count;
};

static void see(uint64_t id, uint64_t parent, const char *path, void *data)
{
	struct seen *seen = data;

	assert_true(seen->count < SEEN_MAX && strlen(path) < sizeof(seen->cgroups[0].path));
	seen->cgroups[seen->count].id = id;
	seen->cgroups[seen->count].parent = parent;
	(void)strcpy(seen->cgroups[seen->count++].path, path);
}

/* SIZE_MAX where it was not seen. */
static size_t seen_at(const struct seen *seen, const char *path)
{
	for (size_t i = 0; i < seen->count; i++)
		if (!strcmp(seen->cgroups[i].path, path))
			return i;
	return SIZE_MAX;
}

static uint64_t inode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void every_cgroup(void **state)
{
	static const char *const directories[] = { "/docker", "/docker/a", "/docker/a/init", "/docker/b", "/x.slice" };
	struct seen seen = { 0 };
	char path[PATH_MAX];

	assert_int_equal(mkdir("cgroup", 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		(void)snprintf(path, sizeof(path), "cgroup%s", directories[i]);
		assert_int_equal(mkdir(path, 0755), 0);
		(void)strcat(path, "/cgroup.procs");
		put(path, "7\n", 2);
	}
	assert_int_equal(symlink("docker", "cgroup/link") | symlink("..", "cgroup/docker/up"), 0);
	(void)snprintf(path, sizeof(path), "%s/cgroup", (const char *)*state);
	assert_int_equal(discover_cgroups(path, see, &seen), 0);
	assert_int_equal(seen.count, ARRAY_SIZE(directories)); /* links are none */
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		size_t at = seen_at(&seen, directories[i]);

		assert_true(at < seen.count);
		(void)snprintf(path, sizeof(path), "cgroup%s", directories[i]);
		assert_int_equal(seen.cgroups[at].id, inode_of(path));
		*strrchr(path, '/') = '\0';
		assert_int_equal(seen.cgroups[at].parent, inode_of(path));
		if (strchr(path, '/')) /* parents first */
			assert_true(seen_at(&seen, path + strlen("cgroup")) < at);
	}
	assert_int_equal(discover_cgroups("nowhere", see, &seen), -ENOENT);
	assert_int_equal(discover_cgroups("cgroup/x.slice/cgroup.procs", see, &seen), -ENOTDIR);
}

/* Whoever may make cgroups can nest them; the walk ends, and goes on beside. */
static void depth_has_a_bound(void **state)
{
	_cleanup_close_ int before = -EBADF, after = -EBADF;
	struct seen seen = { 0 };
	char path[PATH_MAX] = "deep";
	size_t deepest = 0;

	(void)state;
	assert_int_equal(mkdir(path, 0755) | mkdir("deep/other", 0755), 0);
	for (size_t i = 0; i < DISCOVER_DEPTH + 10; i++)
		assert_int_equal(mkdir(strcat(path, "/d"), 0755), 0);
	before = dup(0);
	assert_int_equal(discover_cgroups("deep", see, &seen), 0);
	after = dup(0);
	assert_int_equal(after, before + 1); /* no descriptor stays open */
	assert_true(seen_at(&seen, "/other") < seen.count);
	for (size_t i = 0; i < seen.count; i++)
		if (strlen(seen.cgroups[i].path) / 2 > deepest && seen.cgroups[i].path[1] == 'd')
			deepest = strlen(seen.cgroups[i].path) / 2;
	assert_in_range(deepest, DISCOVER_DEPTH, DISCOVER_DEPTH + 1);
}

/* Directories of that name are not yet the hierarchy: the file system tells. */
static void root_is_told_by_its_file_system(void **state)
{
	char path[PATH_MAX] = "untouched", deep[PATH_MAX + 1] = "";

	assert_int_equal(mkdir("sys", 0755) | mkdir("sys/fs", 0755) | mkdir("sys/fs/cgroup", 0755), 0);
	assert_int_equal(mkdir("sys/fs/cgroup/unified", 0755), 0);
	assert_int_equal(discover_cgroup_root(*state, path, sizeof(path)), -ENOENT);
	assert_int_equal(discover_cgroup_root(*state, path, 16), -ENAMETOOLONG);
	memset(deep, '/', sizeof(deep) - 1);
	assert_int_equal(discover_cgroup_root(deep, path, sizeof(path)), -ENAMETOOLONG);
	assert_string_equal(path, "untouched");
}

/* ---- which hierarchy counts ---- */

static void path_in(void **state)
{
	static const char text[] = "12:pids:/docker/0123\n11:cpu,cpuacct:/a:b\n1:name=a:b:/named\n0::/v2\n"
				   "rubbish\n\n13\n14:\n15:pids\n16:pids:relative\n17:/x\n-1:pids:/y";
	static const struct {
		uint32_t hierarchy;
		const char *expected;
	} rows[] = {
		{ 0, "/v2" }, { 12, "/docker/0123" }, { 11, "/a:b" },       { 1, "/named" },
		{ 2, NULL },  { 13, NULL },           { 14, NULL },         { 15, NULL },
		{ 16, NULL }, { 17, NULL },           { UINT32_MAX, NULL },
	};

	put("proc/7/cgroup", text, strlen(text));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *path = NULL;

		assert_int_equal(discover_cgroup_in(*state, 7, rows[i].hierarchy, &path),
				 rows[i].expected ? 0 : -ENOENT);
		if (rows[i].expected)
			assert_string_equal(path, rows[i].expected);
		else
			assert_null(path);
	}
}

/* A host of v1 alone: what process 1 is in, what it has mounted, and what is seen of that here. */
static void hierarchy_of_v1(void **state)
{
#define MOUNT(place, options) "36 31 0:33 / " place " rw,relatime shared:9 - cgroup cgroup rw," options "\n"
#define DIR                   "/sys/fs/cgroup/"
	static const char cgroup[] = "8:freezer:/\n7:name=systemd:/init.scope\n6:cpu,cpuacct:/\n5:devices:/\n"
				     "4:memory:/\n3:pids:/\n2:name=other:/\n";
	static const struct {
		const char *mountinfo, *seen, *place; /* seen: directories; place NULL: -ENOENT */
		uint32_t id;
		const char *controller;
	} rows[] = {
		{ MOUNT(DIR "pids", "pids") MOUNT(DIR "memory", "memory"), "pids memory", "pids", 3, "pids" },
		{ MOUNT(DIR "memory", "memory") MOUNT(DIR "pids", "pids"), "pids memory", "pids", 3, "pids" },
		{ MOUNT(DIR "pids", "pids") MOUNT(DIR "memory", "memory"), "memory", "memory", 4, "memory" },
		{ MOUNT(DIR "freezer", "freezer") MOUNT(DIR "devices", "devices"), "freezer devices", "devices", 5,
		  "devices" },
		{ MOUNT(DIR "cpu,cpuacct", "cpu,cpuacct"), "cpu,cpuacct", "cpu,cpuacct", 6, "cpu" },
		{ MOUNT(DIR "systemd", "xattr,name=systemd"), "systemd", "systemd", 7, "name=systemd" },
		{ MOUNT(DIR "freezer", "freezer"), "freezer", "freezer", 8, "freezer" },
		{ MOUNT(DIR "other", "name=other"), "other", "other", 2, "name=other" },
		/* mounted twice: the one that is seen */
		{ MOUNT(DIR "a", "pids") MOUNT(DIR "b", "pids"), "b", "b", 3, "pids" },
		/* nowhere, elsewhere, a name that had to be escaped, of another type, one that is like it */
		{ "", "pids", NULL, 0, NULL },
		{ MOUNT("/mnt/pids", "pids"), "pids", NULL, 0, NULL },
		{ MOUNT(DIR "pi\\040ds", "pids"), "pi\\040ds", NULL, 0, NULL },
		{ "36 31 0:33 / " DIR "pids rw - tmpfs cgroup rw,pids\n", "pids", NULL, 0, NULL },
		{ MOUNT(DIR "pids", "pids2,xpids"), "pids", NULL, 0, NULL },
		/* rubbish before what is sound; lines cut short */
		{ "\n36\n36 31 0:33 /\n - cgroup \n" MOUNT(DIR "pids", "pids"), "pids", "pids", 3, "pids" },
		{ "36 31 0:33 / " DIR "pids rw - cgroup cgroup", "pids", NULL, 0, NULL },
		{ "36 31 0:33 / " DIR "pids rw - cgroup ", "pids", NULL, 0, NULL },
	};
	char command[512], path[PATH_MAX];

	assert_int_equal(mkdir("proc/1", 0755), 0);
	put("proc/1/cgroup", cgroup, strlen(cgroup));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct discovered_hierarchy found = { .id = 99 };
		int r;

		put("proc/1/mountinfo", rows[i].mountinfo, strlen(rows[i].mountinfo));
		(void)snprintf(command, sizeof(command),
			       "rm -rf sys && mkdir -p sys/fs/cgroup && cd sys/fs/cgroup && for d in %s; do "
			       "mkdir \"$d\" && : >\"$d/cgroup.procs\"; done",
			       rows[i].seen);
		assert_int_equal(system(command), 0);
		r = discover_hierarchy(*state, &found);
		if (r != (rows[i].place ? 0 : -ENOENT))
			fail_msg("row %zu: %d", i, r);
		assert_int_equal(found.id, rows[i].place ? rows[i].id : 99);
		if (!rows[i].place)
			continue;
		(void)snprintf(path, sizeof(path), "%s" DIR "%s", (const char *)*state, rows[i].place);
		assert_string_equal(found.path, path);
		assert_string_equal(found.controller, rows[i].controller);
	}
}

static void hierarchy_cannot_be_told(void **state)
{
	struct discovered_hierarchy found = { .id = 99 };
	char deep[PATH_MAX + 1] = "";

	assert_int_equal(discover_hierarchy(*state, &found), -ENOENT); /* no process 1 */
	assert_int_equal(mkdir("proc/1", 0755), 0);
	put("proc/1/cgroup", "3:pids:/\n", 9);
	assert_int_equal(discover_hierarchy(*state, &found), -ENOENT);
	assert_int_equal(mkdir("proc/1/mountinfo", 0755), 0);
	assert_int_equal(discover_hierarchy(*state, &found), -EISDIR);
	memset(deep, '/', sizeof(deep) - 1);
	assert_int_equal(discover_hierarchy(deep, &found), -ENAMETOOLONG);
	assert_int_equal(found.id, 99);
}

/* This machine's own: v2 wherever it is mounted; what is found holds this process. */
static void hierarchy_of_this_machine(void **state)
{
	struct discovered_hierarchy found;
	_cleanup_free_ char *path = NULL;
	char root[PATH_MAX];
	int v2 = discover_cgroup_root("", root, sizeof(root));

	(void)state;
	if (discover_hierarchy("", &found) < 0)
		skip(); /* a container without any */
	assert_int_equal(found.id == 0, v2 == 0);
	if (v2 == 0)
		assert_string_equal(found.path, root);
	assert_int_equal(found.controller[0] == '\0', v2 == 0);
	assert_int_equal(discover_cgroup_in("", (uint32_t)getpid(), found.id, &path), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cgroup_of),
		TEST(no_such_process),
		TEST(text_is_whole),
		TEST(text_has_a_bound),
		TEST(every_cgroup),
		TEST(depth_has_a_bound),
		TEST(root_is_told_by_its_file_system),
		TEST(path_in),
		TEST(hierarchy_of_v1),
		TEST(hierarchy_cannot_be_told),
		TEST(hierarchy_of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
