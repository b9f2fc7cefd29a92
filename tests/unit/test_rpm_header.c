// SPDX-License-Identifier: Apache-2.0
/* Headers of the test's own, good and broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "rpm_write.h"

#define MD5_A "000102030405060708090a0b0c0d0e0f"
#define MD5_B "0f0e0d0c0b0a09080706050403020100"

/* ---- single values ---- */

static const struct rpm_item values[] = {
	RPM_STRING(RPM_NAME, "bash"),
	RPM_OTHER(RPM_LICENSE, 9, 2, "GPL\0PLG"),
	RPM_STRINGS(RPM_BASE_NAMES, 2, "first\0second"),
	RPM_INT32(RPM_EPOCH, 1, "\xff\xfe\x00\x01"),
	RPM_INT16(RPM_FILE_MODES, 1, "\x81\xa4"),
	RPM_STRING(RPM_VERSION, "of the package"),
	RPM_STRING(RPM_VERSION, "added behind it"),
	RPM_OTHER(RPM_ARCH, 7, 4, "x86"),
	RPM_STRINGS(RPM_RELEASE, 0, "x"),
	RPM_INT32(RPM_FILE_FLAGS, 0, "\1\1\1\1"),
	RPM_INT32(RPM_DIR_INDEXES, 0x40000001, "\1\1\1\1"),
	{ 0 },
};

static const struct {
	enum rpm_tag tag;
	const char *text;
	bool has_number;
	uint32_t number;
} value_rows[] = {
	{ RPM_NAME, "bash", false, 0 },         { RPM_LICENSE, "GPL", false, 0 },
	{ RPM_BASE_NAMES, "first", false, 0 },  { RPM_EPOCH, NULL, true, 0xfffe0001 },
	{ RPM_FILE_MODES, NULL, true, 0x81a4 }, { RPM_VERSION, "added behind it", false, 0 },
	{ RPM_ARCH, NULL, false, 0 },        /* bytes are no text */
	{ RPM_RELEASE, NULL, false, 0 },     /* none of them */
	{ RPM_FILE_FLAGS, NULL, false, 0 },  /* likewise */
	{ RPM_DIR_INDEXES, NULL, false, 0 }, /* more than there is room for: 4 * 0x40000001 is 4 in 32 bits */
	{ RPM_SOURCE_RPM, NULL, false, 0 },  /* not there */
};

static void values_are_found(void **state)
{
	struct rpm_blob blob = rpm_blob(values);
	struct rpm_header header;

	(void)state;
	assert_int_equal(rpm_header_open(blob.bytes, blob.size, &header), 0);
	for (size_t i = 0; i < ARRAY_SIZE(value_rows); i++) {
		const char *text = rpm_header_string(&header, value_rows[i].tag);
		uint32_t number = 0;
		bool has = rpm_header_number(&header, value_rows[i].tag, &number);

		if (!text != !value_rows[i].text || (text && strcmp(text, value_rows[i].text) != 0) ||
		    has != value_rows[i].has_number || number != value_rows[i].number)
			fail_msg("%d: %s %u", value_rows[i].tag, text, number);
	}
	free(blob.bytes);
}

/* The data of one text, in a header of which it is the last. */
static void a_text_ends_within_the_data(void **state)
{
	static const struct rpm_item items[] = { { RPM_NAME, 6, 1, "bash", 4 }, { 0 } };
	struct rpm_blob blob = rpm_blob(items);
	struct rpm_header header;

	(void)state;
	assert_int_equal(rpm_header_open(blob.bytes, blob.size, &header), 0);
	assert_null(rpm_header_string(&header, RPM_NAME));
	free(blob.bytes);
}

/* ---- the head ---- */

static const struct {
	const char *what;
	size_t offset; /* of a number that is changed */
	uint32_t value;
	int status;
	const char *name;
} head_rows[] = {
	{ "as it is", 0, 1, 0, "bash" },
	{ "no entries", 0, 0, 0, NULL },
	{ "more entries than bytes", 0, 3, -EBADMSG, NULL },
	{ "entries that wrap", 0, 0x10000000, -EBADMSG, NULL },
	{ "more entries than rpm takes", 0, 65536, -EBADMSG, NULL },
	{ "less data: the rest is behind it", 4, 4, 0, NULL },
	{ "more data than bytes", 4, 6, -EBADMSG, NULL },
	{ "much more data", 4, 0xffffffff, -EBADMSG, NULL },
	{ "another tag", 8, 1001, 0, NULL },
	{ "another type", 12, 4, 0, NULL },
	{ "an unknown type", 12, 0xffffffff, 0, NULL },
	{ "an offset at the end", 16, 5, 0, NULL },
	{ "an offset far behind it", 16, 0xffffffff, 0, NULL },
	{ "an offset within", 16, 1, 0, "ash" },
	{ "no values", 20, 0, 0, NULL },
	{ "more values", 20, 0xffffffff, 0, "bash" },
};

static void heads_are_checked(void **state)
{
	static const struct rpm_item items[] = { RPM_STRING(RPM_NAME, "bash"), { 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(head_rows); i++) {
		struct rpm_blob blob = rpm_blob(items);
		struct rpm_header header = { .size = 0 };
		const char *name = NULL;
		int r;

		rpm_big32(blob.bytes + head_rows[i].offset, head_rows[i].value);
		r = rpm_header_open(blob.bytes, blob.size, &header);
		if (r == 0)
			name = rpm_header_string(&header, RPM_NAME);
		if (r != head_rows[i].status || !name != !head_rows[i].name ||
		    (name && strcmp(name, head_rows[i].name) != 0))
			fail_msg("%s: %d %s", head_rows[i].what, r, name);
		free(blob.bytes);
	}
}

static void cut_ones_are_refused(void **state)
{
	struct rpm_blob blob = rpm_blob(values);
	struct rpm_header header;

	(void)state;
	for (size_t size = 0; size < blob.size; size++) {
		uint8_t *bytes = malloc(size ? size : 1);

		memcpy(bytes, blob.bytes, size);
		assert_int_equal(rpm_header_open(bytes, size, &header), -EBADMSG);
		free(bytes);
	}
	free(blob.bytes);
}

/* ---- files ---- */

#define NAMES       RPM_STRINGS(RPM_BASE_NAMES, 2, "ls\0passwd")
#define DIRECTORIES RPM_STRINGS(RPM_DIR_NAMES, 2, "/usr/bin/\0/etc/")
#define INDEXES     RPM_INT32(RPM_DIR_INDEXES, 2, "\0\0\0\0\0\0\0\1")
#define MODES       RPM_INT16(RPM_FILE_MODES, 2, "\x81\xed\x81\xa4")

static const struct file_row {
	const char *what;
	struct rpm_item items[9];
	int status;
	const char *files; /* a line each */
} file_rows[] = {
	{ "no files", { RPM_STRING(RPM_NAME, "a") }, 0, "" },
	{ "names, directories and modes are enough",
	  { NAMES, DIRECTORIES, INDEXES, MODES },
	  0,
	  "/usr/bin/|ls 100755 0 0 -\n/etc/|passwd 100644 0 0 -\n" },
	{ "all lists; MD5 where it does not say",
	  { NAMES, DIRECTORIES, INDEXES, MODES, RPM_INT32(RPM_FILE_FLAGS, 2, "\0\0\0\0\0\0\0\x51"),
	    RPM_INT8(RPM_FILE_STATES, 2, "\0\2"), RPM_STRINGS(RPM_FILE_DIGESTS, 2, MD5_A "\0" MD5_B) },
	  0,
	  "/usr/bin/|ls 100755 0 0 md5\n/etc/|passwd 100644 51 2 md5\n" },
	{ "a digest is of the kind that it says",
	  { NAMES, DIRECTORIES, INDEXES, MODES, RPM_INT32(RPM_DIGEST_ALGORITHM, 1, "\0\0\0\2"),
	    RPM_STRINGS(RPM_FILE_DIGESTS, 2, MD5_A "00000000\0" MD5_A) },
	  0,
	  "/usr/bin/|ls 100755 0 0 sha1\n/etc/|passwd 100644 0 0 -\n" },
	{ "a kind that is not known",
	  { NAMES, DIRECTORIES, INDEXES, MODES, RPM_INT32(RPM_DIGEST_ALGORITHM, 1, "\0\0\0\3"),
	    RPM_STRINGS(RPM_FILE_DIGESTS, 2, MD5_A "\0" MD5_B) },
	  0,
	  "/usr/bin/|ls 100755 0 0 -\n/etc/|passwd 100644 0 0 -\n" },
	{ "a kind far from known",
	  { NAMES, DIRECTORIES, INDEXES, MODES, RPM_INT32(RPM_DIGEST_ALGORITHM, 1, "\xff\xff\xff\xff"),
	    RPM_STRINGS(RPM_FILE_DIGESTS, 2, MD5_A "\0" MD5_B) },
	  0,
	  "/usr/bin/|ls 100755 0 0 -\n/etc/|passwd 100644 0 0 -\n" },
	{ "no modes", { NAMES, DIRECTORIES, INDEXES }, -EBADMSG, "" },
	{ "no indexes", { NAMES, DIRECTORIES, MODES }, -EBADMSG, "" },
	{ "indexes and no names", { DIRECTORIES, INDEXES, MODES }, -EBADMSG, "" },
	{ "too few modes", { NAMES, DIRECTORIES, INDEXES, RPM_INT16(RPM_FILE_MODES, 1, "\x81\xed") }, -EBADMSG, "" },
	{ "too many flags",
	  { NAMES, DIRECTORIES, INDEXES, MODES, RPM_INT32(RPM_FILE_FLAGS, 3, "\0\0\0\0\0\0\0\0\0\0\0\0") },
	  -EBADMSG,
	  "" },
	{ "too few states", { NAMES, DIRECTORIES, INDEXES, MODES, RPM_INT8(RPM_FILE_STATES, 1, "\0") }, -EBADMSG, "" },
	{ "too few digests",
	  { NAMES, DIRECTORIES, INDEXES, MODES, RPM_STRINGS(RPM_FILE_DIGESTS, 1, MD5_A) },
	  -EBADMSG,
	  "" },
	{ "digests that end with the data",
	  { NAMES, DIRECTORIES, INDEXES, MODES, { RPM_FILE_DIGESTS, 8, 2, MD5_A, 33 } },
	  -EBADMSG,
	  "/usr/bin/|ls 100755 0 0 md5\n" },
	{ "a directory that there is not",
	  { NAMES, DIRECTORIES, RPM_INT32(RPM_DIR_INDEXES, 2, "\0\0\0\0\0\0\0\2"), MODES },
	  -EBADMSG,
	  "/usr/bin/|ls 100755 0 0 -\n" },
	{ "a directory far from there",
	  { NAMES, DIRECTORIES, RPM_INT32(RPM_DIR_INDEXES, 2, "\xff\xff\xff\xff\0\0\0\0"), MODES },
	  -EBADMSG,
	  "" },
	{ "no directories", { NAMES, INDEXES, MODES }, -EBADMSG, "" },
	{ "more directories than are taken",
	  { NAMES, { RPM_DIR_NAMES, 8, RPM_DIRECTORIES_MAX + 1, "/usr/bin/\0/etc/", 16 }, INDEXES, MODES },
	  -EBADMSG,
	  "" },
	{ "directories that end with the data: those that are there",
	  { NAMES, INDEXES, MODES, { RPM_DIR_NAMES, 8, 3, "/usr/bin/\0/etc/", 16 } },
	  0,
	  "/usr/bin/|ls 100755 0 0 -\n/etc/|passwd 100644 0 0 -\n" },
	{ "names that end with the data",
	  { INDEXES, MODES, DIRECTORIES, { RPM_BASE_NAMES, 8, 2, "ls", 3 } },
	  -EBADMSG,
	  "/usr/bin/|ls 100755 0 0 -\n" },
	{ "more names than there can be",
	  { INDEXES, MODES, DIRECTORIES, { RPM_BASE_NAMES, 8, 0xffffffff, "ls", 3 } },
	  -EBADMSG,
	  "" },
};

static int file_say(const struct rpm_file *file, void *data)
{
	fprintf(data, "%s|%s %o %x %u %s\n", file->directory, file->name, file->mode, file->flags, file->state,
		digest_name(file->digest.kind) ?: "-");
	return 0;
}

static void files_are_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(file_rows); i++) {
		struct rpm_blob blob = rpm_blob(file_rows[i].items);
		_cleanup_free_ char *text = NULL;
		struct rpm_header header;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		int r;

		assert_int_equal(rpm_header_open(blob.bytes, blob.size, &header), 0);
		r = rpm_header_files(&header, file_say, out);
		assert_int_equal(fclose(out), 0);
		if (r != file_rows[i].status || strcmp(text, file_rows[i].files) != 0)
			fail_msg("%s: %d %s", file_rows[i].what, r, text);
		free(blob.bytes);
	}
}

static int file_stop(const struct rpm_file *file, void *data)
{
	(void)file;
	++*(int *)data;
	return -ENOSPC;
}

static void a_call_ends_it(void **state)
{
	struct rpm_blob blob = rpm_blob(file_rows[1].items);
	struct rpm_header header;
	int calls = 0;

	(void)state;
	assert_int_equal(rpm_header_open(blob.bytes, blob.size, &header), 0);
	assert_int_equal(rpm_header_files(&header, file_stop, &calls), -ENOSPC);
	assert_int_equal(calls, 1);
	free(blob.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),  cmocka_unit_test(a_text_ends_within_the_data),
		cmocka_unit_test(heads_are_checked), cmocka_unit_test(cut_ones_are_refused),
		cmocka_unit_test(files_are_given),   cmocka_unit_test(a_call_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
