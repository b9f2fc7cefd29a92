/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's data root as dockerd 20.10 writes it (shortened), and with each file missing, damaged, or not what it was. */
#include "store_files.h"

#include "container/facts.h"
#include "runtime/oci_spec.h"

#define MOUNTS "image/overlay2/layerdb/mounts/"
#define LAYERS "image/overlay2/layerdb/sha256/"
#define IMAGES "image/overlay2/imagedb/content/sha256/"
#define UPPER  "overlay2/m1/diff"
#define RECORD "containers/" HEX_1 "/config.v2.json"
#define HOST   "containers/" HEX_1 "/hostconfig.json"

#define RECORD_OF(id, name, image, image_id)                                                                           \
	"{\"ID\":\"" id "\",\"Name\":\"" name "\",\"Image\":\"" image_id "\",\"Config\":{\"Image\":\"" image           \
	"\",\"User\":\"\",\"Labels\":{\"app\":\"shop\",\"n\":7}},\"State\":{\"Running\":true,\"Pid\":4194305,"         \
	"\"StartedAt\":\"2026-01-02T03:04:05.5Z\"},\"MountPoints\":{\"/mnt\":{\"Type\":\"bind\",\"Source\":\"/srv\","  \
	"\"Destination\":\"/mnt\",\"RW\":false}}}"
#define CONFIG_OF(user, diffs)                                                                                         \
	"{\"config\":{\"User\":\"" user "\",\"Cmd\":[\"run\",\"it\"]},\"rootfs\":{\"diff_ids\":[" diffs "]}}"

/* Image A is of two layers, B of the lower one alone; container 1 runs A. */
static const struct store_file files[] = {
	{ RECORD, RECORD_OF(HEX_1, "/web", "shop/web:2", "sha256:" HEX_A) },
	{ HOST, "{\"ReadonlyRootfs\":true,\"PidMode\":\"host\",\"CapAdd\":[\"CAP_NET_ADMIN\"],\"Runtime\":\"runc\"}" },
	{ MOUNTS HEX_1 "/mount-id", "m1" },
	{ MOUNTS HEX_1 "/parent", "sha256:" HEX_D },
	{ MOUNTS HEX_2 "/mount-id", "m2" },
	{ MOUNTS HEX_2 "/parent", "sha256:" HEX_C },
	{ LAYERS HEX_D "/diff", "sha256:" HEX_3 },
	{ LAYERS HEX_D "/parent", "sha256:" HEX_C },
	{ LAYERS HEX_C "/diff", "sha256:" HEX_C },
	{ IMAGES HEX_A, CONFIG_OF("1000", "\"sha256:" HEX_C "\",\"sha256:" HEX_3 "\"") },
	{ IMAGES HEX_B, CONFIG_OF("", "\"sha256:" HEX_C "\"") },
	{ "image/overlay2/repositories.json",
	  "{\"Repositories\":{\"other\":{\"other:1\":\"sha256:" HEX_B "\",\"other:2\":\"sha256:" HEX_B "\"},"
	  "\"shop/web\":{\"shop/web:2\":\"sha256:" HEX_A "\",\"shop/web@sha256:" HEX_D "\":\"sha256:" HEX_A "\"}}}" },
};

#define ID_A "sha256:" HEX_A
#define ID_B "sha256:" HEX_B
#define KNOWN                                                                                                          \
	{                                                                                                              \
		HEX_1, "web", "shop/web", "2", "sha256:" HEX_D, ID_A                                                   \
	}

static const struct store_row rows[] = {
	{ "by its layer and id", { 0 }, UPPER, HEX_1, 0, KNOWN },
	{ "by its layer alone", { 0 }, UPPER, "b", 0, KNOWN },
	{ "by its layer, though the cgroup is called as another", { 0 }, UPPER, HEX_2, 0, KNOWN },
	{ "by its id alone", { 0 }, NULL, HEX_1, 0, KNOWN },
	{ "nobody's id", { 0 }, NULL, HEX_3, -ENOENT, { 0 } },
	{ "no id of Docker's", { 0 }, NULL, "../containers/" HEX_1, -ENOENT, { 0 } },
	{ "nobody's layer", { 0 }, "overlay2/m3/diff", HEX_3, -ENOENT, { 0 } },
	{ "no upper directory of its", { 0 }, "overlay2/m1/work", HEX_1, -ENOENT, { 0 } },
	{ "a layer with no root", { 0 }, "../../../overlay2/m1/diff", HEX_3, -ENOENT, { 0 } },
	{ "its layer is gone, its record not yet", { GONE, MOUNTS HEX_1, 0 }, UPPER, HEX_1, 0, KNOWN },
	{ "its record is gone",
	  { GONE, RECORD, 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, NULL, "shop/web", "2", "sha256:" HEX_D, ID_A } },
	{ "its record is gone, and there is but the layer",
	  { GONE, RECORD, 0 },
	  UPPER,
	  "b",
	  0,
	  { HEX_1, NULL, "shop/web", "2", "sha256:" HEX_D, ID_A } },
	{ "no record at all: its image has two names",
	  { 0 },
	  "overlay2/m2/diff",
	  HEX_2,
	  0,
	  { HEX_2, NULL, NULL, NULL, ID_B, ID_B } },
	{ "another image of these layers",
	  { REPLACED, IMAGES HEX_1, CONFIG_OF("", "\"sha256:" HEX_C "\"") },
	  "overlay2/m2/diff",
	  HEX_2,
	  0,
	  { HEX_2, NULL, NULL, NULL, NULL, NULL } },
	{ "layers that lead in a ring",
	  { REPLACED, LAYERS HEX_C "/parent", "sha256:" HEX_C },
	  "overlay2/m2/diff",
	  HEX_2,
	  0,
	  { HEX_2, NULL, NULL, NULL, NULL, NULL } },
	{ "a parent out of the store",
	  { REPLACED, MOUNTS HEX_2 "/parent", "sha256:../../x" },
	  "overlay2/m2/diff",
	  HEX_2,
	  0,
	  { HEX_2, NULL, NULL, NULL, NULL, NULL } },
	{ "no tag is the newest",
	  { REPLACED, RECORD, RECORD_OF(HEX_1, "/web", "shop/web", "sha256:" HEX_A) },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "latest", "sha256:" HEX_D, ID_A } },
	{ "started by the image's id",
	  { REPLACED, RECORD, RECORD_OF(HEX_1, "/web", "aaaaaaaaaaaa", "sha256:" HEX_A) },
	  UPPER,
	  HEX_1,
	  0,
	  KNOWN },
	{ "an image of no registry",
	  { REPLACED, RECORD, RECORD_OF(HEX_1, "/web", "other:1", "sha256:" HEX_B) },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "other", "1", ID_B, ID_B } },
	{ "an image that is gone",
	  { GONE, IMAGES HEX_A, 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "2", "sha256:" HEX_D, NULL } },
	{ "an image's id that is a path",
	  { REPLACED, RECORD, RECORD_OF(HEX_1, "/web", "w:1", "sha256:../../x") },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "w", "1", NULL, NULL } },
	{ "no repositories",
	  { GONE, "image/overlay2/repositories.json", 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "2", ID_A, ID_A } },
	{ "repositories cut short",
	  { REPLACED, "image/overlay2/repositories.json", "{\"Repositories\":{\"sh" },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "2", ID_A, ID_A } },
	{ "repositories of other types",
	  { REPLACED, "image/overlay2/repositories.json", "{\"Repositories\":{\"shop/web\":[],\"x\":{\"y\":1}}}" },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "2", ID_A, ID_A } },
	{ "repositories of megabytes",
	  { HUGE, "image/overlay2/repositories.json", 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "2", ID_A, ID_A } },
	{ "a record cut short: its layers tell",
	  { REPLACED, RECORD, "{\"ID\":\"1111" },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, NULL, "shop/web", "2", "sha256:" HEX_D, ID_A } },
	{ "a record of megabytes",
	  { HUGE, RECORD, 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, NULL, "shop/web", "2", "sha256:" HEX_D, ID_A } },
	{ "another's record",
	  { REPLACED, RECORD, RECORD_OF(HEX_2, "/x", "x", "sha256:" HEX_B) },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, NULL, "shop/web", "2", "sha256:" HEX_D, ID_A } },
	{ "another's record, by the id alone",
	  { REPLACED, RECORD, RECORD_OF(HEX_2, "/x", "x", "sha256:" HEX_B) },
	  NULL,
	  HEX_1,
	  -EBADMSG,
	  { 0 } },
	{ "a record that is a link",
	  { LINKED, RECORD, 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, NULL, "shop/web", "2", "sha256:" HEX_D, ID_A } },
	{ "a record that is a link, by the id alone", { LINKED, RECORD, 0 }, NULL, HEX_1, -ELOOP, { 0 } },
	{ "a directory that is a link", { FOLDED, RECORD, 0 }, NULL, HEX_1, -ELOOP, { 0 } },
	{ "a record that is a pipe", { PIPE, RECORD, 0 }, NULL, HEX_1, -EBADMSG, { 0 } },
	{ "an image that is a link",
	  { LINKED, IMAGES HEX_A, 0 },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "web", "shop/web", "2", "sha256:" HEX_D, NULL } },
	{ "a record of other types",
	  { REPLACED, RECORD,
	    "{\"ID\":\"" HEX_1 "\",\"Name\":[],\"Image\":7,\"Config\":\"x\",\"State\":[],\"MountPoints\":[1]}" },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, NULL, NULL, NULL, NULL, NULL } },
	{ "control characters in a name",
	  { REPLACED, RECORD, RECORD_OF(HEX_1, "/a\\u001b[1m", "w:1", "sha256:" HEX_B) },
	  UPPER,
	  HEX_1,
	  0,
	  { HEX_1, "a\033[1m", "w", "1", ID_B, ID_B } },
};

static void containers_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char root[1024];

		store_write(files, ARRAY_SIZE(files));
		change_make(&rows[i].change);
		store_row_check(&rows[i], "/docker/x", "docker");
		store_path("", root);
		tree_remove(root);
		(void)snprintf(root, sizeof(root), "%s/elsewhere", dir);
		if (access(root, F_OK) == 0)
			tree_remove(root);
	}
}

static void it_tells_how_it_was_started(void **state)
{
	struct container_facts facts = { 0 };

	(void)state;
	store_write(files, ARRAY_SIZE(files));
	assert_int_equal(store_ask(UPPER, "/docker/" HEX_1, HEX_1, &facts), 0);
	assert_true(facts.run.known);
	assert_int_equal(facts.run.flags, RUN_READ_ONLY_ROOT | RUN_HOST_PID);
	assert_int_equal(facts.run.capabilities, CAPABILITIES_DEFAULT | capability_bit("NET_ADMIN"));
	assert_int_equal(facts.run.mounts.count, 1);
	assert_string_equal(facts.run.mounts.items[0], "/srv:/mnt:ro");
	assert_string_equal(facts.handler, "runc");
	assert_int_equal(facts.init_pid, 4194305);
	assert_int_equal(facts.started, 1767323045);
	assert_int_equal(facts.labels.count, 1);
	assert_string_equal(labels_get(&facts.labels, "app"), "shop");
	assert_string_equal(facts.image->user, "1000");
	assert_int_equal(facts.role, ROLE_ORDINARY);
	assert_string_equal(facts.image->entry_point, "run it");
	container_facts_clear(&facts);
}

/* Between two starts the record still has the times of the first. */
static void what_does_not_run_has_no_process(void **state)
{
	struct container_facts facts = { 0 };

	(void)state;
	store_write(files, ARRAY_SIZE(files));
	change_make(&(struct change){ REPLACED, RECORD,
				      "{\"ID\":\"" HEX_1 "\",\"State\":{\"Running\":false,\"Pid\":4194305,"
				      "\"StartedAt\":\"2026-01-02T03:04:05.5Z\"}}" });
	change_make(&(struct change){ GONE, HOST, NULL });
	assert_int_equal(store_ask(UPPER, "/docker/" HEX_1, HEX_1, &facts), 0);
	assert_int_equal(facts.init_pid, 0);
	assert_int_equal(facts.started, 0);
	assert_false(facts.run.known);
	container_facts_clear(&facts);
}

/* A cgroup may have the name of a container that runs elsewhere. */
static void a_process_elsewhere_refutes_an_id(void **state)
{
	struct container_facts facts = { 0 };
	char record[256];

	(void)state;
	store_write(files, ARRAY_SIZE(files));
	(void)snprintf(record, sizeof(record), "{\"ID\":\"" HEX_1 "\",\"State\":{\"Running\":true,\"Pid\":%d}}",
		       getpid());
	change_make(&(struct change){ REPLACED, RECORD, record });
	assert_int_equal(store_ask(NULL, "/no/such/cgroup/" HEX_1, HEX_1, &facts), -ENOENT);
	assert_int_equal(store_ask(UPPER, "/no/such/cgroup/" HEX_1, HEX_1, &facts), 0);
	container_facts_clear(&facts);
}

static void a_cancelled_source_answers_nothing(void **state)
{
	struct container_facts facts = { 0 };
	struct runtime_request request = { .path = "/x", .id = HEX_1 };
	struct runtime_source *source = NULL;
	const char *const roots[] = { dir, NULL };

	(void)state;
	assert_int_equal(storage_ops.open(roots, "", &source), 0);
	assert_int_equal(storage_ops.lookup(source, &request, &facts), -ENOENT);
	storage_ops.cancel(source);
	assert_int_equal(storage_ops.lookup(source, &request, &facts), -ECANCELED);
	runtime_close(source);
}

static void a_data_root_is_its_presence(void **state)
{
	const char *const there[] = { "/no/such/root", dir, NULL }, *const none[] = { NULL };
	struct runtime_source *source = NULL;
	char version[8] = "?";

	(void)state;
	assert_int_equal(storage_ops.open(none, "", &source), 0);
	assert_int_equal(storage_ops.probe(source, version, sizeof(version)), -ENOTCONN);
	runtime_close(source);
	assert_int_equal(storage_ops.open(there, "", &source), 0);
	assert_int_equal(storage_ops.probe(source, version, sizeof(version)), 0);
	assert_string_equal(version, "");
	runtime_close(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(containers_are_found),
		TEST(it_tells_how_it_was_started),
		TEST(what_does_not_run_has_no_process),
		TEST(a_process_elsewhere_refutes_an_id),
		TEST(a_cancelled_source_answers_nothing),
		TEST(a_data_root_is_its_presence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
