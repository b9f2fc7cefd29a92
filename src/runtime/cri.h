/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Kubernetes container runtime interface, runtime.v1, as containerd's plugin and CRI-O serve it:
 * https://github.com/kubernetes/cri-api. Deadline and cancellation are those of `http`.
 */
#ifndef PLM_RUNTIME_CRI_H
#define PLM_RUNTIME_CRI_H

#include "container/facts.h"
#include "runtime/http.h"

/*
 * A container with its pod, or a pod's sandbox: names, image, labels and annotations (as labels; the container's before
 * its pod's), role, time. `verbose`: what the runtime says beyond the interface too: first process, how it was started.
 * The interface does not tell a pod's init and ephemeral containers from its others: all are ordinary. What fails after
 * the first answer leaves its facts unknown.
 *
 * 0; -ENOENT: it is neither; -EOPNOTSUPP: nobody serves the interface here; -ENOMEM; else as grpc_ask. Whatever the
 * outcome, `facts` may have got something.
 */
int cri_fill(struct http *http, const char *id, bool verbose, struct container_facts *facts);

/*
 * The image by id or by reference into facts->image (a new one where there is none), and the name and digest of its
 * repository where facts lack them. 0, -ENOENT, -ENOMEM, else as grpc_ask.
 */
int cri_image_fill(struct http *http, const char *reference, struct container_facts *facts);

/* A label that the kubelet sets: into the field that it names. Others do nothing. 0 or -ENOMEM. */
int cri_label_fill(const char *key, const char *value, struct container_facts *facts);

/* "NAME VERSION" of the runtime, cut to `size`. 0 or as grpc_ask. */
int cri_version(struct http *http, char *ret_version, size_t size);

#endif
