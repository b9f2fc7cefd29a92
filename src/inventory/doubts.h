/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of which a database does not say whether they are files, directories or links: dpkg's lists, apk's entries of
 * mode 0777. They are put aside, and all looked up at once: one listing for each directory that has some, however many
 * packages have a part in it.
 */
#ifndef PLM_INVENTORY_DOUBTS_H
#define PLM_INVENTORY_DOUBTS_H

#include <stdbool.h>

#include "inventory/builder.h"
#include "inventory/tree.h"

#define DOUBTS_MAX BUILDER_FILES_MAX

struct doubt {
	char *path;  /* owned */
	size_t name; /* where its last component begins */
	struct inventory_file file;
	bool is_there;
	enum tree_type type; /* where it is there */
};

struct doubts {
	struct doubt *doubts;
	size_t count, capacity;
};

/* `path`: absolute, and canonical. 0; -ENOSPC: DOUBTS_MAX; -ENOMEM. */
int doubts_add(struct doubts *doubts, const char *path, const struct inventory_file *file);

/*
 * Looks up all, and gives each to `call`, whose first answer that is not 0 ends it. A directory that cannot be listed
 * has nothing in it. 0, -ENOMEM or that answer.
 */
int doubts_settle(struct doubts *doubts, struct tree *tree, int (*call)(const struct doubt *doubt, void *data),
		  void *data);

void doubts_clear(struct doubts *doubts);
#define _cleanup_doubts_ __attribute__((cleanup(doubts_clear)))

#endif
