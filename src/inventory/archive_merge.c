// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inventory/archive_node_internal.h"

/* The place of what is to be written now. */
static int place_make(struct archive_nodes *nodes, const char *name, struct place *ret_place)
{
	if (nodes->now == UINT32_MAX)
		return -E2BIG;
	nodes->now++;
	return archive_place_find(nodes, nodes, name, ret_place);
}

static int node_put(struct archive_nodes *nodes, const char *name, const struct node *content)
{
	struct place place;
	uint32_t node;
	int r = place_make(nodes, name, &place);

	if (r < 0)
		return r;
	if (*place.name)
		return archive_node_put(nodes, place.parent.at, place.parent.since, place.name, strlen(place.name),
					content, &node);
	if (content->type != TREE_DIRECTORY)
		return -EBADMSG;
	nodes->nodes[NODE_ROOT].mode = content->mode;
	return 0;
}

int archive_nodes_put(struct archive_nodes *nodes, const char *name, const struct archive_content *content)
{
	struct node node = { .type = (uint8_t)content->type, .mode = content->mode, .size = content->size };
	uint32_t text;
	int r;

	node.offset = content->offset;
	if (content->type == TREE_LINK) {
		size_t length = strnlen(content->link, PATH_MAX);

		r = length == 0 ? -EBADMSG : length == PATH_MAX ? -ENAMETOOLONG : 0;
		if (r == 0)
			r = archive_text_add(nodes, content->link, length, &text);
		if (r < 0)
			return r;
		node.offset = text;
	}
	return node_put(nodes, name, &node);
}

int archive_nodes_link(struct archive_nodes *nodes, const char *name, const char *target)
{
	struct place place;
	struct node content;
	uint32_t node;
	int r = archive_place_find(nodes, NULL, target, &place);

	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? -EBADMSG : r;
	node = archive_node_find(nodes, place.parent.at, place.name, strlen(place.name));
	if (nodes->nodes[place.parent.at].type != TREE_DIRECTORY || !node_shows(nodes, node, place.parent.since) ||
	    nodes->nodes[node].type == TREE_DIRECTORY)
		return -EBADMSG;
	content = nodes->nodes[node];
	return node_put(nodes, name, &content);
}

int archive_nodes_hide(struct archive_nodes *nodes, const char *name)
{
	struct place place;
	struct node *node;
	uint32_t at;
	int r = place_make(nodes, name, &place);

	if (r < 0)
		return r;
	at = archive_node_find(nodes, place.parent.at, place.name, strlen(place.name));
	if (at == NODE_NONE)
		return 0;
	node = &nodes->nodes[at];
	if (node->stamp < nodes->layer)
		node->type = NODE_GONE;
	else
		node->since = stamp_later(node->since, nodes->layer);
	return 0;
}

int archive_nodes_hide_inside(struct archive_nodes *nodes, const char *name)
{
	struct place place;
	uint32_t at;
	int r = place_make(nodes, name, &place);

	if (r == 0)
		r = archive_walk(&place.parent, place.name);
	if (r < 0)
		return r;
	at = place.parent.at;
	nodes->nodes[at].since = stamp_later(nodes->nodes[at].since, nodes->layer);
	return 0;
}

void archive_nodes_next_layer(struct archive_nodes *nodes)
{
	nodes->layer = nodes->now + 1;
}
