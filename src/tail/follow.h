/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the running agent tells, from the moment that it is asked: first where the history ends, then line after line. All
 * up to there is in the history's files, all behind it comes here, so that the two join without a seam or a repeat.
 */
#ifndef PLM_TAIL_FOLLOW_H
#define PLM_TAIL_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "history/reader.h"
#include "output/buffer.h"

#define FOLLOW_AHEAD (64u << 20) /* bytes of lines that may wait here while the past is read */

struct follow {
	int fd;
	struct buffer lines; /* that came, and are not given yet */
	bool ended;          /* the agent ended, or has cut us off */
};

/* 0: *ret_end is where the history ended; follow_end is to be called. The errors of control_begin; -EPROTO: it closed,
 * or its answer is not understood; -ETIMEDOUT. */
int follow_begin(const char *runtime_dir, struct follow *ret_follow, struct history_position *ret_end);
void follow_end(struct follow *follow);

/* Takes what has come, without waiting: between two reads of something else, so that the agent need not hold it. What is
 * above FOLLOW_AHEAD stays with the agent, which then may cut us off. 0, or -ENOMEM. */
int follow_take(struct follow *follow);

/* Gives the whole lines that were taken. 0, or what `call` returned. */
int follow_give(struct follow *follow, int (*call)(const char *line, size_t size, void *data), void *data);

#endif
