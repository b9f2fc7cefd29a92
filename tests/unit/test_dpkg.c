// SPDX-License-Identifier: Apache-2.0
/* Roots as dpkg leaves them, and as someone else does; what is read of them, all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inventory_root.h"

static const struct inventory_system debian = { "debian", "12", "Debian" };

#define A "0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210"

#define STATUS(name, more)                                                                                             \
	"Package: " name "\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n" more "\n"

#define PACKAGE(name, files)                                                                                           \
	"package " name " 1 amd64 origin=" name " license=- purl=pkg:deb/debian/" name                                 \
	"@1?arch=amd64&distro=debian-12 location=/var/lib/dpkg/status files=" files "\n"

static void expect(struct root *root, const struct inventory_system *system, const char *expected)
{
	_cleanup_found_ struct found found = { 0 };

	root_read(root, &source_dpkg, system, &found);
	assert_string_equal(found.text, expected);
}

/* ---- fixtures ---- */

static void nothing(void **state)
{
	expect(*state, &debian, "");
}

static void several(void **state)
{
	root_fixture(*state, "var/lib/dpkg/status", "dpkg/multiple.status");
	expect(*state, &debian,
	       "package tzdata 2020a-0+deb10u1 all origin=tzdata-dev license=- "
	       "purl=pkg:deb/debian/tzdata@2020a-0%2Bdeb10u1?arch=all&distro=debian-12&upstream=tzdata-dev "
	       "location=/var/lib/dpkg/status files=0\n"
	       "package util-linux 2.33.1-0.1 amd64 origin=util-linux license=- "
	       "purl=pkg:deb/debian/util-linux@2.33.1-0.1?arch=amd64&distro=debian-12 "
	       "location=/var/lib/dpkg/status files=6\n"
	       "file /etc/default/hwclock util-linux config md5:3916544450533eca69131f894db0ca12\n"
	       "file /etc/init.d/hwclock.sh util-linux config md5:1ca5c0743fa797ffa364db95bb8d8d8e\n"
	       "file /etc/pam.d/runuser util-linux config md5:b8b44b045259525e0fae9e38fdb2aeeb\n"
	       "file /etc/pam.d/runuser-l util-linux config md5:2106ea05877e8913f34b2c77fa02be45\n"
	       "file /etc/pam.d/su util-linux config md5:ce6dcfda3b190a27a455bb38a45ff34a\n"
	       "file /etc/pam.d/su-l util-linux config md5:756fef5687fecc0d986e5951427b0c4f\n"
	       "note dpkg /var/lib/dpkg/status line 1 begins a package without a right name, and 1 more are damaged\n"
	       "note dpkg /var/lib/dpkg/info 2 packages have no list of their files\n");
}

static void a_removed_one_is_none(void **state)
{
	root_fixture(*state, "var/lib/dpkg/status", "dpkg/deinstall.status");
	root_file(*state, "var/lib/dpkg/info/linux-image-6.14.0-1012-aws.list", "/.\n");
	expect(*state, NULL,
	       "package linux-image-6.14.0-1012-aws 6.14.0-1012.12~24.04.1 amd64 origin=linux-signed-aws-6.14 "
	       "license=- "
	       "purl=pkg:deb/"
	       "linux-image-6.14.0-1012-aws@6.14.0-1012.12~24.04.1?arch=amd64&upstream=linux-signed-aws-6.14 "
	       "location=/var/lib/dpkg/status files=0\n");
}

static void a_damaged_one_is_told(void **state)
{
	root_fixture(*state, "var/lib/dpkg/status", "dpkg/corrupt.status");
	expect(*state, NULL,
	       "note dpkg /var/lib/dpkg/status line 1 begins a package without a right name, "
	       "and 1 more are damaged\n");
}

static void distroless(void **state)
{
	const char *at = "var/lib/dpkg/status.d/libsqlite3-0";

	root_fixture(*state, at, "distroless/var/lib/dpkg/status.d/libsqlite3-0");
	root_fixture(*state, "var/lib/dpkg/status.d/libsqlite3-0.md5sums",
		     "distroless/var/lib/dpkg/status.d/libsqlite3-0.md5sums");
	root_directory(*state, "var/lib/dpkg/status.d/directory");
	expect(*state, &debian,
	       "package libsqlite3-0 3.34.1-3 arm64 origin=sqlite3 license=- "
	       "purl=pkg:deb/debian/libsqlite3-0@3.34.1-3?arch=arm64&distro=debian-12&upstream=sqlite3 "
	       "location=/var/lib/dpkg/status.d/libsqlite3-0 files=6\n"
	       "file /usr/lib/aarch64-linux-gnu/libsqlite3.so.0.8.6 libsqlite3-0 md5:e11d70c96979a1328ae4e7e50542782b\n"
	       "file /usr/share/doc/libsqlite3-0/README.Debian libsqlite3-0 md5:9d8facc2fa9d2df52f1c7cb4e5fa4741\n"
	       "file /usr/share/doc/libsqlite3-0/changelog.Debian.gz libsqlite3-0 "
	       "md5:a58942e742f5056be0595e6ba69a323f\n"
	       "file /usr/share/doc/libsqlite3-0/changelog.gz libsqlite3-0 md5:52317be84c3ca44b7888c6921131e37d\n"
	       "file /usr/share/doc/libsqlite3-0/changelog.html.gz libsqlite3-0 md5:a856310354e6c8768e85b39ae838dd0a\n"
	       "file /usr/share/doc/libsqlite3-0/copyright libsqlite3-0 md5:be64db3e095486e5e105652c51199358\n");
}

/* ---- files ---- */

/* A root whose /bin is a link: files with and without checksums, links, and directories with nothing else in them. */
static void files(void **state)
{
	struct root *root = *state;

	root_link(root, "bin", "usr/bin");
	root_file(root, "usr/bin/x", "");
	root_link(root, "usr/bin/y", "x");
	root_link(root, "usr/share/links/z", "x");
	root_directory(root, "usr/share/empty");
	root_file(root, "var/lib/dpkg/status", STATUS("x", "Conffiles:\n /etc/x " A "\n /etc/old " B " obsolete\n"));
	root_file(root, "var/lib/dpkg/info/x.list",
		  "/.\n/bin\n/bin/x\n/usr\n/usr/share\n/usr/share/empty\n/usr/share/links\n/usr/share/doc\n"
		  "/usr/share/doc/x\n/etc\n/etc/x\n/etc/old\n/bin/y\n/usr/share/links/z\n/usr/share/gone\n");
	root_file(root, "var/lib/dpkg/info/x.md5sums", A "  bin/x\n" B "  usr/share/doc/x\n");
	expect(root, &debian,
	       PACKAGE("x", "6") "file /etc/old x config md5:" B "\n"
				 "file /etc/x x config md5:" A "\n"
				 "file /usr/bin/x x md5:" A "\n"
				 "file /usr/bin/y x -\n"
				 "file /usr/share/doc/x x md5:" B "\n"
				 "file /usr/share/links/z x -\n");
}

/* Another has taken a file over: it is not in the list any more, but its checksum is. */
static void a_replaced_file_is_the_others(void **state)
{
	struct root *root = *state;

	root_file(root, "var/lib/dpkg/status", STATUS("a", "") STATUS("b", ""));
	root_file(root, "var/lib/dpkg/info/a.list", "/.\n/usr\n/usr/x\n");
	root_file(root, "var/lib/dpkg/info/a.md5sums", A "  usr/moved\n" A "  usr/x\n");
	root_file(root, "var/lib/dpkg/info/b.list", "/.\n/usr\n/usr/moved\n");
	root_file(root, "var/lib/dpkg/info/b.md5sums", B "  usr/moved\n");
	expect(root, &debian,
	       PACKAGE("a", "1") PACKAGE("b", "1") "file /usr/moved b md5:" B "\n"
						   "file /usr/x a md5:" A "\n");
}

static void a_diverted_file_is_elsewhere(void **state)
{
	struct root *root = *state;

	root_file(root, "usr/a", "");
	root_file(root, "usr/a.real", "");
	root_file(root, "usr/c", "");
	root_file(root, "var/lib/dpkg/status", STATUS("a", "") STATUS("b", ""));
	root_file(root, "var/lib/dpkg/diversions", "/usr/a\n/usr/a.real\nb\n/usr/c\n/usr/c.dist\n:\n");
	root_file(root, "var/lib/dpkg/info/a.list", "/usr\n/usr/a\n/usr/c\n");
	root_file(root, "var/lib/dpkg/info/a.md5sums", A "  usr/a\n" B "  usr/c\n");
	root_file(root, "var/lib/dpkg/info/b.list", "/usr\n/usr/a\n");
	root_file(root, "var/lib/dpkg/info/b.md5sums", B "  usr/a\n");
	expect(root, &debian,
	       PACKAGE("a", "2") PACKAGE("b", "1") "file /usr/a b md5:" B "\n"
						   "file /usr/a.real a ghost md5:" A "\n"
						   "file /usr/c.dist a ghost md5:" B "\n");
}

/* Of Multi-Arch: same, files in info/ have the architecture in their name; older databases have not. */
static void architectures_side_by_side(void **state)
{
	struct root *root = *state;

	root_file(root, "var/lib/dpkg/status",
		  STATUS("l", "Multi-Arch: same\n") "Package: l\nStatus: install ok installed\nVersion: 1\n"
						    "Architecture: i386\nMulti-Arch: same\n\n");
	root_file(root, "var/lib/dpkg/info/l:amd64.list", "/usr\n/usr/64\n/usr/both\n");
	root_file(root, "var/lib/dpkg/info/l:amd64.md5sums", A "  usr/64\n" A "  usr/both\n");
	root_file(root, "var/lib/dpkg/info/l.list", "/usr\n/usr/32\n/usr/both\n");
	root_file(root, "var/lib/dpkg/info/l.md5sums", B "  usr/32\n" A "  usr/both\n");
	expect(root, &debian,
	       PACKAGE("l", "2") "package l 1 i386 origin=l license=- "
				 "purl=pkg:deb/debian/l@1?arch=i386&distro=debian-12 "
				 "location=/var/lib/dpkg/status files=2\n"
				 "file /usr/32 l md5:" B "\n"
				 "file /usr/64 l md5:" A "\n"
				 "file /usr/both l md5:" A "\n");
}

static void licenses(void **state)
{
	struct root *root = *state;

	root_file(root, "var/lib/dpkg/status", STATUS("a", ""));
	root_file(root, "var/lib/dpkg/info/a.list", "/.\n");
	root_file(root, "usr/share/doc/b/copyright", "Format: 1.0\n\nFiles: *\nLicense: GPL-2+\n");
	root_link(root, "usr/share/doc/a", "b");
	expect(root, NULL,
	       "package a 1 amd64 origin=a license=GPL-2+ purl=pkg:deb/a@1?arch=amd64 location=/var/lib/dpkg/status "
	       "files=0\n");
}

/* ---- what is not dpkg's doing ---- */

static void no_regular_file_is_read(void **state)
{
	struct root *root = *state;

	root_fifo(root, "var/lib/dpkg/status");
	root_directory(root, "var/lib/dpkg/diversions");
	root_fifo(root, "var/lib/dpkg/status.d/x");
	expect(root, &debian,
	       "note dpkg /var/lib/dpkg/diversions is no regular file\n"
	       "note dpkg /var/lib/dpkg/status is no regular file\n"
	       "note dpkg /var/lib/dpkg/status.d/x is no regular file\n");
}

/* A link out of the root leads into it: there is no such file, or another. */
static void links_stay_inside(void **state)
{
	struct root *root = *state;

	root_link(root, "var/lib/dpkg/status", "/etc/shadow");
	expect(root, &debian, "");
	root_file(root, "etc/shadow", "root:*:1:0:9:7:::\n");
	expect(root, &debian, "note dpkg /var/lib/dpkg/status line 1 begins a package without a right name\n");
	root_remove(root, "var/lib/dpkg/status");
	root_link(root, "var/lib/dpkg/status", "../../../../../../../../../etc/shadow");
	expect(root, &debian, "note dpkg /var/lib/dpkg/status line 1 begins a package without a right name\n");
	root_remove(root, "var/lib/dpkg/status");
	root_link(root, "var/lib/dpkg/status", "status");
	expect(root, &debian, "note dpkg /var/lib/dpkg/status Too many levels of symbolic links\n");
}

static void paths_that_lead_out_are_refused(void **state)
{
	struct root *root = *state;

	root_file(root, "var/lib/dpkg/status",
		  STATUS("../../../etc/x", "") STATUS("x", "Conffiles:\n /../../etc/y " A "\n"));
	root_file(root, "var/lib/dpkg/info/x.list", "/.\n/usr\n/usr/../../x\n/usr//y\n/usr/./z\n/usr/ok\n");
	root_file(root, "var/lib/dpkg/info/x.md5sums", A "  usr/../../x\n" A "  usr/ok\n");
	root_file(root, "var/lib/dpkg/status.d/z", "Package: z\nVersion: 1\nArchitecture: amd64\n");
	root_file(root, "var/lib/dpkg/status.d/z.md5sums", A "  ../../z\n" A "  usr/z\n");
	expect(root, &debian,
	       PACKAGE("x",
		       "1") "package z 1 amd64 origin=z license=- purl=pkg:deb/debian/z@1?arch=amd64&distro=debian-12 "
			    "location=/var/lib/dpkg/status.d/z files=1\n"
			    "file /usr/ok x md5:" A "\n"
			    "file /usr/z z md5:" A "\n"
			    "note dpkg /var/lib/dpkg/info/x.list line 3 is no clean path, and 2 more are damaged\n"
			    "note dpkg /var/lib/dpkg/status line 1 begins a package without a right name\n"
			    "note dpkg /var/lib/dpkg/status.d/z.md5sums line 1 is no clean path\n");
}

/* Directories in a ring, on the way of a file: a link that is its own. */
static void rings_end(void **state)
{
	struct root *root = *state;

	root_link(root, "usr/ring", "ring");
	root_file(root, "var/lib/dpkg/status", STATUS("x", ""));
	root_file(root, "var/lib/dpkg/info/x.list", "/usr\n/usr/ring/a\n/usr/b\n");
	root_file(root, "var/lib/dpkg/info/x.md5sums", A "  usr/ring/a\n" A "  usr/b\n");
	expect(root, &debian,
	       PACKAGE("x", "1") "file /usr/b x md5:" A "\n"
				 "note dpkg /var/lib/dpkg/info/x.list line 2 is no clean path\n");
}

static void cut_ones_give_what_is_whole(void **state)
{
	struct root *root = *state;

	root_file(root, "var/lib/dpkg/status", STATUS("a", "") "Package: b\nStatus: install ok inst");
	root_file(root, "var/lib/dpkg/info/a.list", "/.\n");
	root_file(root, "var/lib/dpkg/info/b.list", "/.\n");
	expect(root, &debian,
	       PACKAGE("a", "0") "package b - - origin=b license=- purl=pkg:deb/debian/b?distro=debian-12 "
				 "location=/var/lib/dpkg/status files=0\n"
				 "note dpkg /var/lib/dpkg/status line 6 begins a package of an unknown state, "
				 "and 3 more are damaged\n");
}

static void bytes_that_are_no_text(void **state)
{
	static const char bytes[] = STATUS("a", "") "Package: b\0c\nStatus: install ok installed\n\n" STATUS("d", "");
	static const char list[] = "/usr/x\0/y\n/z\x1b[31m\n";
	struct root *root = *state;

	root_bytes(root, "var/lib/dpkg/status", bytes, sizeof(bytes) - 1);
	root_bytes(root, "var/lib/dpkg/info/a.list", list, sizeof(list) - 1);
	root_file(root, "z\x1b[31m", "");
	root_file(root, "var/lib/dpkg/info/d.list", "/.\n");
	expect(root, &debian,
	       PACKAGE("a", "1") PACKAGE("d", "0") "file /z\x1b[31m a -\n"
						   "note dpkg /var/lib/dpkg/info/a.list line 1 has a NUL in it\n"
						   "note dpkg /var/lib/dpkg/status line 6 has a NUL in it, "
						   "and 1 more are damaged\n");
}

static void gigantic_ones_are_not_read(void **state)
{
	struct root *root = *state;
	int fd;

	root_file(root, "var/lib/dpkg/status", "");
	fd = openat(root->fd, "var/lib/dpkg/status", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)TREE_TEXT_MAX + 1), 0);
	assert_int_equal(close(fd), 0);
	expect(root, &debian, "note dpkg /var/lib/dpkg/status is too large\n");
}

#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(nothing),
		ROOT_TEST(several),
		ROOT_TEST(a_removed_one_is_none),
		ROOT_TEST(a_damaged_one_is_told),
		ROOT_TEST(distroless),
		ROOT_TEST(files),
		ROOT_TEST(a_replaced_file_is_the_others),
		ROOT_TEST(a_diverted_file_is_elsewhere),
		ROOT_TEST(architectures_side_by_side),
		ROOT_TEST(licenses),
		ROOT_TEST(no_regular_file_is_read),
		ROOT_TEST(links_stay_inside),
		ROOT_TEST(paths_that_lead_out_are_refused),
		ROOT_TEST(rings_end),
		ROOT_TEST(cut_ones_give_what_is_whole),
		ROOT_TEST(bytes_that_are_no_text),
		ROOT_TEST(gigantic_ones_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
