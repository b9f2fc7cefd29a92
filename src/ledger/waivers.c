// SPDX-License-Identifier: Apache-2.0
/* Who accepts what, until when. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "ledger/internal.h"
#include "output/time.h"

static void held_free(struct held *held)
{
	if (!held)
		return;
	pattern_free(held->workload);
	pattern_free(held->subject);
	free(held->block);
	free(held);
}

DEFINE_CLEANUP(struct held *, held_free)

static void texts_copy(struct held *held)
{
	const char **texts[] = { &held->waiver.workload, &held->waiver.subject, &held->waiver.digest,
				 &held->waiver.owner, &held->waiver.reason };
	size_t size = 1;
	char *room;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
	held->block = room = malloc(size);
	for (size_t i = 0; room && i < ARRAY_SIZE(texts); i++)
		if (*texts[i]) {
			char *copy = room;

			room = stpcpy(copy, *texts[i]) + 1;
			*texts[i] = copy;
		}
}

int waivers_hold(struct ledger *ledger, const struct waiver *waiver, struct held **ret_held)
{
	_cleanup_(held_freep) struct held *held = calloc(1, sizeof(*held));
	struct held **end = &ledger->waivers;
	int r;

	if (!held)
		return -ENOMEM;
	held->waiver = *waiver;
	texts_copy(held);
	if (!held->block)
		return -ENOMEM;
	r = pattern_new(held->waiver.workload, 0, &held->workload);
	if (r == 0 && held->waiver.subject)
		r = pattern_new(held->waiver.subject, 0, &held->subject);
	if (r < 0)
		return r == -ENOMEM ? r : -EINVAL;
	while (*end)
		end = &(*end)->next;
	ledger->waiver_count++;
	*end = *ret_held = held;
	(void)take_ptr(held);
	return 0;
}

static void let_go(struct ledger *ledger, struct held *held)
{
	struct held **at = &ledger->waivers;

	while (*at && *at != held)
		at = &(*at)->next;
	if (*at) {
		*at = held->next;
		ledger->waiver_count--;
	}
	held_free(held);
}

void waivers_clear(struct ledger *ledger)
{
	while (ledger->waivers)
		let_go(ledger, ledger->waivers);
}

static struct held *held_of_id(struct ledger *ledger, const char *id)
{
	for (struct held *held = ledger->waivers; held && id; held = held->next)
		if (strcmp(held->waiver.id, id) == 0)
			return held;
	return NULL;
}

const struct waiver *waivers_of_id(struct ledger *ledger, const char *id)
{
	const struct held *held = held_of_id(ledger, id);

	return held ? &held->waiver : NULL;
}

/* ---- what happens to one ---- */

/* An entry of its own, and why. */
static const struct line *note(struct ledger *ledger, const struct waiver *waiver, const char *kind, const char *by,
			       const char *why, int64_t now)
{
	return ledger_line(ledger,
			   &(struct entry){ .time = now,
					    .deadline = waiver->until,
					    .waiver = waiver->id,
					    .kind = kind,
					    .by = by,
					    .why = why },
			   false);
}

static void end(struct ledger *ledger, struct held *held, enum waiver_end how, const char *by, const char *why,
		int64_t now)
{
	static const char *const kinds[WAIVER_ENDS] = {
		[WAIVER_ENDED] = "waiver-expired",
		[WAIVER_REVOKED] = "waiver-revoked",
		[WAIVER_VOID] = "waiver-void",
	};

	held->waiver.end = how;
	held->dirty = true;
	ledger->waivers_dirty = true;
	(void)note(ledger, &held->waiver, kinds[how], by, why, now);
}

static void warn(struct ledger *ledger, struct held *held, int64_t now)
{
	char why[WAIVER_TEXT_MAX + 128], until[TIME_RFC3339_SIZE];

	time_rfc3339(held->waiver.until, until);
	held->waiver.warned = held->dirty = ledger->waivers_dirty = true;
	(void)snprintf(why, sizeof(why), "it ends %.19sZ (%s: %s)", until, held->waiver.owner, held->waiver.reason);
	(void)note(ledger, &held->waiver, "waiver-ending", "agent", why, now);
}

void waivers_tick(struct ledger *ledger, int64_t now)
{
	for (struct held *held = ledger->waivers; held; held = held->next) {
		if (held->waiver.end != WAIVER_HOLDS)
			continue;
		if (now >= held->waiver.until)
			end(ledger, held, WAIVER_ENDED, "agent", "its time is over", now);
		else if (!held->waiver.warned && now >= waiver_warns(&held->waiver, ledger->settings.waiver_warning))
			warn(ledger, held, now);
	}
}

/* ---- which one covers ---- */

static bool names(const struct held *held, const struct waiver_question *question)
{
	bool by_policy = question->policy_id && strcmp(held->waiver.id, question->policy_id) == 0;

	return held->waiver.end == WAIVER_HOLDS && held->waiver.rule == question->rule &&
	       (by_policy || pattern_match(held->workload, question->workload)) &&
	       (!held->subject || pattern_match(held->subject, question->subject));
}

/* The one that holds longest: of two, the other's end changes nothing. */
const struct waiver *waivers_cover(struct ledger *ledger, const struct waiver_question *question, int64_t now)
{
	const struct waiver *best = NULL;

	for (struct held *held = ledger->waivers; held; held = held->next) {
		if (!names(held, question) || now >= held->waiver.until)
			continue;
		if (held->waiver.digest && question->digest && strcmp(held->waiver.digest, question->digest) != 0) {
			end(ledger, held, WAIVER_VOID, "agent", "the image's digest is another than its own", now);
			continue;
		}
		if (!best || held->waiver.until > best->until)
			best = &held->waiver;
	}
	return best;
}

const struct waiver *ledger_waiver(struct ledger *ledger, const struct waiver_question *question, int64_t boot)
{
	return waivers_cover(ledger, question, ledger_moment(ledger, boot));
}

void ledger_waiver_matched(struct ledger *ledger, const struct waiver *waiver, int64_t boot)
{
	struct held *held = held_of_id(ledger, waiver->id);

	if (!held)
		return;
	held->waiver.matched++;
	held->waiver.last_matched = ledger_now(ledger, boot);
	held->dirty = ledger->waivers_dirty = true;
}

/* ---- made, and revoked ---- */

/* What could not be written is as if it had not been: its entry was the last. */
static void take_back(struct ledger *ledger, const uint8_t head[static CHAIN_BYTES], uint64_t seq)
{
	while (ledger->seq > seq)
		line_drop_last(ledger);
	memcpy(ledger->head, head, CHAIN_BYTES);
}

static int acknowledge(struct ledger *ledger)
{
	int r = ledger_write(ledger);

	return r < 0 ? r : store_to_disk(ledger->store);
}

static void id_make(char ret_id[static WAIVER_ID_SIZE])
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)(uintptr_t)ret_id;
	(void)snprintf(ret_id, WAIVER_ID_SIZE, "W%016" PRIx64, random);
}

/* Ended ones go first, the one that ended first; they stay in the history. */
static bool make_room(struct ledger *ledger)
{
	struct held *first = NULL;

	if (ledger->waiver_count < LEDGER_WAIVERS_MAX)
		return true;
	for (struct held *held = ledger->waivers; held; held = held->next)
		if (held->waiver.end != WAIVER_HOLDS && (!first || held->waiver.until < first->waiver.until))
			first = held;
	if (!first || store_waiver_drop(ledger->store, first->waiver.id) < 0)
		return false;
	let_go(ledger, first);
	ledger->dropped++;
	return true;
}

static int made(struct ledger *ledger, const struct waiver *waiver, const char *by, int64_t now, struct held **ret_held)
{
	int r = make_room(ledger) ? waivers_hold(ledger, waiver, ret_held) : -ENOSPC;

	if (r < 0)
		return r;
	(*ret_held)->dirty = ledger->waivers_dirty = true;
	if (note(ledger, &(*ret_held)->waiver, "waiver-made", by, waiver->reason, now))
		return 0;
	let_go(ledger, *ret_held);
	return -ENOSPC;
}

int ledger_waive(struct ledger *ledger, const struct waiver *waiver, const char *by, int64_t boot,
		 const struct waiver **ret_waiver, char ret_why[static WAIVER_WHY])
{
	int64_t now = ledger_now(ledger, boot);
	struct waiver copy = *waiver;
	uint8_t head[CHAIN_BYTES];
	uint64_t seq = ledger->seq;
	struct held *held = NULL;
	int r = waiver_check(waiver, ledger->settings.waiver_max, now, ret_why);

	if (r < 0)
		return r;
	memcpy(head, ledger->head, sizeof(head));
	copy.source = WAIVER_COMMAND;
	copy.end = WAIVER_HOLDS;
	copy.made = now;
	copy.matched = 0;
	copy.last_matched = 0;
	copy.warned = false;
	id_make(copy.id);
	r = made(ledger, &copy, by, now, &held);
	if (r < 0)
		return r;
	r = acknowledge(ledger);
	if (r < 0) {
		let_go(ledger, held);
		take_back(ledger, head, seq);
		return r;
	}
	ledger_waivers_changed(ledger, boot);
	*ret_waiver = &held->waiver;
	return 0;
}

int ledger_revoke(struct ledger *ledger, const char *id, const char *by, const char *why, int64_t boot)
{
	struct held *held = held_of_id(ledger, id);
	uint8_t head[CHAIN_BYTES];
	uint64_t seq = ledger->seq;
	int r;

	if (!held || held->waiver.end != WAIVER_HOLDS)
		return -ENOENT;
	if (held->waiver.source == WAIVER_POLICY)
		return -EPERM;
	memcpy(head, ledger->head, sizeof(head));
	end(ledger, held, WAIVER_REVOKED, by, why, ledger_now(ledger, boot));
	r = ledger->seq > seq ? acknowledge(ledger) : -ENOSPC;
	if (r < 0) {
		held->waiver.end = WAIVER_HOLDS;
		take_back(ledger, head, seq);
		return r;
	}
	ledger_waivers_changed(ledger, boot);
	return 0;
}

/* ---- the policy's ---- */

static const struct waiver *among(const struct waiver *waivers, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(waivers[i].id, id) == 0)
			return &waivers[i];
	return NULL;
}

int ledger_policy_waivers(struct ledger *ledger, const struct waiver *waivers, size_t count, int64_t boot)
{
	int64_t now = ledger_now(ledger, boot);
	int r = 0;

	for (struct held *held = ledger->waivers; held; held = held->next)
		if (held->waiver.source == WAIVER_POLICY && held->waiver.end == WAIVER_HOLDS &&
		    !among(waivers, count, held->waiver.id))
			end(ledger, held, WAIVER_REVOKED, "policy", "the policy has it no more", now);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct waiver waiver = waivers[i];
		struct held *held = held_of_id(ledger, waiver.id);

		if (waiver.until <= now || (held && held->waiver.end == WAIVER_HOLDS))
			continue;
		if (held) { /* it came back */
			held->waiver.end = WAIVER_HOLDS;
			held->waiver.warned = false;
			held->dirty = ledger->waivers_dirty = true;
			(void)note(ledger, &held->waiver, "waiver-made", "policy", waiver.reason, now);
			continue;
		}
		waiver.source = WAIVER_POLICY;
		waiver.made = now;
		r = made(ledger, &waiver, "policy", now, &held);
	}
	ledger_waivers_changed(ledger, boot);
	return r;
}
