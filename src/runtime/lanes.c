// SPDX-License-Identifier: Apache-2.0
#include "runtime/lanes.h"

#include <pthread.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/thread.h"

#define STACK_BYTES (256 * 1024) /* libcurl's name look-ups are not used: sockets are local */

struct lane {
	struct lanes *lanes;
	struct runtime_source *source;
	pthread_t thread;
};

struct lanes {
	const struct runtime_ops *ops;
	void (*done)(struct job *job, void *data);
	void *data;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wanted;
	struct job *first, **end;
	unsigned waiting; /* jobs in line */
	unsigned idle;    /* lanes that wait for one */
	bool stopping;
	size_t count;
	struct lane lane[SOURCE_LANES]; /* the first has the source that was taken */
};

/* ---- jobs ---- */

static const char *text_copy(char **room, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *copy = *room;

	if (!text)
		return NULL;
	*room += size;
	return memcpy(copy, text, size);
}

struct job *job_new(const struct runtime_request *request)
{
	size_t size = strlen(request->id) + strlen(request->path) + (request->upper ? strlen(request->upper) : 0) + 3;
	struct job *job = calloc(1, sizeof(*job) + size);
	char *room;

	if (!job)
		return NULL;
	room = job->text;
	job->request = *request;
	job->request.id = text_copy(&room, request->id);
	job->request.path = text_copy(&room, request->path);
	job->request.upper = text_copy(&room, request->upper);
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	container_facts_clear(&job->facts);
	free(job);
}

/* ---- a lane's thread ---- */

static struct job *job_take(struct lanes *lanes)
{
	struct job *job = NULL;

	(void)pthread_mutex_lock(&lanes->lock);
	lanes->idle++;
	while (!lanes->stopping && !lanes->first)
		(void)pthread_cond_wait(&lanes->wanted, &lanes->lock);
	lanes->idle--;
	if (!lanes->stopping) {
		job = lanes->first;
		lanes->first = job->next;
		lanes->waiting--;
		if (!lanes->first)
			lanes->end = &lanes->first;
	}
	(void)pthread_mutex_unlock(&lanes->lock);
	return job;
}

/* A question that waited in line until nobody needs the answer is not put any more. */
static void *lane_run(void *data)
{
	struct lane *lane = data;
	struct job *job;

	while ((job = job_take(lane->lanes))) {
		job->status = -ETIMEDOUT;
		if (monotonic_ms() < job->deadline)
			job->status = lane->lanes->ops->lookup(lane->source, &job->request, &job->facts);
		lane->lanes->done(job, lane->lanes->data);
	}
	return NULL;
}

/* One lane more, by the thread that puts jobs: nobody else changes their number. */
static int lane_add(struct lanes *lanes)
{
	struct lane *lane = &lanes->lane[lanes->count];
	int r = 0;

	lane->lanes = lanes;
	if (lanes->count > 0)
		r = runtime_again(lanes->lane[0].source, &lane->source);
	if (r < 0)
		return r;
	r = thread_start(&lane->thread, STACK_BYTES, lane_run, lane);
	if (r == 0)
		lanes->count++;
	else if (lanes->count > 0)
		runtime_close(lane->source);
	return r;
}

int lanes_put(struct lanes *lanes, struct job *job)
{
	bool busy;
	int r;

	(void)pthread_mutex_lock(&lanes->lock);
	busy = lanes->waiting >= lanes->idle;
	(void)pthread_mutex_unlock(&lanes->lock);
	if (lanes->count == 0 || (busy && lanes->count < lanes->ops->lanes && lanes->count < SOURCE_LANES)) {
		r = lane_add(lanes);
		if (r < 0 && lanes->count == 0)
			return r;
	}
	job->next = NULL;
	(void)pthread_mutex_lock(&lanes->lock);
	*lanes->end = job;
	lanes->end = &job->next;
	lanes->waiting++;
	(void)pthread_cond_signal(&lanes->wanted);
	(void)pthread_mutex_unlock(&lanes->lock);
	return 0;
}

const struct runtime_ops *lanes_ops(const struct lanes *lanes)
{
	return lanes->ops;
}

struct lanes *lanes_new(struct runtime_source *source, void (*done)(struct job *job, void *data), void *data)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));

	if (!lanes)
		return NULL;
	(void)pthread_mutex_init(&lanes->lock, NULL);
	(void)pthread_cond_init(&lanes->wanted, NULL);
	lanes->ops = source->ops;
	lanes->done = done;
	lanes->data = data;
	lanes->end = &lanes->first;
	lanes->lane[0].source = source;
	return lanes;
}

struct runtime_source *lanes_give_back(struct lanes *lanes)
{
	struct runtime_source *source = lanes->lane[0].source;

	(void)pthread_mutex_lock(&lanes->lock);
	lanes->stopping = true;
	(void)pthread_cond_broadcast(&lanes->wanted);
	(void)pthread_mutex_unlock(&lanes->lock);
	for (size_t i = 0; i < lanes->count; i++) {
		lanes->ops->cancel(lanes->lane[i].source);
		(void)pthread_join(lanes->lane[i].thread, NULL);
		if (i > 0)
			runtime_close(lanes->lane[i].source);
	}
	for (struct job *next, *job = lanes->first; job; job = next) {
		next = job->next;
		job_free(job);
	}
	(void)pthread_cond_destroy(&lanes->wanted);
	(void)pthread_mutex_destroy(&lanes->lock);
	free(lanes);
	return source;
}

void lanes_free(struct lanes *lanes)
{
	if (lanes)
		runtime_close(lanes_give_back(lanes));
}
