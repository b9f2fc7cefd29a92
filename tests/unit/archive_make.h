/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image archives of a test's own. A layer is told in words: "a/" a directory, "a=text" a file, "a->b" a symbolic link,
 * "a=>b" a hard link, "a?" a FIFO; layers are parted by "|", from the bottom up. So "a/x=1|a/.wh.x=" is one file, deleted.
 */
#ifndef PLM_TESTS_ARCHIVE_MAKE_H
#define PLM_TESTS_ARCHIVE_MAKE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "digest/digest.h"
#include "tar_make.h"

/* ---- layers ---- */

/* One word, see above. */
static inline void maker_word(struct maker *maker, char *word)
{
	char *hard = strstr(word, "=>"), *soft = strstr(word, "->"), *text = strchr(word, '=');
	struct member member = { .name = word, .type = TAR_DIRECTORY, .mode = 0755 };

	if (hard || soft) {
		member.type = hard ? TAR_HARD : TAR_LINK;
		member.link = (hard ?: soft) + 2;
		*(hard ?: soft) = '\0';
	} else if (text) {
		*text = '\0';
		member = (struct member){ word, TAR_FILE, 0644, NULL, text + 1, strlen(text + 1) };
	} else if (word[strlen(word) - 1] == '?') {
		member.type = TAR_FIFO;
		word[strlen(word) - 1] = '\0';
	}
	maker_add(maker, &member);
}

static inline struct bytes layer_of(const char *words, size_t length, int filter)
{
	_cleanup_free_ char *copy = strndup(words, length);
	struct maker *maker = maker_new(filter);
	char *next = copy;

	for (char *word; (word = strsep(&next, " "));)
		if (*word)
			maker_word(maker, word);
	return maker_end(maker);
}

/* ---- images ---- */

#define HEX_SIZE 65

static inline void hex_of(const struct bytes *bytes, char hex[static HEX_SIZE])
{
	unsigned char hash[32];

	assert_int_equal(EVP_Digest(bytes->data, bytes->size, hash, NULL, EVP_sha256(), NULL), 1);
	for (size_t i = 0; i < sizeof(hash); i++)
		(void)sprintf(hex + 2 * i, "%02x", hash[i]);
}

static inline struct bytes text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline struct bytes text_of(const char *format, ...)
{
	struct bytes bytes;
	va_list list;
	int size;

	va_start(list, format);
	size = vasprintf(&bytes.data, format, list);
	va_end(list);
	assert_true(size >= 0);
	bytes.size = (size_t)size;
	return bytes;
}

/* Where an image's files go: a tar, or a directory. */
struct image_out {
	struct maker *maker; /* NULL: the directory */
	int directory;
};

static inline void out_file(const struct image_out *out, const char *name, const struct bytes *bytes)
{
	_cleanup_close_ int fd = -EBADF;

	if (out->maker) {
		maker_file(out->maker, name, bytes->data, bytes->size);
		return;
	}
	fd = openat(out->directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes->data, bytes->size), bytes->size);
}

static inline void out_text(const struct image_out *out, const char *name, const char *text)
{
	out_file(out, name, &(struct bytes){ (char *)text, strlen(text) });
}

/* As a blob of a layout; its digest. */
static inline void out_blob(const struct image_out *out, const struct bytes *bytes, char hex[static HEX_SIZE])
{
	char name[128];

	hex_of(bytes, hex);
	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	out_file(out, name, bytes);
}

#define LAYERS_MAX 8

/* The layers of an image as its documents name them: each list is what stands between the brackets. */
struct image_lists {
	char diffs[1024], layers[2048];
};

static inline void list_add(char *list, size_t size, const char *before, const char *value, const char *after)
{
	size_t length = strlen(list);

	(void)snprintf(list + length, size - length, "%s%s%s%s", length ? "," : "", before, value, after);
}

/* Writes the layers; `media` of them is the suffix behind "tar". */
static inline void out_layers(const struct image_out *out, const char *words, int filter, const char *media,
			      struct image_lists *ret_lists)
{
	*ret_lists = (struct image_lists){ .diffs = "" };
	for (const char *end; words; words = *end ? end + 1 : NULL) {
		_cleanup_bytes_ struct bytes plain = { 0 };
		_cleanup_bytes_ struct bytes blob_bytes = { 0 };
		char diff[HEX_SIZE], blob[HEX_SIZE], row[256];

		end = strchrnul(words, '|');
		plain = layer_of(words, (size_t)(end - words), ARCHIVE_FILTER_NONE);
		blob_bytes = layer_of(words, (size_t)(end - words), filter);
		hex_of(&plain, diff);
		out_blob(out, &blob_bytes, blob);
		(void)snprintf(
			row, sizeof(row),
			"{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar%s\",\"digest\":\"sha256:", media);
		list_add(ret_lists->diffs, sizeof(ret_lists->diffs), "\"sha256:", diff, "\"");
		list_add(ret_lists->layers, sizeof(ret_lists->layers), row, blob, "\"}");
	}
}

#define CONFIG_MEDIA "application/vnd.oci.image.config.v1+json"

static inline void out_config(const struct image_out *out, const char *diffs, char hex[static HEX_SIZE])
{
	_cleanup_bytes_ struct bytes config =
		text_of("{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}", diffs);

	out_blob(out, &config, hex);
}

/* A manifest of them; its digest. */
static inline void out_manifest(const struct image_out *out, const struct image_lists *lists, char hex[static HEX_SIZE])
{
	_cleanup_bytes_ struct bytes manifest = { 0 };
	char config[HEX_SIZE];

	out_config(out, lists->diffs, config);
	manifest =
		text_of("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" CONFIG_MEDIA "\",\"digest\":\"sha256:%s\"},"
			"\"layers\":[%s]}",
			config, lists->layers);
	out_blob(out, &manifest, hex);
}

#define MANIFEST_MEDIA "application/vnd.oci.image.manifest.v1+json"
#define INDEX_MEDIA    "application/vnd.oci.image.index.v1+json"

/* An entry of an index; `more`: further keys, each with a comma before it. */
static inline struct bytes index_entry(const char *media, const char *hex, const char *more)
{
	return text_of("{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":1%s}", media, hex, more);
}

static inline void out_index(const struct image_out *out, const char *entries)
{
	_cleanup_bytes_ struct bytes index = text_of("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);

	out_text(out, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	out_file(out, "index.json", &index);
}

/* ---- whole archives ---- */

static inline int memory_file(const struct bytes *bytes)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_true(fd >= 0);
	if (bytes)
		assert_int_equal(write(fd, bytes->data, bytes->size), bytes->size);
	return fd;
}

/* A layout of one image without a name, the index at its end. */
static inline void out_layout(const struct image_out *out, const char *words, int filter, const char *media)
{
	_cleanup_bytes_ struct bytes entry = { 0 };
	struct image_lists lists;
	char hex[HEX_SIZE];

	out_layers(out, words, filter, media, &lists);
	out_manifest(out, &lists, hex);
	entry = index_entry(MANIFEST_MEDIA, hex, "");
	out_index(out, entry.data);
}

static inline int layout_tar(const char *words)
{
	struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
	_cleanup_bytes_ struct bytes bytes = { 0 };

	out_layout(&out, words, ARCHIVE_FILTER_NONE, "");
	bytes = maker_end(out.maker);
	return memory_file(&bytes);
}

#define LAYOUT_PATH 64

/* A new directory, with room for blobs. */
static inline int layout_directory(char path[static LAYOUT_PATH])
{
	int fd;

	strcpy(path, "/tmp/plimsoll-layout-XXXXXX");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mkdirat(fd, "blobs", 0755), 0);
	assert_int_equal(mkdirat(fd, "blobs/sha256", 0755), 0);
	return fd;
}

static inline int layout_remove(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	(void)stat;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void layout_drop(const char *path)
{
	assert_int_equal(nftw(path, layout_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* An image of one layer, as what `docker save` wrote. Takes the layer. */
static inline int saved_tar(struct bytes layer)
{
	struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
	_cleanup_bytes_ struct bytes bytes = { 0 };
	_cleanup_bytes_ struct bytes tar = layer;
	_cleanup_bytes_ struct bytes config = { 0 };
	char hex[HEX_SIZE];

	hex_of(&tar, hex);
	config = text_of("{\"rootfs\":{\"diff_ids\":[\"sha256:%s\"]}}", hex);
	out_text(&out, "manifest.json",
		 "[{\"Config\":\"c.json\",\"RepoTags\":[\"n:1\"],\"Layers\":[\"l/layer.tar\"]}]");
	out_file(&out, "l/layer.tar", &tar);
	out_file(&out, "c.json", &config);
	bytes = maker_end(out.maker);
	return memory_file(&bytes);
}

#endif
