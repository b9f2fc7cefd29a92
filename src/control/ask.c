/* SPDX-License-Identifier: Apache-2.0 */
#include "control/control.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "control/address.h"

#define CHUNK 65536

static int wait_for(int fd, short events, uint64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	for (;;) {
		uint64_t now = monotonic_ms();
		int n = now < deadline ? poll(&poll_fd, 1, (int)(deadline - now)) : 0;

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* No directory and no socket are the same to who asks: no agent. A backlog that stays full (EAGAIN) is its
 * silence. */
static int connect_to(const char *runtime_dir)
{
	_cleanup_close_ int dir_fd = open(runtime_dir, O_DIRECTORY | O_PATH | O_CLOEXEC);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = control_address(dir_fd);

	if (fd < 0)
		return -errno;
	if (dir_fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return take_fd(&fd);
	if (errno == ENOENT || errno == ENOTDIR)
		return -ECONNREFUSED;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int request_send(int fd, const char *request)
{
	char line[CONTROL_REQUEST_MAX + 1];
	int length = snprintf(line, sizeof(line), "%s\n", request);

	/* Fits any socket's buffer: it is sent whole or not at all. */
	return send(fd, line, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -EPROTO;
}

static int answer_grow(char **text, size_t *room, size_t size)
{
	char *longer;

	if (*room - size > CHUNK)
		return 0;
	if (size > CONTROL_ANSWER_MAX)
		return -EFBIG;
	longer = realloc(*text, *room * 2 + 2 * CHUNK);
	if (!longer)
		return -ENOMEM;
	*text = longer;
	*room = *room * 2 + 2 * CHUNK;
	return 0;
}

static int answer_read(int fd, uint64_t deadline, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	size_t room = 0, size = 0;

	for (;;) {
		ssize_t n;
		int r = answer_grow(&text, &room, size);

		if (r == 0)
			r = wait_for(fd, POLLIN, deadline);
		if (r < 0)
			return r;
		n = recv(fd, text + size, CHUNK, 0);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == 0 && size > 0)
			break;
		if (n <= 0)
			return -EPROTO;
		size += (size_t)n;
	}
	text[size] = '\0';
	*ret_text = take_ptr(text);
	return 0;
}

int control_begin(const char *runtime_dir, const char *request, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (strlen(request) + 1 > CONTROL_REQUEST_MAX || strchr(request, '\n'))
		return -EINVAL;
	fd = connect_to(runtime_dir);
	if (fd < 0)
		return fd;
	r = request_send(fd, request);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

int control_ask(const char *runtime_dir, const char *request, unsigned timeout_ms, char **ret_text)
{
	_cleanup_close_ int fd = -EBADF;
	int r = control_begin(runtime_dir, request, &fd);

	return r < 0 ? r : answer_read(fd, monotonic_ms() + timeout_ms, ret_text);
}
