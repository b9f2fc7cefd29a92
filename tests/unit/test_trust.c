// SPDX-License-Identifier: Apache-2.0
/* Which clock is believed: rows of readings, in seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/trust.h"

#define S    1000000000ll
#define WALL (1700000000 * S) /* at boot */

static struct trust_reading reading(int64_t up, int64_t step, bool synchronised)
{
	return (struct trust_reading){ .wall = WALL + (up + step) * S, .boot = up * S, .synchronised = synchronised };
}

struct look {
	int64_t up, step; /* s since boot; by which the wall clock was stepped */
	bool synchronised;
	enum trust_verdict verdict;
	int64_t now; /* s: what is believed, less WALL */
};

struct row {
	const char *name;
	struct look looks[6]; /* up 0: the end */
};

static const struct row rows[] = {
	{ "they agree", { { 101, 0, false, TRUST_SAME, 101 }, { 5000, 0, false, TRUST_SAME, 5000 } } },
	{ "suspend counts: CLOCK_BOOTTIME runs on over it", { { 90000, 0, false, TRUST_SAME, 90000 } } },
	{ "what a clock may drift",
	  { { 10100, 9, false, TRUST_SAME, 10109 }, { 10101, 9, false, TRUST_SAME, 10110 } } },
	{ "stepped ahead: frozen, and time goes on by the boot clock",
	  { { 101, 3600, false, TRUST_FROZE, 101 }, { 201, 3600, false, TRUST_SAME, 201 } } },
	{ "stepped back", { { 101, -3600, false, TRUST_FROZE, 101 }, { 201, -3600, false, TRUST_SAME, 201 } } },
	{ "it agrees again", { { 101, 3600, false, TRUST_FROZE, 101 }, { 110, 0, false, TRUST_RESUMED, 110 } } },
	{ "the kernel says that it is right",
	  { { 101, 3600, false, TRUST_FROZE, 101 },
	    { 110, 3600, true, TRUST_RESUMED, 3710 },
	    { 111, 3600, true, TRUST_SAME, 3711 } } },
	{ "a second step while it is frozen",
	  { { 101, 3600, false, TRUST_FROZE, 101 },
	    { 110, -50, false, TRUST_SAME, 110 },
	    { 120, 1, false, TRUST_RESUMED, 121 } } },
};

static void test_looks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trust_reading first = reading(100, 0, false);
		struct trust trust;

		assert_int_equal(trust_begin(&trust, NULL, false, &first), TRUST_SAME);
		for (size_t j = 0; j < ARRAY_SIZE(rows[i].looks) && rows[i].looks[j].up; j++) {
			const struct look *look = &rows[i].looks[j];
			struct trust_reading now = reading(look->up, look->step, look->synchronised);

			if (trust_look(&trust, &now) != look->verdict ||
			    trust_now(&trust, now.boot) != WALL + look->now * S)
				fail_msg("%s, look %zu: %lld s", rows[i].name, j,
					 (long long)((trust_now(&trust, now.boot) - WALL) / S));
		}
	}
}

static void test_a_person_confirms(void **state)
{
	struct trust_reading first = reading(100, 0, false), late = reading(200, 7200, false);
	struct trust trust;

	(void)state;
	(void)trust_begin(&trust, NULL, false, &first);
	assert_int_equal(trust_look(&trust, &late), TRUST_FROZE);
	assert_int_equal(trust.frozen, WALL + 200 * S);
	assert_int_equal(trust_confirm(&trust, &late), TRUST_RESUMED);
	assert_int_equal(trust_now(&trust, late.boot), late.wall);
	assert_int_equal(trust.frozen, 0);
	assert_int_equal(trust_confirm(&trust, &late), TRUST_SAME);
}

static void test_a_next_agent_of_the_same_boot(void **state)
{
	const struct trust before = { .wall = WALL + 100 * S, .boot = 100 * S };
	struct trust_reading good = reading(500, 0, false), stepped = reading(500, 3600, false);
	struct trust trust;

	(void)state;
	assert_int_equal(trust_begin(&trust, &before, true, &good), TRUST_SAME);
	assert_int_equal(trust_now(&trust, good.boot), good.wall);
	assert_int_equal(trust_begin(&trust, &before, true, &stepped), TRUST_FROZE);
	assert_int_equal(trust_now(&trust, stepped.boot), WALL + 500 * S);
}

static void test_after_a_boot(void **state)
{
	const struct trust before = { .wall = WALL + 100000 * S, .boot = 100000 * S };
	struct trust_reading later = { .wall = before.wall + 500 * S, .boot = 10 * S };
	struct trust_reading earlier = { .wall = before.wall - 500 * S, .boot = 10 * S };
	struct trust trust;

	(void)state;
	assert_int_equal(trust_begin(&trust, &before, false, &later), TRUST_SAME);
	assert_int_equal(trust_now(&trust, later.boot), later.wall);
	assert_int_equal(trust_begin(&trust, &before, false, &earlier), TRUST_FROZE);
	assert_int_equal(trust_now(&trust, earlier.boot), before.wall);
	earlier.synchronised = true;
	assert_int_equal(trust_begin(&trust, &before, false, &earlier), TRUST_SAME);
}

static void test_frozen_over_a_boot(void **state)
{
	const struct trust before = { .wall = WALL, .boot = 100 * S, .frozen = WALL };
	struct trust_reading later = { .wall = WALL + 900 * S, .boot = 10 * S };
	struct trust trust;

	(void)state;
	assert_int_equal(trust_begin(&trust, &before, false, &later), TRUST_FROZE);
	assert_int_equal(trust.frozen, WALL);
	later.synchronised = true;
	assert_int_equal(trust_begin(&trust, &before, false, &later), TRUST_RESUMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_a_person_confirms),
		cmocka_unit_test(test_a_next_agent_of_the_same_boot),
		cmocka_unit_test(test_after_a_boot),
		cmocka_unit_test(test_frozen_over_a_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
