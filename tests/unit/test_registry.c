/* SPDX-License-Identifier: Apache-2.0 */
#include "container/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void count_one(struct container *container, void *data)
{
	(void)container;
	(*(size_t *)data)++;
}

static void containers_come_and_go(void **state)
{
	size_t released = 0, seen = 0;
	struct registry *registry = registry_new(3, count_one, &released);
	struct container *container = NULL;

	(void)state;
	assert_null(registry_get(registry, 5));
	assert_int_equal(registry_add(registry, 5, "/a", &container), 0);
	assert_int_equal(container->state, CONTAINER_WAITING);
	assert_string_equal(container->cgroup_path, "/a");
	assert_ptr_equal(registry_get(registry, 5), container);
	assert_int_equal(registry_add(registry, 5, "/a", &container), -EEXIST);
	assert_int_equal(registry_add(registry, 5 + 1024, "/same/bucket", &container), 0);
	assert_int_equal(registry_add(registry, 6, "/c", &container), 0);
	container->facts.name = strdup("freed with it");
	assert_int_equal(registry_add(registry, 7, "/d", &container), -ENOSPC);
	assert_int_equal(registry_counts(registry).refused, 1);
	registry_for_each(registry, count_one, &seen);
	assert_int_equal(seen, 3);
	assert_int_equal(registry_remove(registry, 5), 0);
	assert_int_equal(registry_remove(registry, 5), -ENOENT);
	assert_int_equal(released, 1);
	assert_string_equal(registry_get(registry, 5 + 1024)->cgroup_path, "/same/bucket");
	assert_int_equal(registry_size(registry), 2);
	registry_free(registry);
	assert_int_equal(released, 3);
}

struct log {
	struct registry *registry;
	char text[128];
	bool again; /* hold and remove from within */
};

static void log_blob(uint64_t cgroup, const void *blob, size_t size, uint64_t time, void *data)
{
	struct log *log = data;
	size_t length = strlen(log->text);

	(void)snprintf(log->text + length, sizeof(log->text) - length, "%u@%u:%.*s ", (unsigned)cgroup, (unsigned)time,
		       (int)size, (const char *)blob);
	if (log->again)
		(void)registry_remove(log->registry, cgroup);
}

static void events_wait_in_order(void **state)
{
	struct registry *registry = registry_new(10, NULL, NULL);
	struct log log = { .registry = registry };
	struct container *container;
	uint64_t cgroup = 0, time = 0;

	(void)state;
	assert_int_equal(registry_add(registry, 1, "/a", &container), 0);
	assert_int_equal(registry_add(registry, 2, "/b", &container), 0);
	assert_int_equal(registry_add(registry, 3, "/c", &container), 0);
	assert_false(registry_oldest(registry, &cgroup, &time));
	assert_int_equal(registry_hold(registry, 9, "x", 1, 10), -ENOENT);
	assert_int_equal(registry_hold(registry, 2, "b1", 2, 20), 0);
	assert_int_equal(registry_hold(registry, 1, "a1", 2, 10), 0); /* late, but older */
	assert_int_equal(registry_hold(registry, 3, "", 0, 15), 0);
	assert_int_equal(registry_hold(registry, 1, "a2", 2, 30), 0);
	assert_true(registry_oldest(registry, &cgroup, &time));
	assert_int_equal(cgroup, 1);
	assert_int_equal(time, 10);
	assert_int_equal(registry_release(registry, 1, log_blob, &log), 2);
	assert_string_equal(log.text, "1@10:a1 1@30:a2 ");
	assert_int_equal(registry_release(registry, 1, log_blob, &log), 0);
	assert_true(registry_oldest(registry, &cgroup, &time));
	assert_int_equal(cgroup, 3);
	assert_int_equal(registry_remove(registry, 3), 0);
	assert_int_equal(registry_counts(registry).hold_dropped, 1);
	assert_int_equal(registry_hold(registry, 2, "b2", 2, 40), 0);
	log = (struct log){ .registry = registry, .again = true };
	assert_int_equal(registry_release(registry, 2, log_blob, &log), 2); /* removed from within */
	assert_string_equal(log.text, "2@20:b1 2@40:b2 ");
	assert_false(registry_oldest(registry, &cgroup, &time));
	assert_int_equal(registry_counts(registry).held, 0);
	registry_free(registry);
}

static void waiting_is_bounded(void **state)
{
	static char blob[REGISTRY_HOLD_BYTES / 4];
	struct registry *registry = registry_new(100, NULL, NULL);
	struct container *container;
	uint64_t held = 0;

	(void)state;
	for (uint64_t cgroup = 1; cgroup <= 20; cgroup++) {
		assert_int_equal(registry_add(registry, cgroup, "/a", &container), 0);
		for (int i = 0; i < 4; i++)
			held += registry_hold(registry, cgroup, blob, sizeof(blob), cgroup) == 0;
		assert_int_equal(registry_hold(registry, cgroup, blob, sizeof(blob), cgroup), -ENOSPC);
	}
	/* Three a container: a quarter of the bound is more than that with its head. */
	assert_int_equal(registry_counts(registry).hold_refused, 100 - held);
	assert_int_equal(held, 60);
	assert_int_equal(registry_hold(registry, 1, blob, SIZE_MAX, 1), -ENOSPC);
	registry_free(registry);
}

static void the_total_is_bounded(void **state)
{
	static char blob[REGISTRY_HOLD_BYTES - 64];
	struct registry *registry = registry_new(100, NULL, NULL);
	struct container *container;
	uint64_t held = 0;

	(void)state;
	for (uint64_t cgroup = 1; cgroup <= 20; cgroup++) {
		assert_int_equal(registry_add(registry, cgroup, "/a", &container), 0);
		held += registry_hold(registry, cgroup, blob, sizeof(blob), cgroup) == 0;
	}
	assert_int_equal(held, REGISTRY_HOLD_TOTAL / REGISTRY_HOLD_BYTES);
	registry_free(registry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containers_come_and_go),
		cmocka_unit_test(events_wait_in_order),
		cmocka_unit_test(waiting_is_bounded),
		cmocka_unit_test(the_total_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
