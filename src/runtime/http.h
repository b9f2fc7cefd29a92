/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request at a time to a Unix socket, by libcurl. Who answers is not trusted: an answer has
 * HTTP_ANSWER_MAX bytes at most, and must be whole before the deadline. Nothing is followed, no proxy is
 * asked, no variable of the environment counts.
 */
#ifndef PLM_RUNTIME_HTTP_H
#define PLM_RUNTIME_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ANSWER_MAX (1024 * 1024)
#define HTTP_SERVER_MAX 64 /* bytes kept of what a server calls itself, with the NUL */

struct http;

struct http_request {
	const char *path;           /* "/version" */
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	const void *body;           /* NULL: GET, else POST */
	size_t size;
	bool http2; /* without TLS or upgrade ("prior knowledge") */
};

struct http_answer {
	long status;
	uint8_t *body; /* the caller's, to be freed; one NUL lies behind it, which size does not count */
	size_t size;
	int grpc_status;              /* of header or trailer grpc-status; -1 without one */
	char server[HTTP_SERVER_MAX]; /* header Server; "" without one */
};

/* The socket is not touched yet. NULL when out of memory. http_free takes NULL. */
struct http *http_new(const char *socket);
void http_free(struct http *http);

/* All requests from here on must be answered within so many milliseconds from now, together. */
void http_set_deadline(struct http *http, unsigned milliseconds);

/*
 * 0: *ret_answer is filled, whatever its status. -ENOTCONN: nobody listens at the socket. -EACCES: it may not be used.
 * -ETIMEDOUT. -EFBIG: more than HTTP_ANSWER_MAX. -EBADMSG: not HTTP, or cut short. -ECANCELED: http_cancel was called.
 * -ENOMEM. -ELIBACC: there is no libcurl (runtime/curl.h).
 */
int http_ask(struct http *http, const struct http_request *request, struct http_answer *ret_answer);

/* From any thread: the request that runs, and every later one, ends at once with -ECANCELED. */
void http_cancel(struct http *http);

#endif
