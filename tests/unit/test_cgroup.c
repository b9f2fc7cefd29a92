/* SPDX-License-Identifier: Apache-2.0 */
#include "container/cgroup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "container/process.h"

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID  "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
#define UID_ "1b4e28ba_2fa1_11d2_883f_0016d3cca427"

struct row {
	const char *path;
	enum cgroup_verdict verdict;
	const char *id;
	const char *runtime;
	const char *below; /* the part of the path below the container's root cgroup */
};

static const struct row containers[] = {
	{ "/docker/" HEX, CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/docker/" HEX "/init", CGROUP_CONTAINER, HEX, "docker", "/init" },
	{ "/system.slice/docker-" HEX ".scope", CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/system.slice/docker-" HEX ".scope/a.service", CGROUP_CONTAINER, HEX, "docker", "/a.service" },
	{ "/docker/" HEX "/docker/" HEX2, CGROUP_CONTAINER, HEX, "docker", "/docker/" HEX2 },
	{ "/ecs/task/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/kubepods/besteffort/pod" UID "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/kubepods/pod" UID "/" HEX "/child", CGROUP_CONTAINER, HEX, NULL, "/child" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" HEX ".scope", CGROUP_CONTAINER, HEX,
	  "containerd", "" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" HEX ".scope", CGROUP_CONTAINER, HEX, "cri-o", "" },
	{ "/kubepods/pod" UID "/crio-" HEX, CGROUP_CONTAINER, HEX, "cri-o", "" },
	{ "/kubepods-pod" UID_ ".slice:cri-containerd:" HEX, CGROUP_CONTAINER, HEX, "containerd", "" },
	{ "/system.slice:docker:" HEX, CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/machine.slice/libpod-" HEX ".scope/container", CGROUP_CONTAINER, HEX, "podman", "/container" },
	{ "/libpod_parent/libpod-" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	{ "/libpod_parent/" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX ".scope", CGROUP_CONTAINER, HEX,
	  "podman", "" },
	{ "/default/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/system.slice/nerdctl-" HEX ".scope", CGROUP_CONTAINER, HEX, "containerd", "" },
	{ "/system.slice/runc-mybox.scope", CGROUP_CONTAINER, "mybox", "runc", "" },
	{ "/system.slice/crun-my.box.scope", CGROUP_CONTAINER, "my.box", "crun", "" },
	{ "/lxc.payload.web", CGROUP_CONTAINER, "web", "lxc", "" },
	{ "/lxc.payload.web/system.slice/cron.service", CGROUP_CONTAINER, "web", "lxc", "/system.slice/cron.service" },
	{ "/lxc/web", CGROUP_CONTAINER, "web", "lxc", "" },
	{ "/machine.slice/machine-web.scope", CGROUP_CONTAINER, "web", "nspawn", "" },
};

static const struct row others[] = {
	{ "/", CGROUP_OTHER, "", NULL, NULL },
	{ "", CGROUP_OTHER, "", NULL, NULL },
	{ "docker/" HEX, CGROUP_OTHER, "", NULL, NULL },
	{ "/init.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/cron.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-agent.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker.socket", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-" HEX ".service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-0" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/runc-.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/user.slice/user-1000.slice/session-2.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/user.slice/user-1000.slice/user@1000.service/app.slice", CGROUP_OTHER, "", NULL, NULL },
	{ "/docker", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods/besteffort", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods/besteffort/pod" UID, CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice", CGROUP_OTHER, "", NULL, NULL },
	{ "/machine.slice/libpod-conmon-" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc.monitor.web", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc", CGROUP_OTHER, "", NULL, NULL },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", CGROUP_OTHER, "", NULL, NULL },
};

static const struct row unknowns[] = {
	{ "/mybox", CGROUP_PERHAPS, "mybox", NULL, "" },
	{ "/default/web", CGROUP_PERHAPS, "web", NULL, "" },
	{ "/default", CGROUP_PERHAPS, "default", NULL, "" },
	{ "/docker/0123", CGROUP_PERHAPS, "0123", NULL, "" },
	{ "/docker/" HEX2 "0", CGROUP_PERHAPS, HEX2 "0", NULL, "" },
	{ "/system.slice/k3s.service/box", CGROUP_PERHAPS, "box", NULL, "" },
	{ "/podcast", CGROUP_PERHAPS, "podcast", NULL, "" },
};

static void rows_check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct cgroup_guess guess = cgroup_classify(rows[i].path);

		if (guess.verdict != rows[i].verdict)
			fail_msg("%s: verdict %d", rows[i].path, guess.verdict);
		assert_string_equal(guess.id, rows[i].id);
		if (rows[i].runtime)
			assert_string_equal(guess.runtime, rows[i].runtime);
		else
			assert_null(guess.runtime);
		if (rows[i].below)
			assert_string_equal(rows[i].path + guess.root_length, rows[i].below);
		else
			assert_int_equal(guess.root_length, 0);
	}
}

static void containers_are_known(void **state)
{
	(void)state;
	rows_check(containers, ARRAY_SIZE(containers));
}

static void others_are_refused(void **state)
{
	(void)state;
	rows_check(others, ARRAY_SIZE(others));
}

static void unknown_names_are_perhaps(void **state)
{
	(void)state;
	rows_check(unknowns, ARRAY_SIZE(unknowns));
}

static void long_names_are_refused(void **state)
{
	char path[300] = "/";

	(void)state;
	memset(path + 1, 'a', 255);
	assert_int_equal(cgroup_classify(path).verdict, CGROUP_PERHAPS);
	memset(path + 1, 'a', 256);
	assert_int_equal(cgroup_classify(path).verdict, CGROUP_OTHER);
}

static void images_are_split(void **state)
{
	static const struct {
		const char *reference, *name, *tag, *digest;
	} rows[] = {
		{ "debian", "debian", NULL, NULL },
		{ "debian:12", "debian", "12", NULL },
		{ "docker.io/library/debian:12@sha256:ab", "docker.io/library/debian", "12", "sha256:ab" },
		{ "registry:5000/debian", "registry:5000/debian", NULL, NULL },
		{ "registry:5000/debian:12", "registry:5000/debian", "12", NULL },
		{ "debian@sha256:ab", "debian", NULL, "sha256:ab" },
		{ "sha256:ab", NULL, NULL, "sha256:ab" },
		{ "", NULL, NULL, NULL },
		{ NULL, NULL, NULL, NULL },
		{ ":", NULL, NULL, NULL },
		{ "@", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct container_facts facts = { 0 };
		assert_int_equal(facts_set_image(&facts, rows[i].reference), 0);
		assert_int_equal(!facts.image_name, !rows[i].name);
		assert_int_equal(!facts.image_tag, !rows[i].tag);
		assert_int_equal(!facts.image_digest, !rows[i].digest);
		if (rows[i].name)
			assert_string_equal(facts.image_name, rows[i].name);
		if (rows[i].tag)
			assert_string_equal(facts.image_tag, rows[i].tag);
		if (rows[i].digest)
			assert_string_equal(facts.image_digest, rows[i].digest);
		container_facts_clear(&facts);
	}
}

static void times_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} rows[] = {
		{ "2026-01-02T03:04:05Z", 1767323045 },
		{ "2026-01-02T03:04:05.678901234Z", 1767323045 },
		{ "2026-01-02T04:04:05.6+01:00", 1767323045 },
		{ "0001-01-01T00:00:00Z", 0 },
		{ "2026-01-02", 0 },
		{ "2026-01-02T03:04:05", 0 },
		{ "2026-01-02T03:04:05Z!", 0 },
		{ "yesterday", 0 },
		{ NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(fact_time(rows[i].text), rows[i].seconds);
}

static void a_process_is_in_its_cgroup(void **state)
{
	(void)state;
	assert_int_equal(process_in_cgroup(1u << 30, "/"), -ESRCH);
	if (process_in_cgroup((uint32_t)getpid(), "/") < 0)
		skip(); /* no v2 hierarchy here */
	assert_int_equal(process_in_cgroup((uint32_t)getpid(), "/"), 1);
	assert_int_equal(process_in_cgroup((uint32_t)getpid(), "/no/such/cgroup"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_are_known),       cmocka_unit_test(others_are_refused),
		cmocka_unit_test(unknown_names_are_perhaps),  cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(images_are_split),           cmocka_unit_test(times_are_read),
		cmocka_unit_test(a_process_is_in_its_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
