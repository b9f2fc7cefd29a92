// SPDX-License-Identifier: Apache-2.0
/* A container's name: asked for, answered, completed, given up for now; and what follows from it. */
#include "agent/internal.h"

#include <string.h>

#include "container/cgroup.h"
#include "container/facts.h"

#define ASK_FIRST   5 /* s until a container that nobody knew is asked for again, then twice as long */
#define ASK_DOUBLES 6

/* Nobody knew it: asked for again, ever more seldom, as long as it runs. */
static void ask_later(struct container *container)
{
	unsigned wait = ASK_FIRST << (container->asks < ASK_DOUBLES ? container->asks : ASK_DOUBLES);

	container->asks++;
	container->ask_at = agent_now() + wait * 1000000000ull;
}

/* Without a source's word: the id is what the cgroup's name holds. */
static void unnamed(struct container *container)
{
	struct cgroup_guess guess = cgroup_classify(container->cgroup_path ?: "/");

	container->state = CONTAINER_UNNAMED;
	ask_later(container);
	if (!container->facts.id && guess.id[0])
		container->facts.id = strdup(guess.id);
	if (!container->facts.runtime && guess.runtime)
		container->facts.runtime = strdup(guess.runtime);
}

void naming_ask(struct agent *agent, struct container *container)
{
	struct cgroup_guess guess = cgroup_classify(container->cgroup_path ?: "/");
	struct runtime_request request = {
		.cgroup = container->cgroup,
		.path = container->cgroup_path ?: "",
		.id = guess.id,
		.upper = container->upper,
	};
	int r = resolver_ask(agent->resolver, &request);

	if (r < 0 && r != -EALREADY)
		unnamed(container); /* too many at once: watched without a name, for now */
}

/* All containers of an image share what is known of it. */
static void image_share(struct container *other, void *data)
{
	struct container_facts *facts = data;
	struct image_facts *image = other->facts.image;

	if (!image || image == facts->image || !facts->image || !facts->image->id || !image->id ||
	    strcmp(image->id, facts->image->id) != 0)
		return;
	image_facts_drop(facts->image);
	facts->image = image_facts_ref(image);
}

/* What follows from a container's facts, and the policy, is made anew. */
static void follow(struct container *container, void *data)
{
	struct agent *agent = data;

	(void)judge_workload(container, agent->policy, agent->context.host_name);
	judge_forget(container);
}

void naming_reload(struct agent *agent)
{
	registry_for_each(agent->registry, follow, agent);
}

static void facts_changed(struct agent *agent, struct container *container)
{
	registry_for_each(agent->registry, image_share, &container->facts);
	follow(container, agent);
	if (agent->recording)
		(void)recording_container(agent->recording, container);
}

struct container *naming_answer(struct agent *agent, struct resolver_answer *answer)
{
	struct container *container = registry_get(agent->registry, answer->cgroup);
	int came = 0;

	if (container && container->state == CONTAINER_UNNAMED && answer->known)
		container_facts_clear(&container->facts); /* they were guessed */
	if (container && answer->known)
		came = facts_complete(&container->facts, &answer->facts);
	container_facts_clear(&answer->facts);
	if (!container)
		return NULL;
	if (answer->known)
		container->state = CONTAINER_NAMED;
	else if (container->state != CONTAINER_NAMED)
		unnamed(container);
	if (came > 0 || !answer->more)
		facts_changed(agent, container);
	if (!answer->more)
		remember_known(agent, container);
	life_sight(agent, container);
	inventories_ask(agent, container);
	return container;
}

static void ask_again(struct container *container, void *data)
{
	struct agent *agent = data;

	if (container->state != CONTAINER_UNNAMED || container->ask_at > agent_now() || !container->running ||
	    container->gone)
		return;
	ask_later(container);
	naming_ask(agent, container);
}

void naming_tick(struct agent *agent)
{
	registry_for_each(agent->registry, ask_again, agent);
}

struct container *naming_overdue(struct agent *agent)
{
	struct container *container;
	uint64_t cgroup, time;

	if (!registry_oldest(agent->registry, &cgroup, &time))
		return NULL;
	container = registry_get(agent->registry, cgroup);
	unnamed(container);
	life_sight(agent, container);
	inventories_ask(agent, container);
	return container;
}
