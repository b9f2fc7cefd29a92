/* SPDX-License-Identifier: Apache-2.0 */
/* What a builder has gathered: for builder.c, which gathers, and write.c, which puts it in order. */
#ifndef PLM_INVENTORY_BUILDER_INTERNAL_H
#define PLM_INVENTORY_BUILDER_INTERNAL_H

#include "inventory/blob.h"
#include "inventory/builder.h"
#include "inventory/pool.h"

struct builder_array {
	void *items;
	size_t count, room;
};

/* Numbers plus one, by hash; 0 free. */
struct builder_table {
	uint32_t *slots;
	size_t count; /* a power of two */
};

struct built_file {
	uint32_t directory, name; /* in the pool */
	uint32_t package;
	uint16_t flags;
	enum inventory_verified verified;
	struct digest digest;
};

#define BOUND_PACKAGES   (1u << 0)
#define BOUND_FILES      (1u << 1)
#define BOUND_UNPACKAGED (1u << 2)
#define BOUND_TEXT       (1u << 3)

struct builder {
	struct pool pool;
	struct {
		uint32_t id, version, name;
	} system;
	struct builder_array packages;   /* struct blob_package */
	struct builder_array files;      /* struct built_file */
	struct builder_array unpackaged; /* struct built_file */
	struct builder_array notes;      /* struct blob_note */
	struct builder_table by_path, by_name;
	unsigned bounds; /* that were met: BOUND_* */
};

#define BUILT_PACKAGES(builder)   ((struct blob_package *)(builder)->packages.items)
#define BUILT_FILES(builder)      ((struct built_file *)(builder)->files.items)
#define BUILT_UNPACKAGED(builder) ((struct built_file *)(builder)->unpackaged.items)

#endif
