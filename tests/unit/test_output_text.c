// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "output/text.h"
#include "output_sample.h"

static void check_line(const struct alert *alert, bool colour, const char *expected)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	assert_int_equal(alert_to_text(alert, colour, &line), 0);
	buffer_byte(&line, '\0');
	assert_string_equal(line.data, expected);
}

static int set_utc(void **state)
{
	(void)state;
	if (setenv("TZ", "UTC", 1) < 0)
		return -1;
	tzset();
	return 0;
}

static void test_full(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	check_line(&sample.alert, false,
		   "03:04:05.678 HIGH     root.escalation      prod/web-0/web (nginx:1.25) a process became root  "
		   "pid=4711 user=1000->0 exe=/usr/bin/su parent=/bin/sh from=/usr/bin/old count=12 allowed=OPS-1 "
		   "(cut)\n");
}

static void test_colour(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.alert.kind = ALERT_STATE;
	sample.alert.severity = SEVERITY_CRITICAL;
	sample.alert.event = NULL;
	sample.alert.facts = NULL;
	sample.alert.finding = NULL;
	sample.alert.container = NULL;
	sample.alert.allowed = NULL;
	sample.alert.fold.id = 0;
	check_line(&sample.alert, true,
		   "03:04:05.678 \033[1;97;41mCRITICAL\033[0m plimsoll             a process became root \033[2m"
		   "\033[0m\n");
}

/* What the message says already is not said again; ids that differ are; an event shows its action. */
static void test_short(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.alert.kind = ALERT_EVENT;
	sample.alert.finding = NULL;
	sample.alert.severity = SEVERITY_INFO;
	sample.alert.message = "/usr/bin/su ran from /bin/sh";
	sample.alert.allowed = NULL;
	sample.alert.fold.id = 0;
	sample.event.head_flags = 0;
	sample.event.before = sample.event.task.creds;
	sample.event.change.from = NULL;
	sample.container.facts = (struct container_facts){ .id = (char *)"0123456789abcdef" };
	check_line(&sample.alert, false,
		   "03:04:05.678 info     exec                 0123456789ab /usr/bin/su ran from /bin/sh  "
		   "pid=4711 user=0(1000)\n");
	sample.container.facts = (struct container_facts){ 0 };
	sample.container.cgroup_path = (char *)"/system.slice/docker-1.scope";
	sample.event.task.creds.uid = 0;
	check_line(&sample.alert, false,
		   "03:04:05.678 info     exec                 docker-1.scope /usr/bin/su ran from /bin/sh  "
		   "pid=4711 user=0\n");
}

/* One line, one word a name, and no byte that a terminal obeys. */
static void test_hostile(void **state)
{
	struct sample sample;

	(void)state;
	sample_init(&sample);
	sample.alert.message = "\x1b[1Aran a\n03:04:05.678 \xff";
	sample.alert.allowed = NULL;
	sample.alert.fold.id = 0;
	sample.event.head_flags = 0;
	sample.event.change.from = NULL;
	sample.facts.executable = "/x user=0";
	sample.facts.parent_executable = "/\xe2\x80\xaesh";
	sample.finding.path = "/y\r";
	sample.container.facts = (struct container_facts){ .name = (char *)"a b",
							   .image_name = (char *)"i)\x07",
							   .image_tag = (char *)"\xc2\x9b" };
	check_line(&sample.alert, false,
		   "03:04:05.678 HIGH     root.escalation      a\\x20b (i)\\x07:\\u{009b}) "
		   "\\x1b[1Aran a\\n03:04:05.678 \\xff  pid=4711 user=1000->0 exe=/x\\x20user=0 "
		   "parent=/\\u{202e}sh file=/y\\r\n");
}

static void test_too_long(void **state)
{
	_cleanup_buffer_ struct buffer line = { .limit = 100 };
	struct sample sample;

	(void)state;
	sample_init(&sample);
	buffer_string(&line, "before");
	assert_int_equal(alert_to_text(&sample.alert, true, &line), -EMSGSIZE);
	assert_int_equal(line.size, 6);
	assert_int_equal(line.error, 0);
}

static void test_colour_refused(void **state)
{
	_cleanup_close_ int terminal = posix_openpt(O_RDWR | O_NOCTTY), null = open("/dev/null", O_WRONLY);

	(void)state;
	if (terminal < 0)
		skip();
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_true(text_wants_colour(terminal));
	assert_false(text_wants_colour(null));
	assert_int_equal(setenv("NO_COLOR", "", 1), 0);
	assert_true(text_wants_colour(terminal));
	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	assert_false(text_wants_colour(terminal));
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	assert_false(text_wants_colour(terminal));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),    cmocka_unit_test(test_colour),   cmocka_unit_test(test_short),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_too_long), cmocka_unit_test(test_colour_refused),
	};

	return cmocka_run_group_tests(tests, set_utc, NULL);
}
