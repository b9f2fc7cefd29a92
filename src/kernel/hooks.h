/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which program tells what, on this kernel. Rows of a table, in order of preference; the first that the kernel
 * allows is taken, and what was chosen, and why the others were not, is kept to be shown.
 */
#ifndef PLM_KERNEL_HOOKS_H
#define PLM_KERNEL_HOOKS_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/probe.h"
#include "plimsoll/event.h"

enum hooks_mode { HOOKS_AUTO, HOOKS_LSM, HOOKS_TRACEPOINT };

/* "auto", "lsm", "tracepoint"; or -EINVAL. */
int hooks_mode_from_name(const char *name);

/* What the programs of a row may need beside being attached. */
enum hook_use {
	HOOK_ATTACH,  /* attached by libbpf */
	HOOK_HANDLER, /* entered into map `handlers` at `slot`: reached by a tail call */
	HOOK_SEED,    /* an iterator, run once */
};

struct hook {
	const char *task;      /* what it is for: "exec", "exec: script's file" */
	const char *program;   /* in the BPF object */
	const char *mechanism; /* "tp_btf/sched_process_exec" */
	enum plm_backend backend;
	enum hook_use use;
	unsigned slot;
	probe_question question;
	const char *argument;
	bool required;      /* without it nothing can be watched */
	bool refines;       /* what it adds is also found another way, if less surely: no coverage alert */
	const char *unseen; /* what is not seen where no row of the task can be taken; on its first row */
};

enum hook_state { HOOK_CHOSEN, HOOK_NOT_NEEDED, HOOK_REFUSED };

struct hook_choice {
	const struct hook *hook;
	enum hook_state state;
	const char *reason; /* static; of HOOK_REFUSED */
};

#define HOOKS_MAX 32

struct hooks {
	struct hook_choice choices[HOOKS_MAX]; /* in the table's order: rows of one task follow each other */
	size_t count;
};

/*
 * Chooses. 0; -EOPNOTSUPP: a required task has no row that the kernel allows, or HOOKS_LSM was asked for and LSM
 * programs do not run. *ret_hooks is filled in either case.
 */
int hooks_choose(struct probe *probe, enum hooks_mode mode, struct hooks *ret_hooks);

/* Is the choice at `index` the first of its task, and was none of the task chosen? */
bool hooks_task_begins(const struct hooks *hooks, size_t index);
bool hooks_task_unseen(const struct hooks *hooks, size_t index);

#endif
