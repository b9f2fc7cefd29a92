// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "decode/record.h"

/* A path gains its leading slash when it is turned: one byte for each that a record can hold, and one to
 * spare. */
#define TURNED_MAX (PLM_TEXT_MAX + 16)

struct decoder {
	_Alignas(8) unsigned char raw[PLM_RECORD_MAX]; /* plain texts of the event point in here */
	char turned[TURNED_MAX];                       /* and paths in here */
	const char *argv[RECORD_ARGV_MAX + 1];
	struct event event;
	size_t size, fixed; /* of the record at hand */
	size_t used;        /* of turned */
	bool bad;           /* sticky: a text was refused */
};

struct decoder *decoder_new(void)
{
	return calloc(1, sizeof(struct decoder));
}

void decoder_free(struct decoder *decoder)
{
	free(decoder);
}

/* The component in front of text[end], which is its NUL. */
static size_t component_start(const char *text, size_t end)
{
	while (end > 0 && text[end - 1])
		end--;
	return end;
}

static bool component_is_sound(const char *name, size_t length, bool lone)
{
	if (length == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	return lone || !memchr(name, '/', length);
}

int record_path(const char *leaf_first, size_t length, char *ret_path, size_t size)
{
	size_t out = 0;

	if (length < 2 || leaf_first[length - 1])
		return -EBADMSG;
	if (length > INT32_MAX)
		return -ENAMETOOLONG;
	if (length == 2 && leaf_first[0] == '/')
		return size < 2 ? -ENAMETOOLONG : (memcpy(ret_path, "/", 2), 1);

	for (size_t end = length; end > 0;) {
		size_t start = component_start(leaf_first, end - 1), count = end - 1 - start;

		if (!component_is_sound(leaf_first + start, count, count == length - 1))
			return -EBADMSG;
		end = start;
	}
	if (size <= length)
		return -ENAMETOOLONG;

	for (size_t end = length; end > 0;) {
		size_t start = component_start(leaf_first, end - 1), count = end - 1 - start;

		ret_path[out++] = '/';
		memcpy(ret_path + out, leaf_first + start, count);
		out += count;
		end = start;
	}
	ret_path[out] = '\0';
	return (int)out;
}

/* The bytes of a text, NULL where it is absent or refused. Every text ends with a NUL, and lies behind the
 * fixed part. */
static const char *text_bytes(struct decoder *decoder, const struct plm_str *text)
{
	if (text->length == 0)
		return NULL;
	if (text->offset < decoder->fixed || text->offset > decoder->size ||
	    text->length > decoder->size - text->offset || decoder->raw[text->offset + text->length - 1]) {
		decoder->bad = true;
		return NULL;
	}
	return (const char *)decoder->raw + text->offset;
}

static const char *take_text(struct decoder *decoder, const struct plm_str *text)
{
	const char *bytes = text_bytes(decoder, text);

	if (!bytes)
		return NULL;
	if (strlen(bytes) + 1 != text->length)
		decoder->bad = true;
	return *bytes ? bytes : NULL;
}

static const char *take_path(struct decoder *decoder, const struct plm_str *text)
{
	const char *bytes = text_bytes(decoder, text);
	char *out = decoder->turned + decoder->used;
	int length;

	if (!bytes)
		return NULL;
	length = record_path(bytes, text->length, out, sizeof(decoder->turned) - decoder->used);
	if (length < 0) {
		decoder->bad = true;
		return NULL;
	}
	decoder->used += (size_t)length + 1;
	return out;
}

static void take_args(struct decoder *decoder, const struct plm_str *text)
{
	const char *arg = text_bytes(decoder, text), *end = arg ? arg + text->length : NULL;
	size_t count = 0;

	for (; arg < end && count < RECORD_ARGV_MAX; arg += strlen(arg) + 1)
		decoder->argv[count++] = arg;
	if (arg < end)
		decoder->event.head_flags |= PLM_CUT_ARGS;
	decoder->argv[count] = NULL;
	decoder->event.exec.argv = decoder->argv;
	decoder->event.exec.argc = count;
}

static void require(struct decoder *decoder, bool condition)
{
	if (!condition)
		decoder->bad = true;
}

static void take_task(struct decoder *decoder, const struct plm_task *task)
{
	require(decoder, task->cause < PLM_CAUSES && memchr(task->comm, 0, sizeof(task->comm)));
	decoder->event.task = *task;
}

static void take_file(struct decoder *decoder, const struct plm_file *file)
{
	require(decoder, file->layer < PLM_LAYERS);
	decoder->event.file = *file;
}

static void take_before(struct decoder *decoder, const struct plm_creds *before, uint32_t cause)
{
	require(decoder, cause < PLM_CAUSES);
	decoder->event.before = *before;
	decoder->event.before_cause = cause;
}

static void decode_birth(struct decoder *decoder)
{
	const struct plm_birth *birth = (const void *)decoder->raw;

	decoder->event.birth.parent = birth->parent;
	decoder->event.birth.gone = birth->head.flags & PLM_GONE;
	decoder->event.birth.path = take_text(decoder, &birth->path);
}

static void decode_start(struct decoder *decoder)
{
	const struct plm_start *start = (const void *)decoder->raw;
	struct event *event = &decoder->event;

	take_task(decoder, &start->task);
	event->start.sandbox = start->flags & PLM_START_SANDBOX;
	event->start.root_device = start->root_device;
	event->start.root_magic = start->root_magic;
	event->start.upper_device = start->upper_device;
	event->start.upper_inode = start->upper_inode;
	event->start.upper = take_path(decoder, &start->upper);
}

static void decode_exec(struct decoder *decoder)
{
	const struct plm_exec *exec = (const void *)decoder->raw;
	struct event *event = &decoder->event;

	take_task(decoder, &exec->task);
	take_before(decoder, &exec->before, exec->before_cause);
	take_file(decoder, &exec->file);
	require(decoder, exec->script.layer < PLM_LAYERS && exec->input.layer < PLM_LAYERS);
	event->exec.flags = exec->flags;
	event->exec.script = exec->script;
	event->exec.stdin_mode = exec->stdin_mode;
	event->exec.input = exec->input;
	memcpy(event->exec.ancestors, exec->ancestors, sizeof(event->exec.ancestors));
	event->path = take_path(decoder, &exec->path);
	event->exec.script_path = take_path(decoder, &exec->script_path);
	event->exec.input_path = take_path(decoder, &exec->input_path);
	event->exec.name = take_text(decoder, &exec->name);
	event->exec.cwd = take_path(decoder, &exec->cwd);
	event->root = take_path(decoder, &exec->root);
	take_args(decoder, &exec->args);
}

static void decode_change(struct decoder *decoder)
{
	const struct plm_change *change = (const void *)decoder->raw;
	struct event *event = &decoder->event;

	require(decoder, change->op > PLM_OP_NONE && change->op < PLM_OPS);
	take_task(decoder, &change->task);
	take_file(decoder, &change->file);
	event->change.op = change->op;
	event->change.flags = change->flags;
	event->change.value = change->value;
	event->path = take_path(decoder, &change->path);
	event->change.base = take_path(decoder, &change->base);
	event->change.name = take_text(decoder, &change->name);
	event->change.from_base = take_path(decoder, &change->from_base);
	event->change.from_name = take_text(decoder, &change->from_name);
	event->change.attribute = take_text(decoder, &change->attribute);
	event->root = take_path(decoder, &change->root);
}

static void decode_identity(struct decoder *decoder)
{
	const struct plm_identity *identity = (const void *)decoder->raw;

	take_task(decoder, &identity->task);
	take_before(decoder, &identity->before, identity->before_cause);
	decoder->event.identity.call = identity->call;
}

static void decode_mapping(struct decoder *decoder)
{
	const struct plm_mapping *mapping = (const void *)decoder->raw;

	require(decoder, mapping->how >= PLM_MAP_MMAP && mapping->how <= PLM_MAP_INTERPRETER);
	take_task(decoder, &mapping->task);
	take_file(decoder, &mapping->file);
	decoder->event.mapping.address = mapping->address;
	decoder->event.mapping.how = mapping->how;
	decoder->event.path = take_path(decoder, &mapping->path);
}

static void decode_leave(struct decoder *decoder)
{
	const struct plm_leave *leave = (const void *)decoder->raw;
	struct event *event = &decoder->event;

	take_task(decoder, &leave->task);
	event->leave.to = leave->to;
	event->leave.by_start = leave->by_start;
	event->leave.by_pid = leave->by_pid;
	event->leave.path = take_text(decoder, &leave->path);
}

static void decode_blind(struct decoder *decoder)
{
	const struct plm_blind *blind = (const void *)decoder->raw;

	require(decoder, blind->what == PLM_BLIND_IO_URING);
	take_task(decoder, &blind->task);
	decoder->event.blind.what = blind->what;
}

static const struct {
	size_t fixed;
	void (*decode)(struct decoder *decoder);
} kinds[PLM_KINDS] = {
	[PLM_BIRTH] = { sizeof(struct plm_birth), decode_birth },
	[PLM_START] = { sizeof(struct plm_start), decode_start },
	[PLM_EXEC] = { sizeof(struct plm_exec), decode_exec },
	[PLM_TASK] = { sizeof(struct plm_exec), decode_exec },
	[PLM_CHANGE] = { sizeof(struct plm_change), decode_change },
	[PLM_IDENTITY] = { sizeof(struct plm_identity), decode_identity },
	[PLM_MAPPING] = { sizeof(struct plm_mapping), decode_mapping },
	[PLM_LEAVE] = { sizeof(struct plm_leave), decode_leave },
	[PLM_BLIND] = { sizeof(struct plm_blind), decode_blind },
};

static int head_check(const struct plm_head *head, size_t size)
{
	if (head->size < sizeof(*head) || head->size > size || head->size > PLM_RECORD_MAX)
		return -EBADMSG;
	if (head->kind >= PLM_KINDS)
		return -EOPNOTSUPP;
	if (!kinds[head->kind].decode || head->size < kinds[head->kind].fixed)
		return -EBADMSG;
	if (head->backend < PLM_BACKEND_TRACEPOINT || head->backend > PLM_BACKEND_ITERATOR)
		return -EBADMSG;
	return 0;
}

int record_kind(const void *raw, size_t size)
{
	struct plm_head head;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, raw, sizeof(head));
	return head.kind < PLM_KINDS ? (int)head.kind : -EOPNOTSUPP;
}

static void decoder_begin(struct decoder *decoder, const struct plm_head *head)
{
	decoder->size = head->size;
	decoder->fixed = kinds[head->kind].fixed;
	decoder->used = 0;
	decoder->bad = false;
	decoder->event = (struct event){
		.kind = head->kind,
		.backend = head->backend,
		.time = head->time,
		.cgroup = head->cgroup,
		.container = head->container,
		.head_flags = head->flags,
		.repeats = head->repeats,
	};
}

int decoder_decode(struct decoder *decoder, const void *raw, size_t size, const struct event **ret_event)
{
	struct plm_head head;
	int error;

	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, raw, sizeof(head));
	error = head_check(&head, size);
	if (error)
		return error;

	/* From here on the copy alone is read: what was checked cannot change. The head is as it was checked
	 * even where `raw` is shared memory. */
	memcpy(decoder->raw, raw, head.size);
	memcpy(decoder->raw, &head, sizeof(head));
	decoder_begin(decoder, &head);
	kinds[head.kind].decode(decoder);
	if (decoder->bad)
		return -EBADMSG;
	*ret_event = &decoder->event;
	return 0;
}
