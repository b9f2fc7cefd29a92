/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd's data root (1.4 to 2.x), with its overlayfs snapshotter. Two bbolt databases and a directory of blobs:
 *
 *	io.containerd.snapshotter.v1.overlayfs/metadata.db  v1/snapshots/<NAME>/: id (varint: the directory's number),
 *	                                                    parent (a NAME); NAME is "<namespace>/<number>/<key>"
 *	io.containerd.metadata.v1.bolt/meta.db  v1/<namespace>/containers/<id>/: image, snapshotKey, spec, labels/,
 *	                                        runtime/name; images/<name>/target/digest; content/blob/<digest>/labels/
 *	io.containerd.content.v1.content/blobs/sha256/<hex>
 *
 * The key of an image's snapshot is the chain id of its layers. What a blob refers to stands in its labels, for
 * containerd's garbage collector: an index to manifests, a manifest to its configuration, and that, where the image was
 * unpacked, to the snapshot. So an image leads to the configuration that was used here, whatever its platforms, and
 * a tag that was moved to another image since the container was made does not mislead.
 *
 * Docker's containers are here under the namespace "moby", without a name; where Docker leaves its layers to containerd
 * (its containerd image store), with the image by its layers.
 */
#include "container/storage.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/bolt.h"
#include "container/facts.h"
#include "container/oci_spec.h"

#define SNAPSHOTTER "overlayfs"
#define SNAPSHOTS   "io.containerd.snapshotter.v1." SNAPSHOTTER "/metadata.db"
#define META        "io.containerd.metadata.v1.bolt/meta.db"
#define BLOBS       "io.containerd.content.v1.content/blobs/sha256"

#define LABEL_SNAPSHOT "containerd.io/gc.ref.snapshot." SNAPSHOTTER
#define LABEL_CONTENT  "containerd.io/gc.ref.content."
#define LABEL_SANDBOX  "io.kubernetes.cri.sandbox-id"

#define CONTENT_DEPTH    3   /* index, manifest, configuration */
#define CONTENT_REFS_MAX 256 /* that are followed for one image */
#define DIGEST_LENGTH    71  /* "sha256:" and 64 digits */

/* What the databases say; owned strings, NULL unknown. */
struct record {
	char *namespace, *key; /* of its snapshot */
	char *chain;           /* of the layers that it stands on */
	char *id;
	char *image;  /* as it was asked for */
	char *digest; /* of the image's target */
	char *config; /* of the image's configuration */
	char *name;   /* of the image, where that is another than it was asked for, and there is but one */
	char *runtime;
	struct bolt_bytes spec; /* owned; malloc'd */
	struct label_list labels;
};

/* What meta.db said; the snapshot stays. */
static void record_reset(struct record *record)
{
	char **strings[] = { &record->id,     &record->image, &record->digest,
			     &record->config, &record->name,  &record->runtime };

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		free(*strings[i]);
		*strings[i] = NULL;
	}
	free((void *)record->spec.data);
	record->spec = (struct bolt_bytes){ 0 };
	labels_clear(&record->labels);
}

static void snapshot_reset(struct record *record)
{
	free(record->namespace);
	free(record->key);
	free(record->chain);
	record->namespace = record->key = record->chain = NULL;
}

static inline void record_done(struct record *record)
{
	record_reset(record);
	snapshot_reset(record);
}

struct search {
	const struct store_place *place;
	const struct runtime_request *request;
	struct record record;
};

static inline void search_done(struct search *search)
{
	record_done(&search->record);
}

/* What leaves a fact unknown, and no more. */
static int unless_missing(int r)
{
	return r == -ENOENT ? 0 : r;
}

static bool bytes_are(struct bolt_bytes bytes, const char *text)
{
	return bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0;
}

static bool value_is(struct bolt *bolt, const struct bolt_bucket *bucket, const char *key, const char *text)
{
	struct bolt_bytes value;

	return bolt_get(bolt, bucket, key, &value) == 0 && bytes_are(value, text);
}

/* ---- the snapshot of a layer ---- */

/* Unsigned, 7 bits a byte, the lowest first (Go's encoding/binary). */
static bool varint_is(struct bolt_bytes bytes, uint64_t number)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.size && i < 10; i++) {
		value |= (uint64_t)(bytes.data[i] & 0x7f) << (7 * i);
		if (!(bytes.data[i] & 0x80))
			return value == number;
	}
	return false;
}

/* "<namespace>/<number>/<key>": where the key begins, or NULL. */
static const char *key_of(const char *name)
{
	const char *slash = strchr(name, '/');

	slash = slash ? strchr(slash + 1, '/') : NULL;
	return slash ? slash + 1 : NULL;
}

/* An image's snapshot; one whose owners were shifted has more behind the chain id. */
static int chain_set(const char *parent, struct record *record)
{
	const char *key = key_of(parent);

	if (!key || strncmp(key, "sha256:", strlen("sha256:")) != 0)
		return 0;
	record->chain = strndup(key, DIGEST_LENGTH);
	return record->chain ? 0 : -ENOMEM;
}

static int snapshot_set(const char *name, struct record *record)
{
	const char *key = key_of(name);

	if (!key)
		return -EBADMSG;
	record->namespace = strndup(name, strcspn(name, "/"));
	record->key = strdup(key);
	return record->namespace && record->key ? 0 : -ENOMEM;
}

struct snapshot_walk {
	struct bolt *bolt;
	struct search *search;
	uint64_t number;
};

static int snapshot_look(const struct bolt_entry *entry, void *data)
{
	struct snapshot_walk *walk = data;
	_cleanup_free_ char *name = NULL, *parent = NULL;
	struct bolt_bytes id;
	int r;

	if (atomic_load(walk->search->place->cancelled))
		return -ECANCELED;
	if (!entry->is_bucket || bolt_get(walk->bolt, &entry->bucket, "id", &id) < 0 || !varint_is(id, walk->number))
		return 0;
	r = bolt_copy(entry->key, &name);
	if (r == 0)
		r = snapshot_set(name, &walk->search->record);
	if (r == 0)
		r = unless_missing(bolt_text(walk->bolt, &entry->bucket, "parent", &parent));
	if (r == 0 && parent)
		r = chain_set(parent, &walk->search->record);
	return r < 0 ? r : 1;
}

static int snapshot_find(struct bolt *bolt, void *data)
{
	static const char *const path[] = { "v1", "snapshots", NULL };
	struct search *search = data;
	struct snapshot_walk walk = { .bolt = bolt, .search = search };
	struct bolt_bucket snapshots;
	char *end;
	int r = bolt_bucket(bolt, path, &snapshots);

	snapshot_reset(&search->record);
	errno = 0;
	walk.number = strtoull(search->place->layer, &end, 10);
	if (r < 0 || errno || *end || end == search->place->layer)
		return r < 0 ? r : -ENOENT;
	r = bolt_each(bolt, &snapshots, snapshot_look, &walk);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

/* ---- images ---- */

static int namespace_bucket(struct bolt *bolt, const char *namespace, const char *name, const char *sub,
			    struct bolt_bucket *ret_bucket)
{
	return bolt_bucket(bolt, (const char *const[]){ "v1", namespace, name, sub, NULL }, ret_bucket);
}

struct content_walk {
	struct bolt *bolt;
	struct bolt_bucket blobs;
	const char *chain; /* that the configuration's image must have; NULL any */
	int depth;
	unsigned references;
	char *config;  /* what was found */
	bool mismatch; /* configurations were, of other layers only */
};

static int content_look(struct content_walk *walk, const char *digest);

static int content_follow(const struct bolt_entry *entry, void *data)
{
	struct content_walk *walk = data;
	_cleanup_free_ char *digest = NULL;
	size_t length = strlen(LABEL_CONTENT);
	int r;

	if (entry->key.size < length || memcmp(entry->key.data, LABEL_CONTENT, length) != 0)
		return 0;
	r = bolt_copy(entry->value, &digest);
	if (r == 0)
		r = content_look(walk, digest);
	return r;
}

/* The configuration that `digest` is, or leads to. 1: it is in walk->config. */
static int content_look(struct content_walk *walk, const char *digest)
{
	struct bolt_bucket blob, labels;
	struct bolt_bytes chain;
	int r;

	if (walk->depth == CONTENT_DEPTH || walk->references++ == CONTENT_REFS_MAX)
		return 0;
	r = bolt_sub(walk->bolt, &walk->blobs, digest, &blob);
	if (r == 0)
		r = bolt_sub(walk->bolt, &blob, "labels", &labels);
	if (r < 0)
		return unless_missing(r);
	if (bolt_get(walk->bolt, &labels, LABEL_SNAPSHOT, &chain) == 0) {
		walk->mismatch = walk->chain && !bytes_are(chain, walk->chain);
		if (walk->mismatch)
			return 0;
		walk->config = strdup(digest);
		return walk->config ? 1 : -ENOMEM;
	}
	walk->depth++;
	r = bolt_each(walk->bolt, &labels, content_follow, walk);
	walk->depth--;
	return r;
}

/* 1: *ret_config is its configuration, malloc'd; 0: not known; -ESTALE: it has other layers than `chain`. */
static int image_config_find(struct bolt *bolt, const char *namespace, const char *digest, const char *chain,
			     char **ret_config)
{
	struct content_walk walk = { .bolt = bolt, .chain = chain };
	int r = namespace_bucket(bolt, namespace, "content", "blob", &walk.blobs);

	if (r < 0)
		return unless_missing(r);
	r = content_look(&walk, digest);
	if (r == 1)
		*ret_config = walk.config;
	return r == 0 && walk.mismatch ? -ESTALE : r;
}

static int image_target(struct bolt *bolt, const struct bolt_bucket *image, char **ret_digest)
{
	struct bolt_bucket target;
	int r = bolt_sub(bolt, image, "target", &target);

	return r < 0 ? r : bolt_text(bolt, &target, "digest", ret_digest);
}

/* The images of a namespace by their layers, or by their target where `record` has that. */
struct image_walk {
	struct bolt *bolt;
	struct record *record;
	char *digest, *config, *name; /* of the first that was found */
	bool digests, names;          /* there are several */
};

static inline void image_walk_done(struct image_walk *walk)
{
	free(walk->digest);
	free(walk->config);
	free(walk->name);
}

/* The CRI lists an image by its id and by its digest too. */
static bool is_name(const char *name)
{
	return strncmp(name, "sha256:", strlen("sha256:")) != 0 && !strchr(name, '@');
}

/* 1: the image of that target is one of those; `config` as it turned out. */
static int image_fits(struct image_walk *walk, const char *digest, char **ret_config)
{
	const struct record *record = walk->record;
	int r;

	if (record->digest)
		return strcmp(digest, record->digest) == 0;
	r = image_config_find(walk->bolt, record->namespace, digest, record->chain, ret_config);
	return r == -ESTALE ? 0 : r;
}

static void image_note(struct image_walk *walk, char **digest, char **config, char **name)
{
	if (!walk->digest)
		walk->digest = take_ptr(*digest);
	else
		walk->digests |= strcmp(walk->digest, *digest) != 0;
	if (!walk->config)
		walk->config = take_ptr(*config);
	if (!is_name(*name))
		return;
	walk->names |= walk->name != NULL;
	if (!walk->name)
		walk->name = take_ptr(*name);
}

static int image_look(const struct bolt_entry *entry, void *data)
{
	_cleanup_free_ char *digest = NULL, *config = NULL, *name = NULL;
	struct image_walk *walk = data;
	int r;

	if (!entry->is_bucket || image_target(walk->bolt, &entry->bucket, &digest) < 0)
		return 0;
	r = image_fits(walk, digest, &config);
	if (r == 1)
		r = bolt_copy(entry->key, &name);
	else
		return r;
	if (r == 0)
		image_note(walk, &digest, &config, &name);
	return r == -EBADMSG ? 0 : r;
}

/* What all images of the namespace say of the one that this container has, where they say one thing. */
static int images_search(struct bolt *bolt, struct record *record)
{
	_cleanup_(image_walk_done) struct image_walk walk = { .bolt = bolt, .record = record };
	struct bolt_bucket images;
	int r = namespace_bucket(bolt, record->namespace, "images", NULL, &images);

	if (r == 0)
		r = bolt_each(bolt, &images, image_look, &walk);
	if (r < 0)
		return unless_missing(r);
	if (!walk.digests && !record->digest)
		record->digest = take_ptr(walk.digest);
	if (!walk.digests && !record->config)
		record->config = take_ptr(walk.config);
	if (!walk.names && !walk.digests)
		record->name = take_ptr(walk.name);
	return 0;
}

/* By its name, unless that is another image's by now. */
static int image_by_name(struct bolt *bolt, struct record *record)
{
	_cleanup_free_ char *digest = NULL;
	struct bolt_bucket images, image;
	int r = namespace_bucket(bolt, record->namespace, "images", NULL, &images);

	if (r == 0)
		r = bolt_sub(bolt, &images, record->image, &image);
	if (r == 0)
		r = image_target(bolt, &image, &digest);
	if (r < 0)
		return unless_missing(r);
	r = image_config_find(bolt, record->namespace, digest, record->chain, &record->config);
	if (r != -ESTALE)
		record->digest = take_ptr(digest);
	return r < 0 && r != -ESTALE ? r : 0;
}

static int image_find(struct bolt *bolt, struct record *record)
{
	int r = record->image && *record->image ? image_by_name(bolt, record) : 0;
	bool named = record->image && *record->image && is_name(record->image);

	if (r < 0 || (named && record->digest) || !(record->digest || record->chain))
		return r;
	return images_search(bolt, record);
}

/* ---- containers ---- */

static int labels_look(const struct bolt_entry *entry, void *data)
{
	_cleanup_free_ char *key = NULL, *value = NULL;
	int r = bolt_copy(entry->key, &key);

	if (r == 0)
		r = bolt_copy(entry->value, &value);
	if (r == 0)
		r = labels_add(data, key, value);
	return r == -EBADMSG ? 0 : r;
}

static int labels_read(struct bolt *bolt, const struct bolt_bucket *container, struct label_list *labels)
{
	struct bolt_bucket bucket;
	int r = bolt_sub(bolt, container, "labels", &bucket);

	return r < 0 ? unless_missing(r) : bolt_each(bolt, &bucket, labels_look, labels);
}

static int spec_read(struct bolt *bolt, const struct bolt_bucket *container, struct bolt_bytes *ret_spec)
{
	struct bolt_bytes spec;
	uint8_t *copy;
	int r = bolt_get(bolt, container, "spec", &spec);

	if (r < 0 || spec.size == 0 || spec.size > STORE_RECORD_MAX)
		return unless_missing(r);
	copy = malloc(spec.size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, spec.data, spec.size);
	*ret_spec = (struct bolt_bytes){ copy, spec.size };
	return 0;
}

static int container_read(struct bolt *bolt, const char *id, const struct bolt_bucket *container, struct record *record)
{
	struct bolt_bucket runtime;
	int r;

	record->id = strdup(id);
	r = record->id ? unless_missing(bolt_text(bolt, container, "image", &record->image)) : -ENOMEM;
	if (r == 0)
		r = spec_read(bolt, container, &record->spec);
	if (r == 0)
		r = labels_read(bolt, container, &record->labels);
	if (r == 0)
		r = unless_missing(bolt_sub(bolt, container, "runtime", &runtime));
	if (r == 0 && bolt_sub(bolt, container, "runtime", &runtime) == 0)
		r = unless_missing(bolt_text(bolt, &runtime, "name", &record->runtime));
	return r;
}

struct container_walk {
	struct bolt *bolt;
	struct search *search;
};

static bool has_snapshot(struct bolt *bolt, const struct bolt_bucket *container, const struct record *record)
{
	return value_is(bolt, container, "snapshotKey", record->key) &&
	       value_is(bolt, container, "snapshotter", SNAPSHOTTER);
}

/* 1: it is the one that has the snapshot. */
static int container_look(const struct bolt_entry *entry, void *data)
{
	struct container_walk *walk = data;
	_cleanup_free_ char *id = NULL;
	int r;

	if (atomic_load(walk->search->place->cancelled))
		return -ECANCELED;
	if (!entry->is_bucket || !has_snapshot(walk->bolt, &entry->bucket, &walk->search->record))
		return 0;
	r = bolt_copy(entry->key, &id);
	if (r == 0)
		r = container_read(walk->bolt, id, &entry->bucket, &walk->search->record);
	return r < 0 ? r : 1;
}

/* The container of the snapshot: most often of the same name, or the one that the cgroup names. Without it the record
 * has gone already, and its id is the snapshot's key where the cgroup says so too. */
static int container_by_snapshot(struct bolt *bolt, struct search *search)
{
	struct record *record = &search->record;
	const char *const ids[] = { record->key, search->request->id };
	struct container_walk walk = { bolt, search };
	struct bolt_bucket containers, container;
	int r = namespace_bucket(bolt, record->namespace, "containers", NULL, &containers);

	if (r < 0)
		return unless_missing(r);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		r = bolt_sub(bolt, &containers, ids[i], &container);
		if (r == 0 && has_snapshot(bolt, &container, record))
			return container_read(bolt, ids[i], &container, record);
	}
	r = bolt_each(bolt, &containers, container_look, &walk);
	if (r != 0 || strcmp(record->key, search->request->id) != 0)
		return r < 0 ? r : 0;
	record->id = strdup(record->key);
	return record->id ? 0 : -ENOMEM;
}

/* Is it the name of the path's last folder but one? `ctr` makes "/<namespace>/<id>". */
static bool path_suggests(const char *path, const char *namespace)
{
	const char *end = strrchr(path, '/');
	size_t length = strlen(namespace);

	return end && (size_t)(end - path) > length && end[-(ptrdiff_t)length - 1] == '/' &&
	       strncmp(end - length, namespace, length) == 0;
}

/* 1: the namespace has a container of that id, and it is either one that is nobody else's, or as the path says. */
static int namespace_look(const struct bolt_entry *entry, void *data)
{
	struct container_walk *walk = data;
	const struct runtime_request *request = walk->search->request;
	struct record *record = &walk->search->record;
	struct bolt_bucket containers, container;
	_cleanup_free_ char *namespace = NULL;
	int r;

	if (!entry->is_bucket || bolt_copy(entry->key, &namespace) < 0)
		return 0;
	if (!is_hex64(request->id) && !path_suggests(request->path, namespace))
		return 0;
	r = bolt_sub(walk->bolt, &entry->bucket, "containers", &containers);
	if (r == 0)
		r = bolt_sub(walk->bolt, &containers, request->id, &container);
	if (r < 0)
		return unless_missing(r);
	r = container_read(walk->bolt, request->id, &container, record);
	record->namespace = take_ptr(namespace);
	return r < 0 ? r : 1;
}

static int container_by_id(struct bolt *bolt, struct search *search)
{
	static const char *const path[] = { "v1", NULL };
	struct container_walk walk = { bolt, search };
	struct bolt_bucket namespaces;
	int r = bolt_bucket(bolt, path, &namespaces);

	snapshot_reset(&search->record);
	if (r == 0)
		r = bolt_each(bolt, &namespaces, namespace_look, &walk);
	return r == 0 ? -ENOENT : r < 0 ? r : 0;
}

static int record_find(struct bolt *bolt, void *data)
{
	struct search *search = data;
	int r;

	record_reset(&search->record);
	r = search->place->layer ? container_by_snapshot(bolt, search) : container_by_id(bolt, search);
	return r < 0 ? r : image_find(bolt, &search->record);
}

/* ---- the facts ---- */

/* Labels that name a container or its pod: of the kubelet, and of nerdctl. */
static const struct {
	const char *key;
	size_t field;
} label_fields[] = {
	{ "nerdctl/name", offsetof(struct container_facts, name) },
	{ "io.kubernetes.container.name", offsetof(struct container_facts, name) },
	{ "io.kubernetes.pod.name", offsetof(struct container_facts, pod_name) },
	{ "io.kubernetes.pod.namespace", offsetof(struct container_facts, pod_namespace) },
	{ "io.kubernetes.pod.uid", offsetof(struct container_facts, pod_uid) },
};

static int label_fields_fill(struct container_facts *facts)
{
	const char *kind = labels_get(&facts->labels, "io.cri-containerd.kind");
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(label_fields); i++)
		r = fact_set((char **)((char *)facts + label_fields[i].field),
			     labels_get(&facts->labels, label_fields[i].key));
	if (kind)
		facts->role = strcmp(kind, "sandbox") == 0 ? ROLE_SANDBOX : ROLE_ORDINARY;
	return r;
}

static int image_fill(const struct store_place *place, const struct record *record, struct container_facts *facts)
{
	const char *hex = digest_hex(record->config);
	const char *name = record->image && *record->image && is_name(record->image) ? record->image : record->name;
	json_auto_t *config = NULL;
	char path[PATH_MAX];
	int r = facts_set_image(facts, name);

	if (r == 0)
		r = fact_set(&facts->image_digest, record->digest ?: record->config);
	if (r < 0 || !hex)
		return r;
	(void)snprintf(path, sizeof(path), BLOBS "/%s", hex);
	r = store_json(place->root, path, STORE_RECORD_MAX, &config);
	if (r == 0)
		r = store_image(config, record->config, facts);
	return r == -ENOMEM ? r : 0;
}

/* The JSON in an Any (google/protobuf/any.proto): field 2, bytes. */
static json_t *spec_parse(struct bolt_bytes any)
{
	size_t at = 0;

	while (at < any.size) {
		uint8_t tag = any.data[at++];
		uint64_t length = 0;

		for (int shift = 0; at < any.size && shift < 35; shift += 7) {
			length |= (uint64_t)(any.data[at] & 0x7f) << shift;
			if (!(any.data[at++] & 0x80))
				break;
		}
		if (length > any.size - at || (tag & 7) != 2)
			return NULL;
		if (tag >> 3 == 2)
			return json_loadb((const char *)any.data + at, length, JSON_REJECT_DUPLICATES, NULL);
		at += length;
	}
	return NULL;
}

struct sandbox {
	const char *namespace, *id;
	struct label_list *labels;
};

static int sandbox_read(struct bolt *bolt, void *data)
{
	struct sandbox *sandbox = data;
	struct bolt_bucket container;
	int r = namespace_bucket(bolt, sandbox->namespace, "containers", sandbox->id, &container);

	return r < 0 ? unless_missing(r) : labels_read(bolt, &container, sandbox->labels);
}

/* The pod's labels stand with its sandbox. */
static int spec_fill(int meta, const struct record *record, struct container_facts *facts)
{
	json_auto_t *spec = spec_parse(record->spec);
	const char *id = json_text(json_object_get(spec, "annotations"), LABEL_SANDBOX);
	int r = spec ? oci_spec_fill(spec, facts) : 0;

	if (r < 0 || !id || (record->id && strcmp(id, record->id) == 0))
		return r;
	r = bolt_read(meta, sandbox_read, &(struct sandbox){ record->namespace, id, &facts->labels });
	return r == -ENOMEM ? r : 0;
}

/* The names that labels and the specification have stand above the id, which `ctr` takes as a name. */
static int facts_fill(const struct store_place *place, int meta, struct record *record, struct container_facts *facts)
{
	bool is_docker = record->namespace && strcmp(record->namespace, "moby") == 0;
	int r = fact_set(&facts->id, record->id);

	facts->role = ROLE_ORDINARY; /* unless labels say otherwise */
	if (r == 0 && !is_docker)
		r = fact_set(&facts->name, record->id);
	if (r == 0)
		r = fact_set(&facts->runtime, is_docker ? docker_ops.name : containerd_ops.name);
	if (r == 0)
		r = fact_set(&facts->handler, record->runtime);
	facts->labels = record->labels;
	record->labels = (struct label_list){ 0 };
	if (r == 0)
		r = image_fill(place, record, facts);
	if (r == 0)
		r = label_fields_fill(facts);
	return r < 0 ? r : spec_fill(meta, record, facts);
}

static int snapshots_search(struct search *search)
{
	_cleanup_close_ int fd = store_file(search->place->root, SNAPSHOTS);

	return fd < 0 ? fd : bolt_read(fd, snapshot_find, search);
}

static int containerd_lookup(const struct store_place *place, const struct runtime_request *request,
			     struct container_facts *facts)
{
	_cleanup_(search_done) struct search search = { .place = place, .request = request };
	_cleanup_close_ int meta = store_file(place->root, META);
	int r = meta < 0 ? meta : 0;

	if (r == 0 && place->layer)
		r = snapshots_search(&search);
	if (r == 0)
		r = bolt_read(meta, record_find, &search);
	return r < 0 ? r : facts_fill(place, meta, &search.record, facts);
}

const struct store_ops store_containerd = {
	.folder = "io.containerd.snapshotter.v1." SNAPSHOTTER "/snapshots",
	.leaf = "fs",
	.lookup = containerd_lookup,
};
