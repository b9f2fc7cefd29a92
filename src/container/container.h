/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a container. Plain data: filled by the registry from what the sources say (runtimes, their state on
 * disk, the mount table), read by everything behind it.
 */
#ifndef PLM_CONTAINER_CONTAINER_H
#define PLM_CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "key=value", each owned; labels beyond a bound of facts.h are left out. */
struct label_list {
	char **items;
	size_t count;
};

/* What is the same for all containers of an image: shared between them (images.h). Owned strings, NULL unknown. */
struct image_facts {
	unsigned refs;     /* image_facts_ref, image_facts_drop */
	char *id;          /* "sha256:..." of its configuration */
	char *user;        /* as the image says it: "1000:1000", "nginx" */
	char *entry_point; /* and the command, as one line */
	char *exposed;     /* "80/tcp 443/tcp" */
	struct label_list labels;
	struct label_list history; /* what each layer was made by, from the first; not labels, but as bounded */
	uint64_t created;          /* seconds since the epoch; 0 unknown */
};

enum container_role {
	ROLE_UNKNOWN = 0,
	ROLE_ORDINARY,
	ROLE_SANDBOX, /* holds a pod's namespaces */
	ROLE_INIT,    /* of a pod, before its ordinary ones */
	ROLE_EPHEMERAL,
	ROLES,
};

/* run_facts.flags: what takes a wall away. */
#define RUN_PRIVILEGED     (1u << 0)
#define RUN_HOST_NETWORK   (1u << 1)
#define RUN_HOST_PID       (1u << 2)
#define RUN_HOST_IPC       (1u << 3)
#define RUN_HOST_UTS       (1u << 4)
#define RUN_HOST_CGROUP    (1u << 5)
#define RUN_USER_NAMESPACE (1u << 6) /* it has one of its own */
#define RUN_READ_ONLY_ROOT (1u << 7)
#define RUN_NO_NEW_PRIVS   (1u << 8)

/* How it was started. */
struct run_facts {
	bool known;
	uint32_t flags;           /* RUN_* */
	uint64_t capabilities;    /* permitted to its entry point, a bit each (linux/capability.h) */
	char *seccomp;            /* "unconfined", or what is known of the profile: "default", "filter" */
	char *apparmor;           /* profile; "unconfined" */
	struct label_list mounts; /* "SOURCE:TARGET:rw" or ":ro", of the host's files; not labels, but as bounded */
};

/* Owned strings; NULL where unknown. */
struct container_facts {
	char *id; /* 64 hex digits, or the runtime's own name */
	char *name;
	char *runtime;    /* whose it is: "docker", "podman", "containerd", "cri-o", "runc", "crun" */
	char *handler;    /* what runs it below: "runc", "io.containerd.runsc.v1", "kata" */
	char *image_name; /* repository, without tag: "docker.io/library/debian" or as the runtime says it */
	char *image_tag;
	char *image_digest; /* "sha256:...": of the repository's manifest, else the image's id */
	struct image_facts *image;
	char *pod_name, *pod_namespace, *pod_uid;
	struct label_list labels; /* of the container, and of its pod where it has none of its own by a key */
	struct run_facts run;
	enum container_role role;
	uint32_t init_pid; /* host's view; 0 unknown */
	uint64_t started;  /* seconds since the epoch; 0 unknown */
};

void container_facts_clear(struct container_facts *facts); /* frees and empties */

enum container_state {
	CONTAINER_WAITING, /* seen; its name is being asked for */
	CONTAINER_NAMED,
	CONTAINER_UNNAMED, /* no source could name it, or not in time; watched all the same */
	CONTAINER_GONE,
};

/* Can the hooks look into it? */
enum container_sight {
	SIGHT_WHOLE = 0,
	SIGHT_PLAIN,     /* its root is no overlay: what was not there at its start is known by change time alone */
	SIGHT_SANDBOXED, /* runs on a kernel of its own: not looked into */
};

struct image;           /* image/images.h */
struct rootfs;          /* image/rootfs.h */
struct changes;         /* image/changes.h */
struct inventory;       /* inventory/inventory.h */
struct package_changes; /* inventory/compare.h */
struct transaction;     /* agent/packages.c */
struct policy_view;     /* policy/policy.h */

struct container {
	uint64_t cgroup; /* root cgroup's id: the key */
	enum container_state state;
	enum container_sight sight;
	char *cgroup_path;
	struct container_facts facts;
	char *workload;           /* workload.h; NULL until it is named */
	char *upper;              /* as the host sees it; NULL unknown */
	struct rootfs *rootfs;    /* NULL until its mounts are known */
	struct image *image;      /* NULL until that, and it is named; or there is no room for it */
	struct policy_view *view; /* NULL until it is asked for the first time */
	uint32_t root_device;
	struct changes *changes;                  /* that events told of; NULL: none yet */
	struct inventory *packages;               /* what it holds now, where that is not the image's; NULL */
	struct package_changes *packages_changed; /* how these differ from the image's; NULL */
	struct transaction *transaction;          /* packages are being changed; NULL */
	/* CLOCK_BOOTTIME, ns */
	uint64_t asked;       /* the event since which its name is waited for */
	uint64_t ask_at;      /* when it is asked for again, though nobody knew it; 0: not */
	uint64_t started;     /* of the entry point's exec; 0 unknown (was there before) */
	uint64_t watched;     /* since when its events are seen; 0 not yet */
	uint64_t baseline;    /* what changed before is the runtime's, or was told by an agent before this one */
	uint64_t compare_at;  /* when its upper directory is compared next; 0: not */
	uint64_t looks_since; /* the period in which `looks` were taken at what changed */
	uint64_t mounts_at;   /* when its mounts were last read */
	bool packages_known;  /* it was looked whether its databases differ from the image's */
	bool mounts_stale;    /* it mounted something since */
	unsigned looks;
	unsigned asks;                       /* in vain */
	int unread;                          /* negative errno: its layers could not be read */
	bool sight_told;                     /* what cannot be seen of it */
	bool running;                        /* its entry point's exec was seen, or it ran when the agent came */
	bool gone;                           /* its cgroup was removed: it ends once nothing waits for its name */
	uint64_t seen, folded, lost, missed; /* events */
	uint64_t lost_at;                    /* CLOCK_BOOTTIME ns: when some of its events were last found lost */
	uint64_t findings[5];                /* by enum severity */
};

#endif
