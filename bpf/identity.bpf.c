// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Changes of identity by a call: what the task was is in its state, what it is in its credentials. Per thread. */
#include "call.h"
#include "emit.h"
#include "task.h"

#include <bpf/bpf_tracing.h>

static u32 identity_cause(const struct plm_task *now, const struct plm_task_state *before)
{
	bool was_root = before->cause != PLM_CAUSE_NONE || before->creds.euid == 0;

	if (!task_is_root(now))
		return PLM_CAUSE_NONE;
	if (now->creds.userns_level > before->creds.userns_level)
		return PLM_CAUSE_USER_NAMESPACE;
	if (was_root)
		return before->cause;
	return PLM_CAUSE_SETUID_CALL;
}

static void identity_tell(struct call_context *c, struct scratch *scratch)
{
	struct plm_identity *identity = (void *)scratch->data;
	struct plm_task_state *state = c->state;
	struct pt_regs *regs = c->regs;

	__builtin_memset(identity, 0, sizeof(*identity));
	scratch->at = sizeof(*identity);
	task_fill(&identity->task, c->task, state);
	if (!creds_differ(&identity->task.creds, &state->creds))
		return;
	head_fill(&identity->head, PLM_IDENTITY, PLM_BACKEND_TRACEPOINT, c->cgroup, c->entry);
	identity->before = state->creds;
	identity->before_cause = state->cause;
	identity->call = BPF_CORE_READ(regs, orig_ax);
	identity->task.cause = identity_cause(&identity->task, state);
	state->creds = identity->task.creds;
	state->cause = identity->task.cause;
	emit(scratch, c->container, task_is_root(&identity->task) && identity->before.euid != 0);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(identity_changed, struct pt_regs *regs, long ret)
{
	struct call_context c = {};
	struct scratch *scratch;

	if (!call_begin(&c, regs, ret))
		return 0;
	if (!c.state) {
		/* Without a "before" there is nothing to compare: remember what it is now. */
		if (!state_of(c.task, c.entry->root, 0))
			loss_count(c.entry->root, PLM_LOSS_MAP, PLM_IDENTITY);
		return 0;
	}
	scratch = scratch_take();
	if (!scratch) {
		loss_count(c.entry->root, PLM_LOSS_SCRATCH, PLM_IDENTITY);
		return 0;
	}
	identity_tell(&c, scratch);
	scratch_put(scratch);
	return 0;
}

/* Calls that open a way around the hooks in force. */
SEC("?tp_btf/sys_exit")
int BPF_PROG(call_blind, struct pt_regs *regs, long ret)
{
	struct call_context c = {};
	struct plm_blind *blind;
	struct scratch *scratch;

	if (!call_begin(&c, regs, ret))
		return 0;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(c.entry->root, PLM_LOSS_SCRATCH, PLM_BLIND);
		return 0;
	}
	blind = (void *)scratch->data;
	__builtin_memset(blind, 0, sizeof(*blind));
	scratch->at = sizeof(*blind);
	head_fill(&blind->head, PLM_BLIND, PLM_BACKEND_TRACEPOINT, c.cgroup, c.entry);
	task_fill(&blind->task, c.task, c.state);
	blind->what = c.call->op;
	emit(scratch, c.container, true);
	scratch_put(scratch);
	return 0;
}
