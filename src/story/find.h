/* SPDX-License-Identifier: Apache-2.0 */
/* One alert of the history, by its event.id or the beginning of it. */
#ifndef PLM_STORY_FIND_H
#define PLM_STORY_FIND_H

#include <jansson.h>

#include "output/id.h"

#define FIND_DIGITS     8  /* of an id, at least: they tell its moment to four seconds */
#define FIND_CANDIDATES 16 /* of ids that begin so; more are counted */

struct found {
	json_t *alert;                      /* where there is one; the caller's */
	char ids[FIND_CANDIDATES][ID_SIZE]; /* where there are several, as they were told */
	char *messages[FIND_CANDIDATES];    /* found_clear frees */
	size_t count;                       /* of all that were seen; 1: `alert` is set */
};

void found_clear(struct found *found);

/*
 * `prefix`: FIND_DIGITS to 32 hex digits. Lines are told at their moment or later: those of the prefix's four seconds or
 * less are looked for from there on, and where one is found, others among what was told up to an hour later.
 *
 * 0; -EINVAL: that is no prefix of an id; -ENOENT: there is no such line, or no history; -EEXIST: there are several;
 * -EACCES, -ENOMEM, or as history_read.
 */
int story_find(const char *state_dir, const char *prefix, struct found *ret_found);

#endif
