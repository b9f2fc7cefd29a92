// SPDX-License-Identifier: Apache-2.0
#include "output/field.h"

#include <string.h>

const json_t *field_at(const json_t *object, const char *path)
{
	const char *dot;

	for (; object && (dot = strchr(path, '.')); path = dot + 1)
		object = json_object_getn(object, path, (size_t)(dot - path));
	return object ? json_object_get(object, path) : NULL;
}

const char *field_text(const json_t *object, const char *path)
{
	const json_t *value = field_at(object, path);

	return json_string_value(json_is_array(value) ? json_array_get(value, 0) : value);
}
