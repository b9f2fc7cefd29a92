/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containerd source against a server that speaks just enough HTTP/2 (RFC 9113) and HPACK (RFC 7541) to
 * give one answer a connection, in the order of a row: what containerd and its CRI plugin would say, and what
 * they should not.
 */
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

#define DIGEST "sha256:1111111111112222222222223333333333334444444444445555555555550000"

/* ---- protobuf, by hand: so that the .proto files are checked against something else ---- */

struct wire {
	uint8_t data[1024];
	size_t size;
};

static void wire_byte(struct wire *wire, uint64_t byte)
{
	assert_true(wire->size < sizeof(wire->data));
	wire->data[wire->size++] = (uint8_t)byte;
}

static void wire_varint(struct wire *wire, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		wire_byte(wire, (value & 0x7f) | 0x80);
	wire_byte(wire, value);
}

static void wire_number(struct wire *wire, unsigned field, uint64_t value)
{
	wire_varint(wire, field << 3);
	wire_varint(wire, value);
}

static void wire_bytes(struct wire *wire, unsigned field, const void *data, size_t size)
{
	wire_varint(wire, field << 3 | 2);
	wire_varint(wire, size);
	for (size_t i = 0; i < size; i++)
		wire_byte(wire, ((const uint8_t *)data)[i]);
}

static void wire_text(struct wire *wire, unsigned field, const char *text)
{
	wire_bytes(wire, field, text, strlen(text));
}

static void wire_label(struct wire *wire, unsigned field, const char *key, const char *value)
{
	struct wire label = { .size = 0 };

	wire_text(&label, 1, key);
	wire_text(&label, 2, value);
	wire_bytes(wire, field, label.data, label.size);
}

/* `inner` as the only field of a message. */
static struct wire wire_in(unsigned field, const struct wire *inner)
{
	struct wire wire = { .size = 0 };

	wire_bytes(&wire, field, inner->data, inner->size);
	return wire;
}

/* ---- what a server can say ---- */

static struct wire say_namespaces(void)
{
	struct wire list = { .size = 0 };

	for (size_t i = 0; i < 3; i++) {
		struct wire one = { .size = 0 };

		wire_text(&one, 1, (const char *[]){ "bad\r\nname: x", "mine", "k8s.io" }[i]);
		wire_label(&one, 2, "unread", "label");
		wire_bytes(&list, 1, one.data, one.size);
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
		wire_label(&container, 2, "other", "x");
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
	return container_of("box", "", false);
}

static struct wire say_labelled(void)
{
	return container_of("box", "docker.io/library/bb:1.0", true);
}

static struct wire say_another(void)
{
	return container_of("bix", "docker.io/library/bb:1.0", false);
}

static struct wire say_image(void)
{
	struct wire target = { .size = 0 }, image = { .size = 0 };

	wire_text(&target, 1, "application/json");
	wire_text(&target, 2, DIGEST);
	wire_number(&target, 3, 1234);
	wire_text(&image, 1, "docker.io/library/bb:1.0");
	wire_bytes(&image, 3, target.data, target.size);
	return wire_in(1, &image);
}

/* A process that is surely not in the cgroup that is asked about. */
static struct wire say_task(void)
{
	struct wire process = { .size = 0 };

	wire_text(&process, 1, "box");
	wire_number(&process, 3, (uint64_t)getpid());
	return wire_in(1, &process);
}

static struct wire status_of(bool labels)
{
	struct wire status = { .size = 0 }, metadata = { .size = 0 }, image = { .size = 0 };

	wire_text(&metadata, 1, "web");
	wire_number(&metadata, 2, 1);
	wire_text(&image, 1, "bb:1.0");
	wire_text(&status, 1, "box");
	wire_bytes(&status, 2, metadata.data, metadata.size);
	wire_number(&status, 5, 1767323045678901234);
	wire_bytes(&status, 8, image.data, image.size);
	wire_text(&status, 9, "docker.io/library/bb@" DIGEST);
	if (labels)
		wire_label(&status, 12, "io.kubernetes.pod.name", "web-1");
	return wire_in(1, &status);
}

static struct wire say_status(void)
{
	return status_of(false);
}

static struct wire say_labelled_status(void)
{
	return status_of(true);
}

/* Only an id in place of a reference. */
static struct wire say_local_status(void)
{
	struct wire status = { .size = 0 }, image = { .size = 0 };

	wire_text(&image, 1, "bb:1.0");
	wire_text(&status, 1, "box");
	wire_bytes(&status, 8, image.data, image.size);
	wire_text(&status, 9, "sha256:0000");
	wire_label(&status, 12, "io.kubernetes.pod.name", "web-1");
	return wire_in(1, &status);
}

static struct wire say_cri_list(void)
{
	struct wire container = { .size = 0 };

	wire_text(&container, 1, "box");
	wire_text(&container, 2, "sandbox");
	return wire_in(1, &container);
}

static struct wire say_sandbox(void)
{
	struct wire status = { .size = 0 }, metadata = { .size = 0 };

	wire_text(&metadata, 1, "web-1");
	wire_text(&metadata, 2, "uid");
	wire_text(&metadata, 3, "prod");
	wire_text(&status, 1, "sandbox");
	wire_bytes(&status, 2, metadata.data, metadata.size);
	return wire_in(1, &status);
}

static struct wire say_nothing(void)
{
	return (struct wire){ .size = 0 };
}

static struct wire say_rubbish(void)
{
	return (struct wire){ .data = { 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f }, .size = 6 };
}

enum harm {
	NO_HARM,
	HARM_NO_STATUS,  /* no grpc-status at all */
	HARM_COMPRESSED, /* flagged so */
	HARM_SHORT,      /* the frame says more than comes */
	HARM_CUT,        /* the connection ends before the trailer */
	HARM_HANG,
	HARM_NO_HTTP2,
};

struct answer {
	struct wire (*say)(void);
	const char *status; /* grpc-status; NULL "0" */
	enum harm harm;
};

/* ---- the server ---- */

enum { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_SETTINGS = 4, END_STREAM = 1, END_HEADERS = 4 };

struct server {
	char dir[40], path[64];
	int listen_fd, stop_fd;
	pthread_t thread;
	const struct answer *answers;
	unsigned asked;
};

static void frame_send(int fd, unsigned type, unsigned flags, unsigned stream, const void *data, size_t size)
{
	uint8_t head[9] = { 0, (uint8_t)(size >> 8), (uint8_t)size, (uint8_t)type, (uint8_t)flags, 0, 0,
			    0, (uint8_t)stream };

	(void)send(fd, head, sizeof(head), MSG_NOSIGNAL | MSG_MORE);
	(void)send(fd, data, size, MSG_NOSIGNAL);
}

static bool read_whole(int fd, void *data, size_t size)
{
	return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

/* Reads the client's preface and frames up to the end of its request. */
static bool request_read(int fd)
{
	uint8_t head[9], body[4096];

	if (!read_whole(fd, body, 24))
		return false;
	do {
		size_t size;

		if (!read_whole(fd, head, sizeof(head)))
			return false;
		size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
		if (size > sizeof(body) || (size && !read_whole(fd, body, size)))
			return false;
	} while (head[3] > FRAME_HEADERS || !(head[4] & END_STREAM));
	return true;
}

/* HPACK: 0x88 is ":status: 200" of the static table; 0x00 a literal, with lengths below 127, not
 * Huffman-coded. */
static void status_send(int fd, const char *status)
{
	struct wire trailer = { .size = 0 };

	wire_byte(&trailer, 0);
	wire_byte(&trailer, strlen("grpc-status"));
	for (const char *at = "grpc-status"; *at; at++)
		wire_byte(&trailer, (uint8_t)*at);
	wire_byte(&trailer, strlen(status));
	for (const char *at = status; *at; at++)
		wire_byte(&trailer, (uint8_t)*at);
	frame_send(fd, FRAME_HEADERS, END_HEADERS | END_STREAM, 1, trailer.data, trailer.size);
}

static void answer_send(int fd, const struct answer *answer)
{
	struct wire message = answer->say(), frame = { .size = 0 };

	frame_send(fd, FRAME_SETTINGS, 0, 0, NULL, 0);
	frame_send(fd, FRAME_SETTINGS, 1, 0, NULL, 0);
	frame_send(fd, FRAME_HEADERS, END_HEADERS, 1, "\x88", 1);
	wire_byte(&frame, answer->harm == HARM_COMPRESSED);
	for (int shift = 24; shift >= 0; shift -= 8)
		wire_byte(&frame, (message.size + (answer->harm == HARM_SHORT)) >> shift);
	for (size_t i = 0; i < message.size; i++)
		wire_byte(&frame, message.data[i]);
	frame_send(fd, FRAME_DATA, answer->harm == HARM_NO_STATUS ? END_STREAM : 0, 1, frame.data, frame.size);
	if (answer->harm != HARM_NO_STATUS && answer->harm != HARM_CUT)
		status_send(fd, answer->status ? answer->status : "0");
}

static void connection_serve(struct server *server, int fd)
{
	const struct answer *answer = &server->answers[server->asked];
	struct pollfd stop = { .fd = server->stop_fd, .events = POLLIN };
	char rest[256];

	if (!answer->say || !request_read(fd))
		return;
	server->asked++;
	if (answer->harm == HARM_HANG)
		(void)poll(&stop, 1, -1);
	else if (answer->harm == HARM_NO_HTTP2)
		(void)send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
	else
		answer_send(fd, answer);
	if (answer->harm != NO_HARM)
		(void)shutdown(fd, SHUT_WR);
	while (recv(fd, rest, sizeof(rest), 0) > 0)
		; /* the client closes: a server that does so first may cut its own answer short */
}

static void *server_run(void *data)
{
	struct server *server = data;
	struct pollfd fds[] = { { .fd = server->listen_fd, .events = POLLIN },
				{ .fd = server->stop_fd, .events = POLLIN } };

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		_cleanup_close_ int fd = accept(server->listen_fd, NULL, NULL);

		connection_serve(server, fd);
	}
	return NULL;
}

static void server_start(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(server->dir, "/tmp/plimsoll-containerd-XXXXXX");
	assert_non_null(mkdtemp(server->dir));
	(void)snprintf(server->path, sizeof(server->path), "%s/sock", server->dir);
	strcpy(address.sun_path, server->path);
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listen_fd, 8), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static void server_stop(struct server *server)
{
	(void)eventfd_write(server->stop_fd, 1);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listen_fd);
	(void)close(server->stop_fd);
	(void)unlink(server->path);
	(void)rmdir(server->dir);
}

/* ---- rows ---- */

struct row {
	const char *what;
	const char *path;
	struct answer answers[9]; /* in the order of the questions; all must be asked for */
	int status;
	struct container_facts facts;
};

#define NOT_FOUND                                                                                                      \
	{                                                                                                              \
		say_nothing, "5", NO_HARM                                                                              \
	}
#define UNIMPLEMENTED                                                                                                  \
	{                                                                                                              \
		say_nothing, "12", NO_HARM                                                                             \
	}
#define FACTS(image, ...)                                                                                              \
	{                                                                                                              \
		.id = "box", .runtime = "containerd", .image_name = image, .image_tag = "1.0", .image_digest = DIGEST, \
		__VA_ARGS__                                                                                            \
	}

/* The list has "mine" and "k8s.io"; one whose name cannot stand in a header is never asked for. */
static const struct row rows[] = {
	{ "by ctr",
	  "/mine/box",
	  { { .say = say_namespaces }, { .say = say_container }, NOT_FOUND, { .say = say_image } },
	  0,
	  FACTS("docker.io/library/bb", .name = "box") },
	{ "the path's namespace is the first asked",
	  "/k8s.io/box",
	  { { .say = say_namespaces }, { .say = say_labelled }, NOT_FOUND, { .say = say_image }, UNIMPLEMENTED },
	  0,
	  FACTS("docker.io/library/bb", .name = "box", .pod_name = "web-1", .pod_namespace = "prod") },
	{ "by the CRI, with its labels",
	  "/pods/box",
	  { { .say = say_namespaces },
	    NOT_FOUND,
	    { .say = say_labelled },
	    NOT_FOUND,
	    { .say = say_image },
	    { .say = say_labelled_status } },
	  0,
	  FACTS("bb", .name = "web", .pod_name = "web-1", .pod_namespace = "prod", .started = 1767323045) },
	{ "by the CRI, without labels",
	  "/pods/box",
	  { { .say = say_namespaces },
	    NOT_FOUND,
	    { .say = say_container },
	    NOT_FOUND,
	    { .say = say_image },
	    { .say = say_status },
	    { .say = say_cri_list },
	    { .say = say_sandbox } },
	  0,
	  FACTS("bb", .name = "web", .pod_name = "web-1", .pod_namespace = "prod", .started = 1767323045) },
	{ "a pod's own container",
	  "/pods/box",
	  { { .say = say_namespaces },
	    NOT_FOUND,
	    { .say = say_container },
	    NOT_FOUND,
	    { .say = say_image },
	    NOT_FOUND,
	    { .say = say_sandbox } },
	  0,
	  FACTS("docker.io/library/bb", .name = "box", .pod_name = "web-1", .pod_namespace = "prod") },
	{ "by the CRI, an image that no registry has",
	  "/pods/box",
	  { { .say = say_namespaces },
	    NOT_FOUND,
	    { .say = say_container },
	    NOT_FOUND,
	    { .say = say_image },
	    { .say = say_local_status } },
	  0,
	  FACTS("bb", .name = "box", .pod_name = "web-1") },
	{ "Docker's",
	  "/docker/box",
	  { { .say = say_moby }, { .say = say_imageless }, NOT_FOUND },
	  0,
	  { .id = "box", .name = "box", .runtime = "docker" } },
	{ "the image is gone",
	  "/mine/box",
	  { { .say = say_namespaces }, { .say = say_container }, NOT_FOUND, NOT_FOUND },
	  0,
	  { .id = "box",
	    .name = "box",
	    .runtime = "containerd",
	    .image_name = "docker.io/library/bb",
	    .image_tag = "1.0" } },
	{ "the image is rubbish",
	  "/mine/box",
	  { { .say = say_namespaces }, { .say = say_container }, NOT_FOUND, { .say = say_rubbish } },
	  0,
	  { .id = "box",
	    .name = "box",
	    .runtime = "containerd",
	    .image_name = "docker.io/library/bb",
	    .image_tag = "1.0" } },
	{ "nobody's", "/mine/box", { { .say = say_namespaces }, NOT_FOUND, NOT_FOUND }, -ENOENT, { 0 } },
	{ "its process is elsewhere",
	  "/mine/box",
	  { { .say = say_namespaces }, { .say = say_container }, { .say = say_task }, NOT_FOUND },
	  -ENOENT,
	  { 0 } },
	{ "another's answer", "/mine/box", { { .say = say_namespaces }, { .say = say_another } }, -EBADMSG, { 0 } },
	{ "an empty answer", "/mine/box", { { .say = say_namespaces }, { .say = say_nothing } }, -EBADMSG, { 0 } },
	{ "no namespaces", "/mine/box", { { .say = say_nothing } }, -ENOENT, { 0 } },
	{ "an error", "/mine/box", { { say_nothing, "13", NO_HARM } }, -EPROTO, { 0 } },
	{ "rubbish", "/mine/box", { { .say = say_rubbish } }, -EBADMSG, { 0 } },
	{ "no status", "/mine/box", { { say_namespaces, NULL, HARM_NO_STATUS } }, -EBADMSG, { 0 } },
	{ "a status that is none", "/mine/box", { { say_namespaces, "fine", NO_HARM } }, -EBADMSG, { 0 } },
	{ "compressed", "/mine/box", { { say_namespaces, NULL, HARM_COMPRESSED } }, -EBADMSG, { 0 } },
	{ "a short frame", "/mine/box", { { say_namespaces, NULL, HARM_SHORT } }, -EBADMSG, { 0 } },
	{ "cut before its end", "/mine/box", { { say_namespaces, NULL, HARM_CUT } }, -EBADMSG, { 0 } },
	{ "no HTTP/2", "/mine/box", { { say_namespaces, NULL, HARM_NO_HTTP2 } }, -EBADMSG, { 0 } },
	{ "no answer",
	  "/mine/box",
	  { { .say = say_namespaces }, { say_container, NULL, HARM_HANG } },
	  -ETIMEDOUT,
	  { 0 } },
};

static void text_check(const char *what, const char *got, const char *expected)
{
	if (!got != !expected || (got && strcmp(got, expected) != 0))
		fail_msg("%s: %s, not %s", what, got ? got : "nothing", expected ? expected : "nothing");
}

static void facts_check(const struct row *row, const struct container_facts *facts)
{
	text_check(row->what, facts->id, row->facts.id);
	text_check(row->what, facts->name, row->facts.name);
	text_check(row->what, facts->runtime, row->facts.runtime);
	text_check(row->what, facts->image_name, row->facts.image_name);
	text_check(row->what, facts->image_tag, row->facts.image_tag);
	text_check(row->what, facts->image_digest, row->facts.image_digest);
	text_check(row->what, facts->pod_name, row->facts.pod_name);
	text_check(row->what, facts->pod_namespace, row->facts.pod_namespace);
	assert_int_equal(facts->started, row->facts.started);
}

static void row_check(const struct row *row)
{
	struct server server = { .answers = row->answers };
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
	facts_check(row, &facts);
	if (server.asked != wanted)
		fail_msg("%s: %u questions, not %u", row->what, server.asked, wanted);
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
	const struct answer answers[] = { { say_version, NULL, NO_HARM }, { NULL, NULL, NO_HARM } };
	struct server server = { .answers = answers };
	struct runtime_source *source = NULL;
	char version[16] = "";

	(void)state;
	server_start(&server);
	assert_int_equal(containerd_ops.open((const char *const[]){ server.path, NULL }, "", &source), 0);
	assert_int_equal(containerd_ops.probe(source, version, sizeof(version)), 0);
	assert_string_equal(version, "1.6.20");
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
