// SPDX-License-Identifier: Apache-2.0
#include "story/read.h"

#include <errno.h>
#include <string.h>

#include "history/line.h"
#include "output/time.h"

#define LATE 900000000000ll /* ns: what is found by a comparison is told that much later */

/* One way through the history: lines of [since, until), read until one is told that is later than `end`. */
struct pass {
	struct story *story;
	char until[TIME_RFC3339_SIZE], end[TIME_RFC3339_SIZE];
	int64_t last; /* moment of the last line read; INT64_MIN: none */
	uint64_t bytes;
	bool near; /* of what is before: may end earlier, with the session */
	int64_t enough;
	bool cut;
};

static int pass_line(const char *line, size_t size, void *data)
{
	struct pass *pass = data;
	const char *time = line_time(line, size);
	int64_t moment;

	pass->bytes += size;
	pass->cut = pass->bytes > READ_BYTES;
	if (!time || pass->cut)
		return pass->cut;
	if (memcmp(time, pass->end, LINE_TIME_SIZE) > 0)
		return 1;
	if (time_from_rfc3339(time, &moment) == 0 && moment > pass->last)
		pass->last = moment;
	if (pass->near && pass->last > pass->enough && !story_is_open(pass->story))
		return 1;
	return memcmp(time, pass->until, LINE_TIME_SIZE) < 0 ? story_line(pass->story, line, size) : 0;
}

static int pass_run(struct pass *pass, const char *state_dir, int64_t since, struct history_counts *counts)
{
	struct history_counts own = { 0 };
	int r = history_read(state_dir, since, NULL, pass_line, pass, &own);

	counts->segments += own.segments;
	counts->lines += own.lines;
	counts->torn += own.torn;
	counts->damaged += own.damaged;
	return r < 0 ? r : 0;
}

int story_read(struct story *story, const char *state_dir, struct history_counts *ret_counts)
{
	int64_t time = story_time(story), since = story_since(story), middle = time - STORY_NEAR;
	struct pass after = { .story = story, .last = INT64_MIN, .near = true, .enough = time + READ_AFTER };
	struct pass before = { .story = story, .last = INT64_MIN };
	int r;

	*ret_counts = (struct history_counts){ 0 };
	time_rfc3339(time + (story_is_open(story) ? READ_SESSION : READ_AFTER), after.end);
	memcpy(after.until, after.end, sizeof(after.until));
	r = pass_run(&after, state_dir, middle, ret_counts);
	if (since < time - READ_BEFORE)
		since = time - READ_BEFORE;
	if (r == 0 && since < middle) {
		time_rfc3339(middle, before.until);
		time_rfc3339(time + LATE, before.end);
		r = pass_run(&before, state_dir, since, ret_counts);
	}
	story_searched(story, since < middle ? since : middle, after.last == INT64_MIN ? time : after.last,
		       !after.cut && !before.cut && story_since(story) >= time - READ_BEFORE);
	return r;
}
