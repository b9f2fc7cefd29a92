// SPDX-License-Identifier: Apache-2.0
/* Digests made by threads, and at once; what is kept, and what counts as changed. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "digest/digests.h"

#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_MD5    "900150983cd24fb0d6963f7d28e17f72"

static int file_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void is_digest(const struct digest *digest, const char *expected)
{
	char text[DIGEST_TEXT_MAX];

	digest_text(digest, text);
	assert_string_equal(text, expected);
}

/* Until there is an answer. */
static void wait_pair(struct digests *digests, const struct digest_key *key, struct digest_pair *ret_pair)
{
	struct pollfd polled = { .fd = digests_fd(digests), .events = POLLIN };
	int r;

	while ((r = digests_get(digests, key, ret_pair)) == -EINPROGRESS) {
		assert_int_equal(poll(&polled, 1, 10000), 1);
		(void)digests_take(digests);
	}
	assert_int_equal(r, 0);
}

static void by_threads(void **state)
{
	struct digest_key key = { .where = 1, .inode = 2, .also = DIGEST_MD5 };
	struct digests *digests;
	struct digest_pair pair;

	(void)state;
	assert_int_equal(digests_new(true, &digests), 0);
	assert_int_equal(digests_get(digests, &key, &pair), -ENOENT);
	assert_int_equal(digests_make(digests, &(struct digest_request){ .key = key, .fd = file_of("abc") }), 0);
	wait_pair(digests, &key, &pair);
	is_digest(&pair.sha256, ABC_SHA256);
	is_digest(&pair.also, ABC_MD5);
	assert_int_equal(digests_get(digests, &key, &pair), 0);
	key.ctime = 1; /* it changed */
	assert_int_equal(digests_get(digests, &key, &pair), -ENOENT);
	digests_free(digests);
}

static void at_once(void **state)
{
	const struct digest_key key = { .inode = 1 }, other = { .inode = 2 };
	struct digests *digests;
	struct digest_pair pair;
	int large = file_of("");

	(void)state;
	assert_int_equal(digests_new(false, &digests), 0);
	assert_int_equal(digests_make(digests, &(struct digest_request){ .key = key, .fd = file_of("abc") }), 0);
	assert_int_equal(digests_get(digests, &key, &pair), 0);
	is_digest(&pair.sha256, ABC_SHA256);
	assert_int_equal(pair.also.kind, DIGEST_NONE);
	/* too large to be made at once: known not to be known */
	assert_int_equal(ftruncate(large, DIGESTS_NOW_MAX + 1), 0);
	assert_int_equal(digests_make(digests, &(struct digest_request){ .key = other, .fd = large }), 0);
	assert_int_equal(digests_get(digests, &other, &pair), 0);
	assert_int_equal(pair.sha256.kind, DIGEST_NONE);
	digests_free(digests);
}

/* What may change unseen is an answer for those who waited, and not for later ones. */
static void once(void **state)
{
	const struct digest_key key = { .inode = 1 }, kept = { .inode = 2 };
	struct digests *digests;
	struct digest_pair pair;

	(void)state;
	assert_int_equal(digests_new(false, &digests), 0);
	assert_int_equal(
		digests_make(digests, &(struct digest_request){ .key = key, .fd = file_of("abc"), .once = true }), 0);
	assert_int_equal(digests_make(digests, &(struct digest_request){ .key = kept, .fd = file_of("abc") }), 0);
	assert_int_equal(digests_get(digests, &key, &pair), 0);
	digests_settle(digests);
	assert_int_equal(digests_get(digests, &key, &pair), -ENOENT);
	assert_int_equal(digests_get(digests, &kept, &pair), 0);
	digests_free(digests);
}

/* Nobody takes what is made: the bounds hold, each owner's and all owners'. */
static void bounds(void **state)
{
	struct digests *digests;
	size_t taken = 0;
	int r = 0;

	(void)state;
	assert_int_equal(digests_new(true, &digests), 0);
	for (size_t i = 0; r == 0 && i < DIGESTS_PENDING + 1; i++) {
		r = digests_make(digests,
				 &(struct digest_request){ .key = { .inode = i }, .owner = 1, .fd = file_of("abc") });
		taken += r == 0;
	}
	assert_int_equal(r, -ENOBUFS);
	assert_int_equal(taken, DIGESTS_SHARE);
	for (size_t i = 0; i < DIGESTS_SHARE; i++) /* another's share is its own */
		assert_int_equal(digests_make(digests, &(struct digest_request){ .key = { .where = 2, .inode = i },
										 .owner = 2,
										 .fd = file_of("abc") }),
				 0);
	assert_int_equal(digests_counts(digests).refused, 1);
	digests_free(digests); /* with all that is under way */
}

static void the_oldest_goes(void **state)
{
	struct digests *digests;
	struct digest_pair pair;

	(void)state;
	assert_int_equal(digests_new(false, &digests), 0);
	for (size_t i = 0; i <= DIGESTS_KEPT; i++) {
		assert_int_equal(
			digests_make(digests, &(struct digest_request){ .key = { .inode = i }, .fd = file_of("") }), 0);
		if (i == 1)
			assert_int_equal(digests_get(digests, &(struct digest_key){ .inode = 0 }, &pair), 0);
	}
	assert_int_equal(digests_get(digests, &(struct digest_key){ .inode = 0 }, &pair), 0); /* asked for since */
	assert_int_equal(digests_get(digests, &(struct digest_key){ .inode = 1 }, &pair), -ENOENT);
	digests_free(digests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_threads), cmocka_unit_test(at_once),         cmocka_unit_test(once),
		cmocka_unit_test(bounds),     cmocka_unit_test(the_oldest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
