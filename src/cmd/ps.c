// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "control/control.h"
#include "output/buffer.h"
#include "output/cell.h"
#include "output/escape.h"

#define NAME_MAX_SHOWN 768

/* ---- the cells of a row ---- */

static const char *string_at(const json_t *object, const char *first, const char *second)
{
	return json_string_value(json_object_get(json_object_get(object, first), second));
}

static void cell_id(const json_t *entry, struct buffer *cell)
{
	const char *id = string_at(entry, "container", "id") ?: "-";

	buffer_append(cell, id, strnlen(id, 12));
}

/* Of a pod's container: NAMESPACE/POD/NAME. */
static void cell_name(const json_t *entry, struct buffer *cell)
{
	const json_t *pod = json_object_get(entry, "orchestrator");
	const char *namespace = json_string_value(json_object_get(pod, "namespace"));
	const char *name = string_at(pod, "resource", "name");

	if (namespace && name) {
		buffer_string(cell, namespace);
		buffer_byte(cell, '/');
		buffer_string(cell, name);
		buffer_byte(cell, '/');
	}
	buffer_string(cell, string_at(entry, "container", "name") ?: "-");
}

static void cell_image(const json_t *entry, struct buffer *cell)
{
	const json_t *image = json_object_get(json_object_get(entry, "container"), "image");
	const char *name = json_string_value(json_object_get(image, "name"));
	const char *tag = json_string_value(json_array_get(json_object_get(image, "tag"), 0));
	const char *digest =
		json_string_value(json_array_get(json_object_get(json_object_get(image, "hash"), "all"), 0));

	buffer_string(cell, name ?: digest ?: "-");
	if (!name || !tag)
		return;
	buffer_byte(cell, ':');
	buffer_string(cell, tag);
}

static void cell_state(const json_t *entry, struct buffer *cell)
{
	buffer_string(cell, string_at(entry, "plimsoll", "state") ?: "-");
}

static uint64_t count_at(const json_t *entry, const char *group, const char *name)
{
	const json_t *counts = json_object_get(json_object_get(entry, "plimsoll"), group);
	json_int_t count = json_integer_value(json_object_get(counts, name));

	return count > 0 ? (uint64_t)count : 0;
}

static void cell_findings(const json_t *entry, struct buffer *cell)
{
	static const char *const severities[] = { "critical", "high", "medium", "low" };

	for (size_t i = 0; i < ARRAY_SIZE(severities); i++) {
		if (i > 0)
			buffer_byte(cell, '/');
		buffer_unsigned(cell, count_at(entry, "findings", severities[i]));
	}
}

static void cell_events(const json_t *entry, struct buffer *cell)
{
	bool lost = count_at(entry, "events", "lost"), missed = count_at(entry, "events", "missed");

	buffer_string(cell, lost ? "lost" : missed ? "missed" : "complete");
}

/* Together 100 characters wide. */
static const struct column {
	const char *title;
	size_t width;
	void (*fill)(const json_t *entry, struct buffer *cell);
} columns[] = {
	{ "ID", 12, cell_id },       { "NAME", 27, cell_name },       { "IMAGE", 24, cell_image },
	{ "STATE", 11, cell_state }, { "C/H/M/L", 8, cell_findings }, { "EVENTS", 8, cell_events },
};

/* ---- the table ---- */

static void row_print(const json_t *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		_cleanup_buffer_ struct buffer raw = { .limit = NAME_MAX_SHOWN }, cell = { .limit = 0 };

		columns[i].fill(entry, &raw);
		buffer_byte(&raw, '\0');
		escape_append(&cell, raw.error ? "?" : raw.data, ESCAPE_WORD);
		cell_print(stdout, cell.data ?: "", cell.size, columns[i].width, i + 1 == ARRAY_SIZE(columns));
	}
	(void)putchar('\n');
}

static int table_print(const char *text)
{
	json_auto_t *answer = json_loads(text, 0, NULL);
	const json_t *list = json_object_get(answer, "containers"), *entry;
	size_t i;

	if (!json_is_array(list)) {
		log_error("the agent's answer is not what this version understands");
		return EXIT_RUNTIME;
	}
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		cell_print(stdout, columns[i].title, strlen(columns[i].title), columns[i].width,
			   i + 1 == ARRAY_SIZE(columns));
	(void)putchar('\n');
	json_array_foreach (list, i, entry)
		row_print(entry);
	return EXIT_FINE;
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
	r = control_ask(runtime_dir, wait ? "ps settled" : "ps", CONTROL_WAIT_TIME, &text);
	if (r < 0)
		return ask_failed(r, "ps", runtime_dir);
	if (!json)
		return table_print(text);
	(void)puts(text);
	return EXIT_FINE;
}
