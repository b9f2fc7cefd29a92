// SPDX-License-Identifier: Apache-2.0
/* Who came into a container from outside, and until when. */
#include "agent/internal.h"
#include "process/sessions_file.h"

void session_learn(struct agent *agent, const struct event *event)
{
	if ((event->exec.flags & PLM_EXEC_SESSION) && registry_get(agent->registry, event->container))
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

/* Those whose end is still to be told, for the next agent. What cannot be written now is tried at the next tick. */
static void keep(struct agent *agent)
{
	uint64_t version = sessions_version(agent->sessions);

	if (agent->state && version != agent->sessions_kept &&
	    sessions_save(agent->sessions, agent->options->state_dir) == 0)
		agent->sessions_kept = version;
}

void session_tick(struct agent *agent, uint64_t now)
{
	sessions_look(agent->sessions, agent->options->host_root, 0, now, end_tell, agent);
	keep(agent);
}

void session_resume(struct agent *agent)
{
	if (agent->state)
		(void)sessions_load(agent->sessions, agent->options->state_dir, agent->options->host_root);
}

void session_leave(struct agent *agent, const struct container *container)
{
	sessions_look(agent->sessions, agent->options->host_root, container->cgroup, agent_now(), end_tell, agent);
}
