// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/field.h"
#include "output/time.h"
#include "story/story.h"
#include "story/text.h"

#define MIDDLE 1767323045000000000ll /* 2026-01-02T03:04:05Z */
#define SECOND 1000000000ll

DEFINE_CLEANUP(struct story *, story_free)
#define _cleanup_story_ _cleanup_(story_freep)

/* A line of the container "c1" told so many seconds from the middle: `event` and `rest` are members of its event object, and
 * of itself. */
static char *line_at(double seconds, const char *id, const char *event, const char *rest)
{
	char time[TIME_RFC3339_SIZE], *line = NULL;

	time_rfc3339(MIDDLE + (int64_t)(seconds * (double)SECOND), time);
	assert_true(asprintf(&line,
			     "{\"@timestamp\":\"%s\",\"event\":{\"id\":\"%s\",%s},\"message\":\"m-%s\",\"container\":"
			     "{\"id\":\"c1\",\"name\":\"web\"}%s%s}",
			     time, id, event, id, *rest ? "," : "", rest) > 0);
	return line;
}

static struct story *story_of(const char *line)
{
	json_auto_t *alert = json_loads(line, 0, NULL);
	struct story *story = NULL;

	assert_non_null(alert);
	assert_int_equal(story_new(alert, &story), 0);
	return story;
}

static void take(struct story *story, double seconds, const char *id, const char *event, const char *rest)
{
	_cleanup_free_ char *line = line_at(seconds, id, event, rest);

	assert_int_equal(story_line(story, line, strlen(line)), 0);
}

/* The value at a path, where a number is a place in a list: "tree.0.process.pid". As JSON; "" where there is none. */
static const char *at(struct story *story, const char *path)
{
	static char text[4096];
	json_auto_t *whole = story_json(story);
	const json_t *value = whole;
	char key[64];

	while (value && *path) {
		size_t length = strcspn(path, ".");

		(void)snprintf(key, sizeof(key), "%.*s", (int)length, path);
		value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
					     : json_object_get(value, key);
		path += length + (path[length] == '.');
	}
	text[0] = '\0';
	if (value) {
		_cleanup_free_ char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

		(void)snprintf(text, sizeof(text), "%s", dump);
	}
	return text;
}

/* How many there are in a list. */
static size_t count_at(struct story *story, const char *path)
{
	json_auto_t *whole = story_json(story);

	return json_array_size(field_at(whole, path));
}

static char *text_of(struct story *story, size_t width)
{
	json_auto_t *whole = story_json(story);
	char *text = NULL;
	size_t size = 0;
	struct page page = { .out = open_memstream(&text, &size), .width = width };

	story_text(whole, MIDDLE + 200 * SECOND, &page);
	page_clear(&page);
	(void)fclose(page.out);
	return text;
}

#define ALERT "\"kind\":\"alert\",\"action\":\"exec\""
#define STATE "\"kind\":\"state\""
#define DRIFT "\"rule\":{\"id\":\"drift.exec.new\"}"
#define WROTE "\"rule\":{\"id\":\"mutation.file\"}"

/* ---- what is no alert ---- */

static void refuses_what_is_no_alert(void **state)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		"7",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\"}",
		"{\"event\":{\"id\":\"a\"}}",
		"{\"@timestamp\":\"yesterday\",\"event\":{\"id\":\"a\"}}",
		"{\"@timestamp\":\"2026-01-02T03:04:05Z\",\"event\":{\"id\":\"a\"}}",
		"{\"@timestamp\":7,\"event\":{\"id\":\"a\"}}",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"event\":{\"id\":7}}",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"event\":\"id\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *alert = json_loads(rows[i], JSON_DECODE_ANY, NULL);
		struct story *story = NULL;

		assert_non_null(alert);
		if (story_new(alert, &story) != -EBADMSG)
			fail_msg("%s", rows[i]);
		assert_null(story);
	}
	story_free(NULL);
}

/* Lines whose fields are of other types than they should be, or that are cut: nothing is made of them, and nothing breaks. */
static void takes_no_harm(void **state)
{
	static const char *const lines[] = {
		"",
		"{",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"container\":{\"id\":\"c1\"",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"container\":{\"id\":\"c1\"}}",
		"{\"@timestamp\":\"2026-13-02T03:04:05.000000000Z\",\"container\":{\"id\":\"c1\"}}",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"container\":{\"id\":\"c1\"},\"event\":[],"
		"\"plimsoll\":7}",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"container\":{\"id\":\"c1\"},\"event\":{\"kind\":"
		"\"alert\"},"
		"\"plimsoll\":{\"corrects\":\"a1\",\"session\":[],\"ancestors\":{\"x\":1},\"writer\":\"x\",\"fold\":[]}"
		","
		"\"process\":[1],\"rule\":\"x\",\"file\":\"/x\"}",
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"container\":{\"id\":\"c1\"},\"event\":{\"kind\":"
		"\"alert\","
		"\"action\":[]},\"rule\":{\"id\":\"mutation.file\"},\"process\":{\"entity_id\":\"1-1\",\"pid\":\"x\","
		"\"args\":[7,null,{}]},"
		"\"file\":{\"path\":\"/"
		"x\"},\"plimsoll\":{\"session\":\"5\",\"ancestors\":[7,null,\"x\",[],{\"entity_id\":7}]}}",
	};
	_cleanup_free_ char *first = line_at(
		0, "a1", ALERT,
		"\"process\":{\"entity_id\":\"1-1\",\"entry_leader\":[],\"args\":{},\"start\":9,\"user\":\"root\"},"
		"\"plimsoll\":{\"session\":\"5\",\"ancestors\":[7,null,\"x\",[],{\"executable\":7},{\"executable\":\"/"
		"x\"}],"
		"\"compliance\":[],\"fold\":7,\"severity\":[]},\"file\":[]");
	_cleanup_story_ struct story *story = story_of(first);
	_cleanup_free_ char *text = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(story_line(story, lines[i], strlen(lines[i])), 0);
	for (size_t length = 0; length < strlen(first); length++) /* cut anywhere */
		assert_int_equal(story_line(story, first, length), 0);
	story_sessions(story, "nothing");
	story_sessions(story, "{\"sessions\":[7,{\"session\":[]}]}");
	story_writers(story, "[]");
	text = text_of(story, 80);
	assert_non_null(strstr(text, "m-a1"));
}

/* ---- corrections and repeats ---- */

/* It may be told before the alert, as the lines come, or after; the last holds. */
static void a_correction_replaces(void **state)
{
	_cleanup_free_ char *first = line_at(
		0, "a1", ALERT,
		DRIFT
		",\"file\":{\"path\":\"/opt/x\"},\"plimsoll\":{\"severity\":\"critical\",\"verdict\":\"unverified\","
		"\"layer\":\"upper\",\"expected\":\"sha256:1\",\"writer\":{\"pid\":5,\"entity_id\":\"5-5\"}}");
	_cleanup_story_ struct story *story = story_of(first);
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_string_equal(at(story, "correction"), "");
	take(story, 0, "a3", ALERT,
	     "\"plimsoll\":{\"corrects\":\"a1\",\"verdict\":\"metadata\",\"severity\":\"info\"},"
	     "\"file\":{\"path\":\"/opt/x\",\"size\":3}");
	take(story, 0, "a2", ALERT, "\"plimsoll\":{\"corrects\":\"a1\",\"verdict\":\"modified\"}");
	take(story, 1, "a9", ALERT, "\"plimsoll\":{\"corrects\":\"a8\",\"verdict\":\"added\"}"); /* another's */
	assert_string_equal(at(story, "correction.event.id"), "\"a3\"");
	assert_string_equal(at(story, "file.plimsoll.verdict"), "\"metadata\"");
	assert_string_equal(at(story, "file.plimsoll.layer"), "\"upper\"");
	assert_string_equal(at(story, "file.plimsoll.writer.pid"), "5");
	assert_string_equal(at(story, "file.plimsoll.expected"), "");
	assert_string_equal(at(story, "file.file.size"), "3");
	assert_int_equal(count_at(story, "around"), 1); /* corrections are not alerts beside it */
	text = text_of(story, 0);
	assert_memory_equal(text, "info  ", 6);
	assert_non_null(strstr(text, "first told as critical drift.exec.new: m-a1"));
	assert_non_null(strstr(text, "corrected"));
}

static void counts_repeats(void **state)
{
	_cleanup_free_ char *first =
		line_at(0, "a1", ALERT, DRIFT ",\"plimsoll\":{\"fold\":{\"id\":\"f1\",\"count\":1}}");
	_cleanup_story_ struct story *story = story_of(first);
	const char *repeat = "\"kind\":\"alert\",\"action\":\"repeat\"";

	(void)state;
	assert_string_equal(at(story, "repeated"), "");
	take(story, 7000, "b2", repeat,
	     "\"plimsoll\":{\"fold\":{\"id\":\"f1\",\"count\":3,\"last_seen\":\"2026-01-02T05:00:00.000000000Z\"}}");
	take(story, 3600, "b1", repeat,
	     "\"plimsoll\":{\"fold\":{\"id\":\"f1\",\"count\":4,\"last_seen\":\"2026-01-02T04:00:00.000000000Z\"}}");
	take(story, 3600, "b3", repeat, "\"plimsoll\":{\"fold\":{\"id\":\"f2\",\"count\":100}}");
	take(story, 3600, "b4", repeat, "\"plimsoll\":{\"fold\":{\"id\":\"f1\",\"count\":-7}}");
	take(story, 3600, "b5", ALERT, "\"plimsoll\":{\"fold\":{\"id\":\"f1\",\"count\":1}}");
	assert_string_equal(at(story, "repeated"), "{\"count\":7,\"last_seen\":\"2026-01-02T05:00:00.000000000Z\"}");
}

/* ---- the tree ---- */

#define ANCESTOR(n) "{\"pid\":" #n ",\"entity_id\":\"" #n "-1\",\"executable\":\"/bin/p" #n "\"}"
#define NAMELESS(n) "{\"pid\":" #n ",\"entity_id\":\"" #n "-1\"}"
#define PROCESS     "\"process\":{\"pid\":9,\"entity_id\":\"9-1\",\"executable\":\"/bin/p9\"}"
#define OF_LEADER(n)                                                                                                   \
	"\"process\":{\"pid\":9,\"entity_id\":\"9-1\",\"executable\":\"/bin/p9\",\"entry_leader\":" ANCESTOR(n) "}"
#define UP(list) ",\"plimsoll\":{\"ancestors\":[" list "]}"

static void knows_where_the_tree_begins(void **state)
{
	static const struct {
		const char *rest;
		const char *pids; /* from the top; ! behind a gap */
	} rows[] = {
		{ "\"x\":1", "" },
		{ PROCESS, "9" },
		{ PROCESS UP(ANCESTOR(8) "," ANCESTOR(7)), "7 8 9" },
		/* The runtime's on top are not the container's; one in between did not exec. */
		{ PROCESS UP(ANCESTOR(8) "," NAMELESS(7) "," NAMELESS(6)), "8 9" },
		{ PROCESS UP(NAMELESS(8) "," ANCESTOR(7) "," NAMELESS(6)), "7 8 9" },
		{ PROCESS UP(NAMELESS(8) "," NAMELESS(7)), "9" },
		/* A session begins with the process that came in, whatever started that. */
		{ OF_LEADER(7) UP(ANCESTOR(8) "," ANCESTOR(7) "," ANCESTOR(6)), "7 8 9" },
		{ OF_LEADER(9) UP(ANCESTOR(8)), "9" },
		{ OF_LEADER(3) UP(ANCESTOR(8) "," ANCESTOR(7)), "3 !7 8 9" },
		{ OF_LEADER(3) UP(NAMELESS(8)), "3 !9" },
		{ OF_LEADER(3), "3 !9" },
		/* Found on disk: nobody acts, but somebody wrote. */
		{ "\"plimsoll\":{\"writer\":{\"pid\":4,\"entity_id\":\"4-1\"}}", "4" },
		/* More than there can be. */
		{ PROCESS UP(ANCESTOR(1) "," ANCESTOR(2) "," ANCESTOR(3) "," ANCESTOR(4) "," ANCESTOR(5) "," ANCESTOR(
			  6) "," ANCESTOR(7) "," ANCESTOR(8) "," ANCESTOR(10) "," ANCESTOR(11)),
		  "8 7 6 5 4 3 2 1 9" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *first = line_at(0, "a1", ALERT, rows[i].rest);
		_cleanup_story_ struct story *story = story_of(first);
		json_auto_t *whole = story_json(story);
		const json_t *node;
		char pids[64] = "";
		size_t k;

		json_array_foreach (field_at(whole, "tree"), k, node)
			(void)snprintf(pids + strlen(pids), sizeof(pids) - strlen(pids), "%s%s%d", k ? " " : "",
				       field_at(node, "gap") ? "!" : "",
				       (int)json_integer_value(field_at(node, "process.pid")));
		if (strcmp(pids, rows[i].pids) != 0)
			fail_msg("row %zu: %s, not %s", i, pids, rows[i].pids);
	}
}

static void says_what_each_wrote(void **state)
{
	_cleanup_free_ char *first = line_at(0, "a1", ALERT, DRIFT "," PROCESS UP(ANCESTOR(8)));
	_cleanup_story_ struct story *story = story_of(first);
	char rest[256];

	(void)state;
	take(story, -7200, "b1", ALERT, WROTE ",\"process\":{\"entity_id\":\"8-1\"},\"file\":{\"path\":\"/etc/a\"}");
	take(story, 1, "b2", ALERT,
	     DRIFT ",\"file\":{\"path\":\"/etc/a\"},\"plimsoll\":{\"writer\":{\"pid\":8,\"entity_id\":\"8-1\"}}");
	take(story, 2, "b3", ALERT,
	     DRIFT ",\"file\":{\"path\":\"/opt/b\"},\"plimsoll\":{\"writer\":{\"pid\":8,\"entity_id\":\"8-1\"}}");
	take(story, 3, "b4", ALERT, WROTE ",\"process\":{\"entity_id\":\"7-1\"},\"file\":{\"path\":\"/etc/other\"}");
	assert_int_equal(count_at(story, "tree"), 2);
	assert_string_equal(at(story, "tree.0.wrote.0.file.path"), "\"/etc/a\"");
	assert_string_equal(at(story, "tree.0.wrote.1.file.path"), "\"/opt/b\"");
	assert_string_equal(at(story, "tree.0.wrote.1.event.action"), "\"write\"");
	assert_string_equal(at(story, "tree.0.wrote.2"), "");
	assert_string_equal(at(story, "tree.1.wrote"), "");
	take(story, 4, "b5", "\"kind\":\"alert\",\"action\":\"create\"",
	     WROTE
	     ",\"process\":{\"entity_id\":\"8-1\"},\"file\":{\"path\":\"/opt/b\"}"); /* what it did is known now */
	assert_string_equal(at(story, "tree.0.wrote.1.event.action"), "\"create\"");
	for (int i = 0; i < 100; i++) {
		(void)snprintf(rest, sizeof(rest),
			       WROTE ",\"process\":{\"entity_id\":\"9-1\"},\"file\":{\"path\":\"/f%d\"}", i);
		take(story, 5, "b6", ALERT, rest);
	}
	assert_string_equal(at(story, "tree.1.more"), "80");
}

/* ---- around ---- */

static void keeps_the_nearest_of_10000(void **state)
{
	_cleanup_free_ char *first = line_at(0, "a1", ALERT, DRIFT);
	_cleanup_story_ struct story *story = story_of(first);
	char id[16];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		(void)snprintf(id, sizeof(id), "n%05d", i);
		take(story, (i - 5000) * 0.05 + 0.01, id, ALERT, "\"rule\":{\"id\":\"root.exec\"}");
	}
	take(story, 301, "far", ALERT, DRIFT);
	take(story, 0.001, "event", "\"kind\":\"event\",\"action\":\"exec\"", DRIFT);
	assert_int_equal(count_at(story, "around"), STORY_AROUND);
	assert_string_equal(at(story, "more_around"), "9981");
	assert_string_equal(at(story, "around.0.alert.event.id"), "\"n04991\"");
	assert_string_equal(at(story, "around.9.alert.event.id"), "\"a1\"");
	assert_string_equal(at(story, "around.19.alert.event.id"), "\"n05009\"");
	take(story, 0.01, "c1", ALERT, "\"plimsoll\":{\"corrects\":\"n05000\"}");
	assert_string_equal(at(story, "around.10.correction.event.id"), "\"c1\"");
}

static void another_container_is_not_around(void **state)
{
	static const char other[] =
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"event\":{\"id\":\"o\",\"kind\":\"alert\"},"
		"\"message\":\"about c1\",\"container\":{\"id\":\"c2\",\"name\":\"c1\"}}";
	static const char host[] =
		"{\"@timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"event\":{\"id\":\"h\",\"kind\":\"alert\"}}";
	_cleanup_free_ char *first = line_at(0, "a1", ALERT, DRIFT);
	_cleanup_story_ struct story *story = story_of(first), *of_host = story_of(host);

	(void)state;
	assert_int_equal(story_line(story, other, strlen(other)), 0);
	assert_int_equal(story_line(story, host, strlen(host)), 0);
	assert_int_equal(count_at(story, "around"), 1);
	assert_int_equal(story_line(of_host, first, strlen(first)), 0);
	assert_int_equal(count_at(of_host, "around"), 1);
	assert_null(story_container(of_host));
}

/* ---- the session ---- */

#define LEADER                                                                                                         \
	"\"process\":{\"pid\":9,\"entity_id\":\"9-1\",\"executable\":\"/bin/"                                          \
	"x\",\"args\":[\"x\"],\"entry_leader\":{\"pid\":5,\"entity_id\":\"5-1\","                                      \
	"\"executable\":\"/bin/sh\",\"start\":\"2026-01-02T03:00:00.000000000Z\",\"user\":{\"id\":\"0\"}}}"
#define IN_FIVE                                                                                                        \
	"\"plimsoll\":{\"session\":\"5\",\"audit_id\":\"audit-1\",\"ancestors\":[" ANCESTOR(                           \
		6) ","                                                                                                 \
		   "{\"pid\":5,\"entity_id\":\"5-1\",\"executable\":\"/bin/sh\"}," ANCESTOR(1) "]}"
#define ENDED "\"kind\":\"state\",\"action\":\"session-end\",\"duration\":60000000000"

static void tells_a_session(void **state)
{
	_cleanup_free_ char *first = line_at(0, "a1", ALERT, DRIFT "," LEADER "," IN_FIVE);
	_cleanup_story_ struct story *story = story_of(first);

	(void)state;
	assert_true(story_is_open(story));
	assert_int_equal(story_since(story), MIDDLE - 245 * SECOND);
	take(story, 1, "b1", ALERT,
	     WROTE ",\"process\":{\"pid\":6,\"entity_id\":\"6-1\",\"executable\":\"/bin/p6\"},"
		   "\"file\":{\"path\":\"/etc/a\"},\"plimsoll\":{\"session\":\"5\"}");
	take(story, 900, "b2", ALERT,
	     DRIFT ",\"file\":{\"path\":\"/opt/b\"},\"plimsoll\":{\"writer\":{\"pid\":6,\"session\":\"5\"}}");
	take(story, 2, "b3", ALERT,
	     WROTE ",\"process\":{\"pid\":7,\"entity_id\":\"7-1\",\"executable\":\"/bin/p7\"},"
		   "\"file\":{\"path\":\"/etc/other\"},\"plimsoll\":{\"session\":\"55\"}");
	assert_string_equal(at(story, "session.plimsoll.audit_id"), "\"audit-1\"");
	assert_string_equal(at(story, "session.process.executable"), "\"/bin/sh\"");
	assert_string_equal(at(story, "session.began"), "\"2026-01-02T03:00:00.000000000Z\"");
	assert_int_equal(count_at(story, "session.ran"), 3); /* what stands above the one that came in is not its */
	assert_int_equal(count_at(story, "session.changed"), 2);
	assert_string_equal(at(story, "session.state"), "\"unknown\"");
	take(story, 3, "e0", ENDED, "\"plimsoll\":{\"session\":\"55\"}");
	assert_true(story_is_open(story));
	take(story, 3, "e1", ENDED, "\"plimsoll\":{\"session\":\"5\"}");
	assert_false(story_is_open(story));
	assert_string_equal(at(story, "session.state"), "\"ended\"");
	assert_string_equal(at(story, "session.duration"), "60000000000");
}

/* Without an end: open where the agent says so, not known where it did not watch all the time, or nothing tells. */
static void a_session_without_an_end(void **state)
{
	static const char stop[] = "{\"@timestamp\":\"2026-01-02T03:05:00.000000000Z\",\"event\":{\"id\":\"s\","
				   "\"kind\":\"state\",\"action\":\"stop\"}}";
	static const char early[] = "{\"@timestamp\":\"2026-01-02T02:00:00.000000000Z\",\"event\":{\"id\":\"s\","
				    "\"kind\":\"state\",\"action\":\"start\"}}";
	static const char loss[] = "{\"@timestamp\":\"2026-01-02T03:05:00.000000000Z\",\"event\":{\"id\":\"s\","
				   "\"kind\":\"state\",\"action\":\"loss\"}}";
	_cleanup_free_ char *first = line_at(0, "a1", ALERT, DRIFT "," LEADER "," IN_FIVE), *text = NULL;
	_cleanup_story_ struct story *story = story_of(first);

	(void)state;
	assert_int_equal(story_line(story, early, strlen(early)), 0);
	assert_int_equal(story_line(story, loss, strlen(loss)), 0);
	assert_string_equal(at(story, "session.state"), "\"unknown\"");
	assert_int_equal(story_line(story, stop, strlen(stop)), 0);
	assert_string_equal(at(story, "session.state"), "\"unwatched\"");
	assert_string_equal(at(story, "session.unwatched"), "\"2026-01-02T03:05:00.000000000Z\"");
	text = text_of(story, 0);
	assert_non_null(strstr(text, "until       (not known: the agent did not run all the time"));
	story_sessions(story, "{\"sessions\":[{\"session\":\"5\",\"container\":\"c2\"}]}");
	assert_string_equal(at(story, "session.state"), "\"unwatched\"");
	story_sessions(story, "{\"sessions\":[{\"session\":\"5\",\"container\":\"c1\"}]}");
	assert_string_equal(at(story, "session.state"), "\"open\"");
}

static void what_is_of_no_session_has_none(void **state)
{
	_cleanup_free_ char *first = line_at(0, "a1", ALERT, DRIFT "," PROCESS), *text = NULL;
	_cleanup_story_ struct story *story = story_of(first);

	(void)state;
	take(story, 1, "b1", ALERT, WROTE ",\"file\":{\"path\":\"/etc/a\"},\"plimsoll\":{\"session\":\"5\"}");
	assert_string_equal(at(story, "session"), "");
	assert_false(story_is_open(story));
	text = text_of(story, 0);
	assert_null(strstr(text, "Exec session"));
}

/* ---- the agent's writers, and the violation ---- */

static void takes_a_writer_from_the_agent(void **state)
{
	static const struct {
		const char *verdict, *answer, *expected;
	} rows[] = {
		{ "added", "{\"writers\":[{\"inode\":42,\"pid\":7,\"executable\":\"/bin/cp\"}]}", "\"/bin/cp\"" },
		{ "modified", "{\"writers\":[{\"inode\":42,\"pid\":7,\"executable\":\"/bin/cp\"}]}", "" },
		{ "added", "{\"writers\":[{\"inode\":43,\"pid\":7,\"executable\":\"/bin/cp\"}]}", "" },
		/* On which of two devices? */
		{ "added",
		  "{\"writers\":[{\"inode\":42,\"pid\":7,\"executable\":\"/"
		  "a\"},{\"inode\":42,\"pid\":8,\"executable\":\"/b\"}]}",
		  "" },
	};
	char rest[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *first = NULL;
		_cleanup_story_ struct story *story = NULL;

		(void)snprintf(rest, sizeof(rest),
			       "\"file\":{\"path\":\"/"
			       "x\",\"inode\":\"42\"},\"plimsoll\":{\"layer\":\"upper\",\"verdict\":\"%s\"}",
			       rows[i].verdict);
		first = line_at(0, "a1", ALERT, rest);
		story = story_of(first);
		story_writers(story, rows[i].answer);
		assert_string_equal(at(story, "file.plimsoll.writer.executable"), rows[i].expected);
	}
}

static void shows_the_violation(void **state)
{
	_cleanup_free_ char *first = line_at(0, "a1", ALERT,
					     DRIFT ",\"plimsoll\":{\"compliance\":{\"id\":\"v1\",\"state\":\"grace\","
						   "\"deadline\":\"2026-01-09T03:04:05Z\"}}"),
			    *text = NULL;
	_cleanup_story_ struct story *story = story_of(first);

	(void)state;
	assert_string_equal(at(story, "violation.state"), "\"grace\"");
	text = text_of(story, 0);
	assert_non_null(
		strstr(text, "Violation\n  id          v1\n  state       grace\n  deadline    2026-01-09T03:04:05Z\n"));
	assert_null(strstr(text, "opened"));
}

/* ---- for people ---- */

/* Names want to be something else: no control character reaches the terminal, and no line is wider than it. */
static void is_as_wide_as_the_terminal_and_harmless(void **state)
{
	static const char evil[] =
		"\\u001b[2J\\n\\r\\u202e\\u0007 \\\\ very long words that have to go on in the next line of all these";
	_cleanup_free_ char *rest = NULL, *first = NULL;
	_cleanup_story_ struct story *story = NULL;

	(void)state;
	assert_true(asprintf(&rest,
			     "\"rule\":{\"id\":\"%1$s\"},\"file\":{\"path\":\"/"
			     "%1$s\"},\"host\":{\"name\":\"%1$s\"},\"process\":{\"pid\":1,"
			     "\"entity_id\":\"1-1\",\"executable\":\"/"
			     "%1$s\",\"args\":[\"%1$s\",\"%1$s\"],\"user\":{\"id\":\"%1$s\"},"
			     "\"entry_leader\":{\"pid\":1,\"entity_id\":\"1-1\",\"executable\":\"/"
			     "%1$s\",\"args\":[\"%1$s\"]}},"
			     "\"package\":{\"name\":\"%1$s\"},\"plimsoll\":{\"session\":\"5\",\"audit_id\":\"%1$s\","
			     "\"verdict\":\"%1$s\","
			     "\"severity\":\"%1$s\",\"allowed\":\"%1$s\",\"compliance\":{\"id\":\"%1$s\"},"
			     "\"writer\":{\"executable\":\"%1$s\",\"session\":\"%1$s\",\"time\":\"%1$s\"}}",
			     evil) > 0);
	first = line_at(0, "a1", ALERT, rest);
	story = story_of(first);
	for (size_t width = PAGE_NARROW; width < 200; width += 7) {
		_cleanup_free_ char *text = text_of(story, width);

		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			if (strlen(line) > width)
				fail_msg("%zu characters in %zu: %s", strlen(line), width, line);
			for (const char *c = line; *c; c++)
				assert_true(*c >= ' ' && *c < 0x7f);
		}
	}
}

static void breaks_lines_at_words(void **state)
{
	static const struct {
		const char *text;
		size_t margin;
		const char *expected;
	} rows[] = {
		{ "short", 2, "short\n" },
		{ "0123456789012345678901234567890123456789", 2, "0123456789012345678901234567890123456789\n" },
		{ "01234567890123456789012345678901234567890", 2, "0123456789012345678901234567890123456789\n  0\n" },
		{ "aaaa bbbb cccc dddd eeee ffff gggg hhhh i", 4, "aaaa bbbb cccc dddd eeee ffff gggg hhhh\n    i\n" },
		{ "aaaa bbbb cccc dddd eeee ffff gggg hhhhhh iii", 4,
		  "aaaa bbbb cccc dddd eeee ffff gggg\n    hhhhhh iii\n" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9 6789012345678901234567890123456789 x", 0,
		  "\xc3\xa9\xc3\xa9\xc3\xa9 6789012345678901234567890123456789 x\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = NULL;
		size_t size = 0;
		struct page page = { .out = open_memstream(&text, &size), .width = 40 };

		page_begin(&page, 0, rows[i].margin, PAGE_PLAIN);
		page_name(&page, rows[i].text);
		page_end(&page);
		page_clear(&page);
		(void)fclose(page.out);
		assert_string_equal(text, rows[i].expected);
	}
}

static void says_spans_in_two_units(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *expected;
	} rows[] = {
		{ 0, "0 s" },    { 59, "59 s" },        { 60, "1 min" },  { 61, "1 min 1 s" },  { 3600, "1 h" },
		{ 3659, "1 h" }, { 3660, "1 h 1 min" }, { 86400, "1 d" }, { 90000, "1 d 1 h" }, { 8640000, "100 d" },
	};
	char text[SPAN_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		span_text(rows[i].seconds * SECOND, text);
		assert_string_equal(text, rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_alert),
		cmocka_unit_test(takes_no_harm),
		cmocka_unit_test(a_correction_replaces),
		cmocka_unit_test(counts_repeats),
		cmocka_unit_test(knows_where_the_tree_begins),
		cmocka_unit_test(says_what_each_wrote),
		cmocka_unit_test(keeps_the_nearest_of_10000),
		cmocka_unit_test(another_container_is_not_around),
		cmocka_unit_test(tells_a_session),
		cmocka_unit_test(a_session_without_an_end),
		cmocka_unit_test(what_is_of_no_session_has_none),
		cmocka_unit_test(takes_a_writer_from_the_agent),
		cmocka_unit_test(shows_the_violation),
		cmocka_unit_test(is_as_wide_as_the_terminal_and_harmless),
		cmocka_unit_test(breaks_lines_at_words),
		cmocka_unit_test(says_spans_in_two_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
