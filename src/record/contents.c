// SPDX-License-Identifier: Apache-2.0
#include "record/contents.h"

#include <string.h>

static const struct {
	uint32_t flag;
	size_t at; /* of a bool in struct content */
} flags[] = {
	{ RECORDING_CONTENT_UNVERIFIED, offsetof(struct content, unverified) },
	{ RECORDING_CONTENT_TAMPERED, offsetof(struct content, tampered) },
	{ RECORDING_CONTENT_VOUCHED, offsetof(struct content, vouched) },
};

/* ---- from facts ---- */

static struct recording_content content_put(const struct content *content)
{
	struct recording_content put = {
		.digest_kind = (__u8)content->digest.kind,
		.expected_kind = (__u8)content->expected.kind,
		.packaged = (__u8)content->packaged,
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (*(const bool *)((const char *)content + flags[i].at))
			put.flags |= (__u8)flags[i].flag;
	memcpy(put.digest, content->digest.bytes, sizeof(put.digest));
	memcpy(put.expected, content->expected.bytes, sizeof(put.expected));
	return put;
}

static void texts_put(const struct content *content, const struct writer *writer,
		      const char *ret_texts[static CONTENT_TEXTS])
{
	ret_texts[CONTENT_TEXT_PACKAGE] = content->package.name;
	ret_texts[CONTENT_TEXT_VERSION] = content->package.version;
	ret_texts[CONTENT_TEXT_TYPE] = content->package.type;
	ret_texts[CONTENT_TEXT_COPIED_FROM] = content->copied_from;
	ret_texts[CONTENT_TEXT_WRITER] = writer ? writer->executable : NULL;
}

static struct recording_writer writer_put(const struct writer *writer)
{
	if (!writer)
		return (struct recording_writer){ 0 };
	return (struct recording_writer){
		.start = writer->start, .session = writer->session, .time = writer->time, .pid = writer->pid
	};
}

void contents_from_facts(const struct facts *facts, struct recording_contents *ret_contents,
			 const char *ret_texts[static CONTENTS_TEXTS])
{
	*ret_contents = (struct recording_contents){
		.content = { content_put(&facts->content), content_put(&facts->script_content) },
		.writer = { writer_put(facts->writer), writer_put(facts->script_writer) },
		.script_source = facts->script_source,
		.flags = facts->first_of_image ? RECORDING_FIRST_OF_IMAGE : 0,
	};
	texts_put(&facts->content, facts->writer, ret_texts);
	texts_put(&facts->script_content, facts->script_writer, ret_texts + CONTENT_TEXTS);
}

/* ---- to facts ---- */

static bool content_take(const struct recording_content *put, const char *const *texts, struct content *ret_content)
{
	struct content content = {
		.digest.kind = (enum digest_kind)put->digest_kind,
		.expected.kind = (enum digest_kind)put->expected_kind,
		.packaged = (enum answer)put->packaged,
		.package = { texts[CONTENT_TEXT_PACKAGE], texts[CONTENT_TEXT_VERSION], texts[CONTENT_TEXT_TYPE] },
		.copied_from = texts[CONTENT_TEXT_COPIED_FROM],
	};

	if (put->digest_kind >= DIGEST_KINDS || put->expected_kind >= DIGEST_KINDS || put->packaged > ANSWER_YES ||
	    (put->flags & ~RECORDING_CONTENT_FLAGS) ||
	    (!content.package.name && (put->packaged == ANSWER_YES || (put->flags & RECORDING_CONTENT_VOUCHED))))
		return false;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		*(bool *)((char *)&content + flags[i].at) = put->flags & flags[i].flag;
	memcpy(content.digest.bytes, put->digest, sizeof(put->digest));
	memcpy(content.expected.bytes, put->expected, sizeof(put->expected));
	*ret_content = content;
	return true;
}

static const struct writer *writer_take(const struct recording_writer *put, const char *executable, struct writer *room)
{
	if (!put->pid)
		return NULL;
	*room = (struct writer){ .start = put->start,
				 .session = put->session,
				 .time = put->time,
				 .pid = put->pid,
				 .executable = executable };
	return room;
}

bool contents_to_facts(const struct recording_contents *contents, const char *const texts[static CONTENTS_TEXTS],
		       struct writer writers[static 2], struct facts *facts)
{
	if (contents->script_source > SCRIPT_INPUT ||
	    (contents->flags & ~(RECORDING_FIRST_OF_IMAGE | RECORDING_OF_IMAGE)) ||
	    !content_take(&contents->content[0], texts, &facts->content) ||
	    !content_take(&contents->content[1], texts + CONTENT_TEXTS, &facts->script_content))
		return false;
	facts->script_source = (enum script_source)contents->script_source;
	facts->first_of_image = contents->flags & RECORDING_FIRST_OF_IMAGE;
	facts->writer = writer_take(&contents->writer[0], texts[CONTENT_TEXT_WRITER], &writers[0]);
	facts->script_writer =
		writer_take(&contents->writer[1], texts[CONTENT_TEXTS + CONTENT_TEXT_WRITER], &writers[1]);
	return true;
}
