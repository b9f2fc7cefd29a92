/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What differs by architecture: registers at a system call, and how a 32-bit call is known. x86_64. */
#ifndef PLM_ARCH_H
#define PLM_ARCH_H

/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long bp;
	unsigned long bx;
	unsigned long r10;
	unsigned long r9;
	unsigned long r8;
	unsigned long ax;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long orig_ax;
	unsigned long ip;
} __attribute__((preserve_access_index));

/* arch/x86/include/asm/thread_info.h: TS_COMPAT is set while a 32-bit call (int 0x80, sysenter) runs. */
struct thread_info {
	u32 status;
} __attribute__((preserve_access_index));
#define TS_COMPAT 0x0002

#endif
