/* SPDX-License-Identifier: Apache-2.0 */
/* Images and their layers in the data roots of all three runtimes, and with each file missing, damaged, or hostile. */
#include "bolt_write.h"
#include "store_files.h"

#include "container/facts.h"
#include "runtime/storage.h"

#define ID(hex) "sha256:" hex

/* An image that is asked for, and what must come of it; layers with a space between. */
struct image_row {
	const char *what;
	struct change change;
	const char *word;
	int status;
	struct {
		const char *layers;
		const char *name, *tag, *digest, *config;
	} expect;
};

/* With `own` the store is one that the source was opened with. */
static int image_ask(const char *word, bool own, struct stored_image *ret_image)
{
	char root[1024];
	const char *const roots[] = { own ? root : NULL, NULL };
	struct runtime_source *source = NULL;
	int r;

	store_path("", root);
	root[strlen(root) - 1] = '\0';
	assert_int_equal(storage_ops.open(roots, dir, &source), 0);
	r = storage_image(source, &(struct image_wish){ .word = word }, ret_image);
	runtime_close(source);
	return r;
}

static bool layers_are(const struct stored_image *image, const char *layers)
{
	char text[4096] = "";

	for (size_t i = 0; i < image->count; i++) {
		assert_int_equal(strncmp(image->layers[i], "/store/", strlen("/store/")), 0);
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			       image->layers[i] + strlen("/store/"));
	}
	return strcmp(text, layers) == 0;
}

static void row_check(const struct image_row *row)
{
	_cleanup_stored_image_ struct stored_image image = { .count = 0 };
	const struct container_facts *facts = &image.facts;
	int r = image_ask(row->word, true, &image);

	if (r != row->status)
		fail_msg("%s: %s", row->what, strerror(-r));
	if (r < 0)
		return;
	if (!layers_are(&image, row->expect.layers) || !image.usual ||
	    !text_same(facts->image_name, row->expect.name) || !text_same(facts->image_tag, row->expect.tag) ||
	    !text_same(facts->image_digest, row->expect.digest) ||
	    !text_same(facts->image ? facts->image->id : NULL, row->expect.config))
		fail_msg("%s: %zu layers, %s:%s@%s, config %s", row->what, image.count, facts->image_name,
			 facts->image_tag, facts->image_digest, facts->image ? facts->image->id : NULL);
}

static void rows_check(const struct image_row *rows, size_t count, void (*make)(void))
{
	for (size_t i = 0; i < count; i++) {
		char path[1024];

		make();
		change_make(&rows[i].change);
		row_check(&rows[i]);
		store_path("", path);
		tree_remove(path);
		(void)snprintf(path, sizeof(path), "%s/elsewhere", dir);
		if (access(path, F_OK) == 0)
			tree_remove(path);
	}
}

/* ---- Docker ---- */

#define CHAIN        "307593e2692b2576368a3a487480be7370af23949cd2add374258e61a421b3b3" /* of the layers C and 3 */
#define REPOSITORIES "image/overlay2/repositories.json"
#define CONFIG       "image/overlay2/imagedb/content/sha256/"
#define CACHE(chain) "image/overlay2/layerdb/sha256/" chain "/cache-id"
#define DIFFS(diffs) "{\"config\":{\"User\":\"1000\"},\"rootfs\":{\"diff_ids\":[" diffs "]}}"
#define LAYER(hex)   "\"sha256:" hex "\""

static void docker_make(void)
{
	static const struct store_file files[] = {
		{ REPOSITORIES,
		  "{\"Repositories\":{\"shop/web\":{\"shop/web:2\":\"" ID(HEX_A) "\",\"shop/web@" ID(HEX_D) "\":\"" ID(
			  HEX_A) "\"},\"other\":{\"other:1\":\"" ID(HEX_B) "\",\"other:"
									   "latest\":\"" ID(HEX_B) "\"}}}" },
		{ CONFIG HEX_A, DIFFS(LAYER(HEX_C) "," LAYER(HEX_3)) },
		{ CONFIG HEX_B, DIFFS(LAYER(HEX_C)) },
		{ CONFIG "aaaab", "x" }, /* no id */
		{ CACHE(CHAIN), "upper" },
		{ CACHE(HEX_C), "lower" },
	};

	store_write(files, ARRAY_SIZE(files));
}

#define WEB_LAYERS "overlay2/upper/diff overlay2/lower/diff"
#define WEB        WEB_LAYERS, "shop/web", "2", ID(HEX_D), ID(HEX_A)

static void docker_s(void **state)
{
	static const struct image_row rows[] = {
		{ "by its name", { 0 }, "shop/web:2", 0, { WEB } },
		{ "by its whole name", { 0 }, "docker.io/shop/web:2", 0, { WEB } },
		{ "by its id: the only name", { 0 }, ID(HEX_A), 0, { WEB } },
		{ "by digits", { 0 }, "aaaaa", 0, { WEB } },
		{ "by the registry's digest",
		  { 0 },
		  "shop/web@" ID(HEX_D),
		  0,
		  { WEB_LAYERS, "shop/web", NULL, ID(HEX_D), ID(HEX_A) } },
		{ "no tag is the newest",
		  { 0 },
		  "other",
		  0,
		  { "overlay2/lower/diff", "other", "latest", ID(HEX_B), ID(HEX_B) } },
		{ "by the id, of two names",
		  { 0 },
		  HEX_B,
		  0,
		  { "overlay2/lower/diff", NULL, NULL, ID(HEX_B), ID(HEX_B) } },
		{ "nobody's name", { 0 }, "shop/web:3", -ENOENT, { 0 } },
		{ "nobody's id", { 0 }, HEX_1, -ENOENT, { 0 } },
		{ "a path", { 0 }, "../../../../etc", -ENOENT, { 0 } },
		{ "nothing", { 0 }, "", -ENOENT, { 0 } },
		{ "digits of two",
		  { REPLACED,
		    CONFIG "aaaaa"
			   "1111111111111111111111111111111111111111111111111111111111"
			   "1",
		    DIFFS(LAYER(HEX_C)) },
		  "aaaaa",
		  -ENOTUNIQ,
		  { 0 } },
		{ "no configuration", { GONE, CONFIG HEX_A, 0 }, "shop/web:2", -ENOENT, { 0 } },
		{ "a configuration that is a link", { LINKED, CONFIG HEX_A, 0 }, "shop/web:2", -ELOOP, { 0 } },
		{ "a configuration that is a pipe", { PIPE, CONFIG HEX_A, 0 }, "shop/web:2", -EBADMSG, { 0 } },
		{ "a configuration of megabytes", { HUGE, CONFIG HEX_A, 0 }, "shop/web:2", -EFBIG, { 0 } },
		{ "a configuration cut short", { REPLACED, CONFIG HEX_A, "{\"rootfs" }, "shop/web:2", -EBADMSG, { 0 } },
		{ "no layers", { REPLACED, CONFIG HEX_A, "{}" }, "shop/web:2", -EBADMSG, { 0 } },
		{ "layers of another type", { REPLACED, CONFIG HEX_A, DIFFS("[],7") }, "shop/web:2", -EBADMSG, { 0 } },
		{ "a layer that is a path",
		  { REPLACED, CONFIG HEX_A, DIFFS("\"sha256:../../x\"") },
		  "shop/web:2",
		  -EBADMSG,
		  { 0 } },
		{ "a layer that is gone", { GONE, CACHE(CHAIN), 0 }, "shop/web:2", -ENOENT, { 0 } },
		{ "a directory that is a path",
		  { REPLACED, CACHE(CHAIN), "../../../etc" },
		  "shop/web:2",
		  -EBADMSG,
		  { 0 } },
		{ "a directory above", { REPLACED, CACHE(CHAIN), ".." }, "shop/web:2", -EBADMSG, { 0 } },
		{ "no directory", { REPLACED, CACHE(CHAIN), "" }, "shop/web:2", -EBADMSG, { 0 } },
		{ "repositories cut short", { REPLACED, REPOSITORIES, "{\"Repo" }, "shop/web:2", -EBADMSG, { 0 } },
		{ "repositories of other types",
		  { REPLACED, REPOSITORIES, "{\"Repositories\":{\"a\":7,\"b\":{\"c\":[]}}}" },
		  "b:latest",
		  -ENOENT,
		  { 0 } },
		{ "an id that is a path",
		  { REPLACED, REPOSITORIES, "{\"Repositories\":{\"b\":{\"b:1\":\"sha256:../x\"}}}" },
		  "b:1",
		  -ENOENT,
		  { 0 } },
	};

	(void)state;
	rows_check(rows, ARRAY_SIZE(rows), docker_make);
}

/* ---- containers/storage ---- */

#define IMAGES "overlay-images/images.json"
#define LAYERS "overlay-layers/layers.json"

static void containers_make(void)
{
	static const struct store_file files[] = {
		{ IMAGES, "[{\"id\":\"" HEX_A "\",\"digest\":\"" ID(
				  HEX_D) "\",\"names\":[\"localhost/web:2\"],\"layer\":\"top\"},{\"id\":\"" HEX_B
					 "\",\"names\":[\"quay.io/b:1\",7],\"layer\":\"base\"},{\"id\":\"../x\"},9]" },
		{ LAYERS, "[{\"id\":\"top\",\"parent\":\"base\"},{\"id\":\"base\",\"parent\":\"\"}]" },
	};

	store_write(files, ARRAY_SIZE(files));
}

static void containers_storage_s(void **state)
{
	static const struct image_row rows[] = {
		{ "by its name",
		  { 0 },
		  "web:2",
		  0,
		  { "overlay/top/diff overlay/base/diff", "localhost/web", "2", ID(HEX_D), NULL } },
		{ "by its id", { 0 }, HEX_B, 0, { "overlay/base/diff", "quay.io/b", "1", NULL, NULL } },
		{ "by its digest",
		  { 0 },
		  ID(HEX_D),
		  0,
		  { "overlay/top/diff overlay/base/diff", "localhost/web", "2", ID(HEX_D), NULL } },
		{ "nobody's name", { 0 }, "quay.io/b", -ENOENT, { 0 } },
		{ "an id that is none", { 0 }, "../x", -ENOENT, { 0 } },
		{ "images cut short", { REPLACED, IMAGES, "[{" }, "web:2", -EBADMSG, { 0 } },
		{ "images that are a link", { LINKED, IMAGES, 0 }, "web:2", -ELOOP, { 0 } },
		{ "no layer", { REPLACED, LAYERS, "[]" }, "web:2", -EBADMSG, { 0 } },
		{ "no layers", { GONE, LAYERS, 0 }, "web:2", -ENOENT, { 0 } },
		{ "a parent that is gone",
		  { REPLACED, LAYERS, "[{\"id\":\"top\",\"parent\":\"base\"}]" },
		  "web:2",
		  -EBADMSG,
		  { 0 } },
		{ "layers in a ring",
		  { REPLACED, LAYERS, "[{\"id\":\"top\",\"parent\":\"top\"}]" },
		  "web:2",
		  -E2BIG,
		  { 0 } },
		{ "a layer that is a path",
		  { REPLACED, LAYERS,
		    "[{\"id\":\"top\",\"parent\":\"../../etc\"},"
		    "{\"id\":\"../../etc\"}]" },
		  "web:2",
		  -EBADMSG,
		  { 0 } },
	};

	(void)state;
	rows_check(rows, ARRAY_SIZE(rows), containers_make);
}

/* ---- containerd ---- */

#define SNAPSHOTS "io.containerd.snapshotter.v1.overlayfs/metadata.db"
#define META      "io.containerd.metadata.v1.bolt/meta.db"
#define BLOB      "io.containerd.content.v1.content/blobs/sha256/"
#define FS(n)     "io.containerd.snapshotter.v1.overlayfs/snapshots/" n "/fs"
#define CHAIN_1   ID(HEX_1)
#define MANIFEST  ID(HEX_A)
#define CONF      ID(HEX_B)
#define END                                                                                                            \
	{                                                                                                              \
		0                                                                                                      \
	}

static const struct bolt_item base[] = { { .key = "id", .value = "\x01" }, END };
static const struct bolt_item top[] = { { .key = "id", .value = "\xac\x02" },
					{ .key = "parent", .value = "default/1/base" },
					END }; /* 300 */
static const struct bolt_item ring[] = { { .key = "id", .value = "\x02" },
					 { .key = "parent", .value = "default/3/ring" },
					 END };
static const struct bolt_item lost[] = { { .key = "id", .value = "\x03" },
					 { .key = "parent", .value = "default/9/lost" },
					 END };
static const struct bolt_item snapshots[] = { { .key = "default/1/base", .items = base },
					      { .key = "default/2/" CHAIN_1, .items = top },
					      { .key = "default/3/ring", .items = ring },
					      { .key = "default/4/lost", .items = lost },
					      END };
static const struct bolt_item snapshots_v1[] = { { .key = "snapshots", .items = snapshots }, END };
static const struct bolt_item snapshots_db[] = { { .key = "v1", .items = snapshots_v1 }, END };

#define LABELS(symbol, key_, value_)                                                                                   \
	static const struct bolt_item symbol##_labels[] = { { .key = key_, .value = value_ }, END };                   \
	static const struct bolt_item symbol[] = { { .key = "labels", .items = symbol##_labels }, END }

LABELS(manifest, "containerd.io/gc.ref.content.config", CONF);
LABELS(config, "containerd.io/gc.ref.snapshot.overlayfs", CHAIN_1);
LABELS(ring_manifest, "containerd.io/gc.ref.content.config", ID(HEX_C));
LABELS(ring_config, "containerd.io/gc.ref.snapshot.overlayfs", "ring");
LABELS(lost_config, "containerd.io/gc.ref.snapshot.overlayfs", "lost");
LABELS(packed, "containerd.io/gc.ref.content.config", ID(HEX_3));
static const struct bolt_item blobs[] = { { .key = MANIFEST, .items = manifest },
					  { .key = CONF, .items = config },
					  { .key = ID(HEX_D), .items = ring_manifest },
					  { .key = ID(HEX_C), .items = ring_config },
					  { .key = ID(HEX_2), .items = lost_config },
					  { .key = ID(HEX_1), .items = packed },
					  END };
static const struct bolt_item content[] = { { .key = "blob", .items = blobs }, END };

#define IMAGE(symbol, target)                                                                                          \
	static const struct bolt_item symbol##_target[] = { { .key = "digest", .value = target }, END };               \
	static const struct bolt_item symbol[] = { { .key = "target", .items = symbol##_target }, END }

IMAGE(web, MANIFEST);
IMAGE(rings, ID(HEX_D));
IMAGE(losts, ID(HEX_2));
IMAGE(packs, ID(HEX_1));
static const struct bolt_item images[] = {
	{ .key = CONF, .items = web },
	{ .key = "docker.io/shop/web:2", .items = web },
	{ .key = "ring:1", .items = rings },
	{ .key = "lost:1", .items = losts },
	{ .key = "packed:1", .items = packs },
	{ .key = "no-bucket", .value = "x" },
	END,
};

#define NAMED(symbol, name_) static const struct bolt_item symbol[] = { { .key = "name", .value = name_ }, END }

NAMED(name_top, "default/2/" CHAIN_1);
NAMED(name_ring, "default/3/ring");
NAMED(name_lost, "default/4/lost");
static const struct bolt_item keys[] = { { .key = CHAIN_1, .items = name_top },
					 { .key = "ring", .items = name_ring },
					 { .key = "lost", .items = name_lost },
					 END };
static const struct bolt_item snapshotters[] = { { .key = "overlayfs", .items = keys }, END };
static const struct bolt_item namespace[] = { { .key = "content", .items = content },
					      { .key = "images", .items = images },
					      { .key = "snapshots", .items = snapshotters },
					      END };
static const struct bolt_item empty_namespace[] = { { .key = "labels", .value = "x" }, END };
static const struct bolt_item meta_v1[] = { { .key = "another", .items = empty_namespace },
					    { .key = "default", .items = namespace },
					    { .key = "version", .value = "\x06" },
					    END };
static const struct bolt_item meta_db[] = { { .key = "v1", .items = meta_v1 }, END };

static void database_write(const char *path, const struct bolt_item *items)
{
	struct bolt_buffer database = bolt_make(items);

	bytes_write(path, database.data, database.size);
	free(database.data);
}

static void containerd_make(void)
{
	static const struct store_file files[] = { { BLOB HEX_B, "{\"config\":{\"User\":\"1000\"}}" } };

	store_write(files, ARRAY_SIZE(files));
	database_write(SNAPSHOTS, snapshots_db);
	database_write(META, meta_db);
}

static void containerd_s(void **state)
{
	static const char layers[] = FS("300") " " FS("1");
	static const struct image_row rows[] = {
		{ "by its name", { 0 }, "shop/web:2", 0, { layers, "docker.io/shop/web", "2", MANIFEST, CONF } },
		{ "by the digest that it leads to",
		  { 0 },
		  HEX_A,
		  0,
		  { layers, "docker.io/shop/web", "2", MANIFEST, CONF } },
		{ "by its configuration", { 0 }, CONF, 0, { layers, "docker.io/shop/web", "2", MANIFEST, CONF } },
		{ "no configuration on disk",
		  { GONE, BLOB HEX_B, 0 },
		  "shop/web:2",
		  0,
		  { layers, "docker.io/shop/web", "2", MANIFEST, NULL } },
		{ "nobody's name", { 0 }, "shop/web:3", -ENOENT, { 0 } },
		{ "one that was not unpacked", { 0 }, "packed:1", -ENOENT, { 0 } },
		{ "no image", { 0 }, "no-bucket", -ENOENT, { 0 } },
		{ "snapshots in a ring", { 0 }, "ring:1", -E2BIG, { 0 } },
		{ "a snapshot that is gone", { 0 }, "lost:1", -EBADMSG, { 0 } },
		{ "no database of snapshots", { GONE, SNAPSHOTS, 0 }, "shop/web:2", -ENOENT, { 0 } },
		{ "a database that is a link", { LINKED, META, 0 }, "shop/web:2", -ELOOP, { 0 } },
		{ "a database that is none", { REPLACED, META, "{}" }, "shop/web:2", -EBADMSG, { 0 } },
		{ "snapshots that are none", { REPLACED, SNAPSHOTS, "x" }, "shop/web:2", -EBADMSG, { 0 } },
	};

	(void)state;
	rows_check(rows, ARRAY_SIZE(rows), containerd_make);
}

/* ---- any ---- */

static bool is_thin(const struct stored_image *image, void *data)
{
	return image->count == *(size_t *)data;
}

static void wishes(void **state)
{
	_cleanup_stored_image_ struct stored_image image = { .count = 0 };
	char root[1024];
	const char *const roots[] = { "/no/such/root", root, NULL };
	struct runtime_source *source = NULL;
	size_t count = 2;

	(void)state;
	docker_make();
	store_path("", root);
	assert_int_equal(storage_ops.open(roots, dir, &source), 0);
	assert_int_equal(storage_image(source, &(struct image_wish){ "shop/web:2", is_thin, &count }, &image), 0);
	assert_int_equal(image.count, 2);
	stored_image_clear(&image);
	count = 1;
	assert_int_equal(storage_image(source, &(struct image_wish){ "shop/web:2", is_thin, &count }, &image), -ENOENT);
	runtime_close(source);
	assert_int_equal(image_ask("shop/web:2", false, &image), -ENOENT); /* without a data root */
}

/* Where a container was found, an image is too; but it is not one of the usual places. */
static void learnt_roots(void **state)
{
	static const struct store_file record[] = {
		{ "containers/" HEX_1 "/config.v2.json", "{\"ID\":\"" HEX_1 "\",\"Name\":\"/web\"}" },
		{ "image/overlay2/layerdb/mounts/" HEX_1 "/mount-id", "m1" },
	};
	_cleanup_stored_image_ struct stored_image image = { .count = 0 };
	struct container_facts facts = { 0 };
	struct runtime_source *source = NULL;
	char upper[1024];

	(void)state;
	docker_make();
	store_write(record, ARRAY_SIZE(record));
	store_path("overlay2/m1/diff", upper);
	assert_int_equal(storage_ops.open(NULL, dir, &source), 0);
	assert_int_equal(storage_image(source, &(struct image_wish){ .word = "shop/web:2" }, &image), -ENOENT);
	assert_int_equal(storage_ops.lookup(source,
					    &(struct runtime_request){ .path = "/x", .id = HEX_1, .upper = upper },
					    &facts),
			 0);
	container_facts_clear(&facts);
	assert_int_equal(storage_image(source, &(struct image_wish){ .word = "shop/web:2" }, &image), 0);
	assert_true(layers_are(&image, WEB_LAYERS));
	assert_false(image.usual);
	runtime_close(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(docker_s), TEST(containers_storage_s), TEST(containerd_s), TEST(wishes), TEST(learnt_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
