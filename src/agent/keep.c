// SPDX-License-Identifier: Apache-2.0
/* What was told is kept, and goes to those who follow: alerts, state lines and what an exception let through; not the
 * bulk of --events. */
#include "agent/internal.h"

#include <grp.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"

static bool keep_wants(const struct alert *alert)
{
	return alert->kind != ALERT_EVENT || alert->allowed;
}

static void keep_line(const struct alert *alert, const char *line, size_t size, void *data)
{
	struct agent *agent = data;

	(void)alert;
	if (agent->history)
		history_take(agent->history, line, size, (int64_t)agent_now() + agent->boot_offset);
	if (size > 0 && agent->control)
		control_tell(agent->control, line, size);
}

static int keep_loss(uint64_t lost, int64_t now, struct buffer *line, void *data)
{
	struct agent *agent = data;

	return sinks_loss_line(agent->sinks, lost, now, line);
}

/* By name or number; 0: there is none, or it is unknown here, which is said. */
static gid_t group_find(const struct policy *policy)
{
	const char *name = policy_group(policy);
	const struct group *group;
	char *end = NULL;
	unsigned long number;

	if (!name)
		return 0;
	group = getgrnam(name);
	if (group)
		return group->gr_gid;
	errno = 0;
	number = strtoul(name, &end, 10);
	if (!errno && *name >= '0' && *name <= '9' && !*end && number < (gid_t)-1)
		return (gid_t)number;
	log_warning("there is no group %s: only root may ask the agent and read what it keeps", name);
	return 0;
}

static struct history_limits limits_of(const struct agent *agent)
{
	struct policy_history history = policy_history(agent->policy);

	return (struct history_limits){
		.size = (uint64_t)history.size,
		.age = history.age,
		.group = group_find(agent->policy),
	};
}

static void limits_set(struct agent *agent, const struct history_limits *limits)
{
	int r = control_group(agent->control, limits->group);

	if (r == 0 && agent->history)
		r = history_limit(agent->history, limits);
	if (r < 0)
		log_warning("cannot give socket and alerts to the group: %s; only root may ask and read all of it",
			    strerror(-r));
}

int keep_start(struct agent *agent)
{
	const struct sinks_tap tap = { keep_wants, keep_line, agent };
	struct history_limits limits = limits_of(agent);
	int r = history_open(agent->options->state_dir, &limits, keep_loss, agent, &agent->history);

	if (r == -EBUSY)
		log_warning("another agent keeps its alerts in %s: those of this one are not kept",
			    agent->options->state_dir);
	else if (r < 0)
		log_warning("cannot keep alerts in %s: %s", agent->options->state_dir, strerror(-r));
	sinks_set_tap(agent->sinks, &tap);
	limits_set(agent, &limits);
	return 0;
}

void keep_reload(struct agent *agent)
{
	struct history_limits limits = limits_of(agent);

	limits_set(agent, &limits);
}

void keep_flush(struct agent *agent, int64_t now)
{
	if (agent->history)
		history_flush(agent->history, now);
	control_flush(agent->control);
}

void keep_report(struct agent *agent)
{
	struct history_status status;
	int error;

	if (!agent->history)
		return;
	status = history_status(agent->history);
	error = status.error ? status.error : status.keeper.error;
	if (error == agent->history_error)
		return;
	agent->history_error = error;
	if (error)
		log_warning("cannot keep alerts in %s: %s", agent->options->state_dir, strerror(-error));
	else
		log_warning("alerts are kept in %s again", agent->options->state_dir);
}

/* What waits for the disk goes to the follower itself: it is in no file that it could read. */
void keep_follow(struct agent *agent, uint64_t token)
{
	_cleanup_buffer_ struct buffer text = { .limit = HISTORY_QUEUE_MAX + 256 };
	struct history_position end = { .segment = "ffffffffffffffff" };
	char line[128];

	if (agent->history) {
		history_flush(agent->history, (int64_t)agent_now() + agent->boot_offset);
		end = history_end(agent->history);
	}
	(void)snprintf(line, sizeof(line), "{\"history\":{\"segment\":\"%s\",\"offset\":%" PRIu64 "}}\n", end.segment,
		       end.offset);
	buffer_string(&text, line);
	if (agent->history)
		buffer_append(&text, history_waiting(agent->history)->data, history_waiting(agent->history)->size);
	if (text.error < 0)
		(void)control_answer(agent->control, token, "", 0);
	else
		(void)control_follow(agent->control, token, text.data, text.size);
}
