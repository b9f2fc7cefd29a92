// SPDX-License-Identifier: Apache-2.0
#include "inventory/python.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- metadata ---- */

/* Fields as far as they are read: what is there twice counts once. */
enum { NAME, VERSION, EXPRESSION, LICENSE, FIELDS };

static const char *const field_names[FIELDS] = {
	[NAME] = "Name", [VERSION] = "Version", [EXPRESSION] = "License-Expression", [LICENSE] = "License"
};

/* What stands behind "NAME:", or NULL. */
static char *field_value(char *line, const char *name)
{
	size_t size = strlen(name);

	if (strncasecmp(line, name, size) != 0 || line[size] != ':')
		return NULL;
	line += size + 1;
	return line + strspn(line, " \t");
}

static void trim_end(char *line)
{
	size_t length = strlen(line);

	while (length > 0 && strchr(" \t\r", line[length - 1]))
		length--;
	line[length] = '\0';
}

static void field_take(char *line, const char *values[static FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++) {
		char *value = field_value(line, field_names[i]);

		if (!value || values[i])
			continue;
		trim_end(value);
		/* What older tools write for nothing. */
		if (*value && strcmp(value, "UNKNOWN") != 0)
			values[i] = value;
	}
}

/* Adds the last part of "License :: OSI Approved :: MIT License"; "OSI Approved" alone names none. */
static void classifier_add(char *value, char classifiers[static PYTHON_LICENSE_MAX])
{
	const char *last = value, *before = *classifiers ? ", " : "";
	size_t size = strlen(classifiers);

	if (strncmp(value, "License :: ", strlen("License :: ")) != 0)
		return;
	trim_end(value);
	for (const char *at = value; (at = strstr(at, "::")); at += 2)
		last = at + 2;
	last += strspn(last, " \t");
	if (!*last || strcmp(last, "OSI Approved") == 0 || strlen(before) + strlen(last) >= PYTHON_LICENSE_MAX - size)
		return;
	(void)stpcpy(stpcpy(classifiers + size, before), last);
}

void python_metadata(struct lines *lines, struct python_metadata *ret_metadata)
{
	const char *values[FIELDS] = { NULL }, *license;
	bool is_license = false, is_text = false; /* the field of this line; that goes on */
	char *line, *value;

	ret_metadata->classifiers[0] = '\0';
	while ((line = lines_next(lines)) && *line && strcmp(line, "\r") != 0) {
		if (*line == ' ' || *line == '\t') {
			is_text |= is_license;
			continue;
		}
		is_license = field_value(line, field_names[LICENSE]);
		field_take(line, values);
		value = field_value(line, "Classifier");
		if (value)
			classifier_add(value, ret_metadata->classifiers);
	}
	license = *ret_metadata->classifiers ? ret_metadata->classifiers : values[LICENSE];
	if (values[LICENSE] && !is_text)
		license = values[LICENSE];
	ret_metadata->license = values[EXPRESSION] ?: license;
	ret_metadata->name = values[NAME];
	ret_metadata->version = values[VERSION];
}

/* ---- lists of files ---- */

/* Takes one field off the line, quotes undone in place; NULL: a quote is not closed, or not at the field's end. */
static char *field_next(char **line)
{
	char *begin = *line, *to = begin, *at = begin;
	bool closed = false;

	if (*at != '"') {
		at += strcspn(at, ",");
		*line = *at ? at + 1 : at;
		*at = '\0';
		return begin;
	}
	for (at++; *at && !closed; at++) {
		closed = *at == '"' && at[1] != '"';
		at += *at == '"' && !closed;
		*to = *at;
		to += !closed;
	}
	if (!closed || (*at && *at != ','))
		return NULL;
	*line = *at ? at + 1 : at;
	*to = '\0';
	return begin;
}

/* "sha256=URL-safe base64", or in hex, as Debian's tools write it. False: of a kind that is known, and damaged. */
static bool digest_take(const char *field, struct digest *ret_digest)
{
	size_t size = strcspn(field, "=");

	for (int kind = DIGEST_NONE + 1; field[size] && kind < DIGEST_KINDS; kind++) {
		const char *name = digest_name((enum digest_kind)kind), *value = field + size + 1;

		if (strncmp(field, name, size) == 0 && name[size] == '\0')
			return digest_from_base64((enum digest_kind)kind, value, strlen(value), ret_digest) == 0 ||
			       digest_from_hex((enum digest_kind)kind, value, strlen(value), ret_digest) == 0;
	}
	return true;
}

/* A line that names a file, without its end; NULL: there is none any more. */
static char *list_next(struct lines *lines)
{
	char *line;

	while ((line = lines_next(lines))) {
		size_t length = strlen(line);

		if (lines->number > PYTHON_FILES_MAX) {
			lines_bad(lines, lines->number, "is one more than are taken");
			return NULL;
		}
		if (length > 0 && line[length - 1] == '\r')
			line[length - 1] = '\0';
		if (*line)
			return line;
	}
	return NULL;
}

static int file_give(struct lines *lines, const char *file, const struct digest *digest, python_file_call *call,
		     void *data)
{
	int r = call(file, digest, data);

	if (r != -EINVAL)
		return r;
	lines_bad(lines, lines->number, "leads nowhere");
	return 0;
}

int python_record(struct lines *lines, python_file_call *call, void *data)
{
	char *line;
	int r = 0;

	while (r == 0 && (line = list_next(lines))) {
		struct digest digest = { .kind = DIGEST_NONE };
		char *file = field_next(&line), *hash = file ? field_next(&line) : NULL;

		if (!hash || !*file) {
			lines_bad(lines, lines->number, "names no file");
			continue;
		}
		if (!digest_take(hash, &digest))
			lines_bad(lines, lines->number, "has a digest that is none");
		r = file_give(lines, file, &digest, call, data);
	}
	return r;
}

int python_installed(struct lines *lines, python_file_call *call, void *data)
{
	static const struct digest none = { .kind = DIGEST_NONE };
	const char *line;
	int r = 0;

	while (r == 0 && (line = list_next(lines)))
		r = file_give(lines, line, &none, call, data);
	return r;
}

/* ---- paths ---- */

/* A path that is being made; it has no NUL, and none of its parts is "." or "..". */
struct making {
	char path[PATH_MAX];
	size_t length;
};

static int part_add(struct making *making, const char *part, size_t size)
{
	if (size == 0 || (size == 1 && part[0] == '.'))
		return 0;
	if (size == 2 && part[0] == '.' && part[1] == '.') {
		if (making->length == 0)
			return -EINVAL;
		while (making->path[--making->length] != '/')
			;
		return 0;
	}
	if (making->length + size + 2 > sizeof(making->path))
		return -EINVAL;
	making->path[making->length] = '/';
	memcpy(making->path + making->length + 1, part, size);
	making->length += 1 + size;
	return 0;
}

static int parts_add(struct making *making, const char *parts)
{
	int r = 0;

	while (r == 0 && *parts) {
		size_t size = strcspn(parts, "/");

		r = part_add(making, parts, size);
		parts += size + (parts[size] == '/');
	}
	return r;
}

int python_path(const char *base, const char *file, char ret_path[static PATH_MAX])
{
	struct making making = { .length = 0 };
	int r = parts_add(&making, file[0] == '/' ? "" : base);

	if (r == 0)
		r = parts_add(&making, file);
	if (r < 0 || making.length == 0)
		return -EINVAL;
	memcpy(ret_path, making.path, making.length);
	ret_path[making.length] = '\0';
	return 0;
}
