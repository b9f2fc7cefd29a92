// SPDX-License-Identifier: Apache-2.0
#include "output/text_json.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "output/field.h"
#include "output/time.h"
#include "output/view.h"

static const struct {
	const char *path;
	size_t offset; /* of a string of struct text_alert */
} texts[] = {
	{ "message", offsetof(struct text_alert, message) },
	{ "orchestrator.namespace", offsetof(struct text_alert, pod_namespace) },
	{ "orchestrator.resource.name", offsetof(struct text_alert, pod_name) },
	{ "container.image.name", offsetof(struct text_alert, image_name) },
	{ "container.image.tag", offsetof(struct text_alert, image_tag) },
	{ "process.executable", offsetof(struct text_alert, executable) },
	{ "process.parent.executable", offsetof(struct text_alert, parent_executable) },
	{ "file.path", offsetof(struct text_alert, path) },
	{ "package.name", offsetof(struct text_alert, package) },
	{ "plimsoll.writer.executable", offsetof(struct text_alert, writer) },
	{ "plimsoll.from", offsetof(struct text_alert, from) },
	{ "plimsoll.state.reason", offsetof(struct text_alert, reason) },
	{ "plimsoll.allowed", offsetof(struct text_alert, allowed) },
};

static uint64_t number_at(const json_t *object, const char *path)
{
	json_int_t number = json_integer_value(field_at(object, path));

	return number > 0 ? (uint64_t)number : 0;
}

/* Ids are text. */
static uint32_t id_at(const json_t *object, const char *path)
{
	const char *text = field_text(object, path);

	return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static void container_take(const json_t *object, struct text_alert *text)
{
	const char *name = field_text(object, "container.name"), *id = field_text(object, "container.id");
	const char *cgroup = field_text(object, "plimsoll.cgroup");

	(void)snprintf(text->short_id, sizeof(text->short_id), "%s", id ? id : "");
	text->container = name ? name : id ? text->short_id : cgroup ? view_base(cgroup) : NULL;
}

static void process_take(const json_t *object, struct text_alert *text)
{
	if (!field_at(object, "process.user.id"))
		return;
	text->has_process = true;
	text->has_before = field_at(object, "plimsoll.before.user.id");
	text->pid = (uint32_t)number_at(object, "process.pid");
	text->user = id_at(object, "process.user.id");
	text->real_user = id_at(object, "process.real_user.id");
	text->before_user = id_at(object, "plimsoll.before.user.id");
}

static const char *what_at(const json_t *object)
{
	const char *rule = field_text(object, "rule.id"), *kind = field_text(object, "event.kind");
	const char *action = field_text(object, "event.action");

	return rule ? rule : kind && !strcmp(kind, "state") ? "plimsoll" : action ? action : "-";
}

int text_of_json(const json_t *object, struct text_alert *ret_text)
{
	const char *time = field_text(object, "@timestamp"), *severity = field_text(object, "plimsoll.severity");
	struct text_alert text = { .what = what_at(object), .count = number_at(object, "plimsoll.fold.count") };
	int level = severity ? severity_from_name(severity) : -ENOENT;

	if (!time || strlen(time) != TIME_RFC3339_SIZE - 1 || time_from_rfc3339(time, &text.time) < 0)
		return -EBADMSG;
	text.severity = level < 0 ? SEVERITY_INFO : (enum severity)level;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*(const char **)((char *)&text + texts[i].offset) = field_text(object, texts[i].path);
	if (!text.message)
		return -EBADMSG;
	process_take(object, &text);
	text.cut = field_at(object, "plimsoll.truncated");
	*ret_text = text;
	container_take(object, ret_text);
	return 0;
}
