// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "inventory/archive_index_internal.h"
#include "runtime/storage.h"

/* *ret_name: the first of the entry's names that the reference means; NULL: it has none. */
static bool saved_is(const json_t *entry, const char *reference, const char **ret_name)
{
	const json_t *names = json_object_get(entry, "RepoTags"), *name;
	size_t i;

	json_array_foreach (names, i, name)
		if (json_is_string(name) && archive_name_is(json_string_value(name), reference)) {
			*ret_name = json_string_value(name);
			return true;
		}
	*ret_name = NULL;
	return !reference;
}

static int saved_choose(const json_t *entries, const char *reference, const json_t **ret_entry, const char **ret_name)
{
	const json_t *entry, *chosen = NULL;
	const char *name;
	size_t i;

	json_array_foreach (entries, i, entry) {
		if (!saved_is(entry, reference, &name))
			continue;
		if (chosen && !same_text(json_text(entry, "Config"), json_text(chosen, "Config")))
			return -EINVAL;
		if (!chosen)
			*ret_name = name;
		chosen = chosen ?: entry;
	}
	*ret_entry = chosen;
	return chosen ? 0 : -ENOENT;
}

static int saved_layer(const json_t *row, struct archive_blob *blob)
{
	if (!json_is_string(row))
		return -EBADMSG;
	blob->name = strdup(json_string_value(row));
	return blob->name ? 0 : -ENOMEM;
}

/* The digest that the name of a configuration tells: "HEX.json", "blobs/sha256/HEX". */
static bool saved_digest(const char *config, struct digest *ret_digest)
{
	const char *slash = strrchr(config, '/'), *hex = slash ? slash + 1 : config;

	return digest_from_hex(DIGEST_SHA256, hex, strcspn(hex, "."), ret_digest) == 0;
}

int archive_saved_read(const struct archive_store *store, const char *reference, struct archive_index *index)
{
	json_auto_t *entries = NULL;
	const char *config, *name;
	struct digest digest;
	const json_t *entry;
	int r = archive_document_read(store, "manifest.json", NULL, &entries, &digest);

	if (r < 0)
		return r == -ENOENT ? -EMEDIUMTYPE : r;
	r = saved_choose(entries, reference, &entry, &name);
	if (r == 0)
		r = archive_image_name(&index->image, name);
	if (r < 0)
		return r;
	config = json_text(entry, "Config");
	if (!config)
		return -EBADMSG;
	return archive_image_read(store, config, saved_digest(config, &digest) ? &digest : NULL,
				  json_object_get(entry, "Layers"), saved_layer, index);
}
