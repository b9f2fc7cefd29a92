/* SPDX-License-Identifier: Apache-2.0 */
#include "container/registry.h"

#include <string.h>

#include "base/cleanup.h"

#define BUCKETS 1024

struct held {
	struct held *next;
	uint64_t time;
	size_t size;
	_Alignas(max_align_t) unsigned char blob[];
};

struct entry {
	struct container container;
	struct held *first, **end;
	size_t held;                 /* bytes */
	struct entry *next;          /* of the bucket */
	struct entry *older, *newer; /* of those that hold something, by their first event */
};

struct registry {
	size_t max, size;
	void (*release)(struct container *container, void *data);
	void *data;
	struct registry_counts counts;
	struct entry *oldest, *newest;
	struct entry *buckets[BUCKETS];
};

/* Cgroup ids count up from a small number: the low bits spread well. */
static struct entry **entry_place(struct registry *registry, uint64_t cgroup)
{
	struct entry **place = &registry->buckets[cgroup % BUCKETS];

	while (*place && (*place)->container.cgroup != cgroup)
		place = &(*place)->next;
	return place;
}

struct registry *registry_new(size_t max, void (*release)(struct container *container, void *data), void *data)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (registry) {
		registry->max = max;
		registry->release = release;
		registry->data = data;
	}
	return registry;
}

void registry_free(struct registry *registry)
{
	for (size_t i = 0; registry && i < BUCKETS; i++)
		while (registry->buckets[i])
			(void)registry_remove(registry, registry->buckets[i]->container.cgroup);
	free(registry);
}

int registry_add(struct registry *registry, uint64_t cgroup, const char *path, struct container **ret_container)
{
	struct entry **place = entry_place(registry, cgroup);
	_cleanup_free_ struct entry *entry = NULL;

	if (*place)
		return -EEXIST;
	if (registry->size >= registry->max) {
		registry->counts.refused++;
		return -ENOSPC;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->container = (struct container){ .cgroup = cgroup, .state = CONTAINER_WAITING };
	entry->container.cgroup_path = strdup(path);
	if (!entry->container.cgroup_path)
		return -ENOMEM;
	registry->size++;
	*ret_container = &entry->container;
	*place = take_ptr(entry);
	return 0;
}

struct container *registry_get(struct registry *registry, uint64_t cgroup)
{
	struct entry *entry = *entry_place(registry, cgroup);

	return entry ? &entry->container : NULL;
}

void registry_for_each(struct registry *registry, void (*call)(struct container *container, void *data), void *data)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct entry *entry = registry->buckets[i]; entry; entry = entry->next)
			call(&entry->container, data);
}

size_t registry_size(const struct registry *registry)
{
	return registry->size;
}

/* ---- waiting events ---- */

/* Times may come out of order by a little (events of several processors): walks back from the newest. */
static void waiting_add(struct registry *registry, struct entry *entry)
{
	struct entry *before = registry->newest;

	while (before && before->first->time > entry->first->time)
		before = before->older;
	entry->older = before;
	entry->newer = before ? before->newer : registry->oldest;
	*(entry->newer ? &entry->newer->older : &registry->newest) = entry;
	*(before ? &before->newer : &registry->oldest) = entry;
}

static void waiting_remove(struct registry *registry, struct entry *entry)
{
	*(entry->newer ? &entry->newer->older : &registry->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &registry->oldest) = entry->newer;
	entry->older = entry->newer = NULL;
}

/* Detaches what waits: the caller frees it. */
static struct held *held_take(struct registry *registry, struct entry *entry)
{
	struct held *first = entry->first;

	if (first)
		waiting_remove(registry, entry);
	registry->counts.held -= entry->held;
	entry->first = NULL;
	entry->held = 0;
	return first;
}

static void held_append(struct registry *registry, struct entry *entry, struct held *held)
{
	bool alone = !entry->first;

	*(alone ? &entry->first : entry->end) = held;
	entry->end = &held->next;
	entry->held += sizeof(*held) + held->size;
	registry->counts.held += sizeof(*held) + held->size;
	if (alone)
		waiting_add(registry, entry);
}

int registry_hold(struct registry *registry, uint64_t cgroup, const void *blob, size_t size, uint64_t now)
{
	struct entry *entry = *entry_place(registry, cgroup);
	struct held *held = NULL;
	int r = 0;

	if (!entry)
		return -ENOENT;
	if (size > REGISTRY_HOLD_BYTES || entry->held + sizeof(*held) + size > REGISTRY_HOLD_BYTES ||
	    registry->counts.held + sizeof(*held) + size > REGISTRY_HOLD_TOTAL)
		r = -ENOSPC;
	else if (!(held = malloc(sizeof(*held) + size)))
		r = -ENOMEM;
	if (r < 0) {
		registry->counts.hold_refused++;
		return r;
	}
	*held = (struct held){ .time = now, .size = size };
	if (size)
		memcpy(held->blob, blob, size);
	held_append(registry, entry, held);
	return 0;
}

size_t registry_release(struct registry *registry, uint64_t cgroup,
			void (*call)(uint64_t cgroup, const void *blob, size_t size, uint64_t time, void *data),
			void *data)
{
	struct entry *entry = *entry_place(registry, cgroup);
	struct held *held = entry ? held_take(registry, entry) : NULL;
	size_t count = 0;

	for (struct held *next; held; held = next, count++) {
		next = held->next;
		call(cgroup, held->blob, held->size, held->time, data);
		free(held);
	}
	return count;
}

bool registry_oldest(const struct registry *registry, uint64_t *ret_cgroup, uint64_t *ret_time)
{
	if (!registry->oldest)
		return false;
	*ret_cgroup = registry->oldest->container.cgroup;
	*ret_time = registry->oldest->first->time;
	return true;
}

int registry_remove(struct registry *registry, uint64_t cgroup)
{
	struct entry **place = entry_place(registry, cgroup);
	struct entry *entry = *place;
	struct held *held;

	if (!entry)
		return -ENOENT;
	held = held_take(registry, entry);
	for (struct held *next; held; held = next) {
		next = held->next;
		free(held);
		registry->counts.hold_dropped++;
	}
	if (registry->release)
		registry->release(&entry->container, registry->data);
	*place = entry->next;
	registry->size--;
	container_facts_clear(&entry->container.facts);
	free(entry->container.cgroup_path);
	free(entry->container.workload);
	free(entry->container.upper);
	free(entry);
	return 0;
}

struct registry_counts registry_counts(const struct registry *registry)
{
	return registry->counts;
}
