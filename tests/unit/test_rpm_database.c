// SPDX-License-Identifier: Apache-2.0
/* Databases that are none of RPM's, or made to do harm. */
#include "inventory/rpm_database.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "rpm_write.h"

struct seen {
	size_t headers, bytes;
	int answer;
};

static int header_seen(const void *header, size_t size, void *data)
{
	struct seen *seen = data;

	seen->headers++;
	seen->bytes += size;
	assert_true(header || size == 0);
	return seen->answer;
}

static struct seen read_all(struct rpm_blob *database, int answer, int status)
{
	struct seen seen = { .answer = answer };
	int r = rpm_database_each(database->bytes, database->size, header_seen, &seen);

	if (r != status)
		fail_msg("%d, not %d", r, status);
	return seen;
}

static const struct row {
	const char *what;
	const char *schema;
	int status;
	size_t headers, bytes;
} rows[] = {
	{ "two", RPM_TABLE "; INSERT INTO Packages(blob) VALUES(x'0102'), (x'03')", 0, 2, 3 },
	{ "none", RPM_TABLE, 0, 0, 0 },
	{ "no table of packages", "CREATE TABLE Name(key, hnum)", -EBADMSG, 0, 0 },
	{ "another column", "CREATE TABLE Packages(hnum, header)", -EBADMSG, 0, 0 },
	{ "a view", "CREATE VIEW Packages AS SELECT 1 AS hnum, x'01' AS blob", -EBADMSG, 0, 0 },
	{ "a view that has no end",
	  "CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT x'01' UNION ALL SELECT blob FROM n) "
	  "SELECT blob FROM n",
	  -EBADMSG, 0, 0 },
	{ "a virtual table", "CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)", -EBADMSG, 0, 0 },
	{ "a table of keys",
	  "CREATE TABLE Packages(hnum PRIMARY KEY, blob) WITHOUT ROWID; "
	  "INSERT INTO Packages VALUES(1, x'01')",
	  0, 1, 1 },
	{ "no blobs",
	  "CREATE TABLE Packages(hnum, blob); INSERT INTO Packages VALUES(1, NULL), (2, ''), (3, 'abc'), (4, 5)", 0, 4,
	  4 },
	{ "a column that is computed",
	  "CREATE TABLE Packages(hnum, blob AS (hex(hnum))); INSERT INTO Packages VALUES(1)", 0, 1, 2 },
	{ "a database of a page whose headers are 600 MB",
	  "CREATE TABLE Packages(hnum, blob AS (zeroblob(60000000))); "
	  "INSERT INTO Packages VALUES(1), (2), (3), (4), (5), (6), (7), (8), (9), (10)",
	  -E2BIG, 8, 480000000 },
	{ "a header that is too large", RPM_TABLE "; INSERT INTO Packages(blob) VALUES(x'01'), (zeroblob(70000000))",
	  -E2BIG, 1, 1 },
};

static void databases_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rpm_blob database = rpm_database(rows[i].schema, NULL);
		struct seen seen = { .answer = 0 };
		int r = rpm_database_each(database.bytes, database.size, header_seen, &seen);

		if (r != rows[i].status || seen.headers != rows[i].headers || seen.bytes != rows[i].bytes)
			fail_msg("%s: %d %zu %zu", rows[i].what, r, seen.headers, seen.bytes);
		free(database.bytes);
	}
}

static void a_call_ends_it(void **state)
{
	struct rpm_blob database = rpm_database(rows[0].schema, NULL);

	(void)state;
	assert_int_equal(read_all(&database, -ENOMEM, -ENOMEM).headers, 1);
	free(database.bytes);
}

/* As every database that rpm made: the log may be gone, its mode stays. */
static void one_in_wal_mode_is_read(void **state)
{
	struct rpm_blob database = rpm_database(rows[0].schema, NULL);

	(void)state;
	database.bytes[18] = database.bytes[19] = 2;
	assert_int_equal(read_all(&database, 0, 0).headers, 2);
	free(database.bytes);
}

static void what_is_no_database_is_refused(void **state)
{
	struct rpm_blob database = rpm_database(rows[0].schema, NULL);

	(void)state;
	database.size = 0;
	(void)read_all(&database, 0, -EBADMSG);
	database.size = 15;
	(void)read_all(&database, 0, -EBADMSG);
	database.size = 512;
	database.bytes[0] ^= 1;
	(void)read_all(&database, 0, -EBADMSG);
	free(database.bytes);
}

#define MANY                                                                                                           \
	RPM_TABLE "; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "                   \
		  "INSERT INTO Packages(blob) SELECT zeroblob(1000) FROM n"

/* Cut anywhere, and with any byte of it another: it ends, and gives no more than it had. */
static void damaged_ones_end(void **state)
{
	struct rpm_blob whole = rpm_database(MANY, NULL), copy = { malloc(whole.size), 0 };
	size_t least = SIZE_MAX;

	(void)state;
	for (size_t i = 0; i < 400; i++) {
		struct seen seen = { .answer = 0 };
		int r;

		memcpy(copy.bytes, whole.bytes, whole.size);
		copy.size = i % 2 ? whole.size : whole.size * i / 400;
		copy.bytes[i < 200 ? i : whole.size * i / 400] ^= 0xff;
		r = rpm_database_each(copy.bytes, copy.size, header_seen, &seen);
		assert_true(r == 0 || r == -EBADMSG || r == -E2BIG || r == -ENOMEM);
		assert_true(seen.headers <= 400);
		if (seen.headers < least)
			least = seen.headers;
	}
	assert_int_equal(least, 0);
	free(whole.bytes);
	free(copy.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(databases_are_read),      cmocka_unit_test(a_call_ends_it),
		cmocka_unit_test(one_in_wal_mode_is_read), cmocka_unit_test(what_is_no_database_is_refused),
		cmocka_unit_test(damaged_ones_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
