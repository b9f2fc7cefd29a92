// SPDX-License-Identifier: Apache-2.0
#include "image/contents.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 32768

static ssize_t read_full(int fd, char *block, uint64_t at)
{
	size_t got = 0;

	while (got < BLOCK) {
		ssize_t n = pread(fd, block + got, BLOCK - got, (off_t)(at + got));

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int contents_compare(struct contents *contents, uint64_t bytes)
{
	char block_a[BLOCK], block_b[BLOCK];
	uint64_t end = contents->at + bytes;

	while (contents->at < end) {
		ssize_t a = read_full(contents->a, block_a, contents->at);
		ssize_t b = read_full(contents->b, block_b, contents->at);

		if (a < 0 || b < 0)
			return (int)(a < 0 ? a : b);
		if (a != b || memcmp(block_a, block_b, (size_t)a) != 0)
			return CONTENTS_DIFFER;
		contents->at += (uint64_t)a;
		if (a < BLOCK)
			return CONTENTS_SAME;
	}
	return CONTENTS_MORE;
}
