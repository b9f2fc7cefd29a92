/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root directory of the test's own, what a source reads of it as one text, and the fixtures that are beside the
 * project.
 */
#ifndef PLM_TESTS_INVENTORY_ROOT_H
#define PLM_TESTS_INVENTORY_ROOT_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "inventory/source.h"

struct root {
	char path[64];
	int fd;
	struct tree *tree;
};

static inline struct root *root_make(const char *where)
{
	struct root *root = calloc(1, sizeof(*root));

	assert_non_null(root);
	(void)snprintf(root->path, sizeof(root->path), "%s/plimsoll-root-XXXXXX", where);
	assert_non_null(mkdtemp(root->path));
	root->fd = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root->fd >= 0);
	assert_int_equal(tree_disk_new(fcntl(root->fd, F_DUPFD_CLOEXEC, 0), &root->tree), 0);
	return root;
}

static inline int root_setup(void **state)
{
	*state = root_make("/tmp");
	return 0;
}

static inline int root_drop(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	(void)stat;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline int root_teardown(void **state)
{
	struct root *root = *state;

	tree_free(root->tree);
	(void)close(root->fd);
	(void)nftw(root->path, root_drop, 16, FTW_DEPTH | FTW_PHYS);
	free(root);
	return 0;
}

/* With what leads to it. */
static inline void root_directory(struct root *root, const char *path)
{
	char parent[4096];

	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
		(void)mkdirat(root->fd, parent, 0755);
	}
	(void)mkdirat(root->fd, path, 0755);
}

static inline void root_parent(struct root *root, const char *path)
{
	char parent[4096];
	const char *slash = strrchr(path, '/');

	if (!slash)
		return;
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	root_directory(root, parent);
}

static inline void root_bytes(struct root *root, const char *path, const void *bytes, size_t size)
{
	int fd;

	root_parent(root, path);
	fd = openat(root->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	assert_int_equal(close(fd), 0);
}

static inline void root_file(struct root *root, const char *path, const char *text)
{
	root_bytes(root, path, text, strlen(text));
}

static inline void root_link(struct root *root, const char *path, const char *target)
{
	root_parent(root, path);
	assert_int_equal(symlinkat(target, root->fd, path), 0);
}

static inline void root_fifo(struct root *root, const char *path)
{
	root_parent(root, path);
	assert_int_equal(mkfifoat(root->fd, path, 0644), 0);
}

static inline void root_remove(struct root *root, const char *path)
{
	assert_int_equal(unlinkat(root->fd, path, 0), 0);
}

/* ---- what is read of it ---- */

struct found {
	char *text; /* a line each: "package ...", "file ...", "note ..." */
	size_t size;
	FILE *out;
};

static inline void found_clear(struct found *found)
{
	free(found->text);
}

#define _cleanup_found_ _cleanup_(found_clear)

static inline const char *or_none(const char *text)
{
	return text ? text : "-";
}

static inline void found_say(struct found *found, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory_package_count(inventory); i++) {
		struct inventory_package package = inventory_package(inventory, i);

		fprintf(found->out, "package %s %s %s origin=%s license=%s purl=%s location=%s files=%u\n",
			package.name, or_none(package.version), or_none(package.architecture), or_none(package.origin),
			or_none(package.license), or_none(package.purl), or_none(package.location), package.files);
	}
	for (size_t i = 0; i < inventory_file_count(inventory); i++) {
		char path[PATH_MAX], digest[DIGEST_TEXT_MAX] = "";
		struct inventory_file file = inventory_file(inventory, i, path);

		digest_text(&file.digest, digest);
		fprintf(found->out, "file %s %s%s%s %s%s%s\n", path, inventory_package(inventory, file.package).name,
			file.flags & INVENTORY_FILE_CONFIG ? " config" : "",
			file.flags & INVENTORY_FILE_GHOST ? " ghost" : "", or_none(digest_name(file.digest.kind)),
			file.digest.kind ? ":" : "", digest);
	}
	for (size_t i = 0; i < inventory_note_count(inventory); i++) {
		struct inventory_note note = inventory_note(inventory, i);

		fprintf(found->out, "note %s %s %s\n", note.source, or_none(note.path), note.reason);
	}
}

/* What a source is given of a walk. */
struct root_walk {
	const struct source_context *context;
	const struct source *source;
	void *state;
};

static inline int root_entry(const struct tree_entry *entry, void *data)
{
	const struct root_walk *walk = data;

	return walk->source->entry(walk->context, walk->state, entry);
}

/* What lies too deep is passed over. */
static inline void root_walk(const struct source_context *context, const struct source *source)
{
	struct root_walk walk = { context, source, NULL };
	int r;

	if (source->begin)
		assert_int_equal(source->begin(&walk.state), 0);
	r = tree_walk(context->tree, NULL, root_entry, &walk);
	assert_true(r == 0 || r == -E2BIG);
	if (source->end)
		source->end(walk.state);
}

/* Reads by that source, as a root of that system. */
static inline void root_read(struct root *root, const struct source *source, const struct inventory_system *system,
			     struct found *ret_found)
{
	struct source_context context = { .tree = root->tree };
	struct builder *builder = NULL;
	struct inventory *inventory = NULL;
	struct found found = { 0 };
	int fd = memfd_create("inventory", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(builder_new(&builder), 0);
	context.builder = builder;
	if (system)
		context.system = *system;
	if (source->read)
		assert_int_equal(source->read(&context), 0);
	if (source->entry)
		root_walk(&context, source);
	assert_int_equal(builder_write(builder, fd), 0);
	builder_free(builder);
	assert_int_equal(inventory_open(fd, &inventory), 0);
	assert_int_equal(close(fd), 0);
	found.out = open_memstream(&found.text, &found.size);
	assert_non_null(found.out);
	found_say(&found, inventory);
	assert_int_equal(fclose(found.out), 0);
	inventory_free(inventory);
	*ret_found = found;
}

/* ---- fixtures ---- */

/* A file of ../shared/fixtures, or where PLM_SHARED says shared is, malloc'd. */
static inline char *fixture_read(const char *name, size_t *ret_size)
{
	const char *const places[] = { getenv("PLM_SHARED"), "../shared", "../../shared" };
	char path[4096], *text = NULL;
	FILE *file = NULL;

	for (size_t i = 0; !file && i < ARRAY_SIZE(places); i++) {
		(void)snprintf(path, sizeof(path), "%s/fixtures/%s", places[i] ? places[i] : "", name);
		if (places[i])
			file = fopen(path, "re");
	}
	if (!file)
		fail_msg("fixtures/%s is not in ../shared: say where by PLM_SHARED", name);
	text = malloc(1u << 16);
	assert_non_null(text);
	*ret_size = fread(text, 1, (1u << 16) - 1, file);
	text[*ret_size] = '\0';
	(void)fclose(file);
	return text;
}

static inline void root_fixture(struct root *root, const char *path, const char *name)
{
	size_t size;
	char *text = fixture_read(name, &size);

	root_bytes(root, path, text, size);
	free(text);
}

#endif
