/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image of containerd's by its name or id, and its layers. Beside what storage_containerd.c lists,
 *
 *	meta.db v1/<namespace>/snapshots/overlayfs/<key>: name, of the snapshot as metadata.db has it
 *
 * leads from the chain id of an image that was unpacked to its topmost snapshot, and from there parent by parent down.
 */
#include "runtime/containerd_record.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "runtime/image_choice.h"

struct search {
	const struct store_place *place;
	const char *word;
	struct bolt *bolt;
	char *namespace; /* that is being looked through */
	struct image_choice choice;
	struct containerd_record record;
	char *snapshot; /* the topmost */
	struct stored_image *image;
};

static void search_reset(struct search *search)
{
	free(search->namespace);
	free(search->snapshot);
	search->namespace = search->snapshot = NULL;
	image_choice_clear(&search->choice);
	containerd_record_clear(&search->record);
}

/* ---- which image ---- */

/* By its id an image is called by what it leads to, or by its configuration. */
static enum image_match image_match(const struct search *search, const char *name, const char *digest,
				    const char *config)
{
	enum image_match by_name = image_match_name(search->word, name);
	enum image_match by_digest = image_match_id(search->word, digest);
	enum image_match by_config = image_match_id(search->word, config);
	enum image_match by_id = by_digest > by_config ? by_digest : by_config;

	return by_name > by_id ? by_name : by_id;
}

/* One that was not unpacked has no layers here. */
static int image_look(const struct bolt_entry *entry, void *data)
{
	_cleanup_free_ char *name = NULL, *digest = NULL, *config = NULL;
	struct search *search = data;
	int r;

	if (atomic_load(search->place->cancelled))
		return -ECANCELED;
	if (!entry->is_bucket || bolt_copy(entry->key, &name) < 0 ||
	    containerd_image_target(search->bolt, &entry->bucket, &digest) < 0)
		return 0;
	r = containerd_config_find(search->bolt, search->namespace, digest, NULL, &config);
	if (r <= 0)
		return r;
	return image_choice_offer(&search->choice, image_match(search, name, digest, config), digest,
				  image_is_named(name) ? name : NULL, search->namespace);
}

static int namespace_look(const struct bolt_entry *entry, void *data)
{
	struct search *search = data;
	struct bolt_bucket images;
	int r;

	free(search->namespace);
	search->namespace = NULL;
	if (!entry->is_bucket || bolt_copy(entry->key, &search->namespace) < 0)
		return 0;
	r = bolt_sub(search->bolt, &entry->bucket, "images", &images);
	return r < 0 ? unless_missing(r) : bolt_each(search->bolt, &images, image_look, search);
}

/* ---- where its layers are ---- */

/* The configuration's chain of layers, and the snapshot of it. */
static int snapshot_find(struct search *search)
{
	struct containerd_record *record = &search->record;
	const char *const blob[] = { "v1", record->namespace, "content", "blob", record->config, "labels", NULL };
	const char *path[] = { "v1", record->namespace, "snapshots", CONTAINERD_SNAPSHOTTER, NULL, NULL };
	struct bolt_bucket bucket;
	int r = bolt_bucket(search->bolt, blob, &bucket);

	if (r == 0)
		r = bolt_text(search->bolt, &bucket, CONTAINERD_LABEL_SNAPSHOT, &record->chain);
	path[4] = record->chain;
	if (r == 0)
		r = bolt_bucket(search->bolt, path, &bucket);
	return r < 0 ? r : bolt_text(search->bolt, &bucket, "name", &search->snapshot);
}

static int meta_read(struct bolt *bolt, void *data)
{
	static const char *const path[] = { "v1", NULL };
	struct search *search = data;
	struct containerd_record *record = &search->record;
	struct bolt_bucket namespaces;
	int r = bolt_bucket(bolt, path, &namespaces);

	search_reset(search);
	search->bolt = bolt;
	if (r == 0)
		r = bolt_each(bolt, &namespaces, namespace_look, search);
	if (r == 0)
		r = image_choice_made(&search->choice);
	if (r < 0)
		return r;
	record->namespace = take_ptr(search->choice.where);
	record->digest = take_ptr(search->choice.id);
	record->image = take_ptr(search->choice.reference);
	r = containerd_config_find(bolt, record->namespace, record->digest, NULL, &record->config);
	return r == 1 ? snapshot_find(search) : r ?: -ENOENT;
}

/* One snapshot, and which lies below it: "" where none does. */
static int snapshot_read(struct search *search, const char *name, char **ret_parent)
{
	const char *const path[] = { "v1", "snapshots", name, NULL };
	struct bolt_bucket snapshot;
	struct bolt_bytes id;
	uint64_t number;
	char layer[24];
	int r = bolt_bucket(search->bolt, path, &snapshot);

	if (r == 0)
		r = bolt_get(search->bolt, &snapshot, "id", &id);
	if (r < 0)
		return r;
	if (!containerd_varint(id, &number))
		return -EBADMSG;
	(void)snprintf(layer, sizeof(layer), "%" PRIu64, number);
	r = stored_image_add(search->image, &store_containerd, layer);
	return r < 0 ? r : unless_missing(bolt_text(search->bolt, &snapshot, "parent", ret_parent));
}

static int snapshots_read(struct bolt *bolt, void *data)
{
	struct search *search = data;
	_cleanup_free_ char *at = strdup(search->snapshot);
	int r = at ? 0 : -ENOMEM;

	stored_image_clear(search->image);
	search->bolt = bolt;
	while (r == 0 && at && *at) { /* a ring ends at the bound of layers */
		char *parent = NULL;

		r = snapshot_read(search, at, &parent);
		free(at);
		at = parent;
	}
	return r == -ENOENT ? -EBADMSG : r;
}

int containerd_stored_image(const struct store_place *place, const char *word, struct stored_image *image)
{
	_cleanup_(search_reset) struct search search = { .place = place, .word = word, .image = image };
	_cleanup_close_ int meta = store_file(place->root, CONTAINERD_META), snapshots = -EBADF;
	int r = meta < 0 ? meta : bolt_read(meta, meta_read, &search);

	if (r < 0)
		return r;
	snapshots = store_file(place->root, CONTAINERD_SNAPSHOTS);
	r = snapshots < 0 ? snapshots : bolt_read(snapshots, snapshots_read, &search);
	return r < 0 ? r : containerd_record_image(place, &search.record, &image->facts);
}
