// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "policy/model.h"

/* Reads to the end, one byte more than is accepted at most. The length, or a negative errno. */
static ssize_t read_whole(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(fd, buffer + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

int policy_load(const char *path, struct policy **ret_policy, struct policy_error *errors, size_t max,
		size_t *ret_errors)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_free_ char *text = NULL;
	ssize_t length = 0;

	if (fd < 0)
		return -errno;
	text = malloc(POLICY_SIZE_MAX + 1);
	if (!text)
		return -ENOMEM;
	length = read_whole(fd, text, POLICY_SIZE_MAX + 1);
	if (length < 0)
		return (int)length;
	if (length > (ssize_t)POLICY_SIZE_MAX)
		return -EFBIG;
	return policy_parse(text, (size_t)length, ret_policy, errors, max, ret_errors);
}

const char *const *policy_redact(const struct policy *policy, size_t *ret_count)
{
	*ret_count = policy->redact.count;
	return (const char *const *)policy->redact.items;
}

const char *policy_workload_label(const struct policy *policy)
{
	return policy->workload_label;
}

struct policy_history policy_history(const struct policy *policy)
{
	return policy->history;
}

const char *policy_group(const struct policy *policy)
{
	return policy->group;
}

const struct policy_output *policy_outputs(const struct policy *policy, size_t *ret_count)
{
	*ret_count = policy->outputs.count;
	return policy->outputs.items;
}

struct policy_waiver policy_waiver_of(const struct exception *waiver)
{
	return (struct policy_waiver){
		.rule = waiver->rule,
		.workload = pattern_text(waiver->workload),
		.subject = waiver->subject ? pattern_text(waiver->subject) : NULL,
		.digest = waiver->digest,
		.owner = waiver->owner,
		.reason = waiver->reason,
		.until = waiver->until,
	};
}

size_t policy_waiver_count(const struct policy *policy)
{
	return policy->waivers.count;
}

struct policy_waiver policy_waiver(const struct policy *policy, size_t index)
{
	return policy_waiver_of(&policy->waivers.items[index]);
}

struct policy_ledger policy_ledger(const struct policy *policy)
{
	struct policy_ledger ledger = policy->ledger;

	ledger.cluster = policy->cluster;
	return ledger;
}

typedef void (*exception_fn)(const char *kind, unsigned line, const char *reason, uint64_t matched, void *data);

static void exceptions_tell(const struct exceptions *exceptions, exception_fn call, void *data)
{
	for (size_t i = 0; i < exceptions->count; i++) {
		const struct exception *exception = &exceptions->items[i];

		call(exception->kind, exception->line, exception->reason, exception->matched, data);
	}
}

void policy_for_each_exception(const struct policy *policy, exception_fn call, void *data)
{
	for (size_t i = 0; i < policy->workloads.count; i++)
		exceptions_tell(&policy->workloads.items[i].allow, call, data);
	exceptions_tell(&policy->waivers, call, data);
}

static size_t settings_count(const struct setting settings[static RULES])
{
	size_t count = 0;

	for (size_t i = 0; i < RULES; i++)
		count += settings[i].enabled.set || settings[i].severity.set || settings[i].grace.set;
	return count;
}

struct policy_counts policy_counts(const struct policy *policy, int64_t now)
{
	struct policy_counts counts = {
		.workloads = policy->workloads.count,
		.waivers = policy->waivers.count,
		.rules = settings_count(policy->rules),
	};

	for (size_t i = 0; i < policy->waivers.count; i++)
		counts.waivers_ended += policy->waivers.items[i].until <= now;
	for (size_t i = 0; i < policy->workloads.count; i++) {
		counts.rules += settings_count(policy->workloads.items[i].rules);
		counts.allow += policy->workloads.items[i].allow.count;
	}
	return counts;
}
