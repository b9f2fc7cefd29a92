// SPDX-License-Identifier: Apache-2.0
#include "kernel/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>

struct ring {
	unsigned long *consumer;
	unsigned long *producer; /* and the data, a page further */
	size_t size;
	size_t page;
	unsigned long ahead; /* what lies before it was looked at ahead of its turn */
	unsigned long next[RING_CURSORS]; /* position behind the record last peeked at */
};

int ring_open(int map_fd, size_t size, struct ring **ret_ring)
{
	_cleanup_(ring_freep) struct ring *ring = calloc(1, sizeof(*ring));
	void *mapped;

	if (!ring)
		return -ENOMEM;
	ring->size = size;
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	mapped = mmap(NULL, ring->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->consumer = mapped;
	ring->ahead = __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
	mapped = mmap(NULL, ring->page + 2 * size, PROT_READ, MAP_SHARED, map_fd, (off_t)ring->page);
	if (mapped == MAP_FAILED)
		return -errno;
	ring->producer = mapped;
	*ret_ring = take_ptr(ring);
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	if (ring->consumer)
		(void)munmap(ring->consumer, ring->page);
	if (ring->producer)
		(void)munmap(ring->producer, ring->page + 2 * ring->size);
	free(ring);
}

/* Behind a record's header comes its data, padded to eight bytes. */
static unsigned long record_span(uint32_t header)
{
	uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (length + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
}

static unsigned long cursor_get(const struct ring *ring, enum ring_cursor cursor)
{
	return cursor == RING_AHEAD ? ring->ahead : __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE);
}

static unsigned long cursor_end(const struct ring *ring, enum ring_cursor cursor)
{
	return cursor == RING_AHEAD ? __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE) : ring->ahead;
}

int ring_peek(struct ring *ring, enum ring_cursor cursor, const void **ret_data, size_t *ret_size)
{
	unsigned long position = cursor_get(ring, cursor);
	const char *data = (const char *)ring->producer + ring->page;

	while (position < cursor_end(ring, cursor)) {
		const uint32_t *record = (const void *)(data + (position & (ring->size - 1)));
		uint32_t header = __atomic_load_n(record, __ATOMIC_ACQUIRE);

		if (header & BPF_RINGBUF_BUSY_BIT)
			return 0; /* still being written */
		ring->next[cursor] = position + record_span(header);
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			*ret_data = (const char *)record + BPF_RINGBUF_HDR_SZ;
			*ret_size = header;
			return 1;
		}
		ring_skip(ring, cursor);
		position = ring->next[cursor];
	}
	return 0;
}

void ring_skip(struct ring *ring, enum ring_cursor cursor)
{
	if (cursor == RING_AHEAD)
		ring->ahead = ring->next[cursor];
	else
		__atomic_store_n(ring->consumer, ring->next[cursor], __ATOMIC_RELEASE);
}
