/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs now between a running container and its image: files, by the upper directory and content
 * (image/difference.h), and packages, by two inventories (inventory/compare.h). Needs no agent; where one runs it is asked
 * who wrote the files.
 *
 * Not told is what the runtime made before the entry point ran (setup.h).
 *
 * Bounds: difference.h's, DRIFT_FILES_MAX differences, and digests of DRIFT_FILE_MAX bytes of a file and DRIFT_BYTES_MAX of
 * all, the small ones first: a sparse file costs a container nothing. What lies beyond is counted.
 */
#ifndef PLM_DRIFT_DRIFT_H
#define PLM_DRIFT_DRIFT_H

#include <stdio.h>

#include "image/difference.h"
#include "inventory/compare.h"
#include "target/target.h"

#define DRIFT_FILES_MAX 131072
#define DRIFT_FILE_MAX  (2ull << 30)
#define DRIFT_BYTES_MAX (16ull << 30)

/* One difference. Strings are the drift's, or the inventories'. */
struct drift_file {
	enum difference_kind kind;
	char *path, *from; /* from: of a directory that was renamed whole; else NULL */
	struct rootfs_stat stat;
	struct digest digest, expected; /* SHA-256 of what is there, and of what the image has; kind NONE: none */
	struct package_name package;    /* that the path belongs to: in the image, or now, where the image lacks it */
	size_t owned;                   /* of a directory that is gone: files of packages that lay in it */
	struct {
		uint64_t pid; /* 0: not known */
		char *executable, *session, *time;
	} writer;
};

struct drift {
	struct drift_file *files; /* in order of path */
	size_t count, capacity;
	uint64_t unseen;   /* entries that were not looked at, or not kept */
	uint64_t unhashed; /* files of which a digest was not made: too large, or not to be read */
	/* Where no file differs no package does, and neither is read. NULL: that, or it could not be read. */
	struct inventory *image, *present;
	struct package_changes *packages; /* NULL: none, or not known */
	char *unread;                     /* why they are not known; NULL: they are */
};

struct drift_options {
	const char *runtime_dir; /* of an agent that may run */
	const char *cache;       /* the state directory; NULL: inventories are not kept */
	void (*progress)(uint64_t done, uint64_t total, void *data); /* as reader_request's; may be NULL */
	void *data;
};

/* 0, and *ret_drift is the caller's, for drift_clear. -EOPNOTSUPP: its root is no overlay, nothing tells its image. -ENOMEM;
 * or the errno of reading its upper directory. */
int drift_find(const struct target *target, const struct drift_options *options, struct drift *ret_drift);
void drift_clear(struct drift *drift);

size_t drift_of(const struct drift *drift, enum difference_kind kind);
const char *drift_kind_name(enum difference_kind kind); /* "added", "modified", "metadata", "removed" */

/* 0 or -ENOMEM. Whether all was written is left for ferror(3) to say. */
int drift_json(const struct drift *drift, const struct container_facts *facts, FILE *out);
void drift_table(const struct drift *drift, const struct container_facts *facts, FILE *out);

#endif
