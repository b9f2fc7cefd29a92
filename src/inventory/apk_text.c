// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inventory/apk.h"

/* A paragraph as far as it is read. */
struct reading {
	struct lines *lines;
	const struct apk_calls *calls;
	void *data;
	struct apk_package package;
	struct apk_file file; /* waits for its lines: name NULL: none */
	bool is_given;        /* the package */
	bool has_lines;
	bool is_cut_digest; /* "f:S": its checksums are the first 20 bytes of a SHA-256 */
};

static int bad(struct reading *reading, const char *why)
{
	lines_bad(reading->lines, reading->lines->number, why);
	return 0;
}

/* Gives what waits. */
static int file_end(struct reading *reading)
{
	struct apk_file file = reading->file;

	reading->file = (struct apk_file){ .directory = file.directory };
	return file.name ? reading->calls->file(&file, reading->data) : 0;
}

static int package_give(struct reading *reading)
{
	const struct apk_package *package = &reading->package;

	if (reading->is_given || !package->name)
		return 0;
	reading->is_given = true;
	if (!package->version)
		(void)bad(reading, "belongs to a package without a version");
	return reading->calls->package(package, reading->data);
}

/* ---- one line each ---- */

static int take_name(struct reading *reading, const char *value)
{
	if (!*value || strchr(value, '/') || reading->package.name)
		return bad(reading, "is no name of a package");
	reading->package.name = value;
	return 0;
}

static int take_flags(struct reading *reading, const char *value)
{
	reading->is_cut_digest = strchr(value, 'S');
	return 0;
}

static int take_directory(struct reading *reading, const char *value)
{
	int r = file_end(reading);

	reading->file.directory = value;
	return r < 0 ? r : package_give(reading);
}

static int take_file(struct reading *reading, const char *value)
{
	int r = file_end(reading);

	if (r < 0)
		return r;
	if (!reading->is_given || !reading->file.directory || !*value || strchr(value, '/'))
		return bad(reading, "is no file of a package");
	reading->file.name = value;
	return 0;
}

/* "uid:gid:mode", then perhaps more. */
static int take_access(struct reading *reading, const char *value)
{
	const char *mode = strchr(value, ':');

	mode = mode ? strchr(mode + 1, ':') : NULL;
	if (!mode)
		return bad(reading, "gives no mode");
	reading->file.is_link_perhaps = (strtoul(mode + 1, NULL, 8) & 0777) == 0777;
	return 0;
}

static int take_digest(struct reading *reading, const char *value)
{
	static const struct {
		const char *prefix;
		enum digest_kind kind;
	} kinds[] = { { "Q1", DIGEST_SHA1 }, { "Q2", DIGEST_SHA256 } };

	if (!reading->file.name)
		return bad(reading, "is a checksum of no file");
	if (reading->is_cut_digest)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strncmp(value, kinds[i].prefix, 2) == 0 &&
		    digest_from_base64(kinds[i].kind, value + 2, strlen(value + 2), &reading->file.digest) == 0)
			return 0;
	return bad(reading, "is no checksum");
}

#define TEXT(name)                                                                                                     \
	{                                                                                                              \
		.text = offsetof(struct apk_package, name)                                                             \
	}

_Static_assert(offsetof(struct apk_package, name) == 0, "where a row has no text");

/* Lines of other letters say nothing that is asked. */
static const struct row {
	int (*take)(struct reading *reading, const char *value);
	size_t text; /* else, where the value goes */
} rows[128] = {
	['P'] = { take_name },   ['V'] = TEXT(version),   ['A'] = TEXT(architecture), ['L'] = TEXT(license),
	['o'] = TEXT(origin),    ['f'] = { take_flags },  ['F'] = { take_directory }, ['R'] = { take_file },
	['a'] = { take_access }, ['Z'] = { take_digest },
};

static int paragraph_end(struct reading *reading)
{
	int r = file_end(reading);

	if (r == 0)
		r = package_give(reading);
	if (reading->has_lines && !reading->package.name)
		(void)bad(reading, "ends a package without a name");
	reading->package = (struct apk_package){ 0 };
	reading->file = (struct apk_file){ 0 };
	reading->is_given = reading->is_cut_digest = reading->has_lines = false;
	return r;
}

static int line_take(struct reading *reading, const char *line)
{
	unsigned char letter = (unsigned char)line[0];
	const struct row *row = &rows[letter % ARRAY_SIZE(rows)];
	const char *value;

	if (!letter)
		return paragraph_end(reading);
	if (letter >= ARRAY_SIZE(rows) || line[1] != ':')
		return bad(reading, "is no field");
	reading->has_lines = true;
	value = line + 2;
	if (row->take)
		return row->take(reading, value);
	if (row->text)
		*(const char **)((char *)&reading->package + row->text) = *value ? value : NULL;
	return 0;
}

int apk_installed(struct lines *lines, const struct apk_calls *calls, void *data)
{
	struct reading reading = { .lines = lines, .calls = calls, .data = data };
	const char *line;
	int r = 0;

	while (r == 0 && (line = lines_next(lines)))
		r = line_take(&reading, line);
	return r ? r : paragraph_end(&reading);
}
