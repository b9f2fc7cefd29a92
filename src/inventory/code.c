// SPDX-License-Identifier: Apache-2.0
#include "inventory/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DPKG_SCRIPTS "/var/lib/dpkg/info/"

/* A file that may be one: with its NUL, one behind the other. */
struct code_list {
	char *paths;
	size_t size, room;
	uint64_t digested;
};

int code_list_new(struct code_list **ret_list)
{
	*ret_list = calloc(1, sizeof(struct code_list));
	return *ret_list ? 0 : -ENOMEM;
}

void code_list_free(struct code_list *list)
{
	if (!list)
		return;
	free(list->paths);
	free(list);
}

static int path_add(struct code_list *list, const char *path)
{
	size_t length = strlen(path) + 1;

	if (list->size + length > list->room) {
		size_t room = list->room ? 2 * list->room : 65536;
		char *paths;

		while (room < list->size + length)
			room *= 2;
		paths = realloc(list->paths, room);
		if (!paths)
			return -ENOMEM;
		list->paths = paths;
		list->room = room;
	}
	memcpy(list->paths + list->size, path, length);
	list->size += length;
	return 0;
}

/* Only these are opened to see whether they begin as ELF: what a loader is given has such a name, or an execute bit. */
static bool is_library_name(const char *path)
{
	const char *name = strrchr(path, '/') + 1, *so = strstr(name, ".so");

	return (so && (so[3] == '\0' || so[3] == '.')) || strstr(name, ".ko");
}

/* Packages' own scripts, which no list of theirs names. */
static bool is_of_database(const char *path)
{
	return strncmp(path, DPKG_SCRIPTS, strlen(DPKG_SCRIPTS)) == 0;
}

static bool is_elf(const struct source_context *context, const char *path)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	char magic[4];

	return tree_open(context->tree, path, &file) == 0 && tree_pread(&file, magic, 4, 0) == 4 &&
	       memcmp(magic, "\177ELF", 4) == 0;
}

int code_list_entry(struct code_list *list, const struct source_context *context, const struct tree_entry *entry)
{
	bool executable = entry->mode & 0111;

	if (entry->type != TREE_FILE || is_of_database(entry->path) || (!executable && !is_library_name(entry->path)))
		return 0;
	if (builder_owns(context->builder, entry->path) || (!executable && !is_elf(context, entry->path)))
		return 0;
	return path_add(list, entry->path);
}

static void digest_make(struct code_list *list, const struct source_context *context, const char *path,
			struct digest *ret_digest)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	const enum digest_kind kind = DIGEST_SHA256;

	if (tree_open(context->tree, path, &file) < 0 || file.size > CODE_DIGESTED - list->digested)
		return;
	list->digested += file.size;
	(void)digest_fd(file.fd, file.offset, file.size, &kind, 1, ret_digest);
}

int code_list_finish(struct code_list *list, const struct source_context *context)
{
	for (const char *path = list->paths; path && path < list->paths + list->size; path += strlen(path) + 1) {
		struct digest digest = { .kind = DIGEST_NONE };
		int r;

		if (builder_owns(context->builder, path))
			continue;
		digest_make(list, context, path, &digest);
		r = builder_unpackaged(context->builder, path, &digest);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}
