// SPDX-License-Identifier: Apache-2.0
/* The states of a violation, by table, with a clock of its own: seconds since an arbitrary moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/violation.h"

#define S     1000000000ll
#define BEGAN (1000000 * S)
#define YES   PRESENCE_YES
#define NO    PRESENCE_NO
#define DARK  PRESENCE_UNKNOWN

/* 100 s of grace, resolved after 50 s of absence, the same again within 1,000 s. */
static const struct violation_rules usual = { .grace = 100, .resolve_after = 50, .reopen_within = 1000 };

struct step {
	int64_t at; /* seconds after it was opened */
	enum presence presence;
	int64_t waived_until; /* likewise; 0: none */
	int64_t grace;        /* 0: as usual */
	const char *told;     /* changes, space-separated; "" none */
	enum violation_state state;
};

struct story {
	const char *name;
	int64_t grace;        /* when it is opened */
	int64_t waived_until; /* likewise */
	const char *opened;   /* what that tells */
	struct step steps[8]; /* told NULL: the end */
};

static const struct story stories[] = {
	{ "no grace is overdue at once", 0, 0, "opened overdue", { { 1, YES, 0, -2, "", VIOLATION_OVERDUE } } },
	{ "grace to the second before its deadline",
	  100,
	  0,
	  "opened",
	  { { 99, YES, 0, 0, "", VIOLATION_GRACE }, { 100, YES, 0, 0, "overdue", VIOLATION_OVERDUE } } },
	{ "overdue is told once",
	  100,
	  0,
	  "opened",
	  { { 200, YES, 0, 0, "overdue", VIOLATION_OVERDUE }, { 300, YES, 0, 0, "", VIOLATION_OVERDUE } } },
	{ "the clock runs on while nobody looks",
	  100,
	  0,
	  "opened",
	  { { 10, DARK, 0, 0, "", VIOLATION_GRACE }, { 500, DARK, 0, 0, "overdue", VIOLATION_OVERDUE } } },
	{ "absence without a gap resolves",
	  100,
	  0,
	  "opened",
	  { { 10, NO, 0, 0, "", VIOLATION_GRACE },
	    { 59, NO, 0, 0, "", VIOLATION_GRACE },
	    { 60, NO, 0, 0, "resolved", VIOLATION_RESOLVED } } },
	{ "a gap begins the absence anew",
	  100,
	  0,
	  "opened",
	  { { 10, NO, 0, 0, "", VIOLATION_GRACE },
	    { 40, DARK, 0, 0, "", VIOLATION_GRACE },
	    { 41, NO, 0, 0, "", VIOLATION_GRACE },
	    { 90, NO, 0, 0, "", VIOLATION_GRACE },
	    { 91, NO, 0, 0, "resolved", VIOLATION_RESOLVED } } },
	{ "seen again begins it anew too",
	  100,
	  0,
	  "opened",
	  { { 10, NO, 0, 0, "", VIOLATION_GRACE },
	    { 50, YES, 0, 0, "", VIOLATION_GRACE },
	    { 70, NO, 0, 0, "", VIOLATION_GRACE },
	    { 119, NO, 0, 0, "overdue", VIOLATION_OVERDUE },
	    { 120, NO, 0, 0, "resolved", VIOLATION_RESOLVED } } },
	{ "unknown alone resolves nothing",
	  100,
	  0,
	  "opened",
	  { { 10, DARK, 0, 0, "", VIOLATION_GRACE }, { 100000, DARK, 0, 0, "overdue", VIOLATION_OVERDUE } } },
	{ "reopened with its first clock",
	  100,
	  0,
	  "opened",
	  { { 10, NO, 0, 0, "", VIOLATION_GRACE },
	    { 60, NO, 0, 0, "resolved", VIOLATION_RESOLVED },
	    { 61, NO, 0, 0, "", VIOLATION_RESOLVED },
	    { 90, YES, 0, 0, "reopened", VIOLATION_GRACE },
	    { 100, YES, 0, 0, "overdue", VIOLATION_OVERDUE } } },
	{ "reopened behind its deadline is overdue at once",
	  100,
	  0,
	  "opened",
	  { { 10, NO, 0, 0, "", VIOLATION_GRACE },
	    { 60, NO, 0, 0, "resolved", VIOLATION_RESOLVED },
	    { 500, YES, 0, 0, "reopened overdue", VIOLATION_OVERDUE } } },
	{ "too late to be the same",
	  100,
	  0,
	  "opened",
	  { { 10, NO, 0, 0, "", VIOLATION_GRACE },
	    { 60, NO, 0, 0, "resolved", VIOLATION_RESOLVED },
	    { 1061, YES, 0, 0, "", VIOLATION_RESOLVED } } },
	{ "waived from the first",
	  100,
	  50,
	  "opened waived",
	  { { 49, YES, 50, 0, "", VIOLATION_WAIVED },
	    { 50, YES, 50, 0, "waiver-ended", VIOLATION_GRACE },
	    { 100, YES, 0, 0, "overdue", VIOLATION_OVERDUE } } },
	{ "waived past its deadline: overdue when that ends",
	  100,
	  0,
	  "opened",
	  { { 10, YES, 200, 0, "waived", VIOLATION_WAIVED },
	    { 150, YES, 200, 0, "", VIOLATION_WAIVED },
	    { 200, YES, 200, 0, "waiver-ended overdue", VIOLATION_OVERDUE } } },
	{ "overdue, and waived then",
	  100,
	  0,
	  "opened",
	  { { 120, YES, 0, 0, "overdue", VIOLATION_OVERDUE },
	    { 130, YES, 200, 0, "waived", VIOLATION_WAIVED },
	    { 140, YES, 0, 0, "waiver-ended overdue", VIOLATION_OVERDUE } } },
	{ "a renewed waiver is told",
	  100,
	  50,
	  "opened waived",
	  { { 20, YES, 90, 0, "waived", VIOLATION_WAIVED }, { 60, YES, 90, 0, "", VIOLATION_WAIVED } } },
	{ "waived, and mended",
	  100,
	  80,
	  "opened waived",
	  { { 10, NO, 80, 0, "", VIOLATION_WAIVED }, { 60, NO, 80, 0, "resolved", VIOLATION_RESOLVED } } },
	{ "a longer grace moves the deadline",
	  100,
	  0,
	  "opened",
	  { { 10, YES, 0, 500, "deadline-moved", VIOLATION_GRACE },
	    { 100, YES, 0, 500, "", VIOLATION_GRACE },
	    { 500, YES, 0, 500, "overdue", VIOLATION_OVERDUE } } },
	{ "... also of one that is overdue",
	  100,
	  0,
	  "opened",
	  { { 150, YES, 0, 0, "overdue", VIOLATION_OVERDUE },
	    { 160, YES, 0, 500, "deadline-moved", VIOLATION_GRACE } } },
	{ "a shorter one makes overdue",
	  100,
	  0,
	  "opened",
	  { { 30, YES, 0, 20, "deadline-moved overdue", VIOLATION_OVERDUE } } },
	{ "a policy without a clock ends it",
	  100,
	  0,
	  "opened",
	  { { 30, YES, 0, GRACE_NONE, "resolved", VIOLATION_RESOLVED },
	    { 31, YES, 0, GRACE_NONE, "", VIOLATION_RESOLVED } } },
};

static void changes_text(const struct violation_changes *changes, char *ret_text, size_t size)
{
	size_t length = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < changes->count; i++)
		length += (size_t)snprintf(ret_text + length, size - length, "%s%s", i ? " " : "",
					   violation_change_name(changes->list[i]));
}

/* Each change begins where the one before ended, and the last is the state. */
static void check_links(const struct story *story, const struct violation_changes *changes,
			const struct violation *violation)
{
	for (size_t i = 1; i < changes->count; i++)
		if (changes->from[i] != changes->to[i - 1])
			fail_msg("%s: a change from another state than the last", story->name);
	if (changes->count && changes->to[changes->count - 1] != violation->state)
		fail_msg("%s: the last change is not the state", story->name);
}

static void tell(const struct story *story)
{
	struct violation_rules rules = usual;
	struct violation_changes changes;
	struct violation violation;
	char told[256];

	rules.grace = story->grace;
	violation_open(&violation, &rules, story->waived_until ? BEGAN + story->waived_until * S : 0, BEGAN, &changes);
	changes_text(&changes, told, sizeof(told));
	if (strcmp(told, story->opened) != 0)
		fail_msg("%s: opened: '%s', not '%s'", story->name, told, story->opened);
	check_links(story, &changes, &violation);
	for (size_t i = 0; i < ARRAY_SIZE(story->steps) && story->steps[i].told; i++) {
		const struct step *step = &story->steps[i];

		rules.grace = step->grace ? step->grace : usual.grace;
		rules.grace = step->grace == -2 ? story->grace : rules.grace;
		violation_step(&violation, step->presence, &rules,
			       step->waived_until ? BEGAN + step->waived_until * S : 0, BEGAN + step->at * S, &changes);
		changes_text(&changes, told, sizeof(told));
		if (strcmp(told, step->told) != 0 || violation.state != step->state)
			fail_msg("%s: at %lld s: '%s' and %s, not '%s' and %s", story->name, (long long)step->at, told,
				 violation_state_name(violation.state), step->told, violation_state_name(step->state));
		check_links(story, &changes, &violation);
		if (violation.opened != BEGAN)
			fail_msg("%s: its clock was moved", story->name);
	}
}

static void test_stories(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++)
		tell(&stories[i]);
}

static void test_when_it_will_be_resolved(void **state)
{
	struct violation_changes changes;
	struct violation violation;

	(void)state;
	violation_open(&violation, &usual, 0, BEGAN, &changes);
	assert_int_equal(violation_resolves(&violation, &usual), 0);
	violation_step(&violation, NO, &usual, 0, BEGAN + 10 * S, &changes);
	assert_int_equal(violation_resolves(&violation, &usual), BEGAN + 60 * S);
	violation_step(&violation, YES, &usual, 0, BEGAN + 20 * S, &changes);
	assert_int_equal(violation_resolves(&violation, &usual), 0);
}

static void test_when_it_is_a_new_one(void **state)
{
	struct violation_changes changes;
	struct violation violation;

	(void)state;
	violation_open(&violation, &usual, 0, BEGAN, &changes);
	assert_false(violation_is_new(&violation, &usual, BEGAN + 100000 * S)); /* not resolved */
	violation_step(&violation, NO, &usual, 0, BEGAN, &changes);
	violation_step(&violation, NO, &usual, 0, BEGAN + 50 * S, &changes);
	assert_int_equal(violation.state, VIOLATION_RESOLVED);
	assert_false(violation_is_new(&violation, &usual, BEGAN + 1050 * S));
	assert_true(violation_is_new(&violation, &usual, BEGAN + 1051 * S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_when_it_will_be_resolved),
		cmocka_unit_test(test_when_it_is_a_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
