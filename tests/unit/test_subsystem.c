// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "kernel/subsystem.h"

static void names(void **state)
{
	static const char whole[] = "12:pids:/a\n11:cpu,cpuacct:/\n10:blkio:/b:c\n9:name=systemd:/x\n8::/\n0::/u\n";
	static const struct {
		const char *text;
		uint32_t id;
		int expected;
		const char *name;
	} rows[] = {
		{ whole, 12, 0, "pids" },
		{ whole, 11, 0, "cpu" },
		{ whole, 10, 0, "io" }, /* the kernel calls it so */
		{ whole, 9, -ENOENT, NULL },
		{ whole, 8, -ENOENT, NULL },
		{ whole, 1, -ENOENT, NULL },
		{ whole, 0, -EINVAL, NULL },
		{ "7:memory:/", 7, 0, "memory" },
		{ "", 7, -ENOENT, NULL },
		{ "7:memory", 7, -EBADMSG, NULL },
		{ "7", 7, -EBADMSG, NULL },
		{ "pids:7:/\n7:pids:/\n", 7, -EBADMSG, NULL },
		{ "\n7:pids:/\n", 7, -EBADMSG, NULL },
		{ "7:a_name_that_is_as_long_as_none_of_the_kernel:/", 7, -ENOENT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[SUBSYSTEM_NAME_MAX] = "untouched";

		assert_int_equal(subsystem_name(rows[i].text, rows[i].id, name), rows[i].expected);
		assert_string_equal(name, rows[i].name ?: "untouched");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
