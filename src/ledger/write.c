// SPDX-License-Identifier: Apache-2.0
/* The way to the database: what is not written stays, in order, and is tried again. */
#include <string.h>

#include "ledger/internal.h"

/* ---- lines ---- */

/* Those that are written and told are done with. */
void lines_forget(struct ledger *ledger)
{
	struct line **at = &ledger->lines, *line;

	while ((line = *at))
		if (line->written && line->told) {
			*at = line->next;
			line_free(line);
		} else {
			at = &line->next;
		}
	ledger->lines_end = at;
}

void line_drop_last(struct ledger *ledger)
{
	struct line **at = &ledger->lines;

	while ((*at)->next)
		at = &(*at)->next;
	ledger->unwritten -= !(*at)->written;
	line_free(*at);
	*at = NULL;
	ledger->lines_end = at;
	ledger->seq--;
}

/* ---- a transaction ---- */

static int put_record(struct ledger *ledger, const struct record *record)
{
	int r = store_violation_put(ledger->store, record);

	for (const struct sighting *sighting = record->sightings; r == 0 && sighting; sighting = sighting->next)
		if (sighting->dirty)
			r = store_sighting_put(ledger->store, record->id, sighting);
	if (r == 0 && record->sighting_count == LEDGER_SIGHTINGS_MAX)
		r = store_sightings_trim(ledger->store, record->id, LEDGER_SIGHTINGS_MAX);
	return r;
}

static int put_records(struct ledger *ledger)
{
	int r = 0;

	for (const struct record *record = ledger->book.dirty; r == 0 && record; record = record->dirty_next)
		r = put_record(ledger, record);
	return r;
}

static int put_waivers(struct ledger *ledger)
{
	int r = 0;

	for (const struct held *held = ledger->waivers; r == 0 && held; held = held->next)
		if (held->dirty)
			r = store_waiver_put(ledger->store, &held->waiver);
	return r;
}

static int put_lines(struct ledger *ledger)
{
	int r = 0;

	for (const struct line *line = ledger->lines; r == 0 && line; line = line->next)
		if (!line->written)
			r = store_entry_put(ledger->store, &line->entry, line->digest, line->told);
	if (r == 0 && ledger->told_until)
		r = store_told_until(ledger->store, ledger->told_until);
	return r;
}

static int put_settings(struct ledger *ledger)
{
	const struct ledger_settings *settings = &ledger->settings;
	int r;

	if (!ledger->settings_dirty)
		return 0;
	r = store_text_put(ledger->store, STORE_CLUSTER, settings->cluster ?: "");
	return r < 0 ? r : store_number_put(ledger->store, STORE_AFTER, settings->resolve_after);
}

static int put_all(struct ledger *ledger)
{
	static int (*const puts[])(struct ledger * ledger) = {
		put_records, put_waivers, put_lines, put_settings, ledger_clock_put,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(puts); i++)
		r = puts[i](ledger);
	return r;
}

static void record_clean(struct record *record)
{
	for (struct sighting *sighting = record->sightings; sighting; sighting = sighting->next)
		if (sighting->dirty) {
			sighting->dirty = false;
			sighting->saved = sighting->last;
		}
	record->dirty = false;
}

static void all_clean(struct ledger *ledger)
{
	struct record *record;

	while ((record = ledger->book.dirty)) {
		ledger->book.dirty = record->dirty_next;
		record_clean(record);
	}
	for (struct held *held = ledger->waivers; held; held = held->next)
		held->dirty = false;
	for (struct line *line = ledger->lines; line; line = line->next)
		line->written = true;
	ledger->unwritten = 0;
	ledger->waivers_dirty = ledger->settings_dirty = false;
	ledger->told_until = 0;
	lines_forget(ledger);
}

static int write_once(struct ledger *ledger)
{
	int r = store_begin(ledger->store);

	if (r < 0)
		return r;
	r = put_all(ledger);
	if (r == 0)
		return store_commit(ledger->store);
	store_rollback(ledger->store);
	return r;
}

/* ---- a database that is damaged ---- */

static void all_dirty(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->book.count; i++) {
		struct record *record = ledger->book.list[i];

		book_dirty(&ledger->book, record);
		for (struct sighting *sighting = record->sightings; sighting; sighting = sighting->next)
			sighting->dirty = true;
	}
	for (struct held *held = ledger->waivers; held; held = held->next)
		held->dirty = true;
	ledger->settings_dirty = ledger->waivers_dirty = true;
}

int ledger_base_put(struct ledger *ledger, const uint8_t base[static CHAIN_BYTES], uint64_t seq)
{
	char text[CHAIN_TEXT_SIZE];
	int r;

	chain_text(base, text);
	r = store_text_put(ledger->store, STORE_BASE, text);
	return r < 0 ? r : store_number_put(ledger->store, STORE_BASE_SEQ, (int64_t)seq);
}

/* What is in memory goes into a new one. What of the history was only in the old is in the file that was set aside; the chain
 * goes on from its head. */
static int begin_anew(struct ledger *ledger)
{
	const struct line *first = ledger->lines;
	uint8_t base[CHAIN_BYTES];
	bool set_aside = false;
	int r;

	while (first && first->written)
		first = first->next;
	store_close(ledger->store);
	ledger->store = NULL;
	r = store_open(ledger->dir, &ledger->store, &set_aside);
	if (r < 0 || !set_aside)
		return r;
	ledger->set_aside++;
	all_dirty(ledger);
	memcpy(base, first ? first->before : ledger->head, sizeof(base));
	return ledger_base_put(ledger, base, first ? first->entry.seq - 1 : ledger->seq);
}

int ledger_write(struct ledger *ledger)
{
	int r = ledger->store ? write_once(ledger) : -EBADMSG;

	if (r == -EBADMSG && begin_anew(ledger) == 0)
		r = write_once(ledger);
	ledger->error = r;
	if (r == 0)
		all_clean(ledger);
	return r;
}

static int trim(struct ledger *ledger)
{
	uint64_t count = 0;
	int r = store_entries_count(ledger->store, &count);

	if (r < 0 || count <= LEDGER_ENTRIES_MAX)
		return r;
	ledger->dropped += LEDGER_ENTRIES_MAX / 10;
	return store_entries_drop(ledger->store, ledger->seq - count + LEDGER_ENTRIES_MAX / 10);
}

int ledger_write_due(struct ledger *ledger)
{
	bool check = ledger->trust.boot - ledger->checked >= CHECK_EVERY;
	int r;

	if (!ledger->book.dirty && !ledger->waivers_dirty && ledger->unwritten == 0 && !ledger->told_until &&
	    !ledger->settings_dirty && !check)
		return 0;
	if (check)
		ledger->checked = ledger->trust.boot;
	if (check && ledger->store && store_check(ledger->store) == -EBADMSG && begin_anew(ledger) < 0)
		return ledger->error = -EBADMSG;
	r = ledger_write(ledger);
	return r == 0 && check ? trim(ledger) : r;
}

int ledger_write_all(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->book.count; i++)
		for (struct sighting *sighting = ledger->book.list[i]->sightings; sighting; sighting = sighting->next)
			if (sighting->last != sighting->saved) {
				sighting->dirty = true;
				book_dirty(&ledger->book, ledger->book.list[i]);
			}
	return ledger_write(ledger);
}
