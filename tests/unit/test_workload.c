// SPDX-License-Identifier: Apache-2.0
/* What a container is one of: a row for each controller, runtime and hand that names things. */
#include "container/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "container/facts.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LABELS 4

/* ---- Kubernetes ---- */

#define NAME_57 "a-deployment-whose-name-takes-up-fifty-seven-bytes-in-all"
#define NAME_60 "a-statefulset-like-name-that-is-longer-than-the-cut-at-58-ok"

struct pod_row {
	const char *pod, *labels[LABELS], *expected; /* in namespace prod, container app, on node worker-1 */
};

static const struct pod_row pods[] = {
	/* Deployment: hashes of 8, 9 and 10 characters; names that look as if they had a hash of their own */
	{ "web-7d4b9c6f5d-x2k4z", { "pod-template-hash=7d4b9c6f5d" }, "web" },
	{ "web-7d4b9c6f5-x2k4z", { "pod-template-hash=7d4b9c6f5" }, "web" },
	{ "web-7d4b9c6f-x2k4z", { "pod-template-hash=7d4b9c6f" }, "web" },
	{ "my-web-2-7d4b9c6f5d-bbbbb", { "app=web", "pod-template-hash=7d4b9c6f5d" }, "my-web-2" },
	{ "web-54d9f6b8c7-7d4b9c6f5d-x2k4z", { "pod-template-hash=7d4b9c6f5d" }, "web-54d9f6b8c7" },
	{ "web.example-7d4b9c6f5d-x2k4z", { "pod-template-hash=7d4b9c6f5d" }, "web.example" },
	/* cut at 58: within the hash, before it, at the dash, and in the name itself */
	{ "a-deployment-whose-name-takes-up-fifty-bytes-exact-7d4b9c6x2k4z",
	  { "pod-template-hash=7d4b9c6f5d" },
	  "a-deployment-whose-name-takes-up-fifty-bytes-exact" },
	{ NAME_57 "-x2k4z", { "pod-template-hash=7d4b9c6f5d" }, NAME_57 },
	{ "a-deployment-whose-name-takes-up-more-than-fifty-eight-bytx2k4z",
	  { "pod-template-hash=7d4b9c6f5d" },
	  "a-deployment-whose-name-takes-up-more-than-fifty-eight-byt" },
	/* Argo Rollouts */
	{ "web-7d4b9c6f5d-x2k4z", { "rollouts-pod-template-hash=7d4b9c6f5d" }, "web" },
	/* a label that is not this pod's, or no hash: as if it were not there */
	{ "web-7d4b9c6f5d-x2k4z", { "pod-template-hash=5d59d67564" }, "web" },
	{ "web-main", { "pod-template-hash=7d4b9c6f5d" }, "web-main" },
	{ "web-abc-x2k4z", { "pod-template-hash=" }, "web-abc" },
	{ "-7d4b9c6f5d-x2k4z", { "pod-template-hash=7d4b9c6f5d" }, "-7d4b9c6f5d" },
	{ "web-a/b-x2k4z", { "pod-template-hash=a/b" }, NULL },
	/* no label tells: a ReplicaSet alone, a Deployment of which no label is known */
	{ "web-x2k4z", { NULL }, "web" },
	{ "web-7d4b9c6f5d-x2k4z", { NULL }, "web" },
	{ "web-v2-x2k4z", { "app=web" }, "web-v2" },
	{ "web-aaaaaaaa-x2k4z", { NULL }, "web-aaaaaaaa" },
	/* StatefulSet, before and since the index label */
	{ "db-0", { "statefulset.kubernetes.io/pod-name=db-0", "controller-revision-hash=db-54d9f6b8c7" }, "db" },
	{ "db-12", { "statefulset.kubernetes.io/pod-name=db-12", "apps.kubernetes.io/pod-index=12" }, "db" },
	{ "db-2-0", { "apps.kubernetes.io/pod-index=0" }, "db-2" },
	{ NAME_60 "-0", { "statefulset.kubernetes.io/pod-name=" NAME_60 "-0" }, NAME_60 },
	{ "db-12", { "apps.kubernetes.io/pod-index=2" }, "db-12" },
	{ "db", { "statefulset.kubernetes.io/pod-name=db" }, "db" },
	{ "-0", { "statefulset.kubernetes.io/pod-name=-0" }, "-0" },
	/* DaemonSet */
	{ "agent-x2k4z", { "controller-revision-hash=54d9f6b8c7", "pod-template-generation=1" }, "agent" },
	{ "web-httpd", { "controller-revision-hash=54d9f6b8c7" }, "web" },
	{ "a-daemonset-whose-name-takes-up-more-than-fifty-eight-bytex2k4z",
	  { "controller-revision-hash=54d9f6b8c7" },
	  "a-daemonset-whose-name-takes-up-more-than-fifty-eight-byte" },
	/* Job, indexed, of a CronJob, one with a long name, and before the labels had a prefix */
	{ "load-x2k4z",
	  { "batch.kubernetes.io/job-name=load", "job-name=load", "batch.kubernetes.io/controller-uid=u" },
	  "load" },
	{ "load-7-x2k4z",
	  { "batch.kubernetes.io/job-name=load", "batch.kubernetes.io/job-completion-index=7" },
	  "load" },
	{ "backup-29400540-x2k4z", { "batch.kubernetes.io/job-name=backup-29400540" }, "backup" },
	{ "backup-1700000000-x2k4z", { "job-name=backup-1700000000", "controller-uid=u" }, "backup" },
	{ "backup-2024-x2k4z", { "job-name=backup-2024" }, "backup-2024" },
	{ "29400540-x2k4z", { "job-name=29400540" }, "29400540" },
	{ NAME_57 "-x2k4z", { "job-name=" NAME_60 }, NAME_60 },
	{ "load-x2k4z", { "job-name=../x" }, "load" },
	/* static pods; the node's name goes */
	{ "kube-apiserver-worker-1", { "tier=control-plane" }, "kube-apiserver" },
	{ "kube-apiserver-worker-1.example.org", { NULL }, "kube-apiserver" },
	{ "kube-apiserver-worker-2", { NULL }, "kube-apiserver-worker-2" },
	{ "kube-apiserver-worker-10", { NULL }, "kube-apiserver-worker-10" },
	{ "worker-1", { NULL }, "worker-1" },
	/* a pod of its own; words that people end a name with, and what is no suffix */
	{ "shell", { "run=shell" }, "shell" },
	{ "x2k4z", { NULL }, "x2k4z" },
	{ "-x2k4z", { NULL }, "-x2k4z" },
	{ "web-httpd", { NULL }, "web-httpd" },
	{ "web-pgsql", { NULL }, "web-pgsql" },
	{ "web-nginx", { NULL }, "web-nginx" },
	{ "web-x2k4", { NULL }, "web-x2k4" },
	{ "web-x2k4zz", { NULL }, "web-x2k4zz" },
};

static void labels_fill(struct label_list *labels, const char *const *items)
{
	for (size_t i = 0; i < LABELS && items[i]; i++)
		assert_int_equal(labels_append(labels, items[i]), 0);
}

static void pods_have_owners(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		struct container_facts facts = { .pod_name = (char *)pods[i].pod,
						 .pod_namespace = (char *)"prod",
						 .name = (char *)"app",
						 .id = (char *)HEX };
		char expected[WORKLOAD_MAX], workload[WORKLOAD_MAX];

		labels_fill(&facts.labels, pods[i].labels);
		workload_name(&facts, NULL, "worker-1", workload);
		(void)snprintf(expected, sizeof(expected), "%s%s%s", pods[i].expected ? "prod/" : "",
			       pods[i].expected ?: "", "/app");
		if (strcmp(workload, pods[i].expected ? expected : "app") != 0)
			fail_msg("%s: %s", pods[i].pod, workload);
		labels_clear(&facts.labels);
	}
}

static void nodes_have_two_names(void **state)
{
	static const struct {
		const char *node, *expected;
	} rows[] = {
		{ "n1.example.org", "prod/etcd/app" },
		{ "N1", "prod/etcd/app" },
		{ "n1.example.com", "prod/etcd-n1.example.org/app" },
		{ "1.example.org", "prod/etcd-n1.example.org/app" },
		{ "", "prod/etcd-n1.example.org/app" },
		{ NULL, "prod/etcd-n1.example.org/app" },
	};
	struct container_facts facts = { .pod_name = (char *)"etcd-n1.example.org",
					 .pod_namespace = (char *)"prod",
					 .name = (char *)"app" };
	char workload[WORKLOAD_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		workload_name(&facts, NULL, rows[i].node, workload);
		assert_string_equal(workload, rows[i].expected);
	}
	facts.pod_name = (char *)"etcd-n1";
	workload_name(&facts, NULL, "n1.example.org", workload);
	assert_string_equal(workload, "prod/etcd/app");
}

static void containers_of_a_pod(void **state)
{
	static const struct {
		enum container_role role;
		const char *name, *label, *expected;
	} rows[] = {
		{ ROLE_ORDINARY, "app", NULL, "prod/web/app" },
		{ ROLE_INIT, "migrate", NULL, "prod/web/migrate" },
		{ ROLE_UNKNOWN, "k8s_app_web_prod_uid_0", "io.kubernetes.container.name=app", "prod/web/app" },
		{ ROLE_SANDBOX, NULL, NULL, "prod/web/POD" },
		{ ROLE_SANDBOX, "web", "io.kubernetes.container.name=app", "prod/web/POD" },
		{ ROLE_EPHEMERAL, "debugger-x2k4z", NULL, "prod/web/debugger" },
		{ ROLE_EPHEMERAL, "debugger", NULL, "prod/web/debugger" },
		{ ROLE_EPHEMERAL, "mine-x2k4z", NULL, "prod/web/mine-x2k4z" },
		{ ROLE_ORDINARY, "debugger-x2k4z", NULL, "prod/web/debugger-x2k4z" },
		{ ROLE_ORDINARY, NULL, NULL, "prod/web" },
		{ ROLE_ORDINARY, "a/b", NULL, "prod/web" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *const labels[LABELS] = { "pod-template-hash=7d4b9c6f5d", rows[i].label };
		struct container_facts facts = { .pod_name = (char *)"web-7d4b9c6f5d-x2k4z",
						 .pod_namespace = (char *)"prod",
						 .name = (char *)rows[i].name,
						 .role = rows[i].role };
		char workload[WORKLOAD_MAX];

		labels_fill(&facts.labels, labels);
		workload_name(&facts, NULL, NULL, workload);
		assert_string_equal(workload, rows[i].expected);
		labels_clear(&facts.labels);
	}
}

/* ---- without Kubernetes ---- */

#define COMPOSE "com.docker.compose."

static const struct {
	const char *name, *id, *image, *digest, *labels[LABELS], *expected;
} alone[] = {
	/* Compose, of either version, and podman-compose; `run` makes names up */
	{ "shop_web_1", HEX, "web", NULL, { COMPOSE "project=shop", COMPOSE "service=web" }, "shop/web" },
	{ "shop-web-run-0123456789ab",
	  HEX,
	  "web",
	  NULL,
	  { COMPOSE "service=web", COMPOSE "project=shop" },
	  "shop/web" },
	{ "shop_web_1", HEX, "web", NULL, { "io.podman.compose.project=shop", COMPOSE "service=web" }, "shop/web" },
	{ "mine", HEX, "web", NULL, { COMPOSE "project=shop" }, "mine" },
	{ "mine", HEX, "web", NULL, { COMPOSE "project=shop", COMPOSE "service=" }, "mine" },
	{ "mine", HEX, "web", NULL, { COMPOSE "project=a/b", COMPOSE "service=web" }, "mine" },
	/* Swarm */
	{ "shop_web.1.x1y2z3", HEX, "web", NULL, { "com.docker.swarm.service.name=shop_web" }, "shop_web" },
	/* a name that a person gave, also where it resembles one that was made up */
	{ "web", HEX, "debian", NULL, { NULL }, "web" },
	{ "my_app", HEX, "debian", NULL, { NULL }, "my_app" },
	{ "web", NULL, "debian", NULL, { NULL }, "web" },
	/* plain runc, ctr: the id is the name that a person gave */
	{ "shop", "shop", "debian", NULL, { NULL }, "shop" },
	{ NULL, "shop", "debian", NULL, { NULL }, "shop" },
	{ "beef", "beef", "debian", NULL, { NULL }, "beef" },
	/* made up: the image's repository */
	{ "boring_kare", HEX, "debian", NULL, { NULL }, "debian" },
	{ "boring_kare", HEX, "docker.io/library/debian", NULL, { NULL }, "debian" },
	{ "boring_kare", HEX, "docker.io/acme/web", NULL, { NULL }, "acme/web" },
	{ "boring_kare", HEX, "registry:5000/acme/web", NULL, { NULL }, "registry:5000/acme/web" },
	{ "boring_kare", HEX, "localhost/web", NULL, { NULL }, "localhost/web" },
	{ NULL, HEX, "debian", NULL, { NULL }, "debian" },
	{ HEX, HEX, "debian", NULL, { NULL }, "debian" },
	{ "0123456789ab", HEX, "debian", NULL, { NULL }, "debian" },
	{ "debian-01234", HEX, "debian", NULL, { NULL }, "debian" },
	/* an image without a name */
	{ "boring_kare", HEX, NULL, "sha256:ab", { NULL }, "sha256:ab" },
	{ "boring_kare", HEX, "0123456789ab", "sha256:ab", { NULL }, "sha256:ab" },
	{ "boring_kare", HEX, "a//b", "sha256:ab", { NULL }, "sha256:ab" },
	{ "boring_kare", HEX, "docker.io/library/", "sha256:ab", { NULL }, "sha256:ab" },
	{ "boring_kare", HEX, NULL, NULL, { NULL }, HEX },
	{ NULL, NULL, NULL, NULL, { NULL }, "" },
	/* what cannot be one component */
	{ "a/b", HEX, "debian", NULL, { NULL }, "debian" },
	{ "a\nb", HEX, "debian", NULL, { NULL }, "debian" },
	{ "a\033[2J", HEX, "debian", NULL, { NULL }, "debian" },
	{ "a\177", HEX, "debian", NULL, { NULL }, "debian" },
	{ "..", HEX, "debian", NULL, { NULL }, "debian" },
	{ "", HEX, "a\nb", "sha256:\n", { NULL }, HEX },
	{ NULL, "a\nb", "a\nb", NULL, { NULL }, "" },
};

static void without_kubernetes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		struct container_facts facts = { .name = (char *)alone[i].name,
						 .id = (char *)alone[i].id,
						 .image_name = (char *)alone[i].image,
						 .image_digest = (char *)alone[i].digest };
		char workload[WORKLOAD_MAX];

		labels_fill(&facts.labels, alone[i].labels);
		workload_name(&facts, NULL, NULL, workload);
		if (strcmp(workload, alone[i].expected) != 0)
			fail_msg("%s of %s: %s, not %s", alone[i].name ?: "-", alone[i].image ?: "-", workload,
				 alone[i].expected);
		labels_clear(&facts.labels);
	}
}

/* A Podman pod has a name and no namespace: it is no Kubernetes pod. */
static void pods_without_namespace(void **state)
{
	struct container_facts facts = { .pod_name = (char *)"web-x2k4z", .name = (char *)"mine" };
	char workload[WORKLOAD_MAX];

	(void)state;
	workload_name(&facts, NULL, NULL, workload);
	assert_string_equal(workload, "mine");
	facts.pod_namespace = (char *)"a/b";
	workload_name(&facts, NULL, NULL, workload);
	assert_string_equal(workload, "mine");
}

static void the_policy_names_it(void **state)
{
	static const struct {
		const char *label, *expected;
	} rows[] = {
		{ "team=db", "db" },           { "team=d b", "d b" },          { "team=\303\274", "\303\274" },
		{ "team=", "prod/web/app" },   { "team=a/b", "prod/web/app" }, { "team=a\nb", "prod/web/app" },
		{ "team=\t", "prod/web/app" }, { "team=.", "prod/web/app" },   { "other=db", "prod/web/app" },
		{ "team", "prod/web/app" },
	};
	char workload[WORKLOAD_MAX], longer[10240] = "team=";

	(void)state;
	for (size_t i = 0; i <= ARRAY_SIZE(rows); i++) {
		bool last = i == ARRAY_SIZE(rows);
		char *label = last ? longer : (char *)rows[i].label;
		struct container_facts facts = { .pod_name = (char *)"web-x2k4z",
						 .pod_namespace = (char *)"prod",
						 .name = (char *)"app",
						 .labels = { &label, 1 } };

		if (last)
			memset(longer + strlen(longer), 'a', sizeof(longer) - 1 - strlen(longer));
		workload_name(&facts, "team", NULL, workload);
		assert_string_equal(workload, last ? "prod/web/app" : rows[i].expected);
	}
}

/* An image that calls itself another's workload is not believed; what started the container is. */
static void images_cannot_choose(void **state)
{
	static const struct {
		const char *labels[LABELS], *image[LABELS], *expected;
	} rows[] = {
		{ { COMPOSE "project=prod", COMPOSE "service=db" },
		  { COMPOSE "project=prod", COMPOSE "service=db" },
		  "mine" },
		{ { COMPOSE "project=prod", COMPOSE "service=db", COMPOSE "container-number=1" },
		  { COMPOSE "project=prod", COMPOSE "service=db" },
		  "prod/db" },
		{ { COMPOSE "project=prod", COMPOSE "service=db" },
		  { COMPOSE "project=a", COMPOSE "service=b" },
		  "prod/db" },
		{ { "com.docker.swarm.service.name=db" }, { "com.docker.swarm.service.name=db" }, "mine" },
		{ { "com.docker.swarm.service.name=db" }, { "com.docker.swarm.service.name=web" }, "db" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_facts image = { .refs = 1 };
		struct container_facts facts = { .name = (char *)"mine", .image = &image };
		char workload[WORKLOAD_MAX];

		labels_fill(&facts.labels, rows[i].labels);
		labels_fill(&image.labels, rows[i].image);
		workload_name(&facts, NULL, NULL, workload);
		assert_string_equal(workload, rows[i].expected);
		labels_clear(&facts.labels);
		labels_clear(&image.labels);
	}
}

/* Too long: cut, and still two names. */
static void long_names_stay_apart(void **state)
{
	char first[1000], second[1000], workloads[2][WORKLOAD_MAX];
	struct container_facts facts = { .image_name = first };

	(void)state;
	memset(first, 'a', sizeof(first));
	for (size_t i = 99; i < sizeof(first); i += 100)
		first[i] = '/';
	first[sizeof(first) - 1] = '\0';
	memcpy(second, first, sizeof(first));
	second[sizeof(second) - 2] = 'b';
	workload_name(&facts, NULL, NULL, workloads[0]);
	facts.image_name = second;
	workload_name(&facts, NULL, NULL, workloads[1]);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(strlen(workloads[i]), WORKLOAD_MAX - 1);
		assert_int_equal(workloads[i][WORKLOAD_MAX - 18], '~');
	}
	assert_memory_equal(workloads[0], workloads[1], WORKLOAD_MAX - 17);
	assert_string_not_equal(workloads[0], workloads[1]);
	first[WORKLOAD_MAX - 1] = '\0';
	facts.image_name = first;
	workload_name(&facts, NULL, NULL, workloads[0]);
	assert_string_equal(workloads[0], first);
}

static void made_up_names(void **state)
{
	static const struct {
		const char *name, *id;
		bool made_up;
	} rows[] = {
		{ "boring_kare", HEX, true },
		{ "admiring_albattani", HEX, true },
		{ "zen_wu", NULL, true },
		{ "xenodochial_chandrasekhar9", HEX, true },
		{ "my_app", HEX, false },
		{ "boring", HEX, false },
		{ "boring_", HEX, false },
		{ "_kare", HEX, false },
		{ "boring_kare_db", HEX, false },
		{ "boring_kare12", HEX, false },
		{ "boring_Kare", HEX, false },
		{ "boring-kare", HEX, false },
		{ "bor_kare", HEX, false },
		{ "boringly_kare", HEX, false },
		{ HEX, HEX, true },
		{ "0123456789ab", HEX, true },
		{ "0123456789a", HEX, false },
		{ "fedcba987654", HEX, false },
		{ "shop", "shop", false },
		{ "deadbeef", "deadbeef", false },
		{ "1b4e28ba-2fa1-11d2-883f-0016d3cca427", "1b4e28ba-2fa1-11d2-883f-0016d3cca427", true },
		{ "1b4e28ba-2fa1-11d2-883f-0016d3cca42z", "1b4e28ba-2fa1-11d2-883f-0016d3cca42z", false },
		{ "nginx-01234", HEX, true },
		{ "-01234", HEX, false },
		{ "nginx-01235", HEX, false },
		{ "nginx-01234", NULL, false },
		{ "debian-working-container", HEX, true },
		{ "debian-working-container-12", HEX, true },
		{ "debian-working-container-x", HEX, false },
		{ "-working-container", HEX, false },
		{ "fedcba987654-infra", HEX, true },
		{ "fedcba98765-infra", HEX, false },
		{ "web-infra", HEX, false },
		{ "", HEX, false },
		{ "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (name_is_made_up(rows[i].name, rows[i].id) != rows[i].made_up)
			fail_msg("%s: not %d", rows[i].name, rows[i].made_up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pods_have_owners),       cmocka_unit_test(nodes_have_two_names),
		cmocka_unit_test(containers_of_a_pod),    cmocka_unit_test(without_kubernetes),
		cmocka_unit_test(pods_without_namespace), cmocka_unit_test(the_policy_names_it),
		cmocka_unit_test(images_cannot_choose),   cmocka_unit_test(long_names_stay_apart),
		cmocka_unit_test(made_up_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
