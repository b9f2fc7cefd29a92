// SPDX-License-Identifier: Apache-2.0
/*
 * For people: a line a package, then what no package owns, what is not as it was installed, what could not be read, and a
 * sentence that sums up. On a terminal a line of the table is no longer than its line; elsewhere a column is as wide as
 * what is in it, up to a bound.
 */
#include "report/internal.h"

#include <inttypes.h>
#include <string.h>

#include "output/cell.h"
#include "output/escape.h"

#define COLUMN_MOST 100 /* characters of a column that goes to no terminal */

/* ---- cells ---- */

static void cell_name(const struct inventory_package *package, struct buffer *cell)
{
	buffer_string(cell, package->name);
}

static void cell_version(const struct inventory_package *package, struct buffer *cell)
{
	buffer_string(cell, package->version ?: "");
}

static void cell_architecture(const struct inventory_package *package, struct buffer *cell)
{
	buffer_string(cell, package->architecture ?: "");
}

static void cell_type(const struct inventory_package *package, struct buffer *cell)
{
	buffer_string(cell, package_type_name(package->type));
}

/* "name version" as one word: "name=version". */
static void cell_origin(const struct inventory_package *package, struct buffer *cell)
{
	const char *origin = package->origin ?: "", *space = strchrnul(origin, ' ');

	buffer_append(cell, origin, (size_t)(space - origin));
	if (!*space)
		return;
	buffer_byte(cell, '=');
	buffer_string(cell, space + 1);
}

static void cell_files(const struct inventory_package *package, struct buffer *cell)
{
	buffer_unsigned(cell, package->files);
}

static const struct column {
	const char *title;
	size_t least; /* characters that it keeps on a narrow terminal */
	void (*fill)(const struct inventory_package *package, struct buffer *cell);
} columns[] = {
	{ "NAME", 16, cell_name }, { "VERSION", 12, cell_version }, { "ARCH", 7, cell_architecture },
	{ "TYPE", 6, cell_type },  { "ORIGIN", 10, cell_origin },   { "FILES", 5, cell_files },
};

#define COLUMNS ARRAY_SIZE(columns)

/* What a stranger wrote, as one word: nothing is a dash. */
static void cell_fill(const struct column *column, const struct inventory_package *package, struct buffer *word)
{
	_cleanup_buffer_ struct buffer raw = { 0 };

	column->fill(package, &raw);
	buffer_byte(&raw, '\0');
	buffer_rewind(word, 0);
	escape_append(word, raw.error ? "?" : *raw.data ? raw.data : "-", ESCAPE_WORD);
}

/* ---- widths ---- */

/* What does not fit is taken from the widest column that has more than it must keep, a character at a time. */
static void widths_fit(size_t widths[static COLUMNS], size_t room)
{
	size_t sum = 2 * (COLUMNS - 1);

	for (size_t i = 0; i < COLUMNS; i++)
		sum += widths[i];
	for (; sum > room; sum--) {
		size_t widest = COLUMNS;

		for (size_t i = 0; i < COLUMNS; i++)
			if (widths[i] > columns[i].least && (widest == COLUMNS || widths[i] > widths[widest]))
				widest = i;
		if (widest == COLUMNS)
			return;
		widths[widest]--;
	}
}

static int widths_find(const struct report *report, size_t widths[static COLUMNS])
{
	_cleanup_buffer_ struct buffer word = { 0 };
	size_t count = inventory_package_count(report->inventory);

	for (size_t i = 0; i < COLUMNS; i++)
		widths[i] = strlen(columns[i].title);
	for (size_t i = 0; i < count; i++) {
		struct inventory_package package = inventory_package(report->inventory, i);

		for (size_t j = 0; j < COLUMNS; j++) {
			size_t width;

			cell_fill(&columns[j], &package, &word);
			width = cell_width(word.data ?: "", word.size);
			width = width < COLUMN_MOST ? width : COLUMN_MOST;
			widths[j] = width > widths[j] ? width : widths[j];
		}
	}
	if (report->width)
		widths_fit(widths, report->width);
	return word.error;
}

/* ---- what is printed ---- */

static void section_end(bool begun, FILE *out)
{
	if (begun)
		(void)fputs("\n", out);
}

static int packages_print(const struct report *report, FILE *out)
{
	_cleanup_buffer_ struct buffer word = { 0 };
	size_t count = inventory_package_count(report->inventory), widths[COLUMNS];
	int r = widths_find(report, widths);

	for (size_t j = 0; r == 0 && count > 0 && j < COLUMNS; j++)
		cell_print(out, columns[j].title, strlen(columns[j].title), widths[j], j + 1 == COLUMNS);
	if (count > 0)
		(void)fputs("\n", out);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct inventory_package package = inventory_package(report->inventory, i);

		for (size_t j = 0; j < COLUMNS; j++) {
			cell_fill(&columns[j], &package, &word);
			cell_print(out, word.data ?: "", word.size, widths[j], j + 1 == COLUMNS);
		}
		(void)fputs("\n", out);
	}
	section_end(count > 0, out);
	return r < 0 ? r : word.error;
}

/* Text of a stranger's within a sentence. */
static void text_print(FILE *out, const char *text, const char *after)
{
	_cleanup_buffer_ struct buffer safe = { 0 };

	escape_append(&safe, text, ESCAPE_TEXT);
	(void)fprintf(out, "%.*s%s", (int)safe.size, safe.data ?: "", after);
}

static void unpackaged_print(const struct report *report, FILE *out)
{
	size_t count = inventory_unpackaged_count(report->inventory);
	char path[PATH_MAX];

	if (count > 0)
		(void)fputs("Executables and libraries that no package owns:\n", out);
	for (size_t i = 0; i < count; i++) {
		inventory_unpackaged(report->inventory, i, path);
		(void)fputs("  ", out);
		text_print(out, path, "\n");
	}
	section_end(count > 0, out);
}

static void change_print(const struct report *report, const struct inventory_file *file, const char *path, FILE *out)
{
	struct inventory_package package = inventory_package(report->inventory, file->package);

	(void)fprintf(out, "  %-10s  ", report_change(file));
	text_print(out, path, "  ");
	text_print(out, package.name, " ");
	text_print(out, package.version ?: "", file->flags & INVENTORY_FILE_CONFIG ? "  (configuration)\n" : "\n");
}

static void changes_print(const struct report *report, FILE *out)
{
	size_t count = inventory_file_count(report->inventory);
	char path[PATH_MAX];
	bool begun = false;

	for (size_t i = 0; i < count; i++) {
		struct inventory_file file = inventory_file(report->inventory, i, path);

		if (!report_change(&file))
			continue;
		if (!begun)
			(void)fputs("Files that are not what their packages say:\n", out);
		begun = true;
		change_print(report, &file, path, out);
	}
	section_end(begun, out);
}

static void notes_print(const struct report *report, FILE *out)
{
	size_t count = inventory_note_count(report->inventory);

	if (count > 0)
		(void)fputs("Not read, or not whole:\n", out);
	for (size_t i = 0; i < count; i++) {
		struct inventory_note note = inventory_note(report->inventory, i);

		(void)fprintf(out, "  %s: ", note.source);
		if (note.path)
			text_print(out, note.path, ": ");
		text_print(out, note.reason, "\n");
	}
	section_end(count > 0, out);
}

static void summary_print(const struct report *report, FILE *out)
{
	const char *system = inventory_system(report->inventory).name, *tag = report->facts->image_tag;
	size_t packages = inventory_package_count(report->inventory);
	size_t unpackaged = inventory_unpackaged_count(report->inventory);

	text_print(out, report_subject(report), "");
	if (report->facts->image_name && tag) {
		(void)fputs(":", out);
		text_print(out, tag, "");
	}
	if (system) {
		(void)fputs(" (", out);
		text_print(out, system, ")");
	}
	(void)fprintf(out, ": %zu package%s with %zu files, %zu executable%s of no package\n", packages,
		      packages == 1 ? "" : "s", inventory_file_count(report->inventory), unpackaged,
		      unpackaged == 1 ? "" : "s");
}

static void verified_print(const struct report *report, FILE *out)
{
	size_t count = inventory_file_count(report->inventory), counts[VERIFIED_STATES] = { 0 };
	char path[PATH_MAX];

	for (size_t i = 0; i < count; i++)
		counts[inventory_file(report->inventory, i, path).verified]++;
	(void)fprintf(out,
		      "verified: %zu as installed, %zu modified, %zu missing, %zu unreadable, %zu without a digest\n",
		      counts[VERIFIED_SAME], counts[VERIFIED_DIFFERS], counts[VERIFIED_MISSING],
		      counts[VERIFIED_UNREADABLE], counts[VERIFIED_NOT]);
}

static int table_print(const struct report *report, FILE *out)
{
	int r = packages_print(report, out);

	if (r < 0)
		return r;
	unpackaged_print(report, out);
	if (report->verified)
		changes_print(report, out);
	notes_print(report, out);
	summary_print(report, out);
	if (report->verified)
		verified_print(report, out);
	return 0;
}

const struct report_format report_table = { "table", table_print };
