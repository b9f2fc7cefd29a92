// SPDX-License-Identifier: Apache-2.0
/* The way of an event: decode, who, from what, so what, tell. */
#include "agent/internal.h"
#include "image/rootfs.h"

/*
 * What is done beside the way of an event. `ahead`: as soon as the record is in a ring, for what may be gone when those queued
 * before it have had their turn: a container of a moment with its runtime's record of it, a process with its environment.
 * What the kernel says of cgroups and containers themselves ends here; the rest is about what they do.
 */
static const struct beside {
	void (*ahead)(struct agent *agent, const struct event *event);
	void (*turn)(struct agent *agent, const struct event *event);
	bool ends;
} beside[PLM_KINDS] = {
	[PLM_BIRTH] = { life_birth, life_gone, true },
	[PLM_START] = { life_start, NULL, true },
	[PLM_EXEC] = { session_learn, NULL, false },
};

static void agent_tell(struct agent *agent, const struct telling *telling)
{
	if (telling->event->kind == PLM_BLIND)
		serve_coverage(
			agent, telling->container, RULE_COVERAGE_IO_URING, "io_uring",
			"makes an io_uring: names that it changes through it are not seen by the hooks in force");
	(void)judge(agent->teller, telling);
	if (agent->options->events)
		tell_event(agent->teller, telling);
}

struct owner {
	uint32_t device;
	const struct container *container;
};

static void owner_match(struct container *container, void *data)
{
	struct owner *owner = data;

	if (container->root_device == owner->device)
		owner->container = container;
}

/* Whose root file system a device is; NULL unknown. */
static const char *owner_name(struct agent *agent, uint32_t device)
{
	struct owner owner = { .device = device };

	registry_for_each(agent->registry, owner_match, &owner);
	return owner.container ? owner.container->facts.name ?: owner.container->facts.id : NULL;
}

struct facts_source agent_facts_source(struct agent *agent, struct container *container)
{
	bool all = agent->options->events || agent->recording;

	return (struct facts_source){ .container = container,
				      .processes = agent->processes,
				      .digests = agent->digests,
				      .writers = agent->writers,
				      .redact = teller_redact(agent->teller),
				      .writable = all ? NULL : container->view,
				      .host_root = agent->options->host_root,
				      .boot_offset = agent->boot_offset };
}

/* What was copied up and holds what the image holds costs no more events until it changes: only what had settled before, for
 * it could change within one tick of its file system's clock and look the same. */
static void agent_vouch(struct agent *agent, const struct event *event, const struct facts *facts)
{
	const struct plm_file *file = &event->file;
	int64_t when = (int64_t)event->time + agent->boot_offset;

	if (event->kind == PLM_MAPPING && file->layer == PLM_LAYER_UPPER && facts->metadata_only &&
	    facts->in_image == ANSWER_YES && when - (int64_t)file->ctime > OBJECT_SETTLED)
		(void)kernel_file_known(agent->kernel, event->container, file);
}

/* What an event says of its container beside what is told of it. */
static void agent_learn(struct agent *agent, struct container *container, const struct event *event,
			const struct facts *facts)
{
	if (event->kind != PLM_CHANGE)
		return;
	if (facts->confirmed != ANSWER_NO) {
		compare_note(agent, container, event);
		writers_note(agent->writers, event, facts->executable);
	}
	container->mounts_stale |= event->change.op == PLM_OP_MOUNT;
}

void agent_image_first(struct container *container, const struct event *event, struct facts *facts)
{
	bool unpackaged = facts->content.packaged == ANSWER_NO && event->kind != PLM_MAPPING &&
			  event->file.layer == PLM_LAYER_IMAGE;
	enum rule rule = facts->content.tampered ? RULE_IMAGE_MODIFIED : RULE_IMAGE_UNPACKAGED;

	if ((facts->content.tampered || unpackaged) && container->image && event->path)
		facts->first_of_image = image_once(container->image, rule, event->path);
}

void agent_judge(struct agent *agent, const struct await_event *e, struct facts *facts, const struct facts_wait *wait)
{
	struct tell_open open = { .id = "" };
	bool found = e->event->backend == PLM_BACKEND_ITERATOR;
	uint64_t told = teller_told(agent->teller);

	agent_image_first(e->container, e->event, facts);
	agent_vouch(agent, e->event, facts);
	if (agent->recording && e->record)
		(void)recording_event(agent->recording, e->record, e->size, e->event, facts, agent->boot_offset, false);
	agent_tell(agent, &(struct telling){ .event = e->event,
					     .facts = facts,
					     .container = e->container,
					     .found = found ? agent_now() : 0,
					     .ret_open = &open });
	if (teller_told(agent->teller) != told)
		session_told(agent, e->event);
	await_later(agent, e, facts, wait, &open);
}

/* What reads images is a child of this process, and its child: not worth a word where the agent's own container is watched. */
static bool agent_reads(struct agent *agent, const struct plm_task *task)
{
	const struct process *parent = processes_get(agent->processes, task->parent_pid, task->parent_start);
	uint32_t self = (uint32_t)getpid();

	return task->parent_pid == self || (parent && parent->parent_pid == self);
}

static void agent_event(struct agent *agent, const struct event *decoded, struct container *container, const void *raw,
			size_t size)
{
	struct facts_source source;
	struct event event = *decoded;
	const struct await_event e = { &event, container, raw, size };
	struct facts_wait wait;
	struct facts facts;

	if (event.backend == PLM_BACKEND_ITERATOR)
		event.time = event.task.start; /* since when it can be so */
	if (container->sight == SIGHT_SANDBOXED || judge_view(container, agent->policy) < 0)
		return;
	life_mounts(agent, container, &event);
	source = agent_facts_source(agent, container);
	source.now = !raw;
	if (event.kind == PLM_CHANGE && await_may_look(container, event.time))
		source.clock = (int64_t)agent_now() + agent->boot_offset;
	facts_gather(&source, &event, &agent->room, &facts, &wait);
	if (event.file.layer == PLM_LAYER_OTHER_ROOT)
		facts.other_container = owner_name(agent, event.file.device);
	if (agent_reads(agent, &event.task))
		return;
	agent_learn(agent, container, &event, &facts);
	facts.transaction = packages_script(agent, container, &event, &facts);
	if (!packages_hold(agent, &e, &facts, &wait) && !await_more(agent, &e, &facts, &wait))
		agent_judge(agent, &e, &facts, &wait);
}

/* What was found running is told with what it has mapped. */
static void agent_mapping(struct agent *agent, const struct event *event, struct container *container)
{
	agent_event(agent, event, container, NULL, 0);
}

static void agent_take(struct agent *agent, const struct event *event, struct container *container, const void *raw,
		       size_t size)
{
	agent_event(agent, event, container, raw, size);
	if (event->kind == PLM_TASK)
		existing_mappings(agent, container, event, agent_mapping);
}

void agent_ahead(const void *record, size_t size, void *data)
{
	struct agent *agent = data;
	const struct event *event;
	int kind = record_kind(record, size);

	if (kind >= 0 && beside[kind].ahead && decoder_decode(agent->decoder, record, size, &event) == 0)
		beside[kind].ahead(agent, event);
}

void agent_record(const void *record, size_t size, void *data)
{
	struct agent *agent = data;
	const struct event *event;
	struct container *container;

	if (decoder_decode(agent->decoder, record, size, &event) < 0) {
		agent->bad_records++;
		return;
	}
	agent->read_until = event->time;
	if (beside[event->kind].turn)
		beside[event->kind].turn(agent, event);
	if (beside[event->kind].ends)
		return;
	container = life_container(agent, event);
	if (!container)
		return; /* forgotten: it was no container's */
	if (container->state == CONTAINER_WAITING &&
	    registry_hold(agent->registry, container->cgroup, record, size, event->time) == 0)
		return; /* until it has its name */
	agent_take(agent, event, container, record, size);
}

static void released(uint64_t cgroup, const void *blob, size_t size, uint64_t time, void *data)
{
	struct agent *agent = data;
	struct container *container = registry_get(agent->registry, cgroup);
	const struct event *event;

	(void)time;
	if (container && decoder_decode(agent->decoder, blob, size, &event) == 0)
		agent_take(agent, event, container, blob, size);
}

void agent_release(struct agent *agent, struct container *container)
{
	(void)registry_release(agent->registry, container->cgroup, released, agent);
}
