/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_config.h"

#include <string.h>

#include "base/cleanup.h"

/* Words with a space between them, cut at FACT_MAX. */
struct line {
	char text[FACT_MAX + 1];
	size_t length;
};

/* Bytes of `text` that fit into `size` without half a character at the end. */
static size_t text_fit(const char *text, size_t size)
{
	size_t length = strnlen(text, size + 1);

	if (length <= size)
		return length;
	for (length = size; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

static void line_add(struct line *line, const char *word)
{
	size_t length;

	if (!word || line->length >= FACT_MAX)
		return;
	if (line->length)
		line->text[line->length++] = ' ';
	length = text_fit(word, FACT_MAX - line->length);
	memcpy(line->text + line->length, word, length);
	line->length += length;
	line->text[line->length] = '\0';
}

static void line_add_all(struct line *line, const json_t *words)
{
	const json_t *word;
	size_t i;

	json_array_foreach (words, i, word)
		line_add(line, json_string_value(word));
}

static const json_t *either(const json_t *object, const char *one, const char *other)
{
	const json_t *value = json_object_get(object, one);

	return value ? value : json_object_get(object, other);
}

int labels_add_json(struct label_list *labels, const json_t *object)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach ((json_t *)object, key, value) {
		if (r == 0 && json_is_string(value))
			r = labels_add(labels, key, json_string_value(value));
	}
	return r;
}

int image_history_fill(const json_t *history, bool newest_first, struct image_facts *image)
{
	size_t count = json_array_size(history);
	int r = 0;

	for (size_t i = 0; r == 0 && i < count && image->history.count < LABELS_MAX; i++) {
		const json_t *entry = json_array_get(history, newest_first ? count - 1 - i : i);
		struct line line = { .length = 0 };

		line_add(&line, json_string_value(either(entry, "created_by", "CreatedBy")));
		if (line.length)
			r = labels_append(&image->history, line.text);
	}
	return r;
}

static int command_fill(const json_t *config, struct image_facts *image)
{
	struct line line = { .length = 0 };

	line_add_all(&line, json_object_get(config, "Entrypoint"));
	line_add_all(&line, json_object_get(config, "Cmd"));
	return fact_set(&image->entry_point, line.text);
}

static int ports_fill(const json_t *config, struct image_facts *image)
{
	struct line line = { .length = 0 };
	const char *port;
	json_t *nothing;

	json_object_foreach (json_object_get(config, "ExposedPorts"), port, nothing)
		line_add(&line, port);
	return fact_set(&image->exposed, line.text);
}

int image_config_fill(const json_t *document, struct image_facts *image)
{
	const json_t *config = either(document, "config", "Config");
	int r = fact_set(&image->user, json_string_value(json_object_get(config, "User")));

	if (!image->created)
		image->created = fact_time(json_string_value(either(document, "created", "Created")));
	if (r == 0)
		r = command_fill(config, image);
	if (r == 0)
		r = ports_fill(config, image);
	if (r == 0)
		r = labels_add_json(&image->labels, json_object_get(config, "Labels"));
	return r < 0 ? r : image_history_fill(either(document, "history", "History"), false, image);
}
