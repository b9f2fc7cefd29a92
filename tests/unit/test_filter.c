// SPDX-License-Identifier: Apache-2.0
#include "filter/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "filter/known.h"
#include "output/json.h"
#include "policy/pattern.h"

static const char sample[] =
	"{\"@timestamp\":\"2026-01-02T03:04:05.678901234Z\",\"event\":{\"kind\":\"alert\",\"category\":[\"file\","
	"\"process\"]},"
	"\"rule\":{\"id\":\"drift.exec.new\"},\"message\":\"say \\\"hi\\\" \\\\ 'x'\","
	"\"process\":{\"pid\":4711,\"user\":{\"id\":\"0\"},\"interactive\":true,\"args\":[\"su\",\"-c\",\"10\"]},"
	"\"file\":{\"path\":\"/usr/lib/x/y.so\",\"mode\":\"0755\"},"
	"\"plimsoll\":{\"fold\":{\"count\":12},\"ancestors\":[{\"pid\":1,\"executable\":\"/sbin/init\"},{\"pid\":9}],"
	"\"raw\":{\"file\":{\"path\":\"Lw==\"}}}}";

static const struct {
	const char *text;
	bool matches;
} rows[] = {
	{ "process.user.id == 0", true }, /* an id is text, and compared as a number */
	{ "process.user.id == \"0\"", true },
	{ "process.user.id == 0.0", true },
	{ "process.user.id == '00'", true },
	{ "process.user.id == 1", false },
	{ "process.user.id != 0", false },
	{ "process.user.id < 1", true },
	{ "process.pid > 4710", true },
	{ "process.pid >= 4711", true },
	{ "process.pid <= 4711", true },
	{ "process.pid < 4711", false },
	{ "process.pid == '4711'", true },
	{ "plimsoll.fold.count > 9", true }, /* not as text */
	{ "file.mode == '0755'", true },
	{ "rule.id == 'drift.exec.new'", true },
	{ "rule.id == \"drift.exec\"", false },
	{ "rule.id < 'e'", true },
	{ "@timestamp >= '2026-01-02T03:00'", true },
	{ "@timestamp < '2026-01-02T03:00'", false },
	{ "file.path =~ '/usr/**'", true },
	{ "file.path =~ '/usr/*'", false },
	{ "file.path !~ '/usr/*'", true },
	{ "file.path !~ '/usr/**'", false },
	{ "rule.id =~ 'drift.*'", true },
	{ "process.pid =~ '47*'", true },
	{ "process.interactive == true", true },
	{ "process.interactive == false", false },
	{ "process.interactive != false", true },
	{ "rule.id in ('a', 'drift.exec.new')", true },
	{ "rule.id in ('a')", false },
	{ "process.user.id in (5, 0)", true },
	{ "process", true },
	{ "process.pid", true },
	{ "process.tty.char_device.major", false },
	/* what is not there fits nothing, and no denial either */
	{ "package.name == 'x'", false },
	{ "package.name != 'x'", false },
	{ "package.name !~ 'x'", false },
	{ "package.name < 'x'", false },
	{ "package.name in ('x')", false },
	{ "not package.name == 'x'", true },
	{ "not package.name", true },
	/* lists: one is enough; a denial wants none */
	{ "event.category == 'process'", true },
	{ "event.category != 'process'", false },
	{ "event.category != 'iam'", true },
	{ "process.args == 10", true },
	{ "process.args =~ 's*'", true },
	{ "process.args !~ 's*'", false },
	{ "plimsoll.ancestors.pid == 9", true },
	{ "plimsoll.ancestors.pid == 8", false },
	{ "plimsoll.ancestors.executable == '/sbin/init'", true },
	{ "plimsoll.raw.file.path == 'Lw=='", true },
	{ "process == 'x'", false }, /* an object has no value */
	/* and, or, not */
	{ "process.pid and rule.id", true },
	{ "process.pid and package", false },
	{ "package or rule.id", true },
	{ "package or package.name", false },
	{ "rule.id or package and package", true }, /* and binds first */
	{ "(rule.id or package) and package", false },
	{ "not package and rule.id", true },
	{ "not (package or rule.id)", false },
	{ "not not rule.id", true },
	{ "((((rule.id))))", true },
	{ "\t rule.id\n==\r'drift.exec.new' ", true },
	/* quotes */
	{ "message == 'say \"hi\" \\\\ \\'x\\''", true },
	{ "message == \"say \\\"hi\\\" \\\\ 'x'\"", true },
	{ "message == ''", false },
	{ "message =~ \"say**\"", true },
};

static void matching(void **state)
{
	json_auto_t *alert = json_loads(sample, 0, NULL);

	(void)state;
	assert_non_null(alert);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(filter_freep) struct filter *filter = NULL;
		struct filter_error error = { 0 };

		if (filter_new(rows[i].text, &filter, &error) < 0)
			fail_msg("%s: %s", rows[i].text, error.message);
		if (filter_match(filter, alert) != rows[i].matches)
			fail_msg("%s is %s", rows[i].text, rows[i].matches ? "false" : "true");
	}
}

/* What is shown: the message, the expression and the caret. */
static const struct {
	const char *text, *message, *shown;
} refusals[] = {
	{ "", "a field, not or ( is expected here, where the expression ends", "\n^\n" },
	{ "   ", "a field, not or ( is expected here, where the expression ends", "   \n   ^\n" },
	{ "rule.id ==", "a value: text in quotes, a number, true or false is expected here, where the expression ends",
	  "rule.id ==\n          ^\n" },
	{ "rule.id = 'x'", "'=' is written '==' here", "rule.id = 'x'\n        ^\n" },
	{ "rule.id && rule.id", "'&&' is written 'and' here", "rule.id && rule.id\n        ^\n" },
	{ "!rule.id", "'!' is written 'not' here", "!rule.id\n^\n" },
	{ "rule.id == drift", "a value: text in quotes, a number, true or false is expected here, not drift",
	  "rule.id == drift\n           ^\n" },
	{ "rule.id =~ 5", "a pattern in quotes is expected here, not 5", "rule.id =~ 5\n           ^\n" },
	{ "rule.id =~ ''", "a pattern must not be empty", "rule.id =~ ''\n           ^\n" },
	{ "rule.id == 'x", "a closing ' is missing for this one", "rule.id == 'x\n           ^\n" },
	{ "(rule.id", "a closing ) is missing for this one", "(rule.id\n^\n" },
	{ "rule.id)", "and, or, or the end is expected here, not )", "rule.id)\n       ^\n" },
	{ "(rule.id rule.id)", "and, or, or ) is expected here, not rule.id", "(rule.id rule.id)\n         ^\n" },
	{ "rule.id in 'x'", "( and a list of values is expected here, not 'x'", "rule.id in 'x'\n           ^\n" },
	{ "rule.id in ()", "a value: text in quotes, a number, true or false is expected here, not )",
	  "rule.id in ()\n            ^\n" },
	{ "rule.id in ('x' 'y')", ", or ) is expected here, not 'y'", "rule.id in ('x' 'y')\n                ^\n" },
	{ "process.pid == 0x10", "this is no number; text is in quotes", "process.pid == 0x10\n               ^\n" },
	{ "process.pid == 1-2", "this is no number; text is in quotes", "process.pid == 1-2\n               ^\n" },
	{ "process.uid == 0", "no alert has a field 'process.uid': did you mean process.pid?",
	  "process.uid == 0\n^\n" },
	{ "prosess.user.id", "no alert has a field 'prosess.user.id': did you mean process.user.id?",
	  "prosess.user.id\n^\n" },
	{ "zzzzzzzzzzzzzzzzzz", "no alert has a field 'zzzzzzzzzzzzzzzzzz'", "zzzzzzzzzzzzzzzzzz\n^\n" },
	{ "rule.", "no alert has a field 'rule.': did you mean rule.id?", "rule.\n^\n" },
	{ "not", "a field, not or ( is expected here, where the expression ends", "not\n   ^\n" },
	{ "\x1b[2J", "no field, value or operator begins here", "\\x1b[2J\n^\n" },
	/* one column a character, so that the caret is where it should be */
	{ "\trule.id == '\xc3\xa9\t\xe6\x97\xa5\xe2\x80\xae\xff' =", "'=' is written '==' here",
	  "\\trule.id == '\xc3\xa9\\t\\u{65e5}\\u{202e}\\xff' =\n"
	  "                                       ^\n" },
	{ "message == '0123456789012345678901234567890123456789012345678901234567890' = "
	  "'0123456789012345678901234567890123456789'",
	  "'=' is written '==' here",
	  "...34567890123456789012345678901234567890' = '0123456789012345678901234567890123456...\n"
	  "                                           ^\n" },
};

static void errors_show_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		_cleanup_buffer_ struct buffer shown = { 0 };
		struct filter *filter = NULL;
		struct filter_error error = { 0 };

		assert_int_equal(filter_new(refusals[i].text, &filter, &error), -EINVAL);
		assert_string_equal(error.message, refusals[i].message);
		filter_show(refusals[i].text, &error, &shown);
		buffer_byte(&shown, '\0');
		assert_string_equal(shown.data, refusals[i].shown);
	}
}

/* `head`, `middle` so many times, `tail`. */
static char *repeated(const char *head, const char *middle, size_t times, const char *tail)
{
	_cleanup_buffer_ struct buffer text = { .limit = 8 << 20 };

	buffer_string(&text, head);
	for (size_t i = 0; i < times; i++)
		buffer_string(&text, middle);
	buffer_string(&text, tail);
	buffer_byte(&text, '\0');
	assert_int_equal(text.error, 0);
	return take_ptr(text.data);
}

static void bounds(void **state)
{
	static const struct {
		const char *head, *middle, *tail;
		size_t most;
		const char *message;
	} bounded[] = {
		{ "", "not ", "rule", FILTER_DEPTH, "this is deeper than 64 levels" },
		{ "rule", " and rule", "", FILTER_TERMS - 1, "there are more than 1024 comparisons and values" },
		{ "rule.id in (1", ",1", ")", FILTER_TERMS - 2, "there are more than 1024 comparisons and values" },
		{ "rule.id == '", "a", "'", PATTERN_MAX, "a value must not be longer than 1024 bytes" },
		{ "rule", " ", "", FILTER_SIZE - 4, "the expression is longer than 64 KiB" },
	};
	struct filter_error error = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bounded); i++) {
		for (size_t more = 0; more < 2; more++) {
			_cleanup_free_ char *text =
				repeated(bounded[i].head, bounded[i].middle, bounded[i].most + more, bounded[i].tail);
			_cleanup_(filter_freep) struct filter *filter = NULL;

			assert_int_equal(filter_new(text, &filter, &error), more ? -EINVAL : 0);
		}
		assert_string_equal(error.message, bounded[i].message);
	}
}

static void a_megabyte_is_one_short_line(void **state)
{
	_cleanup_free_ char *text = repeated("", "(", 1 << 20, "");
	_cleanup_buffer_ struct buffer shown = { 0 };
	struct filter *filter = NULL;
	struct filter_error error = { 0 };

	(void)state;
	assert_int_equal(filter_new(text, &filter, &error), -EINVAL);
	filter_show(text, &error, &shown);
	assert_int_equal(shown.size, 0);
	assert_true(strlen(error.message) < 80);
}

static void every_field_is_known(void **state)
{
	const char *field;
	size_t count = 0;

	(void)state;
	for (; (field = alert_field(count)); count++)
		assert_true(known_field(field));
	assert_true(count > 100);
	assert_true(known_field("process"));
	assert_true(known_field("plimsoll.raw.file.path"));
	assert_false(known_field("proces"));
	assert_false(known_field("process.pid.x"));
	assert_false(known_field(""));
	assert_string_equal(known_nearest("pid"), "process.pid");
	assert_string_equal(known_nearest("user.id"), "process.user.id");
	assert_string_equal(known_nearest("container.nmae"), "container.name");
	assert_null(known_nearest("qqqqqqqqqqqqqq"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matching),
		cmocka_unit_test(errors_show_their_place),
		cmocka_unit_test(bounds),
		cmocka_unit_test(a_megabyte_is_one_short_line),
		cmocka_unit_test(every_field_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
