// SPDX-License-Identifier: Apache-2.0
/* One file without network and without script: the page's frame and its summary. */
#include "compliance/internal.h"
#include "compliance/page.h"

#include <string.h>

/* The mark on a hull. */
static const char mark[] = "<svg class=\"mark\" viewBox=\"0 0 40 24\" width=\"40\" height=\"24\" "
			   "aria-hidden=\"true\"><circle cx=\"20\" cy=\"12\" "
			   "r=\"9\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.5\"/><path d=\"M2 12h36\" "
			   "stroke=\"currentColor\" "
			   "stroke-width=\"2.5\"/></svg>";

static void head_put(struct page *page)
{
	page_raw(
		page,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
		"base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>Compliance: ");
	page_put(page, "%zu overdue, %zu in grace", page->compliance->counts[VIOLATION_OVERDUE],
		 page->compliance->counts[VIOLATION_GRACE]);
	page_raw(page, "</title>\n<style>");
	page_raw(page, page_style);
	page_raw(page, "</style>\n</head>\n<body>\n");
}

/* The earliest deadline ahead of what is in grace; NULL: there is none. */
static const struct violation *next_deadline(const struct compliance *compliance)
{
	const struct violation *next = NULL;

	for (size_t i = 0; i < compliance->count; i++) {
		const struct violation *v = &compliance->violations[i];

		if (v->state == VIOLATION_GRACE && v->deadline > compliance->as_of &&
		    (!next || v->deadline < next->deadline))
			next = v;
	}
	return next;
}

/* The page's first sentence is its answer. */
static void verdict_put(struct page *page)
{
	const struct compliance *compliance = page->compliance;
	size_t overdue = compliance->counts[VIOLATION_OVERDUE], grace = compliance->counts[VIOLATION_GRACE];

	if (overdue)
		page_put(page, "<p class=\"verdict overdue\">%zu %s overdue.</p>\n", overdue,
			 overdue == 1 ? "violation is" : "violations are");
	else if (grace)
		page_put(page, "<p class=\"verdict grace\">Nothing is overdue; %zu %s a clock that runs.</p>\n", grace,
			 grace == 1 ? "violation has" : "violations have");
	else
		page_put(page, "<p class=\"verdict resolved\">Nothing is overdue, and no clock runs.</p>\n");
}

static void selection_put(struct page *page)
{
	if (page->compliance->filtered)
		page_put(page, "<p class=\"note\">This page shows a selection: %zu of %zu violations.</p>\n",
			 page->compliance->count, page->compliance->total);
}

static void frozen_put(struct page *page)
{
	const json_t *clock = json_object_get(page->compliance->document, "clock");

	if (!json_is_true(json_object_get(clock, "frozen")))
		return;
	page_raw(page,
		 "<p class=\"note warn\"><strong>Clocks are held.</strong> The time of this host was set by a step (");
	page_time(page, moment_of(text_of(clock, "since")));
	page_raw(page, "): no state changes until its time is confirmed.</p>\n");
}

static void tiles_put(struct page *page)
{
	static const char *const names[VIOLATION_STATES] = { "overdue", "in grace", "waived", "resolved" };
	const struct compliance *compliance = page->compliance;
	const struct violation *next = next_deadline(compliance);
	char span[SPAN_SIZE];

	page_raw(page, "<dl class=\"tiles\">\n");
	for (size_t i = 0; i < VIOLATION_STATES; i++)
		page_put(page, "<div class=\"tile %s\"><dt>%s</dt><dd>%zu</dd></div>\n",
			 violation_state_name((enum violation_state)i), names[i], compliance->counts[i]);
	page_raw(page, "<div class=\"tile next\"><dt>next deadline</dt><dd>");
	if (next) {
		span_text(next->deadline - compliance->as_of, span);
		page_put(page, "in %s <small>%s of %s</small>", span, next->rule, next->workload);
	} else {
		page_raw(page, "none <small>nothing is in grace</small>");
	}
	page_raw(page, "</dd></div>\n</dl>\n");
}

static void header_put(struct page *page)
{
	const char *cluster = text_of(page->compliance->document, "cluster");

	page_raw(page, "<header>\n<div class=\"brand\">");
	page_raw(page, mark);
	page_put(page, "<h1>Compliance</h1>%s%s</div>\n<p class=\"asof\">As of ", cluster ? " cluster " : "", cluster);
	page_time(page, page->compliance->as_of);
	page_raw(page, " UTC</p>\n</header>\n<main>\n<section aria-labelledby=\"summary\">\n"
		       "<h2 id=\"summary\" class=\"away\">Summary</h2>\n");
	verdict_put(page);
	frozen_put(page);
	selection_put(page);
	tiles_put(page);
	page_raw(page, "</section>\n");
}

static void footer_put(struct page *page)
{
	const char *head = text_of(page->compliance->document, "head");
	json_int_t entries = json_integer_value(json_object_get(page->compliance->document, "entries"));

	page_raw(page, "</main>\n<footer>\n<p>Times are UTC. ");
	if (head)
		page_put(page,
			 "The ledger has %zu entries and ends with <code>%s</code>; "
			 "<code>plimsoll compliance --verify --head</code> with that digest says whether it still "
			 "holds it.",
			 entries > 0 ? (size_t)entries : 0, head);
	page_put(page, "</p>\n<p>Made by plimsoll %s.</p>\n</footer>\n</body>\n</html>\n", PLM_VERSION);
}

static int html_print(const struct compliance *compliance, FILE *out)
{
	_cleanup_page_ struct page page = { .compliance = compliance, .out = out };
	int r;

	page_pass(&page);
	head_put(&page);
	header_put(&page);
	page_raw(&page, "<div class=\"pair\">\n");
	page_timeline(&page);
	r = page_chart(&page);
	if (r < 0)
		return r;
	page_raw(&page, "</div>\n");
	page_violations(&page);
	page_waivers(&page);
	footer_put(&page);
	return page_end(&page);
}

const struct compliance_format compliance_html = { "html", html_print };
