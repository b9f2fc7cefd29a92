// SPDX-License-Identifier: Apache-2.0
#include "ledger/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "ledger/internal.h"
#include "state/database.h"
#include "state/schema.h"

enum sentence {
	BEGIN,
	BEGIN_READ,
	COMMIT,
	ROLLBACK,
	META_PUT,
	META_GET,
	VIOLATION_PUT,
	VIOLATION_DROP,
	VIOLATION_UNSIGHT,
	VIOLATIONS,
	SIGHTING_PUT,
	SIGHTINGS_TRIM,
	SIGHTINGS,
	WAIVER_PUT,
	WAIVER_DROP,
	WAIVERS,
	ENTRY_PUT,
	ENTRIES,
	ENTRIES_UNTOLD,
	ENTRIES_COUNT,
	ENTRIES_DROP,
	ENTRY_DIGEST,
	TOLD_UNTIL,
	SENTENCES,
};

_Static_assert(SENTENCES <= DATABASE_SENTENCES, "a place for each");

/* Rules are kept by their ids. Absent texts are empty ones. */
static const char *const steps[] = {
	/* 1: the book, and its history */
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"CREATE TABLE violation (id TEXT PRIMARY KEY, cluster TEXT NOT NULL, workload TEXT NOT NULL,"
	" rule TEXT NOT NULL, subject TEXT NOT NULL, generation INTEGER NOT NULL, previous TEXT NOT NULL,"
	" severity TEXT NOT NULL, message TEXT NOT NULL, state INTEGER NOT NULL, presence INTEGER NOT NULL,"
	" opened INTEGER NOT NULL, grace INTEGER NOT NULL, deadline INTEGER NOT NULL, absent_since INTEGER NOT NULL,"
	" resolved INTEGER NOT NULL, waiver TEXT NOT NULL, waived_until INTEGER NOT NULL,"
	" reopened INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE sighting (violation TEXT NOT NULL, node TEXT NOT NULL, container TEXT NOT NULL,"
	" digest TEXT NOT NULL, facts TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,"
	" present INTEGER NOT NULL, evidence INTEGER NOT NULL, path TEXT NOT NULL,"
	" PRIMARY KEY (violation, node, container)) WITHOUT ROWID;"
	"CREATE TABLE waiver (id TEXT PRIMARY KEY, source INTEGER NOT NULL, rule TEXT NOT NULL, workload TEXT NOT NULL,"
	" subject TEXT NOT NULL, digest TEXT NOT NULL, made INTEGER NOT NULL, until INTEGER NOT NULL,"
	" owner TEXT NOT NULL, reason TEXT NOT NULL, ended INTEGER NOT NULL, warned INTEGER NOT NULL,"
	" matched INTEGER NOT NULL, last_matched INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE entry (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, opened INTEGER NOT NULL,"
	" deadline INTEGER NOT NULL, violation TEXT NOT NULL, waiver TEXT NOT NULL, kind TEXT NOT NULL,"
	" old TEXT NOT NULL, new TEXT NOT NULL, actor TEXT NOT NULL, why TEXT NOT NULL, digest BLOB NOT NULL,"
	" told INTEGER NOT NULL);"
	"CREATE INDEX entry_violation ON entry (violation, seq);"
	"CREATE INDEX entry_untold ON entry (seq) WHERE told = 0;",
};

#define VIOLATION_COLUMNS                                                                                              \
	"id, cluster, workload, rule, subject, generation, previous, severity, message, state, presence, opened, "     \
	"grace, deadline, absent_since, resolved, waiver, waived_until, reopened"
#define SIGHTING_COLUMNS "violation, node, container, digest, facts, first, last, present, evidence, path"
#define WAIVER_COLUMNS                                                                                                 \
	"id, source, rule, workload, subject, digest, made, until, owner, reason, ended, warned, matched, "            \
	"last_matched"
#define ENTRY_COLUMNS "seq, time, opened, deadline, violation, waiver, kind, old, new, actor, why, digest, told"

static const char *const sentences[SENTENCES] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[BEGIN_READ] = "BEGIN",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[META_PUT] = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
	[META_GET] = "SELECT value FROM meta WHERE name = ?1",
	[VIOLATION_PUT] = "INSERT OR REPLACE INTO violation (" VIOLATION_COLUMNS ") VALUES"
			  " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
	[VIOLATION_DROP] = "DELETE FROM violation WHERE id = ?1",
	[VIOLATION_UNSIGHT] = "DELETE FROM sighting WHERE violation = ?1",
	[VIOLATIONS] = "SELECT " VIOLATION_COLUMNS " FROM violation",
	[SIGHTING_PUT] = "INSERT OR REPLACE INTO sighting (" SIGHTING_COLUMNS ") VALUES"
			 " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[SIGHTINGS_TRIM] = "DELETE FROM sighting WHERE violation = ?1 AND (node, container) NOT IN"
			   " (SELECT node, container FROM sighting WHERE violation = ?1 ORDER BY last DESC LIMIT ?2)",
	[SIGHTINGS] = "SELECT " SIGHTING_COLUMNS " FROM sighting ORDER BY violation, last",
	[WAIVER_PUT] = "INSERT OR REPLACE INTO waiver (" WAIVER_COLUMNS ") VALUES"
		       " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
	[WAIVER_DROP] = "DELETE FROM waiver WHERE id = ?1",
	[WAIVERS] = "SELECT " WAIVER_COLUMNS " FROM waiver ORDER BY made, id",
	[ENTRY_PUT] = "INSERT INTO entry (" ENTRY_COLUMNS ") VALUES"
		      " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[ENTRIES] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq >= ?1 ORDER BY seq",
	[ENTRIES_UNTOLD] = "SELECT " ENTRY_COLUMNS " FROM entry"
			   " WHERE told = 0 OR seq = (SELECT max(seq) FROM entry) ORDER BY seq",
	[ENTRIES_COUNT] = "SELECT count(*) FROM entry",
	[ENTRIES_DROP] = "DELETE FROM entry WHERE seq <= ?1",
	[ENTRY_DIGEST] = "SELECT digest FROM entry WHERE seq = ?1",
	[TOLD_UNTIL] = "UPDATE entry SET told = 1 WHERE told = 0 AND seq <= ?1",
};

static const struct database_kind kind = {
	.name = STORE_NAME,
	.steps = steps,
	.step_count = ARRAY_SIZE(steps),
	.sentences = sentences,
	.sentence_count = SENTENCES,
};

struct store {
	struct database base;
};

int store_open(const char *dir, struct store **ret_store, bool *ret_set_aside)
{
	_cleanup_free_ struct store *store = calloc(1, sizeof(*store));
	int r = store ? database_open(dir, &kind, &store->base, ret_set_aside) : -ENOMEM;

	if (r == 0)
		*ret_store = take_ptr(store);
	return r;
}

int store_open_read(const char *dir, const char *name, struct store **ret_store)
{
	_cleanup_free_ struct store *store = calloc(1, sizeof(*store));
	int r = store ? database_open_read(dir, name, &kind, &store->base) : -ENOMEM;

	if (r == 0)
		*ret_store = take_ptr(store);
	return r;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	database_close(&store->base);
	free(store);
}

int store_begin(struct store *store)
{
	return database_run(&store->base, BEGIN, NULL, 0);
}

int store_begin_read(struct store *store)
{
	return database_run(&store->base, BEGIN_READ, NULL, 0);
}

void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->base.db))
		(void)database_run(&store->base, ROLLBACK, NULL, 0);
}

int store_commit(struct store *store)
{
	int r = database_run(&store->base, COMMIT, NULL, 0);

	if (r < 0)
		store_rollback(store);
	return r;
}

int store_check(struct store *store)
{
	return database_check(&store->base);
}

int store_to_disk(struct store *store)
{
	return database_to_disk(&store->base);
}

/* ---- writing ---- */

int store_violation_put(struct store *store, const struct record *record)
{
	const struct violation *v = &record->violation;

	return database_run(&store->base, VIOLATION_PUT,
			    VALUES(TEXT(record->id), TEXT(record->cluster ?: ""), TEXT(record->workload),
				   TEXT(rule_info(record->rule)->id), TEXT(record->subject), NUMBER(record->generation),
				   TEXT(record->previous), TEXT(severity_name(record->severity)), TEXT(record->message),
				   NUMBER(v->state), NUMBER(v->presence), NUMBER(v->opened), NUMBER(v->grace),
				   NUMBER(v->deadline), NUMBER(v->absent_since), NUMBER(v->resolved),
				   TEXT(record->waiver), NUMBER(v->waived_until), NUMBER(v->reopened)));
}

int store_violation_drop(struct store *store, const char *id)
{
	int r = database_run(&store->base, VIOLATION_UNSIGHT, VALUES(TEXT(id)));

	return r < 0 ? r : database_run(&store->base, VIOLATION_DROP, VALUES(TEXT(id)));
}

int store_sighting_put(struct store *store, const char *violation, const struct sighting *sighting)
{
	return database_run(&store->base, SIGHTING_PUT,
			    VALUES(TEXT(violation), TEXT(sighting->node), TEXT(sighting->container),
				   TEXT(sighting->digest ?: ""), TEXT(sighting->facts ?: ""), NUMBER(sighting->first),
				   NUMBER(sighting->last), NUMBER(sighting->present), NUMBER(sighting->evidence.kinds),
				   TEXT(sighting->evidence.path ?: "")));
}

int store_sightings_trim(struct store *store, const char *violation, unsigned count)
{
	return database_run(&store->base, SIGHTINGS_TRIM, VALUES(TEXT(violation), NUMBER(count)));
}

int store_waiver_put(struct store *store, const struct waiver *waiver)
{
	return database_run(&store->base, WAIVER_PUT,
			    VALUES(TEXT(waiver->id), NUMBER(waiver->source), TEXT(rule_info(waiver->rule)->id),
				   TEXT(waiver->workload), TEXT(waiver->subject ?: ""), TEXT(waiver->digest ?: ""),
				   NUMBER(waiver->made), NUMBER(waiver->until), TEXT(waiver->owner),
				   TEXT(waiver->reason), NUMBER(waiver->end), NUMBER(waiver->warned),
				   NUMBER(waiver->matched), NUMBER(waiver->last_matched)));
}

int store_waiver_drop(struct store *store, const char *id)
{
	return database_run(&store->base, WAIVER_DROP, VALUES(TEXT(id)));
}

int store_entry_put(struct store *store, const struct entry *entry, const uint8_t digest[static CHAIN_BYTES], bool told)
{
	return database_run(&store->base, ENTRY_PUT,
			    VALUES(NUMBER(entry->seq), NUMBER(entry->time), NUMBER(entry->opened),
				   NUMBER(entry->deadline), TEXT(entry->violation ?: ""), TEXT(entry->waiver ?: ""),
				   TEXT(entry->kind), TEXT(entry->from ?: ""), TEXT(entry->to ?: ""),
				   TEXT(entry->by ?: ""), TEXT(entry->why ?: ""), BLOB(digest, CHAIN_BYTES),
				   NUMBER(told)));
}

int store_told_until(struct store *store, uint64_t seq)
{
	return database_run(&store->base, TOLD_UNTIL, VALUES(NUMBER(seq)));
}

int store_entries_count(struct store *store, uint64_t *ret_count)
{
	return database_number(&store->base, ENTRIES_COUNT, NULL, 0, ret_count);
}

static int digest_of(struct store *store, uint64_t seq, uint8_t ret_digest[static CHAIN_BYTES])
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int r = database_begin(&store->base, ENTRY_DIGEST, VALUES(NUMBER(seq)), &statement);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	if (sqlite3_column_bytes(statement, 0) != CHAIN_BYTES)
		return -EBADMSG;
	memcpy(ret_digest, sqlite3_column_blob(statement, 0), CHAIN_BYTES);
	return 0;
}

int store_entries_drop(struct store *store, uint64_t seq)
{
	uint8_t digest[CHAIN_BYTES];
	char text[CHAIN_TEXT_SIZE];
	int r = digest_of(store, seq, digest);

	if (r == 0) {
		chain_text(digest, text);
		r = store_text_put(store, STORE_BASE, text);
	}
	if (r == 0)
		r = store_number_put(store, STORE_BASE_SEQ, (int64_t)seq);
	return r < 0 ? r : database_run(&store->base, ENTRIES_DROP, VALUES(NUMBER(seq)));
}

int store_number_put(struct store *store, const char *name, int64_t number)
{
	return database_run(&store->base, META_PUT, VALUES(TEXT(name), NUMBER(number)));
}

int store_number_get(struct store *store, const char *name, int64_t *ret_number)
{
	uint64_t number;
	int r = database_number(&store->base, META_GET, VALUES(TEXT(name)), &number);

	if (r == 0)
		*ret_number = (int64_t)number;
	return r;
}

int store_text_put(struct store *store, const char *name, const char *text)
{
	return database_run(&store->base, META_PUT, VALUES(TEXT(name), TEXT(text)));
}

int store_text_get(struct store *store, const char *name, char *ret_text, size_t size)
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int r = database_begin(&store->base, META_GET, VALUES(TEXT(name)), &statement);
	const char *text = r > 0 ? (const char *)sqlite3_column_text(statement, 0) : NULL;

	if (r < 0)
		return r;
	if (!text)
		return -ENOENT;
	(void)snprintf(ret_text, size, "%s", text);
	return 0;
}

/* ---- reading back ---- */

/* Rows as they come, until `row` says no. */
static int each(struct store *store, enum sentence sentence, const struct value *from,
		int (*row)(sqlite3_stmt *row, void *data), void *data)
{
	_cleanup_reset_ sqlite3_stmt *statement = NULL;
	int code = SQLITE_ROW, r = database_begin(&store->base, sentence, from, from ? 1 : 0, &statement);

	if (r <= 0)
		return r;
	for (r = 0; r == 0 && code == SQLITE_ROW; code = r == 0 ? sqlite3_step(statement) : code)
		r = row(statement, data);
	return r < 0 || code == SQLITE_DONE ? r : schema_errno(store->base.db, code);
}

static const char *column_text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column) ?: "";
}

static const char *column_some(sqlite3_stmt *row, int column)
{
	const char *text = column_text(row, column);

	return *text ? text : NULL;
}

/* Of an enum; what is out of its range is its first value. */
static unsigned column_choice(sqlite3_stmt *row, int column, unsigned count)
{
	int64_t value = sqlite3_column_int64(row, column);

	return value >= 0 && value < count ? (unsigned)value : 0;
}

static bool column_copy(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
	return (size_t)snprintf(ret_text, size, "%s", column_text(row, column)) < size;
}

struct reading {
	int (*violation)(struct record *record, void *data);
	int (*sighting)(const char *violation, struct sighting *sighting, void *data);
	int (*waiver)(const struct waiver *waiver, void *data);
	int (*entry)(const struct stored_entry *stored, void *data);
	void *data;
};

static int violation_row(sqlite3_stmt *row, void *data)
{
	struct reading *reading = data;
	int rule = rule_from_id(column_text(row, 3)), severity = severity_from_name(column_text(row, 7));
	struct record *record =
		record_new(column_some(row, 1), column_text(row, 2), column_text(row, 4), column_text(row, 8));

	if (!record)
		return -ENOMEM;
	if (rule < 0 || severity < 0 || !column_copy(row, 0, record->id, sizeof(record->id)) ||
	    !column_copy(row, 6, record->previous, sizeof(record->previous)) ||
	    !column_copy(row, 16, record->waiver, sizeof(record->waiver))) {
		record_free(record); /* a later version's */
		return 0;
	}
	record->rule = (enum rule)rule;
	record->severity = (enum severity)severity;
	record->generation = (uint64_t)sqlite3_column_int64(row, 5);
	record->violation = (struct violation){
		.state = column_choice(row, 9, VIOLATION_STATES),
		.presence = column_choice(row, 10, PRESENCES),
		.opened = sqlite3_column_int64(row, 11),
		.grace = sqlite3_column_int64(row, 12),
		.deadline = sqlite3_column_int64(row, 13),
		.absent_since = sqlite3_column_int64(row, 14),
		.resolved = sqlite3_column_int64(row, 15),
		.waived_until = sqlite3_column_int64(row, 17),
		.reopened = (uint32_t)sqlite3_column_int64(row, 18),
	};
	return reading->violation(record, reading->data);
}

int store_violations(struct store *store, int (*call)(struct record *record, void *data), void *data)
{
	return each(store, VIOLATIONS, NULL, violation_row, &(struct reading){ .violation = call, .data = data });
}

static int sighting_row(sqlite3_stmt *row, void *data)
{
	struct reading *reading = data;
	struct sighting *sighting = sighting_new(column_text(row, 1), column_text(row, 2));
	char *path = NULL;

	if (!sighting || text_set(&sighting->digest, column_some(row, 3)) < 0 ||
	    text_set(&sighting->facts, column_some(row, 4)) < 0 || text_set(&path, column_some(row, 9)) < 0) {
		sighting_free(sighting);
		return -ENOMEM;
	}
	sighting->first = sqlite3_column_int64(row, 5);
	sighting->last = sighting->saved = sqlite3_column_int64(row, 6);
	sighting->present = column_choice(row, 7, PRESENCES);
	sighting->evidence.kinds = (unsigned)sqlite3_column_int64(row, 8);
	sighting->evidence.path = path;
	return reading->sighting(column_text(row, 0), sighting, reading->data);
}

int store_sightings(struct store *store, int (*call)(const char *violation, struct sighting *sighting, void *data),
		    void *data)
{
	return each(store, SIGHTINGS, NULL, sighting_row, &(struct reading){ .sighting = call, .data = data });
}

static int waiver_row(sqlite3_stmt *row, void *data)
{
	struct reading *reading = data;
	int rule = rule_from_id(column_text(row, 2));
	struct waiver waiver = {
		.source = column_choice(row, 1, WAIVER_SOURCES),
		.workload = column_text(row, 3),
		.subject = column_some(row, 4),
		.digest = column_some(row, 5),
		.made = sqlite3_column_int64(row, 6),
		.until = sqlite3_column_int64(row, 7),
		.owner = column_text(row, 8),
		.reason = column_text(row, 9),
		.end = column_choice(row, 10, WAIVER_ENDS),
		.warned = sqlite3_column_int64(row, 11) != 0,
		.matched = (uint64_t)sqlite3_column_int64(row, 12),
		.last_matched = sqlite3_column_int64(row, 13),
	};

	if (rule < 0 || !column_copy(row, 0, waiver.id, sizeof(waiver.id)))
		return 0;
	waiver.rule = (enum rule)rule;
	return reading->waiver(&waiver, reading->data);
}

int store_waivers(struct store *store, int (*call)(const struct waiver *waiver, void *data), void *data)
{
	return each(store, WAIVERS, NULL, waiver_row, &(struct reading){ .waiver = call, .data = data });
}

static int entry_row(sqlite3_stmt *row, void *data)
{
	struct reading *reading = data;
	struct stored_entry stored = {
		.entry = {
			.seq = (uint64_t)sqlite3_column_int64(row, 0),
			.time = sqlite3_column_int64(row, 1),
			.opened = sqlite3_column_int64(row, 2),
			.deadline = sqlite3_column_int64(row, 3),
			.violation = column_some(row, 4),
			.waiver = column_some(row, 5),
			.kind = column_text(row, 6),
			.from = column_some(row, 7),
			.to = column_some(row, 8),
			.by = column_some(row, 9),
			.why = column_some(row, 10),
		},
		.told = sqlite3_column_int64(row, 12) != 0,
	};

	if (sqlite3_column_bytes(row, 11) == CHAIN_BYTES) /* else it stays of zeroes, which fits no entry */
		memcpy(stored.digest, sqlite3_column_blob(row, 11), CHAIN_BYTES);
	return reading->entry(&stored, reading->data);
}

int store_entries(struct store *store, uint64_t from, int (*call)(const struct stored_entry *stored, void *data),
		  void *data)
{
	return each(store, ENTRIES, &(const struct value)NUMBER(from), entry_row,
		    &(struct reading){ .entry = call, .data = data });
}

int store_entries_untold(struct store *store, int (*call)(const struct stored_entry *stored, void *data), void *data)
{
	return each(store, ENTRIES_UNTOLD, NULL, entry_row, &(struct reading){ .entry = call, .data = data });
}
