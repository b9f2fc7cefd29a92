// SPDX-License-Identifier: Apache-2.0
/* For people: what was found in a sentence, then a line for each difference, files by kind. */
#include <inttypes.h>
#include <string.h>

#include "drift/drift.h"
#include "output/buffer.h"
#include "output/escape.h"
#include "output/time.h"

static void print_word(FILE *out, const char *text)
{
	_cleanup_buffer_ struct buffer word = { 0 };

	escape_append(&word, text, ESCAPE_WORD);
	(void)fwrite(word.data ?: "?", 1, word.data ? word.size : 1, out);
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
	static const char *const words[PACKAGE_CHANGE_KINDS] = {
		[PACKAGE_ADDED] = "added", [PACKAGE_REMOVED] = "removed", [PACKAGE_CHANGED] = "changed"
	};

	(void)fprintf(out, "  %-8s ", words[change->kind]);
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

static void print_summary(FILE *out, const struct drift *drift, const struct container_facts *facts)
{
	bool some = false;

	print_word(out, facts->name ?: facts->id ?: "the container");
	(void)fputs(": ", out);
	for (enum difference_kind kind = DIFFERENCE_ADDED; kind <= DIFFERENCE_REMOVED; kind++)
		print_count(out, drift_of(drift, kind), drift_kind_name(kind), &some);
	if (drift->packages) {
		print_count(out, package_changes_of(drift->packages, PACKAGE_ADDED), "packages added", &some);
		print_count(out, package_changes_of(drift->packages, PACKAGE_REMOVED), "packages removed", &some);
		print_count(out, package_changes_of(drift->packages, PACKAGE_CHANGED), "packages changed", &some);
	}
	(void)fprintf(out, "%s\n", some ? "" : "as its image");
}

void drift_table(const struct drift *drift, const struct container_facts *facts, FILE *out)
{
	size_t packages = drift->packages ? package_changes_count(drift->packages) : 0;

	print_summary(out, drift, facts);
	if (packages)
		(void)fputs("packages:\n", out);
	for (size_t i = 0; i < packages; i++) {
		const struct package_change change = package_changes_at(drift->packages, i);

		print_package(out, &change);
	}
	if (drift->count)
		(void)fputs("files:\n", out);
	for (enum difference_kind kind = DIFFERENCE_ADDED; kind <= DIFFERENCE_REMOVED; kind++)
		for (size_t i = 0; i < drift->count; i++)
			if (drift->files[i].kind == kind)
				print_file(out, &drift->files[i]);
	if (drift->unseen)
		(void)fprintf(out, "not looked at: %" PRIu64 " entries (too deep, too many, or not to be read)\n",
			      drift->unseen);
	if (drift->unread) {
		print_word(out, drift->unread);
		(void)fputc('\n', out);
	}
}
