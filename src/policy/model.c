// SPDX-License-Identifier: Apache-2.0
#include "policy/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* interfaces.md, "Configuration" */
static const char *const default_writable[] = {
	"/tmp/**", "/var/tmp/**", "/run/**", "/var/run/**", "/var/log/**", "/var/cache/**",
};

/* policy.h lists them */
/* clang-format off */
static const char *const default_redact[] = {
	"--password=*", "--passwd=*", "--pass=*", "--pwd=*", "--token=*", "--secret=*", "--api-key=*",
	"--apikey=*", "--access-key=*", "--secret-key=*", "--private-key=*", "--auth=*", "--credential=*",
	"--credentials=*",
	"*PASSWORD=*", "*PASSWD=*", "*PASSPHRASE=*", "*SECRET=*", "*TOKEN=*", "*API_KEY=*", "*APIKEY=*",
	"*ACCESS_KEY=*", "*SECRET_KEY=*", "*PRIVATE_KEY=*", "*CREDENTIAL=*", "*CREDENTIALS=*",
	"*AWS_ACCESS_KEY_ID=*",
	"*AUTHORIZATION:*", "*X-API-KEY:*", "*PRIVATE-TOKEN:*",
};
/* clang-format on */

static void patterns_clear(struct patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		pattern_free(patterns->items[i]);
	free(patterns->items);
}

static void exceptions_clear(struct exceptions *exceptions)
{
	for (size_t i = 0; i < exceptions->count; i++) {
		struct exception *exception = &exceptions->items[i];

		free(exception->reason);
		free(exception->owner);
		pattern_free(exception->executable);
		pattern_free(exception->path);
		pattern_free(exception->workload);
		pattern_free(exception->subject);
		free(exception->digest);
	}
	free(exceptions->items);
}

static void workloads_clear(struct workloads *workloads)
{
	for (size_t i = 0; i < workloads->count; i++) {
		struct workload *workload = &workloads->items[i];

		pattern_free(workload->match.image);
		pattern_free(workload->match.namespace);
		pattern_free(workload->match.container);
		pattern_free(workload->match.pod);
		pattern_free(workload->match.workload);
		pattern_free(workload->match.label);
		patterns_clear(&workload->writable);
		exceptions_clear(&workload->allow);
	}
	free(workloads->items);
}

static void words_clear(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
}

static void outputs_clear(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++)
		free((char *)outputs->items[i].path);
	free(outputs->items);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	patterns_clear(&policy->writable);
	workloads_clear(&policy->workloads);
	exceptions_clear(&policy->waivers);
	words_clear(&policy->redact);
	outputs_clear(&policy->outputs);
	free(policy->workload_label);
	free(policy->cluster);
	free(policy->group);
	free(policy);
}

static const struct policy_ledger default_ledger = {
	.resolve_after = 86400,
	.reopen_within = 30 * 86400,
	.waiver_max = 365 * 86400,
	.waiver_warning = 7 * 86400,
};

struct policy *policy_new(void)
{
	_cleanup_(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->ledger = default_ledger;
	policy->history = (struct policy_history){ POLICY_HISTORY_SIZE, POLICY_HISTORY_AGE };
	policy->redact.items = calloc(ARRAY_SIZE(default_redact), sizeof(*policy->redact.items));
	if (!policy->redact.items)
		return NULL;
	policy->redact.count = ARRAY_SIZE(default_redact);
	for (size_t i = 0; i < ARRAY_SIZE(default_redact); i++) {
		policy->redact.items[i] = strdup(default_redact[i]);
		if (!policy->redact.items[i])
			return NULL;
	}
	return take_ptr(policy);
}

/* A list that a file gave, even an empty one, has items. */
int policy_complete(struct policy *policy)
{
	struct patterns *writable = &policy->writable;

	if (writable->items)
		return 0;
	writable->items = calloc(ARRAY_SIZE(default_writable), sizeof(*writable->items));
	if (!writable->items)
		return -ENOMEM;
	writable->count = ARRAY_SIZE(default_writable);
	for (size_t i = 0; i < ARRAY_SIZE(default_writable); i++)
		if (pattern_new(default_writable[i], 0, &writable->items[i]))
			return -ENOMEM;
	return 0;
}

struct policy *policy_default(void)
{
	_cleanup_(policy_freep) struct policy *policy = policy_new();

	return policy && !policy_complete(policy) ? take_ptr(policy) : NULL;
}
