// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "process/processes.h"

DEFINE_CLEANUP(struct processes *, processes_free)
#define _cleanup_processes_ _cleanup_(processes_freep)

static void exec(struct processes *processes, uint32_t pid, uint64_t start, const char *executable)
{
	const struct process process = { .pid = pid, .start = start, .executable = (char *)executable };

	assert_int_equal(processes_exec(processes, &process), 0);
}

static void runs(struct processes *processes, uint32_t pid, uint64_t start, const char *executable)
{
	const struct process *process = processes_get(processes, pid, start);

	if (!executable) {
		assert_null(process);
		return;
	}
	assert_non_null(process);
	assert_int_equal(process->pid, pid);
	assert_int_equal(process->start, start);
	assert_string_equal(process->executable, executable);
}

static void tells_what_was_told(void **state)
{
	_cleanup_processes_ struct processes *processes = processes_new(8);
	char path[] = "/bin/sh";
	const struct process process = { .pid = 7, .start = 70, .container = 42, .in_image = true, .executable = path };

	(void)state;
	assert_int_equal(processes_size(processes), 0);
	runs(processes, 7, 70, NULL);
	assert_int_equal(processes_exec(processes, &process), 0);
	memset(path, 'x', strlen(path)); /* the string was copied */
	runs(processes, 7, 70, "/bin/sh");
	assert_int_equal(processes_get(processes, 7, 70)->container, 42);
	assert_true(processes_get(processes, 7, 70)->in_image);
	assert_int_equal(processes_size(processes), 1);
}

/* A pid alone says nothing: it is used again. */
static void a_process_is_pid_and_start(void **state)
{
	_cleanup_processes_ struct processes *processes = processes_new(8);

	(void)state;
	exec(processes, 7, 70, "/bin/a");
	exec(processes, 7, 71, "/bin/b");
	exec(processes, 8, 70, "/bin/c");
	runs(processes, 7, 70, "/bin/a");
	runs(processes, 7, 71, "/bin/b");
	runs(processes, 8, 70, "/bin/c");
	runs(processes, 8, 71, NULL);
	runs(processes, 0, 0, NULL);
	assert_int_equal(processes_size(processes), 3);
}

static void a_second_exec_replaces(void **state)
{
	_cleanup_processes_ struct processes *processes = processes_new(2);

	(void)state;
	exec(processes, 7, 70, "/bin/sh");
	exec(processes, 8, 80, "/bin/other");
	exec(processes, 7, 70, "/bin/ls");
	runs(processes, 7, 70, "/bin/ls");
	runs(processes, 8, 80, "/bin/other");
	assert_int_equal(processes_size(processes), 2);
}

/* At the bound the one goes that was not asked for longest; being asked for, and an exec, keep one. */
static void forgets_the_least_asked(void **state)
{
	_cleanup_processes_ struct processes *processes = processes_new(3);

	(void)state;
	exec(processes, 1, 1, "/one");
	exec(processes, 2, 2, "/two");
	exec(processes, 3, 3, "/three");
	runs(processes, 1, 1, "/one");
	exec(processes, 2, 2, "/two again");
	exec(processes, 4, 4, "/four");
	runs(processes, 3, 3, NULL);
	runs(processes, 1, 1, "/one");
	runs(processes, 2, 2, "/two again");
	runs(processes, 4, 4, "/four");
	assert_int_equal(processes_size(processes), 3);
}

static void one_place_is_enough(void **state)
{
	_cleanup_processes_ struct processes *processes = processes_new(1);

	(void)state;
	for (uint32_t pid = 1; pid < 100; pid++) {
		exec(processes, pid, pid, "/bin/x");
		runs(processes, pid, pid, "/bin/x");
		runs(processes, pid - 1, pid - 1, NULL);
	}
	assert_int_equal(processes_size(processes), 1);
}

/* Against a plain list: whatever is told and asked, the last `MAX` that were used are known, and no other. */
#define MAX   16
#define KINDS 40

static void like_a_plain_list(void **state)
{
	_cleanup_processes_ struct processes *processes = processes_new(MAX);
	unsigned long used[KINDS] = { 0 }, tick = 0;
	char names[KINDS][16] = { { 0 } };
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint32_t id;
		size_t newer = 0;

		random = random * 1664525u + 1013904223u;
		id = (random >> 16) % KINDS;
		for (size_t i = 0; i < KINDS; i++)
			newer += used[i] > used[id];
		if (random >> 31) {
			(void)snprintf(names[id], sizeof(names[id]), "/%d", round);
			exec(processes, id % 5, id, names[id]); /* pids collide on purpose */
			used[id] = ++tick;
		} else if (used[id] && newer < MAX) {
			runs(processes, id % 5, id, names[id]);
			used[id] = ++tick;
		} else {
			runs(processes, id % 5, id, NULL);
			used[id] = 0;
		}
	}
	assert_int_equal(processes_size(processes), MAX);
}

static void free_takes_null(void **state)
{
	(void)state;
	processes_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_was_told),    cmocka_unit_test(a_process_is_pid_and_start),
		cmocka_unit_test(a_second_exec_replaces), cmocka_unit_test(forgets_the_least_asked),
		cmocka_unit_test(one_place_is_enough),    cmocka_unit_test(like_a_plain_list),
		cmocka_unit_test(free_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
