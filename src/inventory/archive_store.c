// SPDX-License-Identifier: Apache-2.0
#include "inventory/archive_store.h"

#include <sys/stat.h>

#include "runtime/storage.h"

static int spool_fill(struct archive_stream *stream, struct archive_spool *spool)
{
	struct archive_block block;
	uint64_t offset;
	int r;

	while ((r = archive_stream_block(stream, &block)) == 1) {
		r = archive_spool_take(spool, block.size, &offset);
		if (r == 0)
			r = archive_spool_write(spool, offset, block.data, block.size);
		if (r < 0)
			break;
	}
	return r;
}

/* *fd becomes that of a tar that is not compressed. */
static int tar_inflate(int *fd, struct archive_spool *spool)
{
	_cleanup_archive_stream_ struct archive_stream *stream = NULL;
	int r = archive_stream_new(&(struct archive_source){ .fd = *fd }, STREAM_BYTES, false, &stream);

	if (r < 0 || !archive_stream_inflates(stream))
		return r;
	r = spool_fill(stream, spool);
	if (r == 0)
		*fd = spool->fd;
	return r;
}

/* What is neither a file nor leads to one is left out: nothing asks for it. */
static int member_add(struct archive_nodes *members, struct archive_entry *entry, uint64_t offset)
{
	const char *name = archive_entry_pathname(entry), *hardlink = archive_entry_hardlink(entry);
	struct archive_content content = { .type = TREE_FILE, .offset = offset };

	if (!name)
		return -EBADMSG;
	if (hardlink)
		return archive_nodes_link(members, name, hardlink);
	if (archive_entry_filetype(entry) == AE_IFLNK) {
		content.type = TREE_LINK;
		content.link = archive_entry_symlink(entry) ?: "";
	}
	if (archive_entry_filetype(entry) != AE_IFREG && !content.link)
		return 0;
	return archive_nodes_put(members, name, &content);
}

/* -EMEDIUMTYPE: it does not begin as a tar. */
static int members_list(int fd, struct archive_nodes *members)
{
	_cleanup_archive_stream_ struct archive_stream *stream = NULL;
	struct archive_entry *entry;
	int r = archive_stream_new(&(struct archive_source){ .fd = fd }, STREAM_TAR, false, &stream);

	if (r == 0)
		r = archive_stream_entry(stream, &entry);
	if (r == -EBADMSG)
		return -EMEDIUMTYPE;
	while (r == 1) {
		r = member_add(members, entry, archive_stream_entry_offset(stream));
		if (r == 0)
			r = archive_stream_entry(stream, &entry);
	}
	return r;
}

static int tar_open(int fd, struct archive_spool *spool, struct archive_store *ret_store)
{
	_cleanup_archive_nodes_ struct archive_nodes *members = NULL;
	int r = tar_inflate(&fd, spool);

	if (r == 0)
		r = archive_nodes_new(&members);
	if (r == 0)
		r = members_list(fd, members);
	if (r == 0)
		*ret_store = (struct archive_store){ fd, take_ptr(members) };
	return r;
}

int archive_store_open(int fd, struct archive_spool *spool, struct archive_store *ret_store)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if (S_ISREG(stat.st_mode))
		return tar_open(fd, spool, ret_store);
	if (!S_ISDIR(stat.st_mode))
		return -EMEDIUMTYPE;
	*ret_store = (struct archive_store){ .fd = fd };
	return 0;
}

void archive_store_close(struct archive_store *store)
{
	archive_nodes_free(store->members);
	*store = ARCHIVE_STORE_NONE;
}

static int file_source(const struct archive_store *store, const char *name, struct archive_source *ret_source)
{
	int fd = store_file(store->fd, name);

	if (fd < 0)
		return fd;
	*ret_source = (struct archive_source){ .fd = fd, .owned = true };
	return 0;
}

/* The tar once more, from that member on. */
static int member_source(const struct archive_store *store, const char *name, struct archive_source *ret_source)
{
	_cleanup_archive_stream_ struct archive_stream *stream = NULL;
	struct archive_source source = { .fd = store->fd };
	struct archive_content content;
	struct archive_entry *entry;
	uint32_t node;
	int r = archive_nodes_find(store->members, name, &node);

	if (r < 0)
		return r;
	content = archive_nodes_content(store->members, node);
	if (content.type != TREE_FILE)
		return -EBADMSG;
	source.offset = content.offset;
	r = archive_stream_new(&source, STREAM_TAR, false, &stream);
	if (r == 0)
		r = archive_stream_entry(stream, &entry);
	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	*ret_source = (struct archive_source){ .below = take_ptr(stream), .fd = -EBADF };
	return 0;
}

int archive_store_stream(const struct archive_store *store, const char *name, struct archive_stream **ret_stream)
{
	struct archive_source source;
	int r = store->members ? member_source(store, name, &source) : file_source(store, name, &source);

	return r < 0 ? r : archive_stream_new(&source, STREAM_BYTES, true, ret_stream);
}
