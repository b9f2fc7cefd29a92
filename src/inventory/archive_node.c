// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inventory/archive_node_internal.h"

#define CAPACITY_FIRST 1024

/* FNV-1a, 64 bits: draft-eastlake-fnv. */
static size_t bucket_of(const struct archive_nodes *nodes, uint32_t parent, const char *name, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull ^ parent;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3ull;
	return (size_t)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15ull >> 32) & (nodes->capacity - 1);
}

const char *archive_nodes_name(const struct archive_nodes *nodes, uint32_t node)
{
	return nodes->text.data + nodes->nodes[node].name;
}

static void node_chain(struct archive_nodes *nodes, uint32_t at)
{
	const char *name = archive_nodes_name(nodes, at);
	uint32_t *bucket = &nodes->buckets[bucket_of(nodes, nodes->nodes[at].parent, name, strlen(name))];

	nodes->nodes[at].chain = *bucket;
	*bucket = at;
}

static int nodes_grow(struct archive_nodes *nodes)
{
	size_t capacity = nodes->capacity ? 2 * nodes->capacity : CAPACITY_FIRST;
	struct node *longer;
	uint32_t *buckets;

	if (capacity > NODES_MAX)
		return -E2BIG;
	longer = realloc(nodes->nodes, capacity * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	nodes->nodes = longer;
	buckets = realloc(nodes->buckets, capacity * sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	nodes->buckets = buckets;
	nodes->capacity = capacity;
	memset(buckets, 0xff, capacity * sizeof(*buckets));
	for (uint32_t i = 0; i < nodes->count; i++)
		node_chain(nodes, i);
	return 0;
}

int archive_text_add(struct archive_nodes *nodes, const char *text, size_t length, uint32_t *ret_at)
{
	size_t at = nodes->text.size;

	buffer_append(&nodes->text, text, length);
	buffer_byte(&nodes->text, '\0');
	if (nodes->text.error)
		return nodes->text.error == -EMSGSIZE ? -E2BIG : nodes->text.error;
	*ret_at = (uint32_t)at;
	return 0;
}

static int node_add(struct archive_nodes *nodes, uint32_t parent, const char *name, size_t length, uint32_t *ret_node)
{
	uint32_t at = (uint32_t)nodes->count, text;
	int r = nodes->count == nodes->capacity ? nodes_grow(nodes) : 0;

	if (r == 0)
		r = archive_text_add(nodes, name, length, &text);
	if (r < 0)
		return r;
	nodes->nodes[at] = (struct node){ .parent = parent, .child = NODE_NONE, .sibling = NODE_NONE, .name = text };
	if (at != NODE_ROOT) {
		nodes->nodes[at].sibling = nodes->nodes[parent].child;
		nodes->nodes[parent].child = at;
	}
	node_chain(nodes, at);
	nodes->count++;
	*ret_node = at;
	return 0;
}

uint32_t archive_node_find(const struct archive_nodes *nodes, uint32_t parent, const char *name, size_t length)
{
	uint32_t at = nodes->buckets[bucket_of(nodes, parent, name, length)];

	for (; at != NODE_NONE; at = nodes->nodes[at].chain) {
		const char *text = archive_nodes_name(nodes, at);

		if (nodes->nodes[at].parent == parent && at != NODE_ROOT && strncmp(text, name, length) == 0 &&
		    text[length] == '\0')
			break;
	}
	return at;
}

int archive_node_put(struct archive_nodes *nodes, uint32_t parent, uint32_t since, const char *name, size_t length,
		     const struct node *content, uint32_t *ret_node)
{
	uint32_t at = archive_node_find(nodes, parent, name, length);
	bool shows = node_shows(nodes, at, since);
	int r = at == NODE_NONE ? node_add(nodes, parent, name, length, &at) : 0;
	struct node *node;

	if (r < 0)
		return r;
	node = &nodes->nodes[at];
	if (content->type == TREE_DIRECTORY && !(shows && node->type == TREE_DIRECTORY))
		node->since = nodes->now;
	node->stamp = nodes->now;
	node->type = content->type;
	node->mode = content->mode;
	node->offset = content->offset;
	node->size = content->size;
	*ret_node = at;
	return 0;
}

int archive_nodes_new(struct archive_nodes **ret_nodes)
{
	_cleanup_archive_nodes_ struct archive_nodes *nodes = calloc(1, sizeof(*nodes));
	uint32_t root;
	int r;

	if (!nodes)
		return -ENOMEM;
	nodes->text.limit = NODES_TEXT_MAX;
	r = node_add(nodes, NODE_ROOT, "", 0, &root);
	if (r < 0)
		return r;
	nodes->nodes[root].type = TREE_DIRECTORY;
	nodes->nodes[root].mode = NODE_MODE_MADE;
	*ret_nodes = take_ptr(nodes);
	return 0;
}

void archive_nodes_free(struct archive_nodes *nodes)
{
	if (!nodes)
		return;
	buffer_clear(&nodes->text);
	free(nodes->buckets);
	free(nodes->nodes);
	free(nodes);
}

/* ---- the end ---- */

/* What does not show in its directory is gone, and each directory knows since when. Parents stand before what is in them. */
static void nodes_settle(struct archive_nodes *nodes)
{
	for (size_t i = 1; i < nodes->count; i++) {
		struct node *node = &nodes->nodes[i];
		const struct node *parent = &nodes->nodes[node->parent];

		if (node->stamp < parent->since)
			node->type = NODE_GONE;
		else
			node->since = stamp_later(node->since, parent->since);
	}
}

static int name_compare(const void *a, const void *b, void *data)
{
	const struct archive_nodes *nodes = data;

	return strcmp(archive_nodes_name(nodes, *(const uint32_t *)a), archive_nodes_name(nodes, *(const uint32_t *)b));
}

/* `order` has room for every node. */
static void children_sort(struct archive_nodes *nodes, struct node *directory, uint32_t *order)
{
	size_t count = 0;

	for (uint32_t at = directory->child; at != NODE_NONE; at = nodes->nodes[at].sibling)
		if (nodes->nodes[at].type != NODE_GONE)
			order[count++] = at;
	qsort_r(order, count, sizeof(*order), name_compare, nodes);
	directory->child = NODE_NONE;
	while (count > 0) {
		uint32_t at = order[--count];

		nodes->nodes[at].sibling = directory->child;
		directory->child = at;
	}
}

int archive_nodes_end(struct archive_nodes *nodes)
{
	_cleanup_free_ uint32_t *order = calloc(nodes->count, sizeof(*order));

	if (!order)
		return -ENOMEM;
	nodes_settle(nodes);
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->nodes[i].type == TREE_DIRECTORY)
			children_sort(nodes, &nodes->nodes[i], order);
	return 0;
}

/* ---- what callers see ---- */

struct archive_content archive_nodes_content(const struct archive_nodes *nodes, uint32_t node)
{
	const struct node *at = &nodes->nodes[node];
	struct archive_content content = { .type = at->type, .mode = at->mode, .offset = at->offset, .size = at->size };

	if (content.type == TREE_LINK)
		content.link = nodes->text.data + at->offset;
	return content;
}

uint32_t archive_nodes_child(const struct archive_nodes *nodes, uint32_t node)
{
	return nodes->nodes[node].type == TREE_DIRECTORY ? nodes->nodes[node].child : NODE_NONE;
}

uint32_t archive_nodes_sibling(const struct archive_nodes *nodes, uint32_t node)
{
	return nodes->nodes[node].sibling;
}
