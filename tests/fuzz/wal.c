// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/wal.c
/*
 * Any bytes as a log, the first 32 of them and a page as its database: which stays within its bound, and is of whole
 * pages where it was changed. The checksums are made to fit, so that what lies behind them is reached.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "inventory/wal.h"
#include "fuzz.h"

#define DATABASE 1024
#define MAX      (1u << 20)

static uint32_t number_at(const uint8_t *bytes, bool big_endian)
{
	uint32_t number = 0;

	for (size_t i = 0; i < 4; i++)
		number = number << 8 | bytes[big_endian ? i : 3 - i];
	return number;
}

static void sums_put(uint8_t *at, const uint32_t *sums)
{
	for (size_t i = 0; i < 8; i++)
		at[i] = (uint8_t)(sums[i / 4] >> (24 - 8 * (i % 4)));
}

static void sums_add(uint32_t *sums, const uint8_t *bytes, size_t size, bool big_endian)
{
	for (size_t i = 0; i + 8 <= size; i += 8) {
		sums[0] += number_at(bytes + i, big_endian) + sums[1];
		sums[1] += number_at(bytes + i + 4, big_endian) + sums[0];
	}
}

static void checksums_fit(uint8_t *log, size_t size)
{
	const bool big_endian = log[3] & 1;
	const size_t page = number_at(log + 8, true);
	uint32_t sums[2] = { 0, 0 };

	sums_add(sums, log, 24, big_endian);
	sums_put(log + 24, sums);
	for (size_t at = 32; page < MAX && at + 24 + page <= size; at += 24 + page) {
		sums_add(sums, log + at, 8, big_endian);
		sums_add(sums, log + at + 24, page, big_endian);
		sums_put(log + at + 16, sums);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t database_size = size % 2 ? 0 : DATABASE;
	uint8_t *database = calloc(1, DATABASE), *log = malloc(size + 32);
	int r;

	must(database && log);
	memset(log, 0, 32);
	memcpy(log, data, size);
	memcpy(database, log, 32);
	if (size >= 32)
		checksums_fit(log, size);
	r = wal_apply(log, size, MAX, &database, &database_size);
	must(r == 0 || r == -EBADMSG || r == -EFBIG || r == -ENOMEM);
	must(database_size <= MAX && database_size % 512 == 0);
	for (size_t i = 0; i < database_size; i++)
		log[0] ^= database[i];
	free(database);
	free(log);
	return 0;
}
