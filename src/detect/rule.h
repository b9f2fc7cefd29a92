/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that Plimsoll knows: interfaces.md's table, as data. */
#ifndef PLM_DETECT_RULE_H
#define PLM_DETECT_RULE_H

#include <stdint.h>

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL, SEVERITIES };

enum rule {
	RULE_DRIFT_EXEC_MEMORY,
	RULE_DRIFT_EXEC_FOREIGN,
	RULE_DRIFT_EXEC_MODIFIED,
	RULE_DRIFT_EXEC_NEW,
	RULE_DRIFT_LIBRARY,
	RULE_DRIFT_SCRIPT,
	RULE_DRIFT_PACKAGE,
	RULE_MUTATION_OUTSIDE,
	RULE_MUTATION_FILE,
	RULE_ESCAPE_CGROUP,
	RULE_ESCAPE_EXEC,
	RULE_ROOT_ESCALATION,
	RULE_ROOT_EXEC,
	RULE_SESSION_EXEC,
	RULE_IMAGE_MODIFIED,
	RULE_IMAGE_UNPACKAGED,
	RULE_COVERAGE_INVENTORY,
	RULE_COVERAGE_CONTAINER,
	RULE_COVERAGE_HOOK,
	RULE_COVERAGE_LOSS,
	RULE_COVERAGE_IO_URING,
	RULE_COMPLIANCE_OVERDUE,
	RULE_COMPLIANCE_WAIVER_ENDING,
	RULES,
};

#define GRACE_NONE (-1) /* keeps no clock */

struct rule_info {
	const char *id;         /* "drift.exec.new" */
	const char *name;       /* "New program executed" */
	enum severity severity; /* where the detector has no reason for another */
	int64_t grace;          /* seconds, or GRACE_NONE */
	const char *category;   /* ECS event.category, space-separated: "process", "file", "iam", ... */
	const char *type;       /* ECS event.type, likewise: "start", "change", ... */
};

/* Never NULL for a rule below RULES. */
const struct rule_info *rule_info(enum rule rule);

/* The rule of that id, or -ENOENT. */
int rule_from_id(const char *id);

const char *severity_name(enum severity severity); /* "critical" */
int severity_number(enum severity severity);       /* ECS event.severity: 90, 70, 50, 30, 10 */
int severity_from_name(const char *name);          /* or -ENOENT */

#endif
