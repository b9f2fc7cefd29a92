/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containerd source against a server that gives one answer a connection, in the order of a row: what containerd
 * and its CRI plugin would say, and what they should not.
 */
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "fake_server.h"

#define DIGEST "sha256:1111111111112222222222223333333333334444444444445555555555550000"
#define CONFIG "sha256:2222222222223333333333334444444444445555555555556666666666660000"

/* ---- what a server can say ---- */

static struct wire say_namespaces(void)
{
	struct wire list = { .size = 0 };

	for (size_t i = 0; i < 3; i++) {
		struct wire one = { .size = 0 };

		wire_text(&one, 1, (const char *[]){ "bad\r\nname: x", "mine", "k8s.io" }[i]);
		wire_label(&one, 2, "unread", "label");
		wire_message(&list, 1, &one);
	}
	return list;
}

static struct wire say_moby(void)
{
	struct wire one = { .size = 0 };

	wire_text(&one, 1, "moby");
	return wire_in(1, &one);
}

static struct wire container_of(const char *id, const char *image, bool labels)
{
	struct wire container = { .size = 0 };

	wire_text(&container, 1, id);
	if (labels) {
		wire_label(&container, 2, "io.kubernetes.pod.name", "web-1");
		wire_label(&container, 2, "io.kubernetes.pod.namespace", "prod");
		wire_label(&container, 2, "nerdctl/name", "nerd\x1b[0m");
	}
	wire_text(&container, 3, image);
	wire_text(&container, 6, "overlayfs");
	return wire_in(1, &container);
}

static struct wire say_container(void)
{
	return container_of("box", "docker.io/library/bb:1.0", false);
}

static struct wire say_imageless(void)
{
	return container_of("box", "", true);
}

static struct wire say_labelled(void)
{
	return container_of("box", "docker.io/library/bb:1.0", true);
}

static struct wire say_another(void)
{
	return container_of("bix", "docker.io/library/bb:1.0", false);
}

/* With its runtime, and how it was started. */
static struct wire record_with(const char *spec)
{
	struct wire container = { .size = 0 }, runtime = { .size = 0 }, any = { .size = 0 };

	wire_text(&runtime, 1, "io.containerd.runsc.v1");
	wire_text(&any, 1, "types.containerd.io/opencontainers/runtime-spec/1/Spec");
	wire_text(&any, 2, spec);
	wire_text(&container, 1, "box");
	wire_label(&container, 2, "k", "v\a");
	wire_text(&container, 3, "docker.io/library/bb:1.0");
	wire_message(&container, 4, &runtime);
	wire_message(&container, 5, &any);
	return wire_in(1, &container);
}

static struct wire say_specified(void)
{
	return record_with("{\"process\":{\"noNewPrivileges\":true,\"capabilities\":{\"permitted\":[\"CAP_KILL\"]}},"
			   "\"linux\":{\"seccomp\":{},\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},"
			   "{\"type\":\"uts\"},{\"type\":\"network\"},{\"type\":\"cgroup\"}]}}");
}

static struct wire say_misspecified(void)
{
	return record_with("{\"process\":");
}

static struct wire say_image(void)
{
	struct wire target = { .size = 0 }, image = { .size = 0 };

	wire_text(&target, 1, "application/json");
	wire_text(&target, 2, DIGEST);
	wire_number(&target, 3, 1234);
	wire_text(&image, 1, "docker.io/library/bb:1.0");
	wire_message(&image, 3, &target);
	return wire_in(1, &image);
}

static struct wire content_of(const char *text)
{
	struct wire piece = { .size = 0 };

	wire_number(&piece, 1, 0);
	wire_text(&piece, 2, text);
	return piece;
}

static struct wire say_manifest(void)
{
	return content_of("{\"config\":{\"digest\":\"" CONFIG "\"},\"layers\":[]}");
}

static struct wire say_manifest_without(void)
{
	return content_of("{\"layers\":[]}");
}

/* This machine's is the second. */
static struct wire say_index(void)
{
	struct utsname name;
	char text[512];

	assert_int_equal(uname(&name), 0);
	(void)snprintf(text, sizeof(text),
		       "{\"manifests\":[{\"digest\":\"sha256:0\",\"platform\":{\"architecture\":\"pdp11\"}},"
		       "{\"digest\":\"sha256:1\",\"platform\":{\"architecture\":\"%s\"}},7]}",
		       strcmp(name.machine, "x86_64") == 0    ? "amd64"
		       : strcmp(name.machine, "aarch64") == 0 ? "arm64"
							      : name.machine);
	return content_of(text);
}

static struct wire say_config(void)
{
	return content_of("{\"created\":\"2026-01-02T03:04:06Z\",\"config\":{\"User\":\"u\",\"Cmd\":[\"sh\",\"-c\"],"
			  "\"Labels\":{\"k\":\"v\"}},\"history\":[{\"created_by\":\"ADD\"},{\"empty_layer\":true}]}");
}

static struct wire say_half_config(void)
{
	return content_of("{\"config\":{\"User\":\"u");
}

static struct wire say_other_half(void)
{
	return content_of("ser\"}}");
}

/* A process that is surely not in the cgroup that is asked about. */
static struct wire say_task(void)
{
	struct wire process = { .size = 0 };

	wire_text(&process, 1, "box");
	wire_number(&process, 3, (uint64_t)getpid());
	return wire_in(1, &process);
}

static struct wire status_of(const char *id, const char *reference)
{
	struct wire status = { .size = 0 }, metadata = { .size = 0 }, image = { .size = 0 };

	wire_text(&metadata, 1, "web");
	wire_number(&metadata, 2, 1);
	wire_text(&image, 1, "bb:1.0");
	wire_text(&status, 1, id);
	wire_message(&status, 2, &metadata);
	wire_number(&status, 5, 1767323045678901234);
	wire_message(&status, 8, &image);
	wire_text(&status, 9, reference);
	wire_label(&status, 12, "k", "its");
	wire_label(&status, 12, "bell", "\a");
	wire_label(&status, 13, "note", "its");
	return wire_in(1, &status);
}

static struct wire say_status(void)
{
	return status_of("box", "docker.io/library/bb@" DIGEST);
}

static struct wire say_another_status(void)
{
	return status_of("bix", "docker.io/library/bb@" DIGEST);
}

/* Only an id in place of a reference. */
static struct wire say_local_status(void)
{
	return status_of("box", "sha256:0000");
}

static struct wire say_cri_list(void)
{
	struct wire container = { .size = 0 };

	wire_text(&container, 1, "box");
	wire_text(&container, 2, "sandbox");
	return wire_in(1, &container);
}

static struct wire sandbox_of(const char *id)
{
	struct wire status = { .size = 0 }, metadata = { .size = 0 };

	wire_text(&metadata, 1, "web-1");
	wire_text(&metadata, 2, "uid");
	wire_text(&metadata, 3, "prod");
	wire_text(&status, 1, id);
	wire_message(&status, 2, &metadata);
	wire_label(&status, 7, "k", "pod's");
	wire_label(&status, 7, "app", "web");
	wire_label(&status, 8, "note", "pod's");
	wire_label(&status, 8, "more", "pod's");
	wire_text(&status, 9, "kata");
	return wire_in(1, &status);
}

static struct wire say_sandbox(void)
{
	return sandbox_of("sandbox");
}

static struct wire say_box_sandbox(void)
{
	return sandbox_of("box");
}

/* ---- rows ---- */

struct row {
	const char *what;
	const char *path;
	struct grpc_answer answers[12]; /* all must be asked for */
	int status;
	struct container_facts facts;
};

#define BB .image_name = "docker.io/library/bb", .image_tag = "1.0"
#define FACTS(...)                                                                                                     \
	{                                                                                                              \
		.id = "box", .runtime = "containerd", .role = ROLE_ORDINARY, __VA_ARGS__                               \
	}
#define POD .pod_name = "web-1", .pod_namespace = "prod", .pod_uid = "uid"
#define LABELLED                                                                                                       \
	.labels = LIST("io.kubernetes.pod.name=web-1", "io.kubernetes.pod.namespace=prod", "nerdctl/name=nerd\x1b[0m")
#define IN_FULL                                                                                                        \
	.image = &(struct image_facts)                                                                                 \
	{                                                                                                              \
		.id = CONFIG, .user = "u", .entry_point = "sh -c", .labels = LIST("k=v"), .history = LIST("ADD"),      \
		.created = 1767323046                                                                                  \
	}
#define ONLY_CONFIG                                                                                                    \
	.image = &(struct image_facts)                                                                                 \
	{                                                                                                              \
		.id = CONFIG                                                                                           \
	}
#define BY_CRI                                                                                                         \
	.name = "web", .image_name = "bb", .image_tag = "1.0", .image_digest = DIGEST, POD, .handler = "kata",         \
	.started = 1767323045, .labels = LIST("bell=\a", "k=its", "app=web", "note=its", "more=pod's")
/* The list has "mine" and "k8s.io"; one whose name cannot stand in a header is never asked for. */
#define FROM_K8S SAYS(namespaces), NOT_FOUND, SAYS(container), NOT_FOUND, SAYS(image), NOT_FOUND

static const struct row rows[] = {
	{ "by ctr",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, SAYS(image), SAYS(manifest), SAYS(config) },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST, IN_FULL) },
	{ "by nerdctl, where the kubelet's labels are nothing",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(labelled), NOT_FOUND, SAYS(image), NOT_FOUND },
	  0,
	  FACTS(BB, .name = "nerd\x1b[0m", .image_digest = DIGEST, LABELLED) },
	{ "with its spec",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(specified), NOT_FOUND, NOT_FOUND },
	  0,
	  FACTS(BB, .name = "box", .handler = "io.containerd.runsc.v1", .labels = LIST("k=v\a"),
		.run = { .known = true, .flags = RUN_NO_NEW_PRIVS, .capabilities = 1 << 5, .seccomp = "filter" }) },
	{ "with a spec that is cut",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(misspecified), NOT_FOUND, NOT_FOUND },
	  0,
	  FACTS(BB, .name = "box", .handler = "io.containerd.runsc.v1", .labels = LIST("k=v\a")) },

	/* Images. */
	{ "an image for several machines",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, SAYS(image), SAYS(index), SAYS(manifest), SAYS(config) },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST, IN_FULL) },
	{ "an index that leads to an index",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, SAYS(image), SAYS(index), SAYS(index) },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST) },
	{ "a manifest without configuration",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, SAYS(image), SAYS(manifest_without) },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST) },
	{ "a configuration in two pieces",
	  "/mine/box",
	  { SAYS(namespaces),
	    SAYS(container),
	    NOT_FOUND,
	    SAYS(image),
	    SAYS(manifest),
	    { .say = say_half_config, .more = say_other_half } },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST,
		.image = &(struct image_facts){ .id = CONFIG, .user = "user" }) },
	{ "a configuration of megabytes",
	  "/mine/box",
	  { SAYS(namespaces),
	    SAYS(container),
	    NOT_FOUND,
	    SAYS(image),
	    SAYS(manifest),
	    { .say = say_config, .harm = HARM_MUCH } },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST, ONLY_CONFIG) },
	{ "the image is gone",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, NOT_FOUND },
	  0,
	  FACTS(BB, .name = "box") },
	{ "the image is rubbish",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, SAYS(rubbish) },
	  0,
	  FACTS(BB, .name = "box") },
	{ "the image does not come",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), NOT_FOUND, { .say = say_image, .harm = HARM_HANG } },
	  0,
	  FACTS(BB, .name = "box") },

	/* The CRI. */
	{ "the path's namespace is the first asked",
	  "/k8s.io/box",
	  { SAYS(namespaces), SAYS(labelled), NOT_FOUND, SAYS(image), NOT_FOUND, UNIMPLEMENTED },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST, .pod_name = "web-1", .pod_namespace = "prod", LABELLED) },
	{ "by the CRI, with its pod",
	  "/pods/box",
	  { FROM_K8S, SAYS(status), SAYS(cri_list), SAYS(sandbox) },
	  0,
	  FACTS(BY_CRI) },
	{ "by the CRI, an image that no registry has",
	  "/pods/box",
	  { FROM_K8S, SAYS(local_status), SAYS(cri_list), SAYS(sandbox) },
	  0,
	  FACTS(BY_CRI) },
	{ "by the CRI, whose pod is gone",
	  "/pods/box",
	  { FROM_K8S, SAYS(status), NOT_FOUND },
	  0,
	  FACTS(.name = "web", .image_name = "bb", .image_tag = "1.0", .image_digest = DIGEST, .started = 1767323045,
		.labels = LIST("bell=\a", "k=its", "note=its")) },
	{ "by the CRI, with another's pod",
	  "/pods/box",
	  { FROM_K8S, SAYS(status), SAYS(cri_list), SAYS(box_sandbox) },
	  0,
	  FACTS(.name = "web", .image_name = "bb", .image_tag = "1.0", .image_digest = DIGEST, .started = 1767323045,
		.labels = LIST("bell=\a", "k=its", "note=its")) },
	{ "the CRI tells of another",
	  "/pods/box",
	  { FROM_K8S, SAYS(another_status) },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST) },
	{ "a pod's own container",
	  "/pods/box",
	  { FROM_K8S, NOT_FOUND, SAYS(box_sandbox) },
	  0,
	  { .id = "box",
	    .name = "box",
	    .runtime = "containerd",
	    .handler = "kata",
	    BB,
	    .image_digest = DIGEST,
	    POD,
	    .role = ROLE_SANDBOX,
	    .labels = LIST("app=web", "k=pod's", "more=pod's", "note=pod's") } },
	{ "the CRI's answer is cut",
	  "/pods/box",
	  { FROM_K8S, { .say = say_status, .harm = HARM_CUT } },
	  0,
	  FACTS(BB, .name = "box", .image_digest = DIGEST) },

	{ "Docker's",
	  "/docker/box",
	  { SAYS(moby), SAYS(imageless), NOT_FOUND },
	  0,
	  { .id = "box", .name = "box", .runtime = "docker", .role = ROLE_ORDINARY } },

	/* What is no answer. */
	{ "nobody's", "/mine/box", { SAYS(namespaces), NOT_FOUND, NOT_FOUND }, -ENOENT, { 0 } },
	{ "its process is elsewhere",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), SAYS(task), NOT_FOUND },
	  -ENOENT,
	  { 0 } },
	{ "another's answer", "/mine/box", { SAYS(namespaces), SAYS(another) }, -EBADMSG, { 0 } },
	{ "an empty answer", "/mine/box", { SAYS(namespaces), SAYS(nothing) }, -EBADMSG, { 0 } },
	{ "no namespaces", "/mine/box", { SAYS(nothing) }, -ENOENT, { 0 } },
	{ "an error", "/mine/box", { { .say = say_nothing, .status = "13" } }, -EPROTO, { 0 } },
	{ "rubbish", "/mine/box", { SAYS(rubbish) }, -EBADMSG, { 0 } },
	{ "no status", "/mine/box", { { .say = say_namespaces, .harm = HARM_NO_STATUS } }, -EBADMSG, { 0 } },
	{ "a status that is none", "/mine/box", { { .say = say_namespaces, .status = "fine" } }, -EBADMSG, { 0 } },
	{ "compressed", "/mine/box", { { .say = say_namespaces, .harm = HARM_COMPRESSED } }, -EBADMSG, { 0 } },
	{ "a short frame", "/mine/box", { { .say = say_namespaces, .harm = HARM_SHORT } }, -EBADMSG, { 0 } },
	{ "one message too many", "/mine/box", { { .say = say_namespaces, .more = say_namespaces } }, -EBADMSG, { 0 } },
	{ "megabytes", "/mine/box", { { .say = say_namespaces, .harm = HARM_MUCH } }, -EFBIG, { 0 } },
	{ "cut before its end", "/mine/box", { { .say = say_namespaces, .harm = HARM_CUT } }, -EBADMSG, { 0 } },
	{ "no HTTP/2", "/mine/box", { { .say = say_namespaces, .harm = HARM_NO_HTTP2 } }, -EBADMSG, { 0 } },
	{ "no answer",
	  "/mine/box",
	  { SAYS(namespaces), SAYS(container), { .say = say_task, .harm = HARM_HANG } },
	  -ETIMEDOUT,
	  { 0 } },
};

static void row_check(const struct row *row)
{
	struct fake_server server = { .serve = grpc_serve, .answers = row->answers };
	struct runtime_request request = { .path = row->path, .id = "box" };
	struct container_facts facts = { 0 };
	struct runtime_source *source = NULL;
	unsigned wanted = 0;
	int r;

	while (row->answers[wanted].say)
		wanted++;
	server_start(&server);
	assert_int_equal(containerd_ops.open((const char *const[]){ server.path, NULL }, "", &source), 0);
	r = containerd_ops.lookup(source, &request, &facts);
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

static struct wire say_version(void)
{
	struct wire version = { .size = 0 };

	wire_text(&version, 1, "1.6.20");
	wire_text(&version, 2, "revision");
	return version;
}

static void its_version_is_told(void **state)
{
	static const struct grpc_answer answers[] = { SAYS(version), { .say = say_version, .harm = HARM_HANG } };
	struct fake_server server = { .serve = grpc_serve, .answers = answers };
	struct runtime_source *source = NULL;
	char version[16] = "";

	(void)state;
	server_start(&server);
	assert_int_equal(containerd_ops.open((const char *const[]){ server.path, NULL }, "", &source), 0);
	assert_int_equal(containerd_ops.probe(source, version, sizeof(version)), 0);
	assert_string_equal(version, "1.6.20");
	assert_int_equal(containerd_ops.probe(source, version, sizeof(version)), -ETIMEDOUT);
	server_stop(&server);
	assert_int_equal(containerd_ops.probe(source, version, sizeof(version)), -ENOTCONN);
	runtime_close(source);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(its_version_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
