// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * exec: what was executed, by whom, from what.
 *
 * The telling hook is the tracepoint behind a successful exec, in every back end: only there are the arguments on
 * the new stack and is the outcome known. The identifying hook before the act is the back end's choice: LSM, else
 * fentry on the same point, else none. It alone sees a script's own file (the telling hook finds the interpreter's)
 * and the credentials of the moment before.
 */
#include "emit.h"
#include "file.h"
#include "inside.h"
#include "start.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

/* ---- before the act: identify ---- */

/*
 * security_bprm_check(): once for what was named, then once for each interpreter on the way (fs/exec.c,
 * search_binary_handler). The first of them is the script, if it is one.
 */
static int exec_identify(struct linux_binprm *bprm, u32 backend)
{
	struct task_struct *task = current_task();
	u64 cgroup = current_cgroup();
	struct plm_cgroup *entry = bpf_map_lookup_elem(&cgroups, &cgroup);
	u32 tid = task_tid(task);
	struct file *file = BPF_CORE_READ(bprm, file);
	struct pending_exec *pending;
	struct plm_container *container;
	struct scratch *scratch;
	struct path path;
	char magic[2] = {};
	int length;

	if (!entry || BPF_CORE_READ(bprm, interp) != BPF_CORE_READ(bprm, filename))
		return 0; /* outside any container; or an interpreter, whose script was seen */
	container = bpf_map_lookup_elem(&containers, &entry->root);
	if (!container)
		return 0; /* forgotten a moment ago */
	scratch = scratch_take();
	if (!scratch) {
		loss_count(entry->root, PLM_LOSS_SCRATCH, PLM_EXEC);
		return 0;
	}
	/* Built in the scratch: it is far larger than a program's stack. */
	pending = (void *)scratch->data;
	__builtin_memset(pending, 0, __builtin_offsetof(struct pending_exec, script_path));
	pending->backend = backend;
	creds_fill(&pending->before, BPF_CORE_READ(task, real_cred));
	bpf_core_read(magic, sizeof(magic), &bprm->buf);
	if (magic[0] == '#' && magic[1] == '!') {
		path = BPF_CORE_READ(file, f_path);
		file_fill(&pending->script, &path, entry->root, container);
		scratch->at = __builtin_offsetof(struct pending_exec, script_path);
		length = path_append((u64)path.dentry, (u64)path.mnt, 0, scratch->slot);
		if (length > 0 && !(length & PATH_CUT))
			pending->script_length = length;
	}
	if (bpf_map_update_elem(&execs, &tid, pending, BPF_ANY))
		loss_count(entry->root, PLM_LOSS_MAP, PLM_EXEC);
	scratch_put(scratch);
	return 0;
}

SEC("?lsm/bprm_check_security")
int BPF_PROG(exec_check_lsm, struct linux_binprm *bprm, int ret)
{
	if (!ret)
		exec_identify(bprm, PLM_BACKEND_LSM);
	return ret;
}

SEC("?fentry/security_bprm_check")
int BPF_PROG(exec_check_fentry, struct linux_binprm *bprm)
{
	return exec_identify(bprm, PLM_BACKEND_FENTRY);
}

/* ---- behind the act: tell ---- */

/* Why the program has the identity that it has, by what stood before. */
static u32 exec_cause(const struct plm_exec *exec, const struct plm_task_state *state)
{
	if (!task_is_root(&exec->task)) {
		if (exec->task.creds.cap_permitted & ~exec->before.cap_permitted)
			return PLM_CAUSE_FILE_CAPABILITY;
		return PLM_CAUSE_NONE;
	}
	if (exec->before.euid == exec->task.creds.euid) {
		if (exec->flags & PLM_EXEC_ENTRY)
			return PLM_CAUSE_IMAGE;
		return exec->flags & PLM_EXEC_SESSION ? PLM_CAUSE_SESSION : state->cause;
	}
	if ((exec->file.mode & 04000) && exec->file.uid == exec->task.creds.euid)
		return PLM_CAUSE_SETUID_FILE;
	if (exec->task.creds.userns_level > exec->before.userns_level)
		return PLM_CAUSE_USER_NAMESPACE;
	return PLM_CAUSE_UNEXPLAINED;
}

static void ancestors_fill(struct plm_ancestor *to, struct task_struct *task)
{
	struct task_struct *parent = BPF_CORE_READ(task, group_leader);

	for (int i = 0; i < PLM_ANCESTORS; i++) {
		parent = BPF_CORE_READ(parent, real_parent, group_leader);
		to[i].pid = BPF_CORE_READ(parent, tgid);
		if (to[i].pid <= 1)
			return;
		to[i].start = BPF_CORE_READ(parent, start_boottime);
	}
}

static void pending_apply(struct plm_exec *exec, struct scratch *scratch, const struct pending_exec *pending)
{
	u32 at = scratch->at, length = pending->script_length;

	exec->before = pending->before;
	exec->head.backend = pending->backend;
	if (!length || length > PLM_PATH_MAX || at > PLM_RECORD_MAX - PLM_PATH_MAX)
		return;
	exec->script = pending->script;
	bpf_probe_read_kernel(scratch->data + at, length, pending->script_path);
	exec->script_path.offset = at;
	exec->script_path.length = length;
	scratch->at = at + length;
}

/* What is closed at an exec is closed by now: what stands at descriptor 0 the program is given. Not inlined for the
 * stack's sake (5.10 allows 512 bytes in all). */
static __noinline int stdin_fill(struct plm_exec *exec, struct scratch *scratch, struct task_struct *task,
				 const struct plm_container *container)
{
	struct file *file = file_of_fd(task, 0);
	struct path path;

	if (!file)
		return 0;
	exec->stdin_mode = BPF_CORE_READ(file, f_inode, i_mode);
	if ((exec->stdin_mode & S_IFMT) != S_IFREG || !(BPF_CORE_READ(file, f_mode) & FMODE_READ))
		return 0;
	path = BPF_CORE_READ(file, f_path);
	file_fill(&exec->input, &path, exec->head.container, container);
	text_path(scratch, &path, &exec->input_path, PLM_CUT_INPUT);
	return 1;
}

/* Everything but flags, cause, before and what stdin_fill adds. */
static void exec_fill(struct plm_exec *exec, struct scratch *scratch, struct task_struct *task,
		      struct linux_binprm *bprm, const struct plm_container *container)
{
	struct path path = BPF_CORE_READ(bprm, file, f_path);
	struct path pwd = task_pwd(task), root = task_root(task);
	const char *name = BPF_CORE_READ(bprm, filename);

	file_fill(&exec->file, &path, exec->head.container, container);
	if (BPF_CORE_READ(bprm, interp) != name)
		exec->flags |= PLM_EXEC_SCRIPT;
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		exec->flags |= PLM_EXEC_SECURE;
	ancestors_fill(exec->ancestors, task);
	text_path(scratch, &path, &exec->path, PLM_CUT_PATH);
	text_string(scratch, name, false, &exec->name, PLM_CUT_NAME);
	text_path(scratch, &pwd, &exec->cwd, PLM_CUT_CWD);
	if (exec->task.flags & PLM_TASK_CHROOT)
		text_path(scratch, &root, &exec->root, PLM_CUT_CWD);
	text_args(scratch, task, &exec->args);
}

static struct plm_exec *exec_begin(struct scratch *scratch, u64 cgroup, const struct plm_cgroup *entry,
				   struct task_struct *task, const struct plm_task_state *state)
{
	struct plm_exec *exec = (void *)scratch->data;

	__builtin_memset(exec, 0, sizeof(*exec));
	scratch->at = sizeof(*exec);
	head_fill(&exec->head, PLM_EXEC, PLM_BACKEND_TRACEPOINT, cgroup, entry);
	task_fill(&exec->task, task, state);
	return exec;
}

/* What ran is worth the ring that a flood cannot fill: not the image's, or came from outside, or gained power. */
static bool exec_weighty(const struct plm_exec *exec)
{
	return !file_is_image(&exec->file) || exec->script.layer == PLM_LAYER_UPPER ||
	       (exec->script.flags & PLM_FILE_CHANGED) ||
	       (exec->flags & (PLM_EXEC_ENTRY | PLM_EXEC_SESSION | PLM_EXEC_SECURE));
}

/*
 * A runtime is root until it hands over: that is not where the container's program came from. It hands over as what
 * the real ids say, which an exec leaves alone, and what else there is came with the file.
 */
static void before_handed_over(struct plm_exec *exec)
{
	struct plm_creds *before = &exec->before;

	*before = exec->task.creds;
	if (!(exec->flags & PLM_EXEC_SECURE))
		return;
	before->euid = before->suid = before->fsuid = before->uid;
	before->egid = before->sgid = before->fsgid = before->gid;
	if (before->uid)
		before->cap_effective = before->cap_permitted = 0;
}

/* One exec in a container, behind its success. */
struct exec_context {
	struct task_struct *task;
	struct linux_binprm *bprm;
	struct plm_cgroup *entry;
	struct plm_container *container;
	struct plm_task_state *state;
	u64 cgroup;
	u32 old_tid; /* of the thread that called */
	u32 flags;   /* PLM_EXEC_* */
};

static void exec_tell(const struct exec_context *c)
{
	struct pending_exec *pending = bpf_map_lookup_elem(&execs, &c->old_tid);
	struct plm_task_state *state = c->state;
	struct scratch *scratch = scratch_take();
	struct plm_exec *exec;

	if (!scratch) {
		loss_count(c->entry->root, PLM_LOSS_SCRATCH, PLM_EXEC);
		return;
	}
	exec = exec_begin(scratch, c->cgroup, c->entry, c->task, state);
	exec->flags = c->flags;
	exec->before = state->creds;
	exec->before_cause = state->cause;
	exec_fill(exec, scratch, c->task, c->bprm, c->container);
	stdin_fill(exec, scratch, c->task, c->container);
	if (pending)
		pending_apply(exec, scratch, pending);
	if (c->flags & (PLM_EXEC_ENTRY | PLM_EXEC_SESSION))
		before_handed_over(exec);
	exec->task.cause = exec_cause(exec, state);
	state->cause = exec->task.cause;
	state->creds = exec->task.creds;
	emit(scratch, c->container, exec_weighty(exec));
	scratch_put(scratch);
}

/* In a cgroup beyond its container's quota? Then it is lost, and not outside. Not inlined for the stack's sake. */
static __noinline int exec_beyond(struct task_struct *task)
{
	u64 inside = container_above(task_cgroup_of(task));

	if (inside)
		loss_count(inside, PLM_LOSS_QUOTA, PLM_EXEC);
	return inside != 0;
}

/* On the host: is it a file of a container's root that runs outside any container? Not inlined: it is called twice. */
static __noinline int exec_outside(struct task_struct *task, struct linux_binprm *bprm)
{
	struct super_block *sb = BPF_CORE_READ(bprm, file, f_inode, i_sb);
	u32 device;
	struct plm_exec *exec;
	struct scratch *scratch;
	u64 *owner;

	if (BPF_CORE_READ(sb, s_magic) != OVERLAYFS_MAGIC)
		return 0;
	device = BPF_CORE_READ(sb, s_dev);
	owner = bpf_map_lookup_elem(&roots, &device);
	if (!owner)
		return 0;
	if (exec_beyond(task))
		return 0;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(*owner, PLM_LOSS_SCRATCH, PLM_EXEC);
		return 0;
	}
	exec = exec_begin(scratch, task_cgroup(task), 0, task, 0);
	exec->head.container = *owner;
	exec->flags = PLM_EXEC_OUTSIDE;
	exec->before = exec->task.creds;
	exec_fill(exec, scratch, task, bprm, bpf_map_lookup_elem(&containers, owner));
	emit(scratch, bpf_map_lookup_elem(&containers, owner), true);
	scratch_put(scratch);
	return 1;
}

/* A thread that execs becomes the leader: its state goes with it. Not inlined for the stack's sake (5.10 allows 512
 * bytes in all). */
static __noinline int task_moved(struct task_struct *task, u32 old, u32 tid)
{
	struct plm_task_state *state = bpf_map_lookup_elem(&tasks, &old), moved;

	if (!state)
		return 0;
	moved = *state;
	moved.start = BPF_CORE_READ(task, start_boottime);
	bpf_map_update_elem(&tasks, &tid, &moved, BPF_ANY);
	bpf_map_delete_elem(&tasks, &old);
	return 1;
}

/*
 * exec_binprm(), behind success: credentials are committed, the arguments are on the new stack, bprm->file is what
 * was mapped.
 */
SEC("?tp_btf/sched_process_exec")
int BPF_PROG(exec_told, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	struct exec_context c = { .task = task, .bprm = bprm, .cgroup = current_cgroup(), .old_tid = old_tid };
	u32 tid;

	c.entry = bpf_map_lookup_elem(&cgroups, &c.cgroup);
	if (!c.entry) {
		exec_outside(task, bprm);
		return 0;
	}
	c.container = bpf_map_lookup_elem(&containers, &c.entry->root);
	if (!c.container)
		return 0; /* forgotten a moment ago */
	tid = task_tid(task);
	if (c.old_tid != tid)
		task_moved(task, c.old_tid, tid);
	c.state = state_of(task, c.entry->root, 0);
	if (!c.state) {
		loss_count(c.entry->root, PLM_LOSS_MAP, PLM_EXEC);
		goto out;
	}
	if (c.container->phase == PLM_PHASE_SETUP || (c.state->flags & PLM_TASK_RUNTIME)) {
		if (!task_pivoted(task)) {
			/* The runtime runs itself again, still in the host's root; or a candidate is no container. */
			exec_outside(task, bprm);
			goto out;
		}
		if (c.container->phase == PLM_PHASE_SETUP && task_is_sandbox(task)) {
			container_sandbox(task, c.state, c.cgroup, c.entry, c.container, PLM_BACKEND_TRACEPOINT);
			goto out;
		}
		c.flags = c.container->phase == PLM_PHASE_SETUP ? PLM_EXEC_ENTRY : PLM_EXEC_SESSION;
		c.state->flags &= ~PLM_TASK_RUNTIME;
		c.state->session = c.flags == PLM_EXEC_SESSION ? task_start(task) : 0;
	}
	if (c.flags == PLM_EXEC_ENTRY)
		container_start(task, c.state, c.cgroup, c.entry, c.container, PLM_BACKEND_TRACEPOINT);
	exec_tell(&c);
out:
	bpf_map_delete_elem(&execs, &c.old_tid);
	return 0;
}
