// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Changes of files: of the container's root, of kernel control files, of another container's root.
 *
 * A call that has a descriptor is told by the file behind it, from the kernel's own table. A call that has only names
 * is a hint: the names are the caller's memory, which may change, and the agent confirms them on disk.
 */
#include "call.h"
#include "emit.h"
#include "file.h"
#include "task.h"
#include "text.h"

#include <bpf/bpf_tracing.h>

#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR        0x200
#define AT_SYMLINK_FOLLOW   0x400
#define RENAME_EXCHANGE     2
#define AT_FDCWD            (-100)
#define O_ACCMODE           03
#define O_WRONLY            01
#define O_RDWR              02
#define O_TRUNC             01000
#define O_CREAT_FLAGS       (01 | 0100 | O_TRUNC) /* O_WRONLY | O_CREAT | O_TRUNC: creat(2) */
#define O_PATH              010000000
#define O_TMPFILE_BIT       020000000

#define FOLD_NS 1000000000ull /* one process and one file: told, or found not to be of a root, once in this time */

static bool layer_counts(u32 layer)
{
	return layer == PLM_LAYER_UPPER || layer == PLM_LAYER_PLAIN || layer == PLM_LAYER_OTHER_ROOT ||
	       layer == PLM_LAYER_CONTROL;
}

/*
 * Was a like event of this file, by this process, told a moment ago? Then it is counted, not told. `content` is true
 * for what changes content: the writes that follow a creation or a truncation are part of it.
 */
static bool file_folds(struct file_state *known, u64 container, u32 op, bool content, u64 now)
{
	bool like = known->op == op || (content && (known->op == PLM_OP_CREATE || known->op == PLM_OP_TRUNCATE));

	if (!like || known->container != container || known->told_by != bpf_get_current_pid_tgid() >> 32 ||
	    now - known->told >= FOLD_NS)
		return false;
	known->repeats++;
	return true;
}

/* Enters what is about to be told of a file; the repeats that it takes along. */
static u32 file_enter(const struct file_key *key, struct file_state *known, u64 container, u32 op, u64 now)
{
	u32 repeats = known && known->container == container ? known->repeats : 0;
	struct file_state fresh = { .container = container, .told = now, .op = op };

	fresh.told_by = bpf_get_current_pid_tgid() >> 32;
	if (bpf_map_update_elem(&files, key, &fresh, BPF_ANY))
		loss_count(container, PLM_LOSS_MAP, PLM_CHANGE);
	return repeats;
}

static struct plm_change *change_begin(struct scratch *scratch, const struct call_context *c)
{
	struct plm_change *change = (void *)scratch->data;

	__builtin_memset(change, 0, sizeof(*change));
	scratch->at = sizeof(*change);
	head_fill(&change->head, PLM_CHANGE, PLM_BACKEND_TRACEPOINT, c->cgroup, c->entry);
	return change;
}

static void change_send(struct scratch *scratch, struct plm_change *change, const struct call_context *c,
			struct path *path)
{
	struct path root = task_root(c->task);

	if (path)
		text_path(scratch, path, &change->path, PLM_CUT_PATH);
	if (change->task.flags & PLM_TASK_CHROOT)
		text_path(scratch, &root, &change->root, PLM_CUT_PATH);
	emit(scratch, c->container, change->file.layer == PLM_LAYER_OTHER_ROOT);
}

/* As the caller gave them: the file itself keeps no O_TRUNC (fs/open.c, do_dentry_open). */
static u64 open_flags(const struct call_context *c)
{
	u64 flags = call_arg(c, c->call->value), how = 0;

	if (c->call->flags & CALL_CREAT)
		return O_CREAT_FLAGS;
	if (!(c->call->flags & CALL_HOW))
		return flags;
	bpf_probe_read_user(&how, sizeof(how), (void *)flags); /* its first member */
	return how;
}

static u32 open_op(u32 mode, u32 flags)
{
	if ((flags & O_TMPFILE_BIT) == O_TMPFILE_BIT)
		return PLM_OP_TMPFILE;
	if (mode & FMODE_CREATED)
		return PLM_OP_CREATE;
	return flags & O_TRUNC ? PLM_OP_TRUNCATE : PLM_OP_OPEN_WRITE;
}

static void open_tell(const struct call_context *c, struct file *file, u32 op, struct scratch *scratch)
{
	struct plm_change *change = change_begin(scratch, c);
	struct path path = BPF_CORE_READ(file, f_path);
	u64 now = bpf_ktime_get_boot_ns(), container = c->entry->root;
	struct file_state *known;
	struct file_key key;

	change->op = op;
	change->value = open_flags(c);
	file_fill(&change->file, &path, container, c->container);
	if (!layer_counts(change->file.layer))
		return;
	key = file_key(&change->file);
	known = bpf_map_lookup_elem(&files, &key);
	if (known && file_folds(known, container, op, false, now)) {
		__sync_fetch_and_add(&c->container->folded, 1);
		return;
	}
	change->head.repeats = file_enter(&key, known, container, op, now);
	task_fill(&change->task, c->task, c->state);
	change_send(scratch, change, c, &path);
}

/*
 * Opening a file of the root for writing is no change, and is what databases and loggers do all day: unless asked for,
 * it ends here, before anything is built. Whether it is then written, the dirty inode tells.
 */
static bool open_counts(const struct call_context *c, struct file *file, u32 mode, u32 op)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);
	u32 magic;

	if (BPF_CORE_READ(sb, s_dev) == c->container->root_device)
		return op != PLM_OP_OPEN_WRITE || (knobs.all && (mode & FMODE_WRITE));
	if (!(mode & FMODE_WRITE))
		return false;
	magic = BPF_CORE_READ(sb, s_magic);
	return magic == OVERLAYFS_MAGIC || magic_is_control(magic);
}

/*
 * Has a sibling closed the descriptor by now, or put another file there? What the call opened is then not known: what
 * is written to it, the dirty inode still tells.
 */
static bool file_is_other(struct file *file, u32 mode, u32 flags)
{
	u32 access = flags & O_ACCMODE;

	return !file || ((access == O_WRONLY || access == O_RDWR) && !(flags & O_PATH) && !(mode & FMODE_WRITE));
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(change_open, struct pt_regs *regs, long ret)
{
	struct call_context c = {};
	struct scratch *scratch;
	struct file *file;
	u32 mode, flags, op;

	if (!call_begin(&c, regs, ret))
		return 0;
	file = file_of_fd(c.task, ret);
	flags = open_flags(&c);
	mode = file ? BPF_CORE_READ(file, f_mode) : 0;
	if (file_is_other(file, mode, flags)) {
		loss_count(c.entry->root, PLM_LOSS_READ, PLM_CHANGE);
		return 0;
	}
	op = open_op(mode, flags);
	if (!open_counts(&c, file, mode, op))
		return 0;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(c.entry->root, PLM_LOSS_SCRATCH, PLM_CHANGE);
		return 0;
	}
	open_tell(&c, file, op, scratch);
	scratch_put(scratch);
	return 0;
}

static void file_tell(const struct call_context *c, u64 fd, struct scratch *scratch)
{
	struct plm_change *change = change_begin(scratch, c);
	struct file *file = file_of_fd(c->task, fd);
	struct path path;

	if (!file) { /* a sibling closed it meanwhile */
		loss_count(c->entry->root, PLM_LOSS_READ, PLM_CHANGE);
		return;
	}
	path = BPF_CORE_READ(file, f_path);
	change->op = c->call->op;
	change->value = (u32)call_arg(c, c->call->value) | call_arg(c, c->call->value2) << 32;
	file_fill(&change->file, &path, c->entry->root, c->container);
	if (!layer_counts(change->file.layer) && change->op != PLM_OP_MOUNT) /* which copies nothing up */
		return;
	task_fill(&change->task, c->task, c->state);
	if (c->call->attribute)
		text_string(scratch, (void *)call_arg(c, c->call->attribute), true, &change->attribute, PLM_CUT_NAME);
	change_send(scratch, change, c, &path);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(change_file, struct pt_regs *regs, long ret)
{
	struct call_context c = {};
	struct scratch *scratch;

	if (!call_begin(&c, regs, ret))
		return 0;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(c.entry->root, PLM_LOSS_SCRATCH, PLM_CHANGE);
		return 0;
	}
	file_tell(&c, call_arg(&c, c.call->dirfd), scratch);
	scratch_put(scratch);
	return 0;
}

/* One of a call's names: where it is handed over, and where it goes. */
struct name {
	u64 user; /* address in the caller's memory */
	u32 dirfd_arg;
	u32 cut;
	struct plm_str *name, *base;
};

/* The name and, where it is relative, the directory that it starts from. */
static void name_fill(const struct call_context *c, struct scratch *scratch, const struct name *name)
{
	s32 dirfd = name->dirfd_arg ? (s32)call_arg(c, name->dirfd_arg) : AT_FDCWD;
	u32 at = scratch->at;
	struct path path;
	struct file *file;

	text_string(scratch, (void *)name->user, true, name->name, name->cut);
	if (name->name->length && at <= PLM_RECORD_MAX - PLM_PATH_MAX && scratch->data[at] == '/')
		return;
	if (dirfd == AT_FDCWD) {
		path = task_pwd(c->task);
	} else {
		file = file_of_fd(c->task, (u32)dirfd);
		if (!file) {
			((struct plm_head *)scratch->data)->flags |= PLM_MISSING;
			return;
		}
		path = BPF_CORE_READ(file, f_path);
	}
	text_path(scratch, &path, name->base, name->cut);
}

static u32 name_op(const struct call_context *c, u64 at_flags)
{
	if (c->call->op == PLM_OP_UNLINK && (at_flags & AT_REMOVEDIR))
		return PLM_OP_RMDIR;
	if (c->call->op == PLM_OP_RENAME && (at_flags & RENAME_EXCHANGE))
		return PLM_OP_EXCHANGE;
	return c->call->op;
}

static bool name_nofollow(const struct call_context *c, u64 at_flags)
{
	if (c->call->flags & CALL_LINK_FLAGS)
		return !(at_flags & AT_SYMLINK_FOLLOW);
	return (c->call->flags & CALL_NOFOLLOW) || (at_flags & AT_SYMLINK_NOFOLLOW);
}

static void name_tell(const struct call_context *c, u64 name, struct scratch *scratch)
{
	struct plm_change *change = change_begin(scratch, c);
	u64 at_flags = call_arg(c, c->call->at_flags), from;

	change->op = name_op(c, at_flags);
	change->flags = PLM_CHANGE_HINT | (name_nofollow(c, at_flags) ? PLM_CHANGE_NOFOLLOW : 0);
	change->value = (u32)call_arg(c, c->call->value) | call_arg(c, c->call->value2) << 32;
	task_fill(&change->task, c->task, c->state);
	name_fill(c, scratch, &(struct name){ name, c->call->dirfd, PLM_CUT_PATH, &change->name, &change->base });
	from = call_arg(c, c->call->from_name);
	if (change->op == PLM_OP_SYMLINK)
		text_string(scratch, (void *)from, true, &change->from_name, PLM_CUT_FROM);
	else if (c->call->from_name)
		name_fill(c, scratch,
			  &(struct name){ from, c->call->from_dirfd, PLM_CUT_FROM, &change->from_name,
					  &change->from_base });
	if (c->call->attribute)
		text_string(scratch, (void *)call_arg(c, c->call->attribute), true, &change->attribute, PLM_CUT_NAME);
	change_send(scratch, change, c, 0);
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(change_name, struct pt_regs *regs, long ret)
{
	struct call_context c = {};
	struct scratch *scratch;
	char first = 0;
	u64 name;

	if (!call_begin(&c, regs, ret))
		return 0;
	scratch = scratch_take();
	if (!scratch) {
		loss_count(c.entry->root, PLM_LOSS_SCRATCH, PLM_CHANGE);
		return 0;
	}
	name = call_arg(&c, c.call->name);
	bpf_probe_read_user(&first, 1, (void *)name);
	/* No name, or an empty one with AT_EMPTY_PATH: the call acts on the descriptor itself. */
	if (!first && c.call->dirfd)
		file_tell(&c, call_arg(&c, c.call->dirfd), scratch);
	else
		name_tell(&c, name, scratch);
	scratch_put(scratch);
	return 0;
}

/* ---- was it written? ---- */

#define ALIASES 4 /* names of one inode that are tried: work/index may hold one beside those in the upper directory */

/* The inode lies below the container's upper directory, or plain root; the path in the container, as that has it. */
static bool upper_path(struct inode *inode, const struct plm_container *container, struct scratch *scratch,
		       struct plm_change *change)
{
	struct hlist_node *alias = BPF_CORE_READ(inode, i_dentry.first);
	u32 at = scratch->at;
	int length;

	for (int i = 0; i < ALIASES && alias; i++, alias = BPF_CORE_READ(alias, next)) {
		scratch->at = at;
		length = path_append(container_of_addr(alias, struct dentry, d_u.d_alias), 0, container->upper_root,
				     scratch->slot);
		if (length < 0 || !(length & PATH_STOPPED))
			continue;
		change->path.offset = at;
		change->path.length = length & PATH_LENGTH;
		return true;
	}
	return false;
}

static void dirty_fill(struct plm_file *file, struct inode *inode, const struct plm_container *container)
{
	file->inode = BPF_CORE_READ(inode, i_ino);
	file->device = container->root_device;
	file->generation = BPF_CORE_READ(inode, i_generation);
	if (container->plain) {
		file->magic = BPF_CORE_READ(inode, i_sb, s_magic);
		file->layer = PLM_LAYER_PLAIN;
		file->flags = PLM_FILE_CHANGED;
	} else {
		file->upper_inode = file->inode;
		file->upper_device = container->upper_device;
		file->magic = OVERLAYFS_MAGIC;
		file->layer = PLM_LAYER_UPPER;
	}
	file->mode = BPF_CORE_READ(inode, i_mode);
	file->uid = BPF_CORE_READ(inode, i_uid.val);
	file->gid = BPF_CORE_READ(inode, i_gid.val);
	file->size = BPF_CORE_READ(inode, i_size);
	file->nlink = BPF_CORE_READ(inode, i_nlink);
	file->ctime = inode_ctime(inode);
	file->mtime = inode_mtime(inode);
}

/*
 * Where the inode lies, by its directory. A copy-up writes it outside the upper directory first and then moves or links
 * it in: what was found not to be of the root counts only as long as it lies where it lay.
 */
static u64 inode_parent(struct inode *inode)
{
	struct hlist_node *alias = BPF_CORE_READ(inode, i_dentry.first);
	struct dentry *dentry;

	if (!alias)
		return 0;
	dentry = (struct dentry *)container_of_addr(alias, struct dentry, d_u.d_alias);
	return (u64)BPF_CORE_READ(dentry, d_parent);
}

static void dirty_tell(struct call_context *c, struct inode *inode, struct file_state *known,
		       const struct file_key *key, u64 now)
{
	struct plm_change *change;
	struct scratch *scratch;
	u32 op = PLM_OP_MODIFY;

	scratch = scratch_take();
	if (!scratch) {
		loss_count(c->entry->root, PLM_LOSS_SCRATCH, PLM_CHANGE);
		return;
	}
	change = change_begin(scratch, c);
	if (!upper_path(inode, c->container, scratch, change))
		op = PLM_OP_NONE;
	change->op = op;
	change->head.repeats = file_enter(key, known, c->entry->root, op, now);
	known = bpf_map_lookup_elem(&files, key);
	if (known)
		known->parent = inode_parent(inode);
	if (op) {
		dirty_fill(&change->file, inode, c->container);
		task_fill(&change->task, c->task, c->state);
		emit(scratch, c->container, false);
	}
	scratch_put(scratch);
}

/*
 * Is it content that changes? A dirtied page says so by itself; so does a new time of change, which every write sets
 * first (file_update_time), but an access time alone is newer than it. All of I_DIRTY at once is what setattr and its
 * like say (mark_inode_dirty).
 */
static bool dirty_is_content(struct inode *inode, int flags)
{
	int pages = dirty_pages(), all = dirty_inode() | pages;

	if ((flags & all) == all)
		return false;
	return (flags & pages) || inode_mtime(inode) >= inode_atime(inode);
}

/*
 * __mark_inode_dirty(), in the context of whoever wrote: a write, a store through a mapping (at its page fault), an
 * io_uring worker. Every write sets the time of change and dirties the page, so this is where "opened for writing"
 * becomes "changed". The inode is the upper layer's, where there is one. Regular files only: names are told by their calls.
 */
SEC("?tp_btf/writeback_mark_inode_dirty")
int BPF_PROG(change_dirty, struct inode *inode, int flags)
{
	struct call_context c = { .cgroup = current_cgroup() };
	u32 tid = bpf_get_current_pid_tgid();
	struct file_state *known;
	struct file_key key = {};
	u64 now;

	c.entry = bpf_map_lookup_elem(&cgroups, &c.cgroup);
	if (!c.entry)
		return 0;
	c.container = bpf_map_lookup_elem(&containers, &c.entry->root);
	if (!c.container || c.container->phase != PLM_PHASE_RUNNING || !c.container->upper_root ||
	    inode->i_sb->s_dev != c.container->upper_device || (inode->i_mode & S_IFMT) != S_IFREG)
		return 0;
	if (!inode->i_nlink || !dirty_is_content(inode, flags))
		return 0; /* without a name it is not (yet, or any more) part of the root */
	key.inode = inode->i_ino;
	key.device = c.container->upper_device;
	key.generation = inode->i_generation;
	now = bpf_ktime_get_boot_ns();
	known = bpf_map_lookup_elem(&files, &key);
	if (known &&
	    (file_folds(known, c.entry->root, PLM_OP_MODIFY, true, now) ||
	     (known->parent == inode_parent(inode) && file_folds(known, c.entry->root, PLM_OP_NONE, false, now))))
		return 0;
	c.state = bpf_map_lookup_elem(&tasks, &tid);
	if (state_is_runtime(c.state))
		return 0;
	c.task = current_task();
	dirty_tell(&c, inode, known, &key, now);
	return 0;
}
