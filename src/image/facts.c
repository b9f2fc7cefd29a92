// SPDX-License-Identifier: Apache-2.0
#include "image/facts.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/plain.h"
#include "image/rootfs.h"
#include "image/script.h"

#define XBITS 0111

/* File systems stamp with the clock's last tick, and times are carried from one clock to another. */
#define CLOCK_SLACK 20000000

/* What one look at an event is made from. */
struct gather {
	const struct facts_source *source;
	const struct rootfs *rootfs; /* NULL: not known */
	struct event *event;
	struct facts_room *room;
	struct facts *facts;
};

/* When the container began, ns since the epoch, or a moment before; 0 unknown. */
static int64_t container_since(const struct gather *g)
{
	const struct container *container = g->source->container;

	if (container->started)
		return (int64_t)container->started + g->source->boot_offset - CLOCK_SLACK;
	return (int64_t)container->facts.started * 1000000000;
}

/* A changed file of a plain root: there before the container began? That is all there is to ask. */
static enum answer in_plain(const struct gather *g, const struct plm_file *file, const char *path)
{
	int64_t since = container_since(g);

	if (!(file->flags & PLM_FILE_CHANGED) || !since || !rootfs_is_plain(g->rootfs) || !path)
		return ANSWER_UNKNOWN;
	return rootfs_plain_was_there(g->rootfs, path, file->inode, since);
}

static enum answer in_image(const struct gather *g, const struct plm_file *file, const char *path)
{
	if (file->layer == PLM_LAYER_IMAGE)
		return ANSWER_YES;
	if (file->layer == PLM_LAYER_PLAIN)
		return in_plain(g, file, path);
	if (file->layer != PLM_LAYER_UPPER || !g->rootfs || !path)
		return ANSWER_UNKNOWN;
	return rootfs_in_image(g->rootfs, path);
}

/* As the image shipped it, as far as can be told. */
static bool is_shipped(const struct plm_file *file)
{
	return file->layer == PLM_LAYER_IMAGE || (file->layer == PLM_LAYER_PLAIN && !(file->flags & PLM_FILE_CHANGED));
}

/* Copied up, and still what the image has there? */
static bool content_is_image(struct gather *g, enum plm_layer layer, const char *path)
{
	return layer == PLM_LAYER_UPPER && g->rootfs && path &&
	       same_as_image(g->source->same, g->rootfs, path, (int64_t)g->event->time + g->source->boot_offset);
}

static bool op_keeps_content(enum plm_op op)
{
	return op == PLM_OP_CHMOD || op == PLM_OP_CHOWN || op == PLM_OP_SETXATTR || op == PLM_OP_REMOVEXATTR ||
	       op == PLM_OP_UTIMES;
}

/* Its own exec, else its parent's (it forked and did not exec), else what /proc still shows. */
static const struct process *process_of(struct gather *g, uint32_t pid, uint64_t start)
{
	return processes_get(g->source->processes, pid, start);
}

static const char *executable_live(struct gather *g)
{
	char link[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "%s/proc/%u/exe", g->source->host_root, g->event->task.pid);
	length = readlink(link, g->room->executable, sizeof(g->room->executable) - 1);
	if (length <= 0)
		return NULL;
	g->room->executable[length] = '\0';
	return g->room->executable;
}

static void gather_process(struct gather *g)
{
	const struct plm_task *task = &g->event->task;
	const struct process *parent = process_of(g, task->parent_pid, task->parent_start);
	const struct process *own = process_of(g, task->pid, task->start) ?: parent;

	g->facts->parent_executable = parent ? parent->executable : NULL;
	g->facts->executable = own ? own->executable : executable_live(g);
	g->facts->executable_in_image = own && own->in_image;
}

static void file_from_stat(struct plm_file *file, const struct rootfs_stat *stat)
{
	file->inode = file->upper_inode = stat->inode;
	file->upper_device = stat->device;
	file->mode = stat->mode;
	file->uid = stat->uid;
	file->gid = stat->gid;
	file->size = stat->size;
	file->ctime = (uint64_t)stat->ctime;
	file->mtime = (uint64_t)stat->mtime;
}

/* A script was looked up as if the root were an overlay. What is gone by now has changed for certain. */
static void script_on_plain(struct gather *g)
{
	struct plm_file *script = &g->facts->script;
	int64_t since = container_since(g);
	char canonical[PATH_MAX];
	struct rootfs_stat stat;
	bool on_root = false;

	if (!rootfs_is_plain(g->rootfs) || script->layer == PLM_LAYER_UNKNOWN)
		return;
	if (rootfs_resolve(g->rootfs, NULL, g->room->script, true, canonical, &on_root) < 0 || !on_root)
		return;
	if (rootfs_upper_stat(g->rootfs, canonical, &stat) < 0)
		return;
	file_from_stat(script, &stat);
	script->upper_inode = script->upper_device = 0;
	script->layer = PLM_LAYER_PLAIN;
	script->device = g->source->container->root_device;
	if (stat.state != ROOTFS_UPPER_ENTRY || (since && stat.ctime >= since))
		script->flags |= PLM_FILE_CHANGED;
}

static void gather_script(struct gather *g)
{
	struct facts *facts = g->facts;
	struct event *event = g->event;

	if (event->exec.script_path) {
		facts->script = event->exec.script;
		facts->script_path = event->exec.script_path;
	} else {
		(void)script_find(g->rootfs, g->source->host_root, event, &facts->script, g->room->script);
		script_on_plain(g);
		facts->script_path = g->room->script[0] ? g->room->script : NULL;
	}
	facts->script_in_image = in_image(g, &facts->script, facts->script_path);
	facts->script_metadata_only = content_is_image(g, (enum plm_layer)facts->script.layer, facts->script_path);
}

static void gather_exec(struct gather *g)
{
	struct event *event = g->event;
	struct facts *facts = g->facts;
	struct process process = {
		.pid = event->task.pid,
		.start = event->task.start,
		.container = event->container,
		.executable = (char *)event->path,
	};

	facts->in_image = in_image(g, &event->file, event->path);
	facts->code = true;
	facts->metadata_only = content_is_image(g, (enum plm_layer)event->file.layer, event->path);
	if (event->exec.flags & PLM_EXEC_SCRIPT)
		gather_script(g);
	process.in_image = is_shipped(&event->file) || facts->metadata_only;
	gather_process(g); /* the parent; its own entry is still the program before */
	if (process.executable)
		(void)processes_exec(g->source->processes, &process);
	facts->executable = event->path;
}

/*
 * The caller's name as a path of the container, with *ret_elsewhere where that lies off the root. What is no longer
 * there to be followed is taken by its text; NULL where not even that can be done.
 */
static const char *resolve(struct gather *g, const char *base, const char *name, bool nofollow, char *room,
			   bool *ret_elsewhere)
{
	const char *root = g->event->root ?: "/";
	bool on_root = true;
	enum plm_layer layer;
	int r;

	if (!name || !g->rootfs)
		return NULL;
	r = rootfs_resolve_in(g->rootfs, root, base, name, nofollow, room, &on_root);
	if (r < 0 && r != -EXDEV) {
		if (rootfs_resolve_text(g->rootfs, root, base, name, room, &layer) < 0)
			return NULL;
		on_root = layer == PLM_LAYER_UNKNOWN;
	}
	*ret_elsewhere = r == -EXDEV || !on_root;
	return *ret_elsewhere ? NULL : room;
}

static void file_from_upper(struct gather *g)
{
	struct plm_file *file = &g->event->file;
	struct rootfs_stat upper;

	if (rootfs_upper_stat(g->rootfs, g->event->path, &upper) || upper.state != ROOTFS_UPPER_ENTRY)
		return;
	file_from_stat(file, &upper);
	file->device = g->source->container->root_device;
	if (rootfs_is_plain(g->rootfs))
		file->upper_inode = file->upper_device = 0;
	else
		file->layer = PLM_LAYER_UPPER;
}

static bool may_be_written(const struct gather *g)
{
	const struct policy_view *view = g->source->writable;
	const struct event *event = g->event;

	if (!view || !event->path || !policy_writable(view, event->path))
		return false;
	return !event->change.from || event->change.op == PLM_OP_SYMLINK || policy_writable(view, event->change.from);
}

/* Told by names: where do they lead, and does the disk bear it out? */
static void gather_names(struct gather *g)
{
	struct event *event = g->event;
	bool nofollow = event->change.flags & PLM_CHANGE_NOFOLLOW;
	struct rootfs_claim claim = {
		.op = event->change.op,
		.value = event->change.value,
		.when = (int64_t)event->time + g->source->boot_offset,
	};

	bool elsewhere = false, from_elsewhere = false;

	event->path = resolve(g, event->change.base, event->change.name, nofollow, g->room->path, &elsewhere);
	if (event->change.op == PLM_OP_SYMLINK)
		event->change.from = event->change.from_name;
	else
		event->change.from = resolve(g, event->change.from_base, event->change.from_name, nofollow,
					     g->room->from, &from_elsewhere);
	if (elsewhere)
		g->facts->confirmed = ANSWER_NO; /* not on the root */
	if (!g->rootfs || !event->path)
		return;
	if (rootfs_is_plain(g->rootfs))
		event->file.layer = PLM_LAYER_PLAIN;
	if (may_be_written(g))
		return;
	claim.path = event->path;
	claim.from = event->change.op == PLM_OP_SYMLINK ? NULL : event->change.from;
	g->facts->confirmed = event->change.op == PLM_OP_MOUNT ? ANSWER_YES : rootfs_confirm(g->rootfs, &claim);
	file_from_upper(g);
}

static void gather_change(struct gather *g)
{
	struct event *event = g->event;
	struct facts *facts = g->facts;

	gather_process(g);
	if (event->change.flags & PLM_CHANGE_HINT)
		gather_names(g);
	if (!g->rootfs || !event->path || event->file.layer == PLM_LAYER_CONTROL ||
	    event->file.layer == PLM_LAYER_OTHER_ROOT || may_be_written(g))
		return;
	if (!rootfs_is_plain(g->rootfs)) {
		facts->in_image = rootfs_in_image(g->rootfs, event->path);
		if (event->change.from && event->change.op != PLM_OP_SYMLINK)
			facts->from_in_image = rootfs_in_image(g->rootfs, event->change.from);
	}
	facts->metadata_only = op_keeps_content(event->change.op);
	facts->code =
		(S_ISREG(event->file.mode) && (event->file.mode & XBITS)) || rootfs_is_code(g->rootfs, event->path);
}

static void gather_mapping(struct gather *g)
{
	struct event *event = g->event;

	gather_process(g);
	g->facts->code = true;
	g->facts->in_image = in_image(g, &event->file, event->path);
	g->facts->metadata_only = content_is_image(g, (enum plm_layer)event->file.layer, event->path);
}

void facts_gather(const struct facts_source *source, struct event *event, struct facts_room *room,
		  struct facts *ret_facts)
{
	static void (*const by_kind[PLM_KINDS])(struct gather *) = {
		[PLM_EXEC] = gather_exec,        [PLM_TASK] = gather_exec,       [PLM_CHANGE] = gather_change,
		[PLM_IDENTITY] = gather_process, [PLM_MAPPING] = gather_mapping, [PLM_LEAVE] = gather_process,
		[PLM_BLIND] = gather_process,
	};
	const struct container *container = source->container;
	struct gather g = { source, container->rootfs, event, room, ret_facts };

	*ret_facts = (struct facts){ .container_age = UINT64_MAX };
	if (container->started && event->time >= container->started)
		ret_facts->container_age = event->time - container->started;
	if (by_kind[event->kind])
		by_kind[event->kind](&g);
}
