// SPDX-License-Identifier: Apache-2.0
/* Copied-up files against the image's, in two plain directories that a mount table calls the layers of an
 * overlay. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/same.h"

#define BLOCK   32768 /* what is compared at a time */
#define SETTLED 60000000000ll
#define PATHS   (SAME_MAX + 1)

struct fixture {
	char top[64]; /* the working directory of every test */
	struct rootfs *rootfs;
	struct same *same;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct rootfs_source source = { 0 };
	char text[256];

	if (!fixture)
		return -1;
	(void)strcpy(fixture->top, "/tmp/plimsoll-same-XXXXXX");
	if (!mkdtemp(fixture->top) || chdir(fixture->top) < 0 || mkdir("upper", 0755) < 0 || mkdir("image", 0755) < 0)
		return -1;
	source.mountinfo = text;
	source.size = (size_t)snprintf(text, sizeof(text),
				       "60 50 0:40 / / rw - overlay overlay rw,lowerdir=%s/image,upperdir=%s/upper\n",
				       fixture->top, fixture->top);
	fixture->same = same_new();
	*state = fixture;
	return fixture->same ? rootfs_from_mountinfo(&source, &fixture->rootfs) : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", fixture->top);
	rootfs_free(fixture->rootfs);
	same_free(fixture->same);
	free(fixture);
	return chdir("/") < 0 || system(command) != 0 ? -1 : 0;
}

static void put(const char *path, const char *bytes, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static int64_t ctime_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_ctim.tv_sec * 1000000000ll + st.st_ctim.tv_nsec;
}

/* A minute after the last change, and at the very moment of it. */
static bool settled(struct fixture *fixture, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "upper%s", name);
	return same_as_image(fixture->same, fixture->rootfs, name, ctime_of(path) + SETTLED);
}

static bool at_once(struct fixture *fixture, const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "upper%s", name);
	return same_as_image(fixture->same, fixture->rootfs, name, ctime_of(path));
}

static void contents_tell(void **state)
{
	struct fixture *fixture = *state;
	static const struct timespec past[2] = { { 1, 2 }, { 3, 4 } };
	struct timespec kept[2];
	struct stat st;

	put_text("image/tool", "#!/bin/sh\nexit 0\n");
	put_text("upper/tool", "#!/bin/sh\nexit 0\n");
	assert_int_equal(utimensat(AT_FDCWD, "upper/tool", past, 0) | chmod("upper/tool", 04755), 0);
	assert_true(settled(fixture, "/tool"));

	/* other bytes, and everything that stat shows of them as the image has it */
	put_text("image/evil", "#!/bin/sh\nexit 0\n");
	put_text("upper/evil", "#!/bin/sh\nexit 1\n");
	assert_int_equal(stat("image/evil", &st), 0);
	kept[0] = st.st_atim;
	kept[1] = st.st_mtim;
	assert_int_equal(utimensat(AT_FDCWD, "upper/evil", kept, 0), 0);
	assert_false(settled(fixture, "/evil"));

	put_text("image/longer", "a");
	put_text("upper/longer", "ab");
	assert_false(settled(fixture, "/longer"));
	put_text("image/shorter", "ab");
	put_text("upper/shorter", "a");
	assert_false(settled(fixture, "/shorter"));
	put_text("image/empty", "");
	put_text("upper/empty", "");
	assert_true(settled(fixture, "/empty"));
}

/* The last byte counts, on either side of a block's end. */
static void to_the_last_byte(void **state)
{
	static const size_t sizes[] = { 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 7 };
	struct fixture *fixture = *state;
	char *bytes = calloc(1, 4 * BLOCK);

	assert_non_null(bytes);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		put("image/file", bytes, sizes[i]);
		put("upper/file", bytes, sizes[i]);
		assert_true(rootfs_same_as_image(fixture->rootfs, "/file", sizes[i]));
		assert_false(rootfs_same_as_image(fixture->rootfs, "/file", sizes[i] - 1));
		bytes[sizes[i] - 1] = 1;
		put("upper/file", bytes, sizes[i]);
		bytes[sizes[i] - 1] = 0;
		assert_false(rootfs_same_as_image(fixture->rootfs, "/file", sizes[i]));
	}
	free(bytes);
}

static void larger_than_the_bound(void **state)
{
	struct fixture *fixture = *state;

	put_text("image/large", "");
	put_text("upper/large", "");
	assert_int_equal(truncate("image/large", SAME_BYTES_MAX) | truncate("upper/large", SAME_BYTES_MAX), 0);
	assert_true(settled(fixture, "/large"));
	assert_int_equal(truncate("image/large", SAME_BYTES_MAX + 1) | truncate("upper/large", SAME_BYTES_MAX + 1), 0);
	assert_false(same_as_image(fixture->same, fixture->rootfs, "/large", INT64_MAX));
}

/* The image does not change; here it is made to, so that an answer that was kept can be told from a new one.
 */
static void an_answer_is_kept(void **state)
{
	struct fixture *fixture = *state;

	put_text("image/kept", "same");
	put_text("upper/kept", "same");
	assert_true(settled(fixture, "/kept"));
	put_text("image/kept", "else");
	assert_true(settled(fixture, "/kept"));
	assert_false(rootfs_same_as_image(fixture->rootfs, "/kept", SAME_BYTES_MAX));

	/* of the same inode by another name it is another question */
	put_text("image/linked", "else");
	put_text("image/name", "same");
	put_text("upper/linked", "same");
	assert_int_equal(link("upper/linked", "upper/name"), 0);
	assert_false(settled(fixture, "/linked"));
	assert_true(settled(fixture, "/name"));
	assert_false(settled(fixture, "/linked"));
}

static void not_within_a_tick(void **state)
{
	struct fixture *fixture = *state;

	put_text("image/fresh", "same");
	put_text("upper/fresh", "same");
	assert_true(at_once(fixture, "/fresh"));
	put_text("image/fresh", "else");
	assert_false(at_once(fixture, "/fresh"));
	put_text("image/fresh", "same");
	assert_true(settled(fixture, "/fresh"));
}

static void wait_for_another_ctime(const char *path, const char *text)
{
	int64_t before = ctime_of(path);

	do
		put_text(path, text);
	while (ctime_of(path) == before);
}

static void a_change_asks_anew(void **state)
{
	struct fixture *fixture = *state;
	struct timespec kept[2];
	struct stat st;

	put_text("image/file", "same");
	put_text("upper/file", "same");
	assert_int_equal(stat("upper/file", &st), 0);
	kept[0] = st.st_atim;
	kept[1] = st.st_mtim;
	assert_true(settled(fixture, "/file"));
	wait_for_another_ctime("upper/file", "evil");
	assert_int_equal(utimensat(AT_FDCWD, "upper/file", kept, 0), 0); /* the change time is not the container's */
	assert_false(settled(fixture, "/file"));
	wait_for_another_ctime("upper/file", "same");
	assert_true(settled(fixture, "/file"));
	assert_int_equal(unlink("upper/file"), 0);
	assert_false(same_as_image(fixture->same, fixture->rootfs, "/file", INT64_MAX));
}

static void the_oldest_answer_goes(void **state)
{
	struct fixture *fixture = *state;
	char path[32];

	for (unsigned i = 0; i < PATHS; i++) {
		(void)snprintf(path, sizeof(path), "image/%u", i);
		put_text(path, "same");
		(void)snprintf(path, sizeof(path), "upper/%u", i);
		put_text(path, "same");
		assert_true(settled(fixture, path + strlen("upper")));
	}
	put_text("image/0", "else");
	put_text("image/1", "else");
	assert_true(settled(fixture, "/1"));
	assert_false(settled(fixture, "/0"));
}

static void only_regular_files(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { "/new", "/link", "/image-link", "/fifo", "/image-fifo", "/directory" };

	put_text("upper/new", "x");
	put_text("image/link", "x");
	put_text("upper/target", "x");
	put_text("image/target", "x");
	put_text("upper/image-link", "x");
	put_text("image/fifo", "");
	put_text("upper/image-fifo", "");
	assert_int_equal(symlink("target", "upper/link") | symlink("target", "image/image-link"), 0);
	assert_int_equal(mkfifo("upper/fifo", 0666) | mkfifo("image/image-fifo", 0666), 0);
	assert_int_equal(mkdir("upper/directory", 0755) | mkdir("image/directory", 0755), 0);
	(void)alarm(10); /* a FIFO that is opened waits for ever */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_false(settled(fixture, names[i]));
	(void)alarm(0);

	assert_false(same_as_image(fixture->same, fixture->rootfs, "/nowhere", INT64_MAX));
	assert_false(same_as_image(fixture->same, fixture->rootfs, "/directory/../target", INT64_MAX));
	assert_false(same_as_image(fixture->same, fixture->rootfs, "target", INT64_MAX));
	put_text("image/only", "x");
	assert_false(same_as_image(fixture->same, fixture->rootfs, "/only", INT64_MAX));
	assert_true(settled(fixture, "/target"));
	same_free(NULL);
}

static void whiteouts(void **state)
{
	struct fixture *fixture = *state;

	put_text("image/gone", "");
	put_text("upper/gone", "");
	assert_true(at_once(fixture, "/gone"));
	assert_int_equal(unlink("upper/gone"), 0);
	if (mknod("upper/gone", S_IFCHR, makedev(0, 0)) < 0) {
		print_message("# no device node may be made here\n");
		skip();
	}
	assert_false(settled(fixture, "/gone"));
	assert_int_equal(mknod("image/never", S_IFCHR, makedev(0, 0)), 0);
	put_text("upper/never", "");
	assert_false(settled(fixture, "/never"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(contents_tell),          TEST(to_the_last_byte),   TEST(larger_than_the_bound),
		TEST(an_answer_is_kept),      TEST(not_within_a_tick),  TEST(a_change_asks_anew),
		TEST(the_oldest_answer_goes), TEST(only_regular_files), TEST(whiteouts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
