// SPDX-License-Identifier: Apache-2.0
#include "inventory/inventory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "image/layers.h" /* path_is_clean */
#include "inventory/blob.h"
#include "inventory/builder.h" /* its bounds */

struct inventory {
	const char *map;
	size_t size;
	const struct blob_head *head;
	const char *strings;
	const uint8_t *digests;
	const struct blob_package *packages;
	const struct blob_directory *directories;
	const struct blob_file *files, *unpackaged;
	const struct blob_digest *index;
	const struct blob_note *notes;
};

const char *package_type_name(enum package_type type)
{
	static const char *const names[PACKAGE_TYPES] = {
		[PACKAGE_UNKNOWN] = "unknown", [PACKAGE_DEB] = "deb",   [PACKAGE_APK] = "apk",
		[PACKAGE_RPM] = "rpm",         [PACKAGE_PYPI] = "pypi", [PACKAGE_NPM] = "npm",
		[PACKAGE_GOLANG] = "golang",
	};

	return (unsigned)type < PACKAGE_TYPES ? names[type] : names[PACKAGE_UNKNOWN];
}

static size_t count_of(const struct inventory *inventory, enum blob_section section)
{
	return inventory->head->sections[section].count;
}

/* ---- opening ---- */

/* As many as a builder takes at most. */
static const struct {
	size_t size, max;
} structs[BLOB_SECTIONS] = {
	[BLOB_STRINGS] = { 1, BUILDER_TEXT_MAX },
	[BLOB_DIGESTS] = { 1, (BUILDER_FILES_MAX + BUILDER_UNPACKAGED_MAX) * DIGEST_BYTES_MAX },
	[BLOB_PACKAGES] = { sizeof(struct blob_package), BUILDER_PACKAGES_MAX },
	[BLOB_DIRECTORIES] = { sizeof(struct blob_directory), BUILDER_FILES_MAX + BUILDER_UNPACKAGED_MAX },
	[BLOB_FILES] = { sizeof(struct blob_file), BUILDER_FILES_MAX },
	[BLOB_UNPACKAGED] = { sizeof(struct blob_file), BUILDER_UNPACKAGED_MAX },
	[BLOB_INDEX] = { sizeof(struct blob_digest), BUILDER_FILES_MAX + BUILDER_UNPACKAGED_MAX },
	[BLOB_NOTES] = { sizeof(struct blob_note), BUILDER_NOTES_MAX },
};

static const void *section_at(const struct inventory *inventory, enum blob_section section)
{
	return inventory->map + inventory->head->sections[section].offset;
}

static bool sections_fit(const struct inventory *inventory)
{
	for (size_t i = 0; i < BLOB_SECTIONS; i++) {
		const struct blob_extent *extent = &inventory->head->sections[i];

		if (extent->offset % 4 || extent->offset < sizeof(struct blob_head) ||
		    extent->offset > inventory->size || extent->count > structs[i].max ||
		    extent->count > (inventory->size - extent->offset) / structs[i].size)
			return false;
	}
	return true;
}

static bool strings_fit(const struct inventory *inventory)
{
	size_t size = count_of(inventory, BLOB_STRINGS);

	return size > 0 && inventory->strings[0] == '\0' && inventory->strings[size - 1] == '\0';
}

/* Absent, or one that a builder could have put there: whoever looks at it later has no more to look at than that. */
static bool is_string(const struct inventory *inventory, uint32_t offset)
{
	const char *text = inventory->strings + offset;

	return offset == 0 || (offset < count_of(inventory, BLOB_STRINGS) && text[0] &&
			       strnlen(text, BUILDER_STRING_MAX + 1) <= BUILDER_STRING_MAX);
}

static const char *string_at(const struct inventory *inventory, uint32_t offset)
{
	return offset ? inventory->strings + offset : NULL;
}

static int text_order(const struct inventory *inventory, uint32_t a, uint32_t b)
{
	return strcmp(inventory->strings + a, inventory->strings + b);
}

static bool packages_ordered(const struct inventory *inventory, const struct blob_package *a,
			     const struct blob_package *b)
{
	const uint32_t strings[][2] = { { a->name, b->name },
					{ a->version, b->version },
					{ a->architecture, b->architecture },
					{ a->location, b->location } };
	int order = a->type < b->type ? -1 : a->type > b->type;

	for (size_t i = 0; order == 0 && i < ARRAY_SIZE(strings); i++)
		order = text_order(inventory, strings[i][0], strings[i][1]);
	return order < 0;
}

static bool packages_fit(const struct inventory *inventory)
{
	for (size_t i = 0; i < count_of(inventory, BLOB_PACKAGES); i++) {
		const struct blob_package *package = &inventory->packages[i];
		const uint32_t strings[] = { package->name,    package->version, package->architecture, package->origin,
					     package->license, package->purl,    package->location };

		if (package->type >= PACKAGE_TYPES || !package->name)
			return false;
		for (size_t n = 0; n < ARRAY_SIZE(strings); n++)
			if (!is_string(inventory, strings[n]))
				return false;
		if (i && !packages_ordered(inventory, package - 1, package))
			return false;
	}
	return true;
}

/* In order, each with its run of the files, which leave none over. */
static bool directories_fit(const struct inventory *inventory)
{
	const char *before = NULL;
	uint64_t files = 0;

	for (size_t i = 0; i < count_of(inventory, BLOB_DIRECTORIES); i++) {
		const struct blob_directory *directory = &inventory->directories[i];
		const char *path = is_string(inventory, directory->path) ? string_at(inventory, directory->path) : NULL;

		if (!path || !path_is_clean(path) || (before && strcmp(before, path) >= 0) ||
		    (directory->count && directory->first != files))
			return false;
		before = path;
		files += directory->count;
	}
	return files == count_of(inventory, BLOB_FILES);
}

static bool digest_fits(const struct inventory *inventory, const struct blob_file *file)
{
	size_t size = digest_size((enum digest_kind)file->digest_kind), room = count_of(inventory, BLOB_DIGESTS);

	if (file->digest_kind == DIGEST_NONE)
		return true;
	return size > 0 && file->digest <= room && size <= room - file->digest;
}

static bool file_fits(const struct inventory *inventory, const struct blob_file *file)
{
	const char *name, *path;

	if (file->directory >= count_of(inventory, BLOB_DIRECTORIES) || !is_string(inventory, file->name) ||
	    file->verified >= VERIFIED_STATES || !digest_fits(inventory, file))
		return false;
	name = string_at(inventory, file->name);
	path = string_at(inventory, inventory->directories[file->directory].path);
	return name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strlen(path) + strlen(name) + 2 <= PATH_MAX;
}

static bool files_fit(const struct inventory *inventory)
{
	for (size_t d = 0; d < count_of(inventory, BLOB_DIRECTORIES); d++) {
		const struct blob_directory *directory = &inventory->directories[d];

		for (uint32_t i = 0; i < directory->count; i++) {
			const struct blob_file *file = &inventory->files[directory->first + i];

			if (!file_fits(inventory, file) || file->directory != d ||
			    file->package >= count_of(inventory, BLOB_PACKAGES))
				return false;
			if (i && text_order(inventory, file[-1].name, file->name) >= 0)
				return false;
		}
	}
	return true;
}

static bool unpackaged_fit(const struct inventory *inventory)
{
	for (size_t i = 0; i < count_of(inventory, BLOB_UNPACKAGED); i++) {
		const struct blob_file *file = &inventory->unpackaged[i], *before = file - 1;

		if (!file_fits(inventory, file) || file->package != BLOB_NO_PACKAGE)
			return false;
		if (i && (before->directory > file->directory || (before->directory == file->directory &&
								  text_order(inventory, before->name, file->name) > 0)))
			return false;
	}
	return true;
}

static bool index_fits(const struct inventory *inventory)
{
	for (size_t i = 0; i < count_of(inventory, BLOB_INDEX); i++) {
		const struct blob_digest *entry = &inventory->index[i];
		bool loose = entry->file & BLOB_INDEX_UNPACKAGED;
		uint32_t number = entry->file & ~BLOB_INDEX_UNPACKAGED;

		if (number >= count_of(inventory, loose ? BLOB_UNPACKAGED : BLOB_FILES) ||
		    (i && entry[-1].first > entry->first))
			return false;
	}
	return true;
}

static bool notes_fit(const struct inventory *inventory)
{
	for (size_t i = 0; i < count_of(inventory, BLOB_NOTES); i++) {
		const struct blob_note *note = &inventory->notes[i];

		if (!note->source || !note->reason || !is_string(inventory, note->source) ||
		    !is_string(inventory, note->path) || !is_string(inventory, note->reason))
			return false;
	}
	return is_string(inventory, inventory->head->system_id) &&
	       is_string(inventory, inventory->head->system_version) &&
	       is_string(inventory, inventory->head->system_name) && inventory->head->digest_kind < DIGEST_KINDS;
}

static void sections_set(struct inventory *inventory)
{
	inventory->strings = section_at(inventory, BLOB_STRINGS);
	inventory->digests = section_at(inventory, BLOB_DIGESTS);
	inventory->packages = section_at(inventory, BLOB_PACKAGES);
	inventory->directories = section_at(inventory, BLOB_DIRECTORIES);
	inventory->files = section_at(inventory, BLOB_FILES);
	inventory->unpackaged = section_at(inventory, BLOB_UNPACKAGED);
	inventory->index = section_at(inventory, BLOB_INDEX);
	inventory->notes = section_at(inventory, BLOB_NOTES);
}

/* Each may rely on those before it. */
static int check(struct inventory *inventory)
{
	static bool (*const fits[])(const struct inventory *inventory) = {
		strings_fit, packages_fit, directories_fit, files_fit, unpackaged_fit, index_fits, notes_fit,
	};

	inventory->head = (const struct blob_head *)inventory->map;
	if (memcmp(inventory->head->magic, BLOB_MAGIC, sizeof(inventory->head->magic)) != 0)
		return -EBADMSG;
	if (inventory->head->version != BLOB_VERSION)
		return -EPROTONOSUPPORT;
	if (inventory->head->size != inventory->size || !sections_fit(inventory))
		return -EBADMSG;
	sections_set(inventory);
	for (size_t i = 0; i < ARRAY_SIZE(fits); i++)
		if (!fits[i](inventory))
			return -EBADMSG;
	return 0;
}

int inventory_open(int fd, struct inventory **ret_inventory)
{
	_cleanup_inventory_ struct inventory *inventory = calloc(1, sizeof(*inventory));
	struct stat stat;
	void *map;
	int r;

	if (!inventory)
		return -ENOMEM;
	if (fstat(fd, &stat) < 0)
		return -errno;
	if (stat.st_size > INVENTORY_BLOB_MAX)
		return -EFBIG;
	if ((size_t)stat.st_size < sizeof(struct blob_head))
		return -EBADMSG;
	map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	inventory->map = map;
	inventory->size = (size_t)stat.st_size;
	r = check(inventory);
	if (r < 0)
		return r;
	(void)madvise(map, inventory->size, MADV_DONTNEED); /* what the check touched is not needed again */
	(void)madvise(map, inventory->size, MADV_RANDOM);
	*ret_inventory = take_ptr(inventory);
	return 0;
}

void inventory_free(struct inventory *inventory)
{
	if (!inventory)
		return;
	if (inventory->map)
		(void)munmap((void *)inventory->map, inventory->size);
	free(inventory);
}

/* ---- answers ---- */

struct inventory_system inventory_system(const struct inventory *inventory)
{
	return (struct inventory_system){
		.id = string_at(inventory, inventory->head->system_id),
		.version = string_at(inventory, inventory->head->system_version),
		.name = string_at(inventory, inventory->head->system_name),
	};
}

size_t inventory_package_count(const struct inventory *inventory)
{
	return count_of(inventory, BLOB_PACKAGES);
}

struct inventory_package inventory_package(const struct inventory *inventory, size_t number)
{
	const struct blob_package *package = &inventory->packages[number];

	return (struct inventory_package){
		.type = (enum package_type)package->type,
		.name = string_at(inventory, package->name),
		.version = string_at(inventory, package->version),
		.architecture = string_at(inventory, package->architecture),
		.origin = string_at(inventory, package->origin),
		.license = string_at(inventory, package->license),
		.purl = string_at(inventory, package->purl),
		.location = string_at(inventory, package->location),
		.files = package->files,
	};
}

static void path_fill(const struct inventory *inventory, const struct blob_file *file, char ret_path[static PATH_MAX])
{
	const char *directory = string_at(inventory, inventory->directories[file->directory].path);

	(void)snprintf(ret_path, PATH_MAX, "%s/%s", directory[1] ? directory : "", string_at(inventory, file->name));
}

static struct digest digest_of(const struct inventory *inventory, const struct blob_file *file)
{
	struct digest digest = { .kind = (enum digest_kind)file->digest_kind };

	memcpy(digest.bytes, inventory->digests + file->digest, digest_size(digest.kind));
	return digest;
}

static struct inventory_file file_of(const struct inventory *inventory, const struct blob_file *file)
{
	return (struct inventory_file){
		.package = file->package,
		.flags = file->flags,
		.verified = (enum inventory_verified)file->verified,
		.digest = digest_of(inventory, file),
	};
}

size_t inventory_file_count(const struct inventory *inventory)
{
	return count_of(inventory, BLOB_FILES);
}

struct inventory_file inventory_file(const struct inventory *inventory, size_t number, char ret_path[static PATH_MAX])
{
	path_fill(inventory, &inventory->files[number], ret_path);
	return file_of(inventory, &inventory->files[number]);
}

/* As strcmp, of the first `length` bytes of a path and a directory's. */
static int path_order(const char *path, size_t length, const char *directory)
{
	int order = strncmp(path, directory, length);

	return order ? order : directory[length] ? -1 : 0;
}

static const struct blob_directory *directory_find(const struct inventory *inventory, const char *path, size_t length)
{
	size_t low = 0, high = count_of(inventory, BLOB_DIRECTORIES);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = path_order(path, length, string_at(inventory, inventory->directories[middle].path));

		if (order == 0)
			return &inventory->directories[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct blob_file *file_find(const struct inventory *inventory, const struct blob_directory *directory,
					 const char *name)
{
	size_t low = directory->first, high = directory->first + (size_t)directory->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, string_at(inventory, inventory->files[middle].name));

		if (order == 0)
			return &inventory->files[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

int inventory_find(const struct inventory *inventory, const char *path, struct inventory_file *ret_file)
{
	const char *slash = strrchr(path, '/');
	const struct blob_directory *directory;
	const struct blob_file *file;

	if (path[0] != '/')
		return -ENOENT;
	directory = directory_find(inventory, path, slash == path ? 1 : (size_t)(slash - path));
	file = directory && directory->count ? file_find(inventory, directory, slash + 1) : NULL;
	if (!file)
		return -ENOENT;
	*ret_file = file_of(inventory, file);
	return 0;
}

int inventory_find_digest(const struct inventory *inventory, const struct digest *digest,
			  char ret_path[static PATH_MAX])
{
	const uint8_t *b = digest->bytes;
	uint32_t first = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	size_t low = 0, high = count_of(inventory, BLOB_INDEX), count = high;

	if (!digest_size(digest->kind))
		return -ENOENT;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (inventory->index[middle].first < first)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && inventory->index[low].first == first; low++) {
		uint32_t number = inventory->index[low].file;
		const struct blob_file *file = number & BLOB_INDEX_UNPACKAGED
						       ? &inventory->unpackaged[number & ~BLOB_INDEX_UNPACKAGED]
						       : &inventory->files[number];
		struct digest there = digest_of(inventory, file);

		if (!digest_equal(&there, digest))
			continue;
		path_fill(inventory, file, ret_path);
		return 0;
	}
	return -ENOENT;
}

enum digest_kind inventory_digest_kind(const struct inventory *inventory)
{
	return (enum digest_kind)inventory->head->digest_kind;
}

size_t inventory_unpackaged_count(const struct inventory *inventory)
{
	return count_of(inventory, BLOB_UNPACKAGED);
}

void inventory_unpackaged(const struct inventory *inventory, size_t number, char ret_path[static PATH_MAX])
{
	path_fill(inventory, &inventory->unpackaged[number], ret_path);
}

size_t inventory_note_count(const struct inventory *inventory)
{
	return count_of(inventory, BLOB_NOTES);
}

struct inventory_note inventory_note(const struct inventory *inventory, size_t number)
{
	const struct blob_note *note = &inventory->notes[number];

	return (struct inventory_note){
		.source = string_at(inventory, note->source),
		.path = string_at(inventory, note->path),
		.reason = string_at(inventory, note->reason),
	};
}
