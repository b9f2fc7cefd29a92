// SPDX-License-Identifier: Apache-2.0
/* From a finding to the ledger: what excuses it, which violation it is of, and by what that is known. */
#include <string.h>

#include "detect/subject.h"
#include "ledger/ledger.h"
#include "output/writer.h"
#include "tell/internal.h"

#define FACTS_MAX 4096

void teller_set_ledger(struct teller *teller, struct ledger *ledger)
{
	teller->ledger = ledger;
}

/* ---- what excuses it ---- */

void waiver_of_policy(const struct policy_waiver *said, struct waiver *ret_waiver)
{
	*ret_waiver = (struct waiver){
		.source = WAIVER_POLICY,
		.rule = said->rule,
		.workload = said->workload,
		.subject = said->subject,
		.digest = said->digest,
		.until = said->until * 1000000000,
		.owner = said->owner,
		.reason = said->reason,
	};
	waiver_policy_id(ret_waiver, ret_waiver->id);
}

/* The ledger's own of that id counts; where there is no ledger the policy's word is enough. */
static void excuse_waived(struct teller *teller, const struct telling *telling, const struct policy_question *question,
			  struct excuse *excuse)
{
	int64_t now = ((int64_t)telling->event->time + teller->boot_offset) / 1000000000;
	bool found = policy_waived(telling->container->view, question, now, &excuse->said);
	struct waiver_question asked = { .rule = question->rule,
					 .workload = telling->container->workload,
					 .subject = question->subject,
					 .digest = question->digest };

	if (found) {
		waiver_of_policy(&excuse->said, &excuse->policys);
		asked.policy_id = excuse->policys.id;
		excuse->reason = excuse->said.reason;
	}
	if (!teller->ledger || !asked.workload)
		return;
	excuse->waiver = ledger_waiver(teller->ledger, &asked, (int64_t)telling_now(telling));
	excuse->reason = excuse->waiver ? excuse->waiver->reason : NULL;
}

void excuse_find(struct teller *teller, const struct telling *telling, const struct finding *finding,
		 struct excuse *ret_excuse)
{
	struct policy_question question = { .rule = finding->rule, .path = finding->path, .subject = finding->subject };

	ret_excuse->reason = NULL;
	ret_excuse->waiver = NULL;
	if (!telling->container || !telling->container->view)
		return;
	question.executable = telling->facts ? telling->facts->executable : NULL;
	question.digest = telling->container->facts.image_digest;
	ret_excuse->reason = policy_allowed(telling->container->view, &question);
	if (!ret_excuse->reason)
		excuse_waived(teller, telling, &question, ret_excuse);
}

/* ---- which violation ---- */

/*
 * Its subject in the ledger means the same on every node: of a file whose digest was not known the path alone, of a roll-up
 * what is below the directory.
 */
static void subject_lasting(const struct finding *finding, bool rollup, char *ret_subject, size_t size)
{
	const char *path = finding->path ?: finding->subject, *slash = strrchr(path, '/');

	if (rollup && slash)
		subject_format(ret_subject, size, "%.*s/**", (int)(slash - path), path);
	else if (finding->state && subject_hash(finding->subject) == finding->state)
		subject_format(ret_subject, size, "%s", path);
	else
		subject_format(ret_subject, size, "%s", finding->subject);
}

static void evidence_fill(const struct telling *telling, const struct finding *finding, bool rollup, char *room,
			  struct evidence *ret_evidence)
{
	const struct event *event = telling->event;
	const struct plm_file *program = event->kind == PLM_EXEC || event->kind == PLM_TASK ? &event->file : NULL;
	const char *path = finding->path;

	*ret_evidence = (struct evidence){ .kinds = evidence_kinds(finding->rule) };
	if ((ret_evidence->kinds & EVIDENCE_FILE) && path && finding->layer != PLM_LAYER_MEMORY) {
		ret_evidence->path = path;
		if (rollup && strrchr(path, '/')) {
			(void)snprintf(room, PATH_MAX, "%.*s", (int)(strrchr(path, '/') - path), path);
			ret_evidence->path = *room ? room : "/";
		}
	}
	if (ret_evidence->kinds & EVIDENCE_PROCESS)
		evidence_add(ret_evidence, &(struct evidence_process){ .pid = event->task.pid,
								       .uid = event->task.creds.euid,
								       .start = event->task.start,
								       .device = program ? program->device : 0,
								       .inode = program ? program->inode : 0 });
}

/* What is shown of where it was seen. Offsets are of struct container_facts. */
static const struct {
	const char *path;
	size_t offset;
	bool list, pod;
} shown[] = {
	{ "container.id", offsetof(struct container_facts, id), false, false },
	{ "container.name", offsetof(struct container_facts, name), false, false },
	{ "container.runtime", offsetof(struct container_facts, runtime), false, false },
	{ "container.image.name", offsetof(struct container_facts, image_name), false, false },
	{ "container.image.tag", offsetof(struct container_facts, image_tag), true, false },
	{ "container.image.hash.all", offsetof(struct container_facts, image_digest), true, false },
	{ "orchestrator.namespace", offsetof(struct container_facts, pod_namespace), false, true },
	{ "orchestrator.resource.name", offsetof(struct container_facts, pod_name), false, true },
};

static void facts_write(const struct container_facts *facts, struct buffer *out)
{
	struct json_writer writer;

	writer_begin(&writer, out);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		const char *text = *(char *const *)((const char *)facts + shown[i].offset);

		if (!text || !*text || (shown[i].pod && !facts->pod_namespace))
			continue;
		writer_at(&writer, shown[i].path);
		if (shown[i].list)
			writer_open(&writer, '[');
		(void)writer_string(&writer, text, strlen(text));
		if (shown[i].list)
			writer_close(&writer, ']');
	}
	writer_end(&writer);
	buffer_byte(out, '\0');
}

/* A package's own script is told with its transaction, and is of that violation. */
static bool is_kept(const struct teller *teller, const struct telling *telling, const struct finding *finding)
{
	return teller->ledger && telling->container && telling->container->workload && telling->event &&
	       telling->container->view &&
	       !(telling->facts && telling->facts->transaction && finding->rule <= RULE_DRIFT_SCRIPT);
}

/* What was told before is what it was then, if that is known. */
static bool is_rollup(struct teller *teller, const struct telling *telling, const struct finding *finding,
		      enum violation_as as)
{
	const char *workload = telling->container->workload;
	char own[sizeof(finding->subject)], directory[sizeof(finding->subject)];

	if (as != VIOLATION_BEFORE)
		return as == VIOLATION_DIRECTORY;
	subject_lasting(finding, false, own, sizeof(own));
	subject_lasting(finding, true, directory, sizeof(directory));
	return !ledger_has(teller->ledger, workload, finding->rule, own) &&
	       ledger_has(teller->ledger, workload, finding->rule, directory);
}

bool violation_find(struct teller *teller, const struct telling *telling, const struct finding *finding,
		    enum violation_as as, const struct waiver *waiver, struct alert_compliance *ret_compliance)
{
	_cleanup_buffer_ struct buffer facts = { .limit = FACTS_MAX };
	char subject[sizeof(finding->subject)], room[PATH_MAX];
	struct ledger_finding found;
	struct ledger_answer answer;
	const char *id;
	bool rollup;

	if (!is_kept(teller, telling, finding))
		return false;
	rollup = is_rollup(teller, telling, finding, as);
	id = telling->container->facts.id ?: telling->container->cgroup_path;
	subject_lasting(finding, rollup, subject, sizeof(subject));
	facts_write(&telling->container->facts, &facts);
	found = (struct ledger_finding){
		.rule = finding->rule,
		.severity = finding->severity,
		.grace = policy_rule(telling->container->view, finding->rule).grace,
		.workload = telling->container->workload,
		.subject = subject,
		.message = finding->message,
		.place = { .container = id,
			   .digest = telling->container->facts.image_digest,
			   .facts = facts.error ? NULL : facts.data },
		.waiver = waiver,
	};
	evidence_fill(telling, finding, rollup, room, &found.evidence);
	if (ledger_find(teller->ledger, &found, (int64_t)telling_now(telling), &answer) < 0)
		return false;
	*ret_compliance = (struct alert_compliance){ .state = violation_state_name(answer.state),
						     .opened = answer.opened,
						     .deadline = answer.deadline };
	memcpy(ret_compliance->id, answer.id, sizeof(answer.id));
	memcpy(ret_compliance->head, answer.head, sizeof(answer.head));
	return true;
}

/* ---- what the ledger tells ---- */

static const struct {
	const char *kind;
	enum rule rule;
} alerts[] = {
	{ "overdue", RULE_COMPLIANCE_OVERDUE },
	{ "waiver-ending", RULE_COMPLIANCE_WAIVER_ENDING },
};

int notice_rule(const struct ledger_notice *notice)
{
	for (size_t i = 0; i < ARRAY_SIZE(alerts); i++)
		if (strcmp(alerts[i].kind, notice->entry->kind) == 0)
			return (int)alerts[i].rule;
	return -ENOENT;
}

static void notice_message(const struct ledger_notice *notice, char *ret_message, size_t size)
{
	const struct entry *entry = notice->entry;

	if (entry->violation)
		(void)snprintf(ret_message, size, "%s of %s (%s) is %s: %s", notice->rule ?: "a violation",
			       notice->workload ?: "?", notice->subject ?: "?", entry->kind, entry->why ?: "");
	else if (entry->waiver)
		(void)snprintf(ret_message, size, "%s %s, for %s of %s: %s", entry->waiver, entry->kind,
			       notice->rule ?: "?", notice->workload ?: "?", entry->why ?: "");
	else
		(void)snprintf(ret_message, size, "%s: %s", entry->kind, entry->why ?: "");
}

void tell_notice(struct teller *teller, const struct ledger_notice *notice, const struct container *container,
		 const struct policy_rule *applied)
{
	const struct entry *entry = notice->entry;
	struct finding finding = { .action = entry->kind };
	struct alert alert = {
		.kind = applied ? ALERT_ALERT : ALERT_STATE,
		.time = entry->time,
		.boot_offset = teller->boot_offset,
		.severity = SEVERITY_INFO,
		.action = entry->kind,
		.message = finding.message,
		.container = container,
	};

	(void)snprintf(alert.id, sizeof(alert.id), "%016llx%.16s", (unsigned long long)entry->time, notice->head);
	notice_message(notice, finding.message, sizeof(finding.message));
	if (applied) {
		finding.rule = (enum rule)notice_rule(notice);
		finding.severity = alert.severity =
			applied->has_severity ? applied->severity : rule_info(finding.rule)->severity;
		alert.finding = &finding;
	} else {
		alert.state.kind = "ledger";
		alert.state.reason = entry->why;
	}
	if (entry->violation) {
		(void)snprintf(alert.compliance.id, sizeof(alert.compliance.id), "%s", entry->violation);
		alert.compliance.state = entry->to;
		alert.compliance.opened = entry->opened;
		alert.compliance.deadline = entry->deadline;
	}
	memcpy(alert.compliance.head, notice->head, sizeof(alert.compliance.head));
	alert_tell(teller, &alert);
	teller->told += applied != NULL;
}
