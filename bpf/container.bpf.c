// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroups come and go; tasks move between them. */
#include "emit.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

/* The v2 hierarchy is the kernel's default one, whose number is 0 (kernel/cgroup/cgroup.c, cgroup_init). */
static bool cgroup_counts(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, root, hierarchy_id) == 0;
}

static void birth_emit(struct cgroup *cgroup, const char *path, const struct plm_cgroup *entry, u32 flags)
{
	struct kernfs_node *kn = BPF_CORE_READ(cgroup, kn);
	struct plm_birth *birth;
	struct scratch *scratch;

	scratch = scratch_take();
	if (!scratch) {
		loss_count(0, PLM_LOSS_SCRATCH, PLM_BIRTH);
		return;
	}
	birth = (void *)scratch->data;
	__builtin_memset(birth, 0, sizeof(*birth));
	scratch->at = sizeof(*birth);
	head_fill(&birth->head, PLM_BIRTH, PLM_BACKEND_TRACEPOINT, BPF_CORE_READ(kn, id), entry);
	birth->head.flags |= flags;
	birth->parent = BPF_CORE_READ(kernfs_parent(kn), id);
	text_string(scratch, path, false, &birth->path, PLM_CUT_PATH);
	emit(scratch, 0, true);
	scratch_put(scratch);
}

/*
 * Below a container's root, confirmed or already running, everything is that container's, within its quota.
 * Elsewhere nothing is inherited: the new cgroup is a candidate of its own.
 */
static void entry_make(struct plm_cgroup *entry, u64 id, u64 parent_id)
{
	struct plm_cgroup *parent = bpf_map_lookup_elem(&cgroups, &parent_id);
	struct plm_container *container = parent ? bpf_map_lookup_elem(&containers, &parent->root) : 0;

	entry->root = id;
	entry->state = PLM_CGROUP_CANDIDATE;
	if (!parent || !container)
		return;
	if (parent->state != PLM_CGROUP_CONTAINER && container->phase != PLM_PHASE_RUNNING)
		return;
	entry->root = parent->root;
	entry->state = parent->state;
	entry->depth = parent->depth + 1;
	__sync_fetch_and_add(&container->children, 1);
}

/* cgroup_mkdir(): once for each hierarchy, before any task can join, with the cgroup's lock held. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct kernfs_node *kn = BPF_CORE_READ(cgroup, kn);
	u64 id = BPF_CORE_READ(kn, id);
	struct plm_container fresh = {}, *container;
	struct plm_cgroup entry = {};

	if (!cgroup_counts(cgroup))
		return 0;
	entry_make(&entry, id, BPF_CORE_READ(kernfs_parent(kn), id));
	container = bpf_map_lookup_elem(&containers, &entry.root);
	if (entry.root != id && container && container->children > knobs.children) {
		loss_count(entry.root, PLM_LOSS_QUOTA, PLM_BIRTH);
		return 0;
	}
	if (bpf_map_update_elem(&cgroups, &id, &entry, BPF_ANY) ||
	    (entry.root == id && bpf_map_update_elem(&containers, &id, &fresh, BPF_ANY))) {
		loss_count(entry.root, PLM_LOSS_MAP, PLM_BIRTH);
		return 0;
	}
	birth_emit(cgroup, path, &entry, 0);
	return 0;
}

/* cgroup_rmdir(): no task is left in it. The container's own entry is the agent's to drop, once it has drained. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_removed, struct cgroup *cgroup, const char *path)
{
	struct kernfs_node *kn = BPF_CORE_READ(cgroup, kn);
	u64 id = BPF_CORE_READ(kn, id);
	struct plm_cgroup *entry = bpf_map_lookup_elem(&cgroups, &id), copy;
	struct plm_container *container;

	if (!entry)
		return 0;
	copy = *entry;
	container = bpf_map_lookup_elem(&containers, &copy.root);
	if (container && copy.root != id)
		__sync_fetch_and_add(&container->children, -1);
	if (container && copy.root == id && container->root_device)
		bpf_map_delete_elem(&roots, &container->root_device);
	bpf_map_delete_elem(&cgroups, &id);
	birth_emit(cgroup, path, &copy, PLM_GONE);
	return 0;
}

/* A container's own task was moved to a cgroup outside it. `entry` is a copy of where it was. */
static void leave_emit(struct task_struct *task, const struct plm_task_state *state, u64 to, const char *path)
{
	struct plm_container *container = bpf_map_lookup_elem(&containers, &state->root);
	struct task_struct *mover = current_task();
	struct plm_leave *leave;
	struct scratch *scratch;

	scratch = scratch_take();
	if (!scratch) {
		loss_count(state->root, PLM_LOSS_SCRATCH, PLM_LEAVE);
		return;
	}
	leave = (void *)scratch->data;
	__builtin_memset(leave, 0, sizeof(*leave));
	scratch->at = sizeof(*leave);
	head_fill(&leave->head, PLM_LEAVE, PLM_BACKEND_TRACEPOINT, state->root, 0);
	leave->head.container = state->root;
	task_fill(&leave->task, task, state);
	leave->to = to;
	leave->by_pid = task_pid(mover);
	leave->by_start = task_start(mover);
	text_string(scratch, path, false, &leave->path, PLM_CUT_PATH);
	emit(scratch, container, true);
	scratch_put(scratch);
}

/* cgroup_attach_task(): after the move, once for the leader of what was moved; ours only where it was v2's. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attached, struct cgroup *to, const char *path, struct task_struct *task, bool threadgroup)
{
	u64 id = BPF_CORE_READ(to, kn, id);
	u32 tid = task_tid(task);
	struct plm_task_state *state = bpf_map_lookup_elem(&tasks, &tid), copy;
	struct plm_cgroup *entry;

	if (!cgroup_counts(to))
		return 0;
	entry = bpf_map_lookup_elem(&cgroups, &id);
	if (state && entry && entry->root == state->root)
		return 0;
	if (state) {
		copy = *state;
		bpf_map_delete_elem(&tasks, &tid);
		if (!(copy.flags & PLM_TASK_RUNTIME))
			leave_emit(task, &copy, id, path);
	}
	/* Whoever comes in from outside is the runtime's until its exec. */
	if (entry && !state_of(task, entry->root, PLM_TASK_RUNTIME))
		loss_count(entry->root, PLM_LOSS_MAP, PLM_TASK);
	return 0;
}
