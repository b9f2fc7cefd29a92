/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes off the ring (or a recording) to struct event. The one place where records are checked.
 */
#ifndef PLM_DECODE_RECORD_H
#define PLM_DECODE_RECORD_H

#include "decode/event.h"

#define RECORD_ARGV_MAX 512 /* arguments kept; more are left out, and PLM_CUT_ARGS is set */

struct decoder;

/* NULL when out of memory. About 64 KiB; decoder_free takes NULL. */
struct decoder *decoder_new(void);
void decoder_free(struct decoder *decoder);

/*
 * Checks and decodes one record of at most `size` bytes: what lies behind head.size is not looked at. `raw`
 * needs no alignment and is not kept. event.exec.argv of an exec is never NULL. No memory is allocated.
 *
 * 0: *ret_event points into the decoder, until the next call (a refused record ends it too).
 * -EBADMSG: the size, kind, backend, another enum, an offset or a length is impossible, or a text lacks its
 * NUL, or a plain one holds a second NUL. -EOPNOTSUPP: a kind that this version does not know.
 */
int decoder_decode(struct decoder *decoder, const void *raw, size_t size, const struct event **ret_event);

/* The kind that a record says it is of, for who wants only some of them: nothing else of it is checked. Or the errors of
 * decoder_decode. */
int record_kind(const void *raw, size_t size);

/*
 * "id\0bin\0usr\0" (length 11) -> "/usr/bin/id". Writes at most `size` bytes with the NUL.
 * A single component is the name of a file at the top or in no tree at all, and may hold slashes:
 * memfd_create takes any name ("memfd:a/b"), shared anonymous memory is called "dev/zero". To refuse it would
 * let a program choose a name that makes its own exec unreadable. So a path that is opened later is checked
 * again there.
 *
 * The length of the result, or -EBADMSG (no NUL at the end, an empty component, "." or "..", a slash in one
 * of several; "/\0" is the root), or -ENAMETOOLONG. On failure ret_path is untouched.
 */
int record_path(const char *leaf_first, size_t length, char *ret_path, size_t size);

#endif
