/* SPDX-License-Identifier: Apache-2.0 */
/* Where a section of an ELF file lies (elf(5)); of either class and byte order. Everything in it is hostile. */
#ifndef PLM_INVENTORY_ELF_H
#define PLM_INVENTORY_ELF_H

#include "inventory/tree.h"

#define ELF_SECTIONS_MAX 4096
#define ELF_NAMES_MAX    65536 /* bytes of sections' names */

struct elf_section {
	uint64_t offset, size; /* in the file */
	uint64_t address;
	bool big_endian, wide; /* of the file: 64 bits */
};

/* 0; -ENOENT: no ELF file, or without such a section; or the errno of reading. */
int elf_section_find(const struct tree_file *file, const char *name, struct elf_section *ret_section);

/* Where in the file an address of its memory lies, by its program headers. As above. */
int elf_address_find(const struct tree_file *file, uint64_t address, uint64_t *ret_offset, uint64_t *ret_size);

#endif
