/* SPDX-License-Identifier: Apache-2.0 */
/* Finding what the kernel does not hand over: the cgroups that exist already, and a process's own tables in /proc. */
#ifndef PLM_CONTAINER_DISCOVER_H
#define PLM_CONTAINER_DISCOVER_H

#include <stddef.h>
#include <stdint.h>

/* Where the cgroup v2 hierarchy is mounted below host_root: at /sys/fs/cgroup, or /sys/fs/cgroup/unified where v1 is
 * there too. 0 and ret_path; -ENOENT: nowhere. */
int discover_cgroup_root(const char *host_root, char *ret_path, size_t size);

/* `path` as the v2 hierarchy has it ("/docker/0123..."); both strings valid during the call only. */
typedef void (*discover_cgroup)(uint64_t id, uint64_t parent, const char *path, void *data);

#define DISCOVER_DEPTH 32 /* below it nothing is looked at */

/* Calls `call` for every cgroup, parents first; an id is what the kernel calls it (the directory's inode). 0 or the
 * errno of opening the root; a cgroup that goes meanwhile is passed over. */
int discover_cgroups(const char *cgroup_root, discover_cgroup call, void *data);

/* The text of host_root/proc/PID/NAME, at most `max` bytes: malloc'd, with a NUL. Or a negative errno; -EFBIG. */
int discover_proc(const char *host_root, uint32_t pid, const char *name, size_t max, char **ret_text, size_t *ret_size);

/* The cgroup v2 path of a process: malloc'd. -ENOENT where it has none. */
int discover_cgroup_of(const char *host_root, uint32_t pid, char **ret_path);

#endif
