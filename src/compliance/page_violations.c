// SPDX-License-Identifier: Apache-2.0
/* Violations by workload, each with its clock, where it is, what would mend it, its sightings and its history. */
#include "compliance/internal.h"
#include "compliance/page.h"

#include <string.h>

#include "compliance/mend.h"

#define WHERE_MOST     4
#define SIGHTINGS_MOST 50
#define ENTRIES_MOST   200 /* the latest of a violation's history */

/* ---- facts ---- */

/* A sentence and its name, on lines of its own, unless there is nothing in it. Clears the buffer. */
static void fact_put(struct page *page, const char *name, struct buffer *raw)
{
	if (raw->size > 0)
		page_put(page, "<div class=\"wide\"><dt>%s</dt><dd>%s</dd></div>\n", name, buffer_text(raw));
	buffer_clear(raw);
}

static void fact_time(struct page *page, const char *name, int64_t moment)
{
	if (moment == MOMENT_UNKNOWN)
		return;
	page_put(page, "<div><dt>%s</dt><dd>", name);
	page_time(page, moment);
	page_raw(page, "</dd></div>\n");
}

static void waiver_append(struct buffer *out, const json_t *waiver)
{
	const char *owner = text_of(waiver, "owner"), *reason = text_of(waiver, "reason");
	char date[DATE_TEXT_SIZE];

	if (!waiver)
		return;
	date_text(moment_of(text_of(waiver, "until")), date);
	buffer_string(out, *date ? "until " : "");
	buffer_string(out, date);
	buffer_string(out, owner ? ", by " : "");
	buffer_string(out, owner ?: "");
	buffer_string(out, reason ? ": " : "");
	buffer_string(out, reason ?: "");
}

static void facts_put(struct page *page, const struct violation *v)
{
	_cleanup_buffer_ struct buffer raw = { 0 };

	page_raw(page, "<dl class=\"facts\">\n");
	if (v->state != VIOLATION_RESOLVED)
		mend_append(&raw, v->rule, v->subject);
	fact_put(page, "mend", &raw);
	where_append(&raw, v, WHERE_MOST);
	fact_put(page, "where", &raw);
	presence_append(&raw, v, page->compliance->as_of);
	fact_put(page, "now", &raw);
	waiver_append(&raw, v->waiver);
	fact_put(page, "waiver", &raw);
	fact_time(page, "opened", v->opened);
	fact_time(page, "deadline", v->deadline);
	fact_time(page, "resolved", v->resolved);
	if (v->reopened)
		page_put(page, "<div><dt>reopened</dt><dd>%zu %s</dd></div>\n", (size_t)v->reopened,
			 v->reopened == 1 ? "time" : "times");
	page_raw(page, "</dl>\n");
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

static void sighting_put(struct page *page, const json_t *sighting)
{
	_cleanup_buffer_ struct buffer where = { 0 }, image = { 0 };

	sighting_append(&where, sighting);
	image_append(&image, json_object_get(json_object_get(sighting, "container"), "image"));
	page_put(page, "<li>%s <code>%s</code> <span class=\"dim\">", buffer_text(&where), buffer_text(&image));
	page_time(page, moment_of(text_of(sighting, "first_seen")));
	page_raw(page, " to ");
	page_time(page, moment_of(text_of(sighting, "last_seen")));
	page_raw(page, "</span></li>\n");
}

static void sightings_put(struct page *page, const struct violation *v)
{
	size_t total = json_array_size(v->sightings), i;
	const json_t *sighting;

	if (total == 0)
		return;
	page_raw(page, "<h5>Sightings</h5>\n<ul class=\"log\">\n");
	json_array_foreach (v->sightings, i, sighting)
		if (i < SIGHTINGS_MOST)
			sighting_put(page, sighting);
	if (total > SIGHTINGS_MOST)
		page_put(page, "<li class=\"dim\">and %zu more</li>\n", total - SIGHTINGS_MOST);
	page_raw(page, "</ul>\n");
}

static void entry_put(struct page *page, const json_t *entry)
{
	const char *from = text_of(entry, "from"), *to = text_of(entry, "to"), *why = text_of(entry, "why");
	const char *by = text_of(entry, "by"), *digest = text_of(entry, "digest");
	json_int_t seq = json_integer_value(json_object_get(entry, "seq"));
	bool moved = to && (!from || strcmp(from, to) != 0);
	char start[13];

	page_raw(page, "<li>");
	page_time(page, moment_of(text_of(entry, "time")));
	page_put(page, " <strong>%s</strong>", text_of(entry, "kind"));
	if (moved)
		page_put(page, " <span class=\"move\">%s%s%s</span>", from, from ? " \xe2\x86\x92 " : "", to);
	page_put(page, "%s%s%s%s", by ? " by " : "", by, why ? ": " : "", why);
	(void)snprintf(start, sizeof(start), "%s", digest ?: "");
	page_put(page, " <span class=\"dim\">entry %zu <code title=\"%s\">%s</code></span></li>\n",
		 seq > 0 ? (size_t)seq : 0, digest, start);
}

static void history_put(struct page *page, const struct violation *v)
{
	size_t total = json_array_size(v->history), skip = total > ENTRIES_MOST ? total - ENTRIES_MOST : 0, i;
	const json_t *entry;

	page_raw(page, "<h5>History</h5>\n<ol class=\"log\">\n");
	if (skip)
		page_put(page, "<li class=\"dim\">%zu earlier entries: --format json has them</li>\n", skip);
	json_array_foreach (v->history, i, entry)
		if (i >= skip)
			entry_put(page, entry);
	page_raw(page, "</ol>\n");
}

/* What details hold stands behind it, for a style sheet to show: so paper has it whole, in every browser. */
static void fold_put(struct page *page, const struct violation *v)
{
	size_t entries = json_array_size(v->history), sightings = json_array_size(v->sightings);

	page_put(page, "<details><summary>History <span class=\"dim\">%zu %s, %zu %s</span></summary></details>\n",
		 entries, entries == 1 ? "entry" : "entries", sightings, sightings == 1 ? "sighting" : "sightings");
	page_put(page, "<div class=\"fold\">\n<p class=\"dim\">id <code>%s</code>", v->id);
	if (v->previous)
		page_put(page, ", goes on from <a href=\"#v-%s\"><code>%s</code></a>", v->previous, v->previous);
	page_raw(page, "</p>\n");
	history_put(page, v);
	sightings_put(page, v);
	page_raw(page, "</div>\n");
}

static void violation_put(struct page *page, const struct violation *v)
{
	char clock[CLOCK_TEXT_SIZE];

	clock_text(v, page->compliance->as_of, clock);
	page_put(
		page,
		"<article class=\"%s\" id=\"v-%s\">\n<h4><span class=\"chip\">%s</span> <span class=\"rule\">%s</span> "
		"<span class=\"severity %s\">%s</span> <code>%s</code></h4>\n",
		violation_state_name(v->state), v->id, clock, v->rule, severity_name(v->severity),
		severity_name(v->severity), v->subject);
	if (v->message)
		page_put(page, "<p>%s</p>\n", v->message);
	facts_put(page, v);
	fold_put(page, v);
	page_raw(page, "</article>\n");
	page_pass(page);
}

static void workload_put(struct page *page, size_t from, size_t end)
{
	const struct violation *list = page->compliance->violations;
	_cleanup_buffer_ struct buffer sums = { 0 };
	size_t counts[VIOLATION_STATES] = { 0 };

	for (size_t i = from; i < end; i++)
		counts[list[i].state]++;
	counts_append(&sums, counts);
	page_put(page, "<section class=\"workload\">\n<h3>%s <span class=\"dim\">%s</span></h3>\n", list[from].workload,
		 buffer_text(&sums));
	for (size_t i = from; i < end; i++)
		violation_put(page, &list[i]);
	page_raw(page, "</section>\n");
}

void page_violations(struct page *page)
{
	const struct compliance *compliance = page->compliance;

	page_raw(page, "<section aria-labelledby=\"violations\">\n<h2 id=\"violations\">Violations by workload</h2>\n");
	if (compliance->count == 0)
		page_raw(page, compliance->filtered ? "<p>None is of this selection.</p>\n"
						    : "<p>None: the ledger has no violation.</p>\n");
	for (size_t i = 0; i < compliance->count;) {
		size_t end = workload_end(compliance, i);

		workload_put(page, i, end);
		i = end;
	}
	page_raw(page, "</section>\n");
}
