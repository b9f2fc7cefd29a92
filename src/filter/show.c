// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "filter/internal.h"
#include "output/cell.h"
#include "output/escape.h"

#define LEFT  40 /* columns of the expression that are shown before the place, and from there on */
#define RIGHT 40
#define MORE  "..."

/* Latin, Greek and Cyrillic letters that are one column wide wherever they are shown; of others that is not known. */
static bool is_one_column(uint32_t code)
{
	return code < 0x300 || (code >= 0x370 && code < 0x483);
}

/* Appends the first character, and returns its length. A backslash is the writer's own, and stays one. */
static size_t character_show(const char *text, struct buffer *out)
{
	uint32_t code = 0;
	size_t length = utf8_decode(text, strnlen(text, 4), &code);
	char one[5] = "";

	memcpy(one, text, length ? length : 1);
	if (code == '\\') {
		buffer_byte(out, '\\');
	} else if (length > 1 && !is_one_column(code)) {
		buffer_string(out, "\\u{");
		buffer_hex(out, code, 4);
		buffer_byte(out, '}');
	} else {
		escape_append(out, one, ESCAPE_TEXT);
	}
	return length ? length : 1;
}

static void shown_before(const char *text, size_t offset, struct buffer *out)
{
	_cleanup_buffer_ struct buffer all = { .limit = 16 * FILTER_SIZE };
	size_t at = 0, columns;

	if (buffer_reserve(&all, 1) < 0)
		return;
	while (at < offset && all.error == 0)
		at += character_show(text + at, &all);
	columns = cell_width(all.data, all.size);
	at = 0;
	if (columns > LEFT)
		buffer_string(out, MORE);
	for (; columns > LEFT; columns -= cell_width(all.data + at, 1), at++)
		;
	while (at < all.size && cell_width(all.data + at, 1) == 0)
		at++; /* the rest of the last one that is left out */
	buffer_append(out, all.data + at, all.size - at);
}

static void shown_behind(const char *text, struct buffer *out)
{
	size_t begin = out->size;

	while (*text && out->error == 0 && cell_width(out->data + begin, out->size - begin) < RIGHT)
		text += character_show(text, out);
	if (*text)
		buffer_string(out, MORE);
}

void filter_show(const char *text, const struct filter_error *error, struct buffer *out)
{
	size_t begin = out->size, columns;

	if (error->offset == FILTER_NOWHERE || buffer_reserve(out, 1) < 0)
		return;
	shown_before(text, error->offset, out);
	columns = cell_width(out->data + begin, out->size - begin);
	shown_behind(text + error->offset, out);
	buffer_byte(out, '\n');
	for (size_t i = 0; i < columns; i++)
		buffer_byte(out, ' ');
	buffer_string(out, "^\n");
}
