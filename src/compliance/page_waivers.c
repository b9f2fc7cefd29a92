// SPDX-License-Identifier: Apache-2.0
#include "compliance/internal.h"
#include "compliance/page.h"

/* On a narrow screen each cell is a line that begins with its column's name, from data-label. */
static void cell_put(struct page *page, const char *label, const char *text)
{
	page_put(page, "<td role=\"cell\" data-label=\"%s\">%s</td>", label, text);
}

static void waiver_put(struct page *page, const json_t *waiver)
{
	static const struct {
		const char *label, *key;
	} texts[] = { { "rule", "rule" },   { "workload", "workload" }, { "subject", "subject" },
		      { "owner", "owner" }, { "reason", "reason" },     { "from", "source" } };
	_cleanup_buffer_ struct buffer use = { 0 };

	page_raw(page, "<tr role=\"row\">");
	cell_put(page, "state", text_of(waiver, "state"));
	page_raw(page, "<td role=\"cell\" data-label=\"until\">");
	page_time(page, moment_of(text_of(waiver, "until")));
	page_raw(page, "</td>");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = text_of(waiver, texts[i].key);

		if (!text && i == 2)
			text = text_of(waiver, "digest");
		cell_put(page, texts[i].label, text ?: "any");
	}
	waiver_use_append(&use, waiver);
	cell_put(page, "used", buffer_text(&use));
	page_raw(page, "</tr>\n");
	page_pass(page);
}

void page_waivers(struct page *page)
{
	const json_t *waivers = json_object_get(page->compliance->document, "waivers"), *waiver;
	size_t i;

	page_raw(page, "<section aria-labelledby=\"waivers\">\n<h2 id=\"waivers\">Waivers</h2>\n");
	if (json_array_size(waivers) == 0) {
		page_raw(page, "<p class=\"dim\">None.</p>\n</section>\n");
		return;
	}
	page_raw(
		page,
		"<table class=\"waivers\" role=\"table\">\n<thead role=\"rowgroup\"><tr role=\"row\">"
		"<th role=\"columnheader\" scope=\"col\">state</th><th role=\"columnheader\" scope=\"col\">until</th>"
		"<th role=\"columnheader\" scope=\"col\">rule</th><th role=\"columnheader\" scope=\"col\">workload</th>"
		"<th role=\"columnheader\" scope=\"col\">subject</th><th role=\"columnheader\" scope=\"col\">owner</th>"
		"<th role=\"columnheader\" scope=\"col\">reason</th><th role=\"columnheader\" scope=\"col\">from</th>"
		"<th role=\"columnheader\" scope=\"col\">used</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
	json_array_foreach (waivers, i, waiver)
		waiver_put(page, waiver);
	page_raw(page, "</tbody>\n</table>\n</section>\n");
}
