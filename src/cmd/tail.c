// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/ask.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "history/reader.h"
#include "output/escape.h"
#include "policy/nearest.h"
#include "policy/value.h"
#include "tail/follow.h"
#include "tail/pick.h"
#include "tail/show.h"

#define LINES_SHOWN 10 /* without --since, --lines or -f */
#define TAKE_EVERY  64 /* lines of the past, between two looks at what the agent tells meanwhile */
#define SECOND      1000000000ll

struct tail_options {
	const char *since, *until, *lines;
	const char *container, *pod, *namespace, *image, *rule, *severity, *filter;
	const char *state_dir, *runtime_dir;
	bool follow, json;
};

struct tail {
	int64_t since; /* ns; INT64_MIN: from the beginning */
	int64_t until; /* ns; INT64_MAX: none */
	long lines;    /* the last so many of the past; below 0: all */
	struct pick pick;
	struct show show;
	struct follow follow; /* fd -EBADF: not followed */
	uint64_t looked;      /* lines of the past */
};

static void tail_clear(struct tail *tail)
{
	pattern_free(tail->pick.container);
	pattern_free(tail->pick.pod);
	pattern_free(tail->pick.namespace);
	pattern_free(tail->pick.image);
	pattern_free(tail->pick.rule);
	filter_free(tail->pick.filter);
	show_clear(&tail->show);
	follow_end(&tail->follow);
}

/* ---- options ---- */

static int options_take(int argc, char **argv, struct tail_options *o)
{
	const struct option_row rows[] = {
		{ "follow", 'f', OPTION_FLAG, &o->follow, NULL, "go on with what the agent tells from now on" },
		{ "lines", 'n', OPTION_STRING, &o->lines, "N",
		  "the last N of the past (default: 10; 0 with -f; all with --since)" },
		{ "since", 'S', OPTION_STRING, &o->since, "WHEN", "2h, 2026-12-31 or 2026-12-31T18:00:00Z" },
		{ "until", 'U', OPTION_STRING, &o->until, "WHEN", "the same; with -f, when to end" },
		{ "container", 'c', OPTION_STRING, &o->container, "PATTERN", "its name, or its id" },
		{ "pod", 0, OPTION_STRING, &o->pod, "PATTERN", "the pod's name" },
		{ "namespace", 0, OPTION_STRING, &o->namespace, "PATTERN", "the pod's namespace" },
		{ "image", 0, OPTION_STRING, &o->image, "PATTERN", "the image's name, with or without its tag" },
		{ "rule", 'r', OPTION_STRING, &o->rule, "PATTERN", "the rule, such as 'drift.*'" },
		{ "severity", 's', OPTION_STRING, &o->severity, "LEVEL",
		  "at least: info, low, medium, high or critical" },
		{ "filter", 0, OPTION_STRING, &o->filter, "EXPR", "an expression over the alert's fields" },
		{ "json", 'j', OPTION_FLAG, &o->json, NULL, "one JSON object a line, as it was told" },
		{ "state-dir", 0, OPTION_STRING, &o->state_dir, "DIR",
		  "where alerts are kept (default: /var/lib/plimsoll)" },
		{ "runtime-dir", 0, OPTION_STRING, &o->runtime_dir, "DIR", "of the agent (default: /run/plimsoll)" },
	};
	const struct option_table table = {
		.usage = "plimsoll tail [options]",
		.about = "What the agent told: the last lines, or all since a moment, and with -f new ones as they "
			 "come.\n"
			 "Needs no running agent but for -f.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};
	int first, r = options_parse(&table, argc, argv, &first);

	if (r == 0 && first < argc) {
		log_error("tail takes no argument '%s'", argv[first]);
		return -EINVAL;
	}
	return r;
}

static int64_t realtime_now(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

/* A duration back from now, or a date (of which `end` takes the end), or a moment. */
static int moment_take(const char *option, const char *text, bool end, int64_t *ret_time)
{
	int64_t back = 0;
	int r = value_duration(text, &back);

	if (r == 0)
		*ret_time = realtime_now() - back * SECOND;
	else if (r == -EINVAL)
		r = value_moment(text, end, ret_time);
	if (r == -ERANGE)
		log_error("--%s: there is no '%.60s' in the calendar, or no line is as old", option, text);
	else if (r < 0)
		log_error("--%s: '%.60s' is no moment: 2h, 2026-12-31 or 2026-12-31T18:00:00Z is", option, text);
	return r;
}

static int times_take(const struct tail_options *o, struct tail *tail)
{
	int r = o->since ? moment_take("since", o->since, false, &tail->since) : 0;

	if (r == 0 && o->until)
		r = moment_take("until", o->until, true, &tail->until);
	if (r == 0 && o->until)
		time_rfc3339(tail->until, tail->pick.until);
	return r;
}

static int lines_take(const struct tail_options *o, struct tail *tail)
{
	char *end = NULL;

	tail->lines = o->since ? -1 : o->follow ? 0 : LINES_SHOWN;
	if (!o->lines)
		return 0;
	errno = 0;
	tail->lines = strtol(o->lines, &end, 10);
	if (!errno && *o->lines >= '0' && *o->lines <= '9' && !*end && tail->lines <= HISTORY_LAST_MAX)
		return 0;
	log_error("--lines is a number up to %d, not '%.60s'", HISTORY_LAST_MAX, o->lines);
	return -EINVAL;
}

static int pattern_take(const char *option, const char *text, struct pattern **ret_pattern)
{
	int r = text ? pattern_new(text, 0, ret_pattern) : 0;

	if (r == -ENAMETOOLONG)
		log_error("--%s: a pattern must not be longer than %d bytes", option, PATTERN_MAX);
	else if (r < 0)
		log_error("--%s: a pattern must not be empty", option);
	return r;
}

static int patterns_take(const struct tail_options *o, struct pick *pick)
{
	const struct {
		const char *option, *text;
		struct pattern **pattern;
	} rows[] = {
		{ "container", o->container, &pick->container },
		{ "pod", o->pod, &pick->pod },
		{ "namespace", o->namespace, &pick->namespace },
		{ "image", o->image, &pick->image },
		{ "rule", o->rule, &pick->rule },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
		r = pattern_take(rows[i].option, rows[i].text, rows[i].pattern);
	if (o->container && strlen(o->container) >= 12 &&
	    strspn(o->container, "0123456789abcdef") == strlen(o->container))
		pick->container_id = o->container; /* as plimsoll ps shows it */
	return r;
}

static int severity_take(const char *text, struct pick *pick)
{
	struct nearest nearest = { .word = text ? text : "" };
	int severity = text ? severity_from_name(text) : SEVERITY_INFO;

	if (severity >= 0) {
		pick->severity = (enum severity)severity;
		return 0;
	}
	for (int i = 0; i < SEVERITIES; i++)
		nearest_offer(&nearest, severity_name((enum severity)i));
	log_error("--severity is info, low, medium, high or critical, not '%.60s'%s%s%s", text,
		  nearest.best ? ": did you mean " : "", nearest.best ? nearest.best : "", nearest.best ? "?" : "");
	return -EINVAL;
}

/* The error is one line, and below it the place. */
static void filter_complain(const char *text, const struct filter_error *error)
{
	_cleanup_buffer_ struct buffer message = { 0 }, place = { 0 };

	escape_append(&message, error->message, ESCAPE_TEXT);
	buffer_byte(&message, '\0');
	filter_show(text, error, &place);
	log_error("--filter: %s", message.error ? "out of memory" : message.data);
	if (place.size > 0 && !place.error)
		(void)fwrite(place.data, 1, place.size, stderr);
}

static int filter_take(const char *text, struct pick *pick)
{
	struct filter_error error = { .offset = FILTER_NOWHERE };
	int r = text ? filter_new(text, &pick->filter, &error) : 0;

	if (r == -ENOMEM)
		log_error("out of memory");
	else if (r < 0)
		filter_complain(text, &error);
	return r;
}

static int tail_take(const struct tail_options *o, struct tail *tail)
{
	int r = times_take(o, tail);

	if (r == 0)
		r = lines_take(o, tail);
	if (r == 0)
		r = patterns_take(o, &tail->pick);
	if (r == 0)
		r = severity_take(o->severity, &tail->pick);
	if (r == 0)
		r = filter_take(o->filter, &tail->pick);
	tail->pick.parse = !o->json;
	return r;
}

/* ---- lines ---- */

static int line_show(const char *line, size_t size, void *data)
{
	struct tail *tail = data;
	json_auto_t *alert = NULL;
	int r = pick_line(&tail->pick, line, size, &alert);

	return r > 0 ? show_line(&tail->show, line, size, alert) : r;
}

/* What the agent tells meanwhile is taken from it now and then. */
static int meanwhile(struct tail *tail)
{
	return tail->follow.fd >= 0 && tail->looked++ % TAKE_EVERY == 0 ? follow_take(&tail->follow) : 0;
}

static int past_line(const char *line, size_t size, void *data)
{
	int r = meanwhile(data);

	return r < 0 ? r : line_show(line, size, data);
}

static int past_match(const char *line, size_t size, void *data)
{
	struct tail *tail = data;
	struct pick pick = tail->pick;
	json_auto_t *alert = NULL;
	int r = meanwhile(tail);

	pick.parse = false; /* only the last ones are shown */
	if (r == 0)
		r = pick_line(&pick, line, size, &alert);
	tail->pick.unreadable = pick.unreadable;
	return r;
}

/* ---- the past, and what comes ---- */

static int past_read(const struct tail_options *o, struct tail *tail, const struct history_position *end)
{
	struct history_counts counts = { 0 };
	int r = 0;

	if (tail->lines < 0)
		r = history_read(o->state_dir, tail->since, end, past_line, tail, &counts);
	else if (tail->lines > 0)
		r = history_read_last(o->state_dir, tail->since, (size_t)tail->lines, end, past_match, line_show, tail,
				      &counts);
	if (r == 0)
		r = show_flush(&tail->show);
	if (r == 0 && counts.torn + counts.damaged + tail->pick.unreadable > 0)
		log_warning("left out, for it is torn or damaged: %" PRIu64 " lines, and the rest of %" PRIu64
			    " files of the history",
			    counts.torn + tail->pick.unreadable, counts.damaged);
	return r;
}

/* How long to wait for what comes: -1 is for ever, 0 is until now. */
static int wait_ms(const struct tail *tail)
{
	int64_t left = tail->until == INT64_MAX ? INT64_MAX : tail->until - realtime_now();

	if (left == INT64_MAX)
		return -1;
	left = left > 0 ? left / 1000000 + 1 : 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

/* 0: until --until. -EPIPE: nobody reads it any more, which is found out though nothing comes. -ECONNRESET: the agent's end. */
static int follow_on(struct tail *tail)
{
	struct pollfd fds[] = { { .fd = tail->follow.fd, .events = POLLIN }, { .fd = tail->show.fd } };
	int r = 0;

	while (r == 0) {
		int wait;

		r = follow_give(&tail->follow, line_show, tail);
		if (r == 0)
			r = show_flush(&tail->show);
		wait = wait_ms(tail);
		if (r < 0 || wait == 0)
			return r;
		if (tail->follow.ended)
			return -ECONNRESET;
		if (poll(fds, ARRAY_SIZE(fds), wait) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents & (POLLERR | POLLHUP))
			return -EPIPE;
		r = follow_take(&tail->follow);
	}
	return r;
}

static int past_complain(int error, const char *state_dir)
{
	if (error == -ENOENT)
		log_error("no alerts are kept in %s: give the agent's --state-dir", state_dir);
	else if (error == -EACCES)
		log_error(
			"only root, and the group that the agent's configuration names, may read %s: try sudo plimsoll "
			"tail",
			state_dir);
	else
		log_error("cannot read the alerts in %s: %s", state_dir, strerror(-error));
	return EXIT_RUNTIME;
}

/* With -f no history is no error: there may be none yet. */
static int tail_run(const struct tail_options *o, struct tail *tail)
{
	struct history_position end = { .offset = 0 };
	int r = o->follow ? follow_begin(o->runtime_dir, &tail->follow, &end) : 0;

	if (r < 0)
		return ask_failed(r, "tail", o->runtime_dir);
	r = past_read(o, tail, o->follow ? &end : NULL);
	if (r < 0 && r != -EPIPE && !(o->follow && r == -ENOENT))
		return past_complain(r, o->state_dir);
	if (r != -EPIPE && o->follow)
		r = follow_on(tail);
	if (r == -ECONNRESET)
		log_error("the agent on %s ended, or cut this reader off because it was too slow", o->runtime_dir);
	else if (r < 0 && r != -EPIPE && r != -ENOENT)
		log_error("cannot go on: %s", strerror(-r));
	return r < 0 && r != -EPIPE ? EXIT_RUNTIME : EXIT_FINE;
}

int cmd_tail(int argc, char **argv)
{
	struct tail_options o = { .state_dir = "/var/lib/plimsoll", .runtime_dir = "/run/plimsoll" };
	_cleanup_(tail_clear) struct tail tail = {
		.since = INT64_MIN,
		.until = INT64_MAX,
		.follow.fd = -EBADF,
	};
	int r = options_take(argc, argv, &o);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	(void)signal(SIGPIPE, SIG_IGN); /* who reads may end first, and that is no error */
	show_begin(&tail.show, STDOUT_FILENO, o.json);
	r = tail_take(&o, &tail);
	return r < 0 ? (r == -ENOMEM ? EXIT_RUNTIME : EXIT_USAGE) : tail_run(&o, &tail);
}
