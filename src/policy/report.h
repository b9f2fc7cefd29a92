/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a policy file, collected while it is read on. */
#ifndef PLM_POLICY_REPORT_H
#define PLM_POLICY_REPORT_H

#include <stdbool.h>

#include "policy/policy.h"

struct report {
	struct policy_error *errors; /* the caller's array; those above `max` are only counted as `failed` */
	size_t max, count;
	bool failed;
};

/* Control characters, which a quoted text of the file can bring in, become "?". Never fails. */
void report_add(struct report *report, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Into the order of the file. */
void report_sort(struct report *report);

#endif
