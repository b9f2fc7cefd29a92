/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One violation of the ledger's document, its fields found and checked once. Moments are seconds UTC since the epoch.
 */
#ifndef PLM_COMPLIANCE_SHOWN_H
#define PLM_COMPLIANCE_SHOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "detect/rule.h"

#define MOMENT_UNKNOWN INT64_MIN

/* In the order of urgency. */
enum shown_state { SHOWN_OVERDUE, SHOWN_GRACE, SHOWN_WAIVED, SHOWN_RESOLVED, SHOWN_STATES };

/* All texts are the document's; NULL: unknown. */
struct shown {
	const json_t *json;
	const char *id, *rule, *workload, *subject; /* never NULL */
	const char *message, *present, *previous;
	enum shown_state state;
	enum severity severity;
	int64_t opened, deadline, resolved, absent_since, resolves, waived_until;
	uint64_t reopened;
	const json_t *sightings, *history; /* arrays, or NULL */
	const json_t *waiver;              /* an object, or NULL */
};

/*
 * 0, or -EBADMSG: it is no object, or lacks an id, a rule, a workload, a subject or a state that is known; a severity
 * that is not known is the rule's own, else medium. `ret_violation` lives as long as `json`.
 */
int shown_read(const json_t *json, struct shown *ret_violation);

/* The moment that its state waits for: a deadline, the end of a waiver, when it was resolved. */
int64_t shown_moment(const struct shown *violation);

/* More urgent before less: negative, 0 or positive. State, moment, severity, rule, subject, id; of what is resolved the
 * latest first. */
int violation_compare(const struct shown *a, const struct shown *b);

const char *shown_state_name(enum shown_state state); /* "overdue" */
int shown_state_from_name(const char *name);          /* or -ENOENT */

/* A text of RFC 3339 as a moment; what is none, NULL too, is MOMENT_UNKNOWN. */
int64_t shown_instant(const char *text);

/* The text at object.key, object.first.second; NULL: there is none. */
const char *text_of(const json_t *object, const char *key);
const char *text_within(const json_t *object, const char *first, const char *second);

#endif
