// SPDX-License-Identifier: Apache-2.0
#include "inventory/buildinfo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/elf.h"

#define MAGIC        "\xff Go buildinf:"
#define HEAD_SIZE    32
#define FLAG_BIG     1
#define FLAG_INLINE  2
#define GUARD_SIZE   16 /* around the text of modules */
#define VARINT_BYTES 10

void buildinfo_clear(struct buildinfo *info)
{
	free(info->version);
	free(info->modules);
	*info = (struct buildinfo){ 0 };
}

static int text_read(const struct tree_file *file, uint64_t at, uint64_t size, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	ssize_t n;

	if (size > BUILDINFO_TEXT_MAX || at > file->size || size > file->size - at)
		return -ENOENT;
	text = malloc((size_t)size + 1);
	if (!text)
		return -ENOMEM;
	n = tree_pread(file, text, (size_t)size, at);
	if (n < 0 || (uint64_t)n != size)
		return n < 0 ? (int)n : -ENOENT;
	text[size] = '\0';
	*ret_text = take_ptr(text);
	return 0;
}

/* A length and that many bytes; *at goes behind them. */
static int inline_text(const struct tree_file *file, uint64_t *at, char **ret_text, uint64_t *ret_size)
{
	uint8_t bytes[VARINT_BYTES];
	ssize_t n = tree_pread(file, bytes, sizeof(bytes), *at);
	uint64_t size = 0;
	int r;

	for (ssize_t i = 0; i < n && i < 9; i++) {
		size |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
		if (bytes[i] & 0x80)
			continue;
		r = text_read(file, *at + (uint64_t)i + 1, size, ret_text);
		*at += (uint64_t)i + 1 + size;
		*ret_size = size;
		return r;
	}
	return n < 0 ? (int)n : -ENOENT;
}

struct pointers {
	size_t size; /* 4 or 8 */
	bool big_endian;
};

static uint64_t pointer_at(const struct pointers *pointers, const uint8_t *bytes)
{
	uint64_t number = 0;

	for (size_t i = 0; i < pointers->size; i++)
		number = number << 8 | bytes[pointers->big_endian ? i : pointers->size - 1 - i];
	return number;
}

/* A pointer to a string: which is a pointer and a length. */
static int pointed_text(const struct tree_file *file, const struct pointers *pointers, const uint8_t *pointer,
			char **ret_text, uint64_t *ret_size)
{
	uint8_t bytes[16];
	uint64_t offset, room;
	int r = elf_address_find(file, pointer_at(pointers, pointer), &offset, &room);

	if (r < 0 || room < 2 * pointers->size)
		return r < 0 ? r : -ENOENT;
	if (tree_pread(file, bytes, 2 * pointers->size, offset) != (ssize_t)(2 * pointers->size))
		return -ENOENT;
	*ret_size = pointer_at(pointers, bytes + pointers->size);
	r = elf_address_find(file, pointer_at(pointers, bytes), &offset, &room);
	if (r < 0 || room < *ret_size)
		return r < 0 ? r : -ENOENT;
	return text_read(file, offset, *ret_size, ret_text);
}

/* The guards that mark the text in memory are not of it. */
static void guards_cut(char *text, uint64_t size)
{
	if (size < 2 * GUARD_SIZE + 1 || text[size - GUARD_SIZE - 1] != '\n') {
		text[0] = '\0';
		return;
	}
	memmove(text, text + GUARD_SIZE, (size_t)size - 2 * GUARD_SIZE);
	text[size - 2 * GUARD_SIZE] = '\0';
}

static int texts_read(const struct tree_file *file, const struct elf_section *section, struct buildinfo *info)
{
	uint8_t head[HEAD_SIZE];
	struct pointers pointers;
	uint64_t at = section->offset + HEAD_SIZE, size = 0;
	int r;

	if (section->size < HEAD_SIZE || tree_pread(file, head, sizeof(head), section->offset) != HEAD_SIZE ||
	    memcmp(head, MAGIC, strlen(MAGIC)) != 0)
		return -ENOENT;
	if (head[15] & FLAG_INLINE) {
		r = inline_text(file, &at, &info->version, &size);
		if (r == 0)
			r = inline_text(file, &at, &info->modules, &size);
	} else {
		pointers = (struct pointers){ head[14], head[15] & FLAG_BIG };
		if (pointers.size != 4 && pointers.size != 8)
			return -ENOENT;
		r = pointed_text(file, &pointers, head + 16, &info->version, &size);
		if (r == 0)
			r = pointed_text(file, &pointers, head + 16 + pointers.size, &info->modules, &size);
	}
	if (r == 0)
		guards_cut(info->modules, size);
	return r;
}

int buildinfo_read(const struct tree_file *file, struct buildinfo *ret_info)
{
	struct buildinfo info = { 0 };
	struct elf_section section;
	int r = elf_section_find(file, ".go.buildinfo", &section);

	if (r == 0)
		r = texts_read(file, &section, &info);
	if (r < 0)
		buildinfo_clear(&info);
	else
		*ret_info = info;
	return r;
}

/* ---- modules ---- */

/* "dep\tPATH\tVERSION\tSUM" and the like: kind, path and version, ended in place. */
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

static struct line line_parse(char *text)
{
	struct line line = { .kind = field_take(&text) };

	line.path = field_take(&text);
	line.version = field_take(&text);
	return line;
}

static bool is_module(const struct line *line)
{
	return line->kind && *line->path && (strcmp(line->kind, "mod") == 0 || strcmp(line->kind, "dep") == 0);
}

int buildinfo_modules(char *text, int (*call)(const char *path, const char *version, void *data), void *data)
{
	struct line held = { NULL, NULL, NULL };
	size_t count = 0;
	int r = 0;

	for (char *next, *at = text; r == 0 && *at && count < BUILDINFO_MODULES_MAX; at = next) {
		struct line line;

		next = at + strcspn(at, "\n");
		if (*next)
			*next++ = '\0';
		line = line_parse(at);
		if (strcmp(line.kind, "=>") == 0 && held.kind) {
			held.path = line.path;
			held.version = line.version;
			continue;
		}
		if (is_module(&held) && ++count)
			r = call(held.path, held.version, data);
		held = line;
	}
	return r == 0 && is_module(&held) ? call(held.path, held.version, data) : r;
}
