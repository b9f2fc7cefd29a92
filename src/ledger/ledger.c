// SPDX-License-Identifier: Apache-2.0
/* The way of a finding through the ledger, and the clock's round. */
#include "ledger/ledger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "ledger/internal.h"
#include "output/time.h"

#define WHY_MAX 1024

int64_t ledger_now(const struct ledger *ledger, int64_t boot)
{
	return trust_now(&ledger->trust, boot);
}

int64_t ledger_moment(const struct ledger *ledger, int64_t boot)
{
	return ledger->trust.frozen ? ledger->trust.frozen : ledger_now(ledger, boot);
}

/* ---- the history ---- */

static const char *copy_in(char **room, const char *text)
{
	char *copy = *room;

	if (!text)
		return NULL;
	*room = stpcpy(copy, text) + 1;
	return copy;
}

struct line *line_new(const struct entry *entry)
{
	const char **texts[7];
	struct line *line = calloc(1, sizeof(*line));
	size_t size = 1;
	char *room;

	if (!line)
		return NULL;
	line->entry = *entry;
	memcpy(texts,
	       ((const char **[]){ &line->entry.violation, &line->entry.waiver, &line->entry.kind, &line->entry.from,
				   &line->entry.to, &line->entry.by, &line->entry.why }),
	       sizeof(texts));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
	line->block = room = malloc(size);
	if (!room) {
		free(line);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*texts[i] = copy_in(&room, *texts[i]);
	return line;
}

void line_free(struct line *line)
{
	free(line->block);
	free(line);
}

void ledger_line_add(struct ledger *ledger, struct line *line)
{
	line->next = NULL;
	*ledger->lines_end = line;
	ledger->lines_end = &line->next;
	ledger->unwritten += !line->written;
}

struct line *ledger_line(struct ledger *ledger, const struct entry *entry, bool told)
{
	struct line *line = ledger->unwritten < LEDGER_PENDING_MAX ? line_new(entry) : NULL;

	if (!line)
		return NULL;
	line->told = told;
	line->entry.seq = ledger->seq + 1;
	memcpy(line->before, ledger->head, CHAIN_BYTES);
	if (chain_digest(ledger->head, &line->entry, line->digest) < 0) {
		line_free(line);
		return NULL;
	}
	ledger->seq++;
	memcpy(ledger->head, line->digest, CHAIN_BYTES);
	ledger_line_add(ledger, line);
	return line;
}

/* ---- why a state changed, in a sentence ---- */

struct reason {
	const struct record *record;
	const struct waiver *waiver;
	const struct violation_rules *rules;
	char *text;
	size_t size;
};

static const char *moment(int64_t time, char room[static TIME_RFC3339_SIZE])
{
	time_rfc3339(time, room);
	room[19] = 'Z'; /* to the second */
	room[20] = '\0';
	return room;
}

static void span(int64_t seconds, char *ret_text, size_t size)
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(units) && (seconds == 0 || seconds % units[i].seconds))
		i++;
	(void)snprintf(ret_text, size, "%" PRId64 "%c", seconds / units[i].seconds, units[i].letter);
}

static void why_opened(const struct reason *reason)
{
	(void)snprintf(reason->text, reason->size, "%s", reason->record->message);
}

static void why_reopened(const struct reason *reason)
{
	(void)snprintf(reason->text, reason->size, "seen again: %s", reason->record->message);
}

static void why_deadline(const struct reason *reason)
{
	char grace[32];

	span(reason->rules->grace, grace, sizeof(grace));
	(void)snprintf(reason->text, reason->size, "the policy's grace for it is %s now", grace);
}

static void why_waived(const struct reason *reason)
{
	char until[TIME_RFC3339_SIZE];

	if (reason->waiver)
		(void)snprintf(reason->text, reason->size, "%s of %s until %s: %s", reason->waiver->id,
			       reason->waiver->owner, moment(reason->waiver->until, until), reason->waiver->reason);
}

static void why_unwaived(const struct reason *reason)
{
	(void)snprintf(reason->text, reason->size, "no waiver covers it any more");
}

static void why_overdue(const struct reason *reason)
{
	char grace[32], deadline[TIME_RFC3339_SIZE];

	span(reason->record->violation.grace, grace, sizeof(grace));
	(void)snprintf(reason->text, reason->size, "its grace of %s ended %s", grace,
		       moment(reason->record->violation.deadline, deadline));
}

static void why_resolved(const struct reason *reason)
{
	const struct violation *violation = &reason->record->violation;
	char since[TIME_RFC3339_SIZE];

	if (reason->rules->grace == GRACE_NONE)
		(void)snprintf(reason->text, reason->size, "the policy keeps no clock of %s any more",
			       rule_info(reason->record->rule)->id);
	else
		(void)snprintf(reason->text, reason->size, "seen absent since %s, without a gap",
			       moment(violation->absent_since, since));
}

static void (*const whys[CHANGES])(const struct reason *reason) = {
	[CHANGE_OPENED] = why_opened,     [CHANGE_REOPENED] = why_reopened,     [CHANGE_DEADLINE] = why_deadline,
	[CHANGE_WAIVED] = why_waived,     [CHANGE_WAIVER_ENDED] = why_unwaived, [CHANGE_OVERDUE] = why_overdue,
	[CHANGE_RESOLVED] = why_resolved,
};

/* The finding's own alert says that it was opened, and that without grace it is overdue at once. */
static bool is_told_by_alert(const struct violation_changes *changes, size_t index)
{
	return changes->list[0] == CHANGE_OPENED || changes->list[index] == CHANGE_REOPENED;
}

static void note_changes(struct ledger *ledger, struct record *record, const struct violation_rules *rules,
			 const struct violation_changes *changes, const struct waiver *waiver, int64_t now)
{
	const struct violation *violation = &record->violation;

	for (size_t i = 0; i < changes->count; i++) {
		char why[WHY_MAX] = "";
		struct entry entry = {
			.time = now,
			.opened = violation->opened,
			.deadline = violation->deadline,
			.violation = record->id,
			.waiver = waiver && changes->list[i] == CHANGE_WAIVED ? waiver->id : NULL,
			.kind = violation_change_name(changes->list[i]),
			.from = changes->list[i] == CHANGE_OPENED ? NULL : violation_state_name(changes->from[i]),
			.to = violation_state_name(changes->to[i]),
			.by = waiver && waiver->source == WAIVER_POLICY && changes->list[i] == CHANGE_WAIVED ? "policy"
													     : "agent",
			.why = why,
		};

		whys[changes->list[i]](&(struct reason){ record, waiver, rules, why, sizeof(why) });
		(void)ledger_line(ledger, &entry, is_told_by_alert(changes, i));
	}
	if (changes->count > 0)
		book_dirty(&ledger->book, record);
}

/* ---- a finding ---- */

static struct violation_rules rules_of(const struct ledger *ledger, int64_t grace)
{
	return (struct violation_rules){ grace, ledger->settings.resolve_after, ledger->settings.reopen_within };
}

static void waiver_take(struct record *record, const struct waiver *waiver)
{
	(void)snprintf(record->waiver, sizeof(record->waiver), "%s", waiver ? waiver->id : "");
}

static void forget_resolved(struct ledger *ledger)
{
	struct record *first;

	if (ledger->book.count - book_open(&ledger->book) < LEDGER_RESOLVED_MAX)
		return;
	first = book_first_resolved(&ledger->book);
	(void)store_violation_drop(ledger->store, first->id);
	book_remove(&ledger->book, first);
	ledger->dropped++;
}

static int record_open(struct ledger *ledger, const struct ledger_finding *finding, const char *subject,
		       const struct record *before, struct record **ret_record)
{
	_cleanup_(record_freep) struct record *record =
		record_new(ledger->settings.cluster, finding->workload, subject, finding->message);
	int r;

	if (!record)
		return -ENOMEM;
	record->rule = finding->rule;
	record->severity = finding->severity;
	record->generation = before ? before->generation + 1 : 0;
	(void)snprintf(record->previous, sizeof(record->previous), "%s", before ? before->id : "");
	r = violation_id(ledger->settings.cluster, finding->workload, rule_info(finding->rule)->id, subject,
			 record->generation, record->id);
	if (r < 0)
		return r;
	*ret_record = record;
	return book_add(&ledger->book, take_ptr(record));
}

/* By which subject it is kept: its own, or where a workload has too many of a rule, that of all others. */
static const char *subject_of(const struct ledger *ledger, const struct ledger_finding *finding)
{
	return book_subjects(&ledger->book, finding->workload, finding->rule) < LEDGER_SUBJECTS_MAX ? finding->subject
												    : LEDGER_ALL_OTHERS;
}

static int sight(struct ledger *ledger, struct record *record, const struct ledger_finding *finding, int64_t now)
{
	const struct ledger_place *place = &finding->place;
	struct sighting *sighting = record_sight(record, ledger->settings.node, place->container, &ledger->dropped);
	bool news = sighting && !sighting->first;

	if (!sighting)
		return -ENOMEM;
	if (text_set(&sighting->digest, place->digest) < 0 || text_set(&sighting->facts, place->facts) < 0 ||
	    text_set((char **)&sighting->evidence.path, finding->evidence.path) < 0)
		return -ENOMEM;
	sighting->first = news ? now : sighting->first;
	sighting->last = now > sighting->last ? now : sighting->last;
	sighting->present = PRESENCE_YES;
	sighting->evidence.kinds = finding->evidence.kinds;
	for (unsigned i = 0; i < finding->evidence.process_count; i++)
		evidence_add(&sighting->evidence, &finding->evidence.processes[i]);
	sighting->dirty |= news || sighting->last - sighting->saved >= LAST_EVERY;
	if (sighting->dirty)
		book_dirty(&ledger->book, record);
	return 0;
}

/* No state changes without its entry. */
static bool may_change(const struct ledger *ledger)
{
	return ledger->unwritten + VIOLATION_CHANGES_MAX <= LEDGER_PENDING_MAX;
}

/* The record that stands for it, stepped to now. */
static int find(struct ledger *ledger, const struct ledger_finding *finding, const struct violation_rules *rules,
		int64_t boot, struct record **ret_record, struct violation_changes *ret_changes)
{
	const char *cluster = ledger->settings.cluster;
	int64_t until = finding->waiver ? finding->waiver->until : 0;
	struct record *record = book_find(&ledger->book, cluster, finding->workload, finding->rule, finding->subject);
	const char *subject = record ? finding->subject : subject_of(ledger, finding);
	int r;

	if (!record && subject != finding->subject)
		record = book_find(&ledger->book, cluster, finding->workload, finding->rule, subject);
	ret_changes->count = 0;
	if (record && !violation_is_new(&record->violation, rules, ledger_moment(ledger, boot))) {
		if (may_change(ledger))
			violation_step(&record->violation, PRESENCE_YES, rules, until, ledger_moment(ledger, boot),
				       ret_changes);
		*ret_record = record;
		return 0;
	}
	if (!may_change(ledger) || book_open(&ledger->book) >= LEDGER_OPEN_MAX) {
		ledger->refused++;
		return -ENOSPC;
	}
	forget_resolved(ledger);
	r = record_open(ledger, finding, subject, record, ret_record);
	if (r == 0)
		violation_open(&(*ret_record)->violation, rules, until, ledger_now(ledger, boot), ret_changes);
	return r;
}

int ledger_find(struct ledger *ledger, const struct ledger_finding *finding, int64_t boot,
		struct ledger_answer *ret_answer)
{
	const struct violation_rules rules = rules_of(ledger, finding->grace);
	int64_t now = ledger_now(ledger, boot);
	struct violation_changes changes;
	struct record *record = NULL;
	int r;

	if (finding->grace == GRACE_NONE || !evidence_kinds(finding->rule))
		return -ENOENT;
	r = find(ledger, finding, &rules, boot, &record, &changes);
	if (r < 0)
		return r;
	if (finding->severity > record->severity)
		record->severity = finding->severity;
	waiver_take(record, record->violation.state == VIOLATION_WAIVED ? finding->waiver : NULL);
	note_changes(ledger, record, &rules, &changes, finding->waiver, now);
	r = sight(ledger, record, finding, now);
	if (changes.count > 0)
		(void)ledger_write(ledger);
	*ret_answer = (struct ledger_answer){ .state = record->violation.state,
					      .opened = record->violation.opened,
					      .deadline = record->violation.deadline,
					      .news = changes.count > 0 && (changes.list[0] == CHANGE_OPENED ||
									    changes.list[0] == CHANGE_REOPENED) };
	memcpy(ret_answer->id, record->id, sizeof(ret_answer->id));
	chain_text(ledger->head, ret_answer->head);
	return r;
}

bool ledger_has(struct ledger *ledger, const char *workload, enum rule rule, const char *subject)
{
	return book_find(&ledger->book, ledger->settings.cluster, workload, rule, subject) != NULL;
}

static bool begins(const struct record *record, const char *id)
{
	return strncmp(record->id, id, strlen(id)) == 0;
}

int ledger_violation(struct ledger *ledger, const char *id, struct waiver *ret_waiver)
{
	const struct record *found = NULL;

	if (strlen(id) < 8)
		return -ENOENT;
	for (size_t i = 0; i < ledger->book.count; i++) {
		if (!begins(ledger->book.list[i], id))
			continue;
		if (found)
			return -EEXIST;
		found = ledger->book.list[i];
	}
	if (!found)
		return -ENOENT;
	*ret_waiver = (struct waiver){ .rule = found->rule, .workload = found->workload, .subject = found->subject };
	return 0;
}

/* ---- the round ---- */

static enum presence look_at(struct ledger *ledger, struct record *record, const struct ledger_watch *watch)
{
	enum presence presence = watch->workload(record->workload, watch->data);

	for (struct sighting *sighting = record->sightings; sighting; sighting = sighting->next) {
		enum presence here = PRESENCE_UNKNOWN;

		if (strcmp(sighting->node, ledger->settings.node) == 0)
			here = watch->look(sighting->container, record->rule, &sighting->evidence, watch->data);
		if (here != sighting->present) {
			sighting->present = here;
			sighting->dirty = true;
			book_dirty(&ledger->book, record);
		}
		presence = here == PRESENCE_YES ? PRESENCE_YES : presence;
	}
	return presence;
}

/* To now, by its clock, its waivers and its presence. */
static void record_step(struct ledger *ledger, struct record *record, enum presence presence, int64_t grace,
			int64_t boot)
{
	const struct waiver_question question = { .rule = record->rule,
						  .workload = record->workload,
						  .subject = record->subject,
						  .policy_id = *record->waiver ? record->waiver : NULL };
	const struct violation_rules rules = rules_of(ledger, grace);
	const struct violation before = record->violation;
	int64_t moment_now = ledger_moment(ledger, boot);
	const struct waiver *waiver = waivers_cover(ledger, &question, moment_now);
	struct violation_changes changes;

	violation_step(&record->violation, presence, &rules, waiver ? waiver->until : 0, moment_now, &changes);
	waiver_take(record, record->violation.state == VIOLATION_WAIVED ? waiver : NULL);
	note_changes(ledger, record, &rules, &changes, waiver, ledger_now(ledger, boot));
	if (memcmp(&before, &record->violation, sizeof(before)) != 0)
		book_dirty(&ledger->book, record);
}

static bool is_due(const struct ledger *ledger, const struct record *record)
{
	return record->violation.state != VIOLATION_RESOLVED && may_change(ledger);
}

static void record_round(struct ledger *ledger, struct record *record, const struct ledger_watch *watch, int64_t boot)
{
	int64_t grace = record->violation.grace;

	if (!is_due(ledger, record))
		return;
	watch->grace(record->workload, record->rule, &grace, watch->data);
	record_step(ledger, record, look_at(ledger, record, watch), grace, boot);
}

void ledger_waivers_changed(struct ledger *ledger, int64_t boot)
{
	for (size_t i = 0; i < ledger->book.count; i++) {
		struct record *record = ledger->book.list[i];

		if (is_due(ledger, record))
			record_step(ledger, record, record->violation.presence, record->violation.grace, boot);
	}
	(void)ledger_write(ledger);
}

static void clock_note(struct ledger *ledger, enum trust_verdict verdict, const char *by, int64_t boot)
{
	char why[WHY_MAX], wall[TIME_RFC3339_SIZE];
	struct entry entry = { .time = ledger_now(ledger, boot), .by = by, .why = why };

	if (verdict == TRUST_FROZE) {
		entry.kind = "clock-frozen";
		(void)snprintf(why, sizeof(why),
			       "the wall clock disagrees with the time since boot: no state changes by it");
	} else {
		entry.kind = "clock-resumed";
		(void)snprintf(why, sizeof(why), "the wall clock is believed again: it is %s",
			       moment(entry.time, wall));
	}
	(void)ledger_line(ledger, &entry, false);
}

enum trust_verdict ledger_tick(struct ledger *ledger, const struct trust_reading *reading,
			       const struct ledger_watch *watch)
{
	enum trust_verdict verdict = trust_look(&ledger->trust, reading);
	size_t share = ledger->book.count / LEDGER_ROUND + 1;

	if (verdict != TRUST_SAME)
		clock_note(ledger, verdict, "agent", reading->boot);
	waivers_tick(ledger, ledger_moment(ledger, reading->boot));
	for (size_t i = 0; i < share && i < ledger->book.count; i++) {
		ledger->looked = (ledger->looked + 1) % ledger->book.count;
		record_round(ledger, ledger->book.list[ledger->looked], watch, reading->boot);
	}
	(void)ledger_write_due(ledger);
	return verdict;
}

enum trust_verdict ledger_confirm_clock(struct ledger *ledger, const struct trust_reading *reading, const char *by)
{
	enum trust_verdict verdict = trust_confirm(&ledger->trust, reading);

	if (verdict == TRUST_RESUMED) {
		clock_note(ledger, verdict, by, reading->boot);
		(void)ledger_write(ledger);
	}
	return verdict;
}

/* ---- what is told ---- */

static struct record *record_of_id(struct ledger *ledger, const char *id)
{
	for (size_t i = 0; id && i < ledger->book.count; i++)
		if (strcmp(ledger->book.list[i]->id, id) == 0)
			return ledger->book.list[i];
	return NULL;
}

static void notice_fill(struct ledger *ledger, const struct line *line, struct ledger_notice *ret_notice)
{
	const struct record *record = record_of_id(ledger, line->entry.violation);
	const struct waiver *waiver = waivers_of_id(ledger, line->entry.waiver);

	*ret_notice = (struct ledger_notice){ .entry = &line->entry, .severity = SEVERITY_INFO };
	chain_text(line->digest, ret_notice->head);
	if (waiver) {
		ret_notice->rule = rule_info(waiver->rule)->id;
		ret_notice->workload = waiver->workload;
		ret_notice->subject = waiver->subject;
		ret_notice->owner = waiver->owner;
		ret_notice->reason = waiver->reason;
	}
	if (record) {
		ret_notice->severity = record->severity;
		ret_notice->rule = rule_info(record->rule)->id;
		ret_notice->workload = record->workload;
		ret_notice->subject = record->subject;
		ret_notice->container = record->sightings ? record->sightings->container : NULL;
		ret_notice->state = record->violation.state;
		ret_notice->opened = record->violation.opened;
		ret_notice->deadline = record->violation.deadline;
	}
}

void ledger_untold(struct ledger *ledger, void (*tell)(const struct ledger_notice *notice, void *data), void *data)
{
	struct ledger_notice notice;

	for (struct line *line = ledger->lines; line; line = line->next) {
		if (line->told || line->telling)
			continue;
		notice_fill(ledger, line, &notice);
		tell(&notice, data);
		line->telling = true;
	}
}

void ledger_told(struct ledger *ledger)
{
	for (struct line *line = ledger->lines; line; line = line->next)
		if (line->telling && !line->told) {
			line->told = true;
			ledger->told_until = line->written ? line->entry.seq : ledger->told_until;
		}
	lines_forget(ledger);
}

struct ledger_counts ledger_counts(const struct ledger *ledger)
{
	size_t open = book_open(&ledger->book);

	return (struct ledger_counts){
		.open = open,
		.resolved = ledger->book.count - open,
		.waivers = ledger->waiver_count,
		.pending = ledger->unwritten,
		.refused = ledger->refused,
		.dropped = ledger->dropped,
		.error = ledger->error,
		.set_aside = ledger->set_aside,
		.frozen = ledger->trust.frozen,
	};
}

/* ---- from open to close ---- */

static void settings_clear(struct ledger_settings *settings)
{
	free((char *)settings->cluster);
	free((char *)settings->node);
}

int ledger_settle(struct ledger *ledger, const struct ledger_settings *settings)
{
	struct ledger_settings copy = *settings;

	copy.node = strdup(settings->node);
	copy.cluster = settings->cluster ? strdup(settings->cluster) : NULL;
	if (!copy.node || (settings->cluster && !copy.cluster)) {
		settings_clear(&copy);
		return -ENOMEM;
	}
	settings_clear(&ledger->settings);
	ledger->settings = copy;
	ledger->settings_dirty = true;
	return 0;
}

/* Never removed: two could then hold locks on two files of that name. */
static int lock_take(const char *dir)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -EBADF;

	if (asprintf(&path, "%s/" LOCK_NAME, dir) < 0)
		return -ENOMEM;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return take_fd(&fd);
}

static int start(struct ledger *ledger, const struct ledger_settings *settings, const struct trust_reading *reading,
		 struct ledger_opened *ret_opened)
{
	int r = ledger_settle(ledger, settings);

	if (r < 0)
		return r;
	ledger->lock_fd = lock_take(ledger->dir);
	if (ledger->lock_fd < 0)
		return ledger->lock_fd;
	r = store_open(ledger->dir, &ledger->store, &ret_opened->set_aside);
	if (r == 0)
		r = ledger_load(ledger, ret_opened->set_aside, &ret_opened->salvaged);
	if (r == 0)
		r = ledger_clock_begin(ledger, reading, &ret_opened->clock);
	if (r == 0 && ret_opened->clock != TRUST_SAME)
		clock_note(ledger, ret_opened->clock, "agent", reading->boot);
	if (r == 0)
		(void)ledger_write(ledger); /* a full disk ends nothing */
	return r;
}

int ledger_open(const char *dir, const struct ledger_settings *settings, const struct trust_reading *reading,
		struct ledger **ret_ledger, struct ledger_opened *ret_opened)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	struct ledger_opened opened = { 0 };
	int r;

	if (!ledger)
		return -ENOMEM;
	ledger->lock_fd = -EBADF;
	ledger->lines_end = &ledger->lines;
	ledger->dir = strdup(dir);
	r = ledger->dir ? start(ledger, settings, reading, &opened) : -ENOMEM;
	if (r < 0) {
		ledger_close(ledger);
		return r;
	}
	*ret_ledger = ledger;
	*ret_opened = opened;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	struct line *line;

	if (!ledger)
		return;
	if (ledger->store)
		(void)ledger_write_all(ledger);
	store_close(ledger->store);
	while ((line = ledger->lines)) {
		ledger->lines = line->next;
		line_free(line);
	}
	waivers_clear(ledger);
	book_clear(&ledger->book);
	settings_clear(&ledger->settings);
	cleanup_closep(&ledger->lock_fd);
	free(ledger->dir);
	free(ledger);
}
