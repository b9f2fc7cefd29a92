/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exec sessions: who came into a container from outside, and until when. A session is named by the moment its first
 * process began (plm_task.session), in a container.
 *
 * Bounded: SESSIONS_MAX. At the bound one that has ended goes first, then one that no alert told of, then the one that
 * began longest ago: its end is not told, which is counted.
 *
 * Has no clock: times are arguments, CLOCK_BOOTTIME ns.
 */
#ifndef PLM_PROCESS_SESSIONS_H
#define PLM_PROCESS_SESSIONS_H

#include "decode/event.h"
#include "process/arguments.h"

#define SESSIONS_MAX     256
#define SESSION_AUDIT_ID "KUBERNETES_EXEC_AUDIT_ID" /* of the first process's environment (KEP-6035) */
#define AUDIT_ID_MAX     64
#define ENVIRON_MAX      (256u << 10) /* bytes that are looked through for it */

/* Plain data; strings are the table's. */
struct session {
	uint64_t id;        /* 0: a free place */
	uint64_t container; /* root cgroup */
	uint64_t began;     /* the exec that it came in with */
	uint64_t ended;     /* or a moment later: when that was seen; 0: it goes on */
	uint64_t start;     /* of its first process */
	uint32_t pid;
	uint32_t user;    /* effective */
	uint32_t tty;     /* device number, 0 without one */
	char *executable; /* NULL unknown */
	struct arguments *args;
	char audit_id[AUDIT_ID_MAX + 1]; /* "": none is known */
	bool told;                       /* an alert told of it: so its end is told too */
	bool said;                       /* that was done */
};

struct sessions;

struct sessions *sessions_new(void);           /* NULL when out of memory */
void sessions_free(struct sessions *sessions); /* takes NULL */

/*
 * The exec by which a process came in (PLM_EXEC_SESSION) was told: looks once for the audit id, in the environment that it
 * has now. One that is known already stays as it is. Out of memory it is known without program or arguments.
 */
void sessions_begin(struct sessions *sessions, const struct event *event, const struct redact *redact,
		    const char *host_root);

/* NULL: not known. Valid until the next sessions_begin. */
const struct session *sessions_get(const struct sessions *sessions, uint64_t container, uint64_t id);

/* An alert told of it: its end is to be told, also where it has come already. */
void sessions_told(struct sessions *sessions, uint64_t container, uint64_t id);

/*
 * Looks which have ended: their first process is no more. `call` is given those that an alert told of, once each; all of
 * `container` (0: none) count as ended. For a tick: one short read a session that goes on.
 */
void sessions_look(struct sessions *sessions, const char *host_root, uint64_t container, uint64_t now,
		   void (*call)(const struct session *session, void *data), void *data);

/* Takes one that an agent before this one watched; strings are copied. 0, or -EEXIST: it is known. */
int sessions_take(struct sessions *sessions, const struct session *session);

/* Another number whenever those of sessions_each can be others. */
uint64_t sessions_version(const struct sessions *sessions);

/* Those that go on, and that an alert told of. */
void sessions_each(const struct sessions *sessions, void (*call)(const struct session *session, void *data),
		   void *data);

/* Told ones that had to go before their end. */
uint64_t sessions_forgot(const struct sessions *sessions);

/*
 * The value of a variable in an environment block (NAME=VALUE, each with its NUL; the last counts only with one) that is an
 * id: printable ASCII without spaces, quotes or backslashes, AUDIT_ID_MAX characters at most. False: it has none, or one
 * that is no such thing.
 */
bool session_audit_id(const char *environ, size_t size, char ret_id[static AUDIT_ID_MAX + 1]);

#endif
