/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root file system as the sources read it: a directory that is the process's own root by now (tree_disk.c), or the layers
 * of an image archive, merged (tree_archive.c). Read only. Everything in it is hostile: only regular files are opened, no
 * link leads out of it, and what is read has a bound.
 *
 * Paths are absolute and clean. Links on the way are followed inside the tree, 40 at most, the last component's too.
 */
#ifndef PLM_INVENTORY_TREE_H
#define PLM_INVENTORY_TREE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

#define TREE_DEPTH_MAX   128         /* levels that a walk goes down */
#define TREE_ENTRIES_MAX (4u << 20)  /* entries that a walk looks at */
#define TREE_LINKS_MAX   40          /* as the kernel */
#define TREE_TEXT_MAX    (64u << 20) /* the most that tree_read takes, whatever its caller allows */

enum tree_type { TREE_OTHER, TREE_FILE, TREE_DIRECTORY, TREE_LINK };

struct tree_entry {
	const char *path; /* valid during the call */
	enum tree_type type;
	uint32_t mode; /* permissions, of files and directories */
	uint64_t size; /* of files */
};

/* Part of a descriptor: a file of a disk has all of it, one of an archive lies in a spool with others. */
struct tree_file {
	int fd; /* -EBADF: none */
	uint64_t offset, size;
	bool owned; /* tree_close closes fd */
};
#define TREE_FILE_NONE ((struct tree_file){ .fd = -EBADF })

struct tree;

/* Each slot is what the function of its name below says. */
struct tree_ops {
	int (*open)(struct tree *tree, const char *path, struct tree_file *ret_file);
	int (*canonical)(struct tree *tree, const char *path, char ret_path[static PATH_MAX]);
	int (*list)(struct tree *tree, const char *path, int (*call)(const char *name, enum tree_type type, void *data),
		    void *data);
	int (*walk)(struct tree *tree, bool (*known)(const char *path, void *data),
		    int (*call)(const struct tree_entry *entry, void *data), void *data);
	void (*free)(struct tree *tree);
};

struct tree {
	const struct tree_ops *ops;
};

/* The tree of a directory, which it keeps: the descriptor is its own from here, also on failure. 0 or -ENOMEM. */
int tree_disk_new(int root, struct tree **ret_tree);

void tree_free(struct tree *tree); /* takes NULL */
DEFINE_CLEANUP(struct tree *, tree_free)

/* Opens a regular file. 0; -ENOENT, -ENOTDIR, -ELOOP; -EBADMSG: no regular file (a FIFO, a device, a directory); or the
 * errno of opening it. */
int tree_open(struct tree *tree, const char *path, struct tree_file *ret_file);
void tree_close(struct tree_file *file); /* also of TREE_FILE_NONE */
#define _cleanup_tree_file_ _cleanup_(tree_close)

/* As pread(2) within the file. */
ssize_t tree_pread(const struct tree_file *file, void *buffer, size_t size, uint64_t at);

/* A whole text file, malloc'd, with a NUL behind it (others may be inside). As tree_open; -EFBIG: above `max` bytes;
 * -ENOMEM; or the errno of reading. */
int tree_read(struct tree *tree, const char *path, size_t max, char **ret_text, size_t *ret_size);

/*
 * The path with the links in its directory part resolved; the last component is left as it is, and need not be there. So
 * "/bin/ls" gives "/usr/bin/ls" where /bin is a link to usr/bin. A directory that is not there is taken as it is named.
 * Cheap when asked for many files of a directory in a row. 0, -EINVAL: not clean; -ELOOP; -ENAMETOOLONG.
 */
int tree_canonical(struct tree *tree, const char *path, char ret_path[static PATH_MAX]);

/* The entries of a directory, in order of name, until `call` gives something else than 0, which is then the answer. 0;
 * as tree_open, with -ENOTDIR for what is none. */
int tree_list(struct tree *tree, const char *path, int (*call)(const char *name, enum tree_type type, void *data),
	      void *data);

/*
 * Every entry of the tree but "/", each once, a directory before what is in it, in order of name within a directory; no
 * links followed, nothing of another file system entered. Ends with the first answer of `call` that is not 0. 0;
 * -E2BIG: TREE_ENTRIES_MAX, or deeper than TREE_DEPTH_MAX (what lies deeper was passed over); or the errno of reading "/".
 * `known` (may be NULL) is asked of each regular file: true where its name is all that is wanted of it. Mode and size of
 * such a file may be 0: to ask a disk for them is most of what a walk costs.
 */
int tree_walk(struct tree *tree, bool (*known)(const char *path, void *data),
	      int (*call)(const struct tree_entry *entry, void *data), void *data);

#endif
