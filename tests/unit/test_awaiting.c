// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/awaiting.h"
#include "base/cleanup.h"

static const char record[] = "a record";

static struct awaited *hold(struct awaiting *awaiting, uint64_t time, int expected)
{
	const struct event event = { .kind = PLM_EXEC, .container = 42, .time = time };
	const struct facts_wait wait = { .open = true };
	const struct facts facts = { .in_image = ANSWER_YES };
	struct awaited *awaited = NULL;

	assert_int_equal(awaiting_hold(awaiting, &event, record, sizeof(record), &facts, &wait, &awaited), expected);
	return awaited;
}

/* Whatever the strings lay in is another's by then. */
static void strings_are_its_own(void **state)
{
	char executable[] = "/bin/sh", script[] = "/opt/x", path[] = "/etc/passwd", wrote[] = "/bin/cp";
	struct writer writer = { .pid = 7, .executable = wrote };
	struct facts facts = { .executable = executable, .script_path = script, .writer = &writer };
	struct event event = { .kind = PLM_CHANGE, .path = path, .change = { .flags = PLM_CHANGE_HINT } }, back;
	struct awaiting *awaiting = awaiting_new(4, 65536);
	const struct facts_wait wait = { .settles = 5 };
	struct awaited *awaited;

	(void)state;
	event.file.upper_inode = 9;
	assert_int_equal(awaiting_hold(awaiting, &event, record, sizeof(record), &facts, &wait, &awaited), 0);
	memset(executable, 'x', sizeof(executable) - 1);
	memset(script, 'x', sizeof(script) - 1);
	memset(path, 'x', sizeof(path) - 1);
	memset(wrote, 'x', sizeof(wrote) - 1);
	writer.pid = 0;
	assert_string_equal(awaited->facts.executable, "/bin/sh");
	assert_string_equal(awaited->facts.script_path, "/opt/x");
	assert_null(awaited->facts.parent_executable);
	assert_int_equal(awaited->facts.writer->pid, 7);
	assert_string_equal(awaited->facts.writer->executable, "/bin/cp");
	assert_memory_equal(awaited->record, record, sizeof(record));
	assert_int_equal(awaited->wait.settles, 5);
	/* a change by name has the names that were found, whatever the record says */
	awaited_event(awaited,
		      &(struct event){ .kind = PLM_CHANGE, .change = { .flags = PLM_CHANGE_HINT, .name = "passwd" } },
		      &back);
	assert_string_equal(back.path, "/etc/passwd");
	assert_string_equal(back.change.name, "passwd");
	assert_int_equal(back.file.upper_inode, 9);
	awaited_event(awaited, &(struct event){ .kind = PLM_EXEC, .path = "/bin/ls" }, &back);
	assert_string_equal(back.path, "/bin/ls");
	awaiting_free(awaiting);
}

static void bounds(void **state)
{
	struct awaiting *few = awaiting_new(2, 65536), *small = awaiting_new(100, 4096);
	size_t held = 0;

	(void)state;
	(void)hold(few, 1, 0);
	awaiting_drop(few, hold(few, 2, 0));
	(void)hold(few, 3, 0);
	(void)hold(few, 4, -ENOSPC);
	assert_int_equal(awaiting_count(few), 2);
	assert_int_equal(awaiting_refused(few), 1);
	while (awaiting_refused(small) == 0 && held < 100) {
		const struct event event = { .kind = PLM_EXEC };
		struct awaited *awaited;

		held += awaiting_hold(small, &event, record, sizeof(record), &(struct facts){ 0 },
				      &(struct facts_wait){ 0 }, &awaited) == 0;
	}
	assert_in_range(held, 0, 8);
	awaiting_free(few);
	awaiting_free(small);
}

struct seen {
	struct awaiting *awaiting;
	uint64_t times[8];
	size_t count;
};

/* What is held meanwhile comes at the next time. */
static void look(struct awaited *awaited, void *data)
{
	struct seen *seen = data;

	seen->times[seen->count++] = awaited->time;
	if (awaited->time == 2)
		(void)hold(seen->awaiting, 9, 0);
	if (awaited->time != 3)
		awaiting_drop(seen->awaiting, awaited);
}

static void in_order(void **state)
{
	struct seen seen = { .awaiting = awaiting_new(8, 65536) };

	(void)state;
	for (uint64_t time = 3; time >= 1; time--)
		(void)hold(seen.awaiting, time, 0);
	awaiting_each(seen.awaiting, look, &seen);
	assert_int_equal(seen.count, 3);
	assert_true(seen.times[0] == 3 && seen.times[1] == 2 && seen.times[2] == 1);
	assert_int_equal(awaiting_count(seen.awaiting), 2);
	assert_int_equal(awaiting_oldest(seen.awaiting), 3);
	awaiting_free(seen.awaiting);
}

/* What was told and waits for a correction holds nobody up; what waits for an inventory has more to tell. */
static void the_oldest(void **state)
{
	struct awaiting *awaiting = awaiting_new(8, 65536);
	struct awaited *first = hold(awaiting, 1, 0), *second = hold(awaiting, 2, 0);

	(void)state;
	assert_int_equal(awaiting_oldest(awaiting), 1);
	first->told = true;
	assert_int_equal(awaiting_oldest(awaiting), 2);
	second->told = second->inventory = true;
	assert_int_equal(awaiting_oldest(awaiting), 2);
	awaiting_drop(awaiting, second);
	assert_true(awaiting_oldest(awaiting) == UINT64_MAX);
	awaiting_free(awaiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_its_own),
		cmocka_unit_test(bounds),
		cmocka_unit_test(in_order),
		cmocka_unit_test(the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
