/* SPDX-License-Identifier: Apache-2.0 */
#include "control/internal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "control/address.h"

/* Keys of the epoll set: clients by index, and above them: */
enum { KEY_LISTEN = CONTROL_CLIENTS, KEY_TIMER };

/* ---- clients ---- */

void client_close(struct control *control, struct client *client)
{
	control->followers -= client->phase == CLIENT_FOLLOWS;
	cleanup_closep(&client->fd);
	free(client->request);
	free(client->answer);
	buffer_clear(&client->queue);
	*client = (struct client){ .fd = -EBADF };
}

static void client_drop(struct control *control, struct client *client)
{
	control->counts.dropped++;
	client_close(control, client);
}

int client_watch(struct control *control, struct client *client, int operation, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = (uint64_t)(client - control->clients) };

	return epoll_ctl(control->epoll_fd, operation, client->fd, &event) ? -errno : 0;
}

static struct client *client_free(struct control *control)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	return NULL;
}

struct client *client_find(struct control *control, uint64_t token)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0 && control->clients[i].token == token)
			return &control->clients[i];
	return NULL;
}

static void client_take(struct control *control, int fd)
{
	struct client *client = client_free(control);
	uid_t uid = CONTROL_NOBODY;
	char *request = client && peer_may(fd, control->group, &uid) ? malloc(CONTROL_REQUEST_MAX) : NULL;

	if (!request) {
		control->counts.refused++;
		(void)close(fd);
		return;
	}
	client->fd = fd;
	client->uid = uid;
	client->request = request;
	client->token = ++control->tokens;
	client->deadline = monotonic_ms() + CONTROL_REQUEST_TIME;
	if (client_watch(control, client, EPOLL_CTL_ADD, EPOLLIN) < 0)
		client_drop(control, client);
}

static void clients_accept(struct control *control)
{
	int fd;

	while ((fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		client_take(control, fd);
}

static void client_send(struct control *control, struct client *client)
{
	while (client->sent < client->size) {
		ssize_t n = send(client->fd, client->answer + client->sent, client->size - client->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0 && errno != EINTR) {
			client_drop(control, client);
			return;
		}
		client->sent += n > 0 ? (size_t)n : 0;
	}
	client_close(control, client);
}

/* Reads until the line is whole; then it is the handler's turn, which may answer, and close, before it
 * returns. */
static void client_read(struct control *control, struct client *client)
{
	ssize_t n = recv(client->fd, client->request + client->asked, CONTROL_REQUEST_MAX - client->asked, 0);
	_cleanup_free_ char *request = NULL;
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(control, client);
		return;
	}
	client->asked += (size_t)n;
	end = memchr(client->request, '\n', client->asked);
	if (!end && client->asked == CONTROL_REQUEST_MAX) {
		client_drop(control, client);
		return;
	}
	if (!end)
		return;
	*end = '\0';
	request = take_ptr(client->request);
	client->phase = CLIENT_WAITS;
	client->deadline = monotonic_ms() + CONTROL_ANSWER_TIME;
	if (client_watch(control, client, EPOLL_CTL_MOD, 0) < 0)
		client_drop(control, client);
	else
		control->handler(control, client->token, request, control->data);
}

/* A client that only closed its sending side may still want the answer; one that hung up does not. */
static void client_handle(struct control *control, struct client *client, uint32_t events)
{
	if (client->fd < 0)
		return;
	if (client->phase == CLIENT_ASKS && events & (EPOLLIN | EPOLLHUP))
		client_read(control, client);
	else if (events & (EPOLLHUP | EPOLLERR))
		client_close(control, client);
	else if (client->phase == CLIENT_TAKES && events & EPOLLOUT)
		client_send(control, client);
	else if (client->phase == CLIENT_FOLLOWS && events & EPOLLOUT)
		follower_send(control, client);
}

/* ---- the loop's part ---- */

/* Drops who is late, and sets the timer to the next who would be. */
static void deadlines_check(struct control *control)
{
	uint64_t now = monotonic_ms(), next = NEVER;
	struct itimerspec when = { 0 };

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->fd >= 0 && client->deadline <= now)
			client_drop(control, client);
		if (client->fd >= 0 && client->deadline < next)
			next = client->deadline;
	}
	if (next != NEVER)
		when.it_value = (struct timespec){ (time_t)(next / 1000), (long)(next % 1000) * 1000000 };
	(void)timerfd_settime(control->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int control_answer(struct control *control, uint64_t token, const char *text, size_t size)
{
	struct client *client = client_find(control, token);

	if (!client || client->phase != CLIENT_WAITS)
		return -ENOENT;
	client->answer = size <= CONTROL_ANSWER_MAX ? malloc(size + 1) : NULL;
	if (!client->answer) {
		client_close(control, client);
		return size <= CONTROL_ANSWER_MAX ? -ENOMEM : -EFBIG;
	}
	if (size)
		memcpy(client->answer, text, size);
	client->size = size;
	client->phase = CLIENT_TAKES;
	client->deadline = monotonic_ms() + CONTROL_SEND_TIME;
	if (client_watch(control, client, EPOLL_CTL_MOD, EPOLLOUT) < 0)
		client_drop(control, client);
	else
		client_send(control, client);
	deadlines_check(control); /* the new one may be sooner than any before */
	return 0;
}

void control_handle(struct control *control)
{
	struct epoll_event events[CONTROL_CLIENTS + 2];
	int count = epoll_wait(control->epoll_fd, events, (int)ARRAY_SIZE(events), 0);

	for (int i = 0; i < count; i++) {
		if (events[i].data.u64 < CONTROL_CLIENTS)
			client_handle(control, &control->clients[events[i].data.u64], events[i].events);
	}
	/* Last, so that no event of this round is taken for one of a client that has just got a free place.
	 */
	clients_accept(control);
	deadlines_check(control);
}

int control_fd(const struct control *control)
{
	return control->epoll_fd;
}

uid_t control_peer(struct control *control, uint64_t token)
{
	const struct client *client = client_find(control, token);

	return client ? client->uid : CONTROL_NOBODY;
}

/* The group's members must get to the socket. */
static int dir_share(int dir_fd, gid_t group)
{
	struct stat st;

	if (fstat(dir_fd, &st) < 0)
		return -errno;
	if (st.st_mode & S_IXOTH || (st.st_gid == group && st.st_mode & S_IXGRP))
		return 0;
	return fchown(dir_fd, (uid_t)-1, group) < 0 || fchmod(dir_fd, (st.st_mode & 07777) | S_IXGRP) < 0 ? -errno : 0;
}

int control_group(struct control *control, gid_t group)
{
	int flags = AT_SYMLINK_NOFOLLOW, r = 0;

	control->group = 0;
	if (fchmodat(control->dir_fd, CONTROL_SOCKET, 0600, 0) < 0)
		return -errno;
	if (group)
		r = dir_share(control->dir_fd, group);
	if (group && r == 0 &&
	    (fchownat(control->dir_fd, CONTROL_SOCKET, (uid_t)-1, group, flags) < 0 ||
	     fchmodat(control->dir_fd, CONTROL_SOCKET, 0660, 0) < 0))
		r = -errno;
	if (r == 0)
		control->group = group;
	return r;
}

struct control_counts control_counts(const struct control *control)
{
	return control->counts;
}

/* ---- from birth to end ---- */

static int dir_open(const char *runtime_dir)
{
	int fd;

	if (mkdir(runtime_dir, 0755) && errno != EEXIST)
		return -errno;
	fd = open(runtime_dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The lock's file is never removed: two agents could then hold locks on two files of that name. */
static int lock_take(int dir_fd)
{
	_cleanup_close_ int fd = openat(dir_fd, CONTROL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		return errno == EWOULDBLOCK ? -EEXIST : -errno;
	return take_fd(&fd);
}

/* On Linux a socket's file gets the mode that the socket has when it is bound: there is no moment with
 * another. */
static int socket_listen(int dir_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = control_address(dir_fd);

	if (fd < 0 || fchmod(fd, 0600))
		return -errno;
	if (unlinkat(dir_fd, CONTROL_SOCKET, 0) && errno != ENOENT)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, CONTROL_CLIENTS))
		return -errno;
	return take_fd(&fd);
}

static int loop_open(struct control *control)
{
	struct epoll_event connects = { .events = EPOLLIN, .data.u64 = KEY_LISTEN };
	struct epoll_event expires = { .events = EPOLLIN, .data.u64 = KEY_TIMER };

	control->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (control->timer_fd < 0 || control->epoll_fd < 0)
		return -errno;
	if (epoll_ctl(control->epoll_fd, EPOLL_CTL_ADD, control->listen_fd, &connects) ||
	    epoll_ctl(control->epoll_fd, EPOLL_CTL_ADD, control->timer_fd, &expires))
		return -errno;
	return 0;
}

/* The order is the point: whoever holds the lock owns the socket, so only then may an old one be removed. */
static int control_start(struct control *control, const char *runtime_dir)
{
	control->dir_fd = dir_open(runtime_dir);
	if (control->dir_fd < 0)
		return control->dir_fd;
	control->lock_fd = lock_take(control->dir_fd);
	if (control->lock_fd < 0)
		return control->lock_fd;
	control->listen_fd = socket_listen(control->dir_fd);
	if (control->listen_fd < 0)
		return control->listen_fd;
	return loop_open(control);
}

int control_open(const char *runtime_dir, control_handler handler, void *data, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->handler = handler;
	control->data = data;
	control->dir_fd = control->lock_fd = control->listen_fd = control->timer_fd = control->epoll_fd = -EBADF;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -EBADF;
	r = control_start(control, runtime_dir);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret_control = control;
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		client_close(control, &control->clients[i]);
	if (control->listen_fd >= 0)
		(void)unlinkat(control->dir_fd, CONTROL_SOCKET, 0);
	cleanup_closep(&control->listen_fd);
	cleanup_closep(&control->timer_fd);
	cleanup_closep(&control->epoll_fd);
	cleanup_closep(&control->lock_fd);
	cleanup_closep(&control->dir_fd);
	free(control);
}
