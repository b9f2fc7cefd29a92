// SPDX-License-Identifier: Apache-2.0
#include "inventory/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define ROOM_FIRST  65536
#define SLOTS_FIRST 4096 /* a power of two */

int pool_init(struct pool *pool, uint32_t max)
{
	*pool = (struct pool){
		.text = calloc(1, ROOM_FIRST),
		.size = 1,
		.room = ROOM_FIRST,
		.slots = calloc(SLOTS_FIRST, sizeof(uint32_t)),
		.slots_count = SLOTS_FIRST,
		.max = max,
	};
	return pool->text && pool->slots ? 0 : -ENOMEM;
}

void pool_clear(struct pool *pool)
{
	free(pool->text);
	free(pool->slots);
	*pool = (struct pool){ 0 };
}

/* FNV-1a */
static uint64_t hash_of(const char *text, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
	return hash ^ hash >> 29;
}

static uint32_t *slot_of(const struct pool *pool, const char *text, size_t length)
{
	uint32_t mask = pool->slots_count - 1, at = (uint32_t)hash_of(text, length) & mask;

	while (pool->slots[at]) {
		const char *there = pool->text + pool->slots[at];

		if (strncmp(there, text, length) == 0 && there[length] == '\0')
			break;
		at = (at + 1) & mask;
	}
	return &pool->slots[at];
}

uint32_t pool_find(const struct pool *pool, const char *text, size_t length)
{
	return text && length ? *slot_of(pool, text, length) : 0;
}

static int slots_grow(struct pool *pool)
{
	_cleanup_free_ uint32_t *old = NULL;
	uint32_t count = pool->slots_count;
	uint32_t *slots = calloc(2 * (size_t)count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	old = pool->slots;
	pool->slots = slots;
	pool->slots_count = 2 * count;
	for (uint32_t i = 0; i < count; i++)
		if (old[i])
			*slot_of(pool, pool->text + old[i], strlen(pool->text + old[i])) = old[i];
	return 0;
}

static int room_grow(struct pool *pool, size_t length)
{
	size_t room = pool->room;
	char *text;

	while (room < pool->size + length + 1)
		room *= 2;
	if (room == pool->room)
		return 0;
	text = realloc(pool->text, room);
	if (!text)
		return -ENOMEM;
	pool->text = text;
	pool->room = (uint32_t)room;
	return 0;
}

int pool_put(struct pool *pool, const char *text, size_t length, uint32_t *ret_offset)
{
	uint32_t *slot;
	int r;

	if (!text || !length) {
		*ret_offset = 0;
		return 0;
	}
	slot = slot_of(pool, text, length);
	if (*slot) {
		*ret_offset = *slot;
		return 0;
	}
	if (length >= pool->max - pool->size)
		return -ENOSPC;
	r = room_grow(pool, length);
	if (r == 0 && pool->used >= pool->slots_count / 2)
		r = slots_grow(pool);
	if (r < 0)
		return r;
	slot = slot_of(pool, text, length);
	memcpy(pool->text + pool->size, text, length);
	pool->text[pool->size + length] = '\0';
	*slot = *ret_offset = pool->size;
	pool->size += (uint32_t)length + 1;
	pool->used++;
	return 0;
}
