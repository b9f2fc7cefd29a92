// SPDX-License-Identifier: Apache-2.0
#include "inventory/elf.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX 256 /* program headers */

/* The file's head, in one form for both classes. */
struct head {
	const struct tree_file *file;
	bool big_endian, wide;
	uint64_t sections, headers;
	uint32_t section_size, section_count, names;
	uint32_t header_size, header_count;
};

static uint64_t number_at(const struct head *head, const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[head->big_endian ? i : size - 1 - i];
	return number;
}

static int read_exact(const struct tree_file *file, void *room, size_t size, uint64_t at)
{
	ssize_t n = tree_pread(file, room, size, at);

	return n < 0 ? (int)n : (size_t)n == size ? 0 : -ENOENT;
}

/* Field of a struct of either class: elf.h's own offsets and sizes. */
#define FIELD(head, bytes, type, field)                                                                                \
	((head)->wide ? number_at(head, (bytes) + offsetof(Elf64_##type, field), sizeof(((Elf64_##type *)0)->field))   \
		      : number_at(head, (bytes) + offsetof(Elf32_##type, field), sizeof(((Elf32_##type *)0)->field)))

static int head_read(const struct tree_file *file, struct head *ret_head)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)] = { 0 };
	ssize_t n = tree_pread(file, bytes, sizeof(bytes), 0);
	struct head head = { .file = file };

	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(Elf32_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return -ENOENT;
	head.wide = bytes[EI_CLASS] == ELFCLASS64;
	head.big_endian = bytes[EI_DATA] == ELFDATA2MSB;
	head.sections = FIELD(&head, bytes, Ehdr, e_shoff);
	head.section_size = (uint32_t)FIELD(&head, bytes, Ehdr, e_shentsize);
	head.section_count = (uint32_t)FIELD(&head, bytes, Ehdr, e_shnum);
	head.names = (uint32_t)FIELD(&head, bytes, Ehdr, e_shstrndx);
	head.headers = FIELD(&head, bytes, Ehdr, e_phoff);
	head.header_size = (uint32_t)FIELD(&head, bytes, Ehdr, e_phentsize);
	head.header_count = (uint32_t)FIELD(&head, bytes, Ehdr, e_phnum);
	*ret_head = head;
	return 0;
}

/* One section header. */
struct section {
	uint32_t name, type;
	uint64_t address, offset, size;
};

static int section_read(const struct head *head, uint32_t number, struct section *ret_section)
{
	uint8_t bytes[sizeof(Elf64_Shdr)] = { 0 };
	size_t size = head->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	int r;

	if (head->section_size < size || number >= head->section_count)
		return -ENOENT;
	r = read_exact(head->file, bytes, size, head->sections + (uint64_t)number * head->section_size);
	if (r < 0)
		return r;
	*ret_section = (struct section){
		.name = (uint32_t)FIELD(head, bytes, Shdr, sh_name),
		.type = (uint32_t)FIELD(head, bytes, Shdr, sh_type),
		.address = FIELD(head, bytes, Shdr, sh_addr),
		.offset = FIELD(head, bytes, Shdr, sh_offset),
		.size = FIELD(head, bytes, Shdr, sh_size),
	};
	return 0;
}

static int names_read(const struct head *head, char **ret_names, size_t *ret_size)
{
	_cleanup_free_ char *names = NULL;
	struct section section;
	int r = section_read(head, head->names, &section);

	if (r < 0)
		return r;
	if (section.size == 0 || section.size > ELF_NAMES_MAX)
		return -ENOENT;
	names = malloc((size_t)section.size + 1);
	if (!names)
		return -ENOMEM;
	r = read_exact(head->file, names, (size_t)section.size, section.offset);
	if (r < 0)
		return r;
	names[section.size] = '\0';
	*ret_names = take_ptr(names);
	*ret_size = (size_t)section.size;
	return 0;
}

static bool fits(const struct tree_file *file, uint64_t offset, uint64_t size)
{
	return offset <= file->size && size <= file->size - offset;
}

int elf_section_find(const struct tree_file *file, const char *name, struct elf_section *ret_section)
{
	_cleanup_free_ char *names = NULL;
	struct section section;
	struct head head;
	size_t size = 0;
	int r = head_read(file, &head);

	if (r == 0)
		r = names_read(&head, &names, &size);
	for (uint32_t i = 0; r == 0 && i < head.section_count && i < ELF_SECTIONS_MAX; i++) {
		r = section_read(&head, i, &section);
		if (r < 0 || section.name >= size || strcmp(names + section.name, name) != 0 ||
		    section.type == SHT_NOBITS || !fits(file, section.offset, section.size))
			continue;
		*ret_section = (struct elf_section){ .offset = section.offset,
						     .size = section.size,
						     .address = section.address,
						     .big_endian = head.big_endian,
						     .wide = head.wide };
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}

int elf_address_find(const struct tree_file *file, uint64_t address, uint64_t *ret_offset, uint64_t *ret_size)
{
	struct head head;
	int r = head_read(file, &head);

	for (uint32_t i = 0; r == 0 && i < head.header_count && i < HEADERS_MAX; i++) {
		uint8_t bytes[sizeof(Elf64_Phdr)] = { 0 };
		size_t size = head.wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
		uint64_t at, length, offset;

		if (head.header_size < size)
			return -ENOENT;
		r = read_exact(file, bytes, size, head.headers + (uint64_t)i * head.header_size);
		at = FIELD(&head, bytes, Phdr, p_vaddr);
		length = FIELD(&head, bytes, Phdr, p_filesz);
		offset = FIELD(&head, bytes, Phdr, p_offset);
		if (r < 0 || FIELD(&head, bytes, Phdr, p_type) != PT_LOAD || address < at || address - at >= length ||
		    !fits(file, offset, length))
			continue;
		*ret_offset = offset + (address - at);
		*ret_size = length - (address - at);
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}
