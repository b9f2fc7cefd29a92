// SPDX-License-Identifier: Apache-2.0
#include "record/older.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

#define EXEC_1 offsetof(struct plm_exec, input) /* the size of version 1's */
#define GROWN  (sizeof(struct plm_exec) - EXEC_1)

/* One that lay within the fixed part, or wraps around, lies within the new one's: the decoder refuses it still. */
static void text_move(struct plm_str *text)
{
	if (text->length)
		text->offset += (__u32)GROWN;
}

static int exec_grow(struct plm_exec *exec, size_t *size)
{
	char *bytes = (char *)exec;
	struct plm_str *const texts[] = { &exec->path, &exec->script_path, &exec->name,
					  &exec->args, &exec->cwd,         &exec->root };

	if (exec->head.size < EXEC_1 || exec->head.size > *size || *size > PLM_RECORD_MAX - GROWN)
		return -EBADMSG;
	memmove(bytes + sizeof(*exec), bytes + EXEC_1, *size - EXEC_1);
	memset(bytes + EXEC_1, 0, GROWN);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		text_move(texts[i]);
	exec->head.size += (__u32)GROWN;
	*size += GROWN;
	return 0;
}

int older_renew(uint32_t version, void *record, size_t *size)
{
	const struct plm_head *head = record;

	if (version >= 2)
		return 0;
	if (*size < sizeof(*head))
		return -EBADMSG;
	return head->kind == PLM_EXEC || head->kind == PLM_TASK ? exec_grow(record, size) : 0;
}
