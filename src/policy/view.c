// SPDX-License-Identifier: Apache-2.0
/* The policy as it applies to one container: what matches is found once, and asked often. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"
#include "policy/model.h"

struct policy_view {
	const struct policy *policy;
	const struct workload **workloads; /* that match, in the file's order */
	size_t workload_count;
	struct exception **waivers; /* whose workload matches */
	size_t waiver_count;
	struct policy_rule rules[RULES];
};

/* A part of `match` that is not given holds; one that is needs a known text. */
static bool part_holds(const struct pattern *pattern, const char *text)
{
	return !pattern || pattern_match(pattern, text);
}

static bool image_holds(const struct pattern *pattern, const struct image_names *image)
{
	for (size_t i = 0; i < image->count; i++)
		if (pattern_match(pattern, image->names[i]))
			return true;
	return false;
}

static bool label_holds(const struct pattern *pattern, const struct policy_subject *subject)
{
	for (size_t i = 0; i < subject->label_count; i++)
		if (pattern_match(pattern, subject->labels[i]))
			return true;
	return false;
}

static bool match_holds(const struct match *match, const struct policy_subject *subject,
			const struct image_names *image)
{
	return part_holds(match->namespace, subject->namespace) && part_holds(match->pod, subject->pod) &&
	       part_holds(match->workload, subject->workload) &&
	       (part_holds(match->container, subject->container) || part_holds(match->container, subject->id)) &&
	       (!match->image || image_holds(match->image, image)) &&
	       (!match->label || label_holds(match->label, subject));
}

static bool in_namespace_holds(const struct pattern *pattern, const char *namespace, const char *name)
{
	char text[IMAGE_NAME_MAX];
	int length = 0;

	if (!namespace || !name)
		return false;
	length = snprintf(text, sizeof(text), "%s/%s", namespace, name);
	return length > 0 && (size_t)length < sizeof(text) && pattern_match(pattern, text);
}

static bool waiver_holds(const struct exception *waiver, const struct policy_subject *subject,
			 const struct image_names *image)
{
	const struct pattern *workload = waiver->workload;

	return pattern_match(workload, subject->workload) ||
	       in_namespace_holds(workload, subject->namespace, subject->pod) ||
	       in_namespace_holds(workload, subject->namespace, subject->container) ||
	       pattern_match(workload, subject->container) || image_holds(workload, image);
}

static void rule_apply(struct policy_rule *rule, const struct setting *setting)
{
	if (setting->enabled.set)
		rule->enabled = setting->enabled.value;
	if (setting->severity.set) {
		rule->has_severity = true;
		rule->severity = setting->severity.value;
	}
	if (setting->grace.set)
		rule->grace = setting->grace.value;
}

static void rules_fill(struct policy_view *view)
{
	for (size_t i = 0; i < RULES; i++) {
		const struct rule_info *info = rule_info((enum rule)i);
		struct policy_rule *rule = &view->rules[i];

		*rule = (struct policy_rule){ .enabled = true, .severity = info->severity, .grace = info->grace };
		rule_apply(rule, &view->policy->rules[i]);
		for (size_t w = 0; w < view->workload_count; w++)
			rule_apply(rule, &view->workloads[w]->rules[i]);
	}
}

static void matches_fill(struct policy_view *view, const struct policy_subject *subject)
{
	const struct policy *policy = view->policy;
	struct image_names image = {};

	image_names_fill(subject->image, &image);
	for (size_t i = 0; i < policy->workloads.count; i++)
		if (match_holds(&policy->workloads.items[i].match, subject, &image))
			view->workloads[view->workload_count++] = &policy->workloads.items[i];
	for (size_t i = 0; i < policy->waivers.count; i++)
		if (waiver_holds(&policy->waivers.items[i], subject, &image))
			view->waivers[view->waiver_count++] = &policy->waivers.items[i];
}

/* Gives back what was reserved for entries that do not match. */
static void matches_shrink(struct policy_view *view)
{
	void *workloads = reallocarray(view->workloads, view->workload_count + 1, sizeof(*view->workloads));
	void *waivers = reallocarray(view->waivers, view->waiver_count + 1, sizeof(*view->waivers));

	view->workloads = workloads ? workloads : view->workloads;
	view->waivers = waivers ? waivers : view->waivers;
}

struct policy_view *policy_view_new(const struct policy *policy, const struct policy_subject *subject)
{
	_cleanup_(policy_view_freep) struct policy_view *view = calloc(1, sizeof(*view));

	if (!view)
		return NULL;
	view->policy = policy;
	view->workloads = calloc(policy->workloads.count + 1, sizeof(*view->workloads));
	view->waivers = calloc(policy->waivers.count + 1, sizeof(*view->waivers));
	if (!view->workloads || !view->waivers)
		return NULL;
	matches_fill(view, subject);
	matches_shrink(view);
	rules_fill(view);
	return take_ptr(view);
}

void policy_view_free(struct policy_view *view)
{
	if (!view)
		return;
	free(view->workloads);
	free(view->waivers);
	free(view);
}

static bool patterns_hold(const struct patterns *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (pattern_match(patterns->items[i], text))
			return true;
	return false;
}

bool policy_writable(const struct policy_view *view, const char *path)
{
	if (patterns_hold(&view->policy->writable, path))
		return true;
	for (size_t i = 0; i < view->workload_count; i++)
		if (patterns_hold(&view->workloads[i]->writable, path))
			return true;
	return false;
}

struct policy_rule policy_rule(const struct policy_view *view, enum rule rule)
{
	return view->rules[rule];
}

static struct exception *allow_find(const struct exceptions *allow, const struct policy_question *question)
{
	for (size_t i = 0; i < allow->count; i++) {
		struct exception *entry = &allow->items[i];

		if (entry->rule == question->rule && part_holds(entry->executable, question->executable) &&
		    part_holds(entry->path, question->path))
			return entry;
	}
	return NULL;
}

const char *policy_allowed(struct policy_view *view, const struct policy_question *question)
{
	struct exception *exception = NULL;

	for (size_t i = 0; i < view->workload_count && !exception; i++)
		exception = allow_find(&view->workloads[i]->allow, question);
	if (!exception)
		return NULL;
	exception->matched++;
	return exception->reason;
}

static bool waives(const struct exception *waiver, const struct policy_question *question, int64_t now)
{
	return waiver->rule == question->rule && now < waiver->until &&
	       part_holds(waiver->subject, question->subject) &&
	       (!waiver->digest || (question->digest && strcmp(waiver->digest, question->digest) == 0));
}

bool policy_waived(struct policy_view *view, const struct policy_question *question, int64_t now,
		   struct policy_waiver *ret_waiver)
{
	for (size_t i = 0; i < view->waiver_count; i++) {
		if (!waives(view->waivers[i], question, now))
			continue;
		view->waivers[i]->matched++;
		*ret_waiver = policy_waiver_of(view->waivers[i]);
		return true;
	}
	return false;
}
