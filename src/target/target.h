/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command is pointed at by a word: a path, a running container, or an image that a runtime keeps on this host. No
 * agent is asked: containers are found by their cgroups and named by the same sources that the agent asks (runtime.h),
 * images on the runtimes' own disk (storage.h).
 */
#ifndef PLM_TARGET_TARGET_H
#define PLM_TARGET_TARGET_H

#include "base/cleanup.h"
#include "container/container.h"
#include "image/rootfs.h"
#include "inventory/reader.h"
#include "runtime/runtime.h"

enum target_kind {
	TARGET_DIRECTORY, /* a root directory */
	TARGET_ARCHIVE,   /* an OCI layout, or a regular file: a tar of one, or what `docker save` writes */
	TARGET_CONTAINER,
	TARGET_IMAGE,
};

/* Owned; NULL and 0 where they do not apply. */
struct target {
	enum target_kind kind;
	char *host_root;              /* "" is the own root; no slash at its end */
	char *path;                   /* DIRECTORY, ARCHIVE: absolute */
	struct container_facts facts; /* CONTAINER; of an IMAGE image_name, image_tag, image_digest and image */
	uint32_t pid;                 /* CONTAINER: a process of it, its first one where that is known */
	struct rootfs *rootfs; /* CONTAINER: by that process's mounts; a plain one where its root is no overlay */
	char **layers;         /* CONTAINER but a plain one, IMAGE: the image's directories, below host_root, from */
	size_t layer_count;    /* the top down */
	bool userxattr;        /* as the overlay was mounted */
	char *key; /* what its inventory is kept by; where its layers are, for certain, those of the image of that digest */
};

void target_clear(struct target *target); /* frees and empties */
#define _cleanup_target_ _cleanup_(target_clear)

/* Why there is no target, in a sentence for people. */
struct target_failure {
	char text[512];
};

/*
 * Tried in this order: a path (a word with a slash in it, or a name in the working directory), a running container, an
 * image. `config` says where the host and its runtimes are. 0: *ret_target is the caller's. -ENOENT: nothing is called
 * so; -ENOTUNIQ: several are; -EINVAL: a path to what is neither a directory nor a regular file; -EACCES, -EPERM: it may
 * not be looked at; -ESRCH: the container ended meanwhile; -ENOMEM; or what reading gave. *ret_failure says so.
 */
int target_find(const struct runtime_config *config, const char *name, struct target *ret_target,
		struct target_failure *ret_failure);

/* The same of running containers only: by name ("NAMESPACE/POD/NAME" of a pod's), id, or the first digits of one that
 * no other begins with. */
int target_find_container(const struct runtime_config *config, const char *name, struct target *ret_target,
			  struct target_failure *ret_failure);

/*
 * What the reader (inventory/reader.h) is to read of it: .what, .host_root, .directories, .count, .userxattr and .fd, which
 * is the caller's to close (-EBADF: none); strings stay the target's. 0, or the errno of opening.
 */
int target_request(const struct target *target, struct reader_request *request);

#endif
