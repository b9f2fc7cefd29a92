// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "inventory/blob.h"
#include "inventory_touch.h"

#define _cleanup_builder_ _cleanup_(builder_freep)

static const struct inventory_file plain = { 0 };

static struct builder *begun(void)
{
	struct builder *builder = NULL;

	assert_int_equal(builder_new(&builder), 0);
	return builder;
}

static int room(void)
{
	int fd = memfd_create("inventory", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct inventory *written(const struct builder *builder)
{
	_cleanup_close_ int fd = room();
	struct inventory *inventory = NULL;

	assert_int_equal(builder_write(builder, fd), 0);
	assert_int_equal(inventory_open(fd, &inventory), 0);
	assert_true(touch_all(inventory));
	return inventory;
}

static uint32_t package_put(struct builder *builder, enum package_type type, const char *name, const char *version)
{
	const struct inventory_package package = { .type = type, .name = name, .version = version };
	uint32_t number = UINT32_MAX;

	assert_int_equal(builder_package(builder, &package, &number), 0);
	return number;
}

static struct inventory_file with_digest(const char *hex)
{
	struct inventory_file file = { 0 };

	assert_int_equal(digest_from_hex(DIGEST_MD5, hex, strlen(hex), &file.digest), 0);
	return file;
}

#define MD5_A "900150983cd24fb0d6963f7d28e17f72"
#define MD5_B "d41d8cd98f00b204e9800998ecf8427e"

/* ---- what goes in comes out ---- */

static void empty(void **state)
{
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = written(builder);
	struct inventory_system system = inventory_system(inventory);
	struct digest digest = with_digest(MD5_A).digest;
	struct inventory_file file;
	char path[PATH_MAX];

	(void)state;
	assert_null(system.id);
	assert_null(system.version);
	assert_null(system.name);
	assert_int_equal(inventory_package_count(inventory), 0);
	assert_int_equal(inventory_file_count(inventory), 0);
	assert_int_equal(inventory_unpackaged_count(inventory), 0);
	assert_int_equal(inventory_note_count(inventory), 0);
	assert_int_equal(inventory_digest_kind(inventory), DIGEST_NONE);
	assert_int_equal(inventory_find(inventory, "/bin/sh", &file), -ENOENT);
	assert_int_equal(inventory_find_digest(inventory, &digest, path), -ENOENT);
}

static void packages(void **state)
{
	static const struct inventory_package in[] = {
		{ PACKAGE_PYPI, "pip", "23.0", NULL, NULL, "MIT", "pkg:pypi/pip@23.0", "/usr/lib/x/METADATA", 0 },
		{ PACKAGE_DEB, "libc6", "2.36-9", "i386", "glibc", "LGPL", "pkg:deb/debian/libc6", "/s", 0 },
		{ PACKAGE_DEB, "libc6", "2.36-9", "amd64", "glibc", "", "pkg:deb/debian/libc6", "/s", 0 },
		{ PACKAGE_DEB, "bash", "5.2", "amd64", "bash", "GPL", "", "/s", 0 },
	};
	static const size_t order[] = { 3, 2, 1, 0 };
	const struct inventory_system system = { "debian", "12", "Debian GNU/Linux 12 (bookworm)" };
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	uint32_t number;

	(void)state;
	assert_int_equal(builder_system(builder, &system), 0);
	for (uint32_t i = 0; i < 2 * ARRAY_SIZE(in); i++) { /* each twice: they are the same */
		assert_int_equal(builder_package(builder, &in[i % ARRAY_SIZE(in)], &number), 0);
		assert_int_equal(number, i % ARRAY_SIZE(in));
	}
	inventory = written(builder);
	assert_string_equal(inventory_system(inventory).id, "debian");
	assert_string_equal(inventory_system(inventory).version, "12");
	assert_string_equal(inventory_system(inventory).name, "Debian GNU/Linux 12 (bookworm)");
	assert_int_equal(inventory_package_count(inventory), ARRAY_SIZE(in));
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		const struct inventory_package out = inventory_package(inventory, i), *expected = &in[order[i]];
		const char *const texts[][2] = {
			{ out.name, expected->name },         { out.version, expected->version },
			{ out.origin, expected->origin },     { out.architecture, expected->architecture },
			{ out.license, expected->license },   { out.purl, expected->purl },
			{ out.location, expected->location },
		};

		assert_int_equal(out.type, expected->type);
		assert_int_equal(out.files, 0);
		for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
			if (texts[t][1] && texts[t][1][0])
				assert_string_equal(texts[t][0], texts[t][1]);
			else
				assert_null(texts[t][0]);
	}
}

static void files(void **state)
{
	static const struct {
		const char *path, *md5;
		uint32_t flags;
	} rows[] = {
		{ "/usr/bin/ls", MD5_A, 0 },
		{ "/usr/bin/[", MD5_B, 0 },
		{ "/etc/x.conf", MD5_A, INVENTORY_FILE_CONFIG },
		{ "/init", NULL, INVENTORY_FILE_GHOST },
		{ "/usr/b", NULL, 0 },
		{ "/usr/bin\x01/\x1b[2J", MD5_B, 0 },
		{ "/usr/\xff\xfe/a b", NULL, 0 },
	};
	static const char *const order[] = { "/init",       "/etc/x.conf",          "/usr/b",           "/usr/bin/[",
					     "/usr/bin/ls", "/usr/bin\x01/\x1b[2J", "/usr/\xff\xfe/a b" };
	static const char *const absent[] = { "/",  "/usr", "/usr/bin",     "/usr/bin/", "/usr/bin/l", "/usr/bin/lss",
					      "ls", "",     "/usr//bin/ls", "/in",       "/initx" };
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	uint32_t b = package_put(builder, PACKAGE_DEB, "b", "1"), a = package_put(builder, PACKAGE_DEB, "a", "1");
	char path[PATH_MAX];
	struct inventory_file file;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		file = rows[i].md5 ? with_digest(rows[i].md5) : plain;
		file.flags = rows[i].flags;
		assert_false(builder_owns(builder, rows[i].path));
		assert_int_equal(builder_own(builder, i % 2 ? a : b, rows[i].path, &file), 0);
		assert_true(builder_owns(builder, rows[i].path));
	}
	assert_int_equal(builder_file_count(builder), ARRAY_SIZE(rows));
	assert_string_equal(builder_file_path(builder, 3, path), "/init");
	assert_int_equal(builder_file(builder, 2).flags, INVENTORY_FILE_CONFIG);
	builder_verified(builder, 1, VERIFIED_DIFFERS);

	inventory = written(builder);
	assert_int_equal(inventory_digest_kind(inventory), DIGEST_MD5);
	assert_int_equal(inventory_package(inventory, 0).files, 3);
	assert_int_equal(inventory_package(inventory, 1).files, 4);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		(void)inventory_file(inventory, i, path);
		assert_string_equal(path, order[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inventory_file expected = rows[i].md5 ? with_digest(rows[i].md5) : plain;

		expected.package = i % 2 ? 0 : 1;
		expected.flags = rows[i].flags;
		expected.verified = i == 1 ? VERIFIED_DIFFERS : VERIFIED_NOT;
		assert_int_equal(inventory_find(inventory, rows[i].path, &file), 0);
		assert_memory_equal(&file, &expected, sizeof(file));
	}
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		assert_int_equal(inventory_find(inventory, absent[i], &file), -ENOENT);
}

static void owners(void **state)
{
	const struct inventory_file digest = with_digest(MD5_A), other = with_digest(MD5_B);
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	uint32_t deb = package_put(builder, PACKAGE_DEB, "python3-six", "1"),
		 pypi = package_put(builder, PACKAGE_PYPI, "six", "1");
	struct inventory_file file;

	(void)state;
	assert_int_equal(builder_own(builder, deb, "/six.py", &plain), 0);
	assert_int_equal(builder_own(builder, pypi, "/six.py", &digest), 0); /* known better */
	assert_int_equal(builder_own(builder, pypi, "/six.py", &other), 0);  /* not any more */
	assert_int_equal(builder_own(builder, deb, "/six.py", &plain), 0);
	inventory = written(builder);
	assert_int_equal(inventory_file_count(inventory), 1);
	assert_int_equal(inventory_find(inventory, "/six.py", &file), 0);
	assert_int_equal(inventory_package(inventory, file.package).type, PACKAGE_DEB);
	assert_true(digest_equal(&file.digest, &digest.digest));
}

static void unpackaged(void **state)
{
	static const char *const in[] = { "/opt/tool", "/usr/bin/zz", "/a", "/opt/lib/x.so" }, *const order[] = {
		"/a", "/opt/tool", "/opt/lib/x.so", "/usr/bin/zz"
	};
	const struct digest none = { .kind = DIGEST_NONE }, known = with_digest(MD5_A).digest;
	const struct inventory_file shipped = with_digest(MD5_B);
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	char path[PATH_MAX];
	struct inventory_file file;

	(void)state;
	assert_int_equal(builder_own(builder, package_put(builder, PACKAGE_APK, "p", "1"), "/usr/bin/a", &shipped), 0);
	for (size_t i = 0; i < ARRAY_SIZE(in); i++)
		assert_int_equal(builder_unpackaged(builder, in[i], i == 1 ? &known : &none), 0);
	inventory = written(builder);
	assert_int_equal(inventory_unpackaged_count(inventory), ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		inventory_unpackaged(inventory, i, path);
		assert_string_equal(path, order[i]);
		assert_int_equal(inventory_find(inventory, path, &file), -ENOENT);
	}
	assert_int_equal(inventory_find_digest(inventory, &known, path), 0);
	assert_string_equal(path, "/usr/bin/zz");
	assert_int_equal(inventory_find_digest(inventory, &shipped.digest, path), 0);
	assert_string_equal(path, "/usr/bin/a");
	assert_int_equal(inventory_find_digest(inventory, &none, path), -ENOENT);
}

static void notes(void **state)
{
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;

	(void)state;
	builder_note(builder, "dpkg", "/var/lib/dpkg/status", "its entry %d is cut short", 3);
	builder_note(builder, "walk", NULL, "%s", "more");
	inventory = written(builder);
	assert_int_equal(inventory_note_count(inventory), 2);
	assert_string_equal(inventory_note(inventory, 0).source, "dpkg");
	assert_string_equal(inventory_note(inventory, 0).path, "/var/lib/dpkg/status");
	assert_string_equal(inventory_note(inventory, 0).reason, "its entry 3 is cut short");
	assert_null(inventory_note(inventory, 1).path);
}

/* ---- refusals and bounds ---- */

static void refusals(void **state)
{
	static const char *const paths[] = { "",          "/",          "usr/bin/ls", "/usr//ls",
					     "/usr/./ls", "/usr/../ls", "/usr/ls/",   "/.." };
	static const struct inventory_package bad[] = {
		{ .type = PACKAGE_DEB, .name = NULL },
		{ .type = PACKAGE_DEB, .name = "" },
		{ .type = PACKAGE_TYPES, .name = "x" },
		{ .type = (enum package_type) - 1, .name = "x" },
	};
	_cleanup_builder_ struct builder *builder = begun();
	uint32_t number = package_put(builder, PACKAGE_DEB, "a", "1"), untouched = 7;
	const struct digest none = { .kind = DIGEST_NONE };
	char long_path[PATH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(long_path) - 1; i++)
		long_path[i] = i % 200 ? 'a' : '/';
	long_path[sizeof(long_path) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(paths) + 1; i++) {
		const char *path = i < ARRAY_SIZE(paths) ? paths[i] : long_path;

		assert_int_equal(builder_own(builder, number, path, &plain), -EINVAL);
		assert_int_equal(builder_unpackaged(builder, path, &none), -EINVAL);
		assert_false(builder_owns(builder, path));
	}
	assert_int_equal(builder_own(builder, number + 1, "/a", &plain), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(builder_package(builder, &bad[i], &untouched), -EINVAL);
	assert_int_equal(untouched, 7);
	assert_int_equal(builder_file_count(builder), 0);
	assert_int_equal(builder_write(builder, -EBADF), -EBADF);
}

static void long_strings(void **state)
{
	static char text[3 * BUILDER_STRING_MAX];
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	char path[PATH_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	(void)package_put(builder, PACKAGE_NPM, text, text);
	builder_note(builder, "npm", text, "%s", text);
	/* the longest path there is */
	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 255 ? 'a' : '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(builder_own(builder, 0, path, &plain), 0);
	inventory = written(builder);
	assert_int_equal(strlen(inventory_package(inventory, 0).name), BUILDER_STRING_MAX);
	assert_int_equal(strlen(inventory_note(inventory, 0).path), BUILDER_STRING_MAX);
}

/* One note of it, whatever more comes. */
static void noted_once(const struct builder *builder, const char *what)
{
	_cleanup_inventory_ struct inventory *inventory = written(builder);

	assert_int_equal(inventory_note_count(inventory), 1);
	assert_non_null(strstr(inventory_note(inventory, 0).reason, what));
}

static void bound_packages(void **state)
{
	_cleanup_builder_ struct builder *builder = begun();
	struct inventory_package package = { .type = PACKAGE_NPM };
	uint32_t number;
	char name[16];

	(void)state;
	package.name = name;
	for (size_t i = 0; i < BUILDER_PACKAGES_MAX + 2; i++) {
		(void)snprintf(name, sizeof(name), "p%zu", i);
		assert_int_equal(builder_package(builder, &package, &number), i < BUILDER_PACKAGES_MAX ? 0 : -ENOSPC);
	}
	noted_once(builder, "packages");
}

static void bound_files(void **state)
{
	_cleanup_builder_ struct builder *builder = begun();
	uint32_t number = package_put(builder, PACKAGE_NPM, "p", NULL);
	char path[64];

	(void)state;
	for (size_t i = 0; i < BUILDER_FILES_MAX + 2; i++) {
		(void)snprintf(path, sizeof(path), "/d%zu/f%zu", i / 4096, i % 4096);
		assert_int_equal(builder_own(builder, number, path, &plain), i < BUILDER_FILES_MAX ? 0 : -ENOSPC);
	}
	noted_once(builder, "files");
}

static void bound_unpackaged(void **state)
{
	const struct digest none = { .kind = DIGEST_NONE };
	_cleanup_builder_ struct builder *builder = begun();
	char path[64];

	(void)state;
	for (size_t i = 0; i < BUILDER_UNPACKAGED_MAX + 2; i++) {
		(void)snprintf(path, sizeof(path), "/f%zu", i);
		assert_int_equal(builder_unpackaged(builder, path, &none), i < BUILDER_UNPACKAGED_MAX ? 0 : -ENOSPC);
	}
	noted_once(builder, "executables that no package owns");
}

static void bound_text(void **state)
{
	static char license[BUILDER_STRING_MAX];
	_cleanup_builder_ struct builder *builder = begun();
	struct inventory_package package = { .type = PACKAGE_NPM, .name = "p", .license = license };
	size_t taken = 0;
	uint32_t number;
	int r = 0;

	(void)state;
	memset(license, 'x', sizeof(license) - 1);
	for (unsigned i = 0; r == 0 && i < 2 * (BUILDER_TEXT_MAX / BUILDER_STRING_MAX); i++) {
		license[snprintf(license, sizeof(license), "%u", i)] = 'x';
		package.version = NULL;
		r = builder_package(builder, &package, &number);
		taken += r == 0;
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(builder_package(builder, &package, &number), -ENOSPC);
	assert_true(taken > 0);
}

static void bound_notes(void **state)
{
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_inventory_ struct inventory *inventory = NULL;

	(void)state;
	for (int i = 0; i < 3 * BUILDER_NOTES_MAX; i++)
		builder_note(builder, "dpkg", NULL, "%d", i);
	inventory = written(builder);
	assert_int_equal(inventory_note_count(inventory), BUILDER_NOTES_MAX);
	assert_string_equal(inventory_note(inventory, 0).reason, "0");
}

/* ---- what somebody else wrote ---- */

static size_t blob_small(uint8_t *bytes, size_t size)
{
	const struct inventory_system system = { "debian", "12", NULL };
	const struct digest none = { .kind = DIGEST_NONE };
	_cleanup_builder_ struct builder *builder = begun();
	_cleanup_close_ int fd = room();
	struct inventory_file file = with_digest(MD5_A);
	uint32_t a = package_put(builder, PACKAGE_DEB, "a", "1"), b = package_put(builder, PACKAGE_NPM, "b", "2");
	ssize_t have;

	assert_int_equal(builder_system(builder, &system), 0);
	assert_int_equal(builder_own(builder, a, "/bin/a", &file), 0);
	assert_int_equal(builder_own(builder, b, "/lib/b", &plain), 0);
	assert_int_equal(builder_own(builder, b, "/lib/c", &plain), 0);
	assert_int_equal(builder_unpackaged(builder, "/bin/x", &none), 0);
	assert_int_equal(builder_unpackaged(builder, "/x", &file.digest), 0);
	builder_note(builder, "npm", "/p", "bad");
	assert_int_equal(builder_write(builder, fd), 0);
	have = pread(fd, bytes, size, 0);
	assert_true(have > (ssize_t)sizeof(struct blob_head) && have < (ssize_t)size);
	return (size_t)have;
}

/* 1: opened, and all that it answers was looked at. */
static int opened(const void *bytes, size_t size)
{
	_cleanup_close_ int fd = room();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	int r;

	assert_int_equal(pwrite(fd, bytes, size, 0), size);
	r = inventory_open(fd, &inventory);
	assert_true((r == 0) == (inventory != NULL));
	if (r < 0)
		return r;
	assert_true(touch_all(inventory));
	return 1;
}

static void cut_short(void **state)
{
	uint8_t bytes[4096];
	size_t size = blob_small(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(opened(bytes, size), 1);
	for (size_t cut = 0; cut < size; cut++)
		assert_int_equal(opened(bytes, cut), -EBADMSG);
	bytes[size] = 0;
	assert_int_equal(opened(bytes, size + 1), -EBADMSG);
}

static void bytes_flipped(void **state)
{
	static const uint8_t flips[] = { 0x01, 0x10, 0x80, 0xff };
	uint8_t bytes[4096];
	size_t size = blob_small(bytes, sizeof(bytes)), refused = 0;

	(void)state;
	for (size_t at = 0; at < size; at++) {
		for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
			int r;

			bytes[at] ^= flips[i];
			r = opened(bytes, size);
			bytes[at] ^= flips[i];
			assert_true(r == 1 || r == -EBADMSG || r == -EPROTONOSUPPORT);
			if (at < sizeof(((struct blob_head *)0)->magic))
				assert_int_equal(r, -EBADMSG);
			refused += r < 0;
		}
	}
	assert_true(refused > size); /* most of it is structure */
}

static void version(void **state)
{
	uint8_t bytes[4096];
	size_t size = blob_small(bytes, sizeof(bytes));

	(void)state;
	((struct blob_head *)(void *)bytes)->version++;
	assert_int_equal(opened(bytes, size), -EPROTONOSUPPORT);
}

static void sizes(void **state)
{
	_cleanup_close_ int fd = room(), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct inventory *inventory = NULL;

	(void)state;
	assert_int_equal(ftruncate(fd, (off_t)INVENTORY_BLOB_MAX + 1), 0);
	assert_int_equal(inventory_open(fd, &inventory), -EFBIG);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(inventory_open(fd, &inventory), -EBADMSG);
	assert_int_equal(inventory_open(null, &inventory), -EBADMSG);
	assert_int_equal(inventory_open(-EBADF, &inventory), -EBADF);
	assert_null(inventory);
}

/* Many files that all name one endless string: to look at it for each would take minutes. */
#define ENDLESS (8u << 20)
#define NAMING  500000u

struct endless {
	struct blob_head head;
	struct blob_package package;
	struct blob_directory directory;
	struct blob_file files[NAMING];
	char strings[ENDLESS];
};

static void endless_string(void **state)
{
	struct endless *blob = calloc(1, sizeof(*blob));
	struct blob_extent *sections;

	(void)state;
	assert_non_null(blob);
	sections = blob->head.sections;
	blob->head.version = BLOB_VERSION;
	memcpy(blob->head.magic, BLOB_MAGIC, sizeof(blob->head.magic));
	blob->head.size = sizeof(*blob);
	for (size_t i = 0; i < BLOB_SECTIONS; i++)
		sections[i].offset = offsetof(struct endless, package);
	sections[BLOB_STRINGS] = (struct blob_extent){ offsetof(struct endless, strings), ENDLESS };
	sections[BLOB_PACKAGES].count = 1;
	sections[BLOB_DIRECTORIES] = (struct blob_extent){ offsetof(struct endless, directory), 1 };
	sections[BLOB_FILES] = (struct blob_extent){ offsetof(struct endless, files), NAMING };
	memcpy(blob->strings + 1, "/", 2);
	memcpy(blob->strings + 3, "p", 2);
	memset(blob->strings + 5, 'a', ENDLESS - 6);
	blob->package.type = PACKAGE_DEB;
	blob->package.name = 3;
	blob->directory = (struct blob_directory){ .path = 1, .count = NAMING };
	for (uint32_t i = 0; i < NAMING; i++)
		blob->files[i].name = 5 + i;
	assert_int_equal(opened(blob, sizeof(*blob)), -EBADMSG);
	free(blob);
}

/* ---- what it costs ---- */

static long pss_kib(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		(void)sscanf(line, "Pss: %ld", &kib);
	return kib;
}

#define LARGE_FILES 50000

static void large_path(size_t number, char path[static PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "/usr/share/doc/package-number-%zu/examples/%zu-some-file.txt", number / 12,
		       number * 7919 % 100003);
}

static void large_build(int fd)
{
	_cleanup_builder_ struct builder *builder = begun();
	char path[PATH_MAX], name[16];

	for (size_t i = 0; i < LARGE_FILES; i++) {
		struct inventory_file file = with_digest(MD5_A);
		uint32_t number;

		memcpy(file.digest.bytes, &i, sizeof(i));
		large_path(i, path);
		(void)snprintf(name, sizeof(name), "package-%zu", i % 400);
		number = package_put(builder, PACKAGE_DEB, name, "1.0-1");
		assert_int_equal(builder_own(builder, number, path, &file), 0);
	}
	assert_int_equal(builder_write(builder, fd), 0);
}

static void fifty_thousand_files(void **state)
{
	_cleanup_close_ int fd = room();
	_cleanup_inventory_ struct inventory *inventory = NULL;
	struct inventory_file file;
	char path[PATH_MAX];
	long before;

	(void)state;
	large_build(fd);
	assert_true(lseek(fd, 0, SEEK_END) < 4500000);
	before = pss_kib();
	assert_int_equal(inventory_open(fd, &inventory), 0);
	assert_int_equal(inventory_file_count(inventory), LARGE_FILES);
	for (size_t i = 0; i < LARGE_FILES; i += 50) {
		large_path(i, path);
		assert_int_equal(inventory_find(inventory, path, &file), 0);
	}
	if (before < 0)
		skip();
	assert_true(pss_kib() - before < 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(packages),
		cmocka_unit_test(files),
		cmocka_unit_test(owners),
		cmocka_unit_test(unpackaged),
		cmocka_unit_test(notes),
		cmocka_unit_test(refusals),
		cmocka_unit_test(long_strings),
		cmocka_unit_test(bound_packages),
		cmocka_unit_test(bound_files),
		cmocka_unit_test(bound_unpackaged),
		cmocka_unit_test(bound_text),
		cmocka_unit_test(bound_notes),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(bytes_flipped),
		cmocka_unit_test(version),
		cmocka_unit_test(sizes),
		cmocka_unit_test(endless_string),
		cmocka_unit_test(fifty_thousand_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
