// SPDX-License-Identifier: Apache-2.0
/* Logs that SQLite wrote, whole and damaged: what is in the database afterwards is what SQLite itself reads of both. */
#include "inventory/wal.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define MAX (1u << 20)

struct bytes {
	uint8_t *data;
	size_t size;
};

/* A database in WAL mode, and its log: what was written first is checkpointed, the rest only in the log. */
struct pair {
	struct bytes database, log;
};

static struct bytes file_bytes(const char *path)
{
	struct bytes bytes = { NULL, 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &stat), 0);
	bytes.size = (size_t)stat.st_size;
	bytes.data = malloc(bytes.size + 1);
	assert_int_equal(read(fd, bytes.data, bytes.size), bytes.size);
	assert_int_equal(close(fd), 0);
	return bytes;
}

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

/* Each of `steps` is a transaction, until NULL. */
static struct pair pair_make(const char *const *steps)
{
	char directory[] = "/tmp/plimsoll-wal-XXXXXX", path[64], log[80];
	struct pair pair;
	sqlite3 *db;

	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/db", directory);
	(void)snprintf(log, sizeof(log), "%s-wal", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sql(db, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
	for (; *steps; steps++)
		sql(db, *steps);
	pair = (struct pair){ file_bytes(path), file_bytes(log) };
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	(void)unlink(log);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	return pair;
}

static void pair_clear(struct pair *pair)
{
	free(pair->database.data);
	free(pair->log.data);
}

#define _cleanup_pair_ _cleanup_(pair_clear)

/* The number that `query` answers with, of the database in memory; -1: it cannot be read. */
static int ask(const struct bytes *database, const char *query)
{
	sqlite3_stmt *statement = NULL;
	int answer = -1;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	if (database->size > 19)
		database->data[18] = database->data[19] = 1;
	assert_int_equal(sqlite3_deserialize(db, "main", database->data, (sqlite3_int64)database->size,
					     (sqlite3_int64)database->size, SQLITE_DESERIALIZE_READONLY),
			 SQLITE_OK);
	if (sqlite3_prepare_v2(db, query, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		answer = sqlite3_column_int(statement, 0);
	(void)sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return answer;
}

#define COUNT "SELECT count(*) FROM t"

static const char *const three[] = { "CREATE TABLE t(b)",
				     "INSERT INTO t VALUES(zeroblob(20000))",
				     "PRAGMA wal_checkpoint(TRUNCATE)",
				     "INSERT INTO t VALUES(zeroblob(20000))",
				     "INSERT INTO t VALUES(1)",
				     NULL };

static int apply(struct pair *pair)
{
	return wal_apply(pair->log.data, pair->log.size, MAX, &pair->database.data, &pair->database.size);
}

static void the_log_counts(void **state)
{
	_cleanup_pair_ struct pair pair = pair_make(three);

	(void)state;
	assert_int_equal(ask(&pair.database, COUNT), 1);
	assert_int_equal(apply(&pair), 0);
	assert_int_equal(ask(&pair.database, COUNT), 3);
	assert_int_equal(
		ask(&pair.database, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

/* A file of no bytes is a database all of which is in the log. */
static void all_may_be_in_the_log(void **state)
{
	static const char *const steps[] = { "CREATE TABLE t(b)", "INSERT INTO t VALUES(1)", NULL };
	_cleanup_pair_ struct pair pair = pair_make(steps);

	(void)state;
	pair.database.size = 0;
	assert_int_equal(apply(&pair), 0);
	assert_int_equal(ask(&pair.database, COUNT), 1);
}

static void a_database_can_shrink(void **state)
{
	static const char *const steps[] = { "CREATE TABLE t(b)",
					     "INSERT INTO t VALUES(zeroblob(100000))",
					     "PRAGMA wal_checkpoint(TRUNCATE)",
					     "DELETE FROM t",
					     "VACUUM",
					     NULL };
	_cleanup_pair_ struct pair pair = pair_make(steps);
	size_t size = pair.database.size;

	(void)state;
	assert_int_equal(apply(&pair), 0);
	assert_true(pair.database.size < size);
	assert_int_equal(ask(&pair.database, COUNT), 0);
}

/* Frames of an older log behind the end have another salt. */
static void an_older_log_does_not_count(void **state)
{
	static const char *const steps[] = { "CREATE TABLE t(b)",
					     "INSERT INTO t VALUES(zeroblob(20000))",
					     "PRAGMA wal_checkpoint(RESTART)",
					     "DELETE FROM t",
					     "INSERT INTO t VALUES(7)",
					     NULL };
	_cleanup_pair_ struct pair pair = pair_make(steps);

	(void)state;
	assert_int_equal(apply(&pair), 0);
	assert_int_equal(ask(&pair.database, COUNT), 1);
	assert_int_equal(ask(&pair.database, "SELECT b FROM t"), 7);
}

/* Cut anywhere, it is read as far as its last transaction that is whole, the last of which is of one or two pages. */
static void a_cut_log_is_read_as_far_as_it_is_whole(void **state)
{
	_cleanup_pair_ struct pair pair = pair_make(three);
	int before = 1;

	(void)state;
	for (size_t size = 0; size <= pair.log.size; size += size < 64 ? 1 : 509) {
		struct pair cut = { { malloc(pair.database.size), pair.database.size }, { malloc(size + 1), size } };
		int count;

		memcpy(cut.database.data, pair.database.data, pair.database.size);
		memcpy(cut.log.data, pair.log.data, size);
		assert_int_equal(apply(&cut), 0);
		count = ask(&cut.database, COUNT);
		assert_true(count >= before && count <= 3);
		before = count;
		pair_clear(&cut);
	}
	assert_true(before >= 2);
}

static const struct {
	const char *what;
	size_t offset;
	int status, count;
} damaged_rows[] = {
	{ "the magic number", 0, 0, 1 },
	{ "the version", 7, 0, 1 },
	{ "the page size", 10, 0, 1 },
	{ "the salt", 16, 0, 1 },
	{ "the head's checksum", 24, 0, 1 },
	{ "the first page's number", 32 + 3, 0, 1 },
	{ "the first page", 32 + 24 + 100, 0, 1 },
	{ "the first page's checksum", 32 + 16, 0, 1 },
	{ "the last frame: all before it counts", SIZE_MAX, 0, 2 },
};

static void what_is_damaged_does_not_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damaged_rows); i++) {
		_cleanup_pair_ struct pair pair = pair_make(three);
		size_t offset = damaged_rows[i].offset == SIZE_MAX ? pair.log.size - 1 : damaged_rows[i].offset;
		int r, count;

		pair.log.data[offset] ^= 0x40;
		r = apply(&pair);
		count = ask(&pair.database, COUNT);
		if (r != damaged_rows[i].status || count != damaged_rows[i].count)
			fail_msg("%s: %d %d", damaged_rows[i].what, r, count);
	}
}

static void another_s_log_is_refused(void **state)
{
	_cleanup_pair_ struct pair pair = pair_make(three);

	(void)state;
	pair.database.data[16] = 0x20; /* pages of 8192 bytes */
	assert_int_equal(apply(&pair), -EBADMSG);
	pair.database.size = 17;
	assert_int_equal(apply(&pair), -EBADMSG);
}

static void too_much_is_refused(void **state)
{
	_cleanup_pair_ struct pair pair = pair_make(three);
	size_t size = pair.database.size;

	(void)state;
	assert_int_equal(wal_apply(pair.log.data, pair.log.size, size + 4095, &pair.database.data, &pair.database.size),
			 -EFBIG);
	assert_int_equal(pair.database.size, size);
	assert_int_equal(ask(&pair.database, COUNT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_counts),
		cmocka_unit_test(all_may_be_in_the_log),
		cmocka_unit_test(a_database_can_shrink),
		cmocka_unit_test(an_older_log_does_not_count),
		cmocka_unit_test(a_cut_log_is_read_as_far_as_it_is_whole),
		cmocka_unit_test(what_is_damaged_does_not_count),
		cmocka_unit_test(another_s_log_is_refused),
		cmocka_unit_test(too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
