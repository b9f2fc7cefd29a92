// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/sources.h"

struct run_options {
	const char *config, *hooks, *state_dir, *runtime_dir, *record;
	struct source_options sources;
	struct option_list outputs;
	bool events;
};

static int run_parse(int argc, char **argv, struct run_options *o)
{
	const struct option_row rows[] = {
		{ "config", 'c', OPTION_STRING, &o->config, "FILE",
		  "policy and settings (default: " CONFIG_DEFAULT " if there)" },
		{ "output", 'o', OPTION_LIST, &o->outputs, "SPEC", "text, json or json:FILE; repeatable" },
		{ "hooks", 0, OPTION_STRING, &o->hooks, "WHICH", "auto, lsm or tracepoint (default: auto)" },
		{ "state-dir", 0, OPTION_STRING, &o->state_dir, "DIR", "what is kept (default: /var/lib/plimsoll)" },
		{ "runtime-dir", 0, OPTION_STRING, &o->runtime_dir, "DIR", "control socket (default: /run/plimsoll)" },
		{ "events", 0, OPTION_FLAG, &o->events, NULL, "tell every event, not only findings" },
		{ "record", 0, OPTION_STRING, &o->record, "FILE", "record events for plimsoll replay" },
		SOURCE_ROWS(&o->sources),
	};
	const struct option_table table = {
		.usage = "plimsoll run [options]",
		.about = "Watches the containers of this host until it is stopped. Needs root. Alerts go to standard\n"
			 "output: for people on a terminal, else one JSON object a line.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};
	int first, r = options_parse(&table, argc, argv, &first);

	if (r == 0 && first < argc) {
		log_error("run takes no argument '%s'", argv[first]);
		return -EINVAL;
	}
	return r;
}

/* "/" and "" both mean the agent's own root, and every path is host_root followed by an absolute one. */
static int host_root_check(struct run_options *o)
{
	static char trimmed[4096];
	size_t length = strlen(o->sources.host_root);

	while (length > 0 && o->sources.host_root[length - 1] == '/')
		length--;
	if (length >= sizeof(trimmed))
		return -ENAMETOOLONG;
	memcpy(trimmed, o->sources.host_root, length);
	trimmed[length] = '\0';
	o->sources.host_root = trimmed;
	return 0;
}

/* The directory and those above it. */
static int dir_make(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	int r = copy ? 0 : ENOMEM;

	for (char *slash = copy; slash && r == 0; slash = strchr(slash + 1, '/')) {
		if (slash == copy)
			continue;
		*slash = '\0';
		r = mkdir(copy, 0755) && errno != EEXIST ? errno : 0;
		*slash = '/';
	}
	if (r == 0 && mkdir(path, 0700) && errno != EEXIST)
		r = errno;
	if (r)
		log_error("cannot make %s: %s", path, strerror(r));
	return -r;
}

static int run_agent(const struct run_options *o, enum hooks_mode mode)
{
	const struct agent_options options = {
		.config = o->config,
		.outputs = o->outputs.items,
		.runtime_dir = o->runtime_dir,
		.state_dir = o->state_dir,
		.host_root = o->sources.host_root,
		.record = o->record,
		.mode = mode,
		.events = o->events,
		.runtimes = source_config(&o->sources),
	};
	struct policy *policy;
	struct agent *agent;
	int r = agent_policy(o->config, &policy);

	if (r < 0)
		return EXIT_USAGE;
	if (dir_make(o->state_dir) < 0 || dir_make(o->runtime_dir) < 0) {
		policy_free(policy);
		return EXIT_RUNTIME;
	}
	r = agent_new(&options, policy, &agent);
	if (r < 0)
		return r == -EINVAL ? EXIT_USAGE : EXIT_RUNTIME;
	r = agent_run(agent);
	agent_free(agent);
	if (r < 0)
		log_error("waiting for events failed: %s", strerror(-r));
	return r < 0 ? EXIT_RUNTIME : EXIT_FINE;
}

int cmd_run(int argc, char **argv)
{
	struct run_options o = {
		.hooks = "auto",
		.state_dir = "/var/lib/plimsoll",
		.runtime_dir = "/run/plimsoll",
		.sources.host_root = "",
	};
	int r = run_parse(argc, argv, &o), mode;

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	mode = hooks_mode_from_name(o.hooks);
	if (mode < 0) {
		log_error("--hooks is auto, lsm or tracepoint, not '%s'", o.hooks);
		return EXIT_USAGE;
	}
	if (host_root_check(&o) < 0) {
		log_error("--host-root is too long");
		return EXIT_USAGE;
	}
	if (!o.config && access(CONFIG_DEFAULT, F_OK) == 0)
		o.config = CONFIG_DEFAULT;
	if (geteuid() != 0) {
		log_error("run needs root: try sudo plimsoll run");
		return EXIT_RUNTIME;
	}
	return run_agent(&o, (enum hooks_mode)mode);
}
