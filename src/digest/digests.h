/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digests of files that ran or changed: made once for each file and change, by threads, and kept. Everything here is
 * for the one owning thread.
 *
 * Two threads make them, the one up to DIGESTS_SMALL bytes, so that a large file delays none of these; what is above
 * DIGESTS_BYTES_MAX is not made. A digest counts only where the file is the same before and behind the reading (size and
 * change time, which nobody in a container can set).
 *
 * Bounds: DIGESTS_KEPT answers, the one not asked for longest goes; DIGESTS_PENDING files at a time (a descriptor each), of
 * one owner DIGESTS_SHARE: beyond it -ENOBUFS, counted.
 */
#ifndef PLM_DIGEST_DIGESTS_H
#define PLM_DIGEST_DIGESTS_H

#include "digest/digest.h"

#define DIGESTS_KEPT      8192
#define DIGESTS_PENDING   192
#define DIGESTS_SHARE     48
#define DIGESTS_SMALL     (16ull << 20)
#define DIGESTS_BYTES_MAX (2ull << 30)
#define DIGESTS_NOW_MAX   (32ull << 20) /* of digests_make with `now` */

struct digests;

/* What a file and its state are known by. `where`: what tells inodes of one number apart, the caller's to choose. */
struct digest_key {
	uint64_t where;
	uint64_t inode;
	uint64_t ctime; /* ns since the epoch */
	uint64_t size;
	uint32_t generation;
	enum digest_kind also; /* made beside SHA-256; NONE: nothing */
};

struct digest_pair {
	struct digest sha256, also; /* kind NONE: could not be made */
};

/* Without `threaded` everything is made at once, in digests_make. 0, -ENOMEM, or the errno of making threads. */
int digests_new(bool threaded, struct digests **ret_digests);
void digests_free(struct digests *digests); /* takes NULL; what is being made is given up */

/* 0: *ret_pair is what it has, or, both of kind NONE, it could not be made. -EINPROGRESS: it is being made. -ENOENT: it was
 * never asked for, or is forgotten. */
int digests_get(struct digests *digests, const struct digest_key *key, struct digest_pair *ret_pair);

struct digest_request {
	struct digest_key key;
	uint64_t owner;
	int fd;    /* open for reading; taken, also on failure */
	bool now;  /* at once, on this thread: up to DIGESTS_NOW_MAX bytes, more cannot be made */
	bool once; /* the answer is not kept for later askers: digests_get gives it until digests_settle */
};

/* Begins to make it; digests_get answers from here on. 0; -ENOBUFS; -ENOMEM. */
int digests_make(struct digests *digests, const struct digest_request *request);

/* Becomes readable when something was made. The digests' own. */
int digests_fd(const struct digests *digests);

/* Takes what was made: true where there was something; then digests_get answers it. */
bool digests_take(struct digests *digests);

/* Those who waited have looked: answers that are not to be kept are forgotten. */
void digests_settle(struct digests *digests);

struct digests_counts {
	uint64_t made, bytes;
	uint64_t refused; /* -ENOBUFS */
	uint64_t changed; /* the file was another behind the reading */
};
struct digests_counts digests_counts(const struct digests *digests);

#endif
