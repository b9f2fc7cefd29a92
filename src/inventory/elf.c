// SPDX-License-Identifier: Apache-2.0
#include "inventory/elf.h"

#include <elf.h>
#include <string.h>

uint64_t elf_number(const struct elf *elf, const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[elf->big_endian ? i : size - 1 - i];
	return number;
}

/* A field of a struct of either class: elf.h's own offsets and sizes. */
#define FIELD(elf, bytes, type, field)                                                                                 \
	((elf)->wide ? elf_number(elf, (bytes) + offsetof(Elf64_##type, field), sizeof(((Elf64_##type *)0)->field))    \
		     : elf_number(elf, (bytes) + offsetof(Elf32_##type, field), sizeof(((Elf32_##type *)0)->field)))
#define SIZE(elf, type) ((elf)->wide ? sizeof(Elf64_##type) : sizeof(Elf32_##type))

static int read_exact(const struct elf *elf, void *room, size_t size, uint64_t at)
{
	ssize_t n = tree_pread(elf->file, room, size, at);

	return n < 0 ? (int)n : (size_t)n == size ? 0 : -EBADMSG;
}

int elf_open(const struct tree_file *file, struct elf *ret_elf)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)] = { 0 };
	ssize_t n = tree_pread(file, bytes, sizeof(bytes), 0);
	struct elf elf = { .file = file };

	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(Elf32_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	elf.wide = bytes[EI_CLASS] == ELFCLASS64;
	elf.big_endian = bytes[EI_DATA] == ELFDATA2MSB;
	elf.sections = FIELD(&elf, bytes, Ehdr, e_shoff);
	elf.section_size = (uint32_t)FIELD(&elf, bytes, Ehdr, e_shentsize);
	elf.section_count = (uint32_t)FIELD(&elf, bytes, Ehdr, e_shnum);
	elf.names = (uint32_t)FIELD(&elf, bytes, Ehdr, e_shstrndx);
	elf.segments = FIELD(&elf, bytes, Ehdr, e_phoff);
	elf.segment_size = (uint32_t)FIELD(&elf, bytes, Ehdr, e_phentsize);
	elf.segment_count = (uint32_t)FIELD(&elf, bytes, Ehdr, e_phnum);
	*ret_elf = elf;
	return 0;
}

static bool fits(const struct elf *elf, const struct elf_part *part)
{
	return part->offset <= elf->file->size && part->size <= elf->file->size - part->offset;
}

/* ---- sections ---- */

/* The table of sections, and their names with a NUL behind them. */
struct sections {
	uint8_t *table;
	uint32_t count;
	char *names;
	size_t names_size;
};

static void sections_clear(struct sections *sections)
{
	free(sections->table);
	free(sections->names);
}

static const uint8_t *section_at(const struct elf *elf, const struct sections *sections, uint32_t number)
{
	return sections->table + number * SIZE(elf, Shdr);
}

static struct elf_part part_of(const struct elf *elf, const uint8_t *section)
{
	return (struct elf_part){ FIELD(elf, section, Shdr, sh_offset), FIELD(elf, section, Shdr, sh_size) };
}

/* A count that the head has no room for is in the first section. */
static int table_read(const struct elf *elf, struct sections *sections)
{
	uint8_t first[sizeof(Elf64_Shdr)];
	uint64_t count = elf->section_count;
	int r = elf->sections == 0 || elf->section_size != SIZE(elf, Shdr) ? -EBADMSG : 0;

	if (r == 0 && count == 0) {
		r = read_exact(elf, first, SIZE(elf, Shdr), elf->sections);
		count = r == 0 ? FIELD(elf, first, Shdr, sh_size) : 0;
	}
	if (r < 0 || count == 0)
		return r < 0 ? r : -EBADMSG;
	sections->count = count < ELF_SECTIONS_MAX ? (uint32_t)count : ELF_SECTIONS_MAX;
	sections->table = malloc(sections->count * SIZE(elf, Shdr));
	if (!sections->table)
		return -ENOMEM;
	return read_exact(elf, sections->table, sections->count * SIZE(elf, Shdr), elf->sections);
}

static int names_read(const struct elf *elf, struct sections *sections)
{
	uint32_t number = elf->names;
	struct elf_part part;

	if (number == SHN_XINDEX)
		number = (uint32_t)FIELD(elf, sections->table, Shdr, sh_link);
	if (number >= sections->count)
		return -EBADMSG;
	part = part_of(elf, section_at(elf, sections, number));
	sections->names_size = part.size < ELF_NAMES_MAX ? (size_t)part.size : ELF_NAMES_MAX;
	sections->names = malloc(sections->names_size + 1);
	if (!sections->names)
		return -ENOMEM;
	sections->names[sections->names_size] = '\0';
	return read_exact(elf, sections->names, sections->names_size, part.offset);
}

static bool section_is(const struct elf *elf, const struct sections *sections, const uint8_t *section, const char *name)
{
	uint64_t at = FIELD(elf, section, Shdr, sh_name);

	return at < sections->names_size && FIELD(elf, section, Shdr, sh_type) != SHT_NOBITS &&
	       strcmp(sections->names + at, name) == 0;
}

int elf_section_find(const struct elf *elf, const char *name, struct elf_part *ret_part)
{
	_cleanup_(sections_clear) struct sections sections = { 0 };
	int r = table_read(elf, &sections);

	if (r == 0)
		r = names_read(elf, &sections);
	for (uint32_t i = 0; r == 0 && i < sections.count; i++) {
		const uint8_t *section = section_at(elf, &sections, i);
		struct elf_part part = part_of(elf, section);

		if (!section_is(elf, &sections, section, name))
			continue;
		if (!fits(elf, &part))
			return -EBADMSG;
		*ret_part = part;
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}

/* ---- segments ---- */

struct segment {
	uint32_t type, flags;
	uint64_t address;
	struct elf_part part;
};

static int segment_read(const struct elf *elf, uint32_t number, struct segment *ret_segment)
{
	uint8_t bytes[sizeof(Elf64_Phdr)];
	int r = elf->segment_size != SIZE(elf, Phdr)
			? -EBADMSG
			: read_exact(elf, bytes, SIZE(elf, Phdr), elf->segments + (uint64_t)number * SIZE(elf, Phdr));

	if (r < 0)
		return r;
	*ret_segment = (struct segment){
		.type = (uint32_t)FIELD(elf, bytes, Phdr, p_type),
		.flags = (uint32_t)FIELD(elf, bytes, Phdr, p_flags),
		.address = FIELD(elf, bytes, Phdr, p_vaddr),
		.part = { FIELD(elf, bytes, Phdr, p_offset), FIELD(elf, bytes, Phdr, p_filesz) },
	};
	return 0;
}

/* The first that is loaded, lies in the file, and is what is looked for. */
static int segment_find(const struct elf *elf, bool (*is)(const struct segment *segment, uint64_t address),
			uint64_t address, struct segment *ret_segment)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < elf->segment_count && i < ELF_SEGMENTS_MAX; i++) {
		struct segment segment;

		r = segment_read(elf, i, &segment);
		if (r < 0 || segment.type != PT_LOAD || !fits(elf, &segment.part) || !is(&segment, address))
			continue;
		*ret_segment = segment;
		return 0;
	}
	return r < 0 ? r : -ENOENT;
}

static bool has_address(const struct segment *segment, uint64_t address)
{
	return address >= segment->address && address - segment->address < segment->part.size;
}

static bool is_data(const struct segment *segment, uint64_t address)
{
	(void)address;
	return (segment->flags & (PF_W | PF_X)) == PF_W;
}

int elf_address_find(const struct elf *elf, uint64_t address, struct elf_part *ret_part)
{
	struct segment segment;
	int r = segment_find(elf, has_address, address, &segment);

	if (r == 0)
		*ret_part = (struct elf_part){ segment.part.offset + (address - segment.address),
					       segment.part.size - (address - segment.address) };
	return r;
}

int elf_data_find(const struct elf *elf, struct elf_part *ret_part)
{
	struct segment segment;
	int r = segment_find(elf, is_data, 0, &segment);

	if (r == 0)
		*ret_part = segment.part;
	return r;
}
