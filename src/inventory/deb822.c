// SPDX-License-Identifier: Apache-2.0
#include "inventory/deb822.h"

#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

static size_t field_find(const char *const *names, size_t count, const char *name, size_t length)
{
	size_t i = 0;

	while (i < count && (strncasecmp(names[i], name, length) != 0 || names[i][length]))
		i++;
	return i;
}

/* "Name: value"; what no one asks for is passed over. */
static void field_take(struct lines *lines, char *line, const char *const *names, size_t count, char **values)
{
	size_t length = strcspn(line, ": \t"), field;

	if (length == 0 || line[length] != ':') {
		lines_bad(lines, lines->number, "is no field");
		return;
	}
	field = field_find(names, count, line, length);
	if (field == count)
		return;
	if (values[field])
		lines_bad(lines, lines->number, "says a field again");
	else
		values[field] = line + length + 1;
}

static char *trimmed(char *value)
{
	size_t length;

	value += strspn(value, " \t");
	length = strlen(value);
	while (length > 0 && strchr(BLANKS, value[length - 1]))
		length--;
	value[length] = '\0';
	return value;
}

bool deb822_next(struct lines *lines, const char *const *names, size_t count, char **ret_values, size_t *ret_line)
{
	size_t begin = 0;
	char *line;

	memset(ret_values, 0, count * sizeof(*ret_values));
	while ((line = lines_next(lines))) {
		if (!*line) {
			if (begin)
				break;
		} else if (*line == '#') {
			continue;
		} else if (*line != ' ' && *line != '\t') {
			begin = begin ? begin : lines->number;
			field_take(lines, line, names, count, ret_values);
		} else if (begin) {
			line[-1] = '\n'; /* the value goes on */
		} else {
			lines_bad(lines, lines->number, "goes on with nothing");
		}
	}
	for (size_t i = 0; i < count; i++)
		if (ret_values[i])
			ret_values[i] = trimmed(ret_values[i]);
	*ret_line = begin;
	return begin;
}
