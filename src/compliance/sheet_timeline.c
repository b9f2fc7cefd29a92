// SPDX-License-Identifier: Apache-2.0
/*
 * Deadlines ahead, and waivers that end: a bar for each stretch of time, as far ahead as there is something, and the
 * next of them as a table.
 */
#include "compliance/internal.h"
#include "compliance/sheet.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS    24
#define TICKS      5
#define NEXT_MOST  8
#define BARS_MOST  92 /* px of the highest bar */
#define STEP_MOST  20 /* px for one deadline */
#define LABEL      18 /* px above it, for its number */
#define DAY        86400ll
#define DAYS_MOST  365
#define LABEL_SIZE 32

struct timeline {
	int64_t as_of, horizon;         /* seconds; how far ahead it goes */
	size_t counts[COLUMNS][2];      /* deadlines, ends of waivers */
	size_t sums[2], later, highest; /* later: behind the horizon */
	const struct shown *next[NEXT_MOST];
	size_t next_count;
};

/* Ahead of now; of what is overdue or resolved there is nothing to wait for. */
static bool is_ahead(const struct shown *v, int64_t as_of)
{
	int64_t moment = shown_moment(v);

	return (v->state == SHOWN_GRACE || v->state == SHOWN_WAIVED) && moment != MOMENT_UNKNOWN && moment > as_of;
}

static int64_t horizon_of(const struct compliance *compliance)
{
	static const int64_t days[] = { 1, 2, 4, 8, 14, 28, 60, 92, 184, DAYS_MOST };
	int64_t most = 0;
	size_t i = 0;

	for (size_t j = 0; j < compliance->count; j++)
		if (is_ahead(&compliance->violations[j], compliance->as_of)) {
			int64_t ahead = shown_moment(&compliance->violations[j]) - compliance->as_of;

			most = ahead > most ? ahead : most;
		}
	while (i + 1 < ARRAY_SIZE(days) && days[i] * DAY < most)
		i++;
	return days[i] * DAY;
}

/* Keeps the first few, by moment. */
static void next_add(struct timeline *timeline, const struct shown *v)
{
	size_t at = timeline->next_count;

	while (at > 0 && shown_moment(timeline->next[at - 1]) > shown_moment(v))
		at--;
	if (at == NEXT_MOST)
		return;
	timeline->next_count += timeline->next_count < NEXT_MOST;
	memmove(&timeline->next[at + 1], &timeline->next[at],
		(timeline->next_count - at - 1) * sizeof(timeline->next[0]));
	timeline->next[at] = v;
}

static void timeline_add(struct timeline *timeline, const struct shown *v)
{
	int64_t ahead = shown_moment(v) - timeline->as_of;
	bool waived = v->state == SHOWN_WAIVED;
	size_t column = ahead < timeline->horizon ? (size_t)(ahead * COLUMNS / timeline->horizon) : COLUMNS - 1;
	size_t sum;

	timeline->sums[waived]++;
	next_add(timeline, v);
	if (ahead > timeline->horizon) {
		timeline->later++;
		return;
	}
	timeline->counts[column][waived]++;
	sum = timeline->counts[column][0] + timeline->counts[column][1];
	timeline->highest = sum > timeline->highest ? sum : timeline->highest;
}

/* ---- the picture ---- */

static void bar_put(struct sheet *sheet, const char *class, size_t column, double bottom, double height)
{
	if (height > 0)
		sheet_put(sheet,
			  "<rect class=\"%s\" x=\"%.2f%%\" y=\"%.2f\" width=\"%.2f%%\" height=\"%.2f\" rx=\"1.5\"/>",
			  class, column * 100.0 / COLUMNS + 0.4, bottom - height, 100.0 / COLUMNS - 0.8, height - 1);
}

/* px from the top to the axis */
static size_t height_of(const struct timeline *timeline)
{
	return LABEL + (timeline->highest < BARS_MOST / STEP_MOST ? timeline->highest * STEP_MOST : BARS_MOST);
}

static void column_put(struct sheet *sheet, const struct timeline *timeline, size_t column)
{
	size_t deadlines = timeline->counts[column][0], ends = timeline->counts[column][1];
	double axis = (double)height_of(timeline), step = (axis - LABEL) / (double)timeline->highest;

	if (deadlines + ends == 0)
		return;
	bar_put(sheet, "grace", column, axis, step * (double)deadlines);
	bar_put(sheet, "waived", column, axis - step * (double)deadlines, step * (double)ends);
	sheet_put(sheet, "<text x=\"%.2f%%\" y=\"%.2f\" text-anchor=\"middle\">%zu</text>",
		  (column + 0.5) * 100.0 / COLUMNS, axis - step * (double)(deadlines + ends) - 4, deadlines + ends);
}

static void tick_text(int64_t moment, int64_t horizon, char ret_text[static LABEL_SIZE])
{
	time_t seconds = moment;
	struct tm tm;

	*ret_text = '\0';
	if (gmtime_r(&seconds, &tm))
		(void)strftime(ret_text, LABEL_SIZE, horizon > 2 * DAY ? "%-d %b" : "%a %H:%M", &tm);
}

static void ticks_put(struct sheet *sheet, const struct timeline *timeline)
{
	char label[LABEL_SIZE];

	sheet_raw(sheet, "<div class=\"ticks\" aria-hidden=\"true\"><span>now</span>");
	for (int i = 1; i < TICKS; i++) {
		tick_text(timeline->as_of + timeline->horizon * i / (TICKS - 1), timeline->horizon, label);
		sheet_put(sheet, "<span>%s</span>", label);
	}
	sheet_raw(sheet, "</div>\n");
}

static void picture_put(struct sheet *sheet, const struct timeline *timeline)
{
	size_t height = height_of(timeline);
	char span[SPAN_SIZE];

	clock_span(timeline->horizon, span);
	sheet_put(sheet,
		  "<figure>\n<svg role=\"img\" aria-labelledby=\"tl-title tl-desc\" width=\"100%%\" height=\"%zu\">"
		  "<title id=\"tl-title\">Deadlines in the next %s</title>"
		  "<desc id=\"tl-desc\">%zu deadlines and %zu ends of waivers lie ahead, %zu of them later than the "
		  "picture "
		  "goes. The table below has the next ones.</desc>",
		  height + 2, span, timeline->sums[0], timeline->sums[1], timeline->later);
	for (int i = 1; i < TICKS - 1; i++)
		sheet_put(sheet, "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%zu\"/>",
			  i * 100.0 / (TICKS - 1), i * 100.0 / (TICKS - 1), height);
	for (size_t i = 0; i < COLUMNS; i++)
		column_put(sheet, timeline, i);
	sheet_put(sheet, "<line class=\"axis\" x1=\"0\" x2=\"100%%\" y1=\"%zu\" y2=\"%zu\"/></svg>\n", height, height);
	ticks_put(sheet, timeline);
	sheet_raw(sheet,
		  "<figcaption><span class=\"key grace\">a deadline</span> <span class=\"key waived\">a waiver's "
		  "end</span>");
	if (timeline->later)
		sheet_put(sheet, " <span>%zu later than this</span>", timeline->later);
	sheet_raw(sheet, "</figcaption>\n</figure>\n");
}

/* ---- the same as text ---- */

static void next_put(struct sheet *sheet, const struct timeline *timeline)
{
	size_t all = timeline->sums[0] + timeline->sums[1];
	char span[SPAN_SIZE];

	sheet_raw(sheet, "<table class=\"next\">\n<thead><tr><th scope=\"col\">in</th><th scope=\"col\">what</th>"
			 "<th scope=\"col\">workload</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < timeline->next_count; i++) {
		const struct shown *v = timeline->next[i];

		clock_span(shown_moment(v) - timeline->as_of, span);
		sheet_put(sheet, "<tr><td class=\"%s\">%s</td><td>%s%s</td><td><a href=\"#v-%s\">%s</a></td></tr>\n",
			  shown_state_name(v->state), span, v->state == SHOWN_WAIVED ? "waiver ends: " : "", v->rule,
			  v->id, v->workload);
	}
	sheet_raw(sheet, "</tbody>\n</table>\n");
	if (all > timeline->next_count)
		sheet_put(sheet, "<p class=\"dim\">and %zu more</p>\n", all - timeline->next_count);
}

void sheet_timeline(struct sheet *sheet)
{
	const struct compliance *compliance = sheet->compliance;
	struct timeline timeline = { .as_of = compliance->as_of, .horizon = horizon_of(compliance) };

	for (size_t i = 0; i < compliance->count; i++)
		if (is_ahead(&compliance->violations[i], compliance->as_of))
			timeline_add(&timeline, &compliance->violations[i]);
	sheet_raw(sheet, "<section aria-labelledby=\"ahead\">\n<h2 id=\"ahead\">Deadlines ahead</h2>\n");
	if (timeline.next_count == 0) {
		sheet_raw(sheet, "<p class=\"dim\">None.</p>\n");
	} else {
		if (timeline.highest)
			picture_put(sheet, &timeline);
		next_put(sheet, &timeline);
	}
	sheet_raw(sheet, "</section>\n");
}
