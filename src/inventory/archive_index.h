/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which image of an archive, and which of its files are the layers: of an OCI layout (github.com/opencontainers/image-spec:
 * image-layout.md, image-index.md, manifest.md, config.md; Docker's media types for the same things are known too), or by
 * manifest.json of what `docker save` wrote before it wrote such layouts, and `podman save` still does. Where an archive is
 * both, the layout counts.
 *
 * Every document is JSON of INDEX_TEXT_MAX bytes at most, without a key twice, and what names it by a digest must be right.
 */
#ifndef PLM_INVENTORY_ARCHIVE_INDEX_H
#define PLM_INVENTORY_ARCHIVE_INDEX_H

#include "inventory/archive_store.h"
#include "inventory/reader.h"

#define INDEX_TEXT_MAX  (4u << 20)
#define INDEX_DEPTH_MAX 4 /* an index may be of indices */

struct archive_image {
	char *name;           /* as the archive has it; NULL: none */
	struct digest digest; /* SHA-256 of its configuration: Docker's image id */
};

/* A layer: a file of the store. */
struct archive_blob {
	char *name;
	struct digest digest;   /* of the file; kind NONE: not told */
	struct digest contents; /* of the tar that it inflates to: config.md's diff_id */
};

struct archive_index {
	struct archive_image image;
	struct archive_blob *layers; /* from the bottom up */
	size_t count;
};

/*
 * The image that goes by `reference`, as the archive has it or without Docker Hub's registry, or without its tag
 * (policy/image.h); NULL: the only one. Of one for several machines, the one for Linux and this machine's architecture, else
 * the only one; what is for platform "unknown" (attestations) is none.
 *
 * 0; -ENOENT: there is none; -EINVAL: several, and nothing says which; -EMEDIUMTYPE: neither layout nor manifest.json;
 * -EPROTONOSUPPORT: a media type or kind of digest that is not read; -EBADMSG: damaged, or lacks a file; -EFBIG, -E2BIG: a
 * bound (INDEX_*, READER_LAYERS); -ENOMEM; or as archive_store_stream.
 */
int archive_index_read(const struct archive_store *store, const char *reference, struct archive_index *ret_index);
void archive_index_clear(struct archive_index *index);
#define _cleanup_archive_index_ _cleanup_(archive_index_clear)

void archive_image_clear(struct archive_image *image);

#endif
