/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the sources who a container is, away from the thread that owns all state: each source has threads of its own
 * (runtime_ops.lanes), so one that hangs delays nobody else. Every function here is for the one owning thread.
 *
 * A question is settled, and answered, by the first of these:
 *  - a source knows the image's name and digest; or its name, and the disk (runtime_ops.quick) has been asked;
 *  - the source that speaks for the container's runtime (container_facts.runtime) knows it, or none is there that does;
 *  - all sources have said no, or could not be asked;
 *  - the patience is over.
 * What sources know that answer later completes it: an answer with `more`.
 *
 * A source that says no is asked again after 50, 150, 400, 900 and 1500 ms: a runtime may not know a container in its
 * first moments. One that does not answer in time is left alone for a second, then two, up to RESOLVER_REST, and
 * meanwhile counts as one that could not be asked.
 *
 * Bound: RESOLVER_PENDING questions at a time; one more is refused and counted.
 */
#ifndef PLM_RUNTIME_RESOLVER_H
#define PLM_RUNTIME_RESOLVER_H

#include "runtime/runtime.h"

#define RESOLVER_PENDING  4096  /* as many as there can be containers */
#define RESOLVER_PATIENCE 15000 /* ms from question to answer, at most: the agent's */
#define RESOLVER_REST     30000 /* ms that a source which hangs is left alone, at most */

struct resolver;

/*
 * Takes the sources, `count` at most SOURCES_MAX, which it closes in resolver_free; on failure they stay the caller's.
 * `patience` is in ms. Threads are started when there is something to ask. Without any source every answer is "nobody knows", at once. 0,
 * -E2BIG, -ENOMEM, or the error of making a descriptor.
 */
int resolver_new(struct runtime_source *const *sources, size_t count, unsigned patience,
		 struct resolver **ret_resolver);

/* Ends the threads within moments, whatever their sources do; unanswered questions are dropped. Takes NULL.
 */
void resolver_free(struct resolver *resolver);

/*
 * Copies the request. 0; -EALREADY: this cgroup is being asked for, and is again at once by whoever said no, with what
 * the request knows more; -ENOBUFS: the bound (counted); -ENOMEM.
 */
int resolver_ask(struct resolver *resolver, const struct runtime_request *request);

/* The container is gone for good: what is still asked of it is dropped. */
void resolver_drop(struct resolver *resolver, uint64_t cgroup);

/* To be polled for reading: then call resolver_take until it returns 0. The resolver's. */
int resolver_fd(const struct resolver *resolver);

struct resolver_answer {
	uint64_t cgroup;
	bool known;
	bool more;                    /* completes an earlier answer */
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
