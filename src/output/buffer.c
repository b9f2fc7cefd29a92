// SPDX-License-Identifier: Apache-2.0
#include "output/buffer.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_CAPACITY 256

static int buffer_grow(struct buffer *buffer, size_t need)
{
	size_t limit = buffer->limit ? buffer->limit : BUFFER_LIMIT;
	size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
	char *data;

	while (capacity < need)
		capacity *= 2;
	data = realloc(buffer->data, capacity < limit ? capacity : limit);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->capacity = capacity < limit ? capacity : limit;
	return 0;
}

int buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t limit = buffer->limit ? buffer->limit : BUFFER_LIMIT;

	if (buffer->error < 0)
		return buffer->error;
	if (more <= buffer->capacity - buffer->size)
		return 0;
	if (more > limit - buffer->size)
		return buffer->error = -EMSGSIZE;
	return buffer->error = buffer_grow(buffer, buffer->size + more);
}

void buffer_unsigned(struct buffer *buffer, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = '0' + value % 10;
	while (value /= 10);
	buffer_append(buffer, digits + at, sizeof(digits) - at);
}

void buffer_hex(struct buffer *buffer, uint64_t value, int digits)
{
	char text[16];
	int at = sizeof(text);

	do
		text[--at] = "0123456789abcdef"[value & 15];
	while ((value >>= 4) || (at > 0 && (int)sizeof(text) - at < digits));
	buffer_append(buffer, text + at, sizeof(text) - at);
}

void buffer_base64(struct buffer *buffer, const void *data, size_t size)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = data;

	for (; size > 0; in += 3) {
		size_t take = size < 3 ? size : 3;
		uint32_t bits = in[0] << 16 | (take > 1 ? in[1] << 8 : 0) | (take > 2 ? in[2] : 0);
		char quad[4] = { alphabet[bits >> 18], alphabet[bits >> 12 & 63],
				 take > 1 ? alphabet[bits >> 6 & 63] : '=', take > 2 ? alphabet[bits & 63] : '=' };

		buffer_append(buffer, quad, sizeof(quad));
		size -= take;
	}
}

void buffer_consume(struct buffer *buffer, size_t size)
{
	if (size == 0)
		return;
	memmove(buffer->data, buffer->data + size, buffer->size - size);
	buffer->size -= size;
}

void buffer_rewind(struct buffer *buffer, size_t size)
{
	buffer->size = size;
	buffer->error = 0;
}

void buffer_clear(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ .limit = buffer->limit };
}
