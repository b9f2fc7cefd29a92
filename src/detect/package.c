// SPDX-License-Identifier: Apache-2.0
#include "detect/package.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "detect/internal.h"

#define NAMES_SHOWN 3

static const struct {
	const char *word;
	const char *action;
} kinds[PACKAGE_CHANGE_KINDS] = {
	[PACKAGE_ADDED] = { "added", "add" },
	[PACKAGE_REMOVED] = { "removed", "remove" },
	[PACKAGE_CHANGED] = { "changed", "change" },
};

static struct phrase say_change(const struct package_change *change)
{
	if (change->kind == PACKAGE_CHANGED)
		return say("%.48s %.32s to %.32s", change->name, change->from ?: "?", change->to ?: "?");
	return say("%.48s %.32s", change->name, (change->to ?: change->from) ?: "");
}

/* "2 packages added (a 1, b 2)" */
static void append_kind(char *text, size_t size, const struct package_changes *changes, enum package_change_kind kind)
{
	size_t count = package_changes_of(changes, kind), shown = 0, at = strlen(text);

	if (!count)
		return;
	at += (size_t)snprintf(text + at, size - at, "%s%zu package%s %s (", at ? ", " : "", count,
			       count == 1 ? "" : "s", kinds[kind].word);
	for (size_t i = 0; i < package_changes_count(changes) && shown < NAMES_SHOWN && at < size; i++) {
		const struct package_change change = package_changes_at(changes, i);

		if (change.kind == kind)
			at += (size_t)snprintf(text + at, size - at, "%s%s", shown++ ? ", " : "",
					       say_change(&change).text);
	}
	if (at < size)
		(void)snprintf(text + at, size - at, "%s)", count > shown ? ", ..." : "");
}

static struct phrase say_files(const struct package_news *news)
{
	if (!news->files)
		return say("%s", "");
	if (!news->beside)
		return say("; %zu file changes came with it", news->files);
	return say("; %zu file changes came with it, %zu of them of files that no package owns (%.80s%s)", news->files,
		   news->beside, news->beside_paths[0] ?: "?", news->beside > 1 ? ", ..." : "");
}

static const char *action_of(const struct package_changes *changes)
{
	for (enum package_change_kind kind = PACKAGE_ADDED; kind < PACKAGE_CHANGE_KINDS; kind++)
		if (package_changes_of(changes, kind) == package_changes_total(changes))
			return kinds[kind].action;
	return kinds[PACKAGE_CHANGED].action;
}

bool package_finding(const struct event *event, const struct facts *facts, const struct container *container,
		     const struct policy_view *policy, const struct package_news *news, struct finding *ret_finding)
{
	struct finding findings[FINDINGS_MAX];
	struct detection detection = {
		.event = event, .facts = facts, .container = container, .policy = policy, .findings = findings
	};
	struct finding *finding =
		detection_add(&detection, RULE_DRIFT_PACKAGE, SEVERITY_HIGH, action_of(news->changes));
	char what[320] = "";

	if (!finding)
		return false;
	for (enum package_change_kind kind = PACKAGE_ADDED; kind < PACKAGE_CHANGE_KINDS; kind++)
		append_kind(what, sizeof(what), news->changes, kind);
	finding->packages = news->changes;
	finding_subject(finding, "packages %016llx", (unsigned long long)news->state);
	finding_message(finding, "%s in %s by %s%s", what, say_container(container).text, say_actor(&detection).text,
			say_files(news).text);
	*ret_finding = *finding;
	return true;
}
