// SPDX-License-Identifier: Apache-2.0
#include "detect/detect.h"

#include "base/cleanup.h"
#include "detect/internal.h"
#include "policy/policy.h"

#define ON(kind) (1u << (kind))

static const struct {
	uint32_t kinds;
	void (*detect)(struct detection *detection);
} detectors[] = {
	{ ON(PLM_EXEC), detect_escape_exec },
	{ ON(PLM_EXEC) | ON(PLM_TASK), detect_drift_exec },
	{ ON(PLM_EXEC) | ON(PLM_TASK), detect_drift_script },
	{ ON(PLM_MAPPING), detect_library },
	{ ON(PLM_CHANGE), detect_mutation_outside },
	{ ON(PLM_CHANGE), detect_mutation_file },
	{ ON(PLM_LEAVE), detect_escape_cgroup },
	{ ON(PLM_EXEC) | ON(PLM_IDENTITY), detect_root_escalation },
	{ ON(PLM_EXEC) | ON(PLM_TASK), detect_root_exec },
	{ ON(PLM_EXEC), detect_session },
	{ ON(PLM_EXEC) | ON(PLM_TASK) | ON(PLM_MAPPING), detect_image_modified },
	{ ON(PLM_EXEC) | ON(PLM_TASK), detect_image_unpackaged },
};

struct finding *detection_add(struct detection *detection, enum rule rule, enum severity severity, const char *action)
{
	struct policy_rule applied = policy_rule(detection->policy, rule);
	struct finding *finding;

	if (!applied.enabled || detection->count == FINDINGS_MAX)
		return NULL;
	finding = &detection->findings[detection->count++];
	*finding = (struct finding){
		.rule = rule,
		.severity = applied.has_severity ? applied.severity : severity,
		.action = action,
	};
	return finding;
}

const char *verdict_of_path(enum answer in_image, const char *if_held)
{
	switch (in_image) {
	case ANSWER_YES:
		return if_held;
	case ANSWER_NO:
		return "added";
	default:
		return "unverified";
	}
}

const char *detect_action(const struct event *event)
{
	static const char *const actions[PLM_KINDS] = {
		[PLM_EXEC] = "exec",   [PLM_TASK] = "exec",  [PLM_IDENTITY] = "setuid",
		[PLM_MAPPING] = "map", [PLM_LEAVE] = "move", [PLM_BLIND] = "io_uring",
	};

	if (event->kind == PLM_CHANGE)
		return mutation_action(event->change.op);
	return (size_t)event->kind < ARRAY_SIZE(actions) && actions[event->kind] ? actions[event->kind] : "other";
}

size_t detect(const struct event *event, const struct facts *facts, const struct container *container,
	      const struct policy_view *policy, struct finding findings[static FINDINGS_MAX])
{
	struct detection detection = {
		.event = event,
		.facts = facts,
		.container = container,
		.policy = policy,
		.findings = findings,
	};

	if (event->task.flags & PLM_TASK_RUNTIME) /* what a runtime sets up is not the container's doing */
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(detectors); i++)
		if (detectors[i].kinds & ON(event->kind))
			detectors[i].detect(&detection);
	return detection.count;
}
