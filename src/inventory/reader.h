/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an image's inventory in a child: this program again, which before it looks at a single byte of the image is confined
 * (confine.h): namespaces of its own, a root that is nothing but a read-only view of the layers (the kernel's own overlay of
 * them), no capabilities, no way to gain any, limits, a seccomp filter. It answers with a blob (inventory.h), which is
 * checked. Killed, hung or lying, it costs that one inventory.
 */
#ifndef PLM_INVENTORY_READER_H
#define PLM_INVENTORY_READER_H

#include "inventory/inventory.h"

#define READER_PATIENCE 120000       /* ms, without verification */
#define READER_VERIFY   1800000      /* ms, with it */
#define READER_MEMORY   (768u << 20) /* bytes of address space */
#define READER_SPOOL    (8ull << 30) /* bytes of an archive's unpacked files */
#define READER_LAYERS   512

enum reader_what {
	READER_LAYERS_OF_IMAGE, /* directories, from the top down, merged as overlayfs would */
	READER_DIRECTORY,       /* one directory, as it is */
	READER_ROOT,            /* the root of a mount namespace, as its processes see it now, without other mounts */
	READER_ARCHIVE,         /* an OCI layout (a directory or a tar) or what `docker save` writes */
	READER_WHATS,
};

/* The image of an archive, as that says: for people, and for nothing else. */
#define READER_IMAGE_NAME 256 /* a longer one is not told */
struct reader_image {
	char name[READER_IMAGE_NAME]; /* "debian:12"; "": it has none */
	struct digest id;             /* SHA-256 of its configuration; kind NONE: not known */
};

/* Strings and descriptors are the caller's. */
struct reader_request {
	enum reader_what what;
	const char *host_root;          /* below which the directories are; NULL: "/" */
	const char *const *directories; /* LAYERS, DIRECTORY: absolute; links in them are the host's own */
	size_t count;
	int fd;         /* ROOT: the namespace (/proc/PID/ns/mnt); ARCHIVE: the file or directory, open for reading */
	bool userxattr; /* LAYERS: as the overlay was mounted */
	bool verify;    /* also hashes every file that a package has a digest of, by as many threads as processors */
	const char *reference;      /* ARCHIVE: which of its images ("name:tag"); NULL: the only one */
	struct reader_image *image; /* ARCHIVE: set where one was read; may be NULL */
	unsigned patience;          /* ms; 0: READER_PATIENCE, with verification READER_VERIFY */
	int cancel;                 /* becomes readable when nobody wants the answer any more; -EBADF none */
	/* Called about ten times a second, where it is set: of how many steps how many are done (files to hash, with
	 * `verify`; else entries seen, and total 0). */
	void (*progress)(uint64_t done, uint64_t total, void *data);
	void *data;
};

/* How a child failed, as what follows "the reader": "was killed (SIGSEGV)", "took longer than 120 s", "answered what cannot
 * be right", "gave up: it could not be confined: mount: Operation not permitted". */
struct reader_failure {
	char text[160];
};

/*
 * Blocks. The blob goes to `fd`, a descriptor of an empty file that the caller opened for reading and writing (a memfd, or
 * O_TMPFILE of a cache), and is opened. 0; -ECANCELED; -ETIMEDOUT; -EBADMSG: the answer was not right; -ECHILD: it was
 * killed; or what the child gave up with: -EPERM and others: it could not be confined; -ENOMEM; -ENOENT: no such directory,
 * or no such image in the archive; -EMEDIUMTYPE: no archive; -EINVAL: several images in it, and no reference; -EFBIG: more than
 * the spool holds; -EPROTONOSUPPORT: a digest or format that is not read; or the errno of making it. *ret_failure says so in
 * words.
 */
int reader_run(const struct reader_request *request, int fd, struct inventory **ret_inventory,
	       struct reader_failure *ret_failure);

#define READER_COMMAND "inventory-reader" /* the hidden command of main.c */

/* The child's own main. Never returns to what it was before: its exit status is for reader_run. */
int reader_main(int argc, char **argv);

#endif
