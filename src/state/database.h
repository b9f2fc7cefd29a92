/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite database of the state directory: its file, the connection to it, and its prepared sentences. */
#ifndef PLM_STATE_DATABASE_H
#define PLM_STATE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define DATABASE_SENTENCES 48

/* What tells one database from another. Constant. */
struct database_kind {
	const char *name;         /* of its file: at most 48 bytes */
	const char *const *steps; /* schema.h */
	size_t step_count;
	const char *const *sentences; /* SQL: DATABASE_SENTENCES at most */
	size_t sentence_count;
};

struct database {
	sqlite3 *db;
	sqlite3_stmt *prepared[DATABASE_SENTENCES];
};

/*
 * Opens or makes it (mode 0600; the directory is there). *ret_set_aside: a damaged one was found, renamed to
 * NAME.damaged, and a new one begun. 0: *ret_database is to be closed; -EPROTONOSUPPORT: a later version of Plimsoll made
 * it (untouched); -ELOOP or -EINVAL: a symbolic link or something else that is no regular file has its name, or that of a
 * file that SQLite keeps beside it; or what schema_errno gives.
 */
int database_open(const char *dir, const struct database_kind *kind, struct database *ret_database,
		  bool *ret_set_aside);

/* For reading alone, beside whoever writes: nothing is made, brought up or set aside. `name` may be another file of that kind.
 * -ENOENT: there is none; -EPROTONOSUPPORT: it is of another version. */
int database_open_read(const char *dir, const char *name, const struct database_kind *kind,
		       struct database *ret_database);

/* What was committed is synchronised to the disk: it survives a power failure. */
int database_to_disk(struct database *database);

/* Is it sound, as it is on disk? 0 or -EBADMSG; or the error of reading. */
int database_check(struct database *database);

void database_close(struct database *database); /* also one that was not opened, of zeroes */

/* A parameter of a sentence: a number, a text, or with `blob` `size` bytes of anything. Valid until the sentence is reset. */
struct value {
	const char *text;
	const void *blob;
	size_t size;
	uint64_t number;
};

#define VALUES(...) ((const struct value[]){ __VA_ARGS__ }), ARRAY_SIZE(((const struct value[]){ __VA_ARGS__ }))
#define NUMBER(n)                                                                                                      \
	{                                                                                                              \
		.number = (uint64_t)(n)                                                                                \
	}
#define TEXT(s)                                                                                                        \
	{                                                                                                              \
		.text = (s)                                                                                            \
	}
#define BLOB(p, n)                                                                                                     \
	{                                                                                                              \
		.blob = (p), .size = (n)                                                                               \
	}

/* Begins a sentence: *ret_statement stands at its first row (1) or behind its last (0), and is to be reset. */
int database_begin(struct database *database, unsigned sentence, const struct value *values, size_t count,
		   sqlite3_stmt **ret_statement);

static inline void statement_resetp(sqlite3_stmt **statement)
{
	(void)sqlite3_reset(*statement);
}

#define _cleanup_reset_ _cleanup_(statement_resetp)

/* One that gives nothing. */
int database_run(struct database *database, unsigned sentence, const struct value *values, size_t count);

/* One that gives a number. -ENOENT: no row, or NULL in it. */
int database_number(struct database *database, unsigned sentence, const struct value *values, size_t count,
		    uint64_t *ret_number);

#endif
