// SPDX-License-Identifier: Apache-2.0
/* dpkg's texts, good and damaged: what is taken of them, and what is told. */
#include "inventory/dpkg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/copyright.h"

/* A text with a NUL in it says its size. */
struct row {
	const char *what;
	const char *text;
	const char *expected;
	size_t bad;
	size_t first;    /* of the bad lines */
	const char *why; /* NULL: none is */
	size_t size;
};

struct answer {
	char text[4096];
};

__attribute__((format(printf, 2, 3))) static void say(struct answer *answer, const char *format, ...)
{
	size_t size = strlen(answer->text);
	va_list list;

	va_start(list, format);
	(void)vsnprintf(answer->text + size, sizeof(answer->text) - size, format, list);
	va_end(list);
}

typedef void (*reader)(struct lines *lines, struct answer *answer);

static void check(const struct row *row, reader read)
{
	size_t size = row->size ? row->size : strlen(row->text);
	_cleanup_free_ char *text = malloc(size + 1);
	struct answer answer = { "" };
	struct lines lines;

	assert_non_null(text);
	memcpy(text, row->text, size);
	text[size] = '\0';
	lines_begin(&lines, text, size);
	read(&lines, &answer);
	if (strcmp(answer.text, row->expected) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", row->what, answer.text, row->expected);
	if (lines.bad != row->bad || lines.first != row->first || !lines.why != !row->why ||
	    (row->why && strcmp(lines.why, row->why) != 0))
		fail_msg("%s: %zu bad, line %zu %s", row->what, lines.bad, lines.first, lines.why);
}

#define CHECK_ROWS(rows, read)                                                                                         \
	do {                                                                                                           \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(rows); i_++)                                                       \
			check(&(rows)[i_], read);                                                                      \
	} while (0)

/* ---- status ---- */

static int say_package(const struct dpkg_package *package, void *data)
{
	say(data, "%s|%s|%s|%s|%s|%s|%s;", package->name, package->version ? package->version : "-",
	    package->architecture ? package->architecture : "-", package->source,
	    package->source_version ? package->source_version : "-", package->is_same ? "same" : "-",
	    package->conffiles ? package->conffiles : "-");
	return 0;
}

static void read_status(struct lines *lines, struct answer *answer)
{
	assert_int_equal(dpkg_status(lines, true, say_package, answer), 0);
}

static void read_entry(struct lines *lines, struct answer *answer)
{
	assert_int_equal(dpkg_status(lines, false, say_package, answer), 0);
}

#define INSTALLED "Status: install ok installed\n"
#define REST      "Version: 1\nArchitecture: all\n"

static const struct row status_rows[] = {
	{ "nothing", "", "", 0, 0, NULL, 0 },
	{ "one", "Package: a\n" INSTALLED "Version: 1:2.3-4+b1\nArchitecture: amd64\n\n", "a|1:2.3-4+b1|amd64|a|-|-|-;",
	  0, 0, NULL, 0 },
	{ "two, and lines between them", "\n\nPackage: a\n" INSTALLED REST "\n\n\nPackage: b\n" INSTALLED REST,
	  "a|1|all|a|-|-|-;b|1|all|b|-|-|-;", 0, 0, NULL, 0 },
	{ "names of fields have no case", "PACKAGE: a\nstatus: install ok installed\nversion: 1\narchitecture: all\n",
	  "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
	{ "a source", "Package: a\n" INSTALLED REST "Source: b\n", "a|1|all|b|-|-|-;", 0, 0, NULL, 0 },
	{ "a source of another version", "Package: a\n" INSTALLED REST "Source: b (1:2-3)\n", "a|1|all|b|1:2-3|-|-;", 0,
	  0, NULL, 0 },
	{ "a source whose version has no end", "Package: a\n" INSTALLED REST "Source: b (1:2-3\n", "a|1|all|b|-|-|-;",
	  0, 0, NULL, 0 },
	{ "of several architectures", "Package: a\n" INSTALLED REST "Multi-Arch: same\n", "a|1|all|a|-|same|-;", 0, 0,
	  NULL, 0 },
	{ "for several architectures", "Package: a\n" INSTALLED REST "Multi-Arch: foreign\n", "a|1|all|a|-|-|-;", 0, 0,
	  NULL, 0 },
	{ "conffiles, and a description",
	  "Package: a\n" INSTALLED REST "Conffiles:\n /a 1\n /b 2\nDescription: a\n more\n",
	  "a|1|all|a|-|-|\n /a 1\n /b 2;", 0, 0, NULL, 0 },
	{ "on hold", "Package: a\nStatus: hold ok installed\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
	{ "to be removed, but there", "Package: a\nStatus: deinstall ok installed\n" REST, "a|1|all|a|-|-|-;", 0, 0,
	  NULL, 0 },
	{ "removed", "Package: a\nStatus: deinstall ok config-files\n" REST, "", 0, 0, NULL, 0 },
	{ "purged", "Package: a\nStatus: purge ok not-installed\n", "", 0, 0, NULL, 0 },
	{ "half", "Package: a\nStatus: install reinstreq half-installed\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
	{ "unpacked", "Package: a\nStatus: install ok unpacked\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
	{ "half configured", "Package: a\nStatus: install ok half-configured\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL,
	  0 },
	{ "triggers", "Package: a\nStatus: install ok triggers-pending\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
	{ "other triggers", "Package: a\nStatus: install ok triggers-awaited\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL,
	  0 },
	{ "a state that dpkg has not", "Package: a\nStatus: install ok fine\n" REST, "a|1|all|a|-|-|-;", 1, 1,
	  "begins a package of an unknown state", 0 },
	{ "no state", "Package: a\n" REST, "", 1, 1, "begins a package without a state", 0 },
	{ "no version", "\nPackage: a\n" INSTALLED "Architecture: all\n", "a|-|all|a|-|-|-;", 1, 2,
	  "begins a package without a version", 0 },
	{ "no architecture", "Package: a\n" INSTALLED "Version: 1\n", "a|1|-|a|-|-|-;", 1, 1,
	  "begins a package without an architecture", 0 },
	{ "an architecture that is a path", "Package: a\n" INSTALLED "Version: 1\nArchitecture: ../../x\n",
	  "a|1|-|a|-|-|-;", 1, 1, "begins a package without an architecture", 0 },
	{ "no name", INSTALLED REST, "", 1, 1, "begins a package without a right name", 0 },
	{ "an empty name", "Package:\n\nPackage: b\n" INSTALLED REST, "b|1|all|b|-|-|-;", 1, 1,
	  "begins a package without a right name", 0 },
	{ "a name that is a path", "Package: ../../../etc/x\n" INSTALLED REST, "", 1, 1,
	  "begins a package without a right name", 0 },
	{ "a name that is hidden", "Package: .x\n" INSTALLED REST, "", 1, 1, "begins a package without a right name",
	  0 },
	{ "a name that rings", "Package: a\x1b[31m\n" INSTALLED REST, "", 1, 1, "begins a package without a right name",
	  0 },
	{ "a name as C++ has it", "Package: libstdc++6.0-x_y\n" INSTALLED REST,
	  "libstdc++6.0-x_y|1|all|libstdc++6.0-x_y|-|-|-;", 0, 0, NULL, 0 },
	{ "a line that is no field", "Package: a\nfoo\n" INSTALLED REST, "a|1|all|a|-|-|-;", 1, 2, "is no field", 0 },
	{ "a field without a name", ": a\nPackage: a\n" INSTALLED REST, "a|1|all|a|-|-|-;", 1, 1, "is no field", 0 },
	{ "a field twice", "Package: a\nPackage: b\n" INSTALLED REST, "a|1|all|a|-|-|-;", 1, 2, "says a field again",
	  0 },
	{ "a line that goes on with nothing", " a\nPackage: a\n" INSTALLED REST, "a|1|all|a|-|-|-;", 1, 1,
	  "goes on with nothing", 0 },
	{ "two kinds of damage", "foo\nbar\n", "", 3, 1, "is no field", 0 },
	{ "cut short", "Package: a\n" INSTALLED REST "\nPackage: b\n" INSTALLED "Version: 1",
	  "a|1|all|a|-|-|-;b|1|-|b|-|-|-;", 2, 6, "begins a package without an architecture", 0 },
	{ "only the last newline is not there", "Package: a\n" INSTALLED REST "x: y", "a|1|all|a|-|-|-;", 1, 5,
	  "is cut short", 0 },
	{ "a NUL", "Package: a\0b\n" INSTALLED REST, "", 2, 1, "has a NUL in it",
	  sizeof("Package: a\0b\n" INSTALLED REST) - 1 },
	{ "carriage returns", "Package: a\r\nStatus: install ok installed\r\nVersion: 1\r\nArchitecture: all\r\n",
	  "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
};

static const struct row entry_rows[] = {
	{ "a file of status.d has no state", "Package: a\n" REST, "a|1|all|a|-|-|-;", 0, 0, NULL, 0 },
	{ "nor need it end in a newline", "Package: a\nVersion: 1\nArchitecture: all", "a|1|all|a|-|-|-;", 0, 0, NULL,
	  0 },
	{ "what is something else", "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x\n", "", 2, 1, "is no field", 0 },
};

static void statuses(void **state)
{
	(void)state;
	CHECK_ROWS(status_rows, read_status);
	CHECK_ROWS(entry_rows, read_entry);
}

static int stop(const struct dpkg_package *package, void *data)
{
	(void)package;
	++*(int *)data;
	return -ENOMEM;
}

static void an_answer_ends_it(void **state)
{
	char text[] = "Package: a\n" INSTALLED REST "\nPackage: b\n" INSTALLED REST;
	struct lines lines;
	int calls = 0;

	(void)state;
	lines_begin(&lines, text, sizeof(text) - 1);
	assert_int_equal(dpkg_status(&lines, true, stop, &calls), -ENOMEM);
	assert_int_equal(calls, 1);
}

/* ---- sums ---- */

#define A "0123456789abcdef0123456789abcdef"
#define B "ABCDEF0123456789abcdef0123456789"

static void say_sums(struct dpkg_sums *sums, struct answer *answer)
{
	for (size_t i = 0; i < sums->count; i++)
		say(answer, "%s %s %u;", sums->sums[i].path, sums->sums[i].md5 ? sums->sums[i].md5 : "-",
		    sums->sums[i].flags);
	dpkg_sums_clear(sums);
}

static void read_conffiles(struct lines *lines, struct answer *answer)
{
	struct dpkg_sums sums = { 0 };

	assert_int_equal(dpkg_conffiles(lines, &sums), 0);
	say_sums(&sums, answer);
}

static void read_md5sums(struct lines *lines, struct answer *answer)
{
	struct dpkg_sums sums = { 0 };

	assert_int_equal(dpkg_md5sums(lines, &sums), 0);
	say_sums(&sums, answer);
}

static const struct row conffiles_rows[] = {
	{ "one", "/etc/a " A, "/etc/a " A " 1;", 0, 0, NULL, 0 },
	{ "several", "\n /etc/a " A "\n /etc/b " B, "/etc/a " A " 1;/etc/b " B " 1;", 0, 0, NULL, 0 },
	{ "obsolete", " /etc/a " A " obsolete", "/etc/a " A " 1;", 0, 0, NULL, 0 },
	{ "removed with the next", " /etc/a " A " remove-on-upgrade", "/etc/a " A " 1;", 0, 0, NULL, 0 },
	{ "both", " /etc/a " A " remove-on-upgrade obsolete", "/etc/a " A " 1;", 0, 0, NULL, 0 },
	{ "not yet configured", " /etc/a newconffile", "/etc/a - 1;", 0, 0, NULL, 0 },
	{ "with a blank in its name", " /etc/a b " A, "/etc/a b " A " 1;", 0, 0, NULL, 0 },
	{ "with the word in its name", " /etc/obsolete " A, "/etc/obsolete " A " 1;", 0, 0, NULL, 0 },
	{ "too long a digest", " /etc/a " A "0", "/etc/a - 1;", 0, 0, NULL, 0 },
	{ "no digest", " /etc/a", "", 1, 1, "is no conffile", 0 },
	{ "nothing but words", " obsolete obsolete", "", 1, 1, "is no conffile", 0 },
	{ "no absolute path", "/etc/a " A "\n etc/a " A, "/etc/a " A " 1;", 1, 2, "is no conffile", 0 },
};

static const struct row md5sums_rows[] = {
	{ "one", A "  usr/bin/a\n", "/usr/bin/a " A " 0;", 0, 0, NULL, 0 },
	{ "several, the last without an end", A "  usr/bin/a\n" B "  usr/bin/b",
	  "/usr/bin/a " A " 0;/usr/bin/b " B " 0;", 0, 0, NULL, 0 },
	{ "with a dot", A "  ./usr/bin/a\n", "/usr/bin/a " A " 0;", 0, 0, NULL, 0 },
	{ "with a slash", A "  /usr/bin/a\n", "/usr/bin/a " A " 0;", 0, 0, NULL, 0 },
	{ "binary", A " *usr/bin/a\n", "/usr/bin/a " A " 0;", 0, 0, NULL, 0 },
	{ "with blanks in the name", A "  usr/a  b \n", "/usr/a  b  " A " 0;", 0, 0, NULL, 0 },
	{ "out of the root: whoever takes it refuses it", A "  ../../a\n", "/../../a " A " 0;", 0, 0, NULL, 0 },
	{ "an empty line", A "  a\n\n", "/a " A " 0;", 1, 2, "is no checksum", 0 },
	{ "no name", A "  \n", "", 1, 1, "is no checksum", 0 },
	{ "one blank", A " a\n", "", 1, 1, "is no checksum", 0 },
	{ "too short", "0123456789abcdef  a\n", "", 1, 1, "is no checksum", 0 },
	{ "a SHA-1", A "01234567  a\n", "", 1, 1, "is no checksum", 0 },
	{ "cut", A "  a\n" A, "/a " A " 0;", 1, 2, "is no checksum", 0 },
	{ "a NUL", A "  a\0b\n", "", 1, 1, "has a NUL in it", sizeof(A "  a\0b\n") - 1 },
};

static void sums(void **state)
{
	(void)state;
	CHECK_ROWS(conffiles_rows, read_conffiles);
	CHECK_ROWS(md5sums_rows, read_md5sums);
}

/* A conffile's counts, wherever it stands. */
static void sums_are_found(void **state)
{
	char conffiles[] = "/etc/b " B, md5sums[] = A "  usr/z\n" A "  etc/b\n" A "  a\n";
	struct dpkg_sums sums = { 0 };
	struct lines lines;

	(void)state;
	assert_null(dpkg_sums_find(&sums, "/a"));
	dpkg_sums_sort(&sums);
	lines_begin(&lines, md5sums, sizeof(md5sums) - 1);
	assert_int_equal(dpkg_md5sums(&lines, &sums), 0);
	lines_begin(&lines, conffiles, sizeof(conffiles) - 1);
	assert_int_equal(dpkg_conffiles(&lines, &sums), 0);
	dpkg_sums_sort(&sums);
	assert_int_equal(sums.count, 4);
	assert_string_equal(dpkg_sums_find(&sums, "/a")->md5, A);
	assert_string_equal(dpkg_sums_find(&sums, "/usr/z")->md5, A);
	assert_string_equal(dpkg_sums_find(&sums, "/etc/b")->md5, B);
	assert_null(dpkg_sums_find(&sums, "/etc"));
	assert_null(dpkg_sums_find(&sums, "/z"));
	dpkg_sums_clear(&sums);
}

/* ---- lists ---- */

static int say_path(const char *path, const struct dpkg_sum *sum, void *data)
{
	if (strstr(path, ".."))
		return -EINVAL;
	say(data, "%s%s;", path, sum ? " sum" : "");
	return 0;
}

static void read_list(struct lines *lines, struct answer *answer)
{
	struct dpkg_sum sum = { "/sum/a", A, 0, 1 };
	struct dpkg_sums sums = { .sums = &sum, .count = 1 };

	assert_int_equal(dpkg_list(lines, &sums, say_path, answer), 0);
}

static const struct row list_rows[] = {
	{ "nothing", "", "", 0, 0, NULL, 0 },
	{ "directories go", "/.\n/usr\n/usr/bin\n/usr/bin/b\n/usr/bin/a\n", "/usr/bin/a;/usr/bin/b;", 0, 0, NULL, 0 },
	{ "an empty one may be anything", "/.\n/usr\n/usr/empty\n/var\n", "/usr/empty;/var;", 0, 0, NULL, 0 },
	{ "a longer name is not below", "/a\n/ab\n/ab/c\n/a-\n/a0\n", "/a;/a-;/a0;/ab/c;", 0, 0, NULL, 0 },
	{ "its links are at the end", "/usr\n/usr/a\n/usr/a-b\n/usr/c\n/usr/a/link\n/usr/c/d/link\n",
	  "/usr/a-b;/usr/a/link;/usr/c/d/link;", 0, 0, NULL, 0 },
	{ "with a checksum", "/sum\n/sum/a\n/sum/b\n", "/sum/a sum;/sum/b;", 0, 0, NULL, 0 },
	{ "no newline at the end", "/usr\n/usr/a", "/usr/a;", 0, 0, NULL, 0 },
	{ "what is no path is told with its line", "/usr\n/usr/x/../a\n/usr/b\n/../c\n", "/usr/b;", 2, 2,
	  "is no clean path", 0 },
};

static void lists(void **state)
{
	(void)state;
	CHECK_ROWS(list_rows, read_list);
}

/* ---- diversions ---- */

static void read_diversions(struct lines *lines, struct answer *answer)
{
	struct dpkg_diversions diversions = { 0 };

	assert_int_equal(dpkg_diversions(lines, &diversions), 0);
	for (size_t i = 0; i < diversions.count; i++)
		say(answer, "%s %s %s;", diversions.diversions[i].from, diversions.diversions[i].to,
		    diversions.diversions[i].package);
	dpkg_diversions_clear(&diversions);
}

static const struct row diversions_rows[] = {
	{ "nothing", "", "", 0, 0, NULL, 0 },
	{ "two, in order", "/b\n/b.x\np\n/a\n/a.x\n:\n", "/a /a.x :;/b /b.x p;", 0, 0, NULL, 0 },
	{ "cut after one line", "/b\n/b.x\np\n/a\n", "/b /b.x p;", 1, 4, "ends in the middle of an entry", 0 },
	{ "cut after two", "/b\n/b.x\np\n/a\n/a.x", "/b /b.x p;", 1, 5, "ends in the middle of an entry", 0 },
};

static void diversions(void **state)
{
	char text[] = "/bin/sh\n/bin/sh.distrib\ndash\n/x\n/y\n:\n";
	struct dpkg_diversions table = { 0 };
	struct lines lines;

	(void)state;
	CHECK_ROWS(diversions_rows, read_diversions);
	assert_null(dpkg_diverted(&table, "bash", "/bin/sh"));
	lines_begin(&lines, text, sizeof(text) - 1);
	assert_int_equal(dpkg_diversions(&lines, &table), 0);
	assert_string_equal(dpkg_diverted(&table, "bash", "/bin/sh"), "/bin/sh.distrib");
	assert_null(dpkg_diverted(&table, "dash", "/bin/sh"));
	assert_string_equal(dpkg_diverted(&table, "dash", "/x"), "/y");
	assert_null(dpkg_diverted(&table, "bash", "/bin/sh.distrib"));
	dpkg_diversions_clear(&table);
}

/* ---- copyright ---- */

static void read_copyright(struct lines *lines, struct answer *answer)
{
	char license[COPYRIGHT_TEXT_MAX];

	say(answer, "%s", copyright_license(lines, license) ? license : "none");
}

#define FORMAT "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nSource: x\n"

static const struct row copyright_rows[] = {
	{ "nothing", "", "none", 0, 0, NULL, 0 },
	{ "prose", "This is the Debian package of a.\n\nLicense: no\n", "none", 1, 1, "is no field", 0 },
	{ "prose with a colon", "Copyright: me\n\nFiles: *\nLicense: GPL-2+\n", "none", 0, 0, NULL, 0 },
	{ "one", FORMAT "\nFiles: *\nCopyright: me\nLicense: GPL-2+\n This program\n .\n is\n", "GPL-2+", 0, 0, NULL,
	  0 },
	{ "several, each once",
	  FORMAT "\nFiles: *\nLicense: GPL-2+\n\nFiles: a\nLicense: Expat\n\nFiles: b\nLicense: GPL-2+\n",
	  "GPL-2+ and Expat", 0, 0, NULL, 0 },
	{ "an alternative", FORMAT "\nFiles: *\nLicense: GPL-1+ or Artistic\n\nFiles: a\nLicense: Expat\n",
	  "GPL-1+ or Artistic, and Expat", 0, 0, NULL, 0 },
	{ "of the whole", FORMAT "License: Expat\n", "Expat", 0, 0, NULL, 0 },
	{ "texts alone are nobody's", FORMAT "\nFiles: *\nLicense: GPL-2+\n\nLicense: Expat\n Permission\n", "GPL-2+",
	  0, 0, NULL, 0 },
	{ "none is said", FORMAT "\nFiles: *\nCopyright: me\n", "none", 0, 0, NULL, 0 },
	{ "an empty one", FORMAT "\nFiles: *\nLicense:\n text\n", "none", 0, 0, NULL, 0 },
};

static void copyrights(void **state)
{
	(void)state;
	CHECK_ROWS(copyright_rows, read_copyright);
}

static void long_copyrights_have_a_bound(void **state)
{
	static char text[1u << 16];
	char license[COPYRIGHT_TEXT_MAX];
	struct lines lines;
	size_t size = (size_t)sprintf(text, "%s", FORMAT);

	(void)state;
	for (int i = 0; i < 200; i++)
		size += (size_t)sprintf(text + size, "\nFiles: %d\nLicense: a-licence-of-a-long-name-%d\n", i, i);
	lines_begin(&lines, text, size);
	assert_true(copyright_license(&lines, license));
	assert_in_range(strlen(license), COPYRIGHT_TEXT_MAX - 64, COPYRIGHT_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),   cmocka_unit_test(an_answer_ends_it),
		cmocka_unit_test(sums),       cmocka_unit_test(sums_are_found),
		cmocka_unit_test(lists),      cmocka_unit_test(diversions),
		cmocka_unit_test(copyrights), cmocka_unit_test(long_copyrights_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
