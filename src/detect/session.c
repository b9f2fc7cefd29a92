// SPDX-License-Identifier: Apache-2.0
/* session: a process entered a running container from outside (docker exec, kubectl exec, a probe). */
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "detect/internal.h"
#include "detect/interpreter.h"

/* A terminal, or a shell whose commands come through a pipe. */
static bool is_interactive(const struct event *event)
{
	struct interpreter_input input;

	if (event->task.tty != 0)
		return true;
	if (!S_ISFIFO(event->exec.stdin_mode) && !S_ISSOCK(event->exec.stdin_mode))
		return false;
	return interpreter_input(event, &input) == SCRIPT_INPUT && input.shell;
}

/* The whole command, arguments as a hash: they can hold secrets, and a subject is told with its repeats. */
static void command_subject(struct finding *finding, const struct event *event)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < event->exec.argc; i++)
		hash = subject_hash_more(hash, event->exec.argv[i]);
	finding_subject(finding, "%s #%016llx", event->path ? event->path : "?", (unsigned long long)hash);
}

void detect_session(struct detection *detection)
{
	const struct event *event = detection->event;
	bool interactive = is_interactive(event);
	struct finding *finding;

	if (!(event->exec.flags & PLM_EXEC_SESSION))
		return;
	finding = detection_add(detection, RULE_SESSION_EXEC, interactive ? SEVERITY_HIGH : SEVERITY_LOW, "exec");
	if (!finding)
		return;
	finding_program(finding, detection);
	finding->interactive = interactive;
	command_subject(finding, event);
	finding_message(finding,
			interactive ? "An interactive session with %s entered %s from outside (pid %u, uid %u)"
				    : "Command %s was run in %s from outside (pid %u, uid %u)",
			say_path(event->path).text, say_container(detection->container).text, event->task.pid,
			event->task.creds.euid);
}
