/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that grow at the end, up to a limit. The first error stays until buffer_clear: a writer appends
 * without looking, and whoever began asks once, at the end. `{0}` is an empty buffer with the limit
 * BUFFER_LIMIT.
 */
#ifndef PLM_OUTPUT_BUFFER_H
#define PLM_OUTPUT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BUFFER_LIMIT (1u << 20)

struct buffer {
	char *data; /* not terminated; NULL while empty */
	size_t size, capacity;
	size_t limit; /* bytes; 0: BUFFER_LIMIT */
	int error;    /* 0, -ENOMEM or -EMSGSIZE (beyond the limit) */
};

/*
 * Makes room for `more` bytes behind the end. 0, or the buffer's error: then nothing is changed but that.
 */
int buffer_reserve(struct buffer *buffer, size_t more);

/* buffer_reserve, where there nearly always is room already: a line of JSON is made of hundreds of bits. */
static inline bool buffer_room(struct buffer *buffer, size_t more)
{
	if (buffer->error == 0 && more <= buffer->capacity - buffer->size)
		return true;
	return buffer_reserve(buffer, more) == 0;
}

/* All or nothing. */
static inline void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	if (size == 0 || !buffer_room(buffer, size))
		return;
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
}

static inline void buffer_byte(struct buffer *buffer, char byte)
{
	if (buffer_room(buffer, 1))
		buffer->data[buffer->size++] = byte;
}

static inline void buffer_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_unsigned(struct buffer *buffer, uint64_t value);        /* decimal */
void buffer_hex(struct buffer *buffer, uint64_t value, int digits); /* lower case, at least `digits` of them */
void buffer_base64(struct buffer *buffer, const void *data, size_t size);

/* Drops the first `size` bytes. */
void buffer_consume(struct buffer *buffer, size_t size);

/* Back to `size` bytes, and no error. */
void buffer_rewind(struct buffer *buffer, size_t size);

/* Releases the memory, keeps the limit. */
void buffer_clear(struct buffer *buffer);

#define _cleanup_buffer_ __attribute__((cleanup(buffer_clear)))

#endif
