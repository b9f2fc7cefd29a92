/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories that an overlay is made of, read apart: what one of them says of a path, and what a run of
 * them merged says. The rules are overlayfs's own (Documentation/filesystems/overlayfs.rst): a character
 * device 0:0 is a whiteout, so is an empty file with overlay.whiteout in a directory whose overlay.opaque is
 * "x"; overlay.opaque "y" and anything that is no directory hide what is below; overlay.redirect names where
 * a directory, or the data of a metacopy file, is found further down. Attributes are trusted.overlay.*, or
 * user.overlay.* where the overlay was mounted with userxattr, never both: in a container anyone may set the
 * other kind, and it means nothing. To read trusted ones needs CAP_SYS_ADMIN; without it the kernel shows
 * none.
 *
 * Everything below a layer is hostile. Components are opened one at a time with O_PATH|O_NOFOLLOW, so no
 * symbolic link is followed, no FIFO or device is opened, and nothing leads out of the layer. Reading leaves access
 * times as they are, where the kernel allows it. Descriptors: at most three are open at a time, none between calls, but
 * for what the caller is given.
 */
#ifndef PLM_IMAGE_LAYERS_H
#define PLM_IMAGE_LAYERS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct layers {
	char *host_root;  /* NULL: the agent's own "/" */
	char **directory; /* absolute below host_root, from the top down; links in them are the host's own */
	size_t count;
	bool userxattr;
};

void layers_clear(struct layers *layers);

/* openat2 with RESOLVE_IN_ROOT, tried again (a bounded number of times) where the kernel refuses ".." because something
 * was renamed or mounted at that moment, anywhere: a busy machine does so all the time. A descriptor, or a negative
 * errno. */
int open_in_root(int root, const char *path, uint64_t flags, uint64_t resolve);

/* Opens `path` of the host (O_PATH directory): a descriptor, or a negative errno. Links stay below host_root.
 */
int layers_open_host(const char *host_root, const char *path);

enum layer_says {
	LAYER_ABSENT,   /* nothing: a layer below may have it */
	LAYER_WHITEOUT, /* it, or a directory above it, was deleted here */
	LAYER_BLOCKED,  /* something that is no directory stands where a directory above it would */
	LAYER_HAS,
};

struct layer_entry {
	enum layer_says says;
	bool opaque;          /* nothing of the layers below shows through at this path */
	bool xwhiteouts;      /* LAYER_HAS, a directory: there are whiteouts by attribute in it */
	bool metacopy;        /* LAYER_HAS: the data is in a layer below, at `below` */
	size_t layer;         /* index */
	int fd;               /* LAYER_HAS: O_PATH, the caller's (layer_entry_close); else -EBADF */
	struct stat stat;     /* LAYER_HAS; LAYER_WHITEOUT: of the whiteout */
	struct stat parent;   /* of the deepest directory of this layer on the way */
	char below[PATH_MAX]; /* where the path continues in the layers below */
};

#define LAYER_ENTRY_EMPTY ((struct layer_entry){ .fd = -EBADF })
void layer_entry_close(struct layer_entry *entry);

/*
 * What layer `index` alone says of `path` (absolute, clean: no "." or "..", no empty component). 0 and
 * *ret_entry is filled, or -EINVAL for another path, or the negative errno of opening or reading; then it is
 * untouched.
 */
int layers_look(const struct layers *layers, size_t index, const char *path, struct layer_entry *ret_entry);

/*
 * What layers [first, end) say, merged: the topmost that has it. As layers_look; -ENOENT where the merged
 * tree does not hold it.
 */
int layers_find(const struct layers *layers, size_t first, size_t end, const char *path, struct layer_entry *ret_entry);

/* A directory of a layer that the caller holds open. */
struct layer_place {
	int fd;            /* or O_PATH */
	bool xwhiteouts;   /* of its struct layer_entry */
	const char *below; /* where it continues in the layers below; "" for "/" */
};

/* What that one directory says of `name`, a single component: as layers_look, but for .layer and .parent. */
int layers_look_in(const struct layers *layers, const struct layer_place *place, const char *name,
		   struct layer_entry *ret_entry);

#define LAYER_PLACES_MAX 16

/* One directory of several layers, merged: each that has it, held open, so that many of its names are found cheaply. */
struct layer_places {
	struct layer_entry entries[LAYER_PLACES_MAX];
	size_t count;
};

/*
 * Opens directory `path` of layers [first, end); where they do not have it, there is none to open. 0 and ret_places is
 * filled, to be closed by layer_places_close; -EINVAL; -E2BIG: more than LAYER_PLACES_MAX have it; or the errno of
 * reading; then it holds none.
 */
int layers_open_places(const struct layers *layers, size_t first, size_t end, const char *path,
		       struct layer_places *ret_places);
void layer_places_close(struct layer_places *places);

/* As layers_find of `name` in it, a single component, over those of its layers that are `first` or below. */
int layers_find_in(const struct layers *layers, const struct layer_places *places, size_t first, const char *name,
		   struct layer_entry *ret_entry);

/*
 * Opens for reading what a regular file that was found holds: the very inode that was looked at, whatever its name
 * means by now, or, of a metacopy, the data in the layers below. A descriptor; -EINVAL: no regular file; -ENOENT: its
 * data is in none of these layers; or a negative errno. Needs /proc.
 */
int layers_read(const struct layers *layers, const struct layer_entry *entry);

/* Opens a directory that was found for reading: a descriptor, or a negative errno. */
int layer_entry_list(const struct layer_entry *entry);

#define LAYER_ATTRIBUTE_MAX 4096

/* Do two entries have the same extended attribute? What neither has, or is longer than the bound, counts as the same.
 * Needs /proc. */
bool layer_entries_share(const struct layer_entry *a, const struct layer_entry *b, const char *attribute);

/* Absolute, below PATH_MAX, and without ".", ".." or empty components. "/" is clean. */
bool path_is_clean(const char *path);

#endif
