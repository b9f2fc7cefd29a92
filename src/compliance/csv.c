// SPDX-License-Identifier: Apache-2.0
/*
 * RFC 4180: a header, a row for each, CRLF, cells in quotes where they must be. Control characters are escaped, and
 * what a spreadsheet would take for a formula has an apostrophe before it: so no cell is run, and each is one line.
 */
#include "compliance/internal.h"

#include <inttypes.h>
#include <string.h>

#include "compliance/mend.h"
#include "output/escape.h"

#define EVERY SIZE_MAX /* of the sightings */

/* A cell begun so is a formula to one spreadsheet or another, full-width forms too, behind spaces too. */
static bool is_formula(const char *text)
{
	static const char *const begins[] = {
		"=", "+", "-", "@", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"
	};

	text += strspn(text, " ");
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		if (strncmp(text, begins[i], strlen(begins[i])) == 0)
			return true;
	return *text == '\t' || *text == '\r' || *text == '\n';
}

static int cell_print(FILE *out, const char *raw, const char *after)
{
	_cleanup_buffer_ struct buffer cell = { 0 };
	const char *text;
	bool quoted;

	if (is_formula(raw))
		buffer_byte(&cell, '\'');
	escape_append(&cell, raw, ESCAPE_TEXT);
	text = buffer_text(&cell);
	quoted = text[strcspn(text, "\",")] || *text == ' ' || *text == '\'';
	(void)fputs(quoted ? "\"" : "", out);
	for (; *text; text++)
		(void)fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	(void)fputs(quoted ? "\"" : "", out);
	(void)fputs(after, out);
	return cell.error;
}

/* ---- violations ---- */

struct row {
	const struct shown *violation;
	int64_t as_of;
};

static void put(struct buffer *cell, const char *text)
{
	buffer_string(cell, text ?: "");
}

static void cell_id(const struct row *row, struct buffer *cell)
{
	put(cell, row->violation->id);
}

static void cell_state(const struct row *row, struct buffer *cell)
{
	put(cell, shown_state_name(row->violation->state));
}

/* Seconds to the deadline, of what has one ahead; behind it those are cell_over's: a sign would be a formula. */
static void put_seconds(const struct row *row, struct buffer *cell, int sign)
{
	const struct shown *v = row->violation;
	bool running = v->state == SHOWN_GRACE || v->state == SHOWN_OVERDUE;
	int64_t left = running && v->deadline != MOMENT_UNKNOWN ? (v->deadline - row->as_of) * sign : -1;

	if (left >= 0 && (left > 0 || sign < 0))
		buffer_unsigned(cell, (uint64_t)left);
}

static void cell_left(const struct row *row, struct buffer *cell)
{
	put_seconds(row, cell, 1);
}

static void cell_over(const struct row *row, struct buffer *cell)
{
	put_seconds(row, cell, -1);
}

static void cell_severity(const struct row *row, struct buffer *cell)
{
	put(cell, severity_name(row->violation->severity));
}

static void cell_rule(const struct row *row, struct buffer *cell)
{
	put(cell, row->violation->rule);
}

static void cell_workload(const struct row *row, struct buffer *cell)
{
	put(cell, row->violation->workload);
}

static void cell_subject(const struct row *row, struct buffer *cell)
{
	put(cell, row->violation->subject);
}

static void cell_message(const struct row *row, struct buffer *cell)
{
	put(cell, row->violation->message);
}

static void cell_present(const struct row *row, struct buffer *cell)
{
	put(cell, row->violation->present);
}

static void cell_opened(const struct row *row, struct buffer *cell)
{
	put(cell, text_of(row->violation->json, "opened"));
}

static void cell_deadline(const struct row *row, struct buffer *cell)
{
	put(cell, text_of(row->violation->json, "deadline"));
}

static void cell_resolved(const struct row *row, struct buffer *cell)
{
	put(cell, text_of(row->violation->json, "resolved"));
}

static void cell_reopened(const struct row *row, struct buffer *cell)
{
	buffer_unsigned(cell, row->violation->reopened);
}

static void cell_where(const struct row *row, struct buffer *cell)
{
	where_append(cell, row->violation, EVERY);
}

static void cell_mend(const struct row *row, struct buffer *cell)
{
	mend_append(cell, row->violation->rule, row->violation->subject);
}

static void cell_waived(const struct row *row, struct buffer *cell)
{
	put(cell, text_of(row->violation->waiver, "until"));
}

static void cell_owner(const struct row *row, struct buffer *cell)
{
	put(cell, text_of(row->violation->waiver, "owner"));
}

static void cell_reason(const struct row *row, struct buffer *cell)
{
	put(cell, text_of(row->violation->waiver, "reason"));
}

static const struct {
	const char *title;
	void (*fill)(const struct row *row, struct buffer *cell);
} columns[] = {
	{ "id", cell_id },
	{ "state", cell_state },
	{ "seconds_left", cell_left },
	{ "seconds_overdue", cell_over },
	{ "severity", cell_severity },
	{ "rule", cell_rule },
	{ "workload", cell_workload },
	{ "subject", cell_subject },
	{ "message", cell_message },
	{ "present", cell_present },
	{ "opened", cell_opened },
	{ "deadline", cell_deadline },
	{ "resolved", cell_resolved },
	{ "reopened", cell_reopened },
	{ "where", cell_where },
	{ "mend", cell_mend },
	{ "waived_until", cell_waived },
	{ "waiver_owner", cell_owner },
	{ "waiver_reason", cell_reason },
};

static int row_print(const struct row *row, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		_cleanup_buffer_ struct buffer cell = { 0 };
		int r;

		columns[i].fill(row, &cell);
		r = cell_print(out, buffer_text(&cell), i + 1 < ARRAY_SIZE(columns) ? "," : "\r\n");
		if (r < 0 || cell.error)
			return cell.error ?: r;
	}
	return 0;
}

static int violations_print(const struct compliance *compliance, FILE *out)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		(void)fprintf(out, "%s%s", columns[i].title, i + 1 < ARRAY_SIZE(columns) ? "," : "\r\n");
	for (size_t i = 0; r == 0 && i < compliance->count; i++) {
		const struct row row = { &compliance->violations[i], compliance->as_of };

		if (row.violation->state != SHOWN_RESOLVED || compliance->resolved)
			r = row_print(&row, out);
	}
	return r;
}

/* ---- waivers ---- */

static int waiver_print(const json_t *waiver, FILE *out)
{
	static const char *const keys[] = { "id",     "state", "rule",  "workload", "subject",
					    "digest", "until", "owner", "reason",   "source" };
	json_int_t matched = json_integer_value(json_object_get(waiver, "matched"));
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(keys); i++)
		r = cell_print(out, text_of(waiver, keys[i]) ?: "", ",");
	(void)fprintf(out, "%" PRId64 ",", matched > 0 ? (int64_t)matched : 0);
	return r ?: cell_print(out, text_of(waiver, "last_matched") ?: "", "\r\n");
}

static int waivers_print(const struct compliance *compliance, FILE *out)
{
	const json_t *waiver;
	size_t i;
	int r = 0;

	(void)fputs("id,state,rule,workload,subject,digest,until,owner,reason,source,matched,last_matched\r\n", out);
	json_array_foreach (json_object_get(compliance->document, "waivers"), i, waiver)
		if (r == 0)
			r = waiver_print(waiver, out);
	return r;
}

static int csv_print(const struct compliance *compliance, FILE *out)
{
	return compliance->waivers ? waivers_print(compliance, out) : violations_print(compliance, out);
}

const struct compliance_format compliance_csv = { "csv", csv_print };
