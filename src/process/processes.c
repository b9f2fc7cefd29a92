// SPDX-License-Identifier: Apache-2.0
#include "process/processes.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NONE UINT32_MAX

/* A hash table whose entries are also in a list, the last one used first. */
struct slot {
	struct process process;
	uint32_t next_hash;
	uint32_t newer, older;
};

struct processes {
	struct slot *slots;
	uint32_t *buckets;
	size_t max, used;
	uint32_t newest, oldest;
};

static void process_clear(struct process *process)
{
	free(process->executable);
	arguments_free(process->args);
}

struct processes *processes_new(size_t max)
{
	struct processes *processes = calloc(1, sizeof(*processes));

	if (!processes)
		return NULL;
	processes->max = max;
	processes->newest = processes->oldest = NONE;
	processes->slots = calloc(max, sizeof(*processes->slots));
	processes->buckets = malloc(max * sizeof(*processes->buckets));
	if (!processes->slots || !processes->buckets) {
		processes_free(processes);
		return NULL;
	}
	memset(processes->buckets, 0xff, max * sizeof(*processes->buckets));
	return processes;
}

void processes_free(struct processes *processes)
{
	if (!processes)
		return;
	for (size_t i = 0; processes->slots && i < processes->used; i++)
		process_clear(&processes->slots[i].process);
	free(processes->slots);
	free(processes->buckets);
	free(processes);
}

static uint32_t *bucket_of(struct processes *processes, uint32_t pid, uint64_t start)
{
	uint64_t hash = (pid ^ start) * 0x9e3779b97f4a7c15ull;

	return &processes->buckets[(hash >> 32) % processes->max];
}

static void list_remove(struct processes *processes, uint32_t index)
{
	struct slot *slot = &processes->slots[index];

	*(slot->newer == NONE ? &processes->newest : &processes->slots[slot->newer].older) = slot->older;
	*(slot->older == NONE ? &processes->oldest : &processes->slots[slot->older].newer) = slot->newer;
}

static void list_push(struct processes *processes, uint32_t index)
{
	struct slot *slot = &processes->slots[index];

	slot->newer = NONE;
	slot->older = processes->newest;
	*(slot->older == NONE ? &processes->oldest : &processes->slots[slot->older].newer) = index;
	processes->newest = index;
}

static uint32_t slot_find(struct processes *processes, uint32_t pid, uint64_t start)
{
	uint32_t index = *bucket_of(processes, pid, start);

	while (index != NONE) {
		const struct slot *slot = &processes->slots[index];

		if (slot->process.pid == pid && slot->process.start == start)
			return index;
		index = slot->next_hash;
	}
	return NONE;
}

static void bucket_remove(struct processes *processes, uint32_t index)
{
	struct slot *slot = &processes->slots[index];
	uint32_t *at = bucket_of(processes, slot->process.pid, slot->process.start);

	while (*at != index)
		at = &processes->slots[*at].next_hash;
	*at = slot->next_hash;
}

/* A free slot, or that of the process that was not asked for longest. */
static uint32_t slot_take(struct processes *processes)
{
	uint32_t index = processes->oldest;

	if (processes->used < processes->max)
		return (uint32_t)processes->used++;
	list_remove(processes, index);
	bucket_remove(processes, index);
	process_clear(&processes->slots[index].process);
	return index;
}

int processes_exec(struct processes *processes, const struct process *process)
{
	char *executable = strdup(process->executable);
	uint32_t index, *bucket;

	if (!executable)
		return -ENOMEM;
	index = slot_find(processes, process->pid, process->start);
	if (index == NONE) {
		index = slot_take(processes);
		bucket = bucket_of(processes, process->pid, process->start);
		processes->slots[index].next_hash = *bucket;
		*bucket = index;
	} else {
		list_remove(processes, index);
		process_clear(&processes->slots[index].process);
	}
	processes->slots[index].process = *process;
	processes->slots[index].process.executable = executable;
	processes->slots[index].process.args = arguments_copy(process->args);
	list_push(processes, index);
	return 0;
}

const struct process *processes_get(struct processes *processes, uint32_t pid, uint64_t start)
{
	uint32_t index = slot_find(processes, pid, start);

	if (index == NONE)
		return NULL;
	list_remove(processes, index);
	list_push(processes, index);
	return &processes->slots[index].process;
}

size_t processes_size(const struct processes *processes)
{
	return processes->used;
}
