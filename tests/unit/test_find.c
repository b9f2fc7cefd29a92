// SPDX-License-Identifier: Apache-2.0
/* One alert of a history by the beginning of its id, and what the history has for its story. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/field.h"
#include "output/time.h"
#include "story/find.h"
#include "story/read.h"

#define NOW    0x18ec3e3600000000ll
#define SECOND 1000000000ll
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

DEFINE_CLEANUP(struct story *, story_free)

struct fixture {
	char dir[64];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char path[128];

	strcpy(fixture->dir, "/tmp/plimsoll-find-XXXXXX");
	*state = fixture;
	if (!mkdtemp(fixture->dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/alerts", fixture->dir);
	return mkdir(path, 0755);
}

static int teardown(void **state)
{
	_cleanup_free_ struct fixture *fixture = *state;
	_cleanup_free_ char *command = NULL;

	assert_true(asprintf(&command, "rm -rf %s", fixture->dir) > 0);
	return system(command);
}

/* Appends a line of the moment to the segment that began at `told`. */
static void keep(const struct fixture *fixture, int64_t told, int64_t time, const char *id, const char *rest)
{
	char path[128], stamp[TIME_RFC3339_SIZE];
	_cleanup_fclose_ FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%s/alerts/%016llx.json", fixture->dir, (unsigned long long)told);
	file = fopen(path, "ae");
	assert_non_null(file);
	time_rfc3339(time, stamp);
	assert_true(fprintf(file,
			    "{\"@timestamp\":\"%s\",\"event\":{\"kind\":\"alert\",\"id\":\"%s\",\"action\":\"modify\"},"
			    "\"message\":"
			    "\"m\\u001b %s\","
			    "\"container\":{\"id\":\"18ec3e36c1\"}%s}\n",
			    stamp, id, id, rest) > 0);
}

static void finds_by_prefix(void **state)
{
	static const struct {
		const char *prefix;
		int result;
		const char *found; /* the first */
		size_t count;
	} rows[] = {
		{ "18ec3e3600000001000001aaaaaaaaaa", 0, "18ec3e3600000001000001aaaaaaaaaa", 1 },
		{ "18ec3e3600000001", 0, "18ec3e3600000001000001aaaaaaaaaa", 1 },
		{ "18ec3e36", -EEXIST, "18ec3e3600000001000001aaaaaaaaaa", 3 },
		{ "18ec3e3600000002", -EEXIST, "18ec3e3600000002000002aaaaaaaaaa", 2 },
		{ "18ec3e3600000002000003", 0, "18ec3e3600000002000003aaaaaaaaaa", 1 },
		{ "18ec3e36c1", -ENOENT, NULL, 0 }, /* the container's id begins so, no event's */
		{ "18ec3e3600000001000001aaaaaaaaab", -ENOENT, NULL, 0 },
		{ "ffffffff", -ENOENT, NULL, 0 },
		{ "00000000", -ENOENT, NULL, 0 },
		{ "18ec3e3", -EINVAL, NULL, 0 },
		{ "", -EINVAL, NULL, 0 },
		{ "18EC3E36", -EINVAL, NULL, 0 },
		{ "18ec3e36/", -EINVAL, NULL, 0 },
		{ "../../../etc", -EINVAL, NULL, 0 },
		{ "18ec3e3600000001000001aaaaaaaaaaa", -EINVAL, NULL, 0 },
		/* Found on disk, told a day after its moment. */
		{ "18ec3d36", 0, "18ec3d3600000000000007aaaaaaaaaa", 1 },
	};
	const struct fixture *fixture = *state;

	keep(fixture, NOW - DAY, NOW - DAY, "18eb0000000000000000009999999999", "");
	keep(fixture, NOW, NOW + 1, "18ec3e3600000001000001aaaaaaaaaa", "");
	keep(fixture, NOW, NOW + 2, "18ec3e3600000002000002aaaaaaaaaa", "");
	keep(fixture, NOW + HOUR / 2, NOW + 2, "18ec3e3600000002000003aaaaaaaaaa", "");
	keep(fixture, NOW + DAY, NOW - (1ll << 40), "18ec3d3600000000000007aaaaaaaaaa", "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(found_clear) struct found found = { .count = 0 };
		int r = story_find(fixture->dir, rows[i].prefix, &found);

		if (r != rows[i].result || found.count != rows[i].count)
			fail_msg("%s: %d, %zu", rows[i].prefix, r, found.count);
		if (rows[i].found) {
			assert_string_equal(found.ids[0], rows[i].found);
			assert_string_equal(field_text(found.alert, "event.id"), rows[i].found);
			assert_non_null(strstr(found.messages[0], rows[i].found));
		}
	}
	assert_int_equal(story_find("/nowhere", "18ec3e36", &(struct found){ .count = 0 }), -ENOENT);
}

static void counts_what_it_does_not_list(void **state)
{
	_cleanup_(found_clear) struct found found = { .count = 0 };
	const struct fixture *fixture = *state;
	char id[ID_SIZE];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(id, sizeof(id), "18ec3e36000000%02x000001aaaaaaaaaa", i);
		keep(fixture, NOW, NOW + i, id, "");
	}
	assert_int_equal(story_find(fixture->dir, "18ec3e36", &found), -EEXIST);
	assert_int_equal(found.count, 100);
	assert_string_equal(found.ids[FIND_CANDIDATES - 1], "18ec3e360000000f000001aaaaaaaaaa");
}

#define WRITES(path)                                                                                                   \
	",\"rule\":{\"id\":\"mutation.file\"},\"process\":{\"pid\":9,\"entity_id\":\"9-1\"},\"file\":{\"path\":"       \
	"\"" path "\"}"

/* What was told in another segment, before and after; nothing twice, and nothing that is too far. */
static void reads_what_belongs_to_it(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_(story_freep) struct story *story = NULL;
	char text[1024], stamp[TIME_RFC3339_SIZE], start[TIME_RFC3339_SIZE];
	struct history_counts counts;
	json_auto_t *alert = NULL, *whole = NULL;

	time_rfc3339(NOW, stamp);
	time_rfc3339(NOW - 3 * DAY, start);
	(void)snprintf(text, sizeof(text),
		       "{\"@timestamp\":\"%s\",\"event\":{\"kind\":\"alert\",\"id\":\"a1\",\"action\":\"exec\"},"
		       "\"container\":{\"id\":"
		       "\"18ec3e36c1\"},\"process\":{\"pid\":9,\"entity_id\":\"9-1\",\"start\":\"%s\"}}",
		       stamp, start);
	keep(fixture, NOW - 4 * DAY, NOW - 2 * DAY, "too-far", WRITES("/too-far"));
	keep(fixture, NOW - DAY / 2, NOW - DAY / 2, "b1", WRITES("/half-a-day"));
	keep(fixture, NOW - HOUR, NOW - 60 * SECOND, "b2", WRITES("/near"));
	keep(fixture, NOW - HOUR, NOW - 1800 * SECOND, "b3", WRITES("/half-an-hour")); /* told late */
	keep(fixture, NOW + HOUR, NOW + HOUR, "b4", ",\"plimsoll\":{\"corrects\":\"a1\"}");
	keep(fixture, NOW + HOUR, NOW + 3 * HOUR, "b5", WRITES("/later"));
	alert = json_loads(text, 0, NULL);
	assert_int_equal(story_new(alert, &story), 0);
	assert_int_equal(story_read(story, fixture->dir, &counts), 0);
	whole = story_json(story);
	assert_string_equal(field_text(whole, "correction.event.id"), "b4");
	assert_int_equal(json_array_size(field_at(json_array_get(field_at(whole, "tree"), 0), "wrote")), 3);
	assert_int_equal(json_array_size(field_at(whole, "around")), 2);
	assert_true(json_is_false(field_at(whole, "searched.whole"))); /* its process is older than a day */
	assert_int_equal(story_read(story, "/nowhere", &counts), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_by_prefix, setup, teardown),
		cmocka_unit_test_setup_teardown(counts_what_it_does_not_list, setup, teardown),
		cmocka_unit_test_setup_teardown(reads_what_belongs_to_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
