// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* cgroups come and go; tasks move between them. */
#include "emit.h"
#include "inside.h"
#include "leave.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

/* Every hierarchy numbers its cgroups by itself: ids of another one mean nothing here. */
static bool cgroup_counts(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, root, hierarchy_id) == (int)knobs.hierarchy;
}

/* A cgroup inside a container is charged to it: one that makes and removes them in a loop floods nobody else. */
static void birth_emit(struct cgroup *cgroup, const char *path, const struct plm_cgroup *entry, u32 flags)
{
	struct kernfs_node *kn = BPF_CORE_READ(cgroup, kn);
	u64 id = BPF_CORE_READ(kn, id);
	struct plm_container *charged = entry->root == id ? 0 : bpf_map_lookup_elem(&containers, &entry->root);
	struct plm_birth *birth;
	struct scratch *scratch;

	scratch = scratch_take();
	if (!scratch) {
		loss_count(entry->root, PLM_LOSS_SCRATCH, PLM_BIRTH);
		return;
	}
	birth = (void *)scratch->data;
	__builtin_memset(birth, 0, sizeof(*birth));
	scratch->at = sizeof(*birth);
	head_fill(&birth->head, PLM_BIRTH, PLM_BACKEND_TRACEPOINT, id, entry);
	birth->head.flags |= flags;
	birth->parent = BPF_CORE_READ(kernfs_parent(kn), id);
	text_string(scratch, path, false, &birth->path, PLM_CUT_PATH);
	emit(scratch, charged, true);
	scratch_put(scratch);
}

/*
 * cgroup_mkdir(): once for each hierarchy, before any task can join, with the cgroup's lock held. Below a container's
 * root everything is that container's, and entered with the first task (inside.h). Elsewhere nothing is inherited: the
 * new cgroup is a candidate of its own.
 */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made, struct cgroup *cgroup, const char *path)
{
	u64 id = BPF_CORE_READ(cgroup, kn, id);
	struct plm_cgroup entry = { .root = id, .state = PLM_CGROUP_CANDIDATE };
	struct plm_container fresh = {};

	if (!cgroup_counts(cgroup) || container_above(cgroup))
		return 0;
	if (bpf_map_update_elem(&cgroups, &id, &entry, BPF_ANY) ||
	    bpf_map_update_elem(&containers, &id, &fresh, BPF_ANY)) {
		loss_count(id, PLM_LOSS_MAP, PLM_BIRTH);
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
	u64 *owner;

	if (!entry || !cgroup_counts(cgroup))
		return 0;
	copy = *entry;
	container = bpf_map_lookup_elem(&containers, &copy.root);
	if (container && copy.root != id && container->children) /* one that the agent entered was not counted */
		__sync_fetch_and_add(&container->children, -1);
	owner = container && copy.root == id ? bpf_map_lookup_elem(&roots, &container->root_device) : 0;
	if (owner && *owner == id) /* the number may be another's root by now */
		bpf_map_delete_elem(&roots, &container->root_device);
	bpf_map_delete_elem(&cgroups, &id);
	birth_emit(cgroup, path, &copy, PLM_GONE);
	return 0;
}

/*
 * Is it the container's own doing that the task was moved? By itself, by another in the container, or by one that
 * lives in a container's root wherever it is by now. Who moves it from outside (an administrator, systemd, a rule
 * daemon) has every right to, and does not thereby make the container one that breaks out.
 */
static bool mover_is_inside(struct task_struct *task, u64 container)
{
	struct task_struct *mover = current_task();
	struct path root = task_root(mover);
	u64 cgroup = current_cgroup();
	struct plm_cgroup *entry = bpf_map_lookup_elem(&cgroups, &cgroup);
	u32 device = BPF_CORE_READ(root.dentry, d_sb, s_dev);

	return task_pid(mover) == task_pid(task) || (entry && entry->root == container) ||
	       bpf_map_lookup_elem(&roots, &device);
}

/*
 * cgroup_attach_task(): after the move, once for the leader of what was moved; ours only in the hierarchy that counts. What left
 * keeps its state: if it comes back, it is still the container's own. Whoever else comes in is the runtime's until its
 * exec.
 */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attached, struct cgroup *to, const char *path, struct task_struct *task, bool threadgroup)
{
	u64 id = BPF_CORE_READ(to, kn, id);
	u32 tid = task_tid(task);
	struct plm_task_state *state = bpf_map_lookup_elem(&tasks, &tid);
	struct plm_cgroup *entry;

	if (!cgroup_counts(to))
		return 0;
	entry = cgroup_entry(to);
	if (state && (entry ? entry->root : container_above(to)) == state->root)
		return 0;
	if (state && !(state->flags & PLM_TASK_RUNTIME) && mover_is_inside(task, state->root))
		leave_emit(task, state, id, path);
	if (entry && !state_of(task, entry->root, PLM_TASK_RUNTIME))
		loss_count(entry->root, PLM_LOSS_MAP, PLM_TASK);
	return 0;
}
