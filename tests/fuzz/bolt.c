// SPDX-License-Identifier: Apache-2.0
// fuzz: src/runtime/bolt.c
/*
 * Any bytes as a bbolt database, walked to its depth: it ends, within its bounds, and every key and value that is given
 * can be read. The checksums are made to fit, so that what lies behind the metas is reached.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/bolt.h"
#include "fuzz.h"

#define DEPTH 8

struct walk {
	struct bolt *bolt;
	int depth;
	size_t entries;
	uint8_t sum; /* of all bytes: each is touched */
};

static void touch(struct walk *walk, struct bolt_bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		walk->sum ^= bytes.data[i];
}

static int look(const struct bolt_entry *entry, void *data)
{
	struct walk *walk = data;
	int r;

	touch(walk, entry->key);
	touch(walk, entry->value);
	if (++walk->entries > 10000)
		return 1;
	if (!entry->is_bucket || walk->depth == DEPTH)
		return 0;
	walk->depth++;
	r = bolt_each(walk->bolt, &entry->bucket, look, walk);
	walk->depth--;
	return r;
}

static int walk_all(struct bolt *bolt, void *data)
{
	static const char *const none[] = { NULL }, *const path[] = { "v1", "snapshots", NULL };
	struct walk *walk = data;
	struct bolt_bucket bucket;
	char *text = NULL;

	walk->bolt = bolt;
	if (bolt_bucket(bolt, path, &bucket) == 0 && bolt_text(bolt, &bucket, "id", &text) == 0)
		free(text);
	return bolt_bucket(bolt, none, &bucket) < 0 ? 0 : bolt_each(bolt, &bucket, look, walk);
}

static void checksum_fit(int fd, off_t page)
{
	uint64_t hash = 0xcbf29ce484222325;
	uint8_t meta[56];

	if (pread(fd, meta, sizeof(meta), page + 16) != sizeof(meta))
		return;
	for (size_t i = 0; i < sizeof(meta); i++)
		hash = (hash ^ meta[i]) * 0x100000001b3;
	if (pwrite(fd, &hash, sizeof(hash), page + 72) != sizeof(hash))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("bolt", MFD_CLOEXEC);
	struct walk walk = { .depth = 0 };

	if (fd < 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	checksum_fit(fd, 0);
	checksum_fit(fd, 4096);
	if (bolt_read(fd, walk_all, &walk) > 1)
		abort();
	close(fd);
	return 0;
}
