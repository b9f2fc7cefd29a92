// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include "process/arguments.h"
#include "process/processes.h"

#define _cleanup_arguments_ _cleanup_(arguments_freep)

#define TEN   "aaaaaaaaaa"
#define FIFTY TEN TEN TEN TEN TEN

static struct redact *redact;

static int setup(void **state)
{
	static const char *const patterns[] = { "--password=*", "*://*:*@*" };

	(void)state;
	return redact_new(patterns, ARRAY_SIZE(patterns), &redact);
}

static int teardown(void **state)
{
	(void)state;
	redact_free(redact);
	return 0;
}

/* As one text, with | between. */
static const char *joined(const struct arguments *arguments)
{
	static char text[ARGUMENTS_MAX + 1];

	memcpy(text, arguments->text, arguments->size);
	text[arguments->size - 1] = '\0';
	for (size_t i = 0; i + 1 < arguments->size; i++)
		text[i] = text[i] ? text[i] : '|';
	return text;
}

static void keeps_the_first(void **state)
{
	static const struct {
		const char *const argv[6];
		const char *expected; /* NULL: none */
		unsigned count;
		bool cut;
	} rows[] = {
		{ { "ls", "-l", "/" }, "ls|-l|/", 3, false },
		{ { "" }, "", 1, false },
		{ { "sh", "", "x" }, "sh||x", 3, false },
		{ { NULL }, NULL, 0, false },
		{ { FIFTY, FIFTY, FIFTY "123456" },
		  FIFTY "|" FIFTY "|" FIFTY "123456",
		  3,
		  false }, /* 159 and NULs: just */
		{ { FIFTY, FIFTY, FIFTY "1234567" }, FIFTY "|" FIFTY "|" FIFTY "1234567", 3, false },
		{ { FIFTY, FIFTY, FIFTY "12345678" }, FIFTY "|" FIFTY "|" FIFTY "1234567", 3, true },
		{ { FIFTY, FIFTY, FIFTY "1234567", "more" }, FIFTY "|" FIFTY "|" FIFTY "1234567", 3, true },
		{ { FIFTY, FIFTY, FIFTY "123456", "more" }, FIFTY "|" FIFTY "|" FIFTY "123456", 3, true },
		{ { FIFTY FIFTY FIFTY TEN "the rest" }, FIFTY FIFTY FIFTY "aaaaaaaaa", 1, true },
		/* Blanked before it is cut. */
		{ { "db", "--password=secret" }, "db|--password=***", 2, false },
		{ { "db", "--password", "secret" }, "db|--password|***", 3, false },
		{ { FIFTY, FIFTY, FIFTY "a", "--password=secret" }, FIFTY "|" FIFTY "|" FIFTY "a|--pas", 4, true },
		{ { FIFTY FIFTY FIFTY, "http://u:secret@h/" }, FIFTY FIFTY FIFTY "|http://u", 2, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_arguments_ struct arguments *arguments = NULL;
		size_t argc = 0;

		while (argc < ARRAY_SIZE(rows[i].argv) && rows[i].argv[argc])
			argc++;
		arguments = arguments_new(redact, rows[i].argv, argc);
		if (!rows[i].expected) {
			assert_null(arguments);
			continue;
		}
		assert_non_null(arguments);
		assert_true(arguments->size <= ARGUMENTS_MAX);
		assert_string_equal(joined(arguments), rows[i].expected);
		assert_int_equal(arguments->count, rows[i].count);
		assert_int_equal(arguments->cut, rows[i].cut);
	}
	assert_null(arguments_new(redact, NULL, 7));
	assert_null(arguments_copy(NULL));
}

/* A process that runs: this one, whose start is looked up as the kernel has it. */
static void reads_those_of_a_process(void **state)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/stat", "re");
	_cleanup_arguments_ struct arguments *own = NULL;
	unsigned long long ticks = 0, tick = 1000000000ull / (unsigned long long)sysconf(_SC_CLK_TCK);
	char stat[1024] = "", *at;

	(void)state;
	assert_non_null(fgets(stat, sizeof(stat), file));
	at = strrchr(stat, ')');
	for (int field = 2; field < 22; field++)
		at = strchr(at + 1, ' ');
	assert_int_equal(sscanf(at, "%llu", &ticks), 1);
	own = arguments_live(redact, "", (uint32_t)getpid(), ticks * tick + 1);
	assert_non_null(own);
	assert_non_null(strstr(joined(own), "test_arguments"));
	assert_null(arguments_live(redact, "", (uint32_t)getpid(), (ticks + 1) * tick)); /* another of that pid */
	assert_null(arguments_live(redact, "", 0x7fffffff, ticks * tick));
	assert_null(arguments_live(redact, "/nowhere", (uint32_t)getpid(), ticks * tick));
}

#ifndef __SANITIZE_ADDRESS__ /* which has an allocator of its own, that does not say what it gave */
/* What they cost: all processes that are remembered, with as long arguments as there are. */
static void takes_less_than_2_MiB(void **state)
{
	static const char *const argv[] = { FIFTY, FIFTY, FIFTY, FIFTY };
	_cleanup_arguments_ struct arguments *arguments = arguments_new(redact, argv, ARRAY_SIZE(argv));
	struct processes *processes = processes_new(PROCESSES_MAX);
	struct process process = { .executable = (char *)"/bin/x" };
	size_t without, with;

	(void)state;
	for (uint32_t i = 0; i < PROCESSES_MAX; i++) {
		process.pid = i + 1;
		assert_int_equal(processes_exec(processes, &process), 0);
	}
	without = mallinfo2().uordblks;
	process.args = arguments;
	for (uint32_t i = 0; i < 2 * PROCESSES_MAX; i++) { /* those that go leave nothing behind */
		process.pid = i + 1;
		assert_int_equal(processes_exec(processes, &process), 0);
	}
	with = mallinfo2().uordblks;
	print_message("# arguments of %d processes: %zu bytes\n", PROCESSES_MAX, with - without);
	assert_true(with > without + PROCESSES_MAX * 100ul); /* this measures something */
	assert_true(with - without < 2ul << 20);
	processes_free(processes);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_first),
		cmocka_unit_test(reads_those_of_a_process),
#ifndef __SANITIZE_ADDRESS__
		cmocka_unit_test(takes_less_than_2_MiB),
#endif
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
