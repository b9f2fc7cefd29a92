// SPDX-License-Identifier: Apache-2.0
#include "digest/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define CHUNK (128 * 1024)

static const struct {
	const char *name;
	size_t size;
	const EVP_MD *(*md)(void);
} kinds[DIGEST_KINDS] = {
	[DIGEST_MD5] = { "md5", 16, EVP_md5 },          [DIGEST_SHA1] = { "sha1", 20, EVP_sha1 },
	[DIGEST_SHA224] = { "sha224", 28, EVP_sha224 }, [DIGEST_SHA256] = { "sha256", 32, EVP_sha256 },
	[DIGEST_SHA384] = { "sha384", 48, EVP_sha384 }, [DIGEST_SHA512] = { "sha512", 64, EVP_sha512 },
};

static bool is_kind(enum digest_kind kind)
{
	return (unsigned)kind < DIGEST_KINDS && kinds[kind].name;
}

size_t digest_size(enum digest_kind kind)
{
	return is_kind(kind) ? kinds[kind].size : 0;
}

const char *digest_name(enum digest_kind kind)
{
	return is_kind(kind) ? kinds[kind].name : NULL;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return is_kind(a->kind) && a->kind == b->kind && memcmp(a->bytes, b->bytes, kinds[a->kind].size) == 0;
}

void digest_text(const struct digest *digest, char ret_text[static DIGEST_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	size_t size = digest_size(digest->kind);

	for (size_t i = 0; i < size; i++) {
		ret_text[2 * i] = digits[digest->bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[digest->bytes[i] & 15];
	}
	ret_text[2 * size] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_from_hex(enum digest_kind kind, const char *text, size_t length, struct digest *ret_digest)
{
	struct digest digest = { .kind = kind };

	if (!is_kind(kind) || length != 2 * kinds[kind].size)
		return -EINVAL;
	for (size_t i = 0; i < length; i += 2) {
		int high = hex_value(text[i]), low = hex_value(text[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		digest.bytes[i / 2] = (uint8_t)(high << 4 | low);
	}
	*ret_digest = digest;
	return 0;
}

/* RFC 4648, both alphabets. */
static int base64_value(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at;

	c = c == '-' ? '+' : c == '_' ? '/' : c;
	at = c ? strchr(letters, c) : NULL;
	return at ? (int)(at - letters) : -1;
}

int digest_from_base64(enum digest_kind kind, const char *text, size_t length, struct digest *ret_digest)
{
	struct digest digest = { .kind = kind };
	size_t size = 0, have = 0, digits = (digest_size(kind) * 8 + 5) / 6;
	uint32_t bits = 0;

	if (!is_kind(kind) || (length != digits && length != (digits + 3) / 4 * 4))
		return -EINVAL;
	for (size_t i = digits; i < length; i++)
		if (text[i] != '=')
			return -EINVAL;
	for (size_t i = 0; i < digits; i++) {
		int value = base64_value(text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			digest.bytes[size++] = (uint8_t)(bits >> have);
		}
	}
	if (bits & ((1u << have) - 1))
		return -EINVAL;
	*ret_digest = digest;
	return 0;
}

/* ---- of a file ---- */

int digest_prepare(void)
{
	uint8_t bytes[DIGEST_BYTES_MAX];

	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		return -ENOMEM;
	for (size_t i = 0; i < DIGEST_KINDS; i++)
		if (kinds[i].md && !EVP_Digest("", 0, bytes, NULL, kinds[i].md(), NULL))
			return -ENOMEM;
	return 0;
}

static void context_freep(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

struct sums {
	EVP_MD_CTX *contexts[DIGEST_KINDS];
	size_t count;
};

static void sums_clear(struct sums *sums)
{
	for (size_t i = 0; i < sums->count; i++)
		context_freep(&sums->contexts[i]);
}

static int sums_begin(struct sums *sums, const enum digest_kind *wanted, size_t count)
{
	if (count > DIGEST_KINDS)
		return -EINVAL;
	for (; sums->count < count; sums->count++) {
		if (!is_kind(wanted[sums->count]))
			return -EINVAL;
		sums->contexts[sums->count] = EVP_MD_CTX_new();
		if (!sums->contexts[sums->count])
			return -ENOMEM;
		if (!EVP_DigestInit_ex(sums->contexts[sums->count], kinds[wanted[sums->count]].md(), NULL)) {
			sums->count++;
			return -EINVAL; /* a libcrypto that refuses that digest */
		}
	}
	return 0;
}

static int sums_read(struct sums *sums, int fd, uint64_t offset, uint64_t size)
{
	_cleanup_free_ char *chunk = malloc(CHUNK);
	uint64_t left = size;

	if (!chunk)
		return -ENOMEM;
	while (left > 0) {
		ssize_t n = pread(fd, chunk, left < CHUNK ? (size_t)left : CHUNK, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return size == DIGEST_ALL ? 0 : -ENODATA;
		for (size_t i = 0; i < sums->count; i++)
			if (!EVP_DigestUpdate(sums->contexts[i], chunk, (size_t)n))
				return -ENOMEM;
		offset += (uint64_t)n;
		left -= (uint64_t)n;
	}
	return 0;
}

int digest_fd(int fd, uint64_t offset, uint64_t size, const enum digest_kind *wanted, size_t count,
	      struct digest *ret_digests)
{
	_cleanup_(sums_clear) struct sums sums = { 0 };
	struct digest digests[DIGEST_KINDS] = { 0 };
	int r = sums_begin(&sums, wanted, count);

	if (r == 0)
		r = sums_read(&sums, fd, offset, size);
	for (size_t i = 0; r == 0 && i < count; i++) {
		digests[i].kind = wanted[i];
		if (!EVP_DigestFinal_ex(sums.contexts[i], digests[i].bytes, NULL))
			r = -ENOMEM;
	}
	if (r == 0)
		memcpy(ret_digests, digests, count * sizeof(*digests));
	return r;
}
