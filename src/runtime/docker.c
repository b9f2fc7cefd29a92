/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's Engine API, of any version (paths without one are the daemon's newest):
 * https://docs.docker.com/reference/api/engine/ ContainerInspect, ImageInspect and ImageHistory. And Podman's, by the
 * paths of its own that tell more, above all the pod:
 * https://docs.podman.io/en/latest/_static/api.html ContainerInspectLibpod, ImageInspectLibpod and PodInspectLibpod.
 */
#include "runtime/runtime.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "runtime/http.h"
#include "runtime/image_config.h"
#include "runtime/inspect.h"
#include "runtime/storage.h"

#define DIGEST_PREFIX "sha256:"
#define ID_DIGITS     64

/* How the two differ. Paths end where an id is put, and behind it. */
struct dialect {
	const char *runtime;
	const char *containers, *images;
	const char *history; /* behind an image's path; NULL where the image's own answer has it */
	const char *pods;    /* NULL: it has none */
};

static const struct dialect docker_dialect = { "docker", "/containers/", "/images/", "/history", NULL };
static const struct dialect podman_dialect = { "podman", "/v4.0.0/libpod/containers/", "/v4.0.0/libpod/images/", NULL,
					       "/v4.0.0/libpod/pods/" };

struct docker {
	struct runtime_source base;
	const struct dialect *dialect;
	struct http *http;
	char *socket;
	char *owner; /* part of the cgroup paths of a user's own containers, where the socket is a user's; or NULL */
};

/* The digits of "sha256:...", or of a bare id; NULL for what is no id, and must not go into a path. */
static const char *id_digits(const char *id)
{
	if (id && strncmp(id, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
		id += strlen(DIGEST_PREFIX);
	return is_hex64(id) ? id : NULL;
}

/*
 * Podman also listens where Docker would (its package podman-docker makes a link): then its own paths are asked, and
 * its containers are not called Docker's.
 */
static bool is_podman_in_disguise(const struct docker *docker, const struct http_answer *answer)
{
	return docker->dialect == &docker_dialect && strncmp(answer->server, "Libpod/", strlen("Libpod/")) == 0;
}

/*
 * GET `prefix``what``suffix` -> JSON of that type. -ENOENT for 404, -EPROTO for another refusal, -EAGAIN: it is Podman,
 * whose dialect is spoken from here on.
 */
static int docker_get(struct docker *docker, const char *const path_parts[static 3], json_type type, json_t **ret_json)
{
	json_auto_t *json = NULL;
	_cleanup_free_ uint8_t *body = NULL;
	struct http_answer answer = { 0 };
	char path[160];
	int r;

	(void)snprintf(path, sizeof(path), "%s%s%s", path_parts[0], path_parts[1], path_parts[2]);
	r = http_ask(docker->http, &(struct http_request){ .path = path }, &answer);
	if (r < 0)
		return r;
	body = answer.body;
	if (is_podman_in_disguise(docker, &answer)) {
		docker->dialect = &podman_dialect;
		return -EAGAIN;
	}
	if (answer.status != 200)
		return answer.status == 404 ? -ENOENT : -EPROTO;
	json = json_loadb(body ? (const char *)body : "", answer.size, JSON_REJECT_DUPLICATES, NULL);
	if (!json || json_typeof(json) != type)
		return -EBADMSG;
	*ret_json = take_ptr(json);
	return 0;
}

/* The entry of an array of references that is of this repository, else the first; NULL without any. */
static const char *reference_of(const json_t *references, const char *repository)
{
	const char *first = json_string_value(json_array_get(references, 0));
	size_t length = repository ? strlen(repository) : 0;
	json_t *entry;
	size_t i;

	json_array_foreach (references, i, entry) {
		const char *text = json_string_value(entry);

		if (text && length && strncmp(text, repository, length) == 0 && strchr("@:", text[length]))
			return text;
	}
	return first;
}

/* Was the container started by the image's id ("docker run 0123456789ab") rather than by a name? */
static bool named_by_id(const char *name, const char *digits)
{
	if (strncmp(name, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
		return true;
	return strlen(name) >= 4 && digits && strncmp(digits, name, strlen(name)) == 0;
}

/* ---- the image ---- */

/* The digest that a registry knows the image by, where it came from one; else the image's own id stays. */
static int image_name_fill(const json_t *image, struct container_facts *facts)
{
	const char *reference, *digest;
	int r = 0;

	if (!facts->image_name)
		r = facts_set_image(facts, reference_of(json_object_get(image, "RepoTags"), NULL));
	if (r < 0)
		return r;
	reference = reference_of(json_object_get(image, "RepoDigests"), facts->image_name);
	digest = reference ? strchr(reference, '@') : NULL;
	return digest ? fact_set(&facts->image_digest, digest + 1) : 0;
}

static int image_history_ask(struct docker *docker, const char *digits, struct image_facts *image)
{
	json_auto_t *history = NULL;
	int r;

	if (!docker->dialect->history)
		return 0;
	r = docker_get(docker, (const char *[]){ docker->dialect->images, digits, docker->dialect->history },
		       JSON_ARRAY, &history);
	return r < 0 ? r : image_history_fill(history, true, image);
}

static int image_ask(struct docker *docker, const char *digits, struct container_facts *facts)
{
	json_auto_t *image = NULL;
	int r = docker_get(docker, (const char *[]){ docker->dialect->images, digits, "/json" }, JSON_OBJECT, &image);

	if (r == 0)
		r = image_name_fill(image, facts);
	if (r == 0)
		r = image_config_fill(image, facts->image);
	return r < 0 ? r : image_history_ask(docker, digits, facts->image);
}

/* What the image was called when the container was made, and its id. */
static int image_told(const json_t *answer, const char *digits, struct container_facts *facts)
{
	const char *name = json_text(answer, "ImageName"); /* Podman's: the whole name */
	char id[sizeof(DIGEST_PREFIX) + ID_DIGITS];
	int r = 0;

	if (!name || !*name)
		name = json_text(json_object_get(answer, "Config"), "Image");
	if (name && !named_by_id(name, digits))
		r = facts_set_image(facts, name);
	if (r == 0 && facts->image_name && !facts->image_tag && !facts->image_digest)
		r = fact_set(&facts->image_tag, "latest"); /* what Docker takes where nothing is said */
	if (r < 0 || !digits)
		return r;
	(void)snprintf(id, sizeof(id), DIGEST_PREFIX "%s", digits);
	if (!facts->image_digest)
		r = fact_set(&facts->image_digest, id);
	return r < 0 ? r : fact_set(&facts->image->id, id);
}

/* What must end a lookup; else a container that went away meanwhile, or its image, has no more to tell. */
static int only_fatal(int r)
{
	return r == -ENOMEM || r == -ECANCELED ? r : 0;
}

static int image_fill(struct docker *docker, const json_t *answer, struct container_facts *facts)
{
	const char *digits = id_digits(json_text(answer, "Image"));
	int r;

	facts->image = image_facts_new();
	if (!facts->image)
		return -ENOMEM;
	r = image_told(answer, digits, facts);
	return r < 0 || !digits ? r : only_fatal(image_ask(docker, digits, facts));
}

/* ---- the pod ---- */

static int pod_fill(struct docker *docker, const json_t *answer, struct container_facts *facts)
{
	const char *id = json_text(answer, "Pod");
	json_auto_t *pod = NULL;
	int r;

	if (!docker->dialect->pods || !is_hex64(id))
		return 0;
	r = fact_set(&facts->pod_uid, id);
	if (r == 0)
		r = docker_get(docker, (const char *[]){ docker->dialect->pods, id, "/json" }, JSON_OBJECT, &pod);
	if (r == 0)
		r = fact_set(&facts->pod_name, json_text(pod, "Name"));
	if (r == 0)
		r = labels_add_json(&facts->labels, json_object_get(pod, "Labels"));
	return only_fatal(r);
}

/* ---- the container ---- */

/* Labels that the image does not give too come first: an image with very many cannot crowd them out. */
static int labels_fill(const json_t *labels, struct container_facts *facts)
{
	const char *key;
	json_t *value;
	int r = 0;

	json_object_foreach ((json_t *)labels, key, value) {
		const char *text = json_string_value(value), *shipped = labels_get(&facts->image->labels, key);

		if (r == 0 && text && (!shipped || strcmp(shipped, text) != 0))
			r = labels_add(&facts->labels, key, text);
	}
	return r < 0 ? r : labels_add_json(&facts->labels, labels);
}

static int facts_fill(struct docker *docker, const json_t *answer, const char *id, struct container_facts *facts)
{
	const char *said = json_text(answer, "Id");
	int r;

	if (!said || strcmp(said, id) != 0)
		return -EBADMSG;
	facts->role = json_is_true(json_object_get(answer, "IsInfra")) ? ROLE_SANDBOX : ROLE_ORDINARY;
	facts->run.flags = docker->owner ? RUN_USER_NAMESPACE : 0; /* or the user could not have started it */
	r = fact_set(&facts->id, id);
	if (r == 0)
		r = fact_set(&facts->runtime, docker->dialect->runtime);
	if (r == 0)
		r = inspect_fill(answer, facts);
	if (r == 0)
		r = image_fill(docker, answer, facts);
	if (r == 0)
		r = labels_fill(json_object_get(json_object_get(answer, "Config"), "Labels"), facts);
	return r < 0 ? r : pod_fill(docker, answer, facts);
}

static int container_get(struct docker *docker, const char *id, json_t **ret_answer)
{
	return docker_get(docker, (const char *[]){ docker->dialect->containers, id, "/json" }, JSON_OBJECT,
			  ret_answer);
}

/* By the whole id only: the API also takes names, and somebody's container may be called as a cgroup is. */
static int docker_lookup(struct runtime_source *source, const struct runtime_request *request,
			 struct container_facts *ret_facts)
{
	struct docker *docker = (struct docker *)source;
	_cleanup_(container_facts_clear) struct container_facts facts = { 0 };
	json_auto_t *answer = NULL;
	int r;

	if (!is_hex64(request->id) || (docker->owner && !strstr(request->path, docker->owner)))
		return -ENOENT;
	http_set_deadline(docker->http, SOURCE_TIMEOUT);
	r = container_get(docker, request->id, &answer);
	if (r == -EAGAIN)
		r = container_get(docker, request->id, &answer);
	if (r == 0)
		r = facts_fill(docker, answer, request->id, &facts);
	if (r < 0)
		return r;
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

static int docker_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	static const char *const path[] = { "/version", "", "" };
	struct docker *docker = (struct docker *)source;
	json_auto_t *answer = NULL;
	const char *version;
	int r;

	http_set_deadline(docker->http, PROBE_TIMEOUT);
	r = docker_get(docker, path, JSON_OBJECT, &answer);
	if (r == -EAGAIN)
		r = docker_get(docker, path, JSON_OBJECT, &answer);
	if (r < 0)
		return r;
	version = json_text(answer, "Version");
	(void)snprintf(ret_version, size, "%s%s", version ? version : "",
		       docker->dialect->runtime == source->ops->name ? "" : " (Podman)");
	return 0;
}

static void docker_cancel(struct runtime_source *source)
{
	http_cancel(((struct docker *)source)->http);
}

static void docker_close(struct runtime_source *source)
{
	struct docker *docker = (struct docker *)source;

	http_free(docker->http);
	free(docker->socket);
	free(docker->owner);
	free(docker);
}

/*
 * A socket below /run/user/UID is what that user says it is: it is believed of containers in that user's slice only.
 * 0 or -ENOMEM.
 */
static int owner_find(const char *socket, char **ret_owner)
{
	static const char users[] = "/run/user/";
	const char *user = strstr(socket, users);
	size_t digits = user ? strspn(user + strlen(users), "0123456789") : 0;

	if (digits == 0)
		return 0;
	return asprintf(ret_owner, "/user-%.*s.slice/", (int)digits, user + strlen(users)) < 0 ? -ENOMEM : 0;
}

static int source_open(const struct runtime_ops *ops, const struct dialect *dialect, const char *address,
		       struct runtime_source **ret_source)
{
	struct docker *docker = calloc(1, sizeof(*docker));

	if (!docker)
		return -ENOMEM;
	docker->http = http_new(address);
	docker->socket = strdup(address);
	if (!docker->http || !docker->socket || owner_find(address, &docker->owner) < 0) {
		docker_close(&docker->base);
		return -ENOMEM;
	}
	docker->dialect = dialect;
	docker->base = (struct runtime_source){ .ops = ops, .address = docker->socket };
	*ret_source = &docker->base;
	return 0;
}

static int docker_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	(void)host_root;
	return source_open(&docker_ops, &docker_dialect, addresses[0], ret_source);
}

static int podman_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	(void)host_root;
	return source_open(&podman_ops, &podman_dialect, addresses[0], ret_source);
}

const struct runtime_ops docker_ops = {
	.name = "docker",
	.speaks = "docker",
	.lanes = 8,
	.open = docker_open,
	.probe = docker_probe,
	.lookup = docker_lookup,
	.cancel = docker_cancel,
	.close = docker_close,
};

const struct runtime_ops podman_ops = {
	.name = "podman",
	.speaks = "podman",
	.lanes = 4,
	.open = podman_open,
	.probe = docker_probe,
	.lookup = docker_lookup,
	.cancel = docker_cancel,
	.close = docker_close,
};
