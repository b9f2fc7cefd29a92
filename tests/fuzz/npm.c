// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/npm_text.c -ljansson
/*
 * Any bytes as a package.json, and as a path: one answer, which is the call's or that there is none; licences that fit their
 * room; a name that lies in the path and is no more than a scope and a name.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/npm.h"
#include "fuzz.h"

static int package(const struct npm_package *package, void *data)
{
	size_t *sum = data;

	*sum = 1; /* and all strings are read to their end */
	*sum += package->name ? strlen(package->name) : 0;
	*sum += package->version ? strlen(package->version) : 0;
	*sum += package->license ? strlen(package->license) : 0;
	return 7;
}

static void must_be_name(const char *path)
{
	const char *name = npm_installed_name(path), *slash = name ? strchr(name, '/') : NULL;

	if (!name)
		return;
	must(name > path && name + strlen(name) == path + strlen(path) && *name && *name != '.');
	must((*name == '@') == !!slash && (!slash || !strchr(slash + 1, '/')));
	must(strlen("/node_modules/") <= (size_t)(name - path) || strncmp(path, "node_modules/", 13) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	size_t sum = 0;
	int r;

	must(text);
	memcpy(text, data, size);
	text[size] = '\0';
	r = npm_package(text, size, package, &sum);
	must(r == 7 ? sum > 0 && sum <= 3 * size + 1 : r == -EBADMSG && sum == 0);
	must_be_name(text);
	free(text);
	return 0;
}
