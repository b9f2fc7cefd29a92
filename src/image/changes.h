/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths of one container that events told a change of: what the comparison of its upper directory is held against.
 * Hashes of paths in a set that grows with them, up to CHANGES_MAX; beyond that it is full, and says so.
 */
#ifndef PLM_IMAGE_CHANGES_H
#define PLM_IMAGE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#define CHANGES_MAX 8192

struct changes;

/* NULL when out of memory. changes_free takes NULL. */
struct changes *changes_new(void);
void changes_free(struct changes *changes);

/* With `tree` all that lies below the path counts as told with it (a directory that was renamed). Out of memory: full. */
void changes_add(struct changes *changes, const char *path, bool tree);

/* There is no room for more, by its keeper's own bound. */
void changes_close(struct changes *changes);

/* Was the path told, or a tree that it lies in? NULL: no. */
bool changes_tell(const struct changes *changes, const char *path);

/* Paths were left out: what changes_tell denies may have been told all the same. */
bool changes_full(const struct changes *changes);
size_t changes_count(const struct changes *changes);

#endif
