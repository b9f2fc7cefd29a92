/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/inspect.h"

#include <string.h>

#include "base/cleanup.h"
#include "runtime/oci_spec.h"
#include "runtime/storage.h"

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* ---- what it may do ---- */

static uint64_t capability_or_all(const char *name)
{
	return name && strcasecmp(name, "all") == 0 ? CAPABILITIES_ALL : capability_bit(name);
}

static uint64_t capabilities_of(const json_t *names)
{
	const json_t *entry;
	uint64_t set = 0;
	size_t i;

	json_array_foreach (names, i, entry)
		set |= capability_or_all(json_string_value(entry));
	return set;
}

/* Nobody but root gets any; the name of another user stands for another id. */
static bool runs_as_root(const char *user)
{
	size_t length = user ? strcspn(user, ":") : 0;

	return length == 0 || (length == 1 && *user == '0') || (length == 4 && starts_with(user, "root"));
}

static uint64_t capabilities_told(const json_t *host, bool privileged)
{
	uint64_t add = capabilities_of(json_object_get(host, "CapAdd"));
	uint64_t drop = capabilities_of(json_object_get(host, "CapDrop"));

	if (privileged)
		return CAPABILITIES_ALL;
	if (add == CAPABILITIES_ALL)
		return drop == CAPABILITIES_ALL ? 0 : add & ~drop;
	return (CAPABILITIES_DEFAULT & ~drop) | add;
}

static uint64_t capabilities_find(const json_t *answer, const json_t *host, bool privileged)
{
	const json_t *effective = json_object_get(answer, "EffectiveCaps"); /* libpod's */

	if (effective)
		return capabilities_of(effective);
	if (!runs_as_root(json_text(json_object_get(answer, "Config"), "User")))
		return 0;
	return capabilities_told(host, privileged);
}

/* ---- which walls it has ---- */

static const struct {
	const char *key;
	uint32_t flag;
} host_modes[] = {
	{ "NetworkMode", RUN_HOST_NETWORK }, { "PidMode", RUN_HOST_PID },         { "IpcMode", RUN_HOST_IPC },
	{ "UTSMode", RUN_HOST_UTS },         { "CgroupnsMode", RUN_HOST_CGROUP }, { "CgroupMode", RUN_HOST_CGROUP },
};

static const struct {
	const char *key;
	uint32_t flag;
} switches[] = {
	{ "Privileged", RUN_PRIVILEGED },
	{ "ReadonlyRootfs", RUN_READ_ONLY_ROOT },
};

static uint32_t flags_of(const json_t *host)
{
	const char *users = json_text(host, "UsernsMode");
	uint32_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(host_modes); i++) {
		const char *mode = json_text(host, host_modes[i].key);

		if (mode && strcmp(mode, "host") == 0)
			flags |= host_modes[i].flag;
	}
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (json_is_true(json_object_get(host, switches[i].key)))
			flags |= switches[i].flag;
	if (users && *users && strcmp(users, "host") != 0)
		flags |= RUN_USER_NAMESPACE;
	return flags;
}

/* "no-new-privileges", or with "=true" or ":true" behind it. */
static int no_new_privileges_take(const char *value, struct run_facts *run)
{
	if (!*value || strcmp(value, "true") == 0)
		run->flags |= RUN_NO_NEW_PRIVS;
	return 0;
}

/* The profile itself may stand here, as JSON. */
static int seccomp_take(const char *value, struct run_facts *run)
{
	static const struct {
		const char *value, *known;
	} profiles[] = { { "unconfined", "unconfined" }, { "builtin", "default" } };

	for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
		if (strcmp(value, profiles[i].value) == 0)
			return fact_set(&run->seccomp, profiles[i].known);
	return fact_set(&run->seccomp, "filter");
}

static int apparmor_take(const char *value, struct run_facts *run)
{
	return run->apparmor ? 0 : fact_set(&run->apparmor, value);
}

static const struct {
	const char *name;
	int (*take)(const char *value, struct run_facts *run);
} security_options[] = {
	{ "no-new-privileges", no_new_privileges_take },
	{ "seccomp", seccomp_take },
	{ "apparmor", apparmor_take },
};

static int security_option_fill(const char *option, struct run_facts *run)
{
	for (size_t i = 0; option && i < ARRAY_SIZE(security_options); i++) {
		size_t length = strlen(security_options[i].name);

		if (!starts_with(option, security_options[i].name) || !strchr("=:", option[length]))
			continue; /* the end of the text is one of these too, for strchr */
		return security_options[i].take(option + length + (option[length] ? 1 : 0), run);
	}
	return 0;
}

/* What the kernel was given (AppArmorProfile) says more than what was asked for. */
static int security_fill(const json_t *answer, const json_t *host, struct run_facts *run)
{
	const json_t *options = json_object_get(host, "SecurityOpt"), *option;
	int r = fact_set(&run->apparmor, json_text(answer, "AppArmorProfile"));
	size_t i;

	json_array_foreach (options, i, option)
		if (r == 0)
			r = security_option_fill(json_string_value(option), run);
	if (r == 0 && !run->seccomp)
		r = fact_set(&run->seccomp, run->flags & RUN_PRIVILEGED ? "unconfined" : "default");
	return r;
}

/* ---- what it sees of the host ---- */

static int mount_fill(const json_t *mount, struct run_facts *run)
{
	const char *type = json_text(mount, "Type"), *source = json_text(mount, "Source");
	const char *target = json_text(mount, "Destination");

	if (!type || strcmp(type, "bind") != 0 || !source || !target)
		return 0; /* a volume's files are the runtime's, made for containers */
	return run_mount_add(&run->mounts, source, target, json_is_true(json_object_get(mount, "RW")));
}

static int mounts_fill(const json_t *mounts, struct run_facts *run)
{
	const json_t *mount;
	int r = 0;
	size_t i;

	json_array_foreach (mounts, i, mount)
		if (r == 0)
			r = mount_fill(mount, run);
	return r;
}

static int run_fill(const json_t *answer, struct run_facts *run)
{
	const json_t *host = json_object_get(answer, "HostConfig");
	int r;

	if (!json_is_object(host))
		return 0;
	run->known = true;
	run->flags |= flags_of(host);
	run->capabilities = capabilities_find(answer, host, run->flags & RUN_PRIVILEGED);
	r = security_fill(answer, host, run);
	return r < 0 ? r : mounts_fill(json_object_get(answer, "Mounts"), run);
}

/* libpod's HostConfig only says "oci"; the one in use, which may be a path, stands elsewhere. */
static const char *handler_of(const json_t *answer)
{
	const char *handler = json_text(answer, "OCIRuntime"), *slash = handler ? strrchr(handler, '/') : NULL;

	if (!handler)
		return json_text(json_object_get(answer, "HostConfig"), "Runtime");
	return slash ? slash + 1 : handler;
}

int inspect_fill(const json_t *answer, struct container_facts *facts)
{
	const json_t *state = json_object_get(answer, "State");
	json_int_t pid = json_integer_value(json_object_get(state, "Pid"));
	const char *name = json_text(answer, "Name");
	int r;

	facts->init_pid = pid > 0 && pid <= INT32_MAX ? (uint32_t)pid : 0;
	facts->started = fact_time(json_text(state, "StartedAt"));
	r = fact_set(&facts->name, name && *name == '/' ? name + 1 : name);
	if (r == 0)
		r = fact_set(&facts->handler, handler_of(answer));
	return r < 0 ? r : run_fill(answer, &facts->run);
}
