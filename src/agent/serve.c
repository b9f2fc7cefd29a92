// SPDX-License-Identifier: Apache-2.0
/* What the agent says of itself: to `plimsoll ps`, and in state lines and coverage alerts. */
#include "agent/internal.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "decode/names.h"
#include "detect/coverage.h"

/* ---- requests ---- */

#define WRITERS "writers "
#define LEDGER  "ledger "

/* "ps": at once. "ps settled": when everything that the kernel had queued is told, and no container that was there waits
 * for its name any more. "writers ID": who wrote which files of that container. "sessions": those told of that go on.
 * "follow": what is told from now on. "ledger JSON": a change of the ledger (ledger/request.h), for root alone. */
void serve_request(struct control *control, uint64_t token, const char *request, void *data)
{
	struct agent *agent = data;

	if (!strcmp(request, "ps")) {
		listing_answer(agent, token);
		return;
	}
	if (!strncmp(request, WRITERS, strlen(WRITERS))) {
		listing_writers(agent, token, request + strlen(WRITERS));
		return;
	}
	if (!strncmp(request, LEDGER, strlen(LEDGER))) {
		violations_request(agent, token, request + strlen(LEDGER));
		return;
	}
	if (!strcmp(request, "sessions")) {
		listing_sessions(agent, token);
		return;
	}
	if (!strcmp(request, "follow")) {
		keep_follow(agent, token);
		return;
	}
	for (size_t i = 0; i < WAITERS_MAX && !strcmp(request, "ps settled"); i++)
		if (!agent->waiters[i].token) {
			agent->waiters[i] = (struct waiter){ token, agent_now() };
			return;
		}
	(void)control_answer(control, token, "", 0);
}

struct waiting {
	uint64_t since; /* of the oldest container that waits for its name; UINT64_MAX: none does */
};

static void waiting_since(struct container *container, void *data)
{
	struct waiting *waiting = data;

	if (container->running && container->state == CONTAINER_WAITING && container->asked < waiting->since)
		waiting->since = container->asked;
}

bool serve_waiting(const struct agent *agent)
{
	for (size_t i = 0; i < WAITERS_MAX; i++)
		if (agent->waiters[i].token)
			return true;
	return false;
}

/* What holds an answer back is of before it was asked for: a container that never rests cannot hold it for ever. */
void serve_waiters(struct agent *agent)
{
	struct waiting waiting = { .since = UINT64_MAX };
	uint64_t read = agent_read_until(agent);

	registry_for_each(agent->registry, waiting_since, &waiting);
	for (size_t i = 0; i < WAITERS_MAX; i++) {
		struct waiter waiter = agent->waiters[i];

		if (!waiter.token || read <= waiter.since || waiting.since <= waiter.since ||
		    awaiting_oldest(agent->awaiting) <= waiter.since || packages_owe(agent, waiter.since) ||
		    compare_owes(agent, waiter.since))
			continue; /* a container, or an event, of before it asked still waits */
		agent->waiters[i].token = 0;
		listing_answer(agent, waiter.token);
	}
}

/* ---- coverage and losses ---- */

const struct policy_view *serve_view(struct agent *agent, struct container *container)
{
	if (container)
		return judge_view(container, agent->policy) < 0 ? NULL : container->view;
	if (!agent->host_view)
		agent->host_view = policy_view_new(agent->policy, &(struct policy_subject){ .id = NULL });
	return agent->host_view;
}

void serve_coverage(struct agent *agent, struct container *container, enum rule rule, const char *kind,
		    const char *message)
{
	const struct policy_view *view;
	struct finding finding;
	uint64_t now = agent_now();

	coverage_finding(&finding, rule, kind, message);
	if (agent->recording)
		(void)recording_coverage(agent->recording, container ? container->cgroup : 0, rule, kind, message, now,
					 agent->boot_offset);
	view = serve_view(agent, container);
	if (view) {
		struct policy_rule applied = policy_rule(view, rule);

		if (!applied.enabled)
			return;
		finding.severity = applied.has_severity ? applied.severity : finding.severity;
	}
	tell_coverage(agent->teller, container, &finding, now);
}

static const char *const loss_names[PLM_LOSSES] = {
	[PLM_LOSS_RING] = "the ring buffer was full",
	[PLM_LOSS_BUDGET] = "the container had spent its share of the ring buffer",
	[PLM_LOSS_SCRATCH] = "no scratch memory was free",
	[PLM_LOSS_READ] = "memory could not be read: told without a field",
	[PLM_LOSS_MAP] = "a kernel map was full",
	[PLM_LOSS_QUOTA] = "the container has too many cgroups",
};

static void loss_tell(const struct plm_loss_key *key, uint64_t count, void *data)
{
	struct agent *agent = data;
	struct container *container = registry_get(agent->registry, key->container);
	const char *why = key->loss < PLM_LOSSES ? loss_names[key->loss] : NULL;
	const char *kind = kind_name(key->kind);
	char message[256], subject[64];

	(void)snprintf(message, sizeof(message), "%" PRIu64 " %s events %s: %s", count, kind ?: "other",
		       key->loss == PLM_LOSS_READ ? "incomplete" : "lost", why ?: "for an unknown reason");
	tell_state(agent->teller, container, "loss", count, message, agent_now());
	if (key->loss == PLM_LOSS_READ)
		return;
	if (container) {
		container->lost += count;
		container->lost_at = agent_now();
		compare_soon(container);
	}
	(void)snprintf(subject, sizeof(subject), "%s.%u", kind ?: "other", key->loss);
	serve_coverage(agent, container, RULE_COVERAGE_LOSS, subject, message);
}

static uint64_t count_bad(const struct agent *agent)
{
	return agent->bad_records;
}

static uint64_t count_unentered(const struct agent *agent)
{
	return agent->unentered;
}

static uint64_t count_unkept(const struct agent *agent)
{
	return agent->state ? state_lost(agent->state) : 0;
}

static uint64_t count_forgotten(const struct agent *agent)
{
	return agent->state ? state_forgotten(agent->state) : 0;
}

static uint64_t count_unwatched(const struct agent *agent)
{
	return agent->unwatched;
}

static uint64_t count_unheld(const struct agent *agent)
{
	struct registry_counts counts = registry_counts(agent->registry);

	return counts.hold_refused + counts.hold_dropped;
}

static uint64_t count_unasked(const struct agent *agent)
{
	return resolver_counts(agent->resolver).refused;
}

static uint64_t count_unfolded(const struct agent *agent)
{
	return teller_evicted(agent->teller);
}

static uint64_t count_unawaited(const struct agent *agent)
{
	return awaiting_refused(agent->awaiting);
}

static uint64_t count_unread(const struct agent *agent)
{
	return images_refused(agent->images);
}

static uint64_t count_refused(const struct agent *agent)
{
	struct control_counts counts = control_counts(agent->control);

	return counts.refused + counts.dropped;
}

static uint64_t count_cut(const struct agent *agent)
{
	return control_counts(agent->control).cut;
}

static uint64_t count_unended(const struct agent *agent)
{
	return sessions_forgot(agent->sessions);
}

static uint64_t count_kept_short(const struct agent *agent)
{
	return agent->history ? history_status(agent->history).keeper.removed_early : 0;
}

static uint64_t count_unopened(const struct agent *agent)
{
	return agent->ledger ? ledger_counts(agent->ledger).refused : 0;
}

static uint64_t count_unlisted(const struct agent *agent)
{
	return agent->ledger ? ledger_counts(agent->ledger).dropped : 0;
}

/* The agent's own bounds, each with its counter and what it means that it grew. */
static const struct {
	uint64_t (*count)(const struct agent *agent);
	const char *message;
} bounds[] = {
	{ count_bad, "records that the decoder refused: agent and kernel side do not agree" },
	{ count_unentered,
	  "cgroups that were there before the agent, and are not watched: too many below one container" },
	{ count_unkept,
	  "things that could not be kept for the next agent: it may tell some again, or take them for missed" },
	{ count_forgotten, "things told that the next agent may tell again: too many to keep" },
	{ count_unwatched, "events of containers that are not watched: too many at once, or forgotten" },
	{ count_unheld, "events that could not wait for their container's name, and went without or were dropped" },
	{ count_unasked, "containers whose name was not asked for: too many at once" },
	{ count_unfolded, "subjects whose repeats are no longer folded: too many at once" },
	{ count_unawaited, "events that were told without the digest of their file: too many wait for one" },
	{ count_unread, "images whose packages were not read: too many at once" },
	{ count_unopened, "findings that opened no violation: too many are open, or wait to be written" },
	{ count_unlisted,
	  "sightings, resolved violations, waivers and entries that the ledger dropped: the oldest, at its bounds" },
	{ count_refused, "clients of the control socket that were refused, or were too slow" },
	{ count_cut, "clients that followed alerts and were cut off: they did not read" },
	{ count_unended, "exec sessions whose end will not be told: too many at once" },
	{ count_kept_short, "segments of kept alerts that went before their age: all together were too large" },
};

_Static_assert(ARRAY_SIZE(bounds) <= BOUNDS_MAX, "struct agent has room for every bound");

void serve_losses(struct agent *agent)
{
	kernel_losses(agent->kernel, loss_tell, agent);
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		uint64_t count = bounds[i].count(agent), told = agent->bounds_told[i];

		agent->bounds_told[i] = count;
		if (count > told)
			tell_state(agent->teller, NULL, "loss", count - told, bounds[i].message, agent_now());
	}
}

/* An output that fails is said once, and again when it works: what waits or is lost meanwhile its own line tells. */
void serve_outputs(struct agent *agent)
{
	for (size_t i = 0; i < sinks_count(agent->sinks) && i < SINKS_MAX; i++) {
		struct sink_status status = sinks_status(agent->sinks, i);
		const char *name = status.path ?: "standard output";

		if (status.error == agent->sink_errors[i])
			continue;
		agent->sink_errors[i] = status.error;
		if (status.error)
			log_warning("cannot write to %s: %s; lines wait", name, strerror(-status.error));
		else
			log_warning("%s takes lines again", name);
	}
}

static void exception_tell(const char *kind, unsigned line, const char *reason, uint64_t matched, void *data)
{
	struct agent *agent = data;
	char message[512];

	if (matched)
		(void)snprintf(message, sizeof(message), "the policy's %s of line %u (%s) matched %" PRIu64 " time%s",
			       kind, line, reason, matched, matched == 1 ? "" : "s");
	else
		(void)snprintf(message, sizeof(message), "the policy's %s of line %u (%s) never matched", kind, line,
			       reason);
	tell_state(agent->teller, NULL, "exception", matched, message, agent_now());
}

/* Before a policy goes: what each of its exceptions let through. */
void serve_exceptions(struct agent *agent)
{
	policy_for_each_exception(agent->policy, exception_tell, agent);
}

/* What the hooks in force do not see, once. */
void serve_hooks(struct agent *agent)
{
	char message[256];

	for (size_t i = 0; i < agent->hooks.count; i++) {
		const struct hook_choice *choice = &agent->hooks.choices[i];

		if (!hooks_task_begins(&agent->hooks, i) || !hooks_task_unseen(&agent->hooks, i) ||
		    choice->hook->refines)
			continue;
		(void)snprintf(message, sizeof(message), "not seen: %s (%s: %s)", choice->hook->unseen,
			       choice->hook->mechanism, choice->reason);
		serve_coverage(agent, NULL, RULE_COVERAGE_HOOK, choice->hook->task, message);
	}
}
