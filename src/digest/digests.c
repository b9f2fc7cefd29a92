// SPDX-License-Identifier: Apache-2.0
#include "digest/digests.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/thread.h"

#define THREADS     2
#define STACK_BYTES (256 * 1024)
#define BUCKETS     4096

enum state { STATE_MAKING, STATE_MADE };

/* One file: asked for, being made, or made. */
struct made {
	struct digest_key key;
	struct digest_pair pair;
	uint64_t owner;
	int fd;
	struct stat before; /* the reading */
	enum state state;
	bool once, changed;
	LIST_ENTRY(made) bucket;
	TAILQ_ENTRY(made) age;  /* made: the one not asked for longest first */
	TAILQ_ENTRY(made) line; /* making: the threads' */
};

LIST_HEAD(made_bucket, made);
TAILQ_HEAD(made_line, made);

struct worker {
	struct digests *digests;
	pthread_t thread;
	bool started;
	bool large; /* takes these too, when nothing small waits */
};

struct digests {
	bool threaded;
	struct made_bucket buckets[BUCKETS];
	struct made_line aged;
	size_t kept, pending;
	size_t transient; /* of those kept: not to be */
	struct digests_counts counts;
	int event;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wanted;
	struct made_line small, large, done;
	bool stopping;
	struct worker workers[THREADS];
};

/* ---- by key ---- */

static struct made_bucket *bucket_of(struct digests *digests, const struct digest_key *key)
{
	uint64_t hash = (key->where ^ key->inode * 0x9e3779b97f4a7c15ull ^ key->ctime) * 0x9e3779b97f4a7c15ull;

	return &digests->buckets[hash >> 52];
}
_Static_assert(BUCKETS == 1 << 12, "the hash's upper bits");

static bool key_equal(const struct digest_key *a, const struct digest_key *b)
{
	return a->inode == b->inode && a->ctime == b->ctime && a->where == b->where && a->size == b->size &&
	       a->generation == b->generation && a->also == b->also;
}

static struct made *made_find(struct digests *digests, const struct digest_key *key)
{
	struct made *made;

	LIST_FOREACH(made, bucket_of(digests, key), bucket)
	if (key_equal(&made->key, key))
		return made;
	return NULL;
}

static void made_drop(struct digests *digests, struct made *made)
{
	LIST_REMOVE(made, bucket);
	TAILQ_REMOVE(&digests->aged, made, age);
	digests->kept--;
	digests->transient -= made->once;
	free(made);
}

/* It is an answer from here on. */
static void made_keep(struct digests *digests, struct made *made)
{
	made->state = STATE_MADE;
	TAILQ_INSERT_TAIL(&digests->aged, made, age);
	digests->transient += made->once;
	if (++digests->kept > DIGESTS_KEPT)
		made_drop(digests, TAILQ_FIRST(&digests->aged));
	digests->counts.made++;
	digests->counts.changed += made->changed;
	if (made->pair.sha256.kind)
		digests->counts.bytes += (uint64_t)made->before.st_size;
}

int digests_get(struct digests *digests, const struct digest_key *key, struct digest_pair *ret_pair)
{
	struct made *made = made_find(digests, key);

	if (!made)
		return -ENOENT;
	if (made->state == STATE_MAKING)
		return -EINPROGRESS;
	TAILQ_REMOVE(&digests->aged, made, age);
	TAILQ_INSERT_TAIL(&digests->aged, made, age);
	*ret_pair = made->pair;
	return 0;
}

/* ---- making one ---- */

static bool is_unchanged(const struct made *made)
{
	struct stat stat;

	return fstat(made->fd, &stat) == 0 && stat.st_size == made->before.st_size &&
	       stat.st_ctim.tv_sec == made->before.st_ctim.tv_sec &&
	       stat.st_ctim.tv_nsec == made->before.st_ctim.tv_nsec;
}

static void make(struct made *made)
{
	enum digest_kind kinds[2] = { DIGEST_SHA256, made->key.also };
	struct digest digests[2] = { 0 };
	size_t count = made->key.also && made->key.also != DIGEST_SHA256 ? 2 : 1;

	if (digest_fd(made->fd, 0, (uint64_t)made->before.st_size, kinds, count, digests) == 0 && is_unchanged(made)) {
		made->pair.sha256 = digests[0];
		made->pair.also = made->key.also ? digests[count - 1] : digests[1];
	} else {
		made->changed = true;
	}
	(void)close(made->fd);
	made->fd = -EBADF;
}

static struct made *line_take(struct worker *worker)
{
	struct digests *digests = worker->digests;
	struct made_line *line = &digests->small;
	struct made *made;

	(void)pthread_mutex_lock(&digests->lock);
	for (;;) {
		line = TAILQ_EMPTY(&digests->small) && worker->large ? &digests->large : &digests->small;
		made = TAILQ_FIRST(line);
		if (made || digests->stopping)
			break;
		(void)pthread_cond_wait(&digests->wanted, &digests->lock);
	}
	if (digests->stopping)
		made = NULL;
	if (made)
		TAILQ_REMOVE(line, made, line);
	(void)pthread_mutex_unlock(&digests->lock);
	return made;
}

static void *worker_run(void *data)
{
	struct worker *worker = data;
	struct digests *digests = worker->digests;
	struct made *made;

	while ((made = line_take(worker))) {
		make(made);
		(void)pthread_mutex_lock(&digests->lock);
		TAILQ_INSERT_TAIL(&digests->done, made, line);
		(void)pthread_mutex_unlock(&digests->lock);
		(void)eventfd_write(digests->event, 1);
	}
	return NULL;
}

static size_t owner_pending(struct digests *digests, uint64_t owner)
{
	size_t pending = 0;
	struct made *made;

	for (size_t i = 0; digests->pending >= DIGESTS_SHARE && i < BUCKETS; i++)
		LIST_FOREACH(made, &digests->buckets[i], bucket)
	pending += made->state == STATE_MAKING && made->owner == owner;
	return pending;
}

static void hand_over(struct digests *digests, struct made *made)
{
	struct made_line *line = (uint64_t)made->before.st_size <= DIGESTS_SMALL ? &digests->small : &digests->large;

	digests->pending++;
	(void)pthread_mutex_lock(&digests->lock);
	TAILQ_INSERT_TAIL(line, made, line);
	(void)pthread_cond_broadcast(&digests->wanted);
	(void)pthread_mutex_unlock(&digests->lock);
}

int digests_make(struct digests *digests, const struct digest_request *request)
{
	_cleanup_close_ int fd = request->fd;
	bool now = request->now || !digests->threaded;
	struct made *made;

	if (!now && (digests->pending >= DIGESTS_PENDING || owner_pending(digests, request->owner) >= DIGESTS_SHARE)) {
		digests->counts.refused++;
		return -ENOBUFS;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->key = request->key;
	made->owner = request->owner;
	made->once = request->once;
	made->fd = -EBADF;
	made->changed = fstat(fd, &made->before) != 0;
	LIST_INSERT_HEAD(bucket_of(digests, &made->key), made, bucket);
	if (made->changed || (uint64_t)made->before.st_size > (now ? DIGESTS_NOW_MAX : DIGESTS_BYTES_MAX)) {
		made_keep(digests, made); /* as what cannot be made */
		return 0;
	}
	made->fd = take_fd(&fd);
	if (now) {
		make(made);
		made_keep(digests, made);
	} else {
		hand_over(digests, made);
	}
	return 0;
}

int digests_fd(const struct digests *digests)
{
	return digests->event;
}

bool digests_take(struct digests *digests)
{
	struct made_line done = TAILQ_HEAD_INITIALIZER(done);
	eventfd_t value;
	struct made *made;
	bool any;

	(void)eventfd_read(digests->event, &value);
	(void)pthread_mutex_lock(&digests->lock);
	TAILQ_CONCAT(&done, &digests->done, line);
	(void)pthread_mutex_unlock(&digests->lock);
	any = !TAILQ_EMPTY(&done);
	while ((made = TAILQ_FIRST(&done))) {
		TAILQ_REMOVE(&done, made, line);
		digests->pending--;
		made_keep(digests, made);
	}
	return any;
}

void digests_settle(struct digests *digests)
{
	struct made *next;

	for (struct made *made = TAILQ_LAST(&digests->aged, made_line); made && digests->transient; made = next) {
		next = TAILQ_PREV(made, made_line, age);
		if (made->once)
			made_drop(digests, made);
	}
}

struct digests_counts digests_counts(const struct digests *digests)
{
	return digests->counts;
}

/* ---- begin and end ---- */

static int worker_start(struct worker *worker)
{
	int r = thread_start(&worker->thread, STACK_BYTES, worker_run, worker);

	worker->started = r == 0;
	return r;
}

int digests_new(bool threaded, struct digests **ret_digests)
{
	struct digests *digests = calloc(1, sizeof(*digests));
	int r = 0;

	if (!digests)
		return -ENOMEM;
	digests->threaded = threaded;
	TAILQ_INIT(&digests->aged);
	TAILQ_INIT(&digests->small);
	TAILQ_INIT(&digests->large);
	TAILQ_INIT(&digests->done);
	(void)pthread_mutex_init(&digests->lock, NULL);
	(void)pthread_cond_init(&digests->wanted, NULL);
	digests->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (digests->event < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && threaded && i < THREADS; i++) {
		digests->workers[i] = (struct worker){ .digests = digests, .large = i > 0 };
		r = worker_start(&digests->workers[i]);
	}
	if (r < 0) {
		digests_free(digests);
		return r;
	}
	*ret_digests = digests;
	return 0;
}

void digests_free(struct digests *digests)
{
	if (!digests)
		return;
	(void)pthread_mutex_lock(&digests->lock);
	digests->stopping = true;
	(void)pthread_cond_broadcast(&digests->wanted);
	(void)pthread_mutex_unlock(&digests->lock);
	for (size_t i = 0; i < THREADS; i++)
		if (digests->workers[i].started)
			(void)pthread_join(digests->workers[i].thread, NULL);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct made *made; (made = LIST_FIRST(&digests->buckets[i]));) {
			LIST_REMOVE(made, bucket);
			if (made->fd >= 0)
				(void)close(made->fd);
			free(made);
		}
	if (digests->event >= 0)
		(void)close(digests->event);
	(void)pthread_cond_destroy(&digests->wanted);
	(void)pthread_mutex_destroy(&digests->lock);
	free(digests);
}
