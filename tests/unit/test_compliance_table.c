// SPDX-License-Identifier: Apache-2.0
#include "compliance_sample.h"

#include "output/cell.h"

/* No line is wider than what there is. */
static void width_check(const char *text, size_t width)
{
	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n");

		if (cell_width(line, size) > width)
			fail_msg("wider than %zu: %.*s", width, (int)size, line);
		line += size + (line[size] == '\n');
	}
}

static const char *last_line(const char *text)
{
	const char *last = text;

	for (const char *at = text; *at; at++)
		if (at[0] == '\n' && at[1])
			last = at + 1;
	return last;
}

static void ordinary(void **state)
{
	static const char *const parts[] = {
		"  overdue by 9 d      high     root.escalation setuid-file,/usr/sbin/postdrop\n",
		"mend     set allowPrivilegeEscalation to false, or take the set-user-ID bit\n",
		"  overdue by 2 h      critical drift.exec.new /tmp/.cache/kworker,sha256:5e0d3f0c6a4b...\n",
		"now      not seen any more for 5 h; if so it stays, resolved in 19 h\n",
		"now      whether it still holds is not known\n",
		", +3 more\n",
		"  waived, 9 d left    medium   root.exec 0,image\n",
		"waived   by dba: OPS-1234: a move is planned\n",
	};
	json_auto_t *document = sample_ordinary();
	_cleanup_free_ char *table = sample_format(document, "table");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(table, parts[i]))
			fail_msg("lacks %sin\n%s", parts[i], table);
	assert_true(strncmp(table, "prod/mail/postfix\n", 18) == 0);
	assert_true(strstr(table, "prod/batch/import\n") < strstr(table, "prod/web/web\n"));
	assert_true(strstr(table, "prod/web/web\n") < strstr(table, "prod/db/postgres\n"));
	assert_null(strstr(table, "resolved 24 h ago"));
	assert_string_equal(last_line(table),
			    "8 violations in 4 workloads: 3 overdue, 4 in grace, 1 waived (1 resolved: "
			    "--all shows them)\n");
	assert_null(strchr(table, '\033'));
	width_check(table, 100);
}

static void all(void **state)
{
	json_auto_t *document = sample_ordinary();
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);
	_cleanup_free_ char *table = NULL;

	(void)state;
	compliance.resolved = true;
	compliance.colour = true;
	table = sample_print(&compliance, "table");
	assert_non_null(strstr(table, "resolved 24 h ago"));
	assert_non_null(strstr(table, "  \033[31moverdue by 9 d    \033[0m"));
	assert_string_equal(last_line(table),
			    "9 violations in 4 workloads: 3 overdue, 4 in grace, 1 waived, 1 resolved\n");
}

/* Hostile names and long ones too; where it is narrow a word is broken. */
static void widths(void **state)
{
	static const size_t rows[] = { 60, 80, 100, 140, 400 };
	json_auto_t *ordinary_one = sample_ordinary(), *hostile_one = sample_hostile();
	const json_t *documents[] = { ordinary_one, hostile_one };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		_cleanup_compliance_ struct compliance compliance = sample_read(documents[i % 2], NULL);
		_cleanup_free_ char *table = NULL;

		compliance.width = rows[i / 2];
		table = sample_print(&compliance, "table");
		width_check(table, rows[i / 2]);
		sample_harmless(table);
		assert_null(strchr(table, '\r'));
	}
}

static void hostile(void **state)
{
	json_auto_t *document = sample_hostile();
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);
	_cleanup_free_ char *table = NULL;

	(void)state;
	compliance.width = 1000;
	table = sample_print(&compliance, "table");
	assert_non_null(strstr(table, "<script>alert(1)</script>\"'&amp;\\n\\x1b[31m\\r\\t\\u{202e}|"));
	assert_null(strstr(table, "\xe2\x80\xae"));
}

static void good_news(void **state)
{
	const struct compliance_filter filter = { .states = 1u << SHOWN_OVERDUE };
	json_auto_t *document = sample_document();
	_cleanup_compliance_ struct compliance some = sample_read(document, &filter);
	_cleanup_free_ char *table = sample_format(document, "table"), *filtered = sample_print(&some, "table");

	(void)state;
	assert_string_equal(table, "No violation is open: nothing is overdue, in grace or waived\n");
	assert_string_equal(filtered, "No such violation is open\n");
}

static void frozen(void **state)
{
	json_auto_t *document = sample_document();
	_cleanup_free_ char *table = NULL;

	(void)state;
	sample_set(document, "clock", json_pack("{s:b, s:o}", "frozen", 1, "since", sample_time(-HOUR)));
	table = sample_format(document, "table");
	assert_true(strncmp(table, "The clock of this host was set by a step at 2026-11-28 11:00 UTC: no state changes",
			    81) == 0);
	assert_non_null(strstr(table, "\n\nNo violation is open"));
}

static void waivers(void **state)
{
	json_auto_t *document = sample_ordinary(), *bare = sample_document();
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);
	_cleanup_compliance_ struct compliance none = sample_read(bare, NULL);
	_cleanup_free_ char *table = NULL, *empty = NULL;

	(void)state;
	compliance.waivers = none.waivers = true;
	table = sample_print(&compliance, "table");
	empty = sample_print(&none, "table");
	assert_non_null(strstr(table, "  in-force            root.exec prod/db/postgres\n"));
	assert_non_null(strstr(table, "until    2026-12-07 12:00 UTC\n"));
	assert_non_null(strstr(table, "given    by dba: OPS-1234: a move is planned, from the policy\n"));
	assert_non_null(strstr(table, "used     41 matches, last 2026-11-28 10:00 UTC\n"));
	assert_non_null(strstr(table, "used     never matched\n"));
	assert_string_equal(last_line(table), "3 waivers, 1 of them never matched\n");
	assert_string_equal(empty, "There is no waiver.\n");
}

static void many(void **state)
{
	json_auto_t *document = sample_many(5000);
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);
	_cleanup_free_ char *table = NULL;

	(void)state;
	compliance.width = 200;
	table = sample_print(&compliance, "table");
	assert_string_equal(last_line(table),
			    "3750 violations in 97 workloads: 1250 overdue, 1250 in grace, 1250 waived (1250 "
			    "resolved: --all shows them)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary),  cmocka_unit_test(all),
					    cmocka_unit_test(widths),    cmocka_unit_test(hostile),
					    cmocka_unit_test(good_news), cmocka_unit_test(frozen),
					    cmocka_unit_test(waivers),   cmocka_unit_test(many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
