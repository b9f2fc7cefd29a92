// SPDX-License-Identifier: Apache-2.0
#include "history/stream.h"

#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "output/buffer.h"

#define CHUNK (64u << 10)

struct stream {
	int fd;
	uint64_t left; /* bytes that are still to be given */
	stream_call call;
	void *data;
	struct buffer begun; /* of a line, what earlier chunks had */
	bool too_long;       /* that line: it is passed over up to its end */
	uint64_t torn;
	z_stream z;
	bool z_open, z_ended;
	unsigned char in[CHUNK];
	char out[CHUNK];
};

static void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	if (stream->z_open)
		(void)inflateEnd(&stream->z);
	buffer_clear(&stream->begun);
	free(stream);
}
DEFINE_CLEANUP(struct stream *, stream_free)

/* ---- lines ---- */

/* A piece without its end of line is kept for what follows. */
static int piece_keep(struct stream *stream, const char *text, size_t size)
{
	if (stream->too_long)
		return 0;
	buffer_append(&stream->begun, text, size);
	if (stream->begun.error == 0)
		return 0;
	if (stream->begun.error == -ENOMEM)
		return -ENOMEM;
	stream->too_long = true;
	buffer_rewind(&stream->begun, 0);
	return 0;
}

static int line_give(struct stream *stream, const char *text, size_t size)
{
	int r;

	if (stream->begun.size == 0 && !stream->too_long)
		return stream->call(text, size, stream->data);
	r = piece_keep(stream, text, size);
	if (r == 0 && stream->too_long)
		stream->torn++;
	else if (r == 0)
		r = stream->call(stream->begun.data, stream->begun.size, stream->data);
	stream->too_long = false;
	buffer_rewind(&stream->begun, 0);
	return r;
}

static int chunk_give(struct stream *stream, const char *text, size_t size)
{
	int r = 0;

	if (size > stream->left)
		size = (size_t)stream->left;
	stream->left -= size;
	while (size > 0 && r == 0) {
		const char *end = memchr(text, '\n', size);
		size_t length = end ? (size_t)(end - text) : size;

		if (!end)
			return piece_keep(stream, text, size);
		r = line_give(stream, text, length);
		text += length + 1;
		size -= length + 1;
	}
	return r;
}

/* ---- bytes ---- */

static ssize_t file_read(int fd, void *room)
{
	ssize_t n;

	do
		n = read(fd, room, CHUNK);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -EBADMSG : n;
}

static int plain_lines(struct stream *stream)
{
	ssize_t n = 1;
	int r = 0;

	while (r == 0 && n > 0 && stream->left > 0) {
		n = file_read(stream->fd, stream->out);
		r = n < 0 ? (int)n : chunk_give(stream, stream->out, (size_t)n);
	}
	return r;
}

/* One step of zlib's. -EBADMSG: damage, and what came out before it was given. */
static int inflate_step(struct stream *stream)
{
	int status, r;

	stream->z.next_out = (unsigned char *)stream->out;
	stream->z.avail_out = CHUNK;
	status = inflate(&stream->z, Z_NO_FLUSH);
	r = chunk_give(stream, stream->out, CHUNK - stream->z.avail_out);
	if (r != 0)
		return r;
	stream->z_ended = status == Z_STREAM_END;
	return stream->z_ended || status == Z_OK || (status == Z_BUF_ERROR && stream->z.avail_in == 0) ? 0 : -EBADMSG;
}

static int packed_lines(struct stream *stream)
{
	int r = 0;

	if (inflateInit2(&stream->z, 15 + 16) != Z_OK) /* gzip's frame, and no other */
		return -ENOMEM;
	stream->z_open = true;
	while (r == 0 && stream->left > 0 && !stream->z_ended) {
		ssize_t n = file_read(stream->fd, stream->in);

		if (n <= 0)
			return -EBADMSG; /* it has no end */
		stream->z.next_in = stream->in;
		stream->z.avail_in = (unsigned)n;
		do
			r = inflate_step(stream);
		while (r == 0 && stream->left > 0 && !stream->z_ended &&
		       (stream->z.avail_in > 0 || stream->z.avail_out == 0));
	}
	return r;
}

int stream_lines(int fd, enum segment_form form, uint64_t limit, stream_call call, void *data, uint64_t *torn)
{
	_cleanup_(stream_freep) struct stream *stream = calloc(1, sizeof(*stream));
	bool bounded = limit > HISTORY_READ_MAX;
	int r;

	if (!stream)
		return -ENOMEM;
	stream->fd = fd;
	stream->left = bounded ? HISTORY_READ_MAX : limit;
	stream->call = call;
	stream->data = data;
	stream->begun.limit = HISTORY_LINE_MAX;
	r = form == SEGMENT_PACKED ? packed_lines(stream) : plain_lines(stream);
	*torn += stream->torn + (stream->begun.size > 0 || stream->too_long);
	if (r == 0 && bounded && stream->left == 0)
		r = -EBADMSG;
	return r;
}
