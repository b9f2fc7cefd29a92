// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/id.h"
#include "output/time.h"

static void test_rfc3339(void **state)
{
	static const struct {
		int64_t time;
		const char *expected;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000000Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z" },
		{ -1000000000, "1969-12-31T23:59:59.000000000Z" },
		{ 1767323045678901234, "2026-01-02T03:04:05.678901234Z" },
		{ 1709164800000000000, "2024-02-29T00:00:00.000000000Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[TIME_RFC3339_SIZE];

		time_rfc3339(rows[i].time, text);
		assert_string_equal(text, rows[i].expected);
	}
}

static void test_local(void **state)
{
	char text[TIME_LOCAL_SIZE];

	(void)state;
	assert_int_equal(setenv("TZ", "XXX-2:30", 1), 0);
	tzset();
	time_local(1767323045678901234, text);
	assert_string_equal(text, "05:34:05.678");
	time_local(-1, text);
	assert_string_equal(text, "02:29:59.999");
}

static void test_ids(void **state)
{
	static const int64_t times[] = { INT64_MIN, -1, 5, 5, 5, 6, 1767323045678901234, INT64_MAX };
	char before[ID_SIZE] = "", id[ID_SIZE];
	struct id_source source;

	(void)state;
	assert_int_equal(id_source_open(&source), 0);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		id_make(&source, times[i], id);
		assert_int_equal(strlen(id), 32);
		assert_int_equal(strspn(id, "0123456789abcdef"), 32);
		assert_true(strcmp(before, id) < 0);
		memcpy(before, id, sizeof(id));
	}
}

static void test_ids_of_two_runs(void **state)
{
	struct id_source first, second;
	char a[ID_SIZE], b[ID_SIZE];

	(void)state;
	assert_int_equal(id_source_open(&first), 0);
	assert_int_equal(id_source_open(&second), 0);
	id_make(&first, 7, a);
	id_make(&second, 7, b);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_of_two_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
