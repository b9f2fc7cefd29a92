// SPDX-License-Identifier: Apache-2.0
#include "kernel/hooks.h"

#include <string.h>

#define TRACEPOINT(what, prog, name, needed, without)                                                                  \
	{                                                                                                              \
		.task = what, .program = prog, .mechanism = "tp_btf/" name, .backend = PLM_BACKEND_TRACEPOINT,         \
		.question = probe_tracepoint, .argument = name, .required = needed, .unseen = without                  \
	}
#define HANDLER(what, prog, number, ask, arg, without)                                                                 \
	{                                                                                                              \
		.task = what, .program = prog, .mechanism = "tp_btf/sys_exit", .backend = PLM_BACKEND_TRACEPOINT,      \
		.use = HOOK_HANDLER, .slot = number, .question = ask, .argument = arg, .unseen = without               \
	}

/* Slots are enum handler of bpf/calls.h. */
static const struct hook hook_table[] = {
	TRACEPOINT("containers: begin", "cgroup_made", "cgroup_mkdir", true, "containers"),
	TRACEPOINT("containers: end", "cgroup_removed", "cgroup_rmdir", true, "containers"),
	TRACEPOINT("containers: enter, leave", "cgroup_attached", "cgroup_attach_task", true, "sessions, escapes"),
	TRACEPOINT("tasks: begin", "task_made", "task_newtask", true, "sessions, causes of root"),
	TRACEPOINT("tasks: end", "task_gone", "sched_process_exit", true, "tasks that end"),
	{ .task = "tasks: there before",
	  .program = "tasks_seed",
	  .mechanism = "iter/task",
	  .backend = PLM_BACKEND_ITERATOR,
	  .use = HOOK_SEED,
	  .question = probe_tracepoint,
	  .argument = "task_newtask",
	  .required = true,
	  .unseen = "what ran before the agent" },
	{ .task = "exec: before the act",
	  .program = "exec_check_lsm",
	  .mechanism = "lsm/bprm_check_security",
	  .backend = PLM_BACKEND_LSM,
	  .question = probe_lsm,
	  .argument = "file_open",
	  .refines = true,
	  .unseen = "a script's own file (looked up by its name afterwards); ids changed by no call" },
	{ .task = "exec: before the act",
	  .program = "exec_check_fentry",
	  .mechanism = "fentry/security_bprm_check",
	  .backend = PLM_BACKEND_FENTRY,
	  .question = probe_fentry,
	  .argument = "security_bprm_check" },
	TRACEPOINT("exec", "exec_told", "sched_process_exec", true, "programs that are executed"),
	TRACEPOINT("calls", "call_exit", "sys_exit", true, "changes of files, identity and mappings"),
	HANDLER("changes: open", "change_open", 1, probe_tracepoint, "sys_exit", "files that are made or opened"),
	HANDLER("changes: by descriptor", "change_file", 2, probe_tracepoint, "sys_exit", "fchmod, ftruncate, ..."),
	HANDLER("changes: by name", "change_name", 3, probe_tracepoint, "sys_exit", "rename, unlink, chmod, ..."),
	TRACEPOINT("changes: content", "change_dirty", "writeback_mark_inode_dirty", false,
		   "whether a file opened for writing was written"),
	HANDLER("identity", "identity_changed", 4, probe_tracepoint, "sys_exit", "setuid and the like"),
	HANDLER("mappings: mmap", "mapping_mmap", 5, probe_tracepoint, "sys_exit", "libraries"),
	HANDLER("mappings: mprotect", "mapping_protect", 6, probe_helper, "bpf_find_vma",
		"files mapped first and made executable later"),
	HANDLER("mappings: mprotect", "mapping_protect_rb", 6, probe_member, "vm_area_struct.vm_rb", NULL),
	{ .task = "mappings: interpreter",
	  .program = "mapping_interpreter",
	  .mechanism = "tp_btf/sched_process_exec",
	  .backend = PLM_BACKEND_TRACEPOINT,
	  .question = probe_helper,
	  .argument = "bpf_find_vma",
	  .unseen = "a program interpreter that is not the image's" },
	{ .task = "mappings: interpreter",
	  .program = "mapping_interpreter_rb",
	  .mechanism = "tp_btf/sched_process_exec",
	  .backend = PLM_BACKEND_TRACEPOINT,
	  .question = probe_member,
	  .argument = "vm_area_struct.vm_rb" },
	HANDLER("io_uring: rings made", "call_blind", 7, probe_tracepoint, "sys_exit", "io_uring"),
};

_Static_assert(ARRAY_SIZE(hook_table) <= HOOKS_MAX, "hooks_choose has room for every row");

static const char *const mode_names[] = {
	[HOOKS_AUTO] = "auto", [HOOKS_LSM] = "lsm", [HOOKS_TRACEPOINT] = "tracepoint"
};

int hooks_mode_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(mode_names); i++)
		if (!strcmp(name, mode_names[i]))
			return (int)i;
	return -EINVAL;
}

/* May a row be taken in this mode at all? */
static bool mode_allows(enum hooks_mode mode, const struct hook *hook)
{
	bool trampoline = hook->backend == PLM_BACKEND_LSM || hook->backend == PLM_BACKEND_FENTRY;

	return mode == HOOKS_AUTO || !trampoline || (mode == HOOKS_LSM && hook->backend == PLM_BACKEND_LSM);
}

static void choice_make(struct probe *probe, enum hooks_mode mode, struct hook_choice *choice, bool served)
{
	const struct hook *hook = choice->hook;

	choice->state = HOOK_NOT_NEEDED;
	if (served)
		return;
	choice->state = HOOK_REFUSED;
	if (!mode_allows(mode, hook))
		choice->reason = "not asked for (--hooks)";
	else if (!hook->question(probe, hook->argument, &choice->reason))
		choice->state = HOOK_CHOSEN;
}

int hooks_choose(struct probe *probe, enum hooks_mode mode, struct hooks *ret_hooks)
{
	bool served = false;
	int r = 0;

	*ret_hooks = (struct hooks){ .count = ARRAY_SIZE(hook_table) };
	for (size_t i = 0; i < ret_hooks->count; i++) {
		struct hook_choice *choice = &ret_hooks->choices[i];

		choice->hook = &hook_table[i];
		if (hooks_task_begins(ret_hooks, i))
			served = false;
		choice_make(probe, mode, choice, served);
		served |= choice->state == HOOK_CHOSEN;
		if (choice->state == HOOK_REFUSED && choice->hook->required)
			r = -EOPNOTSUPP;
		if (choice->state == HOOK_REFUSED && mode == HOOKS_LSM && choice->hook->backend == PLM_BACKEND_LSM)
			r = -EOPNOTSUPP;
	}
	return r;
}

bool hooks_task_begins(const struct hooks *hooks, size_t index)
{
	return index == 0 || strcmp(hooks->choices[index].hook->task, hooks->choices[index - 1].hook->task) != 0;
}

bool hooks_task_unseen(const struct hooks *hooks, size_t index)
{
	for (size_t i = index; i < hooks->count && (i == index || !hooks_task_begins(hooks, i)); i++)
		if (hooks->choices[i].state == HOOK_CHOSEN)
			return false;
	return true;
}
