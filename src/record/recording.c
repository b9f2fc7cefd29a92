// SPDX-License-Identifier: Apache-2.0
#include "record/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/facts.h"
#include "output/redact.h"
#include "record/contents.h"
#include "record/format.h"

#define WRITE_AT   (64u * 1024) /* bytes that gather before they are written */
#define FRAME_ROOM (sizeof(struct recording_frame))
#define LOST_ROOM  (FRAME_ROOM + sizeof(struct recording_lost))

struct recording {
	int fd;
	int error;       /* of the last write */
	uint64_t lost;   /* frames */
	uint64_t untold; /* of these, those that no RECORDING_LOST tells yet */
	struct redact *redact;
	size_t used; /* of buffer; room for one RECORDING_LOST is always left */
	_Alignas(8) unsigned char record[PLM_RECORD_MAX];
	unsigned char buffer[RECORDING_BUFFER_MAX];
};

struct part {
	const void *data;
	size_t size;
};

/* ---- the file ---- */

static int buffer_write(struct recording *recording)
{
	size_t done = 0;
	int error = 0;

	while (done < recording->used && error == 0) {
		ssize_t n = write(recording->fd, recording->buffer + done, recording->used - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0)
			error = -EIO;
		else if (errno != EINTR)
			error = -errno;
	}
	recording->used -= done;
	memmove(recording->buffer, recording->buffer + done, recording->used);
	return error;
}

int recording_flush(struct recording *recording)
{
	int before = recording->error;

	recording->error = buffer_write(recording);
	return before ? 0 : recording->error;
}

static void buffer_put(struct recording *recording, const void *data, size_t size)
{
	if (size)
		memcpy(recording->buffer + recording->used, data, size);
	recording->used += size;
}

static void frame_put(struct recording *recording, enum recording_type type, const struct part *parts, size_t count)
{
	struct recording_frame frame = { .type = type };

	for (size_t i = 0; i < count; i++)
		frame.size += (__u32)parts[i].size;
	buffer_put(recording, &frame, sizeof(frame));
	for (size_t i = 0; i < count; i++)
		buffer_put(recording, parts[i].data, parts[i].size);
}

static void lost_put(struct recording *recording)
{
	struct recording_lost lost = { .frames = recording->untold };

	if (!recording->untold)
		return;
	frame_put(recording, RECORDING_LOST, &(struct part){ &lost, sizeof(lost) }, 1);
	recording->untold = 0;
}

static int frame_drop(struct recording *recording, int error)
{
	recording->lost++;
	recording->untold++;
	return error;
}

static int frame_add(struct recording *recording, enum recording_type type, const struct part *parts, size_t count)
{
	size_t size = 0;
	int error = 0;

	for (size_t i = 0; i < count; i++)
		size += parts[i].size;
	if (size > RECORDING_FRAME_MAX)
		return frame_drop(recording, -EMSGSIZE);
	if (recording->used + FRAME_ROOM + size > WRITE_AT)
		error = recording_flush(recording);
	if (recording->used + LOST_ROOM + FRAME_ROOM + size + LOST_ROOM > sizeof(recording->buffer))
		return frame_drop(recording, error);
	lost_put(recording);
	frame_put(recording, type, parts, count);
	return error;
}

/* ---- its life ---- */

static int head_write(struct recording *recording)
{
	struct recording_head head = {
		.magic = RECORDING_MAGIC,
		.version = RECORDING_VERSION,
		.record_version = PLM_RECORD_VERSION,
	};

	if (gethostname(head.host, sizeof(head.host) - 1))
		memset(head.host, 0, sizeof(head.host));
	buffer_put(recording, &head, sizeof(head));
	return recording_flush(recording);
}

static int recording_begin(struct recording *recording, const char *path)
{
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	int error = policy ? recording_redact(recording, policy) : -ENOMEM;

	if (error)
		return error;
	recording->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return recording->fd < 0 ? -errno : head_write(recording);
}

int recording_create(const char *path, struct recording **ret_recording)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	int error;

	if (!recording)
		return -ENOMEM;
	recording->fd = -EBADF;
	error = recording_begin(recording, path);
	if (error) {
		(void)recording_close(recording);
		return error;
	}
	*ret_recording = recording;
	return 0;
}

int recording_redact(struct recording *recording, const struct policy *policy)
{
	struct redact *redact = NULL;
	size_t count = 0;
	const char *const *patterns = policy_redact(policy, &count);
	int error = redact_new(patterns, count, &redact);

	if (error)
		return error;
	redact_free(recording->redact);
	recording->redact = redact;
	return 0;
}

uint64_t recording_lost(const struct recording *recording)
{
	return recording->lost;
}

int recording_close(struct recording *recording)
{
	int error = 0;

	if (!recording)
		return 0;
	if (recording->fd >= 0) {
		lost_put(recording);
		error = buffer_write(recording);
		if (close(recording->fd) && !error)
			error = -errno;
	}
	if (!error && recording->lost)
		error = -ENOSPC;
	redact_free(recording->redact);
	free(recording);
	return error;
}

/* ---- frames ---- */

/* A fixed part and its texts, as parts; the lengths go into the fixed part. */
static void texts_put(const char *const *texts, size_t count, __u32 *ret_lengths, struct part *ret_parts)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = texts[i] && *texts[i] ? strlen(texts[i]) + 1 : 0;

		ret_lengths[i] = (__u32)size;
		ret_parts[i] = (struct part){ texts[i], size };
	}
}

/* As parts; their number, and how many bytes they have, go into the fixed part. */
static size_t labels_put(const struct label_list *labels, struct recording_more *more,
			 struct part ret_parts[static LABELS_MAX])
{
	for (; more->labels < labels->count && more->labels < LABELS_MAX; more->labels++) {
		const char *label = labels->items[more->labels];
		size_t size = strlen(label) + 1;

		ret_parts[more->labels] = (struct part){ label, size };
		more->labels_size += (__u32)size;
	}
	return more->labels;
}

int recording_container(struct recording *recording, const struct container *container)
{
	const struct container_facts *facts = &container->facts;
	const char *const texts[CONTAINER_TEXTS] = {
		[CONTAINER_TEXT_CGROUP_PATH] = container->cgroup_path,
		[CONTAINER_TEXT_ID] = facts->id,
		[CONTAINER_TEXT_NAME] = facts->name,
		[CONTAINER_TEXT_RUNTIME] = facts->runtime,
		[CONTAINER_TEXT_IMAGE_NAME] = facts->image_name,
		[CONTAINER_TEXT_IMAGE_TAG] = facts->image_tag,
		[CONTAINER_TEXT_IMAGE_DIGEST] = facts->image_digest,
		[CONTAINER_TEXT_POD_NAME] = facts->pod_name,
		[CONTAINER_TEXT_POD_NAMESPACE] = facts->pod_namespace,
	};
	struct recording_container fixed = {
		.cgroup = container->cgroup,
		.started = facts->started,
		.boot_started = container->started,
		.state = container->state,
		.init_pid = facts->init_pid,
		.root_device = container->root_device,
	};
	const char *const more_texts[MORE_TEXTS] = {
		[MORE_TEXT_WORKLOAD] = container->workload,
		[MORE_TEXT_POD_UID] = facts->pod_uid,
		[MORE_TEXT_HANDLER] = facts->handler,
	};
	struct recording_more more = { .role = facts->role, .sight = container->sight };
	struct part parts[2 + CONTAINER_TEXTS + MORE_TEXTS + LABELS_MAX] = { { &fixed, sizeof(fixed) },
									     { &more, sizeof(more) } };
	size_t count = 2 + CONTAINER_TEXTS + MORE_TEXTS;

	texts_put(texts, CONTAINER_TEXTS, fixed.texts, parts + 2);
	texts_put(more_texts, MORE_TEXTS, more.texts, parts + 2 + CONTAINER_TEXTS);
	count += labels_put(&facts->labels, &more, parts + count);
	return frame_add(recording, RECORDING_CONTAINER, parts, count);
}

int recording_coverage(struct recording *recording, uint64_t container, enum rule rule, const char *kind,
		       const char *message, uint64_t now, int64_t boot_offset)
{
	const char *const texts[COVERAGE_TEXTS] = {
		[COVERAGE_TEXT_RULE] = rule_info(rule)->id,
		[COVERAGE_TEXT_KIND] = kind,
		[COVERAGE_TEXT_MESSAGE] = message,
	};
	struct recording_coverage fixed = { .container = container, .time = now, .boot_offset = boot_offset };
	struct part parts[1 + COVERAGE_TEXTS] = { { &fixed, sizeof(fixed) } };

	texts_put(texts, COVERAGE_TEXTS, fixed.texts, parts + 1);
	return frame_add(recording, RECORDING_COVERAGE, parts, ARRAY_SIZE(parts));
}

int recording_end(struct recording *recording, uint64_t container)
{
	const struct recording_end end = { .container = container };

	return frame_add(recording, RECORDING_END, &(struct part){ &end, sizeof(end) }, 1);
}

/* ---- events ---- */

/* The record's arguments become `argv`; what has no room is cut off. */
static void args_replace(struct plm_exec *exec, const char *const *argv, size_t argc)
{
	char *record = (char *)exec;
	size_t begin = exec->head.size, at = begin;

	memset(record + exec->args.offset, 0, exec->args.length);
	for (size_t i = 0; i < argc; i++) {
		size_t size = strlen(argv[i]) + 1;

		if (size > PLM_RECORD_MAX - at) {
			exec->head.flags |= PLM_CUT_ARGS;
			break;
		}
		memcpy(record + at, argv[i], size);
		at += size;
	}
	exec->args = (struct plm_str){ (__u32)begin, (__u32)(at - begin) };
	exec->head.size = (__u32)at;
}

/* Blanks the secrets of recording->record; arguments that cannot be looked at are left out. */
static void args_blank(struct recording *recording, const struct event *event)
{
	struct plm_exec *exec = (void *)recording->record;
	_cleanup_free_ char **argv = NULL;
	int r = redact_args(recording->redact, event->exec.argv, event->exec.argc, &argv);

	if (r == 0)
		return;
	exec->head.flags |= event->head_flags & PLM_CUT_ARGS; /* the decoder keeps RECORD_ARGV_MAX of them */
	if (r < 0)
		exec->head.flags |= PLM_CUT_ARGS;
	args_replace(exec, (const char *const *)argv, r < 0 ? 0 : event->exec.argc);
}

static bool has_args(const struct plm_exec *exec)
{
	if (exec->head.kind != PLM_EXEC && exec->head.kind != PLM_TASK)
		return false;
	return exec->head.size >= sizeof(*exec) && exec->args.length > 0;
}

static bool args_within(const struct plm_exec *exec)
{
	return exec->args.offset >= sizeof(*exec) && exec->args.offset <= exec->head.size &&
	       exec->args.length <= exec->head.size - exec->args.offset;
}

/* A copy of the record without secrets. -EINVAL: it is not the one that was decoded. */
static int record_copy(struct recording *recording, const void *raw, size_t size, const struct event *event)
{
	const struct plm_exec *exec = (const void *)recording->record;

	if (size < sizeof(exec->head) || size > PLM_RECORD_MAX)
		return -EINVAL;
	memcpy(recording->record, raw, size);
	if (exec->head.size < sizeof(exec->head) || exec->head.size > size)
		return -EINVAL;
	if (!has_args(exec))
		return 0;
	if (!args_within(exec))
		return -EINVAL;
	args_blank(recording, event);
	return 0;
}

static __u32 event_flags(const struct event *event, const struct facts *facts)
{
	bool resolved = event->kind == PLM_CHANGE && (event->change.flags & PLM_CHANGE_HINT);

	return (resolved ? RECORDING_RESOLVED : 0) | (facts->code ? RECORDING_CODE : 0) |
	       (facts->metadata_only ? RECORDING_METADATA_ONLY : 0) |
	       (facts->script_metadata_only ? RECORDING_SCRIPT_METADATA_ONLY : 0) |
	       (facts->executable_in_image ? RECORDING_EXECUTABLE_IN_IMAGE : 0);
}

int recording_event(struct recording *recording, const void *raw, size_t size, const struct event *event,
		    const struct facts *facts, int64_t boot_offset, bool of_image)
{
	__u32 flags = event_flags(event, facts);
	const char *const texts[EVENT_TEXTS] = {
		[EVENT_TEXT_PATH] = flags & RECORDING_RESOLVED ? event->path : NULL,
		[EVENT_TEXT_FROM] = flags & RECORDING_RESOLVED ? event->change.from : NULL,
		[EVENT_TEXT_EXECUTABLE] = facts->executable,
		[EVENT_TEXT_PARENT_EXECUTABLE] = facts->parent_executable,
		[EVENT_TEXT_SCRIPT_PATH] = facts->script_path,
		[EVENT_TEXT_OTHER_CONTAINER] = facts->other_container,
	};
	struct recording_event fixed = {
		.boot_offset = boot_offset,
		.container_age = facts->container_age,
		.file = event->file,
		.script = facts->script,
		.flags = flags,
		.in_image = (__u8)facts->in_image,
		.from_in_image = (__u8)facts->from_in_image,
		.confirmed = (__u8)facts->confirmed,
		.script_in_image = (__u8)facts->script_in_image,
	};
	const char *contents_texts[CONTENTS_TEXTS];
	struct recording_contents contents;
	struct part parts[3 + EVENT_TEXTS + CONTENTS_TEXTS] = { { &fixed, sizeof(fixed) },
								{ &contents, sizeof(contents) } };
	int error = record_copy(recording, raw, size, event);

	if (error)
		return frame_drop(recording, error);
	fixed.record = ((const struct plm_head *)recording->record)->size;
	parts[2] = (struct part){ recording->record, fixed.record };
	texts_put(texts, EVENT_TEXTS, fixed.texts, parts + 3);
	contents_from_facts(facts, &contents, contents_texts);
	contents.flags |= of_image ? RECORDING_OF_IMAGE : 0;
	texts_put(contents_texts, CONTENTS_TEXTS, contents.texts, parts + 3 + EVENT_TEXTS);
	return frame_add(recording, RECORDING_EVENT, parts, ARRAY_SIZE(parts));
}
