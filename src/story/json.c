// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "output/field.h"
#include "output/time.h"
#include "story/internal.h"

void pick(const json_t *from, const char *path, json_t *to, const char *key)
{
	json_t *value = (json_t *)field_at(from, path);

	if (value)
		(void)json_object_set(to, key, value);
}

int64_t moment_of(const json_t *object, const char *path)
{
	const char *text = field_text(object, path);
	int64_t time;

	if (!text || strlen(text) != TIME_RFC3339_SIZE - 1 || time_from_rfc3339(text, &time) < 0)
		return INT64_MIN;
	return time;
}

bool text_is(const json_t *object, const char *path, const char *expected)
{
	const char *text = field_text(object, path);

	return text && expected && !strcmp(text, expected);
}

bool text_begins(const json_t *object, const char *path, const char *beginning)
{
	const char *text = field_text(object, path);

	return text && !strncmp(text, beginning, strlen(beginning));
}

void list_add(json_t *list, size_t max, json_t *item, uint64_t *more)
{
	if (json_array_size(list) < max) {
		(void)json_array_append_new(list, item);
		return;
	}
	json_decref(item);
	++*more;
}
