// SPDX-License-Identifier: Apache-2.0
/* The reading end of a ring, on memory that is laid out as the kernel's: one page for each position, the data
 * twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/bpf.h>

#include <cmocka.h>

#include "kernel/ring.h"

#define SIZE 4096u

/* The kernel's end. */
struct fixture {
	int fd;
	unsigned long *consumer, *producer;
	char *data;
	struct ring *ring;
};

static int set_up(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = 2 * page + 2 * SIZE;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char *mapped;

	if (!fixture)
		return -1;
	fixture->fd = memfd_create("ring", MFD_CLOEXEC);
	if (fixture->fd < 0 || ftruncate(fixture->fd, (off_t)whole) < 0)
		return -1;
	mapped = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, fixture->fd, 0);
	if (mapped == MAP_FAILED)
		return -1;
	fixture->consumer = (void *)mapped;
	fixture->producer = (void *)(mapped + page);
	fixture->data = mapped + 2 * page;
	*state = fixture;
	return ring_open(fixture->fd, SIZE, &fixture->ring);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	ring_free(fixture->ring);
	(void)munmap(fixture->consumer, 2 * page + 2 * SIZE);
	(void)close(fixture->fd);
	free(fixture);
	return 0;
}

/* The kernel maps its pages twice; a memfd has to be written twice. */
static void write_both(struct fixture *fixture, unsigned long position, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t at = (position + i) % SIZE;

		fixture->data[at] = fixture->data[at + SIZE] = ((const char *)bytes)[i];
	}
}

/* Reserves and fills; where the record begins is returned. */
static unsigned long produce(struct fixture *fixture, const char *text, uint32_t bits)
{
	unsigned long position = *fixture->producer;
	uint32_t size = (uint32_t)strlen(text), header[2] = { size | bits, 0 };

	write_both(fixture, position, header, sizeof(header));
	write_both(fixture, position + sizeof(header), text, size);
	*fixture->producer += sizeof(header) + (size + 7) / 8 * 8;
	return position;
}

static void commit(struct fixture *fixture, unsigned long position, const char *text, uint32_t bits)
{
	uint32_t header = (uint32_t)strlen(text) | bits;

	write_both(fixture, position, &header, sizeof(header));
}

static void cursor_shows(struct fixture *fixture, enum ring_cursor cursor, const char *expected)
{
	const void *data = NULL;
	size_t size = 0;

	if (!expected) {
		assert_int_equal(ring_peek(fixture->ring, cursor, &data, &size), 0);
		assert_null(data);
		return;
	}
	assert_int_equal(ring_peek(fixture->ring, cursor, &data, &size), 1);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(data, expected, size);
}

static void cursor_takes(struct fixture *fixture, enum ring_cursor cursor, const char *expected)
{
	cursor_shows(fixture, cursor, expected);
	ring_skip(fixture->ring, cursor);
}

/* In its turn, all having been looked at ahead. */
static void shows(struct fixture *fixture, const char *expected)
{
	const void *data;
	size_t size;

	while (ring_peek(fixture->ring, RING_AHEAD, &data, &size))
		ring_skip(fixture->ring, RING_AHEAD);
	cursor_shows(fixture, RING_TURN, expected);
}

static void takes(struct fixture *fixture, const char *expected)
{
	shows(fixture, expected);
	ring_skip(fixture->ring, RING_TURN);
}

static void refuses_what_is_no_map(void **state)
{
	struct ring *ring = NULL;

	(void)state;
	assert_int_equal(ring_open(-1, SIZE, &ring), -EBADF);
	assert_null(ring);
	ring_free(NULL);
}

static void in_the_order_written(void **state)
{
	struct fixture *fixture = *state;

	shows(fixture, NULL);
	(void)produce(fixture, "one", 0);
	(void)produce(fixture, "twelve bytes", 0);
	(void)produce(fixture, "", 0);
	(void)produce(fixture, "eight by", 0);
	shows(fixture, "one");
	shows(fixture, "one"); /* looked at, not taken */
	assert_int_equal(*fixture->consumer, 0);
	takes(fixture, "one");
	assert_int_equal(*fixture->consumer, 16);
	takes(fixture, "twelve bytes");
	assert_int_equal(*fixture->consumer, 16 + 24);
	takes(fixture, "");
	assert_int_equal(*fixture->consumer, 16 + 24 + 8);
	takes(fixture, "eight by");
	assert_int_equal(*fixture->consumer, *fixture->producer);
	shows(fixture, NULL);
}

/* A later one that is ready must wait for it: order is what the agent's clock hangs on. */
static void a_busy_record_stops(void **state)
{
	struct fixture *fixture = *state;
	unsigned long busy = produce(fixture, "slow", BPF_RINGBUF_BUSY_BIT);

	(void)produce(fixture, "ready", 0);
	shows(fixture, NULL);
	assert_int_equal(*fixture->consumer, 0);
	commit(fixture, busy, "slow", 0);
	takes(fixture, "slow");
	takes(fixture, "ready");
	shows(fixture, NULL);
}

static void discarded_ones_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	unsigned long busy;

	(void)produce(fixture, "never", BPF_RINGBUF_DISCARD_BIT);
	(void)produce(fixture, "nor this", BPF_RINGBUF_DISCARD_BIT);
	(void)produce(fixture, "told", 0);
	takes(fixture, "told");

	/* room is given back also where nothing is told */
	(void)produce(fixture, "at the end", BPF_RINGBUF_DISCARD_BIT);
	shows(fixture, NULL);
	assert_int_equal(*fixture->consumer, *fixture->producer);

	busy = produce(fixture, "given up", BPF_RINGBUF_BUSY_BIT);
	shows(fixture, NULL);
	commit(fixture, busy, "given up", BPF_RINGBUF_DISCARD_BIT | BPF_RINGBUF_BUSY_BIT);
	shows(fixture, NULL);
	assert_int_equal(*fixture->consumer, busy);
	commit(fixture, busy, "given up", BPF_RINGBUF_DISCARD_BIT);
	shows(fixture, NULL);
	assert_int_equal(*fixture->consumer, *fixture->producer);
}

/* Everything is looked at once before its turn; looking gives no room back, and nothing has its turn that was not. */
static void ahead_of_its_turn(void **state)
{
	struct fixture *fixture = *state;
	unsigned long busy;

	(void)produce(fixture, "one", 0);
	(void)produce(fixture, "never", BPF_RINGBUF_DISCARD_BIT);
	(void)produce(fixture, "two", 0);
	cursor_shows(fixture, RING_TURN, NULL);
	cursor_takes(fixture, RING_AHEAD, "one");
	assert_int_equal(*fixture->consumer, 0);
	cursor_takes(fixture, RING_TURN, "one");
	cursor_shows(fixture, RING_TURN, NULL);
	cursor_takes(fixture, RING_AHEAD, "two");
	cursor_shows(fixture, RING_AHEAD, NULL);
	busy = produce(fixture, "slow", BPF_RINGBUF_BUSY_BIT);
	cursor_shows(fixture, RING_AHEAD, NULL);
	cursor_takes(fixture, RING_TURN, "two");
	commit(fixture, busy, "slow", 0);
	cursor_shows(fixture, RING_TURN, NULL); /* written meanwhile, and not looked at */
	cursor_takes(fixture, RING_AHEAD, "slow");
	cursor_takes(fixture, RING_TURN, "slow");
	assert_int_equal(*fixture->consumer, *fixture->producer);
}

/* Records of 24 bytes and of 1008 in a ring of 4096: every remainder at the end is met, and some lie across
 * it. */
static void round_and_round(void **state)
{
	struct fixture *fixture = *state;
	char large[1001] = "", text[16];
	unsigned crossed = 0;

	memset(large, 'x', sizeof(large) - 1);
	for (unsigned i = 0; i < 200; i++) {
		unsigned long begin = *fixture->producer;

		(void)snprintf(text, sizeof(text), "record %05u", i);
		(void)produce(fixture, large, 0);
		(void)produce(fixture, text, 0);
		crossed += begin / SIZE != (begin + 1008) / SIZE && (begin + 1008) % SIZE != 0;
		takes(fixture, large);
		takes(fixture, text);
		assert_int_equal(*fixture->consumer, *fixture->producer);
	}
	assert_true(crossed > 10);
}

/* Filled to the last byte, and read from where another reader stopped. */
static void full_and_taken_over(void **state)
{
	struct fixture *fixture = *state;
	char text[16];

	*fixture->consumer = *fixture->producer = 3 * SIZE - 24;
	ring_free(fixture->ring);
	assert_int_equal(ring_open(fixture->fd, SIZE, &fixture->ring), 0);
	for (unsigned i = 0; i < SIZE / 24; i++) {
		(void)snprintf(text, sizeof(text), "record %05u", i);
		(void)produce(fixture, text, 0);
	}
	(void)produce(fixture, "", 0);
	(void)produce(fixture, "", 0);
	assert_int_equal(*fixture->producer - *fixture->consumer, SIZE);
	for (unsigned i = 0; i < SIZE / 24; i++) {
		(void)snprintf(text, sizeof(text), "record %05u", i);
		takes(fixture, text);
	}
	takes(fixture, "");
	takes(fixture, "");
	shows(fixture, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_map),
		cmocka_unit_test_setup_teardown(in_the_order_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_busy_record_stops, set_up, tear_down),
		cmocka_unit_test_setup_teardown(discarded_ones_are_passed_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ahead_of_its_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(round_and_round, set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_and_taken_over, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
