/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's one context, for the files of this folder: agent.c has the way of an event, life.c a container's life,
 * naming.c its name, remember.c what outlasts it, existing.c what was there before, compare.c what lasts, serve.c and
 * listing.c what the agent says of itself, start.c its start, loop.c its waiting and its end. */
#ifndef PLM_AGENT_INTERNAL_H
#define PLM_AGENT_INTERNAL_H

#include "agent/agent.h"
#include "container/discover.h"
#include "container/registry.h"
#include "runtime/resolver.h"
#include "control/control.h"
#include "decode/record.h"
#include "image/facts.h"
#include "image/mounts.h"
#include "kernel/kernel.h"
#include "output/id.h"
#include "output/sink.h"
#include "process/processes.h"
#include "record/recording.h"
#include "state/state.h"
#include "tell/judge.h"
#include "tell/key.h"

#define WAITERS_MAX CONTROL_CLIENTS
#define BOUNDS_MAX  16

#define COMPARE_EVERY (600 * 1000000000ull) /* ns between two comparisons of a container's upper directory */
/* A file system stamps with the clock's last tick: a change can seem earlier than it was by this much. */
#define COMPARE_SLACK 20000000

struct waiter {
	uint64_t token; /* 0 free */
	uint64_t since; /* CLOCK_BOOTTIME, ns */
};

#define LEAVING_MAX 256

/* A container that has stopped, and may come back. */
struct leaving {
	uint64_t key;   /* container_key */
	uint64_t until; /* CLOCK_BOOTTIME, ns */
};

struct agent {
	const struct agent_options *options;
	struct policy *policy;
	struct policy_view *host_view; /* NULL until it is asked for */
	struct probe *probe;
	struct hooks hooks;
	struct discovered_hierarchy hierarchy; /* of cgroups */
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
	struct state *state;           /* NULL: could not be opened; nothing is kept */
	size_t noted;                  /* paths that events told of, of all containers */
	struct difference *difference; /* of the container `compared`; NULL: none is under way */
	uint64_t compared;
	uint64_t compare_begun; /* CLOCK_BOOTTIME, ns, as the next two */
	uint64_t watching;      /* since when hooks are attached */
	uint64_t read_until;    /* of the last record */
	uint64_t drained;       /* when the rings were last seen empty: all of before was read */
	bool unkept;            /* records were read since the last commit */
	uint64_t keep_at;       /* when what is kept is next committed */
	struct mounts *host_mounts;
	struct output_context context;
	struct id_source ids;
	struct facts_room room;
	char host_name[256];
	int64_t boot_offset;
	struct waiter waiters[WAITERS_MAX];  /* requests that want everything told first */
	uint64_t bad_records;                /* refused by the decoder */
	uint64_t unentered;                  /* cgroups of before the agent, above the kernel side's bounds */
	uint64_t unwatched;                  /* events of containers above the registry's bound */
	uint64_t bounds_told[BOUNDS_MAX];    /* serve.c's table: how much of each was told */
	int sink_errors[SINKS_MAX];          /* as last said */
	struct leaving leaving[LEAVING_MAX]; /* a ring, the oldest at leaving_at; full: that one is forgotten early */
	unsigned leaving_at, leaving_count;
	bool ended_forgotten; /* what the state store knew of containers that ended while no agent ran */
	uint64_t told;        /* teller_told, as of the last commit */
	bool stopping;
};

/* agent.c */
void agent_record(const void *record, size_t size, void *data);
void agent_release(struct agent *agent, struct container *container);

/* life.c */
/* A container whose root cgroup is `id`, seen at `time`; NULL where the registry is full. */
struct container *life_admit(struct agent *agent, uint64_t id, const char *path, uint64_t time);
void life_birth(struct agent *agent, const struct event *event);
void life_start(struct agent *agent, const struct event *event);
struct container *life_container(struct agent *agent, const struct event *event);
/* Its events are released: ends it where its cgroup has gone meanwhile. */
void life_settled(struct agent *agent, struct container *container);
/* Its mounts are read anew where it made some (container->mounts_stale), by way of the event's process. */
void life_mounts(struct agent *agent, struct container *container, const struct event *event);
/* What cannot be seen of it is told once, when its name is known or known not to come. */
void life_sight(struct agent *agent, struct container *container);
void life_free(struct container *container, void *data); /* registry's release */

/* naming.c */
void naming_ask(struct agent *agent, struct container *container);
/* The container that the answer is about, whose events wait to be released; NULL where it is not watched. */
struct container *naming_answer(struct agent *agent, struct resolver_answer *answer);
/* One whose events wait for a name that will not come; NULL: none. */
struct container *naming_overdue(struct agent *agent);
void naming_tick(struct agent *agent);
void naming_reload(struct agent *agent); /* another policy holds */

/* remember.c */
void remember_known(struct agent *agent, struct container *container); /* it has its name: was it watched before? */
void remember_left(struct agent *agent, uint64_t key);                 /* it stopped, and may be started again */
void remember_tick(struct agent *agent, uint64_t now);

/* existing.c */
int existing_find(struct agent *agent);
/* Gives the code that a process has mapped, and that is no longer the image's, to `call`: an event each. */
void existing_mappings(struct agent *agent, struct container *container, const struct event *task,
		       void (*call)(struct agent *agent, const struct event *event, struct container *container));

/* compare.c */
void compare_note(struct agent *agent, struct container *container, const struct event *event); /* an event told it */
void compare_plan(struct container *container, uint64_t at);                                    /* CLOCK_BOOTTIME, ns */
void compare_soon(struct container *container);
bool compare_step(struct agent *agent); /* false: there is nothing to compare now */
/* Is a comparison that was due by then not yet done? */
bool compare_owes(struct agent *agent, uint64_t since);
void compare_forget(struct agent *agent, const struct container *container); /* a comparison under way is given up */
void compare_end(struct agent *agent, struct container *container);

/* listing.c */
void listing_answer(struct agent *agent, uint64_t token);

/* clock.c */
uint64_t agent_now(void); /* CLOCK_BOOTTIME, ns */
void clock_take(struct agent *agent);

/* serve.c */
void serve_request(struct control *control, uint64_t token, const char *request, void *data);
bool serve_waiting(const struct agent *agent); /* does a request want everything told first? */
void serve_waiters(struct agent *agent);
void serve_losses(struct agent *agent);
void serve_exceptions(struct agent *agent);
void serve_outputs(struct agent *agent);
void serve_hooks(struct agent *agent);
void serve_coverage(struct agent *agent, struct container *container, enum rule rule, const char *kind,
		    const char *message);

#endif
