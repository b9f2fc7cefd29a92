// SPDX-License-Identifier: Apache-2.0
/* ELF files of the test's own, of both classes and byte orders, whole and damaged. */
#include "inventory/elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "elf_write.h"

#define NAME ".name"
#define DATA "the data"

static const struct {
	bool wide, big_endian;
} kinds[] = { { true, false }, { true, true }, { false, false }, { false, true } };

static void image_make(bool wide, bool big_endian, struct elf_image *image)
{
	memset(image, 0, sizeof(*image));
	image->wide = wide;
	image->big_endian = big_endian;
	image->size = ELF_DATA_AT + strlen(DATA);
	memcpy(image->bytes + ELF_DATA_AT, DATA, strlen(DATA));
	elf_finish(image, NAME);
}

static void expect_part(struct elf_part part, uint64_t offset, uint64_t size)
{
	assert_int_equal(part.offset, offset);
	assert_int_equal(part.size, size);
}

static void parts_are_found(void **state)
{
	static struct elf_image image;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		struct elf_part part;
		struct elf elf;

		image_make(kinds[i].wide, kinds[i].big_endian, &image);
		file = elf_file(&image, 100 * i);
		assert_int_equal(elf_open(&file, &elf), 0);
		assert_int_equal(elf.wide, kinds[i].wide);
		assert_int_equal(elf.big_endian, kinds[i].big_endian);
		assert_int_equal(elf_section_find(&elf, NAME, &part), 0);
		expect_part(part, ELF_DATA_AT, strlen(DATA));
		assert_int_equal(elf_section_find(&elf, ".other", &part), -ENOENT);
		assert_int_equal(elf_section_find(&elf, ".nam", &part), -ENOENT);
		assert_int_equal(elf_data_find(&elf, &part), 0);
		expect_part(part, ELF_DATA_AT, strlen(DATA));
		assert_int_equal(elf_address_find(&elf, ELF_ADDRESS + ELF_DATA_AT + 4, &part), 0);
		expect_part(part, ELF_DATA_AT + 4, strlen(DATA) - 4);
		assert_int_equal(elf_address_find(&elf, ELF_ADDRESS + 0x40, &part), 0);
		expect_part(part, 0x40, ELF_DATA_AT - 0x40);
		assert_int_equal(elf_address_find(&elf, ELF_ADDRESS - 1, &part), -ENOENT);
		assert_int_equal(elf_address_find(&elf, ELF_ADDRESS + image.size, &part), -ENOENT);
	}
}

static void numbers_are_of_the_file_s_order(void **state)
{
	const struct elf little = { .big_endian = false }, big = { .big_endian = true };
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	assert_int_equal(elf_number(&little, bytes, 2), 0x0201);
	assert_int_equal(elf_number(&big, bytes, 2), 0x0102);
	assert_int_equal(elf_number(&little, bytes, 8), 0x0807060504030201);
	assert_int_equal(elf_number(&big, bytes, 8), 0x0102030405060708);
}

/* ---- no ELF ---- */

static void what_is_no_elf_is_told(void **state)
{
	static const char *const texts[] = {
		"",        "\177",        "\177EL",
		"\177ELF", "#!/bin/sh\n", "#!/bin/sh\n# long enough to be a head of an ELF file, and still none\n"
	};
	struct elf elf;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_tree_file_ struct tree_file file = { memfd_create("elf", MFD_CLOEXEC), 0, strlen(texts[i]),
							      true };

		assert_int_equal(pwrite(file.fd, texts[i], strlen(texts[i]), 0), strlen(texts[i]));
		assert_int_equal(elf_open(&file, &elf), -ENOEXEC);
	}
	assert_int_equal(elf_open(&(struct tree_file){ .fd = -1, .size = 64 }, &elf), -EBADF);
}

/* ---- damaged ones ---- */

#define HEAD(field) offsetof(Elf64_Ehdr, field), sizeof(((Elf64_Ehdr *)0)->field)
#define SECTION(n, field)                                                                                              \
	ELF_SECTIONS_AT + (n) * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, field), sizeof(((Elf64_Shdr *)0)->field)
#define SEGMENT(n, field)                                                                                              \
	ELF_SEGMENTS_AT + (n) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, field), sizeof(((Elf64_Phdr *)0)->field)

/* A number of a good one, changed; what the section and the data segment are then. */
static const struct {
	const char *what;
	size_t at, size;
	uint64_t value;
	int section, data;
} rows[] = {
	{ "as it is", HEAD(e_version), 1, 0, 0 },
	{ "no sections", HEAD(e_shoff), 0, -EBADMSG, 0 },
	{ "sections behind the end", HEAD(e_shoff), 0x10000, -EBADMSG, 0 },
	{ "sections far behind the end", HEAD(e_shoff), UINT64_MAX - 64, -EBADMSG, 0 },
	{ "sections half behind the end", HEAD(e_shoff), ELF_DATA_AT - 64, -EBADMSG, 0 },
	{ "sections of another size", HEAD(e_shentsize), 40, -EBADMSG, 0 },
	{ "sections of no size", HEAD(e_shentsize), 0, -EBADMSG, 0 },
	{ "more sections than there are", HEAD(e_shnum), 0xfff0, -EBADMSG, 0 },
	{ "fewer: the names are not there", HEAD(e_shnum), 2, -EBADMSG, 0 },
	{ "a count that is elsewhere, and is none", HEAD(e_shnum), 0, -EBADMSG, 0 },
	{ "names of another section", HEAD(e_shstrndx), 1, -ENOENT, 0 },
	{ "names of no section", HEAD(e_shstrndx), 3, -EBADMSG, 0 },
	{ "a name behind the names", SECTION(1, sh_name), 0x1000, -ENOENT, 0 },
	{ "a name far behind the names", SECTION(1, sh_name), UINT32_MAX, -ENOENT, 0 },
	{ "a section that is not in the file", SECTION(1, sh_type), SHT_NOBITS, -ENOENT, 0 },
	{ "a section behind the end", SECTION(1, sh_offset), 0x1000, -EBADMSG, 0 },
	{ "a section longer than the file", SECTION(1, sh_size), 9, -EBADMSG, 0 },
	{ "a section that wraps", SECTION(1, sh_size), UINT64_MAX, -EBADMSG, 0 },
	{ "names longer than the file", SECTION(2, sh_size), 0x1000, -EBADMSG, 0 },
	{ "names much longer", SECTION(2, sh_size), UINT64_MAX, -EBADMSG, 0 },
	{ "names of no length", SECTION(2, sh_size), 0, -ENOENT, 0 },
	{ "names that do not end", SECTION(2, sh_size), 4, -ENOENT, 0 },
	{ "no segments", HEAD(e_phnum), 0, 0, -ENOENT },
	{ "segments behind the end", HEAD(e_phoff), UINT64_MAX, 0, -EBADMSG },
	{ "segments of another size", HEAD(e_phentsize), 32, 0, -EBADMSG },
	{ "more segments than there are", HEAD(e_phnum), 0xffff, 0, 0 },
	{ "data that is not loaded", SEGMENT(1, p_type), PT_NOTE, 0, -ENOENT },
	{ "data that is executable", SEGMENT(1, p_flags), PF_R | PF_W | PF_X, 0, -ENOENT },
	{ "data behind the end", SEGMENT(1, p_offset), 0x1000, 0, -ENOENT },
	{ "data that wraps", SEGMENT(1, p_filesz), UINT64_MAX, 0, -ENOENT },
};

static void damage_is_seen(void **state)
{
	static struct elf_image image;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		struct elf_part part;
		struct elf elf;
		int section, data;

		image_make(true, false, &image);
		elf_put(&image, rows[i].at, rows[i].value, rows[i].size);
		file = elf_file(&image, 0);
		assert_int_equal(elf_open(&file, &elf), 0);
		section = elf_section_find(&elf, NAME, &part);
		data = elf_data_find(&elf, &part);
		if (section != rows[i].section || data != rows[i].data)
			fail_msg("%s: %d %d", rows[i].what, section, data);
	}
}

/* elf(5): numbers that the head has no room for are in the first section. */
static void more_sections_than_the_head_can_count(void **state)
{
	static struct elf_image image;
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	struct elf_part part;
	struct elf elf;

	(void)state;
	image_make(true, true, &image);
	ELF_PUT(&image, 0, Ehdr, e_shnum, 0);
	ELF_PUT(&image, 0, Ehdr, e_shstrndx, SHN_XINDEX);
	ELF_PUT(&image, ELF_SECTION(&image, 0), Shdr, sh_size, 3);
	ELF_PUT(&image, ELF_SECTION(&image, 0), Shdr, sh_link, 2);
	file = elf_file(&image, 0);
	assert_int_equal(elf_open(&file, &elf), 0);
	assert_int_equal(elf_section_find(&elf, NAME, &part), 0);
	expect_part(part, ELF_DATA_AT, strlen(DATA));
}

/* Cut anywhere, nothing is found behind the end. */
static void cut_ones(void **state)
{
	static struct elf_image image;

	(void)state;
	image_make(false, false, &image);
	for (; image.size > 0; image.size--) {
		_cleanup_tree_file_ struct tree_file file = elf_file(&image, 3);
		struct elf_part part = { 0, 0 };
		struct elf elf;

		if (elf_open(&file, &elf) < 0) {
			assert_true(image.size < sizeof(Elf32_Ehdr));
			continue;
		}
		assert_int_equal(elf_section_find(&elf, NAME, &part) == 0, image.size == ELF_DATA_AT + strlen(DATA));
		assert_int_equal(elf_data_find(&elf, &part) == 0, image.size == ELF_DATA_AT + strlen(DATA));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(numbers_are_of_the_file_s_order),
		cmocka_unit_test(what_is_no_elf_is_told),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(more_sections_than_the_head_can_count),
		cmocka_unit_test(cut_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
