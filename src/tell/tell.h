/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From findings to lines: the policy's exceptions, the folding of repeats, the alert, the outputs. Has no clock of its
 * own: CLOCK_BOOTTIME comes with each call, and its distance to the realtime clock is set from outside.
 */
#ifndef PLM_TELL_TELL_H
#define PLM_TELL_TELL_H

#include "container/container.h"
#include "container/registry.h"
#include "decode/event.h"
#include "detect/detect.h"
#include "output/sink.h"
#include "policy/policy.h"
#include "process/processes.h"

struct teller;

/* All but `policy` must outlive the teller. */
struct teller_parts {
	struct sinks *sinks;
	struct id_source *ids;
	struct registry *registry;   /* for the names behind a repeat */
	struct processes *processes; /* for the names of ancestors */
};

/* The policy gives what is redacted; it is not kept. 0 or -ENOMEM. */
int teller_new(const struct teller_parts *parts, const struct policy *policy, struct teller **ret_teller);
void teller_free(struct teller *teller); /* takes NULL; tells nothing more */

/* A new policy holds: patterns are read anew. 0, or -ENOMEM and the old ones stay. */
int teller_reload(struct teller *teller, const struct policy *policy);

/* Realtime minus boottime, in ns, from now on. */
void teller_set_clock(struct teller *teller, int64_t boot_offset);

/* Whom and what a line is about. `facts` may be NULL; `container` too (the host). */
struct telling {
	const struct event *event;
	const struct facts *facts;
	struct container *container;
};

/* A finding that the policy enables: told, counted as a repeat, or recorded with the reason that excuses it. */
void tell_finding(struct teller *teller, const struct telling *telling, const struct finding *finding);

/* The same for one that no event gave (coverage): at `now`. */
void tell_coverage(struct teller *teller, struct container *container, const struct finding *finding, uint64_t now);

/* --events: the event itself. */
void tell_event(struct teller *teller, const struct telling *telling);

/* What the agent says of itself. `kind`: "start", "loss", "reload", "stop". */
void tell_state(struct teller *teller, struct container *container, const char *kind, uint64_t count,
		const char *message, uint64_t now);

/* Windows that ended by `now` are told; teller_next: when the next one does (CLOCK_BOOTTIME, UINT64_MAX: none). */
void teller_expire(struct teller *teller, uint64_t now);
uint64_t teller_next(const struct teller *teller);

/* Subjects that were forgotten before their window ended, for want of room. */
uint64_t teller_evicted(const struct teller *teller);

/* The container ends (0: all): what was folded of it is told, while the registry still knows it. */
void teller_end(struct teller *teller, uint64_t container);

#endif
