// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The walk from a dentry to the top of its mount tree (as fs/d_path.c does, without its locks). */
#include "compat.h"
#include "maps.h"
#include "text.h"

#define COMPONENT_MAX 256 /* NAME_MAX and the NUL */

enum step { STEP_ON, STEP_TOP, STEP_STOPPED, STEP_CUT, STEP_FAULT };

int path_step(u32 slot);
int path_run(u32 slot);

/* From a mount's root to where it is mounted. */
static enum step mount_step(struct scratch *scratch)
{
	u64 mount = container_of_addr(scratch->walk_mount, struct mount, mnt);
	u64 parent = (u64)BPF_CORE_READ((struct mount *)mount, mnt_parent);

	if (!parent || parent == mount)
		return STEP_TOP;
	scratch->walk_dentry = (u64)BPF_CORE_READ((struct mount *)mount, mnt_mountpoint);
	scratch->walk_mount = parent + bpf_core_field_offset(struct mount, mnt);
	return STEP_ON;
}

/*
 * One component. Global, with its state in the scratch, so that the verifier checks it once and the loop around it
 * costs it a handful of instructions a turn; inlined, 512 turns cost 80,000 (kernel 5.10 has no bpf_loop).
 *
 * A name may change under the walk (rename): then the path is one that was true a moment before or after, for each
 * component by itself. d_path() would try again; a program cannot.
 */
__noinline int path_step(u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	struct dentry *dentry, *parent;
	struct vfsmount *mount;
	u32 at;
	long length;

	if (!scratch)
		return STEP_FAULT;
	dentry = (struct dentry *)scratch->walk_dentry;
	mount = (struct vfsmount *)scratch->walk_mount;
	if (mount && dentry == BPF_CORE_READ(mount, mnt_root))
		return mount_step(scratch);
	if ((u64)dentry == scratch->walk_stop)
		return STEP_STOPPED;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (!parent || parent == dentry)
		return STEP_TOP;
	at = scratch->at;
	if (at > PLM_RECORD_MAX - COMPONENT_MAX || at - scratch->walk_begin > PLM_PATH_MAX)
		return STEP_CUT;
	length = bpf_probe_read_kernel_str(scratch->data + at, COMPONENT_MAX, BPF_CORE_READ(dentry, d_name.name));
	if (length <= 0)
		return STEP_FAULT;
	scratch->at = at + length;
	scratch->walk_dentry = (u64)parent;
	return STEP_ON;
}

#define DEPTH_MAX 512 /* of directories; what lies deeper is below nothing */

int path_is_below(u64 dentry, u64 above)
{
	u64 parent;

	for (int i = 0; i < DEPTH_MAX && dentry; i++) {
		if (dentry == above)
			return 1;
		parent = (u64)BPF_CORE_READ((struct dentry *)dentry, d_parent);
		if (parent == dentry)
			return 0;
		dentry = parent;
	}
	return 0;
}

#define STEPS_RUN 32

/* As many steps again as the verifier would otherwise walk one by one, in each program that has a path. */
__noinline int path_run(u32 slot)
{
	int step = STEP_ON;

	for (int i = 0; i < STEPS_RUN && step == STEP_ON; i++)
		step = path_step(slot);
	return step;
}

int path_append(u64 dentry, u64 mount, u64 stop, u32 slot)
{
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &slot);
	u32 begin, at;
	int step = STEP_ON;

	if (!scratch || !dentry)
		return -2; /* ENOENT */
	begin = scratch->walk_begin = scratch->at;
	scratch->walk_dentry = dentry;
	scratch->walk_mount = mount;
	scratch->walk_stop = stop;
	for (int i = 0; i < PLM_COMPONENTS / STEPS_RUN && step == STEP_ON; i++)
		step = path_run(slot);
	if (step == STEP_FAULT)
		return -14; /* EFAULT */
	at = scratch->at;
	if (at != begin)
		goto out;
	verifier_keep(at);
	if (at <= PLM_RECORD_MAX - 2) {
		scratch->data[at] = '/';
		scratch->data[at + 1] = 0;
		scratch->at = at += 2;
	}
out:
	return (at - begin) | (step == STEP_STOPPED ? PATH_STOPPED : step == STEP_TOP ? 0 : PATH_CUT);
}
