/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source of names: one daemon's socket, the state directories of OCI runtimes, or what runtimes keep on disk. Each
 * is used by one thread at a time (a slow one is opened several times: runtime_ops.lanes), and may block for
 * SOURCE_TIMEOUT; what it answers is not trusted further than its own container's name.
 */
#ifndef PLM_RUNTIME_RUNTIME_H
#define PLM_RUNTIME_RUNTIME_H

#include "container/container.h"

#define SOURCE_TIMEOUT 10000 /* ms for one question, however many requests it takes */
#define PROBE_TIMEOUT  2000  /* ms for runtime_ops.probe */
#define SOURCES_MAX    16
#define SOURCE_LANES   8

/* Whom a source is asked about. Strings are the caller's. */
struct runtime_request {
	uint64_t cgroup;
	const char *path; /* of the container's root cgroup in the v2 hierarchy */
	const char *id;   /* cgroup_classify's guess */
	const char
		*upper; /* its root's upper directory as the agent sees it, host_root included; NULL not (yet) known */
};

struct runtime_source;

struct runtime_ops {
	const char *name; /* "docker": of the source */
	const char *
		speaks; /* values of container_facts.runtime, a space between, for which its word is the last; NULL none */
	bool quick;     /* it reads the disk only: its answer is always waited for */
	unsigned lanes; /* how many may be asked at a time, each by a source of its own: 1 to SOURCE_LANES */

	/* Touches nothing outside. Strings are copied; host_root as in runtime_config, never NULL. 0 or -ENOMEM. */
	int (*open)(const char *const *addresses, const char *host_root, struct runtime_source **ret_source);

	/*
	 * Is it there, and which version? Text of at most `size` bytes; "" where it has none to tell.
	 * 0, -ENOTCONN (not there), or as lookup.
	 */
	int (*probe)(struct runtime_source *source, char *ret_version, size_t size);

	/*
	 * 0: *ret_facts is filled as far as the source knows, its strings the caller's.
	 * -ENOENT: not a container of this source (or not yet). -ENOTCONN, -EACCES, -ETIMEDOUT, -EFBIG, -EBADMSG: as
	 * http_ask. -EPROTO: it refused. -ECANCELED. -ENOMEM. facts.runtime says whose the container is: the answer
	 * of a source that `speaks` for it, or one with an image's name, is all that is waited for; the others'
	 * answers complete it.
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

extern const struct runtime_ops storage_ops, docker_ops, podman_ops, containerd_ops, crio_ops, oci_ops;

/*
 * Where to look. Lists end with NULL and hold paths as the agent sees them. A list that is NULL stands for
 * the usual places below host_root; an empty one for none.
 */
struct runtime_config {
	const char *host_root;                 /* NULL or "/" */
	const char *const *data_roots;         /* what runtimes keep on disk: /var/lib/docker and the like */
	const char *const *docker_sockets;     /* /run/docker.sock: a host's /var/run is an absolute link */
	const char *const *podman_sockets;     /* /run/podman/podman.sock, and each user's */
	const char *const *containerd_sockets; /* /run/containerd/containerd.sock, and k3s's */
	const char *const *crio_sockets;       /* /run/crio/crio.sock */
	const char *const *runc_roots;         /* state directories of runc and crun, patterns of glob(7): their own,
					  containerd's, Docker's, Podman's and CRI-O's */
};

/*
 * Opens a source a socket, in the order of `runtime_config`, one for all state directories, and one for what
 * runtimes keep on disk, which comes first: at most SOURCES_MAX, -E2BIG for more. 0 or -ENOMEM. The sources are the
 * caller's, for runtime_close or resolver_new.
 */
int runtimes_open(const struct runtime_config *config, struct runtime_source *ret_sources[static SOURCES_MAX],
		  size_t *ret_count);

/* Another source of the same kind at the same address, for a further lane. 0 or -ENOMEM. */
int runtime_again(const struct runtime_source *source, struct runtime_source **ret_source);

void runtime_close(struct runtime_source *source); /* takes NULL */

#endif
