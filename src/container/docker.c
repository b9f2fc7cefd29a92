/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker's Engine API, of any version (paths without one are the daemon's newest):
 * https://docs.docker.com/reference/api/engine/ ContainerInspect and ImageInspect.
 */
#include "container/runtime.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "container/http.h"

#define DIGEST_PREFIX "sha256:"

struct docker {
	struct runtime_source base;
	struct http *http;
	char *socket;
};

static inline void facts_done(struct container_facts *facts)
{
	container_facts_clear(facts);
}

static bool is_hex64(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* GET `prefix``what``suffix` -> an object. -ENOENT for 404, -EPROTO for another refusal. */
static int docker_get(struct docker *docker, const char *prefix, const char *what, const char *suffix,
		      json_t **ret_json)
{
	json_auto_t *json = NULL;
	_cleanup_free_ uint8_t *body = NULL;
	struct http_answer answer = { 0 };
	char path[160];
	int r;

	(void)snprintf(path, sizeof(path), "%s%s%s", prefix, what, suffix);
	r = http_ask(docker->http, &(struct http_request){ .path = path }, &answer);
	if (r < 0)
		return r;
	body = answer.body;
	if (answer.status != 200)
		return answer.status == 404 ? -ENOENT : -EPROTO;
	json = json_loadb(body ? (const char *)body : "", answer.size, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json))
		return -EBADMSG;
	*ret_json = take_ptr(json);
	return 0;
}

static const char *string_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
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
static bool named_by_id(const char *name, const char *id)
{
	if (strncmp(name, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0)
		return true;
	return strlen(name) >= 4 && id && strncmp(id + strlen(DIGEST_PREFIX), name, strlen(name)) == 0;
}

/* The digest that a registry knows the image by, where it came from one; else the image's own id. */
static int image_inspect(struct docker *docker, const char *id, struct container_facts *facts)
{
	json_auto_t *image = NULL;
	const char *reference, *digest;
	int r = docker_get(docker, "/images/", id, "/json", &image);

	if (r < 0)
		return r;
	if (!facts->image_name) {
		r = facts_set_image(facts, reference_of(json_object_get(image, "RepoTags"), NULL));
		if (r < 0)
			return r;
	}
	reference = reference_of(json_object_get(image, "RepoDigests"), facts->image_name);
	digest = reference ? strchr(reference, '@') : NULL;
	return digest ? fact_set(&facts->image_digest, digest + 1) : 0;
}

static int image_fill(struct docker *docker, const json_t *answer, struct container_facts *facts)
{
	const char *name = string_at(json_object_get(answer, "Config"), "Image");
	const char *id = string_at(answer, "Image");
	int r = 0;

	if (id && (strncmp(id, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) || !is_hex64(id + strlen(DIGEST_PREFIX))))
		id = NULL; /* it goes into a path */
	if (name && !named_by_id(name, id))
		r = facts_set_image(facts, name);
	if (r == 0 && facts->image_name && !facts->image_tag && !facts->image_digest)
		r = fact_set(&facts->image_tag, "latest"); /* what Docker takes where nothing is said */
	if (r == 0 && !facts->image_digest)
		r = fact_set(&facts->image_digest, id);
	if (r < 0 || !id)
		return r;
	r = image_inspect(docker, id, facts);
	return r == -ENOMEM || r == -ECANCELED ? r : 0; /* an image removed since has no other name to give */
}

static int facts_fill(const json_t *answer, const char *id, struct container_facts *facts)
{
	const json_t *state = json_object_get(answer, "State");
	json_int_t pid = json_integer_value(json_object_get(state, "Pid"));
	const char *said = string_at(answer, "Id"), *name = string_at(answer, "Name");
	int r;

	if (!said || strcmp(said, id) != 0)
		return -EBADMSG;
	facts->init_pid = pid > 0 && pid <= INT32_MAX ? (uint32_t)pid : 0;
	facts->started = fact_time(string_at(state, "StartedAt"));
	r = fact_set(&facts->id, id);
	if (r == 0)
		r = fact_set(&facts->name, name && *name == '/' ? name + 1 : name);
	return r < 0 ? r : fact_set(&facts->runtime, docker_ops.name);
}

/* By the whole id only: the API also takes names, and somebody's container may be called as a cgroup is. */
static int docker_lookup(struct runtime_source *source, const struct runtime_request *request,
			 struct container_facts *ret_facts)
{
	struct docker *docker = (struct docker *)source;
	_cleanup_(facts_done) struct container_facts facts = { 0 };
	json_auto_t *answer = NULL;
	int r;

	if (!is_hex64(request->id))
		return -ENOENT;
	http_set_deadline(docker->http, SOURCE_TIMEOUT);
	r = docker_get(docker, "/containers/", request->id, "/json", &answer);
	if (r == 0)
		r = facts_fill(answer, request->id, &facts);
	if (r == 0)
		r = image_fill(docker, answer, &facts);
	if (r < 0)
		return r;
	*ret_facts = facts;
	facts = (struct container_facts){ 0 };
	return 0;
}

static int docker_probe(struct runtime_source *source, char *ret_version, size_t size)
{
	struct docker *docker = (struct docker *)source;
	json_auto_t *answer = NULL;
	const char *version;
	int r;

	http_set_deadline(docker->http, SOURCE_TIMEOUT);
	r = docker_get(docker, "/version", "", "", &answer);
	if (r < 0)
		return r;
	version = string_at(answer, "Version");
	(void)snprintf(ret_version, size, "%s", version ? version : "");
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
	free(docker);
}

static int docker_open(const char *const *addresses, const char *host_root, struct runtime_source **ret_source)
{
	struct docker *docker = calloc(1, sizeof(*docker));

	(void)host_root;
	if (!docker)
		return -ENOMEM;
	docker->http = http_new(addresses[0]);
	docker->socket = strdup(addresses[0]);
	if (!docker->http || !docker->socket) {
		docker_close(&docker->base);
		return -ENOMEM;
	}
	docker->base = (struct runtime_source){ .ops = &docker_ops, .address = docker->socket };
	*ret_source = &docker->base;
	return 0;
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
