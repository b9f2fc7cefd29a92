/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as one JSON document, and whether its chain is whole. */
#ifndef PLM_LEDGER_DOCUMENT_H
#define PLM_LEDGER_DOCUMENT_H

#include <stdint.h>

#include <jansson.h>

/*
 * The whole ledger of the state directory, as of `as_of` (ns UTC), shaped as below. Read only, works beside a running
 * agent. 0: *ret_document is the caller's reference. -ENOENT: there is none; -EACCES; -EBADMSG damaged;
 * -EPROTONOSUPPORT later version; -ENOMEM.
 */
int ledger_document(const char *state_dir, int64_t as_of, json_t **ret_document);

struct ledger_fault {
	uint64_t seq;
	uint64_t entries;
	char head[65];
	char why[160];
};

/*
 * Recomputes the chain. 0: whole, and `head` (NULL: any) is one of its digests. -EBADMSG: ret_fault->seq is the first
 * entry that does not follow from the one before (0: head is not in it).
 */
int ledger_verify(const char *state_dir, const char *head, struct ledger_fault *ret_fault);

#endif
