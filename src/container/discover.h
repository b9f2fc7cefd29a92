/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding what the kernel does not hand over: which hierarchy of cgroups counts, the cgroups that exist already, and a
 * process's own tables in /proc.
 */
#ifndef PLM_CONTAINER_DISCOVER_H
#define PLM_CONTAINER_DISCOVER_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* Where the cgroup v2 hierarchy is mounted below host_root: at /sys/fs/cgroup, or /sys/fs/cgroup/unified where v1 is
 * there too. 0 and ret_path; -ENOENT: nowhere. */
int discover_cgroup_root(const char *host_root, char *ret_path, size_t size);

struct discovered_hierarchy {
	uint32_t id;                   /* as the first field in /proc/PID/cgroup; 0 is v2 */
	char path[PATH_MAX];           /* where it is mounted, with host_root before it */
	char controller[NAME_MAX + 1]; /* by which it was chosen: "pids", "name=systemd"; "" for v2 */
};

/*
 * The one hierarchy by which containers are told apart: v2 wherever it is mounted (also beside v1: runtimes put their
 * containers into both), else one of v1's: that of the first of the controllers pids, memory, devices, cpu and
 * name=systemd, else any other, which is mounted below /sys/fs/cgroup for process 1 and seen below host_root.
 * 0. -ENOENT: there is none. -ENAMETOOLONG. Or the error of reading process 1's tables.
 */
int discover_hierarchy(const char *host_root, struct discovered_hierarchy *ret_hierarchy);

/* `path` as the hierarchy has it ("/docker/0123..."); both strings valid during the call only. */
typedef void (*discover_cgroup)(uint64_t id, uint64_t parent, const char *path, void *data);

#define DISCOVER_DEPTH 32 /* below it nothing is looked at */

/* Calls `call` for every cgroup below a hierarchy's mount, parents first; an id is what the kernel calls it (the
 * directory's inode, in v1 as in v2; each hierarchy of v1 counts for itself). 0 or the
 * errno of opening the root; a cgroup that goes meanwhile is passed over. */
int discover_cgroups(const char *cgroup_root, discover_cgroup call, void *data);

/* The text of host_root/proc/PID/NAME, at most `max` bytes: malloc'd, with a NUL. Or a negative errno; -EFBIG. */
int discover_proc(const char *host_root, uint32_t pid, const char *name, size_t max, char **ret_text, size_t *ret_size);

/* The path of a process's cgroup in the hierarchy of that id: malloc'd. -ENOENT where it has none. */
int discover_cgroup_in(const char *host_root, uint32_t pid, uint32_t hierarchy, char **ret_path);

#endif
