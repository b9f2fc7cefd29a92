// SPDX-License-Identifier: Apache-2.0
/* The processes that led to an alert, from the container's start or the session's entry down. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "output/field.h"
#include "story/internal.h"

#define WRITE "write" /* of what a writer is told of: what it did is not */

json_t *process_of(const json_t *from)
{
	static const char *const keys[] = { "pid",  "vpid", "entity_id", "start",    "executable",
					    "args", "user", "tty",       "truncated" };
	json_t *process = json_object();

	for (size_t i = 0; process && json_is_object(from) && i < ARRAY_SIZE(keys); i++)
		pick(from, keys[i], process, keys[i]);
	return process;
}

static int node_add(struct tree *tree, const json_t *from, bool gap)
{
	struct node *node = &tree->nodes[tree->count];

	if (tree->count == TREE_MAX)
		return 0;
	*node = (struct node){ .process = process_of(from), .wrote = json_array(), .gap = gap };
	tree->count++;
	if (!node->process || !node->wrote)
		return -ENOMEM;
	node->entity = field_text(node->process, "entity_id");
	return 0;
}

/* How many of the ancestors are the container's: those above the first that an exec was told of are a runtime's, and so
 * is what stands above the process by which a session came in. */
static size_t ancestors_within(const json_t *ancestors, const char *entry)
{
	size_t count = json_array_size(ancestors), within = 0;

	if (count > TREE_MAX - 2)
		count = TREE_MAX - 2;
	for (size_t i = 0; i < count; i++) {
		const json_t *ancestor = json_array_get(ancestors, i);

		if (field_text(ancestor, "executable"))
			within = i + 1;
		if (entry && text_is(ancestor, "entity_id", entry))
			return i + 1;
	}
	return within;
}

/* Is the session's first process one of those shown, or the alert's own? */
static bool has_entry(const json_t *alert, const json_t *ancestors, size_t within, const char *entry)
{
	if (!entry || text_is(alert, "process.entity_id", entry))
		return true;
	return within && text_is(json_array_get(ancestors, within - 1), "entity_id", entry);
}

int tree_begin(struct tree *tree, const json_t *alert)
{
	const json_t *process = field_at(alert, "process"), *ancestors = field_at(alert, "plimsoll.ancestors");
	const json_t *leader = field_at(alert, "process.entry_leader");
	const char *entry = field_text(alert, "process.entry_leader.entity_id");
	size_t within = entry && text_is(alert, "process.entity_id", entry) ? 0 : ancestors_within(ancestors, entry);
	bool whole = has_entry(alert, ancestors, within, entry);
	int r = 0;

	if (!json_is_object(process))
		process = field_at(alert, "plimsoll.writer"); /* found on disk: nobody acts, but somebody wrote */
	if (!json_is_object(process))
		return 0;
	if (!whole)
		r = node_add(tree, leader, false);
	for (size_t i = within; r == 0 && i > 0; i--)
		r = node_add(tree, json_array_get(ancestors, i - 1), !whole && i == within);
	return r == 0 ? node_add(tree, process, !whole && within == 0) : r;
}

static bool is_mutation(const json_t *line)
{
	return text_begins(line, "rule.id", "mutation.");
}

json_t *written_of(const json_t *line)
{
	const char *writer = field_text(line, "plimsoll.writer.time");
	bool mutation = is_mutation(line);
	json_t *written, *file, *event;

	if (!field_text(line, "file.path") || (mutation && !field_text(line, "event.action")) ||
	    (!mutation && !field_at(line, "plimsoll.writer.pid")))
		return NULL;
	written = json_object();
	file = json_object();
	event = json_object();
	pick(line, "file.path", file, "path");
	if (mutation) {
		pick(line, "@timestamp", written, "@timestamp");
		pick(line, "event.action", event, "action");
		pick(line, "plimsoll.from", file, "from");
	} else {
		if (writer)
			pick(line, "plimsoll.writer.time", written, "@timestamp");
		(void)json_object_set_new(event, "action", json_string(WRITE));
	}
	(void)json_object_set_new(written, "event", event);
	(void)json_object_set_new(written, "file", file);
	return written;
}

bool written_add(json_t *list, size_t max, json_t *written, uint64_t *more)
{
	const char *path = field_text(written, "file.path"), *action = field_text(written, "event.action");
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		if (!text_is(item, "file.path", path))
			continue;
		if (text_is(item, "event.action", action) || !strcmp(action, WRITE)) {
			json_decref(written);
			return false;
		}
		if (text_is(item, "event.action", WRITE))
			return json_array_set_new(list, i, written) == 0;
	}
	list_add(list, max, written, more);
	return true;
}

void tree_line(struct tree *tree, const json_t *line)
{
	const char *path = is_mutation(line) ? "process.entity_id" : "plimsoll.writer.entity_id";
	const char *entity = field_text(line, path);

	for (size_t i = 0; entity && i < tree->count; i++) {
		struct node *node = &tree->nodes[i];
		json_t *written;

		if (!node->entity || strcmp(node->entity, entity) != 0)
			continue;
		written = written_of(line);
		if (written)
			(void)written_add(node->wrote, STORY_WROTE, written, &node->more);
	}
}

json_t *tree_json(const struct tree *tree)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < tree->count; i++) {
		const struct node *node = &tree->nodes[i];
		json_t *entry = json_object();

		(void)json_object_set(entry, "process", node->process);
		if (json_array_size(node->wrote))
			(void)json_object_set(entry, "wrote", node->wrote);
		if (node->more)
			(void)json_object_set_new(entry, "more", json_integer((json_int_t)node->more));
		if (node->gap)
			(void)json_object_set_new(entry, "gap", json_true());
		(void)json_array_append_new(list, entry);
	}
	return list;
}

void tree_clear(struct tree *tree)
{
	for (size_t i = 0; i < tree->count; i++) {
		json_decref(tree->nodes[i].process);
		json_decref(tree->nodes[i].wrote);
	}
	*tree = (struct tree){ 0 };
}
