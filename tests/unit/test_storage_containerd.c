/* SPDX-License-Identifier: Apache-2.0 */
/* containerd's data root with databases of the test's own, as containerd 1.6 fills them, and what may be wrong there. */
#include "bolt_write.h"
#include "store_files.h"

#include "container/facts.h"

#define SNAPSHOTS "io.containerd.snapshotter.v1.overlayfs/metadata.db"
#define META      "io.containerd.metadata.v1.bolt/meta.db"
#define BLOBS     "io.containerd.content.v1.content/blobs/sha256/"
#define UPPER(n)  "io.containerd.snapshotter.v1.overlayfs/snapshots/" n "/fs"

#define CHAIN_1 "sha256:" HEX_1 /* the layers of image A */
#define CHAIN_2 "sha256:" HEX_2 /* ... of image B, which has two names */
#define INDEX   "sha256:" HEX_3
#define MANI_A  "sha256:" HEX_A
#define CONF_A  "sha256:" HEX_B
#define MANI_B  "sha256:" HEX_C
#define CONF_B  "sha256:" HEX_D

#define END                                                                                                            \
	{                                                                                                              \
		0                                                                                                      \
	}
#define BYTES(t)  .value = t, .size = sizeof(t) - 1
#define SPEC_HEAD "\x0a\x04Spec"

/* ---- what lies where ---- */

#define SNAPSHOT(symbol, number, ...)                                                                                  \
	static const struct bolt_item symbol[] = { { .key = "id", BYTES(number) }, ##__VA_ARGS__, END }

SNAPSHOT(layers_a, "\x01");
SNAPSHOT(layers_b, "\x02");
SNAPSHOT(web, "\x0b", { .key = "parent", .value = "default/1/" CHAIN_1 });
SNAPSHOT(gone, "\x0c", { .key = "parent", .value = "default/1/" CHAIN_1 });
SNAPSHOT(gone_b, "\x0d", { .key = "parent", .value = "default/2/" CHAIN_2 });
SNAPSHOT(moved, "\xac\x02", { .key = "parent", .value = "default/2/" CHAIN_2 }); /* 300 */
SNAPSHOT(pod, "\x0e", { .key = "parent", .value = "k8s.io/1/" CHAIN_1 "-1000-1000" });
SNAPSHOT(orphan, "\x0f", { .key = "parent", .value = "default/9/sha256:none" });
SNAPSHOT(docker, "\x10", { .key = "parent", .value = "moby/1/" CHAIN_1 });

static const struct bolt_item snapshots[] = {
	{ .key = "default/1/" CHAIN_1, .items = layers_a }, { .key = "default/2/" CHAIN_2, .items = layers_b },
	{ .key = "default/3/web-snapshot", .items = web },  { .key = "default/4/gone", .items = gone },
	{ .key = "default/5/gone-b", .items = gone_b },     { .key = "default/6/moved", .items = moved },
	{ .key = "default/7/orphan", .items = orphan },     { .key = "k8s.io/3/" HEX_1, .items = pod },
	{ .key = "moby/3/" HEX_2, .items = docker },        END,
};
static const struct bolt_item snapshots_v1[] = { { .key = "snapshots", .items = snapshots }, END };
static const struct bolt_item snapshots_db[] = { { .key = "v1", .items = snapshots_v1 }, END };

#define BLOB(symbol, ...)                                                                                              \
	static const struct bolt_item symbol##_labels[] = { __VA_ARGS__, END };                                        \
	static const struct bolt_item symbol[] = { { .key = "labels", .items = symbol##_labels }, END }

BLOB(index_blob, { .key = "containerd.io/gc.ref.content.m.0", .value = "sha256:not-here" },
     { .key = "containerd.io/gc.ref.content.m.1", .value = MANI_A });
BLOB(manifest_a, { .key = "containerd.io/gc.ref.content.config", .value = CONF_A },
     { .key = "containerd.io/gc.ref.content.l.0", .value = "sha256:layer" });
BLOB(config_a, { .key = "containerd.io/gc.ref.snapshot.overlayfs", .value = CHAIN_1 });
BLOB(manifest_b, { .key = "containerd.io/gc.ref.content.config", .value = CONF_B },
     { .key = "containerd.io/gc.ref.content.self", .value = MANI_B });
BLOB(config_b, { .key = "containerd.io/gc.ref.snapshot.overlayfs", .value = CHAIN_2 });

static const struct bolt_item blobs[] = {
	{ .key = INDEX, .items = index_blob }, { .key = MANI_A, .items = manifest_a },
	{ .key = CONF_A, .items = config_a },  { .key = MANI_B, .items = manifest_b },
	{ .key = CONF_B, .items = config_b },  END,
};
static const struct bolt_item content[] = { { .key = "blob", .items = blobs }, END };

#define IMAGE(symbol, target)                                                                                          \
	static const struct bolt_item symbol##_target[] = { { .key = "digest", .value = target }, END };               \
	static const struct bolt_item symbol[] = { { .key = "target", .items = symbol##_target }, END }

IMAGE(image_a, INDEX);
IMAGE(image_b, MANI_B);

static const struct bolt_item images[] = {
	{ .key = "docker.io/shop/web:2", .items = image_a },
	{ .key = "docker.io/shop/b:1", .items = image_b },
	{ .key = "docker.io/shop/b:2", .items = image_b },
	END,
};
/* As the CRI has it: by name, digest and id. */
static const struct bolt_item cri_images[] = {
	{ .key = "docker.io/shop/web:2", .items = image_a },
	{ .key = "docker.io/shop/web@" INDEX, .items = image_a },
	{ .key = CONF_A, .items = image_a },
	END,
};

static const struct bolt_item runtime[] = { { .key = "name", .value = "io.containerd.runc.v2" }, END };

#define CONTAINER(symbol, image_, key_, ...)                                                                           \
	static const struct bolt_item symbol[] = { { .key = "image", .value = image_ },                                \
						   { .key = "snapshotter", .value = "overlayfs" },                     \
						   { .key = "snapshotKey", .value = key_ },                            \
						   { .key = "runtime", .items = runtime },                             \
						   ##__VA_ARGS__,                                                      \
						   END }

static const struct bolt_item web_labels[] = { { .key = "app", .value = "shop" }, END };
static const struct bolt_item no_label[] = { END };
static const struct bolt_item nul_labels[] = {
	{ .key = "c", .items = no_label }, { .key = "a\0b" }, { .key = "b", BYTES("x\0y") }, END
};
static const struct bolt_item pod_labels[] = { { .key = "io.cri-containerd.kind", .value = "container" },
					       { .key = "io.kubernetes.container.name", .value = "web" },
					       { .key = "io.kubernetes.pod.name", .value = "shop-1" },
					       { .key = "io.kubernetes.pod.namespace", .value = "prod" },
					       { .key = "io.kubernetes.pod.uid", .value = "u-1" },
					       END };
static const struct bolt_item sandbox_labels[] = { { .key = "io.cri-containerd.kind", .value = "sandbox" },
						   { .key = "pod-template-hash", .value = "5d" },
						   END };

CONTAINER(web_container, "docker.io/shop/web:2", "web-snapshot", { .key = "labels", .items = web_labels },
	  { .key = "spec", BYTES(SPEC_HEAD "\x12\x1a{\"process\":{},\"linux\":{} }") });
CONTAINER(moved_container, "docker.io/shop/web:2", "moved", { .key = "labels", .items = nul_labels });
CONTAINER(orphan_container, "docker.io/nobody/knows:1", "orphan",
	  { .key = "spec", BYTES("\x12\xff\xff\xff\xff\x0f{") });
CONTAINER(pod_container, CONF_A, HEX_1, { .key = "labels", .items = pod_labels },
	  { .key = "spec",
	    BYTES(SPEC_HEAD "\x12\x73{\"annotations\":{\"io.kubernetes.cri.sandbox-id\":\"" HEX_3 "\"}}") });
CONTAINER(sandbox_container, "pause", HEX_3, { .key = "labels", .items = sandbox_labels });
CONTAINER(docker_container, "", HEX_2);

static const struct bolt_item containers[] = { { .key = "web", .items = web_container },
					       { .key = "moved", .items = moved_container },
					       { .key = "orphan", .items = orphan_container },
					       END };
static const struct bolt_item cri_containers[] = { { .key = HEX_1, .items = pod_container },
						   { .key = HEX_3, .items = sandbox_container },
						   END };
static const struct bolt_item docker_containers[] = { { .key = HEX_2, .items = docker_container }, END };

static const struct bolt_item default_namespace[] = { { .key = "containers", .items = containers },
						      { .key = "content", .items = content },
						      { .key = "images", .items = images },
						      END };
static const struct bolt_item cri_namespace[] = { { .key = "containers", .items = cri_containers },
						  { .key = "content", .items = content },
						  { .key = "images", .items = cri_images },
						  END };
static const struct bolt_item docker_namespace[] = { { .key = "containers", .items = docker_containers },
						     { .key = "content", .items = content },
						     { .key = "images", .items = images },
						     END };
static const struct bolt_item meta_v1[] = { { .key = "default", .items = default_namespace },
					    { .key = "k8s.io", .items = cri_namespace },
					    { .key = "moby", .items = docker_namespace },
					    { .key = "version", .value = "\x06" },
					    END };
static const struct bolt_item meta_db[] = { { .key = "v1", .items = meta_v1 }, END };

static const struct store_file files[] = {
	{ BLOBS HEX_B, "{\"config\":{\"User\":\"1000\"}}" },
	{ BLOBS HEX_D, "{\"config\":{\"User\":\"b\"}}" },
};

static void database_write(const char *path, const struct bolt_item *items)
{
	struct bolt_buffer database = bolt_make(items);

	bytes_write(path, database.data, database.size);
	free(database.data);
}

static void store_make(void)
{
	store_write(files, ARRAY_SIZE(files));
	database_write(SNAPSHOTS, snapshots_db);
	database_write(META, meta_db);
}

/* ---- what is found there ---- */

#define WEB                                                                                                            \
	{                                                                                                              \
		"web", "web", "docker.io/shop/web", "2", INDEX, CONF_A                                                 \
	}

static const struct store_row rows[] = {
	{ "by its snapshot, of another name than it", { 0 }, UPPER("11"), "x", 0, WEB },
	{ "by its snapshot and its id", { 0 }, UPPER("11"), "web", 0, WEB },
	{ "by its id, in the namespace that the path says", { 0 }, NULL, "web", 0, WEB },
	{ "nobody's id", { 0 }, NULL, "nobody", -ENOENT, { 0 } },
	{ "a short id of another namespace", { 0 }, NULL, "docker.io", -ENOENT, { 0 } },
	{ "nobody's snapshot", { 0 }, UPPER("99"), "web", -ENOENT, { 0 } },
	{ "no number", { 0 }, UPPER("x"), "web", -ENOENT, { 0 } },
	{ "too large a number", { 0 }, UPPER("99999999999999999999999"), "web", -ENOENT, { 0 } },
	{ "its record is gone: the image by its layers",
	  { 0 },
	  UPPER("12"),
	  "gone",
	  0,
	  { "gone", "gone", "docker.io/shop/web", "2", INDEX, CONF_A } },
	{ "its record is gone, and its cgroup says nothing",
	  { 0 },
	  UPPER("12"),
	  "b",
	  0,
	  { NULL, NULL, "docker.io/shop/web", "2", INDEX, CONF_A } },
	{ "an image of two names has none",
	  { 0 },
	  UPPER("13"),
	  "gone-b",
	  0,
	  { "gone-b", "gone-b", NULL, NULL, MANI_B, CONF_B } },
	{ "the tag is another image's by now: its layers tell",
	  { 0 },
	  UPPER("300"),
	  "moved",
	  0,
	  { "moved", "moved", "docker.io/shop/web", "2", MANI_B, CONF_B } },
	{ "an image that is gone",
	  { 0 },
	  UPPER("15"),
	  "orphan",
	  0,
	  { "orphan", "orphan", "docker.io/nobody/knows", "1", NULL, NULL } },
	{ "no configuration",
	  { GONE, BLOBS HEX_B, 0 },
	  UPPER("11"),
	  "web",
	  0,
	  { "web", "web", "docker.io/shop/web", "2", INDEX, NULL } },
	{ "a configuration that is a link",
	  { LINKED, BLOBS HEX_B, 0 },
	  UPPER("11"),
	  "web",
	  0,
	  { "web", "web", "docker.io/shop/web", "2", INDEX, NULL } },
	{ "a configuration cut short",
	  { REPLACED, BLOBS HEX_B, "{\"config" },
	  UPPER("11"),
	  "web",
	  0,
	  { "web", "web", "docker.io/shop/web", "2", INDEX, NULL } },
	{ "no database of containers", { GONE, META, 0 }, UPPER("11"), "web", -ENOENT, { 0 } },
	{ "a database that is a link", { LINKED, META, 0 }, UPPER("11"), "web", -ELOOP, { 0 } },
	{ "a directory that is a link", { FOLDED, META, 0 }, UPPER("11"), "web", -ELOOP, { 0 } },
	{ "a database that is a pipe", { PIPE, META, 0 }, UPPER("11"), "web", -EBADMSG, { 0 } },
	{ "a database that is none", { REPLACED, META, "{}" }, UPPER("11"), "web", -EBADMSG, { 0 } },
	{ "an empty one", { REPLACED, META, "" }, UPPER("11"), "web", -EBADMSG, { 0 } },
	{ "no database of snapshots", { GONE, SNAPSHOTS, 0 }, UPPER("11"), "web", -ENOENT, { 0 } },
	{ "... is a link", { LINKED, SNAPSHOTS, 0 }, UPPER("11"), "web", -ELOOP, { 0 } },
	{ "... is none", { REPLACED, SNAPSHOTS, "x" }, UPPER("11"), "web", -EBADMSG, { 0 } },
	{ "... and what is longer than needed is no harm", { HUGE, SNAPSHOTS, 0 }, UPPER("11"), "web", 0, WEB },
};

static void store_clear(void)
{
	char path[1024];

	store_path("", path);
	tree_remove(path);
	(void)snprintf(path, sizeof(path), "%s/elsewhere", dir);
	if (access(path, F_OK) == 0)
		tree_remove(path);
}

static void containers_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		store_make();
		change_make(&rows[i].change);
		store_row_check(&rows[i], "/default/web", "containerd");
		store_clear();
	}
}

static void a_pod_is_named(void **state)
{
	const char *const uppers[] = { UPPER("14"), NULL };

	(void)state;
	store_make();
	for (size_t i = 0; i < ARRAY_SIZE(uppers); i++) {
		struct container_facts facts = { 0 };

		assert_int_equal(store_ask(uppers[i], "/kubepods/x/" HEX_1, HEX_1, &facts), 0);
		assert_string_equal(facts.id, HEX_1);
		assert_string_equal(facts.name, "web");
		assert_string_equal(facts.pod_name, "shop-1");
		assert_string_equal(facts.pod_namespace, "prod");
		assert_string_equal(facts.pod_uid, "u-1");
		assert_string_equal(facts.image_name, "docker.io/shop/web");
		assert_string_equal(facts.image_digest, INDEX);
		assert_string_equal(facts.image->user, "1000");
		assert_string_equal(labels_get(&facts.labels, "pod-template-hash"), "5d"); /* the sandbox's */
		assert_int_equal(facts.role, ROLE_ORDINARY);
		container_facts_clear(&facts);
	}
}

static void its_record_has_more(void **state)
{
	struct container_facts facts = { 0 };

	(void)state;
	store_make();
	assert_int_equal(store_ask(UPPER("11"), "/default/web", "web", &facts), 0);
	assert_string_equal(facts.handler, "io.containerd.runc.v2");
	assert_string_equal(labels_get(&facts.labels, "app"), "shop");
	assert_true(facts.run.known);
	container_facts_clear(&facts);
	assert_int_equal(store_ask(UPPER("300"), "/default/moved", "moved", &facts), 0);
	assert_int_equal(facts.labels.count, 2); /* without the one that is no text; a bucket is as good as "" */
	assert_false(facts.run.known);
	container_facts_clear(&facts);
}

/* Docker's layers, where containerd keeps them: the name is in Docker's own root. */
static void docker_has_the_name(void **state)
{
	static const struct store_file record[] = {
		{ "containers/" HEX_2 "/config.v2.json", "{\"ID\":\"" HEX_2 "\",\"Name\":\"/web\",\"Image\":\"" MANI_A
							 "\",\"Config\":{\"Image\":\"shop/web:2\"}}" },
	};
	struct container_facts facts = { 0 };

	(void)state;
	store_make();
	assert_int_equal(store_ask(UPPER("16"), "/docker/" HEX_2, HEX_2, &facts), 0);
	assert_string_equal(facts.runtime, "docker");
	assert_null(facts.name);
	assert_string_equal(facts.image_digest, INDEX);
	container_facts_clear(&facts);

	store_write(record, ARRAY_SIZE(record));
	assert_int_equal(store_ask(UPPER("16"), "/docker/" HEX_2, HEX_2, &facts), 0);
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.image_name, "docker.io/shop/web");
	assert_string_equal(facts.image_digest, INDEX);
	assert_string_equal(facts.image->id, CONF_A);
	container_facts_clear(&facts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(containers_are_found),
		TEST(a_pod_is_named),
		TEST(its_record_has_more),
		TEST(docker_has_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
