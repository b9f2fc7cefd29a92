// SPDX-License-Identifier: Apache-2.0
/* What Go leaves in a program, written by the test in each of its forms; and the text of modules. */
#include "inventory/buildinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "elf_write.h"

#define MODULES "path\texample.com/a\nmod\texample.com/a\t(devel)\t\nbuild\tCGO_ENABLED=0\n"

/* ---- in a program ---- */

static void expect_info(const struct elf_image *image, int status, const char *version, const char *modules)
{
	_cleanup_tree_file_ struct tree_file file = elf_file(image, 5);
	_cleanup_buildinfo_ struct buildinfo info = { NULL, NULL };
	int r = buildinfo_read(&file, &info);

	if (r != status)
		fail_msg("%d, not %d", r, status);
	if (r < 0) {
		assert_null(info.version);
		return;
	}
	assert_string_equal(info.version, version);
	assert_string_equal(info.modules, modules);
}

static const struct go_recipe recipes[] = {
	{ .wide = true },
	{ .wide = true, .big_endian = true },
	{ .wide = false },
	{ .wide = false, .big_endian = true },
	{ .wide = true, .is_pointed = true },
	{ .wide = true, .big_endian = true, .is_pointed = true },
	{ .wide = false, .is_pointed = true },
	{ .wide = false, .big_endian = true, .is_pointed = true },
};

static void all_forms_are_read(void **state)
{
	static struct elf_image image;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
		struct go_recipe recipe = recipes[i];

		recipe.version = "go1.17.1";
		recipe.modules = MODULES;
		go_image(&recipe, &image);
		expect_info(&image, 0, "go1.17.1", MODULES);
		recipe.has_no_modules = true;
		go_image(&recipe, &image);
		expect_info(&image, 0, "go1.17.1", "");
	}
}

/* Then it lies somewhere at the beginning of the data, at a multiple of 16. */
static void without_sections(void **state)
{
	static const struct {
		size_t before;
		int status;
	} rows[] = {
		{ 0, 0 },
		{ 16, 0 },
		{ 8, -ENOEXEC },
		{ BUILDINFO_SEARCH_MAX - 32, 0 },
		{ BUILDINFO_SEARCH_MAX - 16, -ENOEXEC },
	};
	static struct elf_image image;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct go_recipe recipe = {
			.wide = true, .version = "go1.19.8", .modules = MODULES, .before = rows[i].before
		};

		go_image(&recipe, &image);
		ELF_PUT(&image, 0, Ehdr, e_shoff, 0);
		ELF_PUT(&image, 0, Ehdr, e_shnum, 0);
		expect_info(&image, rows[i].status, "go1.19.8", MODULES);
	}
}

static void a_program_of_another_language_has_none(void **state)
{
	static const struct go_recipe recipe = { .wide = true, .version = "go1.19.8", .modules = MODULES };
	static struct elf_image image;

	(void)state;
	go_image(&recipe, &image);
	memcpy(image.bytes + ELF_NAMES_AT + 1, ".data", 6);
	expect_info(&image, -ENOEXEC, NULL, NULL);
	go_image(&recipe, &image);
	image.bytes[ELF_DATA_AT + 1] = 'g';
	expect_info(&image, -ENOEXEC, NULL, NULL);
	image.size = 3;
	expect_info(&image, -ENOEXEC, NULL, NULL);
}

#define INLINE  (ELF_DATA_AT + 32)
#define STRINGS (ELF_DATA_AT + 32)

/* Some bytes of a good one, changed. */
static const struct {
	const char *what;
	bool is_pointed;
	size_t at, size;
	uint64_t value;
	int status;
} rows[] = {
	{ "a version longer than the file", false, INLINE, 2, 0x7fff, -EBADMSG },
	{ "a version of a length that there is not", false, INLINE, 8, 0x8080808080808080, -EBADMSG },
	{ "a version longer than is taken", false, INLINE, 4, 0x7fffffff, -EBADMSG },
	{ "a NUL in the version", false, INLINE + 2, 1, 0, -EBADMSG },
	{ "a NUL in the modules", false, INLINE + 1 + 6 + 1 + 16, 1, 0, -EBADMSG },
	{ "no end of a line before the guard: no modules", false, INLINE + 1 + 6 + 1 + 16 + sizeof(MODULES) - 2, 1, '=',
	  0 },
	{ "a pointer of 5 bytes", true, ELF_DATA_AT + 14, 1, 5, -EBADMSG },
	{ "a pointer of no bytes", true, ELF_DATA_AT + 14, 1, 0, -EBADMSG },
	{ "another byte order than the file's", true, ELF_DATA_AT + 15, 1, 1, -EBADMSG },
	{ "a version that is nowhere", true, ELF_DATA_AT + 16, 8, 0x1234, -EBADMSG },
	{ "modules that are nowhere: none", true, ELF_DATA_AT + 24, 8, 0x1234, 0 },
	{ "a string that is half behind the data", true, ELF_DATA_AT + 16, 8, ELF_ADDRESS + ELF_DATA_AT - 8, -EBADMSG },
	{ "a version of no length", true, STRINGS + 8, 8, 0, 0 },
	{ "a version's bytes are nowhere", true, STRINGS, 8, UINT64_MAX, -EBADMSG },
	{ "modules' bytes are nowhere", true, STRINGS + 16, 8, 0x1234, -EBADMSG },
	{ "a version that is longer than the data", true, STRINGS + 8, 8, 0x1000, -EBADMSG },
	{ "modules that are much longer", true, STRINGS + 24, 8, UINT64_MAX, -EBADMSG },
};

static void damage_is_seen(void **state)
{
	static struct elf_image image;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct go_recipe recipe = {
			.wide = true, .is_pointed = rows[i].is_pointed, .version = "go1.16", .modules = MODULES
		};
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		_cleanup_buildinfo_ struct buildinfo info = { NULL, NULL };
		int r;

		go_image(&recipe, &image);
		elf_put(&image, rows[i].at, rows[i].value, rows[i].size);
		file = elf_file(&image, 0);
		r = buildinfo_read(&file, &info);
		if (r != rows[i].status)
			fail_msg("%s: %d", rows[i].what, r);
	}
}

/* A length may have 9 bytes, each of which says that there are more. */
static void a_length_ends(void **state)
{
	static const struct go_recipe recipe = { .wide = true, .version = "go1.19.8", .modules = MODULES };
	static struct elf_image image;

	(void)state;
	go_image(&recipe, &image);
	memset(image.bytes + INLINE, 0xff, 10);
	expect_info(&image, -EBADMSG, NULL, NULL);
	image.size = INLINE + 5;
	elf_finish(&image, ".go.buildinfo");
	expect_info(&image, -EBADMSG, NULL, NULL);
}

/* Cut anywhere, it is damaged, or none. */
static void cut_ones(void **state)
{
	static struct elf_image image;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(recipes); i++) {
		struct go_recipe recipe = recipes[i];
		size_t size;

		recipe.version = "go1.17.1";
		recipe.modules = MODULES;
		go_image(&recipe, &image);
		for (size = image.size; --size > ELF_DATA_AT;) {
			_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
			_cleanup_buildinfo_ struct buildinfo info = { NULL, NULL };
			int r;

			image.size = size;
			elf_finish(&image, ".go.buildinfo");
			file = elf_file(&image, 0);
			r = buildinfo_read(&file, &info);
			assert_true(r == -EBADMSG || (r == -ENOEXEC && size < INLINE));
		}
	}
}

/* ---- modules ---- */

static const struct modules_row {
	const char *text;
	int status;
	const char *modules;
} modules_rows[] = {
	{ "", 0, "" },
	{ "path\tcommand-line-arguments\n", 0, "" },
	{ MODULES, 0, "example.com/a (devel);" },
	{ "mod\ta\tv1.0.0\th1:x=\ndep\tb\tv2.0.0\th1:y=\ndep\tc\tv3.0.0\n", 0, "a v1.0.0;b v2.0.0;c v3.0.0;" },
	{ "dep\tb\tv1\th1:y=", 0, "b v1;" },
	{ "dep\tb\n", 0, "b ;" },
	{ "dep\tb\tv1\n=>\tc\tv2\th1:z=\ndep\td\tv3\n", 0, "c v2;d v3;" },
	{ "dep\tb\tv1\n=>\t./b\t(devel)\t\n", 0, "b (devel);" },
	{ "dep\tb\tv1\n=>\t../b\t\t\n", 0, "b (devel);" },
	{ "dep\tb\tv1\n=>\t/src/b\t\t\n", 0, "b (devel);" },
	{ "dep\tb\tv1\n=>\t..b/c\tv2\t\n", 0, "..b/c v2;" },
	{ "mod\ta\t(devel)\t\n=>\tb\tv1\t\n", 0, "b v1;" },
	{ "dep\tb\tv1\nbuild\t-compiler=gc\n=>\tc\tv2\t\n", 0, "c v2;" },
	{ "=>\tc\tv2\t\ndep\tb\tv1\n", -EBADMSG, "b v1;" },
	{ "dep\tb\tv1\n=>\tc\tv2\t\n=>\td\tv3\t\n", -EBADMSG, "c v2;" },
	{ "dep\tb\tv1\n=>\n", -EBADMSG, "b v1;" },
	{ "dep\ndep\t\tv1\ndep\tb\tv1\n", -EBADMSG, "b v1;" },
	{ "depb\tv1\n dep\tb\tv1\nmod", -EBADMSG, "" },
	{ "what\never\tit\tsays\n\n\t\n", 0, "" },
};

static int module_say(const char *path, const char *version, void *data)
{
	fprintf(data, "%s %s;", path, version);
	return 0;
}

static void modules_are_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modules_rows); i++) {
		_cleanup_free_ char *text = strdup(modules_rows[i].text), *modules = NULL;
		size_t size;
		FILE *out = open_memstream(&modules, &size);
		int r = buildinfo_modules(text, module_say, out);

		assert_int_equal(fclose(out), 0);
		if (r != modules_rows[i].status || strcmp(modules, modules_rows[i].modules) != 0)
			fail_msg("%s: %d %s", modules_rows[i].text, r, modules);
	}
}

static int module_count(const char *path, const char *version, void *data)
{
	(void)path;
	(void)version;
	++*(size_t *)data;
	return 0;
}

static void modules_have_a_bound(void **state)
{
	static const char line[] = "dep\tb\tv1\n";
	const size_t length = sizeof(line) - 1, most = BUILDINFO_MODULES_MAX;
	_cleanup_free_ char *text = malloc((most + 1) * length + 1);
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i <= most; i++)
		memcpy(text + i * length, line, sizeof(line));
	assert_int_equal(buildinfo_modules(text, module_count, &count), -E2BIG);
	assert_int_equal(count, most);
	for (size_t i = 0; i < most; i++)
		memcpy(text + i * length, line, sizeof(line));
	count = 0;
	assert_int_equal(buildinfo_modules(text, module_count, &count), 0);
	assert_int_equal(count, most);
}

static int module_stop(const char *path, const char *version, void *data)
{
	(void)module_count(path, version, data);
	return -ENOSPC;
}

static void a_call_ends_it(void **state)
{
	char text[] = "mod\ta\tv1\ndep\tb\tv1\ndep\t\n";
	size_t count = 0;

	(void)state;
	assert_int_equal(buildinfo_modules(text, module_stop, &count), -ENOSPC);
	assert_int_equal(count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_are_read),
		cmocka_unit_test(without_sections),
		cmocka_unit_test(a_program_of_another_language_has_none),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(a_length_ends),
		cmocka_unit_test(cut_ones),
		cmocka_unit_test(modules_are_given),
		cmocka_unit_test(modules_have_a_bound),
		cmocka_unit_test(a_call_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
