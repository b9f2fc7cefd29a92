// SPDX-License-Identifier: Apache-2.0
#include "detect/coverage.h"

#include "detect/internal.h"

void coverage_finding(struct finding *ret_finding, enum rule rule, const char *kind, const char *message)
{
	*ret_finding = (struct finding){
		.rule = rule,
		.severity = rule_info(rule)->severity,
		.action = "coverage",
	};
	finding_subject(ret_finding, "%s", kind);
	finding_message(ret_finding, "%s", message);
}
