// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/escape.h"

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t size, length;
		uint32_t code;
	} rows[] = {
		{ "a", 1, 1, 'a' },
		{ "\xc3\xa9", 2, 2, 0xe9 },
		{ "\xe2\x82\xac", 3, 3, 0x20ac },
		{ "\xf0\x9f\x9a\xa2", 4, 4, 0x1f6a2 },
		{ "\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff },
		{ "", 0, 0, 0 },
		{ "\xff", 1, 0, 0 },
		{ "\x80", 1, 0, 0 },     /* a continuation alone */
		{ "\xc3", 1, 0, 0 },     /* cut */
		{ "\xe2\x82", 2, 0, 0 }, /* cut */
		{ "\xe2\x82g", 3, 0, 0 },
		{ "\xc0\xaf", 2, 0, 0 },             /* "/" in two bytes */
		{ "\xe0\x80\xaf", 3, 0, 0 },         /* in three */
		{ "\xf0\x80\x80\xaf", 4, 0, 0 },     /* in four */
		{ "\xed\xa0\x80", 3, 0, 0 },         /* a surrogate */
		{ "\xf4\x90\x80\x80", 4, 0, 0 },     /* above U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", 5, 0, 0 }, /* five bytes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t code = 0;

		assert_int_equal(utf8_decode(rows[i].text, rows[i].size, &code), rows[i].length);
		assert_int_equal(code, rows[i].code);
	}
}

static void test_unsafe(void **state)
{
	static const struct {
		uint32_t code;
		bool unsafe;
	} rows[] = {
		{ 0x00, true },   { '\n', true },     { 0x1b, true },    { 0x1f, true },      { ' ', false },
		{ '~', false },   { 0x7f, true },     { 0x9b, true },    { 0xa0, false },     { 0xe9, false },
		{ 0x61c, true },  { 0x200e, true },   { 0x2027, false }, { 0x2028, true },    { 0x202a, true },
		{ 0x202e, true }, { 0x202f, false },  { 0x2066, true },  { 0x2069, true },    { 0x2070, false },
		{ 0xfeff, true }, { 0x1f6a2, false }, { 0xe0041, true }, { 0x10ffff, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(code_is_unsafe(rows[i].code), rows[i].unsafe);
}

static void test_escape(void **state)
{
	static const struct {
		const char *text, *sentence, *word;
	} rows[] = {
		{ "", "", "" },
		{ "/usr/bin/id", "/usr/bin/id", "/usr/bin/id" },
		{ "a b", "a b", "a\\x20b" },
		{ "caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a\nCRITICAL forged", "a\\nCRITICAL forged", "a\\nCRITICAL\\x20forged" },
		{ "a\r\t\a", "a\\r\\t\\x07", "a\\r\\t\\x07" },
		{ "\x1b[2J\x1b]0;t\a", "\\x1b[2J\\x1b]0;t\\x07", "\\x1b[2J\\x1b]0;t\\x07" },
		{ "\x7f", "\\x7f", "\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		  "\\u{009b}31m", "\\u{009b}31m" }, /* CSI in one character */
		{ "\x9b"
		  "31m",
		  "\\x9b31m", "\\x9b31m" },
		{ "\xff\xfe", "\\xff\\xfe", "\\xff\\xfe" },
		{ "\xe2\x80\xae"
		  "cod.exe",
		  "\\u{202e}cod.exe", "\\u{202e}cod.exe" },
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}", "\\u{2066}x\\u{2069}" },
		{ "\xf3\xa0\x81\x81", "\\u{e0041}", "\\u{e0041}" },
		{ "\\x1b", "\\\\x1b", "\\\\x1b" }, /* not to be taken for an escape */
		{ "\xe2\x82", "\\xe2\\x82", "\\xe2\\x82" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };

		escape_append(&out, rows[i].text, ESCAPE_TEXT);
		buffer_byte(&out, '\0');
		escape_append(&out, rows[i].text, ESCAPE_WORD);
		buffer_byte(&out, '\0');
		assert_int_equal(out.error, 0);
		assert_string_equal(out.data, rows[i].sentence);
		assert_string_equal(out.data + strlen(rows[i].sentence) + 1, rows[i].word);
	}
}

/* Whatever comes in, what goes out is valid UTF-8 without anything unsafe. */
static void test_escape_any(void **state)
{
	uint32_t random = 12345;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		_cleanup_buffer_ struct buffer out = { 0 };
		char text[33] = "";
		size_t length;

		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = (random >> 24) % 255 + 1;
		}
		escape_append(&out, text, ESCAPE_WORD);
		for (size_t at = 0; at < out.size; at += length) {
			uint32_t code = ' ';

			length = utf8_decode(out.data + at, out.size - at, &code);
			assert_true(length > 0 && code != ' ' && !code_is_unsafe(code));
		}
	}
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *expected;
	} rows[] = {
		/* RFC 4648, 10 */
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xff\xff\xff\xfe", "/////g==" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_buffer_ struct buffer out = { 0 };

		buffer_base64(&out, rows[i].text, strlen(rows[i].text));
		buffer_byte(&out, '\0');
		assert_string_equal(out.data, rows[i].expected);
	}
}

static void test_buffer_limit(void **state)
{
	_cleanup_buffer_ struct buffer out = { .limit = 10 };

	(void)state;
	buffer_string(&out, "12345678");
	buffer_string(&out, "abc"); /* does not fit: nothing of it */
	assert_int_equal(out.error, -EMSGSIZE);
	buffer_string(&out, "9"); /* would, but the error stays */
	assert_int_equal(out.size, 8);
	buffer_rewind(&out, 7);
	buffer_string(&out, "89a");
	assert_int_equal(out.error, 0);
	assert_memory_equal(out.data, "123456789a", 10);
	buffer_consume(&out, 9);
	assert_int_equal(out.size, 1);
	assert_int_equal(out.data[0], 'a');
}

static void test_buffer_numbers(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };

	(void)state;
	buffer_unsigned(&out, 0);
	buffer_byte(&out, ' ');
	buffer_unsigned(&out, UINT64_MAX);
	buffer_byte(&out, ' ');
	buffer_hex(&out, 0, 1);
	buffer_byte(&out, ' ');
	buffer_hex(&out, 0xab, 4);
	buffer_byte(&out, ' ');
	buffer_hex(&out, UINT64_MAX, 1);
	buffer_byte(&out, '\0');
	assert_string_equal(out.data, "0 18446744073709551615 0 00ab ffffffffffffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utf8),           cmocka_unit_test(test_unsafe),
		cmocka_unit_test(test_escape),         cmocka_unit_test(test_escape_any),
		cmocka_unit_test(test_base64),         cmocka_unit_test(test_buffer_limit),
		cmocka_unit_test(test_buffer_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
