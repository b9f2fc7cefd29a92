// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/archive_node.c src/inventory/archive_walk.c src/inventory/archive_merge.c src/image/layers.c
// fuzz: src/output/buffer.c
/*
 * Any text as what layers do to a tree, an entry a line: a letter, and names parted by "|"; a file with a second name is a
 * link to it. What must hold in the end: names in a directory are in order, each once; a path is clean, canonical, found.
 */
#include <stdlib.h>
#include <string.h>

#include "image/layers.h"
#include "inventory/archive_node.h"
#include "fuzz.h"

static void put(struct archive_nodes *nodes, const char *name, const char *link)
{
	struct archive_content content = { .type = *link ? TREE_LINK : TREE_FILE, .link = link };

	(void)archive_nodes_put(nodes, name, &content);
}

static void make(struct archive_nodes *nodes, const char *name, const char *link)
{
	(void)link;
	(void)archive_nodes_put(nodes, name, &(struct archive_content){ .type = TREE_DIRECTORY });
}

static void hard_link(struct archive_nodes *nodes, const char *name, const char *link)
{
	(void)archive_nodes_link(nodes, name, link);
}

static void hide(struct archive_nodes *nodes, const char *name, const char *link)
{
	(void)link;
	(void)archive_nodes_hide(nodes, name);
}

static void hide_inside(struct archive_nodes *nodes, const char *name, const char *link)
{
	(void)link;
	(void)archive_nodes_hide_inside(nodes, name);
}

static void next_layer(struct archive_nodes *nodes, const char *name, const char *link)
{
	(void)name;
	(void)link;
	archive_nodes_next_layer(nodes);
}

static const struct {
	char letter;
	void (*run)(struct archive_nodes *nodes, const char *name, const char *link);
} acts[] = {
	{ 'f', put }, { 'd', make }, { 'h', hard_link }, { 'w', hide }, { 'o', hide_inside }, { 'n', next_layer }
};

static void check(const struct archive_nodes *nodes, uint32_t directory, char path[static PATH_MAX], size_t length)
{
	const char *before = "";
	uint32_t node = archive_nodes_child(nodes, directory), found;
	char canonical[PATH_MAX];

	for (; node != NODE_NONE; node = archive_nodes_sibling(nodes, node)) {
		const char *name = archive_nodes_name(nodes, node);
		size_t end = length + 1 + strlen(name);

		must(strcmp(before, name) < 0);
		before = name;
		if (end >= PATH_MAX)
			continue;
		path[length] = '/';
		strcpy(path + length + 1, name);
		must(path_is_clean(path));
		must(archive_nodes_canonical(nodes, path, canonical) == 0 && strcmp(path, canonical) == 0);
		if (archive_nodes_content(nodes, node).type != TREE_LINK)
			must(archive_nodes_find(nodes, path, &found) == 0 && found == node);
		check(nodes, node, path, end);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_archive_nodes_ struct archive_nodes *nodes = NULL;
	_cleanup_free_ char *text = strndup((const char *)data, size);
	char path[PATH_MAX], *next = text;

	must(text && archive_nodes_new(&nodes) == 0);
	for (char *line; (line = strsep(&next, "\n"));) {
		char *name = *line ? line + 1 : line, *link = strchr(name, '|');

		if (link)
			*link = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
			if (acts[i].letter == *line)
				acts[i].run(nodes, name, link ? link + 1 : "");
	}
	must(archive_nodes_end(nodes) == 0);
	check(nodes, NODE_ROOT, path, 0);
	return 0;
}
