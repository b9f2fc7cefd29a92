/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of STATE_DIR/alerts/. A segment is named by a moment that is later than any line of those before it and not
 * later than its own first line was written: NAME.json while it is plain, NAME.json.gz when it is compressed. It can be
 * there in both forms, after a kill: then the plain one is whole.
 */
#ifndef PLM_HISTORY_SEGMENT_H
#define PLM_HISTORY_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "history/reader.h"

#define HISTORY_DIR       "alerts"
#define SEGMENT_FILE_SIZE (HISTORY_SEGMENT_SIZE + sizeof(".json.gz")) /* of a file's name, with its NUL */

enum segment_form { SEGMENT_PLAIN, SEGMENT_PACKED, SEGMENT_UNDONE, SEGMENT_FORMS };

struct segment {
	char name[HISTORY_SEGMENT_SIZE];
	unsigned forms; /* bits 1 << enum segment_form */
	uint64_t bytes; /* of all its files, in whole blocks */
};

struct segments {
	struct segment *items; /* by name, the oldest first */
	size_t count;
};

/* "0011223344556677"; what lies before 1970 is 1970. */
void segment_name(int64_t time, char ret_name[static HISTORY_SEGMENT_SIZE]);

/* The moment of a name; INT64_MAX where it is later than that. */
int64_t segment_time(const char *name);

void segment_file(const char *name, enum segment_form form, char ret_file[static SEGMENT_FILE_SIZE]);

/* All there are; other files are passed over. 0, -ENOMEM or the errno of reading the directory. segments_clear frees. */
int segments_list(int dir_fd, struct segments *ret_segments);

/*
 * The same while another process compresses and removes: a directory that changes as it is read can show neither of two
 * names that follow each other, so it is read until it shows the same segments twice (8 times at most).
 */
int segments_list_settled(int dir_fd, struct segments *ret_segments);

void segments_clear(struct segments *segments);
#define _cleanup_segments_ __attribute__((cleanup(segments_clear)))

/* To read it, plain if it is there. A descriptor, and its form; -ENOENT: removed meanwhile; -EINVAL: no regular file; or
 * the errno of open(2). */
int segment_open(int dir_fd, const char *name, enum segment_form *ret_form);

#endif
