// SPDX-License-Identifier: Apache-2.0
// fuzz: src/filter/lexer.c src/filter/parse.c src/filter/match.c src/filter/show.c src/policy/pattern.c
// fuzz: src/policy/nearest.c src/output/escape.c src/output/buffer.c src/output/cell.c -ljansson
/*
 * Any text as an expression: a filter that answers, and the contrary of it the contrary; or one line, and a caret that
 * stands under the expression and not beyond its end, without a byte that a terminal obeys.
 */
#include <stdint.h>
#include <stdio.h>

#include "filter/filter.h"
#include "filter/known.h"
#include "fuzz.h"

/* The alert's own list brings half of the program along. */
static const char *const fields[] = { "process.pid", "process.user.id", "file.path", "rule.id", "event.category" };

bool known_field(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strncmp(fields[i], path, strlen(path)) == 0)
			return true;
	return false;
}

const char *known_nearest(const char *path)
{
	return path[0] == 'p' ? fields[0] : NULL;
}

static const char alert_text[] =
	"{\"process\":{\"pid\":4711,\"user\":{\"id\":\"0\"}},\"file\":{\"path\":\"/usr/x\"},"
	"\"rule\":{\"id\":\"drift.exec.new\"},\"event\":{\"category\":[\"file\",\"process\"]}}";

/* "not (EXPRESSION)" says the contrary, where it is not too deep or too long for that. */
static void must_be_contrary(const char *text, bool matches, const json_t *alert)
{
	char *contrary = NULL;
	struct filter *filter = NULL;
	struct filter_error error;

	must(asprintf(&contrary, "not (%s)", text) > 0);
	if (filter_new(contrary, &filter, &error) == 0)
		must(filter_match(filter, alert) != matches);
	filter_free(filter);
	free(contrary);
}

static void must_show(const char *text, const struct filter_error *error)
{
	struct buffer shown = { 0 };
	const char *end;

	must(error->offset == FILTER_NOWHERE || error->offset <= strlen(text));
	must(strlen(error->message) > 0);
	filter_show(text, error, &shown);
	must(shown.error == 0);
	if (shown.size > 0) {
		end = memchr(shown.data, '\n', shown.size);
		must(end && shown.data[shown.size - 2] == '^' && shown.data[shown.size - 1] == '\n');
		must(shown.data + shown.size - end <= end - shown.data + 4); /* bytes are never fewer than columns */
		for (const char *at = shown.data; at < end; at++)
			must((unsigned char)*at >= ' ' && *at != 0x7f);
	}
	buffer_clear(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static json_t *alert;
	struct filter *filter = NULL;
	struct filter_error error;
	char *text = malloc(size + 1);
	int r;

	if (!alert)
		alert = json_loads(alert_text, 0, NULL);
	must(text && alert);
	memcpy(text, data, size);
	text[size] = '\0';
	r = filter_new(text, &filter, &error);
	must(r == 0 || r == -EINVAL);
	if (r == 0)
		must_be_contrary(text, filter_match(filter, alert), alert);
	else
		must_show(text, &error);
	filter_free(filter);
	free(text);
	return 0;
}
