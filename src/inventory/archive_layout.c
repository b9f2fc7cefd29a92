// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "image/architecture.h"
#include "inventory/archive_index_internal.h"
#include "runtime/storage.h"

#define BLOBS "blobs/sha256/"

enum media { MEDIA_UNKNOWN, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_CONFIG, MEDIA_LAYER };

/* image-spec: media-types.md, which has Docker's too. */
static enum media media_of(const char *text)
{
	static const struct {
		const char *text;
		enum media media;
	} rows[] = {
		{ "application/vnd.oci.image.index.v1+json", MEDIA_INDEX },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX },
		{ "application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST },
		{ "application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST },
		{ "application/vnd.oci.image.config.v1+json", MEDIA_CONFIG },
		{ "application/vnd.docker.container.image.v1+json", MEDIA_CONFIG },
		{ "application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.v1.tar+gzip", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER },
	};

	for (size_t i = 0; text && i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].text, text) == 0)
			return rows[i].media;
	return MEDIA_UNKNOWN;
}

/* Where a descriptor (descriptor.md) leads. */
struct descriptor {
	const char *media;
	struct digest digest;
	char name[sizeof(BLOBS) + 64];
};

/* -EPROTONOSUPPORT: of another media. */
static int descriptor_read(const json_t *json, enum media media, struct descriptor *ret_descriptor)
{
	const char *digest = json_text(json, "digest");
	int r = archive_digest_read(digest, &ret_descriptor->digest);

	ret_descriptor->media = json_text(json, "mediaType");
	if (r < 0 || media_of(ret_descriptor->media) != media)
		return -EPROTONOSUPPORT;
	(void)snprintf(ret_descriptor->name, sizeof(ret_descriptor->name), BLOBS "%s", digest_hex(digest));
	return 0;
}

static const char *descriptor_name(const json_t *descriptor)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");
	const char *whole = json_text(annotations, "io.containerd.image.name");

	return whole ?: json_text(annotations, "org.opencontainers.image.ref.name");
}

static bool is_candidate(const json_t *descriptor, const char *reference)
{
	static const char *const names[] = { "io.containerd.image.name", "org.opencontainers.image.ref.name" };
	const char *os = json_text(json_object_get(descriptor, "platform"), "os");
	bool is = !reference;

	for (size_t i = 0; !is && i < ARRAY_SIZE(names); i++)
		is = archive_name_is(json_text(json_object_get(descriptor, "annotations"), names[i]), reference);
	return is && json_text(descriptor, "digest") && !(os && strcmp(os, "unknown") == 0);
}

static bool fits_machine(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = json_text(platform, "os"), *architecture = json_text(platform, "architecture");
	struct utsname machine;

	return uname(&machine) == 0 && same_text(os, "linux") && same_text(architecture, architecture_name(&machine));
}

/*
 * True: it could as well be meant as the chosen one. In an index of an index the first that fits is meant (image-index.md),
 * and what does not fit never is.
 */
static bool is_rival(const json_t *descriptor, const json_t *chosen, bool nested)
{
	if (same_text(json_text(descriptor, "digest"), json_text(chosen, "digest")))
		return false;
	if (!fits_machine(chosen))
		return true;
	return !nested &&
	       (fits_machine(descriptor) || !same_text(descriptor_name(descriptor), descriptor_name(chosen)));
}

static int descriptor_choose(const json_t *descriptors, const char *reference, bool nested, const json_t **ret_chosen)
{
	const json_t *descriptor, *chosen = NULL;
	size_t i;

	json_array_foreach (descriptors, i, descriptor)
		if (is_candidate(descriptor, reference) &&
		    (!chosen || (fits_machine(descriptor) && !fits_machine(chosen))))
			chosen = descriptor;
	if (!chosen)
		return -ENOENT;
	json_array_foreach (descriptors, i, descriptor)
		if (is_candidate(descriptor, reference) && is_rival(descriptor, chosen, nested))
			return -EINVAL;
	*ret_chosen = chosen;
	return 0;
}

/* What an entry of an index leads to; it says of itself what it is, or nothing. */
static int entry_follow(const struct archive_store *store, const json_t *entry, json_t **ret_document,
			enum media *ret_media)
{
	_cleanup_(json_decrefp) json_t *document = NULL;
	enum media media = media_of(json_text(entry, "mediaType"));
	struct descriptor descriptor;
	struct digest digest;
	const char *said;
	int r = media == MEDIA_INDEX || media == MEDIA_MANIFEST ? 0 : -EPROTONOSUPPORT;

	if (r == 0)
		r = descriptor_read(entry, media, &descriptor);
	if (r == 0)
		r = archive_document_need(store, descriptor.name, &descriptor.digest, &document, &digest);
	if (r < 0)
		return r;
	said = json_text(document, "mediaType");
	if (said && strcmp(said, descriptor.media) != 0)
		return -EBADMSG;
	*ret_document = take_ptr(document);
	*ret_media = media;
	return 0;
}

/* The manifest of the image, through as many indices as there are. */
static int manifest_find(const struct archive_store *store, const char *reference, struct archive_image *image,
			 json_t **ret_manifest)
{
	json_auto_t *document = NULL;
	enum media media = MEDIA_INDEX;
	struct digest digest;
	int r = archive_document_need(store, "index.json", NULL, &document, &digest);

	for (int depth = 0; r == 0 && media == MEDIA_INDEX; depth++) {
		json_t *next = NULL;
		const json_t *entry;

		if (depth > INDEX_DEPTH_MAX)
			return -EBADMSG;
		r = descriptor_choose(json_object_get(document, "manifests"), depth ? NULL : reference, depth, &entry);
		if (r == 0 && depth == 0)
			r = archive_image_name(image, descriptor_name(entry));
		if (r == 0)
			r = entry_follow(store, entry, &next, &media);
		if (r == 0) {
			json_decref(document);
			document = next;
		}
	}
	if (r == 0)
		*ret_manifest = take_ptr(document);
	return r;
}

static int layout_layer(const json_t *row, struct archive_blob *blob)
{
	struct descriptor descriptor;
	int r = descriptor_read(row, MEDIA_LAYER, &descriptor);

	if (r < 0)
		return r;
	blob->digest = descriptor.digest;
	blob->name = strdup(descriptor.name);
	return blob->name ? 0 : -ENOMEM;
}

int archive_layout_read(const struct archive_store *store, const char *reference, struct archive_index *index)
{
	json_auto_t *manifest = NULL;
	struct descriptor config;
	int r = manifest_find(store, reference, &index->image, &manifest);

	if (r == 0)
		r = descriptor_read(json_object_get(manifest, "config"), MEDIA_CONFIG, &config);
	return r < 0 ? r
		     : archive_image_read(store, config.name, &config.digest, json_object_get(manifest, "layers"),
					  layout_layer, index);
}
