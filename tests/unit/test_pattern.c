// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "policy/pattern.h"

static bool matches(const char *text, unsigned flags, const char *against)
{
	_cleanup_(pattern_freep) struct pattern *pattern = NULL;

	assert_int_equal(pattern_new(text, flags, &pattern), 0);
	return pattern_match(pattern, against);
}

static const struct row {
	const char *pattern;
	const char *text;
	bool match;
	unsigned flags;
} rows[] = {
	{ "/a", "/a", true, 0 },
	{ "/a", "/ab", false, 0 },
	{ "/a", "/", false, 0 },
	{ "/tmp/**", "/tmp/x", true, 0 },
	{ "/tmp/**", "/tmp/x/y/z", true, 0 },
	{ "/tmp/**", "/tmp", false, 0 },
	{ "/tmp/**", "/tmpx/y", false, 0 },
	{ "/tmp/*", "/tmp/x", true, 0 },
	{ "/tmp/*", "/tmp/x/y", false, 0 },
	{ "/tmp/*", "/tmp/", true, 0 },
	{ "/*/x", "/a/x", true, 0 },
	{ "/*/x", "/a/b/x", false, 0 },
	{ "/*/x", "//x", true, 0 },
	{ "/**/x", "/x", true, 0 },
	{ "/**/x", "/a/b/x", true, 0 },
	{ "/**/x", "/ax", false, 0 },
	{ "/**/x/**/y", "/x/y", true, 0 },
	{ "/**/x/**/y", "/a/x/b/c/y", true, 0 },
	{ "/**/x/**/y", "/a/y/b/x", false, 0 },
	{ "**/x", "x", true, 0 },
	{ "**/x", "a/x", true, 0 },
	{ "**/x", "ax", false, 0 },
	{ "**", "", true, 0 },
	{ "**", "/a/b", true, 0 },
	{ "*", "", true, 0 },
	{ "*", "a/b", false, 0 },
	{ "/a**b", "/axx/yyb", true, 0 },
	{ "/a**b", "/ab", true, 0 },
	{ "/a***b", "/a/b", true, 0 },
	{ "/a*b*c", "/aXbYbZc", true, 0 },
	{ "/a*b*c", "/aXbYbZcd", false, 0 },
	{ "/a*b*c", "/aXb/bZc", false, 0 },
	{ "/a*b**c", "/aXb/bZc", true, 0 },
	{ "/**a*b", "/a/ab", true, 0 },
	{ "/**a*b", "/aXb/a/b", false, 0 },
	{ "*.so", "/lib.so", false, 0 },
	{ "**.so", "/lib/libc.so", true, 0 },
	{ "/usr/lib/*.so.*", "/usr/lib/libc.so.6", true, 0 },
	{ "registry.example/db:*", "registry.example/db:13", true, 0 },
	{ "registry.example/db:*", "registry.example/x/db:13", false, 0 },
	{ "/a?[b]\\", "/a?[b]\\", true, 0 },
	{ "/a?", "/ab", false, 0 },
	{ "/A", "/a", false, 0 },
	{ "/aa", "/a", false, 0 },
	{ "/ab*ba", "/aba", false, 0 },
	{ "/ab*ba", "/abba", true, 0 },
	{ "\xff*", "\xff\xfe", true, 0 },
	{ "app.kubernetes.io/name=*", "app.kubernetes.io/name=web", true, 0 }, /* labels */
	{ "*=web", "app.kubernetes.io/name=web", false, 0 },
	{ "**=web", "app.kubernetes.io/name=web", true, 0 },
	{ "name=", "name=", true, 0 },
	{ "prod/*/app", "prod/web/app", true, 0 }, /* workloads */
	{ "prod/*", "prod/web/app", false, 0 },
	{ "--password=*", "--password=a/b", false, 0 },
	{ "--password=*", "--password=a/b", true, PATTERN_TEXT },
	{ "*TOKEN=*", "x/y/my_token=a/b", true, PATTERN_TEXT | PATTERN_ANY_CASE },
	{ "*TOKEN=*", "my_token=a", false, PATTERN_TEXT },
	{ "*token=*", "MY_TOKEN=", true, PATTERN_TEXT | PATTERN_ANY_CASE },
	{ "*://*:*@*", "postgres://u:p@host/db", true, PATTERN_TEXT },
	{ "*://*:*@*", "postgres://host/db", false, PATTERN_TEXT },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (matches(rows[i].pattern, rows[i].flags, rows[i].text) != rows[i].match)
			fail_msg("%s on %s must be %d", rows[i].pattern, rows[i].text, rows[i].match);
}

/* What the matcher must agree with: the plain definition, exponential and obviously right. */
static bool naive(const char *pattern, const char *text, bool at_start)
{
	size_t run = strspn(pattern, "*");

	if (!*pattern)
		return !*text;
	if (!run)
		return *pattern == *text && naive(pattern + 1, text + 1, *pattern == '/');
	if (run > 1 && at_start && pattern[run] == '/') {
		if (naive(pattern + run + 1, text, true))
			return true;
		for (; *text; text++)
			if (*text == '/' && naive(pattern + run + 1, text + 1, true))
				return true;
		return false;
	}
	for (;; text++) {
		if (naive(pattern + run, text, false))
			return true;
		if (!*text || (run == 1 && *text == '/'))
			return false;
	}
}

static void word(unsigned number, const char *letters, size_t base, char *ret_word)
{
	size_t i = 0;

	for (; number; number /= (unsigned)base)
		ret_word[i++] = letters[number % base];
	ret_word[i] = '\0';
}

/* Every short pattern on every short text. */
static void test_against_definition(void **state)
{
	char pattern[16], text[16];
	unsigned matched = 0;

	(void)state;
	for (unsigned p = 1; p < 4 * 4 * 4 * 4 * 4 * 4; p++) {
		word(p, "*/a*", 4, pattern);
		for (unsigned t = 0; t < 3 * 3 * 3 * 3 * 3; t++) {
			_cleanup_(pattern_freep) struct pattern *compiled = NULL;
			bool match = false;

			word(t, "/ab", 3, text);
			assert_int_equal(pattern_new(pattern, 0, &compiled), 0);
			match = pattern_match(compiled, text);
			if (match != naive(pattern, text, true))
				fail_msg("%s on %s must not be %d", pattern, text, match);
			matched += match;
		}
	}
	assert_true(matched > 1000);
}

static void test_refusals(void **state)
{
	struct pattern *pattern = NULL;
	char text[PATTERN_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[PATTERN_MAX + 1] = '\0';
	assert_int_equal(pattern_new("", 0, &pattern), -EINVAL);
	assert_int_equal(pattern_new(text, 0, &pattern), -ENAMETOOLONG);
	assert_null(pattern);
	text[PATTERN_MAX] = '\0';
	assert_int_equal(pattern_new(text, 0, &pattern), 0);
	assert_true(pattern_match(pattern, text));
	assert_false(pattern_match(pattern, NULL));
	pattern_free(pattern);
	pattern_free(NULL);
}

/* Twice "a*" as often must not cost more than the product of lengths: a backtracking matcher never ends here.
 */
static void test_hostile(void **state)
{
	_cleanup_(pattern_freep) struct pattern *stars = NULL, *globs = NULL;
	char pattern[PATTERN_MAX + 1] = "", text[4097];
	struct timespec from, to;

	(void)state;
	for (size_t i = 0; i < PATTERN_MAX - 2; i += 2)
		memcpy(pattern + i, "*a", 3);
	strcat(pattern, "b");
	assert_int_equal(pattern_new(pattern, 0, &stars), 0);
	pattern[0] = '\0';
	for (size_t i = 0; i < PATTERN_MAX - 4; i += 4)
		memcpy(pattern + i, "**/a", 5);
	strcat(pattern, "*b");
	assert_int_equal(pattern_new(pattern, 0, &globs), 0);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	assert_false(pattern_match(stars, text));
	for (size_t i = 0; i < sizeof(text) - 1; i += 2)
		text[i] = '/';
	text[sizeof(text) - 2] = 'c';
	assert_false(pattern_match(globs, text));
	text[sizeof(text) - 2] = 'b';
	assert_false(pattern_match(stars, text));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_true(to.tv_sec - from.tv_sec < 5);
}

static void test_path_fault(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} paths[] = {
		{ "/", true },     { "/a", true },     { "/a/**", true }, { "**/x", true }, { "**", true },
		{ "", false },     { "a", false },     { "*", false },    { "/a/", false }, { "//a", false },
		{ "/./a", false }, { "/a/..", false }, { "/a/.", false }, { "/...", true }, { "/.a/..b", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (!pattern_path_fault(paths[i].text) != paths[i].good)
			fail_msg("%s", paths[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),       cmocka_unit_test(test_against_definition),
		cmocka_unit_test(test_refusals),   cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_path_fault),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
