// SPDX-License-Identifier: Apache-2.0
/* The agent's start, step by step, and the end of what the steps made. */
#include "agent/internal.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <string.h>

#include "base/log.h"
#include "image/difference.h"

#define ERRORS_MAX 100

int agent_policy(const char *config, struct policy **ret_policy)
{
	struct policy_error errors[ERRORS_MAX];
	size_t count = 0;
	int r;

	if (!config) {
		*ret_policy = policy_default();
		return *ret_policy ? 0 : -ENOMEM;
	}
	r = policy_load(config, ret_policy, errors, ERRORS_MAX, &count);
	for (size_t i = 0; i < count; i++)
		if (errors[i].line)
			log_error("%s:%u:%u: %s", config, errors[i].line, errors[i].column, errors[i].message);
		else
			log_error("%s: %s", config, errors[i].message);
	if (r < 0 && count == 0)
		log_error("cannot read %s: %s", config, strerror(-r));
	return r;
}

static int sinks_open(struct agent *agent)
{
	const struct policy_output *outputs;
	size_t count = 0;
	int r = 0;

	agent->sinks = sinks_new(&agent->context, &agent->ids);
	if (!agent->sinks) {
		log_error("out of memory");
		return -ENOMEM;
	}
	for (size_t i = 0; r == 0 && agent->options->outputs && agent->options->outputs[i]; i++) {
		r = sinks_add_spec(agent->sinks, agent->options->outputs[i]);
		if (r == -EINVAL)
			log_error("there is no output '%s': it is text, json or json:FILE", agent->options->outputs[i]);
		else if (r < 0)
			log_error("cannot write to output %s: %s", agent->options->outputs[i], strerror(-r));
	}
	outputs = policy_outputs(agent->policy, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = sinks_add(agent->sinks, outputs[i].type, outputs[i].path);
		if (r < 0)
			log_error("cannot write to output %s: %s", outputs[i].path ?: "standard output", strerror(-r));
	}
	if (r < 0 || sinks_count(agent->sinks) > 0)
		return r;
	r = sinks_add(agent->sinks, isatty(STDOUT_FILENO) ? "text" : "json", NULL);
	if (r < 0)
		log_error("cannot write to standard output: %s", strerror(-r));
	return r;
}

static int stores_open(struct agent *agent)
{
	struct teller_parts parts;
	int r;

	agent->decoder = decoder_new();
	agent->registry = registry_new(REGISTRY_MAX, life_free, agent);
	agent->processes = processes_new(PROCESSES_MAX);
	agent->writers = writers_new(WRITERS_MAX);
	agent->sessions = sessions_new();
	agent->awaiting = awaiting_new(AWAITING_MAX, AWAITING_BYTES);
	agent->transacting = awaiting_new(TRANSACTING_MAX, TRANSACTING_BYTES);
	if (!agent->decoder || !agent->registry || !agent->processes || !agent->writers || !agent->sessions ||
	    !agent->awaiting || !agent->transacting)
		return -ENOMEM;
	r = digests_new(true, &agent->digests);
	if (r == 0)
		r = images_new(agent->state ? agent->options->state_dir : NULL, &agent->images);
	if (r < 0)
		return r;
	parts = (struct teller_parts){ agent->sinks, &agent->ids, agent->registry, agent->processes, agent->sessions };
	r = teller_new(&parts, agent->policy, &agent->teller);
	if (r == 0)
		teller_set_state(agent->teller, agent->state);
	if (r == 0)
		violations_start(agent);
	return r;
}

/* Without it the agent watches all the same, but forgets when it ends. */
static int state_start(struct agent *agent)
{
	bool set_aside = false;
	int r = state_open(agent->options->state_dir, &agent->state, &set_aside);

	if (r == -EPROTONOSUPPORT)
		log_warning("%s/state.db was made by a later version: nothing is kept in it",
			    agent->options->state_dir);
	else if (r < 0)
		log_warning("cannot keep state in %s: %s", agent->options->state_dir, strerror(-r));
	else if (set_aside)
		log_warning("%s/state.db was damaged: it is set aside, and a new one begun", agent->options->state_dir);
	return 0;
}

static int resolver_open(struct agent *agent)
{
	struct runtime_source *sources[SOURCES_MAX];
	size_t count = 0;
	int r = runtimes_open(&agent->options->runtimes, sources, &count);

	if (r < 0)
		return r;
	r = resolver_new(sources, count, RESOLVER_PATIENCE, &agent->resolver);
	for (size_t i = 0; r < 0 && i < count; i++)
		runtime_close(sources[i]);
	return r;
}

static int control_start(struct agent *agent)
{
	int r = control_open(agent->options->runtime_dir, serve_request, agent, &agent->control);

	if (r == -EEXIST)
		log_error("another agent runs on %s: stop it, or give another --runtime-dir",
			  agent->options->runtime_dir);
	else if (r < 0)
		log_error("cannot make the control socket in %s: %s", agent->options->runtime_dir, strerror(-r));
	return r;
}

static void kernel_complain(int error, const char *what)
{
	if (error == -EPERM || error == -EACCES)
		log_error("the kernel refuses %s: run as root with CAP_BPF and CAP_PERFMON, in a container also with a "
			  "seccomp profile that allows bpf(2) (see plimsoll check)",
			  what);
	else
		log_error("%s failed: %s (see plimsoll check)", what, strerror(-error));
}

static int hierarchy_start(struct agent *agent)
{
	int r = discover_hierarchy(agent->options->host_root, &agent->hierarchy);

	if (r == -ENOENT)
		log_error("no hierarchy of cgroups is mounted below /sys/fs/cgroup: mount cgroup v2 (see plimsoll "
			  "check)");
	else if (r < 0)
		log_error("looking for the hierarchy of cgroups failed: %s", strerror(-r));
	return r;
}

static int kernel_start(struct agent *agent)
{
	const struct kernel_options options = { .host_root = agent->options->host_root,
						.hierarchy = agent->hierarchy.id,
						.all = agent->options->events };
	const char *what = "reading the kernel's BTF";
	int r = probe_new(&agent->probe);

	if (r == -ENOENT) {
		log_error("this kernel has no BTF (/sys/kernel/btf/vmlinux): one built with CONFIG_DEBUG_INFO_BTF "
			  "is needed");
		return r;
	}
	if (r == 0) {
		what = "the hooks";
		r = hooks_choose(agent->probe, agent->options->mode, &agent->hooks);
		if (r == -EOPNOTSUPP)
			log_error("%s: see plimsoll check",
				  agent->options->mode == HOOKS_LSM
					  ? "--hooks lsm: this kernel does not run LSM programs"
					  : "this kernel lacks a hook that is needed");
	}
	probe_free(agent->probe);
	agent->probe = NULL;
	if (r == -EOPNOTSUPP)
		return r;
	if (r == 0)
		r = kernel_open(&agent->hooks, &options, &agent->kernel, &what);
	agent->watching = agent_now();
	if (r < 0)
		kernel_complain(r, what);
	return r;
}

static int record_start(struct agent *agent)
{
	int r;

	if (!agent->options->record)
		return 0;
	r = recording_create(agent->options->record, &agent->recording);
	if (r == 0)
		r = recording_redact(agent->recording, agent->policy);
	if (r < 0)
		log_error("cannot write the recording %s: %s", agent->options->record, strerror(-r));
	return r;
}

/* In a container gethostname(2) knows the container's name: the host's is in its /etc/hostname. */
static void host_name_learn(struct agent *agent)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[PATH_MAX];

	if (agent->options->host_root[0] &&
	    snprintf(path, sizeof(path), "%s/etc/hostname", agent->options->host_root) < (int)sizeof(path))
		file = fopen(path, "re");
	if (file && fgets(agent->host_name, sizeof(agent->host_name), file))
		agent->host_name[strcspn(agent->host_name, "\n")] = '\0';
	if (!agent->host_name[0])
		(void)gethostname(agent->host_name, sizeof(agent->host_name) - 1);
	if (agent->host_name[0])
		agent->context.host_name = agent->host_name;
}

/* Paths of cgroups are told as one's own cgroup namespace has them: the host's, where there is the right to enter it. */
static void cgroups_enter(const struct agent *agent)
{
	_cleanup_close_ int fd = -EBADF;
	char path[PATH_MAX];

	if (!agent->options->host_root[0] ||
	    snprintf(path, sizeof(path), "%s/proc/1/ns/cgroup", agent->options->host_root) >= (int)sizeof(path))
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)setns(fd, CLONE_NEWCGROUP);
}

static int context_start(struct agent *agent)
{
	int r = id_source_open(&agent->ids);

	cgroups_enter(agent);

	host_name_learn(agent);
	return r;
}

/* In this order. A step without a name says itself what goes wrong in it. */
static const struct step {
	const char *name;
	int (*run)(struct agent *agent);
} steps[] = {
	{ "asking for randomness", context_start },
	{ NULL, sinks_open },
	{ NULL, control_start },
	{ NULL, state_start },
	{ NULL, keep_start },
	{ "making room", stores_open },
	{ NULL, record_start },
	{ NULL, hierarchy_start },
	{ NULL, kernel_start },
	{ "starting to ask the runtimes", resolver_open },
	{ "looking for the containers that are there", existing_find },
};

int agent_new(const struct agent_options *options, struct policy *policy, struct agent **ret_agent)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int r = 0;

	if (!agent) {
		policy_free(policy);
		return -ENOMEM;
	}
	agent->options = options;
	agent->policy = policy;
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++) {
		r = steps[i].run(agent);
		if (r < 0 && steps[i].name)
			log_error("%s failed: %s", steps[i].name, strerror(-r));
	}
	if (r < 0) {
		agent_free(agent);
		return r;
	}
	(void)malloc_trim(0); /* what parsing the kernel's types took is not needed again */
	*ret_agent = agent;
	return 0;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	difference_free(agent->difference);
	kernel_free(agent->kernel);
	probe_free(agent->probe);
	control_free(agent->control);
	teller_free(agent->teller);
	ledger_close(agent->ledger);
	registry_free(agent->registry);
	resolver_free(agent->resolver);
	state_close(agent->state);
	processes_free(agent->processes);
	sessions_free(agent->sessions);
	decoder_free(agent->decoder);
	awaiting_free(agent->awaiting);
	awaiting_free(agent->transacting);
	digests_free(agent->digests);
	writers_free(agent->writers);
	images_free(agent->images);
	if (recording_close(agent->recording) < 0)
		log_warning("the recording is not complete: see what it says of itself in plimsoll replay");
	history_free(agent->history);
	sinks_free(agent->sinks);
	mounts_free(agent->host_mounts);
	policy_view_free(agent->host_view);
	policy_free(agent->policy);
	free(agent);
}
