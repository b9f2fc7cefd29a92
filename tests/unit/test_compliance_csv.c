// SPDX-License-Identifier: Apache-2.0
#include "compliance_sample.h"

#define COLUMNS 19

/* Reads one cell of RFC 4180, and what stands behind it: ',' or '\r' with its '\n'. */
static const char *cell_read(const char *at, char *ret_cell, size_t size)
{
	bool quoted = *at == '"';
	size_t length = 0;

	for (at += quoted; quoted ? *at != '"' || at[1] == '"' : *at != ',' && *at != '\r'; at++) {
		assert_true(*at && *at != '\n' && length + 1 < size);
		assert_true(quoted || *at != '"');
		at += quoted && *at == '"';
		ret_cell[length++] = *at;
	}
	ret_cell[length] = '\0';
	return at + quoted;
}

/*
 * Every row has as many cells as the header, and none that a spreadsheet would run. Gives the rows behind the header.
 */
static size_t rows_check(const char *text, size_t columns)
{
	char cell[4096];
	size_t rows = 0;

	while (*text) {
		for (size_t i = 0; i < columns; i++) {
			text = cell_read(text, cell, sizeof(cell));
			if (strchr("=+-@\t\r", *cell) && *cell)
				fail_msg("would be run: %s", cell);
			assert_int_equal(*text, i + 1 < columns ? ',' : '\r');
			text++;
		}
		assert_int_equal(*text++, '\n');
		rows++;
	}
	return rows - 1;
}

static void ordinary(void **state)
{
	json_auto_t *document = sample_ordinary();
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);
	_cleanup_free_ char *open = sample_print(&compliance, "csv"), *everything = NULL;

	(void)state;
	compliance.resolved = true;
	everything = sample_print(&compliance, "csv");
	assert_int_equal(rows_check(open, COLUMNS), 8);
	assert_int_equal(rows_check(everything, COLUMNS), 9);
	assert_true(strncmp(open, "id,state,seconds_left,seconds_overdue,severity,rule,workload,subject,message,",
			    76) == 0);
	assert_non_null(strstr(open,
			       "\r\n00000000000000000000000000000008,overdue,,777600,high,root.escalation,prod/mail/"
			       "postfix,\"setuid-file,/usr/sbin/postdrop\",\"postdrop, until now uid 101,"));
	assert_non_null(strstr(open, ",grace,864000,,medium,root.exec,"));
	assert_non_null(strstr(open, ",2026-12-07T12:00:00.000000000Z,dba,OPS-1234: a move is planned\r\n"));
	assert_non_null(strstr(open, "web on node1, prod/web-5c9f7d6b8-x2x7k/worker on node1, "));
}

static void formulas(void **state)
{
	json_auto_t *document = sample_hostile();
	_cleanup_free_ char *text = sample_format(document, "csv");

	(void)state;
	assert_int_equal(rows_check(text, COLUMNS), 3);
	assert_non_null(strstr(text, ",\"'=cmd('calc')!A1\",\"'=cmd()\",\"'@SUM(1)\","));
	assert_non_null(strstr(text, ",\"'+1\","));
	assert_non_null(strstr(text, "</script>\"\"'&amp;\\n\\x1b[31m\\r\\t\\u{202e}|"));
	sample_harmless(text);
}

/* One cell of each: what it is as a subject, and how it goes out. */
static void cells(void **state)
{
	static const struct {
		const char *subject, *cell;
	} rows[] = {
		{ "/plain", ",/plain," },
		{ "a,b", ",\"a,b\"," },
		{ "say \"so\"", ",\"say \"\"so\"\"\"," },
		{ "=1", ",\"'=1\"," },
		{ "+1", ",\"'+1\"," },
		{ "-1", ",\"'-1\"," },
		{ "@a", ",\"'@a\"," },
		{ "  =1", ",\"'  =1\"," },
		{ "\t=1", ",\"'\\t=1\"," },
		{ "\r=1", ",\"'\\r=1\"," },
		{ "\xef\xbc\x9d"
		  "1",
		  ",\"'\xef\xbc\x9d"
		  "1\"," },
		{ "a=1", ",a=1," },
		{ "a\nb", ",a\\nb," },
		{ "'quoted", ",\"'quoted\"," },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct sample_row row = { "no.rule", "low", "w", rows[i].subject, "m", "grace", "yes",
						-DAY,      DAY,   0 };
		json_auto_t *document = sample_document();
		_cleanup_free_ char *text = NULL;

		(void)sample_violation(document, &row);
		text = sample_format(document, "csv");
		assert_int_equal(rows_check(text, COLUMNS), 1);
		if (!strstr(text, rows[i].cell))
			fail_msg("lacks %s: %s", rows[i].cell, text);
	}
}

static void waivers(void **state)
{
	json_t *documents[] = { sample_ordinary(), sample_hostile() };
	const size_t counts[] = { 3, 1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		_cleanup_compliance_ struct compliance compliance = sample_read(documents[i], NULL);
		_cleanup_free_ char *text = NULL;

		compliance.waivers = true;
		text = sample_print(&compliance, "csv");
		assert_int_equal(rows_check(text, 12), counts[i]);
		assert_non_null(strstr(text, i ? "\"'-1+1\"" : ",41,2026-11-28T10:00:00.000000000Z\r\n"));
	}
	json_decref(documents[0]);
	json_decref(documents[1]);
}

static void empty_and_many(void **state)
{
	json_auto_t *none = sample_document(), *lots = sample_many(5000);
	_cleanup_free_ char *header = sample_format(none, "csv"), *text = sample_format(lots, "csv");

	(void)state;
	assert_int_equal(rows_check(header, COLUMNS), 0);
	assert_int_equal(rows_check(text, COLUMNS), 3750);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary), cmocka_unit_test(formulas),
					    cmocka_unit_test(cells), cmocka_unit_test(waivers),
					    cmocka_unit_test(empty_and_many) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
