// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "detect_rows.h"

#define WORDS_MAX 6

static const struct {
	const char *path;
	const char *argv[WORDS_MAX];
	uint32_t stdin_mode, tty;
	bool interactive;
} rows[] = {
	{ "/bin/bash", { "bash" }, S_IFCHR, 0x8800000, true },
	{ "/usr/bin/top", { "top" }, S_IFCHR, 0x8800000, true },
	{ "/bin/sh", { "sh" }, S_IFIFO, 0, true },
	{ "/bin/sh", { "sh" }, S_IFSOCK, 0, true },
	{ "/bin/sh", { NULL }, S_IFIFO, 0, true },
	{ "/bin/bash", { "-bash" }, S_IFIFO, 0, true },
	{ "/bin/bash", { "bash", "-i" }, S_IFIFO, 0, true },
	{ "/bin/bash", { "bash", "--norc", "-x" }, S_IFIFO, 0, true },
	{ "/bin/bash", { "bash", "--rcfile", "/tmp/rc" }, S_IFIFO, 0, true },
	{ "/bin/bash", { "bash", "-o", "pipefail" }, S_IFIFO, 0, true },
	{ "/bin/sh", { "sh", "-s", "arg" }, S_IFIFO, 0, true },
	{ "/bin/sh", { "sh", "/dev/stdin" }, S_IFIFO, 0, true },
	{ "/bin/sh", { "sh", "--" }, S_IFIFO, 0, true },
	{ "/bin/busybox", { "sh" }, S_IFIFO, 0, true },
	{ "/bin/busybox", { "busybox", "ash" }, S_IFIFO, 0, true },
	{ "/usr/bin/x", { "bash" }, S_IFIFO, 0, true },
	{ "/bin/sh", { "sh" }, S_IFCHR, 0, false },
	{ "/bin/sh", { "sh" }, S_IFREG, 0, false },
	{ "/bin/sh", { "sh" }, 0, 0, false },
	{ "/bin/sh", { "sh", "-c", "true" }, S_IFIFO, 0, false },
	{ "/bin/sh", { "sh", "-ec", "true" }, S_IFIFO, 0, false },
	{ "/bin/bash", { "bash", "-euo", "pipefail", "-c", "true" }, S_IFIFO, 0, false },
	{ "/bin/bash", { "bash", "-lic", "true" }, S_IFIFO, 0, false },
	{ "/bin/sh", { "sh", "/probe.sh" }, S_IFIFO, 0, false },
	{ "/bin/sh", { "sh", "--", "/probe.sh" }, S_IFIFO, 0, false },
	{ "/bin/sh", { "sh", "" }, S_IFIFO, 0, false },
	{ "/bin/busybox", { "busybox", "cat" }, S_IFIFO, 0, false },
	{ "/bin/busybox", { "busybox", "sh", "-c", "x" }, S_IFIFO, 0, false },
	{ "/bin/cat", { "cat" }, S_IFIFO, 0, false },
	{ "/bin/true", { "true" }, S_IFCHR, 0, false },
	{ NULL, { NULL }, S_IFIFO, 0, false },
};

static struct event event_of(const char *path, const char *const *argv)
{
	struct event event = {
		.kind = PLM_EXEC,
		.task = TASK_OF(1000),
		.before = CREDS_OF(1000),
		.path = path,
		.exec = { .flags = PLM_EXEC_SESSION, .argv = argv },
	};

	while (argv[event.exec.argc])
		event.exec.argc++;
	return event;
}

static void test_interactive(void **state)
{
	const struct facts facts = { 0 };
	struct finding findings[FINDINGS_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = event_of(rows[i].path, rows[i].argv);

		event.exec.stdin_mode = rows[i].stdin_mode;
		event.task.tty = rows[i].tty;
		assert_int_equal(detect_under(NULL, &event, &facts, findings), 1);
		assert_int_equal(findings[0].rule, RULE_SESSION_EXEC);
		if (findings[0].interactive != rows[i].interactive)
			fail_msg("row %zu: %s", i, findings[0].message);
		assert_int_equal(findings[0].severity, rows[i].interactive ? SEVERITY_HIGH : SEVERITY_LOW);
		assert_string_equal(findings[0].action, "exec");
	}
}

static void test_no_session(void **state)
{
	static const char *const argv[] = { "sh", NULL };
	struct event event = event_of("/bin/sh", argv);
	struct finding findings[FINDINGS_MAX];
	const struct facts facts = { 0 };

	(void)state;
	event.exec.flags = PLM_EXEC_ENTRY;
	event.task.tty = 1;
	assert_int_equal(detect_under(NULL, &event, &facts, findings), 0);
	event.exec.flags = PLM_EXEC_SESSION;
	event.task.flags = PLM_TASK_RUNTIME;
	assert_int_equal(detect_under(NULL, &event, &facts, findings), 0);
}

/* Repeats are of one command, all arguments count, and none of them is shown: they can be secrets. */
static void test_subject_is_the_command(void **state)
{
	static const char *const argvs[][4] = { { "mysql", "--password=secret" },
						{ "mysql", "--password=other" },
						{ "mysql", "--pass", "word=secret" } };
	struct finding findings[ARRAY_SIZE(argvs)][FINDINGS_MAX], again[FINDINGS_MAX];
	const struct facts facts = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(argvs); i++) {
		struct event event = event_of("/bin/mysql", argvs[i]);

		assert_int_equal(detect_under(NULL, &event, &facts, findings[i]), 1);
		assert_int_equal(detect_under(NULL, &event, &facts, again), 1);
		assert_string_equal(findings[i][0].subject, again[0].subject);
		assert_null(strstr(findings[i][0].subject, "secret"));
		assert_null(strstr(findings[i][0].message, "secret"));
	}
	assert_string_not_equal(findings[0][0].subject, findings[1][0].subject);
	assert_string_not_equal(findings[0][0].subject, findings[2][0].subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interactive),
		cmocka_unit_test(test_no_session),
		cmocka_unit_test(test_subject_is_the_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
