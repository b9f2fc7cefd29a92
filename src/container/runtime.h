/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of names: one daemon's socket, or the state directories of runc. Each is used by one thread at a
 * time, and may block for SOURCE_TIMEOUT; what it answers is not trusted further than its own container's
 * name.
 */
#ifndef PLM_CONTAINER_RUNTIME_H
#define PLM_CONTAINER_RUNTIME_H

#include "container/container.h"

#define SOURCE_TIMEOUT 2000 /* ms for one question, however many requests it takes */
#define SOURCES_MAX    8

/* Whom a source is asked about. Strings are the caller's. */
struct runtime_request {
	uint64_t cgroup;
	const char *path; /* of the container's root cgroup in the v2 hierarchy */
	const char *id;   /* cgroup_classify's guess */
	uint32_t pid;     /* of a process seen in it, 0 none: not used by the sources of today */
};

struct runtime_source;

struct runtime_ops {
	const char *name; /* "docker" */

	/* Touches nothing outside. 0 or -ENOMEM. */
	int (*open)(const char *const *addresses, struct runtime_source **ret_source);

	/*
	 * Is it there, and which version? Text of at most `size` bytes; "" where it has none to tell.
	 * 0, -ENOTCONN (not there), or as lookup.
	 */
	int (*probe)(struct runtime_source *source, char *ret_version, size_t size);

	/*
	 * 0: *ret_facts is filled as far as the source knows, its strings the caller's.
	 * -ENOENT: not a container of this source (or not yet). -ENOTCONN, -ETIMEDOUT, -EFBIG, -EBADMSG: as
	 * http_ask. -EPROTO: it refused. -ECANCELED. -ENOMEM.
	 */
	int (*lookup)(struct runtime_source *source, const struct runtime_request *request,
		      struct container_facts *ret_facts);

	/* From any thread: a lookup that runs, and every later one, ends soon with -ECANCELED. */
	void (*cancel)(struct runtime_source *source);

	void (*close)(struct runtime_source *source);
};

/* What every source begins with. */
struct runtime_source {
	const struct runtime_ops *ops;
	const char *address; /* for people: the socket, or the first directory; the source's */
};

extern const struct runtime_ops docker_ops, containerd_ops, runc_ops;

/*
 * Where to look. Lists end with NULL and hold paths as the agent sees them. A list that is NULL stands for
 * the usual places below host_root; an empty one for none.
 */
struct runtime_config {
	const char *host_root;                 /* NULL or "/" */
	const char *const *docker_sockets;     /* /var/run/docker.sock */
	const char *const *containerd_sockets; /* /run/containerd/containerd.sock */
	const char *const *runc_roots;         /* state directories, patterns of glob(7): runc's own, containerd's,
					  Docker's */
};

/*
 * Opens a source a socket, in the order of `runtime_config`, and one for all roots of runc: at most
 * SOURCES_MAX, -E2BIG for more. 0 or -ENOMEM. The sources are the caller's, for runtime_close or
 * resolver_new.
 */
int runtimes_open(const struct runtime_config *config, struct runtime_source *ret_sources[static SOURCES_MAX],
		  size_t *ret_count);

void runtime_close(struct runtime_source *source); /* takes NULL */

#endif
