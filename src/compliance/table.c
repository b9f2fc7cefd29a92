// SPDX-License-Identifier: Apache-2.0
/*
 * For people: a heading for each workload, and for each violation of it a line with its clock, severity, rule and
 * subject, then where it is and what would mend it. Text breaks at words, behind the clock's column, and a word that
 * is longer than a line is broken. The last line sums up.
 */
#include "compliance/internal.h"

#include <string.h>

#include "compliance/mend.h"
#include "output/cell.h"
#include "output/escape.h"

#define WHERE_MOST  2
#define WIDTH_LEAST 40
#define INDENT      2
#define CLOCK_WIDTH 18
#define NAME_WIDTH  9 /* of what a line tells: a severity, "where", "mend" */
#define NOTE_INDENT (INDENT + CLOCK_WIDTH + 2)
#define DIGEST      32 /* this many hexadecimal digits are one, at least; DIGITS tell it for people */
#define DIGITS      12
#define PLAIN       "\033[0m"
#define BOLD        "\033[1m"
#define DIM         "\033[2m"

static const char *const colours[SHOWN_STATES] = {
	[SHOWN_OVERDUE] = "\033[31m",
	[SHOWN_GRACE] = "\033[33m",
	[SHOWN_WAIVED] = "\033[36m",
	[SHOWN_RESOLVED] = "\033[2m",
};

struct table {
	const struct compliance *compliance;
	FILE *out;
	size_t width;
	int error;
};

static void put_colour(struct table *table, const char *sequence)
{
	if (table->compliance->colour)
		(void)fputs(sequence, table->out);
}

/* ---- text that breaks ---- */

static size_t next_character(const char *text)
{
	size_t size = 1;

	while (((unsigned char)text[size] & 0xc0) == 0x80)
		size++;
	return size;
}

/* Bytes of the most that fits into `room` characters: up to a space where there is one. */
static size_t line_size(const char *text, size_t room)
{
	size_t size = 0, space = 0;

	for (size_t characters = 0; text[size] && characters < room; characters++) {
		if (text[size] == ' ')
			space = size;
		size += next_character(text + size);
	}
	return !text[size] || text[size] == ' ' || !space ? size : space;
}

/* `text` is harmless. It begins where the line is, and goes on `indent` characters behind the left edge. */
static void put_lines(struct table *table, const char *text, size_t indent)
{
	size_t room = table->width > indent + 20 ? table->width - indent : 20;

	for (bool first = true; *text || first; first = false) {
		size_t size = line_size(text, room);

		(void)fprintf(table->out, "%*s%.*s\n", first ? 0 : (int)indent, "", (int)size, text);
		text += size;
		text += strspn(text, " ");
	}
}

/* The same of a stranger's text. */
static void put_escaped(struct table *table, struct buffer *raw, size_t indent)
{
	_cleanup_buffer_ struct buffer safe = { 0 };

	escape_append(&safe, buffer_text(raw), ESCAPE_TEXT);
	put_lines(table, buffer_text(&safe), indent);
	table->error = table->error ?: raw->error ?: safe.error;
}

/* ---- violations ---- */

static void clock_print(struct table *table, const struct shown *violation)
{
	char clock[CLOCK_TEXT_SIZE];

	clock_text(violation, table->compliance->as_of, clock);
	(void)fprintf(table->out, "%*s", INDENT, "");
	put_colour(table, colours[violation->state]);
	(void)fprintf(table->out, "%-*s", CLOCK_WIDTH, clock);
	put_colour(table, PLAIN);
	(void)fputs("  ", table->out);
}

static void note_print(struct table *table, const char *name, struct buffer *text)
{
	if (text->size == 0 && !text->error)
		return;
	(void)fprintf(table->out, "%*s", NOTE_INDENT, "");
	put_colour(table, DIM);
	(void)fprintf(table->out, "%-*s", NAME_WIDTH, name);
	put_colour(table, PLAIN);
	put_escaped(table, text, NOTE_INDENT + NAME_WIDTH);
}

static void waiver_append(struct buffer *out, const struct shown *violation)
{
	const char *owner = text_of(violation->waiver, "owner"), *reason = text_of(violation->waiver, "reason");

	if (violation->state != SHOWN_WAIVED)
		return;
	buffer_string(out, owner ? "by " : "");
	buffer_string(out, owner ?: "");
	buffer_string(out, owner && reason ? ": " : "");
	buffer_string(out, reason ?: "");
}

/* Digests by their beginning: the other formats have them whole. */
static void subject_append(struct buffer *out, const char *subject)
{
	while (*subject) {
		size_t digits = strspn(subject, "0123456789abcdef"), size = digits ?: 1;

		buffer_append(out, subject, digits >= DIGEST ? DIGITS : size);
		buffer_string(out, digits >= DIGEST ? "..." : "");
		subject += size;
	}
}

static void violation_print(struct table *table, const struct shown *violation)
{
	_cleanup_buffer_ struct buffer head = { 0 }, where = { 0 }, presence = { 0 }, waiver = { 0 }, mend = { 0 };

	clock_print(table, violation);
	(void)fprintf(table->out, "%-*s", NAME_WIDTH, severity_name(violation->severity));
	buffer_string(&head, violation->rule);
	buffer_byte(&head, ' ');
	subject_append(&head, violation->subject);
	put_escaped(table, &head, NOTE_INDENT + NAME_WIDTH);
	where_append(&where, violation, WHERE_MOST);
	note_print(table, "where", &where);
	presence_append(&presence, violation, table->compliance->as_of);
	note_print(table, "now", &presence);
	waiver_append(&waiver, violation);
	note_print(table, "waived", &waiver);
	if (violation->state != SHOWN_RESOLVED)
		mend_append(&mend, violation->rule, violation->subject);
	note_print(table, "mend", &mend);
}

static bool is_shown(const struct compliance *compliance, const struct shown *violation)
{
	return violation->state != SHOWN_RESOLVED || compliance->resolved;
}

/* Resolved ones come last in a workload: where the first is not shown, none is. */
static void workload_print(struct table *table, size_t from, size_t end)
{
	const struct shown *list = table->compliance->violations;
	_cleanup_buffer_ struct buffer name = { 0 };

	if (!is_shown(table->compliance, &list[from]))
		return;
	put_colour(table, BOLD);
	buffer_string(&name, list[from].workload);
	put_escaped(table, &name, INDENT);
	put_colour(table, PLAIN);
	for (size_t i = from; i < end; i++)
		if (is_shown(table->compliance, &list[i]))
			violation_print(table, &list[i]);
	(void)fputc('\n', table->out);
}

/* ---- the last line ---- */

static size_t open_count(const struct compliance *compliance)
{
	return compliance->count - compliance->counts[SHOWN_RESOLVED];
}

static void hidden_append(struct buffer *out, const struct compliance *compliance)
{
	size_t resolved = compliance->counts[SHOWN_RESOLVED];

	if (resolved == 0 || compliance->resolved)
		return;
	buffer_string(out, " (");
	buffer_unsigned(out, resolved);
	buffer_string(out, " resolved: --all shows them)");
}

static void none_append(struct buffer *out, const struct compliance *compliance)
{
	buffer_string(out, compliance->filtered ? "No such violation is open"
						: "No violation is open: nothing is overdue, "
						  "in grace or waived");
	hidden_append(out, compliance);
}

static void sums_append(struct buffer *out, const struct compliance *compliance)
{
	size_t counts[SHOWN_STATES], workloads = 0, count = compliance->count;

	memcpy(counts, compliance->counts, sizeof(counts));
	if (!compliance->resolved) {
		count -= counts[SHOWN_RESOLVED];
		counts[SHOWN_RESOLVED] = 0;
	}
	for (size_t i = 0; i < compliance->count; i = workload_end(compliance, i))
		workloads += is_shown(compliance, &compliance->violations[i]);
	count_append(out, count, "violation", "violations");
	buffer_string(out, " in ");
	count_append(out, workloads, "workload", "workloads");
	buffer_string(out, ": ");
	counts_append(out, counts);
	hidden_append(out, compliance);
}

static void summary_print(struct table *table)
{
	_cleanup_buffer_ struct buffer line = { 0 };
	const struct compliance *compliance = table->compliance;

	if (open_count(compliance) == 0 && !(compliance->resolved && compliance->count))
		none_append(&line, compliance);
	else
		sums_append(&line, compliance);
	put_escaped(table, &line, INDENT);
}

static void frozen_print(struct table *table)
{
	const json_t *clock = json_object_get(table->compliance->document, "clock");
	_cleanup_buffer_ struct buffer line = { 0 };
	char date[DATE_TEXT_SIZE];

	if (!json_is_true(json_object_get(clock, "frozen")))
		return;
	date_text(shown_instant(text_of(clock, "since")), date);
	buffer_string(&line, "The clock of this host was set by a step");
	buffer_string(&line, *date ? " at " : "");
	buffer_string(&line, date);
	buffer_string(&line, ": no state changes until its time is confirmed.");
	put_escaped(table, &line, INDENT);
	(void)fputc('\n', table->out);
}

/* ---- waivers ---- */

static void waiver_head(struct buffer *out, const json_t *waiver)
{
	static const char *const keys[] = { "rule", "workload", "subject", "digest" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *text = text_of(waiver, keys[i]);

		buffer_string(out, i && text ? " " : "");
		buffer_string(out, text ?: "");
	}
}

static void waiver_rest(struct buffer *out, const json_t *waiver)
{
	static const struct {
		const char *key, *before;
	} rows[] = { { "owner", "by " }, { "reason", ": " }, { "source", ", from " } };
	const char *source = text_of(waiver, "source");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text = text_of(waiver, rows[i].key);

		if (!text)
			continue;
		buffer_string(out, rows[i].before);
		buffer_string(out, text == source && strcmp(source, "policy") == 0 ? "the policy" : text);
	}
}

static void waiver_print(struct table *table, const json_t *waiver)
{
	_cleanup_buffer_ struct buffer head = { 0 }, rest = { 0 }, use = { 0 }, until = { 0 };
	int64_t end = shown_instant(text_of(waiver, "until"));
	char date[DATE_TEXT_SIZE];

	(void)fprintf(table->out, "%*s%-*.*s  ", INDENT, "", CLOCK_WIDTH, CLOCK_WIDTH, text_of(waiver, "state") ?: "?");
	waiver_head(&head, waiver);
	put_escaped(table, &head, NOTE_INDENT);
	date_text(end, date);
	buffer_string(&until, date);
	note_print(table, "until", &until);
	waiver_rest(&rest, waiver);
	note_print(table, "given", &rest);
	waiver_use_append(&use, waiver);
	note_print(table, "used", &use);
}

static int waivers_print(struct table *table)
{
	const json_t *waivers = json_object_get(table->compliance->document, "waivers"), *waiver;
	size_t i, idle = 0;

	json_array_foreach (waivers, i, waiver) {
		waiver_print(table, waiver);
		idle += json_integer_value(json_object_get(waiver, "matched")) <= 0;
	}
	if (json_array_size(waivers) == 0)
		(void)fputs("There is no waiver.\n", table->out);
	else
		(void)fprintf(table->out, "\n%zu waiver%s, %zu of them never matched\n", json_array_size(waivers),
			      json_array_size(waivers) == 1 ? "" : "s", idle);
	return table->error;
}

static int table_print(const struct compliance *compliance, FILE *out)
{
	struct table table = { .compliance = compliance,
			       .out = out,
			       .width = compliance->width > WIDTH_LEAST ? compliance->width : WIDTH_LEAST };

	if (compliance->waivers)
		return waivers_print(&table);
	frozen_print(&table);
	for (size_t i = 0; i < compliance->count;) {
		size_t end = workload_end(compliance, i);

		workload_print(&table, i, end);
		i = end;
	}
	summary_print(&table);
	return table.error;
}

const struct compliance_format compliance_table = { "table", table_print };
