// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "output/escape.h"
#include "output/json.h"
#include "output/writer.h"
#include "output_sample.h"

#define _cleanup_json_ _cleanup_(json_decrefp)

static const struct output_context context = { .host_name = "node-1", .cluster_name = "blue" };

/* The line, read back by somebody else's parser; it must be one line, and safe to show. */
static json_t *alert_read_back(const struct alert *alert)
{
	_cleanup_buffer_ struct buffer line = { 0 };
	json_error_t error;
	json_t *json;

	assert_int_equal(alert_to_json(alert, &context, &line), 0);
	assert_int_equal(line.data[line.size - 1], '\n');
	for (size_t i = 0, length; i < line.size - 1; i += length) {
		uint32_t code = 0;

		length = utf8_decode(line.data + i, line.size - i, &code);
		assert_true(length > 0 && !code_is_unsafe(code));
	}
	json = json_loadb(line.data, line.size, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		fail_msg("%s at %d: %.*s", error.text, error.position, (int)line.size, line.data);
	return json;
}

/* "a.b.c" of a parsed object; NULL where it is absent. */
static const json_t *json_at(const json_t *json, const char *path)
{
	const char *dot;

	for (; (dot = strchr(path, '.')); path = dot + 1) {
		char key[64] = "";

		memcpy(key, path, dot - path);
		json = json_object_get(json, key);
	}
	return json_object_get(json, path);
}

struct expected {
	const char *path;
	const char *value; /* as JSON; NULL: absent */
};

static void check_fields(const json_t *json, const struct expected *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_at(json, rows[i].path);
		_cleanup_free_ char *text =
			value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS) : NULL;

		if (!rows[i].value != !text || (text && strcmp(text, rows[i].value) != 0))
			fail_msg("%s: %s, expected %s", rows[i].path, text ? text : "absent",
				 rows[i].value ? rows[i].value : "absent");
	}
}

static void test_full(void **state)
{
	static const struct expected rows[] = {
		{ "@timestamp", "\"2026-01-02T03:04:05.678901234Z\"" },
		{ "ecs.version", "\"8.11.0\"" },
		{ "agent.name", "\"plimsoll\"" },
		{ "agent.version", "\"" PLM_VERSION "\"" },
		{ "host.name", "\"node-1\"" },
		{ "orchestrator.cluster.name", "\"blue\"" },
		{ "event.kind", "\"alert\"" },
		{ "event.id", "\"0123456789abcdef0123456789abcdef\"" },
		{ "event.severity", "70" },
		{ "event.outcome", "\"success\"" },
		{ "event.action", "\"exec\"" },
		{ "rule.id", "\"root.escalation\"" },
		{ "message", "\"a process became root\"" },
		{ "container.id", "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"" },
		{ "container.name", "\"web\"" },
		{ "container.runtime", "\"docker\"" },
		{ "container.image.name", "\"nginx\"" },
		{ "container.image.tag", "[\"1.25\"]" },
		{ "container.image.hash.all", "[\"sha256:aa\"]" },
		{ "orchestrator.type", "\"kubernetes\"" },
		{ "orchestrator.namespace", "\"prod\"" },
		{ "orchestrator.resource", "{\"name\":\"web-0\",\"type\":\"pod\"}" },
		{ "process.pid", "4711" },
		{ "process.vpid", "17" },
		{ "process.entity_id", "\"1267-abcdef\"" },
		{ "process.name", "\"su\"" },
		{ "process.executable", "\"/usr/bin/su\"" },
		{ "process.args", "[\"su\",\"\",\"-c\",\"id\"]" },
		{ "process.working_directory", "\"/tmp\"" },
		{ "process.start", "\"2026-01-02T03:04:05.690160609Z\"" },
		{ "process.user.id", "\"0\"" },
		{ "process.real_user.id", "\"1000\"" },
		{ "process.saved_user.id", "\"2\"" },
		{ "process.group.id", "\"0\"" },
		{ "process.real_group.id", "\"1001\"" },
		{ "process.saved_group.id", "\"3\"" },
		{ "process.thread.id", "4712" },
		{ "process.tty.char_device", "{\"major\":136,\"minor\":3}" },
		{ "process.interactive", "true" },
		{ "process.parent.pid", "4700" },
		{ "process.parent.entity_id", "\"125c-1234\"" },
		{ "process.parent.executable", "\"/bin/sh\"" },
		{ "process.parent.name", "\"sh\"" },
		{ "file.path", "\"/usr/bin/su\"" },
		{ "file.type", "\"file\"" },
		{ "file.inode", "\"42\"" },
		{ "file.device", "\"8:17\"" },
		{ "file.size", "1234" },
		{ "file.mode", "\"4755\"" },
		{ "file.uid", "\"0\"" },
		{ "file.gid", "\"5\"" },
		{ "file.mtime", "\"1970-01-01T00:00:00.000000001Z\"" },
		{ "file.ctime", "\"2026-01-02T03:04:05.678901234Z\"" },
		{ "plimsoll.severity", "\"high\"" },
		{ "plimsoll.layer", "\"upper\"" },
		{ "plimsoll.unlinked", "true" },
		{ "plimsoll.verdict", "\"modified\"" },
		{ "plimsoll.cause", "\"setuid-file\"" },
		{ "plimsoll.capabilities", "{\"effective\":\"000000000000003f\",\"permitted\":\"00000000000000ff\"}" },
		{ "plimsoll.before.user.id", "\"1000\"" },
		{ "plimsoll.before.saved_user.id", "\"1000\"" },
		{ "plimsoll.before.group.id", "\"1001\"" },
		{ "plimsoll.before.capabilities.effective", "\"0000000000000000\"" },
		{ "plimsoll.from", "\"/usr/bin/old\"" },
		{ "plimsoll.session", "\"5678\"" },
		{ "plimsoll.ancestors", "[{\"entity_id\":\"125c-1234\",\"executable\":\"/bin/sh\",\"pid\":4700,"
					"\"start\":\"2026-01-02T03:04:05.678905894Z\"},"
					"{\"entity_id\":\"11f8-99\",\"pid\":4600,"
					"\"start\":\"2026-01-02T03:04:05.678901387Z\"}]" },
		{ "plimsoll.fold", "{\"count\":12,\"first_seen\":\"2026-01-02T03:04:05.678901234Z\","
				   "\"id\":\"000000000000f01d\",\"last_seen\":\"2026-01-02T03:04:05.678901235Z\"}" },
		{ "plimsoll.truncated", "[\"process.executable\",\"file.path\",\"process.args\"]" },
		{ "plimsoll.missing", "true" },
		{ "plimsoll.backend", "\"tracepoint\"" },
		{ "plimsoll.allowed", "\"OPS-1\"" },
		{ "plimsoll.cgroup", NULL },
		{ "plimsoll.state", NULL },
		{ "plimsoll.raw", NULL },
	};
	_cleanup_json_ json_t *json = NULL;
	struct sample sample;

	(void)state;
	sample_init(&sample);
	json = alert_read_back(&sample.alert);
	check_fields(json, rows, ARRAY_SIZE(rows));
	assert_true(json_is_array(json_at(json, "event.category")));
	assert_true(json_is_array(json_at(json, "event.type")));
	assert_true(json_string_length(json_at(json, "rule.name")) > 0);
}

/* What the agent says of itself: nothing that it does not know. */
static void test_state(void **state)
{
	static const char *const keys[] = { "@timestamp", "ecs",     "agent",        "host",
					    "event",      "message", "orchestrator", "plimsoll" };
	static const struct expected rows[] = {
		{ "event.kind", "\"state\"" },
		{ "event.severity", "10" },
		{ "event.type", "[\"info\"]" },
		{ "event.category", NULL },
		{ "event.outcome", NULL },
		{ "orchestrator", "{\"cluster\":{\"name\":\"blue\"}}" },
		{ "plimsoll", "{\"severity\":\"info\",\"state\":{\"count\":3,\"kind\":\"loss\",\"reason\":\"ring\"}}" },
	};
	const struct alert alert = {
		.kind = ALERT_STATE,
		.time = SAMPLE_TIME,
		.id = "1",
		.action = "loss",
		.message = "3 events were lost",
		.state = { .kind = "loss", .count = 3, .reason = "ring" },
	};
	_cleanup_json_ json_t *json = NULL;

	(void)state;
	json = alert_read_back(&alert);
	check_fields(json, rows, ARRAY_SIZE(rows));
	assert_int_equal(json_object_size(json), ARRAY_SIZE(keys));
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(json_object_get(json, keys[i]));
}

/* An event without a finding; a container that has no name; values beyond every table. */
static void test_event(void **state)
{
	static const struct expected rows[] = {
		{ "event.kind", "\"event\"" },
		{ "event.category", "[\"file\"]" },
		{ "event.type", "[\"deletion\"]" },
		{ "rule", NULL },
		{ "container", NULL },
		{ "orchestrator.type", NULL },
		{ "process.name", "\"0123456789abcdef\"" }, /* comm without a NUL */
		{ "process.executable", NULL },
		{ "process.args", NULL },
		{ "process.tty", NULL },
		{ "process.interactive", "false" },
		{ "process.parent.executable", NULL },
		{ "file", "{\"path\":\"/etc/x\"}" }, /* told by name only: no inode, so nothing of a file */
		{ "plimsoll.layer", NULL },
		{ "plimsoll.cause", NULL },
		{ "plimsoll.before", NULL },
		{ "plimsoll.session", NULL },
		{ "plimsoll.ancestors", NULL },
		{ "plimsoll.backend", NULL },
		{ "plimsoll.truncated", "[\"file.path\"]" },
		{ "plimsoll.cgroup", "\"/docker/0123\"" },
	};
	struct sample sample;
	_cleanup_json_ json_t *json = NULL;

	(void)state;
	sample_init(&sample);
	sample.alert.kind = ALERT_EVENT;
	sample.alert.finding = NULL;
	sample.alert.facts = NULL;
	sample.alert.args = NULL;
	sample.container.facts = (struct container_facts){ 0 };
	sample.event.kind = PLM_CHANGE;
	sample.event.change.op = PLM_OP_UNLINK;
	sample.event.path = "/etc/x";
	sample.event.backend = 77;
	sample.event.head_flags = PLM_CUT_NAME;
	sample.event.file = (struct plm_file){ .layer = 99 };
	sample.event.task.tty = 0;
	sample.event.task.session = 0;
	memcpy(sample.event.task.comm, "0123456789abcdef", 16);
	json = alert_read_back(&sample.alert);
	check_fields(json, rows, ARRAY_SIZE(rows));
}

/* Who came in is told with all that happens in the session, and with its end. */
static void test_session(void **state)
{
	static const char *const argv[] = { "sh", "-c", "\xff\n" };
	static const struct expected rows[] = {
		{ "plimsoll.session", "\"5678\"" },
		{ "plimsoll.audit_id", "\"8e2a6c1f\"" },
		{ "process.entry_leader",
		  "{\"args\":[\"sh\",\"-c\",\"\xef\xbf\xbd\\n\"],\"entity_id\":\"2f-5678\",\"executable\":\"/bin/"
		  "sh\",\"pid\":47,"
		  "\"start\":\"2026-01-02T03:04:05.678901334Z\","
		  "\"tty\":{\"char_device\":{\"major\":136,\"minor\":3}},\"user\":{\"id\":\"0\"}}" },
		{ "plimsoll.ancestors",
		  "[{\"args\":[\"sh\",\"-c\",\"\xef\xbf\xbd\\n\"],\"entity_id\":\"2f-5678\",\"pid\":47,"
		  "\"start\":\"2026-01-02T03:04:05.678923370Z\",\"truncated\":true,"
		  "\"user\":{\"id\":\"0\"}}]" },
		{ "event.duration", NULL },
	};
	static const struct expected end[] = {
		{ "event.duration", "5" },
		{ "plimsoll.session", "\"5678\"" },
		{ "plimsoll.audit_id", "\"8e2a6c1f\"" },
	};
	struct alert_ancestor ancestor = { .start = 0x5678, .pid = 47, .has_user = true };
	_cleanup_(redact_freep) struct redact *redact = NULL;
	_cleanup_(arguments_freep) struct arguments *args = NULL, *cut = NULL;
	struct session session = { .id = 0x5678, .began = 100, .start = 0x5678, .pid = 47, .tty = 136u << 20 | 3 };
	_cleanup_json_ json_t *json = NULL, *ended = NULL;
	struct sample sample;

	(void)state;
	assert_int_equal(redact_new(NULL, 0, &redact), 0);
	session.args = args = arguments_new(redact, argv, ARRAY_SIZE(argv));
	cut = arguments_copy(args);
	cut->cut = true;
	ancestor.args = cut;
	session.executable = (char *)"/bin/sh";
	strcpy(session.audit_id, "8e2a6c1f");
	sample_init(&sample);
	sample.alert.session = &session;
	sample.alert.ancestors = &ancestor;
	sample.alert.ancestor_count = 1;
	json = alert_read_back(&sample.alert);
	check_fields(json, rows, ARRAY_SIZE(rows));
	sample.alert.event = NULL;
	sample.alert.duration = 5;
	ended = alert_read_back(&sample.alert);
	check_fields(ended, end, ARRAY_SIZE(end));
}

/* Of a script on standard input it is that path that is shown, and may have been cut. */
static void test_input_cut(void **state)
{
	static const struct {
		const char *shown, *input;
		uint32_t flags;
		const char *expected;
	} rows[] = {
		{ "/opt/s", "/opt/s", PLM_CUT_INPUT, "[\"file.path\"]" },
		{ "/opt/s", "/opt/s", PLM_CUT_PATH, "[\"process.executable\"]" },
		{ "/bin/sh", "/opt/s", PLM_CUT_INPUT, NULL },
		{ "/bin/sh", "/opt/s", PLM_CUT_PATH, "[\"process.executable\",\"file.path\"]" },
		{ NULL, NULL, PLM_CUT_INPUT, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct expected expected = { "plimsoll.truncated", rows[i].expected };
		_cleanup_json_ json_t *json = NULL;
		struct sample sample;

		sample_init(&sample);
		sample.event.kind = PLM_EXEC;
		sample.event.path = NULL;
		sample.event.head_flags = rows[i].flags;
		sample.event.exec.input_path = rows[i].input;
		sample.finding.path =
			rows[i].input && !strcmp(rows[i].shown, rows[i].input) ? rows[i].input : rows[i].shown;
		json = alert_read_back(&sample.alert);
		check_fields(json, &expected, 1);
	}
}

/* Names that want to be something else; "" is unknown. */
static void test_hostile(void **state)
{
	static const char *const args[] = { "\"},{\"", "ok", "\xff\n", "\xe2\x80\xae" };
	static const struct expected rows[] = {
		{ "message", "\"a\\nb\\\"\\\\\xef\xbf\xbd\"" },
		{ "container.name", "\"\\u001B[2J\"" },
		{ "container.image.tag", NULL },
		{ "container.image.name", NULL },
		{ "process.args", "[\"\\\"},{\\\"\",\"ok\",\"\xef\xbf\xbd\\n\",\"\xe2\x80\xae\"]" },
		{ "file.path", "\"/\xf3\xa0\x81\x81\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "plimsoll.raw.message", "\"YQpiIlz/\"" },
		{ "plimsoll.raw.container", NULL },
		{ "plimsoll.raw.process.args", "[\"In0seyI=\",\"b2s=\",\"/wo=\",\"4oCu\"]" },
		{ "plimsoll.raw.process.executable", "\"L4A=\"" },
		{ "plimsoll.raw.process.name", "\"gA==\"" },
		{ "plimsoll.raw.file.path", "\"L/OggYHAgA==\"" },
		{ "plimsoll.raw.plimsoll.ancestors", "[\"gA==\",\"\"]" },
	};
	static const struct alert_ancestor ancestors[] = { { .start = 1, .pid = 2, .executable = "\x80" },
							   { .start = 3, .pid = 4 } };
	struct sample sample;
	_cleanup_json_ json_t *json = NULL;

	(void)state;
	sample_init(&sample);
	sample.alert.message = "a\nb\"\\\xff";
	sample.alert.args = args;
	sample.alert.ancestors = ancestors;
	sample.alert.ancestor_count = ARRAY_SIZE(ancestors);
	sample.container.facts.name = (char *)"\x1b[2J";
	sample.container.facts.image_tag = (char *)"";
	sample.container.facts.image_name = (char *)"";
	sample.facts.executable = "/\x80";
	sample.finding.path = "/\xf3\xa0\x81\x81\xc0\x80";
	json = alert_read_back(&sample.alert);
	check_fields(json, rows, ARRAY_SIZE(rows));
}

/* Every string there is, random: still an object, and the raw bytes are whole. */
static void test_any_bytes(void **state)
{
	uint32_t random = 99;

	(void)state;
	for (int round = 0; round < 300; round++) {
		_cleanup_json_ json_t *json = NULL;
		char text[64] = "";
		struct sample sample;

		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			random = random * 1664525 + 1013904223;
			text[i] = (random >> 24) % 255 + 1;
		}
		sample_init(&sample);
		sample.alert.message = sample.alert.allowed = sample.alert.action = text;
		sample.facts.executable = sample.facts.parent_executable = sample.finding.path = text;
		sample.finding.verdict = sample.finding.cause = sample.event.exec.cwd = text;
		sample.event.change.from = sample.alert.state.kind = sample.alert.state.reason = text;
		sample.container.facts = (struct container_facts){ .id = text,
								   .name = text,
								   .runtime = text,
								   .image_name = text,
								   .image_tag = text,
								   .image_digest = text,
								   .pod_name = text,
								   .pod_namespace = text };
		json = alert_read_back(&sample.alert);
		assert_int_equal(json_is_string(json_at(json, "plimsoll.raw.message")),
				 strstr(json_string_value(json_at(json, "message")), "\xef\xbf\xbd") != NULL);
	}
}

static void test_too_long(void **state)
{
	_cleanup_buffer_ struct buffer line = { .limit = 300 };
	struct sample sample;

	(void)state;
	sample_init(&sample);
	buffer_string(&line, "before");
	assert_int_equal(alert_to_json(&sample.alert, &context, &line), -EMSGSIZE);
	assert_int_equal(line.size, 6);
	assert_int_equal(line.error, 0);
}

static void test_writer(void **state)
{
	_cleanup_buffer_ struct buffer out = { 0 };
	struct json_writer writer;

	(void)state;
	writer_begin(&writer, &out);
	writer_at(&writer, "a");
	writer_number(&writer, 1);
	writer_at(&writer, "b.cc.d");
	writer_bool(&writer, false);
	writer_at(&writer, "b.cc.e");
	writer_open(&writer, '[');
	(void)writer_string(&writer, "\xf3\xa0\x80\x81\"", 5);
	writer_open(&writer, '{');
	writer_key(&writer, "k", 1);
	writer_number(&writer, 2);
	writer_close(&writer, '}');
	writer_close(&writer, ']');
	writer_at(&writer, "b.c.d");
	writer_base64(&writer, "f", 1);
	writer_at(&writer, "bb");
	writer_open(&writer, '[');
	writer_close(&writer, ']');
	writer_end(&writer);
	buffer_byte(&out, '\0');
	assert_string_equal(out.data, "{\"a\":1,\"b\":{\"cc\":{\"d\":false,\"e\":[\"\\udb40\\udc01\\\"\",{\"k\":2}]},"
				      "\"c\":{\"d\":\"Zg==\"}},\"bb\":[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full),    cmocka_unit_test(test_state),     cmocka_unit_test(test_event),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_writer),  cmocka_unit_test(test_input_cut), cmocka_unit_test(test_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
