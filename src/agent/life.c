// SPDX-License-Identifier: Apache-2.0
/* A container's life: a cgroup is made, named or forgotten; its entry point starts; it goes. */
#include "agent/internal.h"

#include <inttypes.h>
#include <string.h>

#include "container/cgroup.h"
#include "container/facts.h"
#include "container/process.h"
#include "image/plain.h"
#include "image/rootfs.h"

#define MOUNTINFO_MAX (4u << 20)
#define MOUNTS_EVERY  50000000 /* ns: one that mounts without end has its table read no more often */

void life_free(struct container *container, void *data)
{
	compare_end(data, container);
	resolver_drop(((struct agent *)data)->resolver, container->cgroup);
	packages_forget(data, container);
	inventories_forget(data, container);
	rootfs_free(container->rootfs);
	judge_forget(container);
}

struct container *life_admit(struct agent *agent, uint64_t id, const char *path, uint64_t time)
{
	struct container *container = registry_get(agent->registry, id);

	if (container)
		return container;
	if (registry_add(agent->registry, id, path, &container) < 0) {
		agent->unwatched++;
		return NULL;
	}
	container->asked = time;
	naming_ask(agent, container);
	return container;
}

/* A cgroup below a container's root that the kernel side took for one of its own. */
static void adopt(struct agent *agent, const struct event *event)
{
	struct container *parent = registry_get(agent->registry, event->birth.parent);

	if (parent)
		(void)kernel_cgroup_confirm(agent->kernel, event->cgroup, parent->cgroup);
	else
		kernel_cgroup_forget(agent->kernel, event->cgroup);
}

static void end(struct agent *agent, struct container *container)
{
	uint64_t id = container->cgroup;

	await_release(agent, container);
	packages_end(agent, container);
	session_leave(agent, container);
	teller_rest(agent->teller, container_key(container));
	remember_left(agent, container_key(container));
	if (agent->recording)
		(void)recording_end(agent->recording, id);
	(void)registry_remove(agent->registry, id);
	kernel_container_drop(agent->kernel, id);
}

void life_gone(struct agent *agent, const struct event *event)
{
	struct container *container = registry_get(agent->registry, event->cgroup);

	if (!event->birth.gone || event->cgroup != event->container)
		return; /* one below a container's root */
	if (!container)
		kernel_container_drop(agent->kernel, event->cgroup);
	else if (container->state == CONTAINER_WAITING)
		container->gone = true; /* its events wait for the name */
	else
		end(agent, container);
}

void life_birth(struct agent *agent, const struct event *event)
{
	const char *path = event->birth.path ?: "/";
	struct cgroup_guess guess = cgroup_classify(path);

	if (event->birth.gone || event->cgroup != event->container) {
		return; /* in its turn; or inherited in the kernel */
	} else if (guess.verdict == CGROUP_OTHER) {
		kernel_cgroup_forget(agent->kernel, event->cgroup);
	} else if (guess.root_length < strlen(path)) {
		adopt(agent, event);
	} else if (life_admit(agent, event->cgroup, path, event->time) && guess.verdict == CGROUP_CONTAINER) {
		(void)kernel_cgroup_confirm(agent->kernel, event->cgroup, event->cgroup);
	}
}

static int host_mounts_read(struct agent *agent)
{
	_cleanup_free_ char *text = NULL;
	struct mounts *mounts;
	size_t size;
	int r = discover_proc(agent->options->host_root, 1, "mountinfo", MOUNTINFO_MAX, &text, &size);

	if (r == 0)
		r = mounts_parse(text, size, &mounts);
	if (r < 0)
		return r;
	mounts_free(agent->host_mounts);
	agent->host_mounts = mounts;
	return 0;
}

/* Where the host sees the upper directory that the kernel's walk found. NULL: nowhere that is known. */
static const char *upper_locate(struct agent *agent, const struct event *event, char *room, size_t size)
{
	if (!event->start.upper)
		return NULL;
	for (int again = 0; again < 2; again++) {
		if (agent->host_mounts &&
		    mounts_locate(agent->host_mounts, event->start.upper_device, event->start.upper, room, size) == 0)
			return room;
		if (again || host_mounts_read(agent) < 0) /* mounted since the table was read? */
			break;
	}
	return NULL;
}

/* The mount table of the container, as the process of the event sees it, or its first one. */
static int mounts_text(struct agent *agent, const struct container *container, uint32_t pid, char **ret_text,
		       size_t *ret_size)
{
	int r = discover_proc(agent->options->host_root, pid, "mountinfo", MOUNTINFO_MAX, ret_text, ret_size);

	if (r < 0 && container->facts.init_pid)
		r = discover_proc(agent->options->host_root, container->facts.init_pid, "mountinfo", MOUNTINFO_MAX,
				  ret_text, ret_size);
	return r;
}

static int rootfs_learn(struct agent *agent, struct container *container, const struct event *event, const char *upper)
{
	_cleanup_free_ char *text = NULL;
	struct rootfs_source source = {
		.host_root = agent->options->host_root[0] ? agent->options->host_root : NULL,
		.root_device = event->start.root_device,
		.upper = upper,
		.upper_inode = event->start.upper_inode,
	};
	int r = mounts_text(agent, container, event->task.pid, &text, &source.size);

	if (r < 0)
		return r == -ENOENT || r == -EINVAL ? -ESRCH
						    : r; /* EINVAL: a process that is ending has no namespace */
	source.mountinfo = text;
	compare_forget(agent, container);
	inventories_forget(agent, container);
	rootfs_free(container->rootfs);
	container->rootfs = NULL;
	r = rootfs_from_mountinfo(&source, &container->rootfs);
	if (r != -EOPNOTSUPP)
		return r;
	container->sight = SIGHT_PLAIN;
	return rootfs_from_plain(&source, &container->rootfs);
}

void life_mounts(struct agent *agent, struct container *container, const struct event *event)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!container->mounts_stale || event->time < container->mounts_at + MOUNTS_EVERY)
		return;
	container->mounts_stale = false;
	container->mounts_at = event->time;
	if (container->rootfs && mounts_text(agent, container, event->task.pid, &text, &size) == 0)
		(void)rootfs_set_mounts(container->rootfs, text, size);
}

/* Runtimes below that run a container on a kernel of its own: a part of what the runtime calls them. */
static bool is_sandboxed(const char *handler)
{
	static const char *const parts[] = { "runsc", "gvisor", "kata" };

	for (size_t i = 0; handler && i < ARRAY_SIZE(parts); i++)
		if (strstr(handler, parts[i]))
			return true;
	return false;
}

static bool sees_all(const struct container *container)
{
	return container->sight == SIGHT_WHOLE && !container->unread;
}

void life_sight(struct agent *agent, struct container *container)
{
	const char *kind = "layers";
	char message[192];

	if (is_sandboxed(container->facts.handler)) {
		container->sight = SIGHT_SANDBOXED;
		container->running = true; /* no entry point of its own is seen to start */
	}
	if (sees_all(container) || container->sight_told || container->state == CONTAINER_WAITING)
		return;
	container->sight_told = true;
	if (container->sight == SIGHT_SANDBOXED) {
		kind = "sandbox";
		(void)snprintf(message, sizeof(message), "it runs in a sandbox (%.64s): what happens in it is not seen",
			       container->facts.handler ?: "of a runtime that is not known");
	} else if (container->unread) {
		(void)snprintf(message, sizeof(message), "its layers could not be read: %s",
			       strerror(-container->unread));
	} else {
		(void)snprintf(message, sizeof(message),
			       "its root is no overlay: what changed since it began is told, but not compared with the "
			       "image; what was there before counts as the image's");
	}
	serve_coverage(agent, container, RULE_COVERAGE_CONTAINER, kind, message);
}

/* Since when it is its own doing: of one that ran before, as long as nobody tells better, since its process began. */
static void started(struct container *container, const struct event *event)
{
	bool before = event->backend == PLM_BACKEND_ITERATOR;

	container->running = true;
	container->root_device = event->start.root_device;
	container->started = before ? 0 : event->time;
	container->watched = event->time;
	container->baseline = before ? event->task.start + PROCESS_SETUP_TIME : event->time;
	compare_plan(container, before ? event->time : event->time + COMPARE_EVERY);
}

void life_start(struct agent *agent, const struct event *event)
{
	_cleanup_free_ char *path = NULL;
	char upper[PATH_MAX];
	const char *located;
	struct container *container = registry_get(agent->registry, event->container);
	int r;

	if (!container) {
		/* Its birth was lost, or is of a cgroup that was forgotten: then its name says so again. */
		if (discover_cgroup_in(agent->options->host_root, event->task.pid, agent->hierarchy.id, &path) < 0 ||
		    cgroup_classify(path).verdict == CGROUP_OTHER) {
			kernel_cgroup_forget(agent->kernel, event->container);
			return;
		}
		container = life_admit(agent, event->container, path, event->time);
	}
	if (!container)
		return;
	started(container, event);
	if (agent->recording)
		(void)recording_container(agent->recording, container);
	(void)kernel_cgroup_confirm(agent->kernel, event->container, event->container);
	located = upper_locate(agent, event, upper, sizeof(upper));
	if (located && !container->upper && asprintf(&container->upper, "%s%s", agent->options->host_root, located) < 0)
		container->upper = NULL;
	if (container->state == CONTAINER_UNNAMED) {
		container->state = CONTAINER_WAITING; /* nobody knew it before it ran */
		container->asked = event->time;
	}
	if (container->state == CONTAINER_WAITING || !container->facts.image_name)
		naming_ask(agent, container); /* now it does, or the disk */
	/* What a sandbox's processes on this kernel do is its own doing, not the container's. */
	container->sight =
		event->start.sandbox || is_sandboxed(container->facts.handler) ? SIGHT_SANDBOXED : SIGHT_WHOLE;
	r = container->sight == SIGHT_SANDBOXED ? 0 : rootfs_learn(agent, container, event, located);
	container->unread = r == -ESRCH ? 0 : r; /* one that has ended already leaves nothing to be told apart */
	inventories_ask(agent, container);
	life_sight(agent, container);
}

struct container *life_container(struct agent *agent, const struct event *event)
{
	struct container *container = registry_get(agent->registry, event->container);

	if (!container)
		agent->unwatched++;
	return container;
}

void life_settled(struct agent *agent, struct container *container)
{
	if (container->gone)
		end(agent, container);
}
