// SPDX-License-Identifier: Apache-2.0
/* What the agent keeps of what it told: written, rotated, compressed, bounded, killed, and read back. */
#include "history/history.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "history/line.h"
#include "history/segment.h"
#include "output/time.h"

#define HOUR 3600000000000ll
#define NOW  1700000000000000000ll

struct fixture {
	char dir[64];
	struct history_limits limits;
	struct history *history;
	uint64_t losses; /* lines that loss lines told of */
};

static int64_t real_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* A line that tells its number; `padding` makes it longer. */
static char *line_make(int64_t time, long number, size_t padding)
{
	char stamp[TIME_RFC3339_SIZE], *line = NULL;

	time_rfc3339(time, stamp);
	assert_true(asprintf(&line,
			     "{\"@timestamp\":\"%s\",\"event\":{\"id\":\"%016llx%016lx\"},\"n\":%ld,\"pad\":\"%*s\"}\n",
			     stamp, (unsigned long long)time, number, number, (int)padding, "") > 0);
	return line;
}

static int loss_make(uint64_t lost, int64_t now, struct buffer *line, void *data)
{
	struct fixture *fixture = data;
	_cleanup_free_ char *text = line_make(now, -1, 0);

	fixture->losses += lost;
	buffer_string(line, text);
	return line->error;
}

static void begin(struct fixture *fixture)
{
	assert_int_equal(history_open(fixture->dir, &fixture->limits, loss_make, fixture, &fixture->history), 0);
}

static void end(struct fixture *fixture)
{
	history_free(take_ptr(fixture->history));
}

static void keep(struct fixture *fixture, int64_t now, long number, size_t padding)
{
	_cleanup_free_ char *line = line_make(now, number, padding);

	history_take(fixture->history, line, strlen(line), now);
	history_flush(fixture->history, now);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->limits = (struct history_limits){ .size = 1 << 30, .age = 100 * 365 * 86400ll };
	strcpy(fixture->dir, "/tmp/plimsoll-history-XXXXXX");
	assert_non_null(mkdtemp(fixture->dir));
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	_cleanup_free_ struct fixture *fixture = *state;
	_cleanup_free_ char *command = NULL;

	history_free(fixture->history);
	(void)umount2(fixture->dir, MNT_DETACH);
	assert_true(asprintf(&command, "rm -rf %s", fixture->dir) > 0);
	return system(command);
}

/* ---- reading back ---- */

struct numbers {
	long first, last, count, losses;
	bool in_order; /* each is one more than the one before */
};

static int number_take(const char *line, size_t size, void *data)
{
	struct numbers *numbers = data;
	const char *at = memmem(line, size, "\"n\":", 4);
	long number = at ? strtol(at + 4, NULL, 10) : -2;

	if (number == -1) {
		numbers->losses++;
		return 0;
	}
	if (numbers->count == 0)
		numbers->first = number;
	numbers->in_order = numbers->count == 0 || (numbers->in_order && number == numbers->last + 1);
	numbers->last = number;
	numbers->count++;
	return 0;
}

static struct history_counts read_all(const struct fixture *fixture, int64_t since,
				      const struct history_position *position, struct numbers *ret_numbers)
{
	struct history_counts counts = { 0 };

	*ret_numbers = (struct numbers){ .first = -1, .last = -1 };
	assert_int_equal(history_read(fixture->dir, since, position, number_take, ret_numbers, &counts), 0);
	return counts;
}

static void check_numbers(const struct fixture *fixture, int64_t since, long first, long last)
{
	struct numbers numbers;
	struct history_counts counts = read_all(fixture, since, NULL, &numbers);

	assert_int_equal(counts.torn, 0);
	assert_int_equal(counts.damaged, 0);
	assert_int_equal(numbers.first, first);
	assert_int_equal(numbers.last, last);
	assert_true(numbers.count == 0 || numbers.in_order);
}

static int dir_of(const struct fixture *fixture)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/" HISTORY_DIR, fixture->dir);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Waits until so many segments are compressed, and no plain one but the last is there. */
static void wait_packed(const struct fixture *fixture, size_t count)
{
	_cleanup_close_ int dir = dir_of(fixture), watch = inotify_init1(IN_CLOEXEC);
	char path[96], event[4096];
	size_t packed = 0, plain = 0;

	(void)snprintf(path, sizeof(path), "%s/" HISTORY_DIR, fixture->dir);
	assert_true(inotify_add_watch(watch, path, IN_MOVED_TO | IN_DELETE) >= 0);
	for (;;) {
		_cleanup_segments_ struct segments segments = { 0 };

		assert_int_equal(segments_list(dir, &segments), 0);
		packed = plain = 0;
		for (size_t i = 0; i < segments.count; i++) {
			packed += segments.items[i].forms == 1u << SEGMENT_PACKED;
			plain += segments.items[i].forms & 1u << SEGMENT_PLAIN && i + 1 < segments.count;
		}
		if (packed >= count && plain == 0)
			return;
		assert_true(read(watch, event, sizeof(event)) > 0);
	}
}

static void lines_come_back(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	for (long i = 0; i < 100; i++)
		keep(fixture, NOW + i, i, 10);
	check_numbers(fixture, INT64_MIN, 0, 99);
	check_numbers(fixture, NOW + 40, 40, 99);
	check_numbers(fixture, NOW + 100, -1, -1);
	end(fixture);
	begin(fixture); /* the next agent goes on in the same file */
	keep(fixture, NOW + 100, 100, 10);
	check_numbers(fixture, INT64_MIN, 0, 100);
}

static void no_history_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct numbers numbers = { 0 };
	char *line = NULL;

	assert_int_equal(history_read("/no/such", INT64_MIN, NULL, number_take, &numbers, NULL), -ENOENT);
	assert_int_equal(history_read(fixture->dir, INT64_MIN, NULL, number_take, &numbers, NULL), -ENOENT);
	assert_int_equal(history_find(fixture->dir, "00000000000000000000000000000000", &line), -ENOENT);
	assert_int_equal(history_find(fixture->dir, "0000000000000000000000000000000", &line), -EINVAL);
	assert_int_equal(history_find(fixture->dir, "0000000000000000000000000000000G", &line), -EINVAL);
}

static void a_second_keeper_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct history *second = NULL;

	begin(fixture);
	assert_int_equal(history_open(fixture->dir, &fixture->limits, loss_make, fixture, &second), -EBUSY);
	keep(fixture, NOW, 0, 0);
	check_numbers(fixture, INT64_MIN, 0, 0);
}

static void segments_rotate_by_size_and_age(void **state)
{
	struct fixture *fixture = *state;
	struct history_counts counts;
	struct numbers numbers;

	begin(fixture);
	for (long i = 0; i < 100; i++)
		keep(fixture, NOW + i, i, 100000); /* 10 MB */
	keep(fixture, NOW + HOUR, 100, 0);
	keep(fixture, NOW + 2 * HOUR + 1, 101, 0);
	wait_packed(fixture, 3);
	check_numbers(fixture, INT64_MIN, 0, 101);
	counts = read_all(fixture, NOW + 2 * HOUR + 2, NULL, &numbers);
	assert_int_equal(numbers.count, 0);
	assert_int_equal(counts.segments, 1); /* the others are not even opened */
	end(fixture);
	check_numbers(fixture, INT64_MIN, 0, 101);
}

/* A segment ends by age though nothing more comes. */
static void a_quiet_segment_ends(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	keep(fixture, NOW, 0, 0);
	keep(fixture, NOW + 1, 1, 0);
	history_flush(fixture->history, NOW + HOUR);
	wait_packed(fixture, 1);
	check_numbers(fixture, INT64_MIN, 0, 1);
	keep(fixture, NOW + HOUR, 2, 0);
	check_numbers(fixture, INT64_MIN, 0, 2);
}

/* The clock goes back: what is told then still comes after what was told before, and is found by its own time. */
static void the_clock_may_go_back(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	keep(fixture, NOW + 10 * HOUR, 0, 0);
	history_flush(fixture->history, NOW + 20 * HOUR); /* and its segment ends */
	keep(fixture, NOW, 1, 0);
	keep(fixture, NOW + 1, 2, 0);
	check_numbers(fixture, INT64_MIN, 0, 2);
	check_numbers(fixture, NOW + 5 * HOUR, 0, 0);
}

/* A follower's view: up to the position from the files, all behind it as it comes. */
static void a_position_is_a_seam(void **state)
{
	struct fixture *fixture = *state;
	struct history_position position, none;
	struct numbers numbers;

	begin(fixture);
	none = history_end(fixture->history);
	for (long i = 0; i < 50; i++)
		keep(fixture, NOW + i, i, 100000);
	position = history_end(fixture->history);
	for (long i = 50; i < 100; i++)
		keep(fixture, NOW + i, i, 100000);
	(void)read_all(fixture, INT64_MIN, &position, &numbers);
	assert_int_equal(numbers.count, 50);
	assert_int_equal(numbers.last, 49);
	wait_packed(fixture, 2); /* the place stays the same when its segment is compressed */
	(void)read_all(fixture, INT64_MIN, &position, &numbers);
	assert_int_equal(numbers.count, 50);
	(void)read_all(fixture, INT64_MIN, &none, &numbers);
	assert_int_equal(numbers.count, 0);
	history_flush(fixture->history, NOW + 2 * HOUR);
	position = history_end(fixture->history); /* of a segment that has ended */
	(void)read_all(fixture, INT64_MIN, &position, &numbers);
	assert_int_equal(numbers.count, 100);
}

static int all_match(const char *line, size_t size, void *data)
{
	(void)line;
	(void)size;
	(void)data;
	return 1;
}

static int even_matches(const char *line, size_t size, void *data)
{
	const char *at = memmem(line, size, "\"n\":", 4);

	(void)data;
	return at && strtol(at + 4, NULL, 10) % 2 == 0;
}

static void the_last_lines(void **state)
{
	struct fixture *fixture = *state;
	struct numbers numbers = { 0 };

	begin(fixture);
	for (long i = 0; i < 100; i++)
		keep(fixture, NOW + i, i, 100000);
	for (size_t count = 0; count <= 120; count += 17) {
		long expected = count < 100 ? (long)count : 100;

		numbers = (struct numbers){ .last = 99 };
		assert_int_equal(
			history_read_last(fixture->dir, INT64_MIN, count, NULL, all_match, number_take, &numbers, NULL),
			0);
		assert_int_equal(numbers.count, expected);
		assert_int_equal(numbers.last, 99);
		assert_true(count == 0 || (numbers.first == 100 - expected && numbers.in_order));
	}
	numbers = (struct numbers){ 0 };
	assert_int_equal(history_read_last(fixture->dir, INT64_MIN, 3, NULL, even_matches, number_take, &numbers, NULL),
			 0);
	assert_int_equal(numbers.count, 3);
	assert_int_equal(numbers.first, 94);
	assert_int_equal(numbers.last, 98);
	numbers = (struct numbers){ 0 };
	assert_int_equal(history_read_last(fixture->dir, NOW + 97, 9, NULL, all_match, number_take, &numbers, NULL), 0);
	assert_int_equal(numbers.count, 3);
}

static void one_is_found_by_its_id(void **state)
{
	struct fixture *fixture = *state;
	char id[40], *line = NULL;

	begin(fixture);
	for (long i = 0; i < 100; i++)
		keep(fixture, NOW + i, i, 100000);
	wait_packed(fixture, 2);
	for (long i = 0; i < 100; i += 33) {
		(void)snprintf(id, sizeof(id), "%016llx%016lx", NOW + i, i);
		assert_int_equal(history_find(fixture->dir, id, &line), 0);
		assert_non_null(strstr(line, id));
		assert_true(line_is_whole(line, strlen(line)));
		free(line);
	}
	(void)snprintf(id, sizeof(id), "%016llx%016lx", NOW + 5, 6l);
	assert_int_equal(history_find(fixture->dir, id, &line), -ENOENT);
}

/* ---- bounds ---- */

static void the_oldest_go_by_age(void **state)
{
	struct fixture *fixture = *state;
	int64_t now = real_now();

	fixture->limits.age = 10 * 3600;
	begin(fixture);
	for (long i = 0; i < 20; i++)
		keep(fixture, now - (20 - i) * HOUR - HOUR / 2, i, 0); /* a segment each */
	wait_packed(fixture, 1);
	while (history_status(fixture->history).keeper.removed_aged < 10)
		assert_int_equal(history_limit(fixture->history, &fixture->limits), 0);
	check_numbers(fixture, INT64_MIN, 10, 19);
	assert_int_equal(history_status(fixture->history).keeper.removed_early, 0);
}

static void the_oldest_go_by_size(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int dir = -EBADF;
	_cleanup_segments_ struct segments segments = { 0 };
	struct numbers numbers;

	fixture->limits.size = 40960;
	begin(fixture);
	for (long i = 0; i < 40; i++)
		keep(fixture, NOW + i * HOUR, i, 0);
	wait_packed(fixture, 1);
	while (history_status(fixture->history).keeper.removed_early < 30)
		assert_int_equal(history_limit(fixture->history, &fixture->limits), 0);
	(void)read_all(fixture, INT64_MIN, NULL, &numbers);
	assert_int_equal(numbers.last, 39);
	assert_true(numbers.in_order);
	assert_int_equal(numbers.count, 10);
}

/* A full disk: what does not fit is lost and told where it is missing, and what comes when there is room is kept. */
static void a_full_disk(void **state)
{
	struct fixture *fixture = *state;
	struct numbers numbers;
	long told = 0;
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int filler = -EBADF;

	if (mount("none", fixture->dir, "tmpfs", 0, "size=2m") < 0)
		skip();
	begin(fixture);
	keep(fixture, NOW, told++, 1000);
	assert_true(asprintf(&path, "%s/filler", fixture->dir) > 0);
	filler = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (posix_fallocate(filler, lseek(filler, 0, SEEK_END), 4096) == 0)
		(void)lseek(filler, 0, SEEK_END);
	while (history_status(fixture->history).lost == 0)
		keep(fixture, NOW + told, told, 1000), told++;
	assert_int_equal(history_status(fixture->history).error, -ENOSPC);
	keep(fixture, NOW + told, told, 1000), told++;
	(void)read_all(fixture, INT64_MIN, NULL, &numbers);
	assert_int_equal(numbers.losses, 0);
	assert_true(numbers.in_order);
	assert_int_equal(unlink(path), 0);
	cleanup_closep(&filler);
	filler = -EBADF;
	history_flush(fixture->history, NOW + told);
	assert_int_equal(history_status(fixture->history).error, 0);
	keep(fixture, NOW + told, told, 1000), told++;
	assert_int_equal(fixture->losses, history_status(fixture->history).lost);
	assert_true(fixture->losses >= 2);
	(void)read_all(fixture, INT64_MIN, NULL, &numbers);
	assert_int_equal(numbers.losses, 1);
	assert_int_equal(numbers.last, told - 1);
	assert_int_equal((uint64_t)numbers.count + fixture->losses, told);
}

/* ---- kills ---- */

static void file_put(const struct fixture *fixture, const char *name, const char *data, size_t size)
{
	_cleanup_close_ int dir = dir_of(fixture);
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, data, size), (ssize_t)size);
}

static void a_torn_line_is_passed_over(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *first = line_make(NOW, 0, 0);
	/* Every place where a kill can cut it. */
	size_t whole = strlen(first);

	for (size_t cut = 1; cut < whole; cut++) {
		struct history_counts counts;
		struct numbers numbers;
		char both[1024];

		begin(fixture);
		end(fixture);
		(void)snprintf(both, sizeof(both), "%s%.*s", first, (int)cut, first);
		file_put(fixture, "7979cfe362a0000.json", first, cut); /* no segment's name */
		file_put(fixture, "17979cfe362a0000.json", both, strlen(both));
		begin(fixture);
		keep(fixture, NOW + 1, 1, 0);
		counts = read_all(fixture, INT64_MIN, NULL, &numbers);
		/* A line that lacks nothing but its end is whole, and ends with what the next agent puts there. */
		assert_int_equal(numbers.count, 2 + (cut == whole - 1));
		assert_int_equal(counts.torn, cut != whole - 1);
		assert_int_equal(numbers.last, 1);
		end(fixture);
	}
}

/* Killed between the two names: both forms are there, and what was not finished. */
static void a_segment_in_both_forms_is_read_once(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *line = line_make(NOW, 0, 0);
	char path[128];
	gzFile packed;

	begin(fixture);
	keep(fixture, NOW + HOUR, 1, 0);
	end(fixture);
	file_put(fixture, "00000000000000ff.json", line, strlen(line));
	file_put(fixture, "00000000000000fe.undone", line, 10);
	(void)snprintf(path, sizeof(path), "%s/" HISTORY_DIR "/00000000000000ff.json.gz", fixture->dir);
	packed = gzopen(path, "w");
	assert_int_equal(gzwrite(packed, line, (unsigned)strlen(line)), (int)strlen(line));
	assert_int_equal(gzclose(packed), 0);
	check_numbers(fixture, INT64_MIN, 0, 1);
	begin(fixture);
	wait_packed(fixture, 1);
	check_numbers(fixture, INT64_MIN, 0, 1);
	(void)snprintf(path, sizeof(path), "%s/" HISTORY_DIR "/00000000000000fe.undone", fixture->dir);
	while (history_status(fixture->history).keeper.compressed == 0)
		assert_int_equal(history_limit(fixture->history, &fixture->limits), 0);
	assert_int_equal(access(path, F_OK), -1);
}

/* Writes lines from `number` up to `end`; each one's number goes to `told` when it is kept. Then it waits to be killed. */
static void write_until_killed(struct fixture *fixture, long number, long end_number, int told)
{
	begin(fixture);
	for (; number < end_number; number++) {
		keep(fixture, NOW + number, number, 60000);
		if (write(told, &number, sizeof(number)) != sizeof(number))
			_exit(1);
	}
	for (;;)
		(void)pause();
}

static void kills_lose_and_double_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct numbers numbers = { .last = -1 };

	for (int round = 0; round < 30; round++) {
		long acknowledged = numbers.last, wanted = acknowledged + 1 + round * 37 % 90;
		int told[2], status;
		pid_t pid;

		assert_int_equal(pipe2(told, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0)
			write_until_killed(fixture, numbers.last + 1, LONG_MAX, told[1]);
		(void)close(told[1]);
		while (acknowledged < wanted)
			assert_int_equal(read(told[0], &acknowledged, sizeof(acknowledged)), sizeof(acknowledged));
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		while (read(told[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged))
			;
		(void)close(told[0]);
		assert_int_equal(read_all(fixture, INT64_MIN, NULL, &numbers).damaged, 0);
		assert_int_equal(numbers.first, 0);
		assert_true(numbers.in_order);
		assert_true(numbers.last >= acknowledged);
	}
}

/* While another writes, compresses and ends segments, a reader sees all that was acknowledged, once. */
static void reading_beside_a_writer(void **state)
{
	struct fixture *fixture = *state;
	long acknowledged = -1, next = -1;
	int told[2], status;
	pid_t pid;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(fixture, 0, 400, told[1]);
	(void)close(told[1]);
	while (acknowledged < 350) {
		struct history_counts counts;
		struct numbers numbers;

		do
			assert_int_equal(read(told[0], &next, sizeof(next)), sizeof(next));
		while (next < acknowledged + 40);
		acknowledged = next;
		counts = read_all(fixture, INT64_MIN, NULL, &numbers);
		assert_int_equal(counts.damaged, 0);
		assert_int_equal(numbers.first, 0);
		assert_true(numbers.in_order);
		assert_true(numbers.last >= acknowledged);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(told[0]);
}

/* ---- damage ---- */

static void cut_and_spoilt_blocks(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_buffer_ struct buffer text = { .limit = 1 << 22 };
	unsigned char *packed = malloc(1 << 22);
	struct history_counts counts;
	struct numbers numbers;
	z_stream z = { 0 };
	size_t size;

	begin(fixture);
	keep(fixture, NOW + HOUR, 1000, 0);
	end(fixture);
	for (long i = 0; i < 1000; i++) {
		_cleanup_free_ char *line = line_make(NOW + i * 7919 % 1000, i, (size_t)i % 50);

		buffer_string(&text, line);
	}
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)text.data;
	z.avail_in = (unsigned)text.size;
	z.next_out = packed;
	z.avail_out = 1 << 22;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size = (1 << 22) - z.avail_out;
	assert_int_equal(deflateEnd(&z), Z_OK);
	for (size_t cut = 0; cut <= size; cut += size / 50 + 1) {
		file_put(fixture, "00000000000000ff.json.gz", (const char *)packed, cut);
		counts = read_all(fixture, INT64_MIN, NULL, &numbers);
		assert_int_equal(counts.damaged, 1);
		assert_int_equal(numbers.last, 1000); /* what follows is not spoilt */
		assert_true(numbers.count == 1 || numbers.first == 0);
	}
	file_put(fixture, "00000000000000ff.json.gz", (const char *)packed, size);
	check_numbers(fixture, INT64_MIN, 0, 1000);
	for (size_t at = 20; at < size; at += size / 50 + 1) {
		unsigned char was = packed[at];

		packed[at] ^= 0x55;
		file_put(fixture, "00000000000000ff.json.gz", (const char *)packed, size);
		counts = read_all(fixture, INT64_MIN, NULL, &numbers);
		assert_int_equal(counts.damaged, 1);
		assert_int_equal(numbers.last, 1000);
		packed[at] = was;
	}
	free(packed);
}

/* What expands without end is cut, and what is no regular file is not waited for. */
static void hostile_segments(void **state)
{
	struct fixture *fixture = *state;
	struct history_counts counts;
	struct numbers numbers;
	_cleanup_close_ int dir = -EBADF;
	static char zeros[1 << 20];
	char path[128];
	gzFile packed;

	begin(fixture);
	keep(fixture, NOW + HOUR, 0, 0);
	end(fixture);
	(void)snprintf(path, sizeof(path), "%s/" HISTORY_DIR "/00000000000000f0.json.gz", fixture->dir);
	packed = gzopen(path, "w");
	for (int i = 0; i < 64; i++)
		assert_int_equal(gzwrite(packed, zeros, sizeof(zeros)), sizeof(zeros));
	assert_int_equal(gzclose(packed), 0);
	dir = dir_of(fixture);
	assert_int_equal(mkfifoat(dir, "00000000000000f1.json", 0600), 0);
	assert_int_equal(symlinkat("/etc/passwd", dir, "00000000000000f2.json"), 0);
	assert_int_equal(mkdirat(dir, "00000000000000f3.json", 0700), 0);
	counts = read_all(fixture, INT64_MIN, NULL, &numbers);
	assert_int_equal(counts.damaged, 4);
	assert_int_equal(counts.torn, 1);
	assert_int_equal(numbers.count, 1);
}

#define STAMP "{\"@timestamp\":\"2026-01-02T03:04:05.678901234Z\""

static void what_is_a_whole_line(void **state)
{
	static const struct {
		const char *text;
		bool whole;
	} rows[] = {
		{ STAMP "}", true },
		{ STAMP ",\"a\":{\"b\":[1,{\"c\":\"}\"}]}}", true },
		{ STAMP ",\"a\":\"\\\"}\"}", true },
		{ STAMP, false },
		{ STAMP ",\"a\":{\"b\":1}", false },
		{ STAMP ",\"a\":\"}", false },
		{ STAMP ",\"a\":\"\\\"}", false },
		{ STAMP "}}", false },
		{ STAMP "} {}", false },
		{ STAMP ",\"a\":[1}]}", false },
		{ STAMP ",\"a\":\"\t\"}", false },
		{ STAMP ",\x1b}", false },
		{ "[1]", false },
		{ "", false },
		{ "{", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(line_is_whole(rows[i].text, strlen(rows[i].text)), rows[i].whole);
	assert_null(line_time(STAMP, strlen(STAMP) - 1));
	assert_non_null(line_time(STAMP "}", strlen(STAMP "}")));
	assert_null(line_time("{\"timestamp\":\"2026-01-02T03:04:05.678901234Z\"}", 47));
}

static void files_are_their_groups(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_close_ int dir = -EBADF;
	struct stat st;

	if (geteuid() != 0)
		skip();
	begin(fixture);
	keep(fixture, NOW, 0, 0);
	fixture->limits.group = 4711;
	assert_int_equal(history_limit(fixture->history, &fixture->limits), 0);
	history_flush(fixture->history, NOW + 2 * HOUR);
	wait_packed(fixture, 1);
	keep(fixture, NOW + 2 * HOUR, 1, 0);
	dir = dir_of(fixture);
	for (enum segment_form form = SEGMENT_PLAIN; form <= SEGMENT_PACKED; form++) {
		char name[HISTORY_SEGMENT_SIZE], file[SEGMENT_FILE_SIZE];

		segment_name(form == SEGMENT_PACKED ? NOW : NOW + 2 * HOUR, name);
		segment_file(name, form, file);
		assert_int_equal(fstatat(dir, file, &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0640);
		assert_int_equal(st.st_gid, 4711);
	}
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(stat(fixture->dir, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0710);
	fixture->limits.group = 0;
	assert_int_equal(history_limit(fixture->history, &fixture->limits), 0);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0700);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_come_back),
		TEST(no_history_is_told),
		TEST(a_second_keeper_is_refused),
		TEST(segments_rotate_by_size_and_age),
		TEST(a_quiet_segment_ends),
		TEST(the_clock_may_go_back),
		TEST(a_position_is_a_seam),
		TEST(the_last_lines),
		TEST(one_is_found_by_its_id),
		TEST(the_oldest_go_by_age),
		TEST(the_oldest_go_by_size),
		TEST(a_full_disk),
		TEST(a_torn_line_is_passed_over),
		TEST(a_segment_in_both_forms_is_read_once),
		TEST(kills_lose_and_double_nothing),
		TEST(reading_beside_a_writer),
		TEST(cut_and_spoilt_blocks),
		TEST(hostile_segments),
		cmocka_unit_test(what_is_a_whole_line),
		TEST(files_are_their_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
