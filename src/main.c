// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "inventory/reader.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "run", cmd_run, "watch the containers of this host and tell what goes wrong in them" },
	{ "check", cmd_check, "what this kernel and host allow, and what is not seen without it" },
	{ "ps", cmd_ps, "the containers that the running agent watches" },
	{ "tail", cmd_tail, "what was told: past alerts, and new ones as they come" },
	{ "show", cmd_show, "everything known about one alert: who, how, what else" },
	{ "inventory", cmd_inventory,
	  "what an image or a container's image holds: packages, and what no package owns" },
	{ "drift", cmd_drift, "what differs now between a running container and its image" },
	{ "compliance", cmd_compliance, "violations with their clocks, and what would mend them" },
	{ "waive", cmd_waive, "accept a violation, with a reason, an owner and an end" },
	{ "policy", cmd_policy, "policy check FILE: what is wrong in a policy" },
	{ "replay", cmd_replay, "recorded events through the same detectors, no kernel needed" },
	{ READER_COMMAND, reader_main, NULL }, /* its own child: not for people */
};

static int help(void)
{
	(void)printf(
		"Usage: plimsoll COMMAND [options]\n\n"
		"Tells when a running container is no longer the image that was shipped: its root file system\n"
		"changed (mutation), something ran as root (root), code ran that the image does not hold (drift).\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands) && commands[i].help; i++)
		(void)printf("  %-10s %s\n", commands[i].name, commands[i].help);
	(void)printf("\nplimsoll COMMAND --help tells a command's options; plimsoll --version the version.\n");
	return EXIT_FINE;
}

/* Whatever was printed must have reached standard output, or the exit status says so. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	log_error("cannot write to standard output: %s", strerror(errno));
	return status == EXIT_FINE ? EXIT_RUNTIME : status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		log_error("a command is missing: try plimsoll --help");
		return EXIT_USAGE;
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help"))
		return flushed(help());
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		(void)printf("plimsoll %s\n", PLM_VERSION);
		return flushed(EXIT_FINE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return flushed(commands[i].run(argc - 1, argv + 1));
	log_error("there is no command '%s': try plimsoll --help", name);
	return EXIT_USAGE;
}
