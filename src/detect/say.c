// SPDX-License-Identifier: Apache-2.0
#include "detect/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_SHOWN 140

struct phrase say(const char *format, ...)
{
	struct phrase phrase;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(phrase.text, sizeof(phrase.text), format, args);
	va_end(args);
	return phrase;
}

struct phrase say_path(const char *path)
{
	size_t length = path ? strlen(path) : 0;

	if (length == 0)
		return say("(unknown)");
	return length <= PATH_SHOWN ? say("%s", path) : say("...%s", path + length - PATH_SHOWN);
}

struct phrase say_container(const struct container *container)
{
	const struct container_facts *facts = &container->facts;

	if (facts->name)
		return say("%.64s", facts->name);
	if (facts->id)
		return say("%.12s", facts->id);
	return say("an unnamed container (cgroup %llu)", (unsigned long long)container->cgroup);
}

struct phrase say_actor(const struct detection *detection)
{
	const struct plm_task *task = &detection->event->task;
	const char *executable = detection->facts->executable;

	if (detection->event->backend == PLM_BACKEND_DISK && task->pid == 0)
		return say("an unseen process (found on disk)");
	if (executable)
		return say("%s (pid %u, uid %u)", say_path(executable).text, task->pid, task->creds.euid);
	return say("a process called %.16s (pid %u, uid %u)", task->comm, task->pid, task->creds.euid);
}

struct phrase say_process(const struct detection *detection)
{
	const struct plm_task *task = &detection->event->task;
	const char *parent = detection->facts->parent_executable;

	if (!parent)
		return say("pid %u, uid %u", task->pid, task->creds.euid);
	return say("pid %u, uid %u, started by %s", task->pid, task->creds.euid, say_path(parent).text);
}

void finding_message(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(finding->message, sizeof(finding->message), format, args);
	va_end(args);
}
