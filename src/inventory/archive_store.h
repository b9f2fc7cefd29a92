/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an image's archive is made of, by name: those of a directory, or the members of a tar, which may stand in
 * any order in it and are listed once. A tar that is compressed as a whole is inflated to the spool first.
 */
#ifndef PLM_INVENTORY_ARCHIVE_STORE_H
#define PLM_INVENTORY_ARCHIVE_STORE_H

#include "inventory/archive_node.h"
#include "inventory/archive_spool.h"
#include "inventory/archive_stream.h"

struct archive_store {
	int fd;                        /* a directory, or a tar: not owned */
	struct archive_nodes *members; /* NULL: a directory. A file's offset is where its headers begin */
};
#define ARCHIVE_STORE_NONE ((struct archive_store){ .fd = -EBADF })

/* `fd` and the spool outlive it. 0; -EMEDIUMTYPE: neither directory nor tar; -EBADMSG: damaged; -EFBIG: inflates to more than
 * READER_SPOOL; as archive_nodes_put, archive_stream_new, or the errno of reading or writing. */
int archive_store_open(int fd, struct archive_spool *spool, struct archive_store *ret_store);
void archive_store_close(struct archive_store *store);
#define _cleanup_archive_store_ _cleanup_(archive_store_close)

/* The bytes of a file, inflated where it is compressed; hashed as they are in the archive. 0; -ENOENT: there is none;
 * -EBADMSG: no regular file, or damaged; or as archive_stream_new. */
int archive_store_stream(const struct archive_store *store, const char *name, struct archive_stream **ret_stream);

#endif
