// SPDX-License-Identifier: Apache-2.0
/* Roots with what Python's installers leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inventory/python.h"
#include "inventory_root.h"

#define SITE "usr/lib/python3/site-packages/"

#define HEAD(name, version) "Metadata-Version: 2.1\nName: " name "\nVersion: " version "\n"

#define SUM "sha256=uU0nuZNNeMjHPMTDhS9Ml5_Nl7VVAFR3W1ypSYWNbJw"
#define HEX "sha256:b94d27b9934d78c8c73cc4c3852f4c979fcd97b5550054775b5ca949858d6c9c"

#define PACKAGE(name, version, location, files)                                                                        \
	"package " name " " version " - origin=- license=- purl=pkg:pypi/" name "@" version " location=/" location     \
	" files=" files "\n"

static void expect(struct root *root, const char *expected)
{
	_cleanup_found_ struct found found = { 0 };

	root_read(root, &source_python, NULL, &found);
	assert_string_equal(found.text, expected);
}

static void a_wheel(void **state)
{
	struct root *root = *state;

	root_file(root, SITE "Foo_Bar.baz-1.0.dist-info/METADATA",
		  HEAD("Foo_Bar.baz", "1.0+local") "License-Expression: MIT\n\nName: none\n");
	root_file(root, SITE "Foo_Bar.baz-1.0.dist-info/RECORD",
		  "../../../bin/foo," SUM ",12\n"
		  "Foo_Bar.baz-1.0.dist-info/METADATA," SUM ",60\n"
		  "Foo_Bar.baz-1.0.dist-info/RECORD,,\n"
		  "foo/__init__.py," SUM ",0\n"
		  "foo/__pycache__/__init__.cpython-311.pyc,,\n"
		  "\"foo/a,b.py\"," SUM ",1\n"
		  "/etc/foo.conf," SUM ",1\n");
	expect(root, "package Foo_Bar.baz 1.0+local - origin=- license=MIT purl=pkg:pypi/foo-bar-baz@1.0%2Blocal "
		     "location=/" SITE "Foo_Bar.baz-1.0.dist-info/METADATA files=7\n"
		     "file /etc/foo.conf Foo_Bar.baz " HEX "\n"
		     "file /usr/bin/foo Foo_Bar.baz " HEX "\n"
		     "file /" SITE "Foo_Bar.baz-1.0.dist-info/METADATA Foo_Bar.baz " HEX "\n"
		     "file /" SITE "Foo_Bar.baz-1.0.dist-info/RECORD Foo_Bar.baz -\n"
		     "file /" SITE "foo/__init__.py Foo_Bar.baz " HEX "\n"
		     "file /" SITE "foo/a,b.py Foo_Bar.baz " HEX "\n"
		     "file /" SITE "foo/__pycache__/__init__.cpython-311.pyc Foo_Bar.baz -\n");
}

static void eggs(void **state)
{
	struct root *root = *state;

	root_file(root, SITE "a-1.egg-info", HEAD("a", "1"));
	root_file(root, SITE "b-2.egg-info/PKG-INFO", HEAD("b", "2"));
	root_file(root, SITE "b-2.egg-info/installed-files.txt", "../b.py\nPKG-INFO\n../../../../bin/b\n");
	root_file(root, SITE "c-3.egg-info/PKG-INFO", HEAD("c", "3"));
	root_file(root, SITE "c-3.egg-info/SOURCES.txt", "setup.py\n");
	root_file(root, SITE "d-4-py3.egg/EGG-INFO/PKG-INFO", HEAD("d", "4"));
	root_file(root, SITE "d-4-py3.egg/d.py", "");
	expect(root, PACKAGE("a", "1", SITE "a-1.egg-info", "1") PACKAGE("b", "2", SITE "b-2.egg-info/PKG-INFO", "3")
			     PACKAGE("c", "3", SITE "c-3.egg-info/PKG-INFO", "1")
				     PACKAGE("d", "4", SITE "d-4-py3.egg/EGG-INFO/PKG-INFO",
					     "1") "file /usr/bin/b b -\n"
						  "file /" SITE "a-1.egg-info a -\n"
						  "file /" SITE "b.py b -\n"
						  "file /" SITE "b-2.egg-info/PKG-INFO b -\n"
						  "file /" SITE "c-3.egg-info/PKG-INFO c -\n"
						  "file /" SITE "d-4-py3.egg/EGG-INFO/PKG-INFO d -\n");
}

/* Wherever it lies, twice where it lies twice. */
static void places(void **state)
{
	struct root *root = *state;

	root_file(root, "opt/venv/lib/a-1.dist-info/METADATA", HEAD("a", "1"));
	root_file(root, "a-1.dist-info/METADATA", HEAD("a", "1"));
	root_file(root, "a-1.dist-info/RECORD", "a.py," SUM ",1\n");
	expect(root, PACKAGE("a", "1", "a-1.dist-info/METADATA", "2")
			     PACKAGE("a", "1", "opt/venv/lib/a-1.dist-info/METADATA",
				     "1") "file /a.py a " HEX "\n"
					  "file /a-1.dist-info/METADATA a -\n"
					  "file /opt/venv/lib/a-1.dist-info/METADATA a -\n");
}

static void links_on_the_way_are_resolved(void **state)
{
	struct root *root = *state;

	root_link(root, "bin", "usr/bin");
	root_directory(root, "usr/bin");
	root_file(root, "srv/a-1.dist-info/METADATA", HEAD("a", "1"));
	root_file(root, "srv/a-1.dist-info/RECORD", "../bin/a," SUM ",1\n/bin/b,,\n");
	expect(root, PACKAGE("a", "1", "srv/a-1.dist-info/METADATA", "3") "file /srv/a-1.dist-info/METADATA a -\n"
									  "file /usr/bin/a a " HEX "\n"
									  "file /usr/bin/b a -\n");
}

/* `pip install --target`: "../../" is of a place that the packages were moved from. */
static void a_target(void **state)
{
	struct root *root = *state;

	root_file(root, "app/a-1.dist-info/METADATA", HEAD("a", "1"));
	root_file(root, "app/a-1.dist-info/RECORD", "../../bin/a," SUM ",1\n../../etc/gone,,\n");
	root_file(root, "app/bin/a", "");
	root_file(root, "opt/lib/python/b-1.dist-info/METADATA", HEAD("b", "1"));
	root_file(root, "opt/lib/python/b-1.dist-info/RECORD",
		  "../../bin/b," SUM ",1\n../../bin/gone," SUM ",1\n../../../bin/c," SUM ",1\n");
	root_file(root, "opt/bin/b", "");
	root_file(root, "opt/lib/python/bin/b", "");
	root_file(root, "opt/lib/bin/c", "");
	expect(root, PACKAGE("a", "1", "app/a-1.dist-info/METADATA", "2")
			     PACKAGE("b", "1", "opt/lib/python/b-1.dist-info/METADATA",
				     "4") "file /app/a-1.dist-info/METADATA a -\n"
					  "file /app/bin/a a " HEX "\n"
					  "file /bin/c b " HEX "\n"
					  "file /opt/bin/b b " HEX "\n"
					  "file /opt/bin/gone b " HEX "\n"
					  "file /opt/lib/python/b-1.dist-info/METADATA b -\n"
					  "note python /app/a-1.dist-info/RECORD line 2 leads nowhere\n");
}

/* Debian leaves both of some. */
static void the_wheel_counts(void **state)
{
	struct root *root = *state;

	root_file(root, SITE "a-1.dist-info/METADATA", HEAD("a", "1"));
	root_file(root, SITE "a.egg-info/PKG-INFO", HEAD("a", "1"));
	root_file(root, SITE "a-1-py3.egg-info", HEAD("a", "1"));
	root_file(root, SITE "b-1.dist-info/METADATA", HEAD("b", "1"));
	root_file(root, SITE "b-2.egg-info", HEAD("b", "2"));
	root_file(root, SITE "c.egg-info", HEAD("c", "1/../../b-1"));
	expect(root, PACKAGE("a", "1", SITE "a-1.dist-info/METADATA", "1") PACKAGE("b", "1",
										   SITE "b-1.dist-info/METADATA", "1")
			     PACKAGE("b", "2", SITE "b-2.egg-info",
				     "1") "package c 1/../../b-1 - origin=- license=- "
					  "purl=pkg:pypi/c@1%2F..%2F..%2Fb-1 location=/" SITE "c.egg-info files=1\n"
					  "file /" SITE "b-2.egg-info b -\n"
					  "file /" SITE "c.egg-info c -\n"
					  "file /" SITE "a-1.dist-info/METADATA a -\n"
					  "file /" SITE "b-1.dist-info/METADATA b -\n");
}

/* What a distribution packed is its own, and no digest of the list holds: it strips libraries afterwards. */
static void what_is_packed_has_no_digests(void **state)
{
	static const struct inventory_package deb = { .type = PACKAGE_DEB, .name = "python3-a" };
	static const struct inventory_file none = { .flags = 0 };
	struct root *root = *state;
	struct source_context context = { .tree = root->tree };
	char path[PATH_MAX];
	uint32_t number;

	root_file(root, SITE "a-1.dist-info/METADATA", HEAD("a", "1"));
	root_file(root, SITE "a-1.dist-info/RECORD", "a.so," SUM ",1\n");
	root_file(root, SITE "b-1.dist-info/METADATA", HEAD("b", "1"));
	root_file(root, SITE "b-1.dist-info/RECORD", "b.so," SUM ",1\n");
	assert_int_equal(builder_new(&context.builder), 0);
	assert_int_equal(builder_package(context.builder, &deb, &number), 0);
	assert_int_equal(builder_own(context.builder, number, "/" SITE "a-1.dist-info/METADATA", &none), 0);
	root_walk(&context, &source_python);
	assert_int_equal(builder_file_count(context.builder), 4);
	assert_int_equal(builder_file(context.builder, 0).package, number);
	assert_string_equal(builder_file_path(context.builder, 1, path), "/" SITE "a.so");
	assert_int_equal(builder_file(context.builder, 1).digest.kind, DIGEST_NONE);
	assert_string_equal(builder_file_path(context.builder, 3, path), "/" SITE "b.so");
	assert_int_equal(builder_file(context.builder, 3).digest.kind, DIGEST_SHA256);
	builder_free(context.builder);
}

static void what_is_none_is_quiet(void **state)
{
	struct root *root = *state;

	root_file(root, SITE "~ip-1.dist-info/METADATA", HEAD("pip", "1")); /* half removed */
	root_file(root, SITE ".dist-info/METADATA", HEAD("a", "1"));
	root_file(root, SITE "gone-1.dist-info/RECORD", "gone.py,,\n");
	root_file(root, SITE "a-1.dist-info", HEAD("a", "1"));
	root_file(root, SITE "a.dist-info.bak/METADATA", HEAD("a", "1"));
	root_file(root, "srv/PKG-INFO", HEAD("a", "1"));
	root_file(root, "srv/easter.egg", "PK is how it begins");
	root_file(root, "srv/empty.egg", "");
	root_directory(root, "srv/nest.egg");
	root_directory(root, "srv/b.egg-info");
	root_link(root, "srv/c-1.dist-info", "/" SITE "~ip-1.dist-info");
	expect(root, "");
}

static void damage_is_told(void **state)
{
	struct root *root = *state;

	root_file(root, "a/a.dist-info/METADATA", "Name: a\n\nVersion: 1\n");
	root_file(root, "b/b.egg-info",
		  "\x7f"
		  "ELF");
	root_bytes(root, "c/c.dist-info/METADATA", "Name: c\nVersion: 1\nX: \0\n", 24);
	root_file(root, "d/d.dist-info/METADATA", HEAD("d", "1"));
	root_file(root, "d/d.dist-info/RECORD", "../../etc/passwd," SUM ",1\nd.py,sha256=x,1\n\"e.py,,\nf.py,,\n");
	root_bytes(root, "e/e.egg", "PK\3\4", 4);
	expect(root,
	       PACKAGE("c", "1", "c/c.dist-info/METADATA", "1")
		       PACKAGE("d", "1", "d/d.dist-info/METADATA",
			       "3") "file /c/c.dist-info/METADATA c -\n"
				    "file /d/d.py d -\n"
				    "file /d/f.py d -\n"
				    "file /d/d.dist-info/METADATA d -\n"
				    "note python /a/a.dist-info/METADATA has no name, or no version\n"
				    "note python /b/b.egg-info has no name, or no version\n"
				    "note python /c/c.dist-info/METADATA line 3 has a NUL in it\n"
				    "note python /d/d.dist-info/RECORD line 1 leads nowhere, and 2 more are damaged\n"
				    "note python /e/e.egg is an archive, which is not read\n");
}

static void only_regular_files_are_read(void **state)
{
	struct root *root = *state;

	root_fifo(root, "a/a.dist-info/METADATA");
	root_link(root, "b/b.dist-info/METADATA", "/dev/zero");
	root_link(root, "c/c.dist-info/METADATA", "METADATA");
	root_file(root, "d/d.dist-info/METADATA", HEAD("d", "1"));
	root_link(root, "d/d.dist-info/RECORD", "../../../../../../etc/passwd");
	root_fifo(root, "e/e.egg-info");
	root_fifo(root, "f/f.egg");
	expect(root, PACKAGE("d", "1", "d/d.dist-info/METADATA",
			     "1") "file /d/d.dist-info/METADATA d -\n"
				  "note python /a/a.dist-info/METADATA is no regular file\n"
				  "note python /c/c.dist-info/METADATA Too many levels of symbolic links\n");
}

/* A name in the list that is a link in a circle, and one with a link in a circle on its way. */
static void circles(void **state)
{
	struct root *root = *state;

	root_file(root, "d/d.dist-info/METADATA", HEAD("d", "1"));
	root_file(root, "d/d.dist-info/RECORD", "circle,,\ncircle/a,,\nup/up/up/d.py,,\n");
	root_link(root, "d/circle", "circle");
	root_link(root, "d/up", ".");
	expect(root, PACKAGE("d", "1", "d/d.dist-info/METADATA",
			     "3") "file /d/circle d -\n"
				  "file /d/d.py d -\n"
				  "file /d/d.dist-info/METADATA d -\n"
				  "note python /d/d.dist-info/RECORD line 2 leads nowhere\n");
}

/* Sparse: only its length is there. */
static void root_grow(struct root *root, const char *path, off_t size)
{
	_cleanup_close_ int fd = openat(root->fd, path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(ftruncate(fd, size), 0);
}

static void the_gigantic_is_not_read(void **state)
{
	struct root *root = *state;

	root_file(root, "a/a.dist-info/METADATA", HEAD("a", "1"));
	root_grow(root, "a/a.dist-info/METADATA", PYTHON_METADATA_MAX + 1);
	root_file(root, "b/b.dist-info/METADATA", HEAD("b", "1") "\n");
	root_grow(root, "b/b.dist-info/METADATA", PYTHON_METADATA_MAX);
	root_file(root, "b/b.dist-info/RECORD", "b.py,,\n");
	root_grow(root, "b/b.dist-info/RECORD", PYTHON_RECORD_MAX + 1);
	expect(root,
	       PACKAGE("b", "1", "b/b.dist-info/METADATA", "1") "file /b/b.dist-info/METADATA b -\n"
								"note python /a/a.dist-info/METADATA is too large\n"
								"note python /b/b.dist-info/RECORD is too large\n");
}

static void a_name_without_end_has_no_url(void **state)
{
	_cleanup_found_ struct found found = { 0 };
	char text[2 * BUILDER_STRING_MAX];
	int size = snprintf(text, sizeof(text), "Version: 1\nName: ");

	memset(text + size, 'a', sizeof(text) - (size_t)size);
	text[sizeof(text) - 1] = '\0';
	root_file(*state, "a.egg-info", text);
	root_read(*state, &source_python, NULL, &found);
	assert_memory_equal(found.text, "package aaa", 11);
	assert_non_null(strstr(found.text, "aaa 1 - origin=- license=- purl=- location=/a.egg-info files=1\n"));
}

#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(a_wheel),
		ROOT_TEST(eggs),
		ROOT_TEST(places),
		ROOT_TEST(links_on_the_way_are_resolved),
		ROOT_TEST(a_target),
		ROOT_TEST(the_wheel_counts),
		ROOT_TEST(what_is_packed_has_no_digests),
		ROOT_TEST(what_is_none_is_quiet),
		ROOT_TEST(damage_is_told),
		ROOT_TEST(only_regular_files_are_read),
		ROOT_TEST(circles),
		ROOT_TEST(the_gigantic_is_not_read),
		ROOT_TEST(a_name_without_end_has_no_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
