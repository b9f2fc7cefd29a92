/* SPDX-License-Identifier: Apache-2.0 */
/* What the harnesses share. */
#ifndef PLM_FUZZ_FUZZ_H
#define PLM_FUZZ_FUZZ_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process where it is not so: a finding. */
static inline void must(bool condition)
{
	if (!condition)
		abort();
}

/* What is written to a file is bounded: beyond that it is an error, not a signal. 0 or -1. */
static inline int files_limit(void)
{
	const struct rlimit limit = { 64 << 20, 64 << 20 };

	(void)signal(SIGXFSZ, SIG_IGN);
	return setrlimit(RLIMIT_FSIZE, &limit);
}

/* What is behind the first byte, with a NUL; malloc'd. NULL: there is no first byte. */
static inline char *text_of(const uint8_t *data, size_t size)
{
	char *text = size > 0 ? malloc(size) : NULL;

	must(size == 0 || text);
	if (!text)
		return NULL;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	return text;
}

#endif
