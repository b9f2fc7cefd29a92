/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers that are watched, by the id of their root cgroup, and the events that wait for a name. Has
 * no clock: times are arguments, in the caller's unit of choice (CLOCK_BOOTTIME ns in the agent).
 *
 * Bounds: `max` containers (then -ENOSPC, counted: it stays unwatched by name); waiting events up to
 * REGISTRY_HOLD_BYTES a container and REGISTRY_HOLD_TOTAL together (then -ENOSPC, counted: the caller lets
 * the event go on without a name).
 */
#ifndef PLM_CONTAINER_REGISTRY_H
#define PLM_CONTAINER_REGISTRY_H

#include "container/container.h"

#define REGISTRY_MAX        4096
#define REGISTRY_HOLD_BYTES (512 * 1024)
#define REGISTRY_HOLD_TOTAL (8 * 1024 * 1024)

struct registry;

/* `release` is called before a container is freed, for what others hung on it (rootfs); may be NULL. NULL
 * when out of memory. */
struct registry *registry_new(size_t max, void (*release)(struct container *container, void *data), void *data);
void registry_free(struct registry *registry); /* takes NULL */

/*
 * A new container in state CONTAINER_WAITING; `path` is copied. 0: *ret_container is the registry's, valid
 * until it is removed. -EEXIST, -ENOSPC, -ENOMEM.
 */
int registry_add(struct registry *registry, uint64_t cgroup, const char *path, struct container **ret_container);

/* NULL where there is none. */
struct container *registry_get(struct registry *registry, uint64_t cgroup);

/* Frees it, with the events that wait for it (counted as dropped). 0 or -ENOENT. */
int registry_remove(struct registry *registry, uint64_t cgroup);

/* In no order. `call` may change the container, but not add or remove any. */
void registry_for_each(struct registry *registry, void (*call)(struct container *container, void *data), void *data);

size_t registry_size(const struct registry *registry);

/* Keeps a copy of `size` bytes that came at `now`, for the container of that id. 0, -ENOENT, -ENOSPC,
 * -ENOMEM. */
int registry_hold(struct registry *registry, uint64_t cgroup, const void *blob, size_t size, uint64_t now);

/*
 * Gives every event that waits for the container to `call`, in the order in which they came, and forgets
 * them. The blob is aligned for any type and valid during the call, which may add, remove and hold. The
 * number given.
 */
size_t registry_release(struct registry *registry, uint64_t cgroup,
			void (*call)(uint64_t cgroup, const void *blob, size_t size, uint64_t time, void *data),
			void *data);

/* The container whose first waiting event is the oldest: true, and when that came; false where none waits. */
bool registry_oldest(const struct registry *registry, uint64_t *ret_cgroup, uint64_t *ret_time);

struct registry_counts {
	uint64_t refused;      /* containers above the bound */
	uint64_t hold_refused; /* events above a bound, or out of memory */
	uint64_t hold_dropped; /* events whose container went before they were released */
	size_t held;           /* bytes that wait now */
};
struct registry_counts registry_counts(const struct registry *registry);

#endif
