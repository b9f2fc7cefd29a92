/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One gRPC call over HTTP/2 without TLS, answered by one message or a stream of them. The wire: a POST to /package.Service/Method, a body of one
 * byte (compressed or not), a big-endian length and the message; the outcome in a trailer `grpc-status`.
 * (grpc/doc/PROTOCOL-HTTP2.md in the repository of grpc.)
 */
#ifndef PLM_RUNTIME_GRPC_H
#define PLM_RUNTIME_GRPC_H

#include <protobuf-c/protobuf-c.h>

#include "runtime/http.h"

struct grpc_call {
	const char *method;                       /* "/containerd.services.version.v1.Version/Version" */
	const char *namespace;                    /* of containerd; NULL none */
	const ProtobufCMessage *request;          /* NULL: an empty one */
	const ProtobufCMessageDescriptor *answer; /* its type */
};

/*
 * 0: *ret_answer is the caller's, to be freed with protobuf_c_message_free_unpacked(answer, NULL).
 * -ENOENT (NOT_FOUND), -EOPNOTSUPP (UNIMPLEMENTED: the service is not there), -EPROTO (any other
 * grpc-status), -EBADMSG (what came is no gRPC, or not such a message), -EINVAL (the namespace cannot be put
 * into a header), and those of http_ask.
 */
int grpc_ask(struct http *http, const struct grpc_call *call, ProtobufCMessage **ret_answer);

/*
 * As grpc_ask, for an answer of several messages: each is given to `take` in turn, and is gone after it, once all have
 * come and the status is good. What `take` answers other than 0 ends it and is given back; no message at all is fine.
 */
int grpc_ask_each(struct http *http, const struct grpc_call *call,
		  int (*take)(const ProtobufCMessage *message, void *data), void *data);

/* protobuf-c frees every message by its own function, which all do the same: for _cleanup_(message_done). */
static inline void message_done(void *message)
{
	if (*(ProtobufCMessage **)message)
		protobuf_c_message_free_unpacked(*(ProtobufCMessage **)message, NULL);
}

#endif
