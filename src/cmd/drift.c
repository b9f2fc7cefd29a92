// SPDX-License-Identifier: Apache-2.0
#include "drift/drift.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/sources.h"
#include "target/target.h"

struct drift_command {
	const char *state_dir, *runtime_dir;
	struct source_options sources;
	struct option_list fail_on;
	bool json;
};

/* What --fail-on can name, how much of it there is, and what was not looked at of it. */
static size_t count_any(const struct drift *drift)
{
	return drift->count + (drift->packages ? package_changes_total(drift->packages) : 0);
}

static size_t count_packages(const struct drift *drift)
{
	return drift->packages ? package_changes_total(drift->packages) : 0;
}

static bool lacks_any(const struct drift *drift)
{
	return drift->unseen || drift->unread;
}

static bool lacks_files(const struct drift *drift)
{
	return drift->unseen;
}

static bool lacks_packages(const struct drift *drift)
{
	return drift->unread;
}

static const struct fail_row {
	const char *name;
	size_t (*count)(const struct drift *drift);
	enum difference_kind kind; /* without `count` */
	bool (*lacks)(const struct drift *drift);
} fail_rows[] = {
	{ "any", count_any, 0, lacks_any },
	{ "added", NULL, DIFFERENCE_ADDED, lacks_files },
	{ "modified", NULL, DIFFERENCE_MODIFIED, lacks_files },
	{ "metadata", NULL, DIFFERENCE_METADATA, lacks_files },
	{ "removed", NULL, DIFFERENCE_REMOVED, lacks_files },
	{ "packages", count_packages, 0, lacks_packages },
};

#define FAIL_NAMES "any, added, modified, metadata, removed or packages"

static const struct fail_row *fail_row_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fail_rows); i++)
		if (strcmp(fail_rows[i].name, name) == 0)
			return &fail_rows[i];
	return NULL;
}

/* What was asked for and not looked at whole is not fine. */
static int verdict(const struct drift_command *c, const struct drift *drift, const char *name)
{
	const struct fail_row *lacking = NULL;

	for (size_t i = 0; i < c->fail_on.count; i++) {
		const struct fail_row *row = fail_row_find(c->fail_on.items[i]);

		if (row->count ? row->count(drift) : drift_of(drift, row->kind))
			return EXIT_NO;
		if (row->lacks(drift))
			lacking = row;
	}
	if (!lacking)
		return EXIT_FINE;
	log_error("%s was not looked at whole: --fail-on %s cannot be answered", name, lacking->name);
	return EXIT_RUNTIME;
}

static int parse(int argc, char **argv, struct drift_command *c, int *ret_first)
{
	const struct option_row rows[] = {
		{ "json", 'j', OPTION_FLAG, &c->json, NULL, "one JSON object instead of a table" },
		{ "fail-on", 0, OPTION_LIST, &c->fail_on, "WHAT", "exit 1 where there is " FAIL_NAMES "; repeatable" },
		{ "state-dir", 0, OPTION_STRING, &c->state_dir, "DIR",
		  "where inventories are kept (default: /var/lib/plimsoll, if there)" },
		{ "runtime-dir", 0, OPTION_STRING, &c->runtime_dir, "DIR",
		  "of an agent, which knows who wrote (default: /run/plimsoll)" },
		SOURCE_ROWS(&c->sources),
	};
	const struct option_table table = {
		.usage = "plimsoll drift [options] CONTAINER",
		.about = "What differs now between a running container and its image: files added, modified, removed\n"
			 "or with other metadata, and packages. No agent is needed; one that runs tells who wrote.",
		.rows = rows,
		.count = ARRAY_SIZE(rows),
	};

	return options_parse(&table, argc, argv, ret_first);
}

/* -EINVAL: one line said why. */
static int check(const struct drift_command *c, int arguments)
{
	for (size_t i = 0; i < c->fail_on.count; i++)
		if (!fail_row_find(c->fail_on.items[i])) {
			log_error("--fail-on is " FAIL_NAMES ", not '%s'", c->fail_on.items[i]);
			return -EINVAL;
		}
	if (arguments == 1)
		return 0;
	log_error("drift takes one CONTAINER, by name or id: try plimsoll drift --help");
	return -EINVAL;
}

static int drift_get(const struct drift_command *c, const struct target *target, const char *name,
		     struct drift *ret_drift)
{
	struct progress progress = { 0 };
	const struct drift_options options = {
		.runtime_dir = c->runtime_dir, .cache = c->state_dir, .progress = progress_show, .data = &progress
	};
	int r = drift_find(target, &options, ret_drift);

	progress_clear(&progress);
	if (r == -EOPNOTSUPP)
		log_error("the root of %s is no overlay: nothing tells what its image was", name);
	else if (r < 0)
		log_error("%s cannot be compared with its image: %s", name, strerror(-r));
	return r;
}

static int run(const struct drift_command *c, const char *name)
{
	const struct runtime_config config = source_config(&c->sources);
	_cleanup_target_ struct target target = { .pid = 0 };
	_cleanup_(drift_clear) struct drift drift = { 0 };
	struct target_failure failure = { "" };
	int r = target_find_container(&config, name, &target, &failure);

	if (r < 0) {
		log_error("%s%s", failure.text, geteuid() ? "; to look at containers takes root" : "");
		return EXIT_RUNTIME;
	}
	if (drift_get(c, &target, name, &drift) < 0)
		return EXIT_RUNTIME;
	if (!c->json) {
		drift_table(&drift, &target.facts, stdout);
	} else if (drift_json(&drift, &target.facts, stdout) < 0) {
		log_error("what differs in %s cannot be told: %s", name, strerror(ENOMEM));
		return EXIT_RUNTIME;
	}
	return verdict(c, &drift, name);
}

int cmd_drift(int argc, char **argv)
{
	struct drift_command c = {
		.state_dir = "/var/lib/plimsoll",
		.runtime_dir = "/run/plimsoll",
		.sources.host_root = "",
	};
	int first, r = parse(argc, argv, &c, &first);

	if (r != 0)
		return r > 0 ? EXIT_FINE : EXIT_USAGE;
	return check(&c, argc - first) < 0 ? EXIT_USAGE : run(&c, argv[first]);
}
