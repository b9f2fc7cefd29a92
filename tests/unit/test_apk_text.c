// SPDX-License-Identifier: Apache-2.0
/* apk's database as text, good and damaged: what is taken of it, and what is told. */
#include "inventory/apk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* base64 of 20 and of 32 bytes, and what they are. */
#define Q1   "Z:Q1AAECAwQFBgcICQoLDA0ODxAREhM=\n"
#define SHA1 "000102030405060708090a0b0c0d0e0f10111213"
#define Q2   "Z:Q2AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define SHA2 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct row {
	const char *what;
	const char *text;
	const char *expected;
	size_t bad;
	size_t first;    /* of the bad lines */
	const char *why; /* NULL: none is */
} rows[] = {
	{ "nothing", "", "", 0, 0, NULL },
	{ "a package", "C:Q1x\nP:a\nV:1-r0\nA:x86_64\nL:MIT\no:b\nT:c\nD:so:d\n\n", "a|1-r0|x86_64|MIT|b;", 0, 0,
	  NULL },
	{ "two", "P:a\nV:1\n\n\nP:b\nV:2", "a|1|-|-|-;b|2|-|-|-;", 0, 0, NULL },
	{ "files", "P:a\nV:1\nF:usr\nF:usr/bin\nM:0:0:700\nR:x\na:0:0:755\n" Q1 "R:y\n" Q2 "\n",
	  "a|1|-|-|-;usr/bin/x " SHA1 ";usr/bin/y " SHA2 ";", 0, 0, NULL },
	{ "a file of the root", "P:a\nV:1\nF:\nR:.x\n" Q1, "a|1|-|-|-;/.x " SHA1 ";", 0, 0, NULL },
	{ "a file without a checksum", "P:a\nV:1\nF:etc\nR:x\nR:y\n", "a|1|-|-|-;etc/x -;etc/y -;", 0, 0, NULL },
	{ "what may be a link", "P:a\nV:1\nF:bin\nR:sh\na:0:0:777\n" Q1 "R:x\na:0:0:4777:Q1x\n" Q1 "R:y\na:0:0:775\n",
	  "a|1|-|-|-;bin/sh " SHA1 " link?;bin/x " SHA1 " link?;bin/y -;", 0, 0, NULL },
	{ "checksums that are cut", "P:a\nV:1\nf:fS\nF:bin\nR:x\n" Q1 "\nP:b\nV:1\nF:bin\nR:y\n" Q1,
	  "a|1|-|-|-;bin/x -;b|1|-|-|-;bin/y " SHA1 ";", 0, 0, NULL },
	{ "other flags", "P:a\nV:1\nf:fs\nF:bin\nR:x\n" Q1, "a|1|-|-|-;bin/x " SHA1 ";", 0, 0, NULL },
	{ "no field", "this is none\n\nP:a\nV:1\n", "a|1|-|-|-;", 1, 1, "is no field" },
	{ "no letter", "P:a\nV:1\n\xc3\xa4:b\n", "a|1|-|-|-;", 1, 3, "is no field" },
	{ "no name", "V:1\nF:bin\nR:x\n" Q1 "\nP:b\nV:1\n", "b|1|-|-|-;", 3, 3, "is no file of a package" },
	{ "an empty name", "P:\nV:1\n", "", 2, 1, "is no name of a package" },
	{ "a name that is a path", "P:../a\nV:1\n", "", 2, 1, "is no name of a package" },
	{ "a second name", "P:a\nP:b\nV:1\n", "a|1|-|-|-;", 1, 2, "is no name of a package" },
	{ "no version", "P:a\nA:x86_64\n\n", "a|-|x86_64|-|-;", 1, 3, "belongs to a package without a version" },
	{ "a file without a directory", "P:a\nV:1\nR:x\n", "a|1|-|-|-;", 1, 3, "is no file of a package" },
	{ "a file that is a path", "P:a\nV:1\nF:etc\nR:../x\nR:y\n", "a|1|-|-|-;etc/y -;", 1, 4,
	  "is no file of a package" },
	{ "a directory that leads out: whoever takes it refuses it", "P:a\nV:1\nF:../etc\nR:x\n",
	  "a|1|-|-|-;../etc/x -;", 0, 0, NULL },
	{ "the checksum of a directory", "P:a\nV:1\nF:etc\n" Q1, "a|1|-|-|-;", 1, 4, "is a checksum of no file" },
	{ "a checksum of another kind", "P:a\nV:1\nF:etc\nR:x\nZ:Q9AAAA\n", "a|1|-|-|-;etc/x -;", 1, 5,
	  "is no checksum" },
	{ "a checksum that is cut", "P:a\nV:1\nF:etc\nR:x\nZ:Q1AAECAwQFBgcICQ", "a|1|-|-|-;etc/x -;", 1, 5,
	  "is no checksum" },
	{ "a mode that is none", "P:a\nV:1\nF:etc\nR:x\na:777\n" Q1, "a|1|-|-|-;etc/x " SHA1 ";", 1, 5,
	  "gives no mode" },
};

struct answer {
	char text[4096];
};

__attribute__((format(printf, 2, 3))) static int say(struct answer *answer, const char *format, ...)
{
	size_t size = strlen(answer->text);
	va_list list;

	va_start(list, format);
	(void)vsnprintf(answer->text + size, sizeof(answer->text) - size, format, list);
	va_end(list);
	return 0;
}

static const char *or_none(const char *text)
{
	return text && *text ? text : "-";
}

static int say_package(const struct apk_package *package, void *data)
{
	return say(data, "%s|%s|%s|%s|%s;", package->name, or_none(package->version), or_none(package->architecture),
		   or_none(package->license), or_none(package->origin));
}

static int say_file(const struct apk_file *file, void *data)
{
	char digest[DIGEST_TEXT_MAX] = "";

	digest_text(&file->digest, digest);
	return say(data, "%s/%s %s%s;", file->directory, file->name, or_none(digest),
		   file->is_link_perhaps ? " link?" : "");
}

static void texts(void **state)
{
	static const struct apk_calls calls = { say_package, say_file };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *text = strdup(rows[i].text);
		struct answer answer = { "" };
		struct lines lines;

		assert_non_null(text);
		lines_begin(&lines, text, strlen(text));
		assert_int_equal(apk_installed(&lines, &calls, &answer), 0);
		if (strcmp(answer.text, rows[i].expected) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].what, answer.text, rows[i].expected);
		if (lines.bad != rows[i].bad || lines.first != rows[i].first || !lines.why != !rows[i].why ||
		    (rows[i].why && strcmp(lines.why, rows[i].why) != 0))
			fail_msg("%s: %zu bad, line %zu %s", rows[i].what, lines.bad, lines.first, lines.why);
	}
}

static int stop(const struct apk_package *package, void *data)
{
	(void)package;
	++*(int *)data;
	return 7;
}

static int count(const struct apk_file *file, void *data)
{
	(void)file;
	*(int *)data += 100;
	return 0;
}

static void an_answer_ends_it(void **state)
{
	static const struct apk_calls calls = { stop, count };
	char text[] = "P:a\nV:1\nF:etc\nR:x\n\nP:b\nV:1\n";
	struct lines lines;
	int calls_made = 0;

	(void)state;
	lines_begin(&lines, text, sizeof(text) - 1);
	assert_int_equal(apk_installed(&lines, &calls, &calls_made), 7);
	assert_int_equal(calls_made, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(an_answer_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
