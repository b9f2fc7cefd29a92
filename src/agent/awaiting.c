// SPDX-License-Identifier: Apache-2.0
#include "agent/awaiting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/cleanup.h"

/* In one block: the strings of the facts lie behind the record. */
struct held {
	struct awaited awaited; /* first: one is the other */
	TAILQ_ENTRY(held) link;
	uint64_t serial;
	size_t size;
	struct writer writers[2];
	_Alignas(8) char room[];
};

TAILQ_HEAD(held_list, held);

struct awaiting {
	struct held_list list;
	size_t count, count_max, bytes, bytes_max;
	uint64_t serial, refused;
};

struct awaiting *awaiting_new(size_t max, size_t bytes)
{
	struct awaiting *awaiting = calloc(1, sizeof(*awaiting));

	if (!awaiting)
		return NULL;
	TAILQ_INIT(&awaiting->list);
	awaiting->count_max = max;
	awaiting->bytes_max = bytes;
	return awaiting;
}

void awaiting_free(struct awaiting *awaiting)
{
	while (awaiting && !TAILQ_EMPTY(&awaiting->list))
		awaiting_drop(awaiting, &TAILQ_FIRST(&awaiting->list)->awaited);
	free(awaiting);
}

#define STRINGS 10

/* What lives no longer than the event, and is copied. */
static void strings_of(struct held *held, const char **ret_strings[static STRINGS])
{
	struct facts *facts = &held->awaited.facts;
	const char **const strings[] = {
		&facts->executable,           &facts->parent_executable,    &facts->script_path,
		&facts->other_container,      &facts->content.copied_from,  &facts->script_content.copied_from,
		&held->writers[0].executable, &held->writers[1].executable, &held->awaited.path,
		&held->awaited.from,
	};

	_Static_assert(ARRAY_SIZE(strings) == STRINGS, "room for all");
	memcpy(ret_strings, strings, sizeof(strings));
}

static size_t strings_size(struct held *held)
{
	const char **strings[STRINGS];
	size_t size = 0;

	strings_of(held, strings);
	for (size_t i = 0; i < STRINGS; i++)
		size += *strings[i] ? strlen(*strings[i]) + 1 : 0;
	return size;
}

static void strings_move(struct held *held, size_t at)
{
	const char **strings[STRINGS];

	strings_of(held, strings);
	for (size_t i = 0; i < STRINGS; i++) {
		size_t size = *strings[i] ? strlen(*strings[i]) + 1 : 0;

		if (size)
			*strings[i] = memcpy(held->room + at, *strings[i], size);
		at += size;
	}
}

static const struct writer *writer_copy(struct writer *room, const struct writer *writer)
{
	if (!writer)
		return NULL;
	*room = *writer;
	return room;
}

static void held_fill(struct held *held, const struct event *event, const struct facts *facts,
		      const struct facts_wait *wait)
{
	bool by_name = event->kind == PLM_CHANGE && (event->change.flags & PLM_CHANGE_HINT);

	held->awaited = (struct awaited){
		.container = event->container,
		.time = event->time,
		.facts = *facts,
		.wait = *wait,
		.path = by_name ? event->path : NULL,
		.from = by_name ? event->change.from : NULL,
		.file = event->file,
	};
	held->awaited.facts.writer = writer_copy(&held->writers[0], facts->writer);
	held->awaited.facts.script_writer = writer_copy(&held->writers[1], facts->script_writer);
}

int awaiting_hold(struct awaiting *awaiting, const struct event *event, const void *record, size_t size,
		  const struct facts *facts, const struct facts_wait *wait, struct awaited **ret_awaited)
{
	struct held pattern = { 0 }, *held;
	size_t all;

	held_fill(&pattern, event, facts, wait);
	all = sizeof(*held) + size + strings_size(&pattern);
	if (awaiting->count >= awaiting->count_max || awaiting->bytes + all > awaiting->bytes_max) {
		awaiting->refused++;
		return -ENOSPC;
	}
	held = calloc(1, all);
	if (!held)
		return -ENOMEM;
	held_fill(held, event, facts, wait);
	memcpy(held->room, record, size);
	strings_move(held, size);
	held->awaited.record = held->room;
	held->awaited.size = size;
	held->serial = ++awaiting->serial;
	held->size = all;
	TAILQ_INSERT_TAIL(&awaiting->list, held, link);
	awaiting->count++;
	awaiting->bytes += all;
	*ret_awaited = &held->awaited;
	return 0;
}

void awaited_event(const struct awaited *awaited, const struct event *decoded, struct event *ret_event)
{
	*ret_event = *decoded;
	ret_event->time = awaited->time;
	if (decoded->kind != PLM_CHANGE || !(decoded->change.flags & PLM_CHANGE_HINT))
		return;
	ret_event->path = awaited->path;
	ret_event->change.from = awaited->from;
	ret_event->file = awaited->file;
}

void awaiting_drop(struct awaiting *awaiting, struct awaited *awaited)
{
	struct held *held = (struct held *)awaited;

	TAILQ_REMOVE(&awaiting->list, held, link);
	awaiting->count--;
	awaiting->bytes -= held->size;
	free(held);
}

void awaiting_each(struct awaiting *awaiting, void (*call)(struct awaited *awaited, void *data), void *data)
{
	uint64_t last = awaiting->serial;
	struct held *next;

	for (struct held *held = TAILQ_FIRST(&awaiting->list); held && held->serial <= last; held = next) {
		next = TAILQ_NEXT(held, link);
		call(&held->awaited, data);
	}
}

size_t awaiting_count(const struct awaiting *awaiting)
{
	return awaiting->count;
}

uint64_t awaiting_oldest(const struct awaiting *awaiting)
{
	uint64_t oldest = UINT64_MAX;
	const struct held *held;

	TAILQ_FOREACH(held, &awaiting->list, link)
	if ((!held->awaited.told || held->awaited.inventory) && held->awaited.time < oldest)
		oldest = held->awaited.time;
	return oldest;
}

uint64_t awaiting_refused(const struct awaiting *awaiting)
{
	return awaiting->refused;
}
