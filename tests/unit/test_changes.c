/* SPDX-License-Identifier: Apache-2.0 */
#include "image/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void a_path_and_what_lies_below(void **state)
{
	static const struct {
		const char *path;
		bool told;
	} rows[] = {
		{ "/a/file", true },   { "/a/fil", false },       { "/a/file/x", false }, { "/a", false },
		{ "/b/tree", true },   { "/b/tree/x/y/z", true }, { "/b/tree2", false },  { "/b", false },
		{ "/b/tree/x", true }, { "/b/treex/y", false },   { "/", false },
	};
	struct changes *changes = changes_new();

	(void)state;
	assert_non_null(changes);
	assert_false(changes_tell(NULL, "/a/file"));
	assert_false(changes_tell(changes, "/a/file"));
	changes_add(changes, "/a/file", false);
	changes_add(changes, "/a/file", false);
	changes_add(changes, "/b/tree", true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (changes_tell(changes, rows[i].path) != rows[i].told)
			fail_msg("%s: not %d", rows[i].path, rows[i].told);
	assert_int_equal(changes_count(changes), 3);
	assert_false(changes_full(changes));
	changes_free(changes);
}

static void beyond_the_bound_it_says_so(void **state)
{
	struct changes *changes = changes_new();
	char path[32];

	(void)state;
	for (int i = 0; i <= CHANGES_MAX; i++) {
		assert_false(changes_full(changes));
		(void)snprintf(path, sizeof(path), "/file/%d", i);
		changes_add(changes, path, false);
	}
	assert_true(changes_full(changes));
	assert_int_equal(changes_count(changes), CHANGES_MAX);
	for (int i = 0; i <= CHANGES_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/file/%d", i);
		assert_int_equal(changes_tell(changes, path), i < CHANGES_MAX);
	}
	changes_free(changes);
	changes_free(NULL);
	changes = changes_new();
	changes_close(changes);
	assert_true(changes_full(changes));
	changes_free(changes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_and_what_lies_below),
		cmocka_unit_test(beyond_the_bound_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
