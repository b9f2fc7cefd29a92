// SPDX-License-Identifier: Apache-2.0
#include "history/line.h"

#include <stdint.h>
#include <string.h>

#define BEGINNING "{\"@timestamp\":\""

const char *line_time(const char *line, size_t size)
{
	size_t before = strlen(BEGINNING);

	if (size <= before + LINE_TIME_SIZE || memcmp(line, BEGINNING, before) != 0 ||
	    line[before + LINE_TIME_SIZE] != '"' || line[before + LINE_TIME_SIZE - 1] != 'Z')
		return NULL;
	return line + before;
}

/* Behind the string that begins at `at` (its quote); `size` where it has no end. */
static size_t string_end(const char *line, size_t size, size_t at)
{
	for (at++; at < size && line[at] != '"'; at++) {
		if ((unsigned char)line[at] < ' ')
			return size;
		at += line[at] == '\\';
	}
	return at < size ? at + 1 : size;
}

bool line_is_whole(const char *line, size_t size)
{
	uint64_t lists = 0; /* a bit for each open bracket: set for [ */
	unsigned depth = 0;
	size_t at = 0;

	if (size < 2 || line[0] != '{' || line[size - 1] != '}')
		return false;
	while (at < size) {
		char c = line[at];

		if (c == '"') {
			at = string_end(line, size, at);
			continue;
		}
		if ((unsigned char)c < ' ')
			return false;
		if (c == '{' || c == '[') {
			if (depth == 64)
				return false;
			lists = lists << 1 | (c == '[');
			depth++;
		} else if (c == '}' || c == ']') {
			if ((lists & 1) != (c == ']'))
				return false;
			lists >>= 1;
			if (--depth == 0)
				return at + 1 == size;
		}
		at++;
	}
	return false;
}
