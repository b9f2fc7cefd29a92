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
#include "runtime/storage.h"

#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "runtime/containerd_record.h"
#include "container/facts.h"
#include "runtime/oci_spec.h"

#define LABEL_SANDBOX "io.kubernetes.cri.sandbox-id"

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

int containerd_record_image(const struct store_place *place, const struct containerd_record *record,
			    struct container_facts *facts)
{
	const char *hex = digest_hex(record->config);
	const char *name =
		record->image && *record->image && image_is_named(record->image) ? record->image : record->name;
	json_auto_t *config = NULL;
	char path[PATH_MAX];
	int r = facts_set_image(facts, name);

	if (r == 0)
		r = fact_set(&facts->image_digest, record->digest ?: record->config);
	if (r < 0 || !hex)
		return r;
	(void)snprintf(path, sizeof(path), CONTAINERD_BLOBS "/%s", hex);
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

/* The pod's labels stand with its sandbox. */
static int spec_fill(int meta, const struct containerd_record *record, struct container_facts *facts)
{
	json_auto_t *spec = spec_parse(record->spec);
	const char *id = json_text(json_object_get(spec, "annotations"), LABEL_SANDBOX);
	int r = spec ? oci_spec_fill(spec, facts) : 0;

	if (r < 0 || !id || (record->id && strcmp(id, record->id) == 0))
		return r;
	r = containerd_labels_find(meta, record->namespace, id, &facts->labels);
	return r == -ENOMEM ? r : 0;
}

/* The names that labels and the specification have stand above the id, which `ctr` takes as a name. */
static int facts_fill(const struct store_place *place, int meta, struct containerd_record *record,
		      struct container_facts *facts)
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
		r = containerd_record_image(place, record, facts);
	if (r == 0)
		r = label_fields_fill(facts);
	return r < 0 ? r : spec_fill(meta, record, facts);
}

static inline void record_done(struct containerd_record *record)
{
	containerd_record_clear(record);
}

static int containerd_lookup(const struct store_place *place, const struct runtime_request *request,
			     struct container_facts *facts)
{
	_cleanup_(record_done) struct containerd_record record = { 0 };
	_cleanup_close_ int meta = store_file(place->root, CONTAINERD_META);
	int r = meta < 0 ? meta : containerd_record_find(place, request, meta, &record);

	return r < 0 ? r : facts_fill(place, meta, &record, facts);
}

const struct store_ops store_containerd = {
	.folder = "io.containerd.snapshotter.v1." CONTAINERD_SNAPSHOTTER "/snapshots",
	.leaf = "fs",
	.lookup = containerd_lookup,
	.image = containerd_stored_image,
};
