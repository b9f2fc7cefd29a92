// SPDX-License-Identifier: Apache-2.0
#include "ledger/violation.h"

#include "base/cleanup.h"

#define SECOND 1000000000ll

static const char *const states[VIOLATION_STATES] = {
	[VIOLATION_GRACE] = "grace",
	[VIOLATION_OVERDUE] = "overdue",
	[VIOLATION_WAIVED] = "waived",
	[VIOLATION_RESOLVED] = "resolved",
};

static const char *const presences[PRESENCES] = {
	[PRESENCE_UNKNOWN] = "unknown",
	[PRESENCE_YES] = "yes",
	[PRESENCE_NO] = "no",
};

static const char *const changes[CHANGES] = {
	[CHANGE_OPENED] = "opened",     [CHANGE_REOPENED] = "reopened",         [CHANGE_DEADLINE] = "deadline-moved",
	[CHANGE_WAIVED] = "waived",     [CHANGE_WAIVER_ENDED] = "waiver-ended", [CHANGE_OVERDUE] = "overdue",
	[CHANGE_RESOLVED] = "resolved",
};

const char *violation_state_name(enum violation_state state)
{
	return states[state];
}

const char *presence_name(enum presence presence)
{
	return presences[presence];
}

const char *violation_change_name(enum violation_change change)
{
	return changes[change];
}

static void change(struct violation *violation, enum violation_change what, enum violation_state to,
		   struct violation_changes *list)
{
	if (list->count < VIOLATION_CHANGES_MAX) {
		list->list[list->count] = what;
		list->from[list->count] = violation->state;
		list->to[list->count++] = to;
	}
	violation->state = to;
}

/* What the clock says where no waiver holds. */
static enum violation_state by_clock(const struct violation *violation, int64_t now)
{
	return violation->deadline && now >= violation->deadline ? VIOLATION_OVERDUE : VIOLATION_GRACE;
}

static void deadline_set(struct violation *violation, int64_t grace)
{
	violation->grace = grace;
	violation->deadline = violation->opened + grace * SECOND;
}

/* A waiver begins or ends, or a deadline comes. A waiver that is renewed tells so, for its end is another. */
static void state_follow(struct violation *violation, int64_t waived_until, int64_t now, struct violation_changes *list)
{
	bool waived = waived_until > now;

	if (waived && (violation->state != VIOLATION_WAIVED || violation->waived_until != waived_until)) {
		violation->waived_until = waived_until;
		change(violation, CHANGE_WAIVED, VIOLATION_WAIVED, list);
	} else if (!waived && violation->state == VIOLATION_WAIVED) {
		violation->waived_until = 0;
		change(violation, CHANGE_WAIVER_ENDED, VIOLATION_GRACE, list);
	}
	if (violation->state == VIOLATION_GRACE && by_clock(violation, now) == VIOLATION_OVERDUE)
		change(violation, CHANGE_OVERDUE, VIOLATION_OVERDUE, list);
}

void violation_open(struct violation *ret_violation, const struct violation_rules *rules, int64_t waived_until,
		    int64_t now, struct violation_changes *ret_changes)
{
	ret_changes->count = 0;
	*ret_violation = (struct violation){ .presence = PRESENCE_YES, .opened = now };
	deadline_set(ret_violation, rules->grace);
	change(ret_violation, CHANGE_OPENED, VIOLATION_GRACE, ret_changes);
	state_follow(ret_violation, waived_until, now, ret_changes);
}

bool violation_is_new(const struct violation *violation, const struct violation_rules *rules, int64_t now)
{
	return violation->state == VIOLATION_RESOLVED && now - violation->resolved > rules->reopen_within * SECOND;
}

static void presence_take(struct violation *violation, enum presence presence, int64_t now)
{
	violation->presence = presence;
	if (presence != PRESENCE_NO)
		violation->absent_since = 0;
	else if (!violation->absent_since)
		violation->absent_since = now;
}

static void grace_follow(struct violation *violation, int64_t grace, int64_t now, struct violation_changes *list)
{
	enum violation_state to;

	if (grace == violation->grace)
		return;
	deadline_set(violation, grace);
	/* Overdue by the old one and not by the new: in its grace again. */
	to = violation->state == VIOLATION_OVERDUE ? by_clock(violation, now) : violation->state;
	change(violation, CHANGE_DEADLINE, to, list);
}

static void resolve(struct violation *violation, int64_t now, struct violation_changes *list)
{
	violation->resolved = now;
	violation->waived_until = 0;
	change(violation, CHANGE_RESOLVED, VIOLATION_RESOLVED, list);
}

static bool is_over(const struct violation *violation, const struct violation_rules *rules, int64_t now)
{
	return rules->grace == GRACE_NONE || (violation->absent_since && now >= violation_resolves(violation, rules));
}

void violation_step(struct violation *violation, enum presence presence, const struct violation_rules *rules,
		    int64_t waived_until, int64_t now, struct violation_changes *ret_changes)
{
	ret_changes->count = 0;
	if (violation->state == VIOLATION_RESOLVED) {
		if (presence != PRESENCE_YES || rules->grace == GRACE_NONE || violation_is_new(violation, rules, now))
			return;
		violation->resolved = 0;
		violation->reopened++;
		change(violation, CHANGE_REOPENED, VIOLATION_GRACE, ret_changes);
	}
	presence_take(violation, presence, now);
	if (is_over(violation, rules, now)) {
		resolve(violation, now, ret_changes);
		return;
	}
	grace_follow(violation, rules->grace, now, ret_changes);
	state_follow(violation, waived_until, now, ret_changes);
}

int64_t violation_resolves(const struct violation *violation, const struct violation_rules *rules)
{
	if (violation->state == VIOLATION_RESOLVED || !violation->absent_since)
		return 0;
	return violation->absent_since + rules->resolve_after * SECOND;
}
