/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runtime puts into a container's upper directory before the entry point runs, so that it can run: the working
 * directory where the image lacks it, a link (/etc/mtab), an empty file. It is known by when it came, and by holding
 * nothing: between the making of the upper directory and of the first process, and within SETUP_WINDOW, for what came
 * later was done in an earlier life of a container that was restarted since. Neither moment can be set by who is inside.
 * A directory that gets an entry changes by that, and is told with it.
 */
#ifndef PLM_DRIFT_SETUP_H
#define PLM_DRIFT_SETUP_H

#include "image/difference.h"

#define SETUP_WINDOW 10000000000 /* ns */

/* Until when, ns since the epoch, of an upper directory made at `born` and a first process of `started` (both so). 0: not
 * known, as either is. */
int64_t setup_until(int64_t born, int64_t started);

bool setup_made(int64_t until, const struct difference_entry *entry);

#endif
