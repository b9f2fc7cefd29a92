// SPDX-License-Identifier: Apache-2.0
/* One file without network and without script: the page's frame and its summary. */
#include "compliance/internal.h"
#include "compliance/sheet.h"

#include <string.h>

/* The mark on a hull. */
static const char mark[] = "<svg class=\"mark\" viewBox=\"0 0 40 24\" width=\"40\" height=\"24\" "
			   "aria-hidden=\"true\"><circle cx=\"20\" cy=\"12\" "
			   "r=\"9\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\"/><path d=\"M2 12h36\" "
			   "stroke=\"currentColor\" "
			   "stroke-width=\"2.5\"/></svg>";

static void head_put(struct sheet *sheet)
{
	sheet_raw(
		sheet,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
		"base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>Compliance: ");
	sheet_put(sheet, "%zu overdue, %zu in grace", sheet->compliance->counts[SHOWN_OVERDUE],
		  sheet->compliance->counts[SHOWN_GRACE]);
	sheet_raw(sheet, "</title>\n<style>");
	sheet_raw(sheet, sheet_style);
	sheet_raw(sheet, "</style>\n</head>\n<body>\n");
}

/* The earliest deadline ahead of what is in grace; NULL: there is none. */
static const struct shown *next_deadline(const struct compliance *compliance)
{
	const struct shown *next = NULL;

	for (size_t i = 0; i < compliance->count; i++) {
		const struct shown *v = &compliance->violations[i];

		if (v->state == SHOWN_GRACE && v->deadline > compliance->as_of &&
		    (!next || v->deadline < next->deadline))
			next = v;
	}
	return next;
}

/* The page's first sentence is its answer. */
static void verdict_put(struct sheet *sheet)
{
	const struct compliance *compliance = sheet->compliance;
	size_t overdue = compliance->counts[SHOWN_OVERDUE], grace = compliance->counts[SHOWN_GRACE];

	if (overdue)
		sheet_put(sheet, "<p class=\"verdict overdue\">%zu %s overdue.</p>\n", overdue,
			  overdue == 1 ? "violation is" : "violations are");
	else if (grace)
		sheet_put(sheet, "<p class=\"verdict grace\">Nothing is overdue; %zu %s a clock that runs.</p>\n",
			  grace, grace == 1 ? "violation has" : "violations have");
	else
		sheet_put(sheet, "<p class=\"verdict resolved\">Nothing is overdue, and no clock runs.</p>\n");
}

static void selection_put(struct sheet *sheet)
{
	if (sheet->compliance->filtered)
		sheet_put(sheet, "<p class=\"note\">This page shows a selection: %zu of %zu violations.</p>\n",
			  sheet->compliance->count, sheet->compliance->total);
}

static void frozen_put(struct sheet *sheet)
{
	const json_t *clock = json_object_get(sheet->compliance->document, "clock");

	if (!json_is_true(json_object_get(clock, "frozen")))
		return;
	sheet_raw(sheet,
		  "<p class=\"note warn\"><strong>Clocks are held.</strong> The time of this host was set by a step (");
	sheet_time(sheet, shown_instant(text_of(clock, "since")));
	sheet_raw(sheet, "): no state changes until its time is confirmed.</p>\n");
}

static void tiles_put(struct sheet *sheet)
{
	static const char *const names[SHOWN_STATES] = { "overdue", "in grace", "waived", "resolved" };
	const struct compliance *compliance = sheet->compliance;
	const struct shown *next = next_deadline(compliance);
	char span[SPAN_SIZE];

	sheet_raw(sheet, "<dl class=\"tiles\">\n");
	for (size_t i = 0; i < SHOWN_STATES; i++)
		sheet_put(sheet, "<div class=\"tile %s\"><dt>%s</dt><dd>%zu</dd></div>\n",
			  shown_state_name((enum shown_state)i), names[i], compliance->counts[i]);
	sheet_raw(sheet, "<div class=\"tile next\"><dt>next deadline</dt><dd>");
	if (next) {
		clock_span(next->deadline - compliance->as_of, span);
		sheet_put(sheet, "in %s <small>%s of %s</small>", span, next->rule, next->workload);
	} else {
		sheet_raw(sheet, "none <small>nothing is in grace</small>");
	}
	sheet_raw(sheet, "</dd></div>\n</dl>\n");
}

static void header_put(struct sheet *sheet)
{
	const char *cluster = text_of(sheet->compliance->document, "cluster");

	sheet_raw(sheet, "<header>\n<div class=\"brand\">");
	sheet_raw(sheet, mark);
	sheet_put(sheet, "<h1>Compliance</h1>%s%s</div>\n<p class=\"asof\">As of ", cluster ? " cluster " : "",
		  cluster);
	sheet_time(sheet, sheet->compliance->as_of);
	sheet_raw(sheet, " UTC</p>\n</header>\n<main>\n<section aria-labelledby=\"summary\">\n"
			 "<h2 id=\"summary\" class=\"away\">Summary</h2>\n");
	verdict_put(sheet);
	frozen_put(sheet);
	selection_put(sheet);
	tiles_put(sheet);
	sheet_raw(sheet, "</section>\n");
}

static void footer_put(struct sheet *sheet)
{
	const char *head = text_of(sheet->compliance->document, "head");
	json_int_t entries = json_integer_value(json_object_get(sheet->compliance->document, "entries"));

	sheet_raw(sheet, "</main>\n<footer>\n<p>Times are UTC. ");
	if (head)
		sheet_put(sheet,
			  "The ledger has %zu entries and ends with <code>%s</code>; "
			  "<code>plimsoll compliance --verify --head</code> with that digest says whether it still "
			  "holds it.",
			  entries > 0 ? (size_t)entries : 0, head);
	sheet_put(sheet, "</p>\n<p>Made by plimsoll %s.</p>\n</footer>\n</body>\n</html>\n", PLM_VERSION);
}

static int html_print(const struct compliance *compliance, FILE *out)
{
	_cleanup_sheet_ struct sheet sheet = { .compliance = compliance, .out = out };
	int r;

	sheet_pass(&sheet);
	head_put(&sheet);
	header_put(&sheet);
	sheet_raw(&sheet, "<div class=\"pair\">\n");
	sheet_timeline(&sheet);
	r = sheet_chart(&sheet);
	if (r < 0)
		return r;
	sheet_raw(&sheet, "</div>\n");
	sheet_violations(&sheet);
	sheet_waivers(&sheet);
	footer_put(&sheet);
	return sheet_end(&sheet);
}

const struct compliance_format compliance_html = { "html", html_print };
