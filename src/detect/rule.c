// SPDX-License-Identifier: Apache-2.0
#include "detect/rule.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

#define DAYS(n) ((n)*86400)

/* clang-format off */
static const struct rule_info rules[RULES] = {
	[RULE_DRIFT_EXEC_MEMORY] = {
		"drift.exec.memory", "Program executed from memory",
		SEVERITY_CRITICAL, 0, "process", "start" },
	[RULE_DRIFT_EXEC_FOREIGN] = {
		"drift.exec.foreign", "Program executed from a volume",
		SEVERITY_MEDIUM, 0, "process", "start" },
	[RULE_DRIFT_EXEC_MODIFIED] = {
		"drift.exec.modified", "Modified program executed",
		SEVERITY_CRITICAL, 0, "process", "start" },
	[RULE_DRIFT_EXEC_NEW] = {
		"drift.exec.new", "New program executed",
		SEVERITY_CRITICAL, 0, "process", "start" },
	[RULE_DRIFT_LIBRARY] = {
		"drift.library", "Code mapped that is not the image's",
		SEVERITY_HIGH, 0, "library", "start" },
	[RULE_DRIFT_SCRIPT] = {
		"drift.script", "Script run that is not the image's",
		SEVERITY_HIGH, 0, "process", "start" },
	[RULE_DRIFT_PACKAGE] = {
		"drift.package", "Packages changed in a running container",
		SEVERITY_HIGH, 0, "package", "change" },
	[RULE_MUTATION_OUTSIDE] = {
		"mutation.outside", "Kernel control file or other container written",
		SEVERITY_CRITICAL, 0, "configuration file", "change" },
	[RULE_MUTATION_FILE] = {
		"mutation.file", "Root file system changed",
		SEVERITY_MEDIUM, DAYS(7), "file", "change" },
	[RULE_ESCAPE_CGROUP] = {
		"escape.cgroup", "Process left its container's cgroup",
		SEVERITY_CRITICAL, 0, "process", "change" },
	[RULE_ESCAPE_EXEC] = {
		"escape.exec", "Container's file executed outside any container",
		SEVERITY_CRITICAL, 0, "process", "start" },
	[RULE_ROOT_ESCALATION] = {
		"root.escalation", "Process became root",
		SEVERITY_HIGH, 0, "process iam", "change" },
	[RULE_ROOT_EXEC] = {
		"root.exec", "Program runs as root",
		SEVERITY_MEDIUM, DAYS(14), "process", "start" },
	[RULE_SESSION_EXEC] = {
		"session.exec", "Session entered a running container",
		SEVERITY_LOW, GRACE_NONE, "process session", "start" },
	[RULE_IMAGE_MODIFIED] = {
		"image.modified", "File of the image differs from its package",
		SEVERITY_HIGH, DAYS(7), "file package", "info" },
	[RULE_IMAGE_UNPACKAGED] = {
		"image.unpackaged", "Program of the image that no package owns",
		SEVERITY_INFO, GRACE_NONE, "process", "info" },
	[RULE_COVERAGE_INVENTORY] = {
		"coverage.inventory", "Packages could not be read",
		SEVERITY_MEDIUM, GRACE_NONE, "host", "info" },
	[RULE_COVERAGE_CONTAINER] = {
		"coverage.container", "Container cannot be looked into",
		SEVERITY_MEDIUM, GRACE_NONE, "host", "info" },
	[RULE_COVERAGE_HOOK] = {
		"coverage.hook", "Hook could not be attached",
		SEVERITY_MEDIUM, GRACE_NONE, "host", "info" },
	[RULE_COVERAGE_LOSS] = {
		"coverage.loss", "Events were lost",
		SEVERITY_MEDIUM, GRACE_NONE, "host", "info" },
	[RULE_COVERAGE_IO_URING] = {
		"coverage.io_uring", "io_uring cannot be followed",
		SEVERITY_MEDIUM, GRACE_NONE, "host", "info" },
	[RULE_COMPLIANCE_OVERDUE] = {
		"compliance.overdue", "Violation is overdue",
		SEVERITY_HIGH, GRACE_NONE, "configuration", "info" },
	[RULE_COMPLIANCE_WAIVER_ENDING] = {
		"compliance.waiver-ending", "Waiver is about to end",
		SEVERITY_MEDIUM, GRACE_NONE, "configuration", "info" },
};
/* clang-format on */

static const struct {
	const char *name;
	int number;
} severities[SEVERITIES] = {
	[SEVERITY_INFO] = { "info", 10 },         [SEVERITY_LOW] = { "low", 30 },
	[SEVERITY_MEDIUM] = { "medium", 50 },     [SEVERITY_HIGH] = { "high", 70 },
	[SEVERITY_CRITICAL] = { "critical", 90 },
};

const struct rule_info *rule_info(enum rule rule)
{
	return &rules[rule];
}

int rule_from_id(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strcmp(rules[i].id, id))
			return (int)i;
	return -ENOENT;
}

const char *severity_name(enum severity severity)
{
	return severities[severity].name;
}

int severity_number(enum severity severity)
{
	return severities[severity].number;
}

int severity_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(severities); i++)
		if (!strcmp(severities[i].name, name))
			return (int)i;
	return -ENOENT;
}
