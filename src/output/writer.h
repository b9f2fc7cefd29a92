/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one JSON object into a buffer, field by field. A field is named by its path: writer_at(w, "a.b.c")
 * and a value give {"a":{"b":{"c":value}}}; objects open and close as the paths ask, so that fields of one
 * object must follow each other. Errors stay in the buffer. What code_is_unsafe (escape.h) goes out as
 * \uNNNN, so that a line is as safe on a terminal as it is for a parser.
 */
#ifndef PLM_OUTPUT_WRITER_H
#define PLM_OUTPUT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "output/buffer.h"

#define WRITER_PATH_MAX 96

struct json_writer {
	struct buffer *out;
	bool comma;                 /* something stands before, in the same object or array */
	char path[WRITER_PATH_MAX]; /* of the field last begun */
};

void writer_begin(struct json_writer *writer, struct buffer *out); /* "{" */
void writer_end(struct json_writer *writer);                       /* closes all that is open */

/* `path`: shorter than WRITER_PATH_MAX, of names that need no escape. One value must follow. */
void writer_at(struct json_writer *writer, const char *path);

/*
 * Values: behind writer_at, behind writer_key, or as an element of an array. writer_string puts U+FFFD for
 * each byte that is no UTF-8, and returns whether there was none.
 */
bool writer_string(struct json_writer *writer, const char *text, size_t size);
void writer_number(struct json_writer *writer, uint64_t value);
/* As strings: decimal; or lower-case hex of at least `digits`. */
void writer_id(struct json_writer *writer, uint64_t value);
void writer_hex(struct json_writer *writer, uint64_t value, int digits);
void writer_bool(struct json_writer *writer, bool value);
void writer_base64(struct json_writer *writer, const void *data, size_t size);

void writer_open(struct json_writer *writer, char bracket);                /* '[' or '{', as a value */
void writer_close(struct json_writer *writer, char bracket);               /* ']' or '}' */
void writer_key(struct json_writer *writer, const char *key, size_t size); /* in an object of writer_open */

/* A field that is text, unless there is none. Whether it went out whole, as writer_string. */
bool writer_field(struct json_writer *writer, const char *path, const char *text);

/* An object that is an element of an array, with a writer of its own: fields by path go there. */
void writer_element_begin(struct json_writer *array, struct json_writer *ret_element);
void writer_element_end(struct json_writer *array, struct json_writer *element);

#endif
