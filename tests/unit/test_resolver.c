/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver with sources that answer, refuse or hang as each test has them. */
#include "runtime/resolver.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define PATIENCE 5000 /* ms */

/* ---- a source that is told what to do ---- */

struct script {
	int status;
	unsigned refusals; /* -ENOENT that often first */
	const char *name, *image;
	const char *runtime; /* whose it says that the container is */
	const char *speaks;  /* for whom its word is the last */
	bool hang;           /* until cancelled */
	unsigned delay;      /* ms before it answers */
};

struct fake {
	struct runtime_source base;
	struct runtime_ops ops;
	struct script script;
	int cancel_fd;
	atomic_uint asked;
};

static int fake_lookup(struct runtime_source *source, const struct runtime_request *request,
		       struct container_facts *ret_facts)
{
	struct fake *fake = (struct fake *)source;
	struct pollfd cancelled = { .fd = fake->cancel_fd, .events = POLLIN };

	if (poll(&cancelled, 1, fake->script.hang ? -1 : (int)fake->script.delay) > 0)
		return -ECANCELED;
	if (atomic_fetch_add(&fake->asked, 1) < fake->script.refusals)
		return -ENOENT;
	if (fake->script.status < 0)
		return fake->script.status;
	*ret_facts = (struct container_facts){ .id = strdup(request->id),
					       .name = strdup(fake->script.name),
					       .runtime = fake->script.runtime ? strdup(fake->script.runtime) : NULL,
					       .image_name = fake->script.image ? strdup(fake->script.image) : NULL };
	return 0;
}

static void fake_cancel(struct runtime_source *source)
{
	(void)eventfd_write(((struct fake *)source)->cancel_fd, 1);
}

static void fake_close(struct runtime_source *source)
{
	(void)close(((struct fake *)source)->cancel_fd);
	free(source);
}

static const struct runtime_ops fake_ops = {
	.name = "fake", .lookup = fake_lookup, .cancel = fake_cancel, .close = fake_close
};

static struct runtime_source *fake_new(const struct script *script)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	fake->ops = fake_ops;
	fake->ops.speaks = script->speaks;
	fake->base = (struct runtime_source){ .ops = &fake->ops, .address = "fake" };
	fake->script = *script;
	fake->cancel_fd = eventfd(0, EFD_CLOEXEC);
	return &fake->base;
}

static struct resolver *resolver_of(const struct script *scripts, size_t count, struct runtime_source **ret_sources)
{
	struct resolver *resolver = NULL;

	for (size_t i = 0; i < count; i++)
		ret_sources[i] = fake_new(&scripts[i]);
	assert_int_equal(resolver_new(ret_sources, count, PATIENCE, &resolver), 0);
	return resolver;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Waits as an agent's loop would. False when nothing came in PATIENCE and a second. */
static bool answer_wait(struct resolver *resolver, struct resolver_answer *ret_answer)
{
	struct pollfd ready = { .fd = resolver_fd(resolver), .events = POLLIN };
	uint64_t until = now_ms() + PATIENCE + 1000;

	while (now_ms() < until) {
		if (resolver_take(resolver, ret_answer))
			return true;
		(void)poll(&ready, 1, (int)(until - now_ms()));
	}
	return false;
}

static const struct runtime_request request = { .cgroup = 7, .path = "/a/b", .id = "b" };

struct row {
	const char *what;
	struct script scripts[3];
	const char *name;           /* NULL: nobody knows */
	unsigned at_least, at_most; /* ms */
};

#define NO                                                                                                             \
	{                                                                                                              \
		.status = -ENOENT                                                                                      \
	}
#define AWAY                                                                                                           \
	{                                                                                                              \
		.status = -ENOTCONN                                                                                    \
	}
#define HANGS                                                                                                          \
	{                                                                                                              \
		.hang = true                                                                                           \
	}

static const struct row rows[] = {
	{ "the one that knows", { NO, { .name = "x", .image = "i" }, NO }, "x", 0, 1000 },
	{ "an image beats a mere name", { { .name = "bare" }, { .name = "full", .image = "i" }, NO }, "full", 0, 1000 },
	{ "a mere name when others say no", { NO, AWAY, { .name = "bare" } }, "bare", 0, 1000 },
	{ "of mere names, the first source's", { NO, { .name = "1" }, { .name = "2" } }, "1", 0, 1000 },
	{ "one hangs, another knows", { HANGS, { .name = "x", .image = "i" }, NO }, "x", 0, 1000 },
	{ "one hangs, another knows a little later",
	  { HANGS, { .refusals = 2, .name = "x", .image = "i" }, NO },
	  "x",
	  200,
	  1500 },
	{ "not known in its first moment", { { .refusals = 1, .name = "x", .image = "i" }, NO, AWAY }, "x", 50, 1000 },
	{ "known only at the last attempt",
	  { { .refusals = 5, .name = "x", .image = "i" }, NO, AWAY },
	  "x",
	  3000,
	  4500 },
	{ "nobody knows", { NO, AWAY, { .status = -EBADMSG } }, NULL, 3000, 4500 },
	{ "one hangs and nobody else knows", { HANGS, NO, NO }, NULL, 4900, 6000 },
	{ "one hangs for good, a mere name is all", { HANGS, { .name = "bare" }, NO }, "bare", 4900, 6000 },
	{ "its own runtime has spoken, an other hangs",
	  { HANGS, { .name = "mine", .runtime = "runc", .speaks = "runc crun" }, NO },
	  "mine",
	  0,
	  1000 },
	{ "the word of its own runtime comes before an earlier source's",
	  { { .name = "disk", .runtime = "b" }, { .name = "own", .runtime = "b", .speaks = "b", .delay = 300 }, NO },
	  "own",
	  200,
	  1500 },
	{ "nobody speaks for its runtime",
	  { HANGS, { .name = "x", .runtime = "crun" }, { .status = -ENOENT, .speaks = "run" } },
	  "x",
	  0,
	  1000 },
};

/* All rows at once, each with a resolver of its own: the slow ones wait together. */
static void the_best_answer_wins(void **state)
{
	struct resolver *resolvers[ARRAY_SIZE(rows)];
	struct runtime_source *sources[3];
	uint64_t start[ARRAY_SIZE(rows)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		resolvers[i] = resolver_of(rows[i].scripts, 3, sources);
		start[i] = now_ms();
		assert_int_equal(resolver_ask(resolvers[i], &request), 0);
	}
	for (size_t left = ARRAY_SIZE(rows); left > 0;) {
		struct pollfd ready[ARRAY_SIZE(rows)];

		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			ready[i] = (struct pollfd){ .fd = resolvers[i] ? resolver_fd(resolvers[i]) : -1,
						    .events = POLLIN };
		assert_true(poll(ready, ARRAY_SIZE(rows), PATIENCE + 2000) > 0);
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
			struct resolver_answer answer = { 0 };
			uint64_t took = now_ms() - start[i];

			if (!ready[i].revents || !resolver_take(resolvers[i], &answer))
				continue;
			if (answer.known != !!rows[i].name || took + 20 < rows[i].at_least || took > rows[i].at_most)
				fail_msg("%s: known %d after %u ms", rows[i].what, answer.known, (unsigned)took);
			assert_int_equal(answer.cgroup, 7);
			if (rows[i].name)
				assert_string_equal(answer.facts.name, rows[i].name);
			container_facts_clear(&answer.facts);
			resolver_free(take_ptr(resolvers[i]));
			left--;
		}
	}
}

static void what_comes_later_completes_it(void **state)
{
	const struct script scripts[] = { { .name = "x", .image = "i" },
					  { .name = "y", .runtime = "r", .delay = 200 } };
	struct runtime_source *sources[2];
	struct resolver *resolver = resolver_of(scripts, 2, sources);
	struct resolver_answer answer;

	(void)state;
	assert_int_equal(resolver_ask(resolver, &request), 0);
	assert_true(answer_wait(resolver, &answer));
	assert_true(answer.known && !answer.more);
	assert_null(answer.facts.runtime);
	container_facts_clear(&answer.facts);
	assert_true(answer_wait(resolver, &answer));
	assert_true(answer.known && answer.more);
	assert_string_equal(answer.facts.runtime, "r");
	container_facts_clear(&answer.facts);
	assert_int_equal(resolver_ask(resolver, &request), 0); /* that question is over */
	resolver_free(resolver);
}

static void who_does_not_answer_in_time_rests(void **state)
{
	const struct script scripts[] = { { .status = -ETIMEDOUT }, { .name = "x" } };
	struct runtime_source *sources[2];
	struct resolver *resolver = resolver_of(scripts, 2, sources);
	struct runtime_request one = request;
	struct resolver_answer answer;

	(void)state;
	for (; one.cgroup < 10; one.cgroup++) {
		assert_int_equal(resolver_ask(resolver, &one), 0);
		assert_true(answer_wait(resolver, &answer));
		assert_string_equal(answer.facts.name, "x");
		container_facts_clear(&answer.facts);
	}
	assert_int_equal(atomic_load(&((struct fake *)sources[0])->asked), 1);
	assert_int_equal(resolver_counts(resolver).timeouts, 1);
	resolver_free(resolver);
}

static void what_is_dropped_is_not_answered(void **state)
{
	const struct script scripts[] = { { .name = "x", .image = "i", .delay = 50 } };
	struct runtime_source *source;
	struct resolver *resolver = resolver_of(scripts, 1, &source);
	struct runtime_request other = request;
	struct resolver_answer answer;

	(void)state;
	other.cgroup = 8;
	assert_int_equal(resolver_ask(resolver, &request), 0);
	resolver_drop(resolver, request.cgroup);
	assert_int_equal(resolver_ask(resolver, &other), 0);
	assert_true(answer_wait(resolver, &answer));
	assert_int_equal(answer.cgroup, 8);
	container_facts_clear(&answer.facts);
	resolver_free(resolver);
}

static void without_sources_nobody_knows(void **state)
{
	struct resolver *resolver = resolver_of(NULL, 0, NULL);
	struct resolver_answer answer;

	(void)state;
	assert_int_equal(resolver_take(resolver, &answer), 0);
	assert_int_equal(resolver_ask(resolver, &request), 0);
	assert_true(answer_wait(resolver, &answer));
	assert_false(answer.known);
	assert_int_equal(resolver_counts(resolver).unknown, 1);
	resolver_free(resolver);
}

static void the_bound_is_kept(void **state)
{
	const struct script hangs = HANGS;
	struct runtime_source *source;
	struct resolver *resolver = resolver_of(&hangs, 1, &source);
	struct runtime_request one = request;

	(void)state;
	for (one.cgroup = 1; one.cgroup <= RESOLVER_PENDING; one.cgroup++)
		assert_int_equal(resolver_ask(resolver, &one), 0);
	assert_int_equal(resolver_ask(resolver, &request), -EALREADY);
	assert_int_equal(resolver_ask(resolver, &one), -ENOBUFS);
	assert_int_equal(resolver_counts(resolver).refused, 1);
	resolver_free(resolver); /* with all of them unanswered: neither hangs nor leaks */
}

static void many_questions_are_all_answered(void **state)
{
	const struct script knows = { .name = "x", .image = "i" };
	struct runtime_source *source;
	struct resolver *resolver = resolver_of(&knows, 1, &source);
	struct runtime_request one = request;
	uint64_t sum = 0;

	(void)state;
	for (one.cgroup = 1; one.cgroup <= 300; one.cgroup++)
		assert_int_equal(resolver_ask(resolver, &one), 0);
	for (int i = 0; i < 300; i++) {
		struct resolver_answer answer;

		assert_true(answer_wait(resolver, &answer));
		assert_true(answer.known);
		sum += answer.cgroup;
		container_facts_clear(&answer.facts);
	}
	assert_int_equal(sum, 300 * 301 / 2);
	assert_int_equal(atomic_load(&((struct fake *)source)->asked), 300);
	resolver_free(resolver);
}

static void too_many_sources_stay_the_callers(void **state)
{
	const struct script no = NO;
	struct runtime_source *sources[SOURCES_MAX + 1];
	struct resolver *resolver = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		sources[i] = fake_new(&no);
	assert_int_equal(resolver_new(sources, ARRAY_SIZE(sources), PATIENCE, &resolver), -E2BIG);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		runtime_close(sources[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_answer_wins),
		cmocka_unit_test(what_comes_later_completes_it),
		cmocka_unit_test(who_does_not_answer_in_time_rests),
		cmocka_unit_test(what_is_dropped_is_not_answered),
		cmocka_unit_test(without_sources_nobody_knows),
		cmocka_unit_test(the_bound_is_kept),
		cmocka_unit_test(many_questions_are_all_answered),
		cmocka_unit_test(too_many_sources_stay_the_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
