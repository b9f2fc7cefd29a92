// SPDX-License-Identifier: Apache-2.0
#include "compliance/shown.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/value.h"

static const char *const states[SHOWN_STATES] = {
	[SHOWN_OVERDUE] = "overdue",
	[SHOWN_GRACE] = "grace",
	[SHOWN_WAIVED] = "waived",
	[SHOWN_RESOLVED] = "resolved",
};

const char *shown_state_name(enum shown_state state)
{
	return states[state];
}

int shown_state_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], name) == 0)
			return (int)i;
	return -ENOENT;
}

const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *text_within(const json_t *object, const char *first, const char *second)
{
	return text_of(json_object_get(object, first), second);
}

int64_t shown_instant(const char *text)
{
	int64_t moment;

	return text && value_until(text, &moment) == 0 ? moment : MOMENT_UNKNOWN;
}

static const json_t *array_of(const json_t *object, const char *key)
{
	const json_t *array = json_object_get(object, key);

	return json_is_array(array) ? array : NULL;
}

static enum severity severity_of(const char *name, const char *rule)
{
	int severity = name ? severity_from_name(name) : -ENOENT, known = rule_from_id(rule);

	if (severity >= 0)
		return (enum severity)severity;
	return known >= 0 ? rule_info((enum rule)known)->severity : SEVERITY_MEDIUM;
}

/* Fields that are texts, and those that are moments, by name. */
static void fields_read(const json_t *json, struct shown *violation)
{
	const struct {
		const char *key;
		const char **text;
	} texts[] = {
		{ "id", &violation->id },
		{ "rule", &violation->rule },
		{ "workload", &violation->workload },
		{ "subject", &violation->subject },
		{ "message", &violation->message },
		{ "present", &violation->present },
		{ "previous", &violation->previous },
	};
	const struct {
		const char *key;
		int64_t *moment;
	} moments[] = {
		{ "opened", &violation->opened },     { "deadline", &violation->deadline },
		{ "resolved", &violation->resolved }, { "absent_since", &violation->absent_since },
		{ "resolves", &violation->resolves },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*texts[i].text = text_of(json, texts[i].key);
	for (size_t i = 0; i < ARRAY_SIZE(moments); i++)
		*moments[i].moment = shown_instant(text_of(json, moments[i].key));
}

int shown_read(const json_t *json, struct shown *ret_violation)
{
	struct shown violation = { .json = json };
	const char *state = text_of(json, "state");
	json_int_t reopened = json_integer_value(json_object_get(json, "reopened"));
	int known = state ? shown_state_from_name(state) : -ENOENT;

	fields_read(json, &violation);
	if (known < 0 || !violation.id || !violation.rule || !violation.workload || !violation.subject)
		return -EBADMSG;
	violation.state = (enum shown_state)known;
	violation.severity = severity_of(text_of(json, "severity"), violation.rule);
	violation.reopened = reopened > 0 ? (uint64_t)reopened : 0;
	violation.sightings = array_of(json, "sightings");
	violation.history = array_of(json, "history");
	violation.waiver = json_object_get(json, "waiver");
	violation.waiver = json_is_object(violation.waiver) ? violation.waiver : NULL;
	violation.waived_until = shown_instant(text_of(violation.waiver, "until"));
	*ret_violation = violation;
	return 0;
}

int64_t shown_moment(const struct shown *violation)
{
	if (violation->state == SHOWN_WAIVED)
		return violation->waived_until;
	return violation->state == SHOWN_RESOLVED ? violation->resolved : violation->deadline;
}

/* What is not known comes last. */
static int moments_compare(int64_t a, int64_t b)
{
	if (a == b)
		return 0;
	if (a == MOMENT_UNKNOWN || b == MOMENT_UNKNOWN)
		return a == MOMENT_UNKNOWN ? 1 : -1;
	return a < b ? -1 : 1;
}

int violation_compare(const struct shown *a, const struct shown *b)
{
	int r = (a->state > b->state) - (a->state < b->state);

	if (r == 0 && a->state == SHOWN_RESOLVED)
		r = moments_compare(shown_moment(b), shown_moment(a));
	else if (r == 0)
		r = moments_compare(shown_moment(a), shown_moment(b));
	if (r == 0)
		r = (b->severity > a->severity) - (b->severity < a->severity);
	r = r ? r : strcmp(a->rule, b->rule);
	r = r ? r : strcmp(a->subject, b->subject);
	return r ? r : strcmp(a->id, b->id);
}
