// SPDX-License-Identifier: Apache-2.0
#include "story/story.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/line.h"
#include "output/field.h"
#include "output/time.h"
#include "story/internal.h"

/* ---- what a line must hold to be worth a look ---- */

static void needle_add(struct story *story, const char *key, const char *text)
{
	struct needle *needle = &story->needles[story->needle_count];

	if (!text || story->needle_count == NEEDLES_MAX)
		return;
	if (snprintf(needle->text, sizeof(needle->text), "\"%s\":\"%s\"", key, text) < (int)sizeof(needle->text))
		story->needle_count++;
}

static void needles_make(struct story *story)
{
	needle_add(story, "corrects", story->id);
	needle_add(story, "session", story->session.id);
	needle_add(story, "id", story->fold);
}

static bool holds(const char *line, size_t size, const char *text)
{
	return memmem(line, size, text, strlen(text));
}

#define OBJECT_HEAD 160 /* bytes of an object in which its entity_id stands */

/* Does the object that begins with `key` name a process of the tree? A container's first process stands in the ancestors of
 * all that happens there: that alone says nothing. */
static bool names_node(const struct story *story, const char *line, size_t size, const char *key)
{
	const char *at = memmem(line, size, key, strlen(key));
	size_t rest = at ? size - (size_t)(at - line) : 0;

	for (size_t i = 0; at && i < story->tree.count; i++) {
		const char *entity = story->tree.nodes[i].entity;

		if (entity && holds(at, rest < OBJECT_HEAD ? rest : OBJECT_HEAD, entity))
			return true;
	}
	return false;
}

/* All of the container that is near; else what one of its processes wrote, and what names its session, or itself. */
static bool is_worth(const struct story *story, const char *line, size_t size, int64_t time)
{
	bool near = time >= story->time - STORY_NEAR && time <= story->time + STORY_NEAR;

	if (near && story->container && holds(line, size, story->container))
		return true;
	for (size_t i = 0; i < story->needle_count; i++)
		if (holds(line, size, story->needles[i].text))
			return true;
	if (names_node(story, line, size, "\"writer\":{"))
		return true;
	if (holds(line, size, "\"rule\":{\"id\":\"mutation.") && names_node(story, line, size, "\"process\":{"))
		return true;
	return story->session.id && holds(line, size, "\"kind\":\"state\"");
}

/* ---- what a line says ---- */

static bool is_correction(const struct story *story, const json_t *line)
{
	return text_is(line, "plimsoll.corrects", story->id);
}

/* The last that was told holds. */
static void correction_take(struct story *story, json_t *line)
{
	const char *before = story->correction ? field_text(story->correction, "event.id") : NULL;
	const char *id = field_text(line, "event.id");

	if (before && id && strcmp(id, before) < 0)
		return;
	json_decref(story->correction);
	story->correction = json_incref(line);
}

static void repeat_take(struct story *story, const json_t *line)
{
	json_int_t count = json_integer_value(field_at(line, "plimsoll.fold.count"));
	const json_t *last = field_at(line, "plimsoll.fold.last_seen");

	if (!text_is(line, "event.action", "repeat") || !text_is(line, "plimsoll.fold.id", story->fold) || count <= 0)
		return;
	story->repeated += (uint64_t)count;
	if (!last || (story->repeated_last && json_string_value(story->repeated_last) && json_string_value(last) &&
		      strcmp(json_string_value(last), json_string_value(story->repeated_last)) < 0))
		return;
	json_decref(story->repeated_last);
	story->repeated_last = json_incref((json_t *)last);
}

static void nearby_take(struct story *story, json_t *line, int64_t time)
{
	bool told = text_is(line, "event.kind", "alert") || text_is(line, "event.action", "session-end");

	if (!told || time < story->time - STORY_NEAR || time > story->time + STORY_NEAR)
		return;
	if (field_at(line, "plimsoll.corrects"))
		around_correct(&story->around, line);
	else
		around_take(&story->around, line, time, story->time);
}

static void gap_take(struct story *story, const json_t *line, int64_t time)
{
	if (text_is(line, "event.kind", "state") && !field_at(line, "container") &&
	    (text_is(line, "event.action", "start") || text_is(line, "event.action", "stop")))
		session_unwatched(&story->session, time);
}

int story_line(struct story *story, const char *line, size_t size)
{
	const char *text = line_time(line, size);
	json_auto_t *object = NULL;
	int64_t time;

	if (!text || time_from_rfc3339(text, &time) < 0 || !is_worth(story, line, size, time))
		return 0;
	object = json_loadb(line, size, 0, NULL);
	if (!json_is_object(object) || text_is(object, "event.id", story->id))
		return 0;
	gap_take(story, object, time);
	if (story->container && !text_is(object, "container.id", story->container))
		return 0;
	if (is_correction(story, object)) {
		correction_take(story, object);
		return 0;
	}
	if (!story->container)
		return 0; /* of the host: nothing says what belongs to it */
	repeat_take(story, object);
	nearby_take(story, object, time);
	tree_line(&story->tree, object);
	session_line(&story->session, object);
	return 0;
}

/* ---- from birth to end ---- */

int story_new(json_t *alert, struct story **ret_story)
{
	int64_t time = json_is_object(alert) ? moment_of(alert, "@timestamp") : INT64_MIN;
	struct story *story;
	int r;

	if (time == INT64_MIN || !field_text(alert, "event.id"))
		return -EBADMSG;
	story = calloc(1, sizeof(*story));
	if (!story)
		return -ENOMEM;
	story->alert = json_incref(alert);
	story->id = field_text(alert, "event.id");
	story->container = field_text(alert, "container.id");
	story->fold = field_text(alert, "plimsoll.fold.id");
	story->time = time;
	r = tree_begin(&story->tree, alert);
	if (r == 0)
		r = session_begin(&story->session, alert, time);
	if (r < 0) {
		story_free(story);
		return r;
	}
	needles_make(story);
	around_take(&story->around, alert, time, time);
	tree_line(&story->tree, alert);
	session_line(&story->session, alert);
	*ret_story = story;
	return 0;
}

void story_free(struct story *story)
{
	if (!story)
		return;
	tree_clear(&story->tree);
	around_clear(&story->around);
	session_clear(&story->session);
	json_decref(story->correction);
	json_decref(story->repeated_last);
	json_decref(story->searched);
	json_decref(story->writer);
	json_decref(story->alert); /* last: the others point into it */
	free(story);
}

int64_t story_time(const struct story *story)
{
	return story->time;
}

int64_t story_since(const struct story *story)
{
	int64_t since = story->session.id && story->session.since < story->time ? story->session.since : story->time;

	for (size_t i = 0; i < story->tree.count; i++) {
		int64_t start = moment_of(story->tree.nodes[i].process, "start");

		if (start != INT64_MIN && start < since)
			since = start;
	}
	return since;
}

bool story_is_open(const struct story *story)
{
	return story->session.id && !story->session.end;
}

const char *story_container(const struct story *story)
{
	return story->container;
}

void story_searched(struct story *story, int64_t since, int64_t until, bool whole)
{
	char first[TIME_RFC3339_SIZE], last[TIME_RFC3339_SIZE];

	time_rfc3339(since, first);
	time_rfc3339(until, last);
	json_decref(story->searched);
	story->searched = json_pack("{s:s, s:s, s:b}", "since", first, "until", last, "whole", whole);
}

/* ---- what the agent adds ---- */

void story_sessions(struct story *story, const char *answer)
{
	json_auto_t *object = json_loads(answer, 0, NULL);
	const json_t *list = field_at(object, "sessions"), *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (story->session.id && text_is(item, "session", story->session.id) &&
		    text_is(item, "container", story->container))
			story->session.goes_on = true;
}

/* By its inode in the upper layer, which is also what stat shows of a file that the image does not have. */
void story_writers(struct story *story, const char *answer)
{
	const json_t *told = story->correction ? story->correction : story->alert;
	const char *inode = field_text(story->alert, "file.inode");
	json_auto_t *object = json_loads(answer, 0, NULL);
	const json_t *list = field_at(object, "writers"), *item, *only = NULL;
	size_t i, found = 0;

	if (!inode || !text_is(told, "plimsoll.verdict", "added") || !text_is(told, "plimsoll.layer", "upper") ||
	    field_at(story->alert, "plimsoll.writer") || field_at(told, "plimsoll.writer"))
		return;
	json_array_foreach (list, i, item)
		if ((uint64_t)json_integer_value(field_at(item, "inode")) == strtoull(inode, NULL, 10)) {
			only = item;
			found++;
		}
	if (found != 1)
		return;
	json_decref(story->writer);
	story->writer = json_object();
	pick(only, "pid", story->writer, "pid");
	pick(only, "executable", story->writer, "executable");
	pick(only, "session", story->writer, "session");
	pick(only, "time", story->writer, "time");
}

/* ---- the whole ---- */

/* What both say of the file, the correction last. */
static json_t *file_json(const struct story *story)
{
	static const char *const keys[] = {
		"layer", "verdict", "expected", "copied_from", "unlinked", "writer", "from"
	};
	const json_t *told[] = { story->alert, story->correction };
	json_t *object = json_object(), *plimsoll = json_object();

	if (story->writer)
		(void)json_object_set(plimsoll, "writer", story->writer);
	for (size_t i = 0; i < ARRAY_SIZE(told) && told[i]; i++) {
		pick(told[i], "file", object, "file");
		pick(told[i], "package", object, "package");
		if (i > 0 && field_at(told[i], "file"))
			(void)json_object_del(plimsoll, "expected"); /* where it is as shipped, it has none */
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			pick(field_at(told[i], "plimsoll"), keys[k], plimsoll, keys[k]);
	}
	(void)json_object_set_new(object, "plimsoll", plimsoll);
	if (json_is_object(json_object_get(object, "file")))
		return object;
	json_decref(object);
	return NULL;
}

static void put_new(json_t *object, const char *key, json_t *value)
{
	if (value)
		(void)json_object_set_new(object, key, value);
}

json_t *story_json(struct story *story)
{
	const json_t *violation = story->correction ? field_at(story->correction, "plimsoll.compliance") : NULL;
	json_t *whole = json_object();

	if (!whole)
		return NULL;
	if (!violation)
		violation = field_at(story->alert, "plimsoll.compliance");
	(void)json_object_set(whole, "alert", story->alert);
	if (story->correction)
		(void)json_object_set(whole, "correction", story->correction);
	if (story->repeated) {
		json_t *repeated = json_pack("{s:I}", "count", (json_int_t)story->repeated);

		if (story->repeated_last)
			(void)json_object_set(repeated, "last_seen", story->repeated_last);
		put_new(whole, "repeated", repeated);
	}
	put_new(whole, "tree", tree_json(&story->tree));
	put_new(whole, "around", around_json(&story->around));
	if (story->around.more)
		put_new(whole, "more_around", json_integer((json_int_t)story->around.more));
	put_new(whole, "session", session_json(&story->session));
	put_new(whole, "file", file_json(story));
	if (violation)
		(void)json_object_set(whole, "violation", (json_t *)violation);
	if (story->searched)
		(void)json_object_set(whole, "searched", story->searched);
	return whole;
}
