/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories for the tests of reports: an ordinary one, an empty one, and one of which every name is hostile. */
#ifndef PLM_TESTS_REPORT_SAMPLE_H
#define PLM_TESTS_REPORT_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "inventory/builder.h"
#include "report/report.h"

#define SAMPLE_DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Ends a line, a string, a terminal's patience, a direction of reading, and UTF-8. */
#define HOSTILE "a\"b\\c\n\033[31m\r\t\xe2\x80\xae<\xff>"

struct sample {
	struct builder *builder;
	struct inventory *inventory;
	struct report report;
	struct container_facts facts;
};

static inline void sample_file(struct sample *sample, uint32_t package, const char *path, uint32_t flags,
			       enum inventory_verified verified)
{
	struct inventory_file file = { .flags = flags, .digest.kind = DIGEST_MD5, .digest.bytes = { 0xab } };

	assert_int_equal(builder_own(sample->builder, package, path, &file), 0);
	builder_verified(sample->builder, builder_file_count(sample->builder) - 1, verified);
}

/* Takes what was built. */
static inline void sample_finish(struct sample *sample)
{
	_cleanup_close_ int fd = memfd_create("sample", MFD_CLOEXEC);

	assert_int_equal(builder_write(sample->builder, fd), 0);
	assert_int_equal(inventory_open(fd, &sample->inventory), 0);
	sample->report = (struct report){ .inventory = sample->inventory,
					  .facts = &sample->facts,
					  .time = 1767323045678901234,
					  .serial = { 1, 2, 3, 4, 5, 6, 0xff, 8, 0xff, 10, 11, 12, 13, 14, 15, 16 } };
}

static inline void sample_ordinary(struct sample *sample)
{
	static const struct inventory_package packages[] = {
		{ .type = PACKAGE_DEB,
		  .name = "bash",
		  .version = "5.2.15-2+b2",
		  .architecture = "amd64",
		  .origin = "bash 5.2.15-2",
		  .license = "GPL-3.0-or-later",
		  .purl = "pkg:deb/debian/bash@5.2.15-2%2Bb2",
		  .location = "/var/lib/dpkg/status" },
		{ .type = PACKAGE_APK, .name = "zlib", .version = "1.3", .license = "Zlib" },
		{ .type = PACKAGE_RPM, .name = "gcc", .version = "1", .license = "GPLv3+ with exceptions" },
		{ .type = PACKAGE_RPM, .name = "glibc", .version = "2", .license = "LGPLv2+" },
		{ .type = PACKAGE_RPM, .name = "libgcc", .version = "1", .license = "GPLv3+ with exceptions" },
		{ .type = PACKAGE_NPM, .name = "@scope/left", .version = "1.0.0", .license = "MIT OR Apache-2.0" },
	};
	uint32_t number = 0;

	*sample = (struct sample){ .facts = { .image_name = (char *)"docker.io/library/debian",
					      .image_tag = (char *)"12",
					      .image_digest = (char *)SAMPLE_DIGEST,
					      .id = (char *)"c1",
					      .name = (char *)"web" } };
	assert_int_equal(builder_new(&sample->builder), 0);
	assert_int_equal(builder_system(sample->builder,
					&(struct inventory_system){ "debian", "12", "Debian GNU/Linux 12 (bookworm)" }),
			 0);
	for (size_t i = ARRAY_SIZE(packages); i-- > 0;)
		assert_int_equal(builder_package(sample->builder, &packages[i], &number), 0);
	sample_file(sample, number, "/usr/bin/bash", 0, VERIFIED_DIFFERS);
	sample_file(sample, number, "/usr/share/bash", 0, VERIFIED_SAME);
	sample_file(sample, number, "/etc/bash.bashrc", INVENTORY_FILE_CONFIG, VERIFIED_DIFFERS);
	sample_file(sample, number, "/usr/share/gone", 0, VERIFIED_MISSING);
	sample_file(sample, number, "/usr/share/ghost", INVENTORY_FILE_GHOST, VERIFIED_MISSING);
	sample_file(sample, number, "/usr/share/unread", 0, VERIFIED_UNREADABLE);
	sample_file(sample, number, "/usr/share/unasked", 0, VERIFIED_NOT);
	assert_int_equal(builder_unpackaged(sample->builder, "/opt/tool", &(struct digest){ .kind = DIGEST_NONE }), 0);
	builder_note(sample->builder, "rpm", "/var/lib/rpm/Packages", "a format that is not read");
	sample_finish(sample);
}

static inline void sample_empty(struct sample *sample)
{
	*sample = (struct sample){ .facts = { .id = NULL } };
	assert_int_equal(builder_new(&sample->builder), 0);
	sample_finish(sample);
	sample->report.path = "/srv/root";
}

static inline void sample_hostile(struct sample *sample)
{
	const struct inventory_package package = {
		.type = PACKAGE_PYPI,
		.name = HOSTILE,
		.version = HOSTILE,
		.architecture = HOSTILE,
		.origin = HOSTILE,
		.license = HOSTILE,
		.purl = HOSTILE,
		.location = "/" HOSTILE,
	};
	uint32_t number = 0;

	*sample = (struct sample){ .facts = { .image_name = (char *)HOSTILE,
					      .image_tag = (char *)HOSTILE,
					      .image_digest = (char *)HOSTILE,
					      .id = (char *)HOSTILE,
					      .name = (char *)HOSTILE } };
	assert_int_equal(builder_new(&sample->builder), 0);
	assert_int_equal(builder_system(sample->builder, &(struct inventory_system){ HOSTILE, HOSTILE, HOSTILE }), 0);
	assert_int_equal(builder_package(sample->builder, &package, &number), 0);
	sample_file(sample, number, "/usr/" HOSTILE, 0, VERIFIED_DIFFERS);
	assert_int_equal(builder_unpackaged(sample->builder, "/opt/" HOSTILE, &(struct digest){ .kind = DIGEST_NONE }),
			 0);
	assert_int_equal(builder_unpackaged(sample->builder, "/opt/plain", &(struct digest){ .kind = DIGEST_NONE }), 0);
	builder_note(sample->builder, "python", "/" HOSTILE, "%s", HOSTILE);
	sample_finish(sample);
	sample->report.path = "/srv/" HOSTILE;
}

static inline void sample_clear(struct sample *sample)
{
	inventory_free(sample->inventory);
	builder_free(sample->builder);
}

#define _cleanup_sample_ _cleanup_(sample_clear)

/* As text, for free. */
static inline char *sample_print(const struct sample *sample, const char *format)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_format_find(format)->print(&sample->report, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), size);
	return take_ptr(text);
}

/* As JSON, which it must be, in one line and of plain characters only. */
static inline json_t *sample_json(const struct sample *sample, const char *format)
{
	_cleanup_free_ char *text = sample_print(sample, format);
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("%s: %s at %d: %s", format, error.text, error.position, text);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	for (const char *at = text; at[1]; at++)
		assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
	return json;
}

/* What is at a path of keys and numbers: "packages.0.name". */
static inline const json_t *json_at(const json_t *json, const char *path)
{
	char key[64];

	for (; json && *path; path += *path == '.') {
		size_t length = strcspn(path, ".");

		assert_true(length < sizeof(key));
		memcpy(key, path, length);
		key[length] = '\0';
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10)) : json_object_get(json, key);
		path += length;
	}
	return json;
}

/* What must stand at each path: text, a number as "#7", or NULL, nothing. */
struct json_row {
	const char *path, *value;
};

static inline void json_rows_check(const json_t *json, const struct json_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const json_t *found = json_at(json, rows[i].path);
		const char *text = json_string_value(found), *value = rows[i].value;
		char number[32] = "";

		if (json_is_integer(found))
			(void)snprintf(number, sizeof(number), "#%lld", (long long)json_integer_value(found));
		if (!text && json_is_integer(found))
			text = number;
		if (value ? !text || strcmp(text, value) != 0 : found != NULL)
			fail_msg("%s is '%s', not '%s'", rows[i].path, text ?: found ? "there" : "missing", value);
	}
}

#define JSON_CHECK(json, ...)                                                                                          \
	do {                                                                                                           \
		static const struct json_row rows_[] = { __VA_ARGS__ };                                                \
		json_rows_check(json, rows_, ARRAY_SIZE(rows_));                                                       \
	} while (0)

#endif
