/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * System calls as data. One row says which program handles a call's exit, what it means, and at which argument
 * (1 to 6; 0: none) stands what. The rows are in ARCH/calls_table.h; calls that fail, or have no row, end in the dispatcher
 * (calls.bpf.c).
 */
#ifndef PLM_BPF_CALLS_H
#define PLM_BPF_CALLS_H

#include "compat.h"
#include "maps.h"

#define CALLS_MAX 512

/* Index into map `handlers`. */
enum handler {
	HANDLER_NONE,
	HANDLER_OPEN,     /* returns a descriptor */
	HANDLER_FILE,     /* acts on a descriptor */
	HANDLER_NAME,     /* acts on names */
	HANDLER_IDENTITY, /* changes ids or capabilities */
	HANDLER_MAP,      /* maps a descriptor */
	HANDLER_PROTECT,  /* changes the protection of what is mapped */
	HANDLER_BLIND,    /* opens a way that the hooks do not see */
	HANDLERS,
};

/* What must hold for the second or third argument before anything is looked up. */
enum filter {
	FILTER_NONE,
	FILTER_WRITE_2, /* open flags in argument 2 */
	FILTER_WRITE_3,
	FILTER_EXEC_3, /* protection in argument 3 */
};

#define CALL_NOFOLLOW   (1u << 0) /* never follows a link at the end of the name */
#define CALL_OLD_MMAP   (1u << 1) /* arguments in memory: i386's first mmap */
#define CALL_CREAT      (1u << 3) /* its open flags are those of creat */
#define CALL_HOW        (1u << 4) /* its open flags are in memory: struct open_how */
#define CALL_LINK_FLAGS (1u << 2) /* follows only with AT_SYMLINK_FOLLOW */

struct call {
	u8 handler, op;
	u8 dirfd, name;           /* dirfd 0: the working directory; HANDLER_FILE: name 0, dirfd the descriptor */
	u8 from_dirfd, from_name; /* of two names the old one */
	u8 value, value2;
	u8 at_flags;  /* AT_* or, for a rename, RENAME_* */
	u8 attribute; /* name of an extended attribute */
	u8 filter;    /* enum filter */
	u8 flags;     /* CALL_* */
};

extern const struct call calls[CALLS_MAX] __hidden;
extern const struct call
	calls_32[CALLS_MAX] __hidden; /* what int 0x80 and sysenter reach, where the architecture has them */

/* One call at its exit, in a container that runs. */
struct call_context {
	struct task_struct *task;
	struct pt_regs *regs;
	const struct call *call;
	struct plm_cgroup *entry;
	struct plm_container *container;
	struct plm_task_state *state;
	u64 cgroup;
	long ret;
	bool compat;
};

#endif
