// SPDX-License-Identifier: Apache-2.0
/* The alerts of the same container nearest to one. */
#include <stdlib.h>
#include <string.h>

#include "output/field.h"
#include "story/internal.h"

static uint64_t distance(int64_t time, int64_t middle)
{
	return time > middle ? (uint64_t)time - (uint64_t)middle : (uint64_t)middle - (uint64_t)time;
}

static struct nearby *farthest(struct around *around, int64_t middle)
{
	struct nearby *far = &around->items[0];

	for (size_t i = 1; i < around->count; i++)
		if (distance(around->items[i].time, middle) > distance(far->time, middle))
			far = &around->items[i];
	return far;
}

static void nearby_clear(struct nearby *nearby)
{
	json_decref(nearby->alert);
	json_decref(nearby->correction);
	*nearby = (struct nearby){ NULL };
}

void around_take(struct around *around, json_t *alert, int64_t time, int64_t middle)
{
	struct nearby *place = &around->items[around->count];

	if (around->count == STORY_AROUND) {
		around->more++;
		place = farthest(around, middle);
		if (distance(time, middle) >= distance(place->time, middle))
			return;
		nearby_clear(place);
	} else {
		around->count++;
	}
	*place = (struct nearby){ .alert = json_incref(alert), .time = time };
}

void around_correct(struct around *around, json_t *correction)
{
	const char *corrects = field_text(correction, "plimsoll.corrects");

	for (size_t i = 0; corrects && i < around->count; i++)
		if (text_is(around->items[i].alert, "event.id", corrects)) {
			json_decref(around->items[i].correction);
			around->items[i].correction = json_incref(correction);
		}
}

static int by_time(const void *a, const void *b)
{
	const struct nearby *x = a, *y = b;
	const char *first = field_text(x->alert, "event.id"), *second = field_text(y->alert, "event.id");

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(first ? first : "", second ? second : "");
}

json_t *around_json(struct around *around)
{
	json_t *list = json_array();

	qsort(around->items, around->count, sizeof(*around->items), by_time);
	for (size_t i = 0; list && i < around->count; i++) {
		json_t *entry = json_object();

		(void)json_object_set(entry, "alert", around->items[i].alert);
		if (around->items[i].correction)
			(void)json_object_set(entry, "correction", around->items[i].correction);
		(void)json_array_append_new(list, entry);
	}
	return list;
}

void around_clear(struct around *around)
{
	for (size_t i = 0; i < around->count; i++)
		nearby_clear(&around->items[i]);
	around->count = 0;
}
