/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the wall clock to be believed? Deadlines are moments of UTC, and whoever can set the clock could end a grace period, or
 * make one without end. CLOCK_BOOTTIME (clock_gettime(2)) runs on over suspend and nobody sets it: where the wall clock
 * disagrees with it by more than a clock's own drift, time is frozen: it goes on by CLOCK_BOOTTIME from what was last
 * believed, and no state changes by it, until the wall clock agrees again, the kernel says that it is synchronised
 * (adjtimex(2): a clock that was set is not, until NTP has confirmed it), or a person confirms it. Pure: readings in.
 *
 * Over a boot only one thing can be known: it is not earlier than it was.
 */
#ifndef PLM_LEDGER_TRUST_H
#define PLM_LEDGER_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#define TRUST_SLACK 2000000000ll /* ns that two readings may disagree, and beside it: */
#define TRUST_DRIFT 1000         /* a part in so many of the time between: twice what adjtimex(2) can slew */

/* Readings at one moment, ns. */
struct trust_reading {
	int64_t wall, boot; /* CLOCK_REALTIME, CLOCK_BOOTTIME */
	bool synchronised;  /* the kernel says so */
};

struct trust {
	int64_t wall, boot; /* what was last believed, and when */
	int64_t frozen;     /* since when, in believed time; 0: it is not */
};

enum trust_verdict {
	TRUST_SAME,
	TRUST_FROZE,   /* told once */
	TRUST_RESUMED, /* time is the wall clock's again */
};

/* Begins with what an agent before this one believed at last (`before` NULL: there was none). `same_boot`: the readings
 * of CLOCK_BOOTTIME can be compared. */
enum trust_verdict trust_begin(struct trust *ret_trust, const struct trust *before, bool same_boot,
			       const struct trust_reading *reading);

/* At every tick. */
enum trust_verdict trust_look(struct trust *trust, const struct trust_reading *reading);

/* A person says that the wall clock is right. */
enum trust_verdict trust_confirm(struct trust *trust, const struct trust_reading *reading);

/* What time it is, ns of UTC. Never less than at the call before, but for trust_confirm and TRUST_RESUMED. */
int64_t trust_now(const struct trust *trust, int64_t boot);

#endif
