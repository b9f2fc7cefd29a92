/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CRI-O source against a server that gives one answer a connection, in the order of a row. CRI-O itself is in no
 * Debian: what it says is made up here as its interface and its sources have it.
 */
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fake_server.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD_ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab0000"
#define IMAGE  "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeee0000"
#define DIGEST "sha256:1111111111112222222222223333333333334444444444445555555555550000"

/* ---- what a server can say ---- */

static struct wire status_with(const char *info)
{
	struct wire status = { .size = 0 }, metadata = { .size = 0 }, image = { .size = 0 }, answer;

	wire_text(&metadata, 1, "web");
	wire_text(&image, 1, "quay.io/bb:1.0");
	wire_text(&status, 1, HEX);
	wire_message(&status, 2, &metadata);
	wire_number(&status, 5, 1767323045678901234);
	wire_message(&status, 8, &image);
	wire_text(&status, 9, "quay.io/bb@" DIGEST);
	wire_label(&status, 12, "io.kubernetes.container.name", "web");
	wire_label(&status, 12, "k", "its");
	wire_label(&status, 13, "note", "its");
	wire_text(&status, 17, IMAGE);
	answer = wire_in(1, &status);
	if (info)
		wire_label(&answer, 2, "info", info);
	return answer;
}

#define SPEC                                                                                                           \
	"\"runtimeSpec\":{\"process\":{\"apparmorProfile\":\"crio-default\",\"capabilities\":{\"permitted\":["         \
	"\"CAP_CHOWN\"]}},\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"network\"},"    \
	"{\"type\":\"cgroup\"}]},\"mounts\":[{\"type\":\"bind\",\"source\":\"/etc\",\"destination\":\"/mnt\","         \
	"\"options\":[\"ro\"]}]}"

static struct wire say_status(void)
{
	return status_with("{\"sandboxID\":\"" POD_ID "\",\"pid\":4194305," SPEC ",\"privileged\":false}");
}

static struct wire say_plain_status(void)
{
	return status_with(NULL);
}

static struct wire say_cut_status(void)
{
	return status_with("{\"sandboxID\":\"" POD_ID "\",\"pid\":41943");
}

static struct wire say_mistyped_status(void)
{
	return status_with("{\"sandboxID\":7,\"pid\":-4,\"runtimeSpec\":[1],\"image\":{}}");
}

static struct wire say_list(void)
{
	struct wire container = { .size = 0 };

	wire_text(&container, 1, HEX);
	wire_text(&container, 2, POD_ID);
	return wire_in(1, &container);
}

static struct wire say_other_list(void)
{
	struct wire container = { .size = 0 };

	wire_text(&container, 1, POD_ID);
	wire_text(&container, 2, POD_ID);
	return wire_in(1, &container);
}

static struct wire sandbox_with(const char *id, const char *info)
{
	struct wire status = { .size = 0 }, metadata = { .size = 0 }, options = { .size = 0 }, node, answer;

	wire_text(&metadata, 1, "web-1");
	wire_text(&metadata, 2, "uid");
	wire_text(&metadata, 3, "prod");
	wire_text(&status, 1, id);
	wire_message(&status, 2, &metadata);
	wire_number(&options, 1, 2); /* the node's network, the container's pid namespace */
	wire_number(&options, 2, 1);
	node = wire_in(2, &options);
	node = wire_in(1, &node);
	wire_message(&status, 6, &node);
	wire_label(&status, 7, "app", "\x1b[31m");
	wire_label(&status, 7, "k", "pod's");
	wire_label(&status, 8, "note", "pod's");
	wire_text(&status, 9, "kata");
	answer = wire_in(1, &status);
	if (info)
		wire_label(&answer, 2, "info", info);
	return answer;
}

static struct wire say_pod(void)
{
	return sandbox_with(POD_ID, NULL);
}

static struct wire say_sandbox(void)
{
	return sandbox_with(HEX, "{\"image\":\"registry.k8s.io/pause:3.9\",\"pid\":4194306}");
}

static struct wire image_with(const char *info)
{
	struct wire image = { .size = 0 }, answer;

	wire_text(&image, 1, IMAGE);
	wire_text(&image, 2, "quay.io/bb:1.0");
	wire_text(&image, 3, "quay.io/bb@" DIGEST);
	answer = wire_in(1, &image);
	wire_label(&answer, 2, "info", info);
	return answer;
}

static struct wire say_image(void)
{
	return image_with("{\"imageSpec\":{\"created\":\"2026-01-02T03:04:06Z\",\"config\":{\"Entrypoint\":[\"/e\"],"
			  "\"ExposedPorts\":{\"80/tcp\":{}}},\"history\":[{\"created_by\":\"ADD\"}]}}");
}

static struct wire say_image_rubbish(void)
{
	return image_with("imageSpec");
}

static struct wire say_version(void)
{
	struct wire version = { .size = 0 };

	wire_text(&version, 1, "0.1.0");
	wire_text(&version, 2, "cri-o");
	wire_text(&version, 3, "1.30.1");
	wire_text(&version, 4, "v1");
	return version;
}

/* ---- rows ---- */

struct row {
	const char *what;
	struct grpc_answer answers[6]; /* all must be asked for */
	int status;
	struct container_facts facts;
};

#define FACTS(...)                                                                                                     \
	{                                                                                                              \
		.id = HEX, .name = "web", .runtime = "cri-o", .image_name = "quay.io/bb", .image_tag = "1.0",          \
		.image_digest = DIGEST, .role = ROLE_ORDINARY, .started = 1767323045, __VA_ARGS__                      \
	}
#define POD                                                                                                            \
	.pod_name = "web-1", .pod_namespace = "prod", .pod_uid = "uid", .handler = "kata",                             \
	.labels = LIST("io.kubernetes.container.name=web", "k=its", "app=\x1b[31m", "note=its")
#define PODLESS .labels = LIST("io.kubernetes.container.name=web", "k=its", "note=its")
#define IN_FULL                                                                                                        \
	.image = &(struct image_facts)                                                                                 \
	{                                                                                                              \
		.id = "sha256:" IMAGE, .entry_point = "/e", .exposed = "80/tcp", .history = LIST("ADD"),               \
		.created = 1767323046                                                                                  \
	}
#define RUN_BY(flags_)                                                                                                 \
	.init_pid = 4194305, .run = { .known = true,                                                                   \
				      .flags = flags_,                                                                 \
				      .capabilities = 1,                                                               \
				      .seccomp = "unconfined",                                                         \
				      .apparmor = "crio-default",                                                      \
				      .mounts = LIST("/etc:/mnt:ro") }
#define RUN         RUN_BY(RUN_HOST_IPC | RUN_HOST_NETWORK)
#define RUN_PODLESS RUN_BY(RUN_HOST_IPC)

static const struct row rows[] = {
	{ "a container in full", { SAYS(status), SAYS(pod), SAYS(image) }, 0, FACTS(POD, RUN, IN_FULL) },
	{ "nothing beyond the interface",
	  { SAYS(plain_status), SAYS(list), SAYS(pod), SAYS(image) },
	  0,
	  FACTS(POD, IN_FULL) },
	{ "what is beyond is cut", { SAYS(cut_status), SAYS(list), SAYS(pod), SAYS(image) }, 0, FACTS(POD, IN_FULL) },
	{ "what is beyond has wrong types",
	  { SAYS(mistyped_status), SAYS(list), SAYS(pod), SAYS(image) },
	  0,
	  FACTS(POD, IN_FULL) },
	{ "its pod is gone", { SAYS(status), NOT_FOUND, SAYS(image) }, 0, FACTS(PODLESS, RUN_PODLESS, IN_FULL) },
	{ "another's pod", { SAYS(status), SAYS(sandbox), SAYS(image) }, 0, FACTS(PODLESS, RUN_PODLESS, IN_FULL) },
	{ "a list of others", { SAYS(plain_status), SAYS(other_list), SAYS(image) }, 0, FACTS(PODLESS, IN_FULL) },
	{ "its image is gone", { SAYS(status), SAYS(pod), NOT_FOUND }, 0, FACTS(POD, RUN) },
	{ "its image is nothing", { SAYS(status), SAYS(pod), SAYS(nothing) }, 0, FACTS(POD, RUN) },
	{ "its image is rubbish",
	  { SAYS(status), SAYS(pod), SAYS(image_rubbish) },
	  0,
	  FACTS(POD, RUN, .image = &(struct image_facts){ .id = "sha256:" IMAGE }) },
	{ "its image has megabytes",
	  { SAYS(status), SAYS(pod), { .say = say_image, .harm = HARM_MUCH } },
	  0,
	  FACTS(POD, RUN) },
	{ "a pod's own container",
	  { NOT_FOUND, SAYS(sandbox) },
	  0,
	  { .id = HEX,
	    .name = HEX,
	    .runtime = "cri-o",
	    .handler = "kata",
	    .image_name = "registry.k8s.io/pause",
	    .image_tag = "3.9",
	    .pod_name = "web-1",
	    .pod_namespace = "prod",
	    .pod_uid = "uid",
	    .role = ROLE_SANDBOX,
	    .init_pid = 4194306,
	    .labels = LIST("app=\x1b[31m", "k=pod's", "note=pod's") } },

	{ "nobody's", { NOT_FOUND, NOT_FOUND }, -ENOENT, { 0 } },
	{ "another's answer", { NOT_FOUND, SAYS(pod) }, -EBADMSG, { 0 } },
	{ "an empty answer", { SAYS(nothing) }, -EBADMSG, { 0 } },
	{ "rubbish", { SAYS(rubbish) }, -EBADMSG, { 0 } },
	{ "megabytes", { { .say = say_status, .harm = HARM_MUCH } }, -EFBIG, { 0 } },
	{ "a short frame", { { .say = say_status, .harm = HARM_SHORT } }, -EBADMSG, { 0 } },
	{ "an older interface", { UNIMPLEMENTED }, -EPROTO, { 0 } },
};

static struct runtime_source *source_open(const char *path)
{
	struct runtime_source *source = NULL;

	assert_int_equal(crio_ops.open((const char *const[]){ path, NULL }, "", &source), 0);
	return source;
}

static void row_check(const struct row *row)
{
	struct fake_server server = { .serve = grpc_serve, .answers = row->answers };
	struct runtime_request request = { .path = "/kubepods.slice/crio-" HEX ".scope", .id = HEX };
	struct container_facts facts = { 0 };
	struct runtime_source *source;
	unsigned wanted = 0;
	int r;

	while (row->answers[wanted].say)
		wanted++;
	server_start(&server);
	source = source_open(server.path);
	r = crio_ops.lookup(source, &request, &facts);
	runtime_close(source);
	server_stop(&server);
	if (r != row->status)
		fail_msg("%s: %s", row->what, strerror(-r));
	number_check(row->what, "number of questions", server.asked, wanted);
	facts_check(row->what, &facts, &row->facts);
	container_facts_clear(&facts);
}

static void answers_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		row_check(&rows[i]);
}

/* It would take the beginning of an id for the whole. */
static void half_an_id_is_none(void **state)
{
	static const char *const ids[] = { "0123456789ab", HEX "0", "", "web", "../../" };
	struct runtime_source *source = source_open("/no/such/socket");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		struct runtime_request request = { .path = "/x", .id = ids[i] };
		struct container_facts facts = { 0 };

		assert_int_equal(crio_ops.lookup(source, &request, &facts), -ENOENT);
	}
	runtime_close(source);
}

static void its_version_is_told(void **state)
{
	static const struct grpc_answer answers[] = { SAYS(version), UNIMPLEMENTED, { .say = NULL } };
	struct fake_server server = { .serve = grpc_serve, .answers = answers };
	struct runtime_source *source;
	char version[16] = "";

	(void)state;
	server_start(&server);
	source = source_open(server.path);
	assert_int_equal(crio_ops.probe(source, version, sizeof(version)), 0);
	assert_string_equal(version, "cri-o 1.30.1");
	assert_int_equal(crio_ops.probe(source, version, sizeof(version)), -EPROTO);
	server_stop(&server);
	assert_int_equal(crio_ops.probe(source, version, sizeof(version)), -ENOTCONN);
	runtime_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(half_an_id_is_none),
		cmocka_unit_test(its_version_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
