// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "kernel/losses.h"

DEFINE_CLEANUP(struct losses *, losses_free)
#define _cleanup_losses_ _cleanup_(losses_freep)

#define KEY(of_container, of_loss, of_kind)                                                                            \
	(&(const struct plm_loss_key){ .container = (of_container), .loss = (of_loss), .kind = (of_kind) })

static void grows(void **state)
{
	static const struct {
		__u64 count, grown;
	} rows[] = {
		{ 5, 5 },   { 5, 0 },
		{ 6, 1 },   { 100, 94 },
		{ 100, 0 }, { 3, 3 } /* began anew */,
		{ 4, 1 },   { 0, 0 },
		{ 7, 7 },   { UINT64_MAX, UINT64_MAX - 7 },
	};
	_cleanup_losses_ struct losses *losses = losses_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(losses_grow(losses, KEY(42, PLM_LOSS_RING, PLM_EXEC), rows[i].count), rows[i].grown);
}

/* Each part of a key tells apart. */
static void keys_do_not_mix(void **state)
{
	_cleanup_losses_ struct losses *losses = losses_new();
	static const struct plm_loss_key keys[] = {
		{ .container = 0, .loss = PLM_LOSS_RING, .kind = PLM_EXEC },
		{ .container = 42, .loss = PLM_LOSS_RING, .kind = PLM_EXEC },
		{ .container = 42, .loss = PLM_LOSS_BUDGET, .kind = PLM_EXEC },
		{ .container = 42, .loss = PLM_LOSS_RING, .kind = PLM_CHANGE },
		{ .container = 42, .loss = PLM_LOSS_RING, .kind = 0 },
		{ .container = UINT64_MAX, .loss = PLM_LOSS_QUOTA, .kind = PLM_BIRTH },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(losses_grow(losses, &keys[i], i + 1), i + 1);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_int_equal(losses_grow(losses, &keys[i], i + 11), 10);
}

/* As many as the kernel's map holds, and above what the agent has room for: such a count is told whole each
 * time, so that a loss is told twice rather than never. */
static void full(void **state)
{
	_cleanup_losses_ struct losses *losses = losses_new();
	__u64 container = 1;

	(void)state;
	for (; container <= 8192; container++)
		assert_int_equal(losses_grow(losses, KEY(container, PLM_LOSS_RING, PLM_EXEC), container), container);
	for (__u64 i = 1; i < container; i++)
		assert_int_equal(losses_grow(losses, KEY(i, PLM_LOSS_RING, PLM_EXEC), i + 2), 2);
	for (; container <= 16384; container++)
		assert_int_equal(losses_grow(losses, KEY(container, PLM_LOSS_RING, PLM_EXEC), 3), 3);
	assert_int_equal(losses_grow(losses, KEY(container, PLM_LOSS_RING, PLM_EXEC), 9), 9);
	assert_int_equal(losses_grow(losses, KEY(container, PLM_LOSS_RING, PLM_EXEC), 9), 9);
	assert_int_equal(losses_grow(losses, KEY(1, PLM_LOSS_RING, PLM_EXEC), 4), 1);
}

static void free_takes_null(void **state)
{
	(void)state;
	losses_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows),
		cmocka_unit_test(keys_do_not_mix),
		cmocka_unit_test(full),
		cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
