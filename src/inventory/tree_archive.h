/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root file system of an image that lies in an archive: a directory that is an OCI layout, or a tar (plain, or
 * compressed as a whole by gzip, zstd or xz) that holds one, or what `docker save` and `podman save` write. Its layers are
 * merged in memory (archive_node.h), their files' contents lie in the spool; neither a file system nor /proc is looked at.
 *
 * The image is the one that was named: every file that has a digest is checked against it, and each layer's tar against the
 * configuration (diff_ids). A layer that is not what it should be refuses the whole image.
 *
 * Bounds: READER_SPOOL bytes of contents (archive_spool.h), NODES_MAX entries and NODES_TEXT_MAX bytes of names of all layers
 * together (archive_node.h), INDEX_* (archive_index.h). Time is the caller's to limit: a few bytes can inflate to many.
 */
#ifndef PLM_INVENTORY_TREE_ARCHIVE_H
#define PLM_INVENTORY_TREE_ARCHIVE_H

#include "inventory/archive_index.h"
#include "inventory/tree.h"

/*
 * `fd`: the directory or file, read by offset, not needed any more when this returns; `spool`: an empty file that can be
 * written, which the caller keeps open as long as the tree and then closes. `reference`: archive_index.h.
 *
 * As archive_index_read; -EBADMSG also: a layer is damaged, is not what its digest says, or holds a name that leads out or a
 * hard link to nothing; -ENAMETOOLONG, -ELOOP: one that no file system could hold; -EFBIG, -E2BIG: a bound; or the errno of
 * reading or writing.
 *
 * tree_open also gives -EFBIG: a sparse file that was larger than what was left of READER_SPOOL.
 */
int tree_archive_new(int fd, int spool, const char *reference, struct tree **ret_tree);

/* Which image it is; valid as long as the tree. */
const struct archive_image *tree_archive_image(const struct tree *tree);

#endif
