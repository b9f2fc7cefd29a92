/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One source and the threads that ask it: as many questions at a time as it has lanes (runtime_ops.lanes), each lane a
 * source of its own at the same address, opened when all others are busy. Questions beyond that wait in line.
 */
#ifndef PLM_RUNTIME_LANES_H
#define PLM_RUNTIME_LANES_H

#include "runtime/runtime.h"

/* One question to one source: goes to a lane, is answered there, and comes back. */
struct job {
	struct job *next;
	size_t slot; /* the asker's three numbers */
	uint64_t serial;
	size_t source;
	struct runtime_request request; /* strings lie behind the job */
	uint64_t deadline;              /* CLOCK_MONOTONIC, ms: not asked any more after it */
	int status;                     /* of the lookup; -ETIMEDOUT also where it waited in line for too long */
	struct container_facts facts;
	char text[];
};

/* A copy of the request; NULL when out of memory. job_free takes NULL. */
struct job *job_new(const struct runtime_request *request);
void job_free(struct job *job);

struct lanes;

/*
 * Takes the source, which lanes_free closes. `done` is called by a lane's thread, with a job that is then the callee's.
 * NULL when out of memory: the source stays the caller's.
 */
struct lanes *lanes_new(struct runtime_source *source, void (*done)(struct job *job, void *data), void *data);

/* Takes the job. 0; or, where no thread can be started at all, the negative errno: then the job is the caller's. */
int lanes_put(struct lanes *lanes, struct job *job);

const struct runtime_ops *lanes_ops(const struct lanes *lanes);

/* Ends the threads soon, whatever the source does. Jobs in line are freed. Takes NULL. */
void lanes_free(struct lanes *lanes);

/* The same, but the source that lanes_new took is handed back. */
struct runtime_source *lanes_give_back(struct lanes *lanes);

#endif
