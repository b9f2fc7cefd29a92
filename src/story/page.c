// SPDX-License-Identifier: Apache-2.0
#include "story/page.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "output/cell.h"

static const char *const styles[] = {
	[PAGE_PLAIN] = "",         [PAGE_DIM] = "\033[2m",     [PAGE_BOLD] = "\033[1m",
	[PAGE_RED] = "\033[1;31m", [PAGE_YELLOW] = "\033[33m", [PAGE_CYAN] = "\033[36m",
};
#define PLAIN "\033[0m"

void page_clear(struct page *page)
{
	buffer_clear(&page->line);
}

size_t page_width(int fd)
{
	struct winsize size = { 0 };

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return 0;
	return size.ws_col < PAGE_NARROW ? PAGE_NARROW : size.ws_col;
}

static void fill(struct page *page, size_t count)
{
	while (count-- > 0)
		buffer_byte(&page->line, ' ');
}

void page_begin(struct page *page, size_t indent, size_t margin, enum page_style style)
{
	buffer_rewind(&page->line, 0);
	page->margin = margin;
	page->style = style;
	fill(page, indent);
}

void page_put(struct page *page, const char *text)
{
	buffer_string(&page->line, text);
}

void page_name(struct page *page, const char *text)
{
	if (text)
		escape_append(&page->line, text, ESCAPE_TEXT);
}

void page_word(struct page *page, const char *text)
{
	if (text)
		escape_append(&page->line, text, ESCAPE_WORD);
}

void page_to(struct page *page, size_t column)
{
	size_t at = page->line.size ? cell_width(page->line.data, page->line.size) : 0;

	fill(page, at < column ? column - at : 1);
}

static bool begins_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

/* How many bytes of `text` go into `room` characters: up to a space where there is one behind `indent`. */
static size_t piece(const char *text, size_t size, size_t room, size_t indent)
{
	size_t characters = 0, at = 0, space = 0;

	for (; at < size; at++) {
		if (begins_character(text[at]) && characters++ == room)
			break;
		if (text[at] == ' ' && at >= indent)
			space = at;
	}
	if (at == size || !space || text[at] == ' ')
		return at;
	return space;
}

static void print(struct page *page, const char *text, size_t size, size_t margin)
{
	const char *style = page->colour ? styles[page->style] : "";

	while (size > 0 && text[size - 1] == ' ')
		size--;
	(void)fprintf(page->out, "%*s%s%.*s%s\n", (int)margin, "", style, (int)size, text, *style ? PLAIN : "");
}

void page_end(struct page *page)
{
	const char *text = page->line.data;
	size_t size = page->line.size, margin = 0, indent = 0, length;

	if (page->line.error) { /* it was too long, or there is no memory: what there is of it */
		buffer_rewind(&page->line, page->line.size);
		buffer_string(&page->line, "...");
		text = page->line.data;
		size = page->line.size;
	}
	if (size == 0)
		return;
	while (indent < size && text[indent] == ' ')
		indent++;
	while (size > 0) {
		length = page->width ? piece(text, size, page->width - margin, indent) : size;
		print(page, text, length, margin);
		text += length;
		size -= length;
		for (; size > 0 && *text == ' '; size--)
			text++;
		margin = page->margin < page->width / 2 ? page->margin : page->width / 2;
		indent = 0;
	}
}

void page_space(struct page *page)
{
	(void)fputc('\n', page->out);
}
