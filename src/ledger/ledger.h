/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The book of violations: since when each is so, until when it may be, where it was seen, who accepted it until when, and
 * every change of it. In ledger.db of the state directory.
 *
 * A violation is known by cluster, workload, rule and subject, never by container or node; its id derives from these
 * (chain.h). violation.h has its states and its clock, waiver.h what accepts it, trust.h which clock is believed.
 *
 * What is open is held in memory and answered from there; the database follows. What is new is committed before the call
 * returns (write-ahead log, synchronous=NORMAL: it survives the death of the agent at any moment; a power failure can cost
 * the last moments); what a person asked for is synchronised to the disk before it is acknowledged. What cannot be
 * written stays pending, in order, and is written when it can be; a damaged database is set aside (ledger.db.damaged), what of it can be
 * read is taken over, and a new one begins where the chain was.
 *
 * One writer: the lock on ledger.lock. Readers (document.h) need none.
 *
 * Times are ns: `boot` CLOCK_BOOTTIME, all else UTC. For one thread.
 */
#ifndef PLM_LEDGER_LEDGER_H
#define PLM_LEDGER_LEDGER_H

#include "base/cleanup.h"
#include "ledger/chain.h"
#include "ledger/evidence.h"
#include "ledger/trust.h"
#include "ledger/violation.h"
#include "ledger/waiver.h"

struct ledger;

/* Above a bound: counted (ledger_counts), and told by who asks. */
#define LEDGER_OPEN_MAX      16384  /* violations that are not resolved: no more are opened */
#define LEDGER_RESOLVED_MAX  8192   /* the one resolved first is dropped */
#define LEDGER_SIGHTINGS_MAX 64     /* of a violation: the one seen last longest ago is dropped */
#define LEDGER_SUBJECTS_MAX  256    /* of a workload and rule: one violation more stands for all others */
#define LEDGER_ENTRIES_MAX   500000 /* the oldest are dropped, and the chain begins behind them */
#define LEDGER_PENDING_MAX   16384  /* entries that could not be written yet: what comes then changes no state */
#define LEDGER_WAIVERS_MAX   4096

#define LEDGER_ALL_OTHERS "(all others)" /* the subject of the violation that stands for them */

/* Copied. Durations in seconds. */
struct ledger_settings {
	const char *cluster; /* NULL: none */
	const char *node;
	int64_t resolve_after, reopen_within;
	int64_t waiver_max;     /* a waiver's length, at most */
	int64_t waiver_warning; /* before its end, at most; never before three quarters of it have gone */
};

/* What happened as it was opened, for one line. */
struct ledger_opened {
	bool set_aside;
	size_t salvaged; /* violations taken over from the damaged one */
	enum trust_verdict clock;
};

/*
 * Opens or makes it, and takes its lock. 0. -EBUSY: another process writes to it; or as database_open.
 */
int ledger_open(const char *dir, const struct ledger_settings *settings, const struct trust_reading *reading,
		struct ledger **ret_ledger, struct ledger_opened *ret_opened);
void ledger_close(struct ledger *ledger); /* writes what is pending; takes NULL */
DEFINE_CLEANUP(struct ledger *, ledger_close)

/* New settings hold from here on: deadlines follow at the next ledger_tick. 0 or -ENOMEM. */
int ledger_settle(struct ledger *ledger, const struct ledger_settings *settings);

/* ---- findings ---- */

/* Where it was seen. Strings belong to the caller. */
struct ledger_place {
	const char *container; /* id */
	const char *digest;    /* of the image; NULL unknown */
	const char *facts;     /* a JSON object: what is shown of it */
};

struct ledger_finding {
	enum rule rule;
	enum severity severity;
	int64_t grace; /* the policy's, seconds; GRACE_NONE keeps no clock */
	const char *workload, *subject, *message;
	struct ledger_place place;
	struct evidence evidence;    /* what its condition is known by */
	const struct waiver *waiver; /* that covers it (ledger_waiver); NULL */
};

struct ledger_answer {
	char id[VIOLATION_ID_SIZE];
	enum violation_state state;
	int64_t opened, deadline;
	char head[CHAIN_TEXT_SIZE]; /* of the chain, with this in it */
	bool news;                  /* it was opened, or reopened */
};

/* Its condition holds, seen now. 0; -ENOENT: the rule keeps no clock; -ENOSPC: above a bound; -ENOMEM. */
int ledger_find(struct ledger *ledger, const struct ledger_finding *finding, int64_t boot,
		struct ledger_answer *ret_answer);

/* Is there one of that key, resolved or not? */
bool ledger_has(struct ledger *ledger, const char *workload, enum rule rule, const char *subject);

/* Which waiver, by command or policy, covers such a finding now: the ledger's, valid until the next call; NULL none.
 * One that is bound to another digest of the image ends here. */
const struct waiver *ledger_waiver(struct ledger *ledger, const struct waiver_question *question, int64_t boot);

/* It let something through, which is counted. */
void ledger_waiver_matched(struct ledger *ledger, const struct waiver *waiver, int64_t boot);

/* ---- waivers ---- */

/*
 * Someone accepts: checked, given an id, and on disk when this returns. 0: *ret_waiver is the ledger's. -EINVAL: `ret_why`
 * says what is wrong with it; -ENOSPC; or the error of writing: then it holds nothing.
 */
int ledger_waive(struct ledger *ledger, const struct waiver *waiver, const char *by, int64_t boot,
		 const struct waiver **ret_waiver, char ret_why[static WAIVER_WHY]);

/* Ends one that `plimsoll waive` made. 0; -ENOENT: there is none of that id in force; -EPERM: it is the policy's; or the
 * error of writing: then it still holds. */
int ledger_revoke(struct ledger *ledger, const char *id, const char *by, const char *why, int64_t boot);

/* The policy has these waivers now (ids of waiver_policy_id): those that it no longer has end. 0 or -ENOMEM. */
int ledger_policy_waivers(struct ledger *ledger, const struct waiver *waivers, size_t count, int64_t boot);

/* By id of a violation, whole or a beginning of 8 digits that only one has: what a waiver for it says. 0: strings are the
 * ledger's; -ENOENT; -EEXIST: several begin so. */
int ledger_violation(struct ledger *ledger, const char *id, struct waiver *ret_waiver);

/* ---- the clock ---- */

/* Who looks whether conditions hold. */
struct ledger_watch {
	/* What is seen of a workload on this node: PRESENCE_UNKNOWN where no container of it runs, or one is not seen
	 * whole; else PRESENCE_NO. */
	enum presence (*workload)(const char *workload, void *data);
	/* Does it hold in that container? UNKNOWN: the container is not there. May forget what of it has ended. */
	enum presence (*look)(const char *container, enum rule rule, struct evidence *evidence, void *data);
	/* The grace that the policy gives now; *ret_grace untouched where no container of the workload is there to ask. */
	void (*grace)(const char *workload, enum rule rule, int64_t *ret_grace, void *data);
	void *data;
};

/*
 * Once a second: looks at the clock and at the next few violations (all within LEDGER_ROUND seconds), takes what changed to
 * the database, and tries what is pending. The clock's verdict is to be told.
 */
enum trust_verdict ledger_tick(struct ledger *ledger, const struct trust_reading *reading,
			       const struct ledger_watch *watch);
#define LEDGER_ROUND 5
#define LEDGER_CHECK                                                                                                   \
	60 /* seconds between two looks whether the database is sound, and what time it is written into it */

/* A person confirms the clock. */
enum trust_verdict ledger_confirm_clock(struct ledger *ledger, const struct trust_reading *reading, const char *by);

/* ---- what is to be told of it ---- */

/* A change that is to be told, as an alert or a state line. Strings are the ledger's, valid during the call. */
struct ledger_notice {
	const struct entry *entry;
	char head[CHAIN_TEXT_SIZE];            /* of the chain, with this entry */
	enum severity severity;                /* of the violation */
	const char *rule, *workload, *subject; /* NULL: of a waiver, or of the ledger itself, unless the waiver says */
	const char *owner, *reason;            /* of the waiver; NULL */
	const char *container;                 /* id, of where it was seen last; NULL */
	enum violation_state state;
	int64_t opened, deadline;
};

/* Those that were not told yet, in order. They are told again by the next process if ledger_told is not called when the outputs
 * have them. */
void ledger_untold(struct ledger *ledger, void (*tell)(const struct ledger_notice *notice, void *data), void *data);
void ledger_told(struct ledger *ledger);

struct ledger_counts {
	size_t open, resolved, waivers;
	size_t pending;     /* entries that wait to be written */
	uint64_t refused;   /* violations above a bound */
	uint64_t dropped;   /* sightings, resolved ones, entries: the oldest */
	int error;          /* of the last writing; 0 */
	uint64_t set_aside; /* databases that were found damaged, while it ran */
	int64_t frozen;     /* since when the clock is not believed; 0 */
};
struct ledger_counts ledger_counts(const struct ledger *ledger);

#endif
