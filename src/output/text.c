// SPDX-License-Identifier: Apache-2.0
#include "output/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "output/escape.h"
#include "output/time.h"
#include "output/view.h"

#define RULE_WIDTH 20
#define PLAIN      "\033[0m"
#define DIM        "\033[2m"

static const struct {
	const char *label; /* padded */
	const char *colour;
} severities[SEVERITIES] = {
	[SEVERITY_INFO] = { "info    ", "\033[2m" },           [SEVERITY_LOW] = { "low     ", "\033[36m" },
	[SEVERITY_MEDIUM] = { "MEDIUM  ", "\033[33m" },        [SEVERITY_HIGH] = { "HIGH    ", "\033[31m" },
	[SEVERITY_CRITICAL] = { "CRITICAL", "\033[1;97;41m" },
};

struct text_line {
	struct buffer *out;
	const struct text_alert *alert;
	bool colour;
};

static void put_colour(struct text_line *line, const char *sequence)
{
	if (line->colour)
		buffer_string(line->out, sequence);
}

static void put_severity(struct text_line *line)
{
	buffer_byte(line->out, ' ');
	put_colour(line, severities[line->alert->severity].colour);
	buffer_string(line->out, severities[line->alert->severity].label);
	put_colour(line, PLAIN);
	buffer_byte(line->out, ' ');
}

static void put_rule(struct text_line *line)
{
	size_t before = line->out->size;

	escape_append(line->out, line->alert->what, ESCAPE_WORD);
	while (line->out->size < before + RULE_WIDTH && line->out->error == 0)
		buffer_byte(line->out, ' ');
	buffer_byte(line->out, ' ');
}

static void put_pod(struct text_line *line)
{
	if (!line->alert->pod_name)
		return;
	escape_append(line->out, line->alert->pod_namespace ? line->alert->pod_namespace : "-", ESCAPE_WORD);
	buffer_byte(line->out, '/');
	escape_append(line->out, line->alert->pod_name, ESCAPE_WORD);
	buffer_byte(line->out, '/');
}

static void put_image(struct text_line *line)
{
	if (!line->alert->image_name)
		return;
	buffer_string(line->out, "(");
	escape_append(line->out, line->alert->image_name, ESCAPE_WORD);
	if (line->alert->image_tag) {
		buffer_byte(line->out, ':');
		escape_append(line->out, line->alert->image_tag, ESCAPE_WORD);
	}
	buffer_string(line->out, ") ");
}

static void put_container(struct text_line *line)
{
	if (!line->alert->container)
		return;
	put_pod(line);
	escape_append(line->out, line->alert->container, ESCAPE_WORD);
	buffer_byte(line->out, ' ');
	put_image(line);
}

/* " name=value"; not where the message says it already. */
static void put_evidence(struct text_line *line, const char *name, const char *value)
{
	if (!value || !*value || strstr(line->alert->message, value))
		return;
	buffer_byte(line->out, ' ');
	buffer_string(line->out, name);
	buffer_byte(line->out, '=');
	escape_append(line->out, value, ESCAPE_WORD);
}

static void put_user(struct text_line *line)
{
	const struct text_alert *alert = line->alert;
	char text[48];

	if (alert->has_before && alert->before_user != alert->user)
		(void)snprintf(text, sizeof(text), " user=%u->%u", alert->before_user, alert->user);
	else if (alert->real_user != alert->user)
		(void)snprintf(text, sizeof(text), " user=%u(%u)", alert->user, alert->real_user);
	else
		(void)snprintf(text, sizeof(text), " user=%u", alert->user);
	buffer_string(line->out, text);
}

static void put_process(struct text_line *line)
{
	char text[16];

	if (!line->alert->has_process)
		return;
	(void)snprintf(text, sizeof(text), " pid=%u", line->alert->pid);
	buffer_string(line->out, text);
	put_user(line);
	put_evidence(line, "exe", line->alert->executable);
	put_evidence(line, "parent", line->alert->parent_executable);
}

static void put_rest(struct text_line *line)
{
	const struct text_alert *alert = line->alert;
	char count[32] = "";

	if (alert->path && (!alert->executable || strcmp(alert->path, alert->executable) != 0))
		put_evidence(line, "file", alert->path);
	put_evidence(line, "package", alert->package);
	put_evidence(line, "writer", alert->writer);
	put_evidence(line, "from", alert->from);
	if (alert->count > 1)
		(void)snprintf(count, sizeof(count), " count=%llu", (unsigned long long)alert->count);
	buffer_string(line->out, count);
	put_evidence(line, "reason", alert->reason);
	put_evidence(line, "allowed", alert->allowed);
	if (alert->cut)
		buffer_string(line->out, " (cut)");
}

int text_line(const struct text_alert *alert, bool colour, struct buffer *line)
{
	struct text_line state = { .out = line, .alert = alert, .colour = colour };
	size_t before = line->size;
	char time[TIME_LOCAL_SIZE];
	int r;

	time_local(alert->time, time);
	buffer_string(line, time);
	put_severity(&state);
	put_rule(&state);
	put_container(&state);
	escape_append(line, alert->message, ESCAPE_TEXT);
	buffer_byte(line, ' ');
	put_colour(&state, DIM);
	put_process(&state);
	put_rest(&state);
	put_colour(&state, PLAIN);
	buffer_byte(line, '\n');
	r = line->error;
	if (r < 0)
		buffer_rewind(line, before);
	return r;
}

/* ---- from an alert ---- */

static void text_container(struct text_alert *text, const struct container *container)
{
	const struct container_facts *facts;

	if (!container)
		return;
	facts = &container->facts;
	text->pod_namespace = facts->pod_namespace;
	text->pod_name = facts->pod_name;
	text->image_name = facts->image_name;
	text->image_tag = facts->image_tag;
	if (facts->id)
		(void)snprintf(text->short_id, sizeof(text->short_id), "%s", facts->id);
	if (facts->name)
		text->container = facts->name;
	else if (facts->id)
		text->container = text->short_id;
	else
		text->container = container->cgroup_path ? view_base(container->cgroup_path) : "?";
}

static void text_process(struct text_alert *text, const struct alert_view *view)
{
	if (!view->task)
		return;
	text->has_process = true;
	text->pid = view->task->pid;
	text->user = view->task->creds.euid;
	text->real_user = view->task->creds.uid;
	text->has_before = view->before;
	text->before_user = view->before ? view->before->euid : 0;
	text->executable = view->executable;
	text->parent_executable = view->parent_executable;
}

/* What it is: the rule; for an event what was done; for the agent itself "plimsoll". */
static const char *text_what(const struct alert *alert, const struct alert_view *view)
{
	if (view->rule)
		return view->rule->id;
	return alert->kind == ALERT_STATE ? "plimsoll" : alert->action;
}

int alert_to_text(const struct alert *alert, bool colour, struct buffer *line)
{
	struct text_alert text = {
		.time = alert->time,
		.severity = alert->severity,
		.message = alert->message,
		.from = alert->event ? alert->event->change.from : NULL,
		.count = alert->fold.id ? alert->fold.count : 0,
		.reason = alert->state.reason,
		.allowed = alert->allowed,
	};
	struct alert_view view;

	view_alert(alert, &view);
	text.what = text_what(alert, &view);
	text_container(&text, alert->container);
	text_process(&text, &view);
	text.path = view.path;
	text.package = view.content ? view.content->package.name : NULL;
	text.writer = view.writer ? view.writer->executable : NULL;
	text.cut = view.truncated_count > 0;
	return text_line(&text, colour, line);
}

bool text_wants_colour(int fd)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fd) && !(refused && *refused) && !(terminal && strcmp(terminal, "dumb") == 0);
}
