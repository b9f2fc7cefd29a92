// SPDX-License-Identifier: Apache-2.0
/* Who came into a container from outside, and until when. */
#include "agent/internal.h"

void session_learn(struct agent *agent, const struct event *event)
{
	if (event->kind == PLM_EXEC && (event->exec.flags & PLM_EXEC_SESSION))
		sessions_begin(agent->sessions, event, teller_redact(agent->teller), agent->options->host_root);
}

void session_told(struct agent *agent, const struct event *event)
{
	sessions_told(agent->sessions, event->container, event->task.session);
}

static void end_tell(const struct session *session, void *data)
{
	struct agent *agent = data;

	tell_session_end(agent->teller, registry_get(agent->registry, session->container), session, session->ended);
}

void session_tick(struct agent *agent, uint64_t now)
{
	sessions_look(agent->sessions, agent->options->host_root, 0, now, end_tell, agent);
}

void session_leave(struct agent *agent, const struct container *container)
{
	sessions_look(agent->sessions, agent->options->host_root, container->cgroup, agent_now(), end_tell, agent);
}
