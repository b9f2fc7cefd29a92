/* SPDX-License-Identifier: Apache-2.0 */
/* An image of containers/storage by its name or id, and its layers: from the topmost, parent by parent down. */
#include "runtime/storage_containers.h"

#include <limits.h>
#include <string.h>

#include "container/facts.h"
#include "runtime/image_choice.h"

/* By name, by id, and by the digest of its manifest. */
static int image_offer(const json_t *image, const char *word, struct image_choice *choice)
{
	const json_t *names = json_object_get(image, "names"), *name;
	const char *id = json_text(image, "id");
	int r = image_choice_offer(choice, image_match_id(word, id), id, NULL, NULL);
	size_t i;

	if (r == 0)
		r = image_choice_offer(choice, image_match_id(word, json_text(image, "digest")), id, NULL, NULL);
	json_array_foreach (names, i, name) {
		const char *reference = json_string_value(name);

		if (r == 0)
			r = image_choice_offer(choice, image_match_name(word, reference), id, reference, NULL);
	}
	return r;
}

static int images_offer(const json_t *images, const char *word, struct image_choice *choice)
{
	const json_t *image;
	size_t i;
	int r = 0;

	json_array_foreach (images, i, image)
		if (r == 0 && is_hex64(json_text(image, "id")))
			r = image_offer(image, word, choice);
	return r;
}

/* The entry of that id. NULL: none. */
static const json_t *entry_find(const json_t *list, const char *id)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *said = json_text(entry, "id");

		if (said && id && strcmp(said, id) == 0)
			return entry;
	}
	return NULL;
}

static int layers_add(int root, const char *topmost, struct stored_image *image)
{
	json_auto_t *layers = NULL;
	int r = store_json(root, CONTAINERS_LAYERS "/layers.json", STORE_LIST_MAX, &layers);

	for (const char *id = topmost; r == 0 && id && *id;) { /* a ring ends at the bound of layers */
		const json_t *layer = entry_find(layers, id);

		if (!layer)
			return -EBADMSG;
		r = stored_image_add(image, &store_containers, id);
		id = json_text(layer, "parent");
	}
	return r;
}

int containers_image_find(const struct store_place *place, const char *word, struct stored_image *image)
{
	_cleanup_image_choice_ struct image_choice choice = { .id = NULL };
	json_auto_t *images = NULL;
	const json_t *entry;
	int r = store_json(place->root, CONTAINERS_IMAGES "/images.json", STORE_LIST_MAX, &images);

	if (r == 0)
		r = images_offer(images, word, &choice);
	if (r == 0)
		r = image_choice_made(&choice);
	if (r < 0)
		return r;
	entry = entry_find(images, choice.id);
	r = facts_set_image(&image->facts, choice.reference);
	if (r == 0)
		r = containers_image_fill(place->root, entry, &image->facts);
	return r < 0 ? r : layers_add(place->root, json_text(entry, "layer"), image);
}
