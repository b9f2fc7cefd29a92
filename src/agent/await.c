// SPDX-License-Identifier: Apache-2.0
/*
 * Events that wait for what is not known yet of their file's content. What is told does not wait for long: a path of the image
 * AWAIT_VERDICT, for its content decides; any other, AWAIT_DIGEST. What is known later corrects it.
 */
#include "agent/internal.h"

#include <string.h>

#define MS            1000000ull
#define AWAIT_VERDICT (200 * MS)
#define AWAIT_DIGEST  (50 * MS)
#define AWAIT_LATER   (60000 * MS) /* for a correction, or for the image's inventory */

/* Of what changed only so many are looked into in a container, and in a period: the rest is told by its path alone. */
#define LOOKS_MAX    40
#define LOOKS_PERIOD (10000 * MS)

bool await_may_look(struct container *container, uint64_t now)
{
	if (now > container->looks_since + LOOKS_PERIOD) {
		container->looks_since = now;
		container->looks = 0;
	}
	return container->looks++ < LOOKS_MAX;
}

static bool is_of_image(const struct event *event)
{
	return (event->kind == PLM_EXEC || event->kind == PLM_TASK || event->kind == PLM_MAPPING) &&
	       event->file.layer == PLM_LAYER_IMAGE;
}

static bool decides(const struct event *event, const struct facts *facts)
{
	return (event->file.layer == PLM_LAYER_UPPER && facts->in_image == ANSWER_YES) ||
	       (facts->script.layer == PLM_LAYER_UPPER && facts->script_in_image == ANSWER_YES);
}

/* A program of the image that was running already: nothing hangs on its digest, and the order of what is found does. */
static bool is_old(const struct event *event)
{
	return event->backend == PLM_BACKEND_ITERATOR && event->file.layer == PLM_LAYER_IMAGE;
}

bool await_more(struct agent *agent, const struct await_event *e, const struct facts *facts,
		const struct facts_wait *wait)
{
	uint64_t patience = decides(e->event, facts) || wait->settles ? AWAIT_VERDICT : AWAIT_DIGEST;
	struct awaited *awaited;

	if (!e->record || (!wait->open && !wait->settles) || is_old(e->event) ||
	    awaiting_hold(agent->awaiting, e->event, e->record, e->size, facts, wait, &awaited) < 0)
		return false;
	/* Since it was read, not since it was: a digest is not made sooner where the agent is behind. */
	awaited->deadline = agent_now() + patience;
	return true;
}

/* Not where its layers could not be read, or too many images are: nothing is to wait for what nobody reads. */
static bool inventory_comes(const struct container *container)
{
	return container->image ? image_is_pending(container->image) : container->state == CONTAINER_WAITING;
}

void await_later(struct agent *agent, const struct await_event *e, const struct facts *facts,
		 const struct facts_wait *wait, const struct tell_open *open)
{
	bool inventory = is_of_image(e->event) && inventory_comes(e->container);
	struct awaited *awaited;

	if (!e->record || !(inventory || (wait->open && (open->id[0] || is_of_image(e->event)))) ||
	    awaiting_hold(agent->awaiting, e->event, e->record, e->size, facts, wait, &awaited) < 0)
		return;
	awaited->told = true;
	awaited->inventory = inventory;
	awaited->open = *open;
	awaited->deadline = agent_now() + AWAIT_LATER;
}

/* ---- what has come ---- */

struct look {
	struct agent *agent;
	uint64_t now;
	int64_t clock;      /* the same, ns since the epoch */
	uint64_t container; /* only this one's; 0: all */
	bool news;          /* a digest was made */
	bool over;          /* nothing waits any longer */
};

static void complete(struct agent *agent, struct container *container, const struct event *event,
		     struct awaited *awaited)
{
	struct facts_source source = agent_facts_source(agent, container);

	source.clock = (int64_t)agent_now() + agent->boot_offset;
	facts_again(&source, event, &agent->room, &awaited->facts, &awaited->wait);
}

/* It was told already: what is known now corrects it, or is said of the image. */
static void conclude_told(struct agent *agent, struct container *container, const struct event *event,
			  struct awaited *awaited)
{
	const struct telling telling = {
		.event = event, .facts = &awaited->facts, .container = container, .of_image = true
	};

	agent_image_first(container, event, &awaited->facts);
	if (agent->recording)
		(void)recording_event(agent->recording, awaited->record, awaited->size, event, &awaited->facts,
				      agent->boot_offset, true);
	if (awaited->open.id[0])
		judge_correct(agent->teller, &telling, &awaited->open);
	else
		(void)judge(agent->teller, &telling);
}

static bool inventory_came(const struct container *container)
{
	return container->image && !image_is_pending(container->image);
}

static bool has_come(const struct awaited *awaited)
{
	return !awaited->inventory && !awaited->wait.open && !awaited->wait.settles;
}

/* Is there anything new for it? Asked often, of all. */
static bool is_due(const struct look *look, const struct awaited *awaited, const struct container *container)
{
	if (look->over || look->now >= awaited->deadline)
		return true;
	if (awaited->inventory)
		return inventory_came(container);
	return look->news || (awaited->wait.settles && look->clock >= awaited->wait.settles);
}

/* The facts of before the inventory was there are asked for anew. */
static void look_image(struct agent *agent, const struct event *event, struct container *container,
		       struct awaited *awaited)
{
	const struct facts_source source = agent_facts_source(agent, container);
	struct event copy = *event;

	facts_gather(&source, &copy, &agent->room, &awaited->facts, &awaited->wait);
	awaited->inventory = false;
}

/* Completes what it can; true where it is to be told, or is not worth waiting for any more. */
static bool is_ready(const struct look *look, struct awaited *awaited, struct container *container,
		     const struct event *event)
{
	if (awaited->inventory && inventory_came(container))
		look_image(look->agent, event, container, awaited);
	else if (!awaited->inventory)
		complete(look->agent, container, event, awaited);
	return has_come(awaited) || look->over || look->now >= awaited->deadline;
}

static void conclude(struct agent *agent, struct awaited *awaited, struct container *container,
		     const struct event *event)
{
	const struct await_event e = { event, container, awaited->record, awaited->size };

	if (!awaited->told)
		agent_judge(agent, &e, &awaited->facts, &awaited->wait);
	else if (has_come(awaited))
		conclude_told(agent, container, event, awaited);
}

static void look_at(struct awaited *awaited, void *data)
{
	const struct look *look = data;
	struct agent *agent = look->agent;
	struct container *container = registry_get(agent->registry, awaited->container);
	const struct event *decoded;
	struct event event;
	bool done;

	if (look->container && look->container != awaited->container)
		return;
	done = !container || judge_view(container, agent->policy) < 0;
	if (!done && !is_due(look, awaited, container))
		return;
	done = done || decoder_decode(agent->decoder, awaited->record, awaited->size, &decoded) < 0;
	if (!done) {
		awaited_event(awaited, decoded, &event);
		if (!is_ready(look, awaited, container, &event))
			return;
		conclude(agent, awaited, container, &event);
	}
	awaiting_drop(agent->awaiting, awaited);
}

static void look_over(struct agent *agent, uint64_t container, bool news, bool over)
{
	struct look look = { .agent = agent, .now = agent_now(), .container = container, .news = news, .over = over };

	look.clock = (int64_t)look.now + agent->boot_offset;
	if (awaiting_count(agent->awaiting) > 0)
		awaiting_each(agent->awaiting, look_at, &look);
}

/* News is for all: what is taken and not looked at by who waits for it may be forgotten. */
void await_step(struct agent *agent)
{
	look_over(agent, 0, digests_take(agent->digests), false);
	digests_settle(agent->digests);
}

void await_release(struct agent *agent, const struct container *container)
{
	await_step(agent);
	look_over(agent, container->cgroup, false, true);
}

void await_all(struct agent *agent)
{
	look_over(agent, 0, digests_take(agent->digests), true);
}
