// SPDX-License-Identifier: Apache-2.0
#include "state/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/boot.h"
#include "base/cleanup.h"
#include "state/database.h"
#include "state/schema.h"

enum sentence {
	BEGIN,
	COMMIT,
	ROLLBACK,
	META_PUT,
	META_GET,
	CONTAINER_PUT,
	CONTAINER_GET,
	CONTAINER_DROP,
	CONTAINER_UNTELL,
	CONTAINER_UNFOLD,
	CONTAINERS_KNOWN,
	TOLD_PUT,
	TOLD_GET,
	TOLD_COUNT,
	TOLD_MOST,
	TOLD_FORGET,
	FOLD_PUT,
	FOLD_DROP,
	FOLDS_CLEAR,
	FOLDS_EACH,
	SENTENCES,
};

_Static_assert(SENTENCES <= DATABASE_SENTENCES, "a place for each");

/* Never changed once released. Rules are kept by their ids (rule_info), which no version changes; times are signed. */
static const char *const steps[] = {
	/* 1: whom we watch, and until when we did */
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE container (cgroup INTEGER PRIMARY KEY, started INTEGER NOT NULL);",

	/* 2: what was told; a container's rows lie together, to be dropped at once */
	"CREATE TABLE told (cgroup INTEGER NOT NULL, rule TEXT NOT NULL, told_as INTEGER NOT NULL,"
	" subject TEXT NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (cgroup, rule, told_as, subject)) WITHOUT ROWID;",

	/* 3: repeats that are being counted */
	"CREATE TABLE fold (cgroup INTEGER NOT NULL, key TEXT NOT NULL, window BLOB NOT NULL, UNIQUE (cgroup, key));",
};

static const char *const sentences[SENTENCES] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[META_PUT] = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
	[META_GET] = "SELECT value FROM meta WHERE name = ?1",
	[CONTAINER_PUT] = "INSERT INTO container VALUES (?1, ?2) ON CONFLICT DO UPDATE SET started = excluded.started",
	[CONTAINER_GET] = "SELECT started FROM container WHERE cgroup = ?1",
	[CONTAINER_DROP] = "DELETE FROM container WHERE cgroup = ?1",
	[CONTAINER_UNTELL] = "DELETE FROM told WHERE cgroup = ?1",
	[CONTAINER_UNFOLD] = "DELETE FROM fold WHERE cgroup = ?1",
	/* from one to the next: nothing is held open between, so that each can be dropped */
	[CONTAINERS_KNOWN] = "SELECT min(cgroup) FROM (SELECT min(cgroup) AS cgroup FROM container WHERE cgroup > ?1"
			     " UNION ALL SELECT min(cgroup) FROM told WHERE cgroup > ?1"
			     " UNION ALL SELECT min(cgroup) FROM fold WHERE cgroup > ?1)",
	[TOLD_PUT] = "INSERT INTO told VALUES (?1, ?2, ?3, ?4, ?5)"
		     " ON CONFLICT DO UPDATE SET time = excluded.time WHERE excluded.time > time",
	[TOLD_GET] = "SELECT time FROM told WHERE cgroup = ?1 AND rule = ?2 AND told_as = ?3 AND subject = ?4",
	[TOLD_COUNT] = "SELECT count(*) FROM told",
	[TOLD_MOST] = "SELECT cgroup FROM told GROUP BY cgroup ORDER BY count(*) DESC LIMIT 1",
	[TOLD_FORGET] = "DELETE FROM told WHERE (cgroup, rule, told_as, subject) IN"
			" (SELECT cgroup, rule, told_as, subject FROM told WHERE cgroup = ?1 ORDER BY time LIMIT ?2)",
	[FOLD_PUT] = "INSERT INTO fold VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET window = excluded.window",
	[FOLD_DROP] = "DELETE FROM fold WHERE cgroup = ?1 AND key = ?2",
	[FOLDS_CLEAR] = "DELETE FROM fold",
	[FOLDS_EACH] = "SELECT cgroup, key, window FROM fold",
};

static const struct database_kind kind = {
	.name = "state.db",
	.steps = steps,
	.step_count = ARRAY_SIZE(steps),
	.sentences = sentences,
	.sentence_count = SENTENCES,
};

struct state {
	struct database base;
	bool open;        /* a transaction */
	uint64_t pending; /* puts in it */
	uint64_t lost, forgotten, watched;
	uint64_t told; /* rows, at most */
};

/* ---- transactions ---- */

/* What the transaction held is lost, if SQLite has not kept it. */
static void give_up(struct state *state, bool all)
{
	if (all && !sqlite3_get_autocommit(state->base.db))
		(void)database_run(&state->base, ROLLBACK, NULL, 0);
	if (!state->open || !sqlite3_get_autocommit(state->base.db))
		return;
	state->lost += state->pending;
	state->pending = 0;
	state->open = false;
}

static int transaction_begin(struct state *state)
{
	int r;

	if (state->open)
		return 0;
	r = database_run(&state->base, BEGIN, NULL, 0);
	if (r < 0)
		return r;
	state->open = true;
	return 0;
}

static int put(struct state *state, enum sentence sentence, const struct value *values, size_t count)
{
	int r = transaction_begin(state);

	if (r == 0)
		r = database_run(&state->base, sentence, values, count);
	if (r == 0) {
		state->pending++;
		return 0;
	}
	state->lost++;
	give_up(state, false);
	return r;
}

int state_commit(struct state *state)
{
	int r;

	if (!state->open)
		return 0;
	r = database_run(&state->base, COMMIT, NULL, 0);
	if (r < 0) {
		give_up(state, true);
		return r;
	}
	state->open = false;
	state->pending = 0;
	return 0;
}

uint64_t state_lost(const struct state *state)
{
	return state->lost;
}

uint64_t state_forgotten(const struct state *state)
{
	return state->forgotten;
}

/* ---- the boot ---- */

static int same_boot(struct state *state, const char *id)
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int r = database_begin(&state->base, META_GET, VALUES(TEXT("boot")), &statement);
	const char *kept = r > 0 ? (const char *)sqlite3_column_text(statement, 0) : NULL;

	return r < 0 ? r : kept && strcmp(kept, id) == 0;
}

/* Numbers and times of another boot mean nothing in this one. */
static int boot_begin(struct state *state, const char *id)
{
	static const char forget[] = "DELETE FROM container; DELETE FROM told; DELETE FROM fold; DELETE FROM meta";
	int r = transaction_begin(state);

	if (r == 0)
		r = schema_errno(state->base.db, sqlite3_exec(state->base.db, forget, NULL, NULL, NULL));
	if (r == 0)
		r = put(state, META_PUT, VALUES(TEXT("boot"), TEXT(id)));
	return r < 0 ? r : state_commit(state);
}

/* Writes nothing where the boot is the same: a full disk's state can be read. */
static int boot_enter(struct state *state)
{
	char id[BOOT_ID_SIZE];
	int r = boot_id(id);

	if (r == 0)
		r = same_boot(state, id);
	if (r < 0)
		return r;
	r = r > 0 ? 0 : boot_begin(state, id);
	if (r == 0)
		r = database_number(&state->base, TOLD_COUNT, NULL, 0, &state->told);
	if (r == 0)
		r = database_number(&state->base, META_GET, VALUES(TEXT("watched")), &state->watched);
	return r == -ENOENT ? 0 : r;
}

int state_open(const char *dir, struct state **ret_state, bool *ret_set_aside)
{
	_cleanup_(state_closep) struct state *state = calloc(1, sizeof(*state));
	bool set_aside;
	int r;

	if (!state)
		return -ENOMEM;
	r = database_open(dir, &kind, &state->base, &set_aside);
	if (r == 0)
		r = boot_enter(state);
	if (r < 0)
		return r;
	*ret_state = take_ptr(state);
	*ret_set_aside = set_aside;
	return 0;
}

void state_close(struct state *state)
{
	if (!state)
		return;
	(void)state_commit(state);
	database_close(&state->base);
	free(state);
}

/* ---- containers ---- */

int state_container_put(struct state *state, const struct state_container *container)
{
	return put(state, CONTAINER_PUT, VALUES(NUMBER(container->cgroup), NUMBER(container->started)));
}

int state_container_drop(struct state *state, uint64_t cgroup)
{
	int r = put(state, CONTAINER_DROP, VALUES(NUMBER(cgroup)));

	if (r == 0)
		r = put(state, CONTAINER_UNTELL, VALUES(NUMBER(cgroup)));
	if (r == 0)
		r = put(state, CONTAINER_UNFOLD, VALUES(NUMBER(cgroup)));
	return r;
}

int state_container_get(struct state *state, uint64_t cgroup, struct state_container *ret_container)
{
	uint64_t started;
	int r = database_number(&state->base, CONTAINER_GET, VALUES(NUMBER(cgroup)), &started);

	if (r == 0)
		*ret_container = (struct state_container){ .cgroup = cgroup, .started = started };
	return r;
}

int state_containers_keep(struct state *state, bool (*there)(uint64_t cgroup, void *data), void *data)
{
	uint64_t cgroup = 0;
	int r;

	while ((r = database_number(&state->base, CONTAINERS_KNOWN, VALUES(NUMBER(cgroup)), &cgroup)) == 0) {
		r = there(cgroup, data) ? 0 : state_container_drop(state, cgroup);
		if (r < 0)
			return r;
	}
	return r == -ENOENT ? 0 : r;
}

int state_watched_set(struct state *state, uint64_t time)
{
	return put(state, META_PUT, VALUES(TEXT("watched"), NUMBER(time)));
}

uint64_t state_watched(const struct state *state)
{
	return state->watched;
}

/* ---- what was told ---- */

/* Counts only when it must: an update counted as a row, and what was dropped was not. */
static int told_make_room(struct state *state)
{
	uint64_t most = 0;
	int r;

	if (state->told < STATE_TOLD_MAX)
		return 0;
	r = database_number(&state->base, TOLD_COUNT, NULL, 0, &state->told);
	if (r < 0 || state->told <= STATE_TOLD_MAX - STATE_TOLD_LESS)
		return r;
	r = database_number(&state->base, TOLD_MOST, NULL, 0, &most);
	if (r == 0)
		r = put(state, TOLD_FORGET, VALUES(NUMBER(most), NUMBER(STATE_TOLD_LESS)));
	if (r == 0) {
		state->told -= (uint64_t)sqlite3_changes64(state->base.db);
		state->forgotten += (uint64_t)sqlite3_changes64(state->base.db);
	}
	return r;
}

int state_told_put(struct state *state, const struct state_told *told, uint64_t time)
{
	int r = told_make_room(state);

	if (r == 0)
		r = put(state, TOLD_PUT,
			VALUES(NUMBER(told->cgroup), TEXT(rule_info(told->rule)->id), NUMBER(told->as),
			       TEXT(told->subject), NUMBER(time)));
	if (r == 0)
		state->told += (uint64_t)sqlite3_changes64(state->base.db);
	return r;
}

int state_told_get(struct state *state, const struct state_told *told, uint64_t *ret_time)
{
	return database_number(
		&state->base, TOLD_GET,
		VALUES(NUMBER(told->cgroup), TEXT(rule_info(told->rule)->id), NUMBER(told->as), TEXT(told->subject)),
		ret_time);
}

/* ---- repeats ---- */

int state_fold_put(struct state *state, uint64_t cgroup, const char *key, const void *blob, size_t size)
{
	return put(state, FOLD_PUT, VALUES(NUMBER(cgroup), TEXT(key), BLOB(blob, size)));
}

int state_fold_drop(struct state *state, uint64_t cgroup, const char *key)
{
	return put(state, FOLD_DROP, VALUES(NUMBER(cgroup), TEXT(key)));
}

int state_folds_clear(struct state *state)
{
	return put(state, FOLDS_CLEAR, NULL, 0);
}

int state_folds_each(struct state *state,
		     void (*call)(uint64_t cgroup, const char *key, const void *blob, size_t size, void *data),
		     void *data)
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int code, r = database_begin(&state->base, FOLDS_EACH, NULL, 0, &statement);

	for (code = SQLITE_ROW; r > 0 && code == SQLITE_ROW; code = sqlite3_step(statement)) {
		const void *blob = sqlite3_column_blob(statement, 2);
		const char *key = (const char *)sqlite3_column_text(statement, 1);

		if (key)
			call((uint64_t)sqlite3_column_int64(statement, 0), key, blob ?: "",
			     (size_t)sqlite3_column_bytes(statement, 2), data);
	}
	if (r <= 0)
		return r;
	return code == SQLITE_DONE ? 0 : schema_errno(state->base.db, code);
}
