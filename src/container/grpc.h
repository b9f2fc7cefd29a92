/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One unary gRPC call over HTTP/2 without TLS. The wire: a POST to /package.Service/Method, a body of one
 * byte (compressed or not), a big-endian length and the message; the outcome in a trailer `grpc-status`.
 * (grpc/doc/PROTOCOL-HTTP2.md in the repository of grpc.)
 */
#ifndef PLM_CONTAINER_GRPC_H
#define PLM_CONTAINER_GRPC_H

#include <protobuf-c/protobuf-c.h>

#include "container/http.h"

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

#endif
