// SPDX-License-Identifier: Apache-2.0
/* Roots with what npm, yarn and pnpm leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inventory/npm.h"
#include "inventory_root.h"

#define JSON(name, version) "{\"name\": \"" name "\", \"version\": \"" version "\"}"

#define PACKAGE(name, version, location, files)                                                                        \
	"package " name " " version " - origin=- license=- purl=pkg:npm/" name "@" version " location=/" location      \
	"/package.json files=" files "\n"

static void expect(struct root *root, const char *expected)
{
	_cleanup_found_ struct found found = { 0 };

	root_read(root, &source_npm, NULL, &found);
	assert_string_equal(found.text, expected);
}

static void one(void **state)
{
	struct root *root = *state;

	root_file(root, "app/package.json", JSON("app", "1.0.0"));
	root_file(root, "app/index.js", "");
	root_file(root, "app/node_modules/.package-lock.json", "{}");
	root_file(root, "app/node_modules/a/Read.me", "");
	root_file(root, "app/node_modules/a/lib/esm/package.json", "{\"type\": \"module\"}");
	root_file(root, "app/node_modules/a/lib/index.js", "");
	root_file(root, "app/node_modules/a/package.json",
		  "{\"name\": \"a\", \"version\": \"1.0.0-rc.1+b\", \"license\": \"MIT\"}");
	root_file(root, "app/node_modules/a/z.js", "");
	root_link(root, "app/node_modules/.bin/a", "../a/z.js");
	root_link(root, "app/node_modules/a/link", "z.js");
	expect(root, "package a 1.0.0-rc.1+b - origin=- license=MIT purl=pkg:npm/a@1.0.0-rc.1%2Bb "
		     "location=/app/node_modules/a/package.json files=5\n"
		     "file /app/node_modules/a/Read.me a -\n"
		     "file /app/node_modules/a/package.json a -\n"
		     "file /app/node_modules/a/z.js a -\n"
		     "file /app/node_modules/a/lib/index.js a -\n"
		     "file /app/node_modules/a/lib/esm/package.json a -\n");
}

static void scopes_and_aliases(void **state)
{
	struct root *root = *state;

	root_file(root, "node_modules/@s/a/package.json", JSON("@s/a", "1.0.0"));
	root_file(root, "node_modules/@s/b/package.json", JSON("@s/b", "2.0.0"));
	root_file(root, "node_modules/alias/package.json", JSON("own", "3.0.0"));
	expect(root,
	       "package @s/a 1.0.0 - origin=- license=- purl=pkg:npm/%40s/a@1.0.0 "
	       "location=/node_modules/@s/a/package.json files=1\n"
	       "package @s/b 2.0.0 - origin=- license=- purl=pkg:npm/%40s/b@2.0.0 "
	       "location=/node_modules/@s/b/package.json files=1\n" PACKAGE(
		       "own", "3.0.0", "node_modules/alias", "1") "file /node_modules/@s/a/package.json @s/a -\n"
								  "file /node_modules/@s/b/package.json @s/b -\n"
								  "file /node_modules/alias/package.json own -\n");
}

/* A package's own node_modules holds others; one deeper in it is a part of it. */
static void nests(void **state)
{
	struct root *root = *state;

	root_file(root, "node_modules/a/package.json", JSON("a", "1"));
	root_file(root, "node_modules/a/node_modules/.cache/x", "");
	root_file(root, "node_modules/a/node_modules/b/b.js", "");
	root_file(root, "node_modules/a/node_modules/b/package.json", JSON("b", "1"));
	root_file(root, "node_modules/a/node_modules/none/x", "");
	root_file(root, "node_modules/a/node_modules/none/node_modules/c/package.json", JSON("c", "1"));
	root_file(root, "node_modules/a/test/node_modules/d/package.json", JSON("d", "1"));
	root_file(root, "node_modules/a/z", "");
	root_file(root, "node_modules/a-b/package.json", JSON("a-b", "1"));
	expect(root,
	       PACKAGE("a", "1", "node_modules/a", "3") PACKAGE("a-b", "1", "node_modules/a-b", "1")
		       PACKAGE("b", "1", "node_modules/a/node_modules/b", "2")
			       PACKAGE("c", "1", "node_modules/a/node_modules/none/node_modules/c",
				       "1") "file /node_modules/a/package.json a -\n"
					    "file /node_modules/a/z a -\n"
					    "file /node_modules/a-b/package.json a-b -\n"
					    "file /node_modules/a/node_modules/b/b.js b -\n"
					    "file /node_modules/a/node_modules/b/package.json b -\n"
					    "file /node_modules/a/node_modules/none/node_modules/c/package.json c -\n"
					    "file /node_modules/a/test/node_modules/d/package.json a -\n");
}

/* pnpm's links lead to what the walk comes to; that of a workspace to a package of its own. */
static void links(void **state)
{
	struct root *root = *state;

	root_file(root, "app/node_modules/.pnpm/a@1/node_modules/a/package.json", JSON("a", "1"));
	root_link(root, "app/node_modules/a", ".pnpm/a@1/node_modules/a");
	root_file(root, "app/packages/w/package.json", JSON("w", "1"));
	root_file(root, "app/packages/w/w.js", "");
	root_link(root, "app/node_modules/@s/w", "../../packages/w");
	root_link(root, "app/node_modules/w", "../packages/w");
	expect(root, PACKAGE("a", "1", "app/node_modules/.pnpm/a@1/node_modules/a", "1")
			     PACKAGE("w", "1", "app/packages/w",
				     "0") "file /app/node_modules/.pnpm/a@1/node_modules/a/package.json a -\n");
}

static void hostile_links(void **state)
{
	struct root *root = *state;

	root_file(root, "etc/package.json", JSON("etc", "1"));
	root_link(root, "node_modules/circle", "circle");
	root_link(root, "node_modules/gone", "nowhere");
	root_link(root, "node_modules/out", "../../../../../../etc");
	root_link(root, "node_modules/self", ".");
	root_link(root, "node_modules/top", "/");
	root_link(root, "node_modules/a/package.json", "/etc/shadow");
	root_link(root, "node_modules/b/package.json", "package.json");
	root_fifo(root, "node_modules/c/package.json");
	root_link(root, "node_modules/d/package.json", "/etc/package.json");
	expect(root, PACKAGE("etc", "1", "etc", "0")
			     PACKAGE("etc", "1", "node_modules/d",
				     "0") "note npm /node_modules/b/package.json Too many levels of symbolic links\n"
					  "note npm /node_modules/c/package.json is no regular file\n");
}

/* What says too little is named after its place. */
static void names(void **state)
{
	struct root *root = *state;

	root_file(root, "node_modules/@s/a/package.json", "{\"name\": \"\"}");
	root_file(root, "node_modules/b/package.json", "{\"version\": \"1\"}");
	root_file(root, "node_modules/c/package.json", "{\"name\": \"../../x/../\\u001b]\", \"version\": \"\"}");
	root_file(root, "node_modules/d/package.json", "{\"name\": \"@/\", \"version\": \"1\"}");
	expect(root,
	       "package ../../x/../\x1b] - - origin=- license=- purl=pkg:npm/..%2F..%2Fx%2F..%2F%1B%5D "
	       "location=/node_modules/c/package.json files=1\n"
	       "package @/ 1 - origin=- license=- purl=pkg:npm/%40%2F@1 location=/node_modules/d/package.json files=1\n"
	       "package @s/a - - origin=- license=- purl=pkg:npm/%40s/a location=/node_modules/@s/a/package.json "
	       "files=1\n" PACKAGE("b", "1", "node_modules/b",
				   "1") "file /node_modules/@s/a/package.json @s/a -\n"
					"file /node_modules/b/package.json b -\n"
					"file /node_modules/c/package.json ../../x/../\x1b] -\n"
					"file /node_modules/d/package.json @/ -\n");
}

static void damage_is_told(void **state)
{
	struct root *root = *state;

	root_file(root, "node_modules/a/package.json", "{\"name\": \"a\"");
	root_file(root, "node_modules/a/a.js", "");
	root_file(root, "node_modules/b/node_modules/a/package.json", "[]");
	root_file(root, "node_modules/b/package.json", JSON("b", "1"));
	root_file(root, "node_modules/none/none.js", "");
	expect(root,
	       PACKAGE("b", "1", "node_modules/b", "1") "file /node_modules/b/package.json b -\n"
							"note npm /node_modules/a/package.json is no object of JSON\n"
							"note npm /node_modules/b/node_modules/a/package.json is "
							"no object of JSON\n");
}

static void the_gigantic_is_not_read(void **state)
{
	struct root *root = *state;
	_cleanup_free_ char *text = malloc(NPM_JSON_MAX + 1);

	assert_non_null(text);
	memset(text, ' ', NPM_JSON_MAX + 1);
	memcpy(text, JSON("a", "1"), strlen(JSON("a", "1")));
	root_bytes(root, "node_modules/a/package.json", text, NPM_JSON_MAX);
	root_bytes(root, "node_modules/b/package.json", text, NPM_JSON_MAX + 1);
	expect(root, PACKAGE("a", "1", "node_modules/a", "1") "file /node_modules/a/package.json a -\n"
							      "note npm /node_modules/b/package.json is too large\n");
}

static void a_scope_without_end_has_no_url(void **state)
{
	_cleanup_found_ struct found found = { 0 };
	char text[2 * BUILDER_STRING_MAX], *at = text + sprintf(text, "{\"version\": \"1\", \"name\": \"@");

	memset(at, 's', BUILDER_STRING_MAX);
	(void)strcpy(at + BUILDER_STRING_MAX, "/a\"}");
	root_file(*state, "node_modules/a/package.json", text);
	root_read(*state, &source_npm, NULL, &found);
	assert_non_null(strstr(found.text, " 1 - origin=- license=- purl=- location="));
}

/* ---- one in another, a thousand times ---- */

#define NESTS 1000

static const char *nest_name(int level)
{
	return level % 2 ? "a" : "node_modules";
}

/* The descriptor of the innermost. Their paths are longer than the kernel takes: one step at a time. */
static int nests_make(const struct root *root)
{
	int fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 0);

	for (int i = 0; i < 2 * NESTS; i++) {
		_cleanup_close_ int parent = fd, file = -EBADF;

		assert_int_equal(mkdirat(parent, nest_name(i), 0755), 0);
		fd = openat(parent, nest_name(i), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		file = openat(fd, "package.json", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		assert_true(dprintf(file, JSON("a", "%d"), i) > 0);
	}
	return fd;
}

static void nests_remove(int fd)
{
	for (int i = 2 * NESTS - 1; i >= 0; i--) {
		_cleanup_close_ int below = fd;

		fd = openat(below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_int_equal(unlinkat(below, "package.json", 0), 0);
		assert_int_equal(unlinkat(fd, nest_name(i), AT_REMOVEDIR), 0);
	}
	assert_int_equal(close(fd), 0);
}

/* As deep as the walk goes: of the last the files are too deep. */
static void a_thousand_nests(void **state)
{
	_cleanup_found_ struct found found = { 0 };
	size_t packages = 0, owners = 0;
	int fd = nests_make(*state);

	root_read(*state, &source_npm, NULL, &found);
	nests_remove(fd);
	for (const char *at = found.text; (at = strstr(at, "package a ")); at++)
		packages++;
	for (const char *at = found.text; (at = strstr(at, " files=1\n")); at++)
		owners++;
	assert_int_equal(packages, TREE_DEPTH_MAX / 2);
	assert_int_equal(owners, packages - 1);
	assert_null(strstr(found.text, "note "));
}

#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(one),
		ROOT_TEST(scopes_and_aliases),
		ROOT_TEST(nests),
		ROOT_TEST(links),
		ROOT_TEST(hostile_links),
		ROOT_TEST(names),
		ROOT_TEST(damage_is_told),
		ROOT_TEST(the_gigantic_is_not_read),
		ROOT_TEST(a_scope_without_end_has_no_url),
		ROOT_TEST(a_thousand_nests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
