/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd, on one socket: its own API, which has every namespace (`ctr`, nerdctl, Docker's, the CRI's),
 * and for what the CRI made, the CRI on top, which has the names that people gave.
 */
#include "runtime/runtime.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "runtime/containerd.pb-c.h"
#include "runtime/containerd_content.h"
#include "runtime/cri.h"
#include "container/facts.h"
#include "runtime/grpc.h"
#include "runtime/oci_spec.h"
#include "container/process.h"

#define NAMESPACES_MAX 64
#define CRI_NAMESPACE  "k8s.io"
#define MOBY_NAMESPACE "moby" /* Docker's containers, but none of its images */
#define CONTAINERS     "/containerd.services.containers.v1.Containers/"

struct containerd {
	struct runtime_source base;
	struct http *http;
	char *socket;
};

/* -ENOENT without a task: created, but not yet started, or stopped. */
static int task_fill(struct containerd *containerd, const char *namespace, const char *id,
		     struct container_facts *facts)
{
	_cleanup_(message_done) Containerd__GetTaskResponse *answer = NULL;
	Containerd__GetTaskRequest which = CONTAINERD__GET_TASK_REQUEST__INIT;
	struct grpc_call call = { "/containerd.services.tasks.v1.Tasks/Get", namespace, &which.base,
				  &containerd__get_task_response__descriptor };
	int r;

	which.container_id = (char *)id;
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (!answer->process)
		return -EBADMSG;
	facts->init_pid = answer->process->pid;
	facts->started = facts->init_pid ? process_started(facts->init_pid) : 0;
	return 0;
}

/* How it was started; what is no such JSON tells nothing. */
static int spec_fill(const Containerd__Any *spec, struct container_facts *facts)
{
	json_auto_t *json =
		spec ? json_loadb((const char *)spec->value.data, spec->value.len, JSON_REJECT_DUPLICATES, NULL) : NULL;

	return oci_spec_fill(json, facts);
}

static int label_compare(const void *one, const void *other)
{
	return strcmp((*(const Containerd__Label *const *)one)->key, (*(const Containerd__Label *const *)other)->key);
}

/* Labels that the container has, but not always by the will of who started it: its image's are among them. A map
 * comes in any order: sorted, what a bound cuts off is always the same. */
static int record_labels_fill(const Containerd__Container *record, struct container_facts *facts)
{
	int r = 0;

	if (record->n_labels > 1)
		qsort(record->labels, record->n_labels, sizeof(record->labels[0]), label_compare);
	for (size_t i = 0; r == 0 && i < record->n_labels; i++)
		r = labels_add(&facts->labels, record->labels[i]->key, record->labels[i]->value);
	return r;
}

/* Names that labels give: the kubelet's, where no image can have brought them along, and nerdctl's. */
static int record_names_fill(const Containerd__Container *record, bool cri, struct container_facts *facts)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < record->n_labels; i++) {
		const char *key = record->labels[i]->key, *value = record->labels[i]->value;

		if (cri)
			r = cri_label_fill(key, value, facts);
		else if (strcmp(key, "nerdctl/name") == 0)
			r = fact_set(&facts->name, value);
	}
	return r;
}

/* What must end a lookup at once; other errors only leave a fact unknown. */
static bool is_fatal(int r)
{
	return r == -ENOMEM || r == -ECANCELED || r == -ENOTCONN;
}

/* Labels in the order of their worth: LABELS_MAX are kept, and the record's are mostly the image's. */
static int details_fill(struct containerd *containerd, const char *namespace, const Containerd__Container *record,
			struct container_facts *facts)
{
	bool cri = strcmp(namespace, CRI_NAMESPACE) == 0, moby = strcmp(namespace, MOBY_NAMESPACE) == 0;
	int r = 0;

	if (!moby)
		r = record_names_fill(record, cri, facts);
	if (r == 0 && *record->image)
		r = containerd_image_fill(containerd->http, namespace, record->image, facts);
	if (!is_fatal(r) && cri)
		r = cri_fill(containerd->http, record->id, false, facts);
	if (is_fatal(r) || moby) /* Docker has the labels; here are its own notes */
		return is_fatal(r) ? r : 0;
	return record_labels_fill(record, facts);
}

static int record_fill(const Containerd__Container *record, const char *namespace, struct container_facts *facts)
{
	bool moby = strcmp(namespace, MOBY_NAMESPACE) == 0;
	int r = fact_set(&facts->name, record->id);

	facts->role = ROLE_ORDINARY;
	if (r == 0)
		r = spec_fill(record->spec, facts);
	if (r == 0)
		r = fact_set(&facts->id, record->id);
	if (r == 0)
		r = fact_set(&facts->runtime, moby ? docker_ops.speaks : containerd_ops.speaks);
	if (r == 0 && record->runtime)
		r = fact_set(&facts->handler, record->runtime->name);
	return r < 0 ? r : facts_set_image(facts, record->image);
}

/*
 * The container of that id in one namespace. A process of it that runs must be in the cgroup that is asked
 * about: another namespace, or plain runc, may have the same id.
 */
static int namespace_lookup(struct containerd *containerd, const char *namespace, const struct runtime_request *request,
			    struct container_facts *facts)
{
	_cleanup_(message_done) Containerd__GetContainerResponse *answer = NULL;
	Containerd__GetContainerRequest which = CONTAINERD__GET_CONTAINER_REQUEST__INIT;
	struct grpc_call call = { CONTAINERS "Get", namespace, &which.base,
				  &containerd__get_container_response__descriptor };
	int r;

	which.id = (char *)request->id;
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r == -EINVAL ? -ENOENT : r;
	if (!answer->container || strcmp(answer->container->id, request->id) != 0)
		return -EBADMSG;
	r = task_fill(containerd, namespace, request->id, facts);
	if (is_fatal(r) || r == -ETIMEDOUT) /* whose it is was not seen */
		return r;
	if (facts->init_pid && process_in_cgroup(facts->init_pid, request->path) == 0)
		return -ENOENT;
	r = record_fill(answer->container, namespace, facts);
	return r < 0 ? r : details_fill(containerd, namespace, answer->container, facts);
}

static int namespaces_list(struct containerd *containerd, Containerd__ListNamespacesResponse **ret_list)
{
	struct grpc_call call = { "/containerd.services.namespaces.v1.Namespaces/List", NULL, NULL,
				  &containerd__list_namespaces_response__descriptor };

	return grpc_ask(containerd->http, &call, (ProtobufCMessage **)ret_list);
}

/* Is it the name of the path's last folder but one? `ctr` makes "/<namespace>/<id>". */
static bool path_suggests(const char *path, const char *namespace)
{
	const char *end = strrchr(path, '/');
	size_t length = strlen(namespace);

	return end && (size_t)(end - path) > length && end[-(ptrdiff_t)length - 1] == '/' &&
	       strncmp(end - length, namespace, length) == 0;
}

static int containerd_lookup(struct runtime_source *source, const struct runtime_request *request,
			     struct container_facts *ret_facts)
{
	struct containerd *containerd = (struct containerd *)source;
	_cleanup_(message_done) Containerd__ListNamespacesResponse *list = NULL;
	size_t count;
	int r;

	http_set_deadline(containerd->http, SOURCE_TIMEOUT);
	r = namespaces_list(containerd, &list);
	if (r < 0)
		return r;
	count = list->n_namespaces < NAMESPACES_MAX ? list->n_namespaces : NAMESPACES_MAX;
	for (size_t i = 0; i < 2 * count; i++) { /* once through those that the path suggests, then the others */
		_cleanup_(container_facts_clear) struct container_facts facts = { 0 };
		const char *namespace = list->namespaces[i % count]->name;

		if (path_suggests(request->path, namespace) != (i < count))
			continue;
		r = namespace_lookup(containerd, namespace, request, &facts);
		if (r == 0) {
			*ret_facts = facts;
			facts = (struct container_facts){ 0 };
		}
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

static int containerd_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	struct containerd *containerd = (struct containerd *)source;
	_cleanup_(message_done) Containerd__VersionResponse *answer = NULL;
	struct grpc_call call = { "/containerd.services.version.v1.Version/Version", NULL, NULL,
				  &containerd__version_response__descriptor };
	int r;

	http_set_deadline(containerd->http, PROBE_TIMEOUT);
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	(void)snprintf(ret_version, size, "%s", answer->version);
	return 0;
}

static void containerd_cancel(struct runtime_source *source)
{
	http_cancel(((struct containerd *)source)->http);
}

static void containerd_close(struct runtime_source *source)
{
	struct containerd *containerd = (struct containerd *)source;

	http_free(containerd->http);
	free(containerd->socket);
	free(containerd);
}

static int containerd_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	struct containerd *containerd = calloc(1, sizeof(*containerd));

	(void)host_root;
	if (!containerd)
		return -ENOMEM;
	containerd->http = http_new(addresses[0]);
	containerd->socket = strdup(addresses[0]);
	if (!containerd->http || !containerd->socket) {
		containerd_close(&containerd->base);
		return -ENOMEM;
	}
	containerd->base = (struct runtime_source){ .ops = &containerd_ops, .address = containerd->socket };
	*ret_source = &containerd->base;
	return 0;
}

const struct runtime_ops containerd_ops = {
	.name = "containerd",
	.speaks = "containerd",
	.lanes = 8,
	.open = containerd_open,
	.probe = containerd_probe,
	.lookup = containerd_lookup,
	.cancel = containerd_cancel,
	.close = containerd_close,
};
