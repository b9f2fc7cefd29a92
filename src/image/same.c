// SPDX-License-Identifier: Apache-2.0
#include "image/same.h"

#include <stdlib.h>
#include <string.h>

#define SETTLED_NS 20000000 /* more than a tick of any file system's clock */

struct answer_kept {
	uint64_t inode;
	uint32_t device;
	int64_t ctime; /* 0: free */
	uint64_t path; /* hash */
	bool same;
};

struct same {
	struct answer_kept kept[SAME_MAX];
	size_t next;
};

struct same *same_new(void)
{
	return calloc(1, sizeof(struct same));
}

void same_free(struct same *same)
{
	free(same);
}

/* FNV-1a */
static uint64_t path_hash(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3ull;
	return hash;
}

bool same_as_image(struct same *same, const struct rootfs *rootfs, const char *path, int64_t now)
{
	struct answer_kept asked = { .path = path_hash(path) };
	struct rootfs_stat upper;

	if (rootfs_upper_stat(rootfs, path, &upper) || upper.state != ROOTFS_UPPER_ENTRY)
		return false;
	asked.inode = upper.inode;
	asked.device = upper.device;
	asked.ctime = upper.ctime;
	for (size_t i = 0; i < SAME_MAX; i++) {
		const struct answer_kept *kept = &same->kept[i];

		if (kept->ctime == asked.ctime && kept->inode == asked.inode && kept->device == asked.device &&
		    kept->path == asked.path)
			return kept->same;
	}
	asked.same = rootfs_same_as_image(rootfs, path, SAME_BYTES_MAX);
	if (now - asked.ctime > SETTLED_NS)
		same->kept[same->next++ % SAME_MAX] = asked;
	return asked.same;
}
