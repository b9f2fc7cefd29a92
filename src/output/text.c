// SPDX-License-Identifier: Apache-2.0
#include "output/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "output/escape.h"
#include "output/time.h"
#include "output/view.h"

#define RULE_WIDTH 20
#define SHORT_ID   12 /* of a container's, as its runtime prints it */
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
	const struct alert *alert;
	struct alert_view view;
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

/* What it is, in a column: the rule; for an event what was done; for the agent itself "plimsoll". */
static void put_rule(struct text_line *line)
{
	size_t before = line->out->size;

	if (line->view.rule)
		buffer_string(line->out, line->view.rule->id);
	else
		escape_append(line->out, line->alert->kind == ALERT_STATE ? "plimsoll" : line->alert->action,
			      ESCAPE_WORD);
	while (line->out->size < before + RULE_WIDTH && line->out->error == 0)
		buffer_byte(line->out, ' ');
	buffer_byte(line->out, ' ');
}

static void put_short_id(struct text_line *line, const char *id)
{
	char text[SHORT_ID + 1];

	(void)snprintf(text, sizeof(text), "%s", id);
	escape_append(line->out, text, ESCAPE_WORD);
}

static void put_pod(struct text_line *line, const struct container_facts *facts)
{
	if (!facts->pod_name)
		return;
	escape_append(line->out, facts->pod_namespace ? facts->pod_namespace : "-", ESCAPE_WORD);
	buffer_byte(line->out, '/');
	escape_append(line->out, facts->pod_name, ESCAPE_WORD);
	buffer_byte(line->out, '/');
}

static void put_image(struct text_line *line, const struct container_facts *facts)
{
	if (!facts->image_name)
		return;
	buffer_string(line->out, "(");
	escape_append(line->out, facts->image_name, ESCAPE_WORD);
	if (facts->image_tag) {
		buffer_byte(line->out, ':');
		escape_append(line->out, facts->image_tag, ESCAPE_WORD);
	}
	buffer_string(line->out, ") ");
}

static void put_container(struct text_line *line)
{
	const struct container *container = line->alert->container;
	const struct container_facts *facts;

	if (!container)
		return;
	facts = &container->facts;
	put_pod(line, facts);
	if (facts->name)
		escape_append(line->out, facts->name, ESCAPE_WORD);
	else if (facts->id)
		put_short_id(line, facts->id);
	else
		escape_append(line->out, container->cgroup_path ? view_base(container->cgroup_path) : "?", ESCAPE_WORD);
	buffer_byte(line->out, ' ');
	put_image(line, facts);
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
	const struct plm_creds *creds = &line->view.task->creds;
	char text[48];

	if (line->view.before && line->view.before->euid != creds->euid)
		(void)snprintf(text, sizeof(text), " user=%u->%u", line->view.before->euid, creds->euid);
	else if (creds->uid != creds->euid)
		(void)snprintf(text, sizeof(text), " user=%u(%u)", creds->euid, creds->uid);
	else
		(void)snprintf(text, sizeof(text), " user=%u", creds->euid);
	buffer_string(line->out, text);
}

static void put_process(struct text_line *line)
{
	char text[16];

	if (!line->view.task)
		return;
	(void)snprintf(text, sizeof(text), " pid=%u", line->view.task->pid);
	buffer_string(line->out, text);
	put_user(line);
	put_evidence(line, "exe", line->view.executable);
	put_evidence(line, "parent", line->view.parent_executable);
}

static void put_rest(struct text_line *line)
{
	const struct alert *alert = line->alert;
	char count[32] = "";

	if (line->view.path && (!line->view.executable || strcmp(line->view.path, line->view.executable) != 0))
		put_evidence(line, "file", line->view.path);
	if (line->view.content)
		put_evidence(line, "package", line->view.content->package.name);
	if (line->view.writer)
		put_evidence(line, "writer", line->view.writer->executable);
	if (alert->event)
		put_evidence(line, "from", alert->event->change.from);
	if (alert->fold.id && alert->fold.count > 1)
		(void)snprintf(count, sizeof(count), " count=%llu", (unsigned long long)alert->fold.count);
	buffer_string(line->out, count);
	put_evidence(line, "reason", alert->state.reason);
	put_evidence(line, "allowed", alert->allowed);
	if (line->view.truncated_count > 0)
		buffer_string(line->out, " (cut)");
}

int alert_to_text(const struct alert *alert, bool colour, struct buffer *line)
{
	struct text_line state = { .out = line, .alert = alert, .colour = colour };
	size_t before = line->size;
	char time[TIME_LOCAL_SIZE];
	int r;

	view_alert(alert, &state.view);
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

bool text_wants_colour(int fd)
{
	const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fd) && !(refused && *refused) && !(terminal && strcmp(terminal, "dumb") == 0);
}
