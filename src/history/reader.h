/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent told, read back: STATE_DIR/alerts/, which history.h describes. Needs no agent, and may run while one
 * writes, compresses and removes there: no line is given twice, and none is missed but those that are removed for age
 * or room meanwhile.
 *
 * Lines are alerts, state lines, and events that an exception of the policy let through, as the JSON outputs have them.
 * They come in the order in which they were told. That is nearly the order of their @timestamp: a line is told at that
 * moment or later (found on disk, corrected, held for a name: much later), never before.
 *
 * Files are hostile: what is no whole line is passed over and counted, a block that is cut or damaged gives the whole
 * lines before the damage, and never spoils what follows.
 */
#ifndef PLM_HISTORY_READER_H
#define PLM_HISTORY_READER_H

#include <stddef.h>
#include <stdint.h>

#define HISTORY_LINE_MAX     (1u << 20)  /* bytes, with its end */
#define HISTORY_SEGMENT_SIZE 17          /* a segment's name, 16 hex digits of ns UTC, with its NUL */
#define HISTORY_READ_MAX     (16u << 20) /* bytes that one segment may hold, decompressed; what is beyond is damage */

/* A place in the history: so many bytes of a segment, decompressed, and all segments before it. It stays the same place
 * when the segment is compressed. */
struct history_position {
	char segment[HISTORY_SEGMENT_SIZE]; /* "": where nothing was told yet */
	uint64_t offset;
};

struct history_counts {
	uint64_t segments; /* looked into */
	uint64_t lines;    /* given */
	uint64_t torn;     /* pieces that are no whole line */
	uint64_t damaged;  /* segments that end in damage, or could not be read */
};

/*
 * Calls `call` for every whole line whose @timestamp is `since` (ns UTC; INT64_MIN: all) or later, up to `end` (NULL:
 * all there is). The line has no end of line and no NUL, is one JSON object whose brackets and quotes fit (its fields
 * are not checked), and is valid during the call. Any other return of `call` than 0 ends the reading, and is returned.
 *
 * 0; -ENOENT: there is no history; -EACCES; -ENOMEM; or the errno of reading the directory. *ret_counts is set in each
 * case; it may be NULL. Memory: two lines and what zlib needs; segments before `since` are not opened.
 */
int history_read(const char *state_dir, int64_t since, const struct history_position *end,
		 int (*call)(const char *line, size_t size, void *data), void *data, struct history_counts *ret_counts);

/*
 * The same for the last `count` lines that `match` picks, oldest first: from the newest segment back, no further than it
 * must. `match`: above 0 picks the line, 0 passes it over, below 0 ends the reading, and is returned. `count` is cut to
 * HISTORY_LAST_MAX. These lines are in memory at once.
 */
#define HISTORY_LAST_MAX 100000
int history_read_last(const char *state_dir, int64_t since, size_t count, const struct history_position *end,
		      int (*match)(const char *line, size_t size, void *data),
		      int (*call)(const char *line, size_t size, void *data), void *data,
		      struct history_counts *ret_counts);

/*
 * The line of that event.id (32 hex digits, lower case). 0: *ret_line is the caller's, with a NUL and no end of line;
 * -ENOENT: there is none (or no history); -EINVAL: that is no event.id; or as history_read.
 */
int history_find(const char *state_dir, const char *id, char **ret_line);

#endif
