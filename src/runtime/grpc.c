/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/grpc.h"

#include <string.h>

#include "base/cleanup.h"

#define FRAME_HEAD 5

enum { GRPC_OK = 0, GRPC_NOT_FOUND = 5, GRPC_UNIMPLEMENTED = 12 };

static int status_error(const struct http_answer *answer)
{
	if (answer->grpc_status == GRPC_NOT_FOUND)
		return -ENOENT;
	if (answer->grpc_status == GRPC_UNIMPLEMENTED)
		return -EOPNOTSUPP;
	if (answer->grpc_status > GRPC_OK)
		return -EPROTO;
	return answer->grpc_status == GRPC_OK && answer->status == 200 ? 0 : -EBADMSG;
}

static int frame_new(const ProtobufCMessage *message, uint8_t **ret_frame, size_t *ret_size)
{
	size_t length = message ? protobuf_c_message_get_packed_size(message) : 0;
	uint8_t *frame = calloc(1, FRAME_HEAD + length);

	if (!frame)
		return -ENOMEM;
	for (int i = 0; i < 4; i++)
		frame[1 + i] = (uint8_t)(length >> (24 - 8 * i));
	if (message)
		(void)protobuf_c_message_pack(message, frame + FRAME_HEAD);
	*ret_frame = frame;
	*ret_size = FRAME_HEAD + length;
	return 0;
}

/* The first frame of `size` bytes, which is not compressed: nothing else was asked for. */
static int frame_open(const uint8_t *frame, size_t size, const ProtobufCMessageDescriptor *type, size_t *ret_taken,
		      ProtobufCMessage **ret_message)
{
	ProtobufCMessage *message = NULL;
	size_t length = 0;

	if (size < FRAME_HEAD || frame[0] != 0)
		return -EBADMSG;
	for (int i = 0; i < 4; i++)
		length = length << 8 | frame[1 + i];
	if (length > size - FRAME_HEAD)
		return -EBADMSG;
	message = protobuf_c_message_unpack(type, NULL, length, frame + FRAME_HEAD);
	if (!message)
		return -EBADMSG;
	*ret_taken = FRAME_HEAD + length;
	*ret_message = message;
	return 0;
}

/* What containerd allows in a namespace; above all no end of line. */
static bool namespace_sane(const char *namespace)
{
	size_t length = strlen(namespace);

	return length > 0 && length < 128 &&
	       strspn(namespace, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length;
}

/* All frames of the answer, once its status is good. */
static int call_make(struct http *http, const struct grpc_call *call, uint8_t **ret_frames, size_t *ret_size)
{
	char namespace[192] = "";
	const char *const headers[] = { "Content-Type: application/grpc", "TE: trailers",
					call->namespace ? namespace : NULL, NULL };
	struct http_request request = { .path = call->method, .headers = headers, .http2 = true };
	struct http_answer answer = { 0 };
	_cleanup_free_ uint8_t *frame = NULL, *body = NULL;
	int r;

	if (call->namespace && !namespace_sane(call->namespace))
		return -EINVAL;
	if (call->namespace)
		(void)snprintf(namespace, sizeof(namespace), "containerd-namespace: %s", call->namespace);
	r = frame_new(call->request, &frame, &request.size);
	if (r < 0)
		return r;
	request.body = frame;
	r = http_ask(http, &request, &answer);
	if (r < 0)
		return r;
	body = answer.body;
	r = status_error(&answer);
	if (r < 0)
		return r;
	*ret_frames = take_ptr(body);
	*ret_size = answer.size;
	return 0;
}

int grpc_ask(struct http *http, const struct grpc_call *call, ProtobufCMessage **ret_answer)
{
	_cleanup_(message_done) ProtobufCMessage *message = NULL;
	_cleanup_free_ uint8_t *frames = NULL;
	size_t size, taken;
	int r = call_make(http, call, &frames, &size);

	if (r == 0)
		r = frame_open(frames, size, call->answer, &taken, &message);
	if (r < 0)
		return r;
	if (taken != size)
		return -EBADMSG;
	*ret_answer = take_ptr(message);
	return 0;
}

int grpc_ask_each(struct http *http, const struct grpc_call *call,
		  int (*take)(const ProtobufCMessage *message, void *data), void *data)
{
	_cleanup_free_ uint8_t *frames = NULL;
	size_t size = 0, taken;
	int r = call_make(http, call, &frames, &size);

	for (size_t at = 0; r == 0 && at < size; at += taken) {
		_cleanup_(message_done) ProtobufCMessage *message = NULL;

		r = frame_open(frames + at, size - at, call->answer, &taken, &message);
		if (r == 0)
			r = take(message, data);
	}
	return r;
}
