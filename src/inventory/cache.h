/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inventories on disk, so that an image is read once: files in DIR/inventory, named by the image's digest and the blob's
 * version. What is damaged, or of another version, is removed and made anew. A file appears whole or not at all, so
 * processes do not get in each other's way.
 *
 * Bounds: CACHE_FILES files and CACHE_BYTES bytes; those used longest ago go.
 */
#ifndef PLM_INVENTORY_CACHE_H
#define PLM_INVENTORY_CACHE_H

#include "inventory/reader.h"

#define CACHE_FILES 256
#define CACHE_BYTES (512ull << 20)

/*
 * The inventory of that key from `dir`, else by reader_run, and kept. `dir` NULL, where it cannot be written to, or a key that
 * is NULL or has other characters than letters, digits and ":._-", or a request to verify, which asks about now: read, and
 * not kept. As reader_run.
 */
int cache_get(const char *dir, const char *key, const struct reader_request *request, struct inventory **ret_inventory,
	      struct reader_failure *ret_failure);

#endif
