/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of contents: what package databases give of a file, and what a file really has. By libcrypto's EVP. */
#ifndef PLM_DIGEST_DIGEST_H
#define PLM_DIGEST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_BYTES_MAX 64
#define DIGEST_TEXT_MAX  (2 * DIGEST_BYTES_MAX + 1)

/* Written to disk (inventory): numbers stay. */
enum digest_kind {
	DIGEST_NONE = 0,
	DIGEST_MD5 = 1,
	DIGEST_SHA1 = 2,
	DIGEST_SHA256 = 3,
	DIGEST_SHA384 = 4,
	DIGEST_SHA512 = 5,
	DIGEST_SHA224 = 6,
	DIGEST_KINDS,
};

/* Bytes beyond those of its kind are 0, so that two are equal where memcmp says so. */
struct digest {
	enum digest_kind kind;
	uint8_t bytes[DIGEST_BYTES_MAX];
};

size_t digest_size(enum digest_kind kind);      /* bytes; 0 for NONE and what is none */
const char *digest_name(enum digest_kind kind); /* "md5", "sha256"; NULL for NONE and what is none */

bool digest_equal(const struct digest *a, const struct digest *b); /* two of kind NONE are not */

/* Lower-case hex. */
void digest_text(const struct digest *digest, char ret_text[static DIGEST_TEXT_MAX]);

/* From exactly as many hex digits (either case) as the kind has, `length` characters. 0 or -EINVAL. */
int digest_from_hex(enum digest_kind kind, const char *text, size_t length, struct digest *ret_digest);

/* From base64, standard or URL-safe, padded or not, without a bit beyond the last byte. 0 or -EINVAL. */
int digest_from_base64(enum digest_kind kind, const char *text, size_t length, struct digest *ret_digest);

/*
 * For a process that is about to shut itself in: libcrypto gets ready now, and never reads its configuration, which would by
 * then be a stranger's and can name code to load. 0 or -ENOMEM.
 */
int digest_prepare(void);

#define DIGEST_ALL UINT64_MAX

/*
 * Of `size` bytes from `offset` of a descriptor (DIGEST_ALL: to its end), for each of `count` kinds, all different, in one
 * reading. The descriptor's place is not moved. 0; -ENODATA: it ended before `size`; -ENOMEM; -EINVAL; or the errno of
 * reading.
 */
int digest_fd(int fd, uint64_t offset, uint64_t size, const enum digest_kind *kinds, size_t count,
	      struct digest *ret_digests);

#endif
