/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes out of hostile bytes, by libarchive: a tar's entries, or what something compressed inflates to. Streams stand on one
 * another: a layer's tar on what its blob inflates to, that on a member of the archive, that on the file. Nothing is read
 * twice and nothing is kept, so each can be as long as it likes; how long that may take is its caller's limit.
 *
 * Only tar is known, and gzip, zstd and xz, one around the other never; no program is run.
 */
#ifndef PLM_INVENTORY_ARCHIVE_STREAM_H
#define PLM_INVENTORY_ARCHIVE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <archive_entry.h>

#include "base/cleanup.h"
#include "digest/digest.h"

struct archive_stream;

enum archive_form {
	STREAM_TAR,
	STREAM_BYTES, /* as they are, or inflated where they are compressed */
};

/* What a stream reads: another one, from where that stands, or a descriptor from an offset to its end. */
struct archive_source {
	struct archive_stream *below; /* NULL: fd */
	int fd;
	bool owned; /* the stream closes fd */
	uint64_t offset;
};

/*
 * `below`, and a descriptor where it is `owned`, are the stream's from here, also on failure. `hashed`: for
 * archive_stream_digest. 0; -EBADMSG: damaged, or of no form that is known; -EPROTONOSUPPORT: this libarchive was built without one of
 * them; -ENOMEM; or the errno of reading.
 */
int archive_stream_new(const struct archive_source *source, enum archive_form form, bool hashed,
		       struct archive_stream **ret_stream);
void archive_stream_free(struct archive_stream *stream); /* takes NULL; with what is below */
DEFINE_CLEANUP(struct archive_stream *, archive_stream_free)
#define _cleanup_archive_stream_ _cleanup_(archive_stream_freep)

/* TAR: the next entry, valid until the one after it. 1, 0 at the end, or as archive_stream_new. */
int archive_stream_entry(struct archive_stream *stream, struct archive_entry **ret_entry);

/* TAR: where the entry's headers begin in what the stream reads, and a stream on it could begin, too. */
uint64_t archive_stream_entry_offset(const struct archive_stream *stream);

/* BYTES, or the contents of TAR's entry: the next of them. */
struct archive_block {
	const void *data; /* valid until the next call */
	size_t size;
	uint64_t offset; /* of its first byte; before it, 0 where none were told (a sparse file) */
};

/* 1, 0 at the end, or as archive_stream_new. */
int archive_stream_block(struct archive_stream *stream, struct archive_block *ret_block);

/* True: compressed. */
bool archive_stream_inflates(const struct archive_stream *stream);

/* Of a `hashed` stream: SHA-256 of all that it reads, to the end; it gives nothing any more. 0, or as archive_stream_new. */
int archive_stream_digest(struct archive_stream *stream, struct digest *ret_digest);

#endif
