// SPDX-License-Identifier: Apache-2.0
/* root: something ran as root, or became root. */
#include <linux/capability.h>
#include <string.h>

#include "base/cleanup.h"
#include "decode/names.h"
#include "detect/internal.h"

/* What a cause is to a person, behind "became root" and "runs as root". */
static const struct {
	const char *cause, *words;
} explanations[] = {
	{ "image", "as its image starts it" },
	{ "exec-session", "as the session was started" },
	{ "setuid-file", "through a set-user-ID file" },
	{ "file-capability", "through capabilities of its file" },
	{ "setuid-call", "by a call of the setuid family" },
	{ "user-namespace", "in a user namespace only" },
	{ "unexplained", "and nothing that was seen explains it" },
};

/* Capabilities with which a process of any uid does what root does: reads and writes any file, takes any id,
 * loads code into the kernel or into others' processes, steers devices; capabilities(7). */
#define CAP(name) (1ull << CAP_##name)
static const uint64_t powerful = CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(CHOWN) | CAP(FOWNER) | CAP(SETUID) |
				 CAP(SETGID) | CAP(SETFCAP) | CAP(SYS_ADMIN) | CAP(SYS_PTRACE) | CAP(SYS_MODULE) |
				 CAP(SYS_RAWIO) | CAP(SYS_CHROOT) | CAP(SYS_BOOT) | CAP(MKNOD) | CAP(MAC_OVERRIDE) |
				 CAP(MAC_ADMIN) | CAP(BPF);

static const char *explain(const char *cause)
{
	for (size_t i = 0; cause && i < ARRAY_SIZE(explanations); i++)
		if (strcmp(explanations[i].cause, cause) == 0)
			return explanations[i].words;
	return "for a reason that was not seen";
}

static const char *cause_of(const struct event *event)
{
	return cause_name(event->task.cause);
}

static bool is_namespace_root(const struct plm_task *task)
{
	return task->creds.euid != 0 && task->creds.userns_level > 0 && (task->flags & PLM_TASK_NS_ROOT);
}

/* Any id that is 0, a saved one too, is root already: who has it can take the effective id back at any time.
 * So a daemon that lays root down for a moment does not become root again, and one that first gets hold of a
 * saved id does. */
static bool holds_root(const struct plm_creds *creds)
{
	return creds->uid == 0 || creds->euid == 0 || creds->suid == 0 || creds->fsuid == 0;
}

/* In a user namespace below the initial one capabilities count inside it only. */
static bool gains_power(const struct plm_creds *before, const struct plm_creds *after)
{
	return after->userns_level == 0 && before->userns_level == 0 &&
	       (after->cap_permitted & ~before->cap_permitted & powerful);
}

/* How a process became root, or as good as root, between before and now; NULL if it did not. */
static const char *escalation_cause(const struct event *event)
{
	bool exec = event->kind == PLM_EXEC;
	const char *seen = cause_of(event);

	if (holds_root(&event->before))
		return NULL;
	if (holds_root(&event->task.creds))
		return seen ? seen : cause_name(exec ? PLM_CAUSE_SETUID_FILE : PLM_CAUSE_SETUID_CALL);
	if (gains_power(&event->before, &event->task.creds))
		return cause_name(exec ? PLM_CAUSE_FILE_CAPABILITY : PLM_CAUSE_UNEXPLAINED);
	return NULL;
}

void detect_root_escalation(struct detection *detection)
{
	const struct event *event = detection->event;
	const char *executable = detection->facts->executable;
	const char *cause = escalation_cause(event);
	bool exec = event->kind == PLM_EXEC;
	struct finding *finding;

	if (!cause)
		return;
	finding = detection_add(detection, RULE_ROOT_ESCALATION, SEVERITY_HIGH, exec ? "exec" : "setuid");
	if (!finding)
		return;
	finding->cause = cause;
	if (exec) {
		finding_program(finding, detection);
	}
	finding_subject(finding, "%s %s", cause, executable ? executable : event->task.comm);
	finding_message(finding, "%s, until now uid %u, %s in %s %s", say_actor(detection).text, event->before.euid,
			holds_root(&event->task.creds) ? "became root" : "gained root's powers",
			say_container(detection->container).text, explain(cause));
}

void detect_root_exec(struct detection *detection)
{
	const struct event *event = detection->event;
	bool namespaced = is_namespace_root(&event->task);
	const char *cause = namespaced ? cause_name(PLM_CAUSE_USER_NAMESPACE) : cause_of(event);
	struct finding *finding;

	if (!namespaced && event->task.creds.euid != 0)
		return;
	if (event->exec.flags & PLM_EXEC_OUTSIDE) /* the host's process: escape.exec says it all */
		return;
	finding = detection_add(detection, RULE_ROOT_EXEC, namespaced ? SEVERITY_LOW : SEVERITY_MEDIUM, "exec");
	if (!finding)
		return;
	finding_program(finding, detection);
	finding->cause = cause;
	finding_subject(finding, "%u %s", event->task.creds.euid, cause ? cause : "unknown");
	finding_message(finding, "%s runs as root in %s %s (%s)", say_path(event->path).text,
			say_container(detection->container).text, explain(cause), say_process(detection).text);
}
