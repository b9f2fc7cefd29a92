// SPDX-License-Identifier: Apache-2.0
#include "inventory/verify.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/thread.h"

#define BATCH       16
#define STACK_BYTES (256 * 1024)

struct verifying {
	struct tree *tree;
	struct builder *builder;
	struct child_page *page;
	pthread_mutex_t lock; /* of `next` */
	size_t next;          /* file that nobody has taken */
};

static enum inventory_verified look(struct tree *tree, const char *path, const struct inventory_file *file)
{
	_cleanup_tree_file_ struct tree_file opened = TREE_FILE_NONE;
	struct digest digest;
	int r = tree_open(tree, path, &opened);

	if (r == -ENOENT || r == -ENOTDIR || r == -EBADMSG || r == -ELOOP)
		return VERIFIED_MISSING;
	if (r < 0 || digest_fd(opened.fd, opened.offset, opened.size, &file->digest.kind, 1, &digest) < 0)
		return VERIFIED_UNREADABLE;
	return digest_equal(&digest, &file->digest) ? VERIFIED_SAME : VERIFIED_DIFFERS;
}

static void look_at(struct verifying *verifying, size_t number)
{
	struct inventory_file file = builder_file(verifying->builder, number);
	enum inventory_verified verified;
	char path[PATH_MAX];

	if (file.digest.kind == DIGEST_NONE)
		return;
	verified = look(verifying->tree, builder_file_path(verifying->builder, number, path), &file);
	if (verified == VERIFIED_MISSING && (file.flags & INVENTORY_FILE_GHOST))
		return; /* need not be there */
	builder_verified(verifying->builder, number, verified);
	atomic_fetch_add(&verifying->page->done, 1);
}

static size_t take(struct verifying *verifying)
{
	size_t first;

	(void)pthread_mutex_lock(&verifying->lock);
	first = verifying->next;
	verifying->next += BATCH;
	(void)pthread_mutex_unlock(&verifying->lock);
	return first;
}

static void *work(void *data)
{
	struct verifying *verifying = data;
	size_t count = builder_file_count(verifying->builder), first;

	while ((first = take(verifying)) < count)
		for (size_t i = first; i < first + BATCH && i < count; i++)
			look_at(verifying, i);
	return NULL;
}

static uint64_t count_all(const struct builder *builder)
{
	uint64_t all = 0;

	for (size_t i = 0; i < builder_file_count(builder); i++)
		all += builder_file(builder, i).digest.kind != DIGEST_NONE;
	return all;
}

static size_t begin(pthread_t *threads, size_t wanted, struct verifying *verifying)
{
	size_t begun = 0;

	while (begun < wanted && thread_start(&threads[begun], STACK_BYTES, work, verifying) == 0)
		begun++;
	return begun;
}

/* That this process may use; what /sys says here is the image's. */
static size_t processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	return count < 1 ? 1 : count > VERIFY_THREADS ? VERIFY_THREADS : (size_t)count;
}

/* Where no further thread is to be had, this one does it all. */
int verify(struct tree *tree, struct builder *builder, struct child_page *page)
{
	struct verifying verifying = {
		.tree = tree, .builder = builder, .page = page, .lock = PTHREAD_MUTEX_INITIALIZER
	};
	size_t begun;
	pthread_t threads[VERIFY_THREADS];

	atomic_store(&page->done, 0);
	atomic_store(&page->total, count_all(builder));
	begun = begin(threads, processors() - 1, &verifying);
	(void)work(&verifying);
	for (size_t i = 0; i < begun; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
