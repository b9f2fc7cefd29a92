/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/containerd_record.h"

#include <string.h>

#include "base/cleanup.h"

#define LABEL_CONTENT "containerd.io/gc.ref.content."

#define CONTENT_DEPTH    3   /* index, manifest, configuration */
#define CONTENT_REFS_MAX 256 /* that are followed for one image */

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
	if (bolt_get(walk->bolt, &labels, CONTAINERD_LABEL_SNAPSHOT, &chain) == 0) {
		walk->mismatch = walk->chain && !bolt_is(chain, walk->chain);
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

int containerd_config_find(struct bolt *bolt, const char *namespace, const char *digest, const char *chain,
			   char **ret_config)
{
	struct content_walk walk = { .bolt = bolt, .chain = chain };
	int r = containerd_bucket(bolt, namespace, "content", "blob", &walk.blobs);

	if (r < 0)
		return unless_missing(r);
	r = content_look(&walk, digest);
	if (r == 1)
		*ret_config = walk.config;
	return r == 0 && walk.mismatch ? -ESTALE : r;
}

int containerd_image_target(struct bolt *bolt, const struct bolt_bucket *image, char **ret_digest)
{
	struct bolt_bucket target;
	int r = bolt_sub(bolt, image, "target", &target);

	return r < 0 ? r : bolt_text(bolt, &target, "digest", ret_digest);
}

/* The images of a namespace by their layers, or by their target where `record` has that. */
struct image_walk {
	struct bolt *bolt;
	struct containerd_record *record;
	char *digest, *config, *name; /* of the first that was found */
	bool digests, names;          /* there are several */
};

static inline void image_walk_done(struct image_walk *walk)
{
	free(walk->digest);
	free(walk->config);
	free(walk->name);
}

bool image_is_named(const char *name)
{
	return strncmp(name, "sha256:", strlen("sha256:")) != 0 && !strchr(name, '@');
}

/* 1: the image of that target is one of those; `config` as it turned out. */
static int image_fits(struct image_walk *walk, const char *digest, char **ret_config)
{
	const struct containerd_record *record = walk->record;
	int r;

	if (record->digest)
		return strcmp(digest, record->digest) == 0;
	r = containerd_config_find(walk->bolt, record->namespace, digest, record->chain, ret_config);
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
	if (!image_is_named(*name))
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

	if (!entry->is_bucket || containerd_image_target(walk->bolt, &entry->bucket, &digest) < 0)
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
static int images_search(struct bolt *bolt, struct containerd_record *record)
{
	_cleanup_(image_walk_done) struct image_walk walk = { .bolt = bolt, .record = record };
	struct bolt_bucket images;
	int r = containerd_bucket(bolt, record->namespace, "images", NULL, &images);

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
static int image_by_name(struct bolt *bolt, struct containerd_record *record)
{
	_cleanup_free_ char *digest = NULL;
	struct bolt_bucket images, image;
	int r = containerd_bucket(bolt, record->namespace, "images", NULL, &images);

	if (r == 0)
		r = bolt_sub(bolt, &images, record->image, &image);
	if (r == 0)
		r = containerd_image_target(bolt, &image, &digest);
	if (r < 0)
		return unless_missing(r);
	r = containerd_config_find(bolt, record->namespace, digest, record->chain, &record->config);
	if (r != -ESTALE)
		record->digest = take_ptr(digest);
	return r < 0 && r != -ESTALE ? r : 0;
}

int containerd_image_find(struct bolt *bolt, struct containerd_record *record)
{
	int r = record->image && *record->image ? image_by_name(bolt, record) : 0;
	bool named = record->image && *record->image && image_is_named(record->image);

	if (r < 0 || (named && record->digest) || !(record->digest || record->chain))
		return r;
	return images_search(bolt, record);
}
