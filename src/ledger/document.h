/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger as one JSON document, and whether its chain is whole. */
#ifndef PLM_LEDGER_DOCUMENT_H
#define PLM_LEDGER_DOCUMENT_H

#include <stdint.h>

#include <jansson.h>

/*
 * The whole ledger of the state directory, as of `as_of` (ns UTC), as interfaces.md has it for `compliance --format json`: what
 * is unknown is absent. Of a moment in the past states are as the history has them, of one ahead as the clock will make them;
 * what is present is known only while an agent runs. Read only, works beside one. 0: *ret_document is the caller's reference. -ENOENT: there is none; -EACCES; -EBADMSG damaged; -EPROTONOSUPPORT
 * later version; -ENOMEM.
 */
int ledger_document(const char *state_dir, int64_t as_of, json_t **ret_document);

struct ledger_fault {
	uint64_t seq;     /* of the entry; 0 none */
	uint64_t entries; /* that were checked */
	char head[65];    /* of the last that was right */
	char why[160];
};

/*
 * Recomputes the chain. 0: whole, and `head` (NULL: any) is one of its digests. -EILSEQ: ret_fault->seq is the first
 * entry that does not follow from the one before (0: head is not in it), or the last where a violation is not what its history
 * says. Or as ledger_document.
 */
int ledger_verify(const char *state_dir, const char *head, struct ledger_fault *ret_fault);

#endif
