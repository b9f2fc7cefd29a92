// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "archive_make.h"
#include "image/architecture.h"
#include "inventory/archive_index.h"

/* A tar of the maker's, which it takes, as a store. The descriptors stay open with the process. */
static int store_of(struct maker *maker, struct archive_store *ret_store)
{
	_cleanup_bytes_ struct bytes bytes = maker_end(maker);
	struct archive_spool spool = { .fd = -EBADF };

	return archive_store_open(memory_file(&bytes), &spool, ret_store);
}

static int index_of(struct maker *maker, const char *reference, struct archive_index *ret_index)
{
	_cleanup_archive_store_ struct archive_store store = ARCHIVE_STORE_NONE;
	int r = store_of(maker, &store);

	assert_int_equal(r, 0);
	r = archive_index_read(&store, reference, ret_index);
	(void)close(store.fd);
	return r;
}

/* `text` with each HERE made this machine's architecture. */
static struct bytes text_here(const char *text)
{
	struct bytes here = { 0 };
	FILE *out = open_memstream(&here.data, &here.size);
	struct utsname machine;

	assert_int_equal(uname(&machine), 0);
	for (const char *at; (at = strstr(text, "HERE")); text = at + 4)
		fprintf(out, "%.*s%s", (int)(at - text), text, architecture_name(&machine));
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	return here;
}

/* ---- which image ---- */

#define ON(os, architecture) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"}"
#define CALLED(name)         ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"
#define CONTAINERD(name, tag)                                                                                          \
	",\"annotations\":{\"io.containerd.image.name\":\"" name "\",\"org.opencontainers.image.ref.name\":\"" tag "\"}"

#define ENTRIES_MAX 4

/* Two images, 'a' and 'b', and indices of them. */
struct entry {
	char image;
	const char *more;
};

struct images {
	char manifest[2][HEX_SIZE], config[2][HEX_SIZE];
};

static void images_out(const struct image_out *out, struct images *ret_images)
{
	for (int i = 0; i < 2; i++) {
		struct image_lists lists;

		out_layers(out, i ? "b=b" : "a=a", ARCHIVE_FILTER_NONE, "", &lists);
		out_config(out, lists.diffs, ret_images->config[i]);
		out_manifest(out, &lists, ret_images->manifest[i]);
	}
}

static void entries_add(FILE *file, const struct images *images, const struct entry *entries, size_t count)
{
	for (size_t i = 0; i < count && entries[i].image; i++) {
		_cleanup_bytes_ struct bytes more = text_here(entries[i].more);
		_cleanup_bytes_ struct bytes row =
			index_entry(MANIFEST_MEDIA, images->manifest[entries[i].image - 'a'], more.data);

		fprintf(file, "%s%s", i ? "," : "", row.data);
	}
}

static void choosing(void **state)
{
	static const struct {
		struct entry entries[ENTRIES_MAX];
		const char *reference;
		int expected; /* 'a', 'b', or a negative errno */
		const char *name;
	} rows[] = {
		{ { { 0 } }, NULL, -ENOENT, NULL },
		{ { { 'a', "" } }, NULL, 'a', NULL },
		{ { { 'a', "" } }, "x", -ENOENT, NULL },
		{ { { 'a', "" }, { 'b', "" } }, NULL, -EINVAL, NULL },
		{ { { 'a', "" }, { 'a', "" } }, NULL, 'a', NULL },
		/* by name */
		{ { { 'a', CALLED("x") } }, NULL, 'a', "x" },
		{ { { 'a', CALLED("x") } }, "x", 'a', "x" },
		{ { { 'a', CALLED("x") } }, "X", -ENOENT, NULL },
		{ { { 'a', CALLED("x") }, { 'b', CALLED("y") } }, NULL, -EINVAL, NULL },
		{ { { 'a', CALLED("x") }, { 'b', CALLED("y") } }, "y", 'b', "y" },
		{ { { 'a', CALLED("x") }, { 'a', CALLED("y") } }, NULL, 'a', "x" },
		{ { { 'a', CALLED("x") }, { 'b', CALLED("x") } }, "x", -EINVAL, NULL },
		{ { { 'a', "" }, { 'b', CALLED("y") } }, "y", 'b', "y" },
		{ { { 'a', CALLED("app:1") }, { 'b', CALLED("app:2") } }, "docker.io/library/app:2", 'b', "app:2" },
		{ { { 'a', CALLED("docker.io/library/app:1") } }, "app:1", 'a', "docker.io/library/app:1" },
		{ { { 'a', CALLED("docker.io/library/app:1") } }, "app", 'a', "docker.io/library/app:1" },
		{ { { 'a', CALLED("app:1") }, { 'b', CALLED("app:2") } }, "app", -EINVAL, NULL },
		{ { { 'a', CONTAINERD("docker.io/library/app:1", "1") } }, "app:1", 'a', "docker.io/library/app:1" },
		{ { { 'a', CONTAINERD("docker.io/library/app:1", "1") } }, "1", 'a', "docker.io/library/app:1" },
		/* by machine */
		{ { { 'a', ON("linux", "other") }, { 'b', ON("linux", "HERE") } }, NULL, 'b', NULL },
		{ { { 'a', ON("linux", "HERE") }, { 'b', ON("linux", "other") } }, NULL, 'a', NULL },
		{ { { 'a', ON("windows", "HERE") }, { 'b', ON("linux", "HERE") } }, NULL, 'b', NULL },
		{ { { 'a', ON("linux", "other") } }, NULL, 'a', NULL },
		{ { { 'a', ON("linux", "other") }, { 'b', ON("linux", "another") } }, NULL, -EINVAL, NULL },
		{ { { 'a', ON("linux", "HERE") }, { 'b', ON("linux", "HERE") } }, NULL, -EINVAL, NULL },
		{ { { 'a', ON("linux", "HERE") }, { 'b', ON("unknown", "unknown") } }, NULL, 'a', NULL },
		{ { { 'a', ON("unknown", "unknown") } }, NULL, -ENOENT, NULL },
		{ { { 'a', ON("linux", "HERE") CALLED("x") }, { 'b', ON("linux", "other") CALLED("y") } },
		  NULL,
		  -EINVAL,
		  NULL },
		{ { { 'a', ON("linux", "HERE") CALLED("x") }, { 'b', ON("linux", "other") CALLED("y") } },
		  "y",
		  'b',
		  "y" },
		{ { { 'a', ON("linux", "HERE") CALLED("x") }, { 'b', ON("linux", "other") CALLED("x") } },
		  NULL,
		  'a',
		  "x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		_cleanup_bytes_ struct bytes entries = { 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		FILE *file = open_memstream(&entries.data, &entries.size);
		char config[DIGEST_TEXT_MAX];
		struct images images;
		int r;

		images_out(&out, &images);
		entries_add(file, &images, rows[i].entries, ENTRIES_MAX);
		assert_int_equal(fclose(file), 0);
		out_index(&out, entries.data);
		r = index_of(out.maker, rows[i].reference, &index);
		if (rows[i].expected < 0) {
			assert_int_equal(r, rows[i].expected);
			continue;
		}
		assert_int_equal(r, 0);
		digest_text(&index.image.digest, config);
		assert_string_equal(config, images.config[rows[i].expected - 'a']);
		assert_int_equal(index.count, 1);
		assert_true(!index.image.name == !rows[i].name);
		if (rows[i].name)
			assert_string_equal(index.image.name, rows[i].name);
	}
}

/* The first that fits is meant, as where a name leads to an image for several machines. */
static void nested(void **state)
{
	static const struct {
		struct entry entries[ENTRIES_MAX];
		int expected;
	} rows[] = {
		{ { { 'a', ON("linux", "HERE") }, { 'b', ON("linux", "HERE") } }, 'a' },
		{ { { 'a', ON("linux", "HERE") CALLED("x") }, { 'b', ON("linux", "HERE") CALLED("y") } }, 'a' },
		{ { { 'a', ON("linux", "other") }, { 'b', ON("linux", "HERE") } }, 'b' },
		{ { { 'b', ON("linux", "other") }, { 'a', ON("unknown", "unknown") } }, 'b' },
		{ { { 'a', ON("linux", "other") }, { 'b', ON("linux", "another") } }, -EINVAL },
		{ { { 'a', ON("unknown", "unknown") } }, -ENOENT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		_cleanup_bytes_ struct bytes entry = { 0 };
		_cleanup_bytes_ struct bytes inner = { 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		FILE *file = open_memstream(&inner.data, &inner.size);
		char config[DIGEST_TEXT_MAX], hex[HEX_SIZE];
		struct images images;
		int r;

		images_out(&out, &images);
		fputs("{\"schemaVersion\":2,\"manifests\":[", file);
		entries_add(file, &images, rows[i].entries, ENTRIES_MAX);
		fputs("]}", file);
		assert_int_equal(fclose(file), 0);
		out_blob(&out, &inner, hex);
		entry = index_entry(INDEX_MEDIA, hex, CALLED("n"));
		out_index(&out, entry.data);
		r = index_of(out.maker, "n", &index);
		assert_int_equal(r, rows[i].expected < 0 ? rows[i].expected : 0);
		if (r < 0)
			continue;
		digest_text(&index.image.digest, config);
		assert_string_equal(config, images.config[rows[i].expected - 'a']);
		assert_string_equal(index.image.name, "n");
	}
}

static void depth(void **state)
{
	(void)state;
	for (int levels = 0; levels <= INDEX_DEPTH_MAX + 1; levels++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		_cleanup_bytes_ struct bytes entry = { 0 };
		struct images images;

		images_out(&out, &images);
		entry = index_entry(MANIFEST_MEDIA, images.manifest[0], "");
		for (int level = 0; level < levels; level++) {
			_cleanup_bytes_ struct bytes inner = text_of("{\"manifests\":[%s]}", entry.data);
			char hex[HEX_SIZE];

			out_blob(&out, &inner, hex);
			bytes_clear(&entry);
			entry = index_entry(INDEX_MEDIA, hex, "");
		}
		out_index(&out, entry.data);
		assert_int_equal(index_of(out.maker, NULL, &index), levels > INDEX_DEPTH_MAX ? -EBADMSG : 0);
	}
}

/* ---- what is wrong ---- */

#define HEX64     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LAYOUT    "{\"imageLayoutVersion\":\"1.0.0\"}"
#define ONE(text) "{\"manifests\":[" text "]}"

static void documents(void **state)
{
	static const struct {
		const char *name, *text, *layout;
		int expected;
	} rows[] = {
		{ "index.json", "{}", LAYOUT, -ENOENT },
		{ "index.json", "", LAYOUT, -EBADMSG },
		{ "index.json", "{", LAYOUT, -EBADMSG },
		{ "index.json", "{} x", LAYOUT, -EBADMSG },
		{ "index.json", "[]", LAYOUT, -ENOENT },
		{ "index.json", "{\"manifests\":[],\"manifests\":[]}", LAYOUT, -EBADMSG },
		{ "index.json", "{\"a\":\"\\u0000\"}", LAYOUT, -EBADMSG },
		{ "index.json", "{\"manifests\":{}}", LAYOUT, -ENOENT },
		{ "index.json", ONE("null, 1, \"x\", [], {}"), LAYOUT, -ENOENT },
		{ "index.json", ONE("{\"digest\":\"sha256:" HEX64 "\"}"), LAYOUT, -EPROTONOSUPPORT },
		{ "index.json", ONE("{\"digest\":\"sha256:" HEX64 "\",\"mediaType\":\"" CONFIG_MEDIA "\"}"), LAYOUT,
		  -EPROTONOSUPPORT },
		{ "index.json", ONE("{\"digest\":\"sha256:" HEX64 "\",\"mediaType\":\"" MANIFEST_MEDIA "\"}"), LAYOUT,
		  -EBADMSG }, /* which is not there */
		{ "index.json", ONE("{\"digest\":\"sha512:" HEX64 HEX64 "\",\"mediaType\":\"" MANIFEST_MEDIA "\"}"),
		  LAYOUT, -EPROTONOSUPPORT },
		{ "index.json", ONE("{\"digest\":\"sha256:../../../etc/passwd\",\"mediaType\":\"" MANIFEST_MEDIA "\"}"),
		  LAYOUT, -EPROTONOSUPPORT },
		{ "index.json", "{}", "{\"imageLayoutVersion\":\"2.0.0\"}", -EPROTONOSUPPORT },
		{ "index.json", "{}", "{}", -EPROTONOSUPPORT },
		{ "index.json", "{}", "x", -EBADMSG },
		{ "other.json", "{}", LAYOUT, -EBADMSG },
		{ "other.json", "{}", NULL, -EMEDIUMTYPE },
		{ "index.json", "{}", NULL, -EMEDIUMTYPE },
		{ "manifest.json", "[]", NULL, -ENOENT },
		{ "manifest.json", "{}", NULL, -ENOENT },
		{ "manifest.json", "[1]", NULL, -EBADMSG },
		{ "manifest.json", "[", NULL, -EBADMSG },
		{ "manifest.json", "[{\"Config\":\"c\",\"Layers\":[]}]", NULL, -EBADMSG },
		{ "manifest.json", "[{\"Config\":\"../c\",\"Layers\":[]}]", NULL, -EBADMSG },
		{ "manifest.json", "[{\"Config\":1,\"Layers\":[]}]", NULL, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };

		out_text(&out, rows[i].name, rows[i].text);
		if (rows[i].layout)
			out_text(&out, "oci-layout", rows[i].layout);
		assert_int_equal(index_of(out.maker, NULL, &index), rows[i].expected);
	}
}

static void large_documents(void **state)
{
	static const struct {
		size_t size;
		char with;
		int expected;
	} rows[] = {
		{ INDEX_TEXT_MAX, ' ', -ENOENT },
		{ INDEX_TEXT_MAX + 1, ' ', -EFBIG },
		{ INDEX_TEXT_MAX, '[', -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		_cleanup_bytes_ struct bytes text = { malloc(rows[i].size), rows[i].size };

		memset(text.data, rows[i].with, text.size);
		if (rows[i].with == ' ')
			memcpy(text.data, "{}", 2);
		out_file(&out, "index.json", &text);
		out_text(&out, "oci-layout", LAYOUT);
		assert_int_equal(index_of(out.maker, NULL, &index), rows[i].expected);
	}
}

#define LAYER(type)   "{\"digest\":\"sha256:" HEX64 "\",\"mediaType\":\"application/vnd." type "\"}"
#define DIFF          "\"sha256:" HEX64 "\""
#define CONFIG(diffs) "{\"rootfs\":{\"diff_ids\":[" diffs "]}}"
#define MANIFEST(layers)                                                                                               \
	"{\"config\":{\"mediaType\":\"" CONFIG_MEDIA "\",\"digest\":\"sha256:%s\"},\"layers\":[" layers "]}"
#define LAYER_OCI "oci.image.layer.v1.tar"

/* Whole in themselves, by their digests. */
static void manifests(void **state)
{
	static const struct {
		const char *manifest, *config;
		int expected;
	} rows[] = {
		{ MANIFEST(""), CONFIG(""), 0 },
		{ MANIFEST(LAYER(LAYER_OCI)), CONFIG(DIFF), 0 },
		{ MANIFEST(LAYER(LAYER_OCI "+gzip")), CONFIG(DIFF), 0 },
		{ MANIFEST(LAYER(LAYER_OCI "+zstd")), CONFIG(DIFF), 0 },
		{ MANIFEST(LAYER("docker.image.rootfs.diff.tar.gzip")), CONFIG(DIFF), 0 },
		{ MANIFEST(LAYER(LAYER_OCI "+gzip+encrypted")), CONFIG(DIFF), -EPROTONOSUPPORT },
		{ MANIFEST(LAYER("in-toto+json")), CONFIG(DIFF), -EPROTONOSUPPORT },
		{ MANIFEST("{}"), CONFIG(DIFF), -EPROTONOSUPPORT },
		{ MANIFEST("1"), CONFIG(DIFF), -EPROTONOSUPPORT },
		{ MANIFEST(LAYER(LAYER_OCI)), CONFIG(""), -EBADMSG },
		{ MANIFEST(LAYER(LAYER_OCI)), CONFIG(DIFF "," DIFF), -EBADMSG },
		{ MANIFEST(LAYER(LAYER_OCI)), CONFIG("1"), -EPROTONOSUPPORT },
		{ MANIFEST(LAYER(LAYER_OCI)), CONFIG("\"md5:0\""), -EPROTONOSUPPORT },
		{ MANIFEST(LAYER(LAYER_OCI)), "{}", -EBADMSG },
		{ MANIFEST(LAYER(LAYER_OCI)), "[", -EBADMSG },
		{ "{\"config\":{\"mediaType\":\"" CONFIG_MEDIA "\",\"digest\":\"sha256:%s\"}}", CONFIG(""), -EBADMSG },
		{ "{\"config\":{\"mediaType\":\"application/"
		  "vnd.oci.empty.v1+json\",\"digest\":\"sha256:%s\"},\"layers\":[]}",
		  CONFIG(""), -EPROTONOSUPPORT },
		{ "{\"config\":\"%s\",\"layers\":[]}", CONFIG(""), -EPROTONOSUPPORT },
		{ "{\"mediaType\":\"" INDEX_MEDIA "\",\"x\":\"%s\"}", CONFIG(""), -EBADMSG },
		{ "[\"%s\"]", CONFIG(""), -EPROTONOSUPPORT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		_cleanup_bytes_ struct bytes manifest = { 0 };
		_cleanup_bytes_ struct bytes entry = { 0 };
		const char *at = strstr(rows[i].manifest, "%s");
		char hex[HEX_SIZE];

		out_blob(&out, &(struct bytes){ (char *)rows[i].config, strlen(rows[i].config) }, hex);
		manifest = text_of("%.*s%s%s", (int)(at - rows[i].manifest), rows[i].manifest, hex, at + 2);
		out_blob(&out, &manifest, hex);
		entry = index_entry(MANIFEST_MEDIA, hex, "");
		out_index(&out, entry.data);
		assert_int_equal(index_of(out.maker, NULL, &index), rows[i].expected);
	}
}

static void many_layers(void **state)
{
	(void)state;
	for (size_t count = READER_LAYERS; count <= READER_LAYERS + 1; count++) {
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		_cleanup_bytes_ struct bytes config = { 0 };
		_cleanup_bytes_ struct bytes saved = { 0 };
		FILE *diffs = open_memstream(&config.data, &config.size),
		     *rows = open_memstream(&saved.data, &saved.size);

		fputs("{\"rootfs\":{\"diff_ids\":[", diffs);
		fputs("[{\"Config\":\"c.json\",\"Layers\":[", rows);
		for (size_t i = 0; i < count; i++) {
			fprintf(diffs, "%s" DIFF, i ? "," : "");
			fprintf(rows, "%s\"l.tar\"", i ? "," : "");
		}
		fputs("]}}", diffs);
		fputs("]}]", rows);
		assert_int_equal(fclose(diffs), 0);
		assert_int_equal(fclose(rows), 0);
		out_file(&out, "c.json", &config);
		out_file(&out, "manifest.json", &saved);
		assert_int_equal(index_of(out.maker, NULL, &index), count > READER_LAYERS ? -E2BIG : 0);
		assert_int_equal(index.count, count > READER_LAYERS ? 0 : count);
	}
}

/* ---- manifest.json ---- */

#define SAVED(config, tags) "{\"Config\":\"" config ".json\",\"RepoTags\":" tags ",\"Layers\":[]}"

static void saved(void **state)
{
	static const struct {
		const char *text, *reference;
		int expected;
		const char *name;
	} rows[] = {
		{ "[" SAVED("c", "null") "]", NULL, 0, NULL },
		{ "[" SAVED("c", "null") "]", "c", -ENOENT, NULL },
		{ "[" SAVED("c", "[1,null]") "]", NULL, 0, NULL },
		{ "[" SAVED("c", "[\"a:1\",\"b:1\"]") "]", NULL, 0, "a:1" },
		{ "[" SAVED("c", "[\"a:1\",\"b:1\"]") "]", "b:1", 0, "b:1" },
		{ "[" SAVED("c", "[\"a:1\",\"b:1\"]") "]", "b", 0, "b:1" },
		{ "[" SAVED("c", "[\"a:1\",\"b:1\"]") "]", "docker.io/library/a:1", 0, "a:1" },
		{ "[" SAVED("c", "[\"a:1\",\"b:1\"]") "]", "a:2", -ENOENT, NULL },
		{ "[" SAVED("c", "[\"a:1\"]") "," SAVED("d", "[\"b:1\"]") "]", NULL, -EINVAL, NULL },
		{ "[" SAVED("c", "[\"a:1\"]") "," SAVED("d", "[\"b:1\"]") "]", "b:1", 0, "b:1" },
		{ "[" SAVED("c", "[\"a:1\"]") "," SAVED("d", "[\"a:2\"]") "]", "a", -EINVAL, NULL },
		{ "[" SAVED("c", "[\"a:1\"]") "," SAVED("c", "[\"b:1\"]") "]", NULL, 0, "a:1" },
		{ "[" SAVED(HEX64, "null") "]", NULL, -EBADMSG, NULL }, /* its name tells another digest */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const char *const configs[] = { "c.json", "d.json", HEX64 ".json" };
		_cleanup_archive_index_ struct archive_index index = { .count = 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };

		for (size_t j = 0; j < ARRAY_SIZE(configs); j++)
			out_text(&out, configs[j], CONFIG(""));
		out_text(&out, "manifest.json", rows[i].text);
		assert_int_equal(index_of(out.maker, rows[i].reference, &index), rows[i].expected);
		assert_true(!index.image.name == !rows[i].name);
		if (rows[i].name)
			assert_string_equal(index.image.name, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(choosing),        cmocka_unit_test(nested),    cmocka_unit_test(depth),
		cmocka_unit_test(documents),       cmocka_unit_test(manifests), cmocka_unit_test(many_layers),
		cmocka_unit_test(large_documents), cmocka_unit_test(saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
