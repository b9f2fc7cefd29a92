// SPDX-License-Identifier: Apache-2.0
#include "drift/internal.h"

#include <stdlib.h>
#include <sys/stat.h>

#define SHOW_EVERY 64 /* files */

struct hashing {
	const struct rootfs *rootfs;
	struct drift *drift;
	uint64_t left; /* bytes that may still be read */
};

/* The descriptor is taken; a negative errno instead of it. */
static void hash(struct hashing *hashing, int file, struct digest *ret_digest)
{
	const enum digest_kind kind = DIGEST_SHA256;
	_cleanup_close_ int fd = file;
	struct stat stat;

	if (fd == -ENOENT || fd == -EINVAL)
		return; /* nothing there, or nothing to be read */
	if (fd < 0 || fstat(fd, &stat) < 0 || (uint64_t)stat.st_size > DRIFT_FILE_MAX ||
	    (uint64_t)stat.st_size > hashing->left) {
		hashing->drift->unhashed++;
		return;
	}
	hashing->left -= (uint64_t)stat.st_size;
	if (digest_fd(fd, 0, (uint64_t)stat.st_size, &kind, 1, ret_digest) < 0)
		hashing->drift->unhashed++;
}

static void file_hash(struct hashing *hashing, struct drift_file *file)
{
	if (file->kind != DIFFERENCE_REMOVED)
		hash(hashing, rootfs_upper_read(hashing->rootfs, file->path), &file->digest);
	if (file->kind != DIFFERENCE_ADDED)
		hash(hashing, rootfs_image_read(hashing->rootfs, file->path), &file->expected);
}

static int by_size(const void *a, const void *b)
{
	const struct drift_file *x = a, *y = b;

	return x->stat.size < y->stat.size ? -1 : x->stat.size > y->stat.size;
}

void drift_digests(const struct rootfs *rootfs, const struct drift_options *options, struct drift *drift)
{
	struct hashing hashing = { .rootfs = rootfs, .drift = drift, .left = DRIFT_BYTES_MAX };

	if (drift->count)
		qsort(drift->files, drift->count, sizeof(*drift->files), by_size);
	for (size_t i = 0; i < drift->count; i++) {
		file_hash(&hashing, &drift->files[i]);
		if (options->progress && i % SHOW_EVERY == 0)
			options->progress(i, drift->count, options->data);
	}
}
