/* SPDX-License-Identifier: Apache-2.0 */
/* What archive_node.c (which nodes there are), archive_walk.c (the way to one) and archive_merge.c (what layers do to them)
 * know of one another. */
#ifndef PLM_INVENTORY_ARCHIVE_NODE_INTERNAL_H
#define PLM_INVENTORY_ARCHIVE_NODE_INTERNAL_H

#include "inventory/archive_node.h"
#include "output/buffer.h"

#define NODE_GONE      (TREE_LINK + 1) /* hidden, as a type */
#define NODE_MODE_MADE 0755            /* of a directory that was not told */

/*
 * Everything that is written has a stamp, which counts up; what hides only says since which stamp something must be to show.
 * So nothing is ever searched for what it hides, and a whiteout works in any order with what its own layer has.
 */
struct node {
	uint32_t parent, child, sibling;
	uint32_t chain; /* the next of its bucket */
	uint32_t name;  /* where in the text */
	uint32_t stamp; /* when it was written last, or something below it */
	uint32_t since; /* DIRECTORY: what is older shows in it no more, at any depth */
	uint16_t mode;
	uint8_t type;
	uint64_t offset; /* LINK: where in the text */
	uint64_t size;
};

struct archive_nodes {
	struct node *nodes;     /* what is in a directory stands behind it */
	size_t count, capacity; /* a power of two, and as many buckets */
	uint32_t *buckets;
	struct buffer text;
	uint32_t now, layer; /* stamps: the last, and the first of this layer */
};

/* Bytes with a NUL behind them. 0, -E2BIG or -ENOMEM. */
int archive_text_add(struct archive_nodes *nodes, const char *text, size_t length, uint32_t *ret_at);

/* Writes the child of that name, a new one or what was there: of `content` type, mode, offset and size. `since`: of the
 * directory, as in a walk. As archive_text_add. */
int archive_node_put(struct archive_nodes *nodes, uint32_t parent, uint32_t since, const char *name, size_t length,
		     const struct node *content, uint32_t *ret_node);

/* The child of that name, whether it shows or not, or NODE_NONE. */
uint32_t archive_node_find(const struct archive_nodes *nodes, uint32_t parent, const char *name, size_t length);

static inline bool node_shows(const struct archive_nodes *nodes, uint32_t at, uint32_t since)
{
	return at != NODE_NONE && nodes->nodes[at].type != NODE_GONE && nodes->nodes[at].stamp >= since;
}

static inline uint32_t stamp_later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* A way through the tree. */
struct walk {
	const struct archive_nodes *nodes;
	struct archive_nodes *maker; /* the same, where directories that are not there are made; else NULL */
	uint32_t at, since;          /* a node, and since when something in it must be to show */
	unsigned links;
	size_t rest;         /* where in the text what has not been walked begins */
	char text[PATH_MAX]; /* ends with it: links are put before what follows them */
};

/* On along a text, relative to where the walk stands. 0; -ENOENT, -ENOTDIR: it stands where it could not go on, and the
 * rest is what it could not take; -ELOOP, -ENAMETOOLONG; and of a maker -E2BIG, -ENOMEM. */
int archive_walk(struct walk *walk, const char *text);

/* A path that is put together: "/a/b", and "" is "/". */
struct path {
	char text[PATH_MAX];
	size_t length;
};

/* Where a name is: the walk stands at its directory. */
struct place {
	struct walk parent;
	const char *name; /* in it; "" of "/" */
	struct path path; /* of the directory, before links were followed */
};

/* As archive_walk; -EBADMSG: the name climbs above "/". `maker` as in a walk. */
int archive_place_find(const struct archive_nodes *nodes, struct archive_nodes *maker, const char *name,
		       struct place *ret_place);

#endif
