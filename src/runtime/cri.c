/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cri.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "runtime/cri.pb-c.h"
#include "runtime/grpc.h"
#include "runtime/image_config.h"
#include "runtime/oci_spec.h"
#include "container/process.h"

#define RUNTIME_SERVICE "/runtime.v1.RuntimeService/"
#define IMAGE_SERVICE   "/runtime.v1.ImageService/"

/* A pod that is gone meanwhile, or an answer that is none, only leaves something unknown. */
static int only_fatal(int r)
{
	return r == -ENOMEM || r == -ECANCELED || r == -ENOTCONN ? r : 0;
}

static const struct {
	const char *key;
	size_t field;
} label_fields[] = {
	{ "io.kubernetes.container.name", offsetof(struct container_facts, name) },
	{ "io.kubernetes.pod.name", offsetof(struct container_facts, pod_name) },
	{ "io.kubernetes.pod.namespace", offsetof(struct container_facts, pod_namespace) },
	{ "io.kubernetes.pod.uid", offsetof(struct container_facts, pod_uid) },
};

int cri_label_fill(const char *key, const char *value, struct container_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(label_fields); i++)
		if (strcmp(key, label_fields[i].key) == 0)
			return fact_set((char **)((char *)facts + label_fields[i].field), value);
	return 0;
}

static int label_compare(const void *one, const void *other)
{
	return strcmp((*(const Cri__Label *const *)one)->key, (*(const Cri__Label *const *)other)->key);
}

/* Maps come in any order: sorted, what a bound cuts off is always the same. */
static void labels_sort(Cri__Label **labels, size_t count)
{
	if (count > 1)
		qsort(labels, count, sizeof(labels[0]), label_compare);
}

static int labels_fill(Cri__Label **labels, size_t count, struct container_facts *facts)
{
	int r = 0;

	labels_sort(labels, count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = cri_label_fill(labels[i]->key, labels[i]->value, facts);
		if (r == 0)
			r = labels_add(&facts->labels, labels[i]->key, labels[i]->value);
	}
	return r;
}

/* Annotations name nothing: they are kept as labels are, behind them. */
static int annotations_fill(Cri__Label **annotations, size_t count, struct container_facts *facts)
{
	int r = 0;

	labels_sort(annotations, count);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = labels_add(&facts->labels, annotations[i]->key, annotations[i]->value);
	return r;
}

/* ---- what is said beyond the interface ---- */

/* The JSON that containerd and CRI-O put under "info"; NULL: none, or rubbish. */
static json_t *info_parse(Cri__Label *const *info, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(info[i]->key, "info") == 0)
			return json_loads(info[i]->value, JSON_REJECT_DUPLICATES, NULL);
	return NULL;
}

static int info_fill(const json_t *info, struct container_facts *facts)
{
	json_int_t pid = json_integer_value(json_object_get(info, "pid"));
	int r = oci_spec_fill(json_object_get(info, "runtimeSpec"), facts);

	if (pid > 0 && pid <= INT32_MAX) {
		facts->init_pid = (uint32_t)pid;
		facts->started = process_started(facts->init_pid);
	}
	return r < 0 ? r : facts_set_image(facts, json_string_value(json_object_get(info, "image")));
}

/* ---- the pod ---- */

static int sandbox_ask(struct http *http, const char *id, bool verbose, Cri__PodSandboxStatusResponse **ret_answer)
{
	_cleanup_(message_done) Cri__PodSandboxStatusResponse *answer = NULL;
	Cri__PodSandboxStatusRequest which = CRI__POD_SANDBOX_STATUS_REQUEST__INIT;
	struct grpc_call call = { RUNTIME_SERVICE "PodSandboxStatus", NULL, &which.base,
				  &cri__pod_sandbox_status_response__descriptor };
	int r;

	which.pod_sandbox_id = (char *)id;
	which.verbose = verbose;
	r = grpc_ask(http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (!answer->status || !answer->status->metadata || strcmp(answer->status->id, id) != 0)
		return -EBADMSG;
	*ret_answer = take_ptr(answer);
	return 0;
}

enum { NAMESPACE_NODE = 2 };

/* A container joins its sandbox's namespaces: only the pod tells that these are the node's. */
static uint32_t node_flags(const Cri__PodSandboxStatus *status)
{
	const Cri__Namespace *namespaces = status->linux_ ? status->linux_->namespaces : NULL;
	const Cri__NamespaceOption *options = namespaces ? namespaces->options : NULL;

	if (!options)
		return 0;
	return (options->network == NAMESPACE_NODE ? RUN_HOST_NETWORK : 0) |
	       (options->pid == NAMESPACE_NODE ? RUN_HOST_PID : 0) |
	       (options->ipc == NAMESPACE_NODE ? RUN_HOST_IPC : 0);
}

static int pod_fill(const Cri__PodSandboxStatus *status, struct container_facts *facts)
{
	int r = labels_fill(status->labels, status->n_labels, facts);

	if (facts->run.known)
		facts->run.flags |= node_flags(status);
	if (r == 0)
		r = fact_set(&facts->pod_name, status->metadata->name);
	if (r == 0)
		r = fact_set(&facts->pod_namespace, status->metadata->namespace_);
	if (r == 0)
		r = fact_set(&facts->pod_uid, status->metadata->uid);
	if (r == 0 && !facts->handler)
		r = fact_set(&facts->handler, status->runtime_handler);
	return r;
}

static int sandbox_fill(struct http *http, const char *id, bool verbose, struct container_facts *facts)
{
	_cleanup_(message_done) Cri__PodSandboxStatusResponse *answer = NULL;
	json_auto_t *info = NULL;
	int r = sandbox_ask(http, id, verbose, &answer);

	if (r < 0)
		return r;
	info = info_parse(answer->info, answer->n_info);
	r = info_fill(info, facts);
	if (r == 0)
		r = pod_fill(answer->status, facts);
	if (r == 0)
		r = annotations_fill(answer->status->annotations, answer->status->n_annotations, facts);
	facts->role = ROLE_SANDBOX;
	return r;
}

/* ---- the container ---- */

/* For an image that came from no registry it is a bare id, which says less than the digest that there may be. */
static int image_told(const char *reference, struct container_facts *facts)
{
	bool bare = strncmp(reference, "sha256:", strlen("sha256:")) == 0;

	return bare && facts->image_digest ? 0 : facts_set_image(facts, reference);
}

static int status_fill(const Cri__ContainerStatus *status, struct container_facts *facts)
{
	int r;

	/* First the repository and digest that it came by, then what the pod's author wrote. */
	r = image_told(status->image_ref, facts);
	if (r == 0 && status->image)
		r = image_told(status->image->image, facts);
	if (r == 0 && status->metadata)
		r = fact_set(&facts->name, status->metadata->name);
	if (r == 0)
		r = labels_fill(status->labels, status->n_labels, facts);
	if (status->started_at > 0)
		facts->started = (uint64_t)status->started_at / 1000000000;
	facts->role = ROLE_ORDINARY;
	return r;
}

/* Whose container it is: only this call tells, where nothing beyond the interface was asked for. */
static int sandbox_find(struct http *http, const char *id, char **ret_sandbox)
{
	_cleanup_(message_done) Cri__ListContainersResponse *answer = NULL;
	Cri__ContainerFilter filter = CRI__CONTAINER_FILTER__INIT;
	Cri__ListContainersRequest which = CRI__LIST_CONTAINERS_REQUEST__INIT;
	struct grpc_call call = { RUNTIME_SERVICE "ListContainers", NULL, &which.base,
				  &cri__list_containers_response__descriptor };
	int r;

	filter.id = (char *)id;
	which.filter = &filter;
	r = grpc_ask(http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	if (answer->n_containers != 1 || strcmp(answer->containers[0]->id, id) != 0)
		return -ENOENT;
	return fact_set(ret_sandbox, answer->containers[0]->pod_sandbox_id);
}

static int container_pod_ask(struct http *http, const char *id, const json_t *info,
			     Cri__PodSandboxStatusResponse **ret_pod)
{
	_cleanup_free_ char *sandbox = NULL;
	int r = fact_set(&sandbox, json_string_value(json_object_get(info, "sandboxID")));

	if (r == 0 && !sandbox)
		r = sandbox_find(http, id, &sandbox);
	if (r == 0 && !sandbox)
		r = -ENOENT;
	return r < 0 ? r : sandbox_ask(http, sandbox, false, ret_pod);
}

/* What it was started from, in the most exact words that there are. */
static const char *image_reference(const Cri__ContainerStatus *status)
{
	if (*status->image_id)
		return status->image_id;
	return *status->image_ref || !status->image ? status->image_ref : status->image->image;
}

static int container_fill(struct http *http, const Cri__ContainerStatusResponse *answer, bool verbose,
			  struct container_facts *facts)
{
	_cleanup_(message_done) Cri__PodSandboxStatusResponse *pod = NULL;
	const Cri__ContainerStatus *status = answer->status;
	json_auto_t *info = info_parse(answer->info, answer->n_info);
	int r = info_fill(info, facts);

	if (r == 0)
		r = status_fill(status, facts);
	if (r == 0)
		r = only_fatal(container_pod_ask(http, status->id, info, &pod));
	if (r == 0 && pod)
		r = pod_fill(pod->status, facts);
	if (r == 0)
		r = annotations_fill(status->annotations, status->n_annotations, facts);
	if (r == 0 && pod)
		r = annotations_fill(pod->status->annotations, pod->status->n_annotations, facts);
	return r < 0 || !verbose ? r : only_fatal(cri_image_fill(http, image_reference(status), facts));
}

int cri_fill(struct http *http, const char *id, bool verbose, struct container_facts *facts)
{
	_cleanup_(message_done) Cri__ContainerStatusResponse *answer = NULL;
	Cri__ContainerStatusRequest which = CRI__CONTAINER_STATUS_REQUEST__INIT;
	struct grpc_call call = { RUNTIME_SERVICE "ContainerStatus", NULL, &which.base,
				  &cri__container_status_response__descriptor };
	int r;

	which.container_id = (char *)id;
	which.verbose = verbose;
	r = grpc_ask(http, &call, (ProtobufCMessage **)&answer);
	if (r == -ENOENT) /* a pod's own container, which only holds its namespaces */
		return sandbox_fill(http, id, verbose, facts);
	if (r < 0)
		return r;
	if (!answer->status || strcmp(answer->status->id, id) != 0)
		return -EBADMSG;
	return container_fill(http, answer, verbose, facts);
}

/* ---- images ---- */

static int image_name_fill(const Cri__Image *image, struct container_facts *facts)
{
	const char *tag = image->n_repo_tags ? image->repo_tags[0] : NULL;
	const char *digest = image->n_repo_digests ? strchr(image->repo_digests[0], '@') : NULL;
	int r = facts->image_name ? 0 : facts_set_image(facts, tag);

	return r < 0 || !digest || facts->image_digest ? r : fact_set(&facts->image_digest, digest + 1);
}

/* CRI-O's ids are bare. */
static int image_id_fill(const char *id, struct container_facts *facts)
{
	_cleanup_free_ char *digest = NULL;
	int r;

	if (!*id)
		return 0;
	if (asprintf(&digest, "%s%s", strchr(id, ':') ? "" : "sha256:", id) < 0) {
		digest = NULL;
		return -ENOMEM;
	}
	r = fact_set(&facts->image->id, digest);
	return r < 0 || facts->image_digest ? r : fact_set(&facts->image_digest, digest);
}

static int image_fill(const Cri__ImageStatusResponse *answer, struct container_facts *facts)
{
	json_auto_t *info = info_parse(answer->info, answer->n_info);
	int r;

	if (!facts->image)
		facts->image = image_facts_new();
	if (!facts->image)
		return -ENOMEM;
	r = image_name_fill(answer->image, facts);
	if (r == 0)
		r = image_id_fill(answer->image->id, facts);
	return r < 0 ? r : image_config_fill(json_object_get(info, "imageSpec"), facts->image);
}

int cri_image_fill(struct http *http, const char *reference, struct container_facts *facts)
{
	_cleanup_(message_done) Cri__ImageStatusResponse *answer = NULL;
	Cri__ImageSpec image = CRI__IMAGE_SPEC__INIT;
	Cri__ImageStatusRequest which = CRI__IMAGE_STATUS_REQUEST__INIT;
	struct grpc_call call = { IMAGE_SERVICE "ImageStatus", NULL, &which.base,
				  &cri__image_status_response__descriptor };
	int r;

	image.image = (char *)reference;
	which.image = &image;
	which.verbose = true;
	r = grpc_ask(http, &call, (ProtobufCMessage **)&answer);
	if (r < 0)
		return r;
	return answer->image ? image_fill(answer, facts) : -ENOENT;
}

int cri_version(struct http *http, char *ret_version, size_t size)
{
	_cleanup_(message_done) Cri__VersionResponse *answer = NULL;
	struct grpc_call call = { RUNTIME_SERVICE "Version", NULL, NULL, &cri__version_response__descriptor };
	int r = grpc_ask(http, &call, (ProtobufCMessage **)&answer);

	if (r < 0)
		return r;
	(void)snprintf(ret_version, size, "%s %s", answer->runtime_name, answer->runtime_version);
	return 0;
}
