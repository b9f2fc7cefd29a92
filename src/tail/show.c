// SPDX-License-Identifier: Apache-2.0
#include "tail/show.h"

#include <poll.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "output/text_json.h"

#define FLUSH_AT (64u << 10)

void show_begin(struct show *show, int fd, bool json)
{
	time_t now = time(NULL);

	*show = (struct show){ .fd = fd, .json = json, .colour = !json && text_wants_colour(fd) };
	show->out.limit = 4 * BUFFER_LIMIT;
	(void)localtime_r(&now, &show->day);
}

void show_clear(struct show *show)
{
	buffer_clear(&show->out);
}

static void day_show(struct show *show, int64_t time)
{
	time_t seconds = (time_t)(time / 1000000000);
	struct tm day = { 0 };
	char text[32];

	(void)localtime_r(&seconds, &day);
	if (day.tm_year == show->day.tm_year && day.tm_yday == show->day.tm_yday)
		return;
	show->day = day;
	(void)snprintf(text, sizeof(text), "-- %04d-%02d-%02d\n", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
	buffer_string(&show->out, text);
}

static int text_show(struct show *show, const json_t *alert)
{
	struct text_alert text;

	if (text_of_json(alert, &text) < 0)
		return 0; /* no alert: pick_line had it, so it is JSON of another kind */
	day_show(show, text.time);
	return text_line(&text, show->colour, &show->out);
}

int show_line(struct show *show, const char *line, size_t size, const json_t *alert)
{
	int r = 0;

	if (show->json) {
		buffer_append(&show->out, line, size);
		buffer_byte(&show->out, '\n');
	} else {
		r = text_show(show, alert);
	}
	if (r == 0)
		r = show->out.error;
	return r == 0 && show->out.size >= FLUSH_AT ? show_flush(show) : r;
}

static int wait_writable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	return poll(&ready, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

int show_flush(struct show *show)
{
	size_t out = 0;
	int r = 0;

	while (r == 0 && out < show->out.size) {
		ssize_t n = write(show->fd, show->out.data + out, show->out.size - out);

		if (n >= 0)
			out += (size_t)n;
		else if (errno == EAGAIN)
			r = wait_writable(show->fd);
		else if (errno != EINTR)
			r = -errno;
	}
	buffer_rewind(&show->out, 0);
	return r;
}
