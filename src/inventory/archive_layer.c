// SPDX-License-Identifier: Apache-2.0
#include "inventory/archive_layer.h"

#include <string.h>

#define WHITEOUT      ".wh."
#define WHITEOUT_META ".wh..wh."
#define OPAQUE        ".wh..wh..opq"

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- whiteouts ---- */

/* `name` is clean and that of a whiteout; its last component begins at `base`. */
static int whiteout_read(struct archive_nodes *nodes, const char *name, const char *base)
{
	const char *hidden = base + strlen(WHITEOUT);
	char path[PATH_MAX];

	if (strcmp(base, OPAQUE) == 0)
		hidden = "";
	else if (begins(base, WHITEOUT_META))
		return 0;
	else if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return -EBADMSG;
	(void)snprintf(path, sizeof(path), "%.*s%s", (int)(base - name), name, hidden);
	return *hidden ? archive_nodes_hide(nodes, path) : archive_nodes_hide_inside(nodes, path);
}

/* ---- contents ---- */

static int contents_copy(struct archive_stream *tar, const struct archive_spool *spool,
			 const struct archive_content *content)
{
	struct archive_block block;
	int r;

	while ((r = archive_stream_block(tar, &block)) == 1) {
		if (block.offset > content->size || block.size > content->size - block.offset)
			return -EBADMSG;
		r = archive_spool_write(spool, content->offset + block.offset, block.data, block.size);
		if (r < 0)
			break;
	}
	return r;
}

static int contents_keep(struct archive_stream *tar, struct archive_entry *entry, struct archive_spool *spool,
			 struct archive_content *content)
{
	int64_t size = archive_entry_size(entry);
	int r;

	if (size < 0)
		return -EBADMSG;
	content->size = (uint64_t)size;
	r = archive_spool_take(spool, content->size, &content->offset);
	if (r == 0)
		return contents_copy(tar, spool, content);
	if (archive_entry_sparse_count(entry) == 0)
		return r;
	content->offset = LAYER_NOT_KEPT;
	return 0;
}

/* ---- entries ---- */

static enum tree_type type_of(struct archive_entry *entry)
{
	static const struct {
		unsigned filetype;
		enum tree_type type;
	} rows[] = {
		{ AE_IFREG, TREE_FILE },
		{ AE_IFDIR, TREE_DIRECTORY },
		{ AE_IFLNK, TREE_LINK },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].filetype == archive_entry_filetype(entry))
			return rows[i].type;
	return TREE_OTHER;
}

/* What is no whiteout. */
static int entry_put(struct archive_stream *tar, struct archive_entry *entry, const char *name,
		     struct archive_nodes *nodes, struct archive_spool *spool)
{
	struct archive_content content = { .type = type_of(entry), .mode = archive_entry_perm(entry) & 07777 };
	const char *hardlink = archive_entry_hardlink(entry);
	int r = 0;

	if (hardlink)
		return archive_nodes_link(nodes, name, hardlink);
	if (content.type == TREE_LINK)
		content.link = archive_entry_symlink(entry) ?: "";
	if (content.type == TREE_FILE)
		r = contents_keep(tar, entry, spool, &content);
	return r < 0 ? r : archive_nodes_put(nodes, name, &content);
}

static int entry_read(struct archive_stream *tar, struct archive_entry *entry, struct archive_nodes *nodes,
		      struct archive_spool *spool)
{
	const char *said = archive_entry_pathname(entry), *base;
	char name[PATH_MAX];
	int r = said ? archive_name_clean(said, name) : -EBADMSG;

	if (r < 0)
		return r;
	base = strrchr(name, '/') + 1;
	return begins(base, WHITEOUT) ? whiteout_read(nodes, name, base) : entry_put(tar, entry, name, nodes, spool);
}

int archive_layer_read(struct archive_stream *tar, struct archive_nodes *nodes, struct archive_spool *spool)
{
	struct archive_entry *entry;
	int r;

	archive_nodes_next_layer(nodes);
	while ((r = archive_stream_entry(tar, &entry)) == 1) {
		r = entry_read(tar, entry, nodes, spool);
		if (r < 0)
			break;
	}
	return r;
}
