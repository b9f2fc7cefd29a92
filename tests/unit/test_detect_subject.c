// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "detect/subject.h"

static void test_short_is_whole(void **state)
{
	char subject[32];

	(void)state;
	subject_format(subject, sizeof(subject), "%u %s", 0, "image");
	assert_string_equal(subject, "0 image");
	subject_format(subject, sizeof(subject), "%s", "0123456789012345678901234567890");
	assert_string_equal(subject, "0123456789012345678901234567890");
}

/* Two long names that differ anywhere stay two. */
static void test_long_ones_stay_apart(void **state)
{
	char name[5000], one[320], two[320];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[1000] = '\0';
	subject_format(one, sizeof(one), "%s", name);
	assert_int_equal(strlen(one), sizeof(one) - 1);
	for (size_t i = 0; i < 1000; i += 111) {
		name[i] = 'b';
		subject_format(two, sizeof(two), "%s", name);
		assert_string_not_equal(one, two);
		name[i] = 'a';
	}
	name[1000] = 'a';
	name[4999] = '\0';
	subject_format(two, sizeof(two), "%s", name);
	assert_string_not_equal(one, two);
}

static void test_hash_knows_where_texts_end(void **state)
{
	(void)state;
	assert_true(subject_hash("ab") == subject_hash("ab"));
	assert_false(subject_hash("ab") == subject_hash("ba"));
	assert_false(subject_hash_more(subject_hash("a"), "b") == subject_hash("ab"));
	assert_false(subject_hash_more(subject_hash("ab"), "c") == subject_hash_more(subject_hash("a"), "bc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_is_whole),
		cmocka_unit_test(test_long_ones_stay_apart),
		cmocka_unit_test(test_hash_knows_where_texts_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
