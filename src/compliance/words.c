// SPDX-License-Identifier: Apache-2.0
#include "compliance/internal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define SHORT_ID 12 /* of a container's, as its runtime prints it */

void clock_span(int64_t seconds, char ret_text[static SPAN_SIZE])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	size_t i = 0;

	if (seconds < 0)
		seconds = seconds == INT64_MIN ? INT64_MAX : -seconds;
	while (i + 1 < ARRAY_SIZE(units) && seconds < 2 * units[i].seconds)
		i++;
	(void)snprintf(ret_text, SPAN_SIZE, "%" PRId64 " %s", seconds / units[i].seconds, units[i].name);
}

void clock_text(const struct shown *violation, int64_t as_of, char ret_text[static CLOCK_TEXT_SIZE])
{
	static const struct {
		const char *before, *after;
	} words[SHOWN_STATES] = {
		[SHOWN_OVERDUE] = { "overdue by ", "" },
		[SHOWN_GRACE] = { "grace, ", " left" },
		[SHOWN_WAIVED] = { "waived, ", " left" },
		[SHOWN_RESOLVED] = { "resolved ", " ago" },
	};
	int64_t moment = shown_moment(violation);
	char span[SPAN_SIZE];

	if (moment == MOMENT_UNKNOWN) {
		(void)snprintf(ret_text, CLOCK_TEXT_SIZE, "%s", shown_state_name(violation->state));
		return;
	}
	clock_span(moment - as_of, span);
	if (moment < as_of && (violation->state == SHOWN_GRACE || violation->state == SHOWN_WAIVED)) {
		(void)snprintf(ret_text, CLOCK_TEXT_SIZE, "%s, due %s ago", shown_state_name(violation->state), span);
		return;
	}
	(void)snprintf(ret_text, CLOCK_TEXT_SIZE, "%s%s%s", words[violation->state].before, span,
		       words[violation->state].after);
}

void date_text(int64_t moment, char ret_text[static DATE_TEXT_SIZE])
{
	time_t seconds = moment;
	struct tm tm;

	*ret_text = '\0';
	if (moment != MOMENT_UNKNOWN && gmtime_r(&seconds, &tm))
		(void)strftime(ret_text, DATE_TEXT_SIZE, "%Y-%m-%d %H:%M UTC", &tm);
}

const char *buffer_text(struct buffer *buffer)
{
	buffer_byte(buffer, '\0');
	if (buffer->error)
		return "";
	buffer->size--;
	return buffer->data;
}

void count_append(struct buffer *out, size_t count, const char *one, const char *many)
{
	buffer_unsigned(out, count);
	buffer_byte(out, ' ');
	buffer_string(out, count == 1 ? one : many);
}

void counts_append(struct buffer *out, const size_t counts[static SHOWN_STATES])
{
	static const char *const words[SHOWN_STATES] = { "overdue", "in grace", "waived", "resolved" };
	bool some = false;

	for (size_t i = 0; i < SHOWN_STATES; i++) {
		if (!counts[i])
			continue;
		buffer_string(out, some ? ", " : "");
		count_append(out, counts[i], words[i], words[i]);
		some = true;
	}
}

/* ---- where ---- */

void sighting_append(struct buffer *out, const json_t *sighting)
{
	const json_t *orchestrator = json_object_get(sighting, "orchestrator");
	const char *namespace = text_of(orchestrator, "namespace");
	const char *pod = text_within(orchestrator, "resource", "name");
	const char *id = text_within(sighting, "container", "id") ?: "?";
	const char *name = text_within(sighting, "container", "name");
	const char *node = text_within(sighting, "host", "name");

	if (namespace && pod) {
		buffer_string(out, namespace);
		buffer_byte(out, '/');
		buffer_string(out, pod);
		buffer_byte(out, '/');
	}
	if (name)
		buffer_string(out, name);
	else
		buffer_append(out, id, strnlen(id, SHORT_ID));
	if (!node)
		return;
	buffer_string(out, " on ");
	buffer_string(out, node);
}

static bool is_present(const json_t *sighting)
{
	return json_is_true(json_object_get(sighting, "present"));
}

void where_append(struct buffer *out, const struct shown *violation, size_t most)
{
	size_t total = json_array_size(violation->sightings), shown = 0, i;
	const json_t *sighting;

	for (int present = 1; present >= 0; present--)
		json_array_foreach (violation->sightings, i, sighting) {
			if (shown == most || is_present(sighting) != (present == 1))
				continue;
			buffer_string(out, shown++ ? ", " : "");
			sighting_append(out, sighting);
		}
	if (total <= shown)
		return;
	buffer_string(out, shown ? ", +" : "+");
	buffer_unsigned(out, total - shown);
	buffer_string(out, " more");
}

/* ---- presence ---- */

static void moment_append(struct buffer *out, const char *before, int64_t seconds, const char *after)
{
	char span[SPAN_SIZE];

	clock_span(seconds, span);
	buffer_string(out, before);
	buffer_string(out, span);
	buffer_string(out, after);
}

void presence_append(struct buffer *out, const struct shown *violation, int64_t as_of)
{
	if (violation->state == SHOWN_RESOLVED || !violation->present)
		return;
	if (strcmp(violation->present, "unknown") == 0)
		buffer_string(out, "whether it still holds is not known");
	if (strcmp(violation->present, "no") != 0)
		return;
	buffer_string(out, "not seen any more");
	if (violation->absent_since != MOMENT_UNKNOWN)
		moment_append(out, " for ", as_of - violation->absent_since, "");
	if (violation->resolves != MOMENT_UNKNOWN && violation->resolves > as_of)
		moment_append(out, "; if so it stays, resolved in ", violation->resolves - as_of, "");
}

void waiver_use_append(struct buffer *out, const json_t *waiver)
{
	json_int_t matched = json_integer_value(json_object_get(waiver, "matched"));
	int64_t last = shown_instant(text_of(waiver, "last_matched"));
	char date[DATE_TEXT_SIZE];

	if (matched <= 0) {
		buffer_string(out, "never matched");
		return;
	}
	count_append(out, (size_t)matched, "match", "matches");
	date_text(last, date);
	buffer_string(out, *date ? ", last " : "");
	buffer_string(out, date);
}
