// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "fold/fold.h"

#define SECOND 1000000000ull
#define HOUR   (3600 * SECOND)

/* What fold told at the end of windows. */
struct told {
	unsigned calls;
	uint64_t count;
	struct fold_repeat last;
	char subject[320];
};

static void collect(const struct fold_repeat *repeat, void *data)
{
	struct told *told = data;

	assert_true(repeat->count > 0);
	assert_true(repeat->first_seen <= repeat->last_seen);
	told->calls++;
	told->count += repeat->count;
	told->last = *repeat;
	(void)snprintf(told->subject, sizeof(told->subject), "%s", repeat->subject);
}

static struct finding finding_of(enum rule rule, enum severity severity, const char *path)
{
	struct finding finding = { .rule = rule, .severity = severity, .path = path };

	(void)snprintf(finding.subject, sizeof(finding.subject), "%s", path);
	return finding;
}

static enum fold_verdict offer(struct fold *fold, uint64_t container, enum rule rule, enum severity severity,
			       const char *path, uint64_t now)
{
	struct finding finding = finding_of(rule, severity, path);

	return fold_finding(fold, container, &finding, now, 1).verdict;
}

static unsigned released;

static void release(void *attachment)
{
	assert_non_null(attachment);
	released++;
}

static int setup(void **state)
{
	released = 0;
	*state = fold_new(64, release);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	fold_free(*state);
	return 0;
}

/* Rows: one finding each, in order, in one fold; what must be answered, and told when time passes. */
static void test_sequence(void **state)
{
	static const struct {
		uint64_t at; /* seconds */
		uint64_t container;
		enum rule rule;
		enum severity severity;
		const char *path;
		enum fold_verdict verdict;
		uint64_t told; /* count of what windows told before it */
	} rows[] = {
		{ 0, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/etc/a", FOLD_TELL, 0 },
		{ 1, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/etc/a", FOLD_HOLD, 0 },
		{ 2, 2, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/etc/a", FOLD_TELL, 0 },
		{ 3, 1, RULE_DRIFT_LIBRARY, SEVERITY_MEDIUM, "/etc/a", FOLD_TELL, 0 },
		{ 4, 1, RULE_MUTATION_FILE, SEVERITY_LOW, "/etc/a", FOLD_HOLD, 0 },
		{ 5, 1, RULE_MUTATION_FILE, SEVERITY_HIGH, "/etc/a", FOLD_TELL, 0 },
		{ 6, 1, RULE_MUTATION_FILE, SEVERITY_HIGH, "/etc/a", FOLD_HOLD, 0 },
		{ 7, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/etc/b", FOLD_TELL, 0 },
		{ 3599, 1, RULE_MUTATION_FILE, SEVERITY_LOW, "/etc/a", FOLD_HOLD, 0 },
		{ 3600, 1, RULE_MUTATION_FILE, SEVERITY_HIGH, "/etc/a", FOLD_HOLD, 4 },
		{ 3601, 2, RULE_MUTATION_FILE, SEVERITY_LOW, "/etc/c", FOLD_TELL, 4 },
		{ 3602, 2, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/etc/a", FOLD_TELL, 4 }, /* a quiet window */
		{ 7200, 1, RULE_MUTATION_FILE, SEVERITY_HIGH, "/etc/a", FOLD_HOLD, 5 },
		{ 20000, 1, RULE_MUTATION_FILE, SEVERITY_LOW, "/etc/x", FOLD_TELL, 6 },
		{ 30000, 1, RULE_MUTATION_FILE, SEVERITY_HIGH, "/etc/a", FOLD_TELL, 6 },
	};
	struct told told = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fold_expire(*state, rows[i].at * SECOND, collect, &told);
		if (told.count != rows[i].told)
			fail_msg("row %zu: told %llu", i, (unsigned long long)told.count);
		if (offer(*state, rows[i].container, rows[i].rule, rows[i].severity, rows[i].path,
			  rows[i].at * SECOND) != rows[i].verdict)
			fail_msg("row %zu: not the verdict", i);
	}
}

static void test_repeat_tells_all(void **state)
{
	struct finding finding = finding_of(RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/bin/id");
	struct fold_answer first = fold_finding(*state, 7, &finding, 5 * SECOND, 1);
	struct fold_answer second = fold_finding(*state, 7, &finding, 9 * SECOND, 3);
	struct told told = { 0 };
	int attachment;

	fold_attach(*state, first.id, &attachment);
	assert_int_not_equal(first.id, 0);
	assert_int_equal(first.id, second.id);
	assert_int_equal(fold_next(*state), 5 * SECOND + HOUR);
	fold_expire(*state, 5 * SECOND + HOUR - 1, collect, &told);
	assert_int_equal(told.calls, 0);
	fold_expire(*state, 5 * SECOND + HOUR, collect, &told);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.last.id, first.id);
	assert_int_equal(told.last.container, 7);
	assert_int_equal(told.last.count, 3);
	assert_int_equal(told.last.severity, SEVERITY_MEDIUM);
	assert_int_equal(told.last.first_seen, 5 * SECOND);
	assert_int_equal(told.last.last_seen, 9 * SECOND);
	assert_string_equal(told.subject, "/bin/id");
	assert_false(told.last.rollup);
	assert_ptr_equal(told.last.attachment, &attachment);
	assert_int_equal(released, 0);
	fold_expire(*state, 5 * SECOND + 3 * HOUR, collect, &told);
	assert_int_equal(told.calls, 1);
	assert_int_equal(fold_size(*state), 0);
	assert_int_equal(fold_next(*state), UINT64_MAX);
	assert_int_equal(released, 1);
}

static void test_attach_to_nothing_releases(void **state)
{
	int attachment;

	fold_attach(*state, 0, &attachment);
	fold_attach(*state, 99, &attachment);
	assert_int_equal(released, 2);
}

static void test_attach_finds_an_older_one(void **state)
{
	struct finding a = finding_of(RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/a");
	struct finding b = finding_of(RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/b");
	uint64_t id = fold_finding(*state, 1, &a, 1, 2).id;
	struct told told = { 0 };
	int attachment;

	(void)fold_finding(*state, 1, &b, 2, 1);
	fold_attach(*state, id, &attachment);
	assert_int_equal(released, 0);
	fold_end(*state, 1, collect, &told);
	assert_ptr_equal(told.last.attachment, &attachment);
	assert_int_equal(released, 1);
}

static void test_interactive_is_always_told(void **state)
{
	struct finding finding = finding_of(RULE_SESSION_EXEC, SEVERITY_HIGH, "/bin/sh");

	finding.interactive = true;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(fold_finding(*state, 1, &finding, i, 1).verdict, FOLD_TELL);
	assert_int_equal(fold_size(*state), 0);
}

static void path_of(char path[64], const char *directory, unsigned number)
{
	(void)snprintf(path, 64, "%.31s/%u", directory, number);
}

/* Offers `count` subjects of one rule in a directory; returns how many were told in any way. */
static unsigned offer_many(struct fold *fold, enum rule rule, const char *directory, unsigned count, uint64_t now,
			   uint64_t step)
{
	unsigned told = 0;
	char path[64];

	for (unsigned i = 0; i < count; i++) {
		path_of(path, directory, i);
		told += offer(fold, 1, rule, SEVERITY_MEDIUM, path, now + i * step) != FOLD_HOLD;
	}
	return told;
}

static void test_storm_rolls_up(void **state)
{
	struct told told = { 0 };

	assert_int_equal(offer_many(*state, RULE_MUTATION_FILE, "/srv/a", 20, SECOND, 1), 20);
	assert_int_equal(offer(*state, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/srv/a/x", 2 * SECOND), FOLD_ROLLUP);
	assert_int_equal(offer(*state, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/srv/a/y", 2 * SECOND), FOLD_HOLD);
	assert_int_equal(offer(*state, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/srv/a/z", 2 * SECOND), FOLD_HOLD);
	assert_int_equal(offer(*state, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/srv/a/z", 2 * SECOND), FOLD_HOLD);
	assert_int_equal(offer(*state, 1, RULE_MUTATION_FILE, SEVERITY_HIGH, "/srv/a/v", 2 * SECOND), FOLD_TELL);
	assert_int_equal(offer(*state, 1, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/opt/y", 3 * SECOND), FOLD_ROLLUP);
	assert_int_equal(offer(*state, 2, RULE_MUTATION_FILE, SEVERITY_MEDIUM, "/srv/a/q", 3 * SECOND), FOLD_TELL);
	assert_int_equal(offer(*state, 1, RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/srv/a/q", 3 * SECOND), FOLD_TELL);
	fold_end(*state, 1, collect, &told);
	assert_int_equal(told.calls, 1);
	assert_true(told.last.rollup);
	assert_string_equal(told.subject, "/srv/a");
	assert_int_equal(told.last.count, 3);
	assert_int_equal(told.last.subjects, 2);
	assert_int_equal(fold_size(*state), 1);
}

static void test_slow_subjects_are_no_storm(void **state)
{
	assert_int_equal(offer_many(*state, RULE_MUTATION_FILE, "/srv", 60, SECOND, 3 * SECOND), 60);
}

static void test_storm_is_seen_across_minutes(void **state)
{
	assert_int_equal(offer_many(*state, RULE_MUTATION_FILE, "/a", 15, 50 * SECOND, SECOND / 2), 15);
	assert_int_equal(offer_many(*state, RULE_MUTATION_FILE, "/b", 15, 65 * SECOND, SECOND / 2), 6);
}

static void test_storm_of_directories_is_bounded(void **state)
{
	char directory[64];
	unsigned told = 0;

	told = offer_many(*state, RULE_MUTATION_FILE, "/w", 20, SECOND, 1);
	for (unsigned i = 0; i < 500; i++) {
		path_of(directory, "/d", i);
		told += offer_many(*state, RULE_MUTATION_FILE, directory, 2, 2 * SECOND, 1);
	}
	assert_int_equal(told, 20 + 20 + 1);
}

static void test_upper_execs_never_roll_up(void **state)
{
	static const enum rule rules[] = { RULE_DRIFT_EXEC_MEMORY, RULE_DRIFT_EXEC_MODIFIED, RULE_DRIFT_EXEC_NEW };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		assert_int_equal(offer_many(*state, rules[i], "/tmp", 200, SECOND, 1), 200);
}

static void test_setup_is_one(void **state)
{
	static const struct {
		const char *path;
		enum severity severity;
		enum fold_verdict verdict;
	} rows[] = {
		{ "/etc/app/a", SEVERITY_LOW, FOLD_ROLLUP },  { "/etc/app/b", SEVERITY_LOW, FOLD_HOLD },
		{ "/etc/app/b", SEVERITY_LOW, FOLD_HOLD },    { "/etc/conf", SEVERITY_MEDIUM, FOLD_HOLD },
		{ "/etc/app/run", SEVERITY_HIGH, FOLD_TELL }, { "/etc/app/run2", SEVERITY_HIGH, FOLD_HOLD },
	};
	struct told told = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct finding finding = finding_of(RULE_MUTATION_FILE, rows[i].severity, rows[i].path);

		finding.setup = true;
		assert_int_equal(fold_finding(*state, 3, &finding, SECOND + i, 1).verdict, rows[i].verdict);
	}
	fold_expire(*state, 31 * SECOND - 1, collect, &told);
	assert_int_equal(told.calls, 0);
	fold_expire(*state, 31 * SECOND, collect, &told);
	assert_int_equal(told.calls, 1);
	assert_true(told.last.rollup);
	assert_int_equal(told.last.count, 4);
	assert_int_equal(told.last.subjects, 3);
	assert_int_equal(told.last.severity, SEVERITY_HIGH);
	assert_string_equal(told.subject, "/etc");
	fold_expire(*state, 90 * SECOND, collect, &told);
	assert_int_equal(fold_size(*state), 0);
}

static void test_bound_evicts_the_one_that_ends_first(void **state)
{
	struct told told = { 0 };
	char path[64];

	for (unsigned i = 0; i < 64; i++) {
		path_of(path, "/p", i);
		assert_int_equal(offer(*state, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, path, i), FOLD_TELL);
	}
	assert_int_equal(offer(*state, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/p/0", 100), FOLD_HOLD);
	assert_int_equal(fold_evicted(*state), 0);
	assert_int_equal(offer(*state, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/q", 101), FOLD_TELL);
	assert_int_equal(fold_evicted(*state), 1);
	assert_int_equal(fold_size(*state), 64);
	assert_int_equal(fold_next(*state), 0);
	fold_expire(*state, 102, collect, &told);
	assert_int_equal(told.calls, 1);
	assert_string_equal(told.subject, "/p/0");
	assert_int_equal(fold_next(*state), 1 + HOUR);
	assert_int_equal(offer(*state, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/p/0", 103), FOLD_TELL);
}

static void test_full_tells_what_it_cannot_remember(void **state)
{
	struct finding finding;
	struct told told = { 0 };
	char path[64];

	for (unsigned i = 0; i < 128; i++) {
		path_of(path, "/p", i);
		finding = finding_of(RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, path);
		assert_int_not_equal(fold_finding(*state, 1, &finding, i, 2).id, 0);
	}
	finding = finding_of(RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/q");
	assert_int_equal(fold_finding(*state, 1, &finding, 200, 1).id, 0);
	fold_end(*state, 0, collect, &told);
	assert_int_equal(told.count, 128);
}

/* A small generator of our own, so that a failure comes again: xorshift64. */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % below;
}

static struct finding random_finding(uint64_t *seed, char path[48])
{
	static const enum rule rules[] = { RULE_MUTATION_FILE, RULE_DRIFT_EXEC_NEW, RULE_ROOT_EXEC };
	struct finding finding;

	(void)snprintf(path, 48, "/d%llu/f%llu", (unsigned long long)draw(seed, 40), (unsigned long long)draw(seed, 6));
	finding = finding_of(rules[draw(seed, ARRAY_SIZE(rules))], (enum severity)draw(seed, SEVERITIES), path);
	finding.setup = finding.rule == RULE_MUTATION_FILE && draw(seed, 4) == 0;
	finding.interactive = draw(seed, 50) == 0;
	return finding;
}

/* Whatever comes: what was told at once and what windows told is all that came in. */
static void run_random(uint64_t seed)
{
	struct fold *fold = fold_new(8 + draw(&seed, 200), NULL);
	uint64_t in = 0, at_once = 0, now = 0;
	struct told told = { 0 };
	char path[48];

	assert_non_null(fold);
	for (unsigned i = 0; i < 3000; i++) {
		struct finding finding = random_finding(&seed, path);
		uint64_t times = 1 + draw(&seed, 3);
		struct fold_answer answer = fold_finding(fold, 1 + draw(&seed, 4), &finding, now, times);

		in += times;
		at_once += answer.id == 0 ? times : answer.verdict != FOLD_HOLD;
		now += draw(&seed, 20) == 0 ? draw(&seed, HOUR) : draw(&seed, 5 * SECOND);
		if (draw(&seed, 8) == 0)
			fold_expire(fold, now, collect, &told);
		if (draw(&seed, 200) == 0)
			fold_end(fold, 1 + draw(&seed, 4), collect, &told);
	}
	fold_end(fold, 0, collect, &told);
	assert_int_equal(at_once + told.count, in);
	assert_int_equal(fold_size(fold), 0);
	fold_free(fold);
}

static void test_nothing_is_lost(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++)
		run_random(seed * 0x9e3779b97f4a7c15ull);
}

/* Folds told in the order of their windows. */
static void collect_in_order(const struct fold_repeat *repeat, void *data)
{
	struct told *told = data;

	assert_true(told->calls == 0 || told->last.first_seen <= repeat->first_seen);
	collect(repeat, data);
}

/* Ending one container takes all of its and nothing of others', and leaves the others in order, however they
 * lie. */
static void end_one_of_four(uint64_t seed)
{
	struct fold *fold = fold_new(64, NULL);
	struct told ended = { 0 }, rest = { 0 };
	unsigned of_two = 0;
	char path[64];

	assert_non_null(fold);
	for (unsigned i = 0; i < 60; i++) {
		uint64_t container = 1 + draw(&seed, 4);
		struct finding finding;

		path_of(path, "/e", i);
		finding = finding_of(RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, path);
		(void)fold_finding(fold, container, &finding, draw(&seed, HOUR), 2);
		of_two += container == 2;
	}
	fold_end(fold, 2, collect, &ended);
	assert_int_equal(ended.count, of_two);
	assert_int_equal(fold_size(fold), 60 - of_two);
	fold_expire(fold, 2 * HOUR, collect_in_order, &rest);
	assert_int_equal(rest.count, 60 - of_two);
	fold_free(fold);
}

static void test_end_takes_one_container(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++)
		end_one_of_four(seed * 0x9e3779b97f4a7c15ull);
}

static void test_end_takes_evicted_ones(void **state)
{
	struct told told = { 0 };
	char path[64];

	for (unsigned i = 0; i < 70; i++) {
		struct finding finding;

		path_of(path, "/e", i);
		finding = finding_of(RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, path);
		(void)fold_finding(*state, 1 + i % 2, &finding, i, 2);
	}
	assert_int_equal(fold_evicted(*state), 6);
	fold_end(*state, 1, collect, &told);
	assert_int_equal(told.count, 35);
	fold_end(*state, 2, collect, &told);
	assert_int_equal(told.count, 70);
}

/* A window that ended unasked, and without a repeat, is over all the same. */
static void test_after_a_quiet_window_it_is_new(void **state)
{
	struct finding finding = finding_of(RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/a");
	struct fold_answer first = fold_finding(*state, 1, &finding, 0, 1), again;
	int attachment;

	fold_attach(*state, first.id, &attachment);
	again = fold_finding(*state, 1, &finding, HOUR, 1);
	assert_int_equal(again.verdict, FOLD_TELL);
	assert_int_not_equal(again.id, first.id);
	assert_int_equal(released, 1);
	assert_int_equal(fold_next(*state), 2 * HOUR);
}

static unsigned storm_of_directories(struct fold *fold, const char *top, uint64_t now)
{
	char directory[64];
	unsigned told = 0;

	for (unsigned i = 0; i < 60; i++) {
		path_of(directory, top, i);
		told += offer_many(fold, RULE_MUTATION_FILE, directory, 1, now, 1);
	}
	return told;
}

static void test_storms_end(void **state)
{
	struct told told = { 0 };

	assert_int_equal(storm_of_directories(*state, "/a", 0), 20 + 20 + 1);
	fold_expire(*state, HOUR, collect, &told);
	fold_expire(*state, 3 * HOUR, collect, &told);
	assert_int_equal(fold_size(*state), 0);
	assert_int_equal(storm_of_directories(*state, "/b", 3 * HOUR), 20 + 20 + 1);
}

static void test_a_second_storm_without_expiry(void **state)
{
	assert_int_equal(storm_of_directories(*state, "/a", 0), 20 + 20 + 1);
	/* the roll-up of "/" holds untold repeats: it goes on */
	assert_int_equal(storm_of_directories(*state, "/b", HOUR + SECOND), 20 + 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sequence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeat_tells_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attach_to_nothing_releases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_attach_finds_an_older_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interactive_is_always_told, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_rolls_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_subjects_are_no_storm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_is_seen_across_minutes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storm_of_directories_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_upper_execs_never_roll_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_setup_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound_evicts_the_one_that_ends_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_tells_what_it_cannot_remember, setup, teardown),
		cmocka_unit_test_setup_teardown(test_end_takes_evicted_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(test_after_a_quiet_window_it_is_new, setup, teardown),
		cmocka_unit_test_setup_teardown(test_storms_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_second_storm_without_expiry, setup, teardown),
		cmocka_unit_test(test_end_takes_one_container),
		cmocka_unit_test(test_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
