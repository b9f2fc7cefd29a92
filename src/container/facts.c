/* SPDX-License-Identifier: Apache-2.0 */
#include "container/facts.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"

/* Every field of struct container_facts that is one owned string; those of the image's name go together. */
static const size_t string_fields[] = {
	offsetof(struct container_facts, id),           offsetof(struct container_facts, name),
	offsetof(struct container_facts, runtime),      offsetof(struct container_facts, handler),
	offsetof(struct container_facts, pod_name),     offsetof(struct container_facts, pod_namespace),
	offsetof(struct container_facts, pod_uid),      offsetof(struct container_facts, run.seccomp),
	offsetof(struct container_facts, run.apparmor),
};

static const size_t image_fields[] = {
	offsetof(struct container_facts, image_name),
	offsetof(struct container_facts, image_tag),
	offsetof(struct container_facts, image_digest),
};

static char **string_field(struct container_facts *facts, size_t offset)
{
	return (char **)((char *)facts + offset);
}

void container_facts_clear(struct container_facts *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(string_fields); i++)
		free(*string_field(facts, string_fields[i]));
	for (size_t i = 0; i < ARRAY_SIZE(image_fields); i++)
		free(*string_field(facts, image_fields[i]));
	image_facts_drop(facts->image);
	labels_clear(&facts->labels);
	labels_clear(&facts->run.mounts);
	*facts = (struct container_facts){ 0 };
}

int fact_set(char **field, const char *value)
{
	char *copy = NULL;

	if (!value || !*value || strlen(value) > FACT_MAX)
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*field);
	*field = copy;
	return 0;
}

int facts_set_image(struct container_facts *facts, const char *reference)
{
	_cleanup_free_ char *name = reference ? strdup(reference) : NULL;
	char *digest, *slash, *colon;
	int r;

	if (!name)
		return reference ? -ENOMEM : 0;
	if (strncmp(name, "sha256:", strlen("sha256:")) == 0)
		return fact_set(&facts->image_digest, name);
	digest = strchr(name, '@');
	if (digest)
		*digest++ = '\0';
	slash = strrchr(name, '/'); /* a colon before it is a registry's port */
	colon = strrchr(slash ? slash : name, ':');
	if (colon)
		*colon++ = '\0';
	r = fact_set(&facts->image_digest, digest);
	if (r == 0)
		r = fact_set(&facts->image_tag, colon);
	return r < 0 ? r : fact_set(&facts->image_name, name);
}

uint64_t fact_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	time_t seconds, offset;

	if (!rest)
		return 0;
	seconds = timegm(&tm);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	rest = strptime(rest, "%z", &tm);
	offset = tm.tm_gmtoff;
	if (!rest || *rest || seconds <= offset)
		return 0;
	return (uint64_t)(seconds - offset);
}

/* ---- labels ---- */

int labels_append(struct label_list *labels, const char *text)
{
	_cleanup_free_ char *copy = NULL;
	char **items;

	if (labels->count >= LABELS_MAX || strlen(text) > FACT_MAX)
		return 0;
	copy = strdup(text);
	items = copy ? realloc(labels->items, (labels->count + 1) * sizeof(*items)) : NULL;
	if (!items)
		return -ENOMEM;
	labels->items = items;
	items[labels->count++] = take_ptr(copy);
	return 0;
}

const char *labels_get(const struct label_list *labels, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < labels->count; i++)
		if (strncmp(labels->items[i], key, length) == 0 && labels->items[i][length] == '=')
			return labels->items[i] + length + 1;
	return NULL;
}

int labels_add(struct label_list *labels, const char *key, const char *value)
{
	_cleanup_free_ char *text = NULL;

	if (!*key || strchr(key, '=') || labels_get(labels, key))
		return 0;
	if (asprintf(&text, "%s=%s", key, value) < 0) {
		text = NULL;
		return -ENOMEM;
	}
	return labels_append(labels, text);
}

void labels_clear(struct label_list *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		free(labels->items[i]);
	free(labels->items);
	*labels = (struct label_list){ 0 };
}

/* Takes over what `more` has by keys that are missing. */
static int labels_complete(struct label_list *labels, struct label_list *more)
{
	bool came = false;

	if (labels->count == 0 && more->count > 0) {
		*labels = *more;
		*more = (struct label_list){ 0 };
		return 1;
	}
	for (size_t i = 0; i < more->count; i++) {
		size_t before = labels->count;
		char *text = more->items[i], *equals = strchr(text, '=');
		int r;

		if (!equals)
			continue;
		*equals = '\0';
		r = labels_add(labels, text, equals + 1);
		*equals = '=';
		if (r < 0)
			return r;
		came |= labels->count > before;
	}
	return came;
}

/* ---- images ---- */

struct image_facts *image_facts_new(void)
{
	struct image_facts *image = calloc(1, sizeof(*image));

	if (image)
		image->refs = 1;
	return image;
}

struct image_facts *image_facts_ref(struct image_facts *image)
{
	if (image)
		image->refs++;
	return image;
}

void image_facts_drop(struct image_facts *image)
{
	if (!image || --image->refs > 0)
		return;
	free(image->id);
	free(image->user);
	free(image->entry_point);
	free(image->exposed);
	labels_clear(&image->labels);
	labels_clear(&image->history);
	free(image);
}

/* ---- one of several answers ---- */

static bool field_complete(struct container_facts *facts, struct container_facts *more, size_t offset)
{
	char **field = string_field(facts, offset), **from = string_field(more, offset);

	if (*field || !*from)
		return false;
	*field = take_ptr(*from);
	return true;
}

/* A name with another's tag would be nobody's: what is there is only completed where the names agree. */
static bool image_name_complete(struct container_facts *facts, struct container_facts *more)
{
	bool came = false;

	if (facts->image_name && (!more->image_name || strcmp(facts->image_name, more->image_name) != 0))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(image_fields); i++)
		came |= field_complete(facts, more, image_fields[i]);
	return came;
}

static bool run_complete(struct run_facts *run, struct run_facts *more)
{
	if (run->known || !more->known)
		return false;
	run->known = true;
	run->flags = more->flags;
	run->capabilities = more->capabilities;
	labels_clear(&run->mounts);
	run->mounts = more->mounts;
	more->mounts = (struct label_list){ 0 };
	return true;
}

int facts_complete(struct container_facts *facts, struct container_facts *more)
{
	bool came = image_name_complete(facts, more) | run_complete(&facts->run, &more->run);
	int labels;

	for (size_t i = 0; i < ARRAY_SIZE(string_fields); i++)
		came |= field_complete(facts, more, string_fields[i]);
	if (!facts->image && more->image) {
		facts->image = take_ptr(more->image);
		came = true;
	}
	if (facts->role == ROLE_UNKNOWN && more->role != ROLE_UNKNOWN) {
		facts->role = more->role;
		came = true;
	}
	if (!facts->init_pid)
		facts->init_pid = more->init_pid;
	if (!facts->started)
		facts->started = more->started;
	labels = labels_complete(&facts->labels, &more->labels);
	return labels < 0 ? labels : came || labels;
}
