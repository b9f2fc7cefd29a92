// SPDX-License-Identifier: Apache-2.0
/* plimsoll replay FILE: who, what was found out, judge, tell: the way of an event without its kernel and its
 * disk. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "container/facts.h"
#include "container/registry.h"
#include "detect/coverage.h"
#include "output/id.h"
#include "output/sink.h"
#include "process/processes.h"
#include "record/playback.h"
#include "tell/judge.h"
#include "tell/key.h"

#define WAITING_MAX (1u << 20) /* bytes that outputs may owe before the replay waits for them */
#define WAIT_MS     1000

struct replay {
	struct playback *playback;
	struct policy *policy;
	struct sinks *sinks;
	struct registry *registry;
	struct processes *processes;
	struct teller *teller;
	struct id_source ids;
	struct output_context context;
	bool events;         /* --events */
	uint64_t now;        /* CLOCK_BOOTTIME of the recording */
	int64_t boot_offset; /* and its distance to realtime */
	uint64_t unwatched;  /* events of containers above the registry's bound */
};

/* ---- who ---- */

static void container_release(struct container *container, void *data)
{
	(void)data;
	judge_forget(container);
	free(container->workload);
	container->workload = NULL;
}

/* The container of that id, without a name where it was not told yet. NULL: too many at once, or out of
 * memory. */
static struct container *container_of_id(struct replay *replay, uint64_t id, const char *path)
{
	struct container *container = registry_get(replay->registry, id);

	if (container || registry_add(replay->registry, id, path ?: "", &container) < 0)
		return container;
	container->state = CONTAINER_UNNAMED;
	return container;
}

static int facts_copy(struct container_facts *to, const struct container_facts *from)
{
	char **const fields[] = { &to->id,       &to->name,          &to->runtime, &to->image_name, &to->image_tag,
				  &to->pod_name, &to->pod_namespace, &to->pod_uid, &to->handler,    &to->image_digest };
	const char *const values[] = { from->id,        from->name,        from->runtime,       from->image_name,
				       from->image_tag, from->pod_name,    from->pod_namespace, from->pod_uid,
				       from->handler,   from->image_digest };
	int r = 0;

	container_facts_clear(to);
	to->init_pid = from->init_pid;
	to->started = from->started;
	to->role = from->role;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++)
		r = fact_set(fields[i], values[i]);
	for (size_t i = 0; r == 0 && i < from->labels.count; i++)
		r = labels_append(&to->labels, from->labels.items[i]);
	return r;
}

/* The name that it had, unless this policy has a label for it: a recording has all labels, but not all facts. */
static int workload_set(struct replay *replay, struct container *container, const char *recorded)
{
	const char *label = policy_workload_label(replay->policy);

	if (label && labels_get(&container->facts.labels, label))
		return judge_workload(container, replay->policy, playback_host(replay->playback));
	free(container->workload);
	container->workload = recorded ? strdup(recorded) : NULL;
	return recorded && !container->workload ? -ENOMEM : 0;
}

static int replay_container(struct replay *replay, const struct playback_frame *frame)
{
	const struct container *from = &frame->container;
	struct container *container = container_of_id(replay, from->cgroup, from->cgroup_path);
	int r;

	if (!container)
		return 0; /* its events are counted */
	judge_forget(container);
	container->state = from->state;
	container->root_device = from->root_device;
	container->started = from->started;
	container->running = true;
	container->sight = from->sight;
	r = facts_copy(&container->facts, &from->facts);
	return r < 0 ? r : workload_set(replay, container, from->workload);
}

static int replay_end(struct replay *replay, const struct playback_frame *frame)
{
	struct container *container = registry_get(replay->registry, frame->ended);

	if (container)
		teller_rest(replay->teller, container_key(container));
	(void)registry_remove(replay->registry, frame->ended);
	return 0;
}

/* ---- events ---- */

static void clock_set(struct replay *replay, uint64_t now, int64_t boot_offset)
{
	replay->now = now;
	replay->boot_offset = boot_offset;
	teller_set_clock(replay->teller, boot_offset);
	if (teller_next(replay->teller) <= now)
		teller_expire(replay->teller, now);
}

static int process_learn(struct replay *replay, const struct playback_frame *frame)
{
	const struct event *event = &frame->event;
	_cleanup_(arguments_freep) struct arguments *args =
		arguments_new(teller_redact(replay->teller), event->exec.argv, event->exec.argc);
	const struct process process = {
		.pid = event->task.pid,
		.start = event->task.start,
		.parent_pid = event->task.parent_pid,
		.parent_start = event->task.parent_start,
		.container = event->container,
		.in_image = event->file.layer == PLM_LAYER_IMAGE || frame->facts.metadata_only,
		.has_user = true,
		.user = event->task.creds.euid,
		.executable = (char *)event->path,
		.args = args,
	};

	if ((event->kind != PLM_EXEC && event->kind != PLM_TASK) || !event->path)
		return 0;
	return processes_exec(replay->processes, &process);
}

static int replay_event(struct replay *replay, const struct playback_frame *frame)
{
	struct event event = frame->event;
	struct telling telling = { .event = &event, .facts = &frame->facts, .of_image = frame->of_image };
	int r = process_learn(replay, frame);

	clock_set(replay, frame->event.time, frame->boot_offset);
	telling.container = container_of_id(replay, frame->event.container, NULL);
	if (!telling.container)
		replay->unwatched++;
	if (r < 0 || !telling.container)
		return r;
	r = judge_view(telling.container, replay->policy);
	if (r < 0)
		return r;
	if (event.backend == PLM_BACKEND_ITERATOR) { /* as the agent tells it */
		telling.found = event.time;
		event.time = event.task.start;
	}
	(void)judge(replay->teller, &telling);
	if (replay->events && !frame->of_image)
		tell_event(replay->teller, &telling);
	return 0;
}

static int replay_coverage(struct replay *replay, const struct playback_frame *frame)
{
	uint64_t id = frame->coverage.container;
	struct container *container = id ? container_of_id(replay, id, NULL) : NULL;
	struct policy_rule applied = { .enabled = true };
	struct finding finding;

	clock_set(replay, frame->coverage.time, frame->boot_offset);
	coverage_finding(&finding, frame->coverage.rule, frame->coverage.kind, frame->coverage.message);
	if (container && judge_view(container, replay->policy) == 0)
		applied = policy_rule(container->view, frame->coverage.rule);
	if (applied.has_severity)
		finding.severity = applied.severity;
	if (applied.enabled)
		tell_coverage(replay->teller, container, &finding, frame->coverage.time);
	return 0;
}

static int replay_lost(struct replay *replay, const struct playback_frame *frame)
{
	tell_state(replay->teller, NULL, "loss", frame->lost,
		   "events are missing here: the recording could not be written", replay->now);
	return 0;
}

static int (*const by_type[RECORDING_TYPES])(struct replay *replay, const struct playback_frame *frame) = {
	[RECORDING_CONTAINER] = replay_container, [RECORDING_EVENT] = replay_event,
	[RECORDING_COVERAGE] = replay_coverage,   [RECORDING_END] = replay_end,
	[RECORDING_LOST] = replay_lost,
};

/* ---- outputs ---- */

/* The first output that failed for another reason than a slow reader; -1: none. */
static int output_failed(const struct replay *replay)
{
	for (size_t i = 0; i < sinks_count(replay->sinks); i++) {
		struct sink_status status = sinks_status(replay->sinks, i);

		if (status.error < 0 && status.error != -EAGAIN)
			return (int)i;
	}
	return -1;
}

/* Unlike the agent, a replay waits for who reads. 0; EXIT_RUNTIME: an output cannot be written, and that was
 * said. */
static int output_wait(struct replay *replay, size_t waiting_max)
{
	int64_t now = (int64_t)replay->now + replay->boot_offset;
	int failed = -1;

	while (failed < 0 && sinks_flush(replay->sinks, now) > waiting_max) {
		failed = output_failed(replay);
		if (failed < 0)
			(void)sinks_finish(replay->sinks, now, WAIT_MS);
	}
	if (failed < 0)
		return EXIT_FINE;
	log_error("cannot write to output %s: %s",
		  sinks_status(replay->sinks, (size_t)failed).path ?: "standard output",
		  strerror(-sinks_status(replay->sinks, (size_t)failed).error));
	return EXIT_RUNTIME;
}

static int sinks_open(struct replay *replay, const struct option_list *outputs)
{
	int r = 0;

	replay->context.host_name = playback_host(replay->playback);
	replay->sinks = sinks_new(&replay->context, &replay->ids);
	if (!replay->sinks)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < outputs->count; i++) {
		r = sinks_add_spec(replay->sinks, outputs->items[i]);
		if (r < 0)
			log_error("cannot write to output %s: %s", outputs->items[i],
				  r == -EINVAL ? "it is text, json or json:FILE" : strerror(-r));
	}
	if (r == 0 && outputs->count == 0)
		r = sinks_add(replay->sinks, isatty(STDOUT_FILENO) ? "text" : "json", NULL);
	return r;
}

/* ---- the whole ---- */

static void replay_close(struct replay *replay)
{
	teller_free(replay->teller);
	registry_free(replay->registry);
	processes_free(replay->processes);
	sinks_free(replay->sinks);
	playback_close(replay->playback);
	policy_free(replay->policy);
}

static int stores_open(struct replay *replay)
{
	struct teller_parts parts = { .sinks = replay->sinks, .ids = &replay->ids };

	parts.registry = replay->registry = registry_new(REGISTRY_MAX, container_release, NULL);
	parts.processes = replay->processes = processes_new(PROCESSES_MAX);
	if (!parts.registry || !parts.processes)
		return -ENOMEM;
	return teller_new(&parts, replay->policy, &replay->teller);
}

static const char *playback_fault(int error)
{
	switch (error) {
	case -EBADMSG:
		return "it is damaged, or no recording";
	case -EOPNOTSUPP:
		return "it is of another version of plimsoll: replay it with that one";
	case -ENODATA:
		return "it is empty, or ends in the middle: what it holds up to there was told";
	default:
		return strerror(-error);
	}
}

static int playback_complain(const char *path, int error)
{
	log_error("cannot read the recording %s: %s", path, playback_fault(error));
	return EXIT_RUNTIME;
}

static int replay_frames(struct replay *replay, const char *path)
{
	const struct playback_frame *frame;
	uint64_t missed = 0;
	int r, status;

	while ((r = playback_next(replay->playback, &frame)) > 0) {
		if (by_type[frame->type](replay, frame) < 0)
			missed++;
		if (output_wait(replay, WAITING_MAX))
			return EXIT_RUNTIME;
	}
	teller_end(replay->teller, 0);
	status = output_wait(replay, 0);
	if (r < 0)
		status = playback_complain(path, r);
	if (missed || replay->unwatched) {
		log_error("%" PRIu64 " events were not judged: out of memory, or too many containers at once",
			  missed + replay->unwatched);
		status = EXIT_RUNTIME;
	}
	return status;
}

static int replay_file(struct replay *replay, const char *path, const struct option_list *outputs)
{
	int r = playback_open(path, &replay->playback);

	if (r < 0)
		return playback_complain(path, r);
	r = id_source_open(&replay->ids);
	if (r < 0)
		log_error("no random numbers: %s", strerror(-r));
	if (r == 0)
		r = sinks_open(replay, outputs); /* says itself what is wrong */
	if (r < 0)
		return r == -EINVAL ? EXIT_USAGE : EXIT_RUNTIME;
	r = stores_open(replay);
	if (r == 0)
		return replay_frames(replay, path);
	log_error("cannot replay: %s", strerror(-r));
	return EXIT_RUNTIME;
}

int cmd_replay(int argc, char **argv)
{
	struct option_list outputs = { .count = 0 };
	struct replay replay = { .playback = NULL };
	const char *config = NULL;
	const struct option_row rows[] = {
		{ "config", 'c', OPTION_STRING, &config, "FILE", "policy (default: " CONFIG_DEFAULT " if there)" },
		{ "output", 'o', OPTION_LIST, &outputs, "SPEC", "text, json or json:FILE; repeatable" },
		{ "events", 0, OPTION_FLAG, &replay.events, NULL, "tell every event, not only findings" },
	};
	const struct option_table table = {
		.usage = "plimsoll replay FILE [options]",
		.about = "Sends what plimsoll run --record FILE wrote through the same detectors: no kernel, no "
			 "root and no\n"
			 "container is needed. Outputs that the configuration names are not written.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};
	int first, status, r = options_parse(&table, argc, argv, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	if (argc - first != 1) {
		log_error("replay takes one recording: try plimsoll replay --help");
		return EXIT_USAGE;
	}
	if (!config && access(CONFIG_DEFAULT, F_OK) == 0)
		config = CONFIG_DEFAULT;
	if (agent_policy(config, &replay.policy) < 0)
		return EXIT_USAGE;
	(void)signal(SIGPIPE, SIG_IGN);
	status = replay_file(&replay, argv[first], &outputs);
	replay_close(&replay);
	return status;
}
