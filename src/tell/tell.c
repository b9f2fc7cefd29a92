// SPDX-License-Identifier: Apache-2.0
#include "tell/tell.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "fold/fold.h"
#include "output/redact.h"

#define FOLDS_MAX 4096

struct teller {
	struct teller_parts parts;
	struct redact *redact;
	struct fold *fold;
	int64_t boot_offset;
};

/* What a repeat shows of the first: in one block, message behind path. */
struct kept {
	const char *path;
	char message[];
};

static struct redact *redact_of(const struct policy *policy)
{
	struct redact *redact = NULL;
	size_t count = 0;
	const char *const *patterns = policy_redact(policy, &count);

	return redact_new(patterns, count, &redact) < 0 ? NULL : redact;
}

int teller_new(const struct teller_parts *parts, const struct policy *policy, struct teller **ret_teller)
{
	struct teller *teller = calloc(1, sizeof(*teller));

	if (!teller)
		return -ENOMEM;
	teller->parts = *parts;
	teller->redact = redact_of(policy);
	teller->fold = fold_new(FOLDS_MAX, free);
	if (!teller->redact || !teller->fold) {
		teller_free(teller);
		return -ENOMEM;
	}
	*ret_teller = teller;
	return 0;
}

void teller_free(struct teller *teller)
{
	if (!teller)
		return;
	fold_free(teller->fold);
	redact_free(teller->redact);
	free(teller);
}

int teller_reload(struct teller *teller, const struct policy *policy)
{
	struct redact *redact = redact_of(policy);

	if (!redact)
		return -ENOMEM;
	redact_free(teller->redact);
	teller->redact = redact;
	return 0;
}

void teller_set_clock(struct teller *teller, int64_t boot_offset)
{
	teller->boot_offset = boot_offset;
}

static struct alert alert_begin(struct teller *teller, enum alert_kind kind, uint64_t boot_time)
{
	struct alert alert = {
		.kind = kind,
		.time = (int64_t)boot_time + teller->boot_offset,
		.boot_offset = teller->boot_offset,
	};

	id_make(teller->parts.ids, alert.time, alert.id);
	return alert;
}

static size_t ancestors_name(struct teller *teller, const struct event *event,
			     struct alert_ancestor ancestors[static PLM_ANCESTORS])
{
	size_t n = 0;

	for (; n < PLM_ANCESTORS && event->exec.ancestors[n].pid; n++) {
		const struct plm_ancestor *from = &event->exec.ancestors[n];
		const struct process *process = processes_get(teller->parts.processes, from->pid, from->start);

		ancestors[n] = (struct alert_ancestor){
			.start = from->start,
			.pid = from->pid,
			.executable = process ? process->executable : NULL,
		};
	}
	return n;
}

/* Gives the alert to the outputs with what an event can show, secrets blanked. */
static void alert_tell(struct teller *teller, struct alert *alert)
{
	struct alert_ancestor ancestors[PLM_ANCESTORS];
	_cleanup_free_ char **blanked = NULL;
	const struct event *event = alert->event;
	int r;

	if (event) {
		alert->ancestors = ancestors;
		alert->ancestor_count = ancestors_name(teller, event, ancestors);
		r = event->exec.argv ? redact_args(teller->redact, event->exec.argv, event->exec.argc, &blanked) : 0;
		alert->args = r > 0 ? (const char *const *)blanked : event->exec.argv;
		alert->argc = r < 0 ? 0 : event->exec.argc;
		if (r < 0)
			alert->args = NULL; /* unblanked ones must not be shown */
	}
	sinks_tell(teller->parts.sinks, alert);
}

/* Why the policy lets it through, or NULL. */
static const char *excuse(struct teller *teller, const struct telling *telling, const struct finding *finding)
{
	struct policy_question question = { .rule = finding->rule, .path = finding->path };
	int64_t now;

	if (!telling->container || !telling->container->view)
		return NULL;
	question.executable = telling->facts ? telling->facts->executable : NULL;
	now = ((int64_t)telling->event->time + teller->boot_offset) / 1000000000;
	return policy_allowed(telling->container->view, &question, now);
}

static void *kept_new(const struct finding *finding)
{
	size_t message = strlen(finding->message) + 1, path = finding->path ? strlen(finding->path) + 1 : 0;
	struct kept *kept = malloc(sizeof(*kept) + message + path);

	if (!kept)
		return NULL;
	memcpy(kept->message, finding->message, message);
	kept->path = path ? memcpy(kept->message + message, finding->path, path) : NULL;
	return kept;
}

static void finding_tell(struct teller *teller, const struct telling *telling, const struct finding *finding,
			 uint64_t now, uint64_t times)
{
	struct container *container = telling->container;
	struct fold_answer answer = fold_finding(teller->fold, container ? container->cgroup : 0, finding, now, times);
	struct alert alert;

	if (container)
		container->findings[finding->severity] += times;
	if (answer.verdict == FOLD_HOLD)
		return;
	alert = alert_begin(teller, ALERT_ALERT, now);
	alert.severity = finding->severity;
	alert.action = finding->action;
	alert.message = finding->message;
	alert.finding = finding;
	alert.event = telling->event;
	alert.facts = telling->facts;
	alert.container = container;
	if (answer.id) {
		alert.fold.id = answer.id;
		alert.fold.count = times;
		alert.fold.first_seen = alert.fold.last_seen = alert.time;
		fold_attach(teller->fold, answer.id, kept_new(finding));
	}
	alert_tell(teller, &alert);
}

void tell_finding(struct teller *teller, const struct telling *telling, const struct finding *finding)
{
	const char *reason = excuse(teller, telling, finding);
	struct alert alert;

	if (!reason) {
		finding_tell(teller, telling, finding, telling->event->time, (uint64_t)telling->event->repeats + 1);
		return;
	}
	alert = alert_begin(teller, ALERT_EVENT, telling->event->time);
	alert.severity = SEVERITY_INFO;
	alert.action = finding->action;
	alert.message = finding->message;
	alert.finding = finding;
	alert.event = telling->event;
	alert.facts = telling->facts;
	alert.container = telling->container;
	alert.allowed = reason;
	alert_tell(teller, &alert);
}

void tell_coverage(struct teller *teller, struct container *container, const struct finding *finding, uint64_t now)
{
	finding_tell(teller, &(struct telling){ .container = container }, finding, now, 1);
}

void tell_event(struct teller *teller, const struct telling *telling)
{
	struct alert alert = alert_begin(teller, ALERT_EVENT, telling->event->time);
	const struct event *event = telling->event;
	char message[512];

	alert.severity = SEVERITY_INFO;
	alert.action = detect_action(event);
	(void)snprintf(message, sizeof(message), "%s %s", alert.action, event->path ?: event->task.comm);
	alert.message = message;
	alert.event = event;
	alert.facts = telling->facts;
	alert.container = telling->container;
	alert_tell(teller, &alert);
}

void tell_state(struct teller *teller, struct container *container, const char *kind, uint64_t count,
		const char *message, uint64_t now)
{
	struct alert alert = alert_begin(teller, ALERT_STATE, now);

	alert.severity = SEVERITY_INFO;
	alert.action = kind;
	alert.message = message;
	alert.container = container;
	alert.state.kind = kind;
	alert.state.count = count;
	alert_tell(teller, &alert);
}

static void repeat_message(const struct fold_repeat *repeat, const struct kept *kept, char *message, size_t size)
{
	if (repeat->rollup)
		(void)snprintf(message, size, "%" PRIu64 " more of %s below %s, %" PRIu64 " subjects", repeat->count,
			       rule_info(repeat->rule)->id, repeat->subject, repeat->subjects);
	else
		(void)snprintf(message, size, "again, %" PRIu64 " time%s: %s", repeat->count,
			       repeat->count == 1 ? "" : "s", kept ? kept->message : repeat->subject);
}

static void repeat_tell(const struct fold_repeat *repeat, void *data)
{
	struct teller *teller = data;
	const struct kept *kept = repeat->attachment;
	struct finding finding = {
		.rule = repeat->rule,
		.severity = repeat->severity,
		.action = "repeat",
		.path = repeat->rollup ? repeat->subject
			: kept         ? kept->path
				       : NULL,
	};
	struct alert alert = alert_begin(teller, ALERT_ALERT, repeat->last_seen);

	repeat_message(repeat, kept, finding.message, sizeof(finding.message));
	alert.severity = repeat->severity;
	alert.action = finding.action;
	alert.message = finding.message;
	alert.finding = &finding;
	alert.container = registry_get(teller->parts.registry, repeat->container);
	alert.fold.id = repeat->id;
	alert.fold.count = repeat->count;
	alert.fold.first_seen = (int64_t)repeat->first_seen + teller->boot_offset;
	alert.fold.last_seen = (int64_t)repeat->last_seen + teller->boot_offset;
	alert_tell(teller, &alert);
}

void teller_expire(struct teller *teller, uint64_t now)
{
	fold_expire(teller->fold, now, repeat_tell, teller);
}

uint64_t teller_next(const struct teller *teller)
{
	return fold_next(teller->fold);
}

void teller_end(struct teller *teller, uint64_t container)
{
	fold_end(teller->fold, container, repeat_tell, teller);
}

uint64_t teller_evicted(const struct teller *teller)
{
	return fold_evicted(teller->fold);
}
