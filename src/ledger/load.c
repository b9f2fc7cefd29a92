// SPDX-License-Identifier: Apache-2.0
/* The way back from the database, also from one that is damaged: as much as can be read. */
#include <string.h>

#include "digest/digest.h"
#include "ledger/internal.h"

struct loading {
	struct ledger *ledger;
	bool salvage;        /* all is to be written anew */
	struct record *last; /* that the last sighting was of */
};

static int load_record(struct record *record, void *data)
{
	struct loading *loading = data;
	int r = book_add(&loading->ledger->book, record);

	if (r < 0)
		return r;
	/* Nobody has looked since: an absence that was going on has a gap. */
	record->violation.presence = PRESENCE_UNKNOWN;
	record->violation.absent_since = 0;
	if (loading->salvage)
		book_dirty(&loading->ledger->book, record);
	return 0;
}

static struct record *record_of(struct loading *loading, const char *id)
{
	struct book *book = &loading->ledger->book;

	if (loading->last && strcmp(loading->last->id, id) == 0)
		return loading->last;
	for (size_t i = 0; i < book->count; i++)
		if (strcmp(book->list[i]->id, id) == 0)
			return loading->last = book->list[i];
	return NULL;
}

/* They come in the order of their last moments: the latest is then the first of the list. */
static int load_sighting(const char *violation, struct sighting *sighting, void *data)
{
	struct loading *loading = data;
	struct record *record = record_of(loading, violation);

	if (!record || record->sighting_count == LEDGER_SIGHTINGS_MAX) {
		sighting_free(sighting);
		return 0;
	}
	sighting->present = PRESENCE_UNKNOWN;
	sighting->dirty = loading->salvage;
	sighting->next = record->sightings;
	record->sightings = sighting;
	record->sighting_count++;
	return 0;
}

static int load_waiver(const struct waiver *waiver, void *data)
{
	struct loading *loading = data;
	struct held *held;
	int r = waivers_hold(loading->ledger, waiver, &held);

	if (r == 0 && loading->salvage)
		held->dirty = loading->ledger->waivers_dirty = true;
	return r == -EINVAL ? 0 : r;
}

/* The last one's digest is the head; those that were not told are told. */
static int load_entry(const struct stored_entry *stored, void *data)
{
	struct loading *loading = data;
	struct ledger *ledger = loading->ledger;
	struct line *line;

	ledger->seq = stored->entry.seq;
	memcpy(ledger->head, stored->digest, CHAIN_BYTES);
	if (stored->told || loading->salvage)
		return 0;
	line = line_new(&stored->entry);
	if (!line)
		return -ENOMEM;
	memcpy(line->digest, stored->digest, CHAIN_BYTES);
	line->written = true;
	ledger_line_add(ledger, line);
	return 0;
}

/* Where the chain begins, should no entry be behind that. */
static void load_base(struct ledger *ledger, struct store *store)
{
	struct digest base;
	char text[CHAIN_TEXT_SIZE];
	int64_t seq = 0;

	if (store_text_get(store, STORE_BASE, text, sizeof(text)) < 0 ||
	    store_number_get(store, STORE_BASE_SEQ, &seq) < 0 ||
	    digest_from_hex(DIGEST_SHA256, text, strlen(text), &base) < 0)
		return;
	ledger->seq = (uint64_t)seq;
	memcpy(ledger->head, base.bytes, CHAIN_BYTES);
}

static int load_from(struct loading *loading, struct store *store)
{
	int first, r;

	load_base(loading->ledger, store);
	first = r = store_violations(store, load_record, loading);
	if (r == 0 || loading->salvage)
		r = store_sightings(store, load_sighting, loading);
	first = first ? first : r;
	if (r == 0 || loading->salvage)
		r = store_waivers(store, load_waiver, loading);
	first = first ? first : r;
	if (r == 0 || loading->salvage)
		r = store_entries_untold(store, load_entry, loading);
	return first ? first : r;
}

static void salvage(struct ledger *ledger)
{
	_cleanup_(store_closep) struct store *store = NULL;
	struct loading loading = { .ledger = ledger, .salvage = true };

	if (store_open_read(ledger->dir, STORE_DAMAGED, &store) == 0)
		(void)load_from(&loading, store);
	(void)ledger_base_put(ledger, ledger->head, ledger->seq);
}

int ledger_load(struct ledger *ledger, bool set_aside, size_t *ret_salvaged)
{
	struct loading loading = { .ledger = ledger };
	int r = 0;

	if (set_aside)
		salvage(ledger);
	else
		r = load_from(&loading, ledger->store);
	*ret_salvaged = set_aside ? ledger->book.count : 0;
	return r;
}

/* ---- the clock ---- */

int ledger_clock_begin(struct ledger *ledger, const struct trust_reading *reading, enum trust_verdict *ret_verdict)
{
	struct trust before = { 0 };
	char kept[BOOT_ID_SIZE] = "";
	int r = boot_id(ledger->boot_id);
	bool known;

	if (r < 0)
		return r;
	known = store_number_get(ledger->store, STORE_WALL, &before.wall) == 0 &&
		store_number_get(ledger->store, STORE_BOOT, &before.boot) == 0 &&
		store_number_get(ledger->store, STORE_FROZEN, &before.frozen) == 0 &&
		store_text_get(ledger->store, STORE_BOOT_ID, kept, sizeof(kept)) == 0;
	*ret_verdict = trust_begin(&ledger->trust, known ? &before : NULL, strcmp(kept, ledger->boot_id) == 0, reading);
	return 0;
}

int ledger_clock_put(struct ledger *ledger)
{
	int r = store_text_put(ledger->store, STORE_BOOT_ID, ledger->boot_id);

	if (r == 0)
		r = store_number_put(ledger->store, STORE_WALL, ledger->trust.wall);
	if (r == 0)
		r = store_number_put(ledger->store, STORE_BOOT, ledger->trust.boot);
	return r < 0 ? r : store_number_put(ledger->store, STORE_FROZEN, ledger->trust.frozen);
}
