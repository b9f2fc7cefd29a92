// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

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

/* ---- a fold that is saved and restored ---- */

#define ROWS_MAX 2048

/* What a fold gave to be kept. */
struct rows {
	size_t count;
	struct row {
		struct fold_saved saved; /* key and blob owned */
	} rows[ROWS_MAX];
};

static struct row *row_find(struct rows *rows, const struct fold_saved *saved)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].saved.container == saved->container &&
		    strcmp(rows->rows[i].saved.key, saved->key) == 0)
			return &rows->rows[i];
	return NULL;
}

static void row_clear(struct row *row)
{
	free((char *)row->saved.key);
	free((void *)row->saved.blob);
}

static int row_keep(const struct fold_saved *saved, void *data)
{
	struct rows *rows = data;
	struct row *row = row_find(rows, saved);

	if (row)
		row_clear(row);
	if (row && !saved->blob)
		*row = rows->rows[--rows->count];
	if (!saved->blob)
		return 0;
	if (!row)
		row = &rows->rows[rows->count++];
	assert_true(rows->count <= ROWS_MAX);
	row->saved = *saved;
	row->saved.key = strdup(saved->key);
	row->saved.blob = memcpy(malloc(saved->size), saved->blob, saved->size);
	return 0;
}

static void rows_clear(struct rows *rows)
{
	while (rows->count > 0)
		row_clear(&rows->rows[--rows->count]);
}

static struct fold *restored(const struct rows *rows, size_t max, uint64_t now)
{
	struct fold *fold = fold_new(max, NULL);

	assert_non_null(fold);
	for (size_t i = 0; i < rows->count; i++)
		assert_int_equal(fold_restore(fold, &rows->rows[i].saved, now, (void *)rows->rows[i].saved.attachment),
				 0);
	return fold;
}

/* Repeats as they were told, in the order of their ids: that of one call means nothing. */
struct tells {
	size_t count;
	struct fold_repeat repeats[ROWS_MAX];
	char subjects[ROWS_MAX][64];
};

static void tells_add(const struct fold_repeat *repeat, void *data)
{
	struct tells *tells = data;
	size_t i = tells->count++;

	assert_true(tells->count <= ROWS_MAX);
	for (; i > 0 && tells->repeats[i - 1].id > repeat->id; i--) {
		tells->repeats[i] = tells->repeats[i - 1];
		memcpy(tells->subjects[i], tells->subjects[i - 1], sizeof(tells->subjects[i]));
	}
	tells->repeats[i] = *repeat;
	tells->repeats[i].subject = NULL;
	(void)snprintf(tells->subjects[i], sizeof(tells->subjects[i]), "%s", repeat->subject);
}

/* Two folds that are given the same. */
struct twins {
	struct fold *straight, *stopped;
	struct rows rows; /* of the stopped one */
	struct tells a, b;
	size_t max;
	uint64_t now;
};

static void same_repeat(const struct fold_repeat *a, const struct fold_repeat *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->container, b->container);
	assert_int_equal(a->rule, b->rule);
	assert_int_equal(a->severity, b->severity);
	assert_int_equal(a->rollup, b->rollup);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->subjects, b->subjects);
	assert_int_equal(a->first_seen, b->first_seen);
	assert_int_equal(a->last_seen, b->last_seen);
	assert_ptr_equal(a->attachment, b->attachment);
}

static void twins_same_tells(struct twins *twins)
{
	assert_int_equal(twins->a.count, twins->b.count);
	for (size_t i = 0; i < twins->a.count; i++) {
		same_repeat(&twins->a.repeats[i], &twins->b.repeats[i]);
		assert_string_equal(twins->a.subjects[i], twins->b.subjects[i]);
	}
	twins->a.count = twins->b.count = 0;
}

static void twins_expire(struct twins *twins)
{
	assert_int_equal(fold_next(twins->straight), fold_next(twins->stopped));
	fold_expire(twins->straight, twins->now, tells_add, &twins->a);
	fold_expire(twins->stopped, twins->now, tells_add, &twins->b);
	twins_same_tells(twins);
}

static void twins_offer(struct twins *twins, uint64_t container, const struct finding *finding, uint64_t times)
{
	struct fold_answer a = fold_finding(twins->straight, container, finding, twins->now, times);
	struct fold_answer b = fold_finding(twins->stopped, container, finding, twins->now, times);

	assert_int_equal(a.verdict, b.verdict);
	assert_int_equal(a.id, b.id);
	assert_int_equal(a.rollup, b.rollup);
	if (a.verdict == FOLD_HOLD)
		return;
	fold_attach(twins->straight, a.id, (void *)(uintptr_t)twins->now);
	fold_attach(twins->stopped, b.id, (void *)(uintptr_t)twins->now);
}

static void twins_stop(struct twins *twins)
{
	fold_free(twins->stopped);
	twins->stopped = restored(&twins->rows, twins->max, twins->now);
	rows_clear(&twins->rows); /* each is given again */
	assert_int_equal(fold_size(twins->straight), fold_size(twins->stopped));
}

static struct twins *twins_new(size_t max)
{
	struct twins *twins = calloc(1, sizeof(*twins));

	assert_non_null(twins);
	twins->max = max;
	twins->now = 1;
	twins->straight = fold_new(max, NULL);
	twins->stopped = fold_new(max, NULL);
	assert_true(twins->straight && twins->stopped);
	return twins;
}

static void twins_free(struct twins *twins)
{
	fold_end(twins->straight, 0, tells_add, &twins->a);
	fold_end(twins->stopped, 0, tells_add, &twins->b);
	twins_same_tells(twins);
	assert_int_equal(fold_changed(twins->stopped, true, row_keep, &twins->rows), 0);
	assert_int_equal(twins->rows.count, 1); /* the last id; nothing stays of windows that went */
	fold_free(twins->straight);
	fold_free(twins->stopped);
	rows_clear(&twins->rows);
	free(twins);
}

/* `all`: repeats are saved too before it stops. Else what is told at once must be the same, while no window ends. */
static void run_stopped(uint64_t seed, bool all)
{
	struct twins *twins = twins_new(all ? 8 + draw(&seed, 200) : ROWS_MAX);
	char path[48];

	for (unsigned i = 0; i < 1000; i++) {
		struct finding finding = random_finding(&seed, path);

		if (fold_next(twins->straight) <= twins->now)
			twins_expire(twins);
		twins_offer(twins, 1 + draw(&seed, 4), &finding, 1 + draw(&seed, 3));
		if (all)
			twins->now += draw(&seed, 20) == 0 ? draw(&seed, HOUR) : draw(&seed, 5 * SECOND);
		if (fold_next(twins->straight) <= twins->now)
			twins_expire(twins);
		if (draw(&seed, 5) == 0)
			assert_int_equal(fold_changed(twins->stopped, false, row_keep, &twins->rows), 0);
		if (all && draw(&seed, 300) == 0) {
			fold_end(twins->straight, 2, tells_add, &twins->a);
			fold_end(twins->stopped, 2, tells_add, &twins->b);
			twins_same_tells(twins);
		}
		if (draw(&seed, 30) == 0) {
			assert_int_equal(fold_changed(twins->stopped, all, row_keep, &twins->rows), 0);
			twins_stop(twins);
		}
	}
	if (!all) { /* what was counted last is lost */
		fold_end(twins->straight, 0, tells_add, &twins->a);
		fold_end(twins->stopped, 0, tells_add, &twins->b);
		assert_true(twins->a.count >= twins->b.count);
		twins->a.count = twins->b.count = 0;
	}
	twins_free(twins);
}

static void test_restored_answers_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++)
		run_stopped(seed * 0x9e3779b97f4a7c15ull, true);
}

static void test_killed_tells_nothing_twice(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 25; seed++)
		run_stopped(seed * 0x9e3779b97f4a7c15ull, false);
}

static int row_refuse(const struct fold_saved *saved, void *data)
{
	(void)saved;
	++*(unsigned *)data;
	return -ENOSPC;
}

static void test_what_could_not_be_saved_is_given_again(void **state)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	unsigned refused = 0;

	(void)offer(*state, 1, RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/a", 1);
	assert_int_equal(fold_changed(*state, true, row_refuse, &refused), -ENOSPC);
	assert_int_equal(fold_changed(*state, true, row_keep, rows), 0);
	assert_int_equal(rows->count, 3); /* the window, the rate, the last id */
	assert_int_equal(fold_changed(*state, true, row_refuse, &refused), 0);
	assert_int_equal(refused, 1);
	(void)offer(*state, 1, RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/a", 2);
	assert_int_equal(fold_changed(*state, false, row_refuse, &refused), 0); /* a repeat can wait */
	assert_int_equal(fold_changed(*state, true, row_refuse, &refused), -ENOSPC);
	fold_expire(*state, 3 * HOUR, collect, &(struct told){ 0 });
	fold_expire(*state, 5 * HOUR, collect, &(struct told){ 0 });
	assert_int_equal(fold_changed(*state, false, row_refuse, &refused), -ENOSPC);
	assert_int_equal(fold_changed(*state, false, row_keep, rows), 0);
	assert_int_equal(rows->count, 1);
	rows_clear(rows);
	free(rows);
}

/* What a fold took back and lost again before it was saved anew is given as gone. */
static void test_restored_and_gone(void **state)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	struct fold *next;

	(void)offer(*state, 1, RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/a", 1);
	assert_int_equal(fold_changed(*state, true, row_keep, rows), 0);
	next = restored(rows, 8, 2);
	fold_end(next, 1, collect, &(struct told){ 0 });
	assert_int_equal(fold_changed(next, true, row_keep, rows), 0);
	assert_int_equal(rows->count, 1);
	fold_free(next);
	rows_clear(rows);
	free(rows);
}

/* One that was forgotten for want of room with its repeats untold, and came again: what is kept is the new one. */
static void test_evicted_and_come_again(void **state)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	struct fold *fold = fold_new(1, NULL), *next;
	struct finding finding = finding_of(RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/a");
	struct told told = { 0 };

	(void)state;
	(void)fold_finding(fold, 1, &finding, 1, 2);
	assert_int_equal(fold_changed(fold, true, row_keep, rows), 0);
	(void)fold_finding(fold, 1, &finding, 2, 1);
	(void)offer(fold, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/b", 3);
	assert_int_equal(offer(fold, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/a", 4), FOLD_TELL);
	assert_int_equal(fold_changed(fold, true, row_keep, rows), 0);
	fold_expire(fold, 5, collect, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(fold_changed(fold, true, row_keep, rows), 0);
	next = restored(rows, 8, 6);
	assert_int_equal(fold_size(next), 1);
	assert_int_equal(offer(next, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, "/a", 7), FOLD_HOLD);
	fold_end(next, 0, collect, &told);
	assert_int_equal(told.count, 3);
	fold_free(fold);
	fold_free(next);
	rows_clear(rows);
	free(rows);
}

/* What was counted is told while its window lasts, and what comes again after a restart is counted still. */
static void test_pause_tells_and_goes_on(void **state)
{
	struct finding finding = finding_of(RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/bin/id");
	struct rows *rows = calloc(1, sizeof(*rows));
	struct told told = { 0 };
	struct fold *next;
	uint64_t seen = 0;

	(void)fold_finding(*state, 7, &finding, 5 * SECOND, 1);
	(void)fold_finding(*state, 7, &finding, 9 * SECOND, 3);
	fold_pause(*state, 0, collect, &told);
	assert_int_equal(told.count, 3);
	fold_pause(*state, 0, collect, &told);
	assert_int_equal(told.count, 3);
	assert_int_equal(fold_changed(*state, true, row_keep, rows), 0);
	next = restored(rows, 64, 10 * SECOND);
	assert_int_equal(fold_seen(next, 7, &finding, &seen), 0);
	assert_int_equal(seen, 9 * SECOND);
	assert_int_equal(fold_seen(next, 8, &finding, &seen), -ENOENT);
	assert_int_equal(fold_finding(next, 7, &finding, 11 * SECOND, 1).verdict, FOLD_HOLD);
	fold_expire(next, 5 * SECOND + HOUR, collect, &told);
	assert_int_equal(told.count, 4);
	assert_int_equal(told.last.first_seen, 5 * SECOND);
	fold_free(next);
	rows_clear(rows);
	free(rows);
}

/* A window that ended while nobody looked: a quiet one is over, one with repeats is told a little later. */
static void test_ended_meanwhile(void **state)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	struct told told = { 0 };
	struct fold *next;

	for (unsigned i = 0; i < 3; i++)
		(void)offer(*state, 1, RULE_ROOT_EXEC, SEVERITY_MEDIUM, i < 2 ? "/again" : "/once", SECOND);
	assert_int_equal(fold_changed(*state, true, row_keep, rows), 0);
	next = restored(rows, 64, 3 * HOUR);
	assert_int_equal(fold_size(next), 1);
	assert_int_equal(fold_next(next), 3 * HOUR + FOLD_RESTORE_DELAY);
	fold_expire(next, 3 * HOUR + FOLD_RESTORE_DELAY, collect, &told);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.subject, "/again");
	fold_free(next);
	rows_clear(rows);
	free(rows);
}

static void test_restore_is_bounded(void **state)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	struct fold *next = fold_new(3, release);
	unsigned full = 0;
	char path[64];
	int attachment;

	for (unsigned i = 0; i < 10; i++) {
		path_of(path, "/p", i);
		(void)offer(*state, 1, RULE_DRIFT_EXEC_NEW, SEVERITY_CRITICAL, path, i + 1);
	}
	assert_int_equal(fold_changed(*state, true, row_keep, rows), 0);
	for (size_t i = 0; i < rows->count; i++)
		full += fold_restore(next, &rows->rows[i].saved, HOUR, &attachment) == -ENOSPC;
	assert_int_equal(full, 7);
	assert_int_equal(fold_size(next), 3);
	assert_int_equal(released, 7 + 1); /* the last id has none to keep either */
	for (size_t i = 0; i < rows->count; i++)
		if (fold_restore(next, &rows->rows[i].saved, HOUR, NULL) == -EEXIST)
			full++;
	assert_int_equal(full, 7 + 3);
	fold_free(next);
	rows_clear(rows);
	free(rows);
}

/* One window of each kind, at second 1. */
static void rows_of_each_kind(struct fold *fold, struct rows *rows)
{
	struct finding finding = finding_of(RULE_MUTATION_FILE, SEVERITY_LOW, "/etc/app/conf");

	finding.setup = true;
	(void)fold_finding(fold, 1, &finding, SECOND, 2);
	(void)offer_many(fold, RULE_ROOT_EXEC, "/srv/a", 30, SECOND, 0);
	assert_int_equal(fold_changed(fold, true, row_keep, rows), 0);
}

static const struct fold_saved *row_like(const struct rows *rows, const char *key)
{
	for (size_t i = 0; i < rows->count; i++)
		if (strncmp(rows->rows[i].saved.key, key, strlen(key)) == 0)
			return &rows->rows[i].saved;
	fail_msg("nothing was saved like %s", key);
	return NULL;
}

/* Restores a changed copy into an empty fold, which then must bear to be used. */
static int restore_changed(const struct fold_saved *saved, const char *key, const void *blob, size_t size)
{
	struct fold *fold = fold_new(8, NULL);
	struct finding finding = finding_of(RULE_ROOT_EXEC, SEVERITY_MEDIUM, "/srv/a/1");
	struct fold_saved changed = { .container = saved->container, .key = key, .blob = blob, .size = size };
	int r = fold_restore(fold, &changed, 2 * SECOND, NULL);

	(void)fold_finding(fold, 1, &finding, 3 * SECOND, 1);
	finding.setup = true;
	(void)fold_finding(fold, 1, &finding, 3 * SECOND, 1);
	fold_end(fold, 0, tells_add, &(struct tells){ 0 });
	fold_free(fold);
	return r;
}

static void test_hostile_keys_are_refused(void **state)
{
	static const struct {
		const char *of, *key;
	} rows[] = {
		{ "subject", "" },
		{ "subject", "subject" },
		{ "subject", "subject root.exec" },
		{ "subject", "subject root.exce /a" },
		{ "subject", "object root.exec /a" },
		{ "subject", " root.exec /a" },
		{ "subject", "rate root.exec " },
		{ "subject",
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa root.exec /a" },
		{ "directory", "directory root.exec srv" },
		{ "directory", "directory root.exec " },
		{ "setup", "setup mutation.file /etc" },
		{ "setup", "directory mutation.file /etc" },
		{ "rate", "rate root.exec /a" },
		{ "rate", "subject root.exec /a" },
	};
	struct rows *kept = calloc(1, sizeof(*kept));

	rows_of_each_kind(*state, kept);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fold_saved *saved = row_like(kept, rows[i].of);

		assert_int_equal(restore_changed(saved, saved->key, saved->blob, saved->size), 0);
		if (restore_changed(saved, rows[i].key, saved->blob, saved->size) != -EBADMSG)
			fail_msg("row %zu was taken", i);
	}
	rows_clear(kept);
	free(kept);
}

/* By offset in the blob's fixed part: version, told, held, directories, id, end, count, seen twice, storm's end,
 * marks' count, marks, directory. */
static void test_hostile_numbers_are_refused(void **state)
{
	static const struct {
		const char *of;
		size_t offset, size;
		uint64_t value;
	} rows[] = {
		{ "subject", 0, 4, 0 },
		{ "subject", 0, 4, 2 },
		{ "subject", 4, 4, SEVERITIES },
		{ "subject", 8, 4, 77 },
		{ "subject", 16, 8, 0 },
		{ "subject", 16, 8, UINT64_MAX },
		{ "subject", 24, 8, 2 * SECOND + HOUR + 1 },
		{ "subject", 24, 8, UINT64_MAX },
		{ "subject", 40, 8, 2 * SECOND + 1 },
		{ "subject", 48, 8, UINT64_MAX },
		{ "subject", 56, 8, 1 },
		{ "subject", 64, 8, 1 },
		{ "subject", 72, 4, 1 },
		{ "subject", 72, 4, 0xffffffff },
		{ "subject", 76, 4, 1 },
		{ "subject", 76, 4, 0xffffffff },
		{ "directory", 64, 8, 0 },
		{ "directory", 64, 8, 1ull << 60 },
		{ "setup", 24, 8, 33 * SECOND },
		{ "setup", 76, 4, 0 },
		{ "rate", 16, 8, 1 },
		{ "rate", 56, 8, 2 * SECOND + HOUR + 1 },
		{ "rate", 72, 4, 19 },
	};
	struct rows *kept = calloc(1, sizeof(*kept));

	rows_of_each_kind(*state, kept);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fold_saved *saved = row_like(kept, rows[i].of);
		_cleanup_free_ char *blob = memcpy(malloc(saved->size), saved->blob, saved->size);

		memcpy(blob + rows[i].offset, &rows[i].value, rows[i].size);
		if (restore_changed(saved, saved->key, blob, saved->size) != -EBADMSG)
			fail_msg("row %zu was taken", i);
	}
	rows_clear(kept);
	free(kept);
}

/* "/etc/app" and its NUL, at the end of the set-up's blob. */
static void test_hostile_directories_are_refused(void **state)
{
	static const char *const directories[] = { "etc/app//", "/etc/app/", "/etc\0app", "\0etc/app" };
	struct rows *kept = calloc(1, sizeof(*kept));
	const struct fold_saved *saved;

	rows_of_each_kind(*state, kept);
	saved = row_like(kept, "setup");
	assert_memory_equal((const char *)saved->blob + saved->size - 9, "/etc/app", 9);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		_cleanup_free_ char *blob = memcpy(malloc(saved->size), saved->blob, saved->size);

		memcpy(blob + saved->size - 9, directories[i], 9);
		if (restore_changed(saved, saved->key, blob, saved->size) != -EBADMSG)
			fail_msg("row %zu was taken", i);
	}
	rows_clear(kept);
	free(kept);
}

/* Cut anywhere it is refused; with any bit turned it is refused or borne. */
static void test_harmed_blobs_are_borne(void **state)
{
	static const char *const kinds[] = { "subject", "directory", "setup", "rate", "last-id" };
	struct rows *kept = calloc(1, sizeof(*kept));
	uint64_t seed = 42;

	rows_of_each_kind(*state, kept);
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const struct fold_saved *saved = row_like(kept, kinds[k]);

		for (size_t size = 0; size < saved->size; size++) {
			_cleanup_free_ char *blob = memcpy(malloc(size + 1), saved->blob, size);

			assert_int_equal(restore_changed(saved, saved->key, blob, size), -EBADMSG);
		}
		for (unsigned i = 0; i < 2000; i++) {
			_cleanup_free_ unsigned char *blob = memcpy(malloc(saved->size), saved->blob, saved->size);
			int r;

			for (uint64_t n = 1 + draw(&seed, 3); n > 0; n--)
				blob[draw(&seed, saved->size)] ^= (unsigned char)(1u << draw(&seed, 8));
			r = restore_changed(saved, saved->key, blob, saved->size);
			assert_true(r == 0 || r == -EBADMSG);
		}
	}
	rows_clear(kept);
	free(kept);
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
		cmocka_unit_test_setup_teardown(test_what_could_not_be_saved_is_given_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restored_and_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_evicted_and_come_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pause_tells_and_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ended_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restore_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_keys_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_numbers_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_directories_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_harmed_blobs_are_borne, setup, teardown),
		cmocka_unit_test(test_restored_answers_the_same),
		cmocka_unit_test(test_killed_tells_nothing_twice),
		cmocka_unit_test(test_end_takes_one_container),
		cmocka_unit_test(test_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
