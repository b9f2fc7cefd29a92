/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's one context, for the files of this folder: agent.c has the way of an event, life.c a container's life,
 * serve.c what the agent says of itself, loop.c its start, its waiting and its end. */
#ifndef PLM_AGENT_INTERNAL_H
#define PLM_AGENT_INTERNAL_H

#include "agent/agent.h"
#include "container/registry.h"
#include "container/resolver.h"
#include "control/control.h"
#include "decode/record.h"
#include "image/facts.h"
#include "image/mounts.h"
#include "kernel/kernel.h"
#include "output/id.h"
#include "output/sink.h"
#include "process/processes.h"
#include "record/recording.h"
#include "tell/judge.h"

#define WAITERS_MAX CONTROL_CLIENTS
#define BOUNDS_MAX  16

struct waiter {
	uint64_t token; /* 0 free */
	uint64_t since; /* CLOCK_BOOTTIME, ns */
};

struct agent {
	const struct agent_options *options;
	struct policy *policy;
	struct policy_view *host_view; /* NULL until it is asked for */
	struct probe *probe;
	struct hooks hooks;
	struct kernel *kernel;
	struct decoder *decoder;
	struct registry *registry;
	struct resolver *resolver;
	struct processes *processes;
	struct same *same;
	struct teller *teller;
	struct sinks *sinks;
	struct control *control;
	struct recording *recording;
	struct mounts *host_mounts;
	struct output_context context;
	struct id_source ids;
	struct facts_room room;
	char host_name[256];
	int64_t boot_offset;
	struct waiter waiters[WAITERS_MAX]; /* requests that want everything told first */
	uint64_t bad_records;               /* refused by the decoder */
	uint64_t unwatched;                 /* events of containers above the registry's bound */
	uint64_t bounds_told[BOUNDS_MAX];   /* serve.c's table: how much of each was told */
	int sink_errors[SINKS_MAX];         /* as last said */
	bool stopping;
};

/* agent.c */
void agent_record(const void *record, size_t size, void *data);
void agent_release(struct agent *agent, struct container *container);

/* life.c */
void life_birth(struct agent *agent, const struct event *event);
void life_start(struct agent *agent, const struct event *event);
struct container *life_container(struct agent *agent, const struct event *event);
/* The container that the answer is about, whose events wait to be released; NULL where it is not watched. */
struct container *life_named(struct agent *agent, struct resolver_answer *answer);
/* One whose events wait for a name that will not come; NULL: none. */
struct container *life_overdue(struct agent *agent);
/* Its events are released: ends it where its cgroup has gone meanwhile. */
void life_settled(struct agent *agent, struct container *container);
int life_existing(struct agent *agent);
void life_free(struct container *container, void *data); /* registry's release */

/* serve.c */
uint64_t agent_now(void); /* CLOCK_BOOTTIME, ns */
void serve_request(struct control *control, uint64_t token, const char *request, void *data);
bool serve_waiting(const struct agent *agent); /* does a request want everything told first? */
void serve_waiters(struct agent *agent);
void serve_losses(struct agent *agent);
void serve_exceptions(struct agent *agent);
void serve_outputs(struct agent *agent);
void serve_hooks(struct agent *agent);
void serve_coverage(struct agent *agent, struct container *container, enum rule rule, const char *kind,
		    const char *message);
void serve_clock(struct agent *agent);

#endif
