// SPDX-License-Identifier: Apache-2.0
#include "inventory/tree.h"

#include <stdlib.h>
#include <string.h>

#include "image/layers.h" /* path_is_clean */

void tree_free(struct tree *tree)
{
	if (tree)
		tree->ops->free(tree);
}

int tree_open(struct tree *tree, const char *path, struct tree_file *ret_file)
{
	return path_is_clean(path) ? tree->ops->open(tree, path, ret_file) : -EINVAL;
}

void tree_close(struct tree_file *file)
{
	if (file->owned && file->fd >= 0)
		(void)close(file->fd);
	*file = TREE_FILE_NONE;
}

ssize_t tree_pread(const struct tree_file *file, void *buffer, size_t size, uint64_t at)
{
	uint64_t left = at < file->size ? file->size - at : 0;
	ssize_t n;

	if (left == 0)
		return 0;
	do
		n = pread(file->fd, buffer, size < left ? size : (size_t)left, (off_t)(file->offset + at));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int tree_read(struct tree *tree, const char *path, size_t max, char **ret_text, size_t *ret_size)
{
	_cleanup_tree_file_ struct tree_file file = TREE_FILE_NONE;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int r = tree_open(tree, path, &file);

	if (r < 0)
		return r;
	if (file.size > max || file.size > TREE_TEXT_MAX)
		return -EFBIG;
	text = malloc((size_t)file.size + 1);
	if (!text)
		return -ENOMEM;
	while (size < file.size) {
		ssize_t n = tree_pread(&file, text + size, (size_t)file.size - size, size);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break; /* it was cut meanwhile */
		size += (size_t)n;
	}
	text[size] = '\0';
	*ret_text = take_ptr(text);
	*ret_size = size;
	return 0;
}

int tree_canonical(struct tree *tree, const char *path, char ret_path[static PATH_MAX])
{
	return path_is_clean(path) ? tree->ops->canonical(tree, path, ret_path) : -EINVAL;
}

int tree_list(struct tree *tree, const char *path, int (*call)(const char *name, enum tree_type type, void *data),
	      void *data)
{
	return path_is_clean(path) ? tree->ops->list(tree, path, call, data) : -EINVAL;
}

int tree_walk(struct tree *tree, bool (*known)(const char *path, void *data),
	      int (*call)(const struct tree_entry *entry, void *data), void *data)
{
	return tree->ops->walk(tree, known, call, data);
}
