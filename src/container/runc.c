/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runc's state directories: <root>/<id>/state.json, as runc 1.0 and 1.1 write it (libcontainer's `State`: id,
 * init_process_pid, cgroup_paths, created). Every runtime that uses runc leaves one, so this source knows of
 * nearly all containers, but no image: what it says counts only where the runtime itself says nothing
 * (resolver.h).
 */
#include "container/runtime.h"

#include <fcntl.h>
#include <glob.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "container/process.h"

#define STATE_BYTES_MAX (1024 * 1024)
#define SCAN_MAX        512 /* states that are read for one container with a cgroup path of its own choice */

struct runc {
	struct runtime_source base;
	atomic_bool cancelled;
	size_t count;
	char *patterns[];
};

/* Whose a state directory is, by where it lies; runc's own otherwise. */
static const struct {
	const char *part;
	const char *runtime;
} owners[] = {
	{ "/runtime-runc/moby", "docker" },
	{ "/containerd/runc/", "containerd" },
};

static const char *owner_of(const char *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		if (strstr(root, owners[i].part))
			return owners[i].runtime;
	return oci_ops.name;
}

/* <root>/<id>/state.json as an object. -ENOENT, -EBADMSG (no JSON), -EFBIG, or another error of reading it.
 */
static int state_read(const char *root, const char *id, json_t **ret_state)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	_cleanup_close_ int fd = -EBADF;
	json_auto_t *state = NULL;
	struct stat stat;
	ssize_t size;

	if (asprintf(&path, "%s/%s/state.json", root, id) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &stat))
		return errno == ENOTDIR || errno == ENAMETOOLONG ? -ENOENT : -errno;
	if (!S_ISREG(stat.st_mode))
		return -EBADMSG;
	if (stat.st_size > STATE_BYTES_MAX)
		return -EFBIG;
	text = malloc((size_t)stat.st_size + 1);
	if (!text)
		return -ENOMEM;
	size = read(fd, text, (size_t)stat.st_size);
	if (size < 0)
		return -errno;
	state = json_loadb(text, (size_t)size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(state))
		return -EBADMSG;
	*ret_state = state;
	state = NULL;
	return 0;
}

static uint32_t state_pid(const json_t *state)
{
	json_int_t pid = json_integer_value(json_object_get(state, "init_process_pid"));

	return pid > 0 && pid <= INT32_MAX ? (uint32_t)pid : 0;
}

/* The v2 path stands under "" where the machine has both hierarchies too, with the mount point before it. */
static bool paths_agree(const json_t *state, const char *path)
{
	static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	const char *said = json_string_value(json_object_get(json_object_get(state, "cgroup_paths"), ""));

	for (size_t i = 0; said && i < ARRAY_SIZE(mounts); i++)
		if (strncmp(said, mounts[i], strlen(mounts[i])) == 0 && !strcmp(said + strlen(mounts[i]), path))
			return true;
	return false;
}

static bool state_is_of(const json_t *state, const char *path)
{
	uint32_t pid = state_pid(state);

	return paths_agree(state, path) || (pid && process_in_cgroup(pid, path) == 1);
}

static inline void facts_done(struct container_facts *facts)
{
	container_facts_clear(facts);
}

static int state_facts(const json_t *state, const char *root, const char *id, struct container_facts *ret_facts)
{
	_cleanup_(facts_done) struct container_facts facts = { 0 };
	int r = fact_set(&facts.id, id);

	if (r == 0)
		r = fact_set(&facts.name, id);
	if (r == 0)
		r = fact_set(&facts.runtime, owner_of(root));
	if (r < 0)
		return r;
	facts.init_pid = state_pid(state);
	facts.started = fact_time(json_string_value(json_object_get(state, "created")));
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

/* `id` is the name of a directory, one component. */
static int id_lookup(const char *root, const char *id, const struct runtime_request *request,
		     struct container_facts *ret_facts)
{
	json_auto_t *state = NULL;
	int r;

	if (!*id || *id == '.' || strchr(id, '/'))
		return -ENOENT;
	r = state_read(root, id, &state);
	if (r < 0)
		return r;
	return state_is_of(state, request->path) ? state_facts(state, root, id, ret_facts) : -ENOENT;
}

/* A container may choose a cgroup whose name has nothing of its id: then only its state tells. */
static int scan_lookup(struct runc *runc, const char *root, const struct runtime_request *request,
		       struct container_facts *ret_facts)
{
	_cleanup_closedir_ DIR *dir = opendir(root);
	struct dirent *entry;

	for (int i = 0; dir && i < SCAN_MAX && (entry = readdir(dir)); i++) {
		int r;

		if (atomic_load(&runc->cancelled))
			return -ECANCELED;
		r = id_lookup(root, entry->d_name, request, ret_facts);
		if (r == 0 || r == -ENOMEM)
			return r;
	}
	return -ENOENT;
}

static int root_lookup(struct runc *runc, const char *root, const struct runtime_request *request,
		       struct container_facts *ret_facts)
{
	int r = id_lookup(root, request->id, request, ret_facts);

	if (r == 0 || r == -ENOMEM || owner_of(root) != oci_ops.name)
		return r;
	return scan_lookup(runc, root, request, ret_facts);
}

/* Calls `call` for every directory that a pattern stands for, until it answers otherwise than -ENOENT. */
static int roots_walk(struct runc *runc, int (*call)(struct runc *runc, const char *root, void *data), void *data)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < runc->count; i++) {
		glob_t found = { 0 };

		if (glob(runc->patterns[i], GLOB_NOSORT | GLOB_ONLYDIR, NULL, &found) == GLOB_NOSPACE)
			r = -ENOMEM;
		for (size_t j = 0; r == -ENOENT && j < found.gl_pathc; j++)
			r = atomic_load(&runc->cancelled) ? -ECANCELED : call(runc, found.gl_pathv[j], data);
		globfree(&found);
	}
	return r;
}

struct walk {
	const struct runtime_request *request;
	struct container_facts *ret_facts;
};

/* A state that cannot be read is as good as none: the next root may have the container. */
static int walk_lookup(struct runc *runc, const char *root, void *data)
{
	struct walk *walk = data;
	int r = root_lookup(runc, root, walk->request, walk->ret_facts);

	return r == 0 || r == -ENOMEM || r == -ECANCELED ? r : -ENOENT;
}

static int runc_lookup(struct runtime_source *source, const struct runtime_request *request,
		       struct container_facts *ret_facts)
{
	struct walk walk = { request, ret_facts };

	return roots_walk((struct runc *)source, walk_lookup, &walk);
}

static int walk_probe(struct runc *runc, const char *root, void *data)
{
	struct stat stat_buf;

	(void)runc;
	(void)data;
	return stat(root, &stat_buf) == 0 && S_ISDIR(stat_buf.st_mode) ? 0 : -ENOENT;
}

/* There is no daemon to ask: it is found where one of its state directories is. */
static int runc_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	int r = roots_walk((struct runc *)source, walk_probe, NULL);

	if (r == 0)
		(void)snprintf(ret_version, size, "%s", "");
	return r == -ENOENT ? -ENOTCONN : r;
}

static void runc_cancel(struct runtime_source *source)
{
	atomic_store(&((struct runc *)source)->cancelled, true);
}

static void runc_close(struct runtime_source *source)
{
	struct runc *runc = (struct runc *)source;

	for (size_t i = 0; i < runc->count; i++)
		free(runc->patterns[i]);
	free(runc);
}

static int runc_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	struct runc *runc;
	size_t count = 0;

	(void)host_root;
	while (addresses[count])
		count++;
	runc = calloc(1, sizeof(*runc) + count * sizeof(runc->patterns[0]));
	if (!runc)
		return -ENOMEM;
	for (; runc->count < count; runc->count++) {
		runc->patterns[runc->count] = strdup(addresses[runc->count]);
		if (!runc->patterns[runc->count]) {
			runc_close(&runc->base);
			return -ENOMEM;
		}
	}
	runc->base = (struct runtime_source){ .ops = &oci_ops, .address = count ? runc->patterns[0] : "" };
	*ret_source = &runc->base;
	return 0;
}

const struct runtime_ops oci_ops = {
	.name = "runc",
	.speaks = "runc",
	.lanes = 1,
	.open = runc_open,
	.probe = runc_probe,
	.lookup = runc_lookup,
	.cancel = runc_cancel,
	.close = runc_close,
};
