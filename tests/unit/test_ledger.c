// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "ledger/document.h"
#include "ledger/ledger.h"
#include "ledger/request.h"
#include "output/time.h"

#define S       1000000000ll
#define WALL    (1800000000 * S)
#define DIGEST  "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ANOTHER "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

DEFINE_CLEANUP(sqlite3 *, sqlite3_close)

/* A directory of each test's own, a clock, and what is seen. */
struct place {
	char dir[32];
	char path[300];
	int64_t up; /* s since boot */
	struct ledger_settings settings;
	enum presence workload, here; /* what the watch answers */
	int64_t grace;                /* s; as the policy has it; below GRACE_NONE: it is not asked */
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	*place = (struct place){ .up = 1000, .here = PRESENCE_YES, .workload = PRESENCE_NO, .grace = -2 };
	strcpy(place->dir, "/tmp/plimsoll-ledger-XXXXXX");
	place->settings = (struct ledger_settings){
		.node = "node1", .resolve_after = 50, .reopen_within = 1000, .waiver_max = 10000, .waiver_warning = 20
	};
	*state = place;
	return mkdtemp(place->dir) ? 0 : -1;
}

static const char *path_of(struct place *place, const char *name)
{
	(void)snprintf(place->path, sizeof(place->path), "%s/%s", place->dir, name);
	return place->path;
}

static int teardown(void **state)
{
	static const char *const names[] = { "ledger.db",
					     "ledger.db-wal",
					     "ledger.db-shm",
					     "ledger.db.damaged",
					     "ledger.db.damaged-wal",
					     "ledger.db.damaged-shm",
					     "ledger.lock",
					     "hole" };
	struct place *place = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)remove(path_of(place, names[i]));
	assert_int_equal(rmdir(place->dir), 0);
	free(place);
	return 0;
}

static struct trust_reading reading(const struct place *place)
{
	return (struct trust_reading){ .wall = WALL + place->up * S, .boot = place->up * S };
}

static struct ledger *open_ledger(struct place *place, struct ledger_opened *ret_opened)
{
	struct trust_reading now = reading(place);
	struct ledger *ledger = NULL;

	assert_int_equal(ledger_open(place->dir, &place->settings, &now, &ledger, ret_opened), 0);
	return ledger;
}

static struct ledger *open_sound(struct place *place)
{
	struct ledger_opened opened;
	struct ledger *ledger = open_ledger(place, &opened);

	assert_false(opened.set_aside);
	assert_int_equal(opened.clock, TRUST_SAME);
	return ledger;
}

static struct ledger_finding finding_of(const char *subject)
{
	return (struct ledger_finding){ .rule = RULE_ROOT_EXEC,
					.severity = SEVERITY_MEDIUM,
					.grace = 100,
					.workload = "prod/db",
					.subject = subject,
					.message = "it runs as root",
					.place = { .container = "c1", .digest = DIGEST, .facts = "{\"container\":{}}" },
					.evidence = { .kinds = EVIDENCE_PROCESS } };
}

static struct ledger_answer find(struct ledger *ledger, struct place *place, const char *subject)
{
	struct ledger_finding finding = finding_of(subject);
	struct ledger_answer answer;

	assert_int_equal(ledger_find(ledger, &finding, place->up * S, &answer), 0);
	return answer;
}

static enum presence watch_workload(const char *workload, void *data)
{
	(void)workload;
	return ((struct place *)data)->workload;
}

static enum presence watch_look(const char *container, enum rule rule, struct evidence *evidence, void *data)
{
	(void)container;
	(void)rule;
	(void)evidence;
	return ((struct place *)data)->here;
}

static void watch_grace(const char *workload, enum rule rule, int64_t *ret_grace, void *data)
{
	const struct place *place = data;

	(void)workload;
	(void)rule;
	if (place->grace >= GRACE_NONE)
		*ret_grace = place->grace;
}

/* `seconds` go by, one tick a second. */
static void pass(struct ledger *ledger, struct place *place, int64_t seconds)
{
	const struct ledger_watch watch = { watch_workload, watch_look, watch_grace, place };

	for (; seconds > 0; seconds--) {
		struct trust_reading now;

		place->up++;
		now = reading(place);
		(void)ledger_tick(ledger, &now, &watch);
	}
}

struct told {
	char kinds[400]; /* space-separated, as they came */
	char last_why[1024];
	enum violation_state state;
};

static void tell(const struct ledger_notice *notice, void *data)
{
	struct told *told = data;
	size_t length = strlen(told->kinds);

	(void)snprintf(told->kinds + length, sizeof(told->kinds) - length, "%s%s", length ? " " : "",
		       notice->entry->kind);
	(void)snprintf(told->last_why, sizeof(told->last_why), "%s", notice->entry->why);
	told->state = notice->state;
}

static void expect_told(struct ledger *ledger, const char *kinds)
{
	struct told told = { .kinds = "" };

	ledger_untold(ledger, tell, &told);
	ledger_told(ledger);
	assert_string_equal(told.kinds, kinds);
}

static void verify(const struct place *place, const char *head)
{
	struct ledger_fault fault;

	if (ledger_verify(place->dir, head, &fault) != 0)
		fail_msg("entry %llu: %s", (unsigned long long)fault.seq, fault.why);
}

/* Runs SQL behind the ledger's back. */
static void database_run(struct place *place, const char *sql)
{
	_cleanup_(sqlite3_closep) sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path_of(place, "ledger.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* ---- a violation's life ---- */

static void test_its_life(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	struct ledger_answer answer = find(ledger, place, "0 image"), again;

	assert_true(answer.news);
	assert_int_equal(answer.state, VIOLATION_GRACE);
	assert_int_equal(answer.opened, WALL + 1000 * S);
	assert_int_equal(answer.deadline, WALL + 1100 * S);
	expect_told(ledger, "");
	pass(ledger, place, 10);
	again = find(ledger, place, "0 image");
	assert_false(again.news);
	assert_string_equal(again.id, answer.id);
	assert_int_equal(again.opened, answer.opened);
	pass(ledger, place, 89);
	expect_told(ledger, "");
	pass(ledger, place, 6); /* all are looked at within five seconds */
	expect_told(ledger, "overdue");
	place->here = PRESENCE_NO;
	pass(ledger, place, 45);
	expect_told(ledger, "");
	pass(ledger, place, 20);
	expect_told(ledger, "resolved");
	ledger_close(ledger);
	verify(place, answer.head);

	ledger = open_sound(place);
	place->here = PRESENCE_YES;
	again = find(ledger, place, "0 image");
	assert_true(again.news);
	assert_string_equal(again.id, answer.id);
	assert_int_equal(again.opened, answer.opened);
	assert_int_equal(again.state, VIOLATION_OVERDUE);
	ledger_close(ledger);
	verify(place, again.head);
}

static void test_later_it_is_a_new_one(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct ledger_answer first = find(ledger, place, "0 image"), second;
	json_auto_t *document = NULL;
	const json_t *last;

	place->here = PRESENCE_NO;
	pass(ledger, place, 70);
	pass(ledger, place, 1001);
	second = find(ledger, place, "0 image");
	assert_true(second.news);
	assert_string_not_equal(second.id, first.id);
	assert_int_equal(second.opened, WALL + place->up * S);
	pass(ledger, place, 1);
	assert_int_equal(ledger_document(place->dir, WALL + 100000 * S, &document), 0);
	assert_int_equal(json_array_size(json_object_get(document, "violations")), 2);
	last = json_array_get(json_object_get(document, "violations"), strcmp(first.id, second.id) < 0);
	assert_string_equal(json_string_value(json_object_get(last, "previous")), first.id);
}

static void test_one_key_whatever_the_container(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct ledger_answer first = find(ledger, place, "0 image"), answer;
	static const struct {
		const char *workload, *subject, *container, *cluster;
		enum rule rule;
		bool same;
	} rows[] = {
		{ "prod/db", "0 image", "c1", NULL, RULE_ROOT_EXEC, true },
		{ "prod/db", "0 image", "c2", NULL, RULE_ROOT_EXEC, true },
		{ "prod/web", "0 image", "c1", NULL, RULE_ROOT_EXEC, false },
		{ "prod/db", "0 setuid-file", "c1", NULL, RULE_ROOT_EXEC, false },
		{ "prod/db", "0 image", "c1", NULL, RULE_ROOT_ESCALATION, false },
		{ "prod/db", "0 image", "c1", "east", RULE_ROOT_EXEC, false },
		{ "prod/d", "b0 image", "c1", NULL, RULE_ROOT_EXEC, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ledger_finding finding = finding_of(rows[i].subject);

		place->settings.cluster = rows[i].cluster;
		assert_int_equal(ledger_settle(ledger, &place->settings), 0);
		finding.workload = rows[i].workload;
		finding.rule = rows[i].rule;
		finding.place.container = rows[i].container;
		assert_int_equal(ledger_find(ledger, &finding, place->up * S, &answer), 0);
		if ((strcmp(answer.id, first.id) == 0) != rows[i].same)
			fail_msg("row %zu", i);
	}
	place->settings.cluster = NULL;
}

static void test_all_nodes_make_the_same_id(void **data)
{
	char id[VIOLATION_ID_SIZE], other[VIOLATION_ID_SIZE];

	(void)data;
	assert_int_equal(violation_id("c", "w", "root.exec", "s", 0, id), 0);
	/* printf '\0\0\0\1c\0\0\0\1w\0\0\0\11root.exec\0\0\0\1s' | sha256sum */
	assert_string_equal(id, "348e52f2bfa99e194d1adcea16ee874a");
	assert_int_equal(violation_id("c", "w", "root.exec", "s", 1, other), 0);
	assert_string_not_equal(id, other);
}

static void test_no_clock_opens_nothing(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct ledger_finding finding = finding_of("x");
	struct ledger_answer answer;

	finding.grace = GRACE_NONE;
	assert_int_equal(ledger_find(ledger, &finding, 0, &answer), -ENOENT);
	finding.grace = 5;
	finding.rule = RULE_SESSION_EXEC;
	assert_int_equal(ledger_find(ledger, &finding, 0, &answer), -ENOENT);
	assert_int_equal(ledger_counts(ledger).open, 0);
}

static void test_a_changed_policy_moves_deadlines(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;

	(void)find(ledger, place, "0 image");
	place->grace = 500;
	pass(ledger, place, 6);
	expect_told(ledger, "deadline-moved");
	pass(ledger, place, 200);
	expect_told(ledger, "");
	place->grace = 7;
	pass(ledger, place, 6);
	expect_told(ledger, "deadline-moved overdue");
	place->grace = GRACE_NONE;
	pass(ledger, place, 6);
	expect_told(ledger, "resolved");
}

static void test_a_gap_is_no_absence(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);

	(void)find(ledger, place, "0 image");
	place->here = PRESENCE_NO;
	pass(ledger, place, 45);
	ledger_close(ledger); /* nobody looks */
	place->up += 30;
	ledger = open_sound(place);
	pass(ledger, place, 45);
	expect_told(ledger, "overdue");                   /* and not resolved: the clock runs on */
	place->here = place->workload = PRESENCE_UNKNOWN; /* no container of it runs */
	pass(ledger, place, 6);
	place->here = place->workload = PRESENCE_NO;
	pass(ledger, place, 45);
	expect_told(ledger, "");
	pass(ledger, place, 16);
	expect_told(ledger, "resolved");
	ledger_close(ledger);
}

static void test_too_many_subjects_are_one(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct ledger_answer answer, other;
	char subject[32];

	for (unsigned i = 0; i < LEDGER_SUBJECTS_MAX; i++) {
		(void)snprintf(subject, sizeof(subject), "/%u", i);
		assert_true(find(ledger, place, subject).news);
	}
	answer = find(ledger, place, "/one more");
	other = find(ledger, place, "/and another");
	assert_string_equal(answer.id, other.id);
	assert_int_equal(ledger_counts(ledger).open, LEDGER_SUBJECTS_MAX + 1);
	assert_false(find(ledger, place, "/7").news);
}

static void test_sightings_are_bounded(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	json_auto_t *document = NULL;
	const json_t *sightings;
	char container[32];

	for (unsigned i = 0; i < LEDGER_SIGHTINGS_MAX + 5; i++) {
		struct ledger_finding finding = finding_of("0 image");
		struct ledger_answer answer;

		place->up++;
		(void)snprintf(container, sizeof(container), "c%u", i);
		finding.place.container = container;
		assert_int_equal(ledger_find(ledger, &finding, place->up * S, &answer), 0);
	}
	assert_int_equal(ledger_counts(ledger).dropped, 5);
	ledger_close(ledger);
	assert_int_equal(ledger_document(place->dir, WALL + 5000 * S, &document), 0);
	sightings = json_object_get(json_array_get(json_object_get(document, "violations"), 0), "sightings");
	assert_int_equal(json_array_size(sightings), LEDGER_SIGHTINGS_MAX);
}

/* ---- waivers ---- */

static struct waiver waiver_of(const struct place *place, int64_t seconds)
{
	return (struct waiver){ .rule = RULE_ROOT_EXEC,
				.workload = "prod/*",
				.until = WALL + (place->up + seconds) * S,
				.owner = "dba",
				.reason = "OPS-1" };
}

static const struct waiver *waive(struct ledger *ledger, const struct place *place, const struct waiver *waiver)
{
	const struct waiver *made = NULL;
	char why[WAIVER_WHY];

	assert_int_equal(ledger_waive(ledger, waiver, "uid 0", place->up * S, &made, why), 0);
	return made;
}

static void test_waived_and_not(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	struct waiver waiver = waiver_of(place, 40);
	struct waiver_question question = { .rule = RULE_ROOT_EXEC, .workload = "prod/db", .subject = "0 image" };
	const struct waiver *made;

	(void)find(ledger, place, "0 image");
	made = waive(ledger, place, &waiver);
	expect_told(ledger, "waiver-made waived"); /* at once */
	pass(ledger, place, 6);
	expect_told(ledger, "");
	assert_ptr_equal(ledger_waiver(ledger, &question, place->up * S), made);
	ledger_waiver_matched(ledger, made, place->up * S);
	question.workload = "test/db";
	assert_null(ledger_waiver(ledger, &question, place->up * S));
	question.workload = "prod/db";
	question.rule = RULE_DRIFT_LIBRARY;
	assert_null(ledger_waiver(ledger, &question, place->up * S));
	ledger_close(ledger);

	ledger = open_sound(place);
	pass(ledger, place, 25);
	expect_told(ledger, "waiver-ending");
	pass(ledger, place, 15);
	expect_told(ledger, "waiver-expired waiver-ended");
	pass(ledger, place, 60);
	expect_told(ledger, "overdue");
	ledger_close(ledger);
	verify(place, NULL);
}

static void test_revoked(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct waiver waiver = waiver_of(place, 4000);
	char id[WAIVER_ID_SIZE];

	(void)find(ledger, place, "0 image");
	memcpy(id, waive(ledger, place, &waiver)->id, sizeof(id));
	pass(ledger, place, 6);
	assert_int_equal(ledger_revoke(ledger, "Wffff", "uid 0", "no", place->up * S), -ENOENT);
	assert_int_equal(ledger_revoke(ledger, id, "uid 0", "no more", place->up * S), 0);
	assert_int_equal(ledger_revoke(ledger, id, "uid 0", "twice", place->up * S), -ENOENT);
	pass(ledger, place, 6);
	expect_told(ledger, "waiver-made waived waiver-revoked waiver-ended");
}

static void test_bound_to_a_digest(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct waiver waiver = waiver_of(place, 4000);
	struct waiver_question question = { .rule = RULE_ROOT_EXEC, .workload = "prod/db", .digest = DIGEST };

	waiver.digest = DIGEST;
	(void)waive(ledger, place, &waiver);
	assert_non_null(ledger_waiver(ledger, &question, place->up * S));
	question.digest = NULL; /* it is not known: no reason to end it */
	assert_non_null(ledger_waiver(ledger, &question, place->up * S));
	question.digest = ANOTHER;
	assert_null(ledger_waiver(ledger, &question, place->up * S));
	question.digest = DIGEST; /* void it stays */
	assert_null(ledger_waiver(ledger, &question, place->up * S));
	expect_told(ledger, "waiver-made waiver-void");
}

static void test_the_policys(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct waiver waivers[] = { waiver_of(place, 4000), waiver_of(place, -5) };
	for (size_t i = 0; i < ARRAY_SIZE(waivers); i++)
		waiver_policy_id(&waivers[i], waivers[i].id);
	(void)find(ledger, place, "0 image");
	assert_int_equal(ledger_policy_waivers(ledger, waivers, 2, place->up * S), 0);
	assert_int_equal(ledger_policy_waivers(ledger, waivers, 2, place->up * S), 0); /* again: nothing new */
	pass(ledger, place, 6);
	expect_told(ledger, "waiver-made waived");
	assert_int_equal(ledger_revoke(ledger, waivers[0].id, "uid 0", "no", place->up * S), -EPERM);
	assert_int_equal(ledger_policy_waivers(ledger, waivers, 0, place->up * S), 0);
	pass(ledger, place, 6);
	expect_told(ledger, "waiver-revoked waiver-ended");
	assert_int_equal(ledger_policy_waivers(ledger, waivers, 1, place->up * S), 0);
	pass(ledger, place, 6);
	expect_told(ledger, "waiver-made waived");
}

static void test_waivers_that_are_none(void **data)
{
	struct place *place = *data;
	const struct waiver good = waiver_of(place, 100);
	char longer[700], why[WAIVER_WHY];
	struct waiver rows[10];
	static const char *const says[] = {
		"needs an end", "in the past", "later than the policy", "an owner", "a reason",
		"a workload",   "control",     "keeps no clock",        "a digest", "so long",
	};

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		rows[i] = good;
	rows[0].until = 0;
	rows[1].until = WALL + place->up * S;
	rows[2].until = WALL + (place->up + 10001) * S;
	rows[3].owner = "";
	rows[4].reason = NULL;
	rows[5].workload = NULL;
	rows[6].reason = "a\033[31mb";
	rows[7].rule = RULE_SESSION_EXEC;
	rows[8].digest = "sha256:12";
	rows[9].reason = longer;
	assert_int_equal(waiver_check(&good, 10000, WALL + place->up * S, why), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(waiver_check(&rows[i], 10000, WALL + place->up * S, why), -EINVAL);
		if (!strstr(why, says[i]))
			fail_msg("row %zu: %s", i, why);
	}
}

static void test_requests(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct trust_reading now = reading(place);
	struct ledger_answer answer = find(ledger, place, "0 image");
	char text[512], until[TIME_RFC3339_SIZE];
	static const struct {
		const char *request, *error; /* error NULL: it is granted; %U: an hour from now */
	} rows[] = {
		{ "{\"do\":\"waive\",\"rule\":\"root.exec\",\"workload\":\"w\",\"until\":\"%U\",\"owner\":\"o\","
		  "\"reason\":\"r\"}",
		  NULL },
		{ "{\"do\":\"waive\",\"violation\":\"%V\",\"until\":\"%U\",\"owner\":\"o\",\"reason\":\"r\"}", NULL },
		{ "{\"do\":\"waive\",\"violation\":\"12345678\",\"until\":\"%U\",\"owner\":\"o\",\"reason\":\"r\"}",
		  "no violation" },
		{ "{\"do\":\"waive\",\"violation\":\"1\",\"until\":\"%U\",\"owner\":\"o\",\"reason\":\"r\"}",
		  "no violation" },
		{ "{\"do\":\"waive\",\"violation\":\"%V\",\"owner\":\"o\",\"reason\":\"r\"}", "needs an end" },
		{ "{\"do\":\"waive\",\"violation\":\"%V\",\"until\":\"2027-02-30\",\"owner\":\"o\",\"reason\":\"r\"}",
		  "not in the calendar" },
		{ "{\"do\":\"waive\",\"violation\":\"%V\",\"until\":\"soon\",\"owner\":\"o\",\"reason\":\"r\"}",
		  "no date" },
		{ "{\"do\":\"waive\",\"rule\":\"root.exce\",\"workload\":\"w\",\"until\":\"%U\",\"owner\":\"o\","
		  "\"reason\":\"r\"}",
		  "no such rule" },
		{ "{\"do\":\"waive\",\"until\":\"%U\",\"owner\":\"o\",\"reason\":\"r\"}", "a rule is needed" },
		{ "{\"do\":\"revoke\",\"id\":\"W1\"}", "a reason" },
		{ "{\"do\":\"revoke\",\"id\":\"W1\",\"reason\":\"r\"}", "no waiver" },
		{ "{\"do\":\"confirm-clock\"}", NULL },
		{ "{\"do\":\"burn\"}", "does not understand" },
		{ "{", "does not understand" },
		{ "[1]", "does not understand" },
		{ "", "does not understand" },
	};

	time_rfc3339(now.wall + 3600 * S, until);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *got = NULL;
		const char *error;
		size_t length = 0;

		for (const char *p = rows[i].request; *p; p++) {
			const char *put = p[0] == '%' ? (p[1] == 'U' ? until : answer.id) : NULL;

			length += (size_t)snprintf(text + length, sizeof(text) - length, put ? "%s" : "%.1s", put ?: p);
			p += put != NULL;
		}
		text[length] = '\0';
		got = ledger_request(ledger, text, "uid 0", &now);
		error = json_string_value(json_object_get(got, "error"));
		if (!got || !error != !rows[i].error || (error && !strstr(error, rows[i].error)))
			fail_msg("%s: %s", text, error ?: "granted");
	}
}

/* ---- the clock ---- */

static void test_a_stepped_clock_freezes(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	const struct ledger_watch watch = { watch_workload, watch_look, watch_grace, place };
	struct trust_reading now;

	(void)find(ledger, place, "0 image");
	place->up += 1;
	now = reading(place);
	now.wall += 100000 * S; /* would be overdue */
	assert_int_equal(ledger_tick(ledger, &now, &watch), TRUST_FROZE);
	for (unsigned i = 0; i < 200; i++) {
		place->up++;
		now = reading(place);
		now.wall += 100000 * S;
		assert_int_equal(ledger_tick(ledger, &now, &watch), TRUST_SAME);
	}
	expect_told(ledger, "clock-frozen");
	assert_int_not_equal(ledger_counts(ledger).frozen, 0);
	assert_true(find(ledger, place, "1 image").news); /* what is new is opened, by the time since boot */
	pass(ledger, place, 6);                           /* the clock agrees again */
	expect_told(ledger, "clock-resumed overdue");
	assert_int_equal(ledger_counts(ledger).frozen, 0);
	ledger_close(ledger);
	verify(place, NULL);
}

static void test_a_person_resumes_it(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	const struct ledger_watch watch = { watch_workload, watch_look, watch_grace, place };
	struct trust_reading now = reading(place);

	(void)find(ledger, place, "0 image");
	now.wall += 5000 * S;
	assert_int_equal(ledger_tick(ledger, &now, &watch), TRUST_FROZE);
	assert_int_equal(ledger_confirm_clock(ledger, &now, "uid 0"), TRUST_RESUMED);
	for (unsigned i = 0; i < 6; i++)
		(void)ledger_tick(ledger, &now, &watch);
	expect_told(ledger, "clock-frozen clock-resumed overdue");
}

/* ---- the database ---- */

static void test_what_was_not_told_is_told_again(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	struct told told = { .kinds = "" };

	(void)find(ledger, place, "0 image");
	pass(ledger, place, 106);
	ledger_untold(ledger, tell, &told); /* and the outputs never had it */
	assert_string_equal(told.kinds, "overdue");
	ledger_close(ledger);
	ledger = open_sound(place);
	expect_told(ledger, "overdue");
	pass(ledger, place, 1);
	ledger_close(ledger);
	ledger = open_sound(place);
	expect_told(ledger, "");
	ledger_close(ledger);
}

static void test_one_writer(void **data)
{
	_cleanup_(ledger_closep) struct ledger *ledger = open_sound(*data);
	struct place *place = *data;
	struct trust_reading now = reading(place);
	struct ledger_opened opened;
	struct ledger *second = NULL;

	assert_int_equal(ledger_open(place->dir, &place->settings, &now, &second, &opened), -EBUSY);
	assert_null(second);
}

static void test_a_changed_history_is_found(void **data)
{
	static const struct {
		const char *sql;
		uint64_t seq;
	} rows[] = {
		{ "UPDATE entry SET why = 'nothing' WHERE seq = 2", 2 },
		{ "UPDATE entry SET time = time + 1 WHERE seq = 3", 3 },
		{ "UPDATE entry SET deadline = deadline + 1 WHERE seq = 1", 1 },
		{ "UPDATE entry SET actor = 'uid 7' WHERE seq = 2", 2 },
		{ "DELETE FROM entry WHERE seq = 2", 3 },
		{ "DELETE FROM entry WHERE seq = 1", 2 },
		{ "UPDATE entry SET digest = zeroblob(32) WHERE seq = 3", 3 },
		{ "UPDATE violation SET opened = opened + 1 WHERE subject = 'a'", 3 },
		{ "UPDATE violation SET deadline = deadline + 1", 3 },
		{ "UPDATE violation SET state = 3", 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct place *place = *data;
		struct ledger *ledger = open_sound(place);
		struct ledger_fault fault;

		(void)find(ledger, place, "a");
		(void)find(ledger, place, "b");
		(void)find(ledger, place, "c");
		ledger_close(ledger);
		verify(place, NULL);
		assert_int_equal(ledger_verify(place->dir, "00", &fault), -EILSEQ);
		assert_int_equal(fault.seq, 0);
		database_run(place, rows[i].sql);
		assert_int_equal(ledger_verify(place->dir, NULL, &fault), -EILSEQ);
		if (fault.seq != rows[i].seq)
			fail_msg("%s: %llu", rows[i].sql, (unsigned long long)fault.seq);
		(void)remove(path_of(place, "ledger.db"));
	}
}

static void test_the_head_that_was_told_is_in_it(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	struct ledger_answer first = find(ledger, place, "a"), second = find(ledger, place, "b");

	ledger_close(ledger);
	verify(place, first.head);
	verify(place, second.head);
	/* The last entry dropped is a chain as good as before: only the head that went out tells. */
	database_run(place, "DELETE FROM entry WHERE seq = 2; DELETE FROM violation WHERE subject = 'b'");
	verify(place, first.head);
	assert_int_equal(ledger_verify(place->dir, second.head, &(struct ledger_fault){ 0 }), -EILSEQ);
}

static void test_as_of(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	static const struct {
		int64_t at; /* s since boot; far in the future of the machine's clock, all of them */
		const char *state;
	} rows[] = { { 1099, "grace" }, { 1100, "overdue" } };

	(void)find(ledger, place, "a");
	ledger_close(ledger);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *document = NULL;
		const json_t *violation;

		assert_int_equal(ledger_document(place->dir, WALL + rows[i].at * S, &document), 0);
		violation = json_array_get(json_object_get(document, "violations"), 0);
		assert_string_equal(json_string_value(json_object_get(violation, "state")), rows[i].state);
		assert_string_equal(json_string_value(json_object_get(violation, "present")), "unknown");
		assert_int_equal(json_array_size(json_object_get(violation, "history")), 1);
	}
}

static void test_a_damaged_one_is_saved(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	struct ledger_opened opened;
	int fd;

	(void)find(ledger, place, "a");
	ledger_close(ledger);
	fd = open(path_of(place, "ledger.db"), O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "no database at all", 18, 0), 18);
	(void)close(fd);
	ledger = open_ledger(place, &opened);
	assert_true(opened.set_aside);
	assert_int_equal(access(path_of(place, "ledger.db.damaged"), F_OK), 0);
	assert_true(find(ledger, place, "a").news); /* nothing of that could be read */
	ledger_close(ledger);
	verify(place, NULL);
}

/* Written over while it is open: what is in memory goes into a new one, with its clocks. */
static void test_damaged_while_it_runs(void **data)
{
	struct place *place = *data;
	struct ledger *ledger = open_sound(place);
	struct ledger_answer before = find(ledger, place, "a"), after;
	char junk[4096];
	struct stat st;
	int fd;

	ledger_close(ledger); /* the log goes into the database */
	ledger = open_sound(place);
	memset(junk, 0x55, sizeof(junk));
	fd = open(path_of(place, "ledger.db"), O_WRONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(junk))
		assert_int_equal(pwrite(fd, junk, sizeof(junk), at), sizeof(junk));
	(void)close(fd);
	(void)find(ledger, place, "b");
	pass(ledger, place, LEDGER_CHECK + 1);
	assert_int_equal(access(path_of(place, "ledger.db.damaged"), F_OK), 0);
	assert_int_equal(ledger_counts(ledger).error, 0);
	ledger_close(ledger);
	verify(place, NULL);
	ledger = open_sound(place);
	after = find(ledger, place, "a");
	assert_false(after.news);
	assert_int_equal(after.opened, before.opened);
	assert_string_equal(after.id, before.id);
	ledger_close(ledger);
}

static void test_versions(void **data)
{
	struct place *place = *data;
	struct trust_reading now = reading(place);
	struct ledger *ledger = open_sound(place);
	struct ledger_opened opened;
	json_auto_t *document = NULL;

	ledger_close(ledger);
	database_run(place, "PRAGMA user_version = 99");
	assert_int_equal(ledger_open(place->dir, &place->settings, &now, &ledger, &opened), -EPROTONOSUPPORT);
	assert_int_equal(ledger_document(place->dir, now.wall, &document), -EPROTONOSUPPORT);
	database_run(place, "PRAGMA user_version = 0; DROP TABLE meta; DROP TABLE violation; DROP TABLE sighting;"
			    "DROP TABLE waiver; DROP TABLE entry");
	ledger = open_sound(place); /* an empty one is brought up */
	(void)find(ledger, place, "a");
	ledger_close(ledger);
	verify(place, NULL);
}

/* ---- a full disk: in a child with a mount namespace of its own ---- */

enum { CHILD_FINE = 0, CHILD_WRONG, CHILD_CANNOT };

#define REQUIRE(condition)                                                                                             \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			(void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                  \
			return CHILD_WRONG;                                                                            \
		}                                                                                                      \
	} while (0)

static int hole_make(const char *path, size_t size)
{
	_cleanup_free_ char *bytes = calloc(1, size);
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return bytes && fd >= 0 && write(fd, bytes, size) >= 0 ? 0 : -1;
}

static int full_disk(struct place *place)
{
	struct trust_reading now = reading(place);
	struct waiver waiver = waiver_of(place, 100);
	const struct waiver *made = NULL;
	struct ledger_opened opened;
	struct ledger *ledger = NULL;
	struct ledger_answer first;
	char why[WAIVER_WHY], subject[300];
	unsigned count = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", place->dir, "tmpfs", 0, "size=512k") < 0)
		return CHILD_CANNOT;
	REQUIRE(ledger_open(place->dir, &place->settings, &now, &ledger, &opened) == 0);
	first = find(ledger, place, "first");
	REQUIRE(hole_make(path_of(place, "hole"), 1 << 20) == 0);
	for (; count < 200 && ledger_counts(ledger).error == 0; count++) {
		(void)snprintf(subject, sizeof(subject), "/%0250u", count);
		(void)find(ledger, place, subject);
	}
	REQUIRE(ledger_counts(ledger).error == -ENOSPC);
	REQUIRE(ledger_waive(ledger, &waiver, "uid 0", place->up * S, &made, why) == -ENOSPC && !made);
	REQUIRE(find(ledger, place, "meanwhile").news); /* watching goes on */
	REQUIRE(ledger_counts(ledger).pending > 0);
	REQUIRE(unlink(path_of(place, "hole")) == 0);
	pass(ledger, place, 1);
	REQUIRE(ledger_counts(ledger).error == 0 && ledger_counts(ledger).pending == 0);
	REQUIRE(ledger_waive(ledger, &waiver, "uid 0", place->up * S, &made, why) == 0);
	ledger_close(ledger);
	verify(place, first.head);
	now = reading(place);
	REQUIRE(ledger_open(place->dir, &place->settings, &now, &ledger, &opened) == 0 && !opened.set_aside);
	REQUIRE(!find(ledger, place, "meanwhile").news);
	REQUIRE(ledger_counts(ledger).open == count + 2);
	ledger_close(ledger);
	return CHILD_FINE;
}

static void test_a_full_disk(void **data)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(full_disk(*data));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_CANNOT)
		skip();
	assert_int_equal(WEXITSTATUS(status), CHILD_FINE);
}

/* ---- killed at any moment ---- */

#define SUBJECTS 40
#define WAIVERS  64

/* What the ledger acknowledged. */
struct acknowledged {
	enum { ACK_FOUND = 1, ACK_WAIVED, ACK_REVOKED } what;
	unsigned subject;
	int64_t opened;
	char id[VIOLATION_ID_SIZE];
};

/* All that was, over all kills. */
struct memory {
	int64_t opened[SUBJECTS]; /* 0: not yet */
	char ids[SUBJECTS][VIOLATION_ID_SIZE];
	char waivers[WAIVERS][WAIVER_ID_SIZE]; /* in force, as acknowledged; the last so many */
	bool revoked[WAIVERS];
	unsigned waiver_count;
	unsigned long acknowledgements;
};

static struct trust_reading real_reading(void)
{
	struct timespec wall = { 0 }, boot = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &wall);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	return (struct trust_reading){ .wall = wall.tv_sec * S + wall.tv_nsec, .boot = boot.tv_sec * S + boot.tv_nsec };
}

static void say(int fd, const struct acknowledged *ack)
{
	if (write(fd, ack, sizeof(*ack)) != (ssize_t)sizeof(*ack))
		_exit(1);
}

static void busy_find(struct ledger *ledger, unsigned n, int fd)
{
	struct acknowledged ack = { .what = ACK_FOUND, .subject = n % SUBJECTS };
	struct ledger_finding finding = finding_of("");
	struct ledger_answer answer;
	char subject[32];

	(void)snprintf(subject, sizeof(subject), "/%u", ack.subject);
	finding.subject = subject;
	finding.grace = 1000000;
	if (ledger_find(ledger, &finding, real_reading().boot, &answer) < 0)
		_exit(2);
	ack.opened = answer.opened;
	memcpy(ack.id, answer.id, sizeof(ack.id));
	say(fd, &ack);
}

static void busy_waive(struct ledger *ledger, char last[static WAIVER_ID_SIZE], int fd)
{
	struct trust_reading now = real_reading();
	struct waiver waiver = { .rule = RULE_DRIFT_LIBRARY,
				 .workload = "other/**",
				 .until = now.wall + 5000 * S,
				 .owner = "o",
				 .reason = "r" };
	struct acknowledged ack = { .what = last[0] ? ACK_REVOKED : ACK_WAIVED };
	const struct waiver *made = NULL;
	char why[WAIVER_WHY];

	if (last[0]) {
		if (ledger_revoke(ledger, last, "uid 0", "r", now.boot) < 0)
			_exit(3);
		memcpy(ack.id, last, WAIVER_ID_SIZE);
		last[0] = '\0';
	} else {
		if (ledger_waive(ledger, &waiver, "uid 0", now.boot, &made, why) < 0)
			_exit(4);
		memcpy(ack.id, made->id, WAIVER_ID_SIZE);
		memcpy(last, made->id, WAIVER_ID_SIZE);
	}
	say(fd, &ack);
}

/* Is busy until it is killed. */
static void be_busy(const struct place *place, unsigned seed, int fd)
{
	struct trust_reading now = real_reading();
	char last[WAIVER_ID_SIZE] = "";
	struct ledger_opened opened;
	struct ledger *ledger = NULL;

	if (ledger_open(place->dir, &place->settings, &now, &ledger, &opened) < 0 || opened.set_aside)
		_exit(5);
	for (unsigned i = 0;; i++) {
		busy_find(ledger, seed + i * 7, fd);
		if (i % 5 == 0)
			busy_waive(ledger, last, fd);
	}
}

static void remember(struct memory *memory, const struct acknowledged *ack)
{
	unsigned at = 0;

	memory->acknowledgements++;
	if (ack->what == ACK_FOUND) {
		if (!memory->opened[ack->subject]) {
			memory->opened[ack->subject] = ack->opened;
			memcpy(memory->ids[ack->subject], ack->id, sizeof(ack->id));
		}
		assert_int_equal(ack->opened, memory->opened[ack->subject]); /* its clock never moves */
		assert_string_equal(ack->id, memory->ids[ack->subject]);
	} else if (ack->what == ACK_WAIVED) {
		at = memory->waiver_count++ % WAIVERS;
		memcpy(memory->waivers[at], ack->id, WAIVER_ID_SIZE);
		memory->revoked[at] = false;
	} else {
		for (at = 0; at < WAIVERS && strncmp(memory->waivers[at], ack->id, WAIVER_ID_SIZE) != 0;)
			at++;
		assert_true(at < WAIVERS);
		memory->revoked[at] = true;
	}
}

static const json_t *with_id(const json_t *list, const char *id)
{
	const json_t *found = NULL, *item;
	size_t i;

	json_array_foreach (list, i, item)
		if (strcmp(json_string_value(json_object_get(item, "id")) ?: "", id) == 0) {
			assert_null(found); /* once */
			found = item;
		}
	return found;
}

/* All that was acknowledged is there, once, with its first clock. A waiver whose revocation was not acknowledged may be
 * revoked all the same. */
static void check_memory(struct place *place, const struct memory *memory)
{
	json_auto_t *document = NULL;
	char opened[TIME_RFC3339_SIZE];

	verify(place, NULL);
	assert_int_equal(ledger_document(place->dir, real_reading().wall, &document), 0);
	for (unsigned i = 0; i < SUBJECTS; i++) {
		const json_t *violation;

		if (!memory->opened[i])
			continue;
		violation = with_id(json_object_get(document, "violations"), memory->ids[i]);
		assert_non_null(violation);
		time_rfc3339(memory->opened[i], opened);
		assert_string_equal(json_string_value(json_object_get(violation, "opened")), opened);
	}
	for (unsigned i = 0; i < WAIVERS && i < memory->waiver_count; i++) {
		const json_t *waiver = with_id(json_object_get(document, "waivers"), memory->waivers[i]);

		assert_non_null(waiver);
		if (memory->revoked[i])
			assert_string_equal(json_string_value(json_object_get(waiver, "state")), "revoked");
	}
}

/* Takes what is acknowledged for `wait` ms from the first on, kills, and takes the rest. */
static void kill_one(struct place *place, unsigned round, int wait, struct memory *memory)
{
	struct acknowledged ack;
	struct pollfd ready;
	int64_t until = 0;
	int ends[2], status = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		be_busy(place, round, ends[1]);
	}
	(void)close(ends[1]);
	ready = (struct pollfd){ .fd = ends[0], .events = POLLIN };
	while (!until || real_reading().boot < until) {
		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_int_equal(read(ends[0], &ack, sizeof(ack)), sizeof(ack));
		remember(memory, &ack);
		until = until ? until : real_reading().boot + wait * (S / 1000);
	}
	assert_int_equal(kill(child, SIGKILL), 0);
	while (read(ends[0], &ack, sizeof(ack)) == (ssize_t)sizeof(ack))
		remember(memory, &ack);
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

static void test_killed_at_any_moment(void **data)
{
	const char *said = getenv("KILLS");
	int kills = said ? atoi(said) : 100;
	struct memory *memory = calloc(1, sizeof(*memory));
	unsigned seed = 1;

	for (int i = 0; i < kills; i++) {
		kill_one(*data, (unsigned)i, rand_r(&seed) % 12, memory);
		check_memory(*data, memory);
	}
	assert_true(memory->acknowledgements > (unsigned long)kills);
	free(memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_its_life),
		TEST(test_later_it_is_a_new_one),
		TEST(test_one_key_whatever_the_container),
		TEST(test_all_nodes_make_the_same_id),
		TEST(test_no_clock_opens_nothing),
		TEST(test_a_changed_policy_moves_deadlines),
		TEST(test_a_gap_is_no_absence),
		TEST(test_too_many_subjects_are_one),
		TEST(test_sightings_are_bounded),
		TEST(test_waived_and_not),
		TEST(test_revoked),
		TEST(test_bound_to_a_digest),
		TEST(test_the_policys),
		TEST(test_waivers_that_are_none),
		TEST(test_requests),
		TEST(test_a_stepped_clock_freezes),
		TEST(test_a_person_resumes_it),
		TEST(test_what_was_not_told_is_told_again),
		TEST(test_one_writer),
		TEST(test_a_changed_history_is_found),
		TEST(test_the_head_that_was_told_is_in_it),
		TEST(test_as_of),
		TEST(test_a_damaged_one_is_saved),
		TEST(test_damaged_while_it_runs),
		TEST(test_versions),
		TEST(test_a_full_disk),
		TEST(test_killed_at_any_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
