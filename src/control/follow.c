// SPDX-License-Identifier: Apache-2.0
/* Clients that stay, and are told every line from then on. */
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "control/internal.h"

#define SEND_AT (64u << 10) /* that much waiting is sent without being asked */

static void follower_cut(struct control *control, struct client *client)
{
	control->counts.cut++;
	client_close(control, client);
}

/* Waits for room in its socket, or no longer. */
static int follower_stick(struct control *control, struct client *client, bool stuck)
{
	if (client->stuck == stuck)
		return 0;
	client->stuck = stuck;
	return client_watch(control, client, EPOLL_CTL_MOD, stuck ? EPOLLOUT : 0);
}

void follower_send(struct control *control, struct client *client)
{
	struct buffer *queue = &client->queue;

	while (client->sent < queue->size) {
		ssize_t n = send(client->fd, queue->data + client->sent, queue->size - client->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (follower_stick(control, client, true) < 0)
				client_close(control, client);
			return;
		}
		if (n < 0) {
			client_close(control, client); /* it left */
			return;
		}
		client->sent += (size_t)n;
	}
	client->sent = 0;
	buffer_clear(queue);
	if (follower_stick(control, client, false) < 0)
		client_close(control, client);
}

/* Into its queue, or it is cut off. */
static void follower_tell(struct control *control, struct client *client, const char *text, size_t size)
{
	struct buffer *queue = &client->queue;

	if (queue->size - client->sent >= SEND_AT && !client->stuck)
		follower_send(control, client);
	if (client->fd < 0)
		return;
	if (client->sent > 0 && queue->size + size > CONTROL_FOLLOW_MAX) {
		buffer_consume(queue, client->sent);
		client->sent = 0;
	}
	buffer_append(queue, text, size);
	if (queue->error < 0)
		follower_cut(control, client);
}

int control_follow(struct control *control, uint64_t token, const char *text, size_t size)
{
	struct client *client = client_find(control, token);

	if (!client || client->phase != CLIENT_WAITS)
		return -ENOENT;
	if (control->followers == CONTROL_FOLLOWERS) {
		control->counts.refused++;
		client_close(control, client);
		return -E2BIG;
	}
	control->followers++;
	client->phase = CLIENT_FOLLOWS;
	client->deadline = NEVER;
	client->queue.limit = CONTROL_FOLLOW_MAX;
	follower_tell(control, client, text, size);
	if (client->fd >= 0)
		follower_send(control, client);
	return 0;
}

void control_tell(struct control *control, const char *line, size_t size)
{
	for (size_t i = 0; control->followers > 0 && i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && control->clients[i].phase == CLIENT_FOLLOWS)
			follower_tell(control, &control->clients[i], line, size);
}

void control_flush(struct control *control)
{
	for (size_t i = 0; control->followers > 0 && i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd >= 0 && client->phase == CLIENT_FOLLOWS && client->queue.size > 0 && !client->stuck)
			follower_send(control, client);
	}
}
