// SPDX-License-Identifier: Apache-2.0
#include "inventory/os_release.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory_root.h"

static const struct row {
	const char *what, *text;
	const char *id, *version, *name;
} rows[] = {
	{ "nothing", "", NULL, NULL, NULL },
	{ "Debian's",
	  "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
	  "debian", "12", "Debian GNU/Linux 12 (bookworm)" },
	{ "Alpine's", "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.0\nPRETTY_NAME=\"Alpine Linux v3.19\"",
	  "alpine", "3.19.0", "Alpine Linux v3.19" },
	{ "without a version", "ID=debian\nPRETTY_NAME='Debian sid'\n", "debian", NULL, "Debian sid" },
	{ "comments, blanks, others", "# ID=a\n\n  ID=b  \nID_LIKE=c\nfoo\n=d\n", "b", NULL, NULL },
	{ "the last counts", "ID=a\nID=b\n", "b", NULL, NULL },
	{ "empty is not there", "ID=a\nID=\nVERSION_ID=\"\"\n", NULL, NULL, NULL },
	{ "escapes between double quotes", "PRETTY_NAME=\"a \\\"b\\\" \\$c \\\\ \\d\"\n", NULL, NULL,
	  "a \"b\" $c \\ \\d" },
	{ "none between single ones", "PRETTY_NAME='a \"b\" \\$c'\n", NULL, NULL, "a \"b\" \\$c" },
	{ "escapes without quotes", "PRETTY_NAME=a\\ b c\n", NULL, NULL, "a b" },
	{ "quotes side by side", "PRETTY_NAME=a\"b c\"'d'e\n", NULL, NULL, "ab cde" },
	{ "a quote without an end", "PRETTY_NAME=\"a b\nID=x\n", "x", NULL, "a b" },
	{ "a backslash at the end", "ID=a\\\n", "a\\", NULL, NULL },
	{ "a carriage return", "ID=a\r\n", "a", NULL, NULL },
};

static void check(const char *what, const char *text, const char *expected)
{
	if (!text != !expected || (text && strcmp(text, expected) != 0))
		fail_msg("%s: \"%s\", not \"%s\"", what, text, expected);
}

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = strdup(rows[i].text);
		struct os_release release = { 0 };
		struct lines lines;

		assert_non_null(text);
		lines_begin(&lines, text, strlen(text));
		assert_int_equal(os_release_parse(&lines, &release), 0);
		check(rows[i].what, release.id, rows[i].id);
		check(rows[i].what, release.version, rows[i].version);
		check(rows[i].what, release.name, rows[i].name);
		os_release_clear(&release);
		assert_null(release.id);
	}
}

static void read_is(struct root *root, const char *id)
{
	struct os_release release = { 0 };

	assert_int_equal(os_release_read(root->tree, &release), 0);
	check("the root's", release.id, id);
	os_release_clear(&release);
}

static void files(void **state)
{
	struct root *root = *state;

	read_is(root, NULL);
	root_file(root, "usr/lib/os-release", "ID=usr\n");
	read_is(root, "usr");
	root_link(root, "etc/os-release", "../usr/lib/os-release");
	read_is(root, "usr");
	root_remove(root, "etc/os-release");
	root_file(root, "etc/os-release", "ID=etc\n");
	read_is(root, "etc");
	root_remove(root, "etc/os-release");
	root_fifo(root, "etc/os-release");
	read_is(root, "usr");
}

/* What is outside is nobody's. */
static void links_stay_inside(void **state)
{
	struct root *root = *state;

	root_directory(root, "etc");
	root_link(root, "etc/os-release", "../../../../../../../../etc/os-release");
	read_is(root, NULL);
	root_remove(root, "etc/os-release");
	root_link(root, "etc/os-release", "/usr/lib/os-release");
	root_file(root, "usr/lib/os-release", "ID=mine\n");
	read_is(root, "mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test_setup_teardown(files, root_setup, root_teardown),
		cmocka_unit_test_setup_teardown(links_stay_inside, root_setup, root_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
