// SPDX-License-Identifier: Apache-2.0
/* Recordings: written and read back field by field, replayed against what a live agent tells, and hostile
 * ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cmd/cmd.h"
#include "container/facts.h"
#include "decode/record.h"
#include "detect/coverage.h"
#include "output/id.h"
#include "output/sink.h"
#include "record/older.h"
#include "record/playback.h"
#include "record/recording.h"
#include "tell/judge.h"
#include "tell/key.h"

#define BOOT_OFFSET 1700000000000000000ll
#define WEB         42u
#define BARE        43u

DEFINE_CLEANUP(struct decoder *, decoder_free)

/* ---- a folder for each test ---- */

struct place {
	char dir[64];
	char recording[96], live[96], replayed[96], policy[96];
};

static int place_make(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	(void)snprintf(place->dir, sizeof(place->dir), "/tmp/plimsoll-test-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	(void)snprintf(place->recording, sizeof(place->recording), "%s/recording", place->dir);
	(void)snprintf(place->live, sizeof(place->live), "%s/live", place->dir);
	(void)snprintf(place->replayed, sizeof(place->replayed), "%s/replayed", place->dir);
	(void)snprintf(place->policy, sizeof(place->policy), "%s/policy", place->dir);
	*state = place;
	return 0;
}

static int place_remove(void **state)
{
	struct place *place = *state;
	const char *const files[] = { place->recording, place->live, place->replayed, place->policy };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlink(files[i]);
	(void)rmdir(place->dir);
	free(place);
	return 0;
}

static char *file_read(const char *path, size_t *ret_size)
{
	_cleanup_fclose_ FILE *file = fopen(path, "re");
	char *bytes = NULL;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*ret_size = (size_t)ftell(file);
	rewind(file);
	bytes = calloc(1, *ret_size + 1);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	return bytes;
}

static void file_write(const char *path, const char *text)
{
	_cleanup_fclose_ FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
}

/* ---- records ---- */

struct draft {
	union {
		struct plm_head head;
		struct plm_exec exec;
		struct plm_change change;
		struct plm_identity identity;
		struct plm_mapping mapping;
		struct plm_leave leave;
		unsigned char bytes[PLM_RECORD_MAX];
	};
};

static void draft_text(struct draft *draft, struct plm_str *text, const char *bytes, size_t length)
{
	*text = (struct plm_str){ draft->head.size, (__u32)length };
	memcpy(draft->bytes + draft->head.size, bytes, length);
	draft->head.size += (__u32)length;
}

#define TEXT(draft, field, literal) draft_text(draft, &(draft)->field, literal, sizeof(literal) - 1)
#define BEGIN(draft, of, of_kind, when)                                                                                \
	do {                                                                                                           \
		memset(draft, 0, sizeof(*(draft)));                                                                    \
		(draft)->head = (struct plm_head){ .kind = of_kind,                                                    \
						   .backend = PLM_BACKEND_TRACEPOINT,                                  \
						   .size = sizeof((draft)->of),                                        \
						   .time = when,                                                       \
						   .cgroup = WEB,                                                      \
						   .container = WEB };                                                 \
		(draft)->of.task = (struct plm_task){ .pid = 7, .start = 70, .parent_pid = 6, .parent_start = 60 };    \
		memcpy((draft)->of.task.comm, "sh", 3);                                                                \
	} while (0)

/* A sample: a record, and what the agent found out about it. */
struct sample {
	struct draft draft;
	struct facts facts;
	const char *path, *from; /* of a change told by name, resolved */
	struct plm_file file;
};

static void sample_parent(struct sample *s)
{
	BEGIN(&s->draft, exec, PLM_EXEC, 1000);
	s->draft.exec.task.pid = 6;
	s->draft.exec.task.start = 60;
	s->draft.exec.task.creds = (struct plm_creds){ .uid = 33, .euid = 33, .suid = 33, .fsuid = 33 };
	s->draft.exec.before = s->draft.exec.task.creds;
	s->draft.exec.file.layer = PLM_LAYER_IMAGE;
	TEXT(&s->draft, exec.path, "dash\0bin\0usr\0");
	s->facts = (struct facts){ .in_image = ANSWER_YES, .executable = "/usr/bin/dash" };
}

static void sample_exec(struct sample *s)
{
	BEGIN(&s->draft, exec, PLM_EXEC, 2000);
	s->draft.exec.task.cause = PLM_CAUSE_IMAGE;
	s->draft.exec.file = (struct plm_file){ .inode = 5, .layer = PLM_LAYER_UPPER, .mode = 0100755, .ctime = 9 };
	s->draft.exec.ancestors[0] = (struct plm_ancestor){ .start = 60, .pid = 6 };
	TEXT(&s->draft, exec.path, "x\0opt\0");
	TEXT(&s->draft, exec.args, "x\0--password=hunter2\0-v\0");
	TEXT(&s->draft, exec.cwd, "/\0");
	s->facts = (struct facts){ .in_image = ANSWER_NO,
				   .code = true,
				   .executable = "/opt/x",
				   .parent_executable = "/usr/bin/dash",
				   .container_age = 90 };
}

static const struct writer script_writer = { 60, 5, 2400, 6, "/usr/bin/cp" };

static void sample_script(struct sample *s)
{
	sample_parent(s);
	s->draft.head.time = 2500;
	s->draft.exec.task.pid = 8;
	s->draft.exec.flags = PLM_EXEC_SCRIPT;
	s->facts.script = (struct plm_file){ .inode = 6, .layer = PLM_LAYER_UPPER, .ctime = 11 };
	s->facts.script_path = "/opt/run.sh";
	s->facts.script_in_image = ANSWER_YES;
	s->facts.script_source = SCRIPT_EXECUTED;
	s->facts.first_of_image = true;
	s->facts.content = (struct content){ .digest = { DIGEST_SHA256, { 1, 2 } },
					     .expected = { DIGEST_MD5, { 3 } },
					     .tampered = true,
					     .packaged = ANSWER_YES,
					     .package = { "dash", "0.5", "deb" } };
	s->facts.script_content = (struct content){ .unverified = true, .copied_from = "/usr/bin/run.sh" };
	s->facts.script_writer = &script_writer;
}

static void sample_input(struct sample *s)
{
	sample_parent(s);
	s->draft.head.time = 2600;
	s->draft.exec.task.pid = 9;
	s->draft.exec.stdin_mode = 0100644;
	s->draft.exec.input = (struct plm_file){ .inode = 12, .layer = PLM_LAYER_UPPER, .mode = 0100644 };
	TEXT(&s->draft, exec.cwd, "/\0");
	TEXT(&s->draft, exec.input_path, "in\0tmp\0");
	TEXT(&s->draft, exec.args, "sh\0");
}

static void sample_rename(struct sample *s)
{
	BEGIN(&s->draft, change, PLM_CHANGE, 3000);
	s->draft.change.op = PLM_OP_RENAME;
	s->draft.change.flags = PLM_CHANGE_HINT;
	TEXT(&s->draft, change.base, "etc\0");
	TEXT(&s->draft, change.name, "../etc/b\0");
	TEXT(&s->draft, change.from_base, "etc\0");
	TEXT(&s->draft, change.from_name, "a\0");
	s->path = "/etc/b";
	s->from = "/etc/a";
	s->file = (struct plm_file){ .inode = 8, .layer = PLM_LAYER_UPPER, .mode = 0104755, .size = 12 };
	s->facts = (struct facts){ .in_image = ANSWER_NO,
				   .from_in_image = ANSWER_YES,
				   .confirmed = ANSWER_YES,
				   .executable = "/usr/bin/mv",
				   .executable_in_image = true,
				   .container_age = UINT64_MAX };
}

static void sample_other_root(struct sample *s)
{
	BEGIN(&s->draft, change, PLM_CHANGE, 4000);
	s->draft.change.op = PLM_OP_CREATE;
	s->draft.change.file = (struct plm_file){ .inode = 9, .layer = PLM_LAYER_OTHER_ROOT };
	TEXT(&s->draft, change.path, "x\0merged\0");
	s->facts = (struct facts){ .other_container = "db", .container_age = UINT64_MAX };
}

static void sample_identity(struct sample *s)
{
	BEGIN(&s->draft, identity, PLM_IDENTITY, 5000);
	s->draft.identity.before = (struct plm_creds){ .uid = 33, .euid = 33, .suid = 33, .fsuid = 33 };
	s->draft.identity.task.cause = PLM_CAUSE_SETUID_CALL;
	s->facts = (struct facts){ .executable = "/opt/x" };
}

static void sample_mapping(struct sample *s)
{
	BEGIN(&s->draft, mapping, PLM_MAPPING, 6000);
	s->draft.mapping.how = PLM_MAP_MMAP;
	s->draft.mapping.file.layer = PLM_LAYER_MEMORY;
	TEXT(&s->draft, mapping.path, "memfd:jit\0");
	s->facts = (struct facts){ .code = true, .executable = "/opt/x" };
}

static void sample_leave(struct sample *s)
{
	BEGIN(&s->draft, leave, PLM_LEAVE, 7000);
	s->draft.head.container = BARE;
	s->draft.leave.to = 1;
	TEXT(&s->draft, leave.path, "/system.slice\0");
}

static void (*const samples[])(struct sample *s) = {
	sample_parent,     sample_exec,     sample_exec /* a repeat, to be folded */,
	sample_script,     sample_input,    sample_rename,
	sample_other_root, sample_identity, sample_mapping,
	sample_leave,
};

static struct event sample_event(struct sample *s, struct decoder *decoder)
{
	const struct event *decoded = NULL;
	struct event event;

	assert_int_equal(decoder_decode(decoder, s->draft.bytes, s->draft.head.size, &decoded), 0);
	event = *decoded;
	if (s->path) {
		event.path = s->path;
		event.change.from = s->from;
		event.file = s->file;
	}
	return event;
}

static char *web_labels[] = { (char *)"team=db", (char *)"empty=", (char *)"a=b=c" };

static struct container web = {
	.cgroup = WEB,
	.state = CONTAINER_NAMED,
	.cgroup_path = (char *)"/docker/0123",
	.root_device = 77,
	.started = 500,
	.sight = SIGHT_PLAIN,
	.workload = (char *)"n/p/web",
	.facts = { .id = (char *)"0123",
		   .name = (char *)"web",
		   .runtime = (char *)"docker",
		   .image_name = (char *)"docker.io/library/debian",
		   .image_tag = (char *)"12",
		   .image_digest = (char *)"sha256:00",
		   .pod_name = (char *)"p",
		   .pod_namespace = (char *)"n",
		   .pod_uid = (char *)"u-1",
		   .handler = (char *)"runc",
		   .role = ROLE_INIT,
		   .labels = { web_labels, ARRAY_SIZE(web_labels) },
		   .init_pid = 6,
		   .started = 1700000000 },
};

static struct container bare = { .cgroup = BARE, .state = CONTAINER_UNNAMED, .cgroup_path = (char *)"/docker/9" };

static void record_samples(const char *path)
{
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct sample *s = malloc(sizeof(*s));
	struct recording *recording = NULL;

	assert_int_equal(recording_create(path, &recording), 0);
	assert_int_equal(recording_container(recording, &web), 0);
	assert_int_equal(recording_container(recording, &bare), 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct event event;

		memset(s, 0, sizeof(*s));
		samples[i](s);
		event = sample_event(s, decoder);
		assert_int_equal(recording_event(recording, s->draft.bytes, s->draft.head.size, &event, &s->facts,
						 BOOT_OFFSET, false),
				 0);
	}
	assert_int_equal(recording_coverage(recording, WEB, RULE_COVERAGE_IO_URING, "io_uring", "a ring was made", 7500,
					    BOOT_OFFSET),
			 0);
	assert_int_equal(recording_end(recording, WEB), 0);
	assert_int_equal(recording_lost(recording), 0);
	assert_int_equal(recording_close(recording), 0);
}

/* ---- written and read ---- */

static const struct playback_frame *next_of(struct playback *playback, enum recording_type type)
{
	const struct playback_frame *frame = NULL;

	assert_int_equal(playback_next(playback, &frame), 1);
	assert_int_equal(frame->type, type);
	return frame;
}

static void same_text(const char *a, const char *b)
{
	if (a && b)
		assert_string_equal(a, b);
	else
		assert_ptr_equal(a, b);
}

static void same_more(const struct container *read)
{
	assert_int_equal(read->sight, SIGHT_PLAIN);
	assert_int_equal(read->facts.role, ROLE_INIT);
	assert_string_equal(read->workload, web.workload);
	assert_string_equal(read->facts.pod_uid, web.facts.pod_uid);
	assert_string_equal(read->facts.handler, web.facts.handler);
	assert_int_equal(read->facts.labels.count, ARRAY_SIZE(web_labels));
	for (size_t i = 0; i < ARRAY_SIZE(web_labels); i++)
		assert_string_equal(read->facts.labels.items[i], web_labels[i]);
}

static void same_container(const struct container *read)
{
	assert_int_equal(read->cgroup, WEB);
	assert_int_equal(read->state, CONTAINER_NAMED);
	assert_string_equal(read->cgroup_path, web.cgroup_path);
	assert_int_equal(read->root_device, 77);
	assert_int_equal(read->started, 500);
	assert_string_equal(read->facts.id, web.facts.id);
	assert_string_equal(read->facts.name, web.facts.name);
	assert_string_equal(read->facts.runtime, web.facts.runtime);
	assert_string_equal(read->facts.image_name, web.facts.image_name);
	assert_string_equal(read->facts.image_tag, web.facts.image_tag);
	assert_string_equal(read->facts.image_digest, web.facts.image_digest);
	assert_string_equal(read->facts.pod_name, web.facts.pod_name);
	assert_string_equal(read->facts.pod_namespace, web.facts.pod_namespace);
	assert_int_equal(read->facts.init_pid, 6);
	assert_int_equal(read->facts.started, 1700000000);
}

static void same_content(const struct content *read, const struct content *written)
{
	assert_memory_equal(&read->digest, &written->digest, sizeof(read->digest));
	assert_memory_equal(&read->expected, &written->expected, sizeof(read->expected));
	assert_int_equal(read->packaged, written->packaged);
	assert_true(read->unverified == written->unverified && read->tampered == written->tampered &&
		    read->vouched == written->vouched);
	same_text(read->package.name, written->package.name);
	same_text(read->package.version, written->package.version);
	same_text(read->package.type, written->package.type);
	same_text(read->copied_from, written->copied_from);
}

static void same_writer(const struct writer *read, const struct writer *written)
{
	assert_int_equal(!read, !written);
	if (!read)
		return;
	assert_true(read->pid == written->pid && read->start == written->start && read->session == written->session &&
		    read->time == written->time);
	same_text(read->executable, written->executable);
}

/* What version 3 has besides. */
static void same_contents(const struct facts *read, const struct facts *written)
{
	same_content(&read->content, &written->content);
	same_content(&read->script_content, &written->script_content);
	same_writer(read->writer, written->writer);
	same_writer(read->script_writer, written->script_writer);
	assert_int_equal(read->script_source, written->script_source);
	assert_int_equal(read->first_of_image, written->first_of_image);
}

static void same_facts(const struct facts *read, const struct facts *written)
{
	assert_int_equal(read->in_image, written->in_image);
	assert_int_equal(read->from_in_image, written->from_in_image);
	assert_int_equal(read->confirmed, written->confirmed);
	assert_int_equal(read->code, written->code);
	assert_int_equal(read->metadata_only, written->metadata_only);
	assert_int_equal(read->script_metadata_only, written->script_metadata_only);
	same_text(read->executable, written->executable);
	same_text(read->parent_executable, written->parent_executable);
	assert_memory_equal(&read->script, &written->script, sizeof(read->script));
	same_text(read->script_path, written->script_path);
	assert_int_equal(read->script_in_image, written->script_in_image);
	same_text(read->other_container, written->other_container);
	assert_int_equal(read->executable_in_image, written->executable_in_image);
	assert_int_equal(read->container_age, written->container_age);
}

static void same_event(const struct event *read, const struct event *written)
{
	assert_int_equal(read->kind, written->kind);
	assert_int_equal(read->time, written->time);
	assert_int_equal(read->container, written->container);
	assert_memory_equal(&read->task, &written->task, sizeof(read->task));
	assert_memory_equal(&read->file, &written->file, sizeof(read->file));
	same_text(read->path, written->path);
	same_text(read->change.from, written->change.from);
	same_text(read->change.name, written->change.name);
	same_text(read->leave.path, written->leave.path);
	assert_int_equal(read->exec.argc, written->exec.argc);
	for (size_t i = 0; i < read->exec.argc; i++)
		if (!strstr(written->exec.argv[i], "password"))
			assert_string_equal(read->exec.argv[i], written->exec.argv[i]);
	same_text(read->exec.cwd, written->exec.cwd);
	same_text(read->exec.input_path, written->exec.input_path);
	assert_memory_equal(&read->exec.input, &written->exec.input, sizeof(read->exec.input));
	assert_memory_equal(read->exec.ancestors, written->exec.ancestors, sizeof(read->exec.ancestors));
}

static void reads_back(void **state)
{
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct sample *s = malloc(sizeof(*s));
	const struct playback_frame *frame = NULL;
	char host[72] = "";
	struct stat stat_of;

	record_samples(place->recording);
	assert_int_equal(stat(place->recording, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 07777, 0600);
	assert_int_equal(playback_open(place->recording, &playback), 0);
	(void)gethostname(host, sizeof(host) - 1);
	assert_string_equal(playback_host(playback), host);
	frame = next_of(playback, RECORDING_CONTAINER);
	same_container(&frame->container);
	same_more(&frame->container);
	frame = next_of(playback, RECORDING_CONTAINER);
	assert_int_equal(frame->container.cgroup, BARE);
	assert_string_equal(frame->container.cgroup_path, "/docker/9");
	assert_null(frame->container.facts.id);
	assert_null(frame->container.workload);
	assert_int_equal(frame->container.facts.labels.count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct event event;

		memset(s, 0, sizeof(*s));
		samples[i](s);
		event = sample_event(s, decoder);
		frame = next_of(playback, RECORDING_EVENT);
		assert_int_equal(frame->boot_offset, BOOT_OFFSET);
		same_event(&frame->event, &event);
		same_facts(&frame->facts, &s->facts);
		same_contents(&frame->facts, &s->facts);
	}
	frame = next_of(playback, RECORDING_COVERAGE);
	assert_int_equal(frame->coverage.container, WEB);
	assert_int_equal(frame->coverage.time, 7500);
	assert_int_equal(frame->coverage.rule, RULE_COVERAGE_IO_URING);
	assert_string_equal(frame->coverage.kind, "io_uring");
	assert_string_equal(frame->coverage.message, "a ring was made");
	assert_int_equal(next_of(playback, RECORDING_END)->ended, WEB);
	assert_int_equal(playback_next(playback, &frame), 0);
	assert_int_equal(playback_next(playback, &frame), 0);
}

/* A container's frame of version 1 has neither struct recording_more nor what belongs to it. */
static size_t container_shrink(char *payload, size_t size, __u32 version)
{
	struct recording_container fixed;
	size_t texts = 0;

	if (version > 1)
		return size;
	memcpy(&fixed, payload, sizeof(fixed));
	for (size_t i = 0; i < CONTAINER_TEXTS; i++)
		texts += fixed.texts[i];
	memmove(payload + sizeof(fixed), payload + sizeof(fixed) + sizeof(struct recording_more), texts);
	return sizeof(fixed) + texts;
}

/* An event's frame of version 2 has neither struct recording_contents nor its texts, which end it. */
static size_t contents_drop(char *payload, size_t size)
{
	struct recording_contents contents;
	size_t at = sizeof(struct recording_event), texts = 0;

	memcpy(&contents, payload + at, sizeof(contents));
	for (size_t i = 0; i < CONTENTS_TEXTS; i++)
		texts += contents.texts[i];
	size -= sizeof(contents) + texts;
	memmove(payload + at, payload + at + sizeof(contents), size - at);
	return size;
}

/* Record version 1 ended struct plm_exec in front of its input. */
static size_t event_shrink(char *payload, size_t size, __u32 version)
{
	const size_t old = offsetof(struct plm_exec, input), grown = sizeof(struct plm_exec) - old;
	size_t at = sizeof(struct recording_event) + (version > 2 ? sizeof(struct recording_contents) : 0);
	struct recording_event *fixed = (void *)payload;
	struct plm_exec *exec = (void *)(payload + at);
	struct plm_str *const texts[] = { &exec->path, &exec->script_path, &exec->name,
					  &exec->args, &exec->cwd,         &exec->root };

	if (version <= 2)
		size = contents_drop(payload, size);
	if (exec->head.kind != PLM_EXEC)
		return size;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i]->length)
			texts[i]->offset -= (__u32)grown;
	exec->head.size -= (__u32)grown;
	fixed->record -= (__u32)grown;
	memmove((char *)exec + old, (char *)exec + sizeof(*exec), size - at - sizeof(*exec));
	return size - grown;
}

/* The recording as that version wrote it, with records of version 1. */
static void make_older(const char *path, __u32 version)
{
	_cleanup_free_ char *bytes = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	struct recording_head head;
	struct recording_frame frame;
	size_t size, at = sizeof(head);

	bytes = file_read(path, &size);
	file = fopen(path, "we");
	memcpy(&head, bytes, sizeof(head));
	head.version = version;
	head.record_version = 1;
	assert_int_equal(fwrite(&head, sizeof(head), 1, file), 1);
	for (; at < size; at += sizeof(frame) + frame.size) {
		_cleanup_free_ char *payload = NULL;
		struct recording_frame older;

		memcpy(&frame, bytes + at, sizeof(frame));
		payload = memcpy(malloc(frame.size), bytes + at + sizeof(frame), frame.size);
		older = frame;
		if (frame.type == RECORDING_CONTAINER)
			older.size = (__u32)container_shrink(payload, frame.size, version);
		else if (frame.type == RECORDING_EVENT)
			older.size = (__u32)event_shrink(payload, frame.size, version);
		assert_int_equal(fwrite(&older, sizeof(older), 1, file), 1);
		assert_int_equal(fwrite(payload, 1, older.size, file), older.size);
	}
}

/* What version 1 of a record did not have is absent, and all else is as it was. */
static void reads_older_records(void **state)
{
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct sample *s = malloc(sizeof(*s));
	const struct playback_frame *frame = NULL;

	record_samples(place->recording);
	make_older(place->recording, RECORDING_VERSION);
	assert_int_equal(playback_open(place->recording, &playback), 0);
	same_more(&next_of(playback, RECORDING_CONTAINER)->container);
	(void)next_of(playback, RECORDING_CONTAINER);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct event event;

		memset(s, 0, sizeof(*s));
		samples[i](s);
		event = sample_event(s, decoder);
		event.exec.input = (struct plm_file){ 0 };
		event.exec.input_path = NULL;
		frame = next_of(playback, RECORDING_EVENT);
		same_event(&frame->event, &event);
		same_facts(&frame->facts, &s->facts);
		same_contents(&frame->facts, &s->facts);
	}
}

/* An older record whose sizes or texts lie does not become one that is taken. */
static void refuses_older_records_that_lie(void **state)
{
	static const size_t old = offsetof(struct plm_exec, input);
	static const struct {
		__u32 kind, size; /* of the head */
		struct plm_str path;
		size_t bytes;
		int expected, decoded;
	} rows[] = {
#define OLD offsetof(struct plm_exec, input)
		{ PLM_EXEC, OLD + 6, { OLD, 6 }, OLD + 6, 0, 0 },
		{ PLM_TASK, OLD + 6, { OLD, 6 }, OLD + 6, 0, 0 },
		{ PLM_EXEC, OLD - 1, { 0, 0 }, OLD + 6, -EBADMSG, 0 },
		{ PLM_EXEC, OLD + 7, { 0, 0 }, OLD + 6, -EBADMSG, 0 },
		{ PLM_EXEC, UINT32_MAX, { 0, 0 }, OLD + 6, -EBADMSG, 0 },
		{ PLM_EXEC, OLD, { 0, 0 }, PLM_RECORD_MAX, -EBADMSG, 0 },
		{ PLM_EXEC, OLD + 6, { OLD - 1, 6 }, OLD + 6, 0, -EBADMSG },
		{ PLM_EXEC, OLD + 6, { OLD + 1, 6 }, OLD + 6, 0, -EBADMSG },
		{ PLM_EXEC, OLD + 6, { UINT32_MAX - 8, 6 }, OLD + 6, 0, -EBADMSG },
		{ PLM_CHANGE, 8, { 0, 0 }, 8, -EBADMSG, 0 },
	};
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct draft *draft = malloc(sizeof(*draft));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct event *event = NULL;
		size_t size = rows[i].bytes;

		BEGIN(draft, exec, PLM_EXEC, 1);
		draft->head.kind = (__u16)rows[i].kind;
		draft->head.size = rows[i].size;
		draft->exec.path = rows[i].path;
		memcpy(draft->bytes + old, "sh\0in", 6);
		assert_int_equal(older_renew(1, draft->bytes, &size), rows[i].expected);
		if (rows[i].expected)
			continue;
		assert_int_equal(decoder_decode(decoder, draft->bytes, size, &event), rows[i].decoded);
		if (rows[i].decoded == 0)
			assert_string_equal(event->path, "/in/sh");
	}
}

static void reads_version_1(void **state)
{
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	const struct playback_frame *frame = NULL;

	record_samples(place->recording);
	make_older(place->recording, 1);
	assert_int_equal(playback_open(place->recording, &playback), 0);
	frame = next_of(playback, RECORDING_CONTAINER);
	same_container(&frame->container);
	assert_null(frame->container.workload);
	assert_null(frame->container.facts.pod_uid);
	assert_int_equal(frame->container.facts.role, ROLE_UNKNOWN);
	assert_int_equal(frame->container.facts.labels.count, 0);
	assert_int_equal(next_of(playback, RECORDING_CONTAINER)->container.cgroup, BARE);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		(void)next_of(playback, RECORDING_EVENT);
	(void)next_of(playback, RECORDING_COVERAGE);
	(void)next_of(playback, RECORDING_END);
	assert_int_equal(playback_next(playback, &frame), 0);
}

/* More labels than are kept, each as long as can be. */
static void labels_have_a_bound(void **state)
{
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	struct recording *recording = NULL;
	struct container many = web;
	char label[FACT_MAX + 1], *items[LABELS_MAX + 1];
	const struct playback_frame *frame = NULL;

	memset(label, 'a', sizeof(label));
	label[1] = '=';
	label[FACT_MAX] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		items[i] = label;
	many.facts.labels = (struct label_list){ items, ARRAY_SIZE(items) };
	assert_int_equal(recording_create(place->recording, &recording), 0);
	assert_int_equal(recording_container(recording, &many), 0);
	assert_int_equal(recording_close(recording), 0);
	assert_int_equal(playback_open(place->recording, &playback), 0);
	frame = next_of(playback, RECORDING_CONTAINER);
	assert_int_equal(frame->container.facts.labels.count, LABELS_MAX);
	assert_string_equal(frame->container.facts.labels.items[LABELS_MAX - 1], label);
}

static void keeps_no_secret(void **state)
{
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	_cleanup_free_ char *bytes = NULL;
	const struct playback_frame *frame = NULL;
	size_t size;

	record_samples(place->recording);
	bytes = file_read(place->recording, &size);
	assert_null(memmem(bytes, size, "hunter2", 7));
	assert_int_equal(playback_open(place->recording, &playback), 0);
	(void)next_of(playback, RECORDING_CONTAINER);
	(void)next_of(playback, RECORDING_CONTAINER);
	(void)next_of(playback, RECORDING_EVENT);
	frame = next_of(playback, RECORDING_EVENT);
	assert_int_equal(frame->event.exec.argc, 3);
	assert_string_equal(frame->event.exec.argv[0], "x");
	assert_string_equal(frame->event.exec.argv[1], "--password=***");
	assert_string_equal(frame->event.exec.argv[2], "-v");
	assert_false(frame->event.head_flags & PLM_CUT_ARGS);
}

/* The policy's own patterns, and arguments that no longer fit where a longer word takes a shorter one's
 * place. */
static void policy_patterns_apply(void **state)
{
	static const char yaml[] = "redact: [\"-k*\"]";
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	_cleanup_(policy_freep) struct policy *policy = NULL;
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct sample *s = calloc(1, sizeof(*s));
	struct recording *recording = NULL;
	const struct playback_frame *frame;
	struct policy_error error;
	struct event event;
	size_t errors;

	assert_int_equal(policy_parse(yaml, strlen(yaml), &policy, &error, 1, &errors), 0);
	BEGIN(&s->draft, exec, PLM_EXEC, 1);
	s->draft.exec.args = (struct plm_str){ s->draft.head.size, PLM_RECORD_MAX - s->draft.head.size };
	memset(s->draft.bytes + s->draft.head.size, 'a', PLM_RECORD_MAX - s->draft.head.size);
	memcpy(s->draft.bytes + s->draft.head.size, "x\0-khunter2", 12);
	s->draft.bytes[PLM_RECORD_MAX - 1] = '\0';
	s->draft.head.size = PLM_RECORD_MAX;
	event = sample_event(s, decoder);
	assert_int_equal(recording_create(place->recording, &recording), 0);
	assert_int_equal(recording_redact(recording, policy), 0);
	assert_int_equal(recording_event(recording, s->draft.bytes, PLM_RECORD_MAX, &event, &s->facts, 0, false), 0);
	assert_int_equal(recording_close(recording), 0);
	assert_int_equal(playback_open(place->recording, &playback), 0);
	frame = next_of(playback, RECORDING_EVENT);
	assert_int_equal(frame->event.exec.argc, 0);
	assert_true(frame->event.head_flags & PLM_CUT_ARGS);
}

static void refuses_what_is_there(void **state)
{
	struct place *place = *state;
	struct recording *recording = NULL;

	file_write(place->recording, "mine");
	assert_int_equal(recording_create(place->recording, &recording), -EEXIST);
	assert_int_equal(symlink(place->recording, place->live), 0);
	assert_int_equal(recording_create(place->live, &recording), -EEXIST);
	assert_int_equal(unlink(place->recording), 0);
	assert_int_equal(recording_create(place->live, &recording), -EEXIST); /* a link that leads nowhere */
	assert_int_equal(recording_create("/nonexistent/recording", &recording), -ENOENT);
	assert_null(recording);
	assert_int_equal(recording_close(NULL), 0);
}

/* ---- a disk that is full for a while ---- */

#define FLOOD 3000

static void disk_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static size_t flood(struct recording *recording, size_t *ret_errors)
{
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct sample *s = calloc(1, sizeof(*s));
	struct event event;

	sample_exec(s);
	event = sample_event(s, decoder);
	*ret_errors = 0;
	for (size_t i = 0; i < FLOOD; i++)
		*ret_errors += recording_event(recording, s->draft.bytes, s->draft.head.size, &event, &s->facts,
					       BOOT_OFFSET, false) != 0;
	return FLOOD;
}

static void full_disk_is_counted(void **state)
{
	struct place *place = *state;
	_cleanup_(playback_closep) struct playback *playback = NULL;
	struct recording *recording = NULL;
	const struct playback_frame *frame;
	uint64_t lost = 0, read = 0, told = 0;
	size_t errors, wrote;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(recording_create(place->recording, &recording), 0);
	disk_limit(100001); /* in the middle of a frame */
	wrote = flood(recording, &errors);
	disk_limit(RLIM_INFINITY);
	assert_int_equal(errors, 1); /* said once */
	lost = recording_lost(recording);
	assert_true(lost > 0);
	wrote += flood(recording, &errors);
	assert_int_equal(errors, 0);
	assert_int_equal(recording_lost(recording), lost);
	assert_int_equal(recording_close(recording), -ENOSPC);

	assert_int_equal(playback_open(place->recording, &playback), 0);
	while (playback_next(playback, &frame) == 1) {
		read += frame->type == RECORDING_EVENT;
		told += frame->type == RECORDING_LOST ? frame->lost : 0;
	}
	assert_int_equal(playback_next(playback, &frame), 0);
	assert_int_equal(told, lost);
	assert_int_equal(read + lost, wrote);
}

/* ---- replayed ---- */

/* As the facts of an exec are gathered. */
static void exec_note(struct processes *processes, const struct teller *teller, const struct event *event)
{
	_cleanup_(arguments_freep) struct arguments *args =
		arguments_new(teller_redact(teller), event->exec.argv, event->exec.argc);
	const struct process process = {
		.pid = event->task.pid,
		.start = event->task.start,
		.parent_pid = event->task.parent_pid,
		.parent_start = event->task.parent_start,
		.has_user = true,
		.user = event->task.creds.euid,
		.executable = (char *)event->path,
		.args = args,
	};

	assert_int_equal(processes_exec(processes, &process), 0);
}

/* What an agent tells of the samples, into a file. */
static void tell_live(const char *path)
{
	_cleanup_(decoder_freep) struct decoder *decoder = decoder_new();
	_cleanup_free_ struct sample *s = malloc(sizeof(*s));
	_cleanup_(policy_freep) struct policy *policy = policy_default();
	char host[72] = "", spec[128];
	struct output_context context = { .host_name = host };
	struct registry *registry = registry_new(16, NULL, NULL);
	struct processes *processes = processes_new(16);
	struct teller_parts parts = { .registry = registry, .processes = processes };
	struct container *named = NULL, *unnamed = NULL;
	struct teller *teller = NULL;
	struct finding finding;
	struct id_source ids;

	(void)gethostname(host, sizeof(host) - 1);
	assert_int_equal(id_source_open(&ids), 0);
	parts.ids = &ids;
	parts.sinks = sinks_new(&context, &ids);
	(void)snprintf(spec, sizeof(spec), "json:%s", path);
	assert_int_equal(sinks_add_spec(parts.sinks, spec), 0);
	assert_int_equal(teller_new(&parts, policy, &teller), 0);
	teller_set_clock(teller, BOOT_OFFSET);
	assert_int_equal(registry_add(registry, WEB, web.cgroup_path, &named), 0);
	assert_int_equal(registry_add(registry, BARE, bare.cgroup_path, &unnamed), 0);
	assert_int_equal(facts_set_image(&named->facts, "docker.io/library/debian:12@sha256:00"), 0);
	assert_int_equal(fact_set(&named->facts.id, "0123"), 0);
	assert_int_equal(fact_set(&named->facts.name, "web"), 0);
	assert_int_equal(fact_set(&named->facts.runtime, "docker"), 0);
	assert_int_equal(fact_set(&named->facts.pod_name, "p"), 0);
	assert_int_equal(fact_set(&named->facts.pod_namespace, "n"), 0);
	assert_int_equal(fact_set(&named->facts.pod_uid, "u-1"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(web_labels); i++)
		assert_int_equal(labels_append(&named->facts.labels, web_labels[i]), 0);
	named->workload = web.workload;
	named->facts.started = web.facts.started;
	assert_int_equal(judge_view(named, policy), 0);
	assert_int_equal(judge_view(unnamed, policy), 0);
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct event event;

		memset(s, 0, sizeof(*s));
		samples[i](s);
		event = sample_event(s, decoder);
		if (event.kind == PLM_EXEC)
			exec_note(processes, teller, &event);
		(void)judge(teller, &(struct telling){ .event = &event,
						       .facts = &s->facts,
						       .container = event.container == WEB ? named : unnamed });
	}
	coverage_finding(&finding, RULE_COVERAGE_IO_URING, "io_uring", "a ring was made");
	tell_coverage(teller, named, &finding, 7500);
	teller_rest(teller, container_key(named));
	teller_end(teller, 0);
	judge_forget(named);
	judge_forget(unnamed);
	named->workload = NULL;
	teller_free(teller);
	registry_free(registry);
	processes_free(processes);
	sinks_free(parts.sinks);
}

/* The lines of a file, without what is new in every run. */
static json_t *alerts_read(const char *path)
{
	_cleanup_free_ char *bytes = NULL;
	json_t *alerts = json_array();
	size_t size;

	bytes = file_read(path, &size);
	for (char *line = bytes, *end; (end = strchr(line, '\n')); line = end + 1) {
		json_t *alert = json_loadb(line, (size_t)(end - line), 0, NULL);

		assert_non_null(alert);
		assert_int_equal(json_object_del(json_object_get(alert, "event"), "id"), 0);
		assert_int_equal(json_array_append_new(alerts, alert), 0);
	}
	return alerts;
}

static int replay(struct place *place, const char *option)
{
	char output[128], *argv[] = { (char *)"replay", place->recording, (char *)"-o",   output,
				      (char *)"-c",     place->policy,    (char *)option, NULL };

	(void)unlink(place->replayed);
	(void)snprintf(output, sizeof(output), "json:%s", place->replayed);
	return cmd_replay(option ? 7 : 6, argv);
}

static bool has_rule(const json_t *alerts, const char *id)
{
	const json_t *alert;
	size_t i;

	json_array_foreach (alerts, i, alert)
		if (!strcmp(json_string_value(json_object_get(json_object_get(alert, "rule"), "id")) ?: "", id))
			return true;
	return false;
}

static void replay_tells_the_same(void **state)
{
	static const char *const rules[] = { "drift.exec.new", "drift.exec.modified", "root.exec",
					     "mutation.file",  "mutation.outside",    "root.escalation",
					     "drift.library",  "escape.cgroup",       "coverage.io_uring" };
	struct place *place = *state;
	json_t *live, *replayed;

	record_samples(place->recording);
	file_write(place->policy, "");
	tell_live(place->live);
	assert_int_equal(replay(place, NULL), EXIT_FINE);
	live = alerts_read(place->live);
	replayed = alerts_read(place->replayed);
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (!has_rule(replayed, rules[i]))
			fail_msg("nothing of %s was told", rules[i]);
	assert_int_equal(json_array_size(replayed), json_array_size(live));
	for (size_t i = 0; i < json_array_size(live); i++) {
		_cleanup_free_ char *a = json_dumps(json_array_get(live, i), JSON_SORT_KEYS);
		_cleanup_free_ char *b = json_dumps(json_array_get(replayed, i), JSON_SORT_KEYS);

		assert_string_equal(b, a);
	}
	json_decref(live);
	json_decref(replayed);
}

static void another_policy_tells_otherwise(void **state)
{
	struct place *place = *state;
	json_t *alerts;

	record_samples(place->recording);
	file_write(place->policy, "rules: {drift.exec.new: {enabled: false}, coverage.io_uring: {enabled: false}}");
	assert_int_equal(replay(place, NULL), EXIT_FINE);
	alerts = alerts_read(place->replayed);
	assert_false(has_rule(alerts, "drift.exec.new"));
	assert_false(has_rule(alerts, "coverage.io_uring"));
	assert_true(has_rule(alerts, "drift.exec.modified"));
	json_decref(alerts);
}

static const char *workload_told(const json_t *alerts)
{
	json_t *container = NULL, *alert;
	size_t i;

	json_array_foreach (alerts, i, alert) {
		container = json_object_get(json_object_get(alert, "container"), "name");
		if (container && !strcmp(json_string_value(container), "web"))
			return json_string_value(json_object_get(json_object_get(alert, "plimsoll"), "workload"));
	}
	return NULL;
}

/* Label and workload of the recorded container are what a policy is matched against; another label names it anew. */
static void policies_by_label_and_workload(void **state)
{
	static const struct {
		const char *policy, *workload;
		bool told;
	} rows[] = {
#define OFF(match) "workloads: [{match: {" match "}, rules: {drift.exec.new: {enabled: false}}}]"
		{ OFF("label: \"team=*\""), "n/p/web", false },
		{ OFF("label: \"team=web\""), "n/p/web", true },
		{ OFF("workload: n/p/web"), "n/p/web", false },
		{ OFF("workload: db"), "n/p/web", true },
		{ "workload_label: team\n" OFF("workload: db"), "db", false },
		{ "workload_label: team\n" OFF("workload: n/p/web"), "db", true },
		{ "workload_label: none\n" OFF("workload: n/p/web"), "n/p/web", false },
	};
	struct place *place = *state;

	record_samples(place->recording);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *alerts;

		file_write(place->policy, rows[i].policy);
		assert_int_equal(replay(place, NULL), EXIT_FINE);
		alerts = alerts_read(place->replayed);
		if (has_rule(alerts, "drift.exec.new") != rows[i].told)
			fail_msg("%s", rows[i].policy);
		same_text(workload_told(alerts), rows[i].workload);
		json_decref(alerts);
	}
}

static void replay_tells_of_version_1(void **state)
{
	struct place *place = *state;
	json_t *alerts;

	record_samples(place->recording);
	make_older(place->recording, 1);
	file_write(place->policy, "");
	assert_int_equal(replay(place, NULL), EXIT_FINE);
	alerts = alerts_read(place->replayed);
	assert_true(has_rule(alerts, "drift.exec.new"));
	assert_null(workload_told(alerts));
	json_decref(alerts);
}

static void events_too(void **state)
{
	struct place *place = *state;
	size_t events = 0, i;
	json_t *alerts, *alert;

	record_samples(place->recording);
	file_write(place->policy, "");
	assert_int_equal(replay(place, "--events"), EXIT_FINE);
	alerts = alerts_read(place->replayed);
	json_array_foreach (alerts, i, alert)
		events += !strcmp(json_string_value(json_object_get(json_object_get(alert, "event"), "kind")), "event");
	assert_int_equal(events, ARRAY_SIZE(samples));
	json_decref(alerts);
}

static void replay_refuses(void **state)
{
	struct place *place = *state;

	file_write(place->policy, "");
	assert_int_equal(replay(place, NULL), EXIT_RUNTIME); /* not there */
	file_write(place->recording, "no recording, but long enough to be one: it has a hundred bytes and more of "
				     "text, none of which means anything");
	assert_int_equal(replay(place, NULL), EXIT_RUNTIME);
	assert_int_equal(unlink(place->recording), 0);
	record_samples(place->recording);
	file_write(place->policy, "rulez: {}");
	assert_int_equal(replay(place, NULL), EXIT_USAGE);
	file_write(place->policy, "");
	assert_int_equal(replay(place, "another"), EXIT_USAGE);
	assert_int_equal(replay(place, "--nonsense"), EXIT_USAGE);
	assert_int_equal(truncate(place->recording, 700), 0);
	assert_int_equal(replay(place, NULL), EXIT_RUNTIME);
}

/* ---- hostile ---- */

/* Reads to the end; what is taken must be sound. The last answer. */
static int read_all(const char *path, size_t *ret_frames)
{
	_cleanup_(playback_closep) struct playback *playback = NULL;
	const struct playback_frame *frame = NULL;
	int r = playback_open(path, &playback);

	*ret_frames = 0;
	if (r < 0)
		return r;
	while ((r = playback_next(playback, &frame)) == 1) {
		++*ret_frames;
		assert_in_range(frame->type, 1, RECORDING_TYPES - 1);
		if (frame->type == RECORDING_CONTAINER)
			assert_in_range(frame->container.state, 0, CONTAINER_GONE);
		if (frame->type != RECORDING_EVENT)
			continue;
		assert_in_range(frame->event.kind, 1, PLM_KINDS - 1);
		assert_in_range(frame->event.file.layer, 0, PLM_LAYERS - 1);
		assert_in_range(frame->facts.script.layer, 0, PLM_LAYERS - 1);
		assert_in_range(frame->facts.confirmed, 0, ANSWER_YES);
		assert_true(!frame->facts.executable || frame->facts.executable[0]);
	}
	return r;
}

/* A file of memory, by path. */
static int memory_open(char path[static 32])
{
	int fd = memfd_create("recording", MFD_CLOEXEC);

	assert_true(fd >= 0);
	(void)snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void truncated_anywhere(void **state)
{
	struct place *place = *state;
	_cleanup_free_ char *bytes = NULL;
	char path[32];
	_cleanup_close_ int fd = memory_open(path);
	size_t size, whole = 0, frames, last = 0;

	record_samples(place->recording);
	bytes = file_read(place->recording, &size);
	for (size_t cut = 0; cut <= size; cut++) {
		int r;

		if (cut > 0)
			assert_int_equal(pwrite(fd, bytes + cut - 1, 1, (off_t)cut - 1), 1);
		r = read_all(path, &frames);
		assert_true(r == 0 || r == -ENODATA);
		assert_true(frames == last || frames == last + 1);
		assert_true(frames == last || r == 0); /* a frame more only where it is whole */
		whole += r == 0;
		last = frames;
	}
	assert_int_equal(last, ARRAY_SIZE(samples) + 4);
	assert_int_equal(whole, last + 1); /* behind the head, and behind each frame */
}

/* Standard error goes nowhere while `call` runs: what replay says of thousands of bad files. */
static void quietly(void (*call)(const char *path, int fd, const char *bytes, size_t size), const char *path, int fd,
		    const char *bytes, size_t size)
{
	_cleanup_close_ int old = dup(STDERR_FILENO);
	_cleanup_close_ int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(dup2(null, STDERR_FILENO) >= 0);
	call(path, fd, bytes, size);
	assert_true(dup2(old, STDERR_FILENO) >= 0);
}

static void mutate_each(const char *path, int fd, const char *bytes, size_t size)
{
	static const unsigned char changes[] = { 0x01, 0x80, 0xff };
	size_t frames, refused = 0;

	for (size_t at = 0; at < size; at++)
		for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
			char changed = (char)(bytes[at] ^ changes[i]);
			char *argv[] = { (char *)"replay", (char *)path, (char *)"-ojson:/dev/null",
					 (char *)"-c/dev/null", NULL };

			assert_int_equal(pwrite(fd, &changed, 1, (off_t)at), 1);
			refused += read_all(path, &frames) < 0;
			if (at % 8 == i)
				assert_in_range(cmd_replay(4, argv), EXIT_FINE, EXIT_RUNTIME);
			assert_int_equal(pwrite(fd, &bytes[at], 1, (off_t)at), 1);
		}
	assert_true(refused > ARRAY_SIZE(changes) * 16); /* magic and versions at least */
	assert_int_equal(read_all(path, &frames), 0);
}

static void mutated_anywhere(void **state)
{
	struct place *place = *state;
	_cleanup_free_ char *bytes = NULL;
	char path[32];
	_cleanup_close_ int fd = memory_open(path);
	size_t size;

	record_samples(place->recording);
	bytes = file_read(place->recording, &size);
	assert_int_equal(write(fd, bytes, size), size);
	quietly(mutate_each, path, fd, bytes, size);
}

/* One change each that must be refused, by what it does to a head or to the first frame. */
static void refused_by_name(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		__u32 value;
		int expected;
	} rows[] = {
		{ "magic", 0, 0, -EBADMSG },
		{ "version", offsetof(struct recording_head, version), RECORDING_VERSION + 1, -EOPNOTSUPP },
		{ "version 0", offsetof(struct recording_head, version), 0, -EOPNOTSUPP },
		{ "version of records", offsetof(struct recording_head, record_version), 99, -EOPNOTSUPP },
		{ "version 0 of records", offsetof(struct recording_head, record_version), 0, -EOPNOTSUPP },
		{ "type 0", sizeof(struct recording_head), 0, -EBADMSG },
		{ "type beyond", sizeof(struct recording_head), RECORDING_TYPES, -EBADMSG },
		{ "empty payload", sizeof(struct recording_head) + 4, 0, -EBADMSG },
		{ "payload too long", sizeof(struct recording_head) + 4, RECORDING_FRAME_MAX + 1, -EBADMSG },
		{ "payload of 4 GiB", sizeof(struct recording_head) + 4, UINT32_MAX, -EBADMSG },
		{ "text beyond", sizeof(struct recording_head) + 8 + offsetof(struct recording_container, texts),
		  UINT32_MAX, -EBADMSG },
		{ "text of one byte", sizeof(struct recording_head) + 8 + offsetof(struct recording_container, texts),
		  1, -EBADMSG },
		{ "text cut short", sizeof(struct recording_head) + 8 + offsetof(struct recording_container, texts), 5,
		  -EBADMSG },
		{ "state", sizeof(struct recording_head) + 8 + offsetof(struct recording_container, state), 4,
		  -EBADMSG },
		{ "cgroup 0", sizeof(struct recording_head) + 8, 0, -EBADMSG },
#define MORE(field)                                                                                                    \
	sizeof(struct recording_head) + 8 + sizeof(struct recording_container) + offsetof(struct recording_more, field)
		{ "role", MORE(role), ROLES, -EBADMSG },
		{ "sight", MORE(sight), SIGHT_SANDBOXED + 1, -EBADMSG },
		{ "more labels than there are", MORE(labels), 4, -EBADMSG },
		{ "fewer labels than there are", MORE(labels), 2, -EBADMSG },
		{ "labels above the bound", MORE(labels), LABELS_MAX + 1, -EBADMSG },
		{ "labels beyond", MORE(labels_size), UINT32_MAX, -EBADMSG },
		{ "labels cut short", MORE(labels_size), 1, -EBADMSG },
		{ "workload beyond", MORE(texts), UINT32_MAX, -EBADMSG },
		{ "workload cut short", MORE(texts), 3, -EBADMSG },
		{ "no workload, but its text", MORE(texts), 0, -EBADMSG },
	};
	struct place *place = *state;
	_cleanup_free_ char *bytes = NULL;
	char path[32];
	_cleanup_close_ int fd = memory_open(path);
	size_t size, frames;

	record_samples(place->recording);
	bytes = file_read(place->recording, &size);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(pwrite(fd, bytes, size, 0), size);
		assert_int_equal(pwrite(fd, &rows[i].value, sizeof(rows[i].value), (off_t)rows[i].at),
				 sizeof(rows[i].value));
		if (read_all(path, &frames) != rows[i].expected || frames > 0)
			fail_msg("%s: taken", rows[i].what);
	}
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, place_make, place_remove)
	const struct CMUnitTest tests[] = {
		ROW(reads_back),
		ROW(reads_version_1),
		ROW(reads_older_records),
		ROW(refuses_older_records_that_lie),
		ROW(labels_have_a_bound),
		ROW(keeps_no_secret),
		ROW(policy_patterns_apply),
		ROW(refuses_what_is_there),
		ROW(full_disk_is_counted),
		ROW(replay_tells_the_same),
		ROW(another_policy_tells_otherwise),
		ROW(policies_by_label_and_workload),
		ROW(replay_tells_of_version_1),
		ROW(events_too),
		ROW(replay_refuses),
		ROW(truncated_anywhere),
		ROW(mutated_anywhere),
		ROW(refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
