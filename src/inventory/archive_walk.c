// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inventory/archive_node_internal.h"

/* ---- paths ---- */

static int path_add(struct path *path, const char *name, size_t length)
{
	if (length > NAME_MAX || length + 1 >= PATH_MAX - path->length)
		return -ENAMETOOLONG;
	path->text[path->length] = '/';
	memcpy(path->text + path->length + 1, name, length);
	path->length += length + 1;
	path->text[path->length] = '\0';
	return 0;
}

static void path_begin(struct path *path)
{
	path->length = 0;
	path->text[0] = '\0';
}

/* False: it is "/". */
static bool path_up(struct path *path)
{
	if (path->length == 0)
		return false;
	while (path->text[--path->length] != '/')
		;
	path->text[path->length] = '\0';
	return true;
}

static bool is_dots(const char *name, size_t length, size_t dots)
{
	return length == dots && strncmp(name, "..", dots) == 0;
}

/* Adds what a text names, ".." by the text alone; one that climbs above "/" gives `above`. */
static int path_add_text(struct path *path, const char *text, int above)
{
	int r = 0;

	while (r == 0 && *(text += strspn(text, "/"))) {
		size_t length = strcspn(text, "/");

		if (is_dots(text, length, 2))
			r = path_up(path) ? 0 : above;
		else if (!is_dots(text, length, 1))
			r = path_add(path, text, length);
		text += length;
	}
	return r;
}

static void path_give(const struct path *path, char ret_path[static PATH_MAX])
{
	memcpy(ret_path, path->length ? path->text : "/", path->length ? path->length + 1 : sizeof("/"));
}

int archive_name_clean(const char *name, char ret_path[static PATH_MAX])
{
	struct path path;
	int r;

	path_begin(&path);
	r = path_add_text(&path, name, -EBADMSG);
	if (r == 0)
		path_give(&path, ret_path);
	return r;
}

static int path_of_node(const struct archive_nodes *nodes, uint32_t node, struct path *ret_path)
{
	char text[PATH_MAX];
	size_t start = sizeof(text);

	for (; node != NODE_ROOT; node = nodes->nodes[node].parent) {
		const char *name = archive_nodes_name(nodes, node);
		size_t length = strlen(name);

		if (length + 2 > start)
			return -ENAMETOOLONG;
		start -= length;
		memcpy(text + start, name, length);
		text[--start] = '/';
	}
	ret_path->length = sizeof(text) - start;
	memcpy(ret_path->text, text + start, ret_path->length);
	ret_path->text[ret_path->length] = '\0';
	return 0;
}

/* Since when something in a directory must be to show. */
static uint32_t node_since(const struct archive_nodes *nodes, uint32_t at)
{
	uint32_t since = nodes->nodes[at].since;

	for (; at != NODE_ROOT; at = nodes->nodes[at].parent)
		since = stamp_later(since, nodes->nodes[nodes->nodes[at].parent].since);
	return since;
}

/* ---- walking ---- */

static int walk_prepend(struct walk *walk, const char *text)
{
	size_t length = strlen(text);

	if (length > walk->rest)
		return -ENAMETOOLONG;
	walk->rest -= length;
	memcpy(walk->text + walk->rest, text, length);
	return 0;
}

static void walk_begin(struct walk *walk, const struct archive_nodes *nodes, struct archive_nodes *maker)
{
	walk->nodes = nodes;
	walk->maker = maker;
	walk->at = NODE_ROOT;
	walk->since = nodes->nodes[NODE_ROOT].since;
	walk->links = 0;
	walk->rest = sizeof(walk->text) - 1;
	walk->text[walk->rest] = '\0';
}

static void walk_enter(struct walk *walk, uint32_t node)
{
	walk->at = node;
	walk->since = stamp_later(walk->since, walk->nodes->nodes[node].since);
}

static int walk_follow(struct walk *walk, const char *target)
{
	if (++walk->links > TREE_LINKS_MAX)
		return -ELOOP;
	if (*target == '/') {
		walk->at = NODE_ROOT;
		walk->since = walk->nodes->nodes[NODE_ROOT].since;
	}
	return walk_prepend(walk, target);
}

/* To the child of that name, which is a directory from now on. */
static int walk_make(struct walk *walk, uint32_t child, const char *name, size_t length)
{
	static const struct node directory = { .type = TREE_DIRECTORY, .mode = NODE_MODE_MADE };
	bool shows = node_shows(walk->nodes, child, walk->since);
	int r = 0;

	if (shows && walk->nodes->nodes[child].type == TREE_DIRECTORY)
		walk->maker->nodes[child].stamp = walk->maker->now;
	else
		r = archive_node_put(walk->maker, walk->at, walk->since, name, length, &directory, &child);
	if (r == 0)
		walk_enter(walk, child);
	return r;
}

static int walk_name(struct walk *walk, const char *name, size_t length)
{
	const struct archive_nodes *nodes = walk->nodes;
	uint32_t child = archive_node_find(nodes, walk->at, name, length);
	bool shows = node_shows(nodes, child, walk->since);

	if (shows && nodes->nodes[child].type == TREE_LINK &&
	    (!walk->maker || nodes->nodes[child].stamp >= nodes->layer))
		return walk_follow(walk, nodes->text.data + nodes->nodes[child].offset);
	if (walk->maker)
		return walk_make(walk, child, name, length);
	if (!shows)
		return -ENOENT;
	walk_enter(walk, child);
	return 0;
}

static int walk_step(struct walk *walk, const char *name, size_t length)
{
	const struct node *node = &walk->nodes->nodes[walk->at];

	if (node->type != TREE_DIRECTORY)
		return -ENOTDIR;
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	if (is_dots(name, length, 1))
		return 0;
	if (!is_dots(name, length, 2))
		return walk_name(walk, name, length);
	walk->at = node->parent;
	walk->since = node_since(walk->nodes, walk->at);
	return 0;
}

int archive_walk(struct walk *walk, const char *text)
{
	int r = walk_prepend(walk, text);

	while (r == 0) {
		size_t start = walk->rest + strspn(walk->text + walk->rest, "/");
		size_t length = strcspn(walk->text + start, "/");

		if (length == 0)
			break;
		walk->rest = start + length;
		r = walk_step(walk, walk->text + start, length);
		if (r == -ENOENT || r == -ENOTDIR)
			walk->rest = start;
	}
	return r;
}

int archive_place_find(const struct archive_nodes *nodes, struct archive_nodes *maker, const char *name,
		       struct place *ret_place)
{
	struct path *path = &ret_place->path;
	char *slash;
	int r;

	path_begin(path);
	r = path_add_text(path, name, -EBADMSG);
	if (r < 0)
		return r;
	slash = strrchr(path->text, '/');
	ret_place->name = slash ? slash + 1 : "";
	if (slash)
		*slash = '\0';
	walk_begin(&ret_place->parent, nodes, maker);
	return archive_walk(&ret_place->parent, path->text);
}

/* ---- looking ---- */

int archive_nodes_find(const struct archive_nodes *nodes, const char *path, uint32_t *ret_node)
{
	struct walk walk;
	int r;

	walk_begin(&walk, nodes, NULL);
	r = archive_walk(&walk, path);
	if (r == 0)
		*ret_node = walk.at;
	return r;
}

int archive_nodes_canonical(const struct archive_nodes *nodes, const char *path, char ret_path[static PATH_MAX])
{
	struct place place;
	struct path found;
	int r = archive_place_find(nodes, NULL, path, &place);

	if (r < 0 && r != -ENOENT && r != -ENOTDIR)
		return r;
	r = path_of_node(nodes, place.parent.at, &found);
	if (r == 0)
		r = path_add_text(&found, place.parent.text + place.parent.rest, 0);
	if (r == 0 && *place.name)
		r = path_add(&found, place.name, strlen(place.name));
	if (r == 0)
		path_give(&found, ret_path);
	return r;
}
