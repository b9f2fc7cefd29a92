/* SPDX-License-Identifier: Apache-2.0 */
/* The state store's file and the connection to it. */
#ifndef PLM_STATE_DATABASE_H
#define PLM_STATE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#define DATABASE_SENTENCES 32

struct database {
	sqlite3 *db;
	sqlite3_stmt *prepared[DATABASE_SENTENCES];
};

/* As state_open says, with `count` sentences of SQL prepared, DATABASE_SENTENCES at most. *ret_database is to be
 * closed. */
int database_open(const char *dir, const char *const *sentences, size_t count, struct database *ret_database,
		  bool *ret_set_aside);
void database_close(struct database *database); /* also one that was not opened, of zeroes */

#endif
