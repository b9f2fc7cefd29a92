/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An RPM database in SQLite (rpmdb.sqlite: table Packages, a header blob a row), opened in memory as what a stranger made:
 * nothing of its schema is trusted, and there is a bound to what a query does.
 */
#ifndef PLM_INVENTORY_RPM_DATABASE_H
#define PLM_INVENTORY_RPM_DATABASE_H

#include <stddef.h>
#include <stdint.h>

#define RPM_HEADER_MAX  (64u << 20)  /* bytes of one */
#define RPM_HEADERS_MAX (512u << 20) /* of all: a row may be computed, or share its pages with others */
#define RPM_STEPS_MAX   (64u << 20)  /* of SQLite's machine */

/*
 * Each header, until `call` gives something else than 0, which is then the answer. The bytes are the caller's; those that say
 * that the database has a write-ahead log are changed. 0; -EBADMSG: no such database, or a damaged one: what was read before
 * was given; -E2BIG: beyond a bound, likewise; -ENOMEM.
 */
int rpm_database_each(uint8_t *bytes, size_t size, int (*call)(const void *header, size_t size, void *data),
		      void *data);

#endif
