// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The exit of every system call of the node. What does not concern us must end here within nanoseconds: first the
 * call's number, then its arguments, then the one look-up of the task's cgroup.
 *
 * The raw tracepoint, because the per-call ones do not fire for 32-bit calls; the exit, because an attempt is not a
 * change.
 */
#include "call.h"
#include "calls_table.h"

#include <bpf/bpf_tracing.h>

#define O_ACCMODE         03
#define O_CREAT           0100
#define O_TRUNC           01000
#define PROT_READ         1
#define PROT_EXEC         4
#define READ_IMPLIES_EXEC 0x0400000 /* uapi/linux/personality.h */

/* May the call matter, by the one argument that tells cheapest? */
static bool filter_passes(const struct call *call, struct pt_regs *regs, struct task_struct *task, bool compat)
{
	u64 arg = call->filter == FILTER_WRITE_2 ? (compat ? regs->cx : regs->si) : regs->dx;

	if (call->filter == FILTER_EXEC_3)
		return (arg & PROT_EXEC) ||
		       ((arg & PROT_READ) && (BPF_CORE_READ(task, personality) & READ_IMPLIES_EXEC));
	return call->filter == FILTER_NONE || (arg & (O_ACCMODE | O_CREAT | O_TRUNC));
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(call_exit, struct pt_regs *regs, long ret)
{
	u32 number = regs->orig_ax & 0x3fffffff;
	struct task_struct *task;
	const struct call *call;
	u64 cgroup;
	bool compat;

	if (number >= CALLS_MAX || (!calls[number].handler && !calls_32[number].handler))
		return 0;
	if (is_error(ret))
		return 0;
	task = current_task();
	compat = call_is_compat(task);
	call = compat ? &calls_32[number] : &calls[number];
	if (!call->handler || !filter_passes(call, regs, task, compat))
		return 0;
	cgroup = current_cgroup();
	if (!bpf_map_lookup_elem(&cgroups, &cgroup))
		return 0;
	bpf_tail_call(ctx, &handlers, call->handler);
	return 0;
}
