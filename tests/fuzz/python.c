// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/python_text.c src/inventory/lines.c src/image/layers.c src/digest/digest.c -lcrypto
/*
 * Any bytes as one of the texts of a Python package; the first says which. What must hold of what is taken: it has no end of
 * line in it, licences fit their room, and a path that a file of a list means is absolute and clean.
 */
#include <stdlib.h>
#include <string.h>

#include "image/layers.h"
#include "inventory/python.h"
#include "fuzz.h"

static void must_be_value(const char *value)
{
	must(!value || (*value && !strchr(value, '\n') && *value != ' ' && value[strlen(value) - 1] != ' '));
}

static void metadata(struct lines *lines)
{
	struct python_metadata found;

	python_metadata(lines, &found);
	must_be_value(found.name);
	must_be_value(found.version);
	must_be_value(found.license);
	must(strlen(found.classifiers) < PYTHON_LICENSE_MAX);
}

static int file(const char *file, const struct digest *digest, void *data)
{
	char path[PATH_MAX];

	++*(size_t *)data;
	must(*file && !strchr(file, '\n') && digest->kind < DIGEST_KINDS);
	if (python_path("/usr/lib/python3", file, path) < 0)
		return -EINVAL;
	must(path_is_clean(path) && path[1]);
	return 0;
}

static void record(struct lines *lines)
{
	size_t files = 0;

	must(python_record(lines, file, &files) == 0 && files <= lines->number && files <= PYTHON_FILES_MAX);
}

static void installed(struct lines *lines)
{
	size_t files = 0;

	must(python_installed(lines, file, &files) == 0 && files <= lines->number && files <= PYTHON_FILES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct lines * lines) = { metadata, record, installed };
	struct lines lines;
	char *text = text_of(data, size);

	if (!text)
		return 0;
	lines_begin(&lines, text, size - 1);
	readers[data[0] % ARRAY_SIZE(readers)](&lines);
	must(!lines.bad == !lines.why);
	free(text);
	return 0;
}
