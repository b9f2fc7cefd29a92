// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/archive_layer.c src/inventory/archive_stream.c src/inventory/archive_spool.c
// fuzz: src/inventory/archive_node.c src/inventory/archive_walk.c src/inventory/archive_merge.c src/output/buffer.c
// fuzz: -larchive -lcrypto
/*
 * Any bytes as two layers; the first byte says how many blocks the lower has. Sums of headers are put right, or nothing would
 * get further. Refused, or every file's bytes are in what was taken of the spool.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "inventory/archive_layer.h"
#include "fuzz.h"

#define BLOCK 512

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return files_limit();
}

static void sum_mend(uint8_t *header)
{
	unsigned sum = 0;

	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	(void)snprintf((char *)header + 148, 8, "%06o", sum);
}

static int layer_read(const uint8_t *data, size_t size, struct archive_nodes *nodes, struct archive_spool *spool)
{
	_cleanup_archive_stream_ struct archive_stream *stream = NULL;
	_cleanup_close_ int fd = memfd_create("layer", MFD_CLOEXEC);
	_cleanup_free_ uint8_t *copy = malloc(size + 1);
	int r;

	must(fd >= 0 && copy);
	memcpy(copy, data, size);
	for (size_t at = 0; at + BLOCK <= size; at += BLOCK)
		if (memcmp(copy + at + 257, "ustar", 5) == 0)
			sum_mend(copy + at);
	must(write(fd, copy, size) == (ssize_t)size);
	r = archive_stream_new(&(struct archive_source){ .fd = fd }, STREAM_TAR, false, &stream);
	return r < 0 ? r : archive_layer_read(stream, nodes, spool);
}

static void check(const struct archive_nodes *nodes, uint32_t node, const struct archive_spool *spool)
{
	for (node = archive_nodes_child(nodes, node); node != NODE_NONE; node = archive_nodes_sibling(nodes, node)) {
		struct archive_content content = archive_nodes_content(nodes, node);
		const char *name = archive_nodes_name(nodes, node);

		must(*name && !strchr(name, '/') && strncmp(name, ".wh..wh.", 8) != 0);
		if (content.type == TREE_FILE && content.offset != LAYER_NOT_KEPT)
			must(content.offset <= spool->used && content.size <= spool->used - content.offset);
		check(nodes, node, spool);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_archive_nodes_ struct archive_nodes *nodes = NULL;
	_cleanup_close_ int fd = memfd_create("spool", MFD_CLOEXEC);
	struct archive_spool spool = { .fd = fd };
	size_t lower;

	if (size == 0)
		return 0;
	lower = data[0] * BLOCK < size ? data[0] * BLOCK : size - 1;
	must(archive_nodes_new(&nodes) == 0);
	if (layer_read(data + 1, lower, nodes, &spool) == 0 &&
	    layer_read(data + 1 + lower, size - 1 - lower, nodes, &spool) == 0) {
		must(archive_nodes_end(nodes) == 0);
		check(nodes, NODE_ROOT, &spool);
	}
	return 0;
}
