// SPDX-License-Identifier: Apache-2.0
/* Violations by workload, each with its clock, where it is, what would mend it, its sightings and its history. */
#include "compliance/internal.h"
#include "compliance/sheet.h"

#include <string.h>

#include "compliance/mend.h"

#define WHERE_MOST     4
#define SIGHTINGS_MOST 50
#define ENTRIES_MOST   200 /* the latest of a violation's history */

/* ---- facts ---- */

/* A sentence and its name, on lines of its own, unless there is nothing in it. Clears the buffer. */
static void fact_put(struct sheet *sheet, const char *name, struct buffer *raw)
{
	if (raw->size > 0)
		sheet_put(sheet, "<div class=\"wide\"><dt>%s</dt><dd>%s</dd></div>\n", name, buffer_text(raw));
	buffer_clear(raw);
}

static void fact_time(struct sheet *sheet, const char *name, int64_t moment)
{
	if (moment == MOMENT_UNKNOWN)
		return;
	sheet_put(sheet, "<div><dt>%s</dt><dd>", name);
	sheet_time(sheet, moment);
	sheet_raw(sheet, "</dd></div>\n");
}

static void waiver_append(struct buffer *out, const json_t *waiver)
{
	const char *owner = text_of(waiver, "owner"), *reason = text_of(waiver, "reason");
	char date[DATE_TEXT_SIZE];

	if (!waiver)
		return;
	date_text(shown_instant(text_of(waiver, "until")), date);
	buffer_string(out, *date ? "until " : "");
	buffer_string(out, date);
	buffer_string(out, owner ? ", by " : "");
	buffer_string(out, owner ?: "");
	buffer_string(out, reason ? ": " : "");
	buffer_string(out, reason ?: "");
}

static void facts_put(struct sheet *sheet, const struct shown *v)
{
	_cleanup_buffer_ struct buffer raw = { 0 };

	sheet_raw(sheet, "<dl class=\"facts\">\n");
	if (v->state != SHOWN_RESOLVED)
		mend_append(&raw, v->rule, v->subject);
	fact_put(sheet, "mend", &raw);
	where_append(&raw, v, WHERE_MOST);
	fact_put(sheet, "where", &raw);
	presence_append(&raw, v, sheet->compliance->as_of);
	fact_put(sheet, "now", &raw);
	waiver_append(&raw, v->waiver);
	fact_put(sheet, "waiver", &raw);
	fact_time(sheet, "opened", v->opened);
	fact_time(sheet, "deadline", v->deadline);
	fact_time(sheet, "resolved", v->resolved);
	if (v->reopened)
		sheet_put(sheet, "<div><dt>reopened</dt><dd>%zu %s</dd></div>\n", (size_t)v->reopened,
			  v->reopened == 1 ? "time" : "times");
	sheet_raw(sheet, "</dl>\n");
}

/* ---- what folds ---- */

static void image_append(struct buffer *out, const json_t *image)
{
	const char *name = text_of(image, "name");
	const char *tag = json_string_value(json_array_get(json_object_get(image, "tag"), 0));
	const char *digest =
		json_string_value(json_array_get(json_object_get(json_object_get(image, "hash"), "all"), 0));

	buffer_string(out, name ?: "");
	buffer_string(out, name && tag ? ":" : "");
	buffer_string(out, name && tag ? tag : "");
	buffer_string(out, digest ? " " : "");
	buffer_string(out, digest ?: "");
}

static void sighting_put(struct sheet *sheet, const json_t *sighting)
{
	_cleanup_buffer_ struct buffer where = { 0 }, image = { 0 };

	sighting_append(&where, sighting);
	image_append(&image, json_object_get(json_object_get(sighting, "container"), "image"));
	sheet_put(sheet, "<li>%s <code>%s</code> <span class=\"dim\">", buffer_text(&where), buffer_text(&image));
	sheet_time(sheet, shown_instant(text_of(sighting, "first_seen")));
	sheet_raw(sheet, " to ");
	sheet_time(sheet, shown_instant(text_of(sighting, "last_seen")));
	sheet_raw(sheet, "</span></li>\n");
}

static void sightings_put(struct sheet *sheet, const struct shown *v)
{
	size_t total = json_array_size(v->sightings), i;
	const json_t *sighting;

	if (total == 0)
		return;
	sheet_raw(sheet, "<h5>Sightings</h5>\n<ul class=\"log\">\n");
	json_array_foreach (v->sightings, i, sighting)
		if (i < SIGHTINGS_MOST)
			sighting_put(sheet, sighting);
	if (total > SIGHTINGS_MOST)
		sheet_put(sheet, "<li class=\"dim\">and %zu more</li>\n", total - SIGHTINGS_MOST);
	sheet_raw(sheet, "</ul>\n");
}

static void entry_put(struct sheet *sheet, const json_t *entry)
{
	const char *from = text_of(entry, "from"), *to = text_of(entry, "to"), *why = text_of(entry, "why");
	const char *by = text_of(entry, "by"), *digest = text_of(entry, "digest");
	json_int_t seq = json_integer_value(json_object_get(entry, "seq"));
	bool moved = to && (!from || strcmp(from, to) != 0);
	char start[13];

	sheet_raw(sheet, "<li>");
	sheet_time(sheet, shown_instant(text_of(entry, "time")));
	sheet_put(sheet, " <strong>%s</strong>", text_of(entry, "kind"));
	if (moved)
		sheet_put(sheet, " <span class=\"move\">%s%s%s</span>", from, from ? " \xe2\x86\x92 " : "", to);
	sheet_put(sheet, "%s%s%s%s", by ? " by " : "", by, why ? ": " : "", why);
	(void)snprintf(start, sizeof(start), "%s", digest ?: "");
	sheet_put(sheet, " <span class=\"dim\">entry %zu <code title=\"%s\">%s</code></span></li>\n",
		  seq > 0 ? (size_t)seq : 0, digest, start);
}

static void history_put(struct sheet *sheet, const struct shown *v)
{
	size_t total = json_array_size(v->history), skip = total > ENTRIES_MOST ? total - ENTRIES_MOST : 0, i;
	const json_t *entry;

	sheet_raw(sheet, "<h5>History</h5>\n<ol class=\"log\">\n");
	if (skip)
		sheet_put(sheet, "<li class=\"dim\">%zu earlier entries: --format json has them</li>\n", skip);
	json_array_foreach (v->history, i, entry)
		if (i >= skip)
			entry_put(sheet, entry);
	sheet_raw(sheet, "</ol>\n");
}

/* What details hold stands behind it, for a style sheet to show: so paper has it whole, in every browser. */
static void fold_put(struct sheet *sheet, const struct shown *v)
{
	size_t entries = json_array_size(v->history), sightings = json_array_size(v->sightings);

	sheet_put(sheet, "<details><summary>History <span class=\"dim\">%zu %s, %zu %s</span></summary></details>\n",
		  entries, entries == 1 ? "entry" : "entries", sightings, sightings == 1 ? "sighting" : "sightings");
	sheet_put(sheet, "<div class=\"fold\">\n<p class=\"dim\">id <code>%s</code>", v->id);
	if (v->previous)
		sheet_put(sheet, ", goes on from <a href=\"#v-%s\"><code>%s</code></a>", v->previous, v->previous);
	sheet_raw(sheet, "</p>\n");
	history_put(sheet, v);
	sightings_put(sheet, v);
	sheet_raw(sheet, "</div>\n");
}

static void violation_put(struct sheet *sheet, const struct shown *v)
{
	char clock[CLOCK_TEXT_SIZE];

	clock_text(v, sheet->compliance->as_of, clock);
	sheet_put(
		sheet,
		"<article class=\"%s\" id=\"v-%s\">\n<h4><span class=\"chip\">%s</span> <span class=\"rule\">%s</span> "
		"<span class=\"severity %s\">%s</span> <code>%s</code></h4>\n",
		shown_state_name(v->state), v->id, clock, v->rule, severity_name(v->severity),
		severity_name(v->severity), v->subject);
	if (v->message)
		sheet_put(sheet, "<p>%s</p>\n", v->message);
	facts_put(sheet, v);
	fold_put(sheet, v);
	sheet_raw(sheet, "</article>\n");
	sheet_pass(sheet);
}

static void workload_put(struct sheet *sheet, size_t from, size_t end)
{
	const struct shown *list = sheet->compliance->violations;
	_cleanup_buffer_ struct buffer sums = { 0 };
	size_t counts[SHOWN_STATES] = { 0 };

	for (size_t i = from; i < end; i++)
		counts[list[i].state]++;
	counts_append(&sums, counts);
	sheet_put(sheet, "<section class=\"workload\">\n<h3>%s <span class=\"dim\">%s</span></h3>\n",
		  list[from].workload, buffer_text(&sums));
	for (size_t i = from; i < end; i++)
		violation_put(sheet, &list[i]);
	sheet_raw(sheet, "</section>\n");
}

void sheet_violations(struct sheet *sheet)
{
	const struct compliance *compliance = sheet->compliance;

	sheet_raw(sheet,
		  "<section aria-labelledby=\"violations\">\n<h2 id=\"violations\">Violations by workload</h2>\n");
	if (compliance->count == 0)
		sheet_raw(sheet, compliance->filtered ? "<p>None is of this selection.</p>\n"
						      : "<p>None: the ledger has no violation.</p>\n");
	for (size_t i = 0; i < compliance->count;) {
		size_t end = workload_end(compliance, i);

		workload_put(sheet, i, end);
		i = end;
	}
	sheet_raw(sheet, "</section>\n");
}
