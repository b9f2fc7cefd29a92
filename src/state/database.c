// SPDX-License-Identifier: Apache-2.0
#include "state/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "state/schema.h"

#define NAME_SIZE 64

static const char *const beside[] = { "", "-wal", "-shm", "-journal" };

static const char *file_name(const char *name, const char *end, char room[static NAME_SIZE])
{
	(void)snprintf(room, NAME_SIZE, "%s%s", name, end);
	return room;
}

/* Makes the database's file, so that it never has another mode: SQLite gives those beside it the same. */
static int files_check(int directory, const char *name)
{
	_cleanup_close_ int fd = -EBADF;
	char room[NAME_SIZE];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		if (fstatat(directory, file_name(name, beside[i], room), &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				return -errno;
		} else if (!S_ISREG(st.st_mode)) {
			return S_ISLNK(st.st_mode) ? -ELOOP : -EINVAL;
		}
	}
	fd = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	return fd < 0 || fchmod(fd, 0600) < 0 ? -errno : 0;
}

/* The damaged one keeps its log beside it; what SQLite shares between processes is made anew. */
static int files_set_aside(int directory, const char *name)
{
	char from[NAME_SIZE], to[NAME_SIZE];

	if (renameat(directory, name, directory, file_name(name, ".damaged", to)) < 0)
		return -errno;
	if (renameat(directory, file_name(name, "-wal", from), directory, file_name(name, ".damaged-wal", to)) < 0 &&
	    errno != ENOENT)
		return -errno;
	if (unlinkat(directory, file_name(name, "-shm", from), 0) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

/* What is in the file is never to be run; memory stays small, and the file out of the address space. */
static int connection_settle(sqlite3 *db)
{
	static const int options[][2] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	};
	int code = sqlite3_busy_timeout(db, 50);

	for (size_t i = 0; code == SQLITE_OK && i < ARRAY_SIZE(options); i++)
		code = sqlite3_db_config(db, options[i][0], options[i][1], NULL);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 128, 64);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db,
				    "PRAGMA cache_size = -512; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
				    "PRAGMA cell_size_check = ON",
				    NULL, NULL, NULL);
	return schema_errno(db, code);
}

static int no_complaint(void *data, int count, char **values, char **names)
{
	(void)names;
	*(bool *)data = count == 1 && values[0] && strcmp(values[0], "ok") == 0;
	return 0;
}

int database_check(struct database *database)
{
	bool sound = false;
	int code;

	(void)sqlite3_db_release_memory(database->db); /* pages that were read before say nothing */
	code = sqlite3_exec(database->db, "PRAGMA quick_check(1)", no_complaint, &sound, NULL);

	if (code != SQLITE_OK)
		return schema_errno(database->db, code);
	return sound ? 0 : -EBADMSG;
}

static int sentences_prepare(struct database *database, const struct database_kind *kind)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < kind->sentence_count; i++)
		r = schema_errno(database->db,
				 sqlite3_prepare_v3(database->db, kind->sentences[i], -1, SQLITE_PREPARE_PERSISTENT,
						    &database->prepared[i], NULL));
	return r;
}

/* In this order: a later version's database is not touched before it is known as such. */
static int database_prepare(struct database *database, const struct database_kind *kind)
{
	static const char log[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
				  "PRAGMA journal_size_limit = 8388608";
	int r = schema_bring_up(database->db, kind->steps, kind->step_count);

	if (r == 0)
		r = database_check(database);
	if (r == 0)
		r = schema_errno(database->db, sqlite3_exec(database->db, log, NULL, NULL, NULL));
	return r < 0 ? r : sentences_prepare(database, kind);
}

void database_close(struct database *database)
{
	for (size_t i = 0; i < DATABASE_SENTENCES; i++)
		(void)sqlite3_finalize(database->prepared[i]);
	(void)sqlite3_close(database->db);
	*database = (struct database){ 0 };
}

static int open_once(struct database *database, int directory, const char *path, const struct database_kind *kind)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
	int code, r = files_check(directory, kind->name);

	if (r < 0)
		return r;
	code = sqlite3_open_v2(path, &database->db, flags, NULL);
	r = schema_errno(database->db, code);
	if (r == 0)
		r = connection_settle(database->db);
	if (r == 0)
		r = database_prepare(database, kind);
	if (r < 0)
		database_close(database);
	return r;
}

int database_open(const char *dir, const struct database_kind *kind, struct database *ret_database, bool *ret_set_aside)
{
	_cleanup_close_ int directory = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *real = realpath(dir, NULL), *path = NULL;
	struct database database = { 0 };
	bool set_aside = false;
	int r;

	if (directory < 0 || !real)
		return -errno;
	if (asprintf(&path, "%s/%s", real, kind->name) < 0)
		return -ENOMEM;
	r = open_once(&database, directory, path, kind);
	if (r == -EBADMSG) {
		r = files_set_aside(directory, kind->name);
		set_aside = r == 0;
		if (r == 0)
			r = open_once(&database, directory, path, kind);
	}
	if (r < 0)
		return r;
	*ret_database = database;
	*ret_set_aside = set_aside;
	return 0;
}

/* ---- sentences ---- */

static int value_bind(sqlite3_stmt *statement, int number, const struct value *value)
{
	if (value->text)
		return sqlite3_bind_text(statement, number, value->text, -1, SQLITE_STATIC);
	if (value->blob)
		return sqlite3_bind_blob64(statement, number, value->blob, value->size, SQLITE_STATIC);
	return sqlite3_bind_int64(statement, number, (sqlite3_int64)value->number);
}

int database_open_read(const char *dir, const char *name, const struct database_kind *kind,
		       struct database *ret_database)
{
	_cleanup_free_ char *real = realpath(dir, NULL), *path = NULL;
	struct database database = { 0 };
	int r;

	if (!real)
		return -errno;
	if (asprintf(&path, "%s/%s", real, name) < 0)
		return -ENOMEM;
	if (access(path, R_OK) < 0)
		return -errno;
	r = schema_errno(NULL,
			 sqlite3_open_v2(path, &database.db,
					 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL));
	if (r == 0)
		r = connection_settle(database.db);
	if (r == 0)
		r = schema_check(database.db, kind->step_count);
	if (r == 0)
		r = sentences_prepare(&database, kind);
	if (r < 0)
		database_close(&database);
	else
		*ret_database = database;
	return r;
}

/* The log's pages go into the database, both synchronised; a reader that holds an old page leaves the log as it is, which is
 * synchronised all the same. */
int database_to_disk(struct database *database)
{
	int code = sqlite3_wal_checkpoint_v2(database->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	return schema_errno(database->db, code);
}

int database_begin(struct database *database, unsigned sentence, const struct value *values, size_t count,
		   sqlite3_stmt **ret_statement)
{
	sqlite3_stmt *statement = database->prepared[sentence];
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < count; i++)
		code = value_bind(statement, (int)i + 1, &values[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	*ret_statement = statement;
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return code == SQLITE_ROW;
	(void)sqlite3_reset(statement);
	return schema_errno(database->db, code);
}

int database_run(struct database *database, unsigned sentence, const struct value *values, size_t count)
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int r = database_begin(database, sentence, values, count, &statement);

	return r < 0 ? r : 0;
}

int database_number(struct database *database, unsigned sentence, const struct value *values, size_t count,
		    uint64_t *ret_number)
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int r = database_begin(database, sentence, values, count, &statement);

	if (r < 0)
		return r;
	if (r == 0 || sqlite3_column_type(statement, 0) != SQLITE_INTEGER)
		return -ENOENT;
	*ret_number = (uint64_t)sqlite3_column_int64(statement, 0);
	return 0;
}
