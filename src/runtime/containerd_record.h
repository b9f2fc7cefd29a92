/* SPDX-License-Identifier: Apache-2.0 */
/* What containerd's two databases (storage_containerd.c) say of one container. */
#ifndef PLM_RUNTIME_CONTAINERD_RECORD_H
#define PLM_RUNTIME_CONTAINERD_RECORD_H

#include <errno.h>

#include "runtime/bolt.h"
#include "runtime/storage.h"

#define CONTAINERD_SNAPSHOTTER "overlayfs"
#define CONTAINERD_META        "io.containerd.metadata.v1.bolt/meta.db"
#define CONTAINERD_SNAPSHOTS   "io.containerd.snapshotter.v1." CONTAINERD_SNAPSHOTTER "/metadata.db"
#define CONTAINERD_BLOBS       "io.containerd.content.v1.content/blobs/sha256"

/* Owned strings, NULL unknown. */
struct containerd_record {
	char *namespace, *key; /* of its snapshot */
	char *chain;           /* of the layers that it stands on */
	char *id;
	char *image;  /* as it was asked for */
	char *digest; /* of the image's target */
	char *config; /* of the image's configuration */
	char *name;   /* of the image, where that is another than it was asked for, and there is but one */
	char *runtime;
	struct bolt_bytes spec; /* malloc'd */
	struct label_list labels;
};

void containerd_record_clear(struct containerd_record *record); /* frees and empties */

/*
 * By the snapshot, where place->layer is known, else by the id. `meta` is CONTAINERD_META, opened. 0: *ret_record is the
 * caller's; with the snapshot alone where the container's own record has gone. -ENOENT, or as struct store_ops.lookup.
 */
int containerd_record_find(const struct store_place *place, const struct runtime_request *request, int meta,
			   struct containerd_record *ret_record);

/* Adds the labels of a container, if it is there. As bolt_read. */
int containerd_labels_find(int meta, const char *namespace, const char *id, struct label_list *labels);

/* What the record's image is, by its configuration. 0 or -ENOMEM. */
int containerd_record_image(const struct store_place *place, const struct containerd_record *record,
			    struct container_facts *facts);

/* Unsigned, 7 bits a byte, the lowest first (Go's encoding/binary). False: it is none. */
bool containerd_varint(struct bolt_bytes bytes, uint64_t *ret_value);

/* store_ops.image */
int containerd_stored_image(const struct store_place *place, const char *word, struct stored_image *image);

/* Is it more than a digest? The CRI lists an image by its id and by its digest too. */
bool image_is_named(const char *name);

/* ---- within one reading of the database ---- */

/* v1/<namespace>/<name>/<sub>; `sub` may be NULL. As bolt_bucket. */
int containerd_bucket(struct bolt *bolt, const char *namespace, const char *name, const char *sub,
		      struct bolt_bucket *ret_bucket);

/* The digest of what an image's own bucket leads to, malloc'd. As bolt_text. */
int containerd_image_target(struct bolt *bolt, const struct bolt_bucket *image, char **ret_digest);

/* The configuration that a digest leads to, malloc'd, of an image that was unpacked here: 1; 0: none; with `chain`,
 * -ESTALE: it has other layers. Or as bolt_get. */
int containerd_config_find(struct bolt *bolt, const char *namespace, const char *digest, const char *chain,
			   char **ret_config);

/* Of a configuration's blob: the chain id of the layers that it was unpacked to. */
#define CONTAINERD_LABEL_SNAPSHOT "containerd.io/gc.ref.snapshot." CONTAINERD_SNAPSHOTTER

/* Fills digest, config and name of the image that the record's `image` and `chain` lead to. 0, or as bolt_get. */
int containerd_image_find(struct bolt *bolt, struct containerd_record *record);

/* What leaves a fact unknown, and no more. */
static inline int unless_missing(int r)
{
	return r == -ENOENT ? 0 : r;
}

#endif
