/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every handler of a system call begins with. */
#ifndef PLM_BPF_CALL_H
#define PLM_BPF_CALL_H

#include "args.h"
#include "calls.h"
#include "task.h"

static bool call_is_compat(struct task_struct *task)
{
	return BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
}

/* The row of the call; NULL where there is none. */
static const struct call *call_row(u64 number, bool compat)
{
	u32 index = number & 0x3fffffff; /* x32 marks its calls with bit 30 */

	if (index >= CALLS_MAX)
		return 0;
	return compat ? &calls_32[index] : &calls[index];
}

/* Argument 1 to 6; 0 for any other number. */
static u64 call_arg(const struct call_context *c, u32 n)
{
	u64 value = 0, index = (u64)n - 1;

	verifier_keep(index);
	if (index >= ARCH_ARGS)
		return 0;
	bpf_probe_read_kernel(&value, sizeof(value), (void *)c->regs + arch_arg_offset[c->compat][index]);
	return c->compat ? (u32)value : value;
}

/*
 * Fills what a handler needs; false where the call is none of ours: the container is still being set up, or the task
 * is a runtime's on its way in.
 */
static bool call_begin(struct call_context *c, struct pt_regs *regs, long ret)
{
	u32 tid;

	c->task = current_task();
	c->regs = regs;
	c->ret = ret;
	c->compat = call_is_compat(c->task);
	c->call = call_row(BPF_CORE_READ(regs, orig_ax), c->compat);
	c->cgroup = current_cgroup();
	c->entry = bpf_map_lookup_elem(&cgroups, &c->cgroup);
	if (!c->entry || !c->call)
		return false;
	c->container = bpf_map_lookup_elem(&containers, &c->entry->root);
	if (!c->container || c->container->phase != PLM_PHASE_RUNNING)
		return false;
	tid = bpf_get_current_pid_tgid();
	c->state = bpf_map_lookup_elem(&tasks, &tid);
	return !state_is_runtime(c->state);
}

#endif
