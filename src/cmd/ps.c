// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "control/control.h"
#include "output/buffer.h"
#include "output/escape.h"

#define ANSWER_MS 30000

/* A string by its path in the answer, "-" where it is absent. */
static const char *text_at(const json_t *object, const char *first, const char *second)
{
	const json_t *value = json_object_get(json_object_get(object, first), second);

	return json_string_value(value) ?: "-";
}

static const char *image_at(const json_t *container)
{
	return text_at(container, "image", "name");
}

static json_int_t count_at(const json_t *plimsoll, const char *group, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(plimsoll, group), name));
}

static void row_print(const json_t *entry)
{
	const json_t *container = json_object_get(entry, "container"), *plimsoll = json_object_get(entry, "plimsoll");
	const json_t *tags = json_object_get(json_object_get(container, "image"), "tag");
	char image[64], findings[64];
	const char *tag;

	tag = json_string_value(json_array_get(tags, 0));
	(void)snprintf(image, sizeof(image), "%s%s%s", image_at(container), tag ? ":" : "", tag ?: "");
	(void)snprintf(findings, sizeof(findings), "%lld/%lld/%lld/%lld", count_at(plimsoll, "findings", "critical"),
		       count_at(plimsoll, "findings", "high"), count_at(plimsoll, "findings", "medium"),
		       count_at(plimsoll, "findings", "low"));
	(void)printf("%-12.12s  %-20.20s  %-26.26s  %-8.8s  %-14s  %s\n", text_at(entry, "container", "id"),
		     text_at(entry, "container", "name"), image, text_at(entry, "plimsoll", "state"), findings,
		     count_at(plimsoll, "events", "lost") ? "events lost" : "complete");
}

static int table_print(const char *text)
{
	json_error_t error;
	json_t *answer = json_loads(text, 0, &error);
	const json_t *list = json_object_get(answer, "containers"), *entry;
	size_t i;

	if (!json_is_array(list)) {
		json_decref(answer);
		log_error("the agent's answer is not what this version understands");
		return EXIT_RUNTIME;
	}
	(void)printf("%-12s  %-20s  %-26s  %-8s  %-14s  %s\n", "ID", "NAME", "IMAGE", "STATE", "C/H/M/L", "EVENTS");
	json_array_foreach (list, i, entry)
		row_print(entry);
	json_decref(answer);
	return EXIT_FINE;
}

static int ask_failed(int error, const char *runtime_dir)
{
	if (error == -ECONNREFUSED)
		log_error("no agent runs on %s: start one with plimsoll run, or give its --runtime-dir", runtime_dir);
	else if (error == -EACCES)
		log_error("only root may ask the agent: try sudo plimsoll ps");
	else
		log_error("the agent did not answer: %s", strerror(-error));
	return EXIT_RUNTIME;
}

int cmd_ps(int argc, char **argv)
{
	const char *runtime_dir = "/run/plimsoll", *state_dir = NULL;
	bool json = false, wait = false;
	const struct option_row rows[] = {
		{ "json", 'j', OPTION_FLAG, &json, NULL, "one JSON object instead of a table" },
		{ "wait", 'w', OPTION_FLAG, &wait, NULL, "answer when all that the kernel had queued is told" },
		{ "runtime-dir", 0, OPTION_STRING, &runtime_dir, "DIR", "of the agent (default: /run/plimsoll)" },
		{ "state-dir", 0, OPTION_STRING, &state_dir, "DIR", "taken, and not used: all is asked of the agent" },
	};
	const struct option_table table = {
		.usage = "plimsoll ps [options]",
		.about = "The containers that the running agent watches: who they are, what was found in them so far\n"
			 "(critical/high/medium/low), and whether every event of theirs was told.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};
	_cleanup_free_ char *text = NULL;
	int first, r = options_parse(&table, argc, argv, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	if (first < argc) {
		log_error("ps takes no argument '%s'", argv[first]);
		return EXIT_USAGE;
	}
	r = control_ask(runtime_dir, wait ? "ps settled" : "ps", ANSWER_MS, &text);
	if (r < 0)
		return ask_failed(r, runtime_dir);
	if (!json)
		return table_print(text);
	(void)puts(text);
	return EXIT_FINE;
}
