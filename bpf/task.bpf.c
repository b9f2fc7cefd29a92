// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tasks of containers: born, gone, and those that were there when the agent came. */
#include "emit.h"
#include "file.h"
#include "inside.h"
#include "leave.h"
#include "start.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

#define CLONE_INTO_CGROUP 0x200000000ull /* uapi/linux/sched.h, from 5.7 */
#define PF_EXITING        0x00000004     /* linux/sched.h: it is being ended */

/* A container's own task whose child begins in a cgroup outside: no move will ever tell. */
static void birth_leave(struct task_struct *task, u64 cgroup, const struct plm_cgroup *entry,
			const struct plm_task_state *parent)
{
	if (parent && !(parent->flags & PLM_TASK_RUNTIME) &&
	    (entry ? entry->root : container_above(task_cgroup_of(task))) != parent->root)
		leave_emit(task, parent, cgroup, 0);
}

/* Is the current task in this container? By its cgroup: its entry may be missing (not yet seeded, map full). */
static bool parent_is_inside(u64 container)
{
	u64 cgroup = current_cgroup();
	struct plm_cgroup *entry = bpf_map_lookup_elem(&cgroups, &cgroup);

	return entry && entry->root == container;
}

/*
 * copy_process(), when the child is in its cgroup and has not run. A child of the container inherits session and
 * cause; one whose parent is outside was put in by clone3(CLONE_INTO_CGROUP): the runtime's, until its exec.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(task_made, struct task_struct *task, u64 clone_flags)
{
	u64 cgroup = task_cgroup(task);
	struct plm_cgroup *entry = clone_flags & CLONE_INTO_CGROUP ? cgroup_entry(task_cgroup_of(task))
								   : bpf_map_lookup_elem(&cgroups, &cgroup);
	u32 tid = bpf_get_current_pid_tgid();
	struct plm_task_state *parent, *state;
	bool runtime;

	if (!entry && !(clone_flags & CLONE_INTO_CGROUP))
		return 0;
	parent = bpf_map_lookup_elem(&tasks, &tid);
	if (clone_flags & CLONE_INTO_CGROUP)
		birth_leave(task, cgroup, entry, parent);
	if (!entry)
		return 0;
	runtime = !parent_is_inside(entry->root) || state_is_runtime(parent);
	if (parent && parent->root != entry->root)
		parent = 0;
	state = state_of(task, entry->root, runtime ? PLM_TASK_RUNTIME : 0);
	if (!state) {
		loss_count(entry->root, PLM_LOSS_MAP, PLM_TASK);
		return 0;
	}
	if (parent) {
		state->session = parent->session;
		state->cause = parent->cause;
	}
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(task_gone, struct task_struct *task)
{
	u32 tid = task_tid(task);

	/* An exec that failed behind its check left its half. */
	if (!bpf_map_delete_elem(&tasks, &tid))
		bpf_map_delete_elem(&execs, &tid);
	return 0;
}

/* Does the task run a program of the root that it has? A runtime's that has pivoted, but not yet handed over, not. */
static bool task_runs_own(struct task_struct *task)
{
	struct vfsmount *exe = BPF_CORE_READ(task, mm, exe_file, f_path.mnt);
	struct vfsmount *root = BPF_CORE_READ(task, fs, root.mnt);

	/* A root that is no overlay may lie on the host's own file system, where the runtime's program lies as well. */
	return path_is_below((u64)BPF_CORE_READ(exe, mnt_root), (u64)BPF_CORE_READ(root, mnt_root)) &&
	       task_pivoted(task);
}

static void task_tell(struct task_struct *task, u64 cgroup, struct plm_cgroup *entry, struct plm_container *container,
		      const struct plm_task_state *state)
{
	struct path path = BPF_CORE_READ(task, mm, exe_file, f_path), pwd = task_pwd(task);
	struct scratch *scratch;
	struct plm_exec *exec;

	scratch = scratch_take();
	if (!scratch) {
		loss_count(entry->root, PLM_LOSS_SCRATCH, PLM_TASK);
		return;
	}
	exec = (void *)scratch->data;
	__builtin_memset(exec, 0, sizeof(*exec));
	scratch->at = sizeof(*exec);
	head_fill(&exec->head, PLM_TASK, PLM_BACKEND_ITERATOR, cgroup, entry);
	task_fill(&exec->task, task, state);
	exec->before = exec->task.creds;
	exec->before_cause = exec->task.cause;
	file_fill(&exec->file, &path, entry->root, container);
	text_path(scratch, &path, &exec->path, PLM_CUT_PATH);
	text_path(scratch, &pwd, &exec->cwd, PLM_CUT_CWD);
	/* One that ended as it was looked at runs nothing any more, and lacks what it has given back. */
	if (!(BPF_CORE_READ(task, flags) & PF_EXITING))
		emit(scratch, container, true);
	scratch_put(scratch);
}

/*
 * Run once when the agent has entered the containers that it found: seeds the tasks map, learns the roots, and tells
 * each process. Tasks that the other programs saw first (they are attached before) are left as those know them.
 */
SEC("iter/task")
int tasks_seed(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct plm_container *container;
	struct plm_task_state *state;
	struct plm_cgroup *entry;
	u64 cgroup;
	bool own;

	if (!task)
		return 0;
	cgroup = task_cgroup(task);
	entry = cgroup_entry(task_cgroup_of(task));
	container = entry ? bpf_map_lookup_elem(&containers, &entry->root) : 0;
	if (!container)
		return 0;
	own = task_runs_own(task);
	state = state_of(task, entry->root, own || container->phase == PLM_PHASE_RUNNING ? 0 : PLM_TASK_RUNTIME);
	if (!state) {
		loss_count(entry->root, PLM_LOSS_MAP, PLM_TASK);
		return 0;
	}
	if (state->creds.euid == 0 && state->cause == PLM_CAUSE_NONE && !(state->flags & PLM_TASK_RUNTIME))
		state->cause = PLM_CAUSE_IMAGE;
	if (own && container->phase == PLM_PHASE_SETUP)
		container_start(task, state, cgroup, entry, container, PLM_BACKEND_ITERATOR);
	else if (container->phase == PLM_PHASE_SETUP && task_is_sandbox(task))
		container_sandbox(task, state, cgroup, entry, container, PLM_BACKEND_ITERATOR);
	if (container->phase == PLM_PHASE_RUNNING && BPF_CORE_READ(task, group_leader) == task)
		task_tell(task, cgroup, entry, container, state);
	return 0;
}
