/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people ask of the ledger, as one JSON object: through the agent's control socket, or of the ledger itself where no
 * agent runs. Requests:
 *
 *	{"do": "waive", "rule", "workload", "subject", "digest", "until", "owner", "reason"}	until: RFC 3339, or a date
 *	{"do": "waive", "violation": ID, "digest", "until", "owner", "reason"}
 *	{"do": "revoke", "id", "reason"}
 *	{"do": "confirm-clock", "reason"}
 *
 * Answers: {"waiver": {"id", "rule", "workload", "subject", "until"}}, {"revoked": ID}, {"clock": "is believed again" or "was not in
 * doubt"}, or {"error": SENTENCE, "errno": number}.
 */
#ifndef PLM_LEDGER_REQUEST_H
#define PLM_LEDGER_REQUEST_H

#include <jansson.h>

#include "ledger/ledger.h"

/* `by`: who asks, "uid 0". The answer is the caller's reference; NULL when out of memory. */
json_t *ledger_request(struct ledger *ledger, const char *text, const char *by, const struct trust_reading *reading);

#endif
