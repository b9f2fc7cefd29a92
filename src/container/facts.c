/* SPDX-License-Identifier: Apache-2.0 */
#include "container/facts.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"

void container_facts_clear(struct container_facts *facts)
{
	free(facts->id);
	free(facts->name);
	free(facts->runtime);
	free(facts->image_name);
	free(facts->image_tag);
	free(facts->image_digest);
	free(facts->pod_name);
	free(facts->pod_namespace);
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
