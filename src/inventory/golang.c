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

/* The namespace is the path up to its last slash (PURL-TYPES.rst, golang). */
static void purl_make(const char *path, const char *version, char *room, size_t size)
{
	const char *slash = strrchr(path, '/');
	char namespace[1024];
	const struct purl purl = {
		.type = "golang",
		.namespace = slash ? namespace : NULL,
		.name = slash ? slash + 1 : path,
		.version = version,
	};

	(void)snprintf(namespace, sizeof(namespace), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (purl_format(&purl, room, size) < 0)
		room[0] = '\0';
}

static int module_found(const char *path, const char *version, void *data)
{
	const struct program *program = data;
	char purl[BUILDER_STRING_MAX];
	const char *told = version && *version ? version : NULL;
	struct inventory_package package = {
		.type = PACKAGE_GOLANG, .name = path, .version = told, .location = program->path
	};
	uint32_t number;
	int r;

	purl_make(path, told, purl, sizeof(purl));
	package.purl = purl[0] ? purl : NULL;
	r = builder_package(program->context->builder, &package, &number);
	return r == -ENOMEM ? r : 0;
}

/* "go1.19.8": the standard library is of the compiler's version. */
static int compiler_found(const char *version, struct program *program)
{
	char number[64];

	if (strncmp(version, "go", 2) != 0)
		return 0;
	(void)snprintf(number, sizeof(number), "%.*s", (int)strcspn(version + 2, " "), version + 2);
	return module_found("stdlib", number, program);
}

static int golang_entry(const struct source_context *context, void *state, const struct tree_entry *entry)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	_cleanup_(buildinfo_clear) struct buildinfo info = { 0 };
	struct program program = { .context = context, .path = entry->path };
	int r;

	(void)state;
	if (entry->type != TREE_FILE || !(entry->mode & 0111) || entry->size < 4096 ||
	    tree_open(context->tree, entry->path, &file) < 0)
		return 0;
	r = buildinfo_read(&file, &info);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = compiler_found(info.version, &program);
	return r < 0 ? r : buildinfo_modules(info.modules, module_found, &program);
}

const struct source source_golang = { .name = SOURCE, .entry = golang_entry };
