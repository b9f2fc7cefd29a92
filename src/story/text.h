/* SPDX-License-Identifier: Apache-2.0 */
/* A story for people. */
#ifndef PLM_STORY_TEXT_H
#define PLM_STORY_TEXT_H

#include <jansson.h>
#include <stdint.h>

#include "story/page.h"

/* Prints what story_json gave. `now`: ns UTC, for how long ago it was. What is no such object shows as little as it has. */
void story_text(const json_t *whole, int64_t now, struct page *page);

/* "3 min 20 s", "2 d 4 h": the two largest units of ns; "0 s" for less than a second. */
#define SPAN_SIZE 48
void span_text(uint64_t ns, char ret_text[static SPAN_SIZE]);

#endif
