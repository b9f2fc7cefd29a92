/* SPDX-License-Identifier: Apache-2.0 */
/* Which sources a configuration gives. */
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"

static const char *const none[] = { NULL }, *const two[] = { "/a.sock", "/b.sock", NULL };
static const char *const many[] = { "1", "2", "3", "4", "5", "6", "7", "8", "9", NULL };

#define STORAGE(root) "storage:" root "/var/lib/docker "

static const struct {
	struct runtime_config config;
	int status;
	const char *sources; /* in order, with their first address */
} rows[] = {
	{ { .host_root = "/host/" },
	  0,
	  STORAGE("/host") "docker:/host/run/docker.sock podman:/host/run/podman/podman.sock "
			   "containerd:/host/run/containerd/containerd.sock "
			   "containerd:/host/run/k3s/containerd/containerd.sock cri-o:/host/run/crio/crio.sock "
			   "runc:/host/run/runc " },
	{ { .host_root = "/host",
	    .docker_sockets = none,
	    .podman_sockets = none,
	    .crio_sockets = none,
	    .runc_roots = none },
	  0,
	  STORAGE("/host") "containerd:/host/run/containerd/containerd.sock "
			   "containerd:/host/run/k3s/containerd/containerd.sock " },
	{ { .host_root = "/",
	    .docker_sockets = two,
	    .podman_sockets = two,
	    .containerd_sockets = two,
	    .crio_sockets = two,
	    .runc_roots = two },
	  0,
	  STORAGE("") "docker:/a.sock docker:/b.sock podman:/a.sock podman:/b.sock containerd:/a.sock "
		      "containerd:/b.sock cri-o:/a.sock cri-o:/b.sock runc:/a.sock " },
	{ { .docker_sockets = none,
	    .podman_sockets = none,
	    .containerd_sockets = none,
	    .crio_sockets = none,
	    .runc_roots = none },
	  0,
	  STORAGE("") },
	{ { .data_roots = two,
	    .docker_sockets = none,
	    .podman_sockets = none,
	    .containerd_sockets = none,
	    .crio_sockets = none,
	    .runc_roots = none },
	  0,
	  "storage:/a.sock " },
	{ { .docker_sockets = many, .containerd_sockets = many }, -E2BIG, "" },
};

/* Opens and closes them; what they are, as in a row. */
static int sources_find(const struct runtime_config *config, char *ret_text, size_t size)
{
	struct runtime_source *sources[SOURCES_MAX];
	size_t count = 0, length = 0;
	int r = runtimes_open(config, sources, &count);

	*ret_text = '\0';
	for (size_t i = 0; i < count; i++) {
		length += (size_t)snprintf(ret_text + length, size - length, "%s:%s ", sources[i]->ops->name,
					   sources[i]->address);
		assert_true(length < size);
		runtime_close(sources[i]);
	}
	return r;
}

static void the_configuration_chooses(void **state)
{
	char found[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sources_find(&rows[i].config, found, sizeof(found)), rows[i].status);
		assert_string_equal(found, rows[i].sources);
	}
}

/* Makes a file `path` below `root`, with the folders that it lies in. */
static void file_make(const char *root, const char *path)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "%s%s", root, path);
	for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(whole, 0700);
		*slash = '/';
	}
	assert_int_equal(mknod(whole, S_IFREG | 0600, 0), 0);
}

/* Users' sockets that are there, but not so many that there is no room for the others. */
static void users_have_sockets(void **state)
{
	char root[] = "/tmp/plimsoll-runtimes-XXXXXX", found[1024], command[128];
	const struct runtime_config config = { .host_root = root,
					       .docker_sockets = none,
					       .containerd_sockets = none,
					       .crio_sockets = none,
					       .runc_roots = none };
	size_t users = 0;

	(void)state;
	assert_non_null(mkdtemp(root));
	for (int i = 1000; i < 1020; i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/run/user/%d/podman/podman.sock", i);
		file_make(root, path);
	}
	file_make(root, "/run/user/bob/podman/podman.sock");
	assert_int_equal(sources_find(&config, found, sizeof(found)), 0);
	for (const char *at = found; (at = strstr(at, "/run/user/")); at++)
		users++;
	assert_int_equal(users, 4);
	assert_null(strstr(found, "bob"));
	(void)snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

/* A further lane is of the same kind, at the same address. */
static void again_is_the_same(void **state)
{
	const struct runtime_config config = { .docker_sockets = two };
	struct runtime_source *sources[SOURCES_MAX], *again = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(runtimes_open(&config, sources, &count), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runtime_again(sources[i], &again), 0);
		assert_ptr_equal(again->ops, sources[i]->ops);
		assert_string_equal(again->address, sources[i]->address);
		runtime_close(again);
		runtime_close(sources[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_configuration_chooses),
		cmocka_unit_test(users_have_sockets),
		cmocka_unit_test(again_is_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
