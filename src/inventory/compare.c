// SPDX-License-Identifier: Apache-2.0
#include "inventory/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/subject.h"

struct package_changes {
	const struct inventory *before, *after;
	struct package_change *kept;
	size_t count, room;
	size_t of[PACKAGE_CHANGE_KINDS];
	uint64_t digest;
	/* Which packages changed: a bit a number. */
	uint8_t *changed_before, *changed_after;
};

static int text_order(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "");
}

/* A package's name: type, name and architecture. Inventories are in order of type, name and version. */
static int name_order(const struct inventory_package *a, const struct inventory_package *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return text_order(a->name, b->name);
}

/* The packages of one name, in one inventory. */
struct group {
	const struct inventory *inventory;
	size_t first, end;
};

static bool group_of(const struct inventory *inventory, size_t first, struct group *ret_group)
{
	size_t count = inventory_package_count(inventory), end = first;
	struct inventory_package head;

	*ret_group = (struct group){ inventory, first, first };
	if (first >= count)
		return false;
	head = inventory_package(inventory, first);
	while (end < count) {
		const struct inventory_package package = inventory_package(inventory, end);

		if (name_order(&head, &package) != 0)
			break;
		end++;
	}
	ret_group->end = end;
	return true;
}

static void mark(uint8_t *bits, size_t number)
{
	bits[number / 8] |= (uint8_t)(1u << number % 8);
}

static bool is_marked(const uint8_t *bits, size_t number)
{
	return bits[number / 8] & 1u << number % 8;
}

static uint64_t change_hash(const struct package_change *change)
{
	uint64_t hash = subject_hash_more(0, package_type_name(change->type));

	hash = subject_hash_more(hash, change->name);
	hash = subject_hash_more(hash, change->architecture ?: "");
	hash = subject_hash_more(hash, change->from ?: "");
	return subject_hash_more(hash, change->to ?: "");
}

/* Their order does not matter to the digest. */
static int change_add(struct package_changes *changes, const struct package_change *change)
{
	changes->of[change->kind]++;
	changes->digest += change_hash(change) | 1;
	if (change->kind != PACKAGE_REMOVED)
		mark(changes->changed_after, change->number);
	if (changes->count >= COMPARE_KEPT_MAX)
		return 0;
	if (changes->count == changes->room) {
		size_t room = changes->room ? 2 * changes->room : 16;
		struct package_change *kept = reallocarray(changes->kept, room, sizeof(*kept));

		if (!kept)
			return -ENOMEM;
		changes->kept = kept;
		changes->room = room;
	}
	changes->kept[changes->count++] = *change;
	return 0;
}

static int added(struct package_changes *changes, size_t number)
{
	const struct inventory_package package = inventory_package(changes->after, number);

	return change_add(changes, &(struct package_change){ .kind = PACKAGE_ADDED,
							     .type = package.type,
							     .name = package.name,
							     .architecture = package.architecture,
							     .to = package.version,
							     .number = number });
}

static int removed(struct package_changes *changes, size_t number)
{
	const struct inventory_package package = inventory_package(changes->before, number);

	mark(changes->changed_before, number);
	return change_add(changes, &(struct package_change){ .kind = PACKAGE_REMOVED,
							     .type = package.type,
							     .name = package.name,
							     .architecture = package.architecture,
							     .from = package.version,
							     .number = number });
}

static int changed(struct package_changes *changes, size_t from, size_t to)
{
	const struct inventory_package before = inventory_package(changes->before, from);
	const struct inventory_package after = inventory_package(changes->after, to);

	mark(changes->changed_before, from);
	return change_add(changes, &(struct package_change){ .kind = PACKAGE_CHANGED,
							     .type = after.type,
							     .name = after.name,
							     .architecture = after.architecture,
							     .from = before.version,
							     .to = after.version,
							     .number = to });
}

/* In what is left of two groups of one name, the first of that architecture; SIZE_MAX: none. */
static size_t partner_find(const struct group *group, const uint8_t *taken, const char *architecture, size_t *ret_count)
{
	size_t found = SIZE_MAX;

	*ret_count = 0;
	for (size_t i = group->first; i < group->end; i++) {
		const struct inventory_package package = inventory_package(group->inventory, i);

		if (is_marked(taken, i) || text_order(package.architecture, architecture) != 0)
			continue;
		found = found == SIZE_MAX ? i : found;
		++*ret_count;
	}
	return found;
}

/* Equal versions pair; both are in order of version, then architecture. */
static void pair_equal(const struct group *before, const struct group *after, uint8_t *taken_before,
		       uint8_t *taken_after)
{
	size_t b = before->first, a = after->first;

	while (b < before->end && a < after->end) {
		const struct inventory_package x = inventory_package(before->inventory, b);
		const struct inventory_package y = inventory_package(after->inventory, a);
		int order = text_order(x.version, y.version) ?: text_order(x.architecture, y.architecture);

		if (order == 0) {
			mark(taken_before, b);
			mark(taken_after, a);
		}
		b += order <= 0;
		a += order >= 0;
	}
}

struct taken {
	uint8_t *before, *after;
};

static void taken_clear(struct taken *taken)
{
	free(taken->before);
	free(taken->after);
}

static int group_compare(struct package_changes *changes, const struct group *before, const struct group *after,
			 struct taken *taken)
{
	int r = 0;

	pair_equal(before, after, taken->before, taken->after);
	for (size_t a = after->first; r == 0 && a < after->end; a++) {
		const struct inventory_package package = inventory_package(after->inventory, a);
		size_t left, mine, partner;

		if (is_marked(taken->after, a))
			continue;
		partner = partner_find(before, taken->before, package.architecture, &left);
		(void)partner_find(after, taken->after, package.architecture, &mine);
		if (left != 1 || mine != 1)
			continue;
		mark(taken->before, partner);
		mark(taken->after, a);
		r = changed(changes, partner, a);
	}
	for (size_t a = after->first; r == 0 && a < after->end; a++)
		if (!is_marked(taken->after, a))
			r = added(changes, a);
	for (size_t b = before->first; r == 0 && b < before->end; b++)
		if (!is_marked(taken->before, b))
			r = removed(changes, b);
	return r;
}

static int compare(struct package_changes *changes)
{
	_cleanup_(taken_clear) struct taken taken = {
		.before = calloc(1, inventory_package_count(changes->before) / 8 + 1),
		.after = calloc(1, inventory_package_count(changes->after) / 8 + 1),
	};
	struct group before, after;
	size_t b = 0, a = 0;
	int r = taken.before && taken.after ? 0 : -ENOMEM;

	while (r == 0) {
		bool has_before = group_of(changes->before, b, &before), has_after = group_of(changes->after, a, &after);
		int order;

		if (!has_before && !has_after)
			break;
		order = !has_before ? 1 : !has_after ? -1 : 0;
		if (order == 0) {
			const struct inventory_package x = inventory_package(changes->before, b);
			const struct inventory_package y = inventory_package(changes->after, a);

			order = name_order(&x, &y);
		}
		if (order < 0)
			after.end = after.first;
		if (order > 0)
			before.end = before.first;
		r = group_compare(changes, &before, &after, &taken);
		b = before.end;
		a = after.end;
	}
	return r;
}

static int by_kind(const void *a, const void *b)
{
	const struct package_change *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return text_order(x->name, y->name) ?: text_order(x->to ?: x->from, y->to ?: y->from);
}

int package_changes_new(const struct inventory *before, const struct inventory *after,
			struct package_changes **ret_changes)
{
	_cleanup_(package_changes_freep) struct package_changes *changes = calloc(1, sizeof(*changes));
	int r;

	if (!changes)
		return -ENOMEM;
	changes->before = before;
	changes->after = after;
	changes->changed_before = calloc(1, inventory_package_count(before) / 8 + 1);
	changes->changed_after = calloc(1, inventory_package_count(after) / 8 + 1);
	if (!changes->changed_before || !changes->changed_after)
		return -ENOMEM;
	r = compare(changes);
	if (r < 0)
		return r;
	if (changes->count)
		qsort(changes->kept, changes->count, sizeof(*changes->kept), by_kind);
	*ret_changes = take_ptr(changes);
	return 0;
}

void package_changes_free(struct package_changes *changes)
{
	if (!changes)
		return;
	free(changes->kept);
	free(changes->changed_before);
	free(changes->changed_after);
	free(changes);
}

size_t package_changes_total(const struct package_changes *changes)
{
	size_t total = 0;

	for (size_t kind = 0; kind < PACKAGE_CHANGE_KINDS; kind++)
		total += changes->of[kind];
	return total;
}

size_t package_changes_of(const struct package_changes *changes, enum package_change_kind kind)
{
	return changes->of[kind];
}

size_t package_changes_count(const struct package_changes *changes)
{
	return changes->count;
}

struct package_change package_changes_at(const struct package_changes *changes, size_t number)
{
	return changes->kept[number];
}

bool package_changes_own(const struct package_changes *changes, const char *path)
{
	struct inventory_file file;

	return (inventory_find(changes->after, path, &file) == 0 && is_marked(changes->changed_after, file.package)) ||
	       (inventory_find(changes->before, path, &file) == 0 && is_marked(changes->changed_before, file.package));
}

uint64_t package_changes_digest(const struct package_changes *changes)
{
	return package_changes_total(changes) ? changes->digest ?: 1 : 0;
}
