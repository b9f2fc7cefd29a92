/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading end of a BPF ring buffer, one record at a time: libbpf's own reader hands out records in a callback
 * and cannot look at the next without taking it, but two rings have to be merged by time. The layout is the
 * kernel's (kernel/bpf/ringbuf.c): a page with the consumer's position, a page with the producer's, then the data
 * twice in a row, so that no record is split.
 */
#ifndef PLM_KERNEL_RING_H
#define PLM_KERNEL_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct ring;

/* Maps the ring of `size` bytes behind `map_fd`, which stays the caller's. 0 or the negative errno of mmap(2). */
int ring_open(int map_fd, size_t size, struct ring **ret_ring);
void ring_free(struct ring *ring); /* takes NULL */
DEFINE_CLEANUP(struct ring *, ring_free)

/* Each record is looked at twice: as soon as it is there, and in its turn, which gives its room back to the kernel. */
enum ring_cursor { RING_AHEAD, RING_TURN, RING_CURSORS };

/*
 * The oldest record that the cursor has before it, left in place: 1, and *ret_data (valid until its turn is skipped) and
 * *ret_size are set. 0: none. RING_TURN has before it only what RING_AHEAD passed. What the kernel side discarded is
 * passed over.
 */
int ring_peek(struct ring *ring, enum ring_cursor cursor, const void **ret_data, size_t *ret_size);

/* The cursor passes the record that ring_peek showed it. */
void ring_skip(struct ring *ring, enum ring_cursor cursor);

#endif
