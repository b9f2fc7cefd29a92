// SPDX-License-Identifier: Apache-2.0
#include "drift/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "inventory/cache.h"

/* ---- how they differ ---- */

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

int drift_packages(const struct target *target, const struct drift_options *options, struct drift *drift)
{
	int r = image_read(target, options, drift);

	if (r == 0 && drift->image)
		r = present_read(target, options, drift);
	if (r == 0 && drift->image && drift->present)
		r = package_changes_new(drift->image, drift->present, &drift->packages);
	return r;
}

/* ---- whose a file is ---- */

static bool owner_set(const struct inventory *inventory, struct drift_file *file)
{
	struct inventory_package package;
	struct inventory_file owned;

	if (inventory_find(inventory, file->path, &owned) < 0)
		return false;
	package = inventory_package(inventory, owned.package);
	file->package = (struct package_name){ package.name, package.version, package_type_name(package.type) };
	return true;
}

/* The number of the first file whose directory does not come before that text; files are in order of directory. */
static size_t first_from(const struct inventory *inventory, const char *directory)
{
	size_t low = 0, high = inventory_file_count(inventory);
	char path[PATH_MAX];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		(void)inventory_file(inventory, middle, path);
		*strrchr(path, '/') = '\0';
		if (strcmp(path, directory) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Files in a directory and below it. Between the two come those of its neighbours that sort before '/': "/a-b/x". */
static size_t owned_below(const struct inventory *inventory, const char *directory)
{
	static const char *const ends[] = { "", "\1", "/", "0" }; /* '0' is what follows '/' */
	size_t first[ARRAY_SIZE(ends)];
	char text[PATH_MAX + 2];

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		(void)snprintf(text, sizeof(text), "%s%s", directory, ends[i]);
		first[i] = first_from(inventory, text);
	}
	return first[1] - first[0] + first[3] - first[2];
}

void drift_owners(struct drift *drift)
{
	for (size_t i = 0; i < drift->count; i++) {
		struct drift_file *file = &drift->files[i];
		const struct inventory *inventory = file->kind == DIFFERENCE_ADDED ? drift->present : drift->image;

		if (inventory && !owner_set(inventory, file) && file->kind == DIFFERENCE_REMOVED)
			file->owned = owned_below(inventory, file->path);
	}
}
