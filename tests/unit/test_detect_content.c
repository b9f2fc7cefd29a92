// SPDX-License-Identifier: Apache-2.0
/* What follows from content: digests, packages, scripts that an interpreter reads, and the image's own faults. */
#include "detect_rows.h"

#define USER                .task = TASK_OF(1000), .before = CREDS_OF(1000)
#define EXEC                .kind = PLM_EXEC, USER
#define MAP                 .kind = PLM_MAPPING, USER
#define FILE_IN(where, ...) .file = { .layer = PLM_LAYER_##where, __VA_ARGS__ }
#define IN(where, ...)                                                                                                 \
	{                                                                                                              \
		.layer = PLM_LAYER_##where, __VA_ARGS__                                                                \
	}
#define SUM                                                                                                            \
	{                                                                                                              \
		.kind = DIGEST_MD5, .bytes = { 0xab, 0xcd }                                                            \
	}
#define SUM_TEXT "abcd0000000000000000000000000000"
#define NGINX                                                                                                          \
	{                                                                                                              \
		"nginx", "1.2", "deb"                                                                                  \
	}

/* clang-format off */
static const struct row contents[] = {
	{"the content is in the subject", {EXEC, .path = "/tmp/x", FILE_IN(UPPER)},
		{.in_image = ANSWER_NO, .content = {.digest = SUM}},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/x", "added", NULL, "/tmp/x " SUM_TEXT, NULL}}},
	{"not known in time", {EXEC, .path = "/bin/ls", FILE_IN(UPPER)},
		{.in_image = ANSWER_YES, .content = {.unverified = true}},
		{{"exec", RULE_DRIFT_EXEC_MODIFIED, SEVERITY_CRITICAL, "/bin/ls", "unverified", NULL, NULL, "not verified yet"}}},
	{"a copy of another file of the image", {EXEC, .path = "/opt/b", FILE_IN(UPPER)},
		{.in_image = ANSWER_NO, .content = {.digest = SUM, .copied_from = "/bin/busybox"}},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/opt/b", "added", NULL, NULL, "a copy of the image's /bin/busybox"}}},
	{"of a package that came", {EXEC, .path = "/usr/sbin/nginx", FILE_IN(UPPER)},
		{.in_image = ANSWER_NO, .content = {.digest = SUM, .vouched = true, .package = NGINX}},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/usr/sbin/nginx", "added", NULL, "package nginx 1.2", "of package nginx 1.2"}}},
	{"a package's own script, as it comes", {EXEC, .path = "/bin/sh", FILE_IN(IMAGE), .exec = {.flags = PLM_EXEC_SCRIPT}},
		{.in_image = ANSWER_YES, .script = IN(UPPER), .script_path = "/var/lib/dpkg/info/x.postinst",
		 .script_in_image = ANSWER_NO, .script_source = SCRIPT_EXECUTED, .transaction = 77},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/var/lib/dpkg/info/x.postinst", "added", NULL,
		  "scripts of packages @77", NULL}}},
	{"mapped, and not known in time", {MAP, .path = "/lib/a.so", FILE_IN(UPPER)},
		{.in_image = ANSWER_YES, .content = {.unverified = true}},
		{{"map", RULE_DRIFT_LIBRARY, SEVERITY_HIGH, "/lib/a.so", "unverified", NULL, NULL, NULL}}},
};

#define BY(interpreter, source, ...) {EXEC, .path = "/bin/sh", FILE_IN(interpreter)}, \
	{.in_image = ANSWER_YES, .script_path = "/s", .script_source = SCRIPT_##source, __VA_ARGS__}
static const struct row scripts[] = {
	{"a new one, by its name", BY(IMAGE, ARGUMENT, .script = IN(UPPER), .script_in_image = ANSWER_NO),
		{{"exec", RULE_DRIFT_SCRIPT, SEVERITY_HIGH, "/s", "added", NULL, NULL, "was run by its name"}}},
	{"a modified one, as a module", BY(IMAGE, MODULE, .script = IN(UPPER), .script_in_image = ANSWER_YES),
		{{"exec", RULE_DRIFT_SCRIPT, SEVERITY_HIGH, "/s", "modified", NULL, NULL, "as a module"}}},
	{"a new one, as input", BY(IMAGE, INPUT, .script = IN(UPPER), .script_in_image = ANSWER_NO),
		{{"exec", RULE_DRIFT_SCRIPT, SEVERITY_HIGH, "/s", "added", NULL, NULL, "as standard input"}}},
	{"of a writable volume", BY(IMAGE, ARGUMENT, .script = IN(VOLUME)),
		{{"exec", RULE_DRIFT_SCRIPT, SEVERITY_LOW, "/s", NULL, NULL, NULL, NULL}}},
	{"of a read-only volume", BY(IMAGE, ARGUMENT, .script = IN(VOLUME, .flags = PLM_FILE_READ_ONLY)),
		{{"exec", RULE_DRIFT_SCRIPT, SEVERITY_INFO, "/s", NULL, NULL, NULL, NULL}}},
	{"of memory", BY(IMAGE, ARGUMENT, .script = IN(MEMORY)),
		{{"exec", RULE_DRIFT_SCRIPT, SEVERITY_HIGH, "/s", "added", NULL, NULL, "memory"}}},
	{"an interpreter that is drift itself says it all",
		{EXEC, .path = "/tmp/sh", FILE_IN(UPPER)},
		{.in_image = ANSWER_NO, .script_path = "/s", .script_source = SCRIPT_ARGUMENT, .script = IN(UPPER),
		 .script_in_image = ANSWER_NO},
		{{"exec", RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/tmp/sh", "added", NULL, NULL, NULL}}},
	/* twins */
	{"the image's own", BY(IMAGE, ARGUMENT, .script = IN(IMAGE), .script_in_image = ANSWER_YES), {}},
	{"copied up by a chmod", BY(IMAGE, ARGUMENT, .script = IN(UPPER), .script_in_image = ANSWER_YES,
		.script_metadata_only = true), {}},
	{"no script", BY(IMAGE, NONE, .script = IN(UPPER), .script_in_image = ANSWER_NO), {}},
	{"outside any container", {EXEC, .path = "/bin/sh", FILE_IN(IMAGE), .exec = {.flags = PLM_EXEC_OUTSIDE}},
		{.script_path = "/s", .script_source = SCRIPT_ARGUMENT, .script = IN(UPPER), .script_in_image = ANSWER_NO},
		{{"exec", RULE_ESCAPE_EXEC, SEVERITY_CRITICAL, "/bin/sh", NULL, NULL, NULL, NULL}}},
};

static const struct row images[] = {
	{"not what its package says", {EXEC, .path = "/bin/ls", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .first_of_image = true, .content = {.tampered = true, .packaged = ANSWER_YES, .package = NGINX}},
		{{"exec", RULE_IMAGE_MODIFIED, SEVERITY_HIGH, "/bin/ls", "modified", NULL, "/bin/ls", "package nginx 1.2"}}},
	{"a library that is not", {MAP, .path = "/lib/a.so", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .first_of_image = true, .content = {.tampered = true, .packaged = ANSWER_YES, .package = NGINX}},
		{{"map", RULE_IMAGE_MODIFIED, SEVERITY_HIGH, "/lib/a.so", "modified", NULL, NULL, NULL}}},
	{"of no package", {EXEC, .path = "/app", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .first_of_image = true, .content = {.packaged = ANSWER_NO}},
		{{"exec", RULE_IMAGE_UNPACKAGED, SEVERITY_INFO, "/app", "unpackaged", NULL, NULL, NULL}}},
	/* twins */
	{"told of that image before", {EXEC, .path = "/bin/ls", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .content = {.tampered = true, .packaged = ANSWER_YES, .package = NGINX}}, {}},
	{"of a package, and as it says", {EXEC, .path = "/bin/ls", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .first_of_image = true, .content = {.packaged = ANSWER_YES, .package = NGINX}}, {}},
	{"packages are not known", {EXEC, .path = "/app", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .first_of_image = true}, {}},
	{"a library of no package", {MAP, .path = "/lib/a.so", FILE_IN(IMAGE)},
		{.in_image = ANSWER_YES, .first_of_image = true, .content = {.packaged = ANSWER_NO}}, {}},
};
/* clang-format on */

static void test_contents(void **state)
{
	(void)state;
	check_rows(contents, ARRAY_SIZE(contents));
}

static void test_scripts(void **state)
{
	(void)state;
	check_rows(scripts, ARRAY_SIZE(scripts));
}

static void test_images(void **state)
{
	(void)state;
	check_rows(images, ARRAY_SIZE(images));
}

/* What corrects an alert that was told too early names the file, and says that it is none. */
static void test_cleared(void **state)
{
	const struct container container = { .cgroup = 42, .facts = { .name = (char *)"web" } };
	const struct event event = { EXEC, .path = "/bin/ls", FILE_IN(UPPER) };
	const struct facts facts = { .in_image = ANSWER_YES, .metadata_only = true };
	struct finding finding;

	(void)state;
	detect_cleared(&event, &facts, &container, RULE_DRIFT_EXEC_MODIFIED, &finding);
	assert_int_equal(finding.rule, RULE_DRIFT_EXEC_MODIFIED);
	assert_int_equal(finding.severity, SEVERITY_INFO);
	assert_string_equal(finding.verdict, "metadata");
	assert_string_equal(finding.path, "/bin/ls");
	assert_non_null(strstr(finding.message, "holds what the image has there"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
