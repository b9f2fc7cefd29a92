/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file is, and where it lies: the image, the upper layer, memory, a volume, the kernel's control files. */
#ifndef PLM_BPF_FILE_H
#define PLM_BPF_FILE_H

#include "compat.h"
#include "maps.h"
#include "text.h"

/* uapi/linux/magic.h */
#define TMPFS_MAGIC 0x01021994
#define RAMFS_MAGIC 0x858458f6

#define SB_RDONLY 1

#define S_IFMT  0170000
#define S_IFREG 0100000

static bool magic_is_control(u32 magic)
{
	static const u32 control[] = {
		0x9fa0,     /* proc */
		0x62656572, /* sysfs */
		0x27e0eb,   /* cgroup v1 */
		0x63677270, /* cgroup v2 */
		0x64626720, /* debugfs */
		0x74726163, /* tracefs */
		0x73636673, /* securityfs */
		0xcafe4a11, /* bpf */
		0x42494e4d, /* binfmt_misc */
	};

	for (u32 i = 0; i < sizeof(control) / sizeof(control[0]); i++)
		if (magic == control[i])
			return true;
	return false;
}

/* An overlay: which container's root is it, if any? */
static u32 overlay_layer(u32 device, bool upper, u64 own, const struct plm_container *container)
{
	u64 *owner;

	if (container && device == container->root_device)
		return upper ? PLM_LAYER_UPPER : PLM_LAYER_IMAGE;
	owner = bpf_map_lookup_elem(&roots, &device);
	if (owner && *owner != own)
		return PLM_LAYER_OTHER_ROOT;
	return PLM_LAYER_VOLUME;
}

/* A root that is no overlay is one directory among others of its file system: known by its mount. */
static bool path_on_plain(const struct path *path, const struct plm_container *container)
{
	return path_is_below((u64)BPF_CORE_READ(path->mnt, mnt_root), container->upper_root);
}

/* Nobody inside can set a change time; a rename sets it as well. */
static bool plain_changed(struct inode *inode, const struct plm_container *container)
{
	return inode_ctime(inode) >= container->since;
}

static u32 other_layer(u32 magic)
{
	if (magic == TMPFS_MAGIC || magic == RAMFS_MAGIC)
		return PLM_LAYER_MEMORY;
	return magic_is_control(magic) ? PLM_LAYER_CONTROL : PLM_LAYER_VOLUME;
}

/* Fills what the inode tells, and the layer. `own` is the id of the container that acts. */
static void file_fill(struct plm_file *to, const struct path *path, u64 own, const struct plm_container *container)
{
	struct inode *inode = BPF_CORE_READ(path->dentry, d_inode), *told = inode;
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	struct dentry *upper = 0;
	u32 mnt_flags = BPF_CORE_READ(path->mnt, mnt_flags);

	to->device = BPF_CORE_READ(sb, s_dev);
	to->magic = BPF_CORE_READ(sb, s_magic);
	if (to->magic == OVERLAYFS_MAGIC) {
		upper = overlay_upper(inode);
		to->layer = overlay_layer(to->device, upper, own, container);
		if (upper) {
			told = BPF_CORE_READ(upper, d_inode);
			to->upper_inode = BPF_CORE_READ(told, i_ino);
			to->upper_device = BPF_CORE_READ(told, i_sb, s_dev);
		}
	} else if (container && container->plain && to->device == container->root_device &&
		   path_on_plain(path, container)) {
		to->layer = PLM_LAYER_PLAIN;
		to->flags = plain_changed(inode, container) ? PLM_FILE_CHANGED : 0;
	} else {
		to->layer = other_layer(to->magic);
	}
	to->inode = BPF_CORE_READ(inode, i_ino);
	to->mode = BPF_CORE_READ(inode, i_mode);
	to->uid = BPF_CORE_READ(inode, i_uid.val);
	to->gid = BPF_CORE_READ(inode, i_gid.val);
	/* An overlay inode's own size, times and generation may lag behind those of the layer that it shows. */
	to->size = BPF_CORE_READ(told, i_size);
	to->nlink = BPF_CORE_READ(told, i_nlink);
	to->generation = BPF_CORE_READ(told, i_generation);
	to->ctime = inode_ctime(told);
	to->mtime = inode_mtime(told);
	if (!BPF_CORE_READ(path->dentry, d_hash.pprev) && BPF_CORE_READ(path->dentry, d_parent) != path->dentry)
		to->flags |= PLM_FILE_UNLINKED;
	if ((mnt_flags & MNT_READONLY) || (BPF_CORE_READ(sb, s_flags) & SB_RDONLY))
		to->flags |= PLM_FILE_READ_ONLY;
	if (mnt_flags & MNT_INTERNAL)
		to->flags |= PLM_FILE_MEMFD;
}

/* As the image shipped it, as far as can be told. */
static bool file_is_image(const struct plm_file *file)
{
	return file->layer == PLM_LAYER_IMAGE || (file->layer == PLM_LAYER_PLAIN && !(file->flags & PLM_FILE_CHANGED));
}

static struct file_key file_key(const struct plm_file *file)
{
	struct file_key key = {
		.inode = file->upper_inode ?: file->inode,
		.device = file->upper_inode ? file->upper_device : file->device,
		.generation = file->generation,
	};

	return key;
}

/* The file behind a descriptor of the task; NULL where there is none. */
static struct file *file_of_fd(struct task_struct *task, u64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **slots = BPF_CORE_READ(table, fd), *file = 0;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	bpf_probe_read_kernel(&file, sizeof(file), slots + fd);
	return file;
}

#endif
