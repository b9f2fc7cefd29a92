/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeats are told once a window (interfaces.md, "Folding"): the first at once, the rest as one `repeat` with
 * a count when the window ends; many subjects of one rule in one container become one roll-up by directory.
 * Has no clock: every call is given the time. Bounded: at `max` subjects the one whose window ends first is
 * forgotten and counted; what it holds waits, one for each of `max`, until the next fold_expire tells it
 * (fold_next is then 0). Where that is full too, the new subject is told and not remembered.
 *
 * Roll-ups. From the 21st new subject of a rule in a container within a minute, and for an hour, new subjects
 * are folded by directory: the first in each of up to 20 directories is FOLD_ROLLUP, one in any further
 * directory counts for the nearest of these above it, else for "/". Executions from memory or the upper layer
 * never roll up. The set-up of an entry point (finding.setup) is one roll-up of 30 s for each container and
 * rule; within it only a rise to high or critical is told apart.
 *
 * Saving. Windows can outlive the process: fold_changed gives those that are new or changed, fold_restore takes them
 * back, and a fold that was restored answers as one that never stopped. Who saves nothing pays nothing.
 */
#ifndef PLM_FOLD_FOLD_H
#define PLM_FOLD_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/detect.h"

struct fold;

#define FOLD_WINDOW       (3600ull * 1000000000ull)
#define FOLD_STORM_WINDOW (60ull * 1000000000ull)
#define FOLD_STORM_LIMIT  20
#define FOLD_SETUP_WINDOW (30ull * 1000000000ull) /* of the container's age: the entry point's own set-up */

enum fold_verdict {
	FOLD_TELL,   /* tell it now */
	FOLD_HOLD,   /* counted; told as a repeat or within a roll-up later */
	FOLD_ROLLUP, /* tell it now as the opening of a roll-up: from here this rule is folded by directory */
};

struct fold_answer {
	enum fold_verdict verdict;
	uint64_t id; /* plimsoll.fold.id: the same for the first and its repeats; 0: told, but not remembered,
		      * and what `times` counts beyond one is the caller's to tell */
	bool rollup; /* it went into a roll-up: the fold forgets which subject it was */
};

/* What is told at the end of a window. Strings are owned by the fold and valid during the call. */
struct fold_repeat {
	uint64_t id;
	uint64_t container;
	enum rule rule;
	enum severity severity; /* the highest of those counted */
	const char *subject;    /* or, for a roll-up, the directory */
	bool rollup;
	uint64_t count;                 /* how often in the window, the first not counted */
	uint64_t subjects;              /* of a roll-up: distinct ones among them, 128 at most */
	uint64_t first_seen, last_seen; /* CLOCK_BOOTTIME ns: of the whole fold, the first told included */
	void *attachment;               /* what fold_attach gave; owned by the fold */
};

/* NULL when out of memory. `release` frees an attachment (may be NULL). */
struct fold *fold_new(size_t max, void (*release)(void *attachment));
void fold_free(struct fold *fold); /* takes NULL */

/* A finding comes in at `now`, `times` times (kernel repeats + 1). A severity above what the subject was last
 * told with is always FOLD_TELL. Interactive sessions are always FOLD_TELL with id 0. Out of memory: the
 * same. Call fold_expire first where a window has ended. */
struct fold_answer fold_finding(struct fold *fold, uint64_t container, const struct finding *finding, uint64_t now,
				uint64_t times);

/* Keeps `attachment` (an alert to repeat) with fold `id`; the fold owns it from here, also on failure. */
void fold_attach(struct fold *fold, uint64_t id, void *attachment);

/* Calls `tell` for every window that ended by `now` with repeats in it; its next window begins. A window
 * without repeats is forgotten: what comes then is a first again. `tell` must not call into the fold. */
void fold_expire(struct fold *fold, uint64_t now, void (*tell)(const struct fold_repeat *repeat, void *data),
		 void *data);

/* The same for all of a container's, because it is gone (container 0: all), and forgets them. */
void fold_end(struct fold *fold, uint64_t container, void (*tell)(const struct fold_repeat *repeat, void *data),
	      void *data);

/* Tells what was counted of the container (0: all), in no order; its windows go on with what they know of what was told:
 * it, or the next process, may come again. */
void fold_pause(struct fold *fold, uint64_t container, void (*tell)(const struct fold_repeat *repeat, void *data),
		void *data);

/* When this subject last came, if a window of its own is open; *ret_time as the `now` it came at. 0 or -ENOENT. */
int fold_seen(const struct fold *fold, uint64_t container, const struct finding *finding, uint64_t *ret_time);

/* A window outside the fold. Pointers belong to whoever calls. */
struct fold_saved {
	uint64_t container; /* with it, `key` names the window */
	const char *key;
	const void *blob; /* NULL: the window is no more */
	size_t size;
	const void *attachment; /* NULL none; not in the blob */
};

/* 0, or a negative errno: the window is then given again. Must not call into the fold. */
typedef int fold_save(const struct fold_saved *saved, void *data);

/*
 * Gives every window that went, is new or changed since it was given last. Without `all`, those of which only repeats
 * of their one subject were counted are left for later. What waits in fold_next's 0 is not given: fold_expire first.
 * Ends with the first error of `save`, or with -ENOMEM.
 */
int fold_changed(struct fold *fold, bool all, fold_save *save, void *data);

/*
 * Takes a window back, and `attachment`, which the fold owns from here, also on failure. `now`: the time at which
 * that is, not before any that the window has seen. One that ended meanwhile is forgotten where nothing was counted,
 * else ends FOLD_RESTORE_DELAY from now. It counts as new for fold_changed.
 * 0; -EBADMSG: not what fold_changed gave; -EEXIST; -ENOSPC: above `max`; -ENOMEM.
 */
int fold_restore(struct fold *fold, const struct fold_saved *saved, uint64_t now, void *attachment);

#define FOLD_RESTORE_DELAY (10ull * 1000000000ull) /* until the container has its name again */

/* When the next window ends, or UINT64_MAX; 0: call fold_expire now. */
uint64_t fold_next(const struct fold *fold);

size_t fold_size(const struct fold *fold);
uint64_t fold_evicted(const struct fold *fold);

#endif
