// SPDX-License-Identifier: Apache-2.0
/*
 * Programs made by Go, each of which carries the list of its modules. They are packages of the image; the program itself is
 * not theirs: it has only its own word for what it is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inventory/buildinfo.h"
#include "inventory/source.h"

#define SOURCE "golang"

struct program {
	const struct source_context *context;
	const char *path;
};

/* The namespace is the path up to its last slash (PURL-TYPES.rst, golang); "(devel)" is no version. */
static const char *purl_make(const char *path, const char *version, char room[static BUILDER_STRING_MAX])
{
	const char *slash = strrchr(path, '/');
	char namespace[BUILDER_STRING_MAX] = "";
	const struct purl purl = {
		.type = package_type_name(PACKAGE_GOLANG),
		.namespace = namespace,
		.name = slash ? slash + 1 : path,
		.version = strcmp(version, "(devel)") == 0 ? NULL : version,
	};

	if (slash && snprintf(namespace, sizeof(namespace), "%.*s", (int)(slash - path), path) >= BUILDER_STRING_MAX)
		return NULL;
	return purl_format(&purl, room, BUILDER_STRING_MAX) == 0 ? room : NULL;
}

static int module_found(const char *path, const char *version, void *data)
{
	const struct program *program = data;
	char purl[BUILDER_STRING_MAX];
	const struct inventory_package package = {
		.type = PACKAGE_GOLANG,
		.name = path,
		.version = *version ? version : NULL,
		.purl = purl_make(path, version, purl),
		.location = program->path,
	};

	return builder_package(program->context->builder, &package, &(uint32_t){ 0 });
}

/*
 * The standard library is of the compiler's version: of "go1.19.8", "go1.19.8 X:boringcrypto" and "devel go1.20-2d1d548 Tue
 * ..." the word with the number.
 */
static int compiler_found(const char *version, const struct program *program)
{
	static const char devel[] = "devel ";
	char number[64];

	if (strncmp(version, devel, strlen(devel)) == 0)
		version += strlen(devel);
	if (strncmp(version, "go", 2) == 0)
		version += 2;
	(void)snprintf(number, sizeof(number), "%.*s", (int)strcspn(version, " "), version);
	return module_found("stdlib", number, (void *)program);
}

static int program_found(const struct program *program, struct buildinfo *info)
{
	int r = compiler_found(info->version, program);

	return r < 0 ? r : buildinfo_modules(info->modules, module_found, (void *)program);
}

static int golang_entry(const struct source_context *context, void *state, const struct tree_entry *entry)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	_cleanup_buildinfo_ struct buildinfo info = { 0 };
	struct program program = { .context = context, .path = entry->path };
	int r;

	(void)state;
	if (entry->type != TREE_FILE || !(entry->mode & 0111) || tree_open(context->tree, entry->path, &file) < 0)
		return 0;
	r = buildinfo_read(&file, &info);
	if (r == 0)
		r = program_found(&program, &info);
	if (r == -EBADMSG)
		builder_note(context->builder, SOURCE, entry->path, "its build information is damaged");
	if (r == -E2BIG)
		builder_note(context->builder, SOURCE, entry->path, "has more modules than are read");
	return r == -ENOMEM ? r : 0;
}

const struct source source_golang = { .name = SOURCE, .entry = golang_entry };
