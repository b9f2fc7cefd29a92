// SPDX-License-Identifier: Apache-2.0
#include "image/images.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/thread.h"
#include "detect/subject.h"
#include "image/rootfs_internal.h"
#include "inventory/cache.h"

#define STACK_BYTES (512 * 1024)

/* What a thread works on: its own, from the asking to the answer. */
struct reading {
	struct layers layers; /* a copy: of the image's alone */
	int ns;               /* or a mount namespace, whose root is read; -EBADF */
	uint64_t token;
	char *key; /* in the cache; NULL: not kept */
	struct inventory *inventory;
	struct reader_failure failure;
	TAILQ_ENTRY(reading) line;
	struct image *image; /* the owning thread's only; NULL: nobody wants it any more */
};

struct image {
	uint64_t number;
	unsigned refs;
	struct inventory *inventory;
	struct reading *reading; /* under way; NULL */
	uint64_t *once;          /* what image_once was asked for */
	size_t once_count;
	LIST_ENTRY(image) link;
};

TAILQ_HEAD(reading_line, reading);

struct lane {
	struct images *images;
	pthread_t thread;
	bool started;
};

struct images {
	LIST_HEAD(, image) list;
	size_t count;
	uint64_t refused;
	char *dir;
	int event, cancel;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wanted;
	struct reading_line asked, done;
	bool stopping;
	struct lane lanes[IMAGES_LANES];
};

/* ---- reading ---- */

static void reading_free(struct reading *reading)
{
	if (!reading)
		return;
	layers_clear(&reading->layers);
	inventory_free(reading->inventory);
	if (reading->ns >= 0)
		(void)close(reading->ns);
	free(reading->key);
	free(reading);
}
DEFINE_CLEANUP(struct reading *, reading_free)

static void read_layers(const struct images *images, struct reading *reading)
{
	const struct reader_request request = {
		.what = READER_LAYERS_OF_IMAGE,
		.host_root = reading->layers.host_root,
		.directories = (const char *const *)reading->layers.directory,
		.count = reading->layers.count,
		.fd = -EBADF,
		.userxattr = reading->layers.userxattr,
		.cancel = images->cancel,
	};

	(void)cache_get(images->dir, reading->key, &request, &reading->inventory, &reading->failure);
}

static void read_root(const struct images *images, struct reading *reading)
{
	const struct reader_request request = { .what = READER_ROOT, .fd = reading->ns, .cancel = images->cancel };

	(void)cache_get(NULL, NULL, &request, &reading->inventory, &reading->failure);
}

static struct reading *asked_take(struct images *images)
{
	struct reading *reading;

	(void)pthread_mutex_lock(&images->lock);
	while (!(reading = TAILQ_FIRST(&images->asked)) && !images->stopping)
		(void)pthread_cond_wait(&images->wanted, &images->lock);
	if (images->stopping)
		reading = NULL;
	if (reading)
		TAILQ_REMOVE(&images->asked, reading, line);
	(void)pthread_mutex_unlock(&images->lock);
	return reading;
}

static void *lane_run(void *data)
{
	struct lane *lane = data;
	struct images *images = lane->images;
	struct reading *reading;

	while ((reading = asked_take(images))) {
		(reading->ns >= 0 ? read_root : read_layers)(images, reading);
		(void)pthread_mutex_lock(&images->lock);
		TAILQ_INSERT_TAIL(&images->done, reading, line);
		(void)pthread_mutex_unlock(&images->lock);
		(void)eventfd_write(images->event, 1);
	}
	return NULL;
}

static int lane_start(struct lane *lane)
{
	int r = thread_start(&lane->thread, STACK_BYTES, lane_run, lane);

	lane->started = r == 0;
	return r;
}

/* ---- the set ---- */

int images_new(const char *dir, struct images **ret_images)
{
	struct images *images = calloc(1, sizeof(*images));

	if (!images)
		return -ENOMEM;
	LIST_INIT(&images->list);
	TAILQ_INIT(&images->asked);
	TAILQ_INIT(&images->done);
	(void)pthread_mutex_init(&images->lock, NULL);
	(void)pthread_cond_init(&images->wanted, NULL);
	images->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	images->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	images->dir = dir ? strdup(dir) : NULL;
	if (images->event < 0 || images->cancel < 0 || (dir && !images->dir)) {
		int r = images->event < 0 || images->cancel < 0 ? -errno : -ENOMEM;

		images_free(images);
		return r;
	}
	*ret_images = images;
	return 0;
}

static void line_free(struct reading_line *line)
{
	struct reading *reading;

	while ((reading = TAILQ_FIRST(line))) {
		TAILQ_REMOVE(line, reading, line);
		reading_free(reading);
	}
}

static void image_free(struct images *images, struct image *image)
{
	LIST_REMOVE(image, link);
	images->count--;
	if (image->reading)
		image->reading->image = NULL;
	inventory_free(image->inventory);
	free(image->once);
	free(image);
}

void images_free(struct images *images)
{
	if (!images)
		return;
	(void)pthread_mutex_lock(&images->lock);
	images->stopping = true;
	(void)pthread_cond_broadcast(&images->wanted);
	(void)pthread_mutex_unlock(&images->lock);
	if (images->cancel >= 0)
		(void)eventfd_write(images->cancel, 1);
	for (size_t i = 0; i < IMAGES_LANES; i++)
		if (images->lanes[i].started)
			(void)pthread_join(images->lanes[i].thread, NULL);
	while (!LIST_EMPTY(&images->list))
		image_free(images, LIST_FIRST(&images->list));
	line_free(&images->asked);
	line_free(&images->done);
	if (images->event >= 0)
		(void)close(images->event);
	if (images->cancel >= 0)
		(void)close(images->cancel);
	(void)pthread_cond_destroy(&images->wanted);
	(void)pthread_mutex_destroy(&images->lock);
	free(images->dir);
	free(images);
}

/* ---- one image ---- */

/* By the directories themselves: their names can be given to others later. */
static uint64_t number_of(const struct rootfs *rootfs)
{
	uint64_t hash = 0;
	char text[PATH_MAX + 64];

	for (size_t i = rootfs->image; i < rootfs->layers.count; i++) {
		const char *directory = rootfs->layers.directory[i];
		_cleanup_close_ int fd = layers_open_host(rootfs->layers.host_root, directory);
		struct stat stat = { 0 };

		if (fd >= 0)
			(void)fstat(fd, &stat);
		(void)snprintf(text, sizeof(text), "%llx:%llx:%s", (unsigned long long)stat.st_dev,
			       (unsigned long long)stat.st_ino, directory);
		hash = subject_hash_more(hash, text);
	}
	return hash ?: 1;
}

static int layers_copy(const struct rootfs *rootfs, struct layers *ret_layers)
{
	const struct layers *layers = &rootfs->layers;

	ret_layers->userxattr = layers->userxattr;
	ret_layers->directory = calloc(layers->count + 1, sizeof(char *));
	if (!ret_layers->directory || (layers->host_root && !(ret_layers->host_root = strdup(layers->host_root))))
		return -ENOMEM;
	for (size_t i = rootfs->image; i < layers->count; i++) {
		ret_layers->directory[ret_layers->count] = strdup(layers->directory[i]);
		if (!ret_layers->directory[ret_layers->count++])
			return -ENOMEM;
	}
	return 0;
}

/* In the cache: by digest, else by what tells it apart on this host. */
static int key_make(const char *digest, uint64_t number, char **ret_key)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "layers-%016llx", (unsigned long long)number);
	*ret_key = strdup(digest ?: text);
	return *ret_key ? 0 : -ENOMEM;
}

/* Threads are begun when there is something to read. Takes the reading, also on failure. */
static int reading_ask(struct images *images, struct reading *reading)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < IMAGES_LANES; i++) {
		images->lanes[i].images = images;
		if (!images->lanes[i].started)
			r = lane_start(&images->lanes[i]);
	}
	if (r < 0) {
		reading_free(reading);
		return r;
	}
	(void)pthread_mutex_lock(&images->lock);
	TAILQ_INSERT_TAIL(&images->asked, reading, line);
	(void)pthread_cond_signal(&images->wanted);
	(void)pthread_mutex_unlock(&images->lock);
	return 0;
}

static int image_read(struct images *images, struct image *image, const struct rootfs *rootfs, const char *digest)
{
	_cleanup_(reading_freep) struct reading *reading = calloc(1, sizeof(*reading));
	int r;

	if (!reading)
		return -ENOMEM;
	reading->ns = -EBADF;
	reading->image = image;
	r = layers_copy(rootfs, &reading->layers) ?: key_make(digest, image->number, &reading->key);
	if (r < 0)
		return r;
	image->reading = take_ptr(reading);
	r = reading_ask(images, image->reading);
	if (r < 0)
		image->reading = NULL;
	return r;
}

int images_ask_root(struct images *images, int ns, uint64_t token)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (!reading) {
		(void)close(ns);
		return -ENOMEM;
	}
	reading->ns = ns;
	reading->token = token;
	return reading_ask(images, reading);
}

struct image *images_hold(struct images *images, const struct rootfs *rootfs, const char *digest)
{
	uint64_t number = number_of(rootfs);
	struct image *image;

	LIST_FOREACH(image, &images->list, link)
	if (image->number == number) {
		image->refs++;
		return image;
	}
	image = images->count < IMAGES_MAX ? calloc(1, sizeof(*image)) : NULL;
	if (!image) {
		images->refused++;
		return NULL;
	}
	image->number = number;
	image->refs = 1;
	LIST_INSERT_HEAD(&images->list, image, link);
	images->count++;
	if (image_read(images, image, rootfs, digest) < 0)
		images->refused++;
	return image;
}

void images_drop(struct images *images, struct image *image)
{
	if (image && --image->refs == 0)
		image_free(images, image);
}

uint64_t image_number(const struct image *image)
{
	return image->number;
}

const struct inventory *image_inventory(const struct image *image)
{
	return image->inventory;
}

bool image_is_pending(const struct image *image)
{
	return image->reading;
}

#define ONCE_STEP 64

/* Where there is no room it may be told again. */
static void once_add(struct image *image, uint64_t mark)
{
	uint64_t *grown;

	if (image->once_count >= IMAGE_ONCE_MAX)
		return;
	if (image->once_count % ONCE_STEP == 0) {
		grown = reallocarray(image->once, image->once_count + ONCE_STEP, sizeof(mark));
		if (!grown)
			return;
		image->once = grown;
	}
	image->once[image->once_count++] = mark;
}

bool image_once(struct image *image, enum rule rule, const char *path)
{
	uint64_t mark = subject_hash(path) ^ (uint64_t)rule;

	for (size_t i = 0; i < image->once_count; i++)
		if (image->once[i] == mark)
			return false;
	once_add(image, mark);
	return true;
}

int images_fd(const struct images *images)
{
	return images->event;
}

bool images_take(struct images *images, struct images_answer *ret_answer)
{
	_cleanup_(reading_freep) struct reading *reading = NULL;
	eventfd_t value;

	(void)eventfd_read(images->event, &value);
	(void)pthread_mutex_lock(&images->lock);
	reading = TAILQ_FIRST(&images->done);
	if (reading)
		TAILQ_REMOVE(&images->done, reading, line);
	(void)pthread_mutex_unlock(&images->lock);
	if (!reading)
		return false;
	*ret_answer =
		(struct images_answer){ .image = reading->image, .token = reading->token, .failure = reading->failure };
	if (reading->image) {
		reading->image->reading = NULL;
		reading->image->inventory = take_ptr(reading->inventory);
	} else if (reading->token) {
		ret_answer->inventory = take_ptr(reading->inventory);
	}
	return true;
}

uint64_t images_refused(const struct images *images)
{
	return images->refused;
}
