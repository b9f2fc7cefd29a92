// SPDX-License-Identifier: Apache-2.0
#include "output/escape.h"

#include "base/cleanup.h"

size_t utf8_decode(const char *text, size_t size, uint32_t *ret_code)
{
	/* By length: the lead byte's mark and its payload, and the least code that needs the length. */
	static const struct {
		uint8_t mask, mark;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	const unsigned char *byte = (const unsigned char *)text;
	uint32_t code;

	for (size_t length = 1; length <= ARRAY_SIZE(forms) && length <= size; length++) {
		if ((byte[0] & forms[length - 1].mask) != forms[length - 1].mark)
			continue;
		code = byte[0] & ~forms[length - 1].mask & 0xff;
		for (size_t i = 1; i < length; i++) {
			if ((byte[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (byte[i] & 0x3f);
		}
		if (code < forms[length - 1].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return 0;
		*ret_code = code;
		return length;
	}
	return 0;
}

bool code_is_unsafe(uint32_t code)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0xad, 0xad },       { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges) && code >= ranges[i].from; i++)
		if (code <= ranges[i].to)
			return true;
	return false;
}

static void escape_byte(struct buffer *buffer, unsigned char byte)
{
	static const char shorts[256] = { ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\\'] = '\\' };

	buffer_byte(buffer, '\\');
	if (shorts[byte]) {
		buffer_byte(buffer, shorts[byte]);
		return;
	}
	buffer_byte(buffer, 'x');
	buffer_hex(buffer, byte, 2);
}

static void escape_code(struct buffer *buffer, uint32_t code)
{
	buffer_string(buffer, "\\u{");
	buffer_hex(buffer, code, 4);
	buffer_byte(buffer, '}');
}

void escape_append(struct buffer *buffer, const char *text, enum escape_mode mode)
{
	size_t size = strlen(text), length;

	for (; size > 0; text += length, size -= length) {
		uint32_t code = 0;

		length = utf8_decode(text, size, &code);
		if (length == 0 || code == '\\' || (mode == ESCAPE_WORD && code == ' ')) {
			length = 1;
			escape_byte(buffer, *text);
		} else if (!code_is_unsafe(code)) {
			buffer_append(buffer, text, length);
		} else if (length == 1) {
			escape_byte(buffer, *text);
		} else {
			escape_code(buffer, code);
		}
	}
}
