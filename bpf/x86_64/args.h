/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a system call's arguments stand in struct pt_regs. Its layout is ABI (uapi/asm/ptrace.h); which register
 * holds what: entry/entry_64.S and, for the 32-bit calls, entry_64_compat.S.
 */
#ifndef PLM_BPF_X86_64_ARGS_H
#define PLM_BPF_X86_64_ARGS_H

#include "vmlinux.h"

#define ARCH_ARGS 6

static const u8 arch_arg_offset[2][ARCH_ARGS] = {
	{ 112, 104, 96, 56, 72, 64 },  /* di si dx r10 r8 r9 */
	{ 40, 88, 96, 104, 112, 32 },  /* bx cx dx si di bp */
};

#endif
