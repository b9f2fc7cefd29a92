// SPDX-License-Identifier: Apache-2.0
#include "inventory/python.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inventory/source.h"

#define SOURCE "python"

/* One package on its way. */
struct python {
	const struct source_context *context;
	const char *base; /* the directory that its files are named from */
	uint32_t number;
	struct lines lines;
};

/* As the purl specification has it for pypi: lower case, "-" for "_" and ".". */
static void purl_make(const struct python_metadata *metadata, char *room, size_t size)
{
	char name[256];
	const struct purl purl = { .type = "pypi", .name = name, .version = metadata->version };
	size_t i = 0;

	for (; metadata->name[i] && i + 1 < sizeof(name); i++) {
		char c = metadata->name[i];

		name[i] = c == '_' || c == '.' ? '-' : (char)tolower((unsigned char)c);
	}
	name[i] = '\0';
	if (purl_format(&purl, room, size) < 0)
		room[0] = '\0';
}

/* 0 and python->number; -ENOENT: it is no package. */
static int package_read(struct python *python, const char *path)
{
	_cleanup_free_ char *text = NULL;
	struct python_metadata metadata;
	char purl[BUILDER_STRING_MAX];
	struct inventory_package package = { .type = PACKAGE_PYPI, .location = path };
	int r = lines_read(python->context, SOURCE, path, PYTHON_METADATA_MAX, &text, &python->lines);

	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	python_metadata(&python->lines, &metadata);
	if (!metadata.name || !metadata.version) {
		builder_note(python->context->builder, SOURCE, path, "it has no name, or no version");
		return -ENOENT;
	}
	purl_make(&metadata, purl, sizeof(purl));
	package.name = metadata.name;
	package.version = metadata.version;
	package.license = metadata.license;
	package.purl = purl[0] ? purl : NULL;
	r = builder_package(python->context->builder, &package, &python->number);
	return r == -ENOSPC || r == -EINVAL ? -ENOENT : r;
}

static int own(const char *field, const struct digest *digest, void *data)
{
	const struct python *python = data;
	const struct inventory_file file = { .digest = *digest };
	char path[PATH_MAX], canonical[PATH_MAX];
	int r;

	if (python_path(python->base, field, path) < 0 ||
	    tree_canonical(python->context->tree, path, canonical) < 0)
		return 0; /* it leads out of the root */
	r = builder_own(python->context->builder, python->number, canonical, &file);
	return r == -ENOMEM ? r : 0;
}

static int record_read(struct python *python, const char *path)
{
	_cleanup_free_ char *text = NULL;
	int r = lines_read(python->context, SOURCE, path, PYTHON_RECORD_MAX, &text, &python->lines);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = python_record(&python->lines, own, python);
	lines_note(&python->lines, python->context->builder, SOURCE, path);
	return r;
}

/* A name a line, from the egg-info directory itself. */
static int installed_read(struct python *python, const char *path)
{
	static const struct digest none = { .kind = DIGEST_NONE };
	_cleanup_free_ char *text = NULL;
	char *line;
	int r = lines_read(python->context, SOURCE, path, PYTHON_RECORD_MAX, &text, &python->lines);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	while (r == 0 && (line = lines_next(&python->lines)))
		r = *line ? own(line, &none, python) : 0;
	lines_note(&python->lines, python->context->builder, SOURCE, path);
	return r;
}

/* What a kind of directory, or file, keeps where. */
static const struct shape {
	const char *end; /* of its name */
	enum tree_type type;
	const char *metadata; /* in it; "": it is that itself */
	const char *files;    /* NULL: it names none */
	int (*read)(struct python *python, const char *path);
	bool inside; /* files are named from it, not from where it lies */
} shapes[] = {
	{ ".dist-info", TREE_DIRECTORY, "/METADATA", "/RECORD", record_read, false },
	{ ".egg-info", TREE_DIRECTORY, "/PKG-INFO", "/installed-files.txt", installed_read, true },
	{ ".egg-info", TREE_FILE, "", NULL, NULL, false },
	{ ".egg", TREE_DIRECTORY, "/EGG-INFO/PKG-INFO", NULL, NULL, false },
};

static const struct shape *shape_of(const struct tree_entry *entry)
{
	size_t length = strlen(entry->path);

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		size_t end = strlen(shapes[i].end);

		if (entry->type == shapes[i].type && length > end + 1 &&
		    strcmp(entry->path + length - end, shapes[i].end) == 0)
			return &shapes[i];
	}
	return NULL;
}

/* The metadata is its own, whatever it names. */
static int own_self(struct python *python, const char *path)
{
	static const struct digest none = { .kind = DIGEST_NONE };

	return own(path, &none, python);
}

static int shape_read(const struct shape *shape, struct python *python, const char *directory)
{
	char metadata[PATH_MAX], files[PATH_MAX];
	int r;

	if (snprintf(metadata, sizeof(metadata), "%s%s", directory, shape->metadata) >= (int)sizeof(metadata) ||
	    snprintf(files, sizeof(files), "%s%s", directory, shape->files ?: "") >= (int)sizeof(files))
		return 0;
	r = package_read(python, metadata);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = own_self(python, metadata);
	return r < 0 || !shape->read ? r : shape->read(python, files);
}

static int python_entry(const struct source_context *context, void *state, const struct tree_entry *entry)
{
	const struct shape *shape = shape_of(entry);
	struct python python = { .context = context };
	char base[PATH_MAX];

	(void)state;
	if (!shape)
		return 0;
	(void)snprintf(base, sizeof(base), "%s", entry->path);
	if (!shape->inside)
		*strrchr(base, '/') = '\0';
	python.base = base;
	return shape_read(shape, &python, entry->path);
}

const struct source source_python = { .name = SOURCE, .entry = python_entry };
