// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "cmd/options.h"

#define ARGS_MAX (2 * LIST_MAX + 8)

/* A command's options, and what parsing a line of words made of them. */
struct parsed {
	bool json, quiet;
	const char *directory;
	struct option_list outputs;
	int result, first;
	char out[2048], err[512];
};

/* What was written to `stream` since it was pointed at `memory`; it goes back to `saved`. */
static void capture_end(FILE *stream, int memory, int saved, char *text, size_t size)
{
	ssize_t length;

	(void)fflush(stream);
	(void)dup2(saved, fileno(stream));
	(void)close(saved);
	length = pread(memory, text, size - 1, 0);
	(void)close(memory);
	text[length > 0 ? length : 0] = '\0';
}

static int capture_begin(FILE *stream, int *ret_saved)
{
	int memory = memfd_create("stream", MFD_CLOEXEC);

	(void)fflush(stream);
	*ret_saved = dup(fileno(stream));
	assert_true(memory >= 0 && *ret_saved >= 0);
	assert_true(dup2(memory, fileno(stream)) >= 0);
	return memory;
}

static void parse_words(struct parsed *parsed, char **words, int count)
{
	const struct option_row rows[] = {
		{ "json", 'j', OPTION_FLAG, &parsed->json, NULL, "one JSON object" },
		{ "quiet", 0, OPTION_FLAG, &parsed->quiet, NULL, "say nothing" },
		{ "state-dir", 0, OPTION_STRING, &parsed->directory, "DIR", "where it is kept" },
		{ "output", 'o', OPTION_LIST, &parsed->outputs, "SPEC", "where to; repeatable" },
	};
	const struct option_table table = { "plimsoll try [options] FILE", "Tries things.", rows, ARRAY_SIZE(rows) };
	int out_saved, err_saved, out, err;

	*parsed = (struct parsed){ .first = -1 };
	out = capture_begin(stdout, &out_saved);
	err = capture_begin(stderr, &err_saved);
	parsed->result = options_parse(&table, count, words, &parsed->first);
	capture_end(stderr, err, err_saved, parsed->err, sizeof(parsed->err));
	capture_end(stdout, out, out_saved, parsed->out, sizeof(parsed->out));
}

/* `line` behind the command's name, by spaces. */
static void parse(struct parsed *parsed, const char *line)
{
	static char copy[512]; /* the values point in here */
	char *words[ARGS_MAX] = { (char *)"try" }, *rest = copy;
	int count = 1;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	while (rest && *rest)
		words[count++] = strsep(&rest, " ");
	parse_words(parsed, words, count);
}

static void is_string(const char *actual, const char *expected)
{
	if (!expected)
		assert_null(actual);
	else
		assert_string_equal(actual, expected);
}

static void accepted(void **state)
{
	static const struct {
		const char *line;
		bool json, quiet;
		const char *directory;
		size_t outputs;
		const char *first_output, *last_output;
		int first;
	} rows[] = {
		{ "", false, false, NULL, 0, NULL, NULL, 1 },
		{ "FILE", false, false, NULL, 0, NULL, NULL, 1 },
		{ "-j", true, false, NULL, 0, NULL, NULL, 2 },
		{ "--json", true, false, NULL, 0, NULL, NULL, 2 },
		{ "--js", true, false, NULL, 0, NULL, NULL, 2 },
		{ "-j -j", true, false, NULL, 0, NULL, NULL, 3 },
		{ "--quiet -j FILE", true, true, NULL, 0, NULL, NULL, 3 },
		{ "--state-dir /a", false, false, "/a", 0, NULL, NULL, 3 },
		{ "--state-dir=/a=b", false, false, "/a=b", 0, NULL, NULL, 2 },
		{ "--state-dir=", false, false, "", 0, NULL, NULL, 2 },
		{ "--state-dir /a --state-dir /b", false, false, "/b", 0, NULL, NULL, 5 },
		{ "-o text", false, false, NULL, 1, "text", "text", 3 },
		{ "-otext", false, false, NULL, 1, "text", "text", 2 },
		{ "-jo text", true, false, NULL, 1, "text", "text", 3 },
		{ "-o text --output json:/x -ojson", false, false, NULL, 3, "text", "json", 6 },
		{ "-o -j", false, false, NULL, 1, "-j", "-j", 3 },
		{ "-j -- --quiet", true, false, NULL, 0, NULL, NULL, 3 },
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(&parsed, rows[i].line);
		assert_int_equal(parsed.result, 0);
		assert_int_equal(parsed.json, rows[i].json);
		assert_int_equal(parsed.quiet, rows[i].quiet);
		is_string(parsed.directory, rows[i].directory);
		assert_int_equal(parsed.outputs.count, rows[i].outputs);
		is_string(parsed.outputs.items[0], rows[i].first_output);
		if (rows[i].outputs)
			is_string(parsed.outputs.items[rows[i].outputs - 1], rows[i].last_output);
		assert_null(parsed.outputs.items[rows[i].outputs]); /* a list for others */
		assert_int_equal(parsed.first, rows[i].first);
		assert_string_equal(parsed.out, "");
		assert_string_equal(parsed.err, "");
	}
}

/* Options may stand behind arguments; these are moved to the end. */
static void arguments_between(void **state)
{
	char *words[] = { (char *)"try", (char *)"FILE", (char *)"-j", (char *)"OTHER", NULL };
	struct parsed parsed;

	(void)state;
	parse_words(&parsed, words, 4);
	assert_int_equal(parsed.result, 0);
	assert_true(parsed.json);
	assert_int_equal(parsed.first, 2);
	assert_string_equal(words[2], "FILE");
	assert_string_equal(words[3], "OTHER");
}

/* One line, which names the word. */
static void refused(void **state)
{
	static const struct {
		const char *line, *expected;
	} rows[] = {
		{ "-x", "plimsoll: try: there is no option -x: try plimsoll try --help\n" },
		{ "--nonsense", "plimsoll: try: there is no option --nonsense: try plimsoll try --help\n" },
		{ "--nonsense=1", "plimsoll: try: there is no option --nonsense=1: try plimsoll try --help\n" },
		{ "-j -x FILE", "plimsoll: try: there is no option -x: try plimsoll try --help\n" },
		{ "-o", "plimsoll: try: an argument is missing for -o: try plimsoll try --help\n" },
		{ "-j --output", "plimsoll: try: an argument is missing for --output: try plimsoll try --help\n" },
		{ "--state-dir", "plimsoll: try: an argument is missing for --state-dir: try plimsoll try --help\n" },
	};
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(&parsed, rows[i].line);
		assert_int_equal(parsed.result, -EINVAL);
		assert_int_equal(parsed.first, -1); /* untouched */
		assert_string_equal(parsed.err, rows[i].expected);
		assert_string_equal(parsed.out, "");
	}
	parse(&parsed, "--json=1");
	assert_int_equal(parsed.result, -EINVAL);
	assert_false(parsed.json);
}

static void a_list_has_an_end(void **state)
{
	char *words[ARGS_MAX] = { (char *)"try" };
	struct parsed parsed;
	int count = 1;

	(void)state;
	for (int i = 0; i < LIST_MAX; i++)
		words[count++] = (char *)"-ojson";
	parse_words(&parsed, words, count);
	assert_int_equal(parsed.result, 0);
	assert_int_equal(parsed.outputs.count, LIST_MAX);
	assert_null(parsed.outputs.items[LIST_MAX]);
	words[count++] = (char *)"-ojson";
	parse_words(&parsed, words, count);
	assert_int_equal(parsed.result, -EINVAL);
	assert_int_equal(parsed.outputs.count, LIST_MAX);
	assert_string_equal(parsed.err, "plimsoll: --output may be given 16 times at most\n");
}

static void help(void **state)
{
	static const char *const lines[] = { "-h", "--help", "-j --help -x", "FILE -h" };
	static const char expected[] = "Usage: plimsoll try [options] FILE\n\nTries things.\n\n"
				       "  -j, --json                     one JSON object\n"
				       "      --quiet                    say nothing\n"
				       "      --state-dir DIR            where it is kept\n"
				       "  -o, --output SPEC              where to; repeatable\n"
				       "  -h, --help                     show this and exit\n";
	struct parsed parsed;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		parse(&parsed, lines[i]);
		assert_int_equal(parsed.result, 1);
		assert_string_equal(parsed.out, expected);
		assert_string_equal(parsed.err, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted), cmocka_unit_test(arguments_between),
		cmocka_unit_test(refused),  cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
