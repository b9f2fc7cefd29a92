// SPDX-License-Identifier: Apache-2.0
#include "output/sink.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "output/text.h"

#define FLUSH_AT   (64u << 10)  /* that much waiting is written without being asked */
#define KEEP_AT    (256u << 10) /* memory that an empty queue may keep */
#define WRITE_SAFE 4096         /* PIPE_BUF: as much as poll(2) promises to go without waiting */

enum format { FORMAT_TEXT, FORMAT_COLOUR, FORMAT_JSON, FORMATS };

struct sink {
	enum format format;
	char *path; /* NULL: standard output */
	int fd;
	bool blocking;       /* the descriptor would wait: ask first, and write little */
	struct buffer queue; /* whole lines */
	size_t written;      /* of the first line in the queue: its bytes that are out already */
	bool full;           /* nothing is taken until half the queue is out */
	uint64_t untold;     /* lines lost since a loss was last told */
	uint64_t lines, lost;
	int error;
};

struct sinks {
	const struct output_context *context;
	struct id_source *ids;
	struct sinks_tap tap;
	size_t count;
	struct buffer formatted[FORMATS]; /* of the alert in hand, made where a sink asks */
	struct sink sinks[SINKS_MAX];
};

static const char *const type_names[FORMATS] = {
	[FORMAT_TEXT] = "text", [FORMAT_COLOUR] = "text", [FORMAT_JSON] = "json"
};

struct sinks *sinks_new(const struct output_context *context, struct id_source *ids)
{
	struct sinks *sinks = calloc(1, sizeof(*sinks));

	if (!sinks)
		return NULL;
	sinks->context = context;
	sinks->ids = ids;
	return sinks;
}

static void sink_close(struct sink *sink)
{
	cleanup_closep(&sink->fd);
	free(sink->path);
	buffer_clear(&sink->queue);
}

/* ---- opening ---- */

static bool fd_may_wait(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !(flags >= 0 && (flags & O_NONBLOCK));
}

/*
 * Standard output is shared with whoever started us: O_NONBLOCK on it would be theirs too. A pipe or terminal
 * is therefore opened anew; where that is not allowed, writes are small and asked for first.
 */
static int stdout_open(void)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return -errno;
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static int file_open(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags, 0640);

	return fd < 0 ? -errno : fd;
}

/* Does the file end within a line, because its last writer could not finish? Unknown counts as no. */
static bool file_is_torn(int fd)
{
	_cleanup_close_ int reader = -EBADF;
	char name[32], last;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0)
		return false;
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	reader = open(name, O_RDONLY | O_CLOEXEC);
	return reader >= 0 && pread(reader, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

static int sink_open(struct sink *sink)
{
	int fd = sink->path ? file_open(sink->path) : stdout_open();

	if (fd < 0)
		return fd;
	sink->fd = fd;
	sink->blocking = fd_may_wait(fd);
	if (sink->path && file_is_torn(fd))
		buffer_byte(&sink->queue, '\n');
	if (sink->format == FORMAT_TEXT && text_wants_colour(fd))
		sink->format = FORMAT_COLOUR;
	return 0;
}

int sinks_add(struct sinks *sinks, const char *type, const char *path)
{
	struct sink sink = { .fd = -EBADF, .queue.limit = SINK_QUEUE_MAX };
	int r;

	if (strcmp(type, "text") != 0 && strcmp(type, "json") != 0)
		return -EINVAL;
	if (path && !*path)
		return -EINVAL;
	if (sinks->count == SINKS_MAX)
		return -E2BIG;
	sink.format = strcmp(type, "json") == 0 ? FORMAT_JSON : FORMAT_TEXT;
	sink.path = path ? strdup(path) : NULL;
	if (path && !sink.path)
		return -ENOMEM;
	r = sink_open(&sink);
	if (r < 0)
		sink_close(&sink);
	else
		sinks->sinks[sinks->count++] = sink;
	return r;
}

int sinks_add_spec(struct sinks *sinks, const char *spec)
{
	if (strncmp(spec, "json:", 5) == 0)
		return sinks_add(sinks, "json", spec + 5);
	return sinks_add(sinks, spec, NULL);
}

static bool same_file(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static int sink_reopen(struct sink *sink)
{
	_cleanup_close_ int fd = file_open(sink->path);

	if (fd < 0)
		return fd;
	if (!same_file(fd, sink->fd)) {
		sink->written = 0;
		sink->error = 0;
	}
	(void)close(sink->fd);
	sink->fd = take_fd(&fd);
	return 0;
}

int sinks_reopen(struct sinks *sinks, const char **ret_path)
{
	int first = 0;

	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->sinks[i];
		int r = sink->path ? sink_reopen(sink) : 0;

		if (r < 0 && first == 0) {
			first = r;
			*ret_path = sink->path;
		}
	}
	return first;
}

/* ---- writing ---- */

/* One write. What went out, or a negative errno. */
static ssize_t sink_write(const struct sink *sink, const char *data, size_t size)
{
	struct pollfd ready = { .fd = sink->fd, .events = POLLOUT };
	ssize_t wrote;

	if (sink->blocking) {
		if (poll(&ready, 1, 0) <= 0)
			return -EAGAIN;
		size = size < WRITE_SAFE ? size : WRITE_SAFE;
	}
	wrote = write(sink->fd, data, size);
	return wrote < 0 ? -errno : wrote;
}

/* Forgets whole lines that are out; `out` bytes of the queue are. */
static void sink_settle(struct sink *sink, size_t out)
{
	const char *end = out > 0 ? memrchr(sink->queue.data, '\n', out) : NULL;
	size_t whole = end ? (size_t)(end - sink->queue.data) + 1 : 0;

	buffer_consume(&sink->queue, whole);
	sink->written = out - whole;
	if (sink->queue.size == 0 && sink->queue.capacity > KEEP_AT)
		buffer_clear(&sink->queue);
	if (sink->queue.size <= SINK_QUEUE_MAX / 2)
		sink->full = false;
}

static void sink_flush(struct sink *sink)
{
	size_t out = sink->written;

	while (out < sink->queue.size) {
		ssize_t wrote = sink_write(sink, sink->queue.data + out, sink->queue.size - out);

		if (wrote == -EINTR)
			continue;
		sink->error = wrote < 0 ? wrote : wrote == 0 ? -EIO : 0;
		if (wrote <= 0)
			break;
		out += wrote;
	}
	if (out != sink->written)
		sink_settle(sink, out);
}

static int format_alert(const struct sinks *sinks, enum format format, const struct alert *alert, struct buffer *out)
{
	if (format == FORMAT_JSON)
		return alert_to_json(alert, sinks->context, out);
	return alert_to_text(alert, format == FORMAT_COLOUR, out);
}

/* Into the queue, whole or not at all. */
static bool sink_take(struct sink *sink, const struct buffer *line)
{
	if (line->size == 0 || sink->full)
		return false;
	buffer_append(&sink->queue, line->data, line->size);
	if (sink->queue.error < 0) {
		buffer_rewind(&sink->queue, sink->queue.size);
		sink->full = sink->queue.size > SINK_QUEUE_MAX / 2;
		return false;
	}
	return true;
}

static int format_loss(struct sinks *sinks, enum format format, uint64_t lost, int64_t now, struct buffer *line)
{
	char message[96];
	struct alert alert = {
		.kind = ALERT_STATE,
		.time = now,
		.severity = SEVERITY_MEDIUM,
		.action = "loss",
		.message = message,
		.state = { .kind = "loss", .count = lost, .reason = "the output could not be written" },
	};

	(void)snprintf(message, sizeof(message), "%llu lines are missing here: they could not be written in time",
		       (unsigned long long)lost);
	id_make(sinks->ids, now, alert.id);
	return format_alert(sinks, format, &alert, line);
}

/* Says in the sink itself, once it takes lines again, how many it lost. */
static void sink_tell_loss(struct sinks *sinks, struct sink *sink, int64_t now)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	if (sink->untold == 0 || sink->full)
		return;
	if (format_loss(sinks, sink->format, sink->untold, now, &line) == 0 && sink_take(sink, &line))
		sink->untold = 0;
}

int sinks_loss_line(struct sinks *sinks, uint64_t lost, int64_t now, struct buffer *line)
{
	return format_loss(sinks, FORMAT_JSON, lost, now, line);
}

static void sink_tell(struct sinks *sinks, struct sink *sink, const struct alert *alert)
{
	struct buffer *line = &sinks->formatted[sink->format];

	if (line->size == 0)
		(void)format_alert(sinks, sink->format, alert, line);
	sink_tell_loss(sinks, sink, alert->time);
	if (sink->untold == 0 && sink_take(sink, line)) {
		sink->lines++;
	} else {
		sink->lost++;
		sink->untold++;
	}
	if (sink->queue.size >= FLUSH_AT && sink->error == 0)
		sink_flush(sink);
}

void sinks_set_tap(struct sinks *sinks, const struct sinks_tap *tap)
{
	sinks->tap = *tap;
}

static void tap_tell(struct sinks *sinks, const struct alert *alert)
{
	struct buffer *line = &sinks->formatted[FORMAT_JSON];

	if (!sinks->tap.line || !sinks->tap.wants(alert))
		return;
	if (line->size == 0)
		(void)format_alert(sinks, FORMAT_JSON, alert, line);
	sinks->tap.line(alert, line->data, line->size, sinks->tap.data);
}

void sinks_tell(struct sinks *sinks, const struct alert *alert)
{
	for (size_t i = 0; i < FORMATS; i++)
		buffer_rewind(&sinks->formatted[i], 0);
	for (size_t i = 0; i < sinks->count; i++)
		sink_tell(sinks, &sinks->sinks[i], alert);
	tap_tell(sinks, alert);
}

size_t sinks_flush(struct sinks *sinks, int64_t now)
{
	size_t waiting = 0;

	for (size_t i = 0; i < sinks->count; i++) {
		struct sink *sink = &sinks->sinks[i];

		sink_flush(sink);
		if (sink->untold > 0) {
			sink_tell_loss(sinks, sink, now);
			sink_flush(sink);
		}
		waiting += sink->queue.size - sink->written;
	}
	return waiting;
}

/* Waits until one of the sinks with something to write may take it. False: none did in time. */
static bool sinks_wait(const struct sinks *sinks, int patience)
{
	struct pollfd fds[SINKS_MAX];
	nfds_t count = 0;

	for (size_t i = 0; i < sinks->count; i++)
		if (sinks->sinks[i].queue.size > 0 && sinks->sinks[i].error == -EAGAIN)
			fds[count++] = (struct pollfd){ .fd = sinks->sinks[i].fd, .events = POLLOUT };
	return count > 0 && poll(fds, count, patience) > 0;
}

size_t sinks_finish(struct sinks *sinks, int64_t now, int patience)
{
	size_t before = SIZE_MAX, waiting = sinks_flush(sinks, now);

	while (waiting > 0 && waiting < before && sinks_wait(sinks, patience)) {
		before = waiting;
		waiting = sinks_flush(sinks, now);
	}
	return waiting;
}

void sinks_free(struct sinks *sinks)
{
	if (!sinks)
		return;
	for (size_t i = 0; i < sinks->count; i++) {
		sink_flush(&sinks->sinks[i]);
		sink_close(&sinks->sinks[i]);
	}
	for (size_t i = 0; i < FORMATS; i++)
		buffer_clear(&sinks->formatted[i]);
	free(sinks);
}

size_t sinks_count(const struct sinks *sinks)
{
	return sinks->count;
}

struct sink_status sinks_status(const struct sinks *sinks, size_t index)
{
	const struct sink *sink = &sinks->sinks[index];

	return (struct sink_status){
		.type = type_names[sink->format],
		.path = sink->path,
		.lines = sink->lines,
		.lost = sink->lost,
		.waiting = sink->queue.size - sink->written,
		.error = sink->error,
	};
}
