/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a process everything but what it needs to read an image: first its place (namespaces, and a root that is nothing
 * but the image, read only; confine.c), then its powers (capabilities, limits, system calls; confine_powers.c). Both for
 * good.
 *
 * Where the process may mount (CAP_SYS_ADMIN) it does so as it is, and what overlayfs keeps in trusted attributes counts;
 * else in a user namespace of its own, where they do not. To enter another mount namespace takes CAP_SYS_CHROOT too.
 *
 * namespaces(7), mount_namespaces(7), pivot_root(2), capabilities(7), seccomp(2);
 * Documentation/filesystems/overlayfs.rst.
 */
#ifndef PLM_INVENTORY_CONFINE_H
#define PLM_INVENTORY_CONFINE_H

#include "inventory/reader.h"

struct confinement {
	enum reader_what what;
	const char *host_root;
	char *const *directories;
	size_t count;
	int fd; /* READER_ROOT: the namespace; READER_ARCHIVE: the directory, which is then the root, or a file */
	bool userxattr;
};

/*
 * Namespaces and root. The process that comes back is the first of a pid namespace; the one that called waits for it, and
 * ends as it does. 0 and *ret_root, an O_PATH descriptor of the new root, the caller's; else the negative errno, and
 * *ret_step says at what: "mount", "unshare", ...
 */
int confine_place(const struct confinement *confinement, int *ret_root, const char **ret_step);

struct confine_limits {
	uint64_t memory;  /* bytes of address space */
	uint64_t written; /* bytes, the most of one file */
	unsigned seconds; /* of processor time */
	bool threads;     /* may have some */
};

/* Capabilities, limits and system calls; of its descriptors the `count` of `keep` stay open, all above 2 else are closed. As
 * confine_place. */
int confine_powers(const struct confine_limits *limits, const int *keep, size_t count, const char **ret_step);

#endif
