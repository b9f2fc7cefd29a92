// SPDX-License-Identifier: Apache-2.0
/* The reader's child with image archives: this program is that child too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "archive_make.h"
#include "inventory/reader.h"

/* A package of two files, one of them no longer as its database says; and a program of nobody's. */
static struct bytes layer_debian(void)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n" },
		{ "var/lib/dpkg/status",
		  "Package: one\nStatus: install ok installed\nVersion: 1-2\nArchitecture: all\n" },
		{ "var/lib/dpkg/info/one.list", "/.\n/usr\n/usr/share\n/usr/share/one\n/usr/share/two\n" },
		{ "var/lib/dpkg/info/one.md5sums", "1cb251ec0d568de6a929b520c4aed8d1  "
						   "usr/share/one\n1cb251ec0d568de6a929b520c4aed8d1  usr/share/two\n" },
		{ "usr/share/one", "text" },
		{ "usr/share/two", "changed" },
	};
	struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);
	const struct member own = { "usr/local/bin/own", TAR_FILE, 0755, NULL, "\177ELF", 4 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		maker_file(layer, rows[i].name, rows[i].text, strlen(rows[i].text));
	maker_add(layer, &own);
	return maker_end(layer);
}

/* Closes `fd`. Where this machine lets nobody make namespaces, the test is skipped. */
static int run(int fd, const char *reference, struct inventory **ret_inventory, struct reader_failure *ret_failure)
{
	struct reader_request request = {
		.what = READER_ARCHIVE, .fd = fd, .verify = true, .reference = reference, .cancel = -EBADF
	};
	int out = memory_file(NULL), r = reader_run(&request, out, ret_inventory, ret_failure);

	(void)close(out);
	(void)close(fd);
	if (r == -EPERM)
		skip();
	return r;
}

static void packages(void **state)
{
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct inventory_package package;
	struct inventory_file file;
	struct reader_failure failure;
	char path[PATH_MAX];
	int r = run(saved_tar(layer_debian()), "n:1", &inventory, &failure);

	(void)state;
	assert_string_equal(failure.text, "");
	assert_int_equal(r, 0);
	assert_string_equal(inventory_system(inventory).name, "Debian 12");
	assert_int_equal(inventory_package_count(inventory), 1);
	package = inventory_package(inventory, 0);
	assert_string_equal(package.name, "one");
	assert_string_equal(package.version, "1-2");
	assert_int_equal(inventory_find(inventory, "/usr/share/one", &file), 0);
	assert_int_equal(file.verified, VERIFIED_SAME);
	assert_int_equal(inventory_find(inventory, "/usr/share/two", &file), 0);
	assert_int_equal(file.verified, VERIFIED_DIFFERS);
	assert_int_equal(inventory_unpackaged_count(inventory), 1);
	inventory_unpackaged(inventory, 0, path);
	assert_string_equal(path, "/usr/local/bin/own");
}

/* Where it lies: the child reaches nothing but what is in the directory. */
static void directory(void **state)
{
	_cleanup_inventory_ struct inventory *inventory = NULL;
	char path[LAYOUT_PATH];
	struct reader_failure failure;
	struct image_out out = { NULL, layout_directory(path) };
	int r;

	(void)state;
	out_layout(&out, "etc/os-release=ID=one|etc/os-release=ID=two", ARCHIVE_FILTER_ZSTD, "+zstd");
	r = run(out.directory, NULL, &inventory, &failure);
	layout_drop(path);
	assert_int_equal(r, 0);
	assert_string_equal(inventory_system(inventory).id, "two");
}

static void refused(void **state)
{
	_cleanup_bytes_ struct bytes text = text_of("no archive");
	const struct {
		int fd;
		const char *reference;
		int expected;
	} rows[] = {
		{ saved_tar(layer_of("a=1", 3, ARCHIVE_FILTER_NONE)), "other", -ENOENT },
		{ saved_tar(layer_of("../a=1", 6, ARCHIVE_FILTER_NONE)), NULL, -EBADMSG },
		{ memory_file(&text), NULL, -EMEDIUMTYPE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_inventory_ struct inventory *inventory = NULL;
		struct reader_failure failure;

		assert_int_equal(run(rows[i].fd, rows[i].reference, &inventory, &failure), rows[i].expected);
		assert_null(inventory);
		assert_non_null(strstr(failure.text, strerror(-rows[i].expected)));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packages),
		cmocka_unit_test(directory),
		cmocka_unit_test(refused),
	};

	if (argc > 1 && strcmp(argv[1], READER_COMMAND) == 0)
		return reader_main(argc - 1, argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
