/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of a table for people. Text is escaped already (escape.h); a character is as wide as any other. */
#ifndef PLM_OUTPUT_CELL_H
#define PLM_OUTPUT_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

size_t cell_width(const char *text, size_t size); /* in characters */

/*
 * Prints it `width` characters wide, with two spaces behind it; the last of a row without either. What is wider loses its
 * beginning, and has a tilde there: names, images and paths tell more by their end.
 */
void cell_print(FILE *out, const char *text, size_t size, size_t width, bool last);

#endif
