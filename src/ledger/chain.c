// SPDX-License-Identifier: Apache-2.0
#include "ledger/chain.h"

#include <endian.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/cleanup.h"

DEFINE_CLEANUP(EVP_MD_CTX *, EVP_MD_CTX_free)

static int add_number(EVP_MD_CTX *context, uint64_t number)
{
	const uint64_t bytes = htobe64(number);

	return EVP_DigestUpdate(context, &bytes, sizeof(bytes));
}

static int add_text(EVP_MD_CTX *context, const char *text)
{
	const uint32_t size = text ? (uint32_t)strlen(text) : 0, bytes = htobe32(size);

	return EVP_DigestUpdate(context, &bytes, sizeof(bytes)) && (!size || EVP_DigestUpdate(context, text, size));
}

static int add_texts(EVP_MD_CTX *context, const char *const *texts, size_t count)
{
	int ok = 1;

	for (size_t i = 0; ok && i < count; i++)
		ok = add_text(context, texts[i]);
	return ok;
}

int chain_digest(const uint8_t before[static CHAIN_BYTES], const struct entry *entry,
		 uint8_t ret_digest[static CHAIN_BYTES])
{
	const char *const texts[] = { entry->violation, entry->waiver, entry->kind, entry->from,
				      entry->to,        entry->by,     entry->why };
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) &&
	    EVP_DigestUpdate(context, before, CHAIN_BYTES) && add_number(context, entry->seq) &&
	    add_number(context, (uint64_t)entry->time) && add_number(context, (uint64_t)entry->opened) &&
	    add_number(context, (uint64_t)entry->deadline) && add_texts(context, texts, ARRAY_SIZE(texts)) &&
	    EVP_DigestFinal_ex(context, ret_digest, NULL))
		return 0;
	return -ENOMEM;
}

static void hex(const uint8_t *bytes, size_t count, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		ret_text[2 * i] = digits[bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_text[2 * count] = '\0';
}

void chain_text(const uint8_t digest[static CHAIN_BYTES], char ret_text[static CHAIN_TEXT_SIZE])
{
	hex(digest, CHAIN_BYTES, ret_text);
}

int violation_id(const char *cluster, const char *workload, const char *rule, const char *subject, uint64_t generation,
		 char ret_id[static VIOLATION_ID_SIZE])
{
	const char *const texts[] = { cluster, workload, rule, subject };
	_cleanup_(EVP_MD_CTX_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t digest[CHAIN_BYTES];

	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL) ||
	    !add_texts(context, texts, ARRAY_SIZE(texts)) || (generation && !add_number(context, generation)) ||
	    !EVP_DigestFinal_ex(context, digest, NULL))
		return -ENOMEM;
	hex(digest, (VIOLATION_ID_SIZE - 1) / 2, ret_id);
	return 0;
}
