/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stays of a container when it is stopped and started again, when its cgroup and its place in the registry are new:
 * what was told of it is remembered by this.
 */
#ifndef PLM_TELL_KEY_H
#define PLM_TELL_KEY_H

#include "container/registry.h"

/* Made of its id; of its cgroup where that is unknown. Never 0. */
uint64_t container_key(const struct container *container);

/* The one of that key that is there, or NULL. Looks at all. */
const struct container *container_of_key(struct registry *registry, uint64_t key);

#endif
