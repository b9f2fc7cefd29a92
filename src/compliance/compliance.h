/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger's violations as they are shown: chosen, in order of urgency, by workload, for people or for other
 * programs. The document's names are a stranger's: on the way out each is escaped for where it goes.
 */
#ifndef PLM_COMPLIANCE_COMPLIANCE_H
#define PLM_COMPLIANCE_COMPLIANCE_H

#include <stdio.h>

#include "base/cleanup.h"
#include "compliance/shown.h"
#include "policy/pattern.h"

/* Which violations. Patterns belong to others; NULL: any. */
struct compliance_filter {
	unsigned states; /* a bit for each shown_state; 0: any */
	const struct pattern *workload, *rule;
	const struct pattern *namespace; /* of a sighting */
};

/* Everything in it is the document's, but for the array itself. */
struct compliance {
	const json_t *document;
	int64_t as_of;            /* seconds UTC */
	struct shown *violations; /* that the filter lets through: workloads by their most urgent, each workload's
				       * own beside each other, the most urgent first */
	size_t count;
	size_t counts[SHOWN_STATES];
	size_t total;  /* in the document, whatever the filter */
	bool filtered; /* a filter was there */
	bool resolved; /* table and CSV: the resolved ones too */
	bool waivers;  /* table and CSV: waivers, instead of violations */
	size_t width;  /* table: characters of a line */
	bool colour;   /* table */
};

/*
 * Reads the document, which must live as long as *ret_compliance. 0: to be cleared by the caller. -EBADMSG: no
 * document as the ledger gives it: *ret_index is the violation at fault, or (size_t)-1. -ENOMEM.
 */
int compliance_read(const json_t *document, const struct compliance_filter *filter, struct compliance *ret_compliance,
		    size_t *ret_index);
void compliance_clear(struct compliance *compliance);
#define _cleanup_compliance_ _cleanup_(compliance_clear)

struct compliance_format {
	const char *name; /* of --format */

	/* 0 or -ENOMEM. Whether all was written is left for ferror(3) to say. */
	int (*print)(const struct compliance *compliance, FILE *out);
};

/* NULL: there is none of that name. */
const struct compliance_format *compliance_format_find(const char *name);

/* Their names, for a message. */
#define COMPLIANCE_FORMATS "table, json, csv or html"

#endif
