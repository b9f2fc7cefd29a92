/* SPDX-License-Identifier: Apache-2.0 */
/* Databases of the test's own, good and broken, and one that containerd 1.6 wrote: 41 snapshots, in a tree of pages. */
#include "runtime/bolt.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bolt_write.h"

#define FIXTURE "tests/fixtures/containerd-snapshots.db"

static const struct bolt_item inner[] = { { .key = "id", .value = "\x07" }, { .key = "parent", .value = "p" }, { 0 } };
static const struct bolt_item middle[] = { { .key = "b", .items = inner },
					   { .key = "a", .value = "one" },
					   { .key = "c", .value = "x\0y", .size = 3 },
					   { 0 } };
static const struct bolt_item top[] = { { .key = "v1", .items = middle }, { .key = "version", .value = "6" }, { 0 } };

static int file_of(struct bolt_buffer buffer)
{
	int fd = memfd_create("bolt", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, buffer.data, buffer.size, 0), buffer.size);
	return fd;
}

/* ---- what is in it ---- */

struct get_row {
	const char *what;
	const char *path[4]; /* the last is a key */
	int status;
	const char *value;
};

static const struct get_row get_rows[] = {
	{ "at the top", { "version" }, 0, "6" },
	{ "in a bucket", { "v1", "a" }, 0, "one" },
	{ "in a bucket's", { "v1", "b", "parent" }, 0, "p" },
	{ "no such key", { "v1", "aa" }, -ENOENT, NULL },
	{ "before the first", { "v1", "" }, -ENOENT, NULL },
	{ "behind the last", { "v1", "d" }, -ENOENT, NULL },
	{ "no such bucket", { "v2", "a" }, -ENOENT, NULL },
	{ "a value is no bucket", { "version", "a" }, -ENOENT, NULL },
	{ "a bucket is no value", { "v1", "b" }, -ENOENT, NULL },
	{ "a NUL in a text", { "v1", "c" }, -EBADMSG, NULL },
};

struct get {
	const struct get_row *row;
	char *text;
};

static int get_call(struct bolt *bolt, void *data)
{
	const char *path[5] = { 0 };
	struct get *get = data;
	struct bolt_bucket bucket;
	size_t last = 0;
	int r;

	while (last + 1 < ARRAY_SIZE(get->row->path) && get->row->path[last + 1])
		last++;
	memcpy(path, get->row->path, last * sizeof(path[0]));
	r = bolt_bucket(bolt, path, &bucket);
	return r < 0 ? r : bolt_text(bolt, &bucket, get->row->path[last], &get->text);
}

static void values_are_found(void **state)
{
	struct bolt_buffer buffer = bolt_make(top);
	_cleanup_close_ int fd = file_of(buffer);

	(void)state;
	free(buffer.data);
	for (size_t i = 0; i < ARRAY_SIZE(get_rows); i++) {
		struct get get = { &get_rows[i], NULL };
		int r = bolt_read(fd, get_call, &get);

		if (r != get_rows[i].status || (r == 0 && strcmp(get.text, get_rows[i].value) != 0))
			fail_msg("%s: %s %s", get_rows[i].what, strerror(-r), get.text);
		free(get.text);
	}
}

struct each {
	char keys[4096];
	size_t entries, buckets;
	int answer; /* of the call, after the first */
};

static int each_entry(const struct bolt_entry *entry, void *data)
{
	struct each *each = data;

	(void)snprintf(each->keys + strlen(each->keys), sizeof(each->keys) - strlen(each->keys), "%.*s ",
		       (int)entry->key.size, (const char *)entry->key.data);
	each->entries++;
	each->buckets += entry->is_bucket;
	return each->answer;
}

static int each_v1(struct bolt *bolt, void *data)
{
	static const char *const path[] = { "v1", NULL };
	struct bolt_bucket bucket;
	int r = bolt_bucket(bolt, path, &bucket);

	return r < 0 ? r : bolt_each(bolt, &bucket, each_entry, data);
}

static void entries_come_in_order(void **state)
{
	struct bolt_buffer buffer = bolt_make(top);
	_cleanup_close_ int fd = file_of(buffer);
	struct each each = { .answer = 0 }, one = { .answer = 5 };

	(void)state;
	free(buffer.data);
	assert_int_equal(bolt_read(fd, each_v1, &each), 0);
	assert_string_equal(each.keys, "a b c ");
	assert_int_equal(each.buckets, 1);
	assert_int_equal(bolt_read(fd, each_v1, &one), 5);
	assert_string_equal(one.keys, "a ");
}

/* ---- a real one ---- */

static int snapshots_each(struct bolt *bolt, void *data)
{
	static const char *const path[] = { "v1", "snapshots", NULL };
	struct bolt_bucket bucket;
	int r = bolt_bucket(bolt, path, &bucket);

	return r < 0 ? r : bolt_each(bolt, &bucket, each_entry, data);
}

static int snapshot_parent(struct bolt *bolt, void *data)
{
	static const char *const path[] = { "v1", "snapshots", "default/24/box-22", NULL };
	struct bolt_bucket bucket;
	int r = bolt_bucket(bolt, path, &bucket);

	return r < 0 ? r : bolt_text(bolt, &bucket, "parent", data);
}

static void containerd_s_is_read(void **state)
{
	_cleanup_close_ int fd = open(FIXTURE, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *parent = NULL;
	struct each each = { .answer = 0 };

	(void)state;
	if (fd < 0)
		fail_msg("%s: %m (unit tests run from the project's root)", FIXTURE);
	assert_int_equal(bolt_read(fd, snapshots_each, &each), 0);
	assert_int_equal(each.entries, 41);
	assert_int_equal(each.buckets, 41);
	assert_int_equal(bolt_read(fd, snapshot_parent, &parent), 0);
	assert_string_equal(parent,
			    "default/2/sha256:53612b548659a4013c715a520ab6d060d31cd5fbde17c3714a5992fe0f653f1f");
}

/* ---- while it is written ---- */

struct writer {
	int fd;
	uint64_t transaction;
	unsigned calls, writes; /* made, and to be made */
};

static int write_meanwhile(struct bolt *bolt, void *data)
{
	struct writer *writer = data;
	uint8_t page[BOLT_PAGE];
	struct get get = { &get_rows[0], NULL };
	int r = get_call(bolt, &get);

	free(get.text);
	if (writer->calls++ < writer->writes) {
		bolt_meta(page, 0, 3, 4, ++writer->transaction);
		assert_int_equal(pwrite(writer->fd, page, sizeof(page), 0), sizeof(page));
	}
	return r;
}

static void what_changed_is_read_again(void **state)
{
	struct bolt_buffer buffer = bolt_make(top);
	_cleanup_close_ int fd = file_of(buffer);
	struct writer once = { fd, 11, 0, 1 }, always = { fd, 100, 0, 1000 };

	(void)state;
	free(buffer.data);
	assert_int_equal(bolt_read(fd, write_meanwhile, &once), 0);
	assert_int_equal(once.calls, 2);
	assert_int_equal(bolt_read(fd, write_meanwhile, &always), -EAGAIN);
	assert_int_equal(always.calls, BOLT_TRIES);
}

/* ---- broken ones ---- */

struct broken_row {
	const char *what;
	size_t offset;
	uint64_t value;
	size_t bytes;
	int status;
};

#define LEAF      (3 * BOLT_PAGE)
#define ELEMENT_0 (LEAF + 16) /* v1, a bucket */
#define VALUE_0   (ELEMENT_0 + 32 + 2)

/* One number of a good database, changed. */
static const struct broken_row broken_rows[] = {
	{ "the newer meta's checksum: the other counts", BOLT_PAGE + 72, 1, 8, 0 },
	{ "the older meta's checksum", 72, 1, 8, 0 },
	{ "another magic number in one", BOLT_PAGE + 16, 1, 4, 0 },
	{ "another version in one", 20, 3, 4, 0 },
	{ "a page that is another's", LEAF, 9, 8, -EBADMSG },
	{ "a page of no kind", LEAF + 8, 0, 2, -EBADMSG },
	{ "a page of free pages", LEAF + 8, 0x10, 2, -EBADMSG },
	{ "more elements than the page has room for", LEAF + 10, 0xffff, 2, -EBADMSG },
	{ "further pages behind the end", LEAF + 12, 0xffffffff, 4, -EBADMSG },
	{ "a key behind the end", ELEMENT_0 + 4, 0xfffffff0, 4, -EBADMSG },
	{ "a key longer than the page", ELEMENT_0 + 8, 0xffffffff, 4, -EBADMSG },
	{ "a value longer than the page", ELEMENT_0 + 12, 0xffffffff, 4, -EBADMSG },
	{ "a bucket too short for its head", ELEMENT_0 + 12, 8, 4, -EBADMSG },
	{ "a bucket too short for its page", ELEMENT_0 + 12, 20, 4, -EBADMSG },
	{ "a bucket on a meta page", VALUE_0, 1, 8, -EBADMSG },
	{ "a bucket behind the last page", VALUE_0, 4, 8, -EBADMSG },
	{ "a bucket far behind the last page", VALUE_0, UINT64_MAX, 8, -EBADMSG },
	{ "a bucket that is its own", VALUE_0, 3, 8, 0 },
	{ "no elements", LEAF + 10, 0, 2, -ENOENT },
};

static void damage_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken_rows); i++) {
		const struct broken_row *row = &broken_rows[i];
		struct bolt_buffer buffer = bolt_make(top);
		_cleanup_close_ int fd = -EBADF;
		struct each each = { .answer = 0 };
		int r;

		put(buffer.data + row->offset, row->value, row->bytes);
		fd = file_of(buffer);
		free(buffer.data);
		r = bolt_read(fd, each_v1, &each);
		if (r != row->status)
			fail_msg("%s: %s", row->what, strerror(-r));
	}
}

static void no_meta_no_database(void **state)
{
	struct bolt_buffer buffer = bolt_make(top);
	struct each each = { .answer = 0 };
	int fd;

	(void)state;
	put(buffer.data + 72, 1, 8);
	fd = file_of(buffer);
	assert_int_equal(bolt_read(fd, each_v1, &each), 0); /* the second is found by itself */
	put(buffer.data + BOLT_PAGE + 72, 1, 8);
	assert_int_equal(pwrite(fd, buffer.data, buffer.size, 0), buffer.size);
	assert_int_equal(bolt_read(fd, each_v1, &each), -EBADMSG);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(bolt_read(fd, each_v1, &each), -EBADMSG);
	assert_int_equal(close(fd), 0);
	assert_int_equal(bolt_read(-1, each_v1, &each), -EBADF);
	free(buffer.data);
}

/* Whatever its length, nothing is read behind the end. */
static void cut_ones_are_damaged(void **state)
{
	struct bolt_buffer buffer = bolt_make(top);
	_cleanup_close_ int fd = file_of(buffer);

	(void)state;
	for (size_t size = buffer.size - 1; size > 64; size -= 61) {
		struct each each = { .answer = 0 };

		assert_int_equal(ftruncate(fd, (off_t)size), 0);
		assert_int_equal(bolt_read(fd, each_v1, &each), -EBADMSG);
	}
	free(buffer.data);
}

/* A branch page that leads to itself: neither a look-up nor a walk goes on for ever. */
static void a_ring_of_pages_ends(void **state)
{
	struct bolt_buffer buffer = bolt_make(top);
	uint8_t *page = buffer.data + LEAF;
	struct each each = { .answer = 0 };
	struct get get = { &get_rows[0], NULL };
	int fd;

	(void)state;
	memset(page, 0, BOLT_PAGE);
	put(page, 3, 8);
	put(page + 8, 1, 2);
	put(page + 10, 2, 2);
	for (size_t i = 0; i < 2; i++)
		put(page + 16 + 16 * i + 8, 3, 8);
	fd = file_of(buffer);
	assert_int_equal(bolt_read(fd, get_call, &get), -EBADMSG);
	assert_int_equal(bolt_read(fd, each_v1, &each), -EBADMSG);
	assert_int_equal(close(fd), 0);
	free(buffer.data);
}

/* A page may claim to be as long as the file; the file as long as it likes. */
static void too_much_is_refused(void **state)
{
	const uint64_t pages = (uint64_t)BOLT_BYTES_MAX / BOLT_PAGE + 100;
	struct bolt_buffer buffer = bolt_make(top);
	struct each each = { .answer = 0 };
	int fd;

	(void)state;
	put(buffer.data + LEAF + 12, pages - 4, 4);
	bolt_meta(buffer.data, 0, 3, pages, 20);
	fd = file_of(buffer);
	assert_int_equal(ftruncate(fd, (off_t)(pages * BOLT_PAGE)), 0);
	assert_int_equal(bolt_read(fd, each_v1, &each), -EFBIG);
	assert_int_equal(close(fd), 0);
	free(buffer.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),     cmocka_unit_test(entries_come_in_order),
		cmocka_unit_test(containerd_s_is_read), cmocka_unit_test(what_changed_is_read_again),
		cmocka_unit_test(damage_is_seen),       cmocka_unit_test(no_meta_no_database),
		cmocka_unit_test(cut_ones_are_damaged), cmocka_unit_test(a_ring_of_pages_ends),
		cmocka_unit_test(too_much_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
