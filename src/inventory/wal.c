// SPDX-License-Identifier: Apache-2.0
#include "inventory/wal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC      0x377f0682 /* the last bit: checksums are of big-endian numbers */
#define VERSION    3007000
#define FRAME_SIZE 24 /* before each page */

#define PAGE_SIZE_AT  16 /* in the database */
#define PAGE_SIZE_MIN 512
#define PAGE_SIZE_MAX 65536

struct wal {
	const uint8_t *bytes;
	size_t size, page_size;
	bool big_endian;
	uint32_t sums[2];
};

static uint32_t big32(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint32_t little32(const uint8_t *bytes)
{
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 | bytes[0];
}

/* `size` is a multiple of 8. */
static void sums_add(struct wal *wal, const uint8_t *bytes, size_t size)
{
	uint32_t (*number)(const uint8_t *bytes) = wal->big_endian ? big32 : little32;

	for (size_t i = 0; i < size; i += 8) {
		wal->sums[0] += number(bytes + i) + wal->sums[1];
		wal->sums[1] += number(bytes + i + 4) + wal->sums[0];
	}
}

static bool sums_are(const struct wal *wal, const uint8_t *bytes)
{
	return wal->sums[0] == big32(bytes) && wal->sums[1] == big32(bytes + 4);
}

static bool wal_open(const uint8_t *bytes, size_t size, struct wal *ret_wal)
{
	struct wal wal = { .bytes = bytes, .size = size };

	if (size < WAL_HEAD_SIZE || (big32(bytes) & ~1u) != MAGIC || big32(bytes + 4) != VERSION)
		return false;
	wal.big_endian = big32(bytes) & 1;
	wal.page_size = big32(bytes + 8);
	if (wal.page_size < PAGE_SIZE_MIN || wal.page_size > PAGE_SIZE_MAX || (wal.page_size & (wal.page_size - 1)))
		return false;
	sums_add(&wal, bytes, 24);
	if (!sums_are(&wal, bytes + 24))
		return false;
	*ret_wal = wal;
	return true;
}

static const uint8_t *frame_at(const struct wal *wal, size_t number)
{
	return wal->bytes + WAL_HEAD_SIZE + number * (FRAME_SIZE + wal->page_size);
}

/* Frames up to the end of the last whole transaction, and how many pages the database has then. What an older log left behind
 * the end has another salt. */
static size_t frames_count(struct wal *wal, uint32_t *ret_pages)
{
	const size_t frames = (wal->size - WAL_HEAD_SIZE) / (FRAME_SIZE + wal->page_size);
	size_t count = 0;

	for (size_t i = 0; i < frames; i++) {
		const uint8_t *frame = frame_at(wal, i);

		sums_add(wal, frame, 8);
		sums_add(wal, frame + FRAME_SIZE, wal->page_size);
		if (memcmp(frame + 8, wal->bytes + 16, 8) != 0 || !sums_are(wal, frame + 16))
			break;
		if (big32(frame + 4) == 0)
			continue;
		count = i + 1;
		*ret_pages = big32(frame + 4);
	}
	return count;
}

/* 1 stands for 65536, which has no room there. */
static size_t page_size_of(const uint8_t *database, size_t size)
{
	size_t page_size =
		size < PAGE_SIZE_AT + 2 ? 0 : (size_t)database[PAGE_SIZE_AT] << 8 | database[PAGE_SIZE_AT + 1];

	return page_size == 1 ? PAGE_SIZE_MAX : page_size;
}

static int database_resize(uint8_t **database, size_t *size, size_t new_size)
{
	uint8_t *bytes = realloc(*database, new_size);

	if (!bytes)
		return -ENOMEM;
	if (new_size > *size)
		memset(bytes + *size, 0, new_size - *size);
	*database = bytes;
	*size = new_size;
	return 0;
}

int wal_apply(const uint8_t *log, size_t log_size, size_t max, uint8_t **database, size_t *size)
{
	uint32_t pages = 0;
	struct wal wal;
	size_t frames;
	int r;

	if (!wal_open(log, log_size, &wal))
		return 0;
	frames = frames_count(&wal, &pages);
	if (frames == 0)
		return 0;
	/* An empty file is a database too, which has all of it in the log. */
	if (*size > 0 && page_size_of(*database, *size) != wal.page_size)
		return -EBADMSG;
	if (pages > max / wal.page_size)
		return -EFBIG;
	r = database_resize(database, size, pages * wal.page_size);
	for (size_t i = 0; r == 0 && i < frames; i++) {
		const uint8_t *frame = frame_at(&wal, i);
		uint32_t page = big32(frame);

		if (page > 0 && page <= pages)
			memcpy(*database + (page - 1) * wal.page_size, frame + FRAME_SIZE, wal.page_size);
	}
	return r;
}
