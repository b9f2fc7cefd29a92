/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A waiver: someone accepts violations of a rule in a workload, until a date. Plain data, and what is pure about it.
 */
#ifndef PLM_LEDGER_WAIVER_H
#define PLM_LEDGER_WAIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/rule.h"

#define WAIVER_ID_SIZE   18  /* "W" or "P", 16 hex digits, NUL */
#define WAIVER_WHY       200 /* bytes of what is wrong with one */
#define WAIVER_OWNER_MAX 128 /* bytes, as the next two */
#define WAIVER_TEXT_MAX  512

/* In the database: numbers stay. */
enum waiver_source { WAIVER_COMMAND = 0, WAIVER_POLICY = 1, WAIVER_SOURCES };

enum waiver_end {
	WAIVER_HOLDS = 0,
	WAIVER_ENDED = 1,   /* its time was over */
	WAIVER_REVOKED = 2, /* by a person, or it left the policy */
	WAIVER_VOID = 3,    /* the image's digest is another than the one it is bound to */
	WAIVER_ENDS,
};

const char *waiver_source_name(enum waiver_source source); /* "command", "policy" */
const char *waiver_end_name(enum waiver_end end);          /* "in-force", "ended", "revoked", "void" */

/* Strings belong to whoever holds it; NULL: any, or none. */
struct waiver {
	char id[WAIVER_ID_SIZE];
	enum waiver_source source;
	enum rule rule;
	const char *workload; /* a pattern (policy/pattern.h) */
	const char *subject;  /* a pattern; NULL: any */
	const char *digest;   /* of the image; NULL: any */
	int64_t made, until;  /* ns of UTC: in force before `until` */
	const char *owner, *reason;
	enum waiver_end end;
	bool warned; /* that it is about to end was told */
	uint64_t matched;
	int64_t last_matched; /* 0: never */
};

struct waiver_question {
	enum rule rule;
	const char *workload, *subject, *digest; /* digest: of the image; NULL unknown */
	const char *policy_id; /* the policy's waiver that it found to match by more than the workload's name; NULL */
};

/* When it is told that it is about to end: `warning` seconds before, and not before three quarters of it have gone. */
int64_t waiver_warns(const struct waiver *waiver, int64_t warning);

/*
 * What is wrong with a waiver that is asked for at `now`, at most `max` seconds long. 0 or -EINVAL and a sentence: no
 * end, no owner, no reason, an end in the past or too late, a pattern that is none, a text too long or with control
 * characters, a rule that keeps no clock.
 */
int waiver_check(const struct waiver *waiver, int64_t max, int64_t now, char ret_why[static WAIVER_WHY]);

/* The id of one of the policy's: by what it says, so that it is the same after a reload, and on each node. */
void waiver_policy_id(const struct waiver *waiver, char ret_id[static WAIVER_ID_SIZE]);

#endif
