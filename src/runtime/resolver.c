// SPDX-License-Identifier: Apache-2.0
#include "runtime/resolver.h"

#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "container/facts.h"
#include "runtime/lanes.h"

static const unsigned retry_ms[] = { 50, 150, 400, 900, 1500 };

#define NEVER UINT64_MAX

/* How far one source is with one question. */
struct attempt {
	bool out;      /* a job is under way */
	bool answered; /* at least once, or it could not be asked */
	bool again;    /* asked for while out: what comes back may be from before */
	bool knew;     /* it answered: it is not asked again */
	unsigned made;
	uint64_t next; /* when to ask again; NEVER while out, or given up */
};

struct pending {
	uint64_t serial;
	uint64_t deadline;
	struct runtime_request request; /* strings are owned */
	struct container_facts facts;   /* of all that have answered since the last answer was given */
	bool known;                     /* a source has answered */
	bool spoken;                    /* ... the one that speaks for its runtime */
	size_t rank;                    /* of the best that has */
	bool settled;                   /* the answer was given; what comes now completes it */
	struct attempt attempts[];      /* a source each */
};

/* A source that does not answer in time is left alone for a while. */
struct health {
	unsigned failures;
	uint64_t rest_until;
};

struct resolver {
	pthread_mutex_t lock; /* done: all else is the owner's alone */
	struct job *done, **done_end;
	int event_fd, timer_fd, epoll_fd;
	unsigned patience; /* ms */
	size_t count;
	struct lanes *sources[SOURCES_MAX];
	struct health health[SOURCES_MAX];
	uint64_t serial;
	struct resolver_counts counts;
	struct pending *pending[RESOLVER_PENDING]; /* NULL: free */
};

/* A lane's thread hands a job back. */
static void job_return(struct job *job, void *data)
{
	struct resolver *resolver = data;

	job->next = NULL;
	(void)pthread_mutex_lock(&resolver->lock);
	*resolver->done_end = job;
	resolver->done_end = &job->next;
	(void)pthread_mutex_unlock(&resolver->lock);
	(void)eventfd_write(resolver->event_fd, 1);
}

/* ---- questions ---- */

static void pending_free(struct pending *pending)
{
	if (!pending)
		return;
	free((char *)pending->request.id);
	free((char *)pending->request.path);
	free((char *)pending->request.upper);
	container_facts_clear(&pending->facts);
	free(pending);
}

DEFINE_CLEANUP(struct pending *, pending_free)

static int pending_new(const struct resolver *resolver, const struct runtime_request *request,
		       struct pending **ret_pending)
{
	_cleanup_(pending_freep) struct pending *pending =
		calloc(1, sizeof(*pending) + resolver->count * sizeof(pending->attempts[0]));

	if (!pending)
		return -ENOMEM;
	pending->request = *request;
	pending->request.id = strdup(request->id);
	pending->request.path = strdup(request->path);
	pending->request.upper = request->upper ? strdup(request->upper) : NULL;
	if (!pending->request.id || !pending->request.path || (request->upper && !pending->request.upper))
		return -ENOMEM;
	pending->deadline = resolver->count ? monotonic_ms() + resolver->patience : 0;
	pending->rank = SIZE_MAX;
	*ret_pending = take_ptr(pending);
	return 0;
}

/* The moment at which something has to be done for it although no answer comes. */
static uint64_t pending_due(const struct resolver *resolver, const struct pending *pending)
{
	uint64_t due = pending->deadline;

	for (size_t i = 0; !pending->settled && i < resolver->count; i++)
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
	attempt->next = attempt->made <= ARRAY_SIZE(retry_ms) ? monotonic_ms() + retry_ms[attempt->made - 1] : NEVER;
	if (attempt->again)
		attempt->next = monotonic_ms();
	attempt->again = false;
}

static void attempt_start(struct resolver *resolver, size_t slot, size_t source)
{
	struct pending *pending = resolver->pending[slot];
	struct attempt *attempt = &pending->attempts[source];
	struct job *job;

	if (monotonic_ms() <
	    resolver->health[source].rest_until) { /* it is waited for no more than for one that is not there */
		attempt->answered = true;
		attempt->next = resolver->health[source].rest_until;
		return;
	}
	attempt->made++;
	job = job_new(&pending->request);
	if (job) {
		job->serial = pending->serial;
		job->deadline = pending->deadline;
		job->slot = slot;
		job->source = source;
	}
	if (!job || lanes_put(resolver->sources[source], job) < 0) { /* as if it had said no */
		job_free(job);
		attempt_end(attempt);
		return;
	}
	attempt->out = true;
	attempt->next = NEVER;
}

static void attempts_start(struct resolver *resolver, size_t slot, uint64_t now)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (resolver->pending[slot]->attempts[i].next <= now)
			attempt_start(resolver, slot, i);
}

/* The slot of a question about that cgroup, or a free one, or RESOLVER_PENDING. */
static size_t slot_find(const struct resolver *resolver, uint64_t cgroup)
{
	size_t free_slot = RESOLVER_PENDING;

	for (size_t i = 0; i < RESOLVER_PENDING; i++) {
		if (resolver->pending[i] && resolver->pending[i]->request.cgroup == cgroup)
			return i;
		if (!resolver->pending[i] && free_slot == RESOLVER_PENDING)
			free_slot = i;
	}
	return free_slot;
}

/* What the container did meanwhile may have made it known: whoever said no is asked again at once. */
static int pending_hurry(struct resolver *resolver, size_t slot, const struct runtime_request *request)
{
	struct pending *pending = resolver->pending[slot];
	char *upper = request->upper && !pending->request.upper ? strdup(request->upper) : NULL;

	if (upper)
		pending->request.upper = upper;
	for (size_t i = 0; i < resolver->count; i++) {
		struct attempt *attempt = &pending->attempts[i];

		attempt->made = attempt->out; /* from the beginning */
		if (attempt->out)
			attempt->again = true;
		else if (!attempt->knew)
			attempt->next = 0;
	}
	attempts_start(resolver, slot, monotonic_ms());
	return -EALREADY;
}

static void slot_clear(struct resolver *resolver, size_t slot)
{
	pending_free(resolver->pending[slot]);
	resolver->pending[slot] = NULL;
}

int resolver_ask(struct resolver *resolver, const struct runtime_request *request)
{
	size_t slot = slot_find(resolver, request->cgroup);
	int r;

	if (slot == RESOLVER_PENDING) {
		resolver->counts.refused++;
		return -ENOBUFS;
	}
	if (resolver->pending[slot] && !resolver->pending[slot]->settled)
		return pending_hurry(resolver, slot, request);
	slot_clear(resolver, slot); /* what still completes an older answer the new question will find as well */
	r = pending_new(resolver, request, &resolver->pending[slot]);
	if (r < 0)
		return r;
	resolver->pending[slot]->serial = ++resolver->serial;
	attempts_start(resolver, slot, monotonic_ms());
	timer_set(resolver, 0); /* resolver_take sets it anew */
	return 0;
}

void resolver_drop(struct resolver *resolver, uint64_t cgroup)
{
	size_t slot = slot_find(resolver, cgroup);

	if (slot < RESOLVER_PENDING && resolver->pending[slot])
		slot_clear(resolver, slot);
}

/* ---- answers ---- */

static void count_failure(struct resolver_counts *counts, int status)
{
	counts->timeouts += status == -ETIMEDOUT;
	counts->rubbish += status == -EBADMSG || status == -EFBIG || status == -EPROTO;
}

static void health_note(struct health *health, int status)
{
	uint64_t rest = 1000;

	if (status != -ETIMEDOUT) {
		*health = (struct health){ 0 };
		return;
	}
	for (unsigned i = 0; i < health->failures && rest < RESOLVER_REST; i++)
		rest *= 2;
	health->failures++;
	health->rest_until = monotonic_ms() + (rest < RESOLVER_REST ? rest : RESOLVER_REST);
}

/* Is `runtime` one of the words of `speaks`? */
static bool speaks_for(const char *speaks, const char *runtime)
{
	size_t length = runtime ? strlen(runtime) : 0;

	for (const char *at = speaks; length && at && *at; at += strcspn(at, " "), at += strspn(at, " "))
		if (strncmp(at, runtime, length) == 0 && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

/* First comes the one that speaks for the runtime, then who knows the image, then the order of sources. */
static void pending_absorb(struct resolver *resolver, struct pending *pending, struct job *job)
{
	bool speaks = speaks_for(lanes_ops(resolver->sources[job->source])->speaks, job->facts.runtime);
	size_t rank = speaks ? 0 : 1 + job->source + (job->facts.image_name ? 0 : SOURCES_MAX);

	pending->known = true;
	pending->spoken |= speaks;
	if (rank < pending->rank) {
		struct container_facts other = pending->facts;

		pending->facts = job->facts;
		job->facts = other;
		pending->rank = rank;
	}
	(void)facts_complete(&pending->facts, &job->facts); /* out of memory: a fact less */
}

/* Answers to questions that were dropped meanwhile count for nothing. */
static void job_absorb(struct resolver *resolver, struct job *job)
{
	struct pending *pending = resolver->pending[job->slot];

	count_failure(&resolver->counts, job->status);
	health_note(&resolver->health[job->source], job->status);
	if (!pending || pending->serial != job->serial)
		return;
	attempt_end(&pending->attempts[job->source]);
	if (job->status < 0)
		return;
	pending->attempts[job->source].next = NEVER;
	pending->attempts[job->source].knew = true;
	pending_absorb(resolver, pending, job);
}

static void jobs_absorb(struct resolver *resolver)
{
	struct job *done;
	eventfd_t ignored;

	(void)eventfd_read(resolver->event_fd, &ignored);
	(void)pthread_mutex_lock(&resolver->lock);
	done = resolver->done;
	resolver->done = NULL;
	resolver->done_end = &resolver->done;
	(void)pthread_mutex_unlock(&resolver->lock);
	for (struct job *next, *job = done; job; job = next) {
		next = job->next;
		job_absorb(resolver, job);
		job_free(job);
	}
}

/* Has the source said all that it will? One that rests has, for now. */
static bool attempt_over(const struct resolver *resolver, const struct pending *pending, size_t source)
{
	const struct attempt *attempt = &pending->attempts[source];

	return !attempt->out && attempt->answered &&
	       (attempt->next == NEVER || attempt->next == resolver->health[source].rest_until);
}

static bool all_over(const struct resolver *resolver, const struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (!attempt_over(resolver, pending, i))
			return false;
	return true;
}

static bool all_answered(const struct resolver *resolver, const struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (!pending->attempts[i].answered)
			return false;
	return true;
}

/* Will nobody who speaks for its runtime say more? */
static bool speakers_over(const struct resolver *resolver, const struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (speaks_for(lanes_ops(resolver->sources[i])->speaks, pending->facts.runtime) &&
		    !attempt_over(resolver, pending, i))
			return false;
	return true;
}

static bool has_image(const struct container_facts *facts)
{
	return facts->image_name && facts->image_digest;
}

/* Those that only read the disk are waited for: they do not hang, and may know the digest that another has not. */
static bool quick_answered(const struct resolver *resolver, const struct pending *pending)
{
	for (size_t i = 0; i < resolver->count; i++)
		if (lanes_ops(resolver->sources[i])->quick &&
		    (!pending->attempts[i].answered || pending->attempts[i].out))
			return false;
	return true;
}

static bool pending_settles(const struct resolver *resolver, const struct pending *pending, uint64_t now)
{
	if (now >= pending->deadline || all_over(resolver, pending))
		return true;
	if (!pending->known || (!has_image(&pending->facts) && !quick_answered(resolver, pending)))
		return false;
	if (pending->facts.image_name || pending->spoken)
		return true;
	return pending->facts.runtime ? speakers_over(resolver, pending) : all_answered(resolver, pending);
}

/* Gives what is known, once it is settled, and later what came since: 1; 0: nothing to give. */
static int pending_give(struct resolver *resolver, struct pending *pending, uint64_t now,
			struct resolver_answer *ret_answer)
{
	if (pending->settled ? !pending->known : !pending_settles(resolver, pending, now))
		return 0;
	*ret_answer =
		(struct resolver_answer){ pending->request.cgroup, pending->known, pending->settled, pending->facts };
	if (!pending->settled) {
		resolver->counts.unknown += !pending->known;
		resolver->counts.overdue += !pending->known && !all_over(resolver, pending);
	}
	pending->facts = (struct container_facts){ 0 };
	pending->known = false;
	pending->settled = true;
	return 1;
}

/* Once it is settled only those are asked on that may still complete it: who is out. */
static bool pending_ends(const struct resolver *resolver, const struct pending *pending, uint64_t now)
{
	if (!pending->settled)
		return false;
	for (size_t i = 0; i < resolver->count; i++)
		if (pending->attempts[i].out && now < pending->deadline)
			return false;
	return true;
}

int resolver_take(struct resolver *resolver, struct resolver_answer *ret_answer)
{
	uint64_t now = monotonic_ms(), due = NEVER;

	jobs_absorb(resolver);
	for (size_t i = 0; i < RESOLVER_PENDING; i++) {
		struct pending *pending = resolver->pending[i];
		uint64_t own;

		if (!pending)
			continue;
		if (pending_give(resolver, pending, now, ret_answer)) {
			timer_set(resolver, 0); /* there may be more */
			return 1;
		}
		if (pending_ends(resolver, pending, now)) {
			slot_clear(resolver, i);
			continue;
		}
		if (!pending->settled)
			attempts_start(resolver, i, now);
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

static void resolver_end(struct resolver *resolver, struct runtime_source **ret_sources)
{
	for (size_t i = 0; i < resolver->count; i++) {
		if (ret_sources)
			ret_sources[i] = lanes_give_back(resolver->sources[i]);
		else
			lanes_free(resolver->sources[i]);
	}
	for (struct job *next, *job = resolver->done; job; job = next) {
		next = job->next;
		job_free(job);
	}
	for (size_t i = 0; i < RESOLVER_PENDING; i++)
		pending_free(resolver->pending[i]);
	cleanup_closep(&resolver->event_fd);
	cleanup_closep(&resolver->timer_fd);
	cleanup_closep(&resolver->epoll_fd);
	(void)pthread_mutex_destroy(&resolver->lock);
	free(resolver);
}

void resolver_free(struct resolver *resolver)
{
	if (resolver)
		resolver_end(resolver, NULL);
}

int resolver_new(struct runtime_source *const *sources, size_t count, unsigned patience, struct resolver **ret_resolver)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	struct runtime_source *kept[SOURCES_MAX];
	int r;

	if (!resolver)
		return -ENOMEM;
	resolver->event_fd = resolver->timer_fd = resolver->epoll_fd = -EBADF;
	resolver->done_end = &resolver->done;
	resolver->patience = patience;
	(void)pthread_mutex_init(&resolver->lock, NULL);
	r = count > SOURCES_MAX ? -E2BIG : descriptors_open(resolver);
	for (; r == 0 && resolver->count < count; resolver->count++) {
		resolver->sources[resolver->count] = lanes_new(sources[resolver->count], job_return, resolver);
		if (!resolver->sources[resolver->count]) {
			r = -ENOMEM;
			break;
		}
	}
	if (r < 0) {
		resolver_end(resolver, kept);
		return r;
	}
	*ret_resolver = resolver;
	return 0;
}
