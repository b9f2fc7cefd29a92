/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What outlives the agent, in one SQLite database, state.db in the state directory: which containers were watched
 * until when, what was told of them, and which repeats were being counted. So that an agent that starts again says
 * nothing twice and knows what it missed.
 *
 * Times are CLOCK_BOOTTIME ns (before the boot: below zero, wrapped) and cgroup ids are the kernel's: both mean
 * something within one boot only, so what another boot left is dropped when the store is opened.
 *
 * Nothing waits for the disk but a checkpoint, once in about 4 MiB: what is put gathers in a transaction that
 * state_commit ends (write-ahead log, synchronous=NORMAL: what was committed survives the agent's death at any moment;
 * a power failure can cost the last moments, never the database). The schema has a number (PRAGMA user_version), and is
 * brought up to this version's by migrations, one after the other, in one transaction.
 *
 * Each function gives 0 or a negative errno: -ENOSPC (full disk), -EIO, -EBADMSG (damaged), -EBUSY (another process
 * writes to it), -EROFS, -EACCES, -ENOMEM. After a failure the store can go on being used: what could not be put is
 * lost, and counted. For one thread.
 */
#ifndef PLM_STATE_STATE_H
#define PLM_STATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "detect/rule.h"

struct state;

/* Rows of what was told. Near the bound the container with the most of them loses those of its oldest moments, so
 * many at a time, which may then be told again after a restart: nobody's flood makes another's be forgotten. */
#define STATE_TOLD_MAX  65536
#define STATE_TOLD_LESS 4096

/*
 * Opens or makes the database (mode 0600; the directory is there). *ret_set_aside: a damaged one was found, renamed to
 * state.db.damaged, and a new one begun. 0; -EPROTONOSUPPORT: a later version of Plimsoll made it (untouched); -ELOOP
 * or -EINVAL: a symbolic link or something else that is no regular file has its name, or that of a file that SQLite
 * keeps beside it; or as above.
 */
int state_open(const char *dir, struct state **ret_state, bool *ret_set_aside);
void state_close(struct state *state); /* commits; takes NULL */
DEFINE_CLEANUP(struct state *, state_close)

/* Ends the transaction, if one is open. */
int state_commit(struct state *state);

/* How much could not be put, and how much of what was told was forgotten at the bound. */
uint64_t state_lost(const struct state *state);
uint64_t state_forgotten(const struct state *state);

/* ---- containers ---- */

struct state_container {
	uint64_t cgroup;
	uint64_t started; /* of the entry point's exec; 0 unknown */
};

/* Is watched from here on (or known better). */
int state_container_put(struct state *state, const struct state_container *container);

/* It has ended: forgotten, with all that was told and counted of it. */
int state_container_drop(struct state *state, uint64_t cgroup);

/* -ENOENT: none of that id in this boot. */
int state_container_get(struct state *state, uint64_t cgroup, struct state_container *ret_container);

/* Drops those for which `there` says no, with all that was told and counted of them: they ended while no agent ran.
 * Is not asked about 0, the host. */
int state_containers_keep(struct state *state, bool (*there)(uint64_t cgroup, void *data), void *data);

/* All records up to `time` were read and told: what happens later, and is not told, was missed. */
int state_watched_set(struct state *state, uint64_t time);
uint64_t state_watched(const struct state *state); /* as it was when the store was opened; 0 never in this boot */

/* ---- what was told ---- */

enum told_as {
	TOLD_ALERT,
	TOLD_ALLOWED, /* recorded only: the policy excuses it */
};

/* What repeats are folded by. */
struct state_told {
	uint64_t cgroup; /* 0: the host */
	enum rule rule;
	enum told_as as;
	const char *subject;
};

/* It was told, of that moment. The latest is kept. */
int state_told_put(struct state *state, const struct state_told *told, uint64_t time);

/* When it was last told of. -ENOENT: not, or forgotten. */
int state_told_get(struct state *state, const struct state_told *told, uint64_t *ret_time);

/* ---- repeats that are being counted: opaque to the store ---- */

/* `key` names the window (fold/fold.h); `blob` replaces what was there. */
int state_fold_put(struct state *state, uint64_t cgroup, const char *key, const void *blob, size_t size);
int state_fold_drop(struct state *state, uint64_t cgroup, const char *key); /* 0 also where there is none */
int state_folds_clear(struct state *state);

/* `call` must not call into the store. */
int state_folds_each(struct state *state,
		     void (*call)(uint64_t cgroup, const char *key, const void *blob, size_t size, void *data),
		     void *data);

#endif
