// SPDX-License-Identifier: Apache-2.0
#include "output/cell.h"

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t cell_width(const char *text, size_t size)
{
	size_t characters = 0;

	for (size_t i = 0; i < size; i++)
		characters += begins_character(text[i]);
	return characters;
}

void cell_print(FILE *out, const char *text, size_t size, size_t width, bool last)
{
	size_t characters = cell_width(text, size), from = 0;

	for (bool cut = characters > width; cut && characters > width - 1; from++)
		if (from + 1 >= size || begins_character(text[from + 1]))
			characters--;
	(void)fprintf(out, "%s%.*s", from ? "~" : "", (int)(size - from), text + from);
	characters += from > 0;
	(void)fprintf(out, "%*s", last ? 0 : (int)(characters < width ? width - characters : 0) + 2, "");
}
