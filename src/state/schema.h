/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a database, by version: PRAGMA user_version says how many of the steps were taken. */
#ifndef PLM_STATE_SCHEMA_H
#define PLM_STATE_SCHEMA_H

#include <sqlite3.h>
#include <stddef.h>

/*
 * Step n (from 1) makes version n of version n - 1; one that was released is never changed: what comes later is a step more.
 * Takes the steps that are missing, in one transaction; writes nothing where none is. 0; -EPROTONOSUPPORT: a later
 * version has been here; otherwise what schema_errno says of SQLite's error.
 */
int schema_bring_up(sqlite3 *db, const char *const *steps, size_t count);

/* Is it of this version? 0, or -EPROTONOSUPPORT, or an error. */
int schema_check(sqlite3 *db, size_t count);

/* SQLite's result code as 0 or a negative errno; `db` (may be NULL) is asked what the operating system said. */
int schema_errno(sqlite3 *db, int code);

#endif
