/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows for the detectors' tests: an event and its facts, and the findings that must come of it, all of them
 * and in order. A harmless twin is a row that expects none. The policy is the default one.
 */
#ifndef DETECT_ROWS_H
#define DETECT_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "detect/detect.h"
#include "policy/policy.h"

struct expected {
	const char *action; /* NULL: no finding here */
	enum rule rule;
	enum severity severity;
	const char *path, *verdict, *cause; /* exactly, NULL too */
	const char *subject;                /* where given */
	const char *says;                   /* a part of the message, where given */
};

struct row {
	const char *what;
	struct event event;
	struct facts facts;
	struct expected expected[FINDINGS_MAX];
};

#define SAME(row, number, field, a, b)                                                                                 \
	do {                                                                                                           \
		const char *a_ = (a), *b_ = (b);                                                                       \
		if ((a_ == NULL) != (b_ == NULL) || (a_ && strcmp(a_, b_) != 0))                                       \
			fail_msg("%s: finding %zu: %s is %s, not %s", (row)->what, number, field, a_ ? a_ : "NULL",    \
				 b_ ? b_ : "NULL");                                                                    \
	} while (0)

static inline void check_finding(const struct row *row, size_t number, const struct finding *finding)
{
	const struct expected *expected = &row->expected[number];

	SAME(row, number, "rule", rule_info(finding->rule)->id, rule_info(expected->rule)->id);
	SAME(row, number, "severity", severity_name(finding->severity), severity_name(expected->severity));
	SAME(row, number, "action", finding->action, expected->action);
	SAME(row, number, "path", finding->path, expected->path);
	SAME(row, number, "verdict", finding->verdict, expected->verdict);
	SAME(row, number, "cause", finding->cause, expected->cause);
	if (expected->subject)
		SAME(row, number, "subject", finding->subject, expected->subject);
	if (expected->says && !strstr(finding->message, expected->says))
		fail_msg("%s: \"%s\" does not say \"%s\"", row->what, finding->message, expected->says);
	assert_int_not_equal(finding->subject[0], '\0');
	assert_int_not_equal(finding->message[0], '\0');
}

/* The findings of one event under a policy (YAML; NULL: the default). */
static inline size_t detect_under(const char *yaml, const struct event *event, const struct facts *facts,
				  struct finding findings[static FINDINGS_MAX])
{
	const struct container container = { .cgroup = 42, .facts = { .name = (char *)"web" } };
	const struct policy_subject subject = { .container = "web" };
	struct policy *policy = NULL;
	struct policy_error error;
	struct policy_view *view;
	size_t count, errors;

	if (yaml)
		assert_int_equal(policy_parse(yaml, strlen(yaml), &policy, &error, 1, &errors), 0);
	else
		policy = policy_default();
	view = policy_view_new(policy, &subject);
	assert_non_null(view);
	count = detect(event, facts, &container, view, findings);
	policy_view_free(view);
	policy_free(policy);
	return count;
}

static inline void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct finding findings[FINDINGS_MAX];
		size_t found = detect_under(NULL, &rows[i].event, &rows[i].facts, findings), wanted = 0;

		while (wanted < FINDINGS_MAX && rows[i].expected[wanted].action)
			wanted++;
		if (found != wanted)
			fail_msg("%s: %zu findings, not %zu (first: %s)", rows[i].what, found, wanted,
				 found ? findings[0].message : "none");
		for (size_t n = 0; n < found; n++)
			check_finding(&rows[i], n, &findings[n]);
	}
}

/* Event fields that most rows share: a process of uid 1000 without root's ids. */
#define TASK_OF(id)                                                                                                    \
	{                                                                                                              \
		.pid = 7, .creds = { .uid = (id), .euid = (id), .suid = (id), .fsuid = (id) }, .comm = "sh"            \
	}
#define CREDS_OF(id)                                                                                                   \
	{                                                                                                              \
		.uid = (id), .euid = (id), .suid = (id), .fsuid = (id)                                                 \
	}

#endif
