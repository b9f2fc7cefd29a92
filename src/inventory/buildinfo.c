// SPDX-License-Identifier: Apache-2.0
#include "inventory/buildinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/elf.h"

#define MAGIC       "\xff Go buildinf:"
#define MAGIC_SIZE  (sizeof(MAGIC) - 1)
#define ALIGNMENT   16
#define POINTERS_AT 16
#define INLINE_AT   32
#define HEAD_SIZE   32
#define FLAG_BIG    1
#define FLAG_INLINE 2
#define GUARD_SIZE  16 /* around the text of modules */
#define VARINT_MAX  9  /* bytes: longer ones are of no length that anything has */

void buildinfo_clear(struct buildinfo *info)
{
	free(info->version);
	free(info->modules);
	*info = (struct buildinfo){ 0 };
}

/* ---- texts ---- */

struct text {
	char *bytes; /* with a NUL behind them */
	size_t size;
};

static int text_read(const struct tree_file *file, uint64_t at, uint64_t size, struct text *ret_text)
{
	_cleanup_free_ char *bytes = NULL;
	ssize_t n;

	if (size > BUILDINFO_TEXT_MAX || at > file->size || size > file->size - at)
		return -EBADMSG;
	bytes = malloc((size_t)size + 1);
	if (!bytes)
		return -ENOMEM;
	n = tree_pread(file, bytes, (size_t)size, at);
	if (n < 0 || (size_t)n != size)
		return n < 0 ? (int)n : -EBADMSG;
	bytes[size] = '\0';
	*ret_text = (struct text){ take_ptr(bytes), (size_t)size };
	return 0;
}

/* A length and as many bytes; *at goes behind them. */
static int inline_text(const struct tree_file *file, uint64_t *at, struct text *ret_text)
{
	uint8_t bytes[VARINT_MAX];
	ssize_t n = tree_pread(file, bytes, sizeof(bytes), *at);
	uint64_t size = 0;
	int r;

	for (ssize_t i = 0; i < n; i++) {
		size |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
		if (bytes[i] & 0x80)
			continue;
		r = text_read(file, *at + (uint64_t)i + 1, size, ret_text);
		*at += (uint64_t)i + 1 + size;
		return r;
	}
	return n < 0 ? (int)n : -EBADMSG;
}

static int inline_texts(const struct elf *elf, uint64_t at, struct text *ret_version, struct text *ret_modules)
{
	int r;

	at += INLINE_AT;
	r = inline_text(elf->file, &at, ret_version);
	return r < 0 ? r : inline_text(elf->file, &at, ret_modules);
}

/* A Go string: a pointer to its bytes, and how many. -ENOENT: it is not in the file. */
static int string_read(const struct elf *elf, uint64_t address, size_t pointer, struct text *ret_text)
{
	uint8_t bytes[16];
	struct elf_part part;
	uint64_t size;
	int r = elf_address_find(elf, address, &part);

	if (r < 0)
		return r;
	if (part.size < 2 * pointer || tree_pread(elf->file, bytes, 2 * pointer, part.offset) != (ssize_t)(2 * pointer))
		return -EBADMSG;
	size = elf_number(elf, bytes + pointer, pointer);
	if (size == 0)
		return text_read(elf->file, 0, 0, ret_text);
	r = elf_address_find(elf, elf_number(elf, bytes, pointer), &part);
	if (r < 0 || size > part.size)
		return r == 0 || r == -ENOENT ? -EBADMSG : r;
	return text_read(elf->file, part.offset, size, ret_text);
}

/* A program of no modules has no such string but in memory. */
static int pointed_texts(const struct elf *elf, const uint8_t *head, struct text *ret_version, struct text *ret_modules)
{
	const size_t pointer = head[MAGIC_SIZE];
	const uint8_t *pointers = head + POINTERS_AT;
	struct elf as_told = *elf;
	int r;

	if (pointer != 4 && pointer != 8)
		return -EBADMSG;
	as_told.big_endian = head[MAGIC_SIZE + 1] & FLAG_BIG;
	r = string_read(&as_told, elf_number(&as_told, pointers, pointer), pointer, ret_version);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	r = string_read(&as_told, elf_number(&as_told, pointers + pointer, pointer), pointer, ret_modules);
	return r == -ENOENT ? text_read(elf->file, 0, 0, ret_modules) : r;
}

/* The guards that mark the text in memory are not of it; without them it is none. */
static void guards_cut(struct text *text)
{
	if (text->size < 2 * GUARD_SIZE + 1 || text->bytes[text->size - GUARD_SIZE - 1] != '\n') {
		text->size = 0;
	} else {
		text->size -= 2 * GUARD_SIZE;
		memmove(text->bytes, text->bytes + GUARD_SIZE, text->size);
	}
	text->bytes[text->size] = '\0';
}

/* ---- where it is ---- */

static int place_find(const struct elf *elf, struct elf_part *ret_part)
{
	int r = elf_section_find(elf, ".go.buildinfo", ret_part);

	if (r == -EBADMSG)
		r = elf_data_find(elf, ret_part);
	return r == -EBADMSG || r == -ENOENT ? -ENOEXEC : r;
}

/* The 32 bytes that it begins with, and where they are. */
struct head {
	uint8_t bytes[HEAD_SIZE];
	uint64_t at;
};

static int head_find(const struct elf *elf, const struct elf_part *part, struct head *ret_head)
{
	size_t size = part->size < BUILDINFO_SEARCH_MAX ? (size_t)part->size : BUILDINFO_SEARCH_MAX;
	_cleanup_free_ uint8_t *bytes = malloc(size + 1);
	ssize_t n;

	if (!bytes)
		return -ENOMEM;
	n = tree_pread(elf->file, bytes, size, part->offset);
	if (n < 0)
		return (int)n;
	for (size_t at = 0; at + HEAD_SIZE <= (size_t)n; at += ALIGNMENT) {
		if (memcmp(bytes + at, MAGIC, MAGIC_SIZE) != 0)
			continue;
		memcpy(ret_head->bytes, bytes + at, HEAD_SIZE);
		ret_head->at = part->offset + at;
		return 0;
	}
	return -ENOEXEC;
}

static int texts_read(const struct elf *elf, const struct head *head, struct text *version, struct text *modules)
{
	int r = head->bytes[MAGIC_SIZE + 1] & FLAG_INLINE ? inline_texts(elf, head->at, version, modules)
							  : pointed_texts(elf, head->bytes, version, modules);

	if (r < 0)
		return r;
	guards_cut(modules);
	return strlen(version->bytes) == version->size && strlen(modules->bytes) == modules->size ? 0 : -EBADMSG;
}

static int head_read(const struct tree_file *file, struct elf *ret_elf, struct head *ret_head)
{
	struct elf_part part;
	int r = elf_open(file, ret_elf);

	if (r == 0)
		r = place_find(ret_elf, &part);
	return r < 0 ? r : head_find(ret_elf, &part, ret_head);
}

int buildinfo_read(const struct tree_file *file, struct buildinfo *ret_info)
{
	struct text version = { NULL }, modules = { NULL };
	struct buildinfo info;
	struct head head;
	struct elf elf;
	int r = head_read(file, &elf, &head);

	if (r < 0)
		return r;
	r = texts_read(&elf, &head, &version, &modules);
	info = (struct buildinfo){ version.bytes, modules.bytes };
	if (r < 0)
		buildinfo_clear(&info);
	else
		*ret_info = info;
	return r;
}

/* ---- modules ---- */

/* "dep\tPATH\tVERSION\tSUM" and the like, ended in place; what is missing is "". */
struct line {
	const char *kind, *path, *version;
};

static char *field_take(char **at)
{
	char *field = *at, *end = field + strcspn(field, "\t");

	*at = *end ? end + 1 : end;
	*end = '\0';
	return field;
}

static struct line line_take(char **text)
{
	char *at = *text, *end = at + strcspn(at, "\n");
	struct line line;

	*text = *end ? end + 1 : end;
	*end = '\0';
	line.kind = field_take(&at);
	line.path = field_take(&at);
	line.version = field_take(&at);
	return line;
}

/* A path that is no module's but a directory's (go.dev/ref/mod, "replace"). */
static bool is_directory(const char *path)
{
	return path[0] == '/' || (path[0] == '.' && (path[1] == '/' || (path[1] == '.' && path[2] == '/') || !path[1]));
}

/* The modules as they are read: one is given when the line behind it is known. */
struct reading {
	int (*call)(const char *path, const char *version, void *data);
	void *data;
	struct line module; /* that waits; kind NULL: none */
	size_t count;
	bool is_damaged;
};

static int module_give(struct reading *reading)
{
	struct line module = reading->module;

	reading->module.kind = NULL;
	if (!module.kind)
		return 0;
	if (++reading->count > BUILDINFO_MODULES_MAX)
		return -E2BIG;
	return reading->call(module.path, module.version, reading->data);
}

static int module_take(struct reading *reading, const struct line *line)
{
	int r = module_give(reading);

	if (*line->path)
		reading->module = *line;
	else
		reading->is_damaged = true;
	return r;
}

static int replacement_take(struct reading *reading, const struct line *line)
{
	if (!reading->module.kind || !*line->path)
		reading->is_damaged = true;
	else if (is_directory(line->path))
		reading->module.version = "(devel)";
	else
		reading->module = *line;
	return module_give(reading);
}

/* Lines of other kinds say nothing that is asked. */
static const struct {
	const char *kind;
	int (*take)(struct reading *reading, const struct line *line);
} kinds[] = { { "mod", module_take }, { "dep", module_take }, { "=>", replacement_take } };

int buildinfo_modules(char *text, int (*call)(const char *path, const char *version, void *data), void *data)
{
	struct reading reading = { .call = call, .data = data };
	int r = 0;

	while (r == 0 && *text) {
		struct line line = line_take(&text);

		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strcmp(line.kind, kinds[i].kind) == 0)
				r = kinds[i].take(&reading, &line);
	}
	if (r == 0)
		r = module_give(&reading);
	return r == 0 && reading.is_damaged ? -EBADMSG : r;
}
