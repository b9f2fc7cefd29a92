/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes small bbolt databases for tests: one leaf page as the root, everything else inside its values, as bbolt itself
 * writes small buckets (it would not put buckets into such; a reader need not care).
 */
#ifndef PLM_TESTS_BOLT_WRITE_H
#define PLM_TESTS_BOLT_WRITE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOLT_PAGE  4096
#define BOLT_ITEMS 32

/* A value, or with `items` (up to one without a key) a bucket. */
struct bolt_item {
	const char *key;
	const char *value;
	size_t size; /* 0: strlen */
	const struct bolt_item *items;
};

struct bolt_buffer {
	uint8_t *data;
	size_t size;
};

static inline void put(uint8_t *at, uint64_t value, size_t bytes)
{
	memcpy(at, &value, bytes); /* little endian, as the machines are that this is for */
}

static inline int bolt_item_order(const void *a, const void *b)
{
	return strcmp((*(const struct bolt_item *const *)a)->key, (*(const struct bolt_item *const *)b)->key);
}

static inline struct bolt_buffer bolt_leaf(const struct bolt_item *items);

static inline struct bolt_buffer bolt_value(const struct bolt_item *item)
{
	struct bolt_buffer value = { NULL, item->size };

	if (!item->items) {
		value.size = item->size ? item->size : item->value ? strlen(item->value) : 0;
		value.data = malloc(value.size + 1);
		if (value.size)
			memcpy(value.data, item->value, value.size);
		return value;
	}
	struct bolt_buffer page = bolt_leaf(item->items);

	value.size = 16 + page.size; /* no root page, no sequence: the page is here */
	value.data = calloc(1, value.size);
	memcpy(value.data + 16, page.data, page.size);
	free(page.data);
	return value;
}

/* A leaf page of whatever size it takes. */
static inline struct bolt_buffer bolt_leaf(const struct bolt_item *items)
{
	const struct bolt_item *sorted[BOLT_ITEMS];
	struct bolt_buffer page = { NULL, 16 };
	size_t count = 0;

	for (; items[count].key; count++)
		sorted[count] = &items[count];
	qsort(sorted, count, sizeof(sorted[0]), bolt_item_order);
	page.size += 16 * count;
	page.data = calloc(1, page.size);
	put(page.data + 8, 2, 2);
	put(page.data + 10, count, 2);
	for (size_t i = 0; i < count; i++) {
		struct bolt_buffer value = bolt_value(sorted[i]);
		size_t key = strlen(sorted[i]->key), element = 16 + 16 * i;

		page.data = realloc(page.data, page.size + key + value.size);
		memcpy(page.data + page.size, sorted[i]->key, key);
		memcpy(page.data + page.size + key, value.data, value.size);
		put(page.data + element, sorted[i]->items ? 1 : 0, 4);
		put(page.data + element + 4, page.size - element, 4);
		put(page.data + element + 8, key, 4);
		put(page.data + element + 12, value.size, 4);
		page.size += key + value.size;
		free(value.data);
	}
	return page;
}

/* `page` is where it goes; `root` the page of the root bucket, `pages` how many there are. */
static inline void bolt_meta(uint8_t *page, uint64_t id, uint64_t root, uint64_t pages, uint64_t transaction)
{
	uint64_t hash = 0xcbf29ce484222325;

	memset(page, 0, BOLT_PAGE);
	put(page, id, 8);
	put(page + 8, 4, 2);
	put(page + 16, 0xed0cdaed, 4);
	put(page + 20, 2, 4);
	put(page + 24, BOLT_PAGE, 4);
	put(page + 32, root, 8);
	put(page + 48, 2, 8);
	put(page + 56, pages, 8);
	put(page + 64, transaction, 8);
	for (size_t i = 16; i < 72; i++)
		hash = (hash ^ page[i]) * 0x100000001b3;
	put(page + 72, hash, 8);
}

/* Pages 0 and 1, an empty list of free pages, and the items from page 3 on. The data is the caller's, to be freed. */
static inline struct bolt_buffer bolt_make(const struct bolt_item *items)
{
	struct bolt_buffer leaf = bolt_leaf(items), file;
	size_t pages = (leaf.size + BOLT_PAGE - 1) / BOLT_PAGE;

	file.size = (3 + pages) * BOLT_PAGE;
	file.data = calloc(1, file.size);
	bolt_meta(file.data, 0, 3, 3 + pages, 10);
	bolt_meta(file.data + BOLT_PAGE, 1, 3, 3 + pages, 11);
	put(file.data + 2 * BOLT_PAGE, 2, 8);
	put(file.data + 2 * BOLT_PAGE + 8, 0x10, 2);
	memcpy(file.data + 3 * BOLT_PAGE, leaf.data, leaf.size);
	put(file.data + 3 * BOLT_PAGE, 3, 8);
	put(file.data + 3 * BOLT_PAGE + 12, pages - 1, 4);
	free(leaf.data);
	return file;
}

#endif
