// SPDX-License-Identifier: Apache-2.0
#include "compliance/sheet.h"

#include <stdarg.h>
#include <string.h>

#include "compliance/internal.h"
#include "output/escape.h"

#define PASS_SIZE  65536
#define PAGE_LIMIT (64u << 20) /* between two passes: above one violation with all that is shown of it */

/* C passes a va_list by reference only within a structure. */
struct arguments {
	va_list list;
};

static const char *entity_of(char c)
{
	static const char *const entities[128] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
	};

	return (unsigned char)c < ARRAY_SIZE(entities) ? entities[(unsigned char)c] : NULL;
}

static void put_text(struct buffer *out, struct arguments *arguments)
{
	_cleanup_buffer_ struct buffer safe = { 0 };
	const char *text = va_arg(arguments->list, const char *);

	escape_append(&safe, text ?: "", ESCAPE_TEXT);
	for (size_t i = 0; i < safe.size; i++) {
		const char *entity = entity_of(safe.data[i]);

		if (entity)
			buffer_string(out, entity);
		else
			buffer_byte(out, safe.data[i]);
	}
	if (safe.error)
		buffer_string(out, "&#8230;");
}

static void put_size(struct buffer *out, struct arguments *arguments)
{
	buffer_unsigned(out, va_arg(arguments->list, size_t));
}

static void put_number(struct buffer *out, struct arguments *arguments)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%.2f", va_arg(arguments->list, double));
	buffer_string(out, text);
}

static void put_percent(struct buffer *out, struct arguments *arguments)
{
	(void)arguments;
	buffer_byte(out, '%');
}

static const struct {
	const char *sign;
	void (*put)(struct buffer *out, struct arguments *arguments);
} directives[] = { { "%s", put_text }, { "%zu", put_size }, { "%.2f", put_number }, { "%%", put_percent } };

/* Bytes of the directive that was put. */
static size_t directive_put(struct buffer *out, const char *at, struct arguments *arguments)
{
	for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
		size_t size = strlen(directives[i].sign);

		if (strncmp(at, directives[i].sign, size) != 0)
			continue;
		directives[i].put(out, arguments);
		return size;
	}
	return 1;
}

void sheet_put(struct sheet *sheet, const char *format, ...)
{
	struct arguments arguments;

	va_start(arguments.list, format);
	while (*format) {
		size_t plain = strcspn(format, "%");

		buffer_append(&sheet->buffer, format, plain);
		format += plain;
		if (*format)
			format += directive_put(&sheet->buffer, format, &arguments);
	}
	va_end(arguments.list);
}

void sheet_raw(struct sheet *sheet, const char *html)
{
	buffer_string(&sheet->buffer, html);
}

static void pass(struct sheet *sheet)
{
	if (sheet->buffer.error)
		return;
	(void)fwrite(sheet->buffer.data, 1, sheet->buffer.size, sheet->out);
	buffer_rewind(&sheet->buffer, 0);
}

void sheet_pass(struct sheet *sheet)
{
	sheet->buffer.limit = PAGE_LIMIT;
	if (sheet->buffer.size >= PASS_SIZE)
		pass(sheet);
}

int sheet_end(struct sheet *sheet)
{
	pass(sheet);
	return sheet->buffer.error;
}

void sheet_clear(struct sheet *sheet)
{
	buffer_clear(&sheet->buffer);
}

void sheet_time(struct sheet *sheet, int64_t moment)
{
	char date[DATE_TEXT_SIZE];

	date_text(moment, date);
	if (!*date) {
		sheet_raw(sheet, "&#8211;");
		return;
	}
	sheet_put(sheet, "<time datetime=\"");
	buffer_append(&sheet->buffer, date, 10);
	buffer_byte(&sheet->buffer, 'T');
	buffer_append(&sheet->buffer, date + 11, 5);
	sheet_put(sheet, "Z\">");
	buffer_append(&sheet->buffer, date, strlen(date) - strlen(" UTC"));
	sheet_put(sheet, "</time>");
}
