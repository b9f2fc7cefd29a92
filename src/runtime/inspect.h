/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ContainerInspect, of Docker's Engine API (https://docs.docker.com/reference/api/engine/) and of Podman's own (libpod:
 * https://docs.podman.io/en/latest/_static/api.html), which has the same fields and some more. Pure; what is missing
 * or of another type than it should be stays unknown.
 */
#ifndef PLM_RUNTIME_INSPECT_H
#define PLM_RUNTIME_INSPECT_H

#include <jansson.h>

#include "container/facts.h"

/* Adds name, first process, time, handler and how it was started; nothing of its image, labels or pod. 0 or -ENOMEM. */
int inspect_fill(const json_t *answer, struct container_facts *facts);

#endif
