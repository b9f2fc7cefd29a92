// SPDX-License-Identifier: Apache-2.0
#include "output/json.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "decode/names.h"
#include "inventory/compare.h"
#include "output/time.h"
#include "output/view.h"
#include "output/writer.h"

#define ECS_VERSION "8.11.0"
#define RAWS_MAX    32

/* Text that was no UTF-8, to be told whole once the other fields stand: of the field `path`, one or a list.
 */
struct raw {
	const char *path;
	const char *text;
	const char *const *list;
	size_t size; /* of text, or of list */
};

/* One alert on its way. */
struct line {
	struct json_writer writer;
	const struct alert *alert;
	const struct output_context *context;
	struct alert_view view;
	const char *path; /* of the field in hand */
	struct raw raws[RAWS_MAX];
	size_t raw_count;
	const char *ancestor_executables[PLM_ANCESTORS]; /* for raws */
};

/* A field is put by a function, which puts nothing where the value is unknown. */
struct field {
	const char *path;
	void (*put)(struct line *line, size_t argument);
	size_t argument; /* an offset, where `put` takes one */
};

static void line_raw(struct line *line, struct raw raw)
{
	raw.path = line->path;
	if (line->raw_count < RAWS_MAX)
		line->raws[line->raw_count++] = raw;
}

static void line_text(struct line *line, const char *text, size_t size)
{
	if (size == 0)
		return;
	writer_at(&line->writer, line->path);
	if (!writer_string(&line->writer, text, size))
		line_raw(line, (struct raw){ .text = text, .size = size });
}

static void line_string(struct line *line, const char *text)
{
	if (text)
		line_text(line, text, strlen(text));
}

static void line_number(struct line *line, uint64_t value)
{
	writer_at(&line->writer, line->path);
	writer_number(&line->writer, value);
}

/* A number as a string, as ECS has ids. */
static void line_id(struct line *line, uint64_t value)
{
	writer_at(&line->writer, line->path);
	writer_id(&line->writer, value);
}

static void line_hex(struct line *line, uint64_t value, int digits)
{
	writer_at(&line->writer, line->path);
	writer_hex(&line->writer, value, digits);
}

static void line_time(struct line *line, int64_t time)
{
	char text[TIME_RFC3339_SIZE];

	time_rfc3339(time, text);
	line_text(line, text, sizeof(text) - 1);
}

/* Words with spaces between, as an array. */
static void line_words(struct line *line, const char *words)
{
	if (!words || !*words)
		return;
	writer_at(&line->writer, line->path);
	writer_open(&line->writer, '[');
	for (size_t size; *words; words += size + (words[size] == ' ')) {
		size = strcspn(words, " ");
		(void)writer_string(&line->writer, words, size);
	}
	writer_close(&line->writer, ']');
}

static void line_list(struct line *line, const char *const *list, size_t count)
{
	bool whole = true;

	if (count == 0)
		return;
	writer_at(&line->writer, line->path);
	writer_open(&line->writer, '[');
	for (size_t i = 0; i < count; i++)
		whole &= writer_string(&line->writer, list[i], strlen(list[i]));
	writer_close(&line->writer, ']');
	if (!whole)
		line_raw(line, (struct raw){ .list = list, .size = count });
}

static void line_entity(struct line *line, uint32_t pid, uint64_t start)
{
	char text[ENTITY_SIZE];

	if (pid == 0 || start == 0)
		return;
	view_entity(pid, start, text);
	line_string(line, text);
}

#define PUT(name) static void put_##name(struct line *line, size_t argument __attribute__((unused)))

/* ---- of the alert itself ---- */

PUT(time)
{
	line_time(line, line->alert->time);
}

PUT(ecs_version)
{
	line_string(line, ECS_VERSION);
}

PUT(agent_name)
{
	line_string(line, "plimsoll");
}

PUT(agent_version)
{
	line_string(line, PLM_VERSION);
}

PUT(host_name)
{
	line_string(line, line->context->host_name);
}

PUT(kind)
{
	static const char *const names[] = {
		[ALERT_ALERT] = "alert", [ALERT_EVENT] = "event", [ALERT_STATE] = "state"
	};

	line_string(line, names[line->alert->kind]);
}

PUT(id)
{
	line_string(line, line->alert->id);
}

PUT(severity_number)
{
	line_number(line, severity_number(line->alert->severity));
}

/* A record is made when the call has succeeded. */
PUT(outcome)
{
	if (line->alert->event)
		line_string(line, "success");
}

PUT(category)
{
	line_words(line, line->view.category);
}

PUT(type)
{
	line_words(line, line->view.type);
}

PUT(action)
{
	line_string(line, line->alert->action);
}

PUT(rule_id)
{
	if (line->view.rule)
		line_string(line, line->view.rule->id);
}

PUT(rule_name)
{
	if (line->view.rule)
		line_string(line, line->view.rule->name);
}

PUT(message)
{
	line_string(line, line->alert->message);
}

/* ---- of the container ---- */

/* A string of struct container_facts. */
PUT(container)
{
	const struct container *container = line->alert->container;

	if (container)
		line_string(line, *(char *const *)((const char *)&container->facts + argument));
}

/* The same as an array of one. */
PUT(container_list)
{
	const struct container *container = line->alert->container;
	const char *const *text;

	if (!container)
		return;
	text = (const char *const *)((const char *)&container->facts + argument);
	line_list(line, text, *text && **text);
}

/* Of Kubernetes: Podman's pods have no namespace. */
static bool is_pod(const struct line *line)
{
	return line->alert->container && line->alert->container->facts.pod_namespace;
}

PUT(pod)
{
	if (is_pod(line))
		put_container(line, argument);
}

PUT(workload)
{
	if (line->alert->container)
		line_string(line, line->alert->container->workload);
}

PUT(orchestrator_type)
{
	if (is_pod(line))
		line_string(line, "kubernetes");
}

PUT(resource_type)
{
	if (is_pod(line))
		line_string(line, "pod");
}

PUT(cluster_name)
{
	line_string(line, line->context->cluster_name);
}

/* ---- of the process ---- */

PUT(pid)
{
	if (line->view.task && line->view.task->pid)
		line_number(line, line->view.task->pid);
}

/* A __u32 of struct plm_task that is never 0 where it is known. */
PUT(task_number)
{
	uint32_t value;

	if (!line->view.task)
		return;
	memcpy(&value, (const char *)line->view.task + argument, sizeof(value));
	if (value)
		line_number(line, value);
}

/* A uid or gid of struct plm_task: 0 is a value. */
PUT(task_id)
{
	uint32_t value;

	if (!line->view.task)
		return;
	memcpy(&value, (const char *)line->view.task + argument, sizeof(value));
	line_id(line, value);
}

PUT(entity_id)
{
	if (line->view.task)
		line_entity(line, line->view.task->pid, line->view.task->start);
}

PUT(process_name)
{
	line_text(line, line->view.name, line->view.name_size);
}

PUT(executable)
{
	line_string(line, line->view.executable);
}

PUT(args)
{
	line_list(line, line->alert->args, line->alert->args ? line->alert->argc : 0);
}

PUT(working_directory)
{
	if (line->alert->event)
		line_string(line, line->alert->event->exec.cwd);
}

PUT(start)
{
	if (line->view.task && line->view.task->start)
		line_time(line, (int64_t)line->view.task->start + line->alert->boot_offset);
}

PUT(tty_major)
{
	if (line->view.task && line->view.task->tty)
		line_number(line, line->view.task->tty >> 20);
}

PUT(tty_minor)
{
	if (line->view.task && line->view.task->tty)
		line_number(line, line->view.task->tty & 0xfffff);
}

PUT(interactive)
{
	const struct alert *alert = line->alert;

	if (!line->view.task)
		return;
	writer_at(&line->writer, line->path);
	writer_bool(&line->writer, line->view.task->tty || (alert->finding && alert->finding->interactive));
}

PUT(parent_entity_id)
{
	if (line->view.task)
		line_entity(line, line->view.task->parent_pid, line->view.task->parent_start);
}

PUT(parent_executable)
{
	line_string(line, line->view.parent_executable);
}

PUT(parent_name)
{
	if (line->view.parent_executable)
		line_string(line, view_base(line->view.parent_executable));
}

/* ---- of the file ---- */

PUT(file_path)
{
	line_string(line, line->view.path);
}

PUT(file_type)
{
	if (line->view.file)
		line_string(line, file_type_name(line->view.file->mode));
}

PUT(inode)
{
	if (line->view.file)
		line_id(line, line->view.file->inode);
}

PUT(device)
{
	char text[24];

	if (line->view.file)
		line_text(line, text,
			  snprintf(text, sizeof(text), "%u:%u", line->view.file->device >> 20,
				   line->view.file->device & 0xfffff));
}

PUT(size)
{
	if (line->view.file)
		line_number(line, line->view.file->size);
}

PUT(mode)
{
	char text[8];

	if (line->view.file && line->view.file->mode)
		line_text(line, text, snprintf(text, sizeof(text), "%04o", line->view.file->mode & 07777));
}

/* A uid or gid of struct plm_file. */
PUT(file_id)
{
	uint32_t value;

	if (!line->view.file)
		return;
	memcpy(&value, (const char *)line->view.file + argument, sizeof(value));
	line_id(line, value);
}

/* A time of struct plm_file. */
PUT(file_time)
{
	uint64_t value;

	if (!line->view.file)
		return;
	memcpy(&value, (const char *)line->view.file + argument, sizeof(value));
	if (value)
		line_time(line, (int64_t)value);
}

static const struct content *content_of(const struct line *line)
{
	return line->view.content;
}

static void line_digest(struct line *line, const struct digest *digest)
{
	char text[DIGEST_TEXT_MAX];

	if (digest->kind == DIGEST_NONE)
		return;
	digest_text(digest, text);
	line_string(line, text);
}

PUT(sha256)
{
	if (content_of(line))
		line_digest(line, &content_of(line)->digest);
}

/* A string of struct package_name. */
PUT(package)
{
	if (content_of(line))
		line_string(line, *(const char *const *)((const char *)&content_of(line)->package + argument));
}

/* ---- what ECS has no name for ---- */

PUT(expected)
{
	if (content_of(line) && !digest_equal(&content_of(line)->expected, &content_of(line)->digest))
		line_digest(line, &content_of(line)->expected);
}

PUT(copied_from)
{
	if (content_of(line))
		line_string(line, content_of(line)->copied_from);
}

PUT(writer_pid)
{
	if (line->view.writer)
		line_number(line, line->view.writer->pid);
}

PUT(writer_entity)
{
	if (line->view.writer)
		line_entity(line, line->view.writer->pid, line->view.writer->start);
}

PUT(writer_executable)
{
	if (line->view.writer)
		line_string(line, line->view.writer->executable);
}

PUT(writer_session)
{
	if (line->view.writer && line->view.writer->session)
		line_hex(line, line->view.writer->session, 1);
}

PUT(writer_time)
{
	if (line->view.writer && line->view.writer->time)
		line_time(line, (int64_t)line->view.writer->time + line->alert->boot_offset);
}

#define PACKAGES_SHOWN 64 /* of one kind; plimsoll.packages.total counts all */

static void put_named(struct json_writer *writer, const char *key, const char *value)
{
	if (!value)
		return;
	writer_key(writer, key, strlen(key));
	(void)writer_string(writer, value, strlen(value));
}

static void put_package_change(struct json_writer *writer, const struct package_change *change)
{
	writer_open(writer, '{');
	put_named(writer, "name", change->name);
	put_named(writer, "type", package_type_name(change->type));
	put_named(writer, "architecture", change->architecture);
	if (change->kind == PACKAGE_CHANGED) {
		put_named(writer, "from", change->from);
		put_named(writer, "to", change->to);
	} else {
		put_named(writer, "version", change->to ?: change->from);
	}
	writer_close(writer, '}');
}

/* Those of one enum package_change_kind. */
PUT(packages)
{
	const struct package_changes *changes = line->alert->finding ? line->alert->finding->packages : NULL;
	size_t shown = 0;

	if (!changes || !package_changes_of(changes, argument))
		return;
	writer_at(&line->writer, line->path);
	writer_open(&line->writer, '[');
	for (size_t i = 0; i < package_changes_count(changes) && shown < PACKAGES_SHOWN; i++) {
		const struct package_change change = package_changes_at(changes, i);

		if (change.kind != argument)
			continue;
		put_package_change(&line->writer, &change);
		shown++;
	}
	writer_close(&line->writer, ']');
}

PUT(packages_total)
{
	if (line->alert->finding && line->alert->finding->packages)
		line_number(line, package_changes_total(line->alert->finding->packages));
}

PUT(corrects)
{
	line_string(line, line->alert->corrects);
}

PUT(severity_name)
{
	line_string(line, severity_name(line->alert->severity));
}

PUT(layer)
{
	line_string(line, line->view.layer);
}

PUT(verdict)
{
	if (line->alert->finding)
		line_string(line, line->alert->finding->verdict);
}

PUT(cause)
{
	line_string(line, line->view.cause);
}

/* A uid or gid of struct plm_creds. */
PUT(before_id)
{
	uint32_t value;

	if (!line->view.before)
		return;
	memcpy(&value, (const char *)line->view.before + argument, sizeof(value));
	line_id(line, value);
}

/* Capabilities are told where they changed, as the mask that /proc/PID/status shows. */
static void line_capabilities(struct line *line, uint64_t mask)
{
	if (line->view.capabilities_changed)
		line_hex(line, mask, 16);
}

PUT(capabilities)
{
	uint64_t mask;

	if (!line->view.task)
		return;
	memcpy(&mask, (const char *)&line->view.task->creds + argument, sizeof(mask));
	line_capabilities(line, mask);
}

PUT(before_capabilities)
{
	uint64_t mask;

	if (!line->view.before)
		return;
	memcpy(&mask, (const char *)line->view.before + argument, sizeof(mask));
	line_capabilities(line, mask);
}

PUT(from)
{
	if (line->alert->event)
		line_string(line, line->alert->event->change.from);
}

PUT(session)
{
	uint64_t id = line->view.task ? line->view.task->session : 0;

	if (!id && line->alert->session)
		id = line->alert->session->id;
	if (id)
		line_hex(line, id, 1);
}

PUT(audit_id)
{
	if (line->alert->session && line->alert->session->audit_id[0])
		line_string(line, line->alert->session->audit_id);
}

PUT(duration)
{
	if (line->alert->duration)
		line_number(line, line->alert->duration);
}

/* ---- by which the session came in ---- */

PUT(leader_pid)
{
	if (line->alert->session)
		line_number(line, line->alert->session->pid);
}

PUT(leader_entity)
{
	if (line->alert->session)
		line_entity(line, line->alert->session->pid, line->alert->session->start);
}

PUT(leader_executable)
{
	if (line->alert->session)
		line_string(line, line->alert->session->executable);
}

/* As they are remembered (arguments.h), with what is no UTF-8 as U+FFFD and nowhere else. */
static void line_arguments(struct line *line, const struct arguments *args)
{
	writer_open(&line->writer, '[');
	for (size_t i = 0, at = 0; args && i < args->count; i++, at += strlen(args->text + at) + 1)
		(void)writer_string(&line->writer, args->text + at, strlen(args->text + at));
	writer_close(&line->writer, ']');
}

PUT(leader_args)
{
	const struct session *session = line->alert->session;

	if (!session || !session->args)
		return;
	writer_at(&line->writer, line->path);
	line_arguments(line, session->args);
}

PUT(leader_start)
{
	const struct session *session = line->alert->session;

	if (session && session->began)
		line_time(line, (int64_t)session->began + line->alert->boot_offset);
}

PUT(leader_user)
{
	if (line->alert->session)
		line_id(line, line->alert->session->user);
}

PUT(leader_tty_major)
{
	if (line->alert->session && line->alert->session->tty)
		line_number(line, line->alert->session->tty >> 20);
}

PUT(leader_tty_minor)
{
	if (line->alert->session && line->alert->session->tty)
		line_number(line, line->alert->session->tty & 0xfffff);
}

/* ---- from the parent up ---- */

static void ancestor_more(struct line *line, const struct alert_ancestor *ancestor)
{
	struct json_writer *writer = &line->writer;
	char text[TIME_RFC3339_SIZE];

	if (ancestor->start) {
		time_rfc3339((int64_t)ancestor->start + line->alert->boot_offset, text);
		writer_key(writer, "start", 5);
		(void)writer_string(writer, text, sizeof(text) - 1);
	}
	if (ancestor->has_user) {
		writer_key(writer, "user", 4);
		writer_open(writer, '{');
		writer_key(writer, "id", 2);
		writer_id(writer, ancestor->user);
		writer_close(writer, '}');
	}
	if (!ancestor->args)
		return;
	writer_key(writer, "args", 4);
	line_arguments(line, ancestor->args);
	if (!ancestor->args->cut)
		return;
	writer_key(writer, "truncated", 9);
	writer_bool(writer, true);
}

static void put_ancestor(struct line *line, const struct alert_ancestor *ancestor, bool *whole)
{
	struct json_writer *writer = &line->writer;
	char entity[ENTITY_SIZE];

	view_entity(ancestor->pid, ancestor->start, entity);
	writer_open(writer, '{');
	writer_key(writer, "pid", 3);
	writer_number(writer, ancestor->pid);
	writer_key(writer, "entity_id", 9);
	(void)writer_string(writer, entity, strlen(entity));
	if (ancestor->executable) {
		writer_key(writer, "executable", 10);
		*whole &= writer_string(writer, ancestor->executable, strlen(ancestor->executable));
	}
	ancestor_more(line, ancestor);
	writer_close(writer, '}');
}

PUT(ancestors)
{
	const struct alert_view *view = &line->view;
	bool whole = true;

	if (view->ancestor_count == 0)
		return;
	writer_at(&line->writer, line->path);
	writer_open(&line->writer, '[');
	for (size_t i = 0; i < view->ancestor_count; i++) {
		const char *executable = view->ancestors[i].executable;

		put_ancestor(line, &view->ancestors[i], &whole);
		line->ancestor_executables[i] = executable ? executable : "";
	}
	writer_close(&line->writer, ']');
	if (!whole)
		line_raw(line, (struct raw){ .list = line->ancestor_executables, .size = view->ancestor_count });
}

PUT(fold_id)
{
	if (line->alert->fold.id)
		line_hex(line, line->alert->fold.id, 16);
}

PUT(fold_count)
{
	if (line->alert->fold.id && line->alert->fold.count)
		line_number(line, line->alert->fold.count);
}

PUT(fold_first_seen)
{
	if (line->alert->fold.id && line->alert->fold.first_seen)
		line_time(line, line->alert->fold.first_seen);
}

PUT(fold_last_seen)
{
	if (line->alert->fold.id && line->alert->fold.last_seen)
		line_time(line, line->alert->fold.last_seen);
}

PUT(compliance_id)
{
	line_string(line, line->alert->compliance.id);
}

PUT(compliance_state)
{
	line_string(line, line->alert->compliance.state);
}

PUT(compliance_opened)
{
	if (line->alert->compliance.opened)
		line_time(line, line->alert->compliance.opened);
}

PUT(compliance_deadline)
{
	if (line->alert->compliance.deadline)
		line_time(line, line->alert->compliance.deadline);
}

PUT(ledger_head)
{
	line_string(line, line->alert->compliance.head);
}

PUT(truncated)
{
	line_list(line, line->view.truncated, line->view.truncated_count);
}

PUT(unlinked)
{
	if (!line->view.file || !(line->view.file->flags & PLM_FILE_UNLINKED))
		return;
	writer_at(&line->writer, line->path);
	writer_bool(&line->writer, true);
}

PUT(missing)
{
	if (!line->alert->event || !(line->alert->event->head_flags & PLM_MISSING))
		return;
	writer_at(&line->writer, line->path);
	writer_bool(&line->writer, true);
}

PUT(backend)
{
	line_string(line, line->view.backend);
}

PUT(allowed)
{
	line_string(line, line->alert->allowed);
}

/* Of a container that nobody could name, its cgroup is all there is to find it by. */
PUT(cgroup)
{
	const struct container *container = line->alert->container;

	if (container && !container->facts.id)
		line_string(line, container->cgroup_path);
}

PUT(state_kind)
{
	line_string(line, line->alert->state.kind);
}

PUT(state_count)
{
	if (line->alert->state.kind && line->alert->state.count)
		line_number(line, line->alert->state.count);
}

PUT(state_reason)
{
	line_string(line, line->alert->state.reason);
}

#define PACKAGE(name) offsetof(struct package_name, name)
#define FACT(name)    offsetof(struct container_facts, name)
#define TASK(name)    offsetof(struct plm_task, name)
#define CREDS(name)   offsetof(struct plm_creds, name)
#define FILE_(name)   offsetof(struct plm_file, name)

/* Fields of one object stand together (writer.h); `plimsoll` comes last, for plimsoll.raw ends it. */
// clang-format off
static const struct field fields[] = {
	{"@timestamp", put_time, 0},
	{"ecs.version", put_ecs_version, 0},
	{"agent.name", put_agent_name, 0},
	{"agent.version", put_agent_version, 0},
	{"host.name", put_host_name, 0},
	{"event.kind", put_kind, 0},
	{"event.id", put_id, 0},
	{"event.severity", put_severity_number, 0},
	{"event.outcome", put_outcome, 0},
	{"event.category", put_category, 0},
	{"event.type", put_type, 0},
	{"event.action", put_action, 0},
	{"event.duration", put_duration, 0},
	{"rule.id", put_rule_id, 0},
	{"rule.name", put_rule_name, 0},
	{"message", put_message, 0},
	{"container.id", put_container, FACT(id)},
	{"container.name", put_container, FACT(name)},
	{"container.runtime", put_container, FACT(runtime)},
	{"container.image.name", put_container, FACT(image_name)},
	{"container.image.tag", put_container_list, FACT(image_tag)},
	{"container.image.hash.all", put_container_list, FACT(image_digest)},
	{"orchestrator.type", put_orchestrator_type, 0},
	{"orchestrator.cluster.name", put_cluster_name, 0},
	{"orchestrator.namespace", put_pod, FACT(pod_namespace)},
	{"orchestrator.resource.id", put_pod, FACT(pod_uid)},
	{"orchestrator.resource.name", put_pod, FACT(pod_name)},
	{"orchestrator.resource.type", put_resource_type, 0},
	{"process.pid", put_pid, 0},
	{"process.vpid", put_task_number, TASK(vpid)},
	{"process.entity_id", put_entity_id, 0},
	{"process.name", put_process_name, 0},
	{"process.executable", put_executable, 0},
	{"process.args", put_args, 0},
	{"process.working_directory", put_working_directory, 0},
	{"process.start", put_start, 0},
	{"process.user.id", put_task_id, TASK(creds.euid)},
	{"process.real_user.id", put_task_id, TASK(creds.uid)},
	{"process.saved_user.id", put_task_id, TASK(creds.suid)},
	{"process.group.id", put_task_id, TASK(creds.egid)},
	{"process.real_group.id", put_task_id, TASK(creds.gid)},
	{"process.saved_group.id", put_task_id, TASK(creds.sgid)},
	{"process.thread.id", put_task_number, TASK(tid)},
	{"process.tty.char_device.major", put_tty_major, 0},
	{"process.tty.char_device.minor", put_tty_minor, 0},
	{"process.interactive", put_interactive, 0},
	{"process.parent.pid", put_task_number, TASK(parent_pid)},
	{"process.parent.entity_id", put_parent_entity_id, 0},
	{"process.parent.executable", put_parent_executable, 0},
	{"process.parent.name", put_parent_name, 0},
	{"process.entry_leader.pid", put_leader_pid, 0},
	{"process.entry_leader.entity_id", put_leader_entity, 0},
	{"process.entry_leader.executable", put_leader_executable, 0},
	{"process.entry_leader.args", put_leader_args, 0},
	{"process.entry_leader.start", put_leader_start, 0},
	{"process.entry_leader.user.id", put_leader_user, 0},
	{"process.entry_leader.tty.char_device.major", put_leader_tty_major, 0},
	{"process.entry_leader.tty.char_device.minor", put_leader_tty_minor, 0},
	{"file.path", put_file_path, 0},
	{"file.type", put_file_type, 0},
	{"file.inode", put_inode, 0},
	{"file.device", put_device, 0},
	{"file.size", put_size, 0},
	{"file.mode", put_mode, 0},
	{"file.uid", put_file_id, FILE_(uid)},
	{"file.gid", put_file_id, FILE_(gid)},
	{"file.mtime", put_file_time, FILE_(mtime)},
	{"file.ctime", put_file_time, FILE_(ctime)},
	{"file.hash.sha256", put_sha256, 0},
	{"package.name", put_package, PACKAGE(name)},
	{"package.version", put_package, PACKAGE(version)},
	{"package.type", put_package, PACKAGE(type)},
	{"plimsoll.severity", put_severity_name, 0},
	{"plimsoll.layer", put_layer, 0},
	{"plimsoll.unlinked", put_unlinked, 0},
	{"plimsoll.verdict", put_verdict, 0},
	{"plimsoll.expected", put_expected, 0},
	{"plimsoll.copied_from", put_copied_from, 0},
	{"plimsoll.writer.pid", put_writer_pid, 0},
	{"plimsoll.writer.entity_id", put_writer_entity, 0},
	{"plimsoll.writer.executable", put_writer_executable, 0},
	{"plimsoll.writer.session", put_writer_session, 0},
	{"plimsoll.writer.time", put_writer_time, 0},
	{"plimsoll.cause", put_cause, 0},
	{"plimsoll.capabilities.effective", put_capabilities, CREDS(cap_effective)},
	{"plimsoll.capabilities.permitted", put_capabilities, CREDS(cap_permitted)},
	{"plimsoll.before.user.id", put_before_id, CREDS(euid)},
	{"plimsoll.before.real_user.id", put_before_id, CREDS(uid)},
	{"plimsoll.before.saved_user.id", put_before_id, CREDS(suid)},
	{"plimsoll.before.group.id", put_before_id, CREDS(egid)},
	{"plimsoll.before.real_group.id", put_before_id, CREDS(gid)},
	{"plimsoll.before.saved_group.id", put_before_id, CREDS(sgid)},
	{"plimsoll.before.capabilities.effective", put_before_capabilities, CREDS(cap_effective)},
	{"plimsoll.before.capabilities.permitted", put_before_capabilities, CREDS(cap_permitted)},
	{"plimsoll.from", put_from, 0},
	{"plimsoll.session", put_session, 0},
	{"plimsoll.audit_id", put_audit_id, 0},
	{"plimsoll.ancestors", put_ancestors, 0},
	{"plimsoll.fold.id", put_fold_id, 0},
	{"plimsoll.fold.count", put_fold_count, 0},
	{"plimsoll.fold.first_seen", put_fold_first_seen, 0},
	{"plimsoll.fold.last_seen", put_fold_last_seen, 0},
	{"plimsoll.compliance.id", put_compliance_id, 0},
	{"plimsoll.compliance.state", put_compliance_state, 0},
	{"plimsoll.compliance.opened", put_compliance_opened, 0},
	{"plimsoll.compliance.deadline", put_compliance_deadline, 0},
	{"plimsoll.ledger.head", put_ledger_head, 0},
	{"plimsoll.truncated", put_truncated, 0},
	{"plimsoll.missing", put_missing, 0},
	{"plimsoll.backend", put_backend, 0},
	{"plimsoll.corrects", put_corrects, 0},
	{"plimsoll.packages.total", put_packages_total, 0},
	{"plimsoll.packages.added", put_packages, PACKAGE_ADDED},
	{"plimsoll.packages.removed", put_packages, PACKAGE_REMOVED},
	{"plimsoll.packages.changed", put_packages, PACKAGE_CHANGED},
	{"plimsoll.allowed", put_allowed, 0},
	{"plimsoll.workload", put_workload, 0},
	{"plimsoll.cgroup", put_cgroup, 0},
	{"plimsoll.state.kind", put_state_kind, 0},
	{"plimsoll.state.count", put_state_count, 0},
	{"plimsoll.state.reason", put_state_reason, 0},
};
// clang-format on

const char *alert_field(size_t index)
{
	return index < ARRAY_SIZE(fields) ? fields[index].path : NULL;
}

/* plimsoll.raw.FIELD: the bytes as they were, in base64; of a list all members, in their order. */
static void line_put_raw(struct line *line, const struct raw *raw)
{
	char path[WRITER_PATH_MAX];

	(void)snprintf(path, sizeof(path), "plimsoll.raw.%s", raw->path);
	writer_at(&line->writer, path);
	if (!raw->list) {
		writer_base64(&line->writer, raw->text, raw->size);
		return;
	}
	writer_open(&line->writer, '[');
	for (size_t i = 0; i < raw->size; i++)
		writer_base64(&line->writer, raw->list[i], strlen(raw->list[i]));
	writer_close(&line->writer, ']');
}

int alert_to_json(const struct alert *alert, const struct output_context *context, struct buffer *line)
{
	struct line state;
	size_t before = line->size;
	int r;

	state.alert = alert;
	state.context = context;
	state.raw_count = 0;
	view_alert(alert, &state.view);
	writer_begin(&state.writer, line);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		state.path = fields[i].path;
		fields[i].put(&state, fields[i].argument);
	}
	for (size_t i = 0; i < state.raw_count; i++)
		line_put_raw(&state, &state.raws[i]);
	writer_end(&state.writer);
	buffer_byte(line, '\n');
	r = line->error;
	if (r < 0)
		buffer_rewind(line, before);
	return r;
}
