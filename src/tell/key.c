// SPDX-License-Identifier: Apache-2.0
#include "tell/key.h"

#include "detect/subject.h"

uint64_t container_key(const struct container *container)
{
	uint64_t key = container->facts.id ? subject_hash(container->facts.id) : container->cgroup;

	return key ? key : 1;
}

struct search {
	uint64_t key;
	const struct container *found;
};

static void search_match(struct container *container, void *data)
{
	struct search *search = data;

	if (container_key(container) == search->key)
		search->found = container;
}

const struct container *container_of_key(struct registry *registry, uint64_t key)
{
	struct search search = { .key = key };

	registry_for_each(registry, search_match, &search);
	return search.found;
}
