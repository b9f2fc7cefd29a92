// SPDX-License-Identifier: Apache-2.0
#include "ledger/document.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "digest/digest.h"
#include "ledger/internal.h"
#include "output/lossy.h"
#include "output/time.h"

struct document {
	json_t *violations; /* by id, in the order of the database */
	json_t *waivers;    /* likewise */
	int64_t as_of, resolve_after;
	bool past;    /* it is asked how it was */
	bool watched; /* an agent holds the ledger: what is present is known */
	uint8_t head[CHAIN_BYTES];
	uint64_t entries;
};

/* ---- fields ---- */

static void put_text(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		(void)json_object_set_new(object, key, json_lossy(value));
}

static void put_time(json_t *object, const char *key, int64_t time)
{
	char text[TIME_RFC3339_SIZE];

	if (!time)
		return;
	time_rfc3339(time, text);
	(void)json_object_set_new(object, key, json_string(text));
}

static void put_number(json_t *object, const char *key, uint64_t number)
{
	(void)json_object_set_new(object, key, json_integer((json_int_t)number));
}

/* ---- violations ---- */

/* What the clock alone has made of it since it was last written: nobody may have been there to write it. */
static enum violation_state state_at(const struct violation *violation, int64_t as_of)
{
	bool over = violation->deadline && as_of >= violation->deadline;

	if (violation->state == VIOLATION_RESOLVED ||
	    (violation->state == VIOLATION_WAIVED && as_of < violation->waived_until))
		return violation->state;
	return over ? VIOLATION_OVERDUE : VIOLATION_GRACE;
}

static void put_clock(const struct document *document, json_t *object, const struct violation *violation)
{
	const struct violation_rules rules = { .resolve_after = document->resolve_after };
	enum violation_state state = state_at(violation, document->as_of);

	put_text(object, "state", violation_state_name(state));
	put_text(object, "present", presence_name(document->watched ? violation->presence : PRESENCE_UNKNOWN));
	put_time(object, "opened", violation->opened);
	put_time(object, "deadline", violation->deadline);
	put_time(object, "resolved", violation->resolved);
	if (!document->watched || state == VIOLATION_RESOLVED)
		return;
	put_time(object, "absent_since", violation->absent_since);
	put_time(object, "resolves", violation_resolves(violation, &rules));
}

static int add_violation(struct record *record, void *data)
{
	struct document *document = data;
	json_t *object = json_object();

	put_text(object, "id", record->id);
	put_text(object, "rule", rule_info(record->rule)->id);
	put_text(object, "severity", severity_name(record->severity));
	put_text(object, "cluster", record->cluster);
	put_text(object, "workload", record->workload);
	put_text(object, "subject", record->subject);
	put_text(object, "message", record->message);
	put_clock(document, object, &record->violation);
	if (record->violation.reopened)
		put_number(object, "reopened", record->violation.reopened);
	put_text(object, "previous", record->previous);
	(void)json_object_set_new(object, "sightings", json_array());
	put_text(object, "waiver", record->violation.state == VIOLATION_WAIVED ? record->waiver : NULL);
	(void)json_object_set_new(object, "history", json_array());
	(void)json_object_set_new(document->violations, record->id, object);
	record_free(record);
	return object ? 0 : -ENOMEM;
}

static int add_sighting(const char *violation, struct sighting *sighting, void *data)
{
	struct document *document = data;
	json_t *list = json_object_get(json_object_get(document->violations, violation), "sightings");
	json_t *object = sighting->facts ? json_loads(sighting->facts, 0, NULL) : NULL;

	if (!json_is_object(object)) {
		json_decref(object);
		object = json_object();
		(void)json_object_set_new(object, "container", json_pack("{s:s}", "id", sighting->container));
	}
	(void)json_object_set_new(object, "host", json_pack("{s:s}", "name", sighting->node));
	put_time(object, "first_seen", sighting->first);
	put_time(object, "last_seen", sighting->last);
	if (document->watched && sighting->present != PRESENCE_UNKNOWN)
		(void)json_object_set_new(object, "present", json_boolean(sighting->present == PRESENCE_YES));
	(void)json_array_append_new(list, object); /* of a violation that is not there: let go */
	sighting_free(sighting);
	return 0;
}

/* ---- waivers ---- */

static int add_waiver(const struct waiver *waiver, void *data)
{
	struct document *document = data;
	bool over = waiver->end == WAIVER_HOLDS && document->as_of >= waiver->until;
	json_t *object = json_object();

	put_text(object, "id", waiver->id);
	put_text(object, "rule", rule_info(waiver->rule)->id);
	put_text(object, "workload", waiver->workload);
	put_text(object, "subject", waiver->subject);
	put_text(object, "digest", waiver->digest);
	put_time(object, "made", waiver->made);
	put_time(object, "until", waiver->until);
	put_text(object, "owner", waiver->owner);
	put_text(object, "reason", waiver->reason);
	put_text(object, "source", waiver_source_name(waiver->source));
	put_text(object, "state", waiver_end_name(over ? WAIVER_ENDED : waiver->end));
	put_number(object, "matched", waiver->matched);
	put_time(object, "last_matched", waiver->last_matched);
	(void)json_object_set_new(document->waivers, waiver->id, object);
	return object ? 0 : -ENOMEM;
}

/* A violation's waiver, by id until now, as it is. */
static void waivers_resolve(const struct document *document)
{
	static const char *const keys[] = { "id", "owner", "reason", "until", "source", "subject", "digest" };
	const char *id;
	json_t *object;

	json_object_foreach (document->violations, id, object) {
		const char *named = json_string_value(json_object_get(object, "waiver"));
		json_t *waiver = named ? json_object_get(document->waivers, named) : NULL, *brief = json_object();

		for (size_t i = 0; waiver && i < ARRAY_SIZE(keys); i++)
			if (json_object_get(waiver, keys[i]))
				(void)json_object_set(brief, keys[i], json_object_get(waiver, keys[i]));
		if (waiver)
			(void)json_object_set(object, "waiver", brief);
		else
			(void)json_object_del(object, "waiver");
		json_decref(brief);
	}
}

/* ---- history ---- */

static json_t *entry_json(const struct stored_entry *stored)
{
	const struct entry *entry = &stored->entry;
	char digest[CHAIN_TEXT_SIZE];
	json_t *object = json_object();

	chain_text(stored->digest, digest);
	put_number(object, "seq", entry->seq);
	put_time(object, "time", entry->time);
	put_text(object, "kind", entry->kind);
	put_text(object, "from", entry->from);
	put_text(object, "to", entry->to);
	put_text(object, "waiver", entry->waiver);
	put_text(object, "by", entry->by);
	put_text(object, "why", entry->why);
	put_text(object, "digest", digest);
	return object;
}

/* As it was: the last entry up to then says the state, and since and until when. */
static void go_back(json_t *violation, const struct entry *entry)
{
	put_text(violation, "state", entry->to);
	put_time(violation, "opened", entry->opened);
	if (entry->deadline)
		put_time(violation, "deadline", entry->deadline);
	if (strcmp(entry->kind, violation_change_name(CHANGE_RESOLVED)) == 0)
		put_time(violation, "resolved", entry->time);
	else
		(void)json_object_del(violation, "resolved");
}

static int add_entry(const struct stored_entry *stored, void *data)
{
	struct document *document = data;
	const struct entry *entry = &stored->entry;
	json_t *violation = entry->violation ? json_object_get(document->violations, entry->violation) : NULL;

	if (document->past && entry->time > document->as_of)
		return 0;
	document->entries++;
	memcpy(document->head, stored->digest, CHAIN_BYTES);
	if (violation && document->past && entry->to)
		go_back(violation, entry);
	if (violation)
		(void)json_array_append_new(json_object_get(violation, "history"), entry_json(stored));
	return 0;
}

/* ---- the whole ---- */

static json_t *values_of(const json_t *map, bool (*shown)(const json_t *value))
{
	json_t *list = json_array(), *value;
	const char *key;

	json_object_foreach ((json_t *)map, key, value)
		if (!shown || shown(value))
			(void)json_array_append(list, value);
	return list;
}

/* In the past it had been written down by then. */
static bool has_history(const json_t *violation)
{
	return json_array_size(json_object_get(violation, "history")) > 0;
}

static int fill(struct store *store, struct document *document)
{
	int r = store_violations(store, add_violation, document);

	if (r == 0)
		r = store_sightings(store, add_sighting, document);
	if (r == 0)
		r = store_waivers(store, add_waiver, document);
	if (r == 0)
		r = store_entries(store, 0, add_entry, document);
	if (r == 0)
		waivers_resolve(document);
	return r;
}

static void put_frozen(struct store *store, json_t *whole)
{
	int64_t frozen = 0;
	json_t *clock;

	if (store_number_get(store, STORE_FROZEN, &frozen) < 0 || !frozen)
		return;
	clock = json_pack("{s:b}", "frozen", 1);
	put_time(clock, "since", frozen);
	(void)json_object_set_new(whole, "clock", clock);
}

static json_t *whole_json(struct store *store, const struct document *document)
{
	json_t *whole = json_object();
	char text[256];

	put_time(whole, "as_of", document->as_of);
	if (store_text_get(store, STORE_CLUSTER, text, sizeof(text)) == 0)
		put_text(whole, "cluster", text);
	if (document->entries) {
		char head[CHAIN_TEXT_SIZE];

		chain_text(document->head, head);
		put_text(whole, "head", head);
	}
	put_number(whole, "entries", document->entries);
	put_frozen(store, whole);
	(void)json_object_set_new(whole, "violations",
				  values_of(document->violations, document->past ? has_history : NULL));
	(void)json_object_set_new(whole, "waivers", values_of(document->waivers, NULL));
	return whole;
}

/* Whoever writes the ledger holds its lock. */
static bool is_held(const char *dir)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -EBADF;

	if (asprintf(&path, "%s/" LOCK_NAME, dir) < 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int ledger_document(const char *state_dir, int64_t as_of, json_t **ret_document)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct document document = { .as_of = as_of };
	int r = store_open_read(state_dir, STORE_NAME, &store);

	if (r < 0)
		return r;
	document.past = as_of < clock_ns(CLOCK_REALTIME) - SECOND;
	document.watched = !document.past && is_held(state_dir);
	document.violations = json_object();
	document.waivers = json_object();
	(void)store_number_get(store, STORE_AFTER, &document.resolve_after);
	r = store_begin_read(store); /* of one moment, however long it takes */
	if (r == 0)
		r = fill(store, &document);
	if (r == 0)
		*ret_document = whole_json(store, &document);
	store_rollback(store);
	json_decref(document.violations);
	json_decref(document.waivers);
	return r;
}

/* ---- is the chain whole? ---- */

struct checking {
	uint8_t digest[CHAIN_BYTES];
	uint64_t seq;
	const char *head;
	bool head_found;
	struct ledger_fault *fault;
	json_t *states; /* of each violation, as the history has it: by id */
};

static void base_take(struct store *store, struct checking *checking)
{
	char text[CHAIN_TEXT_SIZE];
	struct digest base;
	int64_t seq;

	if (store_text_get(store, STORE_BASE, text, sizeof(text)) < 0 ||
	    store_number_get(store, STORE_BASE_SEQ, &seq) < 0 ||
	    digest_from_hex(DIGEST_SHA256, text, strlen(text), &base) < 0)
		return;
	memcpy(checking->digest, base.bytes, CHAIN_BYTES);
	checking->seq = (uint64_t)seq;
}

static int fault(struct checking *checking, uint64_t seq, const char *why)
{
	checking->fault->seq = seq;
	(void)snprintf(checking->fault->why, sizeof(checking->fault->why), "%s", why);
	return -EILSEQ;
}

static int check_entry(const struct stored_entry *stored, void *data)
{
	struct checking *checking = data;
	const struct entry *entry = &stored->entry;
	uint8_t digest[CHAIN_BYTES];
	char text[CHAIN_TEXT_SIZE];

	if (entry->seq != checking->seq + 1)
		return fault(checking, entry->seq, "entries before it are missing");
	if (chain_digest(checking->digest, entry, digest) < 0)
		return -ENOMEM;
	if (memcmp(digest, stored->digest, CHAIN_BYTES) != 0)
		return fault(checking, entry->seq, "its digest is not that of what it says behind the one before");
	memcpy(checking->digest, digest, CHAIN_BYTES);
	checking->seq = entry->seq;
	checking->fault->entries++;
	chain_text(digest, text);
	checking->head_found |= checking->head && strcmp(text, checking->head) == 0;
	if (entry->violation && entry->to)
		(void)json_object_set_new(checking->states, entry->violation,
					  json_pack("{s:s, s:I, s:I}", "state", entry->to, "opened",
						    (json_int_t)entry->opened, "deadline",
						    (json_int_t)entry->deadline));
	return 0;
}

/* A row of the book says what the last entry of its history says. One without a history is not of the chain. */
static int check_violation(struct record *record, void *data)
{
	_cleanup_(record_freep) struct record *own = record;
	struct checking *checking = data;
	const struct violation *violation = &own->violation;
	const json_t *last = json_object_get(checking->states, own->id);
	const char *state = json_string_value(json_object_get(last, "state"));
	char why[sizeof(checking->fault->why)];

	if (state && strcmp(state, violation_state_name(violation->state)) == 0 &&
	    json_integer_value(json_object_get(last, "opened")) == violation->opened &&
	    json_integer_value(json_object_get(last, "deadline")) == violation->deadline)
		return 0;
	if (!state && checking->seq != checking->fault->entries)
		return 0; /* the beginning of its history was dropped at the bound */
	(void)snprintf(why, sizeof(why), "violation %s is not what its history says", own->id);
	return fault(checking, checking->seq, why);
}

static int check(struct store *store, struct checking *checking)
{
	int r = store_begin_read(store);

	if (r < 0)
		return r;
	base_take(store, checking);
	r = store_entries(store, 0, check_entry, checking);
	chain_text(checking->digest, checking->fault->head);
	if (r == 0)
		r = store_violations(store, check_violation, checking);
	if (r == 0 && checking->head && !checking->head_found)
		r = fault(checking, 0, "that digest is none of its entries'");
	store_rollback(store);
	return r;
}

int ledger_verify(const char *state_dir, const char *head, struct ledger_fault *ret_fault)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct checking checking = { .head = head, .fault = ret_fault };
	int r = store_open_read(state_dir, STORE_NAME, &store);

	*ret_fault = (struct ledger_fault){ .seq = 0 };
	if (r < 0)
		return r;
	checking.states = json_object();
	if (!checking.states)
		return -ENOMEM;
	r = check(store, &checking);
	json_decref(checking.states);
	return r;
}
