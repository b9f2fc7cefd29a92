/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.db: what the ledger writes, and how it is read back. Each function gives 0 or a negative errno
 * (state/schema.h). For one thread.
 */
#ifndef PLM_LEDGER_STORE_H
#define PLM_LEDGER_STORE_H

#include <stdbool.h>

#include "ledger/chain.h"
#include "ledger/trust.h"
#include "ledger/waiver.h"
#include "ledger/violation.h"
#include "base/cleanup.h"

#define STORE_NAME    "ledger.db"
#define STORE_DAMAGED "ledger.db.damaged"

/* Names of numbers and texts that are kept beside the tables. */
#define STORE_BASE     "base" /* the digest that the first entry follows; none: zeroes */
#define STORE_BASE_SEQ "base_seq"
#define STORE_CLUSTER  "cluster"
#define STORE_BOOT_ID  "boot_id"
#define STORE_WALL     "wall" /* what time was believed, ns, as the next two */
#define STORE_BOOT     "boot"
#define STORE_FROZEN   "frozen"
#define STORE_AFTER    "resolve_after" /* seconds */

struct store;
struct record;
struct sighting;

/* As database_open. */
int store_open(const char *dir, struct store **ret_store, bool *ret_set_aside);

/* For reading alone, beside whoever writes; `name` is STORE_NAME, or that of a damaged one. -ENOENT. */
int store_open_read(const char *dir, const char *name, struct store **ret_store);
void store_close(struct store *store); /* takes NULL */
DEFINE_CLEANUP(struct store *, store_close)

/* Is it sound, as it is on disk? 0 or -EBADMSG. */
int store_check(struct store *store);

int store_begin(struct store *store);
int store_begin_read(struct store *store); /* what is read until store_rollback is of one moment */
int store_commit(struct store *store);     /* on failure nothing of the transaction is there */
void store_rollback(struct store *store);
/* What was committed is there after a power failure too. */
int store_to_disk(struct store *store);

int store_violation_put(struct store *store, const struct record *record);
int store_violation_drop(struct store *store, const char *id); /* with its sightings */
int store_sighting_put(struct store *store, const char *violation, const struct sighting *sighting);
/* Drops all but the `count` that were seen last. */
int store_sightings_trim(struct store *store, const char *violation, unsigned count);
int store_waiver_put(struct store *store, const struct waiver *waiver);
int store_waiver_drop(struct store *store, const char *id);
int store_entry_put(struct store *store, const struct entry *entry, const uint8_t digest[static CHAIN_BYTES],
		    bool told);
int store_told_until(struct store *store, uint64_t seq);
/* Drops entries up to `seq`; the chain begins behind that one, whose digest is kept. */
int store_entries_drop(struct store *store, uint64_t seq);
int store_entries_count(struct store *store, uint64_t *ret_count);

int store_number_put(struct store *store, const char *name, int64_t number);
int store_number_get(struct store *store, const char *name, int64_t *ret_number); /* -ENOENT */
int store_text_put(struct store *store, const char *name, const char *text);
int store_text_get(struct store *store, const char *name, char *ret_text, size_t size); /* -ENOENT; cut to size */

/* ---- reading back: rows that are not what they should be are passed over ---- */

/* A row of a violation: `record` has no sightings yet, and is the callee's. Returns 0 to go on. */
int store_violations(struct store *store, int (*call)(struct record *record, void *data), void *data);
/* `violation` is valid during the call; `sighting` is the callee's. */
int store_sightings(struct store *store, int (*call)(const char *violation, struct sighting *sighting, void *data),
		    void *data);
/* Strings are valid during the call. */
int store_waivers(struct store *store, int (*call)(const struct waiver *waiver, void *data), void *data);
struct stored_entry {
	struct entry entry;
	uint8_t digest[CHAIN_BYTES];
	bool told;
};
/* From a number on, in their order; or those that were not told, and the last. */
int store_entries(struct store *store, uint64_t from, int (*call)(const struct stored_entry *stored, void *data),
		  void *data);
int store_entries_untold(struct store *store, int (*call)(const struct stored_entry *stored, void *data), void *data);

#endif
