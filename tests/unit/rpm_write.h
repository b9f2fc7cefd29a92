/* SPDX-License-Identifier: Apache-2.0 */
/* Writes RPM headers for tests, as the database keeps them, and databases of them. */
#ifndef PLM_TESTS_RPM_WRITE_H
#define PLM_TESTS_RPM_WRITE_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/rpm_header.h"

/* An index entry with its data; a tag of 0 ends a list of them. */
struct rpm_item {
	uint32_t tag, type, count;
	const char *data;
	size_t size;
};

#define RPM_STRING(tag, text)                                                                                          \
	{                                                                                                              \
		tag, 6, 1, text, sizeof(text)                                                                          \
	}
#define RPM_STRINGS(tag, count, text)                                                                                  \
	{                                                                                                              \
		tag, 8, count, text, sizeof(text)                                                                      \
	} /* the last NUL is the literal's own */
#define RPM_INT8(tag, count, bytes)                                                                                    \
	{                                                                                                              \
		tag, 1, count, bytes, sizeof(bytes) - 1                                                                \
	}
#define RPM_INT16(tag, count, bytes)                                                                                   \
	{                                                                                                              \
		tag, 3, count, bytes, sizeof(bytes) - 1                                                                \
	}
#define RPM_INT32(tag, count, bytes)                                                                                   \
	{                                                                                                              \
		tag, 4, count, bytes, sizeof(bytes) - 1                                                                \
	}
#define RPM_OTHER(tag, type, count, data)                                                                              \
	{                                                                                                              \
		tag, type, count, data, sizeof(data)                                                                   \
	}

struct rpm_blob {
	uint8_t *bytes; /* malloc'd to its size: a sanitizer sees what is read behind it */
	size_t size;
};

static inline void rpm_big32(uint8_t *at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline struct rpm_blob rpm_blob(const struct rpm_item *items)
{
	struct rpm_blob blob = { NULL, 8 };
	uint32_t entries = 0, at = 0;
	uint8_t *data;

	for (const struct rpm_item *item = items; item->tag; item++, entries++)
		blob.size += 16 + item->size;
	blob.bytes = malloc(blob.size);
	data = blob.bytes + 8 + 16 * (size_t)entries;
	for (uint32_t i = 0; i < entries; i++) {
		uint8_t *entry = blob.bytes + 8 + 16 * (size_t)i;

		rpm_big32(entry, items[i].tag);
		rpm_big32(entry + 4, items[i].type);
		rpm_big32(entry + 8, at);
		rpm_big32(entry + 12, items[i].count);
		memcpy(data + at, items[i].data, items[i].size);
		at += (uint32_t)items[i].size;
	}
	rpm_big32(blob.bytes, entries);
	rpm_big32(blob.bytes + 4, at);
	return blob;
}

/* ---- databases ---- */

#define RPM_TABLE "CREATE TABLE Packages(hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"

static inline void rpm_sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

static inline void rpm_insert(sqlite3 *db, const struct rpm_item *items)
{
	struct rpm_blob blob = rpm_blob(items);
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO Packages(blob) VALUES(?)", -1, &statement, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_bind_blob(statement, 1, blob.bytes, (int)blob.size, SQLITE_TRANSIENT), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	free(blob.bytes);
}

/* The database as a file has it; it is closed. */
static inline struct rpm_blob rpm_serialize(sqlite3 *db)
{
	sqlite3_int64 size = 0;
	unsigned char *bytes = sqlite3_serialize(db, "main", &size, 0);
	struct rpm_blob blob = { malloc((size_t)size + 1), (size_t)size };

	assert_true(size > 0);
	memcpy(blob.bytes, bytes, blob.size);
	sqlite3_free(bytes);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return blob;
}

/* Of these statements of SQL, and up to a NULL of these headers. */
static inline struct rpm_blob rpm_database(const char *schema, const struct rpm_item *const *headers)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	rpm_sql(db, schema);
	for (; headers && *headers; headers++)
		rpm_insert(db, *headers);
	return rpm_serialize(db);
}

#endif
