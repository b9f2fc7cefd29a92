/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's write-ahead log beside a database (sqlite.org/fileformat2.html, 4: "The Write-Ahead Log"): what was written to the
 * database last may be there, and not yet in it.
 */
#ifndef PLM_INVENTORY_WAL_H
#define PLM_INVENTORY_WAL_H

#include <stddef.h>
#include <stdint.h>

#define WAL_HEAD_SIZE 32

/*
 * Puts the pages of the log, as far as its last transaction that is whole, into the database in memory: `*database`, malloc'd,
 * of `*size` bytes, which both may change. A log without one changes nothing, as SQLite would have it.
 * 0; -EBADMSG: it is another database's; -EFBIG: the database would be above `max` bytes; -ENOMEM.
 */
int wal_apply(const uint8_t *log, size_t log_size, size_t max, uint8_t **database, size_t *size);

#endif
