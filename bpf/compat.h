/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel differences: one accessor each, so that callers never see them. */
#ifndef PLM_BPF_COMPAT_H
#define PLM_BPF_COMPAT_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define NSEC_PER_SEC 1000000000ull

#ifndef container_of_addr
/* The struct that `member` at address `addr` lies in, as an address. */
#define container_of_addr(addr, type, member) ((u64)(addr)-bpf_core_field_offset(type, member))
#endif

/* What the verifier is shown of `value` from here on is in this one register: the compiler may not take an equal one. */
#define verifier_keep(value) asm volatile("" : "+r"(value))

#define ERROR_MIN (-4095l) /* IS_ERR_VALUE */

static inline bool is_error(u64 value)
{
	return value >= (u64)ERROR_MIN;
}

/* bpf_get_current_task_btf is from 5.11 (commit 3ca1032ab7ab). All reads go through CO-RE probes, so the plain
 * address does as well everywhere. */
static inline struct task_struct *current_task(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

static inline u64 timespec_ns(struct timespec64 t)
{
	return (u64)t.tv_sec * NSEC_PER_SEC + t.tv_nsec;
}

#define CTIME_QUERIED (1u << 31) /* include/linux/fs.h, I_CTIME_QUERIED, from 6.13: a mark beside the time */

static inline u64 inode_ctime(struct inode *inode)
{
	struct inode___timespec *old = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;

	if (bpf_core_field_exists(inode->i_ctime_sec))
		return (u64)BPF_CORE_READ(inode, i_ctime_sec) * NSEC_PER_SEC +
		       (BPF_CORE_READ(inode, i_ctime_nsec) & ~CTIME_QUERIED);
	if (bpf_core_field_exists(hidden->__i_ctime))
		return timespec_ns(BPF_CORE_READ(hidden, __i_ctime));
	return timespec_ns(BPF_CORE_READ(old, i_ctime));
}

static inline u64 inode_atime(struct inode *inode)
{
	struct inode___timespec *old = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;

	if (bpf_core_field_exists(inode->i_atime_sec))
		return (u64)BPF_CORE_READ(inode, i_atime_sec) * NSEC_PER_SEC + BPF_CORE_READ(inode, i_atime_nsec);
	if (bpf_core_field_exists(hidden->__i_atime))
		return timespec_ns(BPF_CORE_READ(hidden, __i_atime));
	return timespec_ns(BPF_CORE_READ(old, i_atime));
}

/* __i_mtime came one release after __i_ctime, so the two are asked apart. */
static inline u64 inode_mtime(struct inode *inode)
{
	struct inode___timespec *old = (void *)inode;
	struct inode___hidden *hidden = (void *)inode;

	if (bpf_core_field_exists(inode->i_mtime_sec))
		return (u64)BPF_CORE_READ(inode, i_mtime_sec) * NSEC_PER_SEC + BPF_CORE_READ(inode, i_mtime_nsec);
	if (bpf_core_field_exists(hidden->__i_mtime))
		return timespec_ns(BPF_CORE_READ(hidden, __i_mtime));
	return timespec_ns(BPF_CORE_READ(old, i_mtime));
}

/* The id of a cgroup's ancestor at `level` (0 is the hierarchy's root), itself included; below it 0. From 6.1 the
 * ancestors themselves are kept (commit 7f203bc89eb6), before that their ids. */
static inline u64 cgroup_ancestor(struct cgroup *cgroup, u32 level)
{
	struct cgroup *ancestor = 0;
	u64 id = 0;

	if ((u32)BPF_CORE_READ(cgroup, level) < level)
		return 0;
	if (bpf_core_field_exists(cgroup->ancestors)) {
		bpf_probe_read_kernel(&ancestor, sizeof(ancestor),
				      (void *)cgroup + bpf_core_field_offset(struct cgroup, ancestors) +
					      level * sizeof(ancestor));
		return BPF_CORE_READ(ancestor, kn, id);
	}
	bpf_probe_read_kernel(&id, sizeof(id),
			      (void *)cgroup + bpf_core_field_offset(struct cgroup___ids, ancestor_ids) +
				      level * sizeof(id));
	return id;
}

static inline struct kernfs_node *kernfs_parent(struct kernfs_node *kn)
{
	struct kernfs_node___rcu *rcu = (void *)kn;

	if (bpf_core_field_exists(rcu->__parent))
		return BPF_CORE_READ(rcu, __parent);
	return BPF_CORE_READ(kn, parent);
}

#define FMODE_READ    0x1u
#define FMODE_WRITE   0x2u
#define FMODE_CREATED 0x100000u

#define OVERLAYFS_MAGIC 0x794c7630

#define MNT_READONLY 0x40
#define MNT_INTERNAL 0x4000

/* What a dirty inode has to write: pages of content, or (I_DIRTY_SYNC | I_DIRTY_DATASYNC) its own fields. Macros, until
 * 6.18 made them enumerators of other values. */
static inline int dirty_pages(void)
{
	if (bpf_core_enum_value_exists(enum inode_state_flags_t, I_DIRTY_PAGES))
		return bpf_core_enum_value(enum inode_state_flags_t, I_DIRTY_PAGES);
	return 4;
}

static inline int dirty_inode(void)
{
	if (bpf_core_enum_value_exists(enum inode_state_flags_t, I_DIRTY_SYNC))
		return bpf_core_enum_value(enum inode_state_flags_t, I_DIRTY_SYNC) |
		       bpf_core_enum_value(enum inode_state_flags_t, I_DIRTY_DATASYNC);
	return 1 | 2;
}

/*
 * The path that a user of the file sees. The file behind a mapping of an overlay file is the layer's own: up to 6.5
 * it still carries the overlay's path; from 6.6 (commit def3ae83da02) that stands behind it in struct backing_file,
 * and its own is on a mount of no namespace (fs/namespace.c, MNT_NS_INTERNAL). FMODE_BACKING marks it, but has changed
 * its bit: so what stands there is believed if it leads to an overlay.
 */
static inline struct path file_user_path(struct file *file)
{
	struct backing_file *backing = (void *)file;
	struct path own = BPF_CORE_READ(file, f_path), user;
	struct mount *mount = (struct mount *)container_of_addr(own.mnt, struct mount, mnt);

	if (!bpf_core_type_exists(struct backing_file) || !is_error((u64)BPF_CORE_READ(mount, mnt_ns)))
		return own;
	user = BPF_CORE_READ(backing, user_path);
	return BPF_CORE_READ(user.dentry, d_sb, s_magic) == OVERLAYFS_MAGIC ? user : own;
}

/*
 * The upper dentry of an overlay inode, NULL where the file is a lower layer's. struct ovl_inode holds it right
 * behind its struct inode (fs/overlayfs/ovl_entry.h, so since 4.13); overlayfs may be a module whose types the
 * kernel does not tell, hence by the size of struct inode.
 */
static inline struct dentry *overlay_upper(struct inode *inode)
{
	struct dentry *upper = 0;

	bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
	return upper;
}

#endif
