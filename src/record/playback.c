// SPDX-License-Identifier: Apache-2.0
#include "record/playback.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "container/facts.h"
#include "decode/record.h"
#include "record/contents.h"
#include "record/older.h"

struct playback {
	FILE *file;
	struct decoder *decoder;
	bool ended; /* after an error, or at the end */
	struct recording_head head;
	struct playback_frame frame;
	char *labels[LABELS_MAX]; /* of the frame's container: in the payload */
	struct writer writers[2]; /* of the frame's facts */
	_Alignas(8) char payload[RECORDING_FRAME_MAX];
	_Alignas(8) unsigned char record[PLM_RECORD_MAX];
};

/* What is left of a payload. */
struct rest {
	const char *data;
	size_t size;
};

/* ---- the file ---- */

/* 1, or 0 where the file ends in front of it, or -ENODATA where it ends within. */
static int file_take(struct playback *playback, void *ret_data, size_t size)
{
	size_t got = fread(ret_data, 1, size, playback->file);

	if (got == size)
		return 1;
	if (ferror(playback->file))
		return errno ? -errno : -EIO;
	return got == 0 ? 0 : -ENODATA;
}

static int head_take(struct playback *playback)
{
	struct recording_head *head = &playback->head;
	int r = file_take(playback, head, sizeof(*head));

	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	if (memcmp(head->magic, RECORDING_MAGIC, sizeof(head->magic)) != 0 ||
	    !memchr(head->host, 0, sizeof(head->host)))
		return -EBADMSG;
	if (head->version < RECORDING_OLDEST || head->version > RECORDING_VERSION ||
	    head->record_version < OLDER_FIRST || head->record_version > PLM_RECORD_VERSION)
		return -EOPNOTSUPP;
	return 0;
}

static int playback_begin(struct playback *playback, const char *path)
{
	playback->decoder = decoder_new();
	if (!playback->decoder)
		return -ENOMEM;
	playback->file = fopen(path, "re");
	return playback->file ? head_take(playback) : -errno;
}

int playback_open(const char *path, struct playback **ret_playback)
{
	struct playback *playback = calloc(1, sizeof(*playback));
	int error;

	if (!playback)
		return -ENOMEM;
	error = playback_begin(playback, path);
	if (error) {
		playback_close(playback);
		return error;
	}
	*ret_playback = playback;
	return 0;
}

void playback_close(struct playback *playback)
{
	if (!playback)
		return;
	if (playback->file)
		(void)fclose(playback->file);
	decoder_free(playback->decoder);
	free(playback);
}

const char *playback_host(const struct playback *playback)
{
	return playback->head.host[0] ? playback->head.host : NULL;
}

/* ---- payloads ---- */

static int fixed_take(struct rest *rest, void *ret_fixed, size_t size)
{
	if (rest->size < size)
		return -EBADMSG;
	memcpy(ret_fixed, rest->data, size);
	rest->data += size;
	rest->size -= size;
	return 0;
}

static const char *text_take(struct rest *rest, size_t length)
{
	const char *text = rest->data;

	if (length < 2 || length > rest->size || memchr(text, 0, length) != text + length - 1)
		return NULL;
	rest->data += length;
	rest->size -= length;
	return text;
}

static int texts_take(struct rest *rest, const __u32 *lengths, size_t count, const char **ret_texts)
{
	for (size_t i = 0; i < count; i++) {
		ret_texts[i] = NULL;
		if (lengths[i] == 0)
			continue;
		ret_texts[i] = text_take(rest, lengths[i]);
		if (!ret_texts[i])
			return -EBADMSG;
	}
	return 0;
}

/* All that is left must be the texts. */
static int last_texts_take(struct rest *rest, const __u32 *lengths, size_t count, const char **ret_texts)
{
	return texts_take(rest, lengths, count, ret_texts) || rest->size ? -EBADMSG : 0;
}

static int labels_take(struct playback *playback, struct rest *rest, const struct recording_more *more)
{
	struct label_list *labels = &playback->frame.container.facts.labels;

	if (more->labels > LABELS_MAX || more->labels_size != rest->size)
		return -EBADMSG;
	for (size_t i = 0; i < more->labels; i++) {
		const char *label = text_take(rest, strnlen(rest->data, rest->size) + 1);

		if (!label || !strchr(label, '='))
			return -EBADMSG;
		playback->labels[i] = (char *)label;
	}
	labels->items = playback->labels;
	labels->count = more->labels;
	return rest->size ? -EBADMSG : 0;
}

/* What version 2 has besides. */
static int more_take(struct playback *playback, struct rest *rest, const struct recording_more *more)
{
	struct container *container = &playback->frame.container;
	const char *texts[MORE_TEXTS];

	if (more->role >= ROLES || more->sight > SIGHT_SANDBOXED || texts_take(rest, more->texts, MORE_TEXTS, texts))
		return -EBADMSG;
	container->sight = (enum container_sight)more->sight;
	container->workload = (char *)texts[MORE_TEXT_WORKLOAD];
	container->facts.role = (enum container_role)more->role;
	container->facts.pod_uid = (char *)texts[MORE_TEXT_POD_UID];
	container->facts.handler = (char *)texts[MORE_TEXT_HANDLER];
	return labels_take(playback, rest, more);
}

static void container_fill(struct container *container, const struct recording_container *fixed,
			   const char *const *texts)
{
	*container = (struct container){
		.cgroup = fixed->cgroup,
		.state = (enum container_state)fixed->state,
		.cgroup_path = (char *)texts[CONTAINER_TEXT_CGROUP_PATH],
		.root_device = fixed->root_device,
		.started = fixed->boot_started,
	};
	container->facts = (struct container_facts){
		.id = (char *)texts[CONTAINER_TEXT_ID],
		.name = (char *)texts[CONTAINER_TEXT_NAME],
		.runtime = (char *)texts[CONTAINER_TEXT_RUNTIME],
		.image_name = (char *)texts[CONTAINER_TEXT_IMAGE_NAME],
		.image_tag = (char *)texts[CONTAINER_TEXT_IMAGE_TAG],
		.image_digest = (char *)texts[CONTAINER_TEXT_IMAGE_DIGEST],
		.pod_name = (char *)texts[CONTAINER_TEXT_POD_NAME],
		.pod_namespace = (char *)texts[CONTAINER_TEXT_POD_NAMESPACE],
		.init_pid = fixed->init_pid,
		.started = fixed->started,
	};
}

static int container_take(struct playback *playback, struct rest *rest)
{
	bool has_more = playback->head.version > 1;
	struct recording_more more = { .role = ROLE_UNKNOWN };
	struct recording_container fixed;
	const char *texts[CONTAINER_TEXTS];

	if (fixed_take(rest, &fixed, sizeof(fixed)) || (has_more && fixed_take(rest, &more, sizeof(more))) ||
	    fixed.cgroup == 0 || fixed.state > CONTAINER_GONE || texts_take(rest, fixed.texts, CONTAINER_TEXTS, texts))
		return -EBADMSG;
	container_fill(&playback->frame.container, &fixed, texts);
	return more_take(playback, rest, &more);
}

static bool event_is_sound(const struct recording_event *fixed)
{
	return fixed->file.layer < PLM_LAYERS && fixed->script.layer < PLM_LAYERS &&
	       !(fixed->flags & ~RECORDING_FLAGS) && fixed->in_image <= ANSWER_YES &&
	       fixed->from_in_image <= ANSWER_YES && fixed->confirmed <= ANSWER_YES &&
	       fixed->script_in_image <= ANSWER_YES && fixed->pad == 0;
}

/* What the record alone does not tell. */
static int event_complete(struct playback_frame *frame, const struct recording_event *fixed, const char *const *texts)
{
	struct event *event = &frame->event;
	bool named = event->kind == PLM_CHANGE && (event->change.flags & PLM_CHANGE_HINT);

	if (named != !!(fixed->flags & RECORDING_RESOLVED))
		return -EBADMSG;
	if (!named && (texts[EVENT_TEXT_PATH] || texts[EVENT_TEXT_FROM]))
		return -EBADMSG;
	if (named) {
		event->path = texts[EVENT_TEXT_PATH];
		event->change.from = texts[EVENT_TEXT_FROM];
		event->file = fixed->file;
	}
	return 0;
}

/* A record of `size` bytes, as this version has it. */
static int record_take(struct playback *playback, struct rest *rest, size_t size, const struct event **ret_event)
{
	if (size > sizeof(playback->record) || fixed_take(rest, playback->record, size) ||
	    older_renew(playback->head.record_version, playback->record, &size))
		return -EBADMSG;
	return decoder_decode(playback->decoder, playback->record, size, ret_event) ? -EBADMSG : 0;
}

static int event_take(struct playback *playback, struct rest *rest)
{
	struct playback_frame *frame = &playback->frame;
	bool has_contents = playback->head.version > 2;
	struct recording_contents contents = { .flags = 0 };
	struct recording_event fixed;
	const char *texts[EVENT_TEXTS], *contents_texts[CONTENTS_TEXTS];
	const struct event *event;

	if (fixed_take(rest, &fixed, sizeof(fixed)) || !event_is_sound(&fixed) ||
	    (has_contents && fixed_take(rest, &contents, sizeof(contents))) ||
	    record_take(playback, rest, fixed.record, &event) || texts_take(rest, fixed.texts, EVENT_TEXTS, texts) ||
	    last_texts_take(rest, contents.texts, CONTENTS_TEXTS, contents_texts))
		return -EBADMSG;
	frame->boot_offset = fixed.boot_offset;
	frame->event = *event;
	frame->facts = (struct facts){
		.in_image = fixed.in_image,
		.from_in_image = fixed.from_in_image,
		.confirmed = fixed.confirmed,
		.code = fixed.flags & RECORDING_CODE,
		.metadata_only = fixed.flags & RECORDING_METADATA_ONLY,
		.script_metadata_only = fixed.flags & RECORDING_SCRIPT_METADATA_ONLY,
		.executable = texts[EVENT_TEXT_EXECUTABLE],
		.parent_executable = texts[EVENT_TEXT_PARENT_EXECUTABLE],
		.script = fixed.script,
		.script_path = texts[EVENT_TEXT_SCRIPT_PATH],
		.script_in_image = fixed.script_in_image,
		.other_container = texts[EVENT_TEXT_OTHER_CONTAINER],
		.executable_in_image = fixed.flags & RECORDING_EXECUTABLE_IN_IMAGE,
		.container_age = fixed.container_age,
	};
	if (!contents_to_facts(&contents, contents_texts, playback->writers, &frame->facts))
		return -EBADMSG;
	frame->of_image = contents.flags & RECORDING_OF_IMAGE;
	if (!has_contents && (event->exec.flags & PLM_EXEC_SCRIPT)) /* then no other was known */
		frame->facts.script_source = SCRIPT_EXECUTED;
	return event_complete(frame, &fixed, texts);
}

static bool is_coverage(int rule)
{
	return rule >= RULE_COVERAGE_INVENTORY && rule <= RULE_COVERAGE_IO_URING;
}

static int coverage_take(struct playback *playback, struct rest *rest)
{
	struct playback_frame *frame = &playback->frame;
	struct recording_coverage fixed;
	const char *texts[COVERAGE_TEXTS];
	int rule;

	if (fixed_take(rest, &fixed, sizeof(fixed)) || fixed.pad ||
	    last_texts_take(rest, fixed.texts, COVERAGE_TEXTS, texts) || !texts[COVERAGE_TEXT_RULE] ||
	    !texts[COVERAGE_TEXT_KIND] || !texts[COVERAGE_TEXT_MESSAGE])
		return -EBADMSG;
	rule = rule_from_id(texts[COVERAGE_TEXT_RULE]);
	if (!is_coverage(rule))
		return -EBADMSG;
	frame->boot_offset = fixed.boot_offset;
	frame->coverage.container = fixed.container;
	frame->coverage.time = fixed.time;
	frame->coverage.rule = (enum rule)rule;
	frame->coverage.kind = texts[COVERAGE_TEXT_KIND];
	frame->coverage.message = texts[COVERAGE_TEXT_MESSAGE];
	return 0;
}

static int end_take(struct playback *playback, struct rest *rest)
{
	struct recording_end fixed;

	if (fixed_take(rest, &fixed, sizeof(fixed)) || rest->size || fixed.container == 0)
		return -EBADMSG;
	playback->frame.ended = fixed.container;
	return 0;
}

static int lost_take(struct playback *playback, struct rest *rest)
{
	struct recording_lost fixed;

	if (fixed_take(rest, &fixed, sizeof(fixed)) || rest->size)
		return -EBADMSG;
	playback->frame.lost = fixed.frames;
	return 0;
}

static int (*const types[RECORDING_TYPES])(struct playback *playback, struct rest *rest) = {
	[RECORDING_CONTAINER] = container_take, [RECORDING_EVENT] = event_take,
	[RECORDING_COVERAGE] = coverage_take,   [RECORDING_END] = end_take,
	[RECORDING_LOST] = lost_take,
};

static int frame_take(struct playback *playback)
{
	struct recording_frame head;
	struct rest rest = { .data = playback->payload };
	int r = file_take(playback, &head, sizeof(head));

	if (r <= 0)
		return r;
	if (head.type >= RECORDING_TYPES || !types[head.type] || head.size == 0 || head.size > RECORDING_FRAME_MAX)
		return -EBADMSG;
	r = file_take(playback, playback->payload, head.size);
	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	rest.size = head.size;
	playback->frame = (struct playback_frame){ .type = (enum recording_type)head.type };
	r = types[head.type](playback, &rest);
	return r < 0 ? r : 1;
}

int playback_next(struct playback *playback, const struct playback_frame **ret_frame)
{
	int r = playback->ended ? 0 : frame_take(playback);

	playback->ended = r <= 0;
	if (r > 0)
		*ret_frame = &playback->frame;
	return r;
}
