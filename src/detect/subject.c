// SPDX-License-Identifier: Apache-2.0
#include "detect/subject.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#define HASH_TAIL 18 /* "~", 16 digits, NUL */

/* FNV-1a, 64 bits: draft-eastlake-fnv. */
uint64_t subject_hash_more(uint64_t hash, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (hash == 0)
		hash = 0xcbf29ce484222325ull;
	do {
		hash = (hash ^ *p) * 0x100000001b3ull;
	} while (*p++);
	return hash;
}

uint64_t subject_hash(const char *text)
{
	return subject_hash_more(0, text);
}

void subject_format(char *ret_subject, size_t size, const char *format, ...)
{
	char whole[PATH_MAX + 256];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(whole, sizeof(whole), format, args);
	va_end(args);
	if (length >= 0 && (size_t)length < size) {
		(void)snprintf(ret_subject, size, "%s", whole);
		return;
	}
	(void)snprintf(ret_subject, size, "%.*s~%016llx", (int)(size - HASH_TAIL), whole,
		       (unsigned long long)subject_hash(whole));
}
