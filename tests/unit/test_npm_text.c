// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/npm.h"

/* "name version license", "-" for none. */
struct given {
	char text[2 * NPM_LICENSE_MAX];
	int calls, answer;
};

static int give(const struct npm_package *package, void *data)
{
	struct given *given = data;

	given->calls++;
	(void)snprintf(given->text, sizeof(given->text), "%s %s %s", package->name ?: "-", package->version ?: "-",
		       package->license ?: "-");
	return given->answer;
}

static void package_rows(void **state)
{
	static const struct {
		const char *text, *given; /* NULL: no object of JSON */
	} rows[] = {
		{ "{\"name\": \"a\", \"version\": \"1.0.0\", \"license\": \"MIT\"}", "a 1.0.0 MIT" },
		{ "{}", "- - -" },
		{ " {\"name\": \"@s/a\"}\n", "@s/a - -" },
		{ "\xef\xbb\xbf{\"name\": \"a\"}", "a - -" },
		{ "{\"name\": \"a\", \"name\": \"b\"}", "b - -" },
		{ "{\"name\": \"\\u001b[31m\"}", "\x1b[31m - -" },
		{ "{\"name\": 1, \"version\": [\"1\"], \"license\": true}", "- - -" },
		{ "{\"name\": null, \"version\": {\"name\": \"a\"}}", "- - -" },
		{ "{\"license\": {\"type\": \"MIT\", \"url\": \"x\"}}", "- - MIT" },
		{ "{\"license\": {\"url\": \"x\"}}", "- - -" },
		{ "{\"license\": [\"MIT\", \"ISC\"]}", "- - MIT OR ISC" },
		{ "{\"licenses\": [{\"type\": \"MIT\"}, 1, \"\", {}, {\"type\": \"ISC\"}]}", "- - MIT OR ISC" },
		{ "{\"licenses\": [{\"type\": \"MIT\"}]}", "- - MIT" },
		{ "{\"licenses\": []}", "- - -" },
		{ "{\"license\": \"ISC\", \"licenses\": [{\"type\": \"MIT\"}]}", "- - ISC" },
		{ "{\"license\": \"(MIT OR ISC)\"}", "- - (MIT OR ISC)" },
		{ "", NULL },
		{ "\xef\xbb\xbf", NULL },
		{ "\xef\xbb", NULL },
		{ "[{\"name\": \"a\"}]", NULL },
		{ "\"a\"", NULL },
		{ "null", NULL },
		{ "{\"name\": \"a\"", NULL },
		{ "{\"name\": \"a\"} x", NULL },
		{ "{\"name\": \"a\\u0000b\"}", NULL },
		{ "{\"name\": \"a\xff\"}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct given given = { .answer = 7 };

		assert_int_equal(npm_package(rows[i].text, strlen(rows[i].text), give, &given),
				 rows[i].given ? 7 : -EBADMSG);
		assert_int_equal(given.calls, rows[i].given ? 1 : 0);
		assert_string_equal(given.text, rows[i].given ?: "");
	}
}

static void a_nul_is_no_json(void **state)
{
	static const char text[] = "{\"name\": \"a\0b\"}";
	struct given given = { .answer = 0 };

	(void)state;
	assert_int_equal(npm_package(text, sizeof(text) - 1, give, &given), -EBADMSG);
	assert_int_equal(given.calls, 0);
}

static void json_has_a_depth(void **state)
{
	_cleanup_free_ char *text = malloc(NPM_JSON_MAX);
	struct given given = { .answer = 0 };

	(void)state;
	assert_non_null(text);
	memset(text, '[', NPM_JSON_MAX);
	assert_int_equal(npm_package(text, NPM_JSON_MAX, give, &given), -EBADMSG);
	for (size_t i = 0; i + 5 <= NPM_JSON_MAX; i += 5)
		memcpy(text + i, "{\"a\":", 5);
	assert_int_equal(npm_package(text, NPM_JSON_MAX, give, &given), -EBADMSG);
	assert_int_equal(given.calls, 0);
}

static void more_licences_than_there_is_room(void **state)
{
	struct given given = { .answer = 0 };
	char text[16384];
	size_t size = (size_t)sprintf(text, "{\"name\":\"a\",\"version\":\"1\",\"license\":[\"x\"");

	(void)state;
	for (int i = 1000; i < 2000; i++)
		size += (size_t)sprintf(text + size, ",\"L%d\"", i);
	size += (size_t)sprintf(text + size, "]}");
	assert_int_equal(npm_package(text, size, give, &given), 0);
	assert_memory_equal(given.text, "a 1 x OR L1000 OR L1001 OR ", 27);
	assert_in_range(strlen(given.text), NPM_LICENSE_MAX - 16, NPM_LICENSE_MAX + 3);
}

static void installed_name_rows(void **state)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{ "/node_modules/a", "a" },
		{ "/x/node_modules/a", "a" },
		{ "/x/node_modules/@s/a", "@s/a" },
		{ "/node_modules/@s/a", "@s/a" },
		{ "/x/node_modules/a/node_modules/b", "b" },
		{ "/x/node_modules/.pnpm/a@1/node_modules/a", "a" },
		{ "/x/node_modules/node_modules", "node_modules" },
		{ "/x/node_modules", NULL },
		{ "/node_modules", NULL },
		{ "/x/node_modules/.bin", NULL },
		{ "/x/node_modules/@s", NULL },
		{ "/x/node_modules/@s/.a", NULL },
		{ "/x/node_modules/@s/@a", NULL },
		{ "/x/node_modules/a/lib", NULL },
		{ "/x/node_modules/@s/a/lib", NULL },
		{ "/x/my_node_modules/a", NULL },
		{ "/x/node_modules_/a", NULL },
		{ "/x/node_modules_/@s/a", NULL },
		{ "/a", NULL },
		{ "/@s/a", NULL },
		{ "/", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = npm_installed_name(rows[i].path);

		assert_int_equal(!name, !rows[i].name);
		if (name)
			assert_string_equal(name, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(package_rows),        cmocka_unit_test(a_nul_is_no_json),
		cmocka_unit_test(json_has_a_depth),    cmocka_unit_test(more_licences_than_there_is_room),
		cmocka_unit_test(installed_name_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
