// SPDX-License-Identifier: Apache-2.0
/* escape: a process left its container, or a container's file ran outside any. */
#include "detect/internal.h"

void detect_escape_exec(struct detection *detection)
{
	const struct event *event = detection->event;
	const struct facts *facts = detection->facts;
	bool script = (event->exec.flags & PLM_EXEC_SCRIPT) && facts->script_path;
	struct finding *finding;

	if (!(event->exec.flags & PLM_EXEC_OUTSIDE))
		return;
	finding = detection_add(detection, RULE_ESCAPE_EXEC, SEVERITY_CRITICAL, "exec");
	if (!finding)
		return;
	finding->path = script ? facts->script_path : event->path;
	finding->file = script ? &facts->script : &event->file;
	finding->layer = (enum plm_layer)finding->file->layer;
	finding_subject(finding, "%s", finding->path ? finding->path : "?");
	finding_message(finding, "%s of the root file system of %s was executed outside any container (%s)",
			say_path(finding->path).text, say_container(detection->container).text,
			say_process(detection).text);
}

void detect_escape_cgroup(struct detection *detection)
{
	const struct event *event = detection->event;
	const char *executable = detection->facts->executable;
	struct finding *finding = detection_add(detection, RULE_ESCAPE_CGROUP, SEVERITY_CRITICAL, "move");

	if (!finding)
		return;
	finding->path = executable;
	finding_subject(finding, "%s", executable ? executable : event->task.comm);
	finding_message(finding, "%s left %s for cgroup %s, moved by pid %u", say_actor(detection).text,
			say_container(detection->container).text, say_path(event->leave.path).text,
			event->leave.by_pid);
}
