// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "state/state.h"

DEFINE_CLEANUP(sqlite3 *, sqlite3_close)

/* A directory of each test's own. */
struct place {
	char dir[32];
	char path[300]; /* the last that path_of gave */
};

static const char *path_of(struct place *place, const char *name)
{
	(void)snprintf(place->path, sizeof(place->path), "%s/%s", place->dir, name);
	return place->path;
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->dir, "/tmp/plimsoll-state-XXXXXX");
	*state = place;
	return mkdtemp(place->dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {
		"state.db",     "state.db-wal", "state.db-shm", "state.db.damaged", "state.db.damaged-wal",
		"elsewhere.db", "small",
	};
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)remove(path_of(place, names[i]));
	assert_int_equal(rmdir(place->dir), 0);
	free(place);
	return 0;
}

static struct state *open_sound(const struct place *place)
{
	struct state *state = NULL;
	bool set_aside = true;

	assert_int_equal(state_open(place->dir, &state, &set_aside), 0);
	assert_false(set_aside);
	return state;
}

static int told_put(struct state *state, uint64_t cgroup, const char *subject, uint64_t time)
{
	return state_told_put(state, &(struct state_told){ cgroup, RULE_MUTATION_FILE, TOLD_ALERT, subject }, time);
}

/* 0: not told. */
static uint64_t told_get(struct state *state, uint64_t cgroup, const char *subject)
{
	const struct state_told told = { cgroup, RULE_MUTATION_FILE, TOLD_ALERT, subject };
	uint64_t time = 0;
	int r = state_told_get(state, &told, &time);

	assert_true(r == 0 || r == -ENOENT);
	return time;
}

/* Runs SQL behind the store's back, on a closed database. */
static void database_run(struct place *place, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path_of(place, "state.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* ---- what is kept ---- */

struct folds {
	unsigned count;
	uint64_t cgroup;
	char key[64];
	char blob[64];
	size_t size;
};

static void collect(uint64_t cgroup, const char *key, const void *blob, size_t size, void *data)
{
	struct folds *folds = data;

	folds->count++;
	folds->cgroup = cgroup;
	folds->size = size;
	(void)snprintf(folds->key, sizeof(folds->key), "%s", key);
	assert_true(size <= sizeof(folds->blob));
	memcpy(folds->blob, blob, size);
}

static void test_all_is_kept(void **data)
{
	struct state *state = open_sound(*data);
	struct state_container container = { 0 };
	struct folds folds = { 0 };

	assert_int_equal(state_watched(state), 0);
	assert_int_equal(state_container_get(state, 7, &container), -ENOENT);
	assert_int_equal(state_container_put(state, &(struct state_container){ 7, 0 }), 0);
	assert_int_equal(state_container_put(state, &(struct state_container){ 7, 123 }), 0);
	assert_int_equal(state_watched_set(state, 1000), 0);
	assert_int_equal(state_watched_set(state, 2000), 0);
	assert_int_equal(state_watched(state), 0);
	assert_int_equal(told_put(state, 7, "/etc/passwd", 500), 0);
	assert_int_equal(state_fold_put(state, 7, "key", "old", 3), 0);
	assert_int_equal(state_fold_put(state, 7, "key", "a\0b", 3), 0);
	assert_int_equal(state_fold_put(state, 7, "gone", "x", 1), 0);
	assert_int_equal(state_fold_drop(state, 7, "gone"), 0);
	assert_int_equal(state_fold_drop(state, 7, "never there"), 0);
	state_close(state);

	state = open_sound(*data);
	assert_int_equal(state_watched(state), 2000);
	assert_int_equal(state_container_get(state, 7, &container), 0);
	assert_int_equal(container.cgroup, 7);
	assert_int_equal(container.started, 123);
	assert_int_equal(told_get(state, 7, "/etc/passwd"), 500);
	assert_int_equal(state_folds_each(state, collect, &folds), 0);
	assert_int_equal(folds.count, 1);
	assert_int_equal(folds.cgroup, 7);
	assert_string_equal(folds.key, "key");
	assert_int_equal(folds.size, 3);
	assert_memory_equal(folds.blob, "a\0b", 3);
	assert_int_equal(state_folds_clear(state), 0);
	folds.count = 0;
	assert_int_equal(state_folds_each(state, collect, &folds), 0);
	assert_int_equal(folds.count, 0);
	assert_int_equal(state_lost(state), 0);
	state_close(state);
}

/* The latest moment counts; times before the boot lie before all others. */
static void test_told_keeps_the_latest(void **data)
{
	static const struct {
		int64_t put, kept;
	} rows[] = { { -5000, -5000 }, { -7000, -5000 }, { -10, -10 }, { 20, 20 }, { -10, 20 }, { 21, 21 } };
	_cleanup_(state_closep) struct state *state = open_sound(*data);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(told_put(state, 1, "/a", (uint64_t)rows[i].put), 0);
		assert_true((int64_t)told_get(state, 1, "/a") == rows[i].kept);
	}
}

static void test_told_is_told_apart(void **data)
{
	static const struct {
		struct state_told told;
		int result;
	} rows[] = {
		{ { 1, RULE_MUTATION_FILE, TOLD_ALERT, "/a" }, 0 },
		{ { 2, RULE_MUTATION_FILE, TOLD_ALERT, "/a" }, -ENOENT },
		{ { 1, RULE_ROOT_EXEC, TOLD_ALERT, "/a" }, -ENOENT },
		{ { 1, RULE_MUTATION_FILE, TOLD_ALLOWED, "/a" }, -ENOENT },
		{ { 1, RULE_MUTATION_FILE, TOLD_ALERT, "/A" }, -ENOENT },
		{ { 1, RULE_MUTATION_FILE, TOLD_ALERT, "/a\xff" }, -ENOENT },
		{ { 1, RULE_MUTATION_FILE, TOLD_ALERT, "" }, -ENOENT },
	};
	_cleanup_(state_closep) struct state *state = open_sound(*data);

	assert_int_equal(state_told_put(state, &rows[0].told, 9), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t time = 0;

		assert_int_equal(state_told_get(state, &rows[i].told, &time), rows[i].result);
		assert_int_equal(time, rows[i].result == 0 ? 9 : 0);
	}
}

static bool is_two(uint64_t cgroup, void *data)
{
	assert_int_not_equal(cgroup, 0);
	++*(unsigned *)data;
	return cgroup == 2;
}

static void test_what_ended_is_dropped(void **data)
{
	_cleanup_(state_closep) struct state *state = open_sound(*data);
	struct state_container container;
	struct folds folds = { 0 };
	unsigned asked = 0;

	assert_int_equal(told_put(state, 0, "host", 1), 0);
	assert_int_equal(state_container_put(state, &(struct state_container){ 1, 0 }), 0);
	assert_int_equal(state_container_put(state, &(struct state_container){ 2, 0 }), 0);
	assert_int_equal(told_put(state, 2, "/b", 5), 0);
	assert_int_equal(told_put(state, 3, "/c", 6), 0);
	assert_int_equal(state_fold_put(state, 4, "k", "x", 1), 0);
	assert_int_equal(state_fold_put(state, 2, "k", "x", 1), 0);
	assert_int_equal(state_containers_keep(state, is_two, &asked), 0);
	assert_int_equal(asked, 4);
	assert_int_equal(state_container_get(state, 1, &container), -ENOENT);
	assert_int_equal(state_container_get(state, 2, &container), 0);
	assert_int_equal(told_get(state, 0, "host"), 1);
	assert_int_equal(told_get(state, 2, "/b"), 5);
	assert_int_equal(told_get(state, 3, "/c"), 0);
	assert_int_equal(state_folds_each(state, collect, &folds), 0);
	assert_int_equal(folds.count, 1);
	assert_int_equal(folds.cgroup, 2);
	assert_int_equal(state_container_drop(state, 2), 0);
	assert_int_equal(told_get(state, 2, "/b"), 0);
}

static uint64_t rows_told(struct place *place)
{
	_cleanup_(sqlite3_closep) sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	uint64_t rows;

	assert_int_equal(sqlite3_open(path_of(place, "state.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM told", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	rows = (uint64_t)sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	return rows;
}

/* A flood of one container makes its own oldest be forgotten, nobody else's. */
static void test_told_is_bounded(void **data)
{
	struct state *state = open_sound(*data);
	char subject[32];

	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(subject, sizeof(subject), "/quiet/%u", i);
		assert_int_equal(told_put(state, 5, subject, 1), 0);
	}
	for (unsigned i = 0; i < STATE_TOLD_MAX; i++) {
		(void)snprintf(subject, sizeof(subject), "/noisy/%u", i);
		assert_int_equal(told_put(state, 6, subject, 1000 + i), 0);
		assert_int_equal(told_put(state, 6, subject, 1000 + i), 0); /* once more is no row more */
	}
	assert_int_equal(state_forgotten(state), STATE_TOLD_LESS);
	assert_int_equal(told_get(state, 5, "/quiet/0"), 1);
	assert_int_equal(told_get(state, 5, "/quiet/99"), 1);
	assert_int_equal(told_get(state, 6, "/noisy/4095"), 0);
	assert_int_equal(told_get(state, 6, "/noisy/4096"), 5096);
	assert_int_equal(told_get(state, 6, "/noisy/65535"), 66535);
	assert_int_equal(state_commit(state), 0);
	assert_int_equal(rows_told(*data), 100 + STATE_TOLD_MAX - STATE_TOLD_LESS);
	state_close(state);
	state = open_sound(*data); /* counts what is there; all of one moment, it is as bounded */
	for (unsigned i = 0; i < STATE_TOLD_MAX; i++) {
		(void)snprintf(subject, sizeof(subject), "/more/%u", i);
		assert_int_equal(told_put(state, 6, subject, 1), 0);
	}
	assert_int_equal(state_commit(state), 0);
	assert_in_range(rows_told(*data), STATE_TOLD_MAX - STATE_TOLD_LESS, STATE_TOLD_MAX);
	assert_int_equal(told_get(state, 5, "/quiet/0"), 1);
	assert_int_equal(told_get(state, 6, "/noisy/65535"), 66535);
	assert_int_equal(state_lost(state), 0);
	state_close(state);
}

/* Updates are no rows, however many. */
static void test_updates_forget_nothing(void **data)
{
	_cleanup_(state_closep) struct state *state = open_sound(*data);

	for (unsigned i = 0; i < 2 * STATE_TOLD_MAX; i++)
		assert_int_equal(told_put(state, 1, i % 2 ? "/a" : "/b", i + 1), 0);
	assert_int_equal(state_forgotten(state), 0);
	assert_int_equal(told_get(state, 1, "/a"), 2 * STATE_TOLD_MAX);
}

static void test_another_boot_is_forgotten(void **data)
{
	struct state *state = open_sound(*data);
	struct state_container container;

	assert_int_equal(state_container_put(state, &(struct state_container){ 1, 1 }), 0);
	assert_int_equal(told_put(state, 1, "/a", 5), 0);
	assert_int_equal(state_watched_set(state, 77), 0);
	state_close(state);
	database_run(*data, "UPDATE meta SET value = 'another' WHERE name = 'boot'");
	state = open_sound(*data);
	assert_int_equal(state_watched(state), 0);
	assert_int_equal(state_container_get(state, 1, &container), -ENOENT);
	assert_int_equal(told_get(state, 1, "/a"), 0);
	assert_int_equal(told_put(state, 1, "/a", 6), 0);
	state_close(state);
	state = open_sound(*data);
	assert_int_equal(told_get(state, 1, "/a"), 6);
	state_close(state);
}

/* ---- the file ---- */

static void test_only_the_owner_reads(void **data)
{
	static const char *const names[] = { "state.db", "state.db-wal", "state.db-shm" };
	mode_t before = umask(0);
	_cleanup_(state_closep) struct state *state = open_sound(*data);
	struct stat st;

	assert_int_equal(state_watched_set(state, 1), 0);
	assert_int_equal(state_commit(state), 0);
	(void)umask(before);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(stat(path_of(*data, names[i]), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static int version_of(struct place *place)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int version;

	assert_int_equal(sqlite3_open(path_of(place, "state.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	version = sqlite3_column_int(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return version;
}

static void test_version_1_is_brought_up(void **data)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	char id[64] = "", sql[512];
	struct state_container container;
	struct state *state;

	assert_non_null(fgets(id, sizeof(id), file));
	id[strcspn(id, "\n")] = '\0';
	(void)snprintf(sql, sizeof(sql),
		       "CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		       "CREATE TABLE container (cgroup INTEGER PRIMARY KEY, started INTEGER NOT NULL);"
		       "INSERT INTO meta VALUES ('boot', '%s'), ('watched', 42);"
		       "INSERT INTO container VALUES (9, 99); PRAGMA user_version = 1",
		       id);
	database_run(*data, sql);
	state = open_sound(*data);
	assert_int_equal(state_watched(state), 42);
	assert_int_equal(state_container_get(state, 9, &container), 0);
	assert_int_equal(container.started, 99);
	assert_int_equal(told_put(state, 9, "/a", 1), 0);
	assert_int_equal(state_fold_put(state, 9, "k", "x", 1), 0);
	state_close(state);
	assert_int_equal(version_of(*data), 3);
}

static size_t file_read(const char *path, char *room, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");

	assert_non_null(file);
	return fread(room, 1, size, file);
}

static void test_a_later_version_is_left_alone(void **data)
{
	static char before[65536], after[65536];
	struct state *state = NULL;
	bool set_aside = false;
	size_t size;

	database_run(*data, "PRAGMA journal_mode = WAL; CREATE TABLE container (x); PRAGMA user_version = 4");
	size = file_read(path_of(*data, "state.db"), before, sizeof(before));
	assert_int_equal(state_open(((struct place *)*data)->dir, &state, &set_aside), -EPROTONOSUPPORT);
	assert_null(state);
	assert_false(set_aside);
	assert_int_equal(file_read(path_of(*data, "state.db"), after, sizeof(after)), size);
	assert_memory_equal(before, after, size);
	assert_int_equal(access(path_of(*data, "state.db.damaged"), F_OK), -1);
}

static void file_write(const char *path, long offset, const void *bytes, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, offset), size);
}

static void fill(struct place *place)
{
	struct state *state = open_sound(place);
	char subject[32];

	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(subject, sizeof(subject), "/file/%u", i);
		assert_int_equal(told_put(state, 1, subject, 1), 0);
	}
	state_close(state);
}

static void harm_header(struct place *place)
{
	file_write(path_of(place, "state.db"), 0, "this was a database", 19);
}

static void harm_page(struct place *place)
{
	char bytes[4096];

	memset(bytes, 0xa5, sizeof(bytes));
	file_write(path_of(place, "state.db"), 10 * 4096, bytes, sizeof(bytes));
}

static void harm_length(struct place *place)
{
	assert_int_equal(truncate(path_of(place, "state.db"), 5 * 4096), 0);
}

static void harm_tables(struct place *place)
{
	database_run(place, "DROP TABLE told");
}

static void harm_columns(struct place *place)
{
	database_run(place, "DROP TABLE fold; CREATE TABLE fold (cgroup)");
}

static void harm_by_a_view(struct place *place)
{
	database_run(place, "DROP TABLE fold; CREATE VIEW fold AS SELECT 1 AS cgroup, 'k' AS key, 'w' AS window");
}

static void test_a_damaged_one_is_set_aside(void **data)
{
	static void (*const harms[])(struct place *) = { harm_header, harm_page,    harm_length,
							 harm_tables, harm_columns, harm_by_a_view };

	for (size_t i = 0; i < ARRAY_SIZE(harms); i++) {
		struct state *state = NULL;
		bool set_aside = false;

		fill(*data);
		harms[i](*data);
		assert_int_equal(state_open(((struct place *)*data)->dir, &state, &set_aside), 0);
		if (!set_aside)
			fail_msg("harm %zu was not seen", i);
		assert_int_equal(access(path_of(*data, "state.db.damaged"), F_OK), 0);
		assert_int_equal(told_get(state, 1, "/file/1"), 0);
		assert_int_equal(told_put(state, 1, "/file/1", 3), 0);
		state_close(state);
		state = open_sound(*data);
		assert_int_equal(told_get(state, 1, "/file/1"), 3);
		state_close(state);
		assert_int_equal(unlink(path_of(*data, "state.db")), 0);
	}
}

static int make_link(const char *path)
{
	return symlink("elsewhere.db", path);
}

static int make_fifo(const char *path)
{
	return mkfifo(path, 0600);
}

static int make_directory(const char *path)
{
	return mkdir(path, 0700);
}

static void test_only_a_regular_file(void **data)
{
	static const struct {
		const char *name;
		int (*make)(const char *path);
		int result;
	} rows[] = {
		{ "state.db", make_link, -ELOOP },           { "state.db", make_fifo, -EINVAL },
		{ "state.db", make_directory, -EINVAL },     { "state.db-wal", make_link, -ELOOP },
		{ "state.db-shm", make_directory, -EINVAL },
	};
	struct place *place = *data;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct state *state = NULL;
		bool set_aside = false;

		assert_int_equal(rows[i].make(path_of(place, rows[i].name)), 0);
		assert_int_equal(state_open(place->dir, &state, &set_aside), rows[i].result);
		assert_null(state);
		assert_false(set_aside);
		assert_int_equal(remove(path_of(place, rows[i].name)), 0);
		assert_int_equal(access(path_of(place, "elsewhere.db"), F_OK), -1);
	}
	assert_int_equal(state_open("/nonexistent/directory", &(struct state *){ NULL }, &(bool){ false }), -ENOENT);
}

static void test_a_second_writer_waits_not_long(void **data)
{
	_cleanup_(state_closep) struct state *first = open_sound(*data);
	_cleanup_(state_closep) struct state *second = open_sound(*data);

	assert_int_equal(state_watched_set(first, 1), 0);
	assert_int_equal(state_watched_set(second, 2), -EBUSY);
	assert_int_equal(state_lost(second), 1);
	assert_int_equal(state_commit(first), 0);
	assert_int_equal(state_watched_set(second, 2), 0);
	assert_int_equal(state_commit(second), 0);
}

/* ---- a full disk: in a child with a mount namespace of its own ---- */

enum { CHILD_FINE = 0, CHILD_WRONG, CHILD_CANNOT };

#define REQUIRE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                  \
			return CHILD_WRONG;                                                                            \
		}                                                                                                      \
	} while (0)

/* Puts and commits until it does not work: how many did, and *ret_error. */
static unsigned put_until_full(struct state *state, int *ret_error)
{
	char subject[300];

	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(subject, sizeof(subject), "/%0250u", i);
		*ret_error = told_put(state, 1, subject, i + 1);
		if (*ret_error == 0)
			*ret_error = state_commit(state);
		if (*ret_error < 0)
			return i;
	}
	return 10000;
}

static int full_disk(const char *dir)
{
	struct state *state = NULL;
	bool set_aside = false;
	char subject[300], hole[64];
	unsigned kept;
	int error = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", dir, "tmpfs", 0, "size=512k") < 0)
		return CHILD_CANNOT;
	(void)snprintf(hole, sizeof(hole), "%s/hole", dir);
	file_write(hole, 65535, "x", 1);
	REQUIRE(state_open(dir, &state, &set_aside) == 0);
	kept = put_until_full(state, &error);
	REQUIRE(error == -ENOSPC);
	REQUIRE(kept > 20 && kept < 2000);
	REQUIRE(state_lost(state) == 1);
	REQUIRE(told_get(state, 1, "/") == 0);
	REQUIRE(unlink(hole) == 0);
	REQUIRE(state_watched_set(state, 5) == 0 && state_commit(state) == 0);
	REQUIRE(state_lost(state) == 1);
	state_close(state);

	REQUIRE(state_open(dir, &state, &set_aside) == 0);
	REQUIRE(!set_aside);
	REQUIRE(state_watched(state) == 5);
	for (unsigned i = 0; i < kept; i++) {
		(void)snprintf(subject, sizeof(subject), "/%0250u", i);
		REQUIRE(told_get(state, 1, subject) == i + 1);
	}
	state_close(state);
	return CHILD_FINE;
}

static void test_a_full_disk(void **data)
{
	struct place *place = *data;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(full_disk(place->dir));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_CANNOT)
		skip(); /* it takes the right to mount */
	assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
}

/* ---- killed ---- */

/* Puts row after row, one to five in a transaction, and says after each commit how many are there. */
static void put_for_ever(const struct place *place, int out, uint32_t from)
{
	struct state *state = NULL;
	bool set_aside;
	char subject[32];

	if (state_open(place->dir, &state, &set_aside) < 0)
		_exit(1);
	for (uint32_t i = from;; i++) {
		uint32_t count = i + 1;

		(void)snprintf(subject, sizeof(subject), "/row/%u", i);
		if (told_put(state, 1, subject, i + 1) < 0)
			_exit(1);
		if (i % 5 == i / 5 % 5 &&
		    (state_commit(state) < 0 || write(out, &count, sizeof(count)) != sizeof(count)))
			_exit(1);
	}
}

/* Kills the child once it said `after` times that it committed; gives what it said last. */
static uint32_t kill_after(const struct place *place, unsigned after, uint32_t from)
{
	uint32_t count = from, last = from;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		put_for_ever(place, ends[1], from);
	(void)close(ends[1]);
	for (unsigned i = 0; read(ends[0], &count, sizeof(count)) == sizeof(count); i++) {
		last = count;
		if (i == after)
			assert_int_equal(kill(child, SIGKILL), 0);
	}
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void test_killed_nothing_committed_is_lost(void **data)
{
	uint32_t rows = 0;
	char subject[32];

	for (unsigned round = 0; round < 30; round++) {
		struct state *state;

		rows = kill_after(*data, round * 7, rows);
		state = open_sound(*data);
		for (uint32_t i = 0; i < rows; i++) {
			(void)snprintf(subject, sizeof(subject), "/row/%u", i);
			assert_int_equal(told_get(state, 1, subject), i + 1);
		}
		state_close(state);
	}
	assert_true(rows > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_keeps_the_latest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_is_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_ended_is_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_told_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_updates_forget_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_boot_is_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_the_owner_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_1_is_brought_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_later_version_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_damaged_one_is_set_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_a_regular_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_second_writer_waits_not_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_nothing_committed_is_lost, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
