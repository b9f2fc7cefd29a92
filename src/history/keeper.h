/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that compresses finished segments and keeps the history within its bounds. A kill at any moment loses and
 * doubles nothing: what is compressed has another name until it is on disk, and only then the plain one goes; what is
 * left of it is cleared away, or done again, by the next.
 */
#ifndef PLM_HISTORY_KEEPER_H
#define PLM_HISTORY_KEEPER_H

#include <sys/types.h>

#include "base/cleanup.h"
#include "history/history.h"

struct keeper;

/* Where nothing is finished yet. `dir_fd` stays the caller's, and open as long as the keeper is. 0, -ENOMEM or the errno
 * of starting a thread. */
int keeper_new(int dir_fd, const struct history_limits *limits, struct keeper **ret_keeper);

/* Ends behind the file in hand. Takes NULL. */
void keeper_free(struct keeper *keeper);
DEFINE_CLEANUP(struct keeper *, keeper_free)

/* Every segment up to and with `finished` is written no more ("": none is; NULL: as before). Also for new limits. */
void keeper_wake(struct keeper *keeper, const char *finished, const struct history_limits *limits);

struct keeper_counts keeper_counts(struct keeper *keeper);

#endif
