// SPDX-License-Identifier: Apache-2.0
/* Roots with programs made by Go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "elf_write.h"
#include "inventory/buildinfo.h"
#include "inventory_root.h"

#define PACKAGE(name, version, purl, path)                                                                             \
	"package " name " " version " - origin=- license=- purl=pkg:golang/" purl " location=" path " files=0\n"

static void expect(struct root *root, const char *expected)
{
	_cleanup_found_ struct found found = { 0 };

	root_read(root, &source_golang, NULL, &found);
	assert_string_equal(found.text, expected);
}

static void program_put(struct root *root, const char *path, const char *version, const char *modules, mode_t mode)
{
	const struct go_recipe recipe = { .wide = true, .version = version, .modules = modules };
	static struct elf_image image;

	go_image(&recipe, &image);
	root_bytes(root, path, image.bytes, image.size);
	assert_int_equal(fchmodat(root->fd, path, mode, 0), 0);
}

static void a_program_has_modules(void **state)
{
	program_put(*state, "usr/bin/app", "go1.19.8",
		    "path\texample.com/app/cmd\nmod\texample.com/app\t(devel)\t\n"
		    "dep\tgithub.com/A/b/v2\tv2.3.0\th1:x=\ndep\tlone\tv1.0.0+incompatible\th1:y=\n",
		    0755);
	expect(*state,
	       PACKAGE("example.com/app", "(devel)", "example.com/app", "/usr/bin/app")
		       PACKAGE("github.com/A/b/v2", "v2.3.0", "github.com/a/b/v2@v2.3.0", "/usr/bin/app")
			       PACKAGE("lone", "v1.0.0+incompatible", "lone@v1.0.0%2Bincompatible", "/usr/bin/app")
				       PACKAGE("stdlib", "1.19.8", "stdlib@1.19.8", "/usr/bin/app"));
}

static const struct {
	const char *version, *number;
} versions[] = {
	{ "go1.19.8", "1.19.8" },
	{ "go1.20rc1", "1.20rc1" },
	{ "go1.21.1 X:boringcrypto", "1.21.1" },
	{ "devel go1.20-2d1d548 Tue Sep 6 03:52:31 2022 +0000", "1.20-2d1d548" },
	{ "go1.25-20250209-RC00 cl/724919450 +4aa8bd6 X:fieldtrack,boringcrypto", "1.25-20250209-RC00" },
};

static void the_compiler_s_version_is_the_library_s(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		char expected[256];

		program_put(*state, "bin/app", versions[i].version, "path\tx\n", 0755);
		(void)snprintf(expected, sizeof(expected), PACKAGE("stdlib", "%s", "stdlib@%s", "/bin/app"),
			       versions[i].number, versions[i].number);
		expect(*state, expected);
	}
}

static void each_program_has_its_own(void **state)
{
	program_put(*state, "a", "go1.18", "mod\tm\tv1\t\n", 0755);
	program_put(*state, "b", "go1.18", "mod\tm\tv1\t\n", 0100);
	expect(*state, PACKAGE("m", "v1", "m@v1", "/a") PACKAGE("m", "v1", "m@v1", "/b") PACKAGE(
			       "stdlib", "1.18", "stdlib@1.18", "/a") PACKAGE("stdlib", "1.18", "stdlib@1.18", "/b"));
}

static void what_is_no_program_is_not_read(void **state)
{
	program_put(*state, "data", "go1.18", "mod\tm\tv1\t\n", 0644);
	root_link(*state, "link", "data");
	root_fifo(*state, "fifo");
	root_directory(*state, "directory");
	root_file(*state, "script", "#!/bin/sh\n");
	assert_int_equal(fchmodat(((struct root *)*state)->fd, "script", 0755, 0), 0);
	expect(*state, "");
}

static void damage_is_told(void **state)
{
	struct root *root = *state;
	struct go_recipe recipe = { .wide = true, .version = "go1.19.8", .modules = "mod\tm\tv1\t\n" };
	static struct elf_image image;

	program_put(root, "half", "go1.18", "dep\t\tv1\t\ndep\tm\tv1\t\n", 0755);
	go_image(&recipe, &image);
	elf_put(&image, ELF_DATA_AT + 32, 0x7f, 1);
	root_bytes(root, "whole", image.bytes, image.size);
	assert_int_equal(fchmodat(root->fd, "whole", 0755, 0), 0);
	expect(root, PACKAGE("m", "v1", "m@v1", "/half")
			     PACKAGE("stdlib", "1.18", "stdlib@1.18",
				     "/half") "note golang /half its build information is damaged\n"
					      "note golang /whole its build information is damaged\n");
}

#define LINE "dep\tm\tv1\n"

static void too_many_modules_are_told(void **state)
{
	static char modules[(BUILDINFO_MODULES_MAX + 1) * (sizeof(LINE) - 1) + 1];
	static uint8_t text[sizeof(modules) + 64];
	struct go_recipe recipe = { .wide = true, .version = "go1.18", .modules = "" };
	static struct elf_image image;
	struct root *root = *state;
	int fd;

	for (size_t i = 0; i <= BUILDINFO_MODULES_MAX; i++)
		memcpy(modules + i * (sizeof(LINE) - 1), LINE, sizeof(LINE));
	/* More than the image has room for: behind it, with its length. */
	go_image(&recipe, &image);
	image.size = ELF_DATA_AT + 32 + 1 + strlen(recipe.version);
	go_length(&image, strlen(modules) + 32);
	memcpy(text + 16, modules, strlen(modules));
	root_bytes(root, "a", image.bytes, image.size);
	fd = openat(root->fd, "a", O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(modules) + 32), strlen(modules) + 32);
	assert_int_equal(fchmod(fd, 0755), 0);
	assert_int_equal(close(fd), 0);
	expect(root, PACKAGE("m", "v1", "m@v1", "/a") PACKAGE("stdlib", "1.18", "stdlib@1.18",
							      "/a") "note golang /a has more modules than are read\n");
}

#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(a_program_has_modules),    ROOT_TEST(the_compiler_s_version_is_the_library_s),
		ROOT_TEST(each_program_has_its_own), ROOT_TEST(what_is_no_program_is_not_read),
		ROOT_TEST(damage_is_told),           ROOT_TEST(too_many_modules_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
