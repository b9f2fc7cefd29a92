// SPDX-License-Identifier: Apache-2.0
#include "detect/coverage.h"
#include "detect_rows.h"

/* clang-format off */
static const struct row rows[] = {
	{"left", {.kind = PLM_LEAVE, .task = TASK_OF(1000), .leave = {.by_pid = 9, .path = "/user.slice"}},
		{.executable = "/bin/sh"},
		{{"move", RULE_ESCAPE_CGROUP, SEVERITY_CRITICAL, "/bin/sh", NULL, NULL, "/bin/sh",
		  "/bin/sh (pid 7, uid 1000) left web for cgroup /user.slice, moved by pid 9"}}},
	{"left, program unknown", {.kind = PLM_LEAVE, .task = TASK_OF(1000)}, {},
		{{"move", RULE_ESCAPE_CGROUP, SEVERITY_CRITICAL, NULL, NULL, NULL, "sh", "a process called sh"}}},
	{"moved by its runtime", {.kind = PLM_LEAVE, .task = {.flags = PLM_TASK_RUNTIME}}, {}, {}},
	{"a container's program on the host, as root",
		{.kind = PLM_EXEC, .task = TASK_OF(0), .path = "/x", .exec.flags = PLM_EXEC_OUTSIDE,
		 .file.layer = PLM_LAYER_UPPER}, {.in_image = ANSWER_NO},
		{{"exec", RULE_ESCAPE_EXEC, SEVERITY_CRITICAL, "/x", NULL, NULL, "/x", "outside any container"}}},
	{"a container's script on the host",
		{.kind = PLM_EXEC, .task = TASK_OF(0), .path = "/bin/sh",
		 .exec.flags = PLM_EXEC_OUTSIDE | PLM_EXEC_SCRIPT}, {.script_path = "/cmd"},
		{{"exec", RULE_ESCAPE_EXEC, SEVERITY_CRITICAL, "/cmd", NULL, NULL, "/cmd", NULL}}},
	{"a birth", {.kind = PLM_BIRTH}, {}, {}},
	{"a start", {.kind = PLM_START, .task = TASK_OF(0)}, {}, {}},
};
/* clang-format on */

static void test_escape(void **state)
{
	(void)state;
	check_rows(rows, ARRAY_SIZE(rows));
}

static void test_coverage(void **state)
{
	char message[2000];
	struct finding finding;

	(void)state;
	coverage_finding(&finding, RULE_COVERAGE_HOOK, "rename", "Renames are not seen: no hook attached");
	assert_int_equal(finding.rule, RULE_COVERAGE_HOOK);
	assert_int_equal(finding.severity, SEVERITY_MEDIUM);
	assert_string_equal(finding.subject, "rename");
	assert_string_equal(finding.message, "Renames are not seen: no hook attached");
	memset(message, 'x', sizeof(message));
	message[sizeof(message) - 1] = '\0';
	coverage_finding(&finding, RULE_COVERAGE_LOSS, message, message);
	assert_int_equal(strlen(finding.message), sizeof(finding.message) - 1);
	assert_int_equal(strlen(finding.subject), sizeof(finding.subject) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
