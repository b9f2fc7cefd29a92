/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executables and libraries that no package owns: regular files with an execute bit, or that begin as ELF. What they are
 * is known when the walk has ended, and every package has said what it owns; so they are gathered first. Their content's
 * digest is taken with them, CODE_DIGESTED bytes of all, so that a copy of one can be told.
 */
#ifndef PLM_INVENTORY_CODE_H
#define PLM_INVENTORY_CODE_H

#include "inventory/source.h"

#define CODE_DIGESTED (256ull << 20)

struct code_list;

int code_list_new(struct code_list **ret_list); /* 0 or -ENOMEM */
void code_list_free(struct code_list *list);    /* takes NULL */

/* One entry of the walk. 0 or -ENOMEM. */
int code_list_entry(struct code_list *list, const struct source_context *context, const struct tree_entry *entry);

/* The walk has ended: what is owned by none goes to the builder. 0 or -ENOMEM. */
int code_list_finish(struct code_list *list, const struct source_context *context);

#endif
