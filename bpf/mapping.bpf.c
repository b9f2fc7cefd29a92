// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Code that is mapped, not executed: a file that is made executable in a process's memory. The image's own are told once
 * each, all others every time; what the agent found to be the image's no more.
 */
#include "call.h"
#include "emit.h"
#include "file.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

#define MAP_ANONYMOUS 0x20
#define PROT_EXEC     4

#define EEXIST 17

/* Reads no more than the look-up needs, which is where nearly every mapping ends. False: not of the container's root. */
static bool known_fill(struct plm_known *key, const struct path *path, const struct call_context *c)
{
	struct inode *inode = BPF_CORE_READ(path->dentry, d_inode);
	struct dentry *upper = 0;

	key->container = c->entry->root;
	key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	if (key->device != c->container->root_device)
		return false;
	if (!c->container->plain)
		upper = overlay_upper(inode);
	if (upper) {
		inode = BPF_CORE_READ(upper, d_inode);
		key->device = BPF_CORE_READ(inode, i_sb, s_dev);
	}
	key->inode = BPF_CORE_READ(inode, i_ino);
	key->generation = BPF_CORE_READ(inode, i_generation);
	key->ctime = inode_ctime(inode);
	return true;
}

static bool path_is_known(const struct call_context *c, const struct path *path)
{
	struct plm_known key = {};

	return !knobs.all && known_fill(&key, path, c) && bpf_map_lookup_elem(&known_files, &key);
}

/* Is it this event that tells of a file of the image? Of two processes that map it at once, one tells. */
static bool known_enter(const struct plm_known *key)
{
	u8 told = 1;

	return bpf_map_update_elem(&known_files, key, &told, BPF_NOEXIST) != -EEXIST;
}

static void mapping_tell(struct call_context *c, struct path *path, u64 address, u32 how)
{
	struct plm_known key = {};
	struct plm_mapping *mapping;
	struct scratch *scratch;
	bool image, weighty, once = !knobs.all && known_fill(&key, path, c);

	if (once && bpf_map_lookup_elem(&known_files, &key))
		return;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(c->entry->root, PLM_LOSS_SCRATCH, PLM_MAPPING);
		return;
	}
	mapping = (void *)scratch->data;
	__builtin_memset(mapping, 0, sizeof(*mapping));
	scratch->at = sizeof(*mapping);
	file_fill(&mapping->file, path, c->entry->root, c->container);
	image = file_is_image(&mapping->file);
	once &= image;
	if (once && !known_enter(&key))
		goto out;
	head_fill(&mapping->head, PLM_MAPPING, PLM_BACKEND_TRACEPOINT, c->cgroup, c->entry);
	task_fill(&mapping->task, c->task, c->state);
	mapping->address = address;
	mapping->how = how;
	text_path(scratch, path, &mapping->path, PLM_CUT_PATH);
	weighty = !image && (mapping->file.layer == PLM_LAYER_UPPER || mapping->file.layer == PLM_LAYER_PLAIN);
	if (!emit(scratch, c->container, weighty) && once)
		bpf_map_delete_elem(&known_files, &key); /* the next one may get through */
out:
	scratch_put(scratch);
}

struct mmap_args {
	u64 protection, flags, fd;
};

/* i386's first mmap has its six arguments in memory (arch/x86/entry/.., sys_ia32 old_mmap). */
static bool mmap_args_old(struct call_context *c, struct mmap_args *args)
{
	u32 words[6];

	if (bpf_probe_read_user(words, sizeof(words), (void *)call_arg(c, 1)))
		return false;
	args->protection = words[2];
	args->flags = words[3];
	args->fd = words[4];
	return true;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(mapping_mmap, struct pt_regs *regs, long ret)
{
	struct mmap_args args = {};
	struct call_context c = {};
	struct file *file;
	struct path path;

	if (!call_begin(&c, regs, ret))
		return 0;
	if (c.call->flags & CALL_OLD_MMAP) {
		if (!mmap_args_old(&c, &args)) {
			loss_count(c.entry->root, PLM_LOSS_READ, PLM_MAPPING);
			return 0;
		}
		if (!(args.protection & PROT_EXEC))
			return 0;
	} else {
		args.flags = call_arg(&c, 4);
		args.fd = call_arg(&c, 5);
	}
	if (args.flags & MAP_ANONYMOUS)
		return 0;
	file = file_of_fd(c.task, (u32)args.fd);
	if (!file) { /* a sibling closed it meanwhile */
		loss_count(c.entry->root, PLM_LOSS_READ, PLM_MAPPING);
		return 0;
	}
	path = BPF_CORE_READ(file, f_path);
	mapping_tell(&c, &path, ret, PLM_MAP_MMAP);
	return 0;
}

/* ---- by address: what is mapped there already ---- */

struct vma_search {
	struct path path;
	u64 end; /* of the area */
	bool found;
};

static long vma_take(struct task_struct *task, struct vm_area_struct *vma, struct vma_search *search)
{
	struct file *file = BPF_CORE_READ(vma, vm_file);

	search->end = BPF_CORE_READ(vma, vm_end);
	search->found = file;
	if (file)
		search->path = file_user_path(file);
	return 0;
}

typedef bool (*vma_finder)(struct task_struct *task, u64 address, struct vma_search *search);

/* From 5.17. False: the map could not be looked into (somebody changes it). */
static __always_inline bool vma_find(struct task_struct *task, u64 address, struct vma_search *search)
{
	return !bpf_find_vma(task, address, vma_take, search, 0);
}

#define VMA_DEPTH 40 /* of a red-black tree of a million nodes */

/* To 6.0 (mm/mmap.c, find_vma), without its lock: a tree that is being changed may hide the area. */
static __always_inline bool vma_find_rb(struct task_struct *task, u64 address, struct vma_search *search)
{
	struct mm_struct___rb *mm = (void *)BPF_CORE_READ(task, mm);
	struct rb_node *node = BPF_CORE_READ(mm, mm_rb.rb_node);

	for (int i = 0; i < VMA_DEPTH && node; i++) {
		struct vm_area_struct *vma = (void *)node - bpf_core_field_offset(struct vm_area_struct___rb, vm_rb);

		if (address >= BPF_CORE_READ(vma, vm_end)) {
			node = BPF_CORE_READ(node, rb_right);
		} else if (address < BPF_CORE_READ(vma, vm_start)) {
			node = BPF_CORE_READ(node, rb_left);
		} else {
			vma_take(task, vma, search);
			return true;
		}
	}
	return false;
}

#define AREAS 8 /* that one call's range is looked through for; more are counted as not read */

static bool path_is_image(const struct path *path, const struct plm_container *container)
{
	struct inode *inode = BPF_CORE_READ(path->dentry, d_inode);

	if (BPF_CORE_READ(inode, i_sb, s_dev) != container->root_device)
		return false;
	if (container->plain)
		return path_on_plain(path, container) && !plain_changed(inode, container);
	return !container->upper_root || !overlay_upper(inode);
}

/*
 * The first file in the range that is not the image's: a range may begin in anonymous memory, or in the image's.
 * Inlined with its finder, which must be a plain call: 5.10 knows no pointers to functions.
 */
static __always_inline int protect_tell(struct pt_regs *regs, long ret, struct task_struct *task, vma_finder find)
{
	struct vma_search search = {};
	struct call_context c = {};
	u64 address, end;

	if (!call_begin(&c, regs, ret))
		return 0;
	address = call_arg(&c, 1);
	end = address + call_arg(&c, 2);
	for (int i = 0; i < AREAS && address < end; i++, address = search.end) {
		if (!find(task, address, &search))
			break;
		if (!search.found || path_is_image(&search.path, c.container) || path_is_known(&c, &search.path))
			continue;
		mapping_tell(&c, &search.path, address, PLM_MAP_MPROTECT);
		return 0;
	}
	if (address < end)
		loss_count(c.entry->root, PLM_LOSS_READ, PLM_MAPPING);
	return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(mapping_protect, struct pt_regs *regs, long ret)
{
	return protect_tell(regs, ret, bpf_get_current_task_btf(), vma_find);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(mapping_protect_rb, struct pt_regs *regs, long ret)
{
	return protect_tell(regs, ret, current_task(), vma_find_rb);
}

/* Behind exec, the program goes on at `begin`: in its interpreter where it has one, else in itself. */
static __always_inline int interpreter_tell(struct task_struct *task, struct linux_binprm *bprm, u64 begin,
					    vma_finder find)
{
	struct call_context c = { .task = task, .cgroup = current_cgroup() };
	u32 tid = task_tid(task);
	struct vma_search search = {};

	c.entry = bpf_map_lookup_elem(&cgroups, &c.cgroup);
	if (!c.entry)
		return 0;
	c.container = bpf_map_lookup_elem(&containers, &c.entry->root);
	c.state = bpf_map_lookup_elem(&tasks, &tid);
	if (!c.container || c.container->phase != PLM_PHASE_RUNNING || (c.state && (c.state->flags & PLM_TASK_RUNTIME)))
		return 0;
	if (!find(task, begin, &search))
		loss_count(c.entry->root, PLM_LOSS_READ, PLM_MAPPING);
	else if (search.found && search.path.dentry != BPF_CORE_READ(bprm, file, f_path.dentry))
		mapping_tell(&c, &search.path, begin, PLM_MAP_INTERPRETER);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(mapping_interpreter, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);

	return interpreter_tell(task, bprm, BPF_CORE_READ(regs, ip), vma_find);
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(mapping_interpreter_rb, struct task_struct *task, int old_tid, struct linux_binprm *bprm)
{
	return interpreter_tell(task, bprm, arch_user_ip(task), vma_find_rb);
}
