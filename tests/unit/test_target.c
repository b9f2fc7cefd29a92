// SPDX-License-Identifier: Apache-2.0
/* Which word means what: paths, names of containers, images below a host's root of the test's own. */
#include "store_files.h"

#include <unistd.h>

#include "target/internal.h"

#define ID HEX_1

static void fits(void **state)
{
	static const struct {
		struct container_facts facts;
		const char *name;
		enum container_fit fit;
	} rows[] = {
		{ { .id = (char *)ID, .name = (char *)"web" }, ID, FIT_ID },
		{ { .id = (char *)ID, .name = (char *)"web" }, "web", FIT_NAME },
		{ { .id = (char *)ID, .name = (char *)"web" }, "1111", FIT_DIGITS },
		{ { .id = (char *)ID, .name = (char *)"web" }, "111", FIT_NONE },
		{ { .id = (char *)ID, .name = (char *)"web" }, "1112", FIT_NONE },
		{ { .id = (char *)ID, .name = (char *)"web" }, ID "1", FIT_NONE },
		{ { .id = (char *)ID, .name = (char *)"web" }, "we", FIT_NONE },
		{ { .id = (char *)ID, .name = (char *)"web" }, "", FIT_NONE },
		{ { .id = (char *)ID, .name = (char *)"1111" }, "1111", FIT_NAME },
		{ { .id = (char *)"by-runc" }, "by-runc", FIT_ID },
		{ { .id = (char *)"by-runc" }, "by-r", FIT_NONE }, /* digits only */
		{ { .id = (char *)ID,
		    .name = (char *)"app",
		    .pod_name = (char *)"shop-1",
		    .pod_namespace = (char *)"prod" },
		  "prod/shop-1/app",
		  FIT_NAME },
		{ { .id = (char *)ID,
		    .name = (char *)"app",
		    .pod_name = (char *)"shop-1",
		    .pod_namespace = (char *)"prod" },
		  "app",
		  FIT_NAME },
		{ { .id = (char *)ID,
		    .name = (char *)"app",
		    .pod_name = (char *)"shop-1",
		    .pod_namespace = (char *)"prod" },
		  "prod/shop-1",
		  FIT_NONE },
		{ { .id = NULL }, "web", FIT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (container_fit(&rows[i].facts, rows[i].name) != rows[i].fit)
			fail_msg("row %zu: '%s'", i, rows[i].name);
}

/* ---- below a host's root ---- */

static int find(const char *name, struct target *ret_target, struct target_failure *failure)
{
	char root[1024];
	const char *const roots[] = { root, NULL }, *const none[] = { NULL };
	const struct runtime_config config = { .host_root = dir,
					       .data_roots = roots,
					       .docker_sockets = none,
					       .podman_sockets = none,
					       .containerd_sockets = none,
					       .crio_sockets = none,
					       .runc_roots = none };

	store_path("", root);
	root[strlen(root) - 1] = '\0';
	return target_find(&config, name, ret_target, failure);
}

/* Paths are of the working directory, which is the store. */
static void paths(void **state)
{
	static const struct {
		const char *name;
		int status;
		enum target_kind kind;
		const char *path; /* below the store */
		enum reader_what what;
	} rows[] = {
		{ "root", 0, TARGET_DIRECTORY, "root", READER_DIRECTORY },
		{ "./root", 0, TARGET_DIRECTORY, "root", READER_DIRECTORY },
		{ ".", 0, TARGET_DIRECTORY, "", READER_DIRECTORY },
		{ "link", 0, TARGET_DIRECTORY, "root", READER_DIRECTORY },
		{ "layout", 0, TARGET_ARCHIVE, "layout", READER_ARCHIVE },
		{ "root/../layout/", 0, TARGET_ARCHIVE, "layout", READER_ARCHIVE },
		{ "image.tar", 0, TARGET_ARCHIVE, "image.tar", READER_ARCHIVE },
		{ "odd", 0, TARGET_DIRECTORY, "odd", READER_DIRECTORY }, /* its oci-layout is a directory */
		{ "pipe", -EINVAL, 0, NULL, 0 },
		{ "/dev/null", -EINVAL, 0, NULL, 0 },
		{ "./nothing", -ENOENT, 0, NULL, 0 },
		{ "/nothing", -ENOENT, 0, NULL, 0 },
		{ "image.tar/x", -ENOENT, 0, NULL, 0 },
		{ "..", 0, TARGET_DIRECTORY, "..", READER_DIRECTORY },
	};
	char store[1024], pipe[1100];

	(void)state;
	store_write((const struct store_file[]){ { "root/etc/passwd", "" },
						 { "layout/oci-layout", "{}" },
						 { "image.tar", "" },
						 { "odd/oci-layout/x", "" } },
		    4);
	store_path("", store);
	assert_int_equal(chdir(store), 0);
	assert_int_equal(symlink("root", "link"), 0);
	(void)snprintf(pipe, sizeof(pipe), "%spipe", store);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_target_ struct target target = { .pid = 0 };
		struct target_failure failure = { "" };
		struct reader_request request = { .count = 0 };
		char real[PATH_MAX], *whole;
		int r = find(rows[i].name, &target, &failure);

		if (rows[i].name[0] != '.' && rows[i].status == -ENOENT && r == -EIO)
			r = -ENOENT; /* no containers can be listed here */
		if (r != rows[i].status)
			fail_msg("%s: %s (%s)", rows[i].name, strerror(-r), failure.text);
		assert_int_equal(r < 0, failure.text[0] != '\0');
		if (r < 0)
			continue;
		(void)snprintf(real, sizeof(real), "%s%s", store, rows[i].path);
		whole = realpath(real, NULL);
		assert_int_equal(target.kind, rows[i].kind);
		assert_string_equal(target.path, whole);
		free(whole);
		assert_int_equal(target_request(&target, &request), 0);
		assert_int_equal(request.what, rows[i].what);
		assert_int_equal(request.fd >= 0, request.what == READER_ARCHIVE);
		cleanup_closep(&request.fd);
	}
	assert_int_equal(chdir("/"), 0);
}

/* Without a process, a cgroup or a daemon. */
static void an_image_of_the_host(void **state)
{
	static const struct store_file files[] = {
		{ "image/overlay2/repositories.json",
		  "{\"Repositories\":{\"web\":{\"web:2\":\"sha256:" HEX_B "\",\"web:3\":\"sha256:" HEX_A "\"}}}" },
		{ "image/overlay2/imagedb/content/sha256/" HEX_B,
		  "{\"rootfs\":{\"diff_ids\":[\"sha256:" HEX_C "\"]}}" },
		{ "image/overlay2/layerdb/sha256/" HEX_C "/cache-id", "lower" },
	};
	_cleanup_target_ struct target target = { .pid = 0 };
	struct target_failure failure = { "" };
	struct reader_request request = { .count = 0 };

	(void)state;
	store_write(files, ARRAY_SIZE(files));
	assert_int_equal(find("web:2", &target, &failure), 0);
	assert_int_equal(target.kind, TARGET_IMAGE);
	assert_string_equal(target.key, "sha256:" HEX_B);
	assert_string_equal(target.host_root, dir);
	assert_int_equal(target_request(&target, &request), 0);
	assert_int_equal(request.what, READER_LAYERS_OF_IMAGE);
	assert_int_equal(request.count, 1);
	assert_string_equal(request.directories[0], "/store/overlay2/lower/diff");
	assert_string_equal(request.host_root, dir);
	assert_int_equal(request.fd, -EBADF);
	target_clear(&target);
	assert_int_equal(find("web:3", &target, &failure), -EIO); /* is not there, and containers cannot be listed */
	assert_non_null(strstr(failure.text, "cannot be listed"));
	change_make(&(struct change){ REPLACED, "image/overlay2/layerdb/sha256/" HEX_C "/cache-id", ".." });
	assert_int_equal(find("web:2", &target, &failure), -EBADMSG);
	assert_non_null(strstr(failure.text, "web:2"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(fits), TEST(paths), TEST(an_image_of_the_host) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
