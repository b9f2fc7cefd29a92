// SPDX-License-Identifier: Apache-2.0
#include "history/keeper.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zlib.h>

#include "base/thread.h"
#include "history/segment.h"

#define STACK_BYTES (512 * 1024)
#define LOOK_EVERY  600 /* seconds, for what goes by age */
#define CHUNK       (64u << 10)

struct keeper {
	int dir_fd;
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wanted;
	bool woken, stopping;
	char finished[HISTORY_SEGMENT_SIZE];
	struct history_limits limits;
	struct keeper_counts counts;
};

/* What one look works with: a copy. */
struct look {
	int dir_fd;
	char finished[HISTORY_SEGMENT_SIZE];
	struct history_limits limits;
	struct keeper_counts counts; /* of this look */
};

/* ---- compressing ---- */

struct packing {
	int from, to;
	z_stream z;
	unsigned char in[CHUNK], out[CHUNK];
};

static int write_all(int fd, const unsigned char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

/* One chunk through zlib; the empty one ends the file. */
static int chunk_pack(struct packing *packing, size_t size)
{
	int r = 0;

	packing->z.next_in = packing->in;
	packing->z.avail_in = (unsigned)size;
	do {
		packing->z.next_out = packing->out;
		packing->z.avail_out = CHUNK;
		(void)deflate(&packing->z, size > 0 ? Z_NO_FLUSH : Z_FINISH);
		r = write_all(packing->to, packing->out, CHUNK - packing->z.avail_out);
	} while (r == 0 && packing->z.avail_out == 0);
	return r;
}

static int pack(int from, int to)
{
	_cleanup_free_ struct packing *packing = calloc(1, sizeof(*packing));
	ssize_t n = 1;
	int r = 0;

	if (!packing)
		return -ENOMEM;
	packing->from = from;
	packing->to = to;
	if (deflateInit2(&packing->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	while (r == 0 && n > 0) {
		do
			n = read(from, packing->in, CHUNK);
		while (n < 0 && errno == EINTR);
		r = n < 0 ? -errno : chunk_pack(packing, (size_t)n);
	}
	(void)deflateEnd(&packing->z);
	return r;
}

/* The same readers as the plain one's, whatever the umask. */
static int undone_open(int dir_fd, const char *undone, int from)
{
	_cleanup_close_ int fd = openat(dir_fd, undone, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(from, &st) < 0)
		return -errno;
	if (fchown(fd, (uid_t)-1, st.st_gid) < 0 || fchmod(fd, st.st_mode & 0640) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Only when all of it is on disk it has the name by which it counts, and only then the plain one goes. */
static int segment_pack(int dir_fd, const char *name)
{
	char plain[SEGMENT_FILE_SIZE], packed[SEGMENT_FILE_SIZE], undone[SEGMENT_FILE_SIZE];
	_cleanup_close_ int from = -EBADF, to = -EBADF;
	int r;

	segment_file(name, SEGMENT_PLAIN, plain);
	segment_file(name, SEGMENT_PACKED, packed);
	segment_file(name, SEGMENT_UNDONE, undone);
	from = openat(dir_fd, plain, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	to = undone_open(dir_fd, undone, from);
	if (to < 0)
		return to;
	r = pack(from, to);
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	if (r == 0 && renameat(dir_fd, undone, dir_fd, packed) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir_fd, undone, 0);
		return r;
	}
	if (fsync(dir_fd) < 0)
		return -errno;
	return unlinkat(dir_fd, plain, 0) < 0 ? -errno : 0;
}

/* ---- bounds ---- */

static void segment_remove(struct look *look, const struct segment *segment)
{
	char file[SEGMENT_FILE_SIZE];

	for (enum segment_form form = 0; form < SEGMENT_FORMS; form++) {
		segment_file(segment->name, form, file);
		if (segment->forms & 1u << form && unlinkat(look->dir_fd, file, 0) < 0 && errno != ENOENT)
			look->counts.error = -errno;
	}
}

static bool is_finished(const struct look *look, const struct segment *segment)
{
	return strcmp(segment->name, look->finished) <= 0;
}

/* The oldest go: until the rest fits, and those of which the next one's moment, their end, is too long ago. */
static void bounds_keep(struct look *look, const struct segments *segments)
{
	struct timespec now = { 0 };
	int64_t oldest;
	uint64_t all = 0;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	oldest = ((int64_t)now.tv_sec - look->limits.age) * 1000000000;
	for (size_t i = 0; i < segments->count; i++)
		all += segments->items[i].bytes;
	for (size_t i = 0; i < segments->count && is_finished(look, &segments->items[i]); i++) {
		bool aged = i + 1 < segments->count && segment_time(segments->items[i + 1].name) < oldest;

		if (!aged && all <= look->limits.size)
			break;
		all -= segments->items[i].bytes;
		*(aged ? &look->counts.removed_aged : &look->counts.removed_early) += 1;
		segment_remove(look, &segments->items[i]);
	}
}

/* Such a file is of a keeper that was killed: there is one at a time. */
static void undone_remove(const struct look *look, const struct segment *segment)
{
	char file[SEGMENT_FILE_SIZE];

	if (!(segment->forms & 1u << SEGMENT_UNDONE))
		return;
	segment_file(segment->name, SEGMENT_UNDONE, file);
	(void)unlinkat(look->dir_fd, file, 0);
}

static bool is_stopping(struct keeper *keeper)
{
	bool stopping;

	(void)pthread_mutex_lock(&keeper->lock);
	stopping = keeper->stopping;
	(void)pthread_mutex_unlock(&keeper->lock);
	return stopping;
}

static int look_pack(struct keeper *keeper, struct look *look)
{
	_cleanup_segments_ struct segments segments = { 0 };
	int r = segments_list(look->dir_fd, &segments);

	if (r < 0)
		return r;
	for (size_t i = 0; i < segments.count && !is_stopping(keeper); i++) {
		undone_remove(look, &segments.items[i]);
		if (!(segments.items[i].forms & 1u << SEGMENT_PLAIN) || !is_finished(look, &segments.items[i]))
			continue;
		r = segment_pack(look->dir_fd, segments.items[i].name);
		if (r < 0)
			return r;
		look->counts.compressed++;
	}
	return 0;
}

static void look_once(struct keeper *keeper, struct look *look)
{
	_cleanup_segments_ struct segments segments = { 0 };
	int r;

	look->counts.error = look_pack(keeper, look);
	r = segments_list(look->dir_fd, &segments);
	if (r < 0)
		look->counts.error = r;
	else
		bounds_keep(look, &segments);
}

/* ---- the thread ---- */

/* False: it is to end. */
static bool look_begin(struct keeper *keeper, struct look *ret_look)
{
	struct timespec until = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOOK_EVERY;
	(void)pthread_mutex_lock(&keeper->lock);
	while (!keeper->woken && !keeper->stopping &&
	       pthread_cond_timedwait(&keeper->wanted, &keeper->lock, &until) != ETIMEDOUT)
		;
	keeper->woken = false;
	*ret_look = (struct look){ .dir_fd = keeper->dir_fd, .limits = keeper->limits };
	memcpy(ret_look->finished, keeper->finished, sizeof(ret_look->finished));
	(void)pthread_mutex_unlock(&keeper->lock);
	return !is_stopping(keeper);
}

static void *keeper_run(void *data)
{
	struct keeper *keeper = data;
	struct look look;

	while (look_begin(keeper, &look)) {
		look_once(keeper, &look);
		(void)pthread_mutex_lock(&keeper->lock);
		keeper->counts.compressed += look.counts.compressed;
		keeper->counts.removed_aged += look.counts.removed_aged;
		keeper->counts.removed_early += look.counts.removed_early;
		keeper->counts.error = look.counts.error;
		(void)pthread_mutex_unlock(&keeper->lock);
	}
	return NULL;
}

static int cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attributes;
	int r = pthread_condattr_init(&attributes);

	if (r == 0)
		r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (r == 0)
		r = pthread_cond_init(cond, &attributes);
	return -r;
}

int keeper_new(int dir_fd, const struct history_limits *limits, struct keeper **ret_keeper)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int r;

	if (!keeper)
		return -ENOMEM;
	keeper->dir_fd = dir_fd;
	keeper->limits = *limits;
	r = pthread_mutex_init(&keeper->lock, NULL) ? -ENOMEM : cond_init(&keeper->wanted);
	if (r == 0)
		r = thread_start(&keeper->thread, STACK_BYTES, keeper_run, keeper);
	if (r < 0) {
		free(keeper);
		return r;
	}
	*ret_keeper = keeper;
	return 0;
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	(void)pthread_mutex_lock(&keeper->lock);
	keeper->stopping = true;
	(void)pthread_cond_signal(&keeper->wanted);
	(void)pthread_mutex_unlock(&keeper->lock);
	(void)pthread_join(keeper->thread, NULL);
	(void)pthread_cond_destroy(&keeper->wanted);
	(void)pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

void keeper_wake(struct keeper *keeper, const char *finished, const struct history_limits *limits)
{
	(void)pthread_mutex_lock(&keeper->lock);
	if (finished)
		(void)snprintf(keeper->finished, sizeof(keeper->finished), "%s", finished);
	keeper->limits = *limits;
	keeper->woken = true;
	(void)pthread_cond_signal(&keeper->wanted);
	(void)pthread_mutex_unlock(&keeper->lock);
}

struct keeper_counts keeper_counts(struct keeper *keeper)
{
	struct keeper_counts counts;

	(void)pthread_mutex_lock(&keeper->lock);
	counts = keeper->counts;
	(void)pthread_mutex_unlock(&keeper->lock);
	return counts;
}
