// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container/process.h"
#include "control/control.h"
#include "drift/internal.h"
#include "drift/setup.h"
#include "image/plain.h"

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
	int64_t setup; /* until when it was the runtime's */
	bool differs;  /* told or not */
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

	gathering->differs = true;
	if (!gathering->error && !setup_made(gathering->setup, entry))
		gathering->error = file_add(gathering->drift, entry);
}

/* A directory that is told twice, for its metadata and what it lost, in that order. */
static int by_path(const void *a, const void *b)
{
	const struct drift_file *x = a, *y = b;

	return strcmp(x->path, y->path) ?: (int)x->kind - (int)y->kind;
}

/* Of a process that is not certain to be the first nothing follows. */
static int64_t setup_of(const struct target *target)
{
	bool first = target->pid && target->pid == target->facts.init_pid;

	return setup_until(rootfs_upper_born(target->rootfs), first ? process_started_ns(target->pid) : 0);
}

static int files_find(const struct target *target, struct drift *drift, bool *ret_differs)
{
	struct gathering gathering = { .drift = drift, .setup = setup_of(target) };
	struct difference *difference;
	int r = difference_new(target->rootfs, &difference);

	*ret_differs = false;
	if (r == -ENOENT)
		return 0; /* a read-only root */
	if (r < 0)
		return r;
	while (difference_step(difference, STEP_ENTRIES, gather, &gathering) > 0)
		;
	drift->unseen += difference_counts(difference).unseen;
	difference_free(difference);
	*ret_differs = gathering.differs || drift->unseen;
	return gathering.error;
}

/* No agent, or one of another version, knows nobody. */
static void writers_ask(const struct target *target, const char *runtime_dir, struct drift *drift)
{
	_cleanup_free_ char *answer = NULL;
	char request[CONTROL_REQUEST_MAX];

	if (target->facts.id &&
	    snprintf(request, sizeof(request), "writers %s", target->facts.id) < (int)sizeof(request) &&
	    control_ask(runtime_dir, request, ANSWER_MS, &answer) == 0)
		drift_writers(drift, answer);
}

int drift_find(const struct target *target, const struct drift_options *options, struct drift *ret_drift)
{
	_cleanup_(drift_clear) struct drift drift = { 0 };
	bool differs;
	int r;

	if (rootfs_is_plain(target->rootfs))
		return -EOPNOTSUPP;
	r = files_find(target, &drift, &differs);
	if (r == 0 && differs)
		r = drift_packages(target, options, &drift);
	if (r < 0)
		return r;
	drift_digests(target->rootfs, options, &drift);
	drift_owners(&drift);
	if (drift.count) {
		qsort(drift.files, drift.count, sizeof(*drift.files), by_path);
		writers_ask(target, options->runtime_dir, &drift);
	}
	*ret_drift = drift;
	drift = (struct drift){ 0 };
	return 0;
}
