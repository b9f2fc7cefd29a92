/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the kernel programs find a task's cgroup in a v1 hierarchy: a task has one cgroup for each controller, so any
 * controller that is mounted in the hierarchy leads there. Its place in struct css_set is its value in the kernel's
 * own enum cgroup_subsys_id, which differs from kernel to kernel and is asked of its BTF.
 */
#ifndef PLM_KERNEL_SUBSYSTEM_H
#define PLM_KERNEL_SUBSYSTEM_H

#include <stddef.h>
#include <stdint.h>

#define SUBSYSTEM_NAME_MAX 32

/*
 * The first controller of hierarchy `id` as `text` has it, which is that of /proc/PID/cgroup ("8:pids:/path", cgroups(7)),
 * by the kernel's own name. 0; -ENOENT: no such hierarchy, or one that has a name and no controller; -EINVAL: `id` is 0
 * (v2); -EBADMSG: a line is none.
 */
int subsystem_name(const char *text, uint32_t id, char ret_name[static SUBSYSTEM_NAME_MAX]);

/* Its index on this kernel. 0; as subsystem_name; -ENOENT also where the kernel does not have it; or an errno. */
int subsystem_index(uint32_t id, uint32_t *ret_index);

#endif
