// SPDX-License-Identifier: Apache-2.0
/* The table of rules against interfaces.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/rule.h"

#define DAY 86400

static const struct {
	const char *id;
	enum severity severity;
	int64_t grace;
} promised[] = {
	{ "drift.exec.memory", SEVERITY_CRITICAL, 0 },
	{ "drift.exec.foreign", SEVERITY_MEDIUM, 0 },
	{ "drift.exec.modified", SEVERITY_CRITICAL, 0 },
	{ "drift.exec.new", SEVERITY_CRITICAL, 0 },
	{ "drift.library", SEVERITY_HIGH, 0 },
	{ "drift.script", SEVERITY_HIGH, 0 },
	{ "drift.package", SEVERITY_HIGH, 0 },
	{ "mutation.outside", SEVERITY_CRITICAL, 0 },
	{ "mutation.file", SEVERITY_MEDIUM, 7 * DAY },
	{ "escape.cgroup", SEVERITY_CRITICAL, 0 },
	{ "escape.exec", SEVERITY_CRITICAL, 0 },
	{ "root.escalation", SEVERITY_HIGH, 0 },
	{ "root.exec", SEVERITY_MEDIUM, 14 * DAY },
	{ "session.exec", SEVERITY_LOW, GRACE_NONE },
	{ "image.modified", SEVERITY_HIGH, 7 * DAY },
	{ "image.unpackaged", SEVERITY_INFO, GRACE_NONE },
	{ "coverage.inventory", SEVERITY_MEDIUM, GRACE_NONE },
	{ "coverage.container", SEVERITY_MEDIUM, GRACE_NONE },
	{ "coverage.hook", SEVERITY_MEDIUM, GRACE_NONE },
	{ "coverage.loss", SEVERITY_MEDIUM, GRACE_NONE },
	{ "coverage.io_uring", SEVERITY_MEDIUM, GRACE_NONE },
	{ "compliance.overdue", SEVERITY_HIGH, GRACE_NONE },
	{ "compliance.waiver-ending", SEVERITY_MEDIUM, GRACE_NONE },
};

static void test_promised(void **state)
{
	(void)state;
	assert_int_equal(ARRAY_SIZE(promised), RULES);
	for (size_t i = 0; i < ARRAY_SIZE(promised); i++) {
		int rule = rule_from_id(promised[i].id);
		const struct rule_info *info = rule_info((enum rule)i);

		assert_int_equal(rule, i);
		assert_string_equal(info->id, promised[i].id);
		assert_int_equal(info->severity, promised[i].severity);
		assert_int_equal(info->grace, promised[i].grace);
	}
}

static void test_all_filled(void **state)
{
	(void)state;
	for (int i = 0; i < RULES; i++) {
		const struct rule_info *info = rule_info((enum rule)i);

		assert_non_null(info->name);
		assert_true(strlen(info->name) > 5);
		assert_true(strlen(info->category) > 3);
		assert_true(strlen(info->type) > 3);
	}
}

static void test_unknown(void **state)
{
	static const char *const ids[] = { "", "drift", "drift.exec", "drift.exec.new ", "DRIFT.EXEC.NEW", "*" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(rule_from_id(ids[i]), -ENOENT);
}

static void test_severities(void **state)
{
	static const struct {
		const char *name;
		int number;
	} rows[SEVERITIES] = { { "info", 10 }, { "low", 30 }, { "medium", 50 }, { "high", 70 }, { "critical", 90 } };

	(void)state;
	for (int i = 0; i < SEVERITIES; i++) {
		assert_string_equal(severity_name((enum severity)i), rows[i].name);
		assert_int_equal(severity_number((enum severity)i), rows[i].number);
		assert_int_equal(severity_from_name(rows[i].name), i);
	}
	assert_int_equal(severity_from_name("High"), -ENOENT);
	assert_int_equal(severity_from_name(""), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promised),
		cmocka_unit_test(test_all_filled),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_severities),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
