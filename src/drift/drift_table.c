// SPDX-License-Identifier: Apache-2.0
/* For people: what was found in a sentence, then a line for each difference, files by kind. */
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "drift/drift.h"
#include "output/buffer.h"
#include "output/escape.h"
#include "output/time.h"

static void print_escaped(FILE *out, const char *text, enum escape_mode mode)
{
	_cleanup_buffer_ struct buffer safe = { 0 };

	escape_append(&safe, text, mode);
	(void)fwrite(safe.data ?: "?", 1, safe.data ? safe.size : 1, out);
}

static void print_word(FILE *out, const char *text)
{
	print_escaped(out, text, ESCAPE_WORD);
}

static void print_text(FILE *out, const char *text)
{
	print_escaped(out, text, ESCAPE_TEXT);
}

static void print_evidence(FILE *out, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	(void)fprintf(out, " %s=", name);
	print_word(out, value);
}

static void print_file(FILE *out, const struct drift_file *file)
{
	char time[TIME_RFC3339_SIZE], number[32];

	(void)fprintf(out, "  %-8s ", drift_kind_name(file->kind));
	print_word(out, file->path);
	if (S_ISDIR(file->stat.mode))
		(void)fputc('/', out);
	time_rfc3339(file->stat.ctime, time);
	print_evidence(out, "package", file->package.name);
	print_evidence(out, "from", file->from);
	if (file->owned) {
		(void)snprintf(number, sizeof(number), "%zu", file->owned);
		print_evidence(out, "files", number);
	}
	print_evidence(out, "writer", file->writer.executable);
	print_evidence(out, "time", file->stat.ctime ? time : NULL);
	(void)fputc('\n', out);
}

static void print_package(FILE *out, const struct package_change *change)
{
	(void)fprintf(out, "  %-8s ", package_change_name(change->kind));
	print_word(out, change->name);
	if (change->from) {
		(void)fputc(' ', out);
		print_word(out, change->from);
	}
	if (change->kind == PACKAGE_CHANGED)
		(void)fputs(" ->", out);
	if (change->to) {
		(void)fputc(' ', out);
		print_word(out, change->to);
	}
	(void)fprintf(out, " (%s)\n", package_type_name(change->type));
}

static void print_count(FILE *out, size_t count, const char *what, bool *some)
{
	if (!count)
		return;
	(void)fprintf(out, "%s%zu %s", *some ? ", " : "", count, what);
	*some = true;
}

static void print_packages_count(FILE *out, const struct package_changes *changes, enum package_change_kind kind,
				 bool *some)
{
	char what[32];

	(void)snprintf(what, sizeof(what), "package%s %s", package_changes_of(changes, kind) == 1 ? "" : "s",
		       package_change_name(kind));
	print_count(out, package_changes_of(changes, kind), what, some);
}

static void print_summary(FILE *out, const struct drift *drift, const struct container_facts *facts)
{
	bool some = false;

	print_word(out, facts->name ?: facts->id ?: "the container");
	(void)fputs(": ", out);
	for (enum difference_kind kind = DIFFERENCE_ADDED; kind <= DIFFERENCE_REMOVED; kind++)
		print_count(out, drift_of(drift, kind), drift_kind_name(kind), &some);
	for (enum package_change_kind kind = PACKAGE_ADDED; drift->packages && kind < PACKAGE_CHANGE_KINDS; kind++)
		print_packages_count(out, drift->packages, kind, &some);
	(void)fprintf(out, "%s\n", some ? "" : drift->unseen ? "not looked at whole" : "as its image");
}

static void print_packages(FILE *out, const struct package_changes *changes)
{
	size_t count = changes ? package_changes_count(changes) : 0;

	if (count)
		(void)fputs("packages:\n", out);
	for (size_t i = 0; i < count; i++) {
		const struct package_change change = package_changes_at(changes, i);

		print_package(out, &change);
	}
	if (count && package_changes_total(changes) > count)
		(void)fprintf(out, "  and %zu more\n", package_changes_total(changes) - count);
}

static void print_files(FILE *out, const struct drift *drift)
{
	if (drift->count)
		(void)fputs("files:\n", out);
	for (enum difference_kind kind = DIFFERENCE_ADDED; kind <= DIFFERENCE_REMOVED; kind++)
		for (size_t i = 0; i < drift->count; i++)
			if (drift->files[i].kind == kind)
				print_file(out, &drift->files[i]);
}

static void print_note(FILE *out, const struct inventory_note *note)
{
	(void)fprintf(out, "not read, or not whole: %s: ", note->source);
	if (note->path) {
		print_word(out, note->path);
		(void)fputs(": ", out);
	}
	print_text(out, note->reason);
	(void)fputc('\n', out);
}

/* What the answer lacks. */
static void print_gaps(FILE *out, const struct drift *drift)
{
	size_t notes = drift->present ? inventory_note_count(drift->present) : 0;

	if (drift->unseen)
		(void)fprintf(out, "not looked at: %" PRIu64 " entries (too deep, too many, or not to be read)\n",
			      drift->unseen);
	if (drift->unread) {
		print_text(out, drift->unread);
		(void)fputc('\n', out);
	}
	for (size_t i = 0; i < notes; i++) {
		const struct inventory_note note = inventory_note(drift->present, i);

		print_note(out, &note);
	}
}

void drift_table(const struct drift *drift, const struct container_facts *facts, FILE *out)
{
	print_summary(out, drift, facts);
	print_packages(out, drift->packages);
	print_files(out, drift);
	print_gaps(out, drift);
}
