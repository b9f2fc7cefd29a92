/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who: a task's ids, credentials, container and session. */
#ifndef PLM_BPF_TASK_H
#define PLM_BPF_TASK_H

#include "compat.h"
#include "maps.h"

static u32 task_tid(struct task_struct *task)
{
	return BPF_CORE_READ(task, pid);
}

static u32 task_pid(struct task_struct *task)
{
	return BPF_CORE_READ(task, tgid);
}

/* Of the process: its leader's. */
static u64 task_start(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, start_boottime);
}

static struct path task_root(struct task_struct *task)
{
	return BPF_CORE_READ(task, fs, root);
}

static struct path task_pwd(struct task_struct *task)
{
	return BPF_CORE_READ(task, fs, pwd);
}

/*
 * The task's cgroup in the hierarchy that counts. In one of v1 it is that of any controller which is mounted there
 * (struct css_set has a slot for each, in the order of enum cgroup_subsys_id).
 */
static struct cgroup *task_cgroup_of(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = 0;

	if (!knobs.hierarchy)
		return BPF_CORE_READ(set, dfl_cgrp);
	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				      knobs.subsystem * sizeof(css));
	return BPF_CORE_READ(css, cgroup);
}

static u64 task_cgroup(struct task_struct *task)
{
	return BPF_CORE_READ(task_cgroup_of(task), kn, id);
}

static u64 current_cgroup(void)
{
	return knobs.hierarchy ? task_cgroup(current_task()) : bpf_get_current_cgroup_id();
}

static void creds_fill(struct plm_creds *creds, const struct cred *from)
{
	creds->uid = BPF_CORE_READ(from, uid.val);
	creds->gid = BPF_CORE_READ(from, gid.val);
	creds->euid = BPF_CORE_READ(from, euid.val);
	creds->egid = BPF_CORE_READ(from, egid.val);
	creds->suid = BPF_CORE_READ(from, suid.val);
	creds->sgid = BPF_CORE_READ(from, sgid.val);
	creds->fsuid = BPF_CORE_READ(from, fsuid.val);
	creds->fsgid = BPF_CORE_READ(from, fsgid.val);
	bpf_core_read(&creds->cap_effective, 8, &from->cap_effective);
	bpf_core_read(&creds->cap_permitted, 8, &from->cap_permitted);
	bpf_core_read(&creds->cap_inheritable, 8, &from->cap_inheritable);
	bpf_core_read(&creds->cap_ambient, 8, &from->cap_ambient);
	creds->userns = BPF_CORE_READ(from, user_ns, ns.inum);
	creds->userns_level = BPF_CORE_READ(from, user_ns, level);
}

static bool creds_differ(const struct plm_creds *a, const struct plm_creds *b)
{
	return a->uid != b->uid || a->euid != b->euid || a->suid != b->suid || a->fsuid != b->fsuid ||
	       a->gid != b->gid || a->egid != b->egid || a->sgid != b->sgid || a->fsgid != b->fsgid ||
	       a->cap_effective != b->cap_effective || a->cap_permitted != b->cap_permitted ||
	       a->cap_ambient != b->cap_ambient || a->userns != b->userns;
}

/* Is euid what 0 maps to in the task's own user namespace? (kernel/user_namespace.c: five extents lie in line) */
static bool creds_ns_root(const struct cred *cred)
{
	struct user_namespace *ns = BPF_CORE_READ(cred, user_ns);
	u32 euid = BPF_CORE_READ(cred, euid.val);
	u32 extents = BPF_CORE_READ(ns, uid_map.nr_extents);
	struct uid_gid_extent extent[5];

	if (!BPF_CORE_READ(ns, level))
		return euid == 0;
	if (bpf_core_read(extent, sizeof(extent), &ns->uid_map.extent))
		return false;
	for (u32 i = 0; i < 5; i++)
		if (i < extents && extent[i].first == 0)
			return extent[i].lower_first == euid;
	return false;
}

/* Any kind of root: the host's, or of its own user namespace. */
static bool task_is_root(const struct plm_task *task)
{
	return task->creds.euid == 0 || (task->flags & PLM_TASK_NS_ROOT);
}

/* Is the task's root not the top of its mount tree (chroot)? */
static bool task_chrooted(struct task_struct *task)
{
	struct path root = BPF_CORE_READ(task, fs, root);
	u64 mount = container_of_addr(root.mnt, struct mount, mnt);
	struct mount *parent = BPF_CORE_READ((struct mount *)mount, mnt_parent);

	if (root.dentry != BPF_CORE_READ(root.mnt, mnt_root))
		return true;
	if ((u64)parent == mount)
		return false;
	return BPF_CORE_READ((struct mount *)mount, mnt_mountpoint) != BPF_CORE_READ(parent, mnt.mnt_root);
}

/* Does the task have a root directory other than the host's? A runtime's process, until it has pivoted, has not. */
static bool task_pivoted(struct task_struct *task)
{
	struct inode *root = BPF_CORE_READ(task, fs, root.dentry, d_inode);

	return BPF_CORE_READ(root, i_ino) != knobs.host_root_inode ||
	       BPF_CORE_READ(root, i_sb, s_dev) != knobs.host_root_device;
}

/*
 * Is its program on a mount of another mount namespace than its own (and of some: neither a memfd's, nor one that is
 * detached)? Nothing that a task could name leads there; it is what it was before it came in.
 */
static bool task_runs_foreign(struct task_struct *task)
{
	struct vfsmount *mnt = BPF_CORE_READ(task, mm, exe_file, f_path.mnt);
	struct mount *mount = (struct mount *)container_of_addr(mnt, struct mount, mnt);
	struct mnt_namespace *ns = mnt ? BPF_CORE_READ(mount, mnt_ns) : 0;

	return ns && !is_error((u64)ns) && ns != BPF_CORE_READ(task, nsproxy, mnt_ns);
}

#define AT_BASE    7 /* uapi/linux/auxvec.h */
#define AUXV_PAIRS 24

/*
 * Did the kernel load the program without an interpreter? By what it told the program of its beginning
 * (fs/binfmt_elf.c, create_elf_tables); false for a 32-bit one, which has it in another form.
 */
static __noinline int task_runs_static(struct task_struct *task)
{
	void *auxv = (void *)BPF_CORE_READ(task, mm) + bpf_core_field_offset(struct mm_struct, saved_auxv);
	u64 pair[2];

	for (int i = 0; i < AUXV_PAIRS; i++) {
		if (bpf_probe_read_kernel(pair, sizeof(pair), auxv + i * sizeof(pair)))
			return false;
		if (pair[0] == AT_BASE)
			return pair[1] == 0;
	}
	return false;
}

/*
 * A runtime's process that has pivoted and runs a program of the host's still, or again, which takes nothing of the
 * container, not even a loader: then that is what the container is made of, a kernel of its own. Were it the container
 * that had led the runtime to run itself (by a link to /proc/self/exe), the runtime would be dynamic, or a memfd.
 */
static bool task_is_sandbox(struct task_struct *task)
{
	return task_pivoted(task) && task_runs_foreign(task) && task_runs_static(task);
}

static u32 task_tty(struct task_struct *task)
{
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct tty_driver *driver = BPF_CORE_READ(tty, driver);

	if (!tty)
		return 0;
	return (u32)BPF_CORE_READ(driver, major) << 20 |
	       (BPF_CORE_READ(driver, minor_start) + BPF_CORE_READ(tty, index));
}

/* The entry of a pid for its innermost namespace. */
static struct upid *pid_innermost(struct pid *pid)
{
	u32 level = BPF_CORE_READ(pid, level);

	return (void *)pid + bpf_core_field_offset(struct pid, numbers) + level * bpf_core_type_size(struct upid);
}

static u32 task_vpid(struct task_struct *leader)
{
	struct upid *upid = pid_innermost(BPF_CORE_READ(leader, thread_pid));

	return BPF_CORE_READ(upid, nr);
}

/* Process 1 of its innermost pid namespace. */
static struct task_struct *task_reaper(struct task_struct *task)
{
	struct upid *upid = pid_innermost(BPF_CORE_READ(task, thread_pid));

	return BPF_CORE_READ(upid, ns, child_reaper);
}

static void task_fill(struct plm_task *to, struct task_struct *task, const struct plm_task_state *state)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct task_struct *parent = BPF_CORE_READ(leader, real_parent);
	const struct cred *cred = BPF_CORE_READ(task, real_cred);

	to->start = BPF_CORE_READ(leader, start_boottime);
	to->pid = BPF_CORE_READ(task, tgid);
	to->tid = BPF_CORE_READ(task, pid);
	to->vpid = task_vpid(leader);
	to->parent_pid = BPF_CORE_READ(parent, tgid);
	to->parent_start = BPF_CORE_READ(parent, group_leader, start_boottime);
	creds_fill(&to->creds, cred);
	if (creds_ns_root(cred))
		to->flags |= PLM_TASK_NS_ROOT;
	if (task_chrooted(task))
		to->flags |= PLM_TASK_CHROOT;
	to->tty = task_tty(task);
	to->mnt_ns = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_core_read_str(to->comm, sizeof(to->comm), &task->comm);
	if (state) {
		to->session = state->session;
		to->cause = state->cause;
		to->flags |= state->flags & PLM_TASK_RUNTIME;
	}
}

static void head_fill(struct plm_head *head, u32 kind, u32 backend, u64 cgroup, const struct plm_cgroup *entry)
{
	head->kind = kind;
	head->backend = backend;
	head->cgroup = cgroup;
	if (!entry)
		return;
	head->container = entry->root;
	if (entry->state == PLM_CGROUP_CANDIDATE)
		head->flags |= PLM_CANDIDATE;
}

/* Is the current task a runtime's, inside a container before its exec? A thread that came along with its leader has no
 * entry of its own (only the leader is told): what the leader is, it is. */
static bool state_is_runtime(const struct plm_task_state *own)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	const struct plm_task_state *state = own ? own : bpf_map_lookup_elem(&tasks, &pid);

	return state && (state->flags & PLM_TASK_RUNTIME);
}

/* The task's entry, or a new one: what a task is when it is first seen has no "before". */
static struct plm_task_state *state_of(struct task_struct *task, u64 container, u32 flags)
{
	u32 tid = BPF_CORE_READ(task, pid);
	struct plm_task_state fresh = {}, *state = bpf_map_lookup_elem(&tasks, &tid);
	u64 start = BPF_CORE_READ(task, start_boottime);

	if (state && state->root == container && state->start == start)
		return state;
	fresh.start = start;
	fresh.root = container;
	fresh.flags = flags;
	creds_fill(&fresh.creds, BPF_CORE_READ(task, real_cred));
	if (bpf_map_update_elem(&tasks, &tid, &fresh, BPF_ANY))
		return 0;
	return bpf_map_lookup_elem(&tasks, &tid);
}

#endif
