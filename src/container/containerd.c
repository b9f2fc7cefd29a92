/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containerd, on one socket: its own API, which has every namespace (`ctr`, nerdctl, Docker's, the CRI's),
 * and for what the CRI made, the CRI on top, which has the names that people gave.
 */
#include "container/runtime.h"

#include <string.h>

#include "base/cleanup.h"
#include "container/containerd.pb-c.h"
#include "container/cri.pb-c.h"
#include "container/facts.h"
#include "container/grpc.h"
#include "container/process.h"

#define NAMESPACES_MAX 64
#define CRI_NAMESPACE  "k8s.io"
#define CONTAINERS     "/containerd.services.containers.v1.Containers/"
#define CRI_RUNTIME    "/runtime.v1.RuntimeService/"

struct containerd {
	struct runtime_source base;
	struct http *http;
	char *socket;
};

/* protobuf-c frees every message by its own function, which all do the same. */
static inline void message_done(void *message)
{
	if (*(ProtobufCMessage **)message)
		protobuf_c_message_free_unpacked(*(ProtobufCMessage **)message, NULL);
}

static inline void facts_done(struct container_facts *facts)
{
	container_facts_clear(facts);
}

/* Labels that name a container or its pod: of the kubelet, and of nerdctl. */
static const struct {
	const char *key;
	size_t field;
} label_fields[] = {
	{ "io.kubernetes.container.name", offsetof(struct container_facts, name) },
	{ "io.kubernetes.pod.name", offsetof(struct container_facts, pod_name) },
	{ "io.kubernetes.pod.namespace", offsetof(struct container_facts, pod_namespace) },
	{ "nerdctl/name", offsetof(struct container_facts, name) },
};

static int label_fill(const char *key, const char *value, struct container_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(label_fields); i++)
		if (strcmp(key, label_fields[i].key) == 0)
			return fact_set((char **)((char *)facts + label_fields[i].field), value);
	return 0;
}

/* ---- the CRI ---- */

static int cri_sandbox_fill(struct containerd *containerd, const char *sandbox, struct container_facts *facts)
{
	_cleanup_(message_done) Cri__PodSandboxStatusResponse *answer = NULL;
	Cri__PodSandboxStatusRequest which = CRI__POD_SANDBOX_STATUS_REQUEST__INIT;
	struct grpc_call call = { CRI_RUNTIME "PodSandboxStatus", NULL, &which.base,
				  &cri__pod_sandbox_status_response__descriptor };
	int r;

	which.pod_sandbox_id = (char *)sandbox;
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (!answer->status || !answer->status->metadata)
		return -EBADMSG;
	r = fact_set(&facts->pod_name, answer->status->metadata->name);
	return r < 0 ? r : fact_set(&facts->pod_namespace, answer->status->metadata->namespace_);
}

/* The pod of a container that the kubelet did not label (crictl). */
static int cri_pod_fill(struct containerd *containerd, const char *id, struct container_facts *facts)
{
	_cleanup_(message_done) Cri__ListContainersResponse *answer = NULL;
	Cri__ContainerFilter filter = CRI__CONTAINER_FILTER__INIT;
	Cri__ListContainersRequest which = CRI__LIST_CONTAINERS_REQUEST__INIT;
	struct grpc_call call = { CRI_RUNTIME "ListContainers", NULL, &which.base,
				  &cri__list_containers_response__descriptor };
	int r;

	filter.id = (char *)id;
	which.filter = &filter;
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (answer->n_containers != 1 || strcmp(answer->containers[0]->id, id) != 0)
		return -ENOENT;
	return cri_sandbox_fill(containerd, answer->containers[0]->pod_sandbox_id, facts);
}

/* For an image that came from no registry it is a bare id, which says less than the digest that containerd
 * has. */
static int cri_image_fill(const char *reference, struct container_facts *facts)
{
	bool bare = strncmp(reference, "sha256:", strlen("sha256:")) == 0;

	return bare && facts->image_digest ? 0 : facts_set_image(facts, reference);
}

static int cri_status_fill(const Cri__ContainerStatus *status, struct container_facts *facts)
{
	size_t i = 0;
	int r;

	/* First the repository and digest that it came by, then what the pod's author wrote. */
	r = cri_image_fill(status->image_ref, facts);
	if (r == 0 && status->image)
		r = cri_image_fill(status->image->image, facts);
	if (r == 0 && status->metadata)
		r = fact_set(&facts->name, status->metadata->name);
	for (; r == 0 && i < status->n_labels; i++)
		r = label_fill(status->labels[i]->key, status->labels[i]->value, facts);
	if (status->started_at > 0)
		facts->started = (uint64_t)status->started_at / 1000000000;
	return r;
}

static int cri_fill(struct containerd *containerd, const char *id, struct container_facts *facts)
{
	_cleanup_(message_done) Cri__ContainerStatusResponse *answer = NULL;
	Cri__ContainerStatusRequest which = CRI__CONTAINER_STATUS_REQUEST__INIT;
	struct grpc_call call = { CRI_RUNTIME "ContainerStatus", NULL, &which.base,
				  &cri__container_status_response__descriptor };
	int r;

	which.container_id = (char *)id;
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r == -ENOENT) /* a pod's own container, which only holds its namespaces */
		return cri_sandbox_fill(containerd, id, facts);
	if (r < 0)
		return r;
	if (!answer->status || strcmp(answer->status->id, id) != 0)
		return -EBADMSG;
	r = cri_status_fill(answer->status, facts);
	return r < 0 || facts->pod_name ? r : cri_pod_fill(containerd, id, facts);
}

/* ---- containerd's own ---- */

static int image_digest_fill(struct containerd *containerd, const char *namespace, const char *name,
			     struct container_facts *facts)
{
	_cleanup_(message_done) Containerd__GetImageResponse *answer = NULL;
	Containerd__GetImageRequest which = CONTAINERD__GET_IMAGE_REQUEST__INIT;
	struct grpc_call call = { "/containerd.services.images.v1.Images/Get", namespace, &which.base,
				  &containerd__get_image_response__descriptor };
	int r;

	which.name = (char *)name;
	r = grpc_ask(containerd->http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (!answer->image || !answer->image->target)
		return -EBADMSG;
	return fact_set(&facts->image_digest, answer->image->target->digest);
}

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

/* Docker keeps its containers, but not its images, in a namespace of its own. */
static const char *runtime_of(const char *namespace)
{
	return strcmp(namespace, "moby") == 0 ? docker_ops.name : containerd_ops.name;
}

static int record_fill(const Containerd__Container *record, const char *namespace, struct container_facts *facts)
{
	int r = fact_set(&facts->id, record->id);

	if (r == 0)
		r = fact_set(&facts->name, record->id);
	if (r == 0)
		r = fact_set(&facts->runtime, runtime_of(namespace));
	if (r == 0)
		r = facts_set_image(facts, record->image);
	for (size_t i = 0; r == 0 && i < record->n_labels; i++)
		r = label_fill(record->labels[i]->key, record->labels[i]->value, facts);
	return r;
}

/* What must end a lookup at once; other errors only leave a fact unknown. */
static bool is_fatal(int r)
{
	return r == -ENOMEM || r == -ECANCELED || r == -ETIMEDOUT || r == -ENOTCONN;
}

/* Facts that the container's record does not hold. */
static int details_fill(struct containerd *containerd, const char *namespace, const char *image,
			struct container_facts *facts)
{
	int r = 0;

	if (*image)
		r = image_digest_fill(containerd, namespace, image, facts);
	if (!is_fatal(r) && strcmp(namespace, CRI_NAMESPACE) == 0)
		r = cri_fill(containerd, facts->id, facts);
	return is_fatal(r) ? r : 0;
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
	if (is_fatal(r))
		return r;
	if (facts->init_pid && process_in_cgroup(facts->init_pid, request->path) == 0)
		return -ENOENT;
	r = record_fill(answer->container, namespace, facts);
	return r < 0 ? r : details_fill(containerd, namespace, answer->container->image, facts);
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
		_cleanup_(facts_done) struct container_facts facts = { 0 };
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

	http_set_deadline(containerd->http, SOURCE_TIMEOUT);
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
