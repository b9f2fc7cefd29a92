// SPDX-License-Identifier: Apache-2.0
#include "fold/window.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* By key in the C library's balanced tree, so that nobody can choose names that make it slow; by end in a
 * heap. */
struct windows {
	void *tree;
	struct window **heap;
	size_t count, max;
};

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_keys(const void *left, const void *right)
{
	const struct window *a = left, *b = right;
	int order;

	if ((order = compare_numbers(a->container, b->container)) != 0)
		return order;
	if ((order = compare_numbers(a->rule, b->rule)) != 0)
		return order;
	if ((order = compare_numbers(a->kind, b->kind)) != 0)
		return order;
	return strcmp(a->name, b->name);
}

static bool ends_before(const struct window *a, const struct window *b)
{
	int order = compare_numbers(a->end, b->end);

	if (order == 0)
		order = compare_numbers(a->id, b->id);
	return (order != 0 ? order : compare_keys(a, b)) < 0;
}

static void heap_put(struct windows *windows, size_t slot, struct window *window)
{
	windows->heap[slot] = window;
	window->slot = slot;
}

static void heap_rise(struct windows *windows, struct window *window)
{
	size_t slot = window->slot;

	while (slot > 0) {
		size_t parent = (slot - 1) / 2;

		if (!ends_before(window, windows->heap[parent]))
			break;
		heap_put(windows, slot, windows->heap[parent]);
		slot = parent;
	}
	heap_put(windows, slot, window);
}

static void heap_sink(struct windows *windows, struct window *window)
{
	size_t slot = window->slot;

	for (;;) {
		size_t child = slot * 2 + 1;

		if (child + 1 < windows->count && ends_before(windows->heap[child + 1], windows->heap[child]))
			child++;
		if (child >= windows->count || !ends_before(windows->heap[child], window))
			break;
		heap_put(windows, slot, windows->heap[child]);
		slot = child;
	}
	heap_put(windows, slot, window);
}

struct windows *windows_new(size_t max)
{
	struct windows *windows = calloc(1, sizeof(*windows));

	if (!windows)
		return NULL;
	windows->max = max;
	windows->heap = calloc(max, sizeof(*windows->heap));
	if (windows->heap)
		return windows;
	windows_free(windows);
	return NULL;
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	free(windows->heap);
	free(windows);
}

struct window *windows_find(const struct windows *windows, uint64_t container, enum rule rule, enum window_kind kind,
			    const char *name)
{
	const struct window key = { .container = container, .rule = rule, .kind = kind, .name = (char *)name };
	struct window **found = tfind(&key, &windows->tree, compare_keys);

	return found ? *found : NULL;
}

DEFINE_CLEANUP(struct window *, window_free)

struct window *windows_add(struct windows *windows, const struct window *key, uint64_t now, uint64_t length,
			   size_t marks)
{
	_cleanup_(window_freep) struct window *window = calloc(1, sizeof(*window));

	if (!window || windows->count == windows->max)
		return NULL;
	window->container = key->container;
	window->rule = key->rule;
	window->kind = key->kind;
	window->id = key->id;
	window->first_seen = window->last_seen = now;
	window->length = length;
	window->end = now + length;
	window->name = strdup(key->name);
	if (marks > 0)
		window->marks = calloc(marks, sizeof(*window->marks));
	if (!window->name || (marks > 0 && !window->marks) || !tsearch(window, &windows->tree, compare_keys))
		return NULL;
	heap_put(windows, windows->count++, window);
	heap_rise(windows, window);
	return take_ptr(window);
}

void windows_move(struct windows *windows, struct window *window, uint64_t end)
{
	window->end = end;
	heap_rise(windows, window);
	heap_sink(windows, window);
}

void windows_remove(struct windows *windows, struct window *window)
{
	size_t slot = window->slot;
	struct window *last = windows->heap[--windows->count];

	(void)tdelete(window, &windows->tree, compare_keys);
	if (last == window)
		return;
	heap_put(windows, slot, last);
	heap_rise(windows, last);
	heap_sink(windows, last);
}

void window_free(struct window *window)
{
	if (!window)
		return;
	free(window->name);
	free(window->directory);
	free(window->marks);
	free(window);
}

struct window *windows_first(const struct windows *windows)
{
	return windows->count > 0 ? windows->heap[0] : NULL;
}

struct window *windows_at(const struct windows *windows, size_t number)
{
	return windows->heap[number];
}

size_t windows_count(const struct windows *windows)
{
	return windows->count;
}
