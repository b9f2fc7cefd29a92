// SPDX-License-Identifier: Apache-2.0
/* From findings to violations: which are kept, by what subject, and what the lines say of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "detect/subject.h"
#include "fold/fold.h"
#include "ledger/document.h"
#include "tell/tell.h"

#define SECOND 1000000000ull
#define NOW    (360000 * SECOND)
#define OFFSET 1700000000000000000ll
#define WEB    7

struct house {
	char dir[40];
	char path[80];
	struct output_context context;
	struct id_source ids;
	struct policy *policy;
	struct registry *registry;
	struct processes *processes;
	struct container *web;
	struct sinks *sinks;
	struct ledger *ledger;
	struct teller *teller;
	uint64_t now;
	struct event event;
	struct facts facts;
};

static const char policy_text[] =
	"workloads:\n"
	"  - match: {workload: prod/web}\n"
	"    rules: {root.escalation: {grace: none}}\n"
	"    allow: [{rule: drift.exec.foreign, reason: plugins}]\n"
	"waivers:\n"
	"  - {rule: root.exec, workload: prod/web, until: 2099-01-01, owner: o, reason: OPS-1}\n";

static const char *path_of(struct house *house, const char *name)
{
	(void)snprintf(house->path, sizeof(house->path), "%s/%s", house->dir, name);
	return house->path;
}

static void ledger_begin(struct house *house)
{
	const struct ledger_settings settings = { .node = "here", .resolve_after = 50, .reopen_within = 50 };
	const struct trust_reading now = { .wall = OFFSET + (int64_t)NOW, .boot = (int64_t)NOW };
	struct policy_waiver said = policy_waiver(house->policy, 0);
	struct ledger_opened opened;
	struct waiver waiver;

	assert_int_equal(ledger_open(house->dir, &settings, &now, &house->ledger, &opened), 0);
	waiver_of_policy(&said, &waiver);
	assert_int_equal(ledger_policy_waivers(house->ledger, &waiver, 1, (int64_t)NOW), 0);
	teller_set_ledger(house->teller, house->ledger);
}

static int setup(void **data)
{
	struct house *house = calloc(1, sizeof(*house));
	struct policy_error errors[4];
	struct teller_parts parts = { .ids = &house->ids };
	size_t count;

	strcpy(house->dir, "/tmp/plimsoll-tellv-XXXXXX");
	assert_non_null(mkdtemp(house->dir));
	assert_int_equal(policy_parse(policy_text, strlen(policy_text), &house->policy, errors, 4, &count), 0);
	assert_int_equal(id_source_open(&house->ids), 0);
	parts.registry = house->registry = registry_new(4, NULL, NULL);
	parts.processes = house->processes = processes_new(4);
	parts.sinks = house->sinks = sinks_new(&house->context, &house->ids);
	assert_int_equal(sinks_add(house->sinks, "json", path_of(house, "alerts")), 0);
	assert_int_equal(registry_add(house->registry, WEB, "/docker/web", &house->web), 0);
	house->web->workload = strdup("prod/web");
	house->web->facts.id = strdup("web1");
	house->web->facts.name = strdup("we\xff"
					"b");
	house->web->facts.image_digest = strdup("sha256:12");
	house->web->view = policy_view_new(house->policy, &(struct policy_subject){ .workload = "prod/web" });
	assert_int_equal(teller_new(&parts, house->policy, &house->teller), 0);
	teller_set_clock(house->teller, OFFSET);
	house->now = NOW;
	house->event.kind = PLM_EXEC;
	house->event.task.pid = 12;
	house->event.task.start = NOW - SECOND;
	house->facts.container_age = UINT64_MAX;
	ledger_begin(house);
	*data = house;
	return 0;
}

static int teardown(void **data)
{
	static const char *const names[] = { "alerts", "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock" };
	struct house *house = *data;

	policy_view_free(house->web->view);
	house->web->view = NULL;
	teller_free(house->teller);
	ledger_close(house->ledger);
	registry_free(house->registry);
	processes_free(house->processes);
	sinks_free(house->sinks);
	policy_free(house->policy);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)remove(path_of(house, names[i]));
	assert_int_equal(rmdir(house->dir), 0);
	free(house);
	return 0;
}

static struct finding finding_of(enum rule rule, const char *subject, const char *path)
{
	struct finding finding = {
		.rule = rule, .severity = SEVERITY_MEDIUM, .action = "exec", .path = path, .layer = PLM_LAYER_UPPER
	};

	(void)snprintf(finding.subject, sizeof(finding.subject), "%s", subject);
	(void)snprintf(finding.message, sizeof(finding.message), "it was seen");
	return finding;
}

static enum tell_verdict tell(struct house *house, const struct finding *finding)
{
	house->now += SECOND / 100;
	house->event.time = house->now;
	return tell_finding(
		house->teller,
		&(struct telling){ .event = &house->event, .facts = &house->facts, .container = house->web }, finding);
}

/* The last line that was written; NULL: none. */
static json_t *last_line(struct house *house)
{
	_cleanup_fclose_ FILE *file = NULL;
	json_t *last = NULL;
	char line[8192];

	(void)sinks_flush(house->sinks, OFFSET);
	file = fopen(path_of(house, "alerts"), "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		json_decref(last);
		last = json_loads(line, 0, NULL);
	}
	return last;
}

static const char *text_at(const json_t *line, const char *group, const char *key)
{
	const json_t *plimsoll = json_object_get(line, "plimsoll");

	return json_string_value(json_object_get(json_object_get(plimsoll, group), key)) ?: "";
}

/* The subjects of the violations, of one rule, sorted as the ledger has them, in one text. */
static void expect_subjects(struct house *house, enum rule rule, const char *expected)
{
	json_auto_t *document = NULL;
	const json_t *violation;
	char subjects[2048] = "";
	size_t i;

	assert_int_equal(ledger_document(house->dir, OFFSET + (int64_t)house->now, &document), 0);
	json_array_foreach (json_object_get(document, "violations"), i, violation)
		if (strcmp(json_string_value(json_object_get(violation, "rule")), rule_info(rule)->id) == 0) {
			strcat(subjects, subjects[0] ? ", " : "");
			strcat(subjects, json_string_value(json_object_get(violation, "subject")));
		}
	assert_string_equal(subjects, expected);
}

static void test_an_alert_says_since_when(void **data)
{
	struct house *house = *data;
	struct finding finding = finding_of(RULE_MUTATION_FILE, "/etc/passwd", "/etc/passwd");
	json_auto_t *line = NULL;

	assert_int_equal(tell(house, &finding), TELL_TOLD);
	line = last_line(house);
	assert_int_equal(strlen(text_at(line, "compliance", "id")), 32);
	assert_string_equal(text_at(line, "compliance", "state"), "grace");
	assert_int_equal(
		strncmp(text_at(line, "compliance", "opened"), text_at(line, "compliance", "deadline"), 30) < 0, 1);
	assert_int_equal(strlen(text_at(line, "ledger", "head")), 64);
	expect_subjects(house, RULE_MUTATION_FILE, "/etc/passwd");
}

static void test_what_keeps_no_clock(void **data)
{
	struct house *house = *data;
	struct finding session = finding_of(RULE_SESSION_EXEC, "sh", NULL);
	struct finding escalation = finding_of(RULE_ROOT_ESCALATION, "su", NULL);
	json_auto_t *line = NULL;

	assert_int_equal(tell(house, &session), TELL_TOLD);
	assert_int_equal(tell(house, &escalation), TELL_TOLD); /* by the policy */
	line = last_line(house);
	assert_string_equal(text_at(line, "compliance", "id"), "");
	assert_int_equal(ledger_counts(house->ledger).open, 0);
}

static void test_allowed_is_none_and_waived_is_one(void **data)
{
	struct house *house = *data;
	struct finding plugin = finding_of(RULE_DRIFT_EXEC_FOREIGN, "/plugins/a", "/plugins/a");
	struct finding root = finding_of(RULE_ROOT_EXEC, "0 image", "/bin/sh");
	json_auto_t *first = NULL, *second = NULL;

	assert_int_equal(tell(house, &plugin), TELL_ALLOWED);
	first = last_line(house);
	assert_string_equal(text_at(first, "compliance", "id"), "");
	assert_int_equal(tell(house, &root), TELL_ALLOWED);
	second = last_line(house);
	assert_string_equal(text_at(second, "compliance", "state"), "waived");
	expect_subjects(house, RULE_DRIFT_EXEC_FOREIGN, "");
	expect_subjects(house, RULE_ROOT_EXEC, "0 image");
}

/* Where the digest was not known the change time stood for it, which is another on every node. */
static void test_a_subject_means_the_same_everywhere(void **data)
{
	struct house *house = *data;
	struct finding unknown = finding_of(RULE_DRIFT_EXEC_NEW, "/opt/new @8:1.2.3", "/opt/new");
	struct finding known = finding_of(RULE_DRIFT_EXEC_NEW, "/opt/other 12ab", "/opt/other");

	unknown.state = subject_hash(unknown.subject);
	known.state = subject_hash("/opt/other @8:4.5.6");
	assert_int_equal(tell(house, &unknown), TELL_TOLD);
	assert_int_equal(tell(house, &known), TELL_TOLD);
	assert_int_equal(ledger_counts(house->ledger).open, 2);
	expect_subjects(house, RULE_DRIFT_EXEC_NEW, "/opt/other 12ab, /opt/new"); /* in the order of their ids */
}

static void test_a_storm_is_of_its_directory(void **data)
{
	struct house *house = *data;
	char path[32];

	for (unsigned i = 0; i < 60; i++) {
		struct finding finding;

		(void)snprintf(path, sizeof(path), "/data/%u", i);
		finding = finding_of(RULE_MUTATION_FILE, path, path);
		(void)tell(house, &finding);
	}
	assert_int_equal(ledger_counts(house->ledger).open, FOLD_STORM_LIMIT + 1);
	house->event.time = house->now;
	for (unsigned i = 0; i < 60; i++) { /* the next agent finds them on disk */
		struct finding finding;

		(void)snprintf(path, sizeof(path), "/data/%u", i);
		finding = finding_of(RULE_MUTATION_FILE, path, path);
		(void)tell_finding(house->teller,
				   &(struct telling){ .event = &house->event,
						      .facts = &house->facts,
						      .container = house->web,
						      .found = house->now },
				   &finding);
	}
	assert_int_equal(ledger_counts(house->ledger).open, FOLD_STORM_LIMIT + 1);
}

static void test_a_packages_script_is_of_its_transaction(void **data)
{
	struct house *house = *data;
	struct finding script =
		finding_of(RULE_DRIFT_SCRIPT, "scripts of packages @7", "/var/lib/dpkg/info/x.postinst");

	house->facts.transaction = 7;
	assert_int_equal(tell(house, &script), TELL_TOLD);
	assert_int_equal(ledger_counts(house->ledger).open, 0);
}

/* ---- what the ledger tells ---- */

static void test_notices(void **data)
{
	static const char head[CHAIN_TEXT_SIZE] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct house *house = *data;
	struct entry entry = { .seq = 4,
			       .time = OFFSET,
			       .opened = OFFSET - 5,
			       .deadline = OFFSET - 1,
			       .violation = "ffffffffffffffffffffffffffffffff",
			       .kind = "overdue",
			       .to = "overdue",
			       .why = "its grace ended" };
	struct ledger_notice notice = { .entry = &entry, .rule = "root.exec", .workload = "prod/web", .subject = "0" };
	const struct policy_rule applied = { .enabled = true };
	json_auto_t *alert = NULL, *state = NULL;

	memcpy(notice.head, head, sizeof(head));
	assert_int_equal(notice_rule(&notice), RULE_COMPLIANCE_OVERDUE);
	tell_notice(house->teller, &notice, house->web, &applied);
	alert = last_line(house);
	assert_string_equal(json_string_value(json_object_get(json_object_get(alert, "rule"), "id")),
			    "compliance.overdue");
	assert_string_equal(json_string_value(json_object_get(json_object_get(alert, "event"), "id")),
			    "17979cfe362a00000123456789abcdef");
	assert_string_equal(text_at(alert, "compliance", "state"), "overdue");

	entry.kind = "resolved";
	assert_int_equal(notice_rule(&notice), -ENOENT);
	tell_notice(house->teller, &notice, NULL, NULL);
	state = last_line(house);
	assert_string_equal(json_string_value(json_object_get(json_object_get(state, "event"), "kind")), "state");
	assert_string_equal(text_at(state, "ledger", "head"), head);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_alert_says_since_when),
		TEST(test_what_keeps_no_clock),
		TEST(test_allowed_is_none_and_waived_is_one),
		TEST(test_a_subject_means_the_same_everywhere),
		TEST(test_a_storm_is_of_its_directory),
		TEST(test_a_packages_script_is_of_its_transaction),
		TEST(test_notices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
