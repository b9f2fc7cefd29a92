/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms of an archive, OCI layout (archive_layout.c) and manifest.json (archive_saved.c), and what they share. */
#ifndef PLM_INVENTORY_ARCHIVE_INDEX_INTERNAL_H
#define PLM_INVENTORY_ARCHIVE_INDEX_INTERNAL_H

#include <jansson.h>
#include <string.h>

#include "inventory/archive_index.h"

/* `index` is empty before; whatever the outcome, it may have got something. As archive_index_read. */
int archive_layout_read(const struct archive_store *store, const char *reference, struct archive_index *index);
int archive_saved_read(const struct archive_store *store, const char *reference, struct archive_index *index);

/* A file's JSON. `expected`: its digest, or NULL: any. As archive_store_stream; -EBADMSG also: no JSON, or not of that
 * digest; -EFBIG. `need`: one that is not there is damage. */
int archive_document_read(const struct archive_store *store, const char *name, const struct digest *expected,
			  json_t **ret_document, struct digest *ret_digest);
int archive_document_need(const struct archive_store *store, const char *name, const struct digest *expected,
			  json_t **ret_document, struct digest *ret_digest);

/* Of "sha256:<64 hex digits>"; NULL is none. 0 or -EPROTONOSUPPORT. */
int archive_digest_read(const char *text, struct digest *ret_digest);

/* Gives a row of a list of layers its file, and its digest where one is told. */
typedef int (*archive_layer_row)(const json_t *row, struct archive_blob *blob);

/* The image by its configuration, a file of that name and digest (NULL: any), and the list of its layers. */
int archive_image_read(const struct archive_store *store, const char *config, const struct digest *expected,
		       const json_t *layers, archive_layer_row read, struct archive_index *index);

int archive_image_name(struct archive_image *image, const char *name); /* NULL: it has none. 0 or -ENOMEM */

/* True: an image of that name goes by the reference too. NULL is no name; as a reference it means any. */
bool archive_name_is(const char *name, const char *reference);

/* Both may be NULL. */
static inline bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

#endif
