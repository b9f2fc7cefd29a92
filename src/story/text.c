// SPDX-License-Identifier: Apache-2.0
#include "story/text.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/rule.h"
#include "output/field.h"
#include "output/time.h"
#include "output/view.h"
#include "story/internal.h"

#define LABEL    12 /* characters of the left column */
#define SECOND   1000000000ull
#define DAY_SIZE 11 /* "2026-01-02T" */

/* A page, and the alert's day: of another moment its own is shown. */
struct text {
	struct page *page;
	const char *day;
	int64_t now;
};

void span_text(uint64_t ns, char ret_text[static SPAN_SIZE])
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	uint64_t seconds = ns / SECOND;
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(units) && seconds < units[i].seconds)
		i++;
	if (i + 1 == ARRAY_SIZE(units) || seconds % units[i].seconds < units[i + 1].seconds)
		(void)snprintf(ret_text, SPAN_SIZE, "%" PRIu64 " %s", seconds / units[i].seconds, units[i].name);
	else
		(void)snprintf(ret_text, SPAN_SIZE, "%" PRIu64 " %s %" PRIu64 " %s", seconds / units[i].seconds,
			       units[i].name, seconds % units[i].seconds / units[i + 1].seconds, units[i + 1].name);
}

/* ---- words ---- */

/* "2026-01-02 03:04:05 UTC". */
static void put_moment(struct text *text, const char *moment)
{
	char words[TIME_RFC3339_SIZE];

	if (!moment || strlen(moment) != TIME_RFC3339_SIZE - 1) {
		page_put(text->page, "(not known)");
		return;
	}
	(void)snprintf(words, sizeof(words), "%.10s %.8s UTC", moment, moment + DAY_SIZE);
	page_name(text->page, words);
}

/* "03:04:05", with its date on another day than the alert's. */
static void put_time(struct text *text, const char *moment)
{
	char words[TIME_RFC3339_SIZE];

	if (!moment || strlen(moment) != TIME_RFC3339_SIZE - 1) {
		page_put(text->page, "--:--:--");
		return;
	}
	if (!text->day || strncmp(moment, text->day, DAY_SIZE - 1) != 0)
		(void)snprintf(words, sizeof(words), "%.10s %.8s", moment, moment + DAY_SIZE);
	else
		(void)snprintf(words, sizeof(words), "%.8s", moment + DAY_SIZE);
	page_name(text->page, words);
}

static bool is_plain_word(const char *word)
{
	return *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%*") ==
				strlen(word);
}

/* As one would type it, as far as that can be shown. */
static void put_argument(struct text *text, const char *word)
{
	page_put(text->page, " ");
	if (is_plain_word(word) || strchr(word, '\'')) {
		page_word(text->page, word);
		return;
	}
	page_put(text->page, "'");
	page_name(text->page, word);
	page_put(text->page, "'");
}

/* The program and its arguments; a name that is not the program's is said, as of the shell that a busybox is. */
static void put_command(struct text *text, const json_t *process)
{
	const char *executable = field_text(process, "executable");
	const json_t *args = field_at(process, "args"), *arg;
	const char *called = json_is_array(args) ? json_string_value(json_array_get(args, 0)) : NULL;
	size_t i;

	if (!executable) {
		page_put(text->page, "(not known: it ran before the agent, or did not exec)");
		return;
	}
	page_word(text->page, executable);
	if (called && *called && strcmp(view_base(called), view_base(executable)) != 0) {
		page_put(text->page, " (as ");
		page_word(text->page, called);
		page_put(text->page, ")");
	}
	json_array_foreach (args, i, arg)
		if (i > 0 && json_is_string(arg))
			put_argument(text, json_string_value(arg));
	if (json_is_true(field_at(process, "truncated")))
		page_put(text->page, " ...");
}

static void put_number(struct text *text, const char *before, uint64_t number)
{
	char words[24];

	page_put(text->page, before);
	(void)snprintf(words, sizeof(words), "%" PRIu64, number);
	page_put(text->page, words);
}

static uint64_t number_at(const json_t *object, const char *path)
{
	json_int_t number = json_integer_value(field_at(object, path));

	return number > 0 ? (uint64_t)number : 0;
}

/* "pid 47  user 0". */
static void put_who(struct text *text, const json_t *process)
{
	const char *user = field_text(process, "user.id");

	if (number_at(process, "pid"))
		put_number(text, "pid ", number_at(process, "pid"));
	page_put(text->page, number_at(process, "pid") ? "  user " : "user ");
	page_word(text->page, user ? user : "?");
}

static void heading(struct text *text, const char *words)
{
	page_space(text->page);
	page_begin(text->page, 0, 2, PAGE_BOLD);
	page_put(text->page, words);
	page_end(text->page);
}

static void label(struct text *text, const char *words)
{
	page_begin(text->page, 2, LABEL + 2, PAGE_PLAIN);
	page_put(text->page, words);
	page_to(text->page, LABEL + 2);
}

/* A line of label and text, where there is a text. */
static void line(struct text *text, const char *words, const char *value)
{
	if (!value)
		return;
	label(text, words);
	page_name(text->page, value);
	page_end(text->page);
}

static void more(struct text *text, size_t indent, uint64_t count, const char *what)
{
	if (!count)
		return;
	page_begin(text->page, indent, indent + 2, PAGE_DIM);
	put_number(text, "and ", count);
	page_put(text->page, " more");
	page_put(text->page, what);
	page_end(text->page);
}

/* ---- the alert ---- */

static enum page_style style_of(const json_t *alert)
{
	static const enum page_style by_severity[SEVERITIES] = {
		[SEVERITY_INFO] = PAGE_DIM, [SEVERITY_LOW] = PAGE_CYAN,     [SEVERITY_MEDIUM] = PAGE_YELLOW,
		[SEVERITY_HIGH] = PAGE_RED, [SEVERITY_CRITICAL] = PAGE_RED,
	};
	const char *name = field_text(alert, "plimsoll.severity");
	int severity = name ? severity_from_name(name) : -1;

	return severity < 0 ? PAGE_PLAIN : by_severity[severity];
}

static void put_title(struct text *text, const json_t *alert)
{
	const char *what = field_text(alert, "rule.id");

	page_begin(text->page, 0, 2, style_of(alert));
	page_word(text->page, field_text(alert, "plimsoll.severity") ?: "info");
	page_put(text->page, "  ");
	page_word(text->page, what ? what : field_text(alert, "event.action"));
	page_put(text->page, "  ");
	page_name(text->page, field_text(alert, "message"));
	page_end(text->page);
}

static void put_when(struct text *text, const json_t *alert)
{
	int64_t time = moment_of(alert, "@timestamp");
	char span[SPAN_SIZE];

	label(text, "when");
	put_moment(text, field_text(alert, "@timestamp"));
	if (time != INT64_MIN && text->now >= time) {
		span_text((uint64_t)(text->now - time), span);
		page_put(text->page, ", ");
		page_put(text->page, span);
		page_put(text->page, " ago");
	}
	page_end(text->page);
}

static void put_where(struct text *text, const json_t *alert)
{
	const char *name = field_text(alert, "container.name"), *id = field_text(alert, "container.id");
	const char *image = field_text(alert, "container.image.name"), *tag = field_text(alert, "container.image.tag");
	const char *digest = field_text(alert, "container.image.hash.all");
	const char *pod = field_text(alert, "orchestrator.resource.name");
	char cut[13] = "";

	if (name || id) {
		(void)snprintf(cut, sizeof(cut), "%s", id ? id : "");
		label(text, "container");
		page_word(text->page, name ? name : cut);
		page_put(text->page, name && id ? "  " : "");
		page_word(text->page, name ? cut : NULL);
		page_end(text->page);
	}
	if (image || digest) {
		label(text, "image");
		page_word(text->page, image);
		page_put(text->page, image && tag ? ":" : "");
		page_word(text->page, image ? tag : NULL);
		page_put(text->page, image && digest ? "  " : "");
		page_word(text->page, digest);
		page_end(text->page);
	}
	if (pod) {
		label(text, "pod");
		page_word(text->page, field_text(alert, "orchestrator.namespace") ?: "-");
		page_put(text->page, "/");
		page_word(text->page, pod);
		page_end(text->page);
	}
	line(text, "node", field_text(alert, "host.name"));
	line(text, "id", field_text(alert, "event.id"));
}

/* What came later replaces the verdict, and says so. */
static void put_correction(struct text *text, const json_t *correction)
{
	if (!correction)
		return;
	label(text, "corrected");
	page_put(text->page, "by what was told at ");
	put_time(text, field_text(correction, "@timestamp"));
	page_put(text->page, ", when its content was known");
	if (field_text(correction, "event.id")) {
		page_put(text->page, " (");
		page_word(text->page, field_text(correction, "event.id"));
		page_put(text->page, ")");
	}
	page_end(text->page);
}

static void put_alert(struct text *text, const json_t *whole)
{
	const json_t *alert = field_at(whole, "alert"), *correction = field_at(whole, "correction");
	const json_t *shown = correction ? correction : alert;

	put_title(text, shown);
	if (correction) {
		page_begin(text->page, 2, 4, PAGE_DIM);
		page_put(text->page, "first told as ");
		page_word(text->page, field_text(alert, "plimsoll.severity"));
		page_put(text->page, " ");
		page_word(text->page, field_text(alert, "rule.id"));
		page_put(text->page, ": ");
		page_name(text->page, field_text(alert, "message"));
		page_end(text->page);
	}
	page_space(text->page);
	put_when(text, alert);
	put_where(text, alert);
	put_correction(text, correction);
	line(text, "corrects", field_text(alert, "plimsoll.corrects"));
	line(text, "allowed", field_text(alert, "plimsoll.allowed"));
	if (number_at(whole, "repeated.count")) {
		label(text, "repeated");
		put_number(text, "", number_at(whole, "repeated.count"));
		page_put(text->page, number_at(whole, "repeated.count") == 1 ? " time, last at " : " times, last at ");
		put_moment(text, field_text(whole, "repeated.last_seen"));
		page_end(text->page);
	} else if (text_is(alert, "event.action", "repeat")) {
		label(text, "repeated");
		put_number(text, "it tells ", number_at(alert, "plimsoll.fold.count"));
		page_put(text->page, " repeats since ");
		put_moment(text, field_text(alert, "plimsoll.fold.first_seen"));
		page_end(text->page);
	}
}

/* ---- violation ---- */

static void put_violation(struct text *text, const json_t *violation)
{
	static const char *const words[][2] = {
		{ "id", "id" }, { "state", "state" }, { "opened", "opened" }, { "deadline", "deadline" }
	};

	if (!json_is_object(violation))
		return;
	heading(text, "Violation");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		line(text, words[i][0], field_text(violation, words[i][1]));
}

/* ---- file ---- */

static void put_package(struct text *text, const json_t *package)
{
	if (!field_text(package, "name"))
		return;
	label(text, "package");
	page_word(text->page, field_text(package, "name"));
	page_put(text->page, " ");
	page_word(text->page, field_text(package, "version"));
	if (field_text(package, "type")) {
		page_put(text->page, " (");
		page_word(text->page, field_text(package, "type"));
		page_put(text->page, ")");
	}
	page_end(text->page);
}

static void put_writer(struct text *text, const json_t *writer)
{
	label(text, "written by");
	if (!json_is_object(writer)) {
		page_put(text->page, "(not known)");
		page_end(text->page);
		return;
	}
	page_word(text->page, field_text(writer, "executable") ?: "(unknown program)");
	put_number(text, ", pid ", number_at(writer, "pid"));
	if (field_text(writer, "time")) {
		page_put(text->page, ", ");
		put_time(text, field_text(writer, "time"));
	}
	if (field_text(writer, "session")) {
		page_put(text->page, ", in session ");
		page_word(text->page, field_text(writer, "session"));
	}
	page_end(text->page);
}

static void put_file(struct text *text, const json_t *whole)
{
	static const char *const rows[][2] = {
		{ "path", "file.path" },
		{ "was", "plimsoll.from" },
		{ "layer", "plimsoll.layer" },
		{ "verdict", "plimsoll.verdict" },
		{ "mode", "file.mode" },
		{ "digest", "file.hash.sha256" },
		{ "expected", "plimsoll.expected" },
		{ "copy of", "plimsoll.copied_from" },
	};
	const json_t *file = field_at(whole, "file");
	bool written = text_is(file, "plimsoll.layer", "upper") || field_at(file, "plimsoll.writer");

	if (!json_is_object(file))
		return;
	heading(text, "File");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		line(text, rows[i][0], field_text(file, rows[i][1]));
	put_package(text, field_at(file, "package"));
	if (written)
		put_writer(text, field_at(file, "plimsoll.writer"));
}

/* ---- the tree ---- */

static void put_wrote(struct text *text, const json_t *node, size_t indent)
{
	const json_t *list = field_at(node, "wrote"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		page_begin(text->page, indent, indent + 2, PAGE_DIM);
		put_time(text, field_text(item, "@timestamp"));
		page_put(text->page, " ");
		page_word(text->page, field_text(item, "event.action"));
		page_put(text->page, " ");
		page_word(text->page, field_text(item, "file.path"));
		page_end(text->page);
	}
	more(text, indent, number_at(node, "more"), " that it wrote");
}

/* Below each other and a little to the right, as far as that leaves room for words. */
static size_t indent_of(const struct text *text, size_t depth)
{
	size_t most = text->page->width ? text->page->width / 4 : 40;

	return 2 + (2 * depth < most ? 2 * depth : most);
}

static void put_node(struct text *text, const json_t *node, size_t depth, bool last)
{
	const json_t *process = field_at(node, "process");
	size_t indent = indent_of(text, depth);

	if (json_is_true(field_at(node, "gap"))) {
		page_begin(text->page, indent, indent + 2, PAGE_DIM);
		page_put(text->page, "(what is between is not known)");
		page_end(text->page);
	}
	page_begin(text->page, indent - 2, indent + 2, last ? PAGE_BOLD : PAGE_PLAIN);
	page_put(text->page, last ? "> " : "  ");
	put_time(text, field_text(process, "start") ?: field_text(process, "time"));
	page_put(text->page, "  ");
	put_who(text, process);
	page_put(text->page, "  ");
	put_command(text, process);
	page_end(text->page);
	put_wrote(text, node, indent + 2);
}

static void put_tree(struct text *text, const json_t *whole)
{
	const json_t *tree = field_at(whole, "tree"), *node;
	size_t i, count = json_array_size(tree);

	heading(text, field_at(whole, "session") ? "Processes, from the session's entry (times are UTC)"
						 : "Processes, from the container's start (times are UTC)");
	json_array_foreach (tree, i, node)
		put_node(text, node, i, i + 1 == count);
	if (count == 0)
		line(text, "(not known: nobody was seen to do it)", "");
}

/* ---- the session ---- */

static void put_entry(struct text *text, const json_t *session)
{
	const json_t *entry = field_at(session, "process");

	label(text, "came in");
	put_moment(text, field_text(session, "began"));
	page_end(text->page);
	label(text, "with");
	put_command(text, entry);
	page_end(text->page);
	label(text, "as");
	put_who(text, entry);
	if (field_at(entry, "tty.char_device")) {
		put_number(text, ", on a terminal (", number_at(entry, "tty.char_device.major"));
		put_number(text, ":", number_at(entry, "tty.char_device.minor"));
		page_put(text->page, ")");
	} else {
		page_put(text->page, ", without a terminal");
	}
	page_end(text->page);
}

static void put_ran(struct text *text, const json_t *session)
{
	const json_t *list = field_at(session, "ran"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		label(text, i == 0 ? "ran" : "");
		put_time(text, field_text(item, "@timestamp"));
		page_put(text->page, "  ");
		put_who(text, field_at(item, "process"));
		page_put(text->page, "  ");
		put_command(text, field_at(item, "process"));
		page_end(text->page);
	}
	more(text, LABEL + 2, number_at(session, "more_ran"), " that were told");
}

static void put_changed(struct text *text, const json_t *session)
{
	const json_t *list = field_at(session, "changed"), *item;
	size_t i;

	json_array_foreach (list, i, item) {
		label(text, i == 0 ? "changed" : "");
		put_time(text, field_text(item, "@timestamp"));
		page_put(text->page, "  ");
		page_word(text->page, field_text(item, "event.action"));
		page_put(text->page, " ");
		page_word(text->page, field_text(item, "file.path"));
		if (field_text(item, "process.executable")) {
			page_put(text->page, "  by ");
			page_word(text->page, field_text(item, "process.executable"));
		}
		page_end(text->page);
	}
	more(text, LABEL + 2, number_at(session, "more_changed"), " that were told");
}

static void put_end(struct text *text, const json_t *whole)
{
	const json_t *session = field_at(whole, "session");
	char span[SPAN_SIZE];

	label(text, "until");
	if (text_is(session, "state", "ended")) {
		put_moment(text, field_text(session, "ended"));
		span_text(number_at(session, "duration"), span);
		page_put(text->page, ", after ");
		page_put(text->page, span);
	} else if (text_is(session, "state", "open")) {
		page_put(text->page, "now: it goes on");
	} else if (text_is(session, "state", "unwatched")) {
		page_put(text->page, "(not known: the agent did not run all the time, at ");
		put_moment(text, field_text(session, "unwatched"));
		page_put(text->page, ")");
	} else {
		page_put(text->page, "(not known: nothing told that it ended)");
	}
	page_end(text->page);
}

static void put_session(struct text *text, const json_t *whole)
{
	const json_t *session = field_at(whole, "session");

	if (!json_is_object(session))
		return;
	heading(text, "Exec session");
	put_entry(text, session);
	line(text, "audit id", field_text(session, "plimsoll.audit_id"));
	line(text, "session", field_text(session, "plimsoll.session"));
	put_ran(text, session);
	put_changed(text, session);
	put_end(text, whole);
}

/* ---- around ---- */

static void put_nearby(struct text *text, const json_t *entry, const char *id)
{
	const json_t *alert = field_at(entry, "alert"), *correction = field_at(entry, "correction");
	bool itself = text_is(alert, "event.id", id);
	const json_t *shown = correction ? correction : alert;
	const char *what = field_text(shown, "rule.id");

	page_begin(text->page, 0, 4, itself ? PAGE_BOLD : PAGE_PLAIN);
	page_put(text->page, itself ? "> " : "  ");
	put_time(text, field_text(alert, "@timestamp"));
	page_put(text->page, "  ");
	page_word(text->page, field_text(shown, "plimsoll.severity"));
	page_to(text->page, 22);
	page_word(text->page, what ? what : field_text(shown, "event.action"));
	page_put(text->page, correction ? " (corrected)  " : "  ");
	page_name(text->page, field_text(shown, "message"));
	page_end(text->page);
}

static void put_around(struct text *text, const json_t *whole)
{
	const json_t *list = field_at(whole, "around"), *entry;
	const char *id = field_text(whole, "alert.event.id");
	size_t i;

	heading(text, "Around it: the same container, five minutes either way");
	json_array_foreach (list, i, entry)
		put_nearby(text, entry, id);
	more(text, 2, number_at(whole, "more_around"), ", farther from it");
}

static void put_searched(struct text *text, const json_t *whole)
{
	if (!field_at(whole, "searched")) {
		heading(text, "No history was looked through: there may be more to it.");
		return;
	}
	page_space(text->page);
	page_begin(text->page, 0, 2, PAGE_DIM);
	page_put(text->page, "History looked through from ");
	put_moment(text, field_text(whole, "searched.since"));
	page_put(text->page, " to ");
	put_moment(text, field_text(whole, "searched.until"));
	if (!json_is_true(field_at(whole, "searched.whole")))
		page_put(text->page, "; what is earlier or later was too much, and not looked at");
	page_end(text->page);
}

void story_text(const json_t *whole, int64_t now, struct page *page)
{
	struct text text = { .page = page, .day = field_text(whole, "alert.@timestamp"), .now = now };

	put_alert(&text, whole);
	put_violation(&text, field_at(whole, "violation"));
	put_file(&text, whole);
	put_tree(&text, whole);
	put_session(&text, whole);
	put_around(&text, whole);
	put_searched(&text, whole);
}
