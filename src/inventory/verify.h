/* SPDX-License-Identifier: Apache-2.0 */
/* Are the files of packages what these say? By content, with as many threads as there are processors. */
#ifndef PLM_INVENTORY_VERIFY_H
#define PLM_INVENTORY_VERIFY_H

#include "inventory/builder.h"
#include "inventory/child.h"
#include "inventory/tree.h"

#define VERIFY_THREADS 8 /* at most */

/* Looks at every file whose package gives a digest, and says so in the builder. `page` is told how far it is. 0 or -ENOMEM. */
int verify(struct tree *tree, struct builder *builder, struct child_page *page);

#endif
