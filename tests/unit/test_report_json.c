// SPDX-License-Identifier: Apache-2.0
#include "report_sample.h"

static void ordinary(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_ordinary(&sample);
	sample.report.layers = 3;
	json = sample_json(&sample, "json");
	JSON_CHECK(json, { "image.name", "docker.io/library/debian" }, { "image.tag.0", "12" }, { "image.tag.1", NULL },
		   { "image.hash.all.0", SAMPLE_DIGEST }, { "image.layers", "#3" }, { "image.path", NULL },
		   { "container.id", "c1" }, { "container.name", "web" }, { "container.runtime", NULL },
		   { "distribution.id", "debian" }, { "distribution.version", "12" },
		   { "distribution.name", "Debian GNU/Linux 12 (bookworm)" }, { "packages.0.name", "bash" },
		   { "packages.0.version", "5.2.15-2+b2" }, { "packages.0.architecture", "amd64" },
		   { "packages.0.type", "deb" }, { "packages.0.purl", "pkg:deb/debian/bash@5.2.15-2%2Bb2" },
		   { "packages.0.origin", "bash 5.2.15-2" }, { "packages.0.license", "GPL-3.0-or-later" },
		   { "packages.0.location", "/var/lib/dpkg/status" }, { "packages.0.files", "#7" },
		   { "packages.1.name", "zlib" }, { "packages.1.architecture", NULL }, { "packages.1.files", "#0" },
		   { "packages.6", NULL }, { "unpackaged.0", "/opt/tool" }, { "unpackaged.1", NULL },
		   { "notes.0.source", "rpm" }, { "notes.0.path", "/var/lib/rpm/Packages" },
		   { "notes.0.reason", "a format that is not read" }, { "files", NULL }, { "verified", NULL },
		   { "plimsoll", NULL }, { "packages.0.plimsoll", NULL });
}

static void verified(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_ordinary(&sample);
	sample.report.verified = true;
	json = sample_json(&sample, "json");
	JSON_CHECK(json, { "files.0.file.path", "/etc/bash.bashrc" }, { "files.0.plimsoll.change", "modified" },
		   { "files.1.file.path", "/usr/bin/bash" }, { "files.1.package.name", "bash" },
		   { "files.1.package.version", "5.2.15-2+b2" }, { "files.1.package.type", "deb" },
		   { "files.1.plimsoll.change", "modified" },
		   { "files.1.plimsoll.expected", "md5:ab000000000000000000000000000000" },
		   { "files.1.plimsoll.configuration", NULL }, { "files.2.file.path", "/usr/share/gone" },
		   { "files.2.plimsoll.change", "removed" }, { "files.3.file.path", "/usr/share/unread" },
		   { "files.3.plimsoll.change", "unreadable" }, { "files.4", NULL }, { "verified.same", "#1" },
		   { "verified.modified", "#2" }, { "verified.removed", "#2" }, { "verified.unreadable", "#1" },
		   { "verified.unchecked", "#1" });
	assert_true(json_is_true(json_at(json, "files.0.plimsoll.configuration")));
}

static void empty(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_empty(&sample);
	json = sample_json(&sample, "json");
	JSON_CHECK(json, { "image.path", "/srv/root" }, { "image.name", NULL }, { "image.layers", NULL },
		   { "container", NULL }, { "distribution", NULL });
	assert_int_equal(json_array_size(json_at(json, "packages")), 0);
	assert_true(json_is_array(json_at(json, "packages")));
	assert_true(json_is_array(json_at(json, "unpackaged")));
	assert_true(json_is_array(json_at(json, "notes")));
	sample.report.path = NULL;
	json_decref(json);
	json = sample_json(&sample, "json");
	assert_true(json_is_object(json_at(json, "image")));
}

#define SHOWN "a\"b\\c\n\033[31m\r\t\xe2\x80\xae<\xef\xbf\xbd>"
#define RAW   "YSJiXGMKG1szMW0NCeKArjz/Pg=="

/* What is no UTF-8 is also there byte for byte. */
static void hostile(void **state)
{
	_cleanup_sample_ struct sample sample = { .builder = NULL };
	json_auto_t *json = NULL;

	(void)state;
	sample_hostile(&sample);
	sample.report.verified = true;
	json = sample_json(&sample, "json");
	JSON_CHECK(json, { "image.name", SHOWN }, { "image.path", "/srv/" SHOWN }, { "packages.0.name", SHOWN },
		   { "packages.0.plimsoll.raw.name", RAW }, { "packages.0.plimsoll.raw.license", RAW },
		   { "packages.0.plimsoll.raw.type", NULL }, { "unpackaged.0", "/opt/" SHOWN },
		   { "unpackaged.1", "/opt/plain" },
		   { "plimsoll.raw.unpackaged.0", "L29wdC9hImJcYwobWzMxbQ0J4oCuPP8+" },
		   { "plimsoll.raw.unpackaged.1", "L29wdC9wbGFpbg==" }, { "plimsoll.raw.unpackaged.2", NULL },
		   { "files.0.file.path", "/usr/" SHOWN },
		   { "files.0.plimsoll.raw.file.path", "L3Vzci9hImJcYwobWzMxbQ0J4oCuPP8+" },
		   { "notes.0.reason", SHOWN }, { "notes.0.plimsoll.raw.reason", RAW });
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ordinary), cmocka_unit_test(verified),
					    cmocka_unit_test(empty), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
