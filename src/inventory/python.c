// SPDX-License-Identifier: Apache-2.0
/*
 * Packages of Python, wherever their metadata lies: in the directories that an interpreter looks into, in virtual
 * environments, and in what a program brings along. A list of their files is at hand where pip made one; else only the
 * metadata is known to be theirs. Names are those of the metadata, as `pip list` prints them.
 */
#include "inventory/python.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "inventory/source.h"

#define SOURCE "python"

/* What a kind of directory, or file, keeps where. Without metadata it is no package: what an uninstallation left. */
struct shape {
	const char *end; /* of its name */
	enum tree_type type;
	const char *metadata; /* in it; "": it is that itself; NULL: in an archive, which is not read */
	const char *list;     /* of its files, or NULL */
	int (*read)(struct lines *lines, python_file_call *call, void *data);
	bool inside; /* files are named from it, not from where it lies */
};

static const struct shape shapes[] = {
	{ ".dist-info", TREE_DIRECTORY, "/METADATA", "/RECORD", python_record, false },
	{ ".egg-info", TREE_DIRECTORY, "/PKG-INFO", "/installed-files.txt", python_installed, true },
	{ ".egg-info", TREE_FILE, "", NULL, NULL, false },
	{ ".egg", TREE_DIRECTORY, "/EGG-INFO/PKG-INFO", NULL, NULL, false },
	{ ".egg", TREE_FILE, NULL, NULL, NULL, false },
};

/* One package on its way. */
struct python {
	const struct source_context *context;
	const struct shape *shape;
	const char *path; /* of what has that shape */
	const char *base; /* the directory that its files are named from */
	uint32_t number;
	bool is_packed; /* by a distribution, which strips and moves files after their list was made */
	struct lines lines;
};

/* As the purl specification has it for pypi: "-" for "_" and ".". NULL: longer than there is room. */
static const char *purl_make(const struct python_metadata *metadata, char room[static BUILDER_STRING_MAX])
{
	char name[BUILDER_STRING_MAX];
	const struct purl purl = { .type = "pypi", .name = name, .version = metadata->version };

	if (snprintf(name, sizeof(name), "%s", metadata->name) >= (int)sizeof(name))
		return NULL;
	for (char *at = name; (at = strpbrk(at, "_.")); at++)
		*at = '-';
	return purl_format(&purl, room, BUILDER_STRING_MAX) == 0 ? room : NULL;
}

static bool is_file(struct tree *tree, const char *path)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;

	return tree_open(tree, path, &file) == 0;
}

/* Of some, a distribution leaves an egg's and a wheel's: then the wheel's counts, as in pip. */
static bool has_wheel(const struct python *python, const char *version)
{
	const char *name = strrchr(python->path, '/') + 1;
	size_t size = strlen(name) - strlen(python->shape->end), stem = strcspn(name, "-");
	char path[PATH_MAX];

	if (stem < size)
		size = stem;
	return snprintf(path, sizeof(path), "%.*s-%s.dist-info/METADATA", (int)(name + size - python->path),
			python->path, version) < (int)sizeof(path) &&
	       is_file(python->context->tree, path);
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
	lines_note(&python->lines, python->context->builder, SOURCE, path);
	if (!metadata.name || !metadata.version) {
		builder_note(python->context->builder, SOURCE, path, "has no name, or no version");
		return -ENOENT;
	}
	if (python->shape->read != python_record && has_wheel(python, metadata.version))
		return -ENOENT;
	package.name = metadata.name;
	package.version = metadata.version;
	package.license = metadata.license;
	package.purl = purl_make(&metadata, purl);
	r = builder_package(python->context->builder, &package, &python->number);
	return r == -ENOSPC ? -ENOENT : r;
}

/* `pip install --target` lets a list say "../../bin/x" of what it then moves beside the packages: that is taken where it is
 * there and the other is not. As python_path. */
static int path_of(const struct python *python, const char *file, char ret_path[static PATH_MAX])
{
	const char *moved = strncmp(file, "../../", 6) == 0 && strncmp(file + 6, "../", 3) != 0 ? file + 6 : NULL;
	char beside[PATH_MAX];
	int r = python_path(python->base, file, ret_path);

	if (moved && (r < 0 || !is_file(python->context->tree, ret_path)) &&
	    python_path(python->base, moved, beside) == 0 && is_file(python->context->tree, beside)) {
		memcpy(ret_path, beside, strlen(beside) + 1);
		return 0;
	}
	return r;
}

static int own(const char *file, const struct digest *digest, void *data)
{
	const struct python *python = data;
	const struct inventory_file owned = { .digest = python->is_packed ? (struct digest){ 0 } : *digest };
	char path[PATH_MAX], canonical[PATH_MAX];

	if (path_of(python, file, path) < 0 || tree_canonical(python->context->tree, path, canonical) < 0)
		return -EINVAL;
	return builder_own(python->context->builder, python->number, canonical, &owned);
}

static int list_read(struct python *python, const char *path,
		     int (*read)(struct lines *lines, python_file_call *call, void *data))
{
	_cleanup_free_ char *text = NULL;
	int r = lines_read(python->context, SOURCE, path, PYTHON_RECORD_MAX, &text, &python->lines);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = read(&python->lines, own, python);
	lines_note(&python->lines, python->context->builder, SOURCE, path);
	return r;
}

static bool name_ends(const char *name, const char *end)
{
	size_t length = strlen(name), size = strlen(end);

	return length > size && strcasecmp(name + length - size, end) == 0;
}

/* pip puts "~" or "-" before the name of what it is about to remove. */
static const struct shape *shape_of(const struct tree_entry *entry)
{
	const char *name = strrchr(entry->path, '/') + 1;

	for (size_t i = 0; i < ARRAY_SIZE(shapes) && isalnum((unsigned char)*name); i++)
		if (entry->type == shapes[i].type && name_ends(name, shapes[i].end))
			return &shapes[i];
	return NULL;
}

static int shape_read(struct python *python)
{
	static const struct digest none = { .kind = DIGEST_NONE };
	const struct shape *shape = python->shape;
	char metadata[PATH_MAX], list[PATH_MAX];
	int r;

	if (snprintf(metadata, sizeof(metadata), "%s%s", python->path, shape->metadata) >= (int)sizeof(metadata) ||
	    snprintf(list, sizeof(list), "%s%s", python->path, shape->list ?: "") >= (int)sizeof(list))
		return 0;
	python->is_packed = builder_owns(python->context->builder, metadata);
	r = package_read(python, metadata);
	if (r == 0)
		r = own(metadata, &none, python); /* whatever the list says */
	if (r == 0 && shape->list)
		r = list_read(python, list, shape->read);
	return r == -ENOMEM ? r : 0;
}

/* An archive with a package in it is told, as nobody else would know of it. */
static void archive_note(const struct python *python)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	char magic[4];

	if (tree_open(python->context->tree, python->path, &file) == 0 &&
	    tree_pread(&file, magic, sizeof(magic), 0) == 4 && memcmp(magic, "PK\3\4", 4) == 0)
		builder_note(python->context->builder, SOURCE, python->path, "is an archive, which is not read");
}

static int python_entry(const struct source_context *context, void *state, const struct tree_entry *entry)
{
	struct python python = { .context = context, .shape = shape_of(entry), .path = entry->path };
	char base[PATH_MAX];

	(void)state;
	if (!python.shape)
		return 0;
	if (!python.shape->metadata) {
		archive_note(&python);
		return 0;
	}
	(void)snprintf(base, sizeof(base), "%s", entry->path);
	if (!python.shape->inside)
		*strrchr(base, '/') = '\0';
	python.base = base;
	return shape_read(&python);
}

const struct source source_python = { .name = SOURCE, .entry = python_entry };
