/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLM_COMPLIANCE_MEND_H
#define PLM_COMPLIANCE_MEND_H

#include "output/buffer.h"

/*
 * Appends what would mend a violation: a sentence without its full stop, that names the subject, or nothing for a rule
 * that opens none. The subject is within it as it is: whoever shows the sentence escapes it.
 */
void mend_append(struct buffer *out, const char *rule, const char *subject);

#endif
