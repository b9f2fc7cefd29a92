// SPDX-License-Identifier: Apache-2.0
/* The containers as `plimsoll ps --json` lists them. */
#include "agent/internal.h"

#include <jansson.h>
#include <string.h>

#include "container/facts.h"
#include "output/time.h"

static void put_string(json_t *object, const char *key, const char *value)
{
	if (value && *value)
		(void)json_object_set_new(object, key, json_string(value) ?: json_string("?"));
}

static void put_new(json_t *object, const char *key, json_t *value)
{
	if (value && (json_array_size(value) || json_object_size(value) || json_is_string(value)))
		(void)json_object_set_new(object, key, value);
	else
		json_decref(value);
}

static json_t *list_json(const struct label_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(array, json_string(list->items[i]) ?: json_string("?"));
	return array;
}

static json_t *labels_json(const struct label_list *labels)
{
	json_t *object = json_object();
	char key[FACT_MAX + 1];

	for (size_t i = 0; i < labels->count; i++) {
		const char *equals = strchr(labels->items[i], '=');

		if (!equals)
			continue;
		(void)snprintf(key, sizeof(key), "%.*s", (int)(equals - labels->items[i]), labels->items[i]);
		put_string(object, key, equals + 1);
	}
	return object;
}

static void put_time(json_t *object, const char *key, uint64_t seconds)
{
	char text[TIME_RFC3339_SIZE];

	if (!seconds)
		return;
	time_rfc3339((int64_t)seconds * 1000000000, text);
	put_string(object, key, text);
}

/* What is known of the image beside its name: what ECS has no field for. */
static json_t *image_details_json(const struct image_facts *image)
{
	json_t *object = json_object();

	if (!image)
		return object;
	put_string(object, "id", image->id);
	put_string(object, "user", image->user);
	put_string(object, "entry_point", image->entry_point);
	put_string(object, "exposed", image->exposed);
	put_time(object, "created", image->created);
	put_new(object, "labels", labels_json(&image->labels));
	put_new(object, "history", list_json(&image->history));
	return object;
}

static json_t *image_json(const struct container_facts *facts)
{
	json_t *image = json_object();

	put_string(image, "name", facts->image_name);
	if (facts->image_tag)
		(void)json_object_set_new(image, "tag", json_pack("[s]", facts->image_tag));
	if (facts->image_digest)
		(void)json_object_set_new(image, "hash", json_pack("{s:[s]}", "all", facts->image_digest));
	return image;
}

static json_t *container_json(const struct container_facts *facts)
{
	json_t *object = json_object();

	put_string(object, "id", facts->id);
	put_string(object, "name", facts->name);
	put_string(object, "runtime", facts->runtime);
	put_new(object, "image", image_json(facts));
	put_new(object, "labels", labels_json(&facts->labels));
	return object;
}

static json_t *pod_json(const struct container_facts *facts)
{
	json_t *pod = json_object(), *resource = json_object();

	put_string(resource, "type", "pod");
	put_string(resource, "name", facts->pod_name);
	put_string(resource, "id", facts->pod_uid);
	put_string(pod, "type", "kubernetes");
	put_string(pod, "namespace", facts->pod_namespace);
	put_new(pod, "resource", resource);
	return pod;
}

/* ---- how it was started ---- */

static const struct {
	uint32_t flag;
	const char *word;
} walls[] = {
	{ RUN_PRIVILEGED, "privileged" },
	{ RUN_HOST_NETWORK, "host-network" },
	{ RUN_HOST_PID, "host-pid" },
	{ RUN_HOST_IPC, "host-ipc" },
	{ RUN_HOST_UTS, "host-uts" },
	{ RUN_HOST_CGROUP, "host-cgroup" },
	{ RUN_USER_NAMESPACE, "user-namespace" },
	{ RUN_READ_ONLY_ROOT, "read-only-root" },
	{ RUN_NO_NEW_PRIVS, "no-new-privileges" },
};

static json_t *run_json(const struct run_facts *run)
{
	json_t *object = json_object(), *flags = json_array();
	char text[24];

	for (size_t i = 0; i < ARRAY_SIZE(walls); i++)
		if (run->flags & walls[i].flag)
			(void)json_array_append_new(flags, json_string(walls[i].word));
	put_new(object, "flags", flags);
	if (run->known) {
		(void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)run->capabilities);
		put_string(object, "capabilities", text);
	}
	put_string(object, "seccomp", run->seccomp);
	put_string(object, "apparmor", run->apparmor);
	put_new(object, "mounts", list_json(&run->mounts));
	return object;
}

static json_t *findings_json(const struct container *container)
{
	json_t *object = json_object();

	for (int i = SEVERITIES - 1; i >= 0; i--)
		(void)json_object_set_new(object, severity_name((enum severity)i),
					  json_integer((json_int_t)container->findings[i]));
	return object;
}

static const char *state_name(const struct container *container)
{
	static const char *const names[] = {
		[CONTAINER_WAITING] = "waiting",
		[CONTAINER_NAMED] = "named",
		[CONTAINER_UNNAMED] = "unnamed",
		[CONTAINER_GONE] = "gone",
	};

	return container->sight == SIGHT_SANDBOXED ? "not-covered" : names[container->state];
}

static json_t *plimsoll_json(const struct container *container)
{
	static const char *const roles[ROLES] = {
		[ROLE_ORDINARY] = "ordinary",
		[ROLE_SANDBOX] = "sandbox",
		[ROLE_INIT] = "init",
		[ROLE_EPHEMERAL] = "ephemeral",
	};
	json_t *object = json_object();

	put_string(object, "state", state_name(container));
	put_string(object, "workload", container->workload);
	put_string(object, "role", roles[container->facts.role]);
	put_string(object, "handler", container->facts.handler);
	put_new(object, "image", image_details_json(container->facts.image));
	put_new(object, "run", run_json(&container->facts.run));
	put_new(object, "findings", findings_json(container));
	put_new(object, "events",
		json_pack("{s:I, s:I, s:I, s:I}", "seen", (json_int_t)container->seen, "folded",
			  (json_int_t)container->folded, "lost", (json_int_t)container->lost, "missed",
			  (json_int_t)container->missed));
	return object;
}

struct listing {
	struct agent *agent;
	json_t *list;
};

static void listing_add(struct container *container, void *data)
{
	struct listing *listing = data;
	json_t *entry;

	if (!container->running)
		return;
	entry = json_object();
	(void)kernel_container_counts(listing->agent->kernel, container->cgroup, &container->seen, &container->folded);
	(void)json_object_set_new(entry, "container", container_json(&container->facts));
	if (container->facts.pod_namespace)
		(void)json_object_set_new(entry, "orchestrator", pod_json(&container->facts));
	(void)json_object_set_new(entry, "plimsoll", plimsoll_json(container));
	(void)json_array_append_new(listing->list, entry);
}

void listing_answer(struct agent *agent, uint64_t token)
{
	struct listing listing = { .agent = agent, .list = json_array() };
	_cleanup_free_ char *text = NULL;
	json_t *answer;

	registry_for_each(agent->registry, listing_add, &listing);
	answer = json_pack("{s:o}", "containers", listing.list);
	text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	(void)control_answer(agent->control, token, text ?: "", text ? strlen(text) : 0);
}

/* ---- who wrote what ---- */

struct named {
	const char *id;
	uint64_t cgroup; /* 0: there is none of that id */
};

static void named_match(struct container *container, void *data)
{
	struct named *named = data;

	if (container->facts.id && strcmp(container->facts.id, named->id) == 0)
		named->cgroup = container->cgroup;
}

static void writer_add(uint64_t inode, uint32_t device, const struct writer *writer, void *data)
{
	const struct listing *listing = data;
	json_t *entry = json_pack("{s:I, s:I, s:I}", "inode", (json_int_t)inode, "device", (json_int_t)device, "pid",
				  (json_int_t)writer->pid);
	char text[TIME_RFC3339_SIZE];

	put_string(entry, "executable", writer->executable);
	if (writer->session) {
		(void)snprintf(text, sizeof(text), "%llx", (unsigned long long)writer->session);
		put_string(entry, "session", text);
	}
	time_rfc3339((int64_t)writer->time + listing->agent->boot_offset, text);
	put_string(entry, "time", text);
	(void)json_array_append_new(listing->list, entry);
}

void listing_writers(struct agent *agent, uint64_t token, const char *id)
{
	struct listing listing = { .agent = agent, .list = json_array() };
	_cleanup_free_ char *text = NULL;
	struct named named = { .id = id };
	json_t *answer;

	registry_for_each(agent->registry, named_match, &named);
	if (named.cgroup)
		writers_each(agent->writers, named.cgroup, writer_add, &listing);
	answer = json_pack("{s:o}", "writers", listing.list);
	text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	(void)control_answer(agent->control, token, text ?: "", text ? strlen(text) : 0);
}

/* ---- who is in ---- */

static void session_add(const struct session *session, void *data)
{
	const struct listing *listing = data;
	const struct container *container = registry_get(listing->agent->registry, session->container);
	json_t *entry = json_object();
	char text[24];

	(void)snprintf(text, sizeof(text), "%llx", (unsigned long long)session->id);
	put_string(entry, "session", text);
	put_string(entry, "container", container ? container->facts.id : NULL);
	put_string(entry, "audit_id", session->audit_id);
	(void)json_object_set_new(entry, "pid", json_integer(session->pid));
	(void)json_array_append_new(listing->list, entry);
}

void listing_sessions(struct agent *agent, uint64_t token)
{
	struct listing listing = { .agent = agent, .list = json_array() };
	_cleanup_free_ char *text = NULL;
	json_t *answer;

	sessions_each(agent->sessions, session_add, &listing);
	answer = json_pack("{s:o}", "sessions", listing.list);
	text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	json_decref(answer);
	(void)control_answer(agent->control, token, text ?: "", text ? strlen(text) : 0);
}
