/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of an ELF file lie (elf(5)), of either class and byte order. Everything in it is hostile. */
#ifndef PLM_INVENTORY_ELF_H
#define PLM_INVENTORY_ELF_H

#include "inventory/tree.h"

#define ELF_SECTIONS_MAX 4096  /* further ones are not looked at */
#define ELF_NAMES_MAX    65536 /* bytes of sections' names; likewise */
#define ELF_SEGMENTS_MAX 256   /* likewise */

/* Its head; `file` is the caller's, and outlives it. */
struct elf {
	const struct tree_file *file;
	bool big_endian, wide; /* wide: of 64 bits */
	uint64_t sections;     /* where the table of sections is */
	uint32_t section_size, section_count, names;
	uint64_t segments; /* where the table of segments is */
	uint32_t segment_size, segment_count;
};

/* Of the file, all of it inside. */
struct elf_part {
	uint64_t offset, size;
};

/* A number of the file's byte order. `size`: 8 at most. */
uint64_t elf_number(const struct elf *elf, const uint8_t *bytes, size_t size);

/* Reads 64 bytes. 0; -ENOEXEC: it is no ELF file; or the errno of reading. */
int elf_open(const struct tree_file *file, struct elf *ret_elf);

/* 0; -ENOENT: it has no such section with bytes in the file; -EBADMSG: it has no sections, or they are damaged; -ENOMEM; or
 * the errno of reading. */
int elf_section_find(const struct elf *elf, const char *name, struct elf_part *ret_part);

/* From an address of its memory to the end of what the file has of that segment. 0; -ENOENT; -EBADMSG; or the errno of
 * reading. */
int elf_address_find(const struct elf *elf, uint64_t address, struct elf_part *ret_part);

/* The first segment that is writable and not executable. As elf_address_find. */
int elf_data_find(const struct elf *elf, struct elf_part *ret_part);

#endif
