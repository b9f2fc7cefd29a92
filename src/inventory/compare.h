/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the packages of two inventories differ: of an image, and of a container of it as it is now. Pure, and linear in their
 * size, for both are in order (what one name has left, once equal versions are paired, is sorted).
 *
 * A package is known by type, name and architecture. Where one name is there in several versions, equal ones pair first; of
 * what is left, one on each side is a change, all else was added or removed. Where a package lies makes no difference.
 */
#ifndef PLM_INVENTORY_COMPARE_H
#define PLM_INVENTORY_COMPARE_H

#include "inventory/inventory.h"

#define COMPARE_KEPT_MAX 4096 /* differences that are kept one by one; the rest is counted */

enum package_change_kind { PACKAGE_ADDED = 1, PACKAGE_REMOVED, PACKAGE_CHANGED, PACKAGE_CHANGE_KINDS };

const char *package_change_name(enum package_change_kind kind); /* "added", "removed", "changed" */

/* Strings are the inventories'. */
struct package_change {
	enum package_change_kind kind;
	enum package_type type;
	const char *name, *architecture;
	const char *from, *to; /* versions; NULL where it was not, or is not, there */
	size_t number;         /* of the package in the later inventory; of a removed one in the earlier */
};

struct package_changes;

/* Both inventories must outlive the answer. 0 or -ENOMEM. */
int package_changes_new(const struct inventory *before, const struct inventory *after,
			struct package_changes **ret_changes);
void package_changes_free(struct package_changes *changes); /* takes NULL */
DEFINE_CLEANUP(struct package_changes *, package_changes_free)

/* All of them, and of one kind; one by number, in order of kind, type, name and version. Beyond COMPARE_KEPT_MAX the first
 * by type and name are there. */
size_t package_changes_total(const struct package_changes *changes);
size_t package_changes_of(const struct package_changes *changes, enum package_change_kind kind);
size_t package_changes_count(const struct package_changes *changes);
struct package_change package_changes_at(const struct package_changes *changes, size_t number);

/* Does a package that was added or changed own that path now, or did one that was removed or changed own it before? */
bool package_changes_own(const struct package_changes *changes, const char *path);

/* The same for the same differences, whatever else the inventories hold; 0: there are none. */
uint64_t package_changes_digest(const struct package_changes *changes);

#endif
