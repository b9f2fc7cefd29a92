// SPDX-License-Identifier: Apache-2.0
#include "process/writers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define BUCKETS 4096

/* By upper inode and device, and generation where it is known: what is told by name has none. An inode that is used again may
 * begin without a word: as the copy that the kernel makes of a file of the image. */
struct written {
	uint64_t inode;
	uint32_t device, generation;
	uint64_t container;
	struct writer writer;
	char *executable;
	LIST_ENTRY(written) bucket;
	TAILQ_ENTRY(written) age; /* the one used longest ago first */
};

LIST_HEAD(written_bucket, written);
TAILQ_HEAD(written_list, written);

struct writers {
	struct written_bucket buckets[BUCKETS];
	struct written_list aged;
	size_t max, size;
	uint64_t forgot;
};

struct writers *writers_new(size_t max)
{
	struct writers *writers = calloc(1, sizeof(*writers));

	if (!writers)
		return NULL;
	writers->max = max;
	TAILQ_INIT(&writers->aged);
	return writers;
}

static void written_free(struct writers *writers, struct written *written)
{
	LIST_REMOVE(written, bucket);
	TAILQ_REMOVE(&writers->aged, written, age);
	writers->size--;
	free(written->executable);
	free(written);
}

void writers_free(struct writers *writers)
{
	if (!writers)
		return;
	while (!TAILQ_EMPTY(&writers->aged))
		written_free(writers, TAILQ_FIRST(&writers->aged));
	free(writers);
}

static struct written_bucket *bucket_of(struct writers *writers, const struct plm_file *file)
{
	uint64_t hash = (file->upper_inode ^ (uint64_t)file->upper_device << 40) * 0x9e3779b97f4a7c15ull;

	return &writers->buckets[hash >> 52];
}
_Static_assert(BUCKETS == 1 << 12, "the hash's upper bits");

static struct written *written_find(struct writers *writers, const struct plm_file *file)
{
	struct written *written;

	LIST_FOREACH(written, bucket_of(writers, file), bucket)
	if (written->inode == file->upper_inode && written->device == file->upper_device)
		return written;
	return NULL;
}

/* Is it of another file, that had the inode before? */
static bool is_stale(const struct written *written, const struct plm_file *file)
{
	return written->generation && file->generation && written->generation != file->generation;
}

static void touch(struct writers *writers, struct written *written)
{
	TAILQ_REMOVE(&writers->aged, written, age);
	TAILQ_INSERT_TAIL(&writers->aged, written, age);
}

static void forget(struct writers *writers, struct written *written)
{
	if (written->writer.time > writers->forgot)
		writers->forgot = written->writer.time;
	written_free(writers, written);
}

static struct written *written_add(struct writers *writers, const struct plm_file *file)
{
	struct written *written = calloc(1, sizeof(*written));

	if (!written)
		return NULL;
	if (writers->size >= writers->max)
		forget(writers, TAILQ_FIRST(&writers->aged));
	written->inode = file->upper_inode;
	written->device = file->upper_device;
	LIST_INSERT_HEAD(bucket_of(writers, file), written, bucket);
	TAILQ_INSERT_TAIL(&writers->aged, written, age);
	writers->size++;
	return written;
}

enum writing { WRITES_NOT = 0, WRITES, MOVES };

static const enum writing writings[PLM_OPS] = {
	[PLM_OP_CREATE] = WRITES,    [PLM_OP_TMPFILE] = WRITES, [PLM_OP_MODIFY] = WRITES,  [PLM_OP_TRUNCATE] = WRITES,
	[PLM_OP_FALLOCATE] = WRITES, [PLM_OP_RENAME] = MOVES,   [PLM_OP_EXCHANGE] = MOVES, [PLM_OP_LINK] = MOVES,
};

/* What only moves content counts where nobody is known to have written it. */
static bool is_writing(const struct event *change, bool known)
{
	enum writing writing = change->change.op < PLM_OPS ? writings[change->change.op] : WRITES_NOT;

	return writing == WRITES || (writing == MOVES && !known);
}

void writers_note(struct writers *writers, const struct event *change, const char *executable)
{
	const struct plm_file *file = &change->file;
	struct written *written;
	char *copy;

	if (!file->upper_inode || (file->mode && !S_ISREG(file->mode)))
		return;
	written = written_find(writers, file);
	if (!is_writing(change, written && !is_stale(written, file)))
		return;
	copy = executable ? strdup(executable) : NULL;
	if (!written)
		written = written_add(writers, file);
	if (!written) {
		free(copy);
		return;
	}
	touch(writers, written);
	free(written->executable);
	written->executable = copy;
	written->generation = file->generation;
	written->container = change->container;
	written->writer = (struct writer){
		.pid = change->task.pid,
		.start = change->task.start,
		.session = change->task.session,
		.time = change->time,
		.executable = copy,
	};
}

const struct writer *writers_get(struct writers *writers, const struct plm_file *file)
{
	struct written *written = file->upper_inode ? written_find(writers, file) : NULL;

	if (!written || is_stale(written, file))
		return NULL;
	touch(writers, written);
	return &written->writer;
}

void writers_each(const struct writers *writers, uint64_t container,
		  void (*call)(uint64_t inode, uint32_t device, const struct writer *writer, void *data), void *data)
{
	const struct written *written;

	TAILQ_FOREACH(written, &writers->aged, age)
	if (written->container == container)
		call(written->inode, written->device, &written->writer, data);
}

uint64_t writers_forgot(const struct writers *writers)
{
	return writers->forgot;
}

size_t writers_size(const struct writers *writers)
{
	return writers->size;
}
