/* SPDX-License-Identifier: Apache-2.0 */
/* coverage: what the agent could not see. Its findings come from the agent's own state, not from an event. */
#ifndef PLM_DETECT_COVERAGE_H
#define PLM_DETECT_COVERAGE_H

#include "detect/detect.h"

/* Fills *ret_finding for one of the RULE_COVERAGE_*. `kind` is the subject: which hook, loss or source;
 * `message` one sentence. Both are copied (and cut where too long). The policy is the caller's to ask. */
void coverage_finding(struct finding *ret_finding, enum rule rule, const char *kind, const char *message);

#endif
