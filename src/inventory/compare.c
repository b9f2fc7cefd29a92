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

const char *package_change_name(enum package_change_kind kind)
{
	static const char *const names[PACKAGE_CHANGE_KINDS] = {
		[PACKAGE_ADDED] = "added",
		[PACKAGE_REMOVED] = "removed",
		[PACKAGE_CHANGED] = "changed",
	};

	return names[kind];
}

static int text_order(const char *a, const char *b)
{
	return strcmp(a ?: "", b ?: "");
}

static int name_order(enum package_type a_type, const char *a_name, enum package_type b_type, const char *b_name)
{
	return a_type != b_type ? (a_type < b_type ? -1 : 1) : strcmp(a_name, b_name);
}

/* Of inventories, as far as it makes a difference. */
static int package_order(const struct inventory_package *a, const struct inventory_package *b)
{
	return name_order(a->type, a->name, b->type, b->name)
		       ?: text_order(a->version, b->version)
		       ?: text_order(a->architecture, b->architecture);
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

/* ---- what one name has left, once equal versions are paired ---- */

struct left {
	const char *architecture;
	size_t number;
	bool later; /* of the later inventory */
};

struct leftovers {
	enum package_type type;
	const char *name;
	struct left *items;
	size_t count, room;
};

static void leftovers_clear(struct leftovers *left)
{
	free(left->items);
}

static int left_add(struct leftovers *left, const struct inventory_package *package, size_t number, bool later)
{
	if (left->count == left->room) {
		size_t room = left->room ? 2 * left->room : 16;
		struct left *items = reallocarray(left->items, room, sizeof(*items));

		if (!items)
			return -ENOMEM;
		left->items = items;
		left->room = room;
	}
	left->type = package->type;
	left->name = package->name;
	left->items[left->count++] = (struct left){ package->architecture, number, later };
	return 0;
}

static int by_architecture(const void *a, const void *b)
{
	const struct left *x = a, *y = b;
	int order = text_order(x->architecture, y->architecture);

	if (order)
		return order;
	if (x->later != y->later)
		return x->later ? 1 : -1;
	return x->number < y->number ? -1 : 1;
}

/* One of each side is a change. */
static bool is_pair(const struct left *first, size_t count)
{
	return count == 2 && !first[0].later && first[1].later;
}

static size_t same_architecture(const struct left *first, const struct left *end)
{
	const struct left *next = first + 1;

	while (next < end && text_order(first->architecture, next->architecture) == 0)
		next++;
	return (size_t)(next - first);
}

/* There are some; then there are none. */
static int leftovers_tell(struct package_changes *changes, struct leftovers *left)
{
	const struct left *end = left->items + left->count;
	int r = 0;

	if (left->count > 1)
		qsort(left->items, left->count, sizeof(*left->items), by_architecture);
	for (const struct left *first = left->items; r == 0 && first < end;) {
		size_t count = same_architecture(first, end);

		if (is_pair(first, count))
			r = changed(changes, first[0].number, first[1].number);
		for (size_t i = 0; r == 0 && i < count && !is_pair(first, count); i++)
			r = first[i].later ? added(changes, first[i].number) : removed(changes, first[i].number);
		first += count;
	}
	left->count = 0;
	return r;
}

/* Both in step: the package that comes first, by what is `order` below, equal to or above 0. */
static struct inventory_package package_next(const struct package_changes *changes, size_t b, size_t a, int *ret_order)
{
	bool has_before = b < inventory_package_count(changes->before),
	     has_after = a < inventory_package_count(changes->after);
	struct inventory_package before = { 0 }, after = { 0 };

	if (has_before)
		before = inventory_package(changes->before, b);
	if (has_after)
		after = inventory_package(changes->after, a);
	*ret_order = !has_before ? 1 : !has_after ? -1 : package_order(&before, &after);
	return *ret_order <= 0 ? before : after;
}

static int compare(struct package_changes *changes)
{
	size_t b = 0, a = 0, end = inventory_package_count(changes->before) + inventory_package_count(changes->after);
	_cleanup_(leftovers_clear) struct leftovers left = { 0 };
	int order, r = 0;

	while (r == 0 && b + a < end) {
		const struct inventory_package package = package_next(changes, b, a, &order);

		if (left.count && name_order(left.type, left.name, package.type, package.name) != 0)
			r = leftovers_tell(changes, &left);
		if (r == 0 && order != 0)
			r = left_add(&left, &package, order < 0 ? b : a, order > 0);
		b += order <= 0;
		a += order >= 0;
	}
	return r < 0 || !left.count ? r : leftovers_tell(changes, &left);
}

/* Nothing is left to chance: packages that are alike in all that is shown stay in the inventory's order. */
static int by_kind(const void *a, const void *b)
{
	const struct package_change *x = a, *y = b;
	int order;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	order = name_order(x->type, x->name, y->type, y->name) ?: text_order(x->to ?: x->from, y->to ?: y->from);
	return order ?: x->number < y->number ? -1 : x->number > y->number;
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
