// SPDX-License-Identifier: Apache-2.0
#include "tell/tell.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "output/redact.h"
#include "tell/internal.h"
#include "tell/key.h"

#define KNOWN_SLACK 20000000ll /* ns: file systems' clocks are as coarse as a tick, and lag */

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
	for (size_t i = 0; i < SUBJECTS_MAX; i++)
		free(teller->subjects[i].subject);
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

struct alert alert_begin(struct teller *teller, enum alert_kind kind, uint64_t boot_time)
{
	struct alert alert = {
		.kind = kind,
		.time = (int64_t)boot_time + teller->boot_offset,
		.boot_offset = teller->boot_offset,
	};

	id_make(teller->parts.ids, alert.time, alert.id);
	return alert;
}

/* Whose parent is whose, from the parent up: as the event has it, else as execs told it. The number. */
static size_t ancestors_find(struct teller *teller, const struct event *event,
			     struct plm_ancestor ancestors[static PLM_ANCESTORS])
{
	struct plm_ancestor next = { .pid = event->task.parent_pid, .start = event->task.parent_start };
	size_t n = 0;

	for (; n < PLM_ANCESTORS && event->exec.ancestors[n].pid; n++)
		ancestors[n] = event->exec.ancestors[n];
	while (n < PLM_ANCESTORS && !event->exec.ancestors[0].pid && next.pid > 1 && next.start) {
		const struct process *process = processes_get(teller->parts.processes, next.pid, next.start);

		ancestors[n++] = next;
		next = (struct plm_ancestor){ .pid = process ? process->parent_pid : 0,
					      .start = process ? process->parent_start : 0 };
	}
	return n;
}

static size_t ancestors_name(struct teller *teller, const struct event *event,
			     struct alert_ancestor ancestors[static PLM_ANCESTORS])
{
	struct plm_ancestor found[PLM_ANCESTORS];
	size_t count = ancestors_find(teller, event, found);

	for (size_t i = 0; i < count; i++) {
		const struct process *process = processes_get(teller->parts.processes, found[i].pid, found[i].start);

		ancestors[i] = (struct alert_ancestor){
			.start = found[i].start,
			.pid = found[i].pid,
			.executable = process ? process->executable : NULL,
			.has_user = process && process->has_user,
			.user = process ? process->user : 0,
			.args = process ? process->args : NULL,
		};
	}
	return count;
}

/* What a process does it does with the arguments of its exec, if that is still the same. */
static const struct arguments *args_remembered(struct teller *teller, const struct alert *alert)
{
	const struct plm_task *task = &alert->event->task;
	const struct process *process = processes_get(teller->parts.processes, task->pid, task->start);
	const char *executable = alert->facts ? alert->facts->executable : NULL;

	return process && executable && !strcmp(process->executable, executable) ? process->args : NULL;
}

/* Room for what an alert is told with, as long as that takes. */
struct alert_room {
	struct alert_ancestor ancestors[PLM_ANCESTORS];
	const char *args[ARGUMENTS_MAX + 1];
	char **blanked;
};

/* The event's own, secrets blanked; unblanked ones must not be shown. Or what is remembered, which is. */
static void args_set(struct teller *teller, struct alert *alert, struct alert_room *room)
{
	const struct event *event = alert->event;
	const struct arguments *remembered = event->exec.argv ? NULL : args_remembered(teller, alert);
	int r = 0;

	if (remembered) {
		alert->argc = arguments_list(remembered, room->args);
		alert->args = room->args;
		alert->args_cut = remembered->cut;
		return;
	}
	if (event->exec.argv)
		r = redact_args(teller->redact, event->exec.argv, event->exec.argc, &room->blanked);
	alert->args = r < 0 ? NULL : r > 0 ? (const char *const *)room->blanked : event->exec.argv;
	alert->argc = r < 0 ? 0 : event->exec.argc;
}

/* Gives the alert to the outputs with what an event can show. */
void alert_tell(struct teller *teller, struct alert *alert)
{
	const struct event *event = alert->event;
	struct alert_room room;

	room.blanked = NULL;
	if (event) {
		alert->ancestors = room.ancestors;
		alert->ancestor_count = ancestors_name(teller, event, room.ancestors);
		if (teller->parts.sessions)
			alert->session = sessions_get(teller->parts.sessions, event->container, event->task.session);
		args_set(teller, alert, &room);
	}
	sinks_tell(teller->parts.sinks, alert);
	free(room.blanked);
}

struct kept *kept_new(const char *message, const char *path)
{
	size_t message_size = strlen(message) + 1, path_size = path ? strlen(path) + 1 : 0;
	struct kept *kept = malloc(sizeof(*kept) + message_size + path_size);

	if (!kept)
		return NULL;
	memcpy(kept->message, message, message_size);
	kept->path = path ? memcpy(kept->message + message_size, path, path_size) : NULL;
	return kept;
}

uint64_t telling_now(const struct telling *telling)
{
	return telling->found ? telling->found : telling->event->time;
}

static uint64_t id_of(const struct container *container)
{
	return container ? container_key(container) : 0;
}

static bool covers(uint64_t told, uint64_t time)
{
	return (int64_t)told + KNOWN_SLACK >= (int64_t)time;
}

#define STATE_NAME 18 /* "@", 16 digits, NUL */

/* A state of a file as a subject: what was told of it before its digest was known is known by that over a restart. */
static void state_name(const struct finding *finding, char ret_name[static STATE_NAME])
{
	(void)snprintf(ret_name, STATE_NAME, "@%016" PRIx64, finding->state);
}

static bool state_is_known(struct teller *teller, const struct telling *telling, const struct finding *finding,
			   enum told_as as)
{
	char name[STATE_NAME];
	const struct state_told question = { id_of(telling->container), finding->rule, as, name };
	uint64_t told;

	state_name(finding, name);
	return finding->state && state_told_get(teller->state, &question, &told) == 0 &&
	       covers(told, telling->event->time);
}

/* Was it told at its time or later? A repeat of a subject is known to its window, all else to the store. */
static bool is_known(struct teller *teller, const struct telling *telling, const struct finding *finding,
		     enum told_as as)
{
	uint64_t cgroup = id_of(telling->container), told;
	const struct state_told question = { cgroup, finding->rule, as, finding->subject };

	if (!telling->found)
		return false;
	if (as == TOLD_ALERT && fold_seen(teller->fold, cgroup, finding, &told) == 0 &&
	    covers(told, telling->event->time))
		return true;
	if (!teller->state)
		return false;
	return (state_told_get(teller->state, &question, &told) == 0 && covers(told, telling->event->time)) ||
	       state_is_known(teller, telling, finding, as);
}

/* What the store cannot take it counts. */
static void note_told(struct teller *teller, const struct state_told *told, uint64_t time)
{
	if (teller->state)
		(void)state_told_put(teller->state, told, time);
}

static void note_state(struct teller *teller, const struct state_told *told, const struct finding *finding,
		       uint64_t time)
{
	char name[STATE_NAME];

	state_name(finding, name);
	note_told(teller, &(struct state_told){ told->cgroup, told->rule, told->as, name }, time);
}

/* What alerts and records of a finding have in common. */
static struct alert alert_of_finding(struct teller *teller, enum alert_kind kind, const struct telling *telling,
				     const struct finding *finding, uint64_t time)
{
	struct alert alert = alert_begin(teller, kind, time);

	alert.severity = finding->severity;
	alert.action = finding->action;
	alert.message = finding->message;
	alert.finding = finding;
	alert.event = telling->event;
	alert.facts = telling->facts;
	alert.container = telling->container;
	return alert;
}

/* Code that is not the image's: would its digest tell more? */
static bool is_open(const struct finding *finding)
{
	return finding->content && finding->rule <= RULE_DRIFT_SCRIPT &&
	       (finding->content->unverified || !finding->content->digest.kind);
}

/* Folded as of `now`; the line's time is the event's, where there is one. */
static enum tell_verdict finding_tell(struct teller *teller, const struct telling *telling,
				      const struct finding *finding, uint64_t now, uint64_t times)
{
	struct container *container = telling->container;
	const struct state_told told = { id_of(container), finding->rule, TOLD_ALERT, finding->subject };
	struct fold_answer answer = fold_finding(teller->fold, told.cgroup, finding, now, times);
	struct alert_compliance compliance = { .id = "" };
	struct alert alert;

	if (container)
		container->findings[finding->severity] += times;
	if (telling->event && (answer.verdict != FOLD_HOLD || answer.rollup))
		note_told(teller, &told, telling->event->time);
	if (telling->event && finding->state)
		note_state(teller, &told, finding, telling->event->time);
	(void)violation_find(teller, telling, finding,
			     answer.rollup && answer.verdict != FOLD_TELL ? VIOLATION_DIRECTORY : VIOLATION_OWN, NULL,
			     &compliance);
	if (answer.verdict == FOLD_HOLD)
		return TELL_COUNTED;
	alert = alert_of_finding(teller, ALERT_ALERT, telling, finding, telling->event ? telling->event->time : now);
	alert.compliance = compliance;
	if (answer.id) {
		alert.fold.id = answer.id;
		alert.fold.count = times;
		alert.fold.first_seen = alert.fold.last_seen = (int64_t)now + teller->boot_offset;
		fold_attach(teller->fold, answer.id, kept_new(finding->message, finding->path));
	}
	alert_tell(teller, &alert);
	teller->told++;
	if (telling->ret_open && is_open(finding)) {
		memcpy(telling->ret_open->id, alert.id, sizeof(alert.id));
		telling->ret_open->rule = finding->rule;
	}
	return TELL_TOLD;
}

void tell_correction(struct teller *teller, const struct telling *telling, const struct finding *finding,
		     const char *corrects)
{
	struct alert alert = alert_of_finding(teller, ALERT_ALERT, telling, finding, telling->event->time);

	alert.corrects = corrects;
	alert_tell(teller, &alert);
}

static enum tell_verdict finding_record(struct teller *teller, const struct telling *telling,
					const struct finding *finding, const struct excuse *excuse)
{
	const struct state_told told = { id_of(telling->container), finding->rule, TOLD_ALLOWED, finding->subject };
	struct alert alert = alert_of_finding(teller, ALERT_EVENT, telling, finding, telling->event->time);

	alert.severity = SEVERITY_INFO;
	alert.allowed = excuse->reason;
	if (excuse->waiver) {
		(void)violation_find(teller, telling, finding, VIOLATION_OWN, excuse->waiver, &alert.compliance);
		ledger_waiver_matched(teller->ledger, excuse->waiver, (int64_t)telling_now(telling));
	}
	note_told(teller, &told, telling->event->time);
	alert_tell(teller, &alert);
	return TELL_ALLOWED;
}

/* One state of a file is one subject, by which it was first told: whether its digest is known can change. */
static void subject_settle(struct teller *teller, uint64_t container, struct finding *finding)
{
	struct told_subject *subject;

	for (size_t i = 0; i < SUBJECTS_MAX; i++) {
		subject = &teller->subjects[i];
		if (subject->state == finding->state && subject->container == container &&
		    subject->rule == finding->rule) {
			(void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject->subject);
			return;
		}
	}
	subject = &teller->subjects[teller->subjects_next++ % SUBJECTS_MAX];
	free(subject->subject);
	*subject = (struct told_subject){ container, finding->state, finding->rule, strdup(finding->subject) };
	if (!subject->subject)
		subject->state = 0;
}

enum tell_verdict tell_finding(struct teller *teller, const struct telling *telling, const struct finding *found)
{
	struct finding settled = *found;
	const struct finding *finding = &settled;
	struct alert_compliance compliance;
	struct excuse excuse;

	if (settled.state)
		subject_settle(teller, id_of(telling->container), &settled);
	excuse_find(teller, telling, finding, &excuse);
	if (is_known(teller, telling, finding, excuse.reason ? TOLD_ALLOWED : TOLD_ALERT)) {
		if (!excuse.reason || excuse.waiver)
			(void)violation_find(teller, telling, finding, VIOLATION_BEFORE, excuse.waiver, &compliance);
		return TELL_KNOWN;
	}
	if (excuse.reason)
		return finding_record(teller, telling, finding, &excuse);
	return finding_tell(teller, telling, finding, telling_now(telling), (uint64_t)telling->event->repeats + 1);
}

void tell_coverage(struct teller *teller, struct container *container, const struct finding *finding, uint64_t now)
{
	(void)finding_tell(teller, &(struct telling){ .container = container }, finding, now, 1);
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

static const char *name_of(const struct container *container)
{
	return container ? container->facts.name ?: container->facts.id ?: "a container without a name" : "a container";
}

void tell_session_end(struct teller *teller, struct container *container, const struct session *session, uint64_t now)
{
	struct alert alert = alert_begin(teller, ALERT_STATE, now);
	char message[512];

	alert.duration = session->ended > session->began ? session->ended - session->began : 1;
	(void)snprintf(
		message, sizeof(message), "The session with %.200s in %.200s has ended, after %" PRIu64 " s (pid %u)",
		session->executable ?: "(unknown)", name_of(container), alert.duration / 1000000000, session->pid);
	alert.severity = SEVERITY_INFO;
	alert.action = alert.state.kind = "session-end";
	alert.message = message;
	alert.container = container;
	alert.session = session;
	alert_tell(teller, &alert);
}

const struct redact *teller_redact(const struct teller *teller)
{
	return teller->redact;
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

void repeat_tell(const struct fold_repeat *repeat, void *data)
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
	const struct state_told told = { repeat->container, repeat->rule, TOLD_ALERT, repeat->subject };
	struct alert alert = alert_begin(teller, ALERT_ALERT, repeat->last_seen);

	if (!repeat->rollup)
		note_told(teller, &told, repeat->last_seen);
	repeat_message(repeat, kept, finding.message, sizeof(finding.message));
	alert.severity = repeat->severity;
	alert.action = finding.action;
	alert.message = finding.message;
	alert.finding = &finding;
	alert.container = container_of_key(teller->parts.registry, repeat->container);
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
	if (container && teller->state)
		(void)state_container_drop(teller->state, container);
}

void teller_rest(struct teller *teller, uint64_t container)
{
	fold_pause(teller->fold, container, repeat_tell, teller);
}

uint64_t teller_told(const struct teller *teller)
{
	return teller->told;
}

uint64_t teller_evicted(const struct teller *teller)
{
	return fold_evicted(teller->fold);
}
