/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event.id: 32 hex digits that are unique and sort by time: 16 of the moment (realtime ns), 6 of a counter
 * (so that ids of one moment sort by their making), 10 of what is random of this run of the agent.
 */
#ifndef PLM_OUTPUT_ID_H
#define PLM_OUTPUT_ID_H

#include <stdint.h>

#define ID_SIZE 33 /* with its NUL */

struct id_source {
	uint64_t random;
	uint32_t counter;
};

/* 0, or the negative errno of getrandom(2). */
int id_source_open(struct id_source *ret_source);

/* `time`: realtime ns; what lies before 1970 sorts as 1970. */
void id_make(struct id_source *source, int64_t time, char ret_id[static ID_SIZE]);

#endif
