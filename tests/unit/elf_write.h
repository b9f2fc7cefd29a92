/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes small ELF files for tests, of either class and byte order, with what `go build` leaves in them. The tables have the
 * same place in all of them:
 *
 *	0x000 head	0x040 segments: text (r-x), data (rw-)	0x0c0 sections: none, data, names
 *	0x1c0 names	0x200 data, at address 0x400200
 */
#ifndef PLM_TESTS_ELF_WRITE_H
#define PLM_TESTS_ELF_WRITE_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inventory/tree.h"

#define ELF_SEGMENTS_AT 0x40
#define ELF_SECTIONS_AT 0xc0
#define ELF_NAMES_AT    0x1c0
#define ELF_DATA_AT     0x200
#define ELF_ADDRESS     0x400000 /* of the file's beginning */
#define ELF_ROOM        (1u << 17)

struct elf_image {
	bool wide, big_endian;
	size_t size;
	uint8_t bytes[ELF_ROOM];
};

static inline void elf_put(struct elf_image *image, size_t at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		image->bytes[at + (image->big_endian ? size - 1 - i : i)] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t elf_get(const struct elf_image *image, size_t at, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | image->bytes[at + (image->big_endian ? i : size - 1 - i)];
	return value;
}

/* A field of a struct of the image's class, its place and its size. */
#define ELF_AT(image, type, field) ((image)->wide ? offsetof(Elf64_##type, field) : offsetof(Elf32_##type, field))
#define ELF_SIZE(image, type, field)                                                                                   \
	((image)->wide ? sizeof(((Elf64_##type *)0)->field) : sizeof(((Elf32_##type *)0)->field))
#define ELF_PUT(image, at, type, field, value)                                                                         \
	elf_put(image, (at) + ELF_AT(image, type, field), value, ELF_SIZE(image, type, field))

/* Where the `number`th of a table is. */
#define ELF_SEGMENT(image, number)                                                                                     \
	(ELF_SEGMENTS_AT + (number) * ((image)->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)))
#define ELF_SECTION(image, number)                                                                                     \
	(ELF_SECTIONS_AT + (number) * ((image)->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))

static inline void elf_head(struct elf_image *image)
{
	memcpy(image->bytes, ELFMAG, SELFMAG);
	image->bytes[EI_CLASS] = image->wide ? ELFCLASS64 : ELFCLASS32;
	image->bytes[EI_DATA] = image->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	ELF_PUT(image, 0, Ehdr, e_phoff, ELF_SEGMENTS_AT);
	ELF_PUT(image, 0, Ehdr, e_phentsize, image->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	ELF_PUT(image, 0, Ehdr, e_phnum, 2);
	ELF_PUT(image, 0, Ehdr, e_shoff, ELF_SECTIONS_AT);
	ELF_PUT(image, 0, Ehdr, e_shentsize, image->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
	ELF_PUT(image, 0, Ehdr, e_shnum, 3);
	ELF_PUT(image, 0, Ehdr, e_shstrndx, 2);
}

static inline void elf_segment(struct elf_image *image, size_t number, uint32_t flags, uint64_t offset, uint64_t size)
{
	size_t at = ELF_SEGMENT(image, number);

	ELF_PUT(image, at, Phdr, p_type, PT_LOAD);
	ELF_PUT(image, at, Phdr, p_flags, flags);
	ELF_PUT(image, at, Phdr, p_offset, offset);
	ELF_PUT(image, at, Phdr, p_vaddr, ELF_ADDRESS + offset);
	ELF_PUT(image, at, Phdr, p_filesz, size);
	ELF_PUT(image, at, Phdr, p_memsz, size);
}

static inline void elf_section(struct elf_image *image, size_t number, uint32_t name, uint32_t type, uint64_t offset,
			       uint64_t size)
{
	size_t at = ELF_SECTION(image, number);

	ELF_PUT(image, at, Shdr, sh_name, name);
	ELF_PUT(image, at, Shdr, sh_type, type);
	ELF_PUT(image, at, Shdr, sh_offset, offset);
	ELF_PUT(image, at, Shdr, sh_size, size);
}

/* All but the data, which is there already, up to image->size. */
static inline void elf_finish(struct elf_image *image, const char *section)
{
	size_t size = image->size - ELF_DATA_AT;

	elf_head(image);
	elf_segment(image, 0, PF_R | PF_X, 0, ELF_DATA_AT);
	elf_segment(image, 1, PF_R | PF_W, ELF_DATA_AT, size);
	elf_section(image, 1, 1, SHT_PROGBITS, ELF_DATA_AT, size);
	elf_section(image, 2, 0, SHT_STRTAB, ELF_NAMES_AT, 1 + strlen(section) + 1);
	memcpy(image->bytes + ELF_NAMES_AT + 1, section, strlen(section));
}

/* ---- Go ---- */

#define GO_MAGIC "\xff Go buildinf:"
#define GO_GUARD "0123456789abcdef"

struct go_recipe {
	bool wide, big_endian;
	bool is_pointed; /* as before Go 1.18 */
	bool has_no_modules;
	size_t before; /* bytes of data in front of it */
	const char *version, *modules;
};

static inline void go_bytes(struct elf_image *image, const void *bytes, size_t size)
{
	memcpy(image->bytes + image->size, bytes, size);
	image->size += size;
}

static inline void go_length(struct elf_image *image, size_t length)
{
	for (; length > 0x7f; length >>= 7)
		image->bytes[image->size++] = (uint8_t)(0x80 | (length & 0x7f));
	image->bytes[image->size++] = (uint8_t)length;
}

static inline void go_modules(struct elf_image *image, const struct go_recipe *recipe)
{
	go_bytes(image, GO_GUARD, 16);
	go_bytes(image, recipe->modules, strlen(recipe->modules));
	go_bytes(image, GO_GUARD, 16);
}

static inline void go_inline(struct elf_image *image, const struct go_recipe *recipe)
{
	go_length(image, strlen(recipe->version));
	go_bytes(image, recipe->version, strlen(recipe->version));
	go_length(image, recipe->has_no_modules ? 0 : strlen(recipe->modules) + 32);
	if (!recipe->has_no_modules)
		go_modules(image, recipe);
}

/* Two pointers, two strings of a pointer and a length, and their bytes. */
static inline void go_pointed(struct elf_image *image, const struct go_recipe *recipe, size_t head)
{
	const size_t pointer = recipe->wide ? 8 : 4, strings = image->size, texts = strings + 4 * pointer;
	const size_t version = strlen(recipe->version);

	elf_put(image, head + 16, ELF_ADDRESS + strings, pointer);
	elf_put(image, head + 16 + pointer, recipe->has_no_modules ? 0x900000 : ELF_ADDRESS + strings + 2 * pointer,
		pointer);
	elf_put(image, strings, ELF_ADDRESS + texts, pointer);
	elf_put(image, strings + pointer, version, pointer);
	elf_put(image, strings + 2 * pointer, ELF_ADDRESS + texts + version, pointer);
	elf_put(image, strings + 3 * pointer, strlen(recipe->modules) + 32, pointer);
	image->size = texts;
	go_bytes(image, recipe->version, version);
	go_modules(image, recipe);
}

static inline void go_image(const struct go_recipe *recipe, struct elf_image *image)
{
	const size_t head = ELF_DATA_AT + recipe->before;

	memset(image, 0, sizeof(*image));
	image->wide = recipe->wide;
	image->big_endian = recipe->big_endian;
	memcpy(image->bytes + head, GO_MAGIC, 14);
	image->bytes[head + 14] = recipe->wide ? 8 : 4;
	image->bytes[head + 15] = (uint8_t)((recipe->big_endian ? 1 : 0) | (recipe->is_pointed ? 0 : 2));
	image->size = head + 32;
	if (recipe->is_pointed)
		go_pointed(image, recipe, head);
	else
		go_inline(image, recipe);
	elf_finish(image, ".go.buildinfo");
}

/* The image as a file that begins `offset` bytes into a descriptor, and is not the last thing in it. */
static inline struct tree_file elf_file(const struct elf_image *image, size_t offset)
{
	struct tree_file file = { memfd_create("elf", MFD_CLOEXEC), offset, image->size, true };

	if (file.fd < 0 || pwrite(file.fd, image->bytes, image->size, (off_t)offset) != (ssize_t)image->size ||
	    pwrite(file.fd, "behind", 6, (off_t)(offset + image->size)) != 6)
		abort();
	return file;
}

#endif
