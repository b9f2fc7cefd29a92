// SPDX-License-Identifier: Apache-2.0
#include "output/view.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "decode/names.h"

/* What an event without a finding is in ECS's words. */
struct ecs_kind {
	const char *category, *type;
};

static const struct ecs_kind kinds[PLM_KINDS] = {
	[PLM_BIRTH] = { "process", "info" },    [PLM_START] = { "process", "start" },
	[PLM_EXEC] = { "process", "start" },    [PLM_TASK] = { "process", "info" },
	[PLM_CHANGE] = { "file", "change" },    [PLM_IDENTITY] = { "iam", "change" },
	[PLM_MAPPING] = { "library", "start" }, [PLM_LEAVE] = { "process", "change" },
	[PLM_BLIND] = { "process", "info" },
};

/* By operation; the others are changes. */
static const char *const change_types[PLM_OPS] = {
	[PLM_OP_OPEN_WRITE] = "access", [PLM_OP_CREATE] = "creation", [PLM_OP_TMPFILE] = "creation",
	[PLM_OP_MKDIR] = "creation",    [PLM_OP_LINK] = "creation",   [PLM_OP_SYMLINK] = "creation",
	[PLM_OP_MKNOD] = "creation",    [PLM_OP_UNLINK] = "deletion", [PLM_OP_RMDIR] = "deletion",
};

/* The name of a value that came out of a record: NULL beyond the table. */
#define NAME_OF(names, value) ((size_t)(value) < ARRAY_SIZE(names) ? (names)[(value)] : NULL)

void view_entity(uint32_t pid, uint64_t start, char ret_text[static ENTITY_SIZE])
{
	(void)snprintf(ret_text, ENTITY_SIZE, "%x-%llx", pid, (unsigned long long)start);
}

const char *view_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

static bool has_program(const struct event *event)
{
	return event->kind == PLM_EXEC || event->kind == PLM_TASK;
}

static bool has_file(const struct event *event)
{
	return has_program(event) || event->kind == PLM_CHANGE || event->kind == PLM_MAPPING;
}

static void view_words(const struct alert *alert, struct alert_view *view)
{
	const struct event *event = alert->event;

	if (alert->finding && alert->kind != ALERT_STATE)
		view->rule = rule_info(alert->finding->rule);
	if (view->rule) {
		view->category = view->rule->category;
		view->type = view->rule->type;
	} else if (event && (size_t)event->kind < ARRAY_SIZE(kinds)) {
		const char *type = event->kind == PLM_CHANGE ? NAME_OF(change_types, event->change.op) : NULL;

		view->category = kinds[event->kind].category;
		view->type = type ? type : kinds[event->kind].type;
	} else {
		view->type = "info";
	}
}

static void view_process(const struct alert *alert, struct alert_view *view)
{
	const struct event *event = alert->event;
	const struct facts *facts = alert->facts;

	if (!event || event->kind == PLM_BIRTH || (event->backend == PLM_BACKEND_DISK && event->task.pid == 0))
		return;
	view->task = &event->task;
	view->executable = facts && facts->executable ? facts->executable : has_program(event) ? event->path : NULL;
	view->name = view->executable ? view_base(view->executable) : event->task.comm;
	view->name_size = view->executable ? strlen(view->name) : strnlen(view->name, sizeof(event->task.comm));
	view->parent_executable = facts ? facts->parent_executable : NULL;
}

static void view_file(const struct alert *alert, struct alert_view *view)
{
	const struct finding *finding = alert->finding;
	const struct event *event = alert->event;
	bool own = event && has_file(event);
	unsigned int layer;

	view->path = finding ? finding->path : own ? event->path : NULL;
	view->file = finding ? finding->file : own ? &event->file : NULL;
	if (view->file && view->file->inode == 0)
		view->file = NULL;
	layer = finding ? finding->layer : own ? event->file.layer : PLM_LAYER_UNKNOWN;
	view->layer = layer_name(layer);
	view->content = finding ? finding->content : own && alert->facts ? &alert->facts->content : NULL;
	view->writer = finding ? finding->writer : own && alert->facts ? alert->facts->writer : NULL;
}

static bool same_ids(const struct plm_creds *a, const struct plm_creds *b)
{
	return a->uid == b->uid && a->euid == b->euid && a->suid == b->suid && a->fsuid == b->fsuid &&
	       a->gid == b->gid && a->egid == b->egid && a->sgid == b->sgid && a->fsgid == b->fsgid;
}

static void view_identity(const struct alert *alert, struct alert_view *view)
{
	const struct event *event = alert->event;
	const struct plm_creds *after;

	view->cause = alert->finding ? alert->finding->cause : NULL;
	if (!event || (event->kind != PLM_EXEC && event->kind != PLM_IDENTITY))
		return;
	if (!alert->finding)
		view->cause = cause_name(event->task.cause);
	after = &event->task.creds;
	view->capabilities_changed = event->before.cap_effective != after->cap_effective ||
				     event->before.cap_permitted != after->cap_permitted;
	if (event->kind == PLM_IDENTITY || view->capabilities_changed || !same_ids(&event->before, after))
		view->before = &event->before;
}

static void view_ancestors(const struct alert *alert, struct alert_view *view)
{
	size_t count = alert->ancestors ? alert->ancestor_count : 0;

	if (count > PLM_ANCESTORS)
		count = PLM_ANCESTORS;
	for (size_t i = 0; i < count; i++)
		view->ancestors[view->ancestor_count++] = alert->ancestors[i];
	if (alert->ancestors || !alert->event || alert->event->kind != PLM_EXEC)
		return;
	for (size_t i = 0; i < PLM_ANCESTORS && alert->event->exec.ancestors[i].pid; i++) {
		const struct plm_ancestor *from = &alert->event->exec.ancestors[i];

		view->ancestors[view->ancestor_count++] = (struct alert_ancestor){
			.start = from->start,
			.pid = from->pid,
			.executable = i == 0 ? view->parent_executable : NULL,
		};
	}
}

static void view_cuts(const struct event *event, struct alert_view *view)
{
	bool program = has_program(event);
	bool input = view->path && view->path == event->exec.input_path;
	const struct {
		uint32_t flag;
		bool applies;
		const char *field;
	} rows[] = {
		{ PLM_CUT_PATH, program, "process.executable" },
		{ PLM_CUT_PATH | (program ? 0 : PLM_CUT_NAME), view->path && !input, "file.path" },
		{ PLM_CUT_INPUT, input, "file.path" },
		{ PLM_CUT_FROM, true, "plimsoll.from" },
		{ PLM_CUT_CWD, true, "process.working_directory" },
		{ PLM_CUT_ARGS, !view->truncated_count, "process.args" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if ((event->head_flags & rows[i].flag) && rows[i].applies)
			view->truncated[view->truncated_count++] = rows[i].field;
}

void view_alert(const struct alert *alert, struct alert_view *ret_view)
{
	struct alert_view view = { 0 };

	view_words(alert, &view);
	view_process(alert, &view);
	view_file(alert, &view);
	view_identity(alert, &view);
	view_ancestors(alert, &view);
	if (alert->args_cut)
		view.truncated[view.truncated_count++] = "process.args";
	if (alert->event) {
		view_cuts(alert->event, &view);
		view.backend = backend_name(alert->event->backend);
	}
	*ret_view = view;
}
