// SPDX-License-Identifier: Apache-2.0
// fuzz: src/inventory/tree_archive.c src/inventory/archive_index.c src/inventory/archive_layout.c
// fuzz: src/inventory/archive_saved.c src/inventory/archive_store.c src/inventory/archive_stream.c
// fuzz: src/inventory/archive_spool.c src/inventory/archive_layer.c src/inventory/archive_node.c
// fuzz: src/inventory/archive_walk.c src/inventory/archive_merge.c src/inventory/tree.c src/digest/digest.c
// fuzz: src/image/architecture.c src/image/layers.c src/policy/image.c src/output/buffer.c src/runtime/storage_file.c
// fuzz: src/runtime/image_config.c src/container/facts.c -larchive -ljansson -lcrypto
/*
 * Any bytes as an image's archive: refused, or a tree, in which every path is clean and leads where it says, and every byte
 * of a file is there. What may be unpacked is bounded by the size of a file.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "image/layers.h"
#include "inventory/tree_archive.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return files_limit();
}

static int check_entry(const struct tree_entry *entry, void *data)
{
	struct tree_file file = TREE_FILE_NONE;
	char path[PATH_MAX], byte;
	int r = tree_open(data, entry->path, &file);

	must(path_is_clean(entry->path) && entry->path[1]);
	must(tree_canonical(data, entry->path, path) == 0 && strcmp(path, entry->path) == 0);
	if (entry->type == TREE_FILE)
		must(r == 0 || r == -EFBIG);
	else if (entry->type != TREE_LINK)
		must(r == -EBADMSG);
	if (entry->type == TREE_FILE && r == 0)
		must(file.size == entry->size && (!file.size || tree_pread(&file, &byte, 1, file.size - 1) == 1));
	tree_close(&file);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("archive", MFD_CLOEXEC), spool = memfd_create("spool", MFD_CLOEXEC);
	struct tree *tree = NULL;

	must(fd >= 0 && spool >= 0 && write(fd, data, size) == (ssize_t)size);
	if (tree_archive_new(fd, spool, NULL, &tree) == 0)
		must(tree_walk(tree, NULL, check_entry, tree) == 0);
	tree_free(tree);
	return 0;
}
