/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the other commands talk to a running agent: <runtime-dir>/control.sock, for root alone (mode 0600). A
 * client sends one line ("ps\n"); the agent sends one text (JSON) and closes. A lock on
 * <runtime-dir>/control.lock, which lasts exactly as long as the agent, tells a second agent that it is the
 * second, and that a socket left behind by a dead one may be replaced.
 *
 * Bounds: CONTROL_CLIENTS at a time (one more is closed at once); a request of CONTROL_REQUEST_MAX bytes;
 * CONTROL_REQUEST_TIME to send it, CONTROL_ANSWER_TIME for the agent to answer, CONTROL_SEND_TIME for the
 * client to take the answer. Who is over a bound is dropped, and counted.
 */
#ifndef PLM_CONTROL_CONTROL_H
#define PLM_CONTROL_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#define CONTROL_CLIENTS      16
#define CONTROL_REQUEST_MAX  256   /* with its end of line */
#define CONTROL_REQUEST_TIME 2000  /* ms */
#define CONTROL_ANSWER_TIME  30000 /* ms */
#define CONTROL_SEND_TIME    5000  /* ms */
#define CONTROL_ANSWER_MAX   (64 * 1024 * 1024)

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

struct control_counts {
	uint64_t refused; /* clients above the bound */
	uint64_t dropped; /* clients that were too slow or said too much */
};
struct control_counts control_counts(const struct control *control);

/*
 * The client's side, which blocks: asks the agent of that directory. 0: *ret_text is the caller's, with a
 * NUL. -ECONNREFUSED: no agent runs there (also where there is no socket); -EACCES: not root; -ETIMEDOUT;
 * -EPROTO: closed without an answer (it does not know the request, or ended); -EFBIG: above
 * CONTROL_ANSWER_MAX; -EINVAL: a request that is too long or has an end of line; -ENOMEM.
 */
int control_ask(const char *runtime_dir, const char *request, unsigned timeout_ms, char **ret_text);

#endif
