/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI source on state files as runc 1.1 and crun 1.8 write them (shortened), with bundles, and on bad ones. */
#include "runtime/runtime.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "container/process.h"

#define CREATED "\"created\":\"2026-01-02T03:04:05.890641324Z\""
#define CRUN(path)                                                                                                     \
	"{\"pid\":4194305,\"process-start-time\":181800,\"cgroup-path\":\"" path "\",\"scope\":null,"                  \
	"\"bundle\":\"/no/such/bundle\"," CREATED ",\"detached\":true}"
#define STATE(v2_path)                                                                                                 \
	"{\"id\":\"mybox\",\"init_process_pid\":4194305,\"init_process_start\":181800," CREATED ","                    \
	"\"config\":{\"rootfs\":\"/b/rootfs\",\"labels\":[\"bundle=/b\"]},\"cgroup_paths\":{\"\":\"" v2_path "\","     \
	"\"cpu\":\"/sys/fs/cgroup/cpu/mybox\"},\"rootless\":false}"

struct row {
	const char *what;
	const char *folder, *id; /* of the state, below the test's directory */
	const char *state;
	const char *path, *ask; /* whom the source is asked about */
	int status;
	const char *runtime;
};

static const struct row rows[] = {
	{ "both hierarchies", "r", "mybox", STATE("/sys/fs/cgroup/unified/mybox"), "/mybox", "mybox", 0, "runc" },
	{ "v2 alone", "r", "mybox", STATE("/sys/fs/cgroup/mybox"), "/mybox", "mybox", 0, "runc" },
	{ "a cgroup of its own choice", "r", "mybox", STATE("/sys/fs/cgroup/a/b"), "/a/b", "b", 0, "runc" },
	{ "Docker's", "d/runtime-runc/moby", "mybox", STATE("/sys/fs/cgroup/docker/mybox"), "/docker/mybox", "mybox", 0,
	  "docker" },
	{ "containerd's", "containerd/runc/ns", "mybox", STATE("/sys/fs/cgroup/ns/mybox"), "/ns/mybox", "mybox", 0,
	  "containerd" },
	{ "the same id elsewhere", "r", "mybox", STATE("/sys/fs/cgroup/a/mybox"), "/mybox", "mybox", -ENOENT, NULL },
	{ "only the end is alike", "r", "mybox", STATE("/sys/fs/cgroup/x/mybox"), "/mybox", "mybox", -ENOENT, NULL },
	{ "v1 alone", "r", "mybox",
	  "{\"id\":\"mybox\",\"init_process_pid\":4194305," CREATED
	  ",\"cgroup_paths\":{\"devices\":\"/sys/fs/cgroup/devices/a\","
	  "\"cpu\":\"/sys/fs/cgroup/cpu,cpuacct/x/mybox\"}}",
	  "/x/mybox", "mybox", 0, "runc" },
	{ "v1 alone, only the end is alike", "r", "mybox",
	  "{\"id\":\"mybox\",\"cgroup_paths\":{\"cpu\":\"/sys/fs/cgroup/cpu/x/mybox\"}}", "/mybox", "mybox", -ENOENT,
	  NULL },
	{ "a v1 path beside another v2 path", "r", "mybox", STATE("/sys/fs/cgroup/other"), "/mybox", "mybox", -ENOENT,
	  NULL },
	{ "wrong types", "r", "mybox", "{\"id\":1,\"init_process_pid\":\"1\",\"cgroup_paths\":[1]}", "/mybox", "mybox",
	  -ENOENT, NULL },
	{ "an impossible pid", "r", "mybox", "{\"init_process_pid\":-1}", "/mybox", "mybox", -ENOENT, NULL },
	{ "no object", "r", "mybox", "[]", "/mybox", "mybox", -ENOENT, NULL },
	{ "cut", "r", "mybox", "{\"id\":\"my", "/mybox", "mybox", -ENOENT, NULL },
	{ "empty", "r", "mybox", "", "/mybox", "mybox", -ENOENT, NULL },
	{ "a way out of the root", "out", "mybox", STATE("/sys/fs/cgroup/mybox"), "/mybox", "../out/mybox", -ENOENT,
	  NULL },
	{ "a hidden id", "r", ".x", STATE("/sys/fs/cgroup/mybox"), "/mybox", ".x", -ENOENT, NULL },
};

static const struct row crun_rows[] = {
	{ "crun's", "r", "mybox", CRUN("/a/mybox"), "/a/mybox", "mybox", 0, "crun" },
	{ "crun's, not from the root", "r", "mybox", CRUN("a/mybox"), "/a/mybox", "mybox", 0, "crun" },
	{ "crun's, found by its path alone", "r", "mybox", CRUN("/a/b"), "/a/b", "b", 0, "crun" },
	{ "crun's, of another cgroup", "r", "mybox", CRUN("/x/a/mybox"), "/a/mybox", "mybox", -ENOENT, NULL },
	{ "crun's, without a path", "r", "mybox", CRUN(""), "/", "mybox", -ENOENT, NULL },
	{ "crun's, wrong types", "r", "mybox", "{\"pid\":\"1\",\"cgroup-path\":1,\"bundle\":[]}", "/mybox", "mybox",
	  -ENOENT, NULL },
};

static char dir[] = "/tmp/plimsoll-runc-XXXXXX";

static void dirs_make(const char *path)
{
	char part[256];

	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		(void)mkdir(part, 0700);
	}
}

static void file_path(const char *folder, const char *id, const char *file, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, "%s/%s/%s/%s", dir, folder, id, file);
	dirs_make(ret_path);
}

static void state_path(const char *folder, const char *id, char *ret_path, size_t size)
{
	file_path(folder, id, "state.json", ret_path, size);
}

static void state_write(const char *path, const char *text, size_t size)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int entry_remove(const char *path, const struct stat *stat_buf, int type, struct FTW *walk)
{
	(void)stat_buf;
	(void)type;
	(void)walk;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static struct runtime_source *source_open(void)
{
	static const char *const patterns[] = { "r", "d/runtime-runc/moby", "containerd/runc/*" };
	char paths[ARRAY_SIZE(patterns)][256];
	const char *addresses[ARRAY_SIZE(patterns) + 1] = { NULL };
	struct runtime_source *source = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%s/%s", dir, patterns[i]);
		addresses[i] = paths[i];
	}
	assert_int_equal(oci_ops.open(addresses, "", &source), 0);
	return source;
}

static int look_up(const char *path, const char *id, struct container_facts *facts)
{
	struct runtime_source *source = source_open();
	struct runtime_request request = { .path = path, .id = id };
	int r = oci_ops.lookup(source, &request, facts);

	runtime_close(source);
	return r;
}

static void facts_check(const struct row *row, const char *handler, const struct container_facts *facts)
{
	assert_string_equal(facts->id, "mybox");
	assert_string_equal(facts->name, "mybox");
	assert_string_equal(facts->runtime, row->runtime);
	assert_string_equal(facts->handler, handler);
	assert_null(facts->image_name);
	assert_false(facts->run.known);
	assert_int_equal(facts->started, 1767323045);
	assert_int_equal(facts->init_pid, 4194305);
}

static void row_check(const struct row *row, const char *file, const char *handler)
{
	struct container_facts facts = { 0 };
	char path[256];
	int r;

	file_path(row->folder, row->id, file, path, sizeof(path));
	state_write(path, row->state, strlen(row->state));
	r = look_up(row->path, row->ask, &facts);
	if (r != row->status)
		fail_msg("%s: %s", row->what, strerror(-r));
	if (r == 0)
		facts_check(row, handler, &facts);
	container_facts_clear(&facts);
	assert_int_equal(unlink(path), 0);
}

static void states_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		row_check(&rows[i], "state.json", "runc");
	for (size_t i = 0; i < ARRAY_SIZE(crun_rows); i++)
		row_check(&crun_rows[i], "status", "crun");
}

static void no_odd_file_is_read(void **state)
{
	static char much[2 * 1024 * 1024];
	struct container_facts facts = { 0 };
	char path[256], other[300];

	(void)state;
	state_path("r", "mybox", path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(look_up("/mybox", "mybox", &facts), -ENOENT); /* and does not wait for a writer */
	assert_int_equal(unlink(path), 0);

	(void)snprintf(other, sizeof(other), "%s/other", dir);
	state_write(other, STATE("/sys/fs/cgroup/mybox"), strlen(STATE("/sys/fs/cgroup/mybox")));
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(look_up("/mybox", "mybox", &facts), -ENOENT);
	assert_int_equal(unlink(path), 0);

	memset(much, ' ', sizeof(much));
	memcpy(much, STATE("/sys/fs/cgroup/mybox"), strlen(STATE("/sys/fs/cgroup/mybox")));
	state_write(path, much, sizeof(much));
	assert_int_equal(look_up("/mybox", "mybox", &facts), -ENOENT);
}

/* ---- bundles ---- */

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SPEC(annotations)                                                                                              \
	"{\"process\":{\"capabilities\":{\"permitted\":[\"CAP_CHOWN\"]}},\"linux\":{\"namespaces\":[]},"               \
	"\"annotations\":{" annotations "}}"

struct bundle_row {
	const char *what;
	const char *bundle; /* below the test's directory, with config.json in it */
	const char *config;
	const char *runtime, *name; /* name NULL: none */
	bool run;
};

static const struct bundle_row bundle_rows[] = {
	{ "its own", "b", SPEC(""), "runc", HEX, true },
	{ "containerd's", "c/io.containerd.runtime.v2.task/ns/" HEX, SPEC(""), "containerd", NULL, true },
	{ "Docker's", "c/io.containerd.runtime.v2.task/moby/" HEX, SPEC(""), "docker", NULL, true },
	{ "Podman's", "s/overlay-containers/" HEX "/userdata", SPEC("\"io.container.manager\":\"libpod\""), "podman",
	  NULL, true },
	{ "CRI-O's", "s/overlay-containers/" HEX "/userdata",
	  SPEC("\"io.container.manager\":\"cri-o\",\"io.kubernetes.container.name\":\"web\""), "cri-o", "web", true },
	{ "a store's, which says nothing", "s/overlay-containers/" HEX "/userdata", SPEC(""), "podman", NULL, true },
	{ "no JSON", "b", "{\"process\":", "runc", HEX, false },
	{ "wrong types", "b", "{\"process\":1,\"linux\":[],\"annotations\":\"x\"}", "runc", HEX, false },
	{ "an array", "b", "[]", "runc", HEX, false },
};

static void bundle_state_write(const char *bundle)
{
	char path[256], text[1024];

	state_path("r", HEX, path, sizeof(path));
	(void)snprintf(text, sizeof(text),
		       "{\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/x\"},\"config\":{\"labels\":[\"bundle=%s\"]}}",
		       bundle);
	state_write(path, text, strlen(text));
}

static void bundle_path(const char *bundle, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, "%s/%s/config.json", dir, bundle);
	dirs_make(ret_path);
}

static void its_bundle_tells_whose_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bundle_rows); i++) {
		const struct bundle_row *row = &bundle_rows[i];
		struct container_facts facts = { 0 };
		char path[512];

		bundle_path(row->bundle, path, sizeof(path));
		state_write(path, row->config, strlen(row->config));
		*strrchr(path, '/') = '\0';
		bundle_state_write(path);
		if (look_up("/x", HEX, &facts) != 0)
			fail_msg("%s: not found", row->what);
		if (strcmp(facts.runtime, row->runtime) != 0 || facts.run.known != row->run)
			fail_msg("%s: %s, %d", row->what, facts.runtime, facts.run.known);
		if (!facts.name != !row->name || (row->name && strcmp(facts.name, row->name) != 0))
			fail_msg("%s: called %s", row->what, facts.name);
		assert_string_equal(facts.id, HEX);
		container_facts_clear(&facts);
	}
}

/* The container is known all the same: only how it was started is not. */
static void no_odd_bundle_is_read(void **state)
{
	struct container_facts facts = { 0 };
	char path[512], other[512];

	(void)state;
	bundle_path("other", other, sizeof(other));
	state_write(other, SPEC(""), strlen(SPEC("")));
	bundle_path("b", path, sizeof(path));
	assert_int_equal(symlink(other, path), 0);
	*strrchr(path, '/') = '\0';
	bundle_state_write(path);
	assert_int_equal(look_up("/x", HEX, &facts), 0);
	assert_false(facts.run.known);
	container_facts_clear(&facts);

	bundle_state_write("other"); /* from nowhere */
	assert_int_equal(look_up("/x", HEX, &facts), 0);
	assert_false(facts.run.known);
	container_facts_clear(&facts);
}

/* A user's own runtime may not name what is not in the user's slice. */
static void a_user_speaks_for_its_own(void **state)
{
	struct container_facts facts = { 0 };
	char path[256];

	(void)state;
	if (getuid() != 0)
		skip(); /* only root makes files of others */
	file_path("r", "mybox", "status", path, sizeof(path));
	state_write(path, CRUN("/docker/x"), strlen(CRUN("/docker/x")));
	(void)snprintf(path, sizeof(path), "%s/r", dir);
	assert_int_equal(chown(path, 1234, 1234), 0);
	assert_int_equal(look_up("/docker/x", "mybox", &facts), -ENOENT);

	file_path("r", "mybox", "status", path, sizeof(path));
	state_write(path, CRUN("/user.slice/user-1234.slice/x"), strlen(CRUN("/user.slice/user-1234.slice/x")));
	assert_int_equal(look_up("/user.slice/user-1234.slice/x", "mybox", &facts), 0);
	assert_string_equal(facts.runtime, "crun");
	container_facts_clear(&facts);
}

/* Where the hierarchy is mounted somewhere else, the container's first process tells. */
static void a_process_proves_it(void **state)
{
	struct container_facts facts = { 0 };
	char path[256], text[128];

	(void)state;
	if (process_in_cgroup((uint32_t)getpid(), "/") < 0)
		skip(); /* no v2 hierarchy here */
	state_path("r", "mybox", path, sizeof(path));
	(void)snprintf(text, sizeof(text), "{\"init_process_pid\":%d}", getpid());
	state_write(path, text, strlen(text));
	assert_int_equal(look_up("/", "mybox", &facts), 0);
	assert_int_equal(facts.init_pid, getpid());
	container_facts_clear(&facts);
	assert_int_equal(look_up("/no/such/cgroup", "mybox", &facts), -ENOENT);
}

static void its_directory_is_its_presence(void **state)
{
	struct runtime_source *source = source_open();
	char version[8] = "?", path[256];

	(void)state;
	assert_int_equal(oci_ops.probe(source, version, sizeof(version)), -ENOTCONN);
	state_path("containerd/runc/some-namespace", "mybox", path, sizeof(path));
	assert_int_equal(oci_ops.probe(source, version, sizeof(version)), 0);
	assert_string_equal(version, "");
	runtime_close(source);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(states_are_read),
		TEST(no_odd_file_is_read),
		TEST(its_bundle_tells_whose_it_is),
		TEST(no_odd_bundle_is_read),
		TEST(a_user_speaks_for_its_own),
		TEST(a_process_proves_it),
		TEST(its_directory_is_its_presence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
