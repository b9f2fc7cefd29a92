// SPDX-License-Identifier: Apache-2.0
/* Rows of the specification's own examples, and what a hostile name may have in it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inventory/source.h"

static const struct row {
	struct purl purl;
	const char *expected;
} rows[] = {
	{ { .type = "deb",
	    .namespace = "debian",
	    .name = "curl",
	    .version = "7.50.3-1",
	    .qualifiers = { { "arch", "i386" }, { "distro", "jessie" } } },
	  "pkg:deb/debian/curl@7.50.3-1?arch=i386&distro=jessie" },
	{ { .type = "deb",
	    .namespace = "debian",
	    .name = "attr",
	    .version = "1:2.4.47-2+b1",
	    .qualifiers = { { "arch", "amd64" } } },
	  "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64" },
	{ { .type = "npm", .namespace = "@angular", .name = "animation", .version = "12.3.1" },
	  "pkg:npm/%40angular/animation@12.3.1" },
	{ { .type = "golang", .namespace = "github.com/gorilla", .name = "context", .version = "234fd47e07d1" },
	  "pkg:golang/github.com/gorilla/context@234fd47e07d1" },
	{ { .type = "rpm",
	    .namespace = "Fedora",
	    .name = "ImageMagick",
	    .version = "7.50.3-1.fc25",
	    .qualifiers = { { "arch", "i386" }, { "distro", "fedora-25" } } },
	  "pkg:rpm/fedora/ImageMagick@7.50.3-1.fc25?arch=i386&distro=fedora-25" },
	{ { .type = "deb", .namespace = "Debian", .name = "Curl" }, "pkg:deb/debian/curl" },
	{ { .type = "npm", .name = "JSONStream" }, "pkg:npm/JSONStream" },
	{ { .type = "pypi", .name = "Django", .version = "1.11.1" }, "pkg:pypi/django@1.11.1" },
	{ { .type = "deb", .name = "libstdc++6" }, "pkg:deb/libstdc%2B%2B6" },
	{ { .type = "deb", .name = "a~b_c.d-e" }, "pkg:deb/a~b_c.d-e" },
	{ { .type = "deb", .namespace = "", .name = "a", .version = "" }, "pkg:deb/a" },
	{ { .type = "deb", .name = "a", .qualifiers = { { "arch", NULL }, { "distro", "" }, { "upstream", "b@1" } } },
	  "pkg:deb/a?upstream=b%401" },
	{ { .type = "npm", .name = "a/b?c#d&e=f%20 \x1b\n" }, "pkg:npm/a%2Fb%3Fc%23d%26e%3Df%2520%20%1B%0A" },
	{ { .type = "npm", .name = "\xc3\xa4" }, "pkg:npm/%C3%A4" },
	{ { .type = "npm", .name = "a", .qualifiers = { { "a", "1" }, { "b", "2" }, { "c", "3" }, { "d", "&" } } },
	  "pkg:npm/a?a=1&b=2&c=3&d=%26" },
};

static void formats(void **state)
{
	char room[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(purl_format(&rows[i].purl, room, sizeof(room)), 0);
		assert_string_equal(room, rows[i].expected);
	}
}

/* One byte too few: what there is room for, ended. */
static void room_has_an_end(void **state)
{
	char room[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t length = strlen(rows[i].expected);

		assert_int_equal(purl_format(&rows[i].purl, room, length + 1), 0);
		memset(room, 'x', sizeof(room));
		assert_int_equal(purl_format(&rows[i].purl, room, length), -ENAMETOOLONG);
		assert_int_equal(strlen(room), length - 1);
		assert_memory_equal(room, rows[i].expected, length - 1);
		assert_int_equal(room[length], 'x');
	}
	assert_int_equal(purl_format(&rows[0].purl, room, 0), -ENAMETOOLONG);
	assert_int_equal(purl_format(&rows[0].purl, room, 1), -ENAMETOOLONG);
	assert_string_equal(room, "");
}

static const struct package_row {
	struct inventory_system system;
	struct inventory_package package;
	const char *expected;
} package_rows[] = {
	{ { "debian", "12", "Debian" },
	  { .type = PACKAGE_DEB, .name = "a", .version = "1", .architecture = "amd64", .origin = "a" },
	  "pkg:deb/debian/a@1?arch=amd64&distro=debian-12" },
	{ { "debian", NULL, NULL },
	  { .type = PACKAGE_DEB, .name = "a", .version = "1", .architecture = "all", .origin = "b" },
	  "pkg:deb/debian/a@1?arch=all&distro=debian&upstream=b" },
	{ { "ubuntu", "24.04", NULL },
	  { .type = PACKAGE_DEB, .name = "a", .version = "1+b1", .architecture = "all", .origin = "a 1:1" },
	  "pkg:deb/ubuntu/a@1%2Bb1?arch=all&distro=ubuntu-24.04&upstream=a%401:1" },
	{ { "alpine", "3.19.0", NULL },
	  { .type = PACKAGE_APK,
	    .name = "ssl_client",
	    .version = "1.36.1-r15",
	    .architecture = "x86_64",
	    .origin = "busybox" },
	  "pkg:apk/alpine/ssl_client@1.36.1-r15?arch=x86_64&distro=alpine-3.19.0&upstream=busybox" },
	{ { NULL, "12", NULL }, { .type = PACKAGE_DEB, .name = "a" }, "pkg:deb/a" },
};

static void packages(void **state)
{
	char room[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(package_rows); i++) {
		const struct package_row *row = &package_rows[i];

		assert_int_equal(purl_of_package(&row->system, &row->package, room, sizeof(room)), 0);
		assert_string_equal(room, row->expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats),
		cmocka_unit_test(room_has_an_end),
		cmocka_unit_test(packages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
