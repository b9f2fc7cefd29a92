// SPDX-License-Identifier: Apache-2.0
#include "history/history.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "history/keeper.h"
#include "history/segment.h"

#define LOCK_FILE "lock"
#define KEEP_AT   (128u << 10) /* memory that an empty queue may keep */
#define SECOND    1000000000ll

struct history {
	int dir_fd, lock_fd;
	struct history_limits limits;
	history_loss loss;
	void *data;
	struct keeper *keeper;
	int fd;                          /* of the current segment; -EBADF: none is begun */
	char name[HISTORY_SEGMENT_SIZE]; /* of the current one, or else of the last; "": there is none */
	uint64_t size;                   /* of the current one: of what is whole */
	int64_t taken;                   /* no line was taken later */
	int64_t latest;                  /* ... of those that are written: the next segment's name is */
	struct buffer queue;             /* whole lines */
	bool full;                       /* nothing is taken until half the queue is out */
	uint64_t untold;                 /* lines lost since a loss was last told */
	uint64_t lines, lost;
	int error;
};

/* ---- the directory and its files ---- */

static mode_t mode_of(const struct history_limits *limits, mode_t alone, mode_t shared)
{
	return limits->group ? shared : alone;
}

static int share(int fd, const struct history_limits *limits, mode_t mode)
{
	if (limits->group && fchown(fd, (uid_t)-1, limits->group) < 0)
		return -errno;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int file_share(int fd, const struct history_limits *limits)
{
	return share(fd, limits, mode_of(limits, 0600, 0640));
}

/* The group's members must get through the state directory, which shows them nothing else. */
static int dirs_share(int above_fd, int dir_fd, const struct history_limits *limits)
{
	int r = share(dir_fd, limits, mode_of(limits, 0700, 0750));

	return r < 0 || !limits->group ? r : share(above_fd, limits, 0710);
}

static int dir_make(struct history *history, const char *state_dir)
{
	_cleanup_close_ int above = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (above < 0 || (mkdirat(above, HISTORY_DIR, 0700) < 0 && errno != EEXIST))
		return -errno;
	history->dir_fd = openat(above, HISTORY_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (history->dir_fd < 0)
		return -errno;
	return dirs_share(above, history->dir_fd, &history->limits);
}

static int lock_take(struct history *history)
{
	history->lock_fd = openat(history->dir_fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (history->lock_fd < 0)
		return -errno;
	if (flock(history->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* ---- segments ---- */

static void segment_end(struct history *history)
{
	cleanup_closep(&history->fd);
	history->fd = -EBADF;
	history->size = 0;
	keeper_wake(history->keeper, history->name, &history->limits);
}

/* Its name is later than all that was told before it, whatever the clock was set to meanwhile. */
static int segment_begin(struct history *history, int64_t now)
{
	char file[SEGMENT_FILE_SIZE], name[HISTORY_SEGMENT_SIZE];
	int64_t last = segment_time(history->name), moment = now;
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (history->name[0] && moment <= last)
		moment = last + 1;
	if (history->name[0] && moment <= history->latest)
		moment = history->latest + 1;
	segment_name(moment, name);
	segment_file(name, SEGMENT_PLAIN, file);
	fd = openat(history->dir_fd, file, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = file_share(fd, &history->limits);
	if (r < 0) {
		(void)unlinkat(history->dir_fd, file, 0);
		return r;
	}
	history->fd = take_fd(&fd);
	history->size = 0;
	memcpy(history->name, name, sizeof(history->name));
	return 0;
}

static bool segment_is_due(const struct history *history, int64_t now)
{
	return history->fd >= 0 && (history->size >= HISTORY_SEGMENT_MAX ||
				    now - segment_time(history->name) >= HISTORY_SEGMENT_AGE * SECOND);
}

/* A torn line of the last agent's is ended, so that the next is whole. */
static int torn_end(int fd, uint64_t *size)
{
	char last = '\n';

	if (*size > 0 && pread(fd, &last, 1, (off_t)*size - 1) != 1)
		return -EIO;
	if (last == '\n')
		return 0;
	if (write(fd, "\n", 1) != 1)
		return -EIO;
	(*size)++;
	return 0;
}

/* The last agent's segment goes on; where that cannot be, a new one begins with the first line. */
static void segment_adopt(struct history *history, const struct segment *newest)
{
	char file[SEGMENT_FILE_SIZE];
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	memcpy(history->name, newest->name, sizeof(history->name));
	if (!(newest->forms & 1u << SEGMENT_PLAIN) || newest->forms & 1u << SEGMENT_PACKED)
		return;
	segment_file(newest->name, SEGMENT_PLAIN, file);
	fd = openat(history->dir_fd, file, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	history->latest = history->taken = (int64_t)st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec;
	history->size = (uint64_t)st.st_size;
	if (torn_end(fd, &history->size) < 0 || file_share(fd, &history->limits) < 0) {
		history->size = 0;
		return;
	}
	history->fd = take_fd(&fd);
}

static int segments_begin(struct history *history)
{
	_cleanup_segments_ struct segments segments = { 0 };
	char finished[HISTORY_SEGMENT_SIZE] = "";
	int r = segments_list(history->dir_fd, &segments);

	if (r < 0)
		return r;
	if (segments.count > 0) {
		segment_adopt(history, &segments.items[segments.count - 1]);
		if (history->fd < 0)
			memcpy(finished, history->name, sizeof(finished));
		else if (segments.count > 1)
			memcpy(finished, segments.items[segments.count - 2].name, sizeof(finished));
	}
	keeper_wake(history->keeper, finished, &history->limits);
	return 0;
}

static int history_start(struct history *history, const char *state_dir)
{
	int r = dir_make(history, state_dir);

	if (r == 0)
		r = lock_take(history);
	if (r == 0)
		r = keeper_new(history->dir_fd, &history->limits, &history->keeper);
	return r < 0 ? r : segments_begin(history);
}

int history_open(const char *state_dir, const struct history_limits *limits, history_loss loss, void *data,
		 struct history **ret_history)
{
	struct history *history = calloc(1, sizeof(*history));
	int r;

	if (!history)
		return -ENOMEM;
	history->limits = (struct history_limits){ .size = limits->size, .age = limits->age };
	history->loss = loss;
	history->data = data;
	history->dir_fd = history->lock_fd = history->fd = -EBADF;
	history->queue.limit = HISTORY_QUEUE_MAX;
	r = history_start(history, state_dir);
	if (r < 0) {
		history_free(history);
		return r;
	}
	*ret_history = history;
	return 0;
}

/* ---- lines ---- */

/* Into the queue, whole or not at all. */
static bool queue_take(struct history *history, const char *line, size_t size)
{
	if (size == 0 || history->full)
		return false;
	buffer_append(&history->queue, line, size);
	if (history->queue.error < 0) {
		buffer_rewind(&history->queue, history->queue.size);
		history->full = history->queue.size > HISTORY_QUEUE_MAX / 2;
		return false;
	}
	return true;
}

/* Where the hole is, once lines are taken again. */
static void loss_tell(struct history *history, int64_t now)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	if (history->untold == 0 || history->full)
		return;
	if (history->loss(history->untold, now, &line, history->data) == 0 && queue_take(history, line.data, line.size))
		history->untold = 0;
}

void history_take(struct history *history, const char *line, size_t size, int64_t now)
{
	if (now > history->taken)
		history->taken = now;
	loss_tell(history, now);
	if (history->untold == 0 && queue_take(history, line, size)) {
		history->lines++;
		return;
	}
	history->lost++;
	history->untold++;
}

static void queue_settle(struct history *history, size_t out)
{
	buffer_consume(&history->queue, out);
	if (history->queue.size == 0 && history->queue.capacity > KEEP_AT)
		buffer_clear(&history->queue);
	if (history->queue.size <= HISTORY_QUEUE_MAX / 2)
		history->full = false;
}

/* What of it is no whole line is taken back from the file, and stays in the queue. */
static int queue_write(struct history *history)
{
	const char *end;
	size_t whole;
	ssize_t n;

	do
		n = write(history->fd, history->queue.data, history->queue.size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	end = n > 0 ? memrchr(history->queue.data, '\n', (size_t)n) : NULL;
	whole = end ? (size_t)(end - history->queue.data) + 1 : 0;
	history->size += whole;
	if (whole > 0)
		history->latest = history->taken;
	queue_settle(history, whole);
	if (whole == (size_t)n)
		return n > 0 ? 0 : -EIO;
	if (ftruncate(history->fd, (off_t)history->size) < 0)
		segment_end(history); /* torn at its end; what follows begins another */
	return -ENOSPC;
}

static void queue_flush(struct history *history, int64_t now)
{
	int r = 0;

	while (r == 0 && history->queue.size > 0) {
		if (segment_is_due(history, now))
			segment_end(history);
		if (history->fd < 0)
			r = segment_begin(history, now);
		if (r == 0)
			r = queue_write(history);
	}
	history->error = r;
}

void history_flush(struct history *history, int64_t now)
{
	if (history->queue.size > 0)
		queue_flush(history, now);
	if (history->untold > 0) {
		loss_tell(history, now);
		queue_flush(history, now);
	}
	if (segment_is_due(history, now))
		segment_end(history);
}

void history_free(struct history *history)
{
	if (!history)
		return;
	if (history->keeper && history->queue.size > 0)
		queue_flush(history, history->taken);
	keeper_free(history->keeper);
	cleanup_closep(&history->fd);
	cleanup_closep(&history->dir_fd);
	cleanup_closep(&history->lock_fd);
	buffer_clear(&history->queue);
	free(history);
}

struct history_position history_end(const struct history *history)
{
	struct history_position position = { .offset = history->fd >= 0 ? history->size : INT64_MAX };

	memcpy(position.segment, history->name, sizeof(position.segment));
	return position;
}

const struct buffer *history_waiting(const struct history *history)
{
	return &history->queue;
}

/* Directories, and the files that are there already. */
static int history_share(struct history *history, const struct history_limits *limits)
{
	_cleanup_close_ int above = openat(history->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_segments_ struct segments segments = { 0 };
	int r = above < 0 ? -errno : dirs_share(above, history->dir_fd, limits);

	if (r == 0)
		r = segments_list(history->dir_fd, &segments);
	for (size_t i = 0; r == 0 && i < segments.count; i++) {
		enum segment_form form = SEGMENT_PLAIN;
		_cleanup_close_ int fd = segment_open(history->dir_fd, segments.items[i].name, &form);

		if (fd >= 0)
			r = file_share(fd, limits);
	}
	return r;
}

int history_limit(struct history *history, const struct history_limits *limits)
{
	bool other = limits->group != history->limits.group;
	int r;

	history->limits = *limits;
	r = other ? history_share(history, limits) : 0;
	if (r < 0) {
		history->limits.group = 0;
		(void)history_share(history, &history->limits);
	}
	keeper_wake(history->keeper, NULL, &history->limits);
	return r;
}

struct history_status history_status(struct history *history)
{
	return (struct history_status){
		.lines = history->lines,
		.lost = history->lost,
		.waiting = history->queue.size,
		.error = history->error,
		.keeper = keeper_counts(history->keeper),
	};
}
