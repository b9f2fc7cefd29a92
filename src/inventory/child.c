// SPDX-License-Identifier: Apache-2.0
/* The child that reads an image: confined before it looks at anything of it. */
#include "inventory/child.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "inventory/code.h"
#include "inventory/confine.h"
#include "inventory/source.h"
#include "inventory/tree_archive.h"
#include "inventory/verify.h"

/* What the command line says. */
struct child {
	unsigned numbers[CHILD_DIRECTORIES];
	const char *reference;
	struct confinement confinement;
	struct child_page *page;
	struct builder *builder;
	struct tree *tree;
	struct code_list *code;
};

/* Says why, and ends: nothing of it is worth cleaning up. */
static void give_up(const struct child *child, const char *why, const char *what, int error) __attribute__((noreturn));
static void give_up(const struct child *child, const char *why, const char *what, int error)
{
	(void)snprintf(child->page->words, CHILD_WORDS, "%s%s: %s", why, what, strerror(-error));
	child->page->error = error;
	_exit(1);
}

static int number_parse(const char *text, unsigned *ret_number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value > INT32_MAX)
		return -EINVAL;
	*ret_number = (unsigned)value;
	return 0;
}

static const char *text_of(const char *argument)
{
	return strcmp(argument, "-") == 0 ? NULL : argument;
}

static int arguments_take(struct child *child, int argc, char **argv)
{
	if (argc < CHILD_DIRECTORIES || argc - CHILD_DIRECTORIES > READER_LAYERS)
		return -EINVAL;
	for (int i = CHILD_WHAT; i < CHILD_REFERENCE; i++)
		if (number_parse(argv[i], &child->numbers[i]) < 0)
			return -EINVAL;
	if (child->numbers[CHILD_WHAT] >= READER_WHATS)
		return -EINVAL;
	child->reference = text_of(argv[CHILD_REFERENCE]);
	child->confinement = (struct confinement){
		.what = (enum reader_what)child->numbers[CHILD_WHAT],
		.host_root = text_of(argv[CHILD_HOST_ROOT]),
		.directories = argv + CHILD_DIRECTORIES,
		.count = (size_t)(argc - CHILD_DIRECTORIES),
		.fd = (int)child->numbers[CHILD_FD],
		.userxattr = child->numbers[CHILD_USERXATTR],
	};
	return 0;
}

static int page_take(struct child *child)
{
	child->page = mmap(NULL, sizeof(*child->page), PROT_READ | PROT_WRITE, MAP_SHARED,
			   (int)child->numbers[CHILD_PAGE], 0);
	return child->page == MAP_FAILED ? -errno : 0;
}

static int fd_order(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* An archive that is a directory is the root now, and its old descriptor is not kept. */
static bool reads_descriptor(const struct child *child)
{
	struct stat stat;

	return child->confinement.what == READER_ARCHIVE && fstat(child->confinement.fd, &stat) == 0 &&
	       !S_ISDIR(stat.st_mode);
}

/* *ret_root stays open, and what it answers with. */
static void confine(struct child *child, int *ret_root)
{
	const struct confine_limits limits = {
		.memory = READER_MEMORY,
		.written = child->numbers[CHILD_SPOOL] ? READER_SPOOL : INVENTORY_BLOB_MAX,
		.seconds = child->numbers[CHILD_SECONDS] * (child->numbers[CHILD_VERIFY] ? VERIFY_THREADS : 1),
		.threads = child->numbers[CHILD_VERIFY],
	};
	const char *step = "";
	int keep[5], count = 0, r = confine_place(&child->confinement, ret_root, &step);

	if (r == 0) {
		keep[count++] = *ret_root;
		keep[count++] = (int)child->numbers[CHILD_OUT];
		keep[count++] = (int)child->numbers[CHILD_PAGE];
		if (child->numbers[CHILD_SPOOL])
			keep[count++] = (int)child->numbers[CHILD_SPOOL];
		if (reads_descriptor(child))
			keep[count++] = child->confinement.fd;
		else
			child->confinement.fd = *ret_root;
		qsort(keep, (size_t)count, sizeof(*keep), fd_order);
		r = confine_powers(&limits, keep, (size_t)count, &step);
	}
	if (r < 0)
		give_up(child, "it could not be confined: ", step, r);
}

static void image_tell(const struct child *child)
{
	const struct archive_image *image = tree_archive_image(child->tree);

	if (image->name && strlen(image->name) < sizeof(child->page->image_name))
		memcpy(child->page->image_name, image->name, strlen(image->name));
	if (image->digest.kind == DIGEST_SHA256)
		memcpy(child->page->image_id, image->digest.bytes, sizeof(child->page->image_id));
}

static int archive_take(struct child *child)
{
	int r = tree_archive_new(child->confinement.fd, (int)child->numbers[CHILD_SPOOL], child->reference,
				 &child->tree);

	if (r == 0)
		image_tell(child);
	return r;
}

static int tree_take(struct child *child, int root)
{
	return child->confinement.what == READER_ARCHIVE ? archive_take(child) : tree_disk_new(root, &child->tree);
}

/* ---- reading ---- */

/* One walk, for all who want to see it. */
struct walking {
	struct source_context context;
	struct child *child;
	void *states[SOURCES_MAX]; /* of the sources */
};

static int walk_entry(const struct tree_entry *entry, void *data)
{
	struct walking *walking = data;
	int r = 0;

	atomic_fetch_add(&walking->child->page->done, 1);
	for (size_t i = 0; r == 0 && i < source_count; i++)
		if (sources[i]->entry)
			r = sources[i]->entry(&walking->context, walking->states[i], entry);
	return r < 0 ? r : code_list_entry(walking->child->code, &walking->context, entry);
}

/* What a package says is its own, where packages have no programs (FHS 3.0, 4.5 and 4.11). */
static bool is_known(const char *path, void *data)
{
	static const char *const plain[] = { "/usr/share/", "/usr/include/" };
	const struct walking *walking = data;

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (strncmp(path, plain[i], strlen(plain[i])) == 0)
			return builder_owns(walking->context.builder, path);
	return false;
}

static int sources_read(const struct source_context *context)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < source_count; i++)
		if (sources[i]->read)
			r = sources[i]->read(context);
	return r;
}

static int states_begin(struct walking *walking)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < source_count; i++)
		if (sources[i]->begin)
			r = sources[i]->begin(&walking->states[i]);
	return r;
}

static void states_end(struct walking *walking)
{
	for (size_t i = 0; i < source_count; i++)
		if (sources[i]->end && walking->states[i])
			sources[i]->end(walking->states[i]);
}

static int tree_walk_all(struct child *child, struct walking *walking)
{
	int r = states_begin(walking);

	if (r == 0)
		r = tree_walk(child->tree, is_known, walk_entry, walking);
	states_end(walking);
	if (r == -E2BIG) {
		builder_note(child->builder, "walk", NULL, "there is more, or it is deeper, than is looked at");
		r = 0;
	}
	return r;
}

static int read_all(struct child *child, struct os_release *release)
{
	struct walking walking = { .child = child };
	int r = os_release_read(child->tree, release);

	walking.context = (struct source_context){
		.tree = child->tree,
		.builder = child->builder,
		.system = { .id = release->id, .version = release->version, .name = release->name },
	};
	if (r == 0)
		r = builder_system(child->builder, &walking.context.system);
	if (r == 0)
		r = sources_read(&walking.context);
	if (r == 0)
		r = tree_walk_all(child, &walking);
	return r < 0 ? r : code_list_finish(child->code, &walking.context);
}

static int answer(struct child *child, int root)
{
	struct os_release release = { 0 };
	int r = tree_take(child, root);

	if (r < 0)
		give_up(child, "", "opening the image", r);
	r = builder_new(&child->builder);
	if (r == 0)
		r = code_list_new(&child->code);
	if (r == 0)
		r = read_all(child, &release);
	if (r == 0 && child->numbers[CHILD_VERIFY])
		r = verify(child->tree, child->builder, child->page);
	return r < 0 ? r : builder_write(child->builder, (int)child->numbers[CHILD_OUT]);
}

int reader_main(int argc, char **argv)
{
	struct child child = { 0 };
	int root = -EBADF, r = arguments_take(&child, argc, argv);

	json_object_seed(0); /* of /dev/urandom: later that is the image's, and may be a FIFO */
	if (r == 0)
		r = page_take(&child);
	if (r < 0)
		return 2;
	r = digest_prepare();
	if (r < 0)
		give_up(&child, "", "libcrypto", r);
	confine(&child, &root);
	r = answer(&child, root);
	if (r < 0)
		give_up(&child, "", "reading the image", r);
	_exit(0); /* what it holds goes with it */
}
