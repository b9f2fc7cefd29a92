// SPDX-License-Identifier: Apache-2.0
/* RPM databases in SQLite, with what their write-ahead log has. Older formats are told as not read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "inventory/rpm_database.h"
#include "inventory/rpm_header.h"
#include "inventory/source.h"
#include "inventory/wal.h"

#define SOURCE "rpm"

#define DATABASE_MAX (256u << 20)
#define LOG_MAX      (64u << 20)
#define TRIES        4 /* to read a database that is written meanwhile */

struct rpm {
	const struct source_context *context;
	const char *location;
	uint32_t number; /* of the package whose files are being read */
	size_t damaged;  /* packages */
	size_t unclean;  /* files */
};

/* ---- files ---- */

static const struct state {
	bool is_anothers; /* the path belongs to another package */
	bool is_missing;  /* nothing was put there */
} states[] = {
	[RPM_FILE_REPLACED] = { .is_anothers = true },
	[RPM_FILE_NOT_INSTALLED] = { .is_missing = true },
	[RPM_FILE_NET_SHARED] = { .is_missing = true },
	[RPM_FILE_WRONG_COLOR] = { .is_anothers = true },
};

static struct state state_of(const struct rpm_file *file)
{
	return file->state < ARRAY_SIZE(states) ? states[file->state] : (struct state){ 0 };
}

/* What is there of a ghost is not the package's content, even where its digest was taken when it was built. */
static void file_describe(const struct rpm_file *found, bool is_missing, struct inventory_file *file)
{
	bool is_ghost = found->flags & RPM_FILE_GHOST || is_missing;

	if (found->flags & RPM_FILE_CONFIG)
		file->flags |= INVENTORY_FILE_CONFIG;
	if (is_ghost || found->flags & RPM_FILE_MISSING_OK)
		file->flags |= INVENTORY_FILE_GHOST;
	if (S_ISREG(found->mode) && !is_ghost)
		file->digest = found->digest;
}

static int file_found(const struct rpm_file *found, void *data)
{
	struct rpm *rpm = data;
	struct state state = state_of(found);
	struct inventory_file file = { .package = rpm->number };
	char path[PATH_MAX], canonical[PATH_MAX];

	if (S_ISDIR(found->mode) || state.is_anothers)
		return 0;
	if (snprintf(path, sizeof(path), "%s%s", found->directory, found->name) >= (int)sizeof(path) ||
	    tree_canonical(rpm->context->tree, path, canonical) < 0) {
		rpm->unclean++;
		return 0;
	}
	file_describe(found, state.is_missing, &file);
	return builder_own(rpm->context->builder, rpm->number, canonical, &file);
}

/* ---- packages ---- */

/* Texts of a package that are made of several of its tags. */
struct texts {
	char epoch[16];                   /* "": none */
	char version[BUILDER_STRING_MAX]; /* "epoch:version-release": rpm's EVR */
	const char *release;              /* what is behind the epoch of it */
	char origin[BUILDER_STRING_MAX];
	char purl[BUILDER_STRING_MAX];
};

static void version_make(const struct rpm_header *header, struct texts *texts)
{
	const char *version = rpm_header_string(header, RPM_VERSION), *release = rpm_header_string(header, RPM_RELEASE);
	uint32_t epoch;

	texts->epoch[0] = '\0';
	if (rpm_header_number(header, RPM_EPOCH, &epoch))
		(void)snprintf(texts->epoch, sizeof(texts->epoch), "%u", epoch);
	(void)snprintf(texts->version, sizeof(texts->version), "%s%s%s%s%s", texts->epoch, *texts->epoch ? ":" : "",
		       version ?: "", release ? "-" : "", release ?: "");
	texts->release = texts->version + (*texts->epoch ? strlen(texts->epoch) + 1 : 0);
}

/* Of "bash-5.2-1.el9.src.rpm" the name, and the version behind a blank where it is not the package's. */
static void origin_make(const char *source, struct texts *texts)
{
	static const char *const suffixes[] = { ".src.rpm", ".nosrc.rpm" };
	size_t length = strlen(source), name;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t suffix = strlen(suffixes[i]);

		if (length > suffix && strcmp(source + length - suffix, suffixes[i]) == 0) {
			length -= suffix;
			break;
		}
	}
	(void)snprintf(texts->origin, sizeof(texts->origin), "%.*s", (int)length, source);
	name = strlen(texts->origin);
	for (int dashes = 0; dashes < 2 && name > 0;)
		dashes += texts->origin[--name] == '-';
	if (name == 0)
		return; /* of another form: as it is */
	texts->origin[name] = strcmp(texts->origin + name + 1, texts->release) == 0 ? '\0' : ' ';
}

/* The epoch is a qualifier of its own (PURL-TYPES.rst, rpm). */
static const char *purl_make(const struct rpm *rpm, const struct inventory_package *package, const char *source,
			     struct texts *texts)
{
	char distro[BUILDER_STRING_MAX];
	const struct purl purl = {
		.type = package_type_name(package->type),
		.namespace = rpm->context->system.id,
		.name = package->name,
		.version = texts->release,
		.qualifiers = { { "arch", package->architecture },
				{ "distro", purl_distro(&rpm->context->system, distro) },
				{ "epoch", texts->epoch },
				{ "upstream", source } },
	};

	return purl_format(&purl, texts->purl, sizeof(texts->purl)) == 0 ? texts->purl : NULL;
}

static int package_add(struct rpm *rpm, const struct rpm_header *header)
{
	const char *source = rpm_header_string(header, RPM_SOURCE_RPM);
	struct texts texts;
	struct inventory_package package = {
		.type = PACKAGE_RPM,
		.name = rpm_header_string(header, RPM_NAME),
		.architecture = rpm_header_string(header, RPM_ARCH),
		.license = rpm_header_string(header, RPM_LICENSE),
		.location = rpm->location,
	};

	if (!package.name || !*package.name)
		return -EBADMSG;
	version_make(header, &texts);
	if (*texts.version)
		package.version = texts.version;
	if (source) {
		origin_make(source, &texts);
		package.origin = texts.origin;
	}
	package.purl = purl_make(rpm, &package, source, &texts);
	return builder_package(rpm->context->builder, &package, &rpm->number);
}

static int header_found(const void *bytes, size_t size, void *data)
{
	struct rpm *rpm = data;
	struct rpm_header header;
	int r = rpm_header_open(bytes, size, &header);

	if (r == 0)
		r = package_add(rpm, &header);
	if (r == 0)
		r = rpm_header_files(&header, file_found, rpm);
	rpm->damaged += r == -EBADMSG;
	return r == -ENOMEM ? r : 0; /* at a bound of the builder's: the next may have less */
}

/* ---- databases ---- */

struct bytes {
	uint8_t *data;
	size_t size;
};

static void bytes_clear(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

#define _cleanup_bytes_ _cleanup_(bytes_clear)

static int load(const struct rpm *rpm, const char *path, size_t max, struct bytes *ret_bytes)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	_cleanup_free_ uint8_t *data = NULL;
	int r = tree_open(rpm->context->tree, path, &file);

	if (r < 0)
		return r;
	if (file.size > max)
		return -EFBIG;
	data = malloc(file.size ? (size_t)file.size : 1);
	if (!data)
		return -ENOMEM;
	for (size_t at = 0; at < file.size;) {
		ssize_t n = tree_pread(&file, data + at, (size_t)file.size - at, at);

		if (n <= 0)
			return n < 0 ? (int)n : -ENODATA;
		at += (size_t)n;
	}
	*ret_bytes = (struct bytes){ take_ptr(data), (size_t)file.size };
	return 0;
}

/* 0 where it may go on, or -ENOMEM. */
static int told(const struct rpm *rpm, const char *path, int error, const char *bad)
{
	static const struct {
		int error;
		const char *text;
	} texts[] = {
		{ -EFBIG, "is too large" },
		{ -ENODATA, "was cut while it was read" },
		{ -EAGAIN, "was written again and again while it was read" },
		{ -E2BIG, "has more in it than is read" },
	};
	const char *text = error == -EBADMSG ? bad : strerror(-error);

	if (error == -ENOMEM || error >= 0)
		return error;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].error == error)
			text = texts[i].text;
	builder_note(rpm->context->builder, SOURCE, path, "%s", text);
	return 0;
}

/* What is no regular file, or as good as not there. */
static int told_unread(const struct rpm *rpm, const char *path, int error)
{
	return error == -ENOENT || error == -ENOTDIR ? 0 : told(rpm, path, error, "is no regular file");
}

/* What a log begins with is another after each time that it was begun anew; of no bytes where there is none. */
static void log_head(const struct rpm *rpm, const char *path, uint8_t ret_head[static WAL_HEAD_SIZE])
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;

	memset(ret_head, 0, WAL_HEAD_SIZE);
	if (tree_open(rpm->context->tree, path, &file) == 0)
		(void)tree_pread(&file, ret_head, WAL_HEAD_SIZE, 0);
}

static bool log_begins(const struct bytes *log, const uint8_t head[static WAL_HEAD_SIZE])
{
	uint8_t begin[WAL_HEAD_SIZE] = { 0 };

	if (log->size)
		memcpy(begin, log->data, log->size < WAL_HEAD_SIZE ? log->size : WAL_HEAD_SIZE);
	return memcmp(begin, head, WAL_HEAD_SIZE) == 0;
}

/*
 * A running container may write to it meanwhile. What goes from the log to the database while that is read is in the log still,
 * as long as the log is the same; else both are read again. 0; -ENOMEM; or -ENODATA or -ENAMETOOLONG: there is no database,
 * or none that can be read, which was told.
 */
static int database_load(const struct rpm *rpm, const char *path, struct bytes *ret_database, struct bytes *ret_log)
{
	char log_path[PATH_MAX];

	if (snprintf(log_path, sizeof(log_path), "%s-wal", path) >= (int)sizeof(log_path))
		return -ENAMETOOLONG;
	for (int i = 0; i < TRIES; i++) {
		uint8_t head[WAL_HEAD_SIZE];
		int r;

		bytes_clear(ret_database);
		bytes_clear(ret_log);
		log_head(rpm, log_path, head);
		r = load(rpm, path, DATABASE_MAX, ret_database);
		if (r < 0)
			return told_unread(rpm, path, r) ?: -ENODATA;
		r = load(rpm, log_path, LOG_MAX, ret_log);
		if (r < 0 && r != -ENOENT)
			return told_unread(rpm, log_path, r);
		if (log_begins(ret_log, head))
			return 0;
	}
	return told(rpm, path, -EAGAIN, NULL);
}

static int database_read(struct rpm *rpm, const char *path)
{
	_cleanup_bytes_ struct bytes database = { NULL }, log = { NULL };
	struct builder *builder = rpm->context->builder;
	int r = database_load(rpm, path, &database, &log);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	rpm->location = path;
	rpm->damaged = rpm->unclean = 0;
	r = told(rpm, path, wal_apply(log.data, log.size, DATABASE_MAX, &database.data, &database.size),
		 "has another database's log beside it");
	if (r == 0)
		r = told(rpm, path, rpm_database_each(database.data, database.size, header_found, rpm),
			 "is no database of packages, or a damaged one");
	if (rpm->damaged)
		builder_note(builder, SOURCE, path, "%zu of its packages are damaged", rpm->damaged);
	if (rpm->unclean)
		builder_note(builder, SOURCE, path, "%zu of its files have no clean path", rpm->unclean);
	return r;
}

static const struct {
	const char *name;
	const char *unread; /* why it is not read; NULL: it is */
} formats[] = {
	{ "rpmdb.sqlite", NULL },
	{ "Packages", "is in Berkeley DB's format, which is not read" },
	{ "Packages.db", "is in NDB's format, which is not read" },
};

static int format_read(struct rpm *rpm, const char *directory, size_t number)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", directory, formats[number].name) >= (int)sizeof(path))
		return 0;
	if (!formats[number].unread)
		return database_read(rpm, path);
	if (tree_open(rpm->context->tree, path, &file) == 0)
		builder_note(rpm->context->builder, SOURCE, path, "%s", formats[number].unread);
	return 0;
}

/* One of them may be a link to the other. */
static const char *const directories[] = { "/var/lib/rpm", "/usr/lib/sysimage/rpm" };

/* "/usr/lib/sysimage/rpm" where /var/lib/rpm is a link to it. What leads nowhere is told when it is opened. */
static void directory_resolve(const struct rpm *rpm, const char *directory, char ret_directory[static PATH_MAX])
{
	char inside[PATH_MAX];

	(void)snprintf(inside, sizeof(inside), "%s/%s", directory, formats[0].name);
	if (tree_canonical(rpm->context->tree, inside, ret_directory) < 0)
		(void)strcpy(ret_directory, inside);
	*strrchr(ret_directory, '/') = '\0';
}

static int rpm_read(const struct source_context *context)
{
	struct rpm rpm = { .context = context };
	char read[ARRAY_SIZE(directories)][PATH_MAX] = { "" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++) {
		directory_resolve(&rpm, directories[i], read[i]);
		if (i > 0 && strcmp(read[i], read[0]) == 0)
			continue;
		for (size_t j = 0; r == 0 && j < ARRAY_SIZE(formats); j++)
			r = format_read(&rpm, read[i], j);
	}
	return r;
}

const struct source source_rpm = { .name = SOURCE, .read = rpm_read };
