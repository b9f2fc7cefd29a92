/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a container's first process: whether a runtime's answer is about the cgroup in question.
 */
#ifndef PLM_CONTAINER_PROCESS_H
#define PLM_CONTAINER_PROCESS_H

#include <stdint.h>

/*
 * Is the process in the cgroup (path as /proc/PID/cgroup has it) or below it, in v2 or in any hierarchy of v1? Runtimes
 * give a container the same path in all.
 * 1 yes, 0 no, or a negative errno: -ESRCH no such process, -EXDEV its cgroup lies outside this process's
 * cgroup namespace, -ENODATA no hierarchy, or that of reading /proc.
 */
int process_in_cgroup(uint32_t pid, const char *path);

/* When it was started, in seconds since the epoch, and in ns, to a tick of the kernel's clock; 0 unknown. */
uint64_t process_started(uint32_t pid);
int64_t process_started_ns(uint32_t pid);

#define PROCESS_SETUP_TIME 100000000 /* ns: what a runtime still does after it has begun the entry point's process */

#endif
