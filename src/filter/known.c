// SPDX-License-Identifier: Apache-2.0
#include "filter/known.h"

#include <string.h>

#include "base/cleanup.h"
#include "output/json.h"
#include "policy/nearest.h"

/* Below lists of objects, which are one field each. */
static const char *const more_fields[] = {
	"plimsoll.ancestors.pid",
	"plimsoll.ancestors.entity_id",
	"plimsoll.ancestors.executable",
	"plimsoll.ancestors.start",
	"plimsoll.ancestors.user.id",
	"plimsoll.ancestors.args",
	"plimsoll.ancestors.truncated",
	"plimsoll.packages.added.name",
	"plimsoll.packages.added.type",
	"plimsoll.packages.added.architecture",
	"plimsoll.packages.added.version",
	"plimsoll.packages.removed.name",
	"plimsoll.packages.removed.type",
	"plimsoll.packages.removed.architecture",
	"plimsoll.packages.removed.version",
	"plimsoll.packages.changed.name",
	"plimsoll.packages.changed.type",
	"plimsoll.packages.changed.architecture",
	"plimsoll.packages.changed.from",
	"plimsoll.packages.changed.to",
};

static const char *field_number(size_t index)
{
	size_t told = 0;

	while (alert_field(told))
		told++;
	if (index < told)
		return alert_field(index);
	return index - told < ARRAY_SIZE(more_fields) ? more_fields[index - told] : NULL;
}

bool known_field(const char *path)
{
	size_t size = strlen(path);
	const char *field;

	if (!strcmp(path, "plimsoll.raw") || !strncmp(path, "plimsoll.raw.", strlen("plimsoll.raw.")))
		return true;
	for (size_t i = 0; (field = field_number(i)); i++)
		if (!strncmp(field, path, size) && (field[size] == '\0' || field[size] == '.'))
			return true;
	return false;
}

static bool ends_with(const char *field, const char *path)
{
	size_t whole = strlen(field), size = strlen(path);

	return size > 0 && whole > size && field[whole - size - 1] == '.' && !strcmp(field + whole - size, path);
}

const char *known_nearest(const char *path)
{
	struct nearest nearest = { .word = path };
	const char *field;

	for (size_t i = 0; (field = field_number(i)); i++)
		if (ends_with(field, path))
			return field;
	for (size_t i = 0; (field = field_number(i)); i++)
		nearest_offer(&nearest, field);
	return nearest.best;
}
