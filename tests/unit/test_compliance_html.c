// SPDX-License-Identifier: Apache-2.0
/* The page. With two arguments, a ledger's name and a file, it is a tool: it writes the page for a browser to open. */
#include "compliance_sample.h"

/* Not strstr: AddressSanitizer takes the length of what is ahead at each call, minutes for a page of many megabytes. */
static size_t count_of(const char *text, const char *part)
{
	const char *end = text + strlen(text);
	size_t count = 0;

	for (const char *at = text; (at = memmem(at, (size_t)(end - at), part, strlen(part))) != NULL;
	     at += strlen(part))
		count++;
	return count;
}

static void ordinary(void **state)
{
	static const char *const parts[] = {
		"<h1>Compliance</h1> cluster prod",
		"As of <time datetime=\"2026-11-28T12:00Z\">2026-11-28 12:00</time> UTC",
		"<title>Compliance: 3 overdue, 4 in grace</title>",
		"<p class=\"verdict overdue\">3 violations are overdue.</p>",
		"<div class=\"tile overdue\"><dt>overdue</dt><dd>3</dd></div>",
		"<div class=\"tile resolved\"><dt>resolved</dt><dd>1</dd></div>",
		"in 24 h <small>image.modified of prod/batch/import</small>",
		"<code>" SAMPLE_HEAD "</code>",
		"<desc id=\"tl-desc\">4 deadlines and 1 ends of waivers",
		"<polygon class=\"overdue\"",
		"<span class=\"chip\">overdue by 9 d</span>",
		"until 2026-12-07 12:00 UTC, by dba: OPS-1234: a move is planned",
		"set USER in the image, or runAsUser in the pod",
		"<strong>resolved</strong> <span class=\"move\">grace \xe2\x86\x92 resolved</span> by agent: 24 h of "
		"absence",
		"not seen any more for 5 h; if so it stays, resolved in 19 h",
		"data-label=\"used\">41 matches, last 2026-11-28 10:00 UTC</td>",
		"data-label=\"used\">never matched</td>",
		"default-src 'none'; style-src 'unsafe-inline'",
	};
	json_auto_t *document = sample_ordinary();
	_cleanup_free_ char *sheet = sample_format(document, "html");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(sheet, parts[i]))
			fail_msg("lacks: %s", parts[i]);
	assert_int_equal(count_of(sheet, "<article"), ARRAY_SIZE(sample_rows));
	assert_null(strstr(sheet, "This page shows a selection"));
	assert_null(strstr(sheet, "Clocks are held"));
	assert_null(strstr(sheet, "<script"));
	assert_null(strstr(sheet, "http://"));
	assert_null(strstr(sheet, "https://"));
	sample_harmless(sheet);
}

static void hostile(void **state)
{
	json_auto_t *document = sample_hostile();
	_cleanup_free_ char *sheet = sample_format(document, "html");

	(void)state;
	sample_harmless(sheet);
	assert_null(strstr(sheet, "<script"));
	assert_null(strstr(sheet, "<img"));
	assert_null(strstr(sheet, "\" onclick"));
	assert_null(strstr(sheet, "\xe2\x80\xae"));
	assert_null(strstr(sheet, "href=\"javascript"));
	assert_non_null(strstr(
		sheet,
		"&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;\\n\\x1b[31m\\r\\t\\u{202e}|"));
}

static void empty(void **state)
{
	json_auto_t *document = sample_document();
	_cleanup_free_ char *sheet = sample_format(document, "html");

	(void)state;
	assert_non_null(strstr(sheet, "Nothing is overdue, and no clock runs."));
	assert_non_null(strstr(sheet, "None: the ledger has no violation."));
	assert_null(strstr(sheet, "<article"));
	assert_null(strstr(sheet, "<svg role"));
	assert_int_equal(count_of(sheet, "<section"), count_of(sheet, "</section>"));
}

static void frozen_and_filtered(void **state)
{
	const struct compliance_filter filter = { .states = 1u << SHOWN_GRACE };
	json_auto_t *document = sample_ordinary();
	_cleanup_compliance_ struct compliance compliance = { .document = NULL };
	_cleanup_free_ char *sheet = NULL;

	(void)state;
	sample_set(document, "clock", json_pack("{s:b, s:o}", "frozen", 1, "since", sample_time(-HOUR)));
	compliance = sample_read(document, &filter);
	sheet = sample_print(&compliance, "html");
	assert_non_null(strstr(sheet, "This page shows a selection: 4 of 9 violations."));
	assert_non_null(strstr(sheet, "Clocks are held.</strong> The time of this host was set by a step (<time"));
	assert_non_null(strstr(sheet, "Nothing is overdue; 4 violations have a clock that runs."));
	assert_int_equal(count_of(sheet, "<article"), 4);
}

static void many(void **state)
{
	json_auto_t *document = sample_many(5000);
	_cleanup_free_ char *sheet = sample_format(document, "html");

	(void)state;
	assert_int_equal(count_of(sheet, "<article"), 5000);
	assert_int_equal(count_of(sheet, "<article"), count_of(sheet, "</article>"));
	assert_non_null(strstr(sheet, "</html>\n"));
}

/* The areas end with what the document says, and the table of numbers too. */
static void chart(void **state)
{
	json_auto_t *document = sample_ordinary();
	_cleanup_free_ char *sheet = sample_format(document, "html");
	const char *numbers = strstr(sheet, "<th scope=\"col\">resolved</th>");

	(void)state;
	assert_non_null(numbers);
	assert_non_null(strstr(numbers, "2026-11-28</td><td>3</td><td>4</td><td>1</td><td>1</td></tr>"));
	assert_non_null(strstr(numbers, "2026-11-02</td><td>0</td><td>1</td><td>0</td><td>0</td></tr>"));
}

static int write_page(const char *name, const char *path)
{
	static const struct {
		const char *name;
		json_t *(*make)(void);
	} samples[] = { { "ordinary", sample_ordinary }, { "hostile", sample_hostile }, { "empty", sample_document } };
	json_auto_t *document = NULL;
	_cleanup_free_ char *sheet = NULL;
	_cleanup_fclose_ FILE *out = fopen(path, "we");

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		if (strcmp(samples[i].name, name) == 0)
			document = samples[i].make();
	if (strcmp(name, "many") == 0)
		document = sample_many(5000);
	if (!document || !out)
		return 1;
	sheet = sample_format(document, "html");
	return fputs(sheet, out) < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary), cmocka_unit_test(hostile),
					    cmocka_unit_test(empty),    cmocka_unit_test(frozen_and_filtered),
					    cmocka_unit_test(many),     cmocka_unit_test(chart) };

	return argc == 3 ? write_page(argv[1], argv[2]) : cmocka_run_group_tests(tests, NULL, NULL);
}
