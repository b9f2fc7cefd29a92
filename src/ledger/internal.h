/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this folder: ledger.c has the way of a finding and the clock's round, book.c what is held in memory,
 * waivers.c who accepts what, write.c and load.c the way to the database and back, store.c its sentences. */
#ifndef PLM_LEDGER_INTERNAL_H
#define PLM_LEDGER_INTERNAL_H

#include "base/boot.h"
#include "ledger/ledger.h"
#include "ledger/store.h"
#include "policy/pattern.h"

#define LOCK_NAME    "ledger.lock"
#define SECOND       1000000000ll
#define BOOK_BUCKETS 8192
#define LAST_EVERY   (10 * SECOND) /* between two times at which a sighting's last moment is written */
#define CHECK_EVERY  (LEDGER_CHECK * SECOND)

struct sighting {
	struct sighting *next;
	char *node, *container, *digest, *facts;
	int64_t first, last;
	int64_t saved; /* `last`, as it was written */
	enum presence present;
	struct evidence evidence; /* its path is owned */
	bool dirty;
};

struct record {
	struct record *next; /* of its bucket */
	struct record *dirty_next;
	uint64_t hash;
	char id[VIOLATION_ID_SIZE], previous[VIOLATION_ID_SIZE]; /* previous: "" none */
	char waiver[WAIVER_ID_SIZE];                             /* that holds; "" none */
	uint64_t generation;
	enum rule rule;
	enum severity severity;
	char *cluster, *workload, *subject, *message; /* owned; cluster NULL: none */
	struct violation violation;
	struct sighting *sightings; /* the one seen last first */
	size_t sighting_count;
	size_t place; /* in the book's list */
	bool dirty;
};

/* All violations that are known, by key and in a list. */
struct book {
	struct record *buckets[BOOK_BUCKETS];
	struct record **list;
	size_t count, room;
	struct record *dirty; /* a list of those to be written */
};

/* A waiver, with strings of its own. */
struct held {
	struct held *next;
	struct waiver waiver;
	char *block;
	struct pattern *workload, *subject; /* subject NULL: any */
	bool dirty;
};

/* An entry of the history that is not written, or not told, yet. */
struct line {
	struct line *next;
	struct entry entry;
	char *block;
	uint8_t before[CHAIN_BYTES], digest[CHAIN_BYTES];
	bool written, told;
	bool telling; /* it was handed out, and the outputs do not have it yet */
};

struct ledger {
	struct ledger_settings settings; /* strings owned */
	char *dir;
	int lock_fd;
	struct store *store;
	struct trust trust;
	struct book book;
	struct held *waivers;
	size_t waiver_count;
	struct line *lines, **lines_end;
	size_t unwritten;
	uint64_t seq; /* of the last entry */
	uint8_t head[CHAIN_BYTES];
	size_t looked; /* the next violation to be looked at */
	char boot_id[BOOT_ID_SIZE];
	int64_t checked;     /* CLOCK_BOOTTIME: when the database was last looked at as a whole */
	uint64_t told_until; /* entries up to it are to be marked as told; 0: none */
	bool waivers_dirty, settings_dirty;
	uint64_t refused, dropped, set_aside;
	int error;
};

/* book.c: all of it pure memory */
void book_clear(struct book *book);
struct record *book_find(struct book *book, const char *cluster, const char *workload, enum rule rule,
			 const char *subject);
/* Takes the record, also on failure (-ENOMEM). */
int book_add(struct book *book, struct record *record);
void book_remove(struct book *book, struct record *record); /* frees it */
void book_dirty(struct book *book, struct record *record);
/* Those that are not resolved: all; of a workload and rule. */
size_t book_open(const struct book *book);
size_t book_subjects(const struct book *book, const char *workload, enum rule rule);
struct record *book_first_resolved(const struct book *book); /* longest ago; NULL */
struct record *record_new(const char *cluster, const char *workload, const char *subject, const char *message);
void record_free(struct record *record);
DEFINE_CLEANUP(struct record *, record_free)
struct sighting *sighting_new(const char *node, const char *container); /* NULL when out of memory */
void sighting_free(struct sighting *sighting);                          /* takes NULL */
/* That of the container, made where there is none, first in the list. NULL when out of memory. */
struct sighting *record_sight(struct record *record, const char *node, const char *container, uint64_t *dropped);
/* Replaces an owned text where it differs. */
int text_set(char **text, const char *value);

/* ledger.c */
int64_t ledger_now(const struct ledger *ledger, int64_t boot);
/* The moment by which states change: time stands still while it is frozen. */
int64_t ledger_moment(const struct ledger *ledger, int64_t boot);
/* Writes an entry into the history, which gives it its number and digest: NULL when out of memory or above LEDGER_PENDING_MAX.
 * `told`: nothing more tells it. */
struct line *ledger_line(struct ledger *ledger, const struct entry *entry, bool told);
void ledger_line_add(struct ledger *ledger, struct line *line);
struct line *line_new(const struct entry *entry); /* a copy; NULL when out of memory */
void line_free(struct line *line);

/* What waivers cover is said at once, not in the next round. */
void ledger_waivers_changed(struct ledger *ledger, int64_t boot);

/* waivers.c */
const struct waiver *waivers_of_id(struct ledger *ledger, const char *id); /* NULL: none; takes NULL */
/* The one in force that covers it and holds longest. */
const struct waiver *waivers_cover(struct ledger *ledger, const struct waiver_question *question, int64_t now);
void waivers_tick(struct ledger *ledger, int64_t now);
void waivers_clear(struct ledger *ledger);
/* A copy of its own. -EINVAL: a pattern that is none. */
int waivers_hold(struct ledger *ledger, const struct waiver *waiver, struct held **ret_held);

/* write.c */
int ledger_write(struct ledger *ledger);     /* all that changed, now */
int ledger_write_due(struct ledger *ledger); /* if there is something */
int ledger_write_all(struct ledger *ledger); /* last moments of sightings too, which else wait */
void lines_forget(struct ledger *ledger);
void line_drop_last(struct ledger *ledger);
/* The chain begins behind this entry. */
int ledger_base_put(struct ledger *ledger, const uint8_t base[static CHAIN_BYTES], uint64_t seq);

/* load.c */
int ledger_load(struct ledger *ledger, bool set_aside, size_t *ret_salvaged);
int ledger_clock_begin(struct ledger *ledger, const struct trust_reading *reading, enum trust_verdict *ret_verdict);
int ledger_clock_put(struct ledger *ledger);

#endif
