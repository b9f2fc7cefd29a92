// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "control/control.h"
#include "history/reader.h"
#include "output/escape.h"
#include "output/text.h"
#include "story/find.h"
#include "story/read.h"
#include "story/text.h"

#define AGENT_MS 3000 /* the agent only adds to it */

struct show_command {
	const char *state_dir, *runtime_dir;
	bool json;
};

DEFINE_CLEANUP(struct story *, story_free)

static int64_t realtime_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* ---- which alert ---- */

/* One line of standard input, no longer than one of the history. */
static int input_read(json_t **ret_alert)
{
	_cleanup_free_ char *text = malloc(HISTORY_LINE_MAX + 1);
	size_t size;
	char *end;

	if (!text) {
		log_error("out of memory");
		return EXIT_RUNTIME;
	}
	size = fread(text, 1, HISTORY_LINE_MAX + 1, stdin);
	end = memchr(text, '\n', size);
	if (!end && size > HISTORY_LINE_MAX) {
		log_error("the line on standard input is longer than %u bytes: that is no alert", HISTORY_LINE_MAX);
		return EXIT_USAGE;
	}
	*ret_alert = json_loadb(text, end ? (size_t)(end - text) : size, 0, NULL);
	if (*ret_alert)
		return EXIT_FINE;
	log_error("standard input does not begin with an alert: one line of plimsoll tail --json is one");
	return EXIT_USAGE;
}

/* Those that begin so, an id and what it says a line. */
static void candidates_print(const struct found *found, const char *prefix)
{
	log_error("several alerts begin with %s: give more digits of one of these", prefix);
	for (size_t i = 0; i < found->count && i < FIND_CANDIDATES; i++) {
		_cleanup_buffer_ struct buffer message = { 0 };

		escape_append(&message, found->messages[i], ESCAPE_TEXT);
		(void)printf("%s  %.*s\n", found->ids[i], (int)message.size, message.size ? message.data : "");
	}
	if (found->count > FIND_CANDIDATES)
		(void)printf("and %zu more\n", found->count - FIND_CANDIDATES);
}

static int find_complain(const struct show_command *c, const char *prefix, int error)
{
	if (error == -EINVAL) {
		log_error("'%.64s' is no event.id, nor the first %d or more hex digits of one", prefix, FIND_DIGITS);
		return EXIT_USAGE;
	}
	if (error == -ENOENT) {
		log_error("no alert in %s has an id that begins with %s: plimsoll tail --json shows those there are",
			  c->state_dir, prefix);
		return EXIT_NO;
	}
	if (error == -EACCES)
		log_error(
			"only root, and the group that the agent's configuration names, may read %s: try sudo plimsoll "
			"show",
			c->state_dir);
	else
		log_error("cannot read the alerts in %s: %s", c->state_dir, strerror(-error));
	return EXIT_RUNTIME;
}

static int alert_get(const struct show_command *c, const char *name, json_t **ret_alert)
{
	_cleanup_(found_clear) struct found found = { .count = 0 };
	int r;

	if (!strcmp(name, "-"))
		return input_read(ret_alert);
	r = story_find(c->state_dir, name, &found);
	if (r == -EEXIST) {
		candidates_print(&found, name);
		return EXIT_NO;
	}
	if (r < 0)
		return find_complain(c, name, r);
	*ret_alert = take_ptr(found.alert);
	return EXIT_FINE;
}

/* ---- what is known of it ---- */

/* No agent need run: what it would add is then not known. */
static void agent_ask(const struct show_command *c, struct story *story)
{
	_cleanup_free_ char *sessions = NULL, *writers = NULL;
	char request[512];

	if (story_is_open(story) && control_ask(c->runtime_dir, "sessions", AGENT_MS, &sessions) == 0)
		story_sessions(story, sessions);
	if (!story_container(story) || strpbrk(story_container(story), "\n") ||
	    snprintf(request, sizeof(request), "writers %s", story_container(story)) >= (int)sizeof(request))
		return;
	if (control_ask(c->runtime_dir, request, AGENT_MS, &writers) == 0)
		story_writers(story, writers);
}

static int story_get(const struct show_command *c, json_t *alert, struct story **ret_story)
{
	struct history_counts counts;
	int r = story_new(alert, ret_story);

	if (r < 0) {
		log_error(r == -EBADMSG ? "that is no alert: it has no event.id, or no @timestamp" : "out of memory");
		return r == -EBADMSG ? EXIT_USAGE : EXIT_RUNTIME;
	}
	r = story_read(*ret_story, c->state_dir, &counts);
	if (r < 0 && r != -ENOENT)
		log_warning("the alerts in %s cannot be read, what they know is missing: %s", c->state_dir,
			    strerror(-r));
	if (counts.torn + counts.damaged > 0)
		log_warning("left out, for it is torn or damaged: %" PRIu64 " lines, and the rest of %" PRIu64
			    " files of the history",
			    counts.torn, counts.damaged);
	agent_ask(c, *ret_story);
	return EXIT_FINE;
}

static int print(const struct show_command *c, const json_t *whole)
{
	struct page page = { .out = stdout };

	if (c->json) {
		(void)json_dumpf(whole, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
		(void)putchar('\n');
		return EXIT_FINE;
	}
	page.width = page_width(STDOUT_FILENO);
	page.colour = text_wants_colour(STDOUT_FILENO);
	story_text(whole, realtime_now(), &page);
	page_clear(&page);
	return EXIT_FINE;
}

static int run(const struct show_command *c, const char *name)
{
	_cleanup_(story_freep) struct story *story = NULL;
	json_auto_t *alert = NULL, *whole = NULL;
	int status = alert_get(c, name, &alert);

	if (status == EXIT_FINE)
		status = story_get(c, alert, &story);
	if (status != EXIT_FINE)
		return status;
	whole = story_json(story);
	if (whole)
		return print(c, whole);
	log_error("out of memory");
	return EXIT_RUNTIME;
}

int cmd_show(int argc, char **argv)
{
	struct show_command c = { .state_dir = "/var/lib/plimsoll", .runtime_dir = "/run/plimsoll" };
	const struct option_row rows[] = {
		{ "json", 'j', OPTION_FLAG, &c.json, NULL, "one JSON object instead of text" },
		{ "state-dir", 0, OPTION_STRING, &c.state_dir, "DIR",
		  "where alerts are kept (default: /var/lib/plimsoll)" },
		{ "runtime-dir", 0, OPTION_STRING, &c.runtime_dir, "DIR",
		  "of an agent, which may know more (default: /run/plimsoll)" },
	};
	const struct option_table table = {
		.usage = "plimsoll show [options] ALERT",
		.about = "Everything known about one alert: the processes that led to it and what each wrote, the "
			 "alerts\n"
			 "around it, its exec session, its file, its violation. ALERT is an event.id, or the first 8 "
			 "or more\n"
			 "digits of one; - takes an alert from standard input. No agent is needed.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};
	int first, r = options_parse(&table, argc, argv, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	if (argc - first != 1) {
		log_error("show takes one ALERT: an event.id, or - for one on standard input");
		return EXIT_USAGE;
	}
	return run(&c, argv[first]);
}
