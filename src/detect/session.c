// SPDX-License-Identifier: Apache-2.0
/* session: a process entered a running container from outside (docker exec, kubectl exec, a probe). */
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "detect/internal.h"

static const char *const shells[] = { "sh",   "bash",  "dash", "ash",  "rbash", "zsh", "ksh",
				      "mksh", "ksh93", "yash", "fish", "csh",   "tcsh" };
static const char *const multicall[] = { "busybox", "toybox" };
static const char *const own_input[] = { "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0", "-" };
static const char *const takes_file[] = { "--rcfile", "--init-file" };

static bool is_among(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; word && i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

#define IS_AMONG(word, words) is_among(word, words, ARRAY_SIZE(words))

/* "/bin/bash" -> "bash", and "-bash", as a login shell is called. */
static const char *program_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	const char *name = slash ? slash + 1 : path;

	return name && name[0] == '-' ? name + 1 : name;
}

/* The index of a shell's first argument, or 0 where the program is no shell. */
static size_t shell_arguments(const struct event *event)
{
	const char *path = program_name(event->path);
	const char *called = event->exec.argc > 0 ? program_name(event->exec.argv[0]) : NULL;

	if (IS_AMONG(path, shells) || IS_AMONG(called, shells))
		return 1;
	if (IS_AMONG(path, multicall) && event->exec.argc > 1 && IS_AMONG(event->exec.argv[1], shells))
		return 2;
	return 0;
}

enum shell_input { INPUT_UNDECIDED, INPUT_STDIN, INPUT_GIVEN };

/* What one option says of where a shell's commands come from; sh(1): -c from an argument, -s and -i from
 * input. */
static enum shell_input option_input(const char *option)
{
	if (strncmp(option, "--", 2) == 0)
		return INPUT_UNDECIDED;
	if (strchr(option, 'c'))
		return INPUT_GIVEN;
	return strpbrk(option, "si") ? INPUT_STDIN : INPUT_UNDECIDED;
}

/* "-o" and "-euo" are followed by the option's name. */
static bool takes_value(const char *option)
{
	if (strncmp(option, "--", 2) == 0)
		return IS_AMONG(option, takes_file);
	return strchr("oO", option[strlen(option) - 1]) != NULL;
}

/* Does a shell with these arguments take its commands from standard input? */
static bool reads_stdin(const char *const *argv, size_t argc)
{
	enum shell_input input;

	for (size_t i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1 == argc || IS_AMONG(argv[i + 1], own_input);
		if (IS_AMONG(argv[i], own_input))
			return true;
		if (argv[i][0] != '-' && argv[i][0] != '+')
			return false;
		input = option_input(argv[i]);
		if (input != INPUT_UNDECIDED)
			return input == INPUT_STDIN;
		if (takes_value(argv[i]))
			i++;
	}
	return true;
}

static bool is_interactive(const struct event *event)
{
	size_t first = shell_arguments(event);

	if (event->task.tty != 0)
		return true;
	if (!S_ISFIFO(event->exec.stdin_mode) && !S_ISSOCK(event->exec.stdin_mode))
		return false;
	if (first == 0)
		return false;
	if (event->exec.argc <= first)
		return true;
	return reads_stdin(event->exec.argv + first, event->exec.argc - first);
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
	finding->path = event->path;
	finding->file = &event->file;
	finding->layer = (enum plm_layer)event->file.layer;
	finding->interactive = interactive;
	command_subject(finding, event);
	finding_message(finding,
			interactive ? "An interactive session with %s entered %s from outside (pid %u, uid %u)"
				    : "Command %s was run in %s from outside (pid %u, uid %u)",
			say_path(event->path).text, say_container(detection->container).text, event->task.pid,
			event->task.creds.euid);
}
