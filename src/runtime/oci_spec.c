/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/oci_spec.h"

#include <string.h>

#include "base/cleanup.h"
#include "container/facts.h"

static const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* ---- capabilities ---- */

/* By number: linux/capability.h. */
static const char *const capabilities[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};

_Static_assert(CAPABILITIES_ALL == (UINT64_C(1) << ARRAY_SIZE(capabilities)) - 1, "a name for each");

uint64_t capability_bit(const char *name)
{
	static const char prefix[] = "CAP_";

	if (name && strncasecmp(name, prefix, strlen(prefix)) == 0)
		name += strlen(prefix);
	for (size_t i = 0; name && i < ARRAY_SIZE(capabilities); i++)
		if (strcasecmp(name, capabilities[i]) == 0)
			return UINT64_C(1) << i;
	return 0;
}

static uint64_t capabilities_of(const json_t *process)
{
	const json_t *sets = json_object_get(process, "capabilities");
	const json_t *names = json_object_get(sets, "permitted");
	uint64_t bits = 0;
	json_t *name;
	size_t i;

	if (!json_is_array(names))
		names = json_object_get(sets, "bounding");
	json_array_foreach (names, i, name)
		bits |= capability_bit(json_string_value(name));
	return bits;
}

/* ---- walls ---- */

/* A kind of namespace that the list lacks is the runtime's own: the host's. */
static const struct {
	const char *type;
	uint32_t flag;
} namespace_flags[] = {
	{ "network", RUN_HOST_NETWORK }, { "pid", RUN_HOST_PID },       { "ipc", RUN_HOST_IPC },
	{ "uts", RUN_HOST_UTS },         { "cgroup", RUN_HOST_CGROUP },
};

static bool has_namespace(const json_t *namespaces, const char *type)
{
	json_t *entry;
	size_t i;

	json_array_foreach (namespaces, i, entry) {
		const char *text = text_at(entry, "type");

		if (text && strcmp(text, type) == 0)
			return true;
	}
	return false;
}

/* Any device may be made and used: the rule is of all types and numbers. */
static bool devices_open(const json_t *linux_)
{
	const json_t *rules = json_object_get(json_object_get(linux_, "resources"), "devices");
	const json_t *last = json_array_get(rules, json_array_size(rules) ? json_array_size(rules) - 1 : 0);
	const char *type = text_at(last, "type"), *access = text_at(last, "access");

	return json_is_true(json_object_get(last, "allow")) && (!type || !strcmp(type, "a")) &&
	       !json_object_get(last, "major") && !json_object_get(last, "minor") &&
	       (!access || !strcmp(access, "rwm"));
}

/* What no engine leaves open unless it is told to take down all walls. The set of all capabilities is as large as the
 * machine and the engine know them; this one is in every "all", and in nothing less that is common. */
static bool is_privileged(const json_t *linux_, uint64_t bits)
{
	const uint64_t all = CAPABILITIES_ALL >> 3; /* PERFMON, BPF and CHECKPOINT_RESTORE are later than the others */

	return (bits & all) == all && !json_is_object(json_object_get(linux_, "seccomp")) &&
	       json_array_size(json_object_get(linux_, "maskedPaths")) == 0 && devices_open(linux_);
}

static uint32_t flags_of(const json_t *spec, const json_t *process, const json_t *linux_, uint64_t bits)
{
	const json_t *namespaces = json_object_get(linux_, "namespaces");
	uint32_t flags = 0;

	for (size_t i = 0; i < ARRAY_SIZE(namespace_flags); i++)
		if (!has_namespace(namespaces, namespace_flags[i].type))
			flags |= namespace_flags[i].flag;
	if (has_namespace(namespaces, "user"))
		flags |= RUN_USER_NAMESPACE;
	if (json_is_true(json_object_get(json_object_get(spec, "root"), "readonly")))
		flags |= RUN_READ_ONLY_ROOT;
	if (json_is_true(json_object_get(process, "noNewPrivileges")))
		flags |= RUN_NO_NEW_PRIVS;
	return is_privileged(linux_, bits) ? flags | RUN_PRIVILEGED : flags;
}

/* ---- mounts ---- */

int run_mount_add(struct label_list *mounts, const char *source, const char *target, bool writable)
{
	_cleanup_free_ char *text = NULL;

	if (!source || !target || *source != '/' || *target != '/')
		return 0;
	if (asprintf(&text, "%s:%s:%s", source, target, writable ? "rw" : "ro") < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return labels_append(mounts, text);
}

static bool has_option(const json_t *mount, const char *option)
{
	json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(mount, "options"), i, entry)
		if (json_is_string(entry) && strcmp(json_string_value(entry), option) == 0)
			return true;
	return false;
}

/* The type alone does not tell: runtimes go by the options, and "none" is as good as "bind". */
static bool is_bind(const json_t *mount)
{
	const char *type = text_at(mount, "type");

	return (type && !strcmp(type, "bind")) || has_option(mount, "bind") || has_option(mount, "rbind");
}

static int mounts_fill(const json_t *spec, struct label_list *mounts)
{
	json_t *mount;
	size_t i;
	int r;

	json_array_foreach (json_object_get(spec, "mounts"), i, mount) {
		if (!is_bind(mount))
			continue;
		r = run_mount_add(mounts, text_at(mount, "source"), text_at(mount, "destination"),
				  !has_option(mount, "ro"));
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_fill(const json_t *spec, struct run_facts *run)
{
	const json_t *process = json_object_get(spec, "process"), *linux_ = json_object_get(spec, "linux");
	bool filtered = json_is_object(json_object_get(linux_, "seccomp"));
	int r;

	if (!json_is_object(process) || !json_is_object(linux_))
		return 0;
	labels_clear(&run->mounts);
	run->known = true;
	run->capabilities = capabilities_of(process);
	run->flags = flags_of(spec, process, linux_, run->capabilities);
	r = fact_set(&run->seccomp, filtered ? "filter" : "unconfined");
	if (r == 0)
		r = fact_set(&run->apparmor, text_at(process, "apparmorProfile"));
	return r < 0 ? r : mounts_fill(spec, &run->mounts);
}

/* ---- annotations ---- */

static int field_name(const char *value, struct container_facts *facts)
{
	return fact_set(&facts->name, value);
}

static int field_pod(const char *value, struct container_facts *facts)
{
	return fact_set(&facts->pod_name, value);
}

static int field_namespace(const char *value, struct container_facts *facts)
{
	return fact_set(&facts->pod_namespace, value);
}

static int field_uid(const char *value, struct container_facts *facts)
{
	return fact_set(&facts->pod_uid, value);
}

/* A bare id says less than the digest that there may be already. */
static int field_image(const char *value, struct container_facts *facts)
{
	bool bare = strncmp(value, "sha256:", strlen("sha256:")) == 0;

	return bare && facts->image_digest ? 0 : facts_set_image(facts, value);
}

static int field_role(const char *value, struct container_facts *facts)
{
	static const struct {
		const char *value;
		enum container_role role;
	} roles[] = { { "sandbox", ROLE_SANDBOX }, { "container", ROLE_ORDINARY } };

	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		if (strcmp(value, roles[i].value) == 0)
			facts->role = roles[i].role;
	return 0;
}

/* CRI-O's are JSON in a string. */
static int field_labels(const char *value, struct container_facts *facts)
{
	json_auto_t *labels = json_loads(value, JSON_REJECT_DUPLICATES, NULL);
	const char *key;
	json_t *label;
	int r = 0;

	json_object_foreach (labels, key, label)
		if (r == 0 && json_is_string(label))
			r = labels_add(&facts->labels, key, json_string_value(label));
	return r;
}

/* A later row has the last word. */
static const struct {
	const char *key;
	int (*fill)(const char *value, struct container_facts *facts);
} annotations[] = {
	{ "nerdctl/name", field_name },
	{ "io.kubernetes.container.name", field_name },
	{ "io.kubernetes.cri.container-name", field_name },
	{ "io.kubernetes.pod.name", field_pod },
	{ "io.kubernetes.cri.sandbox-name", field_pod },
	{ "io.kubernetes.cri-o.KubeName", field_pod },
	{ "io.kubernetes.pod.namespace", field_namespace },
	{ "io.kubernetes.cri.sandbox-namespace", field_namespace },
	{ "io.kubernetes.cri-o.Namespace", field_namespace },
	{ "io.kubernetes.pod.uid", field_uid },
	{ "io.kubernetes.cri.sandbox-uid", field_uid },
	{ "io.kubernetes.cri-o.ImageName", field_image },
	{ "io.kubernetes.cri.image-name", field_image },
	{ "io.kubernetes.cri-o.ContainerType", field_role },
	{ "io.kubernetes.cri.container-type", field_role },
	{ "io.kubernetes.cri-o.Labels", field_labels },
};

static int annotations_fill(const json_t *spec, struct container_facts *facts)
{
	const json_t *all = json_object_get(spec, "annotations");
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(annotations); i++) {
		const char *value = text_at(all, annotations[i].key);

		if (value && *value)
			r = annotations[i].fill(value, facts);
	}
	return r;
}

int oci_spec_fill(const json_t *spec, struct container_facts *facts)
{
	int r = run_fill(spec, &facts->run);

	return r < 0 ? r : annotations_fill(spec, facts);
}

const char *oci_spec_engine(const json_t *spec)
{
	static const struct {
		const char *manager, *engine;
	} engines[] = { { "libpod", "podman" }, { "cri-o", "cri-o" } };
	const json_t *all = json_object_get(spec, "annotations");
	const char *manager = text_at(all, "io.container.manager");

	for (size_t i = 0; manager && i < ARRAY_SIZE(engines); i++)
		if (strcmp(manager, engines[i].manager) == 0)
			return engines[i].engine;
	return text_at(all, "io.kubernetes.cri-o.ContainerType") ? "cri-o" : NULL;
}
