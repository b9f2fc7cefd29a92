// SPDX-License-Identifier: Apache-2.0
/* plimsoll policy check FILE */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "policy/policy.h"

int cmd_policy(int argc, char **argv);

#define ERRORS_MAX 100 /* shown in one run */

static const char usage[] = "Usage: plimsoll policy check FILE\n"
			    "\n"
			    "Reads a policy and says what is wrong in it, as FILE:LINE:COLUMN: MESSAGE.\n"
			    "\n"
			    "  -h, --help   show this\n"
			    "\n"
			    "Exit status: 0 nothing is wrong, 1 something is, 2 FILE cannot be read or bad usage.\n";

static void print_errors(const char *path, const struct policy_error *errors, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (errors[i].line)
			printf("%s:%u:%u: %s\n", path, errors[i].line, errors[i].column, errors[i].message);
		else
			printf("%s: %s\n", path, errors[i].message);
	if (count == ERRORS_MAX)
		printf("%s: there may be more; only the first %d are shown\n", path, ERRORS_MAX);
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static void print_counts(const char *path, const struct policy_counts *counts)
{
	printf("%s: good: %zu workload%s, %zu waiver%s", path, counts->workloads, plural(counts->workloads),
	       counts->waivers, plural(counts->waivers));
	if (counts->waivers_ended)
		printf(" (%zu ended)", counts->waivers_ended);
	printf(", %zu rule setting%s, %zu allow entr%s\n", counts->rules, plural(counts->rules), counts->allow,
	       counts->allow == 1 ? "y" : "ies");
}

static int policy_check(const char *path)
{
	_cleanup_(policy_freep) struct policy *policy = NULL;
	struct policy_error errors[ERRORS_MAX];
	struct policy_counts counts;
	size_t count = 0;
	int error = policy_load(path, &policy, errors, ERRORS_MAX, &count);

	if (error == -EINVAL && count) {
		print_errors(path, errors, count);
		return 1;
	}
	if (error) {
		log_error("cannot read the policy %s: %s", path, strerror(-error));
		return 2;
	}
	counts = policy_counts(policy, time(NULL));
	print_counts(path, &counts);
	return 0;
}

int cmd_policy(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, {} };
	int option = 0, status = 2;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			return 0;
		}
		log_error("unknown option %s; see 'plimsoll policy --help'", argv[optind - 1]);
		return 2;
	}
	if (argc - optind != 2 || strcmp(argv[optind], "check")) {
		log_error("usage: plimsoll policy check FILE; see 'plimsoll policy --help'");
		return 2;
	}
	status = policy_check(argv[optind + 1]);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("cannot write the answer: %s", strerror(errno));
		return 3;
	}
	return status;
}
