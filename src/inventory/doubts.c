// SPDX-License-Identifier: Apache-2.0
#include "inventory/doubts.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

static int room_for_one(struct doubts *doubts)
{
	size_t capacity = doubts->capacity ? doubts->capacity * 2 : 256;
	struct doubt *larger;

	if (doubts->count < doubts->capacity)
		return 0;
	if (doubts->count >= DOUBTS_MAX)
		return -ENOSPC;
	larger = reallocarray(doubts->doubts, capacity, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	doubts->doubts = larger;
	doubts->capacity = capacity;
	return 0;
}

int doubts_add(struct doubts *doubts, const char *path, const struct inventory_file *file)
{
	struct doubt doubt = { .file = *file };
	int r = room_for_one(doubts);

	if (r < 0)
		return r;
	doubt.path = strdup(path);
	if (!doubt.path)
		return -ENOMEM;
	doubt.name = (size_t)(strrchr(doubt.path, '/') + 1 - doubt.path);
	doubts->doubts[doubts->count++] = doubt;
	return 0;
}

/* By directory, then by name, then by package: the first of them is to own it. */
static int doubt_compare(const void *a, const void *b)
{
	const struct doubt *left = a, *right = b;
	size_t shorter = left->name < right->name ? left->name : right->name;
	int order = memcmp(left->path, right->path, shorter);

	if (order == 0)
		order = (left->name > right->name) - (left->name < right->name);
	if (order == 0)
		order = strcmp(left->path + left->name, right->path + right->name);
	return order ? order : (left->file.package > right->file.package) - (left->file.package < right->file.package);
}

static bool is_same_directory(const struct doubt *a, const struct doubt *b)
{
	return a->name == b->name && memcmp(a->path, b->path, a->name) == 0;
}

/* The doubts of one directory. */
struct group {
	struct doubt *doubts;
	size_t count;
};

static int entry_seen(const char *name, enum tree_type type, void *data)
{
	const struct group *group = data;
	size_t low = 0, high = group->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct doubt *doubt = &group->doubts[middle];

		if (strcmp(doubt->path + doubt->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* Several packages may have it. */
	for (; low < group->count; low++) {
		struct doubt *doubt = &group->doubts[low];

		if (strcmp(doubt->path + doubt->name, name) != 0)
			break;
		doubt->is_there = true;
		doubt->type = type;
	}
	return 0;
}

static int group_look(struct group *group, struct tree *tree)
{
	const struct doubt *first = group->doubts;
	char directory[PATH_MAX];
	size_t length = first->name > 1 ? first->name - 1 : 1;

	if (length >= sizeof(directory))
		return 0;
	memcpy(directory, first->path, length);
	directory[length] = '\0';
	return tree_list(tree, directory, entry_seen, group) == -ENOMEM ? -ENOMEM : 0;
}

int doubts_settle(struct doubts *doubts, struct tree *tree, int (*call)(const struct doubt *doubt, void *data),
		  void *data)
{
	int r = 0;

	if (doubts->count)
		qsort(doubts->doubts, doubts->count, sizeof(doubts->doubts[0]), doubt_compare);
	for (size_t i = 0, end; r == 0 && i < doubts->count; i = end) {
		struct group group = { .doubts = &doubts->doubts[i] };

		for (end = i + 1; end < doubts->count; end++)
			if (!is_same_directory(&doubts->doubts[i], &doubts->doubts[end]))
				break;
		group.count = end - i;
		r = group_look(&group, tree);
	}
	for (size_t i = 0; r == 0 && i < doubts->count; i++)
		r = call(&doubts->doubts[i], data);
	return r;
}

void doubts_clear(struct doubts *doubts)
{
	for (size_t i = 0; i < doubts->count; i++)
		free(doubts->doubts[i].path);
	free(doubts->doubts);
	*doubts = (struct doubts){ 0 };
}
