// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "detect/interpreter.h"

#define WORDS_MAX 8

static const struct {
	const char *path;
	const char *argv[WORDS_MAX];
	enum script_source source;
	const char *name;
} rows[] = {
	{ "/bin/sh", { "sh", "/opt/x.sh" }, SCRIPT_ARGUMENT, "/opt/x.sh" },
	{ "/bin/bash", { "bash", "-ex", "./x", "arg" }, SCRIPT_ARGUMENT, "./x" },
	{ "/bin/bash", { "bash", "-i", "x" }, SCRIPT_ARGUMENT, "x" },
	{ "/bin/bash", { "bash", "-euo", "pipefail", "x" }, SCRIPT_ARGUMENT, "x" },
	{ "/bin/bash", { "bash", "--norc", "--rcfile", "/rc", "x" }, SCRIPT_ARGUMENT, "x" },
	{ "/bin/sh", { "sh", "+x", "--", "-x" }, SCRIPT_ARGUMENT, "-x" },
	{ "/bin/busybox", { "busybox", "sh", "x" }, SCRIPT_ARGUMENT, "x" },
	{ "/bin/busybox", { "ash", "x" }, SCRIPT_ARGUMENT, "x" },
	{ "/usr/bin/python3.11", { "python3", "x.py" }, SCRIPT_ARGUMENT, "x.py" },
	{ "/usr/bin/python3.11", { "python3", "-u", "-W", "ignore", "x.py" }, SCRIPT_ARGUMENT, "x.py" },
	{ "/usr/bin/python3.11", { "python3", "-Wignore", "-BX", "dev", "x.py" }, SCRIPT_ARGUMENT, "x.py" },
	{ "/usr/bin/python3.11", { "python3", "-m", "http.server", "80" }, SCRIPT_MODULE, "http.server" },
	{ "/usr/bin/python3.11", { "python3", "-Im", "x" }, SCRIPT_MODULE, "x" },
	{ "/usr/bin/perl", { "perl", "-w", "-MPOSIX=ceil", "-I", "/lib", "x.pl" }, SCRIPT_ARGUMENT, "x.pl" },
	{ "/usr/bin/perl5.36.0", { "perl", "x.pl", "-e" }, SCRIPT_ARGUMENT, "x.pl" },
	{ "/usr/bin/ruby3.1", { "ruby", "-rjson", "-r", "set", "x.rb" }, SCRIPT_ARGUMENT, "x.rb" },
	{ "/usr/bin/node", { "node", "--require", "./y", "x.js" }, SCRIPT_ARGUMENT, "x.js" },
	{ "/usr/bin/node", { "node", "--require=./y", "--inspect", "x.js" }, SCRIPT_ARGUMENT, "x.js" },
	{ "/usr/bin/php8.2", { "php", "-d", "a=b", "-f", "x.php" }, SCRIPT_ARGUMENT, "x.php" },
	{ "/usr/bin/lua5.4", { "lua", "-e", "a=1", "x.lua" }, SCRIPT_ARGUMENT, "x.lua" },
	{ "/usr/bin/mawk", { "awk", "-F", ":", "-f", "x.awk", "file" }, SCRIPT_ARGUMENT, "x.awk" },
	{ "/usr/bin/java", { "java", "-Xmx1g", "-jar", "x.jar" }, SCRIPT_ARGUMENT, "x.jar" },
	/* from its input */
	{ "/bin/sh", { "sh" }, SCRIPT_INPUT, NULL },
	{ "/bin/sh", { NULL }, SCRIPT_INPUT, NULL },
	{ "/bin/sh", { "-sh" }, SCRIPT_INPUT, NULL },
	{ "/bin/sh", { "sh", "-s", "arg" }, SCRIPT_INPUT, NULL },
	{ "/bin/sh", { "sh", "/dev/stdin" }, SCRIPT_INPUT, NULL },
	{ "/usr/bin/python3", { "python3", "-" }, SCRIPT_INPUT, NULL },
	{ "/usr/bin/perl", { "perl", "-w" }, SCRIPT_INPUT, NULL },
	/* twins: text of the command line, a main class, no interpreter, what only looks like one */
	{ "/bin/sh", { "sh", "-c", "x", "/opt/x.sh" }, SCRIPT_NONE, NULL },
	{ "/bin/bash", { "bash", "-lic", "x" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/python3", { "python3", "-c", "x", "y" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/perl", { "perl", "-ne", "print", "file" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/node", { "node", "--eval", "x" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/node", { "node", "-pe", "x" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/php", { "php", "-r", "x" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/awk", { "awk", "{print}", "file" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/java", { "java", "-cp", "x.jar", "Main" }, SCRIPT_NONE, NULL },
	{ "/bin/busybox", { "busybox", "cat", "x" }, SCRIPT_NONE, NULL },
	{ "/bin/cat", { "cat", "x.sh" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/python3-config", { "python3-config", "x" }, SCRIPT_NONE, NULL },
	{ "/usr/bin/python3", { "python3", "-m" }, SCRIPT_NONE, NULL },
	{ NULL, { NULL }, SCRIPT_NONE, NULL },
};

static void test_input(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event event = { .kind = PLM_EXEC, .path = rows[i].path, .exec = { .argv = rows[i].argv } };
		struct interpreter_input input;

		while (rows[i].argv[event.exec.argc])
			event.exec.argc++;
		if (interpreter_input(&event, &input) != rows[i].source)
			fail_msg("row %zu", i);
		if ((input.name == NULL) != (rows[i].name == NULL))
			fail_msg("row %zu: a name", i);
		if (rows[i].name)
			assert_string_equal(input.name, rows[i].name);
	}
}

static void test_module_places(void **state)
{
	const struct interpreter_input input = { .name = "a.b", .language = "python3.11" };
	const struct interpreter_input none = { .name = NULL };
	char path[64], longest[4] = "";
	size_t n = 0;

	(void)state;
	assert_true(interpreter_module_place(&input, 0, path, sizeof(path)));
	assert_string_equal(path, "a/b/__main__.py");
	assert_true(interpreter_module_place(&input, 1, path, sizeof(path)));
	assert_string_equal(path, "a/b.py");
	assert_true(interpreter_module_place(&input, 3, path, sizeof(path)));
	assert_string_equal(path, "/usr/local/lib/python3.11/a/b.py");
	while (interpreter_module_place(&input, n, path, sizeof(path)))
		n++;
	assert_in_range(n, 4, 64);
	assert_false(interpreter_module_place(&input, 0, longest, sizeof(longest)));
	assert_false(interpreter_module_place(&none, 0, path, sizeof(path)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_module_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
