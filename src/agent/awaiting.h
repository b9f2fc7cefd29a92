/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events whose facts are not complete: a digest is being made, a file that is being written has not settled, an image's
 * inventory is being read. They wait here, with what is known, until that is there or their patience is over. Has no clock
 * and knows no agent: who holds them decides what they become.
 *
 * Bounds: as many events, and bytes, as it was made for: beyond them -ENOSPC, counted: the event goes on as it is.
 */
#ifndef PLM_AGENT_AWAITING_H
#define PLM_AGENT_AWAITING_H

#include "image/facts.h"
#include "tell/tell.h"

struct awaiting;

/* One event. What stands above `deadline` is set by awaiting_hold. */
struct awaited {
	uint64_t container;
	uint64_t time; /* of the event */
	struct facts facts;
	struct facts_wait wait;
	const void *record;
	size_t size;
	const char *path, *from; /* of a change that was told by name: as they were resolved */
	struct plm_file file;

	uint64_t deadline;     /* CLOCK_BOOTTIME, ns: until then nothing is told of it; behind it, it is forgotten */
	bool told;             /* without what it waits for: what comes now is a correction */
	bool inventory;        /* it waits for the image's inventory, to be held against that alone */
	struct tell_open open; /* what was told */
};

/* With bounds of its own. NULL when out of memory. */
struct awaiting *awaiting_new(size_t max, size_t bytes);
void awaiting_free(struct awaiting *awaiting); /* takes NULL; forgets what waits */

/* Copies the record and the facts with their strings, except those of the inventory. 0 and *ret_awaited, valid until
 * awaiting_drop; -ENOSPC; -ENOMEM. */
int awaiting_hold(struct awaiting *awaiting, const struct event *event, const void *record, size_t size,
		  const struct facts *facts, const struct facts_wait *wait, struct awaited **ret_awaited);

/* The event of its record, decoded anew, with what was found out of it. Strings are the decoder's and its own. */
void awaited_event(const struct awaited *awaited, const struct event *decoded, struct event *ret_event);

void awaiting_drop(struct awaiting *awaiting, struct awaited *awaited);

/* In the order in which they came. `call` may drop the one that it is given, and hold others, which are not given. */
void awaiting_each(struct awaiting *awaiting, void (*call)(struct awaited *awaited, void *data), void *data);

size_t awaiting_count(const struct awaiting *awaiting);
/* The time of the oldest event of which not all was told that there may be; UINT64_MAX: there is none. */
uint64_t awaiting_oldest(const struct awaiting *awaiting);
uint64_t awaiting_refused(const struct awaiting *awaiting);

#endif
