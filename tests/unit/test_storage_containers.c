/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers/storage as Podman 4.3 writes it (shortened), and as CRI-O's sources have it; with each file missing,
 * damaged, or not what it was.
 */
#include "bolt_write.h"
#include "store_files.h"

#include "container/facts.h"

#define LIST     "overlay-containers/containers.json"
#define VOLATILE "overlay-containers/volatile-containers.json"
#define IMAGES   "overlay-images/images.json"
#define LAYERS   "overlay-layers/layers.json"
#define SPEC(id) "overlay-containers/" id "/userdata/config.json"
#define UPPER(l) "overlay/" l "/diff"

/* "sha256:aaaa..." in base64. */
#define BASE64_A                                                                                                       \
	"=c2hhMjU2OmFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"                                                    \
	"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
#define CONFIG_A "overlay-images/" HEX_A "/" BASE64_A

#define RECORD(id, name, layer, metadata)                                                                              \
	"{\"id\":\"" id "\",\"names\":[\"" name "\"],\"image\":\"" HEX_A "\",\"layer\":\"" layer                       \
	"\",\"metadata\":\"" metadata "\"}"
#define PODMAN(image, name) "{\\\"image-name\\\":\\\"" image "\\\",\\\"name\\\":\\\"" name "\\\",\\\"created-at\\\":1}"
#define CRIO                                                                                                           \
	"{\\\"pod-name\\\":\\\"shop-1\\\",\\\"pod-id\\\":\\\"" HEX_D                                                   \
	"\\\",\\\"image-name\\\":\\\"quay.io/shop/web:2\\\","                                                          \
	"\\\"name\\\":\\\"k8s_web_shop-1_prod_u-1_0\\\",\\\"metadata-name\\\":\\\"web\\\",\\\"namespace\\\":"          \
	"\\\"prod\\\","                                                                                                \
	"\\\"uid\\\":\\\"u-1\\\"}"
#define ROOT(layer) "\"root\":{\"path\":\"/x/overlay/" layer "/merged\"}"

/* Container 1 is Podman's, 2 is a volatile one, 3 CRI-O's; D is 3's sandbox. Image A has the layer "top". */
static const struct store_file files[] = {
	{ LIST, "[" RECORD(HEX_1, "web", "l1", PODMAN("localhost/shop/web:2", "web")) "," RECORD(HEX_3, "k8s_web", "l3",
												 CRIO) "]" },
	{ VOLATILE, "[" RECORD(HEX_2, "brief", "l2", PODMAN("localhost/shop/web:2", "brief")) "]" },
	{ IMAGES, "[{\"id\":\"" HEX_A "\",\"digest\":\"sha256:" HEX_C "\",\"names\":[\"localhost/shop/web:2\"],"
		  "\"layer\":\"top\",\"mapped-layers\":[\"shifted\"]},"
		  "{\"id\":\"" HEX_B "\",\"names\":[],\"layer\":\"base\"},{\"id\":\"" HEX_C "\",\"layer\":\"base\"}]" },
	{ CONFIG_A, "{\"config\":{\"User\":\"1000\"}}" },
	{ LAYERS, "[{\"id\":\"top\",\"parent\":\"base\"},{\"id\":\"base\"},{\"id\":\"l1\",\"parent\":\"top\"},"
		  "{\"id\":\"l4\",\"parent\":\"shifted\"},{\"id\":\"l5\",\"parent\":\"base\"},{\"id\":\"l6\"}]" },
	{ SPEC(HEX_1),
	  "{" ROOT("l1") ",\"process\":{},\"linux\":{},\"annotations\":{\"io.container.manager\":\"libpod\"}}" },
	{ SPEC(HEX_3),
	  "{" ROOT(
		  "l3") ",\"annotations\":{\"io.container.manager\":\"cri-o\","
			"\"io.kubernetes.cri-o.ContainerType\":\"container\",\"io.kubernetes.cri-o.SandboxID\":\"" HEX_D
			"\","
			"\"io.kubernetes.cri-o.Labels\":\"{\\\"io.kubernetes.container.name\\\":\\\"web\\\"}\"}}" },
	{ SPEC(HEX_D),
	  "{\"annotations\":{\"io.kubernetes.cri-o.Labels\":\"{\\\"pod-template-hash\\\":\\\"5d\\\"}\"}}" },
};

#define ID_A  "sha256:" HEX_A
#define IMAGE "localhost/shop/web", "2", "sha256:" HEX_C
#define WEB                                                                                                            \
	{                                                                                                              \
		HEX_1, "web", IMAGE, ID_A                                                                              \
	}

static const struct store_row rows[] = {
	{ "by its layer", { 0 }, UPPER("l1"), "x", 0, WEB },
	{ "by its layer and its id", { 0 }, UPPER("l1"), HEX_1, 0, WEB },
	{ "by its layer, though the cgroup is called as another", { 0 }, UPPER("l1"), HEX_2, 0, WEB },
	{ "by its id alone", { 0 }, NULL, HEX_1, 0, WEB },
	{ "a volatile one", { 0 }, UPPER("l2"), "x", 0, { HEX_2, "brief", IMAGE, ID_A } },
	{ "nobody's id", { 0 }, NULL, HEX_B, -ENOENT, { 0 } },
	{ "no id of the store's", { 0 }, NULL, "../x", -ENOENT, { 0 } },
	{ "nobody's layer", { 0 }, UPPER("l9"), HEX_1, -ENOENT, { 0 } },
	{ "no list of volatile ones", { GONE, VOLATILE, 0 }, UPPER("l1"), "x", 0, WEB },
	{ "the list is cut short: its configuration and layer tell",
	  { REPLACED, LIST, "[{\"id\":\"11" },
	  UPPER("l1"),
	  HEX_1,
	  0,
	  { HEX_1, NULL, IMAGE, ID_A } },
	{ "the list is of other types",
	  { REPLACED, LIST, "{\"id\":[1]}" },
	  UPPER("l1"),
	  HEX_1,
	  0,
	  { HEX_1, NULL, IMAGE, ID_A } },
	{ "the list is of megabytes", { HUGE, LIST, 0 }, UPPER("l1"), HEX_1, 0, { HEX_1, NULL, IMAGE, ID_A } },
	{ "the list is a link", { LINKED, LIST, 0 }, UPPER("l1"), HEX_1, 0, { HEX_1, NULL, IMAGE, ID_A } },
	{ "the list is a link, by the id alone", { LINKED, LIST, 0 }, NULL, HEX_1, -ELOOP, { 0 } },
	{ "the list is a pipe, by the id alone", { PIPE, LIST, 0 }, NULL, HEX_1, -EBADMSG, { 0 } },
	{ "an entry twice is nobody's",
	  { REPLACED, LIST, "[" RECORD(HEX_2, "a", "l1", "") "," RECORD(HEX_B, "b", "l1", "") "]" },
	  UPPER("l1"),
	  HEX_1,
	  0,
	  { HEX_1, NULL, IMAGE, ID_A } },
	{ "metadata cut short",
	  { REPLACED, LIST, "[" RECORD(HEX_1, "web", "l1", "{\\\"image-na") "]" },
	  UPPER("l1"),
	  HEX_1,
	  0,
	  WEB },
	{ "an image asked for by its id",
	  { REPLACED, LIST, "[" RECORD(HEX_1, "web", "l1", PODMAN(HEX_A, "web")) "]" },
	  UPPER("l1"),
	  HEX_1,
	  0,
	  WEB },
	{ "no images",
	  { GONE, IMAGES, 0 },
	  UPPER("l1"),
	  "x",
	  0,
	  { HEX_1, "web", "localhost/shop/web", "2", NULL, NULL } },
	{ "images cut short",
	  { REPLACED, IMAGES, "[{" },
	  UPPER("l1"),
	  "x",
	  0,
	  { HEX_1, "web", "localhost/shop/web", "2", NULL, NULL } },
	{ "an image with an id that is a path",
	  { REPLACED, IMAGES, "[{\"id\":\"../x\",\"layer\":\"top\"}]" },
	  UPPER("l1"),
	  "x",
	  0,
	  { HEX_1, "web", "localhost/shop/web", "2", NULL, NULL } },
	{ "a digest that is none",
	  { REPLACED, IMAGES, "[{\"id\":\"" HEX_A "\",\"digest\":\"x\"}]" },
	  UPPER("l1"),
	  "x",
	  0,
	  { HEX_1, "web", "localhost/shop/web", "2", NULL, ID_A } },
	{ "a configuration that is a link",
	  { LINKED, CONFIG_A, 0 },
	  UPPER("l1"),
	  "x",
	  0,
	  { HEX_1, "web", IMAGE, NULL } },
	{ "no record: by its layer's parent, with shifted owners",
	  { 0 },
	  UPPER("l4"),
	  "x",
	  0,
	  { NULL, NULL, IMAGE, ID_A } },
	{ "... that two images have", { 0 }, UPPER("l5"), "x", 0, { 0 } },
	{ "... that has none", { 0 }, UPPER("l6"), "x", 0, { 0 } },
	{ "no layers", { GONE, LAYERS, 0 }, UPPER("l4"), "x", -ENOENT, { 0 } },
	{ "the configuration of another layer's container", { GONE, LAYERS, 0 }, UPPER("l4"), HEX_1, -ENOENT, { 0 } },
	{ "control characters in a name",
	  { REPLACED, LIST, "[" RECORD(HEX_1, "a\\u001b[1m", "l1", "") "]" },
	  UPPER("l1"),
	  "x",
	  0,
	  { HEX_1, "a\033[1m", IMAGE, ID_A } },
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

/* Where neither record nor configuration tells, nothing says whose it is but the store. */
static const char *runtime_of(const struct store_row *row)
{
	return row->expect.id ? "podman" : NULL;
}

static void containers_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		store_write(files, ARRAY_SIZE(files));
		change_make(&rows[i].change);
		store_row_check(&rows[i], "/machine.slice/x", runtime_of(&rows[i]));
		store_clear();
	}
}

static void crio_s_is_a_pod_s(void **state)
{
	struct container_facts facts = { 0 };

	(void)state;
	store_write(files, ARRAY_SIZE(files));
	assert_int_equal(store_ask(UPPER("l3"), "/kubepods/x", HEX_3, &facts), 0);
	assert_string_equal(facts.runtime, "cri-o");
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.pod_name, "shop-1");
	assert_string_equal(facts.pod_namespace, "prod");
	assert_string_equal(facts.pod_uid, "u-1");
	assert_string_equal(facts.image_name, "quay.io/shop/web");
	assert_int_equal(facts.role, ROLE_ORDINARY);
	assert_int_equal(facts.labels.count, 2);
	assert_non_null(labels_get(&facts.labels, "pod-template-hash")); /* the sandbox's */
	container_facts_clear(&facts);
}

/* ---- Podman's database ---- */

static const struct bolt_item podman_container[] = { { .key = "config",
						       .value = "{\"pause\":true,\"labels\":{\"app\":\"shop\"}}" },
						     { .key = "pod-id", .value = HEX_D },
						     { 0 } };
static const struct bolt_item podman_containers[] = { { .key = HEX_1, .items = podman_container }, { 0 } };
static const struct bolt_item podman_names[] = { { .key = HEX_D, .value = "shop" }, { 0 } };
static const struct bolt_item podman_db[] = { { .key = "ctr", .items = podman_containers },
					      { .key = "id-registry", .items = podman_names },
					      { 0 } };

static void podman_knows_labels_and_pod(void **state)
{
	struct bolt_buffer database = bolt_make(podman_db);
	struct container_facts facts = { 0 };

	(void)state;
	store_write(files, ARRAY_SIZE(files));
	bytes_write("libpod/bolt_state.db", database.data, database.size);
	assert_int_equal(store_ask(UPPER("l1"), "/machine.slice/x", HEX_1, &facts), 0);
	assert_string_equal(facts.name, "web");
	assert_string_equal(facts.pod_name, "shop");
	assert_non_null(labels_get(&facts.labels, "app"));
	assert_true(facts.run.known);
	assert_int_equal(facts.role, ROLE_SANDBOX);
	container_facts_clear(&facts);

	bytes_write("libpod/bolt_state.db", database.data, database.size / 2);
	assert_int_equal(store_ask(UPPER("l1"), "/machine.slice/x", HEX_1, &facts), 0);
	assert_string_equal(facts.name, "web");
	assert_int_equal(facts.labels.count, 0);
	assert_int_equal(facts.role, ROLE_ORDINARY);
	container_facts_clear(&facts);
	free(database.data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(containers_are_found),
		TEST(crio_s_is_a_pod_s),
		TEST(podman_knows_labels_and_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
