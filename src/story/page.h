/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of text for people, as wide as their terminal: what is longer goes on in the next, behind a margin, and nothing is
 * cut. Every name goes through escape.h, so that a line is as long as it looks.
 */
#ifndef PLM_STORY_PAGE_H
#define PLM_STORY_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "output/buffer.h"
#include "output/escape.h"

#define PAGE_NARROW 40 /* characters: no narrower */

enum page_style { PAGE_PLAIN, PAGE_DIM, PAGE_BOLD, PAGE_RED, PAGE_YELLOW, PAGE_CYAN };

/* `{0}` is a page without an end of lines, and without colours. */
struct page {
	FILE *out;
	size_t width; /* characters; 0: as long as they are */
	bool colour;
	struct buffer line; /* on its way; page_clear frees */
	size_t margin;      /* of the lines that this one goes on in */
	enum page_style style;
};

void page_clear(struct page *page);

/* How wide the terminal behind the descriptor is; 0: it is none. */
size_t page_width(int fd);

/* Begins a line with that indent; it goes on in lines with that margin. */
void page_begin(struct page *page, size_t indent, size_t margin, enum page_style style);
void page_put(struct page *page, const char *text);  /* words of ours */
void page_name(struct page *page, const char *text); /* escaped; NULL gives nothing */
void page_word(struct page *page, const char *text); /* the same, as one word */
void page_to(struct page *page, size_t column);      /* fills with spaces up to there, at least one */
void page_end(struct page *page);                    /* prints it */
void page_space(struct page *page);                  /* an empty line */

#endif
