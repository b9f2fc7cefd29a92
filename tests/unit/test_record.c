// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "decode/record.h"

DEFINE_CLEANUP(struct decoder *, decoder_free)
#define _cleanup_decoder_ _cleanup_(decoder_freep)

/* A record under construction: fixed part first, texts behind it. */
struct draft {
	union {
		struct plm_head head;
		struct plm_birth birth;
		struct plm_start start;
		struct plm_exec exec;
		struct plm_change change;
		struct plm_identity identity;
		struct plm_mapping mapping;
		struct plm_leave leave;
		unsigned char bytes[PLM_RECORD_MAX + 64];
	};
};

static void draft_begin(struct draft *draft, enum plm_kind kind, size_t fixed)
{
	memset(draft, 0, sizeof(*draft));
	draft->head = (struct plm_head){
		.kind = kind, .backend = PLM_BACKEND_TRACEPOINT, .size = fixed, .time = 7, .cgroup = 8, .container = 9
	};
}

static void draft_text(struct draft *draft, struct plm_str *text, const char *bytes, size_t length)
{
	*text = (struct plm_str){ draft->head.size, length };
	memcpy(draft->bytes + draft->head.size, bytes, length);
	draft->head.size += length;
}

#define TEXT(draft, field, literal) draft_text(draft, &(draft)->field, literal, sizeof(literal) - 1)

static int decode(struct decoder *decoder, const struct draft *draft, const struct event **ret_event)
{
	return decoder_decode(decoder, draft->bytes, draft->head.size, ret_event);
}

static void path_rows(void **state)
{
	static const struct {
		const char *bytes;
		size_t length, room;
		int expected;
		const char *path;
	} rows[] = {
		{ "id\0bin\0usr\0", 11, 64, 11, "/usr/bin/id" },
		{ "/\0", 2, 64, 1, "/" },
		{ "/\0", 2, 2, 1, "/" },
		{ "/\0", 2, 1, -ENAMETOOLONG, NULL },
		{ "x\0", 2, 3, 2, "/x" },
		{ "x\0", 2, 2, -ENAMETOOLONG, NULL },
		{ "id\0bin\0usr\0", 11, 11, -ENAMETOOLONG, NULL },
		{ "memfd:a/b\0", 10, 64, 10, "/memfd:a/b" },
		{ "dev/zero\0", 9, 64, 9, "/dev/zero" },
		{ "a/b\0c\0", 6, 64, -EBADMSG, NULL },
		{ "b\0/\0", 4, 64, -EBADMSG, NULL },
		{ "..\0", 3, 64, -EBADMSG, NULL },
		{ ".\0a\0", 4, 64, -EBADMSG, NULL },
		{ "a\0..\0", 5, 64, -EBADMSG, NULL },
		{ "a\0\0b\0", 5, 64, -EBADMSG, NULL },
		{ "\0", 1, 64, -EBADMSG, NULL },
		{ "\0\0", 2, 64, -EBADMSG, NULL },
		{ "abc", 3, 64, -EBADMSG, NULL },
		{ "", 0, 64, -EBADMSG, NULL },
		{ "\xff\n\0d\0", 5, 64, 5, "/d/\xff\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[64] = "untouched";

		assert_int_equal(record_path(rows[i].bytes, rows[i].length, path, rows[i].room), rows[i].expected);
		assert_string_equal(path, rows[i].path ? rows[i].path : "untouched");
	}
}

static void exec_whole(void **state)
{
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));
	const struct event *event = NULL;

	(void)state;
	draft_begin(draft, PLM_EXEC, sizeof(draft->exec));
	draft->exec.task.pid = 42;
	draft->exec.file.inode = 99;
	draft->exec.ancestors[0].pid = 41;
	draft->exec.flags = PLM_EXEC_ENTRY;
	TEXT(draft, exec.path, "id\0bin\0usr\0");
	TEXT(draft, exec.name, "./id\0");
	TEXT(draft, exec.args, "id\0\0-u\0");
	TEXT(draft, exec.cwd, "/\0");
	draft->exec.input.inode = 98;
	TEXT(draft, exec.input_path, "in\0opt\0");

	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->kind, PLM_EXEC);
	assert_int_equal(event->exec.input.inode, 98);
	assert_string_equal(event->exec.input_path, "/opt/in");
	assert_int_equal(event->time, 7);
	assert_int_equal(event->container, 9);
	assert_int_equal(event->task.pid, 42);
	assert_int_equal(event->file.inode, 99);
	assert_int_equal(event->exec.ancestors[0].pid, 41);
	assert_int_equal(event->exec.flags, PLM_EXEC_ENTRY);
	assert_string_equal(event->path, "/usr/bin/id");
	assert_string_equal(event->exec.name, "./id");
	assert_string_equal(event->exec.cwd, "/");
	assert_null(event->exec.script_path);
	assert_null(event->root);
	assert_int_equal(event->exec.argc, 3);
	assert_string_equal(event->exec.argv[0], "id");
	assert_string_equal(event->exec.argv[1], "");
	assert_string_equal(event->exec.argv[2], "-u");
	assert_null(event->exec.argv[3]);
}

static void every_kind(void **state)
{
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));
	const struct event *event = NULL;

	(void)state;
	draft_begin(draft, PLM_BIRTH, sizeof(draft->birth));
	draft->head.flags = PLM_GONE;
	TEXT(draft, birth.path, "/docker/01\0");
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_true(event->birth.gone);
	assert_string_equal(event->birth.path, "/docker/01");

	draft_begin(draft, PLM_START, sizeof(draft->start));
	draft->start.upper_inode = 5;
	TEXT(draft, start.upper, "diff\0ab\0");
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->start.upper_inode, 5);
	assert_string_equal(event->start.upper, "/ab/diff");
	assert_false(event->start.sandbox);

	draft_begin(draft, PLM_START, sizeof(draft->start));
	draft->start.flags = PLM_START_SANDBOX;
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_true(event->start.sandbox);

	draft_begin(draft, PLM_TASK, sizeof(draft->exec));
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_null(event->path);
	assert_null(event->exec.input_path);
	assert_int_equal(event->exec.input.inode, 0);
	assert_int_equal(event->exec.argc, 0);
	assert_non_null(event->exec.argv);

	draft_begin(draft, PLM_CHANGE, sizeof(draft->change));
	draft->change.op = PLM_OP_RENAME;
	draft->change.flags = PLM_CHANGE_HINT;
	draft->change.value = 3;
	TEXT(draft, change.base, "etc\0");
	TEXT(draft, change.name, "../x\0");
	TEXT(draft, change.from_base, "a\0");
	TEXT(draft, change.from_name, "b\0");
	TEXT(draft, change.attribute, "user.x\0");
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->change.op, PLM_OP_RENAME);
	assert_string_equal(event->change.base, "/etc");
	assert_string_equal(event->change.name, "../x");
	assert_string_equal(event->change.from_base, "/a");
	assert_string_equal(event->change.from_name, "b");
	assert_string_equal(event->change.attribute, "user.x");
	assert_null(event->change.from);

	draft_begin(draft, PLM_IDENTITY, sizeof(draft->identity));
	draft->identity.before.uid = 1000;
	draft->identity.before_cause = PLM_CAUSE_IMAGE;
	draft->identity.call = 105;
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->before.uid, 1000);
	assert_int_equal(event->before_cause, PLM_CAUSE_IMAGE);
	assert_int_equal(event->identity.call, 105);

	draft_begin(draft, PLM_MAPPING, sizeof(draft->mapping));
	draft->mapping.how = PLM_MAP_MPROTECT;
	TEXT(draft, mapping.path, "libx.so\0tmp\0");
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->mapping.how, PLM_MAP_MPROTECT);
	assert_string_equal(event->path, "/tmp/libx.so");

	draft_begin(draft, PLM_LEAVE, sizeof(draft->leave));
	draft->leave.to = 77;
	TEXT(draft, leave.path, "/user.slice\0");
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->leave.to, 77);
	assert_string_equal(event->leave.path, "/user.slice");
}

/* One spoilt thing at a time in a record that is otherwise sound. */
static void spoil_kind(struct draft *draft)
{
	draft->head.kind = 0;
}
static void spoil_kind_new(struct draft *draft)
{
	draft->head.kind = PLM_KINDS;
}
static void spoil_kind_far(struct draft *draft)
{
	draft->head.kind = 0xffff;
}
static void spoil_backend(struct draft *draft)
{
	draft->head.backend = 0;
}
static void spoil_backend_far(struct draft *draft)
{
	draft->head.backend = 9;
}
static void spoil_op(struct draft *draft)
{
	draft->change.op = PLM_OPS;
}
static void spoil_op_none(struct draft *draft)
{
	draft->change.op = 0;
}
static void spoil_cause(struct draft *draft)
{
	draft->change.task.cause = PLM_CAUSES;
}
static void spoil_layer(struct draft *draft)
{
	draft->change.file.layer = UINT32_MAX;
}
static void spoil_comm(struct draft *draft)
{
	memset(draft->change.task.comm, 'x', 16);
}
static void spoil_offset_in_fixed(struct draft *draft)
{
	draft->change.path.offset = 0;
}
static void spoil_offset_behind(struct draft *draft)
{
	draft->change.path.offset = draft->head.size + 1;
}
static void spoil_offset_far(struct draft *draft)
{
	draft->change.path.offset = UINT32_MAX;
}
static void spoil_length(struct draft *draft)
{
	draft->change.name.length++;
}
static void spoil_length_far(struct draft *draft)
{
	draft->change.path.length = UINT32_MAX;
}
static void spoil_sum(struct draft *draft)
{
	draft->change.path = (struct plm_str){ UINT32_MAX - 1, 4 };
}
static void spoil_nul(struct draft *draft)
{
	draft->bytes[draft->head.size - 1] = 'x';
}
static void spoil_second_nul(struct draft *draft)
{
	draft->bytes[draft->head.size - 3] = 0;
}
static void spoil_component(struct draft *draft)
{
	draft->bytes[draft->change.path.offset] = 0;
}
static void spoil_size_small(struct draft *draft)
{
	draft->head.size = sizeof(draft->change) - 1;
}
static void spoil_size_tiny(struct draft *draft)
{
	draft->head.size = 4;
}

static void spoil_script_layer(struct draft *draft)
{
	draft->exec.script.layer = PLM_LAYERS;
}
static void spoil_input_layer(struct draft *draft)
{
	draft->exec.input.layer = PLM_LAYERS;
}
static void spoil_input_component(struct draft *draft)
{
	draft->bytes[draft->exec.input_path.offset] = 0;
}
static void spoil_input_offset(struct draft *draft)
{
	draft->exec.input_path.offset = UINT32_MAX;
}
static void spoil_input_in_fixed(struct draft *draft)
{
	draft->exec.input_path.offset = sizeof(draft->exec) - 1;
}
static void spoil_input_length_far(struct draft *draft)
{
	draft->exec.input_path.length++;
}
/* As version 1 had it: its texts would be taken for what came since. */
static void spoil_exec_size_of_old(struct draft *draft)
{
	draft->head.size = offsetof(struct plm_exec, input);
}

static void refusals(void **state)
{
	static const struct {
		void (*spoil)(struct draft *draft);
		int expected;
	} rows[] = {
		{ spoil_kind, -EBADMSG },
		{ spoil_kind_new, -EOPNOTSUPP },
		{ spoil_kind_far, -EOPNOTSUPP },
		{ spoil_backend, -EBADMSG },
		{ spoil_backend_far, -EBADMSG },
		{ spoil_op, -EBADMSG },
		{ spoil_op_none, -EBADMSG },
		{ spoil_cause, -EBADMSG },
		{ spoil_layer, -EBADMSG },
		{ spoil_comm, -EBADMSG },
		{ spoil_offset_in_fixed, -EBADMSG },
		{ spoil_offset_behind, -EBADMSG },
		{ spoil_offset_far, -EBADMSG },
		{ spoil_length, -EBADMSG },
		{ spoil_length_far, -EBADMSG },
		{ spoil_sum, -EBADMSG },
		{ spoil_nul, -EBADMSG },
		{ spoil_second_nul, -EBADMSG },
		{ spoil_component, -EBADMSG },
		{ spoil_size_small, -EBADMSG },
		{ spoil_size_tiny, -EBADMSG },
		{ NULL, 0 },
	};
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct event *event = NULL;
		size_t size;

		draft_begin(draft, PLM_CHANGE, sizeof(draft->change));
		draft->change.op = PLM_OP_UNLINK;
		TEXT(draft, change.path, "a\0b\0");
		TEXT(draft, change.name, "name\0");
		size = draft->head.size;
		if (rows[i].spoil)
			rows[i].spoil(draft);
		assert_int_equal(decoder_decode(decoder, draft->bytes, size, &event), rows[i].expected);
		assert_true((event != NULL) == (rows[i].expected == 0));
	}
}

static void exec_refusals(void **state)
{
	static const struct {
		void (*spoil)(struct draft *draft);
		int expected;
	} rows[] = {
		{ spoil_script_layer, -EBADMSG },     { spoil_input_layer, -EBADMSG },
		{ spoil_input_component, -EBADMSG },  { spoil_input_offset, -EBADMSG },
		{ spoil_input_in_fixed, -EBADMSG },   { spoil_input_length_far, -EBADMSG },
		{ spoil_exec_size_of_old, -EBADMSG }, { NULL, 0 },
	};
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct event *event = NULL;
		size_t size;

		draft_begin(draft, PLM_EXEC, sizeof(draft->exec));
		TEXT(draft, exec.input_path, "in\0opt\0");
		size = draft->head.size;
		if (rows[i].spoil)
			rows[i].spoil(draft);
		assert_int_equal(decoder_decode(decoder, draft->bytes, size, &event), rows[i].expected);
		assert_true((event != NULL) == (rows[i].expected == 0));
	}
}

/* Every size from nothing to the whole: only the whole is read; and it may lie anywhere, at any alignment. */
static void cut_and_shifted(void **state)
{
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));
	const struct event *event = NULL;

	(void)state;
	draft_begin(draft, PLM_MAPPING, sizeof(draft->mapping));
	draft->mapping.how = PLM_MAP_MMAP;
	TEXT(draft, mapping.path, "f\0d\0");
	for (size_t size = 0; size < draft->head.size; size++) {
		_cleanup_free_ unsigned char *copy = malloc(size + 1);

		memcpy(copy, draft->bytes, size);
		assert_int_equal(decoder_decode(decoder, copy, size, &event), -EBADMSG);
	}
	assert_int_equal(decoder_decode(decoder, draft->bytes, draft->head.size + 32, &event), 0);
	for (size_t shift = 1; shift < 8; shift++) {
		_cleanup_free_ unsigned char *copy = malloc(draft->head.size + shift);

		memcpy(copy + shift, draft->bytes, draft->head.size);
		assert_int_equal(decoder_decode(decoder, copy + shift, draft->head.size, &event), 0);
		assert_string_equal(event->path, "/d/f");
	}
	draft->head.size = PLM_RECORD_MAX + 1;
	assert_int_equal(decode(decoder, draft, &event), -EBADMSG);
}

static void too_many_arguments(void **state)
{
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));
	char args[2 * (RECORD_ARGV_MAX + 1)];
	const struct event *event = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(args); i++)
		args[i] = i % 2 ? '\0' : 'a';
	draft_begin(draft, PLM_EXEC, sizeof(draft->exec));
	draft_text(draft, &draft->exec.args, args, sizeof(args));
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->exec.argc, RECORD_ARGV_MAX);
	assert_null(event->exec.argv[RECORD_ARGV_MAX]);
	assert_true(event->head_flags & PLM_CUT_ARGS);

	draft_begin(draft, PLM_EXEC, sizeof(draft->exec));
	draft_text(draft, &draft->exec.args, args, 2 * RECORD_ARGV_MAX);
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(event->exec.argc, RECORD_ARGV_MAX);
	assert_false(event->head_flags & PLM_CUT_ARGS);
}

/* Texts that lie over each other are more, turned, than the decoder has room for: refused, not overrun. */
static void overlapping_texts(void **state)
{
	_cleanup_decoder_ struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));
	const struct event *event = NULL;
	struct plm_str all;

	(void)state;
	draft_begin(draft, PLM_CHANGE, sizeof(draft->change));
	draft->change.op = PLM_OP_LINK;
	all = (struct plm_str){ draft->head.size, PLM_TEXT_MAX };
	for (size_t i = 0; i < PLM_TEXT_MAX; i++)
		draft->bytes[all.offset + i] = i % 2 ? '\0' : 'c';
	draft->head.size += PLM_TEXT_MAX;
	draft->change.path = all;
	assert_int_equal(decode(decoder, draft, &event), 0);
	assert_int_equal(strlen(event->path), PLM_TEXT_MAX);
	draft->change.base = all;
	assert_int_equal(decode(decoder, draft, &event), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_rows),         cmocka_unit_test(exec_whole),
		cmocka_unit_test(every_kind),        cmocka_unit_test(refusals),
		cmocka_unit_test(cut_and_shifted),   cmocka_unit_test(too_many_arguments),
		cmocka_unit_test(overlapping_texts), cmocka_unit_test(exec_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
