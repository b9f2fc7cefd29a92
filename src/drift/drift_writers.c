// SPDX-License-Identifier: Apache-2.0
#include "drift/internal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int inode_order(uint64_t inode, uint32_t device, const struct rootfs_stat *stat)
{
	if (inode != stat->inode)
		return inode < stat->inode ? -1 : 1;
	return device < stat->device ? -1 : device > stat->device;
}

static int by_inode(const void *a, const void *b)
{
	const struct drift_file *x = *(struct drift_file *const *)a, *y = *(struct drift_file *const *)b;

	return inode_order(x->stat.inode, x->stat.device, &y->stat);
}

/* Files that may have a writer, in order of inode. */
struct written {
	struct drift_file **files;
	size_t count;
};

static void written_clear(struct written *written)
{
	free(written->files);
}

static void written_find(const struct drift *drift, struct written *ret_written)
{
	struct written written = { .files = calloc(drift->count, sizeof(*written.files)) };

	for (size_t i = 0; written.files && i < drift->count; i++)
		if (drift->files[i].kind != DIFFERENCE_REMOVED)
			written.files[written.count++] = &drift->files[i];
	if (written.count)
		qsort(written.files, written.count, sizeof(*written.files), by_inode);
	*ret_written = written;
}

static size_t written_first(const struct written *written, uint64_t inode, uint32_t device)
{
	size_t low = 0, high = written->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (inode_order(inode, device, &written->files[middle]->stat) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static char *text_copy(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strdup(text) : NULL;
}

/* One inode may have several names. */
static void writer_take(const struct written *written, const json_t *writer)
{
	uint64_t inode = (uint64_t)json_integer_value(json_object_get(writer, "inode"));
	uint32_t device = (uint32_t)json_integer_value(json_object_get(writer, "device"));
	json_int_t pid = json_integer_value(json_object_get(writer, "pid"));

	for (size_t i = written_first(written, inode, device);
	     pid > 0 && i < written->count && inode_order(inode, device, &written->files[i]->stat) == 0; i++) {
		struct drift_file *file = written->files[i];

		if (file->writer.pid)
			continue;
		file->writer.pid = (uint64_t)pid;
		file->writer.executable = text_copy(writer, "executable");
		file->writer.session = text_copy(writer, "session");
		file->writer.time = text_copy(writer, "time");
	}
}

void drift_writers(struct drift *drift, const char *answer)
{
	json_auto_t *object = json_loads(answer, 0, NULL);
	_cleanup_(written_clear) struct written written = { 0 };
	const json_t *writer;
	size_t i;

	if (!object || !drift->count)
		return;
	written_find(drift, &written);
	json_array_foreach (json_object_get(object, "writers"), i, writer)
		writer_take(&written, writer);
}
