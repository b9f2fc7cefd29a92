/* SPDX-License-Identifier: Apache-2.0 */
#include "container/resolver.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/cleanup.h"

static const unsigned retry_ms[] = { 50, 150, 400, 900, 1500 };

#define NEVER UINT64_MAX

/* One question to one source; goes to its thread, is answered there, and comes back. */
struct job {
	struct job *next;
	size_t slot;     /* in resolver.pending */
	uint64_t serial; /* of the question that was in the slot */
	size_t source;
	struct runtime_request request; /* strings lie behind the job */
	uint64_t deadline;
	int status;
	struct container_facts facts;
	char text[];
};

struct jobs {
	struct job *first, **end;
};

struct worker {
	struct resolver *resolver;
	struct runtime_source *source;
	pthread_t thread;
	pthread_cond_t wanted;
	struct jobs queue; /* at most one job a pending question; guarded by resolver.lock, as `wanted` is */
};

/* How far one source is with one question. */
struct attempt {
	bool out;      /* a job is under way */
	bool answered; /* at least once */
	bool again;    /* asked for while out: what comes back may be from before */
	unsigned made;
	uint64_t next; /* when to ask again; NEVER while out, or given up */
};

struct pending {
	uint64_t serial; /* 0: free */
	uint64_t deadline;
	struct runtime_request request; /* strings are owned */
	struct attempt attempts[SOURCES_MAX];
	struct container_facts best; /* of a source that knows no image */
	size_t best_source;          /* SOURCES_MAX: none */
};

struct resolver {
	pthread_mutex_t lock; /* queues, done, stopping: all else is the owner's alone */
	struct jobs done;
	bool stopping;
	int event_fd, timer_fd, epoll_fd;
	size_t count;
	struct worker workers[SOURCES_MAX];
	uint64_t serial;
	struct resolver_counts counts;
	struct pending pending[RESOLVER_PENDING];
};

static uint64_t now_ms(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- queues of jobs ---- */

static void jobs_push(struct jobs *jobs, struct job *job)
{
	job->next = NULL;
	if (!jobs->first)
		jobs->end = &jobs->first;
	*jobs->end = job;
	jobs->end = &job->next;
}

static struct job *jobs_pop(struct jobs *jobs)
{
	struct job *job = jobs->first;

	if (job)
		jobs->first = job->next;
	return job;
}

static void job_free(struct job *job)
{
	container_facts_clear(&job->facts);
	free(job);
}

static void jobs_clear(struct jobs *jobs)
{
	for (struct job *job; (job = jobs_pop(jobs));)
		job_free(job);
}

static struct job *job_new(const struct pending *pending)
{
	size_t id = strlen(pending->request.id) + 1, path = strlen(pending->request.path) + 1;
	struct job *job = calloc(1, sizeof(*job) + id + path);

	if (!job)
		return NULL;
	job->serial = pending->serial;
	job->deadline = pending->deadline;
	job->request = pending->request;
	job->request.id = memcpy(job->text, pending->request.id, id);
	job->request.path = memcpy(job->text + id, pending->request.path, path);
	return job;
}

/* ---- a source's thread ---- */

static struct job *worker_wait(struct worker *worker)
{
	struct resolver *resolver = worker->resolver;
	struct job *job = NULL;

	(void)pthread_mutex_lock(&resolver->lock);
	while (!resolver->stopping && !(job = jobs_pop(&worker->queue)))
		(void)pthread_cond_wait(&worker->wanted, &resolver->lock);
	(void)pthread_mutex_unlock(&resolver->lock);
	return job;
}

static void worker_return(struct worker *worker, struct job *job)
{
	struct resolver *resolver = worker->resolver;

	(void)pthread_mutex_lock(&resolver->lock);
	jobs_push(&resolver->done, job);
	(void)pthread_mutex_unlock(&resolver->lock);
	(void)eventfd_write(resolver->event_fd, 1);
}

/* A question that waited behind a source that hangs until nobody needs the answer is not put any more. */
static void *worker_run(void *data)
{
	struct worker *worker = data;
	struct job *job;

	while ((job = worker_wait(worker))) {
		job->status = -ETIMEDOUT;
		if (now_ms() < job->deadline)
			job->status = worker->source->ops->lookup(worker->source, &job->request, &job->facts);
		worker_return(worker, job);
	}
	return NULL;
}

/* Signals are the agent's main thread's to take. */
static int worker_start(struct resolver *resolver, struct worker *worker, struct runtime_source *source)
{
	sigset_t all, before;
	int r;

	worker->resolver = resolver;
	worker->source = source;
	r = pthread_cond_init(&worker->wanted, NULL);
	if (r)
		return -r;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&worker->thread, NULL, worker_run, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		(void)pthread_cond_destroy(&worker->wanted);
	return -r;
}

/* ---- questions ---- */

static void pending_clear(struct pending *pending)
{
	free((char *)pending->request.id);
	free((char *)pending->request.path);
	container_facts_clear(&pending->best);
	*pending = (struct pending){ 0 };
}

/* The moment at which something has to be done for it although no answer comes. */
static uint64_t pending_due(const struct resolver *resolver, const struct pending *pending)
{
	uint64_t due = pending->deadline;

	for (size_t i = 0; i < resolver->count; i++)
		if (pending->attempts[i].next < due)
			due = pending->attempts[i].next;
	return due;
}

static void timer_set(struct resolver *resolver, uint64_t due)
{
	struct itimerspec when = { .it_value = { (time_t)(due / 1000), (long)(due % 1000) * 1000000 } };

	if (due == NEVER)
		when.it_value = (struct timespec){ 0 };
	else if (due == 0)
		when.it_value.tv_nsec = 1; /* 0 would mean "off" */
	(void)timerfd_settime(resolver->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void attempt_end(struct attempt *attempt)
{
	attempt->out = false;
	attempt->answered = true;
	attempt->next = attempt->made <= ARRAY_SIZE(retry_ms) ? now_ms() + retry_ms[attempt->made - 1] : NEVER;
	if (attempt->again)
		attempt->next = now_ms();
	attempt->again = false;
}

static void attempt_start(struct resolver *resolver, struct pending *pending, size_t source)
{
	struct attempt *attempt = &pending->attempts[source];
	struct job *job = job_new(pending);

	attempt->made++;
	if (!job) { /* as if it had said no */
		attempt_end(attempt);
		return;
	}
	attempt->out = true;
	attempt->next = NEVER;
	job->slot = (size_t)(pending - resolver->pending);
	job->source = source;
	(void)pthread_mutex_lock(&resolver->lock);
	jobs_push(&resolver->workers[source].queue, job);
	(void)pthread_cond_signal(&resolver->workers[source].wanted);
	(void)pthread_mutex_unlock(&resolver->lock);
}

static void attempts_start(struct resolver *resolver, struct pending *pending, uint64_t now)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (pending->attempts[i].next <= now)
			attempt_start(resolver, pending, i);
}

static struct pending *pending_find(struct resolver *resolver, uint64_t cgroup)
{
	for (size_t i = 0; i < RESOLVER_PENDING; i++)
		if (resolver->pending[i].serial && resolver->pending[i].request.cgroup == cgroup)
			return &resolver->pending[i];
	return NULL;
}

static struct pending *pending_slot(struct resolver *resolver)
{
	for (size_t i = 0; i < RESOLVER_PENDING; i++)
		if (!resolver->pending[i].serial)
			return &resolver->pending[i];
	return NULL;
}

/* What the container did meanwhile may have made it known: whoever said no is asked again at once. */
static void pending_hurry(struct resolver *resolver, struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++) {
		struct attempt *attempt = &pending->attempts[i];

		if (attempt->out)
			attempt->again = true;
		else if (attempt->next != NEVER)
			attempt->next = 0;
	}
	attempts_start(resolver, pending, now_ms());
}

int resolver_ask(struct resolver *resolver, const struct runtime_request *request)
{
	struct pending *pending = pending_find(resolver, request->cgroup);
	_cleanup_free_ char *id = strdup(request->id), *path = strdup(request->path);

	if (pending) {
		pending_hurry(resolver, pending);
		return -EALREADY;
	}
	pending = pending_slot(resolver);
	if (!pending) {
		resolver->counts.refused++;
		return -ENOBUFS;
	}
	if (!id || !path)
		return -ENOMEM;
	pending->serial = ++resolver->serial;
	pending->deadline = resolver->count ? now_ms() + RESOLVER_PATIENCE : 0;
	pending->request = *request;
	pending->request.id = take_ptr(id);
	pending->request.path = take_ptr(path);
	pending->best_source = SOURCES_MAX;
	attempts_start(resolver, pending, now_ms());
	timer_set(resolver, 0); /* resolver_take sets it anew */
	return 0;
}

/* ---- answers ---- */

static void count_failure(struct resolver_counts *counts, int status)
{
	counts->timeouts += status == -ETIMEDOUT;
	counts->rubbish += status == -EBADMSG || status == -EFBIG || status == -EPROTO;
}

/* Notes what a source said; answers to questions that were settled meanwhile are dropped. */
static void job_absorb(struct resolver *resolver, struct job *job)
{
	struct pending *pending = &resolver->pending[job->slot];

	count_failure(&resolver->counts, job->status);
	if (pending->serial != job->serial)
		return;
	attempt_end(&pending->attempts[job->source]);
	if (job->status < 0)
		return;
	pending->attempts[job->source].next = NEVER;
	if (!job->facts.image_name && pending->best_source <= job->source)
		return;
	if (pending->best.image_name)
		return;
	container_facts_clear(&pending->best);
	pending->best = job->facts;
	pending->best_source = job->source;
	job->facts = (struct container_facts){ 0 };
}

static void jobs_absorb(struct resolver *resolver)
{
	struct jobs done;
	eventfd_t ignored;

	(void)eventfd_read(resolver->event_fd, &ignored);
	(void)pthread_mutex_lock(&resolver->lock);
	done = resolver->done;
	resolver->done.first = NULL;
	(void)pthread_mutex_unlock(&resolver->lock);
	for (struct job *next, *job = done.first; job; job = next) {
		next = job->next;
		job_absorb(resolver, job);
		job_free(job);
	}
}

static bool all_answered(const struct resolver *resolver, const struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (!pending->attempts[i].answered)
			return false;
	return true;
}

static bool all_given_up(const struct resolver *resolver, const struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (pending->attempts[i].out || pending->attempts[i].next != NEVER)
			return false;
	return true;
}

static bool pending_settled(const struct resolver *resolver, const struct pending *pending, uint64_t now)
{
	if (pending->best.image_name || now >= pending->deadline)
		return true;
	if (pending->best_source < SOURCES_MAX)
		return all_answered(resolver, pending);
	return all_given_up(resolver, pending);
}

static void pending_answer(struct resolver *resolver, struct pending *pending, struct resolver_answer *ret_answer)
{
	bool known = pending->best_source < SOURCES_MAX;

	*ret_answer = (struct resolver_answer){ pending->request.cgroup, known, pending->best };
	resolver->counts.unknown += !known;
	resolver->counts.overdue += !known && !all_given_up(resolver, pending);
	pending->best = (struct container_facts){ 0 };
	pending_clear(pending);
}

int resolver_take(struct resolver *resolver, struct resolver_answer *ret_answer)
{
	uint64_t now = now_ms(), due = NEVER;

	jobs_absorb(resolver);
	for (size_t i = 0; i < RESOLVER_PENDING; i++) {
		struct pending *pending = &resolver->pending[i];
		uint64_t own;

		if (!pending->serial)
			continue;
		if (pending_settled(resolver, pending, now)) {
			pending_answer(resolver, pending, ret_answer);
			timer_set(resolver, 0); /* there may be more */
			return 1;
		}
		attempts_start(resolver, pending, now);
		own = pending_due(resolver, pending);
		due = own < due ? own : due;
	}
	timer_set(resolver, due);
	return 0;
}

int resolver_fd(const struct resolver *resolver)
{
	return resolver->epoll_fd;
}

struct resolver_counts resolver_counts(const struct resolver *resolver)
{
	return resolver->counts;
}

/* ---- from birth to end ---- */

static int descriptors_open(struct resolver *resolver)
{
	struct epoll_event in = { .events = EPOLLIN };

	resolver->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	resolver->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	resolver->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (resolver->event_fd < 0 || resolver->timer_fd < 0 || resolver->epoll_fd < 0)
		return -errno;
	if (epoll_ctl(resolver->epoll_fd, EPOLL_CTL_ADD, resolver->event_fd, &in) ||
	    epoll_ctl(resolver->epoll_fd, EPOLL_CTL_ADD, resolver->timer_fd, &in))
		return -errno;
	return 0;
}

static void workers_stop(struct resolver *resolver)
{
	(void)pthread_mutex_lock(&resolver->lock);
	resolver->stopping = true;
	for (size_t i = 0; i < resolver->count; i++)
		(void)pthread_cond_signal(&resolver->workers[i].wanted);
	(void)pthread_mutex_unlock(&resolver->lock);
	for (size_t i = 0; i < resolver->count; i++) {
		struct worker *worker = &resolver->workers[i];

		worker->source->ops->cancel(worker->source);
		(void)pthread_join(worker->thread, NULL);
		(void)pthread_cond_destroy(&worker->wanted);
		jobs_clear(&worker->queue);
	}
}

static void resolver_end(struct resolver *resolver, bool with_sources)
{
	workers_stop(resolver);
	jobs_clear(&resolver->done);
	for (size_t i = 0; i < RESOLVER_PENDING; i++)
		pending_clear(&resolver->pending[i]);
	for (size_t i = 0; with_sources && i < resolver->count; i++)
		runtime_close(resolver->workers[i].source);
	cleanup_closep(&resolver->event_fd);
	cleanup_closep(&resolver->timer_fd);
	cleanup_closep(&resolver->epoll_fd);
	(void)pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

void resolver_free(struct resolver *resolver)
{
	if (resolver)
		resolver_end(resolver, true);
}

int resolver_new(struct runtime_source *const *sources, size_t count, struct resolver **ret_resolver)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int r;

	if (!resolver)
		return -ENOMEM;
	resolver->event_fd = resolver->timer_fd = resolver->epoll_fd = -EBADF;
	(void)pthread_mutex_init(&resolver->lock, NULL);
	r = count > SOURCES_MAX ? -E2BIG : descriptors_open(resolver);
	for (; r == 0 && resolver->count < count; resolver->count++) {
		r = worker_start(resolver, &resolver->workers[resolver->count], sources[resolver->count]);
		if (r < 0)
			break;
	}
	if (r < 0) {
		resolver_end(resolver, false);
		return r;
	}
	*ret_resolver = resolver;
	return 0;
}
