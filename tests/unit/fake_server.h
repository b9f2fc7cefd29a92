/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runtimes that say what a test has them say: a server at a Unix socket of its own, which answers a request a
 * connection, by HTTP/1.1, or by just enough HTTP/2 (RFC 9113), HPACK (RFC 7541) and gRPC to answer one call. And what
 * such tests ask of the facts that come of it. To be included after setjmp.h, stdarg.h and cmocka.h.
 */
#ifndef PLM_TESTS_FAKE_SERVER_H
#define PLM_TESTS_FAKE_SERVER_H

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "container/facts.h"

/* ---- a server ---- */

struct fake_server {
	void (*serve)(struct fake_server *server, int fd); /* one connection, which is closed after it */
	const void *answers;                               /* for `serve` */
	unsigned asked;
	char dir[32], path[64];
	int listen_fd, stop_fd;
	pthread_t thread;
};

static inline void *server_run(void *data)
{
	struct fake_server *server = data;
	struct pollfd fds[] = { { .fd = server->listen_fd, .events = POLLIN },
				{ .fd = server->stop_fd, .events = POLLIN } };

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		_cleanup_close_ int fd = accept(server->listen_fd, NULL, NULL);

		server->serve(server, fd);
	}
	return NULL;
}

static inline void server_start(struct fake_server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(server->dir, "/tmp/plimsoll-server-XXXXXX");
	assert_non_null(mkdtemp(server->dir));
	(void)snprintf(server->path, sizeof(server->path), "%s/sock", server->dir);
	strcpy(address.sun_path, server->path);
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listen_fd, 8), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, server_run, server), 0);
}

static inline void server_stop(struct fake_server *server)
{
	(void)eventfd_write(server->stop_fd, 1);
	(void)pthread_join(server->thread, NULL);
	(void)close(server->listen_fd);
	(void)close(server->stop_fd);
	(void)unlink(server->path);
	(void)rmdir(server->dir);
}

/* Until the test is over with it. */
static inline void server_hang(const struct fake_server *server)
{
	struct pollfd stop = { .fd = server->stop_fd, .events = POLLIN };

	(void)poll(&stop, 1, -1);
}

/* ---- HTTP/1.1 ---- */

/* What is answered to a path that holds `path`: the first that fits; none: 404. The last has no path. */
struct http_route {
	const char *path;
	const char *answer; /* whole */
};

static const char HTTP_HANG[] = "nothing at all", HTTP_MUCH[] = "more than is taken";

#define HTTP_OK(body)            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" body
#define HTTP_NOT_FOUND           "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"message\":\"no such\"}"
#define HTTP_OK_OF(server, body) "HTTP/1.1 200 OK\r\nserver:  " server "\r\nConnection: close\r\n\r\n" body

/* Megabytes of a JSON that is never complete. */
static inline void http_send_much(int fd)
{
	char chunk[4096];

	memset(chunk, ' ', sizeof(chunk));
	(void)send(fd, HTTP_OK("{"), strlen(HTTP_OK("{")), MSG_NOSIGNAL);
	for (int i = 0; i < 1024; i++)
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			return;
}

static inline bool http_read(int fd, char *request, size_t size)
{
	size_t have = 0;

	while (have < size - 1 && !strstr(request, "\r\n\r\n")) {
		ssize_t n = recv(fd, request + have, size - 1 - have, 0);

		if (n <= 0)
			return false;
		have += (size_t)n;
		request[have] = '\0';
	}
	request[strcspn(request, "\r")] = '\0';
	return true;
}

static inline void http_serve(struct fake_server *server, int fd)
{
	const struct http_route *route = server->answers;
	char request[4096] = "";
	const char *answer;

	if (!http_read(fd, request, sizeof(request)))
		return;
	server->asked++;
	while (route->path && !strstr(request, route->path))
		route++;
	answer = route->path ? route->answer : HTTP_NOT_FOUND;
	if (answer == HTTP_HANG)
		server_hang(server);
	else if (answer == HTTP_MUCH)
		http_send_much(fd);
	else
		(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL);
}

/* ---- protobuf, by hand: so that the .proto files are checked against something else ---- */

struct wire {
	uint8_t data[8192];
	size_t size;
};

static inline void wire_byte(struct wire *wire, uint64_t byte)
{
	assert_true(wire->size < sizeof(wire->data));
	wire->data[wire->size++] = (uint8_t)byte;
}

static inline void wire_varint(struct wire *wire, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		wire_byte(wire, (value & 0x7f) | 0x80);
	wire_byte(wire, value);
}

static inline void wire_number(struct wire *wire, unsigned field, uint64_t value)
{
	wire_varint(wire, field << 3);
	wire_varint(wire, value);
}

static inline void wire_bytes(struct wire *wire, unsigned field, const void *data, size_t size)
{
	wire_varint(wire, field << 3 | 2);
	wire_varint(wire, size);
	for (size_t i = 0; i < size; i++)
		wire_byte(wire, ((const uint8_t *)data)[i]);
}

static inline void wire_text(struct wire *wire, unsigned field, const char *text)
{
	wire_bytes(wire, field, text, strlen(text));
}

static inline void wire_message(struct wire *wire, unsigned field, const struct wire *inner)
{
	wire_bytes(wire, field, inner->data, inner->size);
}

/* Of a map of strings. */
static inline void wire_label(struct wire *wire, unsigned field, const char *key, const char *value)
{
	struct wire label = { .size = 0 };

	wire_text(&label, 1, key);
	wire_text(&label, 2, value);
	wire_message(wire, field, &label);
}

/* `inner` as the only field of a message. */
static inline struct wire wire_in(unsigned field, const struct wire *inner)
{
	struct wire wire = { .size = 0 };

	wire_message(&wire, field, inner);
	return wire;
}

/* ---- gRPC ---- */

enum harm {
	NO_HARM,
	HARM_NO_STATUS,  /* no grpc-status at all */
	HARM_COMPRESSED, /* flagged so */
	HARM_SHORT,      /* the frame says more than comes */
	HARM_CUT,        /* the connection ends before the trailer */
	HARM_MUCH,       /* megabytes */
	HARM_HANG,
	HARM_NO_HTTP2,
};

/* In the order of the questions; the last has no `say`, and whoever asks for it is hung up on. */
struct grpc_answer {
	struct wire (*say)(void);
	const char *status; /* grpc-status; NULL "0" */
	enum harm harm;
	struct wire (*more)(void); /* a second message: fine for a stream, and nothing else */
};

static inline struct wire say_nothing(void)
{
	return (struct wire){ .size = 0 };
}

static inline struct wire say_rubbish(void)
{
	return (struct wire){ .data = { 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f }, .size = 6 };
}

#define SAYS(what)                                                                                                     \
	{                                                                                                              \
		.say = say_##what                                                                                      \
	}
#define NOT_FOUND                                                                                                      \
	{                                                                                                              \
		.say = say_nothing, .status = "5"                                                                      \
	}
#define UNIMPLEMENTED                                                                                                  \
	{                                                                                                              \
		.say = say_nothing, .status = "12"                                                                     \
	}

enum { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_SETTINGS = 4, END_STREAM = 1, END_HEADERS = 4 };

static inline void frame_send(int fd, unsigned type, unsigned flags, unsigned stream, const void *data, size_t size)
{
	uint8_t head[9] = { 0, (uint8_t)(size >> 8), (uint8_t)size, (uint8_t)type, (uint8_t)flags, 0, 0,
			    0, (uint8_t)stream };

	(void)send(fd, head, sizeof(head), MSG_NOSIGNAL | MSG_MORE);
	(void)send(fd, data, size, MSG_NOSIGNAL);
}

static inline bool read_whole(int fd, void *data, size_t size)
{
	return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size;
}

/* Reads the client's preface and frames up to the end of its request. */
static inline bool grpc_read(int fd)
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

/* HPACK: 0x00 begins a literal, with lengths below 127, not Huffman-coded. */
static inline void status_send(int fd, const char *status)
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

static inline void message_send(int fd, const struct wire *message, enum harm harm)
{
	struct wire frame = { .size = 0 };

	wire_byte(&frame, harm == HARM_COMPRESSED);
	for (int shift = 24; shift >= 0; shift -= 8)
		wire_byte(&frame, (message->size + (harm == HARM_SHORT)) >> shift);
	for (size_t i = 0; i < message->size; i++)
		wire_byte(&frame, message->data[i]);
	frame_send(fd, FRAME_DATA, harm == HARM_NO_STATUS ? END_STREAM : 0, 1, frame.data, frame.size);
}

static inline void grpc_send(int fd, const struct grpc_answer *answer)
{
	static const char nothing[16384];
	struct wire message = answer->say();

	frame_send(fd, FRAME_SETTINGS, 0, 0, NULL, 0);
	frame_send(fd, FRAME_SETTINGS, 1, 0, NULL, 0);
	frame_send(fd, FRAME_HEADERS, END_HEADERS, 1, "\x88", 1); /* ":status: 200" of HPACK's static table */
	message_send(fd, &message, answer->harm);
	message = answer->more ? answer->more() : message;
	if (answer->more)
		message_send(fd, &message, NO_HARM);
	for (int i = 0; i < 256 && answer->harm == HARM_MUCH; i++)
		frame_send(fd, FRAME_DATA, 0, 1, nothing, sizeof(nothing));
	if (answer->harm != HARM_NO_STATUS && answer->harm != HARM_CUT)
		status_send(fd, answer->status ? answer->status : "0");
}

static inline void grpc_serve(struct fake_server *server, int fd)
{
	const struct grpc_answer *answer = (const struct grpc_answer *)server->answers + server->asked;
	char rest[256];

	if (!answer->say || !grpc_read(fd))
		return;
	server->asked++;
	if (answer->harm == HARM_HANG)
		server_hang(server);
	else if (answer->harm == HARM_NO_HTTP2)
		(void)send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
	else
		grpc_send(fd, answer);
	if (answer->harm != NO_HARM)
		(void)shutdown(fd, SHUT_WR);
	while (recv(fd, rest, sizeof(rest), 0) > 0)
		; /* the client closes: a server that does so first may cut its own answer short */
}

/* ---- facts ---- */

#define LIST(...)                                                                                                      \
	{                                                                                                              \
		.items = (char *[]){ __VA_ARGS__ }, .count = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)        \
	}

static inline void text_check(const char *what, const char *field, const char *got, const char *expected)
{
	if (!got != !expected || (got && strcmp(got, expected) != 0))
		fail_msg("%s: %s is %s, not %s", what, field, got ? got : "unknown", expected ? expected : "unknown");
}

static inline void number_check(const char *what, const char *field, uint64_t got, uint64_t expected)
{
	if (got != expected)
		fail_msg("%s: %s is %#lx, not %#lx", what, field, (unsigned long)got, (unsigned long)expected);
}

static inline void list_check(const char *what, const char *field, const struct label_list *got,
			      const struct label_list *expected)
{
	for (size_t i = 0; i < got->count || i < expected->count; i++)
		text_check(what, field, i < got->count ? got->items[i] : NULL,
			   i < expected->count ? expected->items[i] : NULL);
}

/* One that knows nothing is as good as none. */
static inline void image_check(const char *what, const struct image_facts *got, const struct image_facts *expected)
{
	static const struct image_facts nothing;

	got = got ? got : &nothing;
	expected = expected ? expected : &nothing;
	text_check(what, "image id", got->id, expected->id);
	text_check(what, "user", got->user, expected->user);
	text_check(what, "entry point", got->entry_point, expected->entry_point);
	text_check(what, "exposed", got->exposed, expected->exposed);
	list_check(what, "image labels", &got->labels, &expected->labels);
	list_check(what, "history", &got->history, &expected->history);
	number_check(what, "created", got->created, expected->created);
}

static inline void run_check(const char *what, const struct run_facts *got, const struct run_facts *expected)
{
	number_check(what, "run known", got->known, expected->known);
	number_check(what, "flags", got->flags, expected->flags);
	number_check(what, "capabilities", got->capabilities, expected->capabilities);
	text_check(what, "seccomp", got->seccomp, expected->seccomp);
	text_check(what, "apparmor", got->apparmor, expected->apparmor);
	list_check(what, "mounts", &got->mounts, &expected->mounts);
}

/* Every field. */
static inline void facts_check(const char *what, const struct container_facts *got,
			       const struct container_facts *expected)
{
	static const struct {
		const char *name;
		size_t offset;
	} fields[] = {
		{ "id", offsetof(struct container_facts, id) },
		{ "name", offsetof(struct container_facts, name) },
		{ "runtime", offsetof(struct container_facts, runtime) },
		{ "handler", offsetof(struct container_facts, handler) },
		{ "image name", offsetof(struct container_facts, image_name) },
		{ "image tag", offsetof(struct container_facts, image_tag) },
		{ "image digest", offsetof(struct container_facts, image_digest) },
		{ "pod name", offsetof(struct container_facts, pod_name) },
		{ "pod namespace", offsetof(struct container_facts, pod_namespace) },
		{ "pod uid", offsetof(struct container_facts, pod_uid) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		text_check(what, fields[i].name, *(char *const *)((const char *)got + fields[i].offset),
			   *(char *const *)((const char *)expected + fields[i].offset));
	list_check(what, "labels", &got->labels, &expected->labels);
	image_check(what, got->image, expected->image);
	run_check(what, &got->run, &expected->run);
	number_check(what, "role", got->role, expected->role);
	number_check(what, "pid", got->init_pid, expected->init_pid);
	number_check(what, "started", got->started, expected->started);
}

#endif
