/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A container's set-up ends: its root mount is known from the first task that runs the container's own program. */
#ifndef PLM_BPF_START_H
#define PLM_BPF_START_H

#include "emit.h"
#include "task.h"
#include "text.h"

static void start_learn(struct plm_start *start, struct plm_container *container, struct path *root,
			struct path *ret_upper)
{
	struct super_block *sb = BPF_CORE_READ(root->dentry, d_sb);

	start->root_device = BPF_CORE_READ(sb, s_dev);
	start->root_magic = BPF_CORE_READ(sb, s_magic);
	container->root_device = start->root_device;
	if (start->root_magic != OVERLAYFS_MAGIC)
		return;
	/* Of the file system's root, not the task's, which may be a directory below it. */
	ret_upper->dentry = overlay_upper(BPF_CORE_READ(sb, s_root, d_inode));
	container->upper_root = (u64)ret_upper->dentry;
	start->upper_inode = BPF_CORE_READ(ret_upper->dentry, d_inode, i_ino);
	start->upper_device = BPF_CORE_READ(ret_upper->dentry, d_sb, s_dev);
	container->upper_device = start->upper_device;
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
	start = (void *)scratch->data;
	__builtin_memset(start, 0, sizeof(*start));
	scratch->at = sizeof(*start);
	head_fill(&start->head, PLM_START, backend, cgroup, entry);
	task_fill(&start->task, task, state);
	start_learn(start, container, &root, &upper);
	if (start->root_magic == OVERLAYFS_MAGIC && bpf_map_update_elem(&roots, &start->root_device, &id, BPF_ANY))
		loss_count(id, PLM_LOSS_MAP, PLM_START);
	if (upper.dentry)
		text_path(scratch, &upper, &start->upper, PLM_CUT_PATH);
	container->phase = PLM_PHASE_RUNNING;
	emit(scratch, container, true);
	scratch_put(scratch);
}

#endif
