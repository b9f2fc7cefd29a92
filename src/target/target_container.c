// SPDX-License-Identifier: Apache-2.0
/*
 * A running container: every cgroup that may be one's root and has a process in it is a candidate, and is asked about
 * until its name and image are known: the disk first, which needs no daemon.
 */
#include "target/internal.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "container/cgroup.h"
#include "container/discover.h"
#include "container/facts.h"
#include "container/process.h"
#include "image/plain.h"

#define CANDIDATES_MAX 4096 /* more are not looked at */
#define MOUNTINFO_MAX  (4u << 20)
#define DIGITS_LEAST   4 /* of an id's beginning */
#define SHOWN_MAX      4 /* ids that a failure lists */

struct candidate {
	uint64_t cgroup;
	char *path;  /* of its root cgroup */
	char *upper; /* as this process sees it; NULL unknown */
	uint32_t pid;
	struct cgroup_guess guess;
	struct container_facts facts;
	enum container_fit fit;
};

struct candidates {
	struct search *search;
	struct discovered_hierarchy hierarchy;
	ino_t host_mounts; /* the mount namespace of process 1; 0 unknown */
	int error;
	size_t count;
	struct candidate list[CANDIDATES_MAX];
};

static void candidates_free(struct candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++) {
		free(candidates->list[i].path);
		free(candidates->list[i].upper);
		container_facts_clear(&candidates->list[i].facts);
	}
	free(candidates);
}

DEFINE_CLEANUP(struct candidates *, candidates_free)

/* ---- cgroups ---- */

/* A process of the cgroup: the lowest number of those that were there; 0 without one. */
static uint32_t cgroup_process(const char *hierarchy, const char *path)
{
	_cleanup_fclose_ FILE *file = NULL;
	char name[PATH_MAX];
	uint32_t pid, lowest = 0;

	if (snprintf(name, sizeof(name), "%s%s/cgroup.procs", hierarchy, path) >= (int)sizeof(name))
		return 0;
	file = fopen(name, "re");
	while (file && fscanf(file, "%" SCNu32, &pid) == 1)
		if (pid && (!lowest || pid < lowest))
			lowest = pid;
	return lowest;
}

static ino_t mounts_of(const char *host_root, uint32_t pid)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/ns/mnt", host_root, pid);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static bool path_below(const char *path, const char *root)
{
	size_t length = strlen(root);

	return strncmp(path, root, length) == 0 && path[length] == '/';
}

/* NULL: there is no room, which what may be no container at all gets half of; or no memory. */
static struct candidate *candidate_add(struct candidates *candidates, uint64_t id, const char *path,
				       const struct cgroup_guess *guess)
{
	size_t most = guess->verdict == CGROUP_CONTAINER ? CANDIDATES_MAX : CANDIDATES_MAX / 2;
	struct candidate *candidate = &candidates->list[candidates->count];

	if (candidates->count >= most)
		return NULL;
	*candidate = (struct candidate){ .cgroup = id, .path = strndup(path, guess->root_length), .guess = *guess };
	if (!candidate->path) {
		candidates->error = -ENOMEM;
		return NULL;
	}
	candidates->count++;
	return candidate;
}

/* The walk goes depth first: what lies below a container's root comes right behind it. */
static void candidates_look(uint64_t id, uint64_t parent, const char *path, void *data)
{
	struct candidates *candidates = data;
	struct cgroup_guess guess = cgroup_classify(path);
	struct candidate *last = candidates->count ? &candidates->list[candidates->count - 1] : NULL;
	bool is_root = guess.verdict == CGROUP_PERHAPS || guess.root_length == strlen(path);

	(void)parent;
	if (guess.verdict == CGROUP_OTHER || candidates->error)
		return;
	if (is_root || !last || !path_below(path, last->path))
		last = candidate_add(candidates, id, path, &guess);
	if (last && !last->pid)
		last->pid = cgroup_process(candidates->hierarchy.path, path);
}

static int candidates_find(struct search *search, struct candidates **ret_candidates)
{
	_cleanup_(candidates_freep) struct candidates *candidates = calloc(1, sizeof(*candidates));
	int r;

	if (!candidates)
		return -ENOMEM;
	candidates->search = search;
	r = discover_hierarchy(search->host_root, &candidates->hierarchy);
	if (r == 0)
		r = discover_cgroups(candidates->hierarchy.path, candidates_look, candidates);
	if (r < 0 || candidates->error)
		return r < 0 ? r : candidates->error;
	candidates->host_mounts = mounts_of(search->host_root, 1);
	*ret_candidates = take_ptr(candidates);
	return 0;
}

/* ---- its root ---- */

/* The file system that the process's root is of, which another mount at "/" may hide in its table. 0 unknown. */
static uint32_t root_device(const char *host_root, uint32_t pid)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/proc/%" PRIu32 "/root", host_root, pid);
	return stat(path, &st) == 0 ? major(st.st_dev) << 20 | minor(st.st_dev) : 0;
}

/* -ESRCH: the process has ended. What stat calls the device of a btrfs subvolume is not in the table. */
static int rootfs_read(const char *host_root, uint32_t pid, struct rootfs **ret_rootfs)
{
	_cleanup_free_ char *text = NULL;
	struct rootfs_source source = { .host_root = *host_root ? host_root : NULL,
					.root_device = root_device(host_root, pid) };
	int r = discover_proc(host_root, pid, "mountinfo", MOUNTINFO_MAX, &text, &source.size);

	if (r < 0) /* EINVAL: a process that is ending has no namespace */
		return r == -ENOENT || r == -EINVAL ? -ESRCH : r;
	source.mountinfo = text;
	r = rootfs_from_mountinfo(&source, ret_rootfs);
	if (r == -ENOENT && source.root_device) {
		source.root_device = 0;
		r = rootfs_from_mountinfo(&source, ret_rootfs);
	}
	return r == -EOPNOTSUPP ? rootfs_from_plain(&source, ret_rootfs) : r;
}

DEFINE_CLEANUP(struct rootfs *, rootfs_free)

/* Where its upper directory is: the disk knows a container best by that. */
static int upper_find(const char *host_root, struct candidate *candidate)
{
	_cleanup_(rootfs_freep) struct rootfs *rootfs = NULL;

	if (rootfs_read(host_root, candidate->pid, &rootfs) < 0 || !rootfs_upper(rootfs))
		return 0;
	return asprintf(&candidate->upper, "%s%s", host_root, rootfs_upper(rootfs)) < 0 ? -ENOMEM : 0;
}

/* ---- its name ---- */

static bool is_known(const struct container_facts *facts)
{
	return facts->name && facts->image_name && facts->image_digest;
}

/* Who does not know it, or fails, tells nothing: what the others say stands. */
static int source_ask(struct search *search, size_t number, const struct runtime_request *request,
		      struct container_facts *facts)
{
	_cleanup_(container_facts_clear) struct container_facts more = { 0 };
	struct runtime_source *source = search->sources[number];
	int r = search->hangs[number] ? -ETIMEDOUT : source->ops->lookup(source, request, &more);

	search->hangs[number] = r == -ETIMEDOUT;
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = facts_complete(facts, &more);
	return r < 0 ? r : 0;
}

static int candidate_ask(struct search *search, struct candidate *candidate)
{
	struct runtime_request request = { .cgroup = candidate->cgroup,
					   .path = candidate->path,
					   .id = candidate->guess.id };
	int r = upper_find(search->host_root, candidate);

	request.upper = candidate->upper;
	for (size_t i = 0; r == 0 && i < search->count && !is_known(&candidate->facts); i++)
		r = source_ask(search, i, &request, &candidate->facts);
	if (r == 0 && !candidate->facts.id)
		r = fact_set(&candidate->facts.id, candidate->guess.id);
	return r < 0 || candidate->facts.runtime ? r : fact_set(&candidate->facts.runtime, candidate->guess.runtime);
}

static bool pod_name_is(const struct container_facts *facts, const char *name)
{
	_cleanup_free_ char *whole = NULL;

	if (!facts->pod_namespace || !facts->pod_name || !facts->name ||
	    asprintf(&whole, "%s/%s/%s", facts->pod_namespace, facts->pod_name, facts->name) < 0) {
		whole = NULL;
		return false;
	}
	return strcmp(whole, name) == 0;
}

enum container_fit container_fit(const struct container_facts *facts, const char *name)
{
	size_t length = strlen(name);

	if (facts->id && strcmp(facts->id, name) == 0)
		return FIT_ID;
	if ((facts->name && strcmp(facts->name, name) == 0) || pod_name_is(facts, name))
		return FIT_NAME;
	if (facts->id && length >= DIGITS_LEAST && strspn(name, "0123456789abcdef") == length &&
	    strncmp(facts->id, name, length) == 0)
		return FIT_DIGITS;
	return FIT_NONE;
}

/* Where a name could only be one's by its whole id, no other is asked about. */
static bool is_worth_asking(const struct candidates *candidates, const struct candidate *candidate, const char *name)
{
	ino_t mounts;

	if (!candidate->pid)
		return false;
	if (strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64)
		return strcmp(candidate->guess.id, name) == 0;
	mounts = mounts_of(candidates->search->host_root, candidate->pid);
	return candidate->guess.verdict == CGROUP_CONTAINER || !mounts || mounts != candidates->host_mounts;
}

static int candidates_ask(struct candidates *candidates, const char *name)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < candidates->count; i++) {
		struct candidate *candidate = &candidates->list[i];

		if (!is_worth_asking(candidates, candidate, name))
			continue;
		r = candidate_ask(candidates->search, candidate);
		candidate->fit = container_fit(&candidate->facts, name);
	}
	return r;
}

/* ---- the choice ---- */

static void ambiguous_say(const struct candidates *candidates, enum container_fit fit, const char *name,
			  struct target_failure *failure)
{
	char ids[SHOWN_MAX * 16] = "";
	size_t length = 0, shown = 0;

	for (size_t i = 0; i < candidates->count && shown < SHOWN_MAX; i++)
		if (candidates->list[i].fit == fit)
			length += (size_t)snprintf(ids + length, sizeof(ids) - length, "%s%.12s", shown++ ? ", " : "",
						   candidates->list[i].facts.id ?: "?");
	failure_set(failure, "several running containers are called '%s': give one's id (%s)", name, ids);
}

/* The one that fits best. -ENOENT: none; -ENOTUNIQ. A pod's sandbox has its pod's name, and is meant by its id only. */
static int candidates_choose(struct candidates *candidates, const char *name, struct candidate **ret_candidate,
			     struct target_failure *failure)
{
	struct candidate *best = NULL;
	unsigned alike = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		struct candidate *candidate = &candidates->list[i];

		if (candidate->facts.role == ROLE_SANDBOX && candidate->fit == FIT_NAME)
			candidate->fit = FIT_NONE;
		if (!candidate->fit || (best && candidate->fit < best->fit))
			continue;
		alike = best && candidate->fit == best->fit ? alike + 1 : 1;
		best = candidate;
	}
	if (alike > 1)
		ambiguous_say(candidates, best->fit, name, failure);
	if (alike != 1)
		return alike ? -ENOTUNIQ : -ENOENT;
	*ret_candidate = best;
	return 0;
}

static int layers_take(struct target *target)
{
	size_t count = rootfs_image_layers(target->rootfs);

	target->userxattr = rootfs_userxattr(target->rootfs);
	target->layers = calloc(count + 1, sizeof(char *));
	if (!target->layers)
		return -ENOMEM;
	for (; target->layer_count < count; target->layer_count++) {
		target->layers[target->layer_count] = strdup(rootfs_image_layer(target->rootfs, target->layer_count));
		if (!target->layers[target->layer_count])
			return -ENOMEM;
	}
	return 0;
}

/* A process that came later may have made itself a root of its own: the first one is preferred. */
static int candidate_take(const char *host_root, struct candidate *candidate, struct target *target)
{
	uint32_t first = candidate->facts.init_pid;
	int r = -ESRCH;

	if (first && process_in_cgroup(first, candidate->path) == 1)
		r = rootfs_read(host_root, first, &target->rootfs);
	target->pid = r == 0 ? first : candidate->pid;
	if (r == -ESRCH)
		r = rootfs_read(host_root, candidate->pid, &target->rootfs);
	if (r < 0)
		return r;
	target->kind = TARGET_CONTAINER;
	target->facts = candidate->facts;
	candidate->facts = (struct container_facts){ 0 };
	return layers_take(target);
}

int search_container(struct search *search, const char *name, struct target *ret_target, struct target_failure *failure)
{
	_cleanup_(candidates_freep) struct candidates *candidates = NULL;
	_cleanup_target_ struct target target = { .pid = 0 };
	struct candidate *candidate = NULL;
	int r = candidates_find(search, &candidates);

	if (r == 0)
		r = candidates_ask(candidates, name);
	if (r < 0) {
		failure_set(failure, "the containers of this host cannot be listed: %s", strerror(-r));
		return r == -ENOENT ? -EIO : r;
	}
	r = candidates_choose(candidates, name, &candidate, failure);
	if (r < 0)
		return r;
	target.host_root = strdup(search->host_root);
	r = target.host_root ? candidate_take(search->host_root, candidate, &target) : -ENOMEM;
	if (r == 0)
		r = search_container_image(search, &target);
	if (r < 0) {
		failure_set(failure, "the root of container '%s' cannot be read: %s", name,
			    r == -ESRCH ? "it has ended" : strerror(-r));
		return r == -ENOENT ? -EIO : r;
	}
	*ret_target = target;
	target = (struct target){ .pid = 0 };
	return 0;
}
