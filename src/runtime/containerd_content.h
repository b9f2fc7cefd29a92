/* SPDX-License-Identifier: Apache-2.0 */
/* An image of containerd's, by its own API: the digest of its name, and its configuration from the content store. */
#ifndef PLM_RUNTIME_CONTAINERD_CONTENT_H
#define PLM_RUNTIME_CONTAINERD_CONTENT_H

#include "container/facts.h"
#include "runtime/http.h"

/*
 * facts->image_digest, then facts->image (a new one where there is none). Of an image for several machines the one for
 * this machine's architecture, else the first. 0, -ENOENT: no such image, or its content is not here; -ENOMEM; else as
 * grpc_ask. Whatever the outcome, `facts` may have got something.
 */
int containerd_image_fill(struct http *http, const char *namespace, const char *name, struct container_facts *facts);

#endif
