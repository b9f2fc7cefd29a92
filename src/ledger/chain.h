/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of the ledger: entries, each with a digest over itself and the digest before it, so that none can be changed,
 * dropped or put in between without all that follow. The digest: SHA-256 (FIPS 180-4) of the digest before (32 bytes; of
 * the first entry zeroes), then `seq`, `time`, `opened` and `deadline` as 8 bytes each, then the texts in the order of the
 * struct, each as its length in 4 bytes and its bytes; all numbers big-endian, an absent text as an empty one.
 */
#ifndef PLM_LEDGER_CHAIN_H
#define PLM_LEDGER_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#define CHAIN_BYTES     32
#define CHAIN_TEXT_SIZE (2 * CHAIN_BYTES + 1)

/* Strings belong to others; NULL: none. */
struct entry {
	uint64_t seq;                   /* from 1, without a gap */
	int64_t time;                   /* ns of UTC: when it was written down */
	int64_t opened, deadline;       /* of the violation, from here on; of a waiver 0 and its end */
	const char *violation, *waiver; /* ids */
	const char *kind;               /* "opened", "overdue", "revoked", ... */
	const char *from, *to;          /* states */
	const char *by;                 /* "agent", "policy", "uid 0" */
	const char *why;
};

/* 0 or -ENOMEM. */
int chain_digest(const uint8_t before[static CHAIN_BYTES], const struct entry *entry,
		 uint8_t ret_digest[static CHAIN_BYTES]);

/* Lower-case hex. */
void chain_text(const uint8_t digest[static CHAIN_BYTES], char ret_text[static CHAIN_TEXT_SIZE]);

#define VIOLATION_ID_SIZE 33

/*
 * The id of a violation: the first 32 hex digits of the SHA-256 of cluster, workload, rule and subject, each as above, and
 * of `generation` as 8 bytes where it is not the first (0) of its key. All nodes that see it make the same. 0 or -ENOMEM.
 */
int violation_id(const char *cluster, const char *workload, const char *rule, const char *subject, uint64_t generation,
		 char ret_id[static VIOLATION_ID_SIZE]);

#endif
