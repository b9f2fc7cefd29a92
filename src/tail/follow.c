// SPDX-License-Identifier: Apache-2.0
#include "tail/follow.h"

#include <jansson.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "control/control.h"
#include "output/field.h"

#define CHUNK (64u << 10)

/* Until the first line is whole: the lines behind it stay. */
static int first_line(struct follow *follow, json_t **ret_line)
{
	uint64_t deadline = monotonic_ms() + CONTROL_WAIT_TIME;
	const char *end = NULL;

	while (!(end = follow->lines.size ? memchr(follow->lines.data, '\n', follow->lines.size) : NULL)) {
		struct pollfd ready = { .fd = follow->fd, .events = POLLIN };
		uint64_t now = monotonic_ms();
		int r;

		if (follow->ended)
			return -EPROTO;
		if (now >= deadline)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)(deadline - now)) < 0 && errno != EINTR)
			return -errno;
		r = follow_take(follow);
		if (r < 0)
			return r;
	}
	*ret_line = json_loadb(follow->lines.data, (size_t)(end - follow->lines.data), 0, NULL);
	buffer_consume(&follow->lines, (size_t)(end - follow->lines.data) + 1);
	return *ret_line ? 0 : -EPROTO;
}

static int position_of(const json_t *line, struct history_position *ret_end)
{
	const char *segment = field_text(line, "history.segment");
	json_int_t offset = json_integer_value(field_at(line, "history.offset"));
	size_t size = segment ? strlen(segment) : 0;

	if (!segment || size >= HISTORY_SEGMENT_SIZE || offset < 0)
		return -EPROTO;
	memcpy(ret_end->segment, segment, size + 1);
	ret_end->offset = (uint64_t)offset;
	return 0;
}

int follow_begin(const char *runtime_dir, struct follow *ret_follow, struct history_position *ret_end)
{
	struct follow follow = { .fd = -EBADF, .lines.limit = FOLLOW_AHEAD + CHUNK };
	json_auto_t *line = NULL;
	int r = control_begin(runtime_dir, "follow", &follow.fd);

	if (r == 0)
		r = first_line(&follow, &line);
	if (r == 0)
		r = position_of(line, ret_end);
	if (r < 0)
		follow_end(&follow);
	else
		*ret_follow = follow;
	return r;
}

void follow_end(struct follow *follow)
{
	cleanup_closep(&follow->fd);
	follow->fd = -EBADF;
	buffer_clear(&follow->lines);
}

int follow_take(struct follow *follow)
{
	while (!follow->ended && follow->lines.size < FOLLOW_AHEAD) {
		ssize_t n;

		if (buffer_reserve(&follow->lines, CHUNK) < 0)
			return -ENOMEM;
		n = recv(follow->fd, follow->lines.data + follow->lines.size, CHUNK, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		follow->ended = n <= 0;
		follow->lines.size += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int follow_give(struct follow *follow, int (*call)(const char *line, size_t size, void *data), void *data)
{
	size_t given = 0;
	int r = 0;

	while (r == 0 && given < follow->lines.size) {
		const char *line = follow->lines.data + given;
		const char *end = memchr(line, '\n', follow->lines.size - given);

		if (!end)
			break;
		given += (size_t)(end - line) + 1;
		r = call(line, (size_t)(end - line), data);
	}
	buffer_consume(&follow->lines, given);
	return r;
}
