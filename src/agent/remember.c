// SPDX-License-Identifier: Apache-2.0
/* What is remembered of a container when it is not there: by an agent before this one, and for a while after it stopped. */
#include "agent/internal.h"

#define LEAVING_NS 30000000000ull /* how long a container that has stopped is expected back */

/* What an agent before this one knew of it. */
void remember_known(struct agent *agent, struct container *container)
{
	struct state_container known = { .cgroup = container_key(container) };
	uint64_t watched;

	if (!agent->state)
		return;
	if (!container->started && state_container_get(agent->state, known.cgroup, &known) == 0) {
		watched = state_watched(agent->state);
		container->baseline = watched > known.started + COMPARE_SLACK ? watched - COMPARE_SLACK : known.started;
	} else {
		known.started = container->started;
	}
	(void)state_container_put(agent->state, &known);
}

static void leave_first(struct agent *agent)
{
	uint64_t key = agent->leaving[agent->leaving_at].key;

	agent->leaving_at = (agent->leaving_at + 1) % LEAVING_MAX;
	agent->leaving_count--;
	if (!container_of_key(agent->registry, key))
		teller_end(agent->teller, key);
}

/* It may be started again in a moment: what was told of it is remembered for a while. */
void remember_left(struct agent *agent, uint64_t key)
{
	if (agent->leaving_count == LEAVING_MAX)
		leave_first(agent);
	agent->leaving[(agent->leaving_at + agent->leaving_count++) % LEAVING_MAX] =
		(struct leaving){ key, agent_now() + LEAVING_NS };
}

static bool is_there(uint64_t key, void *data)
{
	struct agent *agent = data;

	if (container_of_key(agent->registry, key))
		return true;
	teller_end(agent->teller, key);
	return false;
}

/* Containers that ended while no agent ran: those that are there have their names by now. */
static void forget_ended(struct agent *agent, uint64_t now)
{
	if (!agent->state || agent->ended_forgotten || now < agent->watching + LEAVING_NS)
		return;
	agent->ended_forgotten = true;
	(void)state_containers_keep(agent->state, is_there, agent);
}

void remember_tick(struct agent *agent, uint64_t now)
{
	while (agent->leaving_count && agent->leaving[agent->leaving_at].until <= now)
		leave_first(agent);
	forget_ended(agent, now);
}
