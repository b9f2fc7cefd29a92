/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container. Plain data: filled by the registry from what the sources say (runtimes, the
 * mount table), read by everything behind it.
 */
#ifndef PLM_CONTAINER_CONTAINER_H
#define PLM_CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Owned strings; NULL where unknown. */
struct container_facts {
	char *id; /* 64 hex digits, or the runtime's own name */
	char *name;
	char *runtime;    /* "docker", "containerd", "runc", ... */
	char *image_name; /* repository, without tag: "docker.io/library/debian" or as the runtime says it */
	char *image_tag;
	char *image_digest; /* "sha256:..." */
	char *pod_name, *pod_namespace;
	uint32_t init_pid; /* host's view; 0 unknown */
	uint64_t started;  /* seconds since the epoch; 0 unknown */
};

void container_facts_clear(struct container_facts *facts); /* frees and empties */

enum container_state {
	CONTAINER_WAITING, /* seen; its name is being asked for */
	CONTAINER_NAMED,
	CONTAINER_UNNAMED, /* no source could name it, or not in time; watched all the same */
	CONTAINER_GONE,
};

struct rootfs;      /* image/rootfs.h */
struct policy_view; /* policy/policy.h */

struct container {
	uint64_t cgroup; /* root cgroup's id: the key */
	enum container_state state;
	char *cgroup_path;
	struct container_facts facts;
	struct rootfs *rootfs;    /* NULL until its mounts are known */
	struct policy_view *view; /* NULL until it is asked for the first time */
	uint32_t root_device;
	uint64_t asked;   /* CLOCK_BOOTTIME ns: of the event since which its name is waited for */
	uint64_t started; /* CLOCK_BOOTTIME ns of the entry point's exec; 0 unknown (was there before) */
	bool running;     /* its entry point's exec was seen, or it ran when the agent came */
	bool gone;        /* its cgroup was removed: it ends once nothing waits for its name */
	uint64_t seen, folded, lost, missed; /* events */
	uint64_t findings[5];                /* by enum severity */
};

#endif
