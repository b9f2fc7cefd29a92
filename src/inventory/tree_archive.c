// SPDX-License-Identifier: Apache-2.0
#include "inventory/tree_archive.h"

#include <string.h>

#include "inventory/archive_layer.h"

struct tree_archive {
	struct tree tree;
	struct archive_nodes *nodes;
	struct archive_image image;
	int spool;
};

static struct tree_archive *archive_of(struct tree *tree)
{
	return (struct tree_archive *)tree;
}

/* ---- what a tree does ---- */

static int archive_open(struct tree *tree, const char *path, struct tree_file *ret_file)
{
	const struct tree_archive *archive = archive_of(tree);
	struct archive_content content;
	uint32_t node;
	int r = archive_nodes_find(archive->nodes, path, &node);

	if (r < 0)
		return r;
	content = archive_nodes_content(archive->nodes, node);
	if (content.type != TREE_FILE)
		return -EBADMSG;
	if (content.offset == LAYER_NOT_KEPT)
		return -EFBIG;
	*ret_file = (struct tree_file){ .fd = archive->spool, .offset = content.offset, .size = content.size };
	return 0;
}

static int archive_canonical(struct tree *tree, const char *path, char ret_path[static PATH_MAX])
{
	return archive_nodes_canonical(archive_of(tree)->nodes, path, ret_path);
}

static int archive_list(struct tree *tree, const char *path,
			int (*call)(const char *name, enum tree_type type, void *data), void *data)
{
	const struct archive_nodes *nodes = archive_of(tree)->nodes;
	uint32_t node;
	int r = archive_nodes_find(nodes, path, &node);

	if (r < 0)
		return r;
	if (archive_nodes_content(nodes, node).type != TREE_DIRECTORY)
		return -ENOTDIR;
	for (node = archive_nodes_child(nodes, node); r == 0 && node != NODE_NONE;
	     node = archive_nodes_sibling(nodes, node))
		r = call(archive_nodes_name(nodes, node), archive_nodes_content(nodes, node).type, data);
	return r;
}

struct round {
	const struct archive_nodes *nodes;
	int (*call)(const struct tree_entry *entry, void *data);
	void *data;
	bool passed_over; /* what lay too deep, or had too long a path */
	char path[PATH_MAX];
};

/* What is in a directory, whose path has that length. */
static int round_directory(struct round *round, uint32_t directory, size_t length, unsigned depth)
{
	uint32_t node = archive_nodes_child(round->nodes, directory);
	int r = 0;

	for (; r == 0 && node != NODE_NONE; node = archive_nodes_sibling(round->nodes, node)) {
		struct archive_content content = archive_nodes_content(round->nodes, node);
		struct tree_entry entry = { round->path, content.type, content.mode, content.size };
		const char *name = archive_nodes_name(round->nodes, node);
		size_t end = length + 1 + strlen(name);

		if (depth > TREE_DEPTH_MAX || end >= PATH_MAX) {
			round->passed_over = true;
			continue;
		}
		round->path[length] = '/';
		strcpy(round->path + length + 1, name);
		r = round->call(&entry, round->data);
		if (r == 0 && content.type == TREE_DIRECTORY)
			r = round_directory(round, node, end, depth + 1);
	}
	return r;
}

/* Every mode is here already: nobody need be asked what is known. */
static int archive_walk_all(struct tree *tree, bool (*known)(const char *path, void *data),
			    int (*call)(const struct tree_entry *entry, void *data), void *data)
{
	struct round round = { .nodes = archive_of(tree)->nodes, .call = call, .data = data };
	int r = round_directory(&round, NODE_ROOT, 0, 1);

	(void)known;
	return r == 0 && round.passed_over ? -E2BIG : r;
}

static void archive_release(struct tree *tree)
{
	struct tree_archive *archive = archive_of(tree);

	archive_nodes_free(archive->nodes);
	archive_image_clear(&archive->image);
	free(archive);
}

static const struct tree_ops archive_ops = {
	.open = archive_open,
	.canonical = archive_canonical,
	.list = archive_list,
	.walk = archive_walk_all,
	.free = archive_release,
};

/* ---- making it ---- */

static int layer_apply(const struct archive_store *store, const struct archive_blob *blob, struct archive_nodes *nodes,
		       struct archive_spool *spool)
{
	_cleanup_archive_stream_ struct archive_stream *tar = NULL;
	struct archive_stream *file = NULL;
	struct digest digest, contents;
	int r = archive_store_stream(store, blob->name, &file);

	if (r == 0)
		r = archive_stream_new(&(struct archive_source){ .below = file, .fd = -EBADF }, STREAM_TAR, true, &tar);
	if (r == 0)
		r = archive_layer_read(tar, nodes, spool);
	if (r == 0)
		r = archive_stream_digest(tar, &contents);
	if (r == 0)
		r = archive_stream_digest(file, &digest);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	if (!digest_equal(&contents, &blob->contents))
		return -EBADMSG;
	return blob->digest.kind == DIGEST_NONE || digest_equal(&digest, &blob->digest) ? 0 : -EBADMSG;
}

static int layers_merge(const struct archive_store *store, const struct archive_index *index,
			struct archive_nodes *nodes, struct archive_spool *spool)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < index->count; i++)
		r = layer_apply(store, &index->layers[i], nodes, spool);
	if (r == 0)
		r = archive_nodes_end(nodes);
	return r < 0 ? r : archive_spool_end(spool);
}

int tree_archive_new(int fd, int spool, const char *reference, struct tree **ret_tree)
{
	_cleanup_archive_store_ struct archive_store store = ARCHIVE_STORE_NONE;
	_cleanup_archive_index_ struct archive_index index = { .count = 0 };
	_cleanup_archive_nodes_ struct archive_nodes *nodes = NULL;
	struct archive_spool room = { .fd = spool };
	struct tree_archive *archive;
	int r = archive_store_open(fd, &room, &store);

	if (r == 0)
		r = archive_index_read(&store, reference, &index);
	if (r == 0)
		r = archive_nodes_new(&nodes);
	if (r == 0)
		r = layers_merge(&store, &index, nodes, &room);
	if (r < 0)
		return r;
	archive = calloc(1, sizeof(*archive));
	if (!archive)
		return -ENOMEM;
	*archive = (struct tree_archive){ { &archive_ops }, take_ptr(nodes), index.image, spool };
	index.image = (struct archive_image){ .name = NULL };
	*ret_tree = &archive->tree;
	return 0;
}

const struct archive_image *tree_archive_image(const struct tree *tree)
{
	return &((const struct tree_archive *)tree)->image;
}
