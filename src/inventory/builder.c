// SPDX-License-Identifier: Apache-2.0
#include "inventory/builder.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/layers.h" /* path_is_clean */
#include "inventory/blob.h"
#include "inventory/builder_internal.h"

int builder_new(struct builder **ret_builder)
{
	struct builder *builder = calloc(1, sizeof(*builder));
	int r = builder ? pool_init(&builder->pool, BUILDER_TEXT_MAX) : -ENOMEM;

	if (r < 0) {
		builder_free(builder);
		return r;
	}
	*ret_builder = builder;
	return 0;
}

void builder_free(struct builder *builder)
{
	if (!builder)
		return;
	pool_clear(&builder->pool);
	free(builder->packages.items);
	free(builder->files.items);
	free(builder->unpackaged.items);
	free(builder->notes.items);
	free(builder->by_path.slots);
	free(builder->by_name.slots);
	free(builder);
}

/* ---- arrays ---- */

/* Room for one more of `size` bytes: its place, or NULL. */
static void *array_add(struct builder_array *array, size_t size)
{
	if (array->count == array->room) {
		size_t room = array->room ? 2 * array->room : 64;
		void *items = reallocarray(array->items, room, size);

		if (!items)
			return NULL;
		array->items = items;
		array->room = room;
	}
	return memset((char *)array->items + array->count++ * size, 0, size);
}

/* A bound that was met is noted once. */
static int at_bound(struct builder *builder, unsigned bound, const char *what)
{
	if (!(builder->bounds & bound))
		builder_note(builder, "builder", NULL, "there are more %s than are taken", what);
	builder->bounds |= bound;
	return -ENOSPC;
}

/* ---- numbers by hash ---- */

static int table_grow(struct builder_table *table, uint64_t (*hash)(const struct builder *builder, uint32_t number),
		      const struct builder *builder)
{
	size_t count = table->count ? 2 * table->count : 1024;
	uint32_t *slots = calloc(count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++) {
		size_t at;

		if (!table->slots[i])
			continue;
		at = hash(builder, table->slots[i] - 1) & (count - 1);
		while (slots[at])
			at = (at + 1) & (count - 1);
		slots[at] = table->slots[i];
	}
	free(table->slots);
	table->slots = slots;
	table->count = count;
	return 0;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t hash = (a * 0x9e3779b97f4a7c15ull ^ b) * 0xc2b2ae3d27d4eb4full;

	return hash ^ hash >> 32;
}

/* ---- strings ---- */

static int text_put(struct builder *builder, const char *text, uint32_t *ret_offset)
{
	int r = pool_put(&builder->pool, text, text ? strnlen(text, BUILDER_STRING_MAX) : 0, ret_offset);

	return r == -ENOSPC ? at_bound(builder, BOUND_TEXT, "strings") : r;
}

int builder_system(struct builder *builder, const struct inventory_system *system)
{
	int r = text_put(builder, system->id, &builder->system.id);

	if (r == 0)
		r = text_put(builder, system->version, &builder->system.version);
	return r < 0 ? r : text_put(builder, system->name, &builder->system.name);
}

/* ---- packages ---- */

static uint64_t package_hash(const struct builder *builder, uint32_t number)
{
	const struct blob_package *package = &BUILT_PACKAGES(builder)[number];

	return mix(mix(package->name, package->version), mix(package->location, package->architecture) ^ package->type);
}

static bool package_is(const struct blob_package *a, const struct blob_package *b)
{
	return a->type == b->type && a->name == b->name && a->version == b->version &&
	       a->architecture == b->architecture && a->location == b->location;
}

static int package_texts(struct builder *builder, const struct inventory_package *package,
			 struct blob_package *ret_package)
{
	const struct {
		const char *text;
		uint32_t *offset;
	} texts[] = {
		{ package->name, &ret_package->name },         { package->version, &ret_package->version },
		{ package->origin, &ret_package->origin },     { package->architecture, &ret_package->architecture },
		{ package->license, &ret_package->license },   { package->purl, &ret_package->purl },
		{ package->location, &ret_package->location },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
		r = text_put(builder, texts[i].text, texts[i].offset);
	return r;
}

static uint32_t *package_slot(struct builder *builder)
{
	const struct blob_package *last = &BUILT_PACKAGES(builder)[builder->packages.count - 1];
	size_t mask = builder->by_name.count - 1;
	size_t at = package_hash(builder, (uint32_t)builder->packages.count - 1) & mask;

	while (builder->by_name.slots[at] &&
	       !package_is(&BUILT_PACKAGES(builder)[builder->by_name.slots[at] - 1], last))
		at = (at + 1) & mask;
	return &builder->by_name.slots[at];
}

int builder_package(struct builder *builder, const struct inventory_package *package, uint32_t *ret_number)
{
	struct blob_package built = { .type = package->type }, *place;
	uint32_t *slot;
	int r;

	if (!package->name || !*package->name || (unsigned)package->type >= PACKAGE_TYPES)
		return -EINVAL;
	if (builder->packages.count >= BUILDER_PACKAGES_MAX)
		return at_bound(builder, BOUND_PACKAGES, "packages");
	r = package_texts(builder, package, &built);
	if (r == 0 && 2 * (builder->packages.count + 1) > builder->by_name.count)
		r = table_grow(&builder->by_name, package_hash, builder);
	if (r < 0)
		return r;
	place = array_add(&builder->packages, sizeof(built));
	if (!place)
		return -ENOMEM;
	*place = built;
	slot = package_slot(builder);
	if (*slot)
		builder->packages.count--; /* there already */
	else
		*slot = (uint32_t)builder->packages.count;
	*ret_number = *slot - 1;
	return 0;
}

/* ---- files ---- */

/* "/usr/bin/ls": "/usr/bin" and "ls"; "/init": "/" and "init". */
static bool path_split(const char *path, size_t *ret_directory, const char **ret_name)
{
	const char *slash;

	if (!path_is_clean(path) || path[1] == '\0')
		return false;
	slash = strrchr(path, '/');
	*ret_directory = slash == path ? 1 : (size_t)(slash - path);
	*ret_name = slash + 1;
	return true;
}

static uint64_t file_hash(const struct builder *builder, uint32_t number)
{
	const struct built_file *file = &BUILT_FILES(builder)[number];

	return mix(file->directory, file->name);
}

/* The slot of that path, or the free one where it would be. */
static uint32_t *file_slot(const struct builder *builder, uint32_t directory, uint32_t name)
{
	size_t mask = builder->by_path.count - 1, at = mix(directory, name) & mask;

	for (; builder->by_path.slots[at]; at = (at + 1) & mask) {
		const struct built_file *file = &BUILT_FILES(builder)[builder->by_path.slots[at] - 1];

		if (file->directory == directory && file->name == name)
			break;
	}
	return &builder->by_path.slots[at];
}

static void file_join(struct built_file *there, const struct inventory_file *file)
{
	if (!there->digest.kind) {
		there->digest = file->digest;
		there->flags |= (uint16_t)file->flags;
	}
}

static int file_add(struct builder *builder, uint32_t directory, uint32_t name, uint32_t package,
		    const struct inventory_file *file, uint32_t *slot)
{
	struct built_file *place = array_add(&builder->files, sizeof(*place));

	if (!place)
		return -ENOMEM;
	*place = (struct built_file){ .directory = directory,
				      .name = name,
				      .package = package,
				      .flags = (uint16_t)file->flags,
				      .digest = file->digest };
	*slot = (uint32_t)builder->files.count;
	return 0;
}

int builder_own(struct builder *builder, uint32_t package, const char *path, const struct inventory_file *file)
{
	uint32_t directory, name, *slot;
	const char *leaf;
	size_t length;
	int r;

	if (package >= builder->packages.count || !path_split(path, &length, &leaf))
		return -EINVAL;
	r = pool_put(&builder->pool, path, length, &directory);
	if (r == 0)
		r = pool_put(&builder->pool, leaf, strlen(leaf), &name);
	if (r == -ENOSPC)
		return at_bound(builder, BOUND_TEXT, "strings");
	if (r == 0 && 2 * (builder->files.count + 1) > builder->by_path.count)
		r = table_grow(&builder->by_path, file_hash, builder);
	if (r < 0)
		return r;
	slot = file_slot(builder, directory, name);
	if (*slot) {
		if (BUILT_FILES(builder)[*slot - 1].package != package)
			BUILT_PACKAGES(builder)[package].files++;
		file_join(&BUILT_FILES(builder)[*slot - 1], file);
		return 0;
	}
	if (builder->files.count >= BUILDER_FILES_MAX)
		return at_bound(builder, BOUND_FILES, "files");
	r = file_add(builder, directory, name, package, file, slot);
	if (r == 0)
		BUILT_PACKAGES(builder)[package].files++;
	return r;
}

bool builder_owns(const struct builder *builder, const char *path)
{
	uint32_t directory, name;
	const char *leaf;
	size_t length;

	if (!builder->by_path.count || !path_split(path, &length, &leaf))
		return false;
	directory = pool_find(&builder->pool, path, length);
	name = pool_find(&builder->pool, leaf, strlen(leaf));
	return directory && name && *file_slot(builder, directory, name);
}

size_t builder_file_count(const struct builder *builder)
{
	return builder->files.count;
}

const char *builder_file_path(const struct builder *builder, size_t number, char room[static PATH_MAX])
{
	const struct built_file *file = &BUILT_FILES(builder)[number];
	const char *directory = builder->pool.text + file->directory, *name = builder->pool.text + file->name;

	(void)snprintf(room, PATH_MAX, "%s/%s", directory[1] ? directory : "", name);
	return room;
}

struct inventory_file builder_file(const struct builder *builder, size_t number)
{
	const struct built_file *file = &BUILT_FILES(builder)[number];

	return (struct inventory_file){
		.package = file->package, .flags = file->flags, .verified = file->verified, .digest = file->digest
	};
}

void builder_verified(struct builder *builder, size_t number, enum inventory_verified verified)
{
	BUILT_FILES(builder)[number].verified = verified;
}

int builder_unpackaged(struct builder *builder, const char *path, const struct digest *digest)
{
	struct built_file *place;
	uint32_t directory, name;
	const char *leaf;
	size_t length;
	int r;

	if (!path_split(path, &length, &leaf))
		return -EINVAL;
	if (builder->unpackaged.count >= BUILDER_UNPACKAGED_MAX)
		return at_bound(builder, BOUND_UNPACKAGED, "executables that no package owns");
	r = pool_put(&builder->pool, path, length, &directory);
	if (r == 0)
		r = pool_put(&builder->pool, leaf, strlen(leaf), &name);
	if (r < 0)
		return r == -ENOSPC ? at_bound(builder, BOUND_TEXT, "strings") : r;
	place = array_add(&builder->unpackaged, sizeof(*place));
	if (!place)
		return -ENOMEM;
	*place = (struct built_file){
		.directory = directory, .name = name, .package = BLOB_NO_PACKAGE, .digest = *digest
	};
	return 0;
}

void builder_note(struct builder *builder, const char *source, const char *path, const char *format, ...)
{
	char reason[256];
	struct blob_note *place;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	place = builder->notes.count < BUILDER_NOTES_MAX ? array_add(&builder->notes, sizeof(*place)) : NULL;
	if (!place)
		return;
	if (pool_put(&builder->pool, source, strlen(source), &place->source) < 0 ||
	    pool_put(&builder->pool, path, path ? strnlen(path, BUILDER_STRING_MAX) : 0, &place->path) < 0 ||
	    pool_put(&builder->pool, reason[0] ? reason : "?", reason[0] ? strlen(reason) : 1, &place->reason) < 0)
		builder->notes.count--;
}
