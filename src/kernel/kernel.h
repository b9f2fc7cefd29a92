/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel side, as the agent handles it: programs are loaded and attached, records read in the order of their
 * times, containers confirmed or forgotten, losses counted.
 *
 * Order at the start, which is an invariant: attach first, then enter the cgroups that are there, then seed. So no
 * task slips between: what begins after the attach is seen by the hooks, what began before by the seed.
 */
#ifndef PLM_KERNEL_KERNEL_H
#define PLM_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/hooks.h"

struct kernel;

#define KERNEL_CHILDREN 1024 /* cgroups below one container: more are not entered */

/*
 * Loads and attaches what `hooks` chose. host_root as --host-root: its /proc/1/root tells the host's root directory.
 * 0; -EPERM: bpf(2) is refused (privileges, or a locked-down kernel); -EOPNOTSUPP; the errno of loading.
 * *ret_what (static or the object's) names the step or program that failed.
 */
struct kernel_options {
	const char *host_root;
	bool all; /* tell also files that were opened for writing and not changed, and every executable mapping */
	/* Whose cgroups count, by the number that /proc/PID/cgroup gives: 0 is v2; a v1 hierarchy needs a controller
	 * (-ENOENT without one). Every cgroup id of this page is one of it. */
	uint32_t hierarchy;
};

int kernel_open(const struct hooks *hooks, const struct kernel_options *options, struct kernel **ret_kernel,
		const char **ret_what);
void kernel_free(struct kernel *kernel); /* takes NULL; detaches everything */

/* Enters a cgroup that was there before the agent: `root` is the id of its container's root cgroup, itself or above.
 * 0, or the errno of the map (-E2BIG: it is full). */
int kernel_cgroup_enter(struct kernel *kernel, uint64_t id, uint64_t root);

/* Tells each task that is in an entered cgroup, by records. 0 or an errno. */
int kernel_seed(struct kernel *kernel);

/* The cgroup is a container's: it, or one below a container's root. 0 or -ENOENT (it went meanwhile). */
int kernel_cgroup_confirm(struct kernel *kernel, uint64_t id, uint64_t root);

/* It is none: its tasks are the host's again. */
void kernel_cgroup_forget(struct kernel *kernel, uint64_t id);

/* The container is gone and its records are read: what the kernel still keeps of it is dropped. */
void kernel_container_drop(struct kernel *kernel, uint64_t id);

/*
 * The container's file is known to be good: its executable mappings are told no more, until it changes or falls out of
 * the map, which keeps those that were mapped last. `file` is as a record told it; only for one whose change time is
 * further past than its file system's clock ticks, for else it may change again unseen. With kernel_options.all it is
 * told all the same. 0, or the errno of the map.
 */
int kernel_file_known(struct kernel *kernel, uint64_t container, const struct plm_file *file);

/* What the kernel counted for a container. 0 or -ENOENT. */
int kernel_container_counts(struct kernel *kernel, uint64_t id, uint64_t *ret_seen, uint64_t *ret_folded);

/* Until `time` (CLOCK_BOOTTIME, ns) the caller looks again by itself: the kernel side need not wake it. */
void kernel_awake(struct kernel *kernel, uint64_t time);

/* Tells the kernel side how the file systems' clock stands, which may be stepped: to be called now and then. */
void kernel_clock(struct kernel *kernel);

/* To be polled for reading: an epoll descriptor. The kernel's. */
int kernel_fd(const struct kernel *kernel);

typedef void (*kernel_record)(const void *record, size_t size, void *data);

/*
 * Hands over at most `limit` records, oldest first across the rings, and before each of them to `ahead` all that came
 * meanwhile: what cannot wait for its turn behind a flood (who is born, and may be gone by then). Each is valid during the
 * call, which may use kernel_cgroup_* but not read. The number handed to `call`; less than `limit`: there is no more.
 */
size_t kernel_read(struct kernel *kernel, size_t limit, kernel_record ahead, kernel_record call, void *data);

typedef void (*kernel_loss)(const struct plm_loss_key *key, uint64_t count, void *data);

/* Calls `call` for every loss that grew since the last time, with how much. */
void kernel_losses(struct kernel *kernel, kernel_loss call, void *data);

#endif
