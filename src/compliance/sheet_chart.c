// SPDX-License-Identifier: Apache-2.0
/*
 * States over time: how many violations were overdue, in grace and waived, one on the other, from the first entry of
 * the history to the page's moment; resolved ones are in the table of numbers alone. Told in COLUMNS equal stretches,
 * each by what held at its end; the last is the document's own word.
 */
#include "compliance/internal.h"
#include "compliance/sheet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 96
#define ROWS    8 /* of the numbers */
#define HEIGHT  160
#define LABELS  3

static const enum shown_state stacked[] = { SHOWN_OVERDUE, SHOWN_GRACE, SHOWN_WAIVED };

struct chart {
	int64_t from, to;                          /* seconds */
	int64_t counts[COLUMNS + 1][SHOWN_STATES]; /* while it is filled, what each column adds to the one before */
	size_t top;                                /* of the scale */
};

/* When column `i` ends. */
static int64_t column_time(const struct chart *chart, size_t i)
{
	return chart->from + (int64_t)((double)(chart->to - chart->from) * (double)(i + 1) / COLUMNS);
}

/* The first column at whose end `moment` has been. */
static size_t column_of(const struct chart *chart, int64_t moment)
{
	size_t column = 0;

	if (moment > chart->from && chart->to > chart->from)
		column = (size_t)((double)(moment - chart->from) * COLUMNS / (double)(chart->to - chart->from));
	column -= column > 0;
	while (column < COLUMNS && column_time(chart, column) < moment)
		column++;
	return column;
}

static void state_add(struct chart *chart, int state, int64_t from, int64_t to)
{
	if (state < 0 || to <= from)
		return;
	chart->counts[column_of(chart, from)][state]++;
	chart->counts[to >= chart->to ? COLUMNS : column_of(chart, to)][state]--;
}

static int state_at(const json_t *entry, const char *key)
{
	const char *name = text_of(entry, key);

	return name ? shown_state_from_name(name) : -ENOENT;
}

/* Entries are in the order of time; what says no state, or lies behind the page's moment, changes none. */
static void violation_add(struct chart *chart, const struct shown *v)
{
	int64_t since = v->opened;
	const json_t *entry;
	int state = -ENOENT;
	size_t i;

	json_array_foreach (v->history, i, entry) {
		int64_t time = shown_instant(text_of(entry, "time"));
		int to = state_at(entry, "to");

		if (to < 0 || time == MOMENT_UNKNOWN || time > chart->to)
			continue;
		state_add(chart, state < 0 ? state_at(entry, "from") : state, since, time);
		state = to;
		since = time;
	}
	if (since != MOMENT_UNKNOWN)
		state_add(chart, state < 0 ? (int)v->state : state, since, chart->to);
}

static int64_t first_moment(const struct compliance *compliance)
{
	int64_t first = compliance->as_of;

	for (size_t i = 0; i < compliance->count; i++) {
		const struct shown *v = &compliance->violations[i];

		if (v->opened != MOMENT_UNKNOWN && v->opened < first)
			first = v->opened;
	}
	return first;
}

/* 1, 2 or 5 times a power of ten, 2 at least, so that its half is a number too. */
static size_t scale_top(size_t highest)
{
	static const size_t factors[] = { 1, 2, 5 };

	for (size_t power = 1;; power *= 10)
		for (size_t i = 0; i < ARRAY_SIZE(factors); i++)
			if (factors[i] * power >= highest && factors[i] * power % 2 == 0)
				return factors[i] * power;
}

static size_t stack_height(const struct chart *chart, size_t column, size_t most)
{
	int64_t sum = 0;

	for (size_t i = 0; i < most; i++)
		sum += chart->counts[column][stacked[i]];
	return sum > 0 ? (size_t)sum : 0;
}

static void chart_fill(struct chart *chart, const struct compliance *compliance)
{
	size_t highest = 0;

	chart->to = compliance->as_of;
	chart->from = first_moment(compliance);
	for (size_t i = 0; i < compliance->count; i++)
		violation_add(chart, &compliance->violations[i]);
	for (size_t i = 1; i < COLUMNS; i++)
		for (size_t j = 0; j < SHOWN_STATES; j++)
			chart->counts[i][j] += chart->counts[i - 1][j];
	for (size_t j = 0; j < SHOWN_STATES; j++)
		chart->counts[COLUMNS - 1][j] = (int64_t)compliance->counts[j];
	for (size_t i = 0; i < COLUMNS; i++) {
		size_t height = stack_height(chart, i, ARRAY_SIZE(stacked));

		highest = height > highest ? height : highest;
	}
	chart->top = scale_top(highest);
}

/* ---- the picture ---- */

/*
 * From left to right along the top of the area, and back along its bottom: in steps, since a state holds until it
 * changes.
 */
static void area_put(struct sheet *sheet, const struct chart *chart, size_t index)
{
	sheet_put(sheet, "<polygon class=\"%s\" points=\"", shown_state_name(stacked[index]));
	for (size_t i = 0; i < 2 * COLUMNS; i++)
		sheet_put(sheet, "%zu,%.2f ", (i + 1) / 2,
			  100 - 100.0 * (double)stack_height(chart, i / 2, index + 1) / (double)chart->top);
	for (size_t i = 2 * COLUMNS; i-- > 0;)
		sheet_put(sheet, "%zu,%.2f ", (i + 1) / 2,
			  100 - 100.0 * (double)stack_height(chart, i / 2, index) / (double)chart->top);
	sheet_raw(sheet, "\"/>");
}

static void picture_put(struct sheet *sheet, const struct chart *chart)
{
	sheet_put(sheet,
		  "<figure>\n<div class=\"plot\"><div class=\"scale\" "
		  "aria-hidden=\"true\"><span>%zu</span><span>%zu</span>"
		  "<span>0</span></div>"
		  "<svg role=\"img\" aria-labelledby=\"ch-title ch-desc\" width=\"100%%\" height=\"%zu\" viewBox=\"0 0 "
		  "%zu 100\" "
		  "preserveAspectRatio=\"none\"><title id=\"ch-title\">Violations by state over time</title>"
		  "<desc id=\"ch-desc\">How many were overdue, in grace and waived. The table below has the "
		  "numbers.</desc>",
		  chart->top, chart->top / 2, (size_t)HEIGHT, (size_t)COLUMNS);
	for (size_t i = 0; i < ARRAY_SIZE(stacked); i++)
		area_put(sheet, chart, i);
	sheet_put(sheet,
		  "<path class=\"grid\" vector-effect=\"non-scaling-stroke\" d=\"M0 0H%zuM0 50H%zu\"/>"
		  "<path class=\"axis\" vector-effect=\"non-scaling-stroke\" d=\"M0 100H%zu\"/></svg></div>\n",
		  (size_t)COLUMNS, (size_t)COLUMNS, (size_t)COLUMNS);
}

/* The day, where the chart is of several. */
static void label_text(const struct chart *chart, int64_t moment, char ret_text[static DATE_TEXT_SIZE])
{
	date_text(moment, ret_text);
	ret_text[chart->to - chart->from > 3 * 86400 ? 10 : 16] = '\0';
}

static void dates_put(struct sheet *sheet, const struct chart *chart)
{
	char date[DATE_TEXT_SIZE];

	sheet_raw(sheet, "<div class=\"ticks inset\" aria-hidden=\"true\">");
	for (int i = 0; i < LABELS; i++) {
		label_text(chart, chart->from + (chart->to - chart->from) / (LABELS - 1) * i, date);
		sheet_put(sheet, "<span>%s</span>", date);
	}
	sheet_raw(sheet, "</div>\n<figcaption><span class=\"key overdue\">overdue</span> <span class=\"key grace\">in "
			 "grace</span> <span class=\"key waived\">waived</span></figcaption>\n</figure>\n");
}

static void numbers_put(struct sheet *sheet, const struct chart *chart)
{
	char date[DATE_TEXT_SIZE];

	sheet_raw(sheet,
		  "<details open><summary>The numbers</summary></details>\n<div class=\"fold\"><table>\n<thead><tr>"
		  "<th scope=\"col\">until</th><th scope=\"col\">overdue</th><th scope=\"col\">in grace</th>"
		  "<th scope=\"col\">waived</th><th scope=\"col\">resolved</th></tr></thead>\n<tbody>\n");
	for (size_t i = COLUMNS / ROWS - 1; i < COLUMNS; i += COLUMNS / ROWS) {
		label_text(chart, column_time(chart, i), date);
		sheet_put(sheet, "<tr><td>%s</td>", date);
		for (size_t j = 0; j < SHOWN_STATES; j++)
			sheet_put(sheet, "<td>%zu</td>", chart->counts[i][j] > 0 ? (size_t)chart->counts[i][j] : 0);
		sheet_raw(sheet, "</tr>\n");
	}
	sheet_raw(sheet, "</tbody>\n</table></div>\n");
}

int sheet_chart(struct sheet *sheet)
{
	_cleanup_free_ struct chart *chart = calloc(1, sizeof(*chart));

	if (!chart)
		return -ENOMEM;
	chart_fill(chart, sheet->compliance);
	sheet_raw(sheet, "<section aria-labelledby=\"past\">\n<h2 id=\"past\">States over time</h2>\n");
	if (chart->to > chart->from) {
		picture_put(sheet, chart);
		dates_put(sheet, chart);
		numbers_put(sheet, chart);
	} else {
		sheet_raw(sheet, "<p class=\"dim\">Nothing yet.</p>\n");
	}
	sheet_raw(sheet, "</section>\n");
	return 0;
}
