// SPDX-License-Identifier: Apache-2.0
#include "inventory/os_release.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/tree.h"

#define SIZE_MAX_READ (64u << 10)

static const char *const paths[] = { "/etc/os-release", "/usr/lib/os-release" };

static const struct variable {
	const char *name;
	size_t field;
} variables[] = {
	{ "ID", offsetof(struct os_release, id) },
	{ "VERSION_ID", offsetof(struct os_release, version) },
	{ "PRETTY_NAME", offsetof(struct os_release, name) },
};

static char **field_of(struct os_release *release, size_t field)
{
	return (char **)((char *)release + field);
}

/* Does the backslash before it go? Between double quotes only before a few. */
static bool is_escaped(char byte, char quote)
{
	return byte && (!quote || (quote == '"' && strchr("$\"\\`", byte)));
}

/* As a shell takes an assignment's value, in place; it ends at a blank outside of quotes. Nothing is substituted. */
static char *unquoted(char *value)
{
	char *out = value, quote = '\0';

	for (const char *at = value; *at; at++) {
		if (quote ? *at == quote : (*at == '"' || *at == '\''))
			quote = quote ? '\0' : *at;
		else if (!quote && strchr(" \t\r", *at))
			break;
		else if (*at == '\\' && is_escaped(at[1], quote))
			*out++ = *++at;
		else
			*out++ = *at;
	}
	*out = '\0';
	return value;
}

/* 0 or -ENOMEM. */
static int variable_set(char **field, char *value)
{
	char *copy = strdup(unquoted(value));

	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	if (!*copy)
		free(take_ptr(*field));
	return 0;
}

int os_release_parse(struct lines *lines, struct os_release *release)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = lines_next(lines))) {
		char *equals;

		line += strspn(line, " \t");
		equals = strchr(line, '=');
		if (!equals)
			continue;
		*equals = '\0';
		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(variables); i++)
			if (strcmp(line, variables[i].name) == 0)
				r = variable_set(field_of(release, variables[i].field), equals + 1);
	}
	return r;
}

int os_release_read(struct tree *tree, struct os_release *ret_release)
{
	struct os_release release = { 0 };
	_cleanup_free_ char *text = NULL;
	struct lines lines;
	size_t size;
	int r = -ENOENT;

	for (size_t i = 0; r < 0 && r != -ENOMEM && i < ARRAY_SIZE(paths); i++)
		r = tree_read(tree, paths[i], SIZE_MAX_READ, &text, &size);
	if (r == 0) {
		lines_begin(&lines, text, size);
		r = os_release_parse(&lines, &release);
	}
	if (r == -ENOMEM) {
		os_release_clear(&release);
		return r;
	}
	*ret_release = release;
	return 0;
}

void os_release_clear(struct os_release *release)
{
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		free(*field_of(release, variables[i].field));
	*release = (struct os_release){ 0 };
}
