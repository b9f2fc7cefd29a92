// SPDX-License-Identifier: Apache-2.0
#include "inventory/npm.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* "MIT", or {"type": "MIT"}, as it was once written. */
static const char *license_name(const json_t *license)
{
	return json_string_value(json_is_object(license) ? json_object_get(license, "type") : license);
}

/* Several, as it was once written, are a choice. NULL: none has a name. */
static const char *licenses_join(const json_t *licenses, char room[static NPM_LICENSE_MAX])
{
	const json_t *license;
	size_t size = 0, i;

	json_array_foreach (licenses, i, license) {
		const char *name = license_name(license), *before = size ? " OR " : "";

		if (!name || !*name || strlen(before) + strlen(name) >= NPM_LICENSE_MAX - size)
			continue;
		size = (size_t)(stpcpy(stpcpy(room + size, before), name) - room);
	}
	return size ? room : NULL;
}

int npm_package(const char *text, size_t size, int (*call)(const struct npm_package *package, void *data), void *data)
{
	size_t mark = strlen(BYTE_ORDER_MARK),
	       skip = size >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
	json_auto_t *root = json_loadb(text + skip, size - skip, 0, NULL);
	const json_t *license = json_object_get(root, "license") ?: json_object_get(root, "licenses");
	char licenses[NPM_LICENSE_MAX];
	const struct npm_package package = {
		.name = json_string_value(json_object_get(root, "name")),
		.version = json_string_value(json_object_get(root, "version")),
		.license = json_is_array(license) ? licenses_join(license, licenses) : license_name(license),
	};

	return json_is_object(root) ? call(&package, data) : -EBADMSG;
}

#define MODULES "node_modules"

/* The beginning of the component that ends before `end`. */
static const char *component_before(const char *path, const char *end)
{
	while (end > path && end[-1] != '/')
		end--;
	return end;
}

const char *npm_installed_name(const char *path)
{
	const char *name = component_before(path, path + strlen(path)), *above;
	size_t modules = strlen(MODULES);

	if (name[0] == '\0' || name[0] == '.' || name[0] == '@' || name < path + 2)
		return NULL;
	above = component_before(path, name - 1);
	if (above[0] == '@' && above > path + 1) {
		name = above;
		above = component_before(path, name - 1);
	}
	return (size_t)(name - 1 - above) == modules && memcmp(above, MODULES, modules) == 0 ? name : NULL;
}
