// SPDX-License-Identifier: Apache-2.0
#include "inventory/dpkg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "inventory/copyright.h"
#include "inventory/doubts.h"
#include "inventory/source.h"

#define SOURCE     "dpkg"
#define DATABASE   "/var/lib/dpkg/"
#define STATUS     DATABASE "status"
#define STATUS_D   DATABASE "status.d"
#define DIVERSIONS DATABASE "diversions"
#define MD5SUMS    ".md5sums"

#define ENTRY_MAX      (1u << 20)   /* of a file of status.d */
#define COPYRIGHT_MAX  (1u << 20)   /* longer ones are not read: a licence that nobody says */
#define COPYRIGHTS_MAX (256u << 20) /* and none once so much was */

struct dpkg {
	const struct source_context *context;
	struct lines *status;  /* that is being read */
	const char *location;  /* its path */
	const char *entry;     /* in status.d: its path; else NULL */
	uint32_t number;       /* of the package whose files are being read */
	const char *name;      /* its */
	struct dpkg_sums sums; /* its */
	struct dpkg_diversions diversions;
	struct doubts doubts;
	size_t copyrights; /* bytes */
	size_t unlisted;   /* packages without a list */
};

/* ---- a package ---- */

static int license_of(struct dpkg *dpkg, const char *name, char ret_license[static COPYRIGHT_TEXT_MAX])
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	struct lines lines;
	size_t size;
	int r;

	ret_license[0] = '\0';
	if (dpkg->copyrights > COPYRIGHTS_MAX ||
	    snprintf(path, sizeof(path), "/usr/share/doc/%s/copyright", name) >= (int)sizeof(path))
		return 0;
	r = tree_read(dpkg->context->tree, path, COPYRIGHT_MAX, &text, &size);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	dpkg->copyrights += size;
	lines_begin(&lines, text, size);
	(void)copyright_license(&lines, ret_license);
	return 0;
}

static int package_add(struct dpkg *dpkg, const struct dpkg_package *found)
{
	char license[COPYRIGHT_TEXT_MAX], origin[BUILDER_STRING_MAX], purl[BUILDER_STRING_MAX];
	struct inventory_package package = {
		.type = PACKAGE_DEB,
		.name = found->name,
		.version = found->version,
		.architecture = found->architecture,
		.origin = origin,
		.location = dpkg->location,
	};
	int r = license_of(dpkg, found->name, license);

	if (r < 0)
		return r;
	if (*license)
		package.license = license;
	(void)snprintf(origin, sizeof(origin), "%s%s%s", found->source, found->source_version ? " " : "",
		       found->source_version ? found->source_version : "");
	if (purl_of_package(&dpkg->context->system, &package, purl, sizeof(purl)) == 0)
		package.purl = purl;
	return builder_package(dpkg->context->builder, &package, &dpkg->number);
}

/* ---- its files ---- */

/* A path that leads nowhere is -EINVAL. */
static int file_add(struct dpkg *dpkg, const char *path, const struct dpkg_sum *sum)
{
	const char *diverted = dpkg_diverted(&dpkg->diversions, dpkg->name, path);
	struct inventory_file file = { .package = dpkg->number, .flags = diverted ? INVENTORY_FILE_GHOST : 0 };
	char canonical[PATH_MAX];
	int r;

	if (tree_canonical(dpkg->context->tree, diverted ? diverted : path, canonical) < 0)
		return -EINVAL;
	if (sum) {
		file.flags |= sum->flags;
		if (sum->md5)
			(void)digest_from_hex(DIGEST_MD5, sum->md5, strlen(sum->md5), &file.digest);
		r = builder_own(dpkg->context->builder, dpkg->number, canonical, &file);
	} else {
		r = doubts_add(&dpkg->doubts, canonical, &file);
	}
	return r == -ENOSPC ? 0 : r;
}

static int listed(const char *path, const struct dpkg_sum *sum, void *data)
{
	return file_add(data, path, sum);
}

static int unlisted(struct dpkg *dpkg, struct lines *md5sums)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < dpkg->sums.count; i++) {
		r = file_add(dpkg, dpkg->sums.sums[i].path, &dpkg->sums.sums[i]);
		if (r == -EINVAL) {
			lines_bad(md5sums, dpkg->sums.sums[i].line, "is no clean path");
			r = 0;
		}
	}
	return r;
}

/* A file beside the status that tells of one package. */
struct beside {
	char path[PATH_MAX];
	char *text;
	struct lines lines;
};

static void beside_clear(struct beside *beside)
{
	free(beside->text);
}

#define _cleanup_beside_ _cleanup_(beside_clear)

/* As lines_read. */
static int info_read(struct dpkg *dpkg, const char *name, const char *architecture, const char *suffix,
		     struct beside *beside)
{
	int length = snprintf(beside->path, sizeof(beside->path), DATABASE "info/%s%s%s%s", name,
			      architecture ? ":" : "", architecture ? architecture : "", suffix);

	if (length >= (int)sizeof(beside->path))
		return -ENOENT;
	return lines_read(dpkg->context, SOURCE, beside->path, TREE_TEXT_MAX, &beside->text, &beside->lines);
}

static int beside_read(struct dpkg *dpkg, const struct dpkg_package *package, const char *suffix, struct beside *beside)
{
	int r = -ENOENT;

	if (dpkg->entry) {
		(void)snprintf(beside->path, sizeof(beside->path), "%s%s", dpkg->entry, suffix);
		return lines_read(dpkg->context, SOURCE, beside->path, TREE_TEXT_MAX, &beside->text, &beside->lines);
	}
	if (package->is_same && package->architecture)
		r = info_read(dpkg, package->name, package->architecture, suffix, beside);
	return r == -ENOENT ? info_read(dpkg, package->name, NULL, suffix, beside) : r;
}

static int sums_read(struct dpkg *dpkg, const struct dpkg_package *package, struct beside *md5sums)
{
	struct lines conffiles;
	int r = 0;

	dpkg->sums.count = 0;
	if (package->conffiles) {
		lines_begin(&conffiles, package->conffiles, strlen(package->conffiles));
		r = dpkg_conffiles(&conffiles, &dpkg->sums);
		if (conffiles.bad)
			lines_bad(dpkg->status, dpkg->status->number, "ends a package whose conffiles are damaged");
	}
	if (r == 0)
		r = beside_read(dpkg, package, MD5SUMS, md5sums);
	if (r == 0)
		r = dpkg_md5sums(&md5sums->lines, &dpkg->sums);
	dpkg_sums_sort(&dpkg->sums);
	return r == -ENOMEM ? r : 0;
}

/* The list says what is the package's: its checksums may still be of files that another has replaced. */
static int files_read(struct dpkg *dpkg, const struct dpkg_package *package)
{
	_cleanup_beside_ struct beside md5sums = { .text = NULL }, list = { .text = NULL };
	int r = sums_read(dpkg, package, &md5sums), has_list;

	if (r < 0)
		return r;
	has_list = dpkg->entry ? -ENOENT : beside_read(dpkg, package, ".list", &list);
	if (has_list == -ENOMEM)
		return has_list;
	r = has_list == 0 ? dpkg_list(&list.lines, &dpkg->sums, listed, dpkg) : unlisted(dpkg, &md5sums.lines);
	dpkg->unlisted += has_list < 0 && !dpkg->entry;
	lines_note(&md5sums.lines, dpkg->context->builder, SOURCE, md5sums.path);
	lines_note(&list.lines, dpkg->context->builder, SOURCE, list.path);
	return r;
}

/* ---- the status ---- */

static int package_found(const struct dpkg_package *package, void *data)
{
	struct dpkg *dpkg = data;
	int r = package_add(dpkg, package);

	dpkg->name = package->name;
	if (r == 0)
		r = files_read(dpkg, package);
	return r == -ENOSPC ? 0 : r;
}

/* `entry`: the path is one of status.d. */
static int status_read(struct dpkg *dpkg, const char *path, bool is_entry)
{
	_cleanup_free_ char *text = NULL;
	struct lines lines;
	int r = lines_read(dpkg->context, SOURCE, path, is_entry ? ENTRY_MAX : TREE_TEXT_MAX, &text, &lines);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	dpkg->status = &lines;
	dpkg->location = path;
	dpkg->entry = is_entry ? path : NULL;
	r = dpkg_status(&lines, !is_entry, package_found, dpkg);
	lines_note(&lines, dpkg->context->builder, SOURCE, path);
	return r;
}

static int status_entry(const char *name, enum tree_type type, void *data)
{
	size_t length = strlen(name), suffix = strlen(MD5SUMS);
	char path[PATH_MAX];

	if (type == TREE_DIRECTORY || (length > suffix && strcmp(name + length - suffix, MD5SUMS) == 0) ||
	    snprintf(path, sizeof(path), STATUS_D "/%s", name) >= (int)sizeof(path))
		return 0;
	return status_read(data, path, true);
}

static int status_d_read(struct dpkg *dpkg)
{
	int r = tree_list(dpkg->context->tree, STATUS_D, status_entry, dpkg);

	return r == -ENOMEM ? r : 0;
}

/* ---- all of it ---- */

static int diversions_read(struct dpkg *dpkg, char **ret_text)
{
	struct lines lines;
	int r = lines_read(dpkg->context, SOURCE, DIVERSIONS, TREE_TEXT_MAX, ret_text, &lines);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = dpkg_diversions(&lines, &dpkg->diversions);
	lines_note(&lines, dpkg->context->builder, SOURCE, DIVERSIONS);
	return r;
}

/* What has no checksum and is a file or link all the same. */
static int doubt_settled(const struct doubt *doubt, void *data)
{
	const struct dpkg *dpkg = data;
	int r = 0;

	if (doubt->is_there && (doubt->type == TREE_FILE || doubt->type == TREE_LINK))
		r = builder_own(dpkg->context->builder, doubt->file.package, doubt->path, &doubt->file);
	return r == -ENOSPC ? 0 : r;
}

static int dpkg_read(const struct source_context *context)
{
	struct dpkg dpkg = { .context = context };
	_cleanup_free_ char *diversions = NULL;
	int r = diversions_read(&dpkg, &diversions);

	if (r == 0)
		r = status_read(&dpkg, STATUS, false);
	if (r == 0)
		r = status_d_read(&dpkg);
	if (r == 0)
		r = doubts_settle(&dpkg.doubts, context->tree, doubt_settled, &dpkg);
	if (dpkg.unlisted)
		builder_note(context->builder, SOURCE, DATABASE "info", "%zu packages have no list of their files",
			     dpkg.unlisted);
	dpkg_sums_clear(&dpkg.sums);
	dpkg_diversions_clear(&dpkg.diversions);
	doubts_clear(&dpkg.doubts);
	return r;
}

const struct source source_dpkg = { .name = SOURCE, .read = dpkg_read };
