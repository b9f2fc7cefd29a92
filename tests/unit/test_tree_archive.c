// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "archive_make.h"
#include "inventory/archive_layer.h"
#include "inventory/tree_archive.h"

#define _cleanup_tree_ _cleanup_(tree_freep)

/* ---- what a tree shows ---- */

struct shown {
	struct tree *tree;
	FILE *out;
	size_t entries;
};

static int show_entry(const struct tree_entry *entry, void *data)
{
	static const char *const marks[] = {
		[TREE_OTHER] = "?", [TREE_FILE] = "=", [TREE_DIRECTORY] = "/", [TREE_LINK] = "@"
	};
	struct shown *shown = data;
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (entry->type == TREE_FILE) {
		assert_int_equal(tree_read(shown->tree, entry->path, 4096, &text, &size), 0);
		assert_int_equal(size, entry->size);
	}
	fprintf(shown->out, "%s%s%s%s", shown->entries++ ? " " : "", entry->path, marks[entry->type], text ?: "");
	return 0;
}

/* Each path with a mark of what it is, and what a file holds: "/a/ /a/x=1 /link@ /fifo?". */
static char *show(struct tree *tree)
{
	struct shown shown = { .tree = tree };
	char *text = NULL;
	size_t size;

	shown.out = open_memstream(&text, &size);
	assert_non_null(shown.out);
	assert_int_equal(tree_walk(tree, NULL, show_entry, &shown), 0);
	assert_int_equal(fclose(shown.out), 0);
	return text;
}

/* `fd` is closed. The spool stays open with the process. */
static int tree_of(int fd, const char *reference, struct tree **ret_tree)
{
	int spool = memory_file(NULL), r = tree_archive_new(fd, spool, reference, ret_tree);

	(void)close(fd);
	if (r < 0)
		(void)close(spool);
	return r;
}

static void must_show(int fd, const char *reference, int expected, const char *text)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_free_ char *shown = NULL;

	assert_int_equal(tree_of(fd, reference, &tree), expected);
	assert_int_equal(tree != NULL, expected == 0);
	if (!tree)
		return;
	shown = show(tree);
	assert_string_equal(shown, text);
}

/* ---- layers ---- */

static void merging(void **state)
{
	static const struct {
		const char *layers, *expected;
	} rows[] = {
		{ "", "" },
		{ "./", "" },
		{ "a/ a/x=1 l->a p?", "/a/ /a/x=1 /l@ /p?" },
		{ "b=2 a=1 c/ a.b=3", "/a=1 /a.b=3 /b=2 /c/" },
		{ "a/b/c=1", "/a/ /a/b/ /a/b/c=1" },
		/* directories merge, all else is replaced */
		{ "a/ a/x=1 a/y=1|a/ a/y=2 a/z=2", "/a/ /a/x=1 /a/y=2 /a/z=2" },
		{ "a/x=1|a/y=2", "/a/ /a/x=1 /a/y=2" },
		{ "a/x=1|a=2", "/a=2" },
		{ "a=1|a/", "/a/" },
		{ "a=1|a/x=2", "/a/ /a/x=2" },
		{ "a/x=1|a->b", "/a@" },
		{ "a/x=1|a=2|a/", "/a/" },
		{ "a/b/x=1|a=2|a/b/y=3", "/a/ /a/b/ /a/b/y=3" },
		/* whiteouts */
		{ "a/x=1 b=1|a/.wh.x=", "/a/ /b=1" },
		{ "a/x=1 b=1|.wh.a=", "/b=1" },
		{ "a/x=1|.wh.a=|a/", "/a/" },
		{ "a/x=1|.wh.a=|a/y=3", "/a/ /a/y=3" },
		{ "a=1|.wh.b=", "/a=1" },
		{ "a/x=1|.wh.a/", "" },
		{ "a=1|b/.wh.a=", "/a=1 /b/" },
		{ "l->a a=1|.wh.l=", "/a=1" },
		{ ".wh.a=|a=1", "/a=1" },
		/* they mean nothing to their own layer, before or after */
		{ "a=1 .wh.a=", "/a=1" },
		{ ".wh.a= a=1", "/a=1" },
		{ "a/x=1|a/y=2 .wh.a=", "/a/ /a/y=2" },
		{ "a/x=1|.wh.a= a/y=2", "/a/ /a/y=2" },
		{ "a/x=1|a/ .wh.a=", "/a/" },
		{ "a=1|a=2 .wh.a=", "/a=2" },
		{ "a=1|.wh.a= a=2", "/a=2" },
		{ "a/b/x=1|a/.wh.b= a/b/y=2", "/a/ /a/b/ /a/b/y=2" },
		/* opaque */
		{ "a/x=1 b=1|a/ a/.wh..wh..opq=", "/a/ /b=1" },
		{ "a/x=1|a/.wh..wh..opq= a/y=2", "/a/ /a/y=2" },
		{ "a/x=1|a/y=2 a/.wh..wh..opq=", "/a/ /a/y=2" },
		{ "a/b/x=1|a/b/y=2 a/.wh..wh..opq=", "/a/ /a/b/ /a/b/y=2" },
		{ "a/b/c/x=1|a/b/c/y=2 a/.wh..wh..opq=", "/a/ /a/b/ /a/b/c/ /a/b/c/y=2" },
		{ "a/b/x=1|a/.wh..wh..opq=|a/b/", "/a/ /a/b/" },
		{ "a/x=1 b=1|.wh..wh..opq= c=2", "/c=2" },
		{ "a/x=1|a/y=2|a/.wh..wh..opq= a/z=3", "/a/ /a/z=3" },
		{ "a=1|a/.wh..wh..opq= a/y=2", "/a/ /a/y=2" },
		/* of a name the last entry counts */
		{ "a=1 a=2", "/a=2" },
		{ "a=1 a/ a/x=1", "/a/ /a/x=1" },
		{ "a/x=1 a=2 a/", "/a/" },
		{ "a/x=1 a/", "/a/ /a/x=1" },
		{ "a->b a=1", "/a=1" },
		/* hard links */
		{ "a=1 b=>a", "/a=1 /b=1" },
		{ "a=1 b=>a a=2", "/a=2 /b=1" },
		{ "a=1 b=>a|.wh.a=", "/b=1" },
		{ "a=1 b=>a|a=2", "/a=2 /b=1" },
		{ "a=1|b=>a", "/a=1 /b=1" },
		{ "a=1|a=2|b=>a", "/a=2 /b=2" },
		{ "a->t b=>a", "/a@ /b@" },
		{ "d/x=1 l->d|b=>l/x", "/b=1 /d/ /d/x=1 /l@" },
		{ "a=1 a=>a", "/a=1" },
		/* a link of this very layer is followed, one of a layer below is in the way */
		{ "usr/lib/ lib->usr/lib lib/x=1", "/lib@ /usr/ /usr/lib/ /usr/lib/x=1" },
		{ "usr/lib/ lib->usr/lib|lib/x=1", "/lib/ /lib/x=1 /usr/ /usr/lib/" },
		{ "usr/lib/ lib->usr/lib|lib->usr/lib lib/x=1", "/lib@ /usr/ /usr/lib/ /usr/lib/x=1" },
		{ "a->b b->c/d a/x=1", "/a@ /b@ /c/ /c/d/ /c/d/x=1" },
		{ "u/x=1|l->u l/.wh.x=", "/l@ /u/" },
		/* nothing leads out */
		{ "l->../../.. l/x=1", "/l@ /x=1" },
		{ "l->/ l/x=1", "/l@ /x=1" },
		{ "l->/etc/../../up l/x=1", "/etc/ /l@ /up/ /up/x=1" },
		{ "/a=1", "/a=1" },
		{ "//a//b=1 ./c=1 ./x/../d=1 e/./f=1", "/a/ /a/b=1 /c=1 /d=1 /e/ /e/f=1" },
		/* aufs's own, and a whiteout's name that is none */
		{ "a=1|.wh..wh.plnk/ .wh..wh.aufs= a/.wh=2", "/a/ /a/.wh=2" },
		{ "a=1|.wh..wh..opq.x=", "/a=1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		must_show(layout_tar(rows[i].layers), NULL, 0, rows[i].expected);
}

static void refused(void **state)
{
	static const struct {
		const char *layers;
		int expected;
	} rows[] = {
		{ "../a=1", -EBADMSG },
		{ "a/../../b=1", -EBADMSG },
		{ "/..=1", -EBADMSG },
		{ ".=1", -EBADMSG }, /* "/" is a directory */
		{ "a=1 b=>../a", -EBADMSG },
		{ "a/x=1|a/.wh.=", -EBADMSG },
		{ "a/x=1|a/.wh..=", -EBADMSG },
		{ "a/x=1|a/.wh...=", -EBADMSG },
		{ "b=>a", -EBADMSG },
		{ "b=>a/x", -EBADMSG },
		{ "a/ b=>a", -EBADMSG },
		{ "a=1 b=>a/x", -EBADMSG },
		{ "a/x=1 a=2 b=>a/x", -EBADMSG },
		{ "a=1|.wh.a= b=>a", -EBADMSG },
		{ "a/x=1|a/.wh..wh..opq= b=>a/x", -EBADMSG },
		{ "l->l l/x=1", -ELOOP },
		{ "a->b b->a a/x=1", -ELOOP },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		must_show(layout_tar(rows[i].layers), NULL, rows[i].expected, NULL);
}

/* ---- single entries ---- */

/* A link's way is no other than a name's. */
static void long_link(void **state)
{
	char target[258];
	struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);

	(void)state;
	(void)snprintf(target, sizeof(target), "%0256d", 0);
	maker_add(layer, &(struct member){ .name = "l", .type = TAR_LINK, .link = target });
	maker_file(layer, "l/x", "", 0);
	must_show(saved_tar(maker_end(layer)), NULL, -ENAMETOOLONG, NULL);
}

/* Any bytes but NUL are a name's: NAME_MAX of them at most, and PATH_MAX of a path. As GNU writes them, and pax. */
static void names(void **state)
{
	char longest[257], longer[258], path_longest[PATH_MAX], path_longer[PATH_MAX + 1];
	const struct {
		const char *name;
		int expected;
	} rows[] = {
		{ "/uml\303\244ut", 0 },
		{ "/\377\376", 0 },
		{ "/a\nb\033[31m\001", 0 },
		{ "/a b=c", 0 },
		{ longest, 0 },
		{ longer, -ENAMETOOLONG },
		{ path_longest, 0 },
		{ path_longer, -ENAMETOOLONG },
	};

	(void)state;
	(void)snprintf(longest, sizeof(longest), "/%0255d", 0);
	(void)snprintf(longer, sizeof(longer), "/%0256d", 0);
	for (size_t i = 0; i < sizeof(path_longer); i++)
		path_longest[i % PATH_MAX] = path_longer[i] = i % 128 ? 'd' : '/';
	path_longest[PATH_MAX - 1] = path_longer[PATH_MAX] = '\0';
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		_cleanup_tree_ struct tree *tree = NULL;
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);
		const char *name = rows[i / 2].name;
		char path[PATH_MAX];

		if (i % 2)
			maker_pax(layer, name);
		maker_file(layer, i % 2 ? "short" : name, "text", 4);
		assert_int_equal(tree_of(saved_tar(maker_end(layer)), NULL, &tree), rows[i / 2].expected);
		if (!tree)
			continue;
		assert_int_equal(tree_open(tree, name, &file), 0);
		assert_int_equal(tree_canonical(tree, name, path), 0);
		assert_string_equal(path, name);
	}
}

static int count_entry(const struct tree_entry *entry, void *data)
{
	size_t *count = data;

	(void)entry;
	++*count;
	return 0;
}

/* What lies deeper than a walk goes is passed over, and told. */
static void deep(void **state)
{
	static const struct {
		int levels, expected;
		size_t count;
	} rows[] = {
		{ TREE_DEPTH_MAX, 0, TREE_DEPTH_MAX + 1 },
		{ TREE_DEPTH_MAX + 1, -E2BIG, TREE_DEPTH_MAX + 1 },
		{ 1000, -E2BIG, TREE_DEPTH_MAX + 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_tree_ struct tree *tree = NULL;
		struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);
		char name[PATH_MAX] = "";
		size_t count = 0;

		for (int level = 0; level < rows[i].levels; level++)
			strcat(name, "/d");
		maker_add(layer, &(struct member){ .name = name, .type = TAR_DIRECTORY });
		maker_file(layer, "/z", "", 0);
		assert_int_equal(tree_of(saved_tar(maker_end(layer)), NULL, &tree), 0);
		assert_int_equal(tree_walk(tree, NULL, count_entry, &count), rows[i].expected);
		assert_int_equal(count, rows[i].count);
	}
}

static int mode_entry(const struct tree_entry *entry, void *data)
{
	char *text = data;

	(void)sprintf(text + strlen(text), "%s:%o:%d ", entry->path, entry->mode, (int)entry->size);
	return 0;
}

static void modes(void **state)
{
	static const struct member rows[] = {
		{ .name = "/", .type = TAR_DIRECTORY, .mode = 0700 },
		{ .name = "s", .type = TAR_FILE, .mode = 04711 },
		{ .name = "t/", .type = TAR_DIRECTORY, .mode = 01777 },
		{ .name = "u/v", .type = TAR_FILE, .mode = 0 },
	};
	_cleanup_tree_ struct tree *tree = NULL;
	struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);
	char text[256] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		maker_add(layer, &rows[i]);
	assert_int_equal(tree_of(saved_tar(maker_end(layer)), NULL, &tree), 0);
	assert_string_equal(tree_archive_image(tree)->name, "n:1");
	assert_int_equal(tree_walk(tree, NULL, mode_entry, text), 0);
	assert_string_equal(text, "/s:4711:0 /t:1777:0 /u:755:0 /u/v:0:0 ");
}

/* ---- holes and sizes ---- */

/* A file as GNU tar writes a sparse one, whose only bytes are at an offset. */
static void sparse_add(struct maker *maker, const char *name, uint64_t size, uint64_t offset, const struct bytes *bytes)
{
	unsigned char header[TAR_BLOCK];

	tar_header(header, name, 'S', 0644, bytes->size);
	tar_number(header + 386, offset);
	tar_number(header + 398, bytes->size);
	tar_number(header + 483, size);
	maker_block(maker, header, bytes->data, bytes->size);
}

/* Holes cost nothing: neither disk, nor another file's room. */
static void sparse(void **state)
{
	static const struct bytes text = { (char *)"text", 4 };
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	_cleanup_tree_ struct tree *tree = NULL;
	struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);
	char bytes[8] = "????????";
	struct stat stat;

	(void)state;
	sparse_add(layer, "some", 3 << 20, 1 << 20, &text);
	sparse_add(layer, "huge", 1ull << 40, 1ull << 39, &text);
	sparse_add(layer, "last", 3 << 20, 0, &text);
	assert_int_equal(tree_of(saved_tar(maker_end(layer)), NULL, &tree), 0);
	assert_int_equal(tree_open(tree, "/huge", &file), -EFBIG);
	assert_int_equal(tree_open(tree, "/some", &file), 0);
	assert_int_equal(file.size, 3 << 20);
	assert_int_equal(tree_pread(&file, bytes, 8, (1 << 20) - 2), 8);
	assert_memory_equal(bytes, "\0\0text\0\0", 8);
	assert_int_equal(fstat(file.fd, &stat), 0);
	assert_true(stat.st_blocks * 512 < 1 << 20);
	tree_close(&file);
	assert_int_equal(tree_open(tree, "/last", &file), 0);
	assert_int_equal(tree_pread(&file, bytes, 4, 0), 4);
	assert_memory_equal(bytes, "text", 4);
	assert_int_equal(tree_pread(&file, bytes, 8, (3 << 20) - 4), 4);
	assert_memory_equal(bytes, "\0\0\0\0", 4);
}

/* Bytes behind a file's end. */
static void sparse_beyond(void **state)
{
	static const struct {
		uint64_t size, offset;
		int expected;
	} rows[] = { { 4, 0, 0 }, { 1004, 1000, 0 }, { 1003, 1000, -EBADMSG }, { 10, 1000, -EBADMSG } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_tree_ struct tree *tree = NULL;
		struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);

		sparse_add(layer, "f", rows[i].size, rows[i].offset, &(struct bytes){ (char *)"text", 4 });
		assert_int_equal(tree_of(saved_tar(maker_end(layer)), NULL, &tree), rows[i].expected);
	}
}

/* A blob with a hole is none, whatever its bytes are without it. */
static void sparse_blob(void **state)
{
	static const uint64_t offsets[] = { 0, 512 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		_cleanup_bytes_ struct bytes layer = layer_of("a=1", 3, ARCHIVE_FILTER_NONE);
		_cleanup_bytes_ struct bytes config = { 0 };
		_cleanup_bytes_ struct bytes whole = { 0 };
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		char hex[HEX_SIZE];

		hex_of(&layer, hex);
		config = text_of("{\"rootfs\":{\"diff_ids\":[\"sha256:%s\"]}}", hex);
		out_file(&out, "c", &config);
		out_text(&out, "manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"l\"]}]");
		sparse_add(out.maker, "l", offsets[i] + layer.size, offsets[i], &layer);
		whole = maker_end(out.maker);
		must_show(memory_file(&whole), NULL, offsets[i] ? -EBADMSG : 0, "/a=1");
	}
}

static void sizes(void **state)
{
	static const struct {
		uint64_t size;
		int expected;
	} rows[] = {
		{ 4, 0 },
		{ 5, 0 }, /* of what fills the block */
		{ 1537, -EBADMSG },
		{ READER_SPOOL, -EBADMSG },
		{ READER_SPOOL + 1, -EFBIG },
		{ INT64_MAX, -EBADMSG },
		{ UINT64_MAX, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_archive_stream_ struct archive_stream *stream = NULL;
		_cleanup_archive_nodes_ struct archive_nodes *nodes = NULL;
		_cleanup_bytes_ struct bytes tar = layer_of("a=text", 6, ARCHIVE_FILTER_NONE);
		_cleanup_close_ int fd = -EBADF, spool = memory_file(NULL);
		struct archive_spool room = { .fd = spool };
		int r;

		tar_number((unsigned char *)tar.data + 124, rows[i].size);
		tar_sum((unsigned char *)tar.data);
		fd = memory_file(&tar);
		assert_int_equal(archive_nodes_new(&nodes), 0);
		r = archive_stream_new(&(struct archive_source){ .fd = fd }, STREAM_TAR, false, &stream);
		if (r == 0)
			r = archive_layer_read(stream, nodes, &room);
		assert_int_equal(r, rows[i].expected);
	}
}

/* ---- looking ---- */

static const char looked_at[] = "usr/bin/ls=ls usr/lib/ bin->usr/bin lib->/usr/lib abs->/bin/ls up->usr/../bin/ls "
				"loop->loop out->../../../bin/ls fifo? void->/no/where dots->usr/lib/../../none/../bin";

static void opening(void **state)
{
	static const struct {
		const char *path;
		int expected;
	} rows[] = {
		{ "/usr/bin/ls", 0 },    { "/bin/ls", 0 },         { "/abs", 0 },         { "/up", 0 },
		{ "/out", 0 },           { "/bin/no", -ENOENT },   { "/no/ls", -ENOENT }, { "/bin/ls/x", -ENOTDIR },
		{ "/void", -ENOENT },    { "/loop", -ELOOP },      { "/loop/x", -ELOOP }, { "/fifo", -EBADMSG },
		{ "/fifo/x", -ENOTDIR }, { "/usr/bin", -EBADMSG }, { "/", -EBADMSG },     { "/bin", -EBADMSG },
		{ "/dots/ls", -ENOENT },
	};
	_cleanup_tree_ struct tree *tree = NULL;

	(void)state;
	assert_int_equal(tree_of(layout_tar(looked_at), NULL, &tree), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
		char text[4];

		assert_int_equal(tree_open(tree, rows[i].path, &file), rows[i].expected);
		if (rows[i].expected == 0) {
			assert_int_equal(tree_pread(&file, text, 4, 0), 2);
			assert_memory_equal(text, "ls", 2);
		}
	}
}

static void canonical(void **state)
{
	static const struct {
		const char *path, *expected;
		int error;
	} rows[] = {
		{ "/", "/", 0 },
		{ "/usr/bin/ls", "/usr/bin/ls", 0 },
		{ "/bin/ls", "/usr/bin/ls", 0 },
		{ "/bin", "/bin", 0 },
		{ "/lib/no", "/usr/lib/no", 0 },
		{ "/lib/no/such/x", "/usr/lib/no/such/x", 0 },
		{ "/no/bin/x", "/no/bin/x", 0 },
		{ "/usr/bin/ls/x", "/usr/bin/ls/x", 0 },
		{ "/bin/ls/x/y", "/usr/bin/ls/x/y", 0 },
		{ "/void/x", "/no/where/x", 0 },
		{ "/out/x", "/usr/bin/ls/x", 0 },
		{ "/loop", "/loop", 0 },
		{ "/loop/x", NULL, -ELOOP },
		{ "/dots/x", "/bin/x", 0 }, /* what is not there is taken as it is named */
		{ "", NULL, -EINVAL },
		{ "bin/ls", NULL, -EINVAL },
		{ "/bin/../x", NULL, -EINVAL },
		{ "/bin//ls", NULL, -EINVAL },
		{ "/bin/", NULL, -EINVAL },
	};
	_cleanup_tree_ struct tree *tree = NULL;

	(void)state;
	assert_int_equal(tree_of(layout_tar(looked_at), NULL, &tree), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[PATH_MAX] = "untouched";

		assert_int_equal(tree_canonical(tree, rows[i].path, path), rows[i].error);
		assert_string_equal(path, rows[i].expected ?: "untouched");
	}
}

/* 40 links may be on the way, as in the kernel. */
static void many_links(void **state)
{
	_cleanup_tree_ struct tree *tree = NULL;
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	struct maker *layer = maker_new(ARCHIVE_FILTER_NONE);
	char word[32] = "l0=text";

	(void)state;
	maker_word(layer, word);
	for (int i = 1; i <= TREE_LINKS_MAX + 1; i++) {
		(void)snprintf(word, sizeof(word), "l%d->l%d", i, i - 1);
		maker_word(layer, word);
	}
	assert_int_equal(tree_of(saved_tar(maker_end(layer)), NULL, &tree), 0);
	(void)snprintf(word, sizeof(word), "/l%d", TREE_LINKS_MAX + 1);
	assert_int_equal(tree_open(tree, word, &file), -ELOOP);
	(void)snprintf(word, sizeof(word), "/l%d", TREE_LINKS_MAX);
	assert_int_equal(tree_open(tree, word, &file), 0);
}

struct listed {
	char text[256];
	size_t left;
};

static int list_entry(const char *name, enum tree_type type, void *data)
{
	struct listed *listed = data;
	size_t length = strlen(listed->text);

	(void)snprintf(listed->text + length, sizeof(listed->text) - length, "%s:%d ", name, type);
	return --listed->left ? 0 : 7;
}

static void listing(void **state)
{
	static const struct {
		const char *path;
		size_t calls;
		int expected;
		const char *text;
	} rows[] = {
		{ "/usr", 9, 0, "bin:2 lib:2 " },
		{ "/bin", 9, 0, "ls:1 " },
		{ "/lib", 9, 0, "" },
		{ "/", 3, 7, "abs:3 bin:3 dots:3 " },
		{ "/fifo", 9, -ENOTDIR, "" },
		{ "/abs", 9, -ENOTDIR, "" },
		{ "/no", 9, -ENOENT, "" },
		{ "/loop", 9, -ELOOP, "" },
	};
	_cleanup_tree_ struct tree *tree = NULL;

	(void)state;
	assert_int_equal(tree_of(layout_tar(looked_at), NULL, &tree), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct listed listed = { .left = rows[i].calls };

		assert_int_equal(tree_list(tree, rows[i].path, list_entry, &listed), rows[i].expected);
		assert_string_equal(listed.text, rows[i].text);
	}
}

static int stop(const struct tree_entry *entry, void *data)
{
	size_t *count = data;

	(void)entry;
	return ++*count == 2 ? -ECANCELED : 0;
}

static void stopped(void **state)
{
	_cleanup_tree_ struct tree *tree = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(tree_of(layout_tar("a/b/c=1 d=2"), NULL, &tree), 0);
	assert_int_equal(tree_walk(tree, NULL, stop, &count), -ECANCELED);
	assert_int_equal(count, 2);
}

/* ---- archives ---- */

/* A tar of a layout; as a whole through one filter, its layers through another. */
static void compressed(void **state)
{
	static const struct {
		int whole, layers;
		const char *media;
	} rows[] = {
		{ ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, "+gzip" },
		{ ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_ZSTD, "+zstd" },
		{ ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_NONE, "" },
		{ ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_NONE, "" },
		{ ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_NONE, "" },
		{ ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_GZIP, "+gzip" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_out out = { maker_new(rows[i].whole), -EBADF };
		_cleanup_bytes_ struct bytes bytes = { 0 };

		out_layout(&out, "a/x=1 b=2|a/y=3 .wh.b=", rows[i].layers, rows[i].media);
		bytes = maker_end(out.maker);
		must_show(memory_file(&bytes), NULL, 0, "/a/ /a/x=1 /a/y=3");
	}
}

static int index_away(int fd)
{
	return unlinkat(fd, "index.json", 0);
}

static int index_link(int fd)
{
	return renameat(fd, "index.json", fd, "other.json") ?: symlinkat("other.json", fd, "index.json");
}

static int index_fifo(int fd)
{
	return unlinkat(fd, "index.json", 0) ?: mkfifoat(fd, "index.json", 0644);
}

static int layout_away(int fd)
{
	return unlinkat(fd, "oci-layout", 0);
}

/* Read where it lies; no link in it is followed, and what is no file is not opened. */
static void directories(void **state)
{
	static const struct {
		int (*spoil)(int fd);
		int expected;
	} rows[] = {
		{ NULL, 0 },
		{ index_away, -EBADMSG },
		{ index_link, -ELOOP },
		{ index_fifo, -EBADMSG },
		{ layout_away, -EMEDIUMTYPE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[LAYOUT_PATH];
		struct image_out out = { NULL, layout_directory(path) };

		out_layout(&out, "a=1|b=2", ARCHIVE_FILTER_GZIP, "+gzip");
		if (rows[i].spoil)
			assert_int_equal(rows[i].spoil(out.directory), 0);
		must_show(out.directory, NULL, rows[i].expected, "/a=1 /b=2");
		layout_drop(path);
	}
}

/* `docker save` writes a layer that is there already as a link to it. */
static void linked_layers(void **state)
{
	static const struct {
		const char *name, *words;
		int expected;
	} rows[] = {
		{ "l/2.tar", "l/1.tar=>l/2.tar", 0 },
		{ "l/2.tar", "l/1.tar->2.tar", 0 },
		{ "k/2.tar", "l/1.tar->../k/2.tar", 0 },
		{ "k/2.tar", "l/1.tar->../../../k/2.tar", 0 },
		{ "k/2.tar", "l->k k/1.tar->2.tar", 0 },
		{ "k/2.tar", "l/1.tar->1.tar", -ELOOP },
		{ "k/2.tar", "l/1.tar->/proc/self/exe", -EBADMSG },
		{ "k/2.tar", "l/1.tar/", -EBADMSG },
		{ "k/2.tar", "l/1.tar?", -EBADMSG },
		{ "k/2.tar", "l/1.tar/x=1", -EBADMSG },
		{ "k/2.tar", "", -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
		_cleanup_bytes_ struct bytes layer = layer_of("a=1", 3, ARCHIVE_FILTER_NONE);
		_cleanup_bytes_ struct bytes config = { 0 };
		_cleanup_bytes_ struct bytes bytes = { 0 };
		_cleanup_free_ char *words = strdup(rows[i].words);
		char hex[HEX_SIZE], *next = words;

		hex_of(&layer, hex);
		config = text_of("{\"rootfs\":{\"diff_ids\":[\"sha256:%s\"]}}", hex);
		out_file(&out, rows[i].name, &layer);
		out_file(&out, "c", &config);
		out_text(&out, "manifest.json", "[{\"Config\":\"c\",\"Layers\":[\"l/1.tar\"]}]");
		for (char *word; (word = strsep(&next, " "));)
			if (*word)
				maker_word(out.maker, word);
		bytes = maker_end(out.maker);
		must_show(memory_file(&bytes), NULL, rows[i].expected, "/a=1");
	}
}

static void no_archives(void **state)
{
	static const struct {
		struct bytes bytes;
		int expected;
	} rows[] = {
		{ { (char *)"", 0 }, -EMEDIUMTYPE },
		{ { (char *)"hello\n", 6 }, -EMEDIUMTYPE },
		{ { (char *)"\177ELF\2\1\1", 8 }, -EMEDIUMTYPE },
		{ { (char *)"\x1f\x8b\x08\0\0\0\0\0\0\0\1", 11 }, -EBADMSG },
	};
	_cleanup_bytes_ struct bytes root = layer_of("etc/os-release=x usr/bin/ls=y", 29, ARCHIVE_FILTER_NONE);
	_cleanup_bytes_ struct bytes packed = layer_of("manifest.json=[", 15, ARCHIVE_FILTER_GZIP);
	int ends[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		must_show(memory_file(&rows[i].bytes), NULL, rows[i].expected, NULL);
	must_show(memory_file(&root), NULL, -EMEDIUMTYPE, NULL);
	must_show(memory_file(&packed), NULL, -EBADMSG, NULL);
	assert_int_equal(pipe(ends), 0);
	must_show(ends[0], NULL, -EMEDIUMTYPE, NULL);
	assert_int_equal(close(ends[1]), 0);
	must_show(-EBADF, NULL, -EBADF, NULL);
}

/* A layer of any bytes, and what its documents say of it. */
static int layout_of(const struct bytes *layer, const struct bytes *stated, const struct bytes *contents)
{
	struct image_out out = { maker_new(ARCHIVE_FILTER_NONE), -EBADF };
	_cleanup_bytes_ struct bytes entry = { 0 };
	_cleanup_bytes_ struct bytes bytes = { 0 };
	struct image_lists lists;
	char hex[HEX_SIZE], name[128];

	hex_of(contents, hex);
	(void)snprintf(lists.diffs, sizeof(lists.diffs), "\"sha256:%s\"", hex);
	hex_of(stated, hex);
	(void)snprintf(name, sizeof(name), "blobs/sha256/%s", hex);
	out_file(&out, name, layer);
	(void)snprintf(lists.layers, sizeof(lists.layers),
		       "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\"}", hex);
	out_manifest(&out, &lists, hex);
	entry = index_entry(MANIFEST_MEDIA, hex, "");
	out_index(&out, entry.data);
	bytes = maker_end(out.maker);
	return memory_file(&bytes);
}

static struct bytes joined(const struct bytes *first, const struct bytes *second)
{
	struct bytes both = { malloc(first->size + second->size), first->size + second->size };

	assert_non_null(both.data);
	memcpy(both.data, first->data, first->size);
	memcpy(both.data + first->size, second->data, second->size);
	return both;
}

/* The image is the one that was named, to the last byte. */
static void digests(void **state)
{
	_cleanup_bytes_ struct bytes one = layer_of("a=1", 3, ARCHIVE_FILTER_NONE);
	_cleanup_bytes_ struct bytes two = layer_of("a=2", 3, ARCHIVE_FILTER_NONE);
	_cleanup_bytes_ struct bytes one_gzip = layer_of("a=1", 3, ARCHIVE_FILTER_GZIP);
	_cleanup_bytes_ struct bytes two_gzip = layer_of("a=2", 3, ARCHIVE_FILTER_GZIP);
	_cleanup_bytes_ struct bytes behind = joined(&one, &two);
	_cleanup_bytes_ struct bytes behind_gzip = joined(&one_gzip, &two);
	_cleanup_bytes_ struct bytes text = text_of("{\"this\":\"is no tar\"}");
	const struct {
		const struct bytes *layer, *stated, *contents;
		int expected;
	} rows[] = {
		{ &one, &one, &one, 0 },
		{ &two, &one, &one, -EBADMSG },
		{ &one, &one, &two, -EBADMSG },
		{ &one, &two, &one, -EBADMSG },
		{ &one_gzip, &one_gzip, &one, 0 },
		{ &one_gzip, &one_gzip, &one_gzip, -EBADMSG },
		{ &one_gzip, &two_gzip, &one, -EBADMSG },
		{ &two_gzip, &two_gzip, &one, -EBADMSG },
		/* what stands behind the end of a tar, or of what is compressed, is read by nobody, and counts */
		{ &behind, &behind, &behind, 0 },
		{ &behind, &behind, &one, -EBADMSG },
		{ &behind, &one, &behind, -EBADMSG },
		{ &behind_gzip, &behind_gzip, &one, 0 },
		{ &behind_gzip, &one_gzip, &one, -EBADMSG },
		{ &text, &text, &text, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		must_show(layout_of(rows[i].layer, rows[i].stated, rows[i].contents), NULL, rows[i].expected, "/a=1");
}

/* One around the other is nothing that a runtime would unpack. */
static void twice_compressed(void **state)
{
	_cleanup_bytes_ struct bytes plain = layer_of("a=1", 3, ARCHIVE_FILTER_NONE);
	_cleanup_bytes_ struct bytes twice = packed(&plain, ARCHIVE_FILTER_GZIP, 2);

	(void)state;
	must_show(layout_of(&twice, &twice, &plain), NULL, -EBADMSG, NULL);
}

/* No beginning of an archive is one, until only what pads its last file is missing. */
static void cut_short(void **state)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		struct image_out out = { maker_new(filters[i]), -EBADF };
		_cleanup_bytes_ struct bytes bytes = { 0 };
		size_t end;

		out_layout(&out, "a=1|b=2", ARCHIVE_FILTER_GZIP, "+gzip");
		bytes = maker_end(out.maker);
		end = filters[i] == ARCHIVE_FILTER_NONE ? bytes.size - 1024 - 512 : bytes.size - 16;
		for (size_t size = 0; size < end; size += 61) {
			_cleanup_tree_ struct tree *tree = NULL;
			struct bytes part = { bytes.data, size };

			assert_true(tree_of(memory_file(&part), NULL, &tree) < 0);
			assert_null(tree);
		}
		must_show(memory_file(&bytes), NULL, 0, "/a=1 /b=2");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merging),     cmocka_unit_test(refused),       cmocka_unit_test(names),
		cmocka_unit_test(long_link),   cmocka_unit_test(deep),          cmocka_unit_test(modes),
		cmocka_unit_test(sparse),      cmocka_unit_test(sparse_beyond), cmocka_unit_test(sparse_blob),
		cmocka_unit_test(sizes),       cmocka_unit_test(opening),       cmocka_unit_test(canonical),
		cmocka_unit_test(many_links),  cmocka_unit_test(listing),       cmocka_unit_test(stopped),
		cmocka_unit_test(compressed),  cmocka_unit_test(directories),   cmocka_unit_test(linked_layers),
		cmocka_unit_test(no_archives), cmocka_unit_test(digests),       cmocka_unit_test(twice_compressed),
		cmocka_unit_test(cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
