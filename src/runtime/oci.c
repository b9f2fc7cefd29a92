/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directories of OCI runtimes, <root>/<id>/:
 *
 *	runc 1.0 to 1.3  state.json: libcontainer's `State` (id, init_process_pid, cgroup_paths, created, config.labels with
 *	                 "bundle=PATH")
 *	crun 0.20 to 1.x status: pid, cgroup-path, bundle, created (container status, src/libcrun/status.c)
 *
 * Every engine that uses one of them leaves such a state, so this source knows of nearly all containers and how they
 * were started (the bundle's config.json), but no image. Whose a container is, its bundle tells.
 */
#include "runtime/runtime.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "runtime/oci_spec.h"
#include "container/process.h"
#include "runtime/storage.h"
#include "image/layers.h"

#define SCAN_MAX 512 /* states that are read for one container with a cgroup path of its own choice */

struct oci {
	struct runtime_source base;
	atomic_bool cancelled;
	char *host_root;
	size_t count;
	char *patterns[];
};

/* ---- states ---- */

/* A container's state, and in what directory it lies. */
struct state {
	const struct format *format;
	const char *root, *id;
	json_t *json;
	uid_t owner; /* of the root: what a user's own runtime says counts for the user's own containers */
};

/* How one runtime writes it. */
struct format {
	const char *runtime;
	const char *file;
	const char *pid;
	bool (*has_path)(const json_t *state, const char *path);
	const char *(*bundle)(const json_t *state);
};

/* `said` is `mount`, then `path`. */
static bool path_agrees(const char *said, const char *mount, const char *path)
{
	size_t length = strlen(mount);

	return strncmp(said, mount, length) == 0 && strcmp(said + length, path) == 0;
}

/* A v1 path stands below the mount point of its controllers. */
static bool v1_agrees(const char *said, const char *path)
{
	static const char mount[] = "/sys/fs/cgroup/";
	const char *rest;

	if (strncmp(said, mount, strlen(mount)) != 0)
		return false;
	rest = strchr(said + strlen(mount), '/');
	return rest && strcmp(rest, path) == 0;
}

/* The v2 path stands under "" where the machine has both hierarchies too; where it has v1 alone, nothing does. */
static bool runc_has_path(const json_t *state, const char *path)
{
	const json_t *paths = json_object_get(state, "cgroup_paths");
	const char *said = json_text(paths, ""), *controller;
	json_t *value;

	if (said)
		return path_agrees(said, "/sys/fs/cgroup/unified", path) || path_agrees(said, "/sys/fs/cgroup", path);
	json_object_foreach ((json_t *)paths, controller, value)
		if (json_is_string(value) && v1_agrees(json_string_value(value), path))
			return true;
	return false;
}

static const char *runc_bundle(const json_t *state)
{
	static const char key[] = "bundle=";
	const json_t *labels = json_object_get(json_object_get(state, "config"), "labels");
	const json_t *label;
	size_t i;

	json_array_foreach (labels, i, label)
		if (json_is_string(label) && strncmp(json_string_value(label), key, strlen(key)) == 0)
			return json_string_value(label) + strlen(key);
	return NULL;
}

static bool crun_has_path(const json_t *state, const char *path)
{
	const char *said = json_text(state, "cgroup-path");

	return said && *said && strcmp(said + (*said == '/'), path + 1) == 0;
}

static const char *crun_bundle(const json_t *state)
{
	return json_text(state, "bundle");
}

static const struct format formats[] = {
	{ "runc", "state.json", "init_process_pid", runc_has_path, runc_bundle },
	{ "crun", "status", "pid", crun_has_path, crun_bundle },
};

static uint32_t state_pid(const struct state *state)
{
	json_int_t pid = json_integer_value(json_object_get(state->json, state->format->pid));

	return pid > 0 && pid <= INT32_MAX ? (uint32_t)pid : 0;
}

/* A user's own containers have their cgroups in the user's slice. */
static bool owner_may(uid_t owner, const char *path)
{
	char slice[64];

	(void)snprintf(slice, sizeof(slice), "/user-%u.slice/", (unsigned)owner);
	return owner == 0 || strstr(path, slice);
}

static bool state_is_of(const struct state *state, const char *path)
{
	uint32_t pid = state_pid(state);

	if (!owner_may(state->owner, path))
		return false;
	return state->format->has_path(state->json, path) || (pid && process_in_cgroup(pid, path) == 1);
}

/* ---- whose it is ---- */

/* Part of a state directory's path, and of a bundle's. */
static const struct {
	const char *part;
	const char *runtime;
} owners[] = {
	{ "/runtime-runc/moby", "docker" },
	{ "/containerd/runc/", "containerd" },
	{ "/io.containerd.runtime.v2.task/moby/", "docker" },
	{ "/io.containerd.runtime.v2.task/", "containerd" },
	{ "/overlay-containers/", "podman" }, /* or CRI-O's: annotations tell */
};

static const char *owner_of(const char *path)
{
	for (size_t i = 0; path && i < ARRAY_SIZE(owners); i++)
		if (strstr(path, owners[i].part))
			return owners[i].runtime;
	return NULL;
}

/* ---- the facts ---- */

static int spec_read(const struct oci *oci, const char *bundle, json_t **ret_spec)
{
	_cleanup_close_ int fd = -EBADF;

	if (!bundle || *bundle != '/')
		return -ENOENT;
	fd = layers_open_host(*oci->host_root ? oci->host_root : NULL, bundle);
	return fd < 0 ? fd : store_json(fd, "config.json", STORE_RECORD_MAX, ret_spec);
}

/* Only who has no other name is called by the id. */
static int names_fill(const struct state *state, const char *runtime, struct container_facts *facts)
{
	bool plain = strcmp(runtime, state->format->runtime) == 0 || !is_hex64(state->id);
	int r = fact_set(&facts->id, state->id);

	if (r == 0 && plain)
		r = fact_set(&facts->name, state->id);
	if (r == 0)
		r = fact_set(&facts->runtime, runtime);
	return r < 0 ? r : fact_set(&facts->handler, state->format->runtime);
}

static int facts_fill(const struct oci *oci, const struct state *state, struct container_facts *ret_facts)
{
	_cleanup_(container_facts_clear) struct container_facts facts = { 0 };
	const char *bundle = state->format->bundle(state->json);
	const char *runtime = owner_of(bundle) ?: owner_of(state->root) ?: state->format->runtime;
	json_auto_t *spec = NULL;
	int r = spec_read(oci, bundle, &spec);

	if (r == -ENOMEM)
		return r;
	r = names_fill(state, spec ? oci_spec_engine(spec) ?: runtime : runtime, &facts);
	if (r == 0 && spec)
		r = oci_spec_fill(spec, &facts);
	if (r < 0)
		return r;
	facts.init_pid = state_pid(state);
	facts.started = fact_time(json_text(state->json, "created"));
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

/* ---- looking ---- */

/* A root that is open, with its descriptor. */
struct place {
	const char *path;
	int fd;
	uid_t owner;
};

static int format_lookup(const struct oci *oci, const struct place *place, const struct format *format, const char *id,
			 const struct runtime_request *request, struct container_facts *ret_facts)
{
	json_auto_t *json = NULL;
	char path[PATH_MAX];
	struct state state = { .format = format, .root = place->path, .id = id, .owner = place->owner };
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", id, format->file);
	r = store_json(place->fd, path, STORE_RECORD_MAX, &json);
	if (r < 0)
		return r;
	state.json = json;
	return state_is_of(&state, request->path) ? facts_fill(oci, &state, ret_facts) : -ENOENT;
}

/* `id` is the name of a directory, one component. A state that cannot be read is as good as none. */
static int id_lookup(const struct oci *oci, const struct place *place, const char *id,
		     const struct runtime_request *request, struct container_facts *ret_facts)
{
	if (!*id || *id == '.' || strchr(id, '/') || strlen(id) > NAME_MAX)
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		int r = format_lookup(oci, place, &formats[i], id, request, ret_facts);

		if (r == 0 || r == -ENOMEM)
			return r;
	}
	return -ENOENT;
}

/* A container may choose a cgroup whose name has nothing of its id: then only its state tells. */
static int scan_lookup(struct oci *oci, const struct place *place, const struct runtime_request *request,
		       struct container_facts *ret_facts)
{
	_cleanup_closedir_ DIR *dir = store_directory(place->fd, ".");
	struct dirent *entry;

	for (int i = 0; dir && i < SCAN_MAX && (entry = readdir(dir)); i++) {
		int r;

		if (atomic_load(&oci->cancelled))
			return -ECANCELED;
		r = id_lookup(oci, place, entry->d_name, request, ret_facts);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

struct walk {
	const struct runtime_request *request;
	struct container_facts *ret_facts;
};

/* In the roots of engines every container's cgroup has its id in the name. */
static int walk_lookup(struct oci *oci, const char *root, void *data)
{
	const struct walk *walk = data;
	_cleanup_close_ int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct place place = { .path = root, .fd = fd };
	struct stat stat;
	int r;

	if (fd < 0 || fstat(fd, &stat))
		return -ENOENT;
	place.owner = stat.st_uid;
	r = id_lookup(oci, &place, walk->request->id, walk->request, walk->ret_facts);
	return r != -ENOENT || owner_of(root) ? r : scan_lookup(oci, &place, walk->request, walk->ret_facts);
}

/* Calls `call` for every directory that a pattern stands for, until it answers otherwise than -ENOENT. */
static int roots_walk(struct oci *oci, int (*call)(struct oci *oci, const char *root, void *data), void *data)
{
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < oci->count; i++) {
		glob_t found = { 0 };

		if (glob(oci->patterns[i], GLOB_NOSORT | GLOB_ONLYDIR, NULL, &found) == GLOB_NOSPACE)
			r = -ENOMEM;
		for (size_t j = 0; r == -ENOENT && j < found.gl_pathc; j++)
			r = atomic_load(&oci->cancelled) ? -ECANCELED : call(oci, found.gl_pathv[j], data);
		globfree(&found);
	}
	return r;
}

static int oci_lookup(struct runtime_source *source, const struct runtime_request *request,
		      struct container_facts *ret_facts)
{
	struct walk walk = { request, ret_facts };

	return roots_walk((struct oci *)source, walk_lookup, &walk);
}

static int walk_probe(struct oci *oci, const char *root, void *data)
{
	struct stat stat_buf;

	(void)oci;
	(void)data;
	return stat(root, &stat_buf) == 0 && S_ISDIR(stat_buf.st_mode) ? 0 : -ENOENT;
}

/* There is no daemon to ask: it is found where one of its state directories is. */
static int oci_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	int r = roots_walk((struct oci *)source, walk_probe, NULL);

	if (r == 0)
		(void)snprintf(ret_version, size, "%s", "");
	return r == -ENOENT ? -ENOTCONN : r;
}

static void oci_cancel(struct runtime_source *source)
{
	atomic_store(&((struct oci *)source)->cancelled, true);
}

static void oci_close(struct runtime_source *source)
{
	struct oci *oci = (struct oci *)source;

	for (size_t i = 0; i < oci->count; i++)
		free(oci->patterns[i]);
	free(oci->host_root);
	free(oci);
}

static int oci_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	struct oci *oci;
	size_t count = 0;

	while (addresses[count])
		count++;
	oci = calloc(1, sizeof(*oci) + count * sizeof(oci->patterns[0]));
	if (!oci)
		return -ENOMEM;
	oci->host_root = strdup(host_root);
	for (; oci->host_root && oci->count < count; oci->count++) {
		oci->patterns[oci->count] = strdup(addresses[oci->count]);
		if (!oci->patterns[oci->count])
			break;
	}
	if (!oci->host_root || oci->count < count) {
		oci_close(&oci->base);
		return -ENOMEM;
	}
	oci->base = (struct runtime_source){ .ops = &oci_ops, .address = count ? oci->patterns[0] : "" };
	*ret_source = &oci->base;
	return 0;
}

const struct runtime_ops oci_ops = {
	.name = "runc",
	.speaks = "runc crun",
	.quick = true,
	.lanes = 1,
	.open = oci_open,
	.probe = oci_probe,
	.lookup = oci_lookup,
	.cancel = oci_cancel,
	.close = oci_close,
};
