// SPDX-License-Identifier: Apache-2.0
/* What `plimsoll tail` picks and shows: the same text from an alert's JSON as from the alert. */
#include "tail/pick.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/json.h"
#include "output/text_json.h"
#include "output_sample.h"
#include "tail/follow.h"
#include "tail/show.h"

static const struct output_context context = { .host_name = "node1" };

static char *json_of(const struct alert *alert)
{
	struct buffer line = { 0 };

	assert_int_equal(alert_to_json(alert, &context, &line), 0);
	line.data[line.size - 1] = '\0';
	return line.data;
}

/* ---- text ---- */

static void check_same(const struct alert *alert)
{
	_cleanup_buffer_ struct buffer direct = { 0 }, back = { 0 };
	_cleanup_free_ char *line = json_of(alert);
	json_auto_t *object = json_loads(line, 0, NULL);
	struct text_alert text;

	for (int colour = 0; colour < 2; colour++) {
		assert_int_equal(alert_to_text(alert, colour, &direct), 0);
		assert_int_equal(text_of_json(object, &text), 0);
		assert_int_equal(text_line(&text, colour, &back), 0);
	}
	buffer_byte(&direct, '\0');
	buffer_byte(&back, '\0');
	assert_string_equal(back.data, direct.data);
}

static void the_text_is_the_same(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	check_same(&sample.alert);
	sample.event.before = sample.event.task.creds;
	check_same(&sample.alert);
	sample.event.task.creds.uid = 0;
	sample.alert.allowed = NULL;
	check_same(&sample.alert);
	sample.container.facts = (struct container_facts){ .id = (char *)"0123456789abcdef" };
	check_same(&sample.alert);
	sample.container.facts = (struct container_facts){ 0 };
	check_same(&sample.alert);
	sample.alert.container = NULL;
	sample.finding.path = "/other\x1b[2J";
	check_same(&sample.alert);
	sample.alert.kind = ALERT_EVENT;
	sample.alert.finding = NULL;
	check_same(&sample.alert);
	sample.alert.kind = ALERT_STATE;
	sample.alert.event = NULL;
	sample.alert.facts = NULL;
	sample.alert.state.kind = "loss";
	sample.alert.state.reason = "the output could not be written";
	check_same(&sample.alert);
}

static void what_is_no_alert_has_no_text(void **state)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		"{\"@timestamp\":\"2026-01-02T03:04:05.678901234Z\"}",
		"{\"@timestamp\":\"2026-01-02T03:04:05.678901234Z\",\"message\":5}",
		"{\"@timestamp\":\"yesterday\",\"message\":\"m\"}",
		"{\"@timestamp\":\"2026-01-02 03:04:05.678901234Z\",\"message\":\"m\"}",
		"{\"@timestamp\":{},\"message\":\"m\"}",
	};
	struct text_alert text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_auto_t *object = json_loads(rows[i], 0, NULL);

		assert_int_equal(text_of_json(object, &text), -EBADMSG);
	}
}

/* ---- picking ---- */

static void check_pick(const struct pick *asked, const struct alert *alert, int expected)
{
	_cleanup_free_ char *line = json_of(alert);
	json_auto_t *object = NULL;
	struct pick pick = *asked;

	assert_int_equal(pick_line(&pick, line, strlen(line), &object), expected);
	assert_int_equal(pick.unreadable, 0);
}

static void picking_by_pattern(void **state)
{
	static const struct {
		size_t offset; /* of a pattern of struct pick */
		const char *text;
		int expected;
	} rows[] = {
		{ offsetof(struct pick, container), "web", 1 },
		{ offsetof(struct pick, container), "w*", 1 },
		{ offsetof(struct pick, container), "we", 0 },
		{ offsetof(struct pick, container), "0123456789abcdef*", 1 },
		{ offsetof(struct pick, pod), "web-*", 1 },
		{ offsetof(struct pick, pod), "db-*", 0 },
		{ offsetof(struct pick, namespace), "prod", 1 },
		{ offsetof(struct pick, namespace), "test", 0 },
		{ offsetof(struct pick, image), "nginx", 1 },
		{ offsetof(struct pick, image), "nginx:*", 1 },
		{ offsetof(struct pick, image), "docker.io/library/nginx:1.25", 1 },
		{ offsetof(struct pick, image), "nginx:1.26", 0 },
		{ offsetof(struct pick, rule), "root.*", 1 },
		{ offsetof(struct pick, rule), "drift.*", 0 },
		{ offsetof(struct pick, rule), "*", 1 },
	};
	struct sample sample;

	(void)state;
	sample_init(&sample);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(pattern_freep) struct pattern *pattern = NULL;
		struct pick pick = { .until = "" };

		assert_int_equal(pattern_new(rows[i].text, 0, &pattern), 0);
		*(struct pattern **)((char *)&pick + rows[i].offset) = pattern;
		if (rows[i].text[0] == 'w' && rows[i].text[1] == 'e' && !rows[i].text[2])
			pick.container_id = "0123456789ac"; /* of another */
		check_pick(&pick, &sample.alert, rows[i].expected);
		sample.alert.container = NULL;
		if (rows[i].offset != offsetof(struct pick, rule))
			check_pick(&pick, &sample.alert, 0);
		sample.alert.container = &sample.container;
	}
}

static void picking_by_severity_and_time(void **state)
{
	struct pick pick = { .until = "" };
	struct sample sample;

	(void)state;
	sample_init(&sample); /* high */
	for (int severity = 0; severity < SEVERITIES; severity++) {
		pick.severity = (enum severity)severity;
		check_pick(&pick, &sample.alert, severity <= SEVERITY_HIGH);
	}
	pick = (struct pick){ .until = "" };
	time_rfc3339(SAMPLE_TIME, pick.until);
	check_pick(&pick, &sample.alert, 0);
	time_rfc3339(SAMPLE_TIME + 1, pick.until);
	check_pick(&pick, &sample.alert, 1);
}

static void picking_by_a_short_id(void **state)
{
	_cleanup_(pattern_freep) struct pattern *pattern = NULL;
	struct pick pick = { .container_id = "0123456789ab" };
	struct sample sample;

	(void)state;
	sample_init(&sample);
	assert_int_equal(pattern_new(pick.container_id, 0, &pattern), 0);
	pick.container = pattern;
	check_pick(&pick, &sample.alert, 1);
	pick.container_id = "123456789abc";
	check_pick(&pick, &sample.alert, 0);
}

/* What passes line_is_whole can still be no JSON. */
static void what_cannot_be_read_is_counted(void **state)
{
	static const char line[] = "{\"@timestamp\":\"2026-01-02T03:04:05.678901234Z\",oops}";
	struct pick pick = { .parse = true };
	json_t *alert = NULL;

	(void)state;
	assert_int_equal(pick_line(&pick, line, strlen(line), &alert), 0);
	assert_int_equal(pick.unreadable, 1);
	pick = (struct pick){ .parse = false }; /* as it is: nobody looks into it */
	assert_int_equal(pick_line(&pick, line, strlen(line), &alert), 1);
	assert_null(alert);
}

/* ---- showing ---- */

static void days_are_told_apart(void **state)
{
	_cleanup_(show_clear) struct show show;
	struct sample sample;

	(void)state;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	tzset();
	show_begin(&show, -1, false);
	sample_init(&sample);
	for (int i = 0; i < 4; i++) {
		_cleanup_free_ char *line = json_of(&sample.alert);
		json_auto_t *object = json_loads(line, 0, NULL);

		assert_int_equal(show_line(&show, line, strlen(line), object), 0);
		sample.alert.time += i == 1 ? 86400 * 1000000000ll : 1;
	}
	buffer_byte(&show.out, '\0');
	assert_ptr_equal(strstr(show.out.data, "-- 2026-01-02\n03:04:05"), show.out.data);
	assert_non_null(strstr(show.out.data, "\n-- 2026-01-03\n03:04:05"));
	assert_null(strstr(strstr(show.out.data, "-- 2026-01-03") + 1, "--"));
}

static void json_is_shown_as_it_is(void **state)
{
	_cleanup_(show_clear) struct show show;
	int ends[2];
	char got[16] = "";

	(void)state;
	assert_int_equal(pipe(ends), 0);
	show_begin(&show, ends[1], true);
	assert_int_equal(show_line(&show, "{\"a\": 1}", 8, NULL), 0);
	assert_int_equal(show_flush(&show), 0);
	assert_int_equal(read(ends[0], got, sizeof(got)), 9);
	assert_string_equal(got, "{\"a\": 1}\n");
	(void)close(ends[0]);
	assert_int_equal(show_line(&show, "{}", 2, NULL), 0);
	assert_int_equal(show_flush(&show), -EPIPE);
	(void)close(ends[1]);
}

/* ---- following ---- */

static int lines_join(const char *line, size_t size, void *data)
{
	buffer_append(data, line, size);
	buffer_byte(data, '|');
	return 0;
}

/* Lines come in pieces, and only whole ones are given. */
static void lines_come_in_pieces(void **state)
{
	static const char text[] = "one\ntwo\n\nthree\n";
	struct follow follow = { .fd = -EBADF };
	_cleanup_buffer_ struct buffer got = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	follow.fd = ends[0];
	for (size_t i = 0; i < strlen(text); i++) {
		assert_int_equal(write(ends[1], text + i, 1), 1);
		assert_int_equal(follow_take(&follow), 0);
		assert_int_equal(follow_give(&follow, lines_join, &got), 0);
	}
	assert_false(follow.ended);
	assert_int_equal(write(ends[1], "torn", 4), 4);
	(void)close(ends[1]);
	assert_int_equal(follow_take(&follow), 0);
	assert_true(follow.ended);
	assert_int_equal(follow_give(&follow, lines_join, &got), 0);
	buffer_byte(&got, '\0');
	assert_string_equal(got.data, "one|two||three|");
	follow_end(&follow);
}

static int ignore_pipe(void **state)
{
	(void)state;
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_text_is_the_same),  cmocka_unit_test(what_is_no_alert_has_no_text),
		cmocka_unit_test(picking_by_pattern),    cmocka_unit_test(picking_by_severity_and_time),
		cmocka_unit_test(picking_by_a_short_id), cmocka_unit_test(what_cannot_be_read_is_counted),
		cmocka_unit_test(days_are_told_apart),   cmocka_unit_test(json_is_shown_as_it_is),
		cmocka_unit_test(lines_come_in_pieces),
	};

	return cmocka_run_group_tests(tests, ignore_pipe, NULL);
}
