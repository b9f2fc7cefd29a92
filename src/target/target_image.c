// SPDX-License-Identifier: Apache-2.0
/* An image that a runtime keeps on this host, read from its disk: no daemon needs to run. */
#include "target/internal.h"

#include <string.h>
#include <sys/stat.h>

#include "container/facts.h"
#include "image/layers.h"
#include "runtime/storage.h"

static struct runtime_source *storage_of(const struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->sources[i]->ops == &storage_ops)
			return search->sources[i];
	return NULL;
}

static int image_find(const struct search *search, const struct image_wish *wish, struct stored_image *ret_image)
{
	struct runtime_source *storage = storage_of(search);

	return storage ? storage_image(storage, wish, ret_image) : -ENOENT;
}

/* What a container calls an image, in a store of its own, is no key for others. */
static int key_take(struct target *target, const struct stored_image *image)
{
	const struct container_facts *facts = &image->facts;

	return image->usual ? fact_set(&target->key, facts->image ? facts->image->id : facts->image_digest) : 0;
}

static void layers_take(struct target *target, struct stored_image *image)
{
	target->layers = take_ptr(image->layers);
	target->layer_count = image->count;
	image->count = 0;
}

static void image_failed(int error, const char *name, struct target_failure *failure)
{
	if (error == -ENOTUNIQ)
		failure_set(failure, "several images are called '%s': give more of its id", name);
	else if (error == -EACCES || error == -EPERM)
		failure_set(failure, "the images of this host may not be looked at for '%s'", name);
	else
		failure_set(failure, "what the runtime keeps of image '%s' cannot be read: %s", name, strerror(-error));
}

int search_image(struct search *search, const char *name, struct target *ret_target, struct target_failure *failure)
{
	_cleanup_stored_image_ struct stored_image image = { .count = 0 };
	_cleanup_target_ struct target target = { .kind = TARGET_IMAGE };
	int r = image_find(search, &(struct image_wish){ .word = name }, &image);

	if (r == -ENOENT)
		return r;
	if (r == 0)
		r = key_take(&target, &image);
	if (r == 0)
		r = (target.host_root = strdup(search->host_root)) ? 0 : -ENOMEM;
	if (r < 0) {
		image_failed(r, name, failure);
		return r;
	}
	layers_take(&target, &image);
	target.facts = image.facts;
	image.facts = (struct container_facts){ 0 };
	*ret_target = target;
	target = (struct target){ .pid = 0 };
	return 0;
}

/* ---- a container's ---- */

/* Are these two the same directory? */
static bool is_same(const char *host_root, const char *a, const char *b)
{
	_cleanup_close_ int one = layers_open_host(*host_root ? host_root : NULL, a);
	_cleanup_close_ int other = layers_open_host(*host_root ? host_root : NULL, b);
	struct stat stat_one, stat_other;

	return one >= 0 && other >= 0 && fstat(one, &stat_one) == 0 && fstat(other, &stat_other) == 0 &&
	       stat_one.st_dev == stat_other.st_dev && stat_one.st_ino == stat_other.st_ino;
}

/* Several stores may have the same image, each with layers of its own. */
static bool has_layers_of(const struct stored_image *image, void *data)
{
	const struct target *target = data;

	if (target->layer_count && target->layer_count != image->count)
		return false;
	for (size_t i = 0; i < target->layer_count; i++)
		if (!is_same(target->host_root, target->layers[i], image->layers[i]))
			return false;
	return true;
}

int search_container_image(struct search *search, struct target *target)
{
	_cleanup_stored_image_ struct stored_image image = { .count = 0 };
	struct image_wish wish = { .word = target->facts.image ? target->facts.image->id : NULL,
				   .accept = has_layers_of,
				   .data = target };
	int r = wish.word ? image_find(search, &wish, &image) : -ENOENT;

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (!target->layer_count)
		layers_take(target, &image);
	return key_take(target, &image);
}
