/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes off the ring (or a recording) to struct event. The one place where records are checked.
 */
#ifndef PLM_DECODE_RECORD_H
#define PLM_DECODE_RECORD_H

#include "decode/event.h"

struct decoder;

/* NULL when out of memory. About 64 KiB; decoder_free takes NULL. */
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);

/*
 * Checks and decodes one record of `size` bytes. `raw` needs no alignment and is not kept.
 *
 * 0: *ret_event points into the decoder, until the next call.
 * -EBADMSG: the size, kind, an offset or a length is impossible, or a text lacks its NUL.
 * -EOPNOTSUPP: a kind that this version does not know.
 */
int decoder_decode(struct decoder *decoder, const void *raw, size_t size, const struct event **ret_event);

/*
 * "id\0bin\0usr\0" (length 11) -> "/usr/bin/id". Writes at most `size` bytes with the NUL.
 * The length of the result, or -EBADMSG (no NUL at the end, an empty component, a slash in one, but "/\0" is the
 * root), or -ENAMETOOLONG.
 */
int record_path(const char *leaf_first, size_t length, char *ret_path, size_t size);

#endif
