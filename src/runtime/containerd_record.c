/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/containerd_record.h"

#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"

#define DIGEST_LENGTH 71 /* "sha256:" and 64 digits */

/* What meta.db said; the snapshot stays. */
static void record_reset(struct containerd_record *record)
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

static void snapshot_reset(struct containerd_record *record)
{
	free(record->namespace);
	free(record->key);
	free(record->chain);
	record->namespace = record->key = record->chain = NULL;
}

void containerd_record_clear(struct containerd_record *record)
{
	record_reset(record);
	snapshot_reset(record);
}

int containerd_bucket(struct bolt *bolt, const char *namespace, const char *name, const char *sub,
		      struct bolt_bucket *ret_bucket)
{
	return bolt_bucket(bolt, (const char *const[]){ "v1", namespace, name, sub, NULL }, ret_bucket);
}

struct search {
	const struct store_place *place;
	const struct runtime_request *request;
	struct containerd_record record;
};

static inline void search_done(struct search *search)
{
	containerd_record_clear(&search->record);
}

static bool value_is(struct bolt *bolt, const struct bolt_bucket *bucket, const char *key, const char *text)
{
	struct bolt_bytes value;

	return bolt_get(bolt, bucket, key, &value) == 0 && bolt_is(value, text);
}

/* ---- the snapshot of a layer ---- */

bool containerd_varint(struct bolt_bytes bytes, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.size && i < 10; i++) {
		value |= (uint64_t)(bytes.data[i] & 0x7f) << (7 * i);
		if (!(bytes.data[i] & 0x80)) {
			*ret_value = value;
			return true;
		}
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
static int chain_set(const char *parent, struct containerd_record *record)
{
	const char *key = key_of(parent);

	if (!key || strncmp(key, "sha256:", strlen("sha256:")) != 0)
		return 0;
	record->chain = strndup(key, DIGEST_LENGTH);
	return record->chain ? 0 : -ENOMEM;
}

static int snapshot_set(const char *name, struct containerd_record *record)
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
	uint64_t number;
	int r;

	if (atomic_load(walk->search->place->cancelled))
		return -ECANCELED;
	if (!entry->is_bucket || bolt_get(walk->bolt, &entry->bucket, "id", &id) < 0 ||
	    !containerd_varint(id, &number) || number != walk->number)
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

static int container_read(struct bolt *bolt, const char *id, const struct bolt_bucket *container,
			  struct containerd_record *record)
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

static bool has_snapshot(struct bolt *bolt, const struct bolt_bucket *container, const struct containerd_record *record)
{
	return value_is(bolt, container, "snapshotKey", record->key) &&
	       value_is(bolt, container, "snapshotter", CONTAINERD_SNAPSHOTTER);
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
	struct containerd_record *record = &search->record;
	const char *const ids[] = { record->key, search->request->id };
	struct container_walk walk = { bolt, search };
	struct bolt_bucket containers, container;
	int r = containerd_bucket(bolt, record->namespace, "containers", NULL, &containers);

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
	struct containerd_record *record = &walk->search->record;
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
	return r < 0 ? r : containerd_image_find(bolt, &search->record);
}

struct labels_walk {
	const char *namespace, *id;
	struct label_list *labels;
};

static int labels_find(struct bolt *bolt, void *data)
{
	struct labels_walk *walk = data;
	struct bolt_bucket container;
	int r = containerd_bucket(bolt, walk->namespace, "containers", walk->id, &container);

	return r < 0 ? unless_missing(r) : labels_read(bolt, &container, walk->labels);
}

int containerd_labels_find(int meta, const char *namespace, const char *id, struct label_list *labels)
{
	return bolt_read(meta, labels_find, &(struct labels_walk){ namespace, id, labels });
}

static int snapshots_search(struct search *search)
{
	_cleanup_close_ int fd = store_file(search->place->root, CONTAINERD_SNAPSHOTS);

	return fd < 0 ? fd : bolt_read(fd, snapshot_find, search);
}

int containerd_record_find(const struct store_place *place, const struct runtime_request *request, int meta,
			   struct containerd_record *ret_record)
{
	_cleanup_(search_done) struct search search = { .place = place, .request = request };
	int r = place->layer ? snapshots_search(&search) : 0;

	if (r == 0)
		r = bolt_read(meta, record_find, &search);
	if (r < 0)
		return r;
	*ret_record = search.record;
	search.record = (struct containerd_record){ 0 };
	return 0;
}
