// SPDX-License-Identifier: Apache-2.0
#include "compliance/internal.h"
#include "compliance/sheet.h"

/* On a narrow screen each cell is a line that begins with its column's name, from data-label. */
static void cell_put(struct sheet *sheet, const char *label, const char *text)
{
	sheet_put(sheet, "<td role=\"cell\" data-label=\"%s\">%s</td>", label, text);
}

static void waiver_put(struct sheet *sheet, const json_t *waiver)
{
	static const struct {
		const char *label, *key;
	} texts[] = { { "rule", "rule" },   { "workload", "workload" }, { "subject", "subject" },
		      { "owner", "owner" }, { "reason", "reason" },     { "from", "source" } };
	_cleanup_buffer_ struct buffer use = { 0 };

	sheet_raw(sheet, "<tr role=\"row\">");
	cell_put(sheet, "state", text_of(waiver, "state"));
	sheet_raw(sheet, "<td role=\"cell\" data-label=\"until\">");
	sheet_time(sheet, shown_instant(text_of(waiver, "until")));
	sheet_raw(sheet, "</td>");
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *text = text_of(waiver, texts[i].key);

		if (!text && i == 2)
			text = text_of(waiver, "digest");
		cell_put(sheet, texts[i].label, text ?: "any");
	}
	waiver_use_append(&use, waiver);
	cell_put(sheet, "used", buffer_text(&use));
	sheet_raw(sheet, "</tr>\n");
	sheet_pass(sheet);
}

void sheet_waivers(struct sheet *sheet)
{
	const json_t *waivers = json_object_get(sheet->compliance->document, "waivers"), *waiver;
	size_t i;

	sheet_raw(sheet, "<section aria-labelledby=\"waivers\">\n<h2 id=\"waivers\">Waivers</h2>\n");
	if (json_array_size(waivers) == 0) {
		sheet_raw(sheet, "<p class=\"dim\">None.</p>\n</section>\n");
		return;
	}
	sheet_raw(
		sheet,
		"<table class=\"waivers\" role=\"table\">\n<thead role=\"rowgroup\"><tr role=\"row\">"
		"<th role=\"columnheader\" scope=\"col\">state</th><th role=\"columnheader\" scope=\"col\">until</th>"
		"<th role=\"columnheader\" scope=\"col\">rule</th><th role=\"columnheader\" scope=\"col\">workload</th>"
		"<th role=\"columnheader\" scope=\"col\">subject</th><th role=\"columnheader\" scope=\"col\">owner</th>"
		"<th role=\"columnheader\" scope=\"col\">reason</th><th role=\"columnheader\" scope=\"col\">from</th>"
		"<th role=\"columnheader\" scope=\"col\">used</th></tr></thead>\n<tbody role=\"rowgroup\">\n");
	json_array_foreach (waivers, i, waiver)
		waiver_put(sheet, waiver);
	sheet_raw(sheet, "</tbody>\n</table>\n</section>\n");
}
