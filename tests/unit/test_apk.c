// SPDX-License-Identifier: Apache-2.0
/* Roots with apk's database. The checksums of the links in the fixtures are of their targets' text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inventory_root.h"

static const struct inventory_system alpine = { "alpine", "3.19.0", "Alpine" };

#define INSTALLED "lib/apk/db/installed"

#define Q1   "Z:Q1AAECAwQFBgcICQoLDA0ODxAREhM=\n"
#define SHA1 "sha1:000102030405060708090a0b0c0d0e0f10111213"

#define PACKAGE_AT(name, files, at)                                                                                    \
	"package " name " 1-r0 x86_64 origin=- license=- purl=pkg:apk/alpine/" name                                    \
	"@1-r0?arch=x86_64&distro=alpine-3.19.0 location=" at " files=" files "\n"
#define PACKAGE(name, files) PACKAGE_AT(name, files, "/lib/apk/db/installed")

static void expect(struct root *root, const struct inventory_system *system, const char *expected)
{
	_cleanup_found_ struct found found = { 0 };

	root_read(root, &source_apk, system, &found);
	assert_string_equal(found.text, expected);
}

static void nothing(void **state)
{
	expect(*state, &alpine, "");
}

static void one(void **state)
{
	root_fixture(*state, INSTALLED, "apk/single.installed");
	expect(*state, &alpine,
	       "package musl-utils 1.1.24-r2 x86_64 origin=musl license=MIT BSD GPL2+ "
	       "purl=pkg:apk/alpine/musl-utils@1.1.24-r2?arch=x86_64&distro=alpine-3.19.0&upstream=musl "
	       "location=/lib/apk/db/installed files=5\n"
	       "file /sbin/ldconfig musl-utils sha1:2a36b6f8f3992b112450e66ac128c2ea499a103e\n"
	       "file /usr/bin/getconf musl-utils sha1:7407582bc33f20d89b450179077470edc98d0c30\n"
	       "file /usr/bin/getent musl-utils sha1:791d83cff5b295a6e06d631391ddbe846984c9ae\n"
	       "file /usr/bin/iconv musl-utils sha1:0959856dd63e1efebf8c01e5d6079cd8a6f1d446\n"
	       "file /usr/bin/ldd musl-utils sha1:c850211a08262fb11181b200eca431c93cdfde4b\n");
}

static void several(void **state)
{
	struct root *root = *state;

	root_fixture(root, INSTALLED, "apk/multiple.installed");
	root_link(root, "bin/sh", "/bin/busybox");
	root_link(root, "lib/libc.musl-x86_64.so.1", "ld-musl-x86_64.so.1");
	root_file(root, "lib/ld-musl-x86_64.so.1", "");
	expect(root, NULL,
	       "package bash 5.2.21-r0 x86_64 origin=bash license=GPL-3.0-or-later "
	       "purl=pkg:apk/bash@5.2.21-r0?arch=x86_64 location=/lib/apk/db/installed files=0\n"
	       "package busybox-binsh 1.36.1-r15 x86_64 origin=busybox license=GPL-2.0-only "
	       "purl=pkg:apk/busybox-binsh@1.36.1-r15?arch=x86_64&upstream=busybox "
	       "location=/lib/apk/db/installed files=1\n"
	       "package musl 1.2.4_git20230717-r4 x86_64 origin=musl license=MIT "
	       "purl=pkg:apk/musl@1.2.4_git20230717-r4?arch=x86_64 location=/lib/apk/db/installed files=2\n"
	       "package readline 8.2.1-r2 x86_64 origin=readline license=GPL-2.0-or-later "
	       "purl=pkg:apk/readline@8.2.1-r2?arch=x86_64 location=/lib/apk/db/installed files=2\n"
	       "file /bin/sh busybox-binsh -\n"
	       "file /etc/inputrc readline sha1:8a572092e12c797107ea2328f543632e7d693df8\n"
	       "file /lib/ld-musl-x86_64.so.1 musl sha1:fb3109886e770b1cbb0e4579a1942a7969f3c9b6\n"
	       "file /lib/libc.musl-x86_64.so.1 musl -\n"
	       "file /usr/lib/libreadline.so.8 readline -\n");
}

static void a_damaged_one_gives_what_is_whole(void **state)
{
	_cleanup_found_ struct found found = { 0 };

	root_fixture(*state, INSTALLED, "apk/corrupt.installed");
	root_read(*state, &source_apk, &alpine, &found);
	assert_non_null(
		strstr(found.text, "package alpine-baselayout-data 3.2.0-r22 x86_64 origin=alpine-baselayout "));
	assert_non_null(strstr(found.text, " files=14\n"));
	assert_non_null(strstr(found.text, "\nnote apk /lib/apk/db/installed line 1 is no field\n"));
}

static void a_whole_one_is_quiet(void **state)
{
	_cleanup_found_ struct found found = { 0 };

	root_fixture(*state, INSTALLED, "apk/base.installed");
	root_link(*state, "etc/mtab", "/proc/mounts");
	root_read(*state, &source_apk, &alpine, &found);
	assert_non_null(strstr(found.text, " license=GPL-2.0-only "));
	assert_non_null(strstr(found.text, "file /etc/crontabs/root alpine-baselayout sha1:"));
	assert_non_null(strstr(found.text, "file /etc/mtab alpine-baselayout -\n"));
	assert_null(strstr(found.text, "note "));
}

/* Mode 0777: a link's checksum is of its target's text, a file's of what is in it; of one that is gone nobody knows. */
static void a_link_has_no_digest(void **state)
{
	struct root *root = *state;

	root_link(root, "bin/link", "x");
	root_file(root, "bin/file", "");
	root_file(root, INSTALLED,
		  "P:a\nV:1-r0\nA:x86_64\nF:bin\nR:link\na:0:0:777\n" Q1 "R:file\na:0:0:777\n" Q1
		  "R:gone\na:0:0:777\n" Q1 "R:plain\n" Q1);
	expect(root, &alpine,
	       PACKAGE("a", "4") "file /bin/file a " SHA1 "\n"
				 "file /bin/gone a -\n"
				 "file /bin/link a -\n"
				 "file /bin/plain a " SHA1 "\n");
}

static void both_places(void **state)
{
	struct root *root = *state;

	root_file(root, INSTALLED, "P:a\nV:1-r0\nA:x86_64\n\n");
	root_file(root, "usr/" INSTALLED, "P:b\nV:1-r0\nA:x86_64\n\n");
	expect(root, &alpine, PACKAGE("a", "0") PACKAGE_AT("b", "0", "/usr/lib/apk/db/installed"));
}

/* Where /lib is a link both are one, and its files are where the link leads. */
static void a_merged_root(void **state)
{
	struct root *root = *state;

	root_link(root, "lib", "usr/lib");
	root_file(root, "usr/" INSTALLED, "P:a\nV:1-r0\nA:x86_64\nF:lib\nR:x\n" Q1 "\n");
	expect(root, &alpine, PACKAGE_AT("a", "1", "/usr/lib/apk/db/installed") "file /usr/lib/x a " SHA1 "\n");
}

static void paths_that_lead_out_are_refused(void **state)
{
	struct root *root = *state;

	root_file(root, INSTALLED, "P:a\nV:1-r0\nA:x86_64\nF:../../etc\nR:x\n" Q1 "F:etc\nR:..\nR:ok\n" Q1);
	expect(root, &alpine,
	       PACKAGE("a", "1") "file /etc/ok a " SHA1 "\n"
				 "note apk /lib/apk/db/installed line 7 ends a file without a clean path, "
				 "and 1 more are damaged\n");
}

static void no_regular_file_is_read(void **state)
{
	struct root *root = *state;

	root_fifo(root, INSTALLED);
	root_link(root, "usr/" INSTALLED, "/etc/shadow");
	expect(root, &alpine, "note apk /lib/apk/db/installed is no regular file\n");
}

#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(nothing),
		ROOT_TEST(one),
		ROOT_TEST(several),
		ROOT_TEST(a_damaged_one_gives_what_is_whole),
		ROOT_TEST(a_whole_one_is_quiet),
		ROOT_TEST(a_link_has_no_digest),
		ROOT_TEST(both_places),
		ROOT_TEST(a_merged_root),
		ROOT_TEST(paths_that_lead_out_are_refused),
		ROOT_TEST(no_regular_file_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
