/* SPDX-License-Identifier: Apache-2.0 */
/* What the history has for a story. */
#ifndef PLM_STORY_READ_H
#define PLM_STORY_READ_H

#include "history/reader.h"
#include "story/story.h"

#define READ_BEFORE  86400000000000ll /* ns before the alert: what its processes did earlier is not looked for */
#define READ_AFTER   7200000000000ll  /* ... and behind it: corrections, and repeats of two windows */
#define READ_SESSION 86400000000000ll /* ... for the end of its session */
#define READ_BYTES   (1ull << 30)     /* of lines, before and behind it each */

/*
 * Looks through what was told around the alert: since its processes began, until what belongs to it must have been told.
 * The story knows how far that went. 0; -ENOENT: there is no history; or as history_read. *ret_counts is set in each case.
 */
int story_read(struct story *story, const char *state_dir, struct history_counts *ret_counts);

#endif
