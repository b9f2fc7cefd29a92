/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of Docker's by its name or id, and its layers: each has the chain id of itself and those below it
 * (github.com/opencontainers/image-spec, config.md: "Layer ChainID"), by which layerdb tells its directory.
 */
#include "runtime/storage_docker.h"

#include <limits.h>
#include <string.h>

#include <openssl/evp.h>

#include "container/facts.h"
#include "digest/digest.h"
#include "runtime/image_choice.h"

/* ---- which image ---- */

static int references_offer(const json_t *list, const char *word, struct image_choice *choice)
{
	const char *reference;
	json_t *image;
	int r = 0;

	json_object_foreach ((json_t *)list, reference, image) {
		const char *id = json_string_value(image);

		if (r == 0 && digest_hex(id))
			r = image_choice_offer(choice, image_match_name(word, reference), id, reference, NULL);
	}
	return r;
}

static int names_offer(int root, const char *word, struct image_choice *choice)
{
	json_auto_t *repositories = NULL;
	const char *name;
	json_t *list;
	int r = store_json(root, DOCKER_REPOSITORIES, STORE_LIST_MAX, &repositories);

	json_object_foreach (json_object_get(repositories, "Repositories"), name, list)
		if (r == 0)
			r = references_offer(list, word, choice);
	return r;
}

static int ids_offer(const struct store_place *place, const char *word, struct image_choice *choice)
{
	_cleanup_closedir_ DIR *dir = store_directory(place->root, DOCKER_IMAGES);
	const struct dirent *entry;
	int r = 0;

	for (int i = 0; r == 0 && dir && i < STORE_SCAN_MAX && (entry = readdir(dir)); i++) {
		char id[sizeof("sha256:") + NAME_MAX];

		(void)snprintf(id, sizeof(id), "sha256:%s", entry->d_name);
		if (is_hex64(entry->d_name))
			r = image_choice_offer(choice, image_match_id(word, id), id, NULL, NULL);
	}
	return r;
}

/* ---- its layers ---- */

/* "sha256:" and the digest of the chain below, a space and the layer's own digest. -EBADMSG: that is none. */
static int chain_next(char chain[static DOCKER_LINE_SIZE], const char *diff)
{
	char text[2 * DOCKER_LINE_SIZE], hex[DIGEST_TEXT_MAX];
	struct digest digest = { .kind = DIGEST_SHA256 };

	if (!digest_hex(diff))
		return -EBADMSG;
	if (!*chain) { /* the lowest */
		(void)snprintf(chain, DOCKER_LINE_SIZE, "%s", diff);
		return 0;
	}
	(void)snprintf(text, sizeof(text), "%s %s", chain, diff);
	if (!EVP_Digest(text, strlen(text), digest.bytes, NULL, EVP_sha256(), NULL))
		return -ENOMEM;
	digest_text(&digest, hex);
	(void)snprintf(chain, DOCKER_LINE_SIZE, "sha256:%s", hex);
	return 0;
}

/* -ENOENT: its layers are kept by another driver. */
static int layer_add(int root, const char *chain, struct stored_image *image)
{
	char directory[DOCKER_LINE_SIZE];
	int r = docker_layer_read(root, digest_hex(chain), "cache-id", directory);

	return r < 0 ? r : stored_image_add(image, &store_docker, directory);
}

static void layers_turn(struct stored_image *image)
{
	for (size_t i = 0; i < image->count / 2; i++) {
		char *layer = image->layers[i];

		image->layers[i] = image->layers[image->count - 1 - i];
		image->layers[image->count - 1 - i] = layer;
	}
}

static int layers_add(int root, const json_t *config, struct stored_image *image)
{
	const json_t *diffs = json_object_get(json_object_get(config, "rootfs"), "diff_ids"), *diff;
	char chain[DOCKER_LINE_SIZE] = "";
	int r = json_array_size(diffs) ? 0 : -EBADMSG;
	size_t i;

	json_array_foreach (diffs, i, diff) {
		if (r == 0)
			r = chain_next(chain, json_string_value(diff));
		if (r == 0)
			r = layer_add(root, chain, image);
	}
	layers_turn(image);
	return r;
}

int docker_image_find(const struct store_place *place, const char *word, struct stored_image *image)
{
	_cleanup_image_choice_ struct image_choice choice = { .id = NULL };
	json_auto_t *config = NULL;
	int r = names_offer(place->root, word, &choice);

	if (r == 0)
		r = ids_offer(place, word, &choice);
	if (r == 0)
		r = image_choice_made(&choice);
	if (r == 0)
		r = facts_set_image(&image->facts, choice.reference);
	if (r == 0)
		r = docker_image_fill(place->root, choice.id, &image->facts);
	if (r == 0)
		r = docker_config_read(place->root, choice.id, &config);
	return r < 0 ? r : layers_add(place->root, config, image);
}
