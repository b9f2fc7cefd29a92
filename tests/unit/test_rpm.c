// SPDX-License-Identifier: Apache-2.0
/* Roots with RPM's databases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inventory_root.h"
#include "rpm_write.h"

static const struct inventory_system fedora = { "fedora", "40", "Fedora" };

#define PLACE    "var/lib/rpm/"
#define DATABASE PLACE "rpmdb.sqlite"
#define SYSIMAGE "usr/lib/sysimage/rpm/"

#define MD5_A "000102030405060708090a0b0c0d0e0f"
#define MD5_B "0f0e0d0c0b0a09080706050403020100"

/* A package without files. */
#define NEVRA(name, version, release, arch)                                                                            \
	RPM_STRING(RPM_NAME, name), RPM_STRING(RPM_VERSION, version), RPM_STRING(RPM_RELEASE, release),                \
		RPM_STRING(RPM_ARCH, arch)

static const struct rpm_item bash[] = {
	NEVRA("bash", "5.2.26", "3.fc40", "x86_64"),
	RPM_STRING(RPM_LICENSE, "GPL-3.0-or-later"),
	RPM_STRING(RPM_SOURCE_RPM, "bash-5.2.26-3.fc40.src.rpm"),
	RPM_STRINGS(RPM_BASE_NAMES, 9, "bash\0sh\0bash\0bashrc\0ghost\0maybe\0left-out\0other\0twin"),
	RPM_STRINGS(RPM_DIR_NAMES, 4, "/bin/\0/etc/\0/usr/share/doc/\0/opt/"),
	RPM_INT32(RPM_DIR_INDEXES, 9, "\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\3"),
	RPM_INT16(
		RPM_FILE_MODES, 9,
		"\x81\xed\xa1\xff\x41\xed\x81\xa4\x81\xa4\x81\xa4\x81\xa4\x81\xa4\x81\xa4"), /* sh: a link; doc/bash: a directory */
	RPM_INT32(RPM_FILE_FLAGS, 9, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x11\0\0\0\x40\0\0\0\x08\0\0\0\2\0\0\0\0\0\0\0\0"),
	RPM_INT8(RPM_FILE_STATES, 9, "\0\0\0\0\0\0\2\1\4"),
	RPM_STRINGS(RPM_FILE_DIGESTS, 9, MD5_A "\0\0\0" MD5_B "\0" MD5_A "\0" MD5_A "\0" MD5_A "\0" MD5_A "\0" MD5_A),
	{ 0 },
};

#define BASH                                                                                                           \
	"package bash 5.2.26-3.fc40 x86_64 origin=bash license=GPL-3.0-or-later "                                      \
	"purl=pkg:rpm/fedora/bash@5.2.26-3.fc40?arch=x86_64&distro=fedora-40&upstream=bash-5.2.26-3.fc40.src.rpm "     \
	"location=/var/lib/rpm/rpmdb.sqlite files=6\n"

#define BASH_FILES                                                                                                     \
	"file /etc/bashrc bash config md5:" MD5_B "\n"                                                                 \
	"file /etc/ghost bash ghost -\n"                                                                               \
	"file /etc/maybe bash ghost md5:" MD5_A "\n"                                                                   \
	"file /usr/bin/bash bash md5:" MD5_A "\n"                                                                      \
	"file /usr/bin/sh bash -\n"                                                                                    \
	"file /usr/share/doc/left-out bash ghost -\n"

static const struct rpm_item key[] = { RPM_STRING(RPM_NAME, "gpg-pubkey"),
				       RPM_STRING(RPM_VERSION, "a15b79cc"),
				       RPM_STRING(RPM_RELEASE, "63d04c2c"),
				       { 0 } };

#define KEY                                                                                                            \
	"package gpg-pubkey a15b79cc-63d04c2c - origin=- license=- "                                                   \
	"purl=pkg:rpm/fedora/gpg-pubkey@a15b79cc-63d04c2c?distro=fedora-40 location=/var/lib/rpm/rpmdb.sqlite "        \
	"files=0\n"

static const struct rpm_item plain[] = { NEVRA("a", "1", "2", "noarch"), { 0 } };

#define PLAIN_AT(place)                                                                                                \
	"package a 1-2 noarch origin=- license=- purl=pkg:rpm/fedora/a@1-2?arch=noarch&distro=fedora-40 "              \
	"location=" place "rpmdb.sqlite files=0\n"
#define PLAIN PLAIN_AT("/var/lib/rpm/")

static void expect(struct root *root, const char *expected)
{
	_cleanup_found_ struct found found = { 0 };

	root_read(root, &source_rpm, &fedora, &found);
	assert_string_equal(found.text, expected);
}

static void database_put(struct root *root, const char *path, const char *schema, const struct rpm_item *const *headers)
{
	struct rpm_blob database = rpm_database(schema, headers);

	root_bytes(root, path, database.bytes, database.size);
	free(database.bytes);
}

static void plain_put(struct root *root, const char *path)
{
	database_put(root, path, RPM_TABLE, (const struct rpm_item *const[]){ plain, NULL });
}

/* ---- what is in it ---- */

/* A directory of that name, and nothing in it, is in Debian's rpm. */
static void nothing(void **state)
{
	root_directory(*state, "var/lib/rpm");
	expect(*state, "");
}

static void packages_and_files(void **state)
{
	struct root *root = *state;

	root_link(root, "bin", "usr/bin");
	root_directory(root, "usr/bin");
	database_put(root, DATABASE, RPM_TABLE, (const struct rpm_item *const[]){ bash, key, NULL });
	expect(root, BASH KEY BASH_FILES);
}

static void none(void **state)
{
	database_put(*state, DATABASE, RPM_TABLE, NULL);
	expect(*state, "");
}

/* What another package has replaced is that one's, in whichever order they are. */
static void a_replaced_file_is_the_other_s(void **state)
{
	static const struct rpm_item other[] = {
		NEVRA("other", "1", "1", "noarch"),
		RPM_STRINGS(RPM_BASE_NAMES, 1, "other"),
		RPM_STRINGS(RPM_DIR_NAMES, 1, "/opt/"),
		RPM_INT32(RPM_DIR_INDEXES, 1, "\0\0\0\0"),
		RPM_INT16(RPM_FILE_MODES, 1, "\x81\xa4"),
		RPM_STRINGS(RPM_FILE_DIGESTS, 1, MD5_B),
		{ 0 },
	};
	_cleanup_found_ struct found found = { 0 };

	database_put(*state, DATABASE, RPM_TABLE, (const struct rpm_item *const[]){ bash, other, NULL });
	root_read(*state, &source_rpm, &fedora, &found);
	assert_non_null(strstr(found.text, "file /opt/other other md5:" MD5_B "\n"));
	assert_null(strstr(found.text, "note "));
}

static const struct text_row {
	struct rpm_item items[8];
	const char *expected; /* up to the location */
} text_rows[] = {
	{ { NEVRA("vim", "9", "1", "x"), RPM_INT32(RPM_EPOCH, 1, "\0\0\0\2") },
	  "package vim 2:9-1 x origin=- license=- purl=pkg:rpm/fedora/vim@9-1?arch=x&distro=fedora-40&epoch=2 " },
	{ { NEVRA("vim", "9", "1", "x"), RPM_INT32(RPM_EPOCH, 1, "\0\0\0\0") },
	  "package vim 0:9-1 x origin=- license=- purl=pkg:rpm/fedora/vim@9-1?arch=x&distro=fedora-40&epoch=0 " },
	{ { NEVRA("vim", "9~rc1", "1^git", "x") },
	  "package vim 9~rc1-1^git x origin=- license=- "
	  "purl=pkg:rpm/fedora/vim@9~rc1-1%5Egit?arch=x&distro=fedora-40 " },
	{ { NEVRA("vim", "9", "1", "x"), RPM_STRING(RPM_SOURCE_RPM, "vim-src-8-7.src.rpm") },
	  "package vim 9-1 x origin=vim-src 8-7 license=- "
	  "purl=pkg:rpm/fedora/vim@9-1?arch=x&distro=fedora-40&upstream=vim-src-8-7.src.rpm " },
	{ { NEVRA("vim", "9", "1", "x"), RPM_INT32(RPM_EPOCH, 1, "\0\0\0\2"),
	    RPM_STRING(RPM_SOURCE_RPM, "ed-9-1.nosrc.rpm") },
	  "package vim 2:9-1 x origin=ed license=- "
	  "purl=pkg:rpm/fedora/vim@9-1?arch=x&distro=fedora-40&epoch=2&upstream=ed-9-1.nosrc.rpm " },
	{ { NEVRA("vim", "9", "1", "x"), RPM_STRING(RPM_SOURCE_RPM, "something") },
	  "package vim 9-1 x origin=something license=- "
	  "purl=pkg:rpm/fedora/vim@9-1?arch=x&distro=fedora-40&upstream=something " },
	{ { RPM_STRING(RPM_NAME, "vim") },
	  "package vim - - origin=- license=- purl=pkg:rpm/fedora/vim?distro=fedora-40 " },
	{ { RPM_STRING(RPM_NAME, "v"), RPM_STRING(RPM_VERSION, "1") },
	  "package v 1 - origin=- license=- purl=pkg:rpm/fedora/v@1?distro=fedora-40 " },
};

static void texts_are_made(void **state)
{
	struct root *root = *state;

	for (size_t i = 0; i < ARRAY_SIZE(text_rows); i++) {
		_cleanup_found_ struct found found = { 0 };

		database_put(root, DATABASE, RPM_TABLE, (const struct rpm_item *const[]){ text_rows[i].items, NULL });
		root_read(root, &source_rpm, &fedora, &found);
		if (strncmp(found.text, text_rows[i].expected, strlen(text_rows[i].expected)) != 0)
			fail_msg("%s, not %s", found.text, text_rows[i].expected);
	}
}

/* ---- where it is ---- */

static void both_places(void **state)
{
	plain_put(*state, DATABASE);
	plain_put(*state, SYSIMAGE "rpmdb.sqlite");
	expect(*state, PLAIN_AT("/usr/lib/sysimage/rpm/") PLAIN);
}

static void one_place_is_a_link_to_the_other(void **state)
{
	plain_put(*state, SYSIMAGE "rpmdb.sqlite");
	root_file(*state, SYSIMAGE "Packages", "");
	root_link(*state, "var/lib/rpm", "../../usr/lib/sysimage/rpm");
	expect(*state, PLAIN_AT("/usr/lib/sysimage/rpm/") "note rpm /usr/lib/sysimage/rpm/Packages is in Berkeley DB's "
							  "format, which is not read\n");
}

/* As rpm leaves them behind. */
static void an_empty_log_is_none(void **state)
{
	plain_put(*state, DATABASE);
	root_file(*state, DATABASE "-wal", "");
	root_file(*state, DATABASE "-shm", "");
	expect(*state, PLAIN);
}

/* A database that was copied while it was open. */
static void what_is_in_the_log_counts(void **state)
{
	struct root *root = *state;
	char path[256];
	sqlite3 *db;

	root_directory(root, "var/lib/rpm");
	(void)snprintf(path, sizeof(path), "%s/%s", root->path, DATABASE);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	rpm_sql(db, "PRAGMA journal_mode = WAL");
	rpm_sql(db, RPM_TABLE);
	rpm_insert(db, plain);
	expect(root, PLAIN);
	rpm_insert(db, key);
	expect(root, PLAIN KEY);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	expect(root, PLAIN KEY);
}

/* ---- while it is written ---- */

/* The tree of a root in which something happens before a log is read. */
struct busy_tree {
	struct tree tree; /* first: one is the other */
	struct tree *root;
	sqlite3 *db;
	unsigned opened, writes; /* logs, to look at their head or to read them; writes that are still to be made */
};

static bool is_log(const char *path)
{
	return strcmp(path, "/" DATABASE "-wal") == 0;
}

/* What was in the log goes to the database, and the log begins anew. */
static int busy_open(struct tree *tree, const char *path, struct tree_file *ret_file)
{
	struct busy_tree *busy = (struct busy_tree *)tree;

	if (is_log(path) && ++busy->opened % 2 == 0 && busy->writes > 0) {
		busy->writes--;
		rpm_sql(busy->db, "PRAGMA wal_checkpoint(TRUNCATE)");
		rpm_insert(busy->db, key);
	}
	return tree_open(busy->root, path, ret_file);
}

static int busy_canonical(struct tree *tree, const char *path, char ret_path[static PATH_MAX])
{
	return tree_canonical(((struct busy_tree *)tree)->root, path, ret_path);
}

static const struct tree_ops busy_ops = { .open = busy_open, .canonical = busy_canonical };

static void expect_busy(struct root *root, unsigned writes, const char *expected)
{
	struct busy_tree busy = { { &busy_ops }, root->tree, NULL, 0, writes };
	struct root seen = { .tree = &busy.tree };
	char path[256];

	root_directory(root, "var/lib/rpm");
	(void)snprintf(path, sizeof(path), "%s/%s", root->path, DATABASE);
	assert_int_equal(sqlite3_open(path, &busy.db), SQLITE_OK);
	rpm_sql(busy.db, "PRAGMA journal_mode = WAL");
	rpm_sql(busy.db, RPM_TABLE);
	rpm_insert(busy.db, plain);
	expect(&seen, expected);
	assert_int_equal(sqlite3_close(busy.db), SQLITE_OK);
}

static void what_is_written_meanwhile_is_read_again(void **state)
{
	expect_busy(*state, 1, PLAIN KEY);
}

static void what_is_always_written_is_told(void **state)
{
	expect_busy(*state, 1000,
		    PLAIN KEY "note rpm /var/lib/rpm/rpmdb.sqlite was written again and again while it "
			      "was read\n");
}

/* ---- what is told ---- */

static void another_s_log_is_told(void **state)
{
	struct root *root = *state;
	char path[256];
	sqlite3 *db;

	root_directory(root, "var/lib/rpm");
	(void)snprintf(path, sizeof(path), "%s/%s", root->path, DATABASE);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	rpm_sql(db, "PRAGMA journal_mode = WAL");
	rpm_sql(db, RPM_TABLE);
	database_put(root, PLACE "small", "PRAGMA page_size = 1024; " RPM_TABLE,
		     (const struct rpm_item *const[]){ plain, NULL });
	assert_int_equal(renameat(root->fd, PLACE "small", root->fd, DATABASE), 0);
	expect(root, PLAIN "note rpm /var/lib/rpm/rpmdb.sqlite has another database's log beside it\n");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void other_formats_are_told_as_not_read(void **state)
{
	root_fixture(*state, PLACE "Packages", "rpm/Packages.bdb");
	root_file(*state, SYSIMAGE "Packages.db", "RpmP");
	expect(*state, "note rpm /var/lib/rpm/Packages is in Berkeley DB's format, which is not read\n"
		       "note rpm /usr/lib/sysimage/rpm/Packages.db is in NDB's format, which is not read\n");
}

static void damaged_packages_are_counted(void **state)
{
	static const struct rpm_item nameless[] = { RPM_STRING(RPM_VERSION, "1"), { 0 } };
	static const struct rpm_item no_modes[] = { NEVRA("half", "1", "1", "x"),
						    RPM_STRINGS(RPM_BASE_NAMES, 1, "a"),
						    { 0 } };

	database_put(*state, DATABASE, RPM_TABLE "; INSERT INTO Packages(blob) VALUES(x'00'), (x'')",
		     (const struct rpm_item *const[]){ nameless, plain, no_modes, NULL });
	expect(*state, PLAIN "package half 1-1 x origin=- license=- "
			     "purl=pkg:rpm/fedora/half@1-1?arch=x&distro=fedora-40 "
			     "location=/var/lib/rpm/rpmdb.sqlite files=0\n"
			     "note rpm /var/lib/rpm/rpmdb.sqlite 4 of its packages are damaged\n");
}

static void paths_that_lead_out_are_refused(void **state)
{
	static const struct rpm_item out[] = {
		NEVRA("out", "1", "1", "x"),
		RPM_STRINGS(RPM_BASE_NAMES, 4, "../etc/shadow\0ok\0\0relative"),
		RPM_STRINGS(RPM_DIR_NAMES, 2, "/usr/\0usr/"),
		RPM_INT32(RPM_DIR_INDEXES, 4, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
		RPM_INT16(RPM_FILE_MODES, 4, "\x81\xa4\x81\xa4\x81\xa4\x81\xa4"),
		{ 0 },
	};

	database_put(*state, DATABASE, RPM_TABLE, (const struct rpm_item *const[]){ out, NULL });
	expect(*state, "package out 1-1 x origin=- license=- purl=pkg:rpm/fedora/out@1-1?arch=x&distro=fedora-40 "
		       "location=/var/lib/rpm/rpmdb.sqlite files=1\n"
		       "file /usr/ok out -\n"
		       "note rpm /var/lib/rpm/rpmdb.sqlite 3 of its files have no clean path\n");
}

static void no_database_is_told(void **state)
{
	root_file(*state, DATABASE, "SQLite format 3, it says, and it is none");
	database_put(*state, SYSIMAGE "rpmdb.sqlite", "CREATE VIEW Packages AS SELECT 1 AS blob", NULL);
	expect(*state, "note rpm /var/lib/rpm/rpmdb.sqlite is no database of packages, or a damaged one\n"
		       "note rpm /usr/lib/sysimage/rpm/rpmdb.sqlite is no database of packages, or a damaged one\n");
}

static void no_regular_file_is_read(void **state)
{
	root_fifo(*state, DATABASE);
	root_fifo(*state, PLACE "Packages");
	plain_put(*state, SYSIMAGE "rpmdb.sqlite");
	root_fifo(*state, SYSIMAGE "rpmdb.sqlite-wal");
	expect(*state, PLAIN_AT("/usr/lib/sysimage/rpm/") "note rpm /var/lib/rpm/rpmdb.sqlite is no regular file\n"
							  "note rpm /usr/lib/sysimage/rpm/rpmdb.sqlite-wal is no "
							  "regular file\n");
}

static void a_gigantic_one_is_told(void **state)
{
	struct root *root = *state;
	_cleanup_close_ int fd = -EBADF;

	root_file(root, DATABASE, "");
	fd = openat(root->fd, DATABASE, O_WRONLY | O_CLOEXEC);
	assert_int_equal(ftruncate(fd, 1ll << 40), 0);
	expect(root, "note rpm /var/lib/rpm/rpmdb.sqlite is too large\n");
}

/* A place that is a link to itself, or to what is not in the image. */
static void places_that_lead_nowhere(void **state)
{
	root_link(*state, "var/lib/rpm", "rpm");
	root_link(*state, "usr/lib/sysimage/rpm", "/nowhere");
	expect(*state, "note rpm /var/lib/rpm/rpmdb.sqlite Too many levels of symbolic links\n");
}

#define ROOT_TEST(name) cmocka_unit_test_setup_teardown(name, root_setup, root_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOT_TEST(nothing),
		ROOT_TEST(packages_and_files),
		ROOT_TEST(none),
		ROOT_TEST(a_replaced_file_is_the_other_s),
		ROOT_TEST(texts_are_made),
		ROOT_TEST(both_places),
		ROOT_TEST(one_place_is_a_link_to_the_other),
		ROOT_TEST(an_empty_log_is_none),
		ROOT_TEST(what_is_in_the_log_counts),
		ROOT_TEST(what_is_written_meanwhile_is_read_again),
		ROOT_TEST(what_is_always_written_is_told),
		ROOT_TEST(another_s_log_is_told),
		ROOT_TEST(other_formats_are_told_as_not_read),
		ROOT_TEST(damaged_packages_are_counted),
		ROOT_TEST(paths_that_lead_out_are_refused),
		ROOT_TEST(no_database_is_told),
		ROOT_TEST(no_regular_file_is_read),
		ROOT_TEST(a_gigantic_one_is_told),
		ROOT_TEST(places_that_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
