// SPDX-License-Identifier: Apache-2.0
#include "tail/pick.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/line.h"
#include "output/field.h"
#include "policy/image.h"

#define SHORT_TEXT 64 /* of a field that is looked at without parsing, with its NUL */

static bool container_fits(const struct pick *pick, const json_t *alert)
{
	const char *name = field_text(alert, "container.name"), *id = field_text(alert, "container.id");

	if (!pick->container)
		return true;
	if (pick->container_id && id && !strncmp(id, pick->container_id, strlen(pick->container_id)))
		return true;
	return pattern_match(pick->container, name) || pattern_match(pick->container, id);
}

static bool image_fits(const struct pick *pick, const json_t *alert)
{
	const char *name = field_text(alert, "container.image.name"), *tag = field_text(alert, "container.image.tag");
	struct image_names names = { 0 };
	char image[IMAGE_NAME_MAX + 1];

	if (!pick->image)
		return true;
	if (!name ||
	    snprintf(image, sizeof(image), "%s%s%s", name, tag ? ":" : "", tag ? tag : "") >= (int)sizeof(image))
		return pattern_match(pick->image, name);
	image_names_fill(image, &names);
	for (size_t i = 0; i < names.count; i++)
		if (pattern_match(pick->image, names.names[i]))
			return true;
	return false;
}

static bool field_fits(const struct pattern *pattern, const json_t *alert, const char *path)
{
	return !pattern || pattern_match(pattern, field_text(alert, path));
}

static bool severity_fits(const struct pick *pick, const json_t *alert)
{
	const char *name = field_text(alert, "plimsoll.severity");
	int severity = name ? severity_from_name(name) : -ENOENT;

	return pick->severity == SEVERITY_INFO || severity >= (int)pick->severity;
}

static bool alert_fits(const struct pick *pick, const json_t *alert)
{
	return severity_fits(pick, alert) && field_fits(pick->rule, alert, "rule.id") && container_fits(pick, alert) &&
	       field_fits(pick->namespace, alert, "orchestrator.namespace") &&
	       field_fits(pick->pod, alert, "orchestrator.resource.name") && image_fits(pick, alert) &&
	       (!pick->filter || filter_match(pick->filter, alert));
}

static bool asks_fields(const struct pick *pick)
{
	return pick->container || pick->pod || pick->namespace || pick->image || pick->rule || pick->filter ||
	       pick->severity != SEVERITY_INFO;
}

/*
 * The text behind `before`, up to its closing quote: a field as output/json.c writes it, found without parsing. In a string
 * the quotes of `before` would be escaped. False: it is not there, or is none that is short and plain.
 */
static bool text_behind(const char *line, size_t size, const char *before, char ret_text[static SHORT_TEXT])
{
	const char *at = memmem(line, size, before, strlen(before)), *end;
	size_t length;

	if (!at)
		return false;
	at += strlen(before);
	end = memchr(at, '"', size - (size_t)(at - line));
	length = end ? (size_t)(end - at) : SHORT_TEXT;
	if (length >= SHORT_TEXT || memchr(at, '\\', length))
		return false;
	memcpy(ret_text, at, length);
	ret_text[length] = '\0';
	return true;
}

/* False: it is plain without parsing that the line does not fit. That is most lines, where little is looked for. */
static bool line_may_fit(const struct pick *pick, const char *line, size_t size)
{
	char text[SHORT_TEXT];

	if (pick->severity != SEVERITY_INFO && text_behind(line, size, "\"plimsoll\":{\"severity\":\"", text) &&
	    severity_from_name(text) < (int)pick->severity)
		return false;
	return !pick->rule || !text_behind(line, size, "\"rule\":{\"id\":\"", text) || pattern_match(pick->rule, text);
}

int pick_line(struct pick *pick, const char *line, size_t size, json_t **ret_alert)
{
	const char *time = line_time(line, size);
	json_auto_t *alert = NULL;

	if (pick->until[0] && time && memcmp(time, pick->until, LINE_TIME_SIZE) >= 0)
		return 0;
	*ret_alert = NULL;
	if (!pick->parse && !asks_fields(pick))
		return 1;
	if (!line_may_fit(pick, line, size))
		return 0;
	alert = json_loadb(line, size, 0, NULL);
	if (!alert) {
		pick->unreadable++;
		return 0;
	}
	if (!alert_fits(pick, alert))
		return 0;
	*ret_alert = take_ptr(alert);
	return 1;
}
