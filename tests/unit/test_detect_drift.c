// SPDX-License-Identifier: Apache-2.0
#include "detect_rows.h"

#define USER                .task = TASK_OF(1000), .before = CREDS_OF(1000)
#define EXEC                .kind = PLM_EXEC, USER
#define MAP                 .kind = PLM_MAPPING, USER
#define FILE_IN(where, ...) .file = { .layer = PLM_LAYER_##where, __VA_ARGS__ }
#define IN(where, ...)                                                                                                 \
	{                                                                                                              \
		.layer = PLM_LAYER_##where, __VA_ARGS__                                                                \
	}

/* clang-format off */
static const struct row execs[] = {
	{"a program of the image", {EXEC, .path = "/bin/ls", FILE_IN(IMAGE)}, {.in_image = ANSWER_YES}, {}},
	{"a root that is no overlay", {EXEC, .path = "/bin/ls", FILE_IN(UNKNOWN)}, {}, {}},
	{"copied up by a chmod", {EXEC, .path = "/bin/ls", FILE_IN(UPPER)},
		{.in_image = ANSWER_YES, .metadata_only = true}, {}},
	{"new", {EXEC, .path = "/tmp/x", FILE_IN(UPPER, .upper_device = 16, .upper_inode = 9, .ctime = 5)},
		{.in_image = ANSWER_NO, .parent_executable = "/bin/sh"},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/x", "added", NULL, "/tmp/x @10:9.0.5",
		  "Program /tmp/x, which the image does not hold, was executed in web (pid 7, uid 1000, "
		  "started by /bin/sh)"}}},
	{"new, though only metadata is told to differ", {EXEC, .path = "/tmp/x", FILE_IN(UPPER)},
		{.in_image = ANSWER_NO, .metadata_only = true},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/x", "added", NULL, NULL, NULL}}},
	{"modified", {EXEC, .path = "/bin/ls", FILE_IN(UPPER)}, {.in_image = ANSWER_YES},
		{{"exec", RULE_DRIFT_EXEC_MODIFIED, SEVERITY_CRITICAL, "/bin/ls", "modified", NULL, NULL, NULL}}},
	{"upper, image unreadable", {EXEC, .path = "/bin/ls", FILE_IN(UPPER)}, {},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/bin/ls", "unverified", NULL, NULL,
		  "could not be read"}}},
	{"memory", {EXEC, .path = "/memfd:x", FILE_IN(MEMORY)}, {.in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_MEMORY, SEVERITY_CRITICAL, "/memfd:x", "added", NULL, "/memfd:x", "memory"}}},
	{"deleted, of the upper layer", {EXEC, .path = "/tmp/x", FILE_IN(UPPER, .flags = PLM_FILE_UNLINKED)},
		{.in_image = ANSWER_YES, .metadata_only = true},
		{{"exec", RULE_DRIFT_EXEC_MEMORY, SEVERITY_CRITICAL, "/tmp/x", "added", NULL, NULL, "deleted"}}},
	{"deleted, of a read-only volume",
		{EXEC, .path = "/v/x", FILE_IN(VOLUME, .flags = PLM_FILE_UNLINKED | PLM_FILE_READ_ONLY)}, {},
		{{"exec", RULE_DRIFT_EXEC_MEMORY, SEVERITY_CRITICAL, "/v/x", "added", NULL, NULL, "deleted"}}},
	{"a volume", {EXEC, .path = "/v/x", FILE_IN(VOLUME)}, {.in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_FOREIGN, SEVERITY_MEDIUM, "/v/x", NULL, NULL, "/v/x", "writable"}}},
	{"a read-only volume", {EXEC, .path = "/v/x", FILE_IN(VOLUME, .flags = PLM_FILE_READ_ONLY)}, {},
		{{"exec", RULE_DRIFT_EXEC_FOREIGN, SEVERITY_LOW, "/v/x", NULL, NULL, NULL, "read-only"}}},
	{"another container's root, however it is mounted",
		{EXEC, .path = "/v/x", FILE_IN(OTHER_ROOT, .flags = PLM_FILE_READ_ONLY)}, {.other_container = "db"},
		{{"exec", RULE_DRIFT_EXEC_FOREIGN, SEVERITY_MEDIUM, "/v/x", NULL, NULL, NULL, "the root of db"}}},
	{"already running", {.kind = PLM_TASK, USER, .path = "/tmp/x", FILE_IN(UPPER)}, {.in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/x", "added", NULL, NULL,
		  "was already running when the agent started"}}},
	{"the runtime's own", {.kind = PLM_EXEC, .path = "/memfd:runc",
		.task = {.flags = PLM_TASK_RUNTIME, .creds = CREDS_OF(1000)}, FILE_IN(MEMORY)}, {}, {}},
	{"what may be written may not be executed", {EXEC, .path = "/var/tmp/x", FILE_IN(UPPER)},
		{.in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/var/tmp/x", "added", NULL, NULL, NULL}}},
	{"a plain root, there when the container began", {EXEC, .path = "/bin/ls", FILE_IN(PLAIN)}, {}, {}},
	{"a plain root, changed since",
		{EXEC, .path = "/tmp/x", FILE_IN(PLAIN, .flags = PLM_FILE_CHANGED, .device = 16, .inode = 9, .ctime = 5)},
		{}, {{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/x", "unverified", NULL, "/tmp/x @10:9.0.5",
		  "made or changed since the container began (its root is no overlay"}}},
	{"a plain root, born since", {EXEC, .path = "/tmp/x", FILE_IN(PLAIN, .flags = PLM_FILE_CHANGED)},
		{.in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/x", "unverified", NULL, NULL, NULL}}},
	{"a plain root, born before, changed since", {EXEC, .path = "/bin/ls", FILE_IN(PLAIN, .flags = PLM_FILE_CHANGED)},
		{.in_image = ANSWER_YES},
		{{"exec", RULE_DRIFT_EXEC_MODIFIED, SEVERITY_CRITICAL, "/bin/ls", "unverified", NULL, NULL,
		  "which was changed since"}}},
	{"a plain root, deleted", {EXEC, .path = "/tmp/x", FILE_IN(PLAIN, .flags = PLM_FILE_UNLINKED | PLM_FILE_CHANGED)},
		{}, {{"exec", RULE_DRIFT_EXEC_MEMORY, SEVERITY_CRITICAL, "/tmp/x", "added", NULL, NULL, "deleted"}}},
	{"outside any container", {EXEC, .path = "/x", FILE_IN(UPPER), .exec = {.flags = PLM_EXEC_OUTSIDE}},
		{.in_image = ANSWER_NO},
		{{"exec", RULE_ESCAPE_EXEC, SEVERITY_CRITICAL, "/x", NULL, NULL, NULL, NULL}}},
};

#define SCRIPT(where) EXEC, .path = "/bin/sh", FILE_IN(where), .exec = {.flags = PLM_EXEC_SCRIPT}
static const struct row scripts[] = {
	{"both of the image", {SCRIPT(IMAGE)}, {.script = IN(IMAGE), .script_path = "/run.sh"}, {}},
	{"a script that was not found", {SCRIPT(IMAGE)}, {}, {}},
	{"a new script", {SCRIPT(IMAGE)},
		{.in_image = ANSWER_YES, .script = IN(UPPER), .script_path = "/tmp/s", .script_in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/s", "added", NULL, NULL, "Script /tmp/s"}}},
	{"a script copied up by a chmod", {SCRIPT(IMAGE)},
		{.script = IN(UPPER), .script_path = "/s", .script_in_image = ANSWER_YES,
		 .script_metadata_only = true}, {}},
	{"a script of a plain root, there when the container began", {SCRIPT(PLAIN)},
		{.script = IN(PLAIN), .script_path = "/s"}, {}},
	{"a script of a plain root, changed since", {SCRIPT(PLAIN)},
		{.script = IN(PLAIN, .flags = PLM_FILE_CHANGED), .script_path = "/s"},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/s", "unverified", NULL, NULL, "Script /s"}}},
	{"a new interpreter", {SCRIPT(UPPER)},
		{.in_image = ANSWER_NO, .script = IN(IMAGE), .script_path = "/s", .script_in_image = ANSWER_YES},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/bin/sh", "added", NULL, NULL, "Interpreter"}}},
	{"the worse is told: the interpreter", {SCRIPT(UPPER)},
		{.in_image = ANSWER_YES, .script = IN(VOLUME), .script_path = "/v/s"},
		{{"exec", RULE_DRIFT_EXEC_MODIFIED, SEVERITY_CRITICAL, "/bin/sh", "modified", NULL, NULL, NULL}}},
	{"both alike: the script", {SCRIPT(UPPER)},
		{.in_image = ANSWER_YES, .script = IN(UPPER), .script_path = "/s", .script_in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/s", "added", NULL, NULL, NULL}}},
	{"facts of a script without a script", {EXEC, .path = "/bin/sh", FILE_IN(IMAGE)},
		{.script = IN(UPPER), .script_path = "/s"}, {}},
};

static const struct row libraries[] = {
	{"the image's", {MAP, .path = "/lib/a.so", FILE_IN(IMAGE)}, {.in_image = ANSWER_YES}, {}},
	{"the image's, deleted since", {MAP, .path = "/lib/a.so", FILE_IN(IMAGE, .flags = PLM_FILE_UNLINKED)}, {}, {}},
	{"copied up by a chown", {MAP, .path = "/lib/a.so", FILE_IN(UPPER)},
		{.in_image = ANSWER_YES, .metadata_only = true}, {}},
	{"new", {MAP, .path = "/tmp/a.so", FILE_IN(UPPER)}, {.in_image = ANSWER_NO, .executable = "/bin/ls"},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, "/tmp/a.so", "added", NULL, NULL,
		  "in web by /bin/ls (pid 7, uid 1000)"}}},
	{"modified", {MAP, .path = "/lib/a.so", FILE_IN(UPPER)}, {.in_image = ANSWER_YES},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, "/lib/a.so", "modified", NULL, NULL, NULL}}},
	{"memory of an image's program", {MAP, .path = "/memfd:jit", FILE_IN(MEMORY)}, {.executable_in_image = true},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_MEDIUM, "/memfd:jit", "added", NULL, NULL, "memory"}}},
	{"memory of another program", {MAP, .path = "/memfd:x", FILE_IN(MEMORY)}, {},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, "/memfd:x", "added", NULL, NULL, NULL}}},
	{"a volume", {MAP, .path = "/v/a.so", FILE_IN(VOLUME)}, {},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, "/v/a.so", NULL, NULL, "/v/a.so", NULL}}},
	{"a read-only volume", {MAP, .path = "/v/a.so", FILE_IN(VOLUME, .flags = PLM_FILE_READ_ONLY)}, {},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_LOW, "/v/a.so", NULL, NULL, NULL, NULL}}},
	{"a plain root's, there when the container began", {MAP, .path = "/lib/a.so", FILE_IN(PLAIN)}, {}, {}},
	{"a plain root's, changed since", {MAP, .path = "/lib/a.so", FILE_IN(PLAIN, .flags = PLM_FILE_CHANGED)}, {},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, "/lib/a.so", "unverified", NULL, NULL, "since the container began"}}},
	{"no path", {MAP, FILE_IN(UPPER)}, {.in_image = ANSWER_UNKNOWN},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, NULL, "unverified", NULL, NULL, "(unknown)"}}},
};
/* clang-format on */

static void test_exec(void **state)
{
	(void)state;
	check_rows(execs, ARRAY_SIZE(execs));
}

static void test_script(void **state)
{
	(void)state;
	check_rows(scripts, ARRAY_SIZE(scripts));
}

static void test_library(void **state)
{
	(void)state;
	check_rows(libraries, ARRAY_SIZE(libraries));
}

static void test_policy_applies(void **state)
{
	const struct event event = { EXEC, .path = "/v/x", FILE_IN(VOLUME) };
	const struct facts facts = { 0 };
	struct finding findings[FINDINGS_MAX];

	(void)state;
	assert_int_equal(detect_under("rules: {drift.exec.foreign: {enabled: false}}", &event, &facts, findings), 0);
	assert_int_equal(detect_under("rules: {drift.exec.foreign: {severity: info}}", &event, &facts, findings), 1);
	assert_int_equal(findings[0].severity, SEVERITY_INFO);
}

/* A new payload under an old name is another subject; the same one is not. */
static void test_content_is_in_the_subject(void **state)
{
	const struct event one = { EXEC, .path = "/tmp/x", FILE_IN(UPPER, .upper_inode = 9, .ctime = 5) };
	const struct event two = { EXEC, .path = "/tmp/x", FILE_IN(UPPER, .upper_inode = 9, .ctime = 6) };
	const struct facts facts = { .in_image = ANSWER_NO };
	struct finding a[FINDINGS_MAX], b[FINDINGS_MAX];

	(void)state;
	assert_int_equal(detect_under(NULL, &one, &facts, a), 1);
	assert_int_equal(detect_under(NULL, &one, &facts, b), 1);
	assert_string_equal(a[0].subject, b[0].subject);
	assert_int_equal(detect_under(NULL, &two, &facts, b), 1);
	assert_string_not_equal(a[0].subject, b[0].subject);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_library),
		cmocka_unit_test(test_policy_applies),
		cmocka_unit_test(test_content_is_in_the_subject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
