// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/dpkg_text.c src/inventory/deb822.c src/inventory/copyright.c src/inventory/lines.c
/*
 * Any bytes as one of dpkg's texts; the first says which. What must hold of what is taken: names are no paths, digests
 * are hex, paths of checksums absolute, all of it lies in the text and has an end; a sum that was taken is found.
 */
#include <stdlib.h>
#include <string.h>

#include "inventory/copyright.h"
#include "inventory/dpkg.h"
#include "fuzz.h"

static void must_be_sums(struct dpkg_sums *sums)
{
	dpkg_sums_sort(sums);
	for (size_t i = 0; i < sums->count; i++) {
		const struct dpkg_sum *sum = &sums->sums[i];

		must(sum->path[0] == '/' && (!sum->md5 || strspn(sum->md5, "0123456789abcdefABCDEF") == 32));
		must(strcmp(dpkg_sums_find(sums, sum->path)->path, sum->path) == 0);
	}
	dpkg_sums_clear(sums);
}

static int package(const struct dpkg_package *package, void *data)
{
	struct dpkg_sums sums = { 0 };
	struct lines lines;

	(void)data;
	must(*package->name && *package->name != '.' && !strchr(package->name, '/'));
	must(!package->version || *package->version);
	must(!package->architecture || (*package->architecture && !strchr(package->architecture, '/')));
	must(*package->source && (!package->source_version || strlen(package->source_version) < 1u << 20));
	if (!package->conffiles)
		return 0;
	lines_begin(&lines, package->conffiles, strlen(package->conffiles));
	must(dpkg_conffiles(&lines, &sums) == 0);
	must_be_sums(&sums);
	return 0;
}

static void status(struct lines *lines)
{
	must(dpkg_status(lines, true, package, NULL) == 0);
}

static void entry(struct lines *lines)
{
	must(dpkg_status(lines, false, package, NULL) == 0);
}

static void md5sums(struct lines *lines)
{
	struct dpkg_sums sums = { 0 };

	must(dpkg_md5sums(lines, &sums) == 0);
	must_be_sums(&sums);
}

static int path(const char *path, const struct dpkg_sum *sum, void *data)
{
	must(!sum || strcmp(sum->path, path) == 0);
	++*(size_t *)data;
	return strlen(path) % 2 ? -EINVAL : 0;
}

static void list(struct lines *lines)
{
	struct dpkg_sum sum = { .path = "/usr/bin/x" };
	struct dpkg_sums sums = { .sums = &sum, .count = 1 };
	size_t paths = 0;

	must(dpkg_list(lines, &sums, path, &paths) == 0 && paths <= lines->number && lines->bad <= lines->number);
}

static void diversions(struct lines *lines)
{
	struct dpkg_diversions table = { 0 };

	must(dpkg_diversions(lines, &table) == 0 && table.count <= lines->number / 3);
	for (size_t i = 0; i < table.count; i++)
		must(dpkg_diverted(&table, "\n", table.diversions[i].from));
	dpkg_diversions_clear(&table);
}

static void copyright(struct lines *lines)
{
	char license[COPYRIGHT_TEXT_MAX];

	must(!copyright_license(lines, license) || (*license && strlen(license) < sizeof(license)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct lines * lines) = { status, entry, md5sums, list, diversions, copyright };
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
