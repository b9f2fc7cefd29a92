/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML text (YAML 1.1 as libyaml reads it, of which JSON is a part) as a tree that knows its places.
 * Bounded in depth and in nodes. Aliases, anchors and tags are refused: they are what lets a small text
 * become a large one.
 */
#ifndef PLM_POLICY_TREE_H
#define PLM_POLICY_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "policy/report.h"

#define TREE_DEPTH 16
#define TREE_NODES 131072

enum node_type { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
	enum node_type type;
	bool plain;            /* a text without quotes */
	unsigned line, column; /* from 1; columns are characters */
	size_t count;          /* children */
	size_t length;         /* of text, which can have a NUL within ("\0" in quotes) */
	char *text;            /* NODE_TEXT, with a NUL behind */
	struct node *key;      /* of a map's child: always NODE_TEXT */
	struct node *first;    /* child */
	struct node *next;     /* sibling */
};

/*
 * 0: *ret_root is the caller's, NULL for a text without content. -EINVAL: `report` says where. -ENOMEM.
 */
int tree_parse(const char *text, size_t size, struct report *report, struct node **ret_root);
void node_free(struct node *node); /* takes NULL */
DEFINE_CLEANUP(struct node *, node_free)

#endif
