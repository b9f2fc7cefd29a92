// SPDX-License-Identifier: Apache-2.0
#include "output/writer.h"

#include "output/escape.h"

static void writer_separate(struct json_writer *writer)
{
	if (writer->comma)
		buffer_byte(writer->out, ',');
	writer->comma = true;
}

void writer_open(struct json_writer *writer, char bracket)
{
	writer_separate(writer);
	buffer_byte(writer->out, bracket);
	writer->comma = false;
}

void writer_close(struct json_writer *writer, char bracket)
{
	buffer_byte(writer->out, bracket);
	writer->comma = true;
}

void writer_begin(struct json_writer *writer, struct buffer *out)
{
	*writer = (struct json_writer){ .out = out };
	writer_open(writer, '{');
}

void writer_end(struct json_writer *writer)
{
	for (const char *c = writer->path; *c; c++)
		if (*c == '.')
			writer_close(writer, '}');
	writer_close(writer, '}');
}

void writer_key(struct json_writer *writer, const char *key, size_t size)
{
	struct buffer *out = writer->out;
	char *at;

	writer_separate(writer);
	writer->comma = false;
	if (!buffer_room(out, size + 3))
		return;
	at = out->data + out->size;
	at[0] = '"';
	memcpy(at + 1, key, size);
	at[size + 1] = '"';
	at[size + 2] = ':';
	out->size += size + 3;
}

/* How much of the new path is open already: up to and with the last dot that both share. */
static size_t path_shared(const char *open, const char *path)
{
	size_t shared = 0;

	for (size_t i = 0; open[i] && open[i] == path[i]; i++)
		if (open[i] == '.')
			shared = i + 1;
	return shared;
}

void writer_at(struct json_writer *writer, const char *path)
{
	size_t shared = path_shared(writer->path, path);
	const char *dot;

	for (const char *c = writer->path + shared; *c; c++)
		if (*c == '.')
			writer_close(writer, '}');
	memcpy(writer->path + shared, path + shared, strlen(path + shared) + 1);
	for (path += shared; (dot = strchr(path, '.')); path = dot + 1) {
		writer_key(writer, path, dot - path);
		writer_open(writer, '{');
	}
	writer_key(writer, path, strlen(path));
}

/* \uNNNN, as a pair of surrogates above U+FFFF (RFC 8259, 7). */
static void put_escaped(struct buffer *out, uint32_t code)
{
	if (code == '"' || code == '\\') {
		buffer_byte(out, '\\');
		buffer_byte(out, code);
		return;
	}
	if (code > 0xffff) {
		put_escaped(out, 0xd800 + ((code - 0x10000) >> 10));
		code = 0xdc00 + ((code - 0x10000) & 0x3ff);
	}
	buffer_append(out, "\\u", 2);
	buffer_hex(out, code, 4);
}

/* How many bytes from here on go out as they are without a closer look. */
static size_t plain_run(const char *text, size_t size)
{
	static const bool special[256] = {
		[0 ... ' ' - 1] = true, ['"'] = true, ['\\'] = true, [0x7f ... 0xff] = true
	};
	size_t run = 0;

	while (run < size && !special[(unsigned char)text[run]])
		run++;
	return run;
}

bool writer_string(struct json_writer *writer, const char *text, size_t size)
{
	struct buffer *out = writer->out;
	bool whole = true;

	writer_separate(writer);
	buffer_byte(out, '"');
	for (;;) {
		size_t run = plain_run(text, size), length;
		uint32_t code = 0;

		buffer_append(out, text, run);
		text += run;
		size -= run;
		if (size == 0)
			break;
		length = utf8_decode(text, size, &code);
		if (length == 0) {
			buffer_append(out, "\xef\xbf\xbd", 3);
			whole = false;
			length = 1;
		} else if (code == '"' || code == '\\' || code_is_unsafe(code)) {
			put_escaped(out, code);
		} else {
			buffer_append(out, text, length);
		}
		text += length;
		size -= length;
	}
	buffer_byte(out, '"');
	return whole;
}

void writer_number(struct json_writer *writer, uint64_t value)
{
	writer_separate(writer);
	buffer_unsigned(writer->out, value);
}

void writer_id(struct json_writer *writer, uint64_t value)
{
	writer_separate(writer);
	buffer_byte(writer->out, '"');
	buffer_unsigned(writer->out, value);
	buffer_byte(writer->out, '"');
}

void writer_hex(struct json_writer *writer, uint64_t value, int digits)
{
	writer_separate(writer);
	buffer_byte(writer->out, '"');
	buffer_hex(writer->out, value, digits);
	buffer_byte(writer->out, '"');
}

void writer_bool(struct json_writer *writer, bool value)
{
	writer_separate(writer);
	buffer_string(writer->out, value ? "true" : "false");
}

void writer_base64(struct json_writer *writer, const void *data, size_t size)
{
	writer_separate(writer);
	buffer_byte(writer->out, '"');
	buffer_base64(writer->out, data, size);
	buffer_byte(writer->out, '"');
}

void writer_element_begin(struct json_writer *array, struct json_writer *ret_element)
{
	writer_open(array, '{');
	*ret_element = (struct json_writer){ .out = array->out };
}

void writer_element_end(struct json_writer *array, struct json_writer *element)
{
	writer_end(element);
	array->comma = true;
}

bool writer_field(struct json_writer *writer, const char *path, const char *text)
{
	if (!text || !*text)
		return true;
	writer_at(writer, path);
	return writer_string(writer, text, strlen(text));
}
