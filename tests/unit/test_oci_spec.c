/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations as Docker, containerd, CRI-O and Podman give them to runc and crun (shortened), and bad ones. */
#include "runtime/oci_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "container/facts.h"

#define HOST_ALL (RUN_HOST_NETWORK | RUN_HOST_PID | RUN_HOST_IPC | RUN_HOST_UTS | RUN_HOST_CGROUP)
#define OWN                                                                                                            \
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"},"               \
	"{\"type\":\"network\",\"path\":\"/run/netns/x\"},{\"type\":\"cgroup\"}]"

/* All of 38: the last three are later than many an engine. */
#define ALL_CAPS                                                                                                       \
	"\"CAP_CHOWN\",\"CAP_DAC_OVERRIDE\",\"CAP_DAC_READ_SEARCH\",\"CAP_FOWNER\",\"CAP_FSETID\",\"CAP_KILL\","       \
	"\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETPCAP\",\"CAP_LINUX_IMMUTABLE\",\"CAP_NET_BIND_SERVICE\","              \
	"\"CAP_NET_BROADCAST\",\"CAP_NET_ADMIN\",\"CAP_NET_RAW\",\"CAP_IPC_LOCK\",\"CAP_IPC_OWNER\","                  \
	"\"CAP_SYS_MODULE\",\"CAP_SYS_RAWIO\",\"CAP_SYS_CHROOT\",\"CAP_SYS_PTRACE\",\"CAP_SYS_PACCT\","                \
	"\"CAP_SYS_ADMIN\",\"CAP_SYS_BOOT\",\"CAP_SYS_NICE\",\"CAP_SYS_RESOURCE\",\"CAP_SYS_TIME\","                   \
	"\"CAP_SYS_TTY_CONFIG\",\"CAP_MKNOD\",\"CAP_LEASE\",\"CAP_AUDIT_WRITE\",\"CAP_AUDIT_CONTROL\","                \
	"\"CAP_SETFCAP\",\"CAP_MAC_OVERRIDE\",\"CAP_MAC_ADMIN\",\"CAP_SYSLOG\",\"CAP_WAKE_ALARM\","                    \
	"\"CAP_BLOCK_SUSPEND\",\"CAP_AUDIT_READ\""
#define BITS_38 ((UINT64_C(1) << 38) - 1)

#define ALL_DEVICES                                                                                                    \
	"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"access\":\"rwm\"}]}"
#define SOME_DEVICES                                                                                                   \
	"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1," \
	"\"minor\":3,\"access\":\"rwm\"}]}"
#define CAPS(names) "\"process\":{\"capabilities\":{\"permitted\":[" names "]}}"

struct run_row {
	const char *what;
	const char *spec;
	bool known;
	uint32_t flags;
	uint64_t capabilities;
	const char *seccomp, *apparmor;
};

static const struct run_row run_rows[] = {
	{ "its own namespaces", "{" CAPS("\"CAP_CHOWN\",\"CAP_BPF\"") ",\"linux\":{" OWN ",\"seccomp\":{}}}", true, 0,
	  1 | UINT64_C(1) << 39, "filter", NULL },
	{ "the host's", "{" CAPS("") ",\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}", true, HOST_ALL, 0,
	  "unconfined", NULL },
	{ "no list", "{" CAPS("") ",\"linux\":{}}", true, HOST_ALL, 0, "unconfined", NULL },
	{ "a user namespace", "{" CAPS("") ",\"linux\":{\"namespaces\":[{\"type\":\"user\"},{\"type\":\"network\"}]}}",
	  true, RUN_USER_NAMESPACE | (HOST_ALL & ~RUN_HOST_NETWORK), 0, "unconfined", NULL },
	{ "read-only, no new privileges, AppArmor",
	  "{\"root\":{\"path\":\"r\",\"readonly\":true},\"process\":{\"noNewPrivileges\":true,"
	  "\"apparmorProfile\":\"docker-default\"},\"linux\":{" OWN "}}",
	  true, RUN_READ_ONLY_ROOT | RUN_NO_NEW_PRIVS, 0, "unconfined", "docker-default" },
	{ "bounding where nothing is permitted",
	  "{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_KILL\"]}},\"linux\":{" OWN "}}", true, 0, 1 << 5,
	  "unconfined", NULL },
	{ "permitted says none",
	  "{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"permitted\":[]}},\"linux\":{" OWN "}}", true,
	  0, 0, "unconfined", NULL },
	{ "privileged", "{" CAPS(ALL_CAPS) ",\"linux\":{" OWN "," ALL_DEVICES "}}", true, RUN_PRIVILEGED, BITS_38,
	  "unconfined", NULL },
	{ "all but the devices", "{" CAPS(ALL_CAPS) ",\"linux\":{" OWN "," SOME_DEVICES "}}", true, 0, BITS_38,
	  "unconfined", NULL },
	{ "all but seccomp", "{" CAPS(ALL_CAPS) ",\"linux\":{" OWN "," ALL_DEVICES ",\"seccomp\":{}}}", true, 0,
	  BITS_38, "filter", NULL },
	{ "all but masked paths",
	  "{" CAPS(ALL_CAPS) ",\"linux\":{" OWN "," ALL_DEVICES ",\"maskedPaths\":[\"/proc/kcore\"]}}", true, 0,
	  BITS_38, "unconfined", NULL },
	{ "all devices, few capabilities", "{" CAPS("\"CAP_CHOWN\"") ",\"linux\":{" OWN "," ALL_DEVICES "}}", true, 0,
	  1, "unconfined", NULL },
	{ "a capability of the future", "{" CAPS("\"CAP_TOMORROW\",\"CAP_KILL\",7,null") ",\"linux\":{" OWN "}}", true,
	  0, 1 << 5, "unconfined", NULL },
	{ "wrong types",
	  "{\"root\":[],\"process\":{\"capabilities\":7,\"noNewPrivileges\":\"yes\",\"apparmorProfile\":{}},"
	  "\"mounts\":{\"a\":1},\"linux\":{\"namespaces\":\"pid\",\"seccomp\":true,\"resources\":[]}}",
	  true, HOST_ALL, 0, "unconfined", NULL },
	{ "no process", "{\"linux\":{}}", false, 0, 0, NULL, NULL },
	{ "of another system", "{\"process\":{},\"windows\":{}}", false, 0, 0, NULL, NULL },
	{ "an array", "[1]", false, 0, 0, NULL, NULL },
	{ "nothing", "{}", false, 0, 0, NULL, NULL },
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int spec_fill(const char *text, struct container_facts *facts)
{
	json_auto_t *spec = json_loads(text, 0, NULL);

	assert_non_null(spec);
	return oci_spec_fill(spec, facts);
}

static void it_tells_how_it_was_started(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(run_rows); i++) {
		const struct run_row *row = &run_rows[i];
		struct container_facts facts = { 0 };

		assert_int_equal(spec_fill(row->spec, &facts), 0);
		if (facts.run.known != row->known || facts.run.flags != row->flags ||
		    facts.run.capabilities != row->capabilities || !same(facts.run.seccomp, row->seccomp) ||
		    !same(facts.run.apparmor, row->apparmor))
			fail_msg("%s: flags %x, capabilities %lx, seccomp %s, AppArmor %s", row->what, facts.run.flags,
				 (unsigned long)facts.run.capabilities, facts.run.seccomp, facts.run.apparmor);
		container_facts_clear(&facts);
	}
}

struct capability_row {
	const char *name;
	uint64_t bit;
};

static const struct capability_row capability_rows[] = {
	{ "CAP_CHOWN", 1 },
	{ "CAP_CHECKPOINT_RESTORE", UINT64_C(1) << 40 },
	{ "NET_ADMIN", 1 << 12 },
	{ "cap_sys_admin", 1 << 21 },
	{ "CAP_", 0 },
	{ "CAP_CHOWN2", 0 },
	{ "ALL", 0 },
	{ "", 0 },
	{ NULL, 0 },
};

static void capabilities_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(capability_rows); i++)
		if (capability_bit(capability_rows[i].name) != capability_rows[i].bit)
			fail_msg("%s", capability_rows[i].name);
}

static void bind_mounts_are_told(void **state)
{
	static const char spec[] =
		"{\"process\":{},\"linux\":{},\"mounts\":["
		"{\"type\":\"proc\",\"source\":\"proc\",\"destination\":\"/proc\"},"
		"{\"type\":\"bind\",\"source\":\"/srv\",\"destination\":\"/data\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"type\":\"none\",\"source\":\"/var/log\",\"destination\":\"/log\",\"options\":[\"bind\"]},"
		"{\"type\":\"tmpfs\",\"source\":\"/x\",\"destination\":\"/tmp\",\"options\":[7]},"
		"{\"type\":\"bind\",\"source\":\"relative\",\"destination\":\"/y\"},"
		"{\"type\":\"bind\",\"destination\":\"/z\"},{\"type\":\"bind\",\"source\":7,\"destination\":\"/"
		"z\"},7]}";
	struct container_facts facts = { 0 };

	(void)state;
	assert_int_equal(spec_fill(spec, &facts), 0);
	assert_int_equal(facts.run.mounts.count, 2);
	assert_string_equal(facts.run.mounts.items[0], "/srv:/data:ro");
	assert_string_equal(facts.run.mounts.items[1], "/var/log:/log:rw");
	container_facts_clear(&facts);
}

struct name_row {
	const char *what;
	const char *annotations;
	const char *name, *pod, *namespace, *uid;
	const char *image, *digest;
	enum container_role role;
	const char *engine;
};

static const struct name_row name_rows[] = {
	{ "containerd's CRI",
	  "\"io.kubernetes.cri.container-name\":\"web\",\"io.kubernetes.cri.container-type\":\"container\","
	  "\"io.kubernetes.cri.sandbox-id\":\"s\",\"io.kubernetes.cri.sandbox-name\":\"shop-1\","
	  "\"io.kubernetes.cri.sandbox-namespace\":\"prod\",\"io.kubernetes.cri.sandbox-uid\":\"u-1\","
	  "\"io.kubernetes.cri.image-name\":\"docker.io/library/nginx:1\"",
	  "web", "shop-1", "prod", "u-1", "docker.io/library/nginx", NULL, ROLE_ORDINARY, NULL },
	{ "containerd's sandbox",
	  "\"io.kubernetes.cri.container-type\":\"sandbox\",\"io.kubernetes.cri.sandbox-name\":\"shop-1\"", NULL,
	  "shop-1", NULL, NULL, NULL, NULL, ROLE_SANDBOX, NULL },
	{ "CRI-O's",
	  "\"io.container.manager\":\"cri-o\",\"io.kubernetes.cri-o.ContainerType\":\"container\","
	  "\"io.kubernetes.cri-o.KubeName\":\"shop-1\",\"io.kubernetes.cri-o.Namespace\":\"prod\","
	  "\"io.kubernetes.pod.uid\":\"u-1\",\"io.kubernetes.container.name\":\"web\","
	  "\"io.kubernetes.cri-o.ImageName\":\"quay.io/shop/web:2\",\"io.kubernetes.cri-o.Labels\":\"{}\"",
	  "web", "shop-1", "prod", "u-1", "quay.io/shop/web", NULL, ROLE_ORDINARY, "cri-o" },
	{ "CRI-O's, of a version that does not say who it is", "\"io.kubernetes.cri-o.ContainerType\":\"sandbox\"",
	  NULL, NULL, NULL, NULL, NULL, NULL, ROLE_SANDBOX, "cri-o" },
	{ "Podman's", "\"io.container.manager\":\"libpod\",\"io.podman.annotations.privileged\":\"FALSE\"", NULL, NULL,
	  NULL, NULL, NULL, NULL, ROLE_UNKNOWN, "podman" },
	{ "nerdctl's", "\"nerdctl/name\":\"web\"", "web", NULL, NULL, NULL, NULL, NULL, ROLE_UNKNOWN, NULL },
	{ "an image by its id", "\"io.kubernetes.cri.image-name\":\"sha256:0123\"", NULL, NULL, NULL, NULL, NULL,
	  "sha256:0123", ROLE_UNKNOWN, NULL },
	{ "another role", "\"io.kubernetes.cri.container-type\":\"podsandbox\"", NULL, NULL, NULL, NULL, NULL, NULL,
	  ROLE_UNKNOWN, NULL },
	{ "another manager", "\"io.container.manager\":\"mine\"", NULL, NULL, NULL, NULL, NULL, NULL, ROLE_UNKNOWN,
	  NULL },
	{ "control characters stay in a name", "\"nerdctl/name\":\"a\\u001b[31m\\n\"", "a\033[31m\n", NULL, NULL, NULL,
	  NULL, NULL, ROLE_UNKNOWN, NULL },
	{ "wrong types",
	  "\"nerdctl/name\":7,\"io.kubernetes.cri-o.Labels\":\"{\",\"io.kubernetes.cri.container-type\":null,"
	  "\"io.container.manager\":[]",
	  NULL, NULL, NULL, NULL, NULL, NULL, ROLE_UNKNOWN, NULL },
	{ "nothing in them", "\"nerdctl/name\":\"\",\"io.kubernetes.cri.image-name\":\"\"", NULL, NULL, NULL, NULL,
	  NULL, NULL, ROLE_UNKNOWN, NULL },
};

static void annotations_name_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(name_rows); i++) {
		const struct name_row *row = &name_rows[i];
		struct container_facts facts = { 0 };
		json_auto_t *spec = NULL;
		char text[1024];

		(void)snprintf(text, sizeof(text), "{\"annotations\":{%s}}", row->annotations);
		spec = json_loads(text, 0, NULL);
		assert_non_null(spec);
		assert_int_equal(oci_spec_fill(spec, &facts), 0);
		if (!same(facts.name, row->name) || !same(facts.pod_name, row->pod) ||
		    !same(facts.pod_namespace, row->namespace) || !same(facts.pod_uid, row->uid) ||
		    !same(facts.image_name, row->image) || !same(facts.image_digest, row->digest) ||
		    facts.role != row->role || !same(oci_spec_engine(spec), row->engine))
			fail_msg("%s: name %s, pod %s, image %s, role %d", row->what, facts.name, facts.pod_name,
				 facts.image_name, facts.role);
		assert_false(facts.run.known);
		container_facts_clear(&facts);
	}
}

/* What is known already stays where annotations say less. */
static void an_id_replaces_no_digest(void **state)
{
	struct container_facts facts = { 0 };

	(void)state;
	assert_int_equal(facts_set_image(&facts, "web:1@sha256:beef"), 0);
	assert_int_equal(spec_fill("{\"annotations\":{\"io.kubernetes.cri.image-name\":\"sha256:0123\"}}", &facts), 0);
	assert_string_equal(facts.image_digest, "sha256:beef");
	container_facts_clear(&facts);
}

static void labels_of_crio_are_json_again(void **state)
{
	struct container_facts facts = { 0 };

	(void)state;
	assert_int_equal(spec_fill("{\"annotations\":{\"io.kubernetes.cri-o.Labels\":"
				   "\"{\\\"app\\\":\\\"shop\\\",\\\"n\\\":7,\\\"pod-template-hash\\\":\\\"5d\\\"}\"}}",
				   &facts),
			 0);
	assert_int_equal(facts.labels.count, 2);
	assert_string_equal(labels_get(&facts.labels, "app"), "shop");
	assert_string_equal(labels_get(&facts.labels, "pod-template-hash"), "5d");
	container_facts_clear(&facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_tells_how_it_was_started), cmocka_unit_test(capabilities_have_names),
		cmocka_unit_test(bind_mounts_are_told),        cmocka_unit_test(annotations_name_it),
		cmocka_unit_test(an_id_replaces_no_digest),    cmocka_unit_test(labels_of_crio_are_json_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
