/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads bbolt databases (go.etcd.io/bbolt: page.go, bucket.go, db.go; file format version 2) while another process
 * writes them. A database is pages of one size. Pages 0 and 1 are metas: magic, version, page size, root bucket, the
 * number of pages, transaction id, and a checksum (FNV-1a, 64 bits); the valid one of the higher transaction counts.
 * A bucket is a tree of branch and leaf pages with sorted keys; a value can be a bucket in turn, and a small one's only
 * leaf stands in the value itself. Numbers are in the machine's own byte order.
 *
 * The writer copies pages and never writes to those of the last two transactions: what was read is consistent as long as
 * the transaction is the same when all is done. So everything is read in one call that bolt_read makes, and makes again
 * when it was not.
 *
 * The file is hostile: every offset, count and depth is checked, and one call reads BOLT_BYTES_MAX at most.
 */
#ifndef PLM_RUNTIME_BOLT_H
#define PLM_RUNTIME_BOLT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOLT_BYTES_MAX (32u << 20) /* of pages in memory at a time */
#define BOLT_DEPTH_MAX 32          /* levels of a tree */
#define BOLT_TRIES     16

struct bolt;

/* Bytes of the database: no NUL behind them; valid as long as the call that bolt_read makes. NULL and 0 where there
 * are none. */
struct bolt_bytes {
	const uint8_t *data;
	size_t size;
};

struct bolt_bucket {
	uint64_t root;            /* page; 0: `inside` */
	struct bolt_bytes inside; /* the value after its head: a leaf page */
};

/*
 * Calls `call` with the database in `fd`, again from the start while a transaction ended meanwhile. `fd` is the caller's;
 * its position is not used. What `call` answered; -EAGAIN: BOLT_TRIES times something changed; -EBADMSG: no valid
 * meta page; -ENOMEM; or that of reading it.
 */
int bolt_read(int fd, int (*call)(struct bolt *bolt, void *data), void *data);

/* The functions below give 0 or: -ENOENT; -EBADMSG: it is damaged; -EFBIG: above BOLT_BYTES_MAX; -ENOMEM; or that of
 * reading. */

/* The bucket that a path of names leads to, from the top; NULL ends it. */
int bolt_bucket(struct bolt *bolt, const char *const *path, struct bolt_bucket *ret_bucket);

/* The bucket of that name in another. */
int bolt_sub(struct bolt *bolt, const struct bolt_bucket *bucket, const char *name, struct bolt_bucket *ret_bucket);

/* A value of a bucket. */
int bolt_get(struct bolt *bolt, const struct bolt_bucket *bucket, const char *key, struct bolt_bytes *ret_value);

/* As text: malloc'd, with a NUL. Also -EBADMSG where a NUL is in it. */
int bolt_text(struct bolt *bolt, const struct bolt_bucket *bucket, const char *key, char **ret_text);

struct bolt_entry {
	struct bolt_bytes key;
	struct bolt_bytes value;   /* of no bucket */
	struct bolt_bucket bucket; /* of a bucket, else empty */
	bool is_bucket;
};

/* Calls `call` for every entry in the order of keys until it answers other than 0, which is then the result. */
int bolt_each(struct bolt *bolt, const struct bolt_bucket *bucket,
	      int (*call)(const struct bolt_entry *entry, void *data), void *data);

/* Bytes at hand as text: as bolt_text. */
int bolt_copy(struct bolt_bytes bytes, char **ret_text);
bool bolt_is(struct bolt_bytes bytes, const char *text);

#endif
