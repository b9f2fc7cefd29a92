/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text of lines, as package databases are: each line once, ended in place. What is wrong with it is counted, and the
 * first is remembered: a damaged file is told in one note, however much of it is damaged.
 */
#ifndef PLM_INVENTORY_LINES_H
#define PLM_INVENTORY_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "inventory/source.h"

struct lines {
	char *at, *end;
	const char *nul; /* the first from `at`, `end` at the latest */
	size_t number;   /* of the line that was given last, from 1 */
	size_t bad;      /* lines_bad was called so often */
	size_t first;    /* the lowest line of these, and what was said of it */
	const char *why;
	bool is_unended; /* the line that was given last */
};

/* The text is as tree_read gives it: `size` bytes and one more, a NUL; it is changed. */
void lines_begin(struct lines *lines, char *text, size_t size);

/*
 * Reads a whole text of the tree and begins it. 0, and *ret_text is the caller's; -ENOENT: it is not there; -ENODATA:
 * it cannot be read, which was noted; -ENOMEM.
 */
int lines_read(const struct source_context *context, const char *source, const char *path, size_t max, char **ret_text,
	       struct lines *ret_lines);

/* The next line, without its end, or NULL. A line with a NUL in it is bad and passed over. */
char *lines_next(struct lines *lines);

/* Behind the last line of a file that its writer ends with a newline: else it was cut short, which is bad. */
void lines_end(struct lines *lines);

/* `why`: a literal that goes on after "line 5 ": "is no field". */
void lines_bad(struct lines *lines, size_t number, const char *why);

/* One note about what was bad; none where nothing was. */
void lines_note(const struct lines *lines, struct builder *builder, const char *source, const char *path);

#endif
