// SPDX-License-Identifier: Apache-2.0
#include "inventory/apk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/doubts.h"
#include "inventory/source.h"

#define SOURCE "apk"

static const char *const databases[] = { "/lib/apk/db/installed", "/usr/lib/apk/db/installed" };

struct apk {
	const struct source_context *context;
	struct lines lines;
	const char *location;
	uint32_t number; /* of the package whose files are being read */
	bool is_taken;   /* it was, by the builder */
	struct doubts doubts;
};

static int package_found(const struct apk_package *found, void *data)
{
	struct apk *apk = data;
	char purl[BUILDER_STRING_MAX];
	struct inventory_package package = {
		.type = PACKAGE_APK,
		.name = found->name,
		.version = found->version,
		.architecture = found->architecture,
		.origin = found->origin,
		.license = found->license,
		.location = apk->location,
	};
	int r;

	if (purl_of_package(&apk->context->system, &package, purl, sizeof(purl)) == 0)
		package.purl = purl;
	r = builder_package(apk->context->builder, &package, &apk->number);
	apk->is_taken = r == 0;
	return r == -ENOSPC ? 0 : r;
}

static int file_found(const struct apk_file *found, void *data)
{
	struct apk *apk = data;
	struct inventory_file file = { .package = apk->number, .digest = found->digest };
	char path[PATH_MAX], canonical[PATH_MAX];
	int r;

	if (!apk->is_taken)
		return 0;
	if (snprintf(path, sizeof(path), "/%s%s%s", found->directory, *found->directory ? "/" : "", found->name) >=
		    (int)sizeof(path) ||
	    tree_canonical(apk->context->tree, path, canonical) < 0) {
		lines_bad(&apk->lines, apk->lines.number, "ends a file without a clean path");
		return 0;
	}
	r = found->is_link_perhaps ? doubts_add(&apk->doubts, canonical, &file)
				   : builder_own(apk->context->builder, apk->number, canonical, &file);
	return r == -ENOSPC ? 0 : r;
}

/* The checksum of a link is of its target's text, which is no content. */
static int doubt_settled(const struct doubt *doubt, void *data)
{
	const struct apk *apk = data;
	struct inventory_file file = doubt->file;
	int r;

	if (!doubt->is_there || doubt->type != TREE_FILE)
		file.digest = (struct digest){ .kind = DIGEST_NONE };
	r = builder_own(apk->context->builder, file.package, doubt->path, &file);
	return r == -ENOSPC ? 0 : r;
}

static int database_read(struct apk *apk, const char *path)
{
	static const struct apk_calls calls = { package_found, file_found };
	_cleanup_free_ char *text = NULL;
	int r = lines_read(apk->context, SOURCE, path, TREE_TEXT_MAX, &text, &apk->lines);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	apk->location = path;
	r = apk_installed(&apk->lines, &calls, apk);
	lines_note(&apk->lines, apk->context->builder, SOURCE, path);
	return r;
}

static int apk_read(const struct source_context *context)
{
	struct apk apk = { .context = context };
	char read[ARRAY_SIZE(databases)][PATH_MAX] = { "" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(databases); i++) {
		/* One of them may be a link to the other, on its way. */
		if (tree_canonical(context->tree, databases[i], read[i]) == 0 &&
		    (i == 0 || strcmp(read[i], read[0]) != 0))
			r = database_read(&apk, read[i]);
	}
	if (r == 0)
		r = doubts_settle(&apk.doubts, context->tree, doubt_settled, &apk);
	doubts_clear(&apk.doubts);
	return r;
}

const struct source source_apk = { .name = SOURCE, .read = apk_read };
