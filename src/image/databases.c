// SPDX-License-Identifier: Apache-2.0
#include "image/databases.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

/* deb: dpkg(1); apk: apk-package(5), "lib/apk/db"; rpm: %_dbpath; the managers' own state: apt(8), dnf(8), apk-world(5). */
static const struct {
	const char *prefix;
	enum package_area area;
} roots[] = {
	{ "/var/lib/dpkg", AREA_DATABASE },
	{ "/lib/apk/db", AREA_DATABASE },
	{ "/usr/lib/apk/db", AREA_DATABASE },
	{ "/var/lib/rpm", AREA_DATABASE },
	{ "/usr/lib/sysimage/rpm", AREA_DATABASE },
	{ "/var/lib/apt", AREA_STATE },
	{ "/etc/apk/world", AREA_STATE },
	{ "/lib/apk/exec", AREA_STATE },
	{ "/var/lib/dnf", AREA_STATE },
	{ "/var/lib/yum", AREA_STATE },
	{ "/root/.npm", AREA_STATE },
	{ "/root/.cache/pip", AREA_STATE },
};

/* Directories of language packages, by name, and what tells in them that a package came or went. */
static const struct {
	const char *directory;
	const char *marks[3]; /* ends of a component's name */
} languages[] = {
	{ "site-packages", { ".dist-info", ".egg-info", ".egg" } },
	{ "dist-packages", { ".dist-info", ".egg-info", ".egg" } },
	{ "node_modules", { "package.json", ".package-lock.json" } },
};

static bool is_below(const char *path, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(path, prefix, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

static bool ends_in(const char *name, size_t size, const char *end)
{
	size_t tail = strlen(end);

	return size >= tail && memcmp(name + size - tail, end, tail) == 0;
}

/* A component of that name, or one that ends so; NULL: there is none. What follows it otherwise. */
static const char *component_find(const char *path, const char *end, bool whole)
{
	while (*path) {
		size_t size = strcspn(++path, "/");

		if (ends_in(path, size, end) && (!whole || size == strlen(end)))
			return path + size;
		path += size;
	}
	return NULL;
}

static enum package_area language_area(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(languages); i++) {
		const char *rest = component_find(path, languages[i].directory, true);

		if (!rest)
			continue;
		for (size_t m = 0; m < ARRAY_SIZE(languages[i].marks) && languages[i].marks[m]; m++)
			if (component_find(rest, languages[i].marks[m], false))
				return AREA_DATABASE;
		return AREA_FILES;
	}
	return AREA_NONE;
}

enum package_area package_area(const char *path)
{
	if (path[0] != '/' || component_find(path, "__pycache__", true))
		return AREA_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (is_below(path, roots[i].prefix))
			return roots[i].area;
	return language_area(path);
}
