/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of one segment, whichever form it has. */
#ifndef PLM_HISTORY_STREAM_H
#define PLM_HISTORY_STREAM_H

#include "history/segment.h"

/* A line, whole or not, without its end; other than 0 ends the stream, and is returned. */
typedef int (*stream_call)(const char *line, size_t size, void *data);

/*
 * Reads `fd`, which stays the caller's, up to `limit` bytes (decompressed; HISTORY_READ_MAX at most). What has no end of
 * line there, or is longer than HISTORY_LINE_MAX, is counted as torn. 0; what `call` returned; -EBADMSG: damaged, and what
 * was whole before was given; -ENOMEM.
 */
int stream_lines(int fd, enum segment_form form, uint64_t limit, stream_call call, void *data, uint64_t *torn);

#endif
