// SPDX-License-Identifier: Apache-2.0
/* Lines of a tree's file, and notes of what is wrong with them. */
#include <errno.h>
#include <string.h>

#include "inventory/lines.h"

static const char *read_failure(int r)
{
	static const struct {
		int error;
		const char *text;
	} failures[] = { { -EBADMSG, "is no regular file" }, { -EFBIG, "is too large" } };

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (failures[i].error == r)
			return failures[i].text;
	return strerror(-r);
}

int lines_read(const struct source_context *context, const char *source, const char *path, size_t max, char **ret_text,
	       struct lines *ret_lines)
{
	size_t size;
	int r = tree_read(context->tree, path, max, ret_text, &size);

	if (r == 0)
		lines_begin(ret_lines, *ret_text, size);
	if (r == 0 || r == -ENOMEM || r == -ENOENT)
		return r;
	if (r == -ENOTDIR)
		return -ENOENT;
	builder_note(context->builder, source, path, "%s", read_failure(r));
	return -ENODATA;
}

void lines_note(const struct lines *lines, struct builder *builder, const char *source, const char *path)
{
	if (lines->bad == 1)
		builder_note(builder, source, path, "line %zu %s", lines->first, lines->why);
	else if (lines->bad > 1)
		builder_note(builder, source, path, "line %zu %s, and %zu more are damaged", lines->first, lines->why,
			     lines->bad - 1);
}
