/* SPDX-License-Identifier: Apache-2.0 */
/* What a package says of its licence, told apart: a document may name only licences that SPDX knows. */
#ifndef PLM_REPORT_LICENSE_H
#define PLM_REPORT_LICENSE_H

#include <stdbool.h>
#include <stddef.h>

enum license_form {
	LICENSE_NONE,       /* nothing is said */
	LICENSE_ID,         /* one of SPDX's short identifiers */
	LICENSE_EXPRESSION, /* several, joined as SPDX 2.3, annex D, has it */
	LICENSE_NAME,       /* anything else: "GPLv2+ and MIT" */
};

/* Pure. `text` may be NULL. */
enum license_form license_form(const char *text);

#endif
