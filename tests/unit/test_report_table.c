// SPDX-License-Identifier: Apache-2.0
#include "report_sample.h"

#include "output/cell.h"

static void lines_check(const char *text, const char *const *lines)
{
	for (; *lines; lines++)
		if (!strstr(text, *lines))
			fail_msg("no '%s' in:\n%s", *lines, text);
}

static void ordinary(void **state)
{
	static const char *const lines[] = {
		"NAME         VERSION      ARCH   TYPE  ORIGIN         FILES\n"
		"bash         5.2.15-2+b2  amd64  deb   bash=5.2.15-2  7\n"
		"zlib         1.3          -      apk   -              0\n",
		"\n\nExecutables and libraries that no package owns:\n  /opt/tool\n",
		"\n\nNot read, or not whole:\n  rpm: /var/lib/rpm/Packages: a format that is not read\n",
		"\n\ndocker.io/library/debian:12 (Debian GNU/Linux 12 (bookworm)): 6 packages with 7 files, 1 "
		"executable of no "
		"package\n",
		NULL
	};
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	_cleanup_free_ char *text = NULL;

	(void)state;
	sample_ordinary(&sample);
	text = sample_print(&sample, "table");
	lines_check(text, lines);
	assert_null(strstr(text, "verified"));
	assert_null(strstr(text, "/usr/bin/bash"));
}

static void verified(void **state)
{
	static const char *const lines[] = {
		"\n\nFiles that are not what their packages say:\n"
		"  modified    /etc/bash.bashrc  bash 5.2.15-2+b2  (configuration)\n"
		"  modified    /usr/bin/bash  bash 5.2.15-2+b2\n"
		"  removed     /usr/share/gone  bash 5.2.15-2+b2\n"
		"  unreadable  /usr/share/unread  bash 5.2.15-2+b2\n\n",
		"\nverified: 1 as installed, 2 modified, 2 missing, 1 unreadable, 1 without a digest\n", NULL
	};
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	_cleanup_free_ char *text = NULL;

	(void)state;
	sample_ordinary(&sample);
	sample.report.verified = true;
	text = sample_print(&sample, "table");
	lines_check(text, lines);
}

static void empty(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	_cleanup_free_ char *text = NULL;

	(void)state;
	sample_empty(&sample);
	text = sample_print(&sample, "table");
	assert_string_equal(text, "/srv/root: 0 packages with 0 files, 0 executables of no package\n");
}

static bool is_plain(const char *text)
{
	while (*text == '\n' || (*text >= ' ' && *text < 0x7f))
		text++;
	return !*text;
}

/* Nothing of what a stranger wrote reaches a terminal but as plain characters, and every row has its six words. */
static void hostile(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	_cleanup_free_ char *text = NULL;
	char words[6][256];
	int count;

	(void)state;
	sample_hostile(&sample);
	sample.report.verified = true;
	text = sample_print(&sample, "table");
	assert_true(is_plain(text));
	count = sscanf(text + strcspn(text, "\n"), "%255s %255s %255s %255s %255s %255s", words[0], words[1], words[2],
		       words[3], words[4], words[5]);
	assert_int_equal(count, 6);
	assert_string_equal(words[0], "a\"b\\\\c\\n\\x1b[31m\\r\\t\\u{202e}<\\xff>");
	assert_string_equal(words[3], "pypi");
	assert_string_equal(words[5], "1");
}

static size_t longest_line(const char *text, size_t lines)
{
	size_t longest = 0;

	for (size_t i = 0; i < lines; i++) {
		size_t length = strcspn(text, "\n"), width = cell_width(text, length);

		longest = width > longest ? width : longest;
		text += length + 1;
	}
	return longest;
}

/* On a terminal the table keeps to its lines, as far as its columns can be narrowed. */
static void widths(void **state)
{
	static const struct {
		size_t width, longest;
	} rows[] = { { 0, 59 }, { 200, 59 }, { 59, 59 }, { 58, 58 }, { 56, 56 }, { 10, 56 } };
	_cleanup_sample_ struct sample sample = { .builder = NULL };

	(void)state;
	sample_ordinary(&sample);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = NULL;

		sample.report.width = rows[i].width;
		text = sample_print(&sample, "table");
		assert_int_equal(longest_line(text, 7), rows[i].longest);
	}
}

/* A name without end makes no line without end. */
static void a_long_name(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	_cleanup_free_ char *text = NULL;
	char name[4000];
	uint32_t number;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(builder_new(&sample.builder), 0);
	assert_int_equal(
		builder_package(sample.builder,
				&(struct inventory_package){ .type = PACKAGE_DEB, .name = name, .version = name },
				&number),
		0);
	sample_finish(&sample);
	text = sample_print(&sample, "table");
	assert_true(longest_line(text, 2) < 250);
	assert_non_null(strstr(text, "~xxx"));
}

static void formats(void **state)
{
	(void)state;
	assert_null(report_format_find("xml"));
	assert_null(report_format_find(""));
	assert_string_equal(report_format_find("spdx")->name, "spdx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary), cmocka_unit_test(verified), cmocka_unit_test(empty),
		cmocka_unit_test(hostile),  cmocka_unit_test(widths),   cmocka_unit_test(a_long_name),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
