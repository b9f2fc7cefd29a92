// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "process/writers.h"

static struct event change_of(enum plm_op op, uint64_t inode, uint32_t pid, uint64_t time)
{
	return (struct event){
		.kind = PLM_CHANGE,
		.container = 42,
		.time = time,
		.task = { .pid = pid, .start = pid * 10ull, .session = 5 },
		.change = { .op = op },
		.file = { .upper_inode = inode, .upper_device = 1, .mode = S_IFREG | 0644 },
	};
}

static void note(struct writers *writers, enum plm_op op, uint64_t inode, uint32_t pid, uint64_t time)
{
	const struct event change = change_of(op, inode, pid, time);

	writers_note(writers, &change, "/bin/cp");
}

static const struct writer *get(struct writers *writers, uint64_t inode)
{
	return writers_get(writers, &(struct plm_file){ .upper_inode = inode, .upper_device = 1 });
}

/* Content counts; what moves it only where nobody wrote it; metadata never. */
static void who_wrote(void **state)
{
	static const struct {
		enum plm_op op;
		uint32_t new_file, old_file; /* the writer's pid behind it; 0: nobody */
	} rows[] = {
		{ PLM_OP_CREATE, 9, 9 },     { PLM_OP_MODIFY, 9, 9 },   { PLM_OP_TRUNCATE, 9, 9 },
		{ PLM_OP_FALLOCATE, 9, 9 },  { PLM_OP_TMPFILE, 9, 9 },  { PLM_OP_RENAME, 9, 7 },
		{ PLM_OP_LINK, 9, 7 },       { PLM_OP_EXCHANGE, 9, 7 }, { PLM_OP_CHMOD, 0, 7 },
		{ PLM_OP_UTIMES, 0, 7 },     { PLM_OP_UNLINK, 0, 7 },   { PLM_OP_MOUNT, 0, 7 },
		{ PLM_OP_OPEN_WRITE, 0, 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct writers *writers = writers_new(8);

		note(writers, PLM_OP_CREATE, 1, 7, 100);
		note(writers, rows[i].op, 1, 9, 200);
		note(writers, rows[i].op, 2, 9, 200);
		assert_int_equal(get(writers, 1)->pid, rows[i].old_file);
		assert_int_equal(get(writers, 2) ? get(writers, 2)->pid : 0, rows[i].new_file);
		writers_free(writers);
	}
}

static void what_is_known(void **state)
{
	struct writers *writers = writers_new(8);
	struct event directory = change_of(PLM_OP_CREATE, 3, 7, 1), nowhere = change_of(PLM_OP_CREATE, 0, 7, 1);
	const struct writer *writer;

	(void)state;
	note(writers, PLM_OP_CREATE, 1, 7, 100);
	writer = get(writers, 1);
	assert_string_equal(writer->executable, "/bin/cp");
	assert_int_equal(writer->time, 100);
	assert_int_equal(writer->session, 5);
	assert_int_equal(writer->start, 70);
	directory.file.mode = S_IFDIR | 0755;
	writers_note(writers, &directory, NULL);
	writers_note(writers, &nowhere, NULL);
	assert_null(get(writers, 3));
	assert_null(get(writers, 0));
	assert_null(writers_get(writers, &(struct plm_file){ .upper_inode = 1, .upper_device = 2 }));
	assert_int_equal(writers_size(writers), 1);
	writers_free(writers);
}

static void the_oldest_is_forgotten(void **state)
{
	struct writers *writers = writers_new(3);

	(void)state;
	for (uint64_t inode = 1; inode <= 3; inode++)
		note(writers, PLM_OP_CREATE, inode, 7, inode * 100);
	assert_int_equal(writers_forgot(writers), 0);
	assert_non_null(get(writers, 1));
	note(writers, PLM_OP_CREATE, 4, 7, 400);
	assert_non_null(get(writers, 1));
	assert_null(get(writers, 2));
	assert_int_equal(writers_forgot(writers), 200); /* what was written later is still known */
	assert_int_equal(writers_size(writers), 3);
	writers_free(writers);
}

/* An inode that is used again, perhaps by the copy that the kernel makes of a file of the image, of which nobody is told. */
static void an_inode_used_again(void **state)
{
	static const struct {
		uint32_t written, asked; /* generations */
		bool known;
	} rows[] = { { 5, 5, true }, { 5, 6, false }, { 5, 0, true }, { 0, 6, true }, { 0, 0, true } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct writers *writers = writers_new(8);
		struct event change = change_of(PLM_OP_CREATE, 1, 7, 100), later = change_of(PLM_OP_RENAME, 1, 9, 200);
		struct plm_file file = change.file;

		change.file.generation = rows[i].written;
		later.file.generation = file.generation = rows[i].asked;
		writers_note(writers, &change, "/bin/cp");
		assert_int_equal(writers_get(writers, &file) != NULL, rows[i].known);
		writers_note(writers, &later,
			     "/bin/mv"); /* moved: it counts where nobody is known to have written it */
		assert_int_equal(writers_get(writers, &file)->pid, rows[i].known ? 7 : 9);
		writers_free(writers);
	}
}

static void count(uint64_t inode, uint32_t device, const struct writer *writer, void *data)
{
	size_t *counted = data;

	assert_int_equal(device, 1);
	assert_true(inode > 0 && writer->pid == 7);
	++*counted;
}

static void of_a_container(void **state)
{
	struct writers *writers = writers_new(8);
	struct event other = change_of(PLM_OP_CREATE, 5, 7, 1);
	size_t counted = 0;

	(void)state;
	note(writers, PLM_OP_CREATE, 1, 7, 100);
	note(writers, PLM_OP_CREATE, 2, 7, 100);
	other.container = 43;
	writers_note(writers, &other, NULL);
	writers_each(writers, 42, count, &counted);
	assert_int_equal(counted, 2);
	writers_free(writers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_wrote),
		cmocka_unit_test(what_is_known),
		cmocka_unit_test(the_oldest_is_forgotten),
		cmocka_unit_test(of_a_container),
		cmocka_unit_test(an_inode_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
