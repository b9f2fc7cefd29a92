// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/ledger.h"
#include "cmd/options.h"
#include "output/buffer.h"
#include "output/escape.h"
#include "output/time.h"
#include "policy/value.h"

struct waive_options {
	struct ledger_asking asking;
	const char *rule, *workload, *subject, *digest, *until, *owner, *reason, *revoke;
	bool json;
};

static int waive_parse(int argc, char **argv, struct waive_options *o, int *ret_first)
{
	const struct option_row rows[] = {
		{ "until", 'u', OPTION_STRING, &o->until, "TIME",
		  "its end: a date (to its end, UTC), a moment, or 14d from now; needed" },
		{ "owner", 'o', OPTION_STRING, &o->owner, "NAME", "who answers for it; needed" },
		{ "reason", 'r', OPTION_STRING, &o->reason, "TEXT", "why; needed, also to revoke" },
		{ "rule", 0, OPTION_STRING, &o->rule, "RULE", "instead of VIOLATION: what is accepted" },
		{ "workload", 0, OPTION_STRING, &o->workload, "PATTERN", "... in which workloads" },
		{ "subject", 0, OPTION_STRING, &o->subject, "PATTERN", "... of which subjects (default: any)" },
		{ "digest", 0, OPTION_STRING, &o->digest, "DIGEST",
		  "only while the image is sha256:...: void when that changes" },
		{ "revoke", 0, OPTION_STRING, &o->revoke, "WAIVER", "ends that waiver now" },
		{ "json", 'j', OPTION_FLAG, &o->json, NULL, "one JSON object instead of a line" },
		{ "config", 'c', OPTION_STRING, &o->asking.config, "FILE", "policy, where no agent runs" },
		{ "state-dir", 0, OPTION_STRING, &o->asking.state_dir, "DIR",
		  "where the ledger is (default: /var/lib/plimsoll)" },
		{ "runtime-dir", 0, OPTION_STRING, &o->asking.runtime_dir, "DIR",
		  "of the agent (default: /run/plimsoll)" },
	};
	const struct option_table table = {
		.usage = "plimsoll waive [VIOLATION] --until TIME --owner NAME --reason TEXT [options]",
		.about = "Accepts a violation (its id, or a beginning of it, from plimsoll compliance), or all of a "
			 "rule in\n"
			 "a workload, until a date. It is recorded with who asked; what it lets through is still told, "
			 "as\n"
			 "an event, and shown. Needs root.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};

	return options_parse(&table, argc, argv, ret_first);
}

/* "14d" as the moment that is so far ahead; anything else as it is. */
static const char *until_text(const char *text, char room[static TIME_RFC3339_SIZE])
{
	struct timespec now = { 0 };
	int64_t seconds;

	if (!text || value_duration(text, &seconds) < 0)
		return text;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	time_rfc3339((now.tv_sec + seconds) * 1000000000ll, room);
	return room;
}

static int usage(const char *why)
{
	log_error("%s: try plimsoll waive --help", why);
	return EXIT_USAGE;
}

static int json_print(const json_t *answer)
{
	if (json_dumpf(answer, stdout, JSON_COMPACT) < 0)
		return EXIT_RUNTIME;
	(void)putchar('\n');
	return EXIT_FINE;
}

static int waiver_revoke(const struct waive_options *o)
{
	json_auto_t *answer = NULL;
	int r;

	if (!o->reason)
		return usage("--revoke needs a --reason");
	r = ledger_ask(&o->asking, json_pack("{s:s, s:s, s:s}", "do", "revoke", "id", o->revoke, "reason", o->reason),
		       &answer);
	if (r)
		return r;
	if (o->json)
		return json_print(answer);
	(void)printf("%s is revoked\n", o->revoke);
	return EXIT_FINE;
}

static void word_print(const json_t *object, const char *key)
{
	_cleanup_buffer_ struct buffer word = { .limit = 0 };

	escape_append(&word, json_string_value(json_object_get(object, key)) ?: "?", ESCAPE_TEXT);
	(void)printf("%.*s", (int)word.size, word.data ?: "");
}

static void waived_print(const json_t *waiver)
{
	word_print(waiver, "id");
	(void)fputs(": ", stdout);
	word_print(waiver, "rule");
	(void)fputs(" of ", stdout);
	word_print(waiver, "workload");
	if (json_object_get(waiver, "subject")) {
		(void)fputs(" (", stdout);
		word_print(waiver, "subject");
		(void)fputs(")", stdout);
	}
	(void)printf(" is waived until %.19sZ\n", json_string_value(json_object_get(waiver, "until")) ?: "?");
}

static int waiver_make(const struct waive_options *o, const char *violation)
{
	char room[TIME_RFC3339_SIZE];
	json_auto_t *answer = NULL;
	int r = ledger_ask(&o->asking,
			   json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}", "do", "waive",
				     "violation", violation, "rule", o->rule, "workload", o->workload, "subject",
				     o->subject, "digest", o->digest, "until", until_text(o->until, room), "owner",
				     o->owner, "reason", o->reason),
			   &answer);

	if (r)
		return r;
	if (o->json)
		return json_print(answer);
	waived_print(json_object_get(answer, "waiver"));
	return EXIT_FINE;
}

int cmd_waive(int argc, char **argv)
{
	struct waive_options o = { .asking = { .state_dir = "/var/lib/plimsoll", .runtime_dir = "/run/plimsoll" } };
	const char *violation;
	int first, r = waive_parse(argc, argv, &o, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	violation = first < argc ? argv[first] : NULL;
	if (first + 1 < argc)
		return usage("waive takes one violation at a time");
	if (o.revoke)
		return violation || o.rule ? usage("--revoke takes a waiver's id alone") : waiver_revoke(&o);
	if (!violation == !o.rule)
		return usage(violation ? "a violation's id and --rule exclude each other"
				       : "what is waived? A violation's id, or --rule and --workload");
	if (violation && (o.workload || o.subject))
		return usage("--workload and --subject go with --rule: a violation's id says both");
	if (!o.until || !o.owner || !o.reason)
		return usage("a waiver needs --until, --owner and --reason");
	return waiver_make(&o, violation);
}
