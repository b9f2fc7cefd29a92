/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One violation and its clock: since when it is so, until when it may be. Pure: facts and a moment in, the next state and
 * what changed out. Times are ns of UTC (CLOCK_REALTIME), and never go back from one call to the next: trust.h.
 *
 *	grace     until its deadline, `opened` + grace
 *	overdue   from there on
 *	waived    while a waiver is in force, whatever the clock says; it runs on below
 *	resolved  seen absent without a gap for `resolve_after`; or the policy keeps no clock of it any more
 */
#ifndef PLM_LEDGER_VIOLATION_H
#define PLM_LEDGER_VIOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/rule.h"

/* In the database: numbers stay. */
enum violation_state {
	VIOLATION_GRACE = 0,
	VIOLATION_OVERDUE = 1,
	VIOLATION_WAIVED = 2,
	VIOLATION_RESOLVED = 3,
	VIOLATION_STATES,
};

/* Does its condition hold? UNKNOWN: nobody looks (no agent, no container of the workload), or not at all of it. */
enum presence {
	PRESENCE_UNKNOWN = 0,
	PRESENCE_YES = 1,
	PRESENCE_NO = 2,
	PRESENCES,
};

const char *violation_state_name(enum violation_state state); /* "grace" */
const char *presence_name(enum presence presence);            /* "yes", "no", "unknown" */

struct violation {
	enum violation_state state;
	enum presence presence;
	int64_t opened;
	int64_t grace;        /* seconds, by which the deadline was set */
	int64_t deadline;     /* 0: none, for the policy keeps no clock of it any more */
	int64_t absent_since; /* of the absence that goes on; 0 none */
	int64_t resolved;     /* 0: it is not */
	int64_t waived_until; /* of the waiver that holds; 0 none */
	uint32_t reopened;    /* how often */
};

struct violation_rules {
	int64_t grace;         /* seconds, or GRACE_NONE */
	int64_t resolve_after; /* seconds */
	int64_t reopen_within; /* seconds */
};

/* What can change, in the order in which violation_step lists it. In the database by name. */
enum violation_change {
	CHANGE_OPENED,
	CHANGE_REOPENED,
	CHANGE_DEADLINE,
	CHANGE_WAIVED,
	CHANGE_WAIVER_ENDED,
	CHANGE_OVERDUE,
	CHANGE_RESOLVED,
	CHANGES,
};

const char *violation_change_name(enum violation_change change); /* "deadline-moved" */

#define VIOLATION_CHANGES_MAX 8 /* that one step can bring */

struct violation_changes {
	size_t count;
	enum violation_change list[VIOLATION_CHANGES_MAX];
	enum violation_state from[VIOLATION_CHANGES_MAX], to[VIOLATION_CHANGES_MAX];
};

/* A new one, in its grace period, overdue (no grace) or waived. `grace` must not be GRACE_NONE. */
void violation_open(struct violation *ret_violation, const struct violation_rules *rules, int64_t waived_until,
		    int64_t now, struct violation_changes *ret_changes);

/*
 * It is now. `waived_until`: the end of a waiver that covers it, 0 for none; one that has ended counts as none. A violation
 * that is resolved changes only where its condition holds again, within `reopen_within`: see violation_is_new.
 */
void violation_step(struct violation *violation, enum presence presence, const struct violation_rules *rules,
		    int64_t waived_until, int64_t now, struct violation_changes *ret_changes);

/* It was resolved, and its condition holds again: too late to be the same. A new one is to be opened, linked to it. */
bool violation_is_new(const struct violation *violation, const struct violation_rules *rules, int64_t now);

/* When it would be resolved if it stays absent; 0: it is not absent, or resolved already. */
int64_t violation_resolves(const struct violation *violation, const struct violation_rules *rules);

#endif
