// SPDX-License-Identifier: Apache-2.0
#include "inventory/archive_spool.h"

#include <errno.h>
#include <unistd.h>

int archive_spool_take(struct archive_spool *spool, uint64_t size, uint64_t *ret_offset)
{
	if (size > READER_SPOOL - spool->used)
		return -EFBIG;
	*ret_offset = spool->used;
	spool->used += size;
	return 0;
}

int archive_spool_write(const struct archive_spool *spool, uint64_t offset, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t step = pwrite(spool->fd, at, size, (off_t)offset);

		if (step < 0 && errno != EINTR)
			return -errno;
		step = step < 0 ? 0 : step;
		at += step;
		offset += (uint64_t)step;
		size -= (size_t)step;
	}
	return 0;
}

int archive_spool_end(const struct archive_spool *spool)
{
	return ftruncate(spool->fd, (off_t)spool->used) < 0 ? -errno : 0;
}
