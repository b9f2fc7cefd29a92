/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/containerd_content.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "image/architecture.h"
#include "runtime/containerd.pb-c.h"
#include "runtime/grpc.h"
#include "runtime/image_config.h"

/* Where an image is read from. */
struct store {
	struct http *http;
	const char *namespace;
};

struct blob {
	char *data;
	size_t size;
};

static inline void blob_done(struct blob *blob)
{
	free(blob->data);
}

/* All pieces together are within the bound of one answer (http.h). */
static int blob_take(const ProtobufCMessage *message, void *data)
{
	const Containerd__ReadContentResponse *piece = (const Containerd__ReadContentResponse *)message;
	struct blob *blob = data;
	char *longer = realloc(blob->data, blob->size + piece->data.len + 1);

	if (!longer)
		return -ENOMEM;
	if (piece->data.len)
		memcpy(longer + blob->size, piece->data.data, piece->data.len);
	blob->data = longer;
	blob->size += piece->data.len;
	return 0;
}

/* The JSON of that digest. -EBADMSG: it is no object. */
static int document_read(const struct store *store, const char *digest, json_t **ret_document)
{
	_cleanup_(blob_done) struct blob blob = { .size = 0 };
	Containerd__ReadContentRequest which = CONTAINERD__READ_CONTENT_REQUEST__INIT;
	struct grpc_call call = { "/containerd.services.content.v1.Content/Read", store->namespace, &which.base,
				  &containerd__read_content_response__descriptor };
	json_auto_t *document = NULL;
	int r;

	which.digest = (char *)digest;
	r = grpc_ask_each(store->http, &call, blob_take, &blob);
	if (r < 0)
		return r;
	document = json_loadb(blob.data ? blob.data : "", blob.size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(document))
		return -EBADMSG;
	*ret_document = take_ptr(document);
	return 0;
}

static const char *digest_of(const json_t *descriptor)
{
	return json_string_value(json_object_get(descriptor, "digest"));
}

/* Of an index the manifest for this machine; NULL: it is none, or empty. */
static const char *index_choose(const json_t *index)
{
	const json_t *manifests = json_object_get(index, "manifests"), *entry;
	struct utsname name = { .machine = "" };
	size_t i;

	(void)uname(&name);
	json_array_foreach (manifests, i, entry) {
		const json_t *platform = json_object_get(entry, "platform");
		const char *said = json_string_value(json_object_get(platform, "architecture"));

		if (said && digest_of(entry) && strcmp(said, architecture_name(&name)) == 0)
			return digest_of(entry);
	}
	return digest_of(json_array_get(manifests, 0));
}

/* The digest of its configuration, a new string. -EBADMSG: this leads to none. */
static int config_find(const struct store *store, const char *target, char **ret_digest)
{
	json_auto_t *manifest = NULL, *chosen = NULL;
	const char *digest;
	int r = document_read(store, target, &manifest);

	digest = r == 0 ? index_choose(manifest) : NULL;
	if (digest)
		r = document_read(store, digest, &chosen);
	if (r < 0)
		return r;
	r = fact_set(ret_digest, digest_of(json_object_get(chosen ? chosen : manifest, "config")));
	return r < 0 || *ret_digest ? r : -EBADMSG;
}

static int config_fill(const struct store *store, const char *target, struct image_facts *image)
{
	json_auto_t *config = NULL;
	int r = config_find(store, target, &image->id);

	if (r == 0)
		r = document_read(store, image->id, &config);
	return r < 0 ? r : image_config_fill(config, image);
}

int containerd_image_fill(struct http *http, const char *namespace, const char *name, struct container_facts *facts)
{
	_cleanup_(message_done) Containerd__GetImageResponse *answer = NULL;
	Containerd__GetImageRequest which = CONTAINERD__GET_IMAGE_REQUEST__INIT;
	struct grpc_call call = { "/containerd.services.images.v1.Images/Get", namespace, &which.base,
				  &containerd__get_image_response__descriptor };
	struct store store = { http, namespace };
	int r;

	which.name = (char *)name;
	r = grpc_ask(http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (!answer->image || !answer->image->target)
		return -EBADMSG;
	r = fact_set(&facts->image_digest, answer->image->target->digest);
	if (r == 0 && !facts->image)
		facts->image = image_facts_new();
	if (r == 0 && !facts->image)
		r = -ENOMEM;
	return r < 0 ? r : config_fill(&store, answer->image->target->digest, facts->image);
}
