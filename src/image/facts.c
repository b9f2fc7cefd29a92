// SPDX-License-Identifier: Apache-2.0
#include "image/facts.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "detect/interpreter.h"
#include "image/content.h"
#include "image/images.h"
#include "image/plain.h"
#include "image/rootfs.h"
#include "image/script.h"

#define XBITS 0111

/* File systems stamp with the clock's last tick, and times are carried from one clock to another. */
#define CLOCK_SLACK 20000000
#define SETTLE_MORE 1000000 /* ns beyond what counts as settled */

/* What one look at an event is made from. */
struct gather {
	const struct facts_source *source;
	const struct rootfs *rootfs; /* NULL: not known */
	struct event *event;
	struct facts_room *room;
	struct facts *facts;
	struct interpreter_input input;
	struct facts_wait *wait;
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

static int64_t realtime_of(const struct gather *g)
{
	return (int64_t)g->event->time + g->source->boot_offset;
}

static const struct writer *writer_of(const struct gather *g, const struct plm_file *file)
{
	return g->source->writers ? writers_get(g->source->writers, file) : NULL;
}

/* Of what the writing to would be known, and was not: nothing was lost or forgotten since the container began, or is watched. */
static int64_t unwritten(const struct gather *g, const struct plm_file *file)
{
	const struct container *container = g->source->container;
	bool known = file->layer == PLM_LAYER_UPPER && container->watched && !container->lost && g->source->writers &&
		     writers_forgot(g->source->writers) < container->watched && !writer_of(g, file);

	if (!known)
		return 0;
	return container->started ? OBJECT_EVER : (int64_t)container->watched + g->source->boot_offset;
}

static struct content_source content_source(const struct gather *g)
{
	const struct container *container = g->source->container;

	return (struct content_source){
		.digests = g->source->digests,
		.rootfs = g->rootfs,
		.inventory = container->image ? image_inventory(container->image) : NULL,
		.present = container->packages,
		.image = container->image ? image_number(container->image) : 0,
		.owner = container->cgroup,
		.host_root = g->source->host_root,
		.now = g->source->now,
	};
}

static void answer_program(struct gather *g)
{
	const struct content_source source = content_source(g);

	g->wait->open |= content_answer(source.digests, source.inventory, &g->wait->program, g->room->copied_from,
					&g->facts->content, &g->facts->metadata_only);
}

static void answer_script(struct gather *g)
{
	const struct content_source source = content_source(g);

	g->wait->open |= content_answer(source.digests, source.inventory, &g->wait->script, g->room->script_copied_from,
					&g->facts->script_content, &g->facts->script_metadata_only);
}

/* The program, or what was mapped or changed. */
static void gather_content(struct gather *g, const struct plm_file *file, enum object_link link, int64_t when)
{
	const struct content_source source = content_source(g);
	const struct object object = { .file = file,
				       .path = g->event->path,
				       .link = link,
				       .when = when,
				       .unwritten = link != OBJECT_NONE ? unwritten(g, file) : 0 };

	content_ask(&source, g->event, &object, g->facts->in_image, &g->wait->program, &g->facts->content);
	answer_program(g);
}

static void gather_script_content(struct gather *g, enum object_link link)
{
	const struct content_source source = content_source(g);
	const struct object object = { .file = &g->facts->script,
				       .path = g->facts->script_path,
				       .link = link,
				       .name = g->facts->script_path,
				       .when = realtime_of(g),
				       .unwritten = unwritten(g, &g->facts->script) };

	content_ask(&source, g->event, &object, g->facts->script_in_image, &g->wait->script, &g->facts->script_content);
	answer_script(g);
	g->facts->script_writer = writer_of(g, &g->facts->script);
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

/* Found by its name, from the process's working directory. */
static void script_by_name(struct gather *g, const char *name)
{
	struct facts *facts = g->facts;

	(void)script_find(g->rootfs, g->source->host_root, g->event, name, &facts->script, g->room->script);
	script_on_plain(g);
	facts->script_path = g->room->script[0] ? g->room->script : NULL;
}

static void script_executed(struct gather *g)
{
	struct facts *facts = g->facts;

	facts->script = g->event->exec.script;
	facts->script_path = g->event->exec.script_path;
	if (!facts->script_path)
		script_by_name(g, g->event->exec.name);
}

static void script_argument(struct gather *g)
{
	script_by_name(g, g->input.name);
}

/* The first place that has it, in the interpreter's own order. */
static void script_module(struct gather *g)
{
	char name[PATH_MAX];

	for (size_t i = 0; interpreter_module_place(&g->input, i, name, sizeof(name)); i++) {
		script_by_name(g, name);
		if (g->facts->script.inode)
			return;
	}
	g->facts->script = (struct plm_file){ 0 };
	g->facts->script_path = NULL;
}

static void script_input(struct gather *g)
{
	g->facts->script = g->event->exec.input;
	g->facts->script_path = g->event->exec.input_path;
}

static void gather_script(struct gather *g)
{
	static const struct {
		void (*find)(struct gather *g);
		enum object_link link;
	} ways[] = {
		[SCRIPT_EXECUTED] = { script_executed, OBJECT_NAME },
		[SCRIPT_ARGUMENT] = { script_argument, OBJECT_NAME },
		[SCRIPT_MODULE] = { script_module, OBJECT_NAME },
		[SCRIPT_INPUT] = { script_input, OBJECT_INPUT },
	};
	struct facts *facts = g->facts;
	enum script_source source = SCRIPT_EXECUTED;

	if (!(g->event->exec.flags & PLM_EXEC_SCRIPT))
		source = interpreter_input(g->event, &g->input);
	if (!ways[source].find)
		return;
	ways[source].find(g);
	if (!facts->script_path)
		return;
	facts->script_source = source;
	facts->script_in_image = in_image(g, &facts->script, facts->script_path);
	gather_script_content(g, ways[source].link);
}

/* Of a process that was there before the agent /proc knows them. */
static struct arguments *gather_args(struct gather *g)
{
	const struct event *event = g->event;

	if (!g->source->redact)
		return NULL;
	if (event->kind == PLM_TASK)
		return arguments_live(g->source->redact, g->source->host_root, event->task.pid, event->task.start);
	return arguments_new(g->source->redact, event->exec.argv, event->exec.argc);
}

static void gather_exec(struct gather *g)
{
	struct event *event = g->event;
	struct facts *facts = g->facts;
	struct process process = {
		.pid = event->task.pid,
		.start = event->task.start,
		.parent_pid = event->task.parent_pid,
		.parent_start = event->task.parent_start,
		.container = event->container,
		.has_user = true,
		.user = event->task.creds.euid,
		.executable = (char *)event->path,
	};
	_cleanup_(arguments_freep) struct arguments *args = NULL;

	facts->in_image = in_image(g, &event->file, event->path);
	facts->code = true;
	gather_content(g, &event->file, OBJECT_PROGRAM, realtime_of(g));
	facts->writer = writer_of(g, &event->file);
	if (!(event->exec.flags & PLM_EXEC_OUTSIDE))
		gather_script(g);
	process.in_image = is_shipped(&event->file) || facts->metadata_only;
	gather_process(g); /* the parent; its own entry is still the program before */
	if (process.executable) {
		process.args = args = gather_args(g);
		(void)processes_exec(g->source->processes, &process);
	}
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

/*
 * What was written is held against the image when it has settled: by what it holds then, not what it held for a moment. A
 * name that was resolved is not looked at again: it may mean something else by then.
 */
static void gather_changed(struct gather *g)
{
	bool by_name = g->event->change.flags & PLM_CHANGE_HINT;
	struct plm_file file = g->event->file;
	struct rootfs_stat upper;

	g->wait->settles = 0;
	if (!g->source->clock || !file.upper_inode || !S_ISREG(file.mode) ||
	    rootfs_upper_stat(g->rootfs, g->event->path, &upper) < 0 || upper.inode != file.upper_inode)
		return;
	file_from_stat(&file, &upper);
	if (g->source->clock - upper.ctime > OBJECT_SETTLED)
		gather_content(g, &file, OBJECT_NONE, g->source->clock);
	else if (!by_name)
		g->wait->settles = upper.ctime + OBJECT_SETTLED + SETTLE_MORE;
}

static void gather_package(struct gather *g)
{
	struct inventory_file owned;

	if (g->facts->in_image == ANSWER_YES)
		(void)content_package(content_source(g).inventory, g->event->path, &g->facts->content, &owned);
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
	facts->writer = writer_of(g, &event->file);
	gather_package(g);
	if (!facts->metadata_only && !rootfs_is_plain(g->rootfs) && event->change.op != PLM_OP_OPEN_WRITE)
		gather_changed(g);
	facts->code =
		(S_ISREG(event->file.mode) && (event->file.mode & XBITS)) || rootfs_is_code(g->rootfs, event->path);
}

static void gather_mapping(struct gather *g)
{
	struct event *event = g->event;

	gather_process(g);
	g->facts->code = true;
	g->facts->in_image = in_image(g, &event->file, event->path);
	gather_content(g, &event->file, OBJECT_MAPPING, realtime_of(g));
	g->facts->writer = writer_of(g, &event->file);
}

void facts_gather(const struct facts_source *source, struct event *event, struct facts_room *room,
		  struct facts *ret_facts, struct facts_wait *ret_wait)
{
	static void (*const by_kind[PLM_KINDS])(struct gather *) = {
		[PLM_EXEC] = gather_exec,        [PLM_TASK] = gather_exec,       [PLM_CHANGE] = gather_change,
		[PLM_IDENTITY] = gather_process, [PLM_MAPPING] = gather_mapping, [PLM_LEAVE] = gather_process,
		[PLM_BLIND] = gather_process,
	};
	const struct container *container = source->container;
	struct gather g = {
		.source = source,
		.rootfs = container->rootfs,
		.event = event,
		.room = room,
		.facts = ret_facts,
		.wait = ret_wait,
	};

	*ret_facts = (struct facts){ .container_age = UINT64_MAX };
	*ret_wait = (struct facts_wait){ 0 };
	if (container->started && event->time >= container->started)
		ret_facts->container_age = event->time - container->started;
	if (by_kind[event->kind])
		by_kind[event->kind](&g);
}

void facts_again(const struct facts_source *source, const struct event *event, struct facts_room *room,
		 struct facts *facts, struct facts_wait *wait)
{
	struct event copy = *event;
	struct gather g = {
		.source = source,
		.rootfs = source->container->rootfs,
		.event = &copy,
		.room = room,
		.facts = facts,
		.wait = wait,
	};

	wait->open = false;
	if (wait->settles && source->clock >= wait->settles && g.rootfs)
		gather_changed(&g);
	else
		answer_program(&g);
	answer_script(&g);
}
