/* SPDX-License-Identifier: Apache-2.0 */
/* A data root of the test's own, file by file, and what may happen to one of its files. */
#ifndef PLM_TESTS_STORE_FILES_H
#define PLM_TESTS_STORE_FILES_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runtime/runtime.h"

#define HEX_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define HEX_3 "3333333333333333333333333333333333333333333333333333333333333333"
#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEX_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define HEX_D "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

/* The host's root, and in it the data root /store. */
static char dir[] = "/tmp/plimsoll-store-XXXXXX";

struct store_file {
	const char *path; /* below the data root */
	const char *text;
};

enum happens {
	NOTHING,
	GONE,     /* the file; or the directory, which is empty but for files */
	REPLACED, /* by `text` */
	LINKED,   /* a symbolic link where it was, to a file of the same content elsewhere */
	FOLDED,   /* the same of the directory that it is in */
	PIPE,     /* a FIFO where it was */
	HUGE,     /* its text, and spaces up to 17 MiB */
};

struct change {
	enum happens happens;
	const char *path;
	const char *text;
};

static inline void store_path(const char *path, char ret_path[static 1024])
{
	(void)snprintf(ret_path, 1024, "%s/store/%s", dir, path);
}

static inline void folders_make(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(path, 0700);
		*at = '/';
	}
}

static inline void bytes_write(const char *path, const void *bytes, size_t size)
{
	char full[1024];
	FILE *file;

	store_path(path, full);
	folders_make(full);
	file = fopen(full, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void store_write(const struct store_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bytes_write(files[i].path, files[i].text, strlen(files[i].text));
}

static inline int entry_remove(const char *path, const struct stat *stat_buf, int type, struct FTW *walk)
{
	(void)stat_buf;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline void tree_remove(const char *path)
{
	assert_int_equal(nftw(path, entry_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void link_make(const char *path)
{
	char other[1100];

	(void)snprintf(other, sizeof(other), "%s/elsewhere", dir);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
}

static inline void huge_make(const char *path)
{
	FILE *file = fopen(path, "ae");
	char spaces[4096];

	assert_non_null(file);
	memset(spaces, ' ', sizeof(spaces));
	for (size_t i = 0; i < 17 * 256; i++)
		assert_int_equal(fwrite(spaces, 1, sizeof(spaces), file), sizeof(spaces));
	assert_int_equal(fclose(file), 0);
}

static inline void change_make(const struct change *change)
{
	char path[1024];

	if (change->happens == NOTHING)
		return;
	store_path(change->path, path);
	switch (change->happens) {
	case GONE:
		tree_remove(path);
		break;
	case REPLACED:
		bytes_write(change->path, change->text, strlen(change->text));
		break;
	case FOLDED:
		*strrchr(path, '/') = '\0';
		link_make(path);
		break;
	case LINKED:
		link_make(path);
		break;
	case PIPE:
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0600), 0);
		break;
	default:
		huge_make(path);
	}
}

static inline int store_setup(void **state)
{
	(void)state;
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static inline int store_teardown(void **state)
{
	(void)state;
	return nftw(dir, entry_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Asks the source about `upper`, below the data root, or NULL: then that is one of the usual ones. */
static inline int store_ask(const char *upper, const char *path, const char *id, struct container_facts *ret_facts)
{
	char root[1024], full[1024];
	const char *const roots[] = { root, NULL };
	struct runtime_request request = { .path = path, .id = id, .upper = upper ? full : NULL };
	struct runtime_source *source = NULL;
	int r;

	store_path("", root);
	store_path(upper ?: "", full);
	root[strlen(root) - 1] = '\0';
	assert_int_equal(storage_ops.open(roots, dir, &source), 0);
	r = storage_ops.lookup(source, &request, ret_facts);
	runtime_close(source);
	return r;
}

static inline bool text_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* NULL: not told. */
struct store_expect {
	const char *id, *name;
	const char *image, *tag, *digest;
	const char *config; /* the image's id, where its configuration is known */
};

/* What is asked, and what must come of it. */
struct store_row {
	const char *what;
	struct change change;
	const char *upper, *id;
	int status;
	struct store_expect expect;
};

static inline bool facts_are(const struct container_facts *facts, const struct store_expect *expect)
{
	const char *config = facts->image ? facts->image->id : NULL;

	return text_same(facts->id, expect->id) && text_same(facts->name, expect->name) &&
	       text_same(facts->image_name, expect->image) && text_same(facts->image_tag, expect->tag) &&
	       text_same(facts->image_digest, expect->digest) && text_same(config, expect->config);
}

static inline void store_row_check(const struct store_row *row, const char *path, const char *runtime)
{
	struct container_facts facts = { 0 };
	int r = store_ask(row->upper, path, row->id, &facts);

	if (r != row->status)
		fail_msg("%s: %s", row->what, strerror(-r));
	if (r == 0 && (!facts_are(&facts, &row->expect) || !text_same(facts.runtime, runtime)))
		fail_msg("%s: id %s, name %s, runtime %s, image %s:%s@%s, config %s", row->what, facts.id, facts.name,
			 facts.runtime, facts.image_name, facts.image_tag, facts.image_digest,
			 facts.image ? facts.image->id : NULL);
	container_facts_clear(&facts);
}

#endif
