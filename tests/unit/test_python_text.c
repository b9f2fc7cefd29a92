// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "inventory/python.h"

/* A copy of `size` bytes that a reader may change. */
static char *text_begin(const char *text, size_t size, struct lines *lines)
{
	char *copy = malloc(size + 1);

	assert_non_null(copy);
	memcpy(copy, text, size);
	copy[size] = '\0';
	lines_begin(lines, copy, size);
	return copy;
}

static void same_or_none(const char *text, const char *expected)
{
	assert_int_equal(!text, !expected);
	if (text && expected)
		assert_string_equal(text, expected);
}

#define HEAD "Metadata-Version: 2.1\nName: a\nVersion: 1\n"
#define OSI  "License :: OSI Approved"

static void metadata_rows(void **state)
{
	static const struct {
		const char *text, *name, *version, *license;
	} rows[] = {
		{ "", NULL, NULL, NULL },
		{ HEAD, "a", "1", NULL },
		{ "Name: a\nVersion: 1", "a", "1", NULL },
		{ "name:a\nVERSION:\t1 \n", "a", "1", NULL },
		{ "Name: a\r\nVersion: 1\r\n\r\nName: b\r\n", "a", "1", NULL },
		{ "Name: a\nName: b\nVersion: 1\nVersion: 2\n", "a", "1", NULL },
		{ "Name:\nVersion:  \n", NULL, NULL, NULL },
		{ "Name: a\n\nVersion: 1\n", "a", NULL, NULL }, /* the text below the head */
		{ "Names: a\nName : a\nX-Name: a\n Name: a\n", NULL, NULL, NULL },
		{ "Description: x\n        \n        Name: b\n" HEAD, "a", "1", NULL },
		{ "Name: \x1b[31ma\xff\nVersion: 1\n", "\x1b[31ma\xff", "1", NULL },
		/* licences */
		{ HEAD "License: MIT\n", "a", "1", "MIT" },
		{ HEAD "License: UNKNOWN\n", "a", "1", NULL },
		{ HEAD "License: UNKNOWN\nClassifier: " OSI " :: MIT License\n", "a", "1", "MIT License" },
		{ HEAD "License: Foo\nLicense-Expression: MIT OR 0BSD\n", "a", "1", "MIT OR 0BSD" },
		{ HEAD "License-File: LICENSE\n", "a", "1", NULL },
		{ HEAD "License: Foo\nClassifier: " OSI " :: MIT License\n", "a", "1", "Foo" },
		{ HEAD "License: MIT License\n        \n        Permission is\nClassifier: " OSI " :: BSD\n", "a", "1",
		  "BSD" },
		{ HEAD "License: MIT License\n        Permission is\n", "a", "1", "MIT License" },
		{ HEAD "Summary: x\n License: y\nLicense: MIT\nKeywords: a\n b\nClassifier: " OSI " :: BSD\n", "a", "1",
		  "MIT" },
		{ HEAD "Classifier: " OSI "\n", "a", "1", NULL },
		{ HEAD "Classifier: " OSI "\nClassifier: " OSI
		       " :: BSD\nClassifier: License :: Other/Proprietary License\n",
		  "a", "1", "BSD, Other/Proprietary License" },
		{ HEAD "Classifier: License :: \nClassifier: License ::  BSD \nClassifier: License :: ::\n", "a", "1",
		  "BSD" },
		{ HEAD "Classifier: Programming Language :: C\n", "a", "1", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct lines lines;
		_cleanup_free_ char *text = text_begin(rows[i].text, strlen(rows[i].text), &lines);
		struct python_metadata metadata;

		python_metadata(&lines, &metadata);
		same_or_none(metadata.name, rows[i].name);
		same_or_none(metadata.version, rows[i].version);
		same_or_none(metadata.license, rows[i].license);
		assert_int_equal(lines.bad, 0);
	}
}

static void a_field_with_a_nul_is_damage(void **state)
{
	static const char damaged[] = "Name: a\0b\nVersion: 1\n\n\0";
	struct python_metadata metadata;
	struct lines lines;
	_cleanup_free_ char *text = text_begin(damaged, sizeof(damaged) - 1, &lines);

	(void)state;
	python_metadata(&lines, &metadata);
	assert_null(metadata.name);
	assert_string_equal(metadata.version, "1");
	assert_int_equal(lines.bad, 1); /* the text below the head is not looked at */
}

static void more_classifiers_than_there_is_room(void **state)
{
	struct python_metadata metadata;
	struct lines lines;
	_cleanup_free_ char *text = malloc(1u << 20), *copy = NULL;
	size_t size = 0;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < 10000; i++)
		size += (size_t)sprintf(text + size, "Classifier: License :: Licence number %d\n", i);
	copy = text_begin(text, size, &lines);
	python_metadata(&lines, &metadata);
	assert_in_range(strlen(metadata.license), PYTHON_LICENSE_MAX - 32, PYTHON_LICENSE_MAX - 1);
	assert_memory_equal(metadata.license, "Licence number 0, Licence number 1, ", 36);
}

/* ---- lists ---- */

/* What was given, a line each. */
struct given {
	char text[1024];
	size_t size, count;
	int answer; /* to each */
};

static int give(const char *file, const struct digest *digest, void *data)
{
	struct given *given = data;
	char hex[DIGEST_TEXT_MAX];

	given->count++;
	if (given->size < sizeof(given->text) / 2) {
		digest_text(digest, hex);
		given->size += (size_t)snprintf(given->text + given->size, sizeof(given->text) - given->size,
						"%.200s %.8s\n", file, digest->kind ? hex : "-");
	}
	return given->answer;
}

#define SUM     "sha256=uU0nuZNNeMjHPMTDhS9Ml5_Nl7VVAFR3W1ypSYWNbJw"
#define SUM_HEX "b94d27b9"

static void record_rows(void **state)
{
	static const struct {
		const char *text, *given;
		size_t bad;
	} rows[] = {
		{ "", "", 0 },
		{ "a.py," SUM ",11\n", "a.py " SUM_HEX "\n", 0 },
		{ "a.py," SUM ",11\r\nb/c.py," SUM ",11\r\n", "a.py " SUM_HEX "\nb/c.py " SUM_HEX "\n", 0 },
		{ "a.py," SUM "=,11\n", "a.py " SUM_HEX "\n", 0 }, /* padded */
		{ "a.pyc,,\na-1.dist-info/RECORD,,\n", "a.pyc -\na-1.dist-info/RECORD -\n", 0 },
		{ "a,\nb,," /* no end */, "a -\nb -\n", 0 },
		{ "../../../bin/x," SUM ",1\n/usr/bin/y," SUM ",1\n",
		  "../../../bin/x " SUM_HEX "\n/usr/bin/y " SUM_HEX "\n", 0 },
		{ "\"a,b.py\"," SUM ",1\n", "a,b.py " SUM_HEX "\n", 0 },
		{ "\"a\"\"b.py\",\"" SUM "\",1\n", "a\"b.py " SUM_HEX "\n", 0 },
		{ "a\"b.py," SUM ",1\n", "a\"b.py " SUM_HEX "\n", 0 },
		{ "a\rb,,\n", "a\rb -\n", 0 },
		{ "\n\r\na,,\n", "a -\n", 0 },
		{ "a,md5=b2XNKn7GcMphyVpPAV1AAA,1\n", "a 6f65cd2a\n", 0 },
		{ "a,sha256=b94d27b9934d78c8c73cc4c3852f4c979fcd97b5550054775b5ca949858d6c9c,1\n", "a b94d27b9\n", 0 },
		{ "a,blake2b=AAAA,1\n", "a -\n", 0 }, /* of a kind that is not read */
		{ "a,sha256=,1\n", "a -\n", 1 },
		{ "a,sha256=uU0nuZNNeMjHPMTDhS9Ml5_Nl7VVAFR3W1ypSYWNbJ,1\n", "a -\n", 1 },
		{ "a,sha256=!!0nuZNNeMjHPMTDhS9Ml5_Nl7VVAFR3W1ypSYWNbJw,1\n", "a -\n", 1 },
		{ "a,sha25=AAAA,1\na,=AAAA,1\na,AAAA,1\n", "a -\na -\na -\n", 0 },
		{ ",,\n", "", 1 },
		{ "\"\",,\n", "", 1 },
		{ "\"a\nb\",,\n", "b\" -\n", 1 },
		{ "\"\n\"\"\n\"a\"\"\n\"a\"b,,\n", "", 4 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct given given = { .size = 0 };
		struct lines lines;
		_cleanup_free_ char *text = text_begin(rows[i].text, strlen(rows[i].text), &lines);

		assert_int_equal(python_record(&lines, give, &given), 0);
		assert_string_equal(given.text, rows[i].given);
		assert_int_equal(lines.bad, rows[i].bad);
	}
}

static void installed_rows(void **state)
{
	struct given given = { .size = 0 };
	struct lines lines;
	_cleanup_free_ char *text = text_begin("../a.py\nPKG-INFO\r\n\n../b,c\n", 26, &lines);

	(void)state;
	assert_int_equal(python_installed(&lines, give, &given), 0);
	assert_string_equal(given.text, "../a.py -\nPKG-INFO -\n../b,c -\n");
	assert_int_equal(lines.bad, 0);
}

static void answers(void **state)
{
	static const struct {
		int answer, expected;
		size_t count, bad;
	} rows[] = {
		{ 0, 0, 3, 0 },
		{ -EINVAL, 0, 3, 3 }, /* no path, and on it goes */
		{ -ENOSPC, -ENOSPC, 1, 0 },
		{ -ENOMEM, -ENOMEM, 1, 0 },
	};
	int (*const readers[])(struct lines *, python_file_call *, void *) = { python_record, python_installed };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct given given = { .answer = rows[i / 2].answer };
		struct lines lines;
		_cleanup_free_ char *text = text_begin("a,,\nb,,\nc,,\n", 12, &lines);

		assert_int_equal(readers[i % 2](&lines, give, &given), rows[i / 2].expected);
		assert_int_equal(given.count, rows[i / 2].count);
		assert_int_equal(lines.bad, rows[i / 2].bad);
	}
}

static void a_list_has_a_bound(void **state)
{
	static const size_t counts[] = { PYTHON_FILES_MAX, PYTHON_FILES_MAX + 1, 1000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		_cleanup_free_ char *text = malloc(4 * counts[i] + 1);
		struct given given = { .size = 0 };
		struct lines lines;

		assert_non_null(text);
		for (size_t at = 0; at < counts[i]; at++)
			memcpy(text + 4 * at, "a,,\n", 4);
		text[4 * counts[i]] = '\0';
		lines_begin(&lines, text, 4 * counts[i]);
		assert_int_equal(python_record(&lines, give, &given), 0);
		assert_int_equal(given.count, PYTHON_FILES_MAX);
		assert_int_equal(lines.bad, counts[i] > PYTHON_FILES_MAX);
	}
}

/* ---- paths ---- */

static void path_rows(void **state)
{
	static const struct {
		const char *base, *file, *expected; /* NULL: refused */
	} rows[] = {
		{ "/usr/lib/python3/site-packages", "a/b.py", "/usr/lib/python3/site-packages/a/b.py" },
		{ "/usr/lib/python3/site-packages", "../../../bin/x", "/usr/bin/x" },
		{ "/usr/lib/python3/site-packages", "a/../b/./c//d/", "/usr/lib/python3/site-packages/b/c/d" },
		{ "/usr/lib/python3/site-packages", "/usr/bin/x", "/usr/bin/x" },
		{ "/usr/lib/python3/site-packages", "//usr/../bin/x", "/bin/x" },
		{ "/usr/lib", "../../etc/shadow", "/etc/shadow" },
		{ "/usr/lib", "../../../etc/shadow", NULL },
		{ "/usr/lib", "../../../usr/lib/a", NULL },
		{ "/usr/lib", "/../etc/shadow", NULL },
		{ "/usr/lib", "../..", NULL },
		{ "/usr/lib", "/", NULL },
		{ "", "a", "/a" },
		{ "", "..", NULL },
		{ "/usr", "...", "/usr/..." },
		{ "/usr", ".a/..b", "/usr/.a/..b" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[PATH_MAX] = "untouched";

		assert_int_equal(python_path(rows[i].base, rows[i].file, path), rows[i].expected ? 0 : -EINVAL);
		assert_string_equal(path, rows[i].expected ?: "untouched");
	}
}

static void a_path_has_a_length(void **state)
{
	char file[2 * PATH_MAX], path[PATH_MAX];

	(void)state;
	memset(file, 'a', sizeof(file));
	file[PATH_MAX - 2] = '\0';
	assert_int_equal(python_path("", file, path), 0);
	assert_int_equal(strlen(path), PATH_MAX - 1);
	assert_int_equal(python_path("/b", file, path), -EINVAL);
	file[PATH_MAX - 2] = 'a';
	file[PATH_MAX - 1] = '\0';
	assert_int_equal(python_path("", file, path), -EINVAL);
	for (size_t i = 0; i < sizeof(file); i++)
		file[i] = "/.."[i % 3];
	file[sizeof(file) - 1] = '\0';
	assert_int_equal(python_path("/b", file, path), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_rows),
		cmocka_unit_test(a_field_with_a_nul_is_damage),
		cmocka_unit_test(more_classifiers_than_there_is_room),
		cmocka_unit_test(record_rows),
		cmocka_unit_test(installed_rows),
		cmocka_unit_test(answers),
		cmocka_unit_test(a_list_has_a_bound),
		cmocka_unit_test(path_rows),
		cmocka_unit_test(a_path_has_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
