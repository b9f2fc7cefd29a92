/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A container's set-up ends: its root mount is known from the first task that runs the container's own program. */
#ifndef PLM_BPF_START_H
#define PLM_BPF_START_H

#include "emit.h"
#include "task.h"
#include "text.h"

/* File systems stamp with the clock's last tick, which is up to this old (ktime_get_coarse_real_ts64, HZ of 100). */
#define TICK_NS 10000000ull

/*
 * When the container of a task that was there before the agent began: as its pid namespace did, if that is its own
 * (a pod's containers may share one), else as the task.
 */
static u64 task_since(struct task_struct *task, u64 container)
{
	struct task_struct *init = task_reaper(task);
	u64 cgroup = task_cgroup(init), own = task_start(task), since;
	struct plm_cgroup *entry = bpf_map_lookup_elem(&cgroups, &cgroup);

	if (!entry || entry->root != container)
		return own;
	since = task_start(init);
	return since < own ? since : own;
}

static u64 start_since(struct task_struct *task, u64 container, u32 backend)
{
	u64 since = backend == PLM_BACKEND_ITERATOR ? task_since(task, container) : bpf_ktime_get_boot_ns();

	return since + counters.clock_offset - TICK_NS;
}

static void start_learn(struct plm_start *start, struct plm_container *container, struct path *root,
			struct path *ret_upper)
{
	struct super_block *sb = BPF_CORE_READ(root->dentry, d_sb);

	start->root_device = BPF_CORE_READ(sb, s_dev);
	start->root_magic = BPF_CORE_READ(sb, s_magic);
	container->root_device = start->root_device;
	container->plain = start->root_magic != OVERLAYFS_MAGIC;
	/* Of the mount's or the file system's root, not the task's, which may be a directory below it. */
	if (container->plain)
		ret_upper->dentry = BPF_CORE_READ(root->mnt, mnt_root);
	else
		ret_upper->dentry = overlay_upper(BPF_CORE_READ(sb, s_root, d_inode));
	container->upper_root = (u64)ret_upper->dentry;
	start->upper_inode = BPF_CORE_READ(ret_upper->dentry, d_inode, i_ino);
	start->upper_device = BPF_CORE_READ(ret_upper->dentry, d_sb, s_dev);
	container->upper_device = start->upper_device;
}

static struct plm_start *start_begin(struct scratch *scratch, struct task_struct *task,
				     const struct plm_task_state *state, u64 cgroup, const struct plm_cgroup *entry,
				     u32 backend)
{
	struct plm_start *start = (void *)scratch->data;

	__builtin_memset(start, 0, sizeof(*start));
	scratch->at = sizeof(*start);
	head_fill(&start->head, PLM_START, backend, cgroup, entry);
	task_fill(&start->task, task, state);
	return start;
}

/* Once: a sandbox has several processes. The container stays in its set-up, and what they do is the runtime's doing. */
static void container_sandbox(struct task_struct *task, const struct plm_task_state *state, u64 cgroup,
			      const struct plm_cgroup *entry, struct plm_container *container, u32 backend)
{
	struct scratch *scratch;

	if (container->sandbox)
		return;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(entry->root, PLM_LOSS_SCRATCH, PLM_START);
		return;
	}
	container->sandbox = 1;
	start_begin(scratch, task, state, cgroup, entry, backend)->flags = PLM_START_SANDBOX;
	emit(scratch, container, true);
	scratch_put(scratch);
}

/*
 * `task` has pivoted into the container's root: from here what happens is the container's doing. Told by the hook of
 * an exec, or by the iterator for what was there when the agent came.
 */
static void container_start(struct task_struct *task, const struct plm_task_state *state, u64 cgroup,
			    const struct plm_cgroup *entry, struct plm_container *container, u32 backend)
{
	struct path root = task_root(task), upper = {};
	struct plm_start *start;
	struct scratch *scratch;
	u64 id = entry->root;

	scratch = scratch_take();
	if (!scratch) {
		loss_count(id, PLM_LOSS_SCRATCH, PLM_START);
		return;
	}
	start = start_begin(scratch, task, state, cgroup, entry, backend);
	start_learn(start, container, &root, &upper);
	container->since = start_since(task, id, backend);
	if (start->root_magic == OVERLAYFS_MAGIC && bpf_map_update_elem(&roots, &start->root_device, &id, BPF_ANY))
		loss_count(id, PLM_LOSS_MAP, PLM_START);
	if (upper.dentry)
		text_path(scratch, &upper, &start->upper, PLM_CUT_PATH);
	container->phase = PLM_PHASE_RUNNING;
	emit(scratch, container, true);
	scratch_put(scratch);
}

#endif
