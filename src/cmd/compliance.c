// SPDX-License-Identifier: Apache-2.0
#include "compliance/compliance.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/ledger.h"
#include "cmd/options.h"
#include "ledger/document.h"
#include "output/text.h"
#include "policy/value.h"

#define SECOND 1000000000ll

struct compliance_command {
	const char *format, *workload, *rule, *namespace, *as_of, *fail_on, *head, *state_dir, *runtime_dir;
	struct option_list states;
	bool all, waivers, verify, confirm_clock;
};

/* What the words of the options came to. */
struct choice {
	const struct compliance_format *format;
	const struct fail_row *fail_on; /* NULL: on nothing */
	unsigned states;
	int64_t as_of; /* ns UTC */
	struct pattern *workload, *rule, *namespace;
};

static void choice_clear(struct choice *choice)
{
	pattern_free(choice->workload);
	pattern_free(choice->rule);
	pattern_free(choice->namespace);
}

/* The states that --fail-on fails on. */
static const struct fail_row {
	const char *name;
	unsigned states;
} fail_rows[] = {
	{ "overdue", 1u << SHOWN_OVERDUE },
	{ "grace", 1u << SHOWN_OVERDUE | 1u << SHOWN_GRACE },
	{ "any", 1u << SHOWN_OVERDUE | 1u << SHOWN_GRACE | 1u << SHOWN_WAIVED },
};

static int parse(int argc, char **argv, struct compliance_command *c, int *ret_first)
{
	const struct option_row rows[] = {
		{ "format", 'f', OPTION_STRING, &c->format, "FORMAT", COMPLIANCE_FORMATS " (default: table)" },
		{ "state", 0, OPTION_LIST, &c->states, "STATE", "overdue, grace, waived or resolved; repeatable" },
		{ "workload", 0, OPTION_STRING, &c->workload, "PATTERN", "of these workloads: \"prod/**\"" },
		{ "rule", 0, OPTION_STRING, &c->rule, "PATTERN", "of these rules: \"drift.*\"" },
		{ "namespace", 0, OPTION_STRING, &c->namespace, "PATTERN", "seen in pods of these namespaces" },
		{ "as-of", 0, OPTION_STRING, &c->as_of, "TIME",
		  "a date, a moment, 2h (ago) or +7d (ahead) instead of now" },
		{ "fail-on", 0, OPTION_STRING, &c->fail_on, "WHAT",
		  "exit 1 where one is overdue; grace: or in grace; any: or waived" },
		{ "all", 'a', OPTION_FLAG, &c->all, NULL, "table and csv: resolved ones too" },
		{ "waivers", 0, OPTION_FLAG, &c->waivers, NULL,
		  "table and csv: the waivers, and how often each matched" },
		{ "verify", 0, OPTION_FLAG, &c->verify, NULL, "only check that the ledger's chain is whole" },
		{ "confirm-clock", 0, OPTION_FLAG, &c->confirm_clock, NULL,
		  "only say that the wall clock is right: clocks that are held go on" },
		{ "head", 0, OPTION_STRING, &c->head, "DIGEST", "with --verify: and that it holds this entry" },
		{ "state-dir", 0, OPTION_STRING, &c->state_dir, "DIR",
		  "where the ledger is (default: /var/lib/plimsoll)" },
		{ "runtime-dir", 0, OPTION_STRING, &c->runtime_dir, "DIR",
		  "of the agent, to confirm the clock (default: /run/plimsoll)" },
	};
	const struct option_table table = {
		.usage = "plimsoll compliance [options]",
		.about = "Violations with their clocks, by workload, the most urgent first: since when, until when,\n"
			 "where, and what would mend them. Reads the ledger; no agent is needed, but to know what is "
			 "present.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};

	return options_parse(&table, argc, argv, ret_first);
}

/* ---- what the words mean; -EINVAL: one line said why not ---- */

static int format_choose(const char *name, struct choice *choice)
{
	choice->format = compliance_format_find(name);
	if (choice->format)
		return 0;
	log_error("--format is " COMPLIANCE_FORMATS ", not '%s'", name);
	return -EINVAL;
}

static int states_choose(const struct option_list *names, struct choice *choice)
{
	for (size_t i = 0; i < names->count; i++) {
		int state = shown_state_from_name(names->items[i]);

		if (state < 0) {
			log_error("--state is overdue, grace, waived or resolved, not '%s'", names->items[i]);
			return -EINVAL;
		}
		choice->states |= 1u << state;
	}
	return 0;
}

static int fail_choose(const char *name, struct choice *choice)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(fail_rows); i++)
		if (strcmp(fail_rows[i].name, name) == 0)
			choice->fail_on = &fail_rows[i];
	if (!name || choice->fail_on)
		return 0;
	log_error("--fail-on is overdue, grace or any, not '%s'", name);
	return -EINVAL;
}

static int pattern_choose(const char *option, const char *text, struct pattern **ret_pattern)
{
	int r = text ? pattern_new(text, 0, ret_pattern) : 0;

	if (r < 0)
		log_error("%s cannot be the pattern '%.80s': %s", option, text,
			  r == -EINVAL ? "it is empty" : strerror(-r));
	return r < 0 ? -EINVAL : 0;
}

/* "2h" is ago, "+7d" ahead; of a date the last moment of that day. Years end with what nanoseconds can count. */
static int moment_parse(const char *text, int64_t now, int64_t *ret_time)
{
	int64_t seconds = 0;
	int r = value_duration(text + (*text == '+'), &seconds);

	if (r == 0) {
		*ret_time = *text == '+' ? now + seconds * SECOND : now - seconds * SECOND;
		return 0;
	}
	if (r == -EINVAL && *text != '+')
		r = value_until(text, &seconds);
	if (r == 0 && seconds > INT64_MAX / SECOND)
		r = -ERANGE;
	if (r == 0)
		*ret_time = seconds * SECOND - !strchr(text, ':');
	return r;
}

static int as_of_choose(const char *text, struct choice *choice)
{
	struct timespec now = { 0 };
	int r;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	choice->as_of = now.tv_sec * SECOND + now.tv_nsec;
	r = text ? moment_parse(text, choice->as_of, &choice->as_of) : 0;
	if (r == -ERANGE)
		log_error("--as-of '%.80s': there is no such time", text);
	else if (r < 0)
		log_error("--as-of is 2026-12-31, 2026-12-31T12:00:00Z, 2h (ago) or +7d (ahead), not '%.80s'", text);
	return r;
}

static int head_check(const struct compliance_command *c)
{
	if (!c->head)
		return 0;
	if (!c->verify)
		log_error("--head goes with --verify");
	else if (strlen(c->head) != 64 || c->head[strspn(c->head, "0123456789abcdef")])
		log_error("--head is a digest of 64 hexadecimal digits, not '%.80s'", c->head);
	else
		return 0;
	return -EINVAL;
}

static int choose(const struct compliance_command *c, struct choice *choice)
{
	if (c->waivers && strcmp(c->format, "table") != 0 && strcmp(c->format, "csv") != 0) {
		log_error("--waivers goes with table and csv: %.80s has them anyway", c->format);
		return -EINVAL;
	}
	if (format_choose(c->format, choice) || states_choose(&c->states, choice) || fail_choose(c->fail_on, choice) ||
	    pattern_choose("--workload", c->workload, &choice->workload) ||
	    pattern_choose("--rule", c->rule, &choice->rule) ||
	    pattern_choose("--namespace", c->namespace, &choice->namespace) || as_of_choose(c->as_of, choice) ||
	    head_check(c))
		return -EINVAL;
	return 0;
}

/* ---- the ledger ---- */

static int complain(const struct compliance_command *c, int error)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
		{ -ENOENT, "there is no ledger: an agent begins it, and --state-dir says where" },
		{ -EACCES, "may not be read: try as root" },
		{ -EBADMSG, "the ledger is damaged: the agent sets it aside, and goes on with what it knows" },
		{ -EPROTONOSUPPORT, "the ledger is of a later version of plimsoll" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].error == error) {
			log_error("%s: %s", c->state_dir, rows[i].text);
			return EXIT_RUNTIME;
		}
	log_error("%s: the ledger cannot be read: %s", c->state_dir, strerror(-error));
	return EXIT_RUNTIME;
}

static int verify(const struct compliance_command *c)
{
	struct ledger_fault fault = { .seq = 0 };
	int r = ledger_verify(c->state_dir, c->head, &fault);

	if (r == 0) {
		(void)printf("The ledger is whole: %llu entries, head %s\n", (unsigned long long)fault.entries,
			     fault.head);
		return EXIT_FINE;
	}
	if (r != -EILSEQ)
		return complain(c, r);
	if (fault.seq)
		log_error("%s: the ledger is not whole: entry %llu: %s", c->state_dir, (unsigned long long)fault.seq,
			  fault.why);
	else
		log_error("%s: none of the ledger's %llu entries is %s", c->state_dir,
			  (unsigned long long)fault.entries, c->head ? c->head : "its head");
	return EXIT_NO;
}

/* A terminal's own, else 100. */
static size_t output_width(void)
{
	struct winsize size = { 0 };

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

static int verdict(const struct choice *choice, const struct compliance *compliance)
{
	for (size_t i = 0; choice->fail_on && i < SHOWN_STATES; i++)
		if (choice->fail_on->states & 1u << i && compliance->counts[i])
			return EXIT_NO;
	return EXIT_FINE;
}

static int show(const struct compliance_command *c, const struct choice *choice, const json_t *document)
{
	const struct compliance_filter filter = { .states = choice->states,
						  .workload = choice->workload,
						  .rule = choice->rule,
						  .namespace = choice->namespace };
	_cleanup_compliance_ struct compliance compliance = { .document = NULL };
	size_t index;
	int r = compliance_read(document, &filter, &compliance, &index);

	if (r == -EBADMSG && index != (size_t)-1) {
		log_error("%s: violation %zu of the ledger's document lacks what each has", c->state_dir, index);
		return EXIT_RUNTIME;
	}
	if (r < 0)
		return complain(c, r);
	compliance.resolved = c->all || choice->states & 1u << SHOWN_RESOLVED;
	compliance.waivers = c->waivers;
	compliance.width = output_width();
	compliance.colour = text_wants_colour(STDOUT_FILENO);
	r = choice->format->print(&compliance, stdout);
	return r < 0 ? complain(c, r) : verdict(choice, &compliance);
}

static int confirm_clock(const struct compliance_command *c)
{
	const struct ledger_asking asking = { .state_dir = c->state_dir, .runtime_dir = c->runtime_dir };
	json_auto_t *answer = NULL;
	int r = ledger_ask(&asking, json_pack("{s:s}", "do", "confirm-clock"), &answer);

	if (r == 0)
		(void)printf("The clock %s.\n", json_string_value(json_object_get(answer, "clock")) ?: "is believed");
	return r ? r : EXIT_FINE;
}

static int run(const struct compliance_command *c, const struct choice *choice)
{
	json_auto_t *document = NULL;
	int r = c->verify || c->confirm_clock ? 0 : ledger_document(c->state_dir, choice->as_of, &document);

	if (c->confirm_clock)
		return confirm_clock(c);
	if (c->verify)
		return verify(c);
	return r < 0 ? complain(c, r) : show(c, choice, document);
}

int cmd_compliance(int argc, char **argv)
{
	struct compliance_command c = { .format = "table",
					.state_dir = "/var/lib/plimsoll",
					.runtime_dir = "/run/plimsoll" };
	_cleanup_(choice_clear) struct choice choice = { .format = NULL };
	int first, r = parse(argc, argv, &c, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	if (first < argc) {
		log_error("compliance takes no argument '%.80s': try plimsoll compliance --help", argv[first]);
		return EXIT_USAGE;
	}
	return choose(&c, &choice) < 0 ? EXIT_USAGE : run(&c, &choice);
}
