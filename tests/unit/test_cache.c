// SPDX-License-Identifier: Apache-2.0
/* Each image is a directory of the test's; whether it was read again is seen by what was changed in it meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <time.h>

#include "inventory/blob.h"
#include "inventory/cache.h"
#include "inventory_root.h"

#define KEY  "sha256:0123456789abcdef"
#define KEPT "state/inventory/" KEY ".1"

_Static_assert(BLOB_VERSION == 1, "KEPT has it");

static struct reader_request of_image(const char *const *path)
{
	return (struct reader_request){
		.what = READER_DIRECTORY, .directories = path, .count = 1, .fd = -EBADF, .cancel = -EBADF
	};
}

struct image {
	char state[128], path[128];
};

static struct image image_make(struct root *root)
{
	struct image image;

	(void)snprintf(image.state, sizeof(image.state), "%.64s/state", root->path);
	(void)snprintf(image.path, sizeof(image.path), "%.64s/image", root->path);
	root_directory(root, "state");
	root_directory(root, "image");
	return image;
}

/* So many executables are in it from now on. */
static void image_fill(struct root *root, size_t count)
{
	char name[32];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "image/tool%zu", i);
		root_file(root, name, "x");
		assert_int_equal(fchmodat(root->fd, name, 0755, 0), 0);
	}
}

/* How many it has; or the negative errno. */
static int count_get(const struct image *image, const char *dir, const char *key)
{
	const char *path = image->path;
	const struct reader_request request = of_image(&path);
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct reader_failure failure;
	int r = cache_get(dir, key, &request, &inventory, &failure);

	if (r < 0) {
		assert_true(failure.text[0]);
		return r;
	}
	assert_string_equal(failure.text, "");
	return (int)inventory_unpackaged_count(inventory);
}

static size_t names_in(struct root *root, const char *path)
{
	int fd = openat(root->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	return count;
}

static void kept(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);
	struct stat stat;

	image_fill(root, 1);
	assert_int_equal(count_get(&image, image.state, KEY), 1);
	assert_int_equal(fstatat(root->fd, "state/inventory", &stat, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(stat.st_mode, S_IFDIR | 0700);
	assert_int_equal(fstatat(root->fd, KEPT, &stat, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(stat.st_mode, S_IFREG | 0600);

	image_fill(root, 2);
	assert_int_equal(count_get(&image, image.state, KEY), 1);
	assert_int_equal(count_get(&image, image.state, "sha256:another"), 2);
	assert_int_equal(count_get(&image, NULL, KEY), 2);
	assert_int_equal(count_get(&image, image.state, KEY), 1);
	assert_int_equal(names_in(root, "state/inventory"), 2);
}

static void verified_now(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);
	const char *path = image.path;
	struct reader_request request = of_image(&path);
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct reader_failure failure;

	assert_int_equal(count_get(&image, image.state, KEY), 0);
	image_fill(root, 3);
	request.verify = true;
	assert_int_equal(cache_get(image.state, KEY, &request, &inventory, &failure), 0);
	assert_int_equal(inventory_unpackaged_count(inventory), 3);
	assert_int_equal(count_get(&image, image.state, KEY), 0);
}

static void other_keys(void **state)
{
	static char long_key[300];
	const char *keys[] = { NULL, "", ".", "..", ".hidden", "a/b", "../a", "a b", "a\n", "\xff", long_key };
	struct root *root = *state;
	struct image image = image_make(root);

	memset(long_key, 'a', sizeof(long_key) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(count_get(&image, image.state, keys[i]), 0);
	assert_int_equal(names_in(root, "state"), 0);
	assert_int_equal(count_get(&image, image.state, "sha256:a.b-c_D9"), 0);
	assert_int_equal(names_in(root, "state/inventory"), 1);
}

static void damage_cut(struct root *root)
{
	_cleanup_close_ int fd = openat(root->fd, KEPT, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, 50), 0);
}

static void damage_garbage(struct root *root)
{
	root_file(root, KEPT, "not an inventory, whatever its name says");
}

static void damage_empty(struct root *root)
{
	root_file(root, KEPT, "");
}

static void damage_version(struct root *root)
{
	_cleanup_close_ int fd = openat(root->fd, KEPT, O_WRONLY | O_CLOEXEC);
	const uint32_t version = BLOB_VERSION + 1;

	assert_int_equal(pwrite(fd, &version, sizeof(version), offsetof(struct blob_head, version)), sizeof(version));
}

/* What it leads to is a good one, but not put there by the cache. */
static void damage_link(struct root *root)
{
	assert_int_equal(renameat(root->fd, KEPT, root->fd, "elsewhere"), 0);
	root_link(root, KEPT, "../../elsewhere");
}

static void damage_fifo(struct root *root)
{
	root_remove(root, KEPT);
	root_fifo(root, KEPT);
}

static void damaged(void **state)
{
	static void (*const damages[])(struct root * root) = { damage_cut,     damage_garbage, damage_empty,
							       damage_version, damage_link,    damage_fifo };
	struct root *root = *state;
	struct image image = image_make(root);
	struct stat stat;

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		const size_t before = 2 * i;

		image_fill(root, before);
		if (i > 0)
			root_remove(root, KEPT);
		assert_int_equal(count_get(&image, image.state, KEY), before);
		image_fill(root, before + 1);
		damages[i](root);
		assert_int_equal(count_get(&image, image.state, KEY), before + 1); /* read again */
		assert_int_equal(fstatat(root->fd, KEPT, &stat, AT_SYMLINK_NOFOLLOW), 0);
		assert_true(S_ISREG(stat.st_mode));
		image_fill(root, before + 2);
		assert_int_equal(count_get(&image, image.state, KEY), before + 1); /* and kept again */
	}
}

static void folder_missing(struct root *root)
{
	(void)root;
}

static void folder_linked(struct root *root)
{
	root_directory(root, "elsewhere");
	root_link(root, "state/inventory", "../elsewhere");
}

static void folder_open_to_all(struct root *root)
{
	root_directory(root, "state/inventory");
	assert_int_equal(fchmodat(root->fd, "state/inventory", 0777, 0), 0);
}

static void folder_file(struct root *root)
{
	root_file(root, "state/inventory", "");
}

/* The answer is given, and kept nowhere. */
static void no_folder(void **state)
{
	static void (*const makes[])(struct root * root) = { folder_linked, folder_open_to_all, folder_file,
							     folder_missing };
	struct root *root = *state;
	struct image image = image_make(root);

	for (size_t i = 0; i < ARRAY_SIZE(makes); i++) {
		const char *dir = makes[i] == folder_missing ? "/plimsoll-is-not-there" : image.state;
		char command[200];

		makes[i](root);
		image_fill(root, i + 1);
		assert_int_equal(count_get(&image, dir, KEY), i + 1);
		assert_int_equal(names_in(root, "state/inventory") + names_in(root, "elsewhere"), 0);
		(void)snprintf(command, sizeof(command), "rm -rf %s/inventory", image.state);
		assert_int_equal(system(command), 0);
	}
}

static void nothing_to_read(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);

	(void)snprintf(image.path, sizeof(image.path), "/plimsoll-is-not-there");
	assert_int_equal(count_get(&image, image.state, KEY), -ENOENT);
	assert_int_equal(names_in(root, "state/inventory"), 0);
}

/* ---- bounds ---- */

/* A file of the cache, used last so long ago. */
static void old_make(struct root *root, const char *name, off_t size, time_t seconds)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - seconds } };
	char path[64];

	(void)snprintf(path, sizeof(path), "state/inventory/%s", name);
	root_file(root, path, "");
	{
		_cleanup_close_ int fd = openat(root->fd, path, O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, size), 0);
		assert_int_equal(futimens(fd, times), 0);
	}
}

static bool is_there(struct root *root, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "state/inventory/%s", name);
	return faccessat(root->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void bound_files(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);
	char name[32];

	assert_int_equal(count_get(&image, image.state, KEY), 0);
	for (int i = 1; i <= CACHE_FILES; i++) {
		(void)snprintf(name, sizeof(name), "old%d.1", i);
		old_make(root, name, 10, 1000 + i);
	}
	old_make(root, KEY ".1", 0, 1000000); /* the oldest of all */
	assert_int_equal(count_get(&image, image.state, KEY), 0);
	assert_int_equal(names_in(root, "state/inventory"), CACHE_FILES);
	assert_true(is_there(root, KEY ".1"));
	assert_true(is_there(root, "old1.1"));
	assert_false(is_there(root, "old256.1"));

	(void)snprintf(name, sizeof(name), "old%d.1", CACHE_FILES - 1); /* the oldest now, but it is used */
	assert_int_equal(count_get(&image, image.state, "second"), 0);
	assert_false(is_there(root, name));
	old_make(root, "gone.1", 10, 900000);
	assert_int_equal(count_get(&image, image.state, "second"), 0);
	assert_int_equal(count_get(&image, image.state, "third"), 0);
	assert_false(is_there(root, "gone.1"));
	assert_true(is_there(root, "second.1"));
	assert_int_equal(names_in(root, "state/inventory"), CACHE_FILES);
}

static void use_counts(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000 } };
	struct stat stat;

	assert_int_equal(count_get(&image, image.state, KEY), 0);
	assert_int_equal(utimensat(root->fd, KEPT, times, 0), 0);
	assert_int_equal(count_get(&image, image.state, KEY), 0);
	assert_int_equal(fstatat(root->fd, KEPT, &stat, 0), 0);
	assert_true(stat.st_mtim.tv_sec > 1000);
}

static void bound_bytes(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);

	assert_int_equal(count_get(&image, image.state, KEY), 0);
	old_make(root, "new.1", CACHE_BYTES / 2, 10);
	old_make(root, "middle.1", CACHE_BYTES / 2, 20);
	old_make(root, "old.1", 1, 30);
	assert_int_equal(count_get(&image, image.state, "another"), 0);
	assert_true(is_there(root, "another.1"));
	assert_true(is_there(root, KEY ".1"));
	assert_true(is_there(root, "new.1"));
	assert_false(is_there(root, "middle.1"));
	assert_false(is_there(root, "old.1"));
}

/* ---- several at once ---- */

#define PROCESSES 4
#define TIMES     6

/* One of them also does harm. */
static int beside(struct root *root, const struct image *image, bool harms)
{
	const char *path = image->path;
	const struct reader_request request = of_image(&path);

	for (int i = 0; i < TIMES; i++) {
		_cleanup_inventory_ struct inventory *inventory = NULL;
		struct reader_failure failure;

		if (cache_get(image->state, KEY, &request, &inventory, &failure) < 0)
			return 1;
		if (inventory_unpackaged_count(inventory) != 2)
			return 2;
		if (harms)
			(void)unlinkat(root->fd, KEPT, 0);
	}
	return 0;
}

static void processes(void **state)
{
	struct root *root = *state;
	struct image image = image_make(root);
	pid_t children[PROCESSES];
	int status;

	image_fill(root, 2);
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(beside(root, &image, i == 0));
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_true(names_in(root, "state/inventory") <= 1);
	assert_int_equal(count_get(&image, image.state, KEY), 2);
}

static bool is_allowed(void)
{
	const char *path = "/proc/self/fdinfo";
	const struct reader_request request = of_image(&path);
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct reader_failure failure;

	if (cache_get(NULL, NULL, &request, &inventory, &failure) != -EPERM)
		return true;
	print_message("the reader %s\n", failure.text);
	return false;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, root_setup, root_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(kept),        TEST(verified_now),    TEST(other_keys),  TEST(damaged),
		TEST(no_folder),   TEST(nothing_to_read), TEST(bound_files), TEST(use_counts),
		TEST(bound_bytes), TEST(processes),
	};

	if (argc > 1 && strcmp(argv[1], READER_COMMAND) == 0)
		return reader_main(argc - 1, argv + 1);
	(void)umask(022);
	if (!is_allowed())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
