/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of names in memory, made of layers from the bottom up, each a list of entries in any order, as the image
 * specification has it (github.com/opencontainers/image-spec, layer.md): directories merge, anything else takes the place of
 * what was there, with all that was below it; a whiteout, and what makes a directory opaque, hide what the layers below
 * have, never what their own layer has, before or after them. Of two entries of one name the last counts.
 *
 * Names are a tar's: "./a//b", "/a/b" and "x/../a/b" are "a/b"; what climbs out is refused. What leads to an entry and was
 * not told is made, and takes the place of what is no directory; but a symbolic link of the same layer is followed, inside
 * the tree, as it is where a runtime unpacks one layer. Bytes that are no text are as good as others in a name.
 *
 * A tree of a million entries takes about 64 bytes for each, and its name.
 */
#ifndef PLM_INVENTORY_ARCHIVE_NODE_H
#define PLM_INVENTORY_ARCHIVE_NODE_H

#include "inventory/tree.h"

#define NODES_MAX      TREE_ENTRIES_MAX /* ever made: also what is hidden by now */
#define NODES_TEXT_MAX (128u << 20)     /* of all names and links */

#define NODE_ROOT 0
#define NODE_NONE UINT32_MAX

struct archive_nodes;

/* What is at a name. */
struct archive_content {
	enum tree_type type;
	uint16_t mode;    /* permissions, of files and directories */
	uint64_t offset;  /* FILE: whatever its maker means by it */
	uint64_t size;    /* FILE */
	const char *link; /* LINK: where it leads; valid until something is put */
};

int archive_nodes_new(struct archive_nodes **ret_nodes); /* with "/"; 0 or -ENOMEM */
void archive_nodes_free(struct archive_nodes *nodes);    /* takes NULL */
DEFINE_CLEANUP(struct archive_nodes *, archive_nodes_free)
#define _cleanup_archive_nodes_ _cleanup_(archive_nodes_freep)

/* Of a tar's name the absolute, clean path ("/a/b", "/"). 0; -EBADMSG: it climbs out; -ENAMETOOLONG. */
int archive_name_clean(const char *name, char ret_path[static PATH_MAX]);

/* Each of these gives 0; -EBADMSG: a name that is refused; -ENAMETOOLONG; -ELOOP; -E2BIG: NODES_*; or -ENOMEM. */

int archive_nodes_put(struct archive_nodes *nodes, const char *name, const struct archive_content *content);

/* A hard link to what `target` is by now, in this layer or one below. -EBADMSG also: there is nothing, or a directory. */
int archive_nodes_link(struct archive_nodes *nodes, const char *name, const char *target);

/* What the layers below have at a name, with all below it. */
int archive_nodes_hide(struct archive_nodes *nodes, const char *name);

/* What the layers below have in a directory. */
int archive_nodes_hide_inside(struct archive_nodes *nodes, const char *name);

/* What comes now is of the next layer. */
void archive_nodes_next_layer(struct archive_nodes *nodes);

/* Nothing more comes: puts each directory in order. 0 or -ENOMEM. */
int archive_nodes_end(struct archive_nodes *nodes);

/* Looks a path up, following links, TREE_LINKS_MAX at most, the last component's too. 0, -ENOENT, -ENOTDIR, -ELOOP, or
 * -ENAMETOOLONG. */
int archive_nodes_find(const struct archive_nodes *nodes, const char *path, uint32_t *ret_node);

/* As tree_canonical, of a clean path. */
int archive_nodes_canonical(const struct archive_nodes *nodes, const char *path, char ret_path[static PATH_MAX]);

struct archive_content archive_nodes_content(const struct archive_nodes *nodes, uint32_t node);
const char *archive_nodes_name(const struct archive_nodes *nodes, uint32_t node); /* "" of "/" */

/* After archive_nodes_end: in order of name; NODE_NONE: there is none (more). */
uint32_t archive_nodes_child(const struct archive_nodes *nodes, uint32_t node);
uint32_t archive_nodes_sibling(const struct archive_nodes *nodes, uint32_t node);

#endif
