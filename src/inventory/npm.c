// SPDX-License-Identifier: Apache-2.0
/*
 * What npm, yarn and pnpm leave of a package: a directory below node_modules with a package.json (docs.npmjs.com,
 * "package.json"). All that lies in it belongs to it, but for the packages in its own node_modules; of contents nothing is
 * known. Links (npm link, .bin) belong to nobody.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "inventory/source.h"

#define SOURCE "npm"

#define MODULES  "node_modules"
#define JSON_MAX (1u << 20)
#define NESTED   TREE_DEPTH_MAX

/* The packages that the walk is in, from the outermost. */
struct npm {
	struct inside {
		size_t length; /* of its directory's path */
		uint32_t number;
	} inside[NESTED];
	size_t count;
	char path[PATH_MAX]; /* of the innermost: the others' are its beginnings */
};

static const char *license_of(const json_t *root)
{
	const json_t *license = json_object_get(root, "license") ?: json_object_get(root, "licenses");

	if (json_is_array(license))
		license = json_array_get(license, 0);
	if (json_is_object(license))
		license = json_object_get(license, "type");
	return json_string_value(license);
}

/* "@scope/name" has the scope as its namespace. */
static void purl_make(const char *name, const char *version, char *room, size_t size)
{
	const char *slash = name[0] == '@' ? strchr(name, '/') : NULL;
	char scope[256];
	const struct purl purl = {
		.type = "npm",
		.namespace = slash ? scope : NULL,
		.name = slash ? slash + 1 : name,
		.version = version,
	};

	(void)snprintf(scope, sizeof(scope), "%.*s", slash ? (int)(slash - name) : 0, name);
	if (purl_format(&purl, room, size) < 0)
		room[0] = '\0';
}

static int package_add(const struct source_context *context, const json_t *root, const char *location,
		       uint32_t *ret_number)
{
	const char *name = json_string_value(json_object_get(root, "name"));
	const char *version = json_string_value(json_object_get(root, "version"));
	char purl[BUILDER_STRING_MAX];
	const struct inventory_package package = {
		.type = PACKAGE_NPM,
		.name = name,
		.version = version,
		.license = license_of(root),
		.purl = purl,
		.location = location,
	};
	int r;

	if (!name || !version)
		return -ENOENT; /* a part of a package that tells its kind of modules */
	purl_make(name, version, purl, sizeof(purl));
	r = builder_package(context->builder, &package, ret_number);
	return r == -ENOMEM ? r : r < 0 ? -ENOENT : 0;
}

static int package_read(const struct source_context *context, const char *directory, uint32_t *ret_number)
{
	_cleanup_free_ char *text = NULL;
	json_auto_t *root = NULL;
	char path[PATH_MAX];
	size_t size;
	int r;

	if (snprintf(path, sizeof(path), "%s/package.json", directory) >= (int)sizeof(path))
		return -ENOENT;
	r = tree_read(context->tree, path, JSON_MAX, &text, &size);
	if (r == -ENOMEM || r == -ENOENT)
		return r;
	if (r == 0)
		root = json_loadb(text, size, 0, NULL);
	if (!json_is_object(root)) {
		builder_note(context->builder, SOURCE, path, r < 0 ? "%s" : "it is no JSON object",
			     r < 0 ? strerror(-r) : "");
		return -ENOENT;
	}
	return package_add(context, root, path, ret_number);
}

static bool is_below(const char *path, const char *directory, size_t length)
{
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* ".../node_modules/NAME", ".../node_modules/@scope/NAME" */
static bool is_package_directory(const char *path)
{
	const char *name = strrchr(path, '/'), *above = name;

	if (name == path || name[1] == '.' || name[1] == '@')
		return false;
	while (above > path && above[-1] != '/')
		above--;
	if (above[0] == '@' && above > path + 1) { /* the scope */
		name = above - 1;
		above = name;
		while (above > path && above[-1] != '/')
			above--;
	}
	return (size_t)(name - above) == strlen(MODULES) && strncmp(above, MODULES, strlen(MODULES)) == 0;
}

static int directory_enter(const struct source_context *context, struct npm *npm, const char *path)
{
	uint32_t number;
	int r;

	if (npm->count == NESTED || !is_package_directory(path))
		return 0;
	r = package_read(context, path, &number);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	npm->inside[npm->count++] = (struct inside){ strlen(path), number };
	memcpy(npm->path, path, strlen(path) + 1);
	return 0;
}

static int npm_entry(const struct source_context *context, void *state, const struct tree_entry *entry)
{
	struct npm *npm = state;
	const struct inventory_file file = { .flags = 0 };
	int r;

	while (npm->count && !is_below(entry->path, npm->path, npm->inside[npm->count - 1].length)) {
		npm->count--;
		if (npm->count)
			npm->path[npm->inside[npm->count - 1].length] = '\0';
	}
	if (entry->type == TREE_DIRECTORY)
		return directory_enter(context, npm, entry->path);
	if (!npm->count || entry->type != TREE_FILE)
		return 0;
	r = builder_own(context->builder, npm->inside[npm->count - 1].number, entry->path, &file);
	return r == -ENOMEM ? r : 0;
}

static int npm_begin(void **ret_state)
{
	*ret_state = calloc(1, sizeof(struct npm));
	return *ret_state ? 0 : -ENOMEM;
}

const struct source source_npm = { .name = SOURCE, .entry = npm_entry, .begin = npm_begin, .end = free };
