/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_choice.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX

static void names(void **state)
{
	char longest[2000], another[2000];
	static const struct {
		const char *word, *reference;
		enum image_match match;
	} rows[] = {
		{ "debian:12", "debian:12", IMAGE_EXACT },
		{ "debian", "debian", IMAGE_EXACT }, /* of ctr's */
		{ "debian:12", "docker.io/library/debian:12", IMAGE_NAME },
		{ "docker.io/library/debian:12", "debian:12", IMAGE_NAME },
		{ "index.docker.io/library/debian:12", "debian:12", IMAGE_NAME },
		{ "docker.io/debian:12", "docker.io/library/debian:12", IMAGE_NAME },
		{ "shop/web:2", "docker.io/shop/web:2", IMAGE_NAME },
		{ "web:2", "localhost/web:2", IMAGE_NAME },
		{ "debian", "debian:latest", IMAGE_NAME },
		{ "debian:latest", "debian", IMAGE_NAME },
		{ "localhost:5000/web", "localhost:5000/web:latest", IMAGE_NAME },
		{ "debian:12@" DIGEST, "debian@" DIGEST, IMAGE_NAME },
		{ "debian@" DIGEST, "docker.io/library/debian@" DIGEST, IMAGE_NAME },
		{ "debian", "debian:12", IMAGE_NONE },
		{ "debian:1", "debian:12", IMAGE_NONE },
		{ "debian:12", "debian:1", IMAGE_NONE },
		{ "debian:12", "quay.io/library/debian:12", IMAGE_NONE },
		{ "library/debian:12", "localhost/debian:12", IMAGE_NONE },
		{ "web:2", "shop/web:2", IMAGE_NONE },
		{ "debian@" DIGEST, "debian:12", IMAGE_NONE },
		{ "", "debian:latest", IMAGE_NONE },
		{ "debian", NULL, IMAGE_NONE },
		{ "@", ":", IMAGE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (image_match_name(rows[i].word, rows[i].reference) != rows[i].match)
			fail_msg("%s, %s", rows[i].word, rows[i].reference);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	memcpy(another, longest, sizeof(longest));
	another[1500] = 'y'; /* beyond what is compared */
	assert_int_equal(image_match_name(longest, another), IMAGE_NONE);
	assert_int_equal(image_match_name(longest, longest), IMAGE_EXACT);
}

static void ids(void **state)
{
	static const struct {
		const char *word, *id;
		enum image_match match;
	} rows[] = {
		{ HEX, HEX, IMAGE_EXACT },
		{ HEX, DIGEST, IMAGE_EXACT },
		{ DIGEST, HEX, IMAGE_EXACT },
		{ "0123", DIGEST, IMAGE_DIGITS },
		{ "sha256:0123", DIGEST, IMAGE_DIGITS },
		{ "012", DIGEST, IMAGE_NONE }, /* too few */
		{ "0124", DIGEST, IMAGE_NONE },
		{ "0123X", DIGEST, IMAGE_NONE },
		{ HEX "0", DIGEST, IMAGE_NONE },
		{ "sha256:", DIGEST, IMAGE_NONE },
		{ "", DIGEST, IMAGE_NONE },
		{ HEX, NULL, IMAGE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (image_match_id(rows[i].word, rows[i].id) != rows[i].match)
			fail_msg("%s, %s", rows[i].word, rows[i].id);
}

static void offer(struct image_choice *choice, enum image_match match, const char *id, const char *reference)
{
	assert_int_equal(image_choice_offer(choice, match, id, reference, "w"), 0);
}

static void the_best_one_is_chosen(void **state)
{
	_cleanup_image_choice_ struct image_choice choice = { .id = NULL };

	(void)state;
	assert_int_equal(image_choice_made(&choice), -ENOENT);
	offer(&choice, IMAGE_NONE, "a", "a:1");
	assert_int_equal(image_choice_made(&choice), -ENOENT);
	offer(&choice, IMAGE_DIGITS, "a", NULL);
	assert_int_equal(image_choice_made(&choice), 0);
	offer(&choice, IMAGE_DIGITS, "b", NULL);
	assert_int_equal(image_choice_made(&choice), -ENOTUNIQ);
	offer(&choice, IMAGE_NAME, "b", "b:1"); /* a better one ends the doubt */
	assert_int_equal(image_choice_made(&choice), 0);
	offer(&choice, IMAGE_NAME, "b", "b:2"); /* another name of the same */
	offer(&choice, IMAGE_DIGITS, "c", NULL);
	assert_int_equal(image_choice_made(&choice), 0);
	assert_string_equal(choice.id, "b");
	assert_string_equal(choice.reference, "b:1");
	assert_string_equal(choice.where, "w");
	offer(&choice, IMAGE_NAME, "c", "c:1");
	assert_int_equal(image_choice_made(&choice), -ENOTUNIQ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(ids),
		cmocka_unit_test(the_best_one_is_chosen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
