/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source that asks nobody: what runtimes keep on disk. A container whose upper directory is known is found in the
 * store that this lies in, wherever that is; before, by its id alone in the usual data roots. Nothing that a container's
 * own store says is used for another's: a container can make a store of its own.
 */
#include "runtime/storage.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "image/layers.h"

#define LEARNT_MAX 4

struct storage {
	struct runtime_source base;
	atomic_bool cancelled;
	char *host_root;
	/* Data roots that containers' upper directories were found in, the latest last: what begins there next is found by
	 * its id alone, before its first exec. Full: the oldest goes. */
	char *learnt[LEARNT_MAX];
	size_t count;
	char *roots[]; /* the usual data roots, as the agent sees them */
};

static const struct store_ops *const stores[] = { &store_docker, &store_containerd, &store_containers };

/* Cuts "/`name`" off the end of `path`, `length` bytes; gives what is left, 0 where it does not end so. */
static size_t end_cut(const char *path, size_t length, const char *name)
{
	size_t end = strlen(name);

	if (length <= end + 1 || path[length - end - 1] != '/' || strncmp(path + length - end, name, end) != 0)
		return 0;
	return length - end - 1;
}

struct upper {
	char *root, *layer;
};

static inline void upper_done(struct upper *upper)
{
	free(upper->root);
	free(upper->layer);
}

/* 1: it is <root>/<folder>/<layer>/<leaf> of this store; 0, or -ENOMEM. */
static int upper_split(const struct store_ops *ops, const char *path, struct upper *ret_upper)
{
	size_t leaf = end_cut(path, strlen(path), ops->leaf), layer = leaf, root;
	struct upper upper = { 0 };

	while (layer && path[layer - 1] != '/')
		layer--;
	root = layer > 1 && layer < leaf ? end_cut(path, layer - 1, ops->folder) : 0;
	if (!root)
		return 0;
	upper.root = strndup(path, root);
	upper.layer = strndup(path + layer, leaf - layer);
	if (!upper.root || !upper.layer) {
		upper_done(&upper);
		return -ENOMEM;
	}
	*ret_upper = upper;
	return 1;
}

/* A path as the agent sees it, as the host has it. NULL: it lies elsewhere. */
static const char *host_path(const char *host_root, const char *path)
{
	size_t length = strlen(host_root);

	while (length && host_root[length - 1] == '/')
		length--;
	return strncmp(path, host_root, length) == 0 && path[length] == '/' ? path + length : NULL;
}

static int store_lookup(struct storage *storage, const struct store_ops *ops, const char *root, const char *layer,
			const struct runtime_request *request, struct container_facts *ret_facts)
{
	_cleanup_(container_facts_clear) struct container_facts facts = { 0 };
	const char *path = host_path(storage->host_root, root);
	_cleanup_close_ int fd =
		path ? layers_open_host(*storage->host_root ? storage->host_root : NULL, path) : -ENOENT;
	int r = fd;

	if (atomic_load(&storage->cancelled))
		return -ECANCELED;
	if (fd >= 0)
		r = ops->lookup(&(struct store_place){ .root = fd,
						       .host_root = storage->host_root,
						       .layer = layer,
						       .cancelled = &storage->cancelled },
				request, &facts);
	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

static bool is_final(int r)
{
	return r == 0 || r == -ENOMEM || r == -ECANCELED;
}

static bool is_known(char *const *roots, size_t count, const char *root)
{
	for (size_t i = 0; i < count && roots[i]; i++)
		if (strcmp(roots[i], root) == 0)
			return true;
	return false;
}

/* Out of memory: it is learnt from the next. */
static void root_learn(struct storage *storage, const char *root)
{
	size_t used = 0;

	if (is_known(storage->roots, storage->count, root) || is_known(storage->learnt, LEARNT_MAX, root))
		return;
	while (used < LEARNT_MAX && storage->learnt[used])
		used++;
	if (used == LEARNT_MAX) {
		free(storage->learnt[0]);
		memmove(storage->learnt, storage->learnt + 1, (LEARNT_MAX - 1) * sizeof(storage->learnt[0]));
		used--;
	}
	storage->learnt[used] = strdup(root);
}

static int upper_lookup(struct storage *storage, const struct runtime_request *request,
			struct container_facts *ret_facts)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < ARRAY_SIZE(stores); i++) {
		_cleanup_(upper_done) struct upper upper = { 0 };
		int is_one = upper_split(stores[i], request->upper, &upper);

		if (is_one < 0)
			return is_one;
		if (is_one)
			r = store_lookup(storage, stores[i], upper.root, upper.layer, request, ret_facts);
		if (is_one && r == 0)
			root_learn(storage, upper.root);
	}
	return r;
}

/* In each of the roots by the id alone. One that is not there, or not of that kind, is passed over; so is one that
 * cannot be read. */
static int roots_lookup(struct storage *storage, char *const *roots, size_t count,
			const struct runtime_request *request, struct container_facts *ret_facts)
{
	int r = -ENOENT, seen = -ENOENT;

	for (size_t i = 0; i < count * ARRAY_SIZE(stores) && roots[i / ARRAY_SIZE(stores)]; i++) {
		r = store_lookup(storage, stores[i % ARRAY_SIZE(stores)], roots[i / ARRAY_SIZE(stores)], NULL, request,
				 ret_facts);
		if (is_final(r))
			return r;
		seen = r == -ENOENT ? seen : r;
	}
	return seen;
}

static int usual_lookup(struct storage *storage, const struct runtime_request *request,
			struct container_facts *ret_facts)
{
	int r = roots_lookup(storage, storage->learnt, LEARNT_MAX, request, ret_facts);

	return is_final(r) ? r : roots_lookup(storage, storage->roots, storage->count, request, ret_facts);
}

/* Docker's containers whose layers containerd keeps have their names in Docker's own root. */
static int docker_complete(struct storage *storage, const struct runtime_request *request,
			   struct container_facts *facts)
{
	_cleanup_(container_facts_clear) struct container_facts more = { 0 };
	int r = usual_lookup(storage, request, &more);

	if (r == 0 && more.runtime && strcmp(more.runtime, facts->runtime) == 0)
		r = facts_complete(facts, &more);
	return r == -ENOMEM ? r : 0;
}

static int storage_lookup(struct runtime_source *source, const struct runtime_request *request,
			  struct container_facts *ret_facts)
{
	struct storage *storage = (struct storage *)source;
	_cleanup_(container_facts_clear) struct container_facts facts = { 0 };
	int r;

	if (!request->upper)
		return usual_lookup(storage, request, ret_facts);
	r = upper_lookup(storage, request, &facts);
	if (r == 0 && !facts.name && facts.runtime && strcmp(facts.runtime, docker_ops.name) == 0)
		r = docker_complete(storage, request, &facts);
	if (r < 0)
		return r;
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

/* ---- images ---- */

void stored_image_clear(struct stored_image *image)
{
	container_facts_clear(&image->facts);
	for (size_t i = 0; i < image->count; i++)
		free(image->layers[i]);
	free(image->layers);
	*image = (struct stored_image){ .count = 0 };
}

int stored_image_add(struct stored_image *image, const struct store_ops *ops, const char *layer)
{
	char **layers;

	if (!*layer || *layer == '.' || strchr(layer, '/'))
		return -EBADMSG;
	if (image->count == STORE_LAYERS_MAX)
		return -E2BIG;
	layers = reallocarray(image->layers, image->count + 1, sizeof(char *));
	if (!layers)
		return -ENOMEM;
	image->layers = layers;
	if (asprintf(&layers[image->count], "%s/%s/%s", ops->folder, layer, ops->leaf) < 0)
		return -ENOMEM;
	image->count++;
	return 0;
}

/* From paths below a data root to paths below host_root. */
static int layers_place(const char *path, struct stored_image *image)
{
	for (size_t i = 0; i < image->count; i++) {
		char *whole = NULL;

		if (asprintf(&whole, "%s/%s", path, image->layers[i]) < 0)
			return -ENOMEM;
		free(image->layers[i]);
		image->layers[i] = whole;
	}
	return 0;
}

static int store_find(struct storage *storage, const struct store_ops *ops, const char *root,
		      const struct image_wish *wish, struct stored_image *ret_image)
{
	_cleanup_stored_image_ struct stored_image image = { .count = 0 };
	const char *path = host_path(storage->host_root, root);
	_cleanup_close_ int fd =
		path ? layers_open_host(*storage->host_root ? storage->host_root : NULL, path) : -ENOENT;
	struct store_place place = { .root = fd, .host_root = storage->host_root, .cancelled = &storage->cancelled };
	int r = fd < 0 ? fd : ops->image(&place, wish->word, &image);

	if (r == 0)
		r = layers_place(path, &image);
	if (r == 0 && wish->accept && !wish->accept(&image, wish->data))
		r = -ENOENT;
	if (r < 0)
		return r;
	*ret_image = image;
	image = (struct stored_image){ .count = 0 };
	return 0;
}

/* A root that is not there, or of another kind, is passed over; so is one that cannot be read, unless no other has it. */
static int roots_find(struct storage *storage, char *const *roots, size_t count, const struct image_wish *wish,
		      struct stored_image *ret_image)
{
	int r, seen = -ENOENT;

	for (size_t i = 0; i < count * ARRAY_SIZE(stores) && roots[i / ARRAY_SIZE(stores)]; i++) {
		r = store_find(storage, stores[i % ARRAY_SIZE(stores)], roots[i / ARRAY_SIZE(stores)], wish, ret_image);
		if (is_final(r) || r == -ENOTUNIQ)
			return r;
		seen = r == -ENOENT || r == -ENOTDIR ? seen : r;
	}
	return seen;
}

int storage_image(struct runtime_source *source, const struct image_wish *wish, struct stored_image *ret_image)
{
	struct storage *storage = (struct storage *)source;
	int r = roots_find(storage, storage->roots, storage->count, wish, ret_image);

	if (r == 0)
		ret_image->usual = true;
	return r == -ENOENT ? roots_find(storage, storage->learnt, LEARNT_MAX, wish, ret_image) : r;
}

/* ---- the source ---- */

/* There is no daemon to ask: it is found where one of the usual data roots is. */
static int storage_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	struct storage *storage = (struct storage *)source;
	struct stat stat_buf;

	for (size_t i = 0; i < storage->count; i++)
		if (stat(storage->roots[i], &stat_buf) == 0 && S_ISDIR(stat_buf.st_mode)) {
			(void)snprintf(ret_version, size, "%s", "");
			return 0;
		}
	return -ENOTCONN;
}

static void storage_cancel(struct runtime_source *source)
{
	atomic_store(&((struct storage *)source)->cancelled, true);
}

static void storage_close(struct runtime_source *source)
{
	struct storage *storage = (struct storage *)source;

	for (size_t i = 0; i < LEARNT_MAX; i++)
		free(storage->learnt[i]);
	for (size_t i = 0; i < storage->count; i++)
		free(storage->roots[i]);
	free(storage->host_root);
	free(storage);
}

static int storage_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	struct storage *storage;
	size_t count = 0;

	while (addresses && addresses[count])
		count++;
	storage = calloc(1, sizeof(*storage) + count * sizeof(storage->roots[0]));
	if (!storage)
		return -ENOMEM;
	storage->host_root = strdup(host_root);
	for (; storage->host_root && storage->count < count; storage->count++) {
		storage->roots[storage->count] = strdup(addresses[storage->count]);
		if (!storage->roots[storage->count])
			break;
	}
	if (!storage->host_root || storage->count < count) {
		storage_close(&storage->base);
		return -ENOMEM;
	}
	storage->base = (struct runtime_source){ .ops = &storage_ops, .address = count ? storage->roots[0] : "" };
	*ret_source = &storage->base;
	return 0;
}

/* Its addresses are the usual data roots, /var/lib/docker and the like; none at all is fine. */
const struct runtime_ops storage_ops = {
	.name = "storage",
	.quick = true,
	.lanes = 1,
	.open = storage_open,
	.probe = storage_probe,
	.lookup = storage_lookup,
	.cancel = storage_cancel,
	.close = storage_close,
};
