/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that an inventory answers, asked for: whoever wrote it, each answer can be read, and goes with the others. */
#ifndef PLM_TESTS_INVENTORY_TOUCH_H
#define PLM_TESTS_INVENTORY_TOUCH_H

#include <stdbool.h>
#include <string.h>

#include "image/layers.h"
#include "inventory/builder.h"

static inline size_t touch_text(const char *text)
{
	return text ? strlen(text) : 0;
}

static inline bool touch_packages(const struct inventory *inventory)
{
	const struct inventory_system system = inventory_system(inventory);
	size_t sum = touch_text(system.id) + touch_text(system.version) + touch_text(system.name);

	for (size_t i = 0; i < inventory_package_count(inventory); i++) {
		const struct inventory_package package = inventory_package(inventory, i);

		if (!package.name || !*package.name || strlen(package.name) > BUILDER_STRING_MAX ||
		    !package_type_name(package.type))
			return false;
		sum += touch_text(package.version) + touch_text(package.architecture) + touch_text(package.origin) +
		       touch_text(package.license) + touch_text(package.purl) + touch_text(package.location);
	}
	return sum <= (7 * inventory_package_count(inventory) + 3) * BUILDER_STRING_MAX;
}

static inline bool touch_files(const struct inventory *inventory)
{
	char path[PATH_MAX], other[PATH_MAX], text[DIGEST_TEXT_MAX];

	for (size_t i = 0; i < inventory_file_count(inventory); i++) {
		const struct inventory_file file = inventory_file(inventory, i, path);
		struct inventory_file found;

		if (!path_is_clean(path) || file.package >= inventory_package_count(inventory) ||
		    file.verified >= VERIFIED_STATES || inventory_find(inventory, path, &found) < 0 ||
		    memcmp(&found, &file, sizeof(file)) != 0)
			return false;
		digest_text(&file.digest, text);
		if (inventory_find_digest(inventory, &file.digest, other) == 0 && !path_is_clean(other))
			return false;
	}
	return true;
}

static inline bool touch_rest(const struct inventory *inventory)
{
	char path[PATH_MAX];
	size_t sum = 0;

	for (size_t i = 0; i < inventory_unpackaged_count(inventory); i++) {
		inventory_unpackaged(inventory, i, path);
		if (!path_is_clean(path))
			return false;
	}
	for (size_t i = 0; i < inventory_note_count(inventory); i++) {
		const struct inventory_note note = inventory_note(inventory, i);

		sum += strlen(note.source) + touch_text(note.path) + strlen(note.reason);
	}
	return sum <= 3 * BUILDER_NOTES_MAX * BUILDER_STRING_MAX;
}

static inline bool touch_all(const struct inventory *inventory)
{
	return touch_packages(inventory) && touch_files(inventory) && touch_rest(inventory);
}

#endif
