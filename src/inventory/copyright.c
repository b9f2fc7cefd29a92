// SPDX-License-Identifier: Apache-2.0
#include "inventory/copyright.h"

#include <string.h>

#include "inventory/deb822.h"

enum { FORMAT, FILES, LICENSE, FIELDS };

static const char *const field_names[FIELDS] = { [FORMAT] = "Format", [FILES] = "Files", [LICENSE] = "License" };

struct names {
	const char *names[COPYRIGHT_NAMES_MAX];
	size_t count;
};

/* The first line of a License field: its text follows. */
static void name_add(struct names *names, char *license)
{
	license[strcspn(license, "\n")] = '\0';
	if (!*license || names->count == COPYRIGHT_NAMES_MAX)
		return;
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i], license) == 0)
			return;
	names->names[names->count++] = license;
}

static void names_join(const struct names *names, char ret_license[static COPYRIGHT_TEXT_MAX])
{
	const char *between = " and ";
	size_t size = 0;

	for (size_t i = 0; i < names->count; i++)
		if (strstr(names->names[i], " or "))
			between = ", and ";
	for (size_t i = 0; i < names->count; i++) {
		const char *before = size ? between : "";
		size_t more = strlen(before) + strlen(names->names[i]);

		if (more >= COPYRIGHT_TEXT_MAX - size)
			continue;
		(void)stpcpy(stpcpy(ret_license + size, before), names->names[i]);
		size += more;
	}
}

bool copyright_license(struct lines *lines, char ret_license[static COPYRIGHT_TEXT_MAX])
{
	struct names names = { .count = 0 };
	char *values[FIELDS];
	size_t line;
	bool is_first = true;

	while (deb822_next(lines, field_names, FIELDS, values, &line)) {
		if (is_first && !values[FORMAT])
			return false;
		if (values[LICENSE] && (is_first || values[FILES]))
			name_add(&names, values[LICENSE]);
		is_first = false;
	}
	ret_license[0] = '\0';
	names_join(&names, ret_license);
	return *ret_license;
}
