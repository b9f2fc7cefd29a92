/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data root ("graph root") of containers/storage, which Podman, CRI-O and Buildah share (go.containers.io/storage:
 * containers.go, images.go, layers.go), with its overlay driver:
 *
 *	overlay-containers/containers.json           [{id, names, image, layer, metadata}]; metadata is JSON again
 *	overlay-containers/volatile-containers.json  the same, of containers that need not outlive a reboot
 *	overlay-containers/<id>/userdata/config.json the OCI configuration, whose annotations say whose it is
 *	overlay-images/images.json                   [{id, digest, names, layer, mapped-layers}]
 *	overlay-images/<id>/=<base64 of "sha256:<id>">   the image's configuration
 *	overlay-layers/layers.json                   [{id, parent}]
 *
 * and Podman's own database, libpod/bolt_state.db (Podman before 5, or upgraded from there): ctr/<id>/config (JSON:
 * labels), ctr/<id>/pod-id, and all-pods by id.
 */
#include "runtime/storage_containers.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "runtime/bolt.h"
#include "container/facts.h"
#include "runtime/image_config.h"
#include "runtime/oci_spec.h"

#define CONTAINERS "overlay-containers"

#define BASE64_SIZE(size) (((size) + 2) / 3 * 4 + 1)

static const char *const container_lists[] = { CONTAINERS "/containers.json", CONTAINERS "/volatile-containers.json" };

static bool is_fatal(int r)
{
	return r == -ENOMEM || r == -ECANCELED;
}

static bool text_is(const json_t *object, const char *key, const char *text)
{
	const char *said = json_text(object, key);

	return said && text && strcmp(said, text) == 0;
}

/* The entry of a list whose `key` is `text`, counted: 0, 1, or 2 for several. *ret_entry is the list's. */
static int list_find(const json_t *list, bool (*fits)(const json_t *entry, const char *text), const char *text,
		     const json_t **ret_entry)
{
	const json_t *entry, *found = NULL;
	size_t i;

	json_array_foreach (list, i, entry) {
		if (!fits(entry, text))
			continue;
		if (found)
			return 2;
		found = entry;
	}
	if (found)
		*ret_entry = found;
	return found != NULL;
}

/* ---- the configuration of its runtime ---- */

static int spec_read(int root, const char *id, json_t **ret_spec)
{
	char path[PATH_MAX];

	if (!is_hex64(id))
		return -ENOENT;
	(void)snprintf(path, sizeof(path), CONTAINERS "/%s/userdata/config.json", id);
	return store_json(root, path, STORE_RECORD_MAX, ret_spec);
}

/* Is its root "<graph root>/overlay/<layer>/merged"? */
static bool spec_has_layer(const json_t *spec, const char *layer)
{
	const char *path = json_text(json_object_get(spec, "root"), "path");
	_cleanup_free_ char *end = NULL;
	size_t length = path ? strlen(path) : 0;

	if (asprintf(&end, "/overlay/%s/merged", layer) < 0) {
		end = NULL;
		return false;
	}
	return length >= strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

/* A pod's labels stand with its sandbox. */
static int sandbox_fill(int root, const json_t *spec, struct container_facts *facts)
{
	const json_t *annotations = json_object_get(spec, "annotations");
	const char *id = json_text(annotations, "io.kubernetes.cri-o.SandboxID");
	json_auto_t *sandbox = NULL, *labels = NULL;
	const char *text;
	int r = id ? spec_read(root, id, &sandbox) : -ENOENT;

	if (r < 0)
		return is_fatal(r) ? r : 0;
	text = json_text(json_object_get(sandbox, "annotations"), "io.kubernetes.cri-o.Labels");
	labels = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	return labels_add_json(&facts->labels, labels);
}

static int spec_fill(int root, const char *id, struct container_facts *facts)
{
	json_auto_t *spec = NULL;
	const char *engine;
	int r = spec_read(root, id, &spec);

	if (r < 0)
		return is_fatal(r) ? r : 0;
	r = oci_spec_fill(spec, facts);
	engine = oci_spec_engine(spec);
	if (r == 0)
		r = fact_set(&facts->runtime, engine);
	return r < 0 ? r : sandbox_fill(root, spec, facts);
}

/* ---- images ---- */

static void base64_encode(const char *text, size_t size, char *ret_text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < size; i += 3) {
		uint32_t bits = (uint32_t)(uint8_t)text[i] << 16;

		bits |= i + 1 < size ? (uint32_t)(uint8_t)text[i + 1] << 8 : 0;
		bits |= i + 2 < size ? (uint8_t)text[i + 2] : 0;
		*ret_text++ = digits[bits >> 18];
		*ret_text++ = digits[bits >> 12 & 63];
		*ret_text++ = i + 1 < size ? digits[bits >> 6 & 63] : '=';
		*ret_text++ = i + 2 < size ? digits[bits & 63] : '=';
	}
	*ret_text = '\0';
}

#define IMAGE_DIGEST_SIZE sizeof("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

static int image_config_read(int root, const char *id, struct container_facts *facts)
{
	char digest[IMAGE_DIGEST_SIZE], encoded[BASE64_SIZE(IMAGE_DIGEST_SIZE)], path[PATH_MAX];
	json_auto_t *config = NULL;
	int r;

	(void)snprintf(digest, sizeof(digest), "sha256:%s", id);
	base64_encode(digest, strlen(digest), encoded);
	(void)snprintf(path, sizeof(path), CONTAINERS_IMAGES "/%s/=%s", id, encoded);
	r = store_json(root, path, STORE_RECORD_MAX, &config);
	if (r == 0)
		r = store_image(config, digest, facts);
	return is_fatal(r) ? r : 0;
}

/* A reference with a tag, of `names`; where the container itself says none, and it is the only one. */
static const char *only_name(const json_t *names)
{
	const char *found = NULL;
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);

		if (!text || strchr(text, '@'))
			continue;
		if (found)
			return NULL;
		found = text;
	}
	return found;
}

int containers_image_fill(int root, const json_t *image, struct container_facts *facts)
{
	const char *id = json_text(image, "id");
	int r = 0;

	if (!facts->image_name)
		r = facts_set_image(facts, only_name(json_object_get(image, "names")));
	if (r == 0 && digest_hex(json_text(image, "digest")))
		r = fact_set(&facts->image_digest, json_text(image, "digest"));
	return r < 0 || !is_hex64(id) ? r : image_config_read(root, id, facts);
}

static bool image_has_id(const json_t *image, const char *id)
{
	return text_is(image, "id", id);
}

/* Its topmost layer, or a copy of that with shifted owners. */
static bool image_has_layer(const json_t *image, const char *layer)
{
	const json_t *mapped;
	size_t i;

	if (text_is(image, "layer", layer))
		return true;
	json_array_foreach (json_object_get(image, "mapped-layers"), i, mapped)
		if (json_is_string(mapped) && strcmp(json_string_value(mapped), layer) == 0)
			return true;
	return false;
}

/* Where several images fit, none is told. */
static int image_find(int root, bool (*fits)(const json_t *image, const char *text), const char *text,
		      struct container_facts *facts)
{
	json_auto_t *images = NULL;
	const json_t *image = NULL;
	int r = store_json(root, CONTAINERS_IMAGES "/images.json", STORE_LIST_MAX, &images);

	if (r == 0 && list_find(images, fits, text, &image) == 1)
		r = containers_image_fill(root, image, facts);
	return is_fatal(r) ? r : 0;
}

/* ---- Podman's database ---- */

struct podman {
	const char *id;
	char *pod;
	char *config; /* JSON */
};

static inline void podman_done(struct podman *podman)
{
	free(podman->pod);
	free(podman->config);
}

static int podman_read(struct bolt *bolt, void *data)
{
	struct podman *podman = data;
	const char *const path[] = { "ctr", podman->id, NULL };
	static const char *const names_path[] = { "id-registry", NULL };
	_cleanup_free_ char *pod_id = NULL;
	struct bolt_bucket container, names;
	int r = bolt_bucket(bolt, path, &container);

	podman_done(podman);
	podman->pod = podman->config = NULL;
	if (r == 0)
		r = bolt_text(bolt, &container, "config", &podman->config);
	if (r < 0 || bolt_text(bolt, &container, "pod-id", &pod_id) < 0)
		return r;
	r = bolt_bucket(bolt, names_path, &names);
	return r < 0 ? r : bolt_text(bolt, &names, pod_id, &podman->pod);
}

/* Labels are nowhere else, and so is the pod's name. */
static int podman_fill(int root, const char *id, struct container_facts *facts)
{
	_cleanup_close_ int fd = store_file(root, "libpod/bolt_state.db");
	_cleanup_(podman_done) struct podman podman = { .id = id };
	json_auto_t *config = NULL;
	int r = fd < 0 ? fd : bolt_read(fd, podman_read, &podman);

	if (r == -ENOMEM)
		return r;
	config = podman.config ? json_loads(podman.config, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (json_is_true(json_object_get(config, "pause")))
		facts->role = ROLE_SANDBOX;
	r = labels_add_json(&facts->labels, json_object_get(config, "labels"));
	return r < 0 ? r : fact_set(&facts->pod_name, podman.pod);
}

/* ---- containers ---- */

/* What the engine wrote into the record: CRI-O all of it, Podman the image and the name. */
static const struct {
	const char *key;
	size_t field;
} metadata_fields[] = {
	{ "name", offsetof(struct container_facts, name) },
	{ "metadata-name", offsetof(struct container_facts, name) },
	{ "pod-name", offsetof(struct container_facts, pod_name) },
	{ "namespace", offsetof(struct container_facts, pod_namespace) },
	{ "uid", offsetof(struct container_facts, pod_uid) },
};

/* An image that was asked for by its id has no name here. */
static const char *image_named(const json_t *metadata)
{
	const char *name = json_text(metadata, "image-name");

	return name && !digest_hex(name) && !is_hex64(name) ? name : NULL;
}

static int metadata_fill(const json_t *record, struct container_facts *facts)
{
	const char *text = json_text(record, "metadata");
	json_auto_t *metadata = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(metadata_fields); i++)
		r = fact_set((char **)((char *)facts + metadata_fields[i].field),
			     json_text(metadata, metadata_fields[i].key));
	facts->role = json_is_true(json_object_get(metadata, "pod")) ? ROLE_SANDBOX : ROLE_ORDINARY;
	if (r == 0)
		r = fact_set(&facts->runtime, json_text(metadata, "pod-name") ? "cri-o" : podman_ops.name);
	return r < 0 ? r : facts_set_image(facts, image_named(metadata));
}

static int record_fill(int root, const json_t *record, struct container_facts *facts)
{
	const char *id = json_text(record, "id");
	int r = fact_set(&facts->id, id);

	if (r == 0)
		r = fact_set(&facts->name, json_string_value(json_array_get(json_object_get(record, "names"), 0)));
	if (r == 0)
		r = metadata_fill(record, facts);
	if (r == 0)
		r = spec_fill(root, id, facts);
	if (r == 0 && facts->runtime && strcmp(facts->runtime, podman_ops.name) == 0)
		r = podman_fill(root, id, facts);
	return r < 0 ? r : image_find(root, image_has_id, json_text(record, "image"), facts);
}

static bool record_has_layer(const json_t *record, const char *layer)
{
	return text_is(record, "layer", layer) && is_hex64(json_text(record, "id"));
}

static bool record_has_id(const json_t *record, const char *id)
{
	return text_is(record, "id", id) && is_hex64(id);
}

/* 0, or -ENOENT without a record; or that of the one list that is always there. */
static int record_lookup(const struct store_place *place, const struct runtime_request *request,
			 struct container_facts *facts)
{
	int seen = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(container_lists); i++) {
		json_auto_t *list = NULL;
		const json_t *record = NULL;
		int r = store_json(place->root, container_lists[i], STORE_LIST_MAX, &list);

		if (is_fatal(r))
			return r;
		if (r < 0 && r != -ENOENT)
			seen = r;
		if (r == 0 && list_find(list, place->layer ? record_has_layer : record_has_id,
					place->layer ?: request->id, &record) == 1)
			return record_fill(place->root, record, facts);
	}
	return seen;
}

static bool layer_has_id(const json_t *layer, const char *id)
{
	return text_is(layer, "id", id);
}

/* Which image a layer was put on, by that one's topmost layer. */
static int layer_image_find(int root, const char *id, struct container_facts *facts)
{
	json_auto_t *layers = NULL;
	const json_t *layer = NULL;
	const char *parent;
	int r = store_json(root, CONTAINERS_LAYERS "/layers.json", STORE_LIST_MAX, &layers);

	if (r < 0 || list_find(layers, layer_has_id, id, &layer) != 1)
		return is_fatal(r) ? r : -ENOENT;
	parent = json_text(layer, "parent");
	return parent ? image_find(root, image_has_layer, parent, facts) : 0;
}

/* The record has gone, or stands where only the engine's configuration tells (a transient store): what the layer's own
 * and the runtime's configuration say. */
static int layer_fill(const struct store_place *place, const struct runtime_request *request,
		      struct container_facts *facts)
{
	json_auto_t *spec = NULL;
	int r = spec_read(place->root, request->id, &spec), found;

	if (r == 0 && spec_has_layer(spec, place->layer))
		r = fact_set(&facts->id, request->id);
	if (r == 0 && facts->id)
		r = spec_fill(place->root, request->id, facts);
	if (is_fatal(r))
		return r;
	found = layer_image_find(place->root, place->layer, facts);
	return found == -ENOENT && facts->id ? 0 : found;
}

static int containers_lookup(const struct store_place *place, const struct runtime_request *request,
			     struct container_facts *facts)
{
	int r = record_lookup(place, request, facts);

	if (r == 0 || is_fatal(r) || !place->layer)
		return r;
	if (atomic_load(place->cancelled))
		return -ECANCELED;
	return layer_fill(place, request, facts);
}

const struct store_ops store_containers = {
	.folder = "overlay",
	.leaf = "diff",
	.lookup = containers_lookup,
	.image = containers_image_find,
};
