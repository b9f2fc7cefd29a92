// SPDX-License-Identifier: Apache-2.0
#include "inventory/archive_index_internal.h"

#include <string.h>

#include "output/buffer.h"
#include "policy/image.h"
#include "runtime/storage.h"

/* ---- documents ---- */

static int text_read(struct archive_stream *stream, struct buffer *text)
{
	struct archive_block block;
	int r;

	while ((r = archive_stream_block(stream, &block)) == 1) {
		buffer_append(text, block.data, block.size);
		if (text->error)
			return text->error == -EMSGSIZE ? -EFBIG : text->error;
	}
	return r;
}

int archive_document_read(const struct archive_store *store, const char *name, const struct digest *expected,
			  json_t **ret_document, struct digest *ret_digest)
{
	_cleanup_archive_stream_ struct archive_stream *stream = NULL;
	_cleanup_buffer_ struct buffer text = { .limit = INDEX_TEXT_MAX };
	json_t *document;
	int r = archive_store_stream(store, name, &stream);

	if (r == 0)
		r = text_read(stream, &text);
	if (r == 0)
		r = archive_stream_digest(stream, ret_digest);
	if (r < 0)
		return r;
	if (expected && !digest_equal(expected, ret_digest))
		return -EBADMSG;
	document = json_loadb(text.data ?: "", text.size, JSON_REJECT_DUPLICATES, NULL);
	if (!document)
		return -EBADMSG;
	*ret_document = document;
	return 0;
}

int archive_document_need(const struct archive_store *store, const char *name, const struct digest *expected,
			  json_t **ret_document, struct digest *ret_digest)
{
	int r = archive_document_read(store, name, expected, ret_document, ret_digest);

	return r == -ENOENT ? -EBADMSG : r;
}

int archive_digest_read(const char *text, struct digest *ret_digest)
{
	const char *hex = digest_hex(text);

	return hex ? digest_from_hex(DIGEST_SHA256, hex, strlen(hex), ret_digest) : -EPROTONOSUPPORT;
}

/* ---- what both forms have ---- */

static int layers_read(const json_t *rows, const json_t *contents, archive_layer_row read, struct archive_index *index)
{
	size_t count = json_array_size(rows);
	int r = 0;

	if (!json_is_array(rows) || json_array_size(contents) != count)
		return -EBADMSG;
	if (count > READER_LAYERS)
		return -E2BIG;
	index->layers = calloc(count + 1, sizeof(*index->layers));
	if (!index->layers)
		return -ENOMEM;
	index->count = count;
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = archive_digest_read(json_string_value(json_array_get(contents, i)), &index->layers[i].contents);
		if (r == 0)
			r = read(json_array_get(rows, i), &index->layers[i]);
	}
	return r;
}

int archive_image_read(const struct archive_store *store, const char *config, const struct digest *expected,
		       const json_t *layers, archive_layer_row read, struct archive_index *index)
{
	json_auto_t *document = NULL;
	int r = archive_document_need(store, config, expected, &document, &index->image.digest);

	if (r < 0)
		return r;
	return layers_read(layers, json_object_get(json_object_get(document, "rootfs"), "diff_ids"), read, index);
}

bool archive_name_is(const char *name, const char *reference)
{
	struct image_names names;

	if (!reference)
		return true;
	image_names_fill(name, &names);
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.names[i], reference) == 0)
			return true;
	return false;
}

int archive_image_name(struct archive_image *image, const char *name)
{
	if (!name)
		return 0;
	image->name = strdup(name);
	return image->name ? 0 : -ENOMEM;
}

/* ---- either ---- */

/* 1, 0: it is no OCI layout, or a negative errno. */
static int is_layout(const struct archive_store *store)
{
	json_auto_t *document = NULL;
	struct digest digest;
	const char *version;
	int r = archive_document_read(store, "oci-layout", NULL, &document, &digest);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	version = json_text(document, "imageLayoutVersion");
	return version && strncmp(version, "1.", 2) == 0 ? 1 : -EPROTONOSUPPORT;
}

int archive_index_read(const struct archive_store *store, const char *reference, struct archive_index *ret_index)
{
	_cleanup_archive_index_ struct archive_index index = { .count = 0 };
	int r = is_layout(store);

	if (r >= 0)
		r = r ? archive_layout_read(store, reference, &index) : archive_saved_read(store, reference, &index);
	if (r < 0)
		return r;
	*ret_index = index;
	index = (struct archive_index){ .count = 0 };
	return 0;
}

void archive_image_clear(struct archive_image *image)
{
	free(image->name);
	*image = (struct archive_image){ .name = NULL };
}

void archive_index_clear(struct archive_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->layers[i].name);
	free(index->layers);
	archive_image_clear(&index->image);
	*index = (struct archive_index){ .count = 0 };
}
