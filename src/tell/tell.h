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
#include "output/id.h"
#include "output/sink.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "process/processes.h"
#include "process/sessions.h"
#include "state/state.h"

struct teller;

/* All but `policy` must outlive the teller. */
struct teller_parts {
	struct sinks *sinks;
	struct id_source *ids;
	struct registry *registry;   /* for the names behind a repeat */
	struct processes *processes; /* for the names of ancestors */
	struct sessions *sessions;   /* for who came in; may be NULL */
};

/* The policy gives what is redacted; it is not kept. 0 or -ENOMEM. */
int teller_new(const struct teller_parts *parts, const struct policy *policy, struct teller **ret_teller);
void teller_free(struct teller *teller); /* takes NULL; tells nothing more */

/* A new policy holds: patterns are read anew. 0, or -ENOMEM and the old ones stay. */
int teller_reload(struct teller *teller, const struct policy *policy);

/* Realtime minus boottime, in ns, from now on. */
void teller_set_clock(struct teller *teller, int64_t boot_offset);

/*
 * Whom and what a line is about. `facts` may be NULL; `container` too (the host).
 *
 * Something that lasts (a process that ran already, a file that differs) can be found by looking: `found` is then the
 * moment of that, CLOCK_BOOTTIME ns, and the event's own time that of the change, which may lie before the boot (below
 * zero, wrapped). The line has the event's time; folding goes by the other, and so must who calls teller_expire.
 */
struct telling {
	const struct event *event;
	const struct facts *facts;
	struct container *container;
	uint64_t found;             /* 0: an event as it happened */
	bool of_image;              /* only what is to say of the image itself */
	struct tell_open *ret_open; /* what was told without knowing the content is put here; may be NULL */
};

/* An alert that a digest may correct. */
struct tell_open {
	char id[ID_SIZE]; /* event.id; "": there is none */
	enum rule rule;
};

/* The moment that folding goes by. */
uint64_t telling_now(const struct telling *telling);

enum tell_verdict {
	TELL_TOLD,
	TELL_COUNTED, /* as a repeat, or in a roll-up */
	TELL_ALLOWED, /* recorded, with the reason that excuses it */
	TELL_KNOWN,   /* found, and told already by an event of that moment or later: nothing more of it */
};

/* A finding that the policy enables. */
enum tell_verdict tell_finding(struct teller *teller, const struct telling *telling, const struct finding *finding);

/* The content is known now: a line that corrects the alert of that id, whatever was folded. */
void tell_correction(struct teller *teller, const struct telling *telling, const struct finding *finding,
		     const char *corrects);

/* The same for one that no event gave (coverage): at `now`. */
void tell_coverage(struct teller *teller, struct container *container, const struct finding *finding, uint64_t now);

/* --events: the event itself. */
void tell_event(struct teller *teller, const struct telling *telling);

/* What the agent says of itself. `kind`: "start", "loss", "reload", "stop". */
void tell_state(struct teller *teller, struct container *container, const char *kind, uint64_t count,
		const char *message, uint64_t now);

/* An exec session that an alert told of has ended: a state line, of kind "session-end". `container`: may be NULL. */
void tell_session_end(struct teller *teller, struct container *container, const struct session *session, uint64_t now);

/* What is blanked in arguments: the teller's, valid until teller_reload. */
const struct redact *teller_redact(const struct teller *teller);

/* Windows that ended by `now` are told; teller_next: when the next one does (CLOCK_BOOTTIME, UINT64_MAX: none). */
void teller_expire(struct teller *teller, uint64_t now);
uint64_t teller_next(const struct teller *teller);

/* Subjects that were forgotten before their window ended, for want of room. */
uint64_t teller_evicted(const struct teller *teller);

/*
 * `container` is container_key, which outlasts a restart of the container. It has stopped: what was counted of it is
 * told, while the registry still knows it. Should it come again, what was told is not told again.
 */
void teller_rest(struct teller *teller, uint64_t container);

/* It does not come again (0: all): what was counted is told, and it is forgotten, by the state store too. */
void teller_end(struct teller *teller, uint64_t container);

/* Violations are kept in it from here on; without one (NULL) none are. Must outlive the teller. */
void teller_set_ledger(struct teller *teller, struct ledger *ledger);

/* One of the policy's waivers as the ledger knows it. Its strings are the policy's. */
void waiver_of_policy(const struct policy_waiver *said, struct waiver *ret_waiver);

/* The rule whose alert tells a change of the ledger, or -ENOENT: a state line does. */
int notice_rule(const struct ledger_notice *notice);

/*
 * A change of the ledger, never folded. `container`: where it was seen last, NULL where that is not there. `applied`: what
 * the policy says of notice_rule's rule; NULL for a state line. Its event.id is made of the entry's digest: the line that a
 * next process tells again, because this one was killed, has the same.
 */
void tell_notice(struct teller *teller, const struct ledger_notice *notice, const struct container *container,
		 const struct policy_rule *applied);

/* Findings that were told at once. */
uint64_t teller_told(const struct teller *teller);

/* ---- over a restart; without a state store nothing is saved, and 0 ---- */

/* For what a next process must not tell again: before anything is told. Must outlive the teller. */
void teller_set_state(struct teller *teller, struct state *state);

/*
 * Puts what changed into the state store: what was told at once, what was only counted once a second. After each batch
 * of events, when the outputs have what was told; state_commit is the caller's. 0, or the store's error: what could not
 * be put is put again next time.
 */
int teller_save(struct teller *teller, uint64_t now);

/*
 * Takes back what a process before this one saved, once: when the clock is set, before the first event. What was counted
 * of a container that is no longer there is the caller's to have told, by teller_end. The number of windows that were damaged and are left out, or the store's error.
 */
int teller_restore(struct teller *teller, uint64_t now);

/* The agent ends, the containers go on: what was counted is told, and the windows are saved for the next process. As
 * teller_save. */
int teller_pause(struct teller *teller);

#endif
