/* SPDX-License-Identifier: Apache-2.0 */
/* Strings, each kept once, one behind the other with its NUL. The first is the empty one. */
#ifndef PLM_INVENTORY_POOL_H
#define PLM_INVENTORY_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool {
	char *text;
	uint32_t size, room;
	uint32_t *slots; /* offsets, by hash; 0 free */
	uint32_t used, slots_count;
	uint32_t max; /* bytes */
};

int pool_init(struct pool *pool, uint32_t max); /* 0 or -ENOMEM */
void pool_clear(struct pool *pool);

/* The offset of `length` bytes without a NUL, which are put there where they are not yet. NULL or nothing: 0. 0, -ENOMEM, or
 * -ENOSPC: above the bound. */
int pool_put(struct pool *pool, const char *text, size_t length, uint32_t *ret_offset);

/* Where they are; 0: they are not there, or nothing. */
uint32_t pool_find(const struct pool *pool, const char *text, size_t length);

#endif
