/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: one thread, one context, and the way of an event through it. What is slow (asking a runtime) happens in
 * threads of its own and comes back as a message.
 */
#ifndef PLM_AGENT_AGENT_H
#define PLM_AGENT_AGENT_H

#include <stdbool.h>

#include "runtime/runtime.h"
#include "kernel/hooks.h"
#include "policy/policy.h"

struct agent;

/* Strings belong to the caller and outlive the agent. Lists end with NULL. */
struct agent_options {
	const char *config; /* NULL: built in */
	const char *const *outputs;
	const char *runtime_dir, *state_dir;
	const char *host_root; /* "" for the agent's own root */
	const char *record;    /* NULL: none */
	enum hooks_mode mode;
	bool events;
	struct runtime_config runtimes;
};

/*
 * Everything up to "ready": takes over `policy` (also on failure), opens the outputs, the control socket, the kernel
 * side, finds the containers that are there. What goes wrong is said once, on standard error.
 * 0; -EINVAL: usage or configuration; any other negative errno: at run time.
 */
int agent_new(const struct agent_options *options, struct policy *policy, struct agent **ret_agent);

/* Runs until SIGINT or SIGTERM, then drains what the kernel has queued and flushes. SIGHUP reloads. 0 or an errno. */
int agent_run(struct agent *agent);

void agent_free(struct agent *agent); /* takes NULL */

/* Reads and checks a policy, or the built-in one (NULL); says on standard error what is wrong with it, each with file,
 * line and column. 0; -EINVAL; or the errno of reading. */
int agent_policy(const char *config, struct policy **ret_policy);

#endif
