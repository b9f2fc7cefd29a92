/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names from inside a container, made harmless for a terminal or a page. An image is written by strangers:
 * its names may hold escape sequences, ends of lines, bytes that are no UTF-8, and marks that reorder what is
 * shown.
 */
#ifndef PLM_OUTPUT_ESCAPE_H
#define PLM_OUTPUT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/buffer.h"

/*
 * Decodes the first character of `size` bytes, strictly as RFC 3629 has it (no overlong forms, no surrogates,
 * nothing above U+10FFFF). Its length, 1 to 4, or 0: the first byte begins no character.
 */
size_t utf8_decode(const char *text, size_t size, uint32_t *ret_code);

/*
 * Would showing it do more than add a glyph? Control characters (C0, DEL, C1), bidirectional marks, overrides
 * and isolates, separators of lines, characters without width, tags.
 */
bool code_is_unsafe(uint32_t code);

enum escape_mode {
	ESCAPE_TEXT, /* for a sentence */
	ESCAPE_WORD, /* spaces too: the result is one word, which cannot pass for several fields */
};

/*
 * Appends `text` with what is unsafe as \n, \r, \t, \xNN (a byte that is no UTF-8, or a control character) or
 * \u{NNNN}; a backslash is doubled, so that the reader can tell one from the other.
 */
void escape_append(struct buffer *buffer, const char *text, enum escape_mode mode);

#endif
