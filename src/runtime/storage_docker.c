/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's data root, as dockerd 20.10 to 28 lay it out with the overlay2 driver:
 *
 *	containers/<id>/config.v2.json       the container's record: ID, Name, Config, Image, State, MountPoints
 *	containers/<id>/hostconfig.json      how it was started: the API's HostConfig
 *	image/overlay2/layerdb/mounts/<id>/  mount-id (the layer), parent (chain id of the image's layers)
 *	image/overlay2/layerdb/sha256/<hex>/ diff (digest), parent (chain id); by chain id
 *	image/overlay2/imagedb/content/sha256/<hex>   configurations, by the image's id
 *	image/overlay2/repositories.json     {"Repositories": {REPOSITORY: {REFERENCE: IMAGE ID}}}
 *
 * Where the record has gone before its layer, the image is known by its layers.
 */
#include "runtime/storage_docker.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "runtime/image_config.h"
#include "runtime/inspect.h"
#include "container/process.h"

#define MOUNTS     "image/overlay2/layerdb/mounts"
#define LAYERS     "image/overlay2/layerdb/sha256"
#define NAME_SIZE  65  /* of an id, with its NUL */
#define LAYERS_MAX 128 /* of an image: the driver's own limit */

static bool is_fatal(int r)
{
	return r == -ENOMEM || r == -ECANCELED;
}

/* A file of one line. 0, -EBADMSG where it is longer, or as store_text. */
static int line_read(int root, const char *path, char ret_line[static DOCKER_LINE_SIZE])
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r = store_text(root, path, DOCKER_LINE_SIZE - 1, &text, &size);

	if (r < 0)
		return r;
	(void)snprintf(ret_line, DOCKER_LINE_SIZE, "%.*s", (int)strcspn(text, "\n"), text);
	return 0;
}

/* ---- which container ---- */

static int mount_read(int root, const char *id, const char *what, char ret_line[static DOCKER_LINE_SIZE])
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), MOUNTS "/%s/%s", id, what);
	return line_read(root, path, ret_line);
}

static bool has_layer(int root, const char *id, const char *layer)
{
	char line[DOCKER_LINE_SIZE];

	return is_hex64(id) && mount_read(root, id, "mount-id", line) == 0 && strcmp(line, layer) == 0;
}

/* A container may choose a cgroup whose name has nothing of its id: then only its layer tells. */
static int id_scan(const struct store_place *place, char ret_id[static NAME_SIZE])
{
	_cleanup_closedir_ DIR *dir = store_directory(place->root, MOUNTS);
	struct dirent *entry;

	for (int i = 0; dir && i < STORE_SCAN_MAX && (entry = readdir(dir)); i++) {
		if (atomic_load(place->cancelled))
			return -ECANCELED;
		if (has_layer(place->root, entry->d_name, place->layer)) {
			(void)snprintf(ret_id, NAME_SIZE, "%.64s", entry->d_name);
			return 0;
		}
	}
	return -ENOENT;
}

/* What is being removed can have lost its layer before its record: then the id alone has to do. */
static int id_find(const struct store_place *place, const struct runtime_request *request,
		   char ret_id[static NAME_SIZE])
{
	int r = -ENOENT;

	if (place->layer && !has_layer(place->root, request->id, place->layer))
		r = id_scan(place, ret_id);
	if (r != -ENOENT || !is_hex64(request->id))
		return r;
	(void)snprintf(ret_id, NAME_SIZE, "%s", request->id);
	return 0;
}

/* ---- the image ---- */

/* What names an image: the first "REPOSITORY@DIGEST" and "REPOSITORY:TAG". The strings are the list's. */
struct references {
	const char *digest, *tag;
	size_t tags;
};

static void references_add(struct references *references, const json_t *list, const char *id)
{
	const char *reference;
	json_t *image;

	json_object_foreach ((json_t *)list, reference, image) {
		if (!json_is_string(image) || strcmp(json_string_value(image), id) != 0)
			continue;
		if (strchr(reference, '@')) {
			references->digest = references->digest ?: reference;
		} else {
			references->tag = references->tag ?: reference;
			references->tags++;
		}
	}
}

/* `repository` NULL: of any. */
static void references_find(const json_t *repositories, const char *repository, const char *id,
			    struct references *references)
{
	const json_t *all = json_object_get(repositories, "Repositories");
	const char *name;
	json_t *list;

	json_object_foreach ((json_t *)all, name, list)
		if (!repository || strcmp(name, repository) == 0)
			references_add(references, list, id);
}

/* The digest that a registry knows the image by, where it came from one; and a name, where there is none yet and only
 * one that it could be. */
static int references_fill(int root, const char *id, struct container_facts *facts)
{
	struct references references = { 0 };
	json_auto_t *repositories = NULL;
	int r = store_json(root, DOCKER_REPOSITORIES, STORE_LIST_MAX, &repositories);

	if (r < 0)
		return is_fatal(r) ? r : 0;
	references_find(repositories, facts->image_name, id, &references);
	if (facts->image_name && !references.digest)
		references_find(repositories, NULL, id, &references);
	if (!facts->image_name && references.tags == 1)
		r = facts_set_image(facts, references.tag);
	if (r == 0 && references.digest)
		r = fact_set(&facts->image_digest, strchr(references.digest, '@') + 1);
	return r;
}

int docker_config_read(int root, const char *id, json_t **ret_config)
{
	char path[PATH_MAX];
	const char *hex = digest_hex(id);

	if (!hex)
		return -ENOENT;
	(void)snprintf(path, sizeof(path), DOCKER_IMAGES "/%s", hex);
	return store_json(root, path, STORE_RECORD_MAX, ret_config);
}

int docker_image_fill(int root, const char *id, struct container_facts *facts)
{
	json_auto_t *config = NULL;
	int r = fact_set(&facts->image_digest, facts->image_digest ? NULL : id);

	if (r == 0)
		r = references_fill(root, id, facts);
	if (r == 0)
		r = docker_config_read(root, id, &config);
	if (r == 0)
		r = store_image(config, id, facts);
	return is_fatal(r) ? r : 0;
}

/* Was the container started by the image's id ("docker run 0123456789ab") rather than by a name? */
static bool named_by_id(const char *name, const char *id)
{
	const char *hex = digest_hex(id);

	return digest_hex(name) || (hex && strlen(name) >= 4 && strncmp(hex, name, strlen(name)) == 0);
}

static int record_image_fill(int root, const json_t *record, struct container_facts *facts)
{
	const char *name = json_text(json_object_get(record, "Config"), "Image"), *id = json_text(record, "Image");
	int r = 0;

	if (name && !named_by_id(name, id))
		r = facts_set_image(facts, name);
	if (r == 0 && facts->image_name && !facts->image_tag && !facts->image_digest)
		r = fact_set(&facts->image_tag, "latest"); /* what Docker takes where nothing is said */
	return r < 0 || !digest_hex(id) ? r : docker_image_fill(root, id, facts);
}

/* ---- an image by its layers ---- */

/* The digests of the layers that a chain id stands for, the topmost first. */
struct chain {
	char diffs[LAYERS_MAX][DOCKER_LINE_SIZE];
	size_t count;
};

int docker_layer_read(int root, const char *hex, const char *what, char ret_line[static DOCKER_LINE_SIZE])
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), LAYERS "/%s/%s", hex, what);
	return line_read(root, path, ret_line);
}

static int chain_read(int root, const char *chain_id, struct chain *chain)
{
	char at[DOCKER_LINE_SIZE];
	int r = 0;

	(void)snprintf(at, sizeof(at), "%s", chain_id);
	while (r == 0) {
		const char *hex = digest_hex(at);

		if (!hex || chain->count == LAYERS_MAX)
			return -EBADMSG;
		r = docker_layer_read(root, hex, "diff", chain->diffs[chain->count++]);
		if (r == 0)
			r = docker_layer_read(root, hex, "parent", at);
		else
			return r;
	}
	return r == -ENOENT ? 0 : r; /* the lowest has no parent */
}

static bool chain_is_of(const struct chain *chain, const json_t *config)
{
	const json_t *diffs = json_object_get(json_object_get(config, "rootfs"), "diff_ids");

	if (json_array_size(diffs) != chain->count)
		return false;
	for (size_t i = 0; i < chain->count; i++) {
		const char *diff = json_string_value(json_array_get(diffs, chain->count - 1 - i));

		if (!diff || strcmp(diff, chain->diffs[i]) != 0)
			return false;
	}
	return true;
}

/* Of several images with these layers none is told: 1 where there is just one, with its id. */
static int chain_image(const struct store_place *place, const struct chain *chain, char ret_id[static DOCKER_LINE_SIZE])
{
	_cleanup_closedir_ DIR *dir = store_directory(place->root, DOCKER_IMAGES);
	struct dirent *entry;
	int found = 0;

	for (int i = 0; dir && i < STORE_SCAN_MAX && (entry = readdir(dir)); i++) {
		json_auto_t *config = NULL;
		char id[DOCKER_LINE_SIZE];

		if (atomic_load(place->cancelled))
			return -ECANCELED;
		(void)snprintf(id, sizeof(id), "sha256:%.64s", entry->d_name);
		if (docker_config_read(place->root, id, &config) < 0 || !chain_is_of(chain, config))
			continue;
		if (found++)
			return 0;
		(void)snprintf(ret_id, DOCKER_LINE_SIZE, "%s", id);
	}
	return found;
}

/* The record has gone: what the layer's own says. -ENOENT: that has gone as well. */
static int mount_fill(const struct store_place *place, const char *id, struct container_facts *facts)
{
	_cleanup_free_ struct chain *chain = calloc(1, sizeof(*chain));
	char parent[DOCKER_LINE_SIZE], image[DOCKER_LINE_SIZE];
	int r = chain ? mount_read(place->root, id, "parent", parent) : -ENOMEM;

	if (r < 0)
		return r;
	facts->role = ROLE_ORDINARY;
	r = fact_set(&facts->id, id);
	if (r == 0)
		r = fact_set(&facts->runtime, docker_ops.name);
	if (r == 0)
		r = chain_read(place->root, parent, chain);
	if (r == 0)
		r = chain_image(place, chain, image);
	if (r > 0)
		r = docker_image_fill(place->root, image, facts);
	return is_fatal(r) ? r : 0;
}

/* ---- the record ---- */

static int record_read(int root, const char *id, json_t **ret_record)
{
	json_auto_t *record = NULL;
	const char *said;
	char path[PATH_MAX];
	int r;

	(void)snprintf(path, sizeof(path), "containers/%s/config.v2.json", id);
	r = store_json(root, path, STORE_RECORD_MAX, &record);
	if (r < 0)
		return r;
	said = json_text(record, "ID");
	if (!said || strcmp(said, id) != 0)
		return -EBADMSG;
	*ret_record = take_ptr(record);
	return 0;
}

/* What ContainerInspect makes of the two files: HostConfig within the record, and mounts as a list. */
static int record_complete(int root, const char *id, json_t *record)
{
	json_auto_t *host = NULL, *mounts = json_array();
	char path[PATH_MAX];
	const char *target;
	json_t *mount;
	int r;

	(void)snprintf(path, sizeof(path), "containers/%s/hostconfig.json", id);
	r = store_json(root, path, STORE_RECORD_MAX, &host);
	if (is_fatal(r))
		return r;
	if (!json_is_true(json_object_get(json_object_get(record, "State"), "Running")))
		(void)json_object_del(record, "State"); /* it has the times of the last start, and no process */
	json_object_foreach (json_object_get(record, "MountPoints"), target, mount)
		if (json_array_append(mounts, mount))
			return -ENOMEM;
	if (json_object_set(record, "Mounts", mounts) || (host && json_object_set(record, "HostConfig", host)))
		return -ENOMEM;
	return 0;
}

static int record_fill(int root, const char *id, json_t *record, struct container_facts *facts)
{
	int r = fact_set(&facts->id, id);

	facts->role = ROLE_ORDINARY;
	if (r == 0)
		r = fact_set(&facts->runtime, docker_ops.name);
	if (r == 0)
		r = record_complete(root, id, record);
	if (r == 0)
		r = inspect_fill(record, facts);
	if (r == 0)
		r = labels_add_json(&facts->labels, json_object_get(json_object_get(record, "Config"), "Labels"));
	return r < 0 ? r : record_image_fill(root, record, facts);
}

/* Without its layer the id is only what a cgroup's name says: a process elsewhere refutes it. */
static bool is_elsewhere(const struct store_place *place, const struct runtime_request *request,
			 const struct container_facts *facts)
{
	return !place->layer && facts->init_pid && process_in_cgroup(facts->init_pid, request->path) == 0;
}

static int docker_lookup(const struct store_place *place, const struct runtime_request *request,
			 struct container_facts *facts)
{
	json_auto_t *record = NULL;
	char id[NAME_SIZE];
	int r = id_find(place, request, id);

	if (r < 0)
		return r;
	r = record_read(place->root, id, &record);
	if (r == 0)
		r = record_fill(place->root, id, record, facts);
	else if (place->layer && !is_fatal(r) && has_layer(place->root, id, place->layer))
		r = mount_fill(place, id, facts);
	if (r < 0)
		return r;
	return is_elsewhere(place, request, facts) ? -ENOENT : 0;
}

const struct store_ops store_docker = {
	.folder = "overlay2",
	.leaf = "diff",
	.lookup = docker_lookup,
	.image = docker_image_find,
};
