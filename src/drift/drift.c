// SPDX-License-Identifier: Apache-2.0
#include "drift/drift.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/control.h"
#include "image/plain.h"
#include "image/rootfs_internal.h"
#include "inventory/cache.h"

#define STEP_ENTRIES 1024
#define ANSWER_MS    10000

static const char *const kinds[] = {
	[DIFFERENCE_ADDED] = "added",
	[DIFFERENCE_MODIFIED] = "modified",
	[DIFFERENCE_METADATA] = "metadata",
	[DIFFERENCE_REMOVED] = "removed",
};

const char *drift_kind_name(enum difference_kind kind)
{
	return kinds[kind];
}

size_t drift_of(const struct drift *drift, enum difference_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < drift->count; i++)
		count += drift->files[i].kind == kind;
	return count;
}

static void file_clear(struct drift_file *file)
{
	free(file->path);
	free(file->from);
	free(file->writer.executable);
	free(file->writer.session);
	free(file->writer.time);
}

void drift_clear(struct drift *drift)
{
	for (size_t i = 0; i < drift->count; i++)
		file_clear(&drift->files[i]);
	free(drift->files);
	package_changes_free(drift->packages);
	inventory_free(drift->image);
	inventory_free(drift->present);
	free(drift->unread);
	*drift = (struct drift){ 0 };
}

/* ---- files ---- */

struct gathering {
	struct drift *drift;
	int error;
};

static int file_add(struct drift *drift, const struct difference_entry *entry)
{
	struct drift_file *file;

	if (drift->count == DRIFT_FILES_MAX) {
		drift->unseen++;
		return 0;
	}
	if (drift->count == drift->capacity) {
		size_t capacity = drift->capacity ? 2 * drift->capacity : 64;
		struct drift_file *files = reallocarray(drift->files, capacity, sizeof(*files));

		if (!files)
			return -ENOMEM;
		drift->files = files;
		drift->capacity = capacity;
	}
	file = &drift->files[drift->count++];
	*file = (struct drift_file){ .kind = entry->kind, .path = strdup(entry->path), .stat = entry->stat };
	file->from = entry->from ? strdup(entry->from) : NULL;
	return file->path && (!entry->from || file->from) ? 0 : -ENOMEM;
}

static void gather(const struct difference_entry *entry, void *data)
{
	struct gathering *gathering = data;

	if (!gathering->error)
		gathering->error = file_add(gathering->drift, entry);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct drift_file *)a)->path, ((const struct drift_file *)b)->path);
}

static int files_find(const struct rootfs *rootfs, struct drift *drift)
{
	struct gathering gathering = { .drift = drift };
	struct difference *difference;
	int r = difference_new(rootfs, &difference);

	if (r == -ENOENT)
		return 0; /* a read-only root */
	if (r < 0)
		return r;
	while ((r = difference_step(difference, STEP_ENTRIES, gather, &gathering)) > 0)
		;
	drift->unseen += difference_counts(difference).unseen;
	difference_free(difference);
	if (drift->count)
		qsort(drift->files, drift->count, sizeof(*drift->files), by_path);
	return gathering.error;
}

/* ---- what they hold ---- */

static void digest_of(const struct rootfs *rootfs, const struct layer_entry *entry, struct digest *ret_digest)
{
	const enum digest_kind kind = DIGEST_SHA256;
	_cleanup_close_ int fd = S_ISREG(entry->stat.st_mode) ? layers_read(&rootfs->layers, entry) : -EBADF;

	if (fd >= 0)
		(void)digest_fd(fd, 0, DIGEST_ALL, &kind, 1, ret_digest);
}

static void digests_make(const struct rootfs *rootfs, struct drift_file *file)
{
	_cleanup_entry_ struct layer_entry upper = LAYER_ENTRY_EMPTY, image = LAYER_ENTRY_EMPTY;

	if (file->kind != DIFFERENCE_REMOVED && rootfs_look_upper(rootfs, file->path, &upper) == 0 &&
	    upper.says == LAYER_HAS)
		digest_of(rootfs, &upper, &file->digest);
	if (file->kind != DIFFERENCE_ADDED && rootfs_find_image(rootfs, file->path, &image) == 0)
		digest_of(rootfs, &image, &file->expected);
}

/* ---- packages ---- */

static int unread(struct drift *drift, const struct reader_failure *failure)
{
	if (asprintf(&drift->unread, "its packages could not be read: the reader %s", failure->text) < 0)
		drift->unread = NULL;
	return drift->unread ? 0 : -ENOMEM;
}

static int image_read(const struct target *target, const struct drift_options *options, struct drift *drift)
{
	struct reader_request request = { .cancel = -EBADF, .progress = options->progress, .data = options->data };
	struct reader_failure failure = { .text = "" };
	int r = target_request(target, &request);

	if (r == 0)
		r = cache_get(options->cache, target->key, &request, &drift->image, &failure);
	if (request.fd >= 0)
		(void)close(request.fd);
	return r == -ENOMEM ? r : r < 0 ? unread(drift, &failure) : 0;
}

static int present_read(const struct target *target, const struct drift_options *options, struct drift *drift)
{
	_cleanup_close_ int fd = -EBADF;
	struct reader_request request = {
		.what = READER_ROOT, .cancel = -EBADF, .progress = options->progress, .data = options->data
	};
	struct reader_failure failure = { .text = "" };
	char path[PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/ns/mnt", target->host_root, target->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		(void)snprintf(failure.text, sizeof(failure.text), "cannot enter the container: %s", strerror(errno));
	request.fd = fd;
	r = fd < 0 ? -ESRCH : cache_get(NULL, NULL, &request, &drift->present, &failure);
	return r == -ENOMEM ? r : r < 0 ? unread(drift, &failure) : 0;
}

static int packages_find(const struct target *target, const struct drift_options *options, struct drift *drift)
{
	int r = image_read(target, options, drift);

	if (r == 0 && drift->image)
		r = present_read(target, options, drift);
	if (r == 0 && drift->image && drift->present)
		r = package_changes_new(drift->image, drift->present, &drift->packages);
	return r;
}

static bool package_set(const struct inventory *inventory, struct drift_file *file)
{
	struct inventory_package package;
	struct inventory_file owned;

	if (!inventory || inventory_find(inventory, file->path, &owned) < 0)
		return false;
	package = inventory_package(inventory, owned.package);
	file->package = (struct package_name){ package.name, package.version, package_type_name(package.type) };
	return true;
}

static size_t owned_below(const struct inventory *inventory, const char *directory)
{
	size_t length = strlen(directory), owned = 0;
	char path[PATH_MAX];

	for (size_t i = 0; inventory && i < inventory_file_count(inventory); i++) {
		(void)inventory_file(inventory, i, path);
		owned += strncmp(path, directory, length) == 0 && path[length] == '/';
	}
	return owned;
}

static void packages_set(struct drift *drift, struct drift_file *file)
{
	bool known = package_set(file->kind == DIFFERENCE_ADDED ? drift->present : drift->image, file);

	if (!known && file->kind == DIFFERENCE_REMOVED && !file->expected.kind)
		file->owned = owned_below(drift->image, file->path);
}

/* ---- who ---- */

static char *text_copy(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strdup(text) : NULL;
}

static void writer_take(struct drift *drift, const json_t *writer)
{
	uint64_t inode = (uint64_t)json_integer_value(json_object_get(writer, "inode"));
	uint32_t device = (uint32_t)json_integer_value(json_object_get(writer, "device"));

	for (size_t i = 0; i < drift->count; i++) {
		struct drift_file *file = &drift->files[i];

		if (file->kind == DIFFERENCE_REMOVED || file->stat.inode != inode || file->stat.device != device ||
		    file->writer.pid)
			continue;
		file->writer.pid = (uint64_t)json_integer_value(json_object_get(writer, "pid"));
		file->writer.executable = text_copy(writer, "executable");
		file->writer.session = text_copy(writer, "session");
		file->writer.time = text_copy(writer, "time");
	}
}

/* No agent, or one of another version, knows nobody. */
static void writers_ask(const struct target *target, const char *runtime_dir, struct drift *drift)
{
	_cleanup_free_ char *text = NULL;
	json_auto_t *answer = NULL;
	const json_t *writer;
	char request[CONTROL_REQUEST_MAX];
	size_t i;

	if (!target->facts.id || snprintf(request, sizeof(request), "writers %s", target->facts.id) >= (int)sizeof(request) ||
	    control_ask(runtime_dir, request, ANSWER_MS, &text) < 0)
		return;
	answer = json_loads(text, 0, NULL);
	json_array_foreach (json_object_get(answer, "writers"), i, writer)
		writer_take(drift, writer);
}

int drift_find(const struct target *target, const struct drift_options *options, struct drift *ret_drift)
{
	_cleanup_(drift_clear) struct drift drift = { 0 };
	int r;

	if (rootfs_is_plain(target->rootfs))
		return -EOPNOTSUPP;
	r = files_find(target->rootfs, &drift);
	if (r == 0)
		r = packages_find(target, options, &drift);
	if (r < 0)
		return r;
	for (size_t i = 0; i < drift.count; i++) {
		digests_make(target->rootfs, &drift.files[i]);
		packages_set(&drift, &drift.files[i]);
	}
	if (drift.count)
		writers_ask(target, options->runtime_dir, &drift);
	*ret_drift = drift;
	drift = (struct drift){ 0 };
	return 0;
}
