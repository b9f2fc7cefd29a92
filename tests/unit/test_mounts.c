// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/mounts.h"

DEFINE_CLEANUP(struct mounts *, mounts_free)
#define _cleanup_mounts_ _cleanup_(mounts_freep)

#define LINE "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"

static int parse(const char *text, struct mounts **ret_mounts)
{
	return mounts_parse(text, strlen(text), ret_mounts);
}

static void one_line(void **state)
{
	_cleanup_mounts_ struct mounts *mounts = NULL;
	const struct mount_entry *entry;

	(void)state;
	assert_int_equal(parse(LINE, &mounts), 0);
	assert_int_equal(mounts_count(mounts), 1);
	entry = mounts_get(mounts, 0);
	assert_int_equal(entry->id, 36);
	assert_int_equal(entry->parent, 35);
	assert_int_equal(entry->device, 98 << 20);
	assert_string_equal(entry->root, "/mnt1");
	assert_string_equal(entry->point, "/mnt2");
	assert_string_equal(entry->options, "rw,noatime");
	assert_string_equal(entry->fstype, "ext3");
	assert_string_equal(entry->source, "/dev/root");
	assert_string_equal(entry->super, "rw,errors=continue");
	assert_null(mounts_root(mounts, 0));
}

static void text_rows(void **state)
{
	static const struct {
		const char *text;
		int expected;
		size_t count;
		const char *point;
	} rows[] = {
		{ "", 0, 0, NULL },
		{ LINE LINE, 0, 2, "/mnt2" },
		{ "1 0 0:1 / / rw - proc  rw\n", 0, 1, "/" }, /* an empty source */
		{ "1 0 0:1 / / rw - proc proc rw", 0, 1, "/" },
		{ "1 0 0:1 / /a\\040b\\011\\134x\\012 rw - tmpfs - rw\n", 0, 1, "/a b\t\\x\n" },
		{ "1 0 0:1 / /a\\04 rw - t s rw\n", 0, 1, "/a\\04" },
		{ "1 0 0:1 / /a\\000b rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "1 0 0:1 / / rw shared:1 tmpfs t rw\n", -EBADMSG, 0, NULL }, /* no "-" */
		{ "1 0 0:1 / / rw - tmpfs t\n", -EBADMSG, 0, NULL },
		{ "1 0 0:1 / /\n", -EBADMSG, 0, NULL },
		{ "x 0 0:1 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "-1 0 0:1 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "99999999999999999999 0 0:1 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "2147483648 0 0:1 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "1 0 01 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "1 0 4096:1 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "1 0 0:1048576 / / rw - t s rw\n", -EBADMSG, 0, NULL },
		{ "1 0 0:1 / relative rw - t s rw\n", -EBADMSG, 0, NULL },
		{ LINE "rubbish\n", -EBADMSG, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_mounts_ struct mounts *mounts = NULL;

		assert_int_equal(parse(rows[i].text, &mounts), rows[i].expected);
		assert_true((mounts != NULL) == (rows[i].expected == 0));
		if (!mounts)
			continue;
		assert_int_equal(mounts_count(mounts), rows[i].count);
		if (rows[i].point)
			assert_string_equal(mounts_get(mounts, 0)->point, rows[i].point);
	}
}

static void bounds(void **state)
{
	static const char line[] = "1 1 0:1 / /a rw - t s rw\n";
	_cleanup_mounts_ struct mounts *mounts = NULL;
	size_t count = MOUNTS_MAX + 1, length = strlen(line);
	_cleanup_free_ char *text = malloc(count * length);
	_cleanup_free_ char *large = calloc(1, MOUNTS_TEXT_MAX + 1);

	(void)state;
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, line, length);
	assert_int_equal(mounts_parse(text, count * length, &mounts), -E2BIG);
	assert_int_equal(mounts_parse(text, (count - 1) * length, &mounts), 0);
	assert_int_equal(mounts_count(mounts), MOUNTS_MAX);
	assert_int_equal(mounts_parse(large, MOUNTS_TEXT_MAX + 1, &mounts), -E2BIG);
	assert_int_equal(mounts_parse("1 0\0 x", 6, &mounts), -EBADMSG);
}

/* A container: two mounts at "/", volumes, one below another, and one that a later mount covers. */
static const char table[] = "50 40 0:30 / / rw - ext4 /dev/a rw\n"
			    "60 50 0:40 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
			    "61 60 0:41 / /proc rw - proc proc rw\n"
			    "62 60 8:1 /volumes/data /data rw - ext4 /dev/a rw\n"
			    "63 62 0:42 / /data/sub rw - tmpfs t rw\n"
			    "64 60 0:43 / /srv/deep rw - tmpfs covered rw\n"
			    "65 60 0:44 / /srv rw - tmpfs cover rw\n"
			    "66 65 0:45 / /srv rw - tmpfs top rw\n"
			    "67 60 8:1 /volumes/hosts /etc/hosts rw - ext4 /dev/a rw\n"
			    "70 71 0:46 / /ring rw - tmpfs a rw\n"
			    "71 70 0:47 / /ring rw - tmpfs b rw\n";

static void lookup(void **state)
{
	static const struct {
		const char *path;
		int id;
	} rows[] = {
		{ "/", 60 },           { "/etc/passwd", 60 }, { "/proc", 61 },       { "/proc/1/root", 61 },
		{ "/process", 60 },    { "/data", 62 },       { "/data/x", 62 },     { "/data/sub", 63 },
		{ "/data/sub/x", 63 }, { "/database", 60 },   { "/srv/deep/x", 66 }, { "/srv/x", 66 },
		{ "/etc/hosts", 67 },  { "/etc/hosts2", 60 }, { "/etc", 60 },
	};
	_cleanup_mounts_ struct mounts *mounts = NULL;
	const struct mount_entry *root;

	(void)state;
	assert_int_equal(parse(table, &mounts), 0);
	assert_int_equal(mounts_root(mounts, 30)->id, 50);
	assert_null(mounts_root(mounts, 31));
	root = mounts_root(mounts, 0);
	assert_int_equal(root->id, 60);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(mounts_find(mounts, root, rows[i].path)->id, rows[i].id);
	/* mounts that claim each other as parents end nowhere, but they end */
	assert_non_null(mounts_find(mounts, mounts_get(mounts, 9), "/ring/x"));
}

static void locate_rows(void **state)
{
	static const struct {
		uint32_t device;
		const char *path;
		size_t room;
		int expected;
		const char *where;
	} rows[] = {
		{ 8 << 20 | 1, "/volumes/data/a/b", 64, 0, "/data/a/b" },
		{ 8 << 20 | 1, "/volumes/data", 64, 0, "/data" },
		{ 8 << 20 | 1, "/volumes/database", 64, -ENOENT, NULL },
		{ 8 << 20 | 2, "/volumes/data", 64, -ENOENT, NULL },
		{ 30, "/x", 64, 0, "/x" },
		{ 30, "/", 64, 0, "/" },
		{ 41, "/", 64, 0, "/proc" },
		{ 41, "/1", 64, 0, "/proc/1" },
		{ 41, "/1", 8, -ENAMETOOLONG, NULL },
	};
	_cleanup_mounts_ struct mounts *mounts = NULL;

	(void)state;
	assert_int_equal(parse(table, &mounts), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char where[64] = "untouched";

		assert_int_equal(mounts_locate(mounts, rows[i].device, rows[i].path, where, rows[i].room),
				 rows[i].expected);
		assert_string_equal(where, rows[i].where ?: "untouched");
	}
}

#define LOWERS 4

static void overlay_rows(void **state)
{
	static const struct {
		const char *super;
		int expected;
		const char *upper;
		const char *lower[LOWERS];
		size_t data_layers;
		bool userxattr;
	} rows[] = {
		{ "rw,lowerdir=/a:/b,upperdir=/u,workdir=/w", 0, "/u", { "/a", "/b" }, 0, false },
		{ "ro,lowerdir=l/A:l/B:l/C", 0, NULL, { "l/A", "l/B", "l/C" }, 0, false },
		{ "rw,lowerdir=a\\134:b:c\\134\\054d:e\\134\\134f:g\\040h,upperdir=u\\040v",
		  0,
		  "u v",
		  { "a:b", "c,d", "e\\f", "g h" },
		  0,
		  false },
		{ "rw,lowerdir=a\\:b:c\\,d,upperdir=u\\,v", 0, "u,v", { "a:b", "c,d" }, 0, false },
		{ "rw,lowerdir+=/a:x,lowerdir+=/b,datadir+=/d,upperdir=/u", 0, "/u", { "/a:x", "/b" }, 1, false },
		{ "rw,lowerdir=/a:/b::/d1::/d2,upperdir=/u,userxattr", 0, "/u", { "/a", "/b" }, 2, true },
		{ "rw,upperdir=/u", -EBADMSG, NULL, { NULL }, 0, false },
		{ "rw,lowerdir=,upperdir=/u", -EBADMSG, NULL, { NULL }, 0, false },
		{ "rw,lowerdir=/a:", -EBADMSG, NULL, { NULL }, 0, false },
		{ "rw,lowerdir", -EBADMSG, NULL, { NULL }, 0, false },
		{ "rw,lowerdir=/a,upperdir=", -EBADMSG, NULL, { NULL }, 0, false },
		{ "rw,lowerdir=/a\\000b", -EBADMSG, NULL, { NULL }, 0, false },
		{ "", -EBADMSG, NULL, { NULL }, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(overlay_options_clear) struct overlay_options options = { 0 };
		size_t count = 0;

		assert_int_equal(overlay_options_parse(rows[i].super, &options), rows[i].expected);
		for (; count < LOWERS && rows[i].lower[count]; count++)
			assert_string_equal(options.lower[count], rows[i].lower[count]);
		assert_int_equal(options.lowers, count);
		assert_int_equal(options.data_layers, rows[i].data_layers);
		assert_int_equal(options.userxattr, rows[i].userxattr);
		assert_true(!options.upper == !rows[i].upper);
		if (options.upper)
			assert_string_equal(options.upper, rows[i].upper);
	}
}

static void too_many_layers(void **state)
{
	_cleanup_(overlay_options_clear) struct overlay_options options = { 0 };
	char super[16 + 2 * (OVERLAY_LOWER_MAX + 1)] = "lowerdir=";
	size_t length = strlen(super);

	(void)state;
	for (size_t i = 0; i < OVERLAY_LOWER_MAX; i++)
		length += (size_t)sprintf(super + length, "%sa", i ? ":" : "");
	assert_int_equal(overlay_options_parse(super, &options), 0);
	assert_int_equal(options.lowers, OVERLAY_LOWER_MAX);
	overlay_options_clear(&options);
	(void)strcpy(super + length, ":a");
	assert_int_equal(overlay_options_parse(super, &options), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line),        cmocka_unit_test(text_rows),   cmocka_unit_test(bounds),
		cmocka_unit_test(lookup),          cmocka_unit_test(locate_rows), cmocka_unit_test(overlay_rows),
		cmocka_unit_test(too_many_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
