// SPDX-License-Identifier: Apache-2.0
/*
 * Packages of npm, yarn and pnpm: directories below a node_modules. All files in one belong to it, but for those in its own
 * node_modules, which belong to the packages there; of contents nothing is known. A node_modules deeper in a package (its
 * tests have such) is no one's but its own, as `npm ls` has it. A link (npm link, workspaces) to a directory elsewhere tells
 * of the package there, whose files are not taken; links to commands (.bin) belong to nobody.
 */
#include "inventory/npm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inventory/lines.h"

#define SOURCE "npm"

#define NESTED TREE_DEPTH_MAX
#define NOBODY UINT32_MAX

/* The packages that the walk is in, each before its own node_modules, from the outermost. */
struct npm {
	struct inside {
		size_t length;   /* of its directory's path */
		uint32_t number; /* NOBODY: node_modules */
	} inside[NESTED];
	size_t count;
	char path[PATH_MAX]; /* of the innermost: the others' are its beginnings */
};

/* ---- one package ---- */

struct reading {
	const struct source_context *context;
	const char *location;
	const char *name; /* that it is installed under */
	uint32_t number;
};

/* "@scope/name" has the scope as its namespace. NULL: longer than there is room. */
static const char *purl_make(const struct inventory_package *package, char room[static BUILDER_STRING_MAX])
{
	char scope[BUILDER_STRING_MAX];
	struct purl purl = { .type = "npm", .name = package->name, .version = package->version };
	const char *slash = package->name[0] == '@' ? strchr(package->name, '/') : NULL;

	if (slash && slash[1]) {
		if (snprintf(scope, sizeof(scope), "%.*s", (int)(slash - package->name), package->name) >=
		    (int)sizeof(scope))
			return NULL;
		purl.namespace = scope;
		purl.name = slash + 1;
	}
	return purl_format(&purl, room, BUILDER_STRING_MAX) == 0 ? room : NULL;
}

/* Its own name counts, not that of an alias; only where it says none, its directory's does. */
static int package_found(const struct npm_package *found, void *data)
{
	struct reading *reading = data;
	char purl[BUILDER_STRING_MAX];
	struct inventory_package package = {
		.type = PACKAGE_NPM,
		.name = found->name && *found->name ? found->name : reading->name,
		.version = found->version,
		.license = found->license,
		.location = reading->location,
	};
	int r;

	package.purl = purl_make(&package, purl);
	r = builder_package(reading->context->builder, &package, &reading->number);
	return r == -ENOSPC ? -ENOENT : r;
}

/* -ENOENT: none is there that could be taken. */
static int package_read(const struct source_context *context, const char *directory, const char *name,
			uint32_t *ret_number)
{
	struct reading reading = { .context = context, .name = name };
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	struct lines lines;
	int r;

	if (snprintf(path, sizeof(path), "%s/package.json", directory) >= (int)sizeof(path))
		return -ENOENT;
	r = lines_read(context, SOURCE, path, NPM_JSON_MAX, &text, &lines);
	if (r < 0)
		return r == -ENOMEM ? r : -ENOENT;
	reading.location = path;
	r = npm_package(text, (size_t)(lines.end - lines.at), package_found, &reading);
	if (r == -EBADMSG)
		builder_note(context->builder, SOURCE, path, "is no object of JSON");
	else if (r == 0)
		*ret_number = reading.number;
	return r == -EBADMSG ? -ENOENT : r;
}

/* ---- the walk ---- */

static bool is_below(const struct npm *npm, const char *path)
{
	size_t length = npm->inside[npm->count - 1].length;

	return strncmp(path, npm->path, length) == 0 && path[length] == '/';
}

static void leave_until(struct npm *npm, const char *path)
{
	while (npm->count && !is_below(npm, path))
		if (--npm->count)
			npm->path[npm->inside[npm->count - 1].length] = '\0';
}

static bool is_in_package(const struct npm *npm)
{
	return npm->count && npm->inside[npm->count - 1].number != NOBODY;
}

static int enter(struct npm *npm, const char *path, uint32_t number)
{
	size_t length = strlen(path);

	npm->inside[npm->count++] = (struct inside){ length, number };
	memcpy(npm->path, path, length + 1);
	return 0;
}

static int directory_seen(const struct source_context *context, struct npm *npm, const char *path)
{
	const char *name;
	uint32_t number;
	int r;

	if (npm->count == NESTED)
		return 0;
	if (is_in_package(npm))
		return strcmp(path + npm->inside[npm->count - 1].length, "/node_modules") == 0
			       ? enter(npm, path, NOBODY)
			       : 0;
	name = npm_installed_name(path);
	r = name ? package_read(context, path, name, &number) : -ENOENT;
	return r == 0 ? enter(npm, path, number) : r == -ENOENT ? 0 : r;
}

/* What a link leads to that lies below a node_modules itself, as pnpm's do, the walk comes to. */
static int link_seen(const struct source_context *context, const struct npm *npm, const char *path)
{
	const char *name = is_in_package(npm) ? NULL : npm_installed_name(path);
	char below[PATH_MAX], canonical[PATH_MAX];
	uint32_t number;
	int r;

	if (!name || snprintf(below, sizeof(below), "%s/-", path) >= (int)sizeof(below) ||
	    tree_canonical(context->tree, below, canonical) < 0)
		return 0;
	*strrchr(canonical, '/') = '\0';
	if (npm_installed_name(canonical))
		return 0;
	r = package_read(context, canonical, name, &number);
	return r == -ENOENT ? 0 : r;
}

static int file_seen(const struct source_context *context, const struct npm *npm, const char *path)
{
	const struct inventory_file file = { .flags = 0 };
	int r = is_in_package(npm) ? builder_own(context->builder, npm->inside[npm->count - 1].number, path, &file) : 0;

	return r == -ENOMEM ? r : 0;
}

static int npm_entry(const struct source_context *context, void *state, const struct tree_entry *entry)
{
	struct npm *npm = state;

	leave_until(npm, entry->path);
	if (entry->type == TREE_DIRECTORY)
		return directory_seen(context, npm, entry->path);
	if (entry->type == TREE_LINK)
		return link_seen(context, npm, entry->path);
	return entry->type == TREE_FILE ? file_seen(context, npm, entry->path) : 0;
}

static int npm_begin(void **ret_state)
{
	*ret_state = calloc(1, sizeof(struct npm));
	return *ret_state ? 0 : -ENOMEM;
}

const struct source source_npm = { .name = SOURCE, .entry = npm_entry, .begin = npm_begin, .end = free };
