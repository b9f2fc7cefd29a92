// SPDX-License-Identifier: Apache-2.0
/* A container's life: a cgroup is made, named or forgotten; its entry point starts; it goes. */
#include "agent/internal.h"

#include <inttypes.h>
#include <string.h>

#include "container/cgroup.h"
#include "container/discover.h"
#include "image/rootfs.h"

#define MOUNTINFO_MAX (4u << 20)

void life_free(struct container *container, void *data)
{
	(void)data;
	rootfs_free(container->rootfs);
	judge_forget(container);
}

static void ask(struct agent *agent, struct container *container, uint32_t pid)
{
	struct cgroup_guess guess = cgroup_classify(container->cgroup_path ?: "/");
	struct runtime_request request = {
		.cgroup = container->cgroup,
		.path = container->cgroup_path ?: "",
		.id = guess.id,
		.pid = pid,
	};
	int r = resolver_ask(agent->resolver, &request);

	if (r < 0 && r != -EALREADY)
		container->state = CONTAINER_UNNAMED; /* too many at once: watched without a name */
}

/* A container whose root cgroup is `id`, seen at `time`; NULL where the registry is full. */
static struct container *admit(struct agent *agent, uint64_t id, const char *path, uint64_t time)
{
	struct container *container = registry_get(agent->registry, id);

	if (container)
		return container;
	if (registry_add(agent->registry, id, path, &container) < 0) {
		agent->unwatched++;
		return NULL;
	}
	container->asked = time;
	ask(agent, container, 0);
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

	teller_end(agent->teller, id);
	if (agent->recording)
		(void)recording_end(agent->recording, id);
	(void)registry_remove(agent->registry, id);
	kernel_container_drop(agent->kernel, id);
}

static void gone(struct agent *agent, const struct event *event)
{
	struct container *container = registry_get(agent->registry, event->cgroup);

	if (event->cgroup != event->container)
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

	if (event->birth.gone) {
		gone(agent, event);
	} else if (event->cgroup != event->container) {
		return; /* inherited in the kernel */
	} else if (guess.verdict == CGROUP_OTHER) {
		kernel_cgroup_forget(agent->kernel, event->cgroup);
	} else if (guess.root_length < strlen(path)) {
		adopt(agent, event);
	} else if (admit(agent, event->cgroup, path, event->time) && guess.verdict == CGROUP_CONTAINER) {
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

static int rootfs_learn(struct agent *agent, struct container *container, const struct event *event)
{
	_cleanup_free_ char *text = NULL;
	char upper[PATH_MAX];
	struct rootfs_source source = {
		.host_root = agent->options->host_root[0] ? agent->options->host_root : NULL,
		.root_device = event->start.root_device,
		.upper = upper_locate(agent, event, upper, sizeof(upper)),
		.upper_inode = event->start.upper_inode,
	};
	int r = discover_proc(agent->options->host_root, event->task.pid, "mountinfo", MOUNTINFO_MAX, &text,
			      &source.size);

	if (r < 0 && container->facts.init_pid)
		r = discover_proc(agent->options->host_root, container->facts.init_pid, "mountinfo", MOUNTINFO_MAX,
				  &text, &source.size);
	if (r < 0)
		return r;
	source.mountinfo = text;
	rootfs_free(container->rootfs);
	container->rootfs = NULL;
	return rootfs_from_mountinfo(&source, &container->rootfs);
}

static void rootfs_tell(struct agent *agent, struct container *container, int error)
{
	char message[160];

	if (error == -EOPNOTSUPP)
		(void)snprintf(message, sizeof(message),
			       "the root is no overlay: what the image holds and what changed cannot be told apart");
	else
		(void)snprintf(message, sizeof(message), "its layers could not be read: %s", strerror(-error));
	serve_coverage(agent, container, RULE_COVERAGE_CONTAINER, "layers", message);
}

void life_start(struct agent *agent, const struct event *event)
{
	_cleanup_free_ char *path = NULL;
	struct container *container = registry_get(agent->registry, event->container);
	int r;

	if (!container) {
		/* Its birth was lost, or is of a cgroup that was forgotten: then its name says so again. */
		if (discover_cgroup_of(agent->options->host_root, event->task.pid, &path) < 0 ||
		    cgroup_classify(path).verdict == CGROUP_OTHER) {
			kernel_cgroup_forget(agent->kernel, event->container);
			return;
		}
		container = admit(agent, event->container, path, event->time);
	}
	if (!container)
		return;
	container->running = true;
	container->root_device = event->start.root_device;
	if (event->backend != PLM_BACKEND_ITERATOR)
		container->started = event->time;
	if (agent->recording)
		(void)recording_container(agent->recording, container);
	(void)kernel_cgroup_confirm(agent->kernel, event->container, event->container);
	if (container->state == CONTAINER_UNNAMED) {
		container->state = CONTAINER_WAITING; /* nobody knew it before it ran */
		container->asked = event->time;
	}
	if (container->state == CONTAINER_WAITING)
		ask(agent, container, event->task.pid); /* now it does */
	r = rootfs_learn(agent, container, event);
	if (r < 0)
		rootfs_tell(agent, container, r);
}

struct container *life_container(struct agent *agent, const struct event *event)
{
	struct container *container = registry_get(agent->registry, event->container);

	if (!container)
		agent->unwatched++;
	return container;
}

/* Without a source's word: the id is what the cgroup's name holds. */
static void unnamed(struct container *container)
{
	struct cgroup_guess guess = cgroup_classify(container->cgroup_path ?: "/");

	container->state = CONTAINER_UNNAMED;
	if (!container->facts.id && guess.id[0])
		container->facts.id = strdup(guess.id);
	if (!container->facts.runtime && guess.runtime)
		container->facts.runtime = strdup(guess.runtime);
}

struct container *life_named(struct agent *agent, struct resolver_answer *answer)
{
	struct container *container = registry_get(agent->registry, answer->cgroup);

	if (!container) {
		container_facts_clear(&answer->facts);
		return NULL;
	}
	if (answer->known) {
		container_facts_clear(&container->facts);
		container->facts = answer->facts;
		container->state = CONTAINER_NAMED;
		judge_forget(container);
	} else {
		unnamed(container);
	}
	if (agent->recording)
		(void)recording_container(agent->recording, container);
	return container;
}

void life_settled(struct agent *agent, struct container *container)
{
	if (container->gone)
		end(agent, container);
}

struct container *life_overdue(struct agent *agent)
{
	struct container *container;
	uint64_t cgroup, time;

	if (!registry_oldest(agent->registry, &cgroup, &time))
		return NULL;
	container = registry_get(agent->registry, cgroup);
	unnamed(container);
	return container;
}

struct existing {
	struct agent *agent;
	uint64_t root; /* the container's root cgroup that the walk is in or below */
	char root_path[PATH_MAX];
	int error;
};

static bool path_below(const char *path, const char *root)
{
	size_t length = strlen(root);

	return length > 0 && strncmp(path, root, length) == 0 && path[length] == '/';
}

/* The walk goes depth first: what lies below a container's root comes right behind it. */
static void existing_cgroup(uint64_t id, uint64_t parent, const char *path, void *data)
{
	struct existing *existing = data;
	struct agent *agent = existing->agent;
	struct cgroup_guess guess = cgroup_classify(path);
	bool below = path_below(path, existing->root_path);
	int r;

	(void)parent;
	if (guess.verdict == CGROUP_OTHER)
		return;
	if (!below || guess.verdict == CGROUP_PERHAPS || guess.root_length == strlen(path)) {
		existing->root = id;
		(void)snprintf(existing->root_path, sizeof(existing->root_path), "%s", path);
	}
	r = kernel_cgroup_enter(agent->kernel, id, existing->root, id != existing->root);
	if (r == 0 && guess.verdict == CGROUP_CONTAINER)
		r = kernel_cgroup_confirm(agent->kernel, id, existing->root);
	if (r < 0)
		existing->error = r;
	else if (id == existing->root)
		(void)admit(agent, id, path, agent_now());
}

int life_existing(struct agent *agent)
{
	struct existing existing = { .agent = agent };
	char root[PATH_MAX];
	int r = discover_cgroup_root(agent->options->host_root, root, sizeof(root));

	if (r < 0)
		return r;
	r = discover_cgroups(root, existing_cgroup, &existing);
	if (r == 0)
		r = existing.error;
	return r < 0 ? r : kernel_seed(agent->kernel);
}
