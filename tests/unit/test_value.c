// SPDX-License-Identifier: Apache-2.0
#include "policy/value.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define S 1000000000ll

static const struct {
	const char *text;
	int result;
	int64_t value;
} sizes[] = {
	{ "0", 0, 0 },
	{ "7", 0, 7 },
	{ "16M", 0, 16 << 20 },
	{ "1G", 0, 1 << 30 },
	{ "3K", 0, 3072 },
	{ "", -EINVAL, 0 },
	{ "G", -EINVAL, 0 },
	{ "1g", -EINVAL, 0 },
	{ "1GB", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "1.5G", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1T", -EINVAL, 0 },
	{ "1048576G", 0, VALUE_SIZE_MAX },
	{ "1048577G", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
};

static void test_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int64_t value = -5;

		assert_int_equal(value_size(sizes[i].text, &value), sizes[i].result);
		assert_int_equal(value, sizes[i].result ? -5 : sizes[i].value);
	}
}

static const struct {
	const char *text;
	int result;
	int64_t begin, end;
} moments[] = {
	{ "1970-01-02", 0, 86400 * S, 2 * 86400 * S },
	{ "2024-02-29", 0, 1709164800 * S, 1709251200 * S },
	{ "1970-01-01T00:00:01Z", 0, S, S },
	{ "1970-01-01T00:00:01.5Z", 0, S + S / 2, S + S / 2 },
	{ "1970-01-01t01:00:00.000000001+01:00", 0, 1, 1 },
	{ "1970-01-01T00:00:00.1234567899Z", 0, 123456789, 123456789 },
	{ "2025-02-29", -ERANGE, 0, 0 },
	{ "2026-02-30T00:00:00Z", -ERANGE, 0, 0 },
	{ "2026-13-01", -ERANGE, 0, 0 },
	{ "2026-04-31", -ERANGE, 0, 0 },
	{ "2026-00-10", -ERANGE, 0, 0 },
	{ "2026-01-00", -ERANGE, 0, 0 },
	{ "2026-01-01T24:00:00Z", -ERANGE, 0, 0 },
	{ "2026-01-01T12:60:00Z", -ERANGE, 0, 0 },
	{ "1969-12-31", -ERANGE, 0, 0 },
	{ "1970-01-01T00:00:00+00:01", -ERANGE, 0, 0 },
	{ "2261-12-30", 0, 9214473600 * S, 9214560000 * S },
	{ "2262-01-01", -ERANGE, 0, 0 },
	{ "9999-12-31", -ERANGE, 0, 0 },
	{ "2026-1-1", -EINVAL, 0, 0 },
	{ "2026-01-01 12:00:00Z", -EINVAL, 0, 0 },
	{ "2026-01-01T12:00:00", -EINVAL, 0, 0 },
	{ "2026-01-01T12:00:00.Z", -EINVAL, 0, 0 },
	{ "2026-01-01T12:00:00ZZ", -EINVAL, 0, 0 },
	{ "yesterday", -EINVAL, 0, 0 },
	{ "", -EINVAL, 0, 0 },
};

static void test_moment(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		int64_t begin = -5, end = -5;

		assert_int_equal(value_moment(moments[i].text, false, &begin), moments[i].result);
		assert_int_equal(value_moment(moments[i].text, true, &end), moments[i].result);
		assert_int_equal(begin, moments[i].result ? -5 : moments[i].begin);
		assert_int_equal(end, moments[i].result ? -5 : moments[i].end);
	}
}

/* A fraction belongs to what is still within. */
static void test_until(void **state)
{
	int64_t end = 0;

	(void)state;
	assert_int_equal(value_until("1970-01-01T00:00:01.000000001Z", &end), 0);
	assert_int_equal(end, 2);
	assert_int_equal(value_until("1970-01-01T00:00:01.000Z", &end), 0);
	assert_int_equal(end, 1);
	assert_int_equal(value_until("1970-01-01", &end), 0);
	assert_int_equal(end, 86400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_moment),
		cmocka_unit_test(test_until),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
