/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer of an image, a tar (github.com/opencontainers/image-spec, layer.md), into the tree: what its entries are, and
 * its whiteouts ".wh.NAME" and ".wh..wh..opq"; other names that begin with ".wh..wh." are aufs's own and mean nothing. The
 * contents of regular files go to the spool.
 */
#ifndef PLM_INVENTORY_ARCHIVE_LAYER_H
#define PLM_INVENTORY_ARCHIVE_LAYER_H

#include "inventory/archive_node.h"
#include "inventory/archive_spool.h"
#include "inventory/archive_stream.h"

/* The offset of a file whose contents are not kept: a sparse one that is larger than what is left of the spool. */
#define LAYER_NOT_KEPT UINT64_MAX

/* The entries of a tar, as the next layer. 0; -EBADMSG: damaged, or what no file system could hold; -EFBIG: READER_SPOOL; or as
 * archive_nodes_put, archive_stream_new, archive_spool_write. */
int archive_layer_read(struct archive_stream *tar, struct archive_nodes *nodes, struct archive_spool *spool);

#endif
