// SPDX-License-Identifier: Apache-2.0
/*
 * RPM databases in SQLite (rpmdb.sqlite, table Packages): read whole into memory and opened there, as what a stranger made:
 * nothing of its schema is trusted, and every query has a bound. Older formats are told as not read.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "inventory/rpm_header.h"
#include "inventory/source.h"

#define SOURCE "rpm"

#define DATABASE_MAX (256u << 20)
#define HEADER_MAX   (64u << 20)
#define STEPS_MAX    200000 /* thousands of SQLite's instructions */
#define DIRS_MAX     65536

/* rpmfiles.h */
#define FILE_CONFIG 1
#define FILE_GHOST  64

struct rpm {
	const struct source_context *context;
	const char *location;
	unsigned steps;
	size_t damaged;
	const char **dirs; /* of the package in hand */
	size_t dir_count;
};

/* ---- one package ---- */

static enum digest_kind algorithm_of(const struct rpm_header *header)
{
	/* pgpHashAlgo of rpmpgp.h (RFC 4880, 9.4) */
	static const enum digest_kind kinds[] = {
		[1] = DIGEST_MD5,     [2] = DIGEST_SHA1,    [8] = DIGEST_SHA256,
		[9] = DIGEST_SHA384, [10] = DIGEST_SHA512, [11] = DIGEST_SHA224,
	};
	uint32_t number;

	if (!rpm_header_number(header, RPM_DIGEST_ALGORITHM, 0, &number))
		return DIGEST_MD5;
	return number < ARRAY_SIZE(kinds) ? kinds[number] : DIGEST_NONE;
}

static void dirs_take(struct rpm *rpm, const struct rpm_header *header)
{
	struct rpm_strings strings = rpm_header_strings(header, RPM_DIR_NAMES);
	const char *dir;

	rpm->dir_count = 0;
	while (rpm->dir_count < DIRS_MAX && (dir = rpm_strings_next(&strings)))
		rpm->dirs[rpm->dir_count++] = dir;
}

static bool number_at(const struct rpm_header *header, enum rpm_tag tag, uint32_t at, uint32_t *ret_number)
{
	*ret_number = 0;
	return rpm_header_number(header, tag, at, ret_number);
}

static int file_own(struct rpm *rpm, uint32_t package, const char *directory, const char *name,
		    const struct inventory_file *file)
{
	char path[PATH_MAX], canonical[PATH_MAX];
	int r;

	if (snprintf(path, sizeof(path), "%s%s", directory, name) >= (int)sizeof(path) ||
	    tree_canonical(rpm->context->tree, path, canonical) < 0)
		return 0; /* no clean path */
	r = builder_own(rpm->context->builder, package, canonical, file);
	return r == -ENOMEM ? r : 0;
}

static int files_take(struct rpm *rpm, const struct rpm_header *header, uint32_t package)
{
	struct rpm_strings names = rpm_header_strings(header, RPM_BASE_NAMES);
	struct rpm_strings digests = rpm_header_strings(header, RPM_FILE_DIGESTS);
	enum digest_kind kind = algorithm_of(header);
	const char *name;
	int r = 0;

	for (uint32_t i = 0; r == 0 && (name = rpm_strings_next(&names)); i++) {
		const char *digest = rpm_strings_next(&digests);
		struct inventory_file file = { .package = package };
		uint32_t dir, mode, flags;

		if (!number_at(header, RPM_DIR_INDEXES, i, &dir) || dir >= rpm->dir_count)
			continue;
		(void)number_at(header, RPM_FILE_FLAGS, i, &flags);
		if (number_at(header, RPM_FILE_MODES, i, &mode) && S_ISDIR(mode))
			continue;
		file.flags = (flags & FILE_CONFIG ? INVENTORY_FILE_CONFIG : 0) |
			     (flags & FILE_GHOST ? INVENTORY_FILE_GHOST : 0);
		if (digest && S_ISREG(mode))
			(void)digest_from_hex(kind, digest, strlen(digest), &file.digest);
		r = file_own(rpm, package, rpm->dirs[dir], name, &file);
	}
	return r;
}

/* "[epoch:]version-release", as rpm's EVR. */
static void version_make(const struct rpm_header *header, char *room, size_t size)
{
	const char *version = rpm_header_string(header, RPM_VERSION), *release = rpm_header_string(header, RPM_RELEASE);
	char epoch[16] = "";
	uint32_t number;

	if (rpm_header_number(header, RPM_EPOCH, 0, &number))
		(void)snprintf(epoch, sizeof(epoch), "%u:", number);
	(void)snprintf(room, size, "%s%s%s%s", epoch, version ?: "", release ? "-" : "", release ?: "");
}

/* The epoch is a qualifier of its own (PURL-TYPES.rst, rpm). */
static void purl_make(const struct rpm *rpm, const struct inventory_package *package, char *room, size_t size)
{
	const char *colon = strchr(package->version, ':');
	char epoch[16], distro[256];
	const struct purl purl = {
		.type = "rpm",
		.namespace = rpm->context->system.id,
		.name = package->name,
		.version = colon ? colon + 1 : package->version,
		.qualifiers = { { "arch", package->architecture },
				{ "distro", rpm->context->system.id ? distro : NULL },
				{ "epoch", colon ? epoch : NULL },
				{ "upstream", package->origin } },
	};

	(void)snprintf(epoch, sizeof(epoch), "%.*s", colon ? (int)(colon - package->version) : 0, package->version);
	(void)snprintf(distro, sizeof(distro), "%s%s%s", rpm->context->system.id ?: "",
		       rpm->context->system.version ? "-" : "", rpm->context->system.version ?: "");
	if (purl_format(&purl, room, size) < 0)
		room[0] = '\0';
}

static int package_take(struct rpm *rpm, const void *blob, size_t size)
{
	char version[512], purl[BUILDER_STRING_MAX];
	struct inventory_package package = { .type = PACKAGE_RPM, .version = version, .location = rpm->location };
	struct rpm_header header;
	uint32_t number;
	int r;

	if (size > HEADER_MAX || rpm_header_open(blob, size, &header) < 0)
		return -EBADMSG;
	package.name = rpm_header_string(&header, RPM_NAME);
	if (!package.name || !*package.name || !rpm_header_string(&header, RPM_VERSION))
		return -EBADMSG;
	package.architecture = rpm_header_string(&header, RPM_ARCH);
	package.license = rpm_header_string(&header, RPM_LICENSE);
	package.origin = rpm_header_string(&header, RPM_SOURCE);
	version_make(&header, version, sizeof(version));
	purl_make(rpm, &package, purl, sizeof(purl));
	package.purl = purl[0] ? purl : NULL;
	r = builder_package(rpm->context->builder, &package, &number);
	if (r < 0)
		return r == -ENOSPC ? 0 : r;
	dirs_take(rpm, &header);
	return files_take(rpm, &header, number);
}

/* ---- the database ---- */

static void database_closep(sqlite3 **db)
{
	(void)sqlite3_close(*db);
}

static void statement_endp(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);
}

/* Every thousand instructions: a database can be made so that a query never ends. */
static int steps_count(void *data)
{
	struct rpm *rpm = data;

	return ++rpm->steps > STEPS_MAX;
}

static void bytes_freep(unsigned char **bytes)
{
	sqlite3_free(*bytes);
}

static int file_load(const struct tree_file *file, unsigned char **ret_bytes)
{
	_cleanup_(bytes_freep) unsigned char *bytes = NULL;

	bytes = sqlite3_malloc64(file->size ?: 1);
	if (!bytes)
		return -ENOMEM;
	for (uint64_t at = 0; at < file->size;) {
		ssize_t n = tree_pread(file, bytes + at, (size_t)(file->size - at), at);

		if (n <= 0)
			return n < 0 ? (int)n : -ENODATA;
		at += (uint64_t)n;
	}
	*ret_bytes = take_ptr(bytes);
	return 0;
}

/* The database takes the bytes, also on failure. */
static int database_open(struct rpm *rpm, unsigned char *bytes, uint64_t size, sqlite3 **ret_db)
{
	_cleanup_(database_closep) sqlite3 *db = NULL;

	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
		sqlite3_free(bytes);
		return -ENOMEM;
	}
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, (int)HEADER_MAX);
	sqlite3_progress_handler(db, 1000, steps_count, rpm);
	/* A file in WAL mode cannot be opened from memory: as what was checkpointed it can (sqlite.org, "fileformat2",
	 * bytes 18 and 19). */
	if (size > 20 && bytes[18] == 2)
		bytes[18] = bytes[19] = 1;
	if (sqlite3_deserialize(db, "main", bytes, (sqlite3_int64)size, (sqlite3_int64)size,
				SQLITE_DESERIALIZE_READONLY | SQLITE_DESERIALIZE_FREEONCLOSE) != SQLITE_OK)
		return -EBADMSG;
	*ret_db = take_ptr(db);
	return 0;
}

static int packages_take(struct rpm *rpm, sqlite3 *db)
{
	_cleanup_(statement_endp) sqlite3_stmt *statement = NULL;
	int code, r = 0;

	if (sqlite3_prepare_v2(db, "SELECT blob FROM Packages", -1, &statement, NULL) != SQLITE_OK)
		return -EBADMSG;
	while (r == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		const void *blob = sqlite3_column_blob(statement, 0);

		r = blob ? package_take(rpm, blob, (size_t)sqlite3_column_bytes(statement, 0)) : -EBADMSG;
		rpm->damaged += r == -EBADMSG;
		r = r == -EBADMSG ? 0 : r;
	}
	return r < 0 ? r : code == SQLITE_DONE ? 0 : code == SQLITE_NOMEM ? -ENOMEM : -EBADMSG;
}

static int database_read(struct rpm *rpm, const char *path)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	_cleanup_(database_closep) sqlite3 *db = NULL;
	unsigned char *bytes = NULL;
	int r = tree_open(rpm->context->tree, path, &file);

	if (r < 0)
		return r;
	if (file.size > DATABASE_MAX)
		return -EFBIG;
	r = file_load(&file, &bytes);
	if (r == 0)
		r = database_open(rpm, bytes, file.size, &db);
	return r < 0 ? r : packages_take(rpm, db);
}

static const struct {
	const char *path;
	const char *unread; /* why it is not; NULL: it is */
} databases[] = {
	{ "/var/lib/rpm/rpmdb.sqlite", NULL },
	{ "/usr/lib/sysimage/rpm/rpmdb.sqlite", NULL },
	{ "/var/lib/rpm/Packages", "databases in Berkeley DB's format are not read" },
	{ "/var/lib/rpm/Packages.db", "databases in NDB's format are not read" },
	{ "/usr/lib/sysimage/rpm/Packages", "databases in Berkeley DB's format are not read" },
	{ "/usr/lib/sysimage/rpm/Packages.db", "databases in NDB's format are not read" },
};

/* One of the places may be a link to the other. */
static bool is_again(const struct source_context *context, size_t number)
{
	char path[PATH_MAX], other[PATH_MAX];

	if (tree_canonical(context->tree, databases[number].path, path) < 0)
		return true;
	for (size_t i = 0; i < number; i++)
		if (tree_canonical(context->tree, databases[i].path, other) == 0 && strcmp(path, other) == 0)
			return true;
	return false;
}

static int place_read(struct rpm *rpm, size_t number)
{
	const char *path = databases[number].path;
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	struct builder *builder = rpm->context->builder;
	int r;

	if (is_again(rpm->context, number))
		return 0;
	rpm->location = path;
	rpm->damaged = 0;
	if (databases[number].unread) {
		if (tree_open(rpm->context->tree, path, &file) == 0)
			builder_note(builder, SOURCE, path, "%s", databases[number].unread);
		return 0;
	}
	r = database_read(rpm, path);
	if (r == -ENOENT || r == -ENOTDIR || r == -ENOMEM)
		return r == -ENOMEM ? r : 0;
	if (r < 0)
		builder_note(builder, SOURCE, path, "%s",
			     r == -EBADMSG ? "it is no database of packages, or a damaged one" : strerror(-r));
	if (rpm->damaged)
		builder_note(builder, SOURCE, path, "%zu of its packages are damaged", rpm->damaged);
	return 0;
}

static int rpm_read(const struct source_context *context)
{
	_cleanup_free_ const char **dirs = calloc(DIRS_MAX, sizeof(*dirs));
	struct rpm rpm = { .context = context, .dirs = dirs };
	int r = dirs ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(databases); i++)
		r = place_read(&rpm, i);
	return r;
}

const struct source source_rpm = { .name = SOURCE, .read = rpm_read };
