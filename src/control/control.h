/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the other commands talk to a running agent: <runtime-dir>/control.sock, for root, and for the members of one group
 * where the policy names it (the file's mode, and the peer's credentials as the kernel has them, say so both). A client
 * sends one line ("ps\n"); the agent sends one text (JSON) and closes. Or the client becomes a follower, and is told
 * line after line until one of the two ends. A lock on <runtime-dir>/control.lock, which lasts exactly as long as the
 * agent, tells a second agent that it is the second, and that a socket left behind by a dead one may be replaced.
 *
 * Bounds: CONTROL_CLIENTS at a time, of which CONTROL_FOLLOWERS may follow (one more is closed at once); a request of
 * CONTROL_REQUEST_MAX bytes; CONTROL_REQUEST_TIME to send it, CONTROL_ANSWER_TIME for the agent to answer,
 * CONTROL_SEND_TIME for the client to take the answer; CONTROL_FOLLOW_MAX bytes that a follower has not read. Who is over
 * a bound is dropped, and counted; the agent never waits for any.
 */
#ifndef PLM_CONTROL_CONTROL_H
#define PLM_CONTROL_CONTROL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_CLIENTS      128
#define CONTROL_FOLLOWERS    100
#define CONTROL_REQUEST_MAX  8192   /* with its end of line */
#define CONTROL_REQUEST_TIME 2000   /* ms */
#define CONTROL_ANSWER_TIME  120000 /* ms */
#define CONTROL_SEND_TIME    5000   /* ms */
#define CONTROL_ANSWER_MAX   (64 * 1024 * 1024)
#define CONTROL_FOLLOW_MAX   (1u << 20)

#define CONTROL_WAIT_TIME                                                                                              \
	(CONTROL_ANSWER_TIME + 5000) /* ms: a client that waits as long hears of the agent's end first */
#define CONTROL_NOBODY ((uid_t)-1)

struct control;

/*
 * A request came in: without its end of line, valid during the call. Answer with control_answer and this
 * token, now or later. An empty answer closes the connection: "no such request".
 */
typedef void (*control_handler)(struct control *control, uint64_t token, const char *request, void *data);

/*
 * Makes the runtime directory (mode 0755, its parent must exist) and the socket. The length of the
 * directory's path does not matter. 0; -EEXIST: another agent runs on this directory; or the errno of making
 * one of them.
 */
int control_open(const char *runtime_dir, control_handler handler, void *data, struct control **ret_control);

/* Removes the socket. Takes NULL. */
void control_free(struct control *control);

/* To be polled for reading: then call control_handle, which never blocks. The control's. */
int control_fd(const struct control *control);
void control_handle(struct control *control);

/* Copies the text. 0; -ENOENT: the client is gone; -EFBIG: above CONTROL_ANSWER_MAX, -ENOMEM (both: it is
 * closed). */
int control_answer(struct control *control, uint64_t token, const char *text, size_t size);

/* The uid of who sent the request, as it was when the connection was made. CONTROL_NOBODY: the client is gone. */
uid_t control_peer(struct control *control, uint64_t token);

/* Members of the group may ask from now on; 0: root alone. 0, or the errno of changing the socket's file: then nobody
 * but root may. */
int control_group(struct control *control, gid_t group);

/*
 * Instead of an answer: the client stays, is told `text` (copied) first, and then all that control_tell is given from now
 * on. 0; -ENOENT: it is gone; -E2BIG: CONTROL_FOLLOWERS are there, and this one is closed.
 */
int control_follow(struct control *control, uint64_t token, const char *text, size_t size);

/* Puts a line, with its end, into every follower's queue. Who has no room in it is cut off. */
void control_tell(struct control *control, const char *line, size_t size);

/* Sends what followers' sockets take at once. After each batch of lines; the rest goes by control_handle. */
void control_flush(struct control *control);

struct control_counts {
	uint64_t refused; /* clients above the bound, or that may not ask */
	uint64_t dropped; /* clients that were too slow or said too much */
	uint64_t cut;     /* followers that did not read */
};
struct control_counts control_counts(const struct control *control);

/*
 * The client's side, which blocks: asks the agent of that directory. 0: *ret_text is the caller's, with a
 * NUL. -ECONNREFUSED: no agent runs there (also where there is no socket); -EACCES: may not ask; -ETIMEDOUT;
 * -EPROTO: closed without an answer (it does not know the request, or ended); -EFBIG: above
 * CONTROL_ANSWER_MAX; -EINVAL: a request that is too long or has an end of line; -ENOMEM.
 */
int control_ask(const char *runtime_dir, const char *request, unsigned timeout_ms, char **ret_text);

/* The same, to read what a follower is told: *ret_fd is the caller's, a socket that does not block. It ends when the
 * agent does, or has cut it off. */
int control_begin(const char *runtime_dir, const char *request, int *ret_fd);

#endif
