/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a system call's arguments stand in struct pt_regs. Its layout is ABI (uapi/asm/ptrace.h); which register
 * holds what: entry/entry_64.S and, for the 32-bit calls, entry_64_compat.S.
 */
#ifndef PLM_BPF_X86_64_ARGS_H
#define PLM_BPF_X86_64_ARGS_H

#include "compat.h"

#define ARCH_ARGS 6

static const u8 arch_arg_offset[2][ARCH_ARGS] = {
	{ 112, 104, 96, 56, 72, 64 }, /* di si dx r10 r8 r9 */
	{ 40, 88, 96, 104, 112, 32 }, /* bx cx dx si di bp */
};

#define ARCH_THREAD_SIZE 16384 /* asm/page_64_types.h, without KASAN */

/*
 * Where the task goes on in user space: its registers lie at the top of its kernel stack (task_pt_regs,
 * asm/processor.h). For kernels before bpf_task_pt_regs (5.15); later ones may have padding there.
 */
static u64 arch_user_ip(struct task_struct *task)
{
	void *top = BPF_CORE_READ(task, stack) + ARCH_THREAD_SIZE;
	struct pt_regs *regs = top - bpf_core_type_size(struct pt_regs);

	return BPF_CORE_READ(regs, ip);
}

#endif
