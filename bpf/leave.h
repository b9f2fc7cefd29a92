/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A container's own task goes on in a cgroup outside its container: moved there, or born there. */
#ifndef PLM_BPF_LEAVE_H
#define PLM_BPF_LEAVE_H

#include "emit.h"
#include "task.h"
#include "text.h"

/* `state` is the task's, or its parent's; `path` of the cgroup that it is in now, 0: not at hand. */
static void leave_emit(struct task_struct *task, const struct plm_task_state *state, u64 to, const char *path)
{
	struct plm_container *container = bpf_map_lookup_elem(&containers, &state->root);
	struct task_struct *mover = current_task();
	struct plm_leave *leave;
	struct scratch *scratch;

	if (!container)
		return; /* forgotten: it was none */
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
	if (path)
		text_string(scratch, path, false, &leave->path, PLM_CUT_PATH);
	emit(scratch, container, true);
	scratch_put(scratch);
}

#endif
