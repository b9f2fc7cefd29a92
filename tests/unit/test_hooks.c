// SPDX-License-Identifier: Apache-2.0
/* The table of hooks against the object that the build put into the agent, and against this kernel. Loads
 * nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bpf/libbpf.h>

#include <cmocka.h>

#include "kernel/hooks.h"

/* The object that the build put into this program (Makefile). */
extern const char plm_object[], plm_object_end[];

DEFINE_CLEANUP(struct bpf_object *, bpf_object__close)

struct fixture {
	struct probe *probe;
	int error;          /* why there is none */
	struct hooks hooks; /* every row, as HOOKS_TRACEPOINT chose */
	int result;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	fixture->error = probe_new(&fixture->probe);
	if (!fixture->error)
		fixture->result = hooks_choose(fixture->probe, HOOKS_TRACEPOINT, &fixture->hooks);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	probe_free(fixture->probe);
	free(fixture);
	return 0;
}

static void need_probe(const struct fixture *fixture)
{
	if (fixture->probe)
		return;
	print_message("# the kernel's BTF cannot be read: %s\n", strerror(-fixture->error));
	skip();
}

static bool is_trampoline(const struct hook *hook)
{
	return hook->backend == PLM_BACKEND_LSM || hook->backend == PLM_BACKEND_FENTRY;
}

static void modes(void **state)
{
	(void)state;
	assert_int_equal(hooks_mode_from_name("auto"), HOOKS_AUTO);
	assert_int_equal(hooks_mode_from_name("lsm"), HOOKS_LSM);
	assert_int_equal(hooks_mode_from_name("tracepoint"), HOOKS_TRACEPOINT);
	assert_int_equal(hooks_mode_from_name("fentry"), -EINVAL);
	assert_int_equal(hooks_mode_from_name("Auto"), -EINVAL);
	assert_int_equal(hooks_mode_from_name(""), -EINVAL);
}

/* What is printed and told by task hangs on it: rows of one task follow each other, its first says what is
 * unseen. */
static void tasks_are_whole(void **state)
{
	struct fixture *fixture = *state;
	const struct hooks *hooks = &fixture->hooks;

	need_probe(fixture);
	assert_in_range(hooks->count, 1, HOOKS_MAX);
	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook *hook = hooks->choices[i].hook;

		assert_true(hook->task && hook->program && hook->mechanism && hook->question && hook->argument);
		if (!hooks_task_begins(hooks, i))
			continue;
		assert_non_null(hook->unseen);
		for (size_t before = 0; before < i; before++)
			assert_string_not_equal(hooks->choices[before].hook->task, hook->task);
	}
}

/* A slot is one task's alone: two of its programs in a row are choices, never both entered. */
static void slots_are_one_tasks(void **state)
{
	struct fixture *fixture = *state;
	const struct hooks *hooks = &fixture->hooks;

	need_probe(fixture);
	for (size_t i = 0; i < hooks->count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct hook *a = hooks->choices[i].hook, *b = hooks->choices[j].hook;

			assert_string_not_equal(a->program, b->program);
			if (a->use != HOOK_HANDLER || b->use != HOOK_HANDLER)
				continue;
			assert_int_equal(a->slot == b->slot, !strcmp(a->task, b->task));
		}
}

static const struct hook *hook_of(const struct hooks *hooks, const char *program)
{
	for (size_t i = 0; i < hooks->count; i++)
		if (!strcmp(hooks->choices[i].hook->program, program))
			return hooks->choices[i].hook;
	return NULL;
}

/* "?" in a section says: not loaded unless chosen. */
static const char *section_of(const struct bpf_program *program)
{
	const char *section = bpf_program__section_name(program);

	return section + (*section == '?');
}

static void table_and_object_agree(void **state)
{
	_cleanup_(bpf_object__closep) struct bpf_object *object = NULL;
	struct fixture *fixture = *state;
	struct bpf_program *program;
	size_t programs = 0;

	need_probe(fixture);
	object = bpf_object__open_mem(plm_object, (size_t)(plm_object_end - plm_object), NULL);
	assert_non_null(object);
	bpf_object__for_each_program (program, object) {
		const struct hook *hook = hook_of(&fixture->hooks, bpf_program__name(program));

		if (!hook)
			fail_msg("no row of the table has %s", bpf_program__name(program));
		assert_string_equal(section_of(program), hook->mechanism);
		programs++;
	}
	assert_int_equal(programs, fixture->hooks.count); /* names differ, so each row was met */
}

static void tracepoints_alone(void **state)
{
	struct fixture *fixture = *state;
	const struct hooks *hooks = &fixture->hooks;
	size_t trampolines = 0;

	need_probe(fixture);
	assert_int_equal(fixture->result, 0); /* every kernel that has BTF has what is required */
	for (size_t i = 0; i < hooks->count; i++) {
		const struct hook_choice *choice = &hooks->choices[i];

		if (choice->hook->required)
			assert_int_equal(choice->state, HOOK_CHOSEN);
		if (choice->state == HOOK_REFUSED)
			assert_non_null(choice->reason);
		if (!is_trampoline(choice->hook))
			continue;
		trampolines++;
		assert_int_equal(choice->state, HOOK_REFUSED);
		assert_string_equal(choice->reason, "not asked for (--hooks)");
	}
	assert_true(trampolines > 0);
}

static void one_row_a_task(void **state)
{
	struct fixture *fixture = *state;
	const struct hooks *hooks = &fixture->hooks;
	bool chosen = false;

	need_probe(fixture);
	for (size_t i = 0; i < hooks->count; i++) {
		enum hook_state row = hooks->choices[i].state;

		if (hooks_task_begins(hooks, i))
			chosen = false;
		if (chosen)
			assert_int_equal(row, HOOK_NOT_NEEDED);
		else
			assert_int_not_equal(row, HOOK_NOT_NEEDED);
		chosen |= row == HOOK_CHOSEN;
	}
}

/* Three tasks: of the first the second row was chosen, of the second nothing, of the third the only one. */
static void what_is_unseen(void **state)
{
	static const struct hook first = { .task = "first" }, second = { .task = "second" },
				 third = { .task = "third" };
	const struct hooks hooks = {
		.choices = { { &first, HOOK_REFUSED, "no" },
			     { &first, HOOK_CHOSEN, NULL },
			     { &second, HOOK_REFUSED, "no" },
			     { &second, HOOK_REFUSED, "no" },
			     { &third, HOOK_CHOSEN, NULL } },
		.count = 5,
	};
	static const bool begins[] = { true, false, true, false, true };

	(void)state;
	for (size_t i = 0; i < hooks.count; i++)
		assert_int_equal(hooks_task_begins(&hooks, i), begins[i]);
	assert_false(hooks_task_unseen(&hooks, 0));
	assert_true(hooks_task_unseen(&hooks, 2));
	assert_false(hooks_task_unseen(&hooks, 4));
}

static void questions(void **state)
{
	static const struct {
		probe_question question;
		const char *argument;
		bool yes;
	} rows[] = {
		{ probe_tracepoint, "sched_process_exec", true },
		{ probe_tracepoint, "sched_process_exe", false },
		{ probe_tracepoint, "", false },
		{ probe_helper, "bpf_ringbuf_reserve", true },
		{ probe_helper, "bpf_ringbuf", false },
		{ probe_member, "task_struct.pid", true },
		{ probe_member, "task_struct.pi", false },
		{ probe_member, "task_struc.pid", false },
		{ probe_member, "pid_t.pid", false }, /* there, and no structure */
	};
	struct fixture *fixture = *state;

	need_probe(fixture);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *reason = NULL;
		int result = rows[i].question(fixture->probe, rows[i].argument, &reason);

		assert_int_equal(result, rows[i].yes ? 0 : -ENOENT);
		assert_int_equal(reason == NULL, rows[i].yes);
	}
	probe_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(tasks_are_whole),
		cmocka_unit_test(slots_are_one_tasks),
		cmocka_unit_test(table_and_object_agree),
		cmocka_unit_test(tracepoints_alone),
		cmocka_unit_test(one_row_a_task),
		cmocka_unit_test(what_is_unseen),
		cmocka_unit_test(questions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
