/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's types that the programs read, and no more: only the fields in use, under preserve_access_index, so
 * that libbpf relocates each access to the running kernel's own layout (CO-RE). Sizes and offsets here mean
 * nothing. A field is added when a program reads it. Kernel differences (a field that moved or changed its type)
 * are flavours, with the accessor in bpf/compat.h: nobody else sees them.
 */
#ifndef PLM_VMLINUX_H
#define PLM_VMLINUX_H

typedef unsigned char __u8;
typedef signed short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
typedef __s64 s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
enum { false, true };

/* uapi/linux/bpf.h: what a map's definition and a helper's flags need. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };
enum { BPF_F_NO_PREALLOC = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0, BPF_RB_RING_SIZE = 1 };

#include "arch.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
	struct list_head *next;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct rb_node {
	struct rb_node *rb_right, *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

typedef struct {
	u32 val;
} kuid_t;

typedef struct {
	u32 val;
} kgid_t;

struct ns_common {
	u32 inum;
};

struct uid_gid_extent {
	u32 first, lower_first, count;
};

struct uid_gid_map {
	u32 nr_extents;
	struct uid_gid_extent extent[5];
};

struct user_namespace {
	struct uid_gid_map uid_map;
	int level;
	struct ns_common ns;
};

/* kernel_cap_t: two words (to 6.2) or one (from 6.3, commit f122a08b197d): eight bytes of the same order. */
typedef struct {
	u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid, suid, euid, fsuid;
	kgid_t gid, sgid, egid, fsgid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective, cap_ambient;
	struct user_namespace *user_ns;
};

struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};

struct super_block {
	u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
	struct dentry *s_root;
};

struct inode {
	u16 i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	s64 i_size;
	/* from 6.11 (commit 3aa63a569c64) */
	s64 i_atime_sec, i_ctime_sec, i_mtime_sec;
	u32 i_atime_nsec, i_ctime_nsec, i_mtime_nsec;
	u32 i_generation;
	struct hlist_head i_dentry;
};

struct inode___timespec { /* to 6.5 */
	struct timespec64 i_atime, i_ctime, i_mtime;
};

struct inode___hidden { /* 6.6 to 6.10 (commits 13bc24457850, 12cd44023651) */
	struct timespec64 __i_atime, __i_ctime, __i_mtime;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	union {
		struct hlist_node d_alias;
	} d_u;
};

struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
	int mnt_flags;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	unsigned int f_flags;
	unsigned int f_mode;
	struct path f_path;
	struct inode *f_inode;
};

/* fs/file_table.c, from 6.6: behind the file of a stacked file system's own (FMODE_BACKING). */
struct backing_file {
	struct file file;
	struct path user_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root, pwd;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct task_struct *child_reaper;
	unsigned int level;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct tty_driver {
	int major, minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

struct signal_struct {
	struct tty_struct *tty;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct file *vm_file;
};

struct vm_area_struct___rb { /* to 6.0 (maple tree from 6.1) */
	struct rb_node vm_rb;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	unsigned long saved_auxv[1];
	struct file *exe_file;
};

struct mm_struct___rb {
	struct rb_root mm_rb;
};

struct kernfs_node {
	u64 id;
	struct kernfs_node *parent;
};

struct kernfs_node___rcu { /* from 6.15 (commit 633488947ef6) */
	struct kernfs_node *__parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
	int level;
	struct cgroup *ancestors[1];
};

struct cgroup___ids {
	u64 ancestor_ids[1];
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	int pid, tgid;
	unsigned int personality;
	struct task_struct *real_parent, *group_leader;
	u64 start_boottime;
	const struct cred *real_cred, *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct pid *thread_pid;
	struct css_set *cgroups;
	struct mm_struct *mm;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	unsigned int secureexec : 1;
	char buf[256];
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

/* include/linux/fs.h, from 6.18: values are asked through CO-RE, never taken from here. */
enum inode_state_flags_t {
	I_DIRTY_SYNC = 1,
	I_DIRTY_DATASYNC = 2,
	I_DIRTY_PAGES = 4,
};

/* Asked through CO-RE where a kernel may differ; values are those of uapi and stable since they appeared. */
enum bpf_func_id {
	BPF_FUNC_find_vma = 180,
	BPF_FUNC_get_current_task_btf = 158,
};

#endif
