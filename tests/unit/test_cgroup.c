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
#define HASH "0123456789abcdef0123456789abcdef" /* a static pod's uid */
#define USER "/user.slice/user-1000.slice/user@1000.service"

struct row {
	const char *path;
	enum cgroup_verdict verdict;
	const char *id;
	const char *runtime;
	const char *below; /* the part of the path below the container's root cgroup */
};

/* Names are the same in v2, in v2 beside v1, and in each hierarchy of v1 alone. */
static const struct row containers[] = {
	/* Docker: cgroupfs driver, systemd driver, rootless; ECS, which gives it a parent */
	{ "/docker/" HEX, CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/docker/" HEX "/init", CGROUP_CONTAINER, HEX, "docker", "/init" },
	{ "/system.slice/docker-" HEX ".scope", CGROUP_CONTAINER, HEX, "docker", "" },
	{ USER "/user.slice/docker-" HEX ".scope", CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/system.slice:docker:" HEX, CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/system.slice/docker.service/docker/" HEX, CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/ecs/" HASH "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/ecstasks.slice/ecstasks-" HASH ".slice/docker-" HEX ".scope", CGROUP_CONTAINER, HEX, "docker", "" },
	/* Kubernetes: cgroupfs driver; classes, static pods, a kubelet with a root of its own, k3s */
	{ "/kubepods/pod" UID "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/kubepods/burstable/pod" UID "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/kubepods/besteffort/pod" HASH "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/kubepods/pod" UID "/" HEX "/child", CGROUP_CONTAINER, HEX, NULL, "/child" },
	{ "/kubelet/kubepods/besteffort/pod" UID "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/system.slice/k3s.service/kubepods/pod" UID "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ USER "/k3s-rootless.service/kubepods/pod" UID "/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/k8s.io/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	/* containerd through the CRI, systemd driver, and what cgroupfs makes of a path meant for systemd */
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" HEX ".scope", CGROUP_CONTAINER, HEX,
	  "containerd", "" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" HASH ".slice/cri-containerd-" HEX ".scope",
	  CGROUP_CONTAINER, HEX, "containerd", "" },
	{ "/kubepods-pod" UID_ ".slice:cri-containerd:" HEX, CGROUP_CONTAINER, HEX, "containerd", "" },
	{ "/system.slice/containerd.service/kubepods-pod" UID_ ".slice:cri-containerd:" HEX, CGROUP_CONTAINER, HEX,
	  "containerd", "" },
	/* CRI-O, with the child that newer ones make */
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" HEX ".scope", CGROUP_CONTAINER, HEX, "cri-o", "" },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" HEX ".scope/container", CGROUP_CONTAINER, HEX, "cri-o",
	  "/container" },
	{ "/kubepods/pod" UID "/crio-" HEX, CGROUP_CONTAINER, HEX, "cri-o", "" },
	{ "/kubepods-pod" UID_ ".slice:crio:" HEX, CGROUP_CONTAINER, HEX, "cri-o", "" },
	/* Podman: drivers, pods, rootless, in a unit's cgroup (quadlets), v1's child */
	{ "/machine.slice/libpod-" HEX ".scope", CGROUP_CONTAINER, HEX, "podman", "" },
	{ "/machine.slice/libpod-" HEX ".scope/container", CGROUP_CONTAINER, HEX, "podman", "/container" },
	{ "/machine.slice/libpod-" HEX ".scope/ctr", CGROUP_CONTAINER, HEX, "podman", "/ctr" },
	{ "/machine.slice/machine-libpod_pod_" HEX2 ".slice/libpod-" HEX ".scope", CGROUP_CONTAINER, HEX, "podman",
	  "" },
	{ "/libpod_parent/libpod-" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	{ "/libpod_parent/" HEX2 "/libpod-" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	{ "/machine.slice:libpod:" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	{ USER "/user.slice/libpod-" HEX ".scope/container", CGROUP_CONTAINER, HEX, "podman", "/container" },
	{ USER "/user.slice/user-libpod_pod_" HEX2 ".slice/libpod-" HEX ".scope", CGROUP_CONTAINER, HEX, "podman", "" },
	{ "/system.slice/web.service/libpod-payload-" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	{ USER "/app.slice/web.service/libpod-payload-" HEX, CGROUP_CONTAINER, HEX, "podman", "" },
	/* nerdctl, runtimes alone, builds */
	{ "/default/" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	{ "/system.slice/nerdctl-" HEX ".scope", CGROUP_CONTAINER, HEX, "containerd", "" },
	{ USER "/user.slice/nerdctl-" HEX ".scope", CGROUP_CONTAINER, HEX, "containerd", "" },
	{ "/user.slice:nerdctl:" HEX, CGROUP_CONTAINER, HEX, "containerd", "" },
	{ "/system.slice/runc-mybox.scope", CGROUP_CONTAINER, "mybox", "runc", "" },
	{ "/system.slice/crun-my.box.scope", CGROUP_CONTAINER, "my.box", "crun", "" },
	{ "/system.slice/youki-mybox.scope", CGROUP_CONTAINER, "mybox", "youki", "" },
	{ "/system.slice/runsc-mybox.scope", CGROUP_CONTAINER, "mybox", "runsc", "" },
	{ "/system.slice/buildkit-x7fjz0q1.scope", CGROUP_CONTAINER, "x7fjz0q1", "buildkit", "" },
	{ "/kubepods/pod" UID "/kata_" HEX, CGROUP_CONTAINER, HEX, NULL, "" },
	/* system containers */
	{ "/lxc.payload.web", CGROUP_CONTAINER, "web", "lxc", "" },
	{ "/lxc.payload.web/system.slice/cron.service", CGROUP_CONTAINER, "web", "lxc", "/system.slice/cron.service" },
	{ "/lxc.payload.project_web/init.scope", CGROUP_CONTAINER, "project_web", "lxc", "/init.scope" },
	{ "/lxc.payload/web", CGROUP_CONTAINER, "web", "lxc", "" },
	{ "/lxc/web", CGROUP_CONTAINER, "web", "lxc", "" },
	{ "/machine.slice/machine-lxc\\x2d12\\x2dweb.scope", CGROUP_CONTAINER, "12\\x2dweb", "lxc", "" },
	{ "/machine.slice/machine-web.scope", CGROUP_CONTAINER, "web", "nspawn", "" },
	{ "/machine.slice/machine-web.scope/payload/system.slice", CGROUP_CONTAINER, "web", "nspawn",
	  "/payload/system.slice" },
	{ "/machine.slice/machine-rkt\\x2d" UID_ ".scope/system.slice/etcd.service", CGROUP_CONTAINER, "rkt\\x2d" UID_,
	  "nspawn", "/system.slice/etcd.service" },
	{ "/machine.slice/systemd-nspawn@web.service/payload", CGROUP_CONTAINER, "web", "nspawn", "/payload" },
	/* inside a container: systemd, a container engine, kind, a payload that names things like a host */
	{ "/docker/" HEX "/init.scope", CGROUP_CONTAINER, HEX, "docker", "/init.scope" },
	{ "/docker/" HEX "/system.slice/foo.service", CGROUP_CONTAINER, HEX, "docker", "/system.slice/foo.service" },
	{ "/docker/" HEX "/docker/" HEX2, CGROUP_CONTAINER, HEX, "docker", "/docker/" HEX2 },
	{ "/docker/" HEX "/kubelet/kubepods/pod" UID "/" HEX2, CGROUP_CONTAINER, HEX, "docker",
	  "/kubelet/kubepods/pod" UID "/" HEX2 },
	{ "/docker/" HEX "/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" HEX2 ".scope", CGROUP_CONTAINER, HEX,
	  "docker", "/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" HEX2 ".scope" },
	{ "/docker/" HEX "/kata_overhead", CGROUP_CONTAINER, HEX, "docker", "/kata_overhead" },
	/* as seen from another cgroup namespace */
	{ "/../../docker/" HEX, CGROUP_CONTAINER, HEX, "docker", "" },
	{ "/../cri-containerd-" HEX ".scope/x", CGROUP_CONTAINER, HEX, "containerd", "/x" },
};

static const struct row others[] = {
	{ "/", CGROUP_OTHER, "", NULL, NULL },
	{ "", CGROUP_OTHER, "", NULL, NULL },
	{ "//", CGROUP_OTHER, "", NULL, NULL },
	{ "docker/" HEX, CGROUP_OTHER, "", NULL, NULL },
	{ "/..", CGROUP_OTHER, "", NULL, NULL },
	{ "/init.scope", CGROUP_OTHER, "", NULL, NULL },
	/* services whose names look like a container's */
	{ "/system.slice", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/cron.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-agent.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker.socket", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/containerd.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/crio.service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/libpod-" HEX ".service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-" HEX ".service", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/" HEX ".service", CGROUP_OTHER, "", NULL, NULL }, /* Podman's HEALTHCHECK */
	{ "/system.slice/" HEX "-0123456789abcdef.timer", CGROUP_OTHER, "", NULL, NULL },
	/* one digit more or less, other letters, nothing at all */
	{ "/system.slice/docker-0" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-" HASH "123456789abcdef0123456789abcdef.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-" HASH "0123456789ABCDEF0123456789abcdef.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/docker-.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/runc-.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/system.slice/" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	/* users */
	{ "/user.slice/user-1000.slice/session-2.scope", CGROUP_OTHER, "", NULL, NULL },
	{ USER "/app.slice", CGROUP_OTHER, "", NULL, NULL },
	{ USER "/app.slice/app-" HEX ".slice", CGROUP_OTHER, "", NULL, NULL },
	{ USER "/app.slice/app-web-" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/user.slice/user-" HEX ".slice", CGROUP_OTHER, "", NULL, NULL },
	/* what holds containers, and their monitors */
	{ "/docker", CGROUP_OTHER, "", NULL, NULL },
	{ "/docker/buildkit", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubelet", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods/besteffort", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods/besteffort/pod" UID, CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods/pod" HASH, CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice", CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods/pod" UID "/crio-conmon-" HEX, CGROUP_OTHER, "", NULL, NULL },
	{ "/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/libpod_parent", CGROUP_OTHER, "", NULL, NULL },
	{ "/libpod_parent/" HEX, CGROUP_OTHER, "", NULL, NULL }, /* a pod */
	{ "/libpod_parent/conmon", CGROUP_OTHER, "", NULL, NULL },
	{ "/libpod_parent/libpod-conmon-" HEX, CGROUP_OTHER, "", NULL, NULL },
	{ "/machine.slice/libpod-conmon-" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/machine.slice/machine-libpod_pod_" HEX ".slice", CGROUP_OTHER, "", NULL, NULL },
	{ USER "/user.slice/libpod-conmon-" HEX ".scope", CGROUP_OTHER, "", NULL, NULL },
	{ USER "/user.slice/podman-1234.scope", CGROUP_OTHER, "", NULL, NULL },
	{ "/ecs", CGROUP_OTHER, "", NULL, NULL },
	{ "/ecs/" HASH, CGROUP_OTHER, "", NULL, NULL },
	{ "/kata_overhead", CGROUP_OTHER, "", NULL, NULL },
	{ "/kata_overhead/" HEX, CGROUP_OTHER, "", NULL, NULL },
	{ "/kata_overhead/kubepods/pod" UID "/kata_" HEX, CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc.payload", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc/lxc.payload", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc.monitor", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc.monitor/web", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc.monitor.web", CGROUP_OTHER, "", NULL, NULL },
	{ "/lxc.pivot", CGROUP_OTHER, "", NULL, NULL },
	/* a virtual machine */
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", CGROUP_OTHER, "", NULL, NULL },
};

static const struct row unknowns[] = {
	{ "/mybox", CGROUP_PERHAPS, "mybox", NULL, "" },     /* runc, crun and runsc without a daemon */
	{ "/default/web", CGROUP_PERHAPS, "web", NULL, "" }, /* ctr */
	{ "/default", CGROUP_PERHAPS, "default", NULL, "" },
	{ "/docker/0123", CGROUP_PERHAPS, "0123", NULL, "" },
	{ "/docker/" HEX2 "0", CGROUP_PERHAPS, HEX2 "0", NULL, "" },
	{ "/docker/buildkit/x7fjz0q1", CGROUP_PERHAPS, "x7fjz0q1", NULL, "" },
	{ "/system.slice/k3s.service/box", CGROUP_PERHAPS, "box", NULL, "" },
	{ "/system.slice/web.service/runtime", CGROUP_PERHAPS, "runtime", NULL, "" },
	{ "/podcast", CGROUP_PERHAPS, "podcast", NULL, "" },
	{ "/system.slice/other-" HEX ".scope", CGROUP_PERHAPS, HEX, NULL, "" }, /* of whom we never heard */
	{ USER "/app.slice/" HEX, CGROUP_PERHAPS, HEX, NULL, "" },
	{ USER "/app.slice/" HEX "/" HEX2, CGROUP_PERHAPS, HEX2, NULL, "" },
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
