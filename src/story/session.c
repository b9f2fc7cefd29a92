// SPDX-License-Identifier: Apache-2.0
/* An exec session as one story: who came in, what ran, what changed, until when. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "output/field.h"
#include "output/time.h"
#include "story/internal.h"

int session_begin(struct session_story *session, const json_t *alert, int64_t time)
{
	int64_t began = moment_of(alert, "process.entry_leader.start");

	session->id = field_text(alert, "plimsoll.session");
	session->container = field_text(alert, "container.id");
	session->since = began != INT64_MIN && began < time ? began : time;
	session->ran = json_array();
	session->changed = json_array();
	return session->ran && session->changed ? 0 : -ENOMEM;
}

/* The first that says it is kept. */
static void keep_first(json_t **kept, const json_t *value)
{
	if (!*kept && value)
		*kept = json_incref((json_t *)value);
}

static void entry_take(struct session_story *session, const json_t *line)
{
	const json_t *leader = field_at(line, "process.entry_leader");

	keep_first(&session->audit_id, field_at(line, "plimsoll.audit_id"));
	if (json_is_object(leader) && !session->entry)
		session->entry = process_of(leader);
	if (json_is_object(leader))
		keep_first(&session->began, field_at(leader, "start"));
	if (!text_is(line, "rule.id", "session.exec") || text_is(line, "event.action", "repeat"))
		return;
	if (!session->entry)
		session->entry = process_of(field_at(line, "process"));
	keep_first(&session->began, field_at(line, "@timestamp"));
}

/* One process is shown once by program: it can exec another. */
static bool has_run(const struct session_story *session, const json_t *process)
{
	const char *entity = field_text(process, "entity_id"), *executable = field_text(process, "executable");
	const json_t *item;
	size_t i;

	json_array_foreach (session->ran, i, item)
		if (text_is(item, "process.entity_id", entity) && text_is(item, "process.executable", executable))
			return true;
	return false;
}

static void ran_add(struct session_story *session, const json_t *from, const json_t *time)
{
	json_t *process, *entry;

	if (!field_text(from, "executable") || !field_text(from, "entity_id") || has_run(session, from))
		return;
	process = process_of(from);
	entry = json_object();
	if (time)
		(void)json_object_set(entry, "@timestamp", (json_t *)time);
	(void)json_object_set_new(entry, "process", process);
	list_add(session->ran, STORY_RAN, entry, &session->ran_more);
}

/* Of the ancestors those up to the one that came in. */
static void ran_take(struct session_story *session, const json_t *line)
{
	const char *entry = field_text(line, "process.entry_leader.entity_id");
	const json_t *ancestors = field_at(line, "plimsoll.ancestors"), *ancestor;
	size_t i, within = 0;

	json_array_foreach (ancestors, i, ancestor)
		if (entry && text_is(ancestor, "entity_id", entry)) {
			within = i + 1;
			break;
		}
	for (i = within; i > 0; i--) {
		ancestor = json_array_get(ancestors, i - 1);
		ran_add(session, ancestor, field_at(ancestor, "start"));
	}
	ran_add(session, field_at(line, "process"),
		field_at(line, text_is(line, "event.action", "exec") ? "@timestamp" : "process.start"));
}

static void changed_take(struct session_story *session, const json_t *line, const char *who)
{
	json_t *change = written_of(line), *process;

	if (!change)
		return;
	process = json_object();
	if (field_at(line, who)) {
		pick(field_at(line, who), "pid", process, "pid");
		pick(field_at(line, who), "executable", process, "executable");
	}
	(void)json_object_set_new(change, "process", process);
	(void)written_add(session->changed, STORY_CHANGED, change, &session->changed_more);
}

void session_line(struct session_story *session, json_t *line)
{
	bool own = text_is(line, "plimsoll.session", session->id);

	if (!session->id || !text_is(line, "container.id", session->container))
		return;
	if (text_is(line, "plimsoll.writer.session", session->id) && !text_begins(line, "rule.id", "mutation."))
		changed_take(session, line, "plimsoll.writer");
	if (!own)
		return;
	entry_take(session, line);
	if (text_is(line, "event.kind", "state")) {
		if (text_is(line, "event.action", "session-end"))
			keep_first(&session->end, line);
		return;
	}
	if (text_begins(line, "rule.id", "mutation."))
		changed_take(session, line, "process");
	ran_take(session, line);
}

void session_unwatched(struct session_story *session, int64_t time)
{
	if (session->id && time >= session->since && (!session->unwatched || time < session->unwatched))
		session->unwatched = time;
}

/* By time: lines can come in another order. */
static int64_t time_at(const json_t *list, size_t i)
{
	return moment_of(json_array_get(list, i), "@timestamp");
}

static json_t *sorted(const json_t *list)
{
	json_t *copy = json_array();

	for (size_t i = 0; copy && i < json_array_size(list); i++) {
		size_t at = json_array_size(copy);

		while (at > 0 && time_at(copy, at - 1) > time_at(list, i))
			at--;
		(void)json_array_insert(copy, at, json_array_get(list, i));
	}
	return copy;
}

static void put(json_t *object, const char *key, json_t *value)
{
	if (value)
		(void)json_object_set(object, key, value);
}

/* Until when: told; or what is known of why it is not. */
static const char *state_of(const struct session_story *session)
{
	int64_t ended = session->end ? moment_of(session->end, "@timestamp") : INT64_MAX;

	if (session->goes_on && !session->end)
		return "open";
	if (session->end && ended != INT64_MIN)
		return "ended";
	return session->unwatched ? "unwatched" : "unknown";
}

json_t *session_json(const struct session_story *session)
{
	json_t *object = session->id ? json_object() : NULL, *plimsoll;

	if (!object)
		return NULL;
	plimsoll = json_object();
	(void)json_object_set_new(plimsoll, "session", json_string(session->id));
	put(plimsoll, "audit_id", session->audit_id);
	(void)json_object_set_new(object, "plimsoll", plimsoll);
	put(object, "process", session->entry);
	put(object, "began", session->began);
	(void)json_object_set_new(object, "state", json_string(state_of(session)));
	if (session->end) {
		pick(session->end, "@timestamp", object, "ended");
		pick(session->end, "event.duration", object, "duration");
	} else if (session->unwatched) {
		char text[TIME_RFC3339_SIZE];

		time_rfc3339(session->unwatched, text);
		(void)json_object_set_new(object, "unwatched", json_string(text));
	}
	(void)json_object_set_new(object, "ran", sorted(session->ran));
	(void)json_object_set_new(object, "changed", sorted(session->changed));
	if (session->ran_more)
		(void)json_object_set_new(object, "more_ran", json_integer((json_int_t)session->ran_more));
	if (session->changed_more)
		(void)json_object_set_new(object, "more_changed", json_integer((json_int_t)session->changed_more));
	return object;
}

void session_clear(struct session_story *session)
{
	json_decref(session->entry);
	json_decref(session->audit_id);
	json_decref(session->began);
	json_decref(session->end);
	json_decref(session->ran);
	json_decref(session->changed);
}
