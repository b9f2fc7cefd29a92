/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http.h"

#include <stdatomic.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "runtime/curl.h"

#define HEADER_BYTES_MAX (64 * 1024)

struct http {
	const struct curl *curl; /* NULL until the first request */
	_Atomic(CURLM *) multi;  /* keeps an HTTP/1.1 connection between requests */
	char *socket;
	atomic_bool cancelled;
	uint64_t deadline; /* CLOCK_MONOTONIC, ms */
};

/* What the callbacks of one transfer fill. */
struct transfer {
	uint8_t *body;
	size_t size;
	size_t header_bytes;
	int grpc_status;
	char server[HTTP_SERVER_MAX];
	int error;
};

static inline void transfer_done(struct transfer *transfer)
{
	free(transfer->body);
}

/* One request, with what it holds of the library. */
struct easy {
	const struct curl *curl;
	CURL *handle;
	struct curl_slist *headers;
};

static inline void easy_done(struct easy *easy)
{
	if (!easy->curl)
		return;
	easy->curl->slist_free_all(easy->headers);
	easy->curl->easy_cleanup(easy->handle);
}

struct http *http_new(const char *socket)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	http->socket = strdup(socket);
	if (http->socket)
		return http;
	http_free(http);
	return NULL;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->multi)
		(void)http->curl->multi_cleanup(http->multi);
	free(http->socket);
	free(http);
}

/* Before the first request. Where there is no socket nobody needs the library. */
static int http_begin(struct http *http)
{
	if (http->multi)
		return 0;
	if (access(http->socket, F_OK) && errno == ENOENT)
		return -ENOTCONN;
	http->curl = curl_library();
	if (!http->curl)
		return -ELIBACC;
	atomic_store(&http->multi, http->curl->multi_init());
	return http->multi ? 0 : -ENOMEM;
}

void http_set_deadline(struct http *http, unsigned milliseconds)
{
	http->deadline = monotonic_ms() + milliseconds;
}

void http_cancel(struct http *http)
{
	CURLM *multi;

	atomic_store(&http->cancelled, true); /* what begins from here on sees that before it waits */
	multi = atomic_load(&http->multi);
	if (multi)
		(void)http->curl->multi_wakeup(multi);
}

/* Any other value than `length` makes curl end the transfer; the reason is left in `error`. */
static size_t body_take(char *data, size_t one, size_t length, void *user)
{
	struct transfer *transfer = user;
	uint8_t *body = NULL;

	(void)one;
	if (length > HTTP_ANSWER_MAX - transfer->size) {
		transfer->error = -EFBIG;
		return 0;
	}
	body = realloc(transfer->body, transfer->size + length + 1);
	if (!body) {
		transfer->error = -ENOMEM;
		return 0;
	}
	memcpy(body + transfer->size, data, length);
	transfer->size += length;
	body[transfer->size] = '\0';
	transfer->body = body;
	return length;
}

static void grpc_status_take(const char *value, size_t length, struct transfer *transfer)
{
	int status = 0;
	size_t at = 0;

	for (; at < length && at < 3 && value[at] >= '0' && value[at] <= '9'; at++)
		status = status * 10 + (value[at] - '0');
	if (at > 0)
		transfer->grpc_status = status;
}

static void server_take(const char *value, size_t length, struct transfer *transfer)
{
	(void)snprintf(transfer->server, sizeof(transfer->server), "%.*s", (int)length, value);
}

static const struct {
	const char *name;
	void (*take)(const char *value, size_t length, struct transfer *transfer);
} headers_read[] = {
	{ "grpc-status:", grpc_status_take },
	{ "server:", server_take },
};

/* Called for headers and trailers alike, one line each, without a NUL. */
static size_t header_take(char *data, size_t one, size_t length, void *user)
{
	struct transfer *transfer = user;

	(void)one;
	transfer->header_bytes += length;
	if (transfer->header_bytes > HEADER_BYTES_MAX) {
		transfer->error = -EFBIG;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(headers_read); i++) {
		size_t at = strlen(headers_read[i].name), end = length;

		if (length < at || strncasecmp(data, headers_read[i].name, at) != 0)
			continue;
		while (at < end && data[at] == ' ')
			at++;
		while (end > at && (data[end - 1] == '\n' || data[end - 1] == '\r'))
			end--;
		headers_read[i].take(data + at, end - at, transfer);
	}
	return length;
}

static int headers_set(struct easy *easy, const char *const *headers)
{
	for (; headers && *headers; headers++) {
		struct curl_slist *longer = easy->curl->slist_append(easy->headers, *headers);

		if (!longer)
			return -ENOMEM;
		easy->headers = longer;
	}
	return 0;
}

static void easy_prepare(const struct easy *easy, const struct http *http, const struct http_request *request,
			 struct transfer *transfer)
{
	__typeof__(&curl_easy_setopt) set = easy->curl->easy_setopt;

	set(easy->handle, CURLOPT_NOSIGNAL, 1L);
	set(easy->handle, CURLOPT_PROXY, "");
	set(easy->handle, CURLOPT_PROTOCOLS_STR, "http");
	set(easy->handle, CURLOPT_UNIX_SOCKET_PATH, http->socket);
	set(easy->handle, CURLOPT_HTTPHEADER, easy->headers);
	set(easy->handle, CURLOPT_WRITEFUNCTION, body_take);
	set(easy->handle, CURLOPT_WRITEDATA, transfer);
	set(easy->handle, CURLOPT_HEADERFUNCTION, header_take);
	set(easy->handle, CURLOPT_HEADERDATA, transfer);
	set(easy->handle, CURLOPT_HTTP_VERSION,
	    request->http2 ? (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : (long)CURL_HTTP_VERSION_1_1);
	/* libcurl 7.88 (Debian 12) fails the second HTTP/2 request on a connection made by prior knowledge. */
	set(easy->handle, CURLOPT_FORBID_REUSE, request->http2 ? 1L : 0L);
	if (request->body) {
		set(easy->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
		set(easy->handle, CURLOPT_POSTFIELDS, request->body);
	}
}

static int url_set(const struct easy *easy, const char *path)
{
	_cleanup_free_ char *url = NULL;

	if (asprintf(&url, "http://localhost%s", path) < 0)
		return -ENOMEM;
	return easy->curl->easy_setopt(easy->handle, CURLOPT_URL, url) == CURLE_OK ? 0 : -ENOMEM;
}

static int error_of(CURLcode code)
{
	static const struct {
		CURLcode code;
		int error;
	} errors[] = {
		{ CURLE_OK, 0 },
		{ CURLE_COULDNT_CONNECT, -ENOTCONN },
		{ CURLE_COULDNT_RESOLVE_HOST, -ENOTCONN }, /* the path is too long for a socket's address */
		{ CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
		{ CURLE_OUT_OF_MEMORY, -ENOMEM },
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == code)
			return errors[i].error;
	return -EBADMSG;
}

/* Why nobody answered: a socket that this process may not use is no absent one. */
static int connect_error(const struct easy *easy)
{
	long error = 0;

	(void)easy->curl->easy_getinfo(easy->handle, CURLINFO_OS_ERRNO, &error);
	return error == EACCES || error == EPERM ? -EACCES : -ENOTCONN;
}

/* Drives the one transfer to its end, the deadline, or http_cancel. */
static int transfer_run(struct http *http)
{
	int running = 1, left;

	for (;;) {
		uint64_t now = monotonic_ms();

		if (atomic_load(&http->cancelled))
			return -ECANCELED;
		if (http->curl->multi_perform(http->multi, &running) != CURLM_OK)
			return -EBADMSG;
		if (!running)
			break;
		if (now >= http->deadline)
			return -ETIMEDOUT;
		if (http->curl->multi_poll(http->multi, NULL, 0, (int)(http->deadline - now), NULL) != CURLM_OK)
			return -EBADMSG;
	}
	for (CURLMsg *message; (message = http->curl->multi_info_read(http->multi, &left));)
		if (message->msg == CURLMSG_DONE)
			return error_of(message->data.result);
	return -EBADMSG;
}

int http_ask(struct http *http, const struct http_request *request, struct http_answer *ret_answer)
{
	_cleanup_(easy_done) struct easy easy = { 0 };
	_cleanup_(transfer_done) struct transfer transfer = { .grpc_status = -1 };
	long status = 0;
	int r;

	r = http_begin(http);
	if (r < 0)
		return r;
	easy = (struct easy){ http->curl, http->curl->easy_init(), NULL };
	r = easy.handle ? headers_set(&easy, request->headers) : -ENOMEM;
	if (r < 0)
		return r;
	r = url_set(&easy, request->path);
	if (r < 0)
		return r;
	easy_prepare(&easy, http, request, &transfer);
	if (http->curl->multi_add_handle(http->multi, easy.handle) != CURLM_OK)
		return -ENOMEM;
	r = transfer_run(http);
	(void)http->curl->multi_remove_handle(http->multi, easy.handle);
	if (transfer.error)
		return transfer.error;
	if (r < 0)
		return r == -ENOTCONN ? connect_error(&easy) : r;
	(void)easy.curl->easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &status);
	ret_answer->status = status;
	ret_answer->grpc_status = transfer.grpc_status;
	memcpy(ret_answer->server, transfer.server, sizeof(ret_answer->server));
	ret_answer->size = transfer.size;
	ret_answer->body = take_ptr(transfer.body);
	return 0;
}
