/* SPDX-License-Identifier: Apache-2.0 */
/* The runc source on state files as runc 1.1 writes them (shortened), and on bad ones. */
#include "container/runtime.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "container/process.h"

#define CREATED "\"created\":\"2026-01-02T03:04:05.890641324Z\""
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
	{ "no v2 path", "r", "mybox", "{\"id\":\"mybox\",\"cgroup_paths\":{\"cpu\":\"/sys/fs/cgroup/cpu/mybox\"}}",
	  "/mybox", "mybox", -ENOENT, NULL },
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

static char dir[] = "/tmp/plimsoll-runc-XXXXXX";

static void dirs_make(const char *path)
{
	char part[256];

	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		(void)mkdir(part, 0700);
	}
}

static void state_path(const char *folder, const char *id, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, "%s/%s/%s/state.json", dir, folder, id);
	dirs_make(ret_path);
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

static void states_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct container_facts facts = { 0 };
		char path[256];
		int r;

		state_path(rows[i].folder, rows[i].id, path, sizeof(path));
		state_write(path, rows[i].state, strlen(rows[i].state));
		r = look_up(rows[i].path, rows[i].ask, &facts);
		if (r != rows[i].status)
			fail_msg("%s: %s", rows[i].what, strerror(-r));
		if (r == 0) {
			assert_string_equal(facts.id, "mybox");
			assert_string_equal(facts.runtime, rows[i].runtime);
			assert_null(facts.image_name);
			assert_int_equal(facts.started, 1767323045);
			assert_int_equal(facts.init_pid, 4194305);
		}
		container_facts_clear(&facts);
		assert_int_equal(unlink(path), 0);
	}
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
		TEST(a_process_proves_it),
		TEST(its_directory_is_its_presence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
