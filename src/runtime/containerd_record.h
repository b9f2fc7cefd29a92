/* SPDX-License-Identifier: Apache-2.0 */
/* What containerd's two databases (storage_containerd.c) say of one container. */
#ifndef PLM_RUNTIME_CONTAINERD_RECORD_H
#define PLM_RUNTIME_CONTAINERD_RECORD_H

#include <errno.h>

#include "runtime/bolt.h"
#include "runtime/storage.h"

#define CONTAINERD_SNAPSHOTTER "overlayfs"
#define CONTAINERD_META        "io.containerd.metadata.v1.bolt/meta.db"

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

/* Is it more than a digest? The CRI lists an image by its id and by its digest too. */
bool image_is_named(const char *name);

/* ---- within one reading of the database ---- */

/* v1/<namespace>/<name>/<sub>; `sub` may be NULL. As bolt_bucket. */
int containerd_bucket(struct bolt *bolt, const char *namespace, const char *name, const char *sub,
		      struct bolt_bucket *ret_bucket);

/* Fills digest, config and name of the image that the record's `image` and `chain` lead to. 0, or as bolt_get. */
int containerd_image_find(struct bolt *bolt, struct containerd_record *record);

/* What leaves a fact unknown, and no more. */
static inline int unless_missing(int r)
{
	return r == -ENOENT ? 0 : r;
}

#endif
