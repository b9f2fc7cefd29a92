// SPDX-License-Identifier: Apache-2.0
#include "inventory/archive_stream.h"

#include <string.h>

#include <archive.h>
#include <openssl/evp.h>

#define STEP (64u << 10) /* bytes of a descriptor that are read at once */

struct archive_stream {
	struct archive_source source;
	struct archive *archive;
	EVP_MD_CTX *hash; /* NULL: not hashed */
	int error;        /* of the source: what libarchive has no way to hand through */
	bool empty;       /* BYTES: there are none */
	uint8_t buffer[STEP];
};

/* ---- what libarchive calls ---- */

static int file_next(struct archive_stream *stream, struct archive_block *ret_block)
{
	struct archive_source *source = &stream->source;
	ssize_t size;

	do
		size = pread(source->fd, stream->buffer, STEP, (off_t)source->offset);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	*ret_block = (struct archive_block){ stream->buffer, (size_t)size, source->offset };
	source->offset += (uint64_t)size;
	return size > 0;
}

/* A blob is no sparse file: holes are told by no bytes, and its digest is of bytes. */
static int below_next(struct archive_stream *stream, struct archive_block *ret_block)
{
	struct archive_source *source = &stream->source;
	int r = archive_stream_block(source->below, ret_block);

	if (r == 1 && ret_block->offset != source->offset)
		return -EBADMSG;
	if (r == 1)
		source->offset += ret_block->size;
	return r;
}

static int source_next(struct archive_stream *stream, struct archive_block *ret_block)
{
	int r = stream->source.below ? below_next(stream, ret_block) : file_next(stream, ret_block);

	if (r == 1 && stream->hash && EVP_DigestUpdate(stream->hash, ret_block->data, ret_block->size) != 1)
		return -ENOMEM;
	return r;
}

static la_ssize_t source_read(struct archive *archive, void *data, const void **ret_data)
{
	struct archive_stream *stream = data;
	struct archive_block block = { .size = 0 };
	int r = source_next(stream, &block);

	if (r < 0) {
		stream->error = r;
		archive_set_error(archive, -r, "cannot be read");
		return ARCHIVE_FATAL;
	}
	*ret_data = block.data;
	return (la_ssize_t)block.size;
}

/* Members that nobody asks for are stepped over: that one is cut short shows when it is asked for. */
static la_int64_t source_skip(struct archive *archive, void *data, la_int64_t request)
{
	struct archive_source *source = &((struct archive_stream *)data)->source;

	(void)archive;
	if ((uint64_t)request > INT64_MAX - source->offset)
		return 0;
	source->offset += (uint64_t)request;
	return request;
}

/* ---- streams ---- */

static int answer(const struct archive_stream *stream, int r)
{
	if (r == ARCHIVE_EOF)
		return 0;
	if (r == ARCHIVE_OK || r == ARCHIVE_WARN)
		return 1;
	if (stream->error < 0)
		return stream->error;
	return archive_errno(stream->archive) == ENOMEM ? -ENOMEM : -EBADMSG;
}

/* What libarchive would run a program for gives a warning here. */
static bool form_set(struct archive *archive, enum archive_form form)
{
	if (archive_read_support_format_empty(archive) != ARCHIVE_OK)
		return false;
	if (form == STREAM_TAR)
		return archive_read_support_format_tar(archive) == ARCHIVE_OK;
	return archive_read_support_format_raw(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_gzip(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_zstd(archive) == ARCHIVE_OK &&
	       archive_read_support_filter_xz(archive) == ARCHIVE_OK;
}

static int stream_open(struct archive_stream *stream, enum archive_form form)
{
	struct archive *archive = stream->archive = archive_read_new();
	struct archive_entry *entry;
	int r;

	if (!archive)
		return -ENOMEM;
	if (!form_set(archive, form))
		return -EPROTONOSUPPORT;
	if (archive_read_set_callback_data(archive, stream) != ARCHIVE_OK ||
	    archive_read_set_read_callback(archive, source_read) != ARCHIVE_OK ||
	    (!stream->source.below && !stream->hash &&
	     archive_read_set_skip_callback(archive, source_skip) != ARCHIVE_OK))
		return -ENOMEM;
	r = answer(stream, archive_read_open1(archive));
	if (r < 0 || form == STREAM_TAR)
		return r < 0 ? r : 0;
	r = archive_stream_entry(stream, &entry);
	stream->empty = r == 0;
	return r < 0 ? r : archive_filter_count(archive) > 2 ? -EBADMSG : 0;
}

static void source_release(const struct archive_source *source)
{
	archive_stream_free(source->below);
	if (source->owned)
		(void)close(source->fd);
}

int archive_stream_new(const struct archive_source *source, enum archive_form form, bool hashed,
		       struct archive_stream **ret_stream)
{
	_cleanup_archive_stream_ struct archive_stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!stream) {
		source_release(source);
		return -ENOMEM;
	}
	stream->source = *source;
	if (hashed) {
		stream->hash = EVP_MD_CTX_new();
		if (!stream->hash || EVP_DigestInit_ex(stream->hash, EVP_sha256(), NULL) != 1)
			return -ENOMEM;
	}
	r = stream_open(stream, form);
	if (r == 0)
		*ret_stream = take_ptr(stream);
	return r;
}

void archive_stream_free(struct archive_stream *stream)
{
	if (!stream)
		return;
	if (stream->archive)
		(void)archive_read_free(stream->archive);
	EVP_MD_CTX_free(stream->hash);
	source_release(&stream->source);
	free(stream);
}

int archive_stream_entry(struct archive_stream *stream, struct archive_entry **ret_entry)
{
	return answer(stream, archive_read_next_header(stream->archive, ret_entry));
}

uint64_t archive_stream_entry_offset(const struct archive_stream *stream)
{
	return (uint64_t)archive_read_header_position(stream->archive);
}

int archive_stream_block(struct archive_stream *stream, struct archive_block *ret_block)
{
	la_int64_t offset = 0;
	int r;

	if (stream->empty)
		return 0;
	r = answer(stream, archive_read_data_block(stream->archive, &ret_block->data, &ret_block->size, &offset));
	ret_block->offset = (uint64_t)offset;
	return r;
}

bool archive_stream_inflates(const struct archive_stream *stream)
{
	return archive_filter_code(stream->archive, 0) != ARCHIVE_FILTER_NONE;
}

int archive_stream_digest(struct archive_stream *stream, struct digest *ret_digest)
{
	struct digest digest = { .kind = DIGEST_SHA256 };
	struct archive_block block;
	int r;

	do
		r = source_next(stream, &block);
	while (r == 1);
	if (r < 0)
		return r;
	if (EVP_DigestFinal_ex(stream->hash, digest.bytes, NULL) != 1)
		return -ENOMEM;
	*ret_digest = digest;
	return 0;
}
