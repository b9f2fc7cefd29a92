// SPDX-License-Identifier: Apache-2.0
/*
 * What lasts: the upper directories are held against what events told, at start and at intervals, one container at a
 * time and a few entries between two looks at the rings. A difference that nothing explains was missed: it is told as
 * what it is, and counted.
 */
#include "agent/internal.h"

#include <string.h>
#include <sys/stat.h>

#include "image/changes.h"
#include "image/databases.h"
#include "image/difference.h"
#include "image/rootfs.h"
#include "inventory/compare.h"

#define SECOND          1000000000ull
#define COMPARE_SOON    (5 * SECOND)
#define COMPARE_ENTRIES 64
#define NOTED_MAX       262144 /* paths of all containers together */
#define UNSETTLED       SECOND /* what was as young as this when the rings were read may still be told by an event */

/* Only what lies on the root, and is not for anyone to write, is compared later. */
static bool is_compared(const struct container *container, const struct event *event)
{
	if (!event->path || event->path[0] != '/' || event->file.layer > PLM_LAYER_UPPER)
		return false;
	return !container->view || !policy_writable(container->view, event->path);
}

void compare_note(struct agent *agent, struct container *container, const struct event *event)
{
	bool tree = event->change.op == PLM_OP_RENAME || event->change.op == PLM_OP_EXCHANGE;
	size_t before = changes_count(container->changes);

	if (!is_compared(container, event))
		return;
	if (!container->changes)
		container->changes = changes_new();
	if (!container->changes)
		return;
	if (agent->noted >= NOTED_MAX) {
		changes_close(container->changes);
		return;
	}
	changes_add(container->changes, event->path, tree);
	if (tree && event->change.from)
		changes_add(container->changes, event->change.from, event->change.op == PLM_OP_EXCHANGE);
	agent->noted += changes_count(container->changes) - before;
}

void compare_plan(struct container *container, uint64_t at)
{
	if (!container->compare_at || at < container->compare_at)
		container->compare_at = at;
}

void compare_soon(struct container *container)
{
	compare_plan(container, agent_now() + COMPARE_SOON);
}

/* ---- one difference ---- */

static bool is_explained(const struct agent *agent, const struct container *container, const char *path, int64_t when)
{
	if (when < (int64_t)container->baseline)
		return true;
	if (changes_tell(container->changes, path))
		return true;
	if (container->packages_changed &&
	    (package_area(path) >= AREA_STATE || package_changes_own(container->packages_changed, path)))
		return true; /* told with its package */
	/* It may have been among the paths that there was no room for; not so before this agent watched. */
	return changes_full(container->changes) && !container->lost && when > (int64_t)agent->watching;
}

static enum plm_op op_of(const struct difference_entry *entry)
{
	static const enum plm_op ops[] = {
		[DIFFERENCE_MODIFIED] = PLM_OP_MODIFY,
		[DIFFERENCE_METADATA] = PLM_OP_CHMOD,
		[DIFFERENCE_REMOVED] = PLM_OP_UNLINK,
	};
	static const struct {
		mode_t type;
		enum plm_op op;
	} added[] = {
		{ S_IFREG, PLM_OP_CREATE },
		{ S_IFDIR, PLM_OP_MKDIR },
		{ S_IFLNK, PLM_OP_SYMLINK },
	};

	if (entry->kind != DIFFERENCE_ADDED)
		return ops[entry->kind];
	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		if ((entry->stat.mode & S_IFMT) == added[i].type)
			return added[i].op;
	return PLM_OP_MKNOD;
}

static struct event event_of(const struct container *container, const struct difference_entry *entry, int64_t when)
{
	bool there = entry->kind != DIFFERENCE_REMOVED;

	return (struct event){
		.kind = PLM_CHANGE,
		.backend = PLM_BACKEND_DISK,
		.time = (uint64_t)when,
		.cgroup = container->cgroup,
		.container = container->cgroup,
		.path = entry->path,
		.change = { .op = op_of(entry), .value = entry->stat.mode & 07777 },
		.file = { .layer = PLM_LAYER_UPPER,
			  .device = container->root_device,
			  .inode = there ? entry->stat.inode : 0,
			  .upper_inode = there ? entry->stat.inode : 0,
			  .upper_device = entry->stat.device,
			  .size = entry->stat.size,
			  .mode = there ? entry->stat.mode : 0,
			  .uid = entry->stat.uid,
			  .gid = entry->stat.gid,
			  .ctime = (uint64_t)entry->stat.ctime,
			  .mtime = (uint64_t)entry->stat.mtime },
	};
}

static void difference_tell(const struct difference_entry *entry, void *data)
{
	struct agent *agent = data;
	struct container *container = registry_get(agent->registry, agent->compared);
	int64_t when = entry->stat.ctime - agent->boot_offset;
	uint64_t read = agent_read_until(agent), settled = read < agent->compare_begun ? read : agent->compare_begun;
	struct telling telling;
	struct event event;
	struct facts facts;

	if (!container || judge_view(container, agent->policy) < 0 || policy_writable(container->view, entry->path) ||
	    is_explained(agent, container, entry->path, when))
		return;
	if (package_area(entry->path) == AREA_DATABASE && !container->packages_changed)
		packages_found(agent, container, when);
	if (container->transaction) {
		compare_soon(container); /* what came with packages is known when these are */
		return;
	}
	if (when > (int64_t)agent->watching && when + (int64_t)UNSETTLED > (int64_t)settled) {
		compare_soon(container); /* nothing on its way will tell of it by then */
		return;
	}
	event = event_of(container, entry, when);
	facts = (struct facts){
		.in_image = rootfs_in_image(container->rootfs, entry->path),
		.confirmed = ANSWER_YES,
		.code = rootfs_is_code(container->rootfs, entry->path),
		.metadata_only = entry->kind == DIFFERENCE_METADATA,
		.container_age = UINT64_MAX,
	};
	compare_note(agent, container, &event); /* once */
	telling = (struct telling){ .event = &event, .facts = &facts, .container = container, .found = agent_now() };
	container->missed += judge(agent->teller, &telling) > 0;
}

/* ---- one container after the other ---- */

struct due {
	struct agent *agent; /* NULL: also one whose packages are to be read first */
	uint64_t now;
	struct container *container;
};

static void due_find(struct container *container, void *data)
{
	struct due *due = data;

	if (!container->compare_at || container->compare_at > due->now || !container->rootfs || !container->running ||
	    container->sight != SIGHT_WHOLE || container->state == CONTAINER_WAITING)
		return;
	if (due->agent && packages_first(due->agent, container))
		return;
	if (!due->container || container->compare_at < due->container->compare_at)
		due->container = container;
}

static bool compare_begin(struct agent *agent)
{
	struct due due = { .agent = agent, .now = agent_now() };

	registry_for_each(agent->registry, due_find, &due);
	if (!due.container)
		return false;
	due.container->compare_at = due.now + COMPARE_EVERY;
	if (difference_new(due.container->rootfs, &agent->difference) < 0)
		return false; /* a read-only root has no upper directory; one that cannot be read is tried again */
	agent->compared = due.container->cgroup;
	agent->compare_begun = due.now;
	return true;
}

bool compare_owes(struct agent *agent, uint64_t since)
{
	struct due due = { .now = since };

	registry_for_each(agent->registry, due_find, &due);
	return due.container || (agent->difference && agent->compare_begun <= since);
}

void compare_forget(struct agent *agent, const struct container *container)
{
	if (agent->difference && agent->compared == container->cgroup)
		difference_free(take_ptr(agent->difference));
}

void compare_end(struct agent *agent, struct container *container)
{
	compare_forget(agent, container);
	agent->noted -= changes_count(container->changes);
	changes_free(take_ptr(container->changes));
}

bool compare_step(struct agent *agent)
{
	if (!agent->difference && !compare_begin(agent))
		return false;
	if (difference_step(agent->difference, COMPARE_ENTRIES, difference_tell, agent) > 0)
		return true;
	difference_free(take_ptr(agent->difference));
	return true;
}
