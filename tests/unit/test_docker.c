/* SPDX-License-Identifier: Apache-2.0 */
/* The Docker and Podman sources against a daemon that says what each row has it say. */
#include "runtime/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fake_server.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab0000"
#define IMAGE  "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeee0000"
#define DIGEST "sha256:1111111111112222222222223333333333334444444444445555555555550000"

#define OK           HTTP_OK
#define DEFAULT_CAPS 0xa80425fb
#define ALL_CAPS     0x1ffffffffff
#define CAP(number)  (UINT64_C(1) << (number))
#define KNOWN(...)   .run = { .known = true, .capabilities = DEFAULT_CAPS, .seccomp = "default", __VA_ARGS__ }

struct row {
	const char *what;
	const struct runtime_ops *ops; /* NULL: Docker's */
	struct http_route routes[6];
	int status;
	struct container_facts facts;
};

#define SAYS_OF(image_field, config, ...)                                                                              \
	OK("{\"Id\":\"" HEX "\",\"Name\":\"/web\",\"Image\":" image_field ",\"Config\":{\"Image\":" config             \
	   "},\"State\":{\"Pid\":42,\"StartedAt\":\"2026-01-02T03:04:05.6Z\"}" __VA_ARGS__ "}")
#define BUILT     "\"sha256:" IMAGE "\""
#define PULLED    SAYS_OF(BUILT, "\"debian:12\"")
#define HOST(...) SAYS_OF(BUILT, "\"debian:12\"", ",\"HostConfig\":{" __VA_ARGS__ "}")
#define FACTS(name_, tag_, digest_, ...)                                                                               \
	{                                                                                                              \
		.id = HEX, .name = "web", .runtime = "docker", .image_name = name_, .image_tag = tag_,                 \
		.image_digest = digest_, .role = ROLE_ORDINARY, .init_pid = 42, .started = 1767323045, __VA_ARGS__     \
	}
#define WITH_ID                                                                                                        \
	.image = &(struct image_facts)                                                                                 \
	{                                                                                                              \
		.id = "sha256:" IMAGE                                                                                  \
	}
#define DEBIAN(...) FACTS("debian", "12", "sha256:" IMAGE, WITH_ID, __VA_ARGS__)
#define ROUTES(container_answer, image_answer)                                                                         \
	{                                                                                                              \
		{ "GET /containers/" HEX "/json ", container_answer },                                                 \
		{                                                                                                      \
			"GET /images/" IMAGE "/json ", image_answer                                                    \
		}                                                                                                      \
	}

#define PODMAN_ROUTES(container_answer, image_answer, pod_answer)                                                      \
	{                                                                                                              \
		{ "GET /v4.0.0/libpod/containers/" HEX "/json ", container_answer },                                   \
			{ "GET /v4.0.0/libpod/images/" IMAGE "/json ", image_answer },                                 \
			{ "GET /v4.0.0/libpod/pods/" POD "/json ", pod_answer },                                       \
		{                                                                                                      \
			"GET /containers/", HTTP_OK_OF("Libpod/4.3.1 (linux)", "{}")                                   \
		}                                                                                                      \
	}
#define PODMAN_SAYS                                                                                                    \
	OK("{\"Id\":\"" HEX "\",\"Name\":\"web\",\"Image\":\"" IMAGE "\",\"ImageName\":\"localhost/mine:1\","          \
	   "\"OCIRuntime\":\"/usr/bin/crun\",\"Pod\":\"" POD "\",\"EffectiveCaps\":[\"CAP_CHOWN\",\"CAP_KILL\",7],"    \
	   "\"Config\":{\"Image\":\"mine\",\"User\":\"1000\",\"Labels\":{\"a\":\"its\"}},"                             \
	   "\"HostConfig\":{\"Runtime\":\"oci\",\"CgroupMode\":\"host\",\"UsernsMode\":\"private\"},"                  \
	   "\"State\":{\"Pid\":42,\"StartedAt\":\"2026-01-02T05:04:05.6+02:00\"}}")
#define PODMAN_IMAGE                                                                                                   \
	OK("{\"RepoTags\":[\"localhost/mine:1\"],\"RepoDigests\":[\"localhost/mine@" DIGEST "\"],"                     \
	   "\"Config\":{\"Cmd\":[\"sh\"]},\"History\":[{\"created_by\":\"ADD\"},{\"created_by\":\"RUN\"}]}")
#define PODMAN_FACTS(...)                                                                                              \
	{                                                                                                              \
		.id = HEX, .name = "web", .runtime = "podman", .handler = "crun", .image_name = "localhost/mine",      \
		.image_tag = "1", .image_digest = DIGEST, .role = ROLE_ORDINARY, .init_pid = 42,                       \
		.started = 1767323045,                                                                                 \
		.image = &(struct image_facts){ .id = "sha256:" IMAGE,                                                 \
						.entry_point = "sh",                                                   \
						.history = LIST("ADD", "RUN") },                                       \
		.run = { .known = true,                                                                                \
			 .flags = RUN_HOST_CGROUP | RUN_USER_NAMESPACE,                                                \
			 .capabilities = CAP(0) | CAP(5),                                                              \
			 .seccomp = "default" },                                                                       \
		__VA_ARGS__                                                                                            \
	}

static const struct row rows[] = {
	/* The image's names. */
	{ "a pulled image", NULL,
	  ROUTES(PULLED,
		 OK("{\"RepoTags\":[\"debian:12\"],\"RepoDigests\":[\"other@sha256:0\",\"debian@" DIGEST "\"]}")),
	  0, FACTS("debian", "12", DIGEST, WITH_ID) },
	{ "a built image has its id", NULL, ROUTES(SAYS_OF(BUILT, "\"mine\""), OK("{\"RepoTags\":[\"mine:latest\"]}")),
	  0, FACTS("mine", "latest", "sha256:" IMAGE, WITH_ID) },
	{ "started by digest", NULL, ROUTES(SAYS_OF(BUILT, "\"debian@" DIGEST "\""), OK("{}")), 0,
	  FACTS("debian", NULL, DIGEST, WITH_ID) },
	{ "started by id", NULL, ROUTES(SAYS_OF(BUILT, "\"aaaaaaaaaaaa\""), OK("{\"RepoTags\":[\"mine:1\"]}")), 0,
	  FACTS("mine", "1", "sha256:" IMAGE, WITH_ID) },
	{ "an image id that would lead elsewhere", NULL,
	  ROUTES(SAYS_OF("\"sha256:../../containers\"", "\"debian:12\""), OK("{}")), 0, FACTS("debian", "12", NULL) },

	/* The image fails: the name stays. */
	{ "the image is gone", NULL, ROUTES(PULLED, HTTP_NOT_FOUND), 0, DEBIAN() },
	{ "the image is rubbish", NULL, ROUTES(PULLED, OK("[[")), 0, DEBIAN() },
	{ "the image is cut", NULL, ROUTES(PULLED, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), 0, DEBIAN() },
	{ "the image has megabytes", NULL, ROUTES(PULLED, HTTP_MUCH), 0, DEBIAN() },
	{ "the image does not come", NULL, ROUTES(PULLED, HTTP_HANG), 0, DEBIAN() },
	{ "image facts of wrong types", NULL,
	  ROUTES(PULLED, OK("{\"RepoDigests\":{\"a\":1},\"RepoTags\":7,\"Created\":{},\"Config\":[1]}")), 0, DEBIAN() },
	{ "a configuration of wrong types", NULL,
	  ROUTES(PULLED, OK("{\"RepoDigests\":[1,null,[]],\"Config\":{\"User\":5,\"Entrypoint\":\"x\",\"Cmd\":[1,{}],"
			    "\"ExposedPorts\":[\"80\"],\"Labels\":{\"a\":1}}}")),
	  0, DEBIAN() },

	/* What the image is. */
	{ "an image in full",
	  NULL,
	  { { "GET /containers/", PULLED },
	    { "GET /images/" IMAGE "/json ",
	      OK("{\"Created\":\"2026-01-02T03:04:06Z\",\"Config\":{\"User\":\"1000:1000\",\"Entrypoint\":[\"/bin/e\","
		 "\"-x\"],\"Cmd\":[\"a "
		 "b\"],\"ExposedPorts\":{\"80/tcp\":{},\"443/tcp\":{}},\"Labels\":{\"k\":\"v\"}}}") },
	    { "GET /images/" IMAGE "/history ",
	      OK("[{\"CreatedBy\":\"CMD\"},{\"CreatedBy\":7},null,{\"CreatedBy\":\"RUN \\u001b[2J\"},"
		 "{\"CreatedBy\":\"ADD\"}]") } },
	  0,
	  FACTS("debian", "12", "sha256:" IMAGE,
		.image = &(struct image_facts){ .id = "sha256:" IMAGE,
						.user = "1000:1000",
						.entry_point = "/bin/e -x a b",
						.exposed = "80/tcp 443/tcp",
						.labels = LIST("k=v"),
						.history = LIST("ADD", "RUN \x1b[2J", "CMD"),
						.created = 1767323046 }) },
	{ "the history is no list",
	  NULL,
	  { { "GET /containers/", PULLED },
	    { "/json ", OK("{\"Config\":{\"User\":\"u\"}}") },
	    { "/history ", OK("{}") } },
	  0,
	  FACTS("debian", "12", "sha256:" IMAGE,
		.image = &(struct image_facts){ .id = "sha256:" IMAGE, .user = "u" }) },

	/* How it was started. */
	{ "nothing asked for", NULL, ROUTES(HOST("\"Runtime\":\"runc\""), OK("{}")), 0,
	  DEBIAN(.handler = "runc", KNOWN()) },
	{ "no walls", NULL,
	  ROUTES(HOST("\"Privileged\":true,\"NetworkMode\":\"host\",\"PidMode\":\"host\",\"IpcMode\":\"host\","
		      "\"UTSMode\":\"host\",\"CgroupnsMode\":\"host\",\"UsernsMode\":\"host\",\"SecurityOpt\":"
		      "[\"label=disable\"]},\"AppArmorProfile\":\"unconfined\",\"Mounts\":[{\"Type\":\"bind\","
		      "\"Source\":\"/\",\"Destination\":\"/host\",\"RW\":true},{\"Type\":\"volume\",\"Source\":"
		      "\"/var/lib/docker/volumes/v/_data\",\"Destination\":\"/v\",\"RW\":true},{\"Type\":\"bind\","
		      "\"Source\":\"/etc\",\"Destination\":\"/e\",\"RW\":false}],\"x\":{"),
		 OK("{}")),
	  0,
	  DEBIAN(.run = { .known = true,
			  .flags = RUN_PRIVILEGED | RUN_HOST_NETWORK | RUN_HOST_PID | RUN_HOST_IPC | RUN_HOST_UTS |
				   RUN_HOST_CGROUP,
			  .capabilities = ALL_CAPS,
			  .seccomp = "unconfined",
			  .apparmor = "unconfined",
			  .mounts = LIST("/:/host:rw", "/etc:/e:ro") }) },
	{ "walls", NULL,
	  ROUTES(HOST("\"ReadonlyRootfs\":true,\"NetworkMode\":\"hostess\",\"PidMode\":\"container:x\",\"CapDrop\":"
		      "[\"ALL\"],\"CapAdd\":[\"CAP_NET_ADMIN\",\"chown\"],\"SecurityOpt\":[\"no-new-privileges:true\","
		      "\"seccomp={}\",\"apparmor=mine\"]"),
		 OK("{}")),
	  0,
	  DEBIAN(.run = { .known = true,
			  .flags = RUN_READ_ONLY_ROOT | RUN_NO_NEW_PRIVS,
			  .capabilities = CAP(12) | CAP(0),
			  .seccomp = "filter",
			  .apparmor = "mine" }) },
	{ "all capabilities but one, and no filter", NULL,
	  ROUTES(HOST("\"CapAdd\":[\"all\"],\"CapDrop\":[\"SYS_ADMIN\"],\"SecurityOpt\":[\"seccomp:unconfined\","
		      "\"no-new-privileges=false\"]"),
		 OK("{}")),
	  0, DEBIAN(.run = { .known = true, .capabilities = ALL_CAPS & ~CAP(21), .seccomp = "unconfined" }) },
	{ "another user has no capabilities", NULL,
	  ROUTES(SAYS_OF(BUILT, "\"debian:12\",\"User\":\"rooty\"", ",\"HostConfig\":{}"), OK("{}")), 0,
	  DEBIAN(.run = { .known = true, .seccomp = "default" }) },
	{ "root by number has", NULL,
	  ROUTES(SAYS_OF(BUILT, "\"debian:12\",\"User\":\"0:1000\"", ",\"HostConfig\":{}"), OK("{}")), 0,
	  DEBIAN(KNOWN()) },
	{ "wrong types all over", NULL,
	  ROUTES(HOST("\"Privileged\":1,\"CapAdd\":\"ALL\",\"CapDrop\":[1,\"no such\"],\"NetworkMode\":[],"
		      "\"SecurityOpt\":[null,\"seccompy=x\",{}],\"Runtime\":7},\"Mounts\":[1,{\"Type\":\"bind\"},"
		      "{\"Type\":\"bind\",\"Source\":\"x\",\"Destination\":\"/y\"}],\"x\":{"),
		 OK("{}")),
	  0, DEBIAN(KNOWN()) },

	/* Labels: what the image gives too comes behind. */
	{ "labels", NULL,
	  ROUTES(SAYS_OF(BUILT, "\"debian:12\",\"Labels\":{\"a\":\"image's\",\"b\":\"its\",\"c\":\"\\u0007\","
				"\"d\":1}"),
		 OK("{\"Config\":{\"Labels\":{\"a\":\"image's\",\"b\":\"image's\"}}}")),
	  0,
	  FACTS("debian", "12", "sha256:" IMAGE, .labels = LIST("b=its", "c=\a", "a=image's"),
		.image = &(struct image_facts){ .id = "sha256:" IMAGE, .labels = LIST("a=image's", "b=image's") }) },

	/* What is no answer. */
	{ "facts of wrong types",
	  NULL,
	  ROUTES(OK("{\"Id\":\"" HEX "\",\"Name\":1,\"Image\":[],\"Config\":\"x\",\"State\":7,\"HostConfig\":[]}"),
		 OK("{}")),
	  0,
	  { .id = HEX, .runtime = "docker", .role = ROLE_ORDINARY } },
	{ "an impossible pid",
	  NULL,
	  ROUTES(OK("{\"Id\":\"" HEX "\",\"State\":{\"Pid\":-1}}"), OK("{}")),
	  0,
	  { .id = HEX, .runtime = "docker", .role = ROLE_ORDINARY } },
	{ "a name of control characters",
	  NULL,
	  ROUTES(OK("{\"Id\":\"" HEX "\",\"Name\":\"/a\\u001b[31m\\r\\n\"}"), OK("{}")),
	  0,
	  { .id = HEX, .name = "a\x1b[31m\r\n", .runtime = "docker", .role = ROLE_ORDINARY } },
	{ "a NUL in a name",
	  NULL,
	  ROUTES(OK("{\"Id\":\"" HEX "\",\"Name\":\"/a\\u0000b\"}"), OK("{}")),
	  -EBADMSG,
	  { 0 } },
	{ "not its container", NULL, ROUTES(HTTP_NOT_FOUND, OK("{}")), -ENOENT, { 0 } },
	{ "another's answer", NULL, ROUTES(OK("{\"Id\":\"" IMAGE "\"}"), OK("{}")), -EBADMSG, { 0 } },
	{ "an id of wrong type", NULL, ROUTES(OK("{\"Id\":5}"), OK("{}")), -EBADMSG, { 0 } },
	{ "an error", NULL, ROUTES("HTTP/1.1 500 No\r\nConnection: close\r\n\r\n{}", OK("{}")), -EPROTO, { 0 } },
	{ "no object", NULL, ROUTES(OK("[]"), OK("{}")), -EBADMSG, { 0 } },
	{ "cut JSON", NULL, ROUTES(OK("{\"Id\":\"" HEX), OK("{}")), -EBADMSG, { 0 } },
	{ "nothing", NULL, ROUTES(OK(""), OK("{}")), -EBADMSG, { 0 } },
	{ "not UTF-8", NULL, ROUTES(OK("{\"Id\":\"" HEX "\",\"Name\":\"\xff\"}"), OK("{}")), -EBADMSG, { 0 } },
	{ "cut HTTP", NULL, ROUTES("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", OK("{}")), -EBADMSG, { 0 } },
	{ "no HTTP", NULL, ROUTES("\x16\x03\x01 go away", OK("{}")), -EBADMSG, { 0 } },
	{ "too much", NULL, ROUTES(HTTP_MUCH, OK("{}")), -EFBIG, { 0 } },

	/* Podman. */
	{ "in a pod", &podman_ops,
	  PODMAN_ROUTES(PODMAN_SAYS, PODMAN_IMAGE,
			OK("{\"Name\":\"thepod\",\"Labels\":{\"a\":\"pod's\",\"p\":\"q\"}}")),
	  0, PODMAN_FACTS(.pod_name = "thepod", .pod_uid = POD, .labels = LIST("a=its", "p=q")) },
	{ "the pod is gone", &podman_ops, PODMAN_ROUTES(PODMAN_SAYS, PODMAN_IMAGE, HTTP_NOT_FOUND), 0,
	  PODMAN_FACTS(.pod_uid = POD, .labels = LIST("a=its")) },
	{ "at Docker's socket", &docker_ops, PODMAN_ROUTES(PODMAN_SAYS, PODMAN_IMAGE, OK("[]")), 0,
	  PODMAN_FACTS(.pod_uid = POD, .labels = LIST("a=its")) },
	{ "a pod's own container",
	  &podman_ops,
	  PODMAN_ROUTES(OK("{\"Id\":\"" HEX "\",\"IsInfra\":true,\"Pod\":\"../" HEX "\"}"), OK("{}"), OK("{}")),
	  0,
	  { .id = HEX, .runtime = "podman", .role = ROLE_SANDBOX } },
	{ "not Podman's container", &podman_ops, PODMAN_ROUTES(HTTP_NOT_FOUND, OK("{}"), OK("{}")), -ENOENT, { 0 } },
};

static struct runtime_source *source_open(const struct runtime_ops *ops, const char *path)
{
	struct runtime_source *source = NULL;

	assert_int_equal(ops->open((const char *const[]){ path, NULL }, "", &source), 0);
	return source;
}

static const struct runtime_request request = { .path = "/docker/" HEX, .id = HEX };

static void row_check(const struct row *row)
{
	struct fake_server server = { .serve = http_serve, .answers = row->routes };
	const struct runtime_ops *ops = row->ops ? row->ops : &docker_ops;
	struct container_facts facts = { 0 };
	struct runtime_source *source;
	int r;

	server_start(&server);
	source = source_open(ops, server.path);
	r = ops->lookup(source, &request, &facts);
	runtime_close(source);
	server_stop(&server);
	if (r != row->status)
		fail_msg("%s: %s", row->what, strerror(-r));
	facts_check(row->what, &facts, &row->facts);
	container_facts_clear(&facts);
}

static void answers_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		row_check(&rows[i]);
}

static void a_name_is_no_id(void **state)
{
	static const struct http_route routes[] = { { "/containers/", OK("{}") }, { 0 } };
	struct fake_server server = { .serve = http_serve, .answers = routes };
	struct container_facts facts = { 0 };
	struct runtime_source *source;

	(void)state;
	server_start(&server);
	source = source_open(&docker_ops, server.path);
	assert_int_equal(docker_ops.lookup(source, &(struct runtime_request){ .path = "/web", .id = "web" }, &facts),
			 -ENOENT);
	runtime_close(source);
	server_stop(&server);
	assert_int_equal(server.asked, 0);
}

/* What a probe tells, and when it gives up. */
static void the_version_is_told(void **state)
{
	static const struct {
		const struct runtime_ops *ops;
		const char *answer;
		int status;
		const char *version;
	} probes[] = {
		{ &docker_ops, OK("{\"Version\":\"20.10\"}"), 0, "20.10" },
		{ &podman_ops, HTTP_OK_OF("Libpod/4.3.1 (linux)", "{\"Version\":\"4.3.1\"}"), 0, "4.3.1" },
		{ &docker_ops, HTTP_OK_OF("Libpod/4.3.1 (linux)", "{\"Version\":\"4.3.1\"}"), 0, "4.3.1 (Podman)" },
		{ &docker_ops, OK("{\"Version\":7}"), 0, "" },
		{ &docker_ops, OK("{\"Version\":\"a very long version that goes beyond\"}"), 0, "a very long ver" },
		{ &docker_ops, OK("<html>"), -EBADMSG, "" },
		{ &docker_ops, HTTP_HANG, -ETIMEDOUT, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		const struct http_route routes[] = { { "GET /version ", probes[i].answer }, { 0 } };
		struct fake_server server = { .serve = http_serve, .answers = routes };
		struct runtime_source *source;
		char version[16] = "";

		server_start(&server);
		source = source_open(probes[i].ops, server.path);
		assert_int_equal(probes[i].ops->probe(source, version, sizeof(version)), probes[i].status);
		assert_string_equal(version, probes[i].version);
		runtime_close(source);
		server_stop(&server);
	}
}

/* A user's daemon could claim any id: it is asked only of what is in that user's slice. */
static void a_user_speaks_for_its_own(void **state)
{
	static const struct {
		const char *path;
		int status;
	} paths[] = {
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX ".scope", -ENOTCONN },
		{ "/user.slice/user-10000.slice/user@10000.service/libpod-" HEX ".scope", -ENOENT },
		{ "/machine.slice/libpod-" HEX ".scope", -ENOENT },
	};
	struct runtime_source *source = source_open(&podman_ops, "/no/run/user/1000/podman/podman.sock");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct container_facts facts = { 0 };

		assert_int_equal(podman_ops.lookup(
					 source, &(struct runtime_request){ .path = paths[i].path, .id = HEX }, &facts),
				 paths[i].status);
	}
	runtime_close(source);
}

static void no_daemon_is_told(void **state)
{
	static const char *const paths[] = { "/no/such/socket", "/dev/null",
					     "/a/path/that/is/longer/than/an/address/of/a/socket/can/be/which/"
					     "is/one/hundred/and/seven/bytes/on/linux/x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct runtime_source *source = source_open(&docker_ops, paths[i]);
		struct container_facts facts = { 0 };

		assert_int_equal(docker_ops.lookup(source, &request, &facts), -ENOTCONN);
		runtime_close(source);
	}
}

/* A socket is there, and closed to whoever asks. */
static void no_permission_is_told(void **state)
{
	static const struct http_route routes[] = { { 0 } };
	struct fake_server server = { .serve = http_serve, .answers = routes };
	struct container_facts facts = { 0 };
	struct runtime_source *source;
	bool root = geteuid() == 0;

	(void)state;
	server_start(&server);
	source = source_open(&docker_ops, server.path);
	assert_int_equal(chmod(server.path, 0), 0);
	assert_int_equal(root ? seteuid(65534) : 0, 0);
	assert_int_equal(docker_ops.lookup(source, &request, &facts), -EACCES);
	assert_int_equal(root ? seteuid(0) : 0, 0);
	runtime_close(source);
	server_stop(&server);
}

static void *cancel_run(void *data)
{
	docker_ops.cancel(data);
	return NULL;
}

static void cancelling_ends_a_wait(void **state)
{
	static const struct http_route routes[] = { { "/containers/", HTTP_HANG }, { 0 } };
	struct fake_server server = { .serve = http_serve, .answers = routes };
	struct container_facts facts = { 0 };
	struct runtime_source *source;
	pthread_t thread;

	(void)state;
	server_start(&server);
	source = source_open(&docker_ops, server.path);
	assert_int_equal(pthread_create(&thread, NULL, cancel_run, source), 0);
	assert_int_equal(docker_ops.lookup(source, &request, &facts), -ECANCELED);
	(void)pthread_join(thread, NULL);
	assert_int_equal(docker_ops.lookup(source, &request, &facts), -ECANCELED);
	runtime_close(source);
	server_stop(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_judged),     cmocka_unit_test(a_name_is_no_id),
		cmocka_unit_test(the_version_is_told),    cmocka_unit_test(a_user_speaks_for_its_own),
		cmocka_unit_test(no_daemon_is_told),      cmocka_unit_test(no_permission_is_told),
		cmocka_unit_test(cancelling_ends_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
