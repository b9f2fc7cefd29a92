// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/apk_text.c src/inventory/lines.c
// fuzz: src/digest/digest.c -lcrypto
/*
 * Any bytes as apk's database: a package is given before its files, and neither its name nor that of a file is a path.
 */
#include <stdlib.h>
#include <string.h>

#include "inventory/apk.h"
#include "fuzz.h"

static int package(const struct apk_package *package, void *data)
{
	must(*package->name && !strchr(package->name, '/'));
	must(!package->version || *package->version);
	must(!package->license || *package->license);
	++*(size_t *)data;
	return 0;
}

static int file(const struct apk_file *file, void *data)
{
	must(*(size_t *)data > 0);
	must(*file->name && !strchr(file->name, '/') && strlen(file->directory) < 1u << 20);
	must(file->digest.kind == DIGEST_NONE || file->digest.kind == DIGEST_SHA1 ||
	     file->digest.kind == DIGEST_SHA256);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct apk_calls calls = { package, file };
	struct lines lines;
	size_t packages = 0;
	char *text = malloc(size + 1);

	must(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	lines_begin(&lines, text, size);
	must(apk_installed(&lines, &calls, &packages) == 0);
	must(!lines.bad == !lines.why);
	free(text);
	return 0;
}
