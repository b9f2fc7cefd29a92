// SPDX-License-Identifier: Apache-2.0
/* The violations that are known, in memory. */
#include <string.h>

#include "detect/subject.h"
#include "ledger/internal.h"

static uint64_t key_hash(const char *cluster, const char *workload, enum rule rule, const char *subject)
{
	uint64_t hash = subject_hash_more(0, cluster ?: "");

	hash = subject_hash_more(hash, workload);
	hash = subject_hash_more(hash, rule_info(rule)->id);
	return subject_hash_more(hash, subject);
}

static bool has_key(const struct record *record, const char *cluster, const char *workload, enum rule rule,
		    const char *subject)
{
	return record->rule == rule && strcmp(record->subject, subject) == 0 &&
	       strcmp(record->workload, workload) == 0 && strcmp(record->cluster ?: "", cluster ?: "") == 0;
}

/* Of several generations the last: it was added last, and is found first. */
struct record *book_find(struct book *book, const char *cluster, const char *workload, enum rule rule,
			 const char *subject)
{
	uint64_t hash = key_hash(cluster, workload, rule, subject);
	struct record *found = NULL;

	for (struct record *record = book->buckets[hash % BOOK_BUCKETS]; record; record = record->next)
		if (record->hash == hash && has_key(record, cluster, workload, rule, subject) &&
		    (!found || record->generation > found->generation))
			found = record;
	return found;
}

int book_add(struct book *book, struct record *record)
{
	struct record **bucket;

	if (book->count == book->room) {
		size_t room = book->room ? 2 * book->room : 64;
		struct record **list = reallocarray(book->list, room, sizeof(*list));

		if (!list) {
			record_free(record);
			return -ENOMEM;
		}
		book->list = list;
		book->room = room;
	}
	record->hash = key_hash(record->cluster, record->workload, record->rule, record->subject);
	bucket = &book->buckets[record->hash % BOOK_BUCKETS];
	record->next = *bucket;
	*bucket = record;
	record->place = book->count;
	book->list[book->count++] = record;
	return 0;
}

static void unlink_from(struct record **list, const struct record *record, struct record *next)
{
	while (*list && *list != record)
		list = &(*list)->next;
	if (*list)
		*list = next;
}

void book_remove(struct book *book, struct record *record)
{
	struct record **dirty = &book->dirty, *last = book->list[--book->count];

	unlink_from(&book->buckets[record->hash % BOOK_BUCKETS], record, record->next);
	last->place = record->place;
	book->list[record->place] = last;
	while (*dirty && *dirty != record)
		dirty = &(*dirty)->dirty_next;
	if (*dirty)
		*dirty = record->dirty_next;
	record_free(record);
}

void book_clear(struct book *book)
{
	for (size_t i = 0; i < book->count; i++)
		record_free(book->list[i]);
	free(book->list);
	*book = (struct book){ 0 };
}

void book_dirty(struct book *book, struct record *record)
{
	if (record->dirty)
		return;
	record->dirty = true;
	record->dirty_next = book->dirty;
	book->dirty = record;
}

static bool is_open(const struct record *record)
{
	return record->violation.state != VIOLATION_RESOLVED;
}

size_t book_open(const struct book *book)
{
	size_t n = 0;

	for (size_t i = 0; i < book->count; i++)
		n += is_open(book->list[i]);
	return n;
}

size_t book_subjects(const struct book *book, const char *workload, enum rule rule)
{
	size_t n = 0;

	for (size_t i = 0; i < book->count; i++)
		n += is_open(book->list[i]) && book->list[i]->rule == rule &&
		     strcmp(book->list[i]->workload, workload) == 0;
	return n;
}

struct record *book_first_resolved(const struct book *book)
{
	struct record *first = NULL;

	for (size_t i = 0; i < book->count; i++)
		if (!is_open(book->list[i]) &&
		    (!first || book->list[i]->violation.resolved < first->violation.resolved))
			first = book->list[i];
	return first;
}

/* ---- records ---- */

int text_set(char **text, const char *value)
{
	char *copy;

	if (!value || (*text && strcmp(*text, value) == 0))
		return 0;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

struct record *record_new(const char *cluster, const char *workload, const char *subject, const char *message)
{
	_cleanup_(record_freep) struct record *record = calloc(1, sizeof(*record));

	if (!record || text_set(&record->cluster, cluster) < 0 || text_set(&record->workload, workload) < 0 ||
	    text_set(&record->subject, subject) < 0 || text_set(&record->message, message) < 0)
		return NULL;
	return take_ptr(record);
}

void sighting_free(struct sighting *sighting)
{
	if (!sighting)
		return;
	free(sighting->node);
	free(sighting->container);
	free(sighting->digest);
	free(sighting->facts);
	free((char *)sighting->evidence.path);
	free(sighting);
}

struct sighting *sighting_new(const char *node, const char *container)
{
	struct sighting *sighting = calloc(1, sizeof(*sighting));

	if (sighting && (text_set(&sighting->node, node) < 0 || text_set(&sighting->container, container) < 0)) {
		sighting_free(sighting);
		return NULL;
	}
	return sighting;
}

void record_free(struct record *record)
{
	struct sighting *sighting;

	if (!record)
		return;
	while ((sighting = record->sightings)) {
		record->sightings = sighting->next;
		sighting_free(sighting);
	}
	free(record->cluster);
	free(record->workload);
	free(record->subject);
	free(record->message);
	free(record);
}

static bool is_of(const struct sighting *sighting, const char *node, const char *container)
{
	return strcmp(sighting->container, container) == 0 && strcmp(sighting->node, node) == 0;
}

static void drop_last(struct record *record)
{
	struct sighting **last = &record->sightings;

	while ((*last)->next)
		last = &(*last)->next;
	sighting_free(*last);
	*last = NULL;
	record->sighting_count--;
}

struct sighting *record_sight(struct record *record, const char *node, const char *container, uint64_t *dropped)
{
	struct sighting **at = &record->sightings, *sighting;

	while (*at && !is_of(*at, node, container))
		at = &(*at)->next;
	sighting = *at;
	if (sighting) {
		*at = sighting->next;
	} else {
		sighting = sighting_new(node, container);
		if (!sighting)
			return NULL;
		record->sighting_count++;
	}
	sighting->next = record->sightings;
	record->sightings = sighting;
	if (record->sighting_count > LEDGER_SIGHTINGS_MAX) {
		drop_last(record);
		(*dropped)++;
	}
	return sighting;
}
