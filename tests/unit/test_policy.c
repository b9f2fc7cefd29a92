// SPDX-License-Identifier: Apache-2.0
/* The policy: what is refused and where, what is understood, how it applies, and that no bytes break it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/image.h"
#include "policy/nearest.h"
#include "policy/policy.h"
#include "policy/value.h"

#define DAY 86400

/* interfaces.md, "Configuration" */
static const char example[] =
	"writable: [\"/tmp/**\", \"/var/tmp/**\", \"/run/**\"]   # the default\n"
	"rules:\n"
	"  root.exec: {severity: low, grace: 30m}\n"
	"  session.exec: {enabled: false}\n"
	"workloads:\n"
	"  - match: {image: \"registry.example/db:*\", namespace: \"prod\"}\n"
	"    writable: [\"/var/lib/postgresql/**\"]\n"
	"    rules: {mutation.file: {grace: 30d}, session.exec: {enabled: true, severity: high}}\n"
	"    allow:\n"
	"      - {rule: drift.exec.foreign, executable: \"/plugins/**\", reason: \"signed plugins volume\"}\n"
	"      - {rule: drift.exec.foreign, reason: \"second\"}\n"
	"  - match: {label: \"app=d*\"}\n"
	"    rules: {mutation.file: {grace: none, severity: info}}\n"
	"waivers:\n"
	"  - {rule: root.exec, workload: \"prod/db\", until: 2026-12-31, owner: \"dba\", reason: \"OPS-1234\"}\n"
	"redact: [\"--pin=*\"]\n"
	"outputs:\n"
	"  - {type: json, path: /var/log/plimsoll/alerts.json}\n"
	"  - {type: text}\n";

#define END_OF_2026 1798761600

static struct policy *parse(const char *text)
{
	struct policy_error errors[4];
	struct policy *policy = NULL;
	size_t count = 0;

	if (policy_parse(text, strlen(text), &policy, errors, ARRAY_SIZE(errors), &count))
		fail_msg("%u:%u: %s", errors[0].line, errors[0].column, count ? errors[0].message : "");
	assert_int_equal(count, 0);
	return policy;
}

static const struct refusal {
	const char *text;
	unsigned line, column;
	const char *message; /* a part of it */
} refusals[] = {
	/* keys */
	{ "writeable: []", 1, 1, "unknown key 'writeable' in a policy: did you mean 'writable'?" },
	{ "rules: {}\nxyzzy: 1", 2, 1, "unknown key 'xyzzy' in a policy" },
	{ "rules: {}\nrules: {}", 2, 1, "'rules' is given twice" },
	{ "rules:\n  root.exec: {}\n  root.exec: {}", 3, 3, "'root.exec' is given twice" },
	{ "rules: {root.exec: {grace: 1h, grace: 1h}}", 1, 32, "'grace' is given twice" },
	{ "rules: {root.exec: {severty: low}}", 1, 21, "did you mean 'severity'?" },
	{ "workloads: [{match: {img: x}}]", 1, 22, "did you mean 'image'?" },
	{ "\"\\e[31m\": 1", 1, 1, "unknown key '?[31m'" },
	{ "\"rules\\0x\": {}", 1, 1, "unknown key" },
	{ "[a]: 1", 1, 1, "a key must be a word" },
	{ "<<: {}", 1, 1, "unknown key '<<'" },
	/* types */
	{ "[]", 1, 1, "a policy must be a mapping, not a list" },
	{ "text", 1, 1, "a policy must be a mapping, not a single value" },
	{ "writable: /tmp", 1, 11, "writable must be a list, not a single value" },
	{ "writable: {a: b}", 1, 11, "writable must be a list, not a mapping" },
	{ "writable: [[/tmp]]", 1, 12, "an entry of writable must be a single value, not a list" },
	{ "rules: []", 1, 8, "rules must be a mapping" },
	{ "rules: {root.exec: no}", 1, 20, "root.exec must be a mapping" },
	{ "workloads: [x]", 1, 13, "must be a mapping" },
	{ "waivers:", 1, 9, "waivers must be a list" },
	{ "redact: [5]", 1, 10, "'5' is not a text" },
	{ "redact: [true]", 1, 10, "'true' is not a text" },
	{ "redact: [~]", 1, 10, "'~' is not a text" },
	{ "redact: [1.5e3]", 1, 10, "is not a text" },
	{ "redact: [\"\"]", 1, 10, "a value is missing" },
	{ "redact: [\"a\\0b\"]", 1, 10, "must not hold a NUL" },
	/* values */
	{ "rules: {root.exce: {}}", 1, 9, "unknown rule 'root.exce': did you mean 'root.exec'?" },
	{ "rules: {root.*: {}}", 1, 9, "unknown rule" },
	{ "rules: {root.exec: {severity: hihg}}", 1, 31, "unknown severity 'hihg': did you mean 'high'?" },
	{ "rules: {root.exec: {enabled: yes}}", 1, 30, "neither true nor false" },
	{ "rules: {root.exec: {enabled: \"true\"}}", 1, 30, "neither true nor false" },
	{ "rules: {root.exec: {grace: 14}}", 1, 28, "no duration" },
	{ "rules: {root.exec: {grace: -1d}}", 1, 28, "no duration" },
	{ "rules: {root.exec: {grace: 1y}}", 1, 28, "no duration" },
	{ "rules: {root.exec: {grace: 99999999999999999999d}}", 1, 28, "longer than ten years" },
	{ "writable: [tmp]", 1, 12, "must begin with /" },
	{ "writable: [/tmp/]", 1, 12, "empty component" },
	{ "writable: [/a/../b]", 1, 12, "component . or .." },
	{ "workloads: [{writable: []}]", 1, 13, "a workload needs 'match'" },
	{ "workloads: [{match: {}}]", 1, 21, "'match' is empty" },
	{ "workloads: [{match: {label: app}}]", 1, 29, "no label" },
	{ "workloads: [{match: {pod: x}, allow: [{rule: root.exec}]}]", 1, 39, "needs 'reason'" },
	{ "workloads: [{match: {pod: x}, allow: [{reason: x}]}]", 1, 39, "needs 'rule'" },
	{ "waivers: [{rule: root.exec, workload: x, owner: a, reason: b}]", 1, 11, "needs 'until'" },
	{ "waivers: [{rule: root.exec, workload: x, until: 2026-12-31, reason: b}]", 1, 11, "needs 'owner'" },
	{ "waivers: [{rule: root.exec, until: 2026-12-31, owner: a, reason: b}]", 1, 11, "needs 'workload'" },
	{ "waivers: [{until: 2026-02-29}]", 1, 19, "not in the calendar" },
	{ "waivers: [{until: tomorrow}]", 1, 19, "no date" },
	{ "workload_label: team=a", 1, 17, "no label's key" },
	{ "workload_label: \"\"", 1, 17, "a value is missing" },
	{ "workload_label: true", 1, 17, "'true' is not a text" },
	{ "workload_label: \"a\\0b\"", 1, 17, "must not hold a NUL" },
	{ "workload_label: [team]", 1, 17, "workload_label must be a single value, not a list" },
	{ "workload_label: a\nworkload_label: b", 2, 1, "'workload_label' is given twice" },
	{ "history: {size: 1T}", 1, 17, "no size" },
	{ "history: {size: -1}", 1, 17, "no size" },
	{ "history: {size: 15M}", 1, 17, "16M is the least" },
	{ "history: {size: 1048577G}", 1, 17, "out of range" },
	{ "history: {age: none}", 1, 16, "no duration" },
	{ "history: {age: 59m}", 1, 16, "1h is the least" },
	{ "history: {age: 999999d}", 1, 16, "out of range" },
	{ "history: {aeg: 1d}", 1, 11, "unknown key 'aeg' in history: did you mean 'age'?" },
	{ "history: 1G", 1, 10, "history must be a mapping" },
	{ "group: 4711", 1, 8, "'4711' is not a text" },
	{ "group: [ops]", 1, 8, "group must be a single value" },
	{ "workload_lable: team", 1, 1, "did you mean 'workload_label'?" },
	{ "workloads: [{match: {workload: [x]}}]", 1, 32, "workload must be a single value" },
	{ "workloads: [{match: {workload: \"\"}}]", 1, 32, "a value is missing" },
	{ "outputs: [{path: /x}]", 1, 11, "an output needs 'type'" },
	{ "outputs: [{type: xml}]", 1, 18, "unknown output type 'xml'" },
	{ "outputs: [{type: json, path: x}]", 1, 30, "must begin with /" },
	/* YAML */
	{ "redact: [*TOKEN=*]", 1, 10, "must be in quotes" },
	{ "redact: &a [x]", 1, 9, "anchors" },
	{ "redact: [&a x]", 1, 10, "anchors" },
	{ "redact: [!!str x]", 1, 10, "anchors" },
	{ "redact: [x]\nrules: *redact", 2, 8, "must be in quotes" },
	{ "redact: [x", 2, 1, "not YAML: while parsing a flow sequence (from line 1)" },
	{ "rules:\n\t- x", 2, 1, "not YAML" },
	{ "rules: {}\n# \xc3(", 2, 4, "not YAML: invalid trailing UTF-8" },
	{ "--- {}\n--- {}", 2, 1, "only one document" },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[", 1, 17, "nested too deep" },
};

/* Every fault is looked for among all that are told: a text may have several. */
static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *row = &refusals[i];
		struct policy *policy = NULL;
		struct policy_error errors[8];
		size_t count = 0, found = 0;
		int error = policy_parse(row->text, strlen(row->text), &policy, errors, 8, &count);

		assert_null(policy);
		if (error != -EINVAL || !count)
			fail_msg("not refused: %s", row->text);
		for (size_t e = 0; e < count; e++)
			found += errors[e].line == row->line && errors[e].column == row->column &&
				 strstr(errors[e].message, row->message);
		if (!found)
			fail_msg("%s: %u:%u: %s", row->text, errors[0].line, errors[0].column, errors[0].message);
	}
}

static void test_many_at_once(void **state)
{
	static const char text[] = "writable: [a, b]\nrules: {x: {}}\nwaivers: [{}]\noutputs: [{tpe: json}]\n";
	static const unsigned lines[] = { 1, 1, 2, 3, 3, 3, 3, 3, 4, 4 };
	struct policy *policy = NULL;
	struct policy_error errors[16];
	size_t count = 0;

	(void)state;
	assert_int_equal(policy_parse(text, strlen(text), &policy, errors, 16, &count), -EINVAL);
	assert_int_equal(count, ARRAY_SIZE(lines));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(errors[i].line, lines[i]);
	assert_int_equal(policy_parse(text, strlen(text), &policy, errors, 3, &count), -EINVAL);
	assert_int_equal(count, 3);
	assert_int_equal(policy_parse(text, strlen(text), &policy, NULL, 0, &count), -EINVAL);
	assert_int_equal(count, 0);
	assert_null(policy);
}

static void test_nothing_is_default(void **state)
{
	static const char *const texts[] = { "", "# nothing\n", "---\n", "{}", "rules: {}", "\xef\xbb\xbf" };
	const struct policy_subject nobody = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(policy_freep) struct policy *policy = parse(texts[i]);
		_cleanup_(policy_view_freep) struct policy_view *view = policy_view_new(policy, &nobody);

		assert_true(policy_writable(view, "/var/cache/x/y"));
		assert_false(policy_writable(view, "/etc/passwd"));
	}
}

static void test_defaults(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	const struct policy_subject nobody = {};
	_cleanup_(policy_view_freep) struct policy_view *view = policy_view_new(policy, &nobody);
	struct policy_question question = { .rule = RULE_ROOT_EXEC };
	size_t count = 0;

	(void)state;
	assert_string_equal(policy_redact(policy, &count)[0], "--password=*");
	assert_true(count > 20);
	(void)policy_outputs(policy, &count);
	assert_int_equal(count, 0);
	assert_null(policy_allowed(view, &question, 0));
	for (int i = 0; i < RULES; i++) {
		struct policy_rule rule = policy_rule(view, (enum rule)i);

		assert_true(rule.enabled);
		assert_false(rule.has_severity);
		assert_int_equal(rule.severity, rule_info((enum rule)i)->severity);
		assert_int_equal(rule.grace, rule_info((enum rule)i)->grace);
	}
}

static const char *const db_labels[] = { "tier=1", "app=db", "team=a/b" };
static const struct policy_subject db = {
	.container = "db",
	.image = "registry.example/db:13",
	.pod = "db-0",
	.namespace = "prod",
	.workload = "prod/db/postgres",
	.labels = db_labels,
	.label_count = ARRAY_SIZE(db_labels),
};

static void test_view(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = parse(example);
	const struct policy_subject web = { .container = "web", .image = "registry.example/web:1" };
	_cleanup_(policy_view_freep) struct policy_view *of_db = policy_view_new(policy, &db);
	_cleanup_(policy_view_freep) struct policy_view *of_web = policy_view_new(policy, &web);

	(void)state;
	assert_true(policy_writable(of_db, "/var/lib/postgresql/base/1"));
	assert_false(policy_writable(of_web, "/var/lib/postgresql/base/1"));
	assert_true(policy_writable(of_db, "/tmp/x"));
	assert_false(policy_writable(of_db, "/var/cache/x")); /* the file's own list replaces the default */

	assert_true(policy_rule(of_db, RULE_SESSION_EXEC).enabled);
	assert_true(policy_rule(of_db, RULE_SESSION_EXEC).has_severity);
	assert_int_equal(policy_rule(of_db, RULE_SESSION_EXEC).severity, SEVERITY_HIGH);
	assert_false(policy_rule(of_web, RULE_SESSION_EXEC).enabled);
	assert_int_equal(policy_rule(of_web, RULE_ROOT_EXEC).grace, 30 * 60);
	assert_int_equal(policy_rule(of_web, RULE_ROOT_EXEC).severity, SEVERITY_LOW);
	assert_int_equal(policy_rule(of_web, RULE_MUTATION_FILE).grace, 7 * DAY);
	assert_int_equal(policy_rule(of_db, RULE_MUTATION_FILE).grace, GRACE_NONE); /* the later entry's */
	assert_int_equal(policy_rule(of_db, RULE_MUTATION_FILE).severity, SEVERITY_INFO);
}

struct told {
	size_t count;
	uint64_t matched[3];
	unsigned line[3];
};

static void tell(const char *kind, unsigned line, const char *reason, uint64_t matched, void *data)
{
	struct told *told = data;

	assert_true(told->count < 3);
	assert_string_equal(kind, told->count < 2 ? "allow" : "waiver");
	assert_non_null(reason);
	told->line[told->count] = line;
	told->matched[told->count++] = matched;
}

static void test_allowed(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = parse(example);
	_cleanup_(policy_view_freep) struct policy_view *view = policy_view_new(policy, &db);
	struct policy_question plugin = { RULE_DRIFT_EXEC_FOREIGN, "/plugins/a/b", "/plugins/a/b" };
	struct policy_question other = { RULE_DRIFT_EXEC_FOREIGN, NULL, NULL };
	struct policy_question fresh = { RULE_DRIFT_EXEC_NEW, "/plugins/a/b", NULL };
	struct policy_question root = { RULE_ROOT_EXEC, "/bin/sh", NULL };
	struct told told = {};

	(void)state;
	assert_string_equal(policy_allowed(view, &plugin, 0), "signed plugins volume");
	assert_string_equal(policy_allowed(view, &other, 0), "second");
	assert_null(policy_allowed(view, &fresh, 0));
	assert_string_equal(policy_allowed(view, &root, 0), "OPS-1234");
	assert_string_equal(policy_allowed(view, &root, END_OF_2026 - 1), "OPS-1234");
	assert_null(policy_allowed(view, &root, END_OF_2026));
	policy_for_each_exception(policy, tell, &told);
	assert_int_equal(told.count, 3);
	assert_int_equal(told.matched[0], 1);
	assert_int_equal(told.matched[1], 1);
	assert_int_equal(told.matched[2], 2);
	assert_int_equal(told.line[0], 10);
	assert_int_equal(told.line[2], 15);
}

static void test_history_and_group(void **state)
{
	_cleanup_(policy_freep) struct policy *none = policy_default();
	_cleanup_(policy_freep) struct policy *some = parse("history: {size: 16M}\ngroup: \"4711\"");
	_cleanup_(policy_freep) struct policy *all = parse("history: {age: 1h, size: 2G}\ngroup: ops");

	(void)state;
	assert_int_equal(policy_history(none).size, POLICY_HISTORY_SIZE);
	assert_int_equal(policy_history(none).age, POLICY_HISTORY_AGE);
	assert_null(policy_group(none));
	assert_int_equal(policy_history(some).size, 16 << 20);
	assert_int_equal(policy_history(some).age, POLICY_HISTORY_AGE);
	assert_string_equal(policy_group(some), "4711");
	assert_int_equal(policy_history(all).size, 2ll << 30);
	assert_int_equal(policy_history(all).age, 3600);
	assert_string_equal(policy_group(all), "ops");
}

static void test_workload_label(void **state)
{
	_cleanup_(policy_freep) struct policy *none = policy_default();
	_cleanup_(policy_freep) struct policy *policy = parse("workload_label: example.org/team");

	(void)state;
	assert_null(policy_workload_label(none));
	assert_string_equal(policy_workload_label(policy), "example.org/team");
}

static void test_lists(void **state)
{
	_cleanup_(policy_freep) struct policy *policy = parse(example);
	const struct policy_output *outputs = NULL;
	const char *const *redact = NULL;
	struct policy_counts before = policy_counts(policy, 0), after = policy_counts(policy, END_OF_2026);
	size_t count = 0;

	(void)state;
	redact = policy_redact(policy, &count);
	assert_string_equal(redact[0], "--password=*");
	assert_string_equal(redact[count - 1], "--pin=*");
	outputs = policy_outputs(policy, &count);
	assert_int_equal(count, 2);
	assert_string_equal(outputs[0].type, "json");
	assert_string_equal(outputs[0].path, "/var/log/plimsoll/alerts.json");
	assert_string_equal(outputs[1].type, "text");
	assert_null(outputs[1].path);
	assert_int_equal(before.workloads, 2);
	assert_int_equal(before.waivers, 1);
	assert_int_equal(before.waivers_ended, 0);
	assert_int_equal(after.waivers_ended, 1);
	assert_int_equal(before.rules, 5);
	assert_int_equal(before.allow, 2);
}

/* Whom `match` and a waiver's `workload` fit; each pattern against the subject db above, or nobody. */
static void test_matching(void **state)
{
	static const struct {
		const char *key, *pattern;
		bool fits;
	} rows[] = {
		{ "image", "registry.example/db:*", true },
		{ "image", "registry.example/db", true },
		{ "image", "registry.example/*", true },
		{ "image", "db:*", false },
		{ "image", "**", true },
		{ "image", "registry.example/db:12", false },
		{ "namespace", "prod", true },
		{ "namespace", "pro", false },
		{ "container", "d*", true },
		{ "container", "db-0", false },
		{ "pod", "db-*", true },
		{ "pod", "db", false },
		{ "label", "app=db", true },
		{ "label", "app=*", true },
		{ "label", "app=web", false },
		{ "label", "*=1", true },
		{ "label", "team=**", true },
		{ "label", "team=*", false },
		{ "label", "app=d", false },
		{ "label", "pp=db", false },
		{ "match.workload", "prod/db/postgres", true },
		{ "match.workload", "prod/db/*", true },
		{ "match.workload", "prod/**", true },
		{ "match.workload", "prod/*", false },
		{ "match.workload", "prod/db", false },
		{ "match.workload", "db", false },
		{ "workload", "prod/db/postgres", true },
		{ "workload", "prod/**", true },
		{ "workload", "prod/db", true },
		{ "workload", "prod/db-0", true },
		{ "workload", "prod/*", true },
		{ "workload", "db", true },
		{ "workload", "registry.example/db:*", true },
		{ "workload", "test/db", false },
		{ "workload", "prod", false },
		{ "workload", "db-0", false },
	};
	const struct policy_subject nobody = {};
	const struct policy_question question = { .rule = RULE_ROOT_EXEC };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(policy_freep) struct policy *policy = NULL;
		_cleanup_(policy_view_freep) struct policy_view *view = NULL, *empty = NULL;
		static const char in_match[] = "match.";
		bool waiver = !strcmp(rows[i].key, "workload");
		const char *key = rows[i].key;
		char text[256];

		if (!strncmp(key, in_match, strlen(in_match))) /* the same word is a waiver's too */
			key += strlen(in_match);
		(void)snprintf(
			text, sizeof(text),
			waiver ? "waivers: [{rule: root.exec, until: 2030-01-01, owner: o, reason: r, %s: \"%s\"}]"
			       : "workloads: [{match: {%s: \"%s\"}, allow: [{rule: root.exec, reason: r}]}]",
			key, rows[i].pattern);
		policy = parse(text);
		view = policy_view_new(policy, &db);
		empty = policy_view_new(policy, &nobody);
		if (!policy_allowed(view, &question, 0) == rows[i].fits)
			fail_msg("%s", text);
		assert_null(policy_allowed(empty, &question, 0));
	}
}

static void test_image_names(void **state)
{
	static const char *const rows[][IMAGE_NAMES + 1] = {
		{ "debian:12", "debian", "docker.io/library/debian:12", "docker.io/library/debian", NULL },
		{ "docker.io/library/debian:12", "docker.io/library/debian", "debian:12", "debian", NULL },
		{ "docker.io/a/b", "a/b", NULL },
		{ "a/b@sha256:00", "a/b", "docker.io/a/b@sha256:00", "docker.io/a/b", NULL },
		{ "localhost/b:1", "localhost/b", NULL },
		{ "host:5000/b", NULL },
	};
	struct image_names names;
	char longer[2 * IMAGE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		image_names_fill(rows[i][0], &names);
		for (size_t n = 0; n < names.count; n++)
			assert_string_equal(names.names[n], rows[i][n]);
		assert_null(rows[i][names.count]);
	}
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	image_names_fill(longer, &names);
	assert_int_equal(names.count, 0);
	image_names_fill(NULL, &names);
	assert_int_equal(names.count, 0);
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int error;
		int64_t seconds;
	} rows[] = {
		{ "0s", 0, 0 },          { "30m", 0, 1800 },    { "1h", 0, 3600 },
		{ "14d", 0, 14 * DAY },  { "2w", 0, 14 * DAY }, { "3650d", 0, 3650 * DAY },
		{ "3651d", -ERANGE, 0 }, { "1", -EINVAL, 0 },   { "", -EINVAL, 0 },
		{ "d", -EINVAL, 0 },     { "1d ", -EINVAL, 0 }, { "1.5h", -EINVAL, 0 },
		{ "+1d", -EINVAL, 0 },   { "1dd", -EINVAL, 0 }, { "18446744073709551617s", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t seconds = 0;

		assert_int_equal(value_duration(rows[i].text, &seconds), rows[i].error);
		assert_int_equal(seconds, rows[i].seconds);
	}
}

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		int error;
		int64_t end;
	} rows[] = {
		{ "2026-12-31", 0, END_OF_2026 },
		{ "2026-12-31T23:59:59Z", 0, END_OF_2026 - 1 },
		{ "2026-12-31t23:59:59z", 0, END_OF_2026 - 1 },
		{ "2026-12-31T23:59:60Z", 0, END_OF_2026 },
		{ "2026-12-31T23:59:58.5Z", 0, END_OF_2026 - 1 },
		{ "2026-12-31T23:59:58.000Z", 0, END_OF_2026 - 2 },
		{ "2027-01-01T01:00:00+01:00", 0, END_OF_2026 },
		{ "2026-12-31T18:30:00-05:30", 0, END_OF_2026 },
		{ "2028-02-29", 0, 1835481600 },
		{ "2026-02-29", -ERANGE, 0 },
		{ "2026-13-01", -ERANGE, 0 },
		{ "2026-00-01", -ERANGE, 0 },
		{ "2026-01-00", -ERANGE, 0 },
		{ "1969-12-31", -ERANGE, 0 },
		{ "2026-12-31T24:00:00Z", -ERANGE, 0 },
		{ "2026-12-31T00:00:00+24:00", -ERANGE, 0 },
		{ "2026-12-31T00:00:00", -EINVAL, 0 },
		{ "2026-12-31T00:00:00.Z", -EINVAL, 0 },
		{ "2026-12-31T00:00:00Zx", -EINVAL, 0 },
		{ "2026-12-31 00:00:00Z", -EINVAL, 0 },
		{ "2026-12-31T00:00", -EINVAL, 0 },
		{ "2026-12-3", -EINVAL, 0 },
		{ "26-12-31", -EINVAL, 0 },
		{ "2026/12/31", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t end = 0;
		int error = value_until(rows[i].text, &end);

		if (error != rows[i].error || end != rows[i].end)
			fail_msg("%s: %d, %lld", rows[i].text, error, (long long)end);
	}
}

static void test_nearest(void **state)
{
	static const struct {
		const char *word, *best;
	} rows[] = {
		{ "sevrity", "severity" },
		{ "severiyt", "severity" },
		{ "enable", "enabled" },
		{ "garce", "grace" },
		{ "xyzzy", NULL },
		{ "", NULL },
		{ "g", NULL },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
	};
	static const char *const known[] = { "enabled", "severity", "grace" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nearest nearest = { .word = rows[i].word };

		for (size_t k = 0; k < ARRAY_SIZE(known); k++)
			nearest_offer(&nearest, known[k]);
		if (rows[i].best)
			assert_string_equal(nearest.best, rows[i].best);
		else
			assert_null(nearest.best);
	}
}

static void test_bounds(void **state)
{
	_cleanup_free_ char *text = malloc(POLICY_SIZE_MAX + 1);
	struct policy_error error;
	struct policy *policy = NULL;
	size_t count = 0, length = 0;

	(void)state;
	memset(text, '#', POLICY_SIZE_MAX + 1);
	assert_int_equal(policy_parse(text, POLICY_SIZE_MAX + 1, &policy, &error, 1, &count), -EINVAL);
	assert_int_equal(error.line, 0);
	assert_int_equal(policy_parse(text, POLICY_SIZE_MAX, &policy, &error, 1, &count), 0);
	policy_free(take_ptr(policy));

	for (length = sprintf(text, "redact: ["); length < 300000; length += 2)
		memcpy(text + length, "a,", 2);
	assert_int_equal(policy_parse(text, length, &policy, &error, 1, &count), -EINVAL);
	assert_non_null(strstr(error.message, "too many values"));
	memset(text, '[', POLICY_SIZE_MAX);
	assert_int_equal(policy_parse(text, POLICY_SIZE_MAX, &policy, &error, 1, &count), -EINVAL);
	assert_non_null(strstr(error.message, "nested too deep"));
	assert_null(policy);
}

/* A message is UTF-8 without control characters, wherever a long word was cut. */
static void test_messages(void **state)
{
	char text[256] = "";
	struct policy_error error;
	struct policy *policy = NULL;
	size_t count = 0;

	(void)state;
	for (unsigned pad = 0; pad < 3; pad++) {
		size_t length = sprintf(text, "\"%.*s", pad, "xx");

		for (unsigned i = 0; i < 40; i++)
			length += sprintf(text + length, "\xe2\x82\xac");
		length += sprintf(text + length, "\\x9b\": 1");
		assert_int_equal(policy_parse(text, length, &policy, &error, 1, &count), -EINVAL);
		assert_non_null(strstr(error.message, "unknown key '"));
		assert_non_null(strstr(error.message, "' in a policy"));
		if (pad)
			assert_non_null(strstr(error.message, "?' in a policy"));
	}
}

static void test_load(void **state)
{
	char path[] = "/tmp/plimsoll-policy-XXXXXX";
	_cleanup_close_ int fd = mkstemp(path);
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_error error;
	size_t count = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, example, strlen(example)), strlen(example));
	assert_int_equal(policy_load(path, &policy, &error, 1, &count), 0);
	assert_int_equal(policy_counts(policy, 0).workloads, 2);
	policy_free(take_ptr(policy));
	assert_int_equal(write(fd, "x: 1\n", 5), 5);
	assert_int_equal(policy_load(path, &policy, &error, 1, &count), -EINVAL);
	assert_int_equal(error.line, 20);
	assert_int_equal(ftruncate(fd, POLICY_SIZE_MAX + 1), 0);
	assert_int_equal(policy_load(path, &policy, &error, 1, &count), -EFBIG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(policy_load(path, &policy, &error, 1, &count), -ENOENT);
	assert_int_equal(policy_load("/tmp", &policy, &error, 1, &count), -EISDIR);
	assert_null(policy);
}

/* Whatever the bytes: a policy that can be asked, or at least one error with its place. Gives 1 for a policy.
 */
static unsigned feed(const char *text, size_t size)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(policy_view_freep) struct policy_view *view = NULL;
	struct policy_question question = { RULE_DRIFT_EXEC_FOREIGN, "/plugins/x", "/x" };
	struct policy_error errors[4];
	size_t count = 0;
	int error = policy_parse(text, size, &policy, errors, 4, &count);

	if (error) {
		assert_int_equal(error, -EINVAL);
		assert_true(count > 0 && count <= 4);
		assert_true(errors[0].line > 0 && errors[0].column > 0);
		assert_true(errors[0].message[0]);
		assert_null(policy);
		return 0;
	}
	assert_int_equal(count, 0);
	view = policy_view_new(policy, &db);
	assert_non_null(view);
	(void)policy_writable(view, "/tmp/x");
	(void)policy_allowed(view, &question, 0);
	return 1;
}

static void test_prefixes(void **state)
{
	unsigned good = 0;

	(void)state;
	for (size_t size = 0; size < sizeof(example); size++) {
		/* a block of its own, so that a read behind the end is seen */
		_cleanup_free_ char *prefix = malloc(size + 1);

		memcpy(prefix, example, size);
		good += feed(prefix, size);
	}
	assert_true(good > 10);
	assert_true(good < sizeof(example) / 2);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* One to four bytes replaced, by any byte or by one that means something to YAML. */
static void test_mutations(void **state)
{
	static const char special[] = "{}[],:#&*!|>'\"%@`-? \n\t\\\0\xff\xfe~<=/";
	unsigned good = 0, rounds = 20000;
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		char text[sizeof(example)];
		unsigned changes = 1 + next_random(&seed) % 4;

		memcpy(text, example, sizeof(text));
		while (changes--) {
			size_t at = next_random(&seed) % (sizeof(text) - 1);
			bool any = next_random(&seed) & 1;

			text[at] = any ? (char)next_random(&seed) : special[next_random(&seed) % (sizeof(special) - 1)];
		}
		good += feed(text, sizeof(text) - 1);
	}
	assert_true(good > rounds / 100);
	assert_true(good < rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_nothing_is_default),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_view),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_history_and_group),
		cmocka_unit_test(test_workload_label),
		cmocka_unit_test(test_matching),
		cmocka_unit_test(test_image_names),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
