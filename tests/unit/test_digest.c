// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "digest/digest.h"

/* FIPS 180-2, appendices, and RFC 1321, A.5: of "abc". */
static const struct {
	enum digest_kind kind;
	const char *name, *hex;
} known[] = {
	{ DIGEST_MD5, "md5", "900150983cd24fb0d6963f7d28e17f72" },
	{ DIGEST_SHA1, "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ DIGEST_SHA224, "sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ DIGEST_SHA256, "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ DIGEST_SHA384, "sha384",
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
	{ DIGEST_SHA512, "sha512",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static int file_of(const void *bytes, size_t size)
{
	int fd = memfd_create("digest", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	return fd;
}

static void all_kinds(void **state)
{
	_cleanup_close_ int fd = file_of("xabcy", 5);
	enum digest_kind kinds[ARRAY_SIZE(known)];
	struct digest digests[ARRAY_SIZE(known)], expected;
	char text[DIGEST_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		kinds[i] = known[i].kind;
	assert_int_equal(digest_fd(fd, 1, 3, kinds, ARRAY_SIZE(known), digests), 0);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		size_t size = digest_size(known[i].kind);

		assert_string_equal(digest_name(known[i].kind), known[i].name);
		assert_int_equal(strlen(known[i].hex), 2 * size);
		assert_int_equal(digest_from_hex(known[i].kind, known[i].hex, 2 * size, &expected), 0);
		assert_true(digest_equal(&digests[i], &expected));
		assert_memory_equal(&digests[i], &expected, sizeof(expected));
		digest_text(&digests[i], text);
		assert_string_equal(text, known[i].hex);
	}
}

static void no_kind(void **state)
{
	static const int none[] = { DIGEST_NONE, DIGEST_KINDS, -1 };
	_cleanup_close_ int fd = file_of("abc", 3);
	struct digest digest = { .kind = DIGEST_NONE }, same = digest;
	char text[DIGEST_TEXT_MAX] = "x";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		enum digest_kind kind = (enum digest_kind)none[i];

		assert_int_equal(digest_size(kind), 0);
		assert_null(digest_name(kind));
		assert_int_equal(digest_from_hex(kind, "", 0, &digest), -EINVAL);
		assert_int_equal(digest_from_base64(kind, "", 0, &digest), -EINVAL);
		assert_int_equal(digest_fd(fd, 0, DIGEST_ALL, &kind, 1, &digest), -EINVAL);
	}
	assert_false(digest_equal(&digest, &same));
	digest_text(&digest, text);
	assert_string_equal(text, "");
}

static void equal(void **state)
{
	struct digest a = { DIGEST_MD5, { 1, 2 } }, b = a;

	(void)state;
	assert_true(digest_equal(&a, &b));
	b.kind = DIGEST_SHA1;
	assert_false(digest_equal(&a, &b));
	b = a;
	b.bytes[15] = 1;
	assert_false(digest_equal(&a, &b));
}

static void hex_rows(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		int expected;
	} rows[] = {
		{ "900150983cd24fb0d6963f7d28e17f72", 32, 0 },
		{ "900150983CD24FB0D6963F7D28E17F72", 32, 0 },
		{ "900150983cd24fb0d6963f7d28e17f72 more", 32, 0 },
		{ "900150983cd24fb0d6963f7d28e17f7", 31, -EINVAL },
		{ "900150983cd24fb0d6963f7d28e17f720", 33, -EINVAL },
		{ "900150983cd24fb0d6963f7d28e17f7g", 32, -EINVAL },
		{ " 00150983cd24fb0d6963f7d28e17f72", 32, -EINVAL },
		{ "900150983cd24fb0d6963f7d28e17f\0002", 32, -EINVAL },
		{ "", 0, -EINVAL },
	};
	struct digest expected, digest;

	(void)state;
	assert_int_equal(digest_from_hex(DIGEST_MD5, known[0].hex, 32, &expected), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		memset(&digest, 0x5a, sizeof(digest));
		assert_int_equal(digest_from_hex(DIGEST_MD5, rows[i].text, rows[i].length, &digest), rows[i].expected);
		if (rows[i].expected == 0)
			assert_memory_equal(&digest, &expected, sizeof(digest));
		else
			assert_int_equal(digest.bytes[0], 0x5a);
	}
}

static void base64_rows(void **state)
{
	static const struct {
		enum digest_kind kind;
		const char *text, *hex; /* NULL: refused */
	} rows[] = {
		{ DIGEST_SHA1, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J0=", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J0", "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ DIGEST_MD5, "/////////////////////w==", "ffffffffffffffffffffffffffffffff" },
		{ DIGEST_MD5, "_____________________w", "ffffffffffffffffffffffffffffffff" },
		{ DIGEST_MD5, "AAAAAAAAAAAAAAAAAAAAAA", "00000000000000000000000000000000" },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J1", NULL }, /* bits beyond the last byte */
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J0==", NULL },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J", NULL },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J0A", NULL },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2=0=", NULL },
		{ DIGEST_SHA1, "qZk-NkcGgWq6PiVxeFDCbJzQ2 0=", NULL },
		{ DIGEST_MD5, "AAAAAAAAAAAAAAAAAAAAAA=", NULL },
		{ DIGEST_MD5, "AAAAAAAAAAAAAAAAAAAAAAA=", NULL },
		{ DIGEST_MD5, "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct digest digest, expected;
		int r = digest_from_base64(rows[i].kind, rows[i].text, strlen(rows[i].text), &digest);

		assert_int_equal(r, rows[i].hex ? 0 : -EINVAL);
		if (!rows[i].hex)
			continue;
		assert_int_equal(digest_from_hex(rows[i].kind, rows[i].hex, strlen(rows[i].hex), &expected), 0);
		assert_memory_equal(&digest, &expected, sizeof(digest));
	}
}

static void parts(void **state)
{
	static uint8_t bytes[300000];
	static const struct {
		uint64_t offset, size;
		int expected;
	} rows[] = {
		{ 0, DIGEST_ALL, 0 },           { 0, sizeof(bytes), 0 },    { 0, sizeof(bytes) + 1, -ENODATA },
		{ 1, sizeof(bytes), -ENODATA }, { UINT64_MAX, 1, -EINVAL }, { 1, INT64_MAX, -ENODATA },
	};
	const enum digest_kind kind = DIGEST_MD5;
	_cleanup_close_ int fd = file_of(bytes, sizeof(bytes));
	struct digest digest, expected;

	(void)state;
	/* head -c 300000 /dev/zero | md5sum */
	assert_int_equal(digest_from_hex(kind, "4a21de7a58fb8ecb9a1b1f08a3068269", 32, &expected), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(digest_fd(fd, rows[i].offset, rows[i].size, &kind, 1, &digest), rows[i].expected);
		if (rows[i].expected == 0)
			assert_true(digest_equal(&digest, &expected));
	}
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	assert_int_equal(digest_fd(-EBADF, 0, DIGEST_ALL, &kind, 1, &digest), -EBADF);
}

static void prepared(void **state)
{
	_cleanup_close_ int fd = file_of("abc", 3);
	const enum digest_kind kind = DIGEST_MD5;
	struct digest digest, expected;

	(void)state;
	assert_int_equal(digest_prepare(), 0);
	assert_int_equal(digest_fd(fd, 0, DIGEST_ALL, &kind, 1, &digest), 0);
	assert_int_equal(digest_from_hex(kind, known[0].hex, 32, &expected), 0);
	assert_true(digest_equal(&digest, &expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prepared),    cmocka_unit_test(all_kinds), cmocka_unit_test(no_kind),
		cmocka_unit_test(equal),       cmocka_unit_test(hex_rows),  cmocka_unit_test(parts),
		cmocka_unit_test(base64_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
