/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledgers for the tests of how violations are shown: an ordinary one, an empty one, one of which every name is
 * hostile, and one of as many as are asked for.
 */
#ifndef PLM_TESTS_COMPLIANCE_SAMPLE_H
#define PLM_TESTS_COMPLIANCE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "compliance/compliance.h"

#define SAMPLE_NOW  1795867200ll /* 2026-11-28T12:00:00Z */
#define SAMPLE_HEAD "5e0d3f0c6a4b1f6f7e2c9a80d1b2c3d4e5f60718293a4b5c6d7e8f9012345678"
#define HOUR        3600ll
#define DAY         (24 * HOUR)

/* Ends a line, a string, an attribute, a terminal's patience and a direction of reading. */
#define HOSTILE "</code><script>alert(1)</script>\"'&amp;\n\033[31m\r\t\xe2\x80\xae|"

/* A moment so many seconds from now; NULL for 0 is the caller's to give. */
static inline json_t *sample_time(int64_t ahead)
{
	time_t seconds = SAMPLE_NOW + ahead;
	struct tm tm;
	char text[64];

	assert_non_null(gmtime_r(&seconds, &tm));
	assert_true(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm) > 0);
	return json_string(text);
}

static inline void sample_set(json_t *object, const char *key, json_t *value)
{
	assert_non_null(value);
	assert_int_equal(json_object_set_new(object, key, value), 0);
}

static inline void sample_text(json_t *object, const char *key, const char *text)
{
	if (text)
		sample_set(object, key, json_string(text));
}

struct sample_row {
	const char *rule, *severity, *workload, *subject, *message, *state, *present;
	int64_t opened, deadline; /* seconds from now; 0: none */
	int sightings;
};

static inline json_t *sample_document(void)
{
	json_t *document = json_pack("{s:s, s:s, s:i, s:[], s:[]}", "cluster", "prod", "head", SAMPLE_HEAD, "entries",
				     0, "violations", "waivers");

	assert_non_null(document);
	sample_set(document, "as_of", sample_time(0));
	return document;
}

static inline void sample_entry(json_t *document, json_t *violation, int64_t time, const char *kind, const char *from,
				const char *to, const char *why)
{
	json_int_t seq = json_integer_value(json_object_get(document, "entries")) + 1;
	json_t *entry = json_pack("{s:I, s:s, s:s, s:s}", "seq", seq, "kind", kind, "by",
				  strcmp(kind, "waived") ? "agent" : "uid 0", "digest", SAMPLE_HEAD);

	assert_non_null(entry);
	sample_set(entry, "time", sample_time(time));
	sample_text(entry, "from", from);
	sample_text(entry, "to", to);
	sample_text(entry, "why", why);
	assert_int_equal(json_array_append_new(json_object_get(violation, "history"), entry), 0);
	sample_set(document, "entries", json_integer(seq));
}

static inline void sample_sighting(json_t *violation, int number, int64_t opened, const char *name, const char *node)
{
	char text[80];
	json_t *sighting;

	(void)snprintf(text, sizeof(text), "%016x%048x", number + 1, 7);
	sighting = json_pack("{s:{s:s}, s:{s:s, s:s, s:{s:s, s:[s], s:{s:[s]}}}, s:{s:s, s:s, s:{s:s}}, s:b}", "host",
			     "name", node, "container", "id", text, "name", name, "image", "name",
			     "registry.example/shop/web", "tag", "7.1", "hash", "all", "sha256:" SAMPLE_HEAD,
			     "orchestrator", "type", "kubernetes", "namespace", "prod", "resource", "name",
			     "web-5c9f7d6b8-x2x7k", "present", number != 1);
	assert_non_null(sighting);
	sample_set(sighting, "first_seen", sample_time(opened));
	sample_set(sighting, "last_seen", sample_time(-60));
	assert_int_equal(json_array_append_new(json_object_get(violation, "sightings"), sighting), 0);
}

/* What became of it, from its opening on. */
static inline void sample_history(json_t *document, json_t *violation, const struct sample_row *row)
{
	int64_t end = !strcmp(row->state, "resolved") ? -DAY : row->deadline;

	sample_entry(document, violation, row->opened, "opened", NULL, "grace", row->message);
	if (!strcmp(row->state, "overdue"))
		sample_entry(document, violation, row->deadline, "overdue", "grace", "overdue", NULL);
	if (!strcmp(row->state, "waived"))
		sample_entry(document, violation, row->opened / 2, "waived", "grace", "waived",
			     "OPS-1234: a move is planned");
	if (strcmp(row->state, "resolved"))
		return;
	sample_entry(document, violation, row->opened / 3, "absent", "grace", "grace", "seen whole, and not there");
	sample_entry(document, violation, end, "resolved", "grace", "resolved", "24 h of absence without a gap");
	sample_set(violation, "resolved", sample_time(end));
}

static inline json_t *sample_violation(json_t *document, const struct sample_row *row)
{
	static const char *const names[] = { "web", "sidecar", "worker" }, *const nodes[] = { "node1", "node2" };
	json_t *list = json_object_get(document, "violations");
	json_t *violation = json_pack("{s:[], s:[], s:i}", "sightings", "history", "reopened", 0);
	char id[40];

	assert_non_null(violation);
	(void)snprintf(id, sizeof(id), "%032zx", json_array_size(list) + 1);
	sample_text(violation, "id", id);
	sample_text(violation, "rule", row->rule);
	sample_text(violation, "severity", row->severity);
	sample_text(violation, "workload", row->workload);
	sample_text(violation, "subject", row->subject);
	sample_text(violation, "message", row->message);
	sample_text(violation, "state", row->state);
	sample_text(violation, "present", row->present);
	sample_set(violation, "opened", sample_time(row->opened));
	if (row->deadline)
		sample_set(violation, "deadline", sample_time(row->deadline));
	for (int i = 0; i < row->sightings; i++)
		sample_sighting(violation, i, row->opened, names[i % 3], nodes[i % 2]);
	sample_history(document, violation, row);
	assert_int_equal(json_array_append_new(list, violation), 0);
	return violation;
}

static inline json_t *sample_waiver(const char *id, const char *rule, const char *workload, const char *state,
				    int64_t until, int matched)
{
	json_t *waiver = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "id", id, "rule", rule, "workload",
				   workload, "owner", "dba", "reason", "OPS-1234: a move is planned", "source",
				   "policy", "state", state, "matched", matched);

	assert_non_null(waiver);
	sample_set(waiver, "until", sample_time(until));
	if (matched)
		sample_set(waiver, "last_matched", sample_time(-2 * HOUR));
	return waiver;
}

static inline void sample_waivers(json_t *document)
{
	json_t *waivers = json_object_get(document, "waivers");

	assert_int_equal(json_array_append_new(waivers, sample_waiver("W1", "root.exec", "prod/db/postgres", "in-force",
								      9 * DAY, 41)),
			 0);
	assert_int_equal(json_array_append_new(
				 waivers, sample_waiver("W2", "mutation.file", "prod/ci/*", "in-force", 60 * DAY, 0)),
			 0);
	assert_int_equal(json_array_append_new(
				 waivers, sample_waiver("W3", "drift.script", "prod/web/web", "ended", -3 * DAY, 3)),
			 0);
}

static const struct sample_row sample_rows[] = {
	{ "root.exec", "medium", "prod/web/web", "0,image",
	  "/usr/sbin/nginx runs as root in web (shop/web:7.1), as its image says", "grace", "yes", -11 * DAY, 3 * DAY,
	  5 },
	{ "drift.exec.new", "critical", "prod/web/web", "/tmp/.cache/kworker,sha256:" SAMPLE_HEAD,
	  "/tmp/.cache/kworker, which the image does not have, was executed in web (shop/web:7.1) by sh (pid 4711)",
	  "overdue", "yes", -2 * HOUR, -2 * HOUR, 2 },
	{ "mutation.file", "high", "prod/web/web", "/etc/nginx/nginx.conf",
	  "/etc/nginx/nginx.conf of the package nginx was modified in web (shop/web:7.1)", "grace", "no", -3 * DAY,
	  4 * DAY, 1 },
	{ "root.exec", "medium", "prod/db/postgres", "0,image", "/usr/bin/postgres runs as root in postgres (db:15)",
	  "waived", "yes", -30 * DAY, -16 * DAY, 3 },
	{ "drift.package", "high", "prod/batch/import", "packages 00c0ffee00c0ffee",
	  "3 packages were added to import (batch:2.4)", "overdue", "unknown", -5 * DAY, -5 * DAY, 1 },
	{ "image.modified", "high", "prod/batch/import", "/usr/lib/x86_64-linux-gnu/libcurl.so.4.8.0",
	  "libcurl.so.4.8.0 is not what its package says", "grace", "yes", -6 * DAY, DAY, 1 },
	{ "mutation.file", "medium", "prod/mail/postfix", "/etc/aliases.db",
	  "/etc/aliases.db was added in postfix (mail:3)", "resolved", "no", -20 * DAY, -13 * DAY, 1 },
	{ "root.escalation", "high", "prod/mail/postfix", "setuid-file,/usr/sbin/postdrop",
	  "postdrop, until now uid 101, became root in postfix (mail:3)", "overdue", "yes", -9 * DAY, -9 * DAY, 2 },
	{ "root.exec", "medium", "prod/mail/postfix", "0,image", "/usr/sbin/master runs as root in postfix (mail:3)",
	  "grace", "yes", -4 * DAY, 10 * DAY, 2 },
};

static inline json_t *sample_ordinary(void)
{
	json_t *document = sample_document(), *violation;

	for (size_t i = 0; i < ARRAY_SIZE(sample_rows); i++) {
		violation = sample_violation(document, &sample_rows[i]);
		if (!strcmp(sample_rows[i].present, "no") && strcmp(sample_rows[i].state, "resolved")) {
			sample_set(violation, "absent_since", sample_time(-5 * HOUR));
			sample_set(violation, "resolves", sample_time(19 * HOUR));
		}
		if (strcmp(sample_rows[i].state, "waived"))
			continue;
		sample_set(violation, "waiver",
			   sample_waiver("W1", "root.exec", "prod/db/postgres", "in-force", 9 * DAY, 41));
		sample_set(violation, "reopened", json_integer(1));
	}
	sample_waivers(document);
	return document;
}

static inline json_t *sample_hostile(void)
{
	static char subject[301];
	const struct sample_row rows[] = {
		{ HOSTILE, "medium", HOSTILE, HOSTILE, HOSTILE, "grace", "yes", -DAY, DAY, 1 },
		{ "drift.exec.new", HOSTILE, "=cmd('calc')!A1", "=cmd()", "@SUM(1)", "overdue", HOSTILE, -DAY, -HOUR,
		  0 },
		{ "drift.library", "high", "w", subject, "+1", "waived", "unknown", -DAY, DAY, 0 },
	};
	json_t *document = sample_document(), *violation = NULL, *waiver;

	memset(subject, 'x', sizeof(subject) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		violation = sample_violation(document, &rows[i]);
	violation = json_array_get(json_object_get(document, "violations"), 0);
	sample_sighting(violation, 0, -DAY, HOSTILE, HOSTILE);
	sample_text(violation, "id", "\"><img src=x onerror=alert(1)>");
	sample_text(violation, "previous", "javascript:alert(1)\" onclick=\"alert(1)");
	sample_entry(document, violation, -HOUR, HOSTILE, HOSTILE, HOSTILE, HOSTILE);
	waiver = sample_waiver(HOSTILE, HOSTILE, HOSTILE, HOSTILE, DAY, 0);
	sample_text(waiver, "reason", HOSTILE);
	sample_text(waiver, "digest", "-1+1");
	assert_int_equal(json_array_append_new(json_object_get(document, "waivers"), waiver), 0);
	sample_text(document, "cluster", HOSTILE);
	sample_text(document, "head", HOSTILE);
	return document;
}

static inline json_t *sample_many(size_t count)
{
	static const char *const states[] = { "overdue", "grace", "waived", "resolved" };
	json_t *document = sample_document();

	for (size_t i = 0; i < count; i++) {
		char workload[32], subject[64];
		const struct sample_row row = { "mutation.file",
						"medium",
						workload,
						subject,
						"a file was modified",
						states[i % 4],
						"yes",
						-(int64_t)(i % 40 + 2) * DAY,
						i % 4 ? (int64_t)(i % 17) * DAY + HOUR : -HOUR,
						2 };

		(void)snprintf(workload, sizeof(workload), "prod/app-%03zu/app", i % 97);
		(void)snprintf(subject, sizeof(subject), "/var/lib/app/%zu", i);
		(void)sample_violation(document, &row);
	}
	return document;
}

static inline struct compliance sample_read(const json_t *document, const struct compliance_filter *filter)
{
	static const struct compliance_filter any;
	struct compliance compliance;
	size_t index;

	assert_int_equal(compliance_read(document, filter ?: &any, &compliance, &index), 0);
	return compliance;
}

/* As text, for free. Inlined, gcc 12 takes what it returns for a pointer to its local. */
__attribute__((noinline, unused)) static char *sample_print(const struct compliance *compliance, const char *format)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(compliance_format_find(format)->print(compliance, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(text), size);
	return take_ptr(text);
}

/* The same at once, of everything. */
static inline char *sample_format(const json_t *document, const char *format)
{
	_cleanup_compliance_ struct compliance compliance = sample_read(document, NULL);

	return sample_print(&compliance, format);
}

/* What would do more than add a glyph, but for ends of lines. */
static inline void sample_harmless(const char *text)
{
	for (; *text; text++)
		assert_false(((unsigned char)*text < ' ' && *text != '\n' && *text != '\r') || *text == 0x7f);
}

#endif
