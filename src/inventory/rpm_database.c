// SPDX-License-Identifier: Apache-2.0
#include "inventory/rpm_database.h"

#include <errno.h>
#include <sqlite3.h>

#include "base/cleanup.h"

#define STEPS_AT_ONCE 1000

static void database_closep(sqlite3 **db)
{
	(void)sqlite3_close(*db);
}

static void statement_endp(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);
}

static int steps_count(void *data)
{
	uint32_t *steps = data;

	*steps += STEPS_AT_ONCE;
	return *steps > RPM_STEPS_MAX;
}

static int code_errno(int code)
{
	static const struct {
		int code, error;
	} errors[] = {
		{ SQLITE_OK, 0 },          { SQLITE_DONE, 0 },           { SQLITE_NOMEM, -ENOMEM },
		{ SQLITE_TOOBIG, -E2BIG }, { SQLITE_INTERRUPT, -E2BIG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == code)
			return errors[i].error;
	return -EBADMSG;
}

/* sqlite.org/security.html: "Untrusted SQLite Database Files". */
static int database_confine(sqlite3 *db, uint32_t *steps)
{
	static const int options[][2] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};
	static const int limits[][2] = {
		{ SQLITE_LIMIT_LENGTH, (int)RPM_HEADER_MAX },
		{ SQLITE_LIMIT_SQL_LENGTH, 1 << 16 },
		{ SQLITE_LIMIT_COLUMN, 100 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 20 },
		{ SQLITE_LIMIT_VDBE_OP, 25000 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 8 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
	};
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < ARRAY_SIZE(options); i++)
		code = sqlite3_db_config(db, options[i][0], options[i][1], NULL);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		(void)sqlite3_limit(db, limits[i][0], limits[i][1]);
	sqlite3_progress_handler(db, STEPS_AT_ONCE, steps_count, steps);
	return code == SQLITE_OK ? sqlite3_exec(db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL) : code;
}

/* What is in memory has no room for a log: bytes 18 and 19 say that there is one (sqlite.org/c3ref/deserialize.html). */
static int database_open(uint8_t *bytes, size_t size, uint32_t *steps, sqlite3 **ret_db)
{
	_cleanup_(database_closep) sqlite3 *db = NULL;
	int code = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE, NULL);

	if (code == SQLITE_OK && size > 19 && bytes[18] == 2 && bytes[19] == 2)
		bytes[18] = bytes[19] = 1;
	if (code == SQLITE_OK)
		code = sqlite3_deserialize(db, "main", bytes, (sqlite3_int64)size, (sqlite3_int64)size,
					   SQLITE_DESERIALIZE_READONLY);
	if (code == SQLITE_OK)
		code = database_confine(db, steps);
	if (code == SQLITE_OK)
		*ret_db = take_ptr(db);
	return code_errno(code);
}

/* A view or a virtual table has no page of its own. */
static int table_check(sqlite3 *db)
{
	static const char query[] =
		"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'Packages' AND rootpage > 0";
	_cleanup_(statement_endp) sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -EBADMSG : code_errno(code);
}

static int headers_give(sqlite3 *db, int (*call)(const void *header, size_t size, void *data), void *data)
{
	_cleanup_(statement_endp) sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, "SELECT blob FROM Packages", -1, &statement, NULL), r = 0;
	size_t all = 0;

	if (code != SQLITE_OK)
		return code_errno(code);
	while (r == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		/* What is no blob is a header of no bytes, or text: bad, for whoever is called to say. */
		const void *header = sqlite3_column_blob(statement, 0);
		size_t size = (size_t)sqlite3_column_bytes(statement, 0);

		if (size > RPM_HEADERS_MAX - all)
			return -E2BIG;
		all += size;
		r = call(header, header ? size : 0, data);
	}
	return r ? r : code_errno(code);
}

int rpm_database_each(uint8_t *bytes, size_t size, int (*call)(const void *header, size_t size, void *data), void *data)
{
	_cleanup_(database_closep) sqlite3 *db = NULL;
	uint32_t steps = 0;
	int r = database_open(bytes, size, &steps, &db);

	if (r == 0)
		r = table_check(db);
	return r < 0 ? r : headers_give(db, call, data);
}
