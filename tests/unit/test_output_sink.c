// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "output/sink.h"

struct fixture {
	char folder[32], path[64];
	struct output_context context;
	struct id_source ids;
	struct sinks *sinks;
};

static int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	*state = fixture;
	strcpy(fixture->folder, "/tmp/plimsoll-sink-XXXXXX");
	if (!mkdtemp(fixture->folder) || id_source_open(&fixture->ids) < 0)
		return -1;
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/alerts", fixture->folder);
	fixture->sinks = sinks_new(&fixture->context, &fixture->ids);
	return fixture->sinks ? 0 : -1;
}

static int fixture_teardown(void **state)
{
	_cleanup_free_ struct fixture *fixture = *state;
	char path[80];

	sinks_free(fixture->sinks);
	(void)umount2(fixture->folder, MNT_DETACH); /* test_full_disk */
	(void)unlink(fixture->path);
	(void)snprintf(path, sizeof(path), "%s.1", fixture->path);
	(void)unlink(path);
	return rmdir(fixture->folder);
}

/* A line that tells its number; `padding` makes it longer. */
static void tell(struct fixture *fixture, unsigned int number, size_t padding)
{
	_cleanup_free_ char *reason = calloc(1, padding + 1);
	struct alert alert = { .kind = ALERT_STATE, .time = number, .action = "start", .message = "m" };

	assert_non_null(reason);
	memset(reason, 'x', padding);
	alert.state.kind = "start";
	alert.state.count = number;
	alert.state.reason = reason;
	id_make(&fixture->ids, alert.time, alert.id);
	sinks_tell(fixture->sinks, &alert);
}

/* What was written, checked line by line: numbers ascend, losses stand exactly where they are. */
struct reading {
	struct buffer text;
	unsigned int lines, losses;
	uint64_t next; /* number expected */
};

static void read_line(struct reading *reading, const char *line, size_t size)
{
	json_error_t error;
	json_t *json = json_loadb(line, size, JSON_REJECT_DUPLICATES, &error);
	json_t *told = json_object_get(json_object_get(json, "plimsoll"), "state");
	json_int_t count = json_integer_value(json_object_get(told, "count"));

	if (!json)
		fail_msg("%s: %.80s", error.text, line);
	if (strcmp(json_string_value(json_object_get(told, "kind")), "loss") == 0) {
		reading->losses++;
		reading->next += count;
	} else {
		assert_int_equal(count, reading->next);
		reading->next++;
		reading->lines++;
	}
	json_decref(json);
}

static void read_lines(struct reading *reading)
{
	char *end;

	while (reading->text.size > 0 && (end = memchr(reading->text.data, '\n', reading->text.size))) {
		size_t size = end - reading->text.data + 1;

		read_line(reading, reading->text.data, size);
		buffer_consume(&reading->text, size);
	}
}

/* All that is there to read, without waiting. */
static void read_all(struct reading *reading, int fd)
{
	char bytes[65536];
	ssize_t got;

	reading->text.limit = 16u << 20;
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		buffer_append(&reading->text, bytes, got);
	assert_int_equal(reading->text.error, 0);
	read_lines(reading);
}

static struct reading read_file(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct reading reading = { .next = 1 };

	assert_true(fd >= 0);
	read_all(&reading, fd);
	assert_int_equal(reading.text.size, 0); /* the last line has its end */
	buffer_clear(&reading.text);
	return reading;
}

struct tapped {
	struct buffer text;
	unsigned int lines;
};

static bool tap_wants(const struct alert *alert)
{
	return alert->time % 2 == 0;
}

static void tap_line(const struct alert *alert, const char *line, size_t size, void *data)
{
	struct tapped *tapped = data;

	assert_true(tap_wants(alert));
	buffer_append(&tapped->text, line, size);
	tapped->lines++;
}

/* The tap is given what it wants, as the JSON output has it, with a JSON output and without one. */
static void test_tap(void **state)
{
	struct fixture *fixture = *state;
	struct tapped tapped = { .lines = 0 };
	const struct sinks_tap tap = { tap_wants, tap_line, &tapped };
	_cleanup_buffer_ struct buffer loss = { 0 };
	struct reading reading = { .next = 2 };
	json_auto_t *line = NULL;

	sinks_set_tap(fixture->sinks, &tap);
	tell(fixture, 2, 0);
	assert_int_equal(tapped.lines, 1);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	tell(fixture, 1, 0);
	tell(fixture, 4, 0);
	assert_int_equal(tapped.lines, 2);
	reading.text = tapped.text;
	reading.text.size = (size_t)((char *)memchr(tapped.text.data, '\n', tapped.text.size) + 1 - tapped.text.data);
	read_lines(&reading);
	assert_int_equal(reading.lines, 1);
	buffer_clear(&reading.text);
	assert_int_equal(sinks_loss_line(fixture->sinks, 7, 5, &loss), 0);
	line = json_loadb(loss.data, loss.size, 0, NULL);
	assert_int_equal(json_integer_value(
				 json_object_get(json_object_get(json_object_get(line, "plimsoll"), "state"), "count")),
			 7);
}

static void test_specs(void **state)
{
	struct fixture *fixture = *state;
	char spec[80], link[80];
	const struct {
		const char *spec;
		int expected;
	} rows[] = {
		{ "xml", -EINVAL },
		{ "", -EINVAL },
		{ "json:", -EINVAL },
		{ "text:x", -EINVAL },
		{ "json:/no/such", -ENOENT },
		{ "json:/tmp", -EISDIR },
		{ "json", 0 },
		{ "text", 0 },
		{ spec, 0 },
		{ link, -ELOOP },
	};
	struct stat st;

	(void)snprintf(spec, sizeof(spec), "json:%s", fixture->path);
	(void)snprintf(link, sizeof(link), "json:%s.1", fixture->path);
	assert_int_equal(symlink(fixture->path, link + 5), 0);
	(void)umask(0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(sinks_add_spec(fixture->sinks, rows[i].spec), rows[i].expected);
	assert_int_equal(sinks_count(fixture->sinks), 3);
	assert_string_equal(sinks_status(fixture->sinks, 2).path, fixture->path);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	for (size_t i = 3; i < SINKS_MAX; i++)
		assert_int_equal(sinks_add_spec(fixture->sinks, spec), 0);
	assert_int_equal(sinks_add_spec(fixture->sinks, spec), -E2BIG);
}

/* Many alerts are one write, and none before the flush. */
static void test_batch(void **state)
{
	struct fixture *fixture = *state;
	struct reading reading;
	struct stat st;

	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	for (unsigned int i = 1; i <= 20; i++)
		tell(fixture, i, 0);
	assert_int_equal(stat(fixture->path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_true(sinks_status(fixture->sinks, 0).waiting > 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	reading = read_file(fixture->path);
	assert_int_equal(reading.lines, 20);
}

/* A line that a dead writer left unfinished does not swallow the first of ours. */
static void test_torn_file(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fd = open(fixture->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct reading reading = { .next = 1 };
	char torn[6] = "";

	assert_int_equal(write(fd, "{\"a\":", 5), 5);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	tell(fixture, 1, 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	assert_int_equal(pread(fd, torn, 6, 0), 6);
	assert_memory_equal(torn, "{\"a\":\n", 6);
	assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
	read_all(&reading, fd);
	assert_int_equal(reading.lines, 1);
	buffer_clear(&reading.text);
}

static void test_reopen(void **state)
{
	struct fixture *fixture = *state;
	const char *failed = NULL;
	struct reading reading;
	char old[80];

	(void)snprintf(old, sizeof(old), "%s.1", fixture->path);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	tell(fixture, 1, 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	assert_int_equal(rename(fixture->path, old), 0);
	tell(fixture, 2, 0);
	assert_int_equal(sinks_reopen(fixture->sinks, &failed), 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	assert_int_equal(read_file(old).lines, 1);
	assert_int_equal(unlink(old), 0);
	/* Now it cannot be opened: the file that is open stays. */
	assert_int_equal(rename(fixture->path, old), 0);
	assert_int_equal(symlink("/dev/null", fixture->path), 0);
	assert_int_equal(sinks_reopen(fixture->sinks, &failed), -ELOOP);
	assert_string_equal(failed, fixture->path);
	tell(fixture, 3, 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	reading = (struct reading){ .next = 2 };
	{
		_cleanup_close_ int fd = open(old, O_RDONLY);

		read_all(&reading, fd);
	}
	assert_int_equal(reading.lines, 2);
	buffer_clear(&reading.text);
}

/* A device that is always full costs its own lines only, and these are counted. */
static void test_full_device(void **state)
{
	struct fixture *fixture = *state;
	struct sink_status full;
	unsigned int told = 0;

	assert_int_equal(sinks_add(fixture->sinks, "json", "/dev/full"), 0);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	while (told < 300) {
		tell(fixture, ++told, 50000);
		(void)sinks_flush(fixture->sinks, told);
	}
	full = sinks_status(fixture->sinks, 0);
	assert_int_equal(full.error, -ENOSPC);
	assert_true(full.lost > 0);
	assert_int_equal(full.lines + full.lost, told);
	assert_true(full.waiting > SINK_QUEUE_MAX / 2 && full.waiting <= SINK_QUEUE_MAX);
	assert_int_equal(sinks_status(fixture->sinks, 1).lost, 0);
	assert_int_equal(read_file(fixture->path).lines, told);
	assert_true(sinks_finish(fixture->sinks, 1, 10) > 0); /* gives up */
}

/* A reader that sleeps, then wakes: every line it gets is whole, and a loss is told at its place. */
static void test_slow_reader(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int fd = -EBADF;
	struct reading reading = { .next = 1 };
	struct sink_status status;
	unsigned int told = 0;

	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), -ENXIO);
	fd = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	while (sinks_status(fixture->sinks, 0).lost < 7) {
		tell(fixture, ++told, 30000);
		(void)sinks_flush(fixture->sinks, told);
	}
	assert_int_equal(sinks_status(fixture->sinks, 0).error, -EAGAIN);
	while (sinks_flush(fixture->sinks, told) > 0)
		read_all(&reading, fd);
	tell(fixture, ++told, 10);
	assert_int_equal(sinks_flush(fixture->sinks, told), 0);
	read_all(&reading, fd);
	status = sinks_status(fixture->sinks, 0);
	assert_int_equal(status.error, 0);
	assert_int_equal(reading.lines, status.lines);
	assert_int_equal(reading.losses, 1);
	assert_int_equal(reading.next, told + 1);
	buffer_clear(&reading.text);
}

/* The reader goes, and another comes: what waited goes on with the unfinished line. */
static void test_reader_gone(void **state)
{
	struct fixture *fixture = *state;
	struct reading reading = { .next = 1 };
	int fd;

	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	fd = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	assert_int_equal(close(fd), 0);
	tell(fixture, 1, 10);
	assert_true(sinks_flush(fixture->sinks, 1) > 0);
	assert_int_equal(sinks_status(fixture->sinks, 0).error, -EPIPE);
	fd = open(fixture->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	read_all(&reading, fd);
	assert_int_equal(reading.lines, 1);
	assert_int_equal(close(fd), 0);
	buffer_clear(&reading.text);
}

/* Standard output as a pipe that nobody may set to O_NONBLOCK: it is not, and still nobody waits. */
static void test_standard_output(void **state)
{
	struct fixture *fixture = *state;
	struct reading reading = { .next = 1 };
	int ends[2], kept = dup(STDOUT_FILENO);

	assert_true(kept >= 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(sinks_add_spec(fixture->sinks, "json"), 0);
	for (unsigned int i = 1; i <= 10; i++)
		tell(fixture, i, 30000);
	assert_true(sinks_flush(fixture->sinks, 1) > 0);
	assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(close(kept), 0);
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	while (sinks_flush(fixture->sinks, 1) > 0)
		read_all(&reading, ends[0]);
	read_all(&reading, ends[0]);
	assert_int_equal(reading.lines, 10);
	assert_int_equal(close(ends[0]) + close(ends[1]), 0);
	buffer_clear(&reading.text);
}

/* A disk fills up within a line, and is given room: the line is completed where it was cut. */
static void test_full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct reading reading;
	char filler[80];

	if (mount("plimsoll", fixture->folder, "tmpfs", 0, "size=256k") < 0)
		skip();
	(void)snprintf(filler, sizeof(filler), "%s/filler", fixture->folder);
	{
		_cleanup_close_ int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

		assert_int_equal(posix_fallocate(fd, 0, 128 << 10), 0);
	}
	assert_int_equal(sinks_add(fixture->sinks, "json", fixture->path), 0);
	for (unsigned int i = 1; i <= 5; i++)
		tell(fixture, i, 40000);
	assert_true(sinks_flush(fixture->sinks, 1) > 0);
	assert_int_equal(sinks_status(fixture->sinks, 0).error, -ENOSPC);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(sinks_flush(fixture->sinks, 1), 0);
	reading = read_file(fixture->path);
	assert_int_equal(reading.lines, 5);
}

#define sink_test(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sink_test(test_specs),       sink_test(test_tap),         sink_test(test_batch),
		sink_test(test_torn_file),   sink_test(test_reopen),      sink_test(test_full_device),
		sink_test(test_slow_reader), sink_test(test_reader_gone), sink_test(test_standard_output),
		sink_test(test_full_disk),
	};

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
