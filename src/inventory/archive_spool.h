/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that an archive's child may write: what is unpacked goes there, a region behind the other. A region may have
 * holes, which cost nothing.
 */
#ifndef PLM_INVENTORY_ARCHIVE_SPOOL_H
#define PLM_INVENTORY_ARCHIVE_SPOOL_H

#include "inventory/reader.h"

struct archive_spool {
	int fd;
	uint64_t used; /* holes too; READER_SPOOL at most */
};

/* The next `size` bytes. 0, or -EFBIG: READER_SPOOL. */
int archive_spool_take(struct archive_spool *spool, uint64_t size, uint64_t *ret_offset);

/* Into what was taken. 0, or the errno of writing. */
int archive_spool_write(const struct archive_spool *spool, uint64_t offset, const void *data, size_t size);

/* Makes the file as long as what was taken: a hole at its end can be read. 0, or the errno of that. */
int archive_spool_end(const struct archive_spool *spool);

#endif
