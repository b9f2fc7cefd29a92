/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's one context, for the files of this folder: agent.c has the way of an event, await.c what it waits for, life.c a container's life,
 * naming.c its name, remember.c what outlasts it, existing.c what was there before, inventories.c what their images hold, compare.c what lasts,
 * violations.c what the ledger asks and tells, session.c who came in from outside, serve.c and listing.c what the agent says of itself,
 * keep.c keeps what it told, start.c its start, loop.c its waiting and its end. */
#ifndef PLM_AGENT_INTERNAL_H
#define PLM_AGENT_INTERNAL_H

#include "agent/agent.h"
#include "agent/awaiting.h"
#include "container/discover.h"
#include "container/registry.h"
#include "runtime/resolver.h"
#include "control/control.h"
#include "decode/record.h"
#include "history/history.h"
#include "image/facts.h"
#include "image/images.h"
#include "image/mounts.h"
#include "kernel/kernel.h"
#include "ledger/ledger.h"
#include "output/id.h"
#include "output/sink.h"
#include "process/processes.h"
#include "process/sessions.h"
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

#define AWAITING_MAX      2048
#define AWAITING_BYTES    (8u << 20)
#define TRANSACTING_MAX   32768
#define TRANSACTING_BYTES (32u << 20)

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
	struct writers *writers;
	struct sessions *sessions;
	uint64_t sessions_kept; /* sessions_version, as of the last that were written */
	struct digests *digests;
	struct awaiting *awaiting;    /* for the content of a file */
	struct awaiting *transacting; /* for the end of a transaction of packages */
	size_t transactions;          /* of all containers */
	struct images *images;
	struct teller *teller;
	struct ledger *ledger; /* NULL: could not be opened; no clocks are kept */
	int ledger_error;      /* as last said, as the next one */
	uint64_t ledger_aside;
	uint64_t ledger_at; /* CLOCK_BOOTTIME ns: when it is next tried to open */
	struct sinks *sinks;
	struct control *control;
	struct recording *recording;
	struct history *history;       /* NULL: could not be opened; nothing is kept of what was told */
	int history_error;             /* as last said */
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

/* An event on its way; record NULL: it was found, and can neither wait nor be recorded. */
struct await_event {
	const struct event *event;
	struct container *container;
	const void *record;
	size_t size;
};

/* agent.c */
void agent_ahead(const void *record, size_t size, void *data); /* as soon as it is there */
void agent_record(const void *record, size_t size, void *data);
void agent_release(struct agent *agent, struct container *container);
struct facts_source agent_facts_source(struct agent *agent, struct container *container);
/* So what, and tell: with all the facts that there are. */
void agent_judge(struct agent *agent, const struct await_event *e, struct facts *facts, const struct facts_wait *wait);
/* Has what is to say of the image's own file been said of that image? */
void agent_image_first(struct container *container, const struct event *event, struct facts *facts);

/* await.c */
/* True: it waits, and comes to agent_judge later. */
bool await_more(struct agent *agent, const struct await_event *e, const struct facts *facts,
		const struct facts_wait *wait);
/* It was judged: what is still open corrects it, or is said of the image, when it is known. */
void await_later(struct agent *agent, const struct await_event *e, const struct facts *facts,
		 const struct facts_wait *wait, const struct tell_open *open);
void await_step(struct agent *agent);
void await_release(struct agent *agent, const struct container *container); /* it ends: nothing of it waits any more */
void await_all(struct agent *agent);                                        /* the agent ends */
/* May what changed in it be looked into? */
bool await_may_look(struct container *container, uint64_t now);

/* life.c */
/* A container whose root cgroup is `id`, seen at `time`; NULL where the registry is full. */
struct container *life_admit(struct agent *agent, uint64_t id, const char *path, uint64_t time);
/* As soon as the kernel said so. */
void life_birth(struct agent *agent, const struct event *event);
void life_start(struct agent *agent, const struct event *event);
/* When all before it was read. */
void life_gone(struct agent *agent, const struct event *event);
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

/* inventories.c */
/* It is named, and its layers are known: its image's inventory is asked for. */
void inventories_ask(struct agent *agent, struct container *container);
void inventories_forget(struct agent *agent, struct container *container); /* its layers are known anew, or it ended */
void inventories_come(struct agent *agent);                                /* some were read, or could not be */

/* packages.c */
/* True: the change is part of a transaction of packages, and comes to agent_judge when that has ended, if it is not told with
 * it. */
bool packages_hold(struct agent *agent, const struct await_event *e, const struct facts *facts,
		   const struct facts_wait *wait);
/* A package's own script that runs as its transaction goes on: what tells that from others; else 0. */
uint64_t packages_script(struct agent *agent, const struct container *container, const struct event *event,
			 const struct facts *facts);
/* A database differs on disk, and no event told of it. `when`: of the change, CLOCK_BOOTTIME ns (before the boot: below 0). */
void packages_found(struct agent *agent, struct container *container, int64_t when);
/* Its root is to be compared: true where that is to wait until its packages have been read. */
bool packages_first(struct agent *agent, struct container *container);
void packages_step(struct agent *agent);
void packages_come(struct agent *agent, struct images_answer *answer); /* takes its inventory */
void packages_end(struct agent *agent, struct container *container);   /* what is held is told as it is */
void packages_forget(struct agent *agent, struct container *container);
/* Is a transaction that was begun by then not yet told? */
bool packages_owe(struct agent *agent, uint64_t since);

/* violations.c */
struct trust_reading violations_clock(void);
void violations_start(struct agent *agent);
void violations_reload(struct agent *agent); /* another policy holds */
void violations_tick(struct agent *agent);
void violations_tell(struct agent *agent);
/* Root asks for a change of the ledger. */
void violations_request(struct agent *agent, uint64_t token, const char *text);
void violations_told(struct agent *agent); /* the outputs have what was told */

/* listing.c */
void listing_answer(struct agent *agent, uint64_t token);
void listing_writers(struct agent *agent, uint64_t token, const char *id);
void listing_sessions(struct agent *agent, uint64_t token);
/* keep.c */
int keep_start(struct agent *agent);
void keep_flush(struct agent *agent, int64_t now); /* realtime ns */
void keep_reload(struct agent *agent);             /* another policy holds */
void keep_report(struct agent *agent);             /* what went wrong since it was last asked, on standard error */
/* The client is told where the history ends, and then every line that goes into it. */
void keep_follow(struct agent *agent, uint64_t token);

/* session.c */
/* What an event says of an exec session, as soon as it is read: who came in can be gone in a moment. */
void session_learn(struct agent *agent, const struct event *event);
void session_resume(struct agent *agent);                                   /* what an agent before this one watched */
void session_told(struct agent *agent, const struct event *event);          /* an alert told of it */
void session_tick(struct agent *agent, uint64_t now);                       /* those that have ended are told */
void session_leave(struct agent *agent, const struct container *container); /* it has stopped, and so have they */

/* loop.c */
uint64_t agent_read_until(const struct agent *agent); /* all that the kernel had queued by then was read */

/* clock.c */
uint64_t agent_now(void); /* CLOCK_BOOTTIME, ns */
int64_t agent_wall(void); /* CLOCK_REALTIME, ns */
void clock_take(struct agent *agent);

/* serve.c */
void serve_request(struct control *control, uint64_t token, const char *request, void *data);
/* The policy for the container, or for the host itself (NULL): what it says of no workload in particular. NULL when out of
 * memory. */
const struct policy_view *serve_view(struct agent *agent, struct container *container);
bool serve_waiting(const struct agent *agent); /* does a request want everything told first? */
void serve_waiters(struct agent *agent);
void serve_losses(struct agent *agent);
void serve_exceptions(struct agent *agent);
void serve_outputs(struct agent *agent);
void serve_hooks(struct agent *agent);
void serve_coverage(struct agent *agent, struct container *container, enum rule rule, const char *kind,
		    const char *message);

#endif
