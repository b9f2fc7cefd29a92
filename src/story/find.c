// SPDX-License-Identifier: Apache-2.0
#include "story/find.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "history/line.h"
#include "history/reader.h"
#include "output/field.h"
#include "output/time.h"

#define LATER    3600000000000ll /* ns: how much later a second one may have been told */
#define SLACK    1000000000ll    /* ns: an id and its line's @timestamp need not be of one reading of the clock */
#define DIGITS   32
#define OF_TIME  16
#define HEX      "0123456789abcdef"
#define ID_FIELD "\"id\":\""

struct search {
	struct found *found;
	char field[sizeof(ID_FIELD) + DIGITS]; /* as it stands in a line; a container's id can begin so too */
	const char *prefix;
	bool whole;                    /* the prefix is an id */
	char until[TIME_RFC3339_SIZE]; /* where one was found, nothing told after this is looked at */
};

void found_clear(struct found *found)
{
	json_decref(found->alert);
	for (size_t i = 0; i < FIND_CANDIDATES; i++)
		free(found->messages[i]);
	*found = (struct found){ 0 };
}

/* The moment of the prefix's first or last id. */
static int64_t moment(const char *prefix, char fill)
{
	char digits[OF_TIME + 1];
	unsigned long long time;

	(void)snprintf(digits, sizeof(digits), "%s", prefix);
	for (size_t i = strlen(digits); i < OF_TIME; i++)
		digits[i] = fill;
	digits[OF_TIME] = '\0';
	time = strtoull(digits, NULL, 16);
	return time > INT64_MAX - LATER ? INT64_MAX - LATER : (int64_t)time;
}

static int candidate_add(struct found *found, json_t *alert, const char *id)
{
	const char *message = field_text(alert, "message");

	for (size_t i = 0; i < found->count && i < FIND_CANDIDATES; i++)
		if (!strcmp(found->ids[i], id))
			return 0; /* the same line, in a file that is compressed meanwhile */
	if (found->count < FIND_CANDIDATES) {
		(void)snprintf(found->ids[found->count], ID_SIZE, "%s", id);
		found->messages[found->count] = strdup(message ? message : "");
		if (!found->messages[found->count])
			return -ENOMEM;
	}
	if (found->count++ == 0)
		found->alert = json_incref(alert);
	return 0;
}

static int line_look(const char *line, size_t size, void *data)
{
	struct search *search = data;
	const char *time = line_time(line, size), *id;
	json_auto_t *alert = NULL;
	int r;

	if (search->found->count && time && memcmp(time, search->until, LINE_TIME_SIZE) > 0)
		return 1;
	if (!memmem(line, size, search->field, strlen(search->field)))
		return 0;
	alert = json_loadb(line, size, 0, NULL);
	id = alert ? field_text(alert, "event.id") : NULL;
	if (!id || strlen(id) != DIGITS || strncmp(id, search->prefix, strlen(search->prefix)) != 0)
		return 0;
	r = candidate_add(search->found, alert, id);
	return r < 0 ? r : search->whole;
}

int story_find(const char *state_dir, const char *prefix, struct found *ret_found)
{
	_cleanup_(found_clear) struct found found = { .count = 0 };
	struct search search = { .found = &found, .prefix = prefix };
	size_t digits = strlen(prefix);
	int r;

	if (digits < FIND_DIGITS || digits > DIGITS || strspn(prefix, HEX) != digits)
		return -EINVAL;
	search.whole = digits == DIGITS;
	(void)snprintf(search.field, sizeof(search.field), ID_FIELD "%s", prefix);
	time_rfc3339(moment(prefix, 'f') + LATER, search.until);
	r = history_read(state_dir, moment(prefix, '0') - SLACK, NULL, line_look, &search, NULL);
	if (r >= 0)
		r = found.count == 0 ? -ENOENT : found.count > 1 ? -EEXIST : 0;
	if (r == 0 || r == -EEXIST) {
		*ret_found = found;
		found = (struct found){ 0 };
	}
	return r;
}
