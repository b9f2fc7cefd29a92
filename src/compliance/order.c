// SPDX-License-Identifier: Apache-2.0
/*
 * By workload, workloads by the most urgent of each: every workload's violations beside each other in order of urgency,
 * then these runs by their first.
 */
#include "compliance/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct run {
	const struct shown *first;
	size_t count;
};

static int compare_within(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;
	int r = strcmp(x->workload, y->workload);

	return r ? r : violation_compare(x, y);
}

static int compare_runs(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	int r = violation_compare(x->first, y->first);

	return r ? r : strcmp(x->first->workload, y->first->workload);
}

size_t workload_end(const struct compliance *compliance, size_t from)
{
	const struct shown *list = compliance->violations;
	size_t end = from + 1;

	while (end < compliance->count && strcmp(list[end].workload, list[from].workload) == 0)
		end++;
	return end;
}

int violations_order(struct shown *violations, size_t count)
{
	const struct compliance whole = { .violations = violations, .count = count };
	_cleanup_free_ struct shown *ordered = calloc(count + 1, sizeof(*ordered));
	_cleanup_free_ struct run *runs = calloc(count + 1, sizeof(*runs));
	size_t n = 0, at = 0;

	if (!ordered || !runs)
		return -ENOMEM;
	qsort(violations, count, sizeof(*violations), compare_within);
	for (size_t i = 0; i < count; i += runs[n++].count)
		runs[n] = (struct run){ &violations[i], workload_end(&whole, i) - i };
	qsort(runs, n, sizeof(*runs), compare_runs);
	for (size_t i = 0; i < n; at += runs[i++].count)
		memcpy(ordered + at, runs[i].first, runs[i].count * sizeof(*ordered));
	memcpy(violations, ordered, count * sizeof(*violations));
	return 0;
}
