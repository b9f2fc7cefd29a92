// SPDX-License-Identifier: Apache-2.0
#include "inventory/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "inventory_made.h"

#define _cleanup_changes_ _cleanup_(package_changes_freep)

static void say(const struct package_changes *changes, char *text, size_t size)
{
	*text = '\0';
	for (size_t i = 0; i < package_changes_count(changes); i++) {
		const struct package_change change = package_changes_at(changes, i);
		size_t length = strlen(text);

		assert_in_range(change.kind, PACKAGE_ADDED, PACKAGE_CHANGED);
		(void)snprintf(text + length, size - length, "%s%s %s %s %s %s>%s", i ? "; " : "",
			       package_change_name(change.kind), package_type_name(change.type), change.name,
			       change.architecture ?: "-", change.from ?: "", change.to ?: "");
	}
}

/* ---- what differs ---- */

static const struct row {
	const char *what, *before, *after, *expected;
} rows[] = {
	{ "nothing at all", "", "", "" },
	{ "the same", "deb a 1 amd64 /s; npm b 2 - /b", "npm b 2 - /b; deb a 1 amd64 /s", "" },
	{ "one came", "", "deb a 1 amd64 /s", "added deb a amd64 >1" },
	{ "one went", "deb a 1 amd64 /s", "", "removed deb a amd64 1>" },
	{ "another version", "deb a 1 amd64 /s", "deb a 2 amd64 /s", "changed deb a amd64 1>2" },
	{ "between others", "deb a 1 - /s; deb b 1 - /s; deb c 1 - /s", "deb a 1 - /s; deb b 2 - /s; deb c 1 - /s",
	  "changed deb b - 1>2" },
	{ "from a name to another", "deb a 1 - /s", "deb b 1 - /s", "added deb b - >1; removed deb a - 1>" },
	{ "a type is another package", "deb a 1 - /s", "apk a 1 - /s", "added apk a - >1; removed deb a - 1>" },
	{ "so is an architecture", "deb a 1 amd64 /s", "deb a 1 i386 /s",
	  "added deb a i386 >1; removed deb a amd64 1>" },
	{ "each architecture for itself", "deb a 1 amd64 /s; deb a 1 i386 /s", "deb a 2 amd64 /s; deb a 3 i386 /s",
	  "changed deb a amd64 1>2; changed deb a i386 1>3" },
	{ "one architecture of two", "deb a 1 amd64 /s; deb a 1 i386 /s", "deb a 1 amd64 /s; deb a 3 i386 /s",
	  "changed deb a i386 1>3" },
	{ "a second version beside", "rpm kernel 5 x86_64 /r", "rpm kernel 5 x86_64 /r; rpm kernel 6 x86_64 /r",
	  "added rpm kernel x86_64 >6" },
	{ "equal versions pair first", "rpm kernel 4 x86_64 /r; rpm kernel 5 x86_64 /r",
	  "rpm kernel 5 x86_64 /r; rpm kernel 6 x86_64 /r", "changed rpm kernel x86_64 4>6" },
	{ "two for one is no change", "npm a 1 - /x", "npm a 2 - /x; npm a 3 - /y",
	  "added npm a - >2; added npm a - >3; removed npm a - 1>" },
	{ "nor are two for two", "npm a 1 - /x; npm a 2 - /y", "npm a 3 - /x; npm a 4 - /y",
	  "added npm a - >3; added npm a - >4; removed npm a - 1>; removed npm a - 2>" },
	{ "moved", "npm a 1 - /x", "npm a 1 - /y", "" },
	{ "one of two alike went", "npm a 1 - /x; npm a 1 - /y", "npm a 1 - /z", "removed npm a - 1>" },
	{ "a third alike came", "npm a 1 - /x; npm a 1 - /y", "npm a 1 - /x; npm a 1 - /y; npm a 1 - /z",
	  "added npm a - >1" },
	{ "one of two alike was changed", "npm a 1 - /x; npm a 1 - /y", "npm a 1 - /x; npm a 2 - /y",
	  "changed npm a - 1>2" },
	{ "a version came to be known", "golang a - - /x", "golang a 1 - /x", "changed golang a - >1" },
	{ "in order of kind, type, name, version", "npm z 1 - /z; deb q 1 - /s; deb b 1 - /s",
	  "npm z 2 - /z; npm y 1 - /y; deb q 2 - /s; deb d 2 - /s; deb d 1 - /s",
	  "added deb d - >1; added deb d - >2; added npm y - >1; removed deb b - 1>; "
	  "changed deb q - 1>2; changed npm z - 1>2" },
};

static void what_differs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_inventory_ struct inventory *before = inventory_of(rows[i].before);
		_cleanup_inventory_ struct inventory *after = inventory_of(rows[i].after);
		_cleanup_changes_ struct package_changes *changes = NULL;
		size_t of = 0;
		char text[1024];

		assert_int_equal(package_changes_new(before, after, &changes), 0);
		say(changes, text, sizeof(text));
		if (strcmp(text, rows[i].expected) != 0)
			fail_msg("%s: '%s', not '%s'", rows[i].what, text, rows[i].expected);
		for (enum package_change_kind kind = PACKAGE_ADDED; kind < PACKAGE_CHANGE_KINDS; kind++)
			of += package_changes_of(changes, kind);
		assert_int_equal(of, package_changes_total(changes));
		assert_int_equal(of, package_changes_count(changes));
		assert_int_equal(package_changes_digest(changes) == 0, *text == '\0');
	}
}

/* ---- files ---- */

static void whose_a_path_is(void **state)
{
	static const struct {
		const char *path;
		bool own;
	} paths[] = {
		{ "/bin/same", false },    { "/bin/came", true }, { "/bin/went", true },  { "/bin/old", true },
		{ "/bin/new", true },      { "/bin/both", true }, { "/bin/taken", true }, { "/bin/nobody's", false },
		{ "/bin/came/x", false },  { "/bin", false },     { "relative", false },  { "", false },
		{ "/bin/samesame", true },
	};
	_cleanup_inventory_ struct inventory *before =
		inventory_of("deb same 1 - /s /bin/same; deb went 1 - /s /bin/went; "
			     "deb changed 1 - /s /bin/old /bin/both; "
			     "npm twin 1 - /a /bin/taken");
	_cleanup_inventory_ struct inventory *after = inventory_of("deb came 1 - /s /bin/came /bin/taken; "
								   "deb same 1 - /s /bin/same; npm twin 1 - /a; "
								   "npm twin 1 - /b /bin/samesame; "
								   "deb changed 2 - /s /bin/new /bin/both");
	_cleanup_changes_ struct package_changes *changes = NULL;

	(void)state;
	assert_int_equal(package_changes_new(before, after, &changes), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (package_changes_own(changes, paths[i].path) != paths[i].own)
			fail_msg("%s: not %d", paths[i].path, paths[i].own);
}

/* ---- the digest ---- */

static uint64_t digest_of(const char *before_text, const char *after_text)
{
	_cleanup_inventory_ struct inventory *before = inventory_of(before_text), *after = inventory_of(after_text);
	_cleanup_changes_ struct package_changes *changes = NULL;

	assert_int_equal(package_changes_new(before, after, &changes), 0);
	return package_changes_digest(changes);
}

static void the_same_differences_have_one_digest(void **state)
{
	static const struct {
		const char *before, *after;
	} others[] = {
		{ "deb a 1 amd64 /s", "deb a 2 amd64 /s; deb b 1 amd64 /s" }, /* itself */
		{ "deb a 1 amd64 /s", "deb a 2 amd64 /s" },
		{ "deb a 1 amd64 /s", "deb a 1 amd64 /s; deb b 1 amd64 /s" },
		{ "deb a 1 amd64 /s; deb b 1 amd64 /s", "deb a 2 amd64 /s" },
		{ "deb a 2 amd64 /s", "deb a 1 amd64 /s; deb b 1 amd64 /s" },
		{ "deb a 1 i386 /s", "deb a 2 i386 /s; deb b 1 amd64 /s" },
		{ "deb a 1 amd64 /s", "deb a 2 amd64 /s; apk b 1 amd64 /s" },
		{ "deb a 1 amd64 /s", "deb a 2 amd64 /s; deb b 1 amd64 /s; deb b 1 amd64 /t" },
	};
	uint64_t digest = digest_of(others[0].before, others[0].after);

	(void)state;
	assert_int_not_equal(digest, 0);
	assert_int_equal(digest_of("npm x 1 - /x; deb a 1 amd64 /other; deb z 1 - /s",
				   "deb z 1 - /s; deb b 1 amd64 /s; deb a 2 amd64 /s; npm x 1 - /moved"),
			 digest);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		for (size_t j = i + 1; j < ARRAY_SIZE(others); j++)
			assert_int_not_equal(digest_of(others[i].before, others[i].after),
					     digest_of(others[j].before, others[j].after));
	assert_int_equal(digest_of("deb a 1 - /s", "deb a 1 - /s"), 0);
}

/* ---- bounds ---- */

/* `count` versions of one name, from `first` on. */
static struct inventory *versions(size_t first, size_t count)
{
	struct builder *builder = NULL;
	char version[32];
	uint32_t number;

	assert_int_equal(builder_new(&builder), 0);
	for (size_t i = first; i < first + count; i++) {
		struct inventory_package package = { .type = PACKAGE_NPM, .name = "a", .version = version };

		(void)snprintf(version, sizeof(version), "%06zu", i);
		assert_int_equal(builder_package(builder, &package, &number), 0);
	}
	return inventory_made(builder);
}

static void more_than_are_kept_are_counted(void **state)
{
	_cleanup_inventory_ struct inventory *before = versions(0, 3), *after = versions(0, COMPARE_KEPT_MAX + 10);
	_cleanup_changes_ struct package_changes *changes = NULL;

	(void)state;
	assert_int_equal(package_changes_new(before, after, &changes), 0);
	assert_int_equal(package_changes_total(changes), COMPARE_KEPT_MAX + 7);
	assert_int_equal(package_changes_of(changes, PACKAGE_ADDED), COMPARE_KEPT_MAX + 7);
	assert_int_equal(package_changes_count(changes), COMPARE_KEPT_MAX);
	assert_string_equal(package_changes_at(changes, 0).to, "000003");
}

/* An image may hold as many versions of one name as there may be packages: each pair of them looked at would take
 * minutes, and SIGALRM ends this. */
static void one_name_in_very_many_versions(void **state)
{
	_cleanup_inventory_ struct inventory *before = versions(0, BUILDER_PACKAGES_MAX);
	_cleanup_inventory_ struct inventory *after = versions(500000, BUILDER_PACKAGES_MAX);
	_cleanup_changes_ struct package_changes *changes = NULL;

	(void)state;
	(void)alarm(30);
	assert_int_equal(package_changes_new(before, after, &changes), 0);
	(void)alarm(0);
	assert_int_equal(package_changes_of(changes, PACKAGE_ADDED), BUILDER_PACKAGES_MAX);
	assert_int_equal(package_changes_of(changes, PACKAGE_REMOVED), BUILDER_PACKAGES_MAX);
	assert_int_equal(package_changes_of(changes, PACKAGE_CHANGED), 0);
	package_changes_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_differs),
		cmocka_unit_test(whose_a_path_is),
		cmocka_unit_test(the_same_differences_have_one_digest),
		cmocka_unit_test(more_than_are_kept_are_counted),
		cmocka_unit_test(one_name_in_very_many_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
