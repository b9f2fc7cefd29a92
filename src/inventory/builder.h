/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the sources (source.h) put what they find; in the end it writes the blob that inventory.h opens. All strings are
 * copied, and only text goes in: what is no UTF-8 or has control characters is kept as it is (whoever shows it escapes
 * it), a NUL ends it.
 *
 * Bounds: BUILDER_*; beyond one nothing more of that kind is taken, and one note says so. Every call gives 0 or -ENOMEM,
 * or -ENOSPC at a bound; a source may ignore -ENOSPC and go on.
 */
#ifndef PLM_INVENTORY_BUILDER_H
#define PLM_INVENTORY_BUILDER_H

#include "inventory/inventory.h"

#define BUILDER_PACKAGES_MAX   65536
#define BUILDER_FILES_MAX      (1u << 20)
#define BUILDER_UNPACKAGED_MAX 65536
#define BUILDER_NOTES_MAX      64
#define BUILDER_STRING_MAX     4096         /* longer ones are cut */
#define BUILDER_TEXT_MAX       (128u << 20) /* of all strings */

struct builder;

int builder_new(struct builder **ret_builder);
void builder_free(struct builder *builder); /* takes NULL */
DEFINE_CLEANUP(struct builder *, builder_free)

int builder_system(struct builder *builder, const struct inventory_system *system);

/* *ret_number names it in builder_own. `.files` is counted by itself. One with the same type, name, version, architecture
 * and location as another is that one. */
int builder_package(struct builder *builder, const struct inventory_package *package, uint32_t *ret_number);

/* `path`: absolute and clean, else -EINVAL; its directory is canonicalised by whoever calls (tree_canonical). Owned by
 * several packages, it stays with the first that said so; a digest that the first had none of is taken from a later one. */
int builder_own(struct builder *builder, uint32_t package, const char *path, const struct inventory_file *file);

bool builder_owns(const struct builder *builder, const char *path);

/* How many files, and one by number with its package as counted by builder_package: for verification, which sets
 * .verified. Order is that of insertion. */
size_t builder_file_count(const struct builder *builder);
const char *builder_file_path(const struct builder *builder, size_t number, char room[static PATH_MAX]);
struct inventory_file builder_file(const struct builder *builder, size_t number);
void builder_verified(struct builder *builder, size_t number, enum inventory_verified verified);

/* `digest`: of its content; kind NONE: not made. */
int builder_unpackaged(struct builder *builder, const char *path, const struct digest *digest);

/* Never fails: what there is no room for is dropped. `path` may be NULL. */
void builder_note(struct builder *builder, const char *source, const char *path, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Writes the blob to a descriptor, from its beginning. 0, -ENOMEM, or the errno of writing. */
int builder_write(const struct builder *builder, int fd);

#endif
