/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines on standard output, as text for people or as they are. Text has the time of day alone, so a line of the date, in
 * the local zone, goes before the first of a day that is not today's, and wherever the day changes.
 */
#ifndef PLM_TAIL_SHOW_H
#define PLM_TAIL_SHOW_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "output/buffer.h"

struct show {
	int fd;
	bool json, colour;
	struct tm day;     /* of the line last shown; before the first, today */
	struct buffer out; /* lines on their way; show_clear frees */
};

void show_begin(struct show *show, int fd, bool json);
void show_clear(struct show *show);

/* `alert` may be NULL for JSON. 0; -ENOMEM; or the error of writing, which happens where much has gathered. */
int show_line(struct show *show, const char *line, size_t size, const json_t *alert);

/* Writes what has gathered. 0, or the negative errno of write(2) (-EPIPE: nobody reads it any more). */
int show_flush(struct show *show);

#endif
