// SPDX-License-Identifier: Apache-2.0
#include "inventory/lines.h"

#include <string.h>

/* Looked for once in all of it: nearly always there is none, and no line has to be gone over again. */
static const char *nul_find(const char *from, const char *end)
{
	const char *nul = from < end ? memchr(from, '\0', (size_t)(end - from)) : NULL;

	return nul ? nul : end;
}

void lines_begin(struct lines *lines, char *text, size_t size)
{
	*lines = (struct lines){ .at = text, .end = text + size, .nul = nul_find(text, text + size) };
}

char *lines_next(struct lines *lines)
{
	while (lines->at < lines->end) {
		char *line = lines->at, *end = memchr(line, '\n', (size_t)(lines->end - line));

		lines->is_unended = !end;
		if (!end)
			end = lines->end;
		*end = '\0';
		lines->at = end + 1;
		lines->number++;
		if (lines->nul >= end)
			return line;
		lines->nul = nul_find(end + 1, lines->end);
		lines_bad(lines, lines->number, "has a NUL in it");
	}
	return NULL;
}

void lines_end(struct lines *lines)
{
	if (lines->is_unended)
		lines_bad(lines, lines->number, "is cut short");
}

void lines_bad(struct lines *lines, size_t number, const char *why)
{
	if (lines->bad++ && lines->first <= number)
		return;
	lines->first = number;
	lines->why = why;
}
