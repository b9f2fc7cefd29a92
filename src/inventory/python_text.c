// SPDX-License-Identifier: Apache-2.0
#include "inventory/python.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- metadata ---- */

#define CLASSIFIER "License ::"

/* The last part of "License :: OSI Approved :: MIT License". */
static const char *classifier_license(const char *value)
{
	const char *last = value;

	if (strncmp(value, CLASSIFIER, strlen(CLASSIFIER)) != 0)
		return NULL;
	for (const char *at = value; (at = strstr(at, ":: ")); at += 3)
		last = at + 3;
	return last;
}

static const char *field_value(char *line, const char *name)
{
	size_t size = strlen(name);

	if (strncasecmp(line, name, size) != 0 || line[size] != ':')
		return NULL;
	line += size + 1;
	return line + strspn(line, " \t");
}

void python_metadata(struct lines *lines, struct python_metadata *ret_metadata)
{
	struct python_metadata metadata = { 0 };
	const struct {
		const char *field;
		const char **value;
	} fields[] = {
		{ "Name", &metadata.name },
		{ "Version", &metadata.version },
		{ "License-Expression", &metadata.license },
		{ "License", &metadata.license },
	};
	const char *classified = NULL, *value;
	char *line;

	while ((line = lines_next(lines)) && *line) {
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			value = field_value(line, fields[i].field);
			if (value && *value && !*fields[i].value)
				*fields[i].value = value;
		}
		value = field_value(line, "Classifier");
		if (value && !classified)
			classified = classifier_license(value);
	}
	if (!metadata.license)
		metadata.license = classified;
	*ret_metadata = metadata;
}

/* ---- record ---- */

/* Takes one field off the line, quotes undone in place; NULL: a quote is not closed. */
static char *field_take(char **line)
{
	char *begin = *line, *to = begin, *at = begin;
	bool quoted = *at == '"';

	if (!quoted) {
		at += strcspn(at, ",");
		*line = *at ? at + 1 : at;
		*at = '\0';
		return begin;
	}
	for (at++; *at; at++) {
		if (*at == '"' && at[1] == '"')
			at++;
		else if (*at == '"')
			break;
		*to++ = *at;
	}
	if (*at != '"')
		return NULL;
	at++;
	*line = *at == ',' ? at + 1 : at;
	*to = '\0';
	return begin;
}

/* "sha256=URL-safe base64" */
static struct digest digest_of(const char *field)
{
	struct digest digest = { .kind = DIGEST_NONE };
	const char *equals = strchr(field, '=');

	for (int kind = DIGEST_NONE + 1; equals && kind < DIGEST_KINDS; kind++) {
		const char *name = digest_name((enum digest_kind)kind);

		if (strncmp(field, name, (size_t)(equals - field)) == 0 && strlen(name) == (size_t)(equals - field))
			(void)digest_from_base64((enum digest_kind)kind, equals + 1, strlen(equals + 1), &digest);
	}
	return digest;
}

int python_record(struct lines *lines, int (*call)(const char *path, const struct digest *digest, void *data),
		  void *data)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = lines_next(lines))) {
		struct digest digest;
		char *path, *hash;

		line[strcspn(line, "\r")] = '\0';
		if (!*line)
			continue;
		path = field_take(&line);
		hash = path ? field_take(&line) : NULL;
		if (!hash || !*path) {
			lines_bad(lines, lines->number, "names no file");
			continue;
		}
		digest = digest_of(hash);
		r = call(path, &digest, data);
	}
	return r;
}

int python_path(const char *base, const char *field, char ret_path[static PATH_MAX])
{
	char path[PATH_MAX];
	size_t length = 0;
	const char *part = field[0] == '/' ? "" : base;

	for (int turn = 0; turn < 2; turn++, part = field)
		while (*part) {
			size_t size = strcspn(part, "/");

			if (size == 2 && part[0] == '.' && part[1] == '.') {
				if (length == 0)
					return -EINVAL;
				while (path[--length] != '/')
					;
			} else if (size > 0 && !(size == 1 && part[0] == '.')) {
				if (length + size + 2 > sizeof(path))
					return -EINVAL;
				path[length++] = '/';
				memcpy(path + length, part, size);
				length += size;
			}
			part += size + (part[size] == '/');
		}
	if (length == 0)
		return -EINVAL;
	memcpy(ret_path, path, length);
	ret_path[length] = '\0';
	return 0;
}
