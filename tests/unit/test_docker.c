/* SPDX-License-Identifier: Apache-2.0 */
/* The Docker source against a daemon that says what each row has it say. */
#include "container/runtime.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IMAGE  "aaaaaaaaaaaabbbbbbbbbbbbccccccccccccddddddddddddeeeeeeeeeeee0000"
#define DIGEST "sha256:1111111111112222222222223333333333334444444444445555555555550000"

#define OK(body)   "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define NOT_FOUND  "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"message\":\"no such\"}"
#define HANG       NULL
#define MANY_BYTES ""

struct daemon {
	char dir[32], path[64];
	int listen_fd, stop_fd;
	pthread_t thread;
	const char *container, *image; /* whole answers */
};

/* A megabyte and more of a JSON that is never complete. */
static void send_much(int fd)
{
	char chunk[4096];

	memset(chunk, ' ', sizeof(chunk));
	(void)send(fd, OK("{"), strlen(OK("{")), MSG_NOSIGNAL);
	for (int i = 0; i < 1024; i++)
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			return;
}

static void daemon_answer(struct daemon *daemon, int fd)
{
	struct pollfd stop = { .fd = daemon->stop_fd, .events = POLLIN };
	char request[4096] = "";
	size_t size = 0;
	const char *answer;

	while (!strstr(request, "\r\n\r\n") && size < sizeof(request) - 1) {
		ssize_t n = recv(fd, request + size, sizeof(request) - 1 - size, 0);

		if (n <= 0)
			return;
		size += (size_t)n;
		request[size] = '\0';
	}
	answer = strncmp(request, "GET /containers/", 16) == 0 ? daemon->container : daemon->image;
	if (answer == HANG)
		(void)poll(&stop, 1, -1);
	else if (!*answer)
		send_much(fd);
	else
		(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

static void *daemon_run(void *data)
{
	struct daemon *daemon = data;
	struct pollfd fds[] = { { .fd = daemon->listen_fd, .events = POLLIN },
				{ .fd = daemon->stop_fd, .events = POLLIN } };

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		_cleanup_close_ int fd = accept(daemon->listen_fd, NULL, NULL);

		daemon_answer(daemon, fd);
	}
	return NULL;
}

static void daemon_start(struct daemon *daemon)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(daemon->dir, "/tmp/plimsoll-docker-XXXXXX");
	assert_non_null(mkdtemp(daemon->dir));
	(void)snprintf(daemon->path, sizeof(daemon->path), "%s/sock", daemon->dir);
	strcpy(address.sun_path, daemon->path);
	daemon->stop_fd = eventfd(0, EFD_CLOEXEC);
	daemon->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(daemon->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(daemon->listen_fd, 8), 0);
	assert_int_equal(pthread_create(&daemon->thread, NULL, daemon_run, daemon), 0);
}

static void daemon_stop(struct daemon *daemon)
{
	(void)eventfd_write(daemon->stop_fd, 1);
	(void)pthread_join(daemon->thread, NULL);
	(void)close(daemon->listen_fd);
	(void)close(daemon->stop_fd);
	(void)unlink(daemon->path);
	(void)rmdir(daemon->dir);
}

static struct runtime_source *source_open(const char *path)
{
	struct runtime_source *source = NULL;

	assert_int_equal(docker_ops.open((const char *const[]){ path, NULL }, "", &source), 0);
	return source;
}

struct row {
	const char *what;
	const char *container, *image;
	int status;
	struct container_facts facts;
};

#define SAYS(image_field, config)                                                                                      \
	OK("{\"Id\":\"" HEX "\",\"Name\":\"/web\",\"Image\":" image_field ",\"Config\":{\"Image\":" config "},"        \
	   "\"State\":{\"Pid\":42,\"StartedAt\":\"2026-01-02T03:04:05.6Z\"}}")
#define BUILT "\"sha256:" IMAGE "\""
#define FACTS(name_, tag_, digest_)                                                                                    \
	{                                                                                                              \
		.id = HEX, .name = "web", .runtime = "docker", .image_name = name_, .image_tag = tag_,                 \
		.image_digest = digest_, .init_pid = 42, .started = 1767323045                                         \
	}

static const struct row rows[] = {
	{ "a pulled image", SAYS(BUILT, "\"debian:12\""),
	  OK("{\"RepoTags\":[\"debian:12\"],\"RepoDigests\":[\"other@sha256:0\",\"debian@" DIGEST "\"]}"), 0,
	  FACTS("debian", "12", DIGEST) },
	{ "a built image has its id", SAYS(BUILT, "\"mine\""), OK("{\"RepoTags\":[\"mine:latest\"]}"), 0,
	  FACTS("mine", "latest", "sha256:" IMAGE) },
	{ "started by digest", SAYS(BUILT, "\"debian@" DIGEST "\""), OK("{}"), 0, FACTS("debian", NULL, DIGEST) },
	{ "started by id", SAYS(BUILT, "\"aaaaaaaaaaaa\""), OK("{\"RepoTags\":[\"mine:1\"]}"), 0,
	  FACTS("mine", "1", "sha256:" IMAGE) },
	{ "the image is gone", SAYS(BUILT, "\"debian:12\""), NOT_FOUND, 0, FACTS("debian", "12", "sha256:" IMAGE) },
	{ "the image is rubbish", SAYS(BUILT, "\"debian:12\""), OK("[["), 0, FACTS("debian", "12", "sha256:" IMAGE) },
	{ "image facts of wrong types", SAYS(BUILT, "\"debian:12\""), OK("{\"RepoDigests\":{\"a\":1},\"RepoTags\":7}"),
	  0, FACTS("debian", "12", "sha256:" IMAGE) },
	{ "references of wrong types", SAYS(BUILT, "\"debian:12\""), OK("{\"RepoDigests\":[1,null,[]]}"), 0,
	  FACTS("debian", "12", "sha256:" IMAGE) },
	{ "an image id that would lead elsewhere", SAYS("\"sha256:../../containers\"", "\"debian:12\""), OK("{}"), 0,
	  FACTS("debian", "12", NULL) },
	{ "facts of wrong types",
	  OK("{\"Id\":\"" HEX "\",\"Name\":1,\"Image\":[],\"Config\":\"x\",\"State\":7}"),
	  OK("{}"),
	  0,
	  { .id = HEX, .runtime = "docker" } },
	{ "an impossible pid",
	  OK("{\"Id\":\"" HEX "\",\"State\":{\"Pid\":-1}}"),
	  OK("{}"),
	  0,
	  { .id = HEX, .runtime = "docker" } },
	{ "not its container", NOT_FOUND, OK("{}"), -ENOENT, { 0 } },
	{ "another's answer", OK("{\"Id\":\"" IMAGE "\"}"), OK("{}"), -EBADMSG, { 0 } },
	{ "an id of wrong type", OK("{\"Id\":5}"), OK("{}"), -EBADMSG, { 0 } },
	{ "an error", "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n{}", OK("{}"), -EPROTO, { 0 } },
	{ "no object", OK("[]"), OK("{}"), -EBADMSG, { 0 } },
	{ "cut JSON", OK("{\"Id\":\"" HEX), OK("{}"), -EBADMSG, { 0 } },
	{ "nothing", OK(""), OK("{}"), -EBADMSG, { 0 } },
	{ "not UTF-8", OK("{\"Id\":\"" HEX "\",\"Name\":\"\xff\"}"), OK("{}"), -EBADMSG, { 0 } },
	{ "cut HTTP", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}", OK("{}"), -EBADMSG, { 0 } },
	{ "no HTTP", "\x16\x03\x01 go away", OK("{}"), -EBADMSG, { 0 } },
	{ "too much", MANY_BYTES, OK("{}"), -EFBIG, { 0 } },
	{ "no answer", HANG, OK("{}"), -ETIMEDOUT, { 0 } },
};

static void text_check(const char *what, const char *got, const char *expected)
{
	if (!got != !expected || (got && strcmp(got, expected) != 0))
		fail_msg("%s: %s, not %s", what, got ? got : "nothing", expected ? expected : "nothing");
}

static void row_check(const struct row *row, int status, const struct container_facts *facts)
{
	if (status != row->status)
		fail_msg("%s: %s", row->what, strerror(-status));
	text_check(row->what, facts->id, row->facts.id);
	text_check(row->what, facts->name, row->facts.name);
	text_check(row->what, facts->runtime, row->facts.runtime);
	text_check(row->what, facts->image_name, row->facts.image_name);
	text_check(row->what, facts->image_tag, row->facts.image_tag);
	text_check(row->what, facts->image_digest, row->facts.image_digest);
	assert_int_equal(facts->init_pid, row->facts.init_pid);
	assert_int_equal(facts->started, row->facts.started);
}

static const struct runtime_request request = { .path = "/docker/" HEX, .id = HEX };

static void answers_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct daemon daemon = { .container = rows[i].container, .image = rows[i].image };
		struct container_facts facts = { 0 };
		struct runtime_source *source;

		daemon_start(&daemon);
		source = source_open(daemon.path);
		row_check(&rows[i], docker_ops.lookup(source, &request, &facts), &facts);
		container_facts_clear(&facts);
		runtime_close(source);
		daemon_stop(&daemon);
	}
}

static void a_name_is_no_id(void **state)
{
	struct daemon daemon = { .container = OK("{}"), .image = OK("{\"Version\":\"20.10\"}") };
	struct container_facts facts = { 0 };
	struct runtime_source *source;
	char version[16] = "";

	(void)state;
	daemon_start(&daemon);
	source = source_open(daemon.path);
	assert_int_equal(docker_ops.lookup(source, &(struct runtime_request){ .path = "/web", .id = "web" }, &facts),
			 -ENOENT);
	assert_int_equal(docker_ops.probe(source, version, sizeof(version)), 0);
	assert_string_equal(version, "20.10");
	runtime_close(source);
	daemon_stop(&daemon);
}

static void no_daemon_is_told(void **state)
{
	static const char *const paths[] = { "/no/such/socket", "/dev/null",
					     "/a/path/that/is/longer/than/an/address/of/a/socket/can/be/which/"
					     "is/one/hundred/and/seven/bytes/on/linux/x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct runtime_source *source = source_open(paths[i]);
		struct container_facts facts = { 0 };

		assert_int_equal(docker_ops.lookup(source, &request, &facts), -ENOTCONN);
		runtime_close(source);
	}
}

static void *cancel_run(void *data)
{
	docker_ops.cancel(data);
	return NULL;
}

static void cancelling_ends_a_wait(void **state)
{
	struct daemon daemon = { .container = HANG, .image = OK("{}") };
	struct container_facts facts = { 0 };
	struct runtime_source *source;
	pthread_t thread;

	(void)state;
	daemon_start(&daemon);
	source = source_open(daemon.path);
	assert_int_equal(pthread_create(&thread, NULL, cancel_run, source), 0);
	assert_int_equal(docker_ops.lookup(source, &request, &facts), -ECANCELED);
	(void)pthread_join(thread, NULL);
	assert_int_equal(docker_ops.lookup(source, &request, &facts), -ECANCELED);
	runtime_close(source);
	daemon_stop(&daemon);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(a_name_is_no_id),
		cmocka_unit_test(no_daemon_is_told),
		cmocka_unit_test(cancelling_ends_a_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
