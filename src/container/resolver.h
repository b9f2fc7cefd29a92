/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the sources who a container is, away from the thread that owns all state: one thread a source, so one
 * that hangs delays nobody else. Every function here is for the one owning thread.
 *
 * The first source that knows the image names the container. A source that knows the container but no image
 * (runc's state files, Docker's containers as containerd sees them) is believed once each other source has
 * said no, or could not be asked; the earlier in the order of sources, the better. A source that says no is
 * asked again after 50, 150, 400, 900 and 1500 ms: a runtime may not know a container in its first moments.
 * When all of them have said no each time, after RESOLVER_PATIENCE at the latest, the answer is "nobody
 * knows".
 *
 * Bound: RESOLVER_PENDING questions at a time; one more is refused and counted.
 */
#ifndef PLM_CONTAINER_RESOLVER_H
#define PLM_CONTAINER_RESOLVER_H

#include "container/runtime.h"

#define RESOLVER_PENDING  512
#define RESOLVER_PATIENCE 5000 /* ms from question to answer, at most */

struct resolver;

/*
 * Starts the threads. Takes the sources, `count` at most SOURCES_MAX, which it closes in resolver_free; on
 * failure they stay the caller's. Without any source every answer is "nobody knows", at once. 0, -E2BIG,
 * -ENOMEM, or the error of making a descriptor or a thread.
 */
int resolver_new(struct runtime_source *const *sources, size_t count, struct resolver **ret_resolver);

/* Ends the threads within moments, whatever their sources do; unanswered questions are dropped. Takes NULL.
 */
void resolver_free(struct resolver *resolver);

/* Copies the request. 0; -EALREADY: this cgroup is being asked for, and is again at once; -ENOBUFS: the bound (counted); -ENOMEM.
 */
int resolver_ask(struct resolver *resolver, const struct runtime_request *request);

/* To be polled for reading: then call resolver_take until it returns 0. The resolver's. */
int resolver_fd(const struct resolver *resolver);

struct resolver_answer {
	uint64_t cgroup;
	bool known;
	struct container_facts facts; /* the caller's, to be cleared; empty unless known */
};

/* 1: *ret_answer is filled. 0: none for now. Never blocks. */
int resolver_take(struct resolver *resolver, struct resolver_answer *ret_answer);

struct resolver_counts {
	uint64_t refused;  /* questions above the bound */
	uint64_t unknown;  /* answered "nobody knows" */
	uint64_t overdue;  /* of these, because a source did not answer in time */
	uint64_t timeouts; /* single look-ups that a source did not answer in time */
	uint64_t rubbish;  /* ... that it answered with what cannot be right, or too much */
};
struct resolver_counts resolver_counts(const struct resolver *resolver);

#endif
