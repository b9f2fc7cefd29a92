// SPDX-License-Identifier: Apache-2.0
/* What is read of the ledger's document, which of it is chosen, in what order; and as JSON. */
#include "compliance_sample.h"

#include "compliance/internal.h"
#include "compliance/mend.h"

static void order(void **state)
{
	static const struct {
		const char *workload, *rule;
	} rows[] = {
		{ "prod/mail/postfix", "root.escalation" },
		{ "prod/mail/postfix", "root.exec" },
		{ "prod/mail/postfix", "mutation.file" },
		{ "prod/batch/import", "drift.package" },
		{ "prod/batch/import", "image.modified" },
		{ "prod/web/web", "drift.exec.new" },
		{ "prod/web/web", "root.exec" },
		{ "prod/web/web", "mutation.file" },
		{ "prod/db/postgres", "root.exec" },
	};
	json_auto_t *document = sample_ordinary();
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);

	(void)state;
	assert_int_equal(compliance.count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(compliance.violations[i].workload, rows[i].workload);
		assert_string_equal(compliance.violations[i].rule, rows[i].rule);
	}
}

static void within_a_state(void **state)
{
	static const struct {
		struct shown a, b;
		int expected;
	} rows[] = {
		{ { .state = SHOWN_GRACE, .deadline = 1 }, { .state = SHOWN_GRACE, .deadline = 2 }, -1 },
		{ { .state = SHOWN_GRACE, .deadline = 1 }, { .state = SHOWN_OVERDUE, .deadline = 2 }, 1 },
		{ { .state = SHOWN_GRACE, .deadline = MOMENT_UNKNOWN },
		  { .state = SHOWN_GRACE, .deadline = 2 },
		  1 },
		{ { .state = SHOWN_RESOLVED, .resolved = 1 }, { .state = SHOWN_RESOLVED, .resolved = 2 }, 1 },
		{ { .state = SHOWN_WAIVED, .waived_until = 1 },
		  { .state = SHOWN_WAIVED, .waived_until = 2 },
		  -1 },
		{ { .severity = SEVERITY_HIGH }, { .severity = SEVERITY_LOW }, -1 },
		{ { .rule = "b" }, { .rule = "a" }, 1 },
		{ { .state = SHOWN_GRACE }, { .state = SHOWN_GRACE }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct shown a = rows[i].a, b = rows[i].b;
		int r;

		a.id = b.id = a.subject = b.subject = "x";
		a.rule = a.rule ?: "r";
		b.rule = b.rule ?: "r";
		r = violation_compare(&a, &b);
		assert_int_equal((r > 0) - (r < 0), rows[i].expected);
		r = violation_compare(&b, &a);
		assert_int_equal((r > 0) - (r < 0), -rows[i].expected);
	}
}

static void filters(void **state)
{
	static const struct {
		unsigned states;
		const char *workload, *rule, *namespace;
		size_t count;
	} rows[] = {
		{ 0, NULL, NULL, NULL, 9 },
		{ 1u << SHOWN_OVERDUE, NULL, NULL, NULL, 3 },
		{ 1u << SHOWN_OVERDUE | 1u << SHOWN_RESOLVED, NULL, NULL, NULL, 4 },
		{ 0, "prod/web/*", NULL, NULL, 3 },
		{ 0, "prod/*", NULL, NULL, 0 },
		{ 0, "prod/**", NULL, NULL, 9 },
		{ 0, NULL, "drift.*", NULL, 2 },
		{ 0, NULL, "root.exec", NULL, 3 },
		{ 0, NULL, NULL, "prod", 9 },
		{ 0, NULL, NULL, "test*", 0 },
		{ 1u << SHOWN_GRACE, "prod/web/*", "root.exec", "prod", 1 },
	};
	json_auto_t *document = sample_ordinary();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(pattern_freep) struct pattern *workload = NULL, *rule = NULL, *namespace = NULL;
		_cleanup_compliance_ struct compliance compliance = { .document = NULL };

		assert_int_equal(rows[i].workload ? pattern_new(rows[i].workload, 0, &workload) : 0, 0);
		assert_int_equal(rows[i].rule ? pattern_new(rows[i].rule, 0, &rule) : 0, 0);
		assert_int_equal(rows[i].namespace ? pattern_new(rows[i].namespace, 0, &namespace) : 0, 0);
		compliance =
			sample_read(document, &(struct compliance_filter){ rows[i].states, workload, rule, namespace });
		assert_int_equal(compliance.count, rows[i].count);
		assert_int_equal(compliance.total, 9);
	}
}

/* A member of the first violation, or of the document, set to something else. */
static void refused(void **state)
{
	static const struct {
		bool document;
		const char *key, *json;
		int expected;
	} rows[] = {
		{ false, "message", "\"other\"", 0 },
		{ false, "severity", "\"other\"", 0 },
		{ false, "deadline", "\"yesterday\"", 0 },
		{ false, "history", "{}", 0 },
		{ false, "sightings", "7", 0 },
		{ false, "waiver", "[]", 0 },
		{ false, "present", "[]", 0 },
		{ false, "reopened", "-1", 0 },
		{ false, "id", "7", -EBADMSG },
		{ false, "rule", "null", -EBADMSG },
		{ false, "workload", "[]", -EBADMSG },
		{ false, "subject", "{}", -EBADMSG },
		{ false, "state", "\"other\"", -EBADMSG },
		{ false, "state", "3", -EBADMSG },
		{ true, "violations", "{}", -EBADMSG },
		{ true, "as_of", "\"2026-02-30T00:00:00Z\"", -EBADMSG },
		{ true, "waivers", "7", 0 },
		{ true, "head", "[]", 0 },
		{ true, "clock", "7", 0 },
		{ true, "cluster", "7", 0 },
	};
	static const char *const formats[] = { "table", "json", "csv", "html" };
	static const struct compliance_filter any;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_compliance_ struct compliance compliance = { .document = NULL };
		json_auto_t *document = sample_ordinary();
		json_t *at = rows[i].document ? document : json_array_get(json_object_get(document, "violations"), 0);
		size_t index = 7;

		sample_set(at, rows[i].key, json_loads(rows[i].json, JSON_DECODE_ANY, NULL));
		if (compliance_read(document, &any, &compliance, &index) != rows[i].expected)
			fail_msg("%s %s", rows[i].key, rows[i].json);
		if (rows[i].expected) {
			assert_int_equal(index, rows[i].document ? (size_t)-1 : 0);
			assert_null(compliance.violations);
		}
		for (size_t j = 0; rows[i].expected == 0 && j < ARRAY_SIZE(formats); j++)
			free(sample_print(&compliance, formats[j]));
	}
}

static void spans(void **state)
{
	static const struct {
		int64_t seconds;
		const char *expected;
	} rows[] = {
		{ 0, "0 s" },           { 119, "119 s" },
		{ 120, "2 min" },       { 7199, "119 min" },
		{ 7200, "2 h" },        { 2 * DAY - 1, "47 h" },
		{ 2 * DAY, "2 d" },     { -3 * DAY, "3 d" },
		{ 400 * DAY, "400 d" }, { INT64_MIN, "106751991167300 d" },
	};
	char text[SPAN_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		clock_span(rows[i].seconds, text);
		assert_string_equal(text, rows[i].expected);
	}
}

static void clocks(void **state)
{
	static const struct {
		enum shown_state state;
		int64_t moment;
		const char *expected;
	} rows[] = {
		{ SHOWN_OVERDUE, SAMPLE_NOW - 2 * HOUR, "overdue by 2 h" },
		{ SHOWN_OVERDUE, MOMENT_UNKNOWN, "overdue" },
		{ SHOWN_GRACE, SAMPLE_NOW + 3 * DAY, "grace, 3 d left" },
		{ SHOWN_GRACE, SAMPLE_NOW - 2 * HOUR, "grace, due 2 h ago" },
		{ SHOWN_WAIVED, SAMPLE_NOW + 12 * DAY, "waived, 12 d left" },
		{ SHOWN_WAIVED, SAMPLE_NOW - 12 * DAY, "waived, due 12 d ago" },
		{ SHOWN_RESOLVED, SAMPLE_NOW - 3 * DAY, "resolved 3 d ago" },
	};
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct shown violation = { .state = rows[i].state,
						     .deadline = rows[i].moment,
						     .waived_until = rows[i].moment,
						     .resolved = rows[i].moment };

		clock_text(&violation, SAMPLE_NOW, text);
		assert_string_equal(text, rows[i].expected);
	}
}

static void mend(void **state)
{
	static const struct {
		const char *rule, *subject, *part;
	} rows[] = {
		{ "root.exec", "0,image", "set USER in the image, or runAsUser in the pod" },
		{ "root.exec", "0 image", "set USER in the image, or runAsUser in the pod" },
		{ "root.exec", "0,exec-session", "docker exec -u" },
		{ "root.exec", "0,imagery", "find out what made it root" },
		{ "root.escalation", "setuid-file,/usr/bin/a, b", "set-user-ID bit from /usr/bin/a, b in" },
		{ "root.escalation", "unexplained /usr/bin/a", "how /usr/bin/a became" },
		{ "root.escalation", "unexplained", "how unexplained became" },
		{ "drift.package", "packages 00c0ffee", "build the packages into the image and redeploy" },
		{ "drift.library", "/a b,sha256:" SAMPLE_HEAD, "build /a b into" },
		{ "drift.library", "/a b " SAMPLE_HEAD, "build /a b into" },
		{ "drift.library", "/a b @fd00:12.0.99", "build /a b into" },
		{ "drift.library", "/a b", "build /a b into" },
		{ "drift.library", "/a,c0ffee", "build /a,c0ffee into" },
		{ "drift.library", SAMPLE_HEAD, "build " SAMPLE_HEAD " into" },
		{ "mutation.file", "/etc/a", "written to /etc/a on a volume" },
		{ "drift.library", "", "build  into" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };

		mend_append(&out, rows[i].rule, rows[i].subject);
		if (!strstr(buffer_text(&out), rows[i].part))
			fail_msg("%s %s: %s", rows[i].rule, rows[i].subject, buffer_text(&out));
	}
}

/* Every rule that keeps a clock can be mended, and no other is said to. */
static void mend_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < RULES; i++) {
		_cleanup_buffer_ struct buffer out = { 0 };
		const struct rule_info *info = rule_info((enum rule)i);

		mend_append(&out, info->id, "/some/subject");
		if ((out.size > 0) != (info->grace != GRACE_NONE))
			fail_msg("%s: %s", info->id, buffer_text(&out));
	}
}

/* The document itself, but for the violations that were not asked for; in plain characters, one line. */
static void json(void **state)
{
	const struct compliance_filter filter = { .states = 1u << SHOWN_OVERDUE };
	json_auto_t *document = sample_ordinary(), *read = NULL;
	_cleanup_compliance_ struct compliance compliance = sample_read(document, &filter);
	_cleanup_free_ char *text = sample_print(&compliance, "json");
	static const char *const keys[] = { "as_of", "cluster", "head", "entries", "waivers" };

	(void)state;
	read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(read);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_true(json_equal(json_object_get(read, keys[i]), json_object_get(document, keys[i])));
	assert_int_equal(json_array_size(json_object_get(read, "violations")), 3);
	assert_true(json_equal(json_array_get(json_object_get(read, "violations"), 0),
			       json_array_get(json_object_get(document, "violations"), 7)));
	assert_int_equal(json_array_size(json_object_get(document, "violations")), ARRAY_SIZE(sample_rows));
}

static void json_hostile(void **state)
{
	json_auto_t *document = sample_hostile(), *read = NULL;
	_cleanup_free_ char *text = NULL;

	(void)state;
	sample_text(document, "cluster", "\x7f" HOSTILE);
	text = sample_format(document, "json");
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	for (const char *at = text; at[1]; at++)
		assert_true(*at >= ' ' && *at < 0x7f);
	read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_equal(json_object_get(read, "cluster"), json_object_get(document, "cluster")));
	assert_int_equal(json_array_size(json_object_get(read, "violations")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),        cmocka_unit_test(within_a_state), cmocka_unit_test(filters),
		cmocka_unit_test(refused),      cmocka_unit_test(spans),          cmocka_unit_test(clocks),
		cmocka_unit_test(mend),         cmocka_unit_test(mend_whole),     cmocka_unit_test(json),
		cmocka_unit_test(json_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
