// SPDX-License-Identifier: Apache-2.0
#include "history/reader.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/line.h"
#include "history/stream.h"
#include "output/time.h"

struct reading {
	int dir_fd;
	struct segments segments;
	const struct history_position *end;
	char since[TIME_RFC3339_SIZE];
	int (*call)(const char *line, size_t size, void *data);
	void *data;
	int stopped; /* what `call` returned */
	struct history_counts counts;
};

static void reading_clear(struct reading *reading)
{
	cleanup_closep(&reading->dir_fd);
	segments_clear(&reading->segments);
}
#define _cleanup_reading_ _cleanup_(reading_clear)

static int reading_open(struct reading *reading, const char *state_dir)
{
	_cleanup_close_ int above = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (above < 0)
		return -errno;
	reading->dir_fd = openat(above, HISTORY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (reading->dir_fd < 0)
		return -errno;
	return segments_list_settled(reading->dir_fd, &reading->segments);
}

/* All lines of a segment were told before the next one's moment: the first that can hold what was told from then on. */
static size_t first_since(const struct segments *segments, int64_t since)
{
	size_t i = 0;

	while (i + 1 < segments->count && segment_time(segments->items[i + 1].name) <= since)
		i++;
	return i;
}

/* How much of the segment lies before the end; 0: nothing. */
static uint64_t limit_of(const struct reading *reading, const struct segment *segment)
{
	int order = reading->end ? strcmp(segment->name, reading->end->segment) : -1;

	return order < 0 ? UINT64_MAX : order == 0 ? reading->end->offset : 0;
}

static int line_take(const char *line, size_t size, void *data)
{
	struct reading *reading = data;
	const char *time = line_time(line, size);

	if (size == 0)
		return 0; /* what ends a torn line */
	if (time && memcmp(time, reading->since, LINE_TIME_SIZE) < 0)
		return 0;
	if (!time || !line_is_whole(line, size)) {
		reading->counts.torn++;
		return 0;
	}
	reading->counts.lines++;
	reading->stopped = reading->call(line, size, reading->data);
	return reading->stopped;
}

/* 0; what `call` returned, or -ENOMEM. Damage is counted. */
static int segment_read(struct reading *reading, const struct segment *segment)
{
	uint64_t limit = limit_of(reading, segment);
	enum segment_form form = SEGMENT_PLAIN;
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (limit == 0 || !(segment->forms & (1u << SEGMENT_PLAIN | 1u << SEGMENT_PACKED)))
		return 0;
	fd = segment_open(reading->dir_fd, segment->name, &form);
	if (fd == -ENOENT)
		return 0;
	reading->counts.segments++;
	if (fd < 0) {
		reading->counts.damaged++;
		return 0;
	}
	reading->stopped = 0;
	r = stream_lines(fd, form, limit, line_take, reading, &reading->counts.torn);
	if (reading->stopped)
		return reading->stopped;
	if (r == -EBADMSG)
		reading->counts.damaged++;
	return r == -EBADMSG ? 0 : r;
}

static int read_since(struct reading *reading, const char *state_dir, int64_t since)
{
	int r = reading_open(reading, state_dir);

	time_rfc3339(since, reading->since);
	for (size_t i = first_since(&reading->segments, since); r == 0 && i < reading->segments.count; i++)
		r = segment_read(reading, &reading->segments.items[i]);
	return r;
}

int history_read(const char *state_dir, int64_t since, const struct history_position *end,
		 int (*call)(const char *line, size_t size, void *data), void *data, struct history_counts *ret_counts)
{
	_cleanup_reading_ struct reading reading = { .dir_fd = -EBADF, .end = end, .call = call, .data = data };
	int r = read_since(&reading, state_dir, since);

	if (ret_counts)
		*ret_counts = reading.counts;
	return r;
}

/* ---- the last ---- */

struct text {
	char *data;
	size_t size;
};

/* The last that were picked of one segment, a ring, and those of the segments behind it, already in their places. */
struct last {
	struct text *texts;
	size_t room; /* places that later segments left free, at the front */
	uint64_t picked;
	int (*match)(const char *line, size_t size, void *data);
	void *data;
};

static int last_take(const char *line, size_t size, void *data)
{
	struct last *last = data;
	struct text *text = &last->texts[last->picked % last->room];
	int r = last->match(line, size, last->data);
	char *copy;

	if (r <= 0)
		return r;
	copy = malloc(size + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, line, size);
	free(text->data);
	*text = (struct text){ copy, size };
	last->picked++;
	return 0;
}

static void reverse(struct text *texts, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct text text = texts[i];

		texts[i] = texts[count - 1 - i];
		texts[count - 1 - i] = text;
	}
}

/* The ring of a segment becomes the end of the free places, in its order. */
static void last_settle(struct last *last)
{
	size_t count = last->picked < last->room ? (size_t)last->picked : last->room;
	size_t first = last->picked > last->room ? (size_t)(last->picked % last->room) : 0;

	if (first > 0) { /* turned by `first` places */
		reverse(last->texts, first);
		reverse(last->texts + first, last->room - first);
		reverse(last->texts, last->room);
	}
	if (count < last->room) {
		memmove(last->texts + last->room - count, last->texts, count * sizeof(*last->texts));
		memset(last->texts, 0,
		       (count < last->room - count ? count : last->room - count) * sizeof(*last->texts));
	}
	last->room -= count;
	last->picked = 0;
}

static int read_back(struct reading *reading, struct last *last, int64_t since)
{
	size_t first = first_since(&reading->segments, since);
	int r = 0;

	for (size_t i = reading->segments.count; r == 0 && i > first && last->room > 0; i--) {
		r = segment_read(reading, &reading->segments.items[i - 1]);
		if (r == 0)
			last_settle(last);
	}
	return r;
}

int history_read_last(const char *state_dir, int64_t since, size_t count, const struct history_position *end,
		      int (*match)(const char *line, size_t size, void *data),
		      int (*call)(const char *line, size_t size, void *data), void *data,
		      struct history_counts *ret_counts)
{
	struct last last = { .match = match, .data = data };
	_cleanup_reading_ struct reading reading = { .dir_fd = -EBADF, .end = end, .call = last_take, .data = &last };
	int r = reading_open(&reading, state_dir);

	count = count < HISTORY_LAST_MAX ? count : HISTORY_LAST_MAX;
	last.room = count;
	time_rfc3339(since, reading.since);
	last.texts = r == 0 ? calloc(count + 1, sizeof(*last.texts)) : NULL;
	if (r == 0)
		r = last.texts ? read_back(&reading, &last, since) : -ENOMEM;
	for (size_t i = last.room; r == 0 && i < count; i++)
		r = call(last.texts[i].data, last.texts[i].size, data);
	for (size_t i = 0; last.texts && i < count; i++)
		free(last.texts[i].data);
	free(last.texts);
	if (ret_counts)
		*ret_counts = reading.counts;
	return r;
}

/* ---- one ---- */

struct finding_line {
	char field[48]; /* "id":"..." as it stands in the line: in a string its quotes would be escaped */
	char *line;
};

static int line_find(const char *line, size_t size, void *data)
{
	struct finding_line *finding = data;

	if (!memmem(line, size, finding->field, strlen(finding->field)))
		return 0;
	finding->line = malloc(size + 1);
	if (!finding->line)
		return -ENOMEM;
	memcpy(finding->line, line, size);
	finding->line[size] = '\0';
	return 1;
}

int history_find(const char *state_dir, const char *id, char **ret_line)
{
	struct finding_line finding = { .line = NULL };
	char moment[HISTORY_SEGMENT_SIZE];
	int r;

	if (strlen(id) != 32 || strspn(id, "0123456789abcdef") != 32)
		return -EINVAL;
	(void)snprintf(moment, sizeof(moment), "%.16s", id);
	(void)snprintf(finding.field, sizeof(finding.field), "\"id\":\"%s\"", id);
	r = history_read(state_dir, segment_time(moment), NULL, line_find, &finding, NULL);
	if (r == 1)
		*ret_line = finding.line;
	return r == 1 ? 0 : r == 0 ? -ENOENT : r;
}
