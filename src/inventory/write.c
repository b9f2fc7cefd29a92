// SPDX-License-Identifier: Apache-2.0
/* From what a builder has gathered to the blob: everything in its order, one section after the other. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inventory/builder_internal.h"

/* The blob in the making. */
struct writing {
	const struct builder *builder;
	struct blob_head head;
	uint32_t *package_order, *package_rank; /* from new numbers to the builder's, and back */
	uint32_t *file_order, *unpackaged_order;
	struct blob_package *packages;
	struct blob_directory *directories;
	struct blob_file *files, *unpackaged;
	struct blob_digest *index;
	uint8_t *digests;
	size_t directory_count, index_count, digests_size;
};

static void writing_clear(struct writing *writing)
{
	free(writing->package_order);
	free(writing->package_rank);
	free(writing->file_order);
	free(writing->unpackaged_order);
	free(writing->packages);
	free(writing->directories);
	free(writing->files);
	free(writing->unpackaged);
	free(writing->index);
	free(writing->digests);
}

/* ---- order ---- */

static int text_order(const struct builder *builder, uint32_t a, uint32_t b)
{
	return a == b ? 0 : strcmp(builder->pool.text + a, builder->pool.text + b);
}

static int file_order(const struct builder *builder, const struct built_file *a, const struct built_file *b)
{
	int order = text_order(builder, a->directory, b->directory);

	return order ? order : text_order(builder, a->name, b->name);
}

static int by_file(const void *a, const void *b, void *data)
{
	const struct builder *builder = data;

	return file_order(builder, &BUILT_FILES(builder)[*(const uint32_t *)a],
			  &BUILT_FILES(builder)[*(const uint32_t *)b]);
}

static int by_unpackaged(const void *a, const void *b, void *data)
{
	const struct builder *builder = data;

	return file_order(builder, &BUILT_UNPACKAGED(builder)[*(const uint32_t *)a],
			  &BUILT_UNPACKAGED(builder)[*(const uint32_t *)b]);
}

static int by_package(const void *a, const void *b, void *data)
{
	const struct builder *builder = data;
	const struct blob_package *x = &BUILT_PACKAGES(builder)[*(const uint32_t *)a];
	const struct blob_package *y = &BUILT_PACKAGES(builder)[*(const uint32_t *)b];
	int order = x->type < y->type ? -1 : x->type > y->type;

	if (!order)
		order = text_order(builder, x->name, y->name);
	if (!order)
		order = text_order(builder, x->version, y->version);
	if (!order)
		order = text_order(builder, x->architecture, y->architecture);
	return order ? order : text_order(builder, x->location, y->location);
}

static uint32_t *order_make(const struct builder *builder, size_t count,
			    int (*order)(const void *a, const void *b, void *data))
{
	uint32_t *numbers = calloc(count + 1, sizeof(*numbers));

	for (size_t i = 0; numbers && i < count; i++)
		numbers[i] = (uint32_t)i;
	if (numbers)
		qsort_r(numbers, count, sizeof(*numbers), order, (void *)builder);
	return numbers;
}

/* ---- sections ---- */

static void digest_place(struct writing *writing, const struct digest *digest, struct blob_file *file, uint32_t number)
{
	size_t size = digest_size(digest->kind);
	const uint8_t *b = digest->bytes;

	if (!size)
		return;
	file->digest_kind = (uint8_t)digest->kind;
	file->digest = (uint32_t)writing->digests_size;
	memcpy(writing->digests + writing->digests_size, b, size);
	writing->digests_size += size;
	writing->index[writing->index_count++] =
		(struct blob_digest){ .first = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3],
				      .file = number };
}

static uint32_t directory_number(struct writing *writing, uint32_t path)
{
	struct blob_directory *last = writing->directories + writing->directory_count;

	if (writing->directory_count && last[-1].path == path)
		return (uint32_t)writing->directory_count - 1;
	*last = (struct blob_directory){ .path = path };
	return (uint32_t)writing->directory_count++;
}

/* Files and those of no package share the directories: both are walked together, in order. */
static void files_place(struct writing *writing)
{
	const struct builder *builder = writing->builder;
	size_t n = 0, u = 0, files = builder->files.count, loose = builder->unpackaged.count;

	while (n < files || u < loose) {
		const struct built_file *file = n < files ? &BUILT_FILES(builder)[writing->file_order[n]] : NULL;
		const struct built_file *other =
			u < loose ? &BUILT_UNPACKAGED(builder)[writing->unpackaged_order[u]] : NULL;
		bool owned = file && (!other || file_order(builder, file, other) <= 0);
		const struct built_file *next = owned ? file : other;
		uint32_t directory = directory_number(writing, next->directory);
		struct blob_file *to = owned ? &writing->files[n] : &writing->unpackaged[u];

		*to = (struct blob_file){ .directory = directory,
					  .name = next->name,
					  .package = owned ? writing->package_rank[next->package] : BLOB_NO_PACKAGE,
					  .flags = next->flags,
					  .verified = (uint8_t)next->verified };
		digest_place(writing, &next->digest, to,
			     (uint32_t)(owned ? n : u) | (owned ? 0 : BLOB_INDEX_UNPACKAGED));
		if (owned && writing->directories[directory].count++ == 0)
			writing->directories[directory].first = (uint32_t)n;
		n += owned;
		u += !owned;
	}
}

static void packages_place(struct writing *writing)
{
	const struct builder *builder = writing->builder;

	for (size_t i = 0; i < builder->packages.count; i++) {
		writing->packages[i] = BUILT_PACKAGES(builder)[writing->package_order[i]];
		writing->package_rank[writing->package_order[i]] = (uint32_t)i;
	}
}

static int by_digest(const void *a, const void *b)
{
	const struct blob_digest *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->file < y->file ? -1 : x->file > y->file;
}

/* Of packages' files. */
static uint32_t kind_of_most(const struct builder *builder)
{
	size_t counts[DIGEST_KINDS] = { 0 };
	uint32_t most = DIGEST_NONE;

	for (size_t i = 0; i < builder->files.count; i++)
		counts[BUILT_FILES(builder)[i].digest.kind]++;
	for (uint32_t kind = DIGEST_NONE + 1; kind < DIGEST_KINDS; kind++)
		if (counts[kind] && (!most || counts[kind] > counts[most]))
			most = kind;
	return most;
}

static int writing_make(struct writing *writing)
{
	const struct builder *builder = writing->builder;
	size_t files = builder->files.count, loose = builder->unpackaged.count, packages = builder->packages.count;

	writing->package_order = order_make(builder, packages, by_package);
	writing->file_order = order_make(builder, files, by_file);
	writing->unpackaged_order = order_make(builder, loose, by_unpackaged);
	writing->package_rank = calloc(packages + 1, sizeof(uint32_t));
	writing->packages = calloc(packages + 1, sizeof(struct blob_package));
	writing->directories = calloc(files + loose + 1, sizeof(struct blob_directory));
	writing->files = calloc(files + 1, sizeof(struct blob_file));
	writing->unpackaged = calloc(loose + 1, sizeof(struct blob_file));
	writing->index = calloc(files + loose + 1, sizeof(struct blob_digest));
	writing->digests = calloc(files + loose + 1, DIGEST_BYTES_MAX);
	if (!writing->package_order || !writing->file_order || !writing->unpackaged_order || !writing->package_rank ||
	    !writing->packages || !writing->directories || !writing->files || !writing->unpackaged || !writing->index ||
	    !writing->digests)
		return -ENOMEM;
	packages_place(writing);
	files_place(writing);
	qsort(writing->index, writing->index_count, sizeof(struct blob_digest), by_digest);
	return 0;
}

/* ---- out ---- */

static int write_all(int fd, const void *data, size_t size, uint64_t at)
{
	const char *bytes = data;

	while (size > 0) {
		ssize_t n = pwrite(fd, bytes, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		bytes += n;
		size -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

static int writing_out(struct writing *writing, int fd)
{
	const struct builder *builder = writing->builder;
	const struct {
		const void *items;
		size_t count, size;
	} sections[BLOB_SECTIONS] = {
		[BLOB_STRINGS] = { builder->pool.text, builder->pool.size, 1 },
		[BLOB_DIGESTS] = { writing->digests, writing->digests_size, 1 },
		[BLOB_PACKAGES] = { writing->packages, builder->packages.count, sizeof(struct blob_package) },
		[BLOB_DIRECTORIES] = { writing->directories, writing->directory_count, sizeof(struct blob_directory) },
		[BLOB_FILES] = { writing->files, builder->files.count, sizeof(struct blob_file) },
		[BLOB_UNPACKAGED] = { writing->unpackaged, builder->unpackaged.count, sizeof(struct blob_file) },
		[BLOB_INDEX] = { writing->index, writing->index_count, sizeof(struct blob_digest) },
		[BLOB_NOTES] = { builder->notes.items, builder->notes.count, sizeof(struct blob_note) },
	};
	uint64_t at = sizeof(writing->head);
	int r = 0;

	for (size_t i = 0; r == 0 && i < BLOB_SECTIONS; i++) {
		writing->head.sections[i] = (struct blob_extent){ (uint32_t)at, (uint32_t)sections[i].count };
		r = write_all(fd, sections[i].items, sections[i].count * sections[i].size, at);
		at = (at + sections[i].count * sections[i].size + 3) & ~3ull;
		if (at > INVENTORY_BLOB_MAX)
			return -EFBIG;
	}
	if (r == 0 && ftruncate(fd, (off_t)at) < 0)
		r = -errno;
	writing->head.size = (uint32_t)at;
	return r < 0 ? r : write_all(fd, &writing->head, sizeof(writing->head), 0);
}

int builder_write(const struct builder *builder, int fd)
{
	_cleanup_(writing_clear) struct writing writing = {
		.builder = builder,
		.head = { .magic = BLOB_MAGIC,
			  .version = BLOB_VERSION,
			  .digest_kind = kind_of_most(builder),
			  .system_id = builder->system.id,
			  .system_version = builder->system.version,
			  .system_name = builder->system.name },
	};
	int r = writing_make(&writing);

	return r < 0 ? r : writing_out(&writing, fd);
}
