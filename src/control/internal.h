/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side, for the files of this folder: control.c takes requests and sends answers, follow.c has those who
 * stay, peer.c says who they are. */
#ifndef PLM_CONTROL_INTERNAL_H
#define PLM_CONTROL_INTERNAL_H

#include "control/control.h"
#include "output/buffer.h"

#define NEVER UINT64_MAX

enum client_phase { CLIENT_ASKS, CLIENT_WAITS, CLIENT_TAKES, CLIENT_FOLLOWS };

struct client {
	int fd; /* -EBADF: free */
	enum client_phase phase;
	uid_t uid;
	uint64_t token;
	uint64_t deadline;
	char *request; /* CONTROL_REQUEST_MAX bytes, while it asks */
	size_t asked;  /* bytes of the request that came */
	char *answer;
	size_t size, sent;
	struct buffer queue; /* of a follower: lines, of which `sent` bytes are out */
	bool stuck;          /* its socket takes no more: EPOLLOUT is waited for */
};

struct control {
	control_handler handler;
	void *data;
	int dir_fd, lock_fd, listen_fd, timer_fd, epoll_fd;
	uint64_t tokens;
	gid_t group;
	size_t followers;
	struct control_counts counts;
	struct client clients[CONTROL_CLIENTS];
};

/* control.c */
struct client *client_find(struct control *control, uint64_t token);
int client_watch(struct control *control, struct client *client, int operation, uint32_t events);
void client_close(struct control *control, struct client *client);

/* follow.c: its socket takes more. */
void follower_send(struct control *control, struct client *client);

/* peer.c: may it ask? Its uid either way, CONTROL_NOBODY where unknown. */
bool peer_may(int fd, gid_t group, uid_t *ret_uid);

#endif
