// SPDX-License-Identifier: Apache-2.0
#include "policy/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of the UTF-8 character at `c`, or 0 where it is cut, malformed or a control character. */
static size_t character_length(const unsigned char *c)
{
	size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;

	if (*c < ' ' || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static void text_clean(char *text)
{
	for (size_t length = 0; *text; text += length) {
		length = character_length((unsigned char *)text);
		if (length)
			continue;
		*text = '?';
		length = 1;
	}
}

void report_add(struct report *report, unsigned line, unsigned column, const char *format, ...)
{
	struct policy_error *error = NULL;
	va_list args;
	int length = 0;

	report->failed = true;
	if (report->count >= report->max)
		return;
	error = &report->errors[report->count++];
	error->line = line;
	error->column = column;
	va_start(args, format);
	length = vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	if (length < 0)
		error->message[0] = '\0';
	text_clean(error->message);
}

static int error_compare(const void *a, const void *b)
{
	const struct policy_error *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

void report_sort(struct report *report)
{
	if (report->count > 1)
		qsort(report->errors, report->count, sizeof(report->errors[0]), error_compare);
}
