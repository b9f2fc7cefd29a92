// SPDX-License-Identifier: Apache-2.0
#include "state/schema.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"

static const struct {
	int code, error;
} errors[] = {
	{ SQLITE_OK, 0 },
	{ SQLITE_FULL, -ENOSPC },
	{ SQLITE_NOMEM, -ENOMEM },
	{ SQLITE_CORRUPT, -EBADMSG },
	{ SQLITE_NOTADB, -EBADMSG },
	{ SQLITE_FORMAT, -EBADMSG },
	{ SQLITE_ERROR, -EBADMSG }, /* our own statements are right: the tables are not ours */
	{ SQLITE_BUSY, -EBUSY },
	{ SQLITE_LOCKED, -EBUSY },
	{ SQLITE_READONLY, -EROFS },
	{ SQLITE_PERM, -EACCES },
	{ SQLITE_AUTH, -EACCES },
};

int schema_errno(sqlite3 *db, int code)
{
	int system = db ? sqlite3_system_errno(db) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == (code & 0xff))
			return errors[i].error;
	return system > 0 ? -system : -EIO;
}

static int version_get(sqlite3 *db, int *ret_version)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*ret_version = sqlite3_column_int(statement, 0);
		code = SQLITE_OK;
	}
	(void)sqlite3_finalize(statement);
	return schema_errno(db, code);
}

static int execute(sqlite3 *db, const char *sql)
{
	return schema_errno(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static int steps_take(sqlite3 *db, int version, const char *const *steps, size_t count)
{
	char sql[64];
	int r = 0;

	for (size_t i = (size_t)version; r == 0 && i < count; i++)
		r = execute(db, steps[i]);
	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %zu; COMMIT", count);
	return r < 0 ? r : execute(db, sql);
}

int schema_bring_up(sqlite3 *db, const char *const *steps, size_t count)
{
	int version = 0, r = version_get(db, &version);

	if (r < 0)
		return r;
	if (version < 0 || version > (int)count)
		return -EPROTONOSUPPORT;
	if (version == (int)count)
		return 0;
	r = execute(db, "BEGIN IMMEDIATE");
	if (r < 0)
		return r;
	r = steps_take(db, version, steps, count);
	if (r < 0)
		(void)execute(db, "ROLLBACK");
	return r;
}

int schema_check(sqlite3 *db, size_t count)
{
	int version = 0, r = version_get(db, &version);

	return r < 0 || version == (int)count ? r : -EPROTONOSUPPORT;
}
